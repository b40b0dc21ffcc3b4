"""Ultrasound contrast: bubbles and droplets, from the resonance of one to the echo of a population."""

from .bubble import Bubble, Gas, Liquid
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
    "cross_sections",
    "polytropic",
    "resonance",
    "resonant_radius",
]
