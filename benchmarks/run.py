"""Every benchmark against its peers in one run, alternately, as a page of ratios.

    python benchmarks/run.py [-o benchmarks/BENCHMARKS.md] [--quick | --large]

`--large -o benchmarks/BENCHMARKS.md` makes the page that is shipped.

Ours and the peer take turns in the same process, so that what else the machine does meets both. Times are seconds of
processor time, the least of the turns; a peer that loops over single values is run on fewer and scaled. A ratio above
1 says how many times longer the peer takes. Peers belong to the dependency groups oracle and bench; one that is not
installed is named, never left out silently.
"""

from __future__ import annotations

import os

os.environ.setdefault("MIEPYTHON_USE_JIT", "1")  # read when miepython is imported

import argparse
import contextlib
import datetime
import importlib.util
import io
import math
import platform
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "benchmarks")]

TURNS = 3


class Peer(NamedTuple):
    """Another way to the same numbers: its name, its distribution, its run, and what part of the work it did."""

    name: str
    code: str
    run: Callable[[], Any]
    share: float = 1.0


class Case(NamedTuple):
    """What is computed, by us and by others."""

    group: str
    what: str
    ours: Callable[[], Any]
    peers: list[Peer]


def taken(run: Callable[[], Any]) -> float:
    """Seconds of processor time of one run, for short ones over as many as take 20 ms."""
    count, spent = 0, 0.0
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while spent < 0.02 and count < 10_000:
            began = time.process_time()
            run()
            spent += time.process_time() - began
            count += 1
    return spent / count


# ----------------------------------------------------------------------------------------------- the cases


def chelate(scale: float) -> Case:
    from paramagpy.metal import Metal

    from contrastphys.formulation import load
    from contrastphys.mri.media import surroundings
    from contrastphys.mri.model import evaluate

    fields, looped = np.logspace(-4, np.log10(21), int(100_000 * scale)), 300
    agent, water = load("gadoterate"), surroundings("water")
    moment = 7.93725 * 9.2740100783e-24
    metal = Metal(taur=53e-12, t1e=1e-8, mueff=moment, temperature=310.15)
    metal.isotropy = 4e-7 * np.pi * moment**2 / (3 * 1.380649e-23 * 310.15)
    place, gamma = np.array([0.0, 0.0, 3.1e-10]), 2.6752218744e8

    def loop() -> None:
        for metal.B0 in np.logspace(-3, 1, looped):
            for rate in (metal.sbm_r1, metal.sbm_r2, metal.dsa_r1, metal.dsa_r2):
                rate(place, gamma)

    peer = Peer("Solomon and Curie rates alone, a field at a time", "paramagpy", loop, looped / fields.size)
    return Case(
        "chelate relaxivity",
        f"{fields.size} fields, every part",
        lambda: evaluate(agent, fields, 310.15, water),
        [peer],
    )


def particle(scale: float) -> Case:
    from contrastphys.mri.superparamagnetic import roch_muller_gillis as door

    fields = np.logspace(-4, np.log10(21), int(100_000 * scale))

    def density(w: Any, td: float, tau: float) -> Any:
        z = np.sqrt(1j * w * td + td / tau)
        return np.real((1 + z / 4) / (1 + z + 4 * z**2 / 9 + z**3 / 9))

    def still(w: Any, td: float) -> Any:
        u = np.sqrt(2 * w * td)
        below = 1 + u + u**2 / 2 + u**3 / 6 + 4 * u**4 / 81 + u**5 / 81 + u**6 / 648
        return (1 + 5 * u / 8 + u**2 / 8) / below

    def literal() -> Any:
        d, ms, vm, temperature, diffusion, tau = 7e-9, 3.5e5, 1.577e-5, 310.15, 3.037e-9, 1e-9
        volume = np.pi / 6 * d**3
        al = ms * volume * fields / (1.380649e-23 * temperature)
        la = 1 / np.tanh(al) - 1 / al
        wi, ws, td = 2.6752e8 * fields, 1.7609e11 * fields, (d / 2) ** 2 / diffusion
        c = 32 * np.pi / 135 * (1e-7 * 2.6752e8 * ms * volume) ** 2 * vm / volume / (d / 2 * diffusion)
        w = 1 - la**2 - 2 * la / al
        fi, fs, f0 = density(wi, td, tau), density(ws, td, tau), density(0.0, td, tau)
        r1 = c * (7 * la / al * fs + 3 * w * fi + 3 * la**2 * still(wi, td))
        r2 = c / 2 * (13 * la / al * fs + w * (3 * fi + 4 * f0) + la**2 * (3 * still(wi, td) + 4))
        return r1, r2

    def ours() -> Any:
        return door.bare(fields, 7.0, 3.5e5, 1.577e-5, 310.15, 3.037e-9, 1e-9, 1.0)

    peer = Peer("the same formulas written out in numpy", "numpy", literal)
    return Case("particle relaxivity", f"{fields.size} fields, r1 and r2", ours, [peer])


