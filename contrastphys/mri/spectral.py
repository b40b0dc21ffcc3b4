"""Functions shared by all relaxation theories: spectral densities and magnetisation curves.

Everything here is dimensionless arithmetic on arrays; units are dealt with one floor up. The two spectral densities
of translational diffusion differ only in the electron relaxation they allow: Freed's has a complex argument
(Hwang and Freed 1975, doi:10.1063/1.431841; Freed 1978, doi:10.1063/1.436302), Ayant's a real one (Ayant 1975).
Numerator and denominator of one never mix with those of the other: without electron relaxation the two are equal.
"""

from __future__ import annotations

import numpy as np

from ..constants import BOHR_MAGNETON, BOLTZMANN


def lorentz(omega, tau):
    """Spectral density of an exponential correlation, L(w, t) = t/(1 + w^2 t^2) [s]."""
    return tau / (1.0 + (omega * tau) ** 2)


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
    td = np.asarray(diffusion_time, dtype=float)
    z = np.sqrt(td / relaxation_time + 1j * (omega * td))
    return ((1.0 + 0.25 * z) / (1.0 + z * (1.0 + z * (4.0 / 9.0 + z / 9.0)))).real


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

    Below al = 0.05 the series al/3 - al^3/45 + ... is used, so that neither loses digits.

    Examples
    --------
    >>> value, ratio = langevin(1e-9)
    >>> round(float(ratio), 12)
    0.333333333333
    """
    al = np.abs(np.asarray(argument, dtype=float))
    s = np.square(np.minimum(al, 0.05))
    series = 1.0 / 3.0 - s * (1.0 / 45.0 - s * (2.0 / 945.0 - s * (1.0 / 4725.0 - s * 2.0 / 93555.0)))
    big = np.maximum(al, 0.05)
    closed = 1.0 / np.tanh(big) - 1.0 / big
    ratio = np.where(al < 0.05, series, closed / big)
    return np.where(al < 0.05, series * al, closed) * np.sign(argument), ratio


def brillouin(j, argument):
    """Brillouin function B_J(x), written with two Langevin functions so that small x keeps its digits.

    B_J(x) = a L(a x) - b L(b x), a = (2J+1)/2J, b = 1/2J; about (J+1) x/3J at small x, 1 at large x.

    Examples
    --------
    >>> round(float(brillouin(3.5, 1e-6)) / 1e-6, 6), round(float(brillouin(3.5, 50.0)), 6)
    (0.428571, 1.0)
    """
    a, b = (2.0 * j + 1.0) / (2.0 * j), 1.0 / (2.0 * j)
    return a * langevin(a * np.asarray(argument, dtype=float))[0] - b * langevin(b * np.asarray(argument))[0]


def curie_moment(field, temperature, j, g_j, linear=False):
    """Mean moment of one ion along the field, m = g_J mu_B J B_J(g_J mu_B J B0/kT) [J/T].

    With `linear` the low-field law mu_eff^2 B0/3kT is used instead (it is 1e-4 too high at 1.5 T and 1 % at 11.7 T).
    """
    saturated = g_j * BOHR_MAGNETON * j
    if linear:
        return saturated * g_j * BOHR_MAGNETON * (j + 1.0) * field / (3.0 * BOLTZMANN * temperature)
    return saturated * brillouin(j, saturated * field / (BOLTZMANN * temperature))
