"""Sliders over one probe, for a notebook (extra `notebook`): the glue between ipywidgets and `exploring`.

from contrastphys.widgets import explorer

explorer("sonovue")
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .exploring import Knob, State, agents, knobs, study_text
from .files import write_whole
from .mistakes import Mistake, RecordError, short

DIGITS = 4  # of what a slider gives


def explorer(state: State | str | None = None) -> Any:
    """Four pictures of a probe with sliders for field, voltage, wavelength, frequency, size and dose.

    Parameters
    ----------
    state : State or str, optional
        Where to begin: a state, or the id of an agent.

    Returns
    -------
    ipywidgets.VBox
        With `.state()`, what the sliders say, and `.board`, the figure behind the picture.
    """
    import ipywidgets as w

    from .plots.board import Board

    begin = State(state) if isinstance(state, str) else state or State()
    known = knobs(begin.agent)
    board = Board(begin)
    chosen = w.Dropdown(options=agents(), value=begin.agent, description="agent")
    bubbles = w.Checkbox(value=begin.vaporised, description="droplet vaporised", indent=False)
    sliders = {name: _slider(w, knob, getattr(begin, name)) for name, knob in known.items()}
    if "size" not in sliders:
        sliders["size"] = _slider(w, Knob("size", "size", "nm", 1.0, 2.0, 1.0), None)
        sliders["size"].disabled = True
    picture = w.Image(value=board.png(), format="png")
    name = w.Text(value="explored.toml", description="file")
    save = w.Button(description="Save as study", button_style="primary")
    said = w.HTML()

    def current() -> State:
        held = {key: float(f"{slider.value:.{DIGITS}g}") for key, slider in sliders.items()}
        ranges = knobs(chosen.value)
        for key in ("size", "dose"):  # a slider at its start is the record's own number
            if key not in ranges or abs(held[key] / ranges[key].start - 1) < 10.0 ** (1 - DIGITS):
                held.pop(key)
        return State(chosen.value, **held, vaporised=bubbles.value)

    def moved(_: Any = None) -> None:
        board.update(current())
        picture.value = board.png()

    def other(_: Any) -> None:
        ranges = knobs(chosen.value)
        for key in ("size", "dose"):
            sliders[key].unobserve(moved, "value")
            sliders[key].disabled = key not in ranges
            if key in ranges:
                _reset(sliders[key], ranges[key])
            sliders[key].observe(moved, "value")
        moved()

    def saved(_: Any) -> None:
        import html

        try:
            told = html.escape(save_study(current(), name.value))
        except RecordError as mistake:
            told = html.escape(str(mistake))
        said.value = f"<code>{told}</code>"

    chosen.observe(other, "value")
    for slider in (*sliders.values(), bubbles):
        slider.observe(moved, "value")
    save.on_click(saved)
    left = w.VBox([sliders[key] for key in ("field", "kvp", "wavelength", "frequency")])
    right = w.VBox([sliders["size"], sliders["dose"], bubbles])
    box = w.VBox([chosen, w.HBox([left, right]), picture, w.HBox([name, save]), said])
    box.state, box.board = current, board
    return box


def save_study(state: State, name: str) -> str:
    """Write a state as a study file, whole; what was written and how to compare it, in a line."""
    path = Path(name.strip() or "explored.toml")
    if path.suffix != ".toml" or not path.parent.is_dir():
        raise RecordError(
            [Mistake(short(path), 0, "", "is no study file in a folder that exists", "write explored.toml")]
        )
    write_whole(path, study_text(state))
    return f"written: contrastphys compare {path.as_posix()}"


def _slider(w: Any, knob: Knob, value: float | None) -> Any:
    import math

    style = {"description_width": "170px"}
    shared = {"description": "", "style": style, "layout": w.Layout(width="470px"), "readout_format": f".{DIGITS}g"}
    if knob.log:
        made = w.FloatLogSlider(base=10, min=math.log10(knob.low), max=math.log10(knob.high), step=0.01, **shared)
    else:
        made = w.FloatSlider(min=knob.low, max=knob.high, step=(knob.high - knob.low) / 120, **shared)
    made.value = knob.start if value is None else value
    made.description = f"{knob.label} [{knob.unit}]"
    return made


def _reset(slider: Any, knob: Knob) -> None:
    """Give a slider another range, in an order in which low stays below high."""
    import math

    low, high = math.log10(knob.low), math.log10(knob.high)
    if low > slider.max:
        slider.max, slider.min = high, low
    else:
        slider.min, slider.max = low, high
    slider.value = knob.start
    slider.description = f"{knob.label} [{knob.unit}]"
