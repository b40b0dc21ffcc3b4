"""One probe under one set of machines, as plain numbers: what the sliders of the notebook move.

A `State` says which agent, at which size and dose, before which machines. `panels` turns it into curves and words for
a picture, `study_text` into a study file, and `state_of` such a study back into a state. Nothing here draws.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from . import study as studies
from .answers import limits_or_all
from .formulation import MODALITIES, Formulation, load
from .mistakes import RecordError
from .parameters import changed
from .provenance import Refusal, Value
from .study import Study, place, study_of
from .units import Q, UnitError
from .wording import number_text, unit_text
from .writing import record_text

UNDOSED = {"particle": (1e9, "1/kg"), "molecule": (0.1, "mmol/kg")}  # taken where a record states no dose
METAL_DOSE = (5.0, "mg/kg")


class Knob(NamedTuple):
    """What one slider moves: its unit and range; `log` where it spans decades."""

    name: str
    label: str
    unit: str
    low: float
    high: float
    start: float
    log: bool = True


@dataclass(frozen=True)
class State:
    """Agent, size, dose and machines; size and dose are those of the record where they are None.

    The size is the diameter of the core [nm], or of the bubble or droplet [um]; the dose is in the unit and basis of
    the record. A `vaporised` droplet is a bubble.
    """

    agent: str = "ferumoxytol"
    field: float = 3.0  # T
    kvp: float = 120.0  # kV
    wavelength: float = 808.0  # nm
    frequency: float = 3.0  # MHz
    size: float | None = None
    dose: float | None = None
    vaporised: bool = False


MACHINES = (
    Knob("field", "MRI field", "T", 0.02, 14.0, 3.0),
    Knob("kvp", "CT tube voltage", "kV", 60.0, 140.0, 120.0, False),
    Knob("wavelength", "light", "nm", 500.0, 1100.0, 808.0, False),
    Knob("frequency", "ultrasound", "MHz", 0.5, 20.0, 3.0),
)


def _size(formulation: Formulation) -> tuple[str, Value] | None:
    """Path and number of the one size a formulation has; None where it has none or several."""
    if formulation.gas is not None:
        return "gas.diameter", formulation.gas.diameter
    if formulation.liquid is not None:
        return "liquid.diameter", formulation.liquid.diameter
    if len(formulation.cores) == 1:
        return "core.diameter", formulation.cores[0].diameter
    return None


def _dose(formulation: Formulation) -> tuple[float, str, str, bool]:
    """Dose of a record with unit and basis, or one that is taken where it states none (then True)."""
    if formulation.dose is not None:
        return formulation.dose.value.number, formulation.dose.value.unit, formulation.dose.basis, False
    basis = formulation.basis if formulation.basis in formulation.bases() else formulation.entity
    return *UNDOSED.get(basis, METAL_DOSE), basis, True


def knobs(agent: str) -> dict[str, Knob]:
    """Every slider of an agent by name; without "size" where it has no one size to change."""
    formulation = load(agent)
    found = {knob.name: knob for knob in MACHINES}
    sized = _size(formulation)
    if sized is not None:
        path, value = sized
        what = {"gas": "bubble", "liquid": "drop"}.get(path.partition(".")[0], "core")
        low, high = max(value.number / 4, 0.3 if value.unit == "nm" else 0.05), value.number * 4
        found["size"] = Knob("size", f"{what} diameter", value.unit, low, high, value.number)
    dose, unit, basis, taken = _dose(formulation)
    label = f"dose of {basis}" + (" (taken: none in the record)" if taken else "")
    found["dose"] = Knob("dose", label, unit, dose / 30, dose * 30, dose)
    return found


def agents() -> list[tuple[str, str]]:
    """Name and id of every agent of the catalogue, by name."""
    from .formulation import catalogue

    return sorted((load(name).name, name) for name in catalogue())


# ----------------------------------------------------------------------------------------- state and study


def _text(number: float, unit: str) -> str:
    short = f"{number:.6g}"
    return f"{short if float(short) == number else repr(number)} {unit}".removesuffix(" 1")


def _changes(state: State) -> dict[str, Any]:
    """What a state changes of its agent's record, as in a study file."""
    formulation = load(state.agent)
    found: dict[str, Any] = {}
    sized = _size(formulation)
    if state.size is not None and sized is not None:
        path, value = sized
        part, _, key = path.partition(".")
        found[part] = {key: _text(state.size, value.unit)}
        if formulation.hydrodynamic_diameter is not None:  # the coat stays as thick as it is
            grown = (state.size - value.number) * (1.0 if value.unit == "nm" else 1e3)
            found["hydrodynamic_diameter"] = _text(formulation.hydrodynamic_diameter.number + grown, "nm")
    dose, unit, basis, taken = _dose(formulation)
    if state.dose is not None or taken:
        found["dose"] = {"value": _text(dose if state.dose is None else state.dose, unit), "basis": basis}
    return found


