"""The door of every function: conversions and their traps, refusals, flags, metadata."""

import inspect
import math
import pickle
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass

import numpy as np
import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contrastphys.provenance import Value
from contrastphys.unit_conversion import convert
from contrastphys.unit_strings import parse, ureg
from contrastphys.units import Flag, Q, RangeWarning, UnitError, container, magnitude, quantities


@quantities(
    "1/(mM*s)",
    field=("T", 1e-5, 30, "static magnetic field"),
    diameter=("nm", 1, 100, "magnetic core diameter"),
    temperature=("K", 273.15, 330, "temperature of the sample"),
    share=("1", 0, 1, "share of the surface"),
)
def rate(field, diameter, temperature=310.15, share=1.0, label=""):
    """Rate of nothing in particular.

    Returns
    -------
    quantity
        Relaxivity.
    """
    return field * diameter * share * (temperature / 310.15)


@quantities(("s", None, "m"), time=("s", -10, 10, "time"), way=("m", 0, 10, "way"))
def several(time, way=None):
    return 2 * time, "word", None if way is None else 2 * way


# ------------------------------------------------------------------------------------------ conversions


@pytest.mark.parametrize(
    ("given", "unit", "expected"),
    [
        # magnetism: gauss and oersted stand for tesla and A/m; an oersted is a tesla only as B of that H in vacuum
        ("1 G", "T", 1e-4),
        ("1 gauss", "mT", 0.1),
        ("10 kG", "T", 1.0),
        ("500 mG", "uT", 50.0),
        ("1 T", "kG", 10.0),
        ("1 Oe", "A/m", 1000 / (4 * math.pi)),
        ("10 kOe", "T", 1.0),
        ("10 kOe", "A/m", 1e7 / (4 * math.pi)),
        ("1 T", "kOe", 10.0),
        ("4 kG/cm", "T/m", 40.0),
        ("80 emu/g", "A*m^2/kg", 80.0),
        ("1 emu/cm^3", "A/m", 1000.0),
        ("1 memu", "A*m^2", 1e-6),
        ("480 kA/m", "emu/cm3", 480.0),
        # temperatures
        ("37 degC", "K", 310.15),
        ("37 °C", "K", 310.15),
        ("37degC", "K", 310.15),
        ("98.6 degF", "K", 310.15),
        ("310.15 K", "degC", 37.0),
        ("10 degC/min", "K/s", 1 / 6),
        ("4e-5 1/degC", "1/K", 4e-5),
        # attenuation: decibel and neper of amplitude, linear
        ("0.5 dB/cm/MHz", "Np/m/MHz", 5.756462732485115),
        ("0.5 dB/(cm MHz)", "Np/m/MHz", 5.756462732485115),
        ("0.5 dB cm-1 MHz-1", "dB/m/MHz", 50.0),
        ("1 Np", "dB", 8.685889638065037),
        ("20 dB", "dB", 20.0),
        ("5.756462732485115 Np/m/MHz", "dB/cm/MHz", 0.5),
        # angular frequencies
        ("60 rpm", "rad/s", 2 * math.pi),
        ("1 deg/s", "rad/s", math.pi / 180),
        ("3 krad/s", "rad/s", 3000.0),
        ("2 MHz", "Hz", 2e6),
        ("1 1/ms", "Hz", 1000.0),
        ("2 MHz", "1/s", 2e6),
        # counts and amounts
        ("1 particle/mL", "1/mL", 1.0),
        ("1 1/mL", "particle/L", 1000.0),
        ("5e8 particles/mL", "1/mL", 5e8),
        ("5e8/mL", "1/uL", 5e5),
        ("2 Mparticle/mL", "1/mL", 2e6),
        ("1 mM", "mol/m^3", 1.0),
        # what a chemist writes
        ("8 uL/mL", "1", 0.008),
        ("8 µL/mL", "uL/mL", 8.0),
        ("8 μL/mL", "uL/mL", 8.0),
        ("5 %", "1", 0.05),
        ("300 ppm", "1", 3e-4),
        ("10 mJ/cm²", "J/m^2", 100.0),
        ("2 Å", "nm", 0.2),
        ("1 um", "nm", 1000.0),
        ("120 kVp", "kV", 120.0),
        ("1 cP", "mPa*s", 1.0),
        ("72 dyn/cm", "mN/m", 72.0),
        ("1 M", "mol/m^3", 1000.0),
        ("25 HU*mL/mg", "HU*mL/g", 25000.0),
        ("25 HU", "HU", 25.0),
        ("0.25", "1", 0.25),
        (".5", "1", 0.5),
        ("1e-3 T", "mT", 1.0),
        ("-3 T", "T", -3.0),
        ("3\u00a0T", "T", 3.0),
    ],
)
def test_converts(given, unit, expected):
    assert magnitude(given, unit) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "spelling",
    [
        "mM-1 s-1",
        "mM^-1 s^-1",
        "mM**-1*s**-1",
        "mM⁻¹ s⁻¹",
        "mM⁻¹s⁻¹",
        "mM⁻¹·s⁻¹",
        "mM−1 s−1",
        "mM-1.s-1",
        "mM-1*s-1",
        "1/(mM*s)",
        "1/(mM s)",
        "(mM s)-1",
        "(mM·s)^-1",
        "1/mM/s",
        "/mM/s",
        "per mM per s",
        "s-1 mM-1",
        "L/(mmol*s)",
        "L mmol-1 s-1",
        "l/mmol/s",
    ],
)
def test_relaxivity_is_read_however_it_is_spelled(spelling):
    assert convert(4.5, spelling, "1/(mM*s)") == 4.5
    assert magnitude(f"4.5 {spelling}", "1/(M*s)") == pytest.approx(4500)


