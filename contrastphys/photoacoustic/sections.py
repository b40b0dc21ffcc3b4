"""From a particle to its cross-sections: spheres and coated spheres by Mie, rods as spheroids, spreads of size.

A rod is a prolate spheroid, averaged over orientations::

    sigma_ext = (4 pi k/3) Im sum alpha_i,   sigma_sca = (8 pi k^4/9) sum |alpha_i|^2

References: C. F. Bohren and D. R. Huffman, Absorption and Scattering of Light by Small Particles, Wiley
(1983).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..constants import AVOGADRO
from ..provenance import Flag, Refusal, merge_flags
from ..showing import shows
from ..units import Q, UnitError, magnitude, quantities
from .optics import layered_mie, mie
from .particles import Particle, rod_volume
from .permittivity import GOLD_TABLES, METALS, colloid_table, refractive_index, size_corrected
from .spheroids import spheroid_polarisability

__all__ = ["CrossSections", "cross_sections", "optical_band"]

MOLAR = 1e4 * AVOGADRO / (1e3 * np.log(10.0))  # decadic molar coefficient in 1/(M cm) of a cross-section in m^2

_NODES = 25


@shows(
    "Cross-sections of one particle",
    "wavelength [nm]",
    "absorption",
    "scattering",
    "molar_absorption",
    "molar_extinction",
    "absorbed_share",
)
@dataclass(frozen=True)
class CrossSections:
    """Cross-sections of one particle (mean over its size spread and orientation), floats in m^2.

    Attributes
    ----------
    absorption, scattering, extinction : quantity
        In m^2.
    molar_absorption, molar_extinction : quantity
        Decadic, 1/(M cm), per mole of particles. An optical density measures extinction; only absorption
        heats.
    """

    wavelength: Any
    sigma_abs: Any
    sigma_sca: Any
    flags: tuple[Flag, ...] = ()

    @property
    def sigma_ext(self) -> Any:
        """Extinction cross-section, m^2."""
        return self.sigma_abs + self.sigma_sca

    @property
    def absorption(self) -> Any:
        return Q(self.sigma_abs, "m^2")

    @property
    def scattering(self) -> Any:
        return Q(self.sigma_sca, "m^2")

    @property
    def extinction(self) -> Any:
        return Q(self.sigma_ext, "m^2")

    @property
    def molar_absorption(self) -> Any:
        return Q(self.sigma_abs * MOLAR, "1/(M*cm)")

    @property
    def molar_extinction(self) -> Any:
        return Q(self.sigma_ext * MOLAR, "1/(M*cm)")

    @property
    def absorbed_share(self) -> Any:
        """Absorption over extinction: what turns an optical density into heat."""
        return self.sigma_abs / self.sigma_ext

    def plot(self, ax: Any = None) -> Any:
        """Cross-sections against wavelength; returns the matplotlib Axes."""
        from ..plots.results import particle_sections

        return particle_sections(self, ax)


def _index(material, wavelength, radius, table, damping):
    """Index of a material, its metal corrected for the length over which electrons meet the surface (nm)."""
    metal = next((name for name in METALS if material == name or material.startswith(f"{name}-")), None)
    name = table if table and (metal is None or table.startswith(metal)) else material
    index = refractive_index.bare(wavelength, name)
    if metal is None or "klinavicius" in name or damping == 0:
        return index
    return np.sqrt(size_corrected.bare(index**2, wavelength, radius, metal, damping))


def _spread(sigma_ln):
    """Nodes (factors on the median size) and weights of a log-normal spread."""
    if not sigma_ln:
        return np.ones(1), np.ones(1)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    return np.exp(sigma_ln * nodes), weights / weights.sum()


def _sphere_sections(particle, wavelength, medium):
    """Absorption and scattering cross-sections in nm^2."""
    factors, weights = _spread(particle.sigma_ln)
    size = factors[:, None]
    k = 2 * np.pi * medium / wavelength
    radius = particle.diameter / 2 * size
    material = particle.material
    limit = radius if material in METALS or material.startswith(tuple(METALS)) else None
    indices = [_index(material, wavelength, limit, particle.table, particle.surface_damping) / medium]
    radii = [radius]
    for coat, thickness in particle.coats:
        radius = radius + thickness * size
        radii.append(radius)
        indices.append(_index(coat, wavelength, thickness * size, particle.table, particle.surface_damping) / medium)
    if len(radii) == 1:
        found = mie(indices[0] + 0j * radii[0], k * radii[0])
    else:
        found = layered_mie([index + 0j * size for index in indices], [k * r for r in radii])
    area = np.pi * radii[-1] ** 2
    return weights @ (found.Qabs * area), weights @ (found.Qsca * area)


def _rod_sections(particle, wavelength, medium):
    factors, weights = _spread(particle.sigma_ln)
    aspect = np.array([particle.length / particle.diameter])
    share = np.ones(1)
    if particle.aspect_sd:
        nodes, share = np.polynomial.hermite_e.hermegauss(41)
        aspect = aspect + particle.aspect_sd * nodes
        share = np.where(aspect > 1.0, share, 0.0)
        aspect = np.maximum(aspect, 1.0)
        share = share / share.sum()
    width = particle.diameter * factors[:, None, None]
    length = width * aspect[None, :, None]
    index = _index(particle.material, wavelength, width / 2, particle.table, particle.surface_damping)
    coat = None
    if particle.coats:
        material, thickness = particle.coats[0]
        shell = _index(material, wavelength, thickness * factors[:, None, None], "", particle.surface_damping)
        coat = ((shell / medium) ** 2, thickness * factors[:, None, None])
    k = 2 * np.pi * medium / wavelength
    scale = rod_volume(length, width, particle.volume) / rod_volume(length, width, "spheroid")
    long, short = spheroid_polarisability((index / medium) ** 2, length, width, k, coat, scale)
    ext = 4 * np.pi * k / 3 * (long + 2 * short).imag
    sca = 8 * np.pi * k**4 / 9 * (np.abs(long) ** 2 + 2 * np.abs(short) ** 2)
    both = np.multiply.outer(weights, share)
    sca = np.tensordot(both, sca, 2)
    return np.tensordot(both, ext, 2) - sca, sca


def medium_index(medium: Any, wavelength: Any) -> Any:
    """Index of the medium: "water", "tissue" (1.37) or a number."""
    if isinstance(medium, str):
        if medium == "water":
            return refractive_index.bare(wavelength, "water").real
        if medium == "tissue":
            return np.full(np.shape(wavelength), 1.37)
        try:
            medium = magnitude(medium, "1", "medium")
        except UnitError:
            raise Refusal(
                "no-medium", f"no index is known for the medium '{medium}': write 'water', 'tissue' or a number"
            ) from None
    medium = float(magnitude(medium, "1", "medium"))
    if not 1.0 <= medium <= 2.5:
        raise ValueError(f"index of the medium is {medium:g}: it must be from 1 to 2.5")
    return np.full(np.shape(wavelength), medium)


def _checks(particle, wavelength, medium):
    """What a reader must know before believing the numbers; refuses below the bulk's reach."""
    notes = []
    layers = [(particle.material, particle.diameter / 2), *particle.coats]
    for table, thin in layers:
        material = next((metal for metal in METALS if table.startswith(metal)), None)
        if material is None:
            continue
        if thin < 1.0:
            raise Refusal(
                "too-small", f"{material} of {thin:g} nm radius or thickness: below 1 nm no bulk permittivity holds"
            )
        if thin < 2.0:
            text = f"{material} of {thin:g} nm radius or thickness: bulk permittivity is uncertain"
            notes.append(Flag("small", text, "warn"))
        elif thin < 2.5:
            notes.append(Flag("small", "metal core below 5 nm: order of magnitude", "warn"))
    if particle.shape == "rod":
        if particle.length / particle.diameter > 6 or particle.diameter > 20:
            notes.append(Flag("rod-peak", "rod beyond aspect ratio 6 or width 20 nm: peak known to +-30 nm", "warn"))
        size = float(np.max(np.pi * particle.length * medium / wavelength))
        if size > 0.3 and particle.length > 60:
            notes.append(Flag("rod-size", f"size parameter {size:.2g} of the rod's half length: dipole model", "warn"))
        if len(particle.coats) > 1:
            raise Refusal("rod-coats", "a rod takes one coat; more are not modelled")
    longest = float(np.max(wavelength))
    if longest > 1129:
        notes.append(Flag("medium-index", "index of water beyond 1129 nm is continued, to 0.006", "note"))
    return tuple(notes)


