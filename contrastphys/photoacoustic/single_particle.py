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

from .. import records
from ..constants import ZERO_CELSIUS
from ..provenance import Flag, Refusal, merge_flags
from ..showing import shows
from ..units import Q, quantities
from . import water
from .heating import Rise, heat
from .layers import CONDUCTANCE, particle_layers
from .particles import Particle
from .sections import cross_sections

__all__ = ["Emission", "Thresholds", "damage", "emission", "thresholds"]

BOILING = 373.15  # K
SPINODAL = 647.0  # K, critical point: no superheated water above it
HEATED = ("gold", "silver", "magnetite")  # what takes up the light, in a core or around one
_J = 1e-3 * 1e4  # J/m^2 in a mJ/cm^2


@shows("Thresholds of fluence", "boiling", "spinodal", "melting", "critical", "critical_energy")
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


@shows(
    "Sound of one particle",
    "linear",
    "nonlinear",
    "ratio",
    "water_share",
    "point_ratio",
    "critical_fluence",
    "surface_temperature",
    "core_temperature",
)
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
        Share of the emitted energy of the linear signal made in water, in the heated metal ("core") and in
        what else the particle is made of ("shell").
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

    def plot(self, ax: Any = None) -> Any:
        """Pressure against retarded time; returns the matplotlib Axes."""
        from ..plots.results import emission as draw

        return draw(self, ax)


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


def sources_of(particle: Particle, duration: float, temperature: float, conductance: float, shape: Any, long: bool):
    """Volumes gained after a pulse; `long` keeps the cooling tail a spectrum needs."""
    radius, core, shells, inside = particle_layers(particle)
    after, steps = (60.0, 6000) if long else (5.0, 1500)
    rise = heat(
        radius, core, duration, shells, conductance=conductance, shape=shape, after=after, steps=steps, inside=inside
    )
    at = rise.shells
    outside, space = rise.field[:, at:], rise.volume[at:]
    beta = float(water.expansion.bare(temperature))
    slope = float(water.expansion.bare(temperature + 0.25) - water.expansion.bare(temperature - 0.25)) / 0.5
    shell = np.zeros_like(rise.core)
    per_shell = at // max(len(shells), 1)
    for n, layer in enumerate(shells):
        cells = slice(n * per_shell, (n + 1) * per_shell)
        shell += layer.expansion * (rise.field[:, cells] @ rise.volume[cells])
    if inside is not None:
        shell += inside.expansion * 4.0 / 3.0 * np.pi * inside.thickness**3 * rise.inside
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


def strength_of(volume: Any, time: Any, frequency: float | None) -> float:
    """Positive peak, or spectral amplitude, of the second derivative of a source volume."""
    if frequency is None:
        return float(_second(volume, time[1] - time[0]).max())
    return _spectral(volume, time, frequency)


def _material(particle: Particle) -> str:
    """The heated material: the core, or the metal around it."""
    names = [particle.material, *(name for name, _ in particle.coats)]
    held = [metal for name in names for metal in HEATED if name.startswith(metal)]
    return held[0] if held else particle.material


def checked(particle: Particle, pulse: float, temperature: float) -> list[Flag]:
    """What to say of a pulse [ns] on a particle in water of that temperature [K]; refuses what is not modelled."""
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
    water.liquid(temperature)
    return notes


CONDITIONS = {
    "pulse": ("ns", 0.5, 1000, "full width of the pulse at half maximum"),
    "temperature": ("K", ZERO_CELSIUS, ZERO_CELSIUS + 100, "temperature of the water before the pulse"),
    "wavelength": ("nm", 300, 1700, "vacuum wavelength"),
    "frequency": ("MHz", 0.1, 500, "frequency of detection; the broadband peak if left out"),
    "conductance": ("MW/(m^2*K)", 10, 1e4, "conductance of the interface between core and surroundings"),
}


