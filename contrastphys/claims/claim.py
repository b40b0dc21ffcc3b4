"""A claim and its verdict: numbers are computed, a rule decides on them, the reason is written from them.

A claim is split in two so that nothing is typed: `numbers()` asks the models, `judge(numbers)` applies the rule. Other
numbers give another verdict, which is how the tests hold each rule to its numbers, and how a verdict says which of its
numbers, moved within its own error, would turn it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import records
from ..mistakes import Mistake, RecordError, near
from ..provenance import Refusal, Value
from ..showing import Page, shows

HOLDS, ONLY_IF, FAILS, OPEN = "holds", "holds only if", "does not hold", "cannot be decided by this physics"
VERDICTS = (HOLDS, ONLY_IF, FAILS, OPEN)
TABLE = "published/claims.csv"
REVIEWS = {
    "A": "RSC Adv. 2025, 15, 27187, doi:10.1039/d5ra03255e",
    "B": "doi:10.32947/ajps.v25i5.1299",
}


@dataclass(frozen=True)
class Statement:
    """One row of the table of claims: what a review says, in our words."""

    id: str
    claim: str
    numbers: str  # what the review itself puts in figures
    modality: str
    source: str
    scope: str  # "card", or "beyond" what this package models


@functools.cache
def _statements(folders: tuple[Any, ...]) -> dict[str, Statement]:
    found = {}
    for row in records.table(TABLE).rows():
        source = "; ".join(REVIEWS[letter.strip()] for letter in row["source"].split(";"))
        texts = (row["id"], row["claim"], row["numbers"], row["modality"])
        found[row["id"]] = Statement(*texts, source=source, scope=row["scope"])
    return found


def statements() -> dict[str, Statement]:
    """Every claim of the table by its id, those beyond the package's physics among them."""
    return _statements(tuple(records.folders()))


class Numbers(dict[str, Value]):
    """Numbers by name, each with its unit; `missing` says what could not be computed, and why."""

    def __init__(self, held: Mapping[str, Value] | None = None, missing: Mapping[str, str] | None = None) -> None:
        super().__init__(held or {})
        self.missing: dict[str, str] = dict(missing or {})

    def put(self, name: str, number: Any, unit: str = "1", **more: Any) -> float:
        """Keep a number of ours under a name, and give it back as a float."""
        self[name] = Value(float(number), unit, **{"status": "computed", **more})
        return float(number)

    def ask(self, name: str, model: Callable[[], Value]) -> float | None:
        """Keep a model's answer with its band and letter, or the reason why it gives none."""
        try:
            value = model()
        except Refusal as why:
            self.missing[name] = " ".join(str(why).split())
            return None
        self[name] = value
        return value.number

    def of(self, name: str) -> float:
        """The bare number."""
        return self[name].number

    def some(self, start: str) -> dict[str, float]:
        """Bare numbers whose names begin so, by what follows."""
        return {name[len(start) :].strip(): value.number for name, value in self.items() if name.startswith(start)}

    def changed(self, changes: Mapping[str, float], without: Iterable[str] = ()) -> Numbers:
        """The same numbers, some changed by name or taken out: what a rule is tested by."""
        held = {name: value for name, value in self.items() if name not in without}
        for name, number in changes.items():
            held[name] = self[name].with_(number=number, low=None, high=None, sd=None)
        return Numbers(held, {name: why for name, why in self.missing.items() if name not in without})


@dataclass(frozen=True)
class Ruling:
    """What a rule says: one of `VERDICTS`, and the sentence that follows it."""

    verdict: str
    reason: str

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"'{self.verdict}' is no verdict: {', '.join(VERDICTS)}")


def _finding_page(v: Finding) -> Page:
    lines = [(v.verdict, v.sentence.removeprefix(v.verdict).lstrip(": ")), ("the review says", v.stated or "no figure")]
    lines += [(name, shown(value)) for name, value in v.numbers.items()]
    lines += [(name, f"none: {why}") for name, why in v.missing.items()]
    return Page(f"{v.id}: {v.claim}", [*lines, ("model", v.model), ("validity", v.validity)], most=100)


