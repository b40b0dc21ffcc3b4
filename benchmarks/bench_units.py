"""What a unit-aware call costs over its plain body, against pint's own ways, measured in one run.

    python benchmarks/bench_units.py

The same relaxation rate is computed four ways: the plain body, the package's door, pint's `wraps`, and quantity
arithmetic inside the body. Times are the best of several repeats, per call.
"""

from __future__ import annotations

import argparse
import timeit
from collections.abc import Callable

import numpy as np
import pint

from contrastphys.unit_strings import ureg
from contrastphys.units import Q, quantities


def body(field: float, diameter: float, magnetisation: float, temperature: float) -> float:
    """Some arithmetic of the length of a short kernel."""
    return field * diameter**3 * magnetisation / temperature


door = quantities(
    "1/(mM*s)",
    field=("T", 1e-5, 30, "static magnetic field"),
    diameter=("nm", 1, 100, "magnetic core diameter"),
    magnetisation=("A/m", 1e3, 2e6, "saturation magnetisation"),
    temperature=("K", 250, 400, "temperature"),
)(body)
wrapped = ureg.wraps("1/(mM*s)", ("T", "nm", "A/m", "K"))(body)


def arithmetic(field, diameter, magnetisation, temperature):
    """The same with quantities all the way."""
    return (field * diameter**3 * magnetisation / temperature).to("T*nm^3*A/m/K")


def per_call(call: Callable[[], object], seconds: float = 0.05) -> float:
    """Best time of one call, microseconds."""
    call()
    timer = timeit.Timer(call)
    number = max(1, int(timer.autorange()[0] * seconds / 0.2))
    return min(timer.repeat(7, number)) / number * 1e6


def rows() -> list[tuple[str, float, float]]:
    """Way, microseconds a call, times the plain body."""
    scalars = (Q(1.5, "T"), Q(10.0, "nm"), Q(4e5, "A/m"), Q(310.15, "K"))
    other_units = (Q(1500.0, "mT"), Q(0.01, "um"), Q(400.0, "kA/m"), Q(37.0, "degC"))
    integers = (Q(2, "T"), Q(10, "nm"), Q(400, "kA/m"), Q(310, "K"))
    words = ("1.5 T", "10 nm", "400 kA/m", "37 degC")
    many = (Q(np.linspace(0.1, 10, 1000), "T"), *scalars[1:])
    plain = per_call(lambda: body(1.5, 10.0, 4e5, 310.15))
    numbers = np.linspace(0.1, 10, 1000)
    plain_many = per_call(lambda: body(numbers, 10.0, 4e5, 310.15))
    found = [
        ("plain body", plain, plain),
        ("door, units of the table", per_call(lambda: door(*scalars)), plain),
        ("door, other units", per_call(lambda: door(*other_units)), plain),
        ("door, whole numbers", per_call(lambda: door(*integers)), plain),
        ("door, strings", per_call(lambda: door(*words)), plain),
        ("pint wraps", per_call(lambda: wrapped(*scalars)), plain),
        ("pint wraps, other units", per_call(lambda: wrapped(*other_units)), plain),
        ("pint arithmetic", per_call(lambda: arithmetic(*scalars)), plain),
        ("plain body, 1000 fields", plain_many, plain_many),
        ("door, 1000 fields", per_call(lambda: door(*many)), plain_many),
        ("pint wraps, 1000 fields", per_call(lambda: wrapped(*many)), plain_many),
        ("pint arithmetic, 1000 fields", per_call(lambda: arithmetic(*many)), plain_many),
    ]
    return [(way, time, time / base) for way, time, base in found]


def main() -> None:
    """Print the table; with `--limit US` fail when a scalar door costs more than that over its body."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--limit", type=float, help="microseconds a scalar door may cost over its body")
    limit = parser.parse_args().limit
    table = rows()
    print(f"pint {pint.__version__}, numpy {np.__version__}; four arguments, best of 7")
    print(f"{'way':<30} {'us a call':>10} {'over body':>10} {'times body':>11}")
    plain = table[0][1]
    for way, time, times in table:
        over = time - (plain if "1000" not in way else time / times)
        print(f"{way:<30} {time:>10.2f} {over:>10.2f} {times:>11.1f}")
    worst = max(time - plain for way, time, _ in table if way.startswith("door") and "1000" not in way)
    if limit is not None and worst > limit:
        raise SystemExit(f"a scalar door costs {worst:.1f} us over its body, more than {limit:g}")


if __name__ == "__main__":
    main()
