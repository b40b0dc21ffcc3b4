"""Slow, literal versions of the bubble formulas: one number at a time, no shared code with the package."""

from __future__ import annotations

import cmath
import math

R_GAS = 8.314462618


def phi(x, gamma):
    """Complex polytropic function of Prosperetti, as printed; only for moderate arguments."""
    z = cmath.sqrt(1j / x)
    coth = cmath.cosh(z) / cmath.sinh(z)
    return 3 * gamma / (1 - 3 * (gamma - 1) * 1j * x * (z * coth - 1))


def cross_sections(
    radius, frequency, *, stiffness, friction, tension, kappa=None, gas=None, temperature=298.15,
    rho=998.0, c=1482.0, mu=1e-3, p0=101325.0,
):  # fmt: skip
    """Scattering and extinction of one bubble; `stiffness` [Pa], `friction` [Pa s] of the shell."""
    omega = 2 * math.pi * frequency
    gas_pressure = p0 + 2 * tension / radius
    mu_th = 0.0
    if kappa is None:
        gamma, k, cp, molar_mass = gas
        density = gas_pressure * molar_mass / (R_GAS * temperature)
        value = phi(k / (density * cp) / (omega * radius**2), gamma)
        kappa, mu_th = value.real / 3, gas_pressure * value.imag / (4 * omega)
    eps = omega * radius / c
    m = rho * radius**2
    big_k = 3 * kappa * gas_pressure - 2 * tension / radius + stiffness
    big_b = 4 * mu + 4 * mu_th + friction
    d = complex(big_k - m * omega**2 / (1 + eps**2), omega * big_b + m * omega**2 * eps / (1 + eps**2))
    scattering = 4 * math.pi * (rho * omega**2 * radius**3) ** 2 / ((1 + eps**2) * abs(d) ** 2)
    extinction = 4 * math.pi * rho * c * radius**3 * omega * d.imag / abs(d) ** 2
    return scattering, extinction, math.sqrt(big_k / m) / (2 * math.pi)


def marmottant_tension(radius, rest, chi, sigma0, sigma_w):
    """The three branches, written as branches."""
    buckling = rest / math.sqrt(1 + sigma0 / chi)
    rupture = buckling * math.sqrt(1 + sigma_w / chi)
    if radius <= buckling:
        return 0.0
    if radius >= rupture:
        return sigma_w
    return chi * (radius**2 / buckling**2 - 1)


def gompertz_tension(radius, rest, chi, sigma0, sigma_w):
    """The double exponential with the factor e."""
    buckling = rest / math.sqrt(1 + sigma0 / chi)
    c = 2 * chi * math.e * math.sqrt(1 + sigma_w / (2 * chi)) / sigma_w
    b = -math.log(sigma0 / sigma_w) / math.exp(c * (1 - rest / buckling))
    return sigma_w * math.exp(-b * math.exp(c * (1 - radius / buckling)))


def keller_miksis_rhs(t, y, *, rest, kappa, tension, shell_friction=0.0, drive, drive_rate, rest_tension,
                      layer=None, layer_friction=0.0, rho=998.0, c=1500.0, mu=1e-3, p0=101325.0):  # fmt: skip
    """Right side of the equation of Keller and Miksis; wall pressure derivatives by small differences."""
    radius, speed = y
    gas0 = p0 + 2 * rest_tension / rest

    def static(r):
        value = gas0 * (rest / r) ** (3 * kappa) - 2 * tension(r) / r
        return value - (layer(r) if layer else 0.0)

    def viscous(r, u):
        return -4 * mu * u / r - 4 * shell_friction * u / r**2 - layer_friction * u / r**4

    h = 1e-7 * rest
    slope = (static(radius + h) - static(radius - h)) / (2 * h)
    slope += (viscous(radius + h, speed) - viscous(radius - h, speed)) / (2 * h)
    per_speed = -4 * mu / radius - 4 * shell_friction / radius**2 - layer_friction / radius**4
    mach = speed / c
    push = static(radius) + viscous(radius, speed) - p0 - drive(t)
    right = (1 + mach) * push / rho + radius / (rho * c) * (slope * speed - drive_rate(t))
    right -= 1.5 * (1 - mach / 3) * speed**2
    left = (1 - mach) * radius - radius / (rho * c) * per_speed
    return [speed, right / left]


def keller_miksis_rhs_of(**parameters):
    """The right side as a function of t and y alone."""

    def rhs(t, y):
        return keller_miksis_rhs(t, y, **parameters)

    return rhs
