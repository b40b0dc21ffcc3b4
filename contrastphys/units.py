"""Units at the door, floats inside.

One registry (the application's own), one quantity class `Q`, one decorator `quantities`. A function is
written once as a body over plain floats in stated units; the decorator adds the door.
Conversion factors are cached by unit, so a door costs a few microseconds over its body (`f.bare`).

Pint cannot tell some things apart that physics must: a count from an amount of substance (its `particle` is
1/N_A mol), hertz from radians per second (a silent 2 pi), an amplitude in decibel from a logarithm. These are
decided here by the name of the unit. Gauss and oersted are converted as the SI quantities they stand for.
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
from typing import Any, NamedTuple

import numpy as np
import pint

ureg = pint.get_application_registry()
Q = ureg.Quantity

# Added once; a registry shared with another package may hold them already.
for _name, _definition in {
    "hounsfield": "hounsfield = [hounsfield] = HU",
    "emu": "emu = 1e-3 * ampere * meter ** 2",
    "kVp": "kVp = kilovolt",
}.items():
    if _name not in ureg:
        ureg.define(_definition)


class UnitError(TypeError):
    """A value whose unit is missing, unreadable or of another kind; the message shows what to write."""


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


# ---------------------------------------------------------------------------------------------- unit strings

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_ALLOWED = re.compile(r"[A-Za-z0-9_ .*/^()%+\-µμΩÅ°·]*\Z")
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*\Z", re.S)
_LONGEST = 64


def _clean(text: str) -> str:
    """Spell a unit string the way pint reads it, and refuse what no unit needs before pint sees it."""
    if len(text) > _LONGEST:
        raise UnitError(f"unit of {len(text)} characters: a unit has at most {_LONGEST}")
    spelled = text.translate(_SUPERSCRIPTS)
    if not _ALLOWED.match(spelled):
        raise UnitError(f"cannot read the unit '{text}': write for example 'mg/mL' or '1/(mM*s)'")
    spelled = spelled.replace("·", "*").replace("°C", "degC").replace("°", "degree").replace("^", "**")
    spelled = re.sub(r"\bper\b", "/", spelled).replace("%", "percent")
    spelled = re.sub(r"([A-Za-zµμΩÅ)])\s*([+-]?\d+)(?![\d.])", r"\1**\2", spelled.replace("**", ""))
    spelled = re.sub(r"(?<=[\w)])\s+(?=[A-Za-zµμΩÅ(])", "*", spelled.strip())
    spelled = re.sub(r"\s+", "", spelled)
    if spelled.startswith("/"):
        spelled = "1" + spelled
    powers = [int(p) for p in re.findall(r"\*\*([+-]?\d+)", spelled)]
    without = re.sub(r"\*\*[+-]?\d+", "", spelled)
    numbers = re.findall(r"(?<![A-Za-z_\d])\d[\d.]*", without)
    glued = re.search(r"\*\*[+-]?\d+[A-Za-z]|(?<![A-Za-z_\d])\d[A-Za-z]", spelled)
    if glued or "**" in without or re.search(r"[+-]", without) or any(n != "1" for n in numbers):
        raise UnitError(f"cannot read the unit '{text}': write for example 'mg/mL' or '1/(mM*s)'")
    if any(abs(p) > 12 for p in powers) or text.count("**") + text.count("^") > len(powers):
        raise UnitError(f"cannot read the unit '{text}': a unit has one small whole power, such as 'm^2'")
    return spelled


@functools.lru_cache(maxsize=4096)
def container(unit: str) -> Any:
    """Units container of a unit string, checked before pint computes anything with it."""
    if unit.strip() in ("", "1"):
        return ureg.UnitsContainer()
    spelled = _clean(unit)
    try:
        return ureg.parse_units(spelled)._units
    except Exception:
        raise UnitError(f"unknown unit '{unit}': write for example 'mg/mL', 'nm' or '1/(mM*s)'") from None


def parse(text: str) -> Any:
    """Quantity of a string such as "3 T", "37 degC" or "0.1 mmol/kg"; nothing in it is evaluated.

    Examples
    --------
    >>> print(parse("37 degC"))
    37.0 degree_Celsius
    """
    found = _NUMBER.match(text) if len(text) <= 2 * _LONGEST else None
    if found is None:
        raise UnitError(f"cannot read '{text[:_LONGEST]}' as a number with a unit: write for example '3 T'")
    return _make(float(found[1]), container(found[2]))


# -------------------------------------------------------------------------------------------- conversion

# What a unit stands for when pint has it in another system or as a logarithm: (factor, SI unit).
_STANDS_FOR = {
    "gauss": (1e-4, "tesla"),
    "oersted": (1000 / (4 * math.pi), "ampere / meter"),
    "decibel": (math.log(10) / 20, ""),
    "delta_decibel": (math.log(10) / 20, ""),
    "neper": (1.0, ""),
    "delta_neper": (1.0, ""),
    "particle": (1.0, ""),
}


def _make(number: Any, units: Any) -> Any:
    """Quantity from checked parts, without pint's own checks (they cost more than most bodies)."""
    made = object.__new__(Q)
    made._magnitude = number
    made._units = units
    return made


