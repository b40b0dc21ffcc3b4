"""Echoes of many bubbles: harmonics of a long drive, energies of pulse sequences, any size distribution.

Bubbles lie at random, so their echoes add in energy: E = Sum n_i Integral S_i^2 dt with the source strength
S = rho (R^2 R'' + 2 R R'^2). The radii of one ladder (`sounding`) are simulated once for each shell, gas and pulse;
every size distribution is then a weighted sum over them.

A sequence sends the pulse times each factor and adds the echoes with weights:

    pulse-inversion        s(p) + s(-p)
    amplitude-modulation   s(p) - 2 s(p/2)
    combined               s(p/2) + s(-p) + s(p/2)
"""

from __future__ import annotations

import functools
import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..provenance import Refusal
from ..showing import shows
from ..units import Flag, Q, quantities
from . import kernels
from .bubble import Bubble, Liquid, liquid_of
from .coats import Shell
from .dynamics import BUDGET, SUBHARMONIC_CYCLES, bubble_parameters, motion_flags, refuse
from .pulses import Pulse
from .sizes import Distribution
from .sounding import GRID, Memory, rungs

Array = NDArray[np.float64]

SEQUENCES: dict[str, tuple[tuple[float, float], ...]] = {  # factor of the pulse, weight of its echo
    "linear": ((1.0, 1.0),),
    "pulse-inversion": ((1.0, 1.0), (-1.0, 1.0)),
    "amplitude-modulation": ((1.0, 1.0), (0.5, -2.0)),
    "combined": ((0.5, 2.0), (-1.0, 1.0)),
}
REFERENCE = {"linear": 1.0, "pulse-inversion": 2.0, "amplitude-modulation": 1.0, "combined": 1.0}
"""Residuals are told relative to this many echoes s(p)."""
NOISE = {"linear": 1.0, "pulse-inversion": 2.0, "amplitude-modulation": 5.0, "combined": 3.0}
"""Noise energy of the summed acquisitions over that of one."""
HARMONIC = {"linear": 1.0, "pulse-inversion": 2.0, "amplitude-modulation": 0.5, "combined": 1.5}
"""Second harmonic of the wave itself, which grows with p^2, after the sequence over that of one pulse."""


class Cloud(Protocol):
    """What of a population its echo depends on: sizes, gas, shell and liquid, not its number."""

    @property
    def sizes(self) -> Distribution: ...

    @property
    def gas(self) -> Any: ...

    @property
    def shell(self) -> Shell: ...

    @property
    def medium(self) -> Any: ...

    @property
    def polytropic(self) -> float | None: ...


_MEMORY = Memory()
POPULATION_TOLERANCE = 1e-5
CHUNK = 64  # bubbles to a task; fixed, so that results never depend on the number of workers


def _chunks(count: int, run: Any, workers: int | None) -> None:
    """Run `run(begin, end)` over chunks; kernels release the interpreter's lock."""
    edges = [(i, min(i + CHUNK, count)) for i in range(0, count, CHUNK)]
    workers = min(len(edges), workers or min(4, os.cpu_count() or 1))
    if workers <= 1:
        for begin, end in edges:
            run(begin, end)
        return
    run(*edges[0])  # compiled once, before threads start
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(run, begin, end) for begin, end in edges[1:]]:
            done.result()


@shows("Harmonics of {0.radius.size} bubbles", "radius [m]", "orders", "smallest", "largest", "mach")
@dataclass(frozen=True)
class Harmonics:
    """Complex amplitudes of the source strength of many bubbles at multiples of the drive."""

    radius: Array  # [m]
    orders: Array
    amplitude: NDArray[np.complex128]  # bubbles x orders [Pa m]
    smallest: Array  # radius over rest radius
    largest: Array
    mach: Array
    pressure: float

    def power(self, weight: ArrayLike | None = None) -> Array:
        """Sum of the squared amplitudes over the bubbles, for each order [Pa^2 m^2]."""
        w = np.ones(self.radius.size) if weight is None else np.asarray(weight, float)
        return w @ np.abs(self.amplitude) ** 2

    def cross_section(self) -> Array:
        """Scattering cross-section of each bubble at each order [m^2], against the power that comes in."""
        return 4 * math.pi * np.abs(self.amplitude) ** 2 / self.pressure**2

    def plot(self, ax: Any = None) -> Any:
        """Cross-sections against radius at every order; returns the matplotlib Axes."""
        from ..plots.results import harmonics as draw

        return draw(self, ax)


