"""Sweeps: the same numbers with any executor, nothing lost when something dies, and errors that say what to do."""

import csv
import math
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent import futures
from pathlib import Path

import numpy as np
import pytest

import contrastphys as cp
from contrastphys import answers, points, running
from contrastphys.mistakes import RecordError
from contrastphys.parameters import changed, find, names
from contrastphys.points import Plan
from contrastphys.sampling import Alternatives, LogNormal, Normal, Uniform
from contrastphys.study import Study, cells
from contrastphys.sweeps import SweepError, axes_of, sweep
from contrastphys.tables import Reply, Table
from contrastphys.uncertainty import propagate
from contrastphys.units import Q, UnitError

CT = ["xray"]


def gold(**changes):
    made = {"cores": {"material": "gold", "diameter": "10 nm"}, "dose": {"value": "50 mg/kg", "basis": "Au"}}
    return cp.Formulation(id="gold-1.9", kind="nanoparticle", **{**made, **changes})


def bubbles():
    shell = {"law": "marmottant", "chi": "0.5 N/m", "kappa_s": "5e-9 kg/s", "sigma0": "0.02 N/m"}
    gas = {"species": "C4F10", "diameter": "2.5 um", "sigma_ln": 0.4, "concentration": "2e8 1/mL", "shell": shell}
    return cp.Formulation(id="soft", kind="bubble", gas=gas, dose={"value": "2 mL", "basis": "suspension"})


def study():
    return Study((gold(), bubbles()))


GRID = {
    "formulation.gold-1.9.dose": Q(np.linspace(10, 100, 5), "mg/kg"),
    "protocol.xray.kvp": ["80 kV", "100 kV", "120 kV"],
    "protocol.ultrasound.frequency": Q([1.0, 3.0], "MHz"),
}
ROOMS = ["xray", "ultrasound"]


# ------------------------------------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("scenario.bodymass", "did you mean 'scenario.body_mass'"),
        ("formulation.gold-1.9.dos", "did you mean 'formulation.gold-1.9.dose'"),
        ("formulation.gold-1.8.dose", "did you mean 'formulation.gold-1.9.dose'"),
        ("protocol.xray.kVp", "did you mean 'protocol.xray.kvp'"),
        ("protocol.xray.zzz", "known are for example protocol.xray.kvp"),
    ],
)
def test_an_unknown_parameter_names_the_nearest(path, hint):
    with pytest.raises(RecordError, match="no parameter") as told:
        find(study(), path)
    assert hint in str(told.value)


@pytest.mark.parametrize(
    ("path", "value", "held"),
    [
        ("scenario.body_mass", "20 g", 0.02),
        ("scenario.temperature", "25 degC", 298.15),
        ("gold-1.9.core.diameter", "5 nm", 5.0),
        ("formulation.gold-1.9.cores[1].diameter", Q(0.005, "um"), 5.0),
        ("formulation.gold-1.9.dose", "0.1 mmol/kg", 0.1),
        ("formulation.gold-1.9.target", "1 mg/mL", 1.0),
        ("protocol.xray.kvp[2]", "90 kV", 90.0),
    ],
)
def test_a_parameter_is_set_by_its_path(path, value, held):
    made = changed(study(), {path: value})
    found = find(made, path).held
    assert (found[0] if isinstance(found, tuple) else found).number == pytest.approx(held, rel=1e-14)


def test_a_bare_number_and_a_value_out_of_range_are_refused():
    with pytest.raises(UnitError, match="needs a unit"):
        changed(study(), {"scenario.body_mass": 70})
    with pytest.raises(RecordError, match="cannot be; write a value from"):
        changed(study(), {"scenario.body_mass": "-1 kg"})
    with pytest.raises(RecordError, match="cannot be"):
        changed(study(), {"scenario.body_mass": Q(math.nan, "kg")})


