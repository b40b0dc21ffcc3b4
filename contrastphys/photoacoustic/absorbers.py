"""How much light one entity of a formulation absorbs: its cores and shells, its dyes, its payloads.

Parts add: a particle that carries a dye absorbs as both, and the flag `no-interaction` says that nothing
couples them. Cores absorb by Mie or as rods, molecules and whole particles by a table of their own. A
material without optical constants is never given any: the answer is a Refusal that says which spectrum to
give.

A table of absorption has one column beside the wavelength. Its unit says what it is per (mole, mass,
particle, or nothing: a measured stock) and its name which logarithm: `epsilon` and `absorbance` are decadic,
`mu_a` and `sigma` natural; another name is refused. A named table that is not held cannot be decided.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import records
from ..constants import AVOGADRO
from ..formulation import Formulation, load
from ..parts import Core
from ..provenance import Flag, Refusal, merge_flags
from ..unit_conversion import convert
from ..units import UnitError
from .particles import Particle
from .permittivity import DEFAULT_TABLE, optical_columns
from .sections import MOLAR, cross_sections, optical_band

__all__ = ["Absorber", "absorber", "absorbs", "particle_of", "undecided"]

# Absorbers of which no sourced spectrum is held, by formula or by a word in the name of the material.
_KNOWN_DARK = ("prussian", "dopamine", "carbon", "graph", "nanotube", "maghemite", "melanin", "polypyrrole")
_DARK_FORMULAS = ("Fe7C18N18", "Fe4(Fe(CN)6)3", "Fe2O3", "gamma-Fe2O3", "Bi2S3", "Bi", "CuS", "IrS2", "C", "Ag2S")

# Stated error of a table of absorption, as a factor either way; a user's own table is taken at 1.2.
TABLE_ERROR = {"icg-bound": 1.3, "haemoglobin": 1.2, "melanin": 10.0}
MATERIAL_ERROR = 1.3  # tables of one material other than gold, where nobody has compared several


@dataclass(frozen=True)
class Absorber:
    """Cross-sections of one entity in m^2, with the band of the absorption and what it rests on."""

    sigma_abs: float
    sigma_sca: float
    low: float
    high: float
    source: str
    status: str
    flags: tuple[Flag, ...] = ()

    @property
    def sigma_ext(self) -> float:
        """Extinction cross-section, m^2."""
        return self.sigma_abs + self.sigma_sca

    @property
    def molar(self) -> float:
        """Decadic molar absorption per mole of entities, 1/(M cm)."""
        return self.sigma_abs * MOLAR

    def times(self, count: float) -> Absorber:
        """`count` of them that do not shade each other."""
        return replace(
            self,
            sigma_abs=self.sigma_abs * count,
            sigma_sca=self.sigma_sca * count,
            low=self.low * count,
            high=self.high * count,
        )


# --------------------------------------------------------------------------------------------- materials


def _constants(material: str) -> str:
    """Table of optical constants of a material of the catalogue, or an empty string."""
    return records.material(material).optical or DEFAULT_TABLE.get(material, "")


def undecided(material: str) -> bool:
    """Whether a material is known to absorb in the near infrared while no spectrum of it is held."""
    if _constants(material):
        return False
    made_of = records.material(material)
    return made_of.formula in _DARK_FORMULAS or any(word in material.lower() for word in _KNOWN_DARK)


def _absorbs(material: str) -> bool:
    table = _constants(material)
    return bool(table) and not table.startswith(("silica", "water"))


def particle_of(formulation: Formulation, core: Core, table: str = "", surface_damping: float = 1.0) -> Particle:
    """The particle light meets: a core with the shells around it, by their optical constants.

    Shells without optical constants (polymers, lipids, proteins) are swollen with water and taken for the
    medium.
    """
    if core.shape == "shell" and not formulation.shells:
        raise Refusal(
            "shell-core", f"{formulation.id}: a shell needs what is inside; write the core and the shell around it"
        )
    alone = len(formulation.cores) == 1 and core.per_particle.number == 1
    coats: list[tuple[str, float]] = []
    notes: list[Flag] = []
    for shell in formulation.shells if alone else ():
        optical = _constants(shell.material)
        if not optical:
            notes.append(Flag("coat-as-medium", f"{shell.material} has no optical constants: taken for water", "note"))
        coats.append((optical or "water", shell.thickness.number))
    while coats and coats[-1][0] == "water":
        coats.pop()
    if not alone and any(_absorbs(shell.material) for shell in formulation.shells):
        raise Refusal("shell-many", f"{formulation.id}: an absorbing shell around several cores is not modelled")
    optical = _constants(core.material)
    if not optical:
        raise Refusal(
            "no-spectrum",
            f"{formulation.id}: cannot be decided: give a spectrum of {core.material} (spectrum = a table in optical/)",
        )
    width = core.median_diameter
    length = None if core.length is None else core.length.number * width / core.diameter.number
    return Particle(
        "rod" if core.shape == "rod" else "sphere",
        optical,
        width,
        length,
        tuple(coats),
        core.sigma_ln.number,
        table=table,
        surface_damping=surface_damping,
        volume="capped",
        flags=tuple(notes),
    )


# ------------------------------------------------------------------------------------------------- parts


def _gold_band(particle: Particle, wavelength: float, medium: Any, middle: float) -> tuple[float, float]:
    """Lowest and highest absorption over the tables of gold, the surface damping, and the stated error."""
    if particle.shape == "rod":
        return middle / 2.5, middle * 2.5
    smallest = min(particle.diameter / 2, *(t for name, t in particle.coats if name.startswith("gold")), 1e9)
    stated = 0.4 if smallest < 5 else 0.2
    found = [middle * (1 - stated), middle * (1 + stated)]
    found.append(float(cross_sections.bare(particle.with_(surface_damping=0.0), wavelength, medium).sigma_abs))
    found += [float(one.sigma_abs) for one in optical_band.bare(particle, wavelength, medium).values()]
    return min(found), max(found)


def _core(formulation: Formulation, core: Core, wavelength: float, medium: Any, options: dict) -> Absorber:
    particle = particle_of(formulation, core, **options)
    found = cross_sections.bare(particle, wavelength, medium)
    middle = float(found.sigma_abs)
    names = [particle.table or particle.material, *(name for name, _ in particle.coats)]
    if any(name.startswith("gold") for name in names):
        low, high = _gold_band(particle, wavelength, medium, middle)
    else:
        low, high = middle / MATERIAL_ERROR, middle * MATERIAL_ERROR
    tables = [n for n in dict.fromkeys(names) if n not in ("water", "silica-malitson") and "rakic" not in n]
    sources = "; ".join(records.table(f"optical/{name}").source for name in tables)
    notes = list(found.flags)
    if particle.shape == "rod":
        text = "rod: factor 2.5 (end shape, counting); a spread of aspect ratios lowers and widens the peak"
        notes.append(Flag("rod-error", text, "note"))
    if core.shape == "cluster" or core.per_particle.number > 1:
        notes.append(Flag("cluster", "cores of one particle absorb independently: no coupling is modelled", "warn"))
    method = "spheroid" if particle.shape == "rod" else "Mie"
    result = Absorber(middle, float(found.sigma_sca), low, high, f"{method} with {sources}", "computed", tuple(notes))
    return result.times(core.per_particle.number)


_DECADIC = ("eps", "molar_", "extinction", "absorbance", "decadic")
_NATURAL = ("mu", "sigma", "cross", "natural")


def _table(name: str, wavelength: float, formulation: Formulation) -> Absorber:
    """Absorption of one entity by a table, in whatever of the usual units it is."""
    try:
        table = records.table(f"optical/{name}")
    except Refusal as why:
        text = f"{formulation.id}: cannot be decided: give a spectrum '{name}' (a table in optical/; {why})"
        raise Refusal("no-spectrum", text) from None
    columns = [key for key in table.columns if key != "wavelength"]
    if len(columns) != 1:
        raise Refusal(
            "spectrum-columns", f"the table '{name}' has columns {', '.join(columns)}: give one column of absorption"
        )
    column, unit = columns[0], table.units[columns[0]]
    value = float(optical_columns(name, wavelength)[column])
    decadic = column.lower().startswith(_DECADIC)
    if not decadic and not column.lower().startswith(_NATURAL):
        raise Refusal(
            "spectrum-logarithm",
            f"the table '{name}' does not say which logarithm '{column}' is: name the column epsilon or absorbance "
            "(decadic), mu_a or sigma (natural)",
        )
    grams_per_mole = formulation.mass
    natural = np.log(10.0) if decadic else 1.0
    ways = [
        ("1/(M*cm)", natural / np.log(10.0) / MOLAR),
        ("m^2", natural),
        ("m^2/kg", natural * grams_per_mole * 1e-3 / AVOGADRO),
        ("1/cm", 0.0),
    ]
    for target, factor in ways:
        try:
            sigma = convert(value, unit, target) * factor
        except UnitError:
            continue
        if target == "m^2/kg" and not grams_per_mole:
            raise Refusal("spectrum-mass", f"the table '{name}' is per mass, and the mass of the entity is not known")
        if target == "1/cm":  # of the suspension or solution as it was measured
            if formulation.stock is None:
                text = (
                    f"the table '{name}' is that of a suspension: give its concentration as stock of {formulation.id}"
                )
                raise Refusal("spectrum-stock", text)
            sigma = convert(value, unit, "1/cm") * natural / np.log(10.0) / formulation.stock_entities / MOLAR
        error = TABLE_ERROR.get(name, 1.2)
        return Absorber(sigma, 0.0, sigma / error, sigma * error, table.source, _status(table.note))
    raise Refusal(
        "spectrum-unit",
        f"the table '{name}' gives {column} in '{unit}': write it in 1/(M*cm), mL/(mg*cm), nm^2, or 1/cm of a stock",
    )


def _status(note: str) -> str:
    return "unverified" if "status: unverified" in note else "second-hand"


def absorber(
    formulation: Formulation, wavelength: float, medium: Any = "water", table: str = "", surface_damping: float = 1.0
) -> Absorber:
    """Absorption of one entity (particle or molecule) of a formulation at a wavelength in nm.

    Raises a Refusal where no part of it has a spectrum, with what to give.
    """
    options: dict[str, Any] = {"table": table, "surface_damping": surface_damping}
    if formulation.spectrum:
        return _table(formulation.spectrum, wavelength, formulation)
    found: list[Absorber] = []
    missing: list[str] = []
    if formulation.molecule is not None and formulation.molecule.spectrum:
        found.append(_table(formulation.molecule.spectrum, wavelength, formulation))
    shells_absorb = any(_absorbs(shell.material) for shell in formulation.shells)
    for core in formulation.cores:
        if undecided(core.material):
            missing.append(core.material)
        elif _absorbs(core.material) or shells_absorb:
            found.append(_core(formulation, core, wavelength, medium, options))
    missing += [shell.material for shell in formulation.shells if undecided(shell.material)]
    for payload in formulation.payloads:
        agent = load(payload.agent)
        if absorbs(agent):
            found.append(absorber(agent, wavelength, medium, **options).times(formulation.carried(payload)))
    if missing:
        what = ", ".join(dict.fromkeys(missing))
        raise Refusal(
            "no-spectrum",
            f"{formulation.id}: cannot be decided: give a spectrum of {what} (spectrum = a table in optical/)",
        )
    if not found:
        raise Refusal(
            "no-spectrum",
            f"{formulation.id}: cannot be decided: give a spectrum (spectrum = a table in optical/)",
        )
    if len(found) == 1:
        return found[0]
    joined = Flag("no-interaction", "parts absorb side by side: no interaction modelled", "note")
    return Absorber(
        sum(part.sigma_abs for part in found),
        sum(part.sigma_sca for part in found),
        sum(part.low for part in found),
        sum(part.high for part in found),
        "; ".join(dict.fromkeys(part.source for part in found)),
        "computed",
        merge_flags(*(part.flags for part in found), (joined,)),
    )


def absorbs(formulation: Formulation) -> bool:
    """Whether any part of a formulation absorbs, or is known to without a spectrum."""
    if formulation.spectrum or (formulation.molecule is not None and formulation.molecule.spectrum):
        return True
    materials = [core.material for core in formulation.cores] + [shell.material for shell in formulation.shells]
    if any(_absorbs(material) or undecided(material) for material in materials):
        return True
    return any(absorbs(load(payload.agent)) for payload in formulation.payloads)
