"""Files in and out: every failure is one clear line, and nothing is left half-written."""

import os
import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contrastphys import records
from contrastphys.files import _key_lines, read_csv, read_text, read_toml, write_whole
from contrastphys.mistakes import RecordError


def mistakes(call, *arguments):
    with pytest.raises(RecordError) as error:
        call(*arguments)
    return str(error.value).split("\n")


# --------------------------------------------------------------------------------------------------- TOML


def test_text_is_utf8_with_or_without_mark(tmp_path):
    file = tmp_path / "a.toml"
    for start in (b"", b"\xef\xbb\xbf"):
        file.write_bytes(start + 'label = "Müller"\n'.encode())
        assert read_toml(file)[0] == {"label": "Müller"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", ":1: the file is empty; write a record or a study (see materials/README.md)"),
        (b"# only a remark\n\n", ":1: the file is empty; write a record or a study (see materials/README.md)"),
        (b"a = 1\nb = 'M\xfcller'\n", ":2: is not UTF-8 text; save the file as UTF-8"),
        ("a = 1".encode("utf-16"), ":1: is not UTF-8 text; save the file as UTF-8"),
        (b"a = 1\nb =\n", """:2: broken TOML near 'b ='; write key = "text" or key = 1.5"""),
        (b"a = human\n", """:1: broken TOML near 'a = human'; write key = "text" or key = 1.5"""),
        (b"[[core]\n", ":1: broken TOML near '[[core]'; write [name] or [[name]]"),
        (b"a = 1\na = 2\n", ":2: a key or table stands twice near 'a = 2'; keep one of them"),
        (b"[a]\nb = 1\n[a]\n", ":3: a key or table stands twice near '[a]'; keep one of them"),
        (b'a = "x\x1b[2Jy"\n', """:1: broken TOML near 'a = "x\\x1b[2Jy"'; write key = "text" or key = 1.5"""),
        (b"a = " + b"[" * 5000 + b"]" * 5000, '; write key = "text" or key = 1.5'),
        (b"a = 1" + b"0" * 5000, '; write key = "text" or key = 1.5'),
        (b"a = 2024-13-45\n", """:1: broken TOML near 'a = 2024-13-45'; write key = "text" or key = 1.5"""),
    ],
)
def test_broken_toml_is_one_line(tmp_path, content, says):
    file = tmp_path / "a.toml"
    file.write_bytes(content)
    (line,) = mistakes(read_toml, file)
    assert line.startswith(file.as_posix())
    assert line.endswith(says)
    assert len(line) < 250 + len(file.as_posix())


def test_what_cannot_be_read(tmp_path):
    assert mistakes(read_toml, tmp_path) == [f"{tmp_path.as_posix()}: is a folder; give a file"]
    (tmp_path / "study.toml").write_text("a = 1", encoding="utf-8")
    missing = tmp_path / "sudy.toml"
    assert mistakes(read_toml, missing) == [f"{missing.as_posix()}: no such file; did you mean 'study.toml'?"]
    nowhere = tmp_path / "no" / "such.toml"
    assert mistakes(read_toml, nowhere) == [f"{nowhere.as_posix()}: no such file; check the path"]
    (line,) = mistakes(read_text, tmp_path / "a\0b")
    assert line.endswith("cannot be read; check the path and its permissions")


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="needs a device without an end")  # noqa: PTH110
def test_a_device_without_an_end_is_not_read_forever():
    from pathlib import Path

    assert mistakes(read_text, Path("/dev/zero")) == ["/dev/zero: is larger than 5 MB; give a record or a table"]


EVERY_KEY = '''title = "a"
text = """
hidden = 1
[hidden]
"""
[scenario]
species = "human"
target.volume = "x"
"quoted key" = 1
[protocol.mri]
field = [
  "1 T",
  ["x"]
]
tr = 5
[[formulation]]
id = "a"
core = { material = "gold" }
[[formulation.payload]]
agent = "p"
[[formulation.payload]]
agent = "q"
[[formulation]]
id = "b"
[[formulation.payload]]
agent = "r"
[formulation.limits]
price = 1
'''


def test_lines_of_keys():
    lines = _key_lines(EVERY_KEY)
    source = EVERY_KEY.split("\n")
    expected = {
        ("title",): "title",
        ("scenario",): "[scenario]",
        ("scenario", "species"): "species",
        ("scenario", "target", "volume"): "target.volume",
        ("scenario", "quoted key"): '"quoted key"',
        ("protocol", "mri"): "[protocol.mri]",
        ("protocol", "mri", "field"): "field",
        ("protocol", "mri", "tr"): "tr",
        ("formulation", 0): "[[formulation]]",
        ("formulation", 0, "core"): "core",
        ("formulation", 0, "payload", 0, "agent"): 'agent = "p"',
        ("formulation", 0, "payload", 1, "agent"): 'agent = "q"',
        ("formulation", 1, "id"): 'id = "b"',
        ("formulation", 1, "payload", 0, "agent"): 'agent = "r"',
        ("formulation", 1, "limits", "price"): "price",
    }
    for path, start in expected.items():
        assert source[lines[path] - 1].startswith(start), path
    assert ("hidden",) not in lines


