"""Claims about CT agents, put to the models of attenuation, enhancement and detection (C14 to C20).

Two slopes are told apart if they differ by more than the choice of cross-sections moves their ratio.
"""

from __future__ import annotations

import math
from typing import Any

from .. import xray
from ..chemistry import mass_fraction
from ..provenance import Refusal
from ..units import Q, magnitude
from ..xray.attenuation import density, mu_rho
from .claim import FAILS, HOLDS, ONLY_IF, OPEN, Claim, Numbers, Ruling

VOLTS, SIZES = Q([80.0, 100.0, 120.0, 140.0], "kV"), Q([0.0, 20.0, 32.0], "cm")
PATIENTS = SIZES[1:]
APART = 1 + 0.027 * math.sqrt(2)  # ratio of two slopes beyond the choice of data sets (2.7 % each)
SLOPE = "HU*mL/mg"
BEAMS = "enhancement per mass and per amount behind 0, 20 and 32 cm of water, 80 to 140 kV, energy-integrating detector"
ERROR = (
    "5 % of a slope with beam, size and detector known; ideal detector, no scatter; slopes of Ta, Bi, Gd unpublished"
)


def slopes(agents: list[str], volts: Any = VOLTS, sizes: Any = SIZES) -> tuple[Any, Any, list[str]]:
    """Slopes per mass and per amount (agent, place), and the places as words: "120 kV/20 cm"."""
    table = xray.enhancement_table(agents, volts, sizes)
    places = [f"{c['kvp'].split()[0]} kV/{c['phantom'].split()[0]} cm" for c in table.conditions]
    return table.slopes, table.per_mole.magnitude, places


def _ratios(found: Numbers, agent: str, reference: str, sizes: Any) -> None:
    """Keep slope over that of the reference, per mg and per mM, at every beam and size."""
    mass, mole, places = slopes([agent, reference], VOLTS, sizes)
    for word, k in (("per mg", mass), ("per mM", mole)):
        for place, ratio in zip(places, k[0] / k[1], strict=True):
            found.put(f"{word} {place}", ratio)


def _span(held: dict[str, float]) -> str:
    return f"{min(held.values()):.2f} to {max(held.values()):.2f}"


# ------------------------------------------------------------------------------------- which element

POOR = 100.0  # HU between soft tissues, below a tenth of what bone (about 1000 HU) shows: poor contrast


def _heavy() -> Numbers:
    found = Numbers()
    behind = xray.spectrum("120 kV").filtered({"water": "20 cm"})
    weight = behind.photons * behind.energies
    water = weight @ mu_rho("water", behind.energies)
    for tissue in ("muscle", "brain", "blood"):
        hu = 1000 * (density(tissue) * (weight @ mu_rho(tissue, behind.energies)) / water - 1)
        found.put(f"tissue {tissue}", hu, "HU")
    for element in ("Au", "Bi"):
        _ratios_of(found, element)
    return found


def _ratios_of(found: Numbers, element: str) -> None:
    mass, mole, places = slopes([element, "I"])
    for word, k in (("mg", mass), ("mM", mole)):
        for place, ratio in zip(places, k[0] / k[1], strict=True):
            found.put(f"{word} {element} {place}", ratio)


def _heavy_rule(n: Numbers) -> Ruling:
    soft = n.some("tissue ")
    spread = max(soft.values()) - min(soft.values())
    places = list(n.some("mg Au "))
    both = {
        basis: [p for p in places if min(n.of(f"{basis} Au {p}"), n.of(f"{basis} Bi {p}")) > APART]
        for basis in ("mg", "mM")
    }
    words = (
        f"muscle, brain and blood lie {spread:.0f} HU apart; gold and bismuth are both above iodine at "
        f"{len(both['mM'])} of {len(places)} beams and sizes per mole, at {len(both['mg'])} per mg"
    )
    if spread > POOR:
        return Ruling(FAILS, words)
    if len(both["mg"]) == len(both["mM"]) == len(places):
        return Ruling(HOLDS, words)
    if len(both["mM"]) > len(both["mg"]):
        return Ruling(ONLY_IF, f"counted per mole and above 80 kV: {words}" if _above_80(both["mM"], places)
                      else f"counted per mole: {words}")  # fmt: skip
    return Ruling(ONLY_IF if both["mg"] else FAILS, f"at {', '.join(both['mg'])}: {words}" if both["mg"] else words)


def _above_80(held: list[str], places: list[str]) -> bool:
    """Whether it is just the beams of 80 kV that are missing."""
    return set(held) == {place for place in places if not place.startswith("80 kV")}


C14 = Claim("C14", f"CT numbers of tissues at 120 kV behind 20 cm of water; {BEAMS}", ERROR, _heavy, _heavy_rule)

ELEMENTS = ("Au", "I", "Bi", "Ta", "Gd", "Yb")


