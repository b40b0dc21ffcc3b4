"""The least concentration that is seen, and where the simple formulas of pressure end.

A sphere of radius a with uniform initial pressure p_0 = Gamma mu_a F shows p = p_0 a/(2 r) far away, weakened by
the tissue's sound attenuation. What an agent must reach is the larger of two: the detector's noise, and the
variation of the tissue's own absorption. p_0 = Gamma mu_a F holds for a pulse that is short beside the target's
stress and heat relaxation, and is proportional to concentration as long as the target is thin to light.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..provenance import Flag, Refusal
from ..units import quantities
from .water import DIFFUSIVITY

__all__ = ["background_limit", "confinement", "linear_share", "noise_limit"]

_LN10 = math.log(10.0)


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

    References
    ----------
    A. M. Winkler, K. Maslov, L. V. Wang, J. Biomed. Opt. 18, 097003 (2013), doi:10.1117/1.JBO.18.9.097003

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

    References
    ----------
    A. Rose, J. Opt. Soc. Am. 38, 196 (1948), doi:10.1364/JOSA.38.000196

    Examples
    --------
    >>> print(f"{background_limit('1.3e9 1/(M*cm)', '0.2 1/cm', 0.1, 3).to('pM'):.0f}")
    20 picomolar
    """
    return snr * variation * mu_a / (_LN10 * molar_absorption)


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
