"""Linear oscillation: reference tables, limits, identities, the balance of energy."""

import math

import numpy as np
import pytest
import references_ultrasound as ref

from contrastphys.ultrasound import (
    Bubble,
    Church,
    Free,
    Gas,
    Gompertz,
    Liquid,
    Marmottant,
    cross_sections,
    resonance,
    resonant_radius,
)
from contrastphys.ultrasound.gas_heat import _phi
from contrastphys.ultrasound.linear import natural, response, sections
from contrastphys.units import Q, RangeWarning

WATER = Liquid()
AIR = Gas("air", "1.40", "0.0262 W/m/K", "1007 J/kg/K", "0.02896 kg/mol")
COATED = Bubble("1.5 um", AIR, Marmottant("0.5 N/m", "5e-9 kg/s", "0.02 N/m"), polytropic=1.07)
BARE = Bubble("2 um", AIR, Free(), polytropic=1.4)
THICK = Bubble("2 um", AIR, Church("50 MPa", "15 nm", "0.8 Pa*s", "0.04 N/m"), polytropic=1.4)
TABLE = [  # bubble, f0 [MHz], {f: (sigma_s, sigma_e)}
    (COATED, 4.469458, {1: (7.818540e-14, 1.518279e-11), 3: (1.690531e-11, 3.799038e-10),
                        5: (2.414778e-10, 2.109329e-9), 8: (5.514869e-11, 2.220440e-10)}),
    (BARE, 2.040165, {1: (5.011841e-12, 9.927814e-11), 2.5: (4.239840e-10, 1.700401e-9),
                      4: (9.109968e-11, 1.983069e-10), 8: (5.729685e-11, 7.421187e-11)}),
    (THICK, 5.662703, {1: (5.158523e-14, 1.848637e-11), 2.5: (2.703227e-12, 1.573280e-10),
                       4: (3.067276e-11, 7.164984e-10), 8: (1.127993e-10, 7.455053e-10)}),
]  # fmt: skip


@pytest.mark.parametrize(("bubble", "f0", "rows"), TABLE)
def test_reference_table(bubble, f0, rows):
    assert resonance(bubble, WATER).frequency.to("MHz").magnitude == pytest.approx(f0, abs=6e-7)
    for f, (scattering, extinction) in rows.items():
        found = cross_sections(bubble, Q(f, "MHz"), WATER)
        assert found.scattering.magnitude == pytest.approx(scattering, rel=5e-7)  # seven digits are printed
        assert found.extinction.magnitude == pytest.approx(extinction, rel=5e-7)


def test_against_the_literal_formulas():
    gas = (1.4, 0.0262, 1007.0, 0.02896)
    cool = Liquid(temperature="25 degC")
    for radius in (0.3e-6, 1e-6, 4e-6):
        for f in (0.5e6, 3e6, 12e6):
            found = cross_sections(Bubble.bare(radius, AIR), Q(f, "Hz"), cool)
            expected = ref.cross_sections(radius, f, stiffness=0, friction=0, tension=0.072, gas=gas)
            assert found.scattering.magnitude == pytest.approx(expected[0], rel=1e-11)
            assert found.extinction.magnitude == pytest.approx(expected[1], rel=1e-11)


@pytest.mark.parametrize(
    ("x", "value"),
    [(1e-4, 4.164375 + 0.034543j), (0.01, 3.854112 + 0.258822j), (1, 3.004324 + 0.056788j),
     (100, 3.0000004 + 0.000571j)],
)  # fmt: skip
def test_polytropic_function(x, value):
    found = complex(_phi(x, 1.4))
    assert found.real == pytest.approx(value.real, abs=6e-7)
    assert found.imag == pytest.approx(value.imag, abs=6e-7)
    assert found == pytest.approx(ref.phi(x, 1.4), rel=1e-9)


