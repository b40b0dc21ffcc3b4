"""Fields of a record: each with a unit, a range and a meaning, read with every mistake at once.

A record is a frozen dataclass whose fields are made by `number`, `text`, `choice`, ... below. The same rules
read a TOML table (`build`, mistakes with file and line) and check what a Python caller gives (`settle`).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import numpy as np

from .mistakes import Mistake, RecordError, near, printable, shown, spoken
from .provenance import STATUSES, Value
from .showing import shows
from .unit_conversion import convert
from .unit_strings import parse
from .units import Q, UnitError, magnitude

REQUIRED = ...  # a field without a default
_VALUE_KEYS = ("value", "unit", "sd", "low", "high", "factor", "alternatives", "at", "source", "status", "note")


@shows("What a field takes", line="own")
@dataclass(frozen=True)
class Spec:
    """What one field of a record takes."""

    kind: str
    meaning: str = ""
    unit: str = "1"
    low: float = -np.inf
    high: float = np.inf
    options: tuple[str, ...] = ()
    folder: str = ""
    cls: Any = None
    many: bool = False
    required: bool = False
    alias: str = ""
    example: str = ""  # as it would stand in a file


def _field(spec: Spec, default: Any) -> Any:
    if default is REQUIRED:
        return field(metadata={"spec": dataclasses.replace(spec, required=True)})
    return field(default=default, metadata={"spec": spec})


def number(
    unit: str,
    low: float,
    high: float,
    *,
    default: Any = REQUIRED,
    many: bool = False,
    meaning: str = "",
    example: str = "",
) -> Any:
    """A number with a unit and the range it can have; `many` takes a list of conditions."""
    first = default[0] if isinstance(default, tuple) and default else default
    if isinstance(first, str):
        example = example or f'"{first}"'
    elif isinstance(first, int | float) and not isinstance(first, bool) and (first or not example):
        example = example or _written(first, unit)
    if isinstance(default, int | float) and not isinstance(default, bool):
        default = Value(float(default), unit, status="assumed", source="default", letter="A")
        default = (default,) if many else default
    return _field(Spec("number", meaning, unit, low, high, many=many, example=example), default)


def text(*, default: Any = "", many: bool = False, meaning: str = "") -> Any:
    """Free text."""
    return _field(Spec("text", meaning, many=many), default)


def choice(*options: str, default: Any = REQUIRED, many: bool = False, meaning: str = "") -> Any:
    """One of a few words."""
    return _field(Spec("choice", meaning, options=options, many=many), default)


def integer(low: int, high: int, *, default: Any = REQUIRED, meaning: str = "") -> Any:
    """A whole number."""
    return _field(Spec("integer", meaning, low=low, high=high), default)


def flag(*, default: bool = False, meaning: str = "") -> Any:
    """true or false."""
    return _field(Spec("flag", meaning), default)


def reference(folder: str, *, default: Any = REQUIRED, meaning: str = "") -> Any:
    """The id of another record of the catalogue."""
    return _field(Spec("reference", meaning, folder=folder), default)


def nested(cls: Any, *, default: Any = None, alias: str = "", meaning: str = "") -> Any:
    """A table of its own."""
    return _field(Spec("nested", meaning, cls=cls, alias=alias), default)


def several(cls: Any, *, alias: str = "", meaning: str = "") -> Any:
    """A list of tables; one table alone is a list of one."""
    return _field(Spec("nested", meaning, cls=cls, many=True, alias=alias), ())


def mapping(unit: str, low: float, high: float, *, meaning: str = "", default: Any = None) -> Any:
    """A table of names to numbers with a unit, such as { Al = "3 mm" }."""
    return _field(Spec("mapping", meaning, unit, low, high), default)


# --------------------------------------------------------------------------------------------- reading


@dataclass
class Reader:
    """Carries what every step of reading one input needs: its file, its lines, the mistakes so far."""

    file: str = ""
    lines: Mapping[tuple, int] = field(default_factory=dict)
    known: Callable[[str], list[str]] | None = None  # ids of a catalogue folder
    sourced: bool = False  # a catalogue: every number must name its source
    source: str = ""
    status: str = ""
    mistakes: list[Mistake] = field(default_factory=list)

    def line(self, path: tuple) -> int:
        """Line of the innermost part of a path that was seen in the file; 0 where there is no file."""
        if not self.lines:
            return 0
        ways, found = [()], 1
        for part in path[:8]:
            ways = [(*way, *more) for way in ways for more in ((part,), (0, part))]  # one table may be a list of one
            found = next((self.lines[way] for way in ways if way in self.lines), found)
        return found

    def wrong(self, path: tuple, what: str, write: str) -> None:
        self.mistakes.append(Mistake(self.file, self.line(path), spoken(path), what, write))


def _written(number: float, unit: str) -> str:
    """A number with its unit as it would stand in a file; temperatures as people say them."""
    if unit == "K" and 273.15 <= number < 373.15:
        return f'"{number - 273.15:g} degC"'
    return f"{number:g}" if unit == "1" else f'"{number:g} {unit}"'


def _least_to_most(spec: Spec, found: float) -> str:
    """The range of a field in words."""
    unit = "" if spec.unit == "1" else f" {spec.unit}"
    if spec.high >= 1e12 and found < spec.low:
        return f"{spec.low:g}{unit} or more"
    return f"a value from {spec.low:g} to {spec.high:g}{unit}"


def example(spec: Spec) -> str:
    """What a user could write for a field."""
    if spec.kind in ("number", "mapping"):
        unit, low, high = spec.unit.split(" | ")[0], max(spec.low, -1e300), min(spec.high, 1e300)
        if spec.example:
            return spec.example
        if unit == "K" and low <= 310.15 <= high:
            return _written(310.15, unit)
        if low > 0 and high / low >= 10:
            middle = (low * high) ** 0.5
        else:
            middle = 1.0 if low <= 1 and high >= 10 else (low + high) / 2
        return _written(float(f"{middle:.1g}"), unit)
    if spec.kind == "choice":
        return " or ".join(f'"{option}"' for option in spec.options)
    if spec.kind == "integer":
        return f"a whole number from {spec.low:.0f} to {spec.high:.0f}"
    if spec.kind == "flag":
        return "true or false"
    if spec.kind == "nested":
        needed = {key: each for key, each in specs(spec.cls).items() if each.required}
        return "{ " + ", ".join(f"{key} = {example(each)}" for key, each in needed.items()) + " }" if needed else "{ }"
    return '"..."'


def _plain(raw: Any, unit: Any, spec: Spec, spread: bool = False) -> float:
    """One number in the field's unit; UnitError, ValueError or OverflowError where it cannot be one.

    A `spread` of 1 degC is one of 1 K: the zero of its scale is taken off.
    """
    if isinstance(raw, bool):
        raise ValueError
    if isinstance(raw, int | float):
        if not unit:
            if spec.unit != "1":
                raise UnitError("")
            return float(raw)
        given = parse(f"{float(raw)!r} {unit}")
    elif isinstance(raw, str):
        if spec.unit != "1" and re.fullmatch(r"\s*[-+.\deE]+\s*", raw):
            raise UnitError("")
        given = parse(raw)
    elif hasattr(raw, "_units"):
        given = raw
    else:
        raise ValueError
    found = magnitude(given, spec.unit)
    if not isinstance(found, float):
        raise ValueError
    return found - float(magnitude(Q(0.0, given.units), spec.unit)) if spread and _offset(given) else found


def _offset(quantity: Any) -> bool:
    return any(str(name).startswith("degree_") for name in quantity._units)


def _number(reader: Reader, spec: Spec, raw: Any, path: tuple) -> Value | None:
    """A Value of what was written, or None after noting what is wrong with it."""
    if " | " in spec.unit:
        return _alternatives(reader, spec, raw, path)
    if isinstance(raw, list | tuple):
        reader.wrong(path, "a list where one number belongs", "write { low = ..., high = ... } for a range")
        return None
    if isinstance(raw, Value):
        if raw.unit == spec.unit:
            return _ranged(reader, spec, raw, path)
        try:
            zero, one = (convert(number, raw.unit, spec.unit) for number in (0.0, 1.0))
        except UnitError as error:
            reader.wrong(path, *_unit_mistake(raw.number, raw.unit, spec, error))
            return None
        moved = {key: getattr(raw, key) for key in ("number", "low", "high")}
        moved = {key: None if given is None else given * (one - zero) + zero for key, given in moved.items()}
        spread = None if raw.sd is None else raw.sd * abs(one - zero)
        known = tuple(each * (one - zero) + zero for each in raw.alternatives)
        return _ranged(reader, spec, raw.with_(unit=spec.unit, sd=spread, alternatives=known, **moved), path)
    parts: dict[str, Any] = {"value": raw}
    if isinstance(raw, dict) or raw is None:
        parts = {key: part for key, part in (raw or {}).items() if part is not None}
        unknown = [key for key in parts if key not in _VALUE_KEYS]
        for key in unknown:
            reader.wrong((*path, key), f"unknown key {shown(key)}", near(key, _VALUE_KEYS) or "remove it")
        if unknown:
            return None
        if not {"value", "alternatives"} & set(parts) and not ("low" in parts and "high" in parts):
            reader.wrong(path, "a number needs a value", f"write value = {example(spec)} or low and high")
            return None
    unit = parts.get("unit")
    if unit is not None and not isinstance(unit, str):
        reader.wrong((*path, "unit"), f"{shown(unit)} is no unit", f'write unit = "{spec.unit}"')
        return None
    conflict = parts.get("alternatives", ())
    if "alternatives" in parts and (not isinstance(conflict, list | tuple) or len(conflict) < 2):
        reader.wrong((*path, "alternatives"), "is no list of two or more", "write the values in conflict")
        return None
    factor = parts.get("factor")
    if factor is not None and (isinstance(factor, bool) or not isinstance(factor, int | float) or not 1 < factor < 1e6):
        reader.wrong((*path, "factor"), f"{shown(factor)} is no factor", "write a number above 1, such as 1.5")
        return None
    if len({"sd", "factor", "alternatives"} & set(parts)) > 1:
        reader.wrong(path, "has several kinds of spread", "write one of sd, factor, alternatives")
        return None
    parts = {**parts, **{f"alternative {i}": each for i, each in enumerate(conflict)}}
    numbers: dict[str, float] = {}
    for key in ("value", "sd", "low", "high", *(f"alternative {i}" for i in range(len(conflict)))):
        if parts.get(key) is None:
            continue
        try:
            if isinstance(parts[key], float) and not np.isfinite(parts[key]):
                raise OverflowError
            numbers[key] = _plain(parts[key], unit, spec, spread=key == "sd")
            if not np.isfinite(numbers[key]):
                raise OverflowError
        except UnitError as error:
            reader.wrong(path, *_unit_mistake(parts[key], unit, spec, error))
            return None
        except OverflowError:
            reader.wrong(path, f"{shown(parts[key])} is no finite number", f"write {example(spec)}")
            return None
        except ValueError:
            reader.wrong(path, f"{shown(parts[key])} is not a number", f"write {example(spec)}")
            return None
    low, high = numbers.get("low"), numbers.get("high")
    if low is not None and high is not None and low > high:
        reader.wrong(path, f"low {low:g} is above high {high:g}", "exchange them")
        return None
    if "value" in numbers and not (low or -np.inf) <= numbers["value"] <= (np.inf if high is None else high):
        what = f"value {numbers['value']:g} lies outside {_range(low, high)}"
        reader.wrong(path, what, "correct the value or its range")
        return None
    if numbers.get("sd", 0.0) < 0:
        reader.wrong(path, f"sd {numbers['sd']:g} is negative", "write a spread of 0 or more")
        return None
    known = tuple(numbers[f"alternative {i}"] for i in range(len(conflict)))
    if "value" in numbers:
        middle = numbers["value"]
    else:
        middle = known[0] if known else (numbers["low"] + numbers["high"]) / 2
    words = {key: parts.get(key, "") for key in ("source", "status", "at", "note")}
    for key, word in words.items():
        if not isinstance(word, str):
            reader.wrong((*path, key), f"{shown(word)} is not text", f'write {key} = "..."')
            return None
    if words["status"] and words["status"] not in STATUSES:
        reader.wrong(
            (*path, "status"),
            f"unknown status {shown(words['status'])}",
            f"write one of {', '.join(STATUSES)}",
        )
        return None
    source, status = words["source"] or reader.source, words["status"] or reader.status
    if reader.sourced and not (source and status):
        reader.wrong(path, "a number of the catalogue needs a source and a status", 'write source = "doi:..."')
        return None
    value = Value(
        middle, spec.unit, numbers.get("sd"), low, high, source=source, status=status or "user", letter="A",
        at=words["at"], note=words["note"], factor=None if factor is None else float(factor), alternatives=known,
    )  # fmt: skip
    return _ranged(reader, spec, value, path)


def _alternatives(reader: Reader, spec: Spec, raw: Any, path: tuple) -> Value | None:
    """A number whose field takes units of several kinds ("mmol/kg | mg/kg"): the first that fits."""
    units = spec.unit.split(" | ")
    if isinstance(raw, Value) and raw.unit in units:
        return raw
    trials = []
    for unit in units:
        trial = dataclasses.replace(reader, mistakes=[])
        made = _number(trial, dataclasses.replace(spec, unit=unit), raw, path)
        if made is not None:
            return made
        trials.append(trial.mistakes)
    # the kind that failed for another reason than its unit is what was meant
    meant = next((m for m in trials if "unit" not in m[0].what or m[0].what.startswith("unknown key")), None)
    if meant is not None:
        reader.mistakes.extend(meant)
    else:
        given, given_unit = (raw.get("value", raw), raw.get("unit")) if isinstance(raw, dict) else (raw, None)
        names = ["no unit" if each == "1" else each for each in units]
        what, write = "is in none of its units", f"write it in {', '.join(names[:-1])} or {names[-1]}"
        if isinstance(given, int | float) and given_unit is None:
            what = "has no unit"
        elif given_unit is not None:
            given = f"{given} {given_unit}"
        reader.wrong(path, f"{shown(given)} {what}", write)
    return None


def _range(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"low {low:g}" if low is not None else f"high {high:g}"
    return f"low {low:g} to high {high:g}"


def _unit_mistake(given: Any, unit: str | None, spec: Spec, error: UnitError) -> tuple[str, str]:
    """What is wrong with a number's unit, and what to write: the user's own number where it may be meant."""
    if isinstance(given, int | float) and unit is None:
        own = spec.low <= given <= spec.high
        return f"{shown(given)} has no unit", f'write "{given:g} {spec.unit}"' if own else f"write {example(spec)}"
    text = given if isinstance(given, str) else f"{given:g} {unit}" if isinstance(given, float) else f"{given} {unit}"
    comma = re.fullmatch(r"\s*(\d+),(\d+)(.*)", text)
    if comma:
        return f"{shown(text)} has a decimal comma", f'write "{comma[1]}.{comma[2]}{printable(comma[3])}"'
    if not re.match(r"\s*[-+.]*\d", text):
        return f"{shown(text)} is not a number with a unit", f"write {example(spec)}"
    if re.fullmatch(r"\s*[-+.\deE]+\s*", text):
        return f"{shown(text)} has no unit", f'write "{text.strip()} {spec.unit}"'
    why = f" ({error.why})" if error.why else ""
    return f"{shown(text)} is not in a unit of {spec.unit}{why}", f"write {example(spec)}"


def _ranged(reader: Reader, spec: Spec, value: Value, path: tuple) -> Value | None:
    for bound in (value.number, value.low, value.high, *value.alternatives):
        inside = spec.low - 1e-9 * abs(spec.low), spec.high + 1e-9 * abs(spec.high)
        if bound is not None and not inside[0] <= bound <= inside[1]:
            unit = "" if spec.unit == "1" else f" {spec.unit}"
            reader.wrong(path, f"{bound:g}{unit} cannot be", f"write {_least_to_most(spec, bound)}")
            return None
    return value


def _entries(raw: Any) -> list[Any]:
    """What a field of several was given, one by one; an array or a quantity of an array is a list."""
    if hasattr(raw, "_units") and np.ndim(raw.magnitude) == 1:
        return [type(raw)(number, raw.units) for number in raw.magnitude.tolist()]
    if isinstance(raw, np.ndarray) and raw.ndim == 1:
        return list(raw.tolist())
    return list(raw) if isinstance(raw, list | tuple) else [raw]


def _one(reader: Reader, spec: Spec, raw: Any, path: tuple) -> Any:
    """One converted entry of a field, or None after a mistake."""
    if isinstance(raw, np.generic) or (isinstance(raw, np.ndarray) and raw.ndim == 0):
        raw = raw.item()
    if spec.kind == "number":
        return _number(reader, spec, raw, path)
    if spec.kind == "nested":
        if isinstance(raw, spec.cls):
            return raw
        table = spec.cls.prepared(raw) if hasattr(spec.cls, "prepared") else raw
        if not isinstance(table, Mapping):
            reader.wrong(path, f"{shown(raw)} is not a table", f"write {example(spec)}")
            return None
        return build(spec.cls, table, reader, path)
    if spec.kind == "mapping":
        if not isinstance(raw, Mapping):
            reader.wrong(path, f"{shown(raw)} is not a table", f"write {{ Al = {example(spec)} }}")
            return None
        return {str(k): _number(reader, spec, v, (*path, str(k))) for k, v in raw.items()}
    if spec.kind == "integer":
        whole = isinstance(raw, int) and not isinstance(raw, bool)
        if not whole or not spec.low <= raw <= spec.high:
            reader.wrong(
                path, f"{shown(raw)} {'cannot be' if whole else 'is no whole number'}", f"write {example(spec)}"
            )
            return None
        return raw
    if spec.kind == "flag":
        if not isinstance(raw, bool):
            reader.wrong(path, f"{shown(raw)} is neither true nor false", "write true or false")
            return None
        return raw
    if not isinstance(raw, str):
        reader.wrong(path, f"{shown(raw)} is not text", f"write {example(spec)}")
        return None
    if spec.kind == "choice" and raw not in spec.options:
        reader.wrong(
            path, f"unknown {path[-1]} {shown(raw)}", near(raw, spec.options, 0.75) or f"write {example(spec)}"
        )
        return None
    if spec.kind == "reference" and reader.known is not None:
        ids = reader.known(spec.folder)
        if raw not in ids:
            hint = near(raw, ids) or f"known: {', '.join(sorted(ids)[:8])}{', ...' if len(ids) > 8 else ''}"
            reader.wrong(path, f"no record {shown(raw)} in {spec.folder}", hint)
            return None
    return raw


def specs(cls: Any) -> dict[str, Spec]:
    """Fields of a record class with what each takes, by the name used in a file."""
    return {
        f.metadata["spec"].alias or f.name: f.metadata["spec"] for f in dataclasses.fields(cls) if "spec" in f.metadata
    }


def build(cls: Any, table: Mapping[str, Any], reader: Reader, path: tuple = ()) -> Any:
    """An instance of a record class from a table, or None after noting every mistake in it."""
    before = len(reader.mistakes)
    own = {key: table[key] for key in ("source", "status") if isinstance(table.get(key), str)}
    if "status" in specs(cls) and own.get("status", "") not in ("", *STATUSES):
        what = f"unknown status {shown(own.pop('status'))}"
        reader.wrong((*path, "status"), what, f"write one of {', '.join(STATUSES)}")
    outer = {key: getattr(reader, key) for key in own}
    for key, word in own.items():  # a table's own source is that of the numbers in it
        setattr(reader, key, word)
    try:
        return _built(cls, table, reader, path, before)
    finally:
        for key, word in outer.items():
            setattr(reader, key, word)


def _built(cls: Any, table: Mapping[str, Any], reader: Reader, path: tuple, before: int) -> Any:
    names = {f.metadata["spec"].alias or f.name: f for f in dataclasses.fields(cls) if "spec" in f.metadata}
    plural = {f.name: key for key, f in names.items()}
    values: dict[str, Any] = {}
    meant: list[str] = []
    for key, raw in table.items():
        key_in = key if key in names else plural.get(key)
        if key_in is None:
            hint = near(key, names) or f"known keys: {', '.join(names)}"
            meant += get_close_matches(key, names, n=1, cutoff=0.6)
            reader.wrong((*path, key), f"unknown key {shown(key)}", hint)
            continue
        spec = names[key_in].metadata["spec"]
        here = (*path, key)
        if spec.many:
            entries = _entries(raw)
            if not entries:
                reader.wrong(here, "an empty list", f"write {example(spec)}")
                continue
            if len(entries) == 1:
                made = [_one(reader, spec, entries[0], here)]
            else:
                made = [_one(reader, spec, entry, (*here, i)) for i, entry in enumerate(entries)]
            values[names[key_in].name] = tuple(made)
        elif raw is None:
            continue
        else:
            values[names[key_in].name] = _one(reader, spec, raw, here)
    for key, f in names.items():
        given = key in table or f.name in table or key in meant
        if f.metadata["spec"].required and not given:
            reader.wrong(path, f"'{key}' is missing", f"write {key} = {example(f.metadata['spec'])}")
    if len(reader.mistakes) > before:
        return None
    try:
        return cls(**values)
    except RecordError as error:  # fields that do not fit each other
        for mistake in error.mistakes:
            parts = re.findall(r"[^.\[\]]+", mistake.key)
            inside = [int(part) - 1 if part.isdigit() else part for part in parts]
            reader.wrong((*path, *inside), mistake.what, mistake.write)
    return None


def settle(record: Any) -> None:
    """Convert and check what a record was given; called from its `__post_init__`.

    A record whose fields must fit each other has a method `misfits` that yields (key, what, write).
    """
    reader = Reader(file=type(record).__name__)
    for f in dataclasses.fields(record):
        spec, raw = f.metadata.get("spec"), getattr(record, f.name)
        if spec is None:
            continue
        if raw is None and f.default not in (None, dataclasses.MISSING):  # None takes the default
            object.__setattr__(record, f.name, f.default)
            continue
        if raw is None and f.default is None:
            continue
        if raw is None:
            reader.wrong((f.name,), "is missing", f"write {spec.alias or f.name} = {example(spec)}")
            continue
        if spec.kind == "number" and not spec.many and isinstance(raw, Value) and raw.unit == spec.unit:
            _ranged(reader, spec, raw, (f.name,))
            continue
        if spec.kind in ("text", "choice", "reference") and raw == "":
            continue
        if spec.many:
            entries = _entries(raw)
            if not entries and f.default:
                reader.wrong((f.name,), "an empty list", f"write {example(spec)}")
            made: Any = tuple(_one(reader, spec, entry, (f.name, i)) for i, entry in enumerate(entries))
        else:
            made = _one(reader, spec, raw, (f.name,))
        object.__setattr__(record, f.name, made)
    if not reader.mistakes and hasattr(record, "misfits"):
        for key, what, write in record.misfits():
            reader.wrong((key,) if key else (), what, write)
    if reader.mistakes:
        raise RecordError(reader.mistakes)


def values(record: Any, path: tuple = ()) -> Iterator[tuple[str, Value]]:
    """Every number of a record with the path of its key."""
    for f in dataclasses.fields(record):
        held = getattr(record, f.name)
        for i, item in enumerate(held if isinstance(held, tuple) else (held,)):
            here = (*path, f.name, i) if isinstance(held, tuple) and len(held) > 1 else (*path, f.name)
            if isinstance(item, Value):
                yield spoken(here), item
            elif isinstance(item, dict):
                for key, value in item.items():
                    if isinstance(value, Value):
                        yield spoken((*here, key)), value
            elif dataclasses.is_dataclass(item):
                yield from values(item, here)
