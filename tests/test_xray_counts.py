"""Counts photon by photon: what bins hold, what is estimated from them, and where cuts belong."""

from __future__ import annotations

import math

import numpy as np
import pytest
import references_xray as slow

from contrastphys.provenance import Refusal
from contrastphys.units import Q
from contrastphys.xray.acquisition import best_thresholds, dual_voltage, variance_of
from contrastphys.xray.attenuation import density, edges, mu_rho
from contrastphys.xray.decomposition import (
    areal_densities,
    bound,
    decompose,
    enough_counts,
    estimate,
    information,
    inverse,
    k_edge_inside,
    k_edges,
)
from contrastphys.xray.detectors import DETECTORS
from contrastphys.xray.spectra import measured_spectrum, monochromatic, spectrum

RAY = {"water": "20 cm", "I": "10 mg/cm^2", "Ta": "10 mg/cm^2"}
AT = Q([25, 51, 67.416, 90], "keV")


@pytest.fixture(scope="module")
def beam():
    return spectrum("120 kV", bin_width="1 keV")


@pytest.fixture(scope="module")
def found(beam):
    return decompose(RAY, beam, AT)


# ------------------------------------------------------------------------------------------------- bins


def test_bins_count_photon_by_photon(beam, found):
    fine = beam.split(AT.magnitude)
    layers = [(slow.water, 20.0), *((lambda e, s=s: slow.total(s, e), 0.01) for s in ("I", "Ta"))]
    incident = 1e6 * fine.photons / fine.photons.sum()
    stops = dict(zip(fine.energies, DETECTORS["CdTe"].absorbed(fine.energies), strict=True))
    literal = slow.counts(fine.energies, incident, [*AT.magnitude, 1e3], layers, stops.__getitem__)
    assert found.counts == pytest.approx(literal, rel=1e-3)
    assert found.conditions["bins"] == "25, 51, 67.416, 90 keV" and found.conditions["response"] == "ideal"
    assert found.thresholds[:-1].tolist() == AT.magnitude.tolist() and found.thresholds[-1] >= 120


def test_blurred_bins_hold_every_photon_that_is_stopped(beam):
    blurred = decompose({"water": "20 cm"}, beam, Q([1.0], "keV"), energy_resolution="8 keV", photons=2e5)
    behind = beam.filtered({"water": "20 cm"})
    stopped = 2e5 * (behind.photons @ DETECTORS["CdTe"].absorbed(beam.energies)) / beam.photons.sum()
    assert blurred.counts.sum() == pytest.approx(stopped, rel=1e-6)


def test_the_bound_is_the_inverse_of_the_information_by_differences(found):
    def counts(areal):
        return found._weights @ np.exp(-np.asarray(areal) @ found._mu)

    steps = 1e-5 * np.eye(3)
    slopes = np.stack([(counts(found.areal + s) - counts(found.areal - s)) / 2e-5 for s in steps], axis=1)
    fisher = sum(np.outer(row, row) / count for row, count in zip(slopes, found.counts, strict=True))
    assert information(found._weights, found._mu, found.areal) == pytest.approx(fisher, rel=1e-4)
    assert found.covariance == pytest.approx(np.linalg.inv(fisher), rel=1e-3)
    for row, material in enumerate(found.materials):
        assert found.sd(material).to("g/cm^2").magnitude == pytest.approx(
            np.linalg.inv(fisher)[row, row] ** 0.5, rel=1e-3
        )
    sd = np.sqrt(np.diag(found.covariance))
    assert found.correlation() * sd * sd[:, None] == pytest.approx(found.covariance)


def test_virtual_noise_is_the_error_carried_through(found):
    m = found.monochromatic_weights("70 keV").magnitude
    variance = sum(m[i] * m[j] * found.covariance[i, j] for i in range(3) for j in range(3))
    assert found.monochromatic_noise("70 keV").magnitude == pytest.approx(variance**0.5, rel=1e-12)
    many = found.monochromatic_noise(Q([50, 70], "keV")).magnitude
    assert many.shape == (2,) and many[1] == pytest.approx(variance**0.5, rel=1e-12)


def flat(*counts):
    """Two materials and as many bins as counts, nothing in the ray."""
    mu = np.linspace(1.0, 2.0, len(counts)) ** np.array([[1.0], [2.0]])
    names, bounds = ("a", "b"), np.arange(len(counts) + 1.0)
    return bound(names, np.zeros(2), np.diag(np.array(counts, dtype=float)), mu, bounds[:-1], bounds, {})


