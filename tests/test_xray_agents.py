"""The five doors: what absorbs in a formulation, measured over computed, limits, refusals as cells."""

from __future__ import annotations

import numpy as np
import pytest

from contrastphys import records
from contrastphys.chemistry import ATOMIC_WEIGHT, FormulaError, molar_mass
from contrastphys.formulation import Formulation, load
from contrastphys.mistakes import RecordError
from contrastphys.provenance import Refusal
from contrastphys.xray import agents, detection_limit, enhancement
from contrastphys.xray.absorbers import absorber_of, basis_of
from contrastphys.xray.agents import Protocol, applies, predict, respond
from contrastphys.xray.attenuation import mu_rho

GOLD = Formulation(id="gold-10", kind="nanoparticle", cores={"material": "gold", "diameter": "10 nm"})
IRON = Formulation(id="iron", kind="nanoparticle", cores={"material": "magnetite", "diameter": "8 nm"})
IOHEXOL = Formulation(
    id="iohexol-test",
    kind="molecule",
    molecule={"formula": "C19H26I3N3O9", "metal": "I", "density": "2.17 g/cm^3"},
)
HYBRID = Formulation(
    id="gold-gd",
    kind="hybrid",
    cores={"material": "gold", "diameter": "2.4 nm"},
    payloads={"agent": "test-chelate", "per_particle": 50},
)


CHELATE = """
id = "test-chelate"
kind = "chelate"
source = "formula"
status = "assumed"
[molecule]
formula = "C16H25GdN4O8"
metal = "Gd"
"""


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "test-chelate.toml").write_text(CHELATE, encoding="utf-8")
    monkeypatch.setenv("CONTRASTPHYS_MATERIALS", str(tmp_path))
    records.forget()
    yield
    records.forget()


def row(value, kvp, quantity="enhancement_per_mass", unit="HU*mL/mg", per="Au"):
    measured = {"quantity": quantity, "value": value, "unit": unit, "per": per, "kvp": f"{kvp} kV", "source": "own"}
    return GOLD.replace(measured=measured)


def at(kvp=120.0, **more):
    return {"kvp": float(kvp), "phantom": 20.0, **more}


def test_a_coated_particle_by_hand():
    coated = GOLD.replace(shells={"material": "silica", "thickness": "5 nm"})
    core, whole = np.pi / 6 * 10.0**3, np.pi / 6 * 20.0**3
    gold, silica = (records.material(name).density.number * 1e-3 for name in ("gold", "silica"))
    per_gold = (whole - core) * silica / (core * gold)  # g of silica for 1 g of gold
    energy = np.array([30.0, 60.0, 100.0])
    by_hand = mu_rho("Au", energy) + per_gold * mu_rho("SiO2", energy)
    by_hand -= whole / (core * gold) * mu_rho("water", energy)
    assert absorber_of(coated).mu(energy) == pytest.approx(by_hand, rel=1e-6)


def test_a_molecule_pushes_its_own_volume_of_water_aside():
    molecule = load("iopamidol").molecule
    per_iodine = molar_mass(molecule.formula) / (3 * ATOMIC_WEIGHT["I"])
    assert absorber_of(load("iopamidol")).displaced == pytest.approx(per_iodine / molecule.density.number, rel=1e-9)


def test_gold_particle_is_gold_less_its_water():
    value = predict(GOLD, "enhancement_per_mass", at())
    bare = enhancement("Au", "120 kV", "20 cm").slope
    assert value.number == pytest.approx(bare - 1 / 19.3, rel=1e-6)
    assert value.letter == "C" and "filtration assumed" in [f.code for f in value.flags]
    stated = predict(GOLD, "enhancement_per_mass", at(filtration={"Al": 3.0, "Ti": 0.9}))
    assert stated.bounds() == pytest.approx((0.95 * value.number, 1.05 * value.number))
    assert value.low < stated.low and value.high > stated.high
    per_mole = predict(GOLD, "enhancement_per_mole", at())
    assert per_mole.number == pytest.approx(value.number * ATOMIC_WEIGHT["Au"] / 1000)
    assert per_mole.unit == "HU/mM"


