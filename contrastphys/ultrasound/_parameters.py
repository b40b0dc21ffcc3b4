"""Frozen records with units at the door: the dataclass counterpart of `units.quantities`.

A field made by `parameter` states unit, checked range and meaning; the class decorator
`takes_quantities` lets the constructor take quantities or strings, and adds the constructor `bare` for plain
floats in the stated units.
"""

from __future__ import annotations

from dataclasses import MISSING, field, fields
from typing import Any, Self, TypeVar

from ..showing import html_of, page, text_of
from ..units import Q, quantities

T = TypeVar("T")


def parameter(unit: str, low: float, high: float, meaning: str, default: Any = MISSING) -> Any:
    """Field of a record: unit, range of validity, meaning, and a default in that unit."""
    return field(default=default, metadata={"unit": unit, "low": low, "high": high, "meaning": meaning})


class Record:
    """Base of frozen dataclasses with units at the door."""

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def _repr_html_(self) -> str:
        return html_of(page(self, type(self).__name__))

    def __str__(self) -> str:
        return text_of(page(self, type(self).__name__))

    @classmethod
    def bare(cls, *args: Any, **kwargs: Any) -> Self:
        """Build from plain floats in the units of the table."""
        made = object.__new__(cls)
        cls._plain_init(made, *args, **kwargs)  # type: ignore[attr-defined]
        return made

    def changed(self, **changes: Any) -> Self:
        """Copy with other plain values in the units of the table."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]
        return type(self).bare(**{**values, **changes})


def takes_quantities(cls: type[T]) -> type[T]:
    """Let the constructor of a frozen dataclass take quantities; `cls.bare(...)` takes plain floats."""
    table = {
        item.name: tuple(item.metadata[key] for key in ("unit", "low", "high", "meaning"))
        for item in fields(cls)  # type: ignore[arg-type]
        if "unit" in item.metadata
    }
    plain = cls.__init__  # type: ignore
    plain.__doc__ = cls.__doc__
    door = quantities(None, **table)(plain)
    doc, door.__doc__ = door.__doc__, None
    cls.__init__ = door  # type: ignore
    cls.__doc__ = doc
    cls._plain_init = plain  # type: ignore[attr-defined]
    cls.table = door.table  # type: ignore[attr-defined]
    return cls


def decibel_per_cm(per_metre: Any) -> Any:
    """Attenuation given in dB/m as a quantity that converts and adds (dB of amplitude, per cm)."""
    return Q(per_metre / 100, "amplitude_decibel/cm")
