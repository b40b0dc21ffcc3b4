"""The sound of one heated particle: how much is linear, where it is made, at which fluence it turns nonlinear.

A compact source of thermal expansion radiates p(r, t) = rho/(4 pi r) d2S/dt2 at the retarded time, where S is
the volume gained by water, shell and core::

    S = int dV int_0^dT beta(T_0 + u) du  (water, integrated analytically)  +  beta_shell int dT dV  +
    beta_core V dT_core

What is proportional to the absorbed energy is linear; the rest comes from the growth of beta with
temperature. The critical fluence is the one at which, by small-signal scaling, the peak of the nonlinear part
equals the linear peak (A. Prost, F. Poisson, E. Bossy, Phys. Rev. B 92, 115450 (2015), arXiv:1501.04871). The
ratio depends on the band of the detector by factors of 3 to 30: state the frequency.

Left out: elastic mismatch of core and water, retardation across the particle, electron-phonon dynamics,
latent heat. Fair for pulses of 1 ns and longer and diameters up to 200 nm; E_crit is good to a factor of two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..constants import ZERO_CELSIUS
from ..provenance import Flag, Refusal, merge_flags
from ..units import Q, quantities
from . import water
from .heating import CONDUCTANCE, Rise, heat, particle_layers
from .particles import Particle, cross_sections

__all__ = ["Emission", "Thresholds", "collective", "emission", "thresholds"]

BOILING = 373.15  # K
SPINODAL = 647.0  # K, critical point: no superheated water above it
MELTING = {"gold": 1337.0, "silver": 1235.0, "magnetite": 1870.0}  # K, bulk
_J = 1e-3 * 1e4  # J/m^2 in a mJ/cm^2


@dataclass(frozen=True)
class Thresholds:
    """Fluences, mJ/cm^2, at which something ends or begins for one particle under one pulse.

    Attributes
    ----------
    boiling, spinodal, melting : quantity
        Water at the surface reaches 100 C and 647 K; the core reaches its bulk melting point (without latent
        heat).
    critical : quantity
        Nonlinear peak equals linear peak (in the band, where a frequency was given).
    critical_energy : quantity
        The same as absorbed energy.
    """

    fluences: dict[str, float]
    sigma: float
    flags: tuple[Flag, ...] = ()

    def _quantity(self, name: str) -> Any:
        return Q(self.fluences[name], "mJ/cm^2")

    @property
    def boiling(self) -> Any:
        return self._quantity("boiling")

    @property
    def spinodal(self) -> Any:
        return self._quantity("spinodal")

    @property
    def melting(self) -> Any:
        return self._quantity("melting")

    @property
    def critical(self) -> Any:
        return self._quantity("critical")

    @property
    def critical_energy(self) -> Any:
        return Q(self.fluences["critical"] * _J * self.sigma * 1e15, "fJ")


@dataclass(frozen=True)
class Emission:
    """Sound of one particle after one pulse.

    Attributes
    ----------
    linear, nonlinear : quantity
        Positive peaks of the two parts at the stated distance (Pa); with a frequency, their spectral
        amplitudes (Pa/Hz).
    ratio : float
        Nonlinear over linear.
    shares : dict
        Share of the emitted energy of the linear signal made in water, shell and core.
    water_share : float
    point_ratio : float
        Linear peak over that of a point absorber, beta/(4 pi r C_p) max dP/dt.
    critical_fluence : quantity
        mJ/cm^2 at which the two parts are equal, by small-signal scaling.
    surface_temperature, core_temperature : quantity
        Highest of the water at the surface and of the core, K.
    time, pressure : arrays
        Retarded time (s) and pressure (Pa) of the whole signal.
    """

    values: dict[str, float]
    unit: str
    shares: dict[str, float]
    time: Any
    pressure: Any
    flags: tuple[Flag, ...] = ()

    @property
    def linear(self) -> Any:
        return Q(self.values["linear"], self.unit)

    @property
    def nonlinear(self) -> Any:
        return Q(self.values["nonlinear"], self.unit)

    @property
    def ratio(self) -> float:
        return self.values["nonlinear"] / self.values["linear"]

    @property
    def water_share(self) -> float:
        return self.shares["water"]

    @property
    def point_ratio(self) -> float:
        return self.values["point_ratio"]

    @property
    def critical_fluence(self) -> Any:
        return Q(self.values["critical"], "mJ/cm^2")

    @property
    def surface_temperature(self) -> Any:
        return Q(self.values["surface"], "K")

    @property
    def core_temperature(self) -> Any:
        return Q(self.values["core"], "K")


# ------------------------------------------------------------------------------------------ source volume


@dataclass(frozen=True)
class _Sources:
    """Volumes per joule (m3/J) of the linear parts, and per joule squared of the small-signal nonlinear part."""

    rise: Rise
    water: Any
    shell: Any
    core: Any
    square: Any
    beta: float

    @property
    def linear(self) -> Any:
        return self.water + self.shell + self.core


def _sources(particle: Particle, duration: float, temperature: float, conductance: float, shape: Any, long: bool):
    radius, core, shells = particle_layers(particle)
    after, steps = (60.0, 6000) if long else (5.0, 1500)
    rise = heat(radius, core, duration, shells, conductance=conductance, shape=shape, after=after, steps=steps)
    at = rise.shells
    outside, space = rise.field[:, at:], rise.volume[at:]
    beta = float(water.expansion.bare(temperature))
    slope = float(water.expansion.bare(temperature + 0.25) - water.expansion.bare(temperature - 0.25)) / 0.5
    shell = np.zeros_like(rise.core)
    per_shell = at // max(len(shells), 1)
    for n, layer in enumerate(shells):
        cells = slice(n * per_shell, (n + 1) * per_shell)
        shell += layer.expansion * (rise.field[:, cells] @ rise.volume[cells])
    return _Sources(
        rise,
        beta * (outside @ space),
        shell,
        core.expansion * rise.core_volume * rise.core,
        0.5 * slope * (outside**2 @ space),
        beta,
    )


def _second(volume: Any, step: float) -> Any:
    """Second derivative on the inner points of a uniform grid."""
    return (volume[2:] - 2.0 * volume[1:-1] + volume[:-2]) / step**2


def _spectral(volume: Any, time: Any, frequency: float) -> float:
    """|integral of d2S/dt2 exp(-i w t) dt| = w |integral of dS/dt exp(-i w t) dt|."""
    middle = 0.5 * (time[1:] + time[:-1])
    wave = np.exp(-2j * np.pi * frequency * middle)
    return float(2.0 * np.pi * frequency * np.abs(np.diff(volume) @ wave))


def _strength(volume: Any, time: Any, frequency: float | None) -> float:
    """Positive peak, or spectral amplitude, of the second derivative of a source volume."""
    if frequency is None:
        return float(_second(volume, time[1] - time[0]).max())
    return _spectral(volume, time, frequency)


def _material(particle: Particle) -> str:
    return next((name for name in MELTING if particle.material.startswith(name)), particle.material)


def _check(particle: Particle, pulse: float, temperature: float) -> list[Flag]:
    notes = []
    if pulse < 0.1:
        raise Refusal(
            "short-pulse", f"pulse of {pulse * 1e3:g} ps: below 100 ps the particle's own expansion and inertia rule"
        )
    if pulse < 1.0:
        notes.append(Flag("short-pulse", "pulse below 1 ns: retardation across the particle is left out", "warn"))
    if particle.shape == "rod":
        notes.append(Flag("rod-heat", "heat of a rod computed as that of the sphere of equal volume", "warn"))
    if particle.outer_diameter > 200:
        notes.append(Flag("large", "particle above 200 nm: elasticity and retardation are left out", "warn"))
    water._celsius(temperature)
    return notes


_TABLE = {
    "pulse": ("ns", 0.5, 1000, "full width of the pulse at half maximum"),
    "temperature": ("K", ZERO_CELSIUS, ZERO_CELSIUS + 100, "temperature of the water before the pulse"),
    "wavelength": ("nm", 300, 1700, "vacuum wavelength"),
    "frequency": ("MHz", 0.1, 500, "frequency of detection; the broadband peak if left out"),
    "conductance": ("MW/(m^2*K)", 10, 1e4, "conductance of the interface between core and surroundings"),
}


def _thresholds(particle, sources, sigma, temperature, frequency) -> dict[str, float]:
    rise = sources.rise
    per_fluence = sigma * _J  # J absorbed for 1 mJ/cm^2
    linear = _strength(sources.linear, rise.time, frequency)
    nonlinear = _strength(sources.square, rise.time, frequency)
    melting = MELTING.get(_material(particle), np.inf)
    hottest, inside = float(rise.water_surface.max()), float(rise.core.max())
    return {
        "boiling": (BOILING - temperature) / hottest / per_fluence,
        "spinodal": (SPINODAL - temperature) / hottest / per_fluence,
        "melting": (melting - temperature) / inside / per_fluence,
        "critical": linear / nonlinear / per_fluence,
    }


@quantities(None, **_TABLE)
def thresholds(
    particle: Particle,
    pulse: Any = 5.0,
    temperature: Any = 293.15,
    wavelength: Any = 532.0,
    frequency: Any = None,
    conductance: Any = CONDUCTANCE / 1e6,
    shape: Any = "gaussian",
) -> Thresholds:
    """Fluences at which one particle boils its water, melts, or sounds as much nonlinearly as linearly.

    Other Parameters
    ----------------
    particle : Particle
        A sphere, plain or coated; a rod is heated as the sphere of equal volume.
    shape : str or (time, power)
        Of the pulse: "gaussian", "sech2", "square" or measured.

    Returns
    -------
    Thresholds
        ``.boiling .spinodal .melting .critical .critical_energy .flags``.

    Notes
    -----
    Good to a factor of two for the critical fluence; 20 % (that of sigma_abs) for the temperatures. Water at a particle
    does not boil at 100 C: a bubble needs about the spinodal.

    References
    ----------
    A. Prost, F. Poisson, E. Bossy, Phys. Rev. B 92, 115450 (2015), arXiv:1501.04871.

    Examples
    --------
    >>> from contrastphys.photoacoustic.particles import sphere
    >>> found = thresholds(sphere("40 nm"), "5 ns")
    >>> print(f"{found.critical:.1f}, {found.spinodal:.0f}")
    3.3 millijoule / centimeter ** 2, 16 millijoule / centimeter ** 2
    """
    notes = _check(particle, float(pulse), float(temperature))
    sources = _sources(
        particle, float(pulse) * 1e-9, float(temperature), float(conductance) * 1e6, shape, frequency is not None
    )
    found = cross_sections.bare(particle, float(wavelength))
    hertz = None if frequency is None else float(frequency) * 1e6
    limits = _thresholds(particle, sources, float(found.sigma_abs), float(temperature), hertz)
    return Thresholds(limits, float(found.sigma_abs), merge_flags(found.flags, notes))


@quantities(
    None,
    fluence=("mJ/cm^2", 0, 1e3, "fluence at the particle"),
    distance=("mm", 0.01, 1e3, "of the detector"),
    **_TABLE,
)
def emission(
    particle: Particle,
    fluence: Any,
    pulse: Any = 5.0,
    temperature: Any = 293.15,
    frequency: Any = None,
    wavelength: Any = 532.0,
    distance: Any = 1.0,
    conductance: Any = CONDUCTANCE / 1e6,
    shape: Any = "gaussian",
) -> Emission:
    """Far-field sound of one particle: linear and nonlinear part, where it is made, how hot it gets.

    p = rho/(4 pi r) d2S/dt2, S the volume gained by water, shell and core.

    Other Parameters
    ----------------
    particle : Particle
        A sphere, plain or coated; a rod is heated as the sphere of equal volume.
    shape : str or (time, power)
        Of the pulse: "gaussian", "sech2", "square" or measured.

    Returns
    -------
    Emission
        ``.linear .nonlinear .ratio .water_share .critical_fluence .surface_temperature .time .pressure
        .flags``.

    Notes
    -----
    Water above 100 C is superheated and its expansion continued ("extrapolated"). Where the surface passes 647 K or the
    core melts the model ends: a Refusal names the fluence, and `thresholds` gives it without asking for a signal.

    References
    ----------
    M. I. Calasso, W. Craig, G. J. Diebold, Phys. Rev. Lett. 86, 3550 (2001), doi:10.1103/PhysRevLett.86.3550.
    A. Prost, F. Poisson, E. Bossy, Phys. Rev. B 92, 115450 (2015), arXiv:1501.04871.

    Examples
    --------
    >>> from contrastphys.photoacoustic.particles import sphere
    >>> found = emission(sphere("40 nm"), "3 mJ/cm^2", "5 ns", "20 degC")
    >>> print(f"{found.water_share:.3f} {found.surface_temperature:.0f}")
    0.994 359 kelvin
    """
    temperature, duration = float(temperature), float(pulse) * 1e-9
    notes = _check(particle, float(pulse), temperature)
    found = cross_sections.bare(particle, float(wavelength))
    sigma = float(found.sigma_abs)
    hertz = None if frequency is None else float(frequency) * 1e6
    sources = _sources(particle, duration, temperature, float(conductance) * 1e6, shape, hertz is not None)
    rise = sources.rise
    limits = _thresholds(particle, sources, sigma, temperature, hertz)
    energy = sigma * float(fluence) * _J
    for code, what in (("spinodal", "water at its surface passes 647 K"), ("melting", "the core melts")):
        if fluence >= limits[code]:
            raise Refusal(code, f"{what} at {limits[code]:.3g} mJ/cm^2: no sound is computed for {fluence:g}")
    if fluence >= limits["boiling"]:
        text = f"surface passes 100 degC at {limits['boiling']:.3g} mJ/cm^2: superheated water, expansion extrapolated"
        notes.append(Flag("superheated", text, "warn"))
    if particle.shape == "rod" and fluence > 3.0:
        notes.append(Flag("reshaping", "rods reshape from a few mJ/cm^2 on: the next pulse sees another", "warn"))
    at, step = rise.shells, rise.time[1] - rise.time[0]
    heated = water.expansion_integral.bare(temperature, np.maximum(rise.field[:, at:] * energy, 0.0))
    extra = heated @ rise.volume[at:] - sources.water * energy
    far = float(water.density.bare(temperature)) / (4.0 * np.pi * float(distance) * 1e-3)
    parts = {name: getattr(sources, name) * energy for name in ("water", "shell", "core")}
    strength = {name: float(np.sum(_second(volume, step) ** 2)) for name, volume in parts.items()}
    whole = sum(strength.values())
    linear = sum(parts.values())
    peak = float(np.abs(_second(linear, step)).max())
    slope = float(np.gradient(rise.power, rise.time).max()) * energy
    point = abs(sources.beta) / (rise.capacity[-1] / rise.volume[-1]) * slope
    values = {
        "linear": far * _strength(linear, rise.time, hertz),
        "nonlinear": far * _strength(extra, rise.time, hertz),
        "critical": limits["critical"],
        "point_ratio": peak / point if point else 0.0,
        "surface": temperature + energy * float(rise.water_surface.max()),
        "core": temperature + energy * float(rise.core.max()),
    }
    return Emission(
        values,
        "Pa" if hertz is None else "Pa/Hz",
        {name: value / whole for name, value in strength.items()},
        rise.time[1:-1],
        far * _second(linear + extra, step),
        merge_flags(found.flags, notes),
    )


# ------------------------------------------------------------------------------------- collective heating


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


@quantities(None, spacing=("nm", 2, 1e5, "distance between the centres of neighbours"), **_TABLE)
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
    Optical coupling between touching particles shifts and widens their peaks and is left out, so are the neighbours'
    interiors: a thermal statement only. Aggregates smaller than the sound's wavelength.

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
    _check(particle, float(pulse), float(temperature))
    hertz = None if frequency is None else float(frequency) * 1e6
    sources = _sources(
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
    one = _strength(sources.square, rise.time, hertz)
    many = _strength(sources.square + shared, rise.time, hertz)
    sigma = float(cross_sections.bare(particle, float(wavelength)).sigma_abs)
    alone = _thresholds(particle, sources, sigma, float(temperature), hertz)["critical"]
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
