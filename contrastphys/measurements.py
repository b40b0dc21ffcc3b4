"""Measurements of a formulation as points: from columns, a CSV file, rows, or the record's own."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .files import read_csv
from .formulation import Formulation
from .mistakes import near
from .parameters import listed, wrong
from .parts import Measured
from .showing import shows
from .units import magnitude

# What can be measured: quantity -> modality, unit, and what varies.
QUANTITIES = {
    "r1": ("mri", "1/(mM*s)"),
    "r2": ("mri", "1/(mM*s)"),
    "r2_star": ("mri", "1/(mM*s)"),
    "enhancement_per_mass": ("xray", "HU*mL/mg"),
    "enhancement_per_mole": ("xray", "HU/mM"),
    "hu": ("xray", "HU"),
    "molar_absorption": ("photoacoustic", "1/(M*cm)"),
    "molar_extinction": ("photoacoustic", "1/(M*cm)"),
    "absorbance": ("photoacoustic", "1"),
    "attenuation": ("ultrasound", "dB/cm"),
    "resonance_frequency": ("ultrasound", "MHz"),
    "radius": ("ultrasound", "um"),
}
CONDITIONS = {
    "field": "T", "temperature": "K", "kvp": "kV", "phantom": "cm", "wavelength": "nm", "frequency": "MHz",
    "echo_spacing": "ms", "path": "cm", "time": "us", "pressure_amplitude": "kPa", "cycles": "1", "rest_radius": "um",
}  # fmt: skip
# Parameters of the measurement rather than of the probe: start, lowest, highest.
OWN = {
    "scale": (1.0, 1e-3, 1e3), "offset": (0.0, -math.inf, math.inf), "concentration": (1.0, 0.0, math.inf),
    "rest_radius": (1.5, 0.01, 100.0),
}  # fmt: skip
OWN_UNITS = {"rest_radius": "um"}
WORDS = ("medium", "envelope")  # conditions that are words


@shows("Measurement of {0.quantity}", "value", "sd", "conditions", "row")
@dataclass(frozen=True)
class Point:
    """One measurement: what was measured, under which conditions, and how well."""

    quantity: str
    value: float
    sd: float | None
    conditions: tuple[tuple[str, Any], ...]
    row: int | None = None  # its row among the record's own measurements


def points_of(measurements: Any, agent: Formulation) -> list[Point]:
    """Points of whatever a caller has: columns, a CSV file, rows, or None for the record's own."""
    if measurements is None:
        return _rows(agent.measured, own=True)
    if isinstance(measurements, str | os.PathLike):
        table = read_csv(Path(measurements))
        columns = {k: table.quantity(k) if table.units[k] else list(v) for k, v in table.columns.items()}
        return _columns(columns, agent)
    if isinstance(measurements, Mapping):
        return _columns(measurements, agent)
    rows = [m if isinstance(m, Measured) else Measured(**Measured.prepared(dict(m))) for m in measurements]
    return _rows(rows, own=False)


def _rows(rows: Iterable[Measured], own: bool) -> list[Point]:
    found = []
    for i, row in enumerate(rows):
        if row.quantity not in QUANTITIES:
            continue
        given = {k: getattr(row, k) for k in CONDITIONS if getattr(row, k, None) is not None}
        conditions: dict[str, Any] = {k: v.number for k, v in given.items()}
        if row.medium:
            conditions["medium"] = row.medium
        sd = row.value.sd
        if sd is None and row.value.low is not None and row.value.high is not None:
            sd = (row.value.high - row.value.low) / 4
        found.append(Point(row.quantity, row.value.number, sd or None, tuple(conditions.items()), i if own else None))
    return found


def _columns(columns: Mapping[str, Any], agent: Formulation) -> list[Point]:
    """Points of named columns: one measured quantity, its conditions, and `sd`."""
    measured = [name for name in columns if name in QUANTITIES]
    known = [*QUANTITIES, *CONDITIONS, *WORDS, "sd", "concentration", "basis", "pulse"]
    for name in columns:
        if name not in known:
            raise wrong(
                "calibrate", f"unknown column '{str(name)[:40]}'", near(name, known) or f"known: {', '.join(known)}"
            )
    if len(measured) != 1:
        raise wrong("calibrate", f"{len(measured)} measured columns", f"give one of {', '.join(QUANTITIES)}")
    quantity = measured[0]
    unit = QUANTITIES[quantity][1]

    def plain(name: str, asked: str) -> list[float]:
        found = [magnitude(entry, asked, name) for entry in listed(columns[name])]
        if not all(isinstance(entry, float | int) and math.isfinite(entry) for entry in found):
            raise wrong("calibrate", f"{name} holds an entry that is no finite number", "write a number in every row")
        return [float(entry) for entry in found]

    values = plain(quantity, unit)
    count = len(values)
    held: dict[str, list[Any]] = {}
    for name in columns:
        if name in CONDITIONS:
            held[name] = plain(name, CONDITIONS[name])
        elif name in WORDS:
            held[name] = [str(m) for m in listed(columns[name])]
        elif name == "pulse":
            held[name] = [columns[name]]
        elif name == "concentration":
            basis = str(listed(columns.get("basis", agent.basis))[0])
            amounts = (agent.concentration(entry, basis) for entry in listed(columns[name]))
            held[name] = [a.per_millilitre if agent.entity == "particle" and agent.gas else a.molar(agent.basis)
                          for a in amounts]  # fmt: skip
    spread: list[Any] = plain("sd", unit) if "sd" in columns else [None]
    for name, column in [*held.items(), ("sd", spread)]:
        if len(column) not in (1, count):
            raise wrong(
                "calibrate", f"{name} has {len(column)} entries for {count} of {quantity}", "give one for each, or one"
            )
    if any(s is not None and not s > 0 for s in spread):
        raise wrong("calibrate", "sd holds a value that is not above 0", "leave it out where it is not known")
    found = []
    for i in range(count):
        conditions = {name: column[i % len(column)] for name, column in held.items()}
        found.append(Point(quantity, values[i], spread[i % len(spread)], tuple(conditions.items())))
    return found
