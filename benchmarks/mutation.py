"""Whether the tests notice: small wrong changes of the physics, one at a time, and the tests that should fail.

    python benchmarks/mutation.py photoacoustic --count 150 --seed 1
    python benchmarks/mutation.py photoacoustic --again        # only what survived before or was not reached
    python benchmarks/mutation.py --page                       # benchmarks/MUTATION.md from all results

A change swaps an operator, moves a number, flips a comparison or a sign, drops a term, takes the least for the
greatest. Words are left alone: docstrings, messages, flags, refusals, annotations and the tables of units. Each change
is written into a copy of the checkout, never into the checkout itself, and meets the plain tests of its modality (its
test files and doctests) that run the changed line, the quickest first; what survives those meets the others that use
the same file.
Needs `coverage`; not part of any check that runs by itself.

Results go to benchmarks/mutation/<modality>.csv, one line a change. What survives and need not be noticed has its
reason in benchmarks/mutation/answers.csv, found again by file, function, text and change rather than by line.
"""

from __future__ import annotations

import argparse
import ast
import csv
import datetime
import os
import pickle
import platform
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RESULTS = HERE / "mutation"

# Files that compute; doors that only gather records, pictures and words are not changed.
KERNELS = {
    "photoacoustic": "optics series permittivity spheroids sections particles water heating layers steady "
    "single_particle aggregates clusters coating tissue exposure limits detector coefficients molar absorbers tuning",
    "xray": "absorption acquisition attenuation compounds contrast decomposition detection detectors imaging matching "
    "response spectra",
    "mri": "chelates lanthanide moment_walk motion paramagnetic particles random_walk regimes sequences spectral "
    "superparamagnetic tissue model molecules media cores",
    "ultrasound": "cavitation coats droplets drops dynamics echo gas_heat imaging kernels linear population pulses "
    "shells sizes sounding stability subharmonics tension_curves",
}
WORDS = {"Flag", "Refusal", "warn", "print", "print_", "ValueError", "TypeError", "UnitError", "text", "Cell"}
SWAPS = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "sin": "cos", "cos": "sin"}
SWAPS |= {"any": "all", "all": "any", "floor": "ceil", "ceil": "floor", "real": "imag", "imag": "real", "sqrt": "cbrt"}
BINARY = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.Pow: "*", ast.FloorDiv: "/", ast.MatMult: "@"}
COMPARE = {ast.Lt: "<= >", ast.LtE: "< >", ast.Gt: ">= <", ast.GtE: "> <", ast.Eq: "!=", ast.NotEq: "=="}


@dataclass
class Mutant:
    """One change and what became of it."""

    file: str
    line: int
    function: str
    was: str
    now: str
    kind: str
    result: str = ""
    by: str = ""
    seconds: float = 0.0
    span: tuple[int, int] = (0, 0)

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.file, self.function, self.was, self.now


# ------------------------------------------------------------------------------------------------ changes


def _changed(node: ast.AST) -> Iterator[tuple[str, str]]:
    """(kind, new source) of each small change of one node."""
    text = ast.unparse
    if isinstance(node, ast.BinOp) and type(node.op) in BINARY and not isinstance(node.op, ast.MatMult):
        yield "operator", f"({text(node.left)}) {BINARY[type(node.op)]} ({text(node.right)})"
        if isinstance(node.op, ast.Add | ast.Sub):
            yield "dropped term", f"({text(node.left)})"
        if isinstance(node.op, ast.Mult):
            yield "dropped factor", f"({text(node.left)})"
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARE:
        for sign in COMPARE[type(node.ops[0])].split():
            yield "comparison", f"({text(node.left)}) {sign} ({text(node.comparators[0])})"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", f"({text(node.operand)})"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "condition", f"({text(node.operand)})"
    elif isinstance(node, ast.BoolOp):
        word = " or " if isinstance(node.op, ast.And) else " and "
        yield "condition", word.join(f"({text(value)})" for value in node.values)
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield "number", repr(node.value + 1)
        if node.value:
            yield "number", repr(node.value * 2)
    elif isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in SWAPS:
            call = ast.parse(text(node), mode="eval").body
            if isinstance(call.func, ast.Attribute):
                call.func.attr = SWAPS[name]
            else:
                call.func.id = SWAPS[name]
            yield "function", text(call)
    elif isinstance(node, ast.Attribute) and node.attr in ("real", "imag") and isinstance(node.ctx, ast.Load):
        yield "function", f"{text(node.value)}.{SWAPS[node.attr]}"


