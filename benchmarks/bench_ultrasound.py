"""Bubble dynamics: cost and error of the built-in integrator against SciPy's with a compiled right side.

    python benchmarks/bench_ultrasound.py [--quick] [--json FILE]

One bubble: five cases, each peer against the cheapest run here that is at least as exact ("ratio"), errors taken
against a tight solution. Every size: the dearest radius of 20 nm to 100 um at the default tolerance, by shell law.
Many bubbles: 10,000 log-normal sizes, 20 cycles of 2 MHz and 100 kPa, with the error of the harmonic power. CPU
seconds of the process; compilation is told apart. `jbubble` (PyPI) is compared where it is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from contrastphys.compiled import have_numba
from contrastphys.ultrasound import Bubble, Church, Free, Gas, Gompertz, Liquid, Marmottant, Pulse, kernels, simulate
from contrastphys.ultrasound.dynamics import bubble_parameters
from contrastphys.ultrasound.echo import harmonics
from contrastphys.units import RangeWarning

WATER = Liquid(sound_speed="1500 m/s")
GAS = Gas()
CASES = {
    "free, 10 kPa": (Bubble("2 um", GAS, Free(), 1.4), Pulse("2 MHz", "10 kPa", 20)),
    "Marmottant, 50 kPa": (
        Bubble("2 um", GAS, Marmottant("0.5 N/m", "5e-9 kg/s", "0.01 N/m"), 1.07),
        Pulse("2 MHz", "50 kPa", 20),
    ),
    "buckled, 100 kPa": (
        Bubble("1.7 um", GAS, Marmottant("0.5 N/m", "5e-9 kg/s"), 1.07),
        Pulse("2 MHz", "100 kPa", 20),
    ),
    "Gompertz, 100 kPa": (
        Bubble("2 um", GAS, Gompertz("0.5 N/m", "5e-9 kg/s", "0.02 N/m"), 1.07),
        Pulse("2 MHz", "100 kPa", 20),
    ),
    "100 nm, 500 kPa": (
        Bubble("0.1 um", GAS, Marmottant("0.5 N/m", "1e-9 kg/s", "0.01 N/m"), 1.07),
        Pulse("2 MHz", "500 kPa", 20),
    ),
}


def cpu(run: Any, repeats: int = 5) -> float:
    """Least CPU seconds of several runs."""
    best = np.inf
    for _ in range(repeats):
        begin = time.process_time()
        run()
        best = min(best, time.process_time() - begin)
    return float(best)


def scipy_run(bubble: Bubble, pulse: Pulse, method: str, rtol: float, times: np.ndarray) -> np.ndarray:
    """R(t) by SciPy with the same compiled right side."""
    from scipy.integrate import solve_ivp

    par, shell = bubble_parameters(bubble.radius, bubble, pulse, WATER, "keller-miksis")
    one, law, wave = par[0], shell[0], pulse.wave

    def rhs(t: float, y: np.ndarray) -> list[float]:
        return [y[1], kernels.acceleration(t, y[0], y[1], 0.0, one, law, wave)]

    scale = [rtol * bubble.radius, rtol * 2 * np.pi * pulse.frequency * bubble.radius]
    first = min(1e-3 / pulse.frequency, 1e-3 * bubble.radius * np.sqrt(WATER.density / WATER.pressure))
    solved = solve_ivp(
        rhs, (0, pulse.duration), [bubble.radius, 0.0], method, times, rtol=rtol, atol=scale, first_step=first
    )
    return solved.y[0]


def one_bubble() -> list[dict[str, Any]]:
    rows = []
    for name, (bubble, pulse) in CASES.items():
        exact = simulate(bubble, pulse, WATER, tolerance=1e-12)

        def error(radius: np.ndarray, exact=exact, bubble=bubble) -> float:
            return float(np.max(np.abs(radius - exact.metres)) / bubble.radius)

        for tolerance in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10):
            run = simulate(bubble, pulse, WATER, tolerance=tolerance)
            took = cpu(lambda b=bubble, p=pulse, t=tolerance: simulate(b, p, WATER, tolerance=t))
            rows.append({"case": name, "solver": "contrastphys", "rtol": tolerance, "error": error(run.metres),
                         "ms": 1e3 * took, "steps": run.steps})  # fmt: skip
        for method, tolerance in (("RK45", 1e-6), ("DOP853", 1e-8), ("Radau", 1e-6), ("LSODA", 1e-8)):
            radius = scipy_run(bubble, pulse, method, tolerance, exact.seconds)
            took = cpu(lambda b=bubble, p=pulse, m=method, t=tolerance, s=exact.seconds: scipy_run(b, p, m, t, s), 1)
            rows.append({"case": name, "solver": f"SciPy {method}", "rtol": tolerance, "error": error(radius),
                         "ms": 1e3 * took})  # fmt: skip
    return rows


def every_size() -> list[dict[str, Any]]:
    """The radius that takes longest at the default tolerance, by shell law: 20 cycles, 2 MHz, 100 kPa."""
    shells = {
        "free": Free(),
        "Marmottant": Marmottant("0.5 N/m", "5e-9 kg/s", "0.01 N/m"),
        "Marmottant, buckled": Marmottant("0.55 N/m", "5.4e-9 kg/s"),
        "Marmottant, stiff": Marmottant("2.5 N/m", "1e-7 kg/s", "0.02 N/m"),
        "Marmottant, buckled, no friction": Marmottant("2.5 N/m"),
        "Gompertz": Gompertz("0.5 N/m", "1e-9 kg/s", "0.01 N/m"),
        "Church": Church("50 MPa", "15 nm", "0.8 Pa*s", "0.04 N/m"),
    }
    rows = []
    pulse = Pulse("2 MHz", "100 kPa", 20)
    for name, shell in shells.items():
        worst = (0.0, 0.0, 0)
        for radius in np.geomspace(2e-8, 1e-4, 38):
            bubble = Bubble.bare(float(radius), GAS, shell, 1.07)
            took = cpu(lambda b=bubble: simulate(b, pulse, WATER), 3)
            worst = max(worst, (1e3 * took, 1e6 * float(radius), simulate(bubble, pulse, WATER).steps))
        rows.append({"shell": name, "dearest um": worst[1], "ms": worst[0], "steps": worst[2]})
    return rows


def matched(rows: list[dict[str, Any]]) -> None:
    """Give every peer's row the ratio of its time to that of the cheapest run here which is at least as exact."""
    for row in rows:
        if row["solver"] == "contrastphys":
            continue
        own = [r["ms"] for r in rows if r["case"] == row["case"] and r["solver"] == "contrastphys"
               and r["error"] <= row["error"]]  # fmt: skip
        row["ratio"] = f"{row['ms'] / min(own):.3g}" if own else "-"


