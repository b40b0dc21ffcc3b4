"""Fuzz with hypothesis, led by the tables of fields: python tests/fuzz/by_strategy.py TARGET [--minutes 10]

Studies and records are made of the fields that records have, command lines of the commands and options there are, so
that most inputs get past the first check. The first find of every kind is kept and told; the run goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
import zlib
from datetime import date
from pathlib import Path
from typing import Any

os.environ.setdefault("MPLBACKEND", "Agg")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import targets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contrastphys import cli, pages, records, study
from contrastphys.comparison import compare
from contrastphys.formulation import MODALITIES, Formulation, catalogue
from contrastphys.report import render
from contrastphys.schema import specs
from contrastphys.study import Scenario, room
from contrastphys.writing import _key, _text

WORDS = (
    "", "gold", "water", "gadoterate", "1 nm", "3 T", "-1 mM", "0 K", "1e999 nm", "nan T", "m**9**9**9", "1e999999 m",
    "(" * 60, "../../etc/passwd", "/dev/zero", "\0", "\u202e", "𝟙𝟘 nm", "१ T", "1 nm" * 40, "=cmd|' /C calc'!A0",
    "<script>", "{{7*7}}", "%s%n", "10 nm;", "1_0 nm", "1,5 T", "inf", "Infinity T", "1 nm\n", "10\u00a0nm",
    "number-median", "sphere", "rod", "Gd",
)  # fmt: skip
NUMBERS = (0, -1, 1, 2**63, 2**64, 10**400, -0.0, 5e-324, 1e308, 1e-9, 1.5, 37, True, date(2020, 2, 29))

KNOWN = {folder: records.ids(folder) for folder in records.FOLDERS}  # before a run adds its own


def hostile(deep: int = 2) -> st.SearchStrategy[Any]:
    """Anything TOML can hold."""
    plain = st.one_of(
        st.sampled_from(WORDS), st.sampled_from(NUMBERS), st.text(max_size=20), st.floats(), st.integers()
    )
    if not deep:
        return plain
    inner = hostile(deep - 1)
    keys = st.sampled_from(
        ("value", "unit", "sd", "low", "high", "factor", "alternatives", "source", "status", "x", "material")
    )
    return st.one_of(plain, plain, st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3))


def held(spec: Any, deep: int) -> st.SearchStrategy[Any]:
    """What a field takes, or something else."""
    if spec.kind == "number" or spec.kind == "mapping":
        low = max(spec.low, 1e-300) if spec.low >= 0 else max(spec.low, -1e12)
        units = spec.unit.split(" | ")
        inside = st.floats(low, max(low, min(spec.high, 1e22))).map(lambda x: float(f"{x:.6g}"))
        good = st.tuples(inside, st.sampled_from(units)).map(lambda p: p[0] if p[1] == "1" else f"{p[0]!r} {p[1]}")
        spread = st.fixed_dictionaries(
            {"value": good}, optional={"sd": good, "low": good, "high": good, "factor": st.floats(1.01, 9)}
        )
        one = st.one_of(good, good, good, spread)
        made = (
            st.dictionaries(st.sampled_from(("Al", "Cu", "water", "3 T", "x")), one, max_size=2)
            if spec.kind == "mapping"
            else one
        )
    elif spec.kind == "choice":
        made = one = st.sampled_from(spec.options)
    elif spec.kind == "integer":
        made = one = st.integers(int(spec.low), int(min(spec.high, 10**6)))
    elif spec.kind == "flag":
        made = one = st.booleans()
    elif spec.kind == "reference":
        made = one = st.sampled_from((*KNOWN[spec.folder], "made"))
    elif spec.kind == "nested":
        made = one = table(spec.cls, deep - 1) if deep > 0 else st.just({})
    else:
        made = one = st.one_of(
            st.sampled_from(("water", "blood", "liver", "Gd", "Fe", "Au", "", "SF6", "r1", "compound")),
            st.text(max_size=9),
        )
    if spec.many:
        made = st.one_of(one, st.lists(one, min_size=1, max_size=3))
    return made


def table(cls: Any, deep: int = 2, share: float = 0.0) -> st.SearchStrategy[dict[str, Any]]:
    """A table of a record's fields, most of them well filled."""
    fields = {spec.alias or key: spec for key, spec in specs(cls).items()}
    needed = {key: held(spec, deep) for key, spec in fields.items() if spec.required or key in ("id", "kind")}
    others = [key for key in fields if key not in needed]

    @st.composite
    def make(draw: Any) -> dict[str, Any]:
        made = {key: draw(strategy) for key, strategy in needed.items()}
        if "id" in made:
            made["id"] = draw(st.sampled_from(("a", "b-1", "made")))
        for key in draw(st.lists(st.sampled_from(others), max_size=4, unique=True)) if others else ():
            made[key] = draw(held(fields[key], deep))
        if made and draw(st.integers(0, 9)) == 0:
            made[draw(st.sampled_from(sorted(made)))] = draw(hostile())
        return made

    return make()


