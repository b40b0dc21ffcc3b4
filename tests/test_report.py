"""The report as a file: complete, one piece, without a network, and nothing of a user's text is markup."""

import re
from html.parser import HTMLParser

import pytest
import report_case

from contrastphys import plots
from contrastphys.comparison import Comparison, compare
from contrastphys.report import content, render
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


def test_it_says_which_one_and_what_is_uncertain():
    lines = {line["term"]: line["items"] for line in content.brief(report_case.comparison())}
    assert lines["Most seen in MRI"][0].startswith("Iron oxide, 6 nm: 220×")
    assert lines["Most seen in MRI"][2] == "Their bands overlap: neither is surely first."
    assert "Most seen in CT" not in lines  # every margin there is below 1
    assert any("Gd-DOTA in CT: 0.2×" in item for item in lines["Not seen where needed"])


def test_a_band_that_holds_one_is_named():
    case = report_case.comparison()
    made = case.formulations[0].replace(needs=("xray",))
    limits = report_case._answer("gd", "xray", {"kvp": "120 kV"}, 1.0, 1.4, basis="Gd")
    lines = content.brief(Comparison(Study((made,)), tuple(limits)))
    assert {"term": "Could go either way", "items": ["Gd-DOTA in CT: 1.4×, band 0.7 to 2.8"]} in lines


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


def test_pictures_that_are_drawn_already_are_taken(text):
    case = report_case.comparison()
    names = plots.of_comparison(case)
    drawn = {f"{name}.svg": plots.draw(name, case)["svg"].encode() for name in names}
    assert render(case, drawn) == text
