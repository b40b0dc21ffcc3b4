"""A study over grids or samples of any of its parameters: `sweep`, and its labelled result.

cp.sweep("study.toml", over={"formulation.our-gold-gd.core.diameter": Q([2, 3, 5, 8], "nm"),
                             "protocol.xray.kvp": ["80 kV", "120 kV"]}, executor=4)
"""

from __future__ import annotations

import csv
import hashlib
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import study as studies
from .answers import tabulated
from .files import write_whole
from .mistakes import Mistake, RecordError, near
from .parameters import STRUCTURE, Parameter, changed, find, listed, number, wrong
from .points import LIMITS, Axis, Block, Column, Plan, Trouble
from .provenance import LETTERS
from .running import Stopped, SweepError, run
from .sampling import Distribution, checked
from .showing import Page, digits, shows
from .study import MODALITIES, Study
from .verdicts import cell_text
from .wording import unit_text

MOST = 5_000_000  # points of one sweep: a number each of ten columns takes 1 GB
MANY = 1000  # points beyond which bubbles are not simulated unless asked
BOUNDS = ("value", "low", "high")
TOLERANCE = 1e-4  # relative, of what is tabulated: the smallest error of a model is 500 times larger


def _sweep_page(found: Sweep) -> Page:
    first, *more = found.summary().splitlines()
    lines = []
    for column, rows in zip(found.columns, found.numbers, strict=True):
        known = rows[0][np.isfinite(rows[0])]
        ends = f"{digits(float(known.min()))} to {digits(float(known.max()))}" if known.size else "no number"
        lines.append((column.label, ends, unit_text(column.unit), f"{known.size} of {rows.shape[-1]}"))
    return Page(first, lines, ("number", "from, to", "unit", "answered"), note="\n".join(line.strip() for line in more))


