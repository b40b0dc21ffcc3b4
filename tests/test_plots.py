"""The pictures: what they show, in which units, and that no text of a user is more than text in them."""

import math
import xml.etree.ElementTree as tree

import numpy as np
import pytest
import report_case

from contrastphys import plots, records
from contrastphys.comparison import Comparison, compare
from contrastphys.mistakes import RecordError
from contrastphys.plots import curves, light, literature, overview, style, words
from contrastphys.provenance import Cell
from contrastphys.study import Study

PROBES = ["gadoterate", "ferumoxytol", "iohexol", "gold-nanorod-41x10nm", "icg", "sonovue"]


@pytest.fixture(scope="module")
def by_hand() -> Comparison:
    return report_case.comparison()


@pytest.fixture(scope="module")
def real() -> Comparison:
    return compare(PROBES)


def said(axes) -> str:
    """All text of a figure."""
    fig = axes.figure
    texts = [t.get_text() for ax in fig.axes for t in (*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels())]
    texts += [a.get_text() for ax in fig.axes for a in (ax.xaxis.label, ax.yaxis.label)]
    return "\n".join(texts + [t.get_text() for legend in fig.legends for t in legend.get_texts()])


def test_every_picture_of_a_study_has_something_to_show(real):
    assert plots.of_comparison(real) == list(plots.PICTURES)


@pytest.mark.parametrize("name", plots.PICTURES)
def test_files_of_a_picture(real, name):
    drawn = plots.draw(name, real)
    assert drawn["png"][:8] == b"\x89PNG\r\n\x1a\n"
    assert f"run {real.run}".encode() in drawn["png"]
    root = tree.fromstring(drawn["svg"])
    assert root.tag.endswith("svg")
    assert f"run {real.run}" in drawn["svg"]
    assert "<dc:date>" not in drawn["svg"]
    assert "<image" not in drawn["svg"]


def test_a_picture_is_the_same_twice(by_hand):
    assert plots.draw("margins", by_hand) == plots.draw("margins", by_hand)


@pytest.mark.parametrize("name", sorted(set(plots.PICTURES) - {"margins"}))  # its colour bar is a pure number
def test_every_axis_has_a_unit(real, name):
    """On itself, on the panel it shares its scale with, or in the names of its rows."""
    for ax in plots.picture(name, real).figure.axes:
        for side, group in (("x", ax.get_shared_x_axes()), ("y", ax.get_shared_y_axes())):
            named = [getattr(other, f"{side}axis").label.get_text() for other in group.get_siblings(ax)]
            rows = side == "y" and name in ("limits", "tornado")
            last = name == "tornado"  # its panels share what the last one says
            assert rows or last or any("[" in text for text in named), (name, side, named)


def test_pictures_leave_the_users_matplotlib_alone(by_hand):
    import matplotlib

    before = dict(matplotlib.rcParams)
    plots.draw("limits", by_hand)
    assert dict(matplotlib.rcParams) == before


def test_the_heat_map_tells_seen_undecided_and_undosed_apart(by_hand):
    axes = plots.picture("margins", by_hand)
    text = said(axes)
    for part in ("70×", "35 to 140 · M", "1.1 × 10⁵×", "cannot decide", "no dose"):
        assert part in text
    hatched = [patch for patch in axes.patches if patch.get_hatch()]
    assert len(hatched) == 2
    seen, unseen = overview.colours()(0.51), overview.colours()(0.49)
    assert seen[2] > seen[0] and unseen[0] > unseen[2]  # the colour jumps from orange to blue at a margin of 1


def test_what_limits_is_framed(by_hand):
    axes = plots.picture("margins", by_hand)
    frames = [p for p in axes.patches if p.get_facecolor()[3] == 0 and p.get_linewidth() > 0]
    columns = {round(p.get_y() + 0.44): round(p.get_x() + 0.475) for p in frames}
    names = [f.id for f in by_hand.formulations]
    assert columns[names.index("gd")] == 1  # CT


def test_labels_stay_text(by_hand):
    for name in ("margins", "limits"):
        svg = plots.draw(name, by_hand)["svg"]
        assert "<script" not in svg
        assert "&lt;script&gt;" in svg
    assert "$" not in words.clipped("plain") and style.label("a $x$").count(r"\$") == 2
    assert style.label("_hidden").strip() == "_hidden"
    assert style.label("two\nlines\x00 and\ttabs") == "two lines and tabs"


def test_a_script_that_the_font_lacks_is_no_error():
    made = report_case.formulations()[0].replace(label="造影剤 🧲")
    study = Study((made,), title="造影剤")
    result = Comparison(study, tuple(c for c in report_case.cells() if c.formulation == "gd"))
    assert "造影剤" in plots.draw("margins", result)["svg"]


def test_limits_are_per_particle(by_hand):
    gold = by_hand.formulations[2]
    cell = Cell("gold", "xray", "c_min", {"basis": "Au"}, 5.5, "mmol/L", 3.0, 11.0)
    value, low, high = overview.molar(gold, cell)
    assert value == pytest.approx(5.5e-3 / 30_900, rel=0.01)
    assert (low / value, high / value) == pytest.approx((3 / 5.5, 2.0))
    assert overview.molar(gold, Cell("gold", "xray", "c_min", {"basis": "Gd"}, 5.5, "mmol/L")) is None


