"""An attacker, and a user with bad luck: pipes, devices, links, locks, odd names, and text that would steer a page."""

import contextlib
import html.parser
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import pytest

from contrastphys import files, folders, records, running
from contrastphys.cli import main
from contrastphys.comparison import compare
from contrastphys.files import read_csv, read_toml, write_whole
from contrastphys.folders import standing, write_run
from contrastphys.formulation import Formulation, load
from contrastphys.mistakes import MANY, TOLD, RecordError, near
from contrastphys.points import Plan
from contrastphys.report import render
from contrastphys.schema import specs
from contrastphys.study import Study, of_folder, read
from contrastphys.sweeps import sweep
from contrastphys.units import UnitError

ROOT = Path(__file__).parents[1]
USE = '[[formulation]]\nuse = "gadoterate"\n'
posix = pytest.mark.skipif(os.name == "nt", reason="files and signals of another system")


def refused(call, *arguments):
    """What a refusal says, within 2 s of processor time."""
    began = time.process_time()
    with pytest.raises((RecordError, UnitError, ValueError)) as error:
        call(*arguments)
    assert time.process_time() - began < 2
    return str(error.value)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder of one's own records in front of the catalogue."""
    folder = tmp_path / "own"
    (folder / "agents").mkdir(parents=True)
    monkeypatch.setenv("CONTRASTPHYS_MATERIALS", str(folder))
    records.forget()
    yield folder
    monkeypatch.undo()
    records.forget()


# ------------------------------------------------------------------------------------ files that are none


@posix
def test_a_pipe_that_stays_silent_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_SILENCE", 0.05)
    os.mkfifo(tmp_path / "pipe")
    for call in (read_toml, read_csv, read):
        assert refused(call, tmp_path / "pipe").endswith(
            "pipe: gives nothing for 0 s; write it into a file and give that"
        )


@posix
def test_a_study_comes_through_a_pipe_and_is_read_but_once(tmp_path):
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"\xef\xbb\xbf" + USE.encode()))
    writer.start()
    study = read(pipe)
    writer.join()
    assert study.formulations[0].id == "gadoterate" and study.text == USE


