"""What every picture shares: colours, markers, figures, legends and axes, without matplotlib's global state."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from .words import clipped, decade, wrapped

STYLE = Path(__file__).resolve().parent.parent / "contrastphys.mplstyle"

# Colours of Okabe and Ito that carry a line on white and on black; yellow does not.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
INK, QUIET, RULE, PAPER, STRIPE = "#1b1b1f", "#7a7a80", "#d9d9de", "#fefefe", "#f2f2f4"  # a dark page exchanges these
USUAL = 0.58  # em, the width of a letter that lengths are counted in
ROOM = 98  # letters that fit below a picture
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h", "p", "*")
LINES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))

MODALITY = {
    "mri": ("MRI", "#0072B2", "o"),
    "xray": ("CT", "#D55E00", "s"),
    "photoacoustic": ("Photoacoustic", "#009E73", "^"),
    "ultrasound": ("Ultrasound", "#CC79A7", "D"),
}


def look(index: int) -> dict[str, Any]:
    """Colour, marker and line of the n-th line of a picture, told apart without colour too."""
    return {
        "color": PALETTE[index % len(PALETTE)],
        "marker": MARKERS[index % len(MARKERS)],
        "linestyle": LINES[(index // len(PALETTE)) % len(LINES)],
    }


def figure(width: float = 6.4, height: float = 4.0) -> Any:
    """A figure that belongs to nobody else, laid out so that nothing is cut."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(made)
    return made


def in_style() -> Any:
    """Context with the shipped style alone, whatever a user's matplotlib settings are."""
    import matplotlib

    settings = dict(matplotlib.rcParamsDefault)
    for key in ("backend", "backend_fallback", "interactive", "toolbar", "timezone", "date.epoch"):
        settings.pop(key, None)
    settings.update(matplotlib.rc_params_from_file(STYLE, use_default_template=False))
    return matplotlib.rc_context(settings)


def styled(draw: Callable[..., Any]) -> Callable[..., Any]:
    """The same picture in the shipped style, whatever matplotlib's settings are."""

    @functools.wraps(draw)
    def drawn(*args: Any, **options: Any) -> Any:
        with in_style():
            return draw(*args, **options)

    return drawn


@functools.lru_cache(maxsize=4096)
def _advance(character: str) -> float:
    """Width of a character of the shipped style's font, em."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties(family="DejaVu Sans")))
    if not font.get_char_index(ord(character)):  # the viewer's font has it, or a box
        return 1.0
    font.set_size(64, 72)
    return float(font.load_char(ord(character)).linearHoriAdvance / 65536 / 64)


def breadth(text: str) -> float:
    """Width of a line of text in the shipped style, in letters of usual width."""
    return sum(map(_advance, text)) / USUAL


def fitted(text: str, length: int = 30) -> str:
    """A name in one line that takes no more room than so many letters of usual width."""
    line = clipped(text, 4 * length)
    if breadth(line) <= length:
        return line
    while line and breadth(line) > length - breadth("…"):
        line = line[:-1]
    return f"{line.rstrip(' …')}…"


def label(text: str, length: int = 30) -> str:
    """A user's text as matplotlib shows it literally: no mathematics, no hidden legend entry."""
    return _literal(fitted(text, length))


def folded(text: str, length: int = 24) -> str:
    """A user's text for a row's name: literal, over two lines where it is long."""
    return _literal("\n".join(fitted(part, length) for part in wrapped(text, length).split("\n") if part != "…"))


def _literal(shown: str) -> str:
    shown = shown.replace("$", r"\$")
    return f"\u200a{shown}" if shown.startswith("_") else shown


def logarithmic(axis: Any, span: tuple[float, float] | None = None, minor: bool = False) -> None:
    """A logarithmic axis with decades a reader can read, over a span with 2 and 5 between them where it is short."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    getattr(axis.axes, f"set_{axis.axis_name}scale")("log")
    if span is not None:
        getattr(axis.axes, f"set_{axis.axis_name}lim")(*span)
    short = span is not None and span[1] < 100 * span[0]
    axis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0) if short else (1.0,), numticks=9))
    axis.set_major_formatter(FuncFormatter(lambda value, _: decade(value) if value > 0 else ""))
    axis.set_minor_formatter(NullFormatter())
    if not minor:
        axis.set_minor_locator(NullLocator())


def at(axis: Any, ticks: Sequence[float]) -> None:
    """Ticks at the values named, as plain numbers."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axis.set_major_locator(FixedLocator(list(ticks)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def legend(fig: Any, handles: Sequence[Any], names: Iterable[str], columns: int = 0, length: int = 44) -> None:
    """A legend below the panels, where it covers nothing; as many columns as fit."""
    labels = [label(name, length) for name in names]
    if not labels:
        return
    longest = max(breadth(text) for text in labels)
    room = columns or max(1, min(len(labels), int(ROOM / (longest + 6))))
    fig.legend(list(handles), labels, loc="outside lower left", ncols=room, handlelength=2.6, columnspacing=1.4)
    fig.set_figheight(fig.get_figheight() + 0.19 * math.ceil(len(labels) / room))


def says(ax: Any, text: str) -> None:
    """Words in the middle of a panel that has nothing to draw."""
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=QUIET, parse_math=False, wrap=True)


def finite(*values: float | None) -> bool:
    """Whether all are numbers."""
    return all(value is not None and math.isfinite(value) for value in values)
