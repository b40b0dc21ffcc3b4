"""Relaxation times of tissue against field, from the table of published values.

At each field the table holds, the median of its rows; between two fields a straight line in the logarithms; outside
them T1 follows B0^(1/3) from the last field and T2 stays, both flagged. A time the table has at no field is refused.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from .. import records
from ..mistakes import near
from ..provenance import Flag, Refusal, Value
from ..showing import shows

TABLE = "media/tissue_relaxation.csv"


@functools.cache
def _curve(tissue: str, column: str) -> tuple[tuple[float, float, int, str], ...]:
    """(field, median, rows, sources) of one tissue and time, rising in field."""
    found: dict[float, list[tuple[float, str]]] = {}
    for row in records.table(TABLE).rows():
        value = row[column]
        if row["tissue"] == tissue and np.isfinite(row["field"]) and not isinstance(value, str) and np.isfinite(value):
            found.setdefault(float(row["field"]), []).append((float(value), row["citation"]))
    return tuple(
        (field, float(np.median([v for v, _ in rows])), len(rows), "; ".join(sorted({c for _, c in rows})[:3]))
        for field, rows in sorted(found.items())
    )


def tissues() -> list[str]:
    """Tissues for which the table holds a T1."""
    names = dict.fromkeys(records.table(TABLE)["tissue"])
    return [name for name in names if _curve(name, "T1")]


def time(tissue: str, column: str, field: float) -> Value:
    """T1, T2 or T2_star [s] of a tissue at a field [T].

    Examples
    --------
    >>> print(f"{time('blood', 'T1', 3.0).number:.2f}")
    1.66
    """
    curve = _curve(tissue, column)
    if not curve:
        names = tissues()
        if tissue not in names:
            raise Refusal("tissue", f"no tissue '{tissue[:40]}': {near(tissue, names) or 'known: ' + ', '.join(names)}")
        raise Refusal("tissue", f"the table holds no {column} of {tissue} at any field: state it in the protocol")
    fields = np.array([point[0] for point in curve])
    values = np.array([point[1] for point in curve]) * 1e-3
    flags: tuple[Flag, ...] = ()
    low, high = float(fields[0]), float(fields[-1])
    if low <= field <= high:
        number = float(np.exp(np.interp(np.log(field), np.log(fields), np.log(values))))
    else:
        end = 0 if field < low else -1
        number = float(values[end])
        how = "held"
        if column == "T1":
            number *= float(field / fields[end]) ** (1 / 3)
            how = "extrapolated as B0^(1/3)"
        span = f"{low:g} T" if low == high else f"{low:g} to {high:g} T"
        message = f"{column} of {tissue} is tabulated at {span}: {how} to {field:g} T"
        flags = (Flag("tissue-extrapolated", message, "warn"),)
    near_field = int(np.argmin(np.abs(np.log(fields / field))))
    rows = curve[near_field][2]
    spread = 0.10 if not flags else 0.30
    source = f"median of {rows} rows near {fields[near_field]:g} T: {curve[near_field][3]}"
    letter = "A" if flags else "S"
    return Value(number, "s", source=source, status="second-hand", letter=letter, flags=flags).with_error(spread)


@shows("Relaxation times", "t1", "t2", "t2_star", line="own")
class Times(NamedTuple):
    """Relaxation times of a tissue at one field."""

    t1: Value
    t2: Value
    t2_star: Value


def times(tissue: str, field: float) -> Times:
    """T1, T2 and T2* of a tissue at a field; T2* that the table lacks is taken as T2 and flagged."""
    t1, t2 = time(tissue, "T1", field), time(tissue, "T2", field)
    try:
        star = time(tissue, "T2_star", field)
        if star.number > t2.number:
            star = star.with_(number=t2.number)
    except Refusal:
        message = f"no T2* of {tissue} in the table: T2 taken, which is its upper bound"
        star = t2.with_flags(Flag("t2-star", message, "note"))
    return Times(t1, t2, star)
