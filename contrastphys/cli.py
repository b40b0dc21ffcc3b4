"""The command line: compare, list, show, check, convert, explain, validate, claims.

Results go to standard output; mistakes in the input go to standard error, a line each, with exit code 2. `validate`
exits with 1 where a model declares a smaller error than it shows.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import __version__, records
from .chemistry import FormulaError
from .files import stands
from .formulation import KINDS, Formulation, catalogue, check, load
from .mistakes import Mistake, RecordError, legible, near, shown
from .provenance import Refusal
from .schema import values
from .units import UnitError

_PACKAGE = Path(__file__).resolve().parent


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (0 done, 2 a mistake in the input, 3 a fault of ours, 130 interrupted)."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us: what is said goes nowhere
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character still gets the line
    options = _parser().parse_args(argv)
    try:
        Path.cwd()
    except OSError:
        print("the folder you stand in is gone: change to one that exists", file=sys.stderr)
        return 2
    try:
        for folder in options.materials:
            records.use_folder(folder)
        code = options.run(options) or 0
        sys.stdout.flush()  # a full disk is told here, not by the interpreter at its end
        return code
    except (RecordError, Refusal, UnitError, FormulaError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: nothing was left half-written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:
        if os.environ.get("CONTRASTPHYS_DEBUG"):
            raise
        words, code = _last_words(error)
        print(words, file=sys.stderr)
        return code


def _last_words(error: Exception) -> tuple[str, int]:
    """What to say of an error that no command foresaw, and the exit code: 2 where the input is at fault, else 3."""
    place = error.__traceback__
    ours, last = "", ""
    while place is not None:
        last = place.tb_frame.f_code.co_filename
        if last.startswith(str(_PACKAGE)):
            ours = f"{Path(last).relative_to(_PACKAGE).as_posix()}:{place.tb_lineno}"
        place = place.tb_next
    if isinstance(error, MemoryError):
        return "not enough memory: ask for fewer formulations, points or samples", 2
    if isinstance(error, ValueError | ImportError) and last.startswith(str(_PACKAGE)):
        return legible(str(error)), 2  # a function's own words for what it cannot take
    if isinstance(error, OSError):
        _discard_output()
        return "the output cannot be written: the disk may be full", 2
    return (
        f"contrastphys failed where it should not ({type(error).__name__} at {ours}): please report it; "
        "CONTRASTPHYS_DEBUG=1 shows where it came from",
        3,
    )


def _discard_output() -> None:
    """Give up what could not be printed, so that the interpreter does not try again at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="contrastphys", description="What every imaging modality sees of a contrast agent, from one record."
    )
    parser.add_argument("--version", action="version", version=f"contrastphys {__version__}")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--materials", metavar="DIR", action="append", default=[], help="a folder of your own records")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Any, about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about, parents=[shared])
        added.set_defaults(run=run)
        return added

    compare = command("compare", _compare, "compare formulations side by side")
    compare.add_argument(
        "study", nargs="?", help="a study file, or a folder with a record a file; without one, the shipped shortlist"
    )
    compare.add_argument("-o", "--output", default="comparison", metavar="DIR", help="folder for the files")
    compare.add_argument(
        "--samples", type=_samples, metavar="N", help="bands from N samples of what is uncertain, and ranks"
    )
    compare.add_argument("--workers", type=_workers, default=None, metavar="N", help="processes; none for this one")
    compare.add_argument("--dpi", type=_dpi, default=150, help="resolution of the PNG pictures")

    listing = command("list", _list, "list the formulations of the catalogue")
    listing.add_argument("--kind", default="", help="only of one kind, such as chelate or bubble")
    listing.add_argument("--markdown", action="store_true", help="the whole catalogue as Markdown, every folder of it")
    listing.add_argument("-o", "--output", metavar="DIR", help="with --markdown: write index.md and a page a record")

    show = command("show", _show, "show a record of the catalogue with the source of every number")
    show.add_argument("id", help="a formulation, core, complex, gas or medium; cores/water where several share an id")
    show.add_argument("--markdown", action="store_true", help="as a Markdown page")

    checking = command("check", _check, "check records, studies, tables and folders of results; lists every mistake")
    checking.add_argument("file", nargs="+")

    convert = command("convert", _convert, "convert a concentration from one basis to another")
    convert.add_argument("amount", help='such as "1 mg/mL Fe"')
    convert.add_argument("--formulation", required=True, metavar="ID")
    convert.add_argument("--to", required=True, help='basis or unit with basis, such as "particle" or "nM particle"')

    design = command("design", _design, "answer a question of a file, or one of the shipped ones by name")
    design.add_argument("question", nargs="?", default="", help="QUESTION.toml or a name; without one, the names")

    sweep = command("sweep", _sweep, "a study over grids of its parameters")
    sweep.add_argument("study", help="a study file, or the id of an agent")
    sweep.add_argument("--over", action="append", required=True, metavar="PATH=V1;V2;...", help="repeat for more axes")
    sweep.add_argument("--modality", action="append", default=[], metavar="NAME", help="only these; repeat for more")
    sweep.add_argument("--workers", type=_workers, default=None, metavar="N", help="processes; none for this one")
    sweep.add_argument("-o", "--output", default="sweep.csv", metavar="FILE", help="a .csv or .nc file")
    sweep.add_argument("--resume", metavar="FILE", help="written as it goes; a run that was cut off goes on from it")

    calibrating = command("calibrate", _calibrate, "parameters of an agent from measurements of it")
    calibrating.add_argument("id")
    calibrating.add_argument("measurements", nargs="?", help="a CSV table; without one, the record's own rows")
    calibrating.add_argument("--free", action="append", required=True, metavar="PATH", help="repeat for more")
    calibrating.add_argument("-o", "--output", metavar="FILE", help="write the calibrated record")

    explain = command("explain", _explain, "the chain from dose to margin of one formulation of a study")
    explain.add_argument("id")
    explain.add_argument("modality", nargs="?", default="")
    explain.add_argument("--study", help="a study file; without one, the shipped shortlist")

    validating = command("validate", _validate, "compare the models with every published number held")
    validating.add_argument("modality", nargs="?", help="only of one: mri, xray, photoacoustic or ultrasound")
    validating.add_argument(
        "-o", "--output", metavar="DIR", help="write validation.csv and VALIDATION.md into a folder"
    )

    claiming = command("claims", _claims, "what reviews claim, each with a verdict from the numbers")
    claiming.add_argument("id", nargs="*", help="only these, such as C25; one alone is shown with its numbers")
    claiming.add_argument("-o", "--output", metavar="DIR", help="write verdicts.csv and CLAIMS.md into a folder")
    return parser


