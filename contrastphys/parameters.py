"""Parameters of a study by name: what can be changed, how it is read, and the study with it changed.

A parameter is named by its path, as a study file spells it: "scenario.body_mass", "formulation.gadoterate.dose",
"formulation.spion-18.core.diameter", "protocol.mri.field", "protocol.mri.t1[3 T]"; a record of the catalogue by its
folder and name: "cores.magnetite.saturation_magnetisation", "gases.C4F10.diffusivity" (changed for this study alone).
Entries of a list are counted from one: "core[2].diameter". Where a study holds one formulation, "core.diameter" is
enough.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from . import records
from .formulation import Formulation
from .mistakes import Mistake, RecordError, near
from .parts import Amount, Dose, Measured
from .provenance import Value
from .schema import Spec, specs
from .showing import shows
from .study import MODALITIES, Study
from .units import UnitError, magnitude

_HEADS = ("scenario", "protocol", "formulation")
_WORDS = ("id", "label", "source", "status", "note", "meaning")  # say something of a record, change nothing in it
# Changing one of these makes another probe of it: what was measured of the first does not hold for the second.
STRUCTURE = ("cores", "shells", "payloads", "molecule", "gas", "liquid", "hydrodynamic_diameter", "spectrum", "kind")


def wrong(where: str, what: str, write: str, key: str = "") -> RecordError:
    """One mistake of a caller, told like those of a file."""
    return RecordError([Mistake(where, 0, key, what, write)])


@shows("{0.path}", "held", "unit", line="own")
class Parameter(NamedTuple):
    """One parameter of a study: its path, the way to it, what it takes and what it holds."""

    path: str
    keys: tuple[Any, ...]
    spec: Spec
    held: Any

    @property
    def unit(self) -> str:
        """Unit its numbers are in: that of the number it holds, else the first its field takes."""
        found = self.held[0] if isinstance(self.held, tuple) and self.held else self.held
        return found.unit if isinstance(found, Value) else self.spec.unit.split(" | ")[0]

    @property
    def numeric(self) -> bool:
        """Whether it is a number with a unit."""
        return self.spec.kind in ("number", "mapping")


def _inside(record: Any, path: str, keys: tuple[Any, ...]) -> Iterator[Parameter]:
    """Every parameter of a record and of the records in it."""
    for field in (f for f in dataclasses.fields(record) if "spec" in f.metadata):
        spec = field.metadata["spec"]
        name = spec.alias or field.name
        held, here, way = getattr(record, field.name), f"{path}.{name}", (*keys, field.name)
        if name in _WORDS or (name == "value" and isinstance(record, Amount | Dose | Measured)):
            continue  # the number of an amount goes by the amount's own name
        if spec.kind == "mapping":
            for key in held or {}:
                yield Parameter(f"{here}[{key}]", (*way, key), spec, held[key])
        elif spec.kind == "nested":
            entries = held if isinstance(held, tuple) else (held,)
            for i, entry in enumerate(entries):
                there = f"{here}[{i + 1}]" if len(entries) > 1 else here
                onward = (*way, i) if isinstance(held, tuple) else way
                if spec.cls in (Amount, Dose, Measured):
                    inner = specs(spec.cls)["value"]
                    yield Parameter(there, (*onward, "value"), inner, entry.value if entry is not None else None)
                if entry is not None:
                    yield from _inside(entry, there, onward)
        else:
            yield Parameter(here, way, spec, held)
            if spec.many and isinstance(held, tuple) and len(held) > 1:
                one = dataclasses.replace(spec, many=False)
                for i, entry in enumerate(held):
                    yield Parameter(f"{here}[{i + 1}]", (*way, i), one, entry)


def parameters(study: Study, within: str = "") -> Iterator[Parameter]:
    """Every parameter of a study whose path begins with `within`."""
    if _overlap("scenario", within):
        yield from _inside(study.scenario, "scenario", ("scenario",))
    for modality in MODALITIES:
        if _overlap(f"protocol.{modality}", within):
            yield from _inside(study.protocol(modality), f"protocol.{modality}", ("protocols", modality))
    for i, formulation in enumerate(study.formulations):
        if _overlap(f"formulation.{formulation.id}", within):
            yield from _inside(formulation, f"formulation.{formulation.id}", ("formulations", i))


def _overlap(head: str, within: str) -> bool:
    return f"{within}.".startswith(f"{head}.") or f"{head}.".startswith(f"{within}.") or not within


def names(study: Study, within: str = "") -> list[str]:
    """Paths of every parameter of a study.

    Examples
    --------
    >>> from contrastphys.study import study_of
    >>> names(study_of("gadoterate"), "scenario")[:2]
    ['scenario.species', 'scenario.body_mass']
    """
    return [parameter.path for parameter in parameters(study, within)]


CATALOGUE = "catalogue"


def _component(study: Study, path: str) -> Iterator[Parameter] | None:
    """Parameters of the catalogue's record a path begins with, such as "cores.magnetite"; None for any other path."""
    folder, _, rest = path.strip().partition(".")
    if folder not in records.KINDS:
        return None
    names = [n for n in records.ids(folder) if rest == n or rest.startswith(f"{n}.")]
    if not names:
        return None
    name = max(names, key=len)
    held = study.components.get((folder, name)) or records.component(folder, name)
    return _inside(held, f"{folder}.{name}", (CATALOGUE, (folder, name)))


