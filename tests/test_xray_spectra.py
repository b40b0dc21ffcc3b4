"""Tube spectra: the stated beam, identities of filters and half-value layers, lines, bins, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import references_xray as slow
from hypothesis import given, settings
from hypothesis import strategies as st

from contrastphys.provenance import Refusal
from contrastphys.units import Q, UnitError
from contrastphys.xray.attenuation import edges
from contrastphys.xray.contrast import enhancement
from contrastphys.xray.spectra import bin_edges, measured_spectrum, monochromatic, spectrum


@pytest.mark.parametrize(
    ("kvp", "hvl", "mean"), [(80, 5.76, 51.8), (100, 7.03, 58.6), (120, 8.08, 64.4), (140, 8.99, 69.6)]
)
def test_reference_beam(kvp, hvl, mean):
    beam = spectrum(Q(kvp, "kV"), {"Al": "3 mm", "Ti": "0.9 mm"})
    assert beam.hvl().magnitude == pytest.approx(hvl, rel=0.01)
    assert beam.mean_energy().magnitude == pytest.approx(mean, abs=0.1)


def test_second_half_value_layer():
    beam = spectrum("120 kV")
    assert beam.hvl(2).magnitude == pytest.approx(9.54, rel=0.01)
    assert beam.hvl(1) < beam.hvl(2)
    assert 0 < beam.homogeneity() < 1
    assert monochromatic("60 keV").homogeneity() == pytest.approx(1.0, abs=1e-9)


def test_narrow_beams_are_known_less_well():
    broad = [spectrum("120 kV"), spectrum("120 kV").filtered({"water": "30 cm"}), spectrum("60 kV", {"Al": "3 mm"})]
    narrow = [spectrum("100 kV", {"Cu": "5 mm"}), spectrum("125 kV", {"Cu": "1 mm", "Sn": "4 mm"})]
    assert [beam.layer_error for beam in broad + narrow] == [0.02] * 3 + [0.05] * 2


def test_kerma_and_half_value_layer_against_the_literal_sum():
    beam = spectrum("45 kV", bin_width="1 keV")
    assert beam.kerma_gray() == pytest.approx(slow.kerma(beam.energies, beam.photons), rel=3e-4)
    kermas = beam._kerma_per_photon() * beam.photons
    half = slow.layer_by_bisection(beam.energies, kermas, 0.5)
    quarter = slow.layer_by_bisection(beam.energies, kermas, 0.25)
    assert beam.half_value_layer(1) == pytest.approx(half, rel=1e-9)
    assert beam.half_value_layer(2) == pytest.approx(quarter - half, rel=1e-9)


def test_scaling_changes_no_quality():
    beam = spectrum("100 kV")
    louder = measured_spectrum(Q([40, 50, 60], "keV"), Q([1e5, 2e5, 1e5], "1/cm^2"))
    twice = measured_spectrum(Q([40, 50, 60], "keV"), Q([2e5, 4e5, 2e5], "1/cm^2"))
    assert twice.hvl() == louder.hvl()
    assert twice.kerma().magnitude == pytest.approx(2 * louder.kerma().magnitude)
    assert beam.filtered({}).hvl() == beam.hvl()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.floats(35, 150), st.floats(0, 10), st.floats(0, 10))
def test_more_aluminium_hardens(kvp, first, more):
    thin = spectrum(Q(kvp, "kV"), {"Al": Q(1 + first, "mm")})
    thick = thin.filtered({"Al": Q(more, "mm")})
    assert thick.mean_energy() >= thin.mean_energy()
    assert thick.hvl() >= thin.hvl() * (1 - 1e-12)
    assert thick.kerma() <= thin.kerma()


def test_filters_commute_and_add():
    one = spectrum("120 kV", {"Al": "3 mm", "Cu": "0.2 mm"})
    two = spectrum("120 kV", {"Cu": "0.2 mm"}).filtered({"Al": "1 mm"}).filtered({"Al": "2 mm"})
    assert one.photons == pytest.approx(two.photons, rel=1e-10)
    areal = spectrum("120 kV", {"Al": "0.80967 g/cm^2", "Cu": "0.2 mm"})
    assert areal.photons == pytest.approx(one.photons, rel=1e-6)


def test_a_bow_tie_hardens_the_rim_as_its_material_does():
    beam = spectrum("120 kV")
    centre, rim = beam.filtered({"Al": "1 mm"}), beam.filtered({"Al": "12 mm"})
    assert rim.mean_energy() > centre.mean_energy() and rim.kerma() < centre.kerma() and rim.hvl() > centre.hvl()
    # of water it is more phantom
    by_water = enhancement("I", beam.filtered({"water": "5 cm"}), "20 cm").slope
    assert by_water == pytest.approx(enhancement("I", beam, "25 cm").slope, rel=1e-9)


def test_lines_stay_apart():
    beam = spectrum("120 kV", {"Al": "3 mm"})
    k_lines = beam.energies[beam.is_line & (beam.energies > 50)]
    assert k_lines[:2] == pytest.approx([57.98, 59.32], abs=0.01)
    beta = k_lines[np.argmin(abs(k_lines - 67.24))]
    assert beta < edges("Ta")[0].energy < 67.5
    assert not spectrum("69 kV", {"Al": "3 mm"}).is_line[-5:].any()
    above, below = spectrum("72 kV"), spectrum("69 kV")
    assert (above.is_line & (above.energies > 50)).sum() > 0
    assert (below.is_line & (below.energies > 50)).sum() == 0


def test_bins_end_at_every_edge():
    bounds = bin_edges(120.0, 0.5)
    assert bounds[-1] == 120.0 and np.diff(bounds).max() <= 0.5 + 1e-9
    for symbol in ("I", "Gd", "Ta", "W", "Au", "Bi"):
        assert np.abs(bounds - edges(symbol)[0].energy).min() < 1e-4


@pytest.mark.parametrize("kvp", [31, 46, 69.6, 70.1, 83, 101, 149])
def test_spectrum_is_smooth_in_voltage(kvp):
    near = [spectrum(Q(kvp + d, "kV"), {"Al": "3 mm"}) for d in (-0.25, 0.0, 0.25)]
    kerma = np.array([b.kerma_gray() for b in near])
    layers = np.array([b.half_value_layer() for b in near])
    assert kerma[1] == pytest.approx((kerma[0] + kerma[2]) / 2, rel=2e-3)
    assert layers[1] == pytest.approx((layers[0] + layers[2]) / 2, rel=2e-3)
    assert (np.diff(kerma) > 0).all() and (np.diff(layers) > 0).all()


def test_finer_bins_change_nothing():
    coarse, fine = (spectrum("120 kV", bin_width=w) for w in ("0.5 keV", "0.1 keV"))
    assert coarse.hvl().magnitude == pytest.approx(fine.hvl().magnitude, rel=1e-4)
    assert coarse.kerma().magnitude == pytest.approx(fine.kerma().magnitude, rel=1e-4)


def test_steeper_anode_gives_a_softer_beam():
    hvls = [spectrum("120 kV", anode_angle=f"{a} deg").hvl().magnitude for a in (7, 8, 10, 12, 15, 20)]
    assert (np.diff(hvls) < 0).all()


def test_own_spectrum_is_split_at_edges_and_kept_whole():
    beam = measured_spectrum(Q(np.arange(20.5, 120), "keV"), Q(np.full(100, 7.0), "1/cm^2"))
    assert beam.photons.sum() == pytest.approx(700.0)
    assert beam.widths.max() <= 0.5 + 1e-9
    assert beam.mean_energy().magnitude == pytest.approx(70.0, rel=1e-6)


@pytest.mark.parametrize(
    ("kwargs", "error", "words"),
    [
        ({"kvp": "1200 kV"}, Refusal, "tabulated from 30 to 150 kV"),
        ({"kvp": "20 kV"}, Refusal, "tabulated from 30 to 150 kV"),
        ({"kvp": "120 keV"}, UnitError, "kvp takes a unit such as 'kV'"),
        ({"kvp": 120}, UnitError, "kvp needs a unit such as 'kV'"),
        ({"kvp": "120 kV", "anode_angle": "45 deg"}, Refusal, "tabulated from 7 to 20 deg"),
        ({"kvp": "120 kV", "filtration": {"Al": 3}}, UnitError, "the amount of Al needs a unit"),
        ({"kvp": "120 kV", "filtration": {"Al": "-3 mm"}}, ValueError, "must be one value, 0 or more"),
        ({"kvp": "120 kV", "filtration": "3 mm"}, UnitError, "layers are given by material"),
        ({"kvp": "120 kV", "filtration": {"Aluminium": "3 mm"}}, ValueError, "formula 'Aluminium'"),
        ({"kvp": "120 kV", "filtration": {"Al2O3": "3 mm"}}, ValueError, "no density known for 'Al2O3'"),
    ],
)
def test_bad_input(kwargs, error, words):
    with pytest.raises(error, match=words):
        spectrum(**kwargs)


def test_wide_bins_of_an_own_spectrum_are_flagged():
    for width, flagged in ((1.0, True), (0.2, False)):
        at = np.arange(30 + width / 2, 120, width)
        beam = measured_spectrum(Q(at, "keV"), Q(np.ones(at.size), "1/cm^2"))
        assert ("wide bins" in [flag.code for flag in beam.flags]) is flagged


def test_a_beam_without_photons_is_refused():
    dead = spectrum("30 kV", {"Pb": "5 cm"})
    for ask in (dead.mean_energy, dead.hvl, dead.homogeneity):
        with pytest.raises(Refusal, match="no photon is left"):
            ask()
    assert "no photons" in repr(dead)
    with pytest.raises(ValueError, match="0 at every energy"):
        measured_spectrum(Q([40, 50], "keV"), Q([0, 0], "1/cm^2"))


def test_own_spectrum_refuses_what_it_cannot_read():
    energies = Q([40, 50, 45], "keV")
    with pytest.raises(ValueError, match="does not ascend"):
        measured_spectrum(energies, Q([1, 1, 1], "1/cm^2"))
    with pytest.raises(ValueError, match="must be finite and 0 or more"):
        measured_spectrum(Q([40, 50], "keV"), Q([1, -1], "1/cm^2"))
    with pytest.raises(ValueError, match="one length"):
        measured_spectrum(Q([40, 50], "keV"), Q([1, 1, 1], "1/cm^2"))
