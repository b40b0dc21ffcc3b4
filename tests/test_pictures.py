"""The ten pictures of a comparison: as recorded, to be told apart without colour, and true to the models they draw."""

import io
import itertools
import math

import numpy as np
import pytest
import report_case

from contrastphys import plots, xray
from contrastphys.comparison import compare
from contrastphys.formulation import load
from contrastphys.plots import curves, echoes, relaxing, style, tornado
from contrastphys.study import Study
from contrastphys.units import Q

TWELVE = ["gadoterate", "gadobutrol", "gadopiclenol", "ferumoxytol", "iohexol", "bismuth-74nm", "gold-sphere-40nm",
          "gold-nanorod-41x10nm", "icg", "sonovue", "definity", "gold-gd-2.4nm"]  # fmt: skip


@pytest.fixture(scope="module")
def real():
    return compare(["gadoterate", "ferumoxytol", "iohexol", "gold-sphere-40nm", "sonovue"])


def lines_of(ax) -> dict:
    """Lines of a panel that are curves, by their colour."""
    return {
        line.get_color(): line
        for line in ax.get_lines()
        if len(line.get_xdata()) > 8 and line.get_linestyle() != "None"
    }


# ------------------------------------------------------------------------------------- pictures of record


@pytest.mark.parametrize("name", report_case.RECORDED)
def test_picture_of_record(name):
    """As it was when it was last looked at; `python tests/report_case.py` draws them anew."""
    from matplotlib.image import imread

    path = report_case.FOLDER / f"{name}.png"
    assert path.stat().st_size < 60_000
    kept, now = imread(path), imread(io.BytesIO(report_case.drawn(name)))
    assert now.shape == kept.shape
    assert np.abs(now - kept).mean() < 0.01


def test_every_picture_has_one_of_record():
    assert set(report_case.RECORDED) == set(plots.PICTURES) == {p.stem for p in report_case.FOLDER.glob("*.png")}


# ------------------------------------------------------------------------------------- told apart, not cut


# Machado, Oliveira, Fernandes 2009, doi:10.1109/TVCG.2009.113, table of severity 1.0, on linear RGB
BLIND = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def lab(colour: str, seen: list) -> np.ndarray:
    """CIE L*a*b* (D65) of a colour as such an eye sees it."""
    code = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(seen) @ linear, 0, 1)
    rgb = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in rgb @ linear / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eye", BLIND)
def test_colours_are_told_apart_by_eyes_without_red_or_green(eye):
    """A difference of 10 is seen at a glance; 2.3 is just seen."""
    for a, b in itertools.combinations(style.PALETTE, 2):
        assert np.linalg.norm(lab(a, BLIND[eye]) - lab(b, BLIND[eye])) > 10, (a, b)


def test_lines_are_told_apart_without_any_colour():
    looks = [style.look(i) for i in range(curves.MOST)]
    assert len({look["marker"] for look in looks}) == curves.MOST
    assert len({(look["color"], str(look["linestyle"])) for look in looks}) == curves.MOST


@pytest.mark.parametrize("text", ["W" * 80, "i" * 80, "造影剤" * 20, "short", "_under $x$"])
def test_names_take_no_more_room_than_there_is(text):
    shown = style.fitted(text, 30)
    assert style.breadth(shown) <= 30
    assert shown == text or shown.endswith("…")


