"""Many points of a study: the axes they lie on, the plan of a run, and its numbers in blocks.

A point is one value of every swept parameter. Points are computed in blocks whose bounds depend on the number of
points alone, so that any number of workers gives the same numbers, bit for bit.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import __version__, records
from .mistakes import RecordError
from .parameters import Parameter
from .provenance import Refusal, Value
from .sampling import Distribution, design
from .showing import shows
from .study import MODALITIES, Study
from .units import UnitError

LIMITS = ("margin", "c_min")  # what the detection limit of a modality answers
CONDITIONS = ("field", "kvp", "wavelength", "frequency")  # what tells cells of one quantity apart
DOSE = "dose"


@shows("Axis {0.name}", "unit", "values")
@dataclass(frozen=True)
class Axis:
    """Parameters that change together, step by step: one on a grid, or all that are sampled."""

    name: str
    parameters: tuple[Parameter, ...]
    values: tuple[tuple[Any, ...], ...]  # of each parameter, at each step
    recipe: tuple[Any, ...] | None = None  # what `drawn` needs to make the values again, for other processes

    @classmethod
    def drawn(cls, parameters: Sequence[Parameter], distributions: Sequence[Distribution], samples: int, seed: int,
              method: str = "latin-hypercube") -> Axis:  # fmt: skip
        """Samples of distributions, the same for the same seed."""
        cube = design(samples, len(parameters), seed, method)
        columns = tuple(tuple(map(float, d.ppf(cube[:, k]))) for k, d in enumerate(distributions))
        recipe = (tuple(distributions), samples, seed, method, _digest(columns))
        return cls("sample", tuple(parameters), columns, recipe)

    def __reduce__(self) -> Any:
        if self.recipe is None:
            return Axis, (self.name, self.parameters, self.values)
        return _drawn_again, (self.parameters, self.recipe)

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


def _digest(columns: tuple[tuple[float, ...], ...]) -> str:
    return hashlib.sha256(np.array(columns, float).tobytes()).hexdigest()


def _drawn_again(parameters: tuple[Parameter, ...], recipe: tuple[Any, ...]) -> Axis:
    """The samples of another process, drawn here: they are too many to be sent with every block."""
    distributions, samples, seed, method, digest = recipe
    made = Axis.drawn(parameters, distributions, samples, seed, method)
    if made.recipe is None or made.recipe[-1] != digest:
        raise RuntimeError("this process draws other samples: install the same numpy and scipy as where it was started")
    return made


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
    tolerance: float = 0.0  # of tables; 0 computes every point by itself
    simulated: tuple[int, int] | None = None  # at how many points bubbles are simulated, and the seed that picks them

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

    def picked(self) -> np.ndarray | None:
        """Points at which bubbles are simulated, rising; None for all. From number of points and seed alone."""
        if self.simulated is None or self.simulated[0] >= self.points:
            return None
        count, seed = self.simulated
        return np.sort(np.random.default_rng([seed, self.points]).choice(self.points, count, replace=False))

    def identity(self) -> str:
        """Digest of everything the numbers depend on: study, axes, questions, catalogue and version."""
        state = hashlib.sha256()
        axes = [(a.name, [p.path for p in a.parameters], a.values) for a in self.axes]
        protocols = sorted((name, repr(protocol)) for name, protocol in self.study.protocols.items())
        parts = (
            __version__, self.study.formulations, sorted(self.study.components.items()),
            self.study.scenario, protocols, axes, self.quantities,
            self.modalities, self.same_probe, self.tolerance, self.simulated, _catalogue_digest(),
        )  # fmt: skip
        state.update(repr(parts).encode())
        return state.hexdigest()


def _catalogue_digest() -> str:
    state = hashlib.sha256()
    for root in records.folders():
        found = (p for name in records.FOLDERS for p in (Path(root) / name).rglob("*"))
        for path in sorted(p for p in found if p.suffix in (".toml", ".csv") and p.is_file()):
            state.update(path.relative_to(root).as_posix().encode())
            state.update(path.read_bytes())
    return state.hexdigest()


def told(error: BaseException) -> str:
    """An error in one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    known = isinstance(error, Refusal | RecordError | UnitError | ValueError)
    return (text if known else f"{type(error).__name__}: {text}")[:300]
