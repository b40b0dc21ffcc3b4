"""The photoacoustic room's doors: what a formulation absorbs, the pressure it starts, the least that is seen.

mu_a = N sigma_abs, p_0 = Gamma mu_a F eta. The smallest concentration seen is the larger of two: the one
whose signal equals the detector's noise, and the one that outdoes the variation of the tissue's own
absorption.

An optical density measures extinction; absorption is kept apart from it everywhere, and
`from_optical_density` goes through the ratio of the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..constants import AVOGADRO, ZERO_CELSIUS
from ..formulation import Concentration, Formulation, load
from ..parts import Measured
from ..provenance import Cell, Flag, Refusal, Value, choose, merge_flags
from ..schema import choice, integer, nested, number, settle, text
from ..units import Q, UnitError, quantities
from . import tissue, water
from .absorbers import Absorber, _any_part, absorber
from .particles import MOLAR

__all__ = [
    "Absorption",
    "Fluence",
    "Pressure",
    "Protocol",
    "absorption",
    "applies",
    "detection_limit",
    "from_optical_density",
    "predict",
    "pressure",
    "respond",
]

NAME = "photoacoustic"
REACH = 60.0  # nm over which a measured absorption is carried along the model's spectrum


# ------------------------------------------------------------------------------------------------ protocol


@dataclass(frozen=True, kw_only=True)
class Fluence:
    """Light on the skin in one pulse: the permitted limit, or a number."""

    rule: str = choice("mpe", "given", default="mpe", meaning="mpe takes the skin limit at the wavelength")
    value: Value | None = number("mJ/cm^2", 1e-6, 1e5, default=None, meaning="fluence at the surface")

    @staticmethod
    def prepared(table: Any) -> Any:
        """A word or a number alone: "mpe", "20 mJ/cm^2", { value = 20, unit = "mJ/cm^2" }."""
        if isinstance(table, str) and table in ("mpe", "given"):
            return {"rule": table}
        if isinstance(table, str) or (isinstance(table, Mapping) and not set(table) & {"rule"}):
            return {"rule": "given", "value": table}
        return table

    def __post_init__(self) -> None:
        settle(self)

    def misfits(self) -> Any:
        if self.rule == "given" and self.value is None:
            yield "value", "a given fluence needs its value", 'write fluence = "20 mJ/cm^2" or fluence = "mpe"'


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """Instrument, light and tissue of a photoacoustic measurement; every number has a default."""

    wavelength: tuple[Value, ...] = number("nm", 400, 1400, many=True, default=808.0)
    depth: tuple[Value, ...] = number("cm", 0.02, 8, many=True, default=1.0)
    fluence: Fluence = nested(Fluence, default=Fluence())
    pulse_duration: Value = number("ns", 0.01, 1e4, default=5.0)
    noise_equivalent_pressure: Value = number("Pa", 1e-4, 1e4, default=1.0, meaning="of one shot")
    averages: int = integer(1, 10_000_000, default=1)
    repetition_rate: Value = number("Hz", 0, 1e6, default=20.0)
    frequency: Value = number("MHz", 0.1, 100, default=5.0, meaning="centre of the detector's band")
    attenuation: Value = number("dB/cm/MHz", 0, 10, default=0.5, meaning="of sound in the tissue")
    target_radius: Value = number("mm", 0.02, 20, default=1.0)
    tissue: str = text(default="soft tissue", meaning="group of media/tissue_optics.csv")
    blood: Value = number("1", 0, 1, default=0.04, meaning="volume fraction")
    saturation: Value = number("1", 0, 1, default=0.7, meaning="oxygen saturation")
    water: Value = number("1", 0, 1, default=0.7, meaning="volume fraction")
    melanosomes: Value = number("1", 0, 1, default=0.0, meaning="volume fraction")
    background_absorption: Value | None = number("1/cm", 1e-4, 50, default=None, meaning="instead of the parts")
    reduced_scattering: Value | None = number("1/cm", 0.01, 500, default=None, meaning="instead of the table")
    background_variation: Value = number("1", 0, 10, default=0.1, meaning="variation of the tissue's absorption")
    gruneisen: Value | None = number("1", 0.001, 1.5, default=None, meaning="of the target; water's if left out")
    temperature: Value = number("K", 273.15, 373.15, default=310.15)
    rose: Value = number("1", 0.5, 50, default=5.0, meaning="signal over noise that counts as seen")

    def __post_init__(self) -> None:
        settle(self)

    def misfits(self) -> Any:
        if self.tissue not in tissue.scattering_groups():
            yield "tissue", f"unknown tissue '{self.tissue[:40]}'", f"write one of {tissue.scattering_groups()}"


# ------------------------------------------------------------------------------------------------ results


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


def applies(formulation: Formulation) -> bool:
    """Whether the formulation absorbs light: by a spectrum, a material, a payload or a measurement."""
    return _any_part(formulation) or any(m.quantity in _MEASURED for m in formulation.measured)


_MEASURED = ("molar_absorption", "molar_extinction")


def _per_entity(formulation: Formulation, row: Measured) -> float:
    """A measured coefficient carried from what it counts to one entity, 1/(M cm)."""
    basis = row.per or formulation.entity
    return row.value.number * formulation._per_entity(basis)["mol/L"]


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
        if m.quantity in _MEASURED and m.wavelength is not None and abs(m.wavelength.number - wavelength) <= REACH
    ]
    if not rows:
        return None, None
    away, _, at, row = min(rows, key=lambda entry: entry[:2])
    coefficient = _per_entity(formulation, row)
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
    return choose(measured=measured, scaled=scaled, computed=computed), share


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
    Gold spheres of 20 to 60 nm: 20 %; rods: a factor of 2.5; ICG 30 %. A material without a spectrum is refused.

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
    return Absorption(_scaled(value, factor, "1/cm"), share, amount.entities, _grams(amount), value.flags)


def _scaled(value: Value, factor: float, unit: str) -> Value:
    """The same Value times an exact factor."""
    low, high = value.bounds()
    return value.with_(number=value.number * factor, unit=unit, sd=None, low=low * factor, high=high * factor)


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
    With `size`, a pulse longer than the stress or heat relaxation of the target is refused, and an optical density
    above 0.5 over it is flagged and its mean light used.

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
    gamma = float(water.gruneisen.bare(temperature)) if gruneisen is None else float(gruneisen)
    start = _scaled(found.value, gamma * float(fluence) * 1e3 * heat_share * factor, "Pa")
    low, high = sorted(start.bounds())
    return Pressure(replace(start, low=low, high=high), found.value.number, gamma, merge_flags(notes))


def predict(formulation: Formulation, quantity: str, conditions: Mapping[str, Any], use_measured: bool = True) -> Value:
    """One quantity of a formulation under stated conditions, with its band, source and letter.

    Parameters
    ----------
    formulation : Formulation
    quantity : str
        "molar_absorption", "molar_extinction", "mu_a", "pressure" or "c_min".
    conditions : mapping
        wavelength [nm]; for pressure also fluence [mJ/cm^2] and temperature [K]; for c_min a `protocol`, a
        depth [cm] and a wavelength; concentration (a Concentration) unless the formulation has one in its
        tissue.
    use_measured : bool
        Whether measured values may answer.

    Returns
    -------
    Value
    """
    formulation = load(formulation)
    wavelength = float(conditions["wavelength"])
    medium = conditions.get("medium", "water")
    value, share = molar_absorption(formulation, wavelength, medium, use_measured)
    if quantity == "molar_absorption":
        return value
    if quantity == "molar_extinction":
        return _scaled(value, share, "1/(M*cm)")
    if quantity == "c_min":
        protocol = conditions.get("protocol") or Protocol()
        return _smallest(formulation, value, protocol, wavelength, float(conditions.get("depth", 1.0)))
    amount = conditions.get("concentration") or formulation.tissue
    if amount is None:
        raise Refusal("no-concentration", f"{formulation.id}: {quantity} needs a concentration")
    mu_a = _scaled(value, np.log(10.0) * amount.entities, "1/cm")
    if quantity == "mu_a":
        return mu_a
    if quantity == "pressure":
        gamma = float(conditions.get("gruneisen") or water.gruneisen.bare(conditions.get("temperature", 310.15)))
        return _scaled(mu_a, gamma * float(conditions["fluence"]) * 1e3, "Pa")
    raise Refusal("unknown-quantity", f"photoacoustics knows no '{quantity}'")


# ------------------------------------------------------------------------------------ protocol to cells


@dataclass(frozen=True)
class _Light:
    """Fluence, tissue and Grueneisen parameter at one wavelength and depth."""

    surface: float  # mJ/cm^2
    fluence: float
    mu_a: float
    scattering: float
    gruneisen: float
    flags: tuple[Flag, ...]


def _light(protocol: Protocol, wavelength: float, depth: float) -> _Light:
    pulse, rate = protocol.pulse_duration.number * 1e-9, protocol.repetition_rate.number
    train = protocol.averages / rate if rate else None
    notes: list[Flag] = []
    limit = tissue.max_permissible_exposure.bare(wavelength, pulse, rate if protocol.averages > 1 else 0.0, train)
    if protocol.fluence.value is None:
        surface = limit.allowed
        if limit.limited_by == "average power":
            text_ = f"{protocol.averages} pulses at {rate:g} Hz: average power limits each to {surface:.3g} mJ/cm^2"
            notes.append(Flag("average-power", text_, "note"))
    else:
        surface = protocol.fluence.value.number
        if surface > limit.allowed * 1.001:
            text_ = f"{surface:.3g} mJ/cm^2 exceeds the skin limit of {limit.allowed:.3g} ({limit.limited_by})"
            notes.append(Flag("skin-limit", text_, "warn"))
    if protocol.background_absorption is not None:
        mu_a = protocol.background_absorption.number
    else:
        parts = (protocol.blood, protocol.saturation, protocol.water, protocol.melanosomes)
        mu_a, more = tissue.background_absorption(wavelength, *(part.number for part in parts))
        notes += more
    if protocol.reduced_scattering is not None:
        scattering = protocol.reduced_scattering.number
    else:
        scattering = float(tissue.reduced_scattering.bare(wavelength, protocol.tissue))
    if mu_a > scattering / 3:
        notes.append(
            Flag("diffusion", "absorption nears scattering: diffusion theory is an order of magnitude", "warn")
        )
    fluence = float(tissue.fluence_at_depth.bare(surface, depth, mu_a, scattering))
    size = 2e-3 * protocol.target_radius.number
    notes += tissue.confinement(pulse, size, float(water.sound_speed.bare(protocol.temperature.number)))
    if protocol.gruneisen is not None:
        gamma = protocol.gruneisen.number
    else:
        gamma = float(water.gruneisen.bare(protocol.temperature.number))
    return _Light(surface, fluence, mu_a, scattering, gamma, tuple(notes))


def _smallest(formulation: Formulation, molar: Value, protocol: Protocol, wavelength: float, depth: float) -> Value:
    """Smallest concentration seen, mol/L of entities: the larger of the noise and the background limit."""
    light = _light(protocol, wavelength, depth)
    passed = float(tissue.acoustic_transmission.bare(depth, protocol.frequency.number, protocol.attenuation.number))
    if molar.number <= 0:
        raise Refusal("transparent", f"{formulation.id} absorbs nothing at {wavelength:g} nm")
    noise = tissue.noise_limit.bare(
        molar.number,
        light.fluence,
        light.gruneisen,
        protocol.target_radius.number,
        depth,
        protocol.noise_equivalent_pressure.number,
        passed,
        float(protocol.averages),
        protocol.rose.number,
    )
    background = tissue.background_limit.bare(
        molar.number, light.mu_a, protocol.background_variation.number, protocol.rose.number
    )
    found = float(max(noise, background))
    which = "noise" if noise >= background else "background"
    text_ = f"noise limit {noise * 1e9:.3g} nM, background limit {background * 1e9:.3g} nM of {formulation.entity}s"
    notes = merge_flags(molar.flags, light.flags, (Flag(f"{which}-limited", text_, "note"),))
    # one order of magnitude in all: tissue optics and noise
    return Value(
        found,
        "mol/L",
        low=found / 10**0.5,
        high=found * 10**0.5,
        source=molar.source,
        status=molar.status,
        letter=molar.letter,
        flags=notes,
    )


def _changes(formulation: Formulation, fluence: float) -> tuple[Flag, ...]:
    """What the light or the concentration does to the absorber itself."""
    notes = []
    if fluence > 3.0 and any(core.shape == "rod" for core in formulation.cores):
        text_ = f"rods reshape from a few mJ/cm^2 on ({fluence:.2g} here): the next pulse sees another particle"
        notes.append(Flag("reshaping", text_, "warn"))
    dye = formulation.molecule is not None and formulation.molecule.spectrum.startswith("icg")
    if dye and formulation.tissue is not None and formulation.tissue.entities > 1e-5:
        notes.append(Flag("aggregation", "above 10 uM the dye aggregates and its spectrum changes shape", "warn"))
    return tuple(notes)


def _text(value: float, unit: str) -> str:
    return f"{value:g} {unit}"


def _each(protocol: Protocol) -> Any:
    for wave in protocol.wavelength:
        for depth in protocol.depth:
            yield wave.number, depth.number


def respond(formulation: Formulation, protocol: Protocol) -> list[Cell]:
    """Molar absorption at each wavelength; where the tissue's concentration is known, also mu_a and pressure."""
    formulation = load(formulation)
    cells: list[Cell] = []
    for wave in protocol.wavelength:
        where = {"wavelength": _text(wave.number, "nm"), "medium": "water"}
        counted = {**where, "basis": formulation.entity}
        asked = {"wavelength": wave.number}
        try:
            molar = predict(formulation, "molar_absorption", asked)
        except Refusal as why:
            cells.append(Cell.refused(formulation.id, NAME, "molar_absorption", counted, why, "1/(M*cm)"))
            continue
        cells.append(Cell.of(formulation.id, NAME, "molar_absorption", counted, molar))
        if formulation.tissue is None:
            continue
        mu_a = _scaled(molar, np.log(10.0) * formulation.tissue.entities, "1/cm")
        cells.append(Cell.of(formulation.id, NAME, "mu_a", where, mu_a))
        for depth in protocol.depth:
            here = {
                **where,
                "depth": _text(depth.number, "cm"),
                "temperature": _text(round(protocol.temperature.number - ZERO_CELSIUS, 2), "degC"),
            }
            try:
                light = _light(protocol, wave.number, depth.number)
            except Refusal as why:
                cells.append(Cell.refused(formulation.id, NAME, "pressure", here, why, "Pa"))
                continue
            # the agent's own shadow over the target, and what the light does to it
            size = 0.2 * protocol.target_radius.number
            share, dense = tissue.linear_share(mu_a.number * size / np.log(10.0))
            notes = (*light.flags, *dense, *_changes(formulation, light.fluence))
            start = _scaled(mu_a, light.gruneisen * light.fluence * 1e3 * (share if dense else 1.0), "Pa")
            start = start.with_flags(*notes)
            cells.append(Cell.of(formulation.id, NAME, "pressure", here, start))
    return cells


