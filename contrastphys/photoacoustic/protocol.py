"""A photoacoustic measurement: light, detector and tissue, and what light reaches the target.

Every number has a default; the light on the skin is the permitted limit unless a fluence is given, and that
limit counts the whole train of pulses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..provenance import Flag, Value
from ..remembering import of_last
from ..schema import choice, integer, nested, number, settle, text
from ..showing import shows
from . import exposure, limits, tissue, water

__all__ = ["Fluence", "Light", "Protocol", "light_at"]


@shows("Fluence", line="written")
@dataclass(frozen=True, kw_only=True)
class Fluence:
    """Light on the skin in one pulse: the permitted limit, or a number."""

    rule: str = choice("mpe", "given", default="mpe", meaning="mpe takes the skin limit at the wavelength")
    value: Value | None = number("mJ/cm^2", 1e-6, 1e5, default=None, meaning="fluence at the surface")

    @staticmethod
    def prepared(table: Any) -> Any:
        """A word or a number alone: "mpe", "20 mJ/cm^2", { value = 20, unit = "mJ/cm^2" }."""
        if isinstance(table, str) and table in ("mpe", "given"):
            return {"rule": table}
        if isinstance(table, str) or (isinstance(table, Mapping) and not set(table) & {"rule"}):
            return {"rule": "given", "value": table}
        return table

    def __post_init__(self) -> None:
        settle(self)

    def misfits(self) -> Any:
        if self.rule == "given" and self.value is None:
            yield "value", "a given fluence needs its value", 'write fluence = "20 mJ/cm^2" or fluence = "mpe"'


@shows("Photoacoustic protocol", line="written")
@dataclass(frozen=True, kw_only=True)
class Protocol:
    """Instrument, light and tissue of a photoacoustic measurement; every number has a default."""

    wavelength: tuple[Value, ...] = number("nm", 400, 1400, many=True, default=808.0)
    depth: tuple[Value, ...] = number("cm", 0.02, 8, many=True, default=1.0)
    fluence: Fluence = nested(Fluence, default=Fluence())
    pulse_duration: Value = number("ns", 0.01, 1e4, default=5.0)
    noise_equivalent_pressure: Value = number("Pa", 1e-4, 1e4, default=1.0, meaning="of one shot")
    averages: int = integer(1, 10_000_000, default=1)
    repetition_rate: Value = number("Hz", 0, 1e6, default=20.0)
    frequency: Value = number("MHz", 0.1, 100, default=5.0, meaning="centre of the detector's band")
    bandwidth: Value | None = number("MHz", 0.02, 400, default=None, meaning="at half amplitude; all is heard without")
    attenuation: Value = number("dB/cm/MHz", 0, 10, default=0.5, meaning="of sound in the tissue")
    target_radius: Value = number("mm", 0.02, 20, default=1.0)
    tissue: str = text(default="soft tissue", meaning="group of media/tissue_optics.csv")
    blood: Value = number("1", 0, 1, default=0.04, meaning="volume fraction")
    saturation: Value = number("1", 0, 1, default=0.7, meaning="oxygen saturation")
    water: Value = number("1", 0, 1, default=0.7, meaning="volume fraction")
    melanosomes: Value = number("1", 0, 1, default=0.0, meaning="volume fraction")
    background_absorption: Value | None = number("1/cm", 1e-4, 50, default=None, meaning="instead of the parts")
    reduced_scattering: Value | None = number("1/cm", 0.01, 500, default=None, meaning="instead of the table")
    background_variation: Value = number("1", 0, 10, default=0.1, meaning="variation of the tissue's absorption")
    gruneisen: Value | None = number("1", 0.001, 1.5, default=None, meaning="of the target; water's if left out")
    temperature: Value = number("K", 273.15, 373.15, default=310.15)
    rose: Value = number("1", 0.5, 50, default=5.0, meaning="signal over noise that counts as seen")

    def __post_init__(self) -> None:
        settle(self)

    def misfits(self) -> Any:
        if self.tissue not in tissue.scattering_groups():
            yield (
                "tissue",
                f"unknown tissue '{self.tissue[:40]}'",
                f"write one of {', '.join(tissue.scattering_groups())}",
            )


@dataclass(frozen=True)
class Light:
    """Fluence, tissue and Grueneisen parameter at one wavelength and depth."""

    surface: float  # mJ/cm^2
    fluence: float
    mu_a: float
    scattering: float
    gruneisen: float
    flags: tuple[Flag, ...]


@of_last
def light_at(protocol: Protocol, wavelength: float, depth: float) -> Light:
    """Light on the skin and at a depth [cm] for a wavelength [nm], with what limits it and what it rests on."""
    pulse, rate = protocol.pulse_duration.number * 1e-9, protocol.repetition_rate.number
    train = protocol.averages / rate if rate else None
    notes: list[Flag] = []
    limit = exposure.max_permissible_exposure.bare(wavelength, pulse, rate if protocol.averages > 1 else 0.0, train)
    if protocol.fluence.value is None:
        surface = limit.allowed
        if limit.limited_by == "average power":
            text_ = f"{protocol.averages} pulses at {rate:g} Hz: average power limits each to {surface:.3g} mJ/cm^2"
            notes.append(Flag("average-power", text_, "note"))
    else:
        surface = protocol.fluence.value.number
        if surface > limit.allowed * 1.001:
            text_ = f"{surface:.3g} mJ/cm^2 exceeds the skin limit of {limit.allowed:.3g} ({limit.limited_by})"
            notes.append(Flag("skin-limit", text_, "warn"))
    if protocol.background_absorption is not None:
        mu_a = protocol.background_absorption.number
    else:
        parts = (protocol.blood, protocol.saturation, protocol.water, protocol.melanosomes)
        mu_a, more = tissue.background_absorption(wavelength, *(part.number for part in parts))
        notes += more
    if protocol.reduced_scattering is not None:
        scattering = protocol.reduced_scattering.number
    else:
        scattering = float(tissue.reduced_scattering.bare(wavelength, protocol.tissue))
    if mu_a > scattering / 3:
        notes.append(
            Flag("diffusion", "absorption nears scattering: diffusion theory is an order of magnitude", "warn")
        )
    fluence = float(tissue.fluence_at_depth.bare(surface, depth, mu_a, scattering))
    size = 2e-3 * protocol.target_radius.number
    notes += limits.confinement(pulse, size, float(water.sound_speed.bare(protocol.temperature.number)))
    if protocol.gruneisen is not None:
        gamma = protocol.gruneisen.number
    else:
        gamma = float(water.gruneisen.bare(protocol.temperature.number))
    return Light(surface, fluence, mu_a, scattering, gamma, tuple(notes))
