"""What a concentration of an agent absorbs, and the pressure it starts: mu_a = N sigma_abs, p_0 = Gamma mu_a F eta.

An optical density measures extinction; absorption is kept apart from it everywhere, and
`from_optical_density` goes through the ratio of the two. A measured coefficient beats one carried along the
model's spectrum, which beats the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import records
from ..concentration import Concentration
from ..constants import AVOGADRO, ZERO_CELSIUS
from ..formulation import Formulation, load
from ..parts import Measured
from ..provenance import Flag, Refusal, Value, choose, merge_flags
from ..showing import shows
from ..units import Q, UnitError, magnitude, quantities
from . import particles, tissue, water
from .absorbers import Absorber, absorber, particle_of
from .particles import MOLAR, CrossSections, Particle
from .permittivity import METALS
from .single_particle import damage
from .tuning import peak_of

__all__ = [
    "Absorption",
    "Pressure",
    "absorption",
    "cross_sections",
    "equivalent_concentration",
    "extinction_peak",
    "from_optical_density",
    "molar_absorption",
    "pressure",
]

MEASURED = ("molar_absorption", "molar_extinction")
REACH = 60.0  # nm over which a measured absorption is carried along the model's spectrum


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


# ------------------------------------------------------------------------------------- molar absorption


def per_entity(formulation: Formulation, row: Measured) -> float:
    """A measured coefficient carried from what it counts to one entity, 1/(M cm)."""
    basis = row.per or formulation.entity
    return row.value.number * formulation.per_entity(basis)["mol/L"]


def _computed(formulation: Formulation, wavelength: float, medium: Any) -> tuple[Value, Absorber]:
    found = absorber(formulation, wavelength, medium)
    value = Value(
        found.molar,
        "1/(M*cm)",
        low=found.low * MOLAR,
        high=found.high * MOLAR,
        source=found.source,
        status=found.status,
        flags=found.flags,
    )
    return value, found


def _from_measured(
    formulation: Formulation, wavelength: float, model: Absorber | None, medium: Any
) -> tuple[Value | None, Value | None]:
    """Absorption from the nearest measurement: at the wavelength itself, or carried along the model's spectrum."""
    rows = [
        (abs(m.wavelength.number - wavelength), m.quantity != "molar_absorption", m.wavelength.number, m)
        for m in formulation.measured
        if m.quantity in MEASURED and m.wavelength is not None and abs(m.wavelength.number - wavelength) <= REACH
    ]
    if not rows:
        return None, None
    away, _, at, row = min(rows, key=lambda entry: entry[:2])
    coefficient = per_entity(formulation, row)
    error = (row.value.sd / row.value.number) if row.value.sd else 0.15
    source, status = row.source or formulation.source, row.status or formulation.status
    if away <= 2.0 and row.quantity == "molar_absorption":
        value = Value(coefficient, "1/(M*cm)", source=source, status=status)
        return value.with_error(2 * error), None
    if model is None:
        return None, None
    try:
        there = absorber(formulation, at, medium)
    except Refusal:
        return None, None
    base = there.sigma_abs if row.quantity == "molar_absorption" else there.sigma_ext
    ratio = coefficient / (base * MOLAR)
    text_ = f"measured {row.quantity.replace('_', ' ')} at {at:g} nm times the model's ratio"
    flags = (*model.flags, Flag("scaled", text_, "note"))
    value = Value(model.molar * ratio, "1/(M*cm)", source=source, status=status, flags=flags)
    return None, value.with_error(0.3)