def test_decimal_prefixes_leave_no_noise():
    for unit, target, factor in [
        ("um", "nm", 1e3),
        ("angstrom", "nm", 0.1),
        ("M", "mmol/L", 1e3),
        ("g/cm^3", "kg/m^3", 1e3),
    ]:
        assert convert(1.0, unit, target) == factor


@pytest.mark.parametrize(
    ("given", "unit", "why"),
    [
        ("1 Hz", "rad/s", "a frequency is not an angular frequency: multiply by 2 pi and write 'rad/s'"),
        ("1 MHz", "deg/s", "a frequency is not an angular frequency"),
        ("1 1/s", "rad/s", "a frequency is not an angular frequency"),
        ("42.58 MHz/T", "rad/(s*T)", "a frequency is not an angular frequency"),
        ("1 rad/s", "Hz", "an angular frequency is not a frequency: divide by 2 pi and write 'Hz'"),
        ("1 Mrad/s", "MHz", "an angular frequency is not a frequency"),
        ("60 rpm", "Hz", "an angular frequency is not a frequency"),
        ("1 arcmin/s", "Hz", "an angular frequency is not a frequency"),
        ("2.675e8 rad/s/T", "MHz/T", "an angular frequency is not a frequency"),
        ("1e9 particle/mL", "mmol/L", "a number of particles is not an amount of substance: divide by the Avogadro"),
        ("1e9 1/mL", "nM", "a number of particles is not an amount of substance: divide by the Avogadro constant"),
        ("1 kiloparticle/mL", "nM", "a number of particles is not an amount of substance"),
        ("1 molec/mL", "nM", "a number of particles is not an amount of substance"),
        ("1 nM", "1/mL", "an amount of substance is not a number of particles: multiply by the Avogadro constant"),
        ("1 nM", "particle/mL", "an amount of substance is not a number of particles: multiply"),
        ("1 mmol", "1", "an amount of substance is not a number of particles: multiply"),
        ("1 g/particle", "g/mol", "a value per particle is not a value per mole: multiply by the Avogadro constant"),
        ("1 g/mol", "g", "a value per mole is not a value per particle: divide by the Avogadro constant"),
        ("5 delta_degC", "K", "a temperature difference is not a temperature: write 'degC' or 'K'"),
        ("5 delta_degF", "K", "a temperature difference is not a temperature"),
        ("5 delta_degC", "degC", "a temperature difference is not a temperature"),
        ("20 dB", "1", "decibel and neper are ratios of amplitudes, which may not be meant: write the plain number"),
        ("5 dB/cm", "1/cm", "decibel and neper are ratios of amplitudes"),
        ("5 1/cm", "dB/cm", "a plain number may be a ratio of amplitudes or of powers: write it in 'dB' or 'Np'"),
        ("20 dBm", "mW", "a logarithmic level cannot be scaled"),
        ("1 octave", "1", "a logarithmic level cannot be scaled"),
        ("1 mM", "mg/mL", "'millimolar' does not measure it"),
        ("1 HU", "1", "'hounsfield' does not measure it"),
        ("80 keV", "kV", "'kiloelectron_volt' does not measure it"),
        ("80 kA/m", "T", "'kiloampere / meter' does not measure it"),
    ],
)
def test_refuses_what_pint_would_mix_up(given, unit, why):
    with pytest.raises(UnitError) as error:
        magnitude(given, unit, "x")
    assert why in str(error.value)
    assert str(error.value).startswith("x takes a ")