def test_few_counts_are_flagged_and_fewer_refused():
    codes = [[f.code for f in flat(200.0, n, 200.0).flags] for n in (101.0, 100.0, 99.0, 5.0)]
    assert ["low counts" in c for c in codes] == [False, False, True, True]
    assert all("bound" in c for c in codes)
    assert "expects 99 counts" in flat(200.0, 99.0, 300.0).flags[-1].message
    with pytest.raises(Refusal, match=r"bin 2 \(1 to 2 keV\) expects 4.9 counts: fewer than 5"):
        flat(200.0, 4.9, 200.0)
    enough_counts(np.array([5.0, 6.0]), np.array([1.0, 2.0, 3.0]))


def test_bins_that_tell_nothing_are_refused():
    assert inverse(np.diag([4.0, 1e-6]), ("a", "b")) == pytest.approx(np.diag([0.25, 1e6]))
    for nothing in (np.diag([1.0, 0.0]), np.zeros((2, 2)), np.array([[1.0, np.nan], [np.nan, 1.0]])):
        with pytest.raises(Refusal, match="information is zero"):
            inverse(nothing, ("a", "b"))
    with pytest.raises(Refusal, match="a, b cannot be told apart"):
        inverse(np.array([[1.0, 2.0], [2.0, 4.0]]), ("a", "b"))


def test_k_edges_of_what_a_ray_crosses():
    assert k_edges("CdTe") == pytest.approx([26.711, 31.814], abs=1e-3)
    assert k_edges("water") == [] and k_edges("iohexol") == pytest.approx([33.169], abs=1e-3)
    edge = edges("Ta")[0].energy
    assert k_edge_inside("Ta", edge - 0.1, edge + 0.1)
    assert not k_edge_inside("Ta", edge, 120.0) and not k_edge_inside("Ta", 25.0, edge)
    areal = areal_densities({"water": "20 cm", "Al": "1 mm", "iohexol": "5 mg/cm^2"})
    assert areal == pytest.approx([20.0, 0.1 * density("Al"), 0.005])
    for amount in ("-5 mg/cm^2", Q([1, 2], "mg/cm^2"), Q(np.nan, "mg/cm^2")):
        with pytest.raises(ValueError, match="it must be one value, 0 or more"):
            areal_densities({"iohexol": amount})


@pytest.mark.parametrize(
    ("thresholds", "words"),
    [
        (Q([25, 51, 51, 90], "keV"), r"thresholds\[2\] is 51 keV: it must be above 51"),
        (Q([0, 51, 67, 90], "keV"), "energies above 0"),
        (Q([25, 51, np.nan, 90], "keV"), "energies above 0"),
        (Q([25, 51, 67, 120], "keV"), "threshold 120 keV is not below the highest energy of the beam, 120 keV"),
        (Q([[25, 51], [67, 90]], "keV"), "one list"),
    ],
)
def test_thresholds_out_of_order_or_reach(beam, thresholds, words):
    with pytest.raises(ValueError, match=words):
        decompose(RAY, beam, thresholds)


def test_as_many_bins_as_materials_do(beam):
    assert decompose(RAY, beam, Q([25, 51, 67.416], "keV")).sd("Ta").magnitude > 0
    assert decompose({"water": "20 cm", "I": "1 mg/cm^2"}, beam, Q([25, 119], "keV"), photons=1e9).counts.size == 2
    for photons in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="it must be above 0"):
            decompose(RAY, beam, AT, photons=photons)


# -------------------------------------------------------------------------------------------- estimates


@pytest.mark.parametrize("start", [(60.0, 0.0, 0.0), (0.0, 0.0, 0.0), (20.0, 1.0, 1.0), (35.0, 0.5, 0.0)])
def test_the_estimate_does_not_depend_on_where_it_starts(found, start):
    for positive in (False, True):
        areal = estimate(found.counts, found._weights, found._mu, np.array(start), positive)[0]
        assert areal == pytest.approx(found.areal, rel=1e-4)


def test_an_estimate_is_the_most_likely(found):
    def likelihood(areal, counts):
        lam = found._weights @ np.exp(-areal @ found._mu)
        return counts @ np.log(lam) - lam.sum()

    for counts in found.simulate(5, seed=4):
        areal = found.estimate(counts, positive=False).to("g/cm^2").magnitude
        best = likelihood(areal, counts)
        for row, material in enumerate(found.materials):
            step = np.zeros(3)
            step[row] = 0.05 * found.sd(material).to("g/cm^2").magnitude
            assert likelihood(areal + step, counts) < best and likelihood(areal - step, counts) < best


