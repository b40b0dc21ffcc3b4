"""The pictures of relaxivity, signal and detection are drawn."""

import numpy as np
import pytest

from contrastphys import Q
from contrastphys.plots import mri as pictures


@pytest.mark.parametrize(
    "draw",
    [
        lambda: pictures.relaxivity_profile(("gadoterate", "gd2o3-2nm"), fields=np.geomspace(0.3, 7, 6)),
        lambda: pictures.parts_profile("ferumoxytol", fields=np.geomspace(0.01, 7, 10)),
        lambda: pictures.size_profile(sizes=np.geomspace(3, 30, 6)),
        lambda: pictures.signal_profile(("gadoterate", "ferumoxytol")),
        lambda: pictures.detection_profile(("gadoterate",), fields=(1.5, 3.0)),
        lambda: pictures.cluster_profile(),
    ],
    ids=["relaxivity", "parts", "size", "signal", "detection", "cluster"],
)
def test_picture_is_drawn(draw, tmp_path):
    ax = draw()
    assert ax.get_lines() and ax.get_xlabel()
    ax.figure.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 5000


def test_anchored_line_is_named():
    ax = pictures.relaxivity_profile(("gd2o3-2nm",), fields=np.array([1.5, 3.0, 7.0]), temperature=Q(25, "degC"))
    assert "scaled" in ax.figure.legends[0].get_texts()[0].get_text()
