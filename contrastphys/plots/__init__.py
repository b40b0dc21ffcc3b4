"""Pictures of a comparison: each a function that returns matplotlib Axes, drawn in the one shipped style.

`picture` gives Axes to look at or change, `draw` the files (SVG and PNG). Nothing here computes physics: the
numbers are the comparison's cells, or asked of a modality's `predict` along an axis.
"""

from __future__ import annotations

import importlib
import io
import warnings
from typing import Any

from ..mistakes import Mistake, RecordError, near

# name -> (module, what it shows, modality that must have answered, quantities of which one must have a number)
PICTURES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "margins": (
        "overview",
        "Margin of every formulation in every modality: concentration in the target over the smallest one seen, with "
        "its band. Framed: the needed modality that limits. Hatched: cannot be decided. Blank: does not apply.",
        "",
        ("margin", "c_min"),
    ),
    "limits": (
        "overview",
        "Smallest concentration seen, in particles or molecules, with its band. What lies left of the bar, the "
        "concentration in the target, is seen. Filled: rests on a measurement.",
        "",
        ("c_min",),
    ),
    "sensitivity": (
        "literature",
        "Smallest concentration seen against resolution. Numbered: this study, at the voxel or target of its protocol, "
        "side by side where they would cover each other. Grey: ranges that reviews state.",
        "",
        ("c_min",),
    ),
    "relaxivity": (
        "curves",
        "Relaxivity against magnetic field: models as lines with their bands, measurements in any medium as points.",
        "mri",
        ("r1", "r2", "c_min"),
    ),
    "enhancement": (
        "curves",
        "CT enhancement per mass of the counted element against tube voltage, behind the phantom of the study.",
        "xray",
        ("enhancement_per_mass", "c_min"),
    ),
    "absorption": (
        "curves",
        "Molar absorption, decadic, against wavelength.",
        "photoacoustic",
        ("molar_absorption", "c_min"),
    ),
    "bubbles": (
        "curves",
        "Ultrasound attenuation against frequency at one million per mL.",
        "ultrasound",
        ("attenuation", "c_min"),
    ),
}


def of_comparison(comparison: Any) -> list[str]:
    """Names of the pictures that have something to show for a comparison, in the order a reader takes them.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.
    """
    having = {(cell.modality, cell.quantity) for cell in comparison.cells if cell.value is not None}
    asked = {cell.modality for cell in comparison.cells} - {"dose"}
    shown = []
    for name, (_, _, modality, quantities) in PICTURES.items():
        if name == "margins":
            makes_sense = bool(asked)  # refusals are shown too
        elif modality:
            makes_sense = any((modality, quantity) in having for quantity in quantities)
        else:
            makes_sense = any(quantity in quantities for _, quantity in having)
        if makes_sense:
            shown.append(name)
    return shown


def caption(name: str) -> str:
    """What a picture shows, in a sentence."""
    return PICTURES[name][1] if name in PICTURES else ""


def picture(name: str, comparison: Any, **options: Any) -> Any:
    """One picture of a comparison.

    Parameters
    ----------
    name : str
        One of `PICTURES`: margins, limits, sensitivity, relaxivity, enhancement, absorption, bubbles.
    comparison : Comparison
        The cells of a study.
    **options
        Passed to the picture's function, such as ``formulations=`` (ids) of relaxivity.

    Returns
    -------
    matplotlib.axes.Axes
        The first panel; ``.figure`` is the whole picture.
    """
    from .style import in_style

    if name not in PICTURES:
        hint = near(str(name), PICTURES) or f"write one of {', '.join(PICTURES)}"
        raise RecordError([Mistake("plot", 0, "name", f"no picture '{str(name)[:40]}'", hint)])
    function = getattr(importlib.import_module(f".{PICTURES[name][0]}", __name__), name)
    with in_style():
        return function(comparison, **options)


def draw(name: str, comparison: Any, dpi: int = 150) -> dict[str, Any]:
    """A picture as files: {"svg": text, "png": bytes}, the same bytes for the same comparison.

    Parameters
    ----------
    name : str
        One of `PICTURES`.
    comparison : Comparison
        The cells of a study; its run id goes into the metadata of both files.
    dpi : int
        Resolution of the PNG.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    from .style import in_style

    about = {"Title": f"{name} ({comparison.study.title})" if comparison.study.title else name}
    with in_style(), matplotlib.rc_context({"svg.hashsalt": f"contrastphys {name}"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # the viewer's font has it, or a box
        fig = picture(name, comparison).figure
        svg, png = io.BytesIO(), io.BytesIO()
        about_svg = {**about, "Date": None, "Creator": "contrastphys", "Identifier": f"run {comparison.run}"}
        FigureCanvasSVG(fig).print_svg(svg, metadata=about_svg)  # savefig would draw everything twice
        fig.set_layout_engine("none")  # laid out once: the second file keeps the places of the first
        fig.set_dpi(dpi)
        about_png = {"Software": "contrastphys", "Title": latin(about["Title"]), "Description": f"run {comparison.run}"}
        FigureCanvasAgg(fig).print_png(png, metadata=about_png, pil_kwargs={"compress_level": 4})
    return {"svg": svg.getvalue().decode("utf-8"), "png": png.getvalue()}


def latin(text: str) -> str:
    """Text that a PNG's plain text chunks hold."""
    return text.encode("latin-1", "replace").decode("latin-1")