@posix
def test_a_device_is_not_replaced_by_a_file(tmp_path):
    """A rename over /dev/null would take it from everybody."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    for name in ("pipe", "link"):
        assert refused(write_whole, tmp_path / name, "x").endswith(
            f"{name}: is a device or a pipe, not a file; give the name of a file"
        )
    assert (tmp_path / "pipe").is_fifo() and (tmp_path / "link").is_symlink()


@posix
def test_a_link_in_the_output_folder_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "table.csv").symlink_to(tmp_path / "precious")
    write_whole(tmp_path / "table.csv", "x")
    assert (tmp_path / "precious").read_text() == "mine" and not (tmp_path / "table.csv").is_symlink()


@posix
def test_files_have_the_rights_the_umask_leaves(tmp_path):
    before = os.umask(0o077)
    try:
        write_whole(tmp_path / "a", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_results_are_not_laid_beside_records(own, monkeypatch, capsys):
    """table.csv in optical/ would be a table of optical constants from then on."""
    (own / "optical").mkdir()
    assert main(["compare", "-o", str(own / "optical")]) == 2
    assert capsys.readouterr().err.endswith("optical: holds records of a catalogue; give a folder of its own\n")
    assert list((own / "optical").iterdir()) == []


# ------------------------------------------------------------------------------------------ large and deep

TABLES = {
    "name with spaces": ("a" + " " * 100_000 + "b,c\n1,2\n", None),
    "name of brackets": ("[" * 100_000 + ",c\n1,2\n", None),
    "rows of other length": ("a,b\n" + "1\n" * 300_000, "and 299980 more rows like these"),
    "words for numbers": ("a [m]\n" + "x\n" * 300_000, "'x' is no finite number"),
    "many columns": ("a," * 100_000 + "\n", "more than 1000 columns; keep the columns that are read"),
    "digits of other scripts": ("a [m]\n१\n１２\n", "'१' is no finite number"),
    "underscores": ("a [m]\n1_0\n", "'1_0' is no finite number"),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_that_cost_a_reader_dearly(tmp_path, name):
    text, says = TABLES[name]
    path = tmp_path / "t.csv"
    path.write_text(text, "utf-8")
    began = time.process_time()
    if says is None:
        assert len(read_csv(path)) == 1
    else:
        assert says in refused(read_csv, path)
    assert time.process_time() - began < 1


def test_a_quoted_key_before_a_long_list_does_not_stop_the_reader(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('"a"."b" = [\n[' + " " * 50_000 + "1, 2],\n]\n")
    began = time.process_time()
    read_toml(path)
    assert time.process_time() - began < 1


def test_of_very_many_mistakes_the_first_are_told(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text("".join(f"k{i} = 1\n" for i in range(5_000)) + USE)
    lines = refused(read, path).split("\n")
    assert len(lines) == TOLD + 1 and lines[-1] == f"and {MANY - TOLD} more: correct these first"
    assert "unknown key 'k0'" in lines[0]


def test_many_formulations_of_one_id_are_told_soon(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(USE * 5_000)
    assert "id 'gadoterate' stands twice" in refused(read, path)


def test_a_word_of_megabytes_is_not_compared_with_what_is_known():
    began = time.process_time()
    assert near("x" * 5_000_000, ["formulation"]) == ""
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize("size", [1_000_001, 50_000_000])
def test_a_record_has_a_size(tmp_path, size):
    path = tmp_path / "a.toml"
    path.write_bytes(b"#" * size)
    assert refused(read, path).endswith("a.toml: is larger than 1 MB; give a record or a table")


def test_a_decimal_comma_with_megabytes_behind_it_is_told_briefly(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(USE + f'dose = {{ value = "1,{"1" * 500_000}", basis = "Gd" }}\n')
    assert len(refused(read, path)) < 500


def test_a_list_has_a_length(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(USE + "[protocol.mri]\nfield = [" + '"1.5 T",' * 20_000 + "]\n")
    assert "a list of 20000; write at most 10000" in refused(read, path)


def test_a_sweep_has_a_number_of_points():
    values = [f"{60 + i / 100} kg" for i in range(3000)]
    over = {"scenario.body_mass": values, "dose": [f"{0.1 + i / 1e5} mmol/kg" for i in range(3000)]}
    assert "9e+06 points (3000 scenario.body_mass x 3000" in refused(sweep, load("gadoterate"), over)


# ---------------------------------------------------------------------------------------- every number field

WILD = ["nan", "inf", "-inf", "1e400", "true", "2020-02-29", "2020-02-29T00:00:00Z", "1" + "0" * 400, '"nan m"', '""',
        '"\\u0661 T"', '"１ nm"', '"1e999 nm"', '"m**9**9**9"', "[]", "{}", "[[1]]", "{ value = true }"]  # fmt: skip
KINDS = {"agents": Formulation, **records.KINDS}


@pytest.mark.parametrize("folder", KINDS)
def test_no_number_of_a_record_takes_what_is_none(tmp_path, folder):
    """Each number field with each wild value: refused with its line, or read to something finite."""
    path = tmp_path / folder / "made.toml"
    path.parent.mkdir()
    fields = [s.alias or key for key, s in specs(KINDS[folder]).items() if s.kind in ("number", "integer", "mapping")]
    for field in fields:
        for wild in WILD:
            path.write_text(f'id = "made"\nsource = "x"\nstatus = "user"\n{field} = {wild}\n', "utf-8")
            said = refused(records.load_record, KINDS[folder], path)
            assert f"made.toml:4: {field}" in said, (field, wild, said)


# ------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    "name", ["con", "NUL", "com1", "LPT9", "aux.x", "a.", ".a", "a/b", "a b", "é", "a\n", "a" * 81]
)
def test_names_that_are_no_ids(tmp_path, name):
    said = refused(lambda: Formulation(id=name, kind="molecule", molecule={"formula": "C6H6"}))
    assert "is no id; write" in said and said.isprintable()


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "x" * 300 + "/a", "\0/a", "media/../optical/a", "/etc/passwd", "a"]
)
def test_tables_lie_in_folders_of_the_catalogue(name):
    assert "no folder '" in refused(records.table, name) and refused(records.table, name).isprintable()


def test_what_editors_leave_in_a_folder_is_no_record(own, capsys):
    """._x.toml of a Mac, .#x.toml of Emacs (a link to nowhere), a folder, a device's name."""
    good = 'id = "mine"\nkind = "molecule"\nmolecule = { formula = "C6H6" }\n'
    (own / "agents" / "mine.toml").write_text(good)
    (own / "agents" / "._mine.toml").write_bytes(b"\0\5\x16\7")
    (own / "agents" / "con.toml").write_text(good)
    (own / "agents" / "folder.toml").mkdir()
    with contextlib.suppress(OSError):
        (own / "agents" / ".#mine.toml").symlink_to("me@host.1")
    assert {"mine"} == {name for name in records.ids("agents") if (own / "agents" / f"{name}.toml").exists()}
    assert main(["list", "--kind", "molecule"]) == 0 and " mine " in capsys.readouterr().out
    assert main(["check", str(own / "agents" / "con.toml")]) == 2
    assert "'con' is no id; write a name that is no device of Windows" in capsys.readouterr().err
    sweep("mine", {"scenario.body_mass": ["60 kg"]}, modalities=["xray"])  # whose digest reads every record