@pytest.mark.oracle
@pytest.mark.parametrize("x", np.geomspace(1e-5, 1e5, 41))
def test_polytropic_function_in_many_digits(x):
    import mpmath

    with mpmath.workdps(40):
        z = mpmath.sqrt(1j / mpmath.mpf(x))
        exact = complex(3 * 1.07 / (1 - 3 * (mpmath.mpf(1.07) - 1) * 1j * x * (z * mpmath.coth(z) - 1)))
    found = complex(_phi(x, 1.07))
    assert found.real == pytest.approx(exact.real, rel=2e-15)
    assert found.imag == pytest.approx(exact.imag, rel=1e-11)


def test_heat_that_is_kept_is_that_of_its_own_shell():
    radius, omega = np.geomspace(3e-7, 5e-6, 30)[None, :], 2 * math.pi * np.geomspace(1e6, 1e7, 7)[:, None]
    for chi, sigma0 in ((0.5, 0.02), (0.8, 0.02), (0.5, 0.05), (0.8, 0.05)):
        shell = Marmottant.bare(chi, 5e-9, sigma0)
        r = response(radius, omega, shell, AIR, WATER)
        for i in (0, 6):
            for k in (0, 29):
                one = response(float(radius[0, k]), float(omega[i, 0]), shell, AIR, WATER)
                assert r.denominator()[i, k] == pytest.approx(complex(one.denominator()), rel=1e-13)


def test_polytropic_function_at_its_ends():
    assert complex(_phi(1e-12, 1.4)) == pytest.approx(4.2, rel=1e-5)
    assert complex(_phi(1e9, 1.4)) == pytest.approx(3, rel=1e-8)
    assert np.all(np.isfinite(_phi(np.geomspace(1e-30, 1e30, 200), 1.67)))
    x = np.geomspace(1, 5000, 8000)  # no step where the series takes over
    assert np.max(np.abs(np.diff(np.log(_phi(x, 1.4).imag * x)))) < 1e-4


def test_free_air_bubble_with_heat_exchange():
    found = resonance(Bubble("1 um", AIR), Liquid(temperature="25 degC"))
    assert found.frequency.to("MHz").magnitude == pytest.approx(3.9004, abs=5e-5)
    assert found.polytropic == pytest.approx(1.0101, abs=5e-5)
    parts = found.damping
    for name, value in {"viscous": 0.1635, "thermal": 0.0604, "radiation": 0.0165, "total": 0.2405}.items():
        assert parts[name] == pytest.approx(value, abs=5e-5)
    adiabatic = resonance(Bubble("1 um", AIR, polytropic=1.4), WATER).frequency.to("MHz").magnitude
    assert adiabatic == pytest.approx(4.743, abs=5e-4)
    below, above = found.displacement_maximum, found.scattering_maximum
    assert below < found.frequency < above


@pytest.mark.parametrize(("gas", "limit"), [(("SF6", 1.09, 0.0136, 665, 0.14606), 0.01),
                                            (("C3F8", 1.06, 0.0125, 790, 0.18802), 0.006),
                                            (("C4F10", 1.05, 0.0136, 883, 0.23803), 0.006)])  # fmt: skip
def test_heavy_gases_hardly_damp_in_a_shell(gas, limit):
    cool = Liquid(temperature="25 degC")
    for radius in (1e-6, 2e-6, 3e-6):
        coated = resonance(Bubble.bare(radius, Gas.bare(*gas), COATED.shell), cool)
        bare = resonance(Bubble.bare(radius, Gas.bare(*gas)), cool)
        assert 0 < coated.damping["thermal"] < limit
        assert bare.damping["thermal"] > 2 * limit  # a free bubble rings lower, and is damped three times more


def test_minnaert():
    liquid = Liquid()
    f = natural(np.array([1e-4, 1e-3]), Free.bare(0.0), AIR, liquid, 1.4) / (2 * math.pi)
    assert f * np.array([1e-4, 1e-3]) == pytest.approx([3.287, 3.287], abs=5e-4)


