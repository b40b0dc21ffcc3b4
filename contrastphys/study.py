"""A study: what is compared, for whom, on which machines; and the way from it to cells.

The scenario turns each formulation's dose into a concentration in the target; every modality that applies then
answers under its protocol. Nothing here knows physics: a modality is a room with the same five doors.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import records
from .concentration import Concentration
from .files import read_toml_text, stands
from .formulation import LONGEST, MODALITIES, Formulation, check, from_table, load
from .mistakes import Mistake, RecordError, TooMany, legible, near, short, shown
from .provenance import Cell, Flag, Refusal, Value
from .schema import Reader, build, choice, integer, nested, number, settle, specs, text
from .showing import shows
from .units import UnitError


def room(modality: str) -> Any:
    """The module with the five doors of a modality, imported on use."""
    return importlib.import_module(f"contrastphys.{modality}.agents")


@shows("Target", line="written")
@dataclass(frozen=True, kw_only=True)
class Target:
    """Where the dose goes: a volume of distribution, a share of it per gram of tissue, or a concentration."""

    volume: str = choice("blood pool", "extracellular", default="blood pool")
    uptake: Value | None = number("%/g", 0, 1000, default=None, meaning="share of the dose in one gram of tissue")
    concentration: Value | None = number("mmol/L | mg/mL | 1/mL | 1", 0, 1e18, default=None)
    basis: str = text(meaning="what the concentration counts; each formulation's own basis if left out")

    @staticmethod
    def prepared(table: Any) -> Any:
        """A word alone is a volume of distribution."""
        return {"volume": table} if isinstance(table, str) else table

    def __post_init__(self) -> None:
        settle(self)

    def misfits(self) -> Iterable[tuple[str, str, str]]:
        if self.uptake is not None and self.concentration is not None:
            yield "uptake", "uptake and concentration exclude each other", "keep one of them"


@shows("Scenario", line="written")
@dataclass(frozen=True, kw_only=True)
class Scenario:
    """For whom a comparison is made and what counts as seen."""

    species: str = choice("human", "mouse", "rat", default="human")
    body_mass: Value | None = number("kg", 1e-3, 500, default=None, example='"70 kg"')
    target: Target = nested(Target, default=Target())
    temperature: Value = number("K", 273.15, 323.15, default=310.15)
    rose: Value = number("1", 1, 20, default=5.0, meaning="signal over noise that counts as seen")
    needs: tuple[str, ...] = choice(*MODALITIES, default=(), many=True, meaning="modalities that must see a probe")
    samples: int = integer(1, 1_000_000, default=300)
    seed: int = integer(0, 2**32 - 1, default=7)

    def __post_init__(self) -> None:
        settle(self)


@shows("{0.title}: study", "formulations", "scenario", "protocols", "file")
@dataclass(frozen=True)
class Study:
    """Formulations, scenario and protocols, checked and ready to compare."""

    formulations: tuple[Formulation, ...]
    scenario: Scenario = Scenario()
    protocols: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    title: str = ""
    file: str = ""
    text: str = ""
    components: Mapping[tuple[str, str], Any] = dataclasses.field(default_factory=dict)  # changed: (folder, id)

    def __post_init__(self) -> None:
        counts = Counter(formulation.id for formulation in self.formulations)
        twice = next((name for name, count in counts.items() if count > 1), None)
        if twice is not None:
            what, write = f"id '{twice}' stands twice", "give one of them an id of its own"
            raise RecordError([Mistake("study", 0, "formulations", what, write)])

    def protocol(self, modality: str) -> Any:
        """Protocol of a modality, with the scenario's temperature and Rose factor where it states none."""
        return self.protocols.get(modality) or _protocol(modality, {}, self.scenario, Reader(file="study"))


def _protocol(
    modality: str, table: Mapping[str, Any], scenario: Scenario | None, reader: Reader, path: tuple = ()
) -> Any:
    made = room(modality).Protocol
    shared: dict[str, Any] = {}
    for key in ("temperature", "rose") if scenario else ():
        if key in specs(made) and key not in table:
            shared[key] = getattr(scenario, key)
    return build(made, {**table, **shared}, reader, path)


# ------------------------------------------------------------------------------------------------ reading