@posix
def test_a_folder_is_compared_without_what_is_no_record(tmp_path):
    (tmp_path / "mine.toml").write_text('id = "mine"\nkind = "molecule"\nmolecule = { formula = "C6H6" }\n')
    (tmp_path / "._mine.toml").write_bytes(b"\0\5\x16\7")
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    assert [formulation.id for formulation in of_folder(tmp_path).formulations] == ["mine"]


@pytest.mark.parametrize("label", ["[/x]", "[red]b[/red]", "[link=file:///]x[/link]", ":smile:", "[bold"])
def test_names_are_listed_as_they_are(own, capsys, label, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(10**9))  # a line of that width would not fit into memory
    text = f'id = "made"\nkind = "molecule"\nlabel = "{label}"\nmolecule = {{ formula = "C6H6" }}\n'
    (own / "agents" / "made.toml").write_text(text)
    assert main(["list", "--kind", "molecule"]) == 0
    assert label in capsys.readouterr().out


def test_a_label_is_one_line(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(USE + f'label = "{"x" * 201}"\n')
    assert "label: is 201 characters long; write a name of at most 200 in one line" in refused(read, path)
    path.write_text(USE + 'label = "a\\nb"\n')
    assert "label: is of several lines" in refused(read, path)
    path.write_text(f'title = "{"x" * 201}"\n' + USE)
    assert "title: is 201 characters long; write at most 200" in refused(read, path)


@posix
def test_the_name_of_a_file_steers_no_terminal(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"\xff\x1b[31m.toml")
    try:
        Path(name).write_text(USE)
    except OSError:
        pytest.skip("a file system that takes no such name")
    assert main(["check", name]) == 0
    assert capsys.readouterr().out == "\\udcff\\x1b[31m.toml: no mistakes\n"
    study = read(name)
    assert study.title == "\\udcff\\x1b[31m" and study.file.isprintable()
    study.title.encode("utf-8")


# -------------------------------------------------------------------------------- the place a command runs in


def test_output_that_is_closed(tmp_path, monkeypatch):
    (tmp_path / "a.toml").write_text(USE)
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["check", str(tmp_path / "a.toml")]) == 0
    assert main(["check", str(tmp_path / "none.toml")]) == 2
    for name in ("stdout", "stderr"):
        getattr(sys, name).close()


