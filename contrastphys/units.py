"""Units at the door, floats inside: the decorator `quantities`.

A function is written once as a body over plain floats in stated units; the decorator adds the door, which costs a few
microseconds over the body (`f.bare`). How strings are read stands in `unit_strings`, what fits what in
`unit_conversion`; what callers of a door need is at hand here.
"""

from __future__ import annotations

import functools
import inspect
import math
import re
import textwrap
import warnings
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass, replace
from typing import Any, NamedTuple, Protocol, cast

import numpy as np

from .unit_conversion import affine, magnitude
from .unit_strings import Q, UnitError, container, parsed_or_none, quantity_of


class RangeWarning(UserWarning):
    """A value is possible but outside the range for which the function was checked."""


class Flag(NamedTuple):
    """One thing a user must know about a result: a short code, the sentence, and how serious it is."""

    code: str
    message: str
    severity: str = "warn"  # note | warn | refuse


class Parameter(NamedTuple):
    """One row of a function's table: unit, range of validity, meaning."""

    unit: str
    low: float
    high: float
    meaning: str


_SCALARS = frozenset((float, int, np.float64))
_LARGE = 1e300


def _range_check(name: str, row: Parameter) -> Callable[[Any, list[Flag]], None]:
    """Checker of numbers already in the table's unit: flags what is unusual, refuses what is impossible."""
    unit = "" if row.unit in ("", "1") else f" {row.unit}"
    least, most = row.low - 1e-9 * abs(row.low), row.high + 1e-9 * abs(row.high)  # a limit itself is inside

    def check(numbers: Any, notes: list[Flag]) -> None:
        array = np.asarray(numbers)
        if not array.size:
            return
        if array.dtype.kind == "c":
            refuse(array, ~np.isfinite(array), "finite")
            return
        low, high = float(array.min()), float(array.max())  # both are nan where one number is
        if not (math.isfinite(low) and math.isfinite(high)):
            refuse(array, ~np.isfinite(array), "finite")
        if low <= 0 < row.low:
            refuse(array, array <= 0, "above 0")
        if low < 0 == row.low:
            refuse(array, array < 0, "0 or more")
        if low < least or high > most:
            outside = low if low < least else high
            checked = f"{row.low:g} to {row.high:g}{unit}"
            notes.append(Flag("range", f"{name} {outside:g}{unit} is outside the checked range {checked}"))

    def refuse(array: Any, bad: Any, what: str) -> None:
        if bad.any():
            where = np.argwhere(np.atleast_1d(bad))[0]
            index = "" if array.ndim == 0 else f"[{', '.join(map(str, where))}]"
            found = np.atleast_1d(array)[tuple(where)]
            raise ValueError(f"{name}{index} is {found:g}{unit}: it must be {what}")

    return check


def _converter(name: str, row: Parameter) -> Callable[[Any, list[Flag]], Any]:
    """One argument's way through the door: quantity or string in, checked float or array out."""
    factors: dict[Any, tuple[float, float] | None] = {}
    target, check = container(row.unit), _range_check(name, row)
    low, high, unit = row.low, row.high, row.unit

    def through(value: Any, notes: list[Flag]) -> Any:
        if value is None:
            return None
        if type(value) is str:
            number_and_unit = parsed_or_none(value)
            if number_and_unit is not None and (number_and_unit[1] or not target):
                value = quantity_of(*number_and_unit)
        if type(value) is Q:
            # the common case, at a tenth of the cost: a scalar of our registry in a unit seen before
            known = factors.get(value._units)
            if known is None:
                try:
                    known = factors[value._units] = affine(value._units, target)
                except UnitError:
                    known = None
            given = value._magnitude
            if known is not None and type(given) in _SCALARS and -_LARGE < given < _LARGE:
                number = float(given) * known[0] + known[1]
                if low <= number <= high and (number > 0 or low <= 0):
                    return number
        elif type(value) is float and not target and low <= value <= high:
            return value
        numbers = magnitude(value, unit, name)
        check(numbers, notes)
        return numbers

    return through


class Door(Protocol):
    """A function behind its door: call it with quantities, or its `bare` body with floats."""

    bare: Callable[..., Any]
    table: Mapping[str, Parameter]
    returns: Any

    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