@quantities(None, radii=("m", 1e-8, 1e-4, "rest radii"))
def harmonics(
    radii: Any,
    bubble: Bubble,
    pulse: Pulse,
    medium: Liquid | str = "water",
    orders: ArrayLike = (1.0, 2.0, 3.0),
    model: str = "keller-miksis",
    tolerance: float = POPULATION_TOLERANCE,
    per_cycle: int = 64,
    workers: int | None = None,
) -> Harmonics:
    """Harmonic amplitudes of bubbles of many radii in a long drive of constant amplitude.

    S_k = (2/T) Integral rho (R^2 R'' + 2 R R'^2) exp(-i k w t) dt over the second half of the cycles.

    Other Parameters
    ----------------
    bubble : Bubble
        Gas, shell and polytropic exponent; its radius is not used.
    pulse : Pulse
        Constant amplitude over at least 4 whole cycles.
    medium : Liquid or str
    orders : sequence of float
        Multiples of the drive; subharmonics need 40 cycles.
    model : str
        Equation of motion.
    tolerance : float
        1e-5 leaves less than 0.1 % in the summed power of f, 2 f and 3 f.
    per_cycle : int
        Samples per cycle.
    workers : int, optional
        Threads; the answer does not depend on their number.

    Returns
    -------
    Harmonics

    Notes
    -----
    Subharmonics are refused below 40 cycles: their transient outlives shorter pulses.

    References
    ----------
    J. B. Keller, M. Miksis, J. Acoust. Soc. Am. 68, 628 (1980), doi:10.1121/1.384720

    Examples
    --------
    >>> from contrastphys.ultrasound import Gas, Liquid, Pulse
    >>> drive = Pulse("2 MHz", "50 kPa", cycles=20)
    >>> found = harmonics(["1 um", "2 um"], Bubble("1 um", Gas(), polytropic=1.1), drive, Liquid())
    >>> found.amplitude.shape
    (2, 3)
    """
    medium = liquid_of(medium)
    wanted = np.asarray(orders, float)
    cycles = int(pulse.cycles)
    if pulse.samples or pulse.envelope != "rectangle" or pulse.end_frequency or cycles < 4 or cycles != pulse.cycles:
        raise Refusal("harmonic", "harmonics need a drive of constant amplitude over at least 4 whole cycles")
    whole = bool(np.all(wanted == np.round(wanted)))
    if not whole and cycles < SUBHARMONIC_CYCLES:
        raise Refusal(
            "subharmonic",
            f"a subharmonic from {cycles} cycles is a transient: drive at least {SUBHARMONIC_CYCLES} cycles",
        )
    par, shell = bubble_parameters(radii, bubble, pulse, medium, model)
    skip = cycles // 2 + (0 if whole else (cycles - cycles // 2) % 2)
    amplitude = np.zeros((len(par), wanted.size), complex)
    summary = np.zeros((len(par), 6))

    def run(begin: int, end: int) -> None:
        kernels.harmonics(
            par[begin:end], shell[begin:end], pulse.wave, cycles, skip, per_cycle, wanted, tolerance, BUDGET,
            amplitude[begin:end], summary[begin:end],
        )  # fmt: skip

    _chunks(len(par), run, workers)
    radius = par[:, kernels.REST]
    _check(summary, radius)
    return Harmonics(
        radius, wanted, amplitude, summary[:, 1] / radius, summary[:, 2] / radius, summary[:, 3] / medium.sound_speed,
        abs(pulse.amplitude),
    )  # fmt: skip


