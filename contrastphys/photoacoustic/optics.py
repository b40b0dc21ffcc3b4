"""Light scattered and absorbed by a sphere, plain or in layers: the Mie series by stable recurrences.

Time factor exp(-i omega t), so an absorbing index has a positive imaginary part. Both the plain and the
layered sphere end in the same sum; only the surface terms A (of a_n) and B (of b_n) differ::

    a_n = (A psi_n - psi_{n-1}) / (A xi_n - xi_{n-1}),    A = D_n(m x)/m + n/x    (b_n with B = m D_n(m x) +
    n/x)

D_n is the logarithmic derivative of psi_n, taken downwards; psi_n is taken upwards below n = x and by
downward ratios above it; chi_n upwards; xi_n = psi_n - i chi_n. The Wronskian of psi and chi gives the
absorbed share of every order without the difference of two nearly equal numbers: Re a_n - |a_n|^2 = -Im(A)/|A
xi_n - xi_{n-1}|^2. A lossless sphere therefore absorbs exactly nothing, and Q_ext is the sum of Q_sca and
Q_abs.

References: C. F. Bohren and D. R. Huffman, Absorption and Scattering of Light by Small Particles, Wiley
(1983); W. J. Wiscombe, Appl. Opt. 19, 1505 (1980), doi:10.1364/AO.19.001505; A. L. Aden and M. Kerker, J.
Appl. Phys. 22, 1242 (1951), doi:10.1063/1.1699834; W. Yang, Appl. Opt. 42, 1710 (2003).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..showing import shows

__all__ = ["Efficiencies", "coated_mie", "layered_mie", "mie"]

_BLOCK = 1 << 18  # complex numbers of one array that stay in a core's cache
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


def _orders(x):
    """Number of terms: Wiscombe (1980) and a few more, since a metal absorbs in proportion to a_n, not |a_n|^2."""
    return np.ceil(x + 5.0 * np.cbrt(x) + 3.0).astype(np.int64)


def _log_derivatives(z, orders):
    """D_n(z) = psi_n'(z)/psi_n(z) for n = 0..orders, downwards from well past the turning point.

    Runs on psi_{n-1}/psi_n = D_n + n/z, which takes one operation less. Values are taken up in order of |z|, so
    that a small one does not wait for the turning point of the largest.
    """
    size = np.abs(z)
    order = np.argsort(size)
    start = np.maximum(np.ceil(size + 5.0 * np.cbrt(size)).astype(np.int64), orders)
    start = (start + np.where(size < 1.0, 8, 16))[order]
    inverse = 1.0 / z[order]
    last = int(start[-1])
    ratio = (2 * last + 1) * inverse
    first_of = np.searchsorted(start, np.arange(last + 1))  # where those begin that need this order
    for n in range(last, orders, -1):
        part = ratio[first_of[n] :]
        np.reciprocal(part, out=part)
        np.subtract((2 * n - 1) * inverse[first_of[n] :], part, out=part)
    result = np.empty((orders + 1, z.size), dtype=complex)
    back = np.argsort(order)
    ratio, inverse = ratio[back], inverse[back]
    over = np.empty_like(inverse)
    for n in range(orders, 0, -1):
        np.multiply(inverse, n, out=over)
        np.subtract(ratio, over, out=result[n])
        np.reciprocal(ratio, out=ratio)
        over += over
        over -= inverse
        np.subtract(over, ratio, out=ratio)
    result[0] = ratio
    return result


def _outgoing_derivatives(z, orders):
    """D3_n(z) = xi_n'(z)/xi_n(z) for n = 0..orders, upwards (xi grows with n, so this is stable)."""
    inverse = 1.0 / z
    result = np.empty((orders + 1, z.size), dtype=complex)
    result[0] = 1j
    for n in range(1, orders + 1):
        over = n * inverse
        result[n] = 1.0 / (over - result[n - 1]) - over
    return result


