"""Model against every published relaxivity held, by class, with nothing fitted to the rows it is scored on.

A class has its own measure: the mean absolute error for chelates, the median factor between model and published for
particles, where a tenth of the rows is off by more than 5. Verified rows are counted apart; a class with fewer than
five of them is "not validated", whatever its agreement. Rows that were used in a fit are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from .. import records
from ..formulation import load
from ..provenance import Refusal
from . import particles, regimes
from .media import medium_id, surroundings
from .model import evaluate, relaxing_metal
from .motion import water_diffusion

TABLES = ("published/mri_measured", "published/mri_collected")
FITTED = ("gadofosveset", "gadopiclenol")  # their sets were adjusted to the rows held
SUSPECT = ("implausible", "Ms above", "suspect")
ENOUGH = 5
FERRITE = (5100.0, 231.533e-3 / 3)  # density [kg/m^3] and mass per mole of metal [kg/mol] where only Ms is known
BULK = 93.0  # A m^2/kg, magnetite


class Point(NamedTuple):
    """One published number beside the model's."""

    group: str
    agent: str
    quantity: str
    field: float
    size: float | None  # nm
    published: float
    computed: float
    status: str
    source: str

    @property
    def ratio(self) -> float:
        """Model over published."""
        return self.computed / self.published


class Score(NamedTuple):
    """How a class of points comes out."""

    group: str
    quantity: str
    rows: int
    verified: int
    mean_error: float  #: mean of |model/published - 1|
    bias: float  #: median of model/published
    median_factor: float  #: median of the factor either way
    far: float  #: share of points off by more than a factor of 5
    limit: str  #: what was asked of the class
    reached: bool

    @property
    def standing(self) -> str:
        """ "validated", "outside its limit", or "not validated" for want of verified rows."""
        if self.verified < ENOUGH:
            return f"not validated ({self.verified} verified rows)"
        return "validated" if self.reached else "outside its limit"


# class -> quantity -> (measure, limit); the measure is "mean" (relative) or "factor"
LIMITS: dict[str, dict[str, tuple[str, float]]] = {
    "chelates, water, 1.5 T and above": {"r1": ("mean", 0.10), "r2": ("mean", 0.12)},
    "chelates, water, 0.47 T": {"r1": ("mean", 0.25), "r2": ("mean", 0.25)},
    "chelates, plasma": {"r1": ("mean", 0.15), "r2": ("mean", 0.25)},
    "chelates, blood": {"r1": ("mean", 0.15), "r2": ("mean", 0.25)},
    "chelates, plasma, set at 1.5 T": {"r1": ("mean", 0.15), "r2": ("mean", 0.15)},
    "chelates, blood, set at 1.5 T": {"r1": ("mean", 0.15), "r2": ("mean", 0.15)},
    "iron oxide, below 4.5 nm": {"r1": ("factor", 3.0), "r2": ("factor", 10.0)},
    "iron oxide, 4.5 to 25 nm": {"r1": ("factor", 1.7), "r2": ("factor", 1.7)},
    "iron oxide, 4.5 to 8 nm": {"r1": ("factor", 1.7), "r2": ("factor", 1.7)},
    "iron oxide, 8 to 14 nm": {"r1": ("factor", 1.7), "r2": ("factor", 1.7)},
    "iron oxide, 14 to 25 nm": {"r1": ("factor", 1.7), "r2": ("factor", 1.7)},
    "lanthanide particles": {"r1": ("factor", 3.0), "r2": ("factor", 2.0)},
}


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def published_rows() -> list[dict[str, Any]]:
    """Every row of the published tables once (a number that stands in both is counted by its better status)."""
    seen: dict[tuple, dict[str, Any]] = {}
    for name in TABLES:
        for row in records.table(name).rows():
            numbers = tuple(_number(row[key]) for key in ("core", "field", "r1", "r2"))
            key = (row["agent"].lower(), medium_id(row["medium"]) if row["medium"] else "", *map(str, numbers))
            seen.setdefault(key, row)
    return list(seen.values())


