"""Magnetic cores: limits of the theory, regimes, populations, ceilings."""

import numpy as np
import pytest
import references_mri as literal

from contrastphys.constants import GAMMA_PROTON, MU0
from contrastphys.mri import paramagnetic as pm
from contrastphys.mri import regimes
from contrastphys.mri import superparamagnetic as sp
from contrastphys.mri.spectral import ayant

FIELDS = np.logspace(-5, np.log10(21), 300)
V_MAT, D, T = 1.577e-5, 3.037e-9, 310.15


def rmg(field, diameter=7.0, ms=3.5e5, **more):
    return sp.roch_muller_gillis.bare(field, diameter, ms, V_MAT, T, D, **{"neel": 1e-9, **more})


def cores(field, diameter=7.0, ms=3.5e5, **more):
    more = {"neel": 1e-9, **more} if "anisotropy" not in more else more
    return regimes.population(field, diameter, ms, V_MAT, T, D, **more)


# ---------------------------------------------------------------------------------- Roch, Muller, Gillis


def test_regression_infinite_anisotropy():
    r1, r2 = rmg(np.array([1e-4, 6.5e-3, 0.064, 0.47, 1.5, 3, 9.4]))
    assert r1 == pytest.approx([15.277, 15.312, 17.930, 28.609, 20.770, 13.303, 3.843], rel=1e-3)
    assert r2 == pytest.approx([15.277, 15.321, 18.934, 41.636, 42.700, 40.188, 36.307], rel=1e-3)


def test_regression_no_anisotropy():
    r1, r2 = rmg(np.array([0.47, 1.5, 3.0]), 10.0, 3.8e5, anisotropy_weight=0.0)
    assert r1 == pytest.approx([57.79, 30.58, 15.52], rel=1e-3)
    assert r2 == pytest.approx([105.13, 96.60, 90.25], rel=1e-3)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("field", [1e-3, 0.06, 0.5, 3.0])
def test_against_literal(field, p):
    slow = literal.roch_muller_gillis(field, 9e-9, 4e5, V_MAT, T, D, 3e-9, p)
    assert rmg(field, 9.0, 4e5, neel=3e-9, anisotropy_weight=1 - p) == pytest.approx(slow, rel=1e-7)


def test_small_moment_without_anisotropy_is_freed():
    """al -> 0, P = 1: the outer sphere of an ion with the core's moment, radius and Neel time."""
    diameter, ms, neel = 5.0, 10.0, 1e-9
    radius, volume = 2.5e-9, np.pi / 6 * (5e-9) ** 3
    moment = ms * volume / 9.2740100783e-24
    for field in (1e-4, 1e-2, 0.3):
        ours = rmg(field, diameter, ms, neel=neel, anisotropy_weight=0.0)
        per_particle = pm.outer_sphere.bare(field, radius, D, neel, neel, moment**2)
        n = volume * 6.02214076e23 / V_MAT
        assert ours == pytest.approx([r / n for r in per_particle], rel=1e-6)


def test_saturation_limit():
    diameter, ms = 9.0, 4e5
    tau_d, dw = (4.5e-9) ** 2 / D, GAMMA_PROTON * MU0 * ms / 3
    for field in (50.0, 500.0):
        la = float(sp.langevin_fraction.bare(field, diameter, ms, T))
        j = ayant(GAMMA_PROTON * field, tau_d)
        r1, r2 = rmg(field, diameter, ms)
        assert r2 == pytest.approx(4 / 45 * V_MAT * tau_d * dw**2 * (4 + 3 * j) * la**2, rel=5e-3)
        assert r1 == pytest.approx(8 / 15 * V_MAT * tau_d * dw**2 * j * la**2, rel=5e-2)
    secular = 16 / 45 * V_MAT * tau_d * dw**2
    assert sp.motional_averaging_r2.bare(diameter, ms, V_MAT, D) == pytest.approx(secular, rel=1e-6)
    assert rmg(1e5, diameter, ms)[1] == pytest.approx(secular, rel=1e-3)


@pytest.mark.parametrize("q", [0.0, 0.5, 1.0])
def test_rates_meet_at_zero_field(q):
    r1, r2 = rmg(1e-9, anisotropy_weight=q)
    assert r1 == pytest.approx(r2, rel=1e-6)


@pytest.mark.parametrize("neel", [1e-11, 1e-9, 1e-6])
@pytest.mark.parametrize("diameter", [3.0, 8.0, 20.0, 60.0])
def test_r2_is_never_below_r1(diameter, neel):
    r1, r2 = rmg(FIELDS, diameter, neel=neel)
    assert np.all(r2 >= r1 * (1 - 1e-12))
    rates = cores(FIELDS, diameter, neel=neel)
    assert np.all(rates.r2 >= rates.r1 * (1 - 1e-12))


