"""Calibration: known parameters come back from noisy data, intervals cover at their rate, records can be used."""

import numpy as np
import pytest

import contrastphys as cp
from contrastphys.calibration import QUANTITIES, USED, answers, calibrate, points_of
from contrastphys.formulation import check
from contrastphys.mistakes import RecordError
from contrastphys.units import Q, UnitError
from contrastphys.writing import record_text

SHELL = {"law": "marmottant", "chi": "0.5 N/m", "kappa_s": "5e-9 kg/s", "sigma0": "0.02 N/m"}
IRON = cp.Formulation(
    id="iron", kind="nanoparticle",
    cores={"material": "magnetite", "diameter": "8 nm", "saturation_magnetisation": "350 kA/m"},
)  # fmt: skip
GOLD = cp.Formulation(
    id="gold", kind="nanoparticle", cores={"material": "gold", "diameter": "40 nm"},
    stock={"value": "0.2 mmol/L", "basis": "Au"},
)  # fmt: skip
BUBBLE = cp.Formulation(
    id="soft", kind="bubble",
    gas={"species": "C4F10", "diameter": "2.5 um", "sigma_ln": 0.4, "concentration": "2e8 1/mL", "shell": SHELL},
)  # fmt: skip

# modality: agent, quantity, conditions, what is free, its true values, relative noise
CASES = {
    "mri": (IRON, "r2", {"field": Q([0.47, 1.0, 1.41, 3.0, 4.7, 7.0], "T")}, {"core.diameter": 8.0}, 0.03),
    "xray": (
        cp.load("iohexol"), "hu",
        {"kvp": "120 kV", "concentration": Q([0.5, 1, 2, 3, 4, 6, 8], "mg/mL"), "basis": "I"},
        {"scale": 1.0, "offset": 0.0}, 0.03,
    ),
    "photoacoustic": (
        GOLD, "absorbance", {"wavelength": Q([450.0, 510, 530, 550, 600], "nm")},
        {"core.diameter": 40.0, "concentration": 0.2}, 0.01,
    ),
    "ultrasound": (
        BUBBLE, "attenuation",
        {"frequency": Q(np.linspace(1, 10, 8), "MHz"), "concentration": "1e6 1/mL", "basis": "particle"},
        {"gas.shell.chi": 0.5, "gas.shell.kappa_s": 5e-9}, 0.03,
    ),
    "trace of a bubble": (
        BUBBLE, "radius",
        {"time": Q(np.linspace(0.0, 3.0, 61), "us"), "frequency": "2 MHz", "pressure_amplitude": "60 kPa",
         "cycles": Q(6), "envelope": "hann", "rest_radius": "1.6 um", "medium": "water"},
        {"gas.shell.chi": 0.5, "gas.shell.kappa_s": 5e-9}, 0.01,
    ),
}  # fmt: skip


def with_unit(numbers, quantity):
    unit = QUANTITIES[quantity][1]
    return Q(np.asarray(numbers, float), "" if unit == "1" else unit)


def exact(case):
    """True values of every point, and the noise of one."""
    agent, quantity, conditions, true, noise = CASES[case]
    count = max(np.size(c.magnitude) for c in conditions.values() if hasattr(c, "magnitude"))
    points = points_of({**conditions, quantity: with_unit(np.ones(count), quantity)}, agent)
    own = {name: value for name, value in true.items() if "." not in name}
    y = answers(agent, points, own)
    return y, noise * np.abs(y).mean()


def fitted(case, data, sd=None, **options):
    agent, quantity, conditions, true, _ = CASES[case]
    table = {**conditions, quantity: with_unit(data, quantity)}
    if sd is not None:
        table["sd"] = with_unit(sd, quantity)
    return calibrate(agent, table, list(true), **options)


