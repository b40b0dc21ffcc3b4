"""Pictures of bubbles and droplets: resonance, motion, attenuation, echoes, thresholds.

Each function takes what the ultrasound room computes and returns matplotlib Axes in the shipped style. Bands are
the ranges a record states; published values are drawn as marks with their status, never fitted to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import records
from ..formulation import load
from ..provenance import Refusal
from ..ultrasound import agents, cavitation, droplets, imaging, linear
from ..ultrasound.assembly import bubbles_of
from ..ultrasound.bubble import BODY_TEMPERATURE, Bubble, Gas, Liquid, liquid_of
from ..ultrasound.coats import Shell
from ..ultrasound.echo import SEQUENCES
from ..units import Q, magnitude
from .results import motion
from .style import PALETTE, QUIET, at, figure, logarithmic, look, styled


def _axes(ax: Any, width: float = 6.4, height: float = 4.0) -> Any:
    return figure(width, height).add_subplot() if ax is None else ax


def _hertz(frequency: Any) -> np.ndarray:
    return np.atleast_1d(magnitude(frequency, "Hz", "frequency"))


def _key(ax: Any, **options: Any) -> None:
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, fontsize="small", **options)


@styled
def resonance(
    shells: Mapping[str, tuple[Gas, Shell]], medium: Liquid | str = "water", mark: Any = None, ax: Any = None
) -> Any:
    """Resonance frequency against rest radius; at a kink the band between both sides is shaded.

    `shells` maps a name to (gas, shell); `mark` is a frequency whose resonant radii are marked.
    """
    ax = _axes(ax)
    liquid = liquid_of(medium)
    radius = np.geomspace(0.3e-6, 6e-6, 80)
    for i, (name, (gas, shell)) in enumerate(shells.items()):
        sides = {s: linear.natural(radius, shell, gas, liquid, side=s) / 2e6 / math.pi for s in linear.SIDES}
        ax.plot(radius * 1e6, sides["bilinear"], color=PALETTE[i % len(PALETTE)], label=name)
        if bool(np.any(shell.kink(radius))):
            ax.fill_between(
                radius * 1e6, sides["below"], sides["above"], color=PALETTE[i % len(PALETTE)], alpha=0.12, lw=0
            )
        if mark is not None:
            try:
                wanted = linear.resonant_radius(mark, gas, shell, liquid).to("um").magnitude
            except ValueError:
                continue
            ax.plot([wanted], [_hertz(mark)[0] / 1e6], "o", color=PALETTE[i % len(PALETTE)])
            ax.annotate(
                f"{wanted:.2f}",
                (wanted, _hertz(mark)[0] / 1e6),
                (4, 4 - 15 * (i % 2)),
                textcoords="offset points",
                fontsize=8,
            )
    if mark is not None:
        ax.axhline(_hertz(mark)[0] / 1e6, color=QUIET, lw=0.8, ls=":")
    for axis in (ax.xaxis, ax.yaxis):
        logarithmic(axis)
    at(ax.xaxis, (0.3, 0.5, 1, 2, 3, 5))
    at(ax.yaxis, (0.5, 1, 2, 5, 10, 20, 30))
    ax.set(xlabel="rest radius (\u00b5m)", ylabel="resonance (MHz)")
    _key(ax)
    return ax


@styled
def cross_sections(
    bubbles: Mapping[str, Bubble], frequency: Any, medium: Liquid | str = "water", ax: Any = None
) -> Any:
    """Scattering (full) and extinction (dashed) of single bubbles over their geometric area, against frequency."""
    ax = _axes(ax)
    f = _hertz(frequency)
    for i, (name, bubble) in enumerate(bubbles.items()):
        found = linear.cross_sections(bubble, Q(f, "Hz"), medium)
        area = math.pi * bubble.radius**2
        color = PALETTE[i % len(PALETTE)]
        ax.plot(f / 1e6, found.scattering.magnitude / area, color=color, label=name)
        ax.plot(f / 1e6, found.extinction.magnitude / area, color=color, ls="--", lw=1)
    logarithmic(ax.yaxis)
    ax.set(xlabel="frequency (MHz)", ylabel="cross-section / \u03c0R\u2080\u00b2")
    _key(ax)
    return ax


@styled
def attenuation(names: Sequence[str], medium: str = "water", concentration: Any = "1e5 1/mL", ax: Any = None) -> Any:
    """Attenuation of agents against frequency with the band of shell and sizes, and the published peaks.

    Bars at the top are peak ranges of the literature; dashed where their status is unverified.
    """
    ax = _axes(ax, 6.4, 4.4)
    f = np.geomspace(0.4e6, 25e6, 70)
    count = float(magnitude(concentration, "1/m^3", "concentration"))
    peaks = {
        r["agent"]: r for r in records.table("published/us_measured.csv").rows() if r["quantity"] == "attenuation_peak"
    }
    top = 0.0
    for i, name in enumerate(names):
        agent = bubbles_of(load(name))
        middle = agent.population(count, medium, BODY_TEMPERATURE).spectra(f)[1] / 100
        ends = [agent.population(count, medium, BODY_TEMPERATURE, **off).spectra(f)[1] / 100
                for off in agent.variants()]  # fmt: skip
        color = look(i)["color"]
        shown = load(name).name.split(",")[0]
        ax.plot(f / 1e6, middle, color=color, label=shown)
        ax.fill_between(f / 1e6, np.min([middle, *ends], 0), np.max([middle, *ends], 0), color=color, alpha=0.12, lw=0)
        top = max(top, float(np.max(ends)))
        quoted = next((row for agent_name, row in peaks.items() if agent_name == shown), None)
        if quoted is not None:
            height = 0.975 - 0.03 * i
            sure = quoted["status"] == "verified"
            ax.plot([quoted["low"], quoted["high"]], [height, height], color=color, lw=3, solid_capstyle="butt",
                    ls="-" if sure else (0, (1.2, 0.6)), transform=ax.get_xaxis_transform())  # fmt: skip
    logarithmic(ax.xaxis)
    at(ax.xaxis, (0.5, 1, 2, 5, 10, 20))
    ax.set(xlabel="frequency (MHz)", ylabel=f"attenuation at {count * 1e-6:.0e} per mL (dB/cm)", ylim=(0, 1.2 * top))
    _key(ax, loc="center right", title="bars: quoted peaks, dashed if unverified", title_fontsize="x-small")
    return ax


@styled
def contrast(
    populations: Mapping[str, Any], frequency: Any = "3 MHz", pressures: Sequence[Any] = (), ax: Any = None
) -> Any:
    """Contrast to liver against pressure: linear (dotted) and after each pulse sequence; one Axes per population."""
    held = dict(populations)
    axes = np.atleast_1d(figure(3.3 * len(held) + 0.6, 3.8).subplots(1, len(held), sharey=True) if ax is None else ax)
    drive = pressures or [Q(p, "kPa") for p in (20, 50, 100, 200, 300)]
    x = [float(magnitude(p, "kPa", "pressure")) for p in drive]
    for panel, (name, population) in zip(axes, held.items(), strict=True):
        plain = imaging.contrast(population, frequency).ratio_db
        panel.axhline(plain, color=QUIET, ls=":", label="linear")
        for i, sequence in enumerate(s for s in SEQUENCES if s != "linear"):
            y = [imaging.contrast(population, frequency, sequence, p).ratio_db for p in drive]
            panel.plot(x, y, "o-", ms=3, color=PALETTE[i], label=sequence)
        panel.set(xlabel="pressure amplitude (kPa)", title=name)
        panel.axhline(0, color=QUIET, lw=0.8)
    axes[0].set_ylabel("contrast to liver (dB)")
    _key(axes[-1])
    return axes


@styled
def echo_against_size(shell: Shell, gas: Gas, frequency: Any, medium: Liquid | str = "blood", axes: Any = None) -> Any:
    """Linear echo of one bubble and of a volume of gas, against rest radius from 50 nm to 3 um; two Axes."""
    axes = figure(7.2, 3.6).subplots(1, 2) if axes is None else axes
    radius = np.geomspace(5e-8, 3e-6, 120)
    liquid = liquid_of(medium)
    for i, f in enumerate(_hertz(frequency)):
        r = linear.response(radius, 2 * math.pi * f, shell, gas, liquid)
        scattering = linear.sections(r, radius, liquid)[0]
        color = PALETTE[i % len(PALETTE)]
        axes[0].plot(radius * 1e6, scattering, color=color, label=f"{f / 1e6:g} MHz")
        axes[1].plot(radius * 1e6, scattering / (4 / 3 * math.pi * radius**3), color=color)
    for panel in axes:
        for axis in (panel.xaxis, panel.yaxis):
            logarithmic(axis)
        at(panel.xaxis, (0.05, 0.1, 0.2, 0.5, 1, 2))
        panel.axvspan(0.05, 0.2, color=QUIET, alpha=0.12, lw=0)
        panel.set_xlabel("rest radius (\u00b5m)")
    axes[0].set_ylabel("echo of one bubble (m\u00b2)")
    axes[1].set_ylabel("echo per gas volume (1/m)")
    _key(axes[0])
    return axes


@styled
def vaporisation(species: Sequence[str], frequency: Any, diameter: Any = "1 um", ax: Any = None) -> Any:
    """Vaporisation threshold at 37 degC against frequency: nucleation (full), Laplace (dotted), measured points."""
    ax = _axes(ax, 6.4, 4.4)
    f = _hertz(frequency)
    for i, name in enumerate(species):
        found = [droplets.vaporisation_threshold(name, Q(one, "Hz"), diameter) for one in f]
        color = PALETTE[i % len(PALETTE)]
        state = "superheated" if found[0].superheated else "not superheated"
        boiling = found[0].boiling.to("degC").magnitude
        ax.plot(f / 1e6, [v.focused.to("MPa").magnitude for v in found], color=color,
                label=f"{name}: boils at {boiling:.0f} \u00b0C, {state}")  # fmt: skip
        laplace = [v.laplace.to("MPa").magnitude for v in found]
        if max(laplace) > 0:
            ax.plot(f / 1e6, laplace, color=color, ls=":")
    rows = [r for r in records.table("published/us_measured.csv").rows() if r["quantity"] == "vaporisation_threshold"]
    for marker, shell in (("s", "lipid"), ("^", "albumin")):
        some = [r for r in rows if shell in r["agent"] and math.isfinite(r["value"])]
        if some and "C5F12" in species:
            points = [r["frequency"] for r in some], [r["value"] for r in some]
            color = PALETTE[list(species).index("C5F12")]
            ax.plot(*points, marker, color=color, mfc="none", label=f"C5F12 measured, {shell}")
    logarithmic(ax.yaxis)
    ax.set(xlabel="frequency (MHz)", ylabel="peak rarefaction (MPa)")
    ax.set_ylim(0.05, 80)
    _key(ax, loc="upper right")
    return ax


@styled
def thresholds(frequency: Any, medium: Liquid | str = "water", ax: Any = None) -> Any:
    """Inertial cavitation of free nuclei (simulated and fitted) and lines of equal mechanical index."""
    ax = _axes(ax)
    f = _hertz(frequency)
    found = [cavitation.inertial_threshold(Q(one, "Hz"), medium, sizes=17).pressure.to("MPa").magnitude for one in f]
    ax.plot(f / 1e6, found, "o-", ms=3, color=PALETTE[0], label="simulated, most sensitive nucleus")
    ax.fill_between(f / 1e6, 0.7 * np.array(found), 1.3 * np.array(found), color=PALETTE[0], alpha=0.12, lw=0)
    name = medium if isinstance(medium, str) else "water"
    if name in cavitation.APFEL_HOLLAND:
        fit = [cavitation.inertial_threshold_fit.bare(one / 1e6, name) for one in f]
        ax.plot(f / 1e6, fit, color=PALETTE[1], label="fit of Apfel and Holland (unverified)")
    for index in (0.1, 0.4, 0.8, 1.9):
        ax.plot(f / 1e6, index * np.sqrt(f / 1e6), color=QUIET, lw=0.8, ls=":")
        ax.annotate(f"MI {index:g}", (f[-1] / 1e6, index * math.sqrt(f[-1] / 1e6)), fontsize=8, color=QUIET)
    for axis in (ax.xaxis, ax.yaxis):
        logarithmic(axis)
    at(ax.xaxis, (1, 2, 5, 10))
    ax.set(xlabel="frequency (MHz)", ylabel="peak rarefaction (MPa)")
    _key(ax)
    return ax


@styled
def depth_and_resolution(
    agent: str,
    frequency: Any,
    depths: Sequence[float] = (1.0, 3.0, 6.0, 10.0),
    sequence: str = "linear",
    ax: Any = None,
) -> Any:
    """Smallest concentration seen against axial resolution (one wavelength): one line a depth in cm."""
    ax = _axes(ax)
    held = load(agent)
    f = _hertz(frequency) / 1e6
    speed = imaging.acoustic("liver")["sound_speed"]
    for i, depth in enumerate(depths):
        x, y = [], []
        for one in f:
            size = speed / (one * 1e6)  # m
            asked = {"frequency": float(one), "depth": float(depth), "voxel": float((size * 1e3) ** 3 * 10),
                     "sequence": sequence, "pressure_amplitude": 50.0, "dynamic_range": 70.0}  # fmt: skip
            try:
                value = agents.predict(held, "c_min", asked)
            except Refusal:
                continue
            if {"depth", "out of reach"} & {flag.code for flag in value.flags}:
                continue  # below the noise, or more gas than there is room for
            x.append(size * 1e3)
            y.append(value.number)
        ax.plot(x, y, "o-", ms=3, color=PALETTE[i % len(PALETTE)], label=f"{depth:g} cm")
    for axis in (ax.xaxis, ax.yaxis):
        logarithmic(axis)
    at(ax.xaxis, (0.1, 0.2, 0.5, 1.0))
    ax.set(xlabel="resolution, one wavelength (mm)", ylabel="smallest concentration (1/mL)")
    _key(ax, title="depth", title_fontsize="small")
    return ax


__all__ = [
    "attenuation", "contrast", "cross_sections", "depth_and_resolution", "echo_against_size", "motion",
    "resonance", "thresholds", "vaporisation",
]  # fmt: skip
