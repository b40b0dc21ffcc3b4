"""Units as text: one registry, its spellings, and strings such as "3 T" or "1/(mM s)" read without evaluating them.

The registry is the application's own, with one quantity class `Q`. A string is cleaned and checked before pint sees
it. A decibel beside other units ("dB/cm/MHz") is linear, of amplitude; pint's own is a logarithm that cannot be scaled
or summed.
"""

from __future__ import annotations

import functools
import math
import re
from typing import Any

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


def quantity_of(number: Any, units: Any) -> Any:
    """Quantity from checked parts, without pint's own checks (they cost more than most bodies)."""
    made = object.__new__(Q)
    made._magnitude = number
    made._units = units
    return made


class UnitError(TypeError):
    """A value whose unit is missing, unreadable or of another kind; the message shows what to write.

    `why` says which two kinds were taken for one another, where it is known.
    """

    def __init__(self, message: str, why: str = "") -> None:
        super().__init__(legible(message))
        self.why = why


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
    return quantity_of(*_parsed(text))


@functools.lru_cache(maxsize=4096)
def parsed_or_none(text: str) -> tuple[float, Any] | None:
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
