"""Contrast, mechanical index, thresholds."""

import math

import pytest

from contrastphys.provenance import Refusal
from contrastphys.ultrasound import Bubble, Gas, Liquid, LogNormal, Marmottant, Monodisperse, Population
from contrastphys.ultrasound.bubble import acoustic, gas, liquid
from contrastphys.ultrasound.cavitation import blake_threshold, inertial_threshold, inertial_threshold_fit
from contrastphys.ultrasound.imaging import background, contrast, detectable, droplet_backscatter, mechanical_index
from contrastphys.units import Q


def test_mechanical_index_has_its_units():
    assert mechanical_index("800 kPa", "4 MHz").magnitude == pytest.approx(0.4)
    derated = mechanical_index("1 MPa", "2 MHz", "5 cm").magnitude
    assert derated == pytest.approx(10 ** (-0.3 * 2 * 5 / 20) / math.sqrt(2))
    with pytest.raises(TypeError, match="pressure needs a unit"):
        mechanical_index(0.8, "4 MHz")
    with pytest.raises(TypeError, match="frequency"):
        mechanical_index("0.8 MPa", "4e6 rad/s")


@pytest.mark.parametrize(("radius", "value"), [("0.1 um", 0.637), ("1 um", 0.1438), ("5 um", 0.1065)])
def test_blake(radius, value):
    assert blake_threshold(radius).to("MPa").magnitude == pytest.approx(value, abs=5e-4)


def test_inertial_fit():
    assert inertial_threshold_fit("1 MHz").magnitude == pytest.approx(0.262, abs=1e-3)
    assert inertial_threshold_fit("10 MHz", "blood").magnitude == pytest.approx(1.170, abs=1e-3)
    with pytest.raises(ValueError, match="the fit is for water and blood"):
        inertial_threshold_fit("1 MHz", "oil")


@pytest.mark.parametrize(("f", "pressure"), [(1, 0.205), (2, 0.278), (5, 0.460), (10, 0.721)])
def test_simulated_inertial_threshold_in_water(f, pressure):
    found = inertial_threshold(Q(f, "MHz"), Liquid(), sizes=41)
    assert found.pressure.to("MPa").magnitude == pytest.approx(pressure, rel=0.01)


@pytest.mark.parametrize(("f", "pressure"), [(1, 0.261), (2, 0.399), (5, 0.805), (10, 1.482)])
def test_simulated_inertial_threshold_in_blood(f, pressure):
    thick = Liquid(viscosity="5 mPa*s")
    found = inertial_threshold(Q(f, "MHz"), thick, tension="0.056 N/m", sizes=41)
    assert found.pressure.to("MPa").magnitude == pytest.approx(pressure, rel=0.01)


def test_threshold_of_a_bubble_by_its_growth():
    shell = Marmottant("0.5 N/m", "2e-9 kg/s", "0.01 N/m")
    one = Bubble("1 um", Gas(), shell, 1.07)
    twice, more = (
        inertial_threshold("2 MHz", Liquid(), one, "growth", limit, 3.0).pressure.magnitude for limit in (2, 3.4)
    )
    assert more > 1.2 * twice
    with pytest.raises(ValueError, match="criterion is 'temperature' or 'growth'"):
        inertial_threshold("2 MHz", Liquid(), one, "noise")
    with pytest.raises(ValueError, match="is reached at rest"):
        inertial_threshold("2 MHz", Liquid(), one, "growth", 0.5)


def test_a_sequence_raises_the_contrast():
    shell = Marmottant("0.5 N/m", "5e-9 kg/s", "0.01 N/m")
    cloud = Population(LogNormal("1.2 um", 0.3), "1e5 1/mL", Gas(), shell, Liquid(), polytropic=1.07)
    plain = contrast(cloud, "3 MHz").ratio_db
    for sequence in ("pulse-inversion", "amplitude-modulation", "combined"):
        found = contrast(cloud, "3 MHz", sequence, "150 kPa")
        assert 10 < found.ratio_db - plain < 40
    with pytest.raises(ValueError, match="sequence is one of"):
        contrast(cloud, "3 MHz", "doppler")


def test_linear_contrast_of_a_stated_cross_section():
    # n = 1e5 /mL, sigma_s = 1e-11 m^2 against 3e-3 1/(cm sr): -6 dB
    eta = 1e11 * 1e-11 / (4 * math.pi)
    assert 10 * math.log10(eta / 0.3) == pytest.approx(-6, abs=0.3)
    cloud = Population(Monodisperse("1.5 um"), "1e5 1/mL", Gas(), medium=Liquid())
    found = contrast(cloud, "3 MHz")
    expected = 10 * math.log10(cloud.backscatter("3 MHz").magnitude / background("liver", 3e6))
    assert found.ratio_db == pytest.approx(expected, rel=1e-12)
    assert contrast(cloud, "3 MHz", against="blood").ratio_db > found.ratio_db + 20


def test_detection_never_below_one_bubble_in_a_voxel():
    n, floor = detectable(1e-9, 1e-9, 1e-9)
    assert floor
    assert n == pytest.approx(1e9)


def test_droplet_is_a_rayleigh_scatterer():
    water = Liquid()
    assert droplet_backscatter(1e-6, 2e6, 998.0, 1482.0, water) == pytest.approx(0, abs=1e-40)
    ratio = droplet_backscatter(1e-6, 4e6, 1600.0, 450.0, water) / droplet_backscatter(1e-6, 2e6, 1600.0, 450.0, water)
    assert ratio == pytest.approx(16)


def test_catalogue_of_media():
    water = liquid("water", 298.15)
    assert (water.density, water.sound_speed) == pytest.approx((997.048, 1496.7))
    assert liquid("water", 295.65).sound_speed == pytest.approx(0.5 * (1482.35 + 1496.7), abs=0.1)
    assert liquid("blood").viscosity == pytest.approx(4.5e-3)
    assert acoustic("liver")["attenuation_1mhz"] == pytest.approx(90)  # dB/m
    assert background("liver", 3e6) == pytest.approx(0.05, rel=1e-3)  # 0.5e-3 1/(cm sr) at 3 MHz
    with pytest.raises(Refusal, match=r"tabulated from 283.15 to 323.15 K"):
        liquid("water", 373.15)
    with pytest.raises(Refusal, match="viscosity of liver is not known"):
        liquid("liver")


@pytest.mark.parametrize("name", ["air", "N2", "O2", "SF6", "C3F8", "C4F10", "C5F12"])
def test_gases_are_gases(name):
    found = gas(name)
    assert 1 < found.adiabatic < 1.41
    assert found.heat_capacity * found.molar_mass > 3.5 * 8.3  # two rotations at least
    # ideal gas: cp - cv = R, within the few per cent by which a heavy vapour is not ideal
    difference = found.heat_capacity * found.molar_mass * (1 - 1 / found.adiabatic)
    assert difference == pytest.approx(8.314, rel=0.3)


def test_perfluorohexane_is_no_gas():
    with pytest.raises(Refusal, match="it is no gas of bubbles"):
        gas("C6F14")


def test_importing_the_room_loads_no_heavy_package():
    import subprocess
    import sys

    heavy = ("numba", "scipy.optimize", "scipy.integrate", "scipy.special", "matplotlib", "lmfit")
    script = f"import sys, contrastphys.ultrasound.agents; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_bubbles_without_an_echo_are_never_detectable():
    for silent in ({"scattering": 0.0}, {"scattering": 1e-11, "bubble_kept": 0.0}):
        with pytest.raises(Refusal, match="no echo"):
            detectable(**silent, tissue=0.05, voxel=1e-9)