# -------------------------------------------------------------------------------------------- scaling laws


def test_scaling_laws():
    fast = sp.motional_averaging_r2.bare(np.array([5.0, 10.0]), 3e5, V_MAT)
    assert fast[1] / fast[0] == pytest.approx(4)
    assert sp.motional_averaging_r2.bare(5.0, 6e5, V_MAT) / fast[0] == pytest.approx(4)
    assert sp.static_dephasing_r2_star.bare(6e5, V_MAT) / sp.static_dephasing_r2_star.bare(3e5, V_MAT) == 2
    slow = sp.echo_limited_r2.bare(np.array([500.0, 1000.0]), 3e5, V_MAT, 1e-3)
    assert slow[0] / slow[1] == pytest.approx(4)
    assert sp.atoms_per_core.bare(5.0, 1.4899e-5) == pytest.approx(2645, abs=1)


def test_printed_numbers():
    assert sp.equatorial_shift.bare(3.5e5) == pytest.approx(3.92e7, rel=1e-3)
    assert sp.static_dephasing_r2_star.bare(3.5e5, V_MAT) == pytest.approx(748, abs=0.5)
    assert sp.static_dephasing_r2_star.bare(6e5, V_MAT) == pytest.approx(1282, abs=1)
    assert sp.motional_averaging_r2.bare(1.0, 1.0, 1.57e-5, 3e-9) == pytest.approx(5.84e-12, rel=2e-3)
    assert regimes.quadrature_crossing_diameter(3.5e5, D) == pytest.approx(32.5, abs=0.6)
    x = [float(cores(30.0, d).x) for d in (17.6, 79.0)]
    assert x == pytest.approx([1.0, 20.0], rel=0.01)


def test_dead_layer():
    assert sp.core_magnetisation.bare(3.0, 1.0, 0.5) == pytest.approx(0.296, abs=1e-3)
    assert sp.core_magnetisation.bare(3.0, 1.0, 0.9) == pytest.approx(0.064, abs=1e-3)
    with pytest.raises(ValueError, match="dead layer fills"):
        sp.core_magnetisation("1 nm", "400 kA/m", "0.5 nm")


# ------------------------------------------------------------------------------------- regimes and ceiling


@pytest.mark.parametrize("diameter", [3.0, 10.0, 30.0, 100.0])
@pytest.mark.parametrize("neel", [1e-10, 1e-8, 1.0])
def test_ceiling_holds_at_any_field(diameter, neel):
    rates = cores(FIELDS, diameter, neel=neel, echo_spacing=2e-3)
    ceiling = sp.static_dephasing_r2_star.bare(3.5e5, V_MAT)
    for rate in (rates.r1, rates.r2, rates.r2_star):
        assert np.all(rate > 0) and np.all(rate < ceiling)
    assert np.all(rates.r2 <= rates.r2_star)


def test_bare_theory_breaks_the_ceiling_where_it_says():
    """Slow moments at 0.1 mT: the bare numbers are above what full dephasing allows, and are marked so."""
    for diameter, printed in ((30.0, 1012), (40.0, 1802)):
        slow = cores(1e-4, diameter, anisotropy=1e4, hydrodynamic_diameter=diameter + 10)
        assert slow.r2_bare == pytest.approx(printed, rel=0.02)
        assert slow.broken == 1 and slow.r2 < slow.ceiling < slow.r2_bare
    assert cores(1e-4, 7.0).broken == 0


def test_full_moment_judges_at_low_field():
    low = cores(1e-5, 60.0, neel=1.0)
    assert low.x < 1 < low.x_full
    assert regimes.regime_name(low.x, low.x_full) == "slow fluctuation of the full moment"
    assert regimes.regime_name(0.3, 0.3) == "motional averaging"
    assert regimes.regime_name(30, 30) == "static dephasing"
    assert regimes.regime_name(30, 30, echo=True) == "echo-limited"


def test_small_cores_keep_their_perturbation_rates():
    rates = cores(FIELDS, 5.0)
    assert rates.r2 == pytest.approx(rates.r2_bare, rel=0.003)
    assert rates.r1 == pytest.approx(rates.r1_bare, rel=0.003)


def test_crossing_against_random_walk():
    """R2* of the shipped random-walk table at f = 0.004, times tau_D."""
    f = 0.004
    table = {1: 0.00117, 2: 0.00449, 3: 0.00937, 5: 0.02107, 8: 0.03964, 12: 0.06456, 20: 0.11306, 40: 0.20732}
    for x, walked in table.items():
        law = regimes.crossing(16 / 45 * f * x * x, 2 * np.pi / (3 * np.sqrt(3)) * f * x)
        assert 0.85 < walked / law < 1.20


# ------------------------------------------------------------------------------------ sizes and clusters


