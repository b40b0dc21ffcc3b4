"""Ultrasound of a formulation: bubbles and droplets behind the five doors every modality offers.

A bubble record becomes a population (gas, shell law, size spread); a droplet is a weak scatterer as a liquid,
and a bubble only where the protocol states that it was vaporised. Size distributions of agents are assumed
log-normal and say so; bands come from the ranges of shell and width in the record, one at a time.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..formulation import Formulation
from ..provenance import Cell, Flag, Refusal, Value, choose
from ..schema import choice, flag, integer, number, settle, text
from ..showing import shows
from . import drops, imaging
from .assembly import Agent, bubbles_of
from .bubble import BODY_TEMPERATURE
from .echo import SEQUENCES, cached_sequence
from .linear import natural, response, sections
from .population import Population, population_flags
from .pulses import Pulse
from .sizes import Monodisperse

QUANTITIES = {
    "resonance_frequency": "MHz",
    "attenuation_peak": "MHz",
    "attenuation": "dB/cm",
    "backscatter": "1/cm",
    "c_min": "1/mL",
    "margin": "1",
    "vaporisation_threshold": "MPa",
}

REFERENCE_CONCENTRATION = 1e6  # bubbles per mL where a formulation is given without a dose
LINEAR_LIMIT = 50.0  # kPa; above it shells are known to respond nonlinearly


@shows("Ultrasound protocol", line="written")
@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How the ultrasound image is taken."""

    frequency: tuple[Value, ...] = number("MHz", 0.05, 100, many=True, default=3.0, meaning="centre frequency")
    pressure_amplitude: Value = number("kPa", 0.1, 2e4, default=100.0, meaning="peak, in place")
    cycles: Value = number("1", 1, 200, default=4.0, meaning="cycles of the pulse")
    sequence: str = choice(*SEQUENCES, default="linear")
    voxel: Value = number("mm^3", 1e-6, 1e5, default=1.0, meaning="resolved volume")
    depth: Value = number("cm", 0, 40, default=3.0)
    background: str = text(default="liver", meaning="tissue the agent is seen against")
    medium: str = text(default="blood", meaning="liquid the bubbles float in")
    looks: int = integer(1, 100000, default=1, meaning="independent looks that are averaged")
    suppression: Value = number("1", 0, 80, default=30.0, meaning="dB a sequence removes of the echo of tissue")
    dynamic_range: Value = number("1", 0, 200, default=80.0, meaning="dB of tissue echo over noise at the skin")
    vaporised: bool = flag(default=False, meaning="state that droplets were turned into bubbles")
    temperature: Value = number("K", 273.15, 373.15, default=BODY_TEMPERATURE)
    rose: Value = number("1", 1, 20, default=5.0)

    def __post_init__(self) -> None:
        settle(self)


def applies(formulation: Formulation) -> bool:
    """Whether it holds gas, or a liquid that may become gas."""
    return formulation.gas is not None or formulation.liquid is not None


# ------------------------------------------------------------------------------------------------ predict


