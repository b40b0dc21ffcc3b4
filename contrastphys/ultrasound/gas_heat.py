"""Heat that the gas of a small bubble exchanges with the liquid: polytropic exponent and thermal viscosity.

Both are parts of one complex function of the gas's thermal diffusion over a cycle [1]_: kappa is its real part over 3,
the thermal viscosity follows from the imaginary part.

.. [1] A. Prosperetti, J. Acoust. Soc. Am. 61, 17 (1977), doi:10.1121/1.381252
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numpy.polynomial.polynomial import polyval
from numpy.typing import NDArray

from ..constants import GAS_CONSTANT
from ..units import quantities
from .bubble import Gas

Array = NDArray[np.float64]

KEPT = 50_000
"""Sizes times frequencies up to which an answer is kept: a grid of a population, not the arrays of a user."""

SERIES = (1 / 3, 1 / 45, -2 / 945, -1 / 4725, 2 / 93555, 1382 / 638512875, -4 / 18243225, -3617 / 162820783125)
"""z coth z - 1 against y = -i z^2: odd powers are imaginary, even ones real, from the first on."""


def _bracket(y: Array) -> tuple[Array, Array]:
    """Real and imaginary part of z coth z - 1 for z = sqrt(i y), y > 0.

    With t = sqrt(2 y): z coth z = (t/2) [(sinh t + sin t) + i (sinh t - sin t)]/(cosh t - cos t), here times e^-t above
    and below so that nothing overflows. Below y = 0.09, where the differences cancel, the series is taken.
    """
    t = np.sqrt(2 * y)
    less = np.expm1(-t)  # e^-t - 1
    tangent = np.tan(t / 2)  # takes a sixth of the time of sine and cosine
    turned = 4 * (1 + less) * tangent / (1 + tangent**2)  # 2 e^-t sin t
    scale = t / 2 / (less**2 + turned * tangent)
    sinh = -less * (2 + less)  # 1 - e^-2t
    real, imaginary = scale * (sinh + turned) - 1, scale * (sinh - turned)
    small = y < 0.09
    if np.any(small):
        low = np.where(small, y, 0.0)
        even = low**2
        imaginary = np.where(small, low * polyval(even, SERIES[0::2]), imaginary)
        real = np.where(small, even * polyval(even, SERIES[1::2]), real)
    return real, imaginary


def _phi(x: Array, gamma: float) -> tuple[Array, Array]:
    """Complex polytropic function: 3 gamma when the gas keeps its heat, 3 when it keeps its temperature; its parts."""
    real, imaginary = _bracket(1 / x)
    keeps = 3 * (gamma - 1) * x
    over, under = 1 + keeps * imaginary, keeps * real
    scale = 3 * gamma / (over**2 + under**2)
    return scale * over, scale * under


def heat_exchange(
    radius: Array, omega: Array, rest_pressure: Array, gas: Gas, temperature: float
) -> tuple[Array, Array]:
    """Effective polytropic exponent and thermal viscosity [Pa s]."""
    density = rest_pressure * gas.molar_mass / (GAS_CONSTANT * temperature)
    diffusivity = gas.conductivity / (density * gas.heat_capacity)
    real, imaginary = _phi(diffusivity / (omega * radius**2), gas.adiabatic)
    return real / 3, rest_pressure * imaginary / (4 * omega)


def heat_over_sizes(
    radius: Array, omega: Array, rest_pressure: Array, gas: Gas, temperature: float
) -> tuple[Array, Array]:
    """`heat_exchange` of radii at frequencies, kept for the grids in use: shells that stiffen alike share it."""
    if not 1 < radius.size * omega.size <= KEPT:
        return heat_exchange(radius, omega, rest_pressure, gas, temperature)
    packed = tuple((each.shape, each.tobytes()) for each in (radius, omega, rest_pressure))
    return _kept(packed, gas, temperature)


@functools.lru_cache(maxsize=16)
def _kept(packed: tuple[tuple[tuple[int, ...], bytes], ...], gas: Gas, temperature: float) -> tuple[Array, Array]:
    radius, omega, rest_pressure = (np.frombuffer(held).reshape(shape) for shape, held in packed)
    found = heat_exchange(radius, omega, rest_pressure, gas, temperature)
    for each in found:
        each.flags.writeable = False
    return found


@quantities(
    ("1", "Pa*s"),
    radius=("m", 1e-8, 1e-3, "rest radius"),
    frequency=("Hz", 1e3, 1e8, "frequency"),
    rest_pressure=("Pa", 1e3, 1e8, "gas pressure at rest"),
    temperature=("K", 263.15, 393.15, "temperature"),
)
def polytropic(radius: Any, frequency: Any, gas: Gas, rest_pressure: Any = 101325.0, temperature: Any = 310.15) -> Any:
    """Effective polytropic exponent and thermal viscosity of the gas of a small bubble.

    Phi = 3 gamma/(1 - 3 (gamma-1) i X [(i/X)^(1/2) coth (i/X)^(1/2) - 1]), X = D_g/(w R0^2);
    kappa = Re Phi/3, mu_th = p_g0 Im Phi/(4 w).

    Other Parameters
    ----------------
    gas : Gas
        What the bubble holds.

    Returns
    -------
    kappa, mu_th : Quantity
        Between 1 (isothermal) and gamma (adiabatic); viscosity of the same damping [Pa s].

    Notes
    -----
    Ideal gas, uniform pressure inside the bubble, liquid at constant temperature; small oscillations.

    References
    ----------
    A. Prosperetti, J. Acoust. Soc. Am. 61, 17 (1977), doi:10.1121/1.381252

    Examples
    --------
    >>> from contrastphys.ultrasound import Gas
    >>> kappa, mu_th = polytropic("1 um", "3.9 MHz", Gas())
    >>> print(f"{kappa.magnitude:.3f}")
    1.002
    """
    radius, omega = np.asarray(radius, float), 2 * math.pi * np.asarray(frequency, float)
    return heat_exchange(radius, omega, np.asarray(rest_pressure, float), gas, temperature)
