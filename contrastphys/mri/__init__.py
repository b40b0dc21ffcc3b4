"""Magnetic resonance: relaxivity of chelates and particles, signals, limits of detection.

Doors: `relaxivity`, `signal`, `optimal`, `detection_limit`; theory in `paramagnetic`, `superparamagnetic`, `regimes`,
`lanthanide`; what they rest on in `spectral` and `motion`.
"""

from __future__ import annotations

import importlib
from typing import Any

_DOORS = {
    "relaxivity": "model",
    "applies": "agents",
    "predict": "agents",
    "respond": "agents",
    "detection_limit": "agents",
    "Protocol": "protocol",
    "Reference": "protocol",
    "Relaxivity": "model",
    "signal": "sequences",
    "optimal": "sequences",
    "c_min": "sequences",
    "c_peak": "sequences",
    "iron_mass": "sequences",
    "scale_snr": "sequences",
    "core_relaxivity": "regimes",
    "simulated_relaxivity": "random_walk",
    "low_field_relaxivity": "moment_walk",
    "calibrate": "calibration",
}
_ROOMS = (
    "agents", "calibration", "chelates", "cores", "lanthanide", "measured", "media", "model", "molecules",
    "moment_walk", "motion", "paramagnetic", "particles", "protocol", "random_walk",
    "regimes", "sequences", "spectral", "superparamagnetic", "tissue",
)  # fmt: skip

__all__ = list(_DOORS)


def __getattr__(name: str) -> Any:
    if name in _DOORS:
        value = getattr(importlib.import_module(f".{_DOORS[name]}", __name__), name)
        globals()[name] = value
        return value
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module 'contrastphys.mri' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_DOORS, *_ROOMS})