def _optimal() -> Numbers:
    found = Numbers()
    mass, mole, places = slopes(list(ELEMENTS))
    for word, k in (("gram", mass), ("mole", mole)):
        for place, column in zip(places, k.T, strict=True):
            found.put(f"per {word} {place}", column[0] / max(column[1:]))
    for size in SIZES:
        merit = {e: max(float(xray.figure_of_merit(e, v, size)) for v in VOLTS) for e in ELEMENTS}
        lead = math.sqrt(merit["Au"] / max(m for e, m in merit.items() if e != "Au"))  # merit goes as the slope squared
        found.put(f"per dose {size.magnitude:g} cm", lead)
    return found


def _optimal_rule(n: Numbers) -> Ruling:
    leads = n.some("per ")
    wins = [where for where, lead in leads.items() if lead > APART]
    close = [where for where, lead in leads.items() if 1 / APART < lead <= APART]
    top = max(leads, key=leads.__getitem__)
    words = (
        f"of {', '.join(ELEMENTS)} gold is the best in {len(wins)} of {len(leads)} cases (per gram, mole and dose, "
        f"four voltages, three sizes), and not told apart from the best in {len(close)}; its slope is "
        f"{min(leads.values()):.2f} to {leads[top]:.2f} of the best of the others ({top})"
    )
    if len(wins) == len(leads):
        return Ruling(HOLDS, words)
    return Ruling(ONLY_IF, f"it is judged {'; '.join(wins)}: {words}") if wins else Ruling(FAILS, words)


C15 = Claim(
    "C15", f"{BEAMS}; contrast-to-noise squared per air kerma, each element at its own best voltage",
    f"{ERROR}; price, stability and what a body tolerates are not judged", _optimal, _optimal_rule,
)  # fmt: skip

# ------------------------------------------------------------------------------------- photon counting

RAY = {"water": "8 cm", "iodixanol": "20 mg/cm^2", "tantalum-oxide-cationic": "20 mg/cm^2"}
COUNTER = {"energy_resolution": "8 keV", "charge_sharing": 0.3}
CUTS = {"at the edge": (25.0, 51.0, 67.416, 90.0), "away from it": (25.0, 35.0, 45.0, 55.0)}  # keV
NEEDED = 1.5  # times more tantalum that is needed without the threshold: more than models of the response scatter
REACHED = 20.0  # mg/mL of tantalum that a joint may be given: an injected solution holds tens of mg/mL


def _separated() -> Numbers:
    found = Numbers()
    beam = xray.spectrum("120 kV", bin_width="1 keV")
    for where, cuts in CUTS.items():
        bound = xray.decompose(RAY, beam, Q(list(cuts), "keV"), photons=1e5, **COUNTER)
        for name in ("tantalum-oxide-cationic", "iodixanol"):
            least = bound.smallest_concentration(name, "0.5 mm", 1000, n_eff=10)
            found.put(f"{'Ta' if 'tantalum' in name else 'I'} {where}", least.magnitude, "mg/mL")
    try:
        xray.decompose(RAY, beam, Q([25.0, 51.0], "keV"))
        found.put("bins that are enough", 2)
    except Refusal as why:
        found.missing["two bins"] = str(why)
        found.put("bins that are enough", 3)
    return found


def _separated_rule(n: Numbers) -> Ruling:
    at, away = n.of("Ta at the edge"), n.of("Ta away from it")
    words = (
        f"with four thresholds tantalum is seen from {at:.1f} mg/mL and iodine from {n.of('I at the edge'):.1f} mg/mL; "
        f"without one at 67 keV tantalum needs {away / at:.1f} times as much; {n.of('bins that are enough'):.0f} bins "
        "are the least for three materials"
    )
    if at > REACHED:
        return Ruling(FAILS, words)
    if away / at < NEEDED:
        return Ruling(HOLDS, words)
    return Ruling(ONLY_IF, f"a threshold lies near the K edge of tantalum: {words}")


C16 = Claim(
    "C16", "bound of the variance (Cramer-Rao) of two agents and water in one scan, 120 kV, 8 cm of water, Rose 5, "
    "0.5 mm",
    "a bound: 8 keV FWHM and 30 % charge sharing are in, pulse pile-up and scatter are not; 1e5 photons a ray are "
    "assumed",
    _separated, _separated_rule,
)  # fmt: skip

# ----------------------------------------------------------------------------------------- one agent each


def _cerium() -> Numbers:
    found = Numbers()
    _ratios(found, "cerium-oxide-dextran", "iopamidol", PATIENTS)
    return found


def _above_rule(n: Numbers) -> Ruling:
    mass, mole = n.some("per mg "), n.some("per mM ")
    words = f"Ce over I is {_span(mass)} per mg and {_span(mole)} per mM at 80 to 140 kV behind 20 and 32 cm"
    above = [place for place, ratio in mass.items() if ratio > APART]
    if len(above) == len(mass):
        return Ruling(HOLDS, words)
    return Ruling(ONLY_IF, f"at {', '.join(above)}: {words}") if above else Ruling(FAILS, words)


