"""From a target to a formulation: every branch, the nearest miss, optima and fronts, against brute-force scans."""

import math

import numpy as np
import pytest

import contrastphys as cp
from contrastphys.design import solve
from contrastphys.measures import demand, evaluate, measure
from contrastphys.mistakes import RecordError
from contrastphys.optimising import optimise
from contrastphys.parameters import changed
from contrastphys.provenance import Refusal
from contrastphys.study import Study, study_of
from contrastphys.units import Q, UnitError


def ends(solution):
    return [(b.low.magnitude, b.high.magnitude) for b in solution.branches]


# ------------------------------------------------------------------------------------------- branches


def test_every_branch_of_a_wave_is_found():
    found = solve(np.sin, "x", (0, 20), "> 0.5")
    expected = [(math.pi / 6 + 2 * math.pi * k, 5 * math.pi / 6 + 2 * math.pi * k) for k in range(3)]
    last = math.pi / 6 + 6 * math.pi
    assert np.allclose(ends(found), [*expected, (last, 20)], rtol=1e-8)
    exact = solve(np.sin, "x", (0, 20), "= 0.5")
    assert np.allclose(sorted(x for x, _ in ends(exact)), [*np.ravel(expected), last], rtol=1e-8)


def test_two_crossings_between_two_points_of_the_scan_are_found():
    def narrow(x):
        return math.exp(-(((x - 5.031) / 0.03) ** 2)) + 0.01 * x

    found = solve(narrow, "x", (0, 10), "> 0.8", points=65)
    assert len(found.branches) == 1
    low, high = ends(found)[0]
    scan = np.linspace(4.9, 5.2, 300_001)
    inside = scan[[narrow(x) > 0.8 for x in scan]]
    assert (low, high) == pytest.approx((inside[0], inside[-1]), abs=2e-6)


def test_a_touching_extremum_is_a_solution_and_a_jump_is_none():
    touch = solve(lambda x: (x - 3.3) ** 2 + 2.0, "x", (0, 10), "= 2")
    assert [x for x, _ in ends(touch)] == pytest.approx([3.3], abs=1e-3)
    jump = solve(lambda x: 1.0 if x < 4.2 else 3.0, "x", (0, 10), "= 2")
    assert not jump
    step = solve(lambda x: 1.0 if x < 4.2 else 3.0, "x", (0, 10), "> 2")
    assert ends(step)[0] == pytest.approx((4.2, 10), rel=1e-7)


def test_ends_are_those_of_the_demand_that_limits():
    found = solve(lambda x: {"a": x, "b": x**2}, "x", (0, 10), {"a": "> 2", "b": "< 49"})
    (branch,) = found.branches
    assert (branch.low.magnitude, branch.high.magnitude) == pytest.approx((2, 7))
    assert (branch.low_limit, branch.high_limit) == ("a > 2", "b < 49")
    assert (branch.low_sensitivity, branch.high_sensitivity) == pytest.approx((1, 2), rel=1e-5)
    assert "b < 49" in str(found)


def test_no_solution_names_the_nearest_miss():
    found = solve(lambda x: math.exp(-((x - 4) ** 2)), "x", (0, 10), "> 2")
    assert not found
    assert found.nearest.magnitude == pytest.approx(4, abs=1e-3)
    assert "asked value > 2" in found.misses
    assert "no solution; nearest at 4" in str(found)


def test_where_a_model_gives_no_number_is_left_out_and_told():
    def partly(x):
        if x < 3:
            raise Refusal("small", "core below 3: no model")
        return x

    found = solve(partly, "x", (0, 10), "< 5")
    assert ends(found)[0] == pytest.approx((3, 5), abs=1e-6)
    assert found.branches[0].low_limit == "no number beyond"
    assert "core below 3" in str(found)

    def never(x):
        raise Refusal("never", "no table")

    with pytest.raises(Refusal, match="no model answers anywhere in the range: no table"):
        solve(never, "x", (0, 10), "< 5")


def test_quantities_go_in_and_come_out():
    found = solve(lambda r: 4 / 3 * math.pi * r**3, "radius", ("1 um", "10 um"), {"volume": "= 100 um^3"})
    (branch,) = found.branches
    assert branch.low.to("nm").magnitude == pytest.approx((300 / 4 / math.pi) ** (1 / 3) * 1e3, rel=1e-6)
    assert branch.low_sensitivity == pytest.approx(3, rel=1e-4)


