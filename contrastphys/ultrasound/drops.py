"""Droplets of a formulation: the weak echo of the liquid, and what it takes to vaporise it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .. import records
from ..formulation import Formulation
from ..parts import LiquidCore
from ..provenance import Flag, Refusal, Value
from . import imaging
from .assembly import sizes_of
from .bubble import liquid
from .droplets import vaporisation_threshold

UNCERTAIN = 3.0  # factor either way of the echo of a liquid drop, from the sixth power of its size


def _drop(formulation: Formulation) -> LiquidCore:
    if formulation.liquid is None:
        raise Refusal("no-liquid", f"{formulation.id} is no droplet: there is nothing to vaporise")
    return formulation.liquid


def threshold(formulation: Formulation, asked: Mapping[str, Any]) -> Value:
    """Peak rarefaction that vaporises a drop of the mean size: nucleation with focusing.

    The band runs from Laplace-shifted boiling to nucleation without focusing: the literature has not settled
    which of them holds.
    """
    drop = _drop(formulation)
    found = vaporisation_threshold.bare(
        drop.species, asked["frequency"], drop.diameter.number, asked["temperature"], medium="water"
    )
    low, number, high = (q.to("MPa").magnitude for q in (found.laplace, found.focused, found.nucleation))
    note = (
        f"focusing {found.focusing:.2f}; Laplace-shifted boiling {low:.2g}, nucleation without focusing {high:.2g} MPa"
    )
    return Value(
        number, "MPa", low=min(low, number), high=max(high, number), source="homogeneous nucleation",
        status="computed", flags=(*found.flags, Flag("pictures", note, "note")),
    )  # fmt: skip


def reached(formulation: Formulation, asked: Mapping[str, Any]) -> tuple[Flag, ...]:
    """A flag where the pressure of the protocol stays below the threshold of the drops it calls vaporised."""
    value = threshold(formulation, asked)
    pressure = asked["pressure_amplitude"] * 1e-3
    if pressure >= value.number:
        return ()
    message = f"{pressure:.2g} MPa is below the modelled threshold of {value.number:.2g} MPa: vaporise them otherwise"
    return (Flag("below threshold", message),)


def echo(
    formulation: Formulation,
    quantity: str,
    asked: Mapping[str, Any],
    density: float,
    extra: tuple[Flag, ...] = (),
) -> Value:
    """Echo of a drop that stays liquid, by Rayleigh scattering; everything else is refused.

    `density` is the number of drops per m^3 a backscatter is wanted for.
    """
    drop = _drop(formulation)
    record = records.gas(drop.species)
    if quantity not in ("backscatter", "c_min", "margin"):
        raise Refusal(
            "liquid", f"{formulation.id} is a liquid drop and has no {quantity}: state vaporised = true for its bubble"
        )
    if record.liquid_density is None or record.liquid_sound_speed is None:
        raise Refusal("no-liquid-data", f"density or sound speed of liquid {drop.species} is not in the catalogue")
    sizes, flags = sizes_of(drop)
    host = liquid(asked["medium"], asked["temperature"])
    frequency = asked["frequency"] * 1e6
    fluid = record.liquid_density.number, record.liquid_sound_speed.number
    one = float(imaging.droplet_backscatter(1.0, frequency, *fluid, host)) * sizes.moment(6)
    flags += (Flag("liquid", "as a liquid drop it is a weak scatterer; nothing is vaporised here", "note"),)

    def made(number: float, unit: str, more: tuple[Flag, ...] = ()) -> Value:
        return Value(
            number, unit, low=number / UNCERTAIN, high=number * UNCERTAIN, source="Rayleigh scattering",
            status="computed", flags=flags + more,
        )  # fmt: skip

    if quantity == "backscatter":
        return made(density * one / 100, "1/cm", extra)
    tissue = imaging.background(asked["background"], frequency, asked["temperature"])
    least, _ = imaging.detectable(4 * math.pi * one, tissue, asked["voxel"] * 1e-9, asked["rose"], asked["looks"])
    share = least * 4 / 3 * math.pi * sizes.moment(3)
    if share > 0.1:
        filled = "the whole volume" if share > 1 else f"{share:.0%} of the volume"
        raise Refusal(
            "liquid",
            f"{formulation.id} as liquid drops would not be seen against {asked['background']} even if it filled "
            f"{filled}: only a vaporised drop is an agent",
        )
    if quantity == "c_min":
        return made(least * 1e-6, "1/mL")
    if formulation.tissue is None:
        raise Refusal("no-dose", f"{formulation.id}: no concentration in the target is known, so no margin")
    return made(formulation.tissue.per_millilitre / (least * 1e-6), "1")
