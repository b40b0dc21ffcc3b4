"""The reviews recomputed: numbers behind each verdict against literal formulas, and verdicts that follow them."""

import csv
import functools
import itertools
import math
import re
import statistics
import tomllib

import numpy as np
import pytest
import references_mri as literal
import references_ultrasound
import xraylib
from scipy.optimize import brentq

import contrastphys as cp
from contrastphys import Q, mri, records, xray
from contrastphys.claims import FAILS, HOLDS, ONLY_IF, OPEN, VERDICTS, claims, of, statements
from contrastphys.claims.claim import Numbers, Ruling

AVOGADRO, K_B = 6.02214076e23, 1.380649e-23
CARD = [f"C{i:02d}" for i in (*range(1, 39), 45, 46)]
PUBLISHED = records.shipped_folder() / "published"


@functools.cache
def numbers(name):
    return of(name).numbers()


def n(name, key):
    return numbers(name).of(key)


def every(name, start, value):
    """Changes that set all numbers whose names begin so."""
    return {key: value for key in numbers(name) if key.startswith(start)}


# ---------------------------------------------------------------------------------------- all of them


def test_every_claim_of_card_scope_has_a_rule():
    table = statements()
    assert list(claims()) == CARD == [name for name, row in table.items() if row.scope == "card"]
    assert {row.scope for row in table.values()} == {"card", "beyond"} and len(table) == 46


@pytest.mark.parametrize("name", CARD)
def test_verdict_is_complete(name):
    found = of(name).judge(numbers(name))
    assert found.verdict in VERDICTS
    assert not re.search(r"\bnan\b|\binf\b|\{|\}", found.reason), found.reason
    assert found.reason[0] != found.reason[0].upper() or found.reason.startswith(("Ce ", "SNR ", "%", *"0123456789"))
    assert found.model and found.validity and "10." in found.source
    for key, value in found.numbers.items():
        assert math.isfinite(value.number) and value.quantity is not None, key
    assert found.numbers or found.missing
    if found.verdict == OPEN:  # it lacks something, or the model's own band holds both answers
        assert found.missing or any(value.bounds()[0] < 1 < value.bounds()[1] for value in found.numbers.values())
    shown = str(found)
    assert found.verdict in shown and all(key in shown for key in found.numbers)


@pytest.mark.parametrize("name", CARD)
def test_no_verdict_is_written_in_the_table(name):
    row = statements()[name]
    assert not any(word in f"{row.claim} {row.numbers}" for word in (*VERDICTS, "supported"))


# What other numbers would lead to: claim, changed numbers, verdict. The rule alone is asked.
FLIPS = [
    ("C01", lambda: {"sign ferumoxytol T2-weighted thin": 1.0, "sign ferumoxytol T2-weighted thick": -1.0}, ONLY_IF),
    ("C01", lambda: every("C01", "sign gadoterate", -1.0), FAILS),
    ("C02", lambda: {"published r2/r1 below 5 nm at 3 T": 3.0}, HOLDS),
    ("C02", lambda: every("C02", "published r2/r1 below", 30.0), FAILS),
    ("C03", lambda: every("C03", "core ", 25.0), HOLDS),
    ("C03", lambda: {"core ferumoxytol": 25.0}, ONLY_IF),
    ("C04", lambda: every("C04", "r1 gain", 10.0), HOLDS),
    ("C04", lambda: every("C04", "r1 gain", 0.9), FAILS),
    ("C04", lambda: {"r2/r1 12 nm": 2.0}, FAILS),
    ("C05", lambda: {key: 0.5 for key in numbers("C05") if key.endswith("nm keeps")}, HOLDS),
    ("C05", lambda: {"tissue keeps": 0.5}, FAILS),
    ("C06", lambda: {"efficacy small 7 T over 1.5 T": 0.5}, HOLDS),
    ("C06", lambda: {"efficacy slow 7 T over 1.5 T": 1.2}, FAILS),
    ("C07", lambda: {"power of r2 Ho": 0.8}, FAILS),
    ("C07", lambda: {"r1 Ho 3 T": 4.0}, ONLY_IF),
    ("C09", lambda: {"gain at its brightest": 1.1}, FAILS),
    ("C11", lambda: {"metal gadoterate 3 T": 5.0}, FAILS),
    ("C11", lambda: every("C11", "entity ", 0.1), HOLDS),
    ("C12", lambda: {"cores of 18 nm in 50 um": 0.5}, ONLY_IF),
    ("C12", lambda: every("C12", "", 0.5), FAILS),
    ("C13", lambda: {"r1 1000 cores": 3.0}, HOLDS),
    ("C13", lambda: every("C13", "r2 ", 31.0), FAILS),
    ("C14", lambda: every("C14", "mg ", 2.0) | every("C14", "mM ", 2.0), HOLDS),
    ("C14", lambda: {"tissue muscle": 400.0}, FAILS),
    ("C15", lambda: every("C15", "per ", 1.5), HOLDS),
    ("C15", lambda: {"per dose 20 cm": 1.2}, ONLY_IF),
    ("C16", lambda: {"Ta away from it": n("C16", "Ta at the edge")}, HOLDS),
    ("C16", lambda: {"Ta at the edge": 80.0, "Ta away from it": 300.0}, FAILS),
    ("C17", lambda: every("C17", "per mg", 0.8), FAILS),
    ("C17", lambda: {"per mg 80 kV/20 cm": 0.9}, ONLY_IF),
    ("C18", lambda: every("C18", "per mg", 0.3), FAILS),
    ("C18", lambda: {"per mg 80 kV/20 cm": 0.3}, ONLY_IF),
    ("C19", lambda: every("C19", "per mg", 0.8), HOLDS),
    ("C19", lambda: {"per mg Ca 80 kV/0 cm": 0.7}, ONLY_IF),
    ("C22", lambda: every("C22", "per gram", 300.0), HOLDS),
    ("C22", lambda: every("C22", "per particle", 5.0), FAILS),
    ("C23", lambda: {"heat crosses 100 nm in": 900.0}, ONLY_IF),
    ("C23", lambda: every("C23", "heat", 900.0), FAILS),
    ("C24", lambda: {"200 nm, 1 ns": 0.8}, HOLDS),
    ("C24", lambda: every("C24", "", 0.2), FAILS),
    ("C25", lambda: {f"critical {d} nm": 50.0 for d in (20, 40, 60, 80)}, HOLDS),
    ("C25", lambda: {"critical 200 nm": 50.0}, FAILS),
    ("C26", lambda: every("C26", "linear", 3.0), HOLDS),
    ("C26", lambda: every("C26", "nonlinear", 1.0), FAILS),
    ("C27", lambda: every("C27", "model", 0.6), FAILS),
    ("C27", lambda: every("C27", "model", 3.0), HOLDS),
    ("C27", lambda: every("C27", "model", 1.6), ONLY_IF),
    ("C28", lambda: every("C28", "", 50.0), FAILS),
    ("C29", lambda: {"limit at 3 cm": 3 * n("C29", "limit at 2 cm")}, ONLY_IF),
    ("C29", lambda: {"light left at 3 cm": n("C29", "light left at 1 cm")}, FAILS),
    ("C30", lambda: {"rise of the drop": 25.0}, HOLDS),
    ("C30", lambda: {"share of its volume they take": 0.8}, FAILS),
    ("C31", lambda: {"gain of pulse inversion sonovue": 2.0}, ONLY_IF),
    ("C31", lambda: {"scattering over area": 2.0}, FAILS),
    ("C32", lambda: {"number for the echo of microbubbles": 1e10}, HOLDS),
    ("C32", lambda: every("C32", "wakes", 3.0), FAILS),
    ("C33", lambda: {"boiling C6F14": 300.0, "mechanical index C6F14": 0.7}, HOLDS),
    ("C33", lambda: {"mechanical index C6F14": 0.7}, ONLY_IF),
    ("C34", lambda: every("C34", "mechanical index", 3.0), FAILS),
    ("C35", lambda: {"depth at 15 MHz": 30.0}, ONLY_IF),
    ("C36", lambda: {"dose photoacoustics": 100.0}, FAILS),
    ("C36", lambda: {"dose ultrasound (perfluoropentane, vaporised)": 100.0}, ONLY_IF),
    ("C37", lambda: {"dose for CT iron oxide": 1.0}, HOLDS),
    ("C37", lambda: every("C37", "dose for CT", 5e3), FAILS),
    ("C38", lambda: every("C38", "computed", 1e-5), ONLY_IF),
    ("C38", lambda: every("C38", "computed", 1e-5) | every("C38", "published", 1e-5), FAILS),
    ("C46", lambda: {"used over limit, sound": 2.0}, FAILS),
]  # fmt: skip


