"""What is said of MRI probes in reviews, put to the models: each claim with its numbers and a verdict by rule.

A verdict is reached by a stated test on computed numbers, never by hand: "supported", "partly", "not supported", or
"cannot be decided" where what would decide it is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ..formulation import Formulation, load
from ..provenance import Refusal, Value
from . import agents, measured, regimes, sequences
from .media import surroundings
from .model import evaluate, relaxing_metal
from .particles import molar_volume
from .superparamagnetic import atoms_per_core, langevin_fraction

WATER = "water"
BODY = 310.15  # K
SUPPORTED, PARTLY, AGAINST, OPEN = "supported", "partly", "not supported", "cannot be decided"


class Verdict(NamedTuple):
    """One claim, what the models say, and by which rule."""

    claim: str  #: number in the list of claims
    says: str
    verdict: str
    evidence: str
    rule: str


def iron_core(diameter: float, material: str = "magnetite") -> Formulation:
    """A magnetite core of a diameter [nm] with the dead layer of its material, 5 nm of open coating around it."""
    return _particle(diameter + 10.0, material=material, diameter=f"{diameter!r} nm")


def _particle(outer: float, **core: Any) -> Formulation:
    record: dict[str, Any] = {"id": "core", "kind": "nanoparticle", "cores": core}
    return Formulation(**record, hydrodynamic_diameter=_nanometres(outer))


def _nanometres(nanometres: float) -> Value:
    """A length in nm as a record holds it."""
    return Value(float(nanometres), "nm", status="assumed")


def rates(agent: Formulation | str, field: Any, temperature: float = BODY, **more: Any) -> tuple:
    """(r1, r2) of the model in water."""
    found = evaluate(load(agent), field, temperature, surroundings(WATER), **more)
    return found.numbers["r1"], found.numbers["r2_star"]


def brightness(agent: str, sequence: str, concentration: float, field: float = 3.0) -> float:
    """Sign of dS/dc at a concentration [mM of metal] in blood: SPGR (5/2 ms, 15 deg) or SE (1000/40 ms)."""
    probe = load(agent)
    metal = relaxing_metal(probe)
    settings: dict[str, Any] = {"tr": "1 s", "te": "40 ms"}
    if sequence == "spgr":
        settings = {"tr": "5 ms", "te": "2 ms", "flip": "15 deg"}
    protocol = protocol_at(field, sequence=sequence, **settings)
    placed = probe.replace(tissue=probe.concentration(f"{concentration!r} mM", metal))
    return next(c.value or 0.0 for c in agents.respond(placed, protocol) if c.quantity == "sign")


def _listed(numbers: Iterable[float]) -> str:
    return ", ".join(f"{number:.3g}" for number in numbers)


def protocol_at(*fields: float, **settings: Any) -> agents.Protocol:
    """The default protocol at fields in tesla."""
    record: dict[str, Any] = {"field": tuple(f"{field!r} T" for field in fields), **settings}
    return agents.Protocol(**record)


def c01() -> Verdict:
    """Both brighten and darken, by concentration and sequence."""
    signs = {
        (agent, sequence, c): brightness(agent, sequence, c)
        for agent in ("gadoterate", "ferumoxytol")
        for sequence in ("spgr", "se")
        for c in (0.01, 100.0)
    }
    both = all(
        {signs[agent, s, c] for s in ("spgr", "se") for c in (0.01, 100.0)} == {-1.0, 1.0}
        for agent in ("gadoterate", "ferumoxytol")
    )
    label = signs["ferumoxytol", "spgr", 0.01] < 0
    words = "; ".join(f"{a} {s} {c:g} mM {'+' if v > 0 else '-'}" for (a, s, c), v in signs.items())
    verdict = SUPPORTED if both and label else PARTLY if both else AGAINST
    return Verdict(
        "C01", "gadolinium brightens, iron oxide darkens; each does both", verdict, words,
        "each agent shows both signs; partly where thin iron oxide does not darken a T1-weighted image",
    )  # fmt: skip


def c02() -> Verdict:
    """Small iron oxide cores as T1 agents."""
    sizes = (2.0, 3.0, 5.0, 10.0, 20.0)
    ratio = {d: float(np.divide(*rates(iron_core(d), 1.5)[::-1])) for d in sizes}
    steady = ratio[3.0] < ratio[5.0] < ratio[10.0] < ratio[20.0]
    verdict = SUPPORTED if ratio[5.0] < 5 and steady and ratio[20.0] > 5 else PARTLY
    words = ", ".join(f"{d:g} nm {r:.1f}" for d, r in ratio.items())
    return Verdict(
        "C02", "below about 5 nm an iron oxide core is a T1 agent", verdict, f"r2/r1 at 1.5 T: {words}",
        "r2/r1 rises with size from 3 nm on, below 5 up to 5 nm, above 5 at 20 nm",
    )  # fmt: skip


CLINICAL = ("ferumoxytol", "ferumoxides", "ferucarbotran", "ferumoxtran")


def c03() -> Verdict:
    """Core sizes of the clinical agents."""
    sizes = {}
    for name in CLINICAL:
        probe = load(name)
        outer = probe.hydrodynamic_diameter
        sizes[name] = (probe.cores[0].diameter.number, 0.0 if outer is None else outer.number)
    cores = [core for core, _ in sizes.values()]
    words = "; ".join(f"{n}: core {c:.1f} nm, whole {h:.0f} nm" for n, (c, h) in sizes.items())
    verdict = SUPPORTED if min(cores) >= 20 else PARTLY if max(cores) >= 20 else AGAINST
    return Verdict(
        "C03", "iron oxide T2 agents have cores of 20 to 50 nm", verdict, words,
        "every clinical core is 20 nm or more; the claim's sizes are those of the whole particle",
    )  # fmt: skip


def c04() -> Verdict:
    """Ultra-low field."""
    fields = np.array([1e-4, 3.0])
    words, gains = [], []
    for d in (7.0, 12.0, 18.0):
        r1, r2 = rates(iron_core(d), fields)
        gains.append(r1[0] / r1[1])
        words.append(f"{d:g} nm: r2/r1 {r2[0] / r1[0]:.2f} at 0.1 mT, r1 {r1[0]:.0f} against {r1[1]:.0f} at 3 T")
    meet = all("r2/r1 1.0" in word for word in words)
    verdict = SUPPORTED if meet and min(gains) > 3 else PARTLY if meet else AGAINST
    return Verdict(
        "C04", "at ultra-low field r2/r1 tends to 1 and relaxivity is far above its value beyond 1 T", verdict,
        "; ".join(words), "r2/r1 within 10 % of 1, and r1 more than 3 times that at 3 T for 7, 12 and 18 nm",
    )  # fmt: skip


def c05(volume_fraction: float = 1e-6, tissue: float = 1e-7) -> Verdict:
    """Susceptibility of tissue against the magnetisation of particles."""
    from ..constants import MU0

    words, kept = [], []
    for d in (7.0, 18.0):
        share = langevin_fraction.bare(np.array([1e-4, 6.5e-3, 3.0]), d, 3.5e5, BODY)
        kept.append(share[1] / share[2])
        low = volume_fraction * MU0 * 3.5e5 * share[1] / (tissue * 6.5e-3)
        high = volume_fraction * MU0 * 3.5e5 * share[2] / (tissue * 3.0)
        words.append(
            f"{d:g} nm keeps {100 * share[1] / share[2]:.0f} % of its 3 T magnetisation at 6.5 mT: "
            f"{low:.0f} times tissue (3 T: {high:.1f})"
        )
    verdict = SUPPORTED if min(kept) > 0.1 else PARTLY if max(kept) > 0.1 else AGAINST
    return Verdict(
        "C05", "at ultra-low field tissue susceptibility vanishes while the particle stays magnetised", verdict,
        f"tissue keeps 0.2 %; {'; '.join(words)} (volume fraction {volume_fraction:g}, tissue {tissue:g})",
        "more than a tenth of the 3 T magnetisation left at 6.5 mT; partly where 18 nm alone keeps it",
    )  # fmt: skip


def c06() -> Verdict:
    """Gadolinium at high field."""
    fields = np.array([0.5, 1.5, 3.0, 7.0, 14.0])
    small, _ = rates("gadoterate", fields)
    slow = evaluate(load("gadofosveset"), fields, BODY, surroundings("plasma"), agent=0.05).numbers["r1"]
    words = f"gadoterate {_listed(small)}; gadofosveset in plasma {_listed(slow)}"
    falls = small[-1] < small[1] and slow[-1] < slow[1]
    verdict = SUPPORTED if falls and slow[-1] < 0.5 * slow[1] else PARTLY
    return Verdict(
        "C06", "gadolinium loses T1 efficacy at high field", verdict, f"r1 at 0.5, 1.5, 3, 7, 14 T: {words}",
        "r1 falls from 1.5 to 14 T for a small chelate, and to less than half for a slow tumbler",
    )  # fmt: skip


def c07() -> Verdict:
    """Holmium at ultra-high field."""
    fields = np.array([3.0, 7.0, 14.0])
    r1, r2 = rates("nahof4-peg-29nm", fields)
    growth = float(np.polyfit(np.log(fields), np.log(r2), 1)[0])
    verdict = SUPPORTED if growth > 1.6 and np.all(r1 < 1) else PARTLY
    dy, _ = rates("nadyf4-32nm", fields)
    words = (
        f"NaHoF4 29 nm: r1 {', '.join(f'{v:.2f}' for v in r1)}, r2 {', '.join(f'{v:.0f}' for v in r2)} at 3, 7, 14 T"
    )
    return Verdict(
        "C07", "holmium particles are T2 agents for ultra-high field", verdict,
        f"{words}, r2 as B0^{growth:.2f}; NaDyF4 32 nm r1 {dy[-1]:.2f} at 14 T",
        "r2 grows faster than B0^1.6 and r1 stays below 1 from 3 to 14 T",
    )  # fmt: skip


def c09() -> Verdict:
    """A 3 nm core in T1-weighted gradient echo."""
    probe = load("uspio-3nm")
    protocol = protocol_at(3.0)
    at = agents.setting(probe, protocol, 3.0)
    peak = sequences.peak_concentration("spgr", at.rates, at.relaxivities, 0.005, 0.002, at.flip)
    r1, r2, star = (r + peak * a for r, a in zip(at.rates, at.relaxivities, strict=True))
    level = sequences.raw_signal("spgr", r1, r2, star, 0.005, 0.002, at.flip)
    gain = level / sequences.raw_signal("spgr", *at.rates, 0.005, 0.002, at.flip)
    verdict = SUPPORTED if peak > 1.0 and gain > 1.5 else PARTLY
    return Verdict(
        "C09", "a 3 nm core brightens T1-weighted FLASH", verdict,
        f"SPGR 5/2 ms at 3 T: brightens to {gain:.1f} times at {peak:.1f} mM Fe, darkens only beyond",
        "signal rises to more than 1.5 times, up to more than 1 mM of iron",
    )  # fmt: skip


def c10() -> Verdict:
    """A chelate in a closed shell."""
    try:
        value = agents.predict("gadodiamide-cerasome", "r1", {"field": 3.0, "medium": WATER})
        words = f"taken as free r1 is {value.number:.1f} at 3 T, an upper bound: exchange through the wall is not known"
    except Refusal as why:
        words = str(why)
    return Verdict(
        "C10", "gadodiamide in a cerasome enhances plaque", OPEN, words,
        "needs the permeability of the wall, or a measured relaxivity of the loaded particle",
    )  # fmt: skip


def c11() -> Verdict:
    """How much agent MRI needs."""
    found, words = [], []
    for name in ("gadoterate", "ferumoxytol", "uspio-3nm"):
        cells = agents.detection_limit(name, protocol_at(1.5, 3.0, 7.0))
        limits = [c.value for c in cells if c.quantity == "c_min" and c.value is not None]
        found += limits
        words.append(f"{name} {', '.join(f'{1e3 * v:.0f}' for v in limits)} umol/L")
    inside = all(1e-3 <= v <= 1.0 for v in found)
    return Verdict(
        "C11", "MRI needs micromolar to millimolar agent", SUPPORTED if inside else PARTLY,
        f"per metal at 1.5, 3, 7 T (1 mm3, SNR 50 at 3 T): {'; '.join(words)}", "every limit from 1 umol/L to 1 mmol/L",
    )  # fmt: skip


def c12(snr: float = 20.0) -> Verdict:
    """One nanoparticle in a voxel."""
    from .. import records

    per_core = float(atoms_per_core.bare(18.0, molar_volume(records.material("magnetite"))))
    counts = {}
    for edge in (1.0, 0.1, 0.05):  # mm
        mass = float(sequences.iron_mass.bare(edge**3, snr))  # pg; a cubic millimetre is a microlitre
        counts[edge] = mass * 1e-12 / 55.845 * 6.02214076e23 / per_core
    words = ", ".join(f"{1e3 * e:.0f} um voxel {n:.2g} cores" for e, n in counts.items())
    return Verdict(
        "C12", "MRI cannot identify single nanoparticles", SUPPORTED if min(counts.values()) > 1 else PARTLY,
        f"least iron (Heyn 2005, SNR {snr:g}) in 18 nm cores: {words}", "more than one core at every voxel to 50 um",
    )  # fmt: skip


def c13() -> Verdict:
    """Clusters."""
    words, r2s, r1s = [], [], []
    for count in (1, 10, 100, 1000):
        outer = max(16.0, 6.0 * (count / 0.3) ** (1 / 3))
        probe = _particle(
            outer, material="magnetite", diameter="6 nm", saturation_magnetisation="350 kA/m", per_particle=count
        )
        r1, r2 = rates(probe, 1.5)
        words.append(f"{count} cores r2* {float(r2):.0f}")
        r2s.append(float(r2))
        r1s.append(float(r1))
    verdict = SUPPORTED if r2s[-1] > 2 * r2s[0] and max(r1s) <= 1.3 * r1s[0] else PARTLY
    ceiling = regimes.static_dephasing_r2_star.bare(3.5e5, 1.49e-5)
    return Verdict(
        "C13", "clustered iron oxide changes r1 and r2", verdict,
        f"6 nm cores at 1.5 T, packed at 30 %: {', '.join(words)} (ceiling {ceiling:.0f}); r1 an upper bound",
        "r2* more than doubles with clustering, towards the static-dephasing ceiling",
    )  # fmt: skip


CLAIMS: tuple[Callable[[], Verdict], ...] = (c01, c02, c03, c04, c05, c06, c07, c09, c10, c11, c12, c13)


def verdicts() -> list[Verdict]:
    """Every claim of this modality with its numbers and verdict.

    Examples
    --------
    >>> {v.claim: v.verdict for v in verdicts()}["C03"]
    'not supported'
    """
    return [claim() for claim in CLAIMS]


def nearest_rows(agent: str, quantity: str) -> list[measured.Row]:
    """Measured rows of an agent for a picture, rising in field."""
    probe = load(agent)
    found = measured.rows(probe, relaxing_metal(probe))
    return sorted((row for row in found if row.quantity == quantity), key=lambda row: row.field)