@pytest.mark.parametrize(
    ("between", "require", "error", "says"),
    [
        ((0, 10), None, RecordError, "nothing is asked"),
        ((0, 10), {}, RecordError, "nothing is asked"),
        ((10, 0), "> 1", RecordError, "is no range"),
        ((1, math.inf), "> 1", RecordError, "is no range"),
        (5, "> 1", RecordError, "between is no range"),
        ((0, 10), {"value": ["> 5", "< 3"]}, RecordError, "contradictory: value > 5 and value < 3"),
        ((0, 10), "9 to 3", RecordError, "holds no number"),
        ((0, 10), "> 5 nm", UnitError, "value"),
        ((0, 10), "> nan", Exception, "value|number"),
    ],
)
def test_bad_questions(between, require, error, says):
    with pytest.raises(error, match=says):
        solve(lambda x: x, "x", between, require)


# ------------------------------------------------------------------------------------- numbers by name


def gold(**changes):
    made = {"cores": {"material": "gold", "diameter": "10 nm"}, "dose": {"value": "50 mg/kg", "basis": "Au"}}
    return cp.Formulation(id="gold", kind="nanoparticle", **{**made, **changes})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("r2", "cannot read 'r2'"),
        ("mr.r2 at 3 T", "did you mean 'mri'"),
        ("mri.r2 at 3 m", "is no condition of it"),
        ("silver: mri.r2 at 3 T", "no formulation 'silver'"),
        ("mri.r2/mri.r1/mri.r1 at 3 T", "3 parts"),
    ],
)
def test_names_that_mean_nothing_are_told(text, says):
    study = study_of("gadoterate")
    with pytest.raises(RecordError, match=says):
        evaluate(study, measure(study, text))


def test_a_number_by_name_is_the_number_of_the_room():
    study = study_of("gadoterate")
    r1, unit = evaluate(study, measure(study, "mri.r1 at 3 T, 37 degC, in water"))
    own = cp.mri.predict(cp.load("gadoterate"), "r1", {"field": 3.0, "temperature": 310.15, "medium": "water"})
    assert (r1, unit) == (own.number, "1/(mM*s)")
    both = Study((gold(), cp.load("gadoterate")))
    with pytest.raises(RecordError, match="of which formulation"):
        measure(both, "mri.r1 at 3 T")
    slope, _ = evaluate(both, measure(both, "gold: xray.enhancement_per_mass at 120 kV"))
    assert slope == pytest.approx(cp.xray.predict(gold(), "enhancement_per_mass", {"kvp": 120.0}).number, rel=0.05)


def test_a_limit_per_particle_is_that_per_atom_over_its_atoms():
    study = Study((gold(),))
    atoms = gold().atoms("Au")
    per_atom, _ = evaluate(study, measure(study, "xray.c_min at 120 kV"))
    per_particle, _ = evaluate(study, measure(study, "xray.c_min per particle at 120 kV"))
    assert per_atom / per_particle == pytest.approx(atoms)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("> 5 nm", 5, math.inf), ("< 0.005 um", -math.inf, 5), ("= 5 nm", 5, 5), ("5 nm", 5, 5),
        (">=5 nm", 5, math.inf),
        ("5 nm to 7 nm", 5, 7), ("5 to 7 nm", 5, 7), (("5 nm", None), 5, math.inf), ((None, "7 nm"), -math.inf, 7),
        (Q(5, "nm"), 5, 5),
    ],
)  # fmt: skip
def test_demands_are_read(text, low, high):
    found = demand("x", text, "nm")
    assert (found.low, found.high) == pytest.approx((low, high))


def test_a_dose_for_a_margin_against_a_scan():
    study = Study((gold(),))
    found = solve(study, "dose", ("1 mg/kg", "2000 mg/kg"), {"xray.margin at 120 kV": "> 1"})
    (branch,) = found.branches
    margin = cp.compare(study).verdict("gold", "xray")
    assert margin is not None
    at = changed(study, {"dose": branch.low})
    value, _ = evaluate(at, measure(at, "xray.margin at 120 kV"))
    assert value == pytest.approx(1, rel=1e-6)
    assert branch.low_sensitivity == pytest.approx(1, rel=1e-3)


# ------------------------------------------------------------------------------------------- optima


def test_one_parameter_against_a_brute_force_scan():
    def f(x):
        return math.sin(5 * x) - 0.3 * x

    found = optimise(f, {"x": (0.0, 4.0)}, maximise="f")
    scan = np.linspace(0, 4, 400_001)
    best = scan[np.argmax(np.sin(5 * scan) - 0.3 * scan)]
    assert found.best.parameters["x"].magnitude == pytest.approx(best, abs=2e-5)
    assert found.best.limited_by == ()
    edge = optimise(lambda x: x**2, {"x": ("1 m", "3 m")}, maximise="f")
    assert edge.best.parameters["x"].magnitude == pytest.approx(3, rel=1e-6)
    assert "x at its bound 3 m" in edge.best.limited_by[0]


