"""Relaxation of water protons by paramagnetic ions: inner sphere, exchange, outer sphere, Curie spin.

Solomon (1955, doi:10.1103/PhysRev.99.559) gave the dipolar rates of a bound proton, Bloembergen and Morgan (1961,
doi:10.1063/1.1731684) the electron relaxation, Swift and Connick (1962, doi:10.1063/1.1701321) the passage of the
bound protons into the bulk, Hwang and Freed (1975, doi:10.1063/1.431841) the protons that only pass by, Gueron (1975)
and Vega and Fiat (1976) the part of the electron moment that follows the field and knows no electron relaxation.

All rates are SI: fields in tesla, times in seconds, distances in metres, squared frequencies in s^-2. A relaxivity in
m^3/(mol s) is numerically the same in 1/(mM s). `moment2` is g_J^2 J(J+1): 63 for Gd(III), 35 for Mn(II).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..constants import AVOGADRO, BOHR_MAGNETON, GAMMA_ELECTRON, GAMMA_PROTON, LIGHT_SPEED, MU0_4PI
from ..elementwise import elementwise
from ..units import quantities
from .spectral import ayant, curie_moment, dispersions, freed, lorentz, weighted

CONVENTIONAL_WATER = 55.5e3  # mol/m^3: the concentration of water most parameter sets were fitted with

_FIELD = ("T", 1e-5, 30, "static magnetic field")
_DISTANCE = ("m", 1.5e-10, 1e-9, "distance between ion and proton")
_TAU_R = ("s", 1e-12, 1e-4, "rotational (rank 2) correlation time")
_TAU_M = ("s", 1e-12, 1e-1, "residence time of a bound water")
_T1E = ("s", 1e-14, 1e-3, "longitudinal electron relaxation time")
_T2E = ("s", 1e-14, 1e-3, "transverse electron relaxation time")
_MOMENT2 = ("1", 0.1, 200, "squared effective moment in Bohr magnetons, g_J^2 J(J+1)")
_TEMPERATURE = ("K", 273.15, 373.15, "temperature")
_APPROACH = ("m", 1.5e-10, 2e-8, "distance of closest approach")
_DIFFUSION = ("m^2/s", 1e-11, 1e-8, "sum of the diffusion coefficients of water and agent")
_J = ("1", 0.5, 8, "total angular momentum quantum number")
_GJ = ("1", 0.5, 2.1, "Lande factor")


def dipolar_constant(distance, moment2):
    """K = (2/15) (mu0/4pi)^2 gI^2 g_J^2 mu_B^2 J(J+1)/r^6 [s^-2].

    Examples
    --------
    >>> print(f"{dipolar_constant(3.1e-10, 63.0):.4e}")
    5.8259e+14
    """
    return 2.0 / 15.0 * (MU0_4PI * GAMMA_PROTON * BOHR_MAGNETON) ** 2 * moment2 / distance**6


@quantities("1/s^2", zero_field_splitting=("1/m", 1e-3, 1000, "root of the trace of the squared splitting tensor"))
def delta2_from_wavenumber(zero_field_splitting):
    """delta2 of a zero-field splitting given as a wavenumber, (2 pi c Delta)^2.

    Returns
    -------
    Quantity [1/s^2]

    Examples
    --------
    >>> print(f"{delta2_from_wavenumber('0.02 1/cm'):.3g~C}")
    1.42e+19 1/s**2
    """
    return (2.0 * np.pi * LIGHT_SPEED * zero_field_splitting) ** 2


@quantities(
    ("s", "s"),
    field=_FIELD,
    delta2=("1/s^2", 1e16, 1e22, "trace of the squared zero-field splitting tensor"),
    tau_v=("s", 1e-13, 1e-8, "correlation time of the splitting's modulation"),
    spin=("1", 1, 3.5, "electron spin quantum number"),
)
def electron_relaxation(field, delta2, tau_v, spin=3.5, form="general"):
    """Electron relaxation times of an S-state ion by a fluctuating zero-field splitting, (T1e, T2e).

    1/T1e = (c/25) delta2 tau_v [1/(1+x^2) + 4/(1+4x^2)] and
    1/T2e = (c/50) delta2 tau_v [3 + 5/(1+x^2) + 2/(1+4x^2)], with x = wS tau_v and c = 4S(S+1) - 3; the form
    "powell" takes 1/T2e = delta2 tau_v [5.26/(1+0.372 x^2) + 7.18/(1+1.24 x)], fitted for S = 7/2 only.

    Other Parameters
    ----------------
    form : {"general", "powell"}
        Which T2e; it belongs to the parameter set, as delta2 and tau_v do.

    Returns
    -------
    tuple of Quantity [s]
        T1e, T2e.

    Notes
    -----
    Redfield theory of the electron: sqrt(delta2) tau_v well below 1. A static splitting, which rules T1e of slow
    tumblers below 0.1 T, is not in it. The two forms of T2e differ above 1 T, the relaxivities by 0.3 % at most.

    References
    ----------
    McLachlan, Proc R Soc A 1964, 280:271. Powell et al., J Am Chem Soc 1996, 118:9333, doi:10.1021/ja961743g.

    Examples
    --------
    >>> t1e, t2e = electron_relaxation("1.5 T", "0.16e20 1/s^2", "11 ps")
    >>> print(f"{t1e.to('ns'):.3f~P}")
    10.714 ns
    """
    if form not in ("general", "powell"):
        raise ValueError(f"form is '{form}': it must be 'general' or 'powell'")
    if form == "powell" and np.any(np.asarray(spin) != 3.5):
        raise ValueError("the form 'powell' of T2e was fitted for S = 7/2: write form='general' for other spins")
    c = 4.0 * spin * (spin + 1.0) - 3.0
    turned = GAMMA_ELECTRON * tau_v
    strength = delta2 * tau_v
    share1, share2 = c / 25.0 * strength, c / 50.0 * strength
    rate1 = dispersions(field, 0.0, share1, turned, 4.0 * share1, 2.0 * turned)
    if form == "powell":
        x = turned * field
        rate2 = strength * (5.26 / (1.0 + 0.372 * x * x) + 7.18 / (1.0 + 1.24 * x))
    else:
        rate2 = dispersions(field, 3.0 * share2, 5.0 * share2, turned, 2.0 * share2, 2.0 * turned)
    return 1.0 / rate1, 1.0 / rate2


@elementwise
def _joint_time(rate, time):
    """Correlation time of two processes, 1/(rate + 1/time)."""
    return 1.0 / (rate + 1.0 / time)


@elementwise
def _dipolar_rate(field, k, rest, proton, electron, tc1, tc2, gamma_proton, gamma_electron):
    """k [rest tc1 + proton L(wI, tc1) + electron L(wS, tc2)]."""
    slow, fast = gamma_proton * field * tc1, gamma_electron * field * tc2
    return k * (tc1 * (rest + proton / (1.0 + slow * slow)) + electron * tc2 / (1.0 + fast * fast))


@quantities(
    ("1/s", "1/s"),
    field=_FIELD,
    distance=_DISTANCE,
    tau_R=_TAU_R,
    tau_M=_TAU_M,
    t1e=_T1E,
    t2e=_T2E,
    moment2=_MOMENT2,
    hyperfine=("rad/s", 0, 1e9, "scalar coupling constant A/hbar"),
    spin=("1", 0.5, 3.5, "electron spin (used by the scalar part)"),
)
def inner_sphere_rates(field, distance, tau_R, tau_M, t1e, t2e, moment2=63.0, hyperfine=0.0, spin=3.5):
    """Dipolar and scalar relaxation rates of a proton bound next to the ion, (R1m, R2m).

    R1m = K [3 L(wI,tc1) + 7 L(wS,tc2)] + (2/3) S(S+1) (A/hbar)^2 L(wS,te2) and
    R2m = (K/2) [4 tc1 + 3 L(wI,tc1) + 13 L(wS,tc2)] + (1/3) S(S+1) (A/hbar)^2 [te1 + L(wS,te2)], where
    1/tci = 1/tau_R + 1/tau_M + 1/Tie and 1/tei = 1/tau_M + 1/Tie.

    Returns
    -------
    tuple of Quantity [1/s]
        R1m, R2m.

    References
    ----------
    Solomon, Phys Rev 1955, 99:559, doi:10.1103/PhysRev.99.559. Bloembergen and Morgan, J Chem Phys 1961, 34:842,
    doi:10.1063/1.1731684.

    Examples
    --------
    >>> r1m, r2m = inner_sphere_rates("1.5 T", "3.1 angstrom", "77 ps", "0.1 s", "10 ns", "10 ns")
    >>> print(f"{r1m:.4g~C}, {r2m:.4g~C}")
    1.342e+05 1/s, 1.565e+05 1/s
    """
    k = dipolar_constant(distance, moment2)
    turning = 1.0 / tau_R + 1.0 / tau_M
    tc1, tc2 = _joint_time(turning, t1e), _joint_time(turning, t2e)
    r1m = _dipolar_rate(field, k, 0.0, 3.0, 7.0, tc1, tc2, GAMMA_PROTON, GAMMA_ELECTRON)
    r2m = _dipolar_rate(field, 0.5 * k, 4.0, 3.0, 13.0, tc1, tc2, GAMMA_PROTON, GAMMA_ELECTRON)
    if np.any(hyperfine):
        scalar = spin * (spin + 1.0) * hyperfine**2 / 3.0
        te1, te2 = _joint_time(1.0 / tau_M, t1e), _joint_time(1.0 / tau_M, t2e)
        passing = lorentz(field * GAMMA_ELECTRON, te2)
        r1m = r1m + 2.0 * scalar * passing
        r2m = r2m + scalar * (te1 + passing)
    return r1m, r2m


@quantities(
    ("1/s", "1/s"),
    field=_FIELD,
    temperature=_TEMPERATURE,
    distance=_DISTANCE,
    tau=("s", 1e-12, 1e-4, "correlation time of rotation and exchange, 1/tau = 1/tau_R + 1/tau_M"),
    j=_J,
    g_j=_GJ,
)
def curie_inner_sphere_rates(field, temperature, distance, tau, j=3.5, g_j=2.0, linear=False):
    """Relaxation of a bound proton by the mean moment of the ion, (R1C, R2C).

    R1C = (6/5) (mu0/4pi)^2 gI^2 m^2/r^6 L(wI,t) and R2C = (1/5) (mu0/4pi)^2 gI^2 m^2/r^6 [4t + 3 L(wI,t)], with the
    moment m = g_J mu_B J B_J(g_J mu_B J B0/kT) and no electron relaxation time in t.

    Other Parameters
    ----------------
    linear : bool
        Take mu_eff^2 B0/3kT for the moment instead of the Brillouin function.

    Returns
    -------
    tuple of Quantity [1/s]
        R1C, R2C.

    References
    ----------
    Gueron, J Magn Reson 1975, 19:58. Vega and Fiat, Mol Phys 1976, 31:347.

    Examples
    --------
    >>> r1, r2 = curie_inner_sphere_rates("11.7 T", "298.15 K", "3.1 angstrom", "77 ps", j=7.5, g_j=4 / 3)
    >>> print(f"{r1:.5g~P}, {r2:.5g~P}")
    5943 1/s, 7163.6 1/s
    """
    m = curie_moment(field, temperature, j, g_j, linear)
    strength = (MU0_4PI * GAMMA_PROTON) ** 2 / distance**6
    return (
        _curie_rate(field, m, 0.2 * strength * tau, 0.0, 6.0, GAMMA_PROTON * tau),
        _curie_rate(field, m, 0.2 * strength * tau, 4.0, 3.0, GAMMA_PROTON * tau),
    )


@elementwise
def _curie_rate(field, moment, strength, rest, dispersive, time):
    """strength m^2 [rest + dispersive/(1 + (time B)^2)], the time in 1/T."""
    turned = field * time
    return strength * moment * moment * (rest + dispersive / (1.0 + turned * turned))


def two_motions(rates: Callable, tau_R, order_parameter, tau_local):
    """Rates under a slow global and a fast local rotation, F2 R(tau_g) + (1 - F2) R(tl), 1/tl = 1/tau_g + 1/tau_l.

    Parameters
    ----------
    rates : callable
        Takes a rotation time [s], returns a tuple of rates.
    tau_R, tau_local : float
        Global and local rotation times [s].
    order_parameter : float
        F^2 between 0 (free) and 1 (rigid).

    Returns
    -------
    tuple
        The rates, weighted.

    References
    ----------
    Lipari and Szabo, J Am Chem Soc 1982, 104:4546, doi:10.1021/ja00381a009.

    Examples
    --------
    >>> two_motions(lambda t: (t, 2 * t), 1e-8, 1.0, 1e-10)
    (1e-08, 2e-08)
    """
    slow = rates(tau_R)
    fast = rates(1.0 / (1.0 / tau_R + 1.0 / tau_local))
    return tuple(order_parameter * s + (1.0 - order_parameter) * f for s, f in zip(slow, fast, strict=True))


@quantities(
    ("1/(mM*s)", "1/(mM*s)"),
    r1m=("1/s", 0, 1e10, "longitudinal rate of the bound proton"),
    r2m=("1/s", 0, 1e10, "transverse rate of the bound proton"),
    tau_M=_TAU_M,
    q=("1", 0, 12, "number of bound waters"),
    shift=("rad/s", -1e9, 1e9, "chemical shift of the bound proton, proportional to the field"),
    water=("mol/m^3", 5e4, 5.7e4, "concentration of water (55 500 by convention)"),
)
def exchange(r1m, r2m, tau_M, q=1.0, shift=0.0, water=CONVENTIONAL_WATER):
    """Relaxivities that the bound protons pass to the bulk by exchange, (r1, r2).

    r1 = (q/cw)/(1/R1m + tau_M);
    r2 = (q/cw)(1/tau_M) [R2m^2 + R2m/tau_M + dw^2]/[(R2m + 1/tau_M)^2 + dw^2].

    Returns
    -------
    tuple of Quantity [1/(mM s)]
        r1, r2 per metal.

    References
    ----------
    Luz and Meiboom, J Chem Phys 1964, 40:2686. Swift and Connick, J Chem Phys 1962, 37:307, doi:10.1063/1.1701321.

    Examples
    --------
    >>> r1, r2 = exchange("1e6 1/s", "1e6 1/s", "0.1 us")
    >>> print(f"{r1:.4f~P}")
    16.3800 1/mM/s
    """
    return _passed_on(q / water, r1m, 1.0 / tau_M, 0.0), _passed_on(q / water, r2m, 1.0 / tau_M, shift)


@elementwise
def _passed_on(share, rate, k, shift):
    """Swift and Connick's part of a rate that reaches the bulk; without a shift it is 1/(1/rate + 1/k)."""
    both, squared = rate + k, shift * shift
    return share * k * (rate * both + squared) / (both * both + squared)


