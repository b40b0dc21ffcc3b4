"""The record of a probe, and every conversion between the ways to count it.

A formulation is core, shell, payload, gas and dose, written once. Its *entity* is the particle (bubble,
droplet) or the molecule; an amount of anything else in it (an element, the compound, the gas, the suspension
as sold) follows from what one entity holds, so each conversion is one division and one multiplication.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import chemistry, records
from .concentration import Concentration
from .constants import AVOGADRO
from .mistakes import RecordError, near, printable, shown
from .parts import Amount, Core, Dose, GasCore, Limits, LiquidCore, Measured, Molecule, Payload, Shell
from .provenance import Flag, Refusal, Value
from .schema import Reader, build, choice, nested, number, settle, several, text
from .showing import shows
from .units import Q, UnitError, magnitude

LONGEST = 200  # characters of a label: it stands in every table and picture
MODALITIES = ("mri", "xray", "photoacoustic", "ultrasound")


class _by_records:
    """A property that is worked out once, and anew while records of the catalogue are changed."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function, self.__doc__ = function, function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.key = f"{name} by records"

    def __get__(self, record: Any, owner: type | None = None) -> Any:
        if record is None:
            return self
        changed = records.changes()
        held = record.__dict__.get(self.key)
        if held is None or held[0] is not changed:
            held = record.__dict__[self.key] = (changed, self.function(record))
        return held[1]


KINDS = ("chelate", "molecule", "nanoparticle", "hybrid", "bubble", "droplet")


