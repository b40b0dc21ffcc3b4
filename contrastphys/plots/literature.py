"""Where the study's formulations stand among the sensitivities and resolutions that reviews state."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from .. import records
from ..constants import AVOGADRO
from ..study import MODALITIES
from .overview import molar
from .style import INK, MODALITY, PAPER, QUIET, figure, finite, label, logarithmic

_MILLIMETRES = {"m": 1e3, "mm": 1.0, "cm": 10.0, "um": 1e-3, "nm": 1e-6}
_BOXES = {"mri": "MRI", "xray": "CT", "photoacoustic": "photoacoustic", "ultrasound": "ultrasound"}


class Point(NamedTuple):
    """One formulation in one modality: number in the study, side in mm, and the limit with its band in mol/L."""

    number: int
    modality: str
    side: float
    stated: bool
    value: float
    low: float
    high: float


def resolution(protocol: Any) -> float | None:
    """Side in mm of what a protocol looks at: its voxel, else its resolution or the diameter of its target."""
    voxel = getattr(protocol, "voxel", None)
    if voxel is not None and voxel.unit.endswith("^3"):
        return voxel.number ** (1 / 3) * _MILLIMETRES.get(voxel.unit[:-2], math.nan)
    for key, times in (("resolution", 1.0), ("lesion", 1.0), ("target_radius", 2.0)):
        value = getattr(protocol, key, None)
        if value is not None and getattr(value, "unit", "") in _MILLIMETRES:
            return times * value.number * _MILLIMETRES[value.unit]
    return None


def sensitivity(comparison: Any) -> Any:
    """Smallest concentration seen against resolution: reviews' ranges in grey, the study's formulations on top.

    A formulation stands at the voxel or target of its protocol; where a protocol states none, at the resolution
    that reviews give for the clinic, and its disc is open.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib.lines import Line2D

    fig = figure(6.4, 5.6)
    ax = fig.add_subplot()
    ax.set_xlim(8e-3, 14)
    logarithmic(ax.xaxis, minor=True)
    logarithmic(ax.yaxis)
    lines = records.table("published/reference_lines.csv").rows()
    points = _points(comparison, lines)
    held = [v for row in lines for v in (row["sensitivity_low"], row["sensitivity_high"]) if finite(v)]
    held += [v for p in points for v in (p.low, p.high)]
    ax.set_ylim(10.0 ** (math.floor(math.log10(min(held))) - 0.7), 10.0 ** (math.ceil(math.log10(max(held))) + 0.9))
    ax.set_xlabel("resolution, or size of the target [mm]")
    ax.set_ylabel("smallest concentration seen [mol/L], per particle or molecule")
    used = [m for m in MODALITIES if any(p.modality == m for p in points)]
    handles = [Line2D([], [], color=MODALITY[m][1], marker="o", ls="none", ms=8) for m in used]
    names = [MODALITY[m][0] for m in used]
    if any(not p.stated for p in points):
        handles.append(Line2D([], [], color=QUIET, marker="o", mfc=PAPER, ls="none", ms=8))
        names.append("resolution from reviews")
    if handles:
        fig.legend(handles, names, loc="outside upper left", ncols=5, handletextpad=0.2, columnspacing=1.2)
    shown = {p.number for p in points}
    rows = [f"{n}  {label(f.name, 27)}" for n, f in enumerate(comparison.formulations, 1) if n in shown]
    if rows:
        fig.set_figheight(4.75 + 0.145 * math.ceil(len(rows) / 3))
        fig.legend([Line2D([], [], ls="none")] * len(rows), rows, loc="outside lower left", ncols=3, handlelength=0,
                   handletextpad=0, labelspacing=0.3, columnspacing=1.0, fontsize=7.5)  # fmt: skip
    fig.draw_without_rendering()
    fig.set_layout_engine("none")  # what is placed by pixels from here on stays in place
    discs = _place(ax, points)
    _boxes(ax, lines, discs)
    _one_per_voxel(ax, lines)
    return ax


def _points(comparison: Any, lines: list[dict[str, Any]]) -> list[Point]:
    """Every limit that has a concentration per particle or molecule, in the order of the study."""
    found = []
    for modality in MODALITIES:
        if not comparison.select("", modality, "c_min"):
            continue
        side = resolution(comparison.study.protocol(modality))
        stated = side is not None and math.isfinite(side)
        if not stated:
            side = _reviewed(lines, _BOXES[modality])
        for number, formulation in enumerate(comparison.formulations, 1):
            verdict = comparison.verdict(formulation.id, modality)
            point = molar(formulation, verdict.c_min) if verdict is not None and verdict.c_min is not None else None
            if point is not None and point[0] > 0 and side is not None:
                value, low, high = point
                found.append(Point(number, modality, side, stated, value, max(low, value * 1e-3), high))
    return found


def _reviewed(lines: list[dict[str, Any]], modality: str) -> float | None:
    """Middle of the resolutions that reviews give, of the clinic where they tell."""
    rows = [row for row in lines if row["modality"] == modality and finite(row["resolution_low"])]
    rows = [row for row in rows if row["setting"] == "clinical"] or rows
    return math.sqrt(rows[0]["resolution_low"] * rows[0]["resolution_high"]) if rows else None


