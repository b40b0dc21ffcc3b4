"""What `.plot()` of a single result draws: its own numbers, in the shipped style, with units on every axis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..wording import unit_text
from .style import LINES, PALETTE, QUIET, figure, label, logarithmic, styled
from .words import number_text


def _axes(ax: Any, width: float = 6.4, height: float = 3.8) -> Any:
    return figure(width, height).add_subplot() if ax is None else ax


def _curve(x: Any, what: str) -> np.ndarray:
    numbers = np.asarray(x, dtype=float)
    if numbers.ndim != 1 or numbers.size < 2:
        raise ValueError(f"a picture needs several values of {what}: ask for a list of them")
    return numbers


def _key(ax: Any) -> None:
    if len(ax.get_legend_handles_labels()[0]) > 1:
        ax.legend(frameon=False, fontsize="small")


def _drawn(ax: Any, x: np.ndarray, curves: Mapping[str, Any], x_label: str, y_label: str, log: str = "") -> Any:
    for i, (name, y) in enumerate(curves.items()):
        ax.plot(x, y, color=PALETTE[i % len(PALETTE)], ls=LINES[i % len(LINES)], label=label(name))
    for axis, named in ((ax.xaxis, "x"), (ax.yaxis, "y")):
        if named in log:
            logarithmic(axis)
    ax.set(xlabel=x_label, ylabel=y_label)
    _key(ax)
    return ax


# ------------------------------------------------------------------------------------------------ ultrasound


@styled
def bulk(found: Any, ax: Any = None) -> Any:
    """Attenuation of a cloud of bubbles against frequency: as a bubbly liquid, and as the sum over bubbles."""
    f = _curve(found.frequency.to("MHz").magnitude, "frequency")
    held = {
        "bubbly liquid": found.attenuation.magnitude,
        "sum over bubbles": found.attenuation_dilute.magnitude,
    }
    return _drawn(_axes(ax), f, held, "frequency [MHz]", "attenuation [dB/cm]", "y")


@styled
def sections(found: Any, ax: Any = None) -> Any:
    """Cross-sections of one bubble against frequency."""
    f = _curve(found.frequency.to("MHz").magnitude, "frequency")
    held = {n: getattr(found, n).to("um^2").magnitude for n in ("extinction", "scattering", "absorption")}
    return _drawn(_axes(ax), f, held, "frequency [MHz]", "cross-section [µm²]", "xy")


@styled
def dissolution(found: Any, ax: Any = None) -> Any:
    """Radius of a dissolving bubble against time."""
    radius = {"radius": found.metres * 1e6}
    return _drawn(_axes(ax), _curve(found.seconds, "time"), radius, "time [s]", "radius [µm]")


@styled
def pulse(found: Any, ax: Any = None) -> Any:
    """Acoustic pressure of a pulse against time."""
    t = np.linspace(0.0, found.duration, max(401, 40 * math.ceil(min(found.cycles, 200))))
    return _drawn(_axes(ax), t * 1e6, {"": found.at(t) * 1e-3}, "time [µs]", "pressure [kPa]")


@styled
def sizes(found: Any, ax: Any = None) -> Any:
    """Share of the number and of the gas volume of a population against diameter."""
    radius, number = found.grid()
    volume = number * radius**3
    held = {"number": number / number.max(), "gas volume": volume / volume.max()}
    return _drawn(_axes(ax), _curve(2e6 * radius, "size"), held, "diameter [µm]", "share, largest = 1 [1]", "x")


@styled
def motion(traces: Mapping[str, Any] | Any, axes: Any = None) -> Any:
    """R(t) above, the spectrum of the radiated pressure below; two Axes."""
    held = dict(traces) if isinstance(traces, Mapping) else {"": traces}
    if axes is None:
        axes = figure(6.4, 5.2).subplots(2, 1)
    for i, (name, trace) in enumerate(held.items()):
        color = PALETTE[i % len(PALETTE)]
        axes[0].plot(trace.seconds * 1e6, trace.metres / trace.bubble.radius, color=color, lw=1, label=name)
        f, level = trace.spectrum()
        ratio = f.to("Hz").magnitude / trace.pulse.frequency
        decibel = 20 * np.log10(np.maximum(level.magnitude / level.magnitude.max(), 1e-6))
        axes[1].plot(ratio, decibel, color=color, lw=1)
    axes[0].set(xlabel="time (\u00b5s)", ylabel="R / R\u2080")
    axes[1].set(xlabel="frequency / drive", ylabel="echo (dB)", xlim=(0, 5), ylim=(-80, 3))
    if any(held):
        axes[0].legend(frameon=False, fontsize="small", loc="lower left", bbox_to_anchor=(0, 1), ncols=len(held))
    return axes


@styled
def harmonics(found: Any, ax: Any = None) -> Any:
    """Scattering cross-section of each bubble at each multiple of the drive."""
    area = found.cross_section() * 1e12
    held = {f"{order:g} x drive": np.maximum(area[:, i], 1e-12) for i, order in enumerate(found.orders)}
    return _drawn(
        _axes(ax), _curve(found.radius * 1e6, "radius"), held, "rest radius [µm]", "cross-section [µm²]", "xy"
    )


@styled
def subharmonics(found: Any, ax: Any = None) -> Any:
    """Level of the echo at half the drive over pressure and rest tension, a panel a law; the first Axes."""
    pressure, tension = (
        np.atleast_1d(q.to(u).magnitude) for q, u in ((found.pressure, "kPa"), (found.tension, "mN/m"))
    )
    if min(pressure.size, tension.size) < 2:
        raise ValueError("a picture needs several pressures and tensions: ask for lists of them")
    fig = figure(3.2 * len(found.laws) + 0.8, 3.4) if ax is None else ax.figure
    panels = np.atleast_1d(fig.subplots(1, len(found.laws), sharey=True)) if ax is None else [ax]
    for panel, law, level in zip(panels, found.laws, found.level, strict=False):
        image = panel.pcolormesh(pressure, tension, level, vmin=-60, vmax=0, cmap="cividis", shading="nearest")
        panel.set(title=law, xlabel="pressure [kPa]")
    panels[0].set_ylabel("tension at rest [mN/m]")
    fig.colorbar(image, ax=list(panels), label="echo at f/2 against f [dB]")
    return panels[0]


@styled
def contrast(found: Any, ax: Any = None) -> Any:
    """Contrast to tissue against frequency."""
    f = _curve(found.frequency.to("MHz").magnitude, "frequency")
    held = {found.sequence: np.asarray(getattr(found.ratio_db, "magnitude", found.ratio_db))}
    return _drawn(_axes(ax), f, held, "frequency [MHz]", "contrast to tissue [dB]")


# --------------------------------------------------------------------------------------------- photoacoustics


@styled
def emission(found: Any, ax: Any = None) -> Any:
    """Pressure of one particle against retarded time."""
    return _drawn(
        _axes(ax), _curve(found.time, "time") * 1e9, {"": found.pressure}, "retarded time [ns]", "pressure [Pa]"
    )


@styled
def rise(found: Any, ax: Any = None) -> Any:
    """Temperature rise per absorbed energy against time."""
    held = {"core": found.core, "what touches it": found.surface, "water at the surface": found.water_surface}
    scaled = {name: np.asarray(rise) * 1e-15 for name, rise in held.items()}
    return _drawn(_axes(ax), _curve(found.time, "time") * 1e9, scaled, "time [ns]", "temperature rise [K/fJ]")


@styled
def particle_sections(found: Any, ax: Any = None) -> Any:
    """Cross-sections of one particle against wavelength."""
    light = _curve(found.wavelength, "wavelength")
    held = {n: getattr(found, n).to("nm^2").magnitude for n in ("extinction", "absorption", "scattering")}
    return _drawn(_axes(ax), light, held, "wavelength [nm]", "cross-section [nm²]")


# ------------------------------------------------------------------------------------------------------- X-ray


@styled
def slopes(found: Any, ax: Any = None) -> Any:
    """Enhancement per mass of many agents, a place for each condition."""
    ax = _axes(ax, 6.4, 4.2)
    for i, (name, row) in enumerate(zip(found.agents, found.slopes, strict=True)):
        ax.plot(range(row.size), row, marker="o", color=PALETTE[i % len(PALETTE)], label=label(name))
    words = [f"{c['kvp']}\n{c['phantom']}" for c in found.conditions]
    ax.set_xticks(range(len(words)), words, fontsize="small", rotation=0 if len(words) < 6 else 60)
    ax.set_ylabel("enhancement [HU mL/mg] of the counted element")
    ax.set_xlabel("tube voltage [kV] and water crossed [cm]")
    _key(ax)
    return ax


# ------------------------------------------------------------------------------------- of a study, of the models


@styled
def bands(found: Any, quantity: str = "margin", ax: Any = None) -> Any:
    """Band p5 to p95 with the median of one quantity of a propagation, a line a cell."""
    kept = [band for band in found.bands if band.column.quantity == quantity][:24]
    if not kept:
        known = ", ".join(dict.fromkeys(band.column.quantity for band in found.bands))
        raise ValueError(f"no band of {quantity}: write one of {known}")
    ax = _axes(ax, 6.4, 1.0 + 0.3 * len(kept))
    for i, band in enumerate(reversed(kept)):
        ax.plot([band.p5, band.p95], [i, i], color=PALETTE[0], lw=5, alpha=0.35, solid_capstyle="butt")
        ax.plot([band.p50], [i], "o", color=PALETTE[0])
    ax.set_yticks(range(len(kept)), [label(band.column.label, 60) for band in reversed(kept)], fontsize="small")
    if all(band.p5 > 0 for band in kept):
        logarithmic(ax.xaxis)
    if quantity == "margin":
        ax.axvline(1, color=QUIET, lw=0.9, ls=":")
    ax.set_xlabel(f"{quantity} [{unit_text(kept[0].column.unit) or '1'}], median and 5 to 95 %")
    return ax


@styled
def sweep(
    found: Any, formulation: str = "", modality: str = "", quantity: str = "", where: str = "", ax: Any = None
) -> Any:
    """One column of a sweep: a line over one axis, a map over two; without a name the first column."""
    if not found.axes or not found.columns:
        raise ValueError("this sweep holds no number to draw")
    if not (formulation or modality or quantity or where):
        formulation, modality, quantity, where = found.columns[0][:4]
    column = found.select(formulation, modality, quantity, where)[0]
    values = found.values(column.formulation, column.modality, column.quantity, where)
    ax = _axes(ax)
    named = [f"{axis.name} [{unit_text(axis.unit) or '1'}]" for axis in found.axes]
    x = [found.coordinates(axis.parameters[0].path) for axis in found.axes[:2]]
    told = f"{column.label} [{unit_text(column.unit) or '1'}]"
    if values.ndim == 1:
        places = x[0] if x[0].dtype.kind in "iuf" else np.arange(values.size)
        ax.plot(places, values, marker="o", color=PALETTE[0])
        if places is not x[0]:
            ax.set_xticks(places, [label(str(word)) for word in x[0]])
        ax.set(xlabel=named[0], ylabel=told)
        return ax
    plane = values.reshape(values.shape[0], values.shape[1], -1)[:, :, 0]
    image = ax.pcolormesh(
        np.arange(plane.shape[1]), np.arange(plane.shape[0]), plane, shading="nearest", cmap="cividis"
    )
    for axis, ticks in ((ax.yaxis, x[0]), (ax.xaxis, x[1])):
        step = max(1, len(ticks) // 6)
        words = [number_text(float(t), 3) if np.ndim(t) == 0 and ticks.dtype.kind in "iuf" else str(t) for t in ticks]
        axis.set_ticks(np.arange(len(ticks))[::step], words[::step])
    ax.set(xlabel=named[1], ylabel=named[0])
    ax.figure.colorbar(image, ax=ax, label=told)
    return ax


@styled
def validation(found: Any, ax: Any = None) -> Any:
    """Model over published of every scored number, a line a class; within the declared error filled, else open."""
    rows = [r for r in found.rows if r.scored and r.ratio is not None and r.ratio > 0]
    names = list(dict.fromkeys((r.published.modality, r.published.group) for r in rows))
    if not names:
        raise ValueError("no number was scored: nothing to draw")
    ax = _axes(ax, 7.2, 1.0 + 0.24 * len(names))
    for row in rows:
        place = len(names) - 1 - names.index((row.published.modality, row.published.group))
        inside = row.verdict.startswith("within")
        ax.plot(row.ratio, place, "o", ms=4, mec=PALETTE[0], mfc=PALETTE[0] if inside else "none", alpha=0.8)
    ax.axvline(1, color=QUIET, lw=0.9)
    logarithmic(ax.xaxis)
    ax.set_yticks(range(len(names)), [label(f"{m}: {g}", 48) for m, g in reversed(names)], fontsize="small")
    ax.set_xlabel("model over published [1]; filled: within the declared error")
    return ax