def _spelled(study: Study, path: str) -> list[str]:
    """A path in full, in each way it can be meant: the only formulation, or the word itself, may be left out."""
    if not isinstance(path, str):
        raise UnitError(f"a parameter is named by its path, such as 'scenario.body_mass', not {type(path).__name__}")
    full = path.strip()
    for name, key in (("cores", "core"), ("shells", "shell"), ("payloads", "payload")):
        full = re.sub(rf"(^|\.){name}(?=[.\[])", rf"\1{key}", full)
    if full.split(".")[0] in _HEADS:
        return [full]
    spelled = [f"formulation.{study.formulations[0].id}.{full}"] if len(study.formulations) == 1 else []
    if any(full.startswith(f"{f.id}.") for f in study.formulations):
        spelled.append(f"formulation.{full}")
    return spelled or [full]


def find(study: Study, path: str) -> Parameter:
    """The parameter of a path; RecordError with the nearest one where there is none."""
    of_catalogue = _component(study, path) if isinstance(path, str) else None
    ways = _spelled(study, path) if of_catalogue is None else [path.strip()]
    full = ways[-1]
    spellings: set[str] = set()
    for way in ways:
        first = re.sub(r"\[1\](?=\.|$)", "", way)  # the first of one
        spellings |= {way, first, first.removesuffix(".value"), f"{first}.value"}
    head = full.split(".")
    within = ".".join(head[:2]) if head[0] == "protocol" and len(head) > 1 and head[1] in MODALITIES else head[0]
    known: list[str] = []
    if of_catalogue is None:
        of_catalogue = parameters(study, within if within in ("scenario", "formulation") or "." in within else "")
    for parameter in of_catalogue:
        if parameter.path in spellings:
            return parameter
        known.append(parameter.path)
    if not known:
        known = names(study)
    stem, _, tail = full.rpartition(".")
    beside = [k for k in known if k.rpartition(".")[0] == stem]
    if beside:  # the record is known: only its last word is not
        guess = near(tail, [k.rpartition(".")[2] for k in beside]).replace("'", f"'{stem}.", 1)
    else:
        guess = near(full, known)
    hint = guess or f"known are for example {', '.join(beside[:6] or known[:6])}"
    raise wrong("study", f"no parameter '{str(path)[:80]}'", hint)


# ----------------------------------------------------------------------------------------- reading values


def number(parameter: Parameter, raw: Any) -> Value:
    """A number for a parameter, in one of its units and inside its range."""
    if isinstance(raw, Value):
        raw = raw.quantity
    units = [parameter.unit, *(u for u in parameter.spec.unit.split(" | ") if u != parameter.unit)]
    why: UnitError | None = None
    for unit in units:
        try:
            found = float(np.asarray(magnitude(raw, unit, parameter.path)).item())
        except UnitError as error:
            why = why or error
            continue
        except ValueError:
            raise UnitError(f"{parameter.path} takes one number, not several") from None
        low, high = parameter.spec.low, parameter.spec.high
        if not low <= found <= high:  # also where it is not a number
            shown = "" if unit == "1" else f" {unit}"
            what = f"{found:g}{shown} cannot be"
            raise RecordError(
                [Mistake("study", 0, parameter.path, what, f"write a value from {low:g} to {high:g}{shown}")]
            )
        return Value(found, unit, source="set by the caller", status="user", letter="A")
    raise why or UnitError(f"{parameter.path} takes a number")


def setting(parameter: Parameter, raw: Any) -> Any:
    """What is set for a raw value: a Value, a tuple of them, or the word or whole number itself."""
    if not parameter.numeric:
        return raw
    if parameter.spec.many and isinstance(raw, list | tuple):
        return tuple(number(parameter, entry) for entry in raw)
    made = number(parameter, raw)
    return (made,) if parameter.spec.many else made


def listed(raw: Any) -> list[Any]:
    """Entries of what a caller gives as several values: a list, an array, a quantity of many numbers."""
    if hasattr(raw, "magnitude") and np.ndim(raw.magnitude):
        return [type(raw)(float(entry), raw.units) for entry in np.asarray(raw.magnitude).ravel()]
    if isinstance(raw, str) or hasattr(raw, "magnitude") or not isinstance(raw, Iterable):
        return [raw]
    return [entry.item() if isinstance(entry, np.generic) else entry for entry in raw]


# --------------------------------------------------------------------------------------------- setting


