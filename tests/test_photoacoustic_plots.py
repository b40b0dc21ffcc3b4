"""Pictures of the photoacoustic room: each is drawn, labelled, and shows the numbers it was made from."""

import numpy as np
import pytest

from contrastphys.photoacoustic import sphere
from contrastphys.plots import photoacoustic as draw

FEW = [20.0, 80.0, 200.0]
CALLS = {
    "absorption_per_mass": lambda: draw.absorption_per_mass(
        {"gold": sphere("40 nm"), "oxide": sphere("10 nm", "magnetite"), "dye": "icg"}, np.arange(600.0, 1000.0, 20.0)
    ),
    "heating_times": lambda: draw.heating_times(FEW),
    "water_share": lambda: draw.water_share(FEW, (5.0,)),
    "thresholds_by_size": lambda: draw.thresholds_by_size(FEW),
    "nonlinear_map": lambda: draw.nonlinear_map(FEW, frequency=None),
    "coat_effect": lambda: draw.coat_effect(40.0, (10.0, 30.0)),
    "aggregate_heating": lambda: draw.aggregate_heating(20.0, 4, (25.0, 60.0)),
    "limit_by_depth": lambda: draw.limit_by_depth(["gold-sphere-40nm", "icg"], 808.0, np.array([0.5, 1.0, 2.0])),
}


@pytest.mark.parametrize("name", CALLS)
def test_pictures_are_drawn_and_labelled(name):
    ax = CALLS[name]()
    ax.figure.canvas.draw()
    assert ax.get_title(loc="left") and ax.get_ylabel()
    assert ax.lines or ax.collections
    for line in ax.lines:
        assert np.all(np.isfinite(np.asarray(line.get_ydata(), float)))


def test_every_picture_is_tested():
    assert set(CALLS) == set(draw.__all__)
