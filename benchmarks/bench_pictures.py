"""How long the pictures of a study of twelve formulations take, each written as SVG and as PNG at 150 dpi.

    python benchmarks/bench_pictures.py

Printed are wall and processor time (they differ where the machine is busy with something else); loading matplotlib
and computing the cells is not counted.
"""

from __future__ import annotations

import time

from contrastphys import compare, plots

TWELVE = (
    "gadoterate", "gadobutrol", "gadopiclenol", "ferumoxytol", "iohexol", "bismuth-74nm", "gold-sphere-40nm",
    "gold-nanorod-41x10nm", "icg", "sonovue", "definity", "magnetite-pfh",
)  # fmt: skip


def main() -> None:
    """Print a line for every picture, and all together."""
    result = compare(TWELVE)
    plots.draw("margins", result)
    walls, works = [], []
    for name in plots.of_comparison(result):
        wall, work = time.perf_counter(), time.process_time()
        plots.draw(name, result)
        walls.append(time.perf_counter() - wall)
        works.append(time.process_time() - work)
        print(f"{name:14s} {walls[-1]:7.2f} s wall {works[-1]:7.2f} s of processor")
    print(f"{len(walls)} pictures {sum(walls):7.2f} s wall {sum(works):7.2f} s of processor")


if __name__ == "__main__":
    main()
