"""Noise, limits and matches worked out by hand, and the inputs at the rim of what is allowed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import references_xray as slow

from contrastphys.formulation import Formulation
from contrastphys.provenance import Refusal
from contrastphys.units import Q, UnitError
from contrastphys.xray import matching
from contrastphys.xray.absorbers import Absorber, absorber
from contrastphys.xray.absorption import mu_en_rho
from contrastphys.xray.acquisition import dual_voltage
from contrastphys.xray.agents import predict
from contrastphys.xray.attenuation import (
    fractions,
    mu_rho,
)
from contrastphys.xray.contrast import Enhancement, enhancement, object_layers, one_energy, other_filtrations
from contrastphys.xray.decomposition import decompose
from contrastphys.xray.detection import detection_limit, figure_of_merit, noise, smallest_concentration
from contrastphys.xray.detectors import DETECTORS
from contrastphys.xray.imaging import (
    contrast_to_noise,
    effective_voxels,
    photons_per_kerma,
    projection_limit,
    quantum_noise,
)
from contrastphys.xray.matching import _table_page, best_beam, enhancement_table, match
from contrastphys.xray.spectra import measured_spectrum, monochromatic, spectrum

SIXTY = "60 keV"
WATER, IODINE, AIR = 0.2059, 7.579, 0.03041  # NIST at 60 keV: mu/rho of water and iodine, mu_en/rho of air, cm2/g


# ------------------------------------------------------------------------------------------- one voxel


def test_photons_of_a_gray():
    photons = photons_per_kerma(monochromatic(SIXTY))
    assert photons == pytest.approx(1 / (60 * 1.602177e-16 * AIR * 1e3), rel=1e-3)
    beam = spectrum("80 kV")
    assert photons_per_kerma(beam) == pytest.approx(beam.photons.sum() / beam.kerma_gray(), rel=1e-12)


def test_noise_of_a_voxel_by_hand():
    # 10 mGy over 1000 views on rays of 1 mm by 2 mm behind 20 cm of water, all photons counted
    found = quantum_noise(monochromatic(SIXTY), "10 mGy", "20 cm", "ideal", "1 mm", "2 mm", 1000).magnitude
    photons = 0.01 / (60 * 1.602177e-16 * AIR * 1e3) / 1000 * 0.1 * 0.2 * math.exp(-WATER * 20)
    sigma = math.pi / math.sqrt(photons) / (0.1 * math.sqrt(12 * 1000))
    assert found == pytest.approx(1000 * sigma / WATER, rel=2e-3)
    # a scintillator adds what the spread of energies adds: nothing at one energy
    stopped = quantum_noise(monochromatic(SIXTY), "10 mGy", "20 cm", "GOS", "1 mm", "2 mm", 1000).magnitude
    share = float(DETECTORS["GOS"].absorbed(np.array([60.0]))[0])
    assert stopped == pytest.approx(found / math.sqrt(share), rel=1e-9)


def test_noise_between_two_energies_by_hand():
    # sqrt(var K)/mu: photons behind the phantom per kerma at both energies
    one, other = monochromatic("60 keV"), monochromatic("100 keV")
    found = noise(other, "30 cm", "ideal", "10 HU", one, "20 cm", kerma_ratio=2.0).magnitude
    air, water = 0.02325, 0.1707
    variances = math.exp(water * 30) * 100 * air / (math.exp(WATER * 20) * 60 * AIR)
    assert found == pytest.approx(10 * math.sqrt(variances / 2) * WATER / water, rel=3e-3)


@pytest.mark.parametrize(
    "kwargs",
    [{"noise": "0 HU"}, {"noise": Q(np.nan, "HU")}, {"rose": 0.0}, {"rose": -5.0}, {"n_eff": 0.0}, {"n_eff": -1.0}],
)
def test_limits_ask_for_noise_rose_and_voxels_above_nothing(kwargs):
    with pytest.raises(ValueError, match="must be above 0"):
        detection_limit("I", spectrum("120 kV"), **kwargs)


def test_references_of_noise_above_nothing():
    for kwargs in ({"reference": "0 HU"}, {"reference": Q(np.inf, "HU")}, {"kerma_ratio": -1.0}):
        with pytest.raises(ValueError, match="must be above 0"):
            noise("120 kV", **kwargs)


def test_a_limit_by_hand():
    found = detection_limit("I", monochromatic(SIXTY), "0 cm", "ideal", "10 HU", 3.0, 4.0).magnitude
    assert found == pytest.approx(3 * 10 / (IODINE / WATER * 2), rel=2e-3)
    assert smallest_concentration(20.0, 8.0) == pytest.approx(2.0)
    assert smallest_concentration(0.4, 8.0) == pytest.approx(100.0)  # less than water itself enhances, but it does
    assert detection_limit("I", monochromatic(SIXTY), rose=1.0, n_eff=0.5).magnitude > 0
    for slope in (0.0, -1.0):
        with pytest.raises(Refusal, match="nothing rises above water"):
            smallest_concentration(slope, 12.0)


def test_merit_is_contrast_over_noise_squared():
    beams = [spectrum(v) for v in ("80 kV", "120 kV")]
    merits = [figure_of_merit("Gd", b, "25 cm", "CdTe") for b in beams]
    ratios = [
        enhancement("Gd", b, "25 cm", "CdTe").slope / noise(b, "25 cm", "CdTe", reference_phantom="25 cm").magnitude
        for b in beams
    ]
    assert merits[0] / merits[1] == pytest.approx((ratios[0] / ratios[1]) ** 2, rel=1e-9)


# ------------------------------------------------------------------------------------ lesions, projections


def test_voxels_of_a_lesion_by_a_literal_integral():
    from scipy.special import j1

    diameter, tau, steps = 2.0, 0.5, 20000
    above = below = 0.0
    for i in range(steps):
        f = (i + 0.5) / steps / (2 * tau)
        x = math.pi * diameter * f
        above += f * f
        below += f * f * (2 * j1(x) / x) ** 2
    assert effective_voxels("2 mm", "0.5 mm").magnitude == pytest.approx(above / below, rel=2e-3)
    assert effective_voxels("2 mm", "0.5 mm", 3).magnitude == pytest.approx(3 * above / below, rel=2e-3)
    many = effective_voxels(Q([2, 4], "mm"), "0.5 mm").magnitude
    assert many.shape == (2,) and many[0] == pytest.approx(above / below, rel=2e-3)


def test_contrast_to_noise_by_hand():
    found = contrast_to_noise("I", "2 mg/mL", monochromatic(SIXTY), "10 HU", "0 cm", "ideal", 9.0)
    assert found == pytest.approx(IODINE / WATER * 2 * 3 / 10, rel=2e-3)
    assert contrast_to_noise("I", "2 mg/mL", monochromatic(SIXTY), "10 HU", n_eff=0.25) == pytest.approx(found / 6)
    for wrong in ("0 HU", "-10 HU", Q(np.inf, "HU")):
        with pytest.raises(ValueError, match="noise is"):
            contrast_to_noise("I", "2 mg/mL", monochromatic(SIXTY), wrong)


def test_a_projection_scales_with_its_photons():
    beam = spectrum("70 kV")
    one = projection_limit("I", beam).magnitude
    assert projection_limit("I", beam, "0.4 mGy").magnitude == pytest.approx(one / 2)
    assert projection_limit("I", beam, pixel="0.4 mm").magnitude == pytest.approx(one / 2)
    assert projection_limit("I", beam, pixels=4).magnitude == pytest.approx(one / 2)
    assert projection_limit("I", beam, pixels=0.25).magnitude == pytest.approx(one * 2)
    assert projection_limit("I", beam, rose=1.0).magnitude == pytest.approx(one / 5)
    for wrong in ({"rose": 0.0}, {"pixels": -1.0}, {"rose": -1.0}):
        with pytest.raises(ValueError, match="pixels and rose must be above 0"):
            projection_limit("I", beam, **wrong)
    with pytest.raises(ValueError, match="pixel is 0 cm"):
        projection_limit("I", beam, pixel="0 mm")


def test_a_projection_of_a_tube_by_hand():
    beam, counter = spectrum("70 kV", bin_width="1 keV"), DETECTORS["CsI"]
    found = projection_limit("I", beam, "0.2 mGy", "10 cm", pixel="0.3 mm", pixels=2.0, rose=4.0).magnitude
    incident = beam.photons * 2e-4 / beam.kerma_gray() * 0.03**2 * 2
    signal = square = contrast = 0.0
    for e, n, stop in zip(beam.energies, incident, counter.absorbed(beam.energies), strict=True):
        left = n * stop * math.exp(-10 * slow.water(e))
        signal, square = signal + left * e, square + left * e * e
        contrast += left * e * slow.total("I", e)
    assert found == pytest.approx(1e3 * 4 * math.sqrt(square) / contrast, rel=1e-3)


@pytest.mark.parametrize(
    "ask",
    [
        lambda b: projection_limit("I", b).magnitude,
        lambda b: quantum_noise(b).magnitude,
        lambda b: noise(b, "30 cm", reference_spectrum="100 kV").magnitude,
        lambda b: detection_limit("Gd", b).magnitude,
        lambda b: contrast_to_noise("Gd", "2 mg/mL", b, "12 HU"),
        lambda b: figure_of_merit("Gd", b) / figure_of_merit("Gd", "120 kV"),
        lambda b: match("Gd", "I", "50 mg/mL", b, path="2 cm").concentration,
        lambda b: enhancement("Gd", b, "20 cm").hu("9 mg/mL", "2 cm").magnitude,
        lambda b: enhancement("Gd", b, "20 cm").hu("9 mg/mL", "2 cm", precorrected=True).magnitude,
        lambda b: enhancement("Gd", b, "20 cm").opacity("9 mg/mL", "2 cm"),
        lambda b: b.half_value_layer(2),
        lambda b: b.mean_energy().magnitude,
        lambda b: photons_per_kerma(b),
        lambda b: decompose({"water": "20 cm", "I": "1 mg/cm^2"}, b, Q([25, 60], "keV")).sd("I").magnitude,
        lambda b: dual_voltage({"water": "20 cm", "I": "1 mg/cm^2"}, "140 kV", b).sd("I").magnitude,
    ],
)
def test_how_long_a_tube_ran_before_it_was_measured_changes_nothing(ask):
    beam = spectrum("80 kV", bin_width="1 keV")
    for factor in (1e-9, 7.0):
        assert ask(replace(beam, photons=factor * beam.photons)) == pytest.approx(ask(beam), rel=1e-9)


@pytest.mark.parametrize("what", [Absorber("O", (("O", 0.0),)), Absorber("C", (("C", 1.0),), 3.0)])
def test_a_projection_sees_no_agent_that_attenuates_nothing(what):
    with pytest.raises(Refusal, match=f"{what.basis} attenuates no more than the water it displaces"):
        projection_limit(what)


def test_a_projection_of_which_nothing_is_transmitted():
    with pytest.raises(Refusal, match="no photon reaches the signal"):
        projection_limit("I", monochromatic("15 keV"), phantom="10 m")


# ----------------------------------------------------------------------------------------------- matches


MOLAR = {"I": 126.904, "Gd": 157.25, "Au": 196.967}  # g/mol


@pytest.mark.parametrize(("agent", "reference"), [("I", "Au"), ("Au", "I"), ("Gd", "I"), ("I", "Bi")])
def test_equal_numbers_behind_a_path_whichever_hardens_more(agent, reference):
    found = match(agent, reference, "80 mg/mL", "100 kV", "15 cm", path="3 cm")
    one, other = (enhancement(e, "100 kV", "15 cm") for e in (agent, reference))
    wanted = other.hu("80 mg/mL", "3 cm").magnitude
    assert one.hu(found.mass, "3 cm").magnitude == pytest.approx(wanted, rel=1e-9)
    assert found.amount.to("mol/m^3").magnitude == pytest.approx(found.concentration * 1e3 / MOLAR[agent], rel=1e-4)


def test_a_match_that_nothing_reaches():
    thin = Absorber("I", (("I", 1e-4),))
    with pytest.raises(Refusal, match="no concentration of I reaches"):
        match(thin, "Au", "300 mg/mL", path="2 cm")
    with pytest.raises(Refusal, match="O does not enhance"):
        match(Absorber("O", (("O", 0.0),)))
    little = match("Au", concentration="0.3 mg/mL")
    assert 1000 * little.concentration == pytest.approx(match("Au").concentration, rel=1e-9)
    for concentration in ("0 mg/mL", "0 mM"):
        with pytest.raises(ValueError, match="give it above 0"):
            match("Au", concentration=concentration)


def test_the_band_of_a_match_is_that_of_filtration_and_data():
    beam = spectrum("120 kV")
    found = match("Au", "I", "100 mg/mL", beam)
    ratios = [
        enhancement("I", b, "20 cm").slope / enhancement("Au", b, "20 cm").slope
        for b in (beam, *other_filtrations(beam))
    ]
    assert found.low == pytest.approx(100 * min(ratios) * (1 - 0.027), rel=1e-9)
    assert found.high == pytest.approx(100 * max(ratios) * (1 + 0.027), rel=1e-9)
    assert found.conditions["reference"] == "100 mg I/mL" and found.conditions["kvp"] == "120 kV"
    own = match("Au", "I", "100 mg/mL", measured_spectrum(Q([50, 51, 90], "keV"), Q([1, 1, 1], "1/cm^2")))
    assert own.high / own.low == pytest.approx(1.027 / 0.973) and own.conditions["kvp"] == "own beam"


def test_one_energy_is_told_of_once():
    codes = [f.code for f in match("Au", "Fe", "10 mg/mL", monochromatic(SIXTY)).flags]
    assert codes.count("one energy") == 1
    assert "one energy" in [f.code for f in match("Fe", "Au", "10 mg/mL", monochromatic(SIXTY)).flags]
    assert "one energy" not in [f.code for f in match("Fe", "Ca", "10 mg/mL", monochromatic(SIXTY)).flags]


def test_which_edges_lie_in_the_range_of_tubes():
    told = {e: bool(one_energy(monochromatic(SIXTY), absorber(e))) for e in ("Fe", "Br", "Zr", "I", "U")}
    assert told == {"Fe": False, "Br": False, "Zr": True, "I": True, "U": True}
    assert one_energy(monochromatic(Q([50, 60], "keV")), absorber("I")) == ()
    assert one_energy(spectrum("80 kV"), absorber("I")) == ()


def test_other_filtrations_are_softer_and_harder():
    beam = spectrum("100 kV", anode_angle="12 deg")
    soft, hard = other_filtrations(beam)
    assert soft.hvl() < beam.hvl() < hard.hvl() and soft.anode_angle == hard.anode_angle == 12.0
    aluminium = [dict(b.filters)["Al"] / 2.699 * 10 for b in (soft, hard)]
    assert aluminium == pytest.approx([2.5, 6.0], rel=1e-3)


def test_the_best_beam_of_all_voltages(monkeypatch):
    def half(kvp, layers):  # stands for a tube at one energy, which needs no tables
        return replace(monochromatic(Q(kvp.magnitude / 2, "keV")), kvp=kvp.magnitude)

    monkeypatch.setattr(matching, "spectrum", half)
    best, merits = best_beam("I", "20 cm", "ideal")
    assert sorted(b.kvp for b, _ in merits) == list(np.arange(50.0, 151.0, 5.0)) and best is merits[0][0]
    assert [m for _, m in merits] == sorted((m for _, m in merits), reverse=True) and merits[0][1] == 1.0
    # k sigma^-1 K^-1/2 at one energy: mu_I^2 exp(-mu_w L)/(E mu_en)
    worth = {
        b.kvp: float(mu_rho("I", e) ** 2 * np.exp(-20 * mu_rho("water", e)) / (e * mu_en_rho("air", e)))
        for b, _ in merits
        for e in b.energies
    }
    for beam, share in merits:
        assert share == pytest.approx(worth[beam.kvp] / worth[best.kvp], rel=1e-9)


def test_a_table_names_its_agents_and_conditions():
    agents = ["I", "iohexol", Absorber("Gd", (("Gd", 1.0),))]
    found = enhancement_table(agents, Q([80, 120], "kV"), Q([0, 20], "cm"), filtration={"Al": "5 mm"})
    assert found.agents == ("I", "iohexol", "Gd") and found.bases == ("I", "I", "Gd")
    beam = spectrum("120 kV", {"Al": "5 mm"})
    assert found.per_mass.magnitude[2, 3] == pytest.approx(enhancement("Gd", beam, "20 cm").slope, rel=1e-9)
    assert found.slopes[1, 0] < found.slopes[0, 0] * 1.01
    assert [c["phantom"] for c in found.conditions] == ["0 cm water", "20 cm water"] * 2
    ratio = noise(beam, "20 cm", reference_spectrum=spectrum("80 kV", {"Al": "5 mm"}), reference_phantom="0 cm")
    assert found.relative_noise[3] / found.relative_noise[0] == pytest.approx(ratio.magnitude / 12.0, rel=1e-9)
    for wrong in ("-1 cm", Q(np.nan, "cm")):
        with pytest.raises(ValueError, match="phantoms must be 0 or more"):
            enhancement_table(["I"], "120 kV", wrong)


# ------------------------------------------------------------------------------------------ enhancement


def test_enhancement_by_hand_at_one_energy():
    found = enhancement("iohexol", monochromatic(SIXTY), "20 cm")
    bare = enhancement("I", monochromatic(SIXTY), "20 cm")
    assert bare.slope == pytest.approx(IODINE / WATER, rel=2e-3)
    assert bare.per_mole.magnitude == pytest.approx(IODINE / WATER * 126.904 / 1000, rel=2e-3)
    # three atoms of iodine a molecule
    assert found.per_particle.to("HU/mM").magnitude == pytest.approx(3 * found.per_mole.magnitude, rel=1e-4)
    # -ln exp(-dmu t) is linear at one energy
    for precorrected in (False, True):
        number = bare.hu("5 mg/mL", "2 cm", precorrected).magnitude
        assert number == pytest.approx(5 * bare.slope, rel=1e-9)
    assert bare.opacity("5 mg/mL", "2 cm") == pytest.approx(IODINE * 5e-3 * 2, rel=2e-3)
    assert bare.hu("0 mg/mL").magnitude == 0.0 and bare.hu("39.4 mM").magnitude == pytest.approx(
        5 * bare.slope, rel=1e-3
    )
    assert bare.error == pytest.approx(0.05) and bare.low == pytest.approx(0.95 * bare.slope)


def test_precorrection_for_water_makes_water_linear():
    found = enhancement(Absorber("O", tuple(fractions("water").items())), "80 kV", "10 cm")
    # water in excess is measured as its own length, however thick
    for amount in ("50 mg/mL", "900 mg/mL"):
        wanted = Q(amount).to("mg/mL").magnitude
        assert found.hu(amount, "5 cm", precorrected=True).magnitude == pytest.approx(wanted, rel=1e-6)
        assert found.hu(amount, "5 cm").magnitude < wanted


def test_phantoms_and_concentrations_at_the_rim():
    assert object_layers("0 cm") == (("water", 0.0),) and object_layers("25 mm") == (("water", pytest.approx(2.5)),)
    for wrong in ("-1 cm", Q([1, 2], "cm"), Q(np.inf, "cm")):
        with pytest.raises(ValueError, match="one thickness, 0 or more"):
            object_layers(wrong)
    found = enhancement("I", spectrum("120 kV"), "20 cm")
    for wrong in (Q([1, 2], "mg/mL"), Q(np.nan, "mg/mL"), "-1 mM"):
        with pytest.raises(ValueError, match="one value, 0 or more"):
            found.hu(wrong)
    for wrong in (Q(np.inf, "cm"), "0 cm"):
        with pytest.raises(ValueError, match="it must be one value above 0"):
            found.hu("1 mg/mL", wrong)
    with pytest.raises(UnitError, match="mass or amount of I per volume"):
        found.hu("1 kg")


def test_what_is_said_of_a_beam_without_filters_and_of_many_conditions():
    assert enhancement("I", spectrum("80 kV", {}), "1 cm").conditions["filtration"] == "none"
    volts = Q([60, 70, 80, 90, 100], "kV")
    assert "more conditions" not in _table_page(enhancement_table(["I"], volts[:4], Q([0, 20], "cm"))).note
    page = _table_page(enhancement_table(["I"], volts, Q([0, 20], "cm")))
    assert page.note == "and 2 more conditions" and len(page.lines[0]) == 9
    nothing = Enhancement("I", 0.0, 0.0, 0.0, {})
    assert nothing.error == 0.0 and nothing.hu("5 mg/mL").magnitude == 0.0
    for ask in (nothing.hu, nothing.opacity):
        with pytest.raises(Refusal, match="make it with `enhancement`"):
            ask("5 mg/mL", "2 cm")


# ------------------------------------------------------------------------------------------- the doors


def test_a_limit_is_that_of_the_documented_reference():
    # 5 times 12 HU, the noise of one voxel at 120 kV behind 20 cm, and a factor of 2 to both sides
    gold = Formulation(id="gold-10", kind="nanoparticle", cores={"material": "gold", "diameter": "10 nm"})
    found = predict(gold, "c_min", {"kvp": 120.0, "phantom": 20.0})
    slope = enhancement(gold, "120 kV", "20 cm").per_mole.magnitude
    assert found.number == pytest.approx(60 / slope, rel=1e-6)
    assert (found.low, found.high) == (pytest.approx(found.number / 2), pytest.approx(2 * found.number))
    softer = predict(gold, "c_min", {"kvp": 80.0, "phantom": 20.0}).number
    expected = 5 * noise("80 kV").magnitude / enhancement(gold, "80 kV", "20 cm").per_mole.magnitude
    assert softer == pytest.approx(expected, rel=1e-6)


def test_numbers_beyond_the_scale_and_hardened_beams_are_flagged_where_they_begin():
    gold = Formulation(id="gold-10", kind="nanoparticle", cores={"material": "gold", "diameter": "10 nm"})
    slope = enhancement(gold, "120 kV", "20 cm").per_mole.magnitude

    def codes(millimolar, path):
        asked = {"kvp": 120.0, "phantom": 20.0, "concentration": millimolar, "path": path}
        return [flag.code for flag in predict(gold, "hu", asked).flags]

    assert "clipped" not in codes(2950 / slope, 1e-4) and "clipped" in codes(3050 / slope, 1e-4)
    one = enhancement(gold, "120 kV", "20 cm").opacity("1 mM", "1 cm")
    assert "finite path" not in codes(0.0198 / one, 1.0) and "finite path" in codes(0.0202 / one, 1.0)
