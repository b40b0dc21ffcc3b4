"""Radius against time of one bubble of an agent, as a fast camera records it: what a fit compares with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formulation import Formulation
from ..provenance import Refusal
from .assembly import shell_of
from .bubble import BODY_TEMPERATURE, Bubble, gas, liquid
from .dynamics import between, simulate
from .pulses import Pulse

TOLERANCE = 1e-8
DEFAULTS: dict[str, Any] = {
    "medium": "water", "temperature": BODY_TEMPERATURE, "envelope": "rectangle", "cycles": None, "frequency": None,
    "pressure_amplitude": None, "rest_radius": None, "pulse": None,
}  # fmt: skip


def radii(formulation: Formulation, conditions: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
    """Radius [um] at the time [us] of each condition; what shares a bubble and a drive is simulated once.

    A condition holds `time` [us] from the start of the pulse, `rest_radius` [um], and the drive: a `pulse`, or
    `frequency` [MHz], `pressure_amplitude` [kPa; positive begins with rarefaction], `cycles` and `envelope`; also
    `medium` (water) and `temperature` [K].

    Notes
    -----
    As `simulate`, by the Keller-Miksis equation: one bubble far from walls and others.

    References
    ----------
    J. B. Keller, M. Miksis, J. Acoust. Soc. Am. 68, 628 (1980), doi:10.1121/1.384720

    Examples
    --------
    >>> from contrastphys.formulation import load
    >>> drive = {"frequency": 2.0, "pressure_amplitude": 50.0, "cycles": 4.0, "rest_radius": 1.5}
    >>> found = radii(load("definity"), [{"time": t, **drive} for t in (0.0, 0.25, 0.5)])
    >>> found[0], bool(found[1] > 1.5)
    (np.float64(1.5), True)
    """
    groups: dict[tuple, list[int]] = {}
    for i, given in enumerate(conditions):
        unknown = [key for key in given if key not in DEFAULTS and key != "time"]
        if unknown:
            raise Refusal("condition", f"unknown condition {unknown[0]!r}: a trace takes time, {', '.join(DEFAULTS)}")
        if "time" not in given:
            raise Refusal("no-time", "a radius without its time: give a column time, such as 'time [us]'")
        groups.setdefault(tuple(given.get(key, default) for key, default in DEFAULTS.items()), []).append(i)
    found = np.empty(len(conditions))
    for key, members in groups.items():
        times = np.array([conditions[i]["time"] for i in members]) * 1e-6
        found[members] = _moved(formulation, dict(zip(DEFAULTS, key, strict=True)), times) * 1e6
    return found


def _moved(formulation: Formulation, asked: dict[str, Any], times: NDArray[np.float64]) -> NDArray[np.float64]:
    if formulation.gas is None:
        raise Refusal("no-gas", f"{formulation.id} holds no gas: only a bubble has a radius that moves")
    if asked["rest_radius"] is None:
        raise Refusal("no-rest-radius", "at rest the radius is? Give a column rest_radius, or free 'rest_radius'")
    if times.min() < 0 or not times.max() > 0:
        raise Refusal("no-time", "times count from the start of the pulse: give them from 0 on")
    pulse = asked["pulse"]
    if pulse is None:
        missing = [key for key in ("frequency", "pressure_amplitude") if asked[key] is None]
        if missing:
            raise Refusal("no-drive", f"a trace in which pulse? Give a column {' and '.join(missing)}, or a pulse")
        frequency = asked["frequency"] * 1e6
        cycles = asked["cycles"] if asked["cycles"] is not None else times.max() * frequency
        pulse = Pulse.bare(frequency, asked["pressure_amplitude"] * 1e3, cycles, asked["envelope"])
    core, temperature = formulation.gas, float(asked["temperature"])
    bubble = Bubble.bare(asked["rest_radius"] * 1e-6, gas(core.species, temperature), shell_of(core.shell))
    medium = liquid(asked["medium"], temperature)
    trace = simulate.bare(bubble, pulse, medium, duration=float(times.max()), tolerance=TOLERANCE)
    return between(times, trace.seconds[1], trace.metres, trace.metres_per_second)
