"""Claims about photoacoustic agents, put to the models of light, heat and sound (C22 to C29).

Nothing disputed is resolved: where two sides of the literature differ, both stand beside the model's answer.
"""

from __future__ import annotations

import math
from typing import Any

from .. import photoacoustic as pa
from .. import records
from ..formulation import load
from ..photoacoustic import tissue
from ..provenance import Refusal, Value
from ..units import Q
from .claim import FAILS, HOLDS, ONLY_IF, OPEN, Claim, Numbers, Ruling, listed

ORDERS = 100.0  # "orders of magnitude": two of them


def _per_gram(particle: Any, wavelength: float) -> float:
    """Absorption of gold particles, cm^2/g."""
    area = pa.cross_sections(particle, Q(wavelength, "nm")).absorption.to("cm^2").magnitude
    density = records.material("gold").density
    assert density is not None
    return float(area / (particle.core_volume * density.number * 1e-24))  # kg/m^3 is 1e-24 g/nm^3


# ------------------------------------------------------------------------------------------------ light


def _plasmonic() -> Numbers:
    found = Numbers()
    grams = tissue.HAEMOGLOBIN_IN_BLOOD * tissue.HAEMOGLOBIN_MASS * 1e-3  # g/mL of blood
    cases = ((808.0, "rod", pa.rod_for("808 nm", "10 nm")), (532.0, "sphere", pa.sphere("40 nm")))
    for at, word, particle in cases:
        blood = float(tissue.blood_absorption.bare(at, 1.0))  # 1/cm of whole blood, 150 g/L of haemoglobin
        per_molecule = blood / math.log(10) / tissue.HAEMOGLOBIN_IN_BLOOD
        molar = pa.cross_sections(particle, Q(at, "nm")).molar_absorption.magnitude
        found.put(f"per particle, {word} at {at:g} nm", molar / per_molecule)
        gram, off = _per_gram(particle, at) / (blood / grams), 1.2 if word == "sphere" else 2.5
        found.put(f"per gram, {word} at {at:g} nm", gram, low=gram / off, high=gram * off)  # the error of the particle
    return found


def _plasmonic_rule(n: Numbers) -> Ruling:
    gram, particle = n.some("per gram, "), n.some("per particle, ")
    words = " and ".join(f"{ratio:.0f} times for a {name}" for name, ratio in gram.items())
    words = (
        f"over haemoglobin per gram {words}; per particle over a molecule {min(particle.values()):.0e} times or more"
    )
    good = [name for name, ratio in gram.items() if ratio > ORDERS]
    if min(particle.values()) < ORDERS:
        return Ruling(FAILS, words)
    if len(good) == len(gram):
        return Ruling(HOLDS, words)
    return Ruling(ONLY_IF, f"{_meant(good)}particles are counted: {words}")


def _meant(good: list[str]) -> str:
    return f"a {' or '.join(good)} is meant or " if good else ""


C22 = Claim(
    "C22", "Mie theory of gold (Johnson-Christy, size-corrected), rods as spheroids, beside haemoglobin of whole blood",
    "gold spheres within 20 %, rods within a factor of 2 to 3, haemoglobin within 20 %; two orders of magnitude asked",
    _plasmonic, _plasmonic_rule,
)  # fmt: skip

SERVES = 1.0  # mg/mL of absorber: a local amount that an injection or uptake into cells can reach
ABSORBERS = {
    "gold nanorods": "gold-nanorod-41x10nm", "iron oxide": "magnetite-absorber", "Prussian blue": "prussian-blue",
    "polymers (polydopamine)": "holmium-polydopamine",
}  # fmt: skip


def _absorbers() -> Numbers:
    found = Numbers()
    for word, name in ABSORBERS.items():
        agent = load(name)
        for at in (700, 808, 1064):
            key = f"{word} at {at} nm"
            try:
                cells = pa.detection_limit(agent, Q(at, "nm"), "1 cm")
                cell = next(c for c in cells if c.conditions.get("basis") == agent.entity or c.refusal)
                if cell.value is None:
                    raise Refusal("no-limit", cell.refusal)
                held = agent.concentration(Q(cell.value, cell.unit), agent.entity)
                mass = held.to("compound", "mg/mL").quantity.magnitude
            except Refusal as why:
                found.missing[word] = " ".join(str(why).split())
                continue
            found.put(key, mass, "mg/mL", low=mass / 10, high=mass * 10)
    found.missing["carbon"] = "no table of the absorption of carbon particles is held: add one to optical/"
    return found