@pytest.mark.parametrize(("name", "changes", "verdict"), FLIPS, ids=[f"{f[0]}-{f[2]}" for f in FLIPS])
def test_other_numbers_give_another_verdict(name, changes, verdict):
    held = numbers(name)
    before, after = of(name).judge(held), of(name).judge(held.changed(changes()))
    assert after.verdict == verdict
    assert after.reason != before.reason
    if name != "C36" or verdict != ONLY_IF:
        assert after.verdict != before.verdict or after.reason.split(":")[0] != before.reason.split(":")[0]


@pytest.mark.parametrize(
    ("name", "given", "verdict"),
    [
        ("C09", {"uptake": "1 mM"}, HOLDS),
        ("C09", {"uptake": "200 mM"}, FAILS),
        ("C10", {"permeability": "1e-4 m/s"}, HOLDS),
        ("C10", {"permeability": "1e-8 m/s"}, FAILS),
        ("C20", {"uptake": "10 mg/mL"}, HOLDS),
        ("C20", {"uptake": "1 mg/mL"}, ONLY_IF),
        ("C20", {"uptake": "0.1 mg/mL"}, FAILS),
        ("C21", {"ct": "0.4 mm", "micro_ct": "50 um", "mr": "0.8 mm", "micro_mr": "50 um"}, HOLDS),
        ("C21", {"ct": "0.8 mm", "micro_ct": "50 um", "mr": "0.8 mm", "micro_mr": "50 um"}, ONLY_IF),
        ("C45", {"uptake": "0.7 %/g"}, HOLDS),
        ("C45", {"uptake": "20 %/g"}, FAILS),
    ],
)
def test_what_a_user_knows_decides(name, given, verdict):
    assert of(name).judge(numbers(name)).verdict in (OPEN, ONLY_IF)
    assert of(name)(**given).verdict == verdict


def test_what_is_missing_leaves_a_claim_open():
    held = numbers("C08")
    assert set(held.missing) == {"r2 at 3 T", "r2 at 7 T", "r2 at 9.4 T", "molar absorption at 808 nm"}
    whole = Numbers(held)
    for key, number in (("r2 at 3 T", 10), ("r2 at 7 T", 50), ("r2 at 9.4 T", 90), ("molar absorption at 808 nm", 1e9)):
        whole.put(key, number)
    assert of("C08").judge(held).verdict == OPEN
    assert of("C08").judge(whole).verdict == HOLDS
    assert of("C08").judge(whole.changed({"r2 at 9.4 T": 5.0})).verdict == ONLY_IF
    assert "spectrum of polydopamine" in held.missing["molar absorption at 808 nm"]


