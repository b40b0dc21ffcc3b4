"""Chemical formulas and molar masses: what a mass of compound holds of each element.

Formulas may have brackets, hydrate dots and decimal counts: "Fe4[Fe(CN)6]3", "CuSO4·5H2O", "Fe2.67O4".
"""

from __future__ import annotations

import functools
import re
from difflib import get_close_matches

from .mistakes import legible, printable

# Standard atomic weights (IUPAC 2021 abridged values, doi:10.1515/pac-2019-0603); for elements without a
# standard weight the mass number of the longest-lived isotope. g/mol.
ATOMIC_WEIGHT: dict[str, float] = {
    "H": 1.008, "He": 4.0026, "Li": 6.94, "Be": 9.0122, "B": 10.81, "C": 12.011, "N": 14.007,
    "O": 15.999, "F": 18.998, "Ne": 20.180, "Na": 22.990, "Mg": 24.305, "Al": 26.982, "Si": 28.085,
    "P": 30.974, "S": 32.06, "Cl": 35.45, "Ar": 39.95, "K": 39.098, "Ca": 40.078, "Sc": 44.956,
    "Ti": 47.867, "V": 50.942, "Cr": 51.996, "Mn": 54.938, "Fe": 55.845, "Co": 58.933, "Ni": 58.693,
    "Cu": 63.546, "Zn": 65.38, "Ga": 69.723, "Ge": 72.630, "As": 74.922, "Se": 78.971, "Br": 79.904,
    "Kr": 83.798, "Rb": 85.468, "Sr": 87.62, "Y": 88.906, "Zr": 91.224, "Nb": 92.906, "Mo": 95.95,
    "Tc": 97.0, "Ru": 101.07, "Rh": 102.91, "Pd": 106.42, "Ag": 107.87, "Cd": 112.41, "In": 114.82,
    "Sn": 118.71, "Sb": 121.76, "Te": 127.60, "I": 126.90, "Xe": 131.29, "Cs": 132.91, "Ba": 137.33,
    "La": 138.91, "Ce": 140.12, "Pr": 140.91, "Nd": 144.24, "Pm": 145.0, "Sm": 150.36, "Eu": 151.96,
    "Gd": 157.25, "Tb": 158.93, "Dy": 162.50, "Ho": 164.93, "Er": 167.26, "Tm": 168.93, "Yb": 173.05,
    "Lu": 174.97, "Hf": 178.49, "Ta": 180.95, "W": 183.84, "Re": 186.21, "Os": 190.23, "Ir": 192.22,
    "Pt": 195.08, "Au": 196.97, "Hg": 200.59, "Tl": 204.38, "Pb": 207.2, "Bi": 208.98, "Po": 209.0,
    "At": 210.0, "Rn": 222.0, "Fr": 223.0, "Ra": 226.0, "Ac": 227.0, "Th": 232.04, "Pa": 231.04,
    "U": 238.03,
}  # fmt: skip
ATOMIC_NUMBER: dict[str, int] = {symbol: z for z, symbol in enumerate(ATOMIC_WEIGHT, start=1)}

_TOKEN = re.compile(r"([A-Z][a-z]?)|(\()|(\))|(\d+(?:\.\d+)?)")
_SPELLINGS = str.maketrans("₀₁₂₃₄₅₆₇₈₉[]{}", "0123456789()()")
_LONGEST = 120


class FormulaError(ValueError):
    """A formula that cannot be read; the message says which part and what it may have meant."""

    def __init__(self, message: str) -> None:
        super().__init__(legible(message))


