"""The main job's result: formulations side by side, what limits each, and where every number is from.

A `Comparison` holds the cells of a study; everything else (table, ranking, explanation, files) is a view of
them. Ranking has no hidden score: hard limits first, then the Pareto fronts of the margins.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import math
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import records
from . import study as studies
from .files import write_whole
from .folders import make_folder, write_run
from .formulation import Formulation
from .lines import csv_lines, json_lines
from .mistakes import Mistake, RecordError, near
from .progress import Bar
from .provenance import LETTERS, Cell
from .ranking import exceeds, fronts, shares
from .running import spread
from .showing import Page, html_of
from .study import MODALITIES, Study
from .verdicts import HEADINGS, Verdict, story, tone, where
from .wording import amount, significant

PART = 25  # formulations a worker is given at once
READABLE = 40  # formulations a picture or a page shows


@dataclass(frozen=True)
class Comparison:
    """Cells of a study, and the views of them.

    Examples
    --------
    >>> import contrastphys as cp
    >>> result = cp.compare(["gadoterate", "iohexol"])
    >>> sorted({cell.formulation for cell in result.cells})
    ['gadoterate', 'iohexol']
    """

    study: Study
    cells: tuple[Cell, ...]
    run: str = field(default_factory=lambda: secrets.token_hex(6))
    made: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    # ------------------------------------------------------------------------------------------- looking

    @property
    def formulations(self) -> tuple[Formulation, ...]:
        """The formulations compared, in the order of the study."""
        return self.study.formulations

    @functools.cached_property
    def _by(self) -> dict[str, list[Cell]]:
        """Cells of each formulation."""
        found: dict[str, list[Cell]] = {f.id: [] for f in self.formulations}
        for cell in self.cells:
            found.setdefault(cell.formulation, []).append(cell)
        return found

    @functools.cached_property
    def _needs(self) -> dict[str, tuple[str, ...]]:
        return {f.id: f.needs for f in self.formulations}

    def leading(self, count: int) -> Comparison:
        """The first formulations by rank, where there are more than `count`; the title says how many there are."""
        if len(self.formulations) <= count:
            return self
        places = {entry["id"]: n for n, entry in enumerate(self.rank()[:count])}
        kept = sorted((f for f in self.formulations if f.id in places), key=lambda f: places[f.id])
        title = f"{self.study.title or 'Comparison'}: the first {count} of {len(self.formulations)} by rank"
        study = dataclasses.replace(self.study, formulations=tuple(kept), title=title, text="", file="")
        cells = tuple(cell for f in kept for cell in self._by[f.id])
        return dataclasses.replace(self, study=study, cells=cells)

    def select(self, formulation: str = "", modality: str = "", quantity: str = "") -> list[Cell]:
        """Cells of a formulation, modality and quantity; an empty word takes all."""
        return [
            cell
            for cell in (self._by.get(formulation, ()) if formulation else self.cells)
            if modality in ("", cell.modality) and quantity in ("", cell.quantity)
        ]

    @functools.cached_property
    def _verdicts(self) -> dict[tuple[str, str], Verdict | None]:
        """Verdicts asked for: ranking and pages ask for each many times."""
        return {}

    def verdict(self, formulation: str, modality: str) -> Verdict | None:
        """What a modality says of a formulation at its best condition; None where it does not apply."""
        asked = formulation, modality
        if asked not in self._verdicts:
            self._verdicts[asked] = self._verdict(formulation, modality)
        return self._verdicts[asked]

    def _verdict(self, formulation: str, modality: str) -> Verdict | None:
        cells = self.select(formulation, modality)
        if not cells:
            return None
        margins = [c for c in cells if c.quantity == "margin" and c.value is not None]
        limits = [c for c in cells if c.quantity == "c_min" and c.value is not None]
        margin = max(margins, key=lambda c: c.value or 0.0, default=None)
        if margin is not None:
            same = [c for c in limits if where(c) == where(margin)]
            limits = same or limits
        c_min = min(limits, key=lambda c: c.value or math.inf, default=None)
        refusals = [c.refusal for c in cells if c.value is None and c.quantity in ("margin", "c_min", "")]
        reason = "" if margin is not None else next((r for r in refusals if r), "")
        return Verdict(margin, c_min, reason)

    def needed(self, formulation: str) -> tuple[str, ...]:
        """Modalities that must see a formulation: its own needs, the scenario's, else all that answer."""
        return self._needs[formulation] or self.study.scenario.needs or tuple(self.margins(formulation))

    def limiting(self, formulation: str) -> str:
        """The needed modality with the smallest margin (one that does not answer has none); empty if all fail."""
        margins = self.margins(formulation)
        needed = self.needed(formulation)
        return min(needed, key=lambda m: margins.get(m, 0.0)) if needed else ""

    def smallest(self, formulation: str) -> float | None:
        """Smallest margin over the needed modalities; None where one of them does not answer."""
        margins = self.margins(formulation)
        found = [margins.get(modality) for modality in self.needed(formulation)]
        return None if not found or None in found else min(m for m in found if m is not None)

    def best(self, formulation: str) -> str:
        """The modality with the largest margin; empty where none answers."""
        margins = self.margins(formulation)
        return max(margins, key=margins.__getitem__) if margins else ""

    def best_in(self, modality: str) -> list[tuple[Formulation, Cell]]:
        """Formulations with a margin in a modality, the one to pick first.

        Within their hard limits before those outside, those that need the modality before those that do not, then by
        the width of the margin.
        """
        outside = {entry["id"]: bool(entry["exceeds"]) for entry in self._entries}
        found = []
        for formulation in self.formulations:
            verdict = self.verdict(formulation.id, modality)
            if verdict is not None and verdict.margin is not None and verdict.margin.value is not None:
                unneeded = modality not in self.needed(formulation.id)
                place = (outside[formulation.id], unneeded, -verdict.margin.value)
                found.append((place, formulation, verdict.margin))
        return [(formulation, cell) for _, formulation, cell in sorted(found, key=lambda entry: entry[0])]

    def margins(self, formulation: str) -> dict[str, float]:
        """Best margin of a formulation in every modality that answers."""
        found = {}
        for modality in MODALITIES:
            verdict = self.verdict(formulation, modality)
            if verdict is not None and verdict.margin is not None and verdict.margin.value is not None:
                found[modality] = verdict.margin.value
        return found

    def rows(self) -> list[list[str]]:
        """The comparison as text: formulation, target concentration, a modality a column, what limits."""
        out = []
        for formulation in self.formulations:
            placed = self.select(formulation.id, "dose", "tissue_concentration")
            target = "-"
            if placed and placed[0].value is not None:
                basis = placed[0].conditions["basis"]
                target = f"{amount(placed[0].value, placed[0].unit)}\n{basis}"
            verdicts = [self.verdict(formulation.id, modality) for modality in MODALITIES]
            cells = [verdict.text if verdict is not None else "-" for verdict in verdicts]
            out.append([formulation.name, target, *cells, self._decided(formulation.id)])
        return out

    def _decided(self, formulation: str) -> str:
        """Best and limiting modality in words, two short lines."""
        best, limiting = (HEADINGS.get(m, "-") for m in (self.best(formulation), self.limiting(formulation)))
        if self.smallest(formulation) is None and limiting != "-":
            limiting = f"{limiting}?"
        return best if best == limiting else f"{best}\n{limiting}"

    def heading(self) -> list[str]:
        """Headings of `rows`."""
        return ["Formulation", "In target", *(HEADINGS[m] for m in MODALITIES), "Best by\nlimited by"]

    def table(self, width: int = 120, colour: bool = False, most: int = 100) -> str:
        """The comparison as a text table; of more than `most` formulations, the first by rank.

        Each modality shows its margin (concentration in the target over the smallest one seen) at the best
        condition with the letter of its provenance, and below it that smallest concentration. Below 120 characters a
        modality takes a line instead of a column, so that no word is broken.
        """
        from .narrow import NARROW, listed

        if width < NARROW:
            return listed(self.leading(most), width, colour)
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        shown = Table(show_lines=True)
        for i, heading in enumerate(self.heading()):
            shown.add_column(heading, overflow="fold", justify="left" if i == 0 else "right")
        for row in self.leading(most).rows():
            shown.add_row(*(Text(entry, tone(entry)) if i > 1 else Text(entry) for i, entry in enumerate(row)))
        screen = Console(width=width, file=io.StringIO(), force_terminal=colour, highlight=False, legacy_windows=False)
        with screen.capture() as text:
            screen.print(shown)
            if len(self.formulations) > most:
                screen.print(f"the first {most} of {len(self.formulations)} by rank")
        return text.get()

    def legend(self) -> str:
        """What the table's signs mean, in one line."""
        letters = ", ".join(f"{letter} {word}" for letter, word in LETTERS.items())
        return (
            f"Margin = concentration in the target / smallest seen (below or beside it). Letters: {letters}. "
            f"'-' does not apply; '?' needed but undecided."
            + (" Three numbers: p5, median and p95." if any(c.median is not None for c in self.cells) else "")
        )

    def summary(self) -> str:
        """One sentence from the numbers: how many are seen by all they need, and the widest margins."""
        best = [(m, f) for f in self.formulations if (m := self.smallest(f.id)) is not None]
        if not best:
            return "No formulation has a dose and an answer of every modality it needs: no margin can be stated."
        seen = sum(m >= 1 for m, _ in best)
        undecided = len(self.formulations) - len(best)
        open_ends = f", {undecided} cannot be decided" if undecided else ""
        first = [
            f"{HEADINGS[m]}: {name} ({significant(cell.value or 0.0)}x)"
            for m in MODALITIES
            for name, cell in [(f.name, cell) for f, cell in self.best_in(m)[:1]]
        ]
        return (
            f"{seen} of {len(self.formulations)} formulations are seen at their dose by every modality they "
            f"need{open_ends}. Widest margins: {'; '.join(first)}."
        )

    # ------------------------------------------------------------------------------------------- ranking

    @functools.cached_property
    def _entries(self) -> list[dict[str, Any]]:
        """What `rank` says of each formulation, in the order of the study; pages ask for it many times."""
        entries: list[dict[str, Any]] = []
        for formulation in self.formulations:
            margins = self.margins(formulation.id)
            entries.append(
                {
                    "id": formulation.id,
                    "front": None,
                    "limiting": self.limiting(formulation.id),
                    "smallest": self.smallest(formulation.id),
                    "margins": margins,
                    "exceeds": exceeds(formulation, self.study, self._by[formulation.id]),
                }
            )
        allowed = [e for e in entries if e["margins"] and not e["exceeds"]]
        for entry, front in zip(allowed, fronts([e["margins"] for e in allowed]), strict=True):
            entry["front"] = front
        return entries

    def rank(self, samples: Mapping[str, Mapping[str, Any]] | None = None) -> list[dict[str, Any]]:
        """Formulations by hard limits, then Pareto front of the margins, then smallest margin; no score.

        Parameters
        ----------
        samples : mapping
            Margins of each formulation in each modality at every sample, as `propagate(...).margins()` gives them.

        Returns
        -------
        list of dict
            id, front (1 is best, None outside a hard limit), limiting modality, smallest margin, margins,
            and what is exceeded; with samples also the share of them in which it is `first` by this very order,
            and that in which it is `on_front`.
        """
        entries = [{**entry, "margins": {**entry["margins"]}} for entry in self._entries]
        if samples is not None:
            shares(entries, samples, {e["id"]: self.needed(e["id"]) for e in entries})
        return sorted(entries, key=lambda e: (e["front"] or math.inf, -(e["smallest"] or 0.0)))

    def explain(self, id: str, modality: str = "") -> str:
        """The chain from dose to margin of one formulation, each step with value, unit, source and letter."""
        known = [f.id for f in self.formulations]
        if id not in known:
            raise RecordError(
                [
                    Mistake(
                        "explain",
                        0,
                        "id",
                        f"no formulation '{id[:60]}'",
                        near(id, known) or f"known: {', '.join(known)}",
                    )
                ]
            )
        if modality and modality not in MODALITIES:
            hint = near(modality, MODALITIES) or f"known: {', '.join(MODALITIES)}"
            raise RecordError([Mistake("explain", 0, "modality", f"no modality '{modality[:40]}'", hint)])
        lines = [next(f.name for f in self.formulations if f.id == id)]
        lines += [f"  {line}" for cell in self.select(id, "dose") for line in story(cell)]
        for name in [modality] if modality else MODALITIES:
            cells = self.select(id, name)
            lines.append(f"{HEADINGS[name]}" if cells else f"{HEADINGS[name]}: does not apply")
            said: set[str] = set()
            for cell in cells:
                lines += [f"  {line}" for line in story(cell) if line not in said]
                said |= {f"  {flag.severity}: {flag.message}" for flag in cell.flags}  # each flag once
        return "\n".join(lines)

    # ------------------------------------------------------------------------------------------- handing on

    def to_records(self) -> list[dict[str, Any]]:
        """Cells as plain data, each with the run it belongs to."""
        return [{"run": self.run, **cell.record()} for cell in self.cells]

    def json(self) -> str:
        """Text of results.json: a list of cells, one a line."""
        return "".join(json_lines(self.cells, self.run))

    def csv(self) -> str:
        """Text of table.csv: a row a cell."""
        return "".join(csv_lines(self.cells, self.run))

    def to_json(self, path: str | Path) -> None:
        """Write results.json."""
        write_whole(Path(path), json_lines(self.cells, self.run))

    def to_csv(self, path: str | Path) -> None:
        """Write table.csv."""
        write_whole(Path(path), csv_lines(self.cells, self.run))

    def to_pandas(self) -> Any:
        """Cells as a pandas DataFrame (extra `labelled`)."""
        pandas = _extra("pandas")
        return pandas.DataFrame(self.to_records())

    def to_xarray(self) -> Any:
        """Best margins as an xarray Dataset over formulation and modality (extra `labelled`)."""
        xarray = _extra("xarray")
        names = [f.id for f in self.formulations]
        margins = [[self.margins(name).get(m, math.nan) for m in MODALITIES] for name in names]
        coords = {"formulation": names, "modality": list(MODALITIES)}
        return xarray.Dataset({"margin": (("formulation", "modality"), margins)}, coords, {"run": self.run})

    def plot(self, name: str = "margins", **options: Any) -> Any:
        """One of the pictures by its name; returns the matplotlib Axes."""
        from . import plots

        return plots.picture(name, self, **options)

    def report(self, path: str | Path) -> None:
        """Write the self-contained HTML report."""
        from .report import render

        write_whole(Path(path), render(self.leading(READABLE)))

    def write(self, folder: str | Path, dpi: int = 150, step: Callable[[str], None] | None = None) -> list[Path]:
        """Write table.csv, pictures, report.html and last results.json into a folder, each file whole.

        Pictures and report show the first 40 by rank where there are more; table.csv and results.json hold all. Every
        file carries the run's id, so that a folder with files of two runs is recognised.
        """
        from . import plots
        from .report import render

        target = records.apart(make_folder(folder))  # said before the pictures are drawn
        files: dict[str, str | bytes] = {}
        seen = self.leading(READABLE)
        for name in plots.of_comparison(seen):
            for ending, content in plots.draw(name, seen, dpi=dpi).items():
                files[f"{name}.{ending}"] = content
            if step is not None:
                step(name)
        files["report.html"] = render(seen, {k: v for k, v in files.items() if k.endswith(".svg")})
        table, results = csv_lines(self.cells, self.run), json_lines(self.cells, self.run)
        whole = {"table.csv": table, **files, "results.json": results}  # last: a folder with it is complete
        return write_run(target, whole, tuple(plots.PICTURES))

    def _repr_html_(self) -> str:
        return html_of(Page("", self.rows(), self.heading(), note=f"{self.summary()}\n{self.legend()}", most=100))

    def __str__(self) -> str:
        return f"{self.table()}{self.legend()}\n{self.summary()}"

    def __repr__(self) -> str:
        return f"<Comparison of {len(self.formulations)} formulations, {len(self.cells)} cells, run {self.run}>"


