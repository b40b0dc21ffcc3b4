"""What is fuzzed, and what counts as a find.

A target takes bytes and hands them to one way in. What may come back is an answer or one of the errors that the
command line turns into lines; anything else is a find: another exception, more than 2 s of processor time, more than
1 GB of memory, a file opened outside the folders that were chosen, a message that holds more than printable text, or
anything evaluated, started or connected to.
"""

from __future__ import annotations

import contextlib
import io
import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import contrastphys
from contrastphys import (
    calibration,
    chemistry,
    cli,
    formulation,
    questions,
    records,
    study,
    unit_conversion,
    unit_strings,
)
from contrastphys.files import read_csv
from contrastphys.mistakes import RecordError
from contrastphys.mri.calibration import read_measurements
from contrastphys.provenance import Refusal
from contrastphys.ultrasound import Pulse
from contrastphys.ultrasound.sizes import Histogram
from contrastphys.units import UnitError
from contrastphys.xray import spectra

BYTES = 1_000_000_000
seconds = [2.0]  # of processor time; a target that computes raises it for itself
TOLD = (RecordError, Refusal, UnitError, chemistry.FormulaError)
HERE = Path(tempfile.mkdtemp(prefix="contrastphys-fuzz-"))
PACKAGE = str(Path(contrastphys.__file__).parent)
CHOSEN = (str(HERE), str(records.shipped_folder()))


class Find(AssertionError):
    """Something that must not happen."""


# ------------------------------------------------------------------------------------- what is watched

_watching = [False]
named: list[str] = []  # files of a command line
_BANNED = ("exec", "compile", "os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "socket.connect",
           "ctypes.dlopen", "os.remove", "os.rmdir", "shutil.rmtree")  # fmt: skip


def _importing() -> bool:
    frame: Any = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _within(path: Any) -> bool:
    try:
        real = os.path.realpath(os.fsdecode(path))
    except (TypeError, ValueError):
        return True  # a number of an open file, or no path at all
    return real.startswith(CHOSEN) or real in named


def _hook(event: str, arguments: tuple) -> None:
    if not _watching[0]:
        return
    bad = event in _BANNED or (event == "open" and not _within(arguments[0]))
    if not bad:
        return
    _watching[0] = False
    try:
        fine = _importing() or (event == "os.remove" and _within(arguments[0]))
        if event in ("exec", "compile"):  # named tuples and dataclasses are made by the standard library
            caller = sys._getframe(1).f_code.co_filename
            fine = fine or (caller.startswith(sys.base_prefix) and "site-packages" not in caller)
        if event == "open":
            fine = fine or str(arguments[0]).startswith((sys.prefix, sys.base_prefix, PACKAGE))
    finally:
        _watching[0] = True
    if not fine:
        raise Find(f"{event} {arguments!r:.200}")


sys.addaudithook(_hook)


def _ours(error: BaseException) -> bool:
    """Whether this package raised an error itself, with words of its own."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return place is not None and place.tb_frame.f_code.co_filename.startswith(PACKAGE)


def _said(error: BaseException) -> None:
    """A message is short printable lines."""
    text = str(error)
    lines = text.split("\n")
    if not text.strip() or not all(line.isprintable() for line in lines):
        raise Find(f"message {text[:300]!r}") from error
    if any(len(line) > 1000 for line in lines) or any(word in text for word in ("Traceback", "Errno", " 0x")):
        raise Find(f"message {text[:300]!r}") from error


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Errors that are told are fine; everything else is a find."""
    began, _watching[0], seconds[0] = time.process_time(), True, 2.0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception as error:
        _watching[0] = False
        if not isinstance(error, TOLD) and not (isinstance(error, ValueError) and _ours(error)):
            raise
        _said(error)
    finally:
        _watching[0] = False
    taken = time.process_time() - began
    if taken > seconds[0]:
        raise Find(f"{taken:.1f} s")
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > BYTES:
        raise Find("more than 1 GB")


def _written(name: str, data: bytes) -> Path:
    path = HERE / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape" if data[:1] == b"\x01" else "replace")


