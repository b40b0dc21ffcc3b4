"""Studies: reading, the dose turned into a concentration, and the cells that come of it."""

import math

import pytest

import contrastphys as cp
from contrastphys import records
from contrastphys.mistakes import RecordError
from contrastphys.mri import Protocol as MRI
from contrastphys.provenance import STATUSES
from contrastphys.remembering import of_last
from contrastphys.study import MODALITIES, Scenario, Study, cells, place, read, shortlist, study_of


def write(tmp_path, text, name="study.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def gadoterate():
    return cp.load("gadoterate")


def tissue(formulation, **scenario):
    placed, cell = place(formulation, Scenario(**scenario))
    return placed.tissue, cell


def test_blood_pool_concentration_is_dose_over_volume(gadoterate):
    concentration, cell = tissue(gadoterate)
    assert concentration.molar("Gd") == pytest.approx(0.1 / 0.075)  # 0.1 mmol/kg in 0.075 L/kg
    assert cell.letter == "A"
    assert "0.075 L/kg" in cell.source


def test_volumes_of_distribution_follow_from_what_their_sources_print():
    """Means of women and men, of six agents, of three groups of mice; 0.06 mL/g and 0.77 mL of a rat of 300 g."""
    rows = {(r["species"], r["compartment"]): r for r in records.table("media/distribution.csv").rows()}
    volume = {key: row["volume"] for key, row in rows.items()}
    assert volume["human", "blood pool"] == pytest.approx((0.0703 + 0.0803) / 2, rel=0.01)
    agents = (0.205, 0.200, 0.266, 0.162, 0.205, 0.171)
    assert volume["human", "extracellular"] == pytest.approx(sum(agents) / 6, rel=0.01)
    assert volume["rat", "blood pool"] == pytest.approx((0.06 * 300 + 0.77) / 300, rel=0.01)
    assert volume["mouse", "blood pool"] == pytest.approx((0.0950 + 0.0963 + 0.0847) / 3, rel=0.01)
    assert all(row["source"] and row["status"] in STATUSES for row in rows.values())
    assert [key for key, row in rows.items() if row["status"] != "verified"] == [("mouse", "extracellular")]


def test_body_mass_does_not_change_a_dose_per_mass(gadoterate):
    light, _ = tissue(gadoterate, body_mass="50 kg")
    heavy, _ = tissue(gadoterate, body_mass="100 kg")
    assert light.entities == pytest.approx(heavy.entities)


def test_uptake_is_a_share_of_the_whole_dose_per_gram(gadoterate):
    concentration, _ = tissue(gadoterate, body_mass="0.025 kg", species="mouse", target={"uptake": "3 %/g"})
    assert concentration.molar("Gd") == pytest.approx(0.1 * 0.025 * 0.03 * 1000)


def test_explicit_concentration_counts_by_the_formulations_basis(gadoterate):
    concentration, _ = tissue(gadoterate, target={"concentration": "50 uM"})
    assert concentration.molar("Gd") == pytest.approx(0.05)


def test_target_of_a_formulation_wins(gadoterate):
    own = gadoterate.replace(target={"value": "2 mM", "basis": "Gd"})
    assert tissue(own)[0].molar("Gd") == pytest.approx(2.0)


def test_no_dose_is_said_not_guessed(gadoterate):
    concentration, cell = tissue(gadoterate.replace(dose=None))
    assert concentration is None
    assert cell.value is None
    assert "no dose" in cell.refusal


def test_dose_of_another_species_is_flagged(gadoterate):
    mouse = gadoterate.replace(dose={"value": "0.1 mmol/kg", "basis": "Gd", "species": "mouse"})
    _, cell = tissue(mouse)
    assert "dose-species" in [flag.code for flag in cell.flags]


def test_whole_amount_is_shared_by_the_body(gadoterate):
    whole = gadoterate.replace(dose={"value": "7 mmol", "basis": "Gd"})
    assert tissue(whole)[0].molar("Gd") == pytest.approx(0.1 / 0.075)


def test_shipped_shortlist_covers_every_kind_and_modality():
    study = shortlist()
    assert len(study.formulations) >= 12
    assert {f.kind for f in study.formulations} == {
        "chelate",
        "molecule",
        "nanoparticle",
        "hybrid",
        "bubble",
        "droplet",
    }
    seen = {cell.modality for cell in cells(study)}
    assert seen == {*MODALITIES, "dose"}


def test_every_cell_is_finite_or_says_why():
    for cell in cells(shortlist()):
        if cell.value is None:
            assert cell.refusal, cell
        else:
            assert math.isfinite(cell.value), cell
            assert cell.letter in "MSCA"
            assert cell.unit, cell
            if cell.low is not None:
                slack = 1e-9 * abs(cell.value)
                assert cell.low - slack <= cell.value <= cell.high + slack, cell


def test_the_documented_study_reads(tmp_path):
    text = (records.shipped_folder() / "README.md").read_text(encoding="utf-8")
    assert "use = " in text or "id = " in text
    study = read(
        write(tmp_path, '[[formulation]]\nuse = "gadoterate"\ndose = { value = "0.2 mmol/kg", basis = "Gd" }\n')
    )
    dose = study.formulations[0].dose
    assert dose.value.number == 0.2
    assert dose.value.status == "user"


def test_a_users_change_keeps_its_own_source(tmp_path):
    text = '[[formulation]]\nuse = "gadoterate"\ndose = { value = "0.2 mmol/kg", basis = "Gd" }\n'
    changed = read(write(tmp_path, text)).formulations[0]
    shipped = cp.load("gadoterate")
    assert changed.dose.value.source == "study"
    assert shipped.dose.value.source not in ("", "study")
    assert changed.measured == shipped.measured


def test_all_mistakes_of_a_study_come_at_once(tmp_path):
    text = (
        'titel = "x"\n[scenario]\nspecies = "dog"\n[protocol.mri]\nfield = "3 kg"\n'
        '[[formulation]]\nuse = "gadotrate"\n[[formulation]]\nuse = "gadoterate"\ndose = "0.1 mmol/kg"\n'
    )
    with pytest.raises(RecordError) as error:
        read(write(tmp_path, text))
    lines = [m.line for m in error.value.mistakes]
    assert lines == [1, 3, 5, 7, 10]


def test_same_id_twice_is_a_mistake(tmp_path):
    text = '[[formulation]]\nuse = "gadoterate"\n[[formulation]]\nuse = "gadoterate"\n'
    with pytest.raises(RecordError, match="stands twice"):
        read(write(tmp_path, text))


def test_study_of_takes_what_a_caller_has(gadoterate):
    assert study_of("gadoterate").formulations == (gadoterate,)
    assert study_of(gadoterate).formulations == (gadoterate,)
    assert len(study_of(["gadoterate", "gadobutrol"]).formulations) == 2
    assert isinstance(study_of(None), Study)
    with pytest.raises(TypeError):
        study_of(3.0)


def test_temperature_of_the_scenario_reaches_the_protocols():
    study = Study((), Scenario(temperature="25 degC"))
    for modality in MODALITIES:
        protocol = study.protocol(modality)
        if hasattr(protocol, "temperature"):
            assert protocol.temperature.number == pytest.approx(298.15), modality


# ----------------------------------------------------------------------------------------- a folder of records


def test_a_folder_is_compared_record_by_record(tmp_path):
    (tmp_path / "b.toml").write_text('use = "gadoterate"\nid = "b"\n', "utf-8")
    (tmp_path / "a.toml").write_text(
        'id = "a"\nkind = "nanoparticle"\ncores = { material = "gold", diameter = "20 nm" }\n', "utf-8"
    )
    (tmp_path / "notes.txt").write_text("not a record", "utf-8")
    found = study_of(tmp_path)
    assert [f.id for f in found.formulations] == ["a", "b"]
    assert found.title == tmp_path.name
    assert {cell.formulation for cell in cells(found)} == {"a", "b"}


def test_a_folder_tells_the_mistakes_of_all_its_records(tmp_path):
    with pytest.raises(RecordError, match="is a folder that holds no formulations"):
        study_of(str(tmp_path))
    (tmp_path / "a.toml").write_text('use = "gadoterat"\n', "utf-8")
    (tmp_path / "b.toml").write_text('id = "b"\nkind = "chelat"\n', "utf-8")
    with pytest.raises(RecordError) as error:
        study_of(tmp_path)
    assert [m.file.rsplit("/", 1)[-1] for m in error.value.mistakes][:2] == ["a.toml", "b.toml"]


def test_an_id_that_stands_twice_is_told_where_it_stands(tmp_path):
    file = tmp_path / "study.toml"
    file.write_text('[[formulation]]\nuse = "gadoterate"\n' * 3, "utf-8")
    with pytest.raises(RecordError) as error:
        study_of(file)
    assert [m.line for m in error.value.mistakes] == [3, 5]


def test_what_is_remembered_is_of_the_object_asked_and_of_its_records(gadoterate):
    asked = []

    @of_last
    def told(of, word):
        asked.append(word)
        return f"{of.id} {word}"

    other = gadoterate.replace(id="other")
    placed, _ = place(gadoterate, Scenario())
    for _ in range(2):
        assert told(gadoterate, "a") == told(placed, "a") == "gadoterate a"  # a dose in the target changes nothing
    assert (told(other, "a"), told(gadoterate, "a"), told(gadoterate, "b")) == (
        "other a",
        "gadoterate a",
        "gadoterate b",
    )
    assert asked == ["a", "a", "a", "b"]
    with records.using({("gases", "C4F10"): records.gas("C3F8")}):
        assert told(gadoterate, "b") == "gadoterate b"
    assert asked == ["a", "a", "a", "b", "b"]


def test_times_of_the_tissue_are_those_of_the_protocol_asked():
    brain, muscle = (MRI(tissue=name) for name in ("white matter", "muscle"))
    times = [p.times(3.0).t1.number for p in (brain, muscle, brain)]
    assert times[0] == times[2] != times[1]
