"""Every result a public door gives shows itself: a small table with units and flags, in a notebook and as text."""

import dataclasses
import html.parser
import importlib
import inspect
import re
import typing

import numpy as np
import pytest

import contrastphys as cp
from contrastphys import showing
from contrastphys.provenance import Cell, Flag, Value
from contrastphys.ultrasound.subharmonics import SubharmonicMap
from contrastphys.units import Q

ROOMS = (cp, *(getattr(cp, name) for name in ("mri", "xray", "photoacoustic", "ultrasound")))
# What a law or distribution of a user's own must answer: no object is of these types themselves.
PROMISES = {"contrastphys.ultrasound.coats.Shell", "contrastphys.ultrasound.sizes.Distribution"}


def ours(kind):
    """Classes of the package in a type, however deep."""
    if inspect.isclass(kind) and not typing.get_args(kind) and kind.__module__.startswith("contrastphys"):
        yield kind
    for part in typing.get_args(kind):
        yield from ours(part)


def promised(function):
    """Classes that a function says it returns: by its annotation, else by its docstring."""
    function = inspect.unwrap(function)
    known = list(ours(typing.get_type_hints(function).get("return")))
    said = re.search(r"^Returns\n-+\n(\w+)$", inspect.getdoc(function) or "", re.M)
    if not known and said:
        home = importlib.import_module(function.__module__)
        named = getattr(home, said[1], None)
        known = list(ours(named))
    return known


def walked():
    """Every class that a public door returns or a result holds, with the way to it."""
    found = {}

    def add(kind, way):
        name = f"{kind.__module__}.{kind.__name__}"
        if kind in found or issubclass(kind, BaseException) or name in PROMISES:
            return
        found[kind] = way
        for key, member in vars(kind).items():
            getter = (
                getattr(member, "fget", None) or getattr(member, "func", None) or getattr(member, "__func__", member)
            )
            if not key.startswith("_") and inspect.isfunction(getter):
                for other in promised(getter):
                    add(other, f"{way}.{key}")
        if dataclasses.is_dataclass(kind) or hasattr(kind, "_fields"):
            for key, held in typing.get_type_hints(kind).items():
                for other in ours(held):
                    add(other, f"{way}.{key}")

    for room in ROOMS:
        for name in room.__all__:
            door = getattr(room, name)
            way = f"{room.__name__}.{name}"
            if inspect.isclass(door):
                if door.__module__.startswith("contrastphys"):
                    add(door, way)
            elif callable(door):
                for kind in promised(door):
                    add(kind, way)
    return found


RESULTS = walked()


def test_the_walk_finds_what_the_doors_give():
    names = {f"{kind.__module__.removeprefix('contrastphys.')}.{kind.__name__}" for kind in RESULTS}
    assert names >= {
        "comparison.Comparison", "provenance.Cell", "provenance.Value", "formulation.Formulation", "study.Study",
        "mri.model.Relaxivity", "mri.sequences.Optimum", "xray.spectra.Spectrum", "xray.contrast.Enhancement",
        "xray.decomposition.Decomposition", "validation.Validation",
        "photoacoustic.single_particle.Emission", "ultrasound.dynamics.Trace", "ultrasound.linear.Resonance",
        "design.Solution", "optimising.Optimisation", "uncertainty.Propagation", "sweeps.Sweep", "questions.Answer",
        "calibration.Calibration", "mri.calibration.Calibration", "xray.attenuation.Edge",
    }  # fmt: skip


@pytest.mark.parametrize(
    "kind", RESULTS, ids=lambda kind: f"{kind.__module__.removeprefix('contrastphys.')}.{kind.__name__}"
)
def test_every_result_shows_itself_in_a_notebook(kind):
    assert callable(getattr(kind, "_repr_html_", None)), f"{RESULTS[kind]} gives a {kind.__name__} without a table"


# ------------------------------------------------------------------------------------------- what they show


