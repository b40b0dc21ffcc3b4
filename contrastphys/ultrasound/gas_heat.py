"""Heat that the gas of a small bubble exchanges with the liquid: polytropic exponent and thermal viscosity.

Both are parts of one complex function of the gas's thermal diffusion over a cycle [1]_: kappa is its real part over 3,
the thermal viscosity follows from the imaginary part.

.. [1] A. Prosperetti, J. Acoust. Soc. Am. 61, 17 (1977), doi:10.1121/1.381252
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..constants import GAS_CONSTANT
from ..units import quantities
from .bubble import Gas

Array = NDArray[np.float64]


def _phi(x: ArrayLike, gamma: float) -> NDArray[np.complex128]:
    """Complex polytropic function: 3 gamma when the gas keeps its heat, 3 when it keeps its temperature."""
    z = np.sqrt(1j / np.asarray(x, float))
    large = np.abs(z) > 30
    safe = np.where(large, 1.0, z)
    coth = np.where(large, z, safe / np.tanh(safe))  # z coth z
    bracket = coth - 1
    small = np.abs(z) < 0.03  # series: z coth z - 1 = z^2/3 - z^4/45, where the difference cancels
    bracket = np.where(small, z**2 / 3 - z**4 / 45 + 2 * z**6 / 945, bracket)
    return 3 * gamma / (1 - 3 * (gamma - 1) * 1j * np.asarray(x) * bracket)


def heat_exchange(
    radius: Array, omega: Array, rest_pressure: Array, gas: Gas, temperature: float
) -> tuple[Array, Array]:
    """Effective polytropic exponent and thermal viscosity [Pa s]."""
    density = rest_pressure * gas.molar_mass / (GAS_CONSTANT * temperature)
    diffusivity = gas.conductivity / (density * gas.heat_capacity)
    phi = _phi(diffusivity / (omega * radius**2), gas.adiabatic)
    return phi.real / 3, rest_pressure * phi.imag / (4 * omega)


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