def many_bubbles(count: int) -> list[dict[str, Any]]:
    radii = np.random.default_rng(7).lognormal(np.log(1.2e-6), 0.4, count)
    bubble = Bubble("1 um", GAS, Marmottant("0.5 N/m", "5e-9 kg/s", "0.01 N/m"), 1.07)
    pulse = Pulse("2 MHz", "100 kPa", 20)
    sample = radii[:: max(1, count // 500)]
    exact = harmonics.bare(sample, bubble, pulse, WATER, tolerance=1e-9).power()
    rows = []
    for tolerance in (1e-4, 1e-5, 1e-6):
        off = np.max(np.abs(harmonics.bare(sample, bubble, pulse, WATER, tolerance=tolerance).power() / exact - 1))
        begin, wall = time.process_time(), time.perf_counter()
        harmonics.bare(radii, bubble, pulse, WATER, tolerance=tolerance)
        rows.append({"bubbles": count, "rtol": tolerance, "power error": float(off),
                     "cpu s": time.process_time() - begin, "wall s": time.perf_counter() - wall})  # fmt: skip
    return rows


def jbubble_run(bubble: Bubble, pulse: Pulse, samples: int, rtol: float | None = None) -> Callable[[], Any]:
    """A run of jbubble in double precision, compiled once: radius at `samples` times of the pulse, evenly spaced.

    Free bubbles and Marmottant's shell only; without `rtol` by its own solver and tolerances, else by Dopri5.
    """
    import diffrax
    import equinox
    import jax

    jax.config.update("jax_enable_x64", True)
    from jbubble import SaveSpec, SolverConfig, run_simulation
    from jbubble.bubble.eom import KellerMiksis
    from jbubble.bubble.gas import PolytropicGas
    from jbubble.bubble.medium import NewtonianMedium
    from jbubble.bubble.shell import LipidShell, MarmottantSurfaceTension, NoShell
    from jbubble.pulse.envelope import RectangularEnvelope
    from jbubble.pulse.shapes import Sine
    from jbubble.pulse.tone_burst import ToneBurst

    if isinstance(bubble.shell, Marmottant):
        ratio = float(bubble.shell.buckling_radius(1.0))
        law = MarmottantSurfaceTension(ratio, bubble.shell.chi, bubble.shell.sigma_w)
        coat = LipidShell(law, bubble.shell.kappa_s)
    else:
        coat = NoShell(0.072)
    motion = KellerMiksis(
        PolytropicGas(bubble.polytropic), coat, NewtonianMedium(WATER.viscosity), bubble.radius, WATER.pressure,
        WATER.density, WATER.sound_speed,
    )  # fmt: skip
    wave = ToneBurst(pulse.frequency, pulse.amplitude, Sine(), np.pi, pulse.cycles, envelope=RectangularEnvelope())
    config = SolverConfig()
    if rtol is not None:
        config = SolverConfig(diffrax.Dopri5(), diffrax.PIDController(rtol=rtol, atol=1e-6 * rtol), 1e-10, 1_000_000)

    @equinox.filter_jit  # compiled once, as a caller who repeats a run would
    def solve(m: Any, w: Any) -> Any:
        return run_simulation(m, w, save_spec=SaveSpec(samples), t_max=pulse.duration, config=config).radius

    return lambda: np.asarray(solve(motion, wave))


def jbubble_rows() -> list[dict[str, Any]]:
    """jbubble on the cases whose laws it shares."""
    rows = []
    for name in ("free, 10 kPa", "Marmottant, 50 kPa"):
        bubble, pulse = CASES[name]
        exact = simulate(bubble, pulse, WATER, tolerance=1e-12)
        for label, rtol in (("default", None), ("Dopri5", 1e-6), ("Dopri5", 1e-8)):
            run = jbubble_run(bubble, pulse, exact.seconds.size, rtol)
            begin = time.perf_counter()
            radius = run()
            compiled_in = time.perf_counter() - begin
            rows.append({"case": name, "solver": f"jbubble {label}", "rtol": rtol or 1e-3,
                         "error": float(np.max(np.abs(radius - exact.metres)) / bubble.radius),
                         "ms": 1e3 * cpu(run, 3), "steps": f"first {compiled_in:.1f} s"})  # fmt: skip
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    keys = list(dict.fromkeys(key for row in rows for key in row))
    print("  ".join(f"{k:>20}" for k in keys))
    for row in rows:
        cells = (row.get(k, "") for k in keys)
        print("  ".join(f"{c:>20.3g}" if isinstance(c, float) else f"{c!s:>20}" for c in cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1,000 bubbles instead of 10,000")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()
    warnings.simplefilter("ignore", RangeWarning)  # radii that no agent has are timed too
    begin = time.perf_counter()
    simulate(*CASES["free, 10 kPa"], WATER)
    print(f"numba {'in use' if have_numba() else 'not installed'}; first call {time.perf_counter() - begin:.2f} s")
    single = one_bubble()
    if importlib.util.find_spec("jbubble") is None:
        print("jbubble is not installed: not compared")
    else:
        single += jbubble_rows()
    matched(single)
    single.sort(key=lambda row: list(CASES).index(row["case"]))
    show(single)
    print()
    sizes = every_size()
    show(sizes)
    print()
    crowd = many_bubbles(1000 if options.quick else 10_000)
    show(crowd)
    if options.json:
        text = json.dumps({"one bubble": single, "every size": sizes, "many bubbles": crowd}, indent=1)
        options.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
