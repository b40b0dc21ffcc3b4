"""Measured relaxivities of an agent: brought to one basis, matched to conditions, interpolated in field.

A row matches when its medium is the one asked for, its temperature is within 3 K and its field within 2 %. Between two
matching rows the relaxivity is interpolated as a straight line of its logarithm against that of the field (at most a
factor of 5 apart). Away from the rows the nearest one is scaled by the ratio of the model's values, up to a factor of
10 in field. Which of these is shown is decided in `provenance.choose`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ..concentration import Concentration
from ..provenance import STATUSES, Flag, Refusal, Value
from ..showing import shows
from ..units import UnitError
from .media import medium_id

SAME_FIELD, SAME_TEMPERATURE = 0.02, 3.0
WIDEST_GAP, WIDEST_SCALE = 5.0, 10.0
UNIT = "1/(mM*s)"


@shows(
    "Measured {0.quantity}", "number [1/(mM*s)]", "sd [1/(mM*s)]", "field [T]", "temperature [K]", "medium", line="own"
)
class Row(NamedTuple):
    """One measurement per mM of the formulation's relaxing metal."""

    quantity: str
    number: float
    sd: float | None
    field: float  # T
    temperature: float | None  # K
    medium: str
    source: str
    status: str
    note: str = ""

    def __str__(self) -> str:
        spread = "" if self.sd is None else f" +- {self.sd:g}"
        degrees = "" if self.temperature is None else f", {self.temperature - 273.15:g} degC"
        place = f"{self.field:g} T{degrees}, {self.medium or 'medium not stated'}"
        return f"{self.quantity} {self.number:g}{spread} {UNIT} at {place} [{self.status}] {self.source}"


def per_metal(formulation: Any, per: str, metal: str) -> float:
    """Factor from a relaxivity counted by `per` to one per metal; Refusal where the record cannot tell."""
    if per in ("", "metal", metal):
        return 1.0
    try:
        one = Concentration(formulation, 1.0, metal)
        return one.molar(per) / one.molar(metal)
    except (UnitError, KeyError, ZeroDivisionError):
        raise Refusal(
            "basis",
            f"{formulation.id}: a relaxivity per {per} cannot be given per {metal}: the size is not known; give the "
            "core's diameter, or the value per metal",
        ) from None


def rows(formulation: Any, metal: str) -> tuple[Row, ...]:
    """Every r1, r2 and r2_star the formulation's record holds, with a field."""
    found = []
    for m in formulation.measured:
        if m.quantity not in ("r1", "r2", "r2_star") or m.field is None:
            continue
        try:
            factor = per_metal(formulation, m.per, metal)
        except Refusal:
            continue
        sd = None if m.value.sd is None else m.value.sd * factor
        found.append(
            Row(
                m.quantity,
                m.value.number * factor,
                sd,
                m.field.number,
                None if m.temperature is None else m.temperature.number,
                medium_id(m.medium) if m.medium else "",
                m.source or m.value.source or formulation.source,
                m.status or m.value.status or "unverified",
                m.note,
            )
        )
    return tuple(found)


def doubts(formulation: Any, metal: str) -> tuple[Flag, ...]:
    """Why relaxivities of the record are left out: those counted by what cannot be converted."""
    told: dict[str, Flag] = {}
    for m in formulation.measured:
        if m.quantity in ("r1", "r2", "r2_star") and m.per not in told:
            try:
                per_metal(formulation, m.per, metal)
            except Refusal as why:
                told[m.per] = Flag("basis", f"measured value left out: {why}", "warn")
    return tuple(told.values())


def _rank(row: Row) -> int:
    return STATUSES.index(row.status) if row.status in STATUSES else len(STATUSES)


def _fits(row: Row, quantity: str, temperature: float, medium: str) -> bool:
    warm = row.temperature is None or abs(row.temperature - temperature) <= SAME_TEMPERATURE
    return row.quantity == quantity and row.medium == medium and warm


def _merged(group: list[Row]) -> Value:
    """One value of the best-known rows at the same conditions: their mean, and the spread between them."""
    best = min(map(_rank, group))
    kept = [row for row in group if _rank(row) == best]
    numbers = np.array([row.number for row in kept])
    number = float(numbers.mean())
    own = [row.sd for row in kept if row.sd is not None]
    sd = float(np.sqrt(np.mean(np.square(own)))) if own else None
    if len(kept) > 1:
        sd = float(max(numbers.std(ddof=1), sd or 0.0))
    flags = []
    if any(row.temperature is None for row in kept):
        flags.append(Flag("temperature-unknown", "temperature of the measurement is not stated", "note"))
    source = "; ".join(dict.fromkeys(row.source for row in kept))
    note = f"mean of {len(kept)} studies" if len(kept) > 1 else kept[0].note
    value = Value(number, UNIT, sd, source=source, status=kept[0].status, flags=tuple(flags), note=note)
    return value if sd is not None else value.with_error(0.07)  # the spread between studies of one agent