def test_a_refused_conversion_says_all_in_one_sentence():
    with pytest.raises(UnitError) as error:
        rate(Q(3, "kg"), "10 nm")
    assert str(error.value) == "field takes a unit such as 'T' ('kilogram' does not measure it): write Q(1.5, 'T')"


@pytest.mark.parametrize("bare", [3, 3.0, np.float64(3), np.array([1.0, 2.0]), [1, 2], Q(3.0, ""), "3", True, b"3 T"])
def test_a_bare_number_is_told_what_to_write(bare):
    with pytest.raises(TypeError) as error:
        rate(bare, "10 nm")
    assert str(error.value) == "field needs a unit such as 'T': write Q(1.5, 'T')"


def test_a_fraction_may_be_a_plain_quantity_but_not_a_plain_number():
    assert magnitude(Q(0.008, ""), "uL/mL") == pytest.approx(8)
    for bare in (8, "8"):
        with pytest.raises(UnitError, match="gas needs a unit such as 'uL/mL': write Q"):
            magnitude(bare, "uL/mL", "gas")


def test_a_unit_alone_is_no_quantity():
    with pytest.raises(UnitError, match="field needs a unit"):
        rate(ureg.tesla, "10 nm")
    with pytest.raises(UnitError, match=r"field: cannot read 'T' as a number with a unit: write for example '3 T'"):
        rate("T", "10 nm")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,5 T", "field: cannot read '1,5 T' as a number: digits take only a decimal point, such as '1.5 T'"),
        ("1_000 T", "field: cannot read '1_000 T' as a number: digits take only a decimal point, such as '1.5 T'"),
        ("1.5 Tesla", "field: unknown unit 'Tesla': did you mean 'tesla'?"),
        ("nan T", "field: cannot read 'nan T' as a number with a unit: write for example '3 T'"),
        ("~3 T", "field: cannot read '~3 T' as a number with a unit: write for example '3 T'"),
        ("", "field: cannot read '' as a number with a unit: write for example '3 T'"),
        ("٣ T", "field: cannot read '٣ T' as a number with a unit: write for example '3 T'"),
        ("3 foo", "field: unknown unit 'foo': write for example 'mg/mL', 'nm' or '1/(mM*s)'"),
        ("3 m2 3", "field: cannot read the unit 'm2 3': write for example 'mg/mL' or '1/(mM*s)'"),
    ],
)
def test_an_unreadable_string_is_named(text, says):
    with pytest.raises(UnitError) as error:
        rate(text, "10 nm")
    assert str(error.value) == says


