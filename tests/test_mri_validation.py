"""The scores of the models against published values, held to what is asked of them."""

import numpy as np
import pytest

from contrastphys.mri import validation


@pytest.fixture(scope="module")
def scores():
    return {(s.group, s.quantity): s for s in validation.score()}


@pytest.mark.parametrize(
    ("group", "quantity", "least"),
    [
        ("chelates, water, 1.5 T and above", "r1", 21),
        ("chelates, water, 1.5 T and above", "r2", 21),
        ("chelates, water, 0.47 T", "r1", 7),
        ("chelates, plasma", "r1", 30),
        ("chelates, plasma, set at 1.5 T", "r1", 15),
        ("iron oxide, 4.5 to 25 nm", "r1", 95),
        ("iron oxide, 4.5 to 25 nm", "r2", 160),
        ("iron oxide, below 4.5 nm", "r1", 30),
        ("lanthanide particles", "r2", 10),
    ],
)
def test_class_holds_its_limit(scores, group, quantity, least):
    found = scores[group, quantity]
    assert found.rows >= least
    assert found.reached, found


def test_whole_blood_misses_its_limit_with_the_rows_at_7_t(scores):
    """Eight agents at 7 T in the study that is met at 1.5 and 3 T; studies of one agent differ by as much."""
    found = scores["chelates, blood", "r1"]
    assert found.rows >= 30 and 0.15 < found.mean_error < 0.16 and not found.reached


def test_standing_counts_verified_rows(scores):
    assert scores["chelates, plasma", "r1"].standing == "validated"
    water = scores["chelates, water, 1.5 T and above", "r2"]
    assert water.reached and water.standing == "not validated (0 verified rows)"
    missed = scores["chelates, blood, set at 1.5 T", "r1"]
    assert not missed.reached and missed.standing == "outside its limit"


def test_fitted_sets_are_not_scored():
    assert not {p.agent for p in validation.points()} & set(validation.FITTED)


def test_small_cores_come_out_low_and_spread_is_what_is_missing(scores):
    """A log-normal width of 0.15, usual and not fitted, brings r2 of every size class nearer."""
    wide = {(s.group, s.quantity): s for s in validation.score(validation.iron_points(0.15))}
    for group in ("below 4.5 nm", "4.5 to 8 nm", "8 to 14 nm", "14 to 25 nm"):
        key = (f"iron oxide, {group}", "r2")
        assert scores[key].bias < 1
        assert wide[key].median_factor < scores[key].median_factor


def test_no_row_is_counted_twice():
    rows = validation.published_rows()
    keys = [(r["agent"].lower(), r["medium"], str(r["field"]), str(r["r1"]), str(r["r2"]), r["core"]) for r in rows]
    assert len(set(map(str, keys))) == len(keys)
    assert 400 < len(rows) <= 573


def test_studies_differ_as_much_as_models_do():
    spread = validation.spread_between_studies()
    assert len(spread) > 15 and 0.05 < np.mean(list(spread.values())) < 0.12


def test_show_writes_every_class(scores):
    lines = []
    validation.show(scores.values(), lines.append)
    assert len(lines) == len(scores) + 1 and "not validated" in "\n".join(lines)