def predict(
    formulation: Formulation, quantity: str, conditions: Mapping[str, Any] | None = None, use_measured: bool = True
) -> Value:
    """One number of a formulation under stated conditions.

    Parameters
    ----------
    formulation : Formulation
    quantity : str
        resonance_frequency, attenuation_peak, attenuation, backscatter, c_min, margin, or
        vaporisation_threshold of a droplet.
    conditions : dict
        frequency [MHz], temperature [K], medium, concentration [1/mL], background, voxel [mm^3], depth [cm],
        sequence, pressure_amplitude [kPa], cycles, suppression [dB], dynamic_range [dB], looks, rose, vaporised.
    use_measured : bool
        Prefer a measured resonance or threshold of the record where there is one.

    Returns
    -------
    Value
        With a band from the ranges of shell and sizes, and flags.

    Notes
    -----
    Linear oscillation of independent bubbles, except for the share that a pulse sequence keeps. The resonance
    of a coated bubble is uncertain by 10-20 % from its shell alone.

    Examples
    --------
    >>> bubbles = Formulation(
    ...     id="soft", kind="bubble",
    ...     gas={"species": "C4F10", "diameter": "2.5 um", "sigma_ln": 0.4,
    ...          "shell": {"law": "marmottant", "chi": "0.5 N/m", "kappa_s": "5e-9 kg/s", "sigma0": "0.02 N/m"}})
    >>> print(f"{predict(bubbles, 'resonance_frequency', {'medium': 'blood'}).number:.1f} MHz")
    5.6 MHz
    """
    if quantity not in QUANTITIES:
        raise Refusal("quantity", f"ultrasound answers {', '.join(QUANTITIES)}, not {quantity[:40]!r}")
    asked = _conditions(conditions)
    measured = _measured(formulation, quantity, asked) if use_measured else None
    if formulation.gas is None and formulation.liquid is not None:
        if quantity == "vaporisation_threshold":
            return choose(measured=measured, computed=drops.threshold(formulation, asked))
        if not asked["vaporised"]:
            density, extra = _number_density(formulation, asked)
            return drops.echo(formulation, quantity, asked, density, extra)
    if quantity == "vaporisation_threshold":
        raise Refusal("no-liquid", f"{formulation.id} is no droplet: there is nothing to vaporise")
    agent = bubbles_of(formulation, asked["vaporised"], asked["temperature"])
    number, extra = _compute(agent, quantity, asked, formulation, {})
    ends = [_compute(agent, quantity, asked, formulation, off)[0] for off in agent.variants()]
    low, high = min([number, *ends]), max([number, *ends])
    if quantity == "resonance_frequency":
        low, high = min(low, 0.85 * number), max(high, 1.15 * number)
    if quantity in ("c_min", "margin"):  # the echo of tissue itself is known within a factor of two
        low, high = low / 2, high * 2
        floor = 1e3 / asked["voxel"]  # one bubble in a voxel, per mL, is no matter of models
        if quantity == "c_min":
            low = max(low, min(floor, number))
        elif formulation.tissue is not None:
            high = min(high, max(formulation.tissue.per_millilitre / floor, number))
    computed = Value(
        number, QUANTITIES[quantity], low=low, high=high, status="computed", flags=agent.flags + extra,
        source=f"bubble model with the record's numbers ({agent.source})" if agent.source else "bubble model",
    )  # fmt: skip
    if formulation.gas is None:
        computed = computed.with_flags(*drops.reached(formulation, asked))
    return choose(measured=measured, computed=computed)


_DEFAULTS: dict[str, Any] = {
    "frequency": 3.0, "temperature": BODY_TEMPERATURE, "medium": "blood", "concentration": None,
    "background": "liver", "voxel": 1.0, "depth": 3.0, "sequence": "linear", "pressure_amplitude": 100.0,
    "cycles": 4.0, "suppression": 30.0, "dynamic_range": 80.0, "looks": 1, "rose": 5.0, "vaporised": False,
}  # fmt: skip


def _conditions(given: Mapping[str, Any] | None) -> dict[str, Any]:
    unknown = [key for key in given or () if key not in _DEFAULTS]
    if unknown:
        raise Refusal("condition", f"unknown condition {unknown[0]!r}: ultrasound takes {', '.join(_DEFAULTS)}")
    asked = {**_DEFAULTS, **(given or {})}
    if asked["sequence"] not in SEQUENCES:
        raise Refusal("sequence", f"sequence is one of {', '.join(SEQUENCES)}, not {asked['sequence']!r}")
    return asked