def limits_of(
    particle: Particle, sources: Any, sigma: float, temperature: float, frequency: float | None
) -> dict[str, float]:
    """Fluences [mJ/cm^2] at which water boils, the core melts, or the nonlinear part equals the linear one."""
    rise = sources.rise
    per_fluence = sigma * _J  # J absorbed for 1 mJ/cm^2
    linear = strength_of(sources.linear, rise.time, frequency)
    nonlinear = strength_of(sources.square, rise.time, frequency)
    known = records.material(_material(particle)).melting_temperature  # of the bulk
    melting = np.inf if known is None else known.number
    hottest, inside = float(rise.water_surface.max()), float(rise.core.max())
    return {
        "boiling": (BOILING - temperature) / hottest / per_fluence,
        "spinodal": (SPINODAL - temperature) / hottest / per_fluence,
        "melting": (melting - temperature) / inside / per_fluence,
        "critical": linear / nonlinear / per_fluence,
    }


@quantities(None, **CONDITIONS)
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
    Good to a factor of two for the critical fluence; 20 % (that of sigma_abs) for the temperatures. Water at
    a particle does not boil at 100 C: a bubble needs about the spinodal.

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
    notes = checked(particle, float(pulse), float(temperature))
    sources = sources_of(
        particle, float(pulse) * 1e-9, float(temperature), float(conductance) * 1e6, shape, frequency is not None
    )
    found = cross_sections.bare(particle, float(wavelength))
    hertz = None if frequency is None else float(frequency) * 1e6
    limits = limits_of(particle, sources, float(found.sigma_abs), float(temperature), hertz)
    return Thresholds(limits, float(found.sigma_abs), merge_flags(found.flags, notes))


@quantities(
    None,
    fluence=("mJ/cm^2", 1e-9, 1e3, "fluence at the particle"),
    distance=("mm", 0.01, 1e3, "of the detector"),
    **CONDITIONS,
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
    Water above 100 C is superheated and its expansion continued ("extrapolated"). Where the surface passes
    647 K or the core melts the model ends: a Refusal names the fluence, and `thresholds` gives it without
    asking for a signal.

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
    notes = checked(particle, float(pulse), temperature)
    found = cross_sections.bare(particle, float(wavelength))
    sigma = float(found.sigma_abs)
    hertz = None if frequency is None else float(frequency) * 1e6
    sources = sources_of(particle, duration, temperature, float(conductance) * 1e6, shape, hertz is not None)
    rise = sources.rise
    limits = limits_of(particle, sources, sigma, temperature, hertz)
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
    extra = water.expansion_excess(temperature, np.maximum(rise.field[:, at:] * energy, 0.0)) @ rise.volume[at:]
    far = float(water.density.bare(temperature)) / (4.0 * np.pi * float(distance) * 1e-3)
    parts = {name: getattr(sources, name) * energy for name in ("water", "shell", "core")}
    strength = {name: float(np.sum(_second(volume, step) ** 2)) for name, volume in parts.items()}
    whole = sum(strength.values())
    linear = sum(parts.values())
    peak = float(np.abs(_second(linear, step)).max())
    steepest = float(np.gradient(rise.power, rise.time).max()) * energy
    point = abs(sources.beta) / float(rise.capacity[-1] / rise.volume[-1]) * steepest
    values = {
        "linear": far * strength_of(linear, rise.time, hertz),
        "nonlinear": far * strength_of(extra, rise.time, hertz),
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


def damage(particle: Particle, fluence: float, pulse: float, temperature: float, wavelength: float) -> tuple[Flag, ...]:
    """What a fluence [mJ/cm^2] does to one particle and the water at it; nothing where its heat is not modelled."""
    try:
        found = thresholds.bare(particle, pulse, temperature, wavelength).fluences
    except Refusal:
        return ()
    notes = []
    for name, code, what in (
        ("melting", "melting", "the particles melt"),
        ("spinodal", "vapour", "vapour forms at the particles (647 K)"),
        ("boiling", "superheated", "water at the particles passes 100 degC"),
        ("critical", "nonlinear", "one particle sounds as much nonlinearly as linearly"),
    ):
        if fluence >= found[name]:
            text = f"{what} from {found[name]:.2g} mJ/cm^2 on ({fluence:.2g} here): p_0 = Gamma mu_a F leaves this out"
            notes.append(Flag(code, text, "warn"))
    notes = notes[:2]
    if particle.shape == "rod" and fluence > 3.0:
        notes.append(Flag("reshaping", "rods reshape from a few mJ/cm^2 on: the next pulse sees another", "warn"))
    return tuple(notes)
