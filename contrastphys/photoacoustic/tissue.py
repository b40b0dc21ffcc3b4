"""Light into tissue and sound out of it: fluence at depth, skin limit, noise, background, confinement.

Diffuse light falls as F(z) = F_0 exp(-mu_eff z), mu_eff = sqrt(3 mu_a (mu_a + mu_s')). A sphere of radius a
with uniform initial pressure p_0 = Gamma mu_a F shows p = p_0 a/(2 r) far away, weakened by the tissue's
sound attenuation. What an agent must reach is the larger of two: the detector's noise, and the variation of
the tissue's own absorption.

Units inside: absorption and scattering in 1/cm, depth in cm, fluence in mJ/cm^2, pressure in Pa.

References: S. L. Jacques, Phys. Med. Biol. 58, R37 (2013), doi:10.1088/0031-9155/58/11/R37 (scattering,
composition); ANSI Z136.1-2022 and ICNIRP 2013, Health Phys. 105, 271 (2013), doi:10.1097/HP.0b013e3182983fd4
(skin limit).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import records
from ..provenance import Flag, Refusal
from ..showing import shows
from ..units import Q, quantities
from .permittivity import optical_columns
from .water import DIFFUSIVITY

__all__ = [
    "Exposure",
    "acoustic_transmission",
    "background_limit",
    "blood_absorption",
    "confinement",
    "effective_attenuation",
    "fluence_at_depth",
    "linear_share",
    "max_permissible_exposure",
    "noise_limit",
    "reduced_scattering",
    "tissue_absorption",
    "water_absorption",
]

HAEMOGLOBIN_IN_BLOOD = 150.0 / 64500.0  # mol of tetramer per litre: 150 g/L (Jacques 2013), 64500 g/mol
_LN10 = math.log(10.0)

_WAVE = ("nm", 400, 1400, "vacuum wavelength")
_ABSORB = ("1/cm", 0, 1e4, "absorption coefficient, natural logarithm")
_SCATTER = ("1/cm", 0, 1e3, "reduced scattering coefficient")
_FLUENCE = ("mJ/cm^2", 0, 1e4, "fluence at the surface")
_DEPTH = ("cm", 0, 10, "depth")


# ------------------------------------------------------------------------------------- tissue, optically


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

    Examples
    --------
    >>> print(f"{acoustic_transmission('2 cm', '5 MHz'):.3f}")
    0.562 dimensionless
    """
    return np.exp(-_LN10 / 20.0 * attenuation * np.asarray(frequency) ** power * depth)


# ----------------------------------------------------------------------------------------- exposure limit


@shows("Permitted on skin, one pulse", "fluence", "single_pulse", "limited_by")
@dataclass(frozen=True)
class Exposure:
    """Largest permitted fluence on skin of one pulse, and what limits it.

    Attributes
    ----------
    fluence : quantity
        What one pulse may have, mJ/cm^2: the smaller of the two limits.
    single_pulse : quantity
        Limit of one pulse alone, mJ/cm^2.
    limited_by : str
        "single pulse" or "average power".
    """

    allowed: float
    single: float
    limited_by: str
    source: str = "ANSI Z136.1-2022 and ICNIRP 2013, skin"
    status: str = "second-hand"
    flags: tuple[Flag, ...] = ()

    @property
    def fluence(self) -> Any:
        return Q(self.allowed, "mJ/cm^2")

    @property
    def single_pulse(self) -> Any:
        return Q(self.single, "mJ/cm^2")


def _correction(wavelength):
    """C_A: 1 below 700 nm, 10^(0.002 (wavelength - 700)) to 1050 nm, 5 to 1400 nm."""
    return float(np.clip(10.0 ** (0.002 * (wavelength - 700.0)), 1.0, 10.0**0.7 if wavelength < 1050 else 5.0))


def _single_pulse(pulse, factor):
    """Skin limit of one exposure in J/cm^2, with pulse in s."""
    if pulse < 1e-9:
        return 6e-3 * factor if pulse >= 1e-11 else 2e-3 * factor
    if pulse < 1e-7:
        return 20e-3 * factor
    if pulse <= 10.0:
        return 1.1 * factor * pulse**0.25
    return 0.2 * factor * pulse


