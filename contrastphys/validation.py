"""Models against every published number held: how far off, and whether the error they declare covers it.

A row is evidence when its number was read in its source (status verified) and no model was fitted to it or reads it.
Its verdict is `within` where the published number lies in the model's own band (a published range: where the two
overlap). A class of rows is validated with five or more such rows, and covered where at least two thirds of them lie
within. Second-hand and unverified rows are scored beside it and never counted.
"""

from __future__ import annotations

import csv
import datetime
import io
import math
import platform
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from .files import write_whole
from .goals import LEAST, STANDINGS, Reached, between_studies, goal_lines, reached
from .provenance import Refusal, Value
from .published import MODALITIES, Published, published
from .showing import Page, shows
from .units import UnitError

SHARE = 2 / 3  # of verified rows that must lie within the declared error
DOUBTS = ("peak", "clearance", "linear limit", "nanobubble")  # flags of a model that explain a disagreement
VAGUE = 10.0  # a declared factor from which on a band tells nothing
UNDECIDED = "undecided: the band is too wide to tell"
WIDE = 1.6  # from this declared factor on, a class is told in factors and not in per cent

WITHIN, OUTSIDE, USED, REFUSED, NOT_ASKED = "within", "outside", "not scored", "refused", "not comparable"


@shows("{0.published.agent}: {0.published.quantity}", "verdict", "model", "ratio", "reason", "published")
@dataclass(frozen=True)
class Row:
    """One published number, what the model says, and the verdict."""

    published: Published
    model: Value | None
    verdict: str
    reason: str

    @property
    def ratio(self) -> float | None:
        """Model over published; of a published range, over its nearest end, and 1 inside it."""
        p = self.published
        if self.model is None or self.verdict in (REFUSED, NOT_ASKED):
            return None
        if p.number is not None:
            return self.model.number / p.number if p.number else None
        if p.low is None or p.high is None:
            return None
        return self.model.number / min(max(self.model.number, p.low), p.high)

    @property
    def scored(self) -> bool:
        """Whether the row tells something of the model."""
        return self.verdict in (WITHIN, OUTSIDE)

    @property
    def evidence(self) -> bool:
        """Whether the row counts: scored, and read in its source."""
        return self.scored and self.published.status == "verified"

    def record(self) -> dict[str, Any]:
        """Plain data, in the order of the CSV."""
        p, model, ratio = self.published, self.model, self.ratio
        low, high = (None, None) if model is None else model.bounds()
        return {
            "modality": p.modality, "class": p.group, "agent": p.agent, "quantity": p.quantity,
            "conditions": p.conditions, "published": p.number, "sd": p.sd, "published_low": p.low,
            "published_high": p.high, "unit": p.unit, "model": None if model is None else model.number,
            "model_low": low, "model_high": high, "deviation": None if ratio is None else ratio - 1,
            "factor": None if ratio is None or ratio <= 0 else max(ratio, 1 / ratio), "verdict": self.verdict,
            "reason": self.reason, "status": p.status, "source": p.source, "assumed": p.assumed, "note": p.note,
        }  # fmt: skip


@shows("Rows")
@dataclass(frozen=True)
class Shown:
    """What rows of one status show: how many, how far off, how many within the declared error."""

    n: int
    error: float | None = None  # mean absolute relative deviation
    bias: float | None = None  # mean relative deviation
    factor: float | None = None  # median factor
    centre: float | None = None  # median ratio, model over published
    within: int = 0