@given(
    st.dictionaries(
        st.text("abc-_0", min_size=1, max_size=3),
        st.dictionaries(st.text("xyz", min_size=1, max_size=2), st.integers(0, 9), max_size=3),
        max_size=5,
    )
)
def test_every_key_of_a_plain_file_has_its_line(tables):
    text = "\n".join(
        line for name, keys in tables.items() for line in (f"[{name}]", *(f"{key} = {n}" for key, n in keys.items()))
    )
    lines, source = _key_lines(text), text.split("\n")
    assert tomllib.loads(text) == tables
    for name, keys in tables.items():
        assert source[lines[(name,)] - 1] == f"[{name}]"
        for key, number in keys.items():
            assert source[lines[(name, key)] - 1] == f"{key} = {number}"


# ---------------------------------------------------------------------------------------------------- CSV

TABLE = """# source: somebody
# source: somebody else
# licence: CC0
# note: made up

wavelength [nm],n,k,name
400,1.5,0.1,a
500,1.6,,b
"""


def test_a_table_has_columns_units_and_a_source(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text(TABLE, encoding="utf-8")
    table = read_csv(file, needs=("wavelength", "k"))
    assert table.units == {"wavelength": "nm", "n": "", "k": "", "name": ""}
    assert (table.source, table.licence, table.note) == ("somebody; somebody else", "CC0", "made up")
    assert table["n"].tolist() == [1.5, 1.6]
    assert np.isnan(table["k"][1])
    assert table["name"] == ["a", "b"]
    assert len(table) == 2
    assert table.rows()[0] == {"wavelength": 400.0, "n": 1.5, "k": 0.1, "name": "a"}
    with pytest.raises(KeyError, match="has no column 'eps': it has wavelength, n, k, name"):
        table["eps"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", [":1: the table is empty; write a header such as 'wavelength [nm],n,k'"]),
        ("# source: x\n", [":1: the table is empty; write a header such as 'wavelength [nm],n,k'"]),
        ("wavelength [nm],n,k\n", [":1: the table has no rows; write numbers below the header"]),
        ("wavelength [nm],n\n400,1\n", [":1: k: column 'k' is missing; write a header with wavelength, k"]),
        ("wavelenght [nm],k\n400,1\n", [":1: wavelength: column 'wavelength' is missing; did you mean 'wavelenght'?"]),
        ("wavelength [nm],k,k\n400,1,2\n", [":1: k: column 'k' stands twice; give each column a name of its own"]),
        ("wavelength [nm],,k\n400,1,2\n", [":1: a column has no name; give each column a name of its own"]),
        (
            "wavelength [nm],k\n400,1,5\n410\n",
            [
                ":2: 3 entries for 2 columns; write one for each, with a decimal point",
                ":3: 1 entry for 2 columns; write one for each, with a decimal point",
            ],
        ),
        (
            "wavelength [nm],k [1]\n400,x\n# remark\n410,nan\n420,1_0\n430,inf\n",
            [
                ":2: k: 'x' is no finite number; write one, or leave it empty",
                ":4: k: 'nan' is no finite number; write one, or leave it empty",
                ":5: k: '1_0' is no finite number; write one, or leave it empty",
                ":6: k: 'inf' is no finite number; write one, or leave it empty",
            ],
        ),
    ],
)
def test_broken_tables(tmp_path, content, says):
    file = tmp_path / "t.csv"
    file.write_text(content, encoding="utf-8")
    assert mistakes(read_csv, file, ("wavelength", "k")) == [f"{file.as_posix()}{line}" for line in says]


