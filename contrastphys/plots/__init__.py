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
    "tornado": (
        "tornado",
        "What to measure next: the margin of the best of each modality when one number at a time goes to either end. "
        "Filled: the spread that the record states, or the error of the model. Open: 20 % either way, where none is "
        "stated.",
        "",
        ("margin",),
    ),
    "sensitivity": (
        "literature",
        "Smallest concentration seen against resolution. Numbered: this study, at the voxel or target of its protocol, "
        "side by side where they would cover each other. Grey: ranges that reviews state.",
        "",
        ("c_min",),
    ),
    "relaxivity": (
        "relaxing",
        "Relaxivity against magnetic field: models as lines with their bands, measurements in any medium as points.",
        "mri",
        ("r1", "r2", "c_min"),
    ),
    "core_size": (
        "relaxing",
        "Transverse relaxivity, and its ratio to the longitudinal one, if the core had another diameter and all else "
        "stayed. Open marks: the core as recorded, by the model; filled: as measured. Grey points: published iron "
        "oxides. Shaded: orders of magnitude only; dashed: static dephasing of bulk magnetite begins.",
        "mri",
        ("r2",),
    ),
    "signal": (
        "relaxing",
        "Signal against concentration under the sequence of the study, over that without agent. Marks: the strongest "
        "signal, beyond which more agent is darker. Bars: the concentration in the target.",
        "mri",
        ("r1", "c_min"),
    ),
    "attenuation": (
        "beams",
        "Mass attenuation of the elements counted, with their K edges, over the beam of the study before and behind "
        "its phantom.",
        "xray",
        ("enhancement_per_mass", "c_min"),
    ),
    "enhancement": (
        "beams",
        "CT enhancement against tube voltage per mass and per amount of the counted element, with nothing, the phantom "
        "of the study and a large patient in the beam.",
        "xray",
        ("enhancement_per_mass", "c_min"),
    ),
    "matching": (
        "beams",
        "Mass of each element that enhances as 300 mg/mL of iodine do (dotted), against tube voltage and size. Bands: "
        "filtration and cross-sections.",
        "xray",
        ("enhancement_per_mass", "c_min"),
    ),
    "absorption": (
        "light",
        "Molar absorption, decadic, against wavelength; below, the smallest concentration seen against depth.",
        "photoacoustic",
        ("molar_absorption", "c_min"),
    ),
    "bubbles": (
        "echoes",
        "Mean extinction of a bubble against frequency; resonance against radius, with the mean radii; motion of a "
        "bubble of the mean radius in the pulse of the study, and the spectrum of its echo. Dotted: frequencies of the "
        "study.",
        "ultrasound",
        ("attenuation", "c_min"),
    ),
}

# name -> quantities whose measurements it draws, and the condition they are drawn against
MEASURED: dict[str, tuple[tuple[str, ...], str]] = {
    "relaxivity": (("r1", "r2"), "field"),
    "core_size": (("r1", "r2"), "field"),
    "enhancement": (("enhancement_per_mass",), "kvp"),
    "absorption": (("molar_absorption",), "wavelength"),
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


def measured_by(name: str, comparison: Any) -> list[tuple[str, str]]:
    """Formulation and source of the measurements that a picture may show as points, each once.

    Parameters
    ----------
    name : str
        One of `PICTURES`.
    comparison : Comparison
        The cells of a study.
    """
    quantities, key = MEASURED.get(name, ((), ""))
    modality = PICTURES[name][2] if name in PICTURES else ""
    found: dict[tuple[str, str], None] = {}
    for formulation in comparison.formulations if quantities else ():
        for row in formulation.measured if comparison.select(formulation.id, modality) else ():
            if row.quantity in quantities and getattr(row, key) is not None and row.value.source:
                found[formulation.name, row.value.source] = None
    return list(found)


def picture(name: str, comparison: Any, **options: Any) -> Any:
    """One picture of a comparison.

    Parameters
    ----------
    name : str
        One of `PICTURES`: margins, limits, tornado, sensitivity, relaxivity, core_size, signal, attenuation,
        enhancement, matching, absorption, bubbles.
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
        The cells of a study; its run id and the sources of measured points go into the metadata of both files.
    dpi : int
        Resolution of the PNG.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    from .style import in_style

    points = "; ".join(f"{of}: {source}" for of, source in measured_by(name, comparison))
    about = {"Title": f"{name} ({comparison.study.title})" if comparison.study.title else name}
    with in_style(), matplotlib.rc_context({"svg.hashsalt": f"contrastphys {name}"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # the viewer's font has it, or a box
        fig = picture(name, comparison).figure
        svg, png = io.BytesIO(), io.BytesIO()
        about_svg = {**about, "Date": None, "Creator": "contrastphys", "Identifier": f"run {comparison.run}"}
        if points:
            about_svg["Source"] = points
        FigureCanvasSVG(fig).print_svg(svg, metadata=about_svg)  # savefig would draw everything twice
        fig.set_layout_engine("none")  # laid out once: the second file keeps the places of the first
        fig.set_dpi(dpi)
        about_png = {"Software": "contrastphys", "Title": latin(about["Title"]), "Description": f"run {comparison.run}"}
        if points:
            about_png["Source"] = latin(points)
        FigureCanvasAgg(fig).print_png(png, metadata=about_png, pil_kwargs={"compress_level": 2})
    return {"svg": svg.getvalue().decode("utf-8"), "png": png.getvalue()}


def latin(text: str) -> str:
    """Text that a PNG's plain text chunks hold."""
    return text.encode("latin-1", "replace").decode("latin-1")
