"""Published outcomes of bubbles and droplets; their sizes and shell parameters are inputs, never evidence."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..formulation import Formulation, catalogue, load
from ..provenance import Value
from .rows import Published, measured_of, numeric, rows_of

DROPLETS = {"C5F12": "perfluoropentane-droplet", "C6F14": "perfluorohexane-droplet"}
INPUT = "a size or a fitted parameter, which models take as input"
AGENTS = {"nanobubble": "nanobubble-c3f8"}  # by the first word of the row's agent
APART = {
    "vaporisation_not_reached": "a lower bound: no threshold was reached",
    "postexcitation_growth": "a criterion, which the model of the threshold takes as input",
    "nanobubble_cavitation": "the declared error of thresholds at this size rests on it",
    "lifetime_computed": "computed by its authors with the same equations: it checks numbers, not nature",
}
UNASKED = {
    "subharmonic_onset": "never one number: the onset is not monotone in the pressure and differs between shell laws",
    "inertial_threshold": "no model of the nuclei that a vaporised emulsion leaves",
    "contrast_to_tissue": "the tissue phantom and the receiver's band are not stated",
    "cloud_resonance": "the resonance of which of its sizes is not stated",
    "attenuation_peak_isolated": "the gas and the shell of the bubbles are not stated",
}
OUTCOMES = {
    "signal_threshold": "frequency 2.25 MHz, free bubbles of the mean size",
    "attenuation_linear_below": "frequency 3.5 MHz",
    "blood_half_life": "diffusion alone, permeability of a lipid shell",
}
ALBUMIN = ("optison",)  # agents whose shell is no lipid


def bubbles() -> Iterator[Published]:
    """Measured thresholds of the catalogue, and rows of the two ultrasound tables."""
    rows = rows_of("us_measured")
    held = {_numbers(row) for row in rows}
    for row in rows:
        yield _outcome(row)
    for found in measured_of("ultrasound", ("vaporisation_threshold",), "droplet vaporisation threshold"):
        twice = any(row["quantity"] == found.quantity and numeric(row["value"]) == found.number for row in rows)
        if not twice:
            yield found
    yield from measured_of("ultrasound", ("resonance_frequency", "attenuation"), "resonance and attenuation")
    for row in rows_of("us_shells"):
        if _numbers(row) not in held:  # an outcome that stands in both tables is one number
            yield Published(
                "ultrasound", "sizes and shell parameters", str(row["agent"]), str(row["quantity"]),
                ", ".join(part for part in (str(row["model"]), str(row["conditions"])) if part),
                numeric(row["value"]), str(row["unit"]), str(row["source"]), str(row["status"]),
                low=numeric(row["low"]), high=numeric(row["high"]), used=INPUT,
            )  # fmt: skip


def _numbers(row: Mapping[str, Any]) -> tuple:
    return (*(numeric(row[key]) for key in ("value", "low", "high")), str(row["unit"]))


def _outcome(row: Mapping[str, Any]) -> Published:
    quantity, name, species = (str(row[key]) for key in ("quantity", "agent", "species"))
    frequency, temperature = numeric(row["frequency"]), numeric(row["temperature"])
    value, low, high = (numeric(row[key]) for key in ("value", "low", "high"))
    agent = DROPLETS.get(species, "") if quantity == "vaporisation_threshold" else name.lower()
    used = APART.get(quantity, "")
    ask, assumed = None, ""
    why = "" if used else UNASKED.get(quantity, f"no model of it: {quantity.replace('_', ' ')}")
    if quantity in ("vaporisation_threshold", "attenuation_peak") and agent in catalogue():
        given = {"frequency": frequency, "temperature": temperature}
        size = [d for d in (numeric(row["smallest"]), numeric(row["largest"])) if d is not None]
        ask = functools.partial(_predicted, agent, quantity, given, sum(size) / len(size) if size else None)
        why, assumed = "", "" if size or quantity == "attenuation_peak" else "size of the catalogue's droplet"
    elif quantity in OUTCOMES:
        known = AGENTS.get(re.split(r"[ ,]", name.lower())[0], name.lower())
        ask, why, assumed = functools.partial(_outcome_of, known, quantity), "", OUTCOMES[quantity]
    group = {
        "vaporisation_threshold": "droplet vaporisation threshold", "signal_threshold": "nanobubble threshold",
        "attenuation_peak_isolated": "attenuation peak",
        "nanobubble_cavitation": "nanobubble threshold", "attenuation_linear_below": "threshold of a microbubble agent",
        "postexcitation_growth": "threshold of a microbubble agent", "blood_half_life": "lifetime",
        "lifetime_computed": "lifetime",
    }  # fmt: skip
    where = [] if frequency is None else [f"{frequency:g} MHz"]
    where += [] if temperature is None else [f"{temperature - 273.15:.0f} degC"]
    where += [str(row["conditions"])] if row["conditions"] else []
    sd = (high - low) / 2 if value is not None and low is not None and high is not None else None
    return Published(
        "ultrasound", group.get(quantity, quantity.replace("_", " ")), name, quantity, ", ".join(where), value,
        str(row["unit"]), str(row["source"]), str(row["status"]), sd=sd, low=None if value is not None else low,
        high=None if value is not None else high, assumed=assumed, used=used, why=why, ask=ask,
    )  # fmt: skip


@functools.lru_cache(maxsize=32)
def _outcome_of(agent: str, quantity: str) -> Value:
    from ..ultrasound import outcomes

    asked: dict[str, Callable[[Formulation], Value]] = {
        "signal_threshold": outcomes.signal_threshold, "attenuation_linear_below": outcomes.linear_limit,
        "blood_half_life": outcomes.gas_half_life,
    }  # fmt: skip
    if quantity == "blood_half_life" and agent in ALBUMIN:
        return outcomes.gas_half_life(load(agent), shell="albumin")
    return asked[quantity](load(agent))


def _predicted(agent: str, quantity: str, given: Mapping[str, float | None], size: float | None) -> Value:
    from .. import ultrasound

    formulation = load(agent)
    if size is not None and formulation.liquid is not None:
        drop = {"species": formulation.liquid.species, "diameter": f"{size!r} um", "statistic": "number-mean"}
        formulation = formulation.replace(liquid=drop)
    asked = {key: number for key, number in given.items() if number is not None}
    return ultrasound.predict(formulation, quantity, asked, use_measured=False)
