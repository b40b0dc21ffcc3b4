"""Bands and indices: analytic cases, the closed form of a linear one, and the promises made to a comparison."""

import csv
import math

import numpy as np
import pytest

import contrastphys as cp
from contrastphys.comparison import Comparison, significant
from contrastphys.inputs import inputs_of
from contrastphys.mistakes import RecordError
from contrastphys.provenance import Cell, Value
from contrastphys.sampling import (
    P95,
    Alternatives,
    LogNormal,
    Normal,
    Triangular,
    Uniform,
    design,
    model_factor,
    of_value,
)
from contrastphys.schema import Spec
from contrastphys.sensitivity import bands, indices
from contrastphys.study import Study
from contrastphys.uncertainty import propagate
from contrastphys.units import UnitError

SPEC = Spec("number", unit="nm", low=0, high=100)


def gold(name="gold", **changes):
    made = {"cores": {"material": "gold", "diameter": "10 nm"}, "dose": {"value": "50 mg/kg", "basis": "Au"}}
    return cp.Formulation(id=name, kind="nanoparticle", **{**made, **changes})


def dose(sd="5 mg/kg"):
    return {"value": {"value": "50 mg/kg", "sd": sd}, "basis": "Au"}


# ---------------------------------------------------------------------------------------- analytic cases


def ishigami(x1, x2, x3, a=7.0, b=0.1):
    return np.sin(x1) + a * np.sin(x2) ** 2 + b * x3**4 * np.sin(x1)


def test_indices_of_the_ishigami_function():
    """Closed form: Ishigami and Homma 1990; a = 7, b = 0.1."""
    angles = {name: Uniform(-math.pi, math.pi) for name in ("x1", "x2", "x3")}
    found = indices(ishigami, angles, samples=2**13, seed=5)
    a, b, pi = 7.0, 0.1, math.pi
    variance = a**2 / 8 + b * pi**4 / 5 + b**2 * pi**8 / 18 + 0.5
    v1, v2 = 0.5 * (1 + b * pi**4 / 5) ** 2, a**2 / 8
    v13 = b**2 * pi**8 * (1 / 18 - 1 / 50)
    first = {"x1": v1 / variance, "x2": v2 / variance, "x3": 0.0}
    total = {"x1": (v1 + v13) / variance, "x2": v2 / variance, "x3": v13 / variance}
    for name, one, every, low, high in zip(found.names, found.first, found.total, found.low, found.high, strict=True):
        assert one == pytest.approx(first[name], abs=0.01)
        assert every == pytest.approx(total[name], abs=0.01)
        assert low <= every <= high
    assert found.dominant == "x1"
    assert found.names == ("x1", "x2", "x3")
    again = indices(ishigami, angles, samples=2**13, seed=5)
    assert np.array_equal(found.total, again.total)


def test_band_of_a_linear_case_is_its_closed_form():
    known = {"x": Normal(10.0, 0.3), "y": Normal(-2.0, 0.4)}
    for method, tolerance in (("latin-hypercube", 0.02), ("sobol", 0.005)):
        low, middle, high = bands(lambda x, y: 3 * x - 2 * y + 1, known, 2**14, seed=3, method=method)
        sd = math.hypot(3 * 0.3, 2 * 0.4)
        assert middle == pytest.approx(35.0, abs=tolerance * sd)
        assert (low, high) == pytest.approx((35 - P95 * sd, 35 + P95 * sd), abs=2 * tolerance * sd)


def test_indices_of_nothing_and_of_a_constant():
    assert indices(lambda: 0.0, {}).dominant == ""
    flat = indices(lambda x: np.full_like(x, 2.0), {"x": Uniform(0, 1)}, samples=16)
    assert flat.dominant == ""
    assert "no input changes it" in flat.table()


# ----------------------------------------------------------------------------------------- distributions


@pytest.mark.parametrize(
    ("made", "shares", "numbers"),
    [
        (Normal(5.0, 1.0), (0.5, 0.8413447), (5.0, 6.0)),
        (Normal(1.0, 1.0, 0.0), (1e-12,), (0.0,)),
        (LogNormal(10.0, 2.0), (0.5, 0.8413447), (10.0, 20.0)),
        (Uniform(2.0, 4.0), (0.0, 0.25, 1.0), (2.0, 2.5, 4.0)),
        (Triangular(0.0, 1.0, 2.0), (0.0, 0.125, 0.5, 1.0), (0.0, 0.5, 1.0, 2.0)),
        (Alternatives(3.0, 9.0), (0.1, 0.49, 0.51, 1.0), (3.0, 3.0, 9.0, 9.0)),
    ],
)
def test_quantiles(made, shares, numbers):
    assert made.ppf(np.array(shares)) == pytest.approx(numbers, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (Value(10.0, "nm"), None),
        (Value(10.0, "nm", sd=0.0), None),
        (Value(10.0, "nm", sd=1.0), Normal(10.0, 1.0, 0, 100)),
        (Value(10.0, "nm", low=8.0, high=12.0), Uniform(8.0, 12.0)),
        (Value(9.0, "nm", low=8.0, high=12.0), Triangular(8.0, 9.0, 12.0)),
        (Value(9.0, "nm", low=9.0, high=9.0), None),
        (Value(9.0, "nm", factor=1.5), LogNormal(9.0, 1.5)),
        (Value(9.0, "nm", alternatives=(9.0, 12.0)), Alternatives(9.0, 12.0)),
    ],
)
def test_a_record_states_its_distribution(value, kind):
    assert of_value(value, SPEC) == kind