def test_energy_balance_everywhere():
    radius = np.geomspace(2e-8, 1e-4, 40)[:, None]
    omega = 2 * math.pi * np.geomspace(1e5, 5e7, 50)[None, :]
    for shell in (Free(), COATED.shell, THICK.shell):
        r = response(radius, omega, shell, AIR, WATER)
        scattering, absorption = sections(r, radius, WATER)
        d = r.denominator()
        extinction = 4 * math.pi * WATER.density * WATER.sound_speed * radius**3 * omega * d.imag / np.abs(d) ** 2
        assert np.max(np.abs(1 - (scattering + absorption) / extinction)) < 1e-12


def test_slow_and_fast_limits():
    f = np.array([1e3, 2e3])
    r = response(2e-6, 2 * math.pi * f, Free(), AIR, WATER, 1.4)
    scattering, _ = sections(r, 2e-6, WATER)
    assert scattering[1] / scattering[0] == pytest.approx(16, rel=1e-3)
    r = response(2e-5, 2 * math.pi * 1e9, Free(), AIR, WATER, 1.4)
    assert float(sections(r, 2e-5, WATER)[0]) == pytest.approx(4 * math.pi * 4e-10, rel=1e-3)


def test_undamped_resonance_scatters_the_unitary_limit():
    calm = Liquid(viscosity="0 Pa*s")
    omega = 2 * math.pi * 2e6
    for _ in range(200):  # Re D = 0
        r = response(2e-6, omega, Free(), AIR, calm, 1.4)
        omega = float(np.sqrt(r.stiffness() * (1 + r.eps**2) / r.mass))
    r = response(2e-6, omega, Free(), AIR, calm, 1.4)
    eps = float(r.eps)
    scattering, absorption = sections(r, 2e-6, calm)
    assert float(scattering) == pytest.approx(4 * math.pi * 4e-12 * (1 + eps**2) / eps**2, rel=1e-9)
    assert float(absorption) == 0


def test_shell_without_substance_is_a_free_bubble():
    free = cross_sections(BARE, "3 MHz", WATER)
    with pytest.warns(RangeWarning):
        nothing = Marmottant("1e-9 N/m", sigma0="0.072 N/m", break_up="5 N/m").changed(chi=1e-12)
    found = cross_sections(Bubble("2 um", AIR, nothing, polytropic=1.4), "3 MHz", WATER, convention="vdMeer")
    assert found.scattering.magnitude == pytest.approx(free.scattering.magnitude, rel=1e-9)


def test_kink_gives_three_frequencies_and_the_flag():
    bubble = Bubble("1.5 um", AIR, Marmottant("0.5 N/m"), polytropic=1.07)
    found = resonance(bubble, WATER)
    f1, f2 = found.below.magnitude, found.above.magnitude
    assert found.frequency.magnitude == pytest.approx(2 * f1 * f2 / (f1 + f2), rel=1e-12)
    assert found.frequency.to("MHz").magnitude == pytest.approx(2.7, abs=0.06)
    assert found.above.to("MHz").magnitude == pytest.approx(4.3, abs=0.05)
    assert [flag.code for flag in found.flags] == ["kink"]
    sides = [cross_sections(bubble, "3 MHz", WATER, side=s).scattering.magnitude for s in ("below", "above")]
    assert sides[0] != pytest.approx(sides[1], rel=0.5)
    assert "kink" not in [f.code for f in resonance(COATED, WATER).flags]


@pytest.mark.parametrize(("chi", "radius"), [(None, 0.650), (0.5, 1.067), (1.0, 1.319), (2.5, 1.763)])
def test_radius_resonant_at_7_mhz(chi, radius):
    shell = Free() if chi is None else Marmottant(Q(chi, "N/m"))
    found = resonant_radius("7 MHz", AIR, shell, WATER, 1.07, side="above")
    assert found.to("um").magnitude == pytest.approx(radius, abs=5e-4)
    back = natural(found.magnitude, shell, AIR, WATER, 1.07, "above") / (2 * math.pi)
    assert float(back) == pytest.approx(7e6, rel=1e-9)
    if chi:  # on its corner the shell is soft on one side: a much smaller bubble resonates
        assert resonant_radius("7 MHz", AIR, shell, WATER, 1.07).to("um").magnitude < 0.72