@pytest.mark.parametrize("diameter", [4, 20, 79, 152])
def test_particle_size_alone_changes_nothing(diameter):
    # Dong 2019: no size effect for 4-152 nm gold at equal mass
    other = GOLD.replace(cores={"material": "gold", "diameter": f"{diameter} nm"})
    assert predict(other, "enhancement_per_mass", at()).number == pytest.approx(
        predict(GOLD, "enhancement_per_mass", at()).number, rel=1e-12
    )


def test_iodine_in_a_molecule():
    what = absorber_of(IOHEXOL)
    assert what.basis == "I" and dict(what.masses)["I"] == 1.0
    assert sum(dict(what.masses).values()) == pytest.approx(1 / 0.464, rel=2e-3)
    value = predict(IOHEXOL, "enhancement_per_mass", at())
    # the organic part of the molecule and the water it displaces nearly cancel
    assert value.number == pytest.approx(enhancement("I", "120 kV", "20 cm").slope, rel=0.02)


def test_molecule_without_density_says_so():
    flags = predict(load("test-chelate"), "enhancement_per_mass", at()).flags
    assert "assumed-density" in [f.code for f in flags]
    assert "assumed-density" not in [f.code for f in predict(IOHEXOL, "enhancement_per_mass", at()).flags]


def test_parts_of_a_hybrid_add():
    what = absorber_of(HYBRID)
    assert what.basis == "Au" and dict(what.masses)["Gd"] > 0
    gold, chelate = absorber_of(GOLD), absorber_of(load("test-chelate"))
    share = dict(what.masses)["Gd"]
    together = predict(HYBRID, "enhancement_per_mass", at())
    apart = (
        predict(GOLD, "enhancement_per_mass", at()).number
        + share * predict(load("test-chelate"), "enhancement_per_mass", at()).number
    )
    assert gold.basis == "Au" and chelate.basis == "Gd"
    assert together.number == pytest.approx(apart, rel=1e-9)
    assert "no interaction modelled" in [f.code for f in together.flags]
    by_gd = predict(HYBRID, "enhancement_per_mass", at(basis="Gd"))
    assert by_gd.number * share == pytest.approx(together.number, rel=1e-9)


def test_applies():
    assert applies(GOLD) and applies(IRON) and applies(IOHEXOL) and applies(HYBRID)
    dye = Formulation(id="dye", kind="molecule", molecule={"formula": "C43H47N2NaO6S2"})
    assert not applies(dye)
    with pytest.raises(Refusal, match="holds no element from calcium up"):
        basis_of(dye)
    cells = respond(dye)
    assert cells and all(cell.value is None and "from calcium up" in cell.refusal for cell in cells)


def test_respond_covers_protocol():
    protocol = Protocol(kvp=["80 kV", "120 kV"], phantom=["10 cm", "32 cm"], detector="photon-counting")
    cells = respond(GOLD, protocol)
    assert len(cells) == 8 and {cell.modality for cell in cells} == {"xray"}
    assert cells[0].conditions["kvp"] == "80 kV" and cells[0].conditions["phantom"] == "10 cm water"
    assert cells[0].conditions["basis"] == "Au"
    assert all("ideal detector" in [flag.code for flag in cell.flags] for cell in cells)
    placed = GOLD.replace(tissue=GOLD.concentration("5 mg/mL", "Au"))
    hu = [cell for cell in respond(placed, protocol) if cell.quantity == "hu"]
    assert len(hu) == 4 and all(100 < cell.value < 200 for cell in hu)


