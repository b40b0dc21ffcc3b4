"""Slow, literal versions of what the photoacoustic modules compute, written from the textbook and not from them."""

from __future__ import annotations

import cmath
import itertools
import math


def bessel_pair(order: int, z: complex) -> tuple[complex, complex]:
    """Riccati-Bessel psi_n(z) and xi_n(z) by the power series and the finite sum of the Hankel function."""
    term = z ** (order + 1)
    for k in range(1, order + 1):
        term /= 2 * k + 1
    total, k = 0j, 0
    while True:
        total += term
        k += 1
        term *= -z * z / (2 * k * (2 * order + 2 * k + 1))
        if abs(term) < 1e-22 * abs(total):
            break
    series = sum(
        (1j**k) * math.factorial(order + k) / (math.factorial(k) * math.factorial(order - k) * (2 * z) ** k)
        for k in range(order + 1)
    )
    return total, (-1j) ** (order + 1) * cmath.exp(1j * z) * series


def _slopes(order: int, z: complex) -> tuple[complex, complex, complex, complex]:
    psi, xi = bessel_pair(order, z)
    below_psi, below_xi = bessel_pair(order - 1, z)
    return psi, xi, below_psi - order * psi / z, below_xi - order * xi / z


def mie_coefficients(m: complex, x: float, order: int) -> tuple[complex, complex]:
    """a_n and b_n of Bohren and Huffman, equation 4.53, for |m x| of a few."""
    psi_in, _, slope_in, _ = _slopes(order, m * x)
    psi, xi, slope, slope_xi = _slopes(order, x + 0j)
    a = (m * psi_in * slope - psi * slope_in) / (m * psi_in * slope_xi - xi * slope_in)
    b = (psi_in * slope - m * psi * slope_in) / (psi_in * slope_xi - m * xi * slope_in)
    return a, b


def mie_sphere(m: complex, x: float, orders: int = 12) -> tuple[float, float, float]:
    """Q_ext (from the forward amplitude), Q_sca and g of a sphere."""
    terms = [(0j, 0j)] + [mie_coefficients(m, x, n) for n in range(1, orders + 1)]
    ext = sca = mean = 0.0
    for n in range(1, orders + 1):
        a, b = terms[n]
        ext += (2 * n + 1) * (a + b).real
        sca += (2 * n + 1) * (abs(a) ** 2 + abs(b) ** 2)
        mean += (2 * n + 1) / (n * (n + 1)) * (a * b.conjugate()).real
        if n < orders:
            c, d = terms[n + 1]
            mean += n * (n + 2) / (n + 1) * (a * c.conjugate() + b * d.conjugate()).real
    return 2 * ext / x**2, 2 * sca / x**2, 2 * mean / sca


def coated_sphere(m1: complex, m2: complex, x: float, y: float, orders: int = 12) -> tuple[float, float]:
    """Q_ext and Q_sca of a coated sphere from the four boundary conditions of each order, by elimination."""
    ext = sca = 0.0
    for n in range(1, orders + 1):
        core, _, core_slope, _ = _slopes(n, m1 * x)
        in1, out1, in1s, out1s = _slopes(n, m2 * x)
        in2, out2, in2s, out2s = _slopes(n, m2 * y)
        psi, xi, slope, slope_xi = _slopes(n, y + 0j)
        values = []
        for inner, outer in ((m1, m2), (1 / m1, 1 / m2)):
            # the field in the shell is psi + s xi (up to a factor); the core fixes s
            s = -(inner * core * in1s - outer * core_slope * in1) / (inner * core * out1s - outer * core_slope * out1)
            field, field_slope = in2 + s * out2, in2s + s * out2s
            values.append((outer * field * slope - psi * field_slope) / (outer * field * slope_xi - xi * field_slope))
        a, b = values
        ext += (2 * n + 1) * (a + b).real
        sca += (2 * n + 1) * (abs(a) ** 2 + abs(b) ** 2)
    return 2 * ext / y**2, 2 * sca / y**2


