"""What MRI sees of a study: relaxivity against field, relaxivity against core size, signal against concentration."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import study as studies
from ..formulation import Formulation
from ..mri import sequences
from ..mri.model import relaxing_metal
from ..provenance import Refusal, Value
from ..units import Q, UnitError
from .curves import MOST, Curve, askers, counted, left_out, line, marks, measured, nearest, sampled, span_of
from .style import INK, PAPER, QUIET, RULE, at, figure, fitted, legend, logarithmic, look, says
from .words import number_text

FIELDS = np.geomspace(1e-4, 14, 32)  # T
SIZES = np.geomspace(2, 60, 19)  # nm
CONCENTRATIONS = np.geomspace(1e-3, 100, 71)  # mmol/L
SMALL = 5.0  # nm; below it the models of cores say orders of magnitude
SAME_FIELD = 0.15  # of a field within which a measurement stands beside a line


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
    waiting = askers(comparison, "mri", formulations)
    while waiting and len(names) < MOST:
        formulation = waiting.pop(0)
        basis, shown = counted(comparison, formulation, "mri"), {}
        for ax, quantity in zip(panels, drawn, strict=True):
            curve = sampled(formulation, "mri", quantity, "field", grid, conditions)
            curve.points = measured(formulation, quantity, "field", basis)
            if curve.answered:
                drawn[quantity].append(curve)
                shown[bool(curve.points)] = line(ax, curve, len(names))
        if shown:
            handles.append(shown.get(True) or shown[False])
            names.append(f"{fitted(formulation.name, 34)}, per {basis}")
    left_out(names, handles, len(waiting))
    for ax, quantity in zip(panels, drawn, strict=True):
        logarithmic(ax.xaxis)
        span = span_of(drawn[quantity], 6)
        logarithmic(ax.yaxis, span)
        if not span:
            says(ax, f"no {quantity} of these formulations can be computed or was measured")
        ax.set_ylabel(f"{'r₁' if quantity == 'r1' else 'r₂'} [mM⁻¹ s⁻¹]")
        marks(ax, [f.number for f in getattr(comparison.study.protocol("mri"), "field", ())])
    panels[0].tick_params(labelbottom=False)
    panels[1].set_xlabel("magnetic field [T]  (dotted: fields of the study)")
    panels[1].set_xlim(min(grid), max(grid))
    legend(fig, handles, names)
    return panels[0]


# ------------------------------------------------------------------------------------------- size of the core


def core_size(
    comparison: Any,
    formulations: Iterable[str] = (),
    field: float | None = None,
    sizes: Iterable[float] = SIZES,
    temperature: float = 310.15,
    medium: str = "water",
) -> Any:
    """r2 and r2/r1 if the core of each formulation had another diameter, all else kept, with the cores as they are.

    Lines: the model over diameter; large marks: the formulation as recorded, open as the model gives it, filled as
    measured within 15 % of the field; grey points: published iron oxides at that field.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.
    formulations : iterable of str
        Ids of those to draw; without it all whose core matters, at most twelve.
    field : float, optional
        T; the study's nearest to 3 T where left out.
    sizes : iterable of float
        Core diameters of the lines, nm.
    temperature : float
        K.
    medium : str
        For which the models answer.

    Returns
    -------
    matplotlib.axes.Axes
        The panel of r2.
    """
    from ..mri import regimes
    from .mri import published_cores

    tesla = nearest(comparison.study.protocol("mri").field, 3.0, 3.0) if field is None else float(field)
    fig = figure(6.4, 4.8)
    panels = fig.subplots(2, 1, sharex=True)
    grid = np.asarray(list(sizes), float)
    conditions = {"temperature": temperature, "medium": medium, "field": tesla}
    drawn: list[tuple[Curve, Curve]] = []
    handles: list[Any] = []
    names: list[str] = []
    waiting = [f for f in askers(comparison, "mri", formulations) if f.cores and f.cores[0].shape == "sphere"]
    while waiting and len(names) < MOST:
        formulation = waiting.pop(0)
        pair = _resized(formulation, grid, conditions)
        if pair is None:
            continue
        own = formulation.cores[0].diameter.number
        basis = counted(comparison, formulation, "mri")
        place = len(names)
        for ax, curve in zip(panels, pair, strict=True):
            line(ax, curve, place)
        _own_size(panels, formulation, own, basis, conditions, place, pair)
        drawn.append(pair)
        style = look(place)
        handles.append(_mark(style))
        names.append(f"{fitted(formulation.name, 30)}, per {basis}")
    left_out(names, handles, len(waiting))
    near = np.array([p for p in published_cores() if abs(p[1] / tesla - 1) < SAME_FIELD])
    if near.size and drawn:
        (dots,) = panels[0].plot(near[:, 0], near[:, 3], "o", color=QUIET, alpha=0.5, ms=2.5, mew=0, zorder=1)
        panels[1].plot(near[:, 0], near[:, 3] / near[:, 2], "o", color=QUIET, alpha=0.5, ms=2.5, mew=0, zorder=1)
        handles.append(dots)
        names.append(f"published iron oxides near {number_text(tesla)} T")
    for i, ax in enumerate(panels):
        logarithmic(ax.xaxis)
        span = span_of([pair[i] for pair in drawn], 5)
        logarithmic(ax.yaxis, span)
        if not span:
            says(ax, "no relaxivity of these formulations depends on the size of a core")
        else:
            ax.axvspan(grid.min(), SMALL, color=RULE, alpha=0.45, lw=0, zorder=0)
    if drawn:
        crossing = float(regimes.quadrature_crossing_diameter(4.8e5, 3.037e-9))
        for ax in panels:
            ax.axvline(crossing, color=QUIET, lw=0.9, ls=(0, (4, 3)), zorder=1)
        for x, words in (
            (grid.min(), "below 5 nm: order\nof magnitude"),
            (crossing, "magnetite beyond:\nstatic dephasing"),
        ):
            panels[1].annotate(words, (x, 1), xycoords=("data", "axes fraction"), xytext=(3, -2), va="top", color=QUIET,
                               textcoords="offset points", fontsize=7, linespacing=1.0, zorder=5)  # fmt: skip
        low, high = panels[1].get_ylim()
        panels[1].set_ylim(low, high * 3)  # room for the words
    panels[0].set_ylabel(f"r₂ at {number_text(tesla)} T [mM⁻¹ s⁻¹]")
    panels[1].set_ylabel("r₂/r₁ [1]")
    panels[1].set_xlabel("core diameter [nm]  (marks: as recorded; open: model, filled: measured)")
    panels[1].set_xlim(grid.min(), grid.max())
    at(panels[1].xaxis, [2, 5, 10, 20, 50])
    panels[0].tick_params(labelbottom=False)
    legend(fig, handles, names)
    return panels[0]


def _mark(style: dict[str, Any], **more: Any) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=style["color"], ls=style["linestyle"], marker=style["marker"], ms=6, mec=PAPER,
                  mew=0.6, **more)  # fmt: skip


def _resized(formulation: Formulation, grid: np.ndarray, conditions: dict[str, Any]) -> tuple[Curve, Curve] | None:
    """r2 and r2/r1 over the diameter of the first core; None where they do not depend on it."""
    predict = studies.room("mri").predict
    found = np.full((2, 3, grid.size), math.nan)
    for i, diameter in enumerate(grid):
        try:
            other = with_core(formulation, float(diameter))
            r2 = predict(other, "r2", conditions, use_measured=False)
            r1 = predict(other, "r1", conditions, use_measured=False)
        except (Refusal, UnitError, ValueError):
            continue
        found[0, :, i] = r2.number, *r2.bounds()
        if r1.number > 0:
            found[1, :, i] = r2.number / r1.number, *_ratio(r2, r1)
    held = found[0, 0][np.isfinite(found[0, 0])]
    if held.size < 2 or np.ptp(held) < 0.01 * held.max():
        return None
    r2_curve, ratio = (Curve(formulation.name, grid, *rows) for rows in found)
    return r2_curve, ratio


def _ratio(r2: Value, r1: Value) -> tuple[float, float]:
    """Band of r2/r1, the errors of both taken as independent factors."""
    ends = []
    for (low, high), number in ((r2.bounds(), r2.number), (r1.bounds(), r1.number)):
        ends.append((math.log(number / low) if low > 0 else 3.0, math.log(high / number)))
    (a, b), (c, d) = ends
    value = r2.number / r1.number
    return value * math.exp(-math.hypot(a, d)), value * math.exp(math.hypot(b, c))


def with_core(formulation: Formulation, diameter: float) -> Formulation:
    """A formulation whose first core has another diameter [nm]; its coat keeps its thickness, nothing is measured."""
    core = formulation.cores[0]
    change = diameter - core.diameter.number
    made = dataclasses.replace(core, diameter=Value(diameter, "nm", status="assumed"))
    outer = formulation.hydrodynamic_diameter
    more: dict[str, Any] = {}
    if outer is not None:
        more["hydrodynamic_diameter"] = Value(max(outer.number + change, diameter), "nm", status="assumed")
    return formulation.replace(cores=(made, *formulation.cores[1:]), measured=(), **more)


def _own_size(
    panels: Any, formulation: Formulation, own: float, basis: str, conditions: dict[str, Any], place: int, pair: Any
) -> None:
    """Marks of a formulation as recorded: open by the model, filled by measurement."""
    style, tesla = look(place), conditions["field"]
    look_of: dict[str, Any] = {"color": style["color"], "marker": style["marker"], "ls": "none", "ms": 6.5, "zorder": 5}
    for ax, curve in zip(panels, pair, strict=True):
        held = np.isfinite(curve.y)
        if held.sum() > 1 and curve.x[held].min() <= own <= curve.x[held].max():
            level = math.exp(np.interp(math.log(own), np.log(curve.x[held]), np.log(curve.y[held])))
            ax.plot([own], [level], mfc=PAPER, mew=1.3, **look_of)
    look_of |= {"mec": PAPER, "mew": 0.6, "elinewidth": 1, "capsize": 2}
    rows = {q: {p[0]: p for p in measured(formulation, q, "field", basis)} for q in ("r1", "r2")}
    for field, number, error in rows["r2"].values():
        if abs(field / tesla - 1) >= SAME_FIELD:
            continue
        panels[0].errorbar([own], [number], yerr=[error] if error else None, **look_of)
        pair[0].points.append((own, number, error))
        if field in rows["r1"]:
            _, r1, spread = rows["r1"][field]
            ratio = number / r1
            bar = ratio * math.hypot(error / number, spread / r1)
            panels[1].errorbar([own], [ratio], yerr=[bar] if bar else None, **look_of)
            pair[1].points.append((own, ratio, bar))


# ------------------------------------------------------------------------------------------- signal


def signal(
    comparison: Any,
    formulations: Iterable[str] = (),
    field: float | None = None,
    concentrations: Iterable[float] = CONCENTRATIONS,
) -> Any:
    """Signal over that without agent against concentration, under the study's sequence.

    A mark stands where the signal is strongest (beyond it, more agent is darker), a bar at the concentration in the
    target. Bands: the error of r1 and of the transverse relaxivity that the sequence sees.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.
    formulations : iterable of str
        Ids of those to draw; without it all that answer, at most twelve.
    field : float, optional
        T; the study's nearest to 3 T where left out.
    concentrations : iterable of float
        Of the relaxing metal, mmol/L.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib.lines import Line2D

    protocol = comparison.study.protocol("mri")
    tesla = nearest(protocol.field, 3.0, 3.0) if field is None else float(field)
    fig = figure(6.4, 4.0)
    ax = fig.add_subplot()
    grid = np.asarray(list(concentrations), float)
    handles: list[Any] = []
    names: list[str] = []
    targets: list[tuple[float, float, str]] = []
    waiting = askers(comparison, "mri", formulations)
    while waiting and len(names) < MOST:
        formulation = waiting.pop(0)
        try:
            levels, peak = _levels(formulation, protocol, tesla, grid)
        except (Refusal, UnitError, ValueError):
            continue
        style = look(len(names))
        ax.plot(grid, levels[0], color=style["color"], ls=style["linestyle"], zorder=3)
        ax.fill_between(grid, levels[1], levels[2], color=style["color"], alpha=0.13, lw=0, zorder=2)
        if peak is not None and grid[0] < peak < grid[-1]:
            top = float(np.interp(math.log(peak), np.log(grid), levels[0]))
            ax.plot([peak], [top], style["marker"], color=style["color"], ms=6, mec=PAPER, mew=0.6, zorder=4)
        metal = relaxing_metal(formulation)
        there = _in_target(comparison, formulation, metal)
        if there and grid[0] < there < grid[-1]:
            targets.append((there, float(np.interp(math.log(there), np.log(grid), levels[0])), style["color"]))
        peaks = f"; strongest at {number_text(peak)} mM" if peak is not None and peak <= grid[-1] else ""
        handles.append(_mark(style) if peaks else Line2D([], [], color=style["color"], ls=style["linestyle"]))
        names.append(f"{fitted(formulation.name, 34)}, per {metal}{peaks}")
    left_out(names, handles, len(waiting))
    for x, y, colour in targets:
        ax.plot([x], [y], marker="|", ms=13, mew=2.4, color=colour, ls="none", zorder=4)
    if targets:
        handles.append(Line2D([], [], color=INK, marker="|", ms=10, mew=2.2, ls="none"))
        names.append("concentration in the target")
    if not names:
        says(ax, "no relaxivity of these formulations is known at this field")
    logarithmic(ax.xaxis)
    ax.set_xlim(grid[0], grid[-1])
    ax.axhline(1, color=QUIET, lw=0.9, ls=(0, (1, 2.5)), zorder=1)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("concentration of the relaxing metal [mM]")
    ax.set_ylabel("signal over that without agent [1]")
    ax.set_title(f"{protocol.sequence.upper()} at {number_text(tesla)} T, {protocol.tissue}")
    legend(fig, handles, names, length=80)
    return ax


