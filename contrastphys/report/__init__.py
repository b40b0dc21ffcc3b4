"""The report: one HTML file that needs no network, with everything behind each number one click away.

`render` gathers what the page shows into plain data (`content`); the page itself is the template beside this
file. All text is escaped by the template; only the pictures, drawn by this package, go in as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import plots
from ..provenance import LETTERS
from . import answer, content


def render(comparison: Any, pictures: Mapping[str, str | bytes] | None = None) -> str:
    """The report of a comparison as the text of one HTML file.

    Parameters
    ----------
    comparison : Comparison
        What is reported.
    pictures : mapping of file name to SVG text, optional
        Pictures that are drawn already; without them they are drawn here.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from .. import __version__

    if pictures is None:
        names = plots.of_comparison(comparison)
        pictures = {f"{name}.svg": plots.draw(name, comparison)["svg"] for name in names}
    page = Environment(
        loader=PackageLoader("contrastphys.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page.filters["doi"] = content.linked
    return page.get_template("report.html.j2").render(
        title=comparison.study.title or "Comparison",
        run=comparison.run,
        made=comparison.made.replace("T", " ").replace("+00:00", " UTC"),
        version=__version__,
        summary=answer.headline(comparison),
        letters=LETTERS,
        modalities=content.MODALITIES,
        kinds=sorted({formulation.kind for formulation in comparison.formulations}),
        picks=answer.picks(comparison),
        doubts=answer.doubts(comparison),
        rows=[content.row(comparison, formulation) for formulation in comparison.formulations],
        pictures=[content.inlined(name, svg, comparison) for name, svg in pictures.items()],
        machines=content.machines(comparison),
        assumptions=content.assumptions(comparison),
        sources=content.sources(comparison),
        study=content.study_text(comparison),
    )
