"""The comparison: table, ranking, explanation, and files written whole with one run id."""

import csv
import io
import json

import numpy as np
import pytest

import contrastphys as cp
from contrastphys.comparison import Comparison, compare, significant
from contrastphys.folders import standing
from contrastphys.mistakes import RecordError
from contrastphys.provenance import Cell, Flag
from contrastphys.study import MODALITIES, Study


def margin(name, modality, value, **conditions):
    return Cell(name, modality, "margin", conditions, value, "1", value / 2, value * 2)


@pytest.fixture
def three():
    """Three formulations with margins made by hand: a dominates b; c is best in one modality."""
    made = tuple(cp.load("gadoterate").replace(id=name, label=name.upper()) for name in "abc")
    margins = (
        margin("a", "mri", 30.0, field="3 T"),
        margin("a", "mri", 10.0, field="1.5 T"),
        margin("a", "xray", 2.0, kvp="120 kV"),
        margin("b", "mri", 20.0, field="3 T"),
        margin("b", "xray", 1.0, kvp="120 kV"),
        margin("c", "mri", 5.0, field="3 T"),
        margin("c", "xray", 9.0, kvp="80 kV"),
        Cell("c", "ultrasound", "c_min", {}, None, "", flags=(Flag("x", "no gas in it", "refuse"),)),
    )
    return Comparison(Study(made), margins)


def test_best_condition_is_shown(three):
    assert three.verdict("a", "mri").margin.conditions["field"] == "3 T"
    assert three.margins("a") == {"mri": 30.0, "xray": 2.0}
    assert three.limiting("a") == "xray"
    assert three.limiting("c") == "mri"


def test_modality_that_does_not_apply_is_none_and_a_refusal_has_its_reason(three):
    assert three.verdict("a", "ultrasound") is None
    assert three.verdict("c", "ultrasound").reason == "no gas in it"


def test_pareto_fronts(three):
    fronts = {entry["id"]: entry["front"] for entry in three.rank()}
    assert fronts == {"a": 1, "c": 1, "b": 2}


def test_a_dose_above_its_limit_ranks_behind_all():
    limited = cp.load("gadoterate").replace(
        id="limited", limits={"maximum_dose": {"value": "0.05 mmol/kg", "basis": "Gd"}}
    )
    result = Comparison(Study((limited,)), (margin("limited", "mri", 30.0, field="3 T"),))
    entry = result.rank()[0]
    assert entry["front"] is None
    assert "2 times the limit" in entry["exceeds"]


def test_a_limit_is_judged_at_the_body_mass_of_the_species():
    limits = {"maximum_dose": {"value": "1 mmol", "basis": "Gd"}}
    agent = cp.load("gadoterate").replace(id="limited", limits=limits, needs=())
    cells = (margin("limited", "mri", 30.0, field="3 T"),)
    exceeded = {
        species: Comparison(Study((agent,), cp.Scenario(species=species)), cells).rank()[0]["exceeds"]
        for species in ("human", "mouse")
    }
    assert "7 times the limit" in exceeded["human"]  # 0.1 mmol/kg in 70 kg
    assert exceeded["mouse"] == ""  # and 2.5 umol in 25 g


def test_table_has_a_row_each_and_the_letters(three):
    text = three.table(120)
    for name in "ABC":
        assert f" {name} " in text
    assert "30x at 3 T [C]" in text
    assert "M measured" in three.legend()


def test_explanation_of_an_unknown_id_names_the_known(three):
    with pytest.raises(RecordError, match="known: a, b, c"):
        three.explain("gadoterat")
    with pytest.raises(RecordError, match="did you mean 'xray'"):
        three.explain("a", "x-ray")
    assert "no gas in it" in three.explain("c")


def test_json_is_a_list_of_cells_with_the_run(three):
    records = json.loads(three.json())
    assert len(records) == len(three.cells)
    keys = {"formulation", "modality", "quantity", "conditions", "value", "unit", "low", "high", "provenance"}
    assert keys | {"source", "flags", "run"} <= set(records[0])
    assert {record["run"] for record in records} == {three.run}


def test_csv_has_a_row_a_cell_and_nothing_a_spreadsheet_runs(three):
    hostile = Comparison(three.study, (Cell("=1+1", "mri", "r1", {}, 1.0, "1"),))
    rows = list(csv.reader(io.StringIO(hostile.csv())))
    assert len(rows) == 2
    assert rows[1][1] == "'=1+1"


def test_html_in_a_label_stays_text(three):
    bad = three.study.formulations[0].replace(label="<script>alert(1)</script>")
    shown = Comparison(Study((bad,)), three.cells)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


@pytest.mark.parametrize("value, text", [(0.0, "0"), (1.0, "1"), (12345.0, "12000"), (3.7e6, "3.7e+06")])
def test_significant(value, text):
    assert significant(value) == text


def test_pandas_and_xarray(three):
    pytest.importorskip("pandas")
    pytest.importorskip("xarray")
    assert len(three.to_pandas()) == len(three.cells)
    assert float(three.to_xarray()["margin"].sel(formulation="c", modality="xray")) == 9.0


