"""Beams bin by bin: between and at the tables, at cuts and edges, absolute kerma, own tables of photons."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from contrastphys.provenance import Refusal
from contrastphys.records import table
from contrastphys.units import Q
from contrastphys.xray.attenuation import all_edges, edges
from contrastphys.xray.spectra import (
    Spectrum,
    areal_density,
    bin_edges,
    measured_spectrum,
    monochromatic,
    spectrum,
)

BARE: dict[str, str] = {}
STEPS = (*np.arange(32.5, 60.1, 2.5), *np.arange(65, 146, 5))  # tube voltages of the tables between the two ends


def bare(kvp, angle=7.0):
    return spectrum(Q(kvp, "kV"), BARE, Q(angle, "deg"))


def lines(beam):
    return dict(zip(beam.energies[beam.is_line], beam.photons[beam.is_line], strict=True))


def per_kev(beam, energy):
    """Continuum at the bin that holds an energy, over what is left to the end point."""
    at = np.flatnonzero(~beam.is_line & (np.abs(beam.energies - energy) <= beam.widths / 2))[0]
    return beam.photons[at] / beam.widths[at] / (beam.kvp - beam.energies[at])


# ------------------------------------------------------------------------------------------ at the tables


@pytest.mark.parametrize("angle", (7, 9, 12, 16, 20))
@pytest.mark.parametrize("kvp", [30, 57.5, 80, 150])
def test_a_tabulated_tube_gives_its_table(kvp, angle):
    name = f"kvp_{kvp:g}"
    held = table(f"spectra/tungsten_{angle}deg_lines.csv").columns
    wanted = {e: n for e, n in zip(held["energy"], held[name], strict=True) if n > 0}
    assert lines(bare(kvp, angle)) == pytest.approx(wanted, rel=1e-9)
    held = table(f"spectra/tungsten_{angle}deg_continuum.csv").columns
    node, photons = np.asarray(held["energy"]), np.asarray(held[name])
    beam = bare(kvp, angle)
    for at in (5.0, 15.0, 25.0, 45.0, 65.0, 100.0, 140.0):
        if at < kvp - 1:
            i = int(np.flatnonzero(node == at)[0])
            assert per_kev(beam, at) == pytest.approx(photons[i] / (kvp - at), rel=0.02)


def test_every_table_has_the_lines_of_tungsten():
    known = table("spectra/tungsten_7deg_lines.csv").columns["energy"]
    for angle in (7, 9, 12, 16, 20):
        assert table(f"spectra/tungsten_{angle}deg_lines.csv").columns["energy"] == pytest.approx(known, abs=0)
    # K-L3, K-L2, K-M3 of tungsten; L3-M5, L2-M4 (Bearden 1967)
    for published in (59.318, 57.982, 67.244, 8.398, 9.673):
        assert np.abs(np.asarray(known) - published).min() < 2e-3


@pytest.mark.parametrize("kvp", STEPS)
def test_nothing_jumps_where_one_table_follows_another(kvp):
    below, at, above = (bare(kvp + d) for d in (-1e-6, 0.0, 1e-6))
    for beam in (below, above):
        # half a kilovolt above their threshold the K lines are 1e-4 of the beam and may take the law of 75 kV
        faint = 1e-4 * at.photons.sum() if kvp == 70 else 0.0
        assert lines(beam) == pytest.approx(lines(at), rel=1e-4, abs=faint)
        for energy in (4.0, 20.0, kvp - 3, kvp - 1.25):
            assert per_kev(beam, energy) == pytest.approx(per_kev(at, energy), rel=1e-4)


@pytest.mark.parametrize("angle", (9, 12, 16))
def test_nothing_jumps_where_one_anode_follows_another(angle):
    below, at, above = (bare(110, angle + d) for d in (-1e-5, 0.0, 1e-5))
    for beam in (below, above):
        assert beam.photons == pytest.approx(at.photons, rel=1e-4)


@pytest.mark.parametrize(
    ("shell", "below", "above"), [("L3", 10.2, 10.3), ("L2", 11.5, 11.6), ("L1", 12.0, 12.1), ("K", 69.5, 69.6)]
)
def test_nothing_is_smeared_over_an_edge_of_the_anode(shell, below, above):
    edge = next(e.energy for e in edges("W") if e.shell == shell)
    beam = spectrum("100 kV", BARE, bin_width="0.05 keV")
    held = table("spectra/tungsten_7deg_continuum.csv").columns
    nodes = dict(zip(held["energy"], held["kvp_100"], strict=True))
    # each side keeps the value of its own node up to the edge
    assert below < edge <= above
    for node, near in ((below, edge - 0.004), (above, edge + 0.004)):
        assert per_kev(beam, near) == pytest.approx(nodes[node] / (100 - node), rel=0.01)


# ------------------------------------------------------------------------------------- between the tables


def test_between_two_voltages_the_tube_is_the_geometric_mean():
    low, middle, high = bare(65), bare(67.5), bare(70)
    for energy in (3.0, 12.3, 25.0, 60.0):
        mean = np.sqrt(per_kev(low, energy) * per_kev(high, energy))
        assert per_kev(middle, energy) == pytest.approx(mean, rel=1e-9)
    soft = [e for e in lines(low) if e < 50]
    assert len(soft) > 15
    for e in soft:
        assert lines(middle)[e] == pytest.approx(np.sqrt(lines(low)[e] * lines(high)[e]), rel=1e-9)
    one_third = bare(65 + 5 / 3)
    expected = per_kev(low, 25.0) ** (2 / 3) * per_kev(high, 25.0) ** (1 / 3)
    assert per_kev(one_third, 25.0) == pytest.approx(expected, rel=1e-9)


def test_between_two_anodes_the_path_through_the_anode_decides():
    low, high = bare(90, 12), bare(90, 16)
    path = [1 / np.sin(np.radians(a)) for a in (12, 16)]
    middle = float(np.degrees(np.arcsin(2 / sum(path))))
    assert bare(90, middle).photons == pytest.approx(np.sqrt(low.photons * high.photons), rel=1e-9)
    third = float(np.degrees(np.arcsin(3 / (2 * path[0] + path[1]))))
    expected = low.photons ** (2 / 3) * high.photons ** (1 / 3)
    assert bare(90, third).photons == pytest.approx(expected, rel=1e-9)


def test_k_lines_rise_as_green_and_cosslett_measured():
    # photons ~ (U - 1)^1.63, U the voltage over 69.525 kV (Green and Cosslett 1968); absorption in the anode apart
    volts = np.arange(75.0, 150.1, 2.5)
    for line in (57.982, 59.319, 67.245, 69.1):
        yields = []
        for v in volts:
            found = lines(bare(v))
            yields.append(found[min(found, key=lambda e: abs(e - line))] / (v / 69.525 - 1) ** 1.63)
        yields = np.array(yields)
        assert yields.max() / yields.min() < 1.5
        assert np.abs(np.diff(np.log(yields))).max() < 0.06


def test_k_lines_start_at_the_k_edge_of_tungsten():
    beta, alpha = 67.245, 59.319
    assert not any(e > 50 for e in lines(bare(69.525)))
    near, later = lines(bare(69.7)), lines(bare(72.5))
    assert 0 < near[alpha] < 0.02 * later[alpha] and 0 < near[beta] < 0.02 * later[beta]
    # between 70 and 75 kV the law holds with a factor between those of the two tables
    ends = [lines(bare(v))[alpha] / (v / 69.525 - 1) ** 1.63 for v in (70, 72.5, 75)]
    assert ends[1] == pytest.approx((ends[0] + ends[2]) / 2, rel=0.6)
    assert (np.diff([lines(bare(v))[alpha] for v in (69.6, 70, 71, 73, 75, 80)]) > 0).all()


def test_the_continuum_falls_to_nothing_at_the_end_point():
    for kvp in (33.3, 62.0, 87.0, 117.5, 148.0):
        beam = bare(kvp)
        last = np.array([per_kev(beam, kvp - d) for d in (6.25, 5.25, 4.25, 3.25, 2.25, 1.25, 0.25)])
        # per keV and keV left it is smooth: no jump where the lower table ends
        steps = np.diff(np.log(last))
        assert np.abs(np.diff(steps)).max() < 0.07
        assert beam.energies.max() < kvp and beam.energies.max() + beam.widths[-1] / 2 == pytest.approx(kvp)


def test_past_the_end_of_a_table_its_ratio_to_the_next_one_stays():
    high, middle = bare(120), bare(117.5)
    ratios = [per_kev(middle, e) / per_kev(high, e) for e in (114.25, 115.25, 116.25, 117.25)]
    assert ratios == pytest.approx([ratios[0]] * 4, rel=1e-9)


# --------------------------------------------------------------------------------------------------- bins


@pytest.mark.parametrize(("top", "width"), [(120.0, 0.5), (67.3, 1.0), (33.4, 0.3), (30.0, 0.1)])
def test_bins_run_from_2_kev_to_the_top_without_gap(top, width):
    bounds = bin_edges(top, width)
    assert bounds[0] == 2.0 and bounds[-1] == top
    assert (np.diff(bounds) > 0).all() and np.diff(bounds).max() <= width * (1 + 1e-9)
    assert set(all_edges(2.0, top)) <= set(bounds)
    grid = 2.0 + width * np.arange(int((top - 2.0) / width) + 1)
    assert np.abs(bounds[:, None] - grid[grid < top]).min(axis=0).max() < 1e-9
    assert bounds.size <= grid.size + len(all_edges(2.0, top)) + 1


def test_a_tube_has_bins_of_half_a_kev_unless_asked():
    beam = spectrum("120 kV")
    assert beam.widths.max() == pytest.approx(0.5)
    assert spectrum("120 kV", bin_width="1 keV").widths.max() == pytest.approx(1.0)
    assert beam.kvp == 120.0 and beam.anode_angle == 7.0 and [m for m, _ in beam.filters] == ["Al", "Ti"]
    assert (np.diff(beam.energies) >= 0).all()


def test_one_tube_at_a_time():
    for many in ({"kvp": Q([80, 120], "kV")}, {"kvp": "80 kV", "anode_angle": Q([7, 9], "deg")}):
        with pytest.raises(ValueError, match="one kvp, one anode_angle and one bin_width"):
            spectrum(**many)
    assert bare(30).kvp == 30.0 and bare(150, 20).anode_angle == 20.0
    for kvp, angle in ((29.9, 7), (150.1, 7), (80, 6.9), (80, 20.1)):
        with pytest.raises(Refusal, match="tabulated from"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            bare(kvp, angle)


# --------------------------------------------------------------------------------------------------- cuts


@pytest.mark.parametrize("cut", [20.1, 33.169, 59.319, 67.3, 119.9])
def test_a_cut_keeps_every_photon_and_puts_it_on_its_side(cut):
    beam = spectrum("120 kV", bin_width="1 keV")
    divided = beam.split([cut])
    low, high = divided.energies - divided.widths / 2, divided.energies + divided.widths / 2
    assert not ((low < cut - 1e-6) & (high > cut + 1e-6)).any()
    assert divided.photons.sum() == pytest.approx(beam.photons.sum(), rel=1e-12)
    assert divided.widths.sum() == pytest.approx(beam.widths.sum(), rel=1e-12)
    assert lines(divided) == lines(beam)
    assert (np.diff(divided.energies) >= 0).all()
    # even photons within a bin: the mean energy stays, and below the cut lies the share of the width below it
    assert divided.mean_energy().magnitude == pytest.approx(beam.mean_energy().magnitude, rel=1e-12)
    left, right = beam.energies - beam.widths / 2, beam.energies + beam.widths / 2
    shares = np.where(
        beam.is_line, beam.energies < cut, np.clip((cut - left) / np.where(right > left, right - left, 1), 0, 1)
    )
    assert divided.photons[divided.energies < cut].sum() == pytest.approx(shares @ beam.photons, rel=1e-12)


def test_a_cut_on_a_bound_or_outside_divides_nothing():
    beam = Spectrum(np.array([10.5, 11.5, 12.0]), np.array([3.0, 5.0, 7.0]), np.array([1.0, 1.0, 0.0]))
    for cut in (10.0, 11.0, 12.0, 9.0, 13.0):
        assert beam.split(cut).photons.tolist() == [3.0, 5.0, 7.0]
    divided = beam.split([11.25, 10.5])
    assert divided.energies == pytest.approx([10.25, 10.75, 11.125, 11.625, 12.0])
    assert divided.photons == pytest.approx([1.5, 1.5, 1.25, 3.75, 7.0])
    assert divided.widths == pytest.approx([0.5, 0.5, 0.25, 0.75, 0.0])


# ---------------------------------------------------------------------------------- one energy, in absolute terms


@pytest.mark.parametrize(
    ("energy", "air", "aluminium"), [(30, 0.1537, 1.128), (60, 0.03041, 0.2778), (100, 0.02325, 0.1704)]
)
def test_kerma_and_half_value_layer_of_one_energy(energy, air, aluminium):
    # mu_en/rho of air and mu/rho of Al in cm2/g as NIST tabulates them; 1 keV is 1.602e-16 J, 1 cm2/g 0.1 m2/kg
    beam = monochromatic(Q(energy, "keV"))
    assert beam.kerma_gray() == pytest.approx(energy * 1.602177e-16 * air * 1e3, rel=2e-3)
    assert beam.kerma().to("Gy").magnitude == pytest.approx(beam.kerma_gray(), rel=1e-12)
    for order in (1, 2):
        assert beam.hvl(order).to("cm").magnitude == pytest.approx(np.log(2) / (aluminium * 2.699), rel=2e-3)
    assert beam.mean_energy().magnitude == energy
    assert beam.fluence.check("1/[length]**2") and beam.fluence.magnitude.tolist() == [1.0]


def test_half_value_layers_halve_the_kerma():
    beam = spectrum("100 kV")
    first, second = beam.hvl(1), beam.hvl(2)
    whole = beam.kerma_gray()
    assert beam.filtered({"Al": first}).kerma_gray() == pytest.approx(whole / 2, rel=1e-9)
    assert beam.filtered({"Al": first + second}).kerma_gray() == pytest.approx(whole / 4, rel=1e-9)
    copper = beam.hvl(material="Cu")
    assert beam.filtered({"Cu": copper}).kerma_gray() == pytest.approx(whole / 2, rel=1e-9)
    assert beam.homogeneity() == pytest.approx((first / second).magnitude)
    for order in (0, 3):
        with pytest.raises(ValueError, match=r"first \(1\) and second \(2\)"):
            beam.hvl(order)


def test_units_of_a_tube_are_per_charge():
    beam = spectrum("80 kV")
    assert beam.kerma().units == Q(1, "uGy/(mA*s)").units
    assert beam.kerma().magnitude == pytest.approx(1e6 * beam.kerma_gray(), rel=1e-12)
    assert beam.fluence.to("1/(mA*s*m^2)").magnitude == pytest.approx(1e4 * beam.photons)
    assert beam.energy.to("eV").magnitude == pytest.approx(1e3 * beam.energies)


def test_several_lines_at_once():
    beam = monochromatic(Q([70, 50, 50], "keV"))
    assert beam.energies.tolist() == [50.0, 70.0] and beam.photons.tolist() == [1.0, 1.0]
    assert beam.is_line.all() and beam.mean_energy().magnitude == pytest.approx(60.0)


# ------------------------------------------------------------------------------------------------- layers


def test_layers_by_thickness_or_by_mass():
    assert areal_density("Al", "1 mm") == pytest.approx(0.2699, rel=1e-4)
    assert areal_density("water", "20 cm") == pytest.approx(20.0)
    assert areal_density("Ta2O5", "3 mg/cm^2") == pytest.approx(3e-3)
    assert areal_density("Al", "0 mm") == 0.0
    for amount in (Q([1, 2], "mm"), "-1 mm", Q(np.inf, "mm")):
        with pytest.raises(ValueError, match="must be one value, 0 or more"):
            areal_density("Al", amount)
    beam = spectrum("80 kV", {"Al": "2 mm"}).filtered({"Cu": "0.1 mm"})
    assert beam.filters == (("Al", pytest.approx(0.5398, rel=1e-4)), ("Cu", pytest.approx(0.0896, rel=1e-3)))


# ----------------------------------------------------------------------------------------------- own tables


def test_own_bins_with_edges_hold_their_photons():
    bounds = np.array([20.0, 21.0, 33.5, 40.0])
    beam = measured_spectrum(Q([20.3, 30, 36], "keV"), Q([4.0, 10.0, 2.0], "1/cm^2"), Q(bounds, "keV"))
    for low, high, photons in zip(bounds[:-1], bounds[1:], (4.0, 10.0, 2.0), strict=True):
        inside = (beam.energies > low) & (beam.energies < high)
        assert beam.photons[inside].sum() == pytest.approx(photons, rel=1e-12)
        assert beam.widths[inside].sum() == pytest.approx(high - low, rel=1e-12)
        # even within the bin
        assert beam.photons[inside] / beam.widths[inside] == pytest.approx(photons / (high - low), rel=1e-9)
    assert beam.widths.max() <= 0.5 + 1e-9
    bottoms = beam.energies - beam.widths / 2
    ends = all_edges(20.0, 40.0)
    assert ends[0] < 21 and ends[-1] > 33.5 and all(np.abs(bottoms - end).min() < 1e-9 for end in ends)
    assert not beam.per_mas and beam.kerma().check("[length]**2/[time]**2")


def test_own_bins_without_edges_reach_halfway():
    beam = measured_spectrum(Q([40, 41, 44], "keV"), Q([1.0, 1.0, 1.0], "1/cm^2"))
    bottoms, tops = beam.energies - beam.widths / 2, beam.energies + beam.widths / 2
    assert bottoms.min() == pytest.approx(39.5) and tops.max() == pytest.approx(45.5)
    for low, high in ((39.5, 40.5), (40.5, 42.5), (42.5, 45.5)):
        inside = (beam.energies > low) & (beam.energies < high)
        assert beam.photons[inside].sum() == pytest.approx(1.0, rel=1e-12)


def test_an_own_table_from_1_kev_can_be_used():
    at = np.arange(1.0, 101.0)
    beam = measured_spectrum(Q(at, "keV"), Q(at * (101 - at), "1/cm^2"))
    assert beam.energies.min() > 1.0 and beam.hvl().magnitude > 0
    low = measured_spectrum(Q([0.4, 2.0], "keV"), Q([1.0, 1.0], "1/cm^2"))
    assert 0 < low.energies.min() < 0.4 and low.photons.sum() == pytest.approx(2.0)


@pytest.mark.parametrize("width", [1.0, 0.7, 0.5, 0.3, 0.26, 0.25, 0.1])
def test_bins_above_a_quarter_kev_are_told_of(width):
    at = 60 + width * np.arange(20)
    bounds = np.append(at - width / 2, at[-1] + width / 2)
    beam = measured_spectrum(Q(at, "keV"), Q(np.ones(20), "1/cm^2"), Q(np.round(bounds, 12), "keV"))
    assert bool(beam.flags) is (width > 0.25 + 1e-9)
    assert beam.photons.sum() == pytest.approx(20.0, rel=1e-12) and beam.widths.max() <= 0.5 + 1e-9
    assert beam.widths.sum() == pytest.approx(20 * width, rel=1e-9)
    one_wide = measured_spectrum(
        Q([60, 60.5, 60.6], "keV"), Q([1, 1, 1], "1/cm^2"), Q([59, 60.45, 60.55, 60.65], "keV")
    )
    assert one_wide.flags


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ([39, 40.5, 41.5], "3 bins need 4 ascending edges, not 3"),
        ([39, 40.5, 41.5, 42.5, 43.5], "3 bins need 4 ascending edges, not 5"),
        ([39, 41.5, 40.5, 42.5], "ascending"),
        ([39, 40.5, 40.5, 42.5], "ascending"),
        ([42.5, 41.5, 40.5, 39], "ascending"),
        ([10, 20, 30, 40], r"energy\[0\] is 40 keV: its edges are 10 and 20 keV"),
        ([39, 40.5, 40.7, 42.5], r"energy\[1\] is 41 keV: its edges are 40.5 and 40.7 keV"),
    ],
)
def test_edges_that_do_not_fit_the_bins(bounds, words):
    with pytest.raises(ValueError, match=words):
        measured_spectrum(Q([40, 41, 42], "keV"), Q([1, 1, 1], "1/cm^2"), Q(bounds, "keV"))


@pytest.mark.parametrize(
    ("energy", "fluence", "words"),
    [
        ([40.0], [1.0], "two lists of one length"),
        ([0.0, 40.0], [1.0, 1.0], "above 0 and up to 1000 keV"),
        ([40.0, 1000.5], [1.0, 1.0], "above 0 and up to 1000 keV"),
        ([40.0, np.nan], [1.0, 1.0], "above 0 and up to 1000 keV"),
        ([40.0, 40.0], [1.0, 1.0], r"energy\[1\] does not ascend"),
        ([40.0, 41.0, 39.0], [1.0, 1.0, 1.0], r"energy\[2\] does not ascend"),
        ([40.0, 41.0], [np.inf, 1.0], "must be finite and 0 or more"),
        ([40.0, 41.0, 42.0], [1.0, 0.0, -2.0], r"fluence\[2\] must be finite and 0 or more"),
    ],
)
def test_own_tables_that_are_no_beam(energy, fluence, words):
    with pytest.raises(ValueError, match=words):
        measured_spectrum(Q(energy, "keV"), Q(fluence, "1/cm^2"))
    kept = measured_spectrum(Q([40.0, 41.0, 1000.0], "keV"), Q([0.0, 1.0, 0.0], "1/cm^2"))
    assert kept.photons.sum() == pytest.approx(1.0)


def test_a_dead_beam_says_so():
    dead = spectrum("30 kV", {"Pb": "5 cm"})
    with pytest.raises(Refusal, match="no photon is left"):
        dead.half_value_layer()
