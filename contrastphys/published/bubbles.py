"""Published outcomes of bubbles and droplets."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from ..formulation import catalogue, load
from ..provenance import Value
from .rows import Published, measured_of, numeric, rows_of


def bubbles() -> Iterator[Published]:
    """Measured thresholds of the catalogue, and rows of the ultrasound table."""
    yield from measured_of("ultrasound", ("vaporisation_threshold",), "droplet vaporisation threshold")
    yield from measured_of("ultrasound", ("resonance_frequency", "attenuation"), "resonance and attenuation")
    for row in rows_of("us_measured"):
        group, agent = str(row["group"]), str(row["agent"])
        frequency, temperature = numeric(row["frequency"]), numeric(row["temperature"])
        ask, why, used = None, "", ""
        if row["used_in"]:
            used = str(row["used_in"])
        elif row["quantity"] in ("attenuation_peak", "vaporisation_threshold") and agent in catalogue():
            given = {"frequency": frequency, "temperature": temperature}
            ask = functools.partial(_bubble, agent, str(row["quantity"]), given)
        else:
            why = f"no model of it: {row['quantity'].replace('_', ' ')}"
        yield Published(
            "ultrasound", group, agent, str(row["quantity"]), str(row["conditions"]), numeric(row["value"]),
            str(row["unit"]), str(row["source"]), str(row["status"]), sd=numeric(row["sd"]), low=numeric(row["low"]),
            high=numeric(row["high"]), note=str(row["note"]), used=used, why=why, ask=ask,
        )  # fmt: skip


def _bubble(agent: str, quantity: str, given: Mapping[str, float | None]) -> Value:
    from .. import ultrasound

    asked = {key: number for key, number in given.items() if number is not None}
    return ultrasound.predict(load(agent), quantity, asked, use_measured=False)
