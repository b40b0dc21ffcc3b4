"""What bad input gets: exit code 2, every mistake in one go with what to write instead, and nothing written.

The inputs stand in `broken/`, the exact text expected of each in `broken/expected.txt`.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contrastphys import cli
from contrastphys.formulation import Formulation
from contrastphys.parts import Measured
from contrastphys.records import Material
from contrastphys.schema import specs
from contrastphys.study import study_of

FOLDER = Path(__file__).parent / "broken"


def expected():
    """Text expected of every file, by its name."""
    text = (FOLDER / "expected.txt").read_text(encoding="utf-8")
    units = specs(Measured)["value"].unit.removesuffix(" | 1").replace(" | ", ", ") + " or no unit"
    lists = {
        "<Formulation>": ", ".join(specs(Formulation)),
        "<Material>": ", ".join(specs(Material)),
        "<Measured>": units,
    }
    for name, words in lists.items():
        text = text.replace(name, words)
    parts = re.split(r"^=== (\S+)\n", text, flags=re.M)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


EXPECTED = expected()
INPUTS = [
    path.relative_to(FOLDER).as_posix()
    for path in sorted(FOLDER.rglob("*"))
    if path.suffix in (".toml", ".csv") and not path.parent.suffix
]


def run(arguments, capsys):
    """Exit code, standard output and standard error of one command."""
    code = cli.main(arguments)
    caught = capsys.readouterr()
    return code, caught.out, caught.err


def test_every_input_has_its_text_and_the_other_way_round():
    assert sorted(EXPECTED) == sorted(INPUTS)
    assert len(INPUTS) >= 34


@pytest.mark.parametrize("name", INPUTS)
def test_bad_input(name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(FOLDER)
    output = tmp_path / "output"
    command = ["check", name] if name.startswith("own/") else ["compare", name, "-o", str(output)]
    code, out, err = run(command, capsys)
    assert err == EXPECTED[name]
    assert (code, out) == (2, "")
    assert not output.exists()


@pytest.mark.parametrize("name", INPUTS)
def test_no_message_quotes_the_machinery(name):
    for line in EXPECTED[name].splitlines():
        place, _, rest = line.partition(" ")
        assert place.startswith(name)
        assert "; " in rest, f"says nothing of what to write: {line}"
        for word in ("pint", "Traceback", "Errno", "tomllib", "Error", "Exception", "dataclass", "None", "0x"):
            assert word not in rest, line
        assert line.isprintable()


def test_an_output_folder_that_stands_already_stays_as_it_is(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(FOLDER)
    (tmp_path / "report.html").write_text("of yesterday", encoding="utf-8")
    code, _, _ = run(["compare", "wrong-unit.toml", "-o", str(tmp_path)], capsys)
    assert code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == "of yesterday"


def test_check_goes_on_after_a_broken_file(capsys, monkeypatch):
    monkeypatch.chdir(FOLDER)
    code, out, err = run(["check", *INPUTS], capsys)
    assert (code, out) == (2, "")
    assert err == "".join(EXPECTED[name] for name in INPUTS)


def test_a_missing_file_names_the_nearest(capsys, monkeypatch):
    monkeypatch.chdir(FOLDER)
    assert run(["compare", "wrong-unt.toml"], capsys) == (
        2,
        "",
        "wrong-unt.toml: no such file; did you mean 'wrong-unit.toml'?\n",
    )
    assert run(["check", "nowhere/at/all.toml"], capsys)[2] == "nowhere/at/all.toml: no such file; check the path\n"


def test_a_faulty_record_of_ones_own_is_told_with_its_own_file(tmp_path, capsys, monkeypatch):
    from contrastphys import records

    monkeypatch.chdir(FOLDER)
    study = tmp_path / "study.toml"
    study.write_text('[[formulation]]\nuse = "unsourced"\n', encoding="utf-8")
    try:
        code, out, err = run(["compare", str(study), "--materials", "own", "-o", str(tmp_path / "output")], capsys)
    finally:
        records._folders.clear()
        records.forget()
    assert (code, out) == (2, "")
    assert err == EXPECTED["own/agents/unsourced.toml"]


def test_the_plainest_locale_gets_the_same_mistakes(tmp_path):
    study = tmp_path / "study.toml"
    text = '[[formulation]]\nuse = "gadoterate"\nlabel = "Gadotérate µ 造影剤"\n"größe" = 1\n'
    study.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "contrastphys", "check", str(study)],
        env={"LC_ALL": "C", "PYTHONUTF8": "0", "PATH": os.defpath, "HOME": str(tmp_path)},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert done.stdout == b""
    (line,) = done.stderr.decode("ascii", "replace").splitlines()
    assert "study.toml:4: formulation[1].gr" in line
    assert "unknown key" in line


@pytest.mark.slow
def test_html_in_a_label_stays_text(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hostile = "<script>alert(1)</script>"
    text = f"""title = "{hostile}"

[[formulation]]
use = "gadoterate"
label = "{hostile} <img src=x onerror=alert(2)>"
note = "</pre>{hostile}"
dose = {{ value = "0.1 mmol/kg", basis = "Gd", source = "{hostile}" }}
"""
    Path("study.toml").write_text(text, encoding="utf-8")
    code, _, _ = run(["compare", "study.toml", "-o", "output", "--dpi", "60"], capsys)
    assert code == 0
    report = Path("output/report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in report
    assert "<script>alert" not in report
    assert "<img src=x" not in report


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ([], "study: no formulation to compare; name one, such as 'gadoterate'"),
        (["gadoterate", "gadoterate"], "study: formulations: id 'gadoterate' stands twice; give one of them an id of"),
        ("gadoterat", "gadoterat: no such file or agent; did you mean 'gadoterate'?"),
        (Path("gadoterat"), "gadoterat: no such file or agent; did you mean 'gadoterate'?"),
        ("gadoterat.toml", "gadoterat.toml: no such file; check the path"),
        (["gadoterat"], "no record 'gadoterat' in agents: did you mean 'gadoterate'?"),
        (5, "a study is a file, a folder, a Study or a list of agents, not int"),
        ([5], "an agent is a Formulation or the id of one, not int"),
    ],
)
def test_what_is_no_study(what, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((ValueError, TypeError)) as error:
        study_of(what)
    assert str(error.value).startswith(says)


def test_an_agent_may_stand_for_a_study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [formulation.id for formulation in study_of(Path("gadoterate")).formulations] == ["gadoterate"]


def test_a_kind_that_is_none(capsys):
    assert run(["list", "--kind", "nanopartikel"], capsys) == (
        2,
        "",
        "list: --kind: unknown kind 'nanopartikel'; did you mean 'nanoparticle'?\n",
    )
