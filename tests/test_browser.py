"""The report in a browser: it sorts, filters and opens by mouse and keyboard, fetches nothing, and text stays text.

Needs Chromium and its driver (Debian: apt-get install chromium chromium-driver) and the dependency group `browser`.
"""

import json
import shutil

import pytest
import report_case

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]

WIDTHS = (1280, 400, 360)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The path of the report of the comparison made by hand."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    report_case.comparison().report(path)
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    assert binary, "Chromium is missing: apt-get install chromium"
    assert driver, "its driver is missing: apt-get install chromium-driver"
    options = Options()
    options.binary_location = binary
    for flag in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-dev-shm-usage",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):  # fmt: skip
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = webdriver.Chrome(options=options, service=Service(driver))
    yield made
    made.quit()


@pytest.fixture
def opened(browser, page):
    """The report, freshly opened 1280 px wide."""
    resize(browser, 1280)
    for kind in ("browser", "performance"):
        browser.get_log(kind)
    browser.get(page.as_uri())
    return browser


def resize(browser, width: int, scheme: str = "light") -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def names(browser) -> list[str]:
    """Names of the rows shown, from the top."""
    return browser.execute_script(
        "return [...document.querySelectorAll('#comparison tbody tr')]"
        ".filter(r => r.style.display !== 'none').map(r => r.dataset.name)"
    )


def find(browser, css: str):
    from selenium.webdriver.common.by import By

    return browser.find_element(By.CSS_SELECTOR, css)


def test_nothing_leaves_the_page_and_the_console_is_silent(opened):
    for cell in ("button.cell.seen", "button.cell.undecided"):
        find(opened, cell).click()
        find(opened, "dialog button").click()
    asked = [
        entry["params"]["request"]["url"]
        for line in opened.get_log("performance")
        if (entry := json.loads(line["message"])["message"])["method"] == "Network.requestWillBeSent"
    ]
    assert asked
    assert [url for url in asked if not url.startswith("file:") or not url.endswith("/report.html")] == []
    assert opened.get_log("browser") == []


def test_labels_and_sources_with_html_stay_text(opened):
    assert opened.execute_script("return window.broken") is None
    assert report_case.HOSTILE in names(opened)
    assert report_case.HOSTILE in find(opened, "#comparison").text
    assert opened.execute_script("return document.querySelectorAll('script').length") == 1
    assert opened.execute_script("return document.querySelectorAll('h1 i, main b b, li b').length") == 0
    assert "<b>bold</b>" in opened.execute_script("return document.querySelector('main').textContent")
    drawn = opened.execute_script("return document.querySelector('#picture-margins svg').textContent")
    assert "<script>" in drawn
    assert find(opened, "#study").text.rstrip() == report_case.STUDY.rstrip()


def test_headings_sort_and_rows_without_a_number_stay_last(opened):
    study = names(opened)
    heading = find(opened, "th[data-key=mri] button")
    heading.click()
    assert names(opened)[:2] == ["Iron oxide, 6 nm", "Gd-DOTA"]
    assert find(opened, "th[data-key=mri]").get_attribute("aria-sort") == "descending"
    heading.click()
    assert names(opened)[:2] == ["Gd-DOTA", "Iron oxide, 6 nm"]
    find(opened, "th[data-key=name] button").click()
    assert names(opened) == opened.execute_script("return arguments[0].sort((a, b) => a.localeCompare(b))", list(study))
    opened.execute_script("document.getElementById('sort').value = ''; document.getElementById('sort')"
                          ".dispatchEvent(new Event('change'))")  # fmt: skip
    assert names(opened) == study


def test_filter_and_kind_narrow_the_table(opened):
    find(opened, "#filter").send_keys("iron")
    assert names(opened) == ["Iron oxide, 6 nm"]
    assert find(opened, "#count").text == "1 of 4 shown"
    find(opened, "#filter").clear()
    opened.execute_script("document.getElementById('kind').value = 'chelate'; document.getElementById('kind')"
                          ".dispatchEvent(new Event('change'))")  # fmt: skip
    assert names(opened) == ["Gd-DOTA"]