def test_a_demand_limits_one_parameter():
    found = optimise(lambda x: {"f": x, "g": x**2}, {"x": (0.0, 4.0)}, maximise="f", require={"g": "< 2"})
    assert found.best.parameters["x"].magnitude == pytest.approx(math.sqrt(2), rel=1e-6)
    assert found.best.limited_by == ("g < 2",)
    assert found


def test_several_parameters_with_a_demand_repeat_for_a_seed():
    def of(x, y):
        return {"f": -((x - 3) ** 2) - (y - 2) ** 2, "sum": x + y}

    one, two = (
        optimise(of, {"x": (0, 5), "y": (0, 5)}, maximise="f", require={"sum": "< 4"}, seed=3) for _ in range(2)
    )
    assert one.best == two.best
    assert [one.best.parameters[n].magnitude for n in "xy"] == pytest.approx([2.5, 1.5], abs=2e-3)
    assert "sum < 4" in one.best.limited_by


def test_a_front_against_its_closed_form():
    """Schaffer's pair: x^2 and (x - 2)^2; the front is 0 <= x <= 2, f2 = (sqrt(f1) - 2)^2."""
    found = optimise(lambda x: {"f": x**2, "g": (x - 2) ** 2}, {"x": (-5.0, 5.0)}, minimise=["f", "g"], budget=2000)
    f, g = (np.array([o.values[n].magnitude for o in found.front]) for n in ("f", "g"))
    assert len(found.front) > 20
    assert np.allclose(g, (np.sqrt(f) - 2) ** 2, atol=1e-6)
    assert (f.min(), f.max()) == pytest.approx((0, 4), abs=0.05)
    assert np.diff(f).max() < 0.6


def test_a_front_in_two_dimensions_with_a_demand():
    """Binh and Korn: closed front on x = y up to (3, 3), then y = 3."""

    def of(x, y):
        return {"f": 4 * x**2 + 4 * y**2, "g": (x - 5) ** 2 + (y - 5) ** 2, "c": (x - 5) ** 2 + y**2}

    found = optimise(of, {"x": (0, 5), "y": (0, 3)}, minimise=["f", "g"], require={"c": "< 25"}, budget=6000)
    for o in found.front:
        f, g, c = (o.values[n].magnitude for n in "fgc")
        x = math.sqrt(f / 8) if f <= 72 else math.sqrt(f / 4 - 9)
        exact = 2 * (5 - x) ** 2 if f <= 72 else (5 - x) ** 2 + 4
        assert exact - 1e-9 <= g <= exact + 0.02 * 50
        assert c <= 25 + 1e-9
    assert {found.front[0].feasible, bool(found)} == {True}


def test_what_cannot_be_met_shows_the_nearest():
    found = optimise(lambda x: {"f": x, "g": x}, {"x": (0.0, 4.0)}, maximise="f", require={"g": "> 9"})
    assert not found
    assert "g is 4, asked g > 9" in found.best.misses
    assert "no point meets every demand" in str(found)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "0 objectives"),
        ({"maximise": ["a", "b", "c", "d"]}, "4 objectives"),
        ({"maximise": "a", "vary": {}}, "nothing is varied"),
        ({"maximise": "a", "vary": {"x": (3, 1)}}, "is no range"),
        ({"maximise": "a", "budget": 0}, "budget is 0"),
        ({"maximise": "a", "require": {"a": ["> 3", "< 1"]}}, "contradictory"),
    ],
)
def test_bad_problems(options, says):
    given = {"vary": {"x": (0, 1)}, **options}
    with pytest.raises(ValueError, match=says):
        optimise(lambda x: dict.fromkeys("abcd", x), **given)


def test_a_study_is_optimised_by_its_paths():
    iron = cp.Formulation(id="iron", kind="nanoparticle", cores={"material": "magnetite", "diameter": "8 nm"})
    found = optimise(iron, {"protocol.mri.field": ("0.01 T", "7 T")}, maximise="mri.r1")
    fields = np.geomspace(0.01, 7, 400)
    scan = [cp.mri.predict(iron, "r1", {"field": float(b), "medium": "plasma"}).number for b in fields]
    assert found.best.values["mri.r1"].magnitude >= max(scan) * 0.99999
    assert found.best.parameters["protocol.mri.field"].magnitude == pytest.approx(fields[np.argmax(scan)], rel=0.03)