HOSTILE = [
    "m**9**9**9",
    "m^9^9^9",
    "m**(9**9**9)",
    "(m**9)**9**9",
    "(((m**12)**12)**12)",
    "m**-9**9",
    "9**9**9*m",
    "9**9**9",
    "m^999999999",
    "m**1e9",
    "m⁹⁹⁹⁹⁹⁹",
    "m**99",
    "m**m",
    "m**0.5",
    "((((m",
    "(" * 60,
    ")" * 60,
    "m*" * 31 + "m",
    "m" * 64,
    "a" * 100_000,
    "__import__('os')",
    "m; import os",
    "m\x00",
    "m\n",
    "m/0",
    "0",
    "2 m",
    "m+s",
    "m--2",
    "[length]",
    "'m'",
    "м",  # a Cyrillic letter
    "ⅿ",
    "nan",
    "inf",
    "None",
    "% w/v",
]


@pytest.mark.parametrize("unit", HOSTILE, ids=lambda unit: ascii(unit[:24]))
def test_hostile_unit_strings_are_refused_at_once(unit):
    began = time.perf_counter()
    with pytest.raises(UnitError) as error:
        container(unit)
    with pytest.raises(UnitError):
        rate(f"3 {unit}", "10 nm")
    assert time.perf_counter() - began < 0.05
    assert len(str(error.value)) < 200
    assert "pint" not in str(error.value).lower()


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_by_name(text):
    for read in (container, parse):
        try:
            read(text)
        except UnitError as error:
            assert str(error)


@given(st.lists(st.sampled_from(["m", "s", "(", ")", "*", "/", "^", "**", "-", "2", "1", " ", ".", "kOe", "dB"])))
def test_any_mix_of_unit_signs_is_read_or_refused_by_name(signs):
    try:
        units = container("".join(signs))
    except UnitError:
        return
    assert all(isinstance(power, int) and abs(power) <= 12 for power in units.values())


# ------------------------------------------------------------------------------------- what goes through


def test_integers_lists_and_arrays_become_floats():
    for field in (Q(3, "T"), Q(np.int64(3), "T"), Q(np.float64(3), "T"), "3 T", "3000 mT"):
        found = rate(field, Q(10, "nm"))
        assert type(found.magnitude) is float
        assert found.magnitude == pytest.approx(30)
    assert rate([Q(1, "T"), "2000 mT"], "10 nm").magnitude.tolist() == [10.0, 20.0]
    assert rate(Q([1, 2], "T"), "10 nm").magnitude.tolist() == [10.0, 20.0]
    assert rate(("1 T", "2 T"), "10 nm").magnitude.tolist() == [10.0, 20.0]
    assert magnitude([["1 T", "2 T"], ["3 T", "4 T"]], "T").shape == (2, 2)
    assert magnitude(Q(np.array([1, 2], dtype=np.float32), "T"), "mT").dtype == float
    assert magnitude([], "1").shape == (0,)
    assert rate("1 T", "10 nm", share=[0, 1]).magnitude.tolist() == [0.0, 10.0]


def test_arrays_broadcast():
    found = rate(Q([[1.0], [2.0]], "T"), Q([10.0, 20.0, 30.0], "nm"))
    assert found.magnitude.tolist() == [[10, 20, 30], [20, 40, 60]]
    assert str(found.units) == "1 / millimolar / second"


def test_the_callers_numbers_are_left_alone():
    numbers = np.array([1.0, 2.0])
    given = Q(numbers, "T")
    inside = magnitude(given, "T")
    inside[:] = 7
    assert numbers.tolist() == [1.0, 2.0]
    plain = np.array([0.1, 0.2])
    magnitude(plain, "1")[:] = 7
    assert plain.tolist() == [0.1, 0.2]


def test_none_passes_and_options_are_untouched():
    word, _, way = several("1 s"), several("1 s", None), several("1 s", "2 m")
    assert [str(part) for part in word] == ["2.0 second", "word", "None"]
    assert way[2] == Q(4.0, "m")
    assert rate("1 T", "10 nm", label="kept").magnitude == 10
    with pytest.raises(TypeError, match="takes from 1 to 2 positional arguments"):
        several("1 s", None, None)