def exact_sphere(layers: list[tuple[complex, float]]) -> tuple[float, float, float, float]:
    """Q_ext, Q_sca, Q_abs and g of a sphere of one or two layers (index, outer size), in as many digits as it takes.

    The boundary conditions of Aden and Kerker (J. Appl. Phys. 22, 1242 (1951)) with the functions themselves, not
    their logarithmic derivatives; every function by its upward recurrence from sine and cosine, whose loss of digits
    is met by carrying more of them. Nothing of a production code: no continued fraction, no downward recurrence.
    """
    import mpmath

    size = layers[-1][1]
    orders = math.ceil(size + 5 * size ** (1 / 3) + 6)
    products = [abs(m) * x for m, x in layers] + [abs(layers[-1][0]) * layers[0][1], size]
    # an upward psi loses (psi_n/chi_n)^-1, about (2 n/(e z))^(2 n) beyond n = |z|, and exp(2 Im z) of cancellation
    lost = 2 * (orders + 1) * max(0.0, math.log10(2 * (orders + 1) / min(products)))
    grown = 2 * max(abs(complex(m).imag) * x for m, _ in layers for _, x in layers) / math.log(10)
    with mpmath.workdps(int(40 + lost + grown)):

        def functions(z):
            """(psi, xi, psi', xi') of every order; xi = psi - i chi."""
            z = mpmath.mpc(z)
            sine, cosine = mpmath.sin(z), mpmath.cos(z)
            psi, xi = [sine, sine / z - cosine], [sine - 1j * cosine, (sine - 1j * cosine) / z - cosine - 1j * sine]
            for n in range(1, orders):
                for values in (psi, xi):
                    values.append((2 * n + 1) / z * values[n] - values[n - 1])
            slopes = [[None, *(v[n - 1] - n * v[n] / z for n in range(1, orders + 1))] for v in (psi, xi)]
            return psi, xi, *slopes

        indices = [mpmath.mpc(m) for m, _ in layers]
        sizes = [mpmath.mpf(x) for _, x in layers]
        core = functions(indices[0] * sizes[0])
        psi, xi, psi_slope, xi_slope = functions(sizes[-1])
        coat = [functions(indices[1] * x) for x in sizes] if len(layers) == 2 else None
        ext = sca = mean = mpmath.mpf(0)
        before = None
        for n in range(1, orders + 1):
            pair = []
            for electric in (True, False):
                field, slope, index = core[0][n], core[2][n], indices[0]
                if coat:
                    inner, outer = (index, indices[1]) if electric else (indices[1], index)
                    psi1, xi1, psi1s, xi1s = (part[n] for part in coat[0])
                    psi2, xi2, psi2s, xi2s = (part[n] for part in coat[1])
                    share = -(inner * field * psi1s - outer * slope * psi1) / (
                        inner * field * xi1s - outer * slope * xi1
                    )
                    field, slope, index = psi2 + share * xi2, psi2s + share * xi2s, indices[1]
                one, two = (index * field, slope) if electric else (field, index * slope)
                pair.append((one * psi_slope[n] - psi[n] * two) / (one * xi_slope[n] - xi[n] * two))
            a, b = pair
            ext += (2 * n + 1) * (a + b).real
            sca += (2 * n + 1) * (abs(a) ** 2 + abs(b) ** 2)
            mean += mpmath.mpf(2 * n + 1) / (n * (n + 1)) * (a * mpmath.conj(b)).real
            if before is not None:
                cross = (before[0] * mpmath.conj(a) + before[1] * mpmath.conj(b)).real
                mean += mpmath.mpf((n - 1) * (n + 1)) / n * cross
            before = pair
        scale = 2 / sizes[-1] ** 2
        return float(scale * ext), float(scale * sca), float(scale * (ext - sca)), float(2 * mean / sca)


def explicit_heat(
    radius: float, core: float, conductivity: float, capacity: float, conductance: float, duration: float, grid
) -> tuple[float, list[float]]:
    """Explicit Euler on the cells of `grid`, one cell at a time; rises per joule at the end of its time window."""
    middles, volumes = list(grid.radius), list(grid.volume)
    faces = [radius]
    for volume in volumes:
        faces.append((faces[-1] ** 3 + 3 * volume / (4 * math.pi)) ** (1 / 3))
    links = [
        1 / (1 / (4 * math.pi * radius**2 * conductance) + (1 / radius - 1 / middles[0]) / (4 * math.pi * conductivity))
    ]
    for inner, outer in itertools.pairwise(middles):
        links.append(4 * math.pi * conductivity / (1 / inner - 1 / outer))
    heats = [core * 4 / 3 * math.pi * radius**3] + [capacity * volume for volume in volumes]
    width = duration / (2 * math.sqrt(2 * math.log(2)))
    rises = [0.0] * len(heats)
    start, stop = float(grid.time[0]), float(grid.time[-1])
    steps = 20000
    step = (stop - start) / steps
    for n in range(steps):
        now = start + (n + 0.5) * step
        power = math.exp(-0.5 * (now / width) ** 2) / (width * math.sqrt(2 * math.pi))
        flows = [link * (rises[i] - rises[i + 1]) for i, link in enumerate(links)]
        rises[0] += step * (power - flows[0]) / heats[0]
        for i in range(1, len(heats)):
            rises[i] += step * (flows[i - 1] - (flows[i] if i < len(flows) else 0.0)) / heats[i]
    return rises[0], rises[1:]