def test_unknown_spectra_leave_part_of_a_claim_open():
    held = numbers("C28")
    assert set(held.missing) == {"Prussian blue", "polymers (polydopamine)", "carbon"}
    assert of("C28").judge(held).verdict == ONLY_IF
    assert of("C28").judge(Numbers(held)).verdict == HOLDS
    assert of("C28").judge(Numbers({}, held.missing)).verdict == OPEN


def test_a_verdict_says_which_number_would_turn_it():
    """Moved alone to an end of its own band; a verdict that stays is not in doubt."""
    hexane = of("C33").judge(numbers("C33"))  # from Laplace-shifted boiling to nucleation: nobody knows which
    assert hexane.unsure == ("mechanical index C6F14",)
    assert "another verdict within the error of: mechanical index C6F14" in hexane.sentence
    for name in CARD:
        held = numbers(name)
        found = of(name).judge(held)
        for key in found.unsure:
            value = held[key]
            ends = [end for end in (value.low, value.high) if end is not None]
            assert any(of(name).judge(held.changed({key: end})).verdict != found.verdict for end in ends)
    assert not of("C19").judge(numbers("C19")).unsure


def test_interval_of_a_median():
    """Ranks 1 and 6 of six rows hold the median with 97 %, ranks 22 and 32 of 53 with 95 %."""
    from contrastphys.claims.mri import _median_interval

    assert _median_interval([3.0, 1.0, 2.0, 6.0, 5.0, 4.0]) == (1.0, 6.0)
    rows = list(range(1, 54))
    low, high = _median_interval(rows)
    inside = sum(math.comb(53, k) for k in range(low, high)) * 0.5**53
    assert 0.95 <= inside < 0.98 and low + high == 54


def test_a_ruling_takes_no_other_words():
    with pytest.raises(ValueError, match="no verdict"):
        Ruling("supported", "because")


# ------------------------------------------------------------------------------------------------- MRI


def test_peak_of_brightness_by_brute_force():
    """C01: largest literal spoiled gradient echo over a grid of concentrations."""
    for name in ("gadoterate", "ferumoxytol"):
        at = {"field": 3.0, "medium": "plasma"}
        r1, star = (mri.predict(name, q, at).number for q in ("r1", "r2_star"))
        times = mri.Protocol().times(3.0)
        grid = np.geomspace(0.1, 100, 6000)
        levels = [literal.spgr(1 / times.t1.number + c * r1, 1 / times.t2_star.number + c * star, 5e-3, 2e-3,
                               math.radians(15)) for c in grid]  # fmt: skip
        assert n("C01", f"peak {name}") == pytest.approx(grid[int(np.argmax(levels))], rel=2e-3)
    signs = numbers("C01").some("sign ")
    assert signs["gadoterate T1-weighted thin"] == 1 and signs["ferumoxytol T1-weighted thick"] == -1
    assert signs["ferumoxytol T1-weighted thin"] == 1 and signs["ferumoxytol T2-weighted thin"] == -1


def test_published_ratios_read_line_by_line():
    """C02: medians of r2/r1 below 5 nm, from the files as text."""
    ratios = []
    for file in ("mri_collected.csv", "mri_measured.csv"):
        lines = [line for line in (PUBLISHED / file).read_text("utf-8").splitlines() if not line.startswith("#")]
        for row in csv.DictReader(lines):
            given = [row["core [nm]"], row["field [T]"], row["r1 [1/(mM*s)]"], row["r2 [1/(mM*s)]"]]
            if row["class"] == "B" and all(given) and float(given[2]):
                core, field, r1, r2 = map(float, given)
                if core < 5 and 2.8 <= field <= 3.2:
                    ratios.append(r2 / r1)
    assert len(ratios) > 40
    assert n("C02", "published r2/r1 below 5 nm at 3 T") == pytest.approx(statistics.median(ratios))
    # published r1 4.77 and r2 29.2 of one 3 nm core at 3 T: the model's ratio is too low, and says so
    assert n("C02", "model r2/r1 3 nm at 3 T") < 29.2 / 4.77 < 2 * n("C02", "published r2/r1 below 5 nm at 3 T")
    assert "order of magnitude" in of("C02").validity


def test_core_sizes_as_the_records_say():
    """C03."""
    for name in ("ferumoxytol", "ferumoxides", "ferucarbotran", "ferumoxtran"):
        record = tomllib.loads((records.shipped_folder() / "agents" / f"{name}.toml").read_text("utf-8"))
        core = record["core"]["diameter"]
        size = core["value"] if "value" in core else (core["low"] + core["high"]) / 2
        assert n("C03", f"core {name}") == pytest.approx(size)
    assert max(numbers("C03").some("core ").values()) < 20


def test_low_field_gain_by_the_printed_formula():
    """C04: printed Roch-Muller-Gillis relaxivity, times of Neel (11 kJ/m3), a dead layer of 0.5 nm.

    The surface iron and the cap of the model are not in it, so the gains agree to a fifth.
    """
    diffusion = 1.635e-8 * (310.15 / 215.05 - 1) ** 2.063
    for d in (9.0, 12.0):
        ordered = (d - 1.0) * 1e-9
        neel = 1e-9 * math.exp(11e3 * math.pi / 6 * (d * 1e-9) ** 3 / (K_B * 310.15))
        moment = 4.8e5 * (ordered / (d * 1e-9)) ** 3
        low, high = (
            literal.roch_muller_gillis(b, d * 1e-9, moment, 1.49e-5, 310.15, diffusion, neel) for b in (1e-4, 3.0)
        )
        assert n("C04", f"r1 gain {d:g} nm") == pytest.approx(low[0] / high[0], rel=0.2)
        assert low[1] / low[0] == pytest.approx(n("C04", f"r2/r1 {d:g} nm"), rel=0.05)


