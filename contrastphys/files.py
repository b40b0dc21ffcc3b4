"""Files in and out: TOML with the line of every key, CSV tables with units, and writing whole or not at all.

Every failure is a `RecordError` with the file, the line and what to write; no system text is passed on.
"""

from __future__ import annotations

import csv
import math
import os
import re
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .mistakes import Mistake, RecordError, legible, near, printable, short, spoken
from .units import Q, UnitError, container

_LARGEST = 5_000_000  # bytes; a record or table beyond this is not one, and takes longer than a user waits
_FULL = {28: "the disk is full", 122: "the quota of the disk is used up", 27: "is larger than a file may be here"}
_DEEP = re.compile(r"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){40}")  # a dotted key tomllib takes minutes for
# Signs that steer a terminal or turn the direction of text; line ends and tabs do not.
_STEERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _key_lines(source: str) -> dict[tuple, int]:
    """Line of every table header and outermost key; tomllib tells none."""
    lines: dict[tuple, int] = {}
    counts: dict[tuple, int] = {}
    here: tuple = ()
    quoted, open_brackets = "", 0
    for n, line in enumerate(source.split("\n"), start=1):
        if quoted:
            if quoted in line:
                quoted = ""
            continue
        bare = re.sub(r"\"[^\"]*\"|'[^']*'|#.*", "", line)
        if open_brackets:  # inside a list that runs over several lines
            open_brackets = max(0, open_brackets + bare.count("[") - bare.count("]"))
            continue
        header = re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$", line)
        if header:
            here = ()
            parts = [p.strip().strip("\"'") for p in header[2].split(".")]
            for i, part in enumerate(parts):
                here = (*here, part)
                if here in counts and i < len(parts) - 1:
                    here = (*here, counts[here] - 1)
            if header[1] == "[[":
                index = counts.get(here, 0)
                counts[here] = index + 1
                if index == 0:
                    lines.setdefault(here, n)
                here = (*here, index)
            lines.setdefault(here, n)
            continue
        key = re.match(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')((?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=", line)
        if key:
            path = (*here, key[1].strip("\"'"))
            lines.setdefault(path, n)
            for part in (p.strip() for p in key[2].split(".") if p.strip()):
                path = (*path, part)
                lines.setdefault(path, n)
            open_brackets = max(0, bare.count("[") - bare.count("]"))
        for mark in ('"""', "'''"):
            if line.count(mark) % 2:
                quoted = mark
    return lines


def stands(path: Path) -> bool:
    """Whether a path names a file or folder; a name that no system takes names none."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def read_text(path: Path) -> str:
    """A text file in UTF-8, or one clear mistake."""
    name = short(path)

    def fail(what: str, write: str) -> RecordError:
        return RecordError([Mistake(name, 0, "", what, write)])

    try:
        if path.is_dir():
            raise fail("is a folder", "give a file")
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)  # a pipe or device has no size
        if len(data) > _LARGEST:
            raise fail("is larger than 5 MB", "give a record or a table")
        return data.decode("utf-8-sig")
    except RecordError:
        raise
    except FileNotFoundError:
        beside = os.listdir(path.parent) if path.parent.is_dir() else []  # noqa: PTH208
        raise fail("no such file", near(path.name, beside) or "check the path") from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise RecordError([Mistake(name, line, "", "is not UTF-8 text", "save the file as UTF-8")]) from None
    except (OSError, ValueError):
        raise fail("cannot be read", "check the path and its permissions") from None


def read_toml(path: Path) -> tuple[dict[str, Any], dict[tuple, int]]:
    """Table of a TOML file and the lines of its keys, or one clear mistake."""
    source = read_text(path)
    if deep := _DEEP.search(source):
        at, write = source.count("\n", 0, deep.start()) + 1, "write tables inside one another as [a.b]"
        raise RecordError([Mistake(short(path), at, "", "a key of more than 40 parts", write)])
    try:
        content = tomllib.loads(source)
    except (ValueError, RecursionError) as error:  # ValueError: a whole number of thousands of digits
        found = re.search(r"line (\d+)", str(error))
        lines = source.splitlines()
        line = min(int(found[1]), len(lines)) if found else len(lines)
        what, write = "broken TOML", 'write key = "text" or key = 1.5'
        near_to = lines[line - 1].strip() if lines else ""
        if "overwrite" in str(error) or "twice" in str(error):
            what, write = "a key or table stands twice", "keep one of them"
        elif near_to.startswith("["):
            write = "write [name] or [[name]]"
        elif near_to.count('"') % 2:
            write = "close the quotation mark"
        raise RecordError([Mistake(short(path), line, "", f"{what} near '{printable(near_to, 60)}'", write)]) from None
    if not content:
        write = "write a record or a study (see materials/README.md)"
        raise RecordError([Mistake(short(path), 1, "", "the file is empty", write)])
    keys = _key_lines(source)
    steering = list(_steering(content, short(path), keys))
    if steering:
        raise RecordError(steering)
    return content, keys


def _steering(content: dict[str, Any], file: str, lines: dict[tuple, int]) -> Iterator[Mistake]:
    """Texts with signs that would steer the terminal or the page they are shown on."""
    waiting: list[tuple[tuple, Any]] = [((), content)]
    while waiting:
        path, held = waiting.pop()
        inside = held.items() if isinstance(held, dict) else enumerate(held)
        for key, item in inside:
            here = (*path, key)
            if isinstance(item, dict | list):
                waiting.append((here, item))
            found = _STEERS.search(item) if isinstance(item, str) else None
            if found:
                seen = next((lines[here[:n]] for n in range(len(here), 0, -1) if here[:n] in lines), 1)
                yield Mistake(
                    file, seen, spoken(here), f"holds the control sign {legible(found[0])}", "write plain text"
                )


# -------------------------------------------------------------------------------------------- CSV tables


@dataclass(frozen=True)
class Table:
    """Columns of a CSV table with their units, and where it is from."""

    name: str
    columns: dict[str, Any]
    units: dict[str, str]
    source: str
    licence: str
    note: str

    def __getitem__(self, column: str) -> Any:
        try:
            return self.columns[column]
        except KeyError:
            raise KeyError(f"{self.name} has no column '{column}': it has {', '.join(self.columns)}") from None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def quantity(self, column: str, unit: str = "") -> Any:
        """A column of numbers in the unit of its header, or in `unit` where the header states none."""
        held, stated = self.columns[column], self.units[column] or unit
        if not isinstance(held, np.ndarray):
            raise RecordError([Mistake(self.name, 1, column, "holds no numbers", "write a number in every row")])
        try:
            return Q(held, container(stated))
        except UnitError as error:
            what, _, write = str(error).partition(": ")
            raise RecordError([Mistake(self.name, 1, column, what, write)]) from None

    def rows(self) -> list[dict[str, Any]]:
        """The table as a list of rows."""
        names = list(self.columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*self.columns.values(), strict=True)]


def read_csv(path: Path, needs: tuple[str, ...] = ()) -> Table:
    """A CSV table with `# key: text` lines and a header `name [unit],...`; numeric columns become arrays.

    `needs` names the columns that must be there.
    """
    name = short(path)
    source = read_text(path)
    if steers := _STEERS.search(source):
        at, what = source.count("\n", 0, steers.start()) + 1, f"holds the control sign {legible(steers[0])}"
        raise RecordError([Mistake(name, at, "", what, "write plain text")])
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    mistakes: list[Mistake] = []
    about: dict[str, list[str]] = {}
    body: list[tuple[int, str]] = []
    for n, line in enumerate(lines, start=1):
        if line.startswith("#"):
            key, _, words = line.lstrip("# ").partition(":")
            about.setdefault(key.strip().lower(), []).append(words.strip())
        elif line.strip():
            body.append((n, line))
    if not body:
        raise RecordError([Mistake(name, 1, "", "the table is empty", "write a header such as 'wavelength [nm],n,k'")])
    try:
        header = next(csv.reader([body[0][1]]))
    except (csv.Error, StopIteration):
        what, write = "the header cannot be read", "write a header such as 'wavelength [nm],n,k'"
        raise RecordError([Mistake(name, body[0][0], "", what, write)]) from None
    units: dict[str, str] = {}
    for column in header:
        found = re.fullmatch(r"\s*(.*?)\s*(?:\[(.*)\])?\s*", column)
        key = found[1] if found else column
        if not key or key in units:
            what = f"column '{printable(key)}' stands twice" if key else "a column has no name"
            mistakes.append(Mistake(name, body[0][0], printable(key), what, "give each column a name of its own"))
        units[key] = (found[2] if found else None) or ""
    for column in needs:
        if column not in units:
            hint = near(column, units) or f"write a header with {', '.join(needs)}"
            mistakes.append(Mistake(name, body[0][0], column, f"column '{column}' is missing", hint))
    if len(body) == 1 and not mistakes:
        mistakes.append(Mistake(name, body[0][0], "", "the table has no rows", "write numbers below the header"))
    cells: list[list[str]] = []
    for n, line in body[1:]:
        try:
            row = next(csv.reader([line])) if '"' in line else line.split(",")
        except (csv.Error, StopIteration):
            row = []
        if len(row) != len(header):
            write = "write one for each, with a decimal point"
            mistakes.append(
                Mistake(
                    name,
                    n,
                    "",
                    f"{len(row)} {'entry' if len(row) == 1 else 'entries'} for {len(header)} columns",
                    write,
                )
            )
        cells.append(row)
    if mistakes:
        raise RecordError(mistakes)
    columns: dict[str, Any] = {}
    for i, column in enumerate(units):
        entries = [row[i].strip() for row in cells]
        columns[column] = entries
        bad = [k for k, entry in enumerate(entries) if entry and not _is_number(entry)]
        if not bad and (any(entries) or units[column]):
            columns[column] = np.array([float(entry) if entry else np.nan for entry in entries])
        elif units[column]:  # a column with a unit holds numbers
            for k in bad[:5]:
                what = f"'{printable(entries[k])}' is no finite number"
                mistakes.append(Mistake(name, body[1 + k][0], column, what, "write one, or leave it empty"))
    if mistakes:
        raise RecordError(mistakes)
    return Table(name, columns, units, *("; ".join(about.get(k, [])) for k in ("source", "licence", "note")))  # type: ignore[arg-type]


def _is_number(entry: str) -> bool:
    try:
        return "_" not in entry and math.isfinite(float(entry))
    except ValueError:
        return False


def write_whole(path: Path, content: str | bytes | Iterable[str]) -> None:
    """Write a file whole or not at all: into a neighbour first, then renamed over the old one.

    Lines that are made as they are written need no room for all of them.
    """
    parts: Iterable[str | bytes] = [content] if isinstance(content, str | bytes) else content
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(part.encode() if isinstance(part, str) else part for part in parts)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        what = _FULL.get(error.errno or 0, "cannot be written")
        raise RecordError(
            [Mistake(short(path), 0, "", what, "give a folder you may write to, with space in it")]
        ) from None