def test_no_spread_is_single_size():
    sharp, narrow = cores(FIELDS, 8.0), cores(FIELDS, 8.0, sigma_ln=1e-4)
    for a, b in zip(sharp[:3], narrow[:3], strict=True):
        assert a == pytest.approx(b, rel=1e-6)


@pytest.mark.parametrize("sigma", [0.1, 0.2, 0.3])
def test_volume_weighting_of_sizes(sigma):
    """Motional averaging r2 grows by exp(8 sigma^2): d^2 averaged with the weight d^3."""
    one, many = (cores(25.0, 3.0, 5e4, sigma_ln=s).r2_bare for s in (0.0, sigma))
    saturated_one, saturated = (cores(3e4, 3.0, 5e4, sigma_ln=s).r2_bare for s in (0.0, sigma))
    assert saturated / saturated_one == pytest.approx(np.exp(8 * sigma**2), rel=0.01)
    assert many > one


def test_quadrature_of_sizes_against_dense_sum():
    sigma, field = 0.25, np.array([1e-3, 0.5, 3.0])
    d = np.exp(np.linspace(np.log(8) - 6 * sigma, np.log(8) + 9 * sigma, 4001))
    weight = d**3 * np.exp(-0.5 * (np.log(d / 8) / sigma) ** 2)
    dense = [
        np.sum(weight * cores(np.full_like(d, b), 8.0, neel=1e-9).r2 * 0 + weight * _single(b, d).r2) / weight.sum()
        for b in field
    ]
    assert cores(field, 8.0, sigma_ln=sigma).r2 == pytest.approx(dense, rel=2e-3)


def _single(field, diameters):
    return regimes.single_size(field, 1e-9 * diameters, 3.5e5, V_MAT, T, D, 1e-9)


def test_dead_layer_in_a_population_leaves_no_nan():
    rates = cores(FIELDS, 2.0, sigma_ln=0.4, dead_layer=0.9)
    assert all(np.all(np.isfinite(part)) for part in rates)
    assert np.all(rates.r2 >= 0)


def test_cluster_of_one_core_is_the_core():
    alone = cores(FIELDS, 9.0)
    packed = cores(FIELDS, 9.0, cluster_diameter=9e-9, packing=1.0)
    assert packed.r2 == pytest.approx(alone.r2, rel=1e-12)


def test_cluster_r2_grows_as_square_over_packing():
    big = cores(3e3, 5.0, 1e5, cluster_diameter=20e-9, packing=0.3)
    expected = sp.motional_averaging_r2.bare(20.0, 0.3 * 1e5, V_MAT, D, 0.3)
    assert big.r2_bare == pytest.approx(expected, rel=0.01)
    assert big.r1 == pytest.approx(cores(3e3, 5.0, 1e5).r1, rel=1e-9)
    assert big.ceiling == cores(3e3, 5.0, 1e5).ceiling


def test_echo_refocuses_large_clusters():
    free = cores(3.0, 8.0, cluster_diameter=400e-9, packing=0.3)
    echo = cores(3.0, 8.0, cluster_diameter=400e-9, packing=0.3, echo_spacing=10e-3)
    assert free.x > 20
    assert echo.r2 < echo.r2_star == free.r2_star
    short = cores(3.0, 8.0, cluster_diameter=400e-9, packing=0.3, echo_spacing=0.1e-3)
    assert short.r2 < echo.r2


def test_low_field_trends():
    """r1 and r2 meet and rise steeply with size; r1 dies away and r2 levels off at high field."""
    small, large = cores(1e-4, 6.0, anisotropy=1e4), cores(1e-4, 12.0, anisotropy=1e4)
    assert large.r1 > 3 * small.r1 and large.r1 == pytest.approx(large.r2, rel=0.01)
    high = cores(np.array([7.0, 14.0]), 12.0)
    assert high.r1[1] < 0.5 * high.r1[0] and high.r2[1] == pytest.approx(high.r2[0], rel=0.02)


def test_door_units():
    a = regimes.core_relaxivity("1.5 T", "7 nm", "350 kA/m", "1.577e-5 m^3/mol")
    b = regimes.core_relaxivity("1500 mT", "70 angstrom", "350 emu/cm^3", "15.77 cm^3/mol", temperature="37 degC")
    assert [q.magnitude for q in a] == pytest.approx([q.magnitude for q in b], rel=1e-9)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"diameter": "0 nm"}, "above 0"),
        ({"saturation_magnetisation": "80 emu/g"}, "saturation_magnetisation takes a unit"),
        ({"temperature": "-300 degC"}, "temperature"),
        ({"field": "1.5"}, "field"),
        ({"sigma_ln": -0.1}, "0 or more"),
    ],
)
def test_bad_input(change, words):
    good = {
        "field": "1.5 T",
        "diameter": "7 nm",
        "saturation_magnetisation": "350 kA/m",
        "molar_volume": "1.5e-5 m^3/mol",
    }
    with pytest.raises((TypeError, ValueError), match=words):
        regimes.core_relaxivity(**{**good, **change})