def test_wavelengths_come_in_nanometres_whatever_the_header_says(tmp_path):
    file = tmp_path / "gold.csv"
    file.write_text("wavelength [um],n,k\n0.4,1.5,2\n0.5,1.6,2\n", encoding="utf-8")
    assert records.optical_table(file).wavelength.tolist() == [400, 500]
    for header, rows, says in [
        (
            "wavelength [eV]",
            "1,1\n2,1\n",
            "wavelength: 'eV' is no unit of length; write 'wavelength [nm]' in the header",
        ),
        ("wavelength", "1,1\n2,1\n", "wavelength: '' is no unit of length; write 'wavelength [nm]' in the header"),
        ("wavelength [nm]", "2,1\n1,1\n", "wavelength: does not rise from row to row; sort the rows"),
        ("wavelength [nm]", "1,1\n,1\n", "wavelength: does not rise from row to row; sort the rows"),
        ("wavelength [nm]", "1,1\n2,\n", "k: has empty entries; write a number in every row"),
        ("energy [keV]", "1,1\n2,1\n", "wavelength: column 'wavelength' is missing; write a header with wavelength"),
    ]:
        file.write_text(f"{header},k\n{rows}", encoding="utf-8")
        (line,) = mistakes(records.optical_table, file)
        assert says in line


def test_every_shipped_table_reads_and_names_its_source():
    tables = sorted(records.shipped_folder().rglob("*.csv"))
    assert tables
    for file in tables:
        table = read_csv(file)
        assert table.source, file
        assert len(table) > 0
    for file in (records.shipped_folder() / "optical").glob("*.csv"):
        assert records.optical_table(file).wavelength.size > 1


# ------------------------------------------------------------------------------------------------ writing


def test_written_whole_or_not_at_all(tmp_path, monkeypatch):
    file = tmp_path / "out.txt"
    write_whole(file, "Müller\n")
    assert file.read_bytes() == "Müller\n".encode()
    write_whole(file, b"\x00\x01")
    assert file.read_bytes() == b"\x00\x01"

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    (line,) = mistakes(write_whole, file, "new")
    assert line.endswith("out.txt: the disk is full; give a folder you may write to, with space in it")
    assert file.read_bytes() == b"\x00\x01"
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


def test_lines_are_written_as_they_are_made_or_not_at_all(tmp_path):
    file = tmp_path / "out.txt"
    write_whole(file, (f"{word}\n" for word in ("Müller", "Maier")))
    assert file.read_text("utf-8") == "Müller\nMaier\n"

    def torn():
        yield "half\n"
        raise ValueError("no second half")

    with pytest.raises(ValueError, match="no second half"):
        write_whole(file, torn())
    assert file.read_text("utf-8") == "Müller\nMaier\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


def test_a_folder_that_cannot_be_written(tmp_path):
    (line,) = mistakes(write_whole, tmp_path / "none" / "out.txt", "x")
    assert line.endswith("out.txt: cannot be written; give a folder you may write to, with space in it")
    (tmp_path / "folder").mkdir()
    (line,) = mistakes(write_whole, tmp_path / "folder", "x")
    assert "cannot be written" in line
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


# ------------------------------------------------------------------------------------------- user folders


def test_a_folder_of_ones_own_that_is_none(tmp_path, monkeypatch):
    missing = tmp_path / "typo"
    (line,) = mistakes(records.use_folder, missing)
    assert line == f"{missing.as_posix()}: is not a folder; give a folder of records"
    (tmp_path / "agent").mkdir()
    (line,) = mistakes(records.use_folder, tmp_path)
    assert line == (
        f"{tmp_path.as_posix()}: holds none of the folders agents, cores, chelates, gases, media, optical, spectra, "
        "published, studies; give a folder of records"
    )
    monkeypatch.setenv("CONTRASTPHYS_MATERIALS", str(missing))
    records.forget()
    try:
        (line,) = mistakes(records.folders)
        assert line == (
            f"{missing.as_posix()}: CONTRASTPHYS_MATERIALS: is not a folder; "
            "give a folder of records, or unset CONTRASTPHYS_MATERIALS"
        )
    finally:
        monkeypatch.undo()
        records.forget()


def test_a_record_of_ones_own_comes_first(tmp_path, monkeypatch):
    (tmp_path / "cores").mkdir()
    own = 'id = "gold"\nformula = "Au"\nmetal = "Au"\nsource = "own"\nstatus = "user"\n'
    (tmp_path / "cores" / "gold.toml").write_text(own + 'density = "19 g/cm^3"\n', encoding="utf-8")
    monkeypatch.setenv("CONTRASTPHYS_MATERIALS", str(tmp_path))
    records.forget()
    try:
        assert records.material("gold").density.number == pytest.approx(19000)
        assert records.material("magnetite").metal == "Fe"
        assert records.ids("cores").count("gold") == 1
    finally:
        monkeypatch.undo()
        records.forget()


@pytest.mark.parametrize("name", ["../agents/gadoterate", "/etc/passwd", "", "gold.toml", "a" * 500, "gold\n", ".."])
def test_a_name_is_no_path(name):
    with pytest.raises(ValueError, match="no record '"):
        records.find("cores", name)
