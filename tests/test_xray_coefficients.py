"""Attenuation, edges and energy absorption by hand, at the rim of the data, against other tables; slips of formulas."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import references_xray as slow
import xraylib

from contrastphys.chemistry import FormulaError
from contrastphys.units import Q
from contrastphys.xray import attenuation
from contrastphys.xray.absorption import _shell_energies, _table, fluorescence_energy, mu_en_rho, transferred_fraction
from contrastphys.xray.attenuation import (
    all_edges,
    edges,
    element_mu_rho,
    fractions,
    linear_attenuation,
    looked_up,
    mu_rho,
)
from contrastphys.xray.compounds import plausible

SIXTY = "60 keV"
WATER, IODINE, AIR = 0.2059, 7.579, 0.03041  # NIST at 60 keV: mu/rho of water and iodine, mu_en/rho of air, cm2/g


# ------------------------------------------------------------------------------------------- attenuation


@pytest.mark.parametrize(
    ("energy", "words"),
    [
        ([0.5, 60.0], "energy 0.5 keV"),
        ([60.0, 0.99], "energy 0.99 keV"),
        ([60.0, 900.0], "energy 900 keV"),
        ([801.0, 60.0], "energy 801 keV"),
        ([1.5, 900.0], "energy 900 keV"),
    ],
)
def test_the_energy_out_of_reach_is_named(energy, words):
    with pytest.raises(ValueError, match=words):
        mu_rho("Au", energy)


def test_data_reach_from_1_to_800_kev_and_from_hydrogen_to_uranium():
    assert mu_rho("Au", [1.0, 800.0]) == pytest.approx([slow.total("Au", 1.0), slow.total("Au", 800.0)], rel=1e-12)
    assert mu_rho("Au", []).size == 0
    both = element_mu_rho(["H", "U"], [50.0])
    assert both[:, 0] == pytest.approx([slow.total("H", 50.0), slow.total("U", 50.0)], rel=1e-12)
    for symbol in ("Np", "Xx"):
        with pytest.raises(ValueError, match=f"no cross-sections for '{symbol}'"):
            element_mu_rho([symbol], [50.0])


@pytest.mark.parametrize(
    ("function", "numbers", "axes"),
    [
        ("CS_Total", [1, 53, 92], (np.array([1.0, 33.1, 33.2, 800.0]),)),
        ("SF_Compt", [8], (np.array([1e-9, 0.1, 30.0]),)),
        ("CS_FluorShell_Kissel_Cascade", [13, 53], (np.array([0, 1, 8]), np.array([2.0, 30.0, 34.0, 100.0]))),
    ],
)
def test_few_values_are_looked_up_as_many(monkeypatch, function, numbers, axes):
    few = looked_up(function, numbers, *axes)
    monkeypatch.setattr(attenuation, "MANY", 0)
    many = looked_up(function, numbers, *axes)
    assert few.shape == many.shape == (len(numbers), *(axis.size for axis in axes))
    assert few.tolist() == many.tolist() and (few > 0).any()


def test_fractions_are_whole():
    for material in ("water", "cortical bone", "CuSO4·5H2O", {"water": 0.5, "NaCl": 0.5005}, {"water": 1.0, "Au": 0.0}):
        assert sum(fractions(material).values()) == pytest.approx(1.0, abs=1e-12)
    # 2.016 of 18.015
    assert fractions("water")["H"] == pytest.approx(0.1119, rel=1e-3)
    for share, words in ((0.4985, "sum to 0.9985"), (0.502, "sum to 1.002")):
        with pytest.raises(ValueError, match=words):
            fractions({"water": 0.5, "NaCl": share})
    for share in (-0.1, math.nan, math.inf):
        with pytest.raises(ValueError, match="mass fraction of 'NaCl' is"):
            fractions({"water": 1.1, "NaCl": share})
    with pytest.raises(FormulaError, match="a mixture without components"):
        fractions({})


def test_what_a_litre_holds_attenuates_as_its_parts():
    parts = {"water": "0.99 g/mL", "I": "15 mg/mL"}
    assert linear_attenuation(parts, SIXTY).magnitude == pytest.approx(0.99 * WATER + 0.015 * IODINE, rel=1e-3)
    assert linear_attenuation({"water": "1 g/mL", "I": "0 mg/mL"}, SIXTY).magnitude == pytest.approx(WATER, rel=1e-3)
    many = linear_attenuation(parts, Q([60, 80], "keV")).magnitude
    assert many.shape == (2,) and many[0] == pytest.approx(0.99 * WATER + 0.015 * IODINE, rel=1e-3)
    scattered = linear_attenuation(parts, SIXTY, kind="incoherent").magnitude
    assert scattered == pytest.approx(
        0.99 * mu_rho("water", 60.0, "incoherent") + 0.015 * mu_rho("I", 60.0, "incoherent")
    )


@pytest.mark.parametrize("symbol", ["Na", "Cu", "I", "Gd", "Ta", "Au", "Bi", "U"])
def test_edges_and_jumps_are_those_of_elam(symbol):
    z = xraylib.SymbolToAtomicNumber(symbol)
    shells = (xraylib.K_SHELL, xraylib.L1_SHELL, xraylib.L2_SHELL, xraylib.L3_SHELL)
    found = edges(symbol)
    known = [xraylib.EdgeEnergy(z, shell) for shell in shells if xraylib.EdgeEnergy(z, shell) > 1.01]
    assert [edge.energy for edge in found] == pytest.approx(known)
    assert all(a.energy > b.energy for a, b in itertools.pairwise(found))
    # the table of jumps is another than that of the cross-sections
    for edge, shell in zip(found, shells, strict=False):
        assert edge.jump == pytest.approx(xraylib.JumpFactor(z, shell), rel=0.05)


def test_edges_of_light_elements_lie_too_low():
    assert edges("H") == () and edges("Ne") == ()
    for symbol in ("Np", "Xx"):
        with pytest.raises(ValueError, match="no edges known"):
            edges(symbol)


def test_edges_between_two_energies():
    iodine, gold = edges("I")[0].energy, edges("Au")[0].energy
    found = all_edges(33.0, 34.0)
    assert found == pytest.approx([iodine], abs=1e-5)
    assert gold not in all_edges(gold, 82.0) and not all_edges(117.0, 150.0)
    every = all_edges(1.0, 120.0)
    assert every[0] == pytest.approx(1.0197, abs=2e-3) or every[0] > 1.01
    assert every[-1] == pytest.approx(115.6, abs=0.02) and (np.diff(every) > 0).all()


# -------------------------------------------------------------------------------------- energy absorption


def test_shells_shine_at_their_published_energies():
    copper, gold = _shell_energies("Cu"), _shell_energies("Au")
    # K alpha 8.047 and 8.027, K beta 8.905 keV in the ratio 0.137
    assert copper[0] == pytest.approx((8.041 + 0.137 * 8.905) / 1.137, rel=2e-3)
    # L3: L alpha 9.71 and L beta2 11.58 keV
    assert 9.71 < gold[3] < 10.2 and gold[0] == pytest.approx(70.2, rel=0.01)
    assert copper[4:] == (0.0,) * 5 and _shell_energies("H") == (0.0,) * 9
    assert all(2.0 < energy < 2.8 for energy in gold[4:])


def test_fluorescence_is_less_than_its_vacancies():
    # above the K edge: share of K vacancies times yield times energy, and little from L and M
    for symbol, energy, line in (("Cu", 20.0, 8.14), ("I", 60.0, 29.2)):
        z = xraylib.SymbolToAtomicNumber(symbol)
        vacancies = 1 - 1 / xraylib.JumpFactor(z, xraylib.K_SHELL)
        k = vacancies * xraylib.FluorYield(z, xraylib.K_SHELL) * line
        assert k < fluorescence_energy(symbol, energy) < 1.06 * k
    many = fluorescence_energy("I", np.array([[20.0, 40.0], [60.0, 80.0]]))
    assert many.shape == (2, 2) and many[1, 0] == pytest.approx(float(fluorescence_energy("I", 60.0)), rel=1e-12)
    assert fluorescence_energy("Ne", 20.0) == 0.0 and 0 < fluorescence_energy("Na", 20.0) < 0.03
    # neon, the last one left out: 1.5 % of its 0.85 keV
    assert 0.0152 * 0.85 / 15 < 1e-3


def test_transferred_energy_from_the_electron_at_rest():
    # soft photons: E/mc2 to first order; hard ones: Klein and Nishina's mean of 0.138 at 100 keV (Attix 1986)
    assert transferred_fraction("H", 800.0) > transferred_fraction("H", 100.0) > transferred_fraction("H", 20.0)
    assert transferred_fraction("H", 100.0) == pytest.approx(0.138, abs=0.002)
    assert transferred_fraction("H", 15.0) == pytest.approx(15 / 511, rel=0.08)
    logs, held = _table("O")
    for energy in (1.0, 1.7, 30.0, 333.0, 800.0):
        table = np.interp(np.log(energy), logs, held)
        assert table == pytest.approx(float(transferred_fraction("O", energy)), rel=3e-3)


def test_absorbed_energy_has_the_shape_of_the_energies():
    at = np.array([[20.0, 30.0], [60.0, 100.0]])
    assert mu_en_rho("air", at).shape == (2, 2)
    assert mu_en_rho("air", at)[1, 0] == pytest.approx(AIR, rel=2e-3)
    parts = fractions("water")
    apart = sum(w * mu_en_rho(symbol, at) for symbol, w in parts.items())
    assert mu_en_rho("water", at) == pytest.approx(apart, rel=1e-12)


# -------------------------------------------------------------------------------------------- compounds


@pytest.mark.parametrize("slip", ["Ta2O", "Fe4O5", "Fe5O6", "H3O", "Bi3S2", "Gd3O2"])
def test_slips_near_the_usual_counts(slip):
    with pytest.raises(FormulaError, match="is no usual compound") as told:
        plausible(slip)
    assert ".0" in str(told.value)


def test_a_slip_is_told_how_to_be_meant():
    with pytest.raises(FormulaError, match=r"did you mean 'Ta2O5'\? .* such as 'Ta2\.0O'"):
        plausible("Ta2O")
    for unasked in ("TaB", "O2", "H2H3", "Ta0O5", "Fe2.67O4", "CdZnTe"):
        assert plausible(unasked) == unasked
