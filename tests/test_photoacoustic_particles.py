"""Permittivities, tables, and cross-sections of spheres, shells and rods."""

import math

import numpy as np
import pytest

from contrastphys import records
from contrastphys.formulation import Formulation
from contrastphys.photoacoustic import coefficients, permittivity
from contrastphys.photoacoustic.particles import Particle, nanoshell, rod, sphere
from contrastphys.photoacoustic.sections import MOLAR, cross_sections
from contrastphys.photoacoustic.spheroids import depolarisation, spheroid_polarisability
from contrastphys.provenance import Refusal
from contrastphys.units import Q, UnitError

TABLES = sorted(p.stem for p in (records.shipped_folder() / "optical").glob("*.csv"))

DYE = Formulation(id="dye", kind="molecule", molecule={"formula": "C43H47N2NaO6S2", "spectrum": "icg-bound"})

# W. Haiss et al., Anal. Chem. 79, 4215 (2007): diameter [nm], decadic molar extinction at 450 nm [1/(M cm)]
HAISS = [(5, 7.20e6), (10, 6.15e7), (20, 5.41e8), (30, 1.95e9), (40, 4.92e9), (60, 1.73e10)]
PEAKS = [(5, 524.0, 9.42e6), (10, 523.0, 9.72e7), (20, 523.0, 9.37e8), (30, 524.5, 3.52e9), (40, 527.0, 9.13e9)]


# ----------------------------------------------------------------------------------------------- tables


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_sorted_sourced_and_interpolates(name):
    table = records.table(f"optical/{name}")
    wavelength = table["wavelength"]
    assert table.units["wavelength"] == "nm"
    assert np.all(np.diff(wavelength) > 0)
    assert table.source and table.licence and table.note
    for key, found in permittivity.optical_columns(name, wavelength[[0, 5, -1]]).items():
        assert found == pytest.approx(table[key][[0, 5, -1]], rel=1e-12), key
        assert np.all(table[key] >= 0)


def test_interpolation_is_monotone():
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    y = np.array([0.0, 0.0, 1.0, 1.0, 5.0])
    fine = permittivity.monotone_cubic(x, y, np.linspace(0, 4, 400))
    assert np.all(np.diff(fine) >= -1e-15)
    assert fine.min() == 0 and fine.max() == 5


def test_interpolation_matches_scipy():
    from scipy.interpolate import PchipInterpolator

    rng = np.random.default_rng(4)
    x, y = np.sort(rng.uniform(0, 10, 30)), rng.normal(size=30)
    at = np.linspace(x[0], x[-1], 300)
    assert permittivity.monotone_cubic(x, y, at) == pytest.approx(PchipInterpolator(x, y)(at), abs=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: permittivity.refractive_index("2500 nm", "gold"), "187.9 to 1937 nm"),
        (lambda: permittivity.optical_columns("icg-bound", 1064.0), "660 to 880 nm"),
        (lambda: permittivity.refractive_index("2000 nm", "water"), "182 to 1700 nm"),
        (lambda: permittivity.refractive_index("800 nm", "haemoglobin"), "no refractive index"),
        (lambda: permittivity.refractive_index("800 nm", "unobtainium"), "no record 'unobtainium' in optical"),
    ],
)
def test_nothing_is_extrapolated_or_invented(call, words):
    with pytest.raises(Refusal, match=words):
        call()


@pytest.mark.parametrize(
    ("material", "low", "high"),
    # Malitson fitted 0.21 to 3.71 um, Rakic 0.2 to 5 eV; the formula of water is continued to where it strays by 0.006
    [("silica-malitson", 210, 3710), ("gold-rakic-lorentz-drude", 248, 6200), ("water-daimon", 182, 1700)],
)
def test_formulas_answer_to_the_ends_of_their_range(material, low, high):
    assert np.all(np.isfinite(permittivity.refractive_index.bare(np.array([low, high], float), material)))
    for beyond in (low - 1.0, high + 1.0):
        with pytest.raises(Refusal, match=f"{low:g} to {high:g} nm"):
            permittivity.refractive_index.bare(beyond, material)


def test_water_and_silica_indices():
    assert permittivity.water_index("589.3 nm").magnitude == pytest.approx(1.33335, abs=2e-5)
    assert permittivity.silica_index("589.3 nm").magnitude == pytest.approx(1.45840, abs=2e-5)
    found = permittivity.refractive_index.bare(np.array([500.0, 1000.0]), "water-hale-querry").real
    assert permittivity.water_index.bare(np.array([500.0, 1000.0])) == pytest.approx(found, abs=3e-3)