def test_a_cell_opens_its_chain_by_mouse_and_by_keyboard(opened):
    from selenium.webdriver.common.keys import Keys

    cell = find(opened, "button.cell[data-row=iron][data-modality=mri]")
    cell.click()
    dialog = find(opened, "#dialog")
    assert dialog.is_displayed()
    for part in ("Iron oxide, 6 nm", "225×", "112 to 450", "C computed", "field 7 T", "basis Fe", "doi:10.1000/model",
                 "outside <motional averaging>: order of magnitude", "In the target", "900 µmol/L"):  # fmt: skip
        assert part in dialog.text, part
    dialog.send_keys(Keys.ESCAPE)
    assert not dialog.is_displayed()
    assert opened.switch_to.active_element == cell
    for key in (Keys.ENTER, Keys.SPACE):
        cell.send_keys(key)
        assert dialog.is_displayed()
        dialog.send_keys(Keys.ESCAPE)


def test_opening_an_entry_moves_the_focus_into_it_and_closing_gives_it_back(opened):
    from selenium.webdriver.common.keys import Keys

    cell = find(opened, "button.cell[data-row=gd][data-modality=xray]")
    cell.send_keys(Keys.ENTER)
    inside = "return document.getElementById('dialog').contains(document.activeElement)"
    assert opened.execute_script(inside)
    for _ in range(6):  # a modal dialog keeps the tabulator on the page inside
        opened.switch_to.active_element.send_keys(Keys.TAB)
        assert opened.execute_script(f"{inside} || document.activeElement === document.body")
    find(opened, "dialog button").send_keys(Keys.ENTER)
    assert opened.switch_to.active_element == cell


def test_the_focus_is_seen(opened):
    from selenium.webdriver.common.keys import Keys

    for css in ("#filter", "th[data-key=mri] button", "button.cell.seen", "#copy"):
        find(opened, css).send_keys(Keys.SHIFT)  # focused as by keyboard
        drawn = opened.execute_script(
            "document.querySelector(arguments[0]).focus({focusVisible: true});"
            "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, parseFloat(s.outlineWidth)]",
            css,
        )
        assert drawn[0] != "none" and drawn[1] >= 2, css


def test_headings_sort_by_keyboard_and_an_empty_filter_says_so(opened):
    from selenium.webdriver.common.keys import Keys

    find(opened, "th[data-key=mri] button").send_keys(Keys.ENTER)
    assert names(opened)[0] == "Iron oxide, 6 nm"
    find(opened, "#filter").send_keys("no such thing")
    assert names(opened) == [] and find(opened, "#count").text == "0 of 4 shown"
    find(opened, "#filter").send_keys(Keys.CONTROL, "a")
    find(opened, "#filter").send_keys(Keys.DELETE)
    assert len(names(opened)) == 4


def test_the_study_is_copied_letter_by_letter(opened):
    """Into the clipboard where a page may write to it, else selected to copy by hand."""
    opened.execute_script(
        "window.kept = null;"
        "Object.defineProperty(navigator, 'clipboard', {configurable: true,"
        " value: {writeText: async text => { window.kept = text; }}})"
    )
    find(opened, "#copy").click()
    assert opened.execute_script("return window.kept") == report_case.STUDY
    assert find(opened, "#copied").text == "copied"
    opened.execute_script(
        "Object.defineProperty(navigator, 'clipboard', {configurable: true,"
        " value: {writeText: async () => { throw new Error('no'); }}})"
    )
    find(opened, "#copy").click()
    assert "keyboard" in find(opened, "#copied").text
    assert opened.execute_script("return getSelection().toString()").strip() == report_case.STUDY.strip()


def test_links_on_the_page_lead_somewhere(opened):
    lost = opened.execute_script(
        "return [...document.querySelectorAll('nav a')]"
        ".filter(a => !document.querySelector(a.getAttribute('href'))).length"
    )
    assert lost == 0
    assert opened.execute_script("return document.querySelectorAll('nav a').length") >= 7


