"""What a material is to light: tabulated or by formula, and corrected for a metal's small size.

Tables are interpolated in photon energy by a monotone cubic (Fritsch and Carlson), which neither overshoots a
step nor invents absorption; outside a table nothing is answered. Formulas: water of Daimon and Masumura,
silica of Malitson, gold of Rakic. A small metal particle has the bulk's interband part, but its electrons
also meet the surface::

    eps(E, R) = eps_bulk + E_p^2/(E^2 + i E g0) - E_p^2/(E^2 + i E (g0 + A hbar v_F/R))

Time factor exp(-i omega t): positive imaginary parts absorb. Wavelengths are vacuum wavelengths in nm.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .. import records
from ..constants import ELEMENTARY_CHARGE, HBAR, LIGHT_SPEED, PLANCK
from ..provenance import Refusal
from ..unit_conversion import convert
from ..units import quantities

__all__ = [
    "GOLD_TABLES",
    "METALS",
    "monotone_cubic",
    "rakic_gold",
    "refractive_index",
    "silica_index",
    "size_corrected",
    "water_index",
]

EV_NM = PLANCK * LIGHT_SPEED / ELEMENTARY_CHARGE * 1e9  # photon energy in eV times wavelength in nm


class Metal(NamedTuple):
    """Free-electron numbers of the size correction: plasma energy and damping (eV), Fermi speed (m/s)."""

    plasma: float
    damping: float
    fermi_speed: float
    source: str
    status: str


METALS = {
    "gold": Metal(
        9.03,
        0.0708,
        1.40e6,
        "plasma energy: A. D. Rakic et al., Appl. Opt. 37, 5271 (1998), doi:10.1364/AO.37.005271; damping hbar/9.3 fs "
        "and Fermi speed: textbook values",
        "unverified",
    ),
    "silver": Metal(
        9.01,
        0.0212,
        1.39e6,
        "plasma energy: A. D. Rakic et al., Appl. Opt. 37, 5271 (1998), doi:10.1364/AO.37.005271; damping hbar/31 fs "
        "and Fermi speed: textbook values",
        "unverified",
    ),
}

# Gold is known to 10-20 %: the band over these tables is part of every answer about gold.
GOLD_TABLES = ("gold-johnson-christy", "gold-mcpeak", "gold-olmon-evaporated", "gold-olmon-single-crystal")
# Constants fitted to spectra of colloids; the number is the mean diameter in nm. Size is already in them.
COLLOID_TABLES = {
    14.4: "gold-klinavicius-14nm",
    22.8: "gold-klinavicius-23nm",
    39.4: "gold-klinavicius-39nm",
    60.8: "gold-klinavicius-61nm",
    80.0: "gold-klinavicius-80nm",
}
DEFAULT_TABLE = {
    "gold": "gold-johnson-christy",
    "silver": "silver-johnson-christy",
    "magnetite": "magnetite-querry",
    "silica": "silica-malitson",
    "water": "water-daimon",
}

# M. Daimon and A. Masumura, Appl. Opt. 46, 3811 (2007), 20 C; I. H. Malitson, J. Opt. Soc. Am. 55, 1205 (1965)
_DAIMON = (
    (0.5684027565, 0.1726177391, 0.02086189578, 0.1130748688),
    (0.005101829712, 0.01821153936, 0.02620722293, 10.69792721),
)
_MALITSON = ((0.6961663, 0.4079426, 0.8974794), (0.0684043**2, 0.1162414**2, 9.896161**2))

# A. D. Rakic et al., Appl. Opt. 37, 5271 (1998), gold: (f, width, energy[, sigma]) in eV
_LORENTZ_DRUDE: tuple[Any, Any] = (
    (0.760, 0.053),
    (
        (0.024, 0.241, 0.415),
        (0.010, 0.345, 0.830),
        (0.071, 0.870, 2.969),
        (0.601, 2.494, 4.304),
        (4.384, 2.214, 13.32),
    ),
)
_BRENDEL_BORMANN: tuple[Any, Any] = (
    (0.770, 0.050),
    (
        (0.054, 0.074, 0.218, 0.742),
        (0.050, 0.035, 2.885, 0.349),
        (0.312, 0.083, 4.069, 0.830),
        (0.719, 0.125, 6.137, 1.246),
        (1.648, 0.179, 27.97, 1.795),
    ),
)


# ------------------------------------------------------------------------------------------- interpolation


def _slopes(x, y):
    """Slopes of the monotone cubic: weighted harmonic means inside, one-sided three-point formula at the ends."""
    step = np.diff(x)
    secant = np.diff(y) / step
    if x.size == 2:
        return np.full(2, secant[0])
    slope = np.zeros_like(y)
    same = secant[:-1] * secant[1:] > 0.0
    first, second = 2.0 * step[1:] + step[:-1], step[1:] + 2.0 * step[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (first + second) / (first / secant[:-1] + second / secant[1:])
    slope[1:-1] = np.where(same, mean, 0.0)
    for at, near, far in ((0, 0, 1), (-1, -1, -2)):
        end = ((2.0 * step[near] + step[far]) * secant[near] - step[near] * secant[far]) / (step[near] + step[far])
        if end * secant[near] <= 0.0:
            end = 0.0
        elif secant[near] * secant[far] <= 0.0 and abs(end) > 3.0 * abs(secant[near]):
            end = 3.0 * secant[near]
        slope[at] = end
    return slope


def monotone_cubic(x: Any, y: Any, at: Any) -> Any:
    """Monotone piecewise cubic through (x, y), x increasing, evaluated at `at` (within x).

    References
    ----------
    F. N. Fritsch and R. E. Carlson, SIAM J. Numer. Anal. 17, 238 (1980), doi:10.1137/0717021.

    Examples
    --------
    >>> print(monotone_cubic([0.0, 1.0, 2.0], [0.0, 0.0, 4.0], 1.5))
    1.25
    """
    x, y, at = (np.asarray(values, dtype=float) for values in (x, y, at))
    return _evaluate(x, y, _slopes(x, y), at)


def _evaluate(x, y, slope, at):
    left = np.clip(np.searchsorted(x, at, side="right") - 1, 0, x.size - 2)
    step = x[left + 1] - x[left]
    t = (at - x[left]) / step
    u = 1.0 - t
    value = (1.0 + 2.0 * t) * u * u * y[left] + (1.0 + 2.0 * u) * t * t * y[left + 1]
    return value + step * t * u * (u * slope[left] - t * slope[left + 1])


_kept: dict[str, tuple[Any, tuple]] = {}
_FEW = 16  # wavelengths of a protocol, whose columns every particle asks for


def _prepared(name):
    """Limits, rising photon energies and columns with their slopes of a catalogue table, and what was read of it."""
    table = records.table(f"optical/{name}")
    kept = _kept.get(name)
    if kept is None or kept[0] is not table:
        unit = table.units["wavelength"] or "nm"
        wavelength = table["wavelength"] * convert(1.0, unit, "nm")
        energy = EV_NM / wavelength[::-1]
        columns = {key: column[::-1] for key, column in table.columns.items() if key != "wavelength"}
        limits = (float(wavelength[0]), float(wavelength[-1]))
        columns = {key: (column, _slopes(energy, column)) for key, column in columns.items()}
        kept = _kept[name] = (table, (limits, energy, columns, {}))
    return kept[1]


def _outside(name, found, low, high):
    where = f"'{name}' ({low:g} to {high:g} nm)"
    return Refusal("outside-table", f"wavelength {found:g} nm is outside {where}: nothing is extrapolated")


def optical_columns(name: str, wavelength: Any) -> dict[str, Any]:
    """Every column of a catalogue table at the wavelengths [nm]; refuses what lies outside the table."""
    (low, high), energy, columns, read = _prepared(name)
    wavelength = np.asarray(wavelength, dtype=float)
    asked = (wavelength.shape, wavelength.tobytes()) if wavelength.size <= _FEW else None
    if asked in read:
        return read[asked]
    bad = ~((wavelength >= low * (1 - 1e-12)) & (wavelength <= high * (1 + 1e-12)))
    if bad.any():
        found = float(np.atleast_1d(wavelength)[np.atleast_1d(bad)][0])
        raise _outside(name, found, low, high)
    at = EV_NM / wavelength
    there = {key: _evaluate(energy, values, slope, at)[()] for key, (values, slope) in columns.items()}
    if asked is not None:
        while len(read) >= _FEW:
            read.pop(next(iter(read)))
        read[asked] = there
    return there


# ------------------------------------------------------------------------------------------------ formulas


def _sellmeier(wavelength, coefficients):
    square = (np.asarray(wavelength, dtype=float) * 1e-3) ** 2
    total = 1.0
    for strength, resonance in zip(*coefficients, strict=True):
        total = total + strength * square / (square - resonance)
    return np.sqrt(total)


@quantities("1", wavelength=("nm", 182, 1129, "vacuum wavelength"))
def water_index(wavelength: Any) -> Any:
    """Refractive index of water at 20 C: n^2 = 1 + sum B L/(L - C), L = (wavelength/um)^2.

    Returns
    -------
    index : dimensionless

    Notes
    -----
    Measured from 182 to 1129 nm, to 6e-6. At 37 C the index is 0.002 lower.

    References
    ----------
    M. Daimon and A. Masumura, Appl. Opt. 46, 3811 (2007), doi:10.1364/AO.46.003811.

    Examples
    --------
    >>> print(f"{water_index.bare(589.3):.4f}")
    1.3333
    """
    return _sellmeier(wavelength, _DAIMON)


@quantities("1", wavelength=("nm", 210, 3710, "vacuum wavelength"))
def silica_index(wavelength: Any) -> Any:
    """Refractive index of fused silica at 20 C, three-term Sellmeier formula.

    Returns
    -------
    index : dimensionless

    Notes
    -----
    Colloidal silica is porous and lies 0.01 to 0.03 lower.

    References
    ----------
    I. H. Malitson, J. Opt. Soc. Am. 55, 1205 (1965), doi:10.1364/JOSA.55.001205.

    Examples
    --------
    >>> print(f"{silica_index.bare(589.3):.4f}")
    1.4584
    """
    return _sellmeier(wavelength, _MALITSON)


@quantities("1", wavelength=("nm", 248, 6200, "vacuum wavelength"))
def rakic_gold(wavelength: Any, model: str = "brendel-bormann") -> Any:
    """Permittivity of gold films by formula.

    Lorentz-Drude: eps = 1 - f0 E_p^2/(E (E + i G0)) + sum f E_p^2/(E0^2 - E^2 - i E G); Brendel-Bormann
    spreads each oscillator over a Gaussian of width s: i sqrt(pi) f E_p^2/(2 sqrt(2) a s) [w((a -
    E0)/(sqrt(2) s)) + w((a + E0)/(sqrt(2) s))], a = sqrt(E^2 + i E G), w the Faddeeva function.

    Other Parameters
    ----------------
    model : str
        "brendel-bormann" or "lorentz-drude".

    Returns
    -------
    permittivity : dimensionless, complex

    Notes
    -----
    Reproduces the published table to 4e-5 in the size of the index. Smooth, but farther from colloids than
    the measured tables.

    References
    ----------
    A. D. Rakic et al., Appl. Opt. 37, 5271 (1998), doi:10.1364/AO.37.005271.

    Examples
    --------
    >>> print(f"{rakic_gold.bare(619.92):.1f}")
    -9.7+1.3j
    """
    energy = EV_NM / np.asarray(wavelength, dtype=float)
    plasma = METALS["gold"].plasma ** 2
    if model == "lorentz-drude":
        (f0, g0), terms = _LORENTZ_DRUDE
    elif model == "brendel-bormann":
        (f0, g0), terms = _BRENDEL_BORMANN
    else:
        raise ValueError(f"no model '{model}' of gold; write 'brendel-bormann' or 'lorentz-drude'")
    eps = 1.0 - f0 * plasma / (energy * (energy + 1j * g0))
    if model == "lorentz-drude":
        for f, width, at in terms:
            eps = eps + f * plasma / (at**2 - energy**2 - 1j * energy * width)
        return eps
    from scipy.special import wofz

    for f, width, at, sigma in terms:
        a = np.sqrt(energy**2 + 1j * energy * width)
        scale = math.sqrt(2.0) * sigma
        profile = wofz((a - at) / scale) + wofz((a + at) / scale)
        eps = eps + 0.5j * math.sqrt(math.pi) * f * plasma / (a * scale) * profile
    return eps


_FORMULAS = {
    "water-daimon": lambda wavelength: water_index.bare(wavelength) + 0j,
    "silica-malitson": lambda wavelength: silica_index.bare(wavelength) + 0j,
    "gold-rakic-lorentz-drude": lambda wavelength: np.sqrt(rakic_gold.bare(wavelength, "lorentz-drude")),
    "gold-rakic-brendel-bormann": lambda wavelength: np.sqrt(rakic_gold.bare(wavelength)),
}
# the formula of water continues to 1700 nm within 0.006 of the tables; beyond, and below 182 nm, it is refused
_FORMULA_LIMITS = {
    "water-daimon": (182.0, 1700.0),
    "silica-malitson": (210.0, 3710.0),
    "gold-rakic-lorentz-drude": (248.0, 6200.0),
    "gold-rakic-brendel-bormann": (248.0, 6200.0),
}


@quantities("1", wavelength=("nm", 150, 20000, "vacuum wavelength"))
def refractive_index(wavelength: Any, material: str = "gold") -> Any:
    """Complex refractive index n + i k of a material (k > 0 absorbs).

    Other Parameters
    ----------------
    material : str
        "gold", "silver", "magnetite", "silica", "water", or the name of a table or formula, such as
        "gold-mcpeak" or "gold-rakic-lorentz-drude".

    Returns
    -------
    index : dimensionless, complex

    Notes
    -----
    Tables are interpolated by a monotone cubic in photon energy; outside a table a Refusal names its range.

    References
    ----------
    The source of every table stands in its file in `materials/optical`; interpolation: F. N. Fritsch, R. E. Carlson,
    SIAM J. Numer. Anal. 17, 238 (1980), doi:10.1137/0717021

    Examples
    --------
    >>> print(f"{refractive_index.bare(616.8, 'gold'):.2f}")
    0.21+3.27j
    """
    name = DEFAULT_TABLE.get(material, material)
    formula = _FORMULAS.get(name)
    if formula is None:
        columns = optical_columns(name, wavelength)
        if "n" not in columns or "k" not in columns:
            raise Refusal("no-index", f"the table '{name}' holds no refractive index (columns n and k)")
        return columns["n"] + 1j * columns["k"]
    low, high = _FORMULA_LIMITS[name]
    if np.any(np.asarray(wavelength) < low) or np.any(np.asarray(wavelength) > high):
        found = np.atleast_1d(wavelength)
        raise _outside(name, float(found[(found < low) | (found > high)][0]), low, high)
    return formula(wavelength)


@quantities(
    "1",
    wavelength=("nm", 150, 20000, "vacuum wavelength"),
    radius=(
        "nm",
        1,
        1e6,
        "length over which electrons meet the surface: radius, shell thickness, half a rod's width",
    ),
    surface_damping=("1", 0, 2, "A: 0 leaves the bulk, 1 is the usual value"),
)
def size_corrected(
    permittivity: Any, wavelength: Any, radius: Any, metal: str = "gold", surface_damping: Any = 1.0
) -> Any:
    """Permittivity of a small metal particle: the bulk's, with electrons scattered at the surface too.

    eps(E, R) = eps_bulk + E_p^2/(E^2 + i E g0) - E_p^2/(E^2 + i E (g0 + A hbar v_F/R)).

    Other Parameters
    ----------------
    permittivity : complex or array of complex
        Bulk permittivity at these wavelengths.
    metal : str
        "gold" or "silver".

    Returns
    -------
    permittivity : dimensionless, complex

    Notes
    -----
    A between 0 and 1 moves the peak extinction of gold by 44, 29, 17 and 10 % at 5, 10, 20 and 40 nm
    diameter. Below 2 nm the bulk permittivity itself fails.

    References
    ----------
    U. Kreibig and M. Vollmer, Optical Properties of Metal Clusters, Springer (1995).

    Examples
    --------
    >>> print(f"{size_corrected.bare(-10.9 + 1.35j, 620.0, 10.0):.2f}")
    -10.79+2.28j
    """
    try:
        numbers = METALS[metal]
    except KeyError:
        raise ValueError(f"no size correction is known for '{metal}'; known: {', '.join(METALS)}") from None
    energy = EV_NM / np.asarray(wavelength, dtype=float)
    surface = surface_damping * HBAR / ELEMENTARY_CHARGE * numbers.fermi_speed / (np.asarray(radius) * 1e-9)
    free = energy**2 + 1j * energy * numbers.damping
    small = energy**2 + 1j * energy * (numbers.damping + surface)
    return permittivity + (numbers.plasma**2 / free - numbers.plasma**2 / small)


def colloid_table(diameter: float) -> str:
    """Table of constants measured on gold colloids nearest to this diameter [nm].

    Examples
    --------
    >>> colloid_table(20.0)
    'gold-klinavicius-23nm'
    """
    return COLLOID_TABLES[min(COLLOID_TABLES, key=lambda size: abs(math.log(size / diameter)))]