def test_gold_at_two_electronvolt():
    wavelength = permittivity.EV_NM / 2.0
    measured = permittivity.refractive_index.bare(wavelength, "gold") ** 2
    assert measured == pytest.approx(-10.9 + 1.35j, abs=0.3)
    assert permittivity.rakic_gold.bare(wavelength, "lorentz-drude") == pytest.approx(-9.1 + 2.0j, abs=0.06)
    assert permittivity.rakic_gold.bare(wavelength) == pytest.approx(-9.7 + 1.3j, abs=0.06)
    with pytest.raises(ValueError, match="no model"):
        permittivity.rakic_gold("620 nm", "drude")


def test_size_correction():
    wavelength = np.array([450.0, 530.0, 800.0])
    bulk = permittivity.refractive_index.bare(wavelength) ** 2
    assert np.array_equal(permittivity.size_corrected.bare(bulk, wavelength, 5.0, "gold", 0.0), bulk)
    assert permittivity.size_corrected.bare(bulk, wavelength, 1e6) == pytest.approx(bulk, rel=1e-4)
    small = permittivity.size_corrected.bare(bulk, wavelength, 5.0)
    assert np.all(small.imag > bulk.imag)
    with pytest.raises(ValueError, match="known: gold, silver"):
        permittivity.size_corrected.bare(bulk, wavelength, 5.0, "lead")


# ---------------------------------------------------------------------------------------------- spheres


@pytest.mark.parametrize(("diameter", "published"), HAISS)
def test_extinction_of_gold_spheres(diameter, published):
    found = cross_sections(sphere(Q(diameter, "nm")), "450 nm")
    assert found.molar_extinction.magnitude == pytest.approx(published, rel=0.05)


@pytest.mark.parametrize(("diameter", "peak", "height"), PEAKS)
def test_peaks_of_gold_spheres(diameter, peak, height):
    wavelength = np.arange(500, 560, 0.25)
    found = cross_sections.bare(sphere.bare(diameter), wavelength).sigma_ext * MOLAR
    assert wavelength[np.argmax(found)] == pytest.approx(peak, abs=1.0)
    assert found.max() == pytest.approx(height, rel=2e-3)
    # the published relation d = ln((peak - 512)/6.53)/0.0216 holds from 35 nm on
    if diameter >= 35:
        assert 512 + 6.53 * math.exp(0.0216 * diameter) == pytest.approx(wavelength[np.argmax(found)], abs=4)


def test_published_example_of_a_concentration():
    """38.5 nm spheres: 4.36e9 1/(M cm) at 450 nm, absorbance 1.89 is 0.43 nM (Haiss 2007)."""
    found = cross_sections(sphere("38.5 nm"), "450 nm").molar_extinction.magnitude
    assert found == pytest.approx(4.36e9, rel=0.05)
    assert 1.89 / found * 1e9 == pytest.approx(0.43, abs=0.03)


def test_absorption_regression_values():
    assert cross_sections(sphere("20 nm"), "532 nm").absorption.to("m^2").magnitude == pytest.approx(
        3.369e-16, rel=1e-3
    )
    forty = cross_sections(sphere("40 nm"), "532 nm")
    assert forty.sigma_abs == pytest.approx(3.201e-15, rel=1e-3)
    assert forty.molar_absorption.to("1/(M*cm)").magnitude == pytest.approx(8.37e9, rel=1e-3)


@pytest.mark.parametrize(
    ("diameter", "peak", "share"), [(20, 523, 0.99), (40, 527, 0.94), (80, 550, 0.58), (100, 570, 0.35)]
)
def test_extinction_is_not_absorption(diameter, peak, share):
    found = cross_sections(sphere(Q(diameter, "nm")), Q(peak, "nm"))
    assert found.absorbed_share == pytest.approx(share, abs=0.01)
    assert found.sigma_ext == pytest.approx(found.sigma_abs + found.sigma_sca)


def test_nanoshell_regression():
    wavelength = np.arange(700.0, 1000.0)
    found = cross_sections.bare(nanoshell.bare(120.0, 10.0, surface_damping=0.0), wavelength, 1.33)
    area, at = math.pi * 70e-9**2, np.argmax(found.sigma_ext)
    assert wavelength[at] == 825
    assert found.sigma_ext[at] / area == pytest.approx(9.63, abs=0.01)
    assert found.sigma_abs[at] / area == pytest.approx(1.80, abs=0.01)


def test_magnetite_regression():
    found = cross_sections.bare(sphere.bare(10.0, "magnetite"), np.array([700.0, 800.0]), 1.33).sigma_abs
    assert found[0] == pytest.approx(7.06e-19, rel=2e-3)
    iron = math.pi / 6 * 1e-24 * 5180 * 0.724  # kg in one particle
    assert found / iron / 100 == pytest.approx([3.60, 3.56], rel=3e-3)  # 1/cm per mg Fe/mL