def test_complex_numbers_only_without_dimension():
    assert magnitude(1.5 + 2j, "1") == 1.5 + 2j
    assert magnitude(Q(1.5 + 2j, ""), "1") == 1.5 + 2j
    assert magnitude([1 + 1j, 2], "1").tolist() == [1 + 1j, 2 + 0j]
    with pytest.raises(UnitError, match="field takes real numbers in a unit such as 'T', not complex ones"):
        rate(Q(1 + 2j, "T"), "10 nm")


@pytest.mark.parametrize(
    "value",
    [True, None, {}, object(), np.array(["a"]), np.array([None]), np.ma.array([1.0, 2.0], mask=[0, 1]), 10**400],
)
def test_what_is_no_number_is_refused_by_name(value):
    with pytest.raises(UnitError, match=r"^share "):
        magnitude(value, "1", "share")


def test_lists_of_different_lengths():
    with pytest.raises(UnitError, match="share is a list of lists of different lengths: write one list of numbers"):
        rate("1 T", "10 nm", share=[[0.1, 0.2], [0.3]])


# ---------------------------------------------------------------------------------------- one registry


def test_the_registry_is_the_applications():
    assert ureg is pint.get_application_registry().get()
    assert isinstance(pint.Quantity(3, "T"), Q) or rate(pint.Quantity(3, "T"), "10 nm").magnitude == 30


def test_quantities_of_a_foreign_registry():
    other = pint.UnitRegistry()
    assert rate(other.Quantity(3, "T"), other.Quantity(0.01, "um")).magnitude == pytest.approx(30)
    assert magnitude(other.Quantity(37, "degC"), "K") == pytest.approx(310.15)
    assert magnitude(other.Quantity(0.5, "dB/cm/MHz"), "Np/m/MHz") == pytest.approx(5.756462732485115)
    assert magnitude(other.Quantity([1.0, 2.0], "gauss"), "uT").tolist() == [100.0, 200.0]
    assert magnitude(other.Quantity(1, "mM**-1*s**-1"), "1/(mM*s)") == 1
    assert magnitude(other.Quantity(0.3, ""), "1") == 0.3
    for wrong, unit in [("particle/mL", "nM"), ("hertz", "rad/s"), ("delta_degC", "K"), ("kg", "T")]:
        with pytest.raises(UnitError):
            magnitude(other.Quantity(1, wrong), unit)
    other.define("floop = 3 * meter")
    with pytest.raises(UnitError, match="unknown unit 'floop' of another registry"):
        magnitude(other.Quantity(1, "floop"), "m")


IN_ANOTHER_PROCESS = """
import logging, pickle
logging.basicConfig(level=logging.DEBUG, format="LOG %(message)s")
import pint
mine = pint.UnitRegistry()
mine.define("emu = 1e-3 * ampere * meter ** 2")
pint.set_application_registry(mine)
from contrastphys.unit_strings import ureg
from contrastphys.units import Q, magnitude
assert ureg is mine
assert magnitude(mine.Quantity(3, "emu/g"), "emu/g") == 3
pint.set_application_registry(pint.UnitRegistry())
assert magnitude(pint.Quantity(1500, "mT"), "T") == 1.5
assert magnitude("25 HU", "HU") == 25
assert magnitude(pickle.loads(pickle.dumps(Q(1.5, "T"))), "T") == 1.5
plain = pint.UnitRegistry()
for name in dir(plain):
    try:
        before = plain.get_base_units(name)
    except Exception:
        continue
    after = ureg.get_base_units(name)
    assert before[0] == after[0] and str(before[1]) == str(after[1]), name
"""


