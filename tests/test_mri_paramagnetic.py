"""Chelate theory: identities, limits, published regressions and an independent code."""

import numpy as np
import pytest
import references_mri as literal

from contrastphys import Q
from contrastphys.constants import GAMMA_ELECTRON, GAMMA_PROTON
from contrastphys.mri import motion, spectral
from contrastphys.mri import paramagnetic as pm

FIELDS = np.logspace(-5, np.log10(21), 400)
GADOTERATE = {
    "r": 3.1e-10,
    "a": 3.6e-10,
    "D": 3.3e-9,
    "tau_M": 122e-9,
    "tau_R": 53e-12,
    "delta2": 0.2947e20,
    "tau_v": 7e-12,
}


# ------------------------------------------------------------------------------------ spectral densities


def test_freed_without_electron_relaxation_is_ayant():
    w_td = np.logspace(-9, 6, 2000)
    assert np.max(np.abs(spectral.freed(w_td, 1.0) - spectral.ayant(w_td, 1.0))) < 1e-12


@pytest.mark.parametrize(
    ("w_td", "free", "relaxed"),
    [
        (0.001, 0.983231, 0.489130),
        (0.01, 0.947023, 0.489123),
        (0.1, 0.833909, 0.488384),
        (1, 0.512296, 0.432611),
        (10, 0.0744429, 0.0840281),
        (100, 0.00159145, 0.00180738),
    ],
)
def test_freed_regression(w_td, free, relaxed):
    assert spectral.freed(w_td, 1.0) == pytest.approx(free, rel=1e-5)
    assert spectral.freed(w_td, 1.0, 1.0) == pytest.approx(relaxed, rel=1e-5)
    assert spectral.freed(w_td, 2.5, 3.0) == pytest.approx(literal.freed(w_td, 2.5, 3.0), rel=1e-12)


def test_mixed_numerators_would_be_seen():
    """Ayant's numerator over Freed's denominator, a mistake in a published code, is 7 to 50 % too high."""
    z = np.sqrt(1j)
    mixed = ((1 + 5 * z / 8 + z**2 / 8) / (1 + z + 4 * z**2 / 9 + z**3 / 9)).real
    assert mixed / spectral.ayant(1.0, 1.0) > 1.05


