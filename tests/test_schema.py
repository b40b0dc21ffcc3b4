"""Fields of a record: units, ranges, mistakes all at once, and the same rules for files and for Python."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contrastphys import records
from contrastphys.files import read_toml
from contrastphys.mistakes import RecordError, near, shown, spoken
from contrastphys.provenance import Value
from contrastphys.schema import (
    Reader,
    build,
    choice,
    flag,
    integer,
    mapping,
    nested,
    number,
    reference,
    settle,
    several,
    text,
    values,
)
from contrastphys.units import Q


@dataclass(frozen=True, kw_only=True)
class Part:
    name: str = text(default=...)
    size: Value = number("nm", 1, 100)

    def __post_init__(self) -> None:
        settle(self)

    def misfits(self):
        if self.name == "odd":
            yield "name", "an odd name", "write an even one"


@dataclass(frozen=True, kw_only=True)
class Whole:
    field: tuple[Value, ...] = number("T", 1e-5, 30, many=True, default=3.0)
    temperature: Value = number("K", 273.15, 323.15, default=310.15)
    amount: Value | None = number("mmol/L | mg/mL | 1", 0, 1e15, default=None)
    share: Value | None = number("1", 0, 1, default=None)
    count: int = integer(1, 1_000_000, default=3)
    water: bool = flag()
    kind: str = choice("sphere", "rod", default="sphere")
    label: str = text()
    core: str = reference("cores", default="gold")
    filters: Mapping[str, Value] | None = mapping("mm", 0, 10)
    part: Part | None = nested(Part)
    layers: tuple[Part, ...] = several(Part, alias="layer")

    def __post_init__(self) -> None:
        settle(self)


def made(**given):
    """From Python."""
    return Whole(**given)


def read(tmp_path, content):
    """From a file."""
    file = tmp_path / "whole.toml"
    file.write_text(content, encoding="utf-8")
    table, lines = read_toml(file)
    reader = Reader("whole.toml", lines, records.ids)
    whole = build(Whole, table, reader)
    if reader.mistakes:
        assert whole is None
        raise RecordError(reader.mistakes)
    return whole


def numbers(whole):
    return {key: value.number for key, value in values(whole)}


# -------------------------------------------------------------------------------------------- what goes in


@pytest.mark.parametrize(
    ("written", "given", "key", "expected"),
    [
        ('field = "1500 mT"', {"field": "1500 mT"}, "field", [1.5]),
        ('field = ["1 T", "2 T"]', {"field": ["1 T", "2 T"]}, "field", [1, 2]),
        ('field = ["1 T", "2 T"]', {"field": Q([1, 2], "T")}, "field", [1, 2]),
        ('field = ["1 T", "2 T"]', {"field": (Q(1, "T"), Value(2000, "mT"))}, "field", [1, 2]),
        ('field = { value = 10, unit = "kG" }', {"field": Q(10, "kG")}, "field", [1]),
        ('temperature = "37 degC"', {"temperature": Q(37, "degC")}, "temperature", 310.15),
        ('temperature = "310.15 K"', {"temperature": Value(37, "degC")}, "temperature", 310.15),
        ('amount = "2 mM"', {"amount": Q(2, "mM")}, "amount", 2),
        ('amount = "2 g/L"', {"amount": Q(2, "g/L")}, "amount", 2),
        ('amount = "20 uL/mL"', {"amount": 0.02}, "amount", 0.02),
        ('share = "5 %"', {"share": 0.05}, "share", 0.05),
        ("share = 1", {"share": np.float32(1)}, "share", 1),
        ("share = 0.5", {"share": np.array(0.5)}, "share", 0.5),
        ("count = 7", {"count": np.int64(7)}, "count", 7),
        ("water = true", {"water": np.bool_(True)}, "water", True),
        ('label = "<b>Müller</b>"', {"label": "<b>Müller</b>"}, "label", "<b>Müller</b>"),
        ('filters = { Al = "3 mm" }', {"filters": {"Al": Q(0.3, "cm")}}, "filters", {"Al": 3}),
        ('part = { name = "a", size = "5 nm" }', {"part": {"name": "a", "size": "5 nm"}}, "part", ("a", 5)),
        ('layer = { name = "a", size = "5 nm" }', {"layers": Part(name="a", size="5 nm")}, "layers", [("a", 5)]),
        ('[[layer]]\nname = "a"\nsize = "5 nm"', {"layers": [Part(name="a", size="5 nm")]}, "layers", [("a", 5)]),
    ],
)
def test_files_and_python_take_the_same(tmp_path, written, given, key, expected):
    def bare(held):
        if isinstance(held, Value):
            return pytest.approx(held.number)
        if isinstance(held, tuple):
            return [bare(item) for item in held]
        if isinstance(held, dict):
            return {name: bare(item) for name, item in held.items()}
        return (held.name, held.size.number) if isinstance(held, Part) else held

    for whole in (read(tmp_path, written), made(**given)):
        assert bare(getattr(whole, key)) == expected


def test_defaults_are_assumed_and_say_so():
    whole = made()
    assert (whole.field[0].number, whole.field[0].status, whole.field[0].source) == (3.0, "assumed", "default")
    assert made(field=None, kind=None, label=None, count=None) == whole
    assert whole.amount is None
    assert whole.layers == ()


def test_spreads_and_ranges(tmp_path):
    assert read(tmp_path, 'temperature = { value = "37 degC", sd = "1 degC" }').temperature.sd == pytest.approx(1)
    assert read(tmp_path, 'temperature = { value = 37, sd = 1, unit = "degC" }').temperature.sd == pytest.approx(1)
    assert read(tmp_path, 'temperature = { value = "98.6 degF", sd = "1.8 degF" }').temperature.sd == pytest.approx(1)
    assert read(tmp_path, 'temperature = { value = "310 K", sd = "1 K" }').temperature.sd == pytest.approx(1)
    range_ = read(tmp_path, 'temperature = { low = "36 degC", high = "38 degC" }').temperature
    assert (range_.number, range_.low, range_.high) == pytest.approx((310.15, 309.15, 311.15))
    moved = made(temperature=Value(37, "degC", sd=1, low=36, high=39, source="x", letter="M")).temperature
    assert (moved.number, moved.sd, moved.low, moved.high) == pytest.approx((310.15, 1, 309.15, 312.15))
    assert (moved.source, moved.letter) == ("x", "M")
    full = '{ value = 3, sd = 0.1, unit = "T", at = "310 K", source = "doi:1", status = "verified", note = "n" }'
    field = read(tmp_path, f"field = {full}").field[0]
    assert (field.sd, field.at, field.source, field.status, field.note) == (0.1, "310 K", "doi:1", "verified", "n")


def test_a_limit_is_inside_in_any_unit(tmp_path):
    for written in ("0.1 um", "100 nm", "1e-7 m", "1000 angstrom", "1 nm", "0.001 um"):
        read(tmp_path, f'part = {{ name = "a", size = "{written}" }}')


# ----------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("field = 3", 'field: 3 has no unit; write "3 T"'),
        ('field = "3"', "field: '3' has no unit; write \"3 T\""),
        ('field = "3 kg"', "field: '3 kg' is not in a unit of T; write \"3 T\""),
        ('field = "1,5 T"', "field: '1,5 T' has a decimal comma; write \"1.5 T\""),
        ('field = "three"', "field: 'three' is not a number with a unit; write \"3 T\""),
        ('field = { value = 3, unit = "m**9**9**9" }', "field: '3 m**9**9**9' is not in a unit of T; write \"3 T\""),
        ('field = "300 T"', "field: 300 T cannot be; write a value from 1e-05 to 30 T"),
        ("field = []", 'field: an empty list; write "3 T"'),
        (
            'field = ["3 T", ["1 T"]]',
            "field[2]: a list where one number belongs; write { low = ..., high = ... } for a",
        ),
        ("field = true", 'field: true is not a number; write "3 T"'),
        ("field = 1979-05-27", 'field: 1979-05-27 is not a number; write "3 T"'),
        ("field = { }", 'field: a number needs a value; write value = "3 T" or low and high'),
        ('field = { low = "1 T" }', 'field: a number needs a value; write value = "3 T" or low and high'),
        ('field = { low = "3 T", high = "1 T" }', "field: low 3 is above high 1; exchange them"),
        (
            'field = { value = "5 T", low = "1 T", high = "2 T" }',
            "field: value 5 lies outside low 1 to high 2; correct the value or its range",
        ),
        ('field = { value = "5 T", sd = "-1 T" }', "field: sd -1 is negative; write a spread of 0 or more"),
        ('field = { value = "5 T", units = "T" }', "field.units: unknown key 'units'; did you mean 'unit'?"),
        ("field = { value = 5, unit = 3 }", 'field.unit: 3 is no unit; write unit = "T"'),
        ('field = { value = "5 T", source = 3 }', 'field.source: 3 is not text; write source = "..."'),
        (
            'field = { value = "5 T", status = "seen" }',
            "field.status: unknown status 'seen'; write one of verified, second-hand, unverified, fitted, computed,",
        ),
        ("share = nan", "share: nan is no finite number; write 0.5"),
        ("share = inf", "share: inf is no finite number; write 0.5"),
        ("share = 1e400", "share: inf is no finite number; write 0.5"),
        ('temperature = "37 kg"', "temperature: '37 kg' is not in a unit of K; write \"37 degC\""),
        ("temperature = 37", 'temperature: 37 has no unit; write "37 degC"'),
        ("temperature = 310", 'temperature: 310 has no unit; write "310 K"'),
        (
            'temperature = "5 delta_degC"',
            "temperature: '5 delta_degC' is not in a unit of K (a temperature difference is not a temperature: write "
            "'degC' or 'K'); write \"37 degC\"",
        ),
        ("amount = 1e16", "amount: 1e+16 cannot be; write a value from 0 to 1e+15"),
        ('amount = "3 T"', "amount: '3 T' is in none of its units; write it in mmol/L, mg/mL or no unit"),
        (
            'amount = { value = 3, unit = "T" }',
            "amount: '3 T' is in none of its units; write it in mmol/L, mg/mL or no",
        ),
        ('amount = { value = 3, units = "mM" }', "amount.units: unknown key 'units'; did you mean 'unit'?"),
        ('amount = "-3 mM"', "amount: -3 mmol/L cannot be; write 0 mmol/L or more"),
        ("count = 0", "count: 0 cannot be; write a whole number from 1 to 1000000"),
        ("count = 2.5", "count: 2.5 is no whole number; write a whole number from 1 to 1000000"),
        ("count = true", "count: true is no whole number; write a whole number from 1 to 1000000"),
        ('water = "yes"', "water: 'yes' is neither true nor false; write true or false"),
        ('kind = "spere"', "kind: unknown kind 'spere'; did you mean 'sphere'?"),
        ('kind = "Sphere"', "kind: unknown kind 'Sphere'; did you mean 'sphere'?"),
        ('kind = "cube"', 'kind: unknown kind \'cube\'; write "sphere" or "rod"'),
        ("label = 5", 'label: 5 is not text; write "..."'),
        ('core = "golt"', "core: no record 'golt' in cores; did you mean 'gold'?"),
        ('core = "xyz"', "core: no record 'xyz' in cores; known: "),
        ('filters = "3 mm"', "filters: '3 mm' is not a table; write { Al = \"1 mm\" }"),
        ("filters = { Al = 3 }", 'filters.Al: 3 has no unit; write "3 mm"'),
        ('part = "a"', 'part: \'a\' is not a table; write { name = "...", size = "10 nm" }'),
        ('part = { name = "a" }', "part: 'size' is missing; write size = \"10 nm\""),
        ('part = { name = "odd", size = "5 nm" }', "part.name: an odd name; write an even one"),
        ('[[layer]]\nname = "a"\nsiz = "5 nm"', "layer.siz: unknown key 'siz'; did you mean 'size'?"),
        ('zzz = "red"', "zzz: unknown key 'zzz'; known keys: field, temperature, amount, share, count"),
        ('"a\\u001b[2Jb" = 1', "a\\x1b[2Jb: unknown key 'a\\x1b[2Jb'; known keys:"),
    ],
)
def test_mistakes_say_where_what_and_what_to_write(tmp_path, written, says):
    with pytest.raises(RecordError) as error:
        read(tmp_path, written)
    (line,) = str(error.value).split("\n")
    place, _, rest = line.partition(" ")
    assert place.startswith("whole.toml:")
    assert rest.startswith(says)
    assert "pint" not in line
    assert line.isprintable()


def test_all_mistakes_at_once_with_their_lines(tmp_path):
    content = """label = 5
