"""What photoacoustics sees of a study: absorption against wavelength, and the smallest concentration against depth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .curves import MOST, Curve, askers, left_out, line, marks, measured, nearest, sampled, span_of
from .style import figure, legend, logarithmic, says
from .words import number_text

WAVELENGTHS = np.arange(500.0, 1101.0, 25.0)  # nm
DEPTHS = np.linspace(0.2, 4.0, 8)  # cm


def absorption(
    comparison: Any,
    formulations: Iterable[str] = (),
    wavelengths: Iterable[float] = WAVELENGTHS,
    depths: Iterable[float] = DEPTHS,
) -> Any:
    """Molar absorption (decadic, per particle or molecule) against wavelength, and what is seen against depth.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.
    formulations : iterable of str
        Ids of those to draw; without it all that answer, at most twelve.
    wavelengths : iterable of float
        Of the upper lines, nm.
    depths : iterable of float
        Of the lower lines, cm; at the study's wavelength nearest to 800 nm.

    Returns
    -------
    matplotlib.axes.Axes
        The panel of the absorption; the second of the figure has the smallest concentration seen.
    """
    fig = figure(6.4, 5.6)
    upper, lower = fig.subplots(2, 1, height_ratios=(1.2, 1))
    protocol = comparison.study.protocol("photoacoustic")
    light = nearest(protocol.wavelength, 800.0, 808.0)
    handles: list[Any] = []
    names: list[str] = []
    spectra: list[Curve] = []
    limits: list[Curve] = []
    waiting = askers(comparison, "photoacoustic", formulations)
    while waiting and len(names) < MOST:
        formulation = waiting.pop(0)
        curve = sampled(formulation, "photoacoustic", "molar_absorption", "wavelength", wavelengths, {})
        curve.points = measured(formulation, "molar_absorption", "wavelength", formulation.entity)
        if not curve.answered:
            continue
        handles.append(line(upper, curve, len(names)))
        asked = {"wavelength": light, "protocol": protocol}
        limit = sampled(formulation, "photoacoustic", "c_min", "depth", depths, asked)
        if limit.answered:
            line(lower, limit, len(names))
            limits.append(limit)
        spectra.append(curve)
        names.append(curve.name)
    left_out(names, handles, len(waiting))
    for ax, curves, empty in (
        (upper, spectra, "no absorption of these formulations is known in this range"),
        (lower, limits, f"none of them is known to absorb at {light:g} nm"),
    ):
        span = span_of(curves, 9)
        logarithmic(ax.yaxis, span)
        if not span:
            says(ax, empty)
    upper.set_xlabel("wavelength [nm]  (dotted: wavelengths of the study)")
    upper.set_ylabel("molar absorption [M⁻¹ cm⁻¹],\nper particle or molecule")
    marks(upper, [v.number for v in protocol.wavelength])
    lower.set_xlabel("depth in tissue [cm]  (dotted: depths of the study)")
    lower.set_ylabel(f"smallest seen at {number_text(light, 4)} nm\n[mol/L of particles or molecules]")
    marks(lower, [v.number for v in protocol.depth])
    legend(fig, handles, names)
    return upper
