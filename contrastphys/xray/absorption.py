"""Mass energy-absorption from partial cross-sections and fluorescence, and the air kerma that follows from it.

xraylib's own energy-absorption coefficient is 30, 8 and 2 % low at 20, 60 and 100 keV for water, so it is
computed here: photoelectric absorption loses the mean energy X of the fluorescence it sets free, and incoherent
scattering keeps the mean fraction T of the photon energy that goes to the electron,

    mu_en_rho = sum_i w_i [photo_i (1 - X_i/E) + incoh_i T_i]
    T_i = int dKN S_i(x) (1 - E'/E) dOmega / int dKN S_i(x) dOmega
    E'/E = 1/(1 + (E/mc2)(1 - cos th)),   x = E sin(th/2)/hc

with the Klein-Nishina cross-section dKN and the incoherent scattering function S_i (Hubbell, J Phys Chem Ref
Data 1975, 4:471, doi:10.1063/1.555523). X_i sums the photons of the K, L and M shells after full cascade
(Kissel's partial photoelectric cross-sections in xraylib) times the mean line energy of each shell. The
bremsstrahlung of the electrons is left out: 0.3 % in water, up to 1.4 % in gold at 150 keV.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..chemistry import ATOMIC_NUMBER
from ..constants import ELECTRON_REST_ENERGY
from ..units import quantities
from .attenuation import element_mu_rho, fractions, looked_up

ERROR = 0.004  # relative, of water and dry air from 20 to 150 keV
SOFT = 10  # up to neon fluorescence carries away less than 0.1 % of the energy
SHELLS = ("K", "L1", "L2", "L3", "M1", "M2", "M3", "M4", "M5")
_HC = 12.39842  # keV angstrom


@functools.cache
def _nodes() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(96)


def transferred_fraction(symbol: str, energy: Any) -> np.ndarray:
    """Kernel: mean fraction of the photon energy given to the electron in one incoherent scattering."""
    at = np.ravel(np.asarray(energy, dtype=float))
    cosine, weight = _nodes()
    grid = at[:, None]
    ratio = 1.0 / (1.0 + grid / ELECTRON_REST_ENERGY * (1.0 - cosine))
    klein_nishina = ratio**2 * (ratio + 1.0 / ratio - 1.0 + cosine**2)
    x = grid * np.sqrt((1.0 - cosine) / 2.0) / _HC
    bound = looked_up("SF_Compt", [ATOMIC_NUMBER[symbol]], x.ravel())[0].reshape(x.shape)
    density = weight * klein_nishina * bound
    fraction = (density * (1.0 - ratio)).sum(axis=1) / density.sum(axis=1)
    return fraction.reshape(np.shape(energy))


@functools.lru_cache(maxsize=256)
def _table(symbol: str) -> tuple[np.ndarray, np.ndarray]:
    """T of one element on a logarithmic grid; it is smooth, so it is interpolated afterwards."""
    grid = np.geomspace(1.0, 800.0, 100)
    return np.log(grid), transferred_fraction(symbol, grid)


@functools.cache
def _shell_energies(symbol: str) -> tuple[float, ...]:
    """Mean energy (keV) of the photons of each shell of an element; 0 where it has none."""
    import xraylib

    names = [name for name in dir(xraylib) if name.endswith("_LINE")]
    means = []
    for shell in SHELLS:
        energy = rate = 0.0
        for name in names:
            line = name.removesuffix("_LINE")
            if not line.startswith(shell) or len(line) != len(shell) + 2:
                continue
            try:
                at = xraylib.LineEnergy(ATOMIC_NUMBER[symbol], getattr(xraylib, name))
                share = xraylib.RadRate(ATOMIC_NUMBER[symbol], getattr(xraylib, name))
            except ValueError:
                continue
            energy, rate = energy + at * share, rate + share
        means.append(energy / rate if rate else 0.0)
    return tuple(means)


def fluorescence_energy(symbol: str, energy: Any) -> np.ndarray:
    """Kernel: mean fluorescence energy (keV) set free by one photoelectric absorption."""
    import xraylib

    at = np.ascontiguousarray(np.ravel(energy), dtype=float)
    free = np.zeros_like(at)
    if ATOMIC_NUMBER[symbol] > SOFT:
        number, means = [ATOMIC_NUMBER[symbol]], _shell_energies(symbol)
        used = [i for i, mean in enumerate(means) if mean > 0]
        shells = np.array([getattr(xraylib, f"{SHELLS[i]}_SHELL") for i in used], dtype=np.int64)
        made = looked_up("CS_FluorShell_Kissel_Cascade", number, shells, at)[0]
        absorbed = looked_up("CS_Photo_Total", number, at)[0]
        free = np.array([means[i] for i in used]) @ made / absorbed
    return free.reshape(np.shape(energy))


def mu_en_rho(material: str | Mapping[str, float], energy: Any) -> np.ndarray:
    """Kernel of `mass_energy_absorption`: energies in keV, cm2/g out."""
    parts = fractions(material)
    at = np.asarray(energy, dtype=float)
    flat = at.ravel()
    photo = element_mu_rho(list(parts), flat, "photoelectric")
    incoherent = element_mu_rho(list(parts), flat, "incoherent")
    total = np.zeros_like(flat)
    for row, (symbol, share) in enumerate(parts.items()):
        kept = 1.0 - fluorescence_energy(symbol, flat) / flat
        total += share * (photo[row] * kept + incoherent[row] * np.interp(np.log(flat), *_table(symbol)))
    return total.reshape(at.shape)


@quantities("cm^2/g", energy=("keV", 20, 150, "photon energy"))
def mass_energy_absorption(formula, energy):
    """Mass energy-absorption coefficient of an element, compound or mixture.

    mu_en_rho = sum_i w_i [photo_i (1 - X_i/E) + incoh_i T_i], X_i the mean fluorescence energy and T_i the mean
    share of energy that goes to the electron.

    Other Parameters
    ----------------
    formula : str or mapping
        "water", "air", a formula or a mixture.

    Returns
    -------
    quantity [cm^2/g]

    Notes
    -----
    Water agrees with the NIST table within 0.2 % and dry air within 0.1 % from 20 to 150 keV; Ca, Cu, I, Gd
    and Au within 1.4 %, with the bremsstrahlung that is left out.

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


def air_absorption(energy: np.ndarray) -> np.ndarray:
    """Kernel: mu_en_rho of dry air in cm2/g, remembered for the energy grids in use."""
    return _air(np.ascontiguousarray(energy, dtype=float).tobytes())


@functools.lru_cache(maxsize=64)
def _air(packed: bytes) -> np.ndarray:
    return mu_en_rho("air", np.frombuffer(packed))
