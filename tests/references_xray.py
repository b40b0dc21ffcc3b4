"""Slow, literal versions of the X-ray formulas: scalar loops over xraylib, one line per term."""

from __future__ import annotations

import math

import xraylib


def total(symbol: str, energy: float) -> float:
    """mu/rho of one element at one energy, cm2/g."""
    return xraylib.CS_Total(xraylib.SymbolToAtomicNumber(symbol), energy)


def water(energy: float) -> float:
    """mu/rho of water from its two atoms."""
    hydrogen, oxygen = 2 * 1.008, 15.999
    return (hydrogen * total("H", energy) + oxygen * total("O", energy)) / (hydrogen + oxygen)


def slope(energies, photons, symbol, length, detector, threshold=20.0):
    """HU per mg/mL, summed bin by bin."""
    above, below = 0.0, 0.0
    for e, n in zip(energies, photons, strict=True):
        if detector == "energy-integrating":
            mass = 2 * 157.25 + 2 * 15.999 + 32.06
            mu = (2 * 157.25 * total("Gd", e) + 2 * 15.999 * total("O", e) + 32.06 * total("S", e)) / mass
            q = e * (1 - math.exp(-mu * 7.3 * 0.14))
        else:
            mu = (112.41 * total("Cd", e) + 127.6 * total("Te", e)) / (112.41 + 127.6)
            q = (1 - math.exp(-mu * 5.85 * 0.2)) if e >= threshold else 0.0
        w = n * q * math.exp(-water(e) * length)
        above += w * total(symbol, e)
        below += w * water(e)
    return above / below


def transferred(symbol: str, energy: float, steps: int = 2000) -> float:
    """Mean share of the photon energy that incoherent scattering gives to the electron, midpoint rule."""
    z = xraylib.SymbolToAtomicNumber(symbol)
    up, down = 0.0, 0.0
    for i in range(steps):
        theta = math.pi * (i + 0.5) / steps
        ratio = 1 / (1 + energy / 510.99895 * (1 - math.cos(theta)))
        kn = ratio**2 * (ratio + 1 / ratio - math.sin(theta) ** 2) * math.sin(theta)
        x = energy * math.sin(theta / 2) / 12.39842
        s = xraylib.SF_Compt(z, x) if x > 1e-3 else 0.0
        up += kn * s * (1 - ratio)
        down += kn * s
    return up / down


def kerma(energies, photons) -> float:
    """Air kerma in gray, photon by photon."""
    air = {"C": 0.000124, "N": 0.755267, "O": 0.231781, "Ar": 0.012827}
    gray = 0.0
    for e, n in zip(energies, photons, strict=True):
        mu = 0.0
        for symbol, w in air.items():
            z = xraylib.SymbolToAtomicNumber(symbol)
            kept = 1.0
            if symbol == "Ar" and e > 3.21:  # K fluorescence of argon, 3 keV
                vacancies = 1 - 1 / xraylib.JumpFactor(z, xraylib.K_SHELL)
                kept -= vacancies * xraylib.FluorYield(z, xraylib.K_SHELL) * 2.97 / e
            mu += w * (xraylib.CS_Photo(z, e) * kept + xraylib.CS_Compt(z, e) * transferred(symbol, e, 400))
        gray += n * e * 1.602176634e-16 * mu * 1e3
    return gray


def layer_by_bisection(energies, kermas, level: float) -> float:
    """Areal density of aluminium (g/cm2) that leaves `level` of the kerma of these bins."""
    low, high = 0.0, 50.0
    whole = sum(kermas)
    mus = [total("Al", e) for e in energies]
    for _ in range(100):
        middle = (low + high) / 2
        left = sum(k * math.exp(-mu * middle) for k, mu in zip(kermas, mus, strict=True))
        low, high = (middle, high) if left > level * whole else (low, middle)
    return low


def escape(symbol: str, fraction: float, line: float, energy: float, mu) -> float:
    """Share of the photons absorbed in a thick layer whose K fluorescence leaves by the entrance (Axel 1954)."""
    z = xraylib.SymbolToAtomicNumber(symbol)
    if energy < xraylib.EdgeEnergy(z, xraylib.K_SHELL):
        return 0.0
    here, there = mu(energy), mu(line)
    vacancy = fraction * xraylib.CS_Photo(z, energy) / here * (1 - 1 / xraylib.JumpFactor(z, xraylib.K_SHELL))
    # half of the photons start towards the entrance: the mean of exp(-mu_f x/cos) over depth and direction
    steps, out = 1000, 0.0
    for i in range(steps):
        cosine = (i + 0.5) / steps
        out += 0.5 / steps * here / (here + there / cosine)
    return vacancy * xraylib.FluorYield(z, xraylib.K_SHELL) * out


def counts(energies, photons, bounds, layers, stops) -> list[float]:
    """Counts of an ideal counter in each bin [bounds[k], bounds[k+1]), photon by photon behind layers of g/cm2."""
    found = [0.0] * (len(bounds) - 1)
    for e, n in zip(energies, photons, strict=True):
        left = n * stops(e) * math.exp(-sum(mass * mu(e) for mu, mass in layers))
        for k in range(len(found)):
            if bounds[k] <= e < bounds[k + 1]:
                found[k] += left
    return found
