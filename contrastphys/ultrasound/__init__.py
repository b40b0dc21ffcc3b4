"""Ultrasound contrast: bubbles and droplets, from the resonance of one to the echo of a population."""

from .agents import Protocol, applies, detection_limit, predict, respond
from .assembly import population_of
from .bubble import Bubble, Gas, Liquid
from .cavitation import blake_threshold, inertial_threshold, inertial_threshold_fit
from .droplets import vaporisation_threshold
from .dynamics import Trace, simulate
from .echo import harmonics, sequence_echo
from .fitting import fit_attenuation, fit_trace
from .gas_heat import polytropic
from .imaging import contrast, mechanical_index
from .linear import cross_sections, resonance, resonant_radius
from .population import Population
from .pulses import Pulse
from .recordings import radii
from .shells import ChatterjeeSarkar, Church, DeJong, Free, Gompertz, Marmottant
from .sizes import Gamma, Histogram, LogNormal, Monodisperse
from .stability import Species, dissolution, species
from .subharmonics import subharmonic_map
from .tension_curves import Tabulated

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
    "Species",
    "Tabulated",
    "Trace",
    "applies",
    "blake_threshold",
    "contrast",
    "cross_sections",
    "detection_limit",
    "dissolution",
    "fit_attenuation",
    "fit_trace",
    "harmonics",
    "inertial_threshold",
    "inertial_threshold_fit",
    "mechanical_index",
    "polytropic",
    "population_of",
    "predict",
    "radii",
    "resonance",
    "resonant_radius",
    "respond",
    "sequence_echo",
    "simulate",
    "species",
    "subharmonic_map",
    "vaporisation_threshold",
]