def _measured(formulation: Formulation, quantity: str, asked: Mapping[str, Any]) -> Value | None:
    """A measured resonance, or a threshold measured within 5 % of the frequency and 3 K where it states one."""
    if quantity not in ("resonance_frequency", "vaporisation_threshold"):
        return None
    best: tuple[float, Value] | None = None
    for row in formulation.measured:
        if row.quantity != quantity:
            continue
        value, off = row.value, 0.0
        if quantity == "vaporisation_threshold":
            if row.frequency is None or abs(row.frequency.number / asked["frequency"] - 1) > 0.05:
                continue
            if row.temperature is not None and abs(row.temperature.number - asked["temperature"]) > 3:
                continue
            off = abs(row.frequency.number / asked["frequency"] - 1) + (1.0 if row.temperature is None else 0.0)
        if row.note:
            value = value.with_flags(Flag("measured", row.note, "note"))
        if best is None or off < best[0]:
            best = off, value
    return None if best is None else best[1]


def _number_density(formulation: Formulation, asked: Mapping[str, Any]) -> tuple[float, tuple[Flag, ...]]:
    """Bubbles per m^3, and where the number is from."""
    if asked["concentration"] is not None:
        return float(asked["concentration"]) * 1e6, ()
    if formulation.tissue is not None:
        return formulation.tissue.per_millilitre * 1e6, ()
    note = Flag("concentration", f"no dose is known: for {REFERENCE_CONCENTRATION:.0e} bubbles per mL", "note")
    return REFERENCE_CONCENTRATION * 1e6, (note,)


def _compute(
    agent: Agent, quantity: str, asked: Mapping[str, Any], formulation: Formulation, off: Mapping[str, float]
) -> tuple[float, tuple[Flag, ...]]:
    """The number in the quantity's unit, and flags."""
    frequency = asked["frequency"] * 1e6
    density, flags = _number_density(formulation, asked)
    cloud = agent.population(density, asked["medium"], asked["temperature"], **off)
    if quantity == "resonance_frequency":
        radius = cloud.sizes.number_mean_radius

        def megahertz(side: str = "bilinear") -> float:
            return float(natural(radius, cloud.shell, cloud.gas, cloud.medium, side=side)) / (2e6 * math.pi)

        if off:
            return megahertz(), ()
        flags = _quiet(cloud, frequency)
        below, above = cloud.shell.stiffness(radius)
        if below != above:
            message = f"{megahertz('below'):.2f} MHz on the soft side, {megahertz('above'):.2f} MHz on the stiff"
            flags += (Flag("one-sided", message, "note"),)
        return megahertz(), flags
    if quantity == "attenuation_peak":
        cloud = agent.population(1e9, asked["medium"], asked["temperature"], **off)
        flags = () if off else _quiet(cloud, frequency)
        if not off:
            low, high = agent.core.diameter.bounds()
            ends = {f"{end:g} um": end / agent.core.diameter.number for end in (low, high) if low < high}
            sizes = {
                f"mean diameter {name}": _peak(
                    agent.population(1e9, asked["medium"], asked["temperature"], size=factor)
                )
                for name, factor in ends.items()
            }
            flags += _peak_pictures(cloud, sizes)
        return _peak(cloud) * 1e-6, flags
    if quantity in ("attenuation", "backscatter"):
        if not off:
            flags += _bulk_flags(cloud, frequency) + _nonlinear(asked)
        full, dilute, _, scatter = (float(v[0]) for v in _spectra(cloud, frequency))
        if quantity == "attenuation":
            if dilute > 0 and abs(full / dilute - 1) > 0.1:
                flags += (Flag("interaction", f"sum over bubbles alone would give {dilute / 100:.3g} dB/cm"),)
            return full / 100, flags
        return scatter / 100, flags
    return _detection(agent, quantity, asked, formulation, off)


