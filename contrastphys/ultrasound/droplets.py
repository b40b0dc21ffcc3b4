"""Droplets: when does the liquid boil in sound, and what bubble is left.

Three pictures are told side by side, because the literature has not settled which holds:

    Laplace-shifted boiling   p_sat(T) reaches the pressure inside, p0 + 2 gamma/R - p
    nucleation                the pressure inside falls to
                              p_crit = p_sat - sqrt(16 pi s^3/(3 k_B T ln(Gamma0 V tau)))
    nucleation with focusing  the same, with the sound concentrated by the drop itself                  [1]_

Focusing is the exact field of a plane wave in a liquid sphere, summed over the harmonics of a steepened wave.

.. [1] O. Shpak et al., Proc. Natl. Acad. Sci. 111, 1697 (2014), doi:10.1073/pnas.1312171111
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import records
from ..constants import ATMOSPHERE, BOLTZMANN, GAS_CONSTANT
from ..provenance import Refusal
from ..showing import shows
from ..units import Flag, Q, quantities
from .bubble import BODY_TEMPERATURE, Liquid, liquid_of

NUCLEATION_RATE = 1e39  # 1/(m^3 s), prefactor; enters through its logarithm only
NUCLEATION_TIME = 1e-7  # s
HARMONICS = 16


def saturated(species: str, temperature: float = BODY_TEMPERATURE) -> dict[str, float]:
    """Vapour pressure [Pa], surface tension [N/m], density and sound speed of a droplet's liquid.

    Interpolated between the tabulated temperatures (298.15 and 310.15 K) and refused more than 5 K outside.

    Examples
    --------
    >>> round(saturated("C5F12")["vapour_pressure"])
    133220
    """
    rows = [r for r in records.table("gases/liquids.csv").rows() if r["species"] == species]
    if not rows:
        raise Refusal("no-liquid-data", f"no saturated liquid '{species[:40]}' in the catalogue")
    rows.sort(key=lambda r: r["temperature"])
    first, last = rows[0], rows[-1]
    if not first["temperature"] - 5 <= temperature <= last["temperature"] + 5:
        raise Refusal(
            "temperature",
            f"{species} is tabulated from {first['temperature']:g} to {last['temperature']:g} K, "
            f"not at {temperature:g} K",
        )
    share = (temperature - first["temperature"]) / (last["temperature"] - first["temperature"])
    found = {}
    scales = {"vapour_pressure": 1e3, "surface_tension": 1e-3, "liquid_density": 1.0, "liquid_sound_speed": 1.0}
    for key, scale in scales.items():
        low, high = first[key], last[key]
        if math.isfinite(low) and math.isfinite(high):
            if key == "vapour_pressure":  # straight in ln p against 1/T
                inverse = (1 / temperature - 1 / first["temperature"]) / (
                    1 / last["temperature"] - 1 / first["temperature"]
                )
                value = low * (high / low) ** inverse
            else:
                value = low + share * (high - low)
            found[key] = float(value * scale)
        elif math.isfinite(high):
            found[key] = float(high * scale)
    return found


def nucleation_pressure(
    vapour_pressure: float, tension: float, temperature: float, volume: float,
    rate: float = NUCLEATION_RATE, time: float = NUCLEATION_TIME,
) -> float:  # fmt: skip
    """Pressure at which one bubble of vapour forms in a volume within a time [Pa]; negative under tension.

    p_crit = p_sat - sqrt(16 pi s^3/(3 k_B T ln(Gamma0 V tau)))

    Examples
    --------
    >>> round(nucleation_pressure(49e3, 10.7e-3, 310.15, math.pi / 6 * 1e-18) / 1e6, 1)
    -12.3
    """
    events = math.log(rate * volume * time)
    if events <= 0:
        raise Refusal("nucleation", "the drop is too small for the nucleation rate: less than one event expected")
    return vapour_pressure - math.sqrt(16 * math.pi * tension**3 / (3 * BOLTZMANN * temperature * events))


def interior(positions: Any, radius: float, frequency: float, density: float, sound_speed: float, host: Liquid) -> Any:
    """Complex pressure on the axis of a liquid sphere over that of a plane wave of unit amplitude.

    p = Sum_l i^l (2l+1) C_l j_l(k_i r) P_l(cos theta), pressure and normal velocity continuous; `positions` run
    along the axis from -radius (where the wave comes from) to +radius.

    Examples
    --------
    >>> same = interior([0.0], 1e-6, 5e6, 998.0, 1482.0, Liquid())
    >>> round(float(abs(same[0])), 9)
    1.0
    """
    from scipy.special import eval_legendre, spherical_jn, spherical_yn

    z = np.asarray(positions, float)
    k, inside = 2 * math.pi * frequency / host.sound_speed, 2 * math.pi * frequency / sound_speed
    x, xi = k * radius, inside * radius
    contrast = host.density * host.sound_speed / (density * sound_speed)
    orders = np.arange(int(max(x, xi) + 4 * max(x, xi) ** (1 / 3) + 10))
    j, jp = spherical_jn(orders, x), spherical_jn(orders, x, True)
    y, yp = spherical_yn(orders, x), spherical_yn(orders, x, True)
    ji, jip = spherical_jn(orders, xi), spherical_jn(orders, xi, True)
    h, hp = j + 1j * y, jp + 1j * yp
    with np.errstate(all="ignore"):
        inner = (j * hp - jp * h) / (ji * hp - contrast * jip * h)
    inner = np.where(np.isfinite(inner), inner, 0.0)
    side = np.where(z >= 0, 1.0, -1.0)
    total = np.zeros(z.shape, complex)
    for order in orders:
        radial = spherical_jn(order, inside * np.abs(z))
        total += 1j ** int(order) * (2 * order + 1) * inner[order] * radial * eval_legendre(int(order), side)
    return total


def steepened(shock: float, count: int = HARMONICS) -> Any:
    """Amplitudes of the harmonics of a wave that steepens: 2 J_n(n s)/(n s), s the shock parameter up to 1.

    Examples
    --------
    >>> [round(float(a), 2) for a in steepened(1.0, 3)]
    [0.88, 0.35, 0.21]
    """
    from scipy.special import jv

    n = np.arange(1, count + 1)
    if shock <= 0:
        return np.where(n == 1, 1.0, 0.0)
    return 2 * jv(n, n * shock) / (n * shock)


def focusing(
    radius: float, frequency: float, density: float, sound_speed: float, host: Liquid, shock: float = 0.0,
    lag: float = math.pi / 2,
) -> float:  # fmt: skip
    """Largest rarefaction inside a drop over the largest one of the wave outside.

    `lag` shifts the phase of every harmonic, as diffraction does in the focus of a transducer (pi/2: sharp
    compressions and shallow rarefactions; 0: a plane wave).

    Examples
    --------
    >>> small = focusing(0.25e-6, 1e6, 1564.0, 436.0, Liquid())
    >>> large = focusing(10e-6, 3.5e6, 1564.0, 436.0, Liquid(), shock=1.0)
    >>> 0.98 < small < 1.02, large > 2.5
    (True, True)
    """
    z = np.linspace(-0.999, 0.999, 81) * radius
    phase = np.linspace(0, 2 * math.pi, 721)
    inside, outside = np.zeros((z.size, phase.size)), np.zeros(phase.size)
    for n, a in enumerate(steepened(shock), start=1):
        if abs(a) < 1e-6:
            continue
        field = interior(z, radius, n * frequency, density, sound_speed, host)
        turn = np.exp(1j * (n * phase + lag))
        inside += a * np.imag(field.conj()[:, None] * turn[None, :])
        outside += a * np.imag(turn)
    return float(-inside.min() / -outside.min())


@shows(
    "Peak rarefaction that vaporises a droplet",
    "laplace",
    "nucleation",
    "focused",
    "focusing",
    "critical",
    "boiling",
    "superheated",
    "expansion",
)
@dataclass(frozen=True)
class Vaporisation:
    """Peak rarefaction at which a droplet vaporises, by three pictures; pressures are quantities."""

    laplace: Any  # boiling at the Laplace-shifted point
    nucleation: Any  # homogeneous nucleation, no focusing
    focused: Any  # homogeneous nucleation with the field inside the drop
    focusing: float  # gain of the rarefaction inside
    critical: Any  # pressure inside at which the liquid nucleates
    boiling: Any  # boiling point at ambient pressure
    superheated: bool
    expansion: float  # diameter of the bubble over that of the drop, if all of it vaporises
    flags: tuple[Flag, ...] = ()


@quantities(
    None,
    frequency=("MHz", 0.1, 50, "frequency"),
    diameter=("um", 0.05, 50, "diameter of the drop; left out, that of the formulation"),
    temperature=("K", 273.15, 323.15, "temperature"),
    interface=("N/m", 0, 0.06, "tension of the drop against water"),
    pressure=("Pa", 5e4, 1e6, "ambient pressure"),
)
def vaporisation_threshold(
    droplet: Any,
    frequency: Any,
    diameter: Any = None,
    temperature: Any = BODY_TEMPERATURE,
    interface: Any = 0.03,
    pressure: Any = ATMOSPHERE,
    medium: Liquid | str = "water",
    shock: float = 1.0,
) -> Vaporisation:
    """Acoustic vaporisation threshold of a perfluorocarbon droplet, by three pictures.

    A = (p0 + 2 gamma/R - p_in)/G with p_in = p_sat (Laplace) or p_crit (nucleation), G the gain inside.

    Other Parameters
    ----------------
    droplet : Formulation or str
        A formulation with a liquid, or a liquid of the catalogue: C3F8, C4F10, C5F12, C6F14, C8F18.
    medium : Liquid or str
    shock : float
        Shock parameter of the wave at the drop, 0 (sine) to 1 (about to form a shock).

    Returns
    -------
    Vaporisation

    Notes
    -----
    What triggers vaporisation is not settled. Measured thresholds fall from 4.8 to 0.7 MPa (1.5 to 7.6 MHz,
    albumin, below 6 um) and rise from 1.1 to 2.3 MPa (2.25 to 10 MHz, lipid, 0.4 to 3 um); homogeneous
    nucleation lies 3 to 8 times above the latter, Laplace-shifted boiling far below. The word superheated
    holds only above the boiling point at ambient pressure.

    References
    ----------
    O. Shpak et al., Proc. Natl. Acad. Sci. 111, 1697 (2014), doi:10.1073/pnas.1312171111

    Examples
    --------
    >>> hexane = vaporisation_threshold("C6F14", "5 MHz", "5 um")
    >>> hexane.superheated, round(hexane.boiling.to("degC").magnitude)
    (False, 57)
    """
    species, held = droplet, getattr(droplet, "liquid", None)
    if held is not None:
        species, diameter = held.species, held.diameter.number if diameter is None else diameter
    if diameter is None:
        raise Refusal("diameter", "give the diameter of the drop, such as diameter = '1 um'")
    liquid = saturated(species, float(temperature))
    record = records.gas(species)
    if record.boiling_temperature is None or record.molar_mass is None:
        raise Refusal("no-liquid-data", f"boiling point of {species} is not in the catalogue")
    if not 0 <= shock <= 1:
        raise ValueError(f"shock is {shock:g}: the series holds from 0 to 1")
    radius = float(diameter) * 0.5e-6
    inside = pressure + 2 * interface / radius
    critical = nucleation_pressure(
        liquid["vapour_pressure"], liquid["surface_tension"], temperature, 4 / 3 * math.pi * radius**3
    )
    boiling = record.boiling_temperature.number
    superheated = boiling < temperature
    flags = [
        Flag(
            "droplet",
            "what triggers vaporisation is not settled: thresholds measured on drops of 0.4 to 3 um lie 3 to 8 times "
            "below homogeneous nucleation and above Laplace-shifted boiling",
        )
    ]
    gain = 1.0
    if "liquid_density" in liquid and "liquid_sound_speed" in liquid:
        gain = focusing(
            radius, float(frequency) * 1e6, liquid["liquid_density"], liquid["liquid_sound_speed"],
            liquid_of(medium), shock,
        )  # fmt: skip
    else:
        flags.append(Flag("focusing", f"sound speed of liquid {species} is not known: no focusing is included"))
    if not superheated:
        flags.append(
            Flag("not superheated", f"boils at {boiling - 273.15:.0f} degC: the bubble condenses when the wave is gone")
        )
    density = liquid.get("liquid_density")
    expansion = (
        float((density * GAS_CONSTANT * temperature / (record.molar_mass.number * 1e-3 * pressure)) ** (1 / 3))
        if density
        else math.nan
    )
    if math.isnan(expansion):
        raise Refusal("no-liquid-data", f"density of liquid {species} is not in the catalogue")
    return Vaporisation(
        Q(max(inside - liquid["vapour_pressure"], 0.0), "Pa"), Q(inside - critical, "Pa"),
        Q((inside - critical) / gain, "Pa"), gain, Q(critical, "Pa"), Q(boiling, "K"), superheated, expansion,
        tuple(flags),
    )  # fmt: skip
