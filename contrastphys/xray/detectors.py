"""What a detector makes of a photon: energy-integrating scintillators and photon-counting semiconductors.

    energy-integrating                 Q = E (1 - exp(-mu_d t_d))
    photon-counting, threshold E_T     Q = 1[E >= E_T] (1 - exp(-mu_d t_d))

A counter may be given an energy resolution, charge sharing and K escape (`response`): Q is then the probability that
the recorded energy lies above the threshold. Otherwise both are ideal, and results carry the flag `ideal detector`.
The densities are those of the layers as built, below the crystal's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from ..provenance import Flag, Refusal
from ..showing import shows
from ..units import magnitude
from .response import Response, recorded
from .spectra import Spectrum, remembered

IDEAL = Flag("ideal detector", "no K escape, charge sharing, pile-up, scatter, bow tie or electronic noise", "note")
BLURRED = Flag("detector model", "no pile-up, double counts, scatter, bow tie or electronic noise", "note")


@shows("{0.name}: detector", "mode", "material", "density [g/cm^3]", "thickness [cm]", "threshold [keV]", "blur")
@dataclass(frozen=True)
class Detector:
    """An absorbing layer and how its signal is counted."""

    name: str
    material: str
    density: float  # g/cm3
    thickness: float  # cm
    mode: str  # energy-integrating | photon-counting
    threshold: float = 0.0  # keV, photon-counting only
    blur: Response = Response()  # photon-counting only

    def absorbed(self, energy: np.ndarray) -> np.ndarray:
        """Kernel: share of photons that interact in the layer."""
        if self.thickness <= 0:
            return np.ones_like(energy)
        return -np.expm1(-remembered(self.material, energy) * self.density * self.thickness)

    def response(self, energy: np.ndarray) -> np.ndarray:
        """Kernel: mean signal per incident photon: keV when integrating, counts when counting."""
        if self.mode == "energy-integrating":
            return energy * self.absorbed(energy)
        if self.blur.ideal:
            return np.where(energy >= self.threshold, self.absorbed(energy), 0.0)
        bounds = np.array([self.threshold, np.inf])
        return self.absorbed(energy) * recorded(energy, bounds, self.blur, self.material)[0]

    def second_moment(self, energy: np.ndarray) -> np.ndarray:
        """Kernel: mean squared signal per incident photon, for the noise of a ray."""
        if self.mode == "energy-integrating":
            return energy**2 * self.absorbed(energy)
        return self.response(energy)

    @property
    def flag(self) -> Flag:
        """What is not modelled of it."""
        return IDEAL if self.blur.ideal else BLURRED

    def said(self) -> str:
        """Words for a table: material, thickness, threshold."""
        words = self.name
        if self.thickness > 0:
            words += f" ({10 * self.thickness:g} mm {self.material}"
            words += f", threshold {self.threshold:g} keV" if self.mode == "photon-counting" else ""
            words += ")" if self.blur.ideal else f", {self.blur.said()})"
        return words


DETECTORS = {
    "energy-integrating": Detector("energy-integrating", "Gd2O2S", 7.3, 0.14, "energy-integrating"),
    "GOS": Detector("energy-integrating", "Gd2O2S", 7.3, 0.14, "energy-integrating"),
    "CsI": Detector("energy-integrating", "CsI", 4.51, 0.06, "energy-integrating"),
    "photon-counting": Detector("photon-counting", "CdTe", 5.85, 0.2, "photon-counting", 20.0),
    "CdTe": Detector("photon-counting", "CdTe", 5.85, 0.2, "photon-counting", 20.0),
    "CZT": Detector("photon-counting", "Cd0.9Zn0.1Te", 5.78, 0.2, "photon-counting", 20.0),
    "Si": Detector("photon-counting", "Si", 2.33, 3.0, "photon-counting", 5.0),
    "ideal": Detector("ideal counter", "Si", 2.33, 0.0, "photon-counting", 0.0),
}


def detector(
    name: str | Detector,
    thickness: Any = None,
    threshold: Any = None,
    energy_resolution: Any = None,
    charge_sharing: float | None = None,
    k_escape: bool | None = None,
) -> Detector:
    """A detector by name, with another thickness, threshold or response where given.

    Other Parameters
    ----------------
    name : str or Detector
        "energy-integrating" (1.4 mm Gd2O2S), "CsI" (0.6 mm), "photon-counting" (2 mm CdTe, threshold 20 keV),
        "CZT" (2 mm), "Si" (30 mm edge-on) or "ideal" (counts every photon).
    thickness, threshold : quantity, optional
    energy_resolution : quantity, optional
        FWHM of the recorded energy of a counter.
    charge_sharing : float, optional
        Probability that a photon is recorded anywhere between 0 and its energy.
    k_escape : bool, optional
        Whether fluorescence may leave a counter through its entrance.

    Returns
    -------
    Detector

    Examples
    --------
    >>> detector("photon-counting", threshold="25 keV").said()
    'photon-counting (2 mm CdTe, threshold 25 keV)'
    """
    if isinstance(name, Detector):
        found = name
    else:
        known = {key.lower(): key for key in DETECTORS}
        key = str(name).strip().lower()
        if key not in known:
            near = get_close_matches(key, known, n=1, cutoff=0.4)
            hint = f"did you mean '{known[near[0]]}'?" if near else f"one of {', '.join(DETECTORS)}"
            raise ValueError(f"unknown detector '{name}': {hint}")
        found = DETECTORS[known[key]]
    if thickness is not None:
        found = replace(found, thickness=_positive(magnitude(thickness, "cm", "thickness"), "thickness", "cm"))
    if threshold is not None:
        if found.mode != "photon-counting":
            raise ValueError("threshold: an energy-integrating detector has none; use 'photon-counting'")
        found = replace(found, threshold=_positive(magnitude(threshold, "keV", "threshold"), "threshold", "keV"))
    blurs = {"fwhm": energy_resolution, "sharing": charge_sharing, "escape": k_escape}
    given = {key: value for key, value in blurs.items() if value is not None}
    if given:
        if found.mode != "photon-counting":
            raise ValueError(f"a response is known of photon-counting detectors, not of '{found.name}'")
        if "fwhm" in given:
            given["fwhm"] = _positive(
                magnitude(energy_resolution, "keV", "energy_resolution"), "energy_resolution", "keV"
            )
        found = replace(found, blur=replace(found.blur, **given))
    return found


def _positive(number: float, name: str, unit: str) -> float:
    if not np.isfinite(number) or number < 0:
        raise ValueError(f"{name} is {number:g} {unit}: it must be 0 or more")
    return float(number)


def seen(beam: Spectrum, attenuation: np.ndarray, counter: Detector) -> np.ndarray:
    """Kernel: w(E) = N Q exp(-mu L), what the detector sees of each bin behind an object of that mu L."""
    weight = beam.photons * counter.response(beam.energies) * np.exp(-attenuation)
    if not weight.sum() > 0:
        raise Refusal(
            "no-signal", f"no photon reaches the signal: threshold {counter.threshold:g} keV against this beam"
        )
    return weight
