"""Ultrasound contrast: bubbles and droplets, from the resonance of one to the echo of a population."""

from .agents import Protocol, applies, detection_limit, predict, respond
from .bubble import Bubble, Gas, Liquid
from .cavitation import blake_threshold, inertial_threshold_fit
from .dynamics import Pulse, Trace, simulate
from .imaging import contrast, mechanical_index
from .linear import cross_sections, polytropic, resonance, resonant_radius
from .population import Gamma, Histogram, LogNormal, Monodisperse, Population
from .shells import ChatterjeeSarkar, Church, DeJong, Free, Gompertz, Marmottant

__all__ = [
    "Bubble",
    "ChatterjeeSarkar",
    "Church",
    "DeJong",
    "Free",
    "Gamma",
    "Gas",
    "Gompertz",
    "Histogram",
    "Liquid",
    "LogNormal",
    "Marmottant",
    "Monodisperse",
    "Population",
    "Protocol",
    "Pulse",
    "Trace",
    "applies",
    "blake_threshold",
    "contrast",
    "cross_sections",
    "detection_limit",
    "inertial_threshold_fit",
    "mechanical_index",
    "polytropic",
    "predict",
    "resonance",
    "resonant_radius",
    "respond",
    "simulate",
]
