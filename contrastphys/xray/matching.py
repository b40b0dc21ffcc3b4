"""How much of one agent equals another, which beam sees it best, and many agents in one call.

    c = c_ref k_ref/k                 equal enhancement in the same beam, phantom and detector
    merit = k^2/(sigma^2 K)           dose-normalised contrast-to-noise squared

The band on a match is the spread over filtration (2.5 to 6 mm of aluminium beside 0.9 mm of titanium), phantom and
cross-section data: these move the ratio of two elements more than the 5 % of a single slope, part of which cancels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..chemistry import ATOMIC_WEIGHT
from ..provenance import Flag, Refusal, merge_flags
from ..showing import Page, digits, shows
from ..units import Q, magnitude
from .absorbers import Absorber, resolve
from .contrast import (
    PHANTOM,
    beam_of,
    depth,
    finite_number,
    mass_concentration,
    object_layers,
    one_energy,
    other_filtrations,
    path_length,
    phantom_words,
    slope,
    slopes,
    water_words,
)
from .detection import figure_of_merit, relative_noise
from .detectors import Detector, detector, seen
from .spectra import Spectrum, remembered, spectrum

DATA_CHOICE = 0.027  # of a slope, by the choice of published cross-sections (0.7-2.7 %)


@shows("Concentration that matches", "mass", "amount", "low [mg/mL]", "high [mg/mL]", "conditions")
@dataclass(frozen=True)
class Match:
    """The concentration of an agent's element that enhances as a reference does."""

    basis: str
    concentration: float  # mg/mL
    low: float
    high: float
    conditions: dict[str, str]
    flags: tuple[Flag, ...] = ()
    _made: tuple[Absorber, Absorber, float, Detector] | None = field(default=None, repr=False, compare=False)

    @property
    def mass(self) -> Any:
        """Mass of the basis element per volume."""
        return Q(self.concentration, "mg/mL")

    @property
    def amount(self) -> Any:
        """Amount of the basis element per volume."""
        return Q(1000.0 * self.concentration / ATOMIC_WEIGHT[self.basis], "mmol/L")

    def plot(self, **options: Any) -> Any:
        """The mass that matches against tube voltage, for several sizes; options as `plots.xray.mass_to_match`."""
        from ..plots.xray import mass_to_match

        if self._made is None:
            raise Refusal("no agent", "this match does not say of what: make it with `match`")
        agent, reference, wanted, counter = self._made
        return mass_to_match([agent], reference, Q(wanted, "mg/mL"), **{"detector": counter, **options})

    def __str__(self) -> str:
        beam = ", ".join(f"{key} {words}" for key, words in self.conditions.items())
        return f"{self.concentration:.3g} mg {self.basis}/mL ({self.low:.3g} to {self.high:.3g}); {beam}"


def match(
    agent: Any,
    reference: Any = "I",
    concentration: Any = "300 mg/mL",
    kvp: Any = "120 kV",
    phantom: Any = PHANTOM,
    detector: str | Detector = "energy-integrating",
    path: Any = None,
) -> Match:
    """Concentration of an agent's element that gives the CT number of a reference.

    c = c_ref k_ref/k; with a path the numbers behind it are made equal, beam hardening included.

    Other Parameters
    ----------------
    agent, reference : str, Formulation or Absorber
    concentration : quantity
        Of the reference's element; 300 mg/mL of iodine by default.
    kvp : Spectrum or quantity
        Beam, or tube voltage of the default CT beam.
    phantom : quantity or mapping
    detector : str or Detector
    path : quantity, optional
        Way of the rays through the agents.

    Returns
    -------
    Match
        `.mass`, `.amount`, `.low`, `.high`.

    Notes
    -----
    The band covers filtration and cross-section data; the size is what you state. At concentrations this high the
    HU of both are beyond the scale of scanners: the match is of dose, not of an image.

    References
    ----------
    Galper 2012, Invest Radiol, PMC3582405 (gold against iodine)

    Examples
    --------
    >>> print(f"{match('Au', kvp='80 kV').mass:.0f}, {match('Au', kvp='120 kV').mass:.0f}")
    501 milligram / milliliter, 299 milligram / milliliter
    """
    counter, beam = _detector(detector), beam_of(kvp)
    one, other = resolve(agent), resolve(reference)
    c_ref = mass_concentration(concentration, other.basis)
    if not c_ref > 0:
        raise ValueError(f"concentration is {concentration}: nothing of an agent equals no reference; give it above 0")
    layers = object_layers(phantom)

    def equal(tube: Spectrum) -> float:
        k_one, k_other = slope(tube, layers, counter, one), slope(tube, layers, counter, other)
        if k_one <= 0:
            raise Refusal("no contrast", f"{one.label or one.basis} does not enhance: nothing of it equals a reference")
        return c_ref * k_other / k_one

    value = equal(beam)
    flags: tuple[Flag, ...] = (counter.flag, *beam.flags, *(one_energy(beam, one) or one_energy(beam, other)))
    if path is not None:
        value = _equal_numbers(beam, layers, counter, one, other, c_ref, value, path_length(path))
    spread = [value]
    if beam.kvp is not None:
        scale = value / equal(beam)
        spread += [equal(tube) * scale for tube in other_filtrations(beam)]
    low, high = min(spread) * (1 - DATA_CHOICE), max(spread) * (1 + DATA_CHOICE)
    conditions = {
        "reference": f"{c_ref:g} mg {other.basis}/mL",
        "kvp": "own beam" if beam.kvp is None else f"{beam.kvp:g} kV",
        "phantom": phantom_words(phantom),
        "detector": counter.said(),
    }
    return Match(
        one.basis, value, low, high, conditions, merge_flags(flags, one.flags, other.flags),
        (one, other, c_ref, counter),
    )  # fmt: skip


