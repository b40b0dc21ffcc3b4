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
from numpy.typing import NDArray

from ..constants import GAS_CONSTANT
from ..elementwise import elementwise
from ..units import quantities
from .bubble import Gas

Array = NDArray[np.float64]

KEPT = 50_000
"""Sizes times frequencies up to which an answer is kept: a grid of a population, not the arrays of a user."""


@functools.partial(elementwise, result=complex)
def _phi(x, gamma):
    """Complex polytropic function: 3 gamma when the gas keeps its heat, 3 when it keeps its temperature.

    Phi = 3 gamma/(1 - 3 (gamma-1) i X b), b = z coth z - 1, z^2 = i/X, in real numbers: z = (1 + i) s.
    """
    y = 1.0 / x
    small = np.minimum(y, 0.25)  # b by its series there, where coth z - 1/z cancels
    q = small * small
    tail_r = 1382 / 638512875 - q * (3617 / 162820783125 - q * (349222 / 1531329465290625))
    series_r = q * (1 / 45 - q * (1 / 4725 - q * tail_r))
    tail_i = 2 / 93555 - q * (4 / 18243225 - q * (87734 / 38979295480125))
    series_i = small * (1 / 3 - q * (2 / 945 - q * tail_i))
    s = np.sqrt(0.5 * np.maximum(y, 0.25))
    gone, tangent = np.expm1(-2.0 * s), np.tan(s)  # the tangent takes a sixth of the time of sine and cosine
    left = 1.0 + gone
    turned = 4.0 * left * tangent / (1.0 + tangent * tangent)
    over = s / (gone * gone + turned * tangent)
    coth_r, coth_i = -over * gone * (1.0 + left), over * turned  # times s
    large = y >= 0.25
    b_r = (1.0 - large) * series_r + large * (coth_r + coth_i - 1.0)
    b_i = (1.0 - large) * series_i + large * (coth_r - coth_i)
    keeps = 3.0 * (gamma - 1.0) * x
    below_r, below_i = 1.0 + keeps * b_i, keeps * b_r
    scale = 3.0 * gamma / (below_r * below_r + below_i * below_i)
    return scale * below_r + 1j * (scale * below_i)  # numpy divides complex numbers slowly


def heat_exchange(
    radius: Array, omega: Array, rest_pressure: Array, gas: Gas, temperature: float
) -> tuple[Array, Array]:
    """Effective polytropic exponent and thermal viscosity [Pa s]."""
    density = rest_pressure * gas.molar_mass / (GAS_CONSTANT * temperature)
    diffusivity = gas.conductivity / (density * gas.heat_capacity)
    phi = _phi(diffusivity / (omega * radius**2), gas.adiabatic)
    return phi.real / 3, rest_pressure * phi.imag / (4 * omega)


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
