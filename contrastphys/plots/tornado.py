"""What moves the answer most: the margin at either end of each number it rests on, one at a time."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any, NamedTuple

from .. import study as studies
from ..inputs import inputs_of
from ..parameters import Parameter, changed, parameters, reaches
from ..provenance import Cell, Refusal, Value
from ..study import MODALITIES, Study
from ..units import Q, UnitError
from .style import INK, MODALITY, PAPER, QUIET, figure, fitted, label, legend, logarithmic, says
from .words import condition_text, number_text

SWING = 0.2  # either way, of a number that states no spread
ENDS = (0.05, 0.95)  # of a stated spread
_UNSURE = ("assumed", "unverified", "fitted", "user")
_VARIED = ("field", "kvp", "wavelength", "frequency", "depth", "phantom")
_MOST = 6  # bars of one panel


class Bar(NamedTuple):
    """Margin at both ends of one number; `stated` is false where the swing is taken, not stated."""

    name: str
    ends: tuple[float, float]
    stated: bool

    def width(self, base: float) -> float:
        """From the lowest to the highest of ends and base, as a factor's logarithm."""
        return math.log(max(*self.ends, base) / min(*self.ends, base))


def tornado(comparison: Any, formulation: str = "", modality: str = "") -> Any:
    """Margin when one number at a time goes to either end: filled for stated spreads, open for 20 % either way.

    Filled bars reach from the 5 % to the 95 % point of a spread that the record states, or over the model's own
    error. Open bars stand for numbers that state none, of status assumed, unverified or fitted, and for the dose.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.
    formulation : str
        Id; without one, the formulation with the widest margin in each modality, of those that need it.
    modality : str
        One modality; without one, all that answer.

    Returns
    -------
    matplotlib.axes.Axes
        The first panel.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    shown = []
    for name in [modality] if modality else MODALITIES:
        held = formulation or next((f.id for f, _ in comparison.best_in(name)), "")
        base = comparison.verdict(held, name) if held else None
        if base is not None and base.margin is not None and base.margin.value:
            bars = swings(comparison.study, held, name, base.margin)
            if bars:
                shown.append((held, name, base.margin, bars))
    if not shown:
        ax = figure(6.4, 2.0).add_subplot()
        says(ax, "no margin to take apart: a dose or an answer is missing")
        ax.set_xlabel("margin [1]")
        ax.set_yticks([])
        return ax
    rows = [len(bars) for *_, bars in shown]
    fig = figure(6.4, 0.75 + 0.24 * sum(rows) + 0.62 * len(rows))
    panels = fig.subplots(len(shown), 1, squeeze=False, height_ratios=[n + 0.6 for n in rows])[:, 0]
    names = {f.id: f.name for f in comparison.formulations}
    for ax, (held, name, cell, bars) in zip(panels, shown, strict=True):
        _panel(ax, bars, float(cell.value), MODALITY[name][1])
        ax.set_title(
            label(f"{MODALITY[name][0]}: {fitted(names[held], 28)}, {number_text(cell.value)}×", 90), fontsize=8.5
        )
    panels[-1].set_xlabel("margin [1]")
    handles = [
        Patch(facecolor=QUIET, edgecolor=QUIET),
        Patch(facecolor=PAPER, edgecolor=QUIET, lw=1.2),
        Line2D([], [], color=INK),
    ]
    legend(
        fig, handles, ["stated spread, or error of the model", f"{SWING:.0%} either way".replace("%", " %"), "as it is"]
    )
    return panels[0]


def swings(study: Study, formulation: str, modality: str, answer: Cell) -> list[Bar]:
    """Bars of one margin, the widest first."""
    own = dataclasses.replace(study, formulations=tuple(f for f in study.formulations if f.id == formulation))
    probe = own.formulations[0]
    base = _margin(own, modality, answer)
    found: list[Bar | None] = []
    if base is not None and base.value and base.low and base.high and base.low < base.high:
        word = "measurement" if base.letter in "MS" else "model"
        found.append(Bar(f"error of the {word}", (base.low, base.high), True))
    spread = {entry.parameter.keys: entry for entry in inputs_of(own)}
    for entry in spread.values():
        if reaches(entry.parameter, probe, modality):
            low, high = (float(entry.distribution.ppf(q)) for q in ENDS)
            found.append(_bar(own, modality, answer, entry.parameter, low, high, True))
    for parameter in parameters(own):
        held = parameter.held
        if parameter.keys in spread or not isinstance(held, Value) or not _unsure(parameter, held):
            continue
        ends = held.number * (1 - SWING), held.number * (1 + SWING)
        found.append(_bar(own, modality, answer, parameter, *ends, False))
    middle = float(answer.value or 0.0)
    wide = [bar for bar in found if bar is not None and bar.width(middle) > 0.005]
    return sorted(wide, key=lambda bar: -bar.width(middle))[:_MOST]


def _unsure(parameter: Parameter, held: Value) -> bool:
    """A number of the probe itself that states no spread and may well be another, or its dose."""
    if parameter.keys[0] != "formulations" or "measured" in parameter.keys or "limits" in parameter.keys:
        return False
    if held.source == "default" or not held.number or not parameter.numeric or "stock" in parameter.keys:
        return False
    return held.status in _UNSURE or "dose" in parameter.keys


def _bar(
    study: Study, modality: str, answer: Cell, parameter: Parameter, low: float, high: float, stated: bool
) -> Bar | None:
    """Margins with a number at both ends; None where one of them has no answer."""
    ends = []
    for number in (low, high):
        try:
            other = changed(study, {parameter: Q(number, parameter.unit)}, same_probe=True)
        except (Refusal, UnitError, ValueError):
            return None
        cell = _margin(other, modality, answer)
        if cell is None or not cell.value:
            return None
        ends.append(float(cell.value))
    way = re.sub(r"^formulation\.[^.]*\.", "", parameter.path).replace("_", " ").replace(".", " ")
    held = parameter.held
    much = condition_text(held) if stated else f"{condition_text(held)} ± {SWING:.0%}".replace("%", " %")
    return Bar(f"{way}: {much}", (ends[0], ends[1]), stated)


def _margin(study: Study, modality: str, answer: Cell) -> Cell | None:
    """The margin of a study's one formulation under the conditions of an answer."""
    placed, _ = studies.place(study.formulations[0], study.scenario)
    try:
        cells = studies.room(modality).detection_limit(placed, _only(study.protocol(modality), answer))
    except Refusal:
        return None
    same = [c for c in cells if c.quantity == "margin" and c.value is not None]
    return next((c for c in same if _where(c) == _where(answer)), max(same, key=lambda c: c.value or 0.0, default=None))


