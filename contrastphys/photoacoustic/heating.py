"""Heat from a particle into its shell and the water around it, for a pulse of any duration and shape.

A metal particle is isothermal (heat crosses 100 nm of gold in 20 ps); it is one lump of heat capacity behind
an interface conductance G. Shell and water are spherical finite volumes::

    C dT_p/dt = P(t) - 4 pi R^2 G (T_p - T_s),      rho c dT/dt = (1/r^2) d/dr (k r^2 dT/dr),  no flux at the
    outer wall

What leaves one volume enters the next, so the heat in the system is the absorbed energy to rounding. Time
steps are the two-stage, second-order, L-stable method of Alexander (SIAM J. Numer. Anal. 14, 1006 (1977),
doi:10.1137/0714068): stiff cells do not ring. Properties are constant, so the temperature rise is
proportional to the absorbed energy and one run serves every fluence.

Lengths in m, times in s, temperatures are rises in K; SI throughout.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compiled import compiled
from ..showing import shows
from .layers import CONDUCTANCE, WATER, Layer

__all__ = ["Rise", "heat", "pulse_power"]

_GAMMA = 1.0 - 1.0 / math.sqrt(2.0)
_SIGMA = 1.0 / (2.0 * math.sqrt(2.0 * math.log(2.0)))  # standard deviation of a Gaussian over its full width at half


@shows(
    "Temperature rise per absorbed energy", "time [s]", "core [K/J]", "surface [K/J]", "water_surface [K/J]", "shells"
)
@dataclass(frozen=True)
class Rise:
    """Temperature rise of a particle and its surroundings, per joule absorbed.

    Attributes
    ----------
    time : array
        Seconds, uniform, 0 at the middle of the pulse.
    core, surface, water_surface : arrays
        Rise of the core, of what touches it, and of the water where it begins, K/J.
    field : array
        Rise of every cell against time, K/J.
    radius, volume, capacity : arrays
        Middle, volume and heat capacity of every cell: m, m3, J/K.
    shells : int
        How many of the first cells are shell.
    core_capacity, core_volume : float
        J/K and m3.
    power : array
        Absorbed power over absorbed energy, 1/s.
    inside : array
        Mean rise of what the heated layer surrounds (a nanoshell's core), K/J; `inside_capacity` in J/K.
    """

    time: Any
    core: Any
    surface: Any
    water_surface: Any
    field: Any
    radius: Any
    volume: Any
    capacity: Any
    shells: int
    core_capacity: float
    core_volume: float
    power: Any
    inside: Any = 0.0
    inside_capacity: float = 0.0

    @property
    def energy(self) -> Any:
        """Heat in the whole system against time over the absorbed energy: 1 after the pulse."""
        return self.core_capacity * self.core + self.field @ self.capacity + self.inside_capacity * self.inside

    def plot(self, ax: Any = None) -> Any:
        """Temperature rise against time; returns the matplotlib Axes."""
        from ..plots.results import rise

        return rise(self, ax)


def pulse_power(time: Any, duration: float, shape: Any = "gaussian") -> Any:
    """Power of a pulse of unit energy, 1/s, about time 0.

    Parameters
    ----------
    time : array
        Seconds.
    duration : float
        Full width at half maximum, s.
    shape : str or (time, power)
        "gaussian", "square", "sech2", or a measured shape (any scale, interpolated linearly).
    """
    time = np.asarray(time, dtype=float)
    if isinstance(shape, str):
        if shape == "gaussian":
            width = duration * _SIGMA
            return np.exp(-0.5 * (time / width) ** 2) / (width * math.sqrt(2 * math.pi))
        if shape == "square":
            return np.where(np.abs(time) <= duration / 2, 1.0 / duration, 0.0)
        if shape == "sech2":
            width = duration / 1.762747174039086
            return 0.5 / width / np.cosh(np.clip(time / width, -300, 300)) ** 2
        raise ValueError(f"no pulse shape '{shape}'; write 'gaussian', 'square', 'sech2' or (time, power)")
    at, power = (np.asarray(values, dtype=float) for values in shape)
    if at.ndim != 1 or at.shape != power.shape or np.any(np.diff(at) <= 0) or np.any(power < 0):
        raise ValueError("a measured pulse is (time, power): rising times and powers of 0 or more")
    return np.interp(time, at, power, 0.0, 0.0) / np.trapezoid(power, at)


@compiled()
def _march(capacity, link, power1, power2, step, gamma, heated):
    """Rises against time from rest: a chain of cells, one of them heated (its power at both stages)."""
    cells = capacity.size
    steps = power1.size
    rise = np.zeros((steps + 1, cells))
    # matrix M = C/(gamma dt) + K, factored once (Thomas)
    upper = np.zeros(cells)
    pivot = np.zeros(cells)
    for i in range(cells):
        flow = 0.0
        if i > 0:
            flow += link[i - 1]
        if i < cells - 1:
            flow += link[i]
        diagonal = capacity[i] / (gamma * step) + flow
        if i > 0:
            diagonal -= link[i - 1] * upper[i - 1]
        pivot[i] = diagonal
        if i < cells - 1:
            upper[i] = link[i] / diagonal
    now = np.zeros(cells)
    flux = np.zeros(cells)  # C dT/dt of the first stage
    work = np.zeros(cells)
    for n in range(steps):
        for stage in range(2):
            # solve (C/(gamma dt) + K) U = C/(gamma dt) base + source, base = T, then T + (1 - gamma) dt dT1
            for i in range(cells):
                base = now[i] * capacity[i] / (gamma * step)
                if stage == 1:
                    base += (1.0 - gamma) / gamma * flux[i]
                if i == heated:
                    base += power1[n] if stage == 0 else power2[n]
                if i > 0:
                    base += link[i - 1] * work[i - 1]
                work[i] = base / pivot[i]
            for i in range(cells - 2, -1, -1):
                work[i] += upper[i] * work[i + 1]
            if stage == 0:
                for i in range(cells):
                    flow = power1[n] if i == heated else 0.0
                    if i > 0:
                        flow += link[i - 1] * (work[i - 1] - work[i])
                    if i < cells - 1:
                        flow -= link[i] * (work[i] - work[i + 1])
                    flux[i] = flow
        for i in range(cells):
            now[i] = work[i]
            rise[n + 1, i] = work[i]
    return rise


def _faces(inner, first, span, cells):
    """Faces of cells that grow by one ratio from `first` at the inner radius out to `span` beyond it."""
    if first * cells >= span:
        return inner + np.linspace(0.0, span, cells + 1)
    low, high = 1.0 + 1e-12, min(2.0, math.exp(600.0 / cells))
    for _ in range(200):
        ratio = 0.5 * (low + high)
        total = first * (ratio**cells - 1.0) / (ratio - 1.0)
        if total > span:
            high = ratio
        else:
            low = ratio
    sizes = first * ratio ** np.arange(cells)
    faces = inner + np.concatenate([[0.0], np.cumsum(sizes)])
    faces[-1] = inner + span
    return faces


def heat(
    radius: float,
    core: Layer,
    duration: float,
    shells: tuple[Layer, ...] = (),
    water: Layer = WATER,
    conductance: float = CONDUCTANCE,
    shape: Any = "gaussian",
    before: float = 3.0,
    after: float = 5.0,
    steps: int = 1500,
    cells: int = 300,
    shell_cells: int = 40,
    inside: Layer | None = None,
) -> Rise:
    """Temperature rise around a particle that absorbs a pulse, per joule absorbed.

    Parameters
    ----------
    radius : float
        Of the heated metal, m.
    core : Layer
        Isothermal metal that is heated.
    duration : float
        Full width of the pulse at half maximum, s.
    shells : tuple of Layer
        From the core outwards, each with its thickness.
    water : Layer
    conductance : float
        Of the interface at the core, W/(m2 K); infinity for none.
    shape : str or (time, power)
        As in `pulse_power`.
    before, after : float
        Window in pulse durations about the middle of the pulse.
    steps, cells, shell_cells : int
        Of time, water, and each shell.
    inside : Layer
        What the heated metal surrounds, its radius as thickness: the core of a nanoshell.

    Returns
    -------
    Rise

    Notes
    -----
    Second order in step and cell; 300 cells and 1500 steps give 1 % in the second derivative of the volume,
    and the energy to rounding.

    References
    ----------
    A. Prost, F. Poisson, E. Bossy, Phys. Rev. B 92, 115450 (2015), arXiv:1501.04871; Z. Ge, D. G. Cahill, P. V. Braun,
    Phys. Rev. Lett. 96, 186101 (2006), doi:10.1103/PhysRevLett.96.186101

    Examples
    --------
    >>> gold = Layer(317.0, 2.49e6)
    >>> found = heat(20e-9, gold, 5e-9, steps=300, cells=80)
    >>> bool(abs(found.energy[-1] - 1) < 1e-6)
    True
    """
    span = 12.0 * math.sqrt(6.0 * water.conductivity / water.capacity * duration * max(1.0, after / 5.0))
    outer = radius + sum(shell.thickness for shell in shells)
    first = min(outer / 15.0, math.sqrt(water.conductivity / water.capacity * duration) / 60.0) * (300.0 / cells)
    radii = [radius]
    pieces: list[tuple[Any, Layer]] = []
    edge = radius
    for shell in shells:
        pieces.append((np.linspace(edge, edge + shell.thickness, shell_cells + 1), shell))
        edge += shell.thickness
    pieces.append((_faces(edge, first, span, cells), water))
    inner = np.concatenate([faces[:-1] for faces, _ in pieces])
    outer_faces = np.concatenate([faces[1:] for faces, _ in pieces])
    conduct = np.concatenate([np.full(faces.size - 1, layer.conductivity) for faces, layer in pieces])
    dense = np.concatenate([np.full(faces.size - 1, layer.capacity) for faces, layer in pieces])
    middle = 0.5 * (inner + outer_faces)
    volume = 4.0 / 3.0 * np.pi * (outer_faces - inner) * (outer_faces**2 + outer_faces * inner + inner**2)
    # thermal resistance between neighbours, each half by its own conductivity
    inward = (1.0 / inner - 1.0 / middle) / (4.0 * np.pi * conduct)
    outward = (1.0 / middle - 1.0 / outer_faces) / (4.0 * np.pi * conduct)
    gap = 1.0 / (4.0 * np.pi * radii[0] ** 2 * conductance)
    chain = np.concatenate([[gap + inward[0]], outward[:-1] + inward[1:]])
    hollow = 0.0 if inside is None else inside.thickness
    core_volume = 4.0 / 3.0 * np.pi * (radius**3 - hollow**3)
    capacity = np.concatenate([[core.capacity * core_volume], dense * volume])
    heated = 0
    if inside is not None:
        parts = np.linspace(0.0, hollow, shell_cells + 1)
        centre = 0.5 * (parts[1:] + parts[:-1])
        resist = (1.0 / centre[:-1] - 1.0 / centre[1:]) / (4.0 * np.pi * inside.conductivity)
        last = (1.0 / centre[-1] - 1.0 / hollow) / (4.0 * np.pi * inside.conductivity)
        gap_inside = 1.0 / (4.0 * np.pi * hollow**2 * conductance)
        chain = np.concatenate([resist, [last + gap_inside], chain])
        held = inside.capacity * 4.0 / 3.0 * np.pi * np.diff(parts**3)
        capacity = np.concatenate([held, capacity])
        heated = shell_cells
    link = 1.0 / chain
    time = np.linspace(-before * duration, after * duration, steps + 1)
    step = time[1] - time[0]
    power1 = pulse_power(time[:-1] + _GAMMA * step, duration, shape)
    power2 = pulse_power(time[1:], duration, shape)
    rise = _march(capacity, link, power1, power2, step, _GAMMA, heated)
    within, within_capacity = 0.0, float(capacity[:heated].sum())
    if heated:
        within = rise[:, :heated] @ capacity[:heated] / within_capacity
        rise, capacity, link = rise[:, heated:], capacity[heated:], link[heated:]
    flow = link[0] * (rise[:, 0] - rise[:, 1])  # W/J through the interface
    surface = rise[:, 1] + flow * inward[0]
    at = shell_cells * len(shells)
    water_surface = rise[:, 1 + at] + link[at] * (rise[:, at] - rise[:, 1 + at]) * inward[at]
    return Rise(
        time,
        rise[:, 0],
        surface,
        water_surface,
        rise[:, 1:],
        middle,
        volume,
        capacity[1:],
        at,
        float(capacity[0]),
        core_volume,
        pulse_power(time, duration, shape),
        within,
        within_capacity,
    )
