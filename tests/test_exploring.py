"""What the sliders of the notebook move, tested without a browser."""

import dataclasses
import math

import numpy as np
import pytest

import contrastphys as cp
from contrastphys import exploring, records
from contrastphys.exploring import State, knobs, made, panels, state_of, study_text
from contrastphys.mistakes import RecordError
from contrastphys.plots.board import Board
from contrastphys.provenance import Refusal
from contrastphys.study import cells, room

AGENTS = cp.catalogue()
SOME = ["gadoterate", "ferumoxytol", "iohexol", "gold-gd-2.4nm", "icg", "sonovue", "magnetite-pfh"]
SOME += ["perfluoropentane-droplet"]
EACH = [pytest.param(agent, marks=() if agent in SOME else pytest.mark.slow) for agent in AGENTS]


def read_back(state, folder):
    path = folder / "state.toml"
    path.write_text(study_text(state), "utf-8")
    return cp.read(path)


def moved(agent):
    """A state with every slider away from its start."""
    ranges = knobs(agent)
    size = float(f"{ranges['size'].start * 1.3:.4g}") if "size" in ranges else None
    return State(agent, 1.5, 90.0, 700.0, 5.0, size, float(f"{ranges['dose'].start * 2:.4g}"), True)


@pytest.mark.parametrize("agent", EACH)
def test_a_state_survives_its_study_file(agent, tmp_path):
    for state in (State(agent), moved(agent)):
        assert state_of(read_back(state, tmp_path)) == state


@pytest.mark.parametrize("agent", SOME)
def test_the_file_answers_what_the_sliders_showed(agent, tmp_path):
    for state in (State(agent), moved(agent)):
        shown, read = cells(made(state)), cells(read_back(state, tmp_path))
        assert [c.quantity for c in shown] == [c.quantity for c in read]
        for a, b in zip(shown, read, strict=True):
            assert a.value == (None if b.value is None else pytest.approx(b.value, rel=1e-9)), (a, b)


@pytest.mark.parametrize("agent", SOME)
def test_curves_are_the_models_own(agent):
    """What is drawn in one call is what `predict` gives point by point."""
    for state in (
        State(agent),
        State(agent, size=knobs(agent)["size"].start * 1.2) if "size" in knobs(agent) else None,
    ):
        if state is None:
            continue
        study = made(state)
        for modality, panel in panels(state).items():
            if panel.refused:
                continue
            protocol = study.protocol(modality)
            for name, y in panel.curves:
                assert np.isfinite(y).all()
                at = panel.x.size // 3 * 2 if modality != "photoacoustic" else 30  # a wavelength of the coarse grid too
                asked = exploring._conditions(modality, protocol, float(panel.x[at]))
                value = room(modality).predict(study.formulations[0], name, asked, False)
                assert y[at] == pytest.approx(value.number, rel=0.02), (modality, name)


def test_marks_are_the_number_that_is_told():
    panel = panels(State("gadoterate", field=3.0))["mri"]
    value = room("mri").predict(
        made(State("gadoterate")).formulations[0], "r1", {"field": 3.0, "temperature": 310.15, "medium": "plasma"}
    )
    assert panel.marks[0] == (value.number, *value.bounds())
    assert f"[{value.letter}]" in panel.words[0]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("agent", EACH)
def test_every_agent_answers_every_modality_in_words_or_curves(agent):
    ranges = knobs(agent)
    states = [State(agent), moved(agent)]
    if "size" in ranges:
        states += [State(agent, size=ranges["size"].low), State(agent, size=ranges["size"].high)]
    for state in states:
        for panel in panels(state).values():
            assert panel.curves or panel.marks or panel.refused or panel.words
            assert bool(panel.refused) == (not panel.curves and not panel.marks)
            for text in (*panel.words, panel.refused):
                assert "Traceback" not in text and "Error" not in text and "nan" not in text.split()


def test_a_pair_that_does_not_fit_says_so():
    shown = panels(State("iohexol"))
    assert "shows nothing to this modality" in shown["mri"].refused
    assert shown["xray"].curves
    droplets = panels(State("perfluoropentane-droplet"))["ultrasound"]
    assert any("would not be seen" in word for word in droplets.words)
    bubbles = panels(State("perfluoropentane-droplet", vaporised=True))["ultrasound"]
    assert bubbles.words[-1].startswith("seen")
    impossible = panels(dataclasses.replace(State("spion-18nm"), size=1e9))
    assert all(panel.refused for panel in impossible.values())