def outer_sphere_constant(approach, diffusion):
    """(32 pi/405) (mu0/4pi)^2 gI^2 N_A/(a D): times a squared moment [J^2/T^2] it is C_OS [m^3/(mol s)]."""
    return 32.0 * np.pi / 405.0 * (MU0_4PI * GAMMA_PROTON) ** 2 * AVOGADRO / (approach * diffusion)


@quantities(
    ("1/(mM*s)", "1/(mM*s)"),
    field=_FIELD,
    approach=_APPROACH,
    diffusion=_DIFFUSION,
    t1e=_T1E,
    t2e=_T2E,
    moment2=_MOMENT2,
)
def outer_sphere(field, approach, diffusion, t1e, t2e, moment2=63.0):
    """Relaxivities of water that diffuses past the ion, (r1, r2).

    r1 = C [3 j_F(wI,T1e) + 7 j_F(wS,T2e)], r2 = (C/2) [4 j_F(0,T1e) + 3 j_F(wI,T1e) + 13 j_F(wS,T2e)],
    C = (32 pi/405) (mu0/4pi)^2 gI^2 g_J^2 mu_B^2 J(J+1) N_A/(a D), td = a^2/D in j_F.

    Returns
    -------
    tuple of Quantity [1/(mM s)]
        r1, r2 per metal.

    Notes
    -----
    The relaxation of the electron enters the density of the diffusion (complex argument). Hard spheres, the ion at
    the centre; `diffusion` is the sum for water and agent at the temperature of use.

    References
    ----------
    Hwang and Freed, J Chem Phys 1975, 63:4017, doi:10.1063/1.431841. Freed, J Chem Phys 1978, 68:4034,
    doi:10.1063/1.436302.

    Examples
    --------
    >>> r1, r2 = outer_sphere("1.5 T", "3.6 angstrom", "3.3e-9 m^2/s", "11 ns", "2 ns")
    >>> print(f"{r1:.2f~P}, {r2:.2f~P}")
    1.60 1/mM/s, 1.84 1/mM/s
    """
    td = approach * approach / diffusion
    c = outer_sphere_constant(approach, diffusion) * BOHR_MAGNETON**2 * moment2
    proton = freed(field, GAMMA_PROTON * td, GAMMA_PROTON * t1e)
    electron = freed(field, GAMMA_ELECTRON * td, GAMMA_ELECTRON * t2e)
    rest = freed(0.0, td, t1e)
    return weighted(c, 0.0, 3.0, proton, 7.0, electron), weighted(0.5 * c, 4.0 * rest, 3.0, proton, 13.0, electron)


