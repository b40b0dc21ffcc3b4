"""The record of a probe and every conversion between the ways to count it, each with its trap."""

import math
import pickle
import threading

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contrastphys import records
from contrastphys.constants import AVOGADRO
from contrastphys.formulation import Concentration, Formulation, catalogue, load
from contrastphys.mistakes import RecordError
from contrastphys.parts import Dose, number_median
from contrastphys.provenance import Refusal
from contrastphys.units import Q, UnitError


def particle(material="gold", diameter="10 nm", **more):
    core = {key: more.pop(key) for key in ("sigma_ln", "statistic", "shape", "length", "per_particle") if key in more}
    return Formulation(
        id="probe", kind="nanoparticle", cores={"material": material, "diameter": diameter, **core}, **more
    )


def molecule(formula, metal, **more):
    return Formulation(id="probe", kind="molecule", molecule={"formula": formula, "metal": metal}, **more)


def hybrid(**more):
    payload = more.pop("payload")
    more = {"cores": {"material": "gold", "diameter": "2.4 nm"}, **more}
    return Formulation(id="probe", kind="hybrid", payloads=payload, **more)


def bubbles(**more):
    return Formulation(id="probe", kind="bubble", gas={"species": "SF6", **more})


IOHEXOL = molecule("C19H26I3N3O9", "I", stock={"value": "300 mg/mL", "basis": "I"})
IODIXANOL = molecule("C35H44I6N6O15", "I", stock={"value": "320 mg/mL", "basis": "I"})


# ---------------------------------------------------------------------- mass and amount, metal and compound


def test_metal_is_not_compound():
    iron = particle("magnetite").concentration("1 mg/mL", "Fe")
    assert iron.number == pytest.approx(1000 / 55.845)
    assert str(iron.to("compound")) == "1.382 mg/mL (compound)"
    oxide = particle("magnetite").concentration("1 mg/mL", "compound")
    assert oxide.mass("Fe") == pytest.approx(0.7236, abs=1e-4)
    assert oxide.molar("compound") == pytest.approx(1000 / 231.53, rel=1e-4)
    assert oxide.molar("Fe") == pytest.approx(3 * oxide.molar("compound"))


@pytest.mark.parametrize(
    ("formula", "symbol", "share"),
    [("Fe3O4", "Fe", 0.724), ("Ta2O5", "Ta", 0.819), ("Bi2S3", "Bi", 0.813), ("CeO2", "Ce", 0.814)],
)
def test_share_of_metal_in_its_compound(formula, symbol, share):
    solid = molecule(formula, symbol).concentration("1 mg/mL", "compound")
    assert solid.to(symbol, "mg/mL").number == pytest.approx(share, abs=5e-4)


def test_three_hundred_milligrams_of_iodine():
    """300 mg I/mL = 2.36 M I = 0.788 M iohexol = 0.394 M iodixanol."""
    for agent, molar in ((IOHEXOL, 0.788), (IODIXANOL, 0.394)):
        iodine = agent.concentration("300 mg/mL", "I")
        assert iodine.to("I", "mol/L").number == pytest.approx(2.364, abs=1e-3)
        assert iodine.to("molecule", "mol/L").number == pytest.approx(molar, abs=5e-4)
    assert IOHEXOL.atoms("I") == 3
    assert IODIXANOL.atoms("I") == 6
    assert IOHEXOL.concentration("300 mg/mL", "I").to("suspension").number == pytest.approx(1000)
    assert IOHEXOL.concentration("1 mg/mL", "I").mass("compound") == pytest.approx(1 / 0.464, rel=2e-3)


# ------------------------------------------------------------------------------------- particle and metal


@pytest.mark.parametrize(
    ("material", "diameter", "symbol", "atoms", "within"),
    [
        ("gold", "10 nm", "Au", 30900, 5e-3),
        ("magnetite", "5 nm", "Fe", 2645, 1e-3),
        ("bismuth", "74 nm", "Bi", 6.0e6, 2e-2),  # about 6 million: Brown et al. 2014
    ],
)
def test_atoms_of_one_particle(material, diameter, symbol, atoms, within):
    assert particle(material, diameter).atoms(symbol) == pytest.approx(atoms, rel=within)