@shows("Sweep", of=_sweep_page, line="own")
@dataclass(frozen=True)
class Sweep:
    """Numbers of every point of a sweep, with what they are.

    `numbers` is (columns, 3, points): value, low and high; points run as the axes do, the last one fastest. A
    number that a model refused, or that failed, is NaN, and `trouble` says why.
    """

    study: Study
    axes: tuple[Axis, ...]
    columns: tuple[Column, ...]
    numbers: np.ndarray
    letters: np.ndarray
    trouble: tuple[Trouble, ...]
    done: np.ndarray
    computed: int
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of steps of every axis."""
        return tuple(len(axis) for axis in self.axes)

    @property
    def complete(self) -> bool:
        """Whether every point was computed."""
        return bool(self.done.all())

    @property
    def errors(self) -> tuple[Trouble, ...]:
        """Points that failed, with the reason."""
        return tuple(t for t in self.trouble if t.kind == "error")

    def select(self, formulation: str = "", modality: str = "", quantity: str = "", where: str = "") -> list[Column]:
        """Columns of a formulation, modality, quantity and condition; an empty word takes all."""
        return [
            c
            for c in self.columns
            if formulation in ("", c.formulation)
            and modality in ("", c.modality)
            and quantity in ("", c.quantity)
            and where in ("", c.where)
        ]

    def values(
        self, formulation: str = "", modality: str = "", quantity: str = "margin", where: str = "", bound: str = "value"
    ) -> np.ndarray:
        """Numbers of one column in the shape of the axes.

        Where several conditions were kept and none is named, a margin is the largest of them at each point, a c_min
        the smallest: that of the best condition. A c_min counted in several ways is that of the first.
        """
        if bound not in BOUNDS:
            raise ValueError(f"no bound '{bound}': {near(bound, BOUNDS) or 'write value, low or high'}")
        found = self.select(formulation, modality, quantity, where)
        if not found:
            known = ", ".join(c.label for c in self.columns[:8]) or "none"
            asked = " ".join(w for w in (formulation, modality, quantity, where) if w)
            raise wrong("sweep", f"no column {asked}", f"known: {known}")
        if len({(c.formulation, c.modality, c.quantity) for c in found}) > 1:
            names = ", ".join(c.label for c in found[:6])
            raise wrong("sweep", f"{len(found)} columns answer", f"name one of {names}")
        found = [c for c in found if (c.basis, c.unit) == (found[0].basis, found[0].unit)]
        rows = self.numbers[[self.columns.index(c) for c in found]]
        held = rows[:, BOUNDS.index(bound)]
        if len(found) > 1:
            if quantity not in LIMITS:
                names = ", ".join(c.where or c.label for c in found)
                raise wrong("sweep", f"{quantity} at several conditions", f"name one of {names}")
            filled = np.where(np.isnan(rows[:, 0]), -np.inf, rows[:, 0] if quantity == "margin" else -rows[:, 0])
            best = filled.argmax(axis=0)
            held = np.take_along_axis(held, best[None], axis=0)
        return held[0].reshape(self.shape)

    def coordinates(self, parameter: str) -> np.ndarray:
        """Values of a parameter along its axis."""
        for axis in self.axes:
            for p, column in zip(axis.parameters, axis.values, strict=True):
                if parameter in (p.path, axis.name):
                    return np.array([_shown(v) for v in column])
        known = [p.path for axis in self.axes for p in axis.parameters]
        hint = near(parameter, known) or f"known: {', '.join(known)}"
        raise wrong("sweep", f"no parameter '{parameter[:60]}' was swept", hint)

    def digest(self) -> str:
        """Fingerprint of every bit of the result."""
        state = hashlib.sha256(repr((self.columns, self.shape, self.trouble)).encode())
        state.update(np.ascontiguousarray(self.numbers).tobytes())
        state.update(np.ascontiguousarray(self.letters).tobytes())
        return state.hexdigest()

    # ------------------------------------------------------------------------------------------ handing on

    def _grid(self) -> list[tuple[str, list[Any]]]:
        """Every swept parameter with its value at each point."""
        steps = np.unravel_index(np.arange(math.prod(self.shape)), self.shape) if self.axes else ()
        found = []
        for axis, at in zip(self.axes, steps, strict=True):
            for p, column in zip(axis.parameters, axis.values, strict=True):
                unit = f" [{p.unit}]" if p.numeric and p.unit != "1" else ""
                shown = [_shown(v) for v in column]
                found.append((f"{p.path}{unit}", [shown[i] for i in at]))
        return found

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a row a point: its parameters, then every number with its unit."""
        import io

        grid = self._grid()
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["point", *(n for n, _ in grid), *(f"{c.label} [{c.unit}]" for c in self.columns)])
        columns = [[cell_text(v) if isinstance(v, str) else v for v in column] for _, column in grid]
        for i in range(math.prod(self.shape)):
            numbers = ("" if math.isnan(x) else repr(float(x)) for x in self.numbers[:, 0, i])
            writer.writerow([i, *(column[i] for column in columns), *numbers])
        write_whole(Path(path), out.getvalue())

    def to_pandas(self) -> Any:
        """A row a point: its parameters and every value (extra `labelled`)."""
        pandas = studies_extra("pandas")
        data = dict(self._grid())
        data |= {f"{c.label} [{c.unit}]": self.numbers[k, 0] for k, c in enumerate(self.columns)}
        return pandas.DataFrame(data).rename_axis("point")

    def to_xarray(self) -> Any:
        """value, low, high and letter over cell and axes (extra `labelled`).

        `cell` is a column; its formulation, modality, quantity, condition and unit are coordinates of it.
        """
        xarray = studies_extra("xarray")
        names = [axis.name for axis in self.axes]
        coords: dict[str, Any] = {}
        for axis in self.axes:
            for p, column in zip(axis.parameters, axis.values, strict=True):
                unit = {"unit": p.unit} if p.numeric else {}
                coords[p.path] = (axis.name, np.array([_shown(v) for v in column]), unit)
        for key in ("formulation", "modality", "quantity", "where", "unit", "basis", "label"):
            coords[key if key != "where" else "condition"] = ("cell", [getattr(c, key) for c in self.columns])
        shape = (len(self.columns), *self.shape)
        variables = {b: (("cell", *names), self.numbers[:, k].reshape(shape)) for k, b in enumerate(BOUNDS)}
        letters = np.array(["", *LETTERS])
        order = {ord(letter): k + 1 for k, letter in enumerate(LETTERS)}
        codes = np.vectorize(lambda c: order.get(int(c), 0), otypes=[int])(self.letters)
        variables["letter"] = (("cell", *names), letters[codes].reshape(shape))
        about = {"title": self.study.title, "failed_points": len({i for t in self.errors for i in t.points})}
        return xarray.Dataset(variables, coords, about)

    def to_netcdf(self, path: str | os.PathLike[str]) -> None:
        """Write a NetCDF file (extra `labelled`, and netCDF4 or scipy)."""
        target = Path(path)
        try:
            self.to_xarray().to_netcdf(target)
        except OSError:
            raise RecordError(
                [Mistake(target.as_posix(), 0, "", "cannot be written", "give a file in a folder you may write to")]
            ) from None

    def summary(self) -> str:
        """What was computed, and what was not, in a few lines."""
        total = math.prod(self.shape)
        grid = " x ".join(f"{len(a)} {a.name}" for a in self.axes)
        lines = [f"{int(self.done.sum())} of {total} points ({grid}), {len(self.columns)} numbers each"]
        for t in sorted(self.trouble, key=lambda t: (t.kind, -len(t.points)))[:6]:
            at = f"{len(t.points)} points (first: {t.points[0]})" if len(t.points) > 1 else f"point {t.points[0]}"
            lines.append(f"  {t.kind}: {t.formulation} {t.modality} {t.quantity}: {t.message} [{at}]")
        return "\n".join([*lines, *(f"  note: {n}" for n in self.notes)])

    def __repr__(self) -> str:
        return f"<Sweep: {self.summary()}>"

    def plot(
        self, formulation: str = "", modality: str = "", quantity: str = "", where: str = "", ax: Any = None
    ) -> Any:
        """One column, named as in `values`, over its axes; returns the matplotlib Axes."""
        from .plots.results import sweep as draw

        return draw(self, formulation, modality, quantity, where, ax)


