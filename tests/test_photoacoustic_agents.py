"""The doors: absorption, pressure, protocol, cells, refusals."""

import math
import subprocess
import sys

import numpy as np
import pytest

from contrastphys import records
from contrastphys.formulation import Formulation
from contrastphys.mistakes import RecordError
from contrastphys.photoacoustic import agents, coefficients, sphere
from contrastphys.photoacoustic.sections import MOLAR, cross_sections
from contrastphys.provenance import Refusal
from contrastphys.schema import Reader, build
from contrastphys.units import Q, UnitError

CORES = {
    "test-silica": ("SiO2", "", 2000, "silica-malitson"),
    "test-polymer": ("C2H4O", "", 1100, ""),
    "test-polydopamine": ("C8H9NO2", "N", 1400, ""),
    "test-polydopamine-plain": ("C8H9NO2", "", 1400, ""),
    "test-plain": ("Ta2O5", "Ta", 8200, ""),
    "test-dark": ("Bi2S3", "Bi", 6800, ""),
}


@pytest.fixture(autouse=True)
def materials(tmp_path, monkeypatch):
    """A folder of materials and spectra of the user's own, before the shipped ones."""
    for folder in ("cores", "optical", "agents"):
        (tmp_path / folder).mkdir()
    for name, (formula, metal, density, optical) in CORES.items():
        lines = [f'id = "{name}"', f'formula = "{formula}"', f"density = {{ value = {density}, unit = 'kg/m^3' }}"]
        lines += [f'metal = "{metal}"'] if metal else []
        lines += [f'optical = "{optical}"'] if optical else []
        lines += ['source = "test"', 'status = "assumed"']
        (tmp_path / "cores" / f"{name}.toml").write_text("\n".join(lines), encoding="utf-8")
    about = "# source: test\n# licence: none\n# note: made up\n"
    spectra = {
        "molar": ("epsilon [1/(M*cm)]", 1e5),
        "natural": ("mu_a [1/(M*cm)]", 1e5 * math.log(10)),
        "mass": ("epsilon [mL/(mg*cm)]", 1e5 / 775e3 * 1e3),
        "section": ("sigma [nm^2]", 1e5 / MOLAR * 1e18),
        "strange": ("epsilon [kg]", 1.0),
        "litre": ("epsilon [L/(g*cm)]", 1e5 / 775.0),
        "square": ("epsilon [cm^2/mol]", 1e8),
        "stock": ("absorbance [1/cm]", 2.0),
        "stock-natural": ("mu_a [1/m]", 200.0 * math.log(10)),
        "nameless": ("absorption [1/(M*cm)]", 1e5),
    }
    for name, (head, value) in spectra.items():
        text = f"{about}wavelength [nm],{head}\n600,{float(value)!r}\n1000,{float(value)!r}\n"
        (tmp_path / "optical" / f"test-{name}.csv").write_text(text, encoding="utf-8")
    (tmp_path / "agents" / "test-dye.toml").write_text(
        'id = "test-dye"\nkind = "molecule"\nsource = "test"\nstatus = "assumed"\n'
        'molecule = { formula = "C43H47N2NaO6S2", spectrum = "icg-bound" }\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("CONTRASTPHYS_MATERIALS", str(tmp_path))
    records.forget()
    yield tmp_path
    monkeypatch.undo()
    records.forget()


def gold(diameter="40 nm", **changes):
    core = {"material": "gold", "diameter": diameter, **changes.pop("core", {})}
    return Formulation(id="gold", kind="nanoparticle", cores=core, **changes)


def dye(spectrum="icg-bound", **changes):
    return Formulation(
        id="dye", kind="molecule", molecule={"formula": "C43H47N2NaO6S2", "spectrum": spectrum}, **changes
    )


# ------------------------------------------------------------------------------ absorption and pressure


def test_worked_example_of_gold():
    found = coefficients.absorption(gold(), "532 nm", "0.1 nM", basis="particle")
    assert found.mu_a.to("1/cm").magnitude == pytest.approx(1.927, rel=1e-3)
    assert found.molar_absorption.magnitude == pytest.approx(8.37e9, rel=1e-3)
    assert found.cross_section.to("m^2").magnitude == pytest.approx(3.201e-15, rel=1e-3)
    start = coefficients.pressure(gold(), "532 nm", "0.1 nM", "10 mJ/cm^2", basis="particle")
    assert start.initial.to("kPa").magnitude == pytest.approx(3.87, rel=2e-3)


def test_worked_example_of_a_dye():
    """1 uM of a dye with 1.2e5 1/(M cm): 0.276 1/cm, 555 Pa at 37 C and 10 mJ/cm^2."""
    row = {
        "quantity": "molar_absorption",
        "value": 1.2e5,
        "unit": "1/(M*cm)",
        "per": "molecule",
        "wavelength": "800 nm",
    }
    found = coefficients.pressure(dye(measured=row), "800 nm", "1 uM", "10 mJ/cm^2", basis="molecule")
    assert found.mu_a.magnitude == pytest.approx(0.276, rel=2e-3)
    assert found.initial.to("Pa").magnitude == pytest.approx(555, rel=2e-3)


def test_every_way_to_count_gold_agrees():
    agent = gold()
    by_particle = agent.concentration("0.1 nM", "particle")
    ways = [
        (by_particle, None),
        (f"{by_particle.mass('Au'):.12g} mg/mL", "Au"),
        (f"{by_particle.molar('Au'):.12g} mM", "Au"),
        (Q(by_particle.per_millilitre, "1/mL"), "particle"),
    ]
    found = [coefficients.absorption(agent, "532 nm", c, basis=b).mu_a.magnitude for c, b in ways]
    assert found == pytest.approx([found[0]] * 4, rel=1e-9)
    per_mass = coefficients.absorption(agent, "532 nm", "1 mg/mL", basis="Au")
    assert per_mass.per_mass.to("mL/(mg*cm)").magnitude == pytest.approx(per_mass.mu_a.magnitude)


def test_bare_concentration_lists_the_ways():
    with pytest.raises(UnitError, match="'particle' in mol/L or 1/mL; 'Au' in mol/L or mg/mL"):
        coefficients.absorption(gold(), "532 nm", "1 mM")


def test_spread_of_sizes_moves_mass_and_absorption_together():
    one = coefficients.absorption(gold("20 nm"), "532 nm", "0.1 mg/mL", basis="Au").mu_a.magnitude
    spread = coefficients.absorption(
        gold("20 nm", core={"sigma_ln": 0.2}), "532 nm", "0.1 mg/mL", basis="Au"
    ).mu_a.magnitude
    assert spread == pytest.approx(one, rel=0.05)


def test_optical_density_is_extinction():
    big = gold("100 nm")
    amount = coefficients.from_optical_density(big, 1.0, "570 nm", "1 cm")
    found = coefficients.absorption(big, "570 nm", amount)
    assert found.mu_ext.magnitude == pytest.approx(math.log(10))
    assert found.mu_a.magnitude == pytest.approx(0.35 * math.log(10), rel=0.02)
    with pytest.raises(UnitError, match="path = '1 cm'"):
        coefficients.from_optical_density(big, 1.0, "570 nm")
    with pytest.raises(ValueError, match="0 or more"):
        coefficients.from_optical_density(big, -1.0, "570 nm", "1 cm")


def test_iron_oxide_per_iron():
    oxide = Formulation(id="oxide", kind="nanoparticle", cores={"material": "magnetite", "diameter": "10 nm"})
    found = coefficients.absorption(oxide, "700 nm", "1 mg/mL", basis="Fe", medium=1.33)
    assert found.mu_a.magnitude == pytest.approx(3.60, rel=0.01)


def test_rods_have_the_volume_their_mass_has():
    rod = gold("10 nm", core={"shape": "rod", "length": "41 nm"})
    found = agents.predict(rod, "molar_absorption", {"wavelength": 792.0})
    assert found.number == pytest.approx(1.80e9, rel=0.01)
    assert found.low < 1.3e9 and found.high > 4e9  # the spheroid, and what is commonly quoted


def test_band_of_gold_spans_the_tables():
    found = agents.predict(gold("20 nm"), "molar_absorption", {"wavelength": 532.0})
    for table in ("gold-mcpeak", "gold-olmon-evaporated", "gold-klinavicius-23nm"):
        other = cross_sections.bare(sphere.bare(20.0, table=table), 532.0).molar_absorption.magnitude
        assert found.low <= other <= found.high, table
    assert found.source and found.letter == "C"


def test_stated_error_of_gold_grows_where_it_is_small_or_thin():
    """20 % for spheres, 40 % below 10 nm and for thin shells; the bulk without surface damping lies inside."""

    def reach(formulation, wavelength):
        found = agents.predict(formulation, "molar_absorption", {"wavelength": wavelength})
        return found.low / found.number, found.high / found.number

    thin = Formulation(
        id="thin",
        kind="nanoparticle",
        cores={"material": "test-silica", "diameter": "40 nm"},
        shells={"material": "gold", "thickness": "4 nm"},
    )
    assert reach(gold("8 nm"), 450.0)[0] <= 0.6 and reach(thin, 800.0)[0] <= 0.6
    assert 0.6 < reach(gold("40 nm"), 450.0)[0] <= 0.8
    five = agents.predict(gold("5 nm"), "molar_absorption", {"wavelength": 522.0})
    bulk = cross_sections.bare(sphere.bare(5.0, surface_damping=0.0), 522.0).molar_absorption.magnitude
    assert 1.4 * five.number < bulk <= five.high


def test_cores_that_share_a_particle_are_said_not_to_couple():
    def codes(core):
        found = agents.predict(gold("10 nm", core=core), "molar_absorption", {"wavelength": 532.0})
        return {flag.code for flag in found.flags}

    assert "cluster" in codes({"per_particle": 5})
    assert "cluster" in codes({"shape": "cluster"})
    assert "cluster" not in codes({})


def test_a_table_carries_its_stated_error():
    bound = agents.predict(dye(), "molar_absorption", {"wavelength": 800.0})
    assert (bound.number / bound.low, bound.high / bound.number) == pytest.approx((1.3, 1.3))
    own = agents.predict(dye("test-molar"), "molar_absorption", {"wavelength": 800.0})
    assert (own.number / own.low, own.high / own.number) == pytest.approx((1.2, 1.2))


def test_light_that_leaves_as_light_makes_no_pressure():
    half, full = (
        coefficients.pressure(dye(), "800 nm", "1 uM", "10 mJ/cm^2", basis="molecule", heat_share=share)
        for share in (0.5, 1.0)
    )
    assert half.initial.magnitude == pytest.approx(full.initial.magnitude / 2)
    assert half.mu_a == full.mu_a


def test_what_only_was_measured_is_taken_to_extinguish_what_it_absorbs():
    row = {**ROW, "value": 5e4, "per": "molecule", "wavelength": "650 nm"}
    agent = Formulation(id="blue", kind="molecule", molecule={"formula": "C16H18ClN3S"}, measured=row)
    found = coefficients.absorption(agent, "650 nm", "10 uM", basis="molecule")
    assert found.mu_ext == found.mu_a
    assert found.mu_a.magnitude == pytest.approx(5e4 * 1e-5 * math.log(10))


def test_shells_and_coats():
    shell = Formulation(
        id="nanoshell",
        kind="nanoparticle",
        cores={"material": "test-silica", "diameter": "120 nm"},
        shells={"material": "gold", "thickness": "10 nm"},
    )
    coated = gold(shells={"material": "test-silica", "thickness": "20 nm"})
    wet = gold(shells={"material": "test-polymer", "thickness": "5 nm"})
    plain = agents.predict(gold(), "molar_absorption", {"wavelength": 540.0}).number
    assert agents.predict(shell, "molar_absorption", {"wavelength": 825.0}).number > 5e9
    assert agents.predict(coated, "molar_absorption", {"wavelength": 540.0}).number > 1.02 * plain
    found = agents.predict(wet, "molar_absorption", {"wavelength": 540.0})
    assert found.number == pytest.approx(plain)
    assert "coat-as-medium" in {flag.code for flag in found.flags}


def test_parts_of_a_hybrid_add():
    hybrid = Formulation(
        id="hybrid",
        kind="hybrid",
        cores={"material": "gold", "diameter": "20 nm"},
        payloads={"agent": "test-dye", "per_particle": 500},
    )
    at = {"wavelength": 800.0}
    found = agents.predict(hybrid, "molar_absorption", at)
    parts = [agents.predict(f, "molar_absorption", at).number for f in (gold("20 nm"), dye())]
    assert found.number == pytest.approx(parts[0] + 500 * parts[1])
    assert "no-interaction" in {flag.code for flag in found.flags}


@pytest.mark.parametrize("unit", ["molar", "natural", "mass", "section", "litre", "square"])
def test_spectra_in_the_usual_units(unit):
    found = agents.predict(dye(f"test-{unit}"), "molar_absorption", {"wavelength": 800.0})
    assert found.number == pytest.approx(1e5, rel=2e-3)


@pytest.mark.parametrize("spectrum", ["test-stock", "test-stock-natural"])
def test_spectrum_of_a_suspension_counts_by_its_stock(spectrum):
    """An absorbance of 2 over 1 cm at 20 uM is 1e5 1/(M cm)."""
    known = dye(spectrum, stock={"value": "20 uM", "basis": "molecule"})
    found = agents.predict(known, "molar_absorption", {"wavelength": 800.0})
    assert found.number == pytest.approx(1e5, rel=1e-6)
    with pytest.raises(Refusal, match="give its concentration as stock"):
        agents.predict(dye(spectrum), "molar_absorption", {"wavelength": 800.0})


def test_spectrum_says_its_logarithm():
    with pytest.raises(Refusal, match="which logarithm 'absorption' is: name the column epsilon"):
        agents.predict(dye("test-nameless"), "molar_absorption", {"wavelength": 800.0})


@pytest.mark.parametrize("state", ["icg-free", "icg-aggregated"])
def test_dye_in_a_state_without_a_spectrum(state):
    assert agents.applies(dye(state))
    with pytest.raises(Refusal, match=f"cannot be decided: give a spectrum '{state}'"):
        agents.predict(dye(state), "molar_absorption", {"wavelength": 780.0})
    cells = agents.respond(dye(state), agents.Protocol()) + agents.detection_limit(dye(state), agents.Protocol())
    assert cells and all(cell.value is None and "cannot be decided" in cell.refusal for cell in cells)


def test_dense_dye_aggregates():
    def codes(amount):
        return [flag.code for flag in coefficients.absorption(dye(), "800 nm", amount, basis="molecule").flags]

    assert codes("5 uM") == [] and codes("50 uM") == ["aggregation"]


def test_particle_without_metal_is_counted_by_particle_or_compound():
    agent = Formulation(
        id="polydopamine", kind="nanoparticle", cores={"material": "test-polydopamine-plain", "diameter": "100 nm"}
    )
    assert list(agent.bases()) == ["particle", "compound"]
    with pytest.raises(Refusal, match="cannot be decided: give a spectrum of test-polydopamine-plain"):
        coefficients.absorption(agent, "808 nm", "0.1 mg/mL", basis="compound")
    given = agent.replace(spectrum="test-mass")  # 129 mL/(mg cm), decadic
    found = coefficients.absorption(given, "808 nm", "0.1 mg/mL", basis="compound")
    assert found.mu_a.to("1/cm").magnitude == pytest.approx(0.1 * 1e8 / 775e3 * math.log(10), rel=1e-6)
    cells = agents.detection_limit(given, "808 nm", "0.5 cm")
    assert cells[0].value and cells[0].conditions["basis"] == "particle"


def test_dye_signal_vanishes_with_the_expansion_of_water():
    cold = coefficients.pressure(dye(), "800 nm", "1 uM", "10 mJ/cm^2", temperature="4 degC", basis="molecule")
    warm = coefficients.pressure(dye(), "800 nm", "1 uM", "10 mJ/cm^2", temperature="37 degC", basis="molecule")
    assert abs(cold.initial.magnitude) < 2e-3 * warm.initial.magnitude
    below = coefficients.pressure(dye(), "800 nm", "1 uM", "10 mJ/cm^2", temperature="1 degC", basis="molecule")
    assert below.initial.magnitude < 0


# ------------------------------------------------------------------------------------ measured or model


ROW = {"quantity": "molar_absorption", "unit": "1/(M*cm)", "per": "particle", "source": "lab", "status": "verified"}


def test_measured_beats_model():
    agent = gold(measured={**ROW, "value": 7e9, "wavelength": "532 nm"})
    found = agents.predict(agent, "molar_absorption", {"wavelength": 532.0})
    assert (found.number, found.letter, found.source) == (7e9, "M", "lab")
    model = agents.predict(agent, "molar_absorption", {"wavelength": 532.0}, use_measured=False)
    assert model.letter == "C" and model.number == pytest.approx(8.37e9, rel=1e-3)
    near = agents.predict(agent, "molar_absorption", {"wavelength": 550.0})
    other = agents.predict(agent, "molar_absorption", {"wavelength": 550.0}, use_measured=False)
    assert near.letter == "S"
    assert near.number / other.number == pytest.approx(7e9 / model.number)
    assert agents.predict(agent, "molar_absorption", {"wavelength": 700.0}).letter == "C"


def test_measured_extinction_is_not_absorption():
    agent = gold("80 nm", measured={**ROW, "quantity": "molar_extinction", "value": 7e10, "wavelength": "550 nm"})
    found = agents.predict(agent, "molar_absorption", {"wavelength": 550.0})
    assert found.letter == "S"
    assert found.number == pytest.approx(0.58 * 7e10, rel=0.02)


def test_a_radius_taken_for_a_diameter_is_asked_about():
    right = agents.predict(gold("20 nm"), "molar_absorption", {"wavelength": 520.0}).number
    row = {**ROW, "value": right, "wavelength": "520 nm"}

    def codes(diameter):
        found = agents.predict(gold(diameter, measured=row), "molar_absorption", {"wavelength": 520.0})
        return {flag.code for flag in found.flags}

    assert "size-doubt" not in codes("20 nm")
    assert {"size-doubt", "disagrees"} <= codes("10 nm")
    assert "size-doubt" in codes("40 nm")


def test_measured_per_metal():
    agent = gold("10 nm", measured={**ROW, "value": 3e3, "per": "Au", "wavelength": "520 nm"})
    found = agents.predict(agent, "molar_absorption", {"wavelength": 520.0})
    assert found.number == pytest.approx(3e3 * agent.atoms("Au"))


# ------------------------------------------------------------------------------------- applies, refusals


def test_what_absorbs():
    assert agents.applies(gold()) and agents.applies(dye())
    plain = Formulation(id="ta", kind="nanoparticle", cores={"material": "test-plain", "diameter": "5 nm"})
    assert not agents.applies(plain)
    assert not agents.applies(dye(""))
    assert agents.applies(plain.replace(payloads={"agent": "test-dye", "per_particle": 3}, kind="hybrid"))


@pytest.mark.parametrize("material", ["test-dark", "test-polydopamine"])
def test_dark_materials_without_a_spectrum_are_not_given_one(material):
    agent = Formulation(
        id="dark",
        kind="hybrid",
        cores={"material": material, "diameter": "50 nm"},
        payloads={"agent": "test-dye", "per_particle": 1},
    )
    assert agents.applies(agent)
    with pytest.raises(Refusal, match=f"cannot be decided: give a spectrum of {material}"):
        agents.predict(agent, "molar_absorption", {"wavelength": 800.0})
    cells = agents.respond(agent, agents.Protocol()) + agents.detection_limit(agent, agents.Protocol())
    assert cells and all(cell.value is None and "cannot be decided" in cell.refusal for cell in cells)
    given = agent.replace(spectrum="test-mass")
    assert agents.predict(given, "molar_absorption", {"wavelength": 800.0}).number > 0


def test_wavelength_outside_a_spectrum():
    cells = agents.detection_limit(dye(), "1064 nm", "1 cm")
    assert "660 to 880 nm" in cells[0].refusal


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: agents.predict(dye("test-strange"), "mu_a", {"wavelength": 800.0}), "write it in 1/\\(M\\*cm\\)"),
        (lambda: agents.predict(dye("haemoglobin"), "mu_a", {"wavelength": 800.0}), "give one column"),
        (lambda: agents.predict(dye(), "mu_a", {"wavelength": 800.0}), "needs a concentration"),
        (lambda: agents.predict(gold(core={"shape": "shell"}), "mu_a", {"wavelength": 800.0}), "what is inside"),
        (
            lambda: coefficients.pressure(gold(), "532 nm", "1 nM", "1 mJ/cm^2", Q(37, "K"), basis="particle"),
            "outside 0 to 100",
        ),
    ],
)
def test_refusals(call, words):
    with pytest.raises(Refusal, match=words):
        call()