def test_the_two_conventions_of_the_stiffness():
    law = cross_sections(COATED, "3 MHz", WATER).scattering.magnitude
    formula = cross_sections(COATED, "3 MHz", WATER, convention="vdMeer").scattering.magnitude
    assert 0.05 < abs(formula / law - 1) < 0.17
    with pytest.raises(ValueError, match="convention is one of"):
        cross_sections(COATED, "3 MHz", WATER, convention="van der Meer")


def test_gompertz_and_marmottant_agree_within_their_slopes():
    smooth = Bubble("1.5 um", AIR, Gompertz("0.5 N/m", "5e-9 kg/s", "0.02 N/m"), polytropic=1.07)
    f = resonance(smooth, WATER).frequency / resonance(COATED, WATER).frequency
    assert f.magnitude == pytest.approx(1, abs=0.01)


def test_overdamped_bubble_has_no_maximum():
    syrup = Liquid(viscosity="0.1 Pa*s")
    found = resonance(Bubble("1 um", AIR, polytropic=1.4), syrup)
    assert found.displacement_maximum is None
    assert "overdamped" in [f.code for f in found.flags]


def test_flags_and_refusals():
    assert "nanobubble" in [f.code for f in resonance(Bubble("100 nm", AIR), WATER).flags]
    assert "ka" in [f.code for f in cross_sections(Bubble("5 um", AIR), "20 MHz", WATER).flags]
    with pytest.warns(RangeWarning, match="was a diameter, or another unit"):
        Bubble("20 um", AIR)
    with pytest.raises(TypeError, match="radius needs a unit"):
        Bubble(1.5, AIR)
    with pytest.raises(ValueError, match="radius is -1e-06 m"):
        Bubble("-1 um", AIR)
    with pytest.raises(TypeError, match="angular frequency"):
        cross_sections(COATED, "3e6 rad/s", WATER)
    with pytest.raises(ValueError, match="no radius from 10 nm to 1 mm"):
        resonant_radius("20 kHz", AIR, Free(), Liquid(pressure="100 MPa"))


def test_heat_of_the_gas_where_its_difference_cancels():
    """z coth z - 1 by its own power series, Bernoulli numbers and all, on both sides of |z| = 0.03."""
    from scipy.special import bernoulli, factorial

    n = np.arange(1, 9)
    terms = 4.0**n * bernoulli(16)[2 * n] / factorial(2 * n)
    for size in (1e-3, 0.01, 0.02, 0.0295, 0.0305, 0.045, 0.07):
        x = 1 / size**2
        bracket = np.sum(terms * (1j / x) ** n)
        exact = 3 * 1.4 / (1 - 3 * 0.4 * 1j * x * bracket)
        assert complex(_phi(x, 1.4)) == pytest.approx(complex(exact), rel=3e-12)


def test_radiation_damps_by_the_size_over_the_wavelength():
    slow = WATER.changed(sound_speed=150.0)
    found = resonance(BARE, slow)
    eps = 2 * math.pi * found.frequency.to("Hz").magnitude * BARE.radius / 150.0
    assert eps > 0.1
    # the stated share is read at the undamped resonance, which differs from the frequency told by the damping alone
    assert found.damping["radiation"] == pytest.approx(eps / (1 + eps**2), rel=0.02)


def test_the_radius_of_one_frequency_is_one_number():
    coat = Marmottant("0.5 N/m", "5e-9 kg/s", "0.02 N/m")
    one = resonant_radius("3 MHz", AIR, coat, WATER)
    several = resonant_radius(Q(np.array([3.0, 5.0]), "MHz"), AIR, coat, WATER)
    assert np.ndim(one.magnitude) == 0 and several.magnitude.shape == (2,) and several[0] == one


def test_a_gas_and_a_shell_exchanged_are_told():
    with pytest.raises(TypeError, match="a bubble takes a gas and a shell, not Marmottant and Gas"):
        resonant_radius("3 MHz", Marmottant("0.5 N/m"), AIR, WATER)
    assert resonant_radius("3 MHz", "air", Free(), WATER).magnitude > 0
