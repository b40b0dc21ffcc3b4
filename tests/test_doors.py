"""Every public function with units keeps the same promises, whatever module it stands in."""

import inspect
import math
import re

import numpy as np
import pytest
from doors import DOORS, FUNCTIONS, MODULES, needed, plain, same, within

import contrastphys
from contrastphys.units import Q, UnitError, container

each_door = pytest.mark.parametrize("name", DOORS, ids=lambda name: name.removeprefix("contrastphys."))


def sections(thing):
    """Headings of a numpydoc docstring with their text, in order."""
    parts = re.split(r"^([A-Z][A-Za-z ]+)\n-{3,}\n", inspect.getdoc(thing) or "", flags=re.M)
    return [("", parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]


def described(text):
    """Names of the arguments that a section describes."""
    heads = re.findall(r"^([A-Za-z_*][\w*, ]*?) *(?::.*)?$", text, re.M)
    return {name.strip("* ") for head in heads for name in head.split(",")}


@pytest.mark.parametrize("name", FUNCTIONS, ids=lambda name: name.removeprefix("contrastphys."))
def test_says_what_it_is_in_one_line(name):
    doc = inspect.getdoc(FUNCTIONS[name])
    assert doc, f"{name} has no docstring"
    first = doc.split("\n\n")[0]
    assert len(first.splitlines()) == 1, f"{name}: the meaning takes more than one line"
    assert len(first) <= 120
    assert first.rstrip(":").endswith((".", "?", ")", '"')), f"{name}: {first}"


@each_door
def test_table_and_signature_agree(name):
    door = DOORS[name]
    arguments = inspect.signature(door).parameters
    assert set(door.table) <= set(arguments)
    for argument, row in door.table.items():
        container(row.unit)
        assert row.low < row.high, f"{name}: range of {argument}"
        assert len(row.meaning) > 2, f"{name}: meaning of {argument}"
        default = arguments[argument].default
        if isinstance(default, int | float) and not isinstance(default, bool):
            assert row.low <= default <= row.high, f"{name}: default of {argument} is outside its own range"


@each_door
def test_docstring_and_signature_agree(name):
    door = DOORS[name]
    found = sections(door)
    headings = [heading for heading, _ in found if heading]
    assert headings.count("Parameters") == 1
    if not inspect.isclass(door):
        assert headings.count("Returns") == 1, f"{name} does not say what it returns"
    order = ["Parameters", "Other Parameters", "Returns", "Raises", "See Also", "Notes", "References", "Examples"]
    assert [h for h in order if h in headings] == [h for h in headings if h in order], f"{name}: {headings}"
    texts = dict(found)
    assert described(texts["Parameters"]) >= set(door.table)
    others = set(inspect.signature(door).parameters) - set(door.table) - {"self"}
    if inspect.isclass(door):  # a record may say in its own words what its other fields are
        others = {other for other in others if not re.search(rf"\b{other}\b", inspect.getdoc(door))}
    missing = others - described(texts.get("Other Parameters", ""))
    assert not missing, f"{name}: 'Other Parameters' does not describe {', '.join(sorted(missing))}"


# Public names of a modality that compute no physics of their own: they make a record, or hand a question on.
PLAIN = {
    "applies", "predict", "respond", "calibrate", "preset", "detector", "absorber", "monochromatic", "read_spectrum",
    "measured_spectrum", "sphere", "rod", "nanoshell", "Particle", "Bubble", "Gas", "Liquid", "Pulse", "Species",
    "species", "population_of", "Monodisperse", "LogNormal", "Gamma",
}  # fmt: skip


def models():
    """Every public function of a modality, and every record with units, that is a model."""
    for modality in ("mri", "xray", "photoacoustic", "ultrasound"):
        room = getattr(contrastphys, modality)
        for name in room.__all__:
            thing = getattr(room, name)
            if name not in PLAIN and callable(thing) and (not inspect.isclass(thing) or hasattr(thing, "table")):
                yield pytest.param(thing, id=f"{modality}.{name}")


@pytest.mark.parametrize("model", list(models()))
def test_a_model_says_where_it_holds_and_where_it_is_from(model):
    found = dict(sections(model))
    assert len(found.get("Notes", "")) > 20, "says nothing of its validity"
    named = re.search(r"\b(1[89]\d\d|20\d\d)\b|arXiv:|NISTIR|materials/|\w\.org/", found.get("References", ""))
    assert named, "names no source that can be found"


@each_door
def test_has_an_example_that_runs(name):
    assert ">>>" in dict(sections(DOORS[name])).get("Examples", ""), f"{name} has no example"


@each_door
def test_door_and_body_give_the_same_number(name):
    door = DOORS[name]
    drawn, given = needed(name)
    given |= {argument: within(door.table[argument], 0.5) for argument in drawn}
    with_units = {
        argument: Q(value, container(door.table[argument].unit)).to_base_units() if argument in door.table else value
        for argument, value in given.items()
    }

    def outcome(call, arguments, unit):
        try:
            return plain(call(**arguments), unit)
        except (ValueError, TypeError) as error:
            return error

    found, expected = outcome(door, with_units, getattr(door, "returns", None)), outcome(door.bare, given, None)
    assert not isinstance(expected, TypeError), f"the stand-ins do not fit: {expected}"
    same_kind = isinstance(expected, Exception) and type(found) is type(expected)
    assert same_kind or same(found, expected), f"{name}: {found} is not {expected}"


def test_the_walk_finds_the_package():
    assert "contrastphys.unit_conversion.magnitude" in FUNCTIONS
    assert {m.__name__ for m in MODULES} >= {"contrastphys.units", "contrastphys.formulation", "contrastphys.mri"}


HOSTILE = {"nan": math.nan, "infinity": math.inf, "negative": -1.0, "zero": 0.0, "huge": 1e30, "tiny": 1e-30}


def has_nan(numbers):
    if isinstance(numbers, list):
        return any(map(has_nan, numbers))
    if numbers is None or isinstance(numbers, str | dict):
        return False
    try:
        return bool(np.isnan(np.asarray(numbers, dtype=complex)).any())
    except (TypeError, ValueError):
        return False


@pytest.mark.filterwarnings("ignore")
@each_door
def test_hostile_numbers_are_refused_or_answered_with_numbers(name):
    door = DOORS[name]
    drawn, others = needed(name)
    middles = {argument: within(row, 0.5) for argument, row in door.table.items() if argument in drawn}
    middles |= {argument: number for argument, number in others.items() if argument in door.table}
    given = others | {argument: Q(n, container(door.table[argument].unit)) for argument, n in middles.items()}
    for argument, row in door.table.items():
        for label, number in HOSTILE.items():
            try:
                result = door(**{**given, argument: Q(number, container(row.unit))})
            except (ValueError, UnitError):
                continue
            assert label not in ("nan", "infinity"), f"{name} takes {argument} = {label}"
            assert row.low < 0 or label != "negative", f"{name} takes {argument} = {label}"
            found = plain(result, getattr(door, "returns", None))
            assert not has_nan(found), f"{name} gives no number for {argument} = {label}"
