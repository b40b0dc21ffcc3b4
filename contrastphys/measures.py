"""Numbers of a study by name, and what is asked of them.

mri.r2 at 3 T                          a quantity of the only formulation, at a condition of its protocol
mri.r2 / mri.r1 at 3 T, 25 degC        a ratio; conditions hold for both
gold-40: photoacoustic.c_min per particle at 808 nm
dose.tissue_concentration

> 60 1/(mM*s)    < 5    = 1064 nm    2 nM to 5 nM
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from . import records
from . import study as studies
from .answers import limits_or_all
from .formulation import Formulation
from .mistakes import near
from .parameters import wrong
from .points import DOSE, LIMITS
from .provenance import Cell, Refusal, Value
from .schema import specs
from .showing import shows
from .study import MODALITIES, Study
from .unit_strings import parse
from .units import Q, UnitError, magnitude

# What a condition is called in a protocol, by the unit it is written in.
_NAMED = {
    "T": "field", "kV": "kvp", "nm": "wavelength", "MHz": "frequency", "K": "temperature", "cm": "phantom depth",
    "kPa": "pressure_amplitude", "mJ/cm^2": "fluence",
}  # fmt: skip
_TERM = re.compile(r"(?:([A-Za-z0-9][\w.+-]*)\s*:\s*)?([a-z]+)\.(\w+)(?:\s+per\s+([\w.+-]+))?\Z")
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"


class Term(NamedTuple):
    """One quantity of one formulation in one modality."""

    formulation: str
    modality: str
    quantity: str
    basis: str


class Measure(NamedTuple):
    """A quantity, or the ratio of two, at stated conditions."""

    text: str
    terms: tuple[Term, ...]
    conditions: tuple[str, ...]
    factor: tuple[float, str] = (1.0, "1")


@shows("Demand", "name", "low", "high", "unit", line="own")
class Demand(NamedTuple):
    """What is asked of a number: bounds in its unit; equal bounds ask for that very number."""

    name: str
    low: float
    high: float
    unit: str

    @property
    def exact(self) -> bool:
        """Whether one number is asked for."""
        return self.low == self.high

    def short(self, value: float) -> float:
        """By how much a number misses, relative to the bound; 0 or less where it meets it."""
        if not math.isfinite(value):
            return math.inf
        misses = [
            (bound - value if side == "low" else value - bound) / (abs(bound) or 1.0)
            for side, bound in (("low", self.low), ("high", self.high))
            if math.isfinite(bound)
        ]
        return max(misses, default=-math.inf)

    def __str__(self) -> str:
        unit = "" if self.unit in ("", "1") else f" {self.unit}"
        if self.exact:
            return f"{self.name} = {self.low:g}{unit}"
        if not math.isfinite(self.high):
            return f"{self.name} > {self.low:g}{unit}"
        if not math.isfinite(self.low):
            return f"{self.name} < {self.high:g}{unit}"
        return f"{self.name} from {self.low:g} to {self.high:g}{unit}"


def measure(study: Study, text: str) -> Measure:
    """What a name means in a study; RecordError where it means nothing."""
    if not isinstance(text, str):
        raise UnitError(f"a number is named such as 'mri.r2 at 3 T', not {type(text).__name__}")
    body, _, rest = text.partition(" at ")
    factor = (1.0, "1")
    if " * " in body:
        first, _, body = body.partition(" * ")
        held = parse(first.strip())
        factor = (float(held.magnitude), f"{held.units:~C}" or "1")
    terms = []
    for part in body.split(" / " if " / " in body else "/"):
        found = _TERM.match(part.strip())
        if found is None:
            raise wrong("design", f"cannot read '{part.strip()[:60]}'", "write for example 'mri.r2 at 3 T'")
        name, modality, quantity, basis = (word or "" for word in found.groups())
        if modality not in (DOSE, *MODALITIES):
            hint = near(modality, MODALITIES) or f"write one of {', '.join(MODALITIES)}"
            raise wrong("design", f"no modality '{modality[:40]}'", hint)
        known = [f.id for f in study.formulations]
        if not name and len(known) > 1:
            raise wrong("design", f"'{text[:60]}' of which formulation?", f"write '{known[0]}: {text[:60]}'")
        if name and name not in known:
            raise wrong("design", f"no formulation '{name[:60]}'", near(name, known) or f"known: {', '.join(known)}")
        terms.append(Term(name or known[0], modality, quantity, basis))
    if len(terms) > 2:
        raise wrong("design", f"'{text[:60]}' has {len(terms)} parts", "write one quantity, or the ratio of two")
    conditions = tuple(c.strip() for c in rest.split(",") if c.strip())
    return Measure(" ".join(text.split()), tuple(terms), conditions, factor)


def _narrowed(protocol: Any, conditions: Iterable[str]) -> Any:
    """A protocol at single conditions."""
    changes: dict[str, Any] = {}
    fields = specs(type(protocol))
    for text in conditions:
        for unit, words in _NAMED.items():
            try:
                magnitude(text, unit)
            except UnitError:
                continue
            keys = [w for w in words.split() if w in fields]
            if keys:
                changes[keys[0]] = text
                break
        else:
            if text.startswith("in ") and "medium" in fields:
                changes["medium"] = text.removeprefix("in ").strip()
            else:
                takes = ", ".join(f"{unit} ({w})" for unit, w in _NAMED.items() if set(w.split()) & set(fields))
                raise wrong("design", f"'{text[:40]}' is no condition of it", f"write one in {takes}")
    return dataclasses.replace(protocol, **changes) if changes else protocol


# Quantities that follow from the record alone: asked of the model without making every cell.
_DIRECT = {
    "mri": ("r1", "r2", "r2_star"),
    "xray": ("enhancement_per_mass", "enhancement_per_mole"),
    "photoacoustic": ("molar_absorption", "molar_extinction"),
    "ultrasound": ("resonance_frequency", "attenuation_peak", "attenuation", "backscatter"),
}


def _quick(formulation: Formulation, term: Term, protocol: Any) -> Value | None:
    """The number straight from the model where that is enough; None where cells must be made."""
    if term.quantity not in _DIRECT.get(term.modality, ()):
        return None
    varied = [getattr(protocol, key) for key in ("field", "kvp", "wavelength", "frequency", "phantom")
              if isinstance(getattr(protocol, key, None), tuple)]  # fmt: skip
    if any(len(entries) != 1 for entries in varied):
        return None
    conditions: dict[str, Any]
    if term.modality == "xray":
        conditions = protocol.conditions(protocol.kvp[0].number, protocol.phantom[0].number)
    elif term.modality == "photoacoustic":
        conditions = {"wavelength": protocol.wavelength[0].number}
    elif term.modality == "mri":
        conditions = {"field": protocol.field[0].number, "medium": protocol.medium}
        conditions["temperature"] = protocol.temperature.number
        if protocol.echo_spacing is not None:
            conditions["echo_spacing"] = protocol.echo_spacing.number * 1e-3
    else:
        conditions = {"frequency": protocol.frequency[0].number, "medium": protocol.medium}
        conditions |= {"temperature": protocol.temperature.number, "vaporised": protocol.vaporised}
    return studies.room(term.modality).predict(formulation, term.quantity, conditions)


def _valued(study: Study, term: Term, conditions: Iterable[str]) -> tuple[float, str]:
    """Number and unit of one term."""
    with records.using(study.components):
        return _told(study, term, conditions)


def _told(study: Study, term: Term, conditions: Iterable[str]) -> tuple[float, str]:
    formulation = next(f for f in study.formulations if f.id == term.formulation)
    placed, dose = studies.place(formulation, study.scenario)
    if term.modality == DOSE:
        return _of_cells([dose], placed, term)
    if not studies.room(term.modality).applies(placed):
        raise Refusal("does-not-apply", f"{term.modality} does not see {term.formulation}")
    protocol = _narrowed(study.protocol(term.modality), conditions)
    quick = _quick(placed, term, protocol)
    if quick is not None and (not term.basis or term.modality == "mri"):
        return _counted(quick.number, quick.unit, placed.basis, placed, term)
    cells = limits_or_all(placed, term.modality, protocol, (term.quantity,))
    return _of_cells(cells, placed, term)


def _of_cells(cells: list[Cell], formulation: Formulation, term: Term) -> tuple[float, str]:
    """The number among cells: of the asked basis, at the best condition of a limit."""
    found = [c for c in cells if c.quantity == term.quantity]
    answered = [c for c in found if c.value is not None]
    if not answered:
        why = next((c.refusal for c in [*found, *cells] if c.refusal), "")
        known = ", ".join(dict.fromkeys(c.quantity for c in cells if c.quantity)) or "nothing"
        raise Refusal(
            "no-number", why or f"{term.modality} gives no {term.quantity} of {term.formulation}; it gives {known}"
        )
    own = [c for c in answered if not term.basis or c.conditions.get("basis") == term.basis]
    kept = own or [c for c in answered if c.conditions.get("basis") == answered[0].conditions.get("basis")]
    if term.quantity in LIMITS:
        kept = [(max if term.quantity == "margin" else min)(kept, key=lambda c: c.value or 0.0)]
    if len({c.value for c in kept}) > 1:
        options = [", ".join(f"{k} {v}" for k, v in c.conditions.items()) for c in kept[:2]]
        raise wrong("design", f"{term.modality}.{term.quantity} at several conditions ({'; '.join(options)})",
                    f"name one, such as '{term.modality}.{term.quantity} at 3 T'")  # fmt: skip
    cell = kept[0]
    basis = str(cell.conditions.get("basis", "")) or formulation.basis
    if own or not term.basis:
        return float(cell.value or 0.0), cell.unit
    return _counted(float(cell.value or 0.0), cell.unit, basis, formulation, term)


def _counted(value: float, unit: str, basis: str, formulation: Formulation, term: Term) -> tuple[float, str]:
    """A number per one basis as one per another."""
    if not term.basis or term.basis == basis:
        return value, unit
    if term.basis == "cost":
        price = formulation.limits.price_per_gram if formulation.limits is not None else None
        if price is None or formulation.limits is None:
            raise Refusal(
                "no-price", f"{formulation.id}: no price; write limits = {{ price_per_gram = ... }} with its source"
            )
        grams = formulation.concentration(Q(value, unit), basis).mass(basis)  # g/L of what it is counted by
        return grams * price.number, "1"
    if term.quantity in ("r1", "r2", "r2_star"):
        one = formulation.concentration("1 mmol/L", term.basis)
        return value * one.molar(basis), unit
    return formulation.concentration(Q(value, unit), basis).molar(term.basis), "mmol/L"


def evaluate(study: Study, asked: Measure) -> tuple[float, str]:
    """Number and unit of a measure; Refusal where a model does not answer.

    Examples
    --------
    >>> from contrastphys.study import study_of
    >>> chelate = study_of("gadoterate")
    >>> number, unit = evaluate(chelate, measure(chelate, "mri.r2 / mri.r1 at 3 T"))
    >>> 1 < number < 2, unit
    (True, '1')
    """
    first = _valued(study, asked.terms[0], asked.conditions)
    times, unit = asked.factor
    if times != 1.0 or unit != "1":
        first = (first[0] * times, first[1] if unit == "1" else unit if first[1] == "1" else f"{unit}*{first[1]}")
    if len(asked.terms) == 1:
        return first
    second = _valued(study, asked.terms[1], asked.conditions)
    if second[0] == 0:
        raise Refusal("zero", f"{asked.text}: its divisor is zero")
    if first[1] == second[1]:
        return first[0] / second[0], "1"
    if first[1] == f"{unit}*{second[1]}":
        return first[0] / second[0], unit
    return first[0] / second[0], f"({first[1]})/({second[1]})"


def demand(name: str, asked: Any, unit: str) -> Demand:
    """Bounds of what is asked, in the unit of the number.

    Examples
    --------
    >>> print(demand("r2", "> 0.06 1/(uM*s)", "1/(mM*s)"))
    r2 > 60 1/(mM*s)
    """
    low, high = -math.inf, math.inf

    def plain(given: Any) -> float:
        found = float(magnitude(given, unit, name))
        if not math.isfinite(found):
            raise wrong("design", f"{name}: {found:g} is no bound", "write a number")
        return found

    if isinstance(asked, tuple | list) and len(asked) == 2:
        low = -math.inf if asked[0] is None else plain(asked[0])
        high = math.inf if asked[1] is None else plain(asked[1])
    elif isinstance(asked, str):
        text = asked.strip()
        ranged = re.fullmatch(rf"({_NUMBER}.*?)\s+to\s+({_NUMBER}.*)", text)
        if text[:1] in "<>=" and text:
            bound = plain(text.lstrip("<>=").strip())
            low = bound if text[0] in ">=" else low
            high = bound if text[0] in "<=" else high
        elif ranged:
            upper = ranged[2]
            given = ranged[1] if not re.fullmatch(_NUMBER, ranged[1].strip()) else (
                f"{ranged[1].strip()} {re.sub(rf'^{_NUMBER}', '', upper).strip()}"
            )  # fmt: skip
            low, high = plain(given), plain(upper)
        else:
            low = high = plain(text)
    else:
        low = high = plain(asked)
    if low > high:
        raise wrong("design", f"{name}: {low:g} to {high:g} {unit} holds no number", "exchange the bounds")
    return Demand(name, low, high, unit)


def consistent(demands: Iterable[Demand]) -> None:
    """RecordError where two demands on one number cannot both be met."""
    held: dict[str, Demand] = {}
    for d in demands:
        other = held.get(d.name)
        if other is not None and (d.low > other.high or d.high < other.low):
            raise wrong("design", f"contradictory: {other} and {d}", "keep one of them")
        held[d.name] = d


def demands_of(require: Mapping[str, Any], units: Mapping[str, str]) -> list[Demand]:
    """Demands of a mapping of names to what is asked; a list asks several things of one number."""
    found = []
    for name, asked in require.items():
        several = asked if isinstance(asked, list) and all(isinstance(a, str) for a in asked) else [asked]
        found += [demand(name, one, units[name]) for one in several]
    consistent(found)
    return found
