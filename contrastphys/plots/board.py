"""Four panels of one probe that follow sliders: artists are made once and moved, axes are never drawn anew."""

from __future__ import annotations

import io
import math
import textwrap
from typing import Any

import numpy as np

from ..exploring import Panel, State, headline, panels
from .style import MODALITY, PALETTE, QUIET, at, figure, in_style, label, logarithmic

TICKS = {
    "mri": ("field [T]", (0.02, 0.1, 0.5, 1.5, 3, 7, 14), True),
    "xray": ("tube voltage [kV]", (60, 80, 100, 120, 140), False),
    "photoacoustic": ("wavelength [nm]", (500, 600, 700, 800, 900, 1000, 1100), False),
    "ultrasound": ("frequency [MHz]", (0.5, 1, 2, 5, 10, 20), True),
}
EMPTY = {  # axes of a panel that has nothing to draw
    "mri": ("relaxivity [mM⁻¹ s⁻¹]", (1.0, 100.0)),
    "xray": ("enhancement [HU mL/mg]", (1.0, 100.0)),
    "photoacoustic": ("molar absorption [M⁻¹ cm⁻¹]", (1e3, 1e9)),
    "ultrasound": ("attenuation [dB/cm]", (0.01, 100.0)),
}


class Board:
    """A figure of four panels, and what moves in it."""

    def __init__(self, state: State | None = None, dpi: int = 80) -> None:
        with in_style():
            self.figure = figure(10.0, 6.4)
            self.figure.set_dpi(dpi)
            self._panels = dict(zip(TICKS, self.figure.subplots(2, 2).ravel(), strict=True))
            self._parts = {modality: self._prepare(modality, ax) for modality, ax in self._panels.items()}
            self._title = self.figure.suptitle(" ", x=0.01, ha="left", fontsize=10, parse_math=False)
        self._ground: Any = None  # the picture without what moves
        self.figure.canvas.draw()
        self.figure.set_layout_engine("none")  # laid out once: nothing jumps while a slider moves
        self._title.set_animated(True)
        self.update(state or State())

    def _prepare(self, modality: str, ax: Any) -> dict[str, Any]:
        x_label, ticks, log = TICKS[modality]
        ax.set_xlabel(x_label)
        ax.set_ylabel(EMPTY[modality][0])
        ax.set_title(MODALITY[modality][0], loc="left", fontsize=9, fontweight="bold")
        if log:
            logarithmic(ax.xaxis, (ticks[0], ticks[-1]))
        else:
            ax.set_xlim(ticks[0], ticks[-1])
        at(ax.xaxis, ticks)
        logarithmic(ax.yaxis, (1e-9, 1e-3))  # the widest words of a tick, for the layout
        parts: dict[str, Any] = {"lines": [], "marks": [], "bands": [], "scale": ("", ())}
        for i in range(2):
            colour = PALETTE[i]
            parts["lines"] += ax.plot([], [], color=colour)
            parts["bands"] += ax.plot([], [], color=colour, lw=5, alpha=0.3, solid_capstyle="butt")
            parts["marks"] += ax.plot([], [], "o", color=colour, ms=7)
        if modality == "mri":
            ax.legend(parts["lines"], ["r₁", "r₂ or r₂*"], loc="upper right", frameon=False, fontsize=8)
        parts["slider"] = ax.axvline(ticks[0], color=QUIET, lw=0.9, ls=":")
        corner = {"transform": ax.transAxes, "parse_math": False}
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5}
        parts["words"] = ax.text(0.015, 0.02, "", fontsize=8, va="bottom", bbox=box, **corner)
        parts["refused"] = ax.text(0.5, 0.5, "", ha="center", va="center", color=QUIET, fontsize=9, **corner)
        parts["moving"] = [*parts["lines"], *parts["bands"], *parts["marks"]]
        parts["moving"] += [parts["slider"], parts["words"], parts["refused"]]
        for artist in parts["moving"]:
            artist.set_animated(True)  # drawn over the kept background, not with it
        return parts

    def update(self, state: State) -> None:
        """Move every artist to a state."""
        self.state = state
        self._title.set_text(label(headline(state), 120).replace(r"\$", "$"))
        for modality, panel in panels(state).items():
            self._move(modality, panel)

    def _move(self, modality: str, panel: Panel) -> None:
        ax, parts = self._panels[modality], self._parts[modality]
        parts["refused"].set_text("\n".join(textwrap.wrap(panel.refused, 52)[:7]))
        parts["words"].set_text("\n".join(each for line in panel.words for each in textwrap.wrap(line, 62)[:3]))
        parts["slider"].set_xdata([panel.at, panel.at])
        parts["slider"].set_visible(not panel.refused)
        for i in range(2):
            held = panel.curves[i][1] if i < len(panel.curves) else np.array([])
            mark = panel.marks[i] if i < len(panel.marks) else None
            parts["lines"][i].set_data(panel.x[: held.size], held)
            parts["marks"][i].set_data(*(([panel.at], [mark[0]]) if mark else ([], [])))
            parts["bands"][i].set_data(*(([panel.at] * 2, [max(mark[1], 1e-300), mark[2]]) if mark else ([], [])))
        scale = (panel.y_label, _span(panel)) if panel.curves else EMPTY[modality]
        if scale != parts["scale"]:
            parts["scale"], self._ground = scale, None
            with in_style():
                ax.set_ylabel(scale[0])
                logarithmic(ax.yaxis, scale[1])

    def png(self) -> bytes:
        """The picture as it stands, PNG; where no scale changed only what moves is drawn."""
        from PIL import Image

        canvas = self.figure.canvas
        if self._ground is None:
            with in_style():
                canvas.draw()
            self._ground = canvas.copy_from_bbox(self.figure.bbox)
        else:
            canvas.restore_region(self._ground)
        for modality, ax in self._panels.items():
            for artist in self._parts[modality]["moving"]:
                ax.draw_artist(artist)
        self.figure.draw_artist(self._title)
        out = io.BytesIO()
        Image.fromarray(np.asarray(canvas.buffer_rgba())[:, :, :3]).save(out, "png", compress_level=1)
        return out.getvalue()

    def __repr__(self) -> str:
        return f"<Board: {headline(self.state)}>"

    def _repr_png_(self) -> bytes:
        return self.png()


def _span(panel: Panel) -> tuple[float, float]:
    """Whole decades that hold the curves and the marks, with room below for the words."""
    held = [y[np.isfinite(y) & (y > 0)] for _, y in panel.curves]
    numbers = np.concatenate([*held, [m[0] for m in panel.marks if m[0] > 0]])
    if not numbers.size:
        return 0.1, 1000.0
    top = math.ceil(math.log10(numbers.max()) + 0.25)  # room for the legend
    low = math.floor(math.log10(max(numbers.min(), numbers.max() * 1e-5)) - 0.05)
    return 10.0 ** (low - 1), 10.0**top
