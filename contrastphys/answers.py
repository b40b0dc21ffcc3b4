"""What each point of a plan gives, computed once for each part a parameter can change.

A parameter reaches some formulations in some modalities; each of these answers once for every distinct set of values
that reaches it, and the answer is spread over the points that share it. Where a modality sees one number of very many
samples besides the dose, its answers are tabulated.
"""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from . import records
from . import study as studies
from .parameters import CATALOGUE, Parameter, changed, reaches
from .points import CONDITIONS, DOSE, LIMITS, Axis, Block, Column, Plan, Trouble, told
from .provenance import Cell, Refusal, Value
from .study import Study
from .tables import LARGE, Reply, Table

SIMULATED = "ultrasound"  # the modality whose cells may each take a simulation
_KEPT = 50_000  # answers a worker remembers of one study
# What reaches a modality by the concentration in the target alone.
_AMOUNTS = ("scenario.body_mass", "scenario.target.uptake", "scenario.target.concentration")
_OF_DOSE = ("dose", "target")


class Group(NamedTuple):
    """A formulation in a modality, the axes that reach it, and the one of them whose answers are tabulated."""

    formulation: int
    modality: str
    touched: tuple[int, ...]
    tabled: int | None = None
    along: Parameter | None = None  # the number its answers depend on besides the dose


def _amount(parameter: Parameter) -> bool:
    """Whether a parameter changes nothing but the concentration in the target."""
    if parameter.path in _AMOUNTS:
        return True
    return parameter.keys[0] == "formulations" and len(parameter.keys) == 4 and (
        parameter.keys[2] in _OF_DOSE and parameter.keys[3] == "value"
    )  # fmt: skip