def _shown(value: Any) -> Any:
    """A swept value in a table: a list of numbers as text."""
    return "; ".join(f"{v:g}" for v in value) if isinstance(value, tuple) else value


def studies_extra(name: str) -> Any:
    """An optional package, or how to install it."""
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise ImportError(f"{name} is not installed: pip install 'contrastphys[labelled]'") from None


# ------------------------------------------------------------------------------------------------ axes


def axes_of(study: Study, over: Mapping[str, Any], samples: int | None = None, seed: int | None = None) -> list[Axis]:
    """Axes of a sweep: one for every grid, and one of samples for all distributions."""
    if not isinstance(over, Mapping) or not over:
        raise ValueError(
            "over is empty: name the parameters to sweep, such as {'scenario.body_mass': ['20 kg', '70 kg']}"
        )
    grids: list[Axis] = []
    drawn: list[tuple[Parameter, Distribution]] = []
    seen: set[tuple[Any, ...]] = set()
    for path, given in over.items():
        parameter = find(study, path)
        if parameter.keys in seen:
            raise wrong("sweep", f"'{path}' is named twice", "keep one of them")
        seen.add(parameter.keys)
        if isinstance(given, Distribution):
            if not parameter.numeric:
                raise wrong("sweep", f"'{path}' is no number", "give a list of its words")
            drawn.append((parameter, checked(given.plain(parameter.unit, path), path)))
            continue
        entries = listed(given)
        if not entries:
            raise ValueError(f"{path}: an empty list: give one value or more")
        if parameter.numeric:
            parameter, values = _numbers(parameter, entries)
        else:
            values = tuple(entries)
            for entry in values:
                changed(study, {parameter: entry})  # a word that cannot be is said before anything is computed
        grids.append(Axis(parameter.path, (parameter,), (values,)))
    if drawn:
        count = study.scenario.samples if samples is None else samples
        if count > MOST:
            raise ValueError(f"samples is {count}: write a whole number from 1 to {MOST}")
        start = study.scenario.seed if seed is None else seed
        axis = Axis.drawn([p for p, _ in drawn], [d for _, d in drawn], count, start)
        for (p, _), column in zip(drawn, axis.values, strict=True):
            for extreme in (min(column), max(column)):
                number(p, f"{extreme!r} {p.unit}" if p.unit != "1" else extreme)
        grids.append(axis)
    elif samples is not None and samples < 1:
        raise ValueError(f"samples is {samples}: write a whole number of 1 or more")
    return grids