def test_another_core_is_another_probe_of_which_nothing_was_measured():
    row = {"quantity": "enhancement_per_mass", "value": 30, "unit": "HU*mL/mg", "per": "Au", "kvp": "120 kV"}
    one = Study((gold(measured=[row]),))
    assert changed(one, {"core.diameter": "12 nm"}).formulations[0].measured == ()
    assert changed(one, {"core.diameter": "12 nm"}, same_probe=True).formulations[0].measured
    assert changed(one, {"dose": "12 mg/kg"}).formulations[0].measured
    told = sweep(one, {"core.diameter": ["9 nm", "12 nm"]}, modalities=CT)
    assert "measured values of gold-1.9 are left out" in told.summary()
    assert not sweep(one, {"dose": ["9 mg/kg", "12 mg/kg"]}, modalities=CT).notes


def test_protocols_follow_the_scenario_only_where_they_did():
    base = Study((bubbles(),))
    whole = Plan.of(base, (), modalities=("ultrasound",)).study
    warm = changed(whole, {"scenario.rose": 3.0})
    assert warm.protocol("ultrasound").rose.number == 3.0
    own = changed(changed(whole, {"protocol.ultrasound.rose": 4.0}), {"scenario.rose": 3.0})
    assert own.protocol("ultrasound").rose.number == 4.0


def test_every_listed_parameter_is_found_by_its_own_name():
    base = study()
    for path in names(base, "formulation") + names(base, "scenario"):
        assert find(base, path).path == path


# ------------------------------------------------------------------------------------------- the numbers


def test_every_point_is_what_a_comparison_of_that_study_gives():
    result = sweep(study(), GRID, modalities=ROOMS)
    assert result.shape == (5, 3, 2)
    assert not result.trouble
    for i, dose in enumerate(np.linspace(10, 100, 5)):
        for j, kvp in enumerate((80, 100, 120)):
            one = changed(study(), {"gold-1.9.dose": Q(dose, "mg/kg"), "protocol.xray.kvp": Q(float(kvp), "kV")})
            margins = [c for c in cells_of(one, "gold-1.9", "xray") if c.quantity == "margin"]
            assert result.values("gold-1.9", "xray", "margin")[i, j, 1] == margins[0].value


def cells_of(made, formulation, modality):
    from contrastphys.study import place, respond

    placed, _ = place(next(f for f in made.formulations if f.id == formulation), made.scenario)
    return respond(placed, modality, made.protocol(modality))


@pytest.mark.slow
def test_workers_and_executors_do_not_change_a_bit():
    here = sweep(study(), GRID, modalities=ROOMS)
    with futures.ThreadPoolExecutor(3) as pool:
        threads = sweep(study(), GRID, executor=pool, modalities=ROOMS)
    one, two = (sweep(study(), GRID, executor=n, modalities=ROOMS) for n in (1, 2))
    assert len({r.digest() for r in (here, threads, one, two)}) == 1


def test_samples_repeat_for_a_seed_and_share_one_axis():
    over = {
        "scenario.body_mass": Normal("70 kg", "10 kg", "30 kg", "150 kg"),
        "formulation.gold-1.9.dose": LogNormal("50 mg/kg", 1.5),
        "protocol.xray.kvp": ["80 kV", "120 kV"],
    }
    first, again, other = (sweep(study(), over, modalities=CT, samples=40, seed=s) for s in (3, 3, 4))
    assert first.shape == (2, 40)
    assert first.digest() == again.digest() != other.digest()
    masses = first.coordinates("scenario.body_mass")
    assert abs(np.median(masses) - 70) < 2
    assert len(np.unique(masses)) == 40


def test_words_and_lists_can_be_swept():
    voltages = [["80 kV", "120 kV"], ["100 kV", "140 kV"]]
    over = {"protocol.xray.detector": ["energy-integrating", "photon-counting"], "protocol.xray.kvp": voltages}
    result = sweep(study(), over, modalities=CT)
    assert result.shape == (2, 2)
    assert np.isfinite(result.values("gold-1.9", "xray", "margin")).all()


def test_a_point_that_fails_is_told_of_and_the_others_stay():
    particle = gold(hydrodynamic_diameter="20 nm")
    result = sweep(particle, {"core.diameter": ["10 nm", "15 nm", "30 nm"]}, modalities=CT)
    assert np.isfinite(result.values(quantity="margin")).tolist() == [True, True, False]
    (trouble,) = result.errors
    assert trouble.points == (2,)
    assert "larger than hydrodynamic_diameter" in trouble.message
    assert "larger than hydrodynamic_diameter" in result.summary()