def put(record: Any, keys: tuple[Any, ...], made: Any) -> Any:
    """A record (or tuple, or mapping) with what lies at the end of `keys` changed."""
    if not keys:
        return made
    key, rest = keys[0], keys[1:]
    if isinstance(record, tuple):
        changed = put(record[key], rest, made)
        return (*record[:key], changed, *record[key + 1 :])
    if isinstance(record, Mapping):
        return {**record, key: put(record.get(key), rest, made)}
    held = getattr(record, key)
    if held is None and rest == ("value",):  # an amount where none was stated, in the record's own basis
        cls = next(s.cls for n, s in specs(type(record)).items() if key == n)
        return dataclasses.replace(record, **{key: cls(value=made, basis=record.basis)})
    return dataclasses.replace(record, **{key: put(held, rest, made)})


def changed(study: Study, values: Mapping[Parameter, Any] | Mapping[str, Any], same_probe: bool = False) -> Study:
    """A study with parameters set to values, checked as if they had been read from a file.

    Parameters
    ----------
    study : Study
    values : mapping
        Parameter or its path to a value: a quantity, a string with a unit, a word or a whole number.
    same_probe : bool
        True where a change of a core, shell or payload is another guess at the same probe, so that what was
        measured of it still holds; by default it is another probe, and its measured rows are dropped.

    Examples
    --------
    >>> from contrastphys.study import study_of
    >>> changed(study_of("gadoterate"), {"dose": "0.2 mmol/kg"}).formulations[0].dose.value.number
    0.2
    """
    made = study
    for key, raw in values.items():
        parameter = find(study, key) if isinstance(key, str) else key
        new = setting(parameter, raw)
        head, *way = parameter.keys
        if head == CATALOGUE:
            place, *inner = way
            record = put(made.components.get(place) or records.component(*place), tuple(inner), new)
            made = dataclasses.replace(made, components={**made.components, place: record})
        elif head == "scenario":
            made = _rescened(made, dataclasses.replace(made, scenario=put(made.scenario, tuple(way), new)))
        elif head == "protocols":
            modality, *inner = way
            protocol = put(made.protocol(modality), tuple(inner), new)
            made = dataclasses.replace(made, protocols={**made.protocols, modality: protocol})
        else:
            i, *inner = way
            formulation = put(made.formulations[i], tuple(inner), new)
            if inner[0] in STRUCTURE and not same_probe and formulation.measured:
                formulation = dataclasses.replace(formulation, measured=())
            made = dataclasses.replace(made, formulations=put(made.formulations, (i,), formulation))
    return made


def _rescened(before: Study, after: Study) -> Study:
    """A study whose protocols follow its new scenario where they followed the old one."""
    protocols = dict(after.protocols)
    for modality, protocol in protocols.items():
        follow = {
            key: getattr(after.scenario, key)
            for key in ("temperature", "rose")
            if getattr(protocol, key, None) == getattr(before.scenario, key)
        }
        if follow and any(getattr(protocol, key) != value for key, value in follow.items()):
            protocols[modality] = dataclasses.replace(protocol, **follow)
    return dataclasses.replace(after, protocols=protocols)


# What a measured row is of tells which modality reads it.
_READ_BY = {
    "mri": ("r1", "r2", "r2_star"),
    "xray": ("enhancement_per_mass", "enhancement_per_mole"),
    "photoacoustic": ("molar_absorption", "molar_extinction", "peak_wavelength"),
    "ultrasound": ("attenuation", "resonance_frequency"),
}


def reaches(parameter: Parameter, formulation: Formulation, modality: str) -> bool:
    """Whether a parameter can change what a modality sees of a formulation.

    The modality "dose" stands for the concentration in the target.
    """
    head, *way = parameter.path.split(".")
    if head == "protocol":
        return way[0] == modality
    if head == "scenario" or parameter.keys[0] == CATALOGUE:
        return True
    if not parameter.path.startswith(f"formulation.{formulation.id}."):
        return False
    if parameter.keys[2] == "measured" and len(parameter.keys) > 3:
        quantity = formulation.measured[parameter.keys[3]].quantity
        return quantity in _READ_BY.get(modality, ()) or not any(quantity in read for read in _READ_BY.values())
    return True


def uncertain(study: Study) -> list[Parameter]:
    """Every number of a study that is stated with a spread, a range or alternatives.

    Conditions of a measured row are left out: they say where the row holds.
    """
    found = {
        p.keys: p
        for p in parameters(study)
        if isinstance(p.held, Value) and _spread(p.held) and not ("measured" in p.keys and p.keys[-1] != "value")
    }
    whole = {p.keys for p in parameters(study) if isinstance(p.held, tuple) and len(p.held) == 1}
    for p in parameters(study):  # a list of one number is named by the list
        if p.keys in whole and isinstance(p.held[0], Value) and _spread(p.held[0]):
            found[p.keys] = p._replace(held=p.held[0])
    return list(found.values())


def _spread(value: Value) -> bool:
    ranged = value.low is not None and value.high is not None and value.high > value.low
    return bool(value.sd or value.factor or value.alternatives) or ranged
