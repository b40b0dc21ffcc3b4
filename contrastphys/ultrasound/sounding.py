"""Which radii of a population are simulated, and their echoes, remembered for the next size distribution.

Radii lie on one ladder, ln R = ln(1 um) + j s/2^k: every population takes the rungs between the sizes that make its
echo, at the fineness k that its width asks for. A rung is simulated once for each shell, gas, liquid, pulse and
sequence; the echo of any further distribution is a weighted sum over rungs already known.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .linear import response, sections

Array = NDArray[np.float64]

GRID = 64
"""Least number of radii between the sizes that scatter."""
RUNG = 0.125  # s, in ln R
FINEST = 8  # k at which no finer rungs are cut
HEARD = 1e-3  # share of the linear echo that may lie outside either end
REMEMBERED = 32  # bubbles and pulses whose rungs are kept


class Rungs(NamedTuple):
    """Radii [m] of a population, the share of the number each stands for, and their places on the finest ladder."""

    radius: Array
    weight: Array
    place: tuple[int, ...]


def rungs(population: Any, frequency: float, classes: int = GRID) -> Rungs:
    """Radii that make all but 1e-3 of the linear echo at f and 2 f; at least `classes` of them if sizes spread.

    Examples
    --------
    >>> from contrastphys.ultrasound import Gas, Liquid, LogNormal, Population
    >>> clouds = [Population(LogNormal(size, 0.3), "1e6 1/mL", Gas(), medium=Liquid()) for size in ("1 um", "1.1 um")]
    >>> one, two = (rungs(cloud, 2e6) for cloud in clouds)
    >>> len(set(one.place) & set(two.place)) > 0.7 * len(one.place)
    True
    """
    low, high = population.sizes.limits()
    if low == high:
        return Rungs(np.array([low]), np.array([1.0]), ())
    radius, fraction = population.sizes.classes()
    ends = []
    for f in (frequency, 2 * frequency):
        r = response(
            radius, 2 * math.pi * f, population.shell, population.gas, population.medium, population.polytropic
        )
        heard = np.cumsum(fraction * sections(r, radius, population.medium)[0])
        ends.append(np.interp([HEARD, 1 - HEARD], heard / heard[-1], radius))
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    level = math.ceil(math.log2(max(RUNG * (classes - 1) / math.log(high / low), 1.0)))
    if level > FINEST:  # all but of one size: its own classes
        inside = (radius >= low) & (radius <= high)
        return Rungs(radius[inside], fraction[inside], ())
    step = RUNG / 2**level
    first, last = math.floor(math.log(low / 1e-6) / step), math.ceil(math.log(high / 1e-6) / step)
    index = np.arange(first, last + 1)
    taken = 1e-6 * np.exp(index * step)
    density = np.interp(np.log(taken), np.log(radius), fraction / np.gradient(np.log(radius)), 0.0, 0.0)
    return Rungs(taken, density * step, tuple(int(i) * 2 ** (FINEST - level) for i in index))


class Memory:
    """Rows of numbers of rungs already simulated, by what was simulated; the oldest are forgotten."""

    def __init__(self, keys: int = REMEMBERED) -> None:
        self.keys = keys
        self.rows: OrderedDict[Any, dict[int, Array]] = OrderedDict()

    def get(self, key: Any, at: Rungs, simulate: Any) -> Array:
        """Rows of all rungs; `simulate(radii)` makes those that are not yet known."""
        if not at.place:
            return np.asarray(simulate(at.radius))
        known = self.rows.setdefault(key, {})
        self.rows.move_to_end(key)
        while len(self.rows) > self.keys:
            self.rows.popitem(last=False)
        new = [i for i, place in enumerate(at.place) if place not in known]
        if new:
            for i, row in zip(new, np.asarray(simulate(at.radius[new])), strict=True):
                known[at.place[i]] = row
        return np.array([known[place] for place in at.place])