def test_many_measurements_are_estimated_as_one_by_one(found):
    drawn = found.simulate(4, seed=8)
    assert drawn.shape == (4, 4)
    together = found.estimate(drawn).magnitude
    assert together == pytest.approx(np.stack([found.estimate(one).magnitude for one in drawn]), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("counts", [[1, 2, np.nan, 4], [1, np.inf, 3, 4], [1, 2, 3, -1], [np.nan] * 4])
def test_counts_that_are_none(found, counts):
    with pytest.raises(ValueError, match="finite and 0 or more"):
        found.estimate(counts)


def test_a_measurement_without_counts_is_named(found):
    with pytest.raises(Refusal, match="measurement 2 holds no count"):
        found.estimate([[1, 2, 3, 4], [0, 0, 0, 0]])
    for shape in ((3,), (2, 3), (1, 1, 4)):
        with pytest.raises(ValueError, match="where there are 4"):
            found.estimate(np.ones(shape))


def test_an_interval_is_two_standard_deviations_to_each_side(found):
    for positive in (True, False):
        low, high = found.interval(found.counts, positive).magnitude.T
        sd = [found.sd(m).magnitude for m in found.materials]
        assert (low + high) / 2 == pytest.approx(1e3 * found.areal, rel=1e-3)
        assert high - low == pytest.approx(4 * np.array(sd), rel=1e-3)


def test_the_smallest_concentration_asks_for_signs_that_make_sense(found):
    one = found.smallest_concentration("Ta", "0.1 cm", 1000)
    assert found.smallest_concentration("Ta", "0.1 cm", 1000, rose=1.0) == one / 5
    assert found.smallest_concentration("Ta", "0.1 cm", 1000, n_eff=0.25).magnitude == pytest.approx(2 * one.magnitude)
    for wrong in ({"rose": 0.0}, {"n_eff": 0.0}, {"rose": -5.0}, {"n_eff": -1.0}):
        with pytest.raises(ValueError, match="rose and n_eff must be above 0"):
            found.smallest_concentration("Ta", "0.1 cm", 1000, **wrong)


# ------------------------------------------------------------------------------------ choosing how to look


@pytest.mark.parametrize("bins", [3, 8])
def test_no_threshold_of_the_best_gains_by_moving(beam, bins):
    at, best = best_thresholds(RAY, beam, bins, "Ta")
    at = at.magnitude
    assert at.size == bins == best.counts.size and at[0] == 25.0 and (np.diff(at) > 0).all()
    smallest = best.sd("Ta").magnitude
    assert smallest == pytest.approx(decompose(RAY, beam, Q(at, "keV")).sd("Ta").magnitude, rel=1e-9)
    for i in range(1, bins):
        for step in (-1.0, 1.0):
            moved = at.copy()
            moved[i] += step
            if (np.diff(moved) > 0).all():
                assert decompose(RAY, beam, Q(moved, "keV")).sd("Ta").magnitude >= smallest * (1 - 1e-9)


def test_variances_of_many_cases_are_those_of_their_inverses():
    rng = np.random.default_rng(3)
    slopes = rng.standard_normal((6, 5, 3)) * np.array([1.0, 30.0, 1e-3])
    fisher = np.einsum("cki,ckj->cij", slopes, slopes)
    fisher[2] = fisher[2, 0, 0] * np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    for row in range(3):
        found = variance_of(fisher, row)
        assert np.isinf(found[2])
        told = [0, 1, 3, 4, 5]
        assert found[told] == pytest.approx([np.linalg.inv(fisher[c])[row, row] for c in told], rel=1e-6)
    assert variance_of(fisher[:0], 0).size == 0


@pytest.mark.parametrize(("ray", "agent"), [(RAY, "Ta"), ({**RAY, "Gd": "10 mg/cm^2"}, "Ta")])
def test_a_threshold_stands_on_the_edge_itself(beam, ray, agent):
    at, _ = best_thresholds(ray, beam, 5, agent)
    assert np.abs(at.magnitude - edges(agent)[0].energy).min() < 1e-9


def test_the_highest_line_is_counted():
    pair = monochromatic(Q([45.0, 60.0], "keV"))
    found = decompose({"water": "10 cm", "I": "10 mg/cm^2"}, pair, Q([40, 50], "keV"), "ideal", photons=1e6)
    mu = mu_rho("water", [45.0, 60.0]) * 10 + mu_rho("I", [45.0, 60.0]) * 0.01
    assert found.counts == pytest.approx(5e5 * np.exp(-mu), rel=1e-9)


def test_the_search_hands_on_what_is_asked(beam):
    ray = {"water": "20 cm", "I": "10 mg/cm^2"}
    at, best = best_thresholds(ray, beam, 2, "I", lowest="30 keV", photons=2e6, energy_resolution="6 keV")
    assert at.magnitude[0] == 30.0 and best.conditions["response"] == "FWHM 6 keV"
    assert best.counts == pytest.approx(decompose(ray, beam, at, photons=2e6, energy_resolution="6 keV").counts)
    # every threshold alone beside the first one, on a grid of 1 keV
    alone = [
        decompose(ray, beam, Q([30, cut], "keV"), photons=2e6, energy_resolution="6 keV").sd("I").magnitude
        for cut in range(31, 116)
    ]
    assert best.sd("I").magnitude == pytest.approx(min(alone), rel=1e-6)
    more = best_thresholds(ray, beam, 3, "I", lowest="30 keV", photons=2e6, energy_resolution="6 keV")[1]
    assert more.sd("I") <= best.sd("I")


def test_a_search_between_few_keV_and_none():
    ray = {"water": "10 cm", "I": "10 mg/cm^2"}
    # two lines a keV apart: no threshold of the grid lies between them
    pair = monochromatic(Q([45.0, 46.0], "keV"))
    with pytest.raises(Refusal, match="no 2 thresholds above 40 keV tell water, I apart"):
        best_thresholds(ray, pair, 2, "I", lowest="40 keV", photons=1e8)
    wide = monochromatic(Q([45.0, 60.0], "keV"))
    at, two = best_thresholds(ray, wide, 2, "I", lowest="40 keV", photons=1e8)
    assert 45 < at.magnitude[1] <= 60 and two.counts.size == 2
    with pytest.raises(ValueError, match="below the beam's 60 keV by the bins"):
        best_thresholds(ray, wide, 2, "I", lowest="58 keV")
    # where one choice is left it is taken: from a keV above the first threshold to a keV below the top
    at, _ = best_thresholds({"water": "1 cm", "I": "1 mg/cm^2"}, "30 kV", 4, "I", lowest="25 keV")
    assert at.magnitude.tolist() == [25.0, 26.0, 27.0, 28.0]
    for lowest in ("25.5 keV", "28 keV", "30 keV", Q(np.nan, "keV"), "0 keV"):
        with pytest.raises(ValueError, match="below the beam's 30 keV by the bins"):
            best_thresholds(ray, monochromatic(Q([20.0, 30.0], "keV")), 4, "I", lowest=lowest)
    with pytest.raises(Refusal, match="1 bins for 1 materials: from 2 to 8 are searched"):
        best_thresholds({"water": "1 cm"}, wide, 1, "water")
    for bins in (1, 9):
        with pytest.raises(Refusal, match=f"{bins} bins for 2 materials: from 2 to 8 are searched"):
            best_thresholds(ray, wide, bins, "I")
    with pytest.raises(ValueError, match="goal 'Gd' is no basis material: water, I"):
        best_thresholds(ray, wide, 3, "Gd")


def test_two_voltages_photon_by_photon():
    beams = [spectrum(v, bin_width="1 keV") for v in ("80 kV", "140 kV")]
    counter, photons = DETECTORS["GOS"], (3e5, 1e5)
    found = dual_voltage({"water": "15 cm", "I": "20 mg/cm^2"}, *beams, photons=photons)
    jacobian, variances = np.zeros((2, 2)), []
    for k, one in enumerate(beams):
        absorbed = photons[k] * one.photons / one.photons.sum() * counter.absorbed(one.energies)
        variance = 0.0
        for e, n in zip(one.energies, absorbed, strict=True):
            left = n * math.exp(-15.0 * slow.water(e) - 0.02 * slow.total("I", e))
            jacobian[k] -= left * e * np.array([slow.water(e), slow.total("I", e)])
            variance += left * e * e
        variances.append(variance)
    inverse_ = np.linalg.inv(jacobian)
    covariance = inverse_ @ np.diag(variances) @ inverse_.T
    assert found.covariance == pytest.approx(covariance, rel=3e-3)
    assert found.estimate(found.counts).to("g/cm^2").magnitude == pytest.approx([15.0, 0.02], rel=1e-3)
    assert found.conditions["beams"] == "80 kV / 140 kV"
    for wrong in ((1e5,), (1e5, 0.0), (np.inf, 1e5), (1e5, 1e5, 1e5)):
        with pytest.raises(ValueError, match="two numbers above 0"):
            dual_voltage({"water": "15 cm", "I": "20 mg/cm^2"}, *beams, photons=wrong)
    assert found.thresholds.size == 0
    with pytest.raises(Refusal, match=r"beam 1 expects .* counts: fewer than 5, no bound"):
        dual_voltage({"water": "60 cm", "I": "20 mg/cm^2"}, *beams, photons=(1e4, 1e9))
    own = measured_spectrum(Q([40.0, 41.0], "keV"), Q([1.0, 1.0], "1/cm^2"))
    mixed = dual_voltage({"water": "15 cm", "I": "20 mg/cm^2"}, own, beams[1])
    assert mixed.conditions["beams"] == "own / 140 kV"