def _extra(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise ImportError(f"{name} is not installed: pip install 'contrastphys[labelled]'") from None


def compare(study: Any = None, progress: bool = False, executor: Any = None) -> Comparison:
    """Formulations side by side: detection limits, margins, provenance and validity in every modality.

    Parameters
    ----------
    study : Study, path, list of agents or None
        A study file, a folder of records, a list of formulations or catalogue ids; None takes the shipped shortlist.
    progress : bool
        Show a progress bar where it takes longer than a second.
    executor : None, int or Executor
        None computes here, a number starts that many processes, anything else needs a `submit`, as in `sweep`.

    Returns
    -------
    Comparison

    Raises
    ------
    RecordError
        The study has mistakes; all are listed with file, line and what to write.

    Examples
    --------
    >>> result = compare(["gadobutrol"])
    >>> result.verdict("gadobutrol", "mri").c_min.unit
    'mmol/L'
    """
    ready = studies.study_of(study)
    count = len(ready.formulations)
    if executor is None or count <= PART:
        with Bar(count, progress) as step:
            return Comparison(ready, tuple(studies.cells(ready, step)))
    whole = dataclasses.replace(ready, protocols={m: ready.protocol(m) for m in MODALITIES}, text="", file="")
    folders = tuple(str(f.resolve()) for f in records.folders() if f != records.shipped_folder())

    def part(start: int) -> tuple[Any, ...]:
        return dataclasses.replace(whole, formulations=whole.formulations[start : start + PART]), folders

    starts = range(0, count, PART)
    found: dict[int, list[Cell]] = {}
    with Bar(len(starts), progress) as step:
        for start, cells in spread(_cells, part, list(starts), executor):
            found[start] = cells
            step(f"{min(count, len(found) * PART)} of {count} formulations")
    return Comparison(ready, tuple(cell for start in starts for cell in found[start]))


def _cells(study: Study, folders: tuple[str, ...]) -> list[Cell]:
    """Cells of a part of a study, in whatever process this runs."""
    for folder in folders:
        records.use_folder(folder)
    return studies.cells(study)
