"""Pictures of bubbles and droplets say what they show and draw what was computed."""

import math

import numpy as np
import pytest

from contrastphys.plots import ultrasound as draw
from contrastphys.ultrasound import Bubble, Free, Gas, Liquid, Marmottant, Pulse, population_of, simulate
from contrastphys.units import Q

WATER = Liquid()
GAS = Gas()
LIPID = Marmottant("0.5 N/m", "5e-9 kg/s", "0.02 N/m")


def labelled(axes):
    return all(ax.get_xlabel() for ax in np.atleast_1d(axes))


def test_resonance_marks_its_radius():
    ax = draw.resonance({"free": (GAS, Free()), "buckled": (GAS, Marmottant("0.5 N/m"))}, WATER, "7 MHz")
    marks = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]
    assert marks[0] == pytest.approx(0.63, abs=0.03)
    assert len(ax.collections) == 1  # the band of the kinked one alone
    assert labelled(ax)


def test_lines_are_what_was_computed():
    f = Q(np.array([1.0, 2.0, 4.0]), "MHz")
    ax = draw.cross_sections({"lipid": Bubble("1.5 um", GAS, LIPID)}, f, WATER)
    assert list(ax.lines[0].get_xdata()) == [1, 2, 4]
    assert np.all(ax.lines[0].get_ydata() < ax.lines[1].get_ydata())  # scattering below extinction
    trace = simulate(Bubble("1.5 um", GAS, LIPID, 1.07), Pulse("2 MHz", "50 kPa", 8), WATER)
    axes = draw.motion(trace)
    assert axes[0].lines[0].get_ydata().max() == pytest.approx(trace.largest, rel=1e-3)
    assert labelled(axes)


def test_attenuation_draws_quoted_peaks_with_their_standing():
    ax = draw.attenuation(["optison"])
    bar = ax.lines[-1]
    assert list(bar.get_xdata()) == [2, 4]
    assert bar.get_linestyle() != "-"  # unverified
    assert "dashed if unverified" in ax.get_legend().get_title().get_text()


def test_contrast_and_echo_panels():
    axes = draw.contrast({"sonovue": population_of("sonovue", "1e5 1/mL")}, pressures=["50 kPa", "200 kPa"])
    assert axes[0].get_legend().get_texts()[0].get_text() == "linear"
    assert labelled(axes)
    axes = draw.echo_against_size(LIPID, GAS, ["3 MHz"], WATER)
    x, y = axes[0].lines[0].get_data()
    slope = np.diff(np.log(y[:20])) / np.diff(np.log(x[:20]))
    assert np.all(slope > 5)  # steeper than the fifth power of the radius


def test_thresholds_tell_what_is_superheated():
    ax = draw.vaporisation(["C5F12", "C6F14"], Q(np.array([2.0, 8.0]), "MHz"))
    words = " ".join(text.get_text() for text in ax.get_legend().get_texts())
    assert "C6F14: boils at 57 °C, not superheated" in words
    assert "measured, albumin" in words
    ax = draw.thresholds(Q(np.array([1.0, 5.0]), "MHz"), WATER)
    assert ax.lines[0].get_ydata()[0] == pytest.approx(0.205, rel=0.05)


def test_depth_ends_where_the_noise_begins():
    ax = draw.depth_and_resolution("sonovue", Q([2, 10], "MHz"), (1.0, 10.0))
    near, far = ax.lines[:2]
    assert len(near.get_xdata()) == 2
    assert len(far.get_xdata()) == 1
    assert all(math.isfinite(v) for v in near.get_ydata())
