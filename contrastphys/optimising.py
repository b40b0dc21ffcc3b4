"""The best of several parameters: one objective, or the Pareto front of two or three, inside bounds and demands.

One objective: a scan of a single parameter refined at its best places, or differential evolution of several. More
objectives: a population that is sorted into fronts and spread along them (Deb et al. 2002, doi:10.1109/4235.996017).
A point that meets every demand beats one that does not; of two that do not, the one that misses by less. Every random
choice is seeded.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .design import of_study, plain
from .measures import Demand, demands_of, evaluate
from .mistakes import RecordError
from .parameters import changed, find, number, wrong
from .points import told
from .progress import Bar
from .provenance import Refusal, Value
from .showing import Page, entry, shows
from .units import Q, UnitError
from .wording import significant

_EDGE = 1e-3  # share of a range within which an optimum lies at its bound
_TIGHT = 1e-3  # relative slack within which a demand is what limits


@shows("Optimum", "parameters", "values", "limited_by", "feasible", "misses")
@dataclass(frozen=True)
class Optimum:
    """One best point: parameters, numbers, what stops it, and whether it meets every demand."""

    parameters: Mapping[str, Any]
    values: Mapping[str, Any]
    limited_by: tuple[str, ...]
    feasible: bool
    misses: str = ""

    def __str__(self) -> str:
        at = ", ".join(f"{name} = {value:.5g~P}" for name, value in self.parameters.items())
        seen = ", ".join(f"{name} = {value:.5g~P}" for name, value in self.values.items())
        end = f"; limited by {', '.join(self.limited_by)}" if self.limited_by else "; an optimum inside the bounds"
        return f"{at}: {seen}{end}" + (f"; misses: {self.misses}" if not self.feasible else "")


def _front_page(found: Optimisation) -> Page:
    names = (*found.best.parameters, *found.best.values)
    lines = [
        (
            *(entry(held) for held in (*o.parameters.values(), *o.values.values())),
            ", ".join(o.limited_by) or "inside",
            o.misses,
        )
        for o in found.front
    ]
    title = f"{' and '.join(found.objectives)}, {found.evaluations} points computed"
    remark = "" if found else "no point meets every demand: the nearest is shown\n"
    note = remark + (f"no number in part of the range: {found.refused}" if found.refused else "")
    return Page(title, lines, (*names, "limited by", "misses"), note=note.strip())


@shows("Optimisation", of=_front_page)
@dataclass(frozen=True)
class Optimisation:
    """The front of best points (one point for one objective); true where a point meets every demand."""

    objectives: tuple[str, ...]
    front: tuple[Optimum, ...]
    demands: tuple[Demand, ...]
    evaluations: int
    refused: str = ""

    @property
    def best(self) -> Optimum:
        """The best point; of a front, its first."""
        return self.front[0]

    def __bool__(self) -> bool:
        return self.best.feasible

    def __str__(self) -> str:
        lines = [f"{' and '.join(self.objectives)}, {self.evaluations} points computed:"]
        if not self:
            lines.append("  no point meets every demand; nearest:")
        lines += [f"  {optimum}" for optimum in self.front]
        if self.refused:
            lines.append(f"  note: no number in part of the range: {self.refused}")
        return "\n".join(lines)

    def plot(self, ax: Any = None) -> Any:
        """The front of the first two objectives; returns the matplotlib Axes."""
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        names = [name.split(" ", 1)[1] for name in self.objectives][:2]
        if len(names) < 2:
            raise wrong("optimise", "one objective has no front", "plot it with solve or sweep")
        xs, ys = ([o.values[name].magnitude for o in self.front] for name in names)
        ax.plot(xs, ys, "o-", markersize=4)
        ax.set_xlabel(names[0])
        ax.set_ylabel(names[1])
        return ax


def _quantity(value: float, unit: str) -> Any:
    return Q(value, "" if unit == "1" else unit)


class _Problem:
    """Numbers of a point of the unit cube, and how it compares with others."""

    def __init__(
        self, compute: Callable[[dict[str, float]], Mapping[str, tuple[float, str]]],
        bounds: Mapping[str, tuple[float, float, str]], goals: Sequence[tuple[str, float]],
    ) -> None:  # fmt: skip
        self.compute, self.bounds, self.goals = compute, dict(bounds), list(goals)
        self.demands: list[Demand] = []
        self.known: dict[tuple[float, ...], dict[str, float]] = {}
        self.refused = ""
        self.scale = 0.0
        self.units: dict[str, str] = {}

    def point(self, u: Sequence[float]) -> dict[str, float]:
        """Parameters at a point of the unit cube: by factors where a range spans more than a decade or so."""
        found = {}
        for (name, (low, high, _)), share in zip(self.bounds.items(), u, strict=True):
            s = min(1.0, max(0.0, float(share)))
            found[name] = low * (high / low) ** s if low > 0 and high / low > 20 else low + (high - low) * s
        return found

    def numbers(self, u: Sequence[float]) -> dict[str, float]:
        """Numbers there; empty where a model gives none."""
        key = tuple(float(x) for x in u)
        if key not in self.known:
            try:
                found = self.compute(self.point(key))
                self.units = self.units or {name: unit for name, (_, unit) in found.items()}
                held = {name: value for name, (value, _) in found.items()}
                self.known[key] = held if all(map(math.isfinite, held.values())) else {}
            except RecordError as error:
                if error.mistakes[0].file == "design":
                    raise
                self.refused, self.known[key] = self.refused or told(error), {}
            except (Refusal, UnitError, ValueError, ArithmeticError) as error:
                self.refused, self.known[key] = self.refused or told(error), {}
        return self.known[key]

    def score(self, u: Sequence[float]) -> tuple[float, tuple[float, ...]]:
        """By how much the demands are missed (0 where met), and the objectives, less being better."""
        held = self.numbers(u)
        if not held:
            return math.inf, (math.inf,) * len(self.goals)
        missed = sum(max(0.0, d.short(held[d.name])) for d in self.demands)
        return missed, tuple(sign * held[name] for name, sign in self.goals)

    def single(self, u: Sequence[float]) -> float:
        """One number to minimise: the objective, squeezed below any miss of the demands."""
        missed, (value,) = self.score(u)
        if missed > 0:
            return 2.0 + min(missed, 1e300)
        self.scale = self.scale or abs(value)
        value /= self.scale or 1.0
        return value / (1.0 + abs(value))  # between -1 and 1, in the same order

    def optimum(self, u: Sequence[float]) -> Optimum:
        """A point with units, and what stops it there."""
        held, at = self.numbers(u), self.point(u)
        limits = []
        for (name, (low, high, unit)), share in zip(self.bounds.items(), u, strict=True):
            if share <= _EDGE or share >= 1 - _EDGE:
                limits.append(f"{name} at its bound {low if share <= _EDGE else high:g} {unit}".rstrip(" 1"))
        short = [(d, d.short(held[d.name])) for d in self.demands]
        limits += [str(d) for d, s in short if -_TIGHT <= s <= 1e-9]
        misses = "; ".join(f"{d.name} is {significant(held[d.name], 4)}, asked {d}" for d, s in short if s > 1e-9)
        parameters = {n: _quantity(v, self.bounds[n][2]) for n, v in at.items()}
        values = {n: _quantity(v, self.units[n]) for n, v in held.items()}
        return Optimum(parameters, values, tuple(limits), not misses, misses)


# ------------------------------------------------------------------------------------------ one objective


def _one_parameter(problem: _Problem, points: int, step: Callable[[str], None]) -> list[float]:
    """Scan, then refine around the best places of the scan."""
    from scipy.optimize import minimize_scalar

    xs = np.linspace(0, 1, points)
    held = []
    for x in xs:
        held.append(problem.single([x]))
        step("scan")
    best = min(((v, x) for v, x in zip(held, xs, strict=True)), key=lambda pair: pair[0])
    order = np.argsort(held, kind="stable")[:4]
    for i in order:
        a, b = xs[max(0, i - 1)], xs[min(points - 1, i + 1)]
        found = minimize_scalar(lambda x: problem.single([x]), bounds=(a, b), method="bounded", options={"xatol": 1e-9})
        best = min(best, (float(found.fun), float(found.x)), key=lambda pair: pair[0])
    return [_pushed(problem, best[1], best[0], xs)]


def _pushed(problem: _Problem, x: float, value: float, xs: np.ndarray) -> float:
    """An optimum that a demand stops, moved up to the demand itself: the objective jumps there."""
    if not problem.demands or value >= 2.0:
        return x
    gap = xs[1] - xs[0]
    for side in (-gap, gap):
        good, bad = x, min(1.0, max(0.0, x + side))
        if problem.score([bad])[0] == 0 or bad == good:
            continue
        for _ in range(50):
            middle = (good + bad) / 2
            if problem.score([middle])[0] == 0:
                good = middle
            else:
                bad = middle
        if problem.single([good]) < value:
            x, value = good, problem.single([good])
    return x


def _evolved(problem: _Problem, seed: int, budget: int, step: Callable[[str], None]) -> list[float]:
    """Differential evolution, then a simplex from its best point."""
    from scipy.optimize import differential_evolution, minimize

    dimensions = len(problem.bounds)
    size = max(5, min(15, budget // (20 * dimensions)))
    rounds = max(5, budget // (size * dimensions))

    def told_of(*_: Any, **__: Any) -> None:
        step("generation")

    word = "rng" if "rng" in differential_evolution.__code__.co_varnames else "seed"
    found = differential_evolution(
        problem.single, [(0.0, 1.0)] * dimensions, maxiter=rounds, popsize=size, tol=1e-8, polish=False,
        callback=told_of, **{word: np.random.default_rng(seed)},
    )  # fmt: skip
    polished = minimize(problem.single, found.x, method="Nelder-Mead", bounds=[(0, 1)] * dimensions,
                        options={"xatol": 1e-7, "fatol": 1e-12, "maxfev": 100 * dimensions})  # fmt: skip
    return list(map(float, polished.x if polished.fun < found.fun else found.x))


# ------------------------------------------------------------------------------------------ several objectives


def _fronts(scores: list[tuple[float, tuple[float, ...]]]) -> list[list[int]]:
    """Indices of every point, front by front."""
    missed = np.array([s[0] for s in scores])
    goals = np.array([s[1] for s in scores], float)
    met = missed <= 0
    better = (goals[:, None] <= goals[None]).all(2) & (goals[:, None] < goals[None]).any(2) & met[:, None] & met[None]
    better |= met[:, None] & ~met[None]
    better |= ~met[:, None] & ~met[None] & (missed[:, None] < missed[None])
    left, found = np.ones(len(scores), bool), []
    while left.any():
        front = left & ~(better & left[:, None]).any(axis=0)
        found.append(np.flatnonzero(front).tolist())
        left &= ~front
    return found


def _crowding(goals: np.ndarray) -> np.ndarray:
    """How much room each point of a front has; infinite at its ends."""
    room = np.zeros(len(goals))
    for column in goals.T:
        order = np.argsort(column, kind="stable")
        width = column[order[-1]] - column[order[0]]
        room[order[[0, -1]]] = math.inf
        if width > 0 and math.isfinite(width):
            room[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / width
    return room


def _ranked(points: np.ndarray, problem: _Problem, keep: int) -> tuple[np.ndarray, list[int]]:
    """The best `keep` points, and the front each belongs to."""
    scores = [problem.score(p) for p in points]
    chosen: list[int] = []
    level: list[int] = []
    for k, front in enumerate(_fronts(scores)):
        room = (
            _crowding(np.array([scores[i][1] for i in front], float))
            if len(front) > 2
            else np.full(len(front), math.inf)
        )
        order = sorted(range(len(front)), key=lambda j: -room[j])
        for j in order[: keep - len(chosen)]:
            chosen.append(front[j])
            level.append(k)
        if len(chosen) >= keep:
            break
    return points[chosen], level


def _spread(problem: _Problem, seed: int, budget: int, step: Callable[[str], None]) -> list[list[float]]:
    """Points of the Pareto front, in the order of the first objective."""
    from .sampling import design

    generator = np.random.default_rng(seed)
    dimensions, size = len(problem.bounds), 48
    population = design(size, dimensions, seed)
    population, level = _ranked(population, problem, size)
    for _ in range(max(4, budget // size)):
        pairs = generator.integers(0, size, (size, 2))
        parents = population[[a if level[a] <= level[b] else b for a, b in pairs]]
        one, two, three = (population[generator.permutation(size)] for _ in range(3))
        differ = generator.random((size, 1)) < 0.5  # half step along differences, half mix with a mate
        moved = np.where(differ, parents + 0.5 * (one - two), parents + generator.random((size, 1)) * (three - parents))
        nudged = generator.random((size, dimensions)) < 1 / dimensions
        width = 0.1 * 10 ** generator.uniform(-3, 0, (size, 1))
        children = np.clip(moved + nudged * width * generator.normal(size=(size, dimensions)), 0, 1)
        everyone = np.unique(np.vstack([population, children]), axis=0)
        population, level = _ranked(everyone, problem, min(size, len(everyone)))
        while len(population) < size:
            population, level = np.vstack([population, population[:1]]), [*level, level[0]]
        step("generation")
    front = np.unique(np.array([p for p, k in zip(population, level, strict=True) if k == 0]), axis=0)
    return sorted((list(map(float, p)) for p in front), key=lambda p: problem.score(p)[1])


# ------------------------------------------------------------------------------------------------ the door


def optimise(
    of: Any,
    vary: Mapping[str, tuple[Any, Any]],
    *,
    maximise: str | Sequence[str] = (),
    minimise: str | Sequence[str] = (),
    require: Mapping[str, Any] | None = None,
    seed: int = 7,
    budget: int = 1000,
    progress: bool = False,
    same_probe: bool = False,
) -> Optimisation:
    """The best values of some parameters, inside bounds and demands.

    Parameters
    ----------
    of : Study, agent, path, or function
        A function takes the parameters as keywords, as quantities, and returns a mapping of names to numbers.
    vary : dict
        Path of a parameter to (low, high).
    maximise, minimise : str or list of str
        One, two or three numbers by name, such as "mri.r2 at 3 T".
    require : dict
        Demands, as in `solve`.
    seed, budget : int
        Seed of every random choice, and about how many points may be computed.

    Returns
    -------
    Optimisation
        `.front` of points (one for one objective), each with `.limited_by`: the bounds and demands that stop it.

    Examples
    --------
    >>> found = optimise(lambda x, y: {"f": x * y, "sum": x + y}, {"x": (0, 5), "y": (0, 5)}, maximise="f",
    ...                  require={"sum": "< 4"})
    >>> print(f"{found.best.values['f'].magnitude:.2f}", found.best.limited_by)
    4.00 ('sum < 4',)
    """
    goals = [(n, -1.0, "maximise") for n in _listed(maximise)] + [(n, 1.0, "minimise") for n in _listed(minimise)]
    if not 1 <= len(goals) <= 3:
        raise wrong("optimise", f"{len(goals)} objectives", "name one, two or three to maximise or minimise")
    if not vary:
        raise wrong("optimise", "nothing is varied", "write vary = {'core.diameter': ('3 nm', '30 nm')}")
    if isinstance(budget, bool) or not isinstance(budget, int) or budget < 1:
        raise ValueError(f"budget is {budget}: write a whole number of 1 or more")
    asked = dict(require or {})
    names = list(dict.fromkeys([*(g[0] for g in goals), *asked]))
    problem = _problem(of, vary, names, [(n, sign) for n, sign, _ in goals], same_probe)
    for u in itertools.chain([[0.5] * len(vary)], _somewhere(len(vary), seed)):
        if problem.numbers(u):
            break
    if not problem.units:
        raise Refusal("no-answer", f"no model answers anywhere in the bounds: {problem.refused}")
    problem.demands = demands_of(asked, problem.units)
    steps = 65 if len(vary) == 1 and len(goals) == 1 else max(5, budget // 48)
    with Bar(steps, progress) as step:
        if len(goals) > 1:
            chosen = _spread(problem, seed, budget, step)
        elif len(vary) == 1:
            chosen = [_one_parameter(problem, 65, step)]
        else:
            chosen = [_evolved(problem, seed, budget, step)]
    front = [problem.optimum(u) for u in chosen if problem.numbers(u)]
    met = [o for o in front if o.feasible]
    return Optimisation(
        tuple(f"{word} {n}" for n, _, word in goals), tuple(met or front[:1]), tuple(problem.demands),
        len(problem.known), problem.refused,
    )  # fmt: skip


def _listed(given: str | Sequence[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _somewhere(dimensions: int, seed: int) -> np.ndarray:
    from .sampling import design

    return design(64, dimensions, seed)


def _problem(
    of: Any, vary: Mapping[str, tuple[Any, Any]], names: list[str], goals: list[tuple[str, float]], same_probe: bool
) -> _Problem:  # fmt: skip
    bounds: dict[str, tuple[float, float, str]] = {}
    if callable(of):
        for name, pair in vary.items():
            first, last = (Q(b) if isinstance(b, str) else b for b in pair)
            unit = f"{first.units:~C}" if hasattr(first, "units") else "1"
            low, high = (float(b.to(first.units).magnitude) if hasattr(b, "to") else float(b) for b in (first, last))
            bounds[name] = (low, high, unit)

        def compute(at: dict[str, float]) -> Mapping[str, tuple[float, str]]:
            given = {n: v if bounds[n][2] == "1" else Q(v, bounds[n][2]) for n, v in at.items()}
            found = of(**given)
            held = found if isinstance(found, Mapping) else {names[0]: found}
            return {name: plain(held[name]) for name in names}
    else:
        study, measures = of_study(of, names)
        parameters = {}
        for path, pair in vary.items():
            parameters[path] = find(study, path)
            if not parameters[path].numeric:
                raise wrong("optimise", f"'{path}' is no number", "sweep it, and optimise each by itself")
            ends = [number(parameters[path], b) for b in pair]
            if ends[0].unit != ends[1].unit:
                raise wrong("optimise", f"{path}: two kinds of unit", f"write both in {ends[0].unit}")
            bounds[path] = (ends[0].number, ends[1].number, ends[0].unit)

        def compute(at: dict[str, float]) -> Mapping[str, tuple[float, str]]:
            values = {parameters[n]: Value(v, bounds[n][2]) for n, v in at.items()}
            made = changed(study, values, same_probe)
            return {name: evaluate(made, asked) for name, asked in measures.items()}

    for name, (low, high, unit) in bounds.items():
        if not low < high:
            raise wrong("optimise", f"{name}: {low:g} to {high:g} {unit} is no range", "write the lower bound first")
    return _Problem(compute, bounds, goals)
