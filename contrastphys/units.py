"""Units at the door, floats inside.

One registry (the application's own), one quantity class `Q`, one decorator `quantities`. A function is
written once as a body over plain floats in stated units; the decorator adds the door.
Conversion factors are cached by unit, so a door costs a few microseconds over its body (`f.bare`).

Pint cannot tell some things apart that physics must: a count from an amount of substance (its `particle` is
1/N_A mol), hertz from radians per second (a silent 2 pi), an amplitude in decibel from a logarithm. These are
decided here by the name of the unit. Gauss and oersted are converted as the SI quantities they stand for. A decibel
beside other units ("dB/cm/MHz") is linear, of amplitude; pint's own is a logarithm that cannot be scaled or summed.
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
import pint

from .mistakes import legible

ureg = pint.get_application_registry().get()  # the registry itself: it stays ours if the application takes another
Q: Any = ureg.Quantity

# Added once; a registry shared with another package may hold them already.
for _name, _definition in {
    "hounsfield": "hounsfield = [hounsfield] = HU",
    "emu": "emu = 1e-3 * ampere * meter ** 2",
    "kVp": "kVp = kilovolt",
    "amplitude_decibel": f"amplitude_decibel = {math.log(10) / 20!r} = dB_amplitude",
    "amplitude_neper": "amplitude_neper = 1 = Np_amplitude",
}.items():
    if _name not in ureg:
        ureg.define(_definition)


class UnitError(TypeError):
    """A value whose unit is missing, unreadable or of another kind; the message shows what to write.

    `why` says which two kinds were taken for one another, where it is known.
    """

    def __init__(self, message: str, why: str = "") -> None:
        super().__init__(legible(message))
        self.why = why


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

_SPELLINGS = str.maketrans(
    {**dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺−–·⋅∙×\u00a0\u2009\u202f", "0123456789-+--****   ", strict=True)), "μ": "µ"}
)
_ALLOWED = re.compile(r"[A-Za-z0-9_ .*/^()%+\-µΩÅ°]*\Z")
_NUMBER = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*(.*?)\s*\Z", re.S)
_LONGEST = 64
_LETTER = "A-Za-zµΩÅ"


def _clean(text: str) -> str:
    """Spell a unit string the way pint reads it, and refuse what no unit needs before pint sees it."""
    if len(text) > _LONGEST:
        raise UnitError(f"unit of {len(text)} characters: a unit has at most {_LONGEST}")
    unreadable = UnitError(f"cannot read the unit {text!r}: write for example 'mg/mL' or '1/(mM*s)'")
    spelled = re.sub("([⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+)", r"\1 ", text).translate(_SPELLINGS)
    if not _ALLOWED.match(spelled):
        raise unreadable
    spelled = spelled.replace("°C", "degC").replace("°", "degree").replace("^", "**")
    spelled = re.sub(r"\bper\b", "/", spelled).replace("%", "percent")
    spelled = re.sub(rf"(?<=[{_LETTER}0-9)])\.(?=[{_LETTER}(])", "*", spelled)  # the dot of "mM-1.s-1"
    spelled = re.sub(rf"([{_LETTER})])\s*([+-]?\d+)(?![\d.])", r"\1**\2", spelled.replace("**", ""))
    spelled = re.sub(rf"(?<=[\w)])\s+(?=[{_LETTER}(])", "*", spelled.strip())
    if re.search(r"[\w.]\s+[\d.]", spelled):
        raise unreadable
    spelled = re.sub(r"\s+", "", spelled)
    if spelled.startswith("/"):
        spelled = "1" + spelled
    powers = [int(p) for p in re.findall(r"\*\*([+-]?\d+)", spelled)]
    without = re.sub(r"\*\*[+-]?\d+", "", spelled)
    numbers = re.findall(r"(?<![A-Za-z_\d])\d[\d.]*", without)
    glued = re.search(r"\*\*[+-]?\d+[A-Za-z]|(?<![A-Za-z_\d])\d[A-Za-z]", spelled)
    if glued or "**" in without or re.search(r"[+-]", without) or any(n != "1" for n in numbers):
        raise unreadable
    if any(abs(p) > 12 for p in powers) or text.count("**") + text.count("^") > len(powers):
        raise UnitError(f"cannot read the unit {text!r}: a unit has one small whole power, such as 'm^2'")
    return spelled


@functools.lru_cache(maxsize=4096)
def container(unit: str) -> Any:
    """Units container of a unit string, checked before pint computes anything with it."""
    if unit.strip() in ("", "1"):
        return ureg.UnitsContainer()
    spelled = _clean(unit)
    try:
        units = ureg.parse_units(spelled)._units
    except Exception:
        raise UnitError(f"unknown unit {unit!r}: {_hint(spelled)}") from None
    if any(abs(power) > 12 for power in units.values()):
        raise UnitError(f"cannot read the unit {unit!r}: a unit has one small whole power, such as 'm^2'")
    if len(units) > 1:  # beside other units a decibel is linear
        units = ureg.UnitsContainer({_LINEAR.get(name, name): power for name, power in units.items()})
    return units


_LINEAR = {
    "decibel": "amplitude_decibel",
    "delta_decibel": "amplitude_decibel",
    "neper": "amplitude_neper",
    "delta_neper": "amplitude_neper",
}


def _hint(spelled: str) -> str:
    """What an unknown unit may have meant: the same in small letters ("Tesla"), or examples."""
    try:
        ureg.parse_units(spelled.lower())
    except Exception:
        return "write for example 'mg/mL', 'nm' or '1/(mM*s)'"
    return f"did you mean '{spelled.lower().replace('**', '^')}'?"


def parse(text: str) -> Any:
    """Quantity of a string such as "3 T", "37 degC" or "0.1 mmol/kg"; nothing in it is evaluated.

    Examples
    --------
    >>> print(parse("37 degC"))
    37.0 degree_Celsius
    """
    return _make(*_parsed(text))


@functools.lru_cache(maxsize=4096)
def _parsed_or_none(text: str) -> tuple[float, Any] | None:
    try:
        return _parsed(text)
    except UnitError:
        return None


@functools.lru_cache(maxsize=4096)
def _parsed(text: str) -> tuple[float, Any]:
    found = _NUMBER.match(text) if len(text) <= 2 * _LONGEST else None
    if found is None:
        raise UnitError(f"cannot read {text[:_LONGEST]!r} as a number with a unit: write for example '3 T'")
    if re.match(r"[,_'’]\d", found[2]):
        raise UnitError(f"cannot read {text!r} as a number: digits take only a decimal point, such as '1.5 T'")
    return float(found[1]), container(found[2])


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
_LEVELS = ("decibelwatt", "decibelmilliwatt", "decibelmicrowatt", "decade", "octave")


def _make(number: Any, units: Any) -> Any:
    """Quantity from checked parts, without pint's own checks (they cost more than most bodies)."""
    made = object.__new__(Q)
    made._magnitude = number
    made._units = units
    return made


