"""Size distributions and what a cloud of bubbles does to a wave."""

import math

import numpy as np
import pytest
import references_ultrasound as ref

from contrastphys.formulation import load
from contrastphys.ultrasound import (
    Bubble,
    Gamma,
    Gas,
    Histogram,
    Liquid,
    LogNormal,
    Marmottant,
    Monodisperse,
    Population,
    cross_sections,
    population_of,
)
from contrastphys.ultrasound.agents import peak_pictures, predict
from contrastphys.units import Q, magnitude

WATER = Liquid()
PFC = Gas("C4F10", "1.05", "0.0136 W/m/K", "883 J/kg/K", "0.23803 kg/mol")
SHELL = Marmottant("0.5 N/m", "5e-9 kg/s", "0.02 N/m")
WIDE = LogNormal("1 um", math.log(1.6))


def cloud(concentration="1e5 1/mL", sizes=WIDE, **more):
    return Population(sizes, concentration, PFC, SHELL, WATER, **more)


def test_moments_of_the_log_normal():
    s = math.log(1.6)
    assert WIDE.number_mean_radius == pytest.approx(1e-6 * math.exp(s**2 / 2), rel=1e-6)
    assert WIDE.volume_mean_radius**3 == pytest.approx(1e-18 * math.exp(4.5 * s**2), rel=1e-6)
    assert WIDE.moment(6) == pytest.approx(1e-36 * math.exp(18 * s**2), rel=1e-5)


def test_number_and_volume_mean_make_the_width():
    sizes = LogNormal.of_means("2.5 um", "4 um")
    assert 2 * sizes.number_mean_radius == pytest.approx(2.5e-6, rel=1e-6)
    assert 2 * sizes.volume_mean_radius == pytest.approx(4e-6, rel=1e-6)
    with pytest.raises(ValueError, match="lies below the number mean"):
        LogNormal.of_means("4 um", "2.5 um")


def test_gamma_of_a_published_fit():
    sizes = Gamma(2.0, Q(1 / 2.19, "um"), "0.5 um", "6 um")
    assert 2e6 * sizes.number_mean_radius == pytest.approx(2.96, abs=0.005)
    radius, fraction = sizes.classes(3000)
    volume = np.cumsum(fraction * radius**3)
    median = 2e6 * float(np.interp(0.5, volume / volume[-1], radius))
    assert median == pytest.approx(5.15, abs=0.01)
    gas_volume = np.array([1.5e14, 5.6e14]) * 4 / 3 * math.pi * sizes.moment(3) * 1e3  # uL/mL
    assert gas_volume == pytest.approx([3.9, 14.7], abs=0.06)


def test_gas_volume_of_nanobubbles():
    nano = Population(Monodisperse("150 nm"), "4e11 1/mL", PFC, SHELL, WATER)
    assert nano.void_fraction * 1e3 == pytest.approx(5.7, abs=0.06)  # uL of gas per mL


def test_histogram_keeps_number_and_agrees_with_its_parent():
    edges = np.geomspace(0.2e-6, 5e-6, 61)
    middle = np.sqrt(edges[1:] * edges[:-1])
    counts = WIDE.density(middle) * np.diff(np.log(edges))
    histogram = Histogram.of_radii(Q(edges, "m"), counts)
    assert histogram.number_mean_radius == pytest.approx(WIDE.number_mean_radius, rel=2e-3)
    both = [cloud(sizes=sizes).bulk("3 MHz").attenuation.magnitude for sizes in (WIDE, histogram)]
    assert both[0] == pytest.approx(both[1], rel=5e-3)
    assert "assumed population" not in [f.code for f in cloud(sizes=histogram).bulk("3 MHz").flags]


@pytest.mark.parametrize(
    ("edges", "counts", "words"),
    [
        (["1 um", "2 um"], [1, 2], "2 counts need 3 edges"),
        (["2 um", "1 um", "3 um"], [1, 2], "rise from one to the next"),
        (["1 um", "2 um", "3 um"], [1, -2], "0 or more"),
        (["1 um", "2 um", "3 um"], [0, 0], "not all 0"),
        ([1.0, 2.0], [1], "edges needs a unit"),
    ],
)
def test_bad_histograms(edges, counts, words):
    with pytest.raises((ValueError, TypeError), match=words):
        Histogram.of_diameters(edges, counts)


