"""Water between 0 and 100 C at 0.1 MPa: what turns absorbed light into pressure.

The Grueneisen parameter is Gamma = beta c^2/C_p, with beta from Kell's density, c from Marczak's sound speed
and C_p from a polynomial fitted here to IAPWS-95. It vanishes at the density maximum near 4 C and is negative
below it. The straight line 0.0043 + 0.0053 T in common use is 150 times too large at 4 C and 30 % too large
at 10 C.

All kernels take kelvin. The few values known for media other than water stand in `MEDIA` with their sources.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial.polynomial import polyval

from ..constants import ZERO_CELSIUS
from ..elementwise import elementwise
from ..provenance import Refusal
from ..units import RangeWarning, quantities

__all__ = [
    "CONDUCTIVITY",
    "DIFFUSIVITY",
    "MEDIA",
    "density",
    "expansion",
    "expansion_integral",
    "gruneisen",
    "heat_capacity",
    "sound_speed",
]

CONDUCTIVITY = 0.598  # W/(m K), water at 20 C
DIFFUSIVITY = 1.43e-7  # m^2/s, water at 20 C

# G. S. Kell, J. Chem. Eng. Data 20, 97 (1975): density is _KELL(T)/(1 + _KELL_BELOW T), T in C, kg/m^3
_KELL = (999.83952, 16.945176, -7.9870401e-3, -46.170461e-6, 105.56302e-9, -280.54253e-12)
_KELL_BELOW = 16.879850e-3
# W. Marczak, J. Acoust. Soc. Am. 102, 2776 (1997), T in C, m/s
_MARCZAK = (1402.385, 5.038813, -5.799136e-2, 3.287156e-4, -1.398845e-6, 2.787860e-9)
# fitted to IAPWS-95 at 0.1 MPa, 0-99.6 C, largest error 4e-5; T in C, J/(kg K)
_HEAT_CAPACITY = (4219.287, -3.3472, 0.1119925, -2.044269e-3, 2.276582e-5, -1.367862e-7, 3.468297e-10)

GRUNEISEN_ERROR = 5e-4  # absolute, of water from 0 to 100 C against IAPWS-95
_KELVIN = ("K", ZERO_CELSIUS, ZERO_CELSIUS + 100.0, "temperature")


class Medium(NamedTuple):
    """Grueneisen parameter of a medium other than water: a value at one temperature, or a factor on water's."""

    value: float | None
    sd: float | None
    temperature: float | None
    factor: float | None
    source: str
    status: str


_YAO = "D.-K. Yao et al., J. Biomed. Opt. 19, 017007 (2014), doi:10.1117/1.JBO.19.1.017007"
MEDIA = {
    "fat": Medium(0.81, 0.05, 295.15, None, f"porcine fat, {_YAO}", "verified"),
    "lipid": Medium(0.69, 0.02, 295.15, None, f"porcine lipid, {_YAO}", "verified"),
    "serum": Medium(None, None, None, 1.09, f"blood serum, 9 % over water, {_YAO}", "verified"),
}


def _celsius(temperature):
    """Degrees Celsius within the liquid range; refuses what is not liquid water."""
    return liquid(temperature) - ZERO_CELSIUS


def liquid(temperature):
    """The temperature [K] as numbers, where water is liquid; refuses any other."""
    kelvin = np.asarray(temperature, dtype=float)
    least, most = ZERO_CELSIUS - 1e-9, ZERO_CELSIUS + 100.0 + 1e-9
    if kelvin.size and not (kelvin.min() >= least and kelvin.max() <= most):  # not a number is not liquid either
        found = float(kelvin[~((kelvin >= least) & (kelvin <= most))][0])
        raise Refusal(
            "temperature",
            f"temperature {found:g} K ({found - ZERO_CELSIUS:g} degC) is outside 0 to 100 degC, where the formulas "
            "of liquid water hold; write for example Q(37, 'degC')",
        )
    return kelvin[()]


@elementwise
def _density_at(kelvin, zero):
    t = kelvin - zero
    a, b, c, d, e, f = _KELL
    return (a + t * (b + t * (c + t * (d + t * (e + t * f))))) / (1.0 + _KELL_BELOW * t)


@elementwise
def _expansion_at(kelvin, zero):
    """-(1/rho) d rho/dT of Kell's formula, differentiated analytically."""
    t = kelvin - zero
    a, b, c, d, e, f = _KELL
    above = a + t * (b + t * (c + t * (d + t * (e + t * f))))
    slope = b + t * (2.0 * c + t * (3.0 * d + t * (4.0 * e + t * (5.0 * f))))
    return _KELL_BELOW / (1.0 + _KELL_BELOW * t) - slope / above


