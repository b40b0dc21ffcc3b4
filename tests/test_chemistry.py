"""Formulas and molar masses: what is read, what is refused, and the fractions that dose and contrast rest on."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contrastphys.chemistry import (
    ATOMIC_NUMBER,
    ATOMIC_WEIGHT,
    FormulaError,
    composition,
    mass_fraction,
    mass_fractions,
    molar_mass,
)


@pytest.mark.parametrize(
    ("formula", "atoms"),
    [
        ("Fe3O4", {"Fe": 3, "O": 4}),
        ("  Fe3O4 ", {"Fe": 3, "O": 4}),
        ("Fe₃O₄", {"Fe": 3, "O": 4}),
        ("CO", {"C": 1, "O": 1}),
        ("Co", {"Co": 1}),
        ("Ca5(PO4)3OH", {"Ca": 5, "P": 3, "O": 13, "H": 1}),
        ("Ca10(PO4)6(OH)2", {"Ca": 10, "P": 6, "O": 26, "H": 2}),
        ("Fe4[Fe(CN)6]3", {"Fe": 7, "C": 18, "N": 18}),
        ("Na[AuCl4]·2H2O", {"Na": 1, "Au": 1, "Cl": 4, "H": 4, "O": 2}),
        ("CuSO4·5H2O", {"Cu": 1, "S": 1, "O": 9, "H": 10}),
        ("CuSO4.5H2O", {"Cu": 1, "S": 1, "O": 9, "H": 10}),
        ("CuSO4*5H2O", {"Cu": 1, "S": 1, "O": 9, "H": 10}),
        ("CaSO4·0.5H2O", {"Ca": 1, "S": 1, "O": 4.5, "H": 1}),
        ("Al2O3·2SiO2·2H2O", {"Al": 2, "O": 9, "Si": 2, "H": 4}),
        ("NaCl.MgCl2", {"Na": 1, "Cl": 3, "Mg": 1}),
        ("Fe2.67O4", {"Fe": 2.67, "O": 4}),
        ("((CH3)2CO)2", {"C": 6, "H": 12, "O": 2}),
        ("C16H25GdN4O8", {"C": 16, "H": 25, "Gd": 1, "N": 4, "O": 8}),
    ],
)
def test_reads(formula, atoms):
    assert composition(formula) == pytest.approx(atoms)


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("", "an empty formula: write for example 'Ta2O5'"),
        ("  ", "an empty formula: write for example 'Ta2O5'"),
        (None, "an empty formula: write for example 'Ta2O5'"),
        (5, "an empty formula: write for example 'Ta2O5'"),
        ("Xx2O3", "formula 'Xx2O3': 'Xx' is no element; did you mean 'Xe'?"),
        ("FE", "formula 'FE': 'E' is no element; did you mean 'Eu'?"),
        ("fe3o4", "formula 'fe3o4': cannot read 'fe3o4'; write for example 'Ta2O5'"),
        ("Gd3+", "formula 'Gd3+': cannot read '+'; write for example 'Ta2O5'"),
        ("NaYF4:Yb,Er", "formula 'NaYF4:Yb,Er': cannot read ':Yb,Er'; write for example 'Ta2O5'"),
        ("Ta2O5.", "formula 'Ta2O5.': cannot read '.'; write for example 'Ta2O5'"),
        ("Fe)", "formula 'Fe)': a ')' without its '('"),
        ("(Fe", "formula '(Fe': a '(' without its ')'"),
        ("Fe()2", "formula 'Fe()2': nothing between '(' and ')'"),
        ("Fe0", "formula 'Fe0': a count of 0"),
        ("0Fe", "formula '0Fe': a count of 0"),
        ("2", "formula '2': the number 2 follows no element"),
        ("Fe1e9", "formula 'Fe1e9': cannot read 'e9'; write for example 'Ta2O5'"),
        ("·Fe", "formula '·Fe': cannot read ''; write for example 'CuSO4·5H2O'"),
        ("A" * 200, "a formula of 200 characters: at most 120"),
        (
            "Al2O3.2SiO2.2H2O",
            "formula 'Al2O3.2SiO2.2H2O': a '.' may be a decimal point or a hydrate; write '·' before the water",
        ),
        (
            "CaSO4.0.5H2O",
            "formula 'CaSO4.0.5H2O': a '.' may be a decimal point or a hydrate; write '·' before the water",
        ),
    ],
)
def test_refuses(formula, says):
    with pytest.raises(FormulaError) as error:
        composition(formula)
    assert str(error.value) == says


def test_mass_fractions_that_doses_rest_on():
    """Metal or compound: the shares printed in reviews of contrast agents."""
    for formula, symbol, share in [
        ("Fe3O4", "Fe", 0.724),
        ("Ta2O5", "Ta", 0.819),
        ("Bi2S3", "Bi", 0.813),
        ("CeO2", "Ce", 0.814),
        ("C19H26I3N3O9", "I", 0.464),  # iohexol
    ]:
        assert mass_fraction(formula, symbol) == pytest.approx(share, abs=5e-4)
    with pytest.raises(FormulaError, match="formula 'Fe3O4' holds no 'Au': it holds Fe, O"):
        mass_fraction("Fe3O4", "Au")


def test_elements_stand_in_order():
    assert len(ATOMIC_WEIGHT) == 92
    for symbol, number in {"H": 1, "O": 8, "Fe": 26, "I": 53, "Gd": 64, "Au": 79, "Bi": 83, "U": 92}.items():
        assert ATOMIC_NUMBER[symbol] == number
    # weights rise with the number but for the known exceptions
    pairs = itertools.pairwise(ATOMIC_WEIGHT.items())
    assert {symbol for (symbol, weight), (_, following) in pairs if following < weight} == {"Ar", "Co", "Te", "Th"}


def test_a_composition_given_out_is_a_copy():
    composition("Fe3O4")["Fe"] = 99
    assert composition("Fe3O4")["Fe"] == 3


SYMBOLS = st.sampled_from(list(ATOMIC_WEIGHT))
COUNTS = st.integers(1, 30)


@given(st.lists(st.tuples(SYMBOLS, COUNTS), min_size=1, max_size=8))
def test_any_formula_returns_what_was_written(parts):
    formula = "".join(f"{symbol}{count}" for symbol, count in parts)
    expected: dict[str, int] = {}
    for symbol, count in parts:
        expected[symbol] = expected.get(symbol, 0) + count
    assert composition(formula) == expected
    assert molar_mass(f"({formula})3") == pytest.approx(3 * molar_mass(formula))
    assert molar_mass(f"2{formula}") == pytest.approx(2 * molar_mass(formula))
    assert sum(mass_fractions(formula).values()) == pytest.approx(1)


@given(st.text(alphabet="FeGdO()[]0123456789.·*H2 ", max_size=130))
def test_any_text_is_read_or_refused_at_once(text):
    began = time.perf_counter()
    try:
        counts = composition(text)
    except FormulaError as error:
        assert str(error)
    else:
        assert counts and all(count > 0 for count in counts.values())
    assert time.perf_counter() - began < 0.05