def test_designs_repeat_for_a_seed():
    for method in ("latin-hypercube", "sobol"):
        one, two, other = (design(50, 3, seed, method) for seed in (1, 1, 2))
        assert np.array_equal(one, two)
        assert not np.array_equal(one, other)
        assert one.shape == (50, 3)
    for bad in (0, -1, 2.5):
        with pytest.raises(ValueError, match="whole number of 1 or more"):
            design(bad, 2, 1)
    with pytest.raises(ValueError, match="latin-hypercube, sobol"):
        design(4, 2, 1, "monte carlo")


def test_a_model_s_error_puts_its_band_at_p5_and_p95():
    z = np.array([-P95, 0.0, P95])
    assert model_factor(10.0, 5.0, 40.0, z) == pytest.approx([5, 10, 40])
    assert model_factor(1.0, -1.0, 2.0, z) == pytest.approx([-1, 1, 2])
    assert model_factor(3.0, 3.0, 3.0, z) == pytest.approx([3, 3, 3])


# -------------------------------------------------------------------------------------------- of a study


def test_a_study_without_uncertain_inputs_has_the_bands_of_its_models():
    study = Study((gold(),))
    exact = cp.compare(study).select(modality="xray")
    found = propagate(study, samples=400, modalities=["xray"])
    for cell, banded in zip(exact, found.comparison.select(modality="xray"), strict=True):
        assert (cell.quantity, cell.conditions, cell.value) == (banded.quantity, banded.conditions, banded.value)
        if cell.value is not None and cell.quantity != "hu":
            assert (banded.low, banded.high) == pytest.approx((cell.low, cell.high), rel=0.03)


def test_no_cell_is_tighter_than_its_model_and_a_spread_widens_it():
    sure, unsure = Study((gold(),)), Study((gold(dose=dose("15 mg/kg")),))
    ranges = {}
    for name, study in (("sure", sure), ("unsure", unsure)):
        nominal = cp.compare(study).select(modality="xray")
        found = propagate(study, samples=200, modalities=["xray"]).comparison.select(modality="xray")
        for cell, banded in zip(nominal, found, strict=True):
            if cell.value is not None:
                assert banded.low <= cell.low <= cell.high <= banded.high
        ranges[name] = {(c.quantity, str(c.conditions)): c.high / c.low for c in found if c.value is not None}
    for key, width in ranges["unsure"].items():
        if key[0] == "margin":
            assert width > ranges["sure"][key] * 1.02
        if key[0] == "c_min":
            assert width == pytest.approx(ranges["sure"][key], rel=0.05)


def test_a_sampled_comparison_carries_its_medians(tmp_path):
    spread = propagate(gold(), samples=64, modalities=["xray"])
    cells = spread.comparison.select("gold", "xray")
    nominal = {(c.quantity, str(c.conditions)): c for c in cp.compare(Study((gold(),))).select("gold", "xray")}
    for cell in cells:
        assert cell.low < cell.median < cell.high
        own = nominal[cell.quantity, str(cell.conditions)]
        assert cell.low <= own.low and cell.high >= own.high  # never tighter than the model
    margin = spread.comparison.verdict("gold", "xray").margin
    assert margin.median == spread.band("gold", "xray").p50
    assert "p5, median and p95" in spread.comparison.legend()
    assert f" - {significant(margin.median)} - " in spread.comparison.table()
    assert ", median " in spread.comparison.explain("gold", "xray")
    spread.comparison.to_csv(tmp_path / "table.csv")
    rows = csv.DictReader((tmp_path / "table.csv").read_text("utf-8").splitlines())
    assert pytest.approx(margin.median) in [float(r["median"]) for r in rows if r["quantity"] == "margin"]
    spread.comparison.report(tmp_path / "report.html")
    assert ", median " in (tmp_path / "report.html").read_text("utf-8")


