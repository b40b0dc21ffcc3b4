"""What light meets: spheres, rods and shells, with coats and spreads of size.

A rod is computed as a prolate spheroid. Its real ends are round: a capped cylinder of the same length and width
holds up to 1.5 times the volume of the spheroid, and `volume` says which of the two scales the result.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..provenance import Flag
from ..showing import shows
from ..units import quantities

__all__ = ["Particle", "nanoshell", "rod", "sphere"]


def rod_volume(length: Any, width: Any, volume: str) -> Any:
    """Volume of a rod as a spheroid or as a cylinder with round ends ("capped")."""
    if volume == "capped":
        return np.pi * width**2 / 4 * (length - width / 3)
    return np.pi / 6 * length * width**2


@shows(
    "{0.material} {0.shape}",
    "diameter [nm]",
    "length [nm]",
    "coats [nm]",
    "sigma_ln",
    "aspect_sd",
    "table",
    "surface_damping",
)
@dataclass(frozen=True)
class Particle:
    """What light meets: lengths in nm, materials by name; made by `sphere`, `rod`, `nanoshell`.

    `coats` are (material, thickness) from the core outwards. `sigma_ln` is the log-normal width of the size
    spread about the number median, `aspect_sd` the standard deviation of a rod's aspect ratio. `table` names
    other optical constants of the metal, `surface_damping` is A of the size correction (0 leaves the bulk).
    """

    shape: str
    material: str
    diameter: float
    length: float | None = None
    coats: tuple[tuple[str, float], ...] = ()
    sigma_ln: float = 0.0
    aspect_sd: float = 0.0
    table: str = ""
    surface_damping: float = 1.0
    volume: str = "spheroid"
    flags: tuple[Flag, ...] = ()

    def with_(self, **changes: Any) -> Particle:
        """The same particle with some of its fields changed."""
        return replace(self, **changes)

    @property
    def outer_diameter(self) -> float:
        """Diameter (a rod's width) over all coats, nm."""
        return self.diameter + 2.0 * sum(thickness for _, thickness in self.coats)

    @property
    def core_volume(self) -> float:
        """Volume of the core at the median size, nm^3."""
        if self.shape == "rod":
            return rod_volume(self.length, self.diameter, self.volume)
        return np.pi / 6 * self.diameter**3

    @property
    def mean_core_volume(self) -> float:
        """Volume of the core averaged over the size spread, nm^3."""
        return self.core_volume * float(np.exp(4.5 * self.sigma_ln**2))


_SIZE = ("nm", 2, 500, "outer diameter of the core; a diameter, not a radius")


@quantities(
    None, diameter=_SIZE, coating=("nm", 0, 200, "thickness of a coat"), sigma_ln=("1", 0, 0.6, "log-normal width")
)
def sphere(
    diameter: Any,
    material: str = "gold",
    coating: Any = 0.0,
    coat: str = "silica",
    sigma_ln: Any = 0.0,
    table: str = "",
    surface_damping: float = 1.0,
) -> Particle:
    """A sphere, plain or coated.

    Other Parameters
    ----------------
    material, coat : str
        Materials of core and coat.
    table : str
        Other optical constants, such as "gold-mcpeak".
    surface_damping : float
        A of the size correction.

    Returns
    -------
    Particle

    Examples
    --------
    >>> sphere("40 nm", coating="15 nm").outer_diameter
    70.0
    """
    coats = ((coat, float(coating)),) if coating else ()
    return Particle(
        "sphere",
        material,
        float(diameter),
        coats=coats,
        sigma_ln=float(sigma_ln),
        table=table,
        surface_damping=surface_damping,
    )


@quantities(
    None,
    length=("nm", 4, 300, "whole length"),
    width=("nm", 3, 60, "width"),
    coating=("nm", 0, 100, "thickness of a coat on the sides"),
    sigma_ln=("1", 0, 0.6, "log-normal width of the size at constant shape"),
    aspect_sd=("1", 0, 3, "standard deviation of the aspect ratio at constant width"),
)
def rod(
    length: Any,
    width: Any,
    material: str = "gold",
    coating: Any = 0.0,
    coat: str = "silica",
    sigma_ln: Any = 0.0,
    aspect_sd: Any = 0.0,
    volume: str = "spheroid",
    table: str = "",
    surface_damping: float = 1.0,
) -> Particle:
    """A rod, computed as a prolate spheroid.

    Other Parameters
    ----------------
    material, coat : str
        Materials of core and coat.
    volume : str
        "spheroid", or "capped" for the volume of a cylinder with round ends.
    table : str
        Other optical constants.
    surface_damping : float
        A of the size correction.

    Returns
    -------
    Particle

    Examples
    --------
    >>> round(rod("41 nm", "10 nm", volume="capped").core_volume / rod("41 nm", "10 nm").core_volume, 2)
    1.38
    """
    if np.any(np.asarray(length) < np.asarray(width)):
        raise ValueError("a rod is longer than wide: exchange length and width")
    if volume not in ("spheroid", "capped"):
        raise ValueError(f"volume '{volume}' is neither 'spheroid' nor 'capped'")
    coats = ((coat, float(coating)),) if coating else ()
    return Particle(
        "rod",
        material,
        float(width),
        float(length),
        coats,
        float(sigma_ln),
        float(aspect_sd),
        table,
        surface_damping,
        volume,
    )


@quantities(
    None,
    core=("nm", 5, 400, "diameter of the dielectric core"),
    thickness=("nm", 1, 60, "thickness of the metal shell"),
    sigma_ln=("1", 0, 0.6, "log-normal width of the size at constant shape"),
)
def nanoshell(
    core: Any,
    thickness: Any,
    material: str = "gold",
    inside: str = "silica",
    sigma_ln: Any = 0.0,
    table: str = "",
    surface_damping: float = 1.0,
) -> Particle:
    """A metal shell on a dielectric core.

    Other Parameters
    ----------------
    material, inside : str
        Materials of shell and core.
    table : str
        Other optical constants of the metal.
    surface_damping : float
        A of the size correction; the shell's thickness limits the electrons.

    Returns
    -------
    Particle

    Examples
    --------
    >>> nanoshell("120 nm", "10 nm").coats
    (('gold', 10.0),)
    """
    return Particle(
        "sphere",
        inside,
        float(core),
        coats=((material, float(thickness)),),
        sigma_ln=float(sigma_ln),
        table=table,
        surface_damping=surface_damping,
    )