@pytest.fixture(scope="module")
def results():
    """Real answers of the doors, a name each."""
    mri, xray, light, sound = cp.mri, cp.xray, cp.photoacoustic, cp.ultrasound
    probe = cp.load("gadoterate")
    coat = sound.Marmottant("0.5 N/m", "5e-9 kg/s", "0.02 N/m")
    bubble = sound.Bubble("1.5 um", sound.Gas(), coat)
    cloud = sound.Population(sound.LogNormal("1 um", 0.4), "1e6 1/mL", sound.Gas(), coat, sound.Liquid())
    pulse = sound.Pulse("2 MHz", "40 kPa", cycles=8)
    spread = cp.propagate("gadoterate", samples=4, seed=1)
    grid = cp.sweep("gadoterate", {"scenario.body_mass": ["60 kg", "70 kg"]}, modalities=("mri",))
    compared = cp.compare(["gadoterate", "iohexol"])
    solved = cp.solve("iohexol", "dose", ("1 mg/kg", "2000 mg/kg"), {"xray.margin at 120 kV": "> 1"})
    best = cp.optimise("spion-18nm", {"core.diameter": ("5 nm", "20 nm")}, maximise="mri.r2 at 3 T", budget=12)
    fitted = cp.calibrate("spion-18nm", None, free=["core.saturation_magnetisation"])
    judged = cp.validate("xray")
    gold, ball = cp.load("gold-sphere-40nm"), light.sphere("40 nm")
    return {
        "comparison": compared,
        "cell": compared.cells[1],
        "verdict": compared.verdict("gadoterate", "mri"),
        "value": probe.molecule.density,
        "formulation": cp.load("sonovue"),
        "study": compared.study,
        "scenario": compared.study.scenario,
        "concentration": probe.concentration("1 mM", "Gd"),
        "propagation": spread,
        "band": spread.bands[0],
        "input": spread.inputs[0],
        "indices": spread.indices("gadoterate", "mri", samples=4),
        "sweep": grid,
        "axis": grid.axes[0],
        "column": grid.columns[0],
        "solution": solved,
        "branch": solved.branches[0],
        "demand": solved.demands[0],
        "optimisation": best,
        "optimum": best.best,
        "calibration": fitted,
        "measured": cp.load("ferumoxytol").measured[0],
        "validation": judged,
        "row": judged.rows[0],
        "group": judged.groups[0],
        "answer": cp.ask({"ask": "table", "agents": ["gadoterate"], "show": ["mri.r1 at 3 T"]}),
        "relaxivity": mri.relaxivity("ferumoxytol", Q([0.5, 1.5, 3.0], "T")),
        "nearest": mri.relaxivity("ferumoxytol", "3 T").nearest_measured[0],
        "rates": mri.relaxivity("gadoterate", "3 T").rate(probe.concentration("1 mM", "Gd")),
        "setting": mri.optimal("spgr", "1.2 s", "50 ms", r1="4 1/(mM*s)", r2="5 1/(mM*s)", te="2 ms", tr="5 ms"),
        "times": mri.Protocol().times(3.0),
        "MRI protocol": mri.Protocol(),
        "X-ray protocol": xray.Protocol(),
        "photoacoustic protocol": light.Protocol(),
        "ultrasound protocol": sound.Protocol(),
        "spectrum": xray.spectrum("120 kV"),
        "enhancement": xray.enhancement("iohexol", "120 kV"),
        "match": xray.match("Au"),
        "edge": xray.edges("Gd")[0],
        "absorber": xray.absorber("Ta2O5", "8.2 g/cm^3"),
        "detector": xray.detector("photon-counting"),
        "decomposition": xray.decompose({"water": "20 cm", "I": "10 mg/cm^2"}, "120 kV", Q([25, 50, 80], "keV")),
        "enhancement table": xray.enhancement_table(["I", "Au"], Q([80, 120], "kV")),
        "absorption": light.absorption("gold-sphere-40nm", "532 nm", gold.concentration("1 nM", "particle")),
        "pressure": light.pressure("gold-sphere-40nm", "532 nm", gold.concentration("1 nM", "particle"), "10 mJ/cm^2"),
        "coat": light.silica_effect("40 nm", "10 nm"),
        "particle": ball,
        "particle sections": light.cross_sections(ball, Q([500, 530, 560], "nm")),
        "efficiencies": light.mie(1.5 + 0.1j, np.array([0.5, 1.0])),
        "exposure": light.max_permissible_exposure("808 nm"),
        "emission": light.emission(ball, "10 mJ/cm^2", "5 ns", "310 K"),
        "rise": light.heat(20e-9, light.heating.Layer(318.0, 2.49e6, 4.2e-5), 5e-9),
        "thresholds": light.thresholds(ball, "5 ns", "310 K"),
        "bubble": bubble,
        "shell": coat,
        "pulse": pulse,
        "population": cloud,
        "resonance": sound.resonance(bubble),
        "bubble sections": sound.cross_sections(bubble, Q([1, 2, 3], "MHz")),
        "bulk": cloud.bulk(Q([1, 2, 3], "MHz")),
        "trace": sound.simulate(bubble, pulse),
        "harmonics": sound.harmonics(["1 um", "2 um"], bubble, sound.Pulse("2 MHz", "40 kPa", 20)),
        "dissolution": sound.dissolution("1 um", [sound.species("C3F8")]),
        "contrast": sound.contrast(cloud, Q([2, 3], "MHz")),
        "vaporisation": sound.vaporisation_threshold("C5F12", "5 MHz", "1 um"),
    }