@quantities(None, wavelength=("nm", 300, 1700, "vacuum wavelength"))
def cross_sections(particle: Particle, wavelength: Any, medium: Any = "water") -> CrossSections:
    """Cross-sections of a particle in a medium, mean over orientation and size spread.

    Spheres and layered spheres by the Mie series with size-corrected metal, rods as spheroids with the long
    axis corrected for retardation.

    Other Parameters
    ----------------
    particle : Particle
        Made by `sphere`, `rod` or `nanoshell`.
    medium : str or number
        "water", "tissue" or an index.

    Returns
    -------
    CrossSections
        ``.absorption .scattering .extinction .molar_absorption .molar_extinction``, with flags.

    Notes
    -----
    The series is exact; the answer is as good as the metal's optical constants: 20 % for gold spheres of 20
    to 60 nm, 40 % below 10 nm, a factor of two to three for rods. The corrected dipole of a rod is within 3 %
    of the exact theory in height; its peak lies up to 8 nm (width 10 nm) or 15 nm (width 20 nm) to the red.
    Outside a table of constants a Refusal names its range.

    References
    ----------
    C. F. Bohren and D. R. Huffman, Absorption and Scattering of Light by Small Particles, Wiley (1983).
    A. Moroz, J. Opt. Soc. Am. B 26, 517 (2009), doi:10.1364/JOSAB.26.000517.

    Examples
    --------
    >>> from contrastphys.photoacoustic.particles import sphere
    >>> found = cross_sections(sphere("40 nm"), "532 nm")
    >>> print(f"{found.absorption.to('nm^2'):.0f}")
    3201 nanometer ** 2
    """
    if not isinstance(particle, Particle):
        raise TypeError(f"cross_sections takes a particle such as sphere('40 nm'), not {type(particle).__name__}")
    wave = np.atleast_1d(np.asarray(wavelength, dtype=float))
    index = medium_index(medium, wave)
    notes = _checks(particle, wave, index)
    kernel = _rod_sections if particle.shape == "rod" else _sphere_sections
    absorbed, scattered = (values.reshape(np.shape(wavelength))[()] * 1e-18 for values in kernel(particle, wave, index))
    return CrossSections(wavelength, absorbed, scattered, merge_flags(particle.flags, notes))