def test_moment_left_at_low_field():
    """C05: coth a - 1/a."""
    for d in (5, 18):
        moment = 3.5e5 * math.pi / 6 * (d * 1e-9) ** 3
        shares = [literal.langevin(moment * b / (K_B * 310.15)) for b in (6.5e-3, 3.0)]
        assert n("C05", f"{d} nm keeps") == pytest.approx(shares[0] / shares[1], rel=1e-6)
    assert n("C05", "tissue keeps") == pytest.approx(6.5e-3 / 3)


def test_gadolinium_against_measured_plasma():
    """C06: 3.32 and 2.84 1/(mM s) at 1.5 and 7 T (Szomolanyi 2019), 19 and 6.9 of the binder at 1.5 and 4.7 T."""
    assert n("C06", "r1 small 7 T over 1.5 T") == pytest.approx(2.84 / 3.32, rel=0.1)
    assert n("C06", "r1 slow 1.5 T") == pytest.approx(19, rel=0.15)
    assert n("C06", "r1 slow 3 T") == pytest.approx(9.9, rel=0.15)
    assert n("C06", "efficacy slow 7 T over 1.5 T") < 0.9 < n("C06", "efficacy small 7 T over 1.5 T")


def test_holmium_grows_as_its_curie_moment():
    """C07: r2 as the square of the Brillouin moment of Ho(III), J = 8, g = 5/4."""
    moment = {b: literal.brillouin(8, 1.25 * literal.MU_B * 8 * b / (literal.K_B * 310.15)) for b in (3.0, 14.0)}
    power = 2 * math.log(moment[14.0] / moment[3.0]) / math.log(14 / 3)
    assert n("C07", "power of r2 Ho") == pytest.approx(power, abs=0.05)
    assert 1e-13 < n("C07", "electron relaxation Ho") < 5e-13
    published, model = n("C07", "published r2 Ho 7 T"), n("C07", "r2 Ho 7 T")
    assert published == 222.6 and model < published < 4 * model  # disagree by a factor of three, and both are shown
    assert "published 223 at 7 T" in of("C07").judge(numbers("C07")).reason


def test_window_of_a_bright_plaque():
    """C09: the literal signal is back at that without agent at the upper end, and highest at the peak."""
    at = {"field": 3.0, "medium": "plasma"}
    r1, star = (mri.predict("uspio-3nm", q, at).number for q in ("r1", "r2_star"))
    times = mri.Protocol().times(3.0)
    angle = mri.agents.setting(cp.load("uspio-3nm"), mri.Protocol(), 3.0).flip

    def level(c):
        return literal.spgr(1 / times.t1.number + c * r1, 1 / times.t2_star.number + c * star, 5e-3, 2e-3, angle)

    peak = n("C09", "brightest at")
    assert level(peak) / level(0) == pytest.approx(n("C09", "gain at its brightest"), rel=1e-4)
    assert level(peak) > max(level(0.98 * peak), level(1.02 * peak))
    back = brentq(lambda c: level(c) - level(0), peak, 500)
    assert n("C09", "darker than without from") == pytest.approx(back, rel=5e-3)


def test_exchange_of_a_vesicle_by_its_two_pools():
    """C10: slowest rate of two exchanging pools, a thousandth of the water inside."""
    given = of("C10").numbers(permeability="2e-6 m/s")
    inside, free = given.of("Gd in the lumen"), given.of("r1 if free")
    share, t1 = 1e-3, given.of("T1 in the lumen")
    out = 2e-6 * 3 / 45e-9  # 1/s, from the lumen
    back = out * share / (1 - share)
    pools = np.array([[1 / t1 + out, -back], [-out, 1 / 4.0 + back]])
    slowest = min(np.linalg.eigvals(pools).real)
    assert (slowest - 1 / 4.0) / (share * inside) == pytest.approx(given.of("r1 with its wall"), rel=0.03)
    assert inside == pytest.approx(5700 / AVOGADRO / (4 / 3 * math.pi * (45e-8) ** 3) * 1e3, rel=1e-6)
    assert given.of("r1 with its wall") < free
    half = of("C10").numbers(permeability=Q(given.of("permeability that keeps half of r1"), "m/s"))
    assert half.of("r1 with its wall") == pytest.approx(free / 2)


def test_limit_of_mri_by_the_formula():
    """C11: k/(0.75 SNR r1 T1), T2* aside; a particle has all its iron."""
    r1 = mri.predict("gadoterate", "r1", {"field": 3.0, "medium": "plasma"}).number
    t1 = mri.Protocol().times(3.0).t1.number
    assert n("C11", "metal gadoterate 3 T") == pytest.approx(5 / (0.75 * 50 * r1 * t1), rel=0.1)
    atoms = cp.load("ferumoxytol").concentration("1 mM", "particle").molar("Fe")
    ratio = n("C11", "metal ferumoxytol 3 T") / n("C11", "entity ferumoxytol 3 T")
    assert ratio == pytest.approx(atoms, rel=1e-6)


def test_cores_in_a_voxel():
    """C12: m = 5 v/(K SNR), over the iron of an 18 nm sphere of magnetite."""
    iron = math.pi / 6 * (18e-7) ** 3 * 5.18 * 0.7236 * 1e12  # pg
    least = 5 * 0.05**3 / (6.2e-5 * 20)
    assert n("C12", "cores of 18 nm in 50 um") == pytest.approx(least / iron, rel=0.02)


def test_clusters_between_two_laws():
    """C13: below static dephasing, 2 pi f dw/(3 sqrt 3), and a single core by the printed formula."""
    shift = 2.6752218744e8 * 4e-7 * math.pi * 3.5e5 / 3
    ceiling = 2 * math.pi / (3 * math.sqrt(3)) * 1.49e-5 * shift
    assert n("C13", "ceiling of r2") == pytest.approx(ceiling, rel=1e-3)
    assert max(numbers("C13").some("r2 ").values()) < ceiling
    diffusion = 1.635e-8 * (310.15 / 215.05 - 1) ** 2.063
    alone = literal.roch_muller_gillis(1.5, 6e-9, 3.5e5, 1.49e-5, 310.15, diffusion, 1e-9)
    assert n("C13", "r2 1 cores") == pytest.approx(alone[1], rel=0.1)