def test_no_unit_is_redefined_and_a_later_registry_does_no_harm():
    done = subprocess.run([sys.executable, "-c", IN_ANOTHER_PROCESS], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Redefining" not in done.stderr


def test_private_attributes_of_pint_that_the_door_reads():
    quantity = Q(1.5, "mM**-1*s**-1")
    assert quantity._magnitude == 1.5
    assert dict(quantity._units) == {"millimolar": -1, "second": -1}
    assert hash(quantity._units) == hash(Q(2.0, "s**-1*mM**-1")._units)
    assert type(quantity._units) is type(ureg.parse_units("T")._units)
    made = rate("1 T", "10 nm")
    assert made == Q(10.0, "1/(mM*s)")
    assert made.to("1/(M*s)").magnitude == pytest.approx(1e4)
    assert (made + made).magnitude == 20
    assert pickle.loads(pickle.dumps(made)) == made
    assert f"{made:~P}" == "10.0 1/mM/s"


def test_a_decibel_that_leaves_the_package_scales_and_sums():
    @quantities("dB/cm", depth=("cm", 0, 10, "depth"))
    def attenuation(depth):
        return 0.5 * depth

    found = attenuation("4 cm")
    assert (found + found).magnitude == 4
    assert (found * Q(3, "cm")).to("").magnitude == pytest.approx(6 * math.log(10) / 20)
    assert found.to("1/m").magnitude == pytest.approx(200 * math.log(10) / 20)
    assert magnitude(found, "Np/m") == pytest.approx(200 * math.log(10) / 20)
    assert (Value(0.5, "dB/cm").quantity * 2).magnitude == 1


# --------------------------------------------------------------------------------- ranges and refusals


@dataclass(frozen=True)
class Result:
    number: float
    flags: tuple = ()


@quantities(None, field=("T", 0.1, 10, "field"), angle=("deg", -180, 180, "angle"))
def answer(field, angle=0.0):
    return Result(field, (Flag("own", "stays", "note"),))


def test_a_result_with_flags_carries_them_and_does_not_warn():
    flags = answer("12 T", angle="200 deg").flags
    assert flags == (
        Flag("own", "stays", "note"),
        Flag("range", "field 12 T is outside the checked range 0.1 to 10 T", "warn"),
        Flag("range", "angle 200 deg is outside the checked range -180 to 180 deg", "warn"),
    )
    assert answer("1 T").flags == (Flag("own", "stays", "note"),)


def test_a_bare_quantity_warns_once_at_the_callers_line():
    with pytest.warns(RangeWarning) as caught:
        line = inspect.currentframe().f_lineno + 1
        rate(Q([31.0, 40.0], "T"), "10 nm")
    assert len(caught) == 1
    assert str(caught[0].message) == "field 40 T is outside the checked range 1e-05 to 30 T"
    assert (caught[0].filename, caught[0].lineno) == (__file__, line)


def test_the_limits_themselves_are_inside_in_any_unit():
    @quantities("cm", depth=("cm", 0.3, 7, "depth"))
    def deep(depth):
        return depth

    assert 0.07 * 100 > 7  # rounding alone is no reason for a flag
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        deep("0.07 m")
        deep(Q([0.003, 0.07], "m"))
        for low_or_high in ("1 nm", "0.001 um", "1e-9 m", "10 angstrom", "100 nm", "0.1 um", "1e-7 m", "1000 angstrom"):
            rate("1 T", low_or_high)
        for temperature in ("0 degC", "32 degF", "330 K", "56.85 degC"):
            rate("1 T", "10 nm", temperature)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: rate("0 T", "10 nm"), "field is 0 T: it must be above 0"),
        (lambda: rate("-1500 mT", "10 nm"), "field is -1.5 T: it must be above 0"),
        (lambda: rate(Q([1, 2, -3, -4], "T"), "10 nm"), "field[2] is -3 T: it must be above 0"),
        (lambda: rate(Q([[1, 2], [-3, 4]], "T"), "10 nm"), "field[1, 0] is -3 T: it must be above 0"),
        (lambda: rate(Q([1, math.nan], "T"), "10 nm"), "field[1] is nan T: it must be finite"),
        (lambda: rate(Q(math.inf, "T"), "10 nm"), "field is inf T: it must be finite"),
        (lambda: rate("1e400 T", "10 nm"), "field is inf T: it must be finite"),
        (lambda: rate("1 T", "10 nm", "-300 degC"), "temperature is -26.85 K: it must be above 0"),
        (lambda: rate("1 T", "10 nm", share=-0.1), "share is -0.1: it must be 0 or more"),
        (lambda: several(Q(math.nan, "s")), "time is nan s: it must be finite"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(call, says):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value) == says


