"""How much light skin may have: the exposure limit of one pulse and of a train.

A limit at the surface, not at depth.

References: ANSI Z136.1-2022; ICNIRP 2013, Health Phys. 105, 271 (2013), doi:10.1097/HP.0b013e3182983fd4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..provenance import Flag, Refusal
from ..showing import shows
from ..units import Q, quantities

__all__ = ["Exposure", "max_permissible_exposure"]


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