@shows("{0.id}", of=_finding_page, line="own")
@dataclass(frozen=True, repr=False)
class Finding:
    """What the models say of a claim."""

    id: str
    claim: str
    stated: str  #: what the review puts in figures
    verdict: str  #: one of `VERDICTS`
    reason: str  #: the sentence after it; a condition where it holds only if
    numbers: Numbers  #: what the rule decided on
    model: str
    validity: str  #: how far the numbers can be trusted, and what is not in them
    modality: str
    source: str
    unsure: tuple[str, ...] = ()  #: numbers within whose own band the rule would say otherwise

    @property
    def missing(self) -> dict[str, str]:
        """What could not be computed, and why."""
        return self.numbers.missing

    @property
    def sentence(self) -> str:
        """Verdict and reason as one sentence, and what it would change with."""
        doubt = f" (another verdict within the error of: {', '.join(self.unsure)})" if self.unsure else ""
        return f"{self.verdict}{'' if self.verdict == ONLY_IF else ':'} {self.reason}{doubt}"

    def __str__(self) -> str:
        lines = [f"{self.id}  {self.claim}", f"  {self.sentence}"]
        if self.stated:
            lines.append(f"  the review says: {self.stated}")
        lines += [f"  {name} = {shown(value)}" for name, value in self.numbers.items()]
        lines += [f"  no number for {name}: {why}" for name, why in self.missing.items()]
        return "\n".join([*lines, f"  model: {self.model}", f"  validity: {self.validity}", f"  source: {self.source}"])

    __repr__ = __str__


def shown(value: Value) -> str:
    """A number as a line of text: value, band, unit, and where it is from if it is not computed here."""
    low, high = value.low, value.high
    band = f" ({low:.3g} to {high:.3g})" if low is not None and high is not None else ""
    band = band or (f" (down to {low:.3g})" if low is not None else "")
    origin = "" if value.letter == "C" and value.status in ("", "computed") else f" [{value.letter}, {value.status}]"
    unit = "" if value.unit == "1" else f" {value.unit}"
    return f"{value.number:.4g}{band}{unit}{origin}"


@dataclass(frozen=True)
class Claim:
    """A claim of the reviews, its numbers and its rule; call it for the verdict."""

    id: str
    model: str
    validity: str
    compute: Callable[..., Numbers] = field(repr=False)
    rule: Callable[[Numbers], Ruling] = field(repr=False)

    def numbers(self, **given: Any) -> Numbers:
        """What the models say; what only a user can know goes in by name."""
        return self.compute(**given)

    def judge(self, numbers: Numbers) -> Finding:
        """The verdict that these numbers lead to."""
        about, ruling = statements()[self.id], self.rule(numbers)
        return Finding(
            self.id, about.claim, about.numbers, ruling.verdict, ruling.reason, numbers, self.model, self.validity,
            about.modality, about.source, self._unsure(numbers, ruling),
        )  # fmt: skip

    def _unsure(self, numbers: Numbers, ruling: Ruling) -> tuple[str, ...]:
        """Numbers with a band, each moved alone to its ends, that change the verdict."""
        if ruling.verdict == OPEN:
            return ()

        def turns(name: str, end: float | None) -> bool:
            return end is not None and self.rule(numbers.changed({name: end})).verdict != ruling.verdict

        return tuple(name for name, v in numbers.items() if turns(name, v.low) or turns(name, v.high))

    def __call__(self, **given: Any) -> Finding:
        return self.judge(self.numbers(**given))


def unknown(name: str, known: Iterable[str]) -> RecordError:
    """The mistake of a claim that is not in the table, with the nearest one."""
    names = list(known)
    hint = near(name, names) or f"write one of {names[0]} to {names[-1]}"
    return RecordError([Mistake("claims", 0, "id", f"no claim '{name[:20]}'", hint)])


def listed(numbers: Iterable[float], digits: int = 3) -> str:
    """Numbers as words: "1.2, 3.4"."""
    return ", ".join(f"{number:.{digits}g}" for number in numbers)
