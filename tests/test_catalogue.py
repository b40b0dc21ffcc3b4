"""Every file of the catalogue is read and checked: sources, references, compositions, doses."""

import re
import tomllib
from pathlib import Path

import pytest

from contrastphys import chemistry, records
from contrastphys.files import read_csv
from contrastphys.formulation import Formulation, catalogue, load
from contrastphys.provenance import STATUSES
from contrastphys.records import Chelate, Gas, Material, Medium
from contrastphys.schema import values

MATERIALS = records.shipped_folder()
KINDS = {"agents": Formulation, "cores": Material, "chelates": Chelate, "media": Medium, "gases": Gas}
FILES = [path for folder in KINDS for path in sorted((MATERIALS / folder).glob("*.toml"))]
TABLES = sorted(MATERIALS.rglob("*.csv"))
FORMULAS_OF_INDEX = {"silica-malitson", "water-daimon"}  # optical constants that are a formula, not a table

# The formulations a comparison is expected to know.
SHORTLIST = [
    "gadoterate", "gadobutrol", "gadopentetate", "gadodiamide", "gadoteridol", "gadobenate", "gadoxetate",
    "gadofosveset", "gadopiclenol", "ferumoxytol", "ferumoxides", "ferucarbotran", "ferumoxtran", "uspio-3nm",
    "spion-18nm", "gd2o3-1nm", "dy2o3-3nm", "ho2o3-2nm", "nahof4-pmao-16.4nm", "nadyf4-32nm", "holmium-polydopamine",
    "iohexol", "iopamidol", "iodixanol", "gold-sphere-1.9nm", "gold-sphere-10nm", "gold-sphere-40nm",
    "gold-sphere-150nm", "bismuth-sulfide", "bismuth-74nm", "tantalum-oxide-10nm", "cerium-oxide-dextran",
    "iridium-sulfide", "calcium-phosphate", "gold-nanorod-41x10nm", "gold-nanorod-41x10nm-silica",
    "gold-sphere-40nm-silica", "gold-nanoshell-140nm", "icg", "icg-liposome", "prussian-blue", "magnetite-absorber",
    "sonovue", "definity", "optison", "sonazoid", "nanobubble-c3f8", "perfluoropentane-droplet",
    "perfluorohexane-droplet", "gold-gd-14nm", "pfh-plga-spio", "magnetite-pfh", "gadodiamide-cerasome",
]  # fmt: skip

# Molar masses of the label, a pharmacopoeia or the paper, g/mol.
MOLAR_MASSES = {
    "gadoterate": 558.6, "gadobutrol": 604.72, "gadopentetate": 547.6, "gadodiamide": 573.66, "gadoteridol": 558.7,
    "gadobenate": 667.7, "gadoxetate": 681.8, "gadofosveset": 891.9, "gadopiclenol": 970.1, "gadoversetamide": 661.8,
    "mangafodipir": 691.4, "iohexol": 821.14, "iopamidol": 777.09, "iodixanol": 1550.2, "icg": 775.0,
}  # fmt: skip


def named(paths):
    return [pytest.param(path, id=path.relative_to(MATERIALS).as_posix()) for path in paths]


@pytest.fixture(params=[pytest.param(name, id=name) for name in catalogue()])
def agent(request):
    return load(request.param)


# ------------------------------------------------------------------------------------------- every file


@pytest.mark.parametrize("path", named(FILES))
def test_record_loads_and_is_named_by_its_file(path):
    record = records.load_record(KINDS[path.parent.name], path)
    assert record.id == path.stem
    assert record.label


@pytest.mark.parametrize("path", named(FILES))
def test_every_number_has_a_source_and_a_status(path):
    record = records.load_record(KINDS[path.parent.name], path)
    for key, value in values(record):
        if value.source == "default":  # a field the record leaves at the default of its kind
            assert value.status == "assumed", key
            continue
        assert value.source.strip(), key
        assert value.status in STATUSES and value.status != "user", key


@pytest.mark.parametrize("path", named(FILES))
def test_a_record_is_plain_text_for_readers(path):
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert "\t" not in text
    assert max(map(len, text.splitlines())) < 600