class Solver:
    """A plan with what it has answered so far; one lives in every worker."""

    def __init__(self, plan: Plan) -> None:
        for folder in plan.folders:
            records.use_folder(folder)
        self.plan = plan
        self.groups: list[Group] = []
        asked = [DOSE] if "tissue_concentration" in plan.quantities or not plan.quantities else []
        for i, formulation in enumerate(plan.study.formulations):
            for modality in (*asked, *plan.modalities):
                rebuilt = bool(plan.study.components) or any(self._rebuilds(axis, i) for axis in plan.axes)
                if modality != DOSE and not rebuilt and not studies.room(modality).applies(formulation):
                    continue  # nor does it at any point
                touched = tuple(n for n in range(len(plan.axes)) if self._reaching(n, i, modality))
                self.groups.append(Group(i, modality, touched, *self._tabulated(i, modality, touched)))
        self.picked = plan.picked()
        self.known: dict[tuple[int, str, int], Reply] = {}
        self.tables: dict[tuple[int, str, tuple[int, ...]], Table] = {}
        self.amounts: dict[tuple[int, int, int], tuple[np.ndarray, str]] = {}

    @staticmethod
    def _rebuilds(axis: Axis, formulation: int) -> bool:
        """Whether an axis changes what a formulation is made of."""
        own = ("formulations", formulation)
        return any(p.keys[0] == CATALOGUE or (p.keys[:2] == own and not _amount(p)) for p in axis.parameters)

    def _reaching(self, axis: int, formulation: int, modality: str) -> list[Parameter]:
        """Parameters of an axis that change what a modality sees of a formulation."""
        there = self.plan.study.formulations[formulation]
        return [p for p in self.plan.axes[axis].parameters if reaches(p, there, modality)]

    def _tabulated(self, i: int, modality: str, touched: tuple[int, ...]) -> tuple[int | None, Parameter | None]:
        """The axis along which the answers of a group are a curve, and the number they depend on."""
        if self.plan.simulated is not None and modality == SIMULATED:
            return None, None
        if self.plan.tolerance <= 0 or modality == DOSE or not set(self.plan.quantities) <= set(LIMITS):
            return None, None
        if not self.plan.quantities:
            return None, None
        for n in touched:
            axis = self.plan.axes[n]
            if axis.recipe is None or len(axis) < LARGE:
                continue
            rest = [p for p in self._reaching(n, i, modality) if not _amount(p)]
            if len(rest) <= 1 and all(p.spec.kind == "number" for p in rest):
                return n, rest[0] if rest else None
        return None, None

    # ---------------------------------------------------------------------------------------- one by one

    def values(self, group: Group, steps: Sequence[int]) -> dict[Parameter, Any]:
        """What is set at a step of every axis that reaches a group."""
        found: dict[Parameter, Any] = {}
        for n, step in zip(group.touched, steps, strict=True):
            reaching = self._reaching(n, group.formulation, group.modality)
            found |= {p: v for p, v in self.plan.axes[n].at(step).items() if p in reaching}
        return found

    def answer(self, group: Group, steps: Sequence[int], code: int) -> Reply:
        """What a formulation shows to a modality at a step of every axis that reaches it."""
        i, modality = group.formulation, group.modality
        found = self.known.get((i, modality, code))
        if found is not None:
            return found
        found = self.asked(group, self.values(group, steps))
        if len(self.known) >= _KEPT:
            self.known.clear()
        self.known[(i, modality, code)] = found
        return found

    def asked(self, group: Group, values: dict[Parameter, Any], entities: float | None = None) -> Reply:
        """What a formulation shows to a modality with values set, at a concentration in the target if one is given."""
        try:
            made = changed(self.plan.study, values, self.plan.same_probe)
            return self._answered(made, group.formulation, group.modality, entities)
        except Exception as error:  # a point that fails is told of and does not end the others
            return Reply((), (), np.empty((0, 3)), np.empty(0, np.uint8), (), told(error))

    def _answered(self, made: Study, i: int, modality: str, entities: float | None) -> Reply:
        with records.using(made.components):
            return self._told(made, i, modality, entities)

    def _told(self, made: Study, i: int, modality: str, entities: float | None) -> Reply:
        formulation, placed = studies.place(made.formulations[i], made.scenario)
        if entities is not None and formulation.tissue is not None:
            formulation = formulation.placed(dataclasses.replace(formulation.tissue, entities=entities))
        if modality == DOSE:
            cells = [placed]
        elif not studies.room(modality).applies(formulation):
            cells = []
        else:
            cells = limits_or_all(formulation, modality, made.protocol(modality), self.plan.quantities)
        swept = {p.path.split(".")[2].split("[")[0] for a in self.plan.axes for p in a.parameters
                 if p.path.startswith(f"protocol.{modality}.")}  # fmt: skip
        return reply(cells, self.plan.quantities, swept)

    # -------------------------------------------------------------------------------------------- tables

    def _entities(self, group: Group, steps: Sequence[np.ndarray]) -> np.ndarray:
        """Concentration in the target (mol of entities per litre) at points; NaN where it is not known."""
        i = group.formulation
        given = [
            (n, p, self.plan.axes[n].values[k])
            for n in group.touched
            for k, p in enumerate(self.plan.axes[n].parameters)
            if _amount(p) and reaches(p, self.plan.study.formulations[i], group.modality)
        ]
        only = dataclasses.replace(self.plan.study, formulations=(self.plan.study.formulations[i],))
        if not given:
            return np.full(len(steps[0]), _placed(only))
        if (
            len(given) == 1 and given[0][1].keys[0] == "formulations" and max(given[0][2]) > 0
        ):  # in proportion to a dose
            n, parameter, column = given[0]
            numbers = np.array([column[s] for s in steps[n]], float)
            first = max(column)
            return numbers * (_placed(self._moved(only, {parameter: first})) / first)
        values = ({p: column[steps[n][k]] for n, p, column in given} for k in range(len(steps[0])))
        return np.array([_placed(self._moved(only, at)) for at in values])

    def _moved(self, only: Study, values: dict[Parameter, float]) -> Study:
        """A study of one formulation with what reaches the concentration in its target changed."""
        place = {p: (p.keys[0], 0, *p.keys[2:]) if p.keys[0] == "formulations" else p.keys for p in values}
        moved = {p._replace(keys=place[p]): Value(number, p.unit) for p, number in values.items()}
        return changed(only, moved, self.plan.same_probe)

    def _table(self, group: Group, others: dict[Parameter, Any], key: tuple[int, ...]) -> Table:
        """The table of a group, with what the other axes set."""
        known = (group.formulation, group.modality, key)
        if known in self.tables:
            return self.tables[known]
        assert group.tabled is not None
        axis, along = self.plan.axes[group.tabled], group.along
        column = (0.0,) if along is None else axis.values[axis.parameters.index(along)]
        few = np.unique(np.linspace(0, len(axis) - 1, 64).astype(int))
        steps = [np.zeros(len(few), int)] * len(self.plan.axes)
        steps[group.tabled] = few
        entities = self._entities(group, steps)
        amounts = None
        if np.isfinite(entities).all() and np.ptp(entities) > 0:
            amounts = (float(np.median(entities)), float(entities.min()), float(entities.max()))

        def ask(x: float, amount: float | None) -> Reply:
            values = {**others, **({} if along is None else {along: Value(x, along.unit)})}
            return self.asked(group, values, amount)

        low, high = min(column), max(column)
        edges = _edges(self.plan.study.formulations[group.formulation], along)
        made = Table(ask, low, high, amounts, _scaled, self.plan.tolerance, edges, max(256, len(axis) // 8))
        self.tables[known] = made
        return made

    def read(self, group: Group, steps: Sequence[np.ndarray]) -> Iterator[tuple[np.ndarray, Reply | None, np.ndarray]]:
        """Points of a tabulated group that share an answer; None where they are to be computed one by one."""
        assert group.tabled is not None
        axis = self.plan.axes[group.tabled]
        entities = self._entities(group, steps)
        rest = [n for n in group.touched if n != group.tabled
                and not all(_amount(p) for p in self._reaching(n, group.formulation, group.modality))]  # fmt: skip
        keys, inverse = np.zeros((1, 0), int), np.zeros(len(entities), int)
        if rest:
            at = np.stack([steps[n] for n in rest], axis=1)
            keys, inverse = np.unique(at, axis=0, return_inverse=True)
        for k, key in enumerate(keys):
            there = np.flatnonzero(inverse.ravel() == k)
            others: dict[Parameter, Any] = {}
            for n, step in zip(rest, key, strict=True):
                reaching = self._reaching(n, group.formulation, group.modality)
                others |= {p: v for p, v in self.plan.axes[n].at(int(step)).items() if p in reaching}
            table = self._table(group, others, tuple(map(int, key)))
            x = np.zeros(len(there))
            if group.along is not None:
                column = axis.values[axis.parameters.index(group.along)]
                x = np.array([column[s] for s in steps[group.tabled][there]])
            known = np.isfinite(entities[there])
            if not known.all():
                yield there[~known], None, np.empty(0)
            within = there[known]
            for some, answer, found in table.read(x[known], entities[within] if table.amount else None):
                yield within[some], answer, found

    # -------------------------------------------------------------------------------------------- blocks

    def block(self, start: int, stop: int) -> Block:
        """Numbers of the points from start to stop."""
        plan = self.plan
        index = np.arange(start, stop)
        steps = np.unravel_index(index, plan.shape) if plan.axes else ()
        columns: dict[Column, int] = {}
        parts: list[tuple[list[int], np.ndarray, np.ndarray, np.ndarray]] = []
        trouble: dict[tuple[str, str, str, str, str], list[int]] = {}

        def take(group: Group, answer: Reply, there: np.ndarray, held: np.ndarray) -> None:
            name = plan.study.formulations[group.formulation].id
            where = [
                columns.setdefault(Column(name, group.modality, *key, *about), len(columns))
                for key, about in zip(answer.keys, answer.about, strict=True)
            ]
            parts.append((where, there, held, answer.letters))
            reasons = [("refused", quantity, why) for quantity, why in answer.refusals]
            reasons += [("error", "", answer.error)] if answer.error else []
            for kind, quantity, why in reasons:
                key = (kind, name, group.modality, quantity, why)
                trouble.setdefault(key, []).extend((there + start).tolist())

        for group in self.groups:
            left = np.arange(len(index))
            if group.modality == SIMULATED and self.picked is not None:
                left = np.flatnonzero(np.isin(index, self.picked))
            elif group.tabled is not None:
                direct = [np.empty(0, int)]
                for there, answer, held in self.read(group, steps):
                    if answer is None:
                        direct.append(there)
                    else:
                        take(group, answer, there, held)
                left = np.sort(np.concatenate(direct))
            if not len(left):
                continue
            shape = [plan.shape[n] for n in group.touched]
            code = np.zeros(len(left), int)
            if group.touched:
                code = np.ravel_multi_index([steps[n][left] for n in group.touched], shape)
            distinct, inverse = np.unique(code, return_inverse=True)
            for n, one in enumerate(distinct):
                at = [int(s) for s in np.unravel_index(one, shape)] if group.touched else []
                answer = self.answer(group, at, int(one))
                there = left[np.flatnonzero(inverse == n)]
                take(group, answer, there, answer.numbers[:, :, None])
        numbers = np.full((len(columns), 3, len(index)), np.nan)
        letters = np.zeros((len(columns), len(index)), np.uint8)
        for where, there, held, letter in parts:
            if where:
                rows = np.array(where)
                numbers[rows[:, None, None], np.arange(3)[None, :, None], there[None, None, :]] = held
                letters[rows[:, None], there] = letter[:, None]
        reasons_found = tuple(Trouble(*key, points=tuple(sorted(points))) for key, points in trouble.items())
        return Block(start, stop, tuple(columns), numbers, letters, reasons_found)


def tabulated(plan: Plan) -> tuple[str, ...]:
    """What of a plan is read from tables, in words."""
    names = [f.id for f in plan.study.formulations]
    found: dict[str, list[str]] = {}
    for group in Solver(plan).groups:
        if group.tabled is not None:
            along = group.along.path if group.along is not None else "the dose"
            found.setdefault(along, []).append(f"{names[group.formulation]} {group.modality}")
    return tuple(
        f"{', '.join(parts[:4])}{', ...' if len(parts) > 4 else ''} from a table of {along}, checked to "
        f"{plan.tolerance:g}; tolerance=0 computes every point by itself"
        for along, parts in found.items()
    )


def _scaled(key: tuple[str, str, int]) -> bool:
    return key[0] == "margin"


def _placed(study: Study) -> float:
    """Concentration of the only formulation in the target, mol of entities per litre; NaN where it is not known."""
    with records.using(study.components):
        found = studies.place(study.formulations[0], study.scenario)[0].tissue
    return float("nan") if found is None else float(found.entities)


# Conditions at which a measured row begins and ceases to answer for a modality, beside its own.
_WINDOWS = {"field": (0.98, 1.02), "kvp": (0.99, 1.01), "wavelength": (0.99, 1.01), "frequency": (0.95, 1.05)}


def _edges(formulation: Any, along: Parameter | None) -> list[float]:
    """Values at which an answer may jump or bend: where something was measured of the formulation."""
    if along is None:
        return []
    condition = along.keys[-1] if isinstance(along.keys[-1], str) else str(along.keys[-2])
    rows = [getattr(row, condition, None) for row in formulation.measured]
    numbers = [row.number for row in rows if isinstance(row, Value) and row.unit == along.unit]
    return [n * w for n in numbers for w in (1.0, *_WINDOWS.get(condition, ()))]


def reply(cells: Sequence[Cell], quantities: Sequence[str], swept: set[str]) -> Reply:
    """Cells as numbers, each known by its quantity, the condition that is not swept, and its place among its like."""
    keys, about, numbers, letters, refusals = [], [], [], [], []
    counted: dict[tuple[str, str, str], int] = {}
    for cell in cells:
        if quantities and cell.quantity not in quantities:
            continue
        where = next((str(cell.conditions[c]) for c in CONDITIONS if c in cell.conditions and c not in swept), "")
        basis = str(cell.conditions.get("basis", ""))
        ordinal = counted.get((cell.quantity, where, basis), 0)
        counted[cell.quantity, where, basis] = ordinal + 1
        if cell.value is None:
            refusals.append((cell.quantity, cell.refusal))
            continue
        low = cell.value if cell.low is None else cell.low
        high = cell.value if cell.high is None else cell.high
        keys.append((cell.quantity, where, ordinal))
        about.append((cell.unit, basis))
        numbers.append((cell.value, low, high))
        letters.append(ord(cell.letter))
    held = np.array(numbers, float).reshape(-1, 3)
    return Reply(tuple(keys), tuple(about), held, np.array(letters, np.uint8), tuple(refusals), "")


def limits_or_all(formulation: Any, modality: str, protocol: Any, quantities: Sequence[str]) -> list[Cell]:
    """Cells of a modality: of its detection limit alone where nothing else is asked."""
    if not quantities or not set(quantities) <= {*LIMITS, "tissue_concentration"}:
        return studies.respond(formulation, modality, protocol)
    try:
        return list(studies.room(modality).detection_limit(formulation, protocol))
    except Refusal as why:
        return [Cell.refused(formulation.id, modality, "c_min", {}, why)]


_READY: dict[str, Solver] = {}


def compute(digest: str, packed: bytes, start: int, stop: int) -> Block:
    """One block, in whatever process this runs; the plan is unpacked once in each."""
    solver = _READY.get(digest)
    if solver is None:
        while len(_READY) >= 4:
            _READY.pop(next(iter(_READY)), None)
        solver = _READY[digest] = Solver(pickle.loads(packed))
    return solver.block(start, stop)
