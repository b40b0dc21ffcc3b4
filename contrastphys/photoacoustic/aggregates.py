"""Heat shared between neighbours: what an aggregate of particles does to the sound of each.

Temperature fields add. The linear sound of N particles is N times that of one at any spacing; the nonlinear part grows
with the square of the temperature, so neighbours that preheat each other raise it. Optical coupling between touching
particles is another matter and is left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..units import quantities
from .layers import CONDUCTANCE
from .particles import Particle
from .sections import cross_sections
from .single_particle import CONDITIONS, checked, limits_of, sources_of, strength_of

__all__ = ["collective"]


def _overlap(radius: Any, field: Any, distance: float) -> Any:
    """int T(|x|) T(|x - d|) dV of one spherical field with itself at a distance, for every row of `field`.

    Bipolar coordinates: (2 pi/d) int r T(r) [F(r + d) - F(|r - d|)] dr with F(s) = int_0^s r T dr.
    """
    moment = radius * field
    steps = np.diff(radius)
    middle = 0.5 * (moment[:, 1:] + moment[:, :-1]) * steps
    inner = field[:, :1] * radius[0] ** 2 / 2  # within the core the rise is that of its surface
    total = np.concatenate([inner, inner + np.cumsum(middle, axis=1)], axis=1)
    upper, lower = radius + distance, np.abs(radius - distance)
    found = np.empty(field.shape[0])
    for n in range(field.shape[0]):
        span = np.interp(upper, radius, total[n]) - np.interp(lower, radius, total[n], left=0.0)
        found[n] = np.trapezoid(moment[n] * span, radius)
    return 2.0 * np.pi / distance * found


@quantities(None, spacing=("nm", 2, 1e5, "distance between the centres of neighbours"), **CONDITIONS)
def collective(
    particle: Particle,
    count: int,
    spacing: Any,
    pulse: Any = 5.0,
    temperature: Any = 293.15,
    wavelength: Any = 532.0,
    frequency: Any = None,
    conductance: Any = CONDUCTANCE / 1e6,
    arrangement: str = "compact",
) -> dict[str, float]:
    """What heat shared with neighbours does to the sound of an aggregate, at equal absorbed energy.

    Temperature fields add. The linear signal of N particles is N times that of one, whatever the spacing; the
    small-signal nonlinear part grows by 1 + (2/N) sum over pairs of int T_i T_j dV/int T^2 dV.

    Other Parameters
    ----------------
    particle : Particle
        One of the aggregate.
    count : int
        Particles in it, 2 to 64.
    arrangement : str
        "compact" (a ball cut from a cubic lattice) or "chain".

    Returns
    -------
    dict
        linear (1), nonlinear (factor on the nonlinear strength per particle), critical_fluence (mJ/cm^2).

    Notes
    -----
    Optical coupling between touching particles shifts and widens their peaks and is left out, so are the
    neighbours' interiors: a thermal statement only. Aggregates smaller than the sound's wavelength.

    References
    ----------
    A. Prost, F. Poisson, E. Bossy, Phys. Rev. B 92, 115450 (2015), arXiv:1501.04871 (critical energy).

    Examples
    --------
    >>> from contrastphys.photoacoustic.particles import sphere
    >>> found = collective(sphere("20 nm"), 8, "40 nm")
    >>> found["linear"], found["nonlinear"] > 2
    (1.0, True)
    """
    if not 2 <= count <= 64:
        raise ValueError(f"an aggregate of {count}: it must have 2 to 64 particles")
    if spacing < particle.outer_diameter:
        raise ValueError(f"spacing {spacing:g} nm is below the particle's diameter {particle.outer_diameter:g} nm")
    checked(particle, float(pulse), float(temperature))
    hertz = None if frequency is None else float(frequency) * 1e6
    sources = sources_of(
        particle, float(pulse) * 1e-9, float(temperature), float(conductance) * 1e6, "gaussian", hertz is not None
    )
    rise, at = sources.rise, sources.rise.shells
    field, radius = rise.field[:, at:], rise.radius[at:]
    places = _lattice(count, float(spacing) * 1e-9, arrangement)
    away = np.linalg.norm(places[:, None] - places[None], axis=2)[np.triu_indices(count, 1)]
    distances, pairs = np.unique(np.round(away, 15), return_counts=True)
    slope = sources.square / np.maximum(field**2 @ rise.volume[at:], 1e-300)
    thin = max(1, field.shape[0] // 1500)
    shared = np.zeros(field[::thin].shape[0])
    for distance, number in zip(distances, pairs, strict=True):
        shared += 2.0 * number / count * _overlap(radius, field[::thin], float(distance))
    shared = np.interp(rise.time, rise.time[::thin], shared) * np.max(np.abs(slope)) * np.sign(slope[-1])
    one = strength_of(sources.square, rise.time, hertz)
    many = strength_of(sources.square + shared, rise.time, hertz)
    sigma = float(cross_sections.bare(particle, float(wavelength)).sigma_abs)
    alone = limits_of(particle, sources, sigma, float(temperature), hertz)["critical"]
    return {"linear": 1.0, "nonlinear": many / one, "critical_fluence": alone * one / many}


def _lattice(count: int, spacing: float, arrangement: str) -> Any:
    """Positions of an aggregate, m."""
    if arrangement == "chain":
        return np.arange(count)[:, None] * np.array([[spacing, 0.0, 0.0]])
    if arrangement != "compact":
        raise ValueError(f"no arrangement '{arrangement}'; write 'compact' or 'chain'")
    side = np.arange(-3, 4)
    grid = np.array(np.meshgrid(side, side, side)).reshape(3, -1).T + (0.5 if count <= 8 else 0.0)
    order = np.argsort((grid**2).sum(axis=1), kind="stable")
    return grid[order[:count]] * spacing
