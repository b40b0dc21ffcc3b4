"""Comparison of very many formulations: seconds, memory, and the size of what is written, against their number.

    python benchmarks/bench_compare.py [--counts 10 100 1000 10000] [--workers 2] [--json FILE]

Gold, iron oxide, a chelate, an iodinated molecule and a bubble in equal parts, each of its own size, shell or dose, in
every modality that applies. A count runs in a process of its own, so that its peak of memory is its own; workers are
counted with it. Written are table.csv, results.json, every picture and the report. `processor` is the time of all
processes from the first import on, whatever else the machine does meanwhile. `benchmarks/run.py` puts the same into its
page.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import contrastphys as cp  # noqa: E402
from contrastphys.comparison import compare  # noqa: E402
from contrastphys.study import Study  # noqa: E402


def study(count: int) -> Study:
    """Formulations that differ, the same for the same count."""
    generator = np.random.default_rng(7)
    chelate, iodine = cp.load("gadoterate"), cp.load("iohexol")
    made = []
    for i in range(count):
        size, dose, chi = generator.uniform(0, 1, 3)
        if i % 5 == 0:
            core = {"material": "gold", "diameter": f"{3 + 77 * size:.6f} nm"}
            given = {"value": f"{10 + 190 * dose:.6f} mg/kg", "basis": "Au"}
            made.append(cp.Formulation(id=f"gold-{i}", kind="nanoparticle", cores=core, dose=given))
        elif i % 5 == 1:
            core = {"material": "magnetite", "diameter": f"{3 + 17 * size:.6f} nm"}
            given = {"value": f"{1 + 9 * dose:.6f} mg/kg", "basis": "Fe"}
            made.append(cp.Formulation(id=f"iron-{i}", kind="nanoparticle", cores=core, dose=given))
        elif i % 5 == 2:
            given = {"value": f"{0.05 + 0.25 * dose:.6f} mmol/kg", "basis": "Gd"}
            made.append(chelate.replace(id=f"chelate-{i}", dose=given))
        elif i % 5 == 3:
            made.append(iodine.replace(id=f"iodine-{i}", dose={"value": f"{100 + 500 * dose:.6f} mg/kg", "basis": "I"}))
        else:
            shell = {"law": "marmottant", "chi": f"{0.2 + 0.8 * chi:.6f} N/m", "kappa_s": "5e-9 kg/s"}
            gas = {"species": "C4F10", "diameter": f"{1 + 3 * size:.6f} um", "sigma_ln": 0.4,
                   "concentration": "2e8 1/mL", "shell": {**shell, "sigma0": "0.02 N/m"}}  # fmt: skip
            given = {"value": "2 mL", "basis": "suspension"}
            made.append(cp.Formulation(id=f"bubble-{i}", kind="bubble", gas=gas, dose=given))
    return Study(tuple(made), title=f"{count} formulations")


def one(count: int, workers: int) -> dict[str, float]:
    """Figures of one count, in this process."""
    began = time.perf_counter()
    made = study(count)
    built = time.perf_counter()
    result = compare(made, executor=workers if workers > 1 else None)
    compared = time.perf_counter()
    result.rank()
    ranked = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        result.write(folder)
        written = time.perf_counter()
        sizes = {p.name: p.stat().st_size / 1e6 for p in Path(folder).iterdir()}
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "count": count, "build_s": built - began, "compare_s": compared - built, "rank_s": ranked - compared,
        "write_s": written - ranked, "cpu_s": own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime,
        "cells": len(result.cells), "peak_MB": own.ru_maxrss / 1e3, "worker_MB": children.ru_maxrss / 1e3,
        "report_MB": sizes["report.html"], "json_MB": sizes["results.json"], "csv_MB": sizes["table.csv"],
    }  # fmt: skip


def measured(count: int, workers: int) -> dict[str, float]:
    """Figures of one count, in a process of its own."""
    command = [sys.executable, __file__, "--one", str(count), "--workers", str(workers)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="*", default=[10, 100, 1000, 10_000])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one, options.workers)))
        return
    rows = []
    for count in options.counts:
        r = measured(count, options.workers)
        rows.append(r)
        print(
            f"{count:>6}: compare {r['compare_s']:6.1f} s, build {r['build_s']:.1f}, rank {r['rank_s']:.1f}, write "
            f"{r['write_s']:.1f}; CPU {r['cpu_s']:.1f} s; peak {r['peak_MB']:.0f} MB and {r['worker_MB']:.0f} a "
            f"worker; {r['cells']} cells; report {r['report_MB']:.2f} MB, "
            f"JSON {r['json_MB']:.1f}, CSV {r['csv_MB']:.1f}",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
