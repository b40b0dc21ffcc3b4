"""Builds the tungsten tube spectra of this folder with SpekPy; not needed to use them.

For each anode angle two files are written, both per mA*s at 100 cm from the focus, without any filter:

- ``tungsten_<angle>deg_continuum.csv``: bremsstrahlung fluence per keV at nodes that keep to one side of the
  L and K edges of tungsten (the anode absorbs its own radiation, so the continuum jumps there);
- ``tungsten_<angle>deg_lines.csv``: characteristic fluence of each line (photons, not per keV) at its own
  energy. The lines stay apart because W K-beta1 at 67.24 keV lies 0.2 keV below the K edge of tantalum: a
  line smeared over a wide bin ends up on the wrong side of the edge.

One column per tube voltage, every 2.5 kV up to 60 kV and every 5 kV above. Run
``python materials/spectra/build.py`` where SpekPy is installed (a few minutes); the tables are deterministic.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import spekpy

HERE = Path(__file__).resolve().parent
ANGLES = (7, 9, 12, 16, 20)
KVP = (*np.arange(30.0, 60.0, 2.5), *np.arange(60.0, 152.5, 5.0))
BIN = 0.1
W_EDGES = (10.207, 11.544, 12.100, 69.525)
SOURCE = (
    f"SpekPy {spekpy.__version__}, physics model casim, tungsten reflection target, no filtration, 100 cm, 1 mA*s "
    "(Poludniowski, Med Phys 2021, 48:3630, doi:10.1002/mp.14945)"
)
LICENCE = "computed with SpekPy (MIT licence); the tables are MIT"


def nodes() -> np.ndarray:
    """Energies in keV, multiples of 0.1, fine where the continuum bends, on both sides of each W edge."""
    grid = np.concatenate(
        [
            np.arange(1.5, 5, 0.25),
            np.arange(5, 30, 0.5),
            np.arange(30, 66, 1.0),
            np.arange(66, 74, 0.5),
            np.arange(74, 151, 1.0),
        ]
    )
    sides = [f(edge * 10) / 10 for edge in W_EDGES for f in (np.floor, np.ceil)]
    return np.unique(np.round(np.concatenate([grid, sides]), 1))


def line_table() -> tuple[np.ndarray, np.ndarray]:
    """Energies and relative probabilities of the K and L lines of tungsten in SpekPy's own data."""
    path = Path(spekpy.__file__).parent / "data" / "tables" / "advanced" / "Z74ch.npz"
    if not path.exists():
        path = next(Path(spekpy.__file__).parent.rglob("Z74ch.npz"))
    with np.load(path) as data:
        energy = np.concatenate([data[f"k{shell}"] for shell in ("L1", "L2", "L3", "K")]).astype(float)
        weight = np.concatenate([data[f"P{shell}"] for shell in ("L1", "L2", "L3", "K")]).astype(float)
    return energy, weight


def spectrum(kvp: float, angle: float, lines: bool) -> tuple[np.ndarray, np.ndarray]:
    """Bin centres (multiples of 0.1 keV) and fluence per keV of the continuum, or of the lines alone."""
    tube = spekpy.Spek(
        kvp=kvp, th=angle, dk=BIN, shift=-0.5, physics="casim", mu_data_source="nist", brem=not lines, char=lines
    )
    energy, fluence = tube.get_spectrum(edges=False, flu=True, diff=True)
    return energy, fluence


def write(path: Path, note: str, header: list[str], rows: list[list[str]]) -> None:
    """Write one table with its source, licence and note lines."""
    text = [f"# source: {SOURCE}", f"# licence: {LICENCE}", f"# note: {note}", ",".join(header)]
    text += [",".join(row) for row in rows]
    path.write_text("\n".join(text) + "\n", encoding="utf-8", newline="\n")


def build(angle: int) -> None:
    """Write the two tables of one anode angle."""
    at = nodes()
    energies, weights = line_table()
    continuum = np.zeros((at.size, len(KVP)))
    lines: dict[float, np.ndarray] = {}
    for column, kvp in enumerate(KVP):
        energy, fluence = spectrum(kvp, angle, lines=False)
        inside = at < kvp - 0.5 * BIN
        continuum[inside, column] = np.interp(at[inside], energy, fluence)
        energy, fluence = spectrum(kvp, angle, lines=True)
        for i in np.flatnonzero(fluence > 0):
            own = np.abs(energies - energy[i]) <= 0.5 * BIN + 1e-9
            if not own.any() or energy[i] < 7.0:
                continue
            mean = round(float(np.average(energies[own], weights=weights[own])), 3)
            lines.setdefault(mean, np.zeros(len(KVP)))[column] += fluence[i] * BIN
    common = [f"kvp_{kvp:g} [1/(keV*mA*s*cm^2)]" for kvp in KVP]
    write(
        HERE / f"tungsten_{angle}deg_continuum.csv",
        f"anode angle {angle} deg; bremsstrahlung per keV, 0 above the tube voltage; interpolate between W edges only",
        ["energy [keV]", *common],
        [[f"{e:g}", *(f"{v:.5g}" for v in row)] for e, row in zip(at, continuum, strict=True)],
    )
    largest = max(row.max() for row in lines.values())
    kept = {e: row for e, row in sorted(lines.items()) if row.max() > 1e-4 * largest}
    write(
        HERE / f"tungsten_{angle}deg_lines.csv",
        f"anode angle {angle} deg; characteristic photons of each line of tungsten (lines within 0.1 keV are one row)",
        ["energy [keV]", *(name.replace("1/(keV*", "1/(") for name in common)],
        [[f"{e:g}", *(f"{v:.5g}" for v in row)] for e, row in kept.items()],
    )


def main() -> None:
    """Build all angles, or those named on the command line."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("angles", nargs="*", type=int, default=ANGLES)
    for angle in parser.parse_args().angles or ANGLES:
        build(angle)


if __name__ == "__main__":
    main()
