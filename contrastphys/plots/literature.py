"""Where the study's formulations stand among the sensitivities and resolutions that reviews state."""

from __future__ import annotations

import math
from typing import Any

from .. import records
from ..constants import AVOGADRO
from ..study import MODALITIES
from .overview import molar
from .style import INK, MODALITY, QUIET, figure, finite, label, logarithmic

# Extent in mm of what a protocol resolves: the first key it has, and how its number becomes a length.
_LENGTHS = {"m": 1e3, "mm": 1.0, "cm": 10.0, "um": 1e-3, "nm": 1e-6}


def resolution(protocol: Any) -> float | None:
    """Side in mm of what a protocol resolves: stated as such, else the cube root of its voxel."""
    for key in ("resolution", "pixel_size", "pixel", "lateral_resolution"):
        value = getattr(protocol, key, None)
        if value is not None and getattr(value, "unit", "") in _LENGTHS:
            return value.number * _LENGTHS[value.unit]
    value = getattr(protocol, "voxel", None)
    if value is not None and getattr(value, "unit", "").endswith("^3"):
        return value.number ** (1 / 3) * _LENGTHS.get(value.unit[:-2], math.nan)
    return None


def sensitivity(comparison: Any) -> Any:
    """Smallest concentration seen against resolution: reviews' ranges in grey, the study's formulations on top.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib.lines import Line2D

    fig = figure(6.4, 5.0)
    ax = fig.add_subplot()
    ax.set_xlim(8e-3, 14)
    logarithmic(ax.xaxis)
    logarithmic(ax.yaxis)
    lowest = _boxes(ax)
    points = _points(comparison)
    lowest = min([lowest, *(low for *_, low, _ in points)])
    ax.set_ylim(10.0 ** math.floor(math.log10(lowest)), 0.3)
    _one_per_voxel(ax)
    ax.set_xlabel("resolution [mm]")
    ax.set_ylabel("smallest concentration seen [mol/L of particles or molecules]")
    fig.draw_without_rendering()
    numbers = _place(ax, points)
    used = [m for m in MODALITIES if any(p[1] == m for p in points)]
    handles = [Line2D([], [], color=MODALITY[m][1], marker="o", ls="none", ms=8) for m in used]
    fig.legend(handles, [f"{MODALITY[m][0]}, this study" for m in used], loc="outside upper left", ncols=4,
               handletextpad=0.2, columnspacing=1.2)  # fmt: skip
    rows = [f"{n}  {label(name, 26)}" for name, n in numbers.items()]
    blank = Line2D([], [], ls="none")
    if rows:
        fig.legend([blank] * len(rows), rows, loc="outside lower left", ncols=3, handlelength=0, handletextpad=0,
                   labelspacing=0.3, columnspacing=1.6)  # fmt: skip
    return ax


def _boxes(ax: Any) -> float:
    """The literature's ranges, and the lowest of them."""
    from matplotlib.patches import Rectangle

    lines = records.table("published/reference_lines.csv").rows()
    lowest = math.inf
    for line in lines:
        left, right = line["resolution_low"], line["resolution_high"]
        low, high = line["sensitivity_low"], line["sensitivity_high"]
        if not finite(left, right, low, high):
            continue
        lowest = min(lowest, low)
        ax.add_patch(Rectangle((left, low), right - left, high - low, facecolor=QUIET, alpha=0.22, lw=0))
        ax.add_patch(Rectangle((left, low), right - left, high - low, facecolor="none", edgecolor=QUIET, lw=0.6))
        setting = f"\n{line['setting']}" if line["setting"] in ("preclinical", "clinical") else ""
        ax.annotate(f"{line['modality']}{setting}", (left, high), xytext=(1, 2), textcoords="offset points",
                    fontsize=7, color=QUIET, va="bottom", linespacing=0.95)  # fmt: skip
    return lowest


def _one_per_voxel(ax: Any) -> None:
    """The line of one particle in a cube of the resolution's side."""
    low, high = ax.get_ylim()
    sides = [(1e6 / (AVOGADRO * c)) ** (1 / 3) for c in (low, high)]  # mm^3 = 1e-6 L
    ax.plot(sides, [low, high], color=QUIET, lw=1, ls=(0, (4, 3)), scalex=False, scaley=False)
    side = 0.012
    ax.annotate("one particle or bubble per voxel", (side, 1e6 / (AVOGADRO * side**3)), xytext=(6, 4),
                textcoords="offset points", fontsize=7, color=QUIET)  # fmt: skip


def _points(comparison: Any) -> list[tuple[str, str, float, float, float, float]]:
    """Name, modality, resolution, value, low, high of every limit that has them."""
    found = []
    for modality in MODALITIES:
        if not comparison.select("", modality, "c_min"):
            continue
        side = resolution(comparison.study.protocol(modality))
        if side is None or not math.isfinite(side):
            continue
        for formulation in comparison.formulations:
            verdict = comparison.verdict(formulation.id, modality)
            point = molar(formulation, verdict.c_min) if verdict is not None and verdict.c_min is not None else None
            if point is not None and point[0] > 0:
                value, low, high = point
                found.append((formulation.name, modality, side, value, max(low, value * 1e-3), high))
    return found


def _place(ax: Any, points: list[tuple[str, str, float, float, float, float]]) -> dict[str, int]:
    """Draw the points as numbered discs, moved sideways where two would cover each other; the key of numbers."""
    numbers: dict[str, int] = {}
    taken: list[tuple[float, float]] = []
    size = 8.5 * ax.figure.dpi / 72  # of a disc, in pixels
    for name, modality, side, value, low, high in sorted(points, key=lambda p: (p[1], p[3])):
        number = numbers.setdefault(name, len(numbers) + 1)
        x, y = ax.transData.transform((side, value))
        for step in (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5):
            here = x + step * size * 1.15
            if all(math.hypot(here - a, y - b) > size * 1.1 for a, b in taken):
                break
        taken.append((here, y))
        shown = ax.transData.inverted().transform((here, y))[0]
        colour = MODALITY[modality][1]
        ax.plot([shown, shown], [low, high], color=colour, lw=1.2, alpha=0.7, zorder=3)
        ax.plot([shown], [value], "o", color=colour, ms=9.5, mec="#fefefe", mew=0.7, zorder=4)
        ax.annotate(str(number), (shown, value), ha="center", va="center", fontsize=6.5, color="#ffffff",
                    fontweight="bold", zorder=5, xytext=(0, -0.2), textcoords="offset points")  # fmt: skip
    if not points:
        ax.text(0.5, 0.02, "no formulation of this study has a limit with a stated resolution", ha="center",
                transform=ax.transAxes, color=INK, fontsize=8)  # fmt: skip
    return numbers
