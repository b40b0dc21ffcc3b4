"""Machines fail: killed runs, full disks, folders that are read-only, two runs in one folder, torn caches."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from contrastphys import compiled, folders
from contrastphys.cli import main
from contrastphys.comparison import compare
from contrastphys.folders import standing, write_run
from contrastphys.mistakes import RecordError

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)}
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and limits of another system")
ENDS = {".svg": b"</svg>\n", ".png": b"IEND\xaeB`\x82", ".html": b"</html>", ".csv": b"\n", ".json": b"]\n"}


def command(*words, **options):
    """A command in a process of its own."""
    given = {"capture_output": True, "text": True, "timeout": 120, "env": ENVIRONMENT, "cwd": ROOT, **options}
    return subprocess.run([sys.executable, "-m", "contrastphys", *words], **given)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "study.toml"
    path.write_text('title = "Faults"\n[[formulation]]\nuse = "gadoterate"\n[[formulation]]\nuse = "iohexol"\n')
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The files of one run."""
    folder = tmp_path_factory.mktemp("finished")
    result = compare(["gadoterate", "iohexol"])
    return result.run, {path.name: path.read_bytes() for path in result.write(folder, dpi=60)}


def whole(path):
    """Whether a file is whole, by how files of its kind end."""
    content = path.read_bytes()
    if path.suffix == ".json":
        json.loads(content)
    return content.rstrip(b"\n").endswith(ENDS[path.suffix].rstrip(b"\n"))


def judged(folder):
    """What stands in a folder of results, after looking at every file of it."""
    for path in folder.iterdir():
        if not path.name.startswith("."):
            assert whole(path), f"{path.name} is torn"
    found = standing(folder)
    assert found.whole == (len(set(found.files.values())) == 1 and "results.json" in found.files)
    return found


# ------------------------------------------------------------------------------------------ killed runs

WRITER = """
    import pickle, sys
    from pathlib import Path
    from contrastphys import plots
    from contrastphys.folders import write_run
    run, files = pickle.loads(Path(sys.argv[1]).read_bytes())
    for i in range(100_000):
        other = f"{i:012x}".encode()
        write_run(sys.argv[2], {n: c.replace(run.encode(), other) for n, c in files.items()}, tuple(plots.PICTURES))
        print(i, flush=True)
"""


@pytest.mark.slow
def test_a_run_that_is_killed_while_it_writes_is_recognised(tmp_path, finished):
    """60 kills at random moments: each file whole, and the folder whole only where all files are of one run."""
    import pickle

    (tmp_path / "files").write_bytes(pickle.dumps(finished))
    script, folder, chance = tmp_path / "writer.py", tmp_path / "out", random.Random(1)
    script.write_text(textwrap.dedent(WRITER))
    seen = {"whole": 0, "mixed": 0, "cut off": 0}
    for _ in range(60):
        writer = subprocess.Popen(
            [sys.executable, str(script), str(tmp_path / "files"), str(folder)],
            cwd=ROOT,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
        )
        if chance.random() < 0.8:
            writer.stdout.readline()  # it has written once
            time.sleep(chance.uniform(0, 0.05))
        else:
            time.sleep(chance.uniform(0.3, 1.0))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        if not folder.exists():
            continue
        found = judged(folder)
        if found.whole:
            seen["whole"] += 1
            assert str(found).endswith("complete")
        elif len(found.runs) > 1:
            seen["mixed"] += 1
            assert f"files of {len(found.runs)} runs" in str(found) and "again" in str(found)
        elif found.files:
            seen["cut off"] += 1
            assert "was cut off" in str(found)
    assert seen["mixed"] > 5, seen
    run, files = finished
    write_run(folder, files, tuple(__import__("contrastphys.plots").plots.PICTURES))
    assert judged(folder).runs == (run,)
    assert not [path for path in folder.iterdir() if path.name.startswith(".")], "torn neighbours are left"


@pytest.mark.slow
def test_a_comparison_that_is_killed_leaves_whole_files(tmp_path, study):
    """The command itself, killed at random moments of its work."""
    folder, chance = tmp_path / "out", random.Random(2)
    assert command("compare", str(study), "-o", str(folder), "--dpi", "60").returncode == 0
    first = judged(folder)
    assert first.whole
    began = time.monotonic()
    assert command("compare", str(study), "-o", str(folder), "--dpi", "60").returncode == 0
    takes = time.monotonic() - began
    for _ in range(6):
        words = [sys.executable, "-m", "contrastphys", "compare", str(study), "-o", str(folder), "--dpi", "60"]
        run = subprocess.Popen(words, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.3, 1.1) * takes)
        run.send_signal(signal.SIGKILL)
        run.wait()
        judged(folder)
    done = command("compare", str(study), "-o", str(folder), "--dpi", "60")
    assert done.returncode == 0 and judged(folder).whole
    assert command("check", str(folder)).stdout.strip().endswith("complete")


