"""Pictures of every formulation in every modality: the heat map of margins, and the limits with their bands."""

from __future__ import annotations

import math
from typing import Any

from ..formulation import Formulation
from ..provenance import Cell, Refusal
from ..study import MODALITIES
from ..units import Q, UnitError
from .style import INK, MODALITY, PAPER, QUIET, RULE, STRIPE, figure, finite, folded, logarithmic
from .words import number_text

DECADES = 4  # of margin, either way, that the heat map's colours tell apart


def molar(formulation: Formulation, cell: Cell) -> tuple[float, float, float] | None:
    """A concentration cell in mol/L of particles or molecules: value, low, high. None where it does not convert."""
    if cell.value is None:
        return None
    stated = str(cell.conditions.get("basis", ""))
    for basis in [stated] if stated else [formulation.basis, formulation.entity]:
        try:
            per_unit = formulation.concentration(Q(1.0, cell.unit), basis).entities
            break
        except (UnitError, Refusal, ValueError):
            continue
    else:
        return None
    low, high = cell.low if finite(cell.low) else cell.value, cell.high if finite(cell.high) else cell.value
    return cell.value * per_unit, low * per_unit, high * per_unit  # type: ignore[operator]


def colours() -> Any:
    """Orange where too little is given, blue where there is enough; the colour jumps at 1."""
    from matplotlib.colors import LinearSegmentedColormap

    stops = [(0, "#a04a00"), (0.25, "#ee9d3c"), (0.5, "#fdebd2"), (0.5, "#dcebf7"), (0.75, "#67a9cf"), (1, "#1b5a94")]
    return LinearSegmentedColormap.from_list("margin", stops, N=40)  # few enough to stay lines in an SVG


def margins(comparison: Any) -> Any:
    """Heat map of margins, a formulation a row and a modality a column.

    Colour is the decimal logarithm of the margin at the best condition; below the number its band and the
    letter of its provenance. Framed: the modality that limits, of those needed. Hatched: cannot be decided.
    Blank: the modality does not apply.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.patches import Rectangle

    formulations = comparison.formulations
    fig = figure(6.4, 1.35 + 0.4 * len(formulations))
    ax = fig.add_subplot()
    map_, norm = colours(), Normalize(-DECADES, DECADES)
    for row, formulation in enumerate(formulations):
        for column, modality in enumerate(MODALITIES):
            verdict = comparison.verdict(formulation.id, modality)
            corner = (column - 0.5, row - 0.5)
            if verdict is None:
                continue
            cell = verdict.margin
            if cell is None or cell.value is None:
                ax.add_patch(Rectangle(corner, 1, 1, facecolor=STRIPE, edgecolor=QUIET, hatch="////", lw=0))
                what = "no dose" if verdict.c_min is not None else "cannot decide"
                box = {"facecolor": STRIPE, "edgecolor": "none", "pad": 1.5}
                ax.text(column, row, what, ha="center", va="center", fontsize=7.5, color=INK, bbox=box)
                _framed(ax, comparison, formulation.id, modality, row, column)
                continue
            power = math.log10(cell.value) if cell.value > 0 else -math.inf
            rgba = map_(norm(min(max(power, -DECADES), DECADES)))
            ax.add_patch(Rectangle(corner, 1, 1, facecolor=rgba, edgecolor="none"))
            ink = "#ffffff" if sum(w * c for w, c in zip((0.3, 0.59, 0.11), rgba, strict=False)) < 0.45 else "#101014"
            ax.text(column, row - 0.16, f"{number_text(cell.value)}×", ha="center", va="center", color=ink, fontsize=9,
                    fontweight="bold")  # fmt: skip
            ax.text(column, row + 0.24, _band(cell), ha="center", va="center", color=ink, fontsize=7)
            _framed(ax, comparison, formulation.id, modality, row, column)
    ax.set_xlim(-0.5, len(MODALITIES) - 0.5)
    ax.set_ylim(len(formulations) - 0.5, -0.5)
    ax.set_xticks(range(len(MODALITIES)), [MODALITY[m][0] for m in MODALITIES])
    ax.set_yticks(range(len(formulations)), [folded(f.name) for f in formulations])
    ax.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    ax.grid(False)
    for edge in range(1, len(MODALITIES)):
        ax.axvline(edge - 0.5, color=PAPER, lw=2, zorder=2)
    for edge in range(1, len(formulations)):
        ax.axhline(edge - 0.5, color=PAPER, lw=2, zorder=2)
    ax.spines[:].set_visible(False)
    bar = fig.colorbar(ScalarMappable(norm, map_), ax=ax, orientation="horizontal", extend="both", aspect=45,
                       shrink=0.8, pad=0.02, fraction=0.06)  # fmt: skip
    ticks = range(-DECADES, DECADES + 1, 2)
    bar.set_ticks(
        list(ticks), labels=[number_text(10.0**t) if abs(t) < 4 else f"10{'⁻' if t < 0 else ''}⁴" for t in ticks]
    )
    bar.set_label("margin: concentration in the target / smallest seen.  Framed: what limits")
    bar.outline.set_visible(False)
    bar.solids.set_edgecolor("face")  # no seams between its steps
    return ax


def _framed(ax: Any, comparison: Any, name: str, modality: str, row: int, column: int) -> None:
    """A frame around what limits a formulation, where there is more than one modality to choose from."""
    from matplotlib.patches import Rectangle

    if comparison.limiting(name) == modality:
        inside = (column - 0.475, row - 0.44)
        ax.add_patch(Rectangle(inside, 0.95, 0.88, facecolor="none", edgecolor=INK, lw=1.1, zorder=3))


def _band(cell: Cell) -> str:
    """Band and letter below the number of a heat map's cell."""
    if not finite(cell.low, cell.high) or cell.low == cell.high:
        return cell.letter
    low, high = (number_text(v or 0.0).replace(" × ", "×") for v in (cell.low, cell.high))
    return f"{low} to {high} · {cell.letter}" if len(low + high) < 15 else f"{low} to {high}"


