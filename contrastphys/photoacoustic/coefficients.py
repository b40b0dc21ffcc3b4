"""What a concentration of an agent absorbs, and the pressure it starts: mu_a = N sigma_abs, p_0 = Gamma mu_a F eta.

An optical density measures extinction; absorption is kept apart from it everywhere, and
`from_optical_density` goes through the ratio of the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..concentration import Concentration
from ..constants import AVOGADRO, ZERO_CELSIUS
from ..formulation import Formulation, load
from ..provenance import Flag, Refusal, Value, merge_flags
from ..showing import shows
from ..units import Q, UnitError, magnitude, quantities
from . import limits, sections, tissue, water
from .absorbers import particle_of
from .molar import molar_absorption, scaled_by
from .particles import Particle
from .sections import CrossSections
from .single_particle import damage

__all__ = [
    "Absorption",
    "Pressure",
    "absorption",
    "cross_sections",
    "equivalent_concentration",
    "from_optical_density",
    "pressure",
]


@shows("Absorption", "value", "mu_ext", "molar_absorption", "cross_section", "per_mass")
@dataclass(frozen=True)
class Absorption:
    """What a concentration absorbs at one wavelength.

    Attributes
    ----------
    mu_a, mu_ext : quantity
        Natural absorption and extinction coefficients, 1/cm.
    molar_absorption : quantity
        Decadic, per mole of entities (particles or molecules), 1/(M cm).
    cross_section : quantity
        Of one entity, m^2.
    per_mass : quantity
        mu_a per concentration of the metal or compound, 1/cm per mg/mL; None where no mass is known.
    value : Value
        mu_a with its band, source and letter.
    """

    value: Value
    share: float  # extinction over absorption
    entities: float  # mol/L
    grams: float | None  # mg/mL of the basis
    flags: tuple[Flag, ...] = ()

    @property
    def mu_a(self) -> Any:
        return Q(self.value.number, "1/cm")

    @property
    def mu_ext(self) -> Any:
        return Q(self.value.number * self.share, "1/cm")

    @property
    def molar_absorption(self) -> Any:
        return Q(self.value.number / (np.log(10.0) * self.entities), "1/(M*cm)")

    @property
    def cross_section(self) -> Any:
        return Q(self.value.number * 100 / (self.entities * 1e3 * AVOGADRO), "m^2")

    @property
    def per_mass(self) -> Any:
        return None if not self.grams else Q(self.value.number / self.grams, "mL/(mg*cm)")


@shows("Initial pressure", "value", "mu_a", "gruneisen")
@dataclass(frozen=True)
class Pressure:
    """Initial pressure of an absorbing medium.

    Attributes
    ----------
    initial : quantity
        p_0 = Gamma mu_a F eta, Pa.
    mu_a : quantity
        Absorption, 1/cm.
    gruneisen : float
        What turned one into the other.
    """

    value: Value
    absorbed: float
    gruneisen: float
    flags: tuple[Flag, ...] = ()

    @property
    def initial(self) -> Any:
        return Q(self.value.number, "Pa")

    @property
    def mu_a(self) -> Any:
        return Q(self.absorbed, "1/cm")


def _concentration(formulation: Formulation, concentration: Any, basis: str | None) -> Concentration:
    if isinstance(concentration, Concentration):
        return concentration
    if basis is None:
        ways = "; ".join(f"'{key}' in {unit}" for key, unit in formulation.bases().items())
        raise UnitError(f"a concentration needs what it counts: write basis = one of {ways}")
    return formulation.concentration(concentration, basis)


def _grams(concentration: Concentration) -> float | None:
    formulation = concentration.formulation
    for basis in (formulation.basis, "compound"):
        try:
            return concentration.mass(basis)
        except (KeyError, UnitError):
            continue
    return None


def cross_sections(particle: Any, wavelength: Any, medium: Any = "water") -> CrossSections:
    """Cross-sections of a particle, or of the one kind of core of a formulation; see `sections.cross_sections`.

    Notes
    -----
    As `sections.cross_sections`: spheres and coats exactly, rods as spheroids; gold tables differ by 10 to 30 %.

    References
    ----------
    A. L. Aden, M. Kerker, J. Appl. Phys. 22, 1242 (1951), doi:10.1063/1.1699834; R. Gans, Ann. Phys. 342, 881 (1912),
    doi:10.1002/andp.19123420503

    Examples
    --------
    >>> from contrastphys.formulation import Formulation
    >>> gold = Formulation(id="gold-40", kind="nanoparticle", cores={"material": "gold", "diameter": "40 nm"})
    >>> print(f"{cross_sections(gold, '532 nm').absorption.to('nm^2'):.0f}")
    3201 nanometer ** 2
    """
    if not isinstance(particle, Particle):
        formulation = load(particle)
        if len(formulation.cores) != 1:
            raise Refusal("no-particle", f"{formulation.id} has not one kind of core: give a particle, sphere('40 nm')")
        particle = particle_of(formulation, formulation.cores[0])
    return sections.cross_sections(particle, wavelength, medium)


@quantities(None, wavelength=("nm", 300, 1400, "vacuum wavelength"))
def absorption(
    agent: Any, wavelength: Any, concentration: Any, basis: str | None = None, medium: Any = "water"
) -> Absorption:
    """Absorption coefficient of a concentration of an agent, mu_a = N sigma_abs = ln(10) eps_abs c.

    Other Parameters
    ----------------
    agent : Formulation or str
        A formulation or the id of one.
    concentration : Concentration, quantity or str
        With `basis` unless it is a Concentration: a bare "mM" could count metal, particle or molecule.
    basis : str
        Element symbol, "compound", "particle", "molecule" or the id of a payload.
    medium : str or number
        "water", "tissue" or an index.

    Returns
    -------
    Absorption
        ``.mu_a .mu_ext .molar_absorption .cross_section .per_mass .value .flags``.

    Notes
    -----
    Gold spheres of 20 to 60 nm: 20 %; rods: a factor of 2.5; ICG 30 %. A material without a spectrum is
    refused.

    References
    ----------
    C. F. Bohren and D. R. Huffman, Absorption and Scattering of Light by Small Particles, Wiley (1983).

    Examples
    --------
    >>> from contrastphys.formulation import Formulation
    >>> gold = Formulation(id="gold-40", kind="nanoparticle", cores={"material": "gold", "diameter": "40 nm"})
    >>> print(f"{absorption(gold, '532 nm', '0.1 nM', basis='particle').mu_a:.3f}")
    1.927 / centimeter
    """
    formulation = load(agent)
    amount = _concentration(formulation, concentration, basis)
    value, share = molar_absorption(formulation, float(wavelength), medium)
    factor = np.log(10.0) * amount.entities
    flags = merge_flags(value.flags, crowded(formulation, amount.entities))
    return Absorption(scaled_by(value, factor, "1/cm"), share, amount.entities, _grams(amount), flags)


def crowded(formulation: Formulation, entities: float) -> tuple[Flag, ...]:
    """Whether a dye [mol/L] is so dense that it aggregates and the spectrum held is not its own."""
    if formulation.molecule is None or not formulation.molecule.spectrum.startswith("icg") or entities <= 1e-5:
        return ()
    return (Flag("aggregation", "above 10 uM the dye aggregates and its spectrum changes shape", "warn"),)


@quantities(
    None,
    wavelength=("nm", 300, 1400, "vacuum wavelength"),
    path=("cm", 1e-4, 100, "path length of the cuvette"),
)
def from_optical_density(
    agent: Any, optical_density: float, wavelength: Any, path: Any = None, medium: Any = "water"
) -> Concentration:
    """Concentration of an agent from its optical density: c = OD/(eps_ext path).

    An optical density is decadic and counts scattered light as lost: it measures extinction, not absorption.

    Other Parameters
    ----------------
    agent : Formulation or str
        A formulation or the id of one.
    optical_density : float
        Decadic, over the path.
    medium : str or number
        "water", "tissue" or an index.

    Returns
    -------
    Concentration
        Counted by particle or molecule; ``.to(basis)`` shows it otherwise.

    Notes
    -----
    Straight beam, so that single scattering is lost: an optical density below about 2. Aggregates absorb elsewhere.

    References
    ----------
    C. F. Bohren, D. R. Huffman, Absorption and Scattering of Light by Small Particles, Wiley (1983)

    Examples
    --------
    >>> from contrastphys.formulation import Formulation
    >>> gold = Formulation(id="gold", kind="nanoparticle", cores={"material": "gold", "diameter": "38.5 nm"})
    >>> print(f"{from_optical_density(gold, 1.89, '450 nm', '1 cm').to('particle', 'nM').quantity:.2f}")
    0.44 nanomolar
    """
    if path is None:
        raise UnitError("an optical density needs the path it was measured over: write path = '1 cm'")
    if not np.isfinite(optical_density) or optical_density < 0:
        raise ValueError(f"optical density is {optical_density:g}: it must be 0 or more")
    formulation = load(agent)
    value, share = molar_absorption(formulation, float(wavelength), medium)
    return Concentration(formulation, optical_density / (value.number * share * float(path)), formulation.entity)


@quantities(
    None,
    wavelength=("nm", 400, 1000, "vacuum wavelength"),
    saturation=("1", 0, 1, "oxygen saturation of the blood"),
)
def equivalent_concentration(
    agent: Any, wavelength: Any, background: Any = "blood", saturation: Any = 0.7, medium: Any = "water"
) -> Concentration:
    """Concentration of an agent that absorbs as much as blood, tissue, or a stated absorption.

    c = mu_a/(ln(10) eps_abs).

    Other Parameters
    ----------------
    agent : Formulation or str
        A formulation or the id of one.
    background : str or quantity
        "blood" (whole, 150 g/L), "tissue" (4 % blood, 70 % water) or an absorption coefficient such as "0.2
        1/cm".
    medium : str or number
        "water", "tissue" or an index.

    Returns
    -------
    Concentration
        Counted by particle or molecule; ``.to(basis)`` shows it otherwise.

    Notes
    -----
    Blood is known to 20 %, its share of a tissue within a factor of two.

    References
    ----------
    S. L. Jacques, Phys. Med. Biol. 58, R37 (2013), doi:10.1088/0031-9155/58/11/R37

    Examples
    --------
    >>> from contrastphys.formulation import Formulation
    >>> dye = Formulation(id="dye", kind="molecule", molecule={"formula": "C43H47N2NaO6S2", "spectrum": "icg-bound"})
    >>> print(f"{equivalent_concentration(dye, '800 nm', saturation=1.0).to('molecule', 'uM').quantity:.1f}")
    10.4 micromolar
    """
    formulation, wave = load(agent), float(wavelength)
    if background == "blood":
        mu_a = float(tissue.blood_absorption.bare(wave, float(saturation)))
    elif background == "tissue":
        mu_a = float(tissue.tissue_absorption.bare(wave, saturation=float(saturation)))
    else:
        mu_a = float(magnitude(background, "1/cm", "background"))
    value, _ = molar_absorption(formulation, wave, medium)
    return Concentration(formulation, mu_a / (np.log(10.0) * value.number), formulation.entity)


@quantities(
    None,
    wavelength=("nm", 300, 1400, "vacuum wavelength"),
    fluence=("mJ/cm^2", 0, 1e4, "fluence at the absorber"),
    temperature=("K", ZERO_CELSIUS, ZERO_CELSIUS + 100, "temperature of the absorber"),
    pulse_duration=("ns", 0.1, 1e6, "duration of the pulse"),
    size=("mm", 1e-3, 100, "size of the absorbing target, for confinement and self-shading"),
)
def pressure(
    agent: Any,
    wavelength: Any,
    concentration: Any,
    fluence: Any,
    temperature: Any = 310.15,
    pulse_duration: Any = 5.0,
    size: Any = None,
    basis: str | None = None,
    gruneisen: float | None = None,
    heat_share: float = 1.0,
    medium: Any = "water",
) -> Pressure:
    """Initial pressure of a concentration of an agent, p_0 = Gamma mu_a F eta.

    Other Parameters
    ----------------
    agent, concentration, basis, medium
        As in `absorption`.
    gruneisen : float
        Of the medium; water's at this temperature if left out.
    heat_share : float
        eta, the share of absorbed light turned into heat within the pulse (1 minus fluorescence).

    Returns
    -------
    Pressure
        ``.initial .mu_a .gruneisen .value .flags``.

    Notes
    -----
    Above the fluence at which water at a gold particle boils, or the particle sounds nonlinearly, a flag says
    so. With `size`, a pulse longer than the stress or heat relaxation of the target is refused, and an
    optical density above 0.5 over it is flagged and its mean light used.

    References
    ----------
    D.-K. Yao et al., J. Biomed. Opt. 19, 017007 (2014), doi:10.1117/1.JBO.19.1.017007

    Examples
    --------
    >>> from contrastphys.formulation import Formulation
    >>> gold = Formulation(id="gold-40", kind="nanoparticle", cores={"material": "gold", "diameter": "40 nm"})
    >>> print(f"{pressure(gold, '532 nm', '0.1 nM', '10 mJ/cm^2', basis='particle').initial.to('kPa'):.2f}")
    3.87 kilopascal
    """
    if not 0 < heat_share <= 1:
        raise ValueError(f"heat_share is {heat_share:g}: it must be above 0 and at most 1")
    found = absorption.bare(agent, wavelength, concentration, basis, medium)
    notes = list(found.flags)
    factor = 1.0
    if size is not None:
        notes += limits.confinement(pulse_duration * 1e-9, size * 1e-3, float(water.sound_speed.bare(temperature)))
        density = float(found.mu_ext.magnitude) * size * 0.1 / np.log(10.0)
        factor, more = limits.linear_share(density)
        factor = factor if more else 1.0
        notes += more
    formulation = load(agent)
    for core in formulation.cores if fluence > 0.5 and len(formulation.cores) == 1 else ():
        try:
            particle = particle_of(formulation, core)
        except Refusal:
            continue
        notes += damage(particle, float(fluence), float(pulse_duration), float(temperature), float(wavelength))
    gamma = float(water.gruneisen.bare(temperature)) if gruneisen is None else float(gruneisen)
    start = scaled_by(found.value, gamma * float(fluence) * 1e3 * heat_share * factor, "Pa")
    return Pressure(start, found.value.number, gamma, merge_flags(notes))