def population_harmonics(
    population: Cloud,
    pulse: Pulse,
    orders: ArrayLike = (1.0, 2.0, 3.0),
    model: str = "keller-miksis",
    workers: int | None = None,
) -> tuple[Harmonics, Any]:
    """Harmonics of the sizes of a population, and the mean cross-section of one bubble at each order.

    Examples
    --------
    >>> from contrastphys.ultrasound import Gas, Liquid, LogNormal, Population, Pulse
    >>> cloud = Population(LogNormal("1.5 um", 0.2), "1e5 1/mL", Gas(), medium=Liquid())
    >>> sizes, mean = population_harmonics(cloud, Pulse("2 MHz", "50 kPa", cycles=20))
    >>> mean.shape, bool(mean[1] < mean[0])
    ((3,), True)
    """
    radius, weight, _ = rungs(population, pulse.frequency)
    bubble = Bubble.bare(1e-6, population.gas, population.shell, population.polytropic)
    found = harmonics.bare(radius, bubble, pulse, population.medium, orders, model, workers=workers)
    return found, Q(weight @ found.cross_section(), "m^2")


def _check(summary: Array, radius: Array) -> None:
    for i in np.flatnonzero(summary[:, 0])[:1]:
        refuse(int(summary[i, 0]), float(radius[i]), int(summary[i, 5]))


@shows("Echoes of a grid of radii", "radius [m]", "step [s]", "weights", "factors")
@dataclass(frozen=True)
class EchoTable:
    """Source strengths of a grid of radii for every pulse of a sequence, sampled at equal times."""

    radius: Array  # [m]
    sources: Array = field(repr=False)  # pulses x radii x times [Pa m]
    step: float  # [s]
    weights: tuple[float, ...]
    incident: float  # energy of the full pulse [Pa^2 s]
    factors: tuple[float, ...]
    extremes: Array = field(repr=False)  # R_min/R0, R_max/R0, wall Mach

    def cross_sections(self) -> tuple[Array, Array]:
        """Energy cross-section of each radius for the single full pulse and after the sequence [m^2].

        4 pi Integral S^2 dt / Integral p^2 dt, over all frequencies of the echo.
        """
        scale = 4 * math.pi * self.step / self.incident
        full = int(np.argmax(np.abs(self.factors)))
        single = np.sum(self.sources[full] ** 2, axis=1)
        summed = np.sum(np.tensordot(np.asarray(self.weights), self.sources, axes=1) ** 2, axis=1)
        return scale * single, scale * summed


def echo_table(
    radii: ArrayLike,
    bubble: Bubble,
    pulse: Pulse,
    medium: Liquid,
    sequence: str = "linear",
    model: str = "keller-miksis",
    tolerance: float = POPULATION_TOLERANCE,
    workers: int | None = None,
) -> EchoTable:
    """Simulate every radius [m] with every pulse of a sequence."""
    if sequence not in SEQUENCES:
        raise ValueError(f"sequence is one of {', '.join(SEQUENCES)}, not {sequence!r}")
    grid = np.atleast_1d(np.asarray(radii, float))
    shots = SEQUENCES[sequence]
    ring = 8 / pulse.frequency
    end = pulse.duration + ring
    count = math.ceil(end * pulse.frequency * 32) + 1
    sources = np.zeros((len(shots), grid.size, count))
    extremes = np.column_stack([np.ones(grid.size), np.ones(grid.size), np.zeros(grid.size)])
    for k, (factor, _) in enumerate(shots):
        sent = pulse.scaled(factor)
        par, shell = bubble_parameters(grid, bubble, sent, medium, model)
        ends, summary = np.full(grid.size, end), np.zeros((grid.size, 6))

        def run(begin: int, stop: int, par=par, shell=shell, ends=ends, summary=summary, sent=sent, k=k) -> None:
            kernels.echoes(
                par[begin:stop], shell[begin:stop], sent.wave, ends[begin:stop], tolerance, BUDGET,
                sources[k, begin:stop], summary[begin:stop],
            )  # fmt: skip

        _chunks(grid.size, run, workers)
        _check(summary, grid)
        if abs(factor) == 1.0:
            extremes[:, 0] = np.minimum(extremes[:, 0], summary[:, 1] / grid)
            extremes[:, 1] = np.maximum(extremes[:, 1], summary[:, 2] / grid)
            extremes[:, 2] = np.maximum(extremes[:, 2], summary[:, 3] / medium.sound_speed)
    return EchoTable(
        grid, sources, end / (count - 1), tuple(w for _, w in shots), pulse.energy(),
        tuple(f for f, _ in shots), extremes,
    )  # fmt: skip


