"""Dissolution of bubbles and vaporisation of droplets."""

import math

import numpy as np
import pytest

from contrastphys.formulation import Formulation
from contrastphys.provenance import Refusal
from contrastphys.ultrasound import Free, Liquid, Marmottant
from contrastphys.ultrasound.droplets import (
    focusing,
    interior,
    nucleation_pressure,
    saturated,
    steepened,
    vaporisation_threshold,
)
from contrastphys.ultrasound.stability import Species, dissolution, species, tensionless_lifetime
from contrastphys.units import Q

AIR = Species("air", "0.02", "2e-9 m^2/s", saturation=1.0)
C3F8 = Species("C3F8", "5.2e-4", "7.45e-10 m^2/s")


@pytest.mark.parametrize(
    ("gas", "lifetime"),
    [(AIR, 14.2e-3), (C3F8, 0.995), (Species("C4F10", "2.02e-4", "6.9e-10 m^2/s"), 2.76)],
)
def test_lifetimes_of_free_bubbles(gas, lifetime):
    found = dissolution("1 um", [gas], temperature="298.15 K")
    assert found.lifetime.magnitude == pytest.approx(lifetime, rel=0.005)


@pytest.mark.parametrize("permeability", [None, 1.2e-6])
def test_closed_form_without_tension(permeability):
    gas = C3F8.changed(shell_permeability=permeability)
    found = dissolution("1 um", [gas], Free.bare(0.0), longest="1 h", until=1e-3, accuracy=1e-7)
    exact = tensionless_lifetime(1e-6, 5.2e-4, 7.45e-10, 0.0, permeability or math.inf)
    assert found.lifetime.magnitude == pytest.approx(exact, rel=2e-3)
    if permeability:
        assert exact > 100 * tensionless_lifetime(1e-6, 5.2e-4, 7.45e-10, 0.0)  # 1/h, not L/h


def test_a_sealed_bubble_keeps_its_gas():
    found = dissolution("1 um", [C3F8.changed(shell_permeability=0.0)], longest="1 min")
    assert found.lifetime is None
    assert found.amounts[-1].sum() == pytest.approx(1, abs=1e-12)
    assert "alive" in [f.code for f in found.flags]


def test_a_fluorocarbon_bubble_grows_in_air_before_it_dissolves():
    gases = [species("C3F8", 0.0, 1.0, 1.2e-6), species("air", 1.0, 0.0, 2.857e-5)]
    found = dissolution("1.25 um", gases, Free.bare(0.025))
    assert found.growth > 1.3
    assert {"growth", "permeability"} <= {f.code for f in found.flags}
    alone = dissolution("1.25 um", gases[:1], Free.bare(0.025))
    assert found.lifetime > alone.lifetime


def test_the_shell_law_sets_the_tension():
    soft = dissolution("1 um", [C3F8], Marmottant("0.5 N/m", sigma0="0.02 N/m"))
    bare = dissolution("1 um", [C3F8])
    exact = tensionless_lifetime(1e-6, 5.2e-4, 7.45e-10, 0.0)
    # its tension stores 39 % more gas, which leaves at once; then it is buckled and bears none
    first = 0.45 * 1e-12 / (3 * 1.2 * 7.45e-10 * 5.2e-4)
    assert soft.lifetime.magnitude == pytest.approx(0.96 * exact + first, rel=0.02)
    assert bare.lifetime.magnitude < 0.8 * exact


def test_accuracy_is_met():
    one, two = (dissolution("1 um", [C3F8], accuracy=a).lifetime.magnitude for a in (1e-5, 1e-8))
    assert one == pytest.approx(two, rel=1e-3)


def test_bad_gases():
    with pytest.raises(ValueError, match=r"sum to 0.5: they must sum to 1"):
        dissolution("1 um", [C3F8.changed(share=0.5)])
    with pytest.raises(Refusal, match="solubility or diffusivity of C5F12"):
        species("C5F12")
    with pytest.raises(TypeError, match="radius needs a unit"):
        dissolution(1e-6, [C3F8])
    with pytest.raises(Refusal, match="does not dissolve in a saturated liquid"):
        tensionless_lifetime(1e-6, 0.02, 2e-9, 1.0)


