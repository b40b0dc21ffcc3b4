"""The report: one HTML file that needs no network, with everything behind each number one click away.

`render` gathers what the page shows into plain data; the page itself is the template beside this file. All text
is escaped by the template; only the pictures, drawn by this package, go in as they are.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from .. import plots
from ..plots.words import number_text, quantity_words, unit_text
from ..provenance import LETTERS, Cell
from ..schema import values

MODALITIES = {"mri": "MRI", "xray": "CT", "photoacoustic": "Photoacoustic", "ultrasound": "Ultrasound"}
_DOI = re.compile(r"(?:doi:|https?://doi\.org/)(10\.\d{4,9}/[^\s;,\"<>]+)")


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
    page.filters["doi"] = linked
    return page.get_template("report.html.j2").render(
        title=comparison.study.title or "Comparison",
        run=comparison.run,
        made=comparison.made.replace("T", " ").replace("+00:00", " UTC"),
        version=__version__,
        summary=comparison.summary(),
        legend=comparison.legend(),
        letters=LETTERS,
        modalities=MODALITIES,
        rows=[_row(comparison, formulation) for formulation in comparison.formulations],
        pictures=[_picture(name, svg) for name, svg in pictures.items()],
        assumptions=_assumptions(comparison),
        sources=_sources(comparison),
        study=comparison.study.text,
    )


def _row(comparison: Any, formulation: Any) -> dict[str, Any]:
    """What the table shows of one formulation, with the chain behind each entry."""
    entries = []
    for modality in MODALITIES:
        verdict = comparison.verdict(formulation.id, modality)
        margin = verdict.margin.value if verdict is not None and verdict.margin is not None else None
        lines = verdict.text.split("\n") if verdict is not None else ["does not apply"]
        entries.append(
            {
                "modality": modality,
                "lines": lines,
                "margin": margin,
                "state": _state(verdict, margin),
                "reason": verdict.reason if verdict is not None else "",
                "chain": _chain(comparison.select(formulation.id, modality)),
            }
        )
    row = comparison.rows()[comparison.formulations.index(formulation)]
    return {
        "id": formulation.id,
        "name": formulation.name,
        "kind": formulation.kind,
        "target": row[1].split("\n"),
        "decided": row[-1].split("\n"),
        "entries": entries,
        "dose": _chain(comparison.select(formulation.id, "dose")),
        "smallest": comparison.smallest(formulation.id),
    }


def _state(verdict: Any, margin: float | None) -> str:
    if verdict is None:
        return "none"
    if margin is None:
        return "undecided"
    return "seen" if margin >= 1 else "unseen"


def _chain(cells: list[Cell]) -> list[dict[str, Any]]:
    """Cells as a reader meets them; each flag is said the first time only."""
    said: set[Any] = set()
    chain = []
    for cell in cells:
        new = [flag for flag in cell.flags if flag not in said and flag.severity != "refuse"]
        said |= set(cell.flags)
        band = ""
        if cell.value is not None and cell.low is not None and cell.high is not None and cell.low < cell.high:
            band = f"{number_text(cell.low, 3)} to {number_text(cell.high, 3)}"
        conditions = [f"{key.replace('_', ' ')} {value}" for key, value in cell.conditions.items() if key != "from"]
        chain.append(
            {
                "quantity": quantity_words(cell.quantity),
                "value": None if cell.value is None else number_text(cell.value, 3),
                "band": band,
                "unit": unit_text(cell.unit),
                "conditions": ", ".join(conditions),
                "letter": cell.letter,
                "origin": LETTERS[cell.letter],
                "status": "" if cell.status in ("computed", LETTERS[cell.letter]) else cell.status,
                "source": cell.source,
                "flags": new,
                "refusal": cell.refusal,
            }
        )
    return chain


def _picture(name: str, svg: str | bytes) -> dict[str, str]:
    """A picture for the page: its SVG without a prolog, with ids of its own."""
    text = svg.decode("utf-8") if isinstance(svg, bytes) else svg
    key = name.removesuffix(".svg")
    body = text[text.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.S)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{key}-\1"', body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{key}-\1)", body)
    body = re.sub(r'href="#([^"]+)"', rf'href="#{key}-\1"', body)
    return {"name": key, "svg": body, "caption": plots.caption(key)}


def _assumptions(comparison: Any) -> list[dict[str, Any]]:
    """Numbers behind the comparison that nobody was seen to state: assumed, or not yet looked up."""
    found = []
    for formulation in comparison.formulations:
        numbers = [
            {"key": key, "value": str(value), "status": value.status, "source": value.source, "note": value.note}
            for key, value in values(formulation)
            if value.status in ("assumed", "unverified", "fitted") and value.source != "default"
        ]
        if numbers:
            found.append({"name": formulation.name, "numbers": numbers})
    return found


def _sources(comparison: Any) -> list[dict[str, Any]]:
    """Every source once, with the formulations it serves and the best standing it was given."""
    sources: dict[str, set[str]] = {}
    standing: dict[str, set[str]] = {}
    for formulation in comparison.formulations:
        for _, value in values(formulation):
            if value.source not in ("", "default", "study"):
                sources.setdefault(value.source, set()).add(formulation.name)
                standing.setdefault(value.source, set()).add(value.status)
    return [
        {"source": source, "used": sorted(sources[source]), "status": sorted(standing[source])}
        for source in sorted(sources, key=str.lower)
    ]


def linked(text: str) -> Any:
    """Escaped text with its DOIs as links."""
    from markupsafe import Markup

    out, end = [], 0
    for found in _DOI.finditer(text):
        doi = found[1].rstrip(".)")
        out.append(html.escape(text[end : found.start()]))
        out.append(f'<a href="https://doi.org/{html.escape(doi)}" rel="noreferrer">doi:{html.escape(doi)}</a>')
        end = found.start() + found[0].index(doi) + len(doi)
    out.append(html.escape(text[end:]))
    return Markup("".join(out))  # every piece is escaped above
