"""Pictures of X-ray results: attenuation over a beam, enhancement, the mass that matches iodine, separation bounds.

Each function returns matplotlib Axes drawn in the shipped style; ``.figure`` is the whole picture. Lines are what the
functions of `contrastphys.xray` give, bands what they state as their error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..provenance import Refusal
from ..units import Q, magnitude
from ..xray.absorbers import resolve
from ..xray.acquisition import best_thresholds
from ..xray.contrast import (
    ERROR,
    HARD,
    PHANTOM,
    SOFT,
    beam_of,
    depth,
    mass_concentration,
    object_layers,
    phantom_words,
    water_words,
)
from ..xray.decomposition import basis_mu, decompose, k_edges
from ..xray.matching import DATA_CHOICE, EnhancementTable, enhancement_table
from ..xray.spectra import CT_FILTRATION, Spectrum
from .style import INK, LINES, QUIET, RULE, at, figure, label, legend, logarithmic, look, says, styled

VOLTAGES = np.arange(60.0, 141.0, 5.0)  # kV
SIZES = (0.0, 20.0, 32.0)  # cm of water
REAL = {"energy_resolution": "8 keV", "charge_sharing": 0.3}  # a cadmium telluride counter of today, roughly


# --------------------------------------------------------------------------------------- attenuation, spectrum


@styled
def attenuation(
    materials: Sequence[str] = ("I", "Gd", "Ta", "Au", "Bi", "water"),
    beam: Any = "120 kV",
    phantom: Any = PHANTOM,
    names: Mapping[str, str] | None = None,
) -> Any:
    """Mass attenuation of materials with their K edges, above the beam that meets them.

    Parameters
    ----------
    materials : sequence of str
        Elements, formulas or agents of the catalogue (per mass of their counted element).
    beam : Spectrum or quantity
        Beam, or tube voltage of the default CT beam.
    phantom : quantity or mapping
        What the beam is also shown behind.
    names : mapping, optional
        What the legend says of a material instead of its name.

    Returns
    -------
    matplotlib.axes.Axes
        The panel of the attenuation; the second of the figure has the beam.
    """
    if not materials:
        raise ValueError("materials: give at least one")
    tube = beam_of(beam)
    low, high = 10.0, float((tube.energies + tube.widths / 2).max())
    marks = sorted({(e, s) for name in materials for e, s in _edges_of(name) if low < e < high})
    fig = figure(6.4, 4.9)
    upper, lower = fig.subplots(2, 1, sharex=True, height_ratios=(2.2, 1))
    base = np.geomspace(low, high, 500)
    handles = []
    for index, name in enumerate(materials):
        own = [e + d for e, _ in _edges_of(name) if low < e < high for d in (-6e-3, 6e-3)]
        grid = np.unique(np.concatenate([base, own]))
        style = look(index)
        (line,) = upper.plot(grid, basis_mu(name, grid), color=style["color"], ls=style["linestyle"])
        handles.append(line)
    logarithmic(upper.yaxis)
    upper.set_ylabel("µ/ρ [cm²/g]")
    _name_edges((upper, lower), marks, high - low)
    centre, width = _one_kev(low, high)
    made = "" if tube.kvp is None else f"{tube.kvp:g} kV, "
    shown = [(f"{made}before the object", tube), (f"behind {phantom_words(phantom)}", _behind(tube, phantom))]
    for (words, spectrum), shade in zip(shown, (RULE, "#8f8f96"), strict=True):
        share = _shares(spectrum, centre, width)
        lower.fill_between(centre, 0, share, step="mid", color=shade, lw=0, alpha=0.85, label=words)
    lower.set_ylabel("photons [% per keV]")
    lower.set_xlabel("photon energy [keV]")
    lower.set_ylim(bottom=0)
    lower.set_xlim(low, high)
    lower.legend(loc="upper right", handlelength=1.2)
    legend(fig, handles, [(names or {}).get(name, name) for name in materials], length=86)
    return upper


def _edges_of(name: str) -> list[tuple[float, str]]:
    """K edges of a material or agent with the symbol of the element."""
    found = [s for s, _ in resolve(name).masses] if name not in ("water",) else []
    return [(energy, symbol) for symbol in found for energy in k_edges(symbol)]


def _name_edges(axes: Sequence[Any], marks: Sequence[tuple[float, str]], span: float) -> None:
    """Dotted lines at K edges, named above the first panel in as many rows as they need."""
    last = [-np.inf] * 4
    for energy, symbol in marks:
        for ax in axes:
            ax.axvline(energy, color=QUIET, lw=0.9, ls=(0, (1, 2.5)), zorder=1)
        row = next((r for r, right in enumerate(last) if energy - right > 0.085 * span), len(last) - 1)
        last[row] = energy
        axes[0].annotate(
            f"{symbol} {energy:.1f}", (energy, 1), xycoords=("data", "axes fraction"), xytext=(0, 3 + 10 * row),
            textcoords="offset points", ha="center", va="bottom", fontsize=7.5, color=INK,
        )  # fmt: skip


def _plain_decades(axis: Any) -> None:
    """A logarithmic axis with plain numbers."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _plain_steps(axis: Any) -> None:
    """Ticks at 1, 2 and 5 of each decade, as plain numbers."""
    from matplotlib.ticker import LogLocator

    axis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
    _plain_decades(axis)