def molar_absorption(
    formulation: Formulation, wavelength: float, medium: Any = "water", use_measured: bool = True
) -> tuple[Value, float]:
    """Decadic molar absorption per entity, chosen between measured and model, and extinction over absorption."""
    model: Absorber | None = None
    computed: Value | None = None
    why: Refusal | None = None
    try:
        computed, model = _computed(formulation, wavelength, medium)
    except Refusal as refusal:
        why = refusal
    measured = scaled = None
    if use_measured:
        measured, scaled = _from_measured(formulation, wavelength, model, medium)
    if why is not None and measured is None:
        raise why
    share = model.sigma_ext / model.sigma_abs if model is not None and model.sigma_abs > 0 else 1.0
    value = choose(measured=measured, scaled=scaled, computed=computed)
    if value.letter in "MS" and computed is not None and formulation.cores and computed.number > 0:
        value = value.with_flags(*_size_doubt(value.number / computed.number))
    return value, share


def _size_doubt(ratio: float) -> tuple[Flag, ...]:
    """Absorption goes with the cube of the size: a factor near eight is a radius taken for a diameter."""
    if 5.5 < ratio < 11:
        text = f"measured absorption is {ratio:.1f} times the model's: was a radius given for the diameter?"
    elif 1 / 11 < ratio < 1 / 5.5:
        text = f"measured absorption is 1/{1 / ratio:.1f} of the model's: was twice the diameter given?"
    else:
        return ()
    return (Flag("size-doubt", text, "warn"),)


def extinction_peak(formulation: Formulation, medium: Any = "water", use_measured: bool = True) -> Value:
    """Wavelength of the highest extinction of a formulation of one kind of core, or of one dye, nm."""
    measured = computed = None
    row = next((m for m in formulation.measured if m.quantity == "peak_wavelength"), None)
    if use_measured and row is not None:
        source, status = row.source or formulation.source, row.status or formulation.status
        half = 2 * row.value.sd if row.value.sd else 5.0
        at = row.value.number
        measured = Value(at, "nm", low=at - half, high=at + half, source=source, status=status)
    try:
        computed = _model_peak(formulation, medium)
    except Refusal:
        if measured is None:
            raise
    return choose(measured=measured, computed=computed)


def _model_peak(formulation: Formulation, medium: Any) -> Value:
    dye = formulation.spectrum or (formulation.molecule.spectrum if formulation.molecule is not None else "")
    if dye:
        table = records.optical(dye)
        if len(table.columns) != 1:
            raise Refusal("spectrum-columns", f"the table '{dye}' has several columns: no one peak")
        column = next(iter(table.columns.values()))
        at = float(table.wavelength[int(np.argmax(column))])
        return Value(at, "nm", low=at - 10, high=at + 10, source=table.source, status="second-hand")
    if len(formulation.cores) != 1:
        raise Refusal("no-particle", f"{formulation.id} has not one kind of core: no one peak")
    particle = particle_of(formulation, formulation.cores[0])
    if not any(name.startswith(tuple(METALS)) for name in (particle.material, *(coat for coat, _ in particle.coats))):
        raise Refusal("no-peak", f"{formulation.id} absorbs broadly: no peak to name")
    at = peak_of(particle, medium, "extinction", 540.0 if particle.shape == "rod" else None)
    below, above = (10.0, 50.0) if particle.shape == "rod" else (8.0, 8.0)
    return Value(
        at, "nm", low=at - below, high=at + above, source=f"spectrum with {particle.material}", status="computed"
    )


# ------------------------------------------------------------------------------------------------- doors


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
    """Cross-sections of a particle, or of the one kind of core of a formulation; see `particles.cross_sections`.

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
    return particles.cross_sections(particle, wavelength, medium)


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


def scaled_by(value: Value, factor: float, unit: str) -> Value:
    """The same Value times an exact factor."""
    low, high = sorted(bound * factor for bound in value.bounds())
    return value.with_(number=value.number * factor, unit=unit, sd=None, low=low, high=high)


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
        notes += tissue.confinement(pulse_duration * 1e-9, size * 1e-3, float(water.sound_speed.bare(temperature)))
        density = float(found.mu_ext.magnitude) * size * 0.1 / np.log(10.0)
        factor, more = tissue.linear_share(density)
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