def test_langevin_series_meets_closed_form():
    below, above = (spectral.langevin(al) for al in (0.5 * (1 - 1e-12), 0.5 * (1 + 1e-12)))
    assert below[0] == pytest.approx(above[0], rel=1e-11)
    assert below[1] == pytest.approx(above[1], rel=1e-11)
    for al in (0.3, 2.0, 40.0):
        assert spectral.langevin(al)[0] == pytest.approx(literal.langevin(al), rel=1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize("al", [1e-6, 0.05, 0.49, 0.51, 1.7, 12.0])
def test_langevin_in_many_digits(al):
    import mpmath

    with mpmath.workdps(50):
        exact = mpmath.coth(mpmath.mpf(al)) - 1 / mpmath.mpf(al)
    assert float(spectral.langevin(al)[0]) == pytest.approx(float(exact), rel=2e-15)


def test_brillouin_limits():
    assert spectral.brillouin(8, 1e-7) == pytest.approx(9 / 24 * 1e-7, rel=1e-9)
    assert spectral.brillouin(0.5, 0.7) == pytest.approx(np.tanh(0.7), rel=1e-13)
    assert spectral.brillouin(3.5, 1.3) == pytest.approx(literal.brillouin(3.5, 1.3), rel=1e-12)


# --------------------------------------------------------------------------------------- the electron


def test_electron_relaxation_regression():
    t1e, _ = pm.electron_relaxation.bare(np.array([0.47, 1.5, 3.0]), 0.16e20, 11e-12)
    assert t1e == pytest.approx([1.6063e-9, 1.0714e-8, 4.0704e-8], rel=1e-3)


@pytest.mark.parametrize(("spin", "factor"), [(3.5, 12.0), (2.5, 32 / 5)])
def test_electron_relaxation_at_zero_field(spin, factor):
    """1/T1e = 12 delta2 tau_v for S = 7/2, and tau_S0 is its inverse; T1e = T2e there in the general form."""
    t1e, t2e = pm.electron_relaxation.bare(1e-7, 0.4e20, 20e-12, spin)
    assert 1 / t1e == pytest.approx(factor * 0.4e20 * 20e-12, rel=1e-6)
    assert t2e == pytest.approx(t1e, rel=1e-6)


def test_powell_form_is_for_gadolinium_only():
    with pytest.raises(ValueError, match="S = 7/2"):
        pm.electron_relaxation.bare(1.0, 1e19, 1e-11, 2.5, "powell")
    with pytest.raises(ValueError, match="'general' or 'powell'"):
        pm.electron_relaxation.bare(1.0, 1e19, 1e-11, 3.5, "bertini")


def test_delta2_from_wavenumber_keeps_two_pi():
    assert pm.delta2_from_wavenumber("0.02 1/cm").magnitude == pytest.approx(1.42e19, rel=1e-3)
    with pytest.raises(TypeError, match="delta2"):
        pm.electron_relaxation(Q(1.5, "T"), Q(0.02, "1/cm"), Q(11, "ps"))


# ------------------------------------------------------------------------------------------ inner sphere


def test_dipolar_constant():
    assert pm.dipolar_constant(3.1e-10, 63.0) == pytest.approx(5.8259e14, rel=1e-3)


def test_inner_sphere_ratios():
    """R2m/R1m is 1 in the extreme-narrowing limit and 7/6 where only the electron terms have dispersed."""
    slow = pm.inner_sphere_rates.bare(1e-5, 3.1e-10, 1e-12, 1.0, 1.0, 1.0)
    assert slow[1] / slow[0] == pytest.approx(1.0, rel=1e-6)
    mid = pm.inner_sphere_rates.bare(3.0, 3.1e-10, 1e-10, 1.0, 1.0, 1.0)
    assert GAMMA_ELECTRON * 3 * 1e-10 > 10 > 0.2 > GAMMA_PROTON * 3 * 1e-10
    assert mid[1] / mid[0] == pytest.approx(7 / 6, rel=0.01)


def test_inner_sphere_against_literal():
    for field in (1e-4, 0.02, 0.47, 3.0, 14.0):
        ours = pm.inner_sphere_rates.bare(field, 3.1e-10, 80e-12, 1e-7, 5e-9, 1e-9)
        assert ours == pytest.approx(literal.solomon(field, 3.1e-10, 80e-12, 1e-7, 5e-9, 1e-9, 63.0), rel=1e-8)


def test_scalar_coupling_adds_to_r2_of_manganese():
    """A/h = 0.7 MHz and a nanosecond electron: R2m rises several-fold at 3 T, R1m hardly."""
    plain = pm.inner_sphere_rates.bare(3.0, 2.8e-10, 30e-12, 20e-9, 5e-9, 1e-9, 35.0, 0.0, 2.5)
    coupled = pm.inner_sphere_rates.bare(
        3.0, 2.8e-10, 30e-12, 20e-9, 5e-9, 1e-9, 35.0, pm.scalar_from_megahertz(0.7), 2.5
    )
    te1 = 1 / (1 / 20e-9 + 1 / 5e-9)
    static = 2.5 * 3.5 / 3 * (2 * np.pi * 0.7e6) ** 2 * te1
    assert coupled[1] - plain[1] == pytest.approx(static, rel=1e-3)
    assert coupled[0] == pytest.approx(plain[0], rel=1e-2)


def test_exchange_limits():
    r1m, r2m = 2e5, 3e5
    fast = pm.exchange.bare(r1m, r2m, 1e-15, 2.0)
    assert fast[0] == pytest.approx(2 * r1m / 55.5e3, rel=1e-6)
    r1, r2 = pm.exchange.bare(r1m, r2m, 1e-6)
    assert r1 == pytest.approx(1 / 55.5e3 / (1 / r1m + 1e-6), rel=1e-12)
    assert r2 == pytest.approx(1 / 55.5e3 / (1 / r2m + 1e-6), rel=1e-12)
    slow = pm.exchange.bare(1e14, 1e14, 1e-6)
    assert slow == pytest.approx([1 / (55.5e3 * 1e-6)] * 2, rel=1e-6)
    shifted = pm.exchange.bare(0.0, 0.0, 1e-6, 1.0, np.array([1e4, 1e9]))
    assert shifted[1] == pytest.approx([1 / 55.5e3 * 1e-6 * 1e8 / (1 + 1e-4), 1 / (55.5e3 * 1e-6)], rel=1e-5)


# ----------------------------------------------------------------------------------------- outer sphere


def test_outer_sphere_at_rest():
    """Without dispersion both rates are ten units of the constant."""
    r1, r2 = pm.outer_sphere.bare(1e-12, 3.6e-10, 3.3e-9, 1e6, 1e6)
    assert r1 == pytest.approx(r2, rel=1e-5)
    constant = pm.outer_sphere_constant(3.6e-10, 3.3e-9) * (9.2740100783e-24) ** 2 * 63
    assert r1 == pytest.approx(10 * constant, rel=1e-4)


def test_gadoterate_regression():
    """Inner and outer parts with Curie spin, against the literal code and the printed table."""
    fields = [0.01, 0.47, 1.5, 3, 4.7, 9.4]
    expected = {
        "inner": ([4.726, 1.755, 1.649, 1.647, 1.646, 1.635], [4.729, 1.995, 1.915, 1.919, 1.921, 1.923]),
        "outer": ([3.822, 2.116, 1.581, 1.409, 1.335, 1.245], [3.826, 2.261, 1.802, 1.681, 1.639, 1.600]),
    }
    g = GADOTERATE
    for i, field in enumerate(fields):
        t1e, t2e = pm.electron_relaxation.bare(field, g["delta2"], g["tau_v"], 3.5, "powell")
        dipolar = pm.inner_sphere_rates.bare(field, g["r"], g["tau_R"], g["tau_M"], t1e, t2e)
        t = 1 / (1 / g["tau_R"] + 1 / g["tau_M"])
        curie = pm.curie_inner_sphere_rates.bare(field, 310.15, g["r"], t)
        inner = pm.exchange.bare(dipolar[0] + curie[0], dipolar[1] + curie[1], g["tau_M"])
        outer = np.add(
            pm.outer_sphere.bare(field, g["a"], g["D"], t1e, t2e),
            pm.curie_outer_sphere.bare(field, 310.15, g["a"], g["D"]),
        )
        slow = literal.chelate(
            field, 310.15, 1, g["r"], g["a"], g["D"], g["tau_M"], g["tau_R"], g["delta2"], g["tau_v"]
        )
        for name, ours in (("inner", inner), ("outer", outer)):
            assert ours == pytest.approx(slow[name], rel=1e-7)
            assert ours == pytest.approx([expected[name][0][i], expected[name][1][i]], rel=1e-3, abs=6e-4)


# ------------------------------------------------------------------------------------------- Curie spin


def test_curie_moment_of_gadolinium():
    moment = spectral.curie_moment(1.5, 298.15, 3.5, 2.0) / 9.2740100783e-24
    assert moment == pytest.approx(0.070964, rel=1e-3)


@pytest.mark.parametrize(
    ("j", "g_j", "r1", "r2"),
    [(3.5, 2.0, 1844.7, 2223.6), (7.5, 4 / 3, 5943.0, 7163.6), (8, 1.25, 5856.4, 7059.3)],
)
def test_curie_rates_regression(j, g_j, r1, r2):
    ours = pm.curie_inner_sphere_rates.bare(11.7, 298.15, 3.1e-10, 77e-12, j, g_j)
    assert ours == pytest.approx([r1, r2], rel=1e-3)


def test_curie_rates_grow_with_the_square_of_the_field():
    low = pm.curie_inner_sphere_rates.bare(np.array([0.1, 0.2]), 298.15, 3.1e-10, 1e-12)
    assert low[0][1] / low[0][0] == pytest.approx(4, rel=1e-4)
    assert low[1][0] / low[0][0] == pytest.approx(7 / 6, rel=1e-6)
    outer = pm.curie_outer_sphere.bare(np.array([0.1, 0.2]), 298.15, 3.6e-10, 3e-9)
    assert outer[1][1] / outer[1][0] == pytest.approx(4, rel=5e-3)


def test_brillouin_bends_the_linear_moment():
    linear, full = (
        pm.curie_inner_sphere_rates.bare(np.array([1.5, 11.7]), 298.15, 3.1e-10, 77e-12, linear=law)[1]
        for law in (True, False)
    )
    assert 5e-5 < linear[0] / full[0] - 1 < 5e-4
    assert 5e-3 < linear[1] / full[1] - 1 < 2.5e-2


# ------------------------------------------------------------------------- motion, temperature, two motions


def test_two_motions_limits():
    def rates(tau):
        return pm.inner_sphere_rates.bare(1.5, 3.1e-10, tau, 1e-7, 1e-8, 1e-9)

    rigid = rates(1e-8)
    assert pm.two_motions(rates, 1e-8, 1.0, 5e-10) == pytest.approx(rigid, rel=1e-14)
    free = pm.two_motions(rates, 1e-8, 0.4, 1e-20)
    assert free == pytest.approx([0.4 * rigid[0], 0.4 * rigid[1]], rel=1e-6)


def test_water_diffusion_of_holz():
    assert motion.water_diffusion.bare(np.array([298.15, 310.15])) == pytest.approx([2.299e-9, 3.037e-9], rel=1e-3)


def test_water_properties():
    assert motion.water_concentration.bare(np.array([298.15, 310.15])) == pytest.approx([55.34e3, 55.14e3], rel=2e-4)
    assert motion.water_viscosity.bare(np.array([293.15, 310.15])) == pytest.approx([1.0016e-3, 0.6913e-3], rel=0.01)


def test_brownian_time_is_three_rank_two_times():
    assert motion.brownian_time.bare(12.0, 310.15) == pytest.approx(3 * motion.rotation_time.bare(12.0, 310.15))


def test_times_at_their_reference():
    assert motion.eyring.bare(4e6, 5e4, 298.15) == pytest.approx(4e6, rel=1e-14)
    assert motion.arrhenius.bare(2e4, 310.15, 310.15) == 1.0
    assert motion.eyring.bare(4e6, 5e4, 310.15) > 4e6 > 4e6 * motion.arrhenius.bare(2e4, 310.15)


# ------------------------------------------------------------------------------------------ doors and input


def test_units_do_not_matter():
    a = pm.inner_sphere_rates(Q(1.5, "T"), "3.1 angstrom", "77 ps", "100 ns", "10 ns", "10 ns")
    b = pm.inner_sphere_rates("1500 mT", Q(0.31, "nm"), "0.077 ns", "0.1 us", "1e-8 s", "10 ns")
    assert a[0].magnitude == pytest.approx(b[0].magnitude, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"field": 1.5}, TypeError, "field needs a unit"),
        ({"field": "0 T"}, ValueError, "field is 0 T: it must be above 0"),
        ({"field": "-3 T"}, ValueError, "above 0"),
        ({"field": "64 MHz"}, TypeError, "field"),
        ({"tau_R": "77 pm"}, TypeError, "tau_R"),
        ({"distance": Q(float("nan"), "nm")}, ValueError, "finite"),
    ],
)
def test_bad_input(change, error, words):
    good = {
        "field": "1.5 T",
        "distance": "3.1 angstrom",
        "tau_R": "77 ps",
        "tau_M": "1 us",
        "t1e": "10 ns",
        "t2e": "10 ns",
    }
    with pytest.raises(error, match=words):
        pm.inner_sphere_rates(**{**good, **change})


