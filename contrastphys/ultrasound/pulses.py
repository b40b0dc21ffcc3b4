"""The acoustic pressure at a bubble: a wave of constant, Hann or Gauss envelope, a chirp, or a measured waveform."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..files import read_csv
from ..units import Q, magnitude
from . import kernels
from ._parameters import Record, parameter, takes_quantities

Array = NDArray[np.float64]

ENVELOPES = {"rectangle": kernels.RECTANGLE, "hann": kernels.HANN, "gauss": kernels.GAUSS}


@takes_quantities
@dataclass(frozen=True)
class Pulse(Record):
    """Acoustic pressure at the bubble: p(t) = -amplitude w(t) sin(2 pi f t + phase), t from 0 to cycles/f.

    `envelope` is "rectangle", "hann" or "gauss" (standard deviation of a sixth of the length). With
    `end_frequency` the frequency sweeps there linearly from `frequency`. `Pulse.measured` takes a waveform.

    Examples
    --------
    >>> pulse = Pulse("2 MHz", "100 kPa", cycles=4, envelope="hann")
    >>> print(f"{pulse.pressure('1.125 us').to('kPa'):.1f~P}")
    -96.2 kPa
    >>> round(pulse.duration * 1e6, 3)
    2.0
    """

    frequency: float = parameter("Hz", 2e4, 1e8, "centre frequency")
    amplitude: float = parameter("Pa", -1e7, 1e7, "peak pressure; positive begins with rarefaction")
    cycles: float = parameter("1", 0.1, 1e5, "length in cycles", 20.0)
    envelope: str = "rectangle"
    end_frequency: float | None = parameter("Hz", 2e4, 1e8, "frequency at the end of a chirp", None)
    phase: float = parameter("rad", -1e3, 1e3, "phase at the start", 0.0)
    samples: tuple[float, ...] = field(default=(), repr=False)
    step: float = parameter("s", 0, 1e-3, "time between samples", 0.0)

    def __post_init__(self) -> None:
        if self.envelope not in ENVELOPES:
            raise ValueError(f"envelope is one of {', '.join(ENVELOPES)}, not {self.envelope!r}")

    @staticmethod
    def measured(time: Any, pressure: Any) -> Pulse:
        """Pulse of a measured waveform at equal times: cubic between the samples, silence outside."""
        t = np.asarray(magnitude(time, "s", "time"), float)
        p = np.asarray(magnitude(pressure, "Pa", "pressure"), float)
        if t.ndim != 1 or t.size != p.size or t.size < 8:
            raise ValueError("a waveform needs at least 8 times and as many pressures")
        if not (np.isfinite(t).all() and np.isfinite(p).all()):
            raise ValueError("a waveform needs a finite time and pressure in every row")
        steps = np.diff(t)
        if np.any(steps <= 0) or np.ptp(steps) > 1e-3 * steps.mean():
            raise ValueError("the times of a waveform must rise in equal steps")
        spectrum = np.abs(np.fft.rfft(p - p.mean(), 8 * p.size))
        step = float(steps.mean())
        frequency = float(np.argmax(spectrum) / (8 * p.size * step))
        if frequency <= 0:
            raise ValueError("the waveform does not oscillate")
        cycles = step * (t.size - 1) * frequency
        return Pulse.bare(frequency, 1.0, cycles, samples=tuple(p), step=step)

    @staticmethod
    def read(path: str | Path) -> Pulse:
        """Pulse of a CSV file with the columns time and pressure, units in the header: `time [us],pressure [kPa]`."""
        table = read_csv(Path(path), needs=("time", "pressure"))
        return Pulse.measured(table.quantity("time"), table.quantity("pressure"))

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.step * (len(self.samples) - 1) if self.samples else self.cycles / self.frequency

    @property
    def peak(self) -> float:
        """Largest absolute pressure [Pa]."""
        return float(np.max(np.abs(self.wave))) * abs(self.amplitude) if self.samples else abs(self.amplitude)

    def scaled(self, factor: float) -> Pulse:
        """The same pulse times a factor; -1 inverts it."""
        return self.changed(amplitude=self.amplitude * factor)

    @functools.cached_property
    def wave(self) -> Array:
        """Samples as an array (one zero for an analytic pulse)."""
        return np.asarray(self.samples, float) if self.samples else np.zeros(1)

    def fill(self, par: Array) -> None:
        """Write the drive into parameter vectors (last axis)."""
        length = self.duration
        par[..., kernels.ENVELOPE] = kernels.SAMPLED if self.samples else ENVELOPES[self.envelope]
        par[..., kernels.AMPLITUDE] = self.amplitude
        par[..., kernels.FREQUENCY] = self.frequency
        par[..., kernels.LENGTH] = length
        end = self.frequency if self.end_frequency is None else self.end_frequency
        par[..., kernels.CHIRP] = (end - self.frequency) / length
        par[..., kernels.PHASE] = self.phase
        par[..., kernels.WIDTH] = length / 6
        par[..., kernels.WAVE_STEP] = self.step or 1.0

    def pressure(self, time: Any) -> Any:
        """Acoustic pressure at times, as quantities."""
        return Q(self.at(magnitude(time, "s", "time")), "Pa")

    def at(self, time: ArrayLike) -> Array:
        """Acoustic pressure [Pa] at times in seconds, plain numbers."""
        par = np.zeros(kernels.PARAMETERS)
        self.fill(par)
        flat = [kernels.drive(float(t), par, self.wave)[0] for t in np.ravel(time)]
        return np.reshape(flat, np.shape(time))

    def energy(self) -> float:
        """Integral of the squared pressure over time [Pa^2 s]."""
        t = np.linspace(0, self.duration, max(2001, 128 * math.ceil(self.cycles) + 1))
        return float(np.trapezoid(self.at(t) ** 2, t))

    def plot(self, ax: Any = None) -> Any:
        """Pressure against time; returns the matplotlib Axes."""
        from ..plots.results import pulse as draw

        return draw(self, ax)
