"""What is not known exactly, as distributions, and the seeded designs that sample them.

A number with a spread is normal, cut off at what its field can be; a range is uniform; a range with a best value is
triangular; a factor either way is log-normal. A conflict in the literature is a set of alternatives: each is a
branch of its own and never averaged with the others.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .provenance import Value
from .schema import Spec
from .showing import shows
from .units import magnitude

P95 = 1.6448536269514722  # standard deviations from the median to the 95th percentile
METHODS = ("latin-hypercube", "sobol")


def _normal_quantile(u: np.ndarray) -> np.ndarray:
    from scipy.special import ndtri

    return ndtri(u)


def _normal_share(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


@shows("What a number may be", line="own")
@dataclass(frozen=True)
class Distribution:
    """What all of them share: numbers in, quantiles out."""

    def plain(self, unit: str, name: str) -> Distribution:
        """The same with every entry as a plain number in `unit`."""
        changes: dict[str, Any] = {}
        for f in dataclasses.fields(self):
            held = getattr(self, f.name)
            if f.name == "factor" or (isinstance(held, float) and math.isinf(held)):
                continue
            if isinstance(held, tuple):
                changes[f.name] = tuple(float(magnitude(entry, unit, name)) for entry in held)
            else:
                changes[f.name] = float(magnitude(held, unit, name))
        return dataclasses.replace(self, **changes)

    def ppf(self, u: Any) -> Any:
        """Quantile of a probability."""
        return np.asarray(u, float)


@dataclass(frozen=True)
class Normal(Distribution):
    """A mean and a standard deviation, cut off at `low` and `high`.

    Examples
    --------
    >>> float(Normal("5 nm", "1 nm").plain("nm", "core").ppf(0.5))
    5.0
    """

    mean: Any
    sd: Any
    low: Any = -math.inf
    high: Any = math.inf

    def ppf(self, u: Any) -> Any:
        below = _normal_share((self.low - self.mean) / self.sd)
        above = _normal_share((self.high - self.mean) / self.sd)
        return self.mean + self.sd * _normal_quantile(below + np.asarray(u, float) * (above - below))


@dataclass(frozen=True)
class LogNormal(Distribution):
    """A median known to within a factor: two thirds of it lie between median / factor and median * factor.

    Examples
    --------
    >>> [round(float(x), 3) for x in LogNormal(10.0, 2.0).ppf([0.15866, 0.5, 0.84134])]
    [5.0, 10.0, 20.0]
    """

    median: Any
    factor: float

    def ppf(self, u: Any) -> Any:
        return self.median * np.exp(math.log(self.factor) * _normal_quantile(np.asarray(u, float)))


@dataclass(frozen=True)
class Uniform(Distribution):
    """A range of which nothing more is known.

    Examples
    --------
    >>> float(Uniform("2 nm", "4 nm").plain("nm", "core").ppf(0.25))
    2.5
    """

    low: Any
    high: Any

    def ppf(self, u: Any) -> Any:
        return self.low + np.asarray(u, float) * (self.high - self.low)


@dataclass(frozen=True)
class Triangular(Distribution):
    """A range with a best value in it."""

    low: Any
    mode: Any
    high: Any

    def ppf(self, u: Any) -> Any:
        p = np.asarray(u, float)
        width = self.high - self.low
        turn = (self.mode - self.low) / width
        rising = self.low + np.sqrt(p * width * (self.mode - self.low))
        falling = self.high - np.sqrt((1 - p) * width * (self.high - self.mode))
        return np.where(p < turn, rising, falling)


@dataclass(frozen=True)
class Alternatives(Distribution):
    """Values that exclude each other, such as two published ones in conflict: branches, each of its own."""

    values: tuple[Any, ...]

    def __init__(self, *values: Any) -> None:
        object.__setattr__(self, "values", tuple(values))
        if len(values) < 2:
            raise ValueError(f"alternatives are two or more values, not {len(values)}")

    def plain(self, unit: str, name: str) -> Distribution:
        return Alternatives(*(float(magnitude(entry, unit, name)) for entry in self.values))

    def ppf(self, u: Any) -> Any:
        index = np.minimum((np.asarray(u, float) * len(self.values)).astype(int), len(self.values) - 1)
        return np.asarray(self.values)[index]


def of_value(value: Value, spec: Spec) -> Distribution | None:
    """Distribution of a number as its record states it; None where it states no spread."""
    low, high = value.low, value.high
    if value.alternatives:
        return Alternatives(*value.alternatives)
    if value.factor is not None:
        return LogNormal(value.number, value.factor)
    if value.sd:
        inside = spec.low if " | " not in spec.unit else max(spec.low, 0.0)
        return Normal(value.number, value.sd, inside, spec.high)
    if low is None or high is None or not high > low:
        return None
    if math.isclose(value.number, (low + high) / 2, rel_tol=1e-12) or not low <= value.number <= high:
        return Uniform(low, high)
    return Triangular(low, value.number, high)


def checked(distribution: Distribution, name: str) -> Distribution:
    """The distribution, or what is wrong with it."""
    d = distribution
    wrong = ""
    if isinstance(d, Normal) and not d.sd > 0:
        wrong = f"a spread of {d.sd:g}: write one above 0"
    if isinstance(d, LogNormal) and not (d.factor > 1 and d.median > 0):
        wrong = f"median {d.median:g} and factor {d.factor:g}: write a positive median and a factor above 1"
    if isinstance(d, Normal | Uniform | Triangular) and not d.low < d.high:
        wrong = f"low {d.low:g} is not below high {d.high:g}"
    if isinstance(d, Triangular) and not wrong and not d.low <= d.mode <= d.high:
        wrong = f"best value {d.mode:g} is outside {d.low:g} to {d.high:g}"
    if wrong:
        raise ValueError(f"{name}: {wrong}")
    return d


def design(samples: int, dimensions: int, seed: int, method: str = "latin-hypercube") -> np.ndarray:
    """Points of the unit cube, (samples, dimensions), the same for the same seed.

    Examples
    --------
    >>> design(4, 2, seed=7).shape
    (4, 2)
    """
    from scipy.stats import qmc

    if isinstance(samples, bool) or not isinstance(samples, int | np.integer) or samples < 1:
        raise ValueError(f"samples is {samples}: write a whole number of 1 or more")
    if method not in METHODS:
        raise ValueError(f"unknown method '{method}': write one of {', '.join(METHODS)}")
    if dimensions == 0:
        return np.empty((samples, 0))
    generator = np.random.default_rng(seed)
    engine = qmc.LatinHypercube if method == "latin-hypercube" else qmc.Sobol
    word = "rng" if "rng" in inspect.signature(engine).parameters else "seed"
    made = engine(dimensions, **{word: generator})
    if method == "latin-hypercube":
        return made.random(int(samples))
    return made.random_base2(math.ceil(math.log2(samples)))[: int(samples)]


def model_factor(value: np.ndarray, low: np.ndarray, high: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Values spread by their own error: p5 at `low`, p95 at `high`, the median where it is.

    A band that is positive throughout spreads by a factor, any other by a difference; the two halves of a band
    need not be equal.
    """
    value, low, high, z = np.broadcast_arrays(*(np.asarray(a, float) for a in (value, low, high, z)))
    end = np.where(z < 0, low, high)
    steps = np.abs(z) / P95
    with np.errstate(all="ignore"):
        factor = value * np.exp(np.log(end / value) * steps)
        difference = value + (end - value) * steps
    positive = (value > 0) & (low > 0) & (high > 0)
    made = np.where(positive, factor, difference)
    return np.where(np.isfinite(end), made, value)