def test_everything_is_finite_over_twelve_decades():
    g = GADOTERATE
    t1e, t2e = pm.electron_relaxation.bare(FIELDS, g["delta2"], g["tau_v"])
    inner = pm.inner_sphere_rates.bare(FIELDS, g["r"], g["tau_R"], g["tau_M"], t1e, t2e)
    outer = pm.outer_sphere.bare(FIELDS, g["a"], g["D"], t1e, t2e)
    for r1, r2 in (inner, outer):
        assert np.all(np.isfinite(r1)) and np.all(r1 > 0) and np.all(r2 >= r1 * (1 - 1e-9))
        assert np.max(np.abs(np.diff(np.log(r2)))) < 0.1


# --------------------------------------------------------------------------------------- independent code


@pytest.mark.oracle
def test_solomon_rates_of_paramagpy():
    from paramagpy import metal as metal_module

    metal = metal_module.Metal(taur=77e-12, t1e=1e-8)
    metal.isotropy = 0.0
    mu_eff = 7.93725 * 9.2740100783e-24
    metal.mueff = mu_eff
    expected = {0.47: (141139.64, 162861.12), 1.5: (134187.62, 156454.15), 3.0: (133240.69, 155735.54)}
    for field, printed in expected.items():
        metal.B0 = field
        position = np.array([0.0, 0.0, 3.1e-10])
        theirs = metal.sbm_r1(position, GAMMA_PROTON), metal.sbm_r2(position, GAMMA_PROTON)
        ours = pm.inner_sphere_rates.bare(field, 3.1e-10, 77e-12, 1e30, 1e-8, 1e-8, 7.93725**2)
        assert ours == pytest.approx(theirs, rel=1e-5)
        assert ours == pytest.approx(printed, rel=1e-5)