def test_dark_pages_are_dark_and_pictures_follow(opened):
    seen = {}
    for scheme in ("light", "dark"):
        resize(opened, 1280, scheme)
        seen[scheme] = opened.execute_script(
            "const text = document.querySelector('#picture-limits svg text');"
            "return [getComputedStyle(document.body).backgroundColor, getComputedStyle(text).fill]"
        )
    assert luminance(seen["light"][0]) > 0.8 > 0.2 > luminance(seen["dark"][0])
    assert luminance(seen["light"][1]) < 0.2 < 0.6 < luminance(seen["dark"][1])


def test_print_shows_all_of_it_on_paper(opened):
    """Nothing wider than the sheet, no control, and what was folded but the long chains is open."""
    resize(opened, 718, "dark")  # A4 within margins of 1 cm, at 96 dpi
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        opened.execute_script("dispatchEvent(new Event('beforeprint'))")
        told = opened.execute_script(
            "const shown = e => e && getComputedStyle(e).display !== 'none';"
            "return {wide: document.documentElement.scrollWidth,"
            " ground: getComputedStyle(document.body).backgroundColor,"
            " tools: shown(document.querySelector('.tools')), nav: shown(document.querySelector('nav')),"
            " copy: shown(document.getElementById('copy')),"
            " folded: document.querySelectorAll('details:not(.formulation):not([open])').length,"
            " cut: [...document.querySelectorAll('#comparison td, #comparison th, figure')]"
            ".filter(e => e.getBoundingClientRect().right > innerWidth + 1).length}"
        )
        pdf = opened.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})
        opened.execute_script("dispatchEvent(new Event('afterprint'))")
    finally:
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert told["wide"] <= 718 and told["cut"] == 0
    assert luminance(told["ground"]) > 0.9
    assert not told["tools"] and not told["nav"] and not told["copy"]
    assert told["folded"] == 0
    assert len(pdf["data"]) > 50_000
    assert opened.execute_script("return document.querySelectorAll('details.points[open]').length") == 0


def test_a_refusal_says_why(opened):
    find(opened, "button.cell[data-row=iron][data-modality=photoacoustic]").click()
    assert "no absorption of magnetite in <optical/>" in find(opened, "#dialog").text


def test_every_control_is_reached_with_the_tabulator(opened):
    from selenium.webdriver.common.keys import Keys

    reached = []
    for _ in range(25):
        opened.switch_to.active_element.send_keys(Keys.TAB)
        here = opened.switch_to.active_element
        reached.append((here.tag_name, here.get_attribute("id") or here.get_attribute("class")))
    assert ("input", "filter") in reached and ("select", "sort") in reached
    assert any(tag == "button" and "cell" in name for tag, name in reached)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_never_scrolls_sideways_and_nothing_overlaps(opened, width, scheme):
    resize(opened, width, scheme)
    wide = opened.execute_script("return document.documentElement.scrollWidth")
    assert wide <= width
    boxes = opened.execute_script(
        "return [...document.querySelectorAll('#comparison tbody button.cell, #comparison tbody th')]"
        ".map(e => e.getBoundingClientRect()).map(r => [r.left, r.top, r.right, r.bottom])"
    )
    for i, (left, top, right, bottom) in enumerate(boxes):
        assert right <= width or width == 1280
        for left2, top2, right2, bottom2 in boxes[:i]:
            assert not (left < right2 - 1 and left2 < right - 1 and top < bottom2 - 1 and top2 < bottom - 1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(opened, scheme):
    """Contrast of at least 4.5 for table text in light and dark (WCAG 2 AA)."""
    resize(opened, 1280, scheme)
    pairs = opened.execute_script(
        "return ['button.cell.seen', 'button.cell.unseen', 'body', '.meta', 'figcaption', 'thead th'].map(s => {"
        " let e = document.querySelector(s), ink = getComputedStyle(e).color, ground;"
        " for (; e; e = e.parentElement) { ground = getComputedStyle(e).backgroundColor;"
        "  if (!/, 0\\)$/.test(ground)) break; } return [s, ink, ground]; })"
    )
    for where, ink, ground in pairs:
        light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (where, ink, ground)


def luminance(colour: str) -> float:
    parts = [float(p) / 255 for p in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