# ----------------------------------------------------------------------------------------------- X-ray


def slope(element, kvp, centimetres):
    """HU mL/mg by the literal sums: cross-sections of xraylib, the tube's photons, 1.4 mm of Gd2O2S."""
    beam = xray.spectrum(Q(kvp, "kV"))
    number = xraylib.SymbolToAtomicNumber(element)
    top = bottom = 0.0
    for energy, photons in zip(beam.energies, beam.photons, strict=True):
        e = float(energy)
        water = xraylib.CS_Total_CP("H2O", e)
        seen = 1 - math.exp(-xraylib.CS_Total_CP("Gd2O2S", e) * 7.3 * 0.14)
        weight = photons * e * seen * math.exp(-water * centimetres)
        top += weight * xraylib.CS_Total(number, e)
        bottom += weight * water
    return top / bottom


@functools.cache
def literal_ratio(element, kvp, centimetres):
    return slope(element, kvp, centimetres) / slope("I", kvp, centimetres)


def test_heavy_elements_against_literal_sums():
    """C14: gold and bismuth over iodine; 26.84 over 26.71 HU mL/mg at 120 kV behind 20 cm (reference calculation)."""
    for element in ("Au", "Bi"):
        for kvp, size in ((80, 0), (120, 20), (140, 32)):
            found = n("C14", f"mg {element} {kvp} kV/{size} cm")
            assert found == pytest.approx(literal_ratio(element, kvp, size), rel=0.01)
    assert n("C14", "mg Au 120 kV/20 cm") == pytest.approx(26.84 / 26.71, rel=0.01)
    assert n("C14", "mM Au 120 kV/20 cm") == pytest.approx(5.29 / 3.39, rel=0.01)
    assert 0 < n("C14", "tissue muscle") < 100


def test_gold_against_the_best():
    """C15: 26.84 of gold over 36.29 of gadolinium at 120 kV behind 20 cm; bound on the others by the same sums."""
    assert n("C15", "per gram 120 kV/20 cm") == pytest.approx(26.84 / 36.29, rel=0.01)
    best = max(slope(e, 140, 32) for e in ("I", "Bi", "Ta", "Gd", "Yb"))
    assert n("C15", "per gram 140 kV/32 cm") == pytest.approx(slope("Au", 140, 32) / best, rel=0.01)


def test_threshold_at_the_edge_by_a_literal_bound():
    """C16: Cramer-Rao of an ideal counter, summed bin by bin, finds the same gain from a threshold at the edge."""
    beam = xray.spectrum("120 kV", bin_width="1 keV")
    areas = {"water": 8.0, "iodixanol": 0.02, "tantalum-oxide-cationic": 0.02}
    mu = {name: np.array([_mixture(name, float(e)) for e in beam.energies]) for name in areas}
    passed = beam.photons * np.exp(-sum(areas[name] * mu[name] for name in areas))

    def bound(cuts):
        edges, fisher = [*cuts, 1e3], np.zeros((3, 3))
        for low, high in itertools.pairwise(edges):
            inside = (beam.energies >= low) & (beam.energies < high)
            counts = passed[inside].sum()
            slopes = np.array([-(passed[inside] * mu[name][inside]).sum() for name in areas])
            fisher += np.outer(slopes, slopes) / counts
        return math.sqrt(np.linalg.inv(fisher)[2, 2])

    ideal = bound((25, 35, 45, 55)) / bound((25, 51, 67.416, 90))
    found = n("C16", "Ta away from it") / n("C16", "Ta at the edge")
    assert ideal > 1.5 and found > 1.5 and found == pytest.approx(ideal, rel=0.5)
    assert n("C16", "bins that are enough") == 3


def _mixture(name, energy):
    """cm2 per g of the element that is counted: tantalum or iodine alone; water per its own gram."""
    if name == "water":
        return xraylib.CS_Total_CP("H2O", energy)
    return xraylib.CS_Total(73 if "tantalum" in name else 53, energy)


@pytest.mark.parametrize(
    ("claim", "element", "key"),
    [("C17", "Ce", "per mg"), ("C18", "Ir", "per mg")],
)
def test_one_agent_against_literal_sums(claim, element, key):
    """C17, C18: what displaced water and the partner atoms change is a few per cent."""
    for kvp, size in ((80, 20), (140, 32)):
        found = n(claim, f"{key} {kvp} kV/{size} cm")
        assert found == pytest.approx(literal_ratio(element, kvp, size), rel=0.04)


def test_calcium_phosphate_against_literal_sums():
    """C19: the whole hydroxyapatite of 3.16 g/mL per mg of its calcium, less the water it displaces."""
    mass = {"Ca": 5 * 40.078, "P": 3 * 30.974, "O": 13 * 15.999, "H": 1.008}
    share = mass["Ca"] / sum(mass.values())
    for kvp, size in ((80, 20), (140, 32)):
        whole = sum(m * slope(element, kvp, size) for element, m in mass.items()) / sum(mass.values())
        found = (whole - 1 / 3.16) / share / slope("I", kvp, size)
        assert n("C19", f"per mg Ca {kvp} kV/{size} cm") == pytest.approx(found, rel=0.02)
        assert n("C19", f"per mg particle {kvp} kV/{size} cm") == pytest.approx(found * share, rel=0.02)