def read(path: str | Path) -> Study:
    """A study of a TOML file; RecordError with every mistake in it, each with its line and what to write.

    Examples
    --------
    >>> shortlist = read(records.shipped_folder() / "studies" / "shortlist.toml")
    >>> len(shortlist.formulations) >= 12
    True
    """
    file = Path(path)
    source, content, lines = read_toml_text(file)
    reader = Reader(short(file), lines, records.ids, source="study", status="user")
    for key in content:
        if key not in ("title", "scenario", "protocol", "formulation"):
            hint = near(key, ("title", "scenario", "protocol", "formulation")) or "remove it"
            reader.wrong((key,), f"unknown key {shown(key)}", hint)
    title = content.get("title", legible(file.stem)[:LONGEST])
    if not isinstance(title, str):
        reader.wrong(("title",), f"{shown(title)} is not text", 'write title = "..."')
    elif len(title) > LONGEST:
        reader.wrong(("title",), f"is {len(title)} characters long", f"write at most {LONGEST}")
    scenario = _section(Scenario, content, "scenario", reader)
    tables = content.get("protocol", {})
    protocols: dict[str, Any] = {}
    if not isinstance(tables, dict):
        reader.wrong(("protocol",), f"{shown(tables)} is not a table", "write [protocol.mri], [protocol.xray], ...")
        tables = {}
    for modality, table in tables.items():
        here = ("protocol", modality)
        if modality not in MODALITIES:
            hint = near(modality, MODALITIES) or f"write one of {', '.join(MODALITIES)}"
            reader.wrong(here, f"unknown modality {shown(modality)}", hint)
        elif not isinstance(table, dict):
            reader.wrong(here, f"{shown(table)} is not a table", f"write [protocol.{modality}]")
        else:
            protocols[modality] = _protocol(modality, table, scenario, reader, here)
    formulations = _formulations(content, reader)
    if reader.mistakes:
        raise RecordError(reader.mistakes)
    return Study(tuple(formulations), scenario or Scenario(), protocols, str(title), legible(short(file)), source)


def _section(cls: Any, content: Mapping[str, Any], key: str, reader: Reader) -> Any:
    table = content.get(key, {})
    if not isinstance(table, dict):
        reader.wrong((key,), f"{shown(table)} is not a table", f"write [{key}]")
        return None
    return build(cls, table, reader, (key,))


def _formulations(content: Mapping[str, Any], reader: Reader) -> list[Formulation]:
    tables = content.get("formulation", [])
    if isinstance(tables, dict | str):
        tables = [tables]
    if not isinstance(tables, list) or not tables:
        reader.wrong(("formulation",), "no formulation to compare", 'write [[formulation]] with use = "gadoterate"')
        return []
    made: list[Formulation] = []
    known: set[str] = set()
    for i, table in enumerate(tables):
        here = ("formulation", i)
        if not isinstance(table, dict):
            name = table if isinstance(table, str) and len(table) <= 40 else "gadoterate"
            reader.wrong(here, f"{shown(table)} is not a table", f"write [[formulation]] with use = {shown(name)}")
            continue
        try:
            formulation = from_table(table, reader, here)
        except TooMany:
            raise
        except RecordError as error:  # a record of the catalogue that is itself faulty
            reader.mistakes.extend(error.mistakes)
            continue
        if formulation is None:
            continue
        if formulation.id in known:
            reader.wrong((*here, "id"), f"id '{formulation.id}' stands twice", "give this one an id of its own")
        known.add(formulation.id)
        made.append(formulation)
    return made


def of_folder(folder: str | Path) -> Study:
    """Every formulation of a folder, a TOML file each, by the names of the files; RecordError with every mistake.

    Examples
    --------
    >>> len(of_folder(records.shipped_folder() / "agents").formulations) >= 12
    True
    """
    found: list[Formulation] = []
    mistakes: list[Mistake] = []
    for file in sorted(Path(folder).glob("*.toml")):
        if file.name.startswith(".") or not file.is_file():  # what editors and systems leave there
            continue
        try:
            found.append(check(file))
        except RecordError as error:
            mistakes += error.mistakes
    if not found and not mistakes:
        write = "put a .toml file into it for each formulation, or give a study file"
        mistakes.append(Mistake(short(Path(folder)), 0, "", "is a folder that holds no formulations", write))
    if mistakes:
        raise RecordError(mistakes)
    return Study(tuple(found), title=legible(Path(folder).absolute().name)[:LONGEST])


def shortlist() -> Study:
    """The study that is compared when none is given."""
    return read(records.find("studies", "shortlist"))


def study_of(what: Any = None) -> Study:
    """A Study of whatever a caller has: nothing, a file, a folder of records, formulations or their ids."""
    if what is None:
        return shortlist()
    if isinstance(what, Study):
        return what
    if isinstance(what, Formulation):
        return Study((what,), title=what.name)
    if isinstance(what, str | Path):
        name, known = str(what), records.ids("agents")
        if name in known and not Path(what).is_file():
            return Study((load(name),), title=name)
        if near(name, known) and re.fullmatch(r"[\w-]+", name) and not stands(Path(what)):
            raise RecordError([Mistake(name, 0, "", "no such file or agent", near(name, known))])
        return of_folder(what) if stands(Path(what)) and Path(what).is_dir() else read(what)
    if isinstance(what, Iterable):
        formulations = tuple(load(item) for item in what)
        if not formulations:
            raise RecordError([Mistake("study", 0, "", "no formulation to compare", "name one, such as 'gadoterate'")])
        return Study(formulations, title="comparison")
    raise UnitError(f"a study is a file, a folder, a Study or a list of agents, not {type(what).__name__}")