def quantities(returns: Any, /, **table: tuple[str, float, float, str]) -> Callable[[Callable], Door]:
    """Give a function of plain floats a door that takes quantities.

    Parameters
    ----------
    returns : str, tuple of str, or None
        Unit of the returned number(s); a tuple for several; None passes the result through.
    **table : (unit, low, high, meaning)
        One row per argument with a unit. Outside low..high the result is flagged; a value that cannot be
        (not finite; not positive where low > 0; negative where low is 0) raises ValueError.

    Returns
    -------
    decorator
        `f(...)` takes quantities or strings, `f.bare(...)` is the body, `f.table` and `f.returns` say what
        was declared.

    Examples
    --------
    >>> @quantities("m", speed=("m/s", 0, 3e8, "speed"), time=("s", 0, 1e9, "time"))
    ... def way(speed, time=2.0):
    ...     "Distance at constant speed."
    ...     return speed * time
    >>> print(way("36 km/h"))
    20.0 meter
    >>> way.bare(10.0, 3.0)
    30.0
    """
    rows = {name: Parameter(*row) for name, row in table.items()}
    if isinstance(returns, tuple):
        out: Any = tuple(None if unit is None else container(unit) for unit in returns)
    else:
        out = None if returns is None else container(returns)

    def decorate(body: Callable) -> Door:
        names = list(inspect.signature(body).parameters)
        unknown = set(rows) - set(names)
        if unknown:
            raise TypeError(f"{body.__name__} has no argument {sorted(unknown)}")
        by_name = {name: _converter(name, row) for name, row in rows.items()}
        by_position = [by_name.get(name) for name in names]
        no_number = f"{body.__name__} gives no number for these values: they lie outside what its formulas can take"

        @functools.wraps(body)
        def door(*args: Any, **kwargs: Any) -> Any:
            notes: list[Flag] = []
            plain = [
                value if through is None else through(value, notes)
                for value, through in zip(args, by_position, strict=False)
            ]
            if len(args) > len(plain):
                plain.extend(args[len(plain) :])  # the body's own TypeError names the surplus
            for name, value in kwargs.items():
                through = by_name.get(name)
                if through is not None:
                    kwargs[name] = through(value, notes)
            try:
                result = body(*plain, **kwargs)
            except ArithmeticError as error:
                raise ValueError(no_number) from error
            if out is not None:
                if any(map(_undefined, result)) if type(out) is tuple else _undefined(result):
                    raise ValueError(no_number)
                if type(out) is tuple:
                    result = tuple(
                        part if units is None or part is None else quantity_of(part, units)
                        for part, units in zip(result, out, strict=True)
                    )
                elif result is not None:
                    result = quantity_of(result, out)
            return _tell(result, notes) if notes else result

        door.bare = body  # type: ignore[attr-defined]
        door.table = rows  # type: ignore[attr-defined]
        door.returns = returns  # type: ignore[attr-defined]
        door.__doc__ = _documented(body.__doc__, rows)
        return cast(Door, door)

    return decorate


def _undefined(result: Any) -> bool:
    """Whether a result is not a number; infinity is one."""
    if isinstance(result, np.ndarray):
        if result.dtype.kind == "f":
            return bool(result.size) and math.isnan(result.min())
        return result.dtype.kind == "c" and bool(np.isnan(result).any())
    return bool(result != result)


def _tell(result: Any, notes: list[Flag]) -> Any:
    """Put range flags on a result that carries flags; warn once at the caller's line where none can."""
    if is_dataclass(result) and isinstance(getattr(result, "flags", None), tuple):
        return replace(result, flags=(*result.flags, *notes))  # type: ignore
    for note in notes:
        warnings.warn(note.message, RangeWarning, stacklevel=3)
    return result


def _documented(doc: str | None, rows: Mapping[str, Parameter]) -> str | None:
    """The docstring with its Parameters section written from the table."""
    if not doc or not rows:
        return doc
    lines = ["Parameters", "----------"]
    for name, row in rows.items():
        unit = "dimensionless" if row.unit in ("", "1") else row.unit
        lines.append(f"{name} : quantity [{unit}], scalar or array")
        lines += textwrap.wrap(
            f"{row.meaning}; checked from {row.low:g} to {row.high:g}{'' if row.unit in ('', '1') else ' ' + row.unit}",
            100,
            initial_indent="    ",
            subsequent_indent="    ",
        )
    section = "\n".join(lines)
    text = inspect.cleandoc(doc)
    heading = re.search(r"^(Other Parameters|Returns|Raises|Warns|See Also|Notes|References|Examples)\n-+$", text, re.M)
    if heading is None:
        return f"{text}\n\n{section}\n"
    return f"{text[: heading.start()]}{section}\n\n{text[heading.start() :]}\n"