@shows("Echo after {0.sequence}", "scattering", "kept", "residual_db [dB]", "noise_gain")
@dataclass(frozen=True)
class SequenceEcho:
    """Mean echo of a population for one pulse and after a sequence of them."""

    sequence: str
    single: float  # mean energy cross-section of the full pulse [m^2]
    residual: float  # the same after the sequence
    residual_db: float  # against the reference of the sequence, 2 s(p) or s(p)
    noise_gain: float  # noise energy of the sum over that of one echo
    flags: tuple[Flag, ...] = ()

    @property
    def scattering(self) -> Any:
        """Mean energy cross-section for one pulse."""
        return Q(self.single, "m^2")

    @property
    def kept(self) -> float:
        """Echo energy after the sequence over that of one pulse."""
        return self.residual / self.single


def sequence_echo(
    population: Cloud,
    pulse: Pulse,
    sequence: str = "pulse-inversion",
    model: str = "keller-miksis",
    classes: int = GRID,
    tolerance: float = POPULATION_TOLERANCE,
    workers: int | None = None,
) -> SequenceEcho:
    """What a pulse sequence leaves of the echo of a population.

    Parameters
    ----------
    population : Population
        Its concentration does not matter: mean values of one bubble are given.
    pulse : Pulse
        The full pulse.
    sequence : {"linear", "pulse-inversion", "amplitude-modulation", "combined"}
    model : str
        Equation of motion.
    classes : int
        Least number of radii simulated between the sizes that scatter.

    Returns
    -------
    SequenceEcho

    Notes
    -----
    Independent bubbles, all frequencies of the echo received. Nonlinear response differs between shell laws
    far more than the numerical error.

    References
    ----------
    P. Marmottant et al., J. Acoust. Soc. Am. 118, 3499 (2005), doi:10.1121/1.2109427; J. B. Keller, M. Miksis,
    J. Acoust. Soc. Am. 68, 628 (1980), doi:10.1121/1.384720

    Examples
    --------
    >>> from contrastphys.ultrasound import Gas, Liquid, LogNormal, Marmottant, Population, Pulse
    >>> shell = Marmottant(chi="0.5 N/m", kappa_s="2.4e-9 kg/s", sigma0="0.01 N/m")
    >>> cloud = Population(LogNormal("1.2 um", 0.3), "1e6 1/mL", Gas(), shell, Liquid(), polytropic=1.07)
    >>> found = sequence_echo(cloud, Pulse("2 MHz", "60 kPa", 4, "hann"))
    >>> -12 < found.residual_db < 0
    True
    """
    bubble = Bubble.bare(1e-6, population.gas, population.shell, population.polytropic)
    at = rungs(population, pulse.frequency, classes)

    def simulated(radii: Array) -> Array:
        table = echo_table(radii, bubble, pulse, population.medium, sequence, model, tolerance, workers)
        return np.column_stack([*table.cross_sections(), table.extremes])

    key = bubble, pulse, population.medium, sequence, model, tolerance
    rows = _MEMORY.get(key, at, simulated)
    weight = at.weight
    single, summed = (float(weight @ one) for one in rows.T[:2])
    if not single > 0:
        raise Refusal("no-echo", "the pulse raises no echo")
    worst = float(rows[:, 2].min()), float(rows[:, 3].max()), float(rows[:, 4].max())
    flags = motion_flags(*worst, bubble, pulse, population.medium, False)
    if weight.size > 8:
        coarse = float(weight[::2] @ rows[::2, 1] / weight[::2].sum() * weight.sum())
        if summed > 1e-6 * single and abs(coarse / summed - 1) > 0.2:
            flags += (Flag("grid", "halving the radii simulated moves the residual by more than 20 %: use more"),)
    level = 10 * math.log10(max(summed / single / REFERENCE[sequence] ** 2, 1e-30))
    return SequenceEcho(sequence, single, summed, level, NOISE[sequence], flags)


@functools.lru_cache(maxsize=256)
def cached_sequence(population: Cloud, pulse: Pulse, sequence: str) -> SequenceEcho:
    """`sequence_echo` with its defaults, remembered."""
    return sequence_echo(population, pulse, sequence)
