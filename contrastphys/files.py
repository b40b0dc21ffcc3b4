"""Files in and out: TOML with the line of every key, CSV tables with units, and writing whole or not at all.

Every failure is a `RecordError` with the file, the line and what to write; no system text is passed on.
"""

from __future__ import annotations

import csv
import itertools
import os
import re
import secrets
import stat
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .mistakes import Mistake, RecordError, legible, near, printable, short, spoken
from .units import Q, UnitError, container

_LARGEST = 5_000_000  # bytes; a table beyond this is not one, and takes longer than a user waits
_LARGEST_TOML = 1_000_000  # bytes of a record or a study, some 20 000 formulations: tomllib reads 1 MB/s
_WIDEST = 1000  # columns of a table
_SILENCE = 2.0  # s a pipe may be silent before it is given up
_TOLD = 20  # rows of a table that are told one by one
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
        if not line or line.isspace():
            continue
        bare = re.sub(r"\"[^\"]*\"|'[^']*'|#.*", "", line)
        if open_brackets:  # inside a list that runs over several lines
            open_brackets = max(0, open_brackets + bare.count("[") - bare.count("]"))
            continue
        header = re.match(r"\s*(\[\[?)([^\]]+)\]\]?\s*(#.*)?$", line)
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


def _bytes(path: Path, most: int) -> bytes:
    """What a file holds, up to one byte more than `most`; TimeoutError where a pipe stays silent."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode) or os.name == "nt":
            return file.read(most + 1)
        import select

        held, ready = bytearray(), select.poll()  # a pipe or device has no size, and may never speak
        ready.register(file, select.POLLIN)
        while len(held) <= most:
            if not ready.poll(1000 * _SILENCE):
                raise TimeoutError
            part = os.read(file.fileno(), 1 << 20)
            if not part:
                break
            held += part
        return bytes(held[: most + 1])


def read_text(path: Path, most: int = _LARGEST) -> str:
    """A text file in UTF-8 of `most` bytes, or one clear mistake."""
    name = short(path)

    def fail(what: str, write: str) -> RecordError:
        return RecordError([Mistake(name, 0, "", what, write)])

    try:
        if path.is_dir():
            raise fail("is a folder", "give a file")
        data = _bytes(path, most)
        if len(data) > most:
            raise fail(f"is larger than {most / 1e6:.0f} MB", "give a record or a table")
        return data.decode("utf-8-sig")
    except RecordError:
        raise
    except TimeoutError:
        raise fail(f"gives nothing for {_SILENCE:.0f} s", "write it into a file and give that") from None
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
    return _parsed(read_text(path, _LARGEST_TOML), path)


def read_toml_text(path: Path) -> tuple[str, dict[str, Any], dict[tuple, int]]:
    """The text of a TOML file beside its table and lines; a pipe can be read but once."""
    source = read_text(path, _LARGEST_TOML)
    return source, *_parsed(source, path)


def _parsed(source: str, path: Path) -> tuple[dict[str, Any], dict[tuple, int]]:
    """Table of a TOML text and the lines of its keys; mistakes are told of the file at `path`."""
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


def _heading(column: str) -> tuple[str, str]:
    """Name and unit of a column from "name [unit]"."""
    text = column.strip()
    if not text.endswith("]"):
        return text, ""
    name, found, unit = text[:-1].partition("[")
    return (name.strip(), unit) if found else (text, "")


def _header(line: str, name: str, at: int, needs: tuple[str, ...]) -> dict[str, str]:
    """Columns of a table with their units, in order."""
    mistakes: list[Mistake] = []
    try:
        header = next(csv.reader([line])) if line.count(",") < _WIDEST else []
    except (csv.Error, StopIteration):
        what, write = "the header cannot be read", "write a header such as 'wavelength [nm],n,k'"
        raise RecordError([Mistake(name, at, "", what, write)]) from None
    if not header:
        what, write = f"more than {_WIDEST} columns", "keep the columns that are read"
        raise RecordError([Mistake(name, at, "", what, write)])
    units: dict[str, str] = {}
    for column in header:
        key, unit = _heading(column)
        if not key or key in units:
            what = f"column '{printable(key)}' stands twice" if key else "a column has no name"
            mistakes.append(Mistake(name, at, printable(key), what, "give each column a name of its own"))
        units[key] = unit
    for column in needs:
        if column not in units:
            hint = near(column, units) or f"write a header with {', '.join(needs)}"
            mistakes.append(Mistake(name, at, column, f"column '{column}' is missing", hint))
    if mistakes:
        raise RecordError(mistakes)
    return units


def _split(rows: list[str], width: int) -> tuple[list[str], list[tuple[int, int]]]:
    """Entries of all rows one after the other, and (row, number of entries) where they are not `width`."""
    commas = width - 1
    if not any('"' in row for row in rows) and all(row.count(",") == commas for row in rows):
        return ",".join(rows).split(","), []
    entries: list[str] = []
    odd: list[tuple[int, int]] = []
    for k, row in enumerate(rows):
        try:
            found = next(csv.reader([row])) if '"' in row else row.split(",")
        except (csv.Error, StopIteration):
            found = []
        if len(found) != width:
            odd.append((k, len(found)))
        entries += found
    return entries, odd


def _numbers(entries: list[str]) -> np.ndarray | None:
    """Entries as numbers, NaN where one is empty; None where one is no finite number."""
    together = "".join(entries)
    if "_" in together or not together.isascii():  # which float() would take
        return None
    try:
        held = [entry or "nan" for entry in entries] if "" in entries else entries
        found = np.array(list(map(float, held)))
    except ValueError:
        return None
    return found if np.isfinite(found).sum() == len(entries) - entries.count("") else None


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
    about: dict[str, list[str]] = {}
    body: list[str] = []
    first = 0  # line of the header
    for n, line in enumerate(lines, start=1):
        if line.startswith("#"):
            key, _, words = line.lstrip("# ").partition(":")
            about.setdefault(key.strip().lower(), []).append(words.strip())
        elif line and not line.isspace():
            first = first or n
            body.append(line)
    if not body:
        raise RecordError([Mistake(name, 1, "", "the table is empty", "write a header such as 'wavelength [nm],n,k'")])
    units = _header(body[0], name, first, needs)
    if len(body) == 1:
        raise RecordError([Mistake(name, first, "", "the table has no rows", "write numbers below the header")])

    def places(rows: list[int]) -> list[int]:
        """Lines of rows; looked up only for what is wrong."""
        held = [n for n, line in enumerate(lines, start=1) if line.strip() and not line.startswith("#")]
        return [held[1 + row] for row in rows]

    entries, odd = _split(body[1:], len(units))
    if odd:
        write, mistakes = "write one for each, with a decimal point", []
        for at, (_, count) in zip(places([row for row, _ in odd[:_TOLD]]), odd, strict=False):
            what = f"{count} {'entry' if count == 1 else 'entries'} for {len(units)} columns"
            mistakes.append(Mistake(name, at, "", what, write))
        if len(odd) > _TOLD:
            what = f"and {len(odd) - _TOLD} more rows like these"
            mistakes.append(Mistake(name, mistakes[-1].line, "", what, write))
        raise RecordError(mistakes)
    mistakes = []
    columns: dict[str, Any] = {}
    for i, column in enumerate(units):
        held = [entry.strip() for entry in entries[i :: len(units)]]
        numbers = _numbers(held) if any(held) or units[column] else None
        columns[column] = held if numbers is None else numbers
        if numbers is None and units[column]:  # a column with a unit holds numbers
            bad = list(itertools.islice((k for k, entry in enumerate(held) if _numbers([entry]) is None), 5))
            for at, k in zip(places(bad), bad, strict=True):
                what = f"'{printable(held[k])}' is no finite number"
                mistakes.append(Mistake(name, at, column, what, "write one, or leave it empty"))
    if mistakes:
        raise RecordError(mistakes)
    return Table(name, columns, units, *("; ".join(about.get(k, [])) for k in ("source", "licence", "note")))  # type: ignore[arg-type]


def write_whole(path: Path, content: str | bytes | Iterable[str]) -> None:
    """Write a file whole or not at all: into a neighbour first, then renamed over the old one.

    Lines that are made as they are written need no room for all of them.
    """
    parts: Iterable[str | bytes] = [content] if isinstance(content, str | bytes) else content
    if not path.name or "\0" in path.name:
        raise RecordError([Mistake(short(path), 0, "", "is no name of a file", "give the name of a file")])
    if stands(path) and not path.is_file():  # to rename over a device would take it from everybody
        what = "is a folder" if path.is_dir() else "is a device or a pipe, not a file"
        raise RecordError([Mistake(short(path), 0, "", what, "give the name of a file")])
    try:
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with beside.open("xb") as file:  # with the rights that the user's umask leaves
                file.writelines(p.encode("utf-8", "replace") if isinstance(p, str) else p for p in parts)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        what = _FULL.get(error.errno or 0, "cannot be written")
        raise RecordError(
            [Mistake(short(path), 0, "", what, "give a folder you may write to, with space in it")]
        ) from None