@pytest.mark.parametrize(
    ("pressure", "tension", "critical"),
    [(1150e3, 2.6e-3, -0.33), (390e3, 5.9e-3, -4.7), (49e3, 10.7e-3, -12.3), (6.7e3, 12.7e-3, -16)],
)
def test_nucleation_in_a_drop_of_one_micrometre(pressure, tension, critical):
    found = nucleation_pressure(pressure, tension, 310.15, math.pi / 6 * 1e-18)
    assert found / 1e6 == pytest.approx(critical, rel=0.03)


def test_three_pictures_side_by_side():
    found = vaporisation_threshold("C5F12", "2.25 MHz", "1 um")
    assert found.superheated
    assert found.laplace.to("MPa").magnitude == pytest.approx((0.101325 + 0.12 - 0.13322), abs=1e-6)
    assert found.nucleation.to("MPa").magnitude == pytest.approx(8.37, abs=0.01)
    assert found.focused.magnitude == pytest.approx(found.nucleation.magnitude / found.focusing)
    assert found.focusing == pytest.approx(1, abs=0.01)  # a small drop does not focus
    assert found.expansion == pytest.approx(5.17, abs=0.01)
    assert vaporisation_threshold("C5F12", "3.5 MHz", "20 um").focusing > 2.5


def test_perfluorohexane_is_not_called_superheated():
    found = vaporisation_threshold("C6F14", "5 MHz", "1 um")
    assert not found.superheated
    assert any("boils at 57 degC" in f.message for f in found.flags)


def test_a_formulation_knows_its_drop():
    made = Formulation(id="pfp", kind="droplet", liquid={"species": "C5F12", "diameter": "1 um"})
    both = [vaporisation_threshold(d, "5 MHz", size).focused for d, size in ((made, None), ("C5F12", "1 um"))]
    assert both[0] == both[1]
    with pytest.raises(Refusal, match="give the diameter"):
        vaporisation_threshold("C5F12", "5 MHz")


def test_saturated_liquids_are_interpolated_in_the_right_way():
    warm = saturated("C5F12", 302.45)  # its boiling point
    assert warm["vapour_pressure"] == pytest.approx(101325, rel=2e-3)
    with pytest.raises(Refusal, match=r"tabulated from 298.15 to 310.15 K"):
        saturated("C5F12", 340.0)
    with pytest.raises(Refusal, match="no saturated liquid"):
        saturated("SF6")


def test_field_inside_a_sphere():
    water = Liquid()
    z = np.linspace(-0.9, 0.9, 7) * 20e-6
    k = 2 * math.pi * 5e6 / water.sound_speed
    same = interior(z, 20e-6, 5e6, water.density, water.sound_speed, water)
    assert np.allclose(same, np.exp(1j * k * z), atol=1e-9)  # no contrast: the plane wave itself
    tiny = interior([0.0], 1e-8, 1e6, 1564.0, 436.0, water)
    assert abs(tiny[0]) == pytest.approx(1, abs=1e-4)
    large = 2 * math.pi * 5e6 * 20e-6 / 436.0
    assert large > 1
    assert abs(interior([0.0], 20e-6, 5e6, 1564.0, 436.0, water)[0]) > 1.3


def test_steepened_wave():
    assert steepened(0.0, 3).tolist() == [1, 0, 0]
    gentle = steepened(0.01, 2)
    assert gentle == pytest.approx([1, 0.005], rel=1e-3)
    assert focusing(1e-8, 1e6, 1564.0, 436.0, Liquid(), 0.5) == pytest.approx(1, abs=1e-3)
    with pytest.raises(ValueError, match="the series holds from 0 to 1"):
        vaporisation_threshold("C5F12", "5 MHz", Q(1, "um"), shock=2.0)


def test_a_drop_far_above_its_boiling_point_needs_no_sound_to_boil():
    """Vapour of C3F8 at 37 C is above what surface tension adds in a drop of 5 um: the threshold is nothing."""
    found = vaporisation_threshold("C3F8", "5 MHz", "20 um")
    assert found.laplace.magnitude == 0.0 and found.superheated
    assert vaporisation_threshold("C6F14", "5 MHz", "1 um").laplace.magnitude > 0.0