@pytest.mark.parametrize("path", named(TABLES))
def test_table_says_where_it_is_from(path):
    table = read_csv(path)
    assert len(table) > 0
    assert table.source
    assert table.licence


def test_ids_are_unique_and_the_shortlist_is_complete():
    known = catalogue()
    assert len(known) == len(set(known))
    assert not [name for name in SHORTLIST if name not in known]
    assert len(known) >= 34


# ------------------------------------------------------------------------------------------- references


@pytest.mark.parametrize("path", named(sorted((MATERIALS / "cores").glob("*.toml"))))
def test_material_refers_to_what_exists(path):
    made = records.material(path.stem)
    atoms = chemistry.composition(made.formula)
    assert not made.metal or made.metal in atoms
    assert made.density is not None
    if made.magnetic_ion:
        assert made.magnetic_ion in records.ions()
        assert made.magnetic_class == "paramagnet"
        assert made.magnetic_ion.rstrip("+0123456789") in atoms
    if made.optical and made.optical not in FORMULAS_OF_INDEX and (MATERIALS / "optical").is_dir():
        assert records.optical(made.optical).wavelength.size


@pytest.mark.parametrize("path", named(sorted((MATERIALS / "chelates").glob("*.toml"))))
def test_chelate_has_an_ion_and_whole_sets(path):
    complex_ = records.chelate(path.stem)
    assert complex_.ion in records.ions()
    names = [bundle.name for bundle in complex_.sets]
    assert names and len(names) == len(set(names))
    for bundle in complex_.sets:
        assert bundle.source and bundle.status in STATUSES
        assert bundle.a.number > bundle.r.number
        whole = (bundle.tau_M, bundle.tau_R, bundle.delta2, bundle.tau_v)
        assert all(whole) or "incomplete" in bundle.note


def test_ions_agree_with_the_lande_formula():
    for ion in records.ions().values():
        g = 1.5 + (ion.S * (ion.S + 1) - ion.L * (ion.L + 1)) / (2 * ion.J * (ion.J + 1))
        assert ion.g_J == pytest.approx(g, abs=1e-5), ion.symbol
        assert ion.mu_eff == pytest.approx(g * (ion.J * (ion.J + 1)) ** 0.5, abs=2e-3), ion.symbol
        assert ion.source and ion.status in STATUSES


def test_media_know_the_names_of_published_tables():
    aliases = [a for name in records.ids("media") for a in (name, *records.medium(name).aliases)]
    assert len(aliases) == len(set(aliases))
    assert records.medium("human plasma").id == records.medium("bovine plasma").id == "plasma"
    blood = records.medium("human whole blood")
    assert blood.relative_viscosity.number == records.medium("plasma").relative_viscosity.number == 1.2
    assert blood.haematocrit.number == 0.42 and blood.plasma_water.status == "verified"
    assert records.medium("plasma").relative_viscosity.status == "fitted"


def test_agent_refers_to_what_exists(agent):
    for layer in (*agent.cores, *agent.shells):
        assert records.material(layer.material).id == layer.material
    for held in (agent.gas, agent.liquid):
        if held is not None:
            assert records.gas(held.species).id == held.species
    for payload in agent.payloads:
        assert load(payload.agent).id == payload.agent
        assert agent.carried(payload) > 0
    if agent.molecule is not None and agent.molecule.chelate:
        assert records.chelate(agent.molecule.chelate).ion.startswith(agent.molecule.metal)
    tables = [agent.spectrum, agent.molecule.spectrum if agent.molecule else ""]
    for name in filter(None, tables):
        if (MATERIALS / "optical").is_dir():
            assert records.optical(name).wavelength.size


def test_agent_can_be_counted(agent):
    entity = agent.concentration("1 nM", agent.entity)
    assert entity.molar(agent.entity) == pytest.approx(1e-6)
    for basis in agent.bases():
        assert agent.per_entity(basis)
    if agent.dose is not None:
        assert agent.dose_entities(agent.dose, 70) > 0
    if agent.stock is not None or (agent.gas is not None and agent.gas.concentration is not None):
        assert agent.stock_entities > 0
    if agent.limits is not None and agent.limits.maximum_dose is not None and agent.dose is not None:
        assert agent.dose_entities(agent.limits.maximum_dose, 70) >= agent.dose_entities(agent.dose, 70)