_detector = detector


def _equal_numbers(
    beam: Spectrum,
    layers: tuple[tuple[str, float], ...],
    counter: Detector,
    one: Absorber,
    other: Absorber,
    c_ref: float,
    start: float,
    path: float,
) -> float:
    weight = seen(beam, depth(layers, beam.energies), counter)
    water = remembered("water", beam.energies)
    wanted = finite_number(weight, 1e-3 * c_ref * other.mu(beam.energies), water, path)
    mu = one.mu(beam.energies)
    low, high = 0.0, start
    while finite_number(weight, 1e-3 * high * mu, water, path) < wanted:
        low, high = high, 2 * high
        if high > 1e6:
            raise Refusal("no match", f"no concentration of {one.basis} reaches {wanted:.0f} HU")
    for _ in range(80):
        middle = (low + high) / 2
        found = finite_number(weight, 1e-3 * middle * mu, water, path)
        low, high = (middle, high) if found < wanted else (low, middle)
    return (low + high) / 2


def best_beam(
    agent: Any,
    phantom: Any = PHANTOM,
    detector: str | Detector = "energy-integrating",
    kvp: Any = None,
    filters: Sequence[dict[str, Any]] | None = None,
) -> tuple[Spectrum, list[tuple[Spectrum, float]]]:
    """Tube voltage and filter with the best dose-normalised contrast-to-noise ratio.

    merit = k^2/(sigma^2 K), K the air kerma at the entrance of the phantom.

    Other Parameters
    ----------------
    agent : str, Formulation or Absorber
    phantom : quantity or mapping
    detector : str or Detector
    kvp : quantity, optional
        Voltages tried; 50 to 150 kV every 5 kV by default.
    filters : sequence of mappings, optional
        Filter stacks tried; the default CT beam alone by default.

    Returns
    -------
    tuple of (Spectrum, list of (Spectrum, float))
        The best beam, and every beam tried with its merit relative to the best, best first.

    Notes
    -----
    Entrance air kerma is not patient dose: strongly filtered and hard beams deposit less per kerma inside.

    References
    ----------
    Kalender 2009, Med Phys 36:993 (dose-weighted contrast-to-noise and tube voltage)

    Examples
    --------
    >>> beam, _ = best_beam("I", "32 cm", kvp=Q([80, 100, 120, 140], "kV"))
    >>> beam.kvp
    80.0
    """
    volts = np.arange(50.0, 151.0, 5.0) if kvp is None else np.atleast_1d(magnitude(kvp, "kV", "kvp"))
    beams = [spectrum(Q(float(v), "kV"), layers) for v in volts for layers in (filters or [None])]  # type: ignore[list-item]
    what, counter = resolve(agent), _detector(detector)
    merits = [(beam, figure_of_merit(what, beam, phantom, counter)) for beam in beams]
    merits.sort(key=lambda pair: -pair[1])
    top = merits[0][1]
    return merits[0][0], [(beam, merit / top) for beam, merit in merits]


