"""Claims about bubbles and droplets, put to the models of oscillation, echo and vaporisation (C31 to C35).

Shell parameters are those of the catalogue, fitted or assumed by others: inputs here, and never a validation.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ultrasound
from ..formulation import load
from ..ultrasound.bubble import acoustic
from ..ultrasound.imaging import LABEL_LIMIT, path_loss
from ..units import Q
from .claim import FAILS, HOLDS, ONLY_IF, OPEN, Claim, Numbers, Ruling, listed

us: Any = ultrasound  # its doors take words such as "1 um"

LIPID = {"chi": "0.5 N/m", "kappa_s": "5e-9 kg/s", "sigma0": "0.02 N/m"}
STRONG = 10.0  # times the geometric area; and dB that a sequence must gain


def _echoes() -> Numbers:
    found = Numbers()
    bubble = us.Bubble("1.5 um", "C4F10", us.Marmottant(**LIPID))
    f = Q(np.linspace(0.5, 12, 300), "MHz")
    area = math.pi * bubble.radius**2
    found.put("scattering over area", us.cross_sections(bubble, f).scattering.magnitude.max() / area)
    for pressure in (20, 100, 200):
        run = us.simulate(bubble, us.Pulse("2 MHz", Q(pressure, "kPa"), cycles=20))
        ratio = 20 * math.log10(abs(run.harmonic(2) / run.harmonic(1)))
        found.put(f"second harmonic at {pressure} kPa", ratio, "dB")
    for name in ("sonovue", "definity"):
        cloud = us.population_of(name, "1e5 1/mL")
        plain = us.contrast(cloud, "3 MHz").ratio_db
        found.put(f"linear contrast {name}", plain, "dB")
        inverted = us.contrast(cloud, "3 MHz", "pulse-inversion", "100 kPa").ratio_db
        found.put(f"gain of pulse inversion {name}", inverted - plain, "dB")
    return found


def _echoes_rule(n: Numbers) -> Ruling:
    strong, gains = n.of("scattering over area"), n.some("gain of pulse inversion ")
    second = list(n.some("second harmonic at ").values())
    words = (
        f"a lipid bubble of 1.5 um scatters up to {strong:.0f} times its geometric area, its second harmonic grows to "
        f"{listed(second, 2)} dB at 20, 100, 200 kPa, and pulse inversion gains {listed(gains.values(), 2)} dB "
        f"({', '.join(gains)}) over linear contrast to liver"
    )
    if strong > STRONG and min(gains.values()) > STRONG and second == sorted(second):
        return Ruling(HOLDS, words)
    if strong > STRONG:
        return Ruling(ONLY_IF, f"the sequence gains less than is asked: {words}")
    return Ruling(FAILS, words)


C31 = Claim(
    "C31", "Marmottant shell, linear cross-sections and Keller-Miksis motion; assumed log-normal clouds of 1e5 per mL",
    "30 dB of tissue echo taken to cancel; sizes assumed, shells fitted by others; no saturation, no motion",
    _echoes, _echoes_rule,
)  # fmt: skip

MEASURED = (0.123, 0.710)  # MPa, range of the published sudden rises (PMC7992193)


def _nanobubbles() -> Numbers:
    found = Numbers()
    shell = us.Marmottant(**LIPID)

    def echo(radius: str, number: str) -> tuple[float, float]:
        cloud = us.Population(us.Monodisperse(radius), number, "C4F10", shell, "blood")
        return cloud.bulk("3 MHz").backscatter.magnitude, cloud.void_fraction * 1e3

    nano, nano_gas = echo("150 nm", "4e8 1/mL")
    micro, micro_gas = echo("1.5 um", "4e5 1/mL")  # the same gas in a thousandth of the bubbles
    found.put("gas of either", nano_gas, "uL/mL", low=min(nano_gas, micro_gas), high=max(nano_gas, micro_gas))
    found.put("echo lost at equal gas", 10 * math.log10(micro / nano), "dB")
    found.put("number for the echo of microbubbles", 4e8 * micro / nano, "1/mL")
    stock = load("nanobubble-c3f8").gas
    assert stock is not None and stock.concentration is not None
    found["bubbles of the stock"] = stock.concentration
    thin = us.Marmottant(chi="0.2 N/m", kappa_s="1e-9 kg/s", sigma0="0 N/m")
    for radius in (100, 200, 400):
        one = us.Bubble(Q(radius, "nm"), "C4F10", thin, 1.07)
        wakes = us.inertial_threshold("2.25 MHz", bubble=one, criterion="growth", limit=1.5, cycles=6)
        found.put(f"wakes at {radius} nm", wakes.pressure.to("MPa").magnitude, "MPa")
    found.missing["whether they leave vessels"] = "pores and flow of a vessel are not modelled"
    return found


def _nanobubbles_rule(n: Numbers) -> Ruling:
    lost, wakes = n.of("echo lost at equal gas"), n.some("wakes at ")
    needed, stock = n.of("number for the echo of microbubbles"), n.of("bubbles of the stock")
    words = (
        f"at equal gas nanobubbles of 300 nm echo {lost:.0f} dB less than microbubbles of 3 um, {needed:.0e} per mL of "
        "them would be needed for the same linear echo; buckled bubbles of 100, 200, 400 nm wake at "
        f"{listed(wakes.values(), 2)} MPa (published rises: {MEASURED[0]:.2g} to {MEASURED[1]:.2g} MPa); leaving "
        "vessels is not computed here"
    )
    if lost <= 0:
        return Ruling(HOLDS, f"they echo as much: {words}")
    if needed <= stock:
        return Ruling(HOLDS, words)
    awake = min(wakes.values()) <= MEASURED[1]
    if awake:
        return Ruling(ONLY_IF, f"they are driven above {min(wakes.values()):.1f} MPa, not by number alone: {words}")
    return Ruling(FAILS, words)


C32 = Claim(
    "C32", "linear echo at equal gas, 3 MHz; pressure at which a buckled Marmottant bubble grows by half, 2.25 MHz",
    "shell parameters extrapolated below 0.2 um, Laplace pressure rules there; the stock's count is recalled",
    _nanobubbles, _nanobubbles_rule,
)  # fmt: skip


def _droplets() -> Numbers:
    found = Numbers()
    for name in ("C4F10", "C5F12", "C6F14"):
        drop = us.vaporisation_threshold(name, "1.1 MHz", "1 um")
        boiling = drop.boiling.to("degC").magnitude
        found.put(f"boiling {name}", boiling + 273.15, "K")
        low, high = (q.to("MPa").magnitude for q in (drop.laplace, drop.nucleation))
        focused = drop.focused.to("MPa").magnitude
        found.put(f"threshold {name}", focused, "MPa", low=min(low, focused), high=max(high, focused))
        index = us.mechanical_index(drop.focused, "1.1 MHz").magnitude
        least = us.mechanical_index(drop.laplace, "1.1 MHz").magnitude
        found.put(f"mechanical index {name}", index, low=min(least, index))
        found.put(f"expansion {name}", drop.expansion)
    return found


def _droplets_rule(n: Numbers) -> Ruling:
    boiling, index = n.of("boiling C6F14") - 273.15, n.of("mechanical index C6F14")
    words = (
        f"perfluorohexane boils at {boiling:.0f} degC and needs {n.of('threshold C6F14'):.0f} MPa at 1.1 MHz by "
        f"nucleation in a 1 um drop (mechanical index {index:.0f}, diagnostic limit {LABEL_LIMIT:g}); perfluoropentane "
        f"boils at {n.of('boiling C5F12') - 273.15:.0f} degC and needs {n.of('threshold C5F12'):.0f} MPa"
    )
    superheated, low = boiling < 37, index < LABEL_LIMIT
    if superheated and low:
        return Ruling(HOLDS, words)
    if superheated or low:
        return Ruling(
            ONLY_IF, f"{'the pressure is high' if superheated else 'it stays a bubble for the cycle'}: {words}"
        )
    return Ruling(FAILS, f"{words}; something else must heat or seed it")


C33 = Claim(
    "C33", "homogeneous nucleation under tension with focusing inside the drop; Laplace-shifted boiling as the lower "
    "end",
    "what triggers vaporisation is not settled: measured thresholds of other liquids lie 3 to 8 times below "
    "nucleation; no measured threshold of perfluorohexane below 5 MPa is held",
    _droplets, _droplets_rule,
)  # fmt: skip


def _cavitation() -> Numbers:
    found = Numbers()
    for f in (1.0, 3.0):
        free = us.inertial_threshold(Q(f, "MHz"), sizes=13).pressure.to("MPa")
        found.put(f"inertial, free nuclei at {f:g} MHz", free.magnitude, "MPa", low=0.7 * free.magnitude,
                  high=1.3 * free.magnitude)  # fmt: skip
        found.put(f"mechanical index at {f:g} MHz", us.mechanical_index(free, Q(f, "MHz")).magnitude)
    for radius in (0.1, 1.0, 5.0):
        found.put(f"Blake {radius:g} um", us.blake_threshold(Q(radius, "um")).to("MPa").magnitude, "MPa")
    coated = us.Bubble("1 um", "C4F10", us.Marmottant("0.5 N/m", "2e-9 kg/s", "0.01 N/m"))
    for growth in (2.0, 3.4):
        grown = us.inertial_threshold("1 MHz", bubble=coated, criterion="growth", limit=growth, cycles=3)
        found.put(f"coated bubble grows {growth:g} times", grown.pressure.to("MPa").magnitude, "MPa")
    found.missing["whether a barrier opens"] = "a cell or tissue model would be needed; none is held"
    return found


def _cavitation_rule(n: Numbers) -> Ruling:
    index = n.some("mechanical index at ")
    words = (
        f"free nuclei collapse from {n.of('inertial, free nuclei at 1 MHz'):.2f} MPa at 1 MHz on (mechanical index "
        f"{index['1 MHz']:.2f}, diagnostic limit {LABEL_LIMIT:g}), a coated bubble grows 3.4 times at "
        f"{n.of('coated bubble grows 3.4 times'):.2f} MPa"
    )
    if min(index.values()) > LABEL_LIMIT:
        return Ruling(FAILS, f"cavitation is out of reach of a diagnostic pulse: {words}")
    return Ruling(OPEN, f"cavitation is within reach: {words}; whether it opens a barrier is biology")


C34 = Claim(
    "C34", "Keller-Miksis, one cycle: gas above 5000 K in free air nuclei, growth of a coated bubble; Blake threshold",
    "within 30 %, and it depends on the criterion (2 to 8 times the rest radius are in use)",
    _cavitation, _cavitation_rule,
)  # fmt: skip

ROOM = 70.0  # dB between the echo of tissue at the skin and noise


def _trade() -> Numbers:
    found = Numbers()
    speed = acoustic("liver")["sound_speed"]
    for mhz in (2, 5, 10, 15):
        found.put(f"resolution at {mhz} MHz", speed / mhz * 1e-3, "mm")
        found.put(f"depth at {mhz} MHz", ROOM / path_loss("liver", mhz * 1e6, 1.0) * 100, "cm")
        cell = us.detection_limit(load("sonovue"), us.Protocol(frequency=f"{mhz} MHz", depth="3 cm"))
        least = next((c.value for c in cell if c.quantity == "c_min" and c.value is not None), None)
        if least is not None:
            found.put(f"least SonoVue 3 cm deep at {mhz} MHz", least, "1/mL")
    return found


def _trade_rule(n: Numbers) -> Ruling:
    fine, deep = list(n.some("resolution at ").values()), list(n.some("depth at ").values())
    words = f"{fine[0]:.2f} mm at {deep[0]:.0f} cm (2 MHz) against {fine[-1]:.2f} mm at {deep[-1]:.1f} cm (15 MHz)"
    steps = [(a - b > 0) and (c - d > 0) for a, b, c, d in zip(fine, fine[1:], deep, deep[1:], strict=False)]
    if all(steps):
        return Ruling(HOLDS, words)
    return Ruling(ONLY_IF if any(steps) else FAILS, f"at low frequencies: {words}" if any(steps) else words)


C35 = Claim(
    "C35", "one wavelength as resolution; depth at which 70 dB of tissue echo are gone in liver, there and back",
    "attenuation of a table (second-hand); a focus, a code or an array changes both, not the trade",
    _trade, _trade_rule,
)  # fmt: skip

CLAIMS = (C31, C32, C33, C34, C35)