def test_iodine_a_plaque_must_hold():
    """C20: Rose, k sigma/(slope sqrt(n)), of 26.71 HU mL/mg."""
    noise = float(xray.quantum_noise("120 kV", "10 mGy", "20 cm", "energy-integrating", "0.5 mm", "0.5 mm").magnitude)
    voxels = float(xray.effective_voxels("2 mm", "0.5 mm", 4.0))
    assert n("C20", "energy-integrating 2 mm") == pytest.approx(5 * noise / (26.71 * math.sqrt(voxels)), rel=0.02)
    assert n("C20", "photon-counting 2 mm") < n("C20", "energy-integrating 2 mm")


def test_price_of_resolution():
    """C21: dose as tau^-3 h^-1 (Brooks and Di Chiro), SNR of MRI as the field and the volume."""
    coarse, fine = (n("C21", f"dose CT {edge} mm, 5 mm slice, patient") for edge in ("0.5", "0.25"))
    assert fine / coarse == pytest.approx(8, rel=0.02)
    assert n("C21", "dose CT 0.05 mm cube, patient") / coarse == pytest.approx(10**3 * 100, rel=0.05)
    assert n("C21", "SNR MRI 0.025 mm at 9.4 T") == pytest.approx(50 * 9.4 / 3 * 0.025**3)


# --------------------------------------------------------------------------------------- photoacoustics


def test_gold_against_haemoglobin():
    """C22: 3.201e-15 m2 of a 40 nm sphere (reference calculation), 43876 1/(M cm) of oxyhaemoglobin at 532 nm."""
    gold = 3.201e-11 / (math.pi / 6 * (40e-7) ** 3 * 19.3)  # cm2/g
    blood = math.log(10) * 43876 / 64500 * 1000
    assert n("C22", "per gram, sphere at 532 nm") == pytest.approx(gold / blood, rel=0.05)
    assert n("C22", "per gram, rod at 808 nm") > 1000


def test_heat_inside_gold():
    """C23: 0.8, 3.1, 20 ps for radii of 10, 20, 50 nm."""
    assert n("C23", "heat crosses 40 nm in") == pytest.approx(3.1, rel=0.03)
    assert n("C23", "heat crosses 100 nm in") == pytest.approx(20, rel=0.03)
    assert n("C23", "heat crosses 10 nm in") == pytest.approx(n("C23", "heat crosses 100 nm in") / 100, rel=1e-6)


def test_share_made_in_water():
    """C24: 0.999 at 20 nm for 5 ns (reference calculation; published: more than 90 % for ns pulses)."""
    assert n("C24", "20 nm, 5 ns") == pytest.approx(0.999, abs=2e-3)
    assert n("C24", "100 nm, 5 ns") > 0.9
    for pulse in (1, 5):
        shares = [n("C24", f"{d} nm, {pulse} ns") for d in (20, 100, 200)]
        assert shares == sorted(shares, reverse=True)
    assert n("C24", "200 nm, 1 ns") < n("C24", "200 nm, 5 ns")


def test_critical_fluences():
    """C25: 17.5, 3.34 and 2.76 mJ/cm2 at 20, 40 and 150 nm (reference calculation, 5 ns, 20 degC)."""
    for d, fluence in ((20, 17.5), (40, 3.34), (150, 2.76)):
        assert n("C25", f"critical {d} nm") == pytest.approx(fluence, rel=0.05)


def test_neighbours_share_heat():
    """C26: point sources give 1 + (2/N) sum exp(-d2/8Dt), between a short and a long time after the pulse."""
    gaussian = [1 + math.exp(-((40e-9) ** 2) / (8 * 1.43e-7 * t)) for t in (1e-9, 20e-9)]
    assert gaussian[0] < n("C26", "nonlinear, 2 particles") < gaussian[1]
    factors = [n("C26", f"nonlinear, {count} particles") for count in (2, 8, 32)]
    assert factors == sorted(factors) and factors[-1] < 32
    assert n("C26", "linear, 8 particles") == 1.0


def test_light_on_coated_gold():
    """C27: absorption of the coated over the bare sphere by elimination of the four boundary conditions."""
    import references_photoacoustic as optics

    from contrastphys.photoacoustic.permittivity import refractive_index, silica_index, size_corrected, water_index

    medium, silica = float(water_index.bare(532.0)), float(silica_index.bare(532.0))
    bulk = complex(refractive_index("532 nm", "gold-johnson-christy").magnitude) ** 2
    gold = complex(np.sqrt(complex(size_corrected.bare(bulk, 532.0, 20.0))))
    k = 2 * math.pi * medium / 532
    bare = optics.mie_sphere(gold / medium, k * 20)
    coated = optics.coated_sphere(gold / medium, silica / medium, k * 20, k * 40)
    gain = (coated[0] - coated[1]) * 40**2 / ((bare[0] - bare[1]) * 20**2)
    assert n("C27", "light 20 nm") == pytest.approx(gain, rel=1e-3)
    reported = numbers("C27")["reported, rods at equal optical density"]
    assert reported.number == 3.0 and "10.1021/nl1042006" in reported.source
    assert "1905.06227" in of("C27").validity


def test_mass_of_rods_seen():
    """C28: what is seen in mol/L of rods, times the gold of a spheroid or capped cylinder of 41 x 10 nm."""
    cell = cp.photoacoustic.detection_limit(cp.load("gold-nanorod-41x10nm"), "808 nm", "1 cm")
    seen = next(c for c in cell if c.conditions["basis"] == "particle")
    moles = Q(seen.value, seen.unit).to("mol/L").magnitude
    spheroid = math.pi / 6 * 41 * 10**2 * 19.3e-21
    found = n("C28", "gold nanorods at 808 nm")
    assert 0.99 < found / (moles * AVOGADRO * spheroid) < 1.45  # a capped cylinder has 1.38 times the volume
    assert seen.value == pytest.approx(50e-9, rel=1.0)  # 50 pM in the reference calculation, an order of magnitude


