"""What one modality says of one formulation, as short lines of a table and as the chain of an explanation."""

from __future__ import annotations

from typing import Any, NamedTuple

from .provenance import LETTERS, Cell
from .showing import shows
from .wording import amount, pretty, significant

HEADINGS = {"mri": "MRI", "xray": "CT", "photoacoustic": "Photoacoustic", "ultrasound": "Ultrasound"}


@shows("Verdict", "margin", "c_min", "reason", line="own")
class Verdict(NamedTuple):
    """What one modality says of one formulation at its best condition."""

    margin: Cell | None  # concentration in the target over the smallest one seen
    c_min: Cell | None
    reason: str  # why there is no number, or an empty string

    @property
    def text(self) -> str:
        """Two short lines for a table."""
        if self.margin is not None and self.margin.value is not None:
            first = f"{significant(self.margin.value)}x {where(self.margin)} [{self.margin.letter}]"
            if self.margin.median is not None and self.margin.low is not None and self.margin.high is not None:
                bounds = (self.margin.low, self.margin.median, self.margin.high)
                first += f"\n{' - '.join(significant(b) for b in bounds)} x"
        else:
            first = "cannot decide" if self.c_min is None else "no dose"
        if self.c_min is not None and self.c_min.value is not None:
            return f"{first}\n{amount(self.c_min.value, self.c_min.unit)} {basis_words(self.c_min)}".rstrip()
        return first


def where(cell: Cell) -> str:
    """The conditions that tell one cell of a row from its neighbours."""
    for key in ("field", "kvp", "wavelength", "frequency"):
        if key in cell.conditions:
            return f"at {cell.conditions[key]}"
    return ""


def basis_words(cell: Cell) -> str:
    """What a concentration counts, in a word; empty for whole particles and molecules."""
    basis = cell.conditions.get("basis", "")
    return f"{basis}" if basis not in ("particle", "molecule") else ""


def tone(entry: str) -> str:
    """Colour of a table entry: what is seen, what is not, what is undecided."""
    if "x" in entry.split()[0] if entry.split() else False:
        try:
            return "green" if float(entry.split("x")[0]) >= 1 else "red"
        except ValueError:
            return ""
    return "dim" if entry in ("-", "no dose") or entry.startswith("cannot") else ""


def cell_text(value: Any) -> str:
    """A CSV entry that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text


def story(cell: Cell) -> list[str]:
    """One cell as lines of an explanation."""
    conditions = ", ".join(f"{k} {v}" for k, v in cell.conditions.items() if k != "from")
    if cell.value is None:
        return [f"{cell.quantity} ({conditions}): {cell.refusal}"]
    band = ""
    if cell.low is not None and cell.high is not None and cell.low != cell.high:
        middle = "" if cell.median is None else f", median {significant(cell.median, 3)}"
        band = f" ({significant(cell.low, 3)} to {significant(cell.high, 3)}{middle})"
    status = f", {cell.status}" if cell.status not in ("", "computed", LETTERS[cell.letter]) else ""
    source = f" <- {cell.source}" if cell.source else ""
    unit = "" if cell.unit == "1" else f" {pretty(cell.unit)}"
    first = f"{cell.quantity} = {significant(cell.value, 3)}{band}{unit} ({conditions})"
    lines = [f"{first} [{cell.letter} {LETTERS[cell.letter]}{status}]{source}"]
    return lines + [f"  {flag.severity}: {flag.message}" for flag in cell.flags]