@quantities(None, wavelength=("nm", 300, 1700, "vacuum wavelength"))
def optical_band(particle: Particle, wavelength: Any, medium: Any = "water") -> dict[str, CrossSections]:
    """The same gold particle by every table of gold that covers the wavelength.

    Other Parameters
    ----------------
    particle : Particle
        With gold as core or coat.
    medium : str or number
        "water", "tissue" or an index.

    Returns
    -------
    dict of CrossSections
        By the name of the table; for plain spheres of 10 to 100 nm also by constants measured on colloids.

    Notes
    -----
    Between films and colloids gold differs by 10 to 30 %: no answer about gold is better than this band.

    References
    ----------
    The source of every table stands in its file in `materials/optical`; A. D. Rakic et al., Appl. Opt. 37, 5271 (1998),
    doi:10.1364/AO.37.005271

    Examples
    --------
    >>> from contrastphys.photoacoustic.particles import sphere
    >>> areas = [one.sigma_abs * 1e18 for one in optical_band(sphere("20 nm"), "532 nm").values()]
    >>> print(f"{min(areas):.0f} to {max(areas):.0f} nm^2")
    293 to 391 nm^2
    """
    names = [*GOLD_TABLES, "gold-olmon-template-stripped"]
    if particle.shape == "sphere" and not particle.coats and 10 <= particle.diameter <= 100:
        names.append(colloid_table(particle.diameter))
    found = {}
    for name in names:
        try:
            found[name] = cross_sections.bare(particle.with_(table=name), wavelength, medium)
        except Refusal as why:
            if why.flag.code != "outside-table":
                raise
    return found