def _place(ax: Any, points: list[Point]) -> list[tuple[float, float, float, float]]:
    """Draw the points as numbered discs, moved sideways where two would cover each other; the room they take."""
    taken: list[tuple[float, float]] = []
    size = 9.5 * ax.figure.dpi / 72  # of a disc, in pixels
    for point in sorted(points, key=lambda p: (p.modality, p.value)):
        x, y = ax.transData.transform((point.side, point.value))
        for step in (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6):
            here = x + step * size * 1.12
            if all(math.hypot(here - a, y - b) > size * 1.1 for a, b in taken):
                break
        taken.append((here, y))
        shown = ax.transData.inverted().transform((here, y))[0]
        colour = MODALITY[point.modality][1]
        ax.plot([shown, shown], [point.low, point.high], color=colour, lw=1.4, alpha=0.7, zorder=3)
        edge, fill, ink = (PAPER, colour, "#ffffff") if point.stated else (colour, PAPER, INK)
        if point.modality == "ultrasound" and point.stated:
            ink = INK
        ax.plot([shown], [point.value], "o", color=fill, ms=10, mec=edge, mew=0.8 if point.stated else 1.3, zorder=4)
        size_of_text = 6.5 if point.number < 10 else 5.8
        ax.annotate(str(point.number), (shown, point.value), ha="center", va="center", fontsize=size_of_text, color=ink,
                    fontweight="bold", zorder=5, xytext=(0, -0.2), textcoords="offset points")  # fmt: skip
    if not points:
        ax.text(0.5, 0.02, "no formulation of this study has a limit per particle or molecule", ha="center",
                transform=ax.transAxes, color=INK)  # fmt: skip
    return [(x - size / 2, y - size / 2, x + size / 2, y + size / 2) for x, y in taken]


def _boxes(ax: Any, lines: list[dict[str, Any]], taken: list[tuple[float, float, float, float]]) -> None:
    """The reviews' ranges as grey boxes, each with its name where there is room for it."""
    from matplotlib.patches import Rectangle

    taken = list(taken)
    for row in lines:
        left, right = row["resolution_low"], row["resolution_high"]
        low, high = row["sensitivity_low"], row["sensitivity_high"]
        if not finite(left, right, low, high):
            continue
        ax.add_patch(Rectangle((left, low), right - left, high - low, facecolor=QUIET, alpha=0.16, lw=0))
        ax.add_patch(Rectangle((left, low), right - left, high - low, facecolor="none", edgecolor=QUIET, lw=0.6))
        setting = f" {row['setting']}" if row["setting"] in ("preclinical", "clinical") else ""
        corners = ax.transData.transform([(left, low), (right, high)])
        _name(ax, f"{row['modality']}{setting}", corners, taken)


def _name(ax: Any, text: str, corners: Any, taken: list[tuple[float, float, float, float]]) -> None:
    """Write a box's name inside, above or below it, in one line or two, at the first place that is free."""
    (left, bottom), (right, top) = corners
    dot = ax.figure.dpi / 72
    bounds = ax.get_window_extent()
    for words in (text, text.replace(" ", "\n")):
        rows = words.split("\n")
        width, height = max(len(row) for row in rows) * 4.1 * dot, 8.6 * dot * len(rows)
        places: list[tuple[float, float]] = []
        if right - left > width + 4 * dot and top - bottom > height + 2 * dot:
            places += [(left + 3 * dot, top - height - 1 * dot), (left + 3 * dot, bottom + 1 * dot)]
        places += [(left, top + 1 * dot), (left, bottom - height - 1 * dot), (right - width, top + 1 * dot)]
        places += [
            (right + 2 * dot, (top + bottom - height) / 2),
            (left - width - 2 * dot, (top + bottom - height) / 2),
        ]
        for x, y in places:
            room = (x, y, x + width, y + height)
            inside = room[0] >= bounds.x0 and room[2] <= bounds.x1 and room[1] >= bounds.y0 and room[3] <= bounds.y1
            if inside and not any(_overlap(room, other) for other in taken):
                taken.append(room)
                at = ax.transData.inverted().transform((x, y + height / 2))
                ax.annotate(words, at, fontsize=7, color=INK, va="center", linespacing=1.0, zorder=4)
                return


def _overlap(a: Iterable[float], b: Iterable[float]) -> bool:
    (left, bottom, right, top), (left2, bottom2, right2, top2) = a, b
    return left < right2 and left2 < right and bottom < top2 and bottom2 < top


def _one_per_voxel(ax: Any, lines: list[dict[str, Any]]) -> None:
    """The line of one particle in a cube of the resolution's side: what reviews call ultrasound's sensitivity."""
    low, high = ax.get_ylim()
    sides = [(1e6 / (AVOGADRO * c)) ** (1 / 3) for c in (low, high)]  # mm^3 = 1e-6 L
    ax.plot(sides, [low, high], color=QUIET, lw=1, ls=(0, (4, 3)), scalex=False, scaley=False, zorder=2)
    rows = [row for row in lines if row["modality"] == "ultrasound" and finite(row["resolution_low"])]
    for row in rows:
        ends = [row["resolution_low"], row["resolution_high"]]
        ax.plot(ends, [1e6 / (AVOGADRO * side**3) for side in ends], color=QUIET, lw=7, alpha=0.3,
                solid_capstyle="butt", scalex=False, scaley=False, zorder=1)  # fmt: skip
    place = (0.011, 1e6 / (AVOGADRO * 0.065**3))
    ax.annotate("ultrasound: one\nbubble per voxel", place, fontsize=7, color=INK, va="center", linespacing=1.0)
