"""Numbers from one unit to another, and the physical kinds that may not be taken for one another.

Pint cannot tell some things apart that physics must: a count from an amount of substance (its `particle` is
1/N_A mol), hertz from radians per second (a silent 2 pi), an amplitude in decibel from a logarithm. These are
decided here by the name of the unit. Gauss and oersted are converted as the SI quantities they stand for. Factors are
kept by pairs of units.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pint

from .unit_strings import Q, UnitError, container, parse, quantity_of, ureg

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


def affine(source: Any, target: Any) -> tuple[float, float]:
    """Slope and offset that carry a number in `source` to `target`; UnitError where they do not fit."""
    found = _carried(source, target)
    if isinstance(found, str):
        raise UnitError(found)
    return found


@functools.lru_cache(maxsize=65536)
def _carried(source: Any, target: Any) -> tuple[float, float] | str:
    """As `affine`, with the message of the error in place of raising it: what does not fit is asked as often."""
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
    return quantity_of(value._magnitude, units)


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
        slope, offset = affine(value._units, target)
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
    return magnitude(quantity_of(value, container(source)), target)
