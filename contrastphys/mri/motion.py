"""How the times of a relaxation model follow temperature and the medium.

Eyring for exchange, Arrhenius for rotation and for the electron's modulation, Holz for the diffusion of water,
Stokes, Einstein and Debye for the rotation of a sphere. A medium enters by its viscosity relative to water.
"""

from __future__ import annotations

import numpy as np

from ..constants import BOLTZMANN, GAS_CONSTANT
from ..units import quantities

_TEMPERATURE = ("K", 273.15, 373.15, "temperature")
_REFERENCE = ("K", 273.15, 373.15, "temperature of the stated value")


@quantities(
    "1/s",
    rate=("1/s", 1, 1e12, "exchange rate at the reference temperature"),
    enthalpy=("J/mol", 0, 1.5e5, "activation enthalpy"),
    temperature=_TEMPERATURE,
    reference=_REFERENCE,
)
def eyring(rate, enthalpy, temperature, reference=298.15):
    """Exchange rate at another temperature, k (T/T0) exp[(dH/R)(1/T0 - 1/T)].

    Returns
    -------
    Quantity [1/s]

    References
    ----------
    Eyring, J Chem Phys 1935, 3:107, doi:10.1063/1.1749604.

    Examples
    --------
    >>> print(f"{eyring('4.1e6 1/s', '49.8 kJ/mol', '37 degC').to('1/us'):.2f~C}")
    9.28 1/µs
    """
    return rate * (temperature / reference) * np.exp(enthalpy / GAS_CONSTANT * (1 / reference - 1 / temperature))


@quantities(
    "1",
    energy=("J/mol", 0, 1.5e5, "activation energy"),
    temperature=_TEMPERATURE,
    reference=_REFERENCE,
)
def arrhenius(energy, temperature, reference=298.15):
    """Factor on a time when the temperature changes, exp[(E/R)(1/T - 1/T0)]; on a rate, its inverse.

    Returns
    -------
    Quantity, dimensionless
        Below 1 for T > T0: times get shorter.

    Examples
    --------
    >>> print(f"{arrhenius('16.1 kJ/mol', '37 degC'):.4f~C}")
    0.7778
    """
    return np.exp(energy / GAS_CONSTANT * (1 / temperature - 1 / reference))


@quantities("m^2/s", temperature=_TEMPERATURE)
def water_diffusion(temperature):
    """Self-diffusion coefficient of water, D = 1.635e-8 (T/215.05 K - 1)^2.063 m^2/s.

    Returns
    -------
    Quantity [m^2/s]

    Notes
    -----
    Fitted to measurements from 273 to 373 K, within 1 %.

    References
    ----------
    Holz, Heil, Sacco, Phys Chem Chem Phys 2000, 2:4740, doi:10.1039/b005319h.

    Examples
    --------
    >>> print(f"{water_diffusion('25 degC').to('um^2/ms'):.3f~C}")
    2.299 µm**2/ms
    """
    return 1.635e-8 * (np.asarray(temperature) / 215.05 - 1.0) ** 2.063


@quantities("Pa*s", temperature=_TEMPERATURE)
def water_viscosity(temperature):
    """Viscosity of water at atmospheric pressure, 2.414e-5 Pa s * 10^(247.8 K/(T - 140 K)).

    Returns
    -------
    Quantity [Pa s]

    Notes
    -----
    Within 2.5 % of the reference values from 0 to 100 degC.

    References
    ----------
    Vogel-Fulcher-Tammann form of Al-Shemmeri, Engineering Fluid Mechanics, 2012.

    Examples
    --------
    >>> print(f"{water_viscosity('37 degC').to('mPa*s'):.3f~C}")
    0.690 mPa*s
    """
    return 2.414e-5 * 10 ** (247.8 / (np.asarray(temperature) - 140.0))


@quantities("mol/m^3", temperature=_TEMPERATURE)
def water_concentration(temperature):
    """Molar concentration of liquid water, from its density (Kell's polynomial to third order).

    Returns
    -------
    Quantity [mol/m^3]

    References
    ----------
    Kell, J Chem Eng Data 1975, 20:97, doi:10.1021/je60064a005.

    Examples
    --------
    >>> print(f"{water_concentration('37 degC').to('mol/L'):.2f~C}")
    55.14 mol/l
    """
    t = np.asarray(temperature) - 273.15
    density = (
        999.83952 + t * (16.945176 + t * (-7.9870401e-3 + t * (-46.170461e-6 + t * (105.56302e-9 - t * 280.54253e-12))))
    ) / (1.0 + 16.879850e-3 * t)
    return density / 18.01528e-3


@quantities(
    "s",
    diameter=("nm", 0.3, 1e4, "hydrodynamic diameter"),
    temperature=_TEMPERATURE,
    relative_viscosity=("1", 0.5, 1000, "viscosity relative to water"),
)
def rotation_time(diameter, temperature, relative_viscosity=1.0):
    """Rank-2 rotation time of a sphere, tau_R = 4 pi eta R^3/(3 kT): a third of the Brownian (rank 1) time.

    Returns
    -------
    Quantity [s]

    References
    ----------
    Debye, Polar Molecules, 1929.

    Examples
    --------
    >>> print(f"{rotation_time('10 nm', '37 degC').to('ns'):.1f~C}")
    84.4 ns
    """
    eta = relative_viscosity * water_viscosity.bare(temperature)
    return 4.0 * np.pi * eta * (0.5e-9 * diameter) ** 3 / (3.0 * BOLTZMANN * temperature)


@quantities(
    "s",
    diameter=("nm", 0.3, 1e4, "hydrodynamic diameter"),
    temperature=_TEMPERATURE,
    relative_viscosity=("1", 0.5, 1000, "viscosity relative to water"),
)
def brownian_time(diameter, temperature, relative_viscosity=1.0):
    """Brownian rotation time of a blocked moment, tau_B = 4 pi eta R_h^3/kT.

    Returns
    -------
    Quantity [s]

    Examples
    --------
    >>> print(f"{brownian_time('10 nm', '37 degC').to('us'):.3f~C}")
    0.253 µs
    """
    return 3.0 * rotation_time.bare(diameter, temperature, relative_viscosity)


@quantities(
    "s",
    volume=("nm^3", 0.1, 1e7, "volume of the magnetic core"),
    anisotropy=("J/m^3", 0, 1e6, "effective anisotropy constant"),
    temperature=_TEMPERATURE,
    attempt_time=("s", 1e-13, 1e-7, "attempt time, 1e-10 to 5e-9 s"),
)
def neel_time(volume, anisotropy, temperature, attempt_time=1e-9):
    """Neel time of a superparamagnetic moment, tau_0 exp(K V/kT).

    Returns
    -------
    Quantity [s]

    Notes
    -----
    The barrier is capped at 100 kT (a time of 1e34 s): the moment is blocked long before.

    References
    ----------
    Neel, Ann Geophys 1949, 5:99.

    Examples
    --------
    >>> print(f"{neel_time('523.6 nm^3', '10 kJ/m^3', '37 degC').to('ns'):.2f~C}")
    3.40 ns
    """
    barrier = anisotropy * 1e-27 * volume / (BOLTZMANN * temperature)
    return attempt_time * np.exp(np.minimum(barrier, 100.0))