@shows("{0.modality}: {0.name}", "standing", "shown", "declared", "used", "refused", "not_asked")
@dataclass(frozen=True)
class Group:
    """Summary of one class."""

    modality: str
    name: str
    shown: dict[str, Shown]  # by status
    declared: float | None  # median half width of the models' bands, as a factor
    used: int
    refused: int
    not_asked: int
    between: float | None = None  # mean relative difference of two studies of one agent under the same conditions
    pairs: int = 0  # of studies that tell it

    @property
    def validated(self) -> bool:
        """Whether there is evidence enough to judge."""
        return self.shown["verified"].n >= LEAST

    @property
    def covered(self) -> bool:
        """Whether two thirds of the evidence lie within the declared error."""
        verified = self.shown["verified"]
        return verified.within >= SHARE * verified.n - 1e-9

    @property
    def standing(self) -> str:
        """The judgement in words."""
        if self.validated and self.covered:
            return "covered" if (self.declared or 1.0) < VAGUE else UNDECIDED
        if self.validated:
            return "declares too little"
        other = self.shown["second-hand"]
        off = other.n >= LEAST and other.within < SHARE * other.n
        return "not validated; second-hand rows lie outside" if off else "not validated"

    @property
    def wide(self) -> bool:
        """Whether factors tell more than per cent: wide bands, and particles, whose rows differ by factors."""
        return (self.declared or 1.0) >= WIDE or "oxide" in self.name or "particle" in self.name


def _validation_page(found: Validation) -> Page:
    lines = [(group.modality, *_short(group)) for group in found.groups]
    columns = ("verified", "error shown", "declared", "studies", "second-hand", "unverified", "apart", "standing")
    head = ("", "class", *columns)
    worst = [f"outside: {described(row)}" for row in found.worst(3)]
    return Page(f"{len(found.rows)} published numbers against the models", lines, head, note="\n".join(worst), most=60)


@shows("Validation", of=_validation_page)
@dataclass(frozen=True)
class Validation:
    """Every row with its verdict; `groups` is the summary by class, `ok` what the exit code follows."""

    rows: tuple[Row, ...]

    @property
    def groups(self) -> tuple[Group, ...]:
        """Summary by class, in the order of modalities and names."""
        met = dict.fromkeys((row.published.modality, row.published.group) for row in self.rows)
        names = sorted(met, key=lambda name: (MODALITIES.index(name[0]), _natural(name[1])))
        return tuple(
            _group(*name, [r for r in self.rows if (r.published.modality, r.published.group) == name]) for name in names
        )

    @property
    def goals(self) -> tuple[Reached, ...]:
        """Every goal of the modalities asked, by the status of its rows."""
        return reached(self.rows)

    @property
    def ok(self) -> bool:
        """False where a validated class shows more error than its models declare."""
        return all(group.covered for group in self.groups if group.validated)

    def worst(self, count: int = 12) -> list[Row]:
        """Scored rows outside the declared error, furthest first, the verified ones before the others."""
        outside = [row for row in self.rows if row.verdict == OUTSIDE]
        return sorted(outside, key=lambda row: (not row.evidence, -_distance(row)))[:count]

    def counts(self) -> Counter[str]:
        """Rows by verdict, and by status."""
        once = [row for row in self.rows if not row.published.again]
        told = Counter(row.verdict for row in once)
        told.update(f"status {row.published.status}" for row in once)
        return told

    def reasons(self) -> list[tuple[str, int]]:
        """Why rows were not scored, most frequent first."""
        told = Counter(_general(row.reason) for row in self.rows if not row.scored)
        return told.most_common()

    def to_csv(self) -> str:
        """The rows as CSV text."""
        out = io.StringIO()
        fields = list(self.rows[0].record()) if self.rows else []
        writer = csv.DictWriter(out, fields, lineterminator="\n")
        writer.writeheader()
        for row in self.rows:
            record = {k: f"{v:.6g}" if isinstance(v, float) else _safe(v) for k, v in row.record().items()}
            writer.writerow(record)
        return out.getvalue()

    def to_markdown(self) -> str:
        """The page: summary by class, rows outside, why rows were not scored, versions."""
        return _page(self)

    def write(self, folder: Path) -> list[Path]:
        """validation.csv and VALIDATION.md in a folder, each file whole."""
        paths = [folder / "validation.csv", folder / "VALIDATION.md"]
        for path, content in zip(paths, (self.to_csv(), self.to_markdown()), strict=True):
            write_whole(path, content)
        return paths

    def table(self, width: int = 140) -> str:
        """The summary by class as text for a terminal, a line each; numbers in brackets are those within."""
        from rich.console import Console
        from rich.table import Table

        shown = Table(
            "class", "verified", "error shown", "declared", "studies", "second-hand", "unverified", "apart", "standing",
            box=None, pad_edge=False,
        )  # fmt: skip
        before = ""
        for group in self.groups:
            if group.modality != before:
                shown.add_row(group.modality.upper() if len(group.modality) < 4 else group.modality)
                before = group.modality
            shown.add_row(*_short(group))
        console = Console(width=width, file=io.StringIO(), highlight=False)
        console.print(shown)
        return console.file.getvalue()  # type: ignore[attr-defined]

    def plot(self, ax: Any = None) -> Any:
        """Model over published, a line a class; returns the matplotlib Axes."""
        from .plots.results import validation

        return validation(self, ax)


