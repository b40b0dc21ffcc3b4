"""One bubble in a pulse: R(t) by the equations of Rayleigh-Plesset, Keller-Miksis or Gilmore.

    (1-M) R R'' + (3/2)(1-M/3) R'^2 = (1+M)(p_L - p_inf)/rho + R/(rho c) d(p_L - p_inf)/dt,   M = R'/c   [1]_
    p_L = p_g - 2 sigma(R)/R - 4 mu R'/R - 4 kappa_s R'/R^2 - p_shell
    p_g = p_g0 ((R0^3 - h^3)/(R^3 - h^3))^kappa,   p_g0 = p0 + 2 sigma(R0)/R0

The tension is that of the same shell law as in the linear formulas. The polytropic exponent and the thermal
viscosity are those of small oscillations at the drive frequency ("linear thermal model") unless the bubble
fixes its exponent. A pulse of positive amplitude begins with rarefaction.

.. [1] J. B. Keller, M. Miksis, J. Acoust. Soc. Am. 68, 628 (1980), doi:10.1121/1.384720
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..constants import GAS_CONSTANT
from ..provenance import Refusal
from ..showing import shows
from ..units import Flag, Q, magnitude, quantities
from . import kernels
from .bubble import Bubble, Liquid, liquid_of
from .linear import gas_flags, response
from .pulses import Pulse

Array = NDArray[np.float64]

MODELS = {
    "rayleigh-plesset": kernels.RAYLEIGH_PLESSET,
    "rayleigh-plesset-radiation": kernels.RADIATING,
    "keller-miksis": kernels.KELLER_MIKSIS,
    "gilmore": kernels.GILMORE,
}

HARD_CORE = 1 / 8.86
"""Radius of the hard core of air over the rest radius (van der Waals; unverified)."""

SUBHARMONIC_CYCLES = 40
BUDGET = 4_000_000
PER_CYCLE = 64
RESOLVED = 100
"""A wall that moves by fewer tolerances than this has a noisy waveform."""


def bubble_parameters(
    radius: ArrayLike, bubble: Bubble, pulse: Pulse, liquid: Liquid, model: str, hard_core: bool = False
) -> tuple[Array, Array]:
    """Parameter and shell vectors, one row for each rest radius [m]; gas and shell are those of `bubble`."""
    if model not in MODELS:
        raise ValueError(f"model is one of {', '.join(MODELS)}, not {model!r}")
    radius = np.atleast_1d(np.asarray(radius, float))
    omega = 2 * math.pi * pulse.frequency
    r = response(radius, omega, bubble.shell, bubble.gas, liquid, bubble.polytropic)
    par = np.zeros((radius.size, kernels.PARAMETERS))
    par[:, kernels.MODEL] = MODELS[model]
    par[:, kernels.LAW] = bubble.shell.code
    par[:, kernels.RHO] = liquid.density
    par[:, kernels.SOUND] = liquid.sound_speed
    par[:, kernels.MU] = liquid.viscosity + r.thermal / 4
    par[:, kernels.P0] = liquid.pressure
    par[:, kernels.KAPPA] = r.kappa
    par[:, kernels.REST] = radius
    par[:, kernels.GAS0] = liquid.pressure + 2 * bubble.shell.rest_tension(radius) / radius
    par[:, kernels.CORE] = HARD_CORE * radius if hard_core else 0.0
    par[:, kernels.SHEAR] = liquid.shear_modulus
    pulse.fill(par)
    return par, np.array([bubble.shell.vector(float(one)) for one in radius])


@shows(
    "Motion of a bubble, {0.model}",
    "time",
    "radius",
    "wall_velocity",
    "smallest",
    "largest",
    "fastest",
    "broken",
    "bubble",
    "pulse",
    "medium",
)
@dataclass(frozen=True)
class Trace:
    """Motion of one bubble; `time`, `radius` and `wall_velocity` are quantities."""

    bubble: Bubble
    pulse: Pulse
    medium: Liquid
    model: str
    seconds: Array = field(repr=False)
    metres: Array = field(repr=False)
    metres_per_second: Array = field(repr=False)
    source: Array = field(repr=False)  # rho (R^2 R'' + 2 R R'^2) [Pa m]
    smallest: float = 0.0  # radius over rest radius
    largest: float = 0.0
    fastest: float = 0.0  # wall speed over sound speed
    broken: bool = False
    steps: int = 0
    flags: tuple[Flag, ...] = ()

    @property
    def time(self) -> Any:
        """Times of the samples."""
        return Q(self.seconds, "s")

    @property
    def radius(self) -> Any:
        """Radius at the samples."""
        return Q(self.metres, "m")

    @property
    def wall_velocity(self) -> Any:
        """Speed of the wall at the samples."""
        return Q(self.metres_per_second, "m/s")

    def radiated(self, distance: Any) -> Any:
        """Pressure radiated to a distance, at the time it arrives there (one entry for each sample).

        p = rho (R^2 R'' + 2 R R'^2)/r, the acceleration from the equation of motion.
        """
        r = magnitude(distance, "m", "distance")
        if not r > 0:
            raise ValueError(f"distance is {r:g} m: it must be above 0")
        return Q(self.source / r, "Pa")

    def settled(self, cycles: int | None = None) -> slice:
        """Samples of the last whole cycles of the drive (half of them by default)."""
        per_cycle = (self.seconds.size - 1) / (self.seconds[-1] * self.pulse.frequency)
        whole = int(self.pulse.cycles + 1e-9)
        wanted = max(1, whole // 2) if cycles is None else cycles
        last = round(whole * per_cycle)
        return slice(last - round(wanted * per_cycle), last)

    def spectrum(self) -> tuple[Any, Any]:
        """Frequency and amplitude of the source strength over the last whole cycles [Pa m]."""
        part = self.source[self.settled()]
        step = self.seconds[1] - self.seconds[0]
        return Q(np.fft.rfftfreq(part.size, step), "Hz"), Q(2 * np.abs(np.fft.rfft(part)) / part.size, "Pa*m")

    def harmonic(self, order: float = 1.0) -> complex:
        """Complex amplitude of the source strength at a multiple of the drive [Pa m].

        Sub- and ultraharmonics are refused for pulses of fewer than 40 cycles: their transient outlives them.
        """
        if self.pulse.samples or self.pulse.envelope != "rectangle" or self.pulse.end_frequency:
            raise Refusal("harmonic", "the amplitude of a harmonic needs a drive of constant amplitude and frequency")
        if order != int(order) and self.pulse.cycles < SUBHARMONIC_CYCLES:
            raise Refusal(
                "subharmonic",
                f"a subharmonic from {self.pulse.cycles:g} cycles is a transient: drive at least "
                f"{SUBHARMONIC_CYCLES} cycles",
            )
        whole = max(2, int(self.pulse.cycles) // 2) // 2 * 2
        chosen = self.settled(min(whole, int(self.pulse.cycles)))
        ends = slice(chosen.start, chosen.stop + 1)
        t, omega = self.seconds[ends], 2 * math.pi * order * self.pulse.frequency
        turn = np.exp(-1j * omega * t)
        # by parts, from (R^3 - R0^3)/3 and its rate: friction magnifies the errors of an acceleration
        swell = (self.metres[ends] ** 3 - self.bubble.radius**3) / 3 * turn
        kick = self.metres[ends] ** 2 * self.metres_per_second[ends] * turn
        inside = np.trapezoid(swell, t)
        total = kick[-1] - kick[0] + 1j * omega * (swell[-1] - swell[0]) - omega**2 * inside
        return complex(2 * self.medium.density * total / (t[-1] - t[0]))

    def plot(self, axes: Any = None) -> Any:
        """Radius against time, and the spectrum of the echo; returns two matplotlib Axes."""
        from ..plots.results import motion

        return motion(self, axes)


def motion_flags(
    smallest: float, largest: float, fastest: float, bubble: Bubble, pulse: Pulse, liquid: Liquid, hard_core: bool
) -> tuple[Flag, ...]:
    """What limits a computed motion; radii over the rest radius, speed over that of sound."""
    found = []
    if fastest > 1:
        found.append(Flag("mach", f"wall speed reaches {fastest:.2g} times that of sound: not physical"))
    elif fastest > 0.3:
        found.append(Flag("mach", f"wall Mach number reaches {fastest:.2f} (limit 0.3): first-order theory"))
    if smallest < 0.1 and not hard_core:
        found.append(Flag("collapse", f"R falls to {smallest:.2g} R0: hard core, vapour and heat loss are missing"))
    rest_pressure = liquid.pressure + 2 * float(bubble.shell.rest_tension(bubble.radius)) / bubble.radius
    dense = rest_pressure * bubble.gas.molar_mass / (GAS_CONSTANT * liquid.temperature) / smallest**3
    if dense > 0.3 * liquid.density and not hard_core:
        found.append(Flag("gas density", f"gas compressed to {dense:.0f} kg/m3: the ideal gas law does not hold there"))
    coated = bubble.shell.code != 0
    if largest > 2 and not coated:
        found.append(Flag("shape", f"R reaches {largest:.1f} R0: a sphere is not expected to keep its shape"))
    if largest > 3.4 and coated:
        found.append(Flag("break-up", f"R reaches {largest:.1f} R0: collapse possible (3.4 to 8 R0 for Definity)"))
    elif largest > 2 and coated:
        found.append(Flag("break-up", f"R reaches {largest:.1f} R0: an intact shell is not expected to bear that"))
    eps = 2 * math.pi * pulse.frequency * bubble.radius / liquid.sound_speed
    if eps > 0.3:
        found.append(Flag("ka", f"w R0/c is {eps:.2g} (limit 0.3): the bubble is not small against the wave"))
    if bubble.radius < 2e-7 and coated:
        found.append(Flag("nanobubble", "radius below 0.2 um: shell parameters extrapolated"))
    found += gas_flags(bubble.gas, liquid)
    if bubble.polytropic is None:
        found.append(Flag("thermal", "linear thermal model: heat exchange of small oscillations", "note"))
    return tuple(found)


@quantities(
    None,
    duration=("s", 0, 1e-1, "time simulated; left out, the length of the pulse"),
    initial_radius=("m", 1e-9, 1e-2, "radius at the start; left out, the rest radius"),
)
def simulate(
    bubble: Bubble,
    pulse: Pulse,
    medium: Liquid | str = "water",
    model: str = "keller-miksis",
    duration: Any = None,
    initial_radius: Any = None,
    samples_per_cycle: int = PER_CYCLE,
    tolerance: float = 1e-6,
    hard_core: bool = False,
    budget: int = BUDGET,
) -> Trace:
    """Motion of one bubble in a pulse.

    Dormand-Prince 5(4), or Radau IIA of order 5 where the wall is stiff, chosen step by step; dense output, error per
    step relative to the radius.

    Other Parameters
    ----------------
    bubble : Bubble
    pulse : Pulse
    medium : Liquid or str
        Liquid, or the name of one in the catalogue (taken at 37 degC).
    model : {"keller-miksis", "gilmore", "rayleigh-plesset", "rayleigh-plesset-radiation"}
    samples_per_cycle : int
        Samples returned per cycle of the drive.
    tolerance : float
        1e-6 leaves about 3e-4 of R0 at the corners of a Marmottant law, 1e-5 about 2e-3.
    hard_core : bool
        Give the gas a hard core of R0/8.86 (air).
    budget : int
        Steps after which the integration gives up.

    Returns
    -------
    Trace

    Notes
    -----
    Spherical motion, no vapour, no gas exchange. First order in the wall Mach number. Below 3 ms for 20 cycles at
    2 MHz and 100 kPa from 20 nm to 100 um; a buckled shell without friction rings on its corner and takes up to 5 ms.
    A wall that hardly moves has a noisy waveform at a loose tolerance: the flag `resolution` names a tighter one.

    References
    ----------
    J. B. Keller, M. Miksis, J. Acoust. Soc. Am. 68, 628 (1980), doi:10.1121/1.384720

    Examples
    --------
    >>> from contrastphys.ultrasound import Bubble, Gas, Liquid
    >>> air = Bubble("2 um", Gas(), polytropic=1.4)
    >>> motion = simulate(air, Pulse("2 MHz", "10 kPa", cycles=10), Liquid(sound_speed="1500 m/s"))
    >>> print(f"{motion.smallest:.3f} to {motion.largest:.3f} R0")
    0.854 to 1.156 R0
    """
    liquid = liquid_of(medium)
    if not 1e-13 <= tolerance <= 1e-2:
        raise ValueError(f"tolerance is {tolerance:g}: take 1e-13 to 1e-2")
    par, shell = bubble_parameters(bubble.radius, bubble, pulse, liquid, model, hard_core)
    end = pulse.duration if duration is None else duration
    if not end > 0:
        raise ValueError(f"duration is {end:g} s: it must be above 0")
    count = max(2, round(end * pulse.frequency * samples_per_cycle) + 1)
    if count > 20_000_000:
        raise ValueError(f"{count} samples are asked: shorten the duration or take fewer per cycle")
    radius, speed, rate = np.empty(count), np.empty(count), np.empty(count)
    start = bubble.radius if initial_radius is None else initial_radius
    status, steps, smallest, largest, fastest, broken = kernels.trace(
        par[0], shell[0], pulse.wave, float(start), float(end), float(tolerance), int(budget), radius, speed, rate
    )
    refuse(int(status), bubble.radius, steps)
    ratios = smallest / bubble.radius, largest / bubble.radius, fastest / liquid.sound_speed
    source = liquid.density * (radius**2 * rate + 2 * radius * speed**2)
    flags = motion_flags(*ratios, bubble, pulse, liquid, hard_core)
    swing = ratios[1] - ratios[0]
    if pulse.peak > 0 and swing < RESOLVED * tolerance:
        better = max(1e-13, 10.0 ** math.floor(math.log10(max(swing, 1e-12) / (10 * RESOLVED))))
        message = f"the wall moves by {swing:.1g} of R0: at a tolerance of {tolerance:g} its waveform is noisy"
        flags += (Flag("resolution", f"{message}; give tolerance = {better:.0e}"),)
    return Trace(
        bubble, pulse, liquid, model, np.linspace(0, end, count), radius, speed, source, *ratios, bool(broken),
        int(steps), flags,
    )  # fmt: skip


def refuse(status: int, radius: float, steps: int) -> None:
    """Refusal for an integration that did not reach its end."""
    if status == kernels.BUDGET:
        raise Refusal("budget", f"R0 = {radius * 1e6:g} um: {steps} steps did not reach the end; give a larger budget")
    if status == kernels.LOST:
        raise Refusal(
            "collapse",
            f"R0 = {radius * 1e6:g} um: the collapse is too violent for this equation (give hard_core = True, or the "
            "Gilmore equation)",
        )


def between(times: Array, step: float, radius: Array, speed: Array) -> Array:
    """Radius [m] at any times [s] of a trace sampled every `step`: the cubic through radius and wall velocity."""
    i = np.clip((times / step).astype(int), 0, radius.size - 2)
    x = times / step - i
    rise, start, stop = radius[i + 1] - radius[i], speed[i] * step, speed[i + 1] * step
    return radius[i] + x * (start + x * (3 * rise - 2 * start - stop + x * (start + stop - 2 * rise)))
