"""Rods against the exact theory, the band over tables of gold, clusters, coats, equivalent concentrations."""

import math

import numpy as np
import pytest
from references_photoacoustic import spheroid_t_matrix

from contrastphys.formulation import Formulation
from contrastphys.photoacoustic import (
    agents,
    cluster_cross_sections,
    coefficients,
    equivalent_concentration,
    maxwell_garnett,
    nanoshell_for,
    optical_band,
    peak_wavelength,
    rod_for,
    silica_effect,
    tissue,
)
from contrastphys.photoacoustic.optics import mie
from contrastphys.photoacoustic.particles import nanoshell, rod, sphere
from contrastphys.photoacoustic.permittivity import refractive_index, size_corrected, water_index
from contrastphys.photoacoustic.sections import cross_sections
from contrastphys.provenance import Refusal
from contrastphys.units import UnitError

# ------------------------------------------------------------------------------------------------ exact rods


def exact_rod(length, width, wavelength):
    """Extinction and scattering cross-sections [nm^2] of a gold spheroid in water by the null-field method."""
    eps = size_corrected.bare(refractive_index.bare(wavelength, "gold") ** 2, wavelength, width / 2)
    medium = float(water_index.bare(wavelength))
    return spheroid_t_matrix(complex(np.sqrt(eps)) / medium, length, width, 2 * math.pi * medium / wavelength, 5, 60)


def test_the_exact_theory_is_mie_for_a_sphere():
    m, k = 0.2 + 3.5j, 2 * math.pi * 1.33 / 600
    ext, sca = spheroid_t_matrix(m, 40.00001, 40.0, k)
    assert ext == pytest.approx(mie(m, 20 * k).Qext * math.pi * 400, rel=1e-4)
    assert sca == pytest.approx(mie(m, 20 * k).Qsca * math.pi * 400, rel=1e-4)


@pytest.mark.parametrize(("length", "width", "off"), [(20, 10, 2), (40, 10, 5), (60, 10, 8), (40, 20, 3), (80, 20, 12)])
def test_rods_against_the_exact_theory(length, width, off):
    """The corrected dipole is within 3 % of the height; its peak lies at most `off` nm to the red."""
    around = np.arange(500.0, 1150.0, 1.0)
    dipole = cross_sections.bare(rod.bare(float(length), float(width)), around)
    at = around[np.argmax(dipole.sigma_ext)]
    near = np.arange(at - 20, at + 9, 4.0)
    exact = np.array([exact_rod(length, width, wave) for wave in near])
    top = int(np.argmax(exact[:, 0]))
    assert exact[top, 0] == pytest.approx(dipole.sigma_ext.max() * 1e18, rel=0.03)
    assert exact[top, 1] == pytest.approx(dipole.sigma_sca.max() * 1e18, rel=0.08)
    assert -4 <= at - near[top] <= off + 4


# ---------------------------------------------------------------------------------------------- the band


def test_band_over_the_tables_of_gold():
    found = optical_band(sphere("40 nm"), "527 nm")
    assert len(found) == 6
    jc = found["gold-johnson-christy"].sigma_ext
    # constants measured on colloids extinguish 18 to 29 % less than Johnson and Christy's bulk
    bulk = cross_sections.bare(sphere.bare(39.4, surface_damping=0.0), 528.0, 1.333).sigma_ext
    colloid = cross_sections.bare(sphere.bare(39.4, table="gold-klinavicius-39nm"), 528.0, 1.333).sigma_ext
    assert colloid / bulk == pytest.approx(6.7 / 9.34, rel=0.02)
    assert all(0.7 < one.sigma_ext / jc < 1.3 for one in found.values())
    assert set(optical_band(sphere("40 nm"), "1000 nm")) == set(found) - {"gold-klinavicius-39nm"}
    assert "gold-klinavicius-80nm" not in optical_band(nanoshell("120 nm", "10 nm"), "800 nm")