def _numbers(parameter: Parameter, entries: Sequence[Any]) -> tuple[Parameter, tuple[Any, ...]]:
    """Entries of a grid in one unit: that of the first."""
    first = number(parameter, entries[0][0] if isinstance(entries[0], list | tuple) else entries[0])
    if first.unit != parameter.unit:
        parameter = parameter._replace(held=first)
    one = parameter._replace(spec=parameter.spec)

    def plain(entry: Any) -> Any:
        if isinstance(entry, list | tuple) and parameter.spec.many:
            return tuple(plain(e) for e in entry)
        made = number(one, entry)
        if made.unit != parameter.unit:
            what = f"values in {parameter.unit} and in {made.unit}"
            raise RecordError([Mistake("sweep", 0, parameter.path, what, "give all of them in units of one kind")])
        return made.number

    return parameter, tuple(plain(e) for e in entries)


def assembled(plan: Plan, blocks: Iterable[Block], computed: int, notes: tuple[str, ...] = ()) -> Sweep:
    """The labelled result of a plan's blocks, the same whatever order they were computed in."""
    ordered = sorted(blocks, key=lambda b: b.start)
    seen = dict.fromkeys(c for b in ordered for c in b.columns)
    formulations = {f.id: i for i, f in enumerate(plan.study.formulations)}
    modalities = {m: i for i, m in enumerate(("dose", *MODALITIES))}
    rank = {c: i for i, c in enumerate(seen)}
    columns = tuple(sorted(seen, key=lambda c: (formulations[c.formulation], modalities[c.modality], rank[c])))
    place = {c: i for i, c in enumerate(columns)}
    numbers = np.full((len(columns), 3, plan.points), np.nan)
    letters = np.zeros((len(columns), plan.points), np.uint8)
    done = np.zeros(plan.points, bool)
    trouble: dict[tuple[str, str, str, str, str], list[int]] = {}
    for block in ordered:
        rows = [place[c] for c in block.columns]
        numbers[rows, :, block.start : block.stop] = block.numbers
        letters[rows, block.start : block.stop] = block.letters
        done[block.start : block.stop] = True
        for t in block.trouble:
            trouble.setdefault(t[:5], []).extend(t.points)
    reasons = tuple(Trouble(*key, points=tuple(points)) for key, points in sorted(trouble.items()))
    return Sweep(plan.study, plan.axes, columns, numbers, letters, reasons, done, computed, notes)


def sweep(
    study: Any,
    over: Mapping[str, Any],
    executor: Any = None,
    progress: bool = True,
    *,
    quantities: Iterable[str] = LIMITS,
    modalities: Iterable[str] = MODALITIES,
    samples: int | None = None,
    seed: int | None = None,
    file: str | os.PathLike[str] | None = None,
    same_probe: bool = False,
    nonlinear: bool | int = False,
    tolerance: float = TOLERANCE,
) -> Sweep:
    """A study at every point of a grid, or at samples, of any of its parameters.

    Parameters
    ----------
    study : Study, path, agent or list of agents
    over : dict
        Path of a parameter to a list of values (one axis of the grid each) or to a distribution of
        `contrastphys.sampling` (all of them share one axis of samples).
    executor : None, int or Executor
        None computes here, a number starts that many processes, and any object with the `submit` of
        `concurrent.futures` is used as it is (Dask's `client.get_executor()`, MPI, Ray).
    progress : bool
        Show a bar with the time left where it takes longer than a second.
    quantities : list of str
        Which numbers to keep; empty for all.
    modalities : list of str
        Which modalities to ask.
    samples, seed : int
        Of the distributions; the scenario's own if left out.
    file : path
        Written as the sweep goes; a sweep that was cut off and is started again computes only what is missing.
    same_probe : bool
        Whether a change of core, shell or payload leaves the measured values of a formulation standing. By default
        it makes another probe of it, of which nothing was measured.
    nonlinear : bool or int
        At how many points bubbles are simulated where the study asks for a pulse sequence: True for all, a number
        for so many, picked by the seed (the others have no number in ultrasound); False for all up to a thousand
        points, and linear ultrasound beyond.
    tolerance : float
        Relative. Where 2000 samples or more reach a modality by one number besides the dose, margin and c_min are
        read from a table, whose pieces are checked to this between their nodes; 0 computes every point by itself.

    Returns
    -------
    Sweep
        The same numbers, bit for bit, with any executor and any number of workers.

    Raises
    ------
    SweepError
        The executor gave up; `.partial` is the Sweep of what was done.
    Stopped
        Ctrl-C; a KeyboardInterrupt whose `.partial` is the Sweep of what was done.

    Notes
    -----
    On a cluster with MPI, a script of `with MPIPoolExecutor() as pool: sweep(study, over, pool)` (of mpi4py.futures,
    below `if __name__ == "__main__":`) is started by `mpiexec -n 64 python -m mpi4py.futures script.py`: one rank
    leads, the others compute.

    Examples
    --------
    >>> from contrastphys import Formulation
    >>> gold = Formulation(id="gold", kind="nanoparticle", cores={"material": "gold", "diameter": "10 nm"},
    ...                    dose={"value": "50 mg/kg", "basis": "Au"})
    >>> result = sweep(gold, {"dose": ["50 mg/kg", "100 mg/kg"]}, modalities=["xray"])
    >>> low, high = result.values("gold", "xray", "margin")
    >>> print(round(high / low, 9))
    2.0
    """
    ready = studies.study_of(study)
    asked = _words("modality", modalities, MODALITIES)
    axes = axes_of(ready, over, samples, seed)
    if (points := math.prod(len(a) for a in axes)) > MOST:
        grid = " x ".join(f"{len(a)} {a.name}" for a in axes)
        raise wrong("sweep", f"{points:.3g} points ({grid})", f"give fewer values: at most {MOST} points")
    notes: tuple[str, ...] = ()
    picked = None
    if "ultrasound" in asked:
        swept = any(p.path == "protocol.ultrasound.sequence" for a in axes for p in a.parameters)
        count = math.prod(len(a) for a in axes)
        ready, picked, said = simulated(ready, swept, count, nonlinear, ready.scenario.seed if seed is None else seed)
        notes += (said,) if said else ()
    notes += () if same_probe else _other_probes(ready, axes)
    plan = Plan.of(
        ready,
        axes,
        quantities=tuple(quantities),
        modalities=asked,
        same_probe=same_probe,
        tolerance=tolerance,
        simulated=picked,
    )
    notes += tabulated(plan)
    try:
        blocks, computed = run(plan, executor, progress, file)
    except (SweepError, Stopped) as error:
        blocks, computed = error.partial
        error.partial = assembled(plan, blocks, computed, notes)
        raise
    return assembled(plan, blocks, computed, notes)


