"""Cells as the lines of results.json and table.csv, one at a time: a large comparison is never held as text."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator

from .provenance import Cell
from .verdicts import cell_text

_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
COLUMNS = (
    "run", "formulation", "modality", "quantity", "conditions", "value", "unit", "low", "median", "high", "provenance",
    "status", "source", "flags",
)  # fmt: skip


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


def json_lines(cells: Iterable[Cell], run: str) -> Iterator[str]:
    """A list of cells, one a line, each with the run it belongs to."""
    yield "[\n"
    before = ""
    for cell in cells:
        yield f"{before}{_ENCODE({'run': run, **cell.record()})}"
        before = ",\n"
    yield "\n]\n"


def csv_lines(cells: Iterable[Cell], run: str) -> Iterator[str]:
    """A row a cell below a row of names; nothing in it is taken for a formula by a spreadsheet."""
    row = csv.writer(_Echo(), lineterminator="\n").writerow
    yield row(COLUMNS)  # type: ignore[misc]
    for c in cells:
        conditions = "; ".join(f"{key}: {told}" for key, told in c.conditions.items())
        flags = "; ".join(f"{flag.code}: {flag.message}" for flag in c.flags)
        held = (
            run, c.formulation, c.modality, c.quantity, conditions, c.value, c.unit, c.low, c.median, c.high, c.letter,
            c.status, c.source, flags,
        )  # fmt: skip
        yield row([cell_text(each) for each in held])  # type: ignore[misc]
