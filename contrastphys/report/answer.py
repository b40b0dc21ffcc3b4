"""The answer in short: which formulation to pick for each modality and why, and what is uncertain about it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from ..formulation import Formulation
from ..plots import tornado
from ..plots.words import amount_text, number_text
from ..provenance import LETTERS, Cell
from .content import band, bare, where

_SPOKEN = {"mri": "MRI", "xray": "CT", "photoacoustic": "photoacoustics", "ultrasound": "ultrasound"}
_FEW = 6  # lines of one kind; more are counted


def headline(comparison: Any) -> str:
    """The summary as a page prints it."""
    return re.sub(r"(?<=\d)x\b", "×", comparison.summary())


# ------------------------------------------------------------------------------------------- which one, and why


def picks(comparison: Any) -> list[dict[str, Any]]:
    """For each modality the formulation to pick, why, and what it is to be held against.

    Each entry has a `term` and `items` of a bold `lead` and the `text` that follows it.
    """
    lines: list[dict[str, Any]] = []
    for modality, heading in _SPOKEN.items():
        ranked = [(f, cell) for f, cell in comparison.best_in(modality) if (cell.value or 0.0) >= 1]
        if ranked:
            lines.append({"term": f"For {heading}", "items": _pick(comparison, modality, ranked)})
    several = [
        (smallest, f)
        for f in comparison.formulations
        if len(comparison.needed(f.id)) > 1 and (smallest := comparison.smallest(f.id)) is not None
    ]
    if several:
        items = []
        for smallest, f in sorted(several, key=lambda pair: -pair[0])[:3]:
            limiting = comparison.limiting(f.id)
            items.append(
                {
                    "lead": f.name,
                    "text": f"{number_text(smallest)}× where it is seen least, in {_SPOKEN[limiting]}: that sets its "
                    f"dose (needs {_listed(_SPOKEN[m] for m in comparison.needed(f.id))})",
                }
            )
        lines.append({"term": "For several at once", "items": items})
    return lines


def _pick(comparison: Any, modality: str, ranked: list[tuple[Formulation, Cell]]) -> list[dict[str, str]]:
    """The first in a modality, why, and the second."""
    formulation, cell = ranked[0]
    items = [{"lead": formulation.name, "text": f"{_margin(cell)}.{_why(comparison, formulation, modality, cell)}"}]
    if len(ranked) > 1:
        other, second = ranked[1]
        sure = (second.high or second.value or 0.0) <= (cell.low or cell.value or 0.0)
        verdict = "the bands do not overlap" if sure else "the bands overlap: either may be first"
        items.append({"lead": "", "text": f"Next {other.name}, {_margin(second)}; {verdict}."})
    return items


def _margin(cell: Cell) -> str:
    """A margin with its condition, band and origin."""
    ends = f" ({band(cell)})" if band(cell) else ""
    at = f" at {where(cell)}" if where(cell) else ""
    return f"{number_text(cell.value or 0.0)}×{at}{ends}, {LETTERS[cell.letter]}"


def _why(comparison: Any, formulation: Formulation, modality: str, cell: Cell) -> str:
    """What the margin is made of: the dose, what it brings into the target, and from where on that is seen."""
    verdict = comparison.verdict(formulation.id, modality)
    seen = verdict.c_min if verdict is not None else None
    told = ""
    if seen is not None and seen.value and cell.value:
        basis = str(seen.conditions.get("basis", ""))
        counted = "" if basis in ("particle", "molecule") else f" {basis}"
        told = (
            f" {amount_text(cell.value * seen.value, seen.unit)}{counted} in the target, seen from "
            f"{amount_text(seen.value, seen.unit)} on"
        )
    dose = formulation.dose
    if dose is None or not told:
        return f"{told}." if told else ""
    standing = "stated by this study" if dose.value.status == "user" else f"{dose.value.status}"
    return f"{told}; dose {_dose(dose)} ({standing})."


def _dose(dose: Any) -> str:
    number = f"{number_text(dose.value.number, 3)} {dose.value.unit}"
    return number if dose.basis in ("", "suspension") else f"{number} {dose.basis}"


# ------------------------------------------------------------------------------------------- what is uncertain


def doubts(comparison: Any) -> list[dict[str, Any]]:
    """What could change the answer: margins near 1, what is not decided, and which number moves each pick most."""
    lines = []
    for term, items in (
        ("Could go either way", _either_way(comparison)),
        ("Not seen where needed", _unseen(comparison)),
        ("Cannot be decided", _undecided(comparison)),
        ("Outside a stated limit", _outside(comparison)),
        ("Moves the picks most", _moves(comparison)),
        ("Behind every margin", _common(comparison)),
    ):
        if items:
            more = [{"lead": "", "text": f"and {len(items) - _FEW} more"}] if len(items) > _FEW else []
            lines.append({"term": term, "items": items[:_FEW] + more})
    return lines


def _needed(comparison: Any) -> Iterable[tuple[Formulation, str, Any]]:
    for formulation in comparison.formulations:
        for modality in comparison.needed(formulation.id):
            yield formulation, modality, comparison.verdict(formulation.id, modality)


def _said(formulation: Formulation, modality: str, text: str) -> dict[str, str]:
    return {"lead": f"{formulation.name} in {_SPOKEN[modality]}", "text": text}


def _unseen(comparison: Any) -> list[dict[str, str]]:
    """Needed margins whose whole band is below 1."""
    return [
        _said(f, m, f"{_margin(v.margin)}")
        for f, m, v in _needed(comparison)
        if v is not None and v.margin is not None and v.margin.value < 1 and (v.margin.high or 0.0) <= 1
    ]


def _either_way(comparison: Any) -> list[dict[str, str]]:
    """Needed margins whose band holds 1."""
    return [
        _said(f, m, f"{_margin(v.margin)}: the band holds 1×")
        for f, m, v in _needed(comparison)
        if v is not None and v.margin is not None and (v.margin.low or 1.0) < 1 < (v.margin.high or 1.0)
    ]


def _undecided(comparison: Any) -> list[dict[str, str]]:
    found = []
    for formulation, modality, verdict in _needed(comparison):
        if verdict is None or verdict.margin is None:
            reason = verdict.reason if verdict is not None else "the modality does not apply"
            found.append(_said(formulation, modality, bare(reason, formulation.id)))
    return found


def _outside(comparison: Any) -> list[dict[str, str]]:
    names = {f.id: f.name for f in comparison.formulations}
    return [{"lead": names[e["id"]], "text": e["exceeds"]} for e in comparison.rank() if e["exceeds"]]


def _moves(comparison: Any) -> list[dict[str, str]]:
    """The two numbers that move the margin of each pick most; the picture of what to measure next has the rest."""
    found = []
    for modality in _SPOKEN:
        for formulation, cell in comparison.best_in(modality)[:1]:
            bars = tornado.swings(comparison.study, formulation.id, modality, cell)[:2]
            told = []
            for bar in bars:
                low, high = min(*bar.ends, cell.value or math.inf), max(*bar.ends, cell.value or 0.0)
                told.append(f"{bar.name} ({number_text(low)} to {number_text(high)}×)")
            if told:
                found.append(_said(formulation, modality, "; ".join(told)))
    return found


def _common(comparison: Any) -> list[dict[str, str]]:
    """What all margins share: where the dose goes, and what counts as seen."""
    scenario = comparison.study.scenario
    flags: dict[str, None] = {}
    for cell in comparison.select("", "dose"):
        flags.update(dict.fromkeys(flag.message for flag in cell.flags if flag.severity != "refuse"))
    items = [{"lead": "", "text": f"{message} ({scenario.species})"} for message in flags]
    if comparison.cells:
        rose = number_text(scenario.rose.number, 3)
        items.append(
            {"lead": "", "text": f"seen means {rose} times the noise, on the machines listed under Assumptions"}
        )
    return items


def _listed(words: Iterable[str]) -> str:
    listed = list(words)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"
