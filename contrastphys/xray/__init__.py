"""X-ray and CT: attenuation, tube spectra, enhancement, detection."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "applies": "agents",
    "predict": "agents",
    "respond": "agents",
    "detection_limit": "agents",
    "Protocol": "protocol",
    "mass_attenuation": "attenuation",
    "linear_attenuation": "attenuation",
    "edges": "attenuation",
    "mass_energy_absorption": "absorption",
    "spectrum": "spectra",
    "monochromatic": "spectra",
    "measured_spectrum": "spectra",
    "read_spectrum": "spectra",
    "Spectrum": "spectra",
    "detector": "detectors",
    "Detector": "detectors",
    "absorber": "absorbers",
    "Absorber": "absorbers",
    "enhancement": "contrast",
    "Enhancement": "contrast",
    "noise": "detection",
    "backprojection_noise": "detection",
    "figure_of_merit": "detection",
    "quantum_noise": "imaging",
    "effective_voxels": "imaging",
    "contrast_to_noise": "imaging",
    "projection_limit": "imaging",
    "preset": "protocol",
    "match": "matching",
    "best_beam": "matching",
    "enhancement_table": "matching",
    "decompose": "decomposition",
    "dual_voltage": "acquisition",
    "best_thresholds": "acquisition",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(importlib.import_module(f".{home}", __name__), name)


def __dir__() -> list[str]:
    return [*__all__, "agents"]