@pytest.mark.parametrize(
    ("radius", "peak", "height", "at_450"),
    [
        (7.2, 522, 2.9e8, 1.84e8),
        (11.4, 523, 1.2e9, 7.03e8),
        (19.7, 528, 6.7e9, 3.61e9),
        (30.4, 534, 2.91e10, 1.53e10),
        (40.0, 547, 6.97e10, 3.47e10),
    ],
)
def test_constants_of_colloids(radius, peak, height, at_450):
    name = {7.2: "14nm", 11.4: "23nm", 19.7: "39nm", 30.4: "61nm", 40.0: "80nm"}[radius]
    wavelength = np.arange(450.0, 600.0, 1.0)
    found = cross_sections.bare(sphere.bare(2 * radius, table=f"gold-klinavicius-{name}"), wavelength, 1.333)
    spectrum = found.molar_extinction.magnitude
    assert wavelength[np.argmax(spectrum)] == pytest.approx(peak, abs=1)
    assert spectrum.max() == pytest.approx(height, rel=0.01)
    assert spectrum[0] == pytest.approx(at_450, rel=0.01)


@pytest.mark.parametrize(("diameter", "peak"), [(14.4, 522), (22.8, 523), (39.4, 528)])
def test_peaks_of_bulk_gold_lie_by_those_of_real_colloids(diameter, peak):
    """T. Klinavicius et al., J. Phys. Chem. C 129, 17616 (2025), doi:10.1021/acs.jpcc.5c03973: within 4 nm."""
    assert peak_wavelength.bare(sphere.bare(diameter), kind="extinction") == pytest.approx(peak, abs=4)


# ----------------------------------------------------------------------------------------------- clusters


def test_effective_medium_limits():
    assert maxwell_garnett(4.0 + 1j, 1.77, 0.0) == pytest.approx(1.77)
    assert maxwell_garnett(4.0 + 1j, 1.77, 1.0) == pytest.approx(4.0 + 1j)
    thin = maxwell_garnett(4.0 + 1j, 1.77, 1e-6)
    assert (thin - 1.77) / 1e-6 == pytest.approx(3 * 1.77 * (4.0 + 1j - 1.77) / (4.0 + 1j + 2 * 1.77), rel=1e-4)


def test_iron_oxide_clusters_absorb_as_their_cores():
    one = cross_sections.bare(sphere.bare(8.0, "magnetite"), 800.0).sigma_abs
    for share in (0.01, 0.2):
        found = cluster_cross_sections.bare(800.0, 80.0, 8.0, share)
        assert found.sigma_abs == pytest.approx(1000 * share * one, rel=0.03)


def test_metal_clusters_shift_to_the_red_and_say_so():
    wavelength = np.arange(500.0, 620.0)
    apart = cluster_cross_sections.bare(wavelength, 60.0, 5.0, 0.01, "gold")
    dense = cluster_cross_sections.bare(wavelength, 60.0, 5.0, 0.25, "gold")
    assert wavelength[np.argmax(dense.sigma_abs)] > wavelength[np.argmax(apart.sigma_abs)]
    assert {flag.code for flag in dense.flags} == {"coupled-metal"}
    with pytest.raises(Refusal, match="more than half"):
        cluster_cross_sections.bare(800.0, 80.0, 8.0, 0.6)
    with pytest.raises(ValueError, match="exchange diameter and core"):
        cluster_cross_sections("800 nm", "8 nm", "80 nm", 0.2)


# ------------------------------------------------------------------------------------------------- silica


def test_silica_is_shown_from_both_sides():
    found = silica_effect("40 nm", "20 nm")
    assert found.optical > 1 > found.thermal  # more light absorbed, less sound from it
    assert found.model.number == pytest.approx(found.optical * found.thermal)
    assert abs(found.interface / found.thermal - 1) < 0.05  # the interface matters little for nanoseconds
    sources = " ".join(one.source for one in found.published)
    assert "doi:10.1021/nl1042006" in sources and "arXiv:1905.06227" in sources
    assert found.reported is None
    asked = silica_effect("40 nm", "20 nm", enhancement="reported x3")
    assert asked.reported.number == 3.0 and "nl1042006" in asked.reported.source
    assert asked.model.number == found.model.number  # never part of the model
    with pytest.raises(ValueError, match="neither 'model' nor 'reported x3'"):
        silica_effect("40 nm", "20 nm", enhancement="x12")


