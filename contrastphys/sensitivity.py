"""Bands and indices of any function of uncertain numbers: how far it spreads, and which input makes the spread.

References: Saltelli et al. 2010, doi:10.1016/j.cpc.2009.09.018 (first-order and total indices).
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .sampling import Distribution, Uniform, checked, design
from .showing import Page, shows

SHARES = (0.05, 0.5, 0.95)


def bands(
    function: Callable[..., Any],
    inputs: Mapping[str, Distribution],
    samples: int = 1024,
    seed: int = 7,
    method: str = "latin-hypercube",
) -> np.ndarray:
    """p5, p50 and p95 of a function of uncertain numbers.

    `function` takes arrays in the order of `inputs` and returns an array.

    Examples
    --------
    >>> from contrastphys.sampling import Normal
    >>> low, middle, high = bands(lambda x, y: x + y, {"x": Normal(1.0, 0.3), "y": Normal(2.0, 0.4)}, 4096)
    >>> print(round(middle, 1), round((high - low) / (2 * 1.6449), 1))
    3.0 0.5
    """
    cube = design(samples, len(inputs), seed, method)
    columns = [checked(d, name).ppf(cube[:, k]) for k, (name, d) in enumerate(inputs.items())]
    return np.quantile(np.asarray(function(*columns), float), SHARES)


def _indices_page(found: Indices) -> Page:
    kept = found.leading()
    lines = [
        (found.names[i], f"{found.first[i]:.2f}", f"{found.total[i]:.2f}", f"{found.low[i]:.2f} to {found.high[i]:.2f}")
        for i in kept
    ]
    rest = len(found.names) - len(kept)
    notes = [f"{rest} other inputs make less than 0.01 each"] if rest else []
    head = ("input", "alone", "with others", "at 95 %")
    return Page(
        found.of or "share of the variance", lines, head, note="\n".join([*notes, *([found.note] * bool(found.note))])
    )


@shows("What makes the spread", of=_indices_page)
@dataclass(frozen=True)
class Indices:
    """How much of the variance each input makes, alone (first order) and with all others (total).

    Sorted by total. `low` and `high` bound the total index at 95 % confidence.
    """

    names: tuple[str, ...]
    first: np.ndarray
    total: np.ndarray
    low: np.ndarray
    high: np.ndarray
    of: str = ""
    note: str = ""

    @property
    def dominant(self) -> str:
        """The input to measure next; empty where nothing is uncertain."""
        return self.names[0] if self.names and self.total[0] > 0 else ""

    def leading(self) -> list[int]:
        """Places of the inputs that make a hundredth of the variance or more; the first three in any case."""
        return [i for i, share in enumerate(self.total) if share >= 0.01 or i < 3]

    def table(self) -> str:
        """A line an input; those that make less than a hundredth of the variance in one line."""
        kept = self.leading()
        width = max((len(self.names[i]) for i in kept), default=5)
        rows = [f"{self.names[i]:<{width}}  {self.first[i]:5.2f}  {self.total[i]:5.2f}" for i in kept]
        others = len(self.names) - len(kept)
        rest = [f"{others} other inputs make less than 0.01 each"] if others else []
        lines = [self.of, f"{'input':<{width}}  alone  total", *rows, *rest, self.note]
        return "\n".join(line for line in lines if line)

    def plot(self, ax: Any = None) -> Any:
        """The tornado: total index of every leading input, its own share filled; returns the matplotlib Axes."""
        import matplotlib.pyplot as plt

        kept = self.leading()
        if ax is None:
            _, ax = plt.subplots(figsize=(6, 1.2 + 0.35 * len(kept)), layout="constrained")
        y = np.arange(len(kept))[::-1]
        total = self.total[kept]
        ax.barh(y, total, color="0.8", label="with all others")
        ax.barh(y, self.first[kept], height=0.5, color="C0", label="alone")
        ax.errorbar(total, y, xerr=[total - self.low[kept], self.high[kept] - total], fmt="none", ecolor="0.4")
        ax.set_yticks(y, [re.sub(r"^(formulation|protocol|scenario)\.", "", self.names[i]) for i in kept])
        ax.set_xlabel("share of the variance")
        ax.set_title(self.of, fontsize="medium")
        ax.legend(frameon=False, fontsize="small")
        return ax

    def __str__(self) -> str:
        return self.table()


def indices(
    function: Callable[..., Any],
    inputs: Mapping[str, Distribution],
    samples: int = 1024,
    seed: int = 7,
    of: str = "",
    note: str = "",
) -> Indices:
    """First-order and total Sobol indices of a function of uncertain numbers.

    Parameters
    ----------
    function : callable
        Takes arrays in the order of `inputs`, returns an array.
    inputs : dict
        Name to distribution.
    samples : int
        Rounded up to a power of two; the function is called for samples * (inputs + 2) points.
    seed : int

    Examples
    --------
    >>> from contrastphys.sampling import Uniform
    >>> indices(lambda x, y: x + 3 * y, {"x": Uniform(0, 1), "y": Uniform(0, 1)}).dominant
    'y'
    """
    from scipy.stats import sobol_indices

    if isinstance(samples, bool) or not isinstance(samples, int | np.integer) or samples < 1:
        raise ValueError(f"samples is {samples}: write a whole number of 1 or more")
    names = tuple(inputs)
    if not names:
        empty = np.empty(0)
        return Indices((), empty, empty, empty, empty, of, note or "nothing in it is uncertain")
    for name, distribution in inputs.items():
        checked(distribution, name)
    n = 2 ** max(1, math.ceil(math.log2(int(samples))))
    calls: list[np.ndarray] = []

    def called(x: np.ndarray) -> np.ndarray:
        calls.append(np.asarray(function(*x[: len(names)]), float).copy())
        if not np.isfinite(calls[-1]).all():
            raise ValueError("the function gives no number for some of the samples: narrow the inputs")
        return calls[-1].copy()[None, :]

    word = "rng" if "rng" in inspect.signature(sobol_indices).parameters else "random_state"
    drawn = [*inputs.values(), *([Uniform(0.0, 1.0)] if len(names) == 1 else [])]  # scipy wants two or more
    found = sobol_indices(func=called, n=n, dists=drawn, **{word: np.random.default_rng(seed)})
    first, total = found.first_order[: len(names)], found.total_order[: len(names)]
    if all(np.ptp(c) == 0 for c in calls):
        return Indices(names, first, total, total, total, of, note or "no input changes it")
    low, high = _bounds(calls, n, len(drawn), seed)
    order = np.argsort(-total, kind="stable")
    low, high = np.minimum(low[order], total[order]), np.maximum(high[order], total[order])
    return Indices(tuple(names[i] for i in order), first[order], total[order], low, high, of, note)


def _bounds(calls: list[np.ndarray], n: int, inputs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the total indices at 95 %, by drawing the sample anew 200 times."""
    a, b, both = calls[0], calls[1], calls[2].reshape(n, inputs)
    squares = (a[:, None] - both) ** 2 / 2
    drawn = np.random.default_rng(seed).integers(0, n, (200, n))
    variance = np.array([np.var(np.concatenate([a[i], b[i]])) for i in drawn])
    again = np.array([squares[i].mean(axis=0) for i in drawn]) / np.where(variance > 0, variance, 1.0)[:, None]
    low, high = np.quantile(again, (0.025, 0.975), axis=0)
    return low, high
