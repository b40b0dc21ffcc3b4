"""Mass energy-absorption of light elements from partial cross-sections, and the air kerma that follows from it.

xraylib's own energy-absorption coefficient is 30, 8 and 2 % low at 20, 60 and 100 keV for water, so it is
computed here: photoelectric absorption keeps all its energy where fluorescence is soft, and incoherent
scattering keeps the mean fraction T of the photon energy that goes to the electron,

    mu_en_rho = sum_i w_i (photo_i + incoh_i T_i),   T_i = int dKN S_i(x) (1 - E'/E) dOmega / int dKN S_i(x) dOmega
    E'/E = 1/(1 + (E/mc2)(1 - cos th)),   x = E sin(th/2)/hc

with the Klein-Nishina cross-section dKN and the incoherent scattering function S_i (Hubbell, J Phys Chem Ref
Data 1975, 4:471, doi:10.1063/1.555523). Bremsstrahlung losses are below 0.3 % here and left out.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..chemistry import ATOMIC_NUMBER
from ..constants import ELECTRON_REST_ENERGY, ELEMENTARY_CHARGE
from ..provenance import Refusal
from ..units import quantities
from .attenuation import element_mu_rho, fractions

HEAVIEST = 18  # argon: its K fluorescence takes 0.3 keV of each photon on average
ERROR = 0.004  # relative, of water and dry air from 20 to 150 keV
_HC = 12.39842  # keV angstrom


@functools.cache
def _nodes() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(96)


def transferred_fraction(symbol: str, energy: Any) -> np.ndarray:
    """Kernel: mean fraction of the photon energy given to the electron in one incoherent scattering."""
    import xraylib_np

    at = np.ravel(np.asarray(energy, dtype=float))
    cosine, weight = _nodes()
    grid = at[:, None]
    ratio = 1.0 / (1.0 + grid / ELECTRON_REST_ENERGY * (1.0 - cosine))
    klein_nishina = ratio**2 * (ratio + 1.0 / ratio - 1.0 + cosine**2)
    x = grid * np.sqrt((1.0 - cosine) / 2.0) / _HC
    number = np.array([ATOMIC_NUMBER[symbol]], dtype=np.int64)
    bound = np.asarray(xraylib_np.SF_Compt(number, np.ascontiguousarray(x.ravel())))[0].reshape(x.shape)
    density = weight * klein_nishina * bound
    fraction = (density * (1.0 - ratio)).sum(axis=1) / density.sum(axis=1)
    return fraction.reshape(np.shape(energy))


@functools.lru_cache(maxsize=256)
def _table(symbol: str) -> tuple[np.ndarray, np.ndarray]:
    """T of one element on a logarithmic grid; it is smooth, so it is interpolated afterwards."""
    grid = np.geomspace(1.0, 800.0, 240)
    return np.log(grid), transferred_fraction(symbol, grid)


def mu_en_rho(material: str | Mapping[str, float], energy: Any) -> np.ndarray:
    """Kernel of `mass_energy_absorption`: energies in keV, cm2/g out."""
    parts = fractions(material)
    heavy = [s for s in parts if ATOMIC_NUMBER[s] > HEAVIEST]
    if heavy:
        raise Refusal(
            "mu_en_heavy",
            f"energy absorption of {', '.join(heavy)} is not computed: its fluorescence carries energy away",
        )
    at = np.asarray(energy, dtype=float)
    flat = at.ravel()
    photo = element_mu_rho(list(parts), flat, "photoelectric")
    incoherent = element_mu_rho(list(parts), flat, "incoherent")
    total = np.zeros_like(flat)
    for row, (symbol, share) in enumerate(parts.items()):
        total += share * (photo[row] + incoherent[row] * np.interp(np.log(flat), *_table(symbol)))
    return total.reshape(at.shape)


@quantities("cm^2/g", energy=("keV", 20, 150, "photon energy"))
def mass_energy_absorption(formula, energy):
    """Mass energy-absorption coefficient of light materials (H to Ar).

    mu_en_rho = sum_i w_i (photo_i + incoh_i T_i), T_i the mean share of energy that goes to the electron.

    Other Parameters
    ----------------
    formula : str or mapping
        "water", "air", a formula or a mixture, with no element heavier than argon.

    Returns
    -------
    quantity [cm^2/g]

    Notes
    -----
    Water and dry air agree with the NIST tables within 0.4 % from 20 to 150 keV.

    References
    ----------
    Hubbell and Seltzer, NISTIR 5632; Hubbell et al. 1975, doi:10.1063/1.555523

    Examples
    --------
    >>> print(f"{mass_energy_absorption('water', '60 keV'):.4f}")
    0.0319 centimeter ** 2 / gram
    """
    values = mu_en_rho(formula, energy)
    return float(values) if np.ndim(energy) == 0 else values


def air_kerma(energy: Any, fluence: Any) -> float:
    """Kernel: air kerma in gray of photons per cm2 at energies in keV (fluence per bin, not per keV).

    K = sum N E mu_en_rho_air; 1 keV/g is 1.602e-13 Gy.
    """
    at = np.asarray(energy, dtype=float)
    return float(np.sum(np.asarray(fluence) * at * air_absorption(at)) * ELEMENTARY_CHARGE * 1e6)


def air_absorption(energy: np.ndarray) -> np.ndarray:
    """Kernel: mu_en_rho of dry air in cm2/g, remembered for the energy grids in use."""
    return _air(np.ascontiguousarray(energy, dtype=float).tobytes())


@functools.lru_cache(maxsize=64)
def _air(packed: bytes) -> np.ndarray:
    return mu_en_rho("air", np.frombuffer(packed))
