"""Pictures of light turned into sound: spectra, heat, thresholds, nonlinearity, coats and depth.

Each function asks the photoacoustic room for its numbers and returns matplotlib Axes; none of them needs a comparison.
Lengths are in nm, fluences in mJ/cm^2, depths in cm, as the room's own kernels take them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..formulation import load
from ..photoacoustic import agents, aggregates, coating, layers, particles, sections, single_particle, tissue
from ..photoacoustic.particles import Particle
from ..photoacoustic.sections import MOLAR
from ..provenance import Refusal
from .style import PALETTE, QUIET, at, figure, in_style, legend, logarithmic, look

__all__ = [
    "absorption_per_mass",
    "aggregate_heating",
    "coat_effect",
    "heating_times",
    "limit_by_depth",
    "nonlinear_map",
    "thresholds_by_size",
    "water_share",
]

WAVELENGTHS = np.arange(500.0, 1301.0, 5.0)
SIZES = np.array([10.0, 14.0, 20.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 120.0, 150.0, 200.0])
SKIN = 20.0  # mJ/cm^2, one nanosecond pulse at 400-700 nm


def _sizes(ax: Any, values: Any, ticks: Sequence[float] = (10, 20, 50, 100, 200)) -> None:
    """A logarithmic axis of sizes with plain numbers."""
    ax.set_xscale("log")
    at(ax.xaxis, [tick for tick in ticks if min(values) * 0.9 <= tick <= max(values) * 1.1])


def _finish(ax: Any, x: str, y: str, title: str) -> Any:
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.set_title(title)
    return ax


def absorption_per_mass(absorbers: Mapping[str, Any], wavelength: Any = WAVELENGTHS, per: str = "mass") -> Any:
    """Absorption against wavelength, of particles or formulations: per mass, or per particle.

    Parameters
    ----------
    absorbers : mapping of name to Particle, Formulation or id
        Particles count the mass of their metal; formulations that of the basis they are counted by.
    wavelength : array
        nm; where an absorber has no spectrum its line ends.
    per : str
        "mass" for 1/cm per mg/mL, "particle" for decadic 1/(M cm).

    Returns
    -------
    matplotlib.axes.Axes
    """
    with in_style():
        fig = figure(6.4, 4.4)
        ax = fig.add_subplot()
        handles = []
        for i, what in enumerate(absorbers.values()):
            x, y = _absorption(what, np.asarray(wavelength, float), per)
            style = look(i)
            handles += ax.plot(x, y, color=style["color"], ls=style["linestyle"])
        logarithmic(ax.yaxis)
        legend(fig, handles, absorbers)
        unit = "absorption, 1/cm per mg/mL" if per == "mass" else "decadic molar absorption, 1/(M·cm)"
        return _finish(ax, "wavelength, nm", unit, f"Absorption per {per}")


def _absorption(what: Any, wavelength: Any, per: str) -> tuple[Any, Any]:
    """Wavelengths and absorption of one absorber, as far as it answers."""
    if isinstance(what, Particle):
        sigma = sections.cross_sections.bare(what, wavelength).sigma_abs
        if per == "particle":
            return wavelength, sigma * MOLAR
        grams = _metal_mass(what)
        return wavelength, sigma * 1e4 / (grams * 1e3)  # cm^2 per mg
    formulation = load(what)
    found = []
    for wave in wavelength[::2]:
        try:
            molar = agents.predict(formulation, "molar_absorption", {"wavelength": float(wave)}, use_measured=False)
        except Refusal:
            continue
        if per == "particle":
            found.append((wave, molar.number))
            continue
        try:
            grams = formulation.concentration("1 mol/L", formulation.entity).mass(formulation.basis)
        except (KeyError, ValueError):
            grams = formulation.concentration("1 mol/L", formulation.entity).mass("compound")
        found.append((wave, molar.number * np.log(10.0) / grams))
    return tuple(np.array(found).T) if found else (np.array([]), np.array([]))


def _metal_mass(particle: Particle) -> float:
    """Grams of the absorbing solid in one particle."""
    density = {"gold": 19.3, "silver": 10.49, "magnetite": 5.18}
    inner = particle.diameter
    if particle.coats and particle.coats[0][0].startswith("gold"):
        outer = inner + 2 * particle.coats[0][1]
        return float(np.pi / 6 * (outer**3 - inner**3) * 1e-21 * density["gold"])
    name = next(key for key in density if particle.material.startswith(key))
    return float(particle.mean_core_volume * 1e-21 * density[name])


def heating_times(diameters: Any = SIZES, pulse: float = 5.0) -> Any:
    """Times in which heat crosses a gold sphere, its surface and the water around it, against its diameter.

    Parameters
    ----------
    diameters : array
        nm.
    pulse : float
        Duration to compare with, ns.

    Returns
    -------
    matplotlib.axes.Axes
    """
    names = {
        "internal": "inside the gold",
        "interface": "through the interface",
        "cooling": "gold cools into water",
        "water": "water, as far as R",
    }
    with in_style():
        fig = figure()
        ax = fig.add_subplot()
        found = [layers.time_scales(particles.sphere.bare(float(d))) for d in diameters]
        handles = []
        for i, key in enumerate(names):
            handles += ax.plot(diameters, [one[key] * 1e9 for one in found], color=PALETTE[i])
        ax.axhline(pulse, color=QUIET, ls="--", lw=1)
        ax.annotate(f"pulse of {pulse:g} ns", (diameters[0], pulse), xytext=(0, 3), textcoords="offset points")
        _sizes(ax, diameters)
        logarithmic(ax.yaxis)
        legend(fig, handles, names.values())
        return _finish(ax, "diameter, nm", "time, ns", "A pulse is long against heat flow inside a particle")


def water_share(diameters: Any = SIZES, pulses: Sequence[float] = (1.0, 5.0, 10.0), temperature: float = 293.15) -> Any:
    """Share of the emitted energy that is made in the water, against diameter, for pulses of several durations.

    Parameters
    ----------
    diameters : array
        nm.
    pulses : sequence of float
        ns.
    temperature : float
        K.

    Returns
    -------
    matplotlib.axes.Axes
    """
    with in_style():
        fig = figure()
        ax = fig.add_subplot()
        handles = []
        for i, pulse in enumerate(pulses):
            shares = [
                single_particle.emission.bare(particles.sphere.bare(float(d)), 1e-3, pulse, temperature).water_share
                for d in diameters
            ]
            handles += ax.plot(diameters, shares, color=PALETTE[i], marker="o", ms=3)
        ax.set_ylim(0, 1.02)
        legend(fig, handles, [f"pulse of {pulse:g} ns" for pulse in pulses])
        return _finish(ax, "diameter of the gold sphere, nm", "share made in water", "Where the sound is made")


def thresholds_by_size(
    diameters: Any = SIZES, pulse: float = 5.0, temperature: float = 293.15, wavelength: float = 532.0
) -> Any:
    """Fluences at which a gold sphere turns nonlinear, its water boils, and it melts, against its diameter.

    Parameters
    ----------
    diameters : array
        nm.
    pulse, temperature, wavelength : float
        ns, K, nm.

    Returns
    -------
    matplotlib.axes.Axes
    """
    names = {
        "critical": "nonlinear equals linear peak",
        "boiling": "water at its surface at 100 °C",
        "spinodal": "water at its surface at 647 K",
        "melting": "gold at its melting point",
    }
    with in_style():
        fig = figure(6.4, 4.3)
        ax = fig.add_subplot()
        found = [
            single_particle.thresholds.bare(particles.sphere.bare(float(d)), pulse, temperature, wavelength).fluences
            for d in diameters
        ]
        handles = []
        for i, key in enumerate(names):
            handles += ax.plot(diameters, [one[key] for one in found], color=PALETTE[i], marker="o", ms=3)
        ax.axhline(SKIN, color=QUIET, ls="--", lw=1)
        ax.annotate("skin limit", (diameters[-1], SKIN), xytext=(0, 3), textcoords="offset points", ha="right")
        _sizes(ax, diameters)
        logarithmic(ax.yaxis)
        legend(fig, handles, names.values(), 2)
        title = f"Fluences of change: {pulse:g} ns, {wavelength:g} nm, {temperature - 273.15:g} °C"
        return _finish(ax, "diameter of the gold sphere, nm", "fluence, mJ/cm²", title)


def nonlinear_map(
    diameters: Any = SIZES,
    fluences: Any = None,
    frequency: float | None = 20.0,
    pulse: float = 5.0,
    temperature: float = 293.15,
) -> Any:
    """Nonlinear over linear sound of a gold sphere, over its diameter and the fluence, by small-signal scaling.

    Parameters
    ----------
    diameters, fluences : arrays
        nm and mJ/cm^2.
    frequency : float or None
        Of detection, MHz; None for the broadband peak.
    pulse, temperature : float
        ns, K.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import LogLocator

    light = np.geomspace(0.1, 20.0, 60) if fluences is None else np.asarray(fluences, float)
    limits = [
        single_particle.thresholds.bare(particles.sphere.bare(float(d)), pulse, temperature, 532.0, frequency).fluences
        for d in diameters
    ]
    ratio = light[:, None] / np.array([one["critical"] for one in limits])[None, :]
    with in_style():
        fig = figure(6.4, 4.3)
        ax = fig.add_subplot()
        levels = np.geomspace(1e-3, 10.0, 17)
        shown = ax.contourf(
            diameters, light, np.clip(ratio, 1e-3, 10.0), levels=levels, norm=LogNorm(1e-3, 10.0), cmap="viridis"
        )
        line = ax.contour(diameters, light, ratio, levels=[1.0], colors=["#fefefe"], linewidths=1.6)
        ax.clabel(line, fmt={1.0: "equal"}, fontsize=8)
        ax.plot(diameters, [one["spinodal"] for one in limits], color="#D55E00", ls="--")
        ax.set_ylim(light[0], light[-1])
        _sizes(ax, diameters)
        logarithmic(ax.yaxis)
        ax.grid(False)
        bar = fig.colorbar(shown, ax=ax, ticks=LogLocator(10))
        bar.set_label("nonlinear over linear")
        band = "broadband peak" if frequency is None else f"at {frequency:g} MHz"
        title = f"Nonlinear share {band}; vapour above the dashed line"
        return _finish(ax, "diameter of the gold sphere, nm", "fluence, mJ/cm²", title)