def test_detection_limit_and_margin():
    cell = agents.detection_limit(IOHEXOL, Protocol(kvp="120 kV"))[0]
    assert cell.quantity == "c_min" and cell.unit == "mmol/L"
    assert cell.value * ATOMIC_WEIGHT["I"] / 1000 == pytest.approx(2.2, rel=0.05)
    assert (cell.low, cell.high) == pytest.approx((cell.value / 2, cell.value * 2))
    placed = IOHEXOL.replace(tissue=IOHEXOL.concentration("50 mM", "I"))
    margin = agents.detection_limit(placed, Protocol(kvp="120 kV"))[1]
    assert margin.quantity == "margin" and margin.value == pytest.approx(50 / cell.value)
    assert detection_limit(IOHEXOL, Protocol(kvp="120 kV")) == [cell]


def test_noise_reference_is_scaled_at_equal_kerma():
    limits = [c.value for c in agents.detection_limit(GOLD, Protocol(phantom="32 cm", n_eff=9))]
    assert limits.index(min(limits)) == 2  # gold behind a patient is seen best at 120 kV
    quiet = Protocol(noise={"value": "10 HU", "at": "80 kV"}, kvp=["80 kV", "140 kV"])
    low, high = (predict(GOLD, "c_min", quiet.conditions(v, 20.0)) for v in (80.0, 140.0))
    assert "noise 10 HU" in next(f.message for f in low.flags if f.code == "equal kerma")
    assert "noise 8.8" in next(f.message for f in high.flags if f.code == "equal kerma")


def test_pixels_count_as_independent_only_with_a_warning():
    values = [predict(GOLD, "c_min", at(**more)) for more in ({}, {"pixels": 50.0}, {"n_eff": 50.0})]
    assert values[0].number == pytest.approx(values[1].number * 50**0.5)
    assert values[1].number == values[2].number
    assert ["white noise" in [flag.code for flag in value.flags] for value in values] == [False, True, False]


def test_measured_beats_scaled_beats_computed():
    model = predict(GOLD, "enhancement_per_mass", at())
    here = predict(row(25.5, 120), "enhancement_per_mass", at())
    assert (here.letter, here.number, here.source) == ("M", 25.5, "own")
    moved = predict(row(24.0, 80), "enhancement_per_mass", at())
    assert moved.letter == "S"
    ratio = model.number / predict(GOLD, "enhancement_per_mass", at(80)).number
    assert moved.number == pytest.approx(24.0 * ratio)
    blind = predict(row(25.5, 120), "enhancement_per_mass", at(), use_measured=False)
    assert blind.letter == "C" and blind.number == model.number
    molar = predict(row(5.0, 120, "enhancement_per_mole", "HU/mM"), "enhancement_per_mole", at())
    assert molar.letter == "M" and molar.number == pytest.approx(5.0)
    other = predict(row(25.5, 120, per="particle"), "enhancement_per_mass", at())
    assert other.letter == "C"


def test_a_measurement_far_from_the_model_is_told():
    value = predict(row(60.0, 120), "enhancement_per_mass", at())
    assert "disagrees" in [flag.code for flag in value.flags]


def test_number_of_a_concentrated_agent():
    value = predict(IOHEXOL, "hu", at(concentration=2364.0))  # 300 mg I/mL
    assert {"finite path", "clipped"} <= {flag.code for flag in value.flags}
    dilute = predict(IOHEXOL, "hu", at(concentration=1.0))
    slope = predict(IOHEXOL, "enhancement_per_mole", at()).number
    assert dilute.number == pytest.approx(slope) and "finite path" not in [f.code for f in dilute.flags]


