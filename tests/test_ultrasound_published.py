"""Predictions against published outcomes, as far as they decide anything, and the tables themselves."""

import math

import pytest

from contrastphys import records
from contrastphys.formulation import load
from contrastphys.provenance import STATUSES
from contrastphys.ultrasound import Bubble, Gas, Liquid, Marmottant, Pulse, simulate, vaporisation_threshold
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


def test_nanobubbles_wake_at_higher_pressure_the_more_tension_they_bear():
    """A buckled shell must be pulled flat: the pressure of the sudden rise grows with its stiffness."""
    water, gas = Liquid(), Gas.bare("C3F8", 1.0635, 0.0132, 813.7, 0.188)

    def growth(chi, pressure):
        bubble = Bubble.bare(1e-7, gas, Marmottant.bare(chi, 1e-9, 0.0), 1.07)
        return simulate(bubble, Pulse("2.25 MHz", Q(pressure, "MPa"), 6), water).largest

    def wakes(chi):
        return next(p for p in [0.05 * n for n in range(1, 40)] if growth(chi, p) > 1.5)

    soft, stiff = wakes(0.2), wakes(1.0)
    assert soft < stiff
    seen = rows("signal_threshold")
    assert 0.3 * min(r["low"] for r in seen) < soft < 3 * max(r["high"] for r in seen)


@pytest.mark.parametrize(
    ("agent", "name"),
    [("Optison", "optison"), ("SonoVue", "sonovue"), ("Sonazoid", "sonazoid"), ("Definity", "definity")],
)
def test_attenuation_peaks_are_within_a_factor_of_the_quoted_ones(agent, name):
    quoted = next(row for row in rows("attenuation_peak") if row["agent"] == agent)
    value = predict(load(name), "attenuation_peak", {"medium": "water"})
    assert value.high > quoted["low"] / 2.5
    assert value.low < quoted["high"]
