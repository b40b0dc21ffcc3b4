"""Relaxivity against field: cost of 1e5 fields with every part, beside paramagpy looping over Solomon and Curie rates.

    python benchmarks/bench_mri.py [--fields 100000] [--json FILE]

Chelate: inner sphere, outer sphere, exchange and Curie spin, r1 and r2. Core: Roch-Muller-Gillis with its regimes.
paramagpy computes the Solomon and Curie r1 and r2 of one bound proton at one field a call (no exchange, no outer
sphere, a constant electron time); it is timed over 2000 fields and scaled.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from contrastphys.formulation import load
from contrastphys.mri import regimes
from contrastphys.mri.media import surroundings
from contrastphys.mri.model import evaluate
from contrastphys.mri.random_walk import random_walk

LOOPED = 2000


def least(run: Any, repeats: int = 5) -> float:
    """Least seconds of several runs."""
    found = []
    for _ in range(repeats):
        begin = time.perf_counter()
        run()
        found.append(time.perf_counter() - begin)
    return min(found)


def paramagpy_seconds(fields: int) -> float | None:
    """Seconds paramagpy takes for r1 and r2 of as many fields, from a shorter loop; None where it is missing."""
    try:
        from paramagpy.metal import Metal
    except ImportError:
        return None
    moment = 7.93725 * 9.2740100783e-24
    metal = Metal(taur=53e-12, t1e=1e-8, mueff=moment, temperature=310.15)
    metal.isotropy = 4e-7 * np.pi * moment**2 / (3 * 1.380649e-23 * 310.15)
    place = np.array([0.0, 0.0, 3.1e-10])
    begin = time.perf_counter()
    for field in np.logspace(-3, 1, LOOPED):
        metal.B0 = field
        metal.sbm_r1(place, 2.6752218744e8)
        metal.sbm_r2(place, 2.6752218744e8)
        metal.dsa_r1(place, 2.6752218744e8)
        metal.dsa_r2(place, 2.6752218744e8)
    return (time.perf_counter() - begin) * fields / LOOPED


def main() -> None:
    """Time everything and print one line each."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--fields", type=int, default=100_000)
    asked.add_argument("--json", type=Path)
    options = asked.parse_args()
    fields = np.logspace(-4, np.log10(21), options.fields)
    water, agent = surroundings("water"), load("gadoterate")
    result: dict[str, float | None] = {
        "chelate": least(lambda: evaluate(agent, fields, 310.15, water)),
        "core": least(lambda: regimes.population(fields, 7.0, 3.5e5, 1.577e-5, 310.15, 3.037e-9, neel=1e-9)),
        "core, 24 sizes": least(
            lambda: regimes.population(fields, 7.0, 3.5e5, 1.577e-5, 310.15, 3.037e-9, neel=1e-9, sigma_ln=0.2), 1
        ),
        "paramagpy, Solomon and Curie": paramagpy_seconds(options.fields),
    }
    random_walk(walkers=250, length=1.0)
    result["random walk, 6000 walkers, 16 000 steps"] = least(random_walk, 1)
    for name, seconds in result.items():
        print(f"{name:42s} {'not installed' if seconds is None else f'{seconds:8.3f} s'}")
    peer = result["paramagpy, Solomon and Curie"]
    if peer is not None and result["chelate"] is not None:
        print(f"{'paramagpy over ours, all parts':42s} {peer / result['chelate']:8.0f}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