def _only(protocol: Any, answer: Cell) -> Any:
    """A protocol with just the condition of an answer, so that nothing else is computed."""
    kept: dict[str, Any] = {}
    for key in _VARIED:
        listed = getattr(protocol, key, None)
        if isinstance(listed, tuple) and len(listed) > 1 and key in answer.conditions:
            same = tuple(v for v in listed if str(v) == str(answer.conditions[key]))
            kept |= {key: same} if same else {}
    return dataclasses.replace(protocol, **kept)


def _where(cell: Cell) -> tuple[Any, ...]:
    return tuple(cell.conditions.get(key) for key in _VARIED)


def _panel(ax: Any, bars: list[Bar], base: float, colour: str) -> None:
    """Bars on a logarithmic axis around the margin itself, with a line where the margin is 1."""
    for row, bar in enumerate(bars):
        low, high = min(*bar.ends, base), max(*bar.ends, base)  # either way may be down: a resonance
        face = colour if bar.stated else PAPER
        ax.barh(row, high - low, left=low, height=0.62, color=face, edgecolor=colour, lw=1.2, zorder=3,
                alpha=0.75 if bar.stated else 1.0)  # fmt: skip
    ends = [end for bar in bars for end in bar.ends] + [base]
    low, high = min(ends) / 1.25, max(ends) * 1.25
    if low < 3:
        low = min(low, 0.8)  # the line of what is just seen is near: show it
    ax.axvline(base, color=INK, lw=1.2, zorder=4)
    if low < 1 < high:
        ax.axvline(1, color=QUIET, lw=1.2, ls=(0, (4, 3)), zorder=2)
        ax.annotate("1: just seen", (1, 0), xycoords=("data", "axes fraction"), xytext=(3, 3), fontsize=7, color=QUIET,
                    textcoords="offset points")  # fmt: skip
    logarithmic(ax.xaxis, (low, high))
    ax.set_ylim(len(bars) - 0.4, -0.6)
    ax.set_yticks(range(len(bars)), [label(bar.name, 54) for bar in bars])
    ax.tick_params(axis="y", length=0)
    ax.grid(False, axis="y")