def written(value: Any) -> str:
    """A value as TOML, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value.encode("utf-8", "replace").decode())
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, dict):
        return (
            "{ "
            + ", ".join(f"{_key(str(k).encode('utf-8', 'replace').decode())} = {written(v)}" for k, v in value.items())
            + " }"
        )
    return str(value)


def body(made: dict[str, Any]) -> str:
    return "".join(f"{_key(k)} = {written(v)}\n" for k, v in made.items())


def studies() -> st.SearchStrategy[str]:
    """A study of one formulation, new or of the catalogue with changes, under its own scenario and protocols."""
    fields = {spec.alias or key: spec for key, spec in specs(Formulation).items() if key not in ("id", "kind")}
    changes = st.sampled_from(sorted(fields)).flatmap(lambda k: held(fields[k], 2).map(lambda v: {k: v}))
    used = st.tuples(st.sampled_from(catalogue()), st.one_of(st.just({}), changes)).map(lambda p: {"use": p[0], **p[1]})
    formulations = st.one_of(used, used, table(Formulation))
    protocols = {m: table(room(m).Protocol) for m in MODALITIES}
    scenario = table(Scenario, 2)
    chosen = st.one_of(st.just({}), st.sampled_from(MODALITIES).flatmap(lambda m: protocols[m].map(lambda v: {m: v})))

    def join(parts: Any) -> str:
        one, where, given = parts
        text = f"[scenario]\n{body(where)}" + "".join(f"[protocol.{m}]\n{body(v)}" for m, v in given.items())
        return f"{text}[[formulation]]\n{body(one)}"

    return st.tuples(formulations, st.one_of(st.just({}), scenario), chosen).map(join)


def run_study(text: str) -> None:
    """Read a study and answer it; a model may take longer than a reader."""
    path = targets._written("study.toml", text.encode())
    with targets.watched():
        made = study.read(path)
        targets.seconds[0] = 20.0
        for cell in study.cells(made):
            if cell.value is None and not cell.refusal:
                raise targets.Find(f"no value and no reason: {cell}")
            if cell.value is not None and not (abs(cell.value) < float("inf")):
                raise targets.Find(f"{cell.quantity} of {cell.formulation} is {cell.value}")


# A study of one formulation that rests on the record `made` of a folder.
USES = {
    "agents": '[[formulation]]\nuse = "made"\n',
    "cores": '[[formulation]]\nid = "p"\nkind = "nanoparticle"\ncore = { material = "made", diameter = "20 nm" }\n'
    'shell = { material = "made", thickness = "2 nm" }\ndose = { value = "1e14 1/kg", basis = "particle" }\n',
    "chelates": '[[formulation]]\nid = "p"\nkind = "chelate"\ndose = { value = "0.1 mmol/kg", basis = "Gd" }\n'
    'molecule = { formula = "C16H25GdN4O8", metal = "Gd", chelate = "made" }\n',
    "gases": '[[formulation]]\nid = "p"\nkind = "bubble"\ngas = { species = "made", diameter = "2 um" }\n'
    'dose = { value = "1e8 1/kg", basis = "particle" }\n[[formulation]]\nid = "q"\nkind = "droplet"\n'
    'liquid = { species = "made", diameter = "0.2 um" }\ndose = { value = "1e11 1/kg", basis = "particle" }\n',
    "media": '[[formulation]]\nuse = "gadoterate"\nid = "p"\n[protocol.mri]\nmedium = "made"\n',
}


def own_records() -> st.SearchStrategy[tuple[str, str]]:
    """A record of any folder that looks valid, many of its numbers wild."""
    kinds = {"agents": Formulation, **records.KINDS}
    return st.sampled_from(("agents", *kinds)).flatmap(
        lambda k: table(kinds[k], 2).map(lambda v: (k, body({**v, "id": "made"} if "id" in v else v)))
    )


def run_record(given: tuple[str, str]) -> None:
    """Read a record of a folder of one's own, show it, and compare what rests on it, every view of it."""
    folder, text = given
    for kind in USES:
        (targets.HERE / kind / "made.toml").unlink(missing_ok=True)
    targets._written(f"{folder}/made.toml", text.encode("utf-8", "replace"))
    path = targets._written("study.toml", USES[folder].encode())
    records._folders[:] = [targets.HERE]
    records.forget()
    with targets.watched():
        targets.seconds[0] = 10.0
        for page in pages.sheets("made"):
            pages.markdown(page), pages.text(page)
        result = compare(study.read(path))
        for cell in result.cells:
            if cell.value is None and not cell.refusal:
                raise targets.Find(f"no value and no reason: {cell}")
            if cell.value is not None and not (abs(cell.value) < float("inf")):
                raise targets.Find(f"{cell.quantity} of {cell.formulation} is {cell.value}")
        views = [str(result), result.table(80), result.json(), result.csv(), result._repr_html_()]
        views += [result.explain(f.id) for f in result.formulations]
        result.rank()
        views.append(render(result, {}))
        if zlib.crc32(text.encode("utf-8", "replace")) % 30 == 0:  # pictures take seconds
            targets.seconds[0] = 40.0
            views.append(render(result))
        for view in views:
            for line in view.splitlines():
                if any(ord(c) < 32 and c != "\t" for c in line):
                    raise targets.Find(f"a view holds {line[:200]!r}")


