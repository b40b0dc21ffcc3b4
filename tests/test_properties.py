"""What holds for every public function with units, drawn from its own table of quantities.

Units do not matter, a scalar is what an array holds at its place, what lies in the stated range gives finite numbers
or a refusal in the package's own words, and a second call gives the same. A function that is added is covered without
writing a test. What physics says of single functions (monotonic, symmetric, conserved) follows below.
"""

import warnings

import numpy as np
import pytest
from doors import DOORS, needed, ours, plain, same, within
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from contrastphys.units import Q, container

EXAMPLES = 6  # in the plain run; under `slow` each function is asked ten times as often
# Functions that follow a process step by step: a call takes from a tenth of a second to seconds.
LONG = {
    "mri.random_walk.simulated_relaxivity", "mri.moment_walk.low_field_relaxivity",
    "ultrasound.subharmonics.subharmonic_map", "ultrasound.linear.resonant_radius",
    "ultrasound.cavitation.inertial_threshold", "ultrasound.dynamics.simulate", "ultrasound.echo.harmonics",
    "ultrasound.imaging.contrast", "ultrasound.stability.dissolution", "photoacoustic.single_particle.emission",
    "photoacoustic.single_particle.thresholds", "photoacoustic.aggregates.collective",
}  # fmt: skip
SETS = {"xray.spectra.monochromatic"}  # several values make one result: a beam of several lines
SHORT = {name.removeprefix("contrastphys."): name for name in DOORS}


def drawn(name):
    """Strategy of arguments of a function: the required of its table, some of the others, each in its range."""
    door = DOORS[name]
    required, others = needed(name)
    optional = [argument for argument in door.table if argument not in required and argument not in others]
    share = st.floats(0.02, 0.98)

    @st.composite
    def make(draw):
        given = {argument: within(door.table[argument], draw(share)) for argument in required}
        for argument in optional:
            if draw(st.integers(0, 3)) == 0:
                given[argument] = within(door.table[argument], draw(share))
        return given

    return make(), {a: quantity(door.table[a], v) if a in door.table else v for a, v in others.items()}


def outcome(name, given, others):
    """Result of a call as plain numbers, or the package's refusal in its place."""
    door = DOORS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return plain(door(**given, **others), getattr(door, "returns", None))
        except (ValueError, TypeError) as error:
            assert ours(error), f"{name}: {type(error).__name__} of a library: {error}"
            return error


def numeric(part):
    """A part of a result as an array, or None where it holds no numbers."""
    if part is None or isinstance(part, str | bytes | dict | bool):
        return None
    try:
        made = np.asarray(part)
    except ValueError:
        return None
    return made if made.dtype.kind in "fciu" else None


def finite(result):
    """Whether no part of a result is not a number."""
    if isinstance(result, list):
        return all(map(finite, result))
    made = numeric(result)
    return made is None or not np.isnan(made).any()


def quantity(row, number):
    """Q of a number in the unit of a table's row."""
    return Q(number, container(row.unit))


def other_unit(row, number):
    """The same quantity in base units; a temperature in degrees Celsius, an attenuation in neper."""
    given = quantity(row, number)
    if "dB" in row.unit:
        return Q(given.magnitude * np.log(10) / 20, container(row.unit.replace("dB", "Np")))
    return given.to("degC") if row.unit == "K" else given.to_base_units()


def element(whole, scalars, length):
    """Whether each place of an array's result is the scalar's result there, part by part."""
    if isinstance(whole, list):
        fits = all(isinstance(s, list) and len(s) == len(whole) for s in scalars)
        if not fits:  # rows of a result that depend on the values: not compared place by place
            return True
        return all(element(part, [s[i] for s in scalars], length) for i, part in enumerate(whole))
    many, single = numeric(whole), [numeric(s) for s in scalars]
    if many is None or any(s is None for s in single):
        return True
    if all(s.shape == many.shape for s in single):  # untouched by the argument, or its largest, or the argument itself
        return True
    for axis in range(many.ndim):
        if many.shape[axis] == length and all(s.shape == single[0].shape for s in single):
            stacked = np.stack(
                [np.atleast_1d(s) if s.ndim >= many.ndim else s for s in single], axis=min(axis, single[0].ndim)
            )
            if stacked.size == many.size and same(many, stacked.reshape(many.shape)):
                return True
    return False


