"""Pressures at which bubbles grow without bound or collapse violently."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..showing import shows
from ..units import Flag, Q, quantities
from . import kernels
from .bubble import Bubble, Gas, Liquid, acoustic, liquid_of
from .dynamics import HARD_CORE, bubble_parameters
from .pulses import Pulse
from .shells import Free

APFEL_HOLLAND = {"water": (2.10, 0.06), "blood": (1.67, 0.13)}
"""Exponent a and constant b of P^a/f = b (P in MPa, f in MHz) for the most sensitive nucleus; unverified."""


@quantities(
    "Pa",
    radius=("m", 1e-9, 1e-3, "rest radius"),
    tension=("N/m", 0, 0.08, "surface tension"),
    pressure=("Pa", 1e3, 1e8, "ambient pressure"),
    vapour_pressure=("Pa", 0, 1e7, "vapour pressure"),
)
def blake_threshold(radius: Any, tension: Any = 0.072, pressure: Any = 101325.0, vapour_pressure: Any = 0.0) -> Any:
    """Amplitude of a slow rarefaction beyond which a free bubble grows without bound.

    p_B = p0 - pv + (8 sigma/9) sqrt(3 sigma/(2 R0^3 (p0 - pv + 2 sigma/R0))).

    Returns
    -------
    Quantity
        Pressure amplitude.

    Notes
    -----
    Quasi-static and isothermal. A buckled lipid shell has no such limit before it ruptures.

    References
    ----------
    F. G. Blake, Tech. Memo. 12, Acoustics Research Laboratory, Harvard University (1949)

    Examples
    --------
    >>> print(f"{blake_threshold('1 um').to('MPa'):.4f~P}")
    0.1438 MPa
    """
    over = pressure - vapour_pressure
    root = np.sqrt(3 * tension / (2 * radius**3 * (over + 2 * tension / radius)))
    return over + 8 * tension / 9 * root


@quantities("MPa", frequency=("MHz", 0.5, 15, "frequency"))
def inertial_threshold_fit(frequency: Any, medium: str = "water") -> Any:
    """Inertial cavitation threshold of the most sensitive free nucleus, by the fit of Apfel and Holland.

    P^a/f = b with (a, b) = (2.10, 0.06) in water and (1.67, 0.13) in blood; P in MPa, f in MHz.

    Other Parameters
    ----------------
    medium : {"water", "blood"}

    Returns
    -------
    Quantity
        Peak negative pressure.

    Notes
    -----
    One cycle, free gas nuclei of any size present; the constants are quoted, not seen in the paper. A
    simulated threshold differs by up to 30 % either way. Agents with a shell need more.

    References
    ----------
    R. E. Apfel, C. K. Holland, Ultrasound Med. Biol. 17, 179 (1991), doi:10.1016/0301-5629(91)90125-G

    Examples
    --------
    >>> print(f"{inertial_threshold_fit('5 MHz'):.2f~P}")
    0.56 MPa
    """
    if medium not in APFEL_HOLLAND:
        raise ValueError(f"the fit is for {' and '.join(APFEL_HOLLAND)}, not for {medium!r}")
    a, b = APFEL_HOLLAND[medium]
    return (b * frequency) ** (1 / a)


@shows("Threshold of inertial cavitation", "pressure", "radius", "criterion")
@dataclass(frozen=True)
class InertialThreshold:
    """Least pressure amplitude that makes some bubble collapse inertially."""

    pressure: Any  # quantity
    radius: Any  # rest radius of the bubble that needs least, quantity
    criterion: str
    flags: tuple[Flag, ...] = ()


def _collapses(bubble: Bubble, pulse: Pulse, liquid: Liquid, criterion: str, limit: float, core: bool) -> bool:
    """Whether the gas gets hotter than the limit [K] in the collapse, or the radius grows beyond it [R0]."""
    par, shell = bubble_parameters(bubble.radius, bubble, pulse, liquid, "keller-miksis", core)
    scratch = [np.empty(2) for _ in range(3)]
    end = pulse.duration + 3 / pulse.frequency
    status, _, smallest, largest, _, _ = kernels.trace(
        par[0], shell[0], pulse.wave, bubble.radius, end, 1e-6, 400_000, *scratch
    )
    if criterion == "growth":
        return bool(largest / bubble.radius >= limit)
    if status != kernels.DONE:
        return True
    hard = (HARD_CORE * bubble.radius) ** 3 if core else 0.0
    squeeze = (largest**3 - hard) / (smallest**3 - hard)
    return bool(300.0 * squeeze ** (bubble.gas.adiabatic - 1) >= limit)


@quantities(
    None,
    frequency=("Hz", 2e5, 2e7, "frequency"),
    tension=("N/m", 0, 0.08, "surface tension of the free nuclei; left out, that of the medium"),
)
def inertial_threshold(
    frequency: Any,
    medium: Liquid | str = "water",
    bubble: Bubble | None = None,
    criterion: str = "temperature",
    limit: float = 5000.0,
    cycles: float = 1.0,
    sizes: int = 25,
    tension: Any = None,
) -> InertialThreshold:
    """Inertial cavitation threshold by simulation: the least amplitude at which a collapse turns violent.

    Equation of Keller and Miksis, one sine cycle, rarefaction first. Criterion "temperature": air with a hard
    core, 300 K at its largest radius, adiabatic, exceeds `limit` K; "growth": R_max exceeds `limit` R0.

    Other Parameters
    ----------------
    medium : Liquid or str
        Liquid, or the name of one in the catalogue (taken at 37 degC).
    bubble : Bubble, optional
        This bubble alone; left out, the most sensitive free air nucleus of 0.05 to 5 um.
    criterion : {"temperature", "growth"}
    limit : float
        5000 K, or the growth: 2 is the old rule, 3.4 to 8 was measured for Definity.
    cycles : float
        Length of the drive.
    sizes : int
        Nuclei tried.

    Returns
    -------
    InertialThreshold

    Notes
    -----
    State +-30 %: against the fit of Apfel and Holland -22 to -8 % in water, -1 to +27 % in blood.

    References
    ----------
    R. E. Apfel, C. K. Holland, Ultrasound Med. Biol. 17, 179 (1991), doi:10.1016/0301-5629(91)90125-G

    Examples
    --------
    >>> found = inertial_threshold("1 MHz", Liquid(), sizes=13)
    >>> 0.19 < found.pressure.to("MPa").magnitude < 0.23
    True
    """
    if criterion not in ("temperature", "growth"):
        raise ValueError(f"criterion is 'temperature' or 'growth', not {criterion!r}")
    if limit <= (300 if criterion == "temperature" else 1):
        raise ValueError(f"limit {limit:g} is reached at rest: give kelvin for temperature, R_max/R0 for growth")
    liquid = liquid_of(medium)
    f = float(frequency)
    if bubble is None:
        air = Gas.bare()
        if tension is None and isinstance(medium, str):
            tension = acoustic(medium).get("surface_tension")
        wall = Free.bare() if tension is None else Free.bare(tension)
        tried = [Bubble.bare(r, air, wall, air.adiabatic) for r in np.geomspace(5e-8, 5e-6, sizes)]
        core = True
    else:
        tried, core = [bubble], criterion == "temperature"
    best, chosen = math.inf, tried[0]
    for one in tried:
        high = min(best, 2e7)
        if not _collapses(one, Pulse.bare(f, high, cycles), liquid, criterion, limit, core):
            continue  # no better than what another nucleus needs
        low = 0.0
        while high - low > 2e-3 * high:
            middle = 0.5 * (low + high)
            if _collapses(one, Pulse.bare(f, middle, cycles), liquid, criterion, limit, core):
                high = middle
            else:
                low = middle
        best, chosen = high, one
    if math.isinf(best):
        raise ValueError("no amplitude up to 20 MPa makes this bubble collapse by that criterion")
    flags = (Flag("threshold", "inertial cavitation threshold: +-30 %, and it depends on the criterion"),)
    words = f"gas above {limit:g} K" if criterion == "temperature" else f"R_max above {limit:g} R0"
    return InertialThreshold(Q(best, "Pa"), Q(chosen.radius, "m"), words, flags)
