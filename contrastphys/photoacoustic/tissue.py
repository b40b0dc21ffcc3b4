"""Light into tissue and sound out of it: absorption, scattering, fluence at depth, attenuation of sound.

Diffuse light falls as F(z) = F_0 exp(-mu_eff z), mu_eff = sqrt(3 mu_a (mu_a + mu_s')).

Units inside: absorption and scattering in 1/cm, depth in cm, fluence in mJ/cm^2.

References: S. L. Jacques, Phys. Med. Biol. 58, R37 (2013), doi:10.1088/0031-9155/58/11/R37 (scattering,
composition).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import records
from ..provenance import Flag, Refusal
from ..units import quantities
from .permittivity import optical_columns

__all__ = [
    "acoustic_transmission",
    "blood_absorption",
    "effective_attenuation",
    "fluence_at_depth",
    "reduced_scattering",
    "tissue_absorption",
    "water_absorption",
]

HAEMOGLOBIN_MASS = 64500.0  # g/mol of the tetramer
HAEMOGLOBIN_IN_BLOOD = 150.0 / HAEMOGLOBIN_MASS  # mol of tetramer per litre: 150 g/L (Jacques 2013)
_LN10 = math.log(10.0)

_WAVE = ("nm", 400, 1400, "vacuum wavelength")
_ABSORB = ("1/cm", 0, 1e4, "absorption coefficient, natural logarithm")
_SCATTER = ("1/cm", 0, 1e3, "reduced scattering coefficient")
_FLUENCE = ("mJ/cm^2", 0, 1e4, "fluence at the surface")
_DEPTH = ("cm", 0, 10, "depth")


def scattering_groups() -> list[str]:
    """Tissues whose scattering is tabulated."""
    return list(records.table("media/tissue_optics")["tissue"])


@quantities("1/cm", wavelength=_WAVE)
def reduced_scattering(wavelength: Any, tissue: str = "soft tissue") -> Any:
    """Reduced scattering of a group of tissues, mu_s' = a (wavelength/500 nm)^-b.

    Other Parameters
    ----------------
    tissue : str
        "skin", "brain", "breast", "bone", "soft tissue", "fibrous tissue" or "fat".

    Returns
    -------
    scattering : 1/cm

    Notes
    -----
    Mean over published data sets; between tissues of one group it spreads by 20 to 65 %.

    References
    ----------
    S. L. Jacques, Phys. Med. Biol. 58, R37 (2013), doi:10.1088/0031-9155/58/11/R37, table 2.

    Examples
    --------
    >>> print(f"{reduced_scattering('800 nm'):.1f}")
    10.3 / centimeter
    """
    table = records.table("media/tissue_optics")
    names = list(table["tissue"])
    if tissue not in names:
        raise Refusal("no-tissue", f"no scattering is known for '{tissue}': write one of {', '.join(names)}")
    row = names.index(tissue)
    return table["a"][row] * (np.asarray(wavelength, dtype=float) / 500.0) ** -table["b"][row]


@quantities("1/cm", wavelength=_WAVE)
def water_absorption(wavelength: Any) -> Any:
    """Absorption of pure water, mu_a = 4 pi k/wavelength.

    Returns
    -------
    absorption : 1/cm

    Notes
    -----
    Pure water at room temperature; tables differ most where water is clearest.

    References
    ----------
    D. J. Segelstein, The complex refractive index of water, University of Missouri (1981), hdl:10355/11599.

    Examples
    --------
    >>> print(f"{water_absorption('970 nm'):.2f}")
    0.45 / centimeter
    """
    wave = np.asarray(wavelength, dtype=float)
    return 4 * np.pi * optical_columns("water-segelstein", wave)["k"] / (wave * 1e-7)


@quantities(
    "1/cm",
    wavelength=("nm", 250, 1000, "vacuum wavelength"),
    saturation=("1", 0, 1, "share of haemoglobin that carries oxygen"),
    haemoglobin=("mol/L", 0, 0.01, "concentration of the tetramer"),
)
def blood_absorption(wavelength: Any, saturation: Any = 0.7, haemoglobin: Any = HAEMOGLOBIN_IN_BLOOD) -> Any:
    """Absorption of blood, mu_a = ln(10) c [S eps_HbO2 + (1 - S) eps_Hb].

    Returns
    -------
    absorption : 1/cm
        Of whole blood at 150 g/L unless told otherwise; the plasma's water is left out.

    Notes
    -----
    Compilations differ by 20 % for deoxygenated haemoglobin at 750-800 nm. Refused beyond 1000 nm.

    References
    ----------
    S. Prahl, compilation of haemoglobin molar extinction, omlc.org/spectra/hemoglobin.

    Examples
    --------
    >>> print(f"{blood_absorption('800 nm', saturation=1.0):.2f}")
    4.37 / centimeter
    """
    table = optical_columns("haemoglobin", wavelength)
    return _LN10 * haemoglobin * (saturation * table["HbO2"] + (1.0 - saturation) * table["Hb"])


def background_absorption(
    wavelength: float,
    blood: float = 0.04,
    saturation: float = 0.7,
    water: float = 0.7,
    melanosomes: float = 0.0,
) -> tuple[float, tuple[Flag, ...]]:
    """Absorption of tissue by its parts, with what was assumed where a table ends.

    Haemoglobin is tabulated to 1000 nm. Beyond it the value at 1000 nm stands in, said by a flag: the light
    at depth depends on it far less than the agent's own spectrum, for which nothing stands in.
    """
    notes = []
    wave = float(wavelength)
    mu_a = water * float(water_absorption.bare(wave))
    if blood > 0:
        if wave > 1000.0:
            text = "haemoglobin is tabulated to 1000 nm; its absorption there stands in for longer wavelengths"
            notes.append(Flag("haemoglobin-held", text, "warn"))
        mu_a += blood * float(blood_absorption.bare(min(wave, 1000.0), saturation))
    if melanosomes > 0:
        mu_a += melanosomes * float(optical_columns("melanin", wave)["mu_a"])
        notes.append(Flag("melanin", "absorption of melanosomes is uncertain by up to a factor of ten", "warn"))
    return mu_a, tuple(notes)


@quantities(
    "1/cm",
    wavelength=("nm", 450, 1000, "vacuum wavelength"),
    blood=("1", 0, 1, "volume fraction of blood at 150 g/L haemoglobin"),
    saturation=("1", 0, 1, "oxygen saturation"),
    water=("1", 0, 1, "volume fraction of water"),
    melanosomes=("1", 0, 1, "volume fraction of melanosomes"),
)
def tissue_absorption(
    wavelength: Any, blood: Any = 0.04, saturation: Any = 0.7, water: Any = 0.7, melanosomes: Any = 0.0
) -> Any:
    """Absorption of tissue: blood, water and melanosomes by their volume fractions.

    mu_a = f_blood mu_a,blood(S) + f_water 4 pi k/wavelength + f_mel mu_a,mel.

    Returns
    -------
    absorption : 1/cm

    Notes
    -----
    Fat is left out (no sourced spectrum). Haemoglobin is good to 20 %, melanosomes to a factor of ten.

    References
    ----------
    S. L. Jacques, Phys. Med. Biol. 58, R37 (2013), doi:10.1088/0031-9155/58/11/R37.

    Examples
    --------
    >>> print(f"{tissue_absorption('800 nm'):.2f}")
    0.19 / centimeter
    """
    mu_a = blood * blood_absorption.bare(wavelength, saturation) + water * water_absorption.bare(wavelength)
    if np.any(np.asarray(melanosomes) > 0):
        mu_a = mu_a + melanosomes * optical_columns("melanin", wavelength)["mu_a"]
    return mu_a


@quantities("1/cm", mu_a=_ABSORB, scattering=_SCATTER)
def effective_attenuation(mu_a: Any, scattering: Any) -> Any:
    """Decay of diffuse light, mu_eff = sqrt(3 mu_a (mu_a + mu_s')).

    Returns
    -------
    attenuation : 1/cm

    Notes
    -----
    Diffusion theory: below one transport length 1/(mu_a + mu_s') and where absorption nears scattering it
    fails.

    References
    ----------
    S. L. Jacques, Phys. Med. Biol. 58, R37 (2013), doi:10.1088/0031-9155/58/11/R37.

    Examples
    --------
    >>> print(f"{effective_attenuation('0.2 1/cm', '10 1/cm'):.3f}")
    2.474 / centimeter
    """
    return np.sqrt(3.0 * mu_a * (mu_a + scattering))


@quantities("mJ/cm^2", fluence=_FLUENCE, depth=_DEPTH, mu_a=_ABSORB, scattering=_SCATTER)
def fluence_at_depth(fluence: Any, depth: Any, mu_a: Any, scattering: Any) -> Any:
    """Fluence below a broadly lit surface, F_0 exp(-mu_eff z).

    Returns
    -------
    fluence : mJ/cm^2

    Notes
    -----
    The rise just below the surface (backscattered light, up to a factor of two to three) is left out:
    conservative.

    References
    ----------
    S. L. Jacques, Phys. Med. Biol. 58, R37 (2013), doi:10.1088/0031-9155/58/11/R37

    Examples
    --------
    >>> print(f"{fluence_at_depth('20 mJ/cm^2', '1 cm', '0.2 1/cm', '10 1/cm'):.2f}")
    1.69 millijoule / centimeter ** 2
    """
    return fluence * np.exp(-np.sqrt(3.0 * mu_a * (mu_a + scattering)) * depth)


@quantities(
    "1",
    depth=_DEPTH,
    frequency=("MHz", 0.1, 100, "frequency of detection"),
    attenuation=("dB/cm/MHz", 0, 10, "sound attenuation at 1 MHz"),
)
def acoustic_transmission(depth: Any, frequency: Any, attenuation: Any = 0.5, power: float = 1.0) -> Any:
    """Share of the sound's amplitude that leaves the tissue, exp(-alpha f^y z/8.686), alpha in dB/cm.

    Other Parameters
    ----------------
    power : float
        Exponent y of the frequency dependence.

    Returns
    -------
    transmission : dimensionless

    Notes
    -----
    Default 0.5 dB/cm/MHz, the usual value of soft tissue.

    References
    ----------
    A. M. Winkler, K. Maslov, L. V. Wang, J. Biomed. Opt. 18, 097003 (2013), doi:10.1117/1.JBO.18.9.097003

    Examples
    --------
    >>> print(f"{acoustic_transmission('2 cm', '5 MHz'):.3f}")
    0.562 dimensionless
    """
    return np.exp(-_LN10 / 20.0 * attenuation * np.asarray(frequency) ** power * depth)
