"""Monte Carlo of water that diffuses among magnetised spheres: the oracle of the transverse regimes.

Walkers move in a periodic cube around impermeable spheres at any places and gather phase from the component of the
dipole fields along B0 (secular part, nearest image). A step into a sphere is not taken. Phase is linear in the field
of the spheres, so one set of paths answers for every magnetisation; echoes invert the phase gathered before them.

Lengths are counted in a reference radius R, times in tau_D = R^2/D, shifts in the equatorial shift dw at the surface:
x = dw tau_D is then the one number besides the volume fraction, the echo spacing and the arrangement.

Chunks of walkers have seeds of their own, so the result does not depend on how many threads ran them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..compiled import compiled, have_numba
from ..constants import GAMMA_PROTON, MU0
from ..provenance import Refusal
from ..units import quantities
from .superparamagnetic import DIFFUSION, MOLAR_VOLUME

CHUNK = 250  # walkers with one seed


@compiled()
def _walk(generator, centres, radii, weights, box, sigma, step, samples, every, walkers, phases):
    """Phases [samples, walkers] of walkers that start anywhere outside the spheres; one unit of shift."""
    spheres = centres.shape[0]
    half = 0.5 * box
    for w in range(walkers):
        x = y = z = 0.0
        placed = False
        while not placed:
            x, y, z = box * generator.random(), box * generator.random(), box * generator.random()
            placed = True
            for s in range(spheres):
                dx, dy, dz = x - centres[s, 0], y - centres[s, 1], z - centres[s, 2]
                dx -= box * np.floor(dx / box + 0.5)
                dy -= box * np.floor(dy / box + 0.5)
                dz -= box * np.floor(dz / box + 0.5)
                if dx * dx + dy * dy + dz * dz < radii[s] * radii[s]:
                    placed = False
        phase = 0.0
        old = 0.0
        fresh = True
        for i in range(samples):
            for _ in range(every):
                nx = x + sigma * generator.standard_normal()
                ny = y + sigma * generator.standard_normal()
                nz = z + sigma * generator.standard_normal()
                inside = False
                shift = 0.0
                for s in range(spheres):
                    dx, dy, dz = nx - centres[s, 0], ny - centres[s, 1], nz - centres[s, 2]
                    if dx > half or dx < -half:
                        dx -= box * np.floor(dx / box + 0.5)
                    if dy > half or dy < -half:
                        dy -= box * np.floor(dy / box + 0.5)
                    if dz > half or dz < -half:
                        dz -= box * np.floor(dz / box + 0.5)
                    square = dx * dx + dy * dy + dz * dz
                    if square < radii[s] * radii[s]:
                        inside = True
                        break
                    shift += weights[s] * (3.0 * dz * dz / square - 1.0) / (square * np.sqrt(square))
                if inside:
                    shift = old
                else:
                    x, y, z = nx, ny, nz
                    if x > box or x < 0.0:
                        x -= box * np.floor(x / box)
                    if y > box or y < 0.0:
                        y -= box * np.floor(y / box)
                    if z > box or z < 0.0:
                        z -= box * np.floor(z / box)
                if fresh:
                    old = shift
                    fresh = False
                phase += 0.5 * step * (old + shift)
                old = shift
            phases[i, w] = phase
    return 0


class Rate(NamedTuple):
    """A relaxation rate times tau_D and its standard error from the spread between chunks of walkers."""

    value: float
    error: float


@dataclass(frozen=True)
class Walk:
    """Phases gathered on many paths, at even times, for one unit of dw tau_D."""

    times: np.ndarray  #: in tau_D, even, the first one interval after 0
    phases: np.ndarray  #: [time, walker]
    fraction: float  #: volume fraction of the spheres
    step: float  #: time step in tau_D
    seed: int

    def signal(self, x: float, echo_spacing: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Times and signal; with an echo spacing (in tau_D) the echoes of a CPMG train, else free induction."""
        times, phases = self._paths(echo_spacing)
        return times, np.abs(np.mean(np.exp(1j * x * phases), axis=1))

    def _paths(self, echo_spacing: float | None) -> tuple[np.ndarray, np.ndarray]:
        if echo_spacing is None:
            return self.times, self.phases
        interval = self.times[0]
        half = round(0.5 * echo_spacing / interval)
        if half < 1 or abs(half * interval / (0.5 * echo_spacing) - 1) > 1e-6:
            raise ValueError(f"half the echo spacing must be a whole number of intervals of {interval:g} tau_D")
        known = np.vstack([np.zeros((1, self.phases.shape[1])), self.phases])[::half]
        gained = np.diff(known, axis=0)  # one half spacing each: -, +, +, -, -, + ... before and after pulses
        pairs = gained.shape[0] // 2
        if pairs < 1:
            raise ValueError("the walk is shorter than one echo")
        # between echo n-1 and n: first half with one sign, second half with the other; signs alternate by echo
        first, second = gained[0 : 2 * pairs : 2], gained[1 : 2 * pairs : 2]
        sign = np.where(np.arange(pairs) % 2 == 0, 1.0, -1.0)[:, None]
        return echo_spacing * np.arange(1, pairs + 1), np.cumsum(sign * (first - second), axis=0)

    def rate(self, x: float, echo_spacing: float | None = None, window: tuple[float, float] = (0.85, 0.15)) -> Rate:
        """Rate times tau_D from the slope of ln S, between two levels of the signal or over the whole walk.

        Where the signal has not fallen below the first level, the whole walk is used.
        """
        times, phases = self._paths(echo_spacing)
        level = np.abs(np.mean(np.exp(1j * x * phases), axis=1))
        below = np.flatnonzero(level < window[1])
        stop = int(below[0]) if below.size else len(times)
        upper = np.flatnonzero(level[:stop] < window[0])
        start = int(upper[0]) if upper.size else 0
        start = min(start, max(stop // 2, 0))
        if stop - start < 2:
            start, stop = 0, max(stop, min(2, len(times)))
        part = slice(start, stop)

        def slope(columns: np.ndarray) -> float:
            s = np.abs(np.mean(np.exp(1j * x * phases[part][:, columns]), axis=1))
            if stop - start < 2:
                return float(-np.log(s[-1]) / times[part][-1])
            return float(-np.polyfit(times[part], np.log(np.maximum(s, 1e-12)), 1)[0])

        everyone = np.arange(phases.shape[1])
        groups = np.array_split(everyone, 10)
        without = [slope(np.setdiff1d(everyone, group)) for group in groups]  # jackknife over tenths
        spread = np.sqrt((len(groups) - 1) / len(groups) * np.sum((np.array(without) - np.mean(without)) ** 2))
        return Rate(slope(everyone), float(spread))

    def second_cumulant(self, early: float = 0.5) -> Rate:
        """Rate over x^2 in the limit of small x, half the growth of the phase's variance in the later part."""
        start = int(early * len(self.times))
        times = self.times[start:]

        def growth(columns: np.ndarray) -> float:
            variance = np.var(self.phases[start:][:, columns], axis=1)
            return float(0.5 * np.polyfit(times, variance, 1)[0])

        everyone = np.arange(self.phases.shape[1])
        groups = np.array_split(everyone, 10)
        without = [growth(np.setdiff1d(everyone, group)) for group in groups]
        spread = np.sqrt((len(groups) - 1) / len(groups) * np.sum((np.array(without) - np.mean(without)) ** 2))
        return Rate(growth(everyone), float(spread))


def random_walk(
    fraction: float = 0.004,
    *,
    centres: Any = None,
    radii: Any = 1.0,
    weights: Any = None,
    walkers: int = 6000,
    step: float = 0.004,
    length: float = 64.0,
    interval: float = 0.5,
    seed: int = 7,
    threads: int | None = None,
    progress: bool = False,
) -> Walk:
    """Walk water among spheres in a periodic cube.

    Parameters
    ----------
    fraction : float
        Volume fraction of the spheres; with the radii it sets the cube's edge.
    centres : array_like, optional
        Positions [n, 3] in units of the reference radius, around the cube's middle; one sphere there by default.
    radii : float or array_like
        Radii in units of the reference radius.
    weights : array_like, optional
        Shift at the equator of each sphere in units of the reference dw (1 for each by default).
    walkers, step, length, interval, seed
        Number of paths; time step, duration and sampling interval in tau_D; seed.
    threads : int, optional
        Threads that share the chunks (all cores by default); the result does not depend on it.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Walk
        Phases at every interval; ask it for `.signal(x)` and `.rate(x, echo_spacing)`.

    Notes
    -----
    Steps have the length sqrt(2 step) R in each direction; a step into a sphere is not taken. The nearest image alone
    is counted: in fast diffusion rates come out low by about 0.75 (f/n)^(1/3) of themselves for n spheres in the cube,
    and by 0.42/sqrt(t) for a walk of length t (18 % at the defaults, of which 6 % by the length); from x = 3 on both
    are hidden by the spread between seeds (1 % for 40 000 walkers).

    Examples
    --------
    >>> short = random_walk(walkers=50, length=2.0, interval=1.0, step=0.02)
    >>> short.phases.shape
    (2, 50)
    """
    places = np.zeros((1, 3)) if centres is None else np.atleast_2d(np.asarray(centres, dtype=float))
    size = np.broadcast_to(np.asarray(radii, dtype=float), (len(places),)).copy()
    strength = np.ones(len(places)) if weights is None else np.broadcast_to(np.asarray(weights, float), (len(places),))
    if not 0 < fraction < 0.6:
        raise ValueError(f"fraction is {fraction:g}: it must be above 0 and below 0.6")
    if np.any(size <= 0) or step <= 0 or walkers < 10:
        raise ValueError("radii and step must be above 0, walkers 10 or more")
    box = float((4.0 * np.pi / 3.0 * np.sum(size**3) / fraction) ** (1 / 3))
    places = places + 0.5 * box
    every, samples = round(interval / step), round(length / interval)
    if every < 1 or samples < 1:
        raise ValueError("interval must hold a step or more, length an interval or more")
    step = interval / every
    counts = [min(CHUNK, walkers - start) for start in range(0, walkers, CHUNK)]
    # dw R^3 of each sphere: the dipole's reach grows with its volume
    reach = strength * size**3
    arrays = (places, size, reach, box, np.sqrt(2.0 * step), step, samples, every)

    def one(index: int) -> np.ndarray:
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index])))
        phases = np.empty((samples, counts[index]))
        _walk(generator, *arrays, counts[index], phases)
        return phases

    workers = min(threads or os.cpu_count() or 1, len(counts)) if have_numba() else 1
    return Walk(
        interval * np.arange(1, samples + 1),
        np.hstack(_run(one, len(counts), workers, progress)),
        fraction,
        step,
        seed,
    )