def test_atoms_grow_with_the_cube_of_the_diameter():
    assert particle(diameter="20 nm").atoms("Au") == pytest.approx(8 * particle(diameter="10 nm").atoms("Au"))
    assert particle(diameter="10 nm", per_particle=7).atoms("Au") == pytest.approx(7 * particle().atoms("Au"))


@pytest.mark.parametrize(("sigma", "times"), [(0.2, 1.197), (0.3, 1.499), (0.5, 3.080)])
def test_median_is_not_volume_mean(sigma, times):
    plain = particle().atoms("Au")
    assert particle(sigma_ln=sigma).atoms("Au") / plain == pytest.approx(times, abs=1e-3)
    assert particle(sigma_ln=sigma, statistic="volume-mean").atoms("Au") / plain == pytest.approx(1)
    wide = particle(sigma_ln=sigma, statistic="z-average").atoms("Au")
    assert wide / plain == pytest.approx(math.exp((4.5 - 3 * 5.5) * sigma**2))
    mean = particle(sigma_ln=sigma, statistic="number-mean").atoms("Au")
    assert mean / plain == pytest.approx(math.exp((4.5 - 1.5) * sigma**2))


def test_the_means_of_a_spread_against_sums():
    """exp(k sigma^2) against plain sums over a log-normal number distribution."""
    sigma, median = 0.4, 10.0
    steps = [median * math.exp(sigma * z / 50) for z in range(-400, 401)]
    weights = [math.exp(-((z / 50) ** 2) / 2) for z in range(-400, 401)]

    def moment(n):
        return sum(w * d**n for w, d in zip(weights, steps, strict=True)) / sum(weights)

    means = {
        "number-median": median,
        "number-mean": moment(1),
        "volume-mean": moment(3) ** (1 / 3),
        "volume-median": median * math.exp(3 * sigma**2),
    }
    for statistic, mean in means.items():
        assert number_median(mean, statistic, sigma) == pytest.approx(median, rel=1e-6), statistic


def test_relaxivity_per_particle_is_per_metal_times_its_number():
    """Nineteen Gd-DTPA on one protein: 273 per particle is 14.4 per Gd."""
    protein = hybrid(payload={"agent": "gadopentetate", "per_particle": 19})
    metal = protein.concentration("1 mM", "Gd")
    assert metal.molar("particle") == pytest.approx(1 / 19)
    assert metal.molar("gadopentetate") == pytest.approx(1)
    assert 273 * metal.molar("particle") == pytest.approx(273 / 19)


def test_particles_and_moles_of_particles():
    nanomolar = particle().concentration("1 nM", "particle")
    assert nanomolar.per_millilitre == pytest.approx(6.022e11, rel=1e-4)
    assert nanomolar.to("particle", "1/mL").number == pytest.approx(6.022e11, rel=1e-4)
    assert particle().concentration("6.02214076e11 particle/mL", "particle").to("particle", "nM").number == (
        pytest.approx(1)
    )
    assert particle().concentration("1 mg/mL", "Au").to("particle", "nM").number == pytest.approx(164.3, abs=0.1)


def test_a_nanoshell_holds_the_metal_of_its_shell():
    shell = Formulation(
        id="shell",
        kind="nanoparticle",
        cores={"material": "silica", "diameter": "120 nm"},
        shells={"material": "gold", "thickness": "15 nm"},
    )
    volume = math.pi / 6 * (150**3 - 120**3) * 1e-21  # cm^3
    assert shell.basis == "Au"
    assert shell.atoms("Au") == pytest.approx(volume * 19.3 / 196.97 * AVOGADRO, rel=1e-3)
    assert dict(shell.layers)["silica"] == pytest.approx(math.pi / 6 * 120**3)