def by_field(found: Iterable[Row], quantity: str, temperature: float, medium: str) -> dict[float, Value]:
    """Matching rows joined into one value a field, rising in field."""
    groups: dict[float, list[Row]] = {}
    for row in sorted(found, key=lambda r: r.field):
        if _fits(row, quantity, temperature, medium):
            key = next((f for f in groups if abs(row.field / f - 1) <= SAME_FIELD), row.field)
            groups.setdefault(key, []).append(row)
    return {field: _merged(group) for field, group in groups.items()}


def candidates(
    found: Iterable[Row],
    quantity: str,
    field: float,
    temperature: float,
    medium: str,
    model: Callable[[float, float, str], Value] | None,
) -> tuple[Value | None, Value | None]:
    """(measured, scaled) for these conditions; `model` gives the computed value at any field, temperature, medium."""
    found = tuple(row for row in found if row.quantity == quantity)
    curve = by_field(found, quantity, temperature, medium)
    for at, value in curve.items():
        if abs(field / at - 1) <= SAME_FIELD:
            return value, None
    below = max((f for f in curve if f < field), default=None)
    above = min((f for f in curve if f > field), default=None)
    if below is not None and above is not None and above / below <= WIDEST_GAP:
        return None, _between(field, below, curve[below], above, curve[above])
    if model is None:
        return None, None
    return None, _scaled(found, field, temperature, medium, model)


def _between(field: float, below: float, low: Value, above: float, high: Value) -> Value:
    share = np.log(field / below) / np.log(above / below)
    number = float(np.exp((1 - share) * np.log(low.number) + share * np.log(high.number)))
    message = f"interpolated between measurements at {below:g} T and {above:g} T"
    source = low.source if low.source == high.source else f"{low.source}; {high.source}"
    status = max((low.status, high.status), key=lambda s: STATUSES.index(s) if s in STATUSES else 99)
    made = Value(number, UNIT, source=source, status=status, letter="S").with_error(0.10)
    return made.with_flags(*low.flags, *high.flags, Flag("interpolated", message, "note"))


def _scaled(
    found: Iterable[Row], field: float, temperature: float, medium: str, model: Callable[[float, float, str], Value]
) -> Value | None:
    def far(row: Row) -> float:
        warm = 0.0 if row.temperature is None else abs(row.temperature - temperature) / 10.0
        known = 0.3 * _rank(row)
        return abs(np.log(field / row.field)) + warm + (0.0 if row.medium == medium else 1.0) + known

    within = [
        row
        for row in found
        if 1 / WIDEST_SCALE <= field / row.field <= WIDEST_SCALE
        and (row.temperature is None or abs(row.temperature - temperature) <= 20.0)
    ]
    for row in sorted(within, key=far):
        try:
            here = model(field, temperature, medium)
            there = model(row.field, row.temperature or temperature, row.medium or medium)
        except Refusal:
            continue
        ratio = here.number / there.number
        where = f"{row.field:g} T in {row.medium or 'a medium not stated'}"
        message = f"measured {row.number:g} at {where}, times {ratio:.3g} by the model"
        spread = 0.15 + 0.05 * abs(np.log2(field / row.field)) + (0.0 if row.medium in (medium, "") else 0.10)
        made = Value(row.number * ratio, UNIT, source=row.source, status=row.status, letter="S").with_error(spread)
        apart = float(np.exp(abs(np.log(row.number / there.number))))
        if any(flag.code == "anchored" for flag in here.flags):
            made = made.with_error(factor=2)
        elif apart > 3:
            made = made.with_error(factor=3)
            far_off = f"the model that scales it is a factor of {apart:.2g} from the measurement"
            made = made.with_flags(Flag("scaled-far", far_off, "warn"))
        return made.with_flags(Flag("scaled", message, "note"), *here.flags)
    return None


def nearest(found: Iterable[Row], field: float, temperature: float, medium: str, count: int = 4) -> tuple[Row, ...]:
    """The measurements that stand nearest to conditions, best first."""

    def far(row: Row) -> float:
        warm = 0.5 if row.temperature is None else abs(row.temperature - temperature) / 10.0
        return abs(np.log(field / row.field)) + warm + (0.0 if row.medium == medium else 1.0) + 0.2 * _rank(row)

    return tuple(sorted(found, key=far)[:count])
