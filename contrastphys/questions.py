"""Questions in a file: what is asked of which study, answered in one call or one command.

question = "Which iron-oxide core has the largest r2 at 3 T while r2/r1 stays below 5?"
ask = "optimise"                        # solve | optimise | table | dominates | separate
agents = ["spion-18nm"]                 # or study = "study.toml", or [[formulation]] tables
vary = { "core.diameter" = ["3 nm", "30 nm"] }
maximise = "mri.r2 at 3 T"
require = { "mri.r2 / mri.r1 at 3 T" = "< 5" }
set = { "core.sigma_ln" = 0.1 }         # changes made first
each = { "protocol.mri.field" = ["1.5 T", "3 T"] }    # the same question at every value
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import records
from . import study as studies
from .design import solve
from .files import stands
from .formulation import from_table, load
from .measures import evaluate, measure
from .mistakes import Mistake, RecordError, near
from .optimising import optimise
from .parameters import changed, find, wrong
from .points import told
from .provenance import Refusal
from .sampling import Alternatives, Distribution, LogNormal, Normal, Uniform
from .schema import Reader
from .showing import Page, shows
from .study import Study
from .uncertainty import propagate
from .wording import significant

FOLDER = "studies/questions"
ASKS = {
    "solve": ("vary", "require"),
    "optimise": ("vary",),
    "table": ("show",),
    "dominates": ("of",),
    "separate": ("materials", "of", "kvp"),
}
KEYS = (
    "question", "ask", "agents", "study", "formulation", "vary", "require", "maximise", "minimise", "show", "set",
    "each", "of", "samples", "seed", "budget", "points", "materials", "inputs",
    "kvp", "bins",
)  # fmt: skip


def _answer_page(answer: Answer) -> Page:
    return Page(answer.question, [(line,) for line in answer.lines], ("answer",))


@shows("{0.question}", of=_answer_page)
@dataclass(frozen=True)
class Answer:
    """The answer to a question: a line for every case, and the results behind them."""

    question: str
    lines: tuple[str, ...]
    results: tuple[tuple[str, Any], ...]  # case, Solution | Optimisation | Indices | number

    def __str__(self) -> str:
        return "\n".join([self.question, *(f"  {line}" for line in self.lines)])


def shipped() -> list[str]:
    """Names of the questions that come with the package."""
    return records.ids(FOLDER)


def ask(question: str | os.PathLike[str] | Mapping[str, Any], **changes: Any) -> Answer:
    """The answer to a question of a file, of the shipped ones by name, or of a mapping with the same keys.

    Parameters
    ----------
    question : path, name or mapping
    **changes
        Keys of the question to replace, such as agents=["my-core"].

    Examples
    --------
    >>> answer = ask({"ask": "solve", "agents": ["iohexol"], "vary": {"dose": ["1 mg/kg", "2000 mg/kg"]},
    ...               "require": {"xray.margin at 120 kV": "> 1"}})
    >>> bool(answer.results[0][1])
    True
    """
    table, folder = _table(question)
    table = {**table, **changes}
    for key in table:
        if key not in KEYS:
            raise wrong("question", f"unknown key '{str(key)[:40]}'", near(key, KEYS) or f"known: {', '.join(KEYS)}")
    kind = table.get("ask")
    if kind not in ASKS:
        hint = near(str(kind), ASKS) or f"write ask = one of {', '.join(ASKS)}"
        raise wrong("question", f"unknown ask '{str(kind)[:40]}'", hint)
    for key in ASKS[kind]:
        if key not in table:
            raise wrong("question", f"'{key}' is missing", f"a question that asks '{kind}' needs it")
    if kind == "separate":
        return _separate(table)
    base = _study(table, folder)
    lines: list[str] = []
    results: list[tuple[str, Any]] = []
    for case, study in _cases(base, table):
        try:
            found = _answered(kind, study, table)
        except Refusal as why:
            found = [("", why, f"cannot be decided: {why}")]
        for name, result, text in found:
            label = ", ".join(w for w in (case, name) if w)
            if "\n" in text:
                lines += [*([f"{label}:"] if label else []), *text.splitlines()]
            else:
                lines.append(f"{label}: {text}" if label else text)
            results.append((label, result))
    return Answer(str(table.get("question", kind)), tuple(lines), tuple(results))


def _table(question: Any) -> tuple[Mapping[str, Any], Path]:
    if isinstance(question, Mapping):
        return question, Path()
    if isinstance(question, str) and question in shipped():
        path = records.find(FOLDER, question)
    else:
        path = Path(question)
        if not path.suffix and not stands(path):
            hint = near(str(question), shipped()) or f"known: {', '.join(shipped())}"
            raise wrong("question", f"no question '{str(question)[:60]}'", f"give a file, or a shipped one; {hint}")
    return records.read_toml(path)[0], path.parent


def _study(table: Mapping[str, Any], folder: Path) -> Study:
    """The study that is asked about, with the changes that are made first."""
    given = [key for key in ("agents", "study", "formulation") if key in table]
    if len(given) != 1:
        what = f"{len(given)} of agents, study, formulation are given"
        raise wrong("question", what, "write one of them, such as agents = ['gadoterate']")
    if given == ["study"]:
        made = table["study"] if isinstance(table["study"], Study) else studies.read(folder / str(table["study"]))
    elif given == ["agents"]:
        agents = table["agents"] if isinstance(table["agents"], list | tuple) else [table["agents"]]
        made = Study(tuple(load(a) for a in agents), title=str(table.get("question", "")))
    else:
        tables = table["formulation"] if isinstance(table["formulation"], list) else [table["formulation"]]
        reader = Reader("question", known=records.ids, source="question", status="user")
        built = [from_table(t, reader, ("formulation", i)) for i, t in enumerate(tables)]
        if reader.mistakes:
            raise RecordError(reader.mistakes)
        made = Study(tuple(f for f in built if f is not None), title=str(table.get("question", "")))
    return changed(made, _mapping(table, "set"))


def _mapping(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    held = table.get(key, {})
    if not isinstance(held, Mapping):
        raise RecordError([Mistake("question", 0, key, "is not a table", f'write {key} = {{ "core.diameter" = ... }}')])
    return held


def _cases(study: Study, table: Mapping[str, Any]) -> list[tuple[str, Study]]:
    """The study at every combination of the values it is asked for."""
    each = _mapping(table, "each")
    for path in each:
        find(study, path)
    made = []
    for values in itertools.product(*(v if isinstance(v, list | tuple) else [v] for v in each.values())):
        label = ", ".join(map(str, values))
        made.append((label, changed(study, dict(zip(each, values, strict=True)))))
    return made


def _answered(kind: str, study: Study, table: Mapping[str, Any]) -> list[tuple[str, Any, str]]:
    """Name, result and text of every part of the answer at one case."""
    if kind == "solve":
        return _solved(study, table)
    if kind == "optimise":
        options = {k: table[k] for k in ("maximise", "minimise", "require", "seed", "budget") if k in table}
        vary = {path: tuple(pair) for path, pair in _mapping(table, "vary").items()}
        best = optimise(study, vary, **options)
        return [("", best, "\n".join(map(str, best.front)) if best else str(best))]
    if kind == "table":
        return _shown(study, table)
    found = []
    options = {k: table[k] for k in ("samples", "seed") if k in table}
    if "inputs" in table:
        options["inputs"] = _distributions(_mapping(table, "inputs"))
    for name in table["of"] if isinstance(table["of"], list | tuple) else [table["of"]]:
        asked = measure(study, name)
        term = asked.terms[0]
        where = asked.conditions[0] if asked.conditions else ""
        spread = propagate(study, modalities=[term.modality], quantities=[term.quantity], **options)
        indices = spread.indices(term.formulation, term.modality, term.quantity, where, table.get("samples", 64))
        found.append(("", indices, indices.table()))
    return found


def _solved(study: Study, table: Mapping[str, Any]) -> list[tuple[str, Any, str]]:
    """Each demand list solved; where several modalities are asked by `require`, the one that limits is named."""
    vary = _mapping(table, "vary")
    if len(vary) != 1:
        raise wrong("question", f"{len(vary)} parameters are varied", "solve varies one; optimise takes several")
    ((path, between),) = vary.items()
    require = _mapping(table, "require")
    options = {"points": table["points"]} if "points" in table else {}
    found = solve(study, path, tuple(between), require, **options)
    return [("", found, "\n".join(str(found).splitlines()[1:]).strip())]


def _shown(study: Study, table: Mapping[str, Any]) -> list[tuple[str, Any, str]]:
    found: list[tuple[str, Any, str]] = []
    show = table["show"]
    if not isinstance(show, Mapping):
        show = {name: name for name in (show if isinstance(show, list | tuple) else [show])}
    for name, asked in show.items():
        try:
            value, unit = evaluate(study, measure(study, asked))
        except Refusal as why:
            found.append((name, None, f"cannot be decided: {told(why)}"))
            continue
        found.append((name, value, f"{significant(value, 3)} {unit if unit != '1' else ''}".rstrip()))
    return found


def _separate(table: Mapping[str, Any]) -> Answer:
    """Tube voltage and thresholds that bound one material of a ray best."""
    from .xray import best_thresholds

    materials, goal = _mapping(table, "materials"), str(table["of"])
    found: list[tuple[str, Any]] = []
    lines: list[tuple[float, str]] = []
    for kvp in table["kvp"] if isinstance(table["kvp"], list | tuple) else [table["kvp"]]:
        try:
            thresholds, bound = best_thresholds(materials, kvp, int(table.get("bins", 4)), goal)
        except Refusal as why:
            found.append((str(kvp), why))
            lines.append((float("inf"), f"{kvp}: cannot be decided: {told(why)}"))
            continue
        sd = bound.sd(goal)
        edges = ", ".join(f"{edge:g}" for edge in thresholds.magnitude)
        found.append((str(kvp), bound))
        lines.append((float(sd.magnitude), f"{kvp}, thresholds {edges} keV: {goal} within {sd:.3g~P}"))
    order = sorted(range(len(lines)), key=lambda i: lines[i][0])
    return Answer(
        str(table.get("question", "separate")), tuple(lines[i][1] for i in order), tuple(found[i] for i in order)
    )


def _distributions(given: Mapping[str, Any]) -> dict[str, Distribution]:
    """Distributions of a file: { value, sd }, { value, factor }, { low, high }, or a list of alternatives."""
    made: dict[str, Distribution] = {}
    for path, held in given.items():
        if isinstance(held, Distribution):
            made[path] = held
        elif isinstance(held, list | tuple):
            made[path] = Alternatives(*held)
        elif isinstance(held, Mapping) and set(held) == {"value", "sd"}:
            made[path] = Normal(held["value"], held["sd"])
        elif isinstance(held, Mapping) and set(held) == {"value", "factor"}:
            made[path] = LogNormal(held["value"], float(held["factor"]))
        elif isinstance(held, Mapping) and set(held) == {"low", "high"}:
            made[path] = Uniform(held["low"], held["high"])
        else:
            write = "write { value, sd }, { value, factor }, { low, high } or a list of alternatives"
            raise wrong("question", f"'{path}' is no distribution", write)
    return made