def test_a_rod_is_a_capped_cylinder_and_its_shells_follow_it():
    rod = particle(shape="rod", diameter="10 nm", length="41 nm")
    bare = math.pi / 4 * 100 * 31 + math.pi / 6 * 1000
    assert rod.layers[0][1] == pytest.approx(bare)
    coated = rod.replace(shells={"material": "silica", "thickness": "20 nm"})
    outside = math.pi / 4 * 2500 * 31 + math.pi / 6 * 50**3
    assert dict(coated.layers)["silica"] == pytest.approx(outside - bare)
    assert coated.atoms("Au") == pytest.approx(rod.atoms("Au"))


def test_magnetisation_per_gram_is_per_gram_of_the_material_it_names():
    oxide = particle("magnetite").replace(
        cores={"material": "magnetite", "diameter": "10 nm", "saturation_magnetisation": "80 emu/g"}
    )
    per_gram = oxide.cores[0].saturation_magnetisation
    assert (per_gram.number, per_gram.unit) == (80, "A*m^2/kg")
    # per gram of iron it would be 1.38 times as much: the record takes it per gram of core material only
    for wrong in ("80 emu/mg", "80 A*m^2/g", "4 MA/m", "80", "0.6 T"):
        with pytest.raises(RecordError, match=r"saturation_magnetisation"):
            particle("magnetite").replace(
                cores={"material": "magnetite", "diameter": "10 nm", "saturation_magnetisation": wrong}
            )


# ------------------------------------------------------------------------------------ bubbles and droplets


@pytest.mark.parametrize(("count", "mean"), [("2e8 1/mL", 4.24), ("5e8 1/mL", 3.13)])
def test_gas_volume_and_count_give_the_volume_mean(count, mean):
    """8 uL/mL with 2 to 5e8 bubbles per mL is a volume mean of 3.1 to 4.2 um, not the number mean of 2.5 um."""
    vial = bubbles(diameter="2.5 um", concentration=count, gas_volume="8 uL/mL")
    assert (6 / math.pi * vial.gas.mean_volume) ** (1 / 3) == pytest.approx(mean, abs=0.01)
    assert vial.concentration("8 uL/mL", "gas").to("particle", "1/mL").number == pytest.approx(float(count.split()[0]))


def test_gas_volume_that_contradicts_the_sizes_is_flagged():
    said = bubbles(diameter="2.5 um", concentration="2e8 1/mL", gas_volume="8 uL/mL").flags()
    assert [flag.code for flag in said] == ["gas-volume"]
    assert said[0].message == "gas volume and count give 4.9 times the mean volume of the stated sizes"
    fitting = bubbles(diameter="2.5 um", sigma_ln=0.6, concentration="4e8 1/mL", gas_volume="8 uL/mL")
    assert fitting.flags() == ()


def test_gas_bubbles_and_suspension():
    vial = bubbles(diameter="3 um", concentration="2e8 1/mL")
    one = vial.concentration("1 mL/L", "suspension")
    assert one.per_millilitre == pytest.approx(2e5)
    gas = math.pi / 6 * 27 * 2e5 * 1e-9  # uL in one mL
    assert one.to("gas", "uL/mL").number == pytest.approx(gas)
    assert one.number == pytest.approx(1)
    assert vial.concentration(0.001, "suspension").per_millilitre == pytest.approx(2e5)
    for basis in ("gas", "suspension"):
        for whole in (2, "2000 uL/mL"):
            with pytest.raises(Refusal, match=f"{basis} of .*: a share of the volume is at most 1"):
                vial.concentration(whole, basis)
    with pytest.raises(UnitError, match="unknown basis 'compound' of probe: write one of particle, gas, suspension"):
        vial.concentration("1 mg/mL", "compound")


# --------------------------------------------------------------------------------------------------- dose


