"""Shell laws: continuity, rest tension, slopes, kinks, refusals."""

import math

import numpy as np
import pytest
import references_ultrasound as ref

from contrastphys.ultrasound import (
    ChatterjeeSarkar,
    Church,
    DeJong,
    Free,
    Gompertz,
    Marmottant,
    Tabulated,
)
from contrastphys.ultrasound.coats import describe
from contrastphys.units import Q, RangeWarning, UnitError

REST = 2e-6
SHELLS = [
    Free(),
    Marmottant("0.5 N/m", "5e-9 kg/s", "0.02 N/m"),
    Marmottant("0.5 N/m", "5e-9 kg/s", "0.02 N/m", break_up="0.13 N/m"),
    Gompertz("0.5 N/m", "5e-9 kg/s", "0.02 N/m"),
    DeJong("1.1 N/m", "2.7e-7 kg/s", "0.05 N/m"),
    Church("50 MPa", "15 nm", "0.8 Pa*s", "0.04 N/m"),
    ChatterjeeSarkar("0.51 N/m", "1e-8 kg/s", "0.02 N/m"),
    ChatterjeeSarkar("0.55 N/m", "1.2e-8 kg/s", "0.02 N/m", alpha=1.5),
    ChatterjeeSarkar("0.55 N/m", "1.2e-8 kg/s", "0.02 N/m", alpha=1.5, unstressed="balanced"),
]


@pytest.mark.parametrize("shell", SHELLS, ids=describe)
def test_stated_stiffness_is_the_slope_of_the_law(shell):
    h = 1e-6 * REST
    slope = (shell.tension(REST + h, REST) - shell.tension(REST - h, REST)) / (2 * h)
    layer = (shell.layer(REST + h, REST) - shell.layer(REST - h, REST)) / (2 * h)
    stated = shell.stiffness(np.array(REST))
    assert stated[0] == stated[1]
    assert 2 * slope + layer * REST == pytest.approx(float(stated[0]), rel=1e-6, abs=1e-3)
    assert not shell.kink(REST)


def test_marmottant_is_its_three_branches():
    shell = Marmottant("0.5 N/m", sigma0="0.02 N/m")
    radii = np.linspace(0.7, 1.3, 301) * REST
    literal = [ref.marmottant_tension(r, REST, 0.5, 0.02, 0.072) for r in radii]
    assert np.allclose(shell.tension(radii, REST), literal, atol=1e-16)
    for corner in (shell.buckling_radius(REST), shell.rupture_radius(REST)):
        assert abs(shell.tension(corner * (1 + 1e-12), REST) - shell.tension(corner, REST)) < 1e-11
    assert float(shell.rest_tension(REST)) == pytest.approx(0.02, abs=1e-15)


def test_broken_shell_keeps_the_tension_of_water():
    shell = Marmottant("0.5 N/m", sigma0="0.02 N/m", break_up="0.13 N/m")
    between = 0.5 * (shell.rupture_radius(REST) + shell.break_up_radius(REST))
    assert 0.072 < float(shell.tension(between, REST)) < 0.13
    assert float(shell.tension(between, REST, broken=True)) == 0.072
    assert float(shell.tension(1.01 * shell.break_up_radius(REST), REST)) == 0.072


def test_gompertz_has_the_factor_e():
    shell = Gompertz("0.5 N/m", sigma0="0.02 N/m")
    radii = np.linspace(0.8, 1.2, 4001) * REST
    literal = [ref.gompertz_tension(r, REST, 0.5, 0.02, 0.072) for r in radii]
    assert np.allclose(shell.tension(radii, REST), literal, rtol=1e-12)
    slope = 0.5 * REST * np.gradient(shell.tension(radii, REST), radii)
    assert float(shell.elasticity(REST)[0]) == pytest.approx(0.5106, abs=5e-5)
    assert slope.max() == pytest.approx(0.5279, abs=5e-5)
    assert float(shell.tension(0.01 * REST, REST)) == 0.0  # no overflow when crushed


@pytest.mark.parametrize(
    ("shell", "below", "above"),
    [
        (Marmottant("0.5 N/m", sigma0="0 N/m"), 0.0, 0.5),
        (Marmottant("0.5 N/m", sigma0="1e-9 N/m"), 0.0, 0.5),
        (Marmottant("0.5 N/m", sigma0="0.072 N/m"), 0.572, 0.0),
    ],
)
def test_kinks_are_told(shell, below, above):
    assert bool(shell.kink(REST))
    assert [float(s) for s in shell.elasticity(REST)] == pytest.approx([below, above], abs=1e-8)


def test_a_shell_that_outlives_sigma_w_has_no_kink_there():
    assert not Marmottant("0.5 N/m", sigma0="0.072 N/m", break_up="0.2 N/m").kink(REST)


def test_balanced_interface_has_no_tension_at_rest():
    for alpha in (0.0, 1.5):
        shell = ChatterjeeSarkar("0.55 N/m", gamma0="0.02 N/m", alpha=alpha, unstressed="balanced")
        assert float(shell.rest_tension(REST)) == pytest.approx(0, abs=1e-16)
    assert math.sqrt(1 + shell.changed(alpha=0.0)._rest_strain()) == pytest.approx(math.sqrt(1 - 0.02 / 0.55))


