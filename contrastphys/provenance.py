"""Where a number is from and how far it can be trusted: Value, Flag, Cell, and the choice between sources.

Every number that reaches a user carries a letter: M measured at the asked conditions, S scaled from a
measurement, C computed by a model, A assumed. The choice between them is made in `choose` and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .mistakes import legible
from .showing import Page, entry, origin, shows
from .unit_conversion import convert
from .units import Flag, Q, container

__all__ = ["LETTERS", "STATUSES", "Cell", "Flag", "Refusal", "Value", "choose", "merge_flags"]

# How well a number's source is known, from best to worst.
STATUSES = ("verified", "second-hand", "unverified", "fitted", "computed", "assumed", "user")
LETTERS = {"M": "measured", "S": "scaled from measured", "C": "computed", "A": "assumed"}


shows("{0.code}", "severity", "message", line="own")(Flag)  # defined on the ground floor, which shows nothing


class Refusal(ValueError):
    """A model that does not apply, or lacks the data it needs, and says why.

    Parameters
    ----------
    code : str
        Short word for programs, such as "no-spectrum".
    message : str
        The reason and what to give instead.
    """

    def __init__(self, code: str, message: str) -> None:
        message = legible(message)
        super().__init__(message)
        self.flag = Flag(code, message, "refuse")

    def __reduce__(self) -> tuple[Any, ...]:  # it crosses to worker processes and back
        return type(self), (self.flag.code, self.flag.message)


def _value_page(value: Value) -> Page:
    return Page("", [("value", entry(value), origin(value))], flags=value.flags, note=value.note)


@shows("Value", of=_value_page, line="written")
@dataclass(frozen=True, slots=True)
class Value:
    """A number with its unit, spread, source and standing.

    `low` and `high` bound it as far as known (a range, or the band of a model's stated error); `sd` is a
    standard deviation, `factor` what it is known to within either way (log-normal), `alternatives` published
    values in conflict. `letter` is M, S, C or A; `status` one of `STATUSES`.
    """

    number: float
    unit: str
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    source: str = ""
    status: str = ""
    letter: str = "C"
    flags: tuple[Flag, ...] = ()
    at: str = ""
    note: str = ""
    factor: float | None = None
    alternatives: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for key in ("number", "sd", "low", "high"):
            number = getattr(self, key)
            if number is None and key != "number":
                continue
            try:
                if isinstance(number, str):
                    raise TypeError
                object.__setattr__(self, key, float(number))
            except (TypeError, ValueError):
                raise TypeError(f"{key} of a value is one number, not {type(number).__name__}") from None
            if not math.isfinite(getattr(self, key)):
                raise Refusal("not-finite", f"{key} is {number} {self.unit}: the model gives no number here")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g} {self.unit}".rstrip())
        if self.letter not in LETTERS or self.status not in ("", *STATUSES):
            raise ValueError(f"'{self.letter}' is no letter of origin, or '{self.status}' no status")

    @property
    def quantity(self) -> Any:
        """The number with its unit, as a pint quantity."""
        return Q(self.number, container(self.unit))

    def with_(self, **changes: Any) -> Value:
        """The same value with some of its fields changed."""
        return replace(self, **changes)

    def with_error(self, relative: float | None = None, factor: float | None = None) -> Value:
        """The same value with a band of +- `relative`, or of a factor either way."""
        if factor is not None:
            if not factor > 0:
                raise ValueError(f"an error of a factor {factor:g}: it must be above 0")
            low, high = self.number / factor, self.number * factor
        else:
            share = abs(self.number) * float(relative or 0.0)
            low, high = self.number - share, self.number + share
        return replace(self, low=min(low, high), high=max(low, high))

    def with_flags(self, *flags: Flag) -> Value:
        """The same value with more flags."""
        return replace(self, flags=merge_flags(self.flags, flags))

    def bounds(self) -> tuple[float, float]:
        """Low and high as far as known: the stated ones, else two standard deviations, else the number."""
        if self.alternatives:
            return min(self.alternatives), max(self.alternatives)
        if self.factor is not None:
            return self.number / self.factor**2, self.number * self.factor**2
        spread = 2 * abs(self.sd or 0.0)
        low = self.number - spread if self.low is None else self.low
        high = self.number + spread if self.high is None else self.high
        return low, high

    def __str__(self) -> str:
        text = f"{self.number:g}"
        if self.sd is not None:
            text += f" +- {self.sd:g}"
        if self.factor is not None:
            text += f" within a factor {self.factor:g}"
        if self.alternatives:
            text = " or ".join(f"{number:g}" for number in self.alternatives)
        if self.low is not None and self.high is not None:
            text += f" ({self.low:.4g} to {self.high:.4g})"
        return f"{text} {self.unit}".rstrip() if self.unit != "1" else text


def _cell_page(cell: Cell) -> Page:
    if cell.value is None:
        told = ("cannot be decided", "")
    else:
        value = Value(cell.value, cell.unit, low=cell.low, high=cell.high, letter=cell.letter)
        told = (entry(value), origin(cell))
    lines = [(cell.quantity, *told), *((key, str(text), "") for key, text in cell.conditions.items())]
    return Page(f"{cell.formulation}, {cell.modality}", lines, flags=cell.flags)


@shows("Cell", of=_cell_page)
@dataclass(frozen=True, slots=True)
class Cell:
    """One entry of a comparison: what a formulation shows to a modality under stated conditions.

    `value` is None only where the model refuses; then a flag of severity "refuse" says why.
    """

    formulation: str
    modality: str
    quantity: str
    conditions: Mapping[str, Any]
    value: float | None
    unit: str
    low: float | None = None
    high: float | None = None
    letter: str = "C"
    source: str = ""
    flags: tuple[Flag, ...] = ()
    status: str = field(default="")
    median: float | None = None  # of the samples, where the band low to high is p5 to p95 of them

    def __post_init__(self) -> None:
        if self.value is None and not self.refusal:
            raise ValueError(f"{self.quantity} of {self.formulation} has neither a value nor a reason")

    @classmethod
    def of(cls, formulation: str, modality: str, quantity: str, conditions: Mapping[str, Any], value: Value) -> Cell:
        """The cell that shows a value."""
        low, high = value.bounds()
        return cls(
            formulation, modality, quantity, dict(conditions), value.number, value.unit, low, high,
            value.letter, value.source, value.flags, value.status,
        )  # fmt: skip

    @classmethod
    def refused(
        cls,
        formulation: str,
        modality: str,
        quantity: str,
        conditions: Mapping[str, Any],
        why: Refusal,
        unit: str = "",
    ) -> Cell:
        """The cell of a model that does not apply: no value, and the reason."""
        return cls(formulation, modality, quantity, dict(conditions), None, unit, flags=(why.flag,))

    @property
    def refusal(self) -> str:
        """Why there is no value, or an empty string."""
        return next((flag.message for flag in self.flags if flag.severity == "refuse"), "")

    def record(self) -> dict[str, Any]:
        """Plain data for JSON and CSV."""
        return {
            "formulation": self.formulation,
            "modality": self.modality,
            "quantity": self.quantity,
            "conditions": dict(self.conditions),
            "value": self.value,
            "unit": self.unit,
            "low": self.low,
            "high": self.high,
            "median": self.median,
            "provenance": self.letter,
            "status": self.status,
            "source": self.source,
            "flags": [flag._asdict() for flag in self.flags],
        }


def merge_flags(*groups: Iterable[Flag]) -> tuple[Flag, ...]:
    """All flags once, in the order they were raised."""
    return tuple(dict.fromkeys(flag for group in groups for flag in group))


def choose(
    measured: Value | None = None,
    scaled: Value | None = None,
    computed: Value | None = None,
    assumed: Value | None = None,
) -> Value:
    """The one place where a number's origin is chosen: measured over scaled over computed over assumed.

    Each candidate leaves with the letter of its origin. Where a measurement is chosen and a model also
    answers, and their bands do not meet, the flag `disagrees` shows both.

    Examples
    --------
    >>> choose(computed=Value(3.1, "1/(mM*s)"), measured=Value(3.3, "1/(mM*s)", sd=0.1)).letter
    'M'
    """
    origins = (("M", measured), ("S", scaled), ("C", computed), ("A", assumed))
    best = next(((letter, value) for letter, value in origins if value is not None), None)
    if best is None:
        raise Refusal("no-number", "neither a measured value nor a model answers for these conditions")
    letter, value = best
    value = replace(value, letter=letter)
    if letter in "MS" and computed is not None:
        (low, high), model = value.bounds(), [*computed.bounds(), computed.number]
        if computed.unit != value.unit:
            model = [convert(number, computed.unit, value.unit) for number in model]
        if model[0] > high or model[1] < low:
            message = f"model gives {model[2]:.3g}, {LETTERS[letter]} is {value.number:.3g} {value.unit}"
            value = value.with_flags(Flag("disagrees", message, "warn"))
    return value
