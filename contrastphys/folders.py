"""A folder of results: the files of one run, and how a folder with files of several is told.

Every file of a run carries its id, and results.json is written last: a folder with it, and with one id, is whole.
A run that is killed leaves each file whole, of the one run or the other; `standing` says which is which.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .files import stands, write_whole
from .mistakes import Mistake, RecordError, short

LAST = "results.json"
_TEXTS = ("table.csv", "report.html")
_HEAD = 16_384  # bytes of a file that hold the id
_RUN = {
    ".json": re.compile(rb'"run": "([0-9a-f]{12})"'),
    ".csv": re.compile(rb"\n([0-9a-f]{12}),"),
    ".html": re.compile(rb'<meta name="run" content="([0-9a-f]{12})">'),
    ".svg": re.compile(rb"run ([0-9a-f]{12})<"),
    ".png": re.compile(rb"Description\0run ([0-9a-f]{12})"),
}


def make_folder(folder: str | Path) -> Path:
    """A folder that can be written to, made if it is not there."""
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target):
            pass
    except (OSError, ValueError):
        what = "cannot be made"
        if stands(target):
            what = "cannot be written to" if target.is_dir() else "is a file, not a folder"
        raise RecordError([Mistake(short(target), 0, "", what, "give a folder you may write to")]) from None
    return target


def write_run(
    folder: str | Path, files: Mapping[str, str | bytes | Iterable[str]], names: tuple[str, ...]
) -> list[Path]:
    """Write the files of one run, each whole, results.json last; pictures of an earlier run are taken away.

    `names` are those a picture of ours may have: only files so named, and with the id of a run in them, are removed.
    One run writes at a time: another waits for its turn, and what stands in the end is of the later.
    """
    target = make_folder(folder)
    with _alone(target):
        ours = [f"{name}.{ending}" for name in names for ending in ("svg", "png")]
        for name in (*_TEXTS, LAST, *ours):
            for torn in target.glob(f".{name}.????????"):  # of a run that was killed while it wrote
                torn.unlink(missing_ok=True)
        for name, content in files.items():
            if name != LAST:
                write_whole(target / name, content)
        for name in set(ours) - set(files):
            if run_of(target / name):
                (target / name).unlink(missing_ok=True)
        if LAST in files:
            write_whole(target / LAST, files[LAST])
    return [target / name for name in files]


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other run writes into a folder, where the system can tell."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def run_of(path: Path) -> str:
    """Id of the run that wrote a file; empty where it carries none."""
    pattern = _RUN.get(path.suffix)
    try:
        with path.open("rb") as file:
            found = pattern.search(file.read(_HEAD)) if pattern else None
    except (OSError, ValueError):
        return ""
    return found[1].decode() if found else ""


@dataclass(frozen=True)
class Standing:
    """What stands in a folder of results."""

    folder: Path
    files: Mapping[str, str]  # name to id of the run that wrote it

    @property
    def runs(self) -> tuple[str, ...]:
        """Ids of the runs with files there, the one with most first."""
        held = list(self.files.values())
        return tuple(sorted(set(held), key=lambda run: (-held.count(run), run)))

    @property
    def whole(self) -> bool:
        """Whether all files are of one run that came to its end."""
        return len(self.runs) == 1 and LAST in self.files

    def __str__(self) -> str:
        place = short(self.folder)
        if self.whole:
            return f"{place}: {len(self.files)} files of run {self.runs[0]}, complete"
        again = f"run contrastphys compare -o {place} again"
        if len(self.runs) == 1:
            return f"{place}: run {self.runs[0]} was cut off after {len(self.files)} files; {again}"
        parts = []
        for run in self.runs:
            names = sorted(name for name, held in self.files.items() if held == run)
            parts.append(f"{run} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})")
        return f"{place}: files of {len(self.runs)} runs, {' and '.join(parts)}; {again}"


def standing(folder: str | Path) -> Standing:
    """Which runs the files of a folder are of."""
    target = Path(folder)
    found = {p.name: run_of(p) for p in sorted(target.iterdir()) if p.suffix in _RUN and p.is_file()}
    return Standing(target, {name: run for name, run in found.items() if run})
