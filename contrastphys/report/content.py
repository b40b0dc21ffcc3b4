"""What the report shows, as plain data: the answer in short, the table, the chains, assumptions and sources."""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Iterable
from typing import Any

from .. import plots, records
from ..formulation import Formulation, catalogue
from ..plots.style import INK, PAPER, QUIET, RULE, STRIPE
from ..plots.words import amount_text, condition_text, number_text, quantity_words, unit_text
from ..provenance import LETTERS, Cell, Value
from ..schema import values

MODALITIES = {"mri": "MRI", "xray": "CT", "photoacoustic": "Photoacoustic", "ultrasound": "Ultrasound"}

_DOI = re.compile(r"(?:doi:|https?://doi\.org/)(10\.\d{4,9}/[^\s;,\"<>]+)")
_VARIED = ("field", "kvp", "wavelength", "frequency", "depth")
# What a picture's own colours become on the page, so that a dark page exchanges them.
_ON_PAGE = {
    INK: "var(--ink)",
    QUIET: "var(--quiet)",
    RULE: "var(--line)",
    PAPER: "var(--paper)",
    STRIPE: "var(--panel)",
}


# ------------------------------------------------------------------------------------------- the table


def row(comparison: Any, formulation: Formulation) -> dict[str, Any]:
    """What the table shows of one formulation, with the chain behind each entry."""
    placed = comparison.select(formulation.id, "dose", "tissue_concentration")
    target = placed[0] if placed and placed[0].value is not None else None
    smallest, limiting = comparison.smallest(formulation.id), comparison.limiting(formulation.id)
    best = comparison.best(formulation.id)
    return {
        "id": formulation.id,
        "name": formulation.name,
        "kind": formulation.kind,
        "target": amount_text(target.value or 0.0, target.unit) if target is not None else "no dose",
        "basis": str(target.conditions.get("basis", "")) if target is not None else "",
        "needs": [MODALITIES[m] for m in comparison.needed(formulation.id)],
        "best": MODALITIES.get(best, ""),
        "limiting": MODALITIES.get(limiting, ""),
        "decided": smallest is not None,
        "entries": [_entry(comparison, formulation.id, modality) for modality in MODALITIES],
        "dose": _chain(placed, ()),
        "smallest": smallest,
    }


def _entry(comparison: Any, id: str, modality: str) -> dict[str, Any]:
    verdict = comparison.verdict(id, modality)
    cells = comparison.select(id, modality)
    entry: dict[str, Any] = {"modality": modality, "state": "none", "margin": None, "chain": [], "limits": False}
    if verdict is None:
        return entry
    margin, c_min = verdict.margin, verdict.c_min
    entry |= {
        "state": "undecided",
        "word": "no dose" if c_min is not None else "cannot be decided",
        "reason": bare(verdict.reason, id) if verdict.reason else "",
        "limits": comparison.limiting(id) == modality,
        "chain": _chain(cells, (margin, c_min)),
        "seen_from": "",
    }
    if margin is not None and margin.value is not None:
        entry |= {
            "state": "seen" if margin.value >= 1 else "unseen",
            "margin": margin.value,
            "word": f"{number_text(margin.value)}×",
            "band": band(margin),
            "where": where(margin),
            "letter": margin.letter,
            "origin": LETTERS[margin.letter],
        }
    if c_min is not None and c_min.value is not None:
        basis = str(c_min.conditions.get("basis", ""))
        basis = "" if basis in ("particle", "molecule") else f" {basis}"
        entry["seen_from"] = amount_text(c_min.value, c_min.unit) + basis
    return entry


def bare(reason: str, id: str) -> str:
    """A reason without the words that stand before it anyway."""
    return reason.removeprefix(f"{id}: ").removeprefix("cannot be decided: ") or "no dose is stated"


def where(cell: Cell) -> str:
    """The condition that tells a cell from its neighbours."""
    return next((condition_text(cell.conditions[key]) for key in _VARIED if key in cell.conditions), "")


def band(cell: Cell, digits: int = 2) -> str:
    """The band of a cell in words, with its median where it was sampled; empty where it has none."""
    if cell.value is None or cell.low is None or cell.high is None or not cell.low < cell.high:
        return ""
    digits = digits if cell.high > 1.1 * cell.low else 3
    middle = "" if cell.median is None else f", median {number_text(cell.median, digits)}"
    return f"{number_text(cell.low, digits)} to {number_text(cell.high, digits)}{middle}"


def _scaled(cell: Cell) -> Cell:
    """A cell in mmol/L with the prefix that suits its value; any other as it is."""
    if cell.unit != "mmol/L" or not cell.value or cell.value >= 1:
        return cell
    unit, size = next(((u, s) for u, s in (("umol/L", 1e-3), ("nmol/L", 1e-6)) if cell.value >= s), ("pmol/L", 1e-9))
    low, high, median = (None if v is None else v / size for v in (cell.low, cell.high, cell.median))
    return dataclasses.replace(cell, value=cell.value / size, low=low, high=high, median=median, unit=unit)