def test_silica_coat_of_no_thickness_and_of_water():
    bare = cross_sections.bare(sphere.bare(40.0), 540.0)
    assert cross_sections.bare(sphere.bare(40.0, coating=1e-6), 540.0).sigma_ext == pytest.approx(
        bare.sigma_ext, rel=1e-6
    )
    wet = Particle("sphere", "gold", 40.0, coats=(("water", 20.0),))
    assert cross_sections.bare(wet, 540.0).sigma_abs == pytest.approx(bare.sigma_abs, rel=1e-9)
    wavelength = np.arange(500, 600, 0.5)
    coated = cross_sections.bare(sphere.bare(40.0, coating=20.0), wavelength)
    plain = cross_sections.bare(sphere.bare(40.0), wavelength)
    assert wavelength[np.argmax(coated.sigma_abs)] > wavelength[np.argmax(plain.sigma_abs)] + 3


def test_spread_of_sizes_raises_the_mean():
    one = cross_sections.bare(sphere.bare(20.0), 520.0).sigma_abs
    spread = cross_sections.bare(sphere.bare(20.0, sigma_ln=0.2), 520.0).sigma_abs
    assert spread / one == pytest.approx(math.exp(4.5 * 0.04), rel=0.05)  # absorption of small spheres goes as volume
    assert sphere.bare(20.0, sigma_ln=0.2).mean_core_volume / sphere.bare(20.0).core_volume == pytest.approx(
        1.197, rel=1e-3
    )


def test_molar_round_trip():
    found = cross_sections(sphere("40 nm"), "532 nm")
    assert found.molar_absorption.magnitude * 1000 * math.log(10) / 6.02214076e23 * 1e-4 == pytest.approx(
        found.sigma_abs
    )


# ------------------------------------------------------------------------------------------------- rods


def test_depolarisation():
    assert depolarisation([1.0, 2.0, 4.0, 10.0]) == pytest.approx([1 / 3, 0.173564, 0.075407, 0.020286], abs=1e-6)
    near_sphere = depolarisation(np.linspace(1.0, 1.002, 200))
    assert np.all(np.diff(near_sphere) < 0)


def test_round_rod_is_a_small_sphere():
    eps = (0.2 + 3.5j) ** 2
    long, short = spheroid_polarisability(eps, 2.0, 2.0, 1e-6)
    assert long == pytest.approx((eps - 1) / (eps + 2), rel=1e-6)
    assert short == pytest.approx(long, rel=1e-6)


def test_coated_rod_limits():
    eps, coat = (0.2 + 3.5j) ** 2, 1.2 + 0j
    bare = spheroid_polarisability(eps, 40.0, 10.0, 1e-9)
    for same in (
        spheroid_polarisability(eps, 40.0, 10.0, 1e-9, coat=(1.0 + 0j, 7.0)),
        spheroid_polarisability(eps, 40.0, 10.0, 1e-9, coat=(coat, 1e-9)),
    ):
        assert same == pytest.approx(bare, rel=1e-6)
    ball = spheroid_polarisability(eps, 20.0, 20.0, 1e-9, coat=(coat, 5.0))[0]
    f = (10 / 15) ** 3
    top = (coat - 1) * (eps + 2 * coat) + f * (eps - coat) * (1 + 2 * coat)
    expected = 15**3 * top / ((coat + 2) * (eps + 2 * coat) + f * (2 * coat - 2) * (eps - coat))
    assert ball == pytest.approx(expected, rel=1e-6)


def test_small_rod_agrees_with_mie_when_round():
    ball = cross_sections.bare(sphere.bare(10.0), 530.0)
    almost = cross_sections.bare(rod.bare(10.0, 10.0), 530.0)
    assert almost.sigma_abs == pytest.approx(ball.sigma_abs, rel=0.01)


@pytest.mark.parametrize(("width", "peaks"), [(10, (590, 678, 778, 880, 985)), (20, (597, 696, 808, 921, 1040))])
def test_peaks_of_gold_rods(width, peaks):
    wavelength = np.arange(520.0, 1200.0)
    for aspect, expected in zip((2, 3, 4, 5, 6), peaks, strict=True):
        found = cross_sections.bare(rod.bare(float(width * aspect), float(width)), wavelength).sigma_ext
        peak = wavelength[np.argmax(found)]
        assert peak == pytest.approx(expected, abs=1.5)
        low, high = (-28, -4) if width == 10 else (-14, 51)
        assert low <= peak - (95 * aspect + 420) <= high  # the relation commonly quoted


def test_rod_regression_and_volume():
    wavelength = np.arange(760.0, 820.0)
    found = cross_sections.bare(rod.bare(41.0, 10.0), wavelength)
    assert wavelength[np.argmax(found.sigma_ext)] == 788
    assert found.molar_extinction.magnitude.max() == pytest.approx(1.31e9, rel=3e-3)
    capped = cross_sections.bare(rod.bare(41.0, 10.0, volume="capped"), wavelength)
    assert capped.molar_extinction.magnitude.max() == pytest.approx(1.80e9, rel=6e-3)