def _absorbers_rule(n: Numbers) -> Ruling:
    best: dict[str, float] = {}
    for key, value in n.items():
        word = key.rsplit(" at ", 1)[0]
        best[word] = min(value.number, best.get(word, math.inf))
    serves = [word for word, mass in best.items() if mass <= SERVES]
    words = ", ".join(f"{word} from {mass:.2g} mg/mL" for word, mass in best.items())
    words = f"seen at a depth of 1 cm: {words}"
    unknown = f"no sourced spectrum is held of {', '.join(n.missing)}" if n.missing else ""
    if not best:
        return Ruling(OPEN, unknown)
    if not serves:
        return Ruling(FAILS, words)
    if len(serves) == len(best) and not n.missing:
        return Ruling(HOLDS, words)
    return Ruling(ONLY_IF, f"{' or '.join(serves)} is meant: {words}" + (f"; {unknown}" if unknown else ""))


C28 = Claim(
    "C28", "least concentration seen 1 cm deep at 700, 808 and 1064 nm, one pulse at the skin limit, NEP 1 Pa, Rose 5",
    "an order of magnitude; serves is taken as seen at 1 mg/mL or less",
    _absorbers, _absorbers_rule,
)  # fmt: skip

DECADE = 10.0


def _depth() -> Numbers:
    found = Numbers()
    rod = load("gold-nanorod-41x10nm")
    for depth in (1, 2, 3):
        value = pa.detection_limit(rod, "808 nm", Q(depth, "cm"))[0].value
        found.put(f"limit at {depth} cm", value or math.inf, "mmol/L")
        at_depth = pa.fluence_at_depth("30 mJ/cm^2", Q(depth, "cm"), *_optics(808.0))
        found.put(f"light left at {depth} cm", at_depth.magnitude / 30.0)
        passed = pa.acoustic_transmission(Q(depth, "cm"), "5 MHz")
        found.put(f"sound left from {depth} cm", getattr(passed, "magnitude", passed))
    for at in (532, 808, 1064):
        found.put(f"skin limit at {at} nm", pa.max_permissible_exposure(Q(at, "nm")).fluence.magnitude, "mJ/cm^2",
                  status="second-hand", source="ANSI Z136.1-2022, ICNIRP 2013")  # fmt: skip
    return found


def _optics(wavelength: float) -> tuple[Any, Any]:
    mu_a = tissue.background_absorption(wavelength, 0.04, 0.7, 0.7, 0.0)[0]
    return Q(float(mu_a), "1/cm"), pa.reduced_scattering(Q(wavelength, "nm"))


def _depth_rule(n: Numbers) -> Ruling:
    limits, light, sound = (list(n.some(s).values()) for s in ("limit at ", "light left at ", "sound left from "))
    costs = [limits[1] / limits[0], limits[2] / limits[1]]
    words = (
        f"each centimetre beyond the first costs a factor of {costs[0]:.0f} to {costs[1]:.0f} in concentration; from 1 "
        f"to 3 cm light falls {light[0] / light[2]:.0f} times, sound of 5 MHz {sound[0] / sound[2]:.1f} times"
    )
    falls, light_rules = min(costs) > 1, light[0] / light[2] > sound[0] / sound[2]
    if min(costs) > DECADE and light_rules:
        return Ruling(HOLDS, words)
    if falls and light_rules:
        return Ruling(ONLY_IF, f"a loss below a decade a centimetre counts as a limit: {words}")
    return Ruling(FAILS, words)


C29 = Claim(
    "C29", "diffusion of light in soft tissue with 4 % of blood, 808 nm, nanorods of 41 x 10 nm, 1 to 3 cm",
    "an order of magnitude: tissue optics differ between sites; a limit is taken as more than a decade a centimetre",
    _depth, _depth_rule,
)  # fmt: skip

# ------------------------------------------------------------------------------------------------- heat

