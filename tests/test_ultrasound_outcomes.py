"""Thresholds and lifetimes of agents: against closed forms, other codes' numbers and what was measured."""

import math

import pytest

from contrastphys.formulation import load
from contrastphys.provenance import Refusal
from contrastphys.ultrasound import (
    Bubble,
    Free,
    Gas,
    Liquid,
    Marmottant,
    Monodisperse,
    Population,
    Pulse,
    blake_threshold,
    cross_sections,
)
from contrastphys.ultrasound.outcomes import extinction, gas_half_life, lifetime, linear_limit, signal_threshold
from contrastphys.units import Q
from contrastphys.validation import NOT_ASKED, OUTSIDE, USED, WITHIN, validate

WATER = Liquid()


@pytest.fixture(scope="module")
def judged():
    return validate("ultrasound")


@pytest.mark.parametrize("frequency", [2.5, 5.0, 8.0])
@pytest.mark.parametrize(
    ("radius", "shell"), [(2e-6, Free()), (1.5e-6, Marmottant("0.5 N/m", "5e-9 kg/s", "0.02 N/m"))]
)
def test_extinction_of_small_motion_is_the_linear_one(radius, shell, frequency):
    cloud = Population.bare(Monodisperse.bare(radius), 1.0, Gas(), shell, WATER, 1.4)
    found = extinction(cloud, Pulse.bare(frequency * 1e6, 500.0, 100.0), tolerance=1e-9)
    linear = cross_sections(Bubble.bare(radius, Gas(), shell, 1.4), Q(frequency, "MHz"), WATER).extinction.magnitude
    assert found == pytest.approx(linear, rel=3e-5)


def test_a_nanobubble_without_a_known_shell_wakes_near_its_blake_threshold():
    found = signal_threshold(load("nanobubble-c3f8"))
    blake = blake_threshold("0.1 um").to("MPa").magnitude
    assert found.number == pytest.approx(blake, rel=0.1)
    assert (found.low, found.high) == pytest.approx((found.number / 4, found.number * 4))
    assert {"nanobubble", "awake", "no-shell"} <= {f.code for f in found.flags}


def test_a_microbubble_wakes_at_less_than_a_nanobubble():
    assert signal_threshold(load("definity")).number < 0.5 * signal_threshold(load("nanobubble-c3f8")).number


def test_the_attenuation_leaves_its_linear_value_within_the_band():
    found = linear_limit(load("definity"))
    assert found.low < found.number < found.high
    assert found.low < 0.26 < found.high  # measured


def test_the_lifetime_of_a_lipid_bubble_is_that_of_another_code():
    assert lifetime(2.5, 0.025) / 60 == pytest.approx(42, rel=0.02)  # K. Sarkar et al. (2009)


def test_half_of_the_gas_of_one_size_leaves_before_the_bubble_is_gone():
    found = gas_half_life(load("definity"))
    assert found.low == pytest.approx(found.number / 3)
    assert found.number > 5 * 1.3  # slower than the blood is cleared: diffusion is not what clears it
    assert "clearance" in [f.code for f in found.flags]
    with pytest.raises(Refusal, match="the permeability of a shell of albumin is not known: lipid"):
        gas_half_life(load("optison"), shell="albumin")


def test_every_outcome_has_a_verdict_or_a_reason(judged):
    rows = {}
    for row in judged.rows:
        rows.setdefault(row.published.quantity, []).append(row)
    assert [row.verdict for row in rows["signal_threshold"]] == [WITHIN] * 3
    assert [row.verdict for row in rows["attenuation_linear_below"]] == [WITHIN]
    lives = {(row.published.agent, row.published.number): row for row in rows["blood_half_life"]}
    assert {row.verdict for row in lives.values() if row.published.agent != "Optison"} == {OUTSIDE}
    assert lives["Definity", 1.9].ratio > 3 and lives["SonoVue", 12].ratio < 1 / 3  # lungs clear one, hold the other
    assert "albumin is not known" in lives["Optison", 1.3].reason
    for quantity in ("postexcitation_growth", "nanobubble_cavitation", "lifetime_computed"):
        assert {row.verdict for row in rows[quantity]} == {USED}
        assert all(row.reason for row in rows[quantity])
    for quantity in ("subharmonic_onset", "contrast_to_tissue", "inertial_threshold", "cloud_resonance",
                     "attenuation_peak_isolated"):  # fmt: skip
        assert {row.verdict for row in rows[quantity]} == {NOT_ASKED}


def test_fitted_shells_and_sizes_are_never_evidence(judged):
    shells = [row for row in judged.rows if row.published.group == "sizes and shell parameters"]
    assert len(shells) > 60
    assert not any(row.scored for row in shells)


def test_fewer_than_five_verified_rows_validate_nothing(judged):
    for group in judged.groups:
        count = group.shown["verified"].n
        assert (count >= 5) == group.validated
        if count < 5:
            assert group.standing.startswith("not validated")


def test_a_peak_that_disagrees_says_what_it_hangs_on(judged):
    from contrastphys.validation import described

    row = next(r for r in judged.rows if r.published.quantity == "attenuation_peak" and r.published.agent == "Definity")
    assert row.verdict == OUTSIDE and row.published.status == "unverified"
    words = described(row)
    assert "rare large bubbles" in words and "(mean diameter 1.1 um)" in words
    assert words in judged.to_markdown()
    assert not math.isnan(row.ratio)