@pytest.mark.parametrize(
    ("quantity", "conditions", "error", "words"),
    [
        ("enhancement", at(), Refusal, "unknown quantity 'enhancement'"),
        ("enhancement_per_mass", {}, Refusal, "a tube voltage is needed"),
        ("enhancement_per_mass", at(200), Refusal, "tabulated from 30 to 150 kV"),
        ("enhancement_per_mass", at(kV=3), Refusal, "unknown condition 'kV'"),
        ("enhancement_per_mass", at(basis="I"), Refusal, "holds no 'I'"),
        ("enhancement_per_mass", at(phantom=-1.0), ValueError, "phantom is -1 cm"),
        ("enhancement_per_mass", at(filtration={"Alu": 3}), FormulaError, "Alu"),
        ("margin", at(), Refusal, "no concentration in the target"),
        ("hu", at(), Refusal, "no concentration in the target"),
        ("hu", at(concentration=-1.0), ValueError, "concentration is -1 mmol/L"),
        ("c_min", at(detector="photon-counting", threshold=130.0), Refusal, "no photon reaches the signal"),
    ],
)
def test_bad_conditions(quantity, conditions, error, words):
    with pytest.raises(error, match=words):
        predict(GOLD, quantity, conditions)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kvp": "1200 kV"}, "1200 kV cannot be; write a value from 30 to 150 kV"),
        ({"kvp": "120 keV"}, "kvp"),
        ({"kvp": 120}, "has no unit"),
        ({"phantom": "-3 cm"}, "phantom"),
        ({"detector": "photoncounting"}, "did you mean 'photon-counting'"),
        ({"threshold": "20 keV"}, "an energy-integrating detector has none"),
        ({"threshold": "90 keV", "detector": "photon-counting"}, "not below the lowest kvp"),
        ({"noise": {"value": "12 HU", "at": "3 T"}}, "'3 T' is no tube voltage"),
        ({"filtration": {"Alu": "3 mm"}}, "filtration"),
        ({"filtration": {"Al": 3}}, "has no unit"),
    ],
)
def test_bad_protocols(fields, words):
    with pytest.raises(RecordError, match=words):
        Protocol(**fields)


def test_protocol_reaches_the_numbers():
    hard = Protocol(kvp="120 kV", filtration={"Al": "6 mm", "Cu": "0.6 mm"}, anode_angle="12 deg", phantom="0 cm")
    soft = Protocol(kvp="120 kV", filtration={"Al": "2.5 mm"}, phantom="0 cm")
    per_mass = [respond(IOHEXOL, p)[0].value for p in (hard, soft)]
    assert per_mass[0] < 0.8 * per_mass[1]
    assert respond(IOHEXOL, hard)[0].conditions["filtration"] == "6 mm Al + 0.6 mm Cu"


def test_protocol_reads_a_study_table():
    from contrastphys.schema import Reader, build

    table = {
        "kvp": ["80 kV", "100 kV", "120 kV", "140 kV"],
        "filtration": {"Al": "3 mm", "Ti": "0.9 mm"},
        "phantom": "25 cm",
        "detector": "energy-integrating",
        "noise": {"value": "12 HU", "at": "120 kV"},
        "pixels": 50,
        "rose": 5,
    }
    reader = Reader(file="study.toml")
    protocol = build(Protocol, table, reader)
    assert reader.mistakes == []
    assert [v.number for v in protocol.kvp] == [80, 100, 120, 140]
    assert protocol.conditions(120.0, 25.0)["filtration"] == {"Al": 3.0, "Ti": 0.9}
    assert len(respond(GOLD, protocol)) == 8


@pytest.mark.parametrize(
    ("agent", "solution", "salt", "water"),
    [("gadodiamide", 1.14, 0.0, 0.99705), ("gadoterate", 1.1753, 0.09785, 0.9982)],
)
def test_partial_densities_give_back_the_label_of_the_injection(agent, solution, salt, water):
    # 0.5 mmol/mL; the salt is meglumine and its excess of ligand, g/mL, at 0.70 mL/g
    found = load(agent).molecule
    mass = 0.5e-3 * molar_mass(found.formula)
    left = 1 - mass / found.density.number - 0.70 * salt
    assert left * water + mass + salt == pytest.approx(solution, abs=1.5e-3)
    assert "assumed-density" not in [flag.code for flag in absorber_of(load(agent)).flags]
    assert "assumed-density" in [flag.code for flag in absorber_of(load("gadobutrol")).flags]