def peak_pictures(cloud: Population) -> dict[str, float]:
    """Peak of the attenuation [MHz] by ways of reading the same numbers; none of them is fitted.

    `whole` is the model's answer: all sizes, and at a corner of the shell law the bilinear frequency. `stiff side`
    takes the corner from its stiff side, as the usual formula does; `number mean` takes all bubbles to be of the
    mean radius, so that the few large ones, which attenuate most, are left out; the last takes both.
    """
    one = cloud.changed(sizes=Monodisperse.bare(cloud.sizes.number_mean_radius))
    found = {"whole": _peak(cloud), "number mean": _peak(one)}
    if bool(np.any(cloud.shell.kink(cloud.sizes.number_mean_radius))):
        found |= {"stiff side": _peak(cloud, "above"), "number mean, stiff side": _peak(one, "above")}
    return {name: frequency * 1e-6 for name, frequency in found.items()}


def _peak_pictures(cloud: Population, sizes: Mapping[str, float]) -> tuple[Flag, ...]:
    """A flag where the peak depends on how sizes and corner are taken by more than a quarter.

    `sizes` are the peaks [Hz] at either end of the mean sizes that the record states.
    """
    found = peak_pictures(cloud) | {name: frequency * 1e-6 for name, frequency in sizes.items()}
    whole = found.pop("whole")
    if max(found.values()) < 1.25 * whole:
        return ()
    others = ", ".join(f"{value:.1f} MHz ({name})" for name, value in found.items())
    corner = " and the corner of the shell" if "stiff side" in found else ""
    message = f"rare large bubbles{corner} set the peak at {whole:.1f} MHz; other readings: {others}"
    return (Flag("peak", message),)


_PEAK_LOGS = np.linspace(math.log(0.2e6), math.log(50e6), 81)


@functools.lru_cache(maxsize=64)
def _dilute(cloud: Population, side: str) -> np.ndarray:
    """Sum of extinction over the bubbles, against frequency; its size does not matter."""
    radius, density = cloud.grid(150)
    omega = 2 * math.pi * np.exp(_PEAK_LOGS)
    r = response(radius[None, :], omega[:, None], cloud.shell, cloud.gas, cloud.medium, cloud.polytropic)
    scattering, absorption = sections(r, radius, cloud.medium, side)
    return (scattering + absorption) @ density


@functools.lru_cache(maxsize=64)
def _spectra(cloud: Population, frequency: float) -> tuple[np.ndarray, ...]:
    """Spectra at one frequency: limit and margin, attenuation and backscatter rest on the same."""
    return cloud.spectra(np.array([frequency]))


def _peak(cloud: Population, side: str = "bilinear") -> float:
    """Frequency of the largest attenuation of a dilute cloud [Hz], between 0.2 and 50 MHz."""
    logs = _PEAK_LOGS
    sums = _dilute(cloud, side)
    top = int(np.argmax(sums))
    if top in (0, logs.size - 1):
        return float(math.exp(logs[top]))
    before, here, after = sums[top - 1 : top + 2]
    return float(math.exp(logs[top] + 0.5 * (before - after) / (before - 2 * here + after) * (logs[1] - logs[0])))


def _nonlinear(asked: Mapping[str, Any]) -> tuple[Flag, ...]:
    """A flag where a linear answer is given for a pressure at which shells are nonlinear."""
    if asked["pressure_amplitude"] <= LINEAR_LIMIT:
        return ()
    message = (
        f"small-amplitude value at {asked['pressure_amplitude']:g} kPa: above {LINEAR_LIMIT:g} kPa the shell responds "
        "nonlinearly"
    )
    return (Flag("linear", message),)


def _quiet(cloud: Population, frequency: float) -> tuple[Flag, ...]:
    return tuple(f for f in _bulk_flags(cloud.changed(concentration=1.0), frequency) if f.code != "ka")


def _bulk_flags(cloud: Population, frequency: float) -> tuple[Flag, ...]:
    try:
        found = population_flags(cloud, frequency)
    except ValueError as error:
        raise Refusal("void", str(error)) from None
    return tuple(f for f in found if f.code != "assumed population")