def _one_kev(low: float, high: float) -> tuple[np.ndarray, float]:
    return np.arange(np.floor(low) + 0.5, np.ceil(high), 1.0), 1.0


def _shares(beam: Spectrum, centre: np.ndarray, width: float) -> np.ndarray:
    """Percent of a beam's photons in even bins, lines among them."""
    bounds = np.append(centre - width / 2, centre[-1] + width / 2)
    held, _ = np.histogram(beam.energies, bounds, weights=beam.photons)
    return 100 * held / beam.photons.sum() / width


def _behind(beam: Spectrum, phantom: Any) -> Spectrum:
    from dataclasses import replace

    left = beam.photons * np.exp(-depth(object_layers(phantom), beam.energies))
    return replace(beam, photons=left)


# ---------------------------------------------------------------------------------------------- enhancement


def _tables(agents: Sequence[Any], kvp: Any, sizes: Any, detector: Any) -> list[EnhancementTable]:
    """Slopes with the default, a softer and a harder CT filtration."""
    stacks = (CT_FILTRATION, SOFT, HARD)
    return [enhancement_table(agents, Q(kvp, "kV"), Q(sizes, "cm"), detector, layers) for layers in stacks]


def _grids(kvp: Any, sizes: Any) -> tuple[np.ndarray, np.ndarray]:
    volts = VOLTAGES if kvp is None else np.atleast_1d(magnitude(kvp, "kV", "kvp"))
    lengths = np.array(SIZES) if sizes is None else np.atleast_1d(magnitude(sizes, "cm", "sizes"))
    return volts, lengths


def _size_words(cm: float) -> str:
    return "no phantom" if cm == 0 else water_words(cm)


