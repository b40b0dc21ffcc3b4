"""Many points of a study: what each set of parameters gives, computed once for each part it can change.

A point is one value of every swept parameter. A parameter reaches some formulations in some modalities; each of
these answers once for every distinct set of values that reaches it, and the answer is spread over the points that
share it. Points are computed in blocks whose bounds depend on the number of points alone, so that any number of
workers gives the same numbers, bit for bit.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import pickle
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import __version__, records
from . import study as studies
from .mistakes import RecordError
from .parameters import Parameter, changed, reaches
from .provenance import Cell, Refusal, Value
from .showing import shows
from .study import MODALITIES, Study
from .units import UnitError

LIMITS = ("margin", "c_min")  # what the detection limit of a modality answers
CONDITIONS = ("field", "kvp", "wavelength", "frequency")  # what tells cells of one quantity apart
DOSE = "dose"
_KEPT = 50_000  # answers a worker remembers of one study


@shows("Axis {0.name}", "unit", "values")
@dataclass(frozen=True)
class Axis:
    """Parameters that change together, step by step: one on a grid, or all that are sampled."""

    name: str
    parameters: tuple[Parameter, ...]
    values: tuple[tuple[Any, ...], ...]  # of each parameter, at each step

    def __len__(self) -> int:
        return len(self.values[0])

    @property
    def unit(self) -> str:
        """Unit of a grid's numbers; empty where they are words, or the axis is one of samples."""
        only = self.parameters[0]
        return only.unit if self.name == only.path and only.numeric and not isinstance(self.values[0][0], str) else ""

    def at(self, step: int) -> dict[Parameter, Any]:
        """What the parameters are set to at one step."""
        return {p: _dressed(p, column[step]) for p, column in zip(self.parameters, self.values, strict=True)}


def _dressed(parameter: Parameter, raw: Any) -> Any:
    if not parameter.numeric:
        return raw
    if isinstance(raw, tuple):
        return tuple(Value(number, parameter.unit) for number in raw)
    return Value(raw, parameter.unit)


@shows("{0.label}", "unit", line="own")
class Column(NamedTuple):
    """What one number of every point is."""

    formulation: str
    modality: str
    quantity: str
    where: str  # the condition that tells it from its neighbours, such as "3 T"
    ordinal: int  # where the condition itself is swept, its place among them
    unit: str
    basis: str

    @property
    def label(self) -> str:
        """A name for a table."""
        words = [self.formulation, self.modality, self.quantity, self.where]
        words += [f"per {self.basis}"] if self.basis and self.quantity != "margin" else []
        return " ".join(w for w in words if w) + (f" #{self.ordinal + 1}" if self.ordinal else "")


@shows("{0.kind}", "formulation", "modality", "quantity", "message", "points", line="own")
class Trouble(NamedTuple):
    """Why some points have no number: a refusal of a model, or an error."""

    kind: str  # "refused" | "error"
    formulation: str
    modality: str
    quantity: str
    message: str
    points: tuple[int, ...]


class Block(NamedTuple):
    """Numbers of consecutive points."""

    start: int
    stop: int
    columns: tuple[Column, ...]
    numbers: np.ndarray  # (columns, 3, points): value, low, high
    letters: np.ndarray  # (columns, points): code of the letter, 0 where there is no number
    trouble: tuple[Trouble, ...]


