"""What ultrasound sees of a study's bubbles: cross-section, resonance against radius, and the motion of one bubble."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..formulation import Formulation
from ..provenance import Refusal
from ..ultrasound import linear
from ..ultrasound.assembly import Agent, bubbles_of, shell_of, sizes_of
from ..ultrasound.bubble import Bubble, gas, liquid
from ..ultrasound.dynamics import Pulse, Trace, simulate
from ..units import UnitError
from .curves import MOST, Curve, askers, left_out, line, marks, nearest, sampled, span_of, stated
from .style import PAPER, at, figure, legend, logarithmic, look, says
from .words import number_text

FREQUENCIES = np.geomspace(0.5, 20, 22)  # MHz
RADII = np.geomspace(0.3, 6, 20)  # um
REFERENCE = 1e6  # bubbles per mL that the cross-section is taken at; any small number gives the same
_DECIBEL = 10 * math.log10(math.e)


def bubbles(comparison: Any, formulations: Iterable[str] = (), frequencies: Iterable[float] = FREQUENCIES) -> Any:
    """Bubbles in four panels: cross-section, resonance, motion in the study's pulse, and the spectrum of its echo.

    The cross-section is the mean extinction of the population. Motion and echo are those of one bubble of the mean
    radius at the study's pressure amplitude.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.
    formulations : iterable of str
        Ids of those to draw; without it all that answer, at most twelve.
    frequencies : iterable of float
        MHz.

    Returns
    -------
    matplotlib.axes.Axes
        The panel of the cross-section.
    """
    fig = figure(6.4, 5.4)
    (section, resonance), (motion, echo) = fig.subplots(2, 2)
    protocol = comparison.study.protocol("ultrasound")
    drive = nearest(protocol.frequency, 3.0, 3.0)
    conditions = {**stated(protocol, "temperature", "medium"), "concentration": REFERENCE}
    handles: list[Any] = []
    names: list[str] = []
    curves: list[Curve] = []
    waiting = askers(comparison, "ultrasound", formulations)
    while waiting and len(names) < MOST:
        formulation = waiting.pop(0)
        curve = sampled(formulation, "ultrasound", "attenuation", "frequency", frequencies, conditions)
        if not curve.answered:
            continue
        curve = _of_one(curve)
        handle = line(section, curve, len(names))
        told = _single(formulation, protocol, drive, resonance, motion, echo, len(names))
        handles.append(told or handle)
        curves.append(curve)
        names.append(curve.name)
    left_out(names, handles, len(waiting))
    for ax, axis in ((section, section.xaxis), (resonance, resonance.xaxis), (resonance, resonance.yaxis)):
        logarithmic(axis)
        at(axis, [0.5, 1, 2, 5, 10, 20])
        del ax
    span = span_of(curves, 5)
    logarithmic(section.yaxis, span)
    if not span:
        for ax in (section, resonance, motion, echo):
            says(ax, "no formulation\nholds gas")
    section.set_xlabel("frequency [MHz]")
    section.set_ylabel("mean extinction of a bubble [µm²]")
    resonance.set_xlabel("rest radius [µm]  (marks: mean radii)")
    resonance.set_ylabel("resonance [MHz]")
    motion.set_xlabel(f"time [µs] at {number_text(protocol.pressure_amplitude.number)} kPa, {drive:g} MHz")
    motion.set_ylabel("radius over rest radius [1]")
    echo.set_xlabel("frequency [MHz]")
    echo.set_ylabel("echo [dB of its strongest]")
    echo.set_xlim(0, 4 * drive)
    echo.set_ylim(-60, 3)
    for ax in (section, echo):
        marks(ax, [v.number for v in protocol.frequency])
    for value in protocol.frequency:
        resonance.axhline(value.number, **_dotted())
    resonance.set_xlim(RADII[0], RADII[-1])
    legend(fig, handles, names)
    return section


def _dotted() -> dict[str, Any]:
    from .style import QUIET

    return {"color": QUIET, "lw": 0.9, "ls": (0, (1, 2.5)), "zorder": 1}


def _of_one(curve: Curve) -> Curve:
    """Attenuation in dB/cm at the reference count as mean extinction cross-section of one bubble, um^2."""
    scale = 100 / _DECIBEL / (REFERENCE * 1e6) * 1e12
    return Curve(curve.name, curve.x, curve.y * scale, curve.low * scale, curve.high * scale, "um^2")


def _single(
    formulation: Formulation, protocol: Any, drive: float, resonance: Any, motion: Any, echo: Any, place: int
) -> Any:
    """Resonance of one formulation's shell over radius, and the motion of its mean bubble; the handle for a legend."""
    from matplotlib.lines import Line2D

    try:
        agent = bubbles_of(formulation, bool(protocol.vaporised), protocol.temperature.number)
    except (Refusal, UnitError, ValueError):
        return None
    style = look(place)
    kelvin = protocol.temperature.number
    medium, inside, shell = liquid(protocol.medium, kelvin), gas(agent.gas, kelvin), shell_of(agent.shell)
    radii = RADII * 1e-6
    tones = {s: linear.natural(radii, shell, inside, medium, side=s) / 2e6 / math.pi for s in linear.SIDES}
    resonance.plot(RADII, tones["bilinear"], color=style["color"], ls=style["linestyle"], zorder=3)
    resonance.fill_between(RADII, tones["below"], tones["above"], color=style["color"], alpha=0.13, lw=0)
    rest = _mean_radius(agent)
    tone = float(linear.natural(rest, shell, inside, medium)) / 2e6 / math.pi
    mark = {"marker": style["marker"], "mec": PAPER, "mew": 0.6}
    resonance.plot([rest * 1e6], [tone], color=style["color"], ls="none", ms=6.5, zorder=4, **mark)
    trace = _moved(Bubble.bare(rest, inside, shell), protocol, drive, medium)
    if trace is not None:
        motion.plot(trace.seconds * 1e6, trace.metres / rest, color=style["color"], lw=1, ls=style["linestyle"])
        f, level = _spectrum(trace)
        echo.plot(f * 1e-6, level, color=style["color"], lw=1, ls=style["linestyle"])
    return Line2D([], [], color=style["color"], ls=style["linestyle"], ms=6, **mark)


def _mean_radius(agent: Agent) -> float:
    """Number mean of the rest radii, m."""
    sizes, _ = sizes_of(agent.core)
    return float(sizes.median * math.exp(sizes.sigma_ln**2 / 2) * agent.expansion)


def _moved(bubble: Bubble, protocol: Any, drive: float, medium: Any) -> Trace | None:
    pulse = Pulse.bare(drive * 1e6, protocol.pressure_amplitude.number * 1e3, protocol.cycles.number)
    try:
        return simulate(bubble, pulse, medium, tolerance=1e-5)
    except (Refusal, ValueError, ArithmeticError):
        return None


def _spectrum(trace: Trace) -> tuple[np.ndarray, np.ndarray]:
    """Frequency [Hz] and level [dB of the strongest] of what one bubble radiates, the whole pulse."""
    step = trace.seconds[1] - trace.seconds[0]
    padded = 8 * trace.source.size
    level = np.abs(np.fft.rfft(trace.source, padded))
    top = level.max() or 1.0
    return np.fft.rfftfreq(padded, step), 20 * np.log10(np.maximum(level / top, 1e-6))
