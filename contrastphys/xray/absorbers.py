"""What an agent brings into the beam: its elements, and the water it pushes aside.

    dmu = c [sum_j r_j mu_rho_j - v mu_w]

c is the mass of the element the agent is counted by, r_j the grams of element j and v the mL of water displaced per
gram of it. Solids displace by their density, molecules by their partial density in solution. Parts of a hybrid add.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import records
from ..chemistry import ATOMIC_NUMBER, FormulaError, mass_fractions, molar_mass
from ..constants import AVOGADRO
from ..formulation import Formulation, catalogue, load
from ..mistakes import near
from ..provenance import Flag, Refusal, merge_flags
from ..showing import shows
from ..units import magnitude
from .compounds import plausible
from .spectra import remembered

LIGHTEST = 20  # calcium: lighter elements attenuate as tissue does
MOLECULE_DENSITY = 2.0  # g/cm3, partial density of small molecules in water where a record states none
HYBRID = Flag("no interaction modelled", "parts add: attenuation of each part by itself", "note")
PACKED = Flag("assumed-density", f"water displaced by the molecule: partial density {MOLECULE_DENSITY:g} g/cm3", "note")


@shows("{0.label}: absorber, per gram of {0.basis}", "masses [g]", "displaced [mL]", "grams_per_mole [g/mol]")
@dataclass(frozen=True)
class Absorber:
    """What one gram of the basis element brings into the beam: its elements (g), and water pushed aside (mL)."""

    basis: str
    masses: tuple[tuple[str, float], ...]
    displaced: float = 0.0
    label: str = ""
    flags: tuple[Flag, ...] = ()
    grams_per_mole: float | None = None  # of the basis element in one mole of particles or molecules

    def mu(self, energy: np.ndarray) -> np.ndarray:
        """Kernel: change of mu in 1/cm per g/cm3 of the basis element."""
        total = -self.displaced * remembered("water", energy)
        for symbol, share in self.masses:
            total = total + share * remembered(symbol, energy)
        return total


def absorber(formula: str, density: Any = None, basis: str | None = None) -> Absorber:
    """An element or compound as an absorber in water.

    Other Parameters
    ----------------
    formula : str
        "I" or "Ta2O5".
    density : quantity, optional
        Of the solid; with it the water it displaces is taken out, without it nothing is displaced and of a
        compound only the basis element counts.
    basis : str, optional
        Element the concentration is counted by; the heaviest one by default.

    Returns
    -------
    Absorber

    Examples
    --------
    >>> absorber("Ta2O5", "8.2 g/cm^3").displaced
    0.148...
    """
    parts = mass_fractions(plausible(formula))
    heavy = max(parts, key=lambda s: ATOMIC_NUMBER[s]) if basis is None else basis
    if heavy not in parts:
        raise FormulaError(f"'{formula}' holds no '{heavy}': it holds {', '.join(parts)}")
    if density is None:
        return Absorber(heavy, ((heavy, 1.0),), 0.0, formula)
    rho = magnitude(density, "g/cm^3", "density")
    if not np.isfinite(rho) or rho <= 0:
        raise ValueError(f"density is {rho:g} g/cm^3: it must be above 0")
    share = parts[heavy]
    return Absorber(heavy, tuple((s, w / share) for s, w in parts.items()), 1.0 / (share * rho), formula)


# ------------------------------------------------------------------------------------------ what absorbs


def absorbing(formulation: Formulation) -> dict[str, float]:
    """Atoms per entity of the elements from calcium up."""
    return {s: n for s, n in formulation.elements.items() if ATOMIC_NUMBER[s] >= LIGHTEST and n > 0}


def basis_of(formulation: Formulation) -> str:
    """Element an enhancement is counted by: the formulation's own basis, else its strongest absorber."""
    atoms = absorbing(formulation)
    if not atoms:
        raise Refusal("no absorber", f"{formulation.id} holds no element from calcium up: CT does not see it apart")
    if formulation.basis in atoms:
        return formulation.basis
    return max(atoms, key=lambda s: atoms[s] * ATOMIC_NUMBER[s] ** 4)


def _parts(formulation: Formulation) -> tuple[dict[str, float], float, list[Flag], int]:
    """Grams of each element and mL of water displaced per mole of entities, flags, and parts that absorb."""
    grams: dict[str, float] = {}
    displaced, flags, heavy = 0.0, [], 0

    def add(formula: str, mass: float, volume: float) -> None:
        nonlocal displaced, heavy
        shares = mass_fractions(formula)
        for symbol, share in shares.items():
            grams[symbol] = grams.get(symbol, 0.0) + share * mass
        displaced += volume
        heavy += any(ATOMIC_NUMBER[s] >= LIGHTEST for s in shares)

    for name, volume in formulation.layers:
        millilitres = volume * 1e-21 * AVOGADRO
        if name:
            made_of = records.material(name)
            formula, rho = made_of.formula, made_of.density
        else:
            held = records.gas(formulation.liquid.species)  # type: ignore[union-attr]
            formula, rho = held.formula, held.liquid_density
        if not formula or rho is None:
            flags.append(Flag("layer left out", f"{name or 'liquid'}: no formula or density, taken as water", "note"))
            continue
        add(formula, millilitres * rho.number * 1e-3, millilitres)
    if formulation.molecule is not None:
        mass, rho = molar_mass(formulation.molecule.formula), formulation.molecule.density
        if rho is None:
            flags.append(PACKED)
        add(formulation.molecule.formula, mass, mass / (MOLECULE_DENSITY if rho is None else rho.number))
    if formulation.gas is not None:
        displaced += formulation.gas.mean_volume * 1e-12 * AVOGADRO
    for payload in formulation.payloads:
        count = formulation.carried(payload)
        theirs, volume, more, absorbers = _parts(load(payload.agent))
        for symbol, mass in theirs.items():
            grams[symbol] = grams.get(symbol, 0.0) + mass * count
        displaced += volume * count
        flags += more
        heavy += absorbers
    return grams, displaced, flags, heavy


def absorber_of(formulation: Formulation, basis: str | None = None) -> Absorber:
    """What a formulation brings into the beam, per gram of its basis element."""
    counted = basis_of(formulation) if basis is None else basis
    grams, displaced, flags, heavy = _parts(formulation)
    if not grams.get(counted):
        hold = ", ".join(absorbing(formulation)) or "none"
        raise Refusal("basis", f"{formulation.id} holds no '{counted}' to count by; absorbing elements: {hold}")
    own = grams[counted]
    if heavy > 1 or len(formulation.payloads) > 0:
        flags.append(HYBRID)
    masses = tuple((symbol, mass / own) for symbol, mass in grams.items())
    return Absorber(counted, masses, displaced / own, formulation.id, merge_flags(flags), own)


def resolve(agent: Any) -> Absorber:
    """The absorber of an element, a formula, a formulation or a catalogue id."""
    if isinstance(agent, Absorber):
        return agent
    if isinstance(agent, str) and agent not in catalogue():
        plausible(agent)
        try:
            return absorber(agent)
        except FormulaError as wrong:
            hint = near(agent, [*catalogue(), *ATOMIC_NUMBER])
            if not hint:
                raise
            raise FormulaError(f"'{agent}' is no formula and no agent of the catalogue; {hint}") from wrong
    return absorber_of(load(agent))