def _levels(formulation: Formulation, protocol: Any, tesla: float, grid: np.ndarray) -> tuple[np.ndarray, float | None]:
    """Signal ratio (value, low, high) over concentration, and the concentration of the strongest signal."""
    at_field = studies.room("mri").setting(formulation, protocol, tesla)
    tr, te = protocol.tr.number * 1e-3, protocol.te.number * 1e-3
    ti = None if protocol.ti is None else protocol.ti.number * 1e-3

    def level(agent: Iterable[float]) -> np.ndarray:
        r1, r2, star = (r + grid * a for r, a in zip(at_field.rates, agent, strict=True))
        bare = at_field.rates
        base = sequences.raw_signal(protocol.sequence, bare[0], bare[1], bare[2], tr, te, at_field.flip, ti)
        return np.asarray(sequences.raw_signal(protocol.sequence, r1, r2, star, tr, te, at_field.flip, ti) / base)

    ends = [(v.number, *(max(e, 0.0) for e in v.bounds())) for v in (at_field.r1, at_field.r2, at_field.r2_star)]
    middle = level([e[0] for e in ends])
    corners = [level((ends[0][i], ends[1][j], ends[2][j])) for i in (1, 2) for j in (1, 2)]
    try:
        peak: float | None = float(sequences.peak_concentration(
            protocol.sequence, at_field.rates, at_field.relaxivities, tr, te, at_field.flip, ti
        ))  # fmt: skip
    except Refusal:
        peak = None  # it falls from the start: there is no strongest signal
    return np.array([middle, np.min([middle, *corners], axis=0), np.max([middle, *corners], axis=0)]), peak


def _in_target(comparison: Any, formulation: Formulation, metal: str) -> float:
    """Concentration of the relaxing metal in the target, mmol/L; 0 where none is known."""
    for cell in comparison.select(formulation.id, "dose", "tissue_concentration"):
        if cell.value is None:
            continue
        try:
            placed = formulation.concentration(Q(cell.value, cell.unit), str(cell.conditions["basis"]))
            return float(placed.molar(metal))
        except (Refusal, UnitError, ValueError, KeyError):
            continue
    return 0.0