@shows(
    "{0.name}",
    "id",
    "kind",
    "basis",
    "cores",
    "shells",
    "hydrodynamic_diameter",
    "payloads",
    "molecule",
    "gas",
    "liquid",
    "spectrum",
    "stock",
    "dose",
    "target",
    "tissue",
    "limits",
    "needs",
    "measured",
    line="written",
)
@dataclass(frozen=True, kw_only=True)
class Formulation:
    """One probe: what it is made of, what was measured of it, and how much is given.

    Examples
    --------
    >>> gold = Formulation(id="gold-10", kind="nanoparticle", cores={"material": "gold", "diameter": "10 nm"})
    >>> round(gold.atoms("Au"), -2)
    30900.0
    >>> print(round(gold.concentration("1 mg/mL", "Au").to("particle", "nM").quantity, 1))
    164.3 nanomolar
    """

    id: str = text(default=...)
    label: str = text()
    kind: str = choice(*KINDS)
    cores: tuple[Core, ...] = several(Core, alias="core")
    shells: tuple[Shell, ...] = several(Shell, alias="shell")
    hydrodynamic_diameter: Value | None = number("nm", 0.5, 1e5, default=None)
    payloads: tuple[Payload, ...] = several(Payload, alias="payload")
    molecule: Molecule | None = nested(Molecule)
    gas: GasCore | None = nested(GasCore)
    liquid: LiquidCore | None = nested(LiquidCore)
    measured: tuple[Measured, ...] = several(Measured)
    stock: Amount | None = nested(Amount)
    dose: Dose | None = nested(Dose)
    target: Amount | None = nested(Amount, meaning="explicit concentration in the target")
    limits: Limits | None = nested(Limits)
    needs: tuple[str, ...] = choice(*MODALITIES, default=(), many=True, meaning="modalities that must see it")
    spectrum: str = text(meaning="table of absorption of the whole, in optical/")
    source: str = text()
    status: str = text()
    note: str = text()
    tissue: Concentration | None = None  # set by a study from dose and scenario

    def __post_init__(self) -> None:
        settle(self)

    def misfits(self) -> Iterator[tuple[str, str, str]]:
        if write := records.id_instead(self.id):
            yield "id", f"'{printable(self.id, 60)}' is no id", write
        if len(self.label) > LONGEST or "\n" in self.label:
            what = "is of several lines" if "\n" in self.label else f"is {len(self.label)} characters long"
            yield "label", what, f"write a name of at most {LONGEST} in one line, and the rest as note"
        parts = {
            "chelate": ("molecule", self.molecule), "molecule": ("molecule", self.molecule),
            "nanoparticle": ("core", self.cores), "bubble": ("gas", self.gas), "droplet": ("liquid", self.liquid),
            "hybrid": ("core", self.cores or self.liquid or self.gas or self.payloads),
        }  # fmt: skip
        key, part = parts[self.kind]
        if not part:
            yield "kind", f"a {self.kind} needs {key}", f"write {key} = {{ ... }}"
        if self.hydrodynamic_diameter is not None:
            outer = self.hydrodynamic_diameter.number
            coating = 2 * sum(shell.thickness.number for shell in self.shells) if self.liquid is None else 0.0
            for core in self.cores:
                solid = core.diameter.number * max(core.per_particle.number, 1) ** (1 / 3)
                what = "core" if core.per_particle.number <= 1 else f"volume of {core.per_particle.number:g} cores"
                if solid + coating > outer * 1.0001:
                    within = f" with its shells, {solid + coating:g} nm," if coating else f" of {solid:.4g} nm"
                    yield (
                        "core",
                        f"{what}{within} is larger than hydrodynamic_diameter {outer:g} nm",
                        "correct one of them",
                    )
        yield from self._counted_by_nothing()
        shares = sum(p.mass_fraction.number for p in self.payloads if p.mass_fraction is not None)
        if shares >= 1:
            yield (
                "payload",
                f"mass fractions of {shares:g} leave nothing of the particle",
                "write shares that sum below 1",
            )
        for payload in self.payloads:
            if payload.agent == self.id:
                yield "payload", f"'{self.id}' cannot carry itself", "name another agent"
                return
            try:
                load(payload.agent)
            except Refusal as refusal:
                if refusal.flag.code == "unknown":  # said when it is first needed; a file's references are checked
                    continue
                what, _, write = str(refusal).partition(": ")
                yield "payload", what, write
                return
            except RecordError as error:
                first = error.mistakes[0]
                yield "payload", f"the record '{payload.agent}' has mistakes of its own", f"correct {first.file}"
                return

    def _counted_by_nothing(self) -> Iterator[tuple[str, str, str]]:
        """Amounts whose basis the formulation does not hold."""
        amounts: dict[str, Amount | Dose | None] = {"stock": self.stock, "dose": self.dose, "target": self.target}
        if self.limits is not None:
            amounts["limits.maximum_dose"] = self.limits.maximum_dose
        for key, amount in amounts.items():
            if amount is None:
                continue
            try:
                known = self.bases()
            except (Refusal, RecordError, UnitError, ValueError):  # another mistake, said elsewhere
                return
            if amount.basis not in known:
                what = f"{self.id} is not counted by {shown(amount.basis)}"
                yield f"{key}.basis", what, near(amount.basis, known) or f"write one of {', '.join(known)}"
                continue
            try:
                if isinstance(amount, Dose):
                    self.dose_entities(amount, 1.0)
                elif amount is not self.stock:
                    self.concentration(amount.value.quantity, amount.basis)
                else:
                    self.stock_entities  # noqa: B018
            except Refusal:
                continue
            except UnitError:
                units = {"mol/L": "mmol/L", "g/L": "mg/mL", "1/L": "1/mL", "1": "uL/mL"}
                if isinstance(amount, Dose):
                    units = {"mol/L": "mmol/kg", "g/L": "mg/kg", "1/L": "1/kg", "1": "mL/kg"}
                write = " or ".join(units[unit] for unit in self.per_entity(amount.basis))
                yield f"{key}.value", f"{amount.value} does not count {amount.basis}", f"write it in {write}"

    # ----------------------------------------------------------------------------- what one entity holds

    @property
    def name(self) -> str:
        """Label, or the id where there is none."""
        return self.label or self.id

    @property
    def entity(self) -> str:
        """What is counted: "molecule" or "particle"."""
        return "molecule" if self.kind in ("chelate", "molecule") else "particle"

    @functools.cached_property
    def made_of(self) -> object:
        """A mark that all copies share which differ by the concentration in the target alone."""
        return object()

    @_by_records
    def basis(self) -> str:
        """Basis concentrations are shown in unless asked otherwise: the metal, else the entity or the gas."""
        if self.molecule is not None:
            return self.molecule.metal or "molecule"
        for layer in [c.material for c in self.cores] + [s.material for s in self.shells]:
            metal = records.material(layer).metal
            if metal:
                return metal
        for payload in self.payloads:
            carried = load(payload.agent)
            if carried.molecule is not None and carried.molecule.metal:
                return carried.molecule.metal
        return "particle"

    @functools.cached_property
    def layers(self) -> tuple[tuple[str, float], ...]:
        """Material and mean volume (nm^3 in one particle) of every core and shell."""
        found = [(c.material, c.mean_volume * c.per_particle.number) for c in self.cores]
        if self.shells:
            width, extra = self._inner_diameter, self._extra_length
            for shell in self.shells:
                outer = width + 2 * shell.thickness.number
                volume = math.pi / 6 * (outer**3 - width**3) + math.pi / 4 * (outer**2 - width**2) * extra
                found.append((shell.material, volume))
                width = outer
        if self.liquid is not None:
            found.append(("", self.liquid.mean_volume * 1e9))
        return tuple(found)

    @property
    def _rod(self) -> Core | None:
        """The core, where it is one rod: its shells follow its shape."""
        rod = self.cores[0] if len(self.cores) == 1 and self.liquid is None else None
        return rod if rod is not None and rod.length is not None and rod.per_particle.number == 1 else None

    @property
    def _extra_length(self) -> float:
        """How much longer than a sphere the shells' inside is, nm (mean volume of a rod)."""
        if self._rod is None or self._rod.length is None:
            return 0.0
        return (self._rod.length.number / self._rod.diameter.number - 1) * self._inner_diameter

    @property
    def _inner_diameter(self) -> float:
        """Diameter of the sphere, or width of the rod, that the shells surround, nm (mean volume of the cores)."""
        if self.liquid is not None:
            return (6 / math.pi * self.liquid.mean_volume) ** (1 / 3) * 1e3
        if self._rod is not None:
            return self._rod.median_diameter * math.exp(1.5 * self._rod.sigma_ln.number**2)
        volume = sum(c.mean_volume * c.per_particle.number for c in self.cores)
        return (6 / math.pi * volume) ** (1 / 3)

    @_by_records
    def _solids(self) -> tuple[tuple[str, float], ...]:
        """Formula and grams per mole of entities of every core, shell and liquid."""
        solids = []
        for name, volume in self.layers:
            litre_per_mole = volume * 1e-24 * AVOGADRO  # nm^3 -> L, for a mole of entities
            if name:
                made_of = records.material(name)
                if made_of.density is not None:
                    solids.append((made_of.formula, litre_per_mole * made_of.density.number))  # kg/m3 = g/L
            elif self.liquid is not None:
                held = records.gas(self.liquid.species)
                if held.liquid_density is not None:
                    solids.append((held.formula, litre_per_mole * held.liquid_density.number))
        return tuple(solids)

    @_by_records
    def _elements(self) -> dict[str, float]:
        """Atoms of each element in one entity."""
        return self._atoms_with(self.payloads)

    def _atoms_with(self, payloads: tuple[Payload, ...]) -> dict[str, float]:
        """Atoms of each element in one entity that carries these payloads."""
        atoms: dict[str, float] = {}

        def add(formula: str, units: float) -> None:
            for symbol, count in chemistry.composition(formula).items():
                atoms[symbol] = atoms.get(symbol, 0.0) + count * units

        if self.molecule is not None:
            add(self.molecule.formula, 1.0)
        for formula, grams in self._solids:
            if formula:
                add(formula, grams / chemistry.molar_mass(formula))
        for payload in payloads:
            carried = load(payload.agent)
            for symbol, count in carried._elements.items():
                atoms[symbol] = atoms.get(symbol, 0.0) + count * self.carried(payload)
        return atoms

    def carried(self, payload: Payload) -> float:
        """Payload entities on one particle."""
        if payload.per_particle is not None:
            return payload.per_particle.number
        agent = load(payload.agent)
        if payload.mass_fraction is not None:
            counted = [p for p in self.payloads if p.per_particle is not None]
            rest = sum(grams for _, grams in self._solids)
            rest += sum(self.carried(p) * load(p.agent).mass for p in counted)
            shares = sum(p.mass_fraction.number for p in self.payloads if p.mass_fraction is not None)
            if not agent.mass or not rest:
                raise Refusal("payload", f"{self.id}: a mass fraction needs a particle and a payload of known mass")
            return rest / (1 - shares) * payload.mass_fraction.number / agent.mass
        if payload.concentration is not None and self.stock is not None:
            return payload.concentration.number * 1e-3 / self.stock_entities
        raise Refusal("payload", f"{self.id}: a payload concentration needs the stock's particle concentration")

    def atoms(self, symbol: str) -> float:
        """Atoms of an element in one entity (mean over the size spread)."""
        if symbol not in self._elements:
            hold = ", ".join(self._elements) or "no element"
            raise Refusal("basis", f"{self.id} holds no '{symbol}': it holds {hold}")
        return self._elements[symbol]

    @property
    def elements(self) -> dict[str, float]:
        """Atoms of each element in one entity."""
        return dict(self._elements)

    @property
    def mass(self) -> float:
        """Grams of all its compounds, payloads among them, in one mole of entities."""
        own = chemistry.molar_mass(self.molecule.formula) if self.molecule is not None else 0.0
        carried = sum(self.carried(payload) * load(payload.agent).mass for payload in self.payloads)
        return own + sum(grams for _, grams in self._solids) + carried

    @property
    def stock_entities(self) -> float:
        """Moles of entities per litre of the suspension or solution as sold."""
        if self.gas is not None and self.gas.concentration is not None:
            return self.gas.concentration.number * 1e3 / AVOGADRO
        if self.stock is None:
            raise Refusal("stock", f"{self.id}: no stock concentration; write stock = {{ value = ..., basis = ... }}")
        return self._entities(self.stock.value.quantity, self.stock.basis, self._per_entity_of_stock(self.stock.basis))

    def _per_entity_of_stock(self, basis: str) -> dict[str, float]:
        """Amounts of a basis in one mole of entities, as far as known before the stock itself is."""
        dissolved = [p for p in self.payloads if p.concentration is not None]
        held = {symbol for p in dissolved for symbol in load(p.agent)._elements}
        if basis == "suspension" or (dissolved and (basis in held or basis in [p.agent for p in dissolved])):
            what = f"{self.id}: a stock counted by {basis} does not tell how many particles it holds"
            raise Refusal("stock", f"{what}; count it by {self.entity}, or by an element of the core")
        if not dissolved or basis == "compound":
            return self.per_entity(basis)
        if basis == self.entity:
            return {"mol/L": 1.0, "1/L": AVOGADRO}
        atoms = self._atoms_with(tuple(p for p in self.payloads if p.concentration is None)).get(basis)
        if atoms is None:
            raise UnitError(f"unknown basis '{basis}' of the stock of {self.id}: write {self.entity} or an element")
        return {"mol/L": atoms, "g/L": atoms * chemistry.ATOMIC_WEIGHT[basis]}

    # ------------------------------------------------------------------------------------- conversions

    def bases(self) -> dict[str, str]:
        """Ways to count this formulation, and what each takes."""
        known = {self.entity: "mol/L or 1/mL"}
        known |= {symbol: "mol/L or mg/mL" for symbol in self._elements if symbol not in "HCNO"}
        if self.molecule is not None or self._solids:
            known["compound"] = "mg/mL or mol/L"
        if self.gas is not None:
            known["gas"] = "volume fraction"
        if self.stock is not None or (self.gas is not None and self.gas.concentration is not None):
            known["suspension"] = "volume fraction"
        known |= {payload.agent: "mol/L" for payload in self.payloads}
        return known

    def per_entity(self, basis: str) -> dict[str, float]:
        """Amounts of a basis in one mole of entities: mol, g, number or L."""
        if basis in ("particle", "molecule"):
            if basis != self.entity:
                raise UnitError(f"{self.id} is counted by {self.entity}, not by {basis}")
            return {"mol/L": 1.0, "1/L": AVOGADRO} | ({"g/L": self.mass} if self.mass else {})
        if basis == "compound" and self.molecule is not None:
            return {"g/L": chemistry.molar_mass(self.molecule.formula), "mol/L": 1.0}
        if basis == "compound" and self._solids:
            main, grams = self._solids[0]
            return {"g/L": grams} | ({"mol/L": grams / chemistry.molar_mass(main)} if main else {})
        if basis == "gas" and self.gas is not None:
            return {"1": self.gas.mean_volume * 1e-15 * AVOGADRO}  # um^3 -> L
        if basis == "suspension":
            return {"1": 1 / self.stock_entities}
        for payload in self.payloads:
            if basis == payload.agent:
                return {"mol/L": self.carried(payload)}
        if basis in self._elements:
            atoms = self._elements[basis]
            return {"mol/L": atoms, "g/L": atoms * chemistry.ATOMIC_WEIGHT[basis]}
        known = self.bases()
        raise UnitError(
            f"unknown basis '{basis}' of {self.id}: {near(basis, known) or 'write one of ' + ', '.join(known)}"
        )

    def _entities(self, amount: Any, basis: str, factors: Mapping[str, float]) -> float:
        """Moles of entities per litre in an amount of a basis."""
        for unit, factor in factors.items():
            try:
                found = magnitude(amount, unit, "concentration")
            except UnitError:
                continue
            if not isinstance(found, float):
                raise UnitError("a concentration is one number: make one for each of a list")
            if not math.isfinite(found) or found < 0:
                raise Refusal("negative", f"concentration of {amount} ({basis}): it must be finite, 0 or more")
            if factor == 0:
                raise Refusal("basis", f"{self.id} holds no {basis}")
            if unit == "1" and found > 1:
                raise Refusal("fraction", f"{basis} of {amount}: a share of the volume is at most 1")
            return found / factor
        magnitude(amount, next(iter(factors)), f"a concentration counted by {basis}")  # says what is wrong
        raise UnitError(f"a concentration counted by {basis} takes {self.bases().get(basis, basis)}")

    def concentration(self, value: Any, basis: str = "") -> Concentration:
        """A concentration of this formulation, counted by a basis.

        Parameters
        ----------
        value : quantity or str
            Such as "1 mg/mL", "50 uM", "1e9 1/mL"; a volume fraction for gas and suspension.
        basis : str
            Element symbol, "compound", "particle", "molecule", "gas", "suspension" or a payload's id.
        """
        if not isinstance(basis, str) or not basis:
            known = ", ".join(f"'{known}'" for known in self.bases())
            raise UnitError(f"a concentration of {self.id} counts something: name one of {known} as its basis")
        factors = self.per_entity(basis)
        if isinstance(value, int | float) and "1" not in factors:
            raise UnitError(f"a concentration needs a unit: write Q({value}, 'mmol/L') or '{value} mg/mL'")
        if isinstance(value, str) and re.search(r"\b(OD|[Aa]bsorbance|optical density)\b|a\.u\.", value):
            raise UnitError(
                f"'{value[:40]}' is extinction (absorption and scattering) of one wavelength and path, "
                "no concentration: write it in mg/mL, mmol/L or 1/mL"
            )
        quantity = Q(float(value), "") if isinstance(value, int | float) else value
        return Concentration(self, self._entities(quantity, basis, factors), basis)

    def dose_entities(self, dose: Dose, body_mass: float) -> float:
        """Moles of entities of a dose in a body of that mass (kg)."""
        amount, factors = dose.value.quantity, self.per_entity(dose.basis)
        for unit in factors:
            whole = "L" if unit == "1" else unit.removesuffix("/L")
            for each, times in ((f"{whole}/kg", body_mass), (whole, 1.0)):
                if each == "1":
                    continue  # mg/kg has no dimension either, but it is no count
                try:
                    return float(magnitude(amount, each)) * times / factors[unit]
                except UnitError:
                    continue
        takes = ", ".join("mL" if u == "1" else u.removesuffix("/L") for u in factors)
        raise UnitError(f"dose of {self.id}: {dose.value} does not count {dose.basis}; write it in {takes} (per kg)")

    def replace(self, **changes: Any) -> Formulation:
        """The same formulation with some of its parts changed.

        Examples
        --------
        >>> gold = Formulation(id="gold", kind="nanoparticle", cores={"material": "gold", "diameter": "10 nm"})
        >>> gold.replace(id="gold-20", cores={"material": "gold", "diameter": "20 nm"}).cores[0].diameter.number
        20.0
        """
        return dataclasses.replace(self, **changes)

    def placed(self, tissue: Concentration | None) -> Formulation:
        """The same formulation at a concentration in the target: nothing of the record changes, so none is checked."""
        self.made_of  # noqa: B018  goes with the copy
        made = copy.copy(self)
        object.__setattr__(made, "tissue", tissue)
        return made

    def flags(self) -> tuple[Flag, ...]:
        """What a reader must know of the record itself."""
        found = []
        if self.gas is not None and self.gas.gas_volume is not None and self.gas.concentration is not None:
            ratio = self.gas.mean_volume / self.gas.mean_volume_of_sizes
            if not 0.5 < ratio < 2:
                message = f"gas volume and count give {ratio:.2g} times the mean volume of the stated sizes"
                found.append(Flag("gas-volume", message, "warn"))
        return tuple(found)


