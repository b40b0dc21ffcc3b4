"""Ranking without a score: hard limits first, then the Pareto fronts of the margins, then how sure they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from . import study as studies
from .concentration import Concentration
from .formulation import Formulation
from .provenance import Cell
from .study import MODALITIES, Study
from .wording import significant

# Limits on the machine rather than the probe: the flag of a cell that breaks one, and where the limit is from.
EXPOSURES = {
    "skin-limit": "ANSI Z136.1-2022, ICNIRP 2013",
    "mechanical-index": "limit of diagnostic scanners, or of the record",
}


def exceeds(formulation: Formulation, study: Study, cells: Iterable[Cell] = ()) -> str:
    """The hard limits of dose, exposure to light and sound, and cost that are exceeded, or an empty string.

    Light and sound count where every condition of a modality breaks the limit: otherwise another one may be used.
    """
    found = []
    limits, dose, mass = formulation.limits, formulation.dose, studies.body_mass(study.scenario)
    if limits is not None and limits.maximum_dose is not None and dose is not None:
        given = formulation.dose_entities(dose, mass)
        most = formulation.dose_entities(limits.maximum_dose, mass)
        if given > most * 1.000001:
            found.append(f"dose {given / most:.2g} times the limit ({limits.maximum_dose.value})")
    own_index = limits.mechanical_index if limits is not None else None
    if own_index is not None and (formulation.gas is not None or formulation.liquid is not None):
        protocol = study.protocol("ultrasound")
        lowest = min(value.number for value in protocol.frequency)
        index = protocol.pressure_amplitude.number * 1e-3 / math.sqrt(lowest)
        if index > own_index.number * 1.000001:
            found.append(f"mechanical index {index:.2g} above the limit {own_index.number:g}")
    found += _exposed([c for c in cells if c.quantity == "margin"], own_index is not None)
    if (
        limits is not None
        and limits.maximum_cost is not None
        and limits.price_per_gram is not None
        and dose is not None
    ):
        basis = formulation.basis if formulation.basis in formulation.elements else "compound"
        grams = Concentration(formulation, formulation.dose_entities(dose, mass), basis).mass(basis)
        cost = grams * limits.price_per_gram.number
        if cost > limits.maximum_cost.number * 1.000001:
            found.append(f"cost of a dose {significant(cost)} {limits.currency} above {limits.maximum_cost.number:g}")
    return "; ".join(" ".join(words.split()) for words in found)


def _exposed(margins: Sequence[Cell], own_index: bool) -> list[str]:
    """What breaks a limit on light or sound in every margin of a modality."""
    found = []
    for modality in MODALITIES:
        there = [c for c in margins if c.modality == modality and c.value is not None]
        for code, source in EXPOSURES.items():
            flags = [next((f for f in c.flags if f.code == code), None) for c in there]
            if flags and flags[0] is not None and all(flags) and not (code == "mechanical-index" and own_index):
                found.append(f"{flags[0].message} [{source}]")
    return found


def fronts(margins: Sequence[Mapping[str, float]]) -> list[int]:
    """Pareto front of each, counted from 1: at least as good in every modality, and better in one.

    Examples
    --------
    >>> fronts([{"mri": 3.0}, {"mri": 1.0, "xray": 2.0}, {"mri": 0.5, "xray": 1.0}])
    [1, 1, 2]
    """
    held = np.array([[m.get(name, 0.0) for name in MODALITIES] for m in margins]).reshape(-1, len(MODALITIES))
    rows, place = np.unique(held, axis=0, return_inverse=True)
    ahead = np.ascontiguousarray(rows[::-1].T)  # (modality, row): nothing is beaten by what stands behind it
    front = np.ones(len(rows), int)
    for k in range(1, len(rows)):
        beaten = (ahead[:, :k] >= ahead[:, k : k + 1]).all(axis=0)
        front[k] = 1 + (front[:k] * beaten).max()
    return front[::-1][place.ravel()].tolist()


def shares(
    entries: Sequence[dict[str, Any]], samples: Mapping[str, Mapping[str, Any]], needs: Mapping[str, Sequence[str]]
) -> None:
    """Write the shares of samples in which each formulation is first, and on the first front, into its entry."""
    allowed = {e["id"]: e for e in entries if not e["exceeds"] and e["id"] in samples}
    for entry in entries:
        entry["first"] = entry["on_front"] = 0.0
    if not allowed:
        return
    count = len(next(iter(next(iter(samples.values())).values())))
    zero = np.zeros(count)
    held = np.array([[samples[f].get(m, zero) for m in MODALITIES] for f in allowed])
    smallest = np.array(
        [np.min([samples[f].get(m, zero) for m in needs[f]], axis=0) if needs[f] else zero for f in allowed]
    )
    front = np.array([(own > 0).any(axis=0) for own in held])
    for i, own in enumerate(held):
        beaten = ((held >= own).all(axis=1) & (held > own).any(axis=1)).any(axis=0)
        front[i] &= ~beaten
    first = np.where(front, smallest, -1.0).argmax(axis=0)
    for i, entry in enumerate(allowed.values()):
        entry["first"] = float((front.any(axis=0) & (first == i)).mean())
        entry["on_front"] = float(front[i].mean())
