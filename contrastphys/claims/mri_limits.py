"""Claims about what MRI sees in the body: plaque, vesicles, single particles, clusters (C09 to C13)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import mri, records
from ..constants import AVOGADRO
from ..formulation import load
from ..mri import agents, cores, sequences
from ..mri.model import relaxing_metal
from ..mri.particles import molar_volume
from ..mri.superparamagnetic import atoms_per_core, static_dephasing_r2_star
from ..units import magnitude
from .claim import FAILS, HOLDS, ONLY_IF, OPEN, Claim, Numbers, Ruling
from .mri import RATE, protocol

BRIGHTENS = 1.5  # times the signal without agent


def _flash(uptake: Any = None) -> Numbers:
    found = Numbers()
    probe, at_3T = load("uspio-3nm"), protocol(3.0)
    at = agents.setting(probe, at_3T, 3.0)
    tr, te = at_3T.tr.number * 1e-3, at_3T.te.number * 1e-3

    def level(c: float) -> float:
        r1, r2, star = (r + c * a for r, a in zip(at.rates, at.relaxivities, strict=True))
        return float(sequences.raw_signal("spgr", r1, r2, star, tr, te, at.flip))

    peak = sequences.peak_concentration("spgr", at.rates, at.relaxivities, tr, te, at.flip)
    grid = np.geomspace(peak, 1e3 * peak, 4000)
    dark = grid[np.argmax([level(c) < level(0.0) for c in grid])]
    least = next(c for c in mri.detection_limit(probe, at_3T) if c.quantity == "c_min")
    found.put("least seen", least.value or math.nan, "mmol/L", low=least.low, high=least.high)
    found.put("brightest at", peak, "mmol/L")
    found.put("gain at its brightest", level(peak) / level(0.0))
    found.put("darker than without from", dark, "mmol/L")
    if uptake is not None:
        found.put("uptake", magnitude(uptake, "mmol/L", "uptake"), "mmol/L", status="user")
    else:
        found.missing["uptake"] = "iron in a plaque after 72 h is no question of MRI: give uptake='0.5 mM'"
    return found


def _flash_rule(n: Numbers) -> Ruling:
    low, high, gain = n.of("least seen"), n.of("darker than without from"), n.of("gain at its brightest")
    words = f"the signal rises up to {gain:.1f} times at {n.of('brightest at'):.1f} mM Fe"
    if gain < BRIGHTENS or low > high:
        return Ruling(FAILS, words)
    if "uptake" in n:
        inside = low < n.of("uptake") < high
        return Ruling(HOLDS if inside else FAILS, f"{n.of('uptake'):.2g} mM Fe: {words}")
    return Ruling(
        ONLY_IF, f"the plaque holds {low:.2g} to {high:.0f} mM of iron: {words}; uptake over 72 h is not known"
    )


C09 = Claim(
    "C09",
    "spoiled gradient echo 5/2 ms in blood at 3 T with r1 and r2 measured on a 3 nm core, SNR 50 in 1 mm3",
    "relaxivities are second-hand and were measured in water at 25 degC; cores that cluster in cells darken earlier",
    _flash, _flash_rule,
)  # fmt: skip


def _cerasome(permeability: Any = None) -> Numbers:
    """Two-site exchange of a vesicle: r1 = r1_free T1i/(T1i + tau_i), tau_i = R/(3 P), R the radius of the lumen."""
    found = Numbers()
    probe = load("gadodiamide-cerasome")
    free = mri.predict("gadodiamide", "r1", {"field": 3.0, "medium": "water"})
    found["r1 if free"] = free
    radius = probe.cores[0].diameter.number / 2  # nm
    litres = 4 / 3 * math.pi * (radius * 1e-8) ** 3
    payload = probe.payloads[0].per_particle
    assert payload is not None
    inside = found.put("Gd in the lumen", 1e3 * payload.number / AVOGADRO / litres, "mmol/L")
    t1 = found.put("T1 in the lumen", 1 / (1 / 4.0 + free.number * inside), "s")  # water alone: about 4 s at 37 degC
    found.put("permeability that keeps half of r1", radius * 1e-9 / (3 * t1), "m/s")
    if permeability is None:
        found.missing["r1 with its wall"] = (
            "no permeability of the wall is published here: give permeability='1e-5 m/s'"
        )
    else:
        given = float(magnitude(permeability, "m/s", "permeability"))
        found.put("r1 with its wall", free.number * t1 / (t1 + radius * 1e-9 / (3 * given)), RATE)
    return found


def _cerasome_rule(n: Numbers) -> Ruling:
    half = n.of("permeability that keeps half of r1")
    words = (
        f"water must cross the wall at {1e6 * half:.2g} um/s or more to keep half of r1 {n.of('r1 if free'):.1f}, with "
        f"{n.of('Gd in the lumen'):.0f} mM Gd in the lumen (a content chosen, not published)"
    )
    if "r1 with its wall" not in n:
        return Ruling(OPEN, f"{words}; how fast it does is not known")
    kept = n.of("r1 with its wall") / n.of("r1 if free")
    return Ruling(HOLDS if kept > 0.5 else FAILS, f"{kept:.0%} of r1 is left: {words}")


C10 = Claim(
    "C10",
    "exchange of water between the lumen of a vesicle and outside, r1 = r1_free T1i/(T1i + R/3P)",
    "size and content of the record are chosen: no paper with its numbers is held; T1 of water is taken as 4 s; "
    "uptake by plaque is not modelled",
    _cerasome, _cerasome_rule,
)  # fmt: skip

MICROMOLAR, MILLIMOLAR = 1e-3, 1.0  # mmol/L, the review's range


def _limits() -> Numbers:
    found = Numbers()
    for name in ("gadoterate", "ferumoxytol", "uspio-3nm"):
        probe = load(name)
        metal = relaxing_metal(probe)
        for cell in mri.detection_limit(name, protocol(1.5, 3.0, 7.0)):
            if cell.quantity != "c_min" or cell.value is None:
                continue
            held = {"low": cell.low, "high": cell.high, "letter": cell.letter}
            found.put(f"metal {name} {cell.conditions['field']}", cell.value, "mmol/L", **held)
            per_particle = probe.concentration(f"{cell.value!r} mmol/L", metal).molar(probe.entity)
            found.put(f"entity {name} {cell.conditions['field']}", per_particle, "mmol/L")
    return found


def _limits_rule(n: Numbers) -> Ruling:
    def inside(held: dict[str, float]) -> bool:
        return all(MICROMOLAR <= c <= MILLIMOLAR for c in held.values())

    metal, entity = n.some("metal "), n.some("entity ")
    words = f"{1e3 * min(metal.values()):.0f} to {1e3 * max(metal.values()):.0f} umol/L of metal at 1.5 to 7 T"
    words += f", down to {1e6 * min(entity.values()):.2g} nmol/L of particles"
    if inside(metal) and inside(entity):
        return Ruling(HOLDS, words)
    if inside(metal):
        return Ruling(ONLY_IF, f"the metal is counted, not the particle: {words}")
    return Ruling(FAILS, words)


C11 = Claim(
    "C11",
    "least concentration seen by a spoiled gradient echo at its best flip angle, Rose 5, SNR 50 of blood in 1 mm3 at "
    "3 T",
    "proportional to the SNR that is assumed, which scales as the field; a tenth of the voxel needs ten times as much",
    _limits, _limits_rule,
)  # fmt: skip


def _single(snr: float = 20.0) -> Numbers:
    found = Numbers()
    volume = molar_volume(records.material("magnetite"))
    for diameter in (18.0, 100.0):
        atoms = float(atoms_per_core.bare(diameter, volume))
        for edge in (1.0, 0.1, 0.05):  # mm
            mass = float(mri.iron_mass.bare(edge**3, snr)) * 1e-12  # g; a cubic millimetre is a microlitre
            found.put(f"cores of {diameter:g} nm in {1e3 * edge:g} um", mass / 55.845 * AVOGADRO / atoms)
    return found


def _single_rule(n: Numbers) -> Ruling:
    needed = {name: value.number for name, value in n.items()}
    alone = [name for name, count in needed.items() if count <= 1]
    words = "; ".join(f"{count:.2g} {name} voxels" for name, count in needed.items() if "50 um" in name)
    if not alone:
        return Ruling(HOLDS, f"the least iron that is seen takes {words}")
    if len(alone) == len(needed):
        return Ruling(FAILS, f"a single particle is seen: {words}")
    return Ruling(ONLY_IF, f"it is not one of {', '.join(alone)} voxels: {words}")


C12 = Claim(
    "C12",
    "least iron in a voxel, m = 5 v/(K SNR) with K = 6.2e-5 uL/pg (Heyn 2005), SNR 20, over the iron of one core",
    "a balanced sequence at 1.5 T; iron far above 100 nm (micrometre beads) is seen alone, and is no nanoparticle",
    _single, _single_rule,
)  # fmt: skip

TWOFOLD = 2.0
CHANGES = 0.2  # a relative change of r1 that is more than the models' scatter between neighbouring sizes


def _clusters() -> Numbers:
    found = Numbers()
    for count in (1, 10, 100, 1000):
        r1, r2 = cores.rates(cores.packed(count), 1.5)
        found.put(f"r1 {count} cores", r1, RATE)
        found.put(f"r2 {count} cores", r2, RATE)
    found.put("ceiling of r2", static_dephasing_r2_star.bare(3.5e5, 1.49e-5), RATE)
    return found


def _clusters_rule(n: Numbers) -> Ruling:
    r1, r2 = list(n.some("r1 ").values()), list(n.some("r2 ").values())
    more = r2[-1] / r2[0]
    words = (
        f"r2 goes from {r2[0]:.0f} of a single 6 nm core to {r2[-1]:.0f} of a thousand packed ones (ceiling "
        f"{n.of('ceiling of r2'):.0f})"
    )
    moves = max(abs(one / r1[0] - 1) for one in r1)
    if more > TWOFOLD and moves > CHANGES:
        return Ruling(HOLDS, f"{words}, r1 from {r1[0]:.1f} to {r1[-1]:.1f}")
    if more > TWOFOLD:
        return Ruling(ONLY_IF, f"r2 is meant: {words}; of r1 the model gives an upper bound alone, {r1[0]:.1f}")
    return Ruling(FAILS, words)


C13 = Claim(
    "C13",
    "motional averaging of the whole cluster's moment, towards static dephasing; 6 nm cores packed at 30 %, 1.5 T",
    "r2 within 40 %; r1 is that of single cores, an upper bound: water inside a cluster and shared moments are not "
    "modelled",
    _clusters, _clusters_rule,
)  # fmt: skip

CLAIMS = (C09, C10, C11, C12, C13)
