"""Curves of a study's formulations along an axis: what a model answers, its band, and what was measured.

Lines are the models' answers (`predict` without measured values), bands their stated error; points with bars
are what was measured. What a model refuses is left out of its line.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import study as studies
from ..formulation import Formulation
from ..provenance import Refusal
from ..units import UnitError
from .style import PAPER, QUIET, look

MOST = 12  # lines that a reader still tells apart


@dataclass
class Curve:
    """One formulation along an axis: model, band and measured points (x, value, error)."""

    name: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray
    high: np.ndarray
    unit: str = ""
    points: list[tuple[float, float, float]] = field(default_factory=list)
    basis: str = ""

    @property
    def answered(self) -> bool:
        """Whether there is anything to draw."""
        return bool(np.isfinite(self.y).any() or self.points)


def sampled(
    formulation: Formulation,
    modality: str,
    quantity: str,
    key: str,
    grid: Iterable[float],
    conditions: Mapping[str, Any],
) -> Curve:
    """A quantity of a formulation along one condition, as its model gives it."""
    x = np.asarray(list(grid), float)
    y, low, high = (np.full(x.shape, math.nan) for _ in range(3))
    unit = ""
    predict = studies.room(modality).predict
    order = sorted(range(len(x)), key=lambda i: (i % 8 != 4, i))  # a few all over first, then the rest
    for n, i in enumerate(order):
        if n == len(x) // 8 + 1 and not unit:  # it answers nowhere
            break
        try:
            value = predict(formulation, quantity, {**conditions, key: float(x[i])}, use_measured=False)
        except (Refusal, UnitError, ValueError):
            continue
        y[i], (low[i], high[i]), unit = value.number, value.bounds(), value.unit
    return Curve(formulation.name, x, y, low, high, unit)


def askers(comparison: Any, modality: str, only: Iterable[str]) -> list[Formulation]:
    """Formulations a modality was asked for, or those of them that are named."""
    named = set(only)
    return [f for f in comparison.formulations if (not named or f.id in named) and comparison.select(f.id, modality)]


def left_out(names: list[str], handles: list[Any], waiting: int) -> None:
    """Say in the legend how many formulations are not drawn."""
    from matplotlib.lines import Line2D

    if waiting:
        names.append(f"and {waiting} more: formulations=[ids] draws them")
        handles.append(Line2D([], [], ls="none"))


def stated(protocol: Any, *keys: str) -> dict[str, Any]:
    """Conditions that a protocol states, as `predict` takes them."""
    found: dict[str, Any] = {}
    for key in keys:
        value = getattr(protocol, key, None)
        value = value[0] if isinstance(value, tuple) and value else value
        if isinstance(value, Mapping):
            found[key] = {name: part.number for name, part in value.items()}
        elif value not in (None, ""):
            found[key] = getattr(value, "number", value)
    return found


def line(ax: Any, curve: Curve, place: int) -> Any:
    """Draw a curve with its band and points, in the look of its place; the handle for a legend."""
    from matplotlib.lines import Line2D

    style = look(place)
    drawn = bool(np.isfinite(curve.y).any())
    if drawn:
        ax.plot(curve.x, curve.y, color=style["color"], ls=style["linestyle"], zorder=3)
        ax.fill_between(curve.x, curve.low, curve.high, color=style["color"], alpha=0.13, lw=0, zorder=2)
    if curve.points:
        x, y, error = (np.array(v) for v in zip(*curve.points, strict=True))
        ax.errorbar(x, y, yerr=error if error.any() else None, fmt=style["marker"], color=style["color"], ms=6,
                    mec=PAPER, mew=0.6, elinewidth=1, capsize=2, zorder=4)  # fmt: skip
    return Line2D(
        [], [], color=style["color"], ls=style["linestyle"] if drawn else "none",
        marker=style["marker"] if curve.points else "", ms=6, mec=PAPER, mew=0.6,
    )  # fmt: skip


def measured(formulation: Formulation, quantity: str, key: str, basis: str = "") -> list[tuple[float, float, float]]:
    """Measured points of a record along one condition, per `basis` where they are counted by something else."""
    found = []
    for row in formulation.measured:
        place = getattr(row, key)
        if row.quantity != quantity or place is None:
            continue
        factor = recount(formulation, row.per, basis)
        if factor is None:
            continue
        _, high = row.value.bounds()
        found.append((place.number, row.value.number * factor, max(high - row.value.number, 0.0) * factor))
    return found


def recount(formulation: Formulation, counted: str, basis: str) -> float | None:
    """Factor from a number per one basis to the same per another; None where it cannot be told."""
    if not basis or not counted or counted == basis or counted == "metal":
        return 1.0
    try:
        return formulation.per_entity(basis)["mol/L"] ** -1 * formulation.per_entity(counted)["mol/L"]
    except (UnitError, Refusal, KeyError, ZeroDivisionError):
        return None


def span_of(curves: Sequence[Curve], decades: float) -> tuple[float, float] | None:
    """A logarithmic range that holds the curves and points, at most so many decades below the top."""
    held = [v for c in curves for v in (*c.y[np.isfinite(c.y)], *(p[1] for p in c.points)) if v > 0]
    if not held:
        return None
    high = max(held) * 2
    return max(min(held) / 2, high / 10**decades), high


def marks(ax: Any, places: Iterable[float]) -> None:
    """Dotted lines where the study's machines stand."""
    for place in places:
        ax.axvline(place, color=QUIET, lw=0.9, ls=(0, (1, 2.5)), zorder=1)


def nearest(values: Iterable[Any], wanted: float, default: float) -> float:
    """The number of a protocol's list that lies nearest to one; the default where the list is empty."""
    held = [value.number for value in values]
    return min(held, key=lambda number: abs(math.log(number / wanted))) if held else default


def counted(comparison: Any, formulation: Formulation, modality: str) -> str:
    """What a modality counts a formulation by."""
    for cell in comparison.select(formulation.id, modality):
        if cell.conditions.get("basis"):
            return str(cell.conditions["basis"])
    return formulation.basis


def alike(curves: Sequence[Curve]) -> list[list[Curve]]:
    """Curves in groups that no eye tells apart."""
    groups: list[list[Curve]] = []
    for curve in curves:
        for group in groups:
            first = group[0]
            if first.basis == curve.basis and np.allclose(first.y, curve.y, rtol=0.05, equal_nan=True):
                group.append(curve)
                break
        else:
            groups.append([curve])
    return groups