def _chain(cells: list[Cell], first: Iterable[Cell | None]) -> list[dict[str, Any]]:
    """Cells as a reader meets them: the answer, then what leads to it; each flag is said the first time only."""
    answer = [cell for cell in first if cell is not None]
    ordered = answer + [cell for cell in cells if not any(cell is best for best in answer)]
    said: set[Any] = set()
    chain = []
    for cell in ordered:
        new = [flag for flag in cell.flags if flag not in said and flag.severity != "refuse"]
        said |= set(cell.flags)
        conditions = [
            f"{key.replace('_', ' ')} {condition_text(value)}"
            for key, value in cell.conditions.items()
            if key != "from" and value not in ("", None)
        ]
        shown = _scaled(cell)
        chain.append(
            {
                "quantity": quantity_words(cell.quantity),
                "value": None if shown.value is None else number_text(shown.value, 3),
                "band": band(shown, 3),
                "unit": "×" if cell.quantity == "margin" else unit_text(shown.unit),
                "conditions": ", ".join(conditions),
                "letter": cell.letter,
                "origin": LETTERS[cell.letter],
                "status": "" if cell.status in ("computed", LETTERS[cell.letter]) else cell.status,
                "source": cell.source,
                "flags": new,
                "refusal": cell.refusal,
                "answer": any(cell is best for best in answer),
            }
        )
    return chain


# ------------------------------------------------------------------------------------------- pictures


def inlined(name: str, svg: str | bytes, comparison: Any) -> dict[str, Any]:
    """A picture for the page: its SVG without a prolog, with ids of its own and the page's colours."""
    text = svg.decode("utf-8") if isinstance(svg, bytes) else svg
    key = re.sub(r"[^A-Za-z0-9_-]", "-", name.removesuffix(".svg"))
    body = text[text.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.S)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{key}-\1"', body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{key}-\1)", body)
    body = re.sub(r'href="#([^"]+)"', rf'href="#{key}-\1"', body)
    body = re.sub(r"(?<=[\" ])#[0-9a-f]{6}\b", lambda found: _ON_PAGE.get(found[0], found[0]), body)
    body = re.sub(r'^<svg ([^>]*?)width="[^"]*"', r"<svg \1", body)
    body = re.sub(r'^<svg ([^>]*?)height="[^"]*"', r"<svg \1", body)
    said = html.escape(plots.caption(key), quote=True)
    return {
        "name": key,
        "svg": body.replace("<svg ", f'<svg role="img" aria-label="{said}" ', 1),
        "caption": plots.caption(key),
        "points": [{"of": of, "source": source} for of, source in plots.measured_by(key, comparison)],
    }


# ------------------------------------------------------------------------------------------- what it rests on


def machines(comparison: Any) -> list[dict[str, Any]]:
    """Scenario and protocols of the modalities that answered, with what was left at its default."""
    asked = [m for m in MODALITIES if comparison.select("", m)]
    records = [("Scenario", comparison.study.scenario)]
    records += [(MODALITIES[m], comparison.study.protocol(m)) for m in asked]
    return [{"name": name, "settings": _settings(record)} for name, record in records]


def _settings(record: Any) -> list[dict[str, str]]:
    found: dict[str, list[Value]] = {}
    for key, value in values(record):
        found.setdefault(re.sub(r"\[\d+\]$", "", key), []).append(value)
    told = {
        field.name: getattr(record, field.name)
        for field in dataclasses.fields(record)
        if isinstance(getattr(record, field.name), str | int) and getattr(record, field.name) not in ("", None)
    }
    lines = [{"key": key.replace("_", " "), "value": str(value), "origin": ""} for key, value in told.items()]
    for key, numbers in found.items():
        listed = ", ".join(condition_text(number) for number in numbers)
        origin = "default" if numbers[0].source == "default" else numbers[0].source
        lines.append({"key": key.replace("_", " "), "value": listed, "origin": origin})
    return sorted(lines, key=lambda line: line["key"])


def assumptions(comparison: Any) -> list[dict[str, Any]]:
    """Numbers behind the comparison that nobody was seen to state: assumed, fitted, or not looked up."""
    found = []
    for formulation in comparison.formulations:
        numbers = [
            {"key": key, "value": str(value), "status": value.status, "source": value.source, "note": value.note}
            for key, value in values(formulation)
            if value.status in ("assumed", "unverified", "fitted") and value.source != "default"
        ]
        cells = [
            {
                "key": f"{MODALITIES.get(cell.modality, cell.modality)}: {quantity_words(cell.quantity)}",
                "value": f"{number_text(cell.value, 3)} {unit_text(cell.unit)}",
                "status": "assumed",
                "source": cell.source,
                "note": "",
            }
            for cell in comparison.select(formulation.id)
            if cell.letter == "A" and cell.value is not None
        ]
        if numbers or cells:
            found.append({"name": formulation.name, "numbers": cells + numbers})
    return found


def sources(comparison: Any) -> list[dict[str, Any]]:
    """Every source once, with the formulations it serves and the standing its numbers have."""
    used: dict[str, dict[str, None]] = {}
    standing: dict[str, set[str]] = {}

    def add(source: str, name: str, status: str) -> None:
        if source not in ("", "default", "study", "assumed"):
            used.setdefault(source, {})[name] = None
            standing.setdefault(source, set()).update({status} - {""})

    for formulation in comparison.formulations:
        for _, value in values(formulation):
            add(value.source, formulation.name, value.status)
        for cell in comparison.select(formulation.id):
            if cell.modality != "dose":
                add(cell.source, formulation.name, cell.status)
    if "sensitivity" in plots.of_comparison(comparison):
        for line in records.table("published/reference_lines.csv").rows():
            for source in line["source"].split("; "):
                add(
                    re.sub(r" (for|\().*", "", source),
                    "ranges of reviews in the picture of sensitivity",
                    line["status"],
                )
    return [
        {"source": source, "used": list(used[source]), "status": sorted(standing[source])}
        for source in sorted(used, key=str.lower)
    ]


def study_text(comparison: Any) -> str:
    """The study as it was read, or one that names the same agents of the catalogue."""
    text = comparison.study.text
    known = set(catalogue())
    if text or not all(f.id in known for f in comparison.formulations):
        return text
    return "\n".join(f'[[formulation]]\nuse = "{f.id}"\n' for f in comparison.formulations)


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
