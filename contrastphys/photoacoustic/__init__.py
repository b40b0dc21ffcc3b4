"""Photoacoustics: from a particle or dye to absorbed light, pressure, and the least that is seen at depth."""

from __future__ import annotations

import importlib
from typing import Any

_DOORS = {
    "optics": ("Efficiencies", "coated_mie", "layered_mie", "mie"),
    "particles": ("Particle", "nanoshell", "rod", "sphere"),
    "sections": ("CrossSections", "optical_band"),
    "permittivity": ("rakic_gold", "refractive_index", "silica_index", "size_corrected", "water_index"),
    "water": ("density", "expansion", "gruneisen", "heat_capacity", "sound_speed"),
    "tissue": (
        "acoustic_transmission",
        "blood_absorption",
        "effective_attenuation",
        "fluence_at_depth",
        "reduced_scattering",
        "tissue_absorption",
        "water_absorption",
    ),
    "exposure": ("Exposure", "max_permissible_exposure"),
    "limits": ("background_limit", "noise_limit"),
    "coefficients": (
        "Absorption",
        "Pressure",
        "absorption",
        "cross_sections",
        "equivalent_concentration",
        "from_optical_density",
        "pressure",
    ),
    "detector": ("heard_share", "thermal_noise_pressure"),
    "heating": ("heat",),
    "layers": ("time_scales",),
    "steady": ("steady_sphere", "steady_volume"),
    "single_particle": ("Emission", "Thresholds", "emission", "thresholds"),
    "aggregates": ("collective",),
    "clusters": ("cluster_cross_sections", "maxwell_garnett"),
    "coating": ("CoatingEffect", "silica_effect"),
    "tuning": ("nanoshell_for", "peak_wavelength", "rod_for"),
    "protocol": ("Fluence", "Protocol"),
    "agents": ("applies", "detection_limit", "predict", "respond"),
}
_WHERE = {name: module for module, names in _DOORS.items() for name in names}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    module = _WHERE.get(name)
    if module is None:
        raise AttributeError(f"module 'contrastphys.photoacoustic' has no attribute '{name}'")
    return getattr(importlib.import_module(f".{module}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_WHERE])