def spheroid_t_matrix(m: complex, length: float, width: float, k: float, orders: int = 6, points: int = 120):
    """Extinction and scattering cross-sections of a spheroid, mean over orientation, by the null-field method.

    Waterman's surface integrals of vector spherical waves over the spheroid, one azimuthal number at a time, written
    out from the definition of the waves (M. I. Mishchenko, L. D. Travis, A. A. Lacis, Cambridge 2002, chapter 5).
    """
    import numpy as np
    from scipy.special import spherical_jn, spherical_yn

    nodes, weights = np.polynomial.legendre.leggauss(points)
    theta = np.arccos(nodes)
    a, b = length / 2, width / 2
    radius = 1 / np.sqrt((np.cos(theta) / a) ** 2 + (np.sin(theta) / b) ** 2)
    slope = -0.5 * radius**3 * np.sin(2 * theta) * (1 / b**2 - 1 / a**2)

    def legendre(order, az):
        """P_n^m without the sign (-1)^m, and its derivative in theta, normalised for vector waves."""
        x, y = np.cos(theta), np.sin(theta)
        values = {az: np.prod(np.arange(2 * az - 1, 0, -2, dtype=float)) * y**az if az else np.ones_like(x)}
        values[az - 1] = np.zeros_like(x)
        for n in range(az + 1, order + 1):
            values[n] = ((2 * n - 1) * x * values[n - 1] - (n + az - 1) * values[n - 2]) / (n - az)
        norm = math.sqrt((2 * order + 1) / (4 * math.pi * order * (order + 1)))
        norm *= math.sqrt(math.factorial(order - az) / math.factorial(order + az))
        derivative = (order * x * values[order] - (order + az) * values[order - 1]) / y
        return norm * values[order], norm * az * values[order] / y, norm * derivative

    def waves(order, az, number, outgoing, conjugate):
        """(r, theta, phi) components of M and N; `conjugate` for exp(-i m phi)."""
        z = number * radius
        radial = spherical_jn(order, z) + (1j * spherical_yn(order, z) if outgoing else 0)
        change = spherical_jn(order, z, True) + (1j * spherical_yn(order, z, True) if outgoing else 0)
        p, pi, tau = legendre(order, az)
        sign = -1 if conjugate else 1
        zero = np.zeros_like(p)
        mixed = radial / z + change
        m_wave = np.array([zero, sign * 1j * pi * radial, -tau * radial])
        n_wave = np.array([order * (order + 1) * radial / z * p, tau * mixed, sign * 1j * pi * mixed])
        return m_wave, n_wave

    def flux(one, two):
        """Integral over the surface of n . (one x two), without the 2 pi of phi."""
        cross = np.cross(one, two, axis=0)
        return np.sum(weights * radius**2 * (cross[0] - slope / radius * cross[1]))

    trace = square = 0.0
    for az in range(orders + 1):
        numbers = list(range(max(az, 1), orders + 1))
        size = len(numbers)
        regular, radiating = np.zeros((2 * size, 2 * size), complex), np.zeros((2 * size, 2 * size), complex)
        for j, inner in enumerate(numbers):
            m_in, n_in = waves(inner, az, m * k, False, False)
            for i, outer in enumerate(numbers):
                for matrix, outgoing in ((regular, False), (radiating, True)):
                    m_out, n_out = waves(outer, az, k + 0j, outgoing, True)
                    matrix[i, j] = flux(m_in, n_out) + m * flux(n_in, m_out)
                    matrix[i, size + j] = flux(n_in, n_out) + m * flux(m_in, m_out)
                    matrix[size + i, j] = flux(m_in, m_out) + m * flux(n_in, n_out)
                    matrix[size + i, size + j] = flux(n_in, m_out) + m * flux(m_in, n_out)
        t = -regular @ np.linalg.inv(radiating)
        times = 1 if az == 0 else 2
        trace += times * np.trace(t).real
        square += times * np.sum(np.abs(t) ** 2)
    return -2 * math.pi / k**2 * trace, 2 * math.pi / k**2 * square
