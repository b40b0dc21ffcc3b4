"""A limit of detection as a dose, and the doses on labels it is weighed against.

The dose of a limit is what the blood pool of an adult needs to reach it, before any of it leaves.
"""

from __future__ import annotations

from typing import Any

from ..formulation import Formulation, load
from ..provenance import Cell, Refusal
from ..study import Scenario, Target, body_mass, distribution, room
from ..units import Q

BLOOD = Scenario(species="human", target=Target(volume="blood pool"))  # where the doses of the claims are weighed


def adult() -> float:
    """Body mass of an adult, kg."""
    return body_mass(BLOOD)


def least(agent: Formulation, modality: str, protocol: Any = None) -> Cell:
    """The least concentration a modality sees; Refusal where it gives none."""
    doors = room(modality)
    cells = [c for c in doors.detection_limit(agent, protocol or doors.Protocol()) if c.quantity == "c_min"]
    for cell in cells:
        if cell.value is not None:
            return cell
    raise Refusal("no-limit", cells[0].refusal if cells else f"{modality} does not see {agent.id}")


def entities(agent: Formulation, cell: Cell) -> float:
    """A limit in mol/L of particles or molecules."""
    held = agent.concentration(Q(cell.value, cell.unit), str(cell.conditions.get("basis", agent.basis)))
    return float(held.entities)


def dose_for(agent: Formulation, cell: Cell, basis: str) -> float:
    """mg/kg of an element whose whole dose in the blood pool reaches a limit."""
    held = agent.concentration(Q(cell.value, cell.unit), str(cell.conditions.get("basis", agent.basis)))
    return float(held.to(basis, "mg/mL").quantity.magnitude) * distribution(BLOOD)["volume"] * 1e3


def band(cell: Cell, number: float) -> dict[str, float]:
    """Low and high of a number that is proportional to a limit, from the limit's own band."""
    if not cell.value or cell.low is None or cell.high is None:
        return {}
    return {"low": number * cell.low / cell.value, "high": number * cell.high / cell.value}


def label_dose(name: str, basis: str) -> float:
    """Dose of a label in mg/kg of an element, of an adult."""
    agent = load(name)
    assert agent.dose is not None
    held = agent.concentration(Q(agent.dose_entities(agent.dose, adult()), "mol/L"), agent.entity)
    return float(held.to(basis, "mg/mL").quantity.magnitude) * 1e3 / adult()