def study_text(state: State) -> str:
    """A state as the text of a study file.

    Examples
    --------
    >>> print(study_text(State("iohexol", kvp=80.0)))
    title = "Iohexol (Omnipaque 300)"
    ...
    """
    lines = [f"title = {_quoted(load(state.agent).name)}", ""]
    for modality, key, unit in _CONDITIONS:
        lines += [f"[protocol.{modality}]", f"{key} = {_quoted(_text(getattr(state, key), unit))}"]
        if modality == "ultrasound" and state.vaporised:
            lines.append("vaporised = true")
        lines.append("")
    lines.append("[[formulation]]")
    if state.size is None:
        lines.append(f"use = {_quoted(state.agent)}")
        lines += [f"{key} = {_inline(held)}" for key, held in _changes(state).items()]
    else:  # another size is another probe: its record is written out, without what was measured of the first
        lines.append(record_text(made(state).formulations[0], inline=True).rstrip())
    return "\n".join(lines) + "\n"


_CONDITIONS = (
    ("mri", "field", "T"),
    ("xray", "kvp", "kV"),
    ("photoacoustic", "wavelength", "nm"),
    ("ultrasound", "frequency", "MHz"),
)


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def _inline(held: Any) -> str:
    if isinstance(held, Mapping):
        return f"{{ {', '.join(f'{key} = {_inline(part)}' for key, part in held.items())} }}"
    return _quoted(held)


@functools.lru_cache(maxsize=64)
def made(state: State) -> Study:
    """The study of a state, as its text would be read.

    Another size is another probe: what was measured of the record's own does not hold for it. Its coat stays as thick
    as it is.
    """
    study = study_of(state.agent)
    sets: dict[str, Any] = {}
    changes = _changes(state)
    if changes:
        from .formulation import from_table
        from .schema import Reader

        reader = Reader("sliders", source="sliders", status="user")
        formulation = from_table({"use": state.agent, **changes}, reader)
        if formulation is None or reader.mistakes:
            raise RecordError(reader.mistakes)
        if state.size is not None:
            formulation = formulation.replace(measured=())
        study = dataclasses.replace(study, formulations=(formulation,))
    for modality, key, unit in _CONDITIONS:
        sets[f"protocol.{modality}.{key}"] = Q(getattr(state, key), unit)
    sets["protocol.ultrasound.vaporised"] = state.vaporised
    return changed(study, sets)


def state_of(study: Study) -> State:
    """The state of a study of one agent of the catalogue, such as `study_text` writes.

    Raises
    ------
    Refusal
        The study holds several formulations, or one that is not in the catalogue.
    """
    if len(study.formulations) != 1:
        raise Refusal("several", f"the study holds {len(study.formulations)} formulations: sliders move one")
    formulation = study.formulations[0]
    own = load(formulation.id)
    held: dict[str, Any] = {"agent": formulation.id}
    for modality, key, _ in _CONDITIONS:
        value = getattr(study.protocol(modality), key)
        held[key] = (value[0] if isinstance(value, tuple) else value).number
    sized, before = _size(formulation), _size(own)
    if sized is not None and before is not None and sized[1].number != before[1].number:
        held["size"] = sized[1].number
    dose, *_, taken = _dose(formulation)
    known = _dose(own)[0]
    if not taken and dose != known:
        held["dose"] = dose
    return State(**held, vaporised=study.protocol("ultrasound").vaporised)


# ----------------------------------------------------------------------------------------------- the panels


class Panel(NamedTuple):
    """What one modality shows: curves over its slider, the number at the slider, and words."""

    modality: str
    x: np.ndarray
    curves: tuple[tuple[str, np.ndarray], ...]
    y_label: str
    at: float
    marks: tuple[tuple[float, float, float], ...]  # number at the slider with its band, one a curve
    words: tuple[str, ...]  # smallest concentration, margin
    refused: str = ""  # why there is nothing to draw


FIELDS = np.geomspace(0.02, 14.0, 41)
VOLTAGES = np.linspace(60.0, 140.0, 17)
WAVELENGTHS = np.linspace(500.0, 1100.0, 61)
FREQUENCIES = np.geomspace(0.5, 20.0, 41)
REFERENCE = 1e6  # bubbles per mL


