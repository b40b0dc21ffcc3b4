"""Mistakes in an input: where, what, and what to write instead; and the words for showing what was written.

Nothing here passes on text of a library or of the system, and nothing a user wrote reaches a terminal unshortened.
"""

from __future__ import annotations

from datetime import date, time
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

TOLD = 100  # mistakes that are told one by one
MANY = 1000  # mistakes after which an input is not read on
_LONG = 80  # characters of a word that may be misspelt


class Mistake(NamedTuple):
    """One thing wrong with an input: where, what, and what to write instead."""

    file: str
    line: int
    key: str
    what: str
    write: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        key = f" {self.key}:" if self.key else ""
        return legible(f"{place}:{key} {self.what}; {self.write}")


class RecordError(ValueError):
    """All mistakes of one input, a line each; of very many the first."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = sorted(mistakes, key=lambda m: (m.file, m.line))
        left = len(self.mistakes) - TOLD
        lines = [*map(str, self.mistakes[:TOLD]), *([f"and {left} more: correct these first"] if left > 0 else ())]
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[Any, ...]:  # it crosses to worker processes and back
        return type(self), (self.mistakes,)


class TooMany(RecordError):
    """So many mistakes that reading ends before the rest of the input is looked at."""


def spoken(path: tuple) -> str:
    """Path of a key as a user would say it: formulation[2].core.diameter."""
    words = ""
    for part in path:
        words += f"[{part + 1}]" if isinstance(part, int) else f"{'.' if words else ''}{printable(part)}"
    return words


def printable(text: Any, longest: int = 40) -> str:
    """Text of an input as it may stand in a message: short, on one line, without signs that steer a terminal."""
    cut = f"{text[:longest]}..." if len(text := str(text)) > longest else text
    return legible(cut)


def legible(text: str) -> str:
    """Text without signs that steer a terminal: each stands as its escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown(raw: Any) -> str:
    """A short, safe picture of what was written."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, str):
        return f"'{printable(raw)}'"
    if isinstance(raw, dict):
        return "a table"
    if isinstance(raw, list | tuple):
        return "a list"
    if isinstance(raw, int) and raw.bit_length() > 1000:  # Python refuses to write out what is much longer
        return f"a number of {raw.bit_length() * 0.30103:.0f} digits"
    known = isinstance(raw, int | float | date | time) or hasattr(raw, "_units")
    return printable(raw) if known else type(raw).__name__


def near(word: str, words: Any, cutoff: float = 0.6) -> str:
    """ "did you mean" for a misspelt word, or an empty string."""
    if len(word := str(word)) > _LONG:  # none that is known is as long, and comparing takes seconds
        return ""
    small = {str(w).lower(): str(w) for w in islice(words, MANY)}
    found = get_close_matches(word.lower(), small, n=1, cutoff=cutoff)
    return f"did you mean '{small[found[0]]}'?" if found else ""


def short(path: Path) -> str:
    """A file as a user names it: relative to where they stand, where that is shorter."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):  # OSError: the folder they stand in is gone
        return path.as_posix()
