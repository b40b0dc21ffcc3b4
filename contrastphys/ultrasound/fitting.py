"""Shell parameters from a measurement: an attenuation spectrum of a population, or R(t) of one bubble.

Least squares over the logarithms of the free parameters (all are positive), so that intervals are factors. A
spectrum alone rarely fixes elasticity and friction apart from the size distribution: the correlation is told.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..provenance import Refusal
from ..showing import shows
from ..units import Flag, Q, magnitude
from .bubble import Bubble, Liquid, liquid_of
from .coats import Shell
from .dynamics import between, bubble_parameters, refuse
from .kernels import trace
from .population import Population
from .pulses import Pulse

Array = NDArray[np.float64]


@shows("Fitted shell", "parameters", "intervals", "misfit", "points", "correlation")
@dataclass(frozen=True)
class ShellFit:
    """A fitted shell with its parameters as quantities, their intervals of one standard deviation, and flags."""

    shell: Shell
    parameters: dict[str, Any]
    intervals: dict[str, tuple[Any, Any]]
    correlation: Array
    misfit: float  # root mean square of the relative residuals
    points: int
    flags: tuple[Flag, ...] = ()


def _free(shell: Shell, free: Sequence[str]) -> None:
    known = [name for name, row in getattr(shell, "table", {}).items() if name != "unstressed"]
    for name in free:
        if name not in known:
            raise Refusal("parameter", f"{type(shell).__name__} has no parameter {name!r}: it has {', '.join(known)}")
        if not getattr(shell, name) > 0:
            raise Refusal("parameter", f"{name} starts at 0: give a start above 0 (a logarithm is fitted)")
    if not free:
        raise Refusal("parameter", f"no free parameter is named: choose from {', '.join(known)}")


def _solve(shell: Shell, free: Sequence[str], residuals: Callable[[Shell], Array], largest: float) -> ShellFit:
    from scipy.optimize import least_squares

    start = np.log([getattr(shell, name) for name in free])

    def made(logs: Array) -> Shell:
        return shell.changed(**{name: float(math.exp(v)) for name, v in zip(free, logs, strict=True)})

    def distance(logs: Array) -> Array:
        try:
            return residuals(made(logs))
        except (ValueError, OverflowError):  # a law that cannot be, such as sigma0 above sigma_w
            return np.full(points, 1e3)

    points = residuals(shell).size
    if points <= len(free):
        raise Refusal("points", f"{points} points cannot fix {len(free)} parameters: measure more")
    found = least_squares(
        distance, start, x_scale=0.1, diff_step=1e-3, max_nfev=200 * len(free),
        bounds=(start - math.log(1e4), start + math.log(1e4)),
    )  # fmt: skip
    misfit = float(np.sqrt(np.mean(found.fun**2)))
    normal = found.jac.T @ found.jac
    flags: list[Flag] = [Flag("fitted", "fitted shell parameters are inputs; they validate nothing", "note")]
    try:
        covariance = np.linalg.inv(normal) * float(found.fun @ found.fun) / (points - len(free))
        sd = np.sqrt(np.maximum(np.diag(covariance), 0))
        correlation = covariance / np.outer(np.maximum(sd, 1e-300), np.maximum(sd, 1e-300))
    except np.linalg.LinAlgError:
        sd, correlation = np.full(len(free), math.inf), np.eye(len(free))
    if np.any(sd > 0.7):
        loose = ", ".join(name for name, s in zip(free, sd, strict=True) if s > 0.7)
        flags.append(Flag("undetermined", f"{loose}: the data fix it to no better than a factor of 2"))
    off = np.abs(correlation - np.diag(np.diag(correlation)))
    if off.size > 1 and off.max() > 0.95:
        flags.append(Flag("correlated", f"free parameters are correlated ({off.max():.2f}): fix one of them"))
    if misfit > largest:
        flags.append(Flag("misfit", f"residuals of {misfit:.0%}: this law does not describe the data"))
    fitted = made(found.x)
    units = {name: fitted.table[name].unit for name in free}  # type: ignore[attr-defined]
    values = {name: Q(getattr(fitted, name), units[name]) for name in free}
    wide = np.minimum(sd, 50.0)
    intervals = {
        name: (values[name] * math.exp(-s), values[name] * math.exp(s)) for name, s in zip(free, wide, strict=True)
    }
    return ShellFit(fitted, values, intervals, correlation, misfit, points, tuple(flags))


def fit_attenuation(
    population: Population, frequency: Any, attenuation: Any, free: Sequence[str] = ("chi", "kappa_s")
) -> ShellFit:
    """Shell parameters of a population from its measured attenuation spectrum.

    Minimises the sum of ((model - measured)/largest measured)^2 over the spectrum.

    Parameters
    ----------
    population : Population
        Sizes, number and gas as measured; its shell is the start of the fit.
    frequency, attenuation : quantity
        The spectrum, attenuation as amplitude in dB per length.
    free : sequence of str
        Parameters of the shell to fit.

    Returns
    -------
    ShellFit

    Notes
    -----
    Linear model: measure well below 50 kPa. The width of the size distribution moves the peak as much as the
    elasticity does; take it from a measurement.

    References
    ----------
    N. de Jong, L. Hoff, T. Skotland, N. Bom, Ultrasonics 30, 95 (1992)

    Examples
    --------
    >>> from contrastphys.ultrasound import Gas, Liquid, LogNormal, Marmottant
    >>> true = Marmottant(chi="0.6 N/m", kappa_s="8e-9 kg/s", sigma0="0.02 N/m")
    >>> cloud = Population(LogNormal("1.2 um", 0.3), "1e5 1/mL", Gas(), true, Liquid())
    >>> f = Q(np.linspace(1, 8, 29), "MHz")
    >>> start = cloud.changed(shell=true.changed(chi=0.3, kappa_s=2e-9))
    >>> print(f"{fit_attenuation(start, f, cloud.attenuation(f)).parameters['chi']:.3f~P}")
    0.600 N/m
    """
    f = np.atleast_1d(magnitude(frequency, "Hz", "frequency"))
    measured = np.atleast_1d(magnitude(attenuation, "dB/m", "attenuation"))
    if f.shape != measured.shape:
        raise Refusal("points", f"{f.size} frequencies and {measured.size} attenuations do not belong together")
    if not np.all(np.isfinite(measured)) or measured.max() <= 0:
        raise Refusal("points", "the attenuation must be finite and somewhere above 0")
    _free(population.shell, free)
    scale = float(measured.max())

    def residuals(shell: Shell) -> Array:
        return (population.changed(shell=shell).spectra(f)[0] - measured) / scale

    return _solve(population.shell, free, residuals, 0.1)


def fit_trace(
    bubble: Bubble,
    pulse: Pulse,
    time: Any,
    radius: Any,
    medium: Liquid | str = "water",
    free: Sequence[str] = ("chi", "kappa_s"),
    model: str = "keller-miksis",
) -> ShellFit:
    """Shell parameters of one bubble from its measured R(t) in a known pulse.

    Minimises the sum of ((R - R_measured)/R0)^2.

    Parameters
    ----------
    bubble : Bubble
        Its shell is the start of the fit.
    pulse : Pulse
        Pressure at the bubble.
    time, radius : quantity
        The trace; time counts from the start of the pulse.
    medium : Liquid or str
    free : sequence of str
        Parameters of the shell to fit.
    model : str
        Equation of motion.

    Returns
    -------
    ShellFit

    Notes
    -----
    Needs a trace that moves: below 1 % of R0 the noise of a camera decides.

    References
    ----------
    S. M. van der Meer et al., J. Acoust. Soc. Am. 121, 648 (2007), doi:10.1121/1.2390673
    """
    t = np.atleast_1d(magnitude(time, "s", "time"))
    measured = np.atleast_1d(magnitude(radius, "m", "radius"))
    if t.shape != measured.shape or t.size < 4 or np.any(np.diff(t) <= 0) or t[0] < 0:
        raise Refusal("points", "a trace needs at least 4 rising times from 0 on, and as many radii")
    liquid = liquid_of(medium)
    _free(bubble.shell, free)
    count = max(257, round(t[-1] * pulse.frequency * 64) + 1)
    out = [np.empty(count) for _ in range(3)]

    def residuals(shell: Shell) -> Array:
        par, law = bubble_parameters(bubble.radius, bubble.changed(shell=shell), pulse, liquid, model)
        status, steps, *_ = trace(par[0], law[0], pulse.wave, bubble.radius, float(t[-1]), 1e-8, 500_000, *out)
        refuse(int(status), bubble.radius, steps)
        return (between(t, float(t[-1]) / (count - 1), out[0], out[1]) - measured) / bubble.radius

    return _solve(bubble.shell, free, residuals, 0.05)
