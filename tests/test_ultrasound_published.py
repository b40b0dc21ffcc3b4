"""Predictions against published outcomes, as far as they decide anything, and the tables themselves."""

import math

import pytest

from contrastphys import records
from contrastphys.formulation import load
from contrastphys.provenance import STATUSES
from contrastphys.ultrasound import (
    Bubble,
    Free,
    Gas,
    Liquid,
    Marmottant,
    blake_threshold,
    inertial_threshold,
    vaporisation_threshold,
)
from contrastphys.ultrasound.agents import predict
from contrastphys.units import Q

ROWS = records.table("published/us_measured.csv").rows()


def rows(quantity):
    return [row for row in ROWS if row["quantity"] == quantity]


@pytest.mark.parametrize("name", ["us_measured", "us_shells"])
def test_every_row_has_a_source_and_a_status(name):
    for row in records.table(f"published/{name}.csv").rows():
        assert row["source"]
        assert row["status"] in STATUSES
        known = [row[key] for key in ("value", "low", "high") if math.isfinite(row[key])]
        assert known or "exp(" in row["conditions"]
        assert known == sorted(known) or row["low"] <= row["value"] <= row["high"]


@pytest.mark.parametrize("row", rows("vaporisation_threshold"), ids=lambda r: f"{r['agent']}-{r['frequency']}")
def test_measured_droplet_thresholds_lie_between_the_pictures(row):
    size = row["largest"] if math.isfinite(row["largest"]) else 2.0
    found = vaporisation_threshold("C5F12", Q(row["frequency"], "MHz"), Q(size, "um"), Q(row["temperature"], "K"))
    measured = row["value"] if math.isfinite(row["value"]) else row["low"]
    assert found.laplace.to("MPa").magnitude < measured < found.nucleation.to("MPa").magnitude


def test_perfluorohexane_stays_liquid_where_none_was_seen_to_boil():
    row = rows("vaporisation_not_reached")[0]
    found = vaporisation_threshold("C6F14", Q(row["frequency"], "MHz"), Q(row["largest"], "um"))
    assert found.focused.to("MPa").magnitude > row["value"]


def wakes(radius, shell):
    """Pressure at which a bubble first grows by half at 2.25 MHz [MPa]."""
    gas = Gas.bare("C3F8", 1.0635, 0.0132, 813.7, 0.188)
    bubble = Bubble.bare(radius, gas, shell, 1.07)
    found = inertial_threshold("2.25 MHz", Liquid(), bubble, "growth", 1.5, 6.0)
    return found.pressure.to("MPa").magnitude


@pytest.mark.parametrize("radius", [1e-7, 2e-7])
def test_a_free_nanobubble_wakes_at_its_blake_threshold(radius):
    assert wakes(radius, Free.bare()) == pytest.approx(blake_threshold.bare(radius) / 1e6, rel=0.03)


def test_nanobubble_thresholds_need_larger_bubbles_than_the_mean():
    """Stiffer shells wake later, as seen; but at the mean radius of 100 nm the model asks for more pressure."""
    soft, stiff = (wakes(1e-7, Marmottant.bare(chi, 1e-9, 0.0)) for chi in (0.2, 1.0))
    highest = max(row["high"] for row in rows("signal_threshold"))
    assert highest < soft < stiff
    assert wakes(4e-7, Marmottant.bare(0.2, 1e-9, 0.0)) < highest  # the tail of the sizes explains them


@pytest.mark.parametrize(
    ("agent", "name"),
    [("Optison", "optison"), ("SonoVue", "sonovue"), ("Sonazoid", "sonazoid"), ("Definity", "definity")],
)
def test_attenuation_peaks_are_within_a_factor_of_the_quoted_ones(agent, name):
    quoted = next(row for row in rows("attenuation_peak") if row["agent"] == agent)
    value = predict(load(name), "attenuation_peak", {"medium": "water"})
    assert value.high > quoted["low"] / 2.5
    assert value.low < quoted["high"]