def chelate_points() -> list[Point]:
    """Clinical chelates at 36 to 41 degC in water, plasma and blood, by the parameter sets as they are."""
    points, known = [], set(records.ids("agents"))
    for row in published_rows():
        agent, field = row["agent"], _number(row["field"])
        temperature = _number(row["temperature"])
        if row["class"] != "A" or agent not in known or agent in FITTED or not np.isfinite(field):
            continue
        if not 309 <= (temperature if np.isfinite(temperature) else 310.15) <= 314.5 or not row["medium"]:
            continue
        medium = medium_id(row["medium"])
        if medium not in ("water", "plasma", "blood") or field < 0.4:
            continue
        try:
            found = evaluate(load(agent), field, 310.15, surroundings(medium), agent=0.5)
        except Refusal:
            continue
        low = "water, 0.47 T" if field < 1 else "water, 1.5 T and above"
        group = f"chelates, {low}" if medium == "water" else f"chelates, {medium}"
        if medium != "water" and field < 1:
            continue
        points += _points(group, row, field, None, found.numbers)
    return points


def _points(group: str, row: dict[str, Any], field: float, size: float | None, numbers: Any) -> list[Point]:
    found = []
    for quantity in ("r1", "r2"):
        value = _number(row[quantity])
        if value > 0 and numbers[quantity] is not None:
            computed = float(numbers[quantity])
            status = row["status"]
            found.append(
                Point(group, row["agent"], quantity, field, size, value, computed, status, row["citation"])
            )  # fmt: skip
    return found


def calibrated_points(points: Iterable[Point]) -> list[Point]:
    """Plasma and blood with the scale of each agent set at 1.5 T, scored at the other fields."""
    points = list(points)
    found = []
    for medium in ("plasma", "blood"):
        here = [p for p in points if p.group == f"chelates, {medium}"]
        for agent, quantity in sorted({(p.agent, p.quantity) for p in here}):
            own = [p for p in here if (p.agent, p.quantity) == (agent, quantity)]
            anchor = [p.ratio for p in own if abs(p.field / 1.5 - 1) < 0.05]
            if not anchor:
                continue
            scale = float(np.exp(np.mean(np.log(anchor))))
            group = f"chelates, {medium}, set at 1.5 T"
            found += [
                p._replace(group=group, computed=p.computed / scale) for p in own if abs(p.field / 1.5 - 1) >= 0.05
            ]
    return found


def iron_rates(diameter: float, per_mass: float, field: float, hydrodynamic: float, sigma_ln: float = 0.0,
               temperature: float = 298.15) -> dict[str, float]:  # fmt: skip
    """r1 and r2 of a bare record: size, magnetisation per mass [A m^2/kg] and field, single cores in water."""
    density, mass = FERRITE
    v_mat = mass / density
    diffusion = float(water_diffusion.bare(temperature))
    rates = regimes.population(
        field, diameter, per_mass * density, v_mat, temperature, diffusion, neel=particles.ASSUMED_NEEL,
        sigma_ln=sigma_ln,
    )  # fmt: skip
    share = max(0.0, 1.0 - per_mass / BULK)
    outer = hydrodynamic if hydrodynamic > diameter else diameter + 6.0
    r1, r2 = particles.surface_iron(field, temperature, diameter, outer, 1.0, share)
    return {"r1": float(rates.r1 + r1), "r2": float(rates.r2_star + r2)}


def iron_points(sigma_ln: float = 0.0) -> list[Point]:
    """Iron oxides and ferrites with a measured magnetisation; rows marked as suspect are left out."""
    points = []
    for row in published_rows():
        size, per_mass, field = (_number(row[key]) for key in ("core", "saturation", "field"))
        if row["class"] != "B" or not (1 <= size <= 25 and per_mass > 0 and field > 0):
            continue
        if any(word in row["note"] for word in SUSPECT):
            continue
        if "magnetic atoms" in row["note"]:
            per_mass *= 0.724
        numbers = iron_rates(size, per_mass, field, _number(row["hydrodynamic"]), sigma_ln)
        if size < 4.5:
            points += _points("iron oxide, below 4.5 nm", row, field, size, numbers)
            continue
        part = "4.5 to 8 nm" if size < 8 else "8 to 14 nm" if size < 14 else "14 to 25 nm"
        for group in ("4.5 to 25 nm", part):
            points += _points(f"iron oxide, {group}", row, field, size, numbers)
    return points