@pytest.mark.parametrize("case", CASES)
def test_exact_data_give_the_parameters_back(case):
    y, _ = exact(case)
    found = fitted(case, y)
    for name, true in CASES[case][3].items():
        assert found.parameters[name].number == pytest.approx(true, rel=2e-5, abs=1e-6)
    assert np.allclose(found.model, y, rtol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_noisy_data_lie_inside_their_intervals(case):
    y, sd = exact(case)
    found = fitted(case, y + sd * np.random.default_rng(11).normal(size=len(y)), sd)
    assert found.known_sd
    assert found.chi2 < 4 * len(y)
    for name, true in CASES[case][3].items():
        value = found.parameters[name]
        assert abs(value.number - true) < 4 * value.sd
        assert value.low < value.number < value.high
    assert np.allclose(np.diag(found.correlation), 1)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_intervals_cover_at_their_stated_rate(case):
    """200 repeats at 90 %: two known spreads, one unknown; within three standard deviations of a share."""
    y, sd = exact(case)
    inside = dict.fromkeys(CASES[case][3], 0)
    for k in range(200):
        generator = np.random.default_rng([k, 5])
        known = k % 2 == 0
        found = fitted(case, y + sd * generator.normal(size=len(y)), sd if known else None, confidence=0.9)
        for name, true in CASES[case][3].items():
            value = found.parameters[name]
            inside[name] += value.low <= true <= value.high
    print(case, inside)
    for count in inside.values():
        assert 180 - 3 * 4.25 <= count <= 180 + 3 * 4.25


def test_profile_intervals_agree_where_the_errors_are_symmetric():
    y, sd = exact("xray")
    data = y + sd * np.random.default_rng(2).normal(size=len(y))
    plain, followed = fitted("xray", data, sd), fitted("xray", data, sd, profile=True)
    for name in ("scale", "offset"):
        one, other = plain.parameters[name], followed.parameters[name]
        assert (one.low, one.high) == pytest.approx((other.low, other.high), rel=0.05, abs=0.1 * one.sd)


def test_the_line_of_a_scanner_against_its_closed_form():
    y, sd = exact("xray")
    data = y + sd * np.random.default_rng(3).normal(size=len(y))
    found = fitted("xray", data, sd)
    (a, b), covariance = np.polyfit(y, data, 1, cov="unscaled")
    assert [found.parameters[n].number for n in ("scale", "offset")] == pytest.approx((a, b), rel=1e-4)
    errors = sd * np.sqrt(np.diag(covariance))
    assert [found.parameters[n].sd for n in ("scale", "offset")] == pytest.approx(errors, rel=1e-3)
    expected = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert found.correlation[0, 1] == pytest.approx(expected, abs=1e-3)


# ------------------------------------------------------------------------------------- the record it makes


def test_the_record_is_written_and_read_and_used(tmp_path):
    y, sd = exact("ultrasound")
    found = fitted("ultrasound", y * 1.02, sd)
    found.write(tmp_path / "soft.toml")
    read = check(tmp_path / "soft.toml")
    chi = read.gas.shell.chi
    assert (chi.number, chi.status) == (found.parameters["gas.shell.chi"].number, "fitted")
    assert chi.sd == pytest.approx(found.parameters["gas.shell.chi"].sd)
    assert chi.source == "fitted to 8 points (attenuation)"
    (tmp_path / "study.toml").write_text((tmp_path / "soft.toml").read_text().replace('id = "soft"', 'id = "soft"', 1))
    study = cp.Study((read,))
    own = cp.ultrasound.predict(read, "attenuation", {"frequency": 3.0, "concentration": 1e6}).number
    assert own == pytest.approx(cp.ultrasound.predict(found.agent, "attenuation",
                                                      {"frequency": 3.0, "concentration": 1e6}).number)  # fmt: skip
    assert study.formulations[0].gas.shell.chi.number == chi.number


def test_a_fitted_concentration_becomes_the_stock():
    y, _ = exact("photoacoustic")
    found = fitted("photoacoustic", 2 * y)
    stock = found.agent.stock
    assert (stock.value.number, stock.value.unit, stock.basis) == (pytest.approx(0.4, rel=1e-4), "mmol/L", "Au")


def test_rows_of_the_record_that_were_used_are_marked():
    rows = [
        {"quantity": "r2", "value": v, "unit": "1/(mM*s)", "per": "Fe", "field": f"{b} T", "medium": "water",
         "temperature": "37 degC"} for b, v in ((0.47, 60.0), (1.41, 55.0), (3.0, 50.0))
    ]  # fmt: skip
    rows.append({"quantity": "peak_wavelength", "value": 500, "unit": "nm"})
    found = calibrate(IRON.replace(measured=rows), None, ["core.diameter"])
    assert [USED in row.note for row in found.agent.measured] == [True, True, True, False]
    assert len(found.points) == 3


def test_every_record_of_the_catalogue_is_written_and_read_back(tmp_path):
    for name in cp.catalogue():
        path = tmp_path / f"{name}.toml"
        path.write_text(record_text(cp.load(name)), encoding="utf-8")
        assert repr(check(path)) == repr(cp.load(name))


def test_columns_of_a_file(tmp_path):
    y, sd = exact("mri")
    fields = CASES["mri"][2]["field"].magnitude
    lines = ["# source: own data", "# licence: own", "# note: none", "field [T],r2 [1/(mM*s)],sd [1/(mM*s)]"]
    lines += [f"{b},{v!r},{float(sd)!r}" for b, v in zip(fields.tolist(), y.tolist(), strict=True)]
    (tmp_path / "r2.csv").write_text("\n".join(lines) + "\n")
    found = calibrate(IRON, tmp_path / "r2.csv", ["core.diameter"])
    assert found.parameters["core.diameter"].number == pytest.approx(8, rel=1e-4)


def test_a_trace_of_a_file_gives_the_shell_and_the_rest_radius(tmp_path):
    y, sd = exact("trace of a bubble")
    noisy = y + sd * np.random.default_rng(8).normal(size=len(y))
    head = "time [us],radius [um],sd [nm],frequency [MHz],pressure_amplitude [kPa],cycles [1],envelope,rest_radius [um]"
    rows = [
        f"{t},{r!r},{1e3 * float(sd)!r},2,60,6,hann,1.5"
        for t, r in zip(np.linspace(0.0, 3.0, 61).tolist(), noisy.tolist(), strict=True)
    ]
    file = tmp_path / "trace.csv"
    file.write_text("\n".join(["# source: own data", "# licence: own", "# note: made", head, *rows]) + "\n", "utf-8")
    found = calibrate(BUBBLE, file, ["gas.shell.chi", "gas.shell.kappa_s", "rest_radius"])
    assert found.known_sd
    for name, true in {"gas.shell.chi": 0.5, "gas.shell.kappa_s": 5e-9, "rest_radius": 1.6}.items():
        value = found.parameters[name]
        assert abs(value.number - true) < 4 * value.sd < 0.5 * true
    assert [q.units for q in found.intervals["rest_radius"]] == [Q(1, "um").units] * 2
    shell = check_text(tmp_path, found).gas.shell
    assert (shell.chi.status, shell.chi.source) == ("fitted", "fitted to 61 points (radius)")


def check_text(folder, found):
    found.write(folder / "soft.toml")
    return check(folder / "soft.toml")


def test_a_trace_in_a_measured_waveform():
    drive = cp.ultrasound.Pulse("2 MHz", "60 kPa", 4, "hann")
    time = np.linspace(0.0, 2.0, 41)
    wave = cp.ultrasound.Pulse.measured(Q(np.linspace(0, 2, 401), "us"), Q(drive.at(np.linspace(0, 2e-6, 401)), "Pa"))
    table = {"time": Q(time, "us"), "rest_radius": "1.6 um", "pulse": wave}
    moved = cp.ultrasound.radii(BUBBLE, [{"time": t, "rest_radius": 1.6, "pulse": wave} for t in time])
    assert np.ptp(moved) > 0.1
    found = calibrate(
        BUBBLE, {**table, "radius": Q(moved, "um")}, ["gas.shell.chi"], start={"gas.shell.chi": "0.3 N/m"}
    )
    assert found.parameters["gas.shell.chi"].number == pytest.approx(0.5, rel=1e-3)


def test_one_simulation_serves_the_points_of_a_trace():
    """Points of two drives in any order are those of each drive alone."""
    drive = {"frequency": 2.0, "cycles": 4.0, "rest_radius": 1.6}
    times = np.linspace(0, 2, 9)
    mixed = [{"time": t, "pressure_amplitude": p, **drive} for t in times[::-1] for p in (20.0, 60.0)]
    found = cp.ultrasound.radii(BUBBLE, mixed)
    for k, p in enumerate((20.0, 60.0)):
        alone = cp.ultrasound.radii(BUBBLE, [{"time": t, "pressure_amplitude": p, **drive} for t in times])
        assert found[k::2][::-1] == pytest.approx(alone, rel=1e-12)


def test_a_residual_plot_is_drawn():
    import matplotlib.pyplot as plt

    y, sd = exact("mri")
    ax = fitted("mri", y, sd).plot()
    assert ax.get_xlabel() == "field [T]"
    assert len(ax.lines[1].get_xdata()) == len(y)
    plt.close(ax.figure)


# ---------------------------------------------------------------------------------------------- bad input

R2 = {"field": Q([1.0, 3.0], "T"), "r2": Q([50.0, 45.0], "1/(mM*s)")}


@pytest.mark.parametrize(
    ("table", "free", "error", "says"),
    [
        (R2, [], RecordError, "nothing is free"),
        (R2, ["core.diamter"], RecordError, "did you mean 'formulation.iron.core.diameter'"),
        (R2, ["scal"], RecordError, "did you mean 'scale'|no parameter"),
        (R2, ["core.shape"], RecordError, "no number"),
        (R2, ["core.diameter", "core.diameter"], RecordError, "named twice"),
        (R2, ["core.diameter", "core.saturation_magnetisation", "scale"], RecordError, "2 points for 3 parameters"),
        ({"field": Q([1.0], "T")}, ["core.diameter"], RecordError, "0 measured columns"),
        ({**R2, "feild": [1, 2]}, ["core.diameter"], RecordError, "did you mean 'field'"),
        ({**R2, "sd": Q([1.0, 2.0, 3.0], "1/(mM*s)")}, ["core.diameter"], RecordError, "sd has 3 entries for 2"),
        ({**R2, "sd": Q(0.0, "1/(mM*s)")}, ["core.diameter"], RecordError, "not above 0"),
        ({**R2, "r2": Q([50.0, 45.0], "HU")}, ["core.diameter"], UnitError, "r2"),
        ({**R2, "r2": [50.0, 45.0]}, ["core.diameter"], UnitError, "needs a unit"),
        (None, ["core.diameter"], RecordError, "no point to fit"),
    ],
)
def test_bad_input(table, free, error, says):
    with pytest.raises(error, match=says):
        calibrate(IRON, table, free)


TRACE = {
    "time": Q([0.0, 0.2, 0.4], "us"), "radius": Q([1.6, 1.7, 1.6], "um"), "rest_radius": "1.6 um",
    "frequency": "2 MHz", "pressure_amplitude": "60 kPa",
}  # fmt: skip


@pytest.mark.parametrize(
    ("agent", "table", "says"),
    [
        (BUBBLE, {k: v for k, v in TRACE.items() if k != "time"}, "a radius without its time: give a column time"),
        (BUBBLE, {k: v for k, v in TRACE.items() if k != "rest_radius"}, "Give a column rest_radius, or free"),
        (BUBBLE, {k: v for k, v in TRACE.items() if k != "frequency"}, "in which pulse[?] Give a column frequency"),
        (BUBBLE, {**TRACE, "time": Q([-1.0, 0.2, 0.4], "us")}, "times count from the start of the pulse"),
        (BUBBLE, {**TRACE, "field": "3 T"}, "unknown condition 'field'"),
        (BUBBLE, {**TRACE, "envelope": "round"}, "envelope is one of rectangle, hann, gauss, not 'round'"),
        (IRON, TRACE, "iron holds no gas: only a bubble has a radius that moves"),
    ],
)
def test_a_trace_that_lacks_something_is_refused(agent, table, says):
    free = ["gas.shell.chi"] if agent is BUBBLE else ["core.diameter"]
    with pytest.raises(ValueError, match=says):
        calibrate(agent, table, free)


def test_points_that_do_not_determine_the_parameters_say_so():
    field = {"field": Q([3.0, 3.0, 3.0], "T"), "r2": Q([50.0, 51.0, 49.0], "1/(mM*s)")}
    found = calibrate(IRON, field, ["core.diameter", "scale"])
    assert any("no interval" in n for n in found.notes) or max(abs(found.correlation[0, 1]), 0) > 0.99
