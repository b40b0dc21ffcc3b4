"""How far a comparison can be trusted: bands on every cell, and which input to measure next.

Inputs that are stated with a spread, a range or a distribution are sampled (Latin hypercube or Sobol, seeded). Every
model adds its own error, the band its cells carry, as one more unknown of each formulation in each modality: a
computed cell is never shown tighter than its model. Alternatives, such as two published values in conflict, are
branches: each has its own bands, and a cell shows the envelope of them, never their average.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from . import records
from . import study as studies
from .answers import SIMULATED, Solver, limits_or_all
from .comparison import Comparison
from .inputs import Input, inputs_of
from .mistakes import near
from .parameters import changed, reaches, wrong
from .points import CONDITIONS, Axis, Column, Plan
from .provenance import Cell, Flag, Value
from .running import run
from .sampling import Alternatives, Uniform, design, model_factor
from .sensitivity import SHARES, Indices, indices
from .showing import Page, shows
from .study import MODALITIES, Study
from .sweeps import assembled, simulated
from .wording import significant, unit_text

SIMULATED_SAMPLES = 64  # samples of a propagation at which bubbles are simulated unless asked otherwise
FEW = 40  # samples below which a 5 % quantile says little
_MANY_BRANCHES = 64
MODEL = "model"


@shows("{0.column.label}", "p5", "p50", "p95", "answered", line="own")
class Band(NamedTuple):
    """p5, p50 and p95 of one cell, and of each branch where alternatives make several."""

    column: Column
    p5: float
    p50: float
    p95: float
    answered: float  # share of the samples in which the model gives a number
    branches: tuple[tuple[str, float, float, float], ...] = ()


def _key(cells: Iterable[Cell]) -> Iterable[tuple[tuple[str, str, str, str, int, str], Cell]]:
    """Every cell with what its column of a sweep is known by."""
    counted: dict[tuple[str, ...], int] = {}
    for cell in cells:
        where = next((str(cell.conditions[c]) for c in CONDITIONS if c in cell.conditions), "")
        basis = str(cell.conditions.get("basis", ""))
        known = (cell.formulation, cell.modality, cell.quantity, where, basis)
        counted[known] = counted.get(known, -1) + 1
        yield (cell.formulation, cell.modality, cell.quantity, where, counted[known], basis), cell


def _propagation_page(found: Propagation) -> Page:
    shares = [
        (b.column.label, *(significant(x, 3) for x in (b.p5, b.p50, b.p95)), unit_text(b.column.unit))
        for b in found.bands
    ]
    title = f"{found.samples} samples of {len(found.inputs)} inputs, seed {found.seed}"
    return Page(title, shares, ("number", "p5", "p50", "p95", "unit"))


@shows("Propagation", of=_propagation_page, line="own")
@dataclass(frozen=True)
class Propagation:
    """A comparison with bands, and the samples behind them.

    `comparison` holds every cell with the band p5 to p95; `bands` the same with the median and each branch.
    """

    comparison: Comparison
    bands: tuple[Band, ...]
    inputs: tuple[Input, ...]
    samples: int
    seed: int
    columns: tuple[Column, ...]
    drawn: np.ndarray  # (branches, columns, samples), each with its model's error
    branches: tuple[str, ...]
    plan: Plan

    def band(self, formulation: str, modality: str, quantity: str = "margin", where: str = "") -> Band:
        """Band of one cell; at the best condition where none is named."""
        found = [
            b for b in self.bands
            if (b.column.formulation, b.column.modality, b.column.quantity) == (formulation, modality, quantity)
            and where in ("", b.column.where)
        ]  # fmt: skip
        if not found:
            known = list(dict.fromkeys(f"{c.formulation} {c.modality} {c.quantity}" for c in self.columns))
            asked = f"{formulation} {modality} {quantity} {where}".rstrip()
            raise wrong("propagate", f"no band of {asked}", near(asked, known) or f"known: {', '.join(known[:8])}")
        return min(found, key=lambda b: b.p50) if quantity == "c_min" else max(found, key=lambda b: b.p50)

    def margins(self) -> dict[str, dict[str, np.ndarray]]:
        """Best margin of every formulation in every modality, at each sample of each branch.

        Where bubbles were simulated at some samples only, at these.
        """
        picked = self.plan.picked() if any(c.modality == SIMULATED for c in self.columns) else None
        drawn = self.drawn if picked is None else self.drawn[:, :, picked]
        found: dict[str, dict[str, np.ndarray]] = {}
        for k, column in enumerate(self.columns):
            if column.quantity == "margin":
                row = np.nan_to_num(drawn[:, k], nan=0.0).ravel()
                held = found.setdefault(column.formulation, {})
                held[column.modality] = np.maximum(held.get(column.modality, 0.0), row)
        return found

    def rank(self) -> list[dict[str, Any]]:
        """As `Comparison.rank`, with the share of samples in which each formulation is first, and on the front."""
        return self.comparison.rank(self.margins())

    def indices(
        self, formulation: str, modality: str, quantity: str = "margin", where: str = "", samples: int = 256
    ) -> Indices:
        """Which input makes the spread of one cell: what to measure next.

        The error of the model itself is one of the inputs. Indices are of the logarithm where all numbers are
        positive, since margins spread by factors.
        """
        column = self.band(formulation, modality, quantity, where).column
        i = [f.id for f in self.plan.study.formulations].index(formulation)
        touching = [n for n in self.inputs if reaches(n.parameter, self.plan.study.formulations[i], modality)]
        named = {n.path: n.distribution for n in touching} | {f"{MODEL} of {modality}": Uniform(0.0, 1.0)}
        holes = 0

        def function(*x: np.ndarray) -> np.ndarray:
            nonlocal holes
            axis = Axis("sample", tuple(n.parameter for n in touching), tuple(tuple(map(float, c)) for c in x[:-1]))
            axes = (axis,) if touching else ()
            plan = dataclasses.replace(
                self.plan, axes=axes, quantities=(quantity,), modalities=(modality,), simulated=None
            )
            solver = Solver(plan)
            solver.groups = [g for g in solver.groups if g.formulation == i and g.modality == modality]
            block = solver.block(0, plan.points)
            row = next((k for k, c in enumerate(block.columns) if _same(c, column)), None)
            if row is None:
                raise wrong("indices", f"{column.label} has no number in any sample", "narrow the inputs")
            value, low, high = (np.broadcast_to(v, len(x[-1])) for v in block.numbers[row])
            found = model_factor(value, low, high, _normal(x[-1]))
            bad = ~np.isfinite(found)
            holes += int(bad.sum())
            found = np.where(bad, np.nanmedian(found), found)
            return np.log(found) if (found > 0).all() else found

        made = indices(function, named, samples, self.seed, column.label)
        if holes:
            made = dataclasses.replace(made, note=f"{holes} samples had no number and count as the median")
        return made

    def table(self) -> str:
        """A line a cell: median and band, with its unit."""
        rows = [
            (b.column.label, significant(b.p5, 3), significant(b.p50, 3), significant(b.p95, 3), b.column.unit)
            for b in self.bands
        ]
        width = max((len(r[0]) for r in rows), default=4)
        head = f"{'cell':<{width}}  {'p5':>9}  {'p50':>9}  {'p95':>9}  unit"
        return "\n".join([head, *(f"{r[0]:<{width}}  {r[1]:>9}  {r[2]:>9}  {r[3]:>9}  {r[4]}" for r in rows)])

    def __repr__(self) -> str:
        names = ", ".join(n.path for n in self.inputs[:4]) + (", ..." if len(self.inputs) > 4 else "")
        return f"<Propagation of {len(self.inputs)} inputs ({names}), {self.samples} samples, {len(self.bands)} bands>"

    def plot(self, quantity: str = "margin", ax: Any = None) -> Any:
        """Bands of one quantity; returns the matplotlib Axes."""
        from .plots.results import bands as draw

        return draw(self, quantity, ax)


def _same(a: Column, b: Column) -> bool:
    return a[:5] == b[:5] and a.basis == b.basis


def _normal(u: np.ndarray) -> np.ndarray:
    from scipy.special import ndtri

    return ndtri(np.clip(u, 1e-12, 1 - 1e-12))


def _sign(quantity: str) -> float:
    """A model that answers too much sees too little."""
    return -1.0 if quantity == "c_min" else 1.0


def propagate(
    study: Any = None,
    samples: int | None = None,
    seed: int | None = None,
    *,
    inputs: Mapping[str, Any] | None = None,
    method: str = "latin-hypercube",
    quantities: Iterable[str] = (),
    modalities: Iterable[str] = MODALITIES,
    executor: Any = None,
    progress: bool = False,
    nonlinear: bool | int = SIMULATED_SAMPLES,
) -> Propagation:
    """A comparison with a band p5 - p50 - p95 on every cell.

    Parameters
    ----------
    study : Study, path, agent, list of agents or None
        Numbers stated with `sd`, or with `low` and `high`, are sampled.
    samples, seed : int
        The scenario's own if left out.
    inputs : dict
        Path of a parameter to a distribution of `contrastphys.sampling`, or to (low, high).
    method : str
        "latin-hypercube" or "sobol".
    quantities : list of str
        Which cells; empty for all.
    executor : None, int or Executor
        As in `sweep`.
    nonlinear : bool or int
        At how many of the samples bubbles are simulated where the study asks for a pulse sequence, picked by the
        seed; True for all. Cells of fewer samples than the others say so.

    Returns
    -------
    Propagation

    Examples
    --------
    >>> from contrastphys import Formulation
    >>> gold = Formulation(id="gold", kind="nanoparticle", cores={"material": "gold", "diameter": "10 nm"},
    ...                    dose={"value": {"value": "50 mg/kg", "sd": "5 mg/kg"}, "basis": "Au"})
    >>> result = propagate(gold, samples=64, modalities=["xray"])
    >>> band = result.band("gold", "xray")
    >>> band.p5 < band.p50 < band.p95
    True
    """
    ready = studies.study_of(study)
    count = ready.scenario.samples if samples is None else samples
    start = ready.scenario.seed if seed is None else seed
    known = inputs_of(ready, inputs)
    sampled = [n for n in known if not isinstance(n.distribution, Alternatives)]
    forks = [n for n in known if isinstance(n.distribution, Alternatives)]
    ways = list(itertools.product(*(n.distribution.values for n in forks)))  # type: ignore[attr-defined]
    if len(ways) > _MANY_BRANCHES:
        raise wrong("propagate", f"alternatives make {len(ways)} branches", f"give at most {_MANY_BRANCHES}")
    asked = tuple(modalities)
    of_inputs, of_models = (int(s.generate_state(1)[0]) for s in np.random.SeedSequence(start).spawn(2))
    cube = design(count, len(sampled), of_inputs, method)
    columns = tuple(tuple(map(float, n.distribution.ppf(cube[:, k]))) for k, n in enumerate(sampled))
    axes = [Axis("sample", tuple(n.parameter for n in sampled), columns)] if sampled else []
    pairs = list(itertools.product((f.id for f in ready.formulations), asked))
    errors = _normal(design(count, len(pairs), of_models, method))
    error = {pair: errors[:, k] for k, pair in enumerate(pairs)}
    made: list[tuple[str, dict[Column, np.ndarray]]] = []
    for way in ways:
        branch = changed(
            ready, {n.parameter: Value(v, n.parameter.unit) for n, v in zip(forks, way, strict=True)}, True
        )
        branch, picked, _ = simulated(branch, False, count if axes else 1, nonlinear or 1, start)
        plan = Plan.of(branch, axes, quantities=tuple(quantities), modalities=asked, same_probe=True, simulated=picked)
        blocks, computed = run(plan, executor, progress)
        whole = assembled(plan, blocks, computed)
        rows = {}
        for k, column in enumerate(whole.columns):
            value, low, high = (np.broadcast_to(v, count) for v in whole.numbers[k])
            z = error.get((column.formulation, column.modality))
            rows[column] = value if z is None else model_factor(value, low, high, _sign(column.quantity) * z)
        label = ", ".join(f"{n.path} = {v:g} {n.parameter.unit}" for n, v in zip(forks, way, strict=True))
        made.append((label, rows))
    return _collected(ready, made, known, count, start, plan, quantities, asked)


def _collected(
    ready: Study, made: list[tuple[str, dict[Column, np.ndarray]]], known: list[Input], count: int, seed: int,
    plan: Plan, quantities: Iterable[str], modalities: tuple[str, ...],
) -> Propagation:  # fmt: skip
    """Bands of every nominal cell from the samples of every branch."""
    every = tuple(dict.fromkeys(c for _, rows in made for c in rows))
    empty = np.full(count, np.nan)
    drawn = np.array([[rows.get(c, empty) for c in every] for _, rows in made]).reshape(len(made), len(every), count)
    place = {(c.formulation, c.modality, c.quantity, c.where, c.ordinal, c.basis): k for k, c in enumerate(every)}
    found: list[Band] = []
    shown: list[Cell] = []
    wanted = set(quantities)
    labels = tuple(label for label, _ in made)
    picked = plan.picked() if plan.axes else None
    for key, cell in _key(_nominal(ready, modalities, tuple(wanted))):
        if wanted and cell.quantity not in wanted:
            continue
        k = place.get(key)
        if k is None or cell.value is None:
            shown.append(cell)
            continue
        own = drawn[:, k] if picked is None or key[1] != SIMULATED else drawn[:, k, picked]
        band = _band(every[k], own, labels, cell)
        found.append(band)
        flags = cell.flags
        if band.answered < 1:
            message = f"no number in {1 - band.answered:.0%} of the samples"
            flags = (*flags, Flag("samples", message, "warn"))
        if own.shape[-1] < count:
            words = f"band of {own.shape[-1]} of the {count} samples, at which bubbles were simulated"
            flags = (*flags, Flag("simulated", words, "note"))
        if own.shape[-1] < FEW and known:
            flags = (*flags, Flag("few-samples", f"band of {own.shape[-1]} samples: take {FEW} or more", "note"))
        shown.append(dataclasses.replace(cell, low=band.p5, high=band.p95, median=band.p50, flags=flags))
    comparison = Comparison(ready, tuple(shown))
    return Propagation(comparison, tuple(found), tuple(known), count, seed, every, drawn, labels, plan)


def _nominal(ready: Study, modalities: tuple[str, ...], quantities: tuple[str, ...]) -> list[Cell]:
    """Cells of the study as it is stated."""
    cells: list[Cell] = []
    with records.using(ready.components):
        for formulation in ready.formulations:
            placed, where = studies.place(formulation, ready.scenario)
            cells.append(where)
            for modality in modalities:
                if studies.room(modality).applies(placed):
                    cells += limits_or_all(placed, modality, ready.protocol(modality), quantities)
    return cells


def _band(column: Column, drawn: np.ndarray, labels: tuple[str, ...], cell: Cell) -> Band:
    """Envelope of the branches, nowhere tighter than the cell's own band."""
    branches: list[tuple[str, float, float, float]] = []
    for label, row in zip(labels, drawn, strict=True):
        kept = row[np.isfinite(row)]
        if len(kept):
            low, middle, high = (float(q) for q in np.quantile(kept, SHARES))
            branches.append((label, low, middle, high))
    own = [b for b in (cell.low, cell.high, cell.value) if b is not None]
    middle = float(np.median([b[2] for b in branches])) if branches else own[-1]
    answered = float(np.isfinite(drawn).mean())
    several = tuple(branches) if len(labels) > 1 else ()
    lowest, highest = min(*(b[1] for b in branches), *own), max(*(b[3] for b in branches), *own)
    return Band(column, lowest, middle, highest, answered, several)