def _worth(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Nodes that compute, with the function they stand in."""

    def walk(node: ast.AST, inside: str) -> Iterator[tuple[ast.AST, str]]:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            inside = f"{inside}.{node.name}" if inside else node.name
            parts: list[ast.AST] = list(node.body)
            if isinstance(node, ast.FunctionDef):
                parts += [part for part in (*node.args.defaults, *node.args.kw_defaults) if part is not None]
        elif isinstance(node, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom | ast.Assert):
            return
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in WORDS or name.endswith("Flag"):
                return
            yield node, inside
            parts = list(ast.iter_child_nodes(node))
        elif isinstance(node, ast.AnnAssign):
            parts = [node.value] if node.value is not None else []
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__":
            return
        else:
            yield node, inside
            parts = list(ast.iter_child_nodes(node))
        for part in parts:
            yield from walk(part, inside)

    yield from walk(tree, "")


def candidates(folder: Path, file: str) -> list[list[Mutant]]:
    """All changes of one file, those of one node together."""
    source = (folder / file).read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node, inside in _worth(ast.parse(source)):
        if not hasattr(node, "lineno"):
            continue
        span = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
        was = source[span[0] : span[1]].decode()
        options = [Mutant(file, node.lineno, inside, was, now, kind, span=span) for kind, now in _changed(node)]
        if options:
            found.append(options)
        if isinstance(node, ast.AugAssign) and type(node.op) in BINARY:
            now = f"{ast.unparse(node.target)} {BINARY[type(node.op)]}= {ast.unparse(node.value)}"
            found.append([Mutant(file, node.lineno, inside, was, now, "operator", span=span)])
    return found


def chosen(folder: Path, modality: str, count: int, seed: int) -> list[Mutant]:
    """A seeded sample over all files of a modality, at most one change a node."""
    pool = []
    for name in KERNELS[modality].split():
        pool += candidates(folder, f"contrastphys/{modality}/{name}.py")
    draw = random.Random(seed)
    picked = draw.sample(pool, min(count, len(pool)))
    return sorted((draw.choice(options) for options in picked), key=lambda mutant: (mutant.file, mutant.span))


# ------------------------------------------------------------------------------------- which test runs what


def tests_of(folder: Path, modality: str) -> list[str]:
    """Test files and doctests of a modality."""
    files = sorted(path.relative_to(folder).as_posix() for path in (folder / "tests").glob(f"test_{modality}*.py"))
    return [*files, f"contrastphys/{modality}"]


MAPPER = """
import pickle, sys, time
import coverage, pytest
cover = coverage.Coverage(data_file=None, include=["contrastphys/*"])
spent = {}
class Plugin:
    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        cover.switch_context(item.nodeid)
        start = time.perf_counter()
        yield
        spent[item.nodeid] = time.perf_counter() - start
        cover.switch_context("")
    @pytest.hookimpl
    def pytest_runtest_logreport(self, report):
        if report.failed:
            spent.setdefault("failed", []).append(report.nodeid)
cover.start()
pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[2:]], plugins=[Plugin()])
cover.stop()
data = cover.get_data()
lines = {name: data.contexts_by_lineno(name) for name in data.measured_files()}
pickle.dump((lines, spent), open(sys.argv[1], "wb"))
"""


class Reach:
    """Which tests run a line, and how long each takes."""

    def __init__(self, folder: Path, modality: str) -> None:
        self.folder = folder
        out = folder / "reach.pickle"
        command = [sys.executable, "-c", MAPPER, str(out), *tests_of(folder, modality)]
        subprocess.run(command, cwd=folder, env=environment(folder), check=True, stdout=subprocess.DEVNULL)
        lines, spent = pickle.loads(out.read_bytes())
        if "failed" in spent:
            raise SystemExit(f"these fail before any change: {spent['failed']}")
        self.spent: dict[str, float] = spent
        self.lines: dict[str, dict[int, set[str]]] = {
            Path(name).resolve().relative_to(folder.resolve()).as_posix(): {
                line: {test for test in tests if test} for line, tests in found.items()
            }
            for name, found in lines.items()
        }
        self.bodies: list[tuple[str, str, int, int, bool, set[str]]] = []  # file, name, lines, opaque, names used
        for path in (folder / "contrastphys").rglob("*.py"):
            name = path.relative_to(folder).as_posix()
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef):
                    marks = " ".join(ast.unparse(mark) for mark in node.decorator_list)
                    used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
                    used |= {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
                    opaque = bool(re.search(r"compiled|cache", marks))
                    self.bodies.append((name, node.name, node.lineno, node.end_lineno or 0, opaque, used))

    def direct(self, name: str) -> set[str]:
        """Tests that call a function of this name themselves, or through a helper of their file."""
        found = set()
        for path in sorted((self.folder / "tests").glob("test_*.py")):
            text = path.read_text(encoding="utf-8")
            if not re.search(rf"\b{name}\b", text):
                continue
            bodies = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
            saying = {body.name for body in bodies if re.search(rf"\b{name}\b", ast.unparse(body))}
            users = {b.name for b in bodies if saying & {n.id for n in ast.walk(b) if isinstance(n, ast.Name)}}
            users |= {b.name for b in bodies if saying & {argument.arg for argument in b.args.args}}
            for test in self.spent:
                file, _, rest = test.partition("::")
                if file == f"tests/{path.name}" and rest.partition("[")[0] in saying | users:
                    found.add(test)
        return found

    def mentions(self, names: set[str], seen: frozenset[str] = frozenset()) -> set[str]:
        """Tests that run a function which names one of these, or the callers of a compiled or cached one."""
        found: set[str] = set()
        for file, name, first, last, opaque, used in self.bodies:
            if used & names:
                for line in range(first + 1, last + 1):
                    found |= self.lines.get(file, {}).get(line, set())
                if opaque and name not in seen:
                    found |= self.mentions({name}, seen | {name})
        return found

    def tests(self, mutant: Mutant, source: str) -> list[str]:
        """Tests that run the changed line, those that call a compiled function themselves first, then the quickest."""
        last = mutant.function.rsplit(".", 1)[-1]
        lines = range(mutant.line, mutant.line + mutant.was.count("\n") + 1)
        found = set().union(*(self.lines.get(mutant.file, {}).get(line, set()) for line in lines))
        opaque = any(body[0] == mutant.file and body[1] == last and body[4] for body in self.bodies)
        if not mutant.function:
            text = source.splitlines()[mutant.line - 1]
            found |= self.mentions(set(re.findall(r"^\w+", text)) or {""})
        elif not found or opaque:
            found |= self.mentions({last})
        known = self.direct(last) if opaque else set()
        return sorted(found | known, key=lambda test: (test not in known, self.spent.get(test, 9.0)))

    def others(self, file: str, known: list[str], budget: float) -> list[str]:
        """More tests that use the file, the quickest first, within a budget of time."""
        found = set().union(*self.lines.get(file, {}).values()) - set(known)
        taken, total = [], 0.0
        for test in sorted(found, key=lambda test: self.spent.get(test, 9.0)):
            total += self.spent.get(test, 9.0)
            if total > budget:
                break
            taken.append(test)
        return taken


# -------------------------------------------------------------------------------------------------- running


def environment(folder: Path, cache: Path | None = None) -> dict[str, str]:
    """Surroundings of one run: its own cache of compiled kernels, no bytecode kept."""
    own = {"NUMBA_CACHE_DIR": str(cache or folder / "kernels"), "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "Agg"}
    return {**os.environ, **own, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}


def warm() -> None:
    """Import once, before any copy of this process runs tests, what all of them need."""
    import matplotlib.pyplot  # noqa: F401
    import numba  # noqa: F401
    import pint  # noqa: F401
    import pytest  # noqa: F401
    import scipy.integrate
    import scipy.interpolate
    import scipy.optimize
    import scipy.special  # noqa: F401


def _child(folder: Path, cache: Path, tests: list[str], log: Path, limit: float) -> int:
    """What the copy of this process does: run the tests of the folder, with so many processor seconds."""
    os.setsid()
    spent = sum(os.times()[:2])
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent + limit) + 1, int(spent + limit) + 5))
    with log.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.update(environment(folder, cache))
    sys.dont_write_bytecode = True
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    import numba
    import pytest

    numba.config.CACHE_DIR = str(cache)
    return int(pytest.main(["-x", "-q", "--tb=no", "-p", "no:cacheprovider", *tests]))


def attempt(folder: Path, cache: Path, tests: list[str], limit: float) -> str:
    """Run tests in a copy of this process: killed (with the test that did), survived or timeout."""
    log = folder / "attempt.log"
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = _child(folder, cache, tests, log, limit)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    deadline = time.monotonic() + 10 * limit  # one that waits spends no processor time
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "timeout"
        time.sleep(0.02)
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return "survived"
    if code == -signal.SIGXCPU:
        return "timeout"
    if code in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS):  # compiled code reads past the end of an array
        return "killed by a crash"
    if code not in (1, 2):  # neither a failed test nor a module that no longer imports
        raise SystemExit(f"the run itself broke ({code}):\n{log.read_text(errors='replace')[-2000:]}")
    first = re.search(r"^(?:FAILED|ERROR) (\S+)", log.read_text(errors="replace"), re.M)
    return f"killed {first.group(1) if first else 'at import'}"


def meet(mutant: Mutant, folder: Path, reach: Reach) -> None:
    """Write one change into the copy, run its tests, put the file back as it was."""
    path = folder / mutant.file
    before, stamp = path.read_bytes(), path.stat()
    start = time.monotonic()
    tests = reach.tests(mutant, before.decode())
    cache = folder / "kernels"
    try:
        path.write_bytes(before[: mutant.span[0]] + f"({mutant.now})".encode() + before[mutant.span[1] :])
        if mutant.kind == "operator" and re.search(r"^\w[\w.\[\], ]* \S+= ", mutant.now):
            path.write_bytes(before[: mutant.span[0]] + mutant.now.encode() + before[mutant.span[1] :])
        if b"@compiled" in before:
            cache = folder / "kernels-changed"
            shutil.rmtree(cache, ignore_errors=True)
            shutil.copytree(folder / "kernels", cache)
        result = "survived"
        for some in (tests[:60], reach.others(mutant.file, tests[:60], 10.0)):
            if not some:
                continue
            expected = sum(reach.spent.get(test, 1.0) for test in some)
            result = attempt(folder, cache, some, 40.0 + 4.0 * expected)
            if result != "survived":
                break
        mutant.result, _, mutant.by = result.partition(" ")
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    mutant.seconds = round(time.monotonic() - start, 1)


def copied(folder: Path) -> None:
    """A copy of what the tests need."""
    for name in ("contrastphys", "materials", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder / name)


# -------------------------------------------------------------------------------------------------- results

COLUMNS = [field.name for field in fields(Mutant) if field.name != "span"]


def kept(modality: str) -> list[Mutant]:
    """Results of an earlier run."""
    path = RESULTS / f"{modality}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row and not row[0].startswith("#")]
    plain = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    return [Mutant(**{**row, "line": int(row["line"]), "seconds": float(row["seconds"])}) for row in plain]


def keep(modality: str, mutants: list[Mutant], head: str) -> None:
    """Write the results of a modality."""
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{modality}.csv").open("w", newline="", encoding="utf-8") as file:
        file.write(f"# {head}\n")
        table = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(asdict(mutant) for mutant in mutants)


def answers() -> dict[tuple[str, str, str, str], tuple[str, str]]:
    """Why a survivor need not be noticed: verdict and reason by file, function, text and change."""
    path = RESULTS / "answers.csv"
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {
            (row["file"], row["function"], row["was"], row["now"]): (row["verdict"], row["reason"])
            for row in csv.DictReader(file)
        }


def page() -> None:
    """MUTATION.md: figures of every modality and every survivor with its answer."""
    known = answers()
    lines = ["# Whether the tests notice a wrong formula", ""]
    lines += [*(__doc__ or "").split("\n\n")[2].strip().splitlines(), ""]
    lines += ["`python benchmarks/mutation.py MODALITY` makes a table, `--page` this page.", ""]
    lines += ["| modality | changes | killed | timeout | survived | of these equivalent | noticed | run |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    details: list[str] = []
    for modality in KERNELS:
        if not (RESULTS / f"{modality}.csv").exists():
            continue
        head = (RESULTS / f"{modality}.csv").read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
        drawn = kept(modality)
        mutants = [mutant for mutant in drawn if mutant.result not in ("", "gone")]
        count = Counter(mutant.result for mutant in mutants)
        left = [mutant for mutant in mutants if mutant.result == "survived"]
        same = sum(known.get(mutant.key, ("", ""))[0] == "equivalent" for mutant in left)
        noticed = (count["killed"] + count["timeout"]) / max(1, len(mutants) - same)
        row = (
            modality,
            f"{len(mutants)} of {len(drawn)} drawn",
            count["killed"],
            count["timeout"],
            len(left),
            same,
            f"{noticed:.1%}",
            head,
        )
        lines.append("| " + " | ".join(map(str, row)) + " |")
        details += [
            "",
            f"## {modality}: what survived",
            "",
            "| where | was | became | answer |",
            "| --- | --- | --- | --- |",
        ]
        for mutant in left:
            verdict, reason = known.get(mutant.key, ("open", ""))
            cells = [f"{Path(mutant.file).name}:{mutant.line} {mutant.function}", f"`{mutant.was}`", f"`{mutant.now}`"]
            cells.append(f"{verdict}: {reason}" if reason else verdict)
            details.append("| " + " | ".join(re.sub(r"\s+", " ", cell).replace("|", "\\|") for cell in cells) + " |")
    lines += [
        "",
        "Noticed is killed and timed out over all changes that are not equivalent (a wrong and a right program",
    ]
    lines += ["that no input tells apart)."]
    with (RESULTS / "draws.csv").open(newline="", encoding="utf-8") as file:
        draws = [
            f"| {row['modality']} | {row['seed']} | {row['drawn']} | {row['noticed']} |" for row in csv.DictReader(file)
        ]
    lines += [
        "",
        "The survivors above were answered by tests, so that their draw flatters. Draws of other seeds, as they came,",
    ]
    lines += [
        "before anything was done about what they showed (written by hand into benchmarks/mutation/draws.csv):",
        "",
    ]
    lines += ["| modality | seed | drawn | noticed |", "| --- | ---: | ---: | ---: |", *draws]
    (HERE / "MUTATION.md").write_text("\n".join([*lines, *details, ""]), encoding="utf-8")


def run(modality: str, count: int, seed: int, again: bool) -> None:
    """Make the changes of a modality, or those that survived before or wait, and keep what became of them."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        folder = Path(name)
        copied(folder)
        if again:
            mutants = kept(modality)
            places = defaultdict(list)
            for file in {mutant.file for mutant in mutants}:
                for options in candidates(folder, file):
                    for option in options:
                        places[option.key].append(option)
            same = {key for key, (verdict, _) in answers().items() if verdict == "equivalent"}
            todo = [mutant for mutant in mutants if mutant.result == "survived" and mutant.key not in same]
            rest = [mutant for mutant in mutants if mutant.result in ("", "gone")]
            todo += random.Random(seed).sample(rest, len(rest))
            for mutant in todo:
                near = sorted(places[mutant.key], key=lambda found: abs(found.line - mutant.line))
                if near:
                    mutant.line, mutant.span = near[0].line, near[0].span
                else:
                    mutant.result = "gone"
            todo = [mutant for mutant in todo if mutant.result != "gone"]
        else:
            todo = mutants = chosen(folder, modality, count, seed)
        reach = Reach(folder, modality)
        print(f"{len(todo)} changes; {len(reach.spent)} tests mapped in {time.monotonic() - start:.0f} s", flush=True)
        warm()
        packages = ", ".join(f"{name} {__import__(name).__version__}" for name in ("numpy", "scipy", "numba", "pytest"))
        head = f"{datetime.date.today().isoformat()}, Python {platform.python_version()}, {packages}, seed {seed}"
        for number, mutant in enumerate(todo, 1):
            meet(mutant, folder, reach)
            where = f"{mutant.file}:{mutant.line}"
            change = re.sub(r"\s+", " ", f"{mutant.was} -> {mutant.now}")
            print(f"{number:4d} {mutant.result:9s} {mutant.seconds:6.1f} s  {where} {change[:110]}", flush=True)
            keep(modality, mutants, head)
    tally = Counter(mutant.result for mutant in mutants)
    print(f"{modality}: {dict(tally)} of {len(mutants)} in {time.monotonic() - start:.0f} s")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modality", nargs="?", choices=sorted(KERNELS))
    parser.add_argument("--count", type=int, default=150, help="changes to draw")
    parser.add_argument("--seed", type=int, default=1, help="of the draw")
    parser.add_argument("--again", action="store_true", help="only those that survived before or were not reached")
    parser.add_argument("--page", action="store_true", help="write MUTATION.md from the results")
    options = parser.parse_args()
    if options.modality:
        run(options.modality, options.count, options.seed, options.again)
    if options.page:
        page()


if __name__ == "__main__":
    main()
