"""Light scattered and absorbed by a sphere, plain or in layers: the Mie series by stable recurrences.

Time factor exp(-i omega t), so an absorbing index has a positive imaginary part. The series itself is in
`series`; here are the inputs' checks, the broadcasting and the results.

References: C. F. Bohren and D. R. Huffman, Absorption and Scattering of Light by Small Particles, Wiley
(1983).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..showing import shows
from .series import sum_spheres, terms

__all__ = ["Efficiencies", "coated_mie", "layered_mie", "mie"]

_LARGEST = 1e5  # of x and |m| x


@shows("Efficiencies of a sphere", "Qext", "Qsca", "Qabs", "g", "Qback")
@dataclass(frozen=True)
class Efficiencies:
    """Cross-sections of a sphere over its geometric cross-section pi R^2 (outermost radius).

    Attributes
    ----------
    Qext, Qsca, Qabs : array
        Efficiencies of extinction, scattering and absorption; Qext = Qsca + Qabs.
    g : array
        Mean cosine of the scattering angle; 0 where nothing is scattered.
    Qback : array
        Backscattering efficiency |sum (2n+1)(-1)^n (a_n - b_n)|^2/x^2.
    forward : array of complex
        Forward amplitude S(0) = 1/2 sum (2n+1)(a_n + b_n); the optical theorem is Qext = 4 Re S(0)/x^2.
    """

    Qext: Any
    Qsca: Any
    Qabs: Any
    g: Any
    Qback: Any
    forward: Any


def _check(name, values, real=False):
    if real and np.iscomplexobj(values):
        raise ValueError(f"{name} must be real: a size parameter 2 pi n_medium R / wavelength")
    bad = ~(np.isfinite(values) & ((values.real > 0) if real else (values != 0)))
    if bad.any():
        where = int(np.flatnonzero(bad.ravel())[0])
        need = "positive and finite" if real else "finite and not zero"
        raise ValueError(f"{name} must be {need}; the value at index {where} is {values.ravel()[where]}")
    if not real and (values.imag < 0).any():
        where = int(np.flatnonzero((values.imag < 0).ravel())[0])
        raise ValueError(
            f"{name} has a negative imaginary part at index {where}; here a positive one absorbs: pass m.conj()"
        )


def _run(m, x):
    """Broadcast, refuse what no series can sum, and sum."""
    arrays = np.broadcast_arrays(*m, *x)
    shape = arrays[0].shape
    index = [np.ascontiguousarray(array, dtype=complex).ravel() for array in arrays[: len(m)]]
    sizes = [np.ascontiguousarray(array, dtype=float).ravel() for array in arrays[len(m) :]]
    for inner, size in zip(index, sizes, strict=True):
        with np.errstate(over="ignore", invalid="ignore"):
            bad = ~(np.maximum(size, np.abs(inner) * size) <= _LARGEST)
        if bad.any():
            where = int(np.flatnonzero(bad)[0])
            raise ValueError(
                f"x or |m| x is above {_LARGEST:g} at index {where} (x = {size[where]:g}, m = {inner[where]:g}): "
                "such a body is not summed as a series; use geometrical optics"
            )
    orders = terms(float(sizes[-1].max())) if sizes[-1].size else 0
    work, psi = np.empty((4, orders + 1), dtype=complex), np.empty(orders + 1)
    parts, forward = np.empty((sizes[-1].size, 4)), np.empty(sizes[-1].size, dtype=complex)
    with np.errstate(all="ignore"):  # without a compiler: what overflows no longer scatters
        sum_spheres(np.stack(index, axis=1), np.stack(sizes, axis=1), work, psi, parts, forward)
    q_sca, q_abs, g, q_back = parts.T
    results = (q_sca + q_abs, q_sca, q_abs, g, q_back, forward)
    return Efficiencies(*(values.reshape(shape)[()] for values in results))


def mie(m: Any, x: Any) -> Efficiencies:
    """Efficiencies of homogeneous spheres, for all pairs of index and size at once.

    Q_ext = (2/x^2) sum (2n+1) Re(a_n + b_n), Q_sca = (2/x^2) sum (2n+1) (|a_n|^2 + |b_n|^2), Q_abs = Q_ext -
    Q_sca.

    Parameters
    ----------
    m : array-like of complex
        Index of the sphere over the index of the medium; a positive imaginary part absorbs.
    x : array-like of float
        Size parameter 2 pi n_medium R / wavelength (vacuum wavelength).

    Returns
    -------
    Efficiencies
        ``.Qext .Qsca .Qabs .g .Qback .forward``, of the broadcast shape of m and x.

    Notes
    -----
    Agrees with the series in many digits (mpmath) to 1e-12 for metals and dielectrics with x from 1e-3 to 200.
    There is no shortcut for small spheres. The error of a real particle is that of its optical constants (10-20 %),
    never that of the series.

    References
    ----------
    C. F. Bohren and D. R. Huffman, Absorption and Scattering of Light by Small Particles, Wiley (1983),
    chapter 4. W. J. Wiscombe, Appl. Opt. 19, 1505 (1980), doi:10.1364/AO.19.001505.

    Examples
    --------
    >>> result = mie(1.5 + 1j, 1.0)
    >>> print(f"{result.Qext:.6f} {result.Qsca:.7f} {result.g:.6f}")
    2.336321 0.6634538 0.192136
    """
    m, x = np.asarray(m), np.asarray(x)
    _check("m", m)
    _check("x", x, real=True)
    return _run([m], [x])


def layered_mie(m: Any, x: Any) -> Efficiencies:
    """Efficiencies of spheres of any number of concentric layers.

    The logarithmic derivative of the field is carried outwards through each layer and ends in the sum of
    `mie`. Agrees with the boundary conditions in many digits (mpmath) to 1e-12, a coat thinner than 1e-4 of the
    radius to the digits its two sizes leave it.

    Parameters
    ----------
    m : sequence of array-like of complex
        Index of each layer over that of the medium, from the core outwards.
    x : sequence of array-like of float
        Size parameter of each layer's outer radius, from the core outwards; may not decrease.

    Returns
    -------
    Efficiencies
        Per pi R^2 of the outermost radius.

    Notes
    -----
    Size parameters up to 1e5, absorbing inner media, a host that does not absorb.

    References
    ----------
    W. Yang, Appl. Opt. 42, 1710 (2003). A. L. Aden and M. Kerker, J. Appl. Phys. 22, 1242 (1951),
    doi:10.1063/1.1699834.

    Examples
    --------
    >>> result = layered_mie([1.5, 1.33 + 0.1j], [1.0, 2.0])
    >>> print(f"{result.Qext:.7f} {result.Qsca:.8f}")
    1.2340473 0.70834578
    """
    m = [np.asarray(layer) for layer in m]
    x = [np.asarray(layer) for layer in x]
    if not m or len(m) != len(x):
        raise ValueError(f"a layered sphere needs one x for each m; got {len(m)} of m and {len(x)} of x")
    for number, (index, size) in enumerate(zip(m, x, strict=True)):
        _check(f"m of layer {number}", index)
        _check(f"x of layer {number}", size, real=True)
        if number and np.any(x[number - 1] > size):
            raise ValueError(f"x of layer {number} is below that of the layer inside it; give outer radii in order")
    return _run(m, x)


def coated_mie(m_core: Any, m_shell: Any, x_core: Any, x_shell: Any) -> Efficiencies:
    """Efficiencies of a sphere with one coat (nanoshell, silica-coated gold).

    Parameters
    ----------
    m_core, m_shell : array-like of complex
        Indices over the index of the medium.
    x_core, x_shell : array-like of float
        Size parameters of the core and of the whole particle.

    Returns
    -------
    Efficiencies
        Per pi R^2 of the whole particle.

    Notes
    -----
    Size parameters up to 1e5; as `layered_mie` with one coat.

    References
    ----------
    A. L. Aden and M. Kerker, J. Appl. Phys. 22, 1242 (1951), doi:10.1063/1.1699834.

    Examples
    --------
    >>> result = coated_mie(1.09, 0.3 + 4j, 0.5, 0.6)
    >>> print(f"{result.Qext:.7f} {result.Qsca:.7f}")
    4.4551615 2.6716945
    """
    return layered_mie([m_core, m_shell], [x_core, x_shell])
