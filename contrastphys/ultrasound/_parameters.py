"""Frozen records with units at the door: the dataclass counterpart of `units.quantities`.

A field made by `parameter` states unit, checked range and meaning; the class decorator
`takes_quantities` lets the constructor take quantities or strings, and adds the constructor `bare` for plain
floats in the stated units.
"""

from __future__ import annotations

from dataclasses import MISSING, field, fields
from typing import Any, TypeVar

from ..units import Q, quantities, ureg

# Pint's decibel is a logarithm that cannot be scaled or summed; attenuation needs a linear one.
if "amplitude_decibel" not in ureg:
    ureg.define("amplitude_decibel = 0.11512925464970229 = dB_amplitude")

T = TypeVar("T")


def parameter(unit: str, low: float, high: float, meaning: str, default: Any = MISSING) -> Any:
    """Field of a record: unit, range of validity, meaning, and a default in that unit."""
    return field(default=default, metadata={"unit": unit, "low": low, "high": high, "meaning": meaning})


def takes_quantities(cls: type[T]) -> type[T]:
    """Let the constructor of a frozen dataclass take quantities; `cls.bare(...)` takes plain floats."""
    table = {
        item.name: tuple(item.metadata[key] for key in ("unit", "low", "high", "meaning"))
        for item in fields(cls)  # type: ignore[arg-type]
        if "unit" in item.metadata
    }
    plain = cls.__init__  # type: ignore[misc]
    plain.__doc__ = cls.__doc__
    door = quantities(None, **table)(plain)
    doc, door.__doc__ = door.__doc__, None

    def bare(*args: Any, **kwargs: Any) -> T:
        """Build from plain floats in the units of the table."""
        made = object.__new__(cls)
        plain(made, *args, **kwargs)
        return made

    def changed(self: Any, **changes: Any) -> Any:
        """Copy with other plain values in the units of the table."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return type(self).bare(**{**values, **changes})

    cls.__init__ = door  # type: ignore[misc]
    cls.__doc__ = doc
    cls.bare = staticmethod(bare)  # type: ignore[attr-defined]
    cls.changed = changed  # type: ignore[attr-defined]
    cls.table = door.table  # type: ignore[attr-defined]
    return cls


def decibel_per_cm(per_metre: Any) -> Any:
    """Attenuation given in dB/m as a quantity that converts and adds (dB of amplitude, per cm)."""
    return Q(per_metre / 100, "amplitude_decibel/cm")