def test_an_exact_repeat_for_a_seed():
    study = Study((gold(dose=dose()), gold("other")))
    one, two, other = (propagate(study, samples=60, seed=s, modalities=["xray"]) for s in (1, 1, 2))
    assert one.bands == two.bands
    assert np.array_equal(one.drawn, two.drawn, equal_nan=True)
    assert one.bands != other.bands


def test_alternatives_are_branches_and_never_averaged():
    found = propagate(
        gold(), samples=50, modalities=["xray"],
        inputs={"dose": Alternatives("10 mg/kg", "90 mg/kg")}, quantities=["tissue_concentration", "margin"],
    )  # fmt: skip
    tissue = found.band("gold", "dose", "tissue_concentration")
    assert [b[0] for b in tissue.branches] == ["formulation.gold.dose = 10 mg/kg", "formulation.gold.dose = 90 mg/kg"]
    low, high = (b[2] for b in tissue.branches)
    assert high / low == pytest.approx(9)
    assert (tissue.p5, tissue.p95) == pytest.approx((low, high))
    assert not np.any((found.drawn > 1.01 * low) & (found.drawn < 0.99 * high) & (found.columns[0].quantity == "none"))


def test_what_the_caller_states_replaces_what_the_record_says():
    study = Study((gold(dose=dose()),))
    (stated,) = inputs_of(study)
    assert (stated.path, stated.distribution.sd) == ("formulation.gold.dose", 5.0)
    (replaced,) = inputs_of(study, {"gold.dose": ("40 mg/kg", "60 mg/kg")})
    assert replaced.distribution == Uniform(40.0, 60.0)


@pytest.mark.slow
def test_indices_tell_what_to_measure_next():
    wide = propagate(gold(dose=dose("15 mg/kg")), samples=60, modalities=["xray"])
    tight = propagate(gold(dose=dose("0.5 mg/kg")), samples=60, modalities=["xray"])
    chosen = {"formulation": "gold", "modality": "xray", "quantity": "tissue_concentration"}
    with pytest.raises(RecordError, match="did you mean 'gold dose tissue_concentration'"):
        wide.indices(**chosen)
    assert tight.indices("gold", "xray").dominant == "model of xray"
    found = wide.indices("gold", "xray", "margin")
    assert set(found.names) == {"formulation.gold.dose", "model of xray"}
    assert found.total.sum() == pytest.approx(1, abs=0.1)
    assert "margin" in found.of
    first, second = (wide.indices("gold", "xray").total.tolist() for _ in range(2))
    assert first == second


def test_a_tornado_is_drawn():
    import matplotlib.pyplot as plt

    ax = indices(ishigami, {n: Uniform(-3, 3) for n in ("a", "b", "c")}, samples=64).plot()
    assert next(t.get_text() for t in ax.get_yticklabels()) in "abc"
    plt.close(ax.figure)


def test_few_samples_are_flagged():
    cells = propagate(gold(dose=dose()), samples=10, modalities=["xray"]).comparison.cells
    assert any(f.code == "few-samples" for c in cells for f in c.flags)


STUDY = """
[[formulation]]
id = "gold"
kind = "nanoparticle"
core = {{ material = "gold", diameter = {diameter} }}
dose = {{ value = {dose}, basis = "Au" }}
"""


def test_a_file_states_factors_and_alternatives(tmp_path):
    file = tmp_path / "study.toml"
    dose = '{ alternatives = ["10 mg/kg", "90 mg/kg"], source = "two papers" }'
    file.write_text(STUDY.format(diameter='{ value = "10 nm", factor = 1.2 }', dose=dose))
    study = cp.read(file)
    found = {n.path: n.distribution for n in inputs_of(study)}
    assert found["formulation.gold.dose"] == Alternatives(10.0, 90.0)
    assert found["formulation.gold.core.diameter"] == LogNormal(10.0, 1.2)
    assert study.formulations[0].dose.value.number == 10.0
    spread = propagate(study, samples=50, modalities=["xray"], quantities=["margin"])
    assert len(spread.branches) == 2
    low, high = (b[2] for b in spread.band("gold", "xray").branches)
    assert high / low == pytest.approx(9, rel=0.05)
    for diameter, says in (
        ('{ value = "10 nm", factor = 0.5 }', "0.5 is no factor; write a number above 1"),
        ('{ value = "10 nm", factor = 1.5, sd = "1 nm" }', "several kinds of spread"),
        ('{ alternatives = ["10 nm"] }', "no list of two or more"),
        ('{ alternatives = ["10 nm", "3 kg"] }', "nm"),
    ):
        file.write_text(STUDY.format(diameter=diameter, dose='"10 mg/kg"'))
        with pytest.raises(RecordError, match=says):
            cp.read(file)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"samples": 0}, ValueError, "whole number of 1 or more"),
        ({"inputs": {"dosis": Normal("1 mg/kg", "1 mg/kg")}}, RecordError, "no parameter"),
        ({"inputs": {"dose": 5.0}}, RecordError, "no distribution"),
        ({"inputs": {"dose": Normal("5 nm", "1 nm")}}, UnitError, "mg/kg"),
        ({"inputs": {"core.shape": Uniform(0, 1)}}, RecordError, "no number"),
        ({"method": "mcmc"}, ValueError, "unknown method"),
        ({"inputs": {"dose": Alternatives(*(f"{i + 1} mg/kg" for i in range(70)))}}, RecordError, "70 branches"),
    ],
)
def test_bad_input(options, error, says):
    with pytest.raises(error, match=says):
        propagate(gold(dose=dose()), modalities=["xray"], **options)


