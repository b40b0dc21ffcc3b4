"""Pictures of MRI results: relaxivity against field and size, its parts, signal against concentration, clusters.

Each function returns matplotlib Axes drawn in the shipped style; ``.figure`` is the whole picture. Lines are what the
models of `contrastphys.mri` give, bands their stated error, points what was measured. A model that refuses leaves a
gap; a line scaled to a measurement is broken and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import records
from ..formulation import Formulation, load
from ..mri import agents, cores, regimes, sequences
from ..mri.measured import Row
from ..mri.measured import rows as measured_rows
from ..mri.media import surroundings
from ..mri.model import evaluate, relaxing_metal
from ..provenance import Refusal
from ..units import magnitude
from .style import INK, PALETTE, QUIET, RULE, figure, label, legend, logarithmic, look, styled

FIELDS = np.geomspace(1e-4, 14, 90)  # T
SIZES = np.geomspace(2.0, 60.0, 70)  # nm
RELAXIVITY = "[1/(mM s)]"


def _line(probe: Formulation, quantity: str, fields: np.ndarray, kelvin: float, medium: str) -> tuple[np.ndarray, ...]:
    """(value, low, high, scaled) along the field; scaled is true where the model alone refuses."""
    found = np.full((3, fields.size), np.nan)
    scaled = False
    for i, field in enumerate(fields):
        where = {"field": float(field), "temperature": kelvin, "medium": medium, "concentration": 0.1}
        try:
            value = agents.predict(probe, quantity, where, use_measured=False)
        except Refusal:
            try:
                value = agents.predict(probe, quantity, where)
                scaled = True
            except Refusal:
                continue
        found[:, i] = value.number, *value.bounds()
    return (*found, np.array(scaled))


def _points(ax: Any, rows: Sequence[Row], colour: str, marker: str) -> None:
    if rows:
        bars = [row.sd or 0.0 for row in rows]
        ax.errorbar(
            [row.field for row in rows], [row.number for row in rows], yerr=bars, fmt=marker, color=colour, ms=4.5,
            mec="white", mew=0.6, lw=1, zorder=4,
        )  # fmt: skip


@styled
def relaxivity_profile(
    probes: Sequence[Formulation | str] = ("gadoterate", "gd2o3-2nm", "ferumoxytol", "uspio-3nm", "nahof4-peg-29nm"),
    temperature: Any = "37 degC",
    medium: str = "water",
    fields: np.ndarray = FIELDS,
) -> Any:
    """r1 and r2 of agents against magnetic field, model with its band and measured points.

    Parameters
    ----------
    probes : sequence of Formulation or str
        Formulations or ids of the catalogue.
    temperature : quantity
        Of the model; points are shown at whatever temperature they were measured.
    medium : str
        Medium of the model; filled points are measured in it, open ones elsewhere.
    fields : ndarray
        Tesla.

    Returns
    -------
    matplotlib.axes.Axes
        The panel of r1; the second of the figure has r2.
    """
    kelvin = float(magnitude(temperature, "K"))
    fig = figure(7.2, 4.4)
    axes = fig.subplots(1, 2, sharex=True, sharey=True)
    handles, names = [], []
    for index, probe in enumerate(map(load, probes)):
        style = look(index)
        rows = measured_rows(probe, relaxing_metal(probe))
        anchored = False
        for ax, quantity in zip(axes, ("r1", "r2"), strict=True):
            value, low, high, scaled = _line(probe, quantity, fields, kelvin, medium)
            anchored = anchored or bool(scaled)
            (line,) = ax.plot(fields, value, color=style["color"], ls=(0, (5, 2)) if scaled else "-")
            ax.fill_between(fields, low, high, color=style["color"], alpha=0.12, lw=0)
            own = [r for r in rows if r.quantity == quantity and r.medium == medium]
            other = [r for r in rows if r.quantity == quantity and r.medium != medium]
            _points(ax, own, style["color"], style["marker"])
            ax.plot(
                [r.field for r in other],
                [r.number for r in other],
                style["marker"],
                color=style["color"],
                ms=4,
                mfc="none",
            )
        handles.append(line)
        names.append(f"{label(probe.name, 34)}, scaled" if anchored else probe.name)
    for ax, quantity in zip(axes, ("r1", "r2"), strict=True):
        logarithmic(ax.xaxis)
        logarithmic(ax.yaxis)
        ax.set_xlabel("magnetic field [T]")
        ax.set_title(f"{quantity} per metal {RELAXIVITY}", loc="left")
    axes[0].set_ylim(0.02, 1500)
    legend(fig, handles, names)
    return axes[0]


@styled
def parts_profile(probe: Formulation | str, temperature: Any = "37 degC", medium: str = "water",
                  fields: np.ndarray = FIELDS) -> Any:  # fmt: skip
    """The parts that make up r1 and r2 of one agent against field.

    Parameters
    ----------
    probe : Formulation or str
    temperature : quantity
    medium : str
    fields : ndarray
        Tesla.

    Returns
    -------
    matplotlib.axes.Axes
        The panel of r1; the second of the figure has r2.
    """
    probe = load(probe)
    found = evaluate(probe, fields, float(magnitude(temperature, "K")), surroundings(medium), agent=0.1)
    fig = figure(7.2, 3.6)
    axes = fig.subplots(1, 2, sharex=True, sharey=True)
    handles, names = [], []
    for i, ax in enumerate(axes):
        whole = found.numbers["r1"] if i == 0 else found.numbers["r2_star"]
        (line,) = ax.plot(fields, whole, color=INK, lw=2)
        if i == 0:
            handles.append(line)
            names.append("whole")
        for index, (name, pair) in enumerate(found.named.items()):
            style = look(index)
            (line,) = ax.plot(fields, np.maximum(pair[i], 1e-12), color=style["color"], ls=style["linestyle"])
            if i == 0:
                handles.append(line)
                names.append(name)
        logarithmic(ax.xaxis)
        logarithmic(ax.yaxis)
        ax.set_xlabel("magnetic field [T]")
        ax.set_title(f"{('r1', 'r2')[i]} per {found.basis} {RELAXIVITY}", loc="left")
    top = float(np.max(found.numbers["r2_star"]))
    axes[0].set_ylim(top * 1e-4, top * 2)
    fig.suptitle(label(probe.name), x=0.01, ha="left", fontsize=10)
    legend(fig, handles, names)
    return axes[0]


def published_cores() -> list[tuple[float, float, float, float]]:
    """(diameter, field, r1, r2) of published iron oxides with a measured magnetisation; what is missing is nan."""
    found = []
    for row in records.table("published/mri_collected").rows():
        size, field, r1, r2 = (float(row[key]) for key in ("core", "field", "r1", "r2"))
        if row["class"] == "B" and row["saturation"] > 0 and 1 < size <= 60 and "implausible" not in row["note"]:
            found.append((size, field, r1, r2))
    return found


@styled
def size_profile(fields: Sequence[Any] = ("0.5 T", "1.5 T", "3 T"), material: str = "magnetite",
                 sizes: np.ndarray = SIZES) -> Any:  # fmt: skip
    """r1, r2 and r2/r1 of iron oxide cores against their diameter, with published cores as points.

    Parameters
    ----------
    fields : sequence of quantity
    material : str
        Record of the core's material; its dead layer and bulk magnetisation are used.
    sizes : ndarray
        Core diameters, nm.

    Returns
    -------
    matplotlib.axes.Axes
        The panel of r1; the others of the figure have r2 and their ratio.
    """
    fig = figure(7.4, 3.9)
    axes = fig.subplots(1, 3, sharex=True)
    handles, names = [], []
    published = published_cores()
    for index, stated in enumerate(fields):
        field = float(magnitude(stated, "T"))
        pairs = np.array([[float(v) for v in cores.rates(cores.iron_core(float(d), material), field)] for d in sizes])
        columns = (pairs[:, 0], pairs[:, 1], pairs[:, 1] / pairs[:, 0])
        near = np.array([p for p in published if abs(p[1] / field - 1) < 0.15])
        for i, ax in enumerate(axes):
            (line,) = ax.plot(sizes, columns[i], color=PALETTE[index], zorder=3)
            if near.size:
                measured = (near[:, 2], near[:, 3], near[:, 3] / near[:, 2])[i]
                ax.plot(near[:, 0], measured, ".", color=PALETTE[index], alpha=0.45, ms=5, zorder=2)
        handles.append(line)
        names.append(f"{field:g} T")
    for ax, title in zip(axes, (f"r1 {RELAXIVITY}", f"r2* {RELAXIVITY}", "r2*/r1"), strict=True):
        logarithmic(ax.xaxis)
        logarithmic(ax.yaxis)
        ax.set_xlabel("core diameter [nm]")
        ax.set_title(title, loc="left")
        ax.axvspan(sizes[0], 5, color=RULE, alpha=0.45, lw=0, zorder=0)
        ax.set_xticks([2, 5, 10, 20, 50], ["2", "5", "10", "20", "50"])
    crossing = regimes.quadrature_crossing_diameter(4.8e5, 3.037e-9)
    axes[1].axvline(float(crossing), color=QUIET, lw=0.9, ls=(0, (1, 2.5)))
    axes[1].annotate(
        "static dephasing", (float(crossing), 1.2), xytext=(3, 0), textcoords="offset points", fontsize=7.5, color=QUIET
    )
    axes[0].annotate("order of\nmagnitude", (2.1, axes[0].get_ylim()[0] * 1.3), fontsize=7.5, color=QUIET)
    legend(fig, handles, names)
    return axes[0]


@styled
def signal_profile(
    probes: Sequence[Formulation | str] = ("gadoterate", "ferumoxytol", "uspio-3nm"),
    protocol: agents.Protocol | None = None,
    concentrations: np.ndarray | None = None,
) -> Any:
    """Signal over that without agent against concentration, with the concentration where it peaks.

    Parameters
    ----------
    probes : sequence of Formulation or str
    protocol : Protocol, optional
        SPGR 5/2 ms at 15 degrees and 3 T in blood where not given; its first field is used.
    concentrations : ndarray, optional
        mmol/L of the relaxing metal.

    Returns
    -------
    matplotlib.axes.Axes
    """
    protocol = protocol or agents.Protocol(flip="15 deg")
    field = protocol.field[0].number
    grid = np.geomspace(1e-3, 100, 240) if concentrations is None else np.asarray(concentrations, float)
    tr, te = protocol.tr.number * 1e-3, protocol.te.number * 1e-3
    ti = None if protocol.ti is None else protocol.ti.number * 1e-3
    fig = figure(6.2, 3.9)
    ax = fig.subplots()
    handles, names = [], []
    for index, probe in enumerate(map(load, probes)):
        at = agents.setting(probe, protocol, field)
        r1, r2, star = (r + grid * a for r, a in zip(at.rates, at.relaxivities, strict=True))
        base = sequences.raw_signal(protocol.sequence, *at.rates, tr, te, at.flip, ti)
        level = sequences.raw_signal(protocol.sequence, r1, r2, star, tr, te, at.flip, ti) / base
        style = look(index)
        (line,) = ax.plot(grid, level, color=style["color"])
        try:
            peak = sequences.peak_concentration(protocol.sequence, at.rates, at.relaxivities, tr, te, at.flip, ti)
            top = float(np.interp(peak, grid, level))
            ax.plot([peak], [top], style["marker"], color=style["color"], ms=6, mec="white", zorder=4)
            ax.annotate(
                f"{peak:.2g} mM", (peak, top), xytext=(0, (6, -14)[index % 2]), textcoords="offset points",
                ha="center", fontsize=8, color=style["color"],
            )  # fmt: skip
        except Refusal:
            pass  # it falls from the start: there is no peak to mark
        handles.append(line)
        names.append(probe.name)
    logarithmic(ax.xaxis)
    ax.margins(y=0.1)
    ax.axhline(1, color=QUIET, lw=0.9, ls=(0, (1, 2.5)))
    ax.set_xlabel("concentration of the relaxing metal [mM]")
    ax.set_ylabel("signal over that without agent")
    ax.set_title(f"{protocol.sequence.upper()} at {field:g} T, {protocol.tissue}", loc="left")
    legend(fig, handles, names)
    return ax


@styled
def detection_profile(probes: Sequence[Formulation | str] = ("gadoterate", "ferumoxytol", "nahof4-peg-29nm"),
                      fields: Sequence[float] = (0.064, 0.5, 1.0, 1.5, 3.0, 4.7, 7.0, 9.4)) -> Any:  # fmt: skip
    """Least detectable concentration of the relaxing metal against field, with its band.

    Parameters
    ----------
    probes : sequence of Formulation or str
    fields : sequence of float
        Tesla.

    Returns
    -------
    matplotlib.axes.Axes
    """
    asked: Any = tuple(f"{field!r} T" for field in fields)
    protocol = agents.Protocol(field=asked)
    fig = figure(6.2, 3.8)
    ax = fig.subplots()
    handles, names = [], []
    for index, probe in enumerate(map(load, probes)):
        cells = [c for c in agents.detection_limit(probe, protocol) if c.quantity == "c_min" and c.value is not None]
        x = [float(magnitude(c.conditions["field"], "T")) for c in cells]
        style = look(index)
        (line,) = ax.plot(x, [1e3 * (c.value or np.nan) for c in cells], marker=style["marker"], color=style["color"])
        bounds = [(1e3 * (c.low or np.nan), 1e3 * (c.high or np.nan)) for c in cells]
        ax.fill_between(x, [b[0] for b in bounds], [b[1] for b in bounds], color=style["color"], alpha=0.12, lw=0)
        handles.append(line)
        names.append(probe.name)
    logarithmic(ax.xaxis)
    logarithmic(ax.yaxis)
    ax.set_xlabel("magnetic field [T]")
    ax.set_ylabel("least concentration seen [µM of metal]")
    ax.set_title(
        f"{protocol.sequence.upper()}, SNR {protocol.snr.value.number:g} at {protocol.reference_field:g} T", loc="left"
    )
    legend(fig, handles, names)
    return ax


@styled
def cluster_profile(diameter: float = 6.0, field: float = 1.5, packing: float = 0.3) -> Any:
    """r1 and r2* of a cluster against the number of its cores, and the ceiling no arrangement passes.

    Parameters
    ----------
    diameter : float
        Of one core, nm (350 kA/m).
    field : float
        Tesla.
    packing : float
        Volume fraction of core in the cluster.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from ..mri.superparamagnetic import static_dephasing_r2_star

    counts = np.unique(np.geomspace(1, 3000, 40).round())
    volume, ms, kelvin, diffusion = 1.49e-5, 3.5e5, 310.15, 3.037e-9
    found = []
    for count in counts:
        size = None if count < 2 else 1e-9 * diameter * (count / packing) ** (1 / 3)
        rates = regimes.population(
            field, diameter, ms, volume, kelvin, diffusion, neel=1e-9, cluster_diameter=size,
            packing=1.0 if size is None else packing,
        )  # fmt: skip
        found.append((float(rates.r1), float(rates.r2_star)))
    r1, r2 = np.array(found).T
    fig = figure(5.6, 3.6)
    ax = fig.subplots()
    (one,) = ax.plot(counts, r1, color=PALETTE[0])
    (two,) = ax.plot(counts, r2, color=PALETTE[1])
    top = ax.axhline(float(static_dephasing_r2_star.bare(ms, volume)), color=QUIET, lw=1, ls=(0, (1, 2.5)))
    logarithmic(ax.xaxis)
    logarithmic(ax.yaxis)
    ax.set_xlabel(f"{diameter:g} nm cores in a cluster ({100 * packing:.0f} % packed)")
    ax.set_ylabel(f"relaxivity {RELAXIVITY}")
    ax.set_title(f"{field:g} T", loc="left")
    legend(fig, (one, two, top), ("r1 (single cores: upper bound)", "r2*", "static dephasing"))
    return ax
