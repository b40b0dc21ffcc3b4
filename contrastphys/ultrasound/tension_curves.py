"""Shells as measured: the tension of the wall read from a curve instead of a law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..units import magnitude
from .coats import Coat, both_sides

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Tabulated(Coat):
    """Tension read from a measured curve of sigma against R/R0.

    Monotone cubic between the points (slopes after Fritsch and Carlson), constant outside them.

    Notes
    -----
    Build it with `Tabulated.of`; the points are resampled to equal steps of R/R0.

    References
    ----------
    F. N. Fritsch, R. E. Carlson, SIAM J. Numer. Anal. 17, 238 (1980), doi:10.1137/0717021

    Examples
    --------
    >>> curve = Tabulated.of([0.9, 1.0, 1.05, 1.2], ["0 mN/m", "10 mN/m", "60 mN/m", "72 mN/m"], "5e-9 kg/s")
    >>> round(float(curve.tension(2e-6, 2e-6)) * 1e3, 6)
    10.0
    """

    start: float  # R/R0 of the first sample
    step: float
    values: tuple[float, ...]  # N/m
    slopes: tuple[float, ...]  # N/m per unit of R/R0
    kappa_s: float = 0.0
    code: ClassVar[int] = 6

    @staticmethod
    def of(ratio: ArrayLike, tension: Any, kappa_s: Any = 0.0, samples: int = 241) -> Tabulated:
        """From R/R0, tensions and friction with units."""
        x = np.asarray(ratio, float)
        y = np.asarray(magnitude(tension, "N/m", "tension"), float)
        friction = 0.0 if isinstance(kappa_s, float) and kappa_s == 0 else magnitude(kappa_s, "kg/s", "kappa_s")
        if x.ndim != 1 or x.size < 3 or x.size != y.size:
            raise ValueError("a curve of tension needs at least 3 ratios R/R0 and as many tensions")
        if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))) or np.any(np.diff(x) <= 0):
            raise ValueError("the ratios R/R0 of a curve of tension must rise from one to the next")
        if not x[0] < 1 < x[-1]:
            raise ValueError(f"the curve runs from {x[0]:g} to {x[-1]:g} R0: it must hold the rest radius, 1")
        grid = np.linspace(x[0], x[-1], samples)
        values, slopes = _monotone(x, y, grid)
        return Tabulated(float(x[0]), float(grid[1] - grid[0]), tuple(values), tuple(slopes), float(friction))

    def tension(self, radius: ArrayLike, rest: ArrayLike) -> Array:
        return self._hermite(np.asarray(radius, float) / np.asarray(rest, float))[0]

    def elasticity(self, rest: ArrayLike) -> tuple[Array, Array]:
        slope = 0.5 * float(self._hermite(np.array(1.0))[1])
        return both_sides(slope, slope, rest)

    def _hermite(self, ratio: Array) -> tuple[Array, Array]:
        values, slopes = np.asarray(self.values), np.asarray(self.slopes) * self.step
        place = np.clip((ratio - self.start) / self.step, 0, values.size - 1)
        i = np.minimum(place.astype(int), values.size - 2)
        s = place - i
        a, b, da, db = values[i], values[i + 1], slopes[i], slopes[i + 1]
        c2, c3 = 3 * (b - a) - 2 * da - db, 2 * (a - b) + da + db
        inside = (ratio >= self.start) & (ratio <= self.start + self.step * (values.size - 1))
        rate = np.where(inside, (da + s * (2 * c2 + 3 * s * c3)) / self.step, 0.0)
        return a + s * (da + s * (c2 + s * c3)), rate

    def vector(self, rest: float) -> tuple[float, ...]:
        head = (float(len(self.values)), self.start, self.step, rest, 0.0, self.kappa_s, 0.0, 0.0, 0.0)
        return head + self.values + self.slopes


def _monotone(x: Array, y: Array, grid: Array) -> tuple[Array, Array]:
    """Value and slope of the monotone cubic through points, at the places of a grid."""
    h = np.diff(x)
    rise = np.diff(y) / h
    slope = np.zeros(x.size)
    for k in range(1, x.size - 1):
        if rise[k - 1] * rise[k] > 0:
            w1, w2 = 2 * h[k] + h[k - 1], h[k] + 2 * h[k - 1]
            slope[k] = (w1 + w2) / (w1 / rise[k - 1] + w2 / rise[k])
    i = np.clip(np.searchsorted(x, grid, "right") - 1, 0, x.size - 2)
    s = (grid - x[i]) / h[i]
    a, b, da, db = y[i], y[i + 1], slope[i] * h[i], slope[i + 1] * h[i]
    c2, c3 = 3 * (b - a) - 2 * da - db, 2 * (a - b) + da + db
    return a + s * (da + s * (c2 + s * c3)), (da + s * (2 * c2 + 3 * s * c3)) / h[i]
