"""The Mie series of one sphere after another, compiled: what `optics` sums.

Both the plain and the layered sphere end in the same sum; only the surface terms A (of a_n) and B (of b_n)
differ::

    a_n = (A psi_n - psi_{n-1}) / (A xi_n - xi_{n-1}),    A = D_n(m x)/m + n/x    (b_n with B = m D_n(m x) +
    n/x)

D_n is the logarithmic derivative of psi_n, from psi_{n-1}/psi_n. psi_n is taken downwards from well past the
turning point, without a division from step to step (Miller); chi_n upwards; xi_n = psi_n - i chi_n. The
Wronskian of psi and chi gives the absorbed share of every order without the difference of two nearly equal
numbers: Re a_n - |a_n|^2 = -Im(A)/|A xi_n - xi_{n-1}|^2. A lossless sphere therefore absorbs exactly nothing.

References: C. F. Bohren and D. R. Huffman, Absorption and Scattering of Light by Small Particles, Wiley
(1983); W. J. Wiscombe, Appl. Opt. 19, 1505 (1980), doi:10.1364/AO.19.001505; A. L. Aden and M. Kerker, J.
Appl. Phys. 22, 1242 (1951), doi:10.1063/1.1699834; W. Yang, Appl. Opt. 42, 1710 (2003).
"""

from __future__ import annotations

import cmath
import math

from ..compiled import compiled

__all__ = ["sum_spheres"]

_LARGE = 1e120  # where a downward recurrence is scaled back


@compiled(error_model="numpy")
def terms(x):
    """Number of orders: Wiscombe (1980) and a few more, since a metal absorbs in proportion to a_n, not |a_n|^2."""
    return math.ceil(x + 5.0 * x ** (1.0 / 3.0) + 3.0)


@compiled(error_model="numpy")
def ratios(z, orders, result):
    """psi_{n-1}(z)/psi_n(z) = D_n(z) + n/z for n = 0..orders, in real arithmetic.

    Kept as ratios: near a zero of psi_n one of them is tiny and its neighbour large, and a sum with n/z would lose
    what ties the two together.
    """
    size = abs(z)
    start = max(math.ceil(size + 5.0 * size ** (1.0 / 3.0)), orders) + (8 if size < 1.0 else 16)
    inverse = 1.0 / z
    over, over_imag = inverse.real, inverse.imag
    above, above_imag, here, here_imag = 0.0, 0.0, 1.0, 0.0
    for n in range(start, -1, -1):
        factor, factor_imag = (2 * n + 1) * over, (2 * n + 1) * over_imag
        below = factor * here - factor_imag * here_imag - above
        below_imag = factor * here_imag + factor_imag * here - above_imag
        if below == 0.0 and below_imag == 0.0:
            below = 1e-30 * (abs(here) + abs(here_imag))  # exactly on a zero: as good as beside it
        if n <= orders:
            square = 1.0 / (here * here + here_imag * here_imag)
            result[n] = complex(
                (below * here + below_imag * here_imag) * square, (below_imag * here - below * here_imag) * square
            )
        above, above_imag, here, here_imag = here, here_imag, below, below_imag
        if abs(here) + abs(here_imag) > _LARGE:
            above /= _LARGE
            above_imag /= _LARGE
            here /= _LARGE
            here_imag /= _LARGE


@compiled(error_model="numpy")
def regular(x, orders, result):
    """psi_n(x) for n = 0..orders, scaled at the end by psi_0 = sin x or psi_1, whichever is larger."""
    inverse = 1.0 / x
    above, here = 0.0, 1.0
    for n in range(orders + (8 if x < 1.0 else 20), -1, -1):
        if n <= orders:
            result[n] = here
        above, here = here, (2 * n + 1) * inverse * here - above
        if abs(here) > _LARGE:
            above /= _LARGE
            here /= _LARGE
            for k in range(n, orders + 1):
                result[k] /= _LARGE
    zeroth = math.sin(x)
    first = zeroth * inverse - math.cos(x)
    scale = zeroth / result[0] if x < 1.0 or abs(zeroth) > abs(first) else first / result[1]
    for n in range(orders + 1):
        result[n] *= scale


@compiled(error_model="numpy")
def first_regular(z, ratio):
    """psi_1(z) exp(i z), from psi_0 or directly, whichever does not vanish near this z."""
    phase = cmath.exp(2j * z)
    zeroth = cmath.sin(z) * cmath.exp(1j * z) if z.imag < 300.0 else (phase - 1.0) / 2j
    direct = zeroth / z - (phase + 1.0) / 2.0
    return zeroth / ratio if abs(z) < 1.0 or abs(zeroth) >= abs(direct) else direct


