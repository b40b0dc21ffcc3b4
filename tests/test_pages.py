"""Pages of the catalogue: every number of every record, as text and as Markdown, in files written whole."""

import re

import pytest

from contrastphys import pages, records
from contrastphys.cli import main
from contrastphys.provenance import Refusal
from contrastphys.schema import values
from contrastphys.wording import unit_text

ALL = [(folder, name) for folder in pages.FOLDERS for name in records.ids(folder)]


def run(capsys, *words):
    code = main(list(words))
    out, err = capsys.readouterr()
    return code, out, err


def cells(line):
    return re.split(r"(?<!\\)\|", line.strip())[1:-1]


@pytest.mark.parametrize(("folder", "name"), ALL, ids=lambda word: str(word))
def test_every_number_stands_on_its_page(folder, name):
    page = pages.sheet(folder, name)
    text, marked = pages.text(page), pages.markdown(page)
    assert text.startswith(f"{page.name} ({name}), ")
    assert marked.startswith("# ")
    held = [value for _, value in values(page.record)]
    shown = [row.held for row in page.rows] + [m.value for m, _ in page.measured]
    conditions = sum(
        value is not None
        for m, _ in page.measured
        for value in (m.field, m.temperature, m.kvp, m.wavelength, m.frequency)
    )
    missing = [v for v in held if v not in shown]
    assert len(missing) <= conditions  # what is left are the conditions of measurements, in their line
    for value in held:
        if value in shown:
            number = f"{value.number:g}"
            assert (value.alternatives or number in text) and unit_text(value.unit) in text
            assert value.source in text and pages.plain(value.source) in marked
    if page.record.note:
        assert page.record.note in text and pages.plain(page.record.note) in marked


@pytest.mark.parametrize(("folder", "name"), ALL, ids=lambda word: str(word))
def test_markdown_tables_are_whole_and_links_lead_somewhere(folder, name):
    lines = pages.markdown(pages.sheet(folder, name)).splitlines()
    for i, line in enumerate(lines):
        if line.startswith("| ") and lines[i + 1 :] and lines[i + 1].startswith("| --- "):
            width = len(cells(line))
            for row in lines[i:]:
                if not row.startswith("|"):
                    break
                assert len(cells(row)) == width, row
    for target in re.findall(r"\]\(\.\./([^)]+)\.md\)", "\n".join(lines)):
        where, _, other = target.partition("/")
        assert other in records.ids(where)


def test_words_of_a_record_stay_words(tmp_path, capsys):
    (tmp_path / "cores").mkdir()
    evil = "<img src=x onerror=alert(1)> | [link](javascript:x) *bold*"
    record = f'id = "odd"\nlabel = "{evil}"\nformula = "SiO2"\ndensity = "2 g/cm^3"\n'
    record += 'source = "own | lab"\nstatus = "verified"\n'
    (tmp_path / "cores" / "odd.toml").write_text(record, "utf-8")
    try:
        code, out, _ = run(capsys, "show", "odd", "--markdown", "--materials", str(tmp_path))
    finally:
        records._folders.clear()
        records.forget()
    assert code == 0
    assert "<img" not in out and "](javascript" not in out.replace("\\]", "")
    assert r"own \| lab" in out


def test_show_takes_every_kind_of_record(capsys):
    for name, word in (("gold", "core material"), ("C3F8", "gas or liquid"), ("plasma", "medium")):
        code, out, _ = run(capsys, "show", name)
        assert code == 0 and word in out.splitlines()[0]
    code, both, _ = run(capsys, "show", "gadoterate")  # the agent, then the parameters of its complex
    assert (
        "counted by Gd" in both and "complex" in both and "tau_M = 122 ns [unverified]" in both and "ion Gd3+" in both
    )
    code, one, _ = run(capsys, "show", "chelates/gadoterate")
    assert "counted by" not in one and "tau_M" in one
    code, out, err = run(capsys, "show", "cores/golf")
    assert (code, out) == (2, "") and "did you mean 'gold'?" in err
    assert run(capsys, "show", "shelves/gold")[0] == 2
    with pytest.raises(Refusal, match="contrastphys list"):
        pages.sheets("\x1b[2J nothing like it")


def test_the_catalogue_is_written_as_pages(capsys, tmp_path):
    out = tmp_path / "pages"
    code, told, err = run(capsys, "list", "--markdown", "-o", str(out))
    assert code == 0, err
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*"))
    assert {path for path in files if path.endswith(".md")} == {f"{f}/{n}.md" for f, n in ALL} | {"index.md"}
    assert not [path for path in files if "/." in path or path.startswith(".")]  # nothing half-written is left
    index = (out / "index.md").read_text("utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", index):
        assert (out / target).is_file()
    assert len(re.findall(r"\]\(", index)) == len(ALL)
    assert f"{len(ALL) + 1} files" in told
    again = {path: (out / path).read_bytes() for path in files if path.endswith(".md")}
    run(capsys, "list", "--markdown", "-o", str(out))
    assert again == {path: (out / path).read_bytes() for path in again}


def test_the_list_as_markdown_on_the_screen(capsys):
    code, out, _ = run(capsys, "list", "--markdown", "--kind", "bubble")
    assert code == 0 and "`sonovue`" in out and "gadoterate" not in out and "](" not in out
    code, out, err = run(capsys, "list", "-o", "somewhere")
    assert (code, out) == (2, "") and "add --markdown" in err


def test_the_counts_of_the_index_are_those_of_the_records():
    page = pages.sheet("agents", "ferumoxytol")
    stated = [
        v for key, v in values(page.record) if v.source != "default" and not re.search(r"\]\.(field|temp|kvp)", key)
    ]
    assert page.numbers == (len(stated), sum(v.status == "verified" for v in stated))