@pytest.mark.parametrize(
    ("value", "basis", "millimoles"),
    [
        ("0.1 mmol/kg", "Gd", 7.0),
        ("0.1 mmol/kg", "molecule", 7.0),
        ("7 mmol", "Gd", 7.0),
        ("0.2 mL/kg", "suspension", 7.0),
        ("14 mL", "suspension", 7.0),
        ("15.725 mg/kg", "Gd", 7.0),
        ("1.10075 g", "Gd", 7.0),
    ],
)
def test_dose_to_molecules(value, basis, millimoles):
    agent = molecule("C16H25GdN4O8", "Gd", stock={"value": "0.5 mol/L", "basis": "Gd"})
    found = agent.dose_entities(Dose(value=value, basis=basis), 70.0)
    assert found * 1e3 == pytest.approx(millimoles, rel=1e-6)


@pytest.mark.parametrize(
    ("value", "basis", "says"),
    [
        ("1 mmol/kg", "Fe", "unknown basis 'Fe' of probe: write one of molecule, Gd, compound"),
        ("1 mmol/kg", "gd", "unknown basis 'gd' of probe: did you mean 'Gd'?"),
        ("5 mL", "Gd", "dose of probe: 5 mL does not count Gd; write it in mol, g (per kg)"),
    ],
)
def test_dose_that_counts_nothing(value, basis, says):
    agent = molecule("C16H25GdN4O8", "Gd")
    with pytest.raises(UnitError) as error:
        agent.dose_entities(Dose(value=value, basis=basis), 70.0)
    assert str(error.value) == says
    with pytest.raises(Refusal, match="probe: no stock concentration"):
        agent.dose_entities(Dose(value="5 mL", basis="suspension"), 70.0)


# ------------------------------------------------------------------------------------------------ payloads


def test_payload_by_number_mass_and_stock_agree():
    by_number = hybrid(payload={"agent": "gadoterate", "per_particle": 50})
    share = 1 - particle(diameter="2.4 nm").mass / by_number.mass
    by_mass = hybrid(payload={"agent": "gadoterate", "mass_fraction": share})
    assert by_mass.atoms("Gd") == pytest.approx(50)
    stock = {"value": "10 uM", "basis": "particle"}
    by_stock = hybrid(payload={"agent": "gadoterate", "concentration": "0.5 mM"}, stock=stock)
    assert by_stock.atoms("Gd") == pytest.approx(50)
    gold = by_number.concentration("10 uM", "particle").to("Au", "mg/mL")
    by_metal = hybrid(
        payload={"agent": "gadoterate", "concentration": "0.5 mM"},
        stock={"value": f"{gold.number} mg/mL", "basis": "Au"},
    )
    assert by_metal.atoms("Gd") == pytest.approx(50)


def test_two_mass_fractions_are_of_the_same_whole():
    two = hybrid(payload=[{"agent": "gadoterate", "mass_fraction": 0.3}, {"agent": "iohexol", "mass_fraction": 0.3}])
    assert two.mass == pytest.approx(particle(diameter="2.4 nm").mass / 0.4)
    assert two.carried(two.payloads[0]) * load("gadoterate").mass == pytest.approx(0.3 * two.mass)
    assert two.carried(two.payloads[1]) * load("iohexol").mass == pytest.approx(0.3 * two.mass)


def test_the_mass_of_a_particle_holds_its_payload():
    loaded = hybrid(payload={"agent": "gadoterate", "per_particle": 50})
    assert loaded.mass == pytest.approx(particle(diameter="2.4 nm").mass + 50 * load("gadoterate").mass)
    one = loaded.concentration("1 uM", "particle")
    assert one.to("particle", "mg/mL").number == pytest.approx(loaded.mass * 1e-6)
    assert one.mass("compound") == pytest.approx(particle(diameter="2.4 nm").mass * 1e-6)


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        ({}, "payloads[1]: has no amount; write one of per_particle, mass_fraction, concentration"),
        (
            {"per_particle": 5, "mass_fraction": 0.1},
            "payloads[1]: has 2 amounts (per_particle, mass_fraction); write one of",
        ),
        ({"mass_fraction": 1.0}, "mass fractions of 1 leave nothing of the particle; write shares that sum below 1"),
        ({"mass_fraction": "120 %"}, "1.2 cannot be; write a value from 0 to 1"),
        ({"per_particle": -3}, "-3 cannot be; write a value from 0 to 1e+09"),
    ],
)
def test_payload_amounts_that_cannot_be(payload, says):
    with pytest.raises(RecordError) as error:
        hybrid(payload={"agent": "gadoterate", **payload})
    assert says in str(error.value)


