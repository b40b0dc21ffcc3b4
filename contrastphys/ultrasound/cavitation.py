"""Pressures at which bubbles grow without bound or collapse violently."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..units import quantities

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