# ------------------------------------------------------------------------------------- dose to concentration


def place(formulation: Formulation, scenario: Scenario) -> tuple[Formulation, Cell]:
    """The formulation at its concentration in the target, and the cell that shows where it is from."""
    conditions = {"species": scenario.species}
    try:
        concentration, how, flags = _placed(formulation, scenario)
    except (Refusal, UnitError) as error:
        refusal = error if isinstance(error, Refusal) else Refusal("dose", str(error))
        return formulation, Cell.refused(formulation.id, "dose", "tissue_concentration", conditions, refusal)
    placed = formulation.placed(concentration)
    if concentration.basis == "particle" and formulation.kind in ("bubble", "droplet"):
        concentration = concentration.to("particle", "1/mL")
    number_shown, unit = concentration.shown
    cell = Cell(
        formulation.id, "dose", "tissue_concentration", {**conditions, "basis": concentration.basis, "from": how},
        number_shown, unit, letter="A", source=how, flags=flags, status="assumed",
    )  # fmt: skip
    return placed, cell


def _placed(formulation: Formulation, scenario: Scenario) -> tuple[Concentration, str, tuple[Flag, ...]]:
    target, basis = scenario.target, formulation.basis
    if basis not in formulation.bases():
        basis = formulation.entity
    if formulation.target is not None:
        explicit = formulation.target
        return formulation.concentration(explicit.value.quantity, explicit.basis), "stated for this formulation", ()
    if target.concentration is not None:
        counted = target.basis or basis
        return formulation.concentration(target.concentration.quantity, counted), "stated in the scenario", ()
    dose = formulation.dose
    if dose is None:
        raise Refusal(
            "no-dose", f"{formulation.id}: no dose; write dose = {{ value = '0.1 mmol/kg', basis = '{basis}' }}"
        )
    row = distribution(scenario)
    mass = body_mass(scenario)
    entities = formulation.dose_entities(dose, mass)
    flags: list[Flag] = []
    if dose.species and dose.species != scenario.species:
        message = f"dose stated for {dose.species}, used for {scenario.species}: mg/kg do not carry over"
        flags.append(Flag("dose-species", message, "warn"))
    if target.uptake is not None:
        per_litre = entities * target.uptake.number / 100 * 1000  # tissue of 1 g/mL
        how = f"{dose.value} ({dose.basis}) x {target.uptake.number:g} %/g"
    else:
        per_litre = entities / (row["volume"] * mass)
        how = f"{dose.value} ({dose.basis}) in {row['volume']:g} L/kg ({target.volume})"
        flags.append(Flag("first-pass", f"whole dose in the {target.volume}, before any leaves it", "note"))
    return Concentration(formulation, per_litre, basis), how, tuple(flags)


def body_mass(scenario: Scenario) -> float:
    """Body mass of the subject, kg: the scenario's, else the table's for its species."""
    return scenario.body_mass.number if scenario.body_mass is not None else float(distribution(scenario)["body_mass"])


def distribution(scenario: Scenario) -> dict[str, Any]:
    """The table's row for the species and compartment of a scenario: volume [L/kg] and body mass [kg]."""
    table = records.table("media/distribution.csv")
    wanted = (scenario.species, scenario.target.volume)
    at = list(zip(table["species"], table["compartment"], strict=True)).index(wanted)
    return {key: column[at] for key, column in table.columns.items()}


# ---------------------------------------------------------------------------------------------- the cells


@functools.cache
def _keep_memory() -> None:
    """Let the allocator keep what arrays give back, for the life of the process.

    glibc hands free memory above 128 kB back to the system at once, and to fetch it anew takes three times as long as
    the arithmetic on the arrays of a population. A large block that is freed, untouched, raises that limit to 16 MB;
    other allocators take no notice of it.
    """
    np.empty(1_000_000)


def respond(formulation: Formulation, modality: str, protocol: Any) -> list[Cell]:
    """Every cell of one formulation in one modality; a model that does not apply is a refused cell."""
    doors = room(modality)
    if not doors.applies(formulation):
        return []
    _keep_memory()
    found: list[Cell] = []
    for door in (doors.respond, doors.detection_limit):
        try:
            found += door(formulation, protocol)
        except Refusal as why:
            found.append(Cell.refused(formulation.id, modality, "c_min", {}, why))
    unique = {(c.quantity, tuple(c.conditions.items())): c for c in reversed(found)}
    return list(reversed(unique.values()))


def cells(study: Study, step: Callable[[str], None] | None = None) -> list[Cell]:
    """All cells of a study, formulation by formulation; `step` is told what is done."""
    protocols = {modality: study.protocol(modality) for modality in MODALITIES}
    found: list[Cell] = []
    with records.using(study.components):
        for formulation in study.formulations:
            placed, where = place(formulation, study.scenario)
            found.append(where)
            for modality in MODALITIES:
                found += respond(placed, modality, protocols[modality])
            if step is not None:
                step(formulation.id)
    return found
