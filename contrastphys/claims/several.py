"""Claims that take more than one modality, put to the doors all share (C08, C21, C30, C45, C46).

Concentrations in the target become doses by the blood pool of an adult, and are weighed against doses on labels.
"""

from __future__ import annotations

from typing import Any

from .. import mri, records, ultrasound, xray
from .. import photoacoustic as pa
from ..formulation import load
from ..study import shortlist
from ..ultrasound.imaging import LABEL_LIMIT
from ..units import Q, magnitude
from .claim import FAILS, HOLDS, ONLY_IF, OPEN, Claim, Numbers, Ruling
from .doses import adult, band, dose_for, entities, label_dose, least

us: Any = ultrasound  # its doors take words such as "1 um"
ct: Any = xray

# ------------------------------------------------------------------------------------------------- C08

GROWS = 1.5  # r2 at 9.4 T over that at 3 T


def _polydopamine(agent: Any = "holmium-polydopamine") -> Numbers:
    found, probe = Numbers(), load(agent)
    for field in (3.0, 7.0, 9.4):
        found.ask(f"r2 at {field:g} T", lambda b=field: mri.predict(probe, "r2", {"field": b}))  # type: ignore[misc]
    found.ask("molar absorption at 808 nm", lambda: pa.predict(probe, "molar_absorption", {"wavelength": 808.0}))
    ion = records.ions()["Ho3+"]
    found.put("electron relaxation Ho", ion.T1e, "s", status=ion.status, source=ion.source, letter="M")
    return found


def _polydopamine_rule(n: Numbers) -> Ruling:
    if n.missing:
        return Ruling(OPEN, f"no data for {', '.join(n.missing)} of this particle; an electron time of "
                      f"{n.of('electron relaxation Ho'):.0e} s makes holmium a T2 agent at high field "
                      "(see C07), the amount per particle and the spectrum of polydopamine would decide")  # fmt: skip
    gain, absorbs = n.of("r2 at 9.4 T") / n.of("r2 at 3 T"), n.of("molar absorption at 808 nm") > 0
    words = (
        f"r2 grows {gain:.1f} times from 3 to 9.4 T and it absorbs {n.of('molar absorption at 808 nm'):.1e} 1/(M cm)"
    )
    if gain > GROWS and absorbs:
        return Ruling(HOLDS, words)
    return Ruling(ONLY_IF if absorbs else FAILS, f"heat alone is meant: {words}" if absorbs else words)


C08 = Claim(
    "C08", "measured or computed r2 at 3, 7 and 9.4 T and absorption at 808 nm of the record",
    "the record's content and size are chosen; no paper with its numbers and no spectrum of polydopamine is held",
    _polydopamine, _polydopamine_rule,
)  # fmt: skip

# ------------------------------------------------------------------------------------------------- C21

WANTED = 12.0  # HU of noise in one voxel


def _kerma(voxel: str, slice_: str, phantom: str, volts: str) -> float:
    """Entrance air kerma [mGy] for 12 HU of noise in a voxel."""
    noise = xray.quantum_noise(volts, "10 mGy", phantom, "energy-integrating", voxel, slice_)
    return 10 * float(noise.magnitude / WANTED) ** 2


def _resolution(ct: Any = None, micro_ct: Any = None, mr: Any = None, micro_mr: Any = None) -> Numbers:
    found = Numbers()
    found.put("dose CT 0.5 mm, 5 mm slice, patient", _kerma("500 um", "5 mm", "20 cm", "120 kV"), "mGy")
    found.put("dose CT 0.25 mm, 5 mm slice, patient", _kerma("250 um", "5 mm", "20 cm", "120 kV"), "mGy")
    found.put("dose CT 0.05 mm cube, mouse", _kerma("50 um", "50 um", "3 cm", "60 kV"), "mGy")
    found.put("dose CT 0.05 mm cube, patient", _kerma("50 um", "50 um", "20 cm", "120 kV"), "mGy")
    for edge, field in ((1.0, 3.0), (0.5, 3.0), (0.1, 9.4), (0.025, 9.4)):
        snr = mri.sequences.scale_snr.bare(50.0, field, 3.0, edge**3, 1.0)
        found.put(f"SNR MRI {edge:g} mm at {field:g} T", snr)
    given = {"clinical CT": (ct, 0.25, 0.5), "micro-CT": (micro_ct, 0.04, 0.06),
             "clinical MRI": (mr, 0.5, 1.0), "micro-MRI": (micro_mr, 0.025, 0.1)}  # fmt: skip
    for name, (size, low, high) in given.items():
        if size is None:
            found.missing[f"resolved by {name}"] = "focal spot, detector, kernel and gradients are not modelled"
        else:
            edge = float(magnitude(size, "mm", name))
            found.put(f"resolved by {name}", edge, "mm", status="user", low=low, high=high)
    return found


