"""Choosing how to look: two tube voltages, or the thresholds that separate materials best.

Both end in the Cramer-Rao bound of `decomposition`. Two voltages tell two materials apart; thresholds beside a K edge
tell a third.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..provenance import Refusal
from ..units import Q, magnitude
from .contrast import beam_of, beam_words
from .decomposition import (
    FEWEST,
    SINGULAR,
    Decomposition,
    above_all,
    areal_densities,
    basis_mu,
    bound,
    channels,
    decompose,
    expected,
    highest_energy,
    k_edges,
)
from .detectors import Detector, detector

_detector = detector


def dual_voltage(
    materials: Mapping[str, Any],
    low: Any = "80 kV",
    high: Any = "140 kV",
    detector: str | Detector = "energy-integrating",
    photons: tuple[float, float] = (5e5, 5e5),
) -> Decomposition:
    """Bound for two materials from two tube voltages on an integrating (or counting) detector.

    F_ij = sum_k (ds_k/dA_i)(ds_k/dA_j)/var(s_k), s_k the mean signal of beam k and var its quantum noise.

    Other Parameters
    ----------------
    materials : mapping
        Two: {"water": "20 cm", "I": "10 mg/cm^2"}.
    low, high : Spectrum or quantity
        The two beams, or their tube voltages.
    detector : str or Detector
    photons : two floats
        Photons per ray of each beam before the object.

    Returns
    -------
    Decomposition

    Notes
    -----
    Gaussian signals; the information in their variances is left out. `.counts` are the
    signals in units of their variance over mean, and so are what `.estimate` takes.

    References
    ----------
    Alvarez and Macovski 1976, doi:10.1088/0031-9155/21/5/002

    Examples
    --------
    >>> two = dual_voltage({"water": "20 cm", "I": "10 mg/cm^2"}, "80 kV", "140 kV")
    >>> print(f"{two.sd('I'):.2f}")
    4.85 milligram / centimeter ** 2
    """
    counter, names = _detector(detector), tuple(materials)
    if len(names) != 2:
        raise Refusal("bins", f"two beams tell two materials apart, not {len(names)}")
    areal = areal_densities(materials)
    if len(photons) != 2 or not all(np.isfinite(n) and n > 0 for n in photons):
        raise ValueError(f"photons is {photons}: it must be two numbers above 0, one for each beam")
    beams = [beam_of(low), beam_of(high)]
    energies = np.concatenate([b.energies for b in beams])
    weights, squares = np.zeros((2, energies.size)), np.zeros((2, energies.size))
    first = 0
    for k, (beam, count) in enumerate(zip(beams, photons, strict=True)):
        part = slice(first, first + beam.energies.size)
        first += beam.energies.size
        incident = count * beam.photons / beam.photons.sum()
        weights[k, part] = incident * counter.response(beam.energies)
        squares[k, part] = incident * counter.second_moment(beam.energies)
    mu = np.stack([basis_mu(name, energies) for name in names])
    signal, _ = expected(weights, mu, areal)
    variance, _ = expected(squares, mu, areal)
    # in units of var/mean every signal is Poisson-like: the same kernels then answer
    scale = signal / variance
    conditions = {"beams": " / ".join(beam_words(b).get("kvp", "own") for b in beams), "detector": counter.said()}
    return bound(names, areal, weights * scale[:, None], mu, energies, np.empty(0), conditions)


def variance_of(fisher: np.ndarray, row: int) -> np.ndarray:
    """Kernel: bound on the variance of one material of many information matrices (case, i, j); inf where singular."""
    scale = np.sqrt(np.einsum("cii->ci", fisher))
    values, vectors = np.linalg.eigh(fisher / (scale[:, :, None] * scale[:, None, :]))
    apart = values[:, 0] >= SINGULAR * values[:, -1]
    variance = np.full(len(fisher), np.inf)
    variance[apart] = (vectors[apart, row] ** 2 / values[apart]).sum(axis=1) / scale[apart, row] ** 2
    return variance


def best_thresholds(
    materials: Mapping[str, Any],
    spectrum: Any,
    bins: int,
    goal: str,
    lowest: Any = "25 keV",
    detector: str | Detector = "photon-counting",
    photons: float = 1e6,
    energy_resolution: Any = None,
    charge_sharing: float | None = None,
    k_escape: bool | None = None,
) -> tuple[Any, Decomposition]:
    """Thresholds (on a grid of 1 keV) that give the smallest bound on one material.

    Other Parameters
    ----------------
    materials, spectrum, detector, photons, energy_resolution, charge_sharing, k_escape
        As in `decompose`.
    bins : int
        Number of bins, up to 8.
    goal : str
        The material whose bound is made small.
    lowest : quantity [keV]
        First threshold, kept.

    Returns
    -------
    tuple of (quantity [keV], Decomposition)

    Notes
    -----
    One threshold after another moves over the grid until none improves, from several starts; a flat optimum is
    usual, so neighbours within a few keV serve as well.

    References
    ----------
    Roessl and Herrmann 2009, doi:10.1088/0031-9155/54/5/014

    Examples
    --------
    >>> ray = {"water": "20 cm", "I": "10 mg/cm^2", "Ta": "10 mg/cm^2"}
    >>> at, _ = best_thresholds(ray, "120 kV", 4, "Ta")
    >>> bool(abs(at.magnitude - 67.4).min() < 1.5)
    True
    """
    beam, counter = beam_of(spectrum), _detector(detector)
    areal, names = areal_densities(materials), tuple(materials)
    if goal not in names:
        raise ValueError(f"goal '{goal}' is no basis material: {', '.join(names)}")
    fewest = max(len(names), 2)  # one bin has no threshold to move
    if not fewest <= bins <= 8:
        raise Refusal("bins", f"{bins} bins for {len(names)} materials: from {fewest} to 8 are searched")
    counter = _detector(counter, None, None, energy_resolution, charge_sharing, k_escape)
    response = counter.blur
    start = float(magnitude(lowest, "keV", "lowest"))
    highest = highest_energy(beam)
    steps = [*np.arange(1.0, highest), *(edge for name in names for edge in k_edges(name))]
    grid = np.array(sorted({step for step in steps if start + 1 <= step < highest - 1}))
    if not 0 < start < highest or grid.size < bins - 1:
        raise ValueError(
            f"lowest is {start:g} keV: it must be above 0 and below the beam's {highest:g} keV by the bins"
        )
    bounds = np.concatenate([[start], grid, [above_all(beam, response)]])
    energies, weights = channels(beam, bounds, counter, response, photons)
    mu = np.stack([basis_mu(name, energies) for name in names])
    lam, slopes = expected(weights, mu, areal)
    counts = np.concatenate([[0.0], np.cumsum(lam)])
    rising = np.concatenate([np.zeros((1, len(names))), np.cumsum(slopes, axis=0)])
    row = names.index(goal)

    def losses(fixed: list[int], places: np.ndarray) -> np.ndarray:
        """Variance of the goal with one cut at each of the places beside the fixed ones; inf where refused."""
        cuts = np.concatenate([np.tile([0, *fixed, bounds.size - 1], (places.size, 1)), places[:, None]], axis=1)
        marks = np.sort(cuts, axis=1)
        count, slope = np.diff(counts[marks], axis=1), np.diff(rising[marks], axis=1)
        variance = np.full(places.size, np.inf)
        enough = np.flatnonzero((count >= FEWEST).all(axis=1))
        fisher = np.einsum("cki,ckj->cij", slope[enough] / count[enough, :, None], slope[enough])
        variance[enough] = variance_of(fisher, row)
        return variance

    found, smallest = None, np.inf
    rng = np.random.default_rng(0)
    equal = np.searchsorted(counts, counts[-1] * np.arange(1, bins) / bins)
    starts = [
        list(equal),
        *(list(rng.choice(np.arange(1, bounds.size - 1), bins - 1, replace=False)) for _ in range(5)),
    ]
    for cuts in starts:
        cuts = [int(c) for c in cuts]
        value, before = float(losses(cuts[1:], np.array(cuts[:1]))[0]), np.inf
        while value < before or not np.isfinite(before):
            before = value
            for i in range(bins - 1):
                others = cuts[:i] + cuts[i + 1 :]
                places = np.setdiff1d(np.arange(1, bounds.size - 1), others)
                tried = losses(others, places)
                best = int(np.argmin(tried))
                value, cuts[i] = float(tried[best]), int(places[best])
            if not np.isfinite(value):
                break
        if value < smallest:
            found, smallest = sorted(cuts), value
    if found is None:
        raise Refusal("singular", f"no {bins} thresholds above {start:g} keV tell {', '.join(names)} apart")
    at = Q(np.array([start, *(float(bounds[c]) for c in found)]), "keV")
    return at, decompose(materials, beam, at, counter, photons)