def test_light_at_depth():
    """C29: exp(-mu_eff z), mu_eff = sqrt(3 mu_a (mu_a + mu_s')); 20, 33 and 100 mJ/cm2 on skin."""
    mu_a, scattering = (float(v.magnitude) for v in cp.claims.photoacoustic._optics(808.0))
    decay = math.sqrt(3 * mu_a * (mu_a + scattering))
    falls = n("C29", "light left at 1 cm") / n("C29", "light left at 3 cm")
    assert falls == pytest.approx(math.exp(2 * decay), rel=1e-6)
    assert n("C29", "skin limit at 808 nm") == pytest.approx(20 * 10 ** (0.002 * 108))
    assert (n("C29", "skin limit at 532 nm"), n("C29", "skin limit at 1064 nm")) == (20.0, 100.0)


def test_heat_in_a_loaded_drop():
    """C30: 3560 cm2 per g of iron (reference calculation), 33 mJ/cm2, 0.5 um of perfluorohexane."""
    iron = 1000 * math.pi / 6 * (10e-7) ** 3 * 5.18 * 0.7236
    energy = 3560 * iron * n("C30", "fluence on the skin") * 1e-3
    drop = cp.load("magnetite-pfh").liquid.mean_volume * 1e-12 * 1.6406 * 1.05
    assert n("C30", "rise of the drop") == pytest.approx(energy / drop, rel=0.05)
    cores = n("C30", "cores that boil it")
    assert cores == pytest.approx(1000 * (330.27 - 310.15) / n("C30", "rise of the drop"), rel=1e-6)
    assert n("C30", "share of its volume they take") == pytest.approx(cores * (10 / 500) ** 3, rel=0.02)


# ------------------------------------------------------------------------------------------- ultrasound


def test_scattering_by_the_linear_formula():
    """C31: the closed formula of a Marmottant bubble in its elastic state, over the same frequencies."""
    water = cp.ultrasound.bubble.Liquid()
    gas = cp.ultrasound.Bubble("1.5 um", "C4F10").gas
    shell = {"stiffness": 4 * (0.5 + 0.02) / 1.5e-6, "friction": 4 * 5e-9 / 1.5e-6, "tension": 0.02}
    best = max(
        references_ultrasound.cross_sections(
            1.5e-6, f, kappa=1.05, rho=water.density, c=water.sound_speed, mu=water.viscosity, **shell
        )[0]
        for f in np.linspace(0.5e6, 12e6, 300)
    )
    assert n("C31", "scattering over area") == pytest.approx(best / (math.pi * 1.5e-6**2), rel=0.15), gas


def test_echo_at_equal_gas():
    """C32: R^6 per bubble, R^3 at equal gas: 30 dB of ten radii, and what stiffness adds below resonance."""
    assert n("C32", "echo lost at equal gas") > 30
    gas = numbers("C32")["gas of either"]
    assert gas.low == pytest.approx(gas.high)
    assert gas.number == pytest.approx(4e8 * 4 / 3 * math.pi * (150e-7) ** 3 * 1e3, rel=1e-3)
    wakes = list(numbers("C32").some("wakes at ").values())
    assert wakes == sorted(wakes, reverse=True)


def test_nucleation_in_hexane():
    """C33: p_sat - sqrt(16 pi s3/(3 k T ln(G V tau))) and 2 gamma/R, -12.3 MPa of the slightly larger tension 10.7."""

    def threshold(tension, vapour):
        events = math.log(1e39 * math.pi / 6 * 1e-18 * 1e-7)
        critical = vapour - math.sqrt(16 * math.pi * tension**3 / (3 * K_B * 310.15 * events))
        return (101325 + 2 * 0.03 / 0.5e-6 - critical) * 1e-6

    assert n("C33", "threshold C6F14") == pytest.approx(threshold(10.287e-3, 48.48e3), rel=0.03)
    assert n("C33", "mechanical index C6F14") == pytest.approx(n("C33", "threshold C6F14") / math.sqrt(1.1))
    assert n("C33", "boiling C6F14") > 310.15 > n("C33", "boiling C5F12")


def test_cavitation_against_the_published_fit():
    """C34: P^2.10 = 0.06 f of Apfel and Holland, +-30 %; Blake 0.637, 0.1438, 0.1065 MPa."""
    for f in (1.0, 3.0):
        assert n("C34", f"inertial, free nuclei at {f:g} MHz") == pytest.approx((0.06 * f) ** (1 / 2.10), rel=0.3)
    for radius, pressure in ((0.1, 0.637), (1, 0.1438), (5, 0.1065)):
        assert n("C34", f"Blake {radius:g} um") == pytest.approx(pressure, rel=2e-3)


def test_depth_and_resolution():
    """C35: c/f, and 70 dB over 2 x 0.9 f^1.1 dB/cm."""
    for f in (2, 15):
        assert n("C35", f"resolution at {f} MHz") == pytest.approx(1.590 / f)
        assert n("C35", f"depth at {f} MHz") == pytest.approx(70 / (2 * 0.9 * f**1.1))


# ------------------------------------------------------------------------------------ several modalities


def test_doses_of_a_trimodal_probe():
    """C36: 500 cores of 10 nm, their iron, 0.075 L/kg."""
    iron = 500 * math.pi / 6 * (10e-7) ** 3 * 5.18 * 0.7236 * 1e3  # mg a particle
    for word in ("MRI", "photoacoustics"):
        per_litre = n("C36", f"particles {word}") * 1e-9 * AVOGADRO
        assert n("C36", f"dose {word}") == pytest.approx(per_litre * iron * 0.075, rel=0.02)
    assert n("C36", "iron of a label") == pytest.approx(510 / 70)
    assert "not superheated" in numbers("C36").missing["ultrasound (vaporised)"]