def _plain(units: Any) -> tuple[float, Any]:
    """Factor and container after writing every unit that only stands for another as that other."""
    factor, plain = 1.0, ureg.UnitsContainer()
    for name, power in units.items():
        scale, stands_for = _STANDS_FOR.get(name, (1.0, name))
        factor *= scale**power
        if stands_for:
            plain = plain * ureg.parse_units(stands_for)._units ** power
    return factor, plain


def _angular(units: Any) -> bool:
    return any(name in ("radian", "degree", "turn", "revolutions_per_minute") for name in units)


def _confused(source: Any, target: Any) -> str | None:
    """The physical kinds pint takes for one another, in words; None where the names agree."""
    counts, moles = "particle" in source, any("mole" in n or n.endswith("molar") for n in source)
    wants_moles = any("mole" in n or n.endswith("molar") for n in target)
    if counts and wants_moles:
        return "a number of particles is not an amount of substance: divide by the Avogadro constant"
    if moles and not wants_moles:
        rest = {k: v for k, v in ureg.get_dimensionality(source).items() if k != "[substance]"}
        if dict(ureg.get_dimensionality(_plain(target)[1])) == rest:
            return "an amount of substance is not a number of particles: multiply by the Avogadro constant"
    rates = {"[time]": -1}
    if dict(ureg.get_dimensionality(_plain(source)[1])) == rates:
        if _angular(target) and not _angular(source):
            return "a frequency is not an angular frequency: multiply by 2 pi and write 'rad/s'"
        if "hertz" in "".join(target) and _angular(source):
            return "an angular frequency is not a frequency: divide by 2 pi and write 'Hz'"
    return None


@functools.lru_cache(maxsize=65536)
def _affine(source: Any, target: Any) -> tuple[float, float]:
    """Slope and offset that carry a number in `source` to `target`; UnitError where they do not fit."""
    confused = _confused(source, target)
    if confused:
        raise UnitError(confused)
    if source == target:
        return 1.0, 0.0
    factor_in, plain_in = _plain(source)
    factor_out, plain_out = _plain(target)
    dimension_in, dimension_out = map(ureg.get_dimensionality, (plain_in, plain_out))
    if dimension_in != dimension_out:
        if source == container("oersted") and plain_out == container("tesla"):
            return 1e-4 / factor_out, 0.0  # B of that H in vacuum
        raise UnitError("")
    if "delta_degree_Celsius" in source and len(source) == 1:
        raise UnitError("a temperature difference is not a temperature: write 'degC' or 'K'")
    zero = Q(0.0, plain_in).to(plain_out).magnitude
    one = Q(1.0, plain_in).to(plain_out).magnitude
    slope = one - zero if zero else one
    return float(slope * factor_in / factor_out), float(zero / factor_out)


def _foreign(value: Any) -> Any:
    """The same quantity in our registry, told by the unit's name."""
    return _make(value.magnitude, container(str(value.units)) if str(value.units) else container(""))


def _example(unit: str) -> str:
    return {"T": "1.5", "K": "310.15", "nm": "10", "kV": "120", "keV": "60", "um": "1.5"}.get(unit, "1")


def _asks(name: str, unit: str) -> str:
    return f"{name} needs a unit such as '{unit}': write Q({_example(unit)}, '{unit}')"


def magnitude(value: Any, unit: str, name: str = "value") -> Any:
    """Plain number(s) of a quantity, string or list of them, in the stated unit.

    Parameters
    ----------
    value : Quantity of any registry, str, or list of these; a bare number only where `unit` is "1"
    unit : str
    name : str
        How the value is called in an error.

    Returns
    -------
    float or ndarray of float

    Raises
    ------
    UnitError
        The unit is missing or of another kind; the message shows what to write.

    Examples
    --------
    >>> magnitude("1500 mT", "T")
    1.5
    >>> magnitude(Q([20, 37], "degC"), "K")
    array([293.15, 310.15])
    """
    target = container(unit)
    if isinstance(value, str):
        value = parse(value)
    elif isinstance(value, list | tuple):
        return np.array([magnitude(item, unit, name) for item in value], dtype=float)
    if not hasattr(value, "_units"):
        if target:
            raise UnitError(_asks(name, unit))
        return _numbers(value, name)
    if not isinstance(value, Q):
        value = _foreign(value)
    try:
        slope, offset = _affine(value._units, target)
    except UnitError as error:
        why = str(error) or f"'{value._units}' does not measure it"
        raise UnitError(f"{name} takes a unit such as '{unit}' ({why}): write Q({_example(unit)}, '{unit}')") from None
    numbers = _numbers(value._magnitude, name)
    return numbers * slope + offset if offset else numbers * slope


