"""Fits of a few parameters to measured relaxivities."""

import numpy as np
import pytest

import contrastphys as cp
from contrastphys import Q, mri
from contrastphys.mistakes import RecordError
from contrastphys.mri.calibration import calibrate, read_measurements
from contrastphys.provenance import Refusal

UNIT = "1/(mM*s)"


def point(quantity, value, field, **more):
    return {"quantity": quantity, "value": value, "unit": UNIT, "field": f"{field} T", "temperature": "37 degC",
            "medium": "water", **more}  # fmt: skip


def iron(diameter, ms):
    core = {"material": "maghemite", "diameter": f"{diameter} nm", "saturation_magnetisation": f"{ms} kA/m"}
    return cp.Formulation(id="iron", kind="nanoparticle", cores=core)


def test_recovers_diameter_and_magnetisation():
    truth = mri.relaxivity(iron(9.3, 310), "1.5 T")
    fitted = calibrate(iron(6, 350), [point("r1", truth.r1.magnitude, 1.5), point("r2", truth.r2.magnitude, 1.5)])
    assert fitted.parameters["diameter"].number == pytest.approx(9.3, rel=1e-3)
    assert fitted.parameters["saturation_magnetisation"].number == pytest.approx(310e3, rel=1e-3)
    low, high = fitted.intervals["diameter"]
    assert low < 9.3 < high and fitted.parameters["diameter"].status == "fitted"
    assert fitted.agent.cores[0].diameter.number == pytest.approx(9.3, rel=1e-3)
    again = mri.relaxivity(fitted.agent, "3 T").r1.magnitude
    assert fitted.predict("r1", {"field": 3.0}).number == pytest.approx(again, rel=1e-9)


def test_two_points_of_ferumoxytol_give_the_one_not_used():
    """Knobloch 2018 at 1.5 T (19.9, 60.8) fitted; r1 at 0.47 T, 38 (Simon 2006), comes out within 10 %."""
    fitted = calibrate("ferumoxytol", [point("r1", 19.9, 1.5, sd=2.3), point("r2", 60.8, 1.5, sd=3.8)])
    assert fitted.predict("r1", {"field": 1.5}).number == pytest.approx(19.9, rel=1e-3)
    assert fitted.predict("r1", {"field": 0.47}).number == pytest.approx(38, rel=0.10)
    assert fitted.predict("r2", {"field": 0.47}).number == pytest.approx(83, rel=0.25)
    assert len(fitted.used) == 2 and "1.5" in fitted.predict("r1", {"field": 3.0}).source


def test_recovers_rotation_time():
    rows = [point("r1", float(mri.relaxivity("gadoterate", f"{b} T").r1.magnitude), b) for b in (0.47, 1.5, 3.0)]
    fitted = calibrate("gadoterate", rows)
    assert fitted.parameters["tau_R"].number == pytest.approx(53, rel=1e-3)
    low, high = fitted.intervals["tau_R"]
    assert 40 < low < 53 < high < 70


def test_reads_a_table(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text(
        "# source: own\nfield [mT],r1 [1/(mM*s)],r1_sd,r2 [1/(mM*s)],temperature [degC],medium\n"
        "1500,20,1,60,37,water\n3000,13,,58,37,water\n",
        encoding="utf-8",
    )
    rows = read_measurements(file)
    assert [r.quantity for r in rows] == ["r1", "r2", "r1", "r2"]
    assert rows[0].field.number == 1.5 and rows[0].temperature.number == pytest.approx(310.15)
    assert rows[0].value.sd == 1 and rows[2].value.sd is None
    fitted = calibrate(iron(7, 350), file)
    assert len(fitted.used) == 4 and fitted.chi_squared > 0
    assert "95 %" in str(fitted)


@pytest.mark.parametrize(
    ("agent", "rows", "free", "words"),
    [
        ("ferumoxytol", [("r1", 20), ("r2", 60)], ["diameter", "saturation_magnetisation", "sigma_ln"],
         r"3 parameters .* cannot be told from 2 points"),
        ("ferumoxytol", [("r1", 20)], None, "2 parameters .* from 1 point: "),
        ("ferumoxytol", [("r1", 20), ("r2", 60)], ["tau_R"], "'tau_R' is not free"),
        ("iohexol", [("r1", 1)], None, "only a chelate"),
        ("ho2o3-2nm", [("r1", 1)], None, "only a chelate"),
    ],
)  # fmt: skip
def test_refuses_what_the_points_cannot_tell(agent, rows, free, words):
    with pytest.raises(Refusal, match=words):
        calibrate(agent, [point(q, v, 1.5) for q, v in rows], free)


def test_mistakes_in_measurements():
    with pytest.raises(RecordError, match="r1"):
        calibrate("ferumoxytol", [{**point("r1", 20, 1.5), "unit": "1/s"}])


def test_plot():
    import matplotlib

    matplotlib.use("Agg")
    fitted = calibrate("gadoterate", [point("r1", 3.0, 1.5), point("r2", 3.5, 1.5)])
    ax = fitted.plot()
    assert len(ax.get_lines()) >= 2
    ax.figure.clf()
    fields = Q(np.geomspace(0.1, 7, 20), "T")
    assert mri.relaxivity("gadoterate", fields).plot().get_xscale() == "log"
    matplotlib.pyplot.close("all")