def test_a_measured_curve_gives_back_the_law_it_was_taken_from():
    law = Gompertz("0.5 N/m", "5e-9 kg/s", "0.02 N/m")
    ratio = np.linspace(0.8, 1.3, 201)
    curve = Tabulated.of(ratio, Q(law.tension(ratio, 1.0), "N/m"), "5e-9 kg/s", samples=801)
    radii = np.linspace(0.7, 1.4, 333) * REST
    assert np.max(np.abs(curve.tension(radii, REST) - law.tension(radii, REST))) < 2e-5
    assert float(curve.elasticity(REST)[0]) == pytest.approx(float(law.elasticity(REST)[0]), rel=3e-3)
    steps = Tabulated.of([0.9, 1.0, 1.05, 1.2], Q([0, 10, 60, 72], "mN/m"))
    assert np.all(np.diff(steps.tension(np.linspace(0.8, 1.4, 500), 1.0)) >= -1e-15)  # never overshoots


@pytest.mark.parametrize(
    ("ratio", "tension", "words"),
    [
        ([0.9, 1.0], ["0 N/m", "0.01 N/m"], "at least 3"),
        ([0.9, 1.1, 1.0], ["0 N/m", "0.01 N/m", "0.02 N/m"], "must rise"),
        ([1.1, 1.2, 1.3], ["0 N/m", "0.01 N/m", "0.02 N/m"], "must hold the rest radius"),
        ([0.9, 1.0, 1.1], [0.0, 0.01, 0.02], "tension needs a unit"),
    ],
)
def test_bad_curves(ratio, tension, words):
    with pytest.raises((ValueError, UnitError), match=words):
        Tabulated.of(ratio, tension)


def test_friction_that_grows_with_the_size():
    shell = Marmottant("0.55 N/m", "1.5e-9 kg/s", "0.01 N/m", kappa_growth="8e5 1/m")
    small, large = (float(shell.friction(r)) * r / 4 for r in (1e-6, 3e-6))
    assert (small, large) == pytest.approx((1.5e-9 * math.exp(0.8), 1.5e-9 * math.exp(2.4)))
    assert shell.vector(3e-6)[5] == pytest.approx(large)


def test_friction_conventions():
    assert DeJong("1.1 N/m", "0.27e-6 kg/s").kappa_s == pytest.approx(5.37e-9, rel=1e-3)
    assert float(Church("50 MPa", "15 nm", "0.8 Pa*s").friction(REST)) == pytest.approx(12 * 0.8 * 15e-9 / REST)
    assert float(Marmottant("0.5 N/m", "5e-9 kg/s").friction(REST)) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Marmottant(0.5), "chi needs a unit such as 'N/m'"),
        (lambda: Marmottant("0.5 Pa"), "chi takes a unit such as 'N/m'"),
        (lambda: Marmottant("0.5 N/m", sigma0="0.08 N/m"), "ruptured at rest"),
        (lambda: Marmottant("0.5 N/m", break_up="0.05 N/m"), "below sigma_w"),
        (lambda: Gompertz("0.5 N/m", sigma0="0.072 N/m"), "needs 0 < sigma0 < 0.072"),
        (lambda: Gompertz("0.5 N/m", sigma0="0 N/m"), "sigma0 is 0 N/m: it must be above 0"),
        (lambda: Marmottant("-0.5 N/m"), "chi is -0.5 N/m: it must be above 0"),
        (lambda: ChatterjeeSarkar("0.5 N/m", unstressed="zero"), "'rest' or 'balanced'"),
        (
            lambda: ChatterjeeSarkar("0.02 N/m", gamma0="0.03 N/m", unstressed="balanced"),
            "no radius balances",
        ),
    ],
)
def test_bad_parameters(make, words):
    with pytest.raises((ValueError, UnitError), match=words):
        make()


def test_unusual_parameters_warn():
    with pytest.warns(RangeWarning, match="chi 10 N/m is outside the checked range"):
        assert Marmottant("10 N/m").chi == 10
    with pytest.warns(RangeWarning, match="chi 0.00055 N/m is outside the checked range"):
        assert Marmottant("0.55 mN/m").chi == 0.00055
    assert Marmottant(Q(500, "mN/m")).chi == 0.5


@pytest.mark.filterwarnings("ignore:chi", "ignore:elasticity")
@pytest.mark.parametrize("law", [Marmottant, Gompertz, ChatterjeeSarkar])
def test_millinewtons_written_as_newtons_are_refused(law):
    with pytest.raises(ValueError, match="was 550 mN/m meant"):
        law("550 N/m")


def test_a_curve_of_tension_is_the_monotone_cubic_through_its_points():
    from scipy.interpolate import PchipInterpolator

    x = np.array([0.7, 0.82, 0.9, 0.97, 1.05, 1.2, 1.3, 1.5])
    y = np.array([0.0, 1.0, 2.0, 8.0, 30.0, 52.0, 58.0, 72.0]) * 1e-3
    curve, peer = Tabulated.of(x, Q(y, "N/m"), samples=8001), PchipInterpolator(x, y)
    inner = np.linspace(0.821, 1.299, 300)  # the peer bends the first and the last piece otherwise
    assert curve.tension(inner * REST, REST) == pytest.approx(peer(inner), abs=1e-8)
    assert 2 * curve.elasticity(REST)[0] == pytest.approx(float(peer(1.0, 1)), rel=1e-3)
    with pytest.raises(TypeError, match="kappa_s"):
        Tabulated.of(x, Q(y, "N/m"), 5e-9)


@pytest.mark.parametrize(("below", "kink"), [("0.9e-4", True), ("1.1e-4", False)])
def test_a_kink_is_a_strain_away_from_bursting_or_buckling(below, kink):
    """The wall bursts or buckles at a strain of tension over twice the elasticity."""
    chi, strain = 2.0, float(below)
    bursting = Marmottant.bare(chi, 5e-9, 0.072 - 2 * chi * strain, 0.072)
    assert bool(bursting.kink(REST)) is kink
    assert bool(Marmottant.bare(chi, 5e-9, 2 * chi * strain, 0.072).kink(REST)) is kink