@pytest.mark.oracle
def test_curie_rates_of_paramagpy():
    from paramagpy import metal as metal_module

    metal = metal_module.Metal(taur=77e-12, t1e=1e-8, temperature=298.15)
    mu_eff = 2.0 * np.sqrt(63.0 / 4.0) * 9.2740100783e-24
    metal.mueff = mu_eff
    chi = 4e-7 * np.pi * mu_eff**2 / (3 * 1.380649e-23 * 298.15)
    metal.isotropy = chi
    for field in (1.5, 11.7):
        metal.B0 = field
        position = np.array([0.0, 0.0, 3.1e-10])
        theirs = metal.dsa_r1(position, GAMMA_PROTON), metal.dsa_r2(position, GAMMA_PROTON)
        ours = pm.curie_inner_sphere_rates.bare(field, 298.15, 3.1e-10, 77e-12, linear=True)
        assert ours == pytest.approx(theirs, rel=1e-5)


# ------------------------------------------------------------------- factors, from the dipole field itself


def sphere(count=40):
    """Directions and weights that average over the sphere."""
    u, w = np.polynomial.legendre.leggauss(count)
    phi = 2 * np.pi * np.arange(count) / count
    z, f = np.meshgrid(u, phi, indexing="ij")
    flat = np.sqrt(1 - z * z)
    weights = np.repeat(w[:, None], count, axis=1) / (2 * count)
    return np.stack([flat * np.cos(f), flat * np.sin(f), z]), weights