def test_dilute_sum_is_the_sum():
    sizes = Histogram.of_radii(Q([0.9, 1.1, 2.0], "um"), [2.0, 1.0])
    few = Population(sizes, "1e4 1/mL", PFC, SHELL, WATER, classes=40)
    radius, density = few.grid()
    by_hand = sum(
        n * ref.cross_sections(
            r, 3e6, stiffness=4 * 0.52 / r, friction=4 * 5e-9 / r, tension=0.02, temperature=310.15,
            gas=(1.05, 0.0136, 883.0, 0.23803),
        )[1]
        for r, n in zip(radius, density, strict=True)
    )  # fmt: skip
    found = few.bulk("3 MHz")
    assert magnitude(found.attenuation_dilute, "dB/m") == pytest.approx(4.342945 * by_hand, rel=1e-6)


def test_bubbly_liquid_tends_to_the_dilute_sum():
    f = Q(np.array([1.0, 3.0, 8.0]), "MHz")
    differ = []
    for n in ("1e3 1/mL", "1e4 1/mL", "1e5 1/mL"):
        found = cloud(n).bulk(f)
        differ.append(np.max(np.abs((found.attenuation / found.attenuation_dilute).magnitude - 1)))
    assert differ[0] < 5e-5
    assert differ[2] < 5e-3
    assert differ[2] / differ[1] == pytest.approx(10, rel=0.1)  # grows with the concentration
    assert np.allclose(cloud("10 1/mL").bulk(f).sound_speed.magnitude, WATER.sound_speed, rtol=1e-6)


def test_low_frequency_sound_speed_is_that_of_a_mixture():
    # w -> 0: 1/c_m^2 = 1/c^2 + Sum 4 pi n R^3 rho/K, the compliance of the bubbles
    single = Population(Monodisperse("2 um"), "1e6 1/mL", PFC, SHELL, WATER, polytropic=1.0)
    stiffness = 3 * (101325 + 2 * 0.02 / 2e-6) - 2 * 0.02 / 2e-6 + 4 * 0.52 / 2e-6
    expected = (1 / 1482**2 + 4 * math.pi * 1e12 * 8e-18 * 998 / stiffness) ** -0.5
    assert single.sound_speed("10 kHz").magnitude == pytest.approx(expected, rel=1e-4)
    assert expected < 1420


def test_backscatter_is_scattering_over_the_sphere():
    single = Population(Monodisperse("1.5 um"), "1e5 1/mL", PFC, SHELL, WATER)
    one = cross_sections(Bubble("1.5 um", PFC, SHELL), "4 MHz", WATER)
    expected = 1e11 * one.scattering.magnitude / (4 * math.pi)
    assert single.backscatter("4 MHz").magnitude == pytest.approx(expected, rel=1e-12)


def test_size_grid_is_fine_enough_and_says_when_not():
    f = np.linspace(0.5e6, 10e6, 40)
    exact = cloud().spectra(f, classes=4000)[1]
    errors = {n: np.max(np.abs(cloud().spectra(f, classes=n)[1] / exact - 1)) for n in (20, 40, 80, 300)}
    assert errors[300] < 1e-3
    assert errors[20] > errors[40] > errors[300]
    assert "grid" not in [flag.code for flag in cloud().bulk(Q(f, "Hz")).flags]
    assert "grid" in [flag.code for flag in cloud(classes=20).bulk(Q(f, "Hz")).flags]


def test_flags_of_a_dense_cloud():
    codes = [flag.code for flag in cloud("1e8 1/mL", LogNormal("0.6 um", 0.3)).bulk("3 MHz").flags]
    assert {"void", "assumed population", "interaction"} <= set(codes)
    with pytest.raises(ValueError, match="diameter was given as a radius"):
        cloud("1e9 1/mL").bulk("3 MHz")