SWEEPER = """
    import sys
    import numpy as np
    sys.path.insert(0, {tests!r})
    from test_sweep import Q, study, sweep
    if __name__ == "__main__":
        volts = Q(np.linspace(80, 140, 40), "kV")
        grid = {{"gold-1.9.dose": Q(np.linspace(10, 100, 60), "mg/kg"), "protocol.xray.kvp": volts}}
        print("begins", flush=True)
        result = sweep(study(), grid, modalities=["xray"], file=sys.argv[1])
        result.to_csv(sys.argv[2])
        print(result.computed, result.digest(), flush=True)
"""


@pytest.mark.slow
def test_a_sweep_that_is_killed_again_and_again_comes_to_the_same_end(tmp_path):
    script, file, table = tmp_path / "sweeper.py", tmp_path / "points", tmp_path / "sweep.csv"
    script.write_text(textwrap.dedent(SWEEPER).format(tests=str(ROOT / "tests")))
    chance, kills, computed = random.Random(3), 0, 2400
    for _ in range(8):
        words = [sys.executable, str(script), str(file), str(table)]
        run = subprocess.Popen(words, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
        run.stdout.readline()
        goal = (file.stat().st_size if file.exists() else 0) + chance.randint(1, 4000)
        while run.poll() is None and not (file.exists() and file.stat().st_size > goal):
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.02))
        run.send_signal(signal.SIGKILL)
        kills += run.wait() == -signal.SIGKILL
        run.stdout.close()
        assert not table.exists() or table.read_bytes().endswith(b"\n")
    done = subprocess.run(
        [sys.executable, str(script), str(file), str(table)],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    computed, digest = done.stdout.split()[-2:]
    fresh = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "other"), str(table)],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert fresh.stdout.split()[-2:] == ["2400", digest]
    assert kills > 3 and int(computed) < 2400


# ------------------------------------------------------------------------------------- two runs, one folder


