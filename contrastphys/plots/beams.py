"""What CT sees of a study: attenuation over its beam, enhancement, and the mass that matches iodine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..chemistry import ATOMIC_WEIGHT
from ..formulation import Formulation
from ..units import Q
from ..xray.contrast import water_words
from . import xray
from .curves import MOST, Curve, alike, askers, counted, left_out, line, marks, measured, nearest, sampled, stated
from .style import at, figure, fitted, legend, says

VOLTAGES = np.array([60, 65, 70, 75, 80, 90, 100, 120, 140], float)  # kV
SHOWN_MASS = "300 mg/mL"
SIZES = (0.0, 40.0)  # cm of water, beside the study's: nothing in the beam, and a large patient


def attenuation(comparison: Any, formulations: Iterable[str] = ()) -> Any:
    """Mass attenuation of the elements that the study's formulations are counted by, over its beam.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.
    formulations : iterable of str
        Ids of those to draw; without it all that answer, at most twelve elements.

    Returns
    -------
    matplotlib.axes.Axes
        The panel of the attenuation; the second of the figure has the beam before and behind the phantom.
    """
    protocol = comparison.study.protocol("xray")
    held: dict[str, list[str]] = {}
    for formulation in askers(comparison, "xray", formulations):
        basis = counted(comparison, formulation, "xray")
        if basis in ATOMIC_WEIGHT:
            held.setdefault(basis, []).append(formulation.name)
    shown = list(held)[:MOST]
    names = {basis: f"{basis}: {_listed(held[basis])}" for basis in shown}
    if len(held) > MOST:
        names["water"] = f"water; and {len(held) - MOST} more elements"
    kvp = nearest(protocol.kvp, 120.0, 120.0)
    return xray.attenuation([*shown, "water"], Q(kvp, "kV"), Q(_phantom(protocol), "cm"), names=names)


def _phantom(protocol: Any) -> float:
    return float(protocol.phantom[0].number) if protocol.phantom else 20.0


def _listed(names: Sequence[str]) -> str:
    """Names of a group, the first three of them."""
    shown = "; ".join(fitted(name, 44 if len(names) < 3 else 24) for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")


# ------------------------------------------------------------------------------------------- enhancement


def enhancement(comparison: Any, formulations: Iterable[str] = (), kvp: Iterable[float] = VOLTAGES) -> Any:
    """CT enhancement per mass and per amount of the counted element, against tube voltage, for three sizes.

    The middle column is the phantom of the study; without a patient in the beam the trend of heavy elements is
    another one. Formulations counted by the same element whose enhancement agrees within 5 % share one line.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.
    formulations : iterable of str
        Ids of those to draw; without it all that answer, at most twelve lines.
    kvp : iterable of float
        Tube voltages of the lines, kV.

    Returns
    -------
    matplotlib.axes.Axes
        The panel per mass of the study's own phantom.
    """
    from matplotlib.ticker import MaxNLocator

    fig = figure(6.4, 5.0)
    protocol = comparison.study.protocol("xray")
    conditions = stated(protocol, "filtration", "detector", "anode_angle", "threshold")
    sizes = sorted({_phantom(protocol), *SIZES})
    own = sizes.index(_phantom(protocol))
    panels = fig.subplots(2, len(sizes), sharex=True, sharey="row", squeeze=False)
    grid = list(kvp)
    groups, waiting = _groups(comparison, formulations, grid, {**conditions, "phantom": _phantom(protocol)})
    names, handles = [], []
    for place, group in enumerate(groups):
        first, basis = group[0][1], group[0][0].basis
        for column, size in enumerate(sizes):
            if column == own:
                curve = group[0][0]
                curve.points = [p for c, f in group for p in measured(f, "enhancement_per_mass", "kvp")]
            else:
                curve = sampled(first, "xray", "enhancement_per_mass", "kvp", grid, {**conditions, "phantom": size})
            handle = line(panels[0, column], curve, place)
            if column == own:
                handles.append(handle)
            if basis in ATOMIC_WEIGHT:
                line(panels[1, column], _per_mole(curve, ATOMIC_WEIGHT[basis]), place)
        shown = _listed([f.name for _, f in group])
        names.append(f"{basis}: {shown}" if basis else shown)
    left_out(names, handles, waiting)
    if not groups:
        says(panels[0, own], "no formulation holds an element\nthat CT sees apart")
    for column, size in enumerate(sizes):
        words = "nothing in the beam" if size == 0 else water_words(size)
        panels[0, column].set_title(f"{words} (study)" if column == own else words)
        at(panels[1, column].xaxis, [60, 100, 140])
        for row in (0, 1):
            panels[row, column].set_ylim(bottom=0)
            panels[row, column].yaxis.set_major_locator(MaxNLocator(5))
            marks(panels[row, column], [v.number for v in protocol.kvp])
    panels[0, 0].set_ylabel("enhancement\n[HU per mg/mL of the element]")
    panels[1, 0].set_ylabel("enhancement\n[HU per mM of the element]")
    panels[1, len(sizes) // 2].set_xlabel("tube voltage [kV]  (dotted: of the study)")
    legend(fig, handles, names, length=86)
    return panels[0, own]


def _groups(
    comparison: Any, formulations: Iterable[str], grid: Sequence[float], conditions: dict[str, Any]
) -> tuple[list[list[tuple[Curve, Formulation]]], int]:
    """Formulations in groups that no eye tells apart, and how many were left out."""
    curves: list[Curve] = []
    made: dict[int, Formulation] = {}
    waiting = askers(comparison, "xray", formulations)
    while waiting and len(alike(curves)) < MOST:
        formulation = waiting.pop(0)
        curve = sampled(formulation, "xray", "enhancement_per_mass", "kvp", grid, conditions)
        curve.basis = counted(comparison, formulation, "xray")
        if np.isfinite(curve.y).any():
            made[id(curve)] = formulation
            curves.append(curve)
    return [[(curve, made[id(curve)]) for curve in group] for group in alike(curves)], len(waiting)


def _per_mole(curve: Curve, weight: float) -> Curve:
    """HU per mg/mL of an element as HU per mM of it."""
    scale = weight / 1000
    points = [(x, y * scale, error * scale) for x, y, error in curve.points]
    return Curve(curve.name, curve.x, curve.y * scale, curve.low * scale, curve.high * scale, "HU/mM", points)


# ------------------------------------------------------------------------------------------- matching iodine


def matching(comparison: Any, formulations: Iterable[str] = (), kvp: Iterable[float] = VOLTAGES) -> Any:
    """Mass of each formulation's element that enhances as 300 mg/mL of iodine does, against tube voltage and size.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.
    formulations : iterable of str
        Ids of those to draw; without it all that answer, at most twelve elements; iodine itself is the reference.
    kvp : iterable of float
        Tube voltages of the lines, kV.

    Returns
    -------
    matplotlib.axes.Axes
        The first panel.
    """
    protocol = comparison.study.protocol("xray")
    conditions = stated(protocol, "filtration", "detector", "anode_angle", "threshold")
    grid = list(kvp)
    groups, waiting = _groups(comparison, formulations, grid, {**conditions, "phantom": _phantom(protocol)})
    groups = [g for g in groups if g[0][0].basis in ATOMIC_WEIGHT and g[0][0].basis != "I" and (g[0][0].y > 0).all()]
    if not groups:
        ax = figure(6.4, 3.5).add_subplot()
        says(ax, "no formulation holds another element than iodine that CT sees apart")
        ax.set_xlabel("tube voltage [kV]")
        ax.set_ylabel("mass that equals 300 mg I/mL\n[mg/mL of the element]")
        return ax
    names = [f"{group[0][0].basis}: {_listed([f.name for _, f in group])}" for group in groups]
    sizes = sorted({_phantom(protocol), *SIZES})
    return xray.mass_to_match(
        [group[0][1] for group in groups], "I", SHOWN_MASS, Q(grid, "kV"), Q(sizes, "cm"), protocol.detector,
        names=[*names, *([f"and {waiting} more: formulations=[ids] draws them"] if waiting else [])],
    )  # fmt: skip