def validate(modality: str | None = None) -> Validation:
    """Compare every published number held with the model that may be asked for it.

    Parameters
    ----------
    modality : {"mri", "xray", "photoacoustic", "ultrasound"}, optional
        Only this one.

    Returns
    -------
    Validation
        .rows .groups .ok .table() .worst() .to_csv() .to_markdown() .write(folder)

    Examples
    --------
    >>> found = validate("xray")
    >>> len(found.rows) > 30 and len(found.groups) > 3
    True
    """
    return judge(published(modality))


def judge(numbers: Iterable[Published]) -> Validation:
    """Ask each number's model and give the verdict."""
    return Validation(tuple(_row(number) for number in numbers))


def _row(p: Published) -> Row:
    if p.ask is None:
        return Row(p, None, USED if p.used else NOT_ASKED, p.used or p.why or "no model is asked for it")
    try:
        model = p.ask()
    except (Refusal, UnitError, ValueError) as why:
        return Row(p, None, USED if p.used else REFUSED, p.used or " ".join(str(why).split()))
    if p.used:
        return Row(p, model, USED, p.used)
    if p.number is None and (p.low is None or p.high is None):
        return Row(p, model, NOT_ASKED, "the source gives no number")
    low, high = model.bounds()
    if not (math.isfinite(low) and math.isfinite(high)) or low == high:
        return Row(p, model, NOT_ASKED, "the model declares no error")
    bottom, top = (p.number, p.number) if p.number is not None else (p.low, p.high)
    meets = low <= top and bottom <= high  # type: ignore[operator]
    return Row(p, model, WITHIN if meets else OUTSIDE, "")


# -------------------------------------------------------------------------------------------------- summary


def _group(modality: str, name: str, rows: Sequence[Row]) -> Group:
    spread = [_half_width(row.model) for row in rows if row.scored and row.model is not None]
    between, pairs = between_studies(row.published for row in rows)
    return Group(
        modality, name,
        {status: _shown([r for r in rows if r.scored and _standing(r) == status]) for status in STANDINGS},
        float(np.median(spread)) if spread else None,
        sum(r.verdict == USED for r in rows), sum(r.verdict == REFUSED for r in rows),
        sum(r.verdict == NOT_ASKED for r in rows), between, pairs,
    )  # fmt: skip


def _natural(name: str) -> list[Any]:
    """Sorting key that takes numbers in a name as numbers, and "below" before any of them."""
    parts = re.split(r"(\d+\.?\d*)", name.replace("below", "0 below"))
    return [(0, float(part), "") if part[:1].isdigit() else (1, 0.0, part) for part in parts]


def _standing(row: Row) -> str:
    return row.published.status if row.published.status in STANDINGS else "unverified"


def _half_width(model: Value) -> float:
    """A band as a factor: 1 + its relative half width where it is even, else the wider side's factor, at most 1000."""
    low, high = (bound / model.number if model.number else math.inf for bound in model.bounds())
    low, high = min(low, high), max(low, high)
    if abs((high - 1) - (1 - low)) < 1e-6 * high:
        return high
    return float(min(max(high, 1 / low if low > 1e-3 else 1000.0), 1000.0))


