"""The report as a file: complete, one piece, without a network, and nothing of a user's text is markup."""

import re
from html.parser import HTMLParser

import pytest
import report_case

from contrastphys import plots
from contrastphys.comparison import Comparison, compare
from contrastphys.formulation import Formulation, load
from contrastphys.provenance import Cell, Flag, Refusal, Value
from contrastphys.report import answer, content, render
from contrastphys.study import Study


class Page(HTMLParser):
    """Elements, ids, links and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(text)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for key, value in attributes:
            if key == "id":
                self.ids.append(value)
            if key in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
                self.links.append((tag, key, value))

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def text() -> str:
    return render(report_case.comparison())


@pytest.fixture(scope="module")
def page(text) -> Page:
    return Page(text)


def test_it_is_one_file_without_a_network(text, page):
    for tag, key, value in page.links:
        link = tag == "a" and key == "href" and value.startswith("https://doi.org/10.")
        assert link or value.startswith(("#", "data:")), (tag, key, value)
    assert not {"link", "img", "iframe", "object", "embed", "base"} & set(page.tags)
    assert not re.search(r"@import|url\((?!#|&#)", text)
    assert "default-src 'none'" in text
    assert len(text.encode()) < 3_000_000


def test_ids_are_unique_though_every_picture_has_its_own(page):
    assert len(page.ids) == len(set(page.ids))


def test_pictures_are_inlined_without_prolog_and_take_the_colours_of_the_page(text):
    assert text.count("<svg ") == len(plots.of_comparison(report_case.comparison()))
    assert "<?xml" not in text and "<!DOCTYPE svg" not in text and "<metadata" not in text
    assert "var(--ink)" in text[text.index("<svg ") :]
    for own in ("#1b1b1f", "#fefefe"):
        assert own not in text[text.index("<svg ") : text.index("From dose to margin")]


def test_markup_of_a_user_is_text(text, page):
    assert page.tags.count("script") == 1
    assert report_case.HOSTILE in page.text
    assert "<script>window.broken" not in text
    assert "By hand <i>and</i> bold" in page.text
    assert "</pre><script>window.broken=2</script>" in page.text


def test_every_number_has_its_chain(page):
    for id in ("chain-mri-gd", "chain-xray-gd", "chain-photoacoustic-iron", "dose-bare"):
        assert id in page.ids
    for part in ("M measured", "A assumed", "37 °C", "mM⁻¹ s⁻¹", "no absorption of magnetite in <optical/>"):
        assert part in page.text


def test_sources_hold_the_reviews_of_the_chart(page):
    assert "doi:10.7150/thno.62479" in page.text
    assert "ranges of reviews" in page.text


def test_the_run_is_in_the_head(text):
    assert '<meta name="run" content="0123456789ab">' in text


def words(lines: list) -> dict[str, list[str]]:
    """Entries of the answer as plain text by their term."""
    return {line["term"]: [f"{item['lead']}: {item['text']}".lstrip(": ") for item in line["items"]] for line in lines}


def test_it_says_which_one_and_why():
    lines = words(answer.picks(report_case.comparison()))
    assert lines["For MRI"] == [
        "Iron oxide, 6 nm: 220× at 7 T (110 to 450), computed. 900 µM Fe in the target, seen from 4 µM on.",
        "Next Gd-DOTA, 70× at 7 T (35 to 140), measured; the bands overlap: either may be first.",
    ]
    assert "For CT" not in lines  # every margin there is below 1


def test_the_dose_behind_a_pick_is_told_with_its_standing():
    lines = words(answer.picks(compare(["gadoterate"])))
    assert lines["For MRI"][0].endswith("; dose 0.1 mmol/kg Gd (verified).")


def test_it_says_what_is_uncertain():
    lines = words(answer.doubts(report_case.comparison()))
    assert any(item.startswith("Gd-DOTA in CT: 0.2× at 120 kV (0.1 to 0.4)") for item in lines["Not seen where needed"])
    real = words(answer.doubts(compare(["gadoterate", "gold-sphere-40nm"])))
    assert real["Moves the picks most"][0].startswith("Gadoterate (Dotarem) in MRI: ")
    assert "20 %" in real["Moves the picks most"][0] and "×" in real["Moves the picks most"][0]
    assert any("blood pool" in item for item in real["Behind every margin"])


def test_a_pick_stays_within_its_limits():
    """A dose above the stated maximum comes after one within, however wide its margin."""
    dosed = load("icg").replace(dose={"value": "50 mg/kg", "basis": "compound"})
    rod = load("gold-nanorod-41x10nm").replace(dose={"value": "1 mg/kg", "basis": "Au"})
    result = compare(Study((dosed, rod)))
    ranked = result.best_in("photoacoustic")
    assert [f.id for f, _ in ranked] == ["gold-nanorod-41x10nm", "icg"]
    assert ranked[0][1].value < ranked[1][1].value
    assert words(answer.doubts(result))["Outside a stated limit"][0].startswith("Indocyanine green: dose")


def test_a_band_that_holds_one_is_named():
    case = report_case.comparison()
    made = case.formulations[0].replace(needs=("xray",))
    limits = report_case._answer("gd", "xray", {"kvp": "120 kV"}, 1.0, 1.4, basis="Gd")
    lines = words(answer.doubts(Comparison(Study((made,)), tuple(limits))))
    assert lines["Could go either way"] == ["Gd-DOTA in CT: 1.4× at 120 kV (0.7 to 2.8), computed: the band holds 1×"]


def test_what_reaches_the_page_in_short_is_told_in_few_lines():
    many = tuple(
        Formulation(id=f"g{i}", kind="chelate", molecule=report_case.GD, needs=("ultrasound",)) for i in range(30)
    )
    lines = words(answer.doubts(Comparison(Study(many), ())))
    assert len(lines["Cannot be decided"]) == 7 and lines["Cannot be decided"][-1] == "and 24 more"


def test_the_headline_and_the_picks_name_the_same(page):
    result = report_case.comparison()
    first = result.best_in("mri")[0][0].name
    assert f"MRI: {first} (" in answer.headline(result)
    assert f"{first}" in page.text


def test_dois_are_links_and_nothing_else_is():
    shown = str(content.linked('see doi:10.1000/a_b(1), <b> and javascript:alert(1) doi:10.1000/"onload'))
    assert '<a href="https://doi.org/10.1000/a_b(1" ' in shown or '<a href="https://doi.org/10.1000/a_b(1)" ' in shown
    assert "&lt;b&gt;" in shown and "<b>" not in shown
    assert 'href="javascript' not in shown and '"onload' not in shown


def test_a_comparison_of_catalogue_agents_shows_a_study_to_start_from():
    result = compare(["gadoterate", "sonovue"])
    assert content.study_text(result) == '[[formulation]]\nuse = "gadoterate"\n\n[[formulation]]\nuse = "sonovue"\n'
    machines = {m["name"]: m["settings"] for m in content.machines(result)}
    assert set(machines) == {"Scenario", "MRI", "CT", "Ultrasound"}
    assert any(line["origin"] == "default" for line in machines["MRI"])


def test_a_comparison_without_cells_still_reports():
    empty = Comparison(Study(report_case.formulations(), title="Nothing"), ())
    assert "No formulation has a dose" in render(empty)


@pytest.mark.slow
def test_pictures_that_are_drawn_already_are_taken(text):
    case = report_case.comparison()
    names = plots.of_comparison(case)
    drawn = {f"{name}.svg": plots.draw(name, case)["svg"].encode() for name in names}
    assert render(case, drawn) == text


# ------------------------------------------------------------------------------------- nothing of a user is markup

NASTY = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]><script>alert(1)</script><![CDATA[",
    "</style><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</textarea></pre></title><b>",
    "javascript:alert(1)",
    "{{ 7*7 }}{% raw %}",
    "&lt;b&gt; &amp;amp; \u202e\u2028 \x00",
]


def everywhere(text: str) -> Comparison:
    """A comparison that has a text in every place a user or a record can write one."""
    row = {"quantity": "r1", "value": 3.6, "unit": "1/(mM*s)", "per": "Gd", "field": "1.5 T", "source": text}
    made = Formulation(
        id="gd", label=text, kind="chelate", molecule=report_case.GD, source=text, status="assumed", note=text,
        needs=("mri", "xray"), measured=[row], dose={"value": {"value": "0.1 mmol/kg", "source": text}, "basis": "Gd"},
    )  # fmt: skip
    flag = Flag(text, text, "warn")
    limit = Value(
        0.05, "mmol/L", low=0.02, high=0.1, source=text, status="computed", letter="C", flags=(flag,), note=text
    )
    ratio = Value(28.0, "1", low=14.0, high=70.0, source=text, status="computed", letter="C", flags=(flag,))
    conditions = {"field": "3 T", "basis": text, text: text, "medium": text}
    cells = (
        Cell("gd", "dose", "tissue_concentration", {"species": text, "basis": text, "from": text}, 1.4, "mmol/L",
             letter="A", status="assumed", source=text, flags=(flag,)),
        Cell.of("gd", "mri", "c_min", conditions, limit),
        Cell.of("gd", "mri", "margin", conditions, ratio),
        Cell("gd", "mri", text, {"field": text}, 1.0, text, letter="C", source=f"doi:10.1000/{text}"),
        Cell.refused("gd", "xray", "c_min", {"kvp": text}, Refusal(text, text)),
    )  # fmt: skip
    return Comparison(
        Study((made,), title=text, text=text), cells, run="0123456789ab", made="2026-01-02T03:04:05+00:00"
    )


@pytest.fixture(scope="module")
def plain() -> Page:
    return Page(render(everywhere("plain"), {}))


@pytest.mark.parametrize("text", NASTY)
def test_no_text_of_a_user_adds_an_element_or_an_attribute(text, plain):
    """Page for page the same elements, ids and links as with a harmless word, but for links of DOIs."""
    shown = render(everywhere(text), {})
    page = Page(shown)
    assert page.tags.count("script") == 1 and page.tags.count("style") == plain.tags.count("style")
    assert sorted(set(page.tags)) == sorted(set(plain.tags))
    for tag, key, value in page.links:
        assert (tag == "a" and value.startswith("https://doi.org/10.")) or value.startswith("#"), (tag, key, value)
    assert not re.search(r"<[^>]*\son[a-z]+\s*=", re.sub(r'"[^"]*"', '""', shown))
    assert len(page.ids) == len(set(page.ids))
    assert "49" not in page.text or text != NASTY[9]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", ']]>--><b>"><svg onload=a()>'])
def test_pictures_as_files_hold_text_only(text):
    import xml.etree.ElementTree as tree

    for name in ("margins", "limits", "relaxivity"):
        root = tree.fromstring(plots.draw(name, everywhere(text))["svg"])
        found = {element.tag.split("}")[-1] for element in root.iter()}
        assert not found & {"script", "foreignObject", "iframe", "image", "b", "animate", "a"}, found
        for element in root.iter():
            assert not any(key.startswith("on") for key in element.attrib)


@pytest.mark.parametrize(
    "source",
    ["javascript:alert(1)", "https://doi.org.evil.example/10.1000/x", "doi:javascript:alert(1)", "data:text/html,x",
     "http://evil.example/doi:10.1/x"],
)  # fmt: skip
def test_only_dois_become_links_and_all_lead_to_doi_org(source):
    shown = str(content.linked(source))
    assert "href" not in shown or 'href="https://doi.org/10.' in shown
    assert "javascript:" not in re.sub(r">[^<]*<", "><", f">{shown}<")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t=", "\r="])
def test_no_entry_of_the_table_starts_a_formula(sign):
    """Spreadsheets run what begins with these signs, numbers apart."""
    import csv
    import io

    result = everywhere(f'{sign}HYPERLINK("http://evil.example")')
    for row in list(csv.reader(io.StringIO(result.csv())))[1:]:
        for entry in row:
            formula = entry[:1] in ("=", "+", "-", "@", "\t", "\r", "\n")
            assert not formula or re.fullmatch(r"-?[0-9.]+(e[-+][0-9]+)?", entry), entry


def test_the_csv_of_a_negative_number_stays_a_number():
    cell = Cell("gd", "mri", "sign", {}, -1.0, "1", letter="C")
    last = Comparison(everywhere("plain").study, (cell,)).csv().splitlines()[-1]
    assert ",-1," in last
