"""Particles after a calibration on two of their points: what the fitted model says of the points it was not given.

A study counts where it holds r1 and r2 of one particle at one field, and at least one point more. The pair nearest
1.5 T sets the diameter and the magnetisation of the core; every other point of the same study, medium and temperature
is asked of the fitted model. The pair itself is not scored.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..provenance import Value
from .relaxivities import RELAXIVITIES
from .rows import Published, author

FITTED_AT = 1.5  # T: the pair nearest to it is fitted
GROUP = "iron oxide after two points"


def calibrated(rows: Sequence[Published]) -> Iterator[Published]:
    """Every point of such a study that its calibration did not use, as a question to the calibrated model."""
    studies: dict[tuple, list[Published]] = {}
    for row in rows:
        if _fits(row):
            paper = author(row.source)
            medium, warm = row.given["medium"], round(float(row.given["temperature"]))
            studies.setdefault((row.agent, row.size, paper, medium, warm), []).append(row)
    for points in studies.values():
        pair = _pair(points)
        if pair is None or len(points) < 3:
            continue
        model = functools.partial(_model, pair)
        for row in points:
            if row not in pair:
                source = f"fitted to r1 and r2 at {pair[0].given['field']:g} T of the same study"
                yield dataclasses.replace(
                    row, group=f"{GROUP}, {row.quantity}", ask=_question(model, row), again=True,
                    assumed="; ".join(filter(None, (row.assumed, source))),
                )  # fmt: skip


def _fits(row: Published) -> bool:
    """Whether a row is a point of an iron oxide or ferrite particle that a model can be asked for."""
    from .. import records

    probe = row.formulation
    if row.ask is None or row.number is None or row.used or row.quantity not in RELAXIVITIES:
        return False
    if probe is None or len(probe.cores) != 1 or probe.payloads:
        return False
    return bool(records.material(probe.cores[0].material).magnetic_class in ("ferrimagnet", "ferromagnet"))


def _pair(points: Sequence[Published]) -> tuple[Published, Published] | None:
    """r1 and r2 at one field, that nearest 1.5 T."""
    at: dict[float, dict[str, Published]] = {}
    for row in points:
        at.setdefault(float(row.given["field"]), {}).setdefault(row.quantity, row)
    pairs = [(abs(math.log(b / FITTED_AT)), b) for b, held in at.items() if {"r1", "r2"} <= set(held)]
    if not pairs:
        return None
    held = at[min(pairs)[1]]
    return held["r1"], held["r2"]


_fitted: dict[tuple, Any] = {}  # by what was fitted: a fit is made once


def _model(pair: tuple[Published, Published]) -> Any:
    from .. import mri, records

    key = (
        tuple(records.folders()),
        *((row.agent, row.size, row.number, *map(str, row.given.values())) for row in pair),
    )
    if key not in _fitted:
        _fitted[key] = mri.calibrate(pair[0].formulation, _measurements(pair))  # type: ignore[arg-type]
    return _fitted[key]


def _measurements(pair: tuple[Published, Published]) -> list[dict[str, Any]]:
    return [
        {
            "quantity": row.quantity, "value": row.number, "unit": row.unit, "per": row.given["per"],
            "field": f"{row.given['field']!r} T", "temperature": f"{row.given['temperature']!r} K",
            "medium": row.given["medium"], **({} if row.sd is None else {"sd": row.sd}),
        }
        for row in pair
    ]  # fmt: skip


def _question(model: Callable[[], Any], row: Published) -> Callable[[], Value]:
    def ask() -> Value:
        from .. import mri
        from ..mri.measured import per_metal

        found = model().predict(row.quantity, dict(row.given))
        per = row.given["per"]
        factor = per_metal(row.formulation, per, mri.agents.relaxing_metal(row.formulation))
        low, high = found.bounds()
        return found.with_(number=found.number / factor, low=low / factor, high=high / factor)

    return ask
