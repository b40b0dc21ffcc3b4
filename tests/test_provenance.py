"""Value, Flag and Cell, and the one place where measured, scaled, computed or assumed is chosen."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contrastphys.provenance import Cell, Flag, Refusal, Value, choose, merge_flags

RELAXIVITY = "1/(mM*s)"


# ------------------------------------------------------------------------------------------------- Value


def test_a_value_is_a_finite_number():
    assert Value(np.float64(3), "mM").number == 3.0
    assert type(Value(3, "mM").number) is float
    for wrong in (None, "3", [1.0], np.array([1.0, 2.0])):
        with pytest.raises(TypeError, match="number of a value is one number"):
            Value(wrong, "mM")
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(Refusal, match="the model gives no number here"):
            Value(wrong, "mM")
        with pytest.raises(Refusal):
            Value(1.0, "mM", high=wrong)


def test_a_value_keeps_its_order_and_its_words():
    with pytest.raises(ValueError, match="low 5 is above high 1 mM"):
        Value(3.0, "mM", low=5, high=1)
    with pytest.raises(ValueError, match="'Z' is no letter of origin"):
        Value(3.0, "mM", letter="Z")
    with pytest.raises(ValueError, match="'checked' no status"):
        Value(3.0, "mM", status="checked")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Value(3.0, "1"), "3"),
        (Value(3.0, ""), "3"),
        (Value(3.25, "mM"), "3.25 mM"),
        (Value(3.0, "mM", sd=0.2), "3 +- 0.2 mM"),
        (Value(3.0, "mM", low=1, high=5), "3 (1 to 5) mM"),
        (Value(3.0, "mM", sd=0.2, low=1, high=5), "3 +- 0.2 (1 to 5) mM"),
    ],
)
def test_a_value_reads_as_a_chemist_writes_it(value, text):
    assert str(value) == text


@pytest.mark.parametrize(
    ("value", "bounds"),
    [
        (Value(3.0, "mM"), (3, 3)),
        (Value(3.0, "mM", sd=0.5), (2, 4)),
        (Value(3.0, "mM", low=1, high=7), (1, 7)),
        (Value(3.0, "mM", sd=0.5, low=1, high=7), (1, 7)),
        (Value(3.0, "mM", low=1), (1, 3)),
        (Value(3.0, "mM", sd=0.5, high=7), (2, 7)),
    ],
)
def test_bounds_are_as_wide_as_known(value, bounds):
    assert value.bounds() == bounds


def test_errors_by_share_and_by_factor():
    assert Value(10.0, "mM").with_error(0.2).bounds() == (8, 12)
    assert Value(10.0, "mM").with_error(factor=2).bounds() == (5, 20)
    assert Value(10.0, "mM").with_error(factor=0.5).bounds() == (5, 20)
    assert Value(-10.0, "mM").with_error(0.2).bounds() == (-12, -8)
    assert Value(-10.0, "mM").with_error(factor=2).bounds() == (-20, -5)
    for factor in (0, -2):
        with pytest.raises(ValueError, match="it must be above 0"):
            Value(10.0, "mM").with_error(factor=factor)


@pytest.mark.parametrize("unit", ["", "1", "mM", RELAXIVITY, "HU*mL/mg", "dB/cm", "degC", "mL/kg"])
def test_a_value_is_a_quantity(unit):
    quantity = Value(3.0, unit).quantity
    assert quantity.magnitude == 3
    assert (quantity * 1).units == quantity.units if unit != "degC" else True


def test_values_cross_to_other_processes():
    value = Value(3.0, "mM", sd=0.1, flags=(Flag("x", "y"),), source="doi:1")
    assert pickle.loads(pickle.dumps(value)) == value
    refusal = pickle.loads(pickle.dumps(Refusal("no-spectrum", "give a spectrum")))
    assert refusal.flag == Flag("no-spectrum", "give a spectrum", "refuse")
    assert str(refusal) == "give a spectrum"


def test_flags_come_once_in_the_order_raised():
    one, two = Flag("a", "first"), Flag("b", "second")
    assert merge_flags((two, one), (one,), (), (two,)) == (two, one)
    assert Value(1.0, "1", flags=(one,)).with_flags(two, one).flags == (one, two)
    assert Value(1.0, "1").with_(number=2.0).number == 2


# ------------------------------------------------------------------------------------------------ choose

MEASURED, SCALED = Value(3.3, RELAXIVITY, sd=0.1, source="paper"), Value(3.2, RELAXIVITY)
COMPUTED, ASSUMED = Value(3.4, RELAXIVITY).with_error(0.2), Value(4.0, RELAXIVITY)


@pytest.mark.parametrize(
    ("given", "letter", "number"),
    [
        ({"measured": MEASURED, "scaled": SCALED, "computed": COMPUTED, "assumed": ASSUMED}, "M", 3.3),
        ({"scaled": SCALED, "computed": COMPUTED, "assumed": ASSUMED}, "S", 3.2),
        ({"computed": COMPUTED, "assumed": ASSUMED}, "C", 3.4),
        ({"assumed": ASSUMED}, "A", 4.0),
    ],
)
def test_measured_beats_scaled_beats_computed_beats_assumed(given, letter, number):
    chosen = choose(**given)
    assert (chosen.letter, chosen.number, chosen.flags) == (letter, number, ())
    assert chosen.source == next(iter(given.values())).source


def test_nothing_to_choose_from_is_a_refusal():
    with pytest.raises(Refusal, match="neither a measured value nor a model answers") as refused:
        choose()
    assert refused.value.flag.severity == "refuse"


def test_a_model_that_disagrees_is_shown_beside_the_measurement():
    chosen = choose(measured=MEASURED, computed=Value(9.0, RELAXIVITY).with_error(0.2))
    assert chosen.number == 3.3
    assert [tuple(flag) for flag in chosen.flags] == [("disagrees", "model gives 9, measured is 3.3 1/(mM*s)", "warn")]
    scaled = choose(scaled=SCALED, computed=Value(9.0, RELAXIVITY))
    assert scaled.flags[0].message == "model gives 9, scaled from measured is 3.2 1/(mM*s)"
    assert choose(computed=COMPUTED, assumed=Value(99.0, RELAXIVITY)).flags == ()


def test_a_model_in_another_unit_is_compared_all_the_same():
    same = Value(3300.0, "1/(M*s)").with_error(0.1)
    assert choose(measured=MEASURED, computed=same).flags == ()
    other = Value(9000.0, "1/(M*s)").with_error(0.1)
    assert choose(measured=MEASURED, computed=other).flags[0].message == "model gives 9, measured is 3.3 1/(mM*s)"


@given(
    st.floats(-1e6, 1e6),
    st.floats(0, 1e3),
    st.floats(-1e6, 1e6),
    st.floats(0, 1),
    st.sampled_from(["measured", "scaled"]),
)
def test_disagreement_is_bands_that_do_not_meet(number, sd, model, share, origin):
    ours, theirs = Value(number, "mM", sd=sd), Value(model, "mM").with_error(share)
    apart = ours.bounds()[1] < theirs.bounds()[0] or theirs.bounds()[1] < ours.bounds()[0]
    assert bool(choose(**{origin: ours}, computed=theirs).flags) == apart


# -------------------------------------------------------------------------------------------------- Cell


def test_a_cell_shows_a_value_with_its_band_and_origin():
    value = Value(3.0, RELAXIVITY, sd=0.1, source="doi:1", status="verified", letter="M", flags=(Flag("a", "b"),))
    conditions = {"field": "3 T"}
    cell = Cell.of("gadoterate", "mri", "r1", conditions, value)
    conditions["field"] = "changed afterwards"
    assert cell.record() == {
        "formulation": "gadoterate",
        "modality": "mri",
        "quantity": "r1",
        "conditions": {"field": "3 T"},
        "value": 3.0,
        "unit": RELAXIVITY,
        "low": 2.8,
        "high": 3.2,
        "median": None,
        "provenance": "M",
        "status": "verified",
        "source": "doi:1",
        "flags": [{"code": "a", "message": "b", "severity": "warn"}],
    }
    assert json.loads(json.dumps(cell.record()))["value"] == 3.0
    assert cell.refusal == ""


def test_a_cell_without_a_value_says_why():
    cell = Cell.refused("gold", "mri", "r1", {}, Refusal("no-metal", "gold is not magnetic"), RELAXIVITY)
    assert (cell.value, cell.unit, cell.refusal) == (None, RELAXIVITY, "gold is not magnetic")
    with pytest.raises(ValueError, match="r1 of gold has neither a value nor a reason"):
        Cell("gold", "mri", "r1", {}, None, RELAXIVITY)