def test_bare_theory_knows_no_empirical_law_by_default():
    theory = sp.motional_averaging_r2.bare(10.0, 4e5, V_MAT)
    fit = sp.motional_averaging_r2.bare(10.0, 4e5, V_MAT, law="empirical")
    assert 1.8 < fit / theory < 2.2
    with pytest.raises(ValueError, match="'theory' or 'empirical'"):
        sp.motional_averaging_r2.bare(10.0, 4e5, V_MAT, law="vuong")


def test_a_coated_cluster_is_the_sphere_of_its_closest_approach():
    """Far above saturation r2 is 16/45 f tau_D dw^2 of the ball that water does not enter."""
    size, coating, packing, core = 60e-9, 12e-9, 0.4, 8e-9
    rates = regimes.single_size(40.0, core, 3.5e5, V_MAT, 310.15, 3e-9, 1e-9, 1.0, coating, size, packing)
    alone = regimes.single_size(40.0, core, 3.5e5, V_MAT, 310.15, 3e-9, 1e-9, 1.0, coating)
    full = GAMMA_PROTON * MU0 * 3.5e5 / 3
    reach = size / 2 + coating
    tau_d, shift = reach**2 / 3e-9, packing * full * (size / 2 / reach) ** 3
    volume = V_MAT / packing * (reach / (size / 2)) ** 3  # of the coated ball, per mole of metal
    la = 1 - 1 / float(sp.energy_ratio(40.0, core, 3.5e5, 310.15))
    expected = 16 / 45 * volume * tau_d * (la * shift) ** 2
    assert rates.r2_bare - rates.r2_moving == pytest.approx(expected, rel=0.03)
    assert rates.r1_moving == pytest.approx(alone.r1_moving)
    assert rates.x == pytest.approx(la * shift * tau_d, rel=1e-3)
    assert rates.x_full == pytest.approx(shift / (1 / tau_d + 1e9), rel=1e-9)
    own = 4e-9 + coating
    assert alone.x_full == pytest.approx(full * (4e-9 / own) ** 3 / (3e-9 / own**2 + 1e9), rel=1e-9)


def test_cores_in_an_array_are_answered_one_by_one():
    diameters, spreads = np.array([6.0, 9.0, 14.0]), np.array([0.05, 0.2, 0.3])
    together = regimes.core_relaxivity.bare(1.5, diameters, 3.5e5, V_MAT, sigma_ln=spreads)
    assert np.shape(together) == (3, 3)
    for i in range(3):
        one = regimes.core_relaxivity.bare(1.5, diameters[i], 3.5e5, V_MAT, sigma_ln=spreads[i])
        assert [together[k][i] for k in range(3)] == pytest.approx(one, rel=1e-12)
    fields = np.array([0.5, 3.0])
    grid = regimes.core_relaxivity.bare(fields[:, None], diameters[None, :], 3.5e5, V_MAT)
    assert np.shape(grid) == (3, 2, 3)
    assert grid[1][1, 2] == pytest.approx(regimes.core_relaxivity.bare(3.0, 14.0, 3.5e5, V_MAT)[1], rel=1e-12)


def test_water_diffuses_as_at_37_degrees_unless_said():
    from contrastphys.mri.motion import water_diffusion

    plain = sp.motional_averaging_r2.bare(10.0, 3.5e5, V_MAT)
    assert plain == pytest.approx(
        sp.motional_averaging_r2.bare(10.0, 3.5e5, V_MAT, water_diffusion.bare(310.15)), rel=2e-3
    )


def test_a_core_in_a_free_particle_turns_by_the_quicker_of_both_ways():
    """Brownian and Neel rates add: with a slow Neel turn the particle's own decides."""
    from contrastphys.mri.motion import brownian_time

    own = float(brownian_time.bare(25.0, T, 1.0))
    tied = cores(1e-3, 14.0, neel=1.0, hydrodynamic_diameter=25.0)
    assert tied.r1 == pytest.approx(cores(1e-3, 14.0, neel=own).r1, rel=1e-6)
    both = cores(1e-3, 14.0, neel=own, hydrodynamic_diameter=25.0)
    assert both.r1 == pytest.approx(cores(1e-3, 14.0, neel=own / 2).r1, rel=1e-6)


def test_every_number_of_a_core_has_the_shape_of_the_field():
    rates = regimes.single_size(np.array([0.1, 1.0, 7.0]), 10e-9, 3.5e5, V_MAT, T, D, 1e-9)
    assert {np.shape(part) for part in rates} == {(3,)}
