"""Records of the catalogue as parameters of a study: changed for it alone, and nothing shared with others."""

import pytest

import contrastphys as cp
from contrastphys import records
from contrastphys.calibration import calibrate
from contrastphys.mistakes import RecordError
from contrastphys.parameters import changed, find
from contrastphys.sampling import Uniform
from contrastphys.study import Study
from contrastphys.sweeps import sweep
from contrastphys.uncertainty import propagate
from contrastphys.units import Q

SATURATION = "cores.magnetite.saturation_magnetisation"


def iron():
    return cp.Formulation(id="iron", kind="nanoparticle", cores={"material": "magnetite", "diameter": "8 nm"},
                          dose={"value": "5 mg/kg", "basis": "Fe"})  # fmt: skip


def bubbles():
    shell = {"law": "marmottant", "chi": "0.5 N/m", "kappa_s": "5e-9 kg/s", "sigma0": "0.02 N/m"}
    gas = {"species": "C4F10", "diameter": "2.5 um", "sigma_ln": 0.4, "concentration": "2e8 1/mL", "shell": shell}
    return cp.Formulation(id="soft", kind="bubble", gas=gas, dose={"value": "2 mL", "basis": "suspension"})


def test_a_path_finds_the_record_and_a_wrong_one_the_nearest():
    study = Study((iron(),))
    assert find(study, SATURATION).unit == "A/m"
    assert find(study, "gases.C4F10.diffusivity").spec.unit == "m^2/s"
    with pytest.raises(RecordError, match="saturation_magnetisation"):
        find(study, "cores.magnetite.saturation_magnetization")
    with pytest.raises(RecordError, match="cannot be"):
        changed(study, {SATURATION: "1e9 A/m"})


def test_a_changed_record_answers_for_its_study_alone():
    held = records.material("magnetite").saturation_magnetisation.number
    study = Study((iron(),))
    half = changed(study, {SATURATION: Q(held / 2, "A/m")})
    plain = cp.compare(study).verdict("iron", "mri").c_min.value
    weak = cp.compare(half).verdict("iron", "mri").c_min.value
    assert weak > 1.5 * plain
    assert records.material("magnetite").saturation_magnetisation.number == held
    assert cp.compare(study).verdict("iron", "mri").c_min.value == plain


def test_a_density_moves_what_is_counted_and_comes_back():
    study = Study((iron(),))
    atoms = study.formulations[0].atoms("Fe")
    light = changed(study, {"cores.magnetite.density": Q(records.material("magnetite").density.number / 2, "kg/m^3")})
    with records.using(light.components):
        assert light.formulations[0].atoms("Fe") == pytest.approx(atoms / 2)
        assert study.formulations[0].atoms("Fe") == pytest.approx(atoms / 2)
    assert study.formulations[0].atoms("Fe") == atoms


@pytest.mark.parametrize("executor", [None, "threads"])
def test_sweep_and_propagate_take_it(executor):
    from concurrent import futures

    values = Q([200.0, 300.0, 400.0], "kA/m")
    with futures.ThreadPoolExecutor(2) as pool:
        found = sweep(iron(), {SATURATION: values}, pool if executor else None, modalities=["mri"], progress=False)
    margins = found.values("iron", "mri")
    assert margins[0] < margins[1] < margins[2]
    for value, margin in zip(values, margins, strict=True):
        alone = cp.compare(changed(Study((iron(),)), {SATURATION: value}))
        assert alone.verdict("iron", "mri").margin.value == pytest.approx(margin, rel=1e-12)
    spread = propagate(iron(), samples=48, modalities=["mri"], quantities=["margin"],
                       inputs={SATURATION: Uniform("200 kA/m", "400 kA/m")})  # fmt: skip
    band = spread.band("iron", "mri")
    assert band.p5 < band.p50 < band.p95


def test_solve_takes_it_and_a_gas_moves_a_bubble():
    found = cp.solve(iron(), SATURATION, ("200 kA/m", "480 kA/m"), {"mri.r2 at 3 T": "> 20 1/(mM*s)"}, points=9)
    assert len(found.x) == 9 and found.values["mri.r2 at 3 T"][0] < found.values["mri.r2 at 3 T"][-1]
    study = Study((bubbles(),))
    name = "ultrasound.resonance_frequency"
    moved = cp.solve(study, "gases.C4F10.adiabatic_exponent", ("1.05", "1.6"), {name: "> 0.1 MHz"}, points=5)
    assert moved.values[name][-1] > moved.values[name][0]


def test_calibrate_takes_it_and_writes_the_record(tmp_path):
    true = changed(Study((iron(),)), {SATURATION: "350 kA/m"})
    fields = [0.5, 1.5, 3.0, 7.0]
    r2 = []
    for field in fields:
        with records.using(true.components):
            conditions = {"field": field, "medium": "water"}
            r2.append(cp.mri.agents.predict(true.formulations[0], "r2", conditions, use_measured=False).number)
    found = calibrate(iron(), {"field": Q(fields, "T"), "r2": Q(r2, "1/(mM*s)")}, [SATURATION])
    assert found.parameters[SATURATION].number == pytest.approx(350e3, rel=1e-4)
    assert ("cores", "magnetite") in found.components
    assert found.study.components == found.components
    found.write(tmp_path / "iron.toml")
    again = records.load_record(records.Material, tmp_path / "cores" / "magnetite.toml")
    assert again.saturation_magnetisation.number == pytest.approx(350e3, rel=1e-4)
    assert again.density == records.material("magnetite").density