def test_only_what_a_parameter_reaches_is_computed_again(monkeypatch):
    from contrastphys.xray import agents

    calls = []
    real = agents.detection_limit
    monkeypatch.setattr(agents, "detection_limit", lambda *a: calls.append(1) or real(*a))
    sweep(study(), GRID, modalities=ROOMS)
    assert len(calls) == 5 * 3  # doses times voltages, not times frequencies


@pytest.mark.slow
def test_large_sweeps_use_linear_ultrasound_unless_asked():
    made = changed(study(), {"protocol.ultrasound.sequence": "pulse-inversion"})
    over = {"protocol.ultrasound.frequency": Q(np.linspace(1, 8, 7), "MHz"),
            "soft.dose": Q(np.linspace(0.1, 2, 150), "mL")}  # fmt: skip
    result = sweep(made, over, modalities=["ultrasound"])
    assert "linear ultrasound in place of pulse-inversion" in result.notes[0]


def test_bubbles_are_simulated_at_a_stated_number_of_points(monkeypatch):
    made = changed(study(), {"protocol.ultrasound.sequence": "pulse-inversion"})
    over = {"soft.dose": Uniform("0.1 mL", "2 mL")}
    options = {"modalities": ["ultrasound"], "samples": 30, "progress": False}
    found = sweep(made, over, nonlinear=4, **options)
    margins = found.values("soft", "ultrasound")
    assert np.isfinite(margins).sum() == 4
    assert "simulated at 4 of 30 points, picked by seed 7" in found.summary()
    again = sweep(made, over, nonlinear=4, **options)
    assert found.digest() == again.digest()
    every = sweep(made, over, nonlinear=True, **options).values("soft", "ultrasound")
    there = np.isfinite(margins)
    assert margins[there] == pytest.approx(every[there])
    assert not sweep(made, over, nonlinear=30, **options).notes
    other = sweep(made, over, nonlinear=4, seed=8, **options).values("soft", "ultrasound")
    assert (np.isfinite(other) != there).any()
    for wrong in (0, -2, 2.5):
        with pytest.raises(ValueError, match="at how many points bubbles are simulated"):
            sweep(made, over, nonlinear=wrong, **options)


def test_a_propagation_simulates_bubbles_at_a_stated_number_of_samples():
    made = changed(study(), {"protocol.ultrasound.sequence": "pulse-inversion"})
    inputs = {"soft.dose": Uniform("0.1 mL", "2 mL")}
    found = propagate(made, samples=24, inputs=inputs, nonlinear=5, quantities=["margin"],
                      modalities=["ultrasound", "xray"])  # fmt: skip
    (cell,) = found.comparison.select("soft", "ultrasound", "margin")
    assert any("band of 5 of the 24 samples, at which bubbles were simulated" in f.message for f in cell.flags)
    assert not any("simulated" in f.message for c in found.comparison.select("gold-1.9") for f in c.flags)
    assert found.band("soft", "ultrasound").answered == 1.0
    assert len(found.margins()["gold-1.9"]["xray"]) == 5


# ---------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("over", "error", "says"),
    [
        ({}, ValueError, "over is empty"),
        ({"scenario.body_mass": []}, ValueError, "empty list"),
        ({"scenario.body_mass": [70.0]}, UnitError, "needs a unit"),
        ({"scenario.body_mass": ["70 kV"]}, UnitError, "kg"),
        ({"scenario.species": ["human", "dog"]}, RecordError, "unknown species"),
        ({"scenario.species": Uniform(0, 1)}, RecordError, "no number"),
        ({"gold-1.9.dose": ["1 mg/kg", "1 mmol/kg"]}, RecordError, "values in mg/kg and in mmol/kg"),
        ({"scenario.rose": [3], "scenario.rose.value": [5]}, RecordError, "named twice"),
        ({"scenario.body_mass": Normal("70 kg", "0 kg")}, ValueError, "a spread of 0"),
        ({"scenario.body_mass": Uniform("70 kg", "60 kg")}, ValueError, "not below"),
        ({"scenario.rose": Uniform(0.1, 60)}, RecordError, "cannot be"),
    ],
)
def test_bad_grids_say_what_to_write(over, error, says):
    with pytest.raises(error, match=says):
        sweep(study(), over, modalities=CT)


