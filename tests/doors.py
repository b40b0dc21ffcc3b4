"""The public functions with a table of quantities, found by walking the package, and values to call them with.

A function that is added is found here without being named; what cannot be drawn from a table (an agent, a bubble) is
stood in for by the argument's name.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import math
import pkgutil
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

import contrastphys
from contrastphys.units import magnitude


def modules():
    """Every module of the package; templates and the command line's entry are none."""
    for found in pkgutil.walk_packages(contrastphys.__path__, "contrastphys."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def public(module):
    """Names that a module itself defines for others."""
    for name, thing in vars(module).items():
        if not name.startswith("_") and getattr(thing, "__module__", "") == module.__name__:
            yield f"{module.__name__}.{name}", thing


MODULES = list(modules())
ALL = dict(pair for module in MODULES for pair in public(module))
DOORS = {name: thing for name, thing in ALL.items() if hasattr(thing, "bare") and hasattr(thing, "table")}
FUNCTIONS = {name: thing for name, thing in ALL.items() if inspect.isfunction(thing) or inspect.isclass(thing)}


@functools.cache
def stand_ins() -> dict[str, Any]:
    """What a required argument without a unit may be, by its name."""
    photoacoustic, ultrasound = (
        importlib.import_module(f"contrastphys.{name}") for name in ("photoacoustic", "ultrasound")
    )
    gold = contrastphys.load("gold-sphere-40nm")
    return {
        "agent": gold,
        "concentration": gold.concentration("0.1 nM", "particle"),
        "sequence": "spgr",
        "particle": photoacoustic.sphere("40 nm"),
        "permittivity": -5.0 + 2.0j,
        "count": 4,
        "optical_density": 0.5,
        "droplet": "C5F12",
        "bubble": ultrasound.Bubble("1 um"),
        "population": ultrasound.Population(
            ultrasound.LogNormal("1 um", 0.3),
            "1e6 1/mL",
            ultrasound.Gas(),
            ultrasound.Marmottant("0.5 N/m", "2e-9 kg/s", "0.01 N/m"),
            classes=12,
        ),
        "pulse": ultrasound.Pulse("2 MHz", "10 kPa", cycles=4),
        "gas": ultrasound.Gas(),
        "gases": [importlib.import_module("contrastphys.ultrasound.stability").Species.bare("air", 0.02, 2e-9, 1.0)],
        "shell": ultrasound.Marmottant("0.5 N/m", "2e-9 kg/s", "0.01 N/m"),
        "formula": "Ta2O5",
        "components": {"water": "1 g/mL", "I": "10 mg/mL"},
    }


# Arguments without a unit that keep a call short.
OPTIONS: dict[str, dict] = {
    "contrastphys.mri.random_walk.simulated_relaxivity": {"walkers": 20},
    "contrastphys.mri.moment_walk.low_field_relaxivity": {"walkers": 10},
    "contrastphys.photoacoustic.coefficients.from_optical_density": {"path": 1.0},
    "contrastphys.mri.model.relaxivity": {"agent": contrastphys.load("gadoterate")},
    "contrastphys.mri.sequences.signal": {"flip": 0.3},
    "contrastphys.ultrasound.droplets.vaporisation_threshold": {"diameter": 1.0},
}


def needed(name: str) -> tuple[list[str], dict[str, Any]]:
    """Required arguments of a function that its table describes, and stand-ins for the others."""
    door, others = DOORS[name], dict(OPTIONS.get(name, {}))
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    drawn = []
    for argument, about in inspect.signature(door).parameters.items():
        if about.default is about.empty and about.kind not in kinds and argument not in others:
            if argument in door.table:
                drawn.append(argument)
            else:
                others[argument] = stand_ins()[argument]  # a KeyError here asks for a stand-in of a new kind
    return drawn, others


def within(row, share: float) -> float:
    """A number of a row's range: the share of the way from low to high, geometric where the range spans decades."""
    low = row.low if math.isfinite(row.low) else -1e12
    high = row.high if math.isfinite(row.high) else max(1.0, low) * 1e6
    if low > 0 and high / low > 20:
        return low * (high / low) ** share
    if low == 0 and high > 20:
        return high * 1e-6 ** (1 - share)
    return low + (high - low) * share


def plain(result, unit):
    """The numbers of a result, whatever carries them."""
    if isinstance(unit, tuple):
        return [plain(part, one) for part, one in zip(result, unit, strict=True)]
    if hasattr(result, "magnitude"):
        return np.asarray(result.magnitude if unit is None else magnitude(result, unit))
    if is_dataclass(result) and not isinstance(result, type):
        return [plain(getattr(result, f.name), None) for f in fields(result) if f.compare]
    if isinstance(result, list | tuple):
        return [plain(part, None) for part in result]
    return result


def same(a, b, rtol: float = 1e-6, atol: float = 0.0):
    """Whether two results hold the same numbers; the samples of a long trace, which is derived in time, on its peak."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y, rtol, atol) for x, y in zip(a, b, strict=True))
    if getattr(b, "size", 1) > 1000 and b.dtype.kind in "fc":
        atol = max(atol, 0.1 * rtol * float(np.nanmax(np.abs(b))))
    try:
        return bool(np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True))
    except (TypeError, ValueError):
        return type(a) is type(b)


def ours(error: BaseException) -> bool:
    """Whether the package raised an error itself."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return place is not None and place.tb_frame.f_code.co_filename.startswith(contrastphys.__path__[0])