def _suggest(symbol: str) -> str:
    near = get_close_matches(symbol, ATOMIC_WEIGHT, n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near else ""


def _part(text: str, whole: str) -> dict[str, float]:
    """Element counts of one formula part without dots."""
    stack: list[dict[str, float]] = [{}]
    last: dict[str, float] | None = None
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise FormulaError(f"formula '{whole}': cannot read '{text[position:]}'; write for example 'Ta2O5'")
        symbol, opens, closes, count = token.groups()
        if symbol:
            if symbol not in ATOMIC_WEIGHT:
                raise FormulaError(f"formula '{whole}': '{symbol}' is no element{_suggest(symbol)}")
            last = {symbol: 1.0}
        elif opens:
            if last:
                _add(stack[-1], last, 1.0)
            stack.append({})
            last = None
            position = token.end()
            continue
        elif closes:
            if last:
                _add(stack[-1], last, 1.0)
            if len(stack) == 1:
                raise FormulaError(f"formula '{whole}': a ')' without its '('")
            last = stack.pop()
            if not last:
                raise FormulaError(f"formula '{whole}': nothing between '(' and ')'")
        else:
            if last is None:
                raise FormulaError(f"formula '{whole}': the number {count} follows no element")
            if float(count) == 0:
                raise FormulaError(f"formula '{whole}': a count of 0")
            _add(stack[-1], last, float(count))
            last = None
            position = token.end()
            continue
        position = token.end()
        following = _TOKEN.match(text, position)
        if not (following and following[4]):
            _add(stack[-1], last, 1.0)
            last = None
    if len(stack) > 1:
        raise FormulaError(f"formula '{whole}': a '(' without its ')'")
    return stack[0]


def _add(to: dict[str, float], counts: dict[str, float], times: float) -> None:
    for symbol, count in counts.items():
        to[symbol] = to.get(symbol, 0.0) + count * times


@functools.lru_cache(maxsize=4096)
def _composition(formula: str) -> tuple[tuple[str, float], ...]:
    if not isinstance(formula, str) or not formula.strip():
        raise FormulaError("an empty formula: write for example 'Ta2O5'")
    if len(formula) > _LONGEST:
        raise FormulaError(f"a formula of {len(formula)} characters: at most {_LONGEST}")
    if not formula.isprintable():
        raise FormulaError(
            f"formula '{printable(formula)}' holds signs that are not printed; write for example 'Ta2O5'"
        )
    counts: dict[str, float] = {}
    text = formula.strip().translate(_SPELLINGS)
    # a dot before water is a hydrate ("CuSO4.5H2O"), any other dot between digits is a decimal count
    joined = text if re.search("[·•*]", text) else re.sub(r"\.(?=\d*H2O\b)|\.(?=[A-Z(])", "•", text)
    if joined != text and "." in joined:
        raise FormulaError(
            f"formula '{formula}': a '.' may be a decimal point or a hydrate; write '·' before the water"
        )
    for part in re.split(r"[·•*]", joined):
        leading = re.match(r"(\d+(?:\.\d+)?)?(.+)\Z", part, re.S)
        if leading is None:
            raise FormulaError(f"formula '{formula}': cannot read '{part}'; write for example 'CuSO4·5H2O'")
        if leading[1] and float(leading[1]) == 0:
            raise FormulaError(f"formula '{formula}': a count of 0")
        _add(counts, _part(leading[2], formula), float(leading[1] or 1))
    if not counts:
        raise FormulaError(f"formula '{formula}': no element in it")
    return tuple(counts.items())


def composition(formula: str) -> dict[str, float]:
    """Atoms of each element in one formula unit.

    Examples
    --------
    >>> composition("Ca5(PO4)3OH")
    {'Ca': 5.0, 'P': 3.0, 'O': 13.0, 'H': 1.0}
    >>> composition("CuSO4·5H2O")["O"]
    9.0
    """
    return dict(_composition(formula))


def molar_mass(formula: str) -> float:
    """Molar mass of one formula unit, g/mol.

    Examples
    --------
    >>> round(molar_mass("Fe3O4"), 2)
    231.53
    """
    return sum(ATOMIC_WEIGHT[symbol] * count for symbol, count in _composition(formula))


def mass_fraction(formula: str, symbol: str) -> float:
    """Mass fraction of one element in a compound.

    Examples
    --------
    >>> round(mass_fraction("Ta2O5", "Ta"), 3)
    0.819
    """
    counts = composition(formula)
    if symbol not in counts:
        raise FormulaError(f"formula '{formula}' holds no '{symbol}': it holds {', '.join(counts)}")
    return counts[symbol] * ATOMIC_WEIGHT[symbol] / molar_mass(formula)


def mass_fractions(formula: str) -> dict[str, float]:
    """Mass fraction of every element in a compound; they sum to 1."""
    whole = molar_mass(formula)
    return {symbol: count * ATOMIC_WEIGHT[symbol] / whole for symbol, count in _composition(formula)}