def test_doses_of_hybrids():
    """C37: 60 HU (Rose 5, 12 HU) over 5.29 HU per mM of gold; 2900 Gd and 8.48e4 Au a particle of 14 nm."""
    millimolar = 60 / 5.29
    assert n("C37", "dose for CT Gd-Au 14 nm") == pytest.approx(millimolar * 196.97 * 0.075, rel=0.06)
    gold = math.pi / 6 * (14e-7) ** 3 * 19.3 / 196.97 * AVOGADRO
    least = next(c for c in mri.detection_limit("gold-gd-14nm") if c.quantity == "c_min").value
    assert n("C37", "CT over MRI Gd-Au 14 nm") == pytest.approx(millimolar / gold / (least / 2900), rel=0.08)
    assert n("C37", "limit Gd-Au") == pytest.approx(450, rel=1e-3)


def test_sensitivities_side_by_side():
    """C38: one bubble in a cubic millimetre; 60 HU over 3.39 HU per mM of I, three to a molecule."""
    bubble = 1e6 / AVOGADRO
    assert bubble * 0.99 < n("C38", "computed ultrasound") < 10 * bubble
    assert n("C38", "computed CT") == pytest.approx(60 / 3.39 / 3 * 1e-3, rel=0.05)
    row = numbers("C38")["published CT"]
    assert row.high < n("C38", "computed CT"), "they disagree, and the reason says so"
    assert "disagree for CT" in of("C38").judge(numbers("C38")).reason
    lines = [line for line in (PUBLISHED / "reference_lines.csv").read_text("utf-8").splitlines() if line[0] != "#"]
    rows = [row for row in csv.DictReader(lines) if row["modality"] == "PET"]
    assert numbers("C38")["published PET"].low == min(float(row["sensitivity_low [mol/L]"]) for row in rows)


def test_uptake_that_is_seen():
    """C45: c_min over the whole dose in a millilitre."""
    limit = next(c for c in mri.detection_limit("gadoterate") if c.quantity == "c_min").value
    assert n("C45", "needed gadoterate by MRI") == pytest.approx(100 * limit * 1e-3 / 7e-3 / 1000, rel=1e-3)
    assert n("C45", "spread evenly") == pytest.approx(100 / 70e3)


def test_limits_of_the_shipped_study():
    """C46: MI = 0.2/sqrt(3) against 0.8 of the label; 200 mW/cm2 C_A of light at 20 Hz."""
    assert n("C46", "used over limit, sound") == pytest.approx(0.2 / math.sqrt(3) / 0.8)
    for wave, c_a in ((700, 1.0), (808, 10**0.216), (1064, 5.0)):
        seconds = 100 / 20
        train = 1.1e3 * c_a * seconds**0.25 / 100
        assert n("C46", f"limit of light {wave} nm") == pytest.approx(min(20 * c_a, train))
    assert set(numbers("C46").missing) == {"gadolinium in renal failure", "a limit of ionising dose"}


# ------------------------------------------------------------------------------------- page and command


@pytest.fixture(scope="module")
def all_findings():
    return cp.claims.Findings(tuple(of(name).judge(numbers(name)) for name in CARD))


def test_page_of_the_repository_is_the_one_the_code_makes(all_findings):
    kept = (PUBLISHED / "CLAIMS.md").read_text("utf-8")
    made = all_findings.to_markdown()
    assert _loose(kept) == _loose(made), "renew it: contrastphys claims -o DIR, then copy CLAIMS.md"


def _loose(page):
    """A page with its numbers to two digits: other processors round the last one otherwise."""
    return re.sub(r"\d+\.?\d*(?:[eE][-+]?\d+)?", lambda m: f"{float(m[0]):.2g}", page)


def test_views(all_findings, tmp_path):
    assert len(all_findings) == 40 and all_findings["C03"].verdict == FAILS
    assert sum(int(count) for count in re.findall(r"(\d+) (?:holds|does|cannot)", all_findings.summary())) == 40
    rows = list(csv.DictReader(all_findings.to_csv().splitlines()))
    assert {row["id"] for row in rows} == set(CARD)
    assert all(row["value"] or row["missing"] for row in rows)
    paths = all_findings.write(tmp_path)
    assert [path.name for path in paths] == ["verdicts.csv", "CLAIMS.md"]
    page = paths[1].read_text("utf-8")
    assert all(f"\n## {name}\n" in page for name in CARD) and "C39" in page
    assert max(map(len, all_findings.table(100).splitlines())) <= 100
    assert all(f'<td style="text-align:left">{name}</td>' in all_findings._repr_html_() for name in CARD)
    alone = all_findings["C27"]._repr_html_()
    assert all(name in alone for name in all_findings["C27"].numbers) and all_findings["C27"].verdict in alone


def test_command(capsys, tmp_path):
    from contrastphys.cli import main

    assert main(["claims", "c03"]) == 0
    out = capsys.readouterr().out
    assert "does not hold" in out and "core ferumoxytol = 6.7" in out and "model:" in out
    assert main(["claims", "C03", "C23", "-o", str(tmp_path / "made")]) == 0
    assert "2 claims" in capsys.readouterr().out
    assert (tmp_path / "made" / "CLAIMS.md").is_file()


@pytest.mark.parametrize(("name", "says"), [("C99", "no claim"), ("C39", "beyond"), ("nonsense", "write one of")])
def test_command_with_no_such_claim(name, says, capsys):
    from contrastphys.cli import main

    assert main(["claims", name]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.slow
def test_claims_are_repeatable():
    for name in ("C16", "C25", "C31"):
        again = of(name).numbers()
        assert {k: v.number for k, v in again.items()} == {k: v.number for k, v in numbers(name).items()}
