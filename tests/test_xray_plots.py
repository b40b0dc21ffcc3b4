"""Pictures of X-ray results: what is drawn is what the functions answer, with units on the axes and nothing cut."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest

from contrastphys.plots import xray as pictures
from contrastphys.provenance import Refusal
from contrastphys.units import Q
from contrastphys.xray import decompose, dual_voltage, enhancement, match, spectrum
from contrastphys.xray.absorbers import Absorber

RAY = {"water": "8 cm", "I": "20 mg/cm^2", "Ta": "20 mg/cm^2"}
VOLTS = Q([80, 100, 120], "kV")


def drawn(ax):
    """The figure once rendered, and every text in it that is seen, with its box in pixels."""
    fig = ax.figure
    fig.savefig(io.BytesIO(), format="png")
    renderer = fig.canvas.get_renderer()
    texts = [text for legend in fig.legends for text in legend.texts]
    for panel in fig.axes:
        texts += [panel._left_title, panel.xaxis.label, panel.yaxis.label, *panel.texts]
        texts += panel.get_legend().texts if panel.get_legend() else []
        for axis in (panel.xaxis, panel.yaxis):
            low, high = sorted(axis.get_view_interval())
            texts += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    seen = [text for text in texts if text.get_text().strip() and text.get_visible()]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in seen]
    return fig, [(words, box) for words, box in boxes if box.width > 0]


def nothing_overlaps(ax):
    fig, boxes = drawn(ax)
    width, height = fig.get_size_inches() * fig.dpi
    for name, box in boxes:
        assert box.x0 > -1 and box.y0 > -1 and box.x1 < width + 1 and box.y1 < height + 1, f"'{name}' is cut"
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        apart = a.x1 <= b.x0 + 0.5 or b.x1 <= a.x0 + 0.5 or a.y1 <= b.y0 + 0.5 or b.y1 <= a.y0 + 0.5
        assert apart, f"'{one}' lies on '{other}'"


def test_attenuation_jumps_at_the_edges_it_names():
    ax = pictures.attenuation(("I", "Au", "water"))
    named = [text.get_text() for text in ax.texts]
    assert named == ["I 33.2", "Au 80.7"]
    x, y = ax.lines[0].get_data()
    below, above = y[np.searchsorted(x, 33.169 - 8e-3)], y[np.searchsorted(x, 33.169 + 8e-3)]
    assert above > 5 * below
    beam = ax.figure.axes[1]
    assert "[% per keV]" in beam.get_ylabel() and "[keV]" in beam.get_xlabel() and "[cm²/g]" in ax.get_ylabel()
    nothing_overlaps(ax)


def test_neighbouring_edges_are_named_one_above_the_other():
    nothing_overlaps(pictures.attenuation(("Hf", "Ta", "W", "Pt", "Au", "tantalum-oxide-10nm")))


def test_enhancement_draws_what_the_door_answers():
    ax = pictures.enhancement(("I", "Au"), VOLTS, Q([0, 32], "cm"))
    panels = ax.figure.axes
    assert len(panels) == 4
    for place, size in ((0, "0 cm"), (1, "32 cm")):
        for line, element in zip(panels[place].lines, ("I", "Au"), strict=True):
            door = [enhancement(element, v, size) for v in VOLTS]
            assert line.get_ydata() == pytest.approx([k.slope for k in door], rel=1e-9)
            band = panels[place].collections[("I", "Au").index(element)].get_paths()[0].vertices
            at_120 = band[np.isclose(band[:, 0], 120), 1]
            assert (at_120.min(), at_120.max()) == pytest.approx((door[-1].low, door[-1].high), rel=1e-9)
            below = panels[2 + place].lines[("I", "Au").index(element)]
            assert below.get_ydata() == pytest.approx([k.per_mole.magnitude for k in door], rel=1e-9)
    assert "[HU mL/mg" in panels[0].get_ylabel() and "[HU/mM" in panels[2].get_ylabel()
    nothing_overlaps(ax)


def test_match_draws_what_the_door_answers():
    ax = pictures.mass_to_match(("Au", "Ta"), kvp=VOLTS, sizes="20 cm")
    lines = [line for line in ax.lines if len(line.get_xdata()) == 3]
    for line, element in zip(lines, ("Au", "Ta"), strict=True):
        found = [match(element, kvp=v) for v in VOLTS]
        assert line.get_ydata() == pytest.approx([m.concentration for m in found], rel=1e-9)
        band = ax.collections[("Au", "Ta").index(element)].get_paths()[0].vertices
        at_80 = band[np.isclose(band[:, 0], 80), 1]
        assert (at_80.min(), at_80.max()) == pytest.approx((found[0].low, found[0].high), rel=1e-9)
    nothing_overlaps(pictures.mass_to_match())
    with pytest.raises(Refusal, match="does not enhance"):
        pictures.mass_to_match([Absorber("C", (("C", 1.0),), 3.0, "carbon")], kvp=VOLTS)


@pytest.fixture(scope="module")
def bounds():
    beam = spectrum("120 kV", bin_width="1 keV")
    return pictures.bounds(RAY, "Ta", beam, bins=(3, 4), responses={"ideal": {}})


def test_bounds_are_smallest_at_the_edge_and_fall_with_bins(bounds):
    left, right = bounds.figure.axes
    tantalum = left.lines[1]
    x, y = tantalum.get_data()
    assert abs(x[np.nanargmin(y)] - 67.416) < 1.5
    three, four = right.lines[1].get_ydata()
    assert four <= three
    assert np.nanmin(y) == pytest.approx(four, rel=1e-6)
    assert "[mg/cm²]" in left.get_ylabel() and "[keV]" in left.get_xlabel()
    nothing_overlaps(bounds)


def test_bounds_without_an_answer_say_so():
    beam = spectrum("120 kV", bin_width="1 keV")
    ax = pictures.bounds(RAY, "Ta", beam, Q([25, 51, 67.4], "keV"), bins=(3,), photons=20.0, responses={"ideal": {}})
    assert any("too few photons" in text.get_text() for text in ax.texts)


def test_pictures_of_nothing_are_refused():
    with pytest.raises(ValueError, match="give at least one"):
        pictures.attenuation(())
    with pytest.raises(ValueError, match="give at least one"):
        pictures.enhancement(())
    with pytest.raises(ValueError, match="two or more, of which one moves"):
        pictures.bounds({"water": "20 cm", "I": "1 mg/cm^2"}, "I", thresholds=Q([25], "keV"))


def test_results_draw_themselves():
    assert enhancement("Au", "120 kV", "20 cm", "CZT").plot(kvp=VOLTS).get_title(loc="left") == "no phantom"
    assert match("Au").plot(kvp=VOLTS, sizes="32 cm").get_title(loc="left") == "32 cm water"
    behind = spectrum("80 kV").plot(("I",), {"water": "10 cm", "cortical bone": "1 cm"})
    assert "cortical bone" in behind.figure.axes[1].get_legend().texts[1].get_text()
    found = decompose(RAY, spectrum("120 kV", bin_width="1 keV"), Q([25, 51, 67.4, 90], "keV"))
    left, _ = found.plot("Ta", bins=(3,)).figure.axes
    x, y = left.lines[1].get_data()
    assert y[np.argmin(np.abs(x - 67.4))] == pytest.approx(found.sd("Ta").magnitude, rel=1e-9)
    with pytest.raises(Refusal, match="no thresholds to move"):
        dual_voltage({"water": "20 cm", "I": "10 mg/cm^2"}).plot("I")


def test_the_style_is_the_shipped_one_and_pyplot_is_left_alone():
    import matplotlib

    with matplotlib.rc_context({"axes.spines.top": True, "font.size": 20}):
        ax = pictures.attenuation(("I",))
        assert matplotlib.rcParams["font.size"] == 20
    assert not ax.spines["top"].get_visible() and ax.yaxis.label.get_size() < 10