def _resolution_rule(n: Numbers) -> Ruling:
    dose, mouse = n.some("dose CT "), n.of("dose CT 0.05 mm cube, mouse")
    snr = n.some("SNR MRI ")
    words = (
        f"for 12 HU of noise 0.5 mm in a patient takes {dose['0.5 mm, 5 mm slice, patient']:.0f} mGy at the entrance, "
        f"0.25 mm {dose['0.25 mm, 5 mm slice, patient']:.0f} mGy, a cube of 50 um {mouse / 1e3:.0f} Gy in a mouse and "
        f"{dose['0.05 mm cube, patient'] / mouse:.0f} times that in a patient; SNR of MRI falls from "
        f"{max(snr.values()):.0f} in 1 mm to {min(snr.values()):.1g} in 25 um"
    )
    seen = {name: n[name] for name in n if name.startswith("resolved by ")}
    if n.missing:
        return Ruling(OPEN, f"{words}; what resolves so much is the machine, which is not modelled")
    good = [name for name, v in seen.items() if v.low is None or v.high is None or v.low <= v.number <= v.high]
    if len(good) == len(seen):
        return Ruling(HOLDS, words)
    return Ruling(ONLY_IF, f"{', '.join(g.removeprefix('resolved by ') for g in good)} is meant: {words}") if good \
        else Ruling(FAILS, words)  # fmt: skip


C21 = Claim(
    "C21", "quantum noise of filtered back-projection (tau^-3/2 h^-1/2) and SNR of MRI by voxel and field",
    "what noise asks, not what a machine resolves; a smooth kernel needs several times less dose; coils fitted to a "
    "mouse gain SNR that is not in the one reference",
    _resolution, _resolution_rule,
)  # fmt: skip

# ------------------------------------------------------------------------------------------------- C30

FULL = 0.3  # of a drop's volume that cores may fill: about half of a random packing
HEAT_CAPACITY = 1050.0  # J/(kg K) of liquid perfluorohexane, assumed


def _loaded_drop() -> Numbers:
    found = Numbers()
    drop, core = load("magnetite-pfh"), pa.sphere("10 nm", "magnetite")
    liquid = records.gas("C6F14")
    assert drop.liquid is not None and liquid.boiling_temperature and liquid.liquid_density
    fluence = pa.max_permissible_exposure("808 nm").fluence
    loaded = drop.cores[0].per_particle.number
    found.put("diameter of the drop", drop.liquid.diameter.number, "um", status="assumed", letter="A")
    capacity = found.put("heat capacity of the liquid", HEAT_CAPACITY, "J/(kg*K)", status="assumed", letter="A")
    to_boil = found.put("to its boiling point", liquid.boiling_temperature.number - 310.15, "K", status="second-hand")
    one = pa.thresholds(core, "5 ns", "37 degC", "808 nm")
    found.put("rise of one core", 63.0 * (fluence / one.boiling).to("").magnitude, "K")  # it boils water at 100 degC
    absorbed = loaded * pa.cross_sections(core, "808 nm").absorption * fluence
    heat = Q(drop.liquid.mean_volume, "um^3") * Q(liquid.liquid_density.number, "kg/m^3") * Q(capacity, "J/(kg*K)")
    rise = found.put("rise of the drop", (absorbed / heat).to("K").magnitude, "K")
    found.put("cores in the drop", loaded, status="assumed", letter="A")
    needed = found.put("cores that boil it", loaded * to_boil / rise)
    share = needed * core.core_volume * 1e-9 / drop.liquid.mean_volume
    found.put("share of its volume they take", share)
    found.put("fluence on the skin", fluence.magnitude, "mJ/cm^2", status="second-hand")
    iron = pa.absorption("magnetite-absorber", "808 nm", "1 mg/mL", basis="Fe").mu_a
    steady = pa.steady_volume(iron, "1 W/cm^2", "2 mm")
    found.put("rise of 4 mm holding 1 mg Fe/mL at 1 W/cm^2", steady.magnitude, "K")
    return found