def _detection(
    agent: Agent, quantity: str, asked: Mapping[str, Any], formulation: Formulation, off: Mapping[str, float]
) -> tuple[float, tuple[Flag, ...]]:
    """Smallest concentration seen [1/mL], or the margin of the concentration in the target over it."""
    frequency = asked["frequency"] * 1e6
    cloud = agent.population(1e9, asked["medium"], asked["temperature"], **off)
    scattering = 4 * math.pi * float(_spectra(cloud, frequency)[3][0]) / 1e9
    flags = () if off else _quiet(cloud, frequency)
    tissue = imaging.background(asked["background"], frequency, asked["temperature"])
    left, kept, gain = 1.0, 1.0, 1.0
    if asked["sequence"] == "linear":
        flags += _nonlinear(asked)
    else:
        left = imaging.tissue_left(
            asked["background"], asked["sequence"], asked["pressure_amplitude"] * 1e3, frequency,
            asked["depth"] * 1e-2, asked["suppression"], asked["temperature"],
        )  # fmt: skip
        kept, gain, more = _kept(agent, asked)
        flags += more
        note = (
            f"tissue echo {-10 * math.log10(left):.0f} dB down: {asked['suppression']:g} dB assumed, and its harmonic"
        )
        flags += (Flag("suppression", note, "note"),)
    reach = asked["dynamic_range"] - imaging.path_loss(asked["background"], frequency, asked["depth"] * 1e-2)
    noise = gain * tissue * 10 ** (-reach / 10)
    if reach < 0:
        flags += (Flag("depth", f"the echo of tissue at {asked['depth']:g} cm is below the noise"),)
    density, floor = imaging.detectable(
        scattering, tissue, asked["voxel"] * 1e-9, asked["rose"], asked["looks"], left, kept, noise
    )
    if floor:
        flags += (Flag("one per voxel", "one bubble in a voxel is what limits detection", "note"),)
    mi = asked["pressure_amplitude"] * 1e-3 / math.sqrt(asked["frequency"])
    limit = imaging.LABEL_LIMIT
    if formulation.limits is not None and formulation.limits.mechanical_index is not None:
        limit = formulation.limits.mechanical_index.number
    if mi > limit:
        flags += (Flag("mechanical-index", f"mechanical index {mi:.2f} is above {limit:g}"),)
    share = density * 4 / 3 * math.pi * cloud.sizes.moment(3)
    if share > 1e-2:
        flags += (Flag("out of reach", f"a gas fraction of {share:.2g} would be needed: not seen in this way"),)
    c_min = density * 1e-6
    if quantity == "c_min":
        return c_min, flags
    if formulation.tissue is None:
        raise Refusal("no-dose", f"{formulation.id}: no concentration in the target is known, so no margin")
    given = formulation.tissue.per_millilitre
    loss = 2 * asked["depth"] * float(_spectra(cloud, frequency)[1][0]) / 1e9 * given * 1e6 / 100  # dB, there and back
    if loss > 6 and asked["depth"] > 0 and not off:
        flags += (Flag("shadow", f"through {asked['depth']:g} cm of itself this dose would lose {loss:.0f} dB"),)
    return given / c_min, flags


def _kept(agent: Agent, asked: Mapping[str, Any]) -> tuple[float, float, tuple[Flag, ...]]:
    """Echo energy of the bubbles after a pulse sequence over their linear one, the gain of noise, and flags.

    Simulated for the record's own values; ranges of shell and sizes move the linear echo it multiplies.
    """
    frequency = asked["frequency"] * 1e6
    cloud = agent.population(1e9, asked["medium"], asked["temperature"])
    pulse = Pulse.bare(frequency, asked["pressure_amplitude"] * 1e3, asked["cycles"], "hann")
    found = cached_sequence(cloud, pulse, asked["sequence"])
    linear = 4 * math.pi * float(_spectra(cloud, frequency)[3][0]) / 1e9
    wanted = {"mach", "collapse", "break-up", "grid"}
    note = Flag("residual", f"bubbles keep {found.residual_db:.1f} dB of their echo in {asked['sequence']}", "note")
    return (
        found.residual / linear,
        found.noise_gain,
        (note, *(f for f in found.flags if f.code in wanted)),
    )


