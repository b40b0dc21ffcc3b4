"""Magnetite cores to ask the models about, one at a time or packed: what pictures and claims vary."""

from __future__ import annotations

from typing import Any

from ..formulation import Formulation, load
from ..provenance import Value
from .media import surroundings
from .model import evaluate

COATING = 5.0  # nm, open to water, around a core of its own
PACKING = 0.3  # of a cluster's volume that is core


def iron_core(diameter: float, material: str = "magnetite") -> Formulation:
    """A core of a diameter [nm] with the dead layer of its material, 5 nm of open coating around it."""
    return _particle(diameter + 2 * COATING, material=material, diameter=f"{diameter!r} nm")


def packed(count: int, diameter: float = 6.0, packing: float = PACKING) -> Formulation:
    """A cluster of so many magnetite cores of a diameter [nm], 350 kA/m each, that fill a share of its volume."""
    outer = max(diameter + 2 * COATING, diameter * (count / packing) ** (1 / 3))
    core = {"material": "magnetite", "diameter": f"{diameter!r} nm", "saturation_magnetisation": "350 kA/m"}
    return _particle(outer, **core, per_particle=count)


def _particle(outer: float, **core: Any) -> Formulation:
    record: dict[str, Any] = {"id": "core", "kind": "nanoparticle", "cores": core}
    return Formulation(**record, hydrodynamic_diameter=Value(float(outer), "nm", status="assumed"))


def rates(agent: Formulation | str, field: Any, temperature: float = 310.15, **more: Any) -> tuple[Any, Any]:
    """(r1, r2) [1/(mM s)] of the model in water; at no echo spacing r2 is that of free decay."""
    found = evaluate(load(agent), field, temperature, surroundings("water"), **more)
    return found.numbers["r1"], found.numbers["r2_star"]