# ----------------------------------------------------------------------------------------------- cells


def read(table):
    reader = Reader(file="study")
    made = build(agents.Protocol, table, reader)
    assert not reader.mistakes, reader.mistakes
    return made


STUDY = {
    "wavelength": ["808 nm", "1064 nm"],
    "depth": "1 cm",
    "fluence": "mpe",
    "pulse_duration": "5 ns",
    "noise_equivalent_pressure": "1 Pa",
    "averages": 100,
    "repetition_rate": "20 Hz",
}


def test_protocol_reads_a_study():
    made = read(STUDY)
    assert [wave.number for wave in made.wavelength] == [808.0, 1064.0]
    assert made.fluence.rule == "mpe" and made.averages == 100
    assert read({**STUDY, "fluence": "12 mJ/cm^2"}).fluence.value.number == 12.0
    assert read({**STUDY, "fluence": {"value": 12, "unit": "mJ/cm^2"}}).fluence.value.number == 12.0
    with pytest.raises(RecordError, match="unknown tissue 'moon'; write one of skin, brain"):
        agents.Protocol(tissue="moon")


def test_cells_of_a_study():
    agent = gold()
    agent = agent.replace(tissue=agent.concentration("1 nM", "particle"))
    made = read(STUDY)
    found = agents.respond(agent, made) + agents.detection_limit(agent, made)
    assert [cell.quantity for cell in found[:3]] == ["molar_absorption", "mu_a", "pressure"]
    limits = {
        c.conditions["basis"]: c for c in found if c.quantity == "c_min" and c.conditions["wavelength"] == "808 nm"
    }
    assert set(limits) == {"Au", "particle"}
    assert limits["Au"].value / limits["particle"].value == pytest.approx(agent.atoms("Au"))
    margin = next(c for c in found if c.quantity == "margin")
    assert margin.conditions == {"wavelength": "808 nm", "depth": "1 cm", "basis": "Au"}
    assert margin.value == pytest.approx(1e-6 / limits["particle"].value)
    assert margin.low < margin.value < margin.high
    for cell in found:
        assert cell.value is None or np.isfinite(cell.value)
        assert cell.low is None or cell.low <= cell.value <= cell.high