def coat_effect(diameter: float = 40.0, thicknesses: Iterable[float] = (1, 2, 5, 10, 15, 20, 30, 40, 60)) -> Any:
    """What a silica coat does to a gold sphere: light absorbed, sound per absorbed energy, and their product.

    Parameters
    ----------
    diameter : float
        Of the gold, nm.
    thicknesses : iterable of float
        Of the silica, nm.

    Returns
    -------
    matplotlib.axes.Axes
    """
    sizes = [float(t) for t in thicknesses]
    found = [coating.silica_effect.bare(diameter, t) for t in sizes]
    with in_style():
        fig = figure()
        ax = fig.add_subplot()
        handles = []
        for i, values in enumerate(
            ([f.optical for f in found], [f.thermal for f in found], [f.model.number for f in found])
        ):
            handles += ax.plot([0.0, *sizes], [1.0, *values], color=PALETTE[i], lw=2.2 if i == 2 else 1.6)
        ax.axhline(3.0, color=QUIET, ls="--", lw=1)
        ax.annotate("reported for rods at equal optical density (Chen 2011)", (0, 3.0), xytext=(0, 3),
                    textcoords="offset points")  # fmt: skip
        ax.set_ylim(0.5, 3.3)
        legend(fig, handles, ["light absorbed", "sound per absorbed energy", "model: both"])
        title = f"Dense silica on {diameter:g} nm gold, over the bare sphere"
        return _finish(ax, "thickness of silica, nm", "coated over bare", title)


