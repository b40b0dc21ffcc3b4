"""How far the goals of the models are reached by published numbers, and how far studies of one agent lie apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .formulation import catalogue
from .published import Published
from .published.goals import GOALS, Goal
from .published.rows import author
from .showing import shows

LEAST = 5  # rows below which a number says little
STANDINGS = ("verified", "second-hand", "unverified")


@shows("Goal, by {0.status} rows", "met", "number", "centre", "limit", "n", "goal")
@dataclass(frozen=True)
class Reached:
    """How far a goal is reached by the rows of one status."""

    goal: Goal
    status: str
    n: int
    number: float  # mean absolute deviation, or median factor
    centre: float  # mean deviation, or median of model over published
    limit: float  # that of the goal, or the spread between studies where it is wider

    @property
    def met(self) -> bool:
        """Whether the rows lie within the limit."""
        return self.number <= self.limit

    def __str__(self) -> str:
        mean = self.goal.measure == "mean"
        shown = f"{100 * self.number:.2g} %" if mean else f"x{self.number:.2f}"
        bias = f"{100 * self.centre:+.2g} %" if mean else f"x{self.centre:.2f}"
        few = "" if self.n >= LEAST else f", fewer than {LEAST}"
        return f"{shown}, bias {bias} ({self.n} {self.status}{few}): {'met' if self.met else 'missed'}"


def reached(rows: Sequence[Any]) -> tuple[Reached, ...]:
    """Every goal of the modalities that rows of a validation speak of, by the status of the rows.

    Examples
    --------
    >>> reached([])
    ()
    """
    found = []
    for modality in dict.fromkeys(row.published.modality for row in rows):
        for goal in GOALS.get(modality, ()):
            held = [row for row in rows if row.published.modality == modality and goal.holds(row.published)]
            spread = between_studies(row.published for row in held if row.ratio)[0]
            limit = max(goal.limit, spread or 0.0) if goal.between else goal.limit
            for status in STANDINGS:
                ratios = np.array([
                    row.ratio for row in held if row.scored and row.ratio and _status(row.published) == status
                ], dtype=float)  # fmt: skip
                if not ratios.size:
                    continue
                if goal.measure == "mean":
                    number, centre = np.mean(np.abs(ratios - 1)), np.mean(ratios - 1)
                else:
                    number, centre = np.median(np.exp(np.abs(np.log(ratios)))), np.median(ratios)
                found.append(Reached(goal, status, len(ratios), float(number), float(centre), limit))
    return tuple(found)


def goal_lines(found: Sequence[Reached]) -> list[str]:
    """Each goal in a line: its limit, what the rows of each status show, and why it misses where it does."""
    lines = []
    for goal in dict.fromkeys(one.goal for one in found):
        mine = [one for one in found if one.goal == goal]
        limit = f"{100 * mine[0].limit:.2g} %" if goal.measure == "mean" else f"a median factor of {goal.limit:g}"
        spread = ", the spread between studies" if mine[0].limit > goal.limit else ""
        why = "" if all(one.met for one in mine) else f". Where it misses: {goal.why}"
        lines.append(f"{goal.name}, at most {limit}{spread}: {'; '.join(map(str, mine))}{why}.")
    return lines


def between_studies(rows: Iterable[Published]) -> tuple[float | None, int]:
    """Mean of |a - b|/((a + b)/2) over pairs of studies of one agent of the catalogue under the same conditions.

    Verified and second-hand numbers; a number that several tables quote from one paper counts once. Returns the mean,
    None without a pair, and the number of pairs.
    """
    held: dict[tuple, dict[str, float]] = {}
    known = set(catalogue())
    for row in rows:
        if row.number and row.agent in known and row.status in ("verified", "second-hand") and not row.again:
            studies = held.setdefault((row.agent, row.quantity, row.conditions), {})
            studies.setdefault(author(row.source), row.number)
    apart = [
        abs(a - b) / (0.5 * (a + b))
        for studies in held.values()
        for i, a in enumerate(studies.values())
        for b in list(studies.values())[i + 1 :]
    ]
    return (float(np.mean(apart)) if apart else None), len(apart)


def _status(row: Published) -> str:
    return row.status if row.status in STANDINGS else "unverified"