def test_units_at_the_door():
    with pytest.raises(TypeError, match="concentration needs a unit"):
        Population(WIDE, 1e6, PFC, SHELL, WATER)
    with pytest.raises(TypeError, match="median needs a unit"):
        LogNormal(1.0, 0.4)
    found = cloud().bulk("3 MHz")
    assert found.attenuation.to("1/m").magnitude == pytest.approx(
        magnitude(found.attenuation, "dB/m") * math.log(10) / 20
    )


def test_histogram_of_a_file(tmp_path):
    file = tmp_path / "sizes.csv"
    file.write_text("# source: test\nlow [um],high [um],count\n1,2,30\n2,4,10\n", "utf-8")
    read = Histogram.read(file)
    assert read == Histogram.of_diameters(["1 um", "2 um", "4 um"], [30, 10])
    file.write_text("low [um],high [um],count\n1,2,30\n3,4,10\n", "utf-8")
    with pytest.raises(ValueError, match="begin where the one before it ends"):
        Histogram.read(file)
    file.write_text("low,high,count\n1,2,30\n2,4,10\n", "utf-8")
    with pytest.raises(TypeError, match="low needs a unit such as 'm'"):
        Histogram.read(file)
    file.write_text("low [um],count\n1,30\n", "utf-8")
    with pytest.raises(ValueError, match="column 'high' is missing"):
        Histogram.read(file)


def test_a_histogram_need_not_sum_to_one():
    edges = ["1 um", "2 um", "3 um"]
    shares, counts = (Histogram.of_diameters(edges, some) for some in ([0.25, 0.75], [2500, 7500]))
    assert counts.number_mean_radius == pytest.approx(shares.number_mean_radius, rel=1e-12)


def test_diameters_written_as_radii_are_noticed():
    codes = {
        median: {flag.code for flag in Population(LogNormal(median, 0.4), "1e4 1/mL", Gas()).bulk("3 MHz").flags}
        for median in ("1 um", "3 um")
    }
    assert "size" in codes["3 um"]
    assert "size" not in codes["1 um"]


def test_the_temperature_of_the_gas_is_told():
    for kelvin in (298.15, 310.15):
        asked = {"medium": "water", "temperature": kelvin}
        codes = {flag.code for flag in predict(load("sonovue"), "attenuation_peak", asked).flags}
        assert ("gas temperature" in codes) is (kelvin == 298.15)


@pytest.mark.parametrize(("name", "corner"), [("sonovue", True), ("definity", False), ("sonazoid", True)])
def test_the_readings_of_an_attenuation_peak(name, corner):
    cloud = population_of(name, "1e5 1/mL")
    found = peak_pictures(cloud)
    assert ("stiff side" in found) is corner
    assert found["whole"] == min(found.values())
    assert "peak" in {flag.code for flag in predict(load(name), "attenuation_peak", {}).flags}


def test_an_open_gamma_distribution_has_its_closed_moments():
    open_ended = Gamma(2.0, "0.4 um")
    for order, product in ((1, 3), (2, 12), (3, 60)):
        assert open_ended.moment(order) == pytest.approx(product * 0.4e-6**order, rel=1e-4)


def test_a_histogram_holds_its_edges_and_refuses_a_radius_of_nothing():
    sizes = Histogram.of_diameters(Q([1.0, 2.0, 4.0], "um"), [3.0, 1.0])
    at = sizes.density(np.array([0.49e-6, 0.5e-6, 0.99e-6, 1.0e-6, 2.0e-6, 2.01e-6]))
    assert at == pytest.approx(np.array([0, 3, 3, 1, 1, 0]) / math.log(2))
    with pytest.raises(ValueError, match="must be positive"):
        Histogram.of_radii(Q([0.0, 2.0, 4.0], "um"), [3.0, 1.0])


def test_a_few_classes_are_the_trapezium_rule_of_the_density():
    """Half weight at both ends, in ln R; seen where the density is cut off while it is high."""
    cut = Gamma(2.0, "0.5 um", "0.6 um", "1.4 um")
    radius, share = cut.classes(5)
    weight = cut.density(radius)
    whole = np.trapezoid(weight, np.log(radius))
    mean = np.trapezoid(weight * radius, np.log(radius)) / whole
    assert np.sum(share * radius) == pytest.approx(mean, rel=1e-12) and share.sum() == pytest.approx(1)