# ------------------------------------------------------------------------------------------ the targets


def toml(data: bytes) -> None:
    """A record of any kind, a study, a question."""
    which, body = data[:1], data[1:]
    kinds: list[Callable[[], Any]] = [
        lambda: study.read(_written("study.toml", body)),
        lambda: formulation.check(_written("made.toml", body)),
        lambda: records.load_record(formulation.Formulation, _written("agents/a.toml", body)),
        *(lambda k=k: records.load_record(records.KINDS[k], _written(f"{k}/a.toml", body)) for k in records.KINDS),
    ]
    with watched():
        kinds[(which or b"\0")[0] % len(kinds)]()


def csv(data: bytes) -> None:
    """A table by every reader of tables."""
    which, body = data[:1], data[1:]
    path = _written("optical/table.csv", body)
    kinds: list[Callable[[], Any]] = [
        lambda: read_csv(path),
        lambda: records.optical_table(path),
        lambda: calibration.points_of(path, formulation.load("gadoterate")),
        lambda: read_measurements(path),
        lambda: Pulse.read(path),
        lambda: Histogram.read(path),
        lambda: spectra.read_spectrum(path),
    ]
    with watched():
        kinds[(which or b"\0")[0] % len(kinds)]()


def unit(data: bytes) -> None:
    """A unit, alone and behind a number."""
    text = _text(data)
    for call in (
        lambda: unit_strings.container(text),
        lambda: unit_strings.parse(text),
        lambda: unit_strings.parse(f"1.5 {text}"),
        lambda: unit_conversion.magnitude(text, "T"),
        lambda: unit_conversion.magnitude(text, "mmol/L"),
        lambda: unit_conversion.convert(1.0, text, "1/(mM*s)"),
    ):
        with watched():
            call()


def formula(data: bytes) -> None:
    """A chemical formula."""
    text = _text(data)
    with watched():
        counts = chemistry.composition(text)
        if not all(count > 0 for count in counts.values()) or not chemistry.molar_mass(text) > 0:
            raise Find(f"{text!r} holds {counts}")
        if abs(sum(chemistry.mass_fractions(text).values()) - 1) > 1e-9:
            raise Find(f"{text!r}: fractions do not sum to 1")


def name(data: bytes) -> None:
    """An id of the catalogue, wherever one is taken."""
    text = _text(data)
    for call in (
        lambda: formulation.load(text),
        lambda: records.material(text),
        lambda: records.chelate(text),
        lambda: records.gas(text),
        lambda: records.medium(text),
        lambda: records.table(text),
        lambda: records.table(f"media/{text}"),
        lambda: records.optical(text),
        lambda: formulation.Formulation(id=text, kind="nanoparticle", cores={"material": text, "diameter": "10 nm"}),
    ):
        with watched():
            call()


def arguments(words: list[str]) -> None:
    """A command line; files are written into the folder of the run alone."""
    out, err = io.StringIO(), io.StringIO()
    before = Path.cwd()
    os.chdir(HERE)
    records._folders.clear()
    records.forget()
    os.environ["CONTRASTPHYS_DEBUG"] = "1"
    code: Any = 2
    named[:] = [os.path.realpath(word) for word in words if word and "\0" not in word]  # a user's own choice
    try:
        with watched(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = cli.main(words)
            except SystemExit as stop:
                code = stop.code
        if code not in (0, 1, 2):
            raise Find(f"exit code {code!r}: {err.getvalue()[:300]!r}")
        if "Traceback" in err.getvalue() or (code == 2 and not err.getvalue().strip()):
            raise Find(f"{words}: {err.getvalue()[:300]!r}")
    finally:
        os.chdir(before)


def question(data: bytes) -> None:
    """A question of a file; only reading and refusing it is timed, so its goal is one that is cheap."""
    with watched():
        questions.ask(_written("question.toml", data))


READERS: dict[str, Callable[[bytes], None]] = {"toml": toml, "csv": csv, "unit": unit, "formula": formula, "name": name}