def test_averages_stay_within_the_average_power():
    codes = {flag.code for flag in agents.detection_limit(gold(), read(STUDY))[0].flags}
    assert "average-power" in codes
    one = read({**STUDY, "averages": 1})
    assert "average-power" not in {flag.code for flag in agents.detection_limit(gold(), one)[0].flags}


def test_more_light_than_skin_may_have_is_said():
    made = read({**STUDY, "fluence": "60 mJ/cm^2", "wavelength": "808 nm"})
    assert "skin-limit" in {flag.code for flag in agents.detection_limit(gold(), made)[0].flags}


def test_noise_or_background_decides():
    deep = agents.detection_limit(gold(), "700 nm", "1.5 cm", noise_equivalent_pressure="50 Pa")[0]
    shallow = agents.detection_limit(gold(), "700 nm", "0.5 cm")[0]
    assert "noise-limited" in {flag.code for flag in deep.flags}
    assert "background-limited" in {flag.code for flag in shallow.flags}
    assert deep.value > shallow.value


def test_dense_target_and_reshaping_rods_are_said():
    agent = gold("10 nm", core={"shape": "rod", "length": "41 nm"})
    agent = agent.replace(tissue=agent.concentration("10 nM", "particle"))
    made = read({"wavelength": "800 nm", "depth": "0.1 cm"})
    flags = {flag.code for flag in agents.respond(agent, made)[2].flags}
    assert {"optical-density", "reshaping"} <= flags


