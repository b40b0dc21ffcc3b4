"""A record as TOML, ready to use in a study or to add to the catalogue."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

from .provenance import Value

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def _text(word: str) -> str:
    return json.dumps(word, ensure_ascii=False).replace("\x7f", "\\u007f")


def _number(value: float) -> str:
    shown = repr(float(value))
    return shown if any(mark in shown for mark in ".en") else f"{shown}.0"


def _value(value: Value) -> str:
    """A number with its unit, spread, source and status, as an inline table."""
    parts = [f"value = {_number(value.number)}"]
    if value.unit != "1":
        parts.append(f"unit = {_text(value.unit)}")
    if value.alternatives:
        parts.append(f"alternatives = [{', '.join(_number(each) for each in value.alternatives)}]")
    for key in ("sd", "low", "high", "factor"):
        bound = getattr(value, key)
        if bound is not None:
            parts.append(f"{key} = {_number(bound)}")
    for key in ("at", "source", "status", "note"):
        word = getattr(value, key)
        if word and not (key == "status" and word == "user"):
            parts.append(f"{key} = {_text(word)}")
    return f"{{ {', '.join(parts)} }}"


def _inline(held: Any) -> str:
    """Whatever a field holds, on one line."""
    if isinstance(held, Value):
        return _value(held)
    if isinstance(held, bool):
        return "true" if held else "false"
    if isinstance(held, int | float):
        return str(held) if isinstance(held, int) else _number(held)
    if isinstance(held, str):
        return _text(held)
    if isinstance(held, tuple | list):
        return f"[{', '.join(_inline(item) for item in held)}]"
    if isinstance(held, Mapping):
        return f"{{ {', '.join(f'{_key(str(k))} = {_inline(v)}' for k, v in held.items())} }}"
    return f"{{ {', '.join(f'{key} = {_inline(item)}' for key, item in _fields(held))} }}"


def _key(word: str) -> str:
    return word if _BARE.match(word) else _text(word)


def _fields(record: Any) -> list[tuple[str, Any]]:
    """Keys of a record and what they hold, without what was left out."""
    found = []
    for field in dataclasses.fields(record):
        spec, held = field.metadata.get("spec"), getattr(record, field.name)
        if spec is None or held is None or held in ("", ()):
            continue
        default = held[0] if isinstance(held, tuple) and held else held
        if isinstance(default, Value) and default.source == "default":
            continue
        found.append((spec.alias or field.name, held))
    return found


def record_text(record: Any, inline: bool = False) -> str:
    """TOML of a record: a key a line, lists of tables as tables of their own, or `inline` for a table of a study.

    Examples
    --------
    >>> from contrastphys import Formulation
    >>> print(record_text(Formulation(id="dye", kind="molecule", molecule={"formula": "C43H47N2NaO6S2"})), end="")
    id = "dye"
    kind = "molecule"
    molecule = { formula = "C43H47N2NaO6S2" }
    """
    lines, tables = [], []
    for key, held in _fields(record):
        several = isinstance(held, tuple) and dataclasses.is_dataclass(held[0]) and not isinstance(held[0], Value)
        if several and not inline:
            for entry in held:
                tables += ["", f"[[{key}]]", *(f"{k} = {_inline(v)}" for k, v in _fields(entry))]
        else:
            lines.append(f"{_key(key)} = {_inline(held)}")
    return "\n".join([*lines, *tables]) + "\n"