def limits(comparison: Any) -> Any:
    """Smallest concentration seen of every formulation in every modality, in mol/L of particles or molecules.

    Points with the band of their error, filled where they rest on a measurement; a bar marks the concentration in
    the target: what lies left of it is seen.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib.lines import Line2D

    formulations = comparison.formulations
    fig = figure(6.4, 1.5 + 0.36 * len(formulations))
    ax = fig.add_subplot()
    drawn: set[str] = set()
    placed = False
    empty: list[tuple[int, float]] = []  # rows without a limit, and where their bar stands
    for row, formulation in enumerate(formulations):
        if row % 2:
            ax.axhspan(row - 0.5, row + 0.5, color=STRIPE, lw=0, zorder=0)
        found = {}
        for modality in MODALITIES:
            verdict = comparison.verdict(formulation.id, modality)
            if verdict is not None and verdict.c_min is not None:
                point = molar(formulation, verdict.c_min)
                if point is not None and point[0] > 0:
                    found[modality] = (point, verdict.c_min)
        for place, (modality, ((value, low, high), cell)) in enumerate(found.items()):
            y = row + 0.2 * (place - (len(found) - 1) / 2)
            _, colour, marker = MODALITY[modality]
            face = colour if cell.letter in "MS" else PAPER
            ax.plot([max(low, value * 1e-6), high], [y, y], color=colour, lw=4.5, alpha=0.4, solid_capstyle="butt")
            ax.plot([value], [y], marker=marker, color=colour, markerfacecolor=face, markersize=5, ls="none")
            drawn.add(modality)
        if formulation.tissue is not None:
            at = formulation.tissue.entities
        else:
            at = _target(comparison, formulation)
        if at:
            ax.plot([at, at], [row - 0.38, row + 0.38], color=INK, lw=1.8)
            placed = True
        if not found:
            empty.append((row, at))
    ax.set_ylim(len(formulations) - 0.5, -0.5)
    ax.set_yticks(range(len(formulations)), [folded(f.name) for f in formulations])
    ax.tick_params(axis="y", length=0)
    logarithmic(ax.xaxis)
    logarithmic(ax.xaxis, ax.get_xlim())
    middle = math.sqrt(math.prod(ax.get_xlim()))
    for row, at in empty:  # on the side where no bar stands
        x, side = (0.99, "right") if at and at < middle else (0.01, "left")
        ax.text(x, row, "cannot be decided or has no limit here", transform=ax.get_yaxis_transform(), ha=side,
                va="center", color=QUIET, fontsize=7.5)  # fmt: skip
    ax.grid(False, axis="y")
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("smallest concentration seen [mol/L of particles or molecules]")
    handles = [
        Line2D([], [], color=MODALITY[m][1], marker=MODALITY[m][2], ls="none", ms=5.5) for m in MODALITIES if m in drawn
    ]
    names = [MODALITY[m][0] for m in MODALITIES if m in drawn]
    if placed:
        handles.append(Line2D([], [], color=INK, marker="|", ls="none", ms=9, mew=1.8))
        names.append("in the target")
    handles.append(Line2D([], [], color=RULE, lw=5))
    names.append("band of the error")
    handles.append(Line2D([], [], color=QUIET, marker="o", markerfacecolor=PAPER, ls="none", ms=5))
    names.append("open: computed")
    fig.legend(handles, names, loc="outside lower left", ncols=4, columnspacing=1.4, handletextpad=0.7)
    return ax


def _target(comparison: Any, formulation: Formulation) -> float:
    """Concentration in the target in mol/L of entities; 0 where none is known."""
    for cell in comparison.select(formulation.id, "dose", "tissue_concentration"):
        point = molar(formulation, cell)
        if point is not None:
            return point[0]
    return 0.0