def test_another_size_is_another_probe():
    own, other = made(State("ferumoxytol")), made(State("ferumoxytol", size=8.0))
    assert own.formulations[0].measured and not other.formulations[0].measured
    grown = other.formulations[0].hydrodynamic_diameter.number - own.formulations[0].hydrodynamic_diameter.number
    assert grown == pytest.approx(8.0 - own.formulations[0].cores[0].diameter.number)
    assert other.formulations[0].cores[0].diameter.status == "user"
    assert "size" not in knobs("gadoterate")


def test_a_study_of_several_is_no_state():
    with pytest.raises(Refusal, match="sliders move one"):
        state_of(cp.read(records.shipped_folder() / "studies" / "shortlist.toml"))


def test_sliders_start_inside_their_ranges():
    for agent in AGENTS:
        for knob in knobs(agent).values():
            assert 0 < knob.low < knob.start < knob.high and math.isfinite(knob.high), (agent, knob)


# ------------------------------------------------------------------------------------------------ the board


def test_the_board_moves_its_artists_and_keeps_its_axes():
    board = Board(State("ferumoxytol"))
    axes = list(board.figure.axes)
    first = board.png()
    line = board._parts["mri"]["slider"]
    board.update(State("ferumoxytol", field=7.0))
    second = board.png()
    assert first[:8] == b"\x89PNG\r\n\x1a\n" and first != second
    assert board.figure.axes == axes and board._parts["mri"]["slider"] is line
    assert list(line.get_xdata()) == [7.0, 7.0]
    board.update(State("ferumoxytol"))
    assert board.png() == first  # nothing of the way is left in the picture
    assert Board(State("ferumoxytol")).png() == first


def test_the_board_says_what_it_cannot_draw():
    board = Board(State("iohexol"))
    assert "shows nothing" in board._parts["mri"]["refused"].get_text()
    assert board._parts["mri"]["lines"][0].get_xdata().size == 0
    board.update(State("gadoterate"))
    assert board._parts["mri"]["refused"].get_text() == ""
    assert "[mM⁻¹ s⁻¹]" in board._panels["mri"].get_ylabel()


def test_a_label_of_a_user_stays_text(tmp_path):
    (tmp_path / "agents").mkdir()
    evil = r"$\\frac{1}{0}$ <b>x</b>"
    text = f'id = "odd"\nlabel = "{evil}"\nkind = "molecule"\nsource = "own"\nstatus = "verified"\n'
    (tmp_path / "agents" / "odd.toml").write_text(text + 'molecule = { formula = "C6H5I", metal = "I" }\n', "utf-8")
    records.use_folder(tmp_path)
    try:
        Board(State("odd")).png()
        assert state_of(read_back(State("odd"), tmp_path)) == State("odd")
    finally:
        records._folders.clear()
        records.forget()


# ---------------------------------------------------------------------------------------------- the widgets


@pytest.fixture
def explorer():
    pytest.importorskip("ipywidgets")
    from contrastphys.widgets import explorer

    return explorer


def find(box, kind, word=""):
    for child in box.children:
        if type(child).__name__ == kind and word in child.description:
            return child
        if hasattr(child, "children"):
            found = find(child, kind, word)
            if found is not None:
                return found
    return None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_slider_moves_the_picture_and_the_button_writes_the_study(explorer, tmp_path):
    box = explorer("ferumoxytol")
    picture = next(child for child in box.children if type(child).__name__ == "Image")
    before = picture.value
    find(box, "FloatLogSlider", "MRI field").value = 7.0
    assert picture.value != before
    assert box.state() == State("ferumoxytol", field=7.0)
    find(box, "FloatLogSlider", "dose").value = 200.0
    find(box, "Text", "file").value = str(tmp_path / "mine.toml")
    find(box, "Button", "Save").click()
    assert state_of(cp.read(tmp_path / "mine.toml")) == State("ferumoxytol", field=7.0, dose=200.0)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]
    find(box, "Text", "file").value = str(tmp_path / "no" / "mine.toml")
    find(box, "Button", "Save").click()
    assert "folder that exists" in box.children[-1].value


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_another_agent_brings_its_own_ranges(explorer):
    box = explorer("ferumoxytol")
    for agent in ("sonovue", "gadoterate", "ferumoxytol"):
        find(box, "Dropdown").value = agent
        assert box.state() == State(agent)
    assert find(box, "FloatLogSlider", "core diameter").value == knobs("ferumoxytol")["size"].start


def test_a_study_has_a_name_that_ends_in_toml(tmp_path):
    from contrastphys.widgets import save_study

    with pytest.raises(RecordError, match="no study file"):
        save_study(State(), str(tmp_path / "x.txt"))