def field_variances(moment):
    """Mean squares (x, y, z) of the dipole field of a moment at unit distance, in units of mu0/4pi."""
    directions, weights = sphere()
    along = np.tensordot(moment, directions, axes=1)
    field = 3 * along * directions - np.asarray(moment)[:, None, None]
    return np.sum(weights * field**2, axis=(1, 2))


def test_curie_factors_from_the_dipole_field():
    """R1 = g^2 (<Bx^2> + <By^2>) L(wI), R2 = g^2 <Bz^2> t + R1/2, averaged over directions by quadrature."""
    field, tau, r = 7.0, 4e-9, 3.1e-10
    moment = spectral.curie_moment(field, 298.15, 7.5, 4 / 3)
    bx, by, bz = field_variances(np.array([0.0, 0.0, 1.0])) * (1e-7 * GAMMA_PROTON * moment / r**3) ** 2
    passing = tau / (1 + (GAMMA_PROTON * field * tau) ** 2)
    r1 = (bx + by) * passing
    ours = pm.curie_inner_sphere_rates.bare(field, 298.15, r, tau, 7.5, 4 / 3)
    assert ours == pytest.approx([r1, bz * tau + r1 / 2], rel=1e-8)


def test_solomon_factor_from_the_dipole_field():
    """Everything slow against tau: an isotropic moment of mean square g^2 J(J+1) gives R1 = R2."""
    tau, r = 1e-12, 3.1e-10
    per_axis = 63.0 * 9.2740100783e-24**2 / 3
    total = sum(field_variances(np.eye(3)[i])[:2].sum() for i in range(3)) * per_axis
    expected = (1e-7 * GAMMA_PROTON / r**3) ** 2 * total * tau
    ours = pm.inner_sphere_rates.bare(1e-5, r, tau, 1e3, 1e3, 1e3, 63.0)
    assert ours == pytest.approx([expected, expected], rel=1e-6)