@elementwise
def _sound_speed_at(kelvin, zero):
    t = kelvin - zero
    a, b, c, d, e, f = _MARCZAK
    return a + t * (b + t * (c + t * (d + t * (e + t * f))))


@elementwise
def _heat_capacity_at(kelvin, zero):
    t = kelvin - zero
    a, b, c, d, e, f, g = _HEAT_CAPACITY
    return a + t * (b + t * (c + t * (d + t * (e + t * (f + t * g)))))


@elementwise
def _gruneisen_at(kelvin, zero):
    speed = _sound_speed_at(kelvin, zero)
    return _expansion_at(kelvin, zero) * speed * speed / _heat_capacity_at(kelvin, zero)


@quantities("kg/m^3", temperature=_KELVIN)
def density(temperature: Any) -> Any:
    """Density of water at 0.1 MPa, rho(T) of Kell.

    rho = (999.83952 + 16.945176 T - 7.9870401e-3 T^2 - 46.170461e-6 T^3 + 105.56302e-9 T^4 - 280.54253e-12
    T^5) / (1 + 16.879850e-3 T), T in C.

    Returns
    -------
    density : kg/m^3

    Notes
    -----
    Within 0.02 kg/m^3 of IAPWS-95 from 0 to 100 C; outside it is refused.

    References
    ----------
    G. S. Kell, J. Chem. Eng. Data 20, 97 (1975), doi:10.1021/je60064a005.

    Examples
    --------
    >>> print(f"{density('4 degC'):.3f}")
    999.972 kilogram / meter ** 3
    """
    return _density_at(liquid(temperature), ZERO_CELSIUS)


@quantities("1/K", temperature=_KELVIN)
def expansion(temperature: Any) -> Any:
    """Volumetric thermal expansion beta = -(1/rho) d rho/dT of water at 0.1 MPa.

    Returns
    -------
    expansion : 1/K
        Negative below 4 C.

    Notes
    -----
    The formula was fitted to 150 degC; above 100 degC it is that of superheated water.

    References
    ----------
    G. S. Kell, J. Chem. Eng. Data 20, 97 (1975), doi:10.1021/je60064a005; differentiated analytically.

    Examples
    --------
    >>> print(f"{expansion.bare(310.15):.4e}")
    3.6188e-04
    """
    return _expansion_at(liquid(temperature), ZERO_CELSIUS)


@quantities("1", temperature=_KELVIN, rise=("K", 0, 374, "temperature rise above it"))
def expansion_integral(temperature: Any, rise: Any) -> Any:
    """Relative volume gained when water is heated: integral of beta from T to T + rise = ln(rho(T)/rho(T + rise)).

    Returns
    -------
    volume : dimensionless

    Notes
    -----
    Analytic, so that a small rise leaves no false nonlinearity. Above 100 C it continues Kell's density of
    liquid water (fitted to 150 C at ordinary pressure), an extrapolation to superheated water that the caller
    must flag.

    References
    ----------
    G. S. Kell, J. Chem. Eng. Data 20, 97 (1975), doi:10.1021/je60064a005.

    Examples
    --------
    >>> print(f"{expansion_integral.bare(293.15, 1.0):.4e}")
    2.1204e-04
    """
    celsius = _celsius(temperature)
    rise = np.asarray(rise, dtype=float)
    # ln(rho0/rho1) by the relative step of numerator and denominator: exact for the smallest rise too
    below = _KELL_BELOW * rise / (1.0 + _KELL_BELOW * celsius)
    return (np.log1p(below) - np.log1p(_step(celsius, rise, 1)))[()]


def expansion_excess(temperature: float, rise: np.ndarray) -> np.ndarray:
    """What `expansion_integral` is beside beta(T) rise: the nonlinear part alone, whole for the smallest rise [K]."""
    celsius = _celsius(temperature)
    below = _KELL_BELOW * rise / (1.0 + _KELL_BELOW * celsius)
    return _log_rest(below) - _log_rest(_step(celsius, rise, 1)) - _step(celsius, rise, 2)


