"""Size distributions of bubbles, as numbers over rest radii.

Number mean and volume mean differ: D_vol^3 = D_med^3 exp(4.5 s^2) for a log-normal one. Sums over sizes run over
a logarithmic grid; for a smooth density its error falls geometrically with the number of classes.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..files import read_csv
from ..units import magnitude
from ._parameters import Record, parameter, takes_quantities

Array = NDArray[np.float64]

CLASSES = 300
"""Size classes of a population: with 80 a narrow resonance is already sampled to a few per cent only."""


class Distribution(Protocol):
    """Number distribution of rest radii."""

    assumed: ClassVar[bool]

    def limits(self) -> tuple[float, float]:
        """Radii between which all that matters lies [m]."""

    def density(self, radius: Array) -> Array:
        """Relative number per unit of ln R (any scale)."""

    def classes(self, count: int = CLASSES) -> tuple[Array, Array]:
        """Radii on a logarithmic grid [m] and the fraction of the number each of them stands for."""

    def moment(self, power: float) -> float:
        """Mean of R^power over the number [m^power]."""

    def grid_error(self, change: float) -> float:
        """Error left in a sum over the classes, from its relative change on halving them."""

    def __hash__(self) -> int: ...

    @property
    def number_mean_radius(self) -> float:
        """Mean radius over the number [m]."""

    @property
    def volume_mean_radius(self) -> float:
        """Radius of the bubble of mean volume, <R^3>^(1/3) [m]."""


class Spread(Record):
    """What follows for every distribution from its limits and its density."""

    assumed: ClassVar[bool] = True

    def classes(self: Distribution, count: int = CLASSES) -> tuple[Array, Array]:
        """Radii on a logarithmic grid [m] and the fraction of the number each of them stands for."""
        return _classes(self, count)

    def moment(self: Distribution, power: float) -> float:
        """Mean of R^power over the number [m^power]."""
        return _moment(self, power)

    def grid_error(self, change: float) -> float:
        """Error left in a sum over the classes, from its relative change on halving them.

        The rule of equal steps converges geometrically for a smooth density: the square of the change.
        """
        return min(change, change**2)

    @property
    def number_mean_radius(self: Distribution) -> float:
        """Mean radius over the number [m]."""
        return self.moment(1)

    @property
    def volume_mean_radius(self: Distribution) -> float:
        """Radius of the bubble of mean volume, <R^3>^(1/3) [m]."""
        return self.moment(3) ** (1 / 3)


# Every answer about a population asks for the same few grids and moments.


@functools.lru_cache(maxsize=32)
def _classes(sizes: Distribution, count: int) -> tuple[Array, Array]:
    low, high = sizes.limits()
    if low == high:
        radius, fraction = np.array([low]), np.array([1.0])
    else:
        radius = np.geomspace(low, high, count)
        weight = sizes.density(radius)
        weight[[0, -1]] *= 0.5
        fraction = weight / weight.sum()
    radius.flags.writeable = fraction.flags.writeable = False
    return radius, fraction


@functools.lru_cache(maxsize=64)
def _moment(sizes: Distribution, power: float) -> float:
    radius, fraction = sizes.classes(4 * CLASSES)
    return float(fraction @ radius**power)


@takes_quantities
@dataclass(frozen=True)
class Monodisperse(Spread):
    """All bubbles of one size.

    Examples
    --------
    >>> Monodisperse("1.5 um").radius
    1.5e-06
    """

    radius: float = parameter("m", 1e-8, 2e-5, "rest radius")
    assumed: ClassVar[bool] = False

    def limits(self) -> tuple[float, float]:
        return self.radius, self.radius

    def density(self, radius: Array) -> Array:
        return np.ones_like(radius)


@takes_quantities
@dataclass(frozen=True)
class LogNormal(Spread):
    """Log-normal number distribution.

    n(ln R) ~ exp(-(ln R - ln R_med)^2/(2 s^2)); number mean R_med exp(s^2/2), mean volume
    R_med^3 exp(4.5 s^2). `largest` cuts it off (a filter, the label's largest bubble); 0 leaves it open.

    Examples
    --------
    >>> sizes = LogNormal.of_means("2.5 um", "3.6 um")
    >>> round(sizes.sigma_ln, 3), round(2e6 * sizes.volume_mean_radius, 3)
    (0.604, 3.6)
    """

    median: float = parameter("m", 1e-8, 2e-5, "median radius")
    sigma_ln: float = parameter("1", 0, 1.2, "standard deviation of ln R")
    largest: float = parameter("m", 0, 5e-5, "largest radius; 0: open", 0.0)

    @staticmethod
    def of_means(number_mean_diameter: Any, volume_mean_diameter: Any) -> LogNormal:
        """From number mean and volume mean DIAMETER (the diameter of the bubble of mean volume)."""
        number = magnitude(number_mean_diameter, "m", "number_mean_diameter")
        volume = magnitude(volume_mean_diameter, "m", "volume_mean_diameter")
        if not 0 < number <= volume:
            raise ValueError(
                f"the volume mean diameter {volume * 1e6:g} um lies below the number mean {number * 1e6:g} um"
            )
        variance = math.log(volume / number)
        return LogNormal.bare(number / 2 * math.exp(-variance / 2), math.sqrt(variance))

    def limits(self) -> tuple[float, float]:
        s = self.sigma_ln
        if s == 0:
            return self.median, self.median
        top = self.median * math.exp(s * (5.5 + 6 * s))  # the weight R^6 sits 6 s above the median
        if self.largest:
            if self.largest <= self.median * math.exp(-4 * s):
                raise ValueError("the largest radius cuts off the whole distribution")
            top = min(top, self.largest)
        return self.median * math.exp(-5.5 * s), top

    def density(self, radius: Array) -> Array:
        return np.exp(-0.5 * (np.log(radius / self.median) / self.sigma_ln) ** 2)


@takes_quantities
@dataclass(frozen=True)
class Gamma(Spread):
    """Gamma number distribution n(R) ~ R^power exp(-R/scale) between two radii.

    Examples
    --------
    >>> sizes = Gamma(2.0, "0.45662 um", "0.5 um", "6 um")
    >>> round(2e6 * sizes.number_mean_radius, 2)
    2.96
    """

    power: float = parameter("1", 0, 20, "power of R")
    scale: float = parameter("m", 1e-9, 1e-5, "length of the exponential fall")
    smallest: float = parameter("m", 0, 1e-5, "smallest radius; 0: open", 0.0)
    largest: float = parameter("m", 0, 5e-5, "largest radius; 0: open", 0.0)

    def limits(self) -> tuple[float, float]:
        low = self.smallest or self.scale * 1e-3
        high = self.largest or self.scale * (self.power + 45)
        if low >= high:
            raise ValueError("the smallest radius must be below the largest")
        return low, high

    def density(self, radius: Array) -> Array:
        x = radius / self.scale
        return np.exp((self.power + 1) * np.log(x) - x - self.power)


@dataclass(frozen=True)
class Histogram(Spread):
    """Measured histogram: edges of the classes (radii) and the number counted in each.

    Within a class the number is spread evenly over ln R. Counts are of any scale: they need not sum to one, only
    their shares matter, and the number per volume is stated by the population.

    Examples
    --------
    >>> sizes = Histogram.of_diameters(["1 um", "2 um", "4 um"], [3, 1])
    >>> round(2e6 * sizes.number_mean_radius, 2)
    1.8
    """

    edges: tuple[float, ...]
    counts: tuple[float, ...]
    assumed: ClassVar[bool] = False

    @staticmethod
    def read(path: str | Path) -> Histogram:
        """From a CSV file with the columns low, high (diameters with a unit in the header) and count.

        A header is `low [um],high [um],count`; the classes must follow each other without a gap.
        """
        table = read_csv(Path(path), needs=("low", "high", "count"))
        low, high = (np.atleast_1d(magnitude(table.quantity(key), "m", key)) for key in ("low", "high"))
        if low.size > 1 and not np.allclose(low[1:], high[:-1], rtol=1e-6):
            raise ValueError(f"{table.name}: a class must begin where the one before it ends")
        return Histogram(
            (*(low / 2), float(high[-1]) / 2), tuple(np.atleast_1d(magnitude(table.quantity("count"), "1", "count")))
        )

    def __post_init__(self) -> None:
        edges, counts = np.asarray(self.edges, float), np.asarray(self.counts, float)
        if edges.size != counts.size + 1:
            raise ValueError(f"{counts.size} counts need {counts.size + 1} edges, not {edges.size}")
        if not np.all(np.isfinite(edges)) or np.any(edges <= 0) or np.any(np.diff(edges) <= 0):
            raise ValueError("the edges of a histogram must be positive and rise from one to the next")
        if not np.all(np.isfinite(counts)) or np.any(counts < 0) or counts.sum() == 0:
            raise ValueError("the counts of a histogram must be 0 or more, and not all 0")

    @staticmethod
    def of_radii(edges: Any, counts: ArrayLike) -> Histogram:
        """From edges given as radii with a unit."""
        return Histogram(tuple(magnitude(edges, "m", "edges")), tuple(np.asarray(counts, float)))

    @staticmethod
    def of_diameters(edges: Any, counts: ArrayLike) -> Histogram:
        """From edges given as diameters with a unit."""
        return Histogram(tuple(magnitude(edges, "m", "edges") / 2), tuple(np.asarray(counts, float)))

    def limits(self) -> tuple[float, float]:
        return self.edges[0], self.edges[-1]

    def density(self, radius: Array) -> Array:
        edges = np.asarray(self.edges)
        heights = np.asarray(self.counts) / np.diff(np.log(edges))
        found = heights[np.clip(np.searchsorted(edges, radius, "right") - 1, 0, heights.size - 1)]
        return np.where((radius < edges[0]) | (radius > edges[-1]), 0.0, found)

    def grid_error(self, change: float) -> float:
        """Error left in a sum over the classes; the density jumps at the edges, so the rule is of second order."""
        return change / 3

    def classes(self, count: int = CLASSES) -> tuple[Array, Array]:
        """Class middles on a grid whose steps fall on the edges, so that no number is lost or moved."""
        logs = np.log(self.edges)
        steps = np.maximum(1, np.round(np.diff(logs) / (logs[-1] - logs[0]) * count)).astype(int)
        radius, fraction = [], []
        for low, high, n, number in zip(logs[:-1], logs[1:], steps, self.counts, strict=True):
            radius.append(np.exp(low + (np.arange(n) + 0.5) * (high - low) / n))
            fraction.append(np.full(n, number / n))
        weight = np.concatenate(fraction)
        return np.concatenate(radius), weight / weight.sum()
