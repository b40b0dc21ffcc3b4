"""The catalogue as pages: every number of a record with its unit, source and standing, as text and as Markdown.

A page is made of the record's own fields, so that what is added to a record stands on its page at once.
"""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from . import records
from .files import write_whole
from .formulation import Formulation, load
from .mistakes import near, printable, spoken
from .provenance import Refusal, Value
from .wording import unit_text

# Folder of the catalogue -> what its records are, and how one is read.
FOLDERS: dict[str, tuple[str, Any]] = {
    "agents": ("formulation", load),
    "cores": ("core material", records.material),
    "chelates": ("complex", records.chelate),
    "gases": ("gas or liquid", records.gas),
    "media": ("medium", records.medium),
}
STANDING = (
    "Standing of a number: verified (the source was seen to say it), second-hand, unverified (cited, not seen), "
    "fitted, computed or assumed."
)
ABOUT = ("id", "label", "source", "status", "note")


class Row(NamedTuple):
    """One entry of a record: a number, or a word; `folder` is where a record of that name stands."""

    key: str
    held: Any
    folder: str = ""

    @property
    def text(self) -> str:
        """The number with its spread and unit, or the word."""
        if not isinstance(self.held, Value):
            return ("no", "yes")[self.held] if isinstance(self.held, bool) else str(self.held)
        unit = self.held.unit
        text = str(self.held).removesuffix(f" {unit}")
        at = f" at {self.held.at}" if self.held.at else ""
        return f"{text} {unit_text(unit)}".rstrip() + at


class Sheet(NamedTuple):
    """The page of one record."""

    folder: str
    record: Any
    rows: tuple[Row, ...]
    measured: tuple[tuple[Any, str], ...]  # each measurement with its conditions in words
    more: tuple[tuple[str, str], ...]  # what follows from the record, by name
    flags: tuple[Any, ...]

    @property
    def name(self) -> str:
        """Label, or id."""
        return self.record.label or self.record.id

    @property
    def numbers(self) -> tuple[int, int]:
        """How many numbers the record states, and how many of them are verified."""
        held = [r.held for r in self.rows if isinstance(r.held, Value)] + [m.value for m, _ in self.measured]
        stated = [value for value in held if value.source != "default"]
        return len(stated), sum(value.status == "verified" for value in stated)


def _rows(record: Any, path: tuple = ()) -> Iterator[Row]:
    """Every number and word of a record and of the records in it, as far as they hold something."""
    for field in dataclasses.fields(record):
        spec = field.metadata.get("spec")
        hidden = ("source", "status") if path else (*ABOUT, "measured", "tissue")  # told with each number, or above
        if spec is None or field.name in hidden:
            continue
        held = getattr(record, field.name)
        several = isinstance(held, tuple) and len(held) > 1
        for i, item in enumerate(held if isinstance(held, tuple) else (held,)):
            here = (*path, spec.alias or field.name, i) if several else (*path, spec.alias or field.name)
            if item is None or item == "":
                continue
            if isinstance(item, Value) or not dataclasses.is_dataclass(item):
                yield Row(spoken(here), item, spec.folder)
            else:
                yield from _rows(item, here)


def _conditions(measured: Any) -> str:
    keys = ("field", "temperature", "kvp", "wavelength", "frequency", "medium")
    held = [(key, getattr(measured, key, None)) for key in keys]
    return ", ".join(Row(key, value).text for key, value in held if value not in (None, ""))


def sheet(folder: str, name: str) -> Sheet:
    """The page of a record of one folder."""
    record = FOLDERS[folder][1](name)
    rows = [*_rows(record)]
    more: list[tuple[str, str]] = []
    flags: tuple[Any, ...] = ()
    measured: tuple[tuple[Any, str], ...] = ()
    if isinstance(record, Formulation):
        measured = tuple((m, _conditions(m)) for m in record.measured)
        more.append(("counted by", ", ".join(f"{basis} ({takes})" for basis, takes in record.bases().items())))
        held = ((material, volume) for material, volume in record.layers if material)
        more += [("layer", f"{material}, {volume:.4g} nm³ in one particle") for material, volume in held]
        flags = record.flags()
    if isinstance(record, records.Chelate):
        ion = records.ions().get(record.ion)
        if ion is not None:
            told = f"S {ion.S:g}, L {ion.L:g}, J {ion.J:g}, g {ion.g_J:.4g}, moment {ion.mu_eff:g} Bohr magnetons"
            told += f", {ion.r:g} Å to the proton"
            more.append((f"ion {ion.symbol}", f"{told} [{ion.status}] {ion.source}"))
    return Sheet(folder, record, tuple(rows), measured, tuple(more), flags)


def sheets(name: str) -> list[Sheet]:
    """Pages of every record of that id, formulations first; "cores/water" names one of several.

    Raises
    ------
    Refusal
        No record has this id; the nearest one is named.
    """
    folder, _, plain = name.rpartition("/")
    if folder and folder not in FOLDERS:
        raise Refusal("unknown", f"no folder '{printable(folder)}': write one of {', '.join(FOLDERS)}")
    found = [sheet(f, plain) for f in ([folder] if folder else FOLDERS) if plain in records.ids(f)]
    if not found:
        known = [i for f in ([folder] if folder else FOLDERS) for i in records.ids(f)]
        hint = near(plain, known) or "run 'contrastphys list' for the known ones"
        raise Refusal("unknown", f"no record '{printable(plain, 60)}': {hint}")
    return found