def _shown(rows: Sequence[Row]) -> Shown:
    ratios = np.array([row.ratio for row in rows if row.ratio is not None], dtype=float)
    within = sum(row.verdict == WITHIN for row in rows)
    if not ratios.size:
        return Shown(len(rows), within=within)
    factors = np.exp(np.abs(np.log(np.maximum(ratios, 1e-12))))
    return Shown(
        len(rows), float(np.mean(np.abs(ratios - 1))), float(np.mean(ratios - 1)), float(np.median(factors)),
        float(np.median(ratios)), within,
    )  # fmt: skip


def _distance(row: Row) -> float:
    """How far outside the band a published number lies, in half widths of the band on a logarithmic scale."""
    ratio = row.ratio
    if ratio is None or row.model is None or ratio <= 0:
        return 0.0
    return abs(math.log(ratio)) / max(math.log(_half_width(row.model)), 1e-6)


def _general(reason: str) -> str:
    """A reason without what is particular to one agent."""
    head, _, rest = reason.partition(": ")
    return rest if rest and " " not in head else reason


# --------------------------------------------------------------------------------------------------- words

_HEADINGS = (
    "class", "verified", "error shown", "within", "declared", "between studies", "second-hand", "unverified",
    "not scored", "refused", "not comparable", "standing",
)  # fmt: skip


def _error_words(shown: Shown, wide: bool) -> str:
    if shown.error is None:
        return "-"
    if wide:
        return f"x{shown.factor:.2f}, bias x{shown.centre:.2f}"
    return f"{100 * shown.error:.2g} %, bias {100 * (shown.bias or 0.0):+.2g} %"


def _cells(group: Group) -> tuple[str, ...]:
    verified = group.shown["verified"]
    declared = "-"
    if group.declared is not None:
        wide = group.declared >= WIDE
        declared = f"x{group.declared:.2g}" if wide else f"{100 * (group.declared - 1):.2g} %"
        declared = "over x100" if group.declared > 100 else declared

    def apart(status: str) -> str:
        shown = group.shown[status]
        if not shown.n:
            return "0"
        return f"{shown.n} ({_error_words(shown, group.wide)}; {shown.within} within)"

    return (
        f"{group.modality}: {group.name}", str(verified.n), _error_words(verified, group.wide),
        f"{verified.within}/{verified.n}" if verified.n else "-", declared, _between(group), apart("second-hand"),
        apart("unverified"),
        str(group.used), str(group.refused), str(group.not_asked), group.standing,
    )  # fmt: skip


def _between(group: Group) -> str:
    if group.between is None:
        return "-"
    return f"{100 * group.between:.2g} % ({group.pairs} pair{'' if group.pairs == 1 else 's'})"


def _short(group: Group) -> tuple[str, ...]:
    """A class in one line of a terminal."""
    cells = _cells(group)
    counts = [f"{s.n} ({s.within})" if s.n else "-" for s in (group.shown[status] for status in STANDINGS)]
    error = cells[2]
    if not group.shown["verified"].n and group.shown["second-hand"].n:
        error = f"({_error_words(group.shown['second-hand'], group.wide)})"
    apart = str(group.used + group.refused + group.not_asked or "-")
    standing = group.standing.replace("second-hand rows lie outside", "second-hand outside")
    between = "-" if group.between is None else f"{100 * group.between:.2g} %"
    return (f"  {group.name}", counts[0], error, cells[4], between, counts[1], counts[2], apart, standing)


def described(row: Row) -> str:
    """One row in a line."""
    p, model = row.published, row.model
    number = f"{p.number:.4g}" if p.number is not None else f"{p.low:.4g} to {p.high:.4g}"
    spread = "" if p.sd is None else f" +- {p.sd:g}"
    unit = "" if p.unit == "1" else f" {p.unit}"
    assert model is not None
    low, high = model.bounds()
    return (
        f"{p.agent}, {p.quantity} at {p.conditions}: published {number}{spread}, model {model.number:.4g} "
        f"({low:.4g} to {high:.4g}){unit} [{p.status}] {p.source}{_doubt(model)}"
    )