def test_thicker_silica_lowers_the_sound_of_the_same_energy():
    found = [silica_effect.bare(40.0, t) for t in (5.0, 20.0, 40.0)]
    assert np.all(np.diff([one.thermal for one in found]) < 0)
    assert np.all(np.diff([one.nonlinear for one in found]) > 0)
    assert max(one.model.number for one in found) < 1.5  # no threefold signal from heat and light alone


# --------------------------------------------------------------------------------------------- equivalents


def test_equivalent_of_blood_and_tissue():
    dye = Formulation(id="dye", kind="molecule", molecule={"formula": "C43H47N2NaO6S2", "spectrum": "icg-bound"})
    for what, mu_a in (
        ("blood", tissue.blood_absorption.bare(800.0, 0.9)),
        ("tissue", tissue.tissue_absorption.bare(800.0, saturation=0.9)),
        ("0.5 1/cm", 0.5),
    ):
        amount = equivalent_concentration(dye, "800 nm", what, saturation=0.9)
        assert coefficients.absorption(dye, "800 nm", amount).mu_a.magnitude == pytest.approx(mu_a)
    with pytest.raises(UnitError):
        equivalent_concentration(dye, "800 nm", "bones")


# ------------------------------------------------------------------------------------------------ tuning


@pytest.mark.parametrize("wanted", [650.0, 808.0, 1064.0])
def test_a_rod_for_a_wavelength(wanted):
    found = rod_for.bare(wanted, 10.0)
    assert peak_wavelength.bare(found, low=540.0) == pytest.approx(wanted, abs=0.5)
    assert found.length / 10 == pytest.approx((wanted - 420) / 95, abs=0.5)  # the relation commonly quoted


def test_a_shell_for_a_wavelength():
    found = nanoshell_for("808 nm", "100 nm")
    assert peak_wavelength.bare(found, low=540.0) == pytest.approx(808, abs=1)
    thinner = nanoshell_for("900 nm", "100 nm")
    assert thinner.coats[0][1] < found.coats[0][1]


def test_wavelengths_out_of_reach():
    with pytest.raises(Refusal, match="not at 562 nm"):
        rod_for("562 nm", "20 nm")
    with pytest.raises(Refusal, match="not at 1200 nm"):
        nanoshell_for("1200 nm", "30 nm")
    with pytest.raises(Refusal, match="no peak between"):
        peak_wavelength(sphere("20 nm"), low="1000 nm")
    with pytest.raises(ValueError, match="'absorption' or 'extinction'"):
        peak_wavelength(sphere("40 nm"), kind="scattering")


def test_peak_of_a_formulation():
    gold = Formulation(id="gold", kind="nanoparticle", cores={"material": "gold", "diameter": "40 nm"})
    found = agents.predict(gold, "peak_wavelength", {})
    assert found.number == pytest.approx(527, abs=0.5) and found.letter == "C"
    seen = {"quantity": "peak_wavelength", "value": 529, "unit": "nm", "source": "lab", "status": "verified"}
    measured = agents.predict(gold.replace(measured=seen), "peak_wavelength", {})
    assert measured.letter == "M" and measured.low == 524 and measured.high == 534
    spread = agents.predict(gold.replace(measured={**seen, "sd": 3.0}), "peak_wavelength", {})
    assert (spread.low, spread.high) == (523, 535)
    dye = Formulation(id="dye", kind="molecule", molecule={"formula": "C43H47N2NaO6S2", "spectrum": "icg-bound"})
    assert agents.predict(dye, "peak_wavelength", {}).number == 810