def attenuation(scale: float) -> Case:
    import xraydb
    import xraylib

    from contrastphys.xray.attenuation import mu_rho

    energy = np.linspace(10.0, 150.0, int(100_000 * scale))
    few, fewer = energy[:: max(1, energy.size // 5000)], energy[:: max(1, energy.size // 2000)]
    return Case(
        "mu/rho",
        f"Ta2O5 at {energy.size} energies",
        lambda: mu_rho("Ta2O5", energy),
        [
            Peer(
                "CS_Total_CP, an energy at a time",
                "xraylib",
                lambda: [xraylib.CS_Total_CP("Ta2O5", e) for e in few],
                few.size / energy.size,
            ),
            Peer(
                "material_mu of the array",
                "xraydb",
                lambda: xraydb.material_mu("Ta2O5", 1e3 * fewer, density=1.0),
                fewer.size / energy.size,
            ),
        ],
    )


def enhancement(scale: float) -> Case:
    import bench_xray
    import xraydb
    import xraylib

    from contrastphys.units import Q
    from contrastphys.xray.matching import enhancement_table

    agents = bench_xray.formulations(int(1000 * scale))
    volts, sizes = Q(np.array(bench_xray.KVP), "kV"), Q(np.array(bench_xray.SIZES), "cm")
    numbers = {s: xraylib.SymbolToAtomicNumber(s) for s in (*bench_xray.ELEMENTS, "H", "O", "S")}
    bench_xray.KVP, bench_xray.SIZES = bench_xray.KVP[:1], bench_xray.SIZES[:1]  # a loop over one beam and one size
    share = 1 / (len(agents) * volts.size * sizes.size)
    return Case(
        "enhancement sweep",
        f"{len(agents)} formulations x {volts.size} kVp x {sizes.size} phantoms",
        lambda: enhancement_table(agents, volts, sizes),
        [
            Peer(
                "a loop over scalar cross-sections",
                "xraylib",
                lambda: bench_xray.by_scalars(agents[:1], lambda s, e: xraylib.CS_Total(numbers[s], e)),
                share,
            ),
            Peer(
                "a loop over scalar cross-sections",
                "xraydb",
                lambda: bench_xray.by_scalars(agents[:1], lambda s, e: float(xraydb.mu_elam(s, 1e3 * e))),
                share,
            ),
        ],
    )


def spheres(scale: float) -> Case:
    import miepython
    from bench_photoacoustic import gold_grid

    from contrastphys.photoacoustic import mie

    gold, _, x = gold_grid(int(100_000 * scale))
    m, size = np.conj(gold.ravel()), x.ravel()
    miepython.efficiencies_mx(m[:9], size[:9])  # compiled
    peer = Peer("efficiencies_mx, compiled", "miepython", lambda: miepython.efficiencies_mx(m, size))
    return Case("Mie", f"{x.size} gold spheres of 4-300 nm, 400-1100 nm", lambda: mie(gold, x), [peer])


def coats(scale: float) -> Case:
    from bench_photoacoustic import gold_grid
    from scattnlay import scattnlay

    from contrastphys.photoacoustic import coated_mie

    gold, silica, x = gold_grid(int(100_000 * scale))
    part = slice(None, None, 20)
    layers = np.c_[0.8 * x.ravel(), x.ravel()][part], np.c_[gold.ravel(), silica.ravel()][part]
    peer = Peer("scattnlay", "scattnlay", lambda: scattnlay(*layers), len(layers[0]) / x.size)
    return Case("Mie", f"{x.size} coated spheres", lambda: coated_mie(gold, silica, 0.8 * x, x), [peer])


def water(scale: float) -> Case:
    from CoolProp.CoolProp import PropsSI

    from contrastphys.photoacoustic import water as ours

    t = np.linspace(274.0, 372.0, int(100_000 * scale))
    few = t[:: max(1, t.size // 500)]
    peers = [
        Peer(
            "PropsSI, D, A and C of a temperature at a time",
            "CoolProp",
            lambda: [PropsSI(k, "T", x, "P", 1e5, "Water") for x in few for k in "DAC"],
            few.size / t.size,
        )
    ]
    try:
        from iapws import IAPWS95
    except ImportError:
        pass
    else:
        fewer = few[::25]
        peers.append(
            Peer(
                "IAPWS95 of a temperature at a time",
                "iapws",
                lambda: [IAPWS95(T=x, P=0.1) for x in fewer],
                fewer.size / t.size,
            )
        )
    return Case(
        "water",
        f"density, sound speed and heat capacity at {t.size} temperatures",
        lambda: (ours.density.bare(t), ours.sound_speed.bare(t), ours.heat_capacity.bare(t)),
        peers,
    )


def bubbles(scale: float) -> Case:
    import bench_ultrasound as bench

    from contrastphys.ultrasound import simulate

    bubble, pulse = bench.CASES["Marmottant, 50 kPa"]
    exact = simulate(bubble, pulse, bench.WATER, tolerance=1e-11)

    def apart(radius: Any) -> float:
        return float(np.max(np.abs(radius - exact.metres)) / bubble.radius)

    goal = apart(simulate(bubble, pulse, bench.WATER, tolerance=1e-6).metres)
    peers = []

    def loosest(code: str, method: str, made: Callable[[float], Callable[[], Any]]) -> Peer:
        """The run at the loosest tolerance that is as exact as ours."""
        for rtol in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9):
            run = made(rtol)
            error = apart(run())
            if error <= 1.2 * goal:
                break
        return Peer(f"{method}, rtol {rtol:g}, error {error:.0e}", code, run)

    for method in ("RK45", "DOP853", "Radau", "LSODA"):
        made = lambda rtol, m=method: lambda: bench.scipy_run(bubble, pulse, m, rtol, exact.seconds)  # noqa: E731
        peers.append(loosest("scipy", method, made))
    if importlib.util.find_spec("jbubble") is not None:
        count = exact.seconds.size
        peers.append(loosest("jbubble", "Dopri5", lambda rtol: bench.jbubble_run(bubble, pulse, count, rtol)))
    return Case(
        "one bubble",
        f"Marmottant, 50 kPa, 20 cycles; error {goal:.0e}; SciPy with our compiled right side",
        lambda: simulate(bubble, pulse, bench.WATER, tolerance=1e-6),
        peers,
    )


def doors(scale: float) -> Case:
    import bench_units as bench

    from contrastphys.units import Q

    given = Q(1500.0, "mT"), Q(0.01, "um"), Q(400.0, "kA/m"), Q(310.15, "K")
    for call in (bench.door, bench.wrapped, bench.arithmetic):
        call(*given)

    def many(call: Callable) -> Callable[[], None]:
        return lambda: [call(*given) for _ in range(1000)] and None

    plain = [Peer("the body without units", "numpy", lambda: [bench.body(1.5, 10.0, 4e5, 310.15) for _ in range(1000)])]
    return Case(
        "unit layer",
        "1000 calls with four quantities in other units",
        many(bench.door),
        [
            Peer("wraps", "pint", many(bench.wrapped)),
            Peer("arithmetic of quantities", "pint", many(bench.arithmetic)),
            *plain,
        ],
    )


CASES = (chelate, particle, attenuation, enhancement, spheres, coats, water, bubbles, doors)


def compared(case: Case) -> list[tuple[str, str, str, float, float]]:
    """Rows of one case: peer, its code, ours and the peer's seconds for the whole work; taking turns."""
    case.ours()
    ours, theirs = math.inf, [math.inf] * len(case.peers)
    for _ in range(TURNS):
        ours = min(ours, taken(case.ours))
        for k, peer in enumerate(case.peers):
            theirs[k] = min(theirs[k], taken(peer.run) / peer.share)
    return [(peer.name, peer.code, case.what, ours, seconds) for peer, seconds in zip(case.peers, theirs, strict=True)]


# ------------------------------------------------------------------------------------ processes of their own


def importing() -> list[tuple[str, float]]:
    """Processor seconds of fresh interpreters, taking turns."""
    codes = {
        "contrastphys": "import contrastphys",
        "pint with its registry": "import pint; pint.get_application_registry().define('other = metre')",
        "numpy": "import numpy",
    }
    least = dict.fromkeys(codes, math.inf)
    for _ in range(4):
        for name, code in codes.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            least[name] = min(least[name], spent)
    return list(least.items())


def comparing(counts: tuple[int, ...]) -> list[str]:
    """Rows of the whole way of a comparison at several sizes: build, compare, rank and write, over all processors."""
    import bench_compare

    found = []
    for count in counts:
        r = bench_compare.measured(count, os.cpu_count() or 1)
        whole = r["build_s"] + r["compare_s"] + r["rank_s"] + r["write_s"]
        steps = " | ".join(f"{r[key]:.2f}" for key in ("build_s", "compare_s", "rank_s", "write_s"))
        found.append(
            f"| {count} | {steps} | {whole:.1f} | {r['cpu_s']:.1f} | {r['peak_MB']:.0f} | {r['worker_MB']:.0f} "
            f"| {r['cells']} | {r['json_MB'] + r['csv_MB']:.1f} |"
        )
    return found


# --------------------------------------------------------------------------------------------------- page


def machine() -> str:
    """What the numbers were measured on."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), name)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return f"{name}, {os.cpu_count()} processors, load {load:.1f} at the start"


def held(code: str) -> str:
    """Version of a distribution, or that it is missing."""
    try:
        return version(code)
    except PackageNotFoundError:
        return "not installed"


def seconds(value: float) -> str:
    """A time in the unit it is read best in."""
    unit, factor = next((u for u in (("s", 1.0), ("ms", 1e3)) if value * u[1] >= 1), ("us", 1e6))
    return f"{value * factor:.0f} {unit}" if value * factor >= 100 else f"{value * factor:.3g} {unit}"


def ratio(value: float) -> str:
    """A ratio with three digits and no power of ten."""
    return f"{value:.3g}" if value < 1000 else f"{float(f'{value:.3g}'):.0f}"


def main() -> None:
    """Run everything and print the page, or write it."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("-o", "--output", type=Path)
    asked.add_argument("--quick", action="store_true", help="a tenth of the work")
    asked.add_argument("--large", action="store_true", help="compare 10,000 formulations too: a minute and 2 GB more")
    options = asked.parse_args()
    import limits

    where, scale = machine(), 0.1 if options.quick else 1.0
    flags = " --quick" * options.quick + " --large" * options.large
    about = f"on {datetime.date.today().isoformat()} with Python {platform.python_version()} on {where}"
    lines = [
        "# Benchmarks against peers",
        "",
        f"Made by `python benchmarks/run.py{flags}` {about}.",
        "",
        "Processor seconds, taking turns, the least of three; a peer that loops is scaled up from fewer. "
        "Above 1 the peer takes longer.",
        "",
        "| what | ours | peer | version | peer's time | peer over ours |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for case in CASES:
        try:
            made = case(scale)
        except ImportError as missing:
            lines.append(f"| {case.__name__} | - | {missing.name or 'a peer'} | not installed | - | - |")
            continue
        for name, code, what, ours, theirs in compared(made):
            who = f"{code}: {name}"
            lines.append(
                f"| {made.group}: {what} | {seconds(ours)} | {who} | {held(code)} | {seconds(theirs)} "
                f"| {ratio(theirs / ours)} |"
            )
        print(lines[-1], file=sys.stderr)
    for code in ("iapws", "jbubble"):
        if importlib.util.find_spec(code) is None:
            lines.append(f"| - | - | {code} | not installed | - | - |")
    lines += [
        "",
        "## How near the array kernels are to the limit",
        "",
        "Each beside one loop compiled by numba that does the same work: the kernel's own formula, written out for one "
        "number, over the same array into new ones (`benchmarks/limits.py`). The share is what the bytes in and out "
        "would take at the machine's bandwidth.",
        "",
        *limits.lines(taken, seconds, TURNS),
    ]
    lines += ["", "## Import", "", "| fresh interpreter | processor seconds |", "| --- | --- |"]
    lines += [f"| {name} | {spent:.2f} |" for name, spent in importing()]
    lines += [
        "",
        "## Comparing",
        "",
        f"Gold, iron oxide, a chelate, an iodinated molecule and bubbles in equal parts, over {os.cpu_count()} "
        "processes (25 or fewer in one): seconds by the clock of building, comparing, ranking and writing (tables, "
        "every picture, the report), then the processor seconds of all processes, imports included, and memory at its "
        "peak in the first process and in a worker. By the clock only a quiet machine counts.",
        "",
        "| formulations | build | compare | rank | write | whole | processor seconds | peak MB | worker MB | cells "
        "| tables MB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += comparing((10, 100) if options.quick else (10, 100, 1000, *([10_000] if options.large else [])))
    text = "\n".join(lines) + "\n"
    if options.output:
        options.output.write_text(text, encoding="utf-8")
        print(f"written to {options.output}")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