def _step(celsius: Any, rise: np.ndarray, first: int) -> np.ndarray:
    """Relative step of Kell's numerator, from its Taylor term of order `first` on, by Horner in the rise."""
    total = np.zeros(np.broadcast(celsius, rise).shape)
    for n in range(len(_KELL) - 1, first - 1, -1):
        slopes = np.array(_KELL)
        for step in range(n):
            slopes = slopes[1:] * np.arange(1, slopes.size) / (step + 1)
        total = (total + polyval(celsius, slopes)) * rise
    return total * rise ** (first - 1) / polyval(celsius, _KELL)


def _log_rest(x: np.ndarray) -> np.ndarray:
    """ln(1 + x) - x without cancellation; beyond a tenth nothing cancels."""
    series = np.zeros_like(x)
    for n in range(18, 1, -1):
        series = ((-1.0) ** (n + 1) / n + series) * x
    return np.where(np.abs(x) < 0.1, series * x, np.log1p(x) - x)


@quantities("m/s", temperature=_KELVIN)
def sound_speed(temperature: Any) -> Any:
    """Speed of sound in water at 0.1 MPa, c(T) of Marczak.

    c = 1402.385 + 5.038813 T - 5.799136e-2 T^2 + 3.287156e-4 T^3 - 1.398845e-6 T^4 + 2.787860e-9 T^5, T in C.

    Returns
    -------
    sound_speed : m/s

    Notes
    -----
    Fitted from 0 to 95 C; up to boiling the error stays below 0.1 m/s.

    References
    ----------
    W. Marczak, J. Acoust. Soc. Am. 102, 2776 (1997), doi:10.1121/1.420332.

    Examples
    --------
    >>> print(f"{sound_speed('37 degC'):.1f}")
    1523.7 meter / second
    """
    return _sound_speed_at(liquid(temperature), ZERO_CELSIUS)


@quantities("J/(kg*K)", temperature=_KELVIN)
def heat_capacity(temperature: Any) -> Any:
    """Specific heat of water at constant pressure, 0.1 MPa.

    C_p = 4219.287 - 3.3472 T + 0.1119925 T^2 - 2.044269e-3 T^3 + 2.276582e-5 T^4 - 1.367862e-7 T^5
    + 3.468297e-10 T^6, T in C.

    Returns
    -------
    heat_capacity : J/(kg K)

    Notes
    -----
    A polynomial fitted to IAPWS-95 between 0 and 99.6 C; largest error 4e-5 of the value.

    References
    ----------
    W. Wagner and A. Pruss, J. Phys. Chem. Ref. Data 31, 387 (2002), doi:10.1063/1.1461829.

    Examples
    --------
    >>> print(f"{heat_capacity('25 degC'):.1f}")
    4181.3 joule / kelvin / kilogram
    """
    return _heat_capacity_at(liquid(temperature), ZERO_CELSIUS)


@quantities("1", temperature=_KELVIN)
def gruneisen(temperature: Any, medium: str = "water") -> Any:
    """Grueneisen parameter Gamma = beta c^2/C_p: pressure per absorbed energy density.

    Other Parameters
    ----------------
    medium : str
        "water", "serum" (water times 1.09), or "fat", "lipid" (measured at 22 C only: another temperature
        warns).

    Returns
    -------
    gruneisen : dimensionless

    Notes
    -----
    Water is within 5e-4 (absolute) of IAPWS-95 from 0 to 100 C; near 4 C it is a small difference that
    depends on pressure and salinity. Soft tissue lies near water, fat far above it: give a measured value
    where one is known.

    References
    ----------
    Kell 1975 (density), Marczak 1997 (sound speed), IAPWS-95 (heat capacity): see the functions of this
    module. D.-K. Yao et al., J. Biomed. Opt. 19, 017007 (2014), doi:10.1117/1.JBO.19.1.017007 (fat, lipid,
    serum).

    Examples
    --------
    >>> print(f"{gruneisen('37 degC'):.4f}")
    0.2010 dimensionless
    >>> print(f"{gruneisen.bare(275.15):.4f}")
    -0.0155
    """
    other = MEDIA.get(medium)
    if other is None and medium != "water":
        known = ", ".join(["water", *MEDIA])
        raise ValueError(f"no Grueneisen parameter is known for '{medium}'; known: {known}; or give the number")
    water = _gruneisen_at(liquid(temperature), ZERO_CELSIUS)
    if other is None:
        return water
    if other.factor is not None:
        return water * other.factor
    if np.any(np.abs(np.asarray(temperature) - other.temperature) > 3.0):
        warnings.warn(
            f"the Grueneisen parameter of {medium} was measured at {other.temperature:g} K only",
            RangeWarning,
            stacklevel=3,
        )
    return np.full(np.shape(temperature), other.value)[()]
