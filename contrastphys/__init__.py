"""Unit-aware physics of imaging contrast agents: one record of a formulation, what every modality sees.

    import contrastphys as cp

    Q = cp.Q
    cp.load("gadoterate").concentration("1 mM", "Gd")
    cp.mri.relaxivity("gadoterate", Q(3, "T")).r1
    cp.compare(["gadoterate", "ferumoxytol", "iohexol"]).report("report.html")

Heavy parts are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import Any

from .concentration import Concentration
from .formulation import Formulation, catalogue, load
from .mistakes import RecordError
from .parts import Amount, BubbleShell, Core, Dose, GasCore, LiquidCore, Measured, Molecule, Payload, Shell
from .provenance import Cell, Flag, Refusal, Value
from .units import Q, RangeWarning, UnitError

__version__ = "0.1.0"

# Front doors that live in rooms imported on first use: name -> (module, attribute or None for the module).
_LAZY = {
    "mri": ("mri", None),
    "xray": ("xray", None),
    "photoacoustic": ("photoacoustic", None),
    "ultrasound": ("ultrasound", None),
    "claims": ("claims", None),
    "Study": ("study", "Study"),
    "Scenario": ("study", "Scenario"),
    "read": ("study", "read"),
    "Comparison": ("comparison", "Comparison"),
    "compare": ("comparison", "compare"),
    "validate": ("validation", "validate"),
    "Propagation": ("uncertainty", "Propagation"),
    "propagate": ("uncertainty", "propagate"),
    "solve": ("design", "solve"),
    "ask": ("questions", "ask"),
    "Calibration": ("calibration", "Calibration"),
    "calibrate": ("calibration", "calibrate"),
    "optimise": ("optimising", "optimise"),
    "Sweep": ("sweeps", "Sweep"),
    "sweep": ("sweeps", "sweep"),
}

__all__ = [
    "Amount",
    "BubbleShell",
    "Calibration",
    "Cell",
    "Comparison",
    "Concentration",
    "Core",
    "Dose",
    "Flag",
    "Formulation",
    "GasCore",
    "LiquidCore",
    "Measured",
    "Molecule",
    "Payload",
    "Propagation",
    "Q",
    "RangeWarning",
    "RecordError",
    "Refusal",
    "Scenario",
    "Shell",
    "Study",
    "Sweep",
    "UnitError",
    "Value",
    "ask",
    "calibrate",
    "catalogue",
    "claims",
    "compare",
    "load",
    "mri",
    "optimise",
    "photoacoustic",
    "propagate",
    "read",
    "solve",
    "sweep",
    "ultrasound",
    "validate",
    "xray",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'contrastphys' has no attribute '{name}'")
    module, attribute = _LAZY[name]
    found = importlib.import_module(f".{module}", __name__)
    value = found if attribute is None else getattr(found, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