def _loaded_drop_rule(n: Numbers) -> Ruling:
    to_boil, rise = n.of("to its boiling point"), n.of("rise of the drop")
    share, needed = n.of("share of its volume they take"), n.of("cores that boil it")
    words = (
        f"one pulse at the skin limit ({n.of('fluence on the skin'):.0f} mJ/cm^2) warms a core by "
        f"{n.of('rise of one core'):.1f} K and a drop of {n.of('diameter of the drop'):.2g} um with "
        f"{n.of('cores in the drop'):.0f} cores by "
        f"{rise:.1f} K, {to_boil:.0f} K below boiling; 1 W/cm^2 held on 1 mg Fe/mL warms 4 mm by "
        f"{n.of('rise of 4 mm holding 1 mg Fe/mL at 1 W/cm^2'):.0f} K"
    )
    if rise >= to_boil:
        return Ruling(HOLDS, words)
    if share <= FULL:
        return Ruling(ONLY_IF, f"it carries {float(f'{needed:.2g}'):.0f} cores or more ({share:.0%} of its volume) "
                               "to reach its boiling "
                      f"point alone, and something seeds the vapour: {words}")  # fmt: skip
    return Ruling(FAILS, f"{words}; {needed:.0f} cores would not fit")


C30 = Claim(
    "C30", "heat of 10 nm magnetite cores shared by the whole drop, 808 nm, 5 ns at the skin limit, 37 degC",
    "size and load of the drop are chosen, not published; heat of evaporation, loss into the water and nucleation "
    "(which needs more than the boiling point) all ask for more light",
    _loaded_drop, _loaded_drop_rule,
)  # fmt: skip

# ------------------------------------------------------------------------------------------- C45, C46

SEEN = "gadolinium seen in blood over the label's dose"
SMALL_SHARE = 5.0  # % of the dose in the tumour


def _uptake(uptake: Any = None, tumour: Any = "1 g") -> Numbers:
    found = Numbers()
    beam = ct.Protocol(kvp="120 kV")
    cases = (("gadoterate by MRI", "gadoterate", "mri", None), ("ferumoxytol by MRI", "ferumoxytol", "mri", None),
             ("iohexol by CT", "iohexol", "xray", beam),
             ("ICG by photoacoustics", "icg", "photoacoustic", None))  # fmt: skip
    for word, name, modality, protocol in cases:
        agent = load(name)
        assert agent.dose is not None
        given = agent.dose_entities(agent.dose, adult())  # mol
        cell = least(agent, modality, protocol)
        share = 100 * entities(agent, cell) / given / 1000  # 1 g is 1 mL
        found.put(f"needed {word}", share, "%/g", letter=cell.letter, **band(cell, share))
    found.put("spread evenly", 100 / (adult() * 1e3), "%/g")
    if uptake is None:
        found.missing["uptake"] = (
            "how much a tumour takes up is biology, an input of every margin: give uptake='0.7 %/g'"
        )
    else:
        found.put("uptake", magnitude(uptake, "%/g", "uptake"), "%/g", status="user")
        found.put("share of the dose", found.of("uptake") * float(magnitude(tumour, "g", "tumour")), "%", status="user")
    return found