@compiled(error_model="numpy", uses={"ratios": ratios, "first_regular": first_regular})
def add_layer(inner, outer, z1, z2, orders, electric, magnetic, regular1, regular2):
    """Carry the logarithmic derivatives of the field outwards through one layer (Yang), in place.

    xi_n'/xi_n grows upwards with n and is stable that way.
    """
    ratios(z1, orders, regular1)
    ratios(z2, orders, regular2)
    inverse1, inverse2 = 1.0 / z1, 1.0 / z2
    # Q_1 = [psi_1/xi_1](z1) / [psi_1/xi_1](z2); exp(-2 i (z1 - z2)) is at most 1 in size
    quotient = cmath.exp(2j * (z2 - z1)) * first_regular(z1, regular1[1]) / first_regular(z2, regular2[1])
    quotient *= (1.0 + 1j * inverse2) / (1.0 + 1j * inverse1)
    outgoing1, outgoing2 = 1j, 1j
    for n in range(1, orders + 1):
        over1, over2 = n * inverse1, n * inverse2
        before1, before2 = over1 - outgoing1, over2 - outgoing2
        outgoing1, outgoing2 = 1.0 / before1 - over1, 1.0 / before2 - over2
        if n > 1:
            quotient *= regular2[n] * before2 / (regular1[n] * before1)
        slope1, slope2 = regular1[n] - over1, regular2[n] - over2
        left = outer * electric[n]
        g1 = (left - inner * slope1) * quotient
        g2 = left - inner * outgoing1
        electric[n] = (g2 * slope2 - g1 * outgoing2) / (g2 - g1)
        left = inner * magnetic[n]
        g1 = (left - outer * slope1) * quotient
        g2 = left - outer * outgoing1
        magnetic[n] = (g2 * slope2 - g1 * outgoing2) / (g2 - g1)


@compiled(
    error_model="numpy",
    uses={"terms": terms, "ratios": ratios, "regular": regular, "add_layer": add_layer},
)
def sum_spheres(m, x, work, psi, real_parts, forward):
    """Sum the series of every row of m and x (layers from the core outwards).

    `work` (4 rows) and `psi` are room for all orders. Fills Q_sca, Q_abs, g, Q_back into `real_parts` and S(0)
    into `forward`. With A psi_n - psi_{n-1} = t and A chi_n - chi_{n-1} = c, a_n = t/(t - i c): its square is
    |t|^2/|t - i c|^2 and its real part that plus the absorbed share.
    """
    layers = m.shape[1]
    electric, magnetic = work[0], work[1]
    for one in range(m.shape[0]):
        size = x[one, layers - 1]
        orders = terms(size)
        inside = m[one, 0] * x[one, 0]
        ratios(inside, orders, electric)
        for n in range(orders + 1):
            electric[n] -= n / inside
            magnetic[n] = electric[n]
        lossless = m[one, 0].imag == 0.0
        for layer in range(1, layers):
            outer = m[one, layer]
            lossless = lossless and outer.imag == 0.0
            z1, z2 = outer * x[one, layer - 1], outer * x[one, layer]
            add_layer(m[one, layer - 1], outer, z1, z2, orders, electric, magnetic, work[2], work[3])
        index = m[one, layers - 1]
        inverse_index = 1.0 / index
        regular(size, orders, psi)
        inverse = 1.0 / size
        chi_before, chi = -math.sin(size), math.cos(size)
        scattered, absorbed, paired = 0.0, 0.0, 0.0
        ahead, ahead_imag, back, back_imag = 0.0, 0.0, 0.0, 0.0
        a_before, a_before_imag, b_before, b_before_imag = 0.0, 0.0, 0.0, 0.0
        sign = 1.0
        for n in range(1, orders + 1):
            chi_before, chi = chi, (2 * n - 1) * inverse * chi - chi_before
            if not abs(chi) < 1e140:
                break  # its square overflows, where nothing scatters any more
            a = b = a_imag = b_imag = 0.0
            for kind in range(2):
                if kind == 0:
                    surface = electric[n] * inverse_index
                else:
                    surface = magnetic[n] * index
                real = surface.real + n * inverse
                loss = 0.0 if lossless else surface.imag  # real in exact arithmetic; rounding must not absorb
                top, top_imag = real * psi[n] - psi[n - 1], loss * psi[n]
                down, down_imag = top + loss * chi, top_imag - (real * chi - chi_before)
                square = 1.0 / (down * down + down_imag * down_imag)
                lost = loss * square
                both = (top * top + top_imag * top_imag) * square
                imag = (top_imag * down - top * down_imag) * square
                scattered += (2 * n + 1) * both
                absorbed -= (2 * n + 1) * lost
                if kind == 0:
                    a, a_imag = both - lost, imag
                else:
                    b, b_imag = both - lost, imag
            weight = 2 * n + 1
            ahead += weight * (a + b)
            ahead_imag += weight * (a_imag + b_imag)
            sign = -sign
            back += sign * weight * (a - b)
            back_imag += sign * weight * (a_imag - b_imag)
            paired += weight / (n * (n + 1.0)) * (a * b + a_imag * b_imag)
            before = a * a_before + a_imag * a_before_imag + b * b_before + b_imag * b_before_imag
            paired += (n - 1.0) * (n + 1.0) / n * before
            a_before, a_before_imag, b_before, b_before_imag = a, a_imag, b, b_imag
        scale = 2.0 * inverse * inverse
        real_parts[one, 0] = scale * scattered
        real_parts[one, 1] = scale * absorbed
        real_parts[one, 2] = 2.0 * paired / scattered if scattered > 0.0 else 0.0
        real_parts[one, 3] = (back * back + back_imag * back_imag) * inverse * inverse
        forward[one] = complex(0.5 * ahead, 0.5 * ahead_imag)