def _curves_mri(f: Formulation, protocol: Any, vaporised: bool) -> tuple[dict[str, np.ndarray], str]:
    from .mri import relaxivity

    found = relaxivity.bare(f, FIELDS, protocol.temperature.number, protocol.medium)
    second = "r2" if found.numbers["r2"] is not None else "r2_star"  # an echo spacing may be missing
    return {name: found.numbers[name] for name in ("r1", second)}, f"relaxivity [mM⁻¹ s⁻¹] of {found.basis}"


def _curves_xray(f: Formulation, protocol: Any, vaporised: bool) -> tuple[dict[str, np.ndarray], str]:
    predict = studies.room("xray").predict
    asked = (protocol.conditions(float(kvp), protocol.phantom[0].number) for kvp in VOLTAGES)
    found = [predict(f, "enhancement_per_mass", conditions, False).number for conditions in asked]
    return {"enhancement_per_mass": np.array(found)}, f"enhancement [HU mL/mg] of {f.basis}"


def _curves_photoacoustic(f: Formulation, protocol: Any, vaporised: bool) -> tuple[dict[str, np.ndarray], str]:
    from .photoacoustic.absorbers import absorber, absorbs, particle_of
    from .photoacoustic.sections import MOLAR, cross_sections

    label = f"molar absorption [M⁻¹ cm⁻¹] per {f.entity}"
    first = absorber(f, float(WAVELENGTHS[0]))  # refuses where no part has a spectrum
    alone = not f.spectrum and f.molecule is None and not any(absorbs(load(p.agent)) for p in f.payloads)
    if len(f.cores) == 1 and alone:
        core = f.cores[0]
        found = cross_sections.bare(particle_of(f, core), WAVELENGTHS, "water")
        return {"molar_absorption": found.sigma_abs * core.per_particle.number * MOLAR}, label
    rest = [absorber(f, float(each)).molar for each in WAVELENGTHS[3::3]]
    coarse = np.array([first.molar, *rest])
    return {"molar_absorption": np.interp(WAVELENGTHS, WAVELENGTHS[::3], coarse)}, label


def _curves_ultrasound(f: Formulation, protocol: Any, vaporised: bool) -> tuple[dict[str, np.ndarray], str]:
    from .ultrasound.assembly import bubbles_of

    warmth, medium = protocol.temperature.number, protocol.medium
    if f.gas is None and not vaporised:
        predict = studies.room("ultrasound").predict
        conditions = {"temperature": warmth, "medium": medium, "concentration": REFERENCE}
        asked = FREQUENCIES[::8]
        found = [predict(f, "backscatter", {**conditions, "frequency": float(each)}, False).number for each in asked]
        grown = np.interp(np.log(FREQUENCIES), np.log(asked), np.log(np.maximum(found, 1e-300)))
        return {"backscatter": np.exp(grown)}, "backscatter [cm⁻¹] of drops at 10⁶ per mL"
    cloud = bubbles_of(f, vaporised, warmth).population(REFERENCE * 1e6, medium, warmth)
    attenuation = cloud.spectra(FREQUENCIES * 1e6)[0] / 100
    return {"attenuation": attenuation}, "attenuation [dB/cm] at 10⁶ per mL"


_ROOMS: dict[str, tuple[str, np.ndarray, Callable[..., Any]]] = {
    "mri": ("field", FIELDS, _curves_mri),
    "xray": ("kvp", VOLTAGES, _curves_xray),
    "photoacoustic": ("wavelength", WAVELENGTHS, _curves_photoacoustic),
    "ultrasound": ("frequency", FREQUENCIES, _curves_ultrasound),
}


def _conditions(modality: str, protocol: Any, value: float) -> dict[str, Any]:
    """Conditions of `predict` at the slider."""
    if modality == "mri":
        return {"field": value, "temperature": protocol.temperature.number, "medium": protocol.medium}
    if modality == "xray":
        return protocol.conditions(value, protocol.phantom[0].number)
    if modality == "photoacoustic":
        return {"wavelength": value}
    return {
        "frequency": value, "temperature": protocol.temperature.number, "medium": protocol.medium,
        "concentration": REFERENCE, "vaporised": protocol.vaporised,
    }  # fmt: skip


@functools.lru_cache(maxsize=64)
def _curves(modality: str, agent: str, size: float | None, vaporised: bool) -> Any:
    """Curves of one modality, which depend on nothing but the probe; a Refusal is kept as well."""
    study = made(State(agent, size=size, vaporised=vaporised))
    formulation = study.formulations[0]
    if not studies.room(modality).applies(formulation):
        return Refusal("does-not-apply", f"{formulation.name} shows nothing to this modality")
    try:
        return _ROOMS[modality][2](formulation, study.protocol(modality), vaporised)
    except (Refusal, UnitError, ValueError) as why:
        return Refusal("no-curve", str(why))