def check(name, count):
    """Every promise on `count` draws; how many of them the function answered."""
    strategy, others = drawn(name)
    answered = [0]

    @settings(max_examples=count, phases=(Phase.generate,))
    @given(strategy, st.data())
    def holds(numbers, data):
        table = DOORS[name].table
        units = {argument: quantity(table[argument], number) for argument, number in numbers.items()}
        first = outcome(name, units, others)
        again = outcome(name, units, others)
        elsewhere = outcome(
            name, {argument: other_unit(table[argument], number) for argument, number in numbers.items()}, others
        )
        if isinstance(first, Exception):
            assert type(again) is type(first) and isinstance(elsewhere, Exception), f"{first} or {elsewhere}"
            return
        answered[0] += 1
        assert finite(first), f"{numbers} gives {first}"
        assert same(first, again, rtol=0), "a second call gives another number"
        assert same(first, elsewhere, rtol=1e-6), f"in other units {elsewhere} is not {first}"
        if not numbers or name.removeprefix("contrastphys.") in SETS:
            return
        argument = data.draw(st.sampled_from(sorted(numbers)))
        places = [numbers[argument], *(within(table[argument], data.draw(st.floats(0.05, 0.95))) for _ in range(2))]
        whole = outcome(name, {**units, argument: quantity(table[argument], np.array(places))}, others)
        if isinstance(whole, Exception):
            return  # it takes one number, and says so
        scalars = [outcome(name, {**units, argument: quantity(table[argument], place)}, others) for place in places]
        assert not any(isinstance(s, Exception) for s in scalars), (
            f"an array of {argument} is answered, {scalars} is not"
        )
        assert element(whole, scalars, len(places)), (
            f"an array of {argument} {places} gives {whole}, its entries {scalars}"
        )

    holds()
    return answered[0]


@pytest.mark.parametrize("name", [name for name in SHORT if name not in LONG])
def test_every_function(name):
    assert check(SHORT[name], EXAMPLES), "no draw from its own ranges is answered"


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORT)
def test_every_function_at_length(name):
    assert check(SHORT[name], EXAMPLES if name in LONG else 10 * EXAMPLES)


# ------------------------------------------------------------------- what physics says of single functions

# function, argument, what the result does as it grows: "rises", "falls" (never the other way), or "as itself".
LAWS = [
    ("photoacoustic.water.sound_speed", "temperature", "rises", (273.16, 346.0)),
    ("photoacoustic.water.gruneisen", "temperature", "rises", (273.16, 372.0)),
    ("photoacoustic.water.density", "temperature", "falls", (277.2, 372.0)),
    ("mri.superparamagnetic.langevin_fraction", "field", "rises", None),
    ("mri.superparamagnetic.langevin_fraction", "temperature", "falls", None),
    ("mri.superparamagnetic.langevin_fraction", "diameter", "rises", None),
    ("mri.superparamagnetic.core_magnetisation", "diameter", "rises", None),
    ("mri.superparamagnetic.core_magnetisation", "bulk", "as itself", None),
    ("mri.superparamagnetic.static_dephasing_r2_star", "magnetisation", "as itself", None),
    ("ultrasound.imaging.mechanical_index", "depth", "falls", None),
    ("photoacoustic.tissue.acoustic_transmission", "depth", "falls", None),
    ("xray.attenuation.mass_attenuation", "energy", "falls", (68.0, 400.0)),
]


