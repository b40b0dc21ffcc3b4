"""Hostile input by every way in: one clear line, soon, and nothing steered, evaluated or read elsewhere.

The cases are what fuzzing found (`fuzz/`, outside this run) and what is known to break readers.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from contrastphys import calibration, chemistry, records, unit_conversion, unit_strings
from contrastphys.cli import main
from contrastphys.files import read_csv, read_toml
from contrastphys.formulation import load
from contrastphys.mistakes import RecordError
from contrastphys.mri.calibration import read_measurements
from contrastphys.provenance import Refusal
from contrastphys.study import read
from contrastphys.ultrasound import Pulse
from contrastphys.ultrasound.sizes import Histogram
from contrastphys.units import Q, UnitError
from contrastphys.xray.spectra import measured_spectrum, read_spectrum

ESCAPES = ("\x1b[2J", "\x00", "\x07", "\x9b31m", "\u202e")
ROOT = Path(__file__).parents[1]


def told(call, *arguments):
    """Lines of a refusal, each printable, within 2 s of processor time."""
    began = time.process_time()
    with pytest.raises((RecordError, Refusal, UnitError, chemistry.FormulaError, ValueError)) as error:
        call(*arguments)
    assert time.process_time() - began < 2
    place = error.traceback[-1].path
    assert "contrastphys" in str(place), f"raised by {place}"
    lines = str(error.value).split("\n")
    assert all(line and line.isprintable() and len(line) < 1000 for line in lines), lines
    return lines


# ---------------------------------------------------------------------------------------------- units

UNITS = [
    "m**9**9**9",
    "m^9^9^9",
    "m**999999999",
    "(((m**9)**9)**9)**9",
    "9**9**9 m",
    "m**-9**9",
    "1e999999 m",
    "m" * 65,
    "(" * 60,
    "(" * 60 + "m" + ")" * 60,
    "m/" * 30,
    "__import__('os')",
    "m;import os",
    "lambda: 1",
    "m\0",
    "m\x1b[2J",
    "\u202em",
    "ⅷ m",
    "१ m",
    "m.__class__",
    "m if 1 else 2",
    "[m]",
    "{m}",
    "m=1",
    "m,",
    "delta_degC**2**2",
    "kg m**m",
    "1_0m",
    "µ" * 64,
    "m**1e9",
    "m**0x10",
    "\ud800",
    "𝟙𝟘",
    "m**" + "9" * 50,
    "Ångström" * 9,
    "%" * 64,
    "°" * 64,
]


@pytest.mark.parametrize("text", UNITS, ids=lambda text: repr(text)[:30])
def test_units(text):
    told(unit_strings.container, text)
    told(unit_strings.parse, f"1.5 {text}")
    told(unit_conversion.magnitude, f"1.5 {text}", "T")


@pytest.mark.parametrize("text", ["1e999999 m", "1e" + "9" * 100 + " m", "1" * 10_000 + " T", "nan T", "-inf T"])
def test_giant_numbers_are_refused_by_a_door(text):
    told(
        records.number.__class__ and load("gadoterate").concentration,
        text.replace(" m", " mM").replace(" T", " mM"),
        "Gd",
    )


# A unit of a table's header reaches pint only through the same check.
HEADERS = {
    "waveform": (Pulse.read, "time [{}],pressure [kPa]\n" + "".join(f"{i},{i % 3}\n" for i in range(9))),
    "pressure": (Pulse.read, "time [us],pressure [{}]\n" + "".join(f"{i},{i % 3}\n" for i in range(9))),
    "sizes": (Histogram.read, "low [{0}],high [{0}],count\n1,2,5\n2,3,4\n"),
    "beam": (read_spectrum, "energy [keV],fluence [{}]\n10,5\n20,7\n"),
    "measurements": (read_measurements, "field [T],r1 [{}]\n1.5,4\n"),
    "calibration": (lambda path: calibration.points_of(path, load("gadoterate")), "field [T],r1 [{}]\n1.5,4\n"),
    "optical": (records.optical_table, "wavelength [{}],n\n400,1\n500,1\n"),
}


@pytest.mark.parametrize("unit", ["m**9**9**9", "kdV", "1/^2", "9m", "(m", "m-", "m**m", "\u00b2", "keV**2"])
@pytest.mark.parametrize("table", HEADERS)
def test_units_in_the_header_of_a_table(tmp_path, table, unit):
    call, text = HEADERS[table]
    path = tmp_path / "table.csv"
    path.write_text(text.format(unit), "utf-8")
    told(call, path)


# --------------------------------------------------------------------------------------------- formulas


@pytest.mark.parametrize(
    "text",
    [
        "(" * 110,
        "(" * 50 + "H" + ")" * 50,
        "H" + "9" * 110,
        "H1e9",
        "r.\x00\x004)3OH",
        "H\x1b[2J",
        "H2O" * 41,
        "H0.0",
        "1e5H",
        "H·",
        "·",
        "\u202eH",
        "H2O\n",
        "Xx",
        "__import__('os')",
        "H٣",
        "H²",
    ],
)
def test_formulas(text):
    try:
        found = chemistry.molar_mass(text)
    except chemistry.FormulaError as error:
        assert str(error).isprintable()
    else:
        assert np.isfinite(found) and found > 0


# ------------------------------------------------------------------------------------------------- ids

NAMES = [
    "../agents/gadoterate",
    "..",
    "/etc/passwd",
    "gold\0",
    "media/\x1b[2J",
    "a" * 5000,
    "agents/gadoterate",
    "%2e%2e/x",
    "..\\agents\\gadoterate",
    "CON",
    "gold.toml",
    "-",
    "\u202egold",
    "gadoterate/",
    "~root",
    "$HOME",
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name)[:30])
def test_ids(name):
    for call in (load, records.material, records.chelate, records.gas, records.medium, records.optical, records.table):
        told(call, name)


def test_a_link_in_a_folder_of_ones_own_is_read_as_the_user_laid_it(tmp_path, monkeypatch):
    """A link is the user's own choice; a name that climbs out of the folder is none."""
    (tmp_path / "own" / "cores").mkdir(parents=True)
    text = 'id = "linked"\nformula = "Au"\nsource = "own"\nstatus = "user"\ndensity = "19 g/cm^3"\n'
    (tmp_path / "elsewhere.toml").write_text(text)
    (tmp_path / "own" / "cores" / "linked.toml").symlink_to(tmp_path / "elsewhere.toml")
    (tmp_path / "own" / "cores" / "round.toml").symlink_to(tmp_path / "own" / "cores" / "round.toml")
    monkeypatch.setenv("CONTRASTPHYS_MATERIALS", str(tmp_path / "own"))
    records.forget()
    try:
        assert records.material("linked").density.number == pytest.approx(19000)
        told(records.material, "round")
        told(records.material, "../../elsewhere")
    finally:
        monkeypatch.undo()
        records.forget()