def _run(task: Callable[[int], np.ndarray], count: int, workers: int, progress: bool) -> list[np.ndarray]:
    """All chunks in order, on threads, with a bar where asked."""
    first = task(0)  # compiles once, outside the pool
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        rest: Any = pool.map(task, range(1, count))
        if progress:
            from rich.progress import track

            rest = track(rest, description="walking", total=count - 1)
        return [first, *rest]


def packed_spheres(count: int, packing: float, seed: int = 7) -> np.ndarray:
    """Places of equal unit spheres at random, without overlap, in a sphere of the given packing fraction.

    Examples
    --------
    >>> packed_spheres(12, 0.2).shape
    (12, 3)
    """
    if not 0 < packing <= 0.35:
        raise ValueError(f"packing is {packing:g}: random placing reaches 0.35")
    outer = (count / packing) ** (1 / 3) - 1.0
    generator = np.random.Generator(np.random.PCG64(seed))
    placed: list[np.ndarray] = []
    tries = 0
    while len(placed) < count:
        tries += 1
        if tries > 2_000_000:
            raise ValueError(f"no room found for {count} spheres at packing {packing:g}: lower it")
        point = generator.uniform(-outer, outer, 3)
        if point @ point > outer * outer:
            continue
        if all(np.sum((point - other) ** 2) >= 4.0 for other in placed):
            placed.append(point)
    return np.array(placed)


