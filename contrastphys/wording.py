"""Numbers and units as a reader sees them, in tables and in pictures."""

from __future__ import annotations

import math
import re

_RAISED = str.maketrans("0123456789-+.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺·")

_SPELT = {
    "um": "µm", "uM": "µM", "umol": "µmol", "uL": "µL", "us": "µs", "ug": "µg", "degC": "°C", "delta_degC": "°C",
    "degree_Celsius": "°C", "percent": "%", "dimensionless": "", "1": "",
}  # fmt: skip


def number_text(value: float, digits: int = 2) -> str:
    """A number with a few digits, with a power of ten where it is far from 1.

    Examples
    --------
    >>> number_text(0.03712), number_text(1234.0), number_text(2.2e-9), number_text(153000.0)
    ('0.037', '1200', '2.2 × 10⁻⁹', '1.5 × 10⁵')
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    mantissa, exponent = f"{abs(value):.{digits - 1}e}".split("e")
    sign, power = "−" if value < 0 else "", int(exponent)
    if -4 < power < 5:
        rounded = float(f"{mantissa}e{power}")
        places = max(0, digits - 1 - power)
        plain = f"{rounded:.{places}f}"
        return sign + (plain.rstrip("0").rstrip(".") if "." in plain else plain)
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{sign}{mantissa} × 10{raised(power)}"


def raised(power: float) -> str:
    """A number as superscript.

    Examples
    --------
    >>> raised(-12)
    '⁻¹²'
    """
    return f"{power:g}".translate(_RAISED)


def unit_text(unit: str) -> str:
    """A unit as it is printed: powers instead of slashes, prefixes spelt out.

    Examples
    --------
    >>> unit_text("1/(mM*s)"), unit_text("mmol/L"), unit_text("HU*mL/mg"), unit_text("cm^2"), unit_text("um")
    ('mM⁻¹ s⁻¹', 'mmol/L', 'HU mL/mg', 'cm²', 'µm')
    """
    text = re.sub(r"\s+", "", unit.replace("**", "^"))
    above, slash, below = text.partition("/")
    over, under = _factors(above), _factors(below.strip("()")) if slash and "/" not in below.strip("()") else None
    if slash and under is None:  # a/b/c and the like
        over, under = _factors(above), [f for part in below.split("/") for f in _factors(part.strip("()"))]
    under = under or []
    if not over and not under:
        return ""
    if over and len(under) <= 1:
        return " ".join(_power(n, p) for n, p in over) + (f"/{_power(*under[0])}" if under else "")
    return " ".join([_power(n, p) for n, p in over] + [_power(n, -p) for n, p in under])


def _factors(product: str) -> list[tuple[str, float]]:
    found = []
    for factor in product.strip("()").replace("·", "*").split("*"):
        name, _, power = factor.partition("^")
        if name not in ("", "1", "dimensionless"):
            try:
                found.append((_SPELT.get(name, name), float(power) if power else 1.0))
            except ValueError:
                found.append((factor, 1.0))
    return found


def _power(name: str, power: float) -> str:
    return name if power == 1 else f"{name}{raised(power)}"


def significant(value: float, digits: int = 2) -> str:
    """A number with a few digits and no needless zeros.

    Examples
    --------
    >>> significant(0.03712), significant(1234.0), significant(2.2e-9)
    ('0.037', '1200', '2.2e-09')
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.{digits - 1}e}")
    return f"{rounded:.0f}" if digits <= math.log10(abs(rounded)) < 5 else f"{rounded:g}"


def amount(value: float, unit: str) -> str:
    """A number with its unit; molarities with the prefix that suits them.

    Examples
    --------
    >>> amount(2.4e-8, "mmol/L"), amount(9.3, "mmol/L"), amount(1.5e5, "1/mL")
    ('24 pM', '9.3 mM', '150000 1/mL')
    """
    if unit == "mmol/L" and value > 0:
        for prefix, size in (("m", 1.0), ("u", 1e-3), ("n", 1e-6), ("p", 1e-9), ("f", 1e-12)):
            if value >= size * 0.9995 or prefix == "f":
                return f"{significant(value / size)} {prefix}M"
    return f"{significant(value)} {pretty(unit)}"


def pretty(unit: str) -> str:
    """A unit as a reader writes it."""
    return unit.replace("**", "^").replace(" * ", "·").replace("*", "·").replace(" / ", "/")
