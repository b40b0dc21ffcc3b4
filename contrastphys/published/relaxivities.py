"""Published relaxivities: of the catalogue's formulations, and of particles that only a table describes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .. import records
from ..formulation import Formulation, catalogue, load
from ..mistakes import RecordError
from ..provenance import Value
from .rows import Published, made, numeric, rows_of

BODY, ROOM = 310.15, 298.15  # K, taken where a temperature is not stated
RELAXIVITIES = ("r1", "r2", "r2_star")
RATIO = "r2/r1"
PER_LITRE = "1/(mM*s)"
MERGED = {  # names of published tables that are a record of the catalogue under another name
    "ferumoxide": "ferumoxides", "ferumoxtran-10": "ferumoxtran", "VSOP-C184": "vsop-c184", "SHU555C": "shu-555c",
    "ZES-SPION": "uspio-zes-3nm", "Gd2O3-glucuronic acid": "gd2o3-1nm", "Dy2O3-dextran": "dy2o3-70nm",
    "Dy2O3-glucuronic": "dy2o3-3nm", "PEG-NaHoF4": "nahof4-peg-29nm", "Ho2O3@C": "ho2o3-carbon-3nm",
    "ESION-PO-PEG 3 nm": "uspio-3nm", "ESION-PO-PEG 12 nm": "spion-12nm",
    "Tb2O3@C": "tb2o3-carbon-3nm", "Ho2O3-PEI1200": "ho2o3-2nm", "Ho2O3-PEI60000": "ho2o3-1.9nm",
}  # fmt: skip
# Doubts about what goes into a model keep a row from being asked; a surprising result never does.
SUSPECT = ("very high for a", "suspect", "probably per g of metal", "do not use", "per g of coated", "not a saturation")
LANTHANIDES = {
    "Na1Ho1F4": "sodium-holmium-fluoride", "Na1Dy1F4": "sodium-dysprosium-fluoride", "Dy2O3": "dysprosium-oxide",
    "Na1Gd1F4": "sodium-gadolinium-fluoride", "Gd2O3": "gadolinium-oxide", "NaGdF4": "sodium-gadolinium-fluoride",
    "Ho2O3": "holmium-oxide", "Dy(OH)3": "dysprosium-oxide",
}  # fmt: skip
# Width of the sizes of an iron oxide whose paper is quoted without one: an assumption without a source, chosen with
# these rows in view, so no evidence for the model. The median factors of r1 and r2 of 4.5 to 25 nm fall with it from
# 1.73 and 1.70 to 1.61 and 1.66 (r2 at 0.1 is 1.72, at 0.2 1.71), in 85 and 71 % of random halves of the papers. Above
# 25 nm a spread asks for the echo spacing, which no paper states.
USUAL_SPREAD, SPREAD_TO = 0.15, 25.0
# Up to a diameter [nm]: the factor of r2/r1 that two thirds of the second-hand rows lie within that hold r1 and r2 of
# one iron oxide under the same conditions (77, 27, 34, 46 and 5 pairs). What scales both relaxivities cancels, so it is
# narrower than the errors of the two. No row of the table of ratios is among them.
RATIO_ERROR = ((5.0, 4.3), (8.0, 3.2), (14.0, 3.2), (25.001, 2.6), (math.inf, 6.9))
METAL_SHARE = 0.724  # mass share of metal in magnetite, for magnetisations given per gram of metal


def relaxivities() -> Iterator[Published]:
    """Every r1, r2 and r2* of the catalogue and of the two tables of relaxivities, and every r2/r1 of the third."""
    for name in catalogue():
        agent = load(name)
        for m in agent.measured:
            if m.quantity in RELAXIVITIES:
                yield _relaxivity(
                    agent, m.quantity, m.value.number, m.value.sd,
                    None if m.field is None else m.field.number,
                    None if m.temperature is None else m.temperature.number,
                    m.medium, m.per, m.source or m.value.source or agent.source,
                    m.status or m.value.status or "unverified", m.note,
                    echo=None if m.echo_spacing is None else m.echo_spacing.number * 1e-3,
                )  # fmt: skip
    for name in ("mri_measured", "mri_collected"):
        for row in rows_of(name):
            found, label, why = _formulation_of(row)
            for quantity in RELAXIVITIES:
                number = numeric(row.get(quantity))
                if number is not None:
                    yield _relaxivity(
                        found, quantity, number, numeric(row.get(f"{quantity}_sd")), numeric(row["field"]),
                        numeric(row["temperature"]), row["medium"], row["per"], row["citation"], row["status"],
                        row["note"], label=label, why=why, used=row.get("used_in", ""),
                    )  # fmt: skip
    for row in rows_of("mri_ratios"):
        found, label, why = _formulation_of(row)
        yield _relaxivity(
            found, RATIO, row["ratio"], None, numeric(row["field"]), numeric(row["temperature"]), row["medium"],
            "metal", row["citation"], row["status"], row["note"], label=label, why=why,
        )  # fmt: skip


def _formulation_of(row: Mapping[str, Any]) -> tuple[Formulation | None, str, str]:
    """The formulation a row of a published table speaks of, its label, and why there is none."""
    label, core = str(row["agent"]), numeric(row["core"])
    name = MERGED.get(label, MERGED.get(f"{label} {core:g} nm", label) if core is not None else label)
    if name in catalogue():
        return load(name), name, ""
    if core is None:
        return None, label, "the size of the core is not stated, so no model can be asked"
    note = str(row["note"]).lower()
    doubt = "size or magnetisation of the row is in doubt" if any(word in note for word in SUSPECT) else ""
    formula = re.split(r"[\s/\-@]", label)[0]
    material = LANTHANIDES.get(formula, "")
    if not material and row["class"] != "B":
        return None, label, f"no record of the material {formula}"
    own = numeric(row["saturation"])
    if own is not None and "per g of magnetic atoms" in note:
        own *= METAL_SHARE
    try:
        return (
            _particle(f"{core:g}nm", label, material or "magnetite", core, own, numeric(row["hydrodynamic"])),
            f"{label} {core:g} nm",
            doubt,
        )
    except RecordError as error:
        return None, f"{label} {core:g} nm", str(error).splitlines()[0]


def _particle(name: str, label: str, material: str, core: float, own: float | None, outer: float | None) -> Formulation:
    parts: dict[str, Any] = {"material": material, "diameter": f"{core!r} nm"}
    if own is not None and material == "magnetite":
        parts["saturation_magnetisation"] = f"{own!r} A*m^2/kg"
    if material == "magnetite" and core <= SPREAD_TO:
        parts["sigma_ln"] = {"value": USUAL_SPREAD, "status": "assumed", "source": "chosen, see USUAL_SPREAD"}
    given = {} if outer is None or outer < core else {"hydrodynamic_diameter": f"{outer!r} nm"}
    return made(id=name, label=label, kind="nanoparticle", cores=parts, **given)


def _relaxivity(
    agent: Formulation | None, quantity: str, number: float, sd: float | None, field: float | None,
    temperature: float | None, medium: str, per: str, source: str, status: str, note: str,
    label: str = "", why: str = "", used: str = "", echo: float | None = None,
) -> Published:  # fmt: skip
    """A relaxivity and its question: what is not stated is assumed and said, or the question is not put."""
    from ..mri.media import medium_id

    known = medium_id(medium.partition(" (")[0]) if medium and "not stated" not in medium else ""
    label = label or (agent.id if agent is not None else "")
    assumed = []
    if agent is not None and agent.kind != "chelate":
        if not known:
            known = "water"
            assumed.append("water")
        if temperature is None:
            temperature = ROOM
            assumed.append("25 degC")
        if agent.id not in catalogue() and agent.cores and agent.cores[0].material == "magnetite":
            spread = (
                f"spread of {agent.cores[0].sigma_ln.number:g} in size"
                if agent.cores[0].sigma_ln.number
                else "one size"
            )
            assumed.append(f"density of magnetite; {spread}")
    elif temperature is None:
        temperature = BODY
        assumed.append("37 degC")
    if per in ("metal", "") and quantity != RATIO:
        assumed.append("per metal")
    where = [
        "field not stated" if field is None else f"{field:.4g} T",
        f"{temperature - 273.15:.0f} degC",
        known or "medium not stated",
    ]
    conditions: dict[str, Any] = {"field": field, "temperature": temperature, "medium": known, "echo_spacing": echo}
    reason = why
    if not reason and agent is None:
        reason = "no formulation of it is held"
    if not reason and field is None:
        reason = "the field is not stated"
    if not reason and not known:
        reason = "the medium is not stated"
    if agent is not None and agent.molecule is not None and agent.molecule.albumin_affinity is not None:
        conditions["concentration"] = 0.5
        assumed.append("0.5 mM of agent")

    def ask() -> Value:
        from .. import mri
        from ..mri.measured import per_metal

        assert agent is not None
        if quantity == RATIO:
            return _ratio(agent, conditions)
        found = mri.predict(agent, quantity, conditions, use_measured=False)
        metal = mri.agents.relaxing_metal(agent)
        factor = 1.0 if per in ("", "metal", metal) else per_metal(agent, per, metal)
        low, high = found.bounds()
        return found.with_(number=found.number / factor, low=low / factor, high=high / factor)

    return Published(
        "mri", _relaxivity_group(agent, quantity, field, known), label, quantity, ", ".join(where), number,
        "1" if quantity == RATIO else PER_LITRE, source, status, sd=sd, note=note, assumed="; ".join(assumed),
        used=used or _fitted_set(agent, known), why=reason,
        size=f"{agent.cores[0].diameter.number:g}" if agent is not None and agent.cores else "",
        ask=None if reason else ask, formulation=agent, given={**conditions, "per": per},
    )  # fmt: skip


def _ratio(agent: Formulation, conditions: Mapping[str, Any]) -> Value:
    """r2 over r1 of the model of an iron oxide particle."""
    from .. import mri

    r1, r2 = (mri.predict(agent, quantity, dict(conditions), use_measured=False) for quantity in ("r1", "r2"))
    factor = next(error for limit, error in RATIO_ERROR if agent.cores[0].median_diameter < limit)
    return r2.with_(number=r2.number / r1.number, unit="1").with_error(factor=factor)


def _fitted_set(agent: Formulation | None, medium: str) -> str:
    """Which fitted parameters the model of a chelate would use in a medium."""
    if agent is None or agent.molecule is None or not agent.molecule.chelate:
        return ""
    bound = agent.molecule.albumin_affinity is not None and medium in ("plasma", "blood", "albumin")
    for entry in records.chelate(agent.molecule.chelate).sets:
        if entry.status == "fitted" and ("bound" in entry.name) == bound:
            return f"parameter set '{entry.name}' was fitted to published relaxivities of this agent"
    return ""


def _binds_tightly(agent: Formulation) -> bool:
    """Whether most of an agent sits on albumin in plasma."""
    affinity = None if agent.molecule is None else agent.molecule.albumin_affinity
    return affinity is not None and affinity.number > 1.0


def _relaxivity_group(agent: Formulation | None, quantity: str, field: float | None, medium: str) -> str:
    if agent is None:
        return f"not described well enough, {quantity}"
    if agent.kind == "chelate":
        if medium in ("plasma", "blood") and _binds_tightly(agent):
            return f"albumin binder, {quantity}"
        place = {"saline": "water", "plasma": "plasma", "blood": "whole blood"}.get(medium, medium) or "unstated medium"
        if place not in ("water", "plasma", "whole blood"):
            return f"chelate in tissue or another medium, {quantity}"
        at = 1.5 if field is None else field
        band = "below 1 T" if at < 1 else "1.4-4.7 T" if at < 4.75 else "above 4.7 T"
        if place != "water" and at >= 1:
            band = "1.4 T and above"
        return f"chelate in {place}, {band}, {quantity}"
    core = agent.cores[0] if agent.cores else None
    if core is None or agent.payloads or len(agent.cores) > 1:
        return f"hybrid, {quantity}"
    material = records.material(core.material)
    if material.magnetic_ion:
        size = "below 3 nm" if core.median_diameter < 3 else "3 nm and above"
        return f"lanthanide particle {size}, {quantity}"
    measured = core.saturation_magnetisation is not None and core.saturation_magnetisation.status != "assumed"
    if not measured:
        return f"iron oxide, magnetisation not measured, {quantity}"
    sizes = ((5, "below 5 nm"), (8, "5-8 nm"), (14, "8-14 nm"), (25.001, "14-25 nm"))
    size = next((name for top, name in sizes if core.median_diameter < top), "above 25 nm")
    return f"iron oxide {size}, {quantity}"