def test_written_files_are_whole_and_of_one_run(tmp_path):
    result = compare(["gadoterate", "sonovue"])
    written = result.write(tmp_path / "out", dpi=60)
    names = [path.name for path in written]
    assert names[-1] == "results.json"
    assert {"table.csv", "report.html", "margins.svg", "margins.png"} <= set(names)
    assert standing(tmp_path / "out").runs == (result.run,)
    for path in written:
        content = path.read_bytes()
        assert content
        if path.suffix != ".png":
            assert result.run.encode() in content, path.name
    assert not list((tmp_path / "out").glob(".*"))


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(RecordError, match="is a file, not a folder"):
        compare(["gadoterate"]).write(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.slow
def test_many_are_compared_by_workers_as_by_one(tmp_path):
    from concurrent import futures

    chelate = cp.load("gadoterate")
    probes = tuple(chelate.replace(id=f"gd-{i}", dose={"value": f"{0.05 + 0.001 * i:.4f} mmol/kg", "basis": "Gd"})
                   for i in range(61))  # fmt: skip
    study = Study(probes, title="many")
    alone = compare(study)
    with futures.ThreadPoolExecutor(2) as pool:
        assert compare(study, executor=pool).cells == alone.cells
    alone.write(tmp_path, dpi=50)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "the first 40 of 61 by rank" in page
    assert "gd-60" in page and "gd-5<" not in page  # the largest dose leads
    assert len({r["formulation"] for r in json.loads((tmp_path / "results.json").read_text("utf-8"))}) == 61
    assert "the first 10 of 61 by rank" in alone.table(most=10)


def test_fronts_are_those_of_every_pair():
    from contrastphys.ranking import fronts

    generator = np.random.default_rng(3)
    names = ("mri", "xray", "photoacoustic", "ultrasound")
    made = [{m: float(v) for m, v in zip(names, row, strict=True) if v > 0}
            for row in generator.integers(0, 5, (80, 4)) if row.any()]  # fmt: skip
    found = fronts(made)

    def beats(a, b):
        pairs = [(a.get(m, 0), b.get(m, 0)) for m in names]
        return all(x >= y for x, y in pairs) and any(x > y for x, y in pairs)

    left, front = set(range(len(made))), 1
    while left:
        best = {i for i in left if not any(beats(made[j], made[i]) for j in left)}
        assert all(found[i] == front for i in best)
        left, front = left - best, front + 1


def test_light_above_the_skin_limit_ranks_behind_all():
    from contrastphys.photoacoustic.agents import Protocol

    rod = cp.load("gold-nanorod-41x10nm").replace(dose={"value": "10 mg/kg", "basis": "Au"})
    bright = Study((rod,), protocols={"photoacoustic": Protocol(wavelength="808 nm", fluence="80 mJ/cm^2")})
    (entry,) = compare(bright).rank()
    assert entry["front"] is None
    assert "80 mJ/cm^2 exceeds the skin limit" in entry["exceeds"] and "ANSI Z136.1" in entry["exceeds"]
    (entry,) = compare(Study((rod,))).rank()
    assert entry["front"] == 1 and entry["exceeds"] == ""


def test_margin_is_concentration_over_smallest_seen():
    result = compare(["gadoterate", "iohexol", "sonovue"])
    for cell in result.select(quantity="margin"):
        if cell.value is None:
            continue
        placed = result.select(cell.formulation, "dose")[0]
        limit = next(
            c for c in result.select(cell.formulation, cell.modality, "c_min") if c.conditions == cell.conditions
        )
        if limit.conditions["basis"] == placed.conditions["basis"] and limit.unit == placed.unit:
            assert cell.value == pytest.approx(placed.value / limit.value, rel=1e-6)


def test_every_modality_answers_in_the_order_of_the_study():
    result = compare(["sonovue", "gadoterate"])
    order = list(dict.fromkeys(cell.formulation for cell in result.cells))
    assert order == ["sonovue", "gadoterate"]
    assert {c.modality for c in result.cells} <= {*MODALITIES, "dose"}


@pytest.mark.parametrize("width", [80, 100, 119, 120, 160, 200])
def test_a_table_of_any_width_cuts_nothing_and_shows_units(width):
    """Every name, number and unit is in it, letter by letter, however its lines are broken."""
    long = cp.load("gadoterate").replace(id="long", label="Polyethylene-glycol-coated " * 4 + "end")
    result = compare(Study((long, cp.load("gold-gd-2.4nm"), cp.load("icg"), cp.load("definity"))))
    text = result.table(width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for word in ("Formulation", "Photoacoustic", "Ultrasound"):
        assert word in text, word  # headings are not broken

    def letters(words: str) -> str:
        return "".join(c for c in words if c.isalnum())

    columns = zip(*(line[1:-1].split("│") for line in text.splitlines() if line.startswith("│")), strict=True)
    held = [letters("".join(column)) for column in columns]
    assert letters(long.label) in held[0]
    for row in result.rows():
        for entry in row[2:6]:
            for part in entry.split("\n"):
                assert any(letters(part) in column for column in held), part


def test_a_narrow_table_marks_what_limits():
    probe = cp.load("gold-gd-2.4nm").replace(dose={"value": "50 mg/kg", "basis": "Au"}, needs=("mri", "xray"))
    result = compare(Study((probe,)))
    text = result.table(80)
    line = next(line for line in text.splitlines() if " CT" in line)
    assert "CT *" in line and "[C]" in line and "mM Au" in line
    assert "* limits the formulation" in text
    assert "MRI *" not in text