def _base(name: str) -> tuple[float, str]:
    """Factor of a unit's prefix and the unit without it; the name itself where there is none."""
    if name in _STANDS_FOR:
        return 1.0, name
    for prefix, base, _ in ureg.parse_unit_name(name):
        if prefix and base in _STANDS_FOR:
            return float(Q(1.0, f"{prefix}meter").to("meter").magnitude), base
    return 1.0, name


def _plain(units: Any, stands_for: Mapping[str, tuple[float, str]] = _STANDS_FOR) -> tuple[float, Any]:
    """Factor and container after writing every unit that only stands for another as that other."""
    factor, plain = 1.0, ureg.UnitsContainer()
    for name, power in units.items():
        prefix, base = _base(name)
        scale, other = stands_for.get(base, (1.0, name))
        factor *= (prefix * scale) ** power
        if other:
            plain = plain * ureg.parse_units(other)._units ** power
    return factor, plain


def _angular(units: Any) -> bool:
    """Whether an angle (of any name, not a solid one) stands in a unit."""
    roots = (ureg.get_root_units(ureg.UnitsContainer({n: 1}))[1]._units for n in units if n not in _STANDS_FOR)
    return any(root.get("radian", 0) == 1 for root in roots)


def _confused(source: Any, target: Any) -> str | None:
    """The physical kinds pint takes for one another, in words; None where the names agree."""
    dimension_in, dimension_out = (dict(ureg.get_dimensionality(_plain(u)[1])) for u in (source, target))
    moles_in, moles_out = dimension_in.pop("[substance]", 0), dimension_out.pop("[substance]", 0)
    if dimension_in != dimension_out:
        return None
    if moles_in != moles_out and 0 in (moles_in, moles_out):
        kinds = ("a number of particles", "an amount of substance")
        if moles_in + moles_out < 0:
            kinds = ("a value per particle", "a value per mole")
        is_, wanted = reversed(kinds) if moles_in else kinds
        how = "divide" if moles_out > moles_in else "multiply"
        return f"{is_} is not {wanted}: {how} by the Avogadro constant"
    hertz_in, hertz_out = (any("hertz" in name for name in u) for u in (source, target))
    if (hertz_in or dimension_in == {"[time]": -1}) and _angular(target) and not _angular(source):
        return "a frequency is not an angular frequency: multiply by 2 pi and write 'rad/s'"
    if hertz_out and not hertz_in and _angular(source):
        return "an angular frequency is not a frequency: divide by 2 pi and write 'Hz'"
    level_in, level_out = (any("decibel" in n or "neper" in n for n in u) for u in (source, target))
    if level_in and not level_out:
        return "decibel and neper are ratios of amplitudes, which may not be meant: write the plain number"
    if level_out and not level_in:
        return "a plain number may be a ratio of amplitudes or of powers: write it in 'dB' or 'Np'"
    return None


def _affine(source: Any, target: Any) -> tuple[float, float]:
    """Slope and offset that carry a number in `source` to `target`; UnitError where they do not fit."""
    found = _carried(source, target)
    if isinstance(found, str):
        raise UnitError(found)
    return found