def _dpi(text: str) -> int:
    try:
        dpi = int(text)
    except ValueError:
        dpi = 0
    if not 50 <= dpi <= 1200:
        raise argparse.ArgumentTypeError("write a whole number from 50 to 1200")
    return dpi


def _whole(text: str, most: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"write a whole number from 1 to {most}")
    return int(text)


def _workers(text: str) -> int:
    return _whole(text, 4096)


def _samples(text: str) -> int:
    return _whole(text, 1_000_000)


def _compare(options: argparse.Namespace) -> int:
    from .comparison import compare
    from .folders import make_folder
    from .study import study_of

    study = study_of(Path(options.study) if options.study else None)
    folder = records.apart(make_folder(options.output))
    spread = None
    if options.samples is not None:
        from .uncertainty import propagate

        spread = propagate(study, samples=options.samples, progress=True)
    result = compare(study, progress=True, executor=options.workers) if spread is None else spread.comparison
    written = result.write(folder, dpi=options.dpi)
    width = max(80, min(200, shutil.get_terminal_size((120, 24)).columns))
    if study.title:
        print(study.title)
    print(result.table(width, colour=sys.stdout.isatty()), end="")
    print(result.legend())
    print(result.summary())
    for entry in [] if spread is None else spread.rank():
        if entry["first"] or entry["on_front"]:
            shares = f"first in {entry['first']:.0%} of the samples, on the front in {entry['on_front']:.0%}"
            print(f"  {entry['id']}: {shares}")
    report = next(path for path in written if path.name == "report.html")
    print(f"{len(written)} files in {folder.as_posix()}: open {report.as_posix()}")
    return 0


