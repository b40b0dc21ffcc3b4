"""What surrounds an agent: its viscosity relative to water, its albumin, and how well scaling by them works."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import records
from ..provenance import Flag, Refusal
from ..units import quantities


class Surroundings(NamedTuple):
    """A medium as the models see it."""

    id: str
    viscosity: float
    albumin: float | None  # mmol/L
    error: float  # relative error of a relaxivity carried here by viscosity; 0 in water
    flags: tuple[Flag, ...] = ()


def medium_id(name: str) -> str:
    """The id of a medium by any of its names; a name nobody recorded stays as it is written."""
    try:
        return records.medium(name.strip()).id
    except Refusal:
        return name.strip().lower()


def surroundings(name: str) -> Surroundings:
    """A medium of the catalogue by name; Refusal where a model cannot be carried to it.

    Examples
    --------
    >>> surroundings("human plasma").viscosity
    1.2
    """
    record = records.medium(name.strip())
    if record.relative_viscosity is None:
        raise Refusal("medium", f"medium '{record.id}' has no viscosity: a model of water cannot be carried to it")
    viscosity = record.relative_viscosity.number
    albumin = None if record.albumin is None else record.albumin.number
    error = 0.0 if viscosity == 1.0 else 0.40
    if record.model_error is not None:
        error = record.model_error.number
    flags: tuple[Flag, ...] = ()
    if viscosity != 1.0:
        message = f"carried from water by the viscosity of {record.id} ({viscosity:g} times water)"
        flags = (Flag("medium", message, "note"),)
    return Surroundings(record.id, viscosity, albumin, error, flags)


@quantities(
    "1",
    affinity=("L/mmol", 0, 1e4, "binding constant of one site"),
    agent=("mmol/L", 0, 1e3, "total concentration of the agent"),
    protein=("mmol/L", 0, 10, "total concentration of the protein"),
    sites=("1", 0.1, 20, "equal sites of one protein molecule"),
)
def bound_fraction(affinity, agent, protein, sites=1.0):
    """Share of an agent that a protein binds, from the quadratic isotherm of equal and independent sites.

    b = [(c + nP + 1/K) - sqrt((c + nP + 1/K)^2 - 4 c nP)]/(2 c); at c -> 0 it is K nP/(1 + K nP).

    Returns
    -------
    Quantity, dimensionless

    Examples
    --------
    >>> print(f"{bound_fraction('11 1/mM', '0.1 mM', '0.677 mM').magnitude:.2f}")
    0.87
    """
    host = np.asarray(protein * sites, dtype=float)
    total = agent + host + 1.0 / np.maximum(affinity, 1e-300)
    return 2.0 * host / (total + np.sqrt(total * total - 4.0 * agent * host))
