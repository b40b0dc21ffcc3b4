"""Findings as a table for a terminal, as CSV, as a page, and as HTML for a notebook."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ..files import write_whole
from ..showing import Page, shows
from .claim import FAILS, HOLDS, ONLY_IF, OPEN, REVIEWS, VERDICTS, Finding, shown, statements

COLUMNS = (
    "id", "claim", "verdict", "reason", "unsure", "number", "value", "low", "high", "unit", "letter", "status",
    "missing", "model", "validity", "source",
)  # fmt: skip
INTRODUCTION = """\
What two reviews of multimodal probes state, put to the models of this package. Each verdict is reached by a rule on the
numbers below it, and each sentence is written from them: `contrastphys claims` makes this page and
`contrastphys claims C25` shows one claim. A verdict is in doubt where another one would follow within the
error of one of its numbers."""
COLOURS = {HOLDS: "green", ONLY_IF: "yellow", FAILS: "red", OPEN: "cyan"}


def _findings_page(found: Findings) -> Page:
    lines = [(v.id, v.claim, v.sentence) for v in found.findings]
    return Page(found.summary(), lines, ("id", "claim", "verdict and reason"), most=100)


@shows("Findings", of=_findings_page, line="own")
@dataclass(frozen=True, repr=False)
class Findings:
    """Findings on claims, and the views of them."""

    findings: tuple[Finding, ...]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __getitem__(self, name: str) -> Finding:
        return next(v for v in self.findings if v.id == name)

    def __repr__(self) -> str:
        return "\n".join([*(f"{v.id}  {v.claim}\n     {v.sentence}" for v in self.findings), self.summary()])

    def summary(self) -> str:
        """How many claims came to which verdict, in one line."""
        counts = Counter(v.verdict for v in self.findings)
        told = ", ".join(f"{counts[word]} {word}" for word in VERDICTS if counts[word])
        doubt = sum(bool(v.unsure) for v in self.findings)
        return f"{len(self)} claims: {told}" + (f"; {doubt} in doubt within the error of a number" if doubt else "")

    def table(self, width: int = 120, colour: bool = False) -> str:
        """Id, claim, verdict and reason as a text table."""
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        drawn = Table(show_lines=True, expand=True)
        drawn.add_column("id", no_wrap=True)
        for heading, ratio in (("claim", 3), ("verdict and reason", 6)):
            drawn.add_column(heading, ratio=ratio)
        for v in self.findings:
            said = Text(v.verdict, f"bold {COLOURS[v.verdict]}") + Text(v.sentence.removeprefix(v.verdict))
            drawn.add_row(v.id, Text(v.claim), said)
        screen = Console(width=width, file=io.StringIO(), force_terminal=colour, highlight=False, legacy_windows=False)
        with screen.capture() as text:
            screen.print(drawn)
        return text.get()

    def to_csv(self) -> str:
        """A line a number: claim, verdict, the number with its unit and band, or why there is none."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for v in self.findings:
            start, end = [v.id, v.claim, v.verdict, v.reason, "; ".join(v.unsure)], [v.model, v.validity, v.source]
            for name, value in v.numbers.items():
                band = ["" if bound is None else f"{bound:.6g}" for bound in (value.low, value.high)]
                row = [name, f"{value.number:.6g}", *band, value.unit, value.letter, value.status, ""]
                writer.writerow([*start, *row, *end])
            for name, why in v.missing.items():
                writer.writerow([*start, name, "", "", "", "", "", "", why, *end])
        return out.getvalue()

    def to_markdown(self) -> str:
        """The page: a table of all verdicts, then each claim with its numbers; what lies beyond comes last."""
        lines = [
            "# The reviews recomputed", "",
            INTRODUCTION, "",
            f"{self.summary()}.", "",
            "Sources of the claims: " + "; ".join(REVIEWS.values()) + ".", "",
            "| id | claim | verdict | reason |", "| --- | --- | --- | --- |",
        ]  # fmt: skip
        for v in self.findings:
            link = f"[{v.id}](#{v.id.lower()})"
            doubt = " (in doubt)" if v.unsure else ""
            lines.append(f"| {link} | {_cell(v.claim)} | {v.verdict}{doubt} | {_cell(v.reason)} |")
        for v in self.findings:
            lines += ["", f"## {v.id}", "", v.claim + ".", "", f"**{v.verdict}**{_rest(v)}.", ""]
            if v.unsure:
                lines += [f"Another verdict would follow within the error of: {', '.join(v.unsure)}.", ""]
            if v.stated:
                lines += [f"The review says: {v.stated}.", ""]
            lines += ["| number | value |", "| --- | --- |"]
            lines += [f"| {_cell(name)} | {_cell(shown(value))} |" for name, value in v.numbers.items()]
            lines += [f"| {_cell(name)} | none: {_cell(why)} |" for name, why in v.missing.items()]
            lines += ["", f"Model: {v.model}.", "", f"Validity: {v.validity}."]
        beyond = [s for s in statements().values() if s.scope == "beyond"]
        if beyond:
            lines += ["", "## Beyond what is modelled here", "", "No verdict is given of these:", ""]
            lines += [f"- {s.id} ({s.modality}): {s.claim}." for s in beyond]
        return "\n".join(lines) + "\n"

    def write(self, folder: Path) -> list[Path]:
        """verdicts.csv and CLAIMS.md in a folder, each file whole."""
        paths = [folder / "verdicts.csv", folder / "CLAIMS.md"]
        for path, content in zip(paths, (self.to_csv(), self.to_markdown()), strict=True):
            write_whole(path, content)
        return paths


def _rest(v: Finding) -> str:
    return f"{'' if v.verdict == ONLY_IF else ':'} {v.reason}"


def _cell(text: str) -> str:
    """Text inside a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")
