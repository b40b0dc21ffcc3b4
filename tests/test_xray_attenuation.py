"""Attenuation: the mixture rule, the values and edges of the reference tables, energy absorption, bad input."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import references_xray as slow

from contrastphys.chemistry import FormulaError, composition, molar_mass
from contrastphys.records import material, shipped_folder
from contrastphys.units import Q, RangeWarning, UnitError
from contrastphys.xray.absorption import (
    fluorescence_energy,
    mass_energy_absorption,
    mu_en_rho,
    transferred_fraction,
)
from contrastphys.xray.attenuation import (
    all_edges,
    density,
    edges,
    fractions,
    linear_attenuation,
    mass_attenuation,
    mu_rho,
)
from contrastphys.xray.compounds import USUAL, plausible

K_EDGES = {  # keV, mu_rho 5 eV below, 5 eV above (xraylib 4.3.0, physics reference section 4)
    "I": (33.169, 6.556, 35.815), "Ba": (37.441, 5.501, 29.177), "Ce": (40.443, 5.069, 26.335),
    "Gd": (50.239, 3.813, 18.629), "Ho": (55.618, 3.362, 15.919), "Yb": (61.332, 2.976, 13.650),
    "Lu": (63.314, 2.875, 13.052), "Hf": (65.351, 2.751, 12.361), "Ta": (67.416, 2.653, 11.797),
    "W": (69.525, 2.552, 11.231), "Ir": (76.111, 2.284, 9.724), "Pt": (78.395, 2.204, 9.378),
    "Au": (80.725, 2.137, 8.901), "Bi": (90.526, 1.857, 7.379),
}  # fmt: skip
TABLE = {  # mu_rho at 20, 40, 50, 80, 150 keV
    "O": (0.8653, 0.2585, 0.2133, 0.1679, 0.1361), "Al": (3.4419, 0.5684, 0.3682, 0.2018, 0.1378),
    "Cu": (33.800, 4.8612, 2.6130, 0.7630, 0.2217), "I": (25.434, 22.096, 12.324, 3.5103, 0.6978),
    "Gd": (43.614, 6.9193, 3.8598, 5.5735, 1.1001), "Ta": (63.343, 10.254, 5.7184, 7.5876, 1.5308),
    "Au": (78.810, 12.981, 7.2581, 2.1852, 1.8595), "Bi": (89.513, 14.951, 8.3787, 2.5218, 2.0824),
    "CdTe": (21.440, 19.300, 10.667, 3.0191, 0.6072), "Gd2O2S": (36.874, 5.8538, 3.2742, 4.6664, 0.9382),
}  # fmt: skip


@pytest.mark.parametrize("symbol", K_EDGES)
def test_k_edge_is_sharp(symbol):
    energy, below, above = K_EDGES[symbol]
    edge = edges(symbol)[0]
    assert edge.shell == "K" and edge.energy == pytest.approx(energy, abs=1e-3)
    found = mu_rho(symbol, np.array([edge.energy - 0.005, edge.energy + 0.005]))
    assert found == pytest.approx([below, above], rel=5e-4)
    # 50 eV away the value is still that of the same side: no smearing
    assert mu_rho(symbol, edge.energy - 0.05) == pytest.approx(below, rel=4e-3)
    assert mu_rho(symbol, edge.energy + 0.05) == pytest.approx(above, rel=4e-3)


@pytest.mark.parametrize("formula", TABLE)
def test_values_of_the_reference_table(formula):
    assert mu_rho(formula, [20, 40, 50, 80, 150]) == pytest.approx(TABLE[formula], rel=4e-4)


def test_water_against_nist_nodes():
    nist = [0.8098, 0.3756, 0.2683, 0.2269, 0.2059, 0.1837, 0.1707, 0.1505]
    assert mu_rho("water", [20, 30, 40, 50, 60, 80, 100, 150]) == pytest.approx(nist, rel=5e-4)
    assert mu_rho("water", 60.0) == pytest.approx(slow.water(60.0), rel=1e-4)


def test_mixture_rule_and_linearity():
    energy = np.linspace(20, 140, 37)
    share = fractions("Ta2O5")
    apart = sum(w * mu_rho(symbol, energy) for symbol, w in share.items())
    assert mu_rho("Ta2O5", energy) == pytest.approx(apart, rel=1e-12)
    mixed = mu_rho({"water": 0.7, "Ta2O5": 0.3}, energy)
    assert mixed == pytest.approx(0.7 * mu_rho("water", energy) + 0.3 * apart, rel=1e-12)
    one = linear_attenuation({"I": "1 mg/mL"}, Q(energy, "keV")).magnitude
    many = linear_attenuation({"I": "7 mg/mL"}, Q(energy, "keV")).magnitude
    assert many == pytest.approx(7 * one, rel=1e-12)


def test_parts_sum_to_the_total():
    energy = np.array([15.0, 40.0, 100.0])
    parts = sum(mu_rho("Au", energy, kind) for kind in ("photoelectric", "coherent", "incoherent"))
    assert mu_rho("Au", energy) == pytest.approx(parts, rel=1e-9)


def test_no_coarse_grid_interpolation():
    # log-log interpolation on the nodes 20 and 30 keV would give 0.5485 here
    assert mu_rho("O", 25.0) == pytest.approx(0.5265, rel=1e-3)


def test_bone_is_named_by_composition():
    assert mu_rho("cortical bone", 20.0) == pytest.approx(3.83, rel=5e-3)
    assert density("cortical bone") == 1.85


def test_gold_and_iodine_cross_at_the_edge():
    at = np.array([40.0, 60.0, 80.0, 81.0, 120.0])
    ratio = mu_rho("Au", at) / mu_rho("I", at)
    assert (ratio[:3] < 0.65).all() and (ratio[3:] > 1.5).all()


@pytest.mark.parametrize(
    ("material", "nist"),
    [
        ("water", (0.55, 0.156, 0.0695, 0.0319, 0.026, 0.0255, 0.0276)),
        ("air", (0.5389, 0.1537, 0.06833, 0.03041, 0.02407, 0.02325, 0.02496)),
    ],
)
def test_energy_absorption_against_nist(material, nist):
    at = Q([20, 30, 40, 60, 80, 100, 150], "keV")
    assert mass_energy_absorption(material, at).magnitude == pytest.approx(nist, rel=5e-3)


def test_transferred_fraction_against_the_literal_integral():
    for symbol, energy in (("O", 20.0), ("Ar", 35.0), ("H", 140.0)):
        assert transferred_fraction(symbol, energy) == pytest.approx(slow.transferred(symbol, energy), rel=2e-5)


NIST_MU_EN = {  # NIST XAAMDI at 20, 30, 40, 50, 60, 80, 100, 150 keV, cm2/g
    "Ca": (12.20, 3.665, 1.538, 0.7822, 0.4520, 0.1958, 0.1085, 0.04876),
    "Cu": (27.88, 9.349, 4.163, 2.192, 1.290, 0.5581, 0.2949, 0.1027),
    "I": (23.63, 7.622, 9.616, 6.573, 4.518, 2.331, 1.342, 0.4742),
    "Gd": (39.94, 13.33, 6.033, 3.242, 4.722, 2.937, 1.849, 0.7197),
    "Au": (65.22, 23.49, 11.09, 6.124, 3.751, 1.720, 2.074, 1.026),
    "Gd2O2S": (33.76, 11.25, 5.084, 2.732, 3.946, 2.453, 1.545, 0.6043),
}


@pytest.mark.parametrize("formula", NIST_MU_EN)
def test_energy_absorption_of_heavy_elements_against_nist(formula):
    at = np.array([20, 30, 40, 50, 60, 80, 100, 150.0])
    assert mu_en_rho(formula, at) == pytest.approx(NIST_MU_EN[formula], rel=0.015)


def test_fluorescence_takes_most_above_the_edge():
    edge = edges("I")[0].energy
    below, above = mu_en_rho("I", edge - 0.1), mu_en_rho("I", edge + 0.1)
    assert above / below == pytest.approx(11.88 / 5.744, rel=0.02)
    assert fluorescence_energy("O", 30.0) == 0.0


@pytest.mark.parametrize(
    ("formula", "energy", "kind", "error", "words"),
    [
        ("AuX", "60 keV", "total", FormulaError, "'X' is no element"),
        ("Ta2O", "60 keV", "total", FormulaError, "'Ta2O' is no usual compound of O and Ta; did you mean 'Ta2O5'"),
        ({"Bi2O": 0.5, "water": 0.5}, "60 keV", "total", FormulaError, "did you mean 'Bi2O3'"),
        ("Tb2Q", "60 keV", "total", FormulaError, "'Q' is no element"),
        ("watre", "60 keV", "total", FormulaError, "did you mean 'water'"),
        ("Au", "60 kV", "total", UnitError, "energy takes a unit such as 'keV'"),
        ("Au", 60, "total", UnitError, "energy needs a unit such as 'keV'"),
        ("Au", "900 keV", "total", ValueError, "known from 1 to 800 keV"),
        ("Au", "-5 keV", "total", ValueError, "must be above 0"),
        ("Au", "60 keV", "photo", ValueError, "did you mean 'photoelectric'"),
        ({"Au": 0.4}, "60 keV", "total", ValueError, "sum to 0.4"),
        ({"Au": -0.4, "water": 1.4}, "60 keV", "total", ValueError, "must be 0 or more"),
        (79, "60 keV", "total", FormulaError, "a name, a formula or a mixture"),
        ("Pu", "60 keV", "total", ValueError, "'Pu'"),
    ],
)
@pytest.mark.filterwarnings("ignore::contrastphys.units.RangeWarning")
def test_bad_input(formula, energy, kind, error, words):
    with pytest.raises(error, match=words):
        mass_attenuation(formula, energy, kind)


def test_outside_the_checked_range_warns():
    with pytest.warns(RangeWarning, match="outside the checked range 5 to 500 keV"):
        mass_attenuation("Au", "600 keV")


@pytest.mark.parametrize("formula", USUAL.split())
def test_usual_compounds_pass_and_slips_of_them_do_not(formula):
    assert plausible(formula) == formula
    first, counts = next(iter(composition(formula).items()))
    wrong = formula.replace(first, f"{first}11", 1) if counts == 1 else formula.replace(f"{counts:g}", "11", 1)
    with pytest.raises(FormulaError, match="is no usual compound"):
        plausible(wrong)


def test_brackets_hydrates_and_solutions_by_hand():
    at = np.array([20.0, 60.0, 100.0])
    salt, water = molar_mass("CuSO4"), molar_mass("H2O")
    by_hand = (salt * mu_rho("CuSO4", at) + 5 * water * mu_rho("H2O", at)) / (salt + 5 * water)
    assert mu_rho("CuSO4·5H2O", at) == pytest.approx(by_hand, rel=1e-9)
    assert mu_rho("Ca5(PO4)3OH", at) == pytest.approx(mu_rho("Ca5P3O13H", at), rel=1e-12)
    assert mu_rho("Fe4[Fe(CN)6]3", at) == pytest.approx(mu_rho("Fe7C18N18", at), rel=1e-12)
    solution = linear_attenuation({"water": "0.95 g/mL", "Gd2O3": "50 mg/mL"}, Q(at, "keV")).magnitude
    assert solution == pytest.approx(0.95 * mu_rho("water", at) + 0.05 * mu_rho("Gd2O3", at), rel=1e-12)
    mixture = mass_attenuation({"water": 0.95, "Gd2O3": 0.05}, Q(at, "keV")).magnitude
    assert mixture == pytest.approx(solution, rel=1e-12)


def test_formulas_that_are_meant_pass():
    for formula in ("Ta2.0O", "Fe2.67O4", "Ta4O10", "O5Ta2", "TaC", "Gd2O2S", "CuSO4·5H2O", "Ca5(PO4)3OH", "Au"):
        assert plausible(formula) == formula
    lean, usual = mass_attenuation("Ta2.0O", "60 keV"), mass_attenuation("Ta2O5", "60 keV")
    assert lean / usual == pytest.approx(1.16, abs=0.01)


def test_every_formula_of_the_catalogue_is_usual():
    for path in (shipped_folder() / "cores").glob("*.toml"):
        plausible(material(path.stem).formula)


def test_negative_concentration():
    with pytest.raises(ValueError, match=r"concentration of I is -0.005 g/cm\^3"):
        linear_attenuation({"I": "-5 mg/mL"}, "60 keV")


def test_edges_split_the_bins_of_every_element():
    found = all_edges(10.0, 150.0)
    assert all(any(abs(e - energy) < 2e-3 for e in found) for energy, _, _ in K_EDGES.values())


def test_import_is_light():
    code = (
        "import sys, contrastphys, contrastphys.xray;"
        "bad = [m for m in ('xraylib', 'scipy.optimize', 'scipy.integrate', 'scipy.special') if m in sys.modules];"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