# --------------------------------------------------------------------------------------- from the catalogue


_ABOUT = ("source", "status", "note")  # what a record says of itself, not of a user's numbers


def _changed(base: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A record's parts with a user's changes; a table given for a part changes it key by key.

    Parts go in as they were read, so that each number keeps its own source and a user's number gets the user's.
    """
    parts = {f.name: getattr(base, f.name) for f in dataclasses.fields(base) if "spec" in f.metadata}
    table = {key: part for key, part in parts.items() if part not in (None, (), "") and key not in _ABOUT}
    names = {f.metadata["spec"].alias: f.name for f in dataclasses.fields(base) if "spec" in f.metadata}
    for key, new in changes.items():
        name = names.get(key, key)
        old = table.get(name)
        if isinstance(old, tuple) and len(old) == 1:
            old = old[0]
        table[name] = _changed(old, new) if isinstance(new, Mapping) and _is_record(old) else new
    return table


def _is_record(part: Any) -> bool:
    return dataclasses.is_dataclass(part) and not isinstance(part, Value)


def from_table(table: Mapping[str, Any], reader: Reader, path: tuple = ()) -> Formulation | None:
    """A formulation of a study: a whole one, or a catalogue record (`use`) with changes."""
    changes = {key: value for key, value in table.items() if key != "use"}
    if "use" not in table:
        return build(Formulation, table, reader, path)
    name = table["use"]
    known = records.ids("agents")
    if not isinstance(name, str) or name not in known:
        hint = near(str(name), known) or "run 'contrastphys list' for the known ones"
        reader.wrong((*path, "use"), f"no agent {str(name)[:60]!r} in the catalogue", hint)
        return None
    base = load(name)  # a faulty record says so with its own file and lines
    if not changes:
        return base
    before = len(reader.mistakes)
    made = build(Formulation, _changed(base, changes), reader, path)
    if made is None or len(reader.mistakes) > before:
        return None
    return made.replace(**{key: getattr(made, key) or getattr(base, key) for key in _ABOUT})


@functools.cache
def _loaded(path: Path, changed: int) -> Formulation:
    return records.load_record(Formulation, path)


# Agents being read in this thread or task: one that is met again carries itself.
_reading: ContextVar[tuple[str, ...]] = ContextVar("reading", default=())


def load(name: str | Formulation) -> Formulation:
    """A formulation of the catalogue by its id (a formulation passes through).

    Examples
    --------
    >>> load("gadoterate").basis
    'Gd'
    """
    if isinstance(name, Formulation):
        return name
    if not isinstance(name, str):
        raise UnitError(f"an agent is a Formulation or the id of one, not {type(name).__name__}")
    path = records.find("agents", name)
    above = _reading.get()
    if name in above:
        raise Refusal("payload", f"'{name}' carries itself ({' > '.join((*above, name))}): name another payload")
    token = _reading.set((*above, name))
    try:
        return _loaded(path, path.stat().st_mtime_ns)
    finally:
        _reading.reset(token)


def catalogue() -> list[str]:
    """Ids of every formulation of the catalogue, the user's own included."""
    return records.ids("agents")


def check(path: Any) -> Formulation:
    """A formulation of any TOML file, or a RecordError with every mistake in it."""
    file = Path(path)
    content, lines = records.read_toml(file)
    reader = records.reader_of(file, lines, content, sourced=False)
    made = from_table(content, reader)
    if made is None or reader.mistakes:
        raise RecordError(reader.mistakes)
    return made