@posix
def test_a_folder_that_is_gone(tmp_path, monkeypatch, capsys):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert main(["check", str(tmp_path / "a.toml")]) == 2
    assert capsys.readouterr().err == "the folder you stand in is gone: change to one that exists\n"


@pytest.mark.parametrize("number", ["0", "-5", "x", "9" * 30])
def test_workers_of_a_comparison_are_counted(number, capsys):
    with pytest.raises(SystemExit):
        main(["compare", "--workers", number])
    assert "argument --workers: write a whole number from 1 to 4096" in capsys.readouterr().err


# ------------------------------------------------------------------------------- text that would steer a page


class _Page(html.parser.HTMLParser):
    """Counts what runs in a page, and keeps where its links lead."""

    def __init__(self):
        super().__init__()
        self.tags, self.handlers, self.links = {}, [], []

    def handle_starttag(self, tag, attrs):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.links += [value for name, value in attrs if name in ("href", "src", "xlink:href", "action")]


EVIL = (
    "--><script>alert(1)</script><!--", "</title></style></svg><script>alert(2)</script>",
    "]]><img src=x onerror=alert(3)>",
    "\\\" onload=\\\"alert(4)", "doi:10.1000/<script>alert(5)</script>", "javascript:alert(6)",
    "10.1000/x\\\"onclick=alert(7)",
    "=cmd|' /C calc'!A0", "@SUM(1)", "+1", "{{7*7}}", "$\\\\frac{$", "&lt;script&gt;",
)  # fmt: skip


def test_no_text_of_a_record_runs_in_a_page(tmp_path):
    def page(text):
        found = _Page()
        found.feed(text)
        return found

    path = tmp_path / "a.toml"
    clean = compare(["gadoterate"])
    expected = page(render(clean, {}))
    for i in range(0, len(EVIL), 3):
        words = [*EVIL[i : i + 3], *EVIL][:3]
        path.write_text(
            f'title = "{words[0]}"\n{USE}label = "{words[1]}"\nnote = "{words[2]}"\nsource = "{words[0]}"\n'
            f'stock = {{ value = {{ value = 0.5, unit = "mol/L", source = "{words[2]}", note = "{words[1]}" }}, '
            f'basis = "Gd" }}\n',
            "utf-8",
        )
        result = compare(path)
        seen = page(render(result, {}))
        assert seen.tags.get("script") == expected.tags["script"] and not seen.tags.get("img")
        assert seen.handlers == [] and not [link for link in seen.links if link.startswith("javascript")]
        for shown in (result, result.formulations[0], result.study, result.cells[0]):
            notebook = page(shown._repr_html_())
            assert not {"script", "img", "svg", "iframe"} & notebook.tags.keys() and notebook.handlers == []
        for line in result.csv().splitlines():
            assert not [cell for cell in line.split(",") if cell[:1] in ("=", "@", "+")], line


def test_a_name_in_a_picture_is_text(tmp_path):
    evil = "--><script>alert(1)</script>]]>&<x"
    study = Study((load("gadoterate").replace(label=evil),), title=evil)
    for name in ("margins", "limits"):
        from contrastphys import plots

        svg = plots.draw(name, compare(study), dpi=50)["svg"]
        text = svg if isinstance(svg, str) else svg.decode("utf-8")
        assert "<script" not in text
        assert "--><" not in text.replace("-->\n", "")


# ------------------------------------------------------------------------------------- locks, kills, Ctrl-C


def _plan():
    from contrastphys.sweeps import axes_of

    study = Study((load("iohexol"),))
    return Plan.of(study, axes_of(study, {"scenario.body_mass": ["60 kg", "70 kg"]}), modalities=("xray",))


@posix
def test_a_second_sweep_on_one_file_is_refused_and_a_third_goes_on(tmp_path):
    plan, path = _plan(), tmp_path / "points"
    first = running.Journal(path, plan)
    assert refused(running.Journal, path, plan).endswith(
        "points: another sweep is writing to it; wait until it ends, or give a new file name"
    )
    first.close()
    assert running.run(plan, file=path)[1] == 2
    assert running.run(plan, file=path)[1] == 0


