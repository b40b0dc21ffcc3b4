"""Where a particle absorbs most, and the rod or shell that absorbs at a wanted wavelength.

A rod's peak moves with its aspect ratio, about 100 nm for each unit; a nanoshell's with the ratio of core to shell.
Both are found by bisection on the peak of the computed spectrum, so they carry its errors: 5 to 28 nm for rods of 10 nm
width against the relation commonly quoted, and whatever end caps and the spread of a batch add.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..provenance import Refusal
from ..units import quantities
from .particles import Particle, nanoshell, rod
from .sections import cross_sections

__all__ = ["nanoshell_for", "peak_wavelength", "rod_for"]

_LOW, _HIGH = 400.0, 1400.0


def _sections(particle: Particle, wavelength: Any, medium: Any, kind: str) -> Any:
    found = cross_sections.bare(particle, wavelength, medium)
    return found.sigma_abs if kind == "absorption" else found.sigma_ext


def first_wavelength(particle: Particle) -> float:
    """Where to look for a peak [nm]: silver's lie below 400 nm, where gold has no plasmon."""
    names = (particle.table or particle.material, *(name for name, _ in particle.coats))
    return 330.0 if any(name.startswith("silver") for name in names) else _LOW


def peak_of(particle: Particle, medium: Any = "water", kind: str = "absorption", low: float | None = None) -> float:
    """Wavelength [nm] of the highest absorption or extinction beyond `low`, to 0.1 nm.

    Raises a Refusal where the spectrum has no peak between the limits.
    """
    if kind not in ("absorption", "extinction"):
        raise ValueError(f"no peak of '{kind}': write 'absorption' or 'extinction'")
    low = first_wavelength(particle) if low is None else low
    grid = np.arange(low, _HIGH + 1.0, 5.0)
    values = _sections(particle, grid, medium, kind)
    inner = np.flatnonzero((values[1:-1] > values[:-2]) & (values[1:-1] >= values[2:])) + 1
    if not inner.size:
        raise Refusal("no-peak", f"the {kind} has no peak between {low:g} and {_HIGH:g} nm")
    best = grid[inner[np.argmax(values[inner])]]
    fine = np.arange(best - 5.0, best + 5.05, 0.1)
    fine = fine[(fine >= low) & (fine <= _HIGH)]
    return float(round(fine[np.argmax(_sections(particle, fine, medium, kind))], 1))


@quantities("nm", low=("nm", 300, 1300, "where to start looking: 400 nm, for silver 330"))
def peak_wavelength(particle: Particle, medium: Any = "water", kind: str = "absorption", low: Any = None) -> Any:
    """Wavelength at which a particle absorbs (or extinguishes) most.

    Other Parameters
    ----------------
    particle : Particle
        Made by `sphere`, `rod` or `nanoshell`.
    medium : str or number
        "water", "tissue" or an index.
    kind : str
        "absorption" or "extinction": they lie apart for particles that scatter.

    Returns
    -------
    wavelength : nm

    Notes
    -----
    Between tables of gold the peak of a sphere moves by 2 to 8 nm.

    References
    ----------
    C. F. Bohren, D. R. Huffman, Absorption and Scattering of Light by Small Particles, Wiley (1983)

    Examples
    --------
    >>> from contrastphys.photoacoustic.particles import sphere
    >>> print(f"{peak_wavelength(sphere('40 nm'), kind='extinction'):.0f}, {peak_wavelength(sphere('100 nm')):.0f}")
    527 nanometer, 544 nanometer
    """
    return peak_of(particle, medium, kind, None if low is None else float(low))


def _bisect(peak: Callable[[float], float], wanted: float, low: float, high: float, what: str) -> float:
    """Argument at which a rising peak reaches the wanted wavelength."""
    ends = peak(low), peak(high)
    if not min(ends) <= wanted <= max(ends):
        raise Refusal(
            "out-of-reach", f"{what} has its peak between {min(ends):.0f} and {max(ends):.0f} nm, not at {wanted:g} nm"
        )
    rising = ends[1] > ends[0]
    for _ in range(40):
        middle = 0.5 * (low + high)
        if (peak(middle) < wanted) == rising:
            low = middle
        else:
            high = middle
        if high - low < 1e-4 * high:
            break
    return 0.5 * (low + high)


@quantities(
    None,
    wavelength=("nm", 560, 1350, "where the rod shall absorb most"),
    width=("nm", 4, 40, "width of the rod"),
)
def rod_for(wavelength: Any, width: Any = 10.0, medium: Any = "water", table: str = "") -> Particle:
    """The gold rod of a given width whose long axis absorbs at a wavelength.

    Other Parameters
    ----------------
    medium : str or number
        "water", "tissue" or an index.
    table : str
        Other optical constants.

    Returns
    -------
    Particle

    Notes
    -----
    The length is good to about 0.3 of an aspect ratio: computed peaks of rods 10 nm wide lie 5 to 28 nm below the
    relation commonly quoted.

    References
    ----------
    R. Gans, Ann. Phys. 342, 881 (1912), doi:10.1002/andp.19123420503; A. Moroz, J. Opt. Soc. Am. B 26, 517 (2009),
    doi:10.1364/JOSAB.26.000517

    Examples
    --------
    >>> rod = rod_for("808 nm", "10 nm")
    >>> print(f"{rod.length:.0f} x {rod.diameter:.0f} nm")
    43 x 10 nm
    """
    wanted, across = float(wavelength), float(width)

    def peak(aspect: float) -> float:
        try:
            return peak_of(rod.bare(across * aspect, across, table=table), medium, low=540.0)
        except Refusal:  # beyond the last wavelength looked at
            return _HIGH + 1.0

    aspect = _bisect(peak, wanted, 1.8, 9.0, f"a gold rod {across:g} nm wide of aspect ratio 1.8 to 9")
    return rod.bare(across * aspect, across, table=table)


@quantities(
    None,
    wavelength=("nm", 600, 1200, "where the shell shall absorb most"),
    core=("nm", 20, 200, "diameter of the silica core"),
)
def nanoshell_for(wavelength: Any, core: Any = 60.0, medium: Any = "water", table: str = "") -> Particle:
    """The gold shell on a silica core of given size that absorbs most at a wavelength.

    Other Parameters
    ----------------
    medium : str or number
        "water", "tissue" or an index.
    table : str
        Other optical constants.

    Returns
    -------
    Particle

    Notes
    -----
    The thinner the shell, the farther to the red; below 3 nm no shell is whole.

    References
    ----------
    A. L. Aden, M. Kerker, J. Appl. Phys. 22, 1242 (1951), doi:10.1063/1.1699834

    Examples
    --------
    >>> shell = nanoshell_for("808 nm", "60 nm")
    >>> print(f"{shell.coats[0][1]:.1f} nm of gold")
    4.1 nm of gold
    """
    wanted, size = float(wavelength), float(core)

    def peak(thickness: float) -> float:
        try:
            return peak_of(nanoshell.bare(size, thickness, table=table), medium, low=540.0)
        except Refusal:  # a thick shell absorbs like a solid sphere
            return 540.0

    thickness = _bisect(peak, wanted, 3.0, size / 3, f"a gold shell of 3 to {size / 3:.0f} nm on {size:g} nm of silica")
    return nanoshell.bare(size, thickness, table=table)