feild = "3 T"
count = 0

[part]
name = "a"
size = "-5 nm"

[[layer]]
name = "b"
size = "5 nm"

[[layer]]
size = "5000 nm"
colour = "red"
"""
    with pytest.raises(RecordError) as error:
        read(tmp_path, content)
    assert str(error.value).split("\n") == [
        'whole.toml:1: label: 5 is not text; write "..."',
        "whole.toml:2: feild: unknown key 'feild'; did you mean 'field'?",
        "whole.toml:3: count: 0 cannot be; write a whole number from 1 to 1000000",
        "whole.toml:7: part.size: -5 nm cannot be; write a value from 1 to 100 nm",
        "whole.toml:13: layer[2]: 'name' is missing; write name = \"...\"",
        "whole.toml:14: layer[2].size: 5000 nm cannot be; write a value from 1 to 100 nm",
        "whole.toml:15: layer[2].colour: unknown key 'colour'; known keys: name, size",
    ]


def test_one_table_of_a_list_has_the_line_of_its_key(tmp_path):
    with pytest.raises(RecordError) as error:
        read(tmp_path, 'label = "x"\n\n[[layer]]\nname = "a"\nsize = "-5 nm"\n')
    assert str(error.value) == "whole.toml:5: layer.size: -5 nm cannot be; write a value from 1 to 100 nm"


def test_python_hears_all_mistakes_at_once_too():
    with pytest.raises(RecordError) as error:
        made(field=3, count=0, part={"name": "odd", "size": "5 nm"}, share=object(), kind=5, temperature=Q([1, 2], "K"))
    assert str(error.value).split("\n") == [
        'Whole: field[1]: 3 has no unit; write "3 T"',
        'Whole: temperature: [1 2] kelvin is not a number; write "37 degC"',
        "Whole: share: object is not a number; write 0.5",
        "Whole: count: 0 cannot be; write a whole number from 1 to 1000000",
        'Whole: kind: 5 is not text; write "sphere" or "rod"',
        "Whole: part.name: an odd name; write an even one",
    ]
    with pytest.raises(RecordError, match='size: is missing; write size = "10 nm"'):
        Part(name="a", size=None)
    with pytest.raises(RecordError, match="size: 500 nm cannot be"):
        Part(name="a", size=Value(500, "nm"))
    with pytest.raises(RecordError, match="size: '5 kg' is not in a unit of nm"):
        Part(name="a", size=Value(5, "kg"))
    with pytest.raises(RecordError, match="field: an empty list"):
        made(field=[])


def test_a_catalogue_number_needs_its_source(tmp_path):
    table = {"name": "a", "size": "5 nm"}
    reader = Reader("a.toml", {}, sourced=True)
    assert build(Part, table, reader) is None
    assert str(reader.mistakes[0]) == (
        'a.toml: size: a number of the catalogue needs a source and a status; write source = "doi:..."'
    )
    reader = Reader("a.toml", {}, sourced=True)
    sized = build(Part, {**table, "size": {"value": "5 nm", "source": "doi:1", "status": "verified"}}, reader)
    assert (sized.size.source, sized.size.status) == ("doi:1", "verified")


def test_mistakes_cross_to_other_processes():
    with pytest.raises(RecordError) as error:
        made(field=3)
    again = pickle.loads(pickle.dumps(error.value))
    assert again.mistakes == error.value.mistakes
    assert str(again) == str(error.value)


# -------------------------------------------------------------------------------------------------- words


def test_words_of_messages():
    assert spoken(("formulation", 1, "core", "diameter")) == "formulation[2].core.diameter"
    assert shown("x" * 50) == f"'{'x' * 40}...'"
    assert shown("a\nb\x1b") == "'a\\nb\\x1b'"
    assert (shown(True), shown({}), shown([1]), shown(None)) == ("true", "a table", "a list", "NoneType")
    assert near("GOLD", ["gold", "silver"]) == "did you mean 'gold'?"
    assert near("zzz", ["gold"]) == ""


def test_every_number_of_a_record_is_walked():
    whole = made(layers=[Part(name="a", size="1 nm"), Part(name="b", size="2 nm")], filters={"Al": "3 mm"})
    assert numbers(whole) == {
        "field": 3.0,
        "temperature": 310.15,
        "filters.Al": 3.0,
        "layers[1].size": 1.0,
        "layers[2].size": 2.0,
    }


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(
    ["field", "temperature", "amount", "share", "count", "water", "kind", "label", "core", "filters", "part", "layer"]
)


@given(st.dictionaries(KEYS, JUNK, max_size=4))
def test_any_table_is_read_or_refused_line_by_line(table):
    reader = Reader("x.toml", {("field",): 1}, records.ids)
    whole = build(Whole, table, reader)
    assert (whole is None) == bool(reader.mistakes)
    for mistake in reader.mistakes:
        assert str(mistake).isprintable()
        assert len(str(mistake)) < 400


@given(st.dictionaries(KEYS, JUNK, max_size=3))
def test_any_python_value_is_taken_or_refused(given_):
    if "layer" in given_:
        given_["layers"] = given_.pop("layer")
    try:
        Whole(**given_)
    except RecordError as error:
        assert error.mistakes
