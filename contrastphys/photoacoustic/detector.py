"""What a detector makes of the sound: the band it hears, and the pressure its own heat stands for.

A sphere of radius a with uniform initial pressure sends an N: p(t) falls evenly from +p_0 a/(2 r) to the
negative of it within 2 a/c. Most of that lies near the frequency c/(3 a); a detector tuned far above hears
only its two edges.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..constants import BOLTZMANN
from ..units import quantities

__all__ = ["heard_share", "thermal_noise_pressure"]


@functools.lru_cache(maxsize=256)
def _share(radius: float, frequency: float, bandwidth: float, sound_speed: float) -> float:
    half = radius / sound_speed  # s
    width = bandwidth / (2.0 * math.sqrt(math.log(2.0)))
    low, high = max(0.0, frequency - 4.0 * width), frequency + 4.0 * width
    reach = half + 3.0 / bandwidth
    step = min(0.05 / reach, (high - low) / 400)
    f = np.arange(low + step / 2, high, step)
    phase = 2.0 * np.pi * f * half
    # transform of the odd N of unit height: 2 (sin u - u cos u)/(u^2/half), u = 2 pi f half
    spectrum = 2.0 * half * (np.sin(phase) - phase * np.cos(phase)) / phase**2
    spectrum *= np.exp(-(((f - frequency) / width) ** 2))
    best = 0.0
    for times in np.array_split(np.linspace(0.0, reach, max(200, int(8 * reach * high))), 8):
        heard = 2.0 * step * (np.sin(2.0 * np.pi * np.outer(times, f)) @ spectrum)
        best = max(best, float(np.abs(heard).max()))
    return best


@quantities(
    "1",
    radius=("mm", 1e-3, 20, "radius of the absorbing sphere"),
    frequency=("MHz", 0.05, 200, "centre of the detector's band"),
    bandwidth=("MHz", 0.02, 400, "full width of the band at half amplitude"),
    sound_speed=("m/s", 1000, 2500, "speed of sound"),
)
def heard_share(radius: Any, frequency: Any, bandwidth: Any, sound_speed: Any = 1500.0) -> Any:
    """Peak of a sphere's signal in a Gaussian band over its broadband peak.

    Returns
    -------
    share : dimensionless

    Notes
    -----
    For a sphere of even absorption; a target with soft edges keeps less at high frequency.

    References
    ----------
    L. V. Wang and H. Wu, Biomedical Optics, Wiley (2007), chapter 12 (the N of a sphere).

    Examples
    --------
    >>> print(f"{heard_share('0.1 mm', '5 MHz', '8 MHz'):.2f}, {heard_share('1 mm', '5 MHz', '3 MHz'):.2f}")
    0.54 dimensionless, 0.20 dimensionless
    """
    arguments = np.broadcast_arrays(radius, frequency, bandwidth, sound_speed)
    found = [
        _share(float(a) * 1e-3, float(f) * 1e6, float(b) * 1e6, float(c))
        for a, f, b, c in zip(*(part.ravel() for part in arguments), strict=True)
    ]
    return np.array(found).reshape(arguments[0].shape)[()]


@quantities(
    "Pa",
    area=("mm^2", 1e-4, 1e4, "active area of the detector"),
    bandwidth=("MHz", 0.01, 400, "band of the measurement"),
    efficiency=("1", 1e-4, 1, "share of acoustic power turned into electric power"),
    noise_factor=("1", 0, 100, "noise factor of the amplifier; 0 for the detector alone"),
    temperature=("K", 250, 400, "temperature"),
    impedance=("Pa*s/m", 1e5, 1e7, "acoustic impedance of the medium"),
)
def thermal_noise_pressure(
    area: Any,
    bandwidth: Any,
    efficiency: Any = 0.5,
    noise_factor: Any = 2.0,
    temperature: Any = 300.0,
    impedance: Any = 1.5e6,
) -> Any:
    """Noise-equivalent pressure of a piezoelectric detector, sqrt(k T (1 + F/eta) Z B/A).

    Returns
    -------
    pressure : Pa
        Root mean square in the band; the least a real detector can have.

    Notes
    -----
    Directly over the detector, wave front along its face. Real systems are 3 to 30 times worse.

    References
    ----------
    A. M. Winkler, K. Maslov, L. V. Wang, J. Biomed. Opt. 18, 097003 (2013), doi:10.1117/1.JBO.18.9.097003.

    Examples
    --------
    >>> print(f"{thermal_noise_pressure('1 mm^2', '5 MHz'):.2f}")
    0.39 pascal
    """
    power = BOLTZMANN * temperature * (1.0 + noise_factor / efficiency)
    return np.sqrt(power * impedance * bandwidth * 1e6 / (area * 1e-6))
