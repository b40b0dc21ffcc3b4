"""Sweeps: points a second here, in processes, and on a Dask cluster, and whether every answer is the same.

    python benchmarks/bench_sweep.py [--points 100000] [--workers 1 2] [--json FILE]

Three formulations over four modalities, on a grid and at random samples of dose, field, tube voltage, frequency and
wavelength. On the grid each modality answers once for every distinct set of values that reaches it; of samples it is
tabulated along the one number it sees besides the dose. The comparison is with computing every
point by itself (`cp.compare` of a changed study), timed on a few points. Wall seconds, start of workers included.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

import contrastphys as cp
from contrastphys.parameters import changed
from contrastphys.sampling import Uniform
from contrastphys.study import Study, cells
from contrastphys.sweeps import sweep

Q = cp.Q
SHELL = {"law": "marmottant", "chi": "0.5 N/m", "kappa_s": "5e-9 kg/s", "sigma0": "0.02 N/m"}
GAS = {"species": "C4F10", "diameter": "2.5 um", "sigma_ln": 0.4, "concentration": "2e8 1/mL", "shell": SHELL}


def study() -> Study:
    """A gold particle, a bubble and a chelate."""
    gold = cp.Formulation(
        id="gold", kind="nanoparticle", cores={"material": "gold", "diameter": "10 nm"},
        dose={"value": "50 mg/kg", "basis": "Au"},
    )  # fmt: skip
    bubble = cp.Formulation(id="bubble", kind="bubble", gas=GAS, dose={"value": "2 mL", "basis": "suspension"})
    return Study((gold, bubble, cp.load("gadoterate")))


def grid(points: int) -> dict[str, Any]:
    """Five axes of equal length, at least `points` points in all."""
    n = round(points ** (1 / 5) + 0.4999)
    return {
        "formulation.gold.dose": Q(np.linspace(10, 100, n), "mg/kg"),
        "protocol.mri.field": Q(np.linspace(0.5, 7, n), "T"),
        "protocol.xray.kvp": Q(np.linspace(80, 140, n), "kV"),
        "protocol.ultrasound.frequency": Q(np.linspace(1, 10, n), "MHz"),
        "protocol.photoacoustic.wavelength": Q(np.linspace(700, 980, n), "nm"),
    }


def samples() -> dict[str, Any]:
    """The same five as distributions."""
    return {
        "formulation.gold.dose": Uniform("10 mg/kg", "100 mg/kg"),
        "protocol.mri.field": Uniform("0.5 T", "7 T"),
        "protocol.xray.kvp": Uniform("80 kV", "140 kV"),
        "protocol.ultrasound.frequency": Uniform("1 MHz", "10 MHz"),
        "protocol.photoacoustic.wavelength": Uniform("700 nm", "980 nm"),
    }


def one_by_one(made: Study, over: dict[str, Any], count: int = 20) -> float:
    """Seconds a point where every point is computed by itself."""
    cells(made)  # compiled and read
    began = time.perf_counter()
    for i in range(count):
        cells(changed(made, {path: values[i % len(values)] for path, values in over.items()}))
    return (time.perf_counter() - began) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    made, over = study(), grid(options.points)
    rows: dict[str, float] = {}
    digests: dict[str, set[str]] = {"grid": set(), "random": set()}

    def timed(name: str, executor: Any) -> None:
        for kind, asked in (("grid", over), ("random", samples())):
            count = options.points if kind == "random" else None
            began, used = time.perf_counter(), time.process_time()
            result = sweep(made, asked, executor=executor, samples=count, progress=False)
            rows[f"{name}, {kind}"] = wall = time.perf_counter() - began
            digests[kind].add(result.digest())
            own = time.process_time() - used
            rate = f"{wall:8.2f} s ({own:.1f} of this process) {result.done.size / wall:10.0f} points/s"
            print(f"{f'{name}, {kind}':<34}{rate}  {result.digest()[:12]}", flush=True)

    timed("here", None)
    for workers in options.workers:
        timed(f"{workers} spawned processes", workers)
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        print("dask.distributed is not installed: no cluster")
    else:
        with (
            LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
            ) as cluster,
            Client(cluster) as client,
        ):
            timed("Dask, 2 worker processes", client.get_executor())
    rows["one by one, a point"] = one_by_one(made, over)
    print(f"{'every point by itself':<28}{rows['one by one, a point'] * 1e3:8.2f} ms a point")
    same = all(len(found) == 1 for found in digests.values())
    print("the same bit for bit" if same else "NOT THE SAME")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