def _table_page(found: EnhancementTable) -> Page:
    kept = found.conditions[:8]
    head = ("agent, per mg/mL of", *(f"{c['kvp']}, {c['phantom']}" for c in kept))
    lines = [
        (f"{name}, {basis}", *(digits(float(slope)) for slope in row[: len(kept)]))
        for name, basis, row in zip(found.agents, found.bases, found.slopes, strict=True)
    ]
    rest = len(found.conditions) - len(kept)
    return Page("Enhancement, HU per mg/mL", lines, head, note=f"and {rest} more conditions" if rest else "")


@shows("Enhancement, HU per mg/mL", of=_table_page)
@dataclass(frozen=True, eq=False)
class EnhancementTable:
    """Slopes and detection figures of many agents under many conditions."""

    agents: tuple[str, ...]
    bases: tuple[str, ...]
    conditions: tuple[dict[str, str], ...]
    slopes: np.ndarray  # (agent, condition) HU mL/mg
    relative_noise: np.ndarray  # (condition), at equal kerma, up to one constant of the scanner

    @property
    def per_mass(self) -> Any:
        """HU per mg/mL, (agent, condition)."""
        return Q(self.slopes, "HU*mL/mg")

    @property
    def per_mole(self) -> Any:
        """HU per mM, (agent, condition)."""
        weights = np.array([ATOMIC_WEIGHT[b] for b in self.bases])
        return Q(self.slopes * weights[:, None] / 1000.0, "HU/mM")

    def plot(self, ax: Any = None) -> Any:
        """Enhancement of every agent at every condition; returns the matplotlib Axes."""
        from ..plots.results import slopes as draw

        return draw(self, ax)


def enhancement_table(
    agents: Sequence[Any],
    kvp: Any,
    phantoms: Any = PHANTOM,
    detector: str | Detector = "energy-integrating",
    filtration: dict[str, Any] | None = None,
) -> EnhancementTable:
    """Enhancement of many agents at every tube voltage and phantom size in one call.

    One product of (agent, energy) and (energy, condition) matrices per tube voltage.

    Other Parameters
    ----------------
    agents : sequence of str, Formulation or Absorber
    kvp : quantity
        One or several tube voltages.
    phantoms : quantity
        One or several thicknesses of water.
    detector : str or Detector
    filtration : mapping, optional

    Returns
    -------
    EnhancementTable

    Notes
    -----
    The same numbers as `enhancement`, 5 % with beam, size and detector known.

    References
    ----------
    Alvarez and Macovski 1976, doi:10.1088/0031-9155/21/5/002

    Examples
    --------
    >>> table = enhancement_table(["I", "Gd", "Au"], Q([80, 120], "kV"), Q([20, 32], "cm"))
    >>> table.slopes.shape
    (3, 4)
    """
    counter = _detector(detector)
    what = [resolve(agent) for agent in agents]
    if not what:
        raise ValueError("agents: give at least one")
    volts = np.atleast_1d(magnitude(kvp, "kV", "kvp"))
    sizes = np.atleast_1d(magnitude(phantoms, "cm", "phantoms"))
    if not np.isfinite(sizes).all() or (sizes < 0).any():
        raise ValueError("phantoms must be 0 or more")
    symbols = sorted({symbol for one in what for symbol, _ in one.masses})
    place = {symbol: i for i, symbol in enumerate(symbols)}
    shares = np.zeros((len(what), len(symbols) + 1))
    for i, one in enumerate(what):
        for symbol, mass in one.masses:
            shares[i, place[symbol]] += mass
        shares[i, -1] = -one.displaced
    blocks, noises, told = [], [], []
    for v in volts:
        beam = spectrum(Q(float(v), "kV"), filtration)
        water = remembered("water", beam.energies)
        layers = [(("water", float(cm)),) for cm in sizes]
        weights = np.stack([seen(beam, depth(one, beam.energies), counter) for one in layers])
        elements = np.stack([*(remembered(s, beam.energies) for s in symbols), water])
        blocks.append(shares @ slopes(weights, elements, water))
        noises += [relative_noise(beam, one, counter) for one in layers]
        told += [{"kvp": f"{v:g} kV", "phantom": water_words(cm), "detector": counter.name} for cm in sizes]
    names = tuple(one.label or one.basis for one in what)
    return EnhancementTable(
        names, tuple(one.basis for one in what), tuple(told), np.concatenate(blocks, axis=1), np.array(noises)
    )