def _doubt(model: Value) -> str:
    """What the model itself says against its number, where it names the quantity's own trouble."""
    told = [flag.message for flag in model.flags if flag.code in DOUBTS]
    return f"; the model: {'; '.join(told)}" if told else ""


def versions() -> str:
    """Versions that decide the numbers."""
    found = [f"Python {platform.python_version()}"]
    for name in ("contrastphys", "numpy", "scipy", "xraylib", "pint"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            from . import __version__

            found.append(f"{name} {__version__}")
    return ", ".join(found)


def summary(found: Validation) -> list[str]:
    """The counts in sentences."""
    told, groups = found.counts(), found.groups
    judged = [group for group in groups if group.validated]
    evidence = sum(row.evidence and not row.published.again for row in found.rows)
    once = sum(not row.published.again for row in found.rows)
    short = [f"{group.modality}: {group.name}" for group in judged if not group.covered]
    lines = [
        f"{once} published numbers: {told['status verified']} verified, "
        f"{told['status second-hand']} second-hand, "
        f"{once - told['status verified'] - told['status second-hand']} unverified or computed.",
        f"{evidence} verified numbers are evidence; {told[USED]} were used in a fit or as input and are not scored, "
        f"{told[REFUSED]} were refused by the model, {told[NOT_ASKED]} cannot be compared.",
        f"{len(judged)} of {len(groups)} classes have {LEAST} or more verified rows; the others are not validated.",
    ]
    lines.append(
        "Declared error smaller than shown: " + "; ".join(short) + "."
        if short
        else "In every validated class at least two thirds of the verified rows lie within the declared error."
    )
    again = len(found.rows) - once
    if again:
        lines.append(f"{again} of the numbers were put once more to a model calibrated on two points of their study.")
    vague = [f"{group.modality}: {group.name}" for group in judged if group.standing == UNDECIDED]
    if vague:
        lines.append("No success is claimed for " + "; ".join(vague) + ": their bands are too wide to tell.")
    return lines


def _safe(entry: Any) -> Any:
    """A CSV entry that no spreadsheet takes for a formula."""
    return f"'{entry}" if isinstance(entry, str) and entry[:1] in "=+-@" and entry[:1] else entry


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in cells) + " |"


def _page(found: Validation) -> str:
    lines = ["# Models against published numbers", ""]
    lines += [f"Made by `contrastphys validate` on {datetime.date.today().isoformat()} with {versions()}.", ""]
    lines += [*summary(found), ""]
    lines += [
        "Error shown: mean absolute deviation of the model with its bias, or, where the declared error is a factor "
        f"of {WIDE} and more, the median factor with the median of model over published. Declared: the median half "
        "width of the bands the models themselves give. Between studies: how far two studies of one agent lie apart "
        "under the same conditions. Only verified rows are evidence.",
        "",
        "## By class",
        "",
        _line(_HEADINGS),
        _line("---" for _ in _HEADINGS),
    ]
    lines += [_line(_cells(group)) for group in found.groups]
    if goals := goal_lines(found.goals):
        lines += ["", "## Goals", "", *(f"- {line}" for line in goals)]
    outside = [row for row in found.rows if row.verdict == OUTSIDE and row.evidence]
    lines += ["", f"## Verified numbers outside the declared error ({len(outside)})", ""]
    lines += [f"- {described(row)}" for row in sorted(outside, key=_distance, reverse=True)] or ["None."]
    told = [
        r for r in found.rows if r.verdict == OUTSIDE and not r.evidence and r.model is not None and _doubt(r.model)
    ]
    if told:
        lines += ["", f"## Other disagreements that a model can explain ({len(told)})", ""]
        lines += [f"- {described(row)}" for row in told]
    lines += ["", "## Why numbers were not scored", "", _line(("reason", "numbers")), _line(("---", "---"))]
    lines += [_line((reason, str(count))) for reason, count in found.reasons()]
    return "\n".join(lines) + "\n"