@quantities(
    None,
    wavelength=("nm", 400, 1400, "vacuum wavelength"),
    pulse_duration=("s", 1e-11, 3e4, "duration of one pulse"),
    repetition_rate=("Hz", 0, 1e6, "pulses per second; 0 for a single pulse"),
    exposure_time=("s", 1e-9, 3e4, "duration of the whole train"),
)
def max_permissible_exposure(
    wavelength: Any, pulse_duration: Any = 5e-9, repetition_rate: Any = 0.0, exposure_time: Any = None
) -> Exposure:
    """Largest fluence on skin a pulse may have, alone and in a train.

    One pulse of 1 to 100 ns: 20 C_A mJ/cm^2, with C_A = 1 at 400-700 nm, 10^(0.002 (wavelength/nm - 700)) to
    1050 nm and 5 to 1400 nm. 100 ns to 10 s: 1.1 C_A t^0.25 J/cm^2; longer: 0.2 C_A t J/cm^2. A train must
    also stay within the limit of one exposure as long as the train.

    Returns
    -------
    Exposure
        ``.fluence .single_pulse .limited_by .source .status .flags``.

    Notes
    -----
    A limit at the surface, not at depth, for areas wider than the 3.5 mm aperture. Shorter pulses have 6 C_A
    (10 ps to 1 ns) and 2 C_A mJ/cm^2. Read second-hand: check the standard before lighting anybody.

    References
    ----------
    ANSI Z136.1-2022, tables 8 to 10; ICNIRP, Health Phys. 105, 271 (2013), doi:10.1097/HP.0b013e3182983fd4,
    table 7.

    Examples
    --------
    >>> print(f"{max_permissible_exposure('800 nm', '5 ns').fluence:.1f}")
    31.7 millijoule / centimeter ** 2
    >>> print(max_permissible_exposure('532 nm', '5 ns', '20 Hz').limited_by)
    average power
    """
    wave, pulse = float(wavelength), float(pulse_duration)
    if not 400.0 <= wave <= 1400.0:
        raise Refusal("exposure", f"no skin limit is held for {wave:g} nm: the limit runs from 400 to 1400 nm")
    if pulse < 1e-13:
        raise Refusal("exposure", f"no skin limit is held for pulses of {pulse:g} s, below 0.1 ps")
    factor = _correction(wave)
    single = _single_pulse(pulse, factor) * 1e3
    rate = float(repetition_rate or 0.0)
    allowed, limited_by = single, "single pulse"
    if rate > 0:
        train = max(10.0 if exposure_time is None else float(exposure_time), 1.0 / rate)
        share = _single_pulse(train, factor) * 1e3 / max(rate * train, 1.0)
        if share < single:
            allowed, limited_by = share, "average power"
    return Exposure(allowed, single, limited_by)


# ------------------------------------------------------------------------------------ limits of detection


