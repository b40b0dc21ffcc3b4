"""Enhancement of 1000 formulations at 4 tube voltages and 3 phantom sizes: one call against the loops one would write.

    python benchmarks/bench_xray.py [--formulations 1000]

The loops ask xraylib (and XrayDB, where installed) for each cross-section at each energy; they run on a few
formulations and are scaled up. All must give the same numbers.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings

import numpy as np

from contrastphys.chemistry import mass_fractions
from contrastphys.units import Q
from contrastphys.xray.absorbers import Absorber
from contrastphys.xray.matching import enhancement_table
from contrastphys.xray.spectra import spectrum

KVP, SIZES = (80.0, 100.0, 120.0, 140.0), (10.0, 20.0, 32.0)
ELEMENTS = ("I", "Ba", "Gd", "Dy", "Ho", "Yb", "Ta", "W", "Pt", "Au", "Bi", "Fe")


def formulations(count: int) -> list[Absorber]:
    """Oxides of twelve elements with different shares of oxygen and water displaced."""
    rng = np.random.default_rng(1)
    return [
        Absorber(e := ELEMENTS[i % len(ELEMENTS)], ((e, 1.0), ("O", rng.uniform(0, 0.5))), rng.uniform(0, 0.5), str(i))
        for i in range(count)
    ]


def by_scalars(agents: list[Absorber], total) -> np.ndarray:
    """One number after another, with `total(symbol, energy in keV)` asked wherever it stands in the formula."""
    water, scintillator = mass_fractions("H2O"), mass_fractions("Gd2O2S")
    out = []
    for agent in agents:
        row = []
        for kvp in KVP:
            beam = spectrum(Q(kvp, "kV"))
            for size in SIZES:
                above = below = 0.0
                for e, n in zip(beam.energies.tolist(), beam.photons.tolist(), strict=True):
                    mu_w = sum(w * total(s, e) for s, w in water.items())
                    mu_d = sum(w * total(s, e) for s, w in scintillator.items())
                    weight = n * e * (1 - math.exp(-mu_d * 7.3 * 0.14)) * math.exp(-mu_w * size)
                    mu = sum(m * total(s, e) for s, m in agent.masses) - agent.displaced * mu_w
                    above += weight * mu
                    below += weight * mu_w
                row.append(above / below)
        out.append(row)
    return np.array(out)


def peers() -> dict[str, tuple[object, int]]:
    """Scalar cross-sections of each peer, and how many formulations its loop is run on."""
    import xraylib

    numbers = {s: xraylib.SymbolToAtomicNumber(s) for s in (*ELEMENTS, "H", "O", "S")}
    found: dict[str, tuple[object, int]] = {"xraylib, scalar loop": (lambda s, e: xraylib.CS_Total(numbers[s], e), 3)}
    try:
        import xraydb
    except ImportError:
        warnings.warn("XrayDB is not installed: its loop is left out", stacklevel=2)
    else:
        found["XrayDB, scalar loop"] = (lambda s, e: float(xraydb.mu_elam(s, e * 1e3)), 1)
    return found


def main() -> None:
    """Print a table of times."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--formulations", type=int, default=1000)
    count = parser.parse_args().formulations
    agents = formulations(count)
    volts, sizes = Q(np.array(KVP), "kV"), Q(np.array(SIZES), "cm")
    start = time.perf_counter()
    table = enhancement_table(agents, volts, sizes)
    cold = time.perf_counter() - start
    warm = min(timed(lambda: enhancement_table(agents, volts, sizes)) for _ in range(5))
    print(f"{count} formulations x {len(KVP)} kVp x {len(SIZES)} sizes")
    print(f"{'contrastphys, first call':28s} {1e3 * cold:12.1f} ms")
    print(f"{'contrastphys, next calls':28s} {1e3 * warm:12.1f} ms")
    for name, (total, few) in peers().items():
        few = min(few, count)
        start = time.perf_counter()
        values = by_scalars(agents[:few], total)
        taken = (time.perf_counter() - start) * count / few
        worst = float(np.abs(values / table.slopes[:few] - 1).max())
        print(
            f"{name:28s} {1e3 * taken:12.0f} ms   {taken / warm:10.0f} times slower (first call "
            f"{taken / cold:.0f}), largest difference {worst:.1e}, scaled from {few}"
        )


def timed(call) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