@pytest.mark.parametrize(("name", "argument", "how", "over"), LAWS, ids=lambda v: v if isinstance(v, str) else "")
def test_follows_its_law(name, argument, how, over):
    whole = SHORT[name]
    row, (required, _) = DOORS[whole].table[argument], needed(whole)
    strategy, others = drawn(whole)

    @settings(max_examples=12, phases=(Phase.generate,))
    @given(strategy, st.floats(0.05, 0.9), st.floats(1.05, 1.8))
    def holds(numbers, share, step):
        low = within(row if over is None else row._replace(low=over[0], high=over[1]), share)
        high = min(low * step, row.high if over is None else over[1])
        rest = {a: quantity(DOORS[whole].table[a], n) for a, n in numbers.items() if a in required and a != argument}
        small, large = (outcome(whole, {**rest, argument: quantity(row, n)}, others) for n in (low, high))
        if isinstance(small, Exception) or isinstance(large, Exception):
            return
        small, large = np.asarray(small, float), np.asarray(large, float)
        slack = 1e-9 * np.abs(small)
        if how == "as itself":
            assert np.allclose(large, small * high / low, rtol=1e-9)
        else:
            assert np.all(large >= small - slack) if how == "rises" else np.all(large <= small + slack), (
                low,
                high,
                small,
                large,
            )

    holds()


@settings(max_examples=30)
@given(st.floats(0.05, 20), st.floats(0.1, 3), st.floats(0, 6), st.floats(0.2, 0.95))
def test_light_is_conserved(x, real, lossy, share):
    """What a sphere takes out of a beam it scatters or absorbs; a coat of the core's own substance is none."""
    from contrastphys.photoacoustic import coated_mie, mie

    m = complex(real, lossy)
    found = mie(m, x)
    assert found.Qext == pytest.approx(found.Qsca + found.Qabs, rel=1e-9, abs=1e-12)
    assert found.Qabs >= -1e-12 * found.Qext and found.Qsca >= 0 and -1 <= found.g <= 1
    assert coated_mie(m, m, share * x, x).Qext == pytest.approx(found.Qext, rel=1e-7)


@settings(max_examples=20)
@given(st.floats(20, 149), st.sampled_from(["Ta2O5", "H2O", "Gd2O3", "Au", "C19H26I3N3O9"]), st.floats(0.05, 0.95))
def test_mixtures_are_the_sum_of_their_parts(energy, formula, share):
    """mu/rho is linear in mass fractions, and energy is absorbed out of what is attenuated."""
    from contrastphys import xray

    at = Q(energy, "keV")
    parts = [xray.mass_attenuation(name, at).magnitude for name in (formula, "water")]
    mixed = xray.mass_attenuation({formula: share, "water": 1 - share}, at).magnitude
    assert mixed == pytest.approx(share * parts[0] + (1 - share) * parts[1], rel=1e-9)
    assert 0 < xray.mass_energy_absorption(formula, at).magnitude <= parts[0] * (1 + 1e-9)


@pytest.mark.filterwarnings("ignore::contrastphys.units.RangeWarning")
@settings(max_examples=30)
@given(st.floats(1e-2, 0.9), st.floats(0.02, 1), st.floats(0.01, 1), st.floats(0.02, 1))
def test_signals_lie_within_the_magnetisation(t1, ratio, flip, te_share):
    """A spoiled gradient echo is at most the whole magnetisation."""
    from contrastphys import mri

    t1, t2 = Q(t1, "s"), Q(t1 * ratio, "s")
    given = {"t1": t1, "t2": t2, "t2_star": t2, "tr": t2, "te": t2 * te_share}
    found = mri.signal("spgr", flip=Q(flip, "rad"), **given).magnitude
    assert 0 <= found <= 1


@settings(max_examples=30)
@given(st.floats(1e-3, 20), st.floats(250, 350), st.floats(2, 60))
def test_relaxation_across_is_no_slower_than_along(field, temperature, diameter):
    """r2 is at least r1 of a core at every field, and both are positive."""
    from contrastphys.mri.superparamagnetic import roch_muller_gillis

    r1, r2 = roch_muller_gillis.bare(field, diameter, 3.5e5, 1.577e-5, temperature, 3e-9)
    assert 0 < r1 <= r2 * (1 + 1e-9)
