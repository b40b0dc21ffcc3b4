"""What a particle is made of, as heat sees it: layers with conductivity, capacity and expansion.

Lengths in m, SI throughout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import records
from ..provenance import Refusal
from .particles import Particle
from .water import CONDUCTIVITY, DIFFUSIVITY

__all__ = ["CONDUCTANCE", "Layer", "material_layer", "particle_layers", "time_scales"]

# Z. Ge, D. G. Cahill, P. V. Braun, Phys. Rev. Lett. 96, 186101 (2006), doi:10.1103/PhysRevLett.96.186101: 100 to 200
# MW/(m2 K) for water on a hydrophilic surface; a hydrophobic one has a Kapitza length of 10 to 12 nm, 50 to 60.
CONDUCTANCE = 105e6  # W/(m2 K)


@dataclass(frozen=True)
class Layer:
    """Heat of one material: conductivity W/(m K), capacity J/(m3 K), volumetric expansion 1/K."""

    conductivity: float
    capacity: float
    expansion: float = 0.0
    thickness: float = 0.0  # m; 0 for what is not a shell


WATER = Layer(CONDUCTIVITY, CONDUCTIVITY / DIFFUSIVITY)
_METALS = ("gold", "silver")
_SOLIDS = ("gold", "silver", "magnetite", "silica")


def material_layer(optical: str, thickness: float = 0.0) -> Layer:
    """Heat of a material by the name of its optical constants; refuses one whose heat numbers are not held."""
    name = next((solid for solid in _SOLIDS if optical.startswith(solid)), optical)
    if name.startswith("water"):
        return Layer(WATER.conductivity, WATER.capacity, thickness=thickness)
    held = records.material(name)
    missing = [key for key in ("density", "heat_capacity", "conductivity") if getattr(held, key) is None]
    if missing:
        raise Refusal("no-heat", f"the record of {name} has no {' and no '.join(missing)}: write it with its source")
    capacity = held.density.number * held.heat_capacity.number  # type: ignore[union-attr]
    expansion = held.expansion.number if held.expansion is not None else 0.0
    return Layer(held.conductivity.number, capacity, expansion, thickness)  # type: ignore[union-attr]


def particle_layers(particle: Particle) -> tuple[float, Layer, tuple[Layer, ...], Layer | None]:
    """Radius [m] of the heated metal, the metal, shells around it, and what it surrounds (None for a solid core).

    A rod is the sphere of equal volume.
    """
    radius = (particle.core_volume * 3 / (4 * np.pi)) ** (1 / 3) * 1e-9
    coats = list(particle.coats)
    if coats and coats[0][0].startswith(_METALS):
        if particle.material.startswith(_METALS):
            raise Refusal("two-metals", "a metal coat on a metal core heats in both: not modelled by one heated lump")
        name, thickness = coats.pop(0)
        hollow, metal = radius, material_layer(name)
        inside = material_layer(particle.material, hollow)
        radius += thickness * 1e-9
    else:
        inside, metal = None, material_layer(particle.material)
    if any(name.startswith(_METALS) for name, _ in coats):
        raise Refusal("outer-metal", "a metal coat further out is not modelled by one heated lump")
    return radius, metal, tuple(material_layer(name, thickness * 1e-9) for name, thickness in coats), inside


def time_scales(particle: Particle, conductance: float = CONDUCTANCE) -> dict[str, float]:
    """Times [s] that order the heating of a particle.

    internal R^2/D of the core; interface R rho c/(3 G); cooling R^2 rho c/(3 k_w); water R^2/D_w.

    Notes
    -----
    Orders of magnitude that tell which step is slowest; the numbers themselves come from `heat`.

    References
    ----------
    Z. Ge, D. G. Cahill, P. V. Braun, Phys. Rev. Lett. 96, 186101 (2006), doi:10.1103/PhysRevLett.96.186101

    Examples
    --------
    >>> from contrastphys.photoacoustic.particles import sphere
    >>> {key: float(f"{value:.2g}") for key, value in time_scales(sphere("40 nm")).items()}
    {'internal': 3.1e-12, 'interface': 1.6e-10, 'cooling': 5.6e-10, 'water': 2.8e-09}
    """
    radius, core, _, _ = particle_layers(particle)
    return {
        "internal": radius**2 * core.capacity / core.conductivity,
        "interface": radius * core.capacity / (3 * conductance),
        "cooling": radius**2 * core.capacity / (3 * WATER.conductivity),
        "water": radius**2 / DIFFUSIVITY,
    }