SHORT = 0.05  # of the pulse


def _conduction() -> Numbers:
    found = Numbers()
    for d in (10, 40, 100):
        found.put(f"heat crosses {d} nm in", pa.time_scales(pa.sphere(Q(d, "nm")))["internal"] * 1e12, "ps")
    return found


def _conduction_rule(n: Numbers) -> Ruling:
    times = n.some("heat crosses ")
    words = f"{listed(times.values())} ps for gold of 10, 40 and 100 nm, against a pulse of 1000 to 5000 ps"
    if max(times.values()) < SHORT * 1000:
        return Ruling(HOLDS, words)
    quick = [name.removesuffix(" in") for name, time in times.items() if time < SHORT * 1000]
    return Ruling(ONLY_IF, f"the core is {' or '.join(quick)}: {words}") if quick else Ruling(FAILS, words)


C23 = Claim(
    "C23", "R^2/D of solid gold spheres", "bulk conductivity of gold; short means below a twentieth of 1 ns",
    _conduction, _conduction_rule,
)  # fmt: skip

MOSTLY = 0.5


def _in_water() -> Numbers:
    found = Numbers()
    for pulse in (1, 5):
        for d in (20, 100, 200):
            heard = pa.emission(pa.sphere(Q(d, "nm")), "0.01 mJ/cm^2", Q(pulse, "ns"))
            found.put(f"{d} nm, {pulse} ns", heard.water_share)
    return found


def _in_water_rule(n: Numbers) -> Ruling:
    shares = {name: value.number for name, value in n.items()}
    words = "share made in the water: " + "; ".join(f"{share:.0%} at {name}" for name, share in shares.items())
    short = [name for name, share in shares.items() if share <= MOSTLY]
    if not short:
        return Ruling(HOLDS, words)
    if len(short) == len(shares):
        return Ruling(FAILS, words)
    return Ruling(ONLY_IF, f"the pulse is long for the particle (not so for {' and '.join(short)}): {words}")


C24 = Claim(
    "C24", "energy of the linear far field from water and from gold, point source with heat flow, 20 degC",
    "grid error below 1 %; elastic mismatch and retardation left out; published for ns pulses: more than 90 % "
    "(verified)",
    _in_water, _in_water_rule,
)  # fmt: skip

SKIN = 20.0  # mJ/cm^2 at 532 nm: beyond it nothing is measured on skin


def _nonlinear() -> Numbers:
    found = Numbers()
    for d in (20, 40, 60, 80, 100, 150, 200):
        fluence = pa.thresholds(pa.sphere(Q(d, "nm"))).critical.magnitude
        found.put(f"critical {d} nm", fluence, "mJ/cm^2", low=fluence / 2, high=fluence * 2)
    for at in ("4 degC", "20 degC", "37 degC"):
        heard = pa.emission(pa.sphere("100 nm"), "0.5 mJ/cm^2", temperature=at, frequency="20 MHz")
        found.put(f"nonlinear over linear, 100 nm at {at}", heard.ratio)
    return found


def _nonlinear_rule(n: Numbers) -> Ruling:
    critical = {int(name.split()[0]): fluence for name, fluence in n.some("critical ").items()}
    above = {d: f for d, f in critical.items() if d >= 100}
    below = {d: f for d, f in critical.items() if d < 100}
    first = min(critical, key=critical.__getitem__)
    ratios = list(n.some("nonlinear over linear, 100 nm at ").values())
    words = (
        f"spheres of 100 to 200 nm turn nonlinear at {min(above.values()):.1f} to {max(above.values()):.1f} mJ/cm^2, "
        f"{first} nm at {critical[first]:.1f} and 20 nm at {critical[20]:.0f}; warmer water of steadier expansion "
        f"lowers the nonlinear share ({listed(ratios, 2)} at 4, 20, 37 degC)"
    )
    if max(above.values()) > SKIN or not ratios[0] > ratios[1] > ratios[2]:
        return Ruling(FAILS, words)
    if min(below.values()) > max(above.values()):
        return Ruling(HOLDS, words)
    return Ruling(
        ONLY_IF, f"the fluence passes {min(above.values()):.1f} mJ/cm^2, and smaller ones do so at less: {words}"
    )