def _uptake_rule(n: Numbers) -> Ruling:
    needed = n.some("needed ")
    words = ", ".join(f"{word} {share:.1e}" for word, share in needed.items())
    words = f"%/g of a label's dose that an adult's tumour must hold to be seen: {words}; an even spread is "
    words += f"{n.of('spread evenly'):.1e}"
    if "share of the dose" not in n:
        return Ruling(OPEN, f"{words}; what a tumour takes up is not physics of imaging")
    held, share = n.of("uptake"), n.of("share of the dose")
    seen = [word for word, least_ in needed.items() if held >= least_]
    words = f"{share:.2g} % of the dose are in the tumour, enough for {', '.join(seen) or 'none'}: {words}"
    return Ruling(HOLDS if share <= SMALL_SHARE else FAILS, words)


C45 = Claim(
    "C45", "least concentration seen over the dose of the label, 70 kg, tissue of 1 g/mL",
    "uptake goes into every margin in proportion; no uptake is assumed here",
    _uptake, _uptake_rule,
)  # fmt: skip


def _safety() -> Numbers:
    found = Numbers()
    study = shortlist()
    light, sound = study.protocol("photoacoustic"), study.protocol("ultrasound")
    for wave in light.wavelength:
        held = pa.max_permissible_exposure(
            Q(wave.number, "nm"), Q(light.pulse_duration.number, "ns"), Q(light.repetition_rate.number, "Hz"),
            Q(light.averages / light.repetition_rate.number, "s"),
        )  # fmt: skip
        name = f"{wave.number:g} nm"
        found.put(f"limit of light {name}", held.fluence.magnitude, "mJ/cm^2", status=held.status, source=held.source)
        used = held.fluence.magnitude if light.fluence.value is None else light.fluence.value.number
        found.put(f"used over limit, light {name}", used / held.fluence.magnitude)
    pressure = Q(sound.pressure_amplitude.number, "kPa")
    index = us.mechanical_index(pressure, Q(sound.frequency[0].number, "MHz")).magnitude
    label = load("sonovue").limits
    assert label is not None and label.mechanical_index is not None
    found["limit of sound"] = label.mechanical_index
    found.put("used over limit, sound", index / min(LABEL_LIMIT, label.mechanical_index.number))
    found.put("entrance air kerma for 12 HU in 1 mm", _kerma("1 mm", "5 mm", "25 cm", "120 kV"), "mGy")
    agent = load("gadoterate")
    seen = dose_for(agent, least(agent, "mri"), "Gd")
    found.put(SEEN, seen / label_dose("gadoterate", "Gd"))
    found.missing["gadolinium in renal failure"] = "release and retention of gadolinium are not physics of imaging"
    found.missing["a limit of ionising dose"] = "no limit for patients is held: the dose that noise asks for is stated"
    return found


def _safety_rule(n: Numbers) -> Ruling:
    used = n.some("used over limit, ")
    words = (
        "the shortlist's study uses "
        f"{', '.join(f'{share:.0%} of the limit ({what})' for what, share in used.items())}; CT asks "
        f"{n.of('entrance air kerma for 12 HU in 1 mm'):.0f} mGy for 12 HU in 1 mm, and MRI sees {n.of(SEEN):.0%} of a "
        "labelled dose of gadolinium"
    )
    over = [what for what, share in used.items() if share > 1.001]
    if over:
        return Ruling(FAILS, f"limits are passed by {', '.join(over)}: {words}")
    if n.missing:
        return Ruling(ONLY_IF, f"light and sound are meant, whose limits are figures: {words}; "
                               f"{' and '.join(n.missing)} "
                      "cannot be decided here")  # fmt: skip
    return Ruling(HOLDS, words)


C46 = Claim(
    "C46", "limits as inputs with their sources: skin exposure, mechanical index, entrance air kerma, doses of labels",
    "limits of light read second-hand; MI of a sine in place, not derated; no limit is advice to treat or image "
    "anybody",
    _safety, _safety_rule,
)  # fmt: skip

CLAIMS = (C08, C21, C30, C45, C46)