# ------------------------------------------------------------------------------------------------- TOML

TOML = {
    "dotted key": "a." * 20_000 + "a = 1",
    "dotted header": "[" + "a." * 20_000 + "a]",
    "dotted key inline": "a = {" + "a." * 20_000 + "a = 1}",
    "brackets": "a = " + "[" * 100_000,
    "braces": "a = " + "{a=" * 50_000,
    "tables": "[" * 100_000,
    "digits": "a = " + "1" * 1_000_000,
    "open text": 'a = """' + "x" * 1_000_000,
    "key twice": "a = 1\na = 2\n",
    "NUL": "a = 1\0",
    "too large": "#" * 5_100_000,
    "word": "a" * 1_000_000,
    "quotes": '"' * 1_000_001,
}


@pytest.mark.parametrize("name", TOML)
def test_toml(tmp_path, name):
    path = tmp_path / "study.toml"
    path.write_text(TOML[name], "utf-8")
    (line,) = told(read_toml, path)
    assert line.startswith(path.as_posix())


def test_a_large_study_is_read_in_time(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text('[[formulation]]\nuse = "gadoterate"\nid = "a"\n' * 25_000, "utf-8")
    began = time.process_time()
    content, lines = read_toml(path)
    assert len(content["formulation"]) == 25_000 and len(lines) > 50_000
    assert time.process_time() - began < 4


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_marks_and_line_ends_of_other_systems(tmp_path, mark, end):
    toml, table = tmp_path / "a.toml", tmp_path / "a.csv"
    toml.write_bytes(mark + b'title = "x"' + end + b"[[formulation]]" + end + b'use = "gadoterate"' + end)
    assert read(toml).title == "x"
    table.write_bytes(mark + b"# source: s" + end + b"wavelength [nm],n" + end + b"400,1.5" + end + b"500,1.6" + end)
    assert read_csv(table)["n"].tolist() == [1.5, 1.6] and read_csv(table).source == "s"


@pytest.mark.parametrize("sign", ESCAPES, ids=ascii)
def test_no_text_of_a_file_steers_a_terminal(tmp_path, sign):
    for key in ("title", "label", "note"):
        text = f'{key} = "a\\u{ord(sign[0]):04x}{sign[1:]}b"\n'
        path = tmp_path / "study.toml"
        path.write_text(
            (text if key == "title" else "")
            + '[[formulation]]\nuse = "gadoterate"\n'
            + ("" if key == "title" else text),
            "utf-8",
        )
        (line,) = told(read, path)
        assert "holds the control sign" in line and line.endswith("write plain text")
    table = tmp_path / "a.csv"
    table.write_text(f"# source: x{sign}\nwavelength [nm],n\n400,1\n", "utf-8")
    (line,) = told(read_csv, table)
    assert "a.csv:1: holds the control sign" in line


def test_an_unknown_status_of_a_formulation_is_a_mistake_of_its_line(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(
        '[[formulation]]\nid = "a"\nkind = "molecule"\nmolecule = { formula = "C6H6" }\nstatus = "i)"\n'
        'stock = { value = "1 mmol/L", basis = "compound" }\n',
        "utf-8",
    )
    (line,) = told(read, path)
    assert "study.toml:5: formulation[1].status: unknown status 'i)'; write one of verified" in line


@pytest.mark.parametrize(
    "number", ["0x" + "f" * 100_000, "1e" + "9" * 100_000, "-0b" + "1" * 9_000, "0o7" * 1, "1e400", "nan"]
)
def test_giant_numbers_of_a_study(tmp_path, number):
    path = tmp_path / "study.toml"
    for field in ("dose", "target", "cores", "id", "needs", "measured"):
        path.write_text(f'[[formulation]]\nuse = "gadoterate"\n{field} = {number}\n', "utf-8")
        told(read, path)
    path.write_text(
        f'[scenario]\nsamples = {number}\nbody_mass = {number}\n[[formulation]]\nuse = "gadoterate"\n', "utf-8"
    )
    told(read, path)


# -------------------------------------------------------------------------------------------------- CSV


def test_csv_that_breaks_the_reader(tmp_path):
    path = tmp_path / "t.csv"
    for content in (
        b'a"\rb,c\n1,2\n',
        b"a\rb\n1\n",
        b'"a\n1,2\n',
        b'a,"b\n1,2\n',
        b",,,\n1,2,3,4\n",
        b"a" * 200_000 + b"\n1\n",
        b"a\n" + b'"' * 200_001 + b"\n",
        b"\xff\xfea,b\n",
        b"#\n" * 1000,
    ):
        path.write_bytes(content)
        told(read_csv, path, ("wavelength",))


@pytest.mark.slow
def test_a_large_table_is_read_in_time(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1.5,2\n" * 800_000)
    began = time.process_time()
    assert len(read_csv(path)) == 800_000
    assert time.process_time() - began < 4


def test_an_optical_table_without_numbers(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("wavelength [nm],n\n,1.5\n")
    assert "wavelength: does not rise" in told(records.optical_table, path)[0]
    path.write_text("wavelength [nm],n\n400,high\n")
    assert "n: holds no numbers" in told(records.optical_table, path)[0]


def test_measured_tables_with_holes_are_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("time [us],pressure [kPa]\n" + "".join(f"{i},{i % 3}\n" for i in range(9)) + "9,\n")
    assert told(Pulse.read, path) == ["a waveform needs a finite time and pressure in every row"]
    path.write_text("time [us],pressure [kPa]\n1,high\n")
    assert "pressure" in told(Pulse.read, path)[0]
    path.write_text("low [um],high [um],count\n1,2,many\n")
    assert "count" in told(Histogram.read, path)[0]
    path.write_text("field [T],r1,sd\n1.5,4,0.1\n3,,0.1\n")
    assert "r1" in told(calibration.points_of, path, load("gadoterate"))[0]


def test_a_beam_reaches_no_further_than_photons_do():
    """A bin of 1e300 keV would be divided into as many parts."""
    for energy in ([1e300, 2e300], [-5.0, 10.0], [10.0, 1001.0]):
        told(measured_spectrum, Q(energy, "keV"), Q([1.0, 1.0], "1/cm^2"))


# ------------------------------------------------------------------------------------------ command line

COMMANDS = [
    ["design", "a" * 300],
    ["design", "\0"],
    ["show", "a" * 300],
    ["show", "\0"],
    ["check", "\0"],
    ["check", "a" * 5000],
    ["compare", "a" * 5000],
    ["compare", "\0"],
    ["explain", "gadoterate", "mri", "--study", "a" * 5000],
    ["validate", "\x1b[2J"],
    ["list", "--materials", "a" * 5000],
    ["list", "--materials", "\0"],
    ["list", "--kind", "\x1b[2J"],
    ["compare", "/dev/null"],
    ["compare", "/dev/zero"],
    ["compare", "."],
    ["compare", "/proc/self/mem"],
    ["convert", "1 m**9**9 Gd", "--formulation", "gadoterate", "--to", "molecule"],
    ["convert", "1 mM Gd", "--formulation", "../agents/gadoterate", "--to", "molecule"],
    ["convert", "1 mM Gd", "--formulation", "gadoterate", "--to", "m**9**9**9 Gd"],
    ["convert", "1\x1b[2J Gd", "--formulation", "gadoterate", "--to", "\x1b[2J"],
    ["sweep", "gadoterate", "--over", "dose"],
    ["sweep", "gadoterate", "--over", "\x1b[2J=1"],
    ["sweep", "gadoterate", "--over", "dose=1 m**9**9"],
    ["sweep", "gadoterate", "--over", "dose=0.1 mmol/kg", "--resume", "\0"],
    ["calibrate", "gadoterate", "/dev/zero", "--free", "x"],
    ["calibrate", "gadoterate", "--free", "\x1b[2J"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words).encode("unicode_escape").decode()[:40])
def test_command_lines(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONTRASTPHYS_DEBUG", "1")  # an error that is only caught at the end is a fault
    began = time.process_time()
    code = main(words)
    assert time.process_time() - began < 2
    said = capsys.readouterr()
    assert code == 2, said
    assert said.err.strip() and re.sub("\n", "", said.err).isprintable()
    assert "Traceback" not in said.err and "Errno" not in said.err
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("number", ["0", "-1", "9" * 40, "２", "1e3", "nan", ""])
def test_options_that_take_numbers(number, capsys):
    for command, most in (
        (["sweep", "gadoterate", "--over", "dose=0.1 mmol/kg", "--workers", number], "4096"),
        (["compare", "--samples", number], "1000000"),
        (["compare", "--dpi", number], "1200"),
    ):
        with pytest.raises(SystemExit) as stop:
            main(command)
        assert stop.value.code == 2 and f"to {most}" in capsys.readouterr().err


def test_a_fault_of_ours_is_one_line_too(monkeypatch, capsys):
    from contrastphys import cli

    def broken(options):
        raise ZeroDivisionError("x")

    monkeypatch.setattr(cli, "_list", broken)
    monkeypatch.delenv("CONTRASTPHYS_DEBUG", raising=False)
    assert main(["list"]) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "ZeroDivisionError at cli.py:" in said and "CONTRASTPHYS_DEBUG=1" in said
    monkeypatch.setattr(cli, "_list", lambda options: [0] * 10**18)
    assert main(["list"]) == 2
    assert capsys.readouterr().err.startswith("not enough memory")
    monkeypatch.setenv("CONTRASTPHYS_DEBUG", "1")
    monkeypatch.setattr(cli, "_list", broken)
    with pytest.raises(ZeroDivisionError):
        main(["list"])


WATCH = """
import sys
bad = []
def hook(event, arguments):
    if event in ("os.system", "subprocess.Popen", "socket.connect", "os.exec", "os.posix_spawn"):
        bad.append(event)
    if event in ("exec", "compile") and "PWNED" in str(arguments[0])[:10_000]:
        bad.append(event)
sys.addaudithook(hook)
from contrastphys.cli import main
code = main(sys.argv[1:])
print(code, bad)
"""


@pytest.mark.slow
def test_nothing_in_a_file_is_evaluated(tmp_path):
    evil = "__import__('os').system('echo PWNED')"
    study = tmp_path / "study.toml"
    words = f"{{{{7*7}}}} {{% PWNED %}} ${{{evil}}} $\\\\input{{PWNED}}$"
    text = f'title = "{{{{ {evil} }}}}"\n[[formulation]]\nuse = "gadoterate"\nlabel = "{words}"\nnote = "{evil}"\n'
    study.write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", WATCH, "compare", str(study), "-o", str(tmp_path / "out"), "--dpi", "60"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "MPLBACKEND": "Agg"},
        timeout=120,
    )
    assert done.stdout.strip().endswith("0 []"), done.stdout[-300:] + done.stderr
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "{{7*7}}" in page and "49 {%" not in page