# ------------------------------------------------------------------------------------------------ ranking


def margin(name, modality, value):
    return Cell(name, modality, "margin", {}, value, "1", value / 2, value * 2)


def test_probability_of_rank_one_is_the_share_of_samples():
    made = tuple(gold(name) for name in "abc")
    cells = tuple(margin(n, "xray", v) for n, v in (("a", 3.0), ("b", 2.0), ("c", 1.0)))
    samples = {"a": {"xray": np.array([3.0, 3, 1, 3])}, "b": {"xray": np.array([2.0, 4, 2, 2])},
               "c": {"xray": np.array([1.0, 1, 1, 1])}}  # fmt: skip
    ranked = Comparison(Study(made), cells).rank(samples)
    assert {e["id"]: e["first"] for e in ranked} == {"a": 0.5, "b": 0.5, "c": 0.0}
    assert sum(e["first"] for e in ranked) == 1
    assert [e["id"] for e in ranked] == ["a", "b", "c"]


def test_a_front_of_two_modalities_and_a_hard_limit():
    limited = gold("limited", limits={"maximum_dose": {"value": "5 mg/kg", "basis": "Au"}})
    made = (gold("a"), gold("b"), limited)
    cells = tuple(margin(f.id, m, 1.0) for f in made for m in ("xray", "photoacoustic"))
    samples = {
        "a": {"xray": np.array([4.0, 4.0]), "photoacoustic": np.array([1.0, 3.0])},
        "b": {"xray": np.array([2.0, 2.0]), "photoacoustic": np.array([2.0, 2.0])},
        "limited": {"xray": np.array([9.0, 9.0]), "photoacoustic": np.array([9.0, 9.0])},
    }
    ranked = {e["id"]: e for e in Comparison(Study(made), cells).rank(samples)}
    assert (ranked["a"]["on_front"], ranked["b"]["on_front"], ranked["limited"]["on_front"]) == (1.0, 0.5, 0.0)
    assert (ranked["a"]["first"], ranked["b"]["first"], ranked["limited"]["first"]) == (0.5, 0.5, 0.0)


def test_ranking_of_a_propagation():
    better = gold("better", dose={"value": "100 mg/kg", "basis": "Au"})
    found = propagate(Study((gold(), better)), samples=300, modalities=["xray"], quantities=["margin"])
    shares = {e["id"]: e["first"] for e in found.rank()}
    assert shares["gold"] + shares["better"] == pytest.approx(1)
    own = next(c for c in cp.compare(Study((gold(),))).select(modality="xray", quantity="margin"))
    sigma = math.log(own.high / own.low) / (2 * P95)
    expected = 0.5 * math.erfc(-math.log(2) / sigma / 2)  # two errors of that width against a factor of two
    assert shares["better"] == pytest.approx(expected, abs=0.06)


def test_cost_and_mechanical_index_are_hard_limits():
    price = {"price_per_gram": {"value": 100.0, "source": "a quote"}, "currency": "EUR"}
    dear = gold("dear", limits={**price, "maximum_cost": {"value": 300.0, "source": "the budget"}})
    cheap = gold("cheap", limits={**price, "maximum_cost": {"value": 400.0, "source": "the budget"}})
    ranked = {e["id"]: e["exceeds"] for e in Comparison(Study((dear, cheap)), ()).rank()}
    assert ranked == {"dear": "cost of a dose 350 EUR above 300", "cheap": ""}  # 50 mg/kg x 70 kg x 100 a gram
    gas = {"species": "SF6", "diameter": "2.5 um"}
    bubble = cp.Formulation(id="bubble", kind="bubble", gas=gas, limits={"mechanical_index": {"value": 0.1}})
    loud = cp.ultrasound.Protocol(frequency="1 MHz", pressure_amplitude="200 kPa")
    (entry,) = Comparison(Study((bubble,), protocols={"ultrasound": loud}), ()).rank()
    assert entry["exceeds"] == "mechanical index 0.2 above the limit 0.1"