def lanthanide_points() -> list[Point]:
    """Particles of Tb, Dy, Ho in the catalogue against their own measurements."""
    from .measured import rows

    points = []
    for agent in records.ids("agents"):
        formulation = load(agent)
        if not formulation.cores or not records.material(formulation.cores[0].material).magnetic_ion:
            continue
        for row in rows(formulation, relaxing_metal(formulation)):
            try:
                found = evaluate(formulation, row.field, row.temperature or 298.15, surroundings(row.medium or "water"))
            except Refusal:
                continue
            if row.quantity in ("r1", "r2") and found.numbers[row.quantity] is not None:
                size = formulation.cores[0].diameter.number
                number = float(found.numbers[row.quantity])
                points.append(
                    Point("lanthanide particles", agent, row.quantity, row.field, size, row.number, number, row.status,
                          row.source)
                )  # fmt: skip
    return points


def points() -> list[Point]:
    """Every point of every class."""
    chelates = chelate_points()
    return [*chelates, *calibrated_points(chelates), *iron_points(), *lanthanide_points()]


def score(found: Iterable[Point] | None = None) -> list[Score]:
    """Every class and quantity with its errors, its counts and whether it holds what is asked of it.

    Examples
    --------
    >>> best = next(s for s in score() if s.group == "chelates, water, 1.5 T and above" and s.quantity == "r1")
    >>> best.rows, best.reached
    (27, True)
    """
    everything = points() if found is None else list(found)
    scores = []
    for group, limits in LIMITS.items():
        for quantity, (measure, limit) in limits.items():
            rows = [p for p in everything if (p.group, p.quantity) == (group, quantity)]
            if not rows:
                continue
            ratio = np.array([p.ratio for p in rows])
            off = np.abs(np.log(ratio))
            mean, factor = float(np.mean(np.abs(ratio - 1))), float(np.exp(np.median(off)))
            asked = f"mean error {100 * limit:.0f} %" if measure == "mean" else f"median factor {limit:g}"
            scores.append(
                Score(
                    group, quantity, len(rows), sum(p.status == "verified" for p in rows), mean,
                    float(np.exp(np.median(np.log(ratio)))), factor, float(np.mean(off > np.log(5))), asked,
                    (mean if measure == "mean" else factor) <= limit,
                )
            )  # fmt: skip
    return scores


def spread_between_studies(quantity: str = "r1") -> dict[tuple[str, str, float], float]:
    """Coefficient of variation of the same agent, medium and field between studies: the floor for any model."""
    groups: dict[tuple[str, str, float], list[float]] = {}
    for row in published_rows():
        value, field = _number(row[quantity]), _number(row["field"])
        if row["class"] == "A" and value > 0 and np.isfinite(field) and row["medium"]:
            groups.setdefault((row["agent"], medium_id(row["medium"]), round(field, 1)), []).append(value)
    return {key: float(np.std(v, ddof=1) / np.mean(v)) for key, v in groups.items() if len(v) > 1}


def show(scores: Iterable[Score], write: Callable[[str], Any] = print) -> None:
    """The scores as lines of text, with the size of each class and what is missing."""
    heads = ("n", 4), ("ver.", 4), ("error", 7), ("bias", 6), ("factor", 6), (">5x", 5)
    write(f"{'class':36s}     " + " ".join(f"{word:>{width}s}" for word, width in heads) + "  asked, standing")
    for s in scores:
        held = "held" if s.reached else "missed"
        write(
            f"{s.group:36s} {s.quantity:3s} {s.rows:4d} {s.verified:4d} {100 * s.mean_error:6.1f}% {s.bias:6.2f} "
            f"{s.median_factor:6.2f} {100 * s.far:4.0f}%  {s.limit}: {held}; {s.standing}"
        )
