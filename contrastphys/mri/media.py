"""What surrounds an agent: viscosity relative to water, albumin, cells that keep it out, how well models hold there.

An agent of blood stays in the plasma. Per litre of blood it relaxes plasma water that is richer by 1/(1 - Hct) in it,
and the water of the cells relaxes by passing through the membrane, some 15 ms a stay.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import records
from ..provenance import Flag, Refusal
from ..units import quantities
from .motion import arrhenius

CELL_REFERENCE = 296.15  # K, of the residence of water in red cells


class Cells(NamedTuple):
    """Red cells: what share of the blood they fill, and how their water meets the plasma's."""

    haematocrit: float
    plasma_water: float  # water per litre of plasma over water per litre of blood
    residence: float  # s, of a water in a cell, at CELL_REFERENCE
    energy: float  # J/mol

    @property
    def share(self) -> float:
        """Share of the blood's water that is plasma."""
        return self.plasma_water * (1.0 - self.haematocrit)


class Surroundings(NamedTuple):
    """A medium as the models see it."""

    id: str
    viscosity: float
    albumin: float | None  # mmol/L
    error: float  # relative error of a relaxivity carried here by viscosity; 0 in water
    flags: tuple[Flag, ...] = ()
    cells: Cells | None = None


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
    cells = None
    if record.haematocrit is not None and record.plasma_water is not None and record.cell_residence is not None:
        energy = 0.0 if record.cell_energy is None else record.cell_energy.number * 1e3
        residence = record.cell_residence.number * 1e-3
        cells = Cells(record.haematocrit.number, record.plasma_water.number, residence, energy)
        flags = (*flags, Flag("cells", "the agent stays in the plasma; water of the cells exchanges with it", "note"))
    return Surroundings(record.id, viscosity, albumin, error, flags, cells)


@quantities(
    "1/s",
    rate=("1/s", 0, 1e7, "rate that the agent adds to the water around the cells"),
    share=("1", 0.01, 1, "share of all water that is outside the cells"),
    residence=("s", 1e-6, 100, "residence time of a water inside a cell"),
)
def through_cells(rate, share, residence):
    """Rate of all water when the agent relaxes only what is outside the cells (two sites in exchange).

    The slower root of the two-site equations, 2 R ki/[R + ki + ke + sqrt((R + ke - ki)^2 + 4 ki ke)], with
    ki = 1/residence out of the cells and ke = ki (1 - share)/share into them: share R where exchange is fast.

    Returns
    -------
    Quantity [1/s]

    Notes
    -----
    The slower of two exponentials, which carries nearly all signal while the rate is below that of exchange (about
    100 1/s in blood). Rates without agent are taken as equal on both sides.

    References
    ----------
    McConnell, J Chem Phys 1958, 28:430, doi:10.1063/1.1744152.

    Examples
    --------
    >>> print(f"{through_cells('1 1/s', 0.644, '14.5 ms'):.3f~C}, {through_cells('200 1/s', 0.644, '14.5 ms'):.1f~C}")
    0.642 1/s, 54.6 1/s
    """
    out = 1.0 / residence
    back = out * (1.0 - share) / share
    total = rate + out + back
    root = np.sqrt(np.square(rate + back - out) + 4.0 * out * back)
    return 2.0 * rate * out / (total + root)


def per_blood(relaxivity, cells: Cells, temperature: float, agent: float | None):
    """A relaxivity per litre of blood from one per litre of plasma; `agent` in mmol per litre of blood, None for thin.

    Examples
    --------
    >>> round(float(per_blood(4.0, Cells(0.42, 1.11, 0.021, 20041.0), 310.15, None)), 2)
    4.44
    """
    if not agent:
        return cells.plasma_water * relaxivity
    residence = cells.residence * arrhenius.bare(cells.energy, temperature, CELL_REFERENCE)
    return through_cells.bare(relaxivity * agent / (1.0 - cells.haematocrit), cells.share, residence) / agent


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