@quantities(
    "mol/L",
    molar_absorption=("1/(M*cm)", 1, 1e13, "decadic, absorption only"),
    fluence=("mJ/cm^2", 1e-9, 1e3, "fluence at the target"),
    gruneisen=("1", -0.1, 1.5, "Grueneisen parameter of the target"),
    radius=("mm", 0.01, 20, "radius of the target"),
    depth=("cm", 0.01, 10, "distance of the detector"),
    noise_pressure=("Pa", 1e-4, 1e4, "noise-equivalent pressure of one shot"),
    transmission=("1", 1e-12, 1, "share of the sound that leaves the tissue"),
    averages=("1", 1, 1e6, "pulses averaged"),
    snr=("1", 0.1, 100, "signal over noise to be called detected"),
)
def noise_limit(
    molar_absorption: Any,
    fluence: Any,
    gruneisen: Any,
    radius: Any,
    depth: Any,
    noise_pressure: Any,
    transmission: Any = 1.0,
    averages: Any = 1.0,
    snr: Any = 5.0,
) -> Any:
    """Concentration whose signal from a spherical target equals the noise times the wanted ratio.

    C = SNR NEP/(dp/dC)/sqrt(averages), dp/dC = (1/2) Gamma ln(10) eps_abs F (a/z) T.

    Returns
    -------
    concentration : mol/L

    Notes
    -----
    One order of magnitude: tissue optics and the detector's bandwidth rule. A target of radius a answers near
    the frequency c/(3 a); a detector that does not hear it sees less.

    Examples
    --------
    >>> found = noise_limit("1.2e5 1/(M*cm)", "2.67 mJ/cm^2", 0.2, "1 mm", "1 cm", "1 Pa", snr=3)
    >>> print(f"{found.to('nM'):.0f}")
    407 nanomolar
    """
    # (1/cm) (mJ/cm^2) = 1e3 J/m^3
    slope = 0.5 * gruneisen * _LN10 * molar_absorption * fluence * 1e3 * (radius / (10.0 * depth)) * transmission
    if np.any(np.asarray(slope) <= 0):
        raise Refusal(
            "no-signal", "the Grueneisen parameter is zero or negative here: water neither expands nor sounds"
        )
    return snr * noise_pressure / (slope * np.sqrt(averages))


@quantities(
    "mol/L",
    molar_absorption=("1/(M*cm)", 1, 1e13, "decadic, absorption only"),
    mu_a=("1/cm", 1e-4, 100, "absorption of the tissue"),
    variation=("1", 1e-4, 10, "relative variation of it that passes for signal"),
    snr=("1", 0.1, 100, "signal over variation to be called detected"),
)
def background_limit(molar_absorption: Any, mu_a: Any, variation: Any, snr: Any = 5.0) -> Any:
    """Concentration whose absorption exceeds the variation of the tissue's own: C = k delta mu_a/(ln(10) eps_abs).

    Returns
    -------
    concentration : mol/L

    Notes
    -----
    Averaging does not lower it; more wavelengths, or a change in time, do.

    Examples
    --------
    >>> print(f"{background_limit('1.3e9 1/(M*cm)', '0.2 1/cm', 0.1, 3).to('pM'):.0f}")
    20 picomolar
    """
    return snr * variation * mu_a / (_LN10 * molar_absorption)


# ------------------------------------------------------------------------------------------------ validity


def confinement(pulse_duration: float, size: float, sound_speed: float = 1500.0) -> tuple[Flag, ...]:
    """Whether a pulse [s] is short enough for p_0 = Gamma mu_a F in a target of that size [m].

    Stress: c tau/d; heat: 4 D tau/d^2. Above 0.3 a warning with the ratio; above 1 the formula is refused.

    Examples
    --------
    >>> confinement(5e-9, 1e-3)
    ()
    """
    notes = []
    for name, ratio in (
        ("stress", sound_speed * pulse_duration / size),
        ("thermal", 4.0 * DIFFUSIVITY * pulse_duration / size**2),
    ):
        if ratio > 1.0:
            raise Refusal(
                f"{name}-confinement", f"the pulse is {ratio:.2g} times the {name} relaxation time of the target"
            )
        if ratio > 0.3:
            notes.append(Flag(f"{name}-confinement", f"pulse is {ratio:.2g} of the {name} relaxation time", "warn"))
    return tuple(notes)


def linear_share(optical_density: float) -> tuple[float, tuple[Flag, ...]]:
    """Mean light inside a target of that decadic density over the light at its face, and a flag above 0.5.

    Signal is proportional to concentration up to an optical density of 0.5 (J. E. Alba-Rosales et al., Appl.
    Phys. Lett. 112, 143101 (2018), arXiv:1710.00677).

    Examples
    --------
    >>> round(linear_share(1.0)[0], 3)
    0.391
    """
    depth = _LN10 * float(optical_density)
    share = -math.expm1(-depth) / depth if depth > 1e-9 else 1.0
    if optical_density <= 0.5:
        return share, ()
    text = f"optical density {optical_density:.2g} over the target: not linear in concentration"
    return share, (Flag("optical-density", text, "warn"),)