# ---------------------------------------------------------------------------------------------------- text


def text(page: Sheet) -> str:
    """A page for a terminal."""
    record, kind = page.record, FOLDERS[page.folder][0]
    first = f"{page.name} ({record.id}), {kind}"
    if isinstance(record, Formulation):
        first = f"{page.name} ({record.id}), {record.kind}, counted by {record.basis}"
    lines = [first]
    lines += [f"  {word}: {getattr(record, word)}" for word in ("source", "status", "note") if getattr(record, word)]
    for row in page.rows:
        lines.append(f"  {row.key} = {row.text}{_standing(row.held)}")
    for measured, conditions in page.measured:
        per = f" per {measured.per}" if measured.per else ""
        value = Row("", measured.value)
        where = f" ({conditions})" if conditions else ""
        lines.append(f"  measured {measured.quantity} = {value.text}{per}{where}{_standing(measured.value)}")
    lines += [f"  {name}: {told}" for name, told in page.more]
    lines += [f"  {flag.severity}: {flag.message}" for flag in page.flags]
    return "\n".join(lines)


def _standing(held: Any) -> str:
    if not isinstance(held, Value):
        return ""
    note = f" ({held.note})" if held.note else ""
    return f" [{held.status}] {held.source}{note}"


# ------------------------------------------------------------------------------------------------ Markdown


def plain(words: Any) -> str:
    """Text of a record as Markdown shows it literally, in one line.

    Examples
    --------
    >>> plain("a | b <script> *x* [y]")
    'a \\\\| b &lt;script&gt; \\\\*x\\\\* \\\\[y\\\\]'
    """
    line = " ".join(str(words).split())
    return re.sub(r"([\\`*_\[\]|~#])", r"\\\1", html.escape(line, quote=False))


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows), ""]


def markdown(page: Sheet) -> str:
    """A page as Markdown: tables of numbers and measurements, with links to the records it names."""
    record = page.record
    kind = f"{record.kind}, counted by {record.basis}" if isinstance(record, Formulation) else FOLDERS[page.folder][0]
    lines = [f"# {plain(page.name)}", "", f"`{record.id}`: {plain(kind)}", ""]
    lines += [f"{plain(record.note)}", ""] if record.note else []
    if record.source:
        lines += [f"Source: {plain(record.source)} ({plain(record.status or 'no standing stated')})", ""]
    numbers, words = [], []
    for row in page.rows:
        if isinstance(row.held, Value):
            v = row.held
            numbers.append([plain(row.key), plain(row.text), plain(v.status), plain(v.source), plain(v.note)])
        else:
            told = plain(row.text)
            if row.folder in FOLDERS and row.held in records.ids(row.folder):
                told = f"[{told}](../{row.folder}/{row.held}.md)"
            words.append([plain(row.key), told])
    if words:
        lines += ["## What it is", "", *_table(["entry", "is"], words)]
    if numbers:
        lines += ["## Numbers", "", *_table(["number", "value", "standing", "source", "note"], numbers)]
    if page.measured:
        rows = [
            [plain(m.quantity), plain(Row("", m.value).text), plain(m.per), plain(conditions), plain(m.value.status),
             plain(m.value.source), plain(m.value.note)]
            for m, conditions in page.measured
        ]  # fmt: skip
        head = ["quantity", "value", "per", "conditions", "standing", "source", "note"]
        lines += ["## Measured", "", *_table(head, rows)]
    if page.more:
        lines += ["## What follows", "", *(f"- {plain(name)}: {plain(told)}" for name, told in page.more), ""]
    lines += [f"- {flag.severity}: {plain(flag.message)}" for flag in page.flags]
    return "\n".join(lines).rstrip() + "\n"


def index(pages: list[Sheet], linked: bool = True) -> str:
    """The list of the catalogue as Markdown, a table for each kind of record."""
    lines = ["# The catalogue", "", STANDING, ""]
    for folder, (kind, _) in FOLDERS.items():
        held = [page for page in pages if page.folder == folder]
        if not held:
            continue
        rows = []
        for page in held:
            count, verified = page.numbers
            name = f"[{page.record.id}]({folder}/{page.record.id}.md)" if linked else f"`{page.record.id}`"
            own = f"{page.record.kind}, by {page.record.basis}" if isinstance(page.record, Formulation) else kind
            rows.append([name, plain(page.name), plain(own), str(count), str(verified)])
        lines += [f"## {folder}", "", *_table(["id", "name", "kind", "numbers", "verified"], rows)]
    return "\n".join(lines).rstrip() + "\n"


def all_pages(kind: str = "") -> list[Sheet]:
    """Every page of the catalogue; with a kind of formulation only those formulations."""
    made = [sheet(folder, name) for folder in (["agents"] if kind else FOLDERS) for name in records.ids(folder)]
    return [page for page in made if not kind or page.record.kind == kind]


def write(folder: Path, pages: list[Sheet]) -> list[Path]:
    """Write a page for every record, and last index.md; each file whole."""
    paths = []
    for page in pages:
        path = folder / page.folder / f"{page.record.id}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, markdown(page))
        paths.append(path)
    write_whole(folder / "index.md", index(pages))
    return [*paths, folder / "index.md"]
