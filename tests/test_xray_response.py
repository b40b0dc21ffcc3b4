"""What a counter makes of one photon: thresholds, resolution, charge sharing, K escape, and the layers that stop it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import references_xray as slow

from contrastphys.provenance import Refusal
from contrastphys.units import Q
from contrastphys.xray.attenuation import mu_rho
from contrastphys.xray.detectors import DETECTORS, Detector, detector, seen
from contrastphys.xray.response import Response, k_escape, k_lines, recorded
from contrastphys.xray.spectra import monochromatic

# ------------------------------------------------------------------------------------------- one photon


def test_a_photon_at_a_threshold_belongs_above_it():
    bounds = np.array([20.0, 50.0, 90.0])
    shares = recorded(np.array([19.999, 20.0, 49.999, 50.0, 90.0]), bounds, Response(), "CdTe")
    assert shares.tolist() == [[0, 1, 1, 0, 0], [0, 0, 0, 1, 0]]
    one = Detector("c", "CdTe", 5.85, 0.0, "photon-counting", 50.0)
    assert one.response(np.array([49.999, 50.0, 51.0])).tolist() == [0.0, 1.0, 1.0]


def test_half_the_width_at_half_maximum():
    # a Gaussian of FWHM 8 keV: 88.05 % lie above a threshold half a width below, half above one at the energy itself
    energy = np.array([60.0])
    for offset, above in ((-4.0, 0.880484), (0.0, 0.5), (4.0, 0.119516), (-40.0, 1.0), (40.0, 0.0)):
        share = recorded(energy, np.array([60.0 + offset, 1000.0]), Response(8.0), "CdTe")[0, 0]
        assert share == pytest.approx(above, abs=2e-6)
    # density at the maximum: 2 sqrt(ln 2/pi)/FWHM
    narrow = recorded(energy, np.array([59.99, 60.01]), Response(8.0), "CdTe")[0, 0]
    assert narrow / 0.02 == pytest.approx(2 * math.sqrt(math.log(2) / math.pi) / 8.0, rel=1e-4)


def test_shared_charge_is_flat_from_nothing_to_the_energy():
    bounds = np.array([10.0, 20.0, 40.0, 80.0, 200.0])
    shares = recorded(np.array([80.0, 30.0]), bounds, Response(0.0, 0.4), "CdTe")
    assert shares[:, 0] == pytest.approx([0.4 / 8, 0.4 / 4, 0.4 / 2, 0.6])
    assert shares[:, 1] == pytest.approx([0.4 / 3, 0.4 / 3 + 0.6, 0.0, 0.0])


@pytest.mark.parametrize(("material", "rho"), [("CdTe", 5.85), ("CsI", 4.51), ("Gd2O2S", 7.3)])
def test_k_escape_against_the_mean_over_depth_and_direction(material, rho):
    energy = np.array([20.0, 30.0, 36.0, 60.0, 110.0])
    weights = {"CdTe": {"Cd": 0.4684, "Te": 0.5316}, "CsI": {"Cs": 0.5115, "I": 0.4885}, "Gd2O2S": {"Gd": 0.8308}}[
        material
    ]
    escapes = k_escape(energy, material)
    heavy = [(line, p) for line, p in escapes if line > 10]
    assert len(heavy) == len(weights)
    for (symbol, weight), (line, probability) in zip(weights.items(), heavy, strict=True):
        literal = [slow.escape(symbol, weight, line, e, lambda at: float(mu_rho(material, at))) for e in energy]
        assert probability == pytest.approx(literal, rel=5e-3)
    # soft fluorescence hardly leaves
    assert all((p < 1e-3).all() for line, p in escapes if line < 10)


def test_k_lines_of_published_energy_and_yield():
    # mean of K alpha and K beta; yields of Hubbell 1994 (Cu 0.441, Te 0.875, Gd 0.932, Au 0.962)
    for symbol, energy, made in (("Cu", 8.14, 0.441), ("Te", 28.0, 0.875), ("Gd", 43.8, 0.932), ("Au", 69.9, 0.962)):
        assert k_lines(symbol) == pytest.approx((energy, made), rel=0.03)
    for symbol in ("H", "He", "Li", "Be"):
        assert k_lines(symbol) == (0.0, 0.0)
    assert k_escape(np.array([30.0]), "water") == []


@pytest.mark.parametrize(
    "response", [Response(5.0), Response(0.0, 0.3), Response(0.0, 0.0, True), Response(4.0, 0.2, True)]
)
def test_no_photon_is_lost_or_made(response):
    energy = np.array([30.0, 60.0, 110.0])
    bounds = np.array([-200.0, 0.0, 12.5, 25.0, 60.0, 110.0, 400.0])
    shares = recorded(energy, bounds, response, "CdTe")
    assert (shares >= 0).all() and shares.sum(axis=0) == pytest.approx(1.0, abs=1e-9)
    # what escapes is missing from the mean recorded energy
    if response == Response(0.0, 0.0, True):
        fine = np.arange(0.0, 120.0, 0.05)
        spread = recorded(energy, fine, response, "CdTe")
        mean = (0.5 * (fine[1:] + fine[:-1])) @ spread
        lost = sum(line * p for line, p in k_escape(energy, "CdTe"))
        assert mean == pytest.approx(energy - lost, abs=0.03)


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"fwhm": -1.0}, "energy_resolution is -1 keV"),
        ({"fwhm": math.inf}, "energy_resolution is inf keV"),
        ({"sharing": 1.0}, "charge_sharing is 1"),
        ({"sharing": -0.1}, "charge_sharing is -0.1"),
    ],
)
def test_responses_that_are_none(kwargs, words):
    with pytest.raises(ValueError, match=words):
        Response(**kwargs)


def test_a_response_says_what_it_does():
    assert Response().ideal and Response().said() == "ideal"
    for one in (Response(1.0), Response(0.0, 0.1), Response(0.0, 0.0, True)):
        assert not one.ideal
    assert Response(8.0, 0.25, True).said() == "FWHM 8 keV, charge sharing 25 %, K escape"
    assert Response(0.5).said() == "FWHM 0.5 keV" and Response(0.0, 0.5).said() == "charge sharing 50 %"


# --------------------------------------------------------------------------------------------- one layer


LAYERS = {  # material, density and thickness as built, threshold: the documented choices
    "energy-integrating": ("Gd2O2S", 7.3, 0.14, 0.0), "photon-counting": ("CdTe", 5.85, 0.2, 20.0),
    "GOS": ("Gd2O2S", 7.3, 0.14, 0.0), "CsI": ("CsI", 4.51, 0.06, 0.0), "CdTe": ("CdTe", 5.85, 0.2, 20.0),
    "CZT": ("Cd0.9Zn0.1Te", 5.78, 0.2, 20.0), "Si": ("Si", 2.33, 3.0, 5.0), "ideal": ("Si", 2.33, 0.0, 0.0),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers_stop_what_their_mass_stops(name):
    material, rho, thickness, threshold = LAYERS[name]
    at = np.array([4.9, 5.0, 19.9, 20.0, 60.0, 120.0])
    stop = 1 - np.exp(-mu_rho(material, at) * rho * thickness) if thickness else np.ones(6)
    layer = DETECTORS[name]
    assert layer.absorbed(at) == pytest.approx(stop, rel=1e-12)
    if layer.mode == "photon-counting":
        assert layer.response(at) == pytest.approx(np.where(at >= threshold, stop, 0.0), rel=1e-12)
        assert layer.second_moment(at) == pytest.approx(layer.response(at), rel=1e-12)
    else:
        assert layer.response(at) == pytest.approx(at * stop, rel=1e-12)
        assert layer.second_moment(at) == pytest.approx(at**2 * stop, rel=1e-12)


def test_layers_say_what_they_are():
    assert detector("GOS").said() == "energy-integrating (1.4 mm Gd2O2S)"
    assert detector("CZT", threshold="0 keV").said() == "photon-counting (2 mm Cd0.9Zn0.1Te, threshold 0 keV)"
    assert detector("ideal").said() == "ideal counter"
    blurred = detector("CdTe", thickness="1.6 mm", energy_resolution="8 keV")
    assert blurred.said() == "photon-counting (1.6 mm CdTe, threshold 20 keV, FWHM 8 keV)"
    assert blurred.flag.code == "detector model" and detector("CdTe").flag.code == "ideal detector"
    for wrong in ({"thickness": "-1 mm"}, {"threshold": "-1 keV"}, {"energy_resolution": Q(np.inf, "keV")}):
        with pytest.raises(ValueError, match="0 or more"):
            detector("CdTe", **wrong)


def test_a_blurred_counter_counts_what_is_recorded_above_its_threshold():
    layer = detector("CdTe", threshold="50 keV", energy_resolution="8 keV", charge_sharing=0.4)
    at = np.array([50.0, 100.0])
    shares = layer.response(at) / layer.absorbed(at)
    assert shares == pytest.approx([0.6 * 0.5, 0.6 + 0.4 * 0.5], abs=1e-9)


def test_a_beam_below_the_threshold_is_refused():
    low = monochromatic("40 keV")
    with pytest.raises(Refusal, match="threshold 50 keV"):
        seen(low, np.zeros(1), detector("CdTe", threshold="50 keV"))