@styled
def enhancement(
    agents: Sequence[Any] = ("I", "Gd", "Au"), kvp: Any = None, sizes: Any = None, detector: Any = "energy-integrating"
) -> Any:
    """CT enhancement per mass and per amount of the element, against tube voltage, for several phantom sizes.

    The band is 5 % beside a filtration from 2.5 to 6 mm of aluminium with 0.9 mm of titanium.

    Parameters
    ----------
    agents : sequence of str, Formulation or Absorber
    kvp : quantity, optional
        60 to 140 kV by default.
    sizes : quantity, optional
        Thicknesses of water; 0, 20 and 32 cm by default.
    detector : str or Detector

    Returns
    -------
    matplotlib.axes.Axes
        The first panel.
    """
    volts, lengths = _grids(kvp, sizes)
    tables = _tables(agents, volts, lengths, detector)
    fig = figure(6.4, 4.9)
    panels = fig.subplots(2, lengths.size, sharex=True, sharey="row", squeeze=False)
    handles: dict[str, Any] = {}
    rows = (
        ([t.per_mass.magnitude for t in tables], "enhancement\n[HU mL/mg of the element]"),
        ([t.per_mole.magnitude for t in tables], "enhancement\n[HU/mM of the element]"),
    )
    for row, (found, words) in enumerate(rows):
        held = np.stack(found).reshape(3, len(agents), volts.size, lengths.size)
        for column in range(lengths.size):
            ax = panels[row, column]
            for index, (name, basis) in enumerate(zip(tables[0].agents, tables[0].bases, strict=True)):
                here, style = held[:, index, :, column], look(index)
                low, high = here.min(axis=0), here.max(axis=0)
                ax.fill_between(volts, low - ERROR * abs(low), high + ERROR * abs(high), color=style["color"],
                                alpha=0.16, lw=0)  # fmt: skip
                (line,) = ax.plot(volts, here[0], color=style["color"], ls=style["linestyle"])
                handles.setdefault(name if name == basis else f"{name} (per {basis})", line)
        panels[row, 0].set_ylabel(words)
        panels[row, 0].set_ylim(bottom=min(0.0, float(held.min())))
    for column, cm in enumerate(lengths):
        panels[0, column].set_title(_size_words(float(cm)))
        at(panels[1, column].xaxis, _volt_ticks(volts))
    panels[1, lengths.size // 2].set_xlabel("tube voltage [kV]")
    legend(fig, list(handles.values()), list(handles))
    return panels[0, 0]


def _volt_ticks(volts: np.ndarray) -> list[float]:
    ticks = [v for v in (40.0, 60.0, 80.0, 100.0, 120.0, 140.0) if volts.min() <= v <= volts.max()]
    return ticks or [float(volts[0])]


@styled
def mass_to_match(
    agents: Sequence[Any] = ("Au", "Bi", "Ta"),
    reference: Any = "I",
    concentration: Any = "300 mg/mL",
    kvp: Any = None,
    sizes: Any = None,
    detector: Any = "energy-integrating",
    names: Sequence[str] = (),
) -> Any:
    """Mass of each agent's element that enhances as a reference does, against tube voltage, for several sizes.

    The band covers filtration (2.5 to 6 mm of aluminium) and the choice of cross-sections, as `xray.match` states it.

    Parameters
    ----------
    agents, reference : str, Formulation or Absorber
        Agents in a sequence, and what they are compared with.
    concentration : quantity
        Of the reference's element.
    kvp : quantity, optional
        60 to 140 kV by default.
    sizes : quantity, optional
        Thicknesses of water; 0, 20 and 32 cm by default.
    detector : str or Detector
    names : sequence of str, optional
        What the legend says of the agents, and lines it says after them.

    Returns
    -------
    matplotlib.axes.Axes
        The first panel.
    """
    from matplotlib.lines import Line2D

    volts, lengths = _grids(kvp, sizes)
    other = resolve(reference)
    wanted = mass_concentration(concentration, other.basis)
    tables = _tables([reference, *agents], volts, lengths, detector)
    k = np.stack([t.slopes for t in tables]).reshape(3, len(agents) + 1, volts.size, lengths.size)
    if (k <= 0).any():
        worst = tables[0].agents[int(np.argwhere(k <= 0)[0][1])]
        raise Refusal("no contrast", f"{worst} does not enhance: nothing of it equals a reference")
    mass = wanted * k[:, :1] / k[:, 1:]
    fig = figure(6.4, 3.5)
    panels = fig.subplots(1, lengths.size, sharex=True, sharey=True, squeeze=False)[0]
    handles: dict[str, Any] = {}
    for column, (ax, cm) in enumerate(zip(panels, lengths, strict=True)):
        ax.axhline(wanted, color=INK, lw=1.0, ls=LINES[2])
        for index, (name, basis) in enumerate(zip(tables[0].agents[1:], tables[0].bases[1:], strict=True)):
            here, style = mass[:, index, :, column], look(index)
            low, high = here.min(axis=0) * (1 - DATA_CHOICE), here.max(axis=0) * (1 + DATA_CHOICE)
            ax.fill_between(volts, low, high, color=style["color"], alpha=0.16, lw=0)
            (line,) = ax.plot(volts, here[0], color=style["color"], ls=style["linestyle"])
            key = name if name == basis else f"{name} (per {basis})"
            handles.setdefault(f"{index} {key}" if names else key, line)
        ax.set_title(_size_words(float(cm)))
        at(ax.xaxis, _volt_ticks(volts))
    if mass.max() > 4 * mass.min():
        panels[0].set_yscale("log")
        _plain_steps(panels[0].yaxis)
    else:
        panels[0].set_ylim(bottom=0)
    panels[0].set_ylabel(f"mass that equals {wanted:g} mg {other.basis}/mL\n[mg/mL of the element]")
    panels[lengths.size // 2].set_xlabel(f"tube voltage [kV]  (dotted: {wanted:g} mg {other.basis}/mL)")
    lines = list(handles.values())
    lines += [Line2D([], [], ls="none")] * (len(names) - len(lines))
    legend(fig, lines, names or list(handles), length=86)
    return panels[0]


# ------------------------------------------------------------------------------------------------ separation


@styled
def bounds(
    materials: Mapping[str, Any],
    goal: str,
    spectrum: Any = "120 kV",
    thresholds: Any = None,
    bins: Sequence[int] = (3, 4, 5, 6),
    detector: Any = "photon-counting",
    photons: float = 1e6,
    responses: Mapping[str, Mapping[str, Any]] | None = None,
) -> Any:
    """Cramer-Rao bound of each agent against one threshold, and against the number of bins at their best.

    Left, the threshold nearest to the goal's K edge moves and the others stay; right, all thresholds are placed for
    the smallest bound on the goal. The first material is the background and is not drawn.

    Parameters
    ----------
    materials : mapping
        As in `xray.decompose`: background first.
    goal : str
        The material the thresholds are placed for.
    spectrum : Spectrum or quantity
    thresholds : quantity [keV], optional
        Those that stay; by default the best four (or one for each material, where there are more).
    bins : sequence of int
        Numbers of bins of the right panel.
    detector : str or Detector
    photons : float
        Per ray, before the object.
    responses : mapping, optional
        Name to `energy_resolution`, `charge_sharing`, `k_escape`; by default an ideal counter and one with 8 keV
        FWHM and 30 % of charge sharing.

    Returns
    -------
    matplotlib.axes.Axes
        The panel of the threshold.
    """
    from matplotlib.lines import Line2D

    beam = beam_of(spectrum)
    kinds = responses or {"ideal": {}, "8 keV FWHM, 30 % charge sharing": REAL}
    shown = list(materials)[1:]
    if thresholds is None:
        thresholds, _ = best_thresholds(
            materials, beam, max(4, len(materials)), goal, detector=detector, photons=photons
        )
    stay = np.sort(np.atleast_1d(magnitude(thresholds, "keV", "thresholds")))
    edge = [e for e in k_edges(goal) if stay[0] < e < beam.energies.max()]
    movable = stay[1:]
    if not movable.size:
        raise ValueError("thresholds: give two or more, of which one moves")
    moved = movable[np.argmin(np.abs(movable - (edge[0] if edge else np.median(movable))))]
    others = stay[stay != moved]
    places = np.unique([*np.arange(np.ceil(stay[0]) + 2, float(beam.energies.max()) - 4, 1.0), *edge, moved])
    places = places[np.abs(places[:, None] - others).min(axis=1) >= 0.75]
    fig = figure(6.4, 3.9)
    left, right = fig.subplots(1, 2, sharey=True)
    handles: dict[str, Any] = {}
    smallest, largest = np.inf, 0.0
    for which, response in enumerate(kinds.values()):
        moving = np.full((places.size, len(shown)), np.nan)
        for i, place in enumerate(places):
            moving[i] = _sds(materials, beam, np.sort([*others, place]), detector, photons, response, shown)
        counted = np.full((len(bins), len(shown)), np.nan)
        for i, number in enumerate(bins):
            try:
                _, found = best_thresholds(
                    materials, beam, number, goal, detector=detector, photons=photons, **response
                )
            except Refusal:
                continue
            counted[i] = [found.sd(name).magnitude for name in shown]
        for index, name in enumerate(shown):
            style, stroke = look(index), LINES[which % len(LINES)]
            left.plot(places, moving[:, index], color=style["color"], ls=stroke)
            right.plot(bins, counted[:, index], color=style["color"], ls=stroke, marker=style["marker"])
            handles[name] = Line2D([], [], color=style["color"], marker=style["marker"])
        drawn = np.concatenate([moving, counted])
        if np.isfinite(drawn).any():
            smallest = min(smallest, float(np.nanmin(drawn)))
            largest = max(largest, float(np.nanmax(drawn)))
    for which, words in enumerate(kinds):
        handles[words] = Line2D([], [], color=INK, ls=LINES[which % len(LINES)])
    if largest:
        left.set_yscale("log")
        left.set_ylim(0.7 * smallest, 1.4 * min(largest, 100 * smallest))
        _plain_steps(left.yaxis)
    else:
        says(left, "no bound: too few photons or no K edge")
    marks = sorted({(e, s) for name in shown for e, s in _edges_of(name) if places.min() < e < places.max()})
    _name_edges((left,), marks, 2 * float(np.ptp(places)))
    for place in others[1:]:
        left.axvline(place, color=RULE, lw=3, zorder=0)
    left.set_xlabel("threshold that moves [keV]\n(grey: those that stay; dotted: K edges)")
    left.set_ylabel("smallest standard deviation\nof one ray [mg/cm²]")
    right.set_xlabel(f"number of bins, placed for\n{label(goal)}")
    at(right.xaxis, list(bins))
    fig.legend(list(handles.values()), [label(name, 44) for name in handles], loc="outside lower left",
               ncols=2, handlelength=2.6)  # fmt: skip
    return left


def _sds(
    materials: Mapping[str, Any],
    beam: Spectrum,
    cuts: np.ndarray,
    detector: Any,
    photons: float,
    response: Mapping[str, Any],
    shown: Sequence[str],
) -> list[float]:
    """Bounds of the materials shown, mg/cm2; nan where refused."""
    try:
        found = decompose(materials, beam, Q(cuts, "keV"), detector, photons, **response)
    except Refusal:
        return [np.nan] * len(shown)
    return [found.sd(name).magnitude for name in shown]