def aggregate_heating(
    diameter: float = 20.0, count: int = 8, spacings: Iterable[float] = (22, 25, 30, 40, 50, 70, 100, 150, 250)
) -> Any:
    """Linear and nonlinear sound per particle of an aggregate against the spacing of its particles.

    Parameters
    ----------
    diameter : float
        Of each gold sphere, nm.
    count : int
        Particles in the aggregate.
    spacings : iterable of float
        Between centres, nm.

    Returns
    -------
    matplotlib.axes.Axes
    """
    gaps = [float(s) for s in spacings]
    found = [aggregates.collective.bare(particles.sphere.bare(diameter), count, s) for s in gaps]
    with in_style():
        fig = figure()
        ax = fig.add_subplot()
        handles = ax.plot(gaps, [one["nonlinear"] for one in found], color=PALETTE[1], marker="o", ms=3)
        handles += ax.plot(gaps, [one["linear"] for one in found], color=PALETTE[0])
        _sizes(ax, gaps, (20, 30, 50, 100, 200))
        legend(fig, handles, ["nonlinear part", "linear part"])
        title = f"Heat shared by {count} spheres of {diameter:g} nm, at equal absorbed energy"
        return _finish(ax, "distance between centres, nm", "together over apart", title)


def limit_by_depth(
    formulations: Iterable[Any], wavelength: float = 808.0, depths: Any = None, protocol: Any = None
) -> Any:
    """Smallest concentration seen against depth, and the fluence that is left there.

    Parameters
    ----------
    formulations : iterable of Formulation or id
    wavelength : float
        nm.
    depths : array
        cm.
    protocol : Protocol
        Instrument and tissue; the defaults if left out.

    Returns
    -------
    matplotlib.axes.Axes
        The limits; the second panel of the figure shows the light.
    """
    from ..photoacoustic.protocol import Protocol, light_at

    held = protocol or Protocol()
    deep = np.linspace(0.1, 5.0, 40) if depths is None else np.asarray(depths, float)
    with in_style():
        fig = figure(6.4, 5.6)
        ax, below = fig.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        handles, names = [], []
        for i, what in enumerate(formulations):
            formulation = load(what)
            found = []
            for depth in deep:
                asked = {"wavelength": wavelength, "depth": float(depth), "protocol": held}
                try:
                    found.append((depth, agents.predict(formulation, "c_min", asked, use_measured=False)))
                except Refusal:
                    continue
            if not found:
                continue
            style = look(i)
            x = [depth for depth, _ in found]
            handles += ax.plot(x, [v.number for _, v in found], color=style["color"], ls=style["linestyle"])
            ax.fill_between(
                x, [v.low for _, v in found], [v.high for _, v in found], color=style["color"], alpha=0.13, lw=0
            )
            names.append(formulation.name)
        light = [light_at(held, wavelength, float(depth)) for depth in deep]
        below.plot(deep, [one.fluence for one in light], color="#E69F00")
        logarithmic(ax.yaxis)
        logarithmic(below.yaxis)
        below.set_xlabel("depth, cm")
        below.set_ylabel("mJ/cm²")
        legend(fig, handles, names)
        mu_eff = float(tissue.effective_attenuation.bare(light[0].mu_a, light[0].scattering))
        title = f"Smallest concentration seen at {wavelength:g} nm (light falls by e in {10 / mu_eff:.0f} mm)"
        return _finish(ax, "", "mol/L of particles or molecules", title)
