"""Water and the Grueneisen parameter against IAPWS-95."""

import numpy as np
import pytest

from contrastphys.photoacoustic import water
from contrastphys.units import Q, RangeWarning

# IAPWS-95 at 0.1 MPa, two codes agreeing to five digits: temperature [C], Gamma, beta [1e-4 1/K]
IAPWS = [
    (4, 0.00017, 0.0035),
    (5, 0.00776, 0.160),
    (10, 0.04390, 0.879),
    (20, 0.10861, 2.068),
    (25, 0.13784, 2.573),
    (37, 0.20112, 3.620),
    (50, 0.26051, 4.578),
]


@pytest.mark.parametrize(("celsius", "gamma", "beta"), IAPWS)
def test_gruneisen_table(celsius, gamma, beta):
    assert water.gruneisen(Q(celsius, "degC")).magnitude == pytest.approx(gamma, abs=5e-4)
    assert water.expansion.bare(celsius + 273.15) * 1e4 == pytest.approx(beta, abs=5e-3)


def test_gruneisen_changes_sign_near_four_degrees():
    assert water.gruneisen.bare(276.15) < 0 < water.gruneisen.bare(278.15)


def test_expansion_is_the_slope_of_density():
    t = np.linspace(275, 370, 40)
    slope = (water.density.bare(t + 1e-3) - water.density.bare(t - 1e-3)) / 2e-3
    assert np.allclose(water.expansion.bare(t), -slope / water.density.bare(t), atol=1e-9)


def test_expansion_integral_is_exact_and_smooth():
    rise = np.array([1e-9, 1e-4, 1.0, 40.0])
    found = water.expansion_integral.bare(293.15, rise)
    assert found[2:] == pytest.approx(
        np.log(water.density.bare(293.15) / water.density.bare(293.15 + rise[2:])), rel=1e-12
    )
    assert found[0] == pytest.approx(water.expansion.bare(293.15) * 1e-9, rel=1e-7)


@pytest.mark.parametrize("celsius", [2.0, 20.0, 60.0])
def test_the_nonlinear_part_of_expansion_cancels_nothing(celsius):
    kelvin = celsius + 273.15
    slope = float(water.expansion.bare(kelvin + 1e-3) - water.expansion.bare(kelvin - 1e-3)) / 2e-3
    small = np.array([1e-12, 1e-8, 1e-5])
    assert water.expansion_excess(kelvin, small) == pytest.approx(slope * small**2 / 2, rel=2e-6)
    large = np.array([0.5, 20.0, 90.0, 250.0])  # on both sides of where the logarithm is no longer a series
    linear = float(water.expansion.bare(kelvin)) * large
    whole = water.expansion_integral.bare(kelvin, large)
    assert water.expansion_excess(kelvin, large) == pytest.approx(whole - linear, rel=1e-9)


@pytest.mark.parametrize("wrong", [Q(37, "K"), "120 degC", "-5 degC"])
def test_temperature_of_no_liquid_water(wrong):
    with pytest.raises(ValueError, match="outside 0 to 100 degC"):
        water.gruneisen(wrong)


def test_other_media():
    ratio = water.gruneisen("30 degC", medium="serum") / water.gruneisen("30 degC")
    assert ratio.magnitude == pytest.approx(1.09)
    assert water.gruneisen("22 degC", medium="fat").magnitude == 0.81
    with pytest.warns(RangeWarning, match="measured at 295.15 K only"):
        water.gruneisen("37 degC", medium="fat")
    with pytest.raises(ValueError, match="known: water, fat, lipid, serum"):
        water.gruneisen("37 degC", medium="bone")


@pytest.mark.oracle
def test_against_iapws():
    from CoolProp import CoolProp as coolprop

    temperature = np.linspace(273.16, 372.7, 200)

    def take(key):
        return np.array([coolprop.PropsSI(key, "T", t, "P", 1e5, "Water") for t in temperature])

    beta, speed, heat = take("ISOBARIC_EXPANSION_COEFFICIENT"), take("A"), take("C")
    assert np.max(np.abs(water.density.bare(temperature) - take("D"))) < 0.02
    assert np.max(np.abs(water.sound_speed.bare(temperature) - speed)) < 0.1
    assert np.max(np.abs(water.heat_capacity.bare(temperature) / heat - 1)) < 5e-5
    assert np.max(np.abs(water.gruneisen.bare(temperature) - beta * speed**2 / heat)) < 5e-4


def test_fat_is_told_where_it_was_not_measured():
    at = water.gruneisen("22 degC", "fat")
    assert water.gruneisen("24.5 degC", "fat") == at
    with pytest.warns(RangeWarning, match="only"):
        assert water.gruneisen("25.5 degC", "fat") == at