@pytest.mark.parametrize("samples", [0, -3, 1.5, True])
def test_zero_samples_are_refused(samples):
    with pytest.raises(ValueError, match="whole number of 1 or more"):
        sweep(study(), {"scenario.body_mass": Uniform("60 kg", "80 kg")}, samples=samples, modalities=CT)


def test_what_is_no_executor_is_refused():
    for wrong in ("processes", 0, object()):
        with pytest.raises(TypeError, match="ProcessPoolExecutor"):
            sweep(study(), GRID, executor=wrong, modalities=CT)
    with pytest.raises(RecordError, match="did you mean 'xray'"):
        sweep(study(), GRID, modalities=["x-ray"])
    with pytest.raises(ValueError, match="two or more"):
        Alternatives(1.0)


class OverPipes:
    """An executor as those of MPI are: nothing but `submit`, which pickles what goes there and what comes back."""

    def __init__(self, pool):
        self.pool, self.sent = pool, []

    def submit(self, function, *arguments):
        packed = pickle.dumps((function, arguments))
        self.sent.append(len(packed))

        def there():
            function, arguments = pickle.loads(packed)
            return pickle.loads(pickle.dumps(function(*arguments)))

        return self.pool.submit(there)


def test_an_executor_that_only_submits_and_pickles_is_enough():
    with futures.ThreadPoolExecutor(2) as pool:
        found = sweep(study(), GRID, OverPipes(pool), modalities=CT)
        assert found.digest() == sweep(study(), GRID, modalities=CT).digest()
        many = OverPipes(pool)
        over = {"scenario.body_mass": Uniform("40 kg", "90 kg")}
        sweep(study(), over, many, samples=4000, modalities=CT)
        assert max(many.sent) < 40_000  # samples are drawn there


class Dying(futures.Executor):
    """Answers three blocks, then breaks as a pool does whose worker was killed."""

    def __init__(self):
        self.left = 3

    def submit(self, function, *arguments):
        made = futures.Future()
        if self.left:
            self.left -= 1
            made.set_result(function(*arguments))
        else:
            made.set_exception(futures.BrokenExecutor("a worker was killed"))
        return made


def test_an_executor_that_dies_leaves_what_is_done(tmp_path):
    file = tmp_path / "points"
    with pytest.raises(SweepError, match=r"gave up .* after 3 of 30 points; they are kept in .*run again") as told:
        sweep(study(), GRID, executor=Dying(), modalities=ROOMS, file=file)
    partial = told.value.partial
    assert partial.done.sum() == 3
    assert not partial.complete
    again = sweep(study(), GRID, modalities=ROOMS, file=file)
    assert (again.computed, again.complete) == (27, True)
    assert again.digest() == sweep(study(), GRID, modalities=ROOMS).digest()


def test_an_executor_that_is_shut_down_says_so():
    pool = futures.ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(SweepError, match="shutdown"):
        sweep(study(), GRID, executor=pool, modalities=CT)


def test_interrupting_keeps_what_is_done(tmp_path, monkeypatch):
    real, calls = running.compute, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(running, "compute", interrupted)
    with pytest.raises(KeyboardInterrupt) as told:
        sweep(study(), GRID, modalities=CT, file=tmp_path / "points")
    assert told.value.partial.done.sum() == 4
    monkeypatch.setattr(running, "compute", real)
    assert sweep(study(), GRID, modalities=CT, file=tmp_path / "points").computed == 26


@pytest.mark.skipif(os.name == "nt", reason="signals of a shell")
def test_a_file_that_cannot_be_written_is_told_before_anything_is_computed(tmp_path):
    with pytest.raises(RecordError, match="cannot be written; give a file in a folder"):
        sweep(study(), GRID, modalities=CT, file=tmp_path / "none" / "points")
    with pytest.raises(RecordError, match="is a folder"):
        sweep(study(), GRID, modalities=CT, file=tmp_path)
    with pytest.raises(RecordError, match="cannot be written"):
        sweep(study(), {"scenario.body_mass": ["70 kg"]}, modalities=CT).to_csv(tmp_path / "none" / "x.csv")