def lines() -> st.SearchStrategy[list[str]]:
    """Command lines; those that compute much are asked for things that are refused."""
    agents = st.sampled_from(
        ("gadoterate", "sonovue", "gold-sphere-40nm", "nothing", "../agents/gadoterate", "", "-", "--", "a" * 300)
    )
    odd = st.one_of(st.sampled_from(WORDS), st.text(max_size=12))
    word = st.one_of(agents, odd)
    file = st.one_of(
        st.sampled_from(
            ("study.toml", "none.toml", "/dev/null", "/dev/zero", ".", "/", "optical/table.csv", "/etc/shadow")
        ),
        odd,
    )
    path = st.sampled_from(
        ("dose", "scenario.body_mass", "gadoterate.dose", "core.diameter", "protocol.mri.field", "x", "a.b.c", "..", "")
    )
    value = st.sampled_from(
        ("10 mg/kg", "0.1 mmol/kg;0.2 mmol/kg", "1 T;;2 T", "", ";", "nan", "1e999 kg", "70 kg", "-1 kg", "m**9**9")
    )
    over = st.one_of(st.tuples(path, value).map("=".join), odd)
    number = st.sampled_from(("1", "0", "-1", "10", "1e3", "nan", "9" * 40, "", "２"))
    amount = st.one_of(
        st.sampled_from(("1 mM Gd", "1 mg/mL compound", "1 Gd", "1e999 mM Gd", "1 m**9**9 Gd", "Gd", " ", "1 mM")), odd
    )
    basis = st.one_of(st.sampled_from(("molecule", "mM Gd", "nM particle", "/", "Gd", "m**9**9 Gd", " ")), odd)
    commands = st.one_of(
        st.tuples(st.just("show"), word).map(list),
        st.tuples(st.just("list"), st.just("--kind"), word).map(list),
        st.tuples(st.just("check"), file).map(list),
        st.tuples(st.just("convert"), amount, st.just("--formulation"), agents, st.just("--to"), basis).map(list),
        st.tuples(st.just("design"), word).map(list),
        st.tuples(
            st.just("sweep"),
            agents,
            st.just("--over"),
            over,
            st.just("--modality"),
            st.sampled_from(("mri", "xray", "pet", "")),
            st.just("-o"),
            st.sampled_from(("s.csv", ".", "/dev/full", "none/s.csv", "s.nc")),
        ).map(list),
        st.tuples(st.just("calibrate"), agents, file, st.just("--free"), path).map(list),
        st.tuples(st.just("calibrate"), agents, st.just("--free"), path).map(list),
        st.tuples(st.just("validate"), st.one_of(st.sampled_from(("pet", "")), odd)).map(list),
        st.tuples(
            st.just("compare"), file, st.just("-o"), st.sampled_from(("out", "/dev/null", "/proc/x", "study.toml"))
        ).map(list),
        st.tuples(st.just("compare"), file, st.just("--samples"), number).map(list),
        st.tuples(st.just("compare"), file, st.just("--dpi"), number).map(list),
        st.tuples(st.just("explain"), word, word, st.just("--study"), file).map(list),
        st.lists(odd, max_size=4),
    )
    materials = st.one_of(
        st.just([]),
        st.just([]),
        st.tuples(st.just("--materials"), st.one_of(file, st.just(str(records.shipped_folder())))).map(list),
    )
    return st.tuples(commands, materials).map(lambda p: p[0] + p[1])