class Page(html.parser.HTMLParser):
    """Tags that are open, and whether any is closed that is not."""

    def __init__(self, text):
        super().__init__()
        self.open, self.wrong, self.tags, self.said = [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        self.said.append(data)


def test_pages_are_whole_small_and_in_words(results):
    for name, result in results.items():
        page = result._repr_html_()
        read = Page(page)
        assert not read.open and not read.wrong, name
        assert read.tags <= {
            "div",
            "strong",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "ul",
            "li",
            "em",
            "small",
            "br",
        }
        assert "table" in read.tags, name
        assert len(page) < 14_000, (name, len(page))
        words = " ".join(read.said)
        trash = re.search(r" at 0x|Quantity\(|Value\(|array\(|<lambda>|\bnan\b", words)
        assert trash is None, (name, trash)
        assert "colour" not in page and "color" not in page, f"{name}: colours are those of the page around"


def test_text_and_the_line_of_a_list_are_short(results):
    for name, result in results.items():
        text = str(result)
        assert 2 < len(text) < 12_000 and " at 0x" not in text, name
        if not hasattr(result, "_fields") and repr(result).startswith("<"):
            assert "\n" not in repr(result) or name == "sweep", name
            assert len(repr(result)) < 700, name


def test_numbers_come_with_units_and_flags(results):
    shown = " ".join(Page(results["relaxivity"]._repr_html_()).said)
    assert "mM⁻¹ s⁻¹" in shown and "0.5, 1.5, 3 T" in shown
    assert all(flag.message[:40] in shown for flag in results["relaxivity"].flags)
    resonance = results["resonance"]
    assert f"{resonance.frequency.to('MHz').magnitude:.4g} MHz" in resonance._repr_html_()
    assert "1.5 µm" in results["bubble"]._repr_html_()
    assert "120 kV" in results["spectrum"]._repr_html_()
    value = results["value"]
    assert f"[{value.letter}] {value.status}" in value._repr_html_()


def test_html_in_a_users_words_stays_text():
    evil = '<script>alert("x")</script>'
    probe = cp.load("gadoterate").replace(label=evil, note=evil)
    flag = Flag("evil", evil)
    cell = Cell("gadoterate", "mri", evil, {evil: evil}, 1.0, "1", source=evil, flags=(flag,))
    value = Value(1.0, "1", source=evil, note=evil, flags=(flag,))
    shown = [probe, cell, value, flag, cp.mri.relaxivity(probe, "3 T"), cp.compare([probe]),
             probe.concentration("1 mM", "Gd"), cp.ask({"ask": "table", "question": evil, "agents": ["gadoterate"],
                                                        "show": ["mri.r1 at 3 T"]})]  # fmt: skip
    for result in shown:
        page = result._repr_html_()
        assert "<script" not in page
        assert "&lt;script&gt;" in page


def test_a_record_is_written_as_it_would_be_called():
    from contrastphys.parts import Core

    value = Value(3.3, "1/(mM*s)", sd=0.1)
    assert repr(value) == "Value(number=3.3, unit='1/(mM*s)', sd=0.1)"
    assert eval(repr(value)) == value
    core = Core(material="gold", diameter="10 nm")
    assert eval(repr(core)) == core
    assert repr(Value(0.1 + 0.2, "1")) != repr(Value(0.3, "1"))  # to the last digit: a study is known by it


def test_long_tables_say_what_they_leave_out():
    page = showing.Page("many", [(f"line {i}", "1", "") for i in range(40)])
    assert "and 24 more" in showing.html_of(page) and "and 24 more" in showing.text_of(page)


PICTURES = (
    "comparison", "relaxivity", "spectrum", "enhancement table", "particle sections", "emission", "rise", "pulse",
    "population", "bubble sections", "bulk", "trace", "harmonics", "dissolution", "contrast", "propagation", "sweep",
    "solution", "calibration", "validation", "match", "enhancement",
)  # fmt: skip


@pytest.mark.parametrize("name", PICTURES)
def test_results_with_a_picture_draw_it_with_units(results, name):
    drawn = np.ravel(np.asarray(results[name].plot(), dtype=object))
    for axes in drawn:
        for axis in (axes.xaxis, axes.yaxis):
            words = axis.label.get_text()
            if words and name in (
                "bulk",
                "pulse",
                "dissolution",
                "emission",
                "rise",
                "harmonics",
                "population",
                "sweep",
            ):
                assert "[" in words, (name, words)
    drawn[0].figure.canvas.draw()


def test_a_picture_of_one_number_says_what_it_needs(results):
    with pytest.raises(ValueError, match="several values of frequency"):
        results["population"].bulk("2 MHz").plot()


def test_a_subharmonic_map_is_drawn():
    level = np.linspace(-60, -10, 6).reshape(1, 2, 3)
    found = SubharmonicMap(Q([20, 50, 120], "kPa"), Q([10, 60], "mN/m"), ("marmottant",), level)
    assert "[kPa]" in found.plot().get_xlabel()
    assert "marmottant" in found._repr_html_()