C17 = Claim("C17", BEAMS, f"{ERROR}; equal amounts in the gut are compared, not what each dose brings there",
            _cerium, _above_rule)  # fmt: skip

WORKS = 0.5  # of the enhancement of iodine per mg


def _iridium() -> Numbers:
    found = Numbers()
    _ratios(found, "iridium-sulfide", "I", PATIENTS)
    mass, _, places = slopes(["iridium-sulfide"], VOLTS, PATIENTS)
    for place, k in zip(places, mass[0], strict=True):
        found.put(f"slope {place}", k, SLOPE)
    found.put("seen from", xray.detection_limit("iridium-sulfide", "120 kV").magnitude, "mg/mL")
    return found


def _iridium_rule(n: Numbers) -> Ruling:
    mass, slope = n.some("per mg "), n.some("slope ")
    words = (
        f"{min(slope.values()):.0f} to {max(slope.values()):.0f} HU mL/mg of Ir, {_span(mass)} of iodine; seen from "
        f"{n.of('seen from'):.1f} mg Ir/mL in one voxel of 12 HU noise"
    )
    good = [place for place, ratio in mass.items() if ratio > WORKS]
    if len(good) == len(mass):
        return Ruling(HOLDS, words)
    return Ruling(ONLY_IF, f"at {', '.join(good)}: {words}") if good else Ruling(FAILS, words)


C18 = Claim("C18", BEAMS, f"{ERROR}; works is taken as at least half of iodine per mg", _iridium, _iridium_rule)


def _calcium() -> Numbers:
    found = Numbers()
    mass, _, places = slopes(["calcium-phosphate", "I"])
    share = mass_fraction("Ca5(PO4)3OH", "Ca")
    for place, ratio in zip(places, mass[0] / mass[1], strict=True):
        found.put(f"per mg Ca {place}", ratio)
        found.put(f"per mg particle {place}", ratio * share)
    return found


def _calcium_rule(n: Numbers) -> Ruling:
    calcium, particle = n.some("per mg Ca "), n.some("per mg particle ")
    words = f"{_span(calcium)} of iodine per mg of calcium, {_span(particle)} per mg of particle"
    if min(particle.values()) > WORKS:
        return Ruling(HOLDS, words)
    strong = [place for place, ratio in calcium.items() if ratio > WORKS]
    return (
        Ruling(ONLY_IF, f"counted per mg of calcium at {', '.join(strong)}: {words}")
        if strong
        else Ruling(FAILS, words)
    )


C19 = Claim("C19", BEAMS, f"{ERROR}; strongly is taken as at least half of iodine; the water it displaces is counted",
            _calcium, _calcium_rule)  # fmt: skip


def _plaque(uptake: Any = None) -> Numbers:
    found = Numbers()
    for mode in ("energy-integrating", "photon-counting"):
        noise = xray.quantum_noise("120 kV", "10 mGy", "20 cm", mode, "0.5 mm", "0.5 mm")
        for size in (1, 2, 3):
            n_eff = float(xray.effective_voxels(Q(size, "mm"), "0.5 mm", 2.0 * size))
            least = xray.detection_limit("I", "120 kV", detector=mode, noise=noise, n_eff=n_eff).magnitude
            found.put(f"{mode} {size} mm", least, "mg/mL", low=least / 2, high=least * 2)
    if uptake is None:
        found.missing["uptake"] = "iodine in a plaque is no question of X-rays: give uptake='5 mg/mL'"
    else:
        found.put("uptake", magnitude(uptake, "mg/mL", "uptake"), "mg/mL", status="user")
    return found


def _plaque_rule(n: Numbers) -> Ruling:
    large, small = n.of("photon-counting 3 mm"), n.of("energy-integrating 1 mm")
    words = f"a plaque must hold {large:.2g} (3 mm, counting) to {small:.2g} mg I/mL (1 mm, integrating)"
    if "uptake" not in n:
        return Ruling(OPEN, f"{words}; how much its macrophages take up is not known here")
    held = n.of("uptake")
    words = f"it holds {held:.2g} mg I/mL; {words}"
    seen = {name: held > value.number for name, value in n.items() if name.endswith("mm")}
    if all(seen.values()):
        return Ruling(HOLDS, words)
    if not any(seen.values()):
        return Ruling(FAILS, words)
    return Ruling(ONLY_IF, f"it is looked at by {', '.join(name for name, good in seen.items() if good)}: {words}")


C20 = Claim(
    "C20", "least iodine by Rose 5 at 120 kV, 10 mGy at the entrance of 20 cm of water, voxels of 0.5 mm, coloured "
    "noise",
    "within a factor of two; ideal detector; motion of the vessel and calcium beside it are not in it",
    _plaque, _plaque_rule,
)  # fmt: skip

CLAIMS = (C14, C15, C16, C17, C18, C19, C20)