def _panel(modality: str, state: State, study: Study, placed: Formulation) -> Panel:
    key, grid, _ = _ROOMS[modality]
    at = float(getattr(state, key))
    protocol = study.protocol(modality)
    known = _curves(modality, state.agent, state.size, state.vaporised)
    nothing = (modality, grid, (), "", at, ())
    if not studies.room(modality).applies(placed):
        return Panel(*nothing, (), f"{placed.name} shows nothing to this modality")
    curves, label = ({}, "") if isinstance(known, Refusal) else known
    marks: list[tuple[float, float, float]] = []
    told: list[str] = []
    names = curves or dict.fromkeys(_ASKED[modality])
    for name in names:
        try:
            value = studies.room(modality).predict(placed, name, _conditions(modality, protocol, at))
        except (Refusal, UnitError, ValueError) as why:
            told.append(str(why))
            continue
        marks.append((value.number, *value.bounds()))
        told.append(f"{name.replace('_', ' ')} {number_text(value.number, 3)} {unit_text(value.unit)} [{value.letter}]")
    if not curves and not marks:
        return Panel(*nothing, (), str(known) if isinstance(known, Refusal) else "; ".join(dict.fromkeys(told)))
    words = [*told[:2], *_limit(modality, placed, protocol)]
    drawn = tuple((name, np.asarray(y, float)) for name, y in curves.items())
    return Panel(modality, grid, drawn, label or unit_text("1"), at, tuple(marks), tuple(words))


_ASKED = {  # what is told where there is no curve
    "mri": ("r1", "r2"),
    "xray": ("enhancement_per_mass",),
    "photoacoustic": ("molar_absorption",),
    "ultrasound": ("attenuation",),
}


def _limit(modality: str, placed: Formulation, protocol: Any) -> list[str]:
    """Smallest concentration seen and margin of the dose, in words."""
    try:
        cells = limits_or_all(placed, modality, protocol, ("c_min", "margin"))
    except (Refusal, UnitError, ValueError) as why:
        return [str(why)]
    least = next((c for c in cells if c.quantity == "c_min" and c.value is not None), None)
    margin = next((c for c in cells if c.quantity == "margin" and c.value is not None), None)
    if least is None:
        return [next((c.refusal for c in cells if c.refusal), "no limit is known")]
    basis = least.conditions.get("basis", "")
    words = [f"smallest seen {number_text(least.value or 0.0, 3)} {unit_text(least.unit)} {basis}".rstrip()]
    if margin is not None:
        verdict = "seen" if (margin.value or 0.0) >= 1 else "not seen"
        words.append(f"{verdict}: margin {number_text(margin.value or 0.0, 3)} [{margin.letter}]")
    return words


def panels(state: State) -> dict[str, Panel]:
    """What every modality shows of a state; a combination that has no answer says why in words.

    Raises
    ------
    Nothing for any agent of the catalogue and finite sliders: refusals and mistakes become words of the panels.
    """
    try:
        study = made(state)
        placed, _ = place(study.formulations[0], study.scenario)
    except (Refusal, RecordError, UnitError, ValueError) as why:
        text = " ".join(str(why).split())
        empty = {m: (grid, (), "", float(getattr(state, key)), (), (), text) for m, (key, grid, _) in _ROOMS.items()}
        return {modality: Panel(modality, *held) for modality, held in empty.items()}
    return {modality: _panel(modality, state, study, placed) for modality in MODALITIES}


def headline(state: State) -> str:
    """Agent, size, dose and the concentration it makes in the target, in one line."""
    formulation = load(state.agent)
    sized = _size(formulation)
    words = [formulation.name]
    if sized is not None:
        value = sized[1]
        words.append(f"{number_text(state.size or value.number, 3)} {unit_text(value.unit)}")
    dose, unit, basis, taken = _dose(formulation)
    stated = f"{number_text(dose if state.dose is None else state.dose, 3)} {unit_text(unit)} {basis}"
    words.append(stated + (" (dose taken)" if taken and state.dose is None else ""))
    try:
        study = made(state)
        cell = place(study.formulations[0], study.scenario)[1]
    except (Refusal, RecordError, UnitError, ValueError):
        return ", ".join(words)
    if cell.value is not None and math.isfinite(cell.value):
        counted = cell.conditions["basis"]
        words.append(f"in the target {number_text(cell.value, 3)} {unit_text(cell.unit)} {counted}")
    return ", ".join(words)
