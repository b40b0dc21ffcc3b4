"""A CT protocol as a study writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..mistakes import near
from ..provenance import Value
from ..schema import choice, mapping, number, settle
from ..showing import shows
from ..units import UnitError, magnitude
from .detection import REFERENCE_KVP, REFERENCE_NOISE, ROSE
from .spectra import KVP_HIGH, KVP_LOW, stack

# Other machines than a clinical CT; noise values are assumptions, shown with every limit.
PRESETS: dict[str, dict[str, Any]] = {
    "clinical CT": {},
    "large patient": {"phantom": "32 cm", "kvp": ["100 kV", "120 kV", "140 kV"]},
    "micro-CT": {
        "kvp": ["50 kV", "70 kV", "90 kV"],
        "filtration": {"Al": "1 mm"},
        "phantom": "3 cm",
        "detector": "CsI",
        "noise": {"value": "50 HU", "at": "70 kV"},
        "path": "0.2 cm",
    },
}


def preset(name: str) -> Protocol:
    """A named protocol: "clinical CT", "large patient" or "micro-CT" (a mouse in 3 cm of water).

    Examples
    --------
    >>> preset("micro-CT").detector
    'CsI'
    """
    if name not in PRESETS:
        raise ValueError(f"unknown protocol '{name}': {near(name, PRESETS) or 'one of ' + ', '.join(PRESETS)}")
    return Protocol(**PRESETS[name])


@shows("X-ray protocol", line="written")
@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A CT protocol: tube voltages, filters, water phantom, detector, and one reference noise.

    The reference noise belongs to the tube voltage written in its `at` (120 kV by default) and to the first
    phantom; at other voltages and sizes it is scaled at equal entrance air kerma. `n_eff` is the number of
    independent voxels averaged; without it `pixels` are counted as independent, and the result says so, since CT
    noise is coloured.
    """

    kvp: tuple[Value, ...] = number("kV", 30, 150, many=True, default=("80 kV", "100 kV", "120 kV", "140 kV"))
    filtration: Mapping[str, Value] | None = mapping("mm", 0, 500, meaning="all filters, the tube's own included")
    anode_angle: Value = number("deg", 7, 20, default=7.0)
    phantom: tuple[Value, ...] = number("cm", 0, 60, many=True, default=20.0, meaning="water around the agent")
    detector: str = choice("energy-integrating", "photon-counting", "CsI", "CZT", "Si", default="energy-integrating")
    threshold: Value | None = number("keV", 0, 150, default=None, meaning="of a photon-counting detector")
    noise: Value = number("HU", 0.1, 1000, default=REFERENCE_NOISE, meaning="of one voxel; at = '120 kV'")
    pixels: Value = number("1", 1, 1e9, default=1.0, meaning="voxels in the region looked at")
    n_eff: Value | None = number("1", 0.1, 1e9, default=None, meaning="independent voxels averaged")
    rose: Value = number("1", 1, 20, default=ROSE, meaning="signal over noise that counts as seen")
    path: Value = number("cm", 1e-3, 50, default=1.0, meaning="way of the rays through the agent")

    def __post_init__(self) -> None:
        settle(self)

    def misfits(self) -> Any:
        """Fields that do not fit each other."""
        if self.threshold is not None:
            if self.detector in ("energy-integrating", "CsI"):
                yield "threshold", f"an {self.detector} detector has none", 'write detector = "photon-counting"'
            elif self.kvp and self.threshold.number >= min(v.number for v in self.kvp):
                yield "threshold", "it is not below the lowest kvp", "lower it or leave out that kvp"
        if self.noise.at and self._noise_kvp() is None:
            yield "noise", f"'{self.noise.at[:30]}' is no tube voltage", 'write at = "120 kV"'
        for name in self.filtration or {}:
            try:
                stack({name: "1 mm"})
            except ValueError as error:
                yield "filtration", str(error), 'write for example { Al = "3 mm" }'

    def _noise_kvp(self) -> float | None:
        if not self.noise.at:
            return REFERENCE_KVP
        try:
            found = float(magnitude(self.noise.at, "kV"))
        except UnitError:
            return None
        return found if KVP_LOW <= found <= KVP_HIGH else None

    def conditions(self, kvp: float, phantom: float) -> dict[str, Any]:
        """Conditions of `predict` at one tube voltage and phantom."""
        given: dict[str, Any] = {
            "kvp": kvp,
            "phantom": phantom,
            "detector": self.detector,
            "anode_angle": self.anode_angle.number,
            "noise": self.noise.number,
            "noise_kvp": self._noise_kvp(),
            "noise_phantom": self.phantom[0].number,
            "n_eff": None if self.n_eff is None else self.n_eff.number,
            "pixels": self.pixels.number,
            "rose": self.rose.number,
            "path": self.path.number,
        }
        if self.filtration is not None:
            given["filtration"] = {name: value.number for name, value in self.filtration.items()}
        if self.threshold is not None:
            given["threshold"] = self.threshold.number
        return given