def test_no_nan_leaves_a_door():
    @quantities(("s", "1"), time=("s", -10, 10, "time"))
    def halves(time):
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt(time), 1.0 / time

    assert halves("4 s")[0].magnitude == 2
    for wrong in ("-4 s", Q([1.0, -4.0], "s"), "0 s"):
        with pytest.raises(ValueError, match="halves gives no number for these values: they lie outside what its"):
            halves(wrong)


def test_zero_and_negative_pass_where_the_table_lets_them():
    assert rate("1 T", "10 nm", share=0).magnitude == 0
    assert several("-3 s")[0].magnitude == -6


# -------------------------------------------------------------------------------------------- metadata


def test_the_wrapper_keeps_name_signature_and_module():
    assert rate.__name__ == "rate"
    assert rate.__module__ == __name__
    assert list(inspect.signature(rate).parameters) == ["field", "diameter", "temperature", "share", "label"]
    assert rate.bare(2.0, 10.0) == 20.0
    assert rate.returns == "1/(mM*s)"
    assert rate.table["field"].unit == "T"
    assert rate.table["field"].meaning == "static magnetic field"


def test_the_parameters_section_is_written_from_the_table():
    assert inspect.getdoc(rate) == "\n".join(
        [
            "Rate of nothing in particular.",
            "",
            "Parameters",
            "----------",
            "field : quantity [T], scalar or array",
            "    static magnetic field; checked from 1e-05 to 30 T",
            "diameter : quantity [nm], scalar or array",
            "    magnetic core diameter; checked from 1 to 100 nm",
            "temperature : quantity [K], scalar or array",
            "    temperature of the sample; checked from 273.15 to 330 K",
            "share : quantity [dimensionless], scalar or array",
            "    share of the surface; checked from 0 to 1",
            "",
            "Returns",
            "-------",
            "quantity",
            "    Relaxivity.",
        ]
    )


def test_a_table_that_names_no_argument_is_refused_at_once():
    with pytest.raises(TypeError, match=r"body has no argument \['feild'\]"):

        @quantities("s", feild=("T", 0, 1, "field"))
        def body(field):
            return field

    with pytest.raises(UnitError):
        quantities("seconds_of_arc^9^9", field=("T", 0, 1, "field"))


# ----------------------------------------------------------------------------------------- properties

FIELDS = st.floats(1e-4, 29.0)


@given(st.lists(FIELDS, min_size=1, max_size=6))
def test_a_scalar_is_the_element_of_an_array(fields):
    whole = rate(Q(np.array(fields), "T"), "10 nm").magnitude
    assert [rate(Q(field, "T"), "10 nm").magnitude for field in fields] == whole.tolist()


@given(
    FIELDS,
    st.floats(2.0, 90.0),
    st.sampled_from([("T", 1.0), ("mT", 1e3), ("gauss", 1e4), ("kilogauss", 10.0), ("kilooersted", 10.0)]),
    st.sampled_from([("nm", 1.0), ("um", 1e-3), ("angstrom", 10.0), ("m", 1e-9)]),
)
def test_the_answer_does_not_depend_on_the_units(field, diameter, field_unit, diameter_unit):
    (unit, times), (unit_2, times_2) = field_unit, diameter_unit
    found = rate(Q(field * times, unit), Q(diameter * times_2, unit_2)).magnitude
    assert found == pytest.approx(rate.bare(field, diameter), rel=1e-12)


@given(st.floats(-200, 60), st.sampled_from(["degC", "degF", "K"]))
def test_temperatures_return_to_themselves(celsius, unit):
    there = magnitude(Q(celsius, "degC"), unit)
    assert magnitude(Q(there, unit), "degC") == pytest.approx(celsius, abs=1e-9)
