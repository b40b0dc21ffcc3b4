"""Claims about MRI agents, put to the models of relaxivity and signal (C01 to C07).

Of what is published beside the models, second-hand rows say so; a model below 5 nm is an order of magnitude.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import mri, records
from ..formulation import load
from ..mri import agents, cores
from ..mri.model import relaxing_metal
from ..mri.superparamagnetic import langevin_fraction
from .claim import FAILS, HOLDS, ONLY_IF, Claim, Numbers, Ruling, listed

RATE = "1/(mM*s)"
BODY = 310.15  # K
T1_AGENT = 5.0  # r2/r1 below which a T1-weighted sequence still gains: the bound designers use


def protocol(*fields: float, **settings: Any) -> agents.Protocol:
    """The default protocol at fields in tesla."""
    record: dict[str, Any] = {"field": tuple(f"{field!r} T" for field in fields), **settings}
    return agents.Protocol(**record)


# ------------------------------------------------------------------------------------------ brightness

WEIGHTED: dict[str, dict[str, Any]] = {
    "T1-weighted": {"sequence": "spgr", "tr": "5 ms", "te": "2 ms", "flip": "15 deg"},
    "T2-weighted": {"sequence": "se", "tr": "4 s", "te": "80 ms"},
}
THIN, THICK = 0.01, 100.0  # mM of metal: a trace, and more than any dose gives


def _brightness() -> Numbers:
    found = Numbers()
    for name in ("gadoterate", "ferumoxytol"):
        probe = load(name)
        metal = relaxing_metal(probe)
        for weighting, settings in WEIGHTED.items():
            at = protocol(3.0, **settings)
            for word, c in (("thin", THIN), ("thick", THICK)):
                placed = probe.replace(tissue=probe.concentration(f"{c!r} mM", metal))
                cells = {cell.quantity: cell for cell in mri.respond(placed, at)}
                found.put(f"sign {name} {weighting} {word}", cells["sign"].value or 0.0)
        cells = {cell.quantity: cell for cell in mri.respond(probe, protocol(3.0, **WEIGHTED["T1-weighted"]))}
        found.put(f"peak {name}", cells["c_peak"].value or math.nan, "mmol/L")
    return found


def _brightness_rule(n: Numbers) -> Ruling:
    signs = {name: set(n.some(f"sign {name}").values()) for name in ("gadoterate", "ferumoxytol")}
    named = n.of("sign gadoterate T1-weighted thin") > 0 > n.of("sign ferumoxytol T2-weighted thin")
    both = all({-1.0, 1.0} <= found for found in signs.values())
    peaks = (
        f"in a spoiled gradient echo at 3 T gadoterate brightens up to {n.of('peak gadoterate'):.2g} mM, ferumoxytol "
        f"up to {n.of('peak ferumoxytol'):.2g} mM, and more of either darkens"
    )
    if named and both:
        return Ruling(HOLDS, f"{peaks}; thin iron oxide darkens only what is T2-weighted")
    if both:
        return Ruling(ONLY_IF, f"sequence and concentration are named: {peaks}")
    return Ruling(FAILS if not named else ONLY_IF, f"one sign is seen of each agent: {peaks}")


C01 = Claim(
    "C01",
    "sign of dS/dc in blood at 3 T, spoiled gradient echo 5/2 ms at 15 degrees and spin echo 4000/80 ms",
    "steady-state signal equations; relaxivities of the catalogue in plasma, errors of 10 to 40 % shift the peaks "
    "alike",
    _brightness, _brightness_rule,
)  # fmt: skip


# ------------------------------------------------------------------------------------------- core size

WINDOWS = {0.5: (0.4, 0.6), 1.5: (1.3, 1.6), 3.0: (2.8, 3.2)}  # T: fields of which rows are taken together
SMALL, LARGE = 5.0, 10.0  # nm: below and above, in the published rows


def _published_ratios(low: float, high: float, window: tuple[float, float]) -> list[float]:
    """r2/r1 of published iron oxides and ferrites of a core size [nm] at fields of a window [T]."""
    rows = records.table("published/mri_collected.csv").rows() + records.table("published/mri_measured.csv").rows()
    known = [
        r for r in rows if r["class"] == "B" and all(_number(r[k]) for k in ("core", "field", "r1", "r2")) and r["r1"]
    ]
    inside = [r for r in known if low <= r["core"] < high and window[0] <= r["field"] <= window[1]]
    return [r["r2"] / r["r1"] for r in inside]


def _number(entry: Any) -> bool:
    return isinstance(entry, int | float) and math.isfinite(entry)


def _median_interval(rows: list[float]) -> tuple[float, float]:
    """Where the median lies with 95 %, by the ranks of the rows: binomial counts below and above it."""
    ranked, n = sorted(rows), len(rows)
    below, rank = 0.5**n, 0
    while rank < (n - 1) // 2 and below + math.comb(n, rank + 1) * 0.5**n <= 0.025:
        rank += 1
        below += math.comb(n, rank) * 0.5**n
    return ranked[rank], ranked[n - 1 - rank]


def _small_cores() -> Numbers:
    found = Numbers()
    for field, window in WINDOWS.items():
        for d in (3.0, 5.0, 10.0, 20.0):
            r1, r2 = cores.rates(cores.iron_core(d), field)
            found.put(f"model r2/r1 {d:g} nm at {field:g} T", r2 / r1)
        for word, ends in (("below 5 nm", (0.0, SMALL)), ("10 to 20 nm", (LARGE, 20.01))):
            ratios = _published_ratios(*ends, window)
            note = f"median of {len(ratios)} rows with its 95 % interval"
            low, high = _median_interval(ratios)
            found.put(f"published r2/r1 {word} at {field:g} T", np.median(ratios), status="second-hand", note=note,
                      letter="M", low=low, high=high)  # fmt: skip
    parts = mri.relaxivity(cores.iron_core(3.0), "1.5 T", medium="water").parts
    total = sum(part["r1"].magnitude for part in parts.values())
    found.put("surface share of r1 at 3 nm, 1.5 T", parts["surface iron"]["r1"].magnitude / total)
    return found


def _small_cores_rule(n: Numbers) -> Ruling:
    told = {}
    for field in WINDOWS:
        small = (n.of(f"model r2/r1 3 nm at {field:g} T"), n.of(f"published r2/r1 below 5 nm at {field:g} T"))
        large = n.of(f"published r2/r1 10 to 20 nm at {field:g} T")
        told[field] = max(small) < T1_AGENT < large
    words = "; ".join(
        f"at {field:g} T r2/r1 below 5 nm is {n.of(f'published r2/r1 below 5 nm at {field:g} T'):.1f} as published "
        f"(model {n.of(f'model r2/r1 3 nm at {field:g} T'):.1f}) and "
        f"{n.of(f'published r2/r1 10 to 20 nm at {field:g} T'):.0f} at 10 to 20 nm"
        for field in WINDOWS
    )
    share = f"the surface makes {n.of('surface share of r1 at 3 nm, 1.5 T'):.0%} of the model's r1 at 3 nm"
    good = [field for field, right in told.items() if right]
    if len(good) == len(told):
        return Ruling(HOLDS, f"{words}; {share}")
    if good:
        return Ruling(ONLY_IF, f"the field is {max(good):g} T or less: {words}; {share}")
    return Ruling(FAILS, words)


C02 = Claim(
    "C02",
    "r2/r1 of magnetite cores (moment, dead layer, surface ions) and of published ferrites, at 0.5, 1.5 and 3 T",
    "a T1 agent is one of r2/r1 below 5; the model is an order of magnitude below 5 nm and takes r2 too low there, "
    "so the published rows (second-hand, media and temperatures often not stated) decide with it",
    _small_cores, _small_cores_rule,
)  # fmt: skip

CLINICAL = ("ferumoxytol", "ferumoxides", "ferucarbotran", "ferumoxtran")
REVIEWED = (20.0, 50.0)  # nm, the review's range


def _clinical_cores() -> Numbers:
    found = Numbers()
    for name in CLINICAL:
        probe = load(name)
        core, whole = probe.cores[0].diameter, probe.hydrodynamic_diameter
        found[f"core {name}"] = core
        if whole is not None:
            found[f"whole {name}"] = whole
    return found


def _clinical_cores_rule(n: Numbers) -> Ruling:
    core, whole = n.some("core "), n.some("whole ")
    low, high = REVIEWED
    inside = [name for name, d in core.items() if low <= d <= high]
    near = [name for name, d in whole.items() if low <= d <= high]
    words = (
        f"the cores of {', '.join(core)} measure {min(core.values()):.1f} to {max(core.values()):.1f} nm, the whole "
        f"particles {min(whole.values()):.0f} to {max(whole.values()):.0f} nm"
    )
    if len(inside) == len(core):
        return Ruling(HOLDS, words)
    if inside:
        return Ruling(ONLY_IF, f"{', '.join(inside)} is meant: {words}")
    mixed = f"; {low:g} to {high:g} nm is the size of {' and '.join(near)} with the coat" if near else ""
    return Ruling(FAILS, words + mixed)


C03 = Claim(
    "C03",
    "core and hydrodynamic diameters of the four clinical iron oxides in the catalogue",
    "sizes as their sources state them, with the status each record gives; a statistic of sizes may differ between "
    "them",
    _clinical_cores, _clinical_cores_rule,
)  # fmt: skip

# ------------------------------------------------------------------------------------------ low field

LOW, HIGH = 1e-4, 3.0  # T
MEETS, FAR_ABOVE = 0.1, 3.0  # r2/r1 within 10 % of 1; r1 three times that at 3 T


def _low_field() -> Numbers:
    found = Numbers()
    for d in (5.0, 7.0, 9.0, 12.0, 18.0):
        r1, r2 = cores.rates(cores.iron_core(d), np.array([LOW, HIGH]))
        found.put(f"r2/r1 {d:g} nm", r2[0] / r1[0])
        gain = float(r1[0] / r1[1])
        found.put(f"r1 gain {d:g} nm", gain, low=gain / 1.35, high=gain * 1.35)  # the error of r1 at 3 T
        found.put(f"r2 gain {d:g} nm", r2[0] / r2[1])
    return found


def _low_field_rule(n: Numbers) -> Ruling:
    meet = all(abs(ratio - 1) < MEETS for ratio in n.some("r2/r1 ").values())
    gains = {float(size.split()[0]): gain for size, gain in n.some("r1 gain ").items()}
    far = [size for size, gain in gains.items() if gain > FAR_ABOVE]
    words = (
        f"r1 at 0.1 mT over that at 3 T is {', '.join(f'{gain:.1f} at {size:g} nm' for size, gain in gains.items())}"
    )
    r2 = n.some("r2 gain ")
    words += f"; r2 of {next(iter(r2))} is {next(iter(r2.values())):.2f} of that at 3 T"
    if not meet:
        return Ruling(FAILS, f"r2/r1 does not reach 1: {listed(n.some('r2/r1 ').values())}")
    if len(far) == len(gains):
        return Ruling(HOLDS, words)
    if far:
        return Ruling(ONLY_IF, f"the core is {min(far):g} nm or more: r2/r1 is 1 at every size, but {words}")
    return Ruling(FAILS, words)


C04 = Claim(
    "C04",
    "single magnetite cores (Roch-Muller-Gillis with Neel and Brown times), 0.1 mT and 3 T in water at 37 degC",
    "r1 within 35 % for 5 to 20 nm with a measured magnetisation; no published row of these cores below 6 mT is held",
    _low_field, _low_field_rule,
)  # fmt: skip

ULTRA_LOW = 6.5e-3  # T
KEPT = 0.1  # share of the moment of 3 T that counts as "still magnetised"


def _magnetised() -> Numbers:
    found = Numbers()
    found.put("tissue keeps", ULTRA_LOW / HIGH)  # its shift is proportional to the field
    for d in (5.0, 7.0, 10.0, 14.0, 18.0):
        share = langevin_fraction.bare(np.array([ULTRA_LOW, HIGH]), d, 3.5e5, BODY)
        found.put(f"{d:g} nm keeps", share[0] / share[1])
    return found


def _magnetised_rule(n: Numbers) -> Ruling:
    tissue = n.of("tissue keeps")
    kept = {float(name.split()[0]): value.number for name, value in n.items() if name.endswith("nm keeps")}
    enough = [d for d, share in kept.items() if share > KEPT]
    words = ", ".join(f"{share:.0%} at {d:g} nm" for d, share in kept.items())
    words = f"from 3 T to 6.5 mT tissue keeps {tissue:.1%} of its shift, a core of its moment {words}"
    if tissue > KEPT:
        return Ruling(FAILS, words)
    if len(enough) == len(kept):
        return Ruling(HOLDS, words)
    if enough:
        return Ruling(ONLY_IF, f"the core is {min(enough):g} nm or more: {words}")
    return Ruling(FAILS, words)


C05 = Claim(
    "C05",
    "Langevin magnetisation of single cores (350 kA/m, 37 degC) beside tissue, whose shift goes as the field",
    "more than a tenth of the moment at 3 T counts as magnetised; cores that interact keep more",
    _magnetised, _magnetised_rule,
)  # fmt: skip

# ----------------------------------------------------------------------------------------- high field

LOST = 0.9  # of r1 times T1 at 1.5 T: the model's error is 10 %


def _gadolinium() -> Numbers:
    found = Numbers()
    kinds = (("small", "gadoterate", None), ("slow", "gadofosveset", 0.05))
    for word, name, amount in kinds:
        for field in (0.5, 1.5, 3.0, 7.0, 14.0):
            where: dict[str, Any] = {"field": field, "medium": "plasma", "concentration": amount}
            r1 = mri.predict(name, "r1", where, use_measured=False)
            found[f"r1 {word} {field:g} T"] = r1
        ratio = found.of(f"r1 {word} 7 T") / found.of(f"r1 {word} 1.5 T")
        times = [protocol(field).times(field).t1 for field in (1.5, 7.0)]
        found.put(f"r1 {word} 7 T over 1.5 T", ratio)
        found.put(f"efficacy {word} 7 T over 1.5 T", ratio * times[1].number / times[0].number)
    return found


def _gadolinium_rule(n: Numbers) -> Ruling:
    small, slow = (n.of(f"efficacy {word} 7 T over 1.5 T") for word in ("small", "slow"))
    words = (
        f"from 1.5 to 7 T r1 of a small chelate falls to {n.of('r1 small 7 T over 1.5 T'):.0%} and that of an albumin "
        f"binder to {n.of('r1 slow 7 T over 1.5 T'):.0%}; with the longer T1 of blood r1 T1 goes to {small:.0%} and "
        f"{slow:.0%}"
    )
    if small < LOST and slow < LOST:
        return Ruling(HOLDS, words)
    if slow < LOST:
        return Ruling(ONLY_IF, f"the chelate tumbles slowly: {words}")
    return Ruling(FAILS, words)


C06 = Claim(
    "C06",
    "r1 of gadoterate and gadofosveset in plasma (Solomon-Bloembergen-Morgan, Freed) times T1 of blood, 0.5 to 14 T",
    "efficacy is r1 T1 of the tissue, to which the relative gain of a spoiled gradient echo is proportional; r1 "
    "within 25 % in plasma, the binder's parameters are fitted to published r1",
    _gadolinium, _gadolinium_rule,
)  # fmt: skip

CURIE, SILENT = 1.5, 1.0  # growth of r2 as a power of the field (Curie: 2); r1 [1/(mM s)] that counts as none


def _holmium() -> Numbers:
    found = Numbers()
    fields = np.array([3.0, 7.0, 14.0])
    for word, name in (("Gd", "gadoterate"), ("Dy", "nadyf4-32nm"), ("Ho", "nahof4-peg-29nm")):
        for quantity in ("r1", "r2"):
            for field in fields:
                where = {"field": float(field), "medium": "water"}
                found[f"{quantity} {word} {field:g} T"] = mri.predict(name, quantity, where, use_measured=False)
        r2 = [found.of(f"r2 {word} {field:g} T") for field in fields]
        found.put(f"power of r2 {word}", np.polyfit(np.log(fields), np.log(r2), 1)[0])
    ion = records.ions()["Ho3+"]
    found.put("electron relaxation Ho", ion.T1e, "s", status=ion.status, source=ion.source, letter="M")
    rows = [m for m in load("nahof4-peg-29nm").measured if m.quantity == "r2" and m.field is not None]
    for m in rows:
        assert m.field is not None
        found[f"published r2 Ho {m.field.number:g} T"] = m.value.with_(letter="M", status=m.status or "unverified")
    return found


def _holmium_rule(n: Numbers) -> Ruling:
    power, r1 = n.of("power of r2 Ho"), max(n.some("r1 Ho").values())
    quick = 1e-14 < n.of("electron relaxation Ho") < 1e-12
    grows, none = power > CURIE, r1 < SILENT
    beyond = n.of("r2 Ho 7 T") > n.of("r2 Gd 7 T")
    words = (
        f"r2 of NaHoF4 particles grows as the power {power:.2f} of the field, {listed(n.some('r2 Ho').values())} at 3, "
        f"7, 14 T, while r1 stays below {r1:.2f} and gadoterate keeps r2 {listed(n.some('r2 Gd').values())}; the "
        f"electron relaxes in {n.of('electron relaxation Ho'):.1e} s"
    )
    published = n.some("published r2 Ho")
    if published:
        words += "; published " + ", ".join(f"{v:.0f} at {field}" for field, v in published.items())
    if grows and none and beyond and quick:
        return Ruling(HOLDS, words)
    if grows and beyond:
        return Ruling(ONLY_IF, f"r1 of {r1:.2g} is counted as none: {words}")
    return Ruling(FAILS, words)


C07 = Claim(
    "C07",
    "Curie relaxation of lanthanide fluoride cores (Gueron, Vega and Fiat) at 3, 7 and 14 T beside gadoterate",
    "a factor of two for cores of about 20 nm, published r2 of these particles is up to three times the model's; the "
    "electron time is that of the aqua ion",
    _holmium, _holmium_rule,
)  # fmt: skip

CLAIMS = (C01, C02, C03, C04, C05, C06, C07)
