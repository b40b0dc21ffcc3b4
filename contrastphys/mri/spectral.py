"""Functions shared by all relaxation theories: spectral densities and magnetisation curves.

Everything here is dimensionless arithmetic on arrays; units are dealt with one floor up. Only products of a frequency
and a time enter, so a field may stand for the frequency where every time is multiplied by the gyromagnetic ratio: that
saves a walk through a long array of fields. The two spectral densities
of translational diffusion differ only in the electron relaxation they allow: Freed's has a complex argument
(Hwang and Freed 1975, doi:10.1063/1.431841; Freed 1978, doi:10.1063/1.436302), Ayant's a real one (Ayant 1975).
Numerator and denominator of one never mix with those of the other: without electron relaxation the two are equal.
"""

from __future__ import annotations

import numpy as np

from ..constants import BOHR_MAGNETON, BOLTZMANN
from ..elementwise import elementwise


@elementwise
def lorentz(omega, tau):
    """Spectral density of an exponential correlation, L(w, t) = t/(1 + w^2 t^2) [s]."""
    turned = omega * tau
    return tau / (1.0 + turned * turned)


@elementwise
def dispersions(field, rest, proton, proton_time, electron, electron_time):
    """A rate with two Lorentzian dispersions, rest + a/(1 + (ta B)^2) + b/(1 + (tb B)^2), times in 1/T."""
    slow, fast = field * proton_time, field * electron_time
    return rest + proton / (1.0 + slow * slow) + electron / (1.0 + fast * fast)


@elementwise
def weighted(scale, rest, proton_share, proton, electron_share, electron):
    """A rate as the weighted sum of its spectral densities, c (rest + a j_a + b j_b)."""
    return scale * (rest + proton_share * proton + electron_share * electron)


@elementwise
def freed(omega, diffusion_time, relaxation_time=np.inf):
    """Freed's spectral density of translational diffusion with electron relaxation, normalised to 1 at rest.

    j_F = Re[(1 + z/4)/(1 + z + 4 z^2/9 + z^3/9)], z = sqrt(i w td + td/T), with the complex root.

    Parameters
    ----------
    omega : array_like
        Angular frequency [rad/s].
    diffusion_time : array_like
        td = a^2/D [s].
    relaxation_time : array_like
        Electron relaxation time T [s]; infinite for none.

    Returns
    -------
    numpy.ndarray
        j_F, between 0 and 1.

    References
    ----------
    Freed, J Chem Phys 1978, 68:4034, doi:10.1063/1.436302.

    Examples
    --------
    >>> round(float(freed(1.0, 1.0)), 6), round(float(freed(1.0, 1.0, 1.0)), 6)
    (0.512296, 0.432611)
    """
    # z^2 = a + ib, z = x + iy: in real numbers, which a processor takes eight at a time
    a, b = diffusion_time / relaxation_time, omega * diffusion_time
    x = np.sqrt(0.5 * (a + np.sqrt(a * a + b * b)))
    y = 0.5 * b / np.maximum(x, 1e-150)  # at rest and without relaxation both are 0
    above_r, above_i = 1.0 + 0.25 * x, 0.25 * y
    below_r = 1.0 + x + (4.0 * a + x * a - y * b) / 9.0
    below_i = y + (4.0 * b + x * b + y * a) / 9.0
    return (above_r * below_r + above_i * below_i) / (below_r * below_r + below_i * below_i)


@elementwise
def ayant(omega, diffusion_time):
    """Ayant's spectral density of translational diffusion without electron relaxation, normalised to 1 at rest.

    j_A = (1 + 5u/8 + u^2/8)/(1 + u + u^2/2 + u^3/6 + 4u^4/81 + u^5/81 + u^6/648), u = sqrt(2 w td).

    References
    ----------
    Ayant, Belorizky, Alizon, Gallice, J Phys (Paris) 1975, 36:991.

    Examples
    --------
    >>> bool(abs(ayant(1.0, 1.0) - freed(1.0, 1.0)) < 1e-14)
    True
    """
    u = np.sqrt(2.0 * np.abs(omega) * diffusion_time)
    numerator = 1.0 + u * (0.625 + u * 0.125)
    tail = 1.0 / 6.0 + u * (4.0 / 81.0 + u * (1.0 / 81.0 + u / 648.0))
    return numerator / (1.0 + u * (1.0 + u * (0.5 + u * tail)))


def langevin(argument):
    """Langevin function and its ratio to the argument: (L, L/al) with L = coth(al) - 1/al.

    Below al = 0.5 the series al/3 - al^3/45 + ... is used, so that neither loses digits.

    Examples
    --------
    >>> value, ratio = langevin(1e-9)
    >>> round(float(ratio), 12)
    0.333333333333
    """
    argument = np.asarray(argument, dtype=float)
    ratio = _langevin_ratio(argument, np.tanh(argument))  # numpy's tanh is the only quick one
    return ratio * argument, ratio


@elementwise
def _langevin_ratio(argument, tanh):
    al = np.abs(argument)
    small = np.minimum(al, 0.5)
    s = small * small
    tail = 4 / 18243225 - s * (3617 / 162820783125 - s * (87734 / 38979295480125 - s * (349222 / 1531329465290625)))
    tail = 1 / 4725 - s * (2 / 93555 - s * (1382 / 638512875 - s * tail))
    series = 1 / 3 - s * (1 / 45 - s * (2 / 945 - s * tail))
    big = np.maximum(al, 0.5)
    closed = (1.0 / np.maximum(np.abs(tanh), 0.46) - 1.0 / big) / big  # tanh(0.5) is 0.462
    far = al >= 0.5
    return (1.0 - far) * series + far * closed


def brillouin(j, argument):
    """Brillouin function B_J(x), written with two Langevin functions so that small x keeps its digits.

    B_J(x) = a L(a x) - b L(b x) with a = (2J+1)/2J and b = 1/2J; about (J+1) x/3J at small x, 1 at large x.

    Examples
    --------
    >>> round(float(brillouin(3.5, 1e-6)) / 1e-6, 6), round(float(brillouin(3.5, 50.0)), 6)
    (0.428571, 1.0)
    """
    a, b = (2.0 * j + 1.0) / (2.0 * j), 1.0 / (2.0 * j)
    x = np.asarray(argument, dtype=float)
    first, second = (_langevin_ratio(wide, np.tanh(wide)) for wide in (a * x, b * x))
    return weighted(x, 0.0, a * a, first, -b * b, second)


def curie_moment(field, temperature, j, g_j, linear=False):
    """Mean moment of one ion along the field, m = g_J mu_B J B_J(g_J mu_B J B0/kT) [J/T].

    With `linear` the low-field law mu_eff^2 B0/3kT is used instead (it is 1e-4 too high at 1.5 T and 1 % at 11.7 T).
    """
    saturated = g_j * BOHR_MAGNETON * j
    if linear:
        return saturated * g_j * BOHR_MAGNETON * (j + 1.0) / (3.0 * BOLTZMANN * temperature) * field
    return saturated * brillouin(j, saturated / (BOLTZMANN * temperature) * field)