@quantities(
    ("1/(mM*s)", "1/(mM*s)"),
    field=_FIELD,
    temperature=_TEMPERATURE,
    approach=_APPROACH,
    diffusion=_DIFFUSION,
    j=_J,
    g_j=_GJ,
)
def curie_outer_sphere(field, temperature, approach, diffusion, j=3.5, g_j=2.0, linear=False):
    """Relaxivities of water that diffuses past the mean moment of the ion, (r1, r2).

    r1 = 3 C j_A(wI), r2 = (C/2) [3 j_A(wI) + 4], C = (32 pi/135) (mu0/4pi)^2 gI^2 m^2 N_A/(a D).

    Other Parameters
    ----------------
    linear : bool
        Take mu_eff^2 B0/3kT for the moment instead of the Brillouin function.

    Returns
    -------
    tuple of Quantity [1/(mM s)]
        r1, r2 per metal.

    References
    ----------
    Ayant et al., J Phys (Paris) 1975, 36:991. Gueron, J Magn Reson 1975, 19:58.

    Examples
    --------
    >>> r1, r2 = curie_outer_sphere("9.4 T", "310.15 K", "3.6 angstrom", "3.3e-9 m^2/s")
    >>> print(f"{r1:.4f~P}, {r2:.4f~P}")
    0.0106 1/mM/s, 0.0138 1/mM/s
    """
    m = curie_moment(field, temperature, j, g_j, linear)
    c = 3.0 * outer_sphere_constant(approach, diffusion)
    dispersive = ayant(field, GAMMA_PROTON * approach * approach / diffusion)
    return _passing_moment(m, c, 0.0, 3.0, dispersive), _passing_moment(m, c, 2.0, 1.5, dispersive)