def test_a_file_of_another_sweep_is_not_taken(tmp_path):
    file = tmp_path / "points"
    sweep(study(), GRID, modalities=CT, file=file)
    with pytest.raises(RecordError, match="holds another sweep"):
        sweep(study(), {"scenario.body_mass": ["70 kg"]}, modalities=CT, file=file)
    file.write_text("point,kvp\n1,80\n")
    with pytest.raises(RecordError, match="is not a file of a sweep"):
        sweep(study(), GRID, modalities=CT, file=file)
    assert file.read_text() == "point,kvp\n1,80\n"


@pytest.mark.parametrize("cut", [1, 40, 2000])
def test_a_torn_line_costs_only_its_own_block(tmp_path, cut):
    file = tmp_path / "points"
    whole = sweep(study(), GRID, modalities=CT, file=file)
    data = file.read_bytes()
    file.write_bytes(data[:-cut])
    again = sweep(study(), GRID, modalities=CT, file=file)
    assert 0 < again.computed < 30
    assert again.digest() == whole.digest()
    assert sweep(study(), GRID, modalities=CT, file=file).computed == 0


# -------------------------------------------------------------------------------------------- handing on


def test_files_hold_every_bit(tmp_path):
    result = sweep(study(), GRID, modalities=ROOMS)
    result.to_csv(tmp_path / "sweep.csv")
    rows = list(csv.DictReader((tmp_path / "sweep.csv").read_text().splitlines()))
    assert len(rows) == 30
    column = "gold-1.9 xray margin [1]"
    assert [float(r[column]) for r in rows] == result.values("gold-1.9", "xray", "margin").ravel().tolist()
    assert [float(r["protocol.xray.kvp [kV]"]) for r in rows[:5]] == [80, 80, 100, 100, 120]


def test_labelled_results(tmp_path):
    xarray, _ = pytest.importorskip("xarray"), pytest.importorskip("netCDF4")
    result = sweep(study(), GRID, modalities=ROOMS)
    data = result.to_xarray()
    cell = data.sel(cell=(data.formulation == "gold-1.9") & (data.modality == "xray") & (data.quantity == "margin"))
    assert np.array_equal(cell.value.values[0], result.values("gold-1.9", "xray", "margin"))
    assert data["protocol.xray.kvp"].attrs["unit"] == "kV"
    result.to_netcdf(tmp_path / "sweep.nc")
    with xarray.open_dataset(tmp_path / "sweep.nc") as read:
        assert np.array_equal(read.value.values, data.value.values, equal_nan=True)
    frame = result.to_pandas()
    assert frame.shape == (30, 3 + len(result.columns))
    with pytest.raises(RecordError, match="cannot be written"):
        result.to_netcdf(tmp_path / "none" / "sweep.nc")


def test_asking_for_a_column_that_is_not_there_names_the_known():
    result = sweep(study(), GRID, modalities=ROOMS)
    with pytest.raises(RecordError, match=r"known: gold-1.9 xray c_min"):
        result.values("gold-1.9", "mri")
    with pytest.raises(RecordError, match="columns answer"):
        result.values(quantity="margin")
    with pytest.raises(RecordError, match=r"did you mean 'scenario.body_mass'|known: formulation"):
        result.coordinates("scenario.bodymass")


# ------------------------------------------------------------------------------- processes that are killed