def _regular(x, orders):
    """psi_n(x) for n = 0..orders, upwards where the order is below x, by downward ratios (Miller) above."""
    inverse = 1.0 / x
    ratio = np.zeros_like(x)
    ratios = np.empty((orders + 1, x.size))
    with np.errstate(divide="ignore"):
        for n in range(orders + (8 if float(x.max()) < 1.0 else 20), 0, -1):
            ratio = 1.0 / ((2 * n + 1) * inverse - ratio)
            if n <= orders:
                ratios[n] = ratio
    psi = np.empty((orders + 1, x.size))
    psi[0] = np.sin(x)
    before = np.cos(x)
    for n in range(1, orders + 1):
        upward = (2 * n - 1) * inverse * psi[n - 1] - before
        with np.errstate(invalid="ignore", over="ignore"):
            psi[n] = np.where(n < x, upward, ratios[n] * psi[n - 1])
        before = psi[n - 1]
    return psi


def _series(x, surface, orders):
    """Sum the series from A - n/x and B - n/x of each order, stacked; returns the six results of Efficiencies.

    In real arithmetic, with A psi_n - psi_{n-1} = t and A chi_n - chi_{n-1} = c, a_n = t/(t - i c). Its square is
    |t|^2/|t - i c|^2 and its real part that plus the absorbed share.
    """
    inverse = 1.0 / x
    psi = _regular(x, orders)
    chi_before, chi = -np.sin(x), np.cos(x)
    scattered, absorbed, paired = (np.zeros_like(x) for _ in range(3))
    shape = (2, x.size)
    sums = [(np.zeros(shape), np.zeros(shape)) for _ in range(2)]  # over even and odd orders, real and imaginary
    real_before, imag_before = np.zeros(shape), np.zeros(shape)
    real, imag, square, work = (np.empty(shape) for _ in range(4))
    top, top_imag, down, down_imag = (np.empty(shape) for _ in range(4))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        for n in range(1, orders + 1):
            chi_before, chi = chi, (2 * n - 1) * inverse * chi - chi_before
            here = surface(n)
            np.add(here.real, n * inverse, out=real)
            loss = here.imag
            np.multiply(real, psi[n], out=top)
            top -= psi[n - 1]
            np.multiply(loss, psi[n], out=top_imag)
            np.multiply(loss, chi, out=down)
            down += top
            np.multiply(real, chi, out=down_imag)
            down_imag -= chi_before
            np.subtract(top_imag, down_imag, out=down_imag)
            # 1/|t - i c|^2
            np.multiply(down, down, out=square)
            np.multiply(down_imag, down_imag, out=work)
            square += work
            np.divide(1.0, square, out=square)
            lost = loss * square
            # imaginary part of the coefficient
            np.multiply(top_imag, down, out=imag)
            down_imag *= top
            imag -= down_imag
            imag *= square
            # its square, and from this its real part
            top *= top
            top_imag *= top_imag
            top += top_imag
            top *= square
            np.subtract(top, lost, out=real)
            if not np.max(np.abs(chi)) < 1e140:  # its square overflows, where nothing scatters any more
                bad = ~(np.isfinite(real) & np.isfinite(imag) & np.isfinite(lost))
                for part in (real, imag, top, lost):
                    part[bad] = 0.0
            weight = 2 * n + 1
            scattered += weight * (top[0] + top[1])
            absorbed -= weight * (lost[0] + lost[1])
            for part, total in zip((real, imag), sums[n % 2], strict=True):
                np.multiply(part, weight, out=work)
                total += work
            paired += weight / (n * (n + 1)) * (real[0] * real[1] + imag[0] * imag[1])
            real_before *= real
            imag_before *= imag
            real_before += imag_before
            paired += (n - 1) * (n + 1) / n * (real_before[0] + real_before[1])
            real_before, real = real, real_before
            imag_before, imag = imag, imag_before
        scale = 2.0 * inverse * inverse
        q_sca = scale * scattered
        q_abs = scale * absorbed
        g = np.where(scattered > 0.0, 2.0 * paired / np.where(scattered > 0.0, scattered, 1.0), 0.0)
    even, odd = (total + 1j * total_imag for total, total_imag in sums)
    forward, back = (even + odd).sum(axis=0), even - odd
    return q_sca + q_abs, q_sca, q_abs, g, np.abs(back[0] - back[1]) ** 2 * inverse**2, 0.5 * forward