def test_outer_sphere_factor_from_shells():
    """Zero frequency: the same dipole field summed over diffusing water, by the known integral of its density.

    For hard spheres the time integral of the correlation of Y2/r^3 is 4/(27 a D), to which the density is normalised;
    here it is recovered from the diffusion equation by finite differences.
    """
    a, d = 1.0, 1.0
    edges = a + (400.0 - a) * np.linspace(0, 1, 6001) ** 3
    middle = 0.5 * (edges[1:] + edges[:-1])
    volume = (edges[1:] ** 3 - edges[:-1] ** 3) / 3
    # stationary: D (1/r^2 d/dr r^2 dg/dr - 6 g/r^2) = -r^-3, reflecting at a
    flow = edges[1:-1] ** 2 / np.diff(middle)
    diagonal = -6 / middle**2 * volume
    diagonal[:-1] -= flow
    diagonal[1:] -= flow
    from scipy.linalg import solve_banded

    bands = np.zeros((3, len(middle)))
    bands[0, 1:], bands[1], bands[2, :-1] = flow, diagonal, flow
    g = solve_banded((1, 1), bands, -volume / middle**3 / d)
    integral = np.sum(volume * g / middle**3)  # of g r^-3 r^2 dr
    assert integral == pytest.approx(4 / 27 / (a * d), rel=5e-3)
    # rate of an isotropic moment, extreme narrowing: 4/3 (one shell) n 4 pi times that integral, against C (3 + 7)
    n = 6.02214076e23
    expected = 4 / 3 * 4 * np.pi * n * integral * (1e-7 * GAMMA_PROTON * 9.2740100783e-24) ** 2 * 63 / (3.6e-10 * 3e-9)
    ours = pm.outer_sphere.bare(1e-5, 3.6e-10, 3e-9, 1e3, 1e3, 63.0)
    assert ours[0] == pytest.approx(expected, rel=0.02)


# ------------------------------------------------------------------------------------------- other ions


def test_manganese_aqua_ion():
    """Mn(H2O)6: S = 5/2, 6 waters at 2.87 angstrom, A/h 0.68 MHz; scalar coupling lifts r2 far above r1."""
    from contrastphys.mri import chelates

    ion = chelates.Bundle(
        "aqua", 298.15, 6, 47e-9, 32e-12, 2.87e-10, 3.6e-10, 2.3e-9, 5.6e18, 3.3e-12, S=2.5, J=2.5, form="general",
        hyperfine=pm.scalar_from_megahertz(0.68),
    )  # fmt: skip
    fields = np.array([0.47, 1.5])
    r1, r2 = chelates.total(chelates.parts(ion, fields, 298.15))
    assert r1 == pytest.approx([7.9, 7.2], rel=0.25)
    assert np.all(r2 / r1 > 3) and r2[1] > r2[0]