DRIVER = """
    import sys, time
    import numpy as np
    sys.path.insert(0, {tests!r})
    from test_sweep import Q, study, sweep
    from contrastphys import answers

    GRID = {{"gold-1.9.dose": Q(np.linspace(10, 100, 40), "mg/kg"),
             "protocol.xray.kvp": Q(np.linspace(80, 140, 20), "kV")}}

    if __name__ == "__main__":
        real = answers.Solver.block
        done = []
        def slowly(self, *bounds):
            done.append(bounds)
            time.sleep(0.02 if len(done) < 60 else 120)  # and then wait for the signal
            return real(self, *bounds)
        answers.Solver.block = slowly
        print("started", flush=True)
        sweep(study(), GRID, modalities=["xray"], file=sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kill -9")
@pytest.mark.parametrize("with_signal", [signal.SIGKILL, signal.SIGINT], ids=["kill-9", "ctrl-c"])
def test_a_driver_that_is_killed_goes_on_where_it_stopped(tmp_path, with_signal):
    script, file = tmp_path / "driver.py", tmp_path / "points"
    script.write_text(textwrap.dedent(DRIVER).format(tests=str(Path(__file__).parent)))
    driver = subprocess.Popen(
        [sys.executable, str(script), str(file)], cwd=Path(__file__).parents[1], stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (file.is_file() and file.read_bytes().count(b"\n") > 40):
        time.sleep(0.01)
    driver.send_signal(with_signal)
    _, told = driver.communicate(timeout=30)
    grid = {
        "gold-1.9.dose": Q(np.linspace(10, 100, 40), "mg/kg"),
        "protocol.xray.kvp": Q(np.linspace(80, 140, 20), "kV"),
    }
    lines = [line for line in file.read_bytes().splitlines(keepends=True)[1:] if running._block(line) is not None]
    held = sum(block.stop - block.start for block in map(running._block, lines))
    assert 0 < held < 800
    if with_signal == signal.SIGINT:
        assert f"interrupted after {held} of 800 points" in told
    again = sweep(study(), grid, modalities=CT, file=file)
    assert again.computed == 800 - held
    assert again.digest() == sweep(study(), grid, modalities=CT).digest()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kill -9")
def test_a_worker_of_our_own_pool_that_is_killed_is_replaced():
    import multiprocessing

    grid = {
        "gold-1.9.dose": Q(np.linspace(10, 100, 60), "mg/kg"),
        "protocol.xray.kvp": Q(np.linspace(80, 140, 40), "kV"),
    }
    killed = []

    def kill():
        while not killed:
            for child in multiprocessing.active_children():
                time.sleep(1.5)
                os.kill(child.pid, signal.SIGKILL)
                killed.append(child.pid)
                break
            time.sleep(0.01)

    thread = threading.Thread(target=kill)
    thread.start()
    result = sweep(study(), grid, executor=2, modalities=CT)
    thread.join()
    assert killed
    assert result.complete
    assert result.digest() == sweep(study(), grid, modalities=CT).digest()


def test_axes_are_in_the_order_they_were_given():
    axes = axes_of(study(), GRID)
    assert [a.name for a in axes] == list(GRID)
    assert [a.unit for a in axes] == ["mg/kg", "kV", "MHz"]
    assert cells  # the same study answers cell by cell


# ------------------------------------------------------------------------------------------------- tables


def _line(x, amount):
    """A curve with a bend at 2 and a jump at 3, of which the second number goes with the dose."""
    number = x**2 if x < 2 else 8 - x**2
    return Reply(
        (("c_min", "", 0), ("margin", "", 0)), (("mmol/L", ""), ("1", "")),
        np.array([[number + 10 * (x > 3)] * 3, [amount / (1 + x)] * 3]), np.array([67, 67], np.uint8), (), "",
    )  # fmt: skip


def test_a_table_meets_its_tolerance_at_bends_and_beside_a_jump():
    table = Table(_line, 1.0, 2.9, (2.0, 1.0, 4.0), lambda key: key[0] == "margin", 1e-6)
    x, doses = np.linspace(1.0, 2.9, 777), np.linspace(1.0, 4.0, 777)
    direct = 0
    for there, answer, numbers in table.read(x, doses):
        if answer is None:
            direct += len(there)
            continue
        for k, i in enumerate(there):
            assert numbers[:, 0, k] == pytest.approx(_line(x[i], doses[i]).numbers[:, 0], rel=2e-6)
    assert direct < 5
    assert table.nodes < 400
    jump = Table(_line, 1.0, 7.0, (2.0, 1.0, 4.0), lambda key: key[0] == "margin", 1e-6)
    assert [p for p in jump.pieces if p.reply is None and p.low <= 3 <= p.high]


def test_a_dose_that_does_more_than_scale_is_not_tabulated():
    def bent(x, amount):
        found = _line(x, amount)
        return found._replace(numbers=found.numbers * (1 + 0.01 * amount))

    table = Table(bent, 1.0, 2.0, (2.0, 1.0, 4.0), lambda key: key[0] == "margin", 1e-4)
    assert not table.separable
    assert all(answer is None for _, answer, _ in table.read(np.array([1.2, 1.8]), np.array([1.0, 2.0])))


def test_tabulated_samples_are_those_computed_one_by_one():
    over = {"dose": Uniform("10 mg/kg", "90 mg/kg"), "protocol.xray.kvp": Uniform("90 kV", "110 kV")}
    probe = cp.Formulation(id="gold", kind="nanoparticle", cores={"material": "gold", "diameter": "10 nm"},
                       dose={"value": "50 mg/kg", "basis": "Au"})  # fmt: skip
    tall = Study((probe,))
    options = {"samples": 2000, "modalities": ["xray"], "progress": False}
    tabled = sweep(tall, over, **options)
    assert any("table of protocol.xray.kvp" in note for note in tabled.notes)
    solver = answers.Solver(points.Plan.of(tall, tabled.axes, quantities=("margin", "c_min"), modalities=["xray"]))
    for i in range(0, 2000, 97):
        block = solver.block(i, i + 1)
        there = [block.columns.index(c) for c in tabled.columns]
        assert tabled.numbers[:, :, i] == pytest.approx(block.numbers[there][:, :, 0], rel=1e-4)
        assert (tabled.letters[:, i] == block.letters[there][:, 0]).all()


def test_samples_are_drawn_again_in_another_process_and_not_sent():
    over = {"scenario.body_mass": Uniform("40 kg", "90 kg")}
    (axis,) = axes_of(Study((cp.load("gadoterate"),)), over, 5000, 3)
    packed = pickle.dumps(axis)
    assert len(packed) < 5000
    assert pickle.loads(packed) == axis
    broken = (*axis.recipe[:-1], "other")
    with pytest.raises(RuntimeError, match="draws other samples"):
        points._drawn_again(axis.parameters, broken)


# ------------------------------------------------------------------------------------- a cluster of processes


@pytest.mark.cluster
@pytest.mark.filterwarnings("default")
def test_a_cluster_gives_the_serial_answer_and_survives_a_killed_worker(tmp_path):
    """1e5 points over four modalities on Dask workers in processes of their own, one of them killed half-way."""
    import distributed

    gd = cp.load("gadoterate")
    made = Study((gold(), bubbles(), gd))
    grid = {
        "gold-1.9.dose": Q(np.linspace(10, 100, 10), "mg/kg"),
        "protocol.mri.field": Q(np.linspace(0.5, 7, 10), "T"),
        "protocol.xray.kvp": Q(np.linspace(80, 140, 10), "kV"),
        "protocol.ultrasound.frequency": Q(np.linspace(1, 10, 10), "MHz"),
        "protocol.photoacoustic.wavelength": Q(np.linspace(700, 980, 10), "nm"),
    }
    killed, file = [], tmp_path / "points"
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        pids = client.run(os.getpid)
        assert len(set(pids.values()) | {os.getpid()}) == 3

        def kill():
            while not (file.is_file() and file.read_bytes().count(b"\n") > 160):
                time.sleep(0.02)
            killed.append(next(iter(pids.values())))
            os.kill(killed[0], signal.SIGKILL)

        thread = threading.Thread(target=kill)
        thread.start()
        began = time.monotonic()
        spread = sweep(made, grid, executor=client.get_executor(), progress=False, file=file)
        seconds = time.monotonic() - began
        thread.join()
    assert spread.shape == (10,) * 5
    assert spread.complete
    assert (spread.computed, len(killed)) == (100_000, 1)
    assert not spread.errors
    assert {c.modality for c in spread.columns} == {"mri", "xray", "photoacoustic", "ultrasound"}
    assert spread.digest() == sweep(made, grid, progress=False).digest()
    print(f"{math.prod(spread.shape)} points in {seconds:.1f} s")
    assert seconds < 60