def test_a_stock_that_does_not_count_particles_is_refused():
    dissolved = {"agent": "gadoterate", "concentration": "1 mM"}
    with pytest.raises(Refusal, match="a payload concentration needs the stock's particle concentration"):
        hybrid(payload=dissolved).atoms("Gd")
    for basis, value in (("gadoterate", "10 uM"), ("Gd", "10 uM"), ("suspension", "1")):
        loaded = hybrid(payload=dissolved, stock={"value": value, "basis": basis})
        with pytest.raises(Refusal, match=f"a stock counted by {basis} does not tell how many particles it holds"):
            loaded.atoms("Gd")


def test_unknown_and_circular_payloads(tmp_path, monkeypatch):
    with pytest.raises(Refusal, match="no record 'gadoterat' in agents: did you mean 'gadoterate'"):
        hybrid(payload={"agent": "gadoterat", "per_particle": 1}).atoms("Gd")
    with pytest.raises(RecordError, match="'probe' cannot carry itself; name another agent"):
        hybrid(payload={"agent": "probe", "per_particle": 1})
    agents = tmp_path / "agents"
    agents.mkdir()
    for name, other in (("ring-a", "ring-b"), ("ring-b", "ring-a")):
        text = f"""id = "{name}"
kind = "hybrid"
source = "none"
status = "assumed"
core = {{ material = "gold", diameter = "2 nm" }}
payload = {{ agent = "{other}", per_particle = 1 }}
"""
        (agents / f"{name}.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("CONTRASTPHYS_MATERIALS", str(tmp_path))
    records.forget()
    try:
        with pytest.raises(RecordError, match="the record 'ring-b' has mistakes of its own"):
            load("ring-a")
    finally:
        monkeypatch.undo()
        records.forget()


def test_a_changed_record_is_read_again(tmp_path, monkeypatch):
    agents = tmp_path / "agents"
    agents.mkdir()
    file = agents / "own.toml"
    text = 'id = "own"\nkind = "nanoparticle"\nsource = "x"\nstatus = "user"\n'
    monkeypatch.setenv("CONTRASTPHYS_MATERIALS", str(tmp_path))
    records.forget()
    try:
        for size in (10, 200):
            core = f'core = {{ material = "gold", diameter = "{size} nm" }}\n'
            file.write_text(text + core, encoding="utf-8")
            assert load("own").cores[0].diameter.number == size
    finally:
        monkeypatch.undo()
        records.forget()


# ------------------------------------------------------------------------------- what is no concentration


@pytest.mark.parametrize(
    ("value", "basis", "says"),
    [
        (
            "1 mM",
            "",
            "a concentration of probe counts something: name one of 'particle', 'Au', 'compound' as its basis",
        ),
        ("1 mM", "au", "unknown basis 'au' of probe: did you mean 'Au'?"),
        ("1 mM", "Fe", "unknown basis 'Fe' of probe: write one of particle, Au, compound"),
        ("1 mM", "gas", "unknown basis 'gas' of probe: write one of particle, Au, compound"),
        ("1 mM", "molecule", "probe is counted by particle, not by molecule"),
        (1, "Au", "a concentration needs a unit: write Q(1, 'mmol/L') or '1 mg/mL'"),
        ("5", "Au", "a concentration counted by Au needs a unit such as 'mol/L': write Q(1, 'mol/L')"),
        (None, "Au", "a concentration counted by Au needs a unit such as 'mol/L': write Q(1, 'mol/L')"),
        (Q([1, 2], "mM"), "Au", "a concentration is one number: make one for each of a list"),
        (
            "1e12 1/mL",
            "Au",
            "a concentration counted by Au takes a unit such as 'mol/L' (a number of particles is not an amount of "
            "substance: divide by the Avogadro constant): write Q(1, 'mol/L')",
        ),
        (
            "1.2 OD",
            "particle",
            "'1.2 OD' is extinction (absorption and scattering) of one wavelength and path, no concentration: "
            "write it in mg/mL, mmol/L or 1/mL",
        ),
        (
            "0.4 a.u.",
            "particle",
            "'0.4 a.u.' is extinction (absorption and scattering) of one wavelength and path, no concentration: "
            "write it in mg/mL, mmol/L or 1/mL",
        ),
        ("-1 mM", "Au", "concentration of -1 mM (Au): it must be finite, 0 or more"),
        ("1e400 mM", "Au", "concentration of 1e400 mM (Au): it must be finite, 0 or more"),
    ],
)
def test_what_is_no_concentration(value, basis, says):
    with pytest.raises((UnitError, Refusal)) as error:
        particle().concentration(value, basis)
    assert str(error.value) == says


def test_a_concentration_is_not_shown_in_a_unit_of_another_kind():
    gold = particle().concentration("1 mM", "Au")
    assert gold.to("Au", "ug/mL").number == pytest.approx(196.97)
    with pytest.raises(UnitError) as error:
        gold.to("Au", "ppm")
    assert str(error.value) == "a concentration counted by Au is not shown in 'ppm': ask for 'mmol/L' or 'mg/mL'"
    with pytest.raises(UnitError, match="unknown unit 'furlung'"):
        gold.to("Au", "furlung")
    vial = bubbles(diameter="3 um", concentration="2e8 1/mL").concentration("1 uL/mL", "gas")
    with pytest.raises(UnitError, match="a concentration counted by gas is not shown in mol/L"):
        vial.molar("gas")
    with pytest.raises(Refusal, match="probe holds no 'Fe': it holds Au"):
        particle().atoms("Fe")


# ---------------------------------------------------------------------------------------------- the record


def test_a_core_larger_than_its_particle():
    for core, shells, says in [
        ({"diameter": "12 nm"}, (), "core of 12 nm is larger than hydrodynamic_diameter 10 nm; correct one of them"),
        (
            {"diameter": "9 nm"},
            {"material": "silica", "thickness": "5 nm"},
            "core with its shells, 19 nm, is larger than hydrodynamic_diameter 10 nm; correct one of them",
        ),
        (
            {"diameter": "5 nm", "per_particle": 1000},
            (),
            "volume of 1000 cores of 50 nm is larger than hydrodynamic_diameter 10 nm; correct one of them",
        ),
    ]:
        with pytest.raises(RecordError) as error:
            Formulation(
                id="probe",
                kind="nanoparticle",
                cores={"material": "gold", **core},
                shells=shells,
                hydrodynamic_diameter="10 nm",
            )
        assert says in str(error.value)
    # a rod is longer than the sphere that diffuses as it does
    particle(shape="rod", diameter="9 nm", length="41 nm", hydrodynamic_diameter="20 nm")


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"kind": "nanoparticle"}, "kind: a nanoparticle needs core"),
        ({"kind": "bubble"}, "kind: a bubble needs gas"),
        ({"kind": "chelate"}, "kind: a chelate needs molecule"),
        ({"kind": "hybrid"}, "kind: a hybrid needs core"),
        ({"kind": "nanopartikel"}, "unknown kind 'nanopartikel'; did you mean 'nanoparticle'?"),
        ({"kind": "molecule", "molecule": {"formula": "Xx2"}}, "'Xx' is no element"),
        ({"kind": "molecule", "molecule": {"formula": "C6H6", "metal": "Gd"}}, "'Gd' is not in the formula"),
        (
            {"kind": "nanoparticle", "cores": {"material": "gold", "diameter": "9 nm", "shape": "rod"}},
            "length: a rod needs its length",
        ),
        (
            {
                "kind": "nanoparticle",
                "cores": {"material": "gold", "diameter": "9 nm", "shape": "rod", "length": "5 nm"},
            },
            "a rod is longer than wide",
        ),
        ({"kind": "nanoparticle", "cores": {"material": "gold", "diameter": 9}}, "9 has no unit"),
        ({"kind": "nanoparticle", "cores": {"material": "gold", "diameter": "9 kg"}}, "'9 kg' is not in a unit of nm"),
        ({"kind": "nanoparticle", "cores": {"material": "gold", "diameter": "9 m"}}, "9e+09 nm cannot be"),
    ],
)
def test_parts_that_do_not_make_a_formulation(parts, says):
    with pytest.raises(RecordError) as error:
        Formulation(id="probe", **parts)
    assert says in str(error.value)


