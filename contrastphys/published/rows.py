"""A published number with its source, and what is shared by the files that read them."""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import records
from ..formulation import Formulation, catalogue, load
from ..provenance import Value
from ..showing import shows


@shows(
    "{0.agent}: {0.quantity}",
    "number",
    "sd",
    "low",
    "high",
    "unit",
    "conditions",
    "modality",
    "group",
    "assumed",
    "used",
    "why",
)
@dataclass(frozen=True)
class Published:
    """One published number, and how the model is asked for it."""

    modality: str
    group: str
    agent: str
    quantity: str
    conditions: str
    number: float | None
    unit: str
    source: str
    status: str
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""
    assumed: str = ""
    used: str = ""
    why: str = ""
    size: str = ""  # of the core, which tells particles of one paper apart
    ask: Callable[[], Value] | None = None
    again: bool = False  # a number that another class holds already, put to another model
    formulation: Formulation | None = None  # what the question speaks of, where one is held
    given: Mapping[str, Any] = field(default_factory=dict)  # conditions of the question, in plain numbers


def made(**parts: Any) -> Formulation:
    """A formulation of plain parts."""
    return Formulation(**parts)


def numeric(entry: Any) -> float | None:
    """A table's entry as a number, or None where it is empty or text."""
    try:
        number = float(entry)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def worded(entry: str) -> tuple[float | None, float | None, float | None, float | None]:
    """Number, sd, low and high of an entry such as "0.81 +- 0.05", "3 to 6" or "7.20e6"; None for words."""
    plain = r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?"
    text = entry.strip().rstrip("%").strip()
    if re.fullmatch(plain, text):
        return float(text), None, None, None
    if found := re.fullmatch(rf"({plain})\s*\+-\s*({plain})", text):
        return float(found[1]), float(found[2]), None, None
    if found := re.fullmatch(rf"({plain})\s*(?:to|-)\s*({plain})", text):
        return None, None, float(found[1]), float(found[2])
    return None, None, None, None


def rows_of(name: str) -> list[dict[str, Any]]:
    """Rows of one table of `materials/published/`."""
    return records.table(f"published/{name}").rows()


def measured_of(modality: str, quantities: tuple[str, ...], group: str) -> Iterator[Published]:
    """Measured rows of the catalogue that a modality's `predict` may be asked for as they stand."""
    keys = ("kvp", "wavelength", "frequency", "temperature")
    for name in catalogue():
        agent = load(name)
        for m in agent.measured:
            if m.quantity not in quantities:
                continue
            given = {k: getattr(m, k).number for k in keys if getattr(m, k) is not None}
            units = {"kvp": "kV", "wavelength": "nm", "frequency": "MHz", "temperature": "K"}
            where = [f"{number:g} {units[k]}" for k, number in given.items()] + ([m.medium] if m.medium else [])
            if m.medium and modality != "xray":
                given["medium"] = m.medium

            def ask(agent: Formulation = agent, quantity: str = m.quantity, given: dict = given) -> Value:
                room = importlib.import_module(f".{modality}", __package__.rpartition(".")[0])
                return room.predict(agent, quantity, given, use_measured=False)

            yield Published(
                modality, group, agent.id, m.quantity, ", ".join(where), m.value.number, m.value.unit,
                m.source or m.value.source or agent.source, m.status or m.value.status, sd=m.value.sd,
                low=m.value.low, high=m.value.high, note=m.note, ask=ask,
            )  # fmt: skip


def author(source: str) -> str:
    """First surname of a citation, in lower case: "rohrer" of "M. Rohrer et al." and of "Rohrer 2005".

    Examples
    --------
    >>> author("M. Rohrer et al., Invest. Radiol. 40, 715 (2005)"), author("Rohrer 2005")
    ('rohrer', 'rohrer')
    """
    names = re.findall(r"[A-Za-z][a-z]{2,}", source)
    return names[0].lower() if names else source.lower()