C25 = Claim(
    "C25", "fluence at which the nonlinear peak equals the linear one, gold in water, 532 nm, 5 ns, 20 degC, broadband",
    "a factor of two, and a factor of 3 to 30 between detector bands; above 647 K at the surface the model ends",
    _nonlinear, _nonlinear_rule,
)  # fmt: skip

# ---------------------------------------------------------------------------------- neighbours and coats

MORE = 1.2  # times: more than the models' own scatter


def _aggregated() -> Numbers:
    found = Numbers()
    for count in (2, 8, 32):
        shared = pa.collective(pa.sphere("20 nm"), count, "40 nm")  # 10 nm of silica each: coats touch
        found.put(f"linear, {count} particles", shared["linear"])
        found.put(f"nonlinear, {count} particles", shared["nonlinear"])
        found.put(f"critical fluence, {count} particles", shared["critical_fluence"], "mJ/cm^2")
    return found


def _aggregated_rule(n: Numbers) -> Ruling:
    linear, nonlinear = max(n.some("linear, ").values()), n.some("nonlinear, ")
    words = (
        f"shared heat leaves the linear sound of each as it is ({linear:.2f} times) and raises the nonlinear part "
        f"{min(nonlinear.values()):.1f} to {max(nonlinear.values()):.1f} times for 2 to 32 particles"
    )
    if linear > MORE:
        return Ruling(HOLDS, words)
    if max(nonlinear.values()) > MORE:
        need = min(n.some("critical fluence, ").values())
        return Ruling(ONLY_IF, f"the fluence nears {need:.0f} mJ/cm^2, where the sound is nonlinear: {words}")
    return Ruling(FAILS, words)


C26 = Claim(
    "C26", "temperature fields of 20 nm gold spheres 40 nm apart (10 nm of silica, touching), 532 nm, 5 ns",
    "thermal only: optical coupling of near neighbours is left out, a published enhancement of aggregates (verified) "
    "is not told apart from it",
    _aggregated, _aggregated_rule,
)  # fmt: skip

AMPLIFIES = 2.5  # of the published three times, with its spread


def _silica() -> Numbers:
    found = Numbers()
    for thickness in (5, 10, 20, 40):
        effect = pa.silica_effect("40 nm", Q(thickness, "nm"))
        found[f"model {thickness} nm"] = effect.model
        found.put(f"light {thickness} nm", effect.optical)
        found.put(f"sound per light {thickness} nm", effect.thermal)
    for finding in effect.published:
        if finding.factor == 3.0:
            found["reported, rods at equal optical density"] = Value(
                3.0, "1", source=finding.source, status=finding.status, letter="M", note=finding.finding
            )
    return found


def _silica_rule(n: Numbers) -> Ruling:
    model = {name: n[f"model {name}"] for name in n.some("model ")}
    best = max(model, key=lambda name: model[name].number)
    per_light = n.some("sound per light ")
    reported = n.of("reported, rods at equal optical density")
    words = (
        f"at equal fluence the model gives {model[best].number:.2f} times at most ({best} of silica; more light, less "
        f"sound from it: {min(per_light.values()):.2f} to {max(per_light.values()):.2f} per absorbed energy), where "
        f"one side reports {reported:.0f} times at equal optical density and the other a loss"
    )
    low, high = model[best].bounds()
    if low > 1 and model[best].number > AMPLIFIES:
        return Ruling(HOLDS, words)
    if high < 1:
        return Ruling(FAILS, words)
    if low > 1:
        return Ruling(ONLY_IF, f"a gain of {model[best].number:.2f} counts: {words}")
    return Ruling(OPEN, f"{words}; the model's own error of 20 % covers no effect at all")


C27 = Claim(
    "C27", "coated Mie spheres and heat flow through dense silica on 40 nm gold, 532 nm, 5 ns; equal fluence",
    "disputed: Y.-S. Chen et al. 2011, doi:10.1021/nl1042006 (three times) against arXiv:1905.06227 (lower, the more "
    "the thicker); porous or hydrophobic silica holding vapour is outside the model",
    _silica, _silica_rule,
)  # fmt: skip

CLAIMS = (C22, C23, C24, C25, C26, C27, C28, C29)