HOLDER = """
import sys, time
sys.path.insert(0, {tests!r})
from test_unlucky import _plan, running
held = running.Journal(sys.argv[1], _plan())
print("held", flush=True)
time.sleep(60)
"""


@posix
@pytest.mark.slow
def test_the_lock_of_a_killed_process_is_gone(tmp_path):
    path = tmp_path / "points"
    script = HOLDER.format(tests=str(ROOT / "tests"))
    holder = subprocess.Popen([sys.executable, "-c", script, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    assert "another sweep is writing" in refused(running.Journal, path, _plan())
    holder.kill()
    holder.wait()
    holder.stdout.close()
    running.Journal(path, _plan()).close()


@posix
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_points_are_kept_in_a_file(tmp_path, kind):
    path = Path("/dev/zero")
    if kind == "pipe":
        path = tmp_path / "pipe"
        os.mkfifo(path)
    assert "is a device or a pipe, not a file" in refused(running.Journal, path, _plan())


@pytest.mark.parametrize("body", ["[0, 1]", "7", '[0, 1, [[1]], "x", "x", []]', "bomb"])
def test_a_line_with_a_right_checksum_and_wrong_content_is_torn(body):
    if body == "bomb":  # megabytes of zeros where 24 bytes belong
        import base64

        packed = base64.b64encode(zlib.compress(bytes(10_000_000), 9)).decode()
        body = json.dumps([0, 1, [["a", "xray", "margin", "", 0, "1", ""]], packed, packed, []])
    line = f"{zlib.crc32(body.encode()):08x} {body}\n".encode()
    assert running._block(line) is None


@posix
def test_a_folder_that_another_run_keeps_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "PATIENCE", 0.1)
    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        assert folders.locked(handle)
        said = refused(write_run, tmp_path, {"results.json": "[]"}, ())
    finally:
        os.close(handle)
    assert said.endswith("another run has been writing there for 0 s; wait until it ends, or give another folder")
    write_run(tmp_path, {"results.json": "[]"}, ())


@posix
def test_ctrl_c_while_files_are_written_is_heard_after_the_last(tmp_path, monkeypatch):
    files_of = dict.fromkeys(("a.json", "b.json", "results.json"), f'{{"run": "{"a" * 12}"}}')
    written = []

    def write(path, content):
        signal.raise_signal(signal.SIGINT)
        written.append(path.name)
        write_whole(path, content)

    monkeypatch.setattr(folders, "write_whole", write)
    with pytest.raises(KeyboardInterrupt):
        write_run(tmp_path, files_of, ())
    assert written == list(files_of) and standing(tmp_path).whole
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@posix
@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_ctrl_c_in_a_sweep_is_one_line(tmp_path, workers):
    """The terminal sends it to all processes, also to workers that are still reading their modules."""
    over = ["--over", "dose=" + ";".join(f"{i / 1000 + 0.01} mmol/kg" for i in range(5000))]  # longer than anyone waits
    over += ["--over", "protocol.xray.kvp=" + ";".join(f"{k} kV" for k in range(60, 140))]
    words = ["sweep", "gadoterate", *over, "--modality", "xray", "-o", str(tmp_path / "s.csv")]
    words += ["--workers", str(workers)] if workers else []
    run = subprocess.Popen(
        [sys.executable, "-m", "contrastphys", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    children = ["ps", "--no-headers", "-o", "pid", "--ppid", str(run.pid)]
    began = time.monotonic()
    while run.poll() is None and time.monotonic() - began < 30:
        if workers and len(subprocess.run(children, capture_output=True).stdout.split()) > workers:
            break
        if not workers and time.monotonic() - began > 4:
            break
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130 and out == "" and err.count("\n") == 1, err
    assert err.startswith("interrupted"), err
    assert list(tmp_path.iterdir()) == []
