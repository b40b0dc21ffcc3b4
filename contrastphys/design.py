"""From a target to a formulation: the range of a parameter that meets it, with every branch.

    cp.solve("uspio-3nm", vary="core.diameter", between=("3 nm", "30 nm"),
             require={"mri.r2 at 3 T": "> 60 1/(mM*s)", "mri.r2 / mri.r1 at 3 T": "< 5"})

The parameter is scanned, every crossing of a bound is refined, and every extremum that may hide two crossings
between two points of the scan is looked at. Where nothing meets the target, the nearest miss is told.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import study as studies
from .measures import Demand, Measure, demands_of, evaluate, measure
from .mistakes import RecordError
from .parameters import changed, find, number, wrong
from .points import told
from .provenance import Refusal, Value
from .showing import Page, entry, shows
from .units import Q, UnitError

_CLOSE = 1e-9  # relative width at which an end is found
_TOUCH = 1e-6  # relative distance at which an extremum meets an exact target


@shows("Branch", "low", "high", "low_limit", "high_limit", "low_sensitivity", "high_sensitivity", "values")
@dataclass(frozen=True)
class Branch:
    """One range of the parameter that meets every demand; both ends alike where one number is asked for.

    `low_limit` and `high_limit` name what ends it; the sensitivities are the relative change of that number for a
    relative change of the parameter (d ln number / d ln parameter).
    """

    low: Any
    high: Any
    low_limit: str
    high_limit: str
    low_sensitivity: float
    high_sensitivity: float
    values: Mapping[str, float]  # of every number, in the middle

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.low:.5g~P} (sensitivity {self.low_sensitivity:.2g}: {self.low_limit})"
        ends = [f"{self.low_limit}, sensitivity {self.low_sensitivity:.2g}" if self.low_limit != "range" else "range"]
        ends += [
            f"{self.high_limit}, sensitivity {self.high_sensitivity:.2g}" if self.high_limit != "range" else "range"
        ]
        return f"{self.low:.5g~P} to {self.high:.5g~P} (from: {ends[0]}; to: {ends[1]})"


def _solution_page(found: Solution) -> Page:
    lines = [(str(branch).partition(" (")[0], branch.low_limit, branch.high_limit,
              f"{branch.low_sensitivity:.2g}, {branch.high_sensitivity:.2g}") for branch in found.branches]  # fmt: skip
    if not lines:
        lines = [("no solution", f"nearest at {entry(found.nearest)}", found.misses, "")]
    note = f"no number in part of the range: {found.refused}" if found.refused else ""
    head = (found.parameter, "limited from below by", "from above by", "sensitivities")
    return Page("; ".join(map(str, found.demands)), lines, head, note=note)


@shows("Solution", of=_solution_page)
@dataclass(frozen=True)
class Solution:
    """Where a parameter meets its demands: branches, or the nearest miss; true where there is a branch."""

    parameter: str
    unit: str
    demands: tuple[Demand, ...]
    branches: tuple[Branch, ...]
    nearest: Any  # value of the parameter that comes closest
    misses: str  # by how much, where there is no branch
    x: np.ndarray  # the scan
    values: Mapping[str, np.ndarray]
    refused: str  # why a model gave no number somewhere
    evaluations: int

    def __bool__(self) -> bool:
        return bool(self.branches)

    def __str__(self) -> str:
        asked = "; ".join(map(str, self.demands))
        lines = [f"{self.parameter} for {asked}:"]
        lines += [f"  {branch}" for branch in self.branches]
        if not self.branches:
            lines.append(f"  no solution; nearest at {self.nearest:.5g~P}: {self.misses}")
        if self.refused:
            lines.append(f"  note: no number in part of the range: {self.refused}")
        return "\n".join(lines)

    def plot(self, ax: Any = None) -> Any:
        """Every number against the parameter, with its bounds and the branches; returns the matplotlib Axes."""
        import matplotlib.pyplot as plt

        names = list(self.values)
        if ax is None:
            _, axes = plt.subplots(len(names), 1, sharex=True, figsize=(6, 1 + 2.2 * len(names)), squeeze=False,
                                   layout="constrained")  # fmt: skip
            drawn = list(axes[:, 0])
        else:
            drawn = [ax] * len(names)
        for axis, name in zip(drawn, names, strict=True):
            axis.plot(self.x, self.values[name], color="C0")
            axis.set_ylabel(name, fontsize="small")
            for d in self.demands:
                for bound in (d.low, d.high):
                    if d.name == name and math.isfinite(bound):
                        axis.axhline(bound, color="0.6", linewidth=0.8)
            for b in self.branches:
                axis.axvspan(b.low.magnitude, b.high.magnitude, color="C2", alpha=0.25)
            if self.x[0] > 0 and self.x[-1] / self.x[0] > 20:
                axis.set_xscale("log")
        drawn[-1].set_xlabel(f"{self.parameter} [{self.unit}]")
        return drawn[-1]


# ------------------------------------------------------------------------------------- what is evaluated


class Numbers:
    """Every number of a target at a value of the parameter, each point computed once."""

    def __init__(self, compute: Callable[[float], Mapping[str, float]], names: list[str]) -> None:
        self.compute, self.names = compute, names
        self.known: dict[float, dict[str, float]] = {}
        self.refused = ""

    def at(self, x: float) -> dict[str, float]:
        """Numbers at x; NaN where a model gives none."""
        x = float(x)
        if x not in self.known:
            try:
                found = {name: float(value) for name, value in self.compute(x).items()}
            except (Refusal, RecordError, UnitError, ValueError, ArithmeticError) as error:
                self.refused = self.refused or told(error)
                found = dict.fromkeys(self.names, math.nan)
            self.known[x] = found
        return self.known[x]


def of_study(study: Any, names: list[str]) -> tuple[Any, dict[str, Measure]]:
    """A study and the measures named of it."""
    ready = studies.study_of(study)
    return ready, {name: measure(ready, name) for name in names}


def plain(value: Any) -> tuple[float, str]:
    """Number and unit of whatever a function returns."""
    if isinstance(value, Value):
        return value.number, value.unit
    if hasattr(value, "magnitude"):
        return float(value.magnitude), f"{value.units:~C}" or "1"
    return float(value), "1"


def first_that_answers(at: Callable[[float], Mapping[str, tuple[float, str]]], xs: np.ndarray) -> dict[str, str]:
    """Units of every number, from the first point of a scan that has them."""
    why = ""
    for x in xs:
        try:
            return {name: unit for name, (_, unit) in at(float(x)).items()}
        except (Refusal, ValueError, UnitError, ArithmeticError) as error:
            if isinstance(error, RecordError) and error.mistakes[0].file == "design":
                raise  # the question itself is wrong, everywhere
            why = why or told(error)
    raise Refusal("no-answer", f"no model answers anywhere in the range: {why}")


def grid(low: float, high: float, points: int) -> np.ndarray:
    """Points of a scan: by equal factors where the range spans more than a decade or so."""
    if low > 0 and high / low > 20:
        made = np.geomspace(low, high, points)
    else:
        made = np.linspace(low, high, points)
    made[0], made[-1] = low, high
    return made


# --------------------------------------------------------------------------------------------- crossings


def _root(g: Callable[[float], float], a: float, b: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(g, a, b, xtol=_CLOSE * max(abs(a), abs(b)), rtol=4e-15, maxiter=200))


def crossings(numbers: Numbers, name: str, bound: float, xs: np.ndarray) -> list[float]:
    """Every x at which a number passes or touches a bound."""
    from scipy.optimize import minimize_scalar

    def g(x: float) -> float:
        return numbers.at(x)[name] - bound

    held = np.array([g(x) for x in xs])
    found = [float(x) for x, v in zip(xs, held, strict=True) if v == 0]
    for i in range(len(xs) - 1):
        if held[i] * held[i + 1] < 0:
            found.append(_root(g, xs[i], xs[i + 1]))
    for i in range(1, len(xs) - 1):
        a, b, c = held[i - 1 : i + 2]
        same = a * b > 0 and b * c > 0
        if not same or not (abs(b) <= abs(a) and abs(b) <= abs(c)):
            continue
        sign = math.copysign(1.0, b)

        def away(x: float, sign: float = sign) -> float:
            v = g(x)
            return sign * v if math.isfinite(v) else math.inf

        best = minimize_scalar(away, bounds=(xs[i - 1], xs[i + 1]), method="bounded",
                               options={"xatol": 1e-10 * (xs[i + 1] - xs[i - 1])})  # fmt: skip
        if best.fun < 0:
            found += [_root(g, xs[i - 1], best.x), _root(g, best.x, xs[i + 1])]
        elif best.fun <= _TOUCH * (abs(bound) or 1.0):
            found.append(float(best.x))
    return found


def _edges(numbers: Numbers, xs: np.ndarray) -> list[float]:
    """Where the models begin or cease to answer, from the side that answers."""
    found = []
    answers = [all(map(math.isfinite, numbers.at(x).values())) for x in xs]
    for i in range(len(xs) - 1):
        if answers[i] != answers[i + 1]:
            good, bad = (xs[i], xs[i + 1]) if answers[i] else (xs[i + 1], xs[i])
            for _ in range(40):
                middle = (good + bad) / 2
                if all(map(math.isfinite, numbers.at(middle).values())):
                    good = middle
                else:
                    bad = middle
            found.append(float(good))
    return found


def solve_numbers(
    numbers: Numbers, demands: list[Demand], xs: np.ndarray, parameter: str, unit: str
) -> Solution:  # fmt: skip
    """Branches, or the nearest miss, of demands on numbers that depend on one parameter."""
    low, high = float(xs[0]), float(xs[-1])
    close = 10 * _CLOSE * max(abs(low), abs(high))
    scan = {name: np.array([numbers.at(x)[name] for x in xs]) for name in numbers.names}
    if not any(np.isfinite(v).any() for v in scan.values()):
        raise Refusal("no-answer", f"no model answers anywhere in the range: {numbers.refused}")
    ends: dict[float, str] = {low: "range", high: "range"}
    roots: list[tuple[float, Demand]] = []
    for d in demands:
        for bound in {b for b in (d.low, d.high) if math.isfinite(b)}:
            for x in crossings(numbers, d.name, bound, xs):
                ends[x] = str(d)
                roots.append((x, d))
    for x in _edges(numbers, xs):
        ends.setdefault(x, "no number beyond")

    def meets(x: float, tolerance: float = 0.0) -> bool:
        return all(d.short(numbers.at(x)[d.name]) <= tolerance for d in demands)

    def quantity(x: float) -> Any:
        return Q(x, unit if unit != "1" else "")

    branches: list[Branch] = []
    if any(d.exact for d in demands):
        kept: list[float] = []
        for x, d in sorted(roots, key=lambda pair: pair[0]):
            if d.exact and meets(x, 1e-5) and not any(abs(x - k) <= close for k in kept):
                kept.append(x)
                slope = _sensitivity(numbers, d.name, x, low, high)
                branches.append(Branch(quantity(x), quantity(x), str(d), str(d), slope, slope, dict(numbers.at(x))))
    else:
        marks = sorted(ends)
        spans: list[list[float]] = []
        for a, b in itertools.pairwise(marks):
            if b - a > close and meets((a + b) / 2):
                if spans and spans[-1][1] == a:
                    spans[-1][1] = b
                else:
                    spans.append([a, b])
        spans += [[x, x] for x in marks if meets(x) and not any(a <= x <= b for a, b in spans)]
        for a, b in sorted(spans):
            first, last = (_end_sensitivity(numbers, demands, ends[x], x, low, high) for x in (a, b))
            values = dict(numbers.at((a + b) / 2))
            branches.append(Branch(quantity(a), quantity(b), ends[a], ends[b], first, last, values))
    nearest, misses = _nearest(numbers, demands, xs) if not branches else (math.nan, "")
    return Solution(
        parameter, unit, tuple(demands), tuple(branches), quantity(nearest) if not branches else None, misses, xs, scan,
        numbers.refused if any(not np.isfinite(v).all() for v in scan.values()) else "", len(numbers.known),
    )  # fmt: skip


def _end_sensitivity(
    numbers: Numbers, demands: list[Demand], limit: str, x: float, low: float, high: float
) -> float:  # fmt: skip
    name = next((d.name for d in demands if str(d) == limit), "")
    return _sensitivity(numbers, name, x, low, high) if name else 0.0


def _sensitivity(numbers: Numbers, name: str, x: float, low: float, high: float) -> float:
    """d ln number / d ln parameter, by a difference that stays inside the range."""
    step = 1e-4 * (abs(x) or (high - low))
    a, b = max(low, x - step), min(high, x + step)
    va, vb, v = (numbers.at(t)[name] for t in (a, b, x))
    if not (math.isfinite(va) and math.isfinite(vb)) or v == 0 or a == b:
        return 0.0
    return (vb - va) / (b - a) * x / v


def _nearest(numbers: Numbers, demands: list[Demand], xs: np.ndarray) -> tuple[float, str]:
    """Where all demands together are missed by least, and by how much."""
    from scipy.optimize import minimize_scalar

    def worst(x: float) -> float:
        return max(d.short(numbers.at(x)[d.name]) for d in demands)

    held = [worst(x) for x in xs]
    i = int(np.argmin(held))
    a, b = xs[max(0, i - 1)], xs[min(len(xs) - 1, i + 1)]
    best = minimize_scalar(lambda x: min(worst(x), 1e300), bounds=(a, b), method="bounded")
    x = float(best.x) if best.fun < held[i] else float(xs[i])
    found = numbers.at(x)
    missed = [f"{d.name} is {found[d.name]:.4g}, asked {d}" for d in demands if d.short(found[d.name]) > 1e-9]
    return x, "; ".join(missed)


# -------------------------------------------------------------------------------------------- the door


def solve(
    of: Any,
    vary: str = "x",
    between: tuple[Any, Any] = ("", ""),
    require: Mapping[str, Any] | str | None = None,
    *,
    points: int = 65,
    same_probe: bool = False,
) -> Solution:
    """The range of a parameter that meets a target: every branch, what ends it, and its sensitivity.

    Parameters
    ----------
    of : Study, agent, path, or function
        A study whose parameter is varied; or a function of one quantity that returns a number, a quantity or a
        mapping of names to them.
    vary : str
        Path of the parameter, such as "core.diameter" (a name only, for a function).
    between : (low, high)
        Range to look in, with units.
    require : dict
        Name of a number, such as "mri.r2 / mri.r1 at 3 T", to what is asked of it: "> 60 1/(mM*s)", "< 5",
        "= 1064 nm", "2 nM to 5 nM", (low, high), or a list of such texts. For a function that returns one
        number, what is asked of it.
    points : int
        Points of the first scan.
    same_probe : bool
        Whether measured values stand when core, shell or payload is changed, as in `sweep`.

    Returns
    -------
    Solution
        False where nothing meets the target; then `.nearest` is the closest miss.

    Examples
    --------
    >>> found = solve(lambda d: d**2, "side", ("1 cm", "9 cm"), "4 cm^2 to 25 cm^2")
    >>> print(f"{found.branches[0].low:.3f} {found.branches[0].high:.3f}")
    2.000 centimeter 5.000 centimeter
    >>> bool(solve(lambda d: d**2, "side", ("1 cm", "9 cm"), "> 100 cm^2"))
    False
    """
    if require is None or (isinstance(require, Mapping) and not require):
        raise wrong("design", "nothing is asked", "write require = {'mri.r2 at 3 T': '> 60 1/(mM*s)'}")
    if isinstance(points, bool) or not isinstance(points, int) or points < 3:
        raise ValueError(f"points is {points}: write a whole number of 3 or more")
    at, low, high, unit, asked = _asked(of, vary, between, require, same_probe)
    xs = grid(low, high, points)
    units = first_that_answers(at, xs)
    demands = demands_of(asked, units)
    names = list(units)
    numbers = Numbers(lambda x: {name: value for name, (value, _) in at(x).items()}, names)
    return solve_numbers(numbers, demands, xs, vary, unit)


def _asked(
    of: Any, vary: str, between: tuple[Any, Any], require: Mapping[str, Any] | str, same_probe: bool
) -> tuple[Callable[[float], Mapping[str, tuple[float, str]]], float, float, str, Mapping[str, Any]]:
    """What computes the numbers, the range in its unit, and the demands by name."""
    if not isinstance(between, tuple | list) or len(between) != 2:
        raise wrong("design", "between is no range", "write between = ('3 nm', '30 nm')")
    if callable(of):
        first, last = (Q(b) if isinstance(b, str) else b for b in between)
        unit = f"{first.units:~C}" if hasattr(first, "units") else ""
        low, high = (float(b.to(first.units).magnitude) if hasattr(b, "to") else float(b) for b in (first, last))
        asked = require if isinstance(require, Mapping) else {"value": require}

        def at(x: float) -> Mapping[str, tuple[float, str]]:
            found = of(Q(x, unit) if unit else x)
            if isinstance(found, Mapping):
                return {name: plain(found[name]) for name in asked}
            return {next(iter(asked)): plain(found)}

        _ordered(low, high, unit)
        return at, low, high, unit or "1", asked
    if isinstance(require, str):
        raise wrong("design", "which number?", "write require = {'mri.r2 at 3 T': '...'}")
    study, measures = of_study(of, list(require))
    parameter = find(study, vary)
    if not parameter.numeric:
        raise wrong("design", f"'{vary}' is no number", "vary a parameter with a unit")
    bounds = [number(parameter, b) for b in between]
    if bounds[0].unit != bounds[1].unit:
        raise wrong("design", "between has two kinds of unit", f"write both in {bounds[0].unit}")
    unit = bounds[0].unit
    _ordered(bounds[0].number, bounds[1].number, unit)

    def of_point(x: float) -> Mapping[str, tuple[float, str]]:
        made = changed(study, {parameter: Value(x, unit)}, same_probe)
        return {name: evaluate(made, asked) for name, asked in measures.items()}

    return of_point, bounds[0].number, bounds[1].number, unit, require


def _ordered(low: float, high: float, unit: str) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise wrong("design", f"{low:g} to {high:g} {unit} is no range", "write the lower bound first")