def detection_limit(formulation: Any, protocol: Any = None, depth: Any = None, **changes: Any) -> list[Cell]:
    """Smallest concentration seen at each wavelength and depth, and the margin where the tissue's is known.

    Parameters
    ----------
    formulation : Formulation or str
    protocol : Protocol, or a wavelength such as "800 nm"
    depth : quantity or str
        With a wavelength in place of the protocol.
    **changes
        Further fields of `Protocol`, such as fluence="10 mJ/cm^2".

    Returns
    -------
    list of Cell
        c_min in mmol/L of the formulation's basis (and of particles), margin without unit.

    Examples
    --------
    >>> from contrastphys.formulation import Formulation
    >>> gold = Formulation(id="gold-40", kind="nanoparticle", cores={"material": "gold", "diameter": "40 nm"})
    >>> [cell.quantity for cell in detection_limit(gold, "700 nm", "1 cm")]
    ['c_min', 'c_min']
    """
    formulation = load(formulation)
    if not isinstance(protocol, Protocol):
        given = {"wavelength": protocol, "depth": depth, **changes}
        given = {key: value for key, value in given.items() if value is not None}
        if "fluence" in given and not isinstance(given["fluence"], Fluence):
            light = given["fluence"]
            given["fluence"] = Fluence() if light == "mpe" else Fluence(rule="given", value=light)
        protocol = Protocol(**given)
    cells: list[Cell] = []
    bases = list(dict.fromkeys((_basis(formulation), formulation.entity)))
    for wave, deep in _each(protocol):
        where = {"wavelength": _text(wave, "nm"), "depth": _text(deep, "cm"), "basis": bases[0]}
        try:
            molar, _ = molar_absorption(formulation, wave)
            found = _smallest(formulation, molar, protocol, wave, deep)
        except Refusal as why:
            cells.append(Cell.refused(formulation.id, NAME, "c_min", where, why, "mmol/L"))
            continue
        for basis in bases:
            amount = Concentration(formulation, found.number, basis).molar(basis)
            shown = _scaled(found, amount / found.number, "mmol/L")
            cells.append(Cell.of(formulation.id, NAME, "c_min", {**where, "basis": basis}, shown))
        if formulation.tissue is not None:
            low, high = found.bounds()
            there = formulation.tissue.entities
            margin = found.with_(number=there / found.number, unit="1", low=there / high, high=there / low)
            cells.append(Cell.of(formulation.id, NAME, "margin", where, margin))
    return cells


def _basis(formulation: Formulation) -> str:
    """What concentrations of it are counted by, as far as they are molar."""
    return formulation.basis if formulation.basis in formulation.bases() else formulation.entity
