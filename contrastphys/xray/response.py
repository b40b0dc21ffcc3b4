"""What a photon-counting detector records of a photon: energy resolution, charge sharing, K escape.

    Gaussian      recorded energy E +- FWHM/2.3548
    sharing       with probability p the recorded energy is uniform between 0 and E (flat tail)
    K escape      with probability e_i(E) the recorded energy is E - E_Ki: fluorescence leaves through the entrance,
                  e_i = f_i (1 - 1/J_i) w_i 1/2 [1 - (mu_f/mu) ln(1 + mu/mu_f)]      (Axel 1954, BNL-271)

f_i is the share of element i in the photoelectric absorption, J_i its K jump, w_i its K fluorescence yield, mu_f the
attenuation of its fluorescence in the layer. Pile-up and correlated counts of neighbours are not modelled.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from ..chemistry import ATOMIC_NUMBER
from ..showing import shows
from .attenuation import edges, element_mu_rho, fractions, mu_rho

_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))


@shows("Response of a counter", "said")
@dataclass(frozen=True)
class Response:
    """How a counter blurs energies: FWHM in keV, probability of charge sharing, whether K escape is modelled."""

    fwhm: float = 0.0
    sharing: float = 0.0
    escape: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.fwhm) and self.fwhm >= 0):
            raise ValueError(f"energy_resolution is {self.fwhm:g} keV: it must be 0 or more")
        if not 0 <= self.sharing < 1:
            raise ValueError(f"charge_sharing is {self.sharing:g}: it must be from 0 to below 1")

    @property
    def ideal(self) -> bool:
        """Whether every photon is recorded at its own energy."""
        return self.fwhm == 0 and self.sharing == 0 and not self.escape

    def said(self) -> str:
        """Words for a table."""
        words = [f"FWHM {self.fwhm:g} keV"] * (self.fwhm > 0)
        words += [f"charge sharing {100 * self.sharing:g} %"] * (self.sharing > 0)
        words += ["K escape"] * self.escape
        return ", ".join(words) or "ideal"


@functools.cache
def k_lines(symbol: str) -> tuple[float, float]:
    """Mean energy (keV) of the K fluorescence of an element, and its yield."""
    import xraylib

    z = ATOMIC_NUMBER[symbol]
    parts = []
    for line in (xraylib.KA_LINE, xraylib.KB_LINE):
        try:
            parts.append((xraylib.LineEnergy(z, line), xraylib.RadRate(z, line)))
        except ValueError:
            continue
    try:
        made = float(xraylib.FluorYield(z, xraylib.K_SHELL))
    except ValueError:
        return 0.0, 0.0
    total = sum(rate for _, rate in parts)
    if not total:
        return 0.0, 0.0
    return sum(e * rate for e, rate in parts) / total, made


def k_escape(energy: np.ndarray, material: str) -> list[tuple[float, np.ndarray]]:
    """Kernel: fluorescence energy and escape probability per interaction at each energy, for each element."""
    shares = fractions(material)
    symbols = list(shares)
    photo = element_mu_rho(symbols, energy, "photoelectric") * np.array(list(shares.values()))[:, None]
    total = mu_rho(material, energy)
    found = []
    for row, symbol in enumerate(symbols):
        own = edges(symbol)
        line, made = k_lines(symbol)
        if not own:  # no K edge above 1 keV: what it emits does not leave the layer
            continue
        ratio = float(mu_rho(material, line)) / total
        front = 0.5 * (1 - ratio * np.log1p(1 / ratio))
        share = photo[row] / total * (1 - 1 / own[0].jump) * made * front
        found.append((line, np.where(energy > own[0].energy, share, 0.0)))
    return found


def recorded(energy: np.ndarray, bounds: np.ndarray, response: Response, material: str) -> np.ndarray:
    """Kernel: probability that an interacting photon is counted in each bin [bounds[k], bounds[k+1])."""
    left = np.ones_like(energy)
    shares = np.zeros((bounds.size - 1, energy.size))
    if response.escape:
        for line, probability in k_escape(energy, material):
            shares += probability * _spread(energy - line, bounds, response.fwhm)
            left -= probability
    whole = left * (1 - response.sharing)
    shares += whole * _spread(energy, bounds, response.fwhm)
    if response.sharing:
        below = np.clip(bounds[:, None] / energy, 0.0, 1.0)
        shares += left * response.sharing * np.diff(below, axis=0)
    return shares


def _spread(energy: np.ndarray, bounds: np.ndarray, fwhm: float) -> np.ndarray:
    if fwhm == 0:
        return ((energy >= bounds[:-1, None]) & (energy < bounds[1:, None])).astype(float)
    reach = (bounds[:, None] - energy) / (fwhm / _SIGMA * math.sqrt(2.0))
    return np.diff(0.5 * (1 + _erf(reach)), axis=0)


_erf = np.vectorize(math.erf, otypes=[float])