@pytest.mark.parametrize(("symbol", "mu_eff"), [("Gd3+", 7.94), ("Tb3+", 9.72), ("Dy3+", 10.65), ("Ho3+", 10.61),
                                                ("Er3+", 9.58), ("Tm3+", 7.56), ("Mn2+", 5.92)])  # fmt: skip
def test_moments_of_the_ions(symbol, mu_eff):
    from contrastphys import records

    ion = records.ions()[symbol]
    assert np.sqrt(pm.spin_moment2(ion.J, ion.g_J)) == pytest.approx(mu_eff, rel=2e-3)


@pytest.mark.parametrize("agent", ["manganese-chloride", "mn-edta", "fe-edta"])
@pytest.mark.parametrize("celsius", [5.0, 25.0, 50.0])
def test_manganese_and_iron_over_field(agent, celsius):
    """S = 5/2, with hyperfine coupling where it counts: finite, smooth, r2 at or above r1, parts that sum."""
    from contrastphys import mri

    found = mri.relaxivity(agent, Q(FIELDS, "T"), temperature=Q(celsius, "degC"))
    r1, r2 = found.r1.magnitude, found.r2.magnitude
    assert np.all(np.isfinite(r1)) and np.all(r1 > 0) and np.all(r2 >= r1 * (1 - 1e-9))
    assert np.max(np.abs(np.diff(np.log(r2)))) < 0.1
    assert sum(part["r2"].magnitude for part in found.parts.values()) == pytest.approx(r2, rel=1e-12)


def test_manganese_in_water_at_three_tesla():
    """Nothing was fitted there: r1 6.4, r2 108 at room temperature (Thangavel and Saritas 2017, recalled)."""
    from contrastphys import mri

    found = mri.relaxivity("manganese-chloride", "3 T", temperature="22 degC")
    assert found.r1.magnitude == pytest.approx(6.4, rel=0.15)
    assert found.r2.magnitude == pytest.approx(108, rel=0.25)
    chelate = mri.relaxivity("mn-edta", "0.47 T", temperature="25 degC")
    assert chelate.r1.magnitude == pytest.approx(3.0, rel=0.15) and chelate.r2 < 1.2 * chelate.r1


def test_scalar_part_against_literal():
    """S(S+1) (A/hbar)^2 enters r1 twice as strongly as r2 at te2, and r2 also at te1."""
    found = {}
    for coupling in (0.0, 5.4e6):
        found[coupling] = pm.inner_sphere_rates.bare(
            0.3, 2.83e-10, 30e-12, 35e-9, 4e-9, 1.5e-9, 35.0, coupling, 2.5
        )  # fmt: skip
    te1, te2 = 1 / (1 / 35e-9 + 1 / 4e-9), 1 / (1 / 35e-9 + 1 / 1.5e-9)
    passing = te2 / (1 + (GAMMA_ELECTRON * 0.3 * te2) ** 2)
    assert found[5.4e6][0] - found[0.0][0] == pytest.approx(2 / 3 * 8.75 * 5.4e6**2 * passing, rel=1e-6)
    assert found[5.4e6][1] - found[0.0][1] == pytest.approx(1 / 3 * 8.75 * 5.4e6**2 * (te1 + passing), rel=1e-9)


def test_iron_keeps_its_r1_at_high_field():
    """The electron of iron(III) relaxes slower at high field: r1 does not fall as that of gadolinium does."""
    from contrastphys import mri

    iron, gadolinium = (
        mri.relaxivity(agent, Q(np.array([0.47, 7.0]), "T")).r1.magnitude for agent in ("fe-edta", "gadoterate")
    )
    assert iron[1] / iron[0] > 0.9 > gadolinium[1] / gadolinium[0]