def test_sizes_fit_each_other(agent):
    assert not agent.flags()  # gas volume and count of a bubble agree with its sizes
    if agent.hydrodynamic_diameter is not None and agent.liquid is None:
        solid = sum(volume for _, volume in agent.layers)
        assert (6 / 3.14159 * solid) ** (1 / 3) <= agent.hydrodynamic_diameter.number * 1.001


# ----------------------------------------------------------------------------------------- measured rows


def test_measured_rows_say_what_they_are_of(agent):
    seen = set()
    for row in agent.measured:
        assert row.status in STATUSES and row.source
        if row.medium:
            assert records.medium(row.medium)
        if row.quantity in ("r1", "r2", "r2_star"):
            assert row.field is not None
            assert row.per in agent.elements
        where = [p.number if p else None for p in (row.field, row.temperature, row.wavelength, row.frequency)]
        key = (row.quantity, row.value.number, row.medium, row.source, row.per, *where)
        assert key not in seen
        seen.add(key)


def test_transverse_relaxivity_is_not_below_longitudinal(agent):
    def at(row):
        return row.field.number, row.temperature.number if row.temperature else None, row.medium

    r1 = {(at(row), row.source): row.value.number for row in agent.measured if row.quantity == "r1"}
    for row in agent.measured:
        if row.quantity == "r2" and (at(row), row.source) in r1:
            assert row.value.number >= r1[at(row), row.source]


@pytest.mark.parametrize(
    ("name", "quantity", "field", "medium", "number", "sd", "status"),
    [
        ("gadobutrol", "r1", 1.5, "human plasma", 4.78, 0.12, "verified"),
        ("gadobutrol", "r1", 7, "human plasma", 3.83, 0.24, "verified"),
        ("gadoteridol", "r1", 7, "human plasma", 3.21, 0.07, "verified"),
        ("gadoterate", "r1", 3, "human whole blood", 2.72, 0.17, "verified"),
        ("gadoxetate", "r1", 3, "bovine plasma", 6.2, None, "second-hand"),
        ("gadopentetate", "r1", 3, "water", 3.1, None, "unverified"),
        ("ferumoxytol", "r2", 1.5, "saline", 60.8, 3.8, "verified"),
        ("gadodiamide", "r1", 0.4697, "water", 3.9, None, "verified"),
        ("gadobutrol", "r1", 2, "plasma", 6.1, None, "verified"),
        ("ho2o3-2nm", "r2", 3, "water", 13.1, None, "verified"),
        ("ho2o3-carbon-3nm", "r1", 3, "water", 0.093, None, "verified"),
        ("nadyf4-32nm", "r2", 9.4, "", 204.4, None, "second-hand"),
        ("uspio-3nm", "r1", 3, "water", 4.77, None, "second-hand"),
    ],
)
def test_published_values_are_carried(name, quantity, field, medium, number, sd, status):
    found = [
        row
        for row in load(name).measured
        if row.quantity == quantity and row.field.number == field and row.medium == medium
    ]
    row = next(row for row in found if row.value.number == number)
    assert row.value.sd == sd
    assert row.status == row.value.status == status


# ------------------------------------------------------------------------------------------ compositions


@pytest.mark.parametrize(("name", "mass"), MOLAR_MASSES.items())
def test_molar_masses(name, mass):
    assert chemistry.molar_mass(load(name).molecule.formula) == pytest.approx(mass, abs=0.1)


@pytest.mark.parametrize(
    ("name", "symbol", "share"),
    [
        ("iohexol", "I", 0.464),
        ("tantalum-oxide-10nm", "Ta", 0.819),
        ("bismuth-sulfide", "Bi", 0.813),
        ("cerium-oxide-dextran", "Ce", 0.814),
        ("magnetite-absorber", "Fe", 0.724),
    ],
)
def test_shares_of_the_element(name, symbol, share):
    probe = load(name)
    made_of = probe.molecule.formula if probe.molecule else records.material(probe.cores[0].material).formula
    assert chemistry.mass_fraction(made_of, symbol) == pytest.approx(share, abs=5e-4)