def _numbers(value: Any, name: str) -> Any:
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "iufc":
            raise TypeError
    except (TypeError, ValueError):
        raise UnitError(f"{name} takes a number, an array or a quantity, not {type(value).__name__}") from None
    if array.dtype.kind != "c":
        array = array.astype(float)
    return array.item() if array.ndim == 0 else array


def convert(value: float, source: str, target: str) -> float:
    """Number in `target` of a number in `source`.

    Examples
    --------
    >>> round(convert(90, "emu/g", "A*m^2/kg"), 9)
    90.0
    """
    return magnitude(_make(value, container(source)), target)


# -------------------------------------------------------------------------------------------- the decorator


def _range_check(name: str, row: Parameter) -> Callable[[Any, list[Flag]], None]:
    """Checker of numbers already in the table's unit: flags what is unusual, refuses what is impossible."""
    unit = "" if row.unit in ("", "1") else f" {row.unit}"

    def check(numbers: Any, notes: list[Flag]) -> None:
        array = np.asarray(numbers)
        bad = ~np.isfinite(array)
        what = "finite"
        if not bad.any() and array.dtype.kind != "c":
            if row.low > 0:
                bad, what = array <= 0, "above 0"
            elif row.low == 0:
                bad, what = array < 0, "0 or more"
        if bad.any():
            where = np.argwhere(np.atleast_1d(bad))[0]
            index = "" if array.ndim == 0 else f"[{', '.join(map(str, where))}]"
            found = np.atleast_1d(array)[tuple(where)]
            raise ValueError(f"{name}{index} is {found:g}{unit}: it must be {what}")
        if array.dtype.kind == "c" or not array.size:
            return
        low, high = array.min(), array.max()
        if low < row.low or high > row.high:
            outside = low if low < row.low else high
            checked = f"{row.low:g} to {row.high:g}{unit}"
            notes.append(Flag("range", f"{name} {outside:g}{unit} is outside the checked range {checked}"))

    return check


def _converter(name: str, row: Parameter) -> Callable[[Any, list[Flag]], Any]:
    """One argument's way through the door: quantity or string in, checked float or array out."""
    factors: dict[Any, tuple[float, float] | None] = {}
    target, check = container(row.unit), _range_check(name, row)
    low, high, unit = row.low, row.high, row.unit

    def through(value: Any, notes: list[Flag]) -> Any:
        if value is None:
            return None
        if type(value) is Q:
            # the common case, at a third of the cost: a scalar of our registry in a unit seen before
            known = factors.get(value._units)
            if known is None:
                try:
                    known = factors[value._units] = _affine(value._units, target)
                except UnitError:
                    known = None
            if known is not None and type(value._magnitude) is float:
                number = value._magnitude * known[0] + known[1]
                if low <= number <= high and (number > 0 or low <= 0):
                    return number
        elif type(value) is float and not target and low <= value <= high:
            return value
        numbers = magnitude(value, unit, name)
        check(numbers, notes)
        return numbers

    return through


def quantities(returns: Any, /, **table: tuple[str, float, float, str]) -> Callable[[Callable], Callable]:
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

    def decorate(body: Callable) -> Callable:
        names = list(inspect.signature(body).parameters)
        unknown = set(rows) - set(names)
        if unknown:
            raise TypeError(f"{body.__name__} has no argument {sorted(unknown)}")
        by_name = {name: _converter(name, row) for name, row in rows.items()}
        by_position = [by_name.get(name) for name in names]

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
            result = body(*plain, **kwargs)
            if out is not None:
                if type(out) is tuple:
                    result = tuple(
                        part if units is None or part is None else _make(part, units)
                        for part, units in zip(result, out, strict=True)
                    )
                elif result is not None:
                    result = _make(result, out)
            return _tell(result, notes) if notes else result

        door.bare = body  # type: ignore[attr-defined]
        door.table = rows  # type: ignore[attr-defined]
        door.returns = returns  # type: ignore[attr-defined]
        door.__doc__ = _documented(body.__doc__, rows)
        return door

    return decorate


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
            f"{row.meaning}; checked from {row.low:g} to {row.high:g} {unit}",
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