# ------------------------------------------------------------------------------------------------ respond


def _asked(protocol: Protocol, frequency: Value) -> dict[str, Any]:
    return {
        "frequency": frequency.number, "temperature": protocol.temperature.number, "medium": protocol.medium,
        "background": protocol.background, "voxel": protocol.voxel.number, "depth": protocol.depth.number,
        "sequence": protocol.sequence, "pressure_amplitude": protocol.pressure_amplitude.number,
        "cycles": protocol.cycles.number, "suppression": protocol.suppression.number,
        "dynamic_range": protocol.dynamic_range.number, "looks": protocol.looks, "rose": protocol.rose.number,
        "vaporised": protocol.vaporised,
    }  # fmt: skip


def _cell(formulation: Formulation, quantity: str, asked: Mapping[str, Any], shown: Mapping[str, Any]) -> Cell:
    try:
        value = predict(formulation, quantity, asked)
    except Refusal as why:
        return Cell.refused(formulation.id, "ultrasound", quantity, shown, why, QUANTITIES[quantity])
    return Cell.of(formulation.id, "ultrasound", quantity, shown, value)


def respond(formulation: Formulation, protocol: Protocol) -> list[Cell]:
    """Resonance, peak of the attenuation, attenuation and backscatter; of a droplet also what vaporises it."""
    if not applies(formulation):
        return []
    place = {"medium": protocol.medium, "temperature": f"{protocol.temperature.number - 273.15:g} degC"}
    first = _asked(protocol, protocol.frequency[0])
    drop = formulation.gas is None
    bubbly = not drop or protocol.vaporised
    whole = ("resonance_frequency", "attenuation_peak") if bubbly else ()
    found = [_cell(formulation, q, first, place) for q in whole]
    if formulation.tissue is not None:
        number = f"{formulation.tissue.per_millilitre:.3g} 1/mL"
    else:
        number = f"{REFERENCE_CONCENTRATION:.3g} 1/mL"
    for frequency in protocol.frequency:
        shown = {"frequency": f"{frequency.number:g} MHz", **place, "concentration": number}
        asked = _asked(protocol, frequency)
        each = ("attenuation", "backscatter") if bubbly else ("backscatter",)
        found += [_cell(formulation, q, asked, shown) for q in each]
        if drop:
            shown = {"frequency": f"{frequency.number:g} MHz", "temperature": place["temperature"]}
            found.append(_cell(formulation, "vaporisation_threshold", asked, shown))
    return found


def detection_limit(formulation: Formulation, protocol: Protocol) -> list[Cell]:
    """Smallest number of bubbles per mL that is seen, and how far the concentration in the target is above it.

    Notes
    -----
    Independent bubbles against the speckle of tissue, by the Rose criterion; never below one bubble in a voxel. The
    band is that of shell and sizes, and a factor of two for the tissue.

    References
    ----------
    A. Rose, J. Opt. Soc. Am. 38, 196 (1948), doi:10.1364/JOSA.38.000196;
    K. W. Commander, A. Prosperetti, J. Acoust. Soc. Am. 85, 732 (1989), doi:10.1121/1.397599
    """
    if not applies(formulation):
        return []
    found = []
    for frequency in protocol.frequency:
        shown = {
            "frequency": f"{frequency.number:g} MHz",
            "pressure": f"{protocol.pressure_amplitude.number:g} kPa",
            "sequence": protocol.sequence,
            "background": protocol.background,
            "depth": f"{protocol.depth.number:g} cm",
            "basis": "particle",
        }
        asked = _asked(protocol, frequency)
        found.append(_cell(formulation, "c_min", asked, shown))
        if formulation.tissue is not None:
            found.append(_cell(formulation, "margin", asked, shown))
    return found