def crossing_error(
    walk: Walk, shifts: Any = (1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 40.0)
) -> dict[float, tuple[float, float]]:
    """R2* of a walk over the crossing law's at each x, with its standard error: how far the law may be trusted."""
    found = {}
    for x in shifts:
        averaged = 16.0 / 45.0 * walk.fraction * x * x
        static = 2.0 * np.pi / (3.0 * np.sqrt(3.0)) * walk.fraction * x
        law = averaged * static / np.hypot(averaged, static)
        rate = walk.rate(x)
        found[float(x)] = (rate.value / law, rate.error / law)
    return found


@quantities(
    ("1/(mM*s)", "1/(mM*s)"),
    diameter=("nm", 2, 1e5, "diameter of the sphere or cluster"),
    magnetisation=("A/m", 1e3, 2e6, "magnetisation along the field"),
    molar_volume=MOLAR_VOLUME,
    diffusion=DIFFUSION,
    echo_spacing=("s", 1e-7, 10, "time between two echoes; None for free induction alone"),
)
def simulated_relaxivity(
    diameter, magnetisation, molar_volume, diffusion=3.037e-9, echo_spacing=None, walkers=2000, seed=7
):
    """Transverse relaxivities of saturated spheres from a random walk, (r2, r2_star), per metal.

    Other Parameters
    ----------------
    walkers, seed : int
        Number of paths and their seed.

    Returns
    -------
    tuple of Quantity [1/(mM s)]
        r2 of the echoes (None without a spacing) and r2_star.

    Notes
    -----
    Secular, one sphere in a periodic cube at a volume fraction of 0.004, scaled to the dilute limit; within about
    10 % for x = dw tau_D from 1 to 100. An echo spacing above 64 or below 0.1 diffusion times is refused.

    References
    ----------
    P. Gillis, F. Moiny, R. A. Brooks, Magn. Reson. Med. 47, 257 (2002), doi:10.1002/mrm.10059

    Examples
    --------
    >>> r2, star = simulated_relaxivity("60 nm", "350 kA/m", "1.577e-5 m^3/mol", walkers=500)
    >>> bool(500 < star.magnitude < 1000)
    True
    """
    tau_d = float((0.5e-9 * diameter) ** 2 / diffusion)
    x = float(GAMMA_PROTON * MU0 * magnetisation / 3.0 * tau_d)
    if not 0.05 <= x <= 200:
        raise Refusal("walk", f"x = dw tau_D is {x:.3g}: the walk answers from 0.05 to 200, the analytic laws beyond")
    length, interval, spacing = 64.0, 0.5, None
    if x > 20:
        length = max(64.0 * 20.0 / x, 4.0)
        interval = length / 128
    if echo_spacing is not None:
        spacing = float(echo_spacing) / tau_d
        if not 0.1 <= spacing <= 64.0:
            raise Refusal("walk", f"the echo spacing is {spacing:.3g} diffusion times: the walk answers from 0.1 to 64")
        interval = 0.5 * spacing / max(1, round(0.5 * spacing / interval))
        length = max(length, 8 * spacing)
    walk = random_walk(walkers=walkers, seed=seed, step=min(0.004, 0.1 / x, interval), length=length, interval=interval)
    per_rate = molar_volume / (walk.fraction * tau_d)
    star = walk.rate(x).value * per_rate
    return (None if spacing is None else walk.rate(x, spacing).value * per_rate), star
