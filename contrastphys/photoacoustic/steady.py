"""Heating under continuous light: one particle, and a volume of many.

References: H. S. Carslaw and J. C. Jaeger, Conduction of Heat in Solids, 2nd ed., Oxford (1959).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..units import quantities
from .layers import CONDUCTANCE
from .water import CONDUCTIVITY, DIFFUSIVITY

__all__ = ["steady_sphere", "steady_volume"]


@quantities(
    "K",
    power=("W", 0, 1, "power absorbed by the particle"),
    radius=("nm", 1, 1e5, "radius of the particle"),
    conductance=("MW/(m^2*K)", 1, 1e4, "conductance of the interface"),
)
def steady_sphere(power: Any, radius: Any, conductance: Any = CONDUCTANCE / 1e6) -> Any:
    """Rise of a particle under continuous light, P/(4 pi k_w R) + P/(4 pi R^2 G).

    Returns
    -------
    rise : K

    Notes
    -----
    The first term is the rise of the water at its surface. One particle alone: in a suspension the heat of
    all others adds and soon rules, see `steady_volume`.

    References
    ----------
    H. S. Carslaw and J. C. Jaeger, Conduction of Heat in Solids, 2nd ed., Oxford (1959).

    Examples
    --------
    >>> print(f"{steady_sphere('1 uW', '20 nm'):.2f}")
    8.55 kelvin
    """
    r = np.asarray(radius) * 1e-9
    return power / (4 * np.pi * CONDUCTIVITY * r) + power / (4 * np.pi * r**2 * conductance * 1e6)


@quantities(
    "K",
    mu_a=("1/cm", 0, 1e3, "absorption of the heated volume"),
    irradiance=("W/cm^2", 0, 1e4, "continuous light in it"),
    radius=("mm", 1e-3, 100, "radius of the heated volume"),
    time=("s", 0, 1e6, "since the light was switched on"),
)
def steady_volume(mu_a: Any, irradiance: Any, radius: Any, time: Any = None) -> Any:
    """Rise in the middle of a spherical volume heated evenly by continuous light, in water without flow.

    q a^2/(2 k) when steady, with q = mu_a I; after a time t: (q a^2/2k) [1 - (1 - 2 s^2) erf(1/(2 s)) -
    (2 s/sqrt(pi)) exp(-1/(4 s^2))], s^2 = D t/a^2.

    Returns
    -------
    rise : K
        Steady if no time is given.

    Notes
    -----
    Blood flow carries heat off and lowers it; a first estimate for photothermal heating, not a treatment
    plan.

    References
    ----------
    H. S. Carslaw and J. C. Jaeger, Conduction of Heat in Solids, 2nd ed., Oxford (1959), section 10.5.

    Examples
    --------
    >>> print(f"{steady_volume('1 1/cm', '1 W/cm^2', '2 mm'):.2f}")
    3.34 kelvin
    """
    a = np.asarray(radius) * 1e-3
    full = mu_a * irradiance * 1e6 * a**2 / (2 * CONDUCTIVITY)
    if time is None:
        return full
    square = np.maximum(DIFFUSIVITY * np.asarray(time, dtype=float) / a**2, 1e-300)
    s = np.sqrt(square)
    error = np.vectorize(math.erf)(1 / (2 * s))
    with np.errstate(over="ignore"):
        rest = (1 - 2 * square) * error + 2 * s / math.sqrt(math.pi) * np.exp(-1 / (4 * square))
    return full * (1 - rest)
