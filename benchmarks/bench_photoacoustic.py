"""Light on spheres against miepython (compiled) and scattnlay, and the times of the photoacoustic room, in one run.

    python benchmarks/bench_photoacoustic.py [--count 100000]

The peers belong to the oracle group; where one is missing its rows are left out. miepython compiles at its first call,
which is not counted. Times are the best of several repeats; a peer's repeats alternate with ours, and the ratio is
given from the least to the greatest of them.
"""

from __future__ import annotations

import os

os.environ.setdefault("MIEPYTHON_USE_JIT", "1")  # read when miepython is imported

import argparse
import contextlib
import io
import time
from collections.abc import Callable

import numpy as np

from contrastphys.photoacoustic import heating
from contrastphys.photoacoustic.layers import Layer
from contrastphys.photoacoustic.optics import coated_mie, mie
from contrastphys.photoacoustic.particles import rod, sphere
from contrastphys.photoacoustic.permittivity import refractive_index, silica_index, water_index
from contrastphys.photoacoustic.sections import cross_sections
from contrastphys.photoacoustic.single_particle import emission


def best(call: Callable[[], object], repeats: int = 3) -> float:
    """Best time of a call, s."""
    found = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            call()
        found = min(found, time.perf_counter() - start)
    return float(found)


def duel(ours: Callable[[], object], theirs: Callable[[], object], repeats: int = 5) -> tuple[float, str]:
    """Best time of a peer, s, and how many times ours it takes, from repeat to repeat in turn."""
    times = [(best(ours, 1), best(theirs, 1)) for _ in range(repeats)]
    ratios = [there / here for here, there in times]
    return min(there for _, there in times), f"{min(ratios):.1f} to {max(ratios):.1f} times ours"


def gold_grid(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Index of gold and of silica over water's, and size parameter, for diameters x wavelengths."""
    side = int(np.sqrt(count))
    wavelength = np.linspace(400.0, 1100.0, side)[None, :]
    radius = np.linspace(2.0, 150.0, count // side)[:, None]
    medium = water_index.bare(wavelength)
    x = 2 * np.pi * medium * radius / wavelength
    gold = refractive_index.bare(wavelength, "gold") / medium + 0 * x
    return gold, silica_index.bare(wavelength) / medium + 0 * x, x


def rows(count: int) -> list[tuple[str, float, str]]:
    """What, seconds, remark."""
    gold, silica, x = gold_grid(count)
    rng = np.random.default_rng(1)
    wide = 10 ** rng.uniform(-3, np.log10(200), count)
    any_m = rng.uniform(0.05, 3, count) + 1j * rng.uniform(0, 7, count)
    found = [
        ("sphere, diameter x wavelength", best(lambda: mie(gold, x)), f"{x.size} spheres"),
        ("sphere, x from 1e-3 to 200", best(lambda: mie(any_m, wide)), f"{count} spheres"),
        ("coated, diameter x wavelength", best(lambda: coated_mie(gold, silica, 0.8 * x, x)), f"{x.size} spheres"),
    ]
    with contextlib.suppress(ImportError):
        import miepython

        miepython.efficiencies_mx(np.conj(gold.ravel()[:9]), x.ravel()[:9])
        first = duel(lambda: mie(gold, x), lambda: miepython.efficiencies_mx(np.conj(gold.ravel()), x.ravel()))
        found.append(("  miepython, compiled, the same grid", *first))
        second = duel(lambda: mie(any_m, wide), lambda: miepython.efficiencies_mx(np.conj(any_m), wide))
        found.append(("  miepython, compiled, x from 1e-3 to 200", *second))
    with contextlib.suppress(ImportError):
        from scattnlay import scattnlay

        layers = np.c_[0.8 * x.ravel(), x.ravel()], np.c_[gold.ravel(), silica.ravel()]
        third = duel(lambda: coated_mie(gold, silica, 0.8 * x, x), lambda: scattnlay(*layers), 3)
        found.append(("  scattnlay, coated, the same grid", *third))
    spectrum = np.linspace(450.0, 1000.0, 551)
    layer = Layer(317.0, 2.49e6)
    heating.heat(20e-9, layer, 5e-9)
    found += [
        (
            "spectrum of a 40 nm sphere",
            best(lambda: cross_sections.bare(sphere.bare(40.0), spectrum)),
            "551 wavelengths",
        ),
        (
            "the same over a size spread",
            best(lambda: cross_sections.bare(sphere.bare(40.0, sigma_ln=0.2), spectrum)),
            "25 sizes x 551 wavelengths",
        ),
        (
            "spectrum of rods, aspect ratios spread",
            best(lambda: cross_sections.bare(rod.bare(41.0, 10.0, aspect_sd=0.5), spectrum)),
            "41 shapes x 551 wavelengths",
        ),
        ("heat of one pulse", best(lambda: heating.heat(20e-9, layer, 5e-9)), "300 cells x 1500 steps"),
        ("sound of one particle, broadband", best(lambda: emission.bare(sphere.bare(40.0), 3.0)), ""),
        ("sound of one particle at 20 MHz", best(lambda: emission.bare(sphere.bare(40.0), 3.0, frequency=20.0)), ""),
    ]
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000, help="spheres in each large run")
    for what, seconds, remark in rows(parser.parse_args().count):
        print(f"{what:42s} {seconds * 1e3:10.2f} ms   {remark}")


if __name__ == "__main__":
    main()