def test_no_spread_is_the_limit_of_a_narrow_one():
    """Also where half of a wide spread would be shorter than a sphere, and none of it counts."""
    wavelength = np.array([450.0, 530.0, 560.0])
    plain = cross_sections.bare(rod.bare(16.0, 10.0), wavelength).sigma_abs
    assert cross_sections.bare(rod.bare(16.0, 10.0, aspect_sd=0.01), wavelength).sigma_abs == pytest.approx(
        plain, rel=0.01
    )
    assert cross_sections.bare(rod.bare(16.0, 10.0, sigma_ln=0.01), wavelength).sigma_abs == pytest.approx(
        plain, rel=0.01
    )
    round_ = cross_sections.bare(rod.bare(10.0, 10.0, aspect_sd=0.01), wavelength).sigma_abs
    assert round_ == pytest.approx(cross_sections.bare(sphere.bare(10.0), wavelength).sigma_abs, rel=0.03)


def test_spread_of_shape_broadens_a_rod():
    wavelength = np.arange(600.0, 1000.0, 2.0)
    sharp = cross_sections.bare(rod.bare(41.0, 10.0), wavelength).sigma_abs
    broad = cross_sections.bare(rod.bare(41.0, 10.0, aspect_sd=0.5), wavelength).sigma_abs
    assert broad.max() < 0.85 * sharp.max()
    assert np.trapezoid(broad, wavelength) == pytest.approx(np.trapezoid(sharp, wavelength), rel=0.1)


# --------------------------------------------------------------------------------------- flags, refusals


def codes(found):
    return {flag.code for flag in found.flags}


def test_flags():
    assert "small" in codes(cross_sections(sphere("3.5 nm"), "520 nm"))
    assert "rod-peak" in codes(cross_sections(rod("90 nm", "12 nm"), "1064 nm"))
    assert "medium-index" in codes(cross_sections(sphere("40 nm"), "1300 nm"))
    assert not codes(cross_sections(sphere("40 nm"), "532 nm"))
    assert "range" in codes(cross_sections(sphere("600 nm"), "532 nm"))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: cross_sections(sphere.bare(1.5), "520 nm"), Refusal, "below 1 nm"),
        (lambda: cross_sections(sphere("40 nm"), 532), UnitError, "needs a unit"),
        (lambda: cross_sections("40 nm", "532 nm"), TypeError, "sphere\\('40 nm'\\)"),
        (lambda: coefficients.cross_sections(40.0, "532 nm"), TypeError, "a Formulation or the id of one"),
        (lambda: coefficients.cross_sections(DYE, "532 nm"), Refusal, "has not one kind of core"),
        (lambda: cross_sections(sphere("40 nm"), "532 nm", medium="honey"), Refusal, "write 'water', 'tissue'"),
        (lambda: cross_sections(sphere("40 nm"), "532 nm", medium=0.3), ValueError, "from 1 to 2.5"),
        (lambda: cross_sections(sphere("40 nm", "polydopamine"), "532 nm"), Refusal, "no record 'polydopamine'"),
        (lambda: rod("10 nm", "41 nm"), ValueError, "exchange length and width"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize(("diameter", "low", "high"), [(20.0, 380, 400), (40.0, 395, 412), (80.0, 440, 460)])
def test_peaks_of_silver_spheres(diameter, low, high):
    """Silver colloids of 20, 40 and 80 nm are sold with peaks near 395, 405 and 450 nm."""
    from contrastphys.photoacoustic import peak_wavelength

    assert low < peak_wavelength.bare(sphere.bare(diameter, material="silver"), kind="extinction") < high


@pytest.mark.parametrize("thickness", [3.4, 6.0])
def test_a_shell_made_for_its_own_peak_is_itself(thickness):
    from contrastphys.photoacoustic.tuning import nanoshell_for, peak_of

    peak = peak_of(nanoshell.bare(60.0, thickness), low=540.0)
    assert nanoshell_for(Q(peak, "nm"), "60 nm").coats[0][1] == pytest.approx(thickness, rel=0.03)


@pytest.mark.parametrize("material", ["silica-malitson", "water"])
def test_one_wavelength_out_of_range_refuses_all(material):
    for beyond in (150.0, 9000.0):
        with pytest.raises(Refusal, match=rf"{beyond:.0f}"):
            permittivity.refractive_index.bare(np.array([500.0, beyond]), material)


def test_a_long_rod_is_told_from_a_dipole():
    def said(width, length, wavelength):
        return "rod-size" in codes(cross_sections(rod(length, width), wavelength))

    assert said("20 nm", "80 nm", "800 nm")
    assert not said("10 nm", "50 nm", "800 nm")