def _list(options: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if options.kind not in ("", *KINDS):
        hint = near(options.kind, KINDS) or f"write one of {', '.join(KINDS)}"
        raise RecordError([Mistake("list", 0, "--kind", f"unknown kind {shown(options.kind)}", hint)])
    if options.output and not options.markdown:
        raise RecordError([Mistake("list", 0, "-o", "writes Markdown pages", "add --markdown")])
    if options.markdown:
        return _list_markdown(options)
    table = Table("id", "kind", "name", "counted by", "numbers (verified)", box=None)
    for name in catalogue():
        formulation = load(name)
        if options.kind in ("", formulation.kind):
            numbers = [v for _, v in values(formulation) if v.source != "default"]
            verified = sum(v.status == "verified" for v in numbers)
            counts = f"{len(numbers)} ({verified})"
            words = (name, formulation.kind, formulation.name, formulation.basis, counts)
            table.add_row(*(Text(word) for word in words))  # as it is: [red] in a name is part of the name
    width = max(80, min(200, shutil.get_terminal_size((120, 24)).columns))
    Console(width=width, highlight=False).print(table)
    return 0


def _list_markdown(options: argparse.Namespace) -> int:
    from .folders import make_folder
    from .pages import all_pages, index, write

    pages = all_pages(options.kind)
    if options.output:
        folder = make_folder(options.output)
        print(f"{len(write(folder, pages))} files in {folder.as_posix()}: open {(folder / 'index.md').as_posix()}")
    else:
        print(index(pages, linked=False), end="")
    return 0


def _show(options: argparse.Namespace) -> int:
    from .pages import markdown, sheets, text

    render = markdown if options.markdown else text
    print("\n\n".join(render(page).rstrip() for page in sheets(options.id)))
    return 0


def _check(options: argparse.Namespace) -> int:
    from .folders import standing
    from .study import of_folder, read

    failed = 0
    for name in options.file:
        path = Path(name)
        try:
            folder = path.absolute().parent.name
            results = standing(path) if stands(path) and path.is_dir() else None
            if results is not None and results.files:
                print(results, file=sys.stdout if results.whole else sys.stderr)
                failed = failed if results.whole else 2
                continue
            if results is not None:
                of_folder(path)
            elif path.suffix.lower() == ".csv" or (folder in records.KINDS and stands(path)):
                records.check_record(path)
            elif folder == "agents" and stands(path):
                records.load_record(Formulation, path)
            elif {"title", "formulation", "scenario", "protocol"} & set(records.read_toml(path)[0]):
                read(path)
            else:
                check(path)
            print(legible(f"{path.as_posix()}: no mistakes"))
        except RecordError as error:
            print(error, file=sys.stderr)
            failed = 2
    return failed


def _convert(options: argparse.Namespace) -> int:
    formulation = load(options.formulation)
    number_unit, _, basis = options.amount.strip().rpartition(" ")
    if not number_unit:
        raise UnitError(f"'{options.amount[:40]}' names no basis: write for example '1 mg/mL {formulation.basis}'")
    unit, _, wanted = options.to.strip().rpartition(" ")
    if wanted not in formulation.bases() and "/" in wanted:
        unit, wanted = wanted, formulation.entity
    given = formulation.concentration(number_unit, basis)
    print(f"{given} of {formulation.id} = {given.to(wanted, unit or None)}")
    return 0


def _explain(options: argparse.Namespace) -> int:
    from .comparison import compare

    print(compare(Path(options.study) if options.study else None).explain(options.id, options.modality))
    return 0


def _design(options: argparse.Namespace) -> int:
    from .questions import FOLDER, ask, shipped

    if not options.question:
        for name in shipped():
            print(f"{name:<26}{records.read_toml(records.find(FOLDER, name))[0].get('question', '')}")
        return 0
    print(ask(options.question))
    return 0


def _sweep(options: argparse.Namespace) -> int:
    from .running import Stopped, SweepError
    from .study import MODALITIES
    from .sweeps import sweep

    over: dict[str, Any] = {}
    for entry in options.over:
        path, found, values = entry.partition("=")
        if not found or not values.strip():
            raise UnitError(
                f"cannot read --over '{entry[:60]}': write for example --over 'scenario.body_mass=60 kg;70 kg'"
            )
        over[path.strip()] = [value.strip() for value in values.split(";") if value.strip()]
    study: Any = options.study if options.study in catalogue() else Path(options.study)
    modalities = options.modality or MODALITIES
    try:
        result = sweep(study, over, options.workers, modalities=modalities, file=options.resume)
    except (SweepError, Stopped) as error:
        told = str(error).removesuffix("; .partial holds them")  # which is for callers from Python
        hint = "" if options.resume else "; --resume FILE keeps what is done"
        print(f"{told}{hint}", file=sys.stderr)
        return 130 if isinstance(error, Stopped) else 1
    (result.to_netcdf if options.output.endswith(".nc") else result.to_csv)(options.output)
    print(result.summary())
    print(f"written to {options.output}")
    return 0


def _calibrate(options: argparse.Namespace) -> int:
    from .calibration import calibrate

    measurements = Path(options.measurements) if options.measurements else None
    found = calibrate(options.id, measurements, options.free)
    print(found)
    if options.output:
        found.write(options.output)
        print(f"written to {options.output}")
    return 0


def _validate(options: argparse.Namespace) -> int:
    from .folders import make_folder
    from .goals import goal_lines
    from .validation import described, summary, validate

    folder = make_folder(options.output) if options.output else None
    found = validate(options.modality)
    width = max(120, min(240, shutil.get_terminal_size((160, 24)).columns))
    print(found.table(width), end="")
    print("Numbers of rows, in brackets those within the declared error; an error in brackets is of second-hand rows.")
    print("Apart: used in a fit or as input, refused by the model, or not comparable.")
    print("Studies: how far two studies of one agent lie apart under the same conditions.")
    if goals := goal_lines(found.goals):
        print("\nGoals, by the status of the rows:")
        for line in goals:
            print(f"  {line}")
    worst = found.worst(10)
    if worst:
        print("\nFurthest outside the declared error, verified first:")
        for row in worst:
            print(f"  {described(row)}")
    print("\n" + "\n".join(summary(found)))
    if folder is not None:
        names = ", ".join(path.as_posix() for path in found.write(folder))
        print(f"written: {names}")
    return 0 if found.ok else 1


def _claims(options: argparse.Namespace) -> int:
    from .claims import findings, of
    from .comparison import make_folder

    for name in options.id:
        of(name)  # mistakes first: a folder is made for what can be written
    folder = make_folder(options.output) if options.output else None
    found = findings(options.id)
    width = max(80, min(200, shutil.get_terminal_size((120, 24)).columns))
    if len(options.id) == 1:
        for line in str(next(iter(found))).splitlines():
            print(textwrap.fill(line, width, subsequent_indent="    ", break_on_hyphens=False))
    else:
        print(found.table(width, colour=sys.stdout.isatty()), end="")
        print(found.summary())
    if folder is not None:
        print("written: " + ", ".join(path.as_posix() for path in found.write(folder)))
    return 0
