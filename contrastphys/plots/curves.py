"""Pictures along an axis: relaxivity, CT enhancement, absorption and attenuation, model and measurement.

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
from .style import PAPER, QUIET, at, figure, legend, logarithmic, look, says
from .words import clipped, number_text, unit_text

FIELDS = np.geomspace(1e-4, 14, 36)  # T
VOLTAGES = np.array([60, 65, 70, 75, 80, 85, 90, 100, 110, 120, 130, 140], float)  # kV
WAVELENGTHS = np.arange(500.0, 1101.0, 20.0)  # nm
FREQUENCIES = np.geomspace(0.5, 20, 28)  # MHz
REFERENCE = 1e6  # bubbles per mL that attenuation is shown for
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


def _asking(comparison: Any, modality: str, only: Iterable[str]) -> list[Formulation]:
    """Formulations a modality was asked for, or those of them that are named."""
    named = set(only)
    return [f for f in comparison.formulations if (not named or f.id in named) and comparison.select(f.id, modality)]


def _left_out(names: list[str], handles: list[Any], waiting: int) -> None:
    """Say in the legend how many formulations are not drawn."""
    from matplotlib.lines import Line2D

    if waiting:
        names.append(f"and {waiting} more: formulations=[ids] draws them")
        handles.append(Line2D([], [], ls="none"))


def _stated(protocol: Any, *keys: str) -> dict[str, Any]:
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


def _line(ax: Any, curve: Curve, place: int) -> Any:
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


def _measured(formulation: Formulation, quantity: str, key: str, basis: str = "") -> list[tuple[float, float, float]]:
    """Measured points of a record along one condition, per `basis` where they are counted by something else."""
    found = []
    for row in formulation.measured:
        place = getattr(row, key)
        if row.quantity != quantity or place is None:
            continue
        factor = _recount(formulation, row.per, basis)
        if factor is None:
            continue
        _, high = row.value.bounds()
        found.append((place.number, row.value.number * factor, max(high - row.value.number, 0.0) * factor))
    return found


def _recount(formulation: Formulation, counted: str, basis: str) -> float | None:
    """Factor from a number per one basis to the same per another; None where it cannot be told."""
    if not basis or not counted or counted == basis or counted == "metal":
        return 1.0
    try:
        return formulation.per_entity(basis)["mol/L"] ** -1 * formulation.per_entity(counted)["mol/L"]
    except (UnitError, Refusal, KeyError, ZeroDivisionError):
        return None


def _limits_of(curves: Sequence[Curve], decades: float) -> tuple[float, float] | None:
    """A logarithmic range that holds the curves and points, at most so many decades below the top."""
    held = [v for c in curves for v in (*c.y[np.isfinite(c.y)], *(p[1] for p in c.points)) if v > 0]
    if not held:
        return None
    high = max(held) * 2
    return max(min(held) / 2, high / 10**decades), high


def relaxivity(
    comparison: Any,
    formulations: Iterable[str] = (),
    fields: Iterable[float] = FIELDS,
    temperature: float = 310.15,
    medium: str = "water",
) -> Any:
    """r1 and r2 against field, models as lines and measurements as points.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.
    formulations : iterable of str
        Ids of those to draw; without it all that answer, at most twelve.
    fields : iterable of float
        Fields of the lines, T.
    temperature : float
        K; measured points of every temperature and medium are shown.
    medium : str
        For which the models answer.

    Returns
    -------
    matplotlib.axes.Axes
        The panel of r1.
    """
    fig = figure(6.4, 4.8)
    panels = fig.subplots(2, 1, sharex=True)
    grid = list(fields)
    conditions = {"temperature": temperature, "medium": medium}
    drawn: dict[str, list[Curve]] = {"r1": [], "r2": []}
    handles: list[Any] = []
    names: list[str] = []
    asking = _asking(comparison, "mri", formulations)
    while asking and len(names) < MOST:
        formulation = asking.pop(0)
        shown = {}
        for ax, quantity in zip(panels, drawn, strict=True):
            curve = sampled(formulation, "mri", quantity, "field", grid, conditions)
            curve.basis = _counted(comparison, formulation, "mri")
            curve.points = _measured(formulation, quantity, "field", curve.basis)
            if curve.answered:
                drawn[quantity].append(curve)
                shown[bool(curve.points)] = _line(ax, curve, len(names))
        if shown:
            handles.append(shown.get(True) or shown[False])
            names.append(f"{clipped(formulation.name, 34)}, per {curve.basis}")
    _left_out(names, handles, len(asking))
    for ax, quantity in zip(panels, drawn, strict=True):
        logarithmic(ax.xaxis)
        span = _limits_of(drawn[quantity], 6)
        logarithmic(ax.yaxis, span)
        if not span:
            says(ax, f"no {quantity} of these formulations can be computed or was measured")
        ax.set_ylabel(f"{'r₁' if quantity == 'r1' else 'r₂'} [mM⁻¹ s⁻¹]")
    fields_named = [f.number for f in getattr(comparison.study.protocol("mri"), "field", ())]
    for ax in panels:
        _marks(ax, fields_named)
    panels[0].tick_params(labelbottom=False)
    panels[1].set_xlabel("magnetic field [T]  (dotted: fields of the study)")
    panels[1].set_xlim(min(grid), max(grid))
    legend(fig, handles, names)
    return panels[0]


def enhancement(comparison: Any, formulations: Iterable[str] = (), kvp: Iterable[float] = VOLTAGES) -> Any:
    """CT enhancement per mass of the counted element against tube voltage.

    Formulations counted by the same element whose enhancement agrees within 5 % share one line.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.
    formulations : iterable of str
        Ids of those to draw; without it all that answer, at most twelve.
    kvp : iterable of float
        Tube voltages of the lines, kV.

    Returns
    -------
    matplotlib.axes.Axes
    """
    fig = figure(6.4, 3.5)
    ax = fig.add_subplot()
    protocol = comparison.study.protocol("xray")
    conditions = _stated(protocol, "phantom", "filtration", "detector", "anode_angle", "threshold")
    curves: list[Curve] = []
    asking = _asking(comparison, "xray", formulations)
    while asking and len(_alike(curves)) < MOST:
        formulation = asking.pop(0)
        curve = sampled(formulation, "xray", "enhancement_per_mass", "kvp", kvp, conditions)
        curve.points = _measured(formulation, "enhancement_per_mass", "kvp")
        curve.basis = _counted(comparison, formulation, "xray")
        if curve.answered:
            curves.append(curve)
    names, handles, ends = [], [], []
    for place, group in enumerate(_alike(curves)):
        first = group[0]
        first.points = [point for curve in group for point in curve.points]
        handles.append(_line(ax, first, place))
        shown = "; ".join(clipped(c.name, 44 if len(group) < 3 else 30) for c in group[:3])
        shown += f" and {len(group) - 3} more" if len(group) > 3 else ""
        names.append(f"{first.basis}: {shown}" if first.basis else shown)
        if np.isfinite(first.y[-1]):
            ends.append((float(first.x[-1]), float(first.y[-1]), first.basis, look(place)["color"]))
    _at_ends(ax, ends)
    _left_out(names, handles, len(asking))
    if not curves:
        says(ax, "no formulation holds an element that CT sees apart")
    ax.set_xlabel("tube voltage [kV]  (dotted: voltages of the study)")
    ax.set_ylabel("enhancement [HU per mg/mL of the element]")
    ax.set_ylim(bottom=0)
    at(ax.xaxis, [60, 80, 100, 120, 140])
    _marks(ax, [v.number for v in getattr(protocol, "kvp", ())])
    legend(fig, handles, names, length=90)
    return ax


def absorption(comparison: Any, formulations: Iterable[str] = (), wavelengths: Iterable[float] = WAVELENGTHS) -> Any:
    """Molar absorption (decadic, per particle or molecule) against wavelength.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.
    formulations : iterable of str
        Ids of those to draw; without it all that answer, at most twelve.
    wavelengths : iterable of float
        nm.

    Returns
    -------
    matplotlib.axes.Axes
    """
    fig = figure(6.4, 3.9)
    ax = fig.add_subplot()
    protocol = comparison.study.protocol("photoacoustic")
    handles: list[Any] = []
    names: list[str] = []
    curves: list[Curve] = []
    asking = _asking(comparison, "photoacoustic", formulations)
    while asking and len(curves) < MOST:
        formulation = asking.pop(0)
        curve = sampled(formulation, "photoacoustic", "molar_absorption", "wavelength", wavelengths, {})
        curve.points = _measured(formulation, "molar_absorption", "wavelength", formulation.entity)
        if curve.answered:
            handles.append(_line(ax, curve, len(curves)))
            curves.append(curve)
            names.append(curve.name)
    _left_out(names, handles, len(asking))
    span = _limits_of(curves, 9)
    logarithmic(ax.yaxis, span)
    if not span:
        says(ax, "no absorption of these formulations is known in this range")
    ax.set_xlabel("wavelength [nm]  (dotted: wavelengths of the study)")
    ax.set_ylabel("molar absorption [M⁻¹ cm⁻¹], per particle or molecule")
    _marks(ax, [v.number for v in getattr(protocol, "wavelength", ())])
    legend(fig, handles, names)
    return ax


def bubbles(comparison: Any, formulations: Iterable[str] = (), frequencies: Iterable[float] = FREQUENCIES) -> Any:
    """Attenuation against frequency at one million bubbles per mL.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.
    formulations : iterable of str
        Ids of those to draw; without it all that answer, at most twelve.
    frequencies : iterable of float
        MHz.

    Returns
    -------
    matplotlib.axes.Axes
    """
    fig = figure(6.4, 3.7)
    ax = fig.add_subplot()
    protocol = comparison.study.protocol("ultrasound")
    conditions = {**_stated(protocol, "temperature", "medium"), "concentration": REFERENCE}
    handles: list[Any] = []
    names: list[str] = []
    curves: list[Curve] = []
    asking = _asking(comparison, "ultrasound", formulations)
    while asking and len(curves) < MOST:
        formulation = asking.pop(0)
        curve = sampled(formulation, "ultrasound", "attenuation", "frequency", frequencies, conditions)
        if curve.answered:
            handles.append(_line(ax, curve, len(curves)))
            curves.append(curve)
            names.append(curve.name)
    _left_out(names, handles, len(asking))
    logarithmic(ax.xaxis)
    at(ax.xaxis, [0.5, 1, 2, 3, 5, 7, 10, 15, 20])
    span = _limits_of(curves, 5)
    unit = unit_text(curves[0].unit) if curves else "dB/cm"
    logarithmic(ax.yaxis, span)
    if not span:
        says(ax, "no formulation holds gas")
    ax.set_xlabel("frequency [MHz]  (dotted: frequencies of the study)")
    ax.set_ylabel(f"attenuation [{unit}] at {number_text(REFERENCE)} per mL")
    _marks(ax, [v.number for v in getattr(protocol, "frequency", ())])
    legend(fig, handles, names)
    return ax


def _at_ends(ax: Any, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Names at the right ends of lines, pushed apart where they would cover each other."""
    if not ends:
        return
    gap = 0.045 * max(y for _, y, _, _ in ends) * 1.6
    last = -math.inf
    for x, y, text, colour in sorted(ends, key=lambda end: end[1]):
        last = max(y, last + gap)
        ax.annotate(text, (x, last), xytext=(5, 0), textcoords="offset points", va="center", color=colour, fontsize=8,
                    fontweight="bold", annotation_clip=False)  # fmt: skip


def _marks(ax: Any, places: Iterable[float]) -> None:
    """Dotted lines where the study's machines stand."""
    for place in places:
        ax.axvline(place, color=QUIET, lw=0.9, ls=(0, (1, 2.5)), zorder=1)


def _counted(comparison: Any, formulation: Formulation, modality: str) -> str:
    """What a modality counts a formulation by."""
    for cell in comparison.select(formulation.id, modality):
        if cell.conditions.get("basis"):
            return str(cell.conditions["basis"])
    return formulation.basis


def _alike(curves: Sequence[Curve]) -> list[list[Curve]]:
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