def test_measured_points_stand_where_they_were_measured(by_hand):
    gd = by_hand.formulations[0]
    points = curves.measured(gd, "r1", "field", "Gd")
    assert [p[:2] for p in points] == [(1.5, pytest.approx(3.6)), (3.0, pytest.approx(3.3))]
    assert points[0][2] == pytest.approx(0.4)  # two standard deviations


def test_a_model_that_answers_nowhere_is_asked_little(real, monkeypatch):
    asked = []

    class Room:
        @staticmethod
        def predict(formulation, quantity, conditions, use_measured):
            asked.append(conditions["field"])
            raise curves.Refusal("no", "no")

    monkeypatch.setattr(curves.studies, "room", lambda modality: Room)
    curve = curves.sampled(real.formulations[0], "mri", "r1", "field", np.geomspace(1e-4, 14, 36), {})
    assert not curve.answered
    assert len(asked) < 8


def test_models_on_a_part_of_the_range_are_drawn_there(real):
    icg = next(f for f in real.formulations if f.id == "icg")
    curve = curves.sampled(icg, "photoacoustic", "molar_absorption", "wavelength", light.WAVELENGTHS, {})
    assert curve.answered and not np.isfinite(curve.y).all()
    assert curve.x[np.nanargmax(curve.y)] == pytest.approx(790, abs=30)


def test_at_most_twelve_lines_and_the_rest_is_said(real):
    many = compare(["gadoterate", *(f"gold-sphere-{d}nm" for d in (5, 10, 20, 40, 60, 80, 100, 150)), "icg",
                    "gold-sphere-40nm-silica", "gold-nanorod-41x10nm-silica", "gold-nanorod-41x10nm", "ferumoxides",
                    "ferumoxtran"])  # fmt: skip
    axes = plots.picture("absorption", many, wavelengths=[780.0, 800.0])
    assert len([line for line in axes.get_lines() if len(line.get_xdata()) == 2 and line.get_zorder() == 3]) == 12
    assert "and 2 more" in said(axes)
    axes = plots.picture("absorption", many, formulations=["icg"], wavelengths=[780.0, 800.0])
    assert " more: " not in said(axes) and "Indocyanine" in said(axes)


def test_lines_no_eye_tells_apart_are_one_line():
    both = compare(["iohexol", "iodixanol"])
    text = said(plots.picture("enhancement", both))
    assert "I: Iohexol" in text and "; Iodixanol" in text


def test_reference_lines_have_sources_and_a_known_status():
    table = records.table("published/reference_lines.csv")
    for row in table.rows():
        assert "doi:" in row["source"]
        assert row["status"] in ("verified", "second-hand", "unverified")
        for kind in ("sensitivity", "resolution"):
            low, high = row[f"{kind}_low"], row[f"{kind}_high"]
            assert not low > high
            assert (low > 0 and high > 0) or (math.isnan(low) and math.isnan(high))


def test_the_chart_places_formulations_at_the_size_the_protocol_looks_at(real):
    lines = records.table("published/reference_lines.csv").rows()
    points = {(p.number, p.modality): p for p in literature._points(real, lines)}
    assert points[1, "mri"].side == pytest.approx(1.0)
    assert points[1, "mri"].stated
    ct = points[3, "xray"]
    assert not ct.stated and 0.25 <= ct.side <= 0.5
    discs = literature._place(plots.picture("sensitivity", real), list(points.values()))
    for i, a in enumerate(discs):
        assert not any(literature._overlap((a[0] + 2, a[1] + 2, a[2] - 2, a[3] - 2), b) for b in discs[:i])


def test_an_unknown_picture_names_the_near_one(by_hand):
    with pytest.raises(RecordError, match="did you mean 'margins'"):
        plots.picture("margin", by_hand)
    with pytest.raises(RecordError, match="limits"):
        plots.picture("everything", by_hand)


@pytest.mark.slow
def test_a_study_without_any_answer_still_draws(by_hand):
    empty = Comparison(by_hand.study, ())
    assert plots.of_comparison(empty) == []
    for name in plots.PICTURES:
        plots.draw(name, empty, dpi=60)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (-3.25, "−3.2"), (9.96, "10"), (99999, "1 × 10⁵"), (12.0, "12"), (1e-4, "1 × 10⁻⁴"), (0.001, "0.001")],
)
def test_numbers_as_printed(value, shown):
    assert words.number_text(value) == shown


@pytest.mark.parametrize(
    ("unit", "shown"),
    [("1/(M*cm)", "M⁻¹ cm⁻¹"), ("HU/mM", "HU/mM"), ("dB/cm/MHz", "dB cm⁻¹ MHz⁻¹"), ("1/mL", "mL⁻¹"), ("1", ""),
     ("W/(m*K)", "W m⁻¹ K⁻¹"), ("cm^2/g", "cm²/g"), ("mmol / L", "mmol/L"), ("uL/mL", "µL/mL"), ("%/g", "%/g")],
)  # fmt: skip
def test_units_as_printed(unit, shown):
    assert words.unit_text(unit) == shown