def test_cold_tissue_refuses_in_a_cell():
    cells = agents.detection_limit(gold(), read({"temperature": "1 degC"}))
    assert "neither expands nor sounds" in cells[0].refusal


def test_import_stays_light():
    code = (
        "import sys, contrastphys.photoacoustic as pa; pa.applies; "
        "heavy = [m for m in ('scipy.special', 'scipy.optimize', 'scipy.integrate', 'numba', 'matplotlib', 'xraylib') "
        "if m in sys.modules]; print(heavy)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_no_impossible_concentration_is_answered():
    cells = agents.detection_limit(gold(), "532 nm", "1 cm")
    assert cells[0].value is None
    assert "more than 1 g/mL of it would be needed" in cells[0].refusal


def test_a_band_raises_the_noise_limit():
    quiet = {"noise_equivalent_pressure": "50 Pa"}
    wide = agents.detection_limit(gold(), "700 nm", "1 cm", **quiet)[0]
    narrow = agents.detection_limit(gold(), "700 nm", "1 cm", bandwidth="3 MHz", **quiet)[0]
    assert narrow.value > 2 * wide.value
    assert "band" in {flag.code for flag in narrow.flags}


def test_fluence_beyond_what_the_particle_bears_is_said():
    def codes(fluence):
        found = coefficients.pressure(gold(), "532 nm", "0.1 nM", fluence, basis="particle")
        return [flag.code for flag in found.flags]

    assert codes("0.3 mJ/cm^2") == []
    assert codes("5 mJ/cm^2") == ["superheated"]
    assert codes("16 mJ/cm^2") == ["vapour", "superheated"]
    assert codes("40 mJ/cm^2") == ["melting", "vapour"]
    rod = gold("10 nm", core={"shape": "rod", "length": "41 nm"})
    found = coefficients.pressure(rod, "808 nm", "0.1 nM", "10 mJ/cm^2", basis="particle")
    assert "reshaping" in {flag.code for flag in found.flags}


def test_every_door_opens_and_none_is_a_file():
    import pkgutil

    import contrastphys.photoacoustic as room

    files = {found.name for found in pkgutil.iter_modules(room.__path__)}
    assert not files & set(room.__all__)  # a door of a file's name would break on its second call
    for name in room.__all__:
        assert callable(getattr(room, name)), name
    assert set(room.__all__) <= set(dir(room))
    with pytest.raises(AttributeError, match="no attribute 'emision'"):
        _ = room.emision