@pytest.mark.parametrize("count", [1, pytest.param(12, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["margins", "limits", "tornado", "relaxivity", "signal", "enhancement", "sensitivity"])
def test_long_names_are_not_cut_and_overlap_nothing(name, count):
    """Legends and axis labels stay on the picture, and no legend reaches into a panel."""
    study = Study(tuple(load(id).replace(label=f"{i} {'WM' * 40}") for i, id in enumerate(TWELVE[:count])))
    fig = plots.picture(name, compare(study)).figure
    fig.draw_without_rendering()
    canvas = fig.canvas.get_renderer()
    page = fig.bbox.padded(1.5)
    legends = [legend.get_window_extent(canvas) for legend in fig.legends]
    for box in legends:
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1, name
    for ax in fig.axes:
        tight = ax.get_tightbbox(canvas)
        assert page.x0 <= tight.x0 and tight.x1 <= page.x1 and page.y0 <= tight.y0 and tight.y1 <= page.y1, name
        for box in legends:
            assert min(tight.y1, box.y1) - max(tight.y0, box.y0) < 2, name


# ------------------------------------------------------------------------------------- true to the models


def test_sources_of_measured_points_go_with_the_picture(real):
    told = plots.measured_by("relaxivity", real)
    assert {of for of, _ in told} == {"Gadoterate (Dotarem)", "Ferumoxytol (Feraheme)"}
    assert all(source for _, source in told) and len(told) == len(set(told))
    drawn = plots.draw("relaxivity", real)
    assert told[0][1].split(",")[0] in drawn["svg"]
    assert b"Source" in drawn["png"]
    assert plots.measured_by("margins", real) == []


def test_a_core_of_another_size_keeps_its_coat_and_loses_its_measurements():
    probe = load("ferumoxytol")
    other = relaxing.with_core(probe, 12.0)
    grown = other.hydrodynamic_diameter.number - probe.hydrodynamic_diameter.number
    assert grown == pytest.approx(12.0 - probe.cores[0].diameter.number)
    assert other.cores[0].diameter.number == 12.0 and other.measured == ()


def test_core_size_shows_the_core_as_recorded(real):
    from contrastphys.mri import agents

    ax = plots.picture("core_size", real)
    open_marks = [line for line in ax.get_lines() if line.get_markerfacecolor() == style.PAPER]
    probe = load("ferumoxytol")
    asked = {"field": 3.0, "temperature": 310.15, "medium": "water"}
    assert open_marks[0].get_xdata()[0] == probe.cores[0].diameter.number
    by_model = agents.predict(probe, "r2", asked, use_measured=False).number
    assert open_marks[0].get_ydata()[0] == pytest.approx(by_model, rel=0.03)
    assert len(lines_of(ax)) == 1  # a chelate has no core, gold relaxes nothing


def test_signal_peaks_where_it_says_and_follows_the_spoiled_gradient_echo(real):
    from contrastphys.mri import agents

    ax = plots.picture("signal", real)
    line = next(iter(lines_of(ax).values()))
    c, level = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    protocol = real.study.protocol("mri")
    at = agents.setting(load("gadoterate"), protocol, 3.0)
    tr, te = protocol.tr.number * 1e-3, protocol.te.number * 1e-3

    def spgr(r1, r2_star):
        e = np.exp(-tr * r1)
        return np.sin(at.flip) * (1 - e) / (1 - np.cos(at.flip) * e) * np.exp(-te * r2_star)

    r1, _, star = (rate + c * each for rate, each in zip(at.rates, at.relaxivities, strict=True))
    assert level == pytest.approx(spgr(r1, star) / spgr(at.rates[0], at.rates[2]), rel=1e-9)
    peak = next(m for m in ax.get_lines() if m.get_marker() == "o" and len(m.get_xdata()) == 1)
    assert peak.get_xdata()[0] == pytest.approx(c[level.argmax()], rel=0.1)


def test_the_bar_in_the_signal_stands_at_the_concentration_in_the_target(real):
    bars = [line for line in plots.picture("signal", real).get_lines() if line.get_marker() == "|"]
    assert sorted(float(bar.get_xdata()[0]) for bar in bars)[0] == pytest.approx(0.1 / 0.075, rel=1e-6)


def test_enhancement_per_mole_is_that_per_mass_times_the_atomic_mass(real):
    panels = plots.picture("enhancement", real).figure.axes
    per_mass, per_mole = lines_of(panels[1]), lines_of(panels[4])
    ratios = sorted(per_mole[c].get_ydata()[0] / per_mass[c].get_ydata()[0] for c in per_mole)
    assert ratios == pytest.approx([0.055845, 0.126904, 0.15725, 0.196967], rel=1e-4)  # Fe, I, Gd, Au


def test_matching_mass_is_the_inverse_ratio_of_enhancements(real):
    axes = plots.picture("matching", real).figure.axes
    voltages, found = zip(*((line.get_xdata(), line.get_ydata()) for line in lines_of(axes[1]).values()), strict=True)
    at_120 = [y[list(x).index(120.0)] for x, y in zip(voltages, found, strict=True)]
    beam = xray.spectrum("120 kV")
    iodine, gold = (float(xray.enhancement(e, beam, phantom="20 cm").per_mass.magnitude) for e in ("I", "Au"))
    assert any(mass == pytest.approx(300 * iodine / gold, rel=0.01) for mass in at_120)


def test_attenuation_names_the_edges_of_the_elements_counted(real):
    fig = plots.picture("attenuation", real).figure
    said = " ".join(text.get_text() for text in fig.axes[0].texts)
    for edge in ("I 33.2", "Gd 50.2", "Au 80.7"):
        assert edge in said
    assert "120 kV" in fig.axes[1].get_legend().get_texts()[0].get_text()


def test_limit_against_depth_is_that_of_the_protocol(real):
    from contrastphys.photoacoustic import agents

    fig = plots.picture("absorption", real, depths=[0.5, 1.0, 3.0]).figure
    line = next(line for line in fig.axes[1].get_lines() if len(line.get_xdata()) == 3)
    protocol = real.study.protocol("photoacoustic")
    asked = {"wavelength": 808.0, "depth": 3.0, "protocol": protocol}
    found = [agents.predict(load(id), "c_min", asked, use_measured=False).number for id in ("gold-sphere-40nm",)]
    assert line.get_ydata()[2] == pytest.approx(found[0])
    assert line.get_ydata()[2] > 10 * line.get_ydata()[1]


def test_attenuation_in_decibel_is_count_times_cross_section():
    """1e12 bubbles per m^3 of 1000 um^2 take exp(-1000 x) of the intensity: 4.343e3 dB/m."""
    one = np.array([1.0])
    made = echoes._of_one(curves.Curve("", one, 43.42945 * one, one, one))
    assert made.y[0] == pytest.approx(1000, rel=1e-6)


def test_the_mean_bubble_rings_at_its_resonance_and_answers_the_pulse(real):
    section, resonance, motion, echo = plots.picture("bubbles", real).figure.axes
    (curve,) = lines_of(resonance).values()
    mark = next(line for line in resonance.get_lines() if len(line.get_xdata()) == 1)
    on_curve = np.interp(mark.get_xdata()[0], curve.get_xdata(), curve.get_ydata())
    assert mark.get_ydata()[0] == pytest.approx(on_curve, rel=0.03)
    (trace,) = lines_of(motion).values()
    assert trace.get_ydata()[0] == pytest.approx(1)
    (spectrum,) = lines_of(echo).values()
    x, y = spectrum.get_xdata(), spectrum.get_ydata()
    assert max(y) == 0 and x[int(np.argmax(y))] == pytest.approx(3.0, abs=0.5)
    assert section.get_xlabel() == "frequency [MHz]"


# ------------------------------------------------------------------------------------- tornado


def test_bars_of_the_tornado_are_the_margin_at_both_ends(real):
    answer = real.verdict("gold-sphere-40nm", "xray")
    dosed = real.study.formulations[3].replace(dose={"value": "50 mg/kg", "basis": "Au"})
    result = compare(Study((dosed,)))
    margin = result.verdict("gold-sphere-40nm", "xray").margin
    bars = {bar.name: bar for bar in tornado.swings(result.study, "gold-sphere-40nm", "xray", margin)}
    error, dose = bars["error of the model"], bars["dose: 50 mg/kg ± 20 %"]
    assert error.stated and error.ends == (pytest.approx(margin.low), pytest.approx(margin.high))
    assert not dose.stated
    assert dose.ends == (pytest.approx(0.8 * margin.value), pytest.approx(1.2 * margin.value))
    assert answer.margin is None  # the catalogue states no dose of it


def test_a_stated_spread_is_taken_at_its_ends():
    """A dose of 0.1 +- 0.02 mmol/kg: 5 % and 95 % lie 1.645 standard deviations away."""
    probe = load("gadoterate").replace(dose={"value": {"value": "0.1 mmol/kg", "sd": "0.02 mmol/kg"}, "basis": "Gd"})
    result = compare(Study((probe,)))
    margin = result.verdict("gadoterate", "xray").margin
    bars = {bar.name.split(":")[0]: bar for bar in tornado.swings(result.study, "gadoterate", "xray", margin)}
    shares = [end / margin.value for end in bars["dose"].ends]
    assert bars["dose"].stated and shares == pytest.approx([1 - 0.32897, 1 + 0.32897], rel=1e-3)


def test_the_tornado_takes_the_best_of_each_modality(real):
    assert real.best_in("mri")[0][0].id == "ferumoxytol"
    assert real.best_in("photoacoustic") == []
    titles = [ax.get_title() or ax.get_title("left") for ax in plots.picture("tornado", real).figure.axes]
    assert [title.split(":")[0] for title in titles] == ["MRI", "CT", "Ultrasound"]


def test_the_protocol_of_a_bar_asks_only_for_the_condition_answered():
    result = compare(["gadoterate"])
    margin = result.verdict("gadoterate", "xray").margin
    asked = tornado._only(result.study.protocol("xray"), margin)
    assert [str(v) for v in asked.kvp] == [margin.conditions["kvp"]]
    assert math.isclose(float(Q(margin.conditions["kvp"]).magnitude), asked.kvp[0].number)