def test_a_formulation_is_a_value():
    gold = particle()
    assert gold == particle()
    assert hash(gold) == hash(particle())
    assert pickle.loads(pickle.dumps(gold)) == gold
    changed = gold.replace(id="other", cores={"material": "magnetite", "diameter": "5 nm"})
    assert (gold.basis, changed.basis) == ("Au", "Fe")
    assert gold.atoms("Au") > 0
    with pytest.raises(AttributeError):
        gold.id = "changed"


def test_every_record_of_the_catalogue_converts_back_and_forth():
    for name in catalogue():
        agent = load(name)
        amount = agent.concentration("1 fM", agent.entity)
        for basis in agent.bases():
            shown = amount.to(basis)
            assert math.isfinite(shown.number)
            if shown.number > 0:
                again = agent.concentration(shown.quantity, basis)
                assert again.entities == pytest.approx(1e-15), (name, basis)


def test_threads_may_load_the_same_record():
    found = []
    work = [threading.Thread(target=lambda: found.append(load("gadodiamide-cerasome").atoms("Gd"))) for _ in range(8)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert found == [found[0]] * 8


# --------------------------------------------------------------------------------------------- round trips

AGENTS = {
    "gold": particle(),
    "oxide": particle("magnetite", "8 nm", sigma_ln=0.3, statistic="volume-mean"),
    "iohexol": IOHEXOL,
    "hybrid": hybrid(payload={"agent": "gadoterate", "per_particle": 40}),
    "bubbles": bubbles(diameter="2 um", sigma_ln=0.5, concentration="1e9 1/mL"),
}


@given(st.sampled_from(list(AGENTS)), st.floats(1e-12, 1e3), st.data())
def test_any_way_round_comes_back(name, amount, data):
    agent = AGENTS[name]
    bases = st.sampled_from(list(agent.bases()))
    first, second = data.draw(bases), data.draw(bases)
    start = Concentration(agent, amount, first)
    assume(second not in ("gas", "suspension") or start.to(second).number <= 1000)
    assert start.to(second).to(first).number == pytest.approx(start.number, rel=1e-12)
    again = agent.concentration(start.to(second).quantity, second)
    assert again.to(first).number == pytest.approx(start.number, rel=1e-9)


@given(
    st.floats(1, 500), st.floats(0, 0.8), st.sampled_from(["number-median", "number-mean", "volume-mean", "z-average"])
)
def test_mass_of_metal_per_particle_is_density_times_volume(diameter, sigma, statistic):
    agent = particle("gold", f"{diameter} nm", sigma_ln=sigma, statistic=statistic)
    core = agent.cores[0]
    grams = core.mean_volume * 1e-21 * 19.3
    assert agent.atoms("Au") * 196.97 / AVOGADRO == pytest.approx(grams, rel=1e-6)
    assert core.mean_volume >= math.pi / 6 * core.median_diameter**3 * (1 - 1e-12)


@given(st.floats(1e-3, 1e3), st.floats(0.01, 150))
def test_dose_scales_with_body_mass(per_kg, body_mass):
    dose = Dose(value=f"{per_kg} mg/kg", basis="Au")
    whole = Dose(value=f"{per_kg * body_mass} mg", basis="Au")
    agent = AGENTS["gold"]
    assert agent.dose_entities(dose, body_mass) == pytest.approx(agent.dose_entities(whole, body_mass))