@shows("Plan of {0.points} points", "shape", "axes", "quantities", "modalities", "block")
@dataclass(frozen=True)
class Plan:
    """A study, the axes of its points, and what is asked at each."""

    study: Study
    axes: tuple[Axis, ...] = ()
    quantities: tuple[str, ...] = LIMITS
    modalities: tuple[str, ...] = MODALITIES
    same_probe: bool = False
    folders: tuple[str, ...] = ()

    @classmethod
    def of(cls, study: Study, axes: Iterable[Axis], **options: Any) -> Plan:
        """A plan whose study states every protocol, so that it means the same in any process."""
        asked = options.get("modalities") or MODALITIES
        protocols = {m: study.protocol(m) for m in asked}
        whole = dataclasses.replace(study, protocols={**study.protocols, **protocols})
        folders = tuple(str(f.resolve()) for f in records.folders() if f != records.shipped_folder())
        return cls(whole, tuple(axes), folders=folders, **{**options, "modalities": tuple(asked)})

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of steps of every axis."""
        return tuple(len(axis) for axis in self.axes)

    @property
    def points(self) -> int:
        """Number of points."""
        return math.prod(self.shape)

    @property
    def block(self) -> int:
        """Points in a block: from the number of points alone."""
        return min(512, max(1, math.ceil(self.points / 400)))

    def blocks(self) -> list[tuple[int, int]]:
        """Bounds of every block."""
        return [(i, min(i + self.block, self.points)) for i in range(0, self.points, self.block)]

    def identity(self) -> str:
        """Digest of everything the numbers depend on: study, axes, questions, catalogue and version."""
        state = hashlib.sha256()
        axes = [(a.name, [p.path for p in a.parameters], a.values) for a in self.axes]
        protocols = sorted((name, repr(protocol)) for name, protocol in self.study.protocols.items())
        parts = (
            __version__, self.study.formulations, self.study.scenario, protocols, axes, self.quantities,
            self.modalities, self.same_probe, _catalogue_digest(),
        )  # fmt: skip
        state.update(repr(parts).encode())
        return state.hexdigest()


def _catalogue_digest() -> str:
    state = hashlib.sha256()
    for root in records.folders():
        for path in sorted(p for p in Path(root).rglob("*") if p.suffix in (".toml", ".csv")):
            state.update(path.relative_to(root).as_posix().encode())
            state.update(path.read_bytes())
    return state.hexdigest()


# ------------------------------------------------------------------------------------------- one answer


class Answer(NamedTuple):
    """What one modality says of one formulation at one set of values."""

    keys: tuple[tuple[str, str, int], ...]  # quantity, where, ordinal
    about: tuple[tuple[str, str], ...]  # unit, basis
    numbers: np.ndarray  # (keys, 3)
    letters: np.ndarray
    refusals: tuple[tuple[str, str], ...]  # quantity, why
    error: str


class Solver:
    """A plan with what it has answered so far; one lives in every worker."""

    def __init__(self, plan: Plan) -> None:
        for folder in plan.folders:
            records.use_folder(folder)
        self.plan = plan
        self.groups: list[tuple[int, str, tuple[int, ...]]] = []
        asked = [DOSE] if "tissue_concentration" in plan.quantities or not plan.quantities else []
        for i, formulation in enumerate(plan.study.formulations):
            for modality in (*asked, *plan.modalities):
                rebuilt = any(self._rebuilds(axis, i) for axis in plan.axes)
                if modality != DOSE and not rebuilt and not studies.room(modality).applies(formulation):
                    continue  # nor does it at any point
                touched = tuple(
                    n
                    for n, axis in enumerate(plan.axes)
                    if any(reaches(p, formulation, modality) for p in axis.parameters)
                )
                self.groups.append((i, modality, touched))
        self.known: dict[tuple[int, str, int], Answer] = {}

    @staticmethod
    def _rebuilds(axis: Axis, formulation: int) -> bool:
        """Whether an axis changes what a formulation is made of."""
        return any(p.keys[:2] == ("formulations", formulation) for p in axis.parameters)

    def answer(self, group: tuple[int, str, tuple[int, ...]], steps: Sequence[int], code: int) -> Answer:
        """What a formulation shows to a modality at a step of every axis that reaches it."""
        i, modality, touched = group
        found = self.known.get((i, modality, code))
        if found is not None:
            return found
        values: dict[Parameter, Any] = {}
        for n, step in zip(touched, steps, strict=True):
            at = self.plan.axes[n].at(step)
            values |= {p: v for p, v in at.items() if reaches(p, self.plan.study.formulations[i], modality)}
        try:
            made = changed(self.plan.study, values, self.plan.same_probe)
            found = self._answered(made, i, modality)
        except Exception as error:  # a point that fails is told of and does not end the others
            found = Answer((), (), np.empty((0, 3)), np.empty(0, np.uint8), (), told(error))
        if len(self.known) >= _KEPT:
            self.known.clear()
        self.known[(i, modality, code)] = found
        return found

    def _answered(self, made: Study, i: int, modality: str) -> Answer:
        formulation, placed = studies.place(made.formulations[i], made.scenario)
        if modality == DOSE:
            cells = [placed]
        elif not studies.room(modality).applies(formulation):
            cells = []
        else:
            cells = limits_or_all(formulation, modality, made.protocol(modality), self.plan.quantities)
        swept = {p.path.split(".")[2].split("[")[0] for a in self.plan.axes for p in a.parameters
                 if p.path.startswith(f"protocol.{modality}.")}  # fmt: skip
        keys, about, numbers, letters, refusals = [], [], [], [], []
        counted: dict[tuple[str, str, str], int] = {}
        for cell in cells:
            if self.plan.quantities and cell.quantity not in self.plan.quantities:
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
        return Answer(tuple(keys), tuple(about), held, np.array(letters, np.uint8), tuple(refusals), "")

    def block(self, start: int, stop: int) -> Block:
        """Numbers of the points from start to stop."""
        plan = self.plan
        index = np.arange(start, stop)
        steps = np.unravel_index(index, plan.shape) if plan.axes else ()
        columns: dict[Column, int] = {}
        parts: list[tuple[list[int], np.ndarray, np.ndarray, np.ndarray]] = []
        trouble: dict[tuple[str, str, str, str, str], list[int]] = {}
        for group in self.groups:
            i, modality, touched = group
            name = plan.study.formulations[i].id
            shape = [plan.shape[n] for n in touched]
            code = np.ravel_multi_index([steps[n] for n in touched], shape) if touched else np.zeros(len(index), int)
            distinct, inverse = np.unique(code, return_inverse=True)
            for n, one in enumerate(distinct):
                answer = self.answer(group, [int(s) for s in np.unravel_index(one, shape)] if touched else [], int(one))
                there = np.flatnonzero(inverse == n)
                where = [
                    columns.setdefault(Column(name, modality, *key, *about), len(columns))
                    for key, about in zip(answer.keys, answer.about, strict=True)
                ]
                parts.append((where, there, answer.numbers, answer.letters))
                reasons = [("refused", quantity, why) for quantity, why in answer.refusals]
                reasons += [("error", "", answer.error)] if answer.error else []
                for kind, quantity, why in reasons:
                    trouble.setdefault((kind, name, modality, quantity, why), []).extend((there + start).tolist())
        numbers = np.full((len(columns), 3, len(index)), np.nan)
        letters = np.zeros((len(columns), len(index)), np.uint8)
        for where, there, held, letter in parts:
            if where:
                rows = np.array(where)[:, None]
                numbers[rows, :, there] = held[:, None, :]
                letters[rows, there] = letter[:, None]
        reasons_found = tuple(Trouble(*key, points=tuple(sorted(points))) for key, points in trouble.items())
        return Block(start, stop, tuple(columns), numbers, letters, reasons_found)


def limits_or_all(formulation: Any, modality: str, protocol: Any, quantities: Sequence[str]) -> list[Cell]:
    """Cells of a modality: of its detection limit alone where nothing else is asked."""
    if not quantities or not set(quantities) <= {*LIMITS, "tissue_concentration"}:
        return studies.respond(formulation, modality, protocol)
    try:
        return list(studies.room(modality).detection_limit(formulation, protocol))
    except Refusal as why:
        return [Cell.refused(formulation.id, modality, "c_min", {}, why)]


def told(error: BaseException) -> str:
    """An error in one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    known = isinstance(error, Refusal | RecordError | UnitError | ValueError)
    return (text if known else f"{type(error).__name__}: {text}")[:300]


_READY: dict[str, Solver] = {}


def compute(digest: str, packed: bytes, start: int, stop: int) -> Block:
    """One block, in whatever process this runs; the plan is unpacked once in each."""
    solver = _READY.get(digest)
    if solver is None:
        while len(_READY) >= 4:
            _READY.pop(next(iter(_READY)), None)
        solver = _READY[digest] = Solver(pickle.loads(packed))
    return solver.block(start, stop)