@elementwise
def _passing_moment(moment, c, rest, share, density):
    """c m^2 [rest + share j]."""
    return c * moment * moment * (rest + share * density)


@quantities("rad/s", field=_FIELD, bound_shift=("1", -1e-2, 1e-2, "shift of the bound proton relative to free water"))
def shift_frequency(field, bound_shift):
    """Chemical shift of the bound proton as a frequency, dwM = gI B0 times the relative shift.

    Returns
    -------
    Quantity [rad/s]

    Examples
    --------
    >>> print(f"{shift_frequency('3 T', 1e-5):.1f~P}")
    8025.7 rad/s
    """
    return GAMMA_PROTON * field * bound_shift


def scalar_from_megahertz(a_over_h):
    """A/hbar [rad/s] of a coupling quoted as A/h [MHz] (Mn(II)-water about 0.6-1 MHz, Gd(III) negligible)."""
    return 2.0 * np.pi * 1e6 * a_over_h


def spin_moment2(j, g_j):
    """Squared effective moment g_J^2 J(J+1) in squared Bohr magnetons (63 for Gd(III), 113.3 for Dy(III))."""
    return g_j * g_j * j * (j + 1.0)


def redfield_number(delta2, tau_v):
    """sqrt(delta2) tau_v: the electron's Redfield theory holds while it is well below 1 (flag above 0.3)."""
    return np.sqrt(delta2) * tau_v