def test_two_runs_into_one_folder_do_not_mix(tmp_path, finished):
    run, files = finished
    folder, names = tmp_path / "out", ("margins", "limits")

    def write(other):
        for _ in range(5):
            write_run(folder, {n: c.replace(run.encode(), other) for n, c in files.items()}, names)

    threads = [threading.Thread(target=write, args=(other,)) for other in (b"a" * 12, b"b" * 12, b"c" * 12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = judged(folder)
    assert found.whole and len(found.files) == len(files)


def test_pictures_of_an_earlier_run_are_taken_away_and_nothing_else(tmp_path, finished):
    run, files = finished
    folder = tmp_path / "out"
    old = {n: c.replace(run.encode(), b"0" * 12) for n, c in files.items()}
    write_run(folder, old | {"bubbles.svg": old["margins.svg"]}, ("margins", "bubbles"))
    (folder / "mine.svg").write_bytes(old["margins.svg"])  # a copy somebody keeps
    (folder / "bubbles.png").write_bytes(b"somebody's own")
    (folder / ".table.csv.ab12cd34").write_bytes(b"torn")
    assert not standing(folder).files.keys() - old.keys() - {"bubbles.svg", "mine.svg"}
    write_run(folder, files, ("margins", "bubbles"))
    left = {path.name for path in folder.iterdir()}
    assert left == {*files, "mine.svg", "bubbles.png"}


def test_a_mixed_folder_is_said(tmp_path, finished, capsys):
    run, files = finished
    folder = tmp_path / "out"
    write_run(folder, files, ())
    assert main(["check", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder.as_posix()}: {len(files)} files of run {run}, complete\n"
    (folder / "table.csv").write_bytes(files["table.csv"].replace(run.encode(), b"0" * 12))
    assert main(["check", str(folder)]) == 2
    said = capsys.readouterr().err
    assert "files of 2 runs" in said and "000000000000 (table.csv)" in said
    (folder / "table.csv").write_bytes(files["table.csv"])
    (folder / "results.json").unlink()
    assert main(["check", str(folder)]) == 2
    assert f"run {run} was cut off after {len(files) - 1} files" in capsys.readouterr().err


# ------------------------------------------------------------------------------- full disks, read-only folders


def one_line(done, *words):
    """Exit code 2 and one line that says what is wrong."""
    assert done.returncode == 2, done.stderr + done.stdout
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert all(word in lines[0] for word in words), lines[0]
    assert "Traceback" not in done.stderr and "Errno" not in done.stderr


def limited():
    """Let no file grow beyond 20 kB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


@pytest.mark.slow
def test_no_space_for_a_comparison(tmp_path, study):
    one_line(command("compare", str(study), "-o", str(tmp_path / "out"), preexec_fn=limited), "give a folder")
    for path in (tmp_path / "out").iterdir():
        assert not path.name.startswith("."), "a torn neighbour is left"
        assert whole(path)
    assert "results.json" not in {path.name for path in (tmp_path / "out").iterdir()}


@pytest.mark.slow
def test_no_space_for_the_other_commands(tmp_path):
    def none():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    over = ["--over", "dose=" + ";".join(f"{x / 100} mmol/kg" for x in range(10, 20)), "--modality", "xray"]
    one_line(command("sweep", "gadoterate", *over, "-o", str(tmp_path / "s.csv"), preexec_fn=none), "s.csv", "give a")
    one_line(
        command(
            "sweep",
            "gadoterate",
            *over,
            "--resume",
            str(tmp_path / "points"),
            "-o",
            str(tmp_path / "s.csv"),
            preexec_fn=none,
        ),
        "points",
        "give a file",
    )
    one_line(command("validate", "xray", "-o", str(tmp_path / "v"), preexec_fn=none), "give a folder")
    assert not [
        path for path in tmp_path.rglob("*") if path.is_file() and path.name != "points" and path.stat().st_size
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_device_behind_the_screen():
    with Path("/dev/full").open("w") as full:
        done = command("list", stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert done.returncode == 2
    assert done.stderr == "the output cannot be written: the disk may be full\n"


def test_folders_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    if os.geteuid() == 0:  # to whom every folder is open: the system's answer is played
        monkeypatch.setattr(
            folders.tempfile, "TemporaryFile", lambda dir: (_ for _ in ()).throw(PermissionError(13, "x"))
        )
    else:
        tmp_path.chmod(0o500)
    for words in (["compare", "-o", str(tmp_path)], ["validate", "xray", "-o", str(tmp_path)]):
        began = time.process_time()
        assert main(words) == 2
        assert time.process_time() - began < 2, "said only after the work"
        said = capsys.readouterr().err
        assert said == f"{tmp_path.as_posix()}: cannot be written to; give a folder you may write to\n"
    tmp_path.chmod(0o700)


def test_errors_of_a_disk_in_words(tmp_path, monkeypatch):
    from contrastphys import files

    for number, words in (
        (28, "the disk is full"),
        (122, "quota"),
        (27, "larger than a file"),
        (30, "cannot be written"),
    ):

        def fails(*_, number=number):
            raise OSError(number, "x")

        monkeypatch.setattr(files.os, "fsync", fails)
        with pytest.raises(RecordError, match=words):
            files.write_whole(tmp_path / "a", "x")
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------------------------------- torn caches

KERNEL = """
import numpy as np
from contrastphys.compiled import compiled
from contrastphys.elementwise import elementwise
@elementwise
def half(x):
    return 0.5 * x
@compiled()
def inner(x):
    return 2.0 * x
@compiled(uses={"inner": inner})
def outer(x):
    return inner(x) + 1.0
print(outer(3.0), half(np.full(200_000, 4.0))[-1])
"""
TORN = {
    "empty": lambda b: b"",
    "half": lambda b: b[: len(b) // 2],
    "other": lambda b: b"hello",
    "noise": lambda b: bytes(range(7, 256)),
}


@pytest.mark.slow
@pytest.mark.skipif(not compiled.have_numba(), reason="nothing is cached without a compiler")
@pytest.mark.parametrize("how", TORN)
@pytest.mark.parametrize("ending", [".nbi", ".nbc"])
def test_a_torn_cache_of_compiled_kernels_is_made_anew(tmp_path, ending, how):
    script = tmp_path / "kernel.py"
    script.write_text(KERNEL)
    given = {**ENVIRONMENT, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def answer():
        done = subprocess.run([sys.executable, str(script)], env=given, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert answer() == "7.0 2.0\n"
    torn = list((tmp_path / "cache").rglob(f"*{ending}"))
    assert torn
    for path in torn:
        path.write_bytes(TORN[how](path.read_bytes()))
    assert answer() == "7.0 2.0\n"
    if ending == ".nbi":
        assert all(path.stat().st_size > 100 for path in torn), "the cache is not written again"
    assert answer() == "7.0 2.0\n"


@pytest.mark.slow
@pytest.mark.skipif(not compiled.have_numba(), reason="nothing is cached without a compiler")
def test_kernels_run_where_no_cache_can_be_written(tmp_path):
    script = tmp_path / "kernel.py"
    script.write_text(KERNEL)

    def none():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    given = {**ENVIRONMENT, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-B", str(script)], env=given, capture_output=True, text=True, timeout=120, preexec_fn=none
    )
    assert (done.returncode, done.stdout) == (0, "7.0 2.0\n"), done.stderr


def test_an_error_of_a_kernel_itself_is_not_taken_for_its_cache():
    @compiled.compiled(cache=False)
    def divided(x):
        return 1.0 / x

    with pytest.raises(ZeroDivisionError):
        divided(0.0)
