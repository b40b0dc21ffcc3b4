"""Decomposition: the bound against seeded maximum likelihood, its identities, and what it refuses."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrastphys.chemistry import FormulaError
from contrastphys.provenance import Refusal
from contrastphys.units import Q, UnitError
from contrastphys.xray.acquisition import best_thresholds, dual_voltage
from contrastphys.xray.attenuation import mu_rho
from contrastphys.xray.decomposition import decompose, estimate, information
from contrastphys.xray.detectors import DETECTORS
from contrastphys.xray.response import Response, k_escape, k_lines, recorded
from contrastphys.xray.spectra import monochromatic, spectrum

RAY = {"water": "20 cm", "I": "10 mg/cm^2", "Ta": "10 mg/cm^2"}
AT = Q([25, 51, 67.416, 90], "keV")


def sds(found):
    return np.array([found.sd(m).magnitude for m in found.materials])


@pytest.mark.parametrize(("photons", "low", "high"), [(1e6, 0.985, 1.015), (1e5, 0.985, 1.015), (1e4, 0.985, 1.03)])
def test_bound_equals_the_spread_of_maximum_likelihood(photons, low, high):
    beam = spectrum("120 kV", bin_width="1 keV")
    found = decompose(RAY, beam, AT, photons=photons)
    estimates = found.estimate(found.simulate(8000, seed=3), positive=False).magnitude
    ratio = estimates.std(axis=0) / sds(found)
    assert (low < ratio).all() and (ratio < high).all()
    bias = np.abs(estimates.mean(axis=0) - 1e3 * found.areal) / sds(found)
    assert (bias < 0.12).all()


def test_empty_bin_is_named():
    with pytest.raises(Refusal, match=r"bin 1 \(25 to 51 keV\) expects 1.3 counts"):
        decompose(RAY, "120 kV", AT, photons=1e3)


def test_order_of_the_responses():
    ideal = sds(decompose(RAY, "120 kV", AT))
    blurred = sds(decompose(RAY, "120 kV", AT, energy_resolution="8 keV"))
    shared = sds(decompose(RAY, "120 kV", AT, energy_resolution="8 keV", charge_sharing=0.3))
    escaped = sds(decompose(RAY, "120 kV", AT, energy_resolution="8 keV", charge_sharing=0.3, k_escape=True))
    no_edge = sds(decompose(RAY, "120 kV", Q([25, 40, 51, 60], "keV")))
    assert ideal[2] < blurred[2] < shared[2] < escaped[2]
    assert ideal[2] < no_edge[2]
    # iodine hardly depends on the threshold of tantalum
    assert no_edge[1] == pytest.approx(ideal[1], rel=0.02)


def test_information_is_symmetric_and_scales_with_photons():
    one, four = decompose(RAY, "120 kV", AT, photons=1e5), decompose(RAY, "120 kV", AT, photons=4e5)
    assert four.covariance == pytest.approx(one.covariance / 4, rel=1e-9)
    fisher = information(one._weights, one._mu, one.areal)
    assert fisher == pytest.approx(fisher.T, rel=1e-12)
    assert (np.linalg.eigvalsh(fisher) > 0).all()
    assert one.correlation() == pytest.approx(one.correlation().T)
    assert np.diag(one.correlation()) == pytest.approx(1.0)


def test_merging_bins_never_helps():
    four = sds(decompose(RAY, "120 kV", AT))
    for merged in ([25, 51, 67.416], [25, 51, 90], [25, 67.416, 90]):
        assert (sds(decompose(RAY, "120 kV", Q(merged, "keV"))) >= four * (1 - 1e-9)).all()


def test_another_material_never_helps_the_others():
    two = decompose({"water": "20 cm", "I": "10 mg/cm^2"}, "120 kV", AT)
    three = decompose({"water": "20 cm", "I": "10 mg/cm^2", "Ta": "0 mg/cm^2"}, "120 kV", AT)
    for material in two.materials:
        assert three.sd(material) >= two.sd(material)


ANSWERED = {1e3: 0, 1e4: 4, 1e6: 12}  # of 19 numbers of bins, from 2 to 20


@pytest.mark.parametrize("photons", ANSWERED)
def test_any_number_of_bins_is_finite_or_refused(photons):
    ray, beam = {"water": "20 cm", "I": "10 mg/cm^2"}, spectrum("120 kV", bin_width="1 keV")
    answered = 0
    for bins in range(2, 21):
        try:
            found = decompose(ray, beam, Q(np.linspace(25, 105, bins), "keV"), photons=photons)
        except Refusal as why:
            assert re.match(r"bin \d+ \(.* keV\) expects .* counts: fewer than 5", str(why))
        else:
            answered += 1
            assert np.isfinite(found.covariance).all() and (np.diag(found.covariance) > 0).all()
            estimates = found.estimate(found.simulate(20, seed=bins)).magnitude
            assert np.isfinite(estimates).all() and (estimates >= 0).all()
    assert answered == ANSWERED[photons]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 40), min_size=4, max_size=4))
def test_estimates_of_few_counts_stay_finite_and_positive(counts):
    found = decompose(RAY, spectrum("120 kV", bin_width="1 keV"), AT, photons=2e4)
    if not any(counts):
        with pytest.raises(Refusal, match="measurement 1 holds no count"):
            found.estimate(counts)
        return
    areal = found.estimate(counts).magnitude
    assert np.isfinite(areal).all() and (areal >= 0).all()


def test_interval_covers_the_truth():
    found = decompose(RAY, spectrum("120 kV", bin_width="1 keV"), AT, photons=1e6)
    hits = []
    for counts in found.simulate(200, seed=5):
        low, high = found.interval(counts, positive=False).magnitude.T
        hits.append((low < 1e3 * found.areal) & (1e3 * found.areal < high))
    assert np.mean(hits) == pytest.approx(0.954, abs=0.03)


def test_intervals_are_positive_or_refused():
    found = decompose({**RAY, "Ta": "0 mg/cm^2"}, spectrum("120 kV", bin_width="1 keV"), AT, photons=1e6)
    for counts in found.simulate(20, seed=2):
        low, high = found.interval(counts).magnitude.T
        assert (low >= 0).all() and (high > low).all()
    with pytest.raises(Refusal, match=r"bin \d .* fewer than 5"):
        found.interval([0, 1, 0, 0])
    with pytest.raises(ValueError, match="one measurement"):
        found.interval(found.simulate(3, seed=1))
    with pytest.raises(ValueError, match="counts of 1 bins"):
        found.estimate(5)
    assert np.isfinite(found.estimate([1e9] * 4, positive=False).magnitude).all()


def test_noise_free_counts_give_the_truth():
    found = decompose(RAY, "120 kV", AT)
    start = np.array([15.0, 0.0, 0.0])
    areal = estimate(found.counts, found._weights, found._mu, start)[0]
    assert areal == pytest.approx(found.areal, rel=1e-4)


def test_thresholds_find_the_edge():
    at, found = best_thresholds(RAY, "120 kV", 4, "Ta")
    assert np.abs(at.magnitude - 67.416).min() < 1.0
    assert found.sd("Ta") < decompose(RAY, "120 kV", AT).sd("Ta")
    ideal_iodine, _ = best_thresholds({"water": "20 cm", "Gd": "10 mg/cm^2"}, "120 kV", 3, "Gd")
    assert np.abs(ideal_iodine.magnitude - 50.24).min() < 1.0


@pytest.mark.parametrize(("agent", "edge"), [("Au", 80.72), ("Gd", 50.24)])
def test_an_agent_beside_iodine_needs_its_edge(agent, edge):
    ray = {"water": "20 cm", "I": "10 mg/cm^2", agent: "10 mg/cm^2"}
    at, best = best_thresholds(ray, "120 kV", 4, agent)
    assert np.abs(at.magnitude - edge).min() < 1.5
    aside = decompose(ray, "120 kV", Q([25, 35, 60, 100], "keV"))
    assert best.sd(agent) < 0.7 * aside.sd(agent)


def test_search_finds_what_every_pair_of_thresholds_gives():
    beam = spectrum("120 kV", bin_width="1 keV")
    ray = {"water": "20 cm", "Gd": "10 mg/cm^2"}
    _, best = best_thresholds(ray, beam, 3, "Gd")
    every = [
        decompose(ray, beam, Q([25, a, b], "keV")).sd("Gd").magnitude
        for a in range(40, 66, 3)
        for b in range(a + 3, 111, 6)
    ]
    assert best.sd("Gd").magnitude <= min(every)


def test_virtual_image_is_the_attenuation_at_its_energy():
    found = decompose(RAY, "120 kV", AT)
    weights = found.monochromatic_weights("70 keV")
    assert weights.magnitude == pytest.approx([float(mu_rho(m, 70.0)) for m in ("water", "I", "Ta")])
    # 20 g/cm2 of water and 10 mg/cm2 of each agent
    assert weights.magnitude @ found.areal == pytest.approx(
        20 * mu_rho("water", 70.0) + 0.01 * weights.magnitude[1:].sum()
    )
    assert found.monochromatic_weights(Q([60, 70], "keV")).magnitude.shape == (3, 2)


def test_three_agents_at_once():
    ray = {"water": "20 cm", "I": "10 mg/cm^2", "Gd": "10 mg/cm^2", "Au": "10 mg/cm^2"}
    found = decompose(ray, "120 kV", Q([25, 33.17, 50.24, 65, 80.72, 95], "keV"))
    assert np.isfinite(sds(found)).all()


def test_dual_voltage_is_a_special_case():
    two = dual_voltage({"water": "20 cm", "I": "10 mg/cm^2"})
    close = dual_voltage({"water": "20 cm", "I": "10 mg/cm^2"}, "120 kV", "140 kV")
    assert two.sd("I") < close.sd("I")
    with_tin = dual_voltage(
        {"water": "20 cm", "I": "10 mg/cm^2"}, "80 kV", spectrum("140 kV").filtered({"Sn": "0.6 mm"})
    )
    assert with_tin.sd("I") < two.sd("I")
    with pytest.raises(Refusal, match="two beams tell two materials apart, not 3"):
        dual_voltage(RAY)


def test_dual_voltage_against_a_monte_carlo():
    beams = [spectrum(v, bin_width="1 keV") for v in ("80 kV", "140 kV")]
    ray, counter = {"water": "10 cm", "I": "20 mg/cm^2"}, DETECTORS["GOS"]
    found = dual_voltage(ray, *beams, photons=(1e5, 1e5))
    rng = np.random.default_rng(1)
    signals, means, slopes = [], [], []
    for beam in beams:
        behind = beam.filtered(ray).photons / beam.photons.sum() * 1e5 * counter.absorbed(beam.energies)
        signals.append(rng.poisson(behind, (20000, behind.size)) @ beam.energies)
        means.append(behind @ beam.energies)
        from contrastphys.xray.spectra import remembered

        slopes.append([-(behind * beam.energies) @ remembered(m, beam.energies) for m in ray])
    areal = np.linalg.solve(np.array(slopes), (np.stack(signals) - np.array(means)[:, None]))
    assert 1e3 * areal.std(axis=1) == pytest.approx(sds(found), rel=0.03)


def test_virtual_monochromatic_noise_has_a_minimum():
    found = decompose({"water": "20 cm", "I": "10 mg/cm^2"}, "120 kV", Q([25, 65], "keV"))
    noise = found.monochromatic_noise(Q(np.arange(40, 141, 5.0), "keV")).magnitude
    assert 50 < 40 + 5 * np.argmin(noise) < 100
    assert noise[0] > 2 * noise.min()


def test_concentrations_and_voxels():
    found = decompose(RAY, "120 kV", AT)
    assert found.sd_concentration("Ta", "2 cm").magnitude == pytest.approx(found.sd("Ta").magnitude / 2)
    # pi sigma/(tau sqrt(12 M))
    assert found.pixel_noise("Ta", "0.1 cm", 1000).magnitude == pytest.approx(
        np.pi * found.sd("Ta").magnitude / (0.1 * np.sqrt(12000)), rel=1e-9
    )


def test_response_conserves_photons():
    energy, bounds = np.array([30.0, 60.0, 110.0]), np.array([0.0, 20.0, 50.0, 90.0, 400.0])
    for response in (Response(), Response(5.0), Response(5.0, 0.3), Response(5.0, 0.3, True)):
        assert recorded(energy, bounds, response, "CdTe").sum(axis=0) == pytest.approx(1.0, abs=1e-3)


def test_k_escape_of_cadmium_telluride():
    assert k_lines("Cd")[0] == pytest.approx(23.4, abs=0.3) and k_lines("Te")[0] == pytest.approx(27.8, abs=0.3)
    (_, cadmium), (_, tellurium) = k_escape(np.array([28.0, 35.0, 120.0]), "CdTe")
    assert tellurium[0] == 0 and 0.01 < tellurium[1] < 0.15
    assert cadmium[0] > cadmium[2] and 0.01 < cadmium[1] < 0.15


@pytest.mark.parametrize(
    ("kwargs", "error", "words"),
    [
        ({"thresholds": None}, UnitError, "thresholds are needed"),
        ({"thresholds": [25, 51]}, UnitError, "thresholds needs a unit such as 'keV'"),
        ({"thresholds": Q([25, 67, 51, 90], "keV")}, ValueError, r"thresholds\[2\] is 51 keV: it must be above 67"),
        (
            {"thresholds": Q([25, 51, 67, 130, 140], "keV")},
            ValueError,
            "threshold 130, 140 keV is not below the highest",
        ),
        ({"thresholds": Q([25, 51], "keV")}, Refusal, "2 bins for 3 materials"),
        ({"thresholds": Q([70, 80, 90], "keV")}, Refusal, "only 2 can be told apart"),
        ({"detector": "GOS"}, ValueError, "need a photon-counting layer"),
        ({"photons": -1}, ValueError, "photons is -1"),
        ({"energy_resolution": 8}, UnitError, "energy_resolution needs a unit"),
        ({"charge_sharing": 1.2}, ValueError, "charge_sharing is 1.2"),
        ({"materials": {"water": "20 cm", "I": "-1 mg/cm^2", "Ta": "1 mg/cm^2"}}, ValueError, "0 or more"),
        (
            {"thresholds": Q([25, 51, 67, 130], "keV")},
            ValueError,
            "threshold 130 keV is not below .* 120 keV: leave it out",
        ),
        ({"thresholds": Q([25, 51, 67], "kV")}, UnitError, "thresholds takes a unit such as 'keV'"),
        ({"spectrum": "120 keV"}, UnitError, "kvp takes a unit such as 'kV'"),
        ({"materials": ["water", "I"]}, UnitError, "materials are given with their amount"),
        ({"materials": {}}, UnitError, "materials are given with their amount"),
        ({"materials": {"water": "20 cm", "iodixanole": "1 mg/cm^2"}}, FormulaError, "did you mean 'iodixanol'"),
        ({"materials": {"water": "20 cm", "Ta2O": "1 mg/cm^2"}}, FormulaError, "did you mean 'Ta2O5'"),
        ({"materials": {"water": "20 cm", "fat": "2 cm", "Al": "2 mm"}}, Refusal, "only 2 can be told apart"),
    ],
)
def test_bad_input(kwargs, error, words):
    call = {"materials": RAY, "spectrum": "120 kV", "thresholds": AT, **kwargs}
    with pytest.raises(error, match=words):
        decompose(**call)


def test_bad_input_of_a_search():
    ray = {"water": "20 cm", "I": "1 mg/cm^2"}
    for lowest in ("130 keV", "-5 keV"):
        with pytest.raises(ValueError, match="it must be above 0 and below the beam's 120 keV"):
            best_thresholds(ray, "120 kV", 3, "I", lowest=lowest)
    with pytest.raises(ValueError, match="two numbers above 0"):
        dual_voltage(ray, photons=(-1, 1e5))


def test_one_energy_tells_nothing_apart():
    with pytest.raises((Refusal, ValueError)):
        decompose({"water": "20 cm", "I": "1 mg/cm^2"}, monochromatic("60 keV"), Q([25, 65], "keV"))
    found = decompose(RAY, "120 kV", AT)
    with pytest.raises(ValueError, match="'Au' is no basis material"):
        found.sd("Au")
    with pytest.raises(ValueError, match="counts of 3 bins, where there are 4"):
        found.estimate([1, 2, 3])
    with pytest.raises(ValueError, match="0 or more"):
        found.estimate([1, 2, 3, -4])


def test_tantalum_oxide_with_iodixanol_in_one_scan():
    """Cationic tantalum oxide and iodixanol in water: the edge's threshold tells them apart."""
    joint = {"water": "8 cm", "iodixanol": "20 mg/cm^2", "tantalum-oxide-cationic": "20 mg/cm^2"}
    by_element = decompose({"water": "8 cm", "I": "20 mg/cm^2", "Ta": "20 mg/cm^2"}, "120 kV", AT, photons=1e6)
    found = decompose(joint, "120 kV", AT, photons=1e6)
    assert found.sd("iodixanol").magnitude == pytest.approx(by_element.sd("I").magnitude, rel=0.05)
    assert found.sd("tantalum-oxide-cationic").magnitude == pytest.approx(by_element.sd("Ta").magnitude, rel=0.05)
    best, _ = best_thresholds(joint, "120 kV", 4, "tantalum-oxide-cationic")
    assert np.abs(best.magnitude - 67.416).min() < 1.5
    seen_ = found.smallest_concentration("tantalum-oxide-cationic", "0.05 cm", 1000, n_eff=10)
    noise = found.pixel_noise("tantalum-oxide-cationic", "0.05 cm", 1000)
    assert seen_.magnitude == pytest.approx(5 * noise.magnitude / 10**0.5)
    with pytest.raises(UnitError, match="iodixanol"):
        decompose({**joint, "iodixanol": "2 mm"}, "120 kV", AT)