@functools.lru_cache(maxsize=65536)
def _carried(source: Any, target: Any) -> tuple[float, float] | str:
    """As `_affine`, with the message of the error in place of raising it: what does not fit is asked as often."""
    try:
        return _fitted(source, target)
    except UnitError as error:
        return str(error)


def _fitted(source: Any, target: Any) -> tuple[float, float]:
    if source == target:
        return 1.0, 0.0
    if any(name in _LEVELS for units in (source, target) for name in units):
        raise UnitError("a logarithmic level cannot be scaled: write the value itself")
    try:
        confused = _confused(source, target)
        if confused:
            raise UnitError(confused)
        (factor_in, plain_in), (factor_out, plain_out) = _plain(source), _plain(target)
        dimension_in, dimension_out = map(ureg.get_dimensionality, (plain_in, plain_out))
        if dimension_in != dimension_out:
            in_vacuum = {**_STANDS_FOR, "oersted": (1e-4, "tesla")}  # B of that H
            (factor_in, plain_in), (factor_out, plain_out) = _plain(source, in_vacuum), _plain(target, in_vacuum)
            dimension_in, dimension_out = map(ureg.get_dimensionality, (plain_in, plain_out))
            if dimension_in != dimension_out:
                wavenumber = dict(dimension_in) == {"[length]": -1} and dict(dimension_out) == {"[time]": -2}
                why = (
                    "a wavenumber W is not the square of an angular frequency: give (2 pi c W)^2" if wavenumber else ""
                )
                raise UnitError(why)
        if len(source) == 1 and "delta_degree" in next(iter(source)) and dict(dimension_out) == {"[temperature]": 1}:
            raise UnitError("a temperature difference is not a temperature: write 'degC' or 'K'")
        zero = Q(0.0, plain_in).to(plain_out).magnitude
        one = Q(1.0, plain_in).to(plain_out).magnitude
        slope = float((one - zero if zero else one) * factor_in / factor_out)
    except (ArithmeticError, AssertionError, pint.PintError):
        raise UnitError("") from None
    decimal = float(f"{slope:.12g}")  # 1 um is 1000 nm, not 999.9999999999999
    return decimal if abs(decimal - slope) <= 1e-15 * abs(slope) else slope, float(zero / factor_out)


def _foreign(value: Any) -> Any:
    """The same quantity in our registry, told by the names of its units."""
    units = ureg.UnitsContainer()
    for name, power in value._units.items():
        try:
            named = ureg.UnitsContainer({name: 1}) if name in _STANDS_FOR else ureg.parse_units(name)._units
        except Exception:
            raise UnitError(f"unknown unit '{name}' of another registry: write for example 'mg/mL' or 'nm'") from None
        units = units * named**power
    return _make(value._magnitude, units)


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
        try:
            value = parse(value)
        except UnitError as error:
            raise UnitError(f"{name}: {error}") from None
        if target and not value._units:
            raise UnitError(_asks(name, unit))
    elif isinstance(value, list | tuple):
        parts = [magnitude(item, unit, name) for item in value]
        try:
            return np.array(parts) if parts else np.array([], dtype=float)
        except ValueError:
            raise UnitError(f"{name} is a list of lists of different lengths: write one list of numbers") from None
    if not hasattr(value, "_units") or not hasattr(value, "_magnitude"):
        if target:
            raise UnitError(_asks(name, unit))
        return _numbers(value, name)
    if not isinstance(value, Q):
        value = _foreign(value)
    try:
        slope, offset = _affine(value._units, target)
    except UnitError as error:
        if not value._units:
            raise UnitError(_asks(name, unit)) from None
        why = str(error) or f"'{value._units}' does not measure it"
        if not target:
            raise UnitError(f"{name} takes a plain number ({why}): write 0.5 or '0.5'", str(error)) from None
        example = f"write Q({_example(unit)}, '{unit}')"
        raise UnitError(f"{name} takes a unit such as '{unit}' ({why}): {example}", str(error)) from None
    numbers = _numbers(value._magnitude, name)
    if target and np.iscomplexobj(numbers):
        raise UnitError(f"{name} takes real numbers in a unit such as '{unit}', not complex ones")
    return numbers * slope + offset if offset else numbers * slope


def _numbers(value: Any, name: str) -> Any:
    if np.ma.is_masked(value):
        raise UnitError(f"{name} has masked entries: give numbers only")
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O":  # whole numbers beyond 64 bit, or no numbers at all
            array = np.array([float(item) for item in array.flat if not isinstance(item, str | bytes | bool)])
            array = array.reshape(np.shape(value))
        if array.dtype.kind not in "iufc":
            raise TypeError
    except OverflowError:
        raise UnitError(f"{name} is too large a number") from None
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
            number_and_unit = _parsed_or_none(value)
            if number_and_unit is not None and (number_and_unit[1] or not target):
                value = _make(*number_and_unit)
        if type(value) is Q:
            # the common case, at a tenth of the cost: a scalar of our registry in a unit seen before
            known = factors.get(value._units)
            if known is None:
                try:
                    known = factors[value._units] = _affine(value._units, target)
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