def _sphere_block(m, x, orders):
    derivatives, factor = _log_derivatives(m * x, orders), np.stack([1.0 / m, m])
    return _series(x, lambda n: derivatives[n] * factor, orders)


def _first_regular(z, derivative):
    """psi_1(z) exp(i z), from psi_0 or directly, whichever does not vanish near this z."""
    phase = np.exp(2j * z)
    zeroth = np.expm1(2j * z) / 2j
    direct = zeroth / z - (phase + 1.0) / 2.0
    use_zeroth = (np.abs(z) < 1.0) | (np.abs(zeroth) >= np.abs(direct))
    return np.where(use_zeroth, zeroth / (derivative[1] + 1.0 / z), direct)


def _layered_block(m, x, orders):
    """Surface terms of a layered sphere: the logarithmic derivatives carried outwards from layer to layer (Yang)."""
    core = _log_derivatives(m[0] * x[0], orders)
    electric, magnetic = core, core.copy()
    for layer in range(1, len(m)):
        inner, outer = m[layer - 1], m[layer]
        z1, z2 = outer * x[layer - 1], outer * x[layer]
        regular1, regular2 = _log_derivatives(z1, orders), _log_derivatives(z2, orders)
        outgoing1, outgoing2 = _outgoing_derivatives(z1, orders), _outgoing_derivatives(z2, orders)
        inverse1, inverse2 = 1.0 / z1, 1.0 / z2
        # Q_1 = [psi_1/xi_1](z1) / [psi_1/xi_1](z2); exp(-2 i (z1 - z2)) is at most 1 in size
        quotient = np.exp(2j * (z2 - z1)) * _first_regular(z1, regular1) / _first_regular(z2, regular2)
        quotient *= (1.0 + 1j * inverse2) / (1.0 + 1j * inverse1)
        next_electric = np.empty_like(electric)
        next_magnetic = np.empty_like(magnetic)
        next_electric[0] = next_magnetic[0] = 0.0
        for n in range(1, orders + 1):
            if n > 1:
                over1, over2 = n * inverse1, n * inverse2
                quotient = quotient * (
                    ((regular2[n] + over2) * (over2 - outgoing2[n - 1]))
                    / ((regular1[n] + over1) * (over1 - outgoing1[n - 1]))
                )
            for mine, theirs, result, scale_in, scale_out in (
                (electric, regular1, next_electric, outer, inner),
                (magnetic, regular1, next_magnetic, inner, outer),
            ):
                left = scale_in * mine[n]
                g1 = (left - scale_out * theirs[n]) * quotient
                g2 = left - scale_out * outgoing1[n]
                result[n] = (g2 * regular2[n] - g1 * outgoing2[n]) / (g2 - g1)
        electric, magnetic = next_electric, next_magnetic
    surface = np.stack([electric / m[-1], magnetic * m[-1]], axis=1)
    lossless = np.all([layer.imag == 0.0 for layer in m], axis=0)
    surface.imag[:, :, lossless] = 0.0  # real in exact arithmetic; rounding must not absorb
    return surface


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
    """Broadcast, sort by size so that each block needs about the same number of terms, and sum."""
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
    total = sizes[-1].size
    results = [np.empty(total, dtype=complex if part == 5 else float) for part in range(6)]
    order = np.argsort(sizes[-1], kind="stable")
    count = _orders(sizes[-1])[order]
    position = 0
    while position < total:
        width = max(64, _BLOCK // (int(count[position]) + 8))
        last = min(total, position + width)
        pick = order[position:last]
        orders = int(count[last - 1])
        block_m = [values[pick] for values in index]
        block_x = [values[pick] for values in sizes]
        if len(m) == 1:
            found = _sphere_block(block_m[0], block_x[0], orders)
        else:
            found = _series(block_x[-1], _layered_block(block_m, block_x, orders).__getitem__, orders)
        for target, values in zip(results, found, strict=True):
            target[pick] = values
        position = last
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
    Agrees with scattnlay to 1e-10 for metals and dielectrics with x from 1e-3 to 200. There is no shortcut
    for small spheres. The error of a real particle is that of its optical constants (10-20 %), never that of
    the series.

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
    `mie`.

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