def bytes_of(name: str) -> st.SearchStrategy[bytes]:
    word = st.one_of(
        st.sampled_from(WORDS), st.text(max_size=80), st.text("mMsgLT/*^()0123456789. -+eµ%°·", max_size=40)
    )
    if name == "csv":
        cell = st.one_of(
            st.sampled_from(
                ("wavelength [nm]", "n", "k", "time [us]", "1", "2.5", "nan", "", "1e400", '"', "a,b", "low [um]")
            ),
            word,
        )
        rows = st.lists(st.lists(cell, max_size=4).map(",".join), max_size=6)
        return st.tuples(st.integers(0, 6), rows, st.sampled_from(("\n", "\r\n", "\r"))).map(
            lambda p: bytes([p[0]]) + p[2].join(p[1]).encode("utf-8", "replace")
        )
    if name == "toml":
        kinds = [Formulation, Formulation, Formulation, *records.KINDS.values()]
        return st.integers(1, len(kinds) - 1).flatmap(
            lambda k: table(kinds[k]).map(lambda v: bytes([k]) + body(v).encode())
        )
    return word.map(lambda text: text.encode("utf-8", "replace"))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("target", choices=(*targets.READERS, "study", "records", "arguments"))
    asked.add_argument("--minutes", type=float, default=10.0)
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    began, ran, finds = time.monotonic(), [0], {}
    if options.target == "study":
        strategy, call = studies(), run_study
    elif options.target == "records":
        strategy, call = own_records(), run_record
        render(compare(["gadoterate", "sonovue"]))  # read and compiled
    elif options.target == "arguments":
        targets._written("study.toml", b'[[formulation]]\nuse = "iohexol"\n')
        targets._written("optical/table.csv", b"wavelength [nm],n\n400,1\n")
        cli.main(["explain", "iohexol", "--study", str(targets.HERE / "study.toml")])  # read and compiled
        strategy, call = lines(), targets.arguments
    else:
        strategy, call = bytes_of(options.target), targets.READERS[options.target]

    def done() -> None:
        minutes = (time.monotonic() - began) / 60
        told = {"target": options.target, "by": "hypothesis", "minutes": minutes}
        told |= {"processor minutes": time.process_time() / 60, "runs": ran[0], "finds": finds}
        print("DONE " + json.dumps(told), flush=True)
        os._exit(0)

    def one(made: Any) -> None:
        if time.monotonic() - began > 60 * options.minutes:
            done()
        ran[0] += 1
        try:
            call(made)
        except Exception as error:
            places = traceback.extract_tb(error.__traceback__)
            last = next(
                (p for p in reversed(places) if "contrastphys/" in p.filename or "fuzz" in p.filename), places[-1]
            )
            kind = f"{type(error).__name__} {Path(last.filename).name}:{last.lineno}"
            if kind not in finds:
                finds[kind] = str(error)[:200]
                print(f"FIND {options.target} {kind}: {str(error)[:200]!r} {made!r:.600}", flush=True)

    seed = options.seed
    while time.monotonic() - began < 60 * options.minutes:
        import hypothesis

        wrapped = settings(max_examples=2000, deadline=None, database=None, suppress_health_check=list(HealthCheck))(
            given(strategy)(one)
        )
        hypothesis.seed(seed)(wrapped)()
        seed += 1
    done()


if __name__ == "__main__":
    main()