def _words(what: str, given: Iterable[str], known: Sequence[str]) -> tuple[str, ...]:
    asked = (given,) if isinstance(given, str) else tuple(given)
    for word in asked:
        if word not in known:
            hint = near(word, known) or f"write one of {', '.join(known)}"
            raise wrong("sweep", f"unknown {what} '{str(word)[:40]}'", hint)
    if not asked:
        raise wrong("sweep", f"no {what} is asked", f"write one of {', '.join(known)}")
    return asked


def _other_probes(study: Study, axes: Sequence[Axis]) -> tuple[str, ...]:
    """What is left out of a formulation that a sweep makes into others."""
    swept = {p.keys[1] for a in axes for p in a.parameters if p.keys[0] == "formulations" and p.keys[2] in STRUCTURE}
    names = [study.formulations[i].id for i in sorted(swept) if study.formulations[i].measured]
    note = "measured values of {} are left out: each point is another probe; same_probe=True keeps them"
    return tuple(note.format(name) for name in names)


def simulated(study: Study, swept: bool, points: int, nonlinear: bool | int, seed: int) -> tuple[Study, Any, str]:
    """A study that simulates bubbles at no more points than is asked, at how many it does, and that in words.

    True simulates them at every point, a number at so many, False at none of more than `MANY` points.
    """
    if not isinstance(nonlinear, bool) and (not isinstance(nonlinear, int | np.integer) or nonlinear < 1):
        raise ValueError(f"nonlinear is {nonlinear}: write True, False, or at how many points bubbles are simulated")
    sequence = getattr(study.protocol("ultrasound"), "sequence", "linear")
    bubbly = any(studies.room("ultrasound").applies(f) for f in study.formulations)
    if nonlinear is True or not bubbly or (sequence == "linear" and not swept):
        return study, None, ""
    if nonlinear is False:
        if swept or points <= MANY:
            return study, None, ""
        note = f"linear ultrasound in place of {sequence} at more than {MANY} points; nonlinear=64 simulates it at 64"
        return changed(study, {"protocol.ultrasound.sequence": "linear"}), None, note
    if nonlinear >= points:
        return study, None, ""
    note = f"ultrasound ({sequence}) simulated at {nonlinear} of {points} points, picked by seed {seed}; none elsewhere"
    return study, (int(nonlinear), seed), note