def test_atoms_in_a_particle():
    assert load("gold-sphere-10nm").atoms("Au") == pytest.approx(30_900, rel=2e-3)
    assert load("bismuth-74nm").atoms("Bi") == pytest.approx(6.0e6, rel=0.01)  # about 6 million in the paper
    assert load("ferumoxytol").atoms("Fe") == pytest.approx(5874, rel=0.03)  # formula of the label
    five = load("magnetite-absorber").replace(cores={"material": "magnetite", "diameter": "5 nm"})
    assert five.atoms("Fe") == pytest.approx(2645, rel=1e-3)


def test_iodine_of_the_solutions():
    iohexol, iodixanol = load("iohexol"), load("iodixanol")
    assert iohexol.concentration("300 mg/mL", "I").molar("I") == pytest.approx(2364, rel=1e-3)
    assert iohexol.stock_entities == pytest.approx(0.788, rel=1e-3)
    assert iohexol.concentration("300 mg/mL", "I").mass("compound") == pytest.approx(647, rel=2e-3)  # label
    assert iodixanol.concentration("320 mg/mL", "I").mass("compound") == pytest.approx(652, rel=2e-3)  # label
    assert iodixanol.concentration("300 mg/mL", "I").molar("molecule") == pytest.approx(394, rel=1e-3)


def test_gas_of_a_vial_and_its_dose():
    sonovue, definity = load("sonovue"), load("definity")
    volume_mean = (6 / 3.14159 * sonovue.gas.mean_volume) ** (1 / 3)
    assert 3.1 < volume_mean < 4.2  # um, from label gas volume and count: not the 2.5 um number mean
    assert sonovue.gas.mean_volume_of_sizes == pytest.approx(sonovue.gas.mean_volume, rel=0.05)
    per_millilitre = sonovue.dose_entities(sonovue.dose, 70) * 6.022e23 / 5000
    assert per_millilitre == pytest.approx(1.7e5, rel=0.05)  # 2.4 mL in 5 L of blood
    assert definity.dose_entities(definity.dose, 70) * 6.022e23 / 5000 == pytest.approx(1.7e6, rel=0.05)


def test_a_mass_per_body_mass_is_no_count_of_particles():
    dye = load("icg")
    by_molecule = dye.replace(dose={"value": "0.5 mg/kg", "basis": "molecule"})
    assert by_molecule.dose_entities(by_molecule.dose, 70) == pytest.approx(dye.dose_entities(dye.dose, 70))
    assert dye.dose_entities(dye.dose, 70) == pytest.approx(0.035 / 774.97, rel=1e-3)


def test_the_readme_example_is_a_record(tmp_path):
    readme = (MATERIALS / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```toml\n(.*?)```", readme, re.S)[1]
    path = tmp_path / f"{tomllib.loads(example)['id']}.toml"
    path.write_text(example, encoding="utf-8")
    record = records.load_record(Formulation, Path(path))
    assert record.basis == "Au"
    assert record.atoms("Gd") == 300
    assert all(status in readme for status in STATUSES)


def test_a_number_held_twice_has_one_standing():
    """The record of an agent knows a number at least as well as the tables, and nothing read in another package's
    table or script is called verified."""
    from contrastphys.provenance import STATUSES
    from contrastphys.published.relaxivities import relaxivities
    from contrastphys.published.rows import author

    held = {}
    for row in relaxivities():
        if row.number is not None:
            if any(word in row.source for word in ("dcmri", "as tabulated in", "as quoted in", "ChemX")):
                assert row.status != "verified", row.source
            key = (row.agent, row.quantity, row.conditions, float(f"{row.number:.4g}"), author(row.source))
            held.setdefault(key, []).append(STATUSES.index(row.status))
    assert sum(len(ranks) > 1 for ranks in held.values()) > 60
    for key, ranks in held.items():
        assert ranks[0] == min(ranks), key  # the catalogue's own rows come first
