"""Contrast, mechanical index, thresholds."""

import math

import pytest

from contrastphys.provenance import Refusal
from contrastphys.ultrasound import Gas, Liquid, Monodisperse, Population
from contrastphys.ultrasound.bubble import acoustic, gas, liquid
from contrastphys.ultrasound.cavitation import blake_threshold, inertial_threshold_fit
from contrastphys.ultrasound.imaging import background, contrast, detectable, droplet_backscatter, mechanical_index


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


def test_linear_contrast_of_a_stated_cross_section():
    # n = 1e5 /mL, sigma_s = 1e-11 m^2 against 3e-3 1/(cm sr): -6 dB
    eta = 1e11 * 1e-11 / (4 * math.pi)
    assert 10 * math.log10(eta / 0.3) == pytest.approx(-6, abs=0.3)
    cloud = Population(Monodisperse("1.5 um"), "1e5 1/mL", Gas(), medium=Liquid())
    found = contrast(cloud, "3 MHz")
    expected = 10 * math.log10(cloud.backscatter("3 MHz").magnitude / background("liver", 3e6))
    assert found.ratio_db == pytest.approx(expected, rel=1e-12)
    assert contrast(cloud, "3 MHz", "blood").ratio_db > found.ratio_db + 20


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
