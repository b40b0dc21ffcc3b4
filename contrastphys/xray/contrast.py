"""CT enhancement: HU per mass and per amount of an element, for a beam, a phantom and a detector.

    HU = 1000 (mu - mu_w)/mu_w,   w = S Q exp(-sum_i mu_i L_i)
    k = <mu_rho_el>_w / <mu_rho_w>_w          HU per mg/mL;  k M/1000 per mM
    finite path:  1000 p/(t <mu_w>_w),  p = -ln(sum w exp(-dmu t)/sum w)

k is the exact derivative of the water-linearised projection with respect to concentration. No effective energy
enters: one energy cannot stand for a beam with a K edge in it (gold at 120 kV behind 20 cm: 14.7 against 26.8).
What an agent brings into the beam, and the water it displaces, is the matter of `absorbers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..chemistry import ATOMIC_WEIGHT
from ..provenance import Flag, Refusal, merge_flags
from ..showing import shows
from ..units import Q, UnitError, magnitude
from .absorbers import Absorber, resolve
from .attenuation import edges
from .detectors import Detector, detector, seen
from .spectra import Spectrum, remembered, spectrum, stack

PHANTOM = "20 cm"
ERROR = 0.05  # of a slope with beam, size and detector known: spectra 2 %, data set 0.7-2.7 %, geometry
CLIP = 3000.0  # HU, where the scale of most scanners ends
FINITE = 0.02  # dmu t above which beam hardening inside the agent counts


def object_layers(phantom: Any) -> tuple[tuple[str, float], ...]:
    """Layers of a phantom: a thickness of water, or {material: thickness}."""
    if isinstance(phantom, Mapping):
        return stack(phantom)
    thickness = magnitude(phantom, "cm", "phantom")
    if np.ndim(thickness) or not np.isfinite(thickness) or thickness < 0:
        raise ValueError(f"phantom is {phantom}: it must be one thickness, 0 or more")
    return (("water", float(thickness)),)


def depth(layers: tuple[tuple[str, float], ...], energy: np.ndarray) -> np.ndarray:
    """Kernel: mu L of layers (material, g/cm2)."""
    total = np.zeros_like(energy)
    for material, mass in layers:
        total = total + mass * remembered(material, energy)
    return total


def slope(beam: Spectrum, layers: tuple[tuple[str, float], ...], counter: Detector, agent: Absorber) -> float:
    """Kernel: enhancement per mass of the basis element, HU mL/mg."""
    weight = seen(beam, depth(layers, beam.energies), counter)
    return float(weight @ agent.mu(beam.energies) / (weight @ remembered("water", beam.energies)))


def slopes(weights: np.ndarray, agents: np.ndarray, water: np.ndarray) -> np.ndarray:
    """Kernel: HU mL/mg of many agents under many conditions at once.

    `weights` (condition, energy) as `seen` gives them, `agents` (agent, energy) as `Absorber.mu`, `water` (energy).
    """
    return (agents @ weights.T) / (weights @ water)


def finite_number(weight: np.ndarray, dmu: np.ndarray, water: np.ndarray, path: float) -> float:
    """Kernel: CT number (HU) of a path in cm through a medium whose mu exceeds water's by dmu (1/cm)."""
    left = np.sum(weight * np.exp(-dmu * path)) / weight.sum()
    return float(-1000.0 * np.log(left) * weight.sum() / (path * (weight @ water)))


def precorrected_number(weight: np.ndarray, dmu: np.ndarray, water: np.ndarray, path: float) -> float:
    """Kernel: CT number (HU) of the same path after the scanner's correction for the hardening of water."""
    share = weight / weight.sum()
    wanted = np.log(np.sum(share * np.exp(-dmu * path)))
    length = -wanted / float(share @ water)
    for _ in range(100):  # Newton on a convex function of the length of water
        left = share * np.exp(-water * length)
        step = (np.log(left.sum()) - wanted) / ((water @ left) / left.sum())
        length += step
        if abs(step) < 1e-12 * abs(length) + 1e-15:
            break
    return float(1000.0 * length / path)


@shows("Enhancement by {0.basis}", "per_mass", "error", "per_mole", "per_particle", "conditions")
@dataclass(frozen=True)
class Enhancement:
    """Enhancement of one agent in one beam, with the conditions it holds for."""

    basis: str
    slope: float  # HU mL/mg
    low: float
    high: float
    conditions: Mapping[str, str]
    flags: tuple[Flag, ...] = ()
    grams_per_mole: float | None = None
    _weight: np.ndarray = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)
    _mu: np.ndarray = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)
    _water: np.ndarray = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)
    _made: tuple[Absorber, Detector] | None = field(default=None, repr=False, compare=False)

    @property
    def per_mass(self) -> Any:
        """HU per mg/mL of the basis element."""
        return Q(self.slope, "HU*mL/mg")

    @property
    def per_mole(self) -> Any:
        """HU per mM of the basis element."""
        return Q(self.slope * ATOMIC_WEIGHT[self.basis] / 1000.0, "HU/mM")

    @property
    def per_particle(self) -> Any:
        """HU per nM of particles or molecules; only a formulation knows how much one of them holds."""
        if self.grams_per_mole is None:
            raise Refusal("no particle", f"{self.basis} alone: give a formulation to count particles or molecules")
        return Q(self.slope * self.grams_per_mole * 1e-9, "HU/nM")

    @property
    def error(self) -> float:
        """Half the band over the value."""
        return (self.high - self.low) / (2 * abs(self.slope)) if self.slope else 0.0

    def hu(self, concentration: Any, path: Any = None, precorrected: bool = False) -> Any:
        """CT number above water at a concentration of the basis element.

        Other Parameters
        ----------------
        concentration : quantity
            Mass of the basis element per volume, or its amount ("mM").
        path : quantity, optional
            Way of the rays through the agent; beam hardening in it lowers the number. Without it: linear.
        precorrected : bool
            Whether the projections are linearised for water first, as scanners do: the number is then 1000 times
            the excess length of water that attenuates alike, over the path.

        Returns
        -------
        quantity [HU]
        """
        c = mass_concentration(concentration, self.basis)
        if path is None:
            return Q(self.slope * c, "HU")
        t = path_length(path)
        number = precorrected_number if precorrected else finite_number
        return Q(number(self._beam(), c * 1e-3 * self._mu, self._water, t), "HU")

    def opacity(self, concentration: Any, path: Any) -> float:
        """Mean dmu t of a path through the agent; above 0.02 the linear slope overstates the number."""
        c, t = mass_concentration(concentration, self.basis), path_length(path)
        weight = self._beam()
        return float(weight @ self._mu / weight.sum() * c * 1e-3 * t)

    def _beam(self) -> np.ndarray:
        if not self._weight.size:
            raise Refusal("no beam", "this enhancement does not say in which beam: make it with `enhancement`")
        return self._weight

    def plot(self, **options: Any) -> Any:
        """Per mass and per amount against tube voltage, for several sizes; options as `plots.xray.enhancement`."""
        from ..plots.xray import enhancement as draw

        if self._made is None:
            raise Refusal("no agent", "this enhancement does not say of what: make it with `enhancement`")
        return draw([self._made[0]], **{"detector": self._made[1], **options})

    def __str__(self) -> str:
        beam = ", ".join(f"{key} {words}" for key, words in self.conditions.items())
        return (
            f"{self.per_mass.magnitude:.3g} HU mL/mg ({self.low:.3g} to {self.high:.3g}), "
            f"{self.per_mole.magnitude:.3g} HU/mM of {self.basis}; {beam}"
        )


def path_length(path: Any) -> float:
    """Way through an agent in cm, one value above 0."""
    length = magnitude(path, "cm", "path")
    if np.ndim(length) or not np.isfinite(length) or length <= 0:
        told = f"{length:g} cm" if np.ndim(length) == 0 else "a list"
        raise ValueError(f"path is {told}: it must be one value above 0")
    return float(length)


def mass_concentration(concentration: Any, basis: str) -> float:
    """Concentration of an element in mg/mL from a mass or an amount per volume."""
    try:
        c = magnitude(concentration, "mg/mL", "concentration")
    except UnitError:
        try:
            c = magnitude(concentration, "mmol/L", "concentration") * ATOMIC_WEIGHT[basis] / 1000.0
        except UnitError:
            raise UnitError(
                f"concentration needs a unit of mass or amount of {basis} per volume: write '10 mg/mL' or '50 mM'"
            ) from None
    if np.ndim(c) or not np.isfinite(c) or c < 0:
        raise ValueError(f"concentration is {concentration}: it must be one value, 0 or more")
    return float(c)


def beam_of(beam: Any) -> Spectrum:
    """A spectrum as given, or the default CT beam of a tube voltage."""
    return beam if isinstance(beam, Spectrum) else spectrum(beam)


UNKNOWN_FILTER = Flag(
    "filtration assumed", "3 mm Al and 0.9 mm Ti; the band covers 2.5 to 6 mm of Al beside the titanium", "note"
)
SOFT, HARD = {"Al": "2.5 mm", "Ti": "0.9 mm"}, {"Al": "6 mm", "Ti": "0.9 mm"}


def one_energy(beam: Spectrum, what: Absorber) -> tuple[Flag, ...]:
    """A warning where a single energy meets an element whose K edge lies in the range of tube spectra."""
    if beam.kvp is not None or beam.energies.size > 1:
        return ()
    inside = [(s, e.energy) for s, _ in what.masses for e in edges(s)[:1] if e.shell == "K" and 15 < e.energy < 150]
    if not inside:
        return ()
    told = ", ".join(f"{symbol} {energy:.1f} keV" for symbol, energy in inside)
    return (
        Flag("one energy", f"exact for this energy alone; no effective energy of a tube: K edge of {told}", "warn"),
    )


def other_filtrations(beam: Spectrum) -> list[Spectrum]:
    """A softer and a harder beam of the same tube: what CT filtration can be where none is stated."""
    return [_spectrum(Q(beam.kvp, "kV"), filters, Q(beam.anode_angle, "deg")) for filters in (SOFT, HARD)]


def enhancement(agent, spectrum, phantom=None, detector="energy-integrating") -> Enhancement:
    """CT enhancement of an agent, per mass and per amount of its element.

    k = <mu_rho_el>_w / <mu_rho_w>_w with w = S Q exp(-mu L): the weight the detector sees behind the phantom.

    Other Parameters
    ----------------
    agent : str, Formulation or Absorber
        An element, a compound, a formulation or the id of one. An element displaces no water; a formulation does.
    spectrum : Spectrum or quantity
        A beam from `spectrum(...)`; or a tube voltage: the value for 3 mm Al and 0.9 mm Ti, the band for 2.5 to 6 mm.
    phantom : quantity or mapping, optional
        Thickness of water, or {"water": "18 cm", "bone": "2 cm"}. Unknown (None): the value at 20 cm with the
        range from 0 to 32 cm.
    detector : str or Detector
        "energy-integrating", "photon-counting" or one made by `detector(...)`.

    Returns
    -------
    Enhancement
        `.per_mass` [HU mL/mg], `.per_mole` [HU/mM], `.low`, `.high`, `.conditions`, `.flags`, `.hu(c, path)`.

    Notes
    -----
    Error 5 % with beam, size and detector known. Linear in concentration; `.hu(c, path)` has the beam hardening
    of a finite path (iodine at 120 kV: -2.7 % at a mean dmu t of 0.1, -11 % at 0.5).

    References
    ----------
    Alvarez and Macovski 1976, doi:10.1088/0031-9155/21/5/002; Krissak 2013, doi:10.4236/ami.2013.34006

    Examples
    --------
    >>> k = enhancement("I", "120 kV", phantom="20 cm")
    >>> print(f"{k.per_mass.magnitude:.1f} HU mL/mg, {k.per_mole.magnitude:.2f} HU/mM")
    26.7 HU mL/mg, 3.39 HU/mM
    """
    counter = _detector(detector)
    beam, what = beam_of(spectrum), resolve(agent)
    notes: list[Flag] = [counter.flag, *what.flags, *beam.flags, *one_energy(beam, what)]
    size = PHANTOM if phantom is None else phantom
    weight = seen(beam, depth(object_layers(size), beam.energies), counter)
    water, mu = remembered("water", beam.energies), what.mu(beam.energies)
    value = float(weight @ mu / (weight @ water))
    sizes = [size] if phantom is not None else ["0 cm", "16 cm", size, "32 cm"]
    beams = [beam]
    if phantom is None:
        notes.append(Flag("phantom unknown", "20 cm of water assumed; the band covers 0 to 32 cm", "warn"))
    if not isinstance(spectrum, Spectrum):
        beams += other_filtrations(beam)
        notes.append(UNKNOWN_FILTER)
    band = [slope(tube, object_layers(cm), counter, what) for tube in beams for cm in sizes]
    low, high = min(band), max(band)
    conditions = {**beam_words(beam), "phantom": phantom_words(size), "detector": counter.said()}
    return Enhancement(
        what.basis, value, low - ERROR * abs(low), high + ERROR * abs(high), conditions,
        merge_flags(tuple(notes)), what.grams_per_mole, weight, mu, water, (what, counter),
    )  # fmt: skip


_detector, _spectrum = detector, spectrum  # the arguments of `enhancement` bear the same names


def beam_words(beam: Spectrum) -> dict[str, str]:
    """What a table says of a beam."""
    if beam.kvp is None:
        return {"beam": f"mean {beam.mean_energy().magnitude:.4g} keV"}
    filters = ", ".join(f"{mass:.3g} g/cm^2 {name}" for name, mass in beam.filters) or "none"
    return {"kvp": f"{beam.kvp:g} kV", "filtration": filters}


def phantom_words(phantom: Any) -> str:
    """What a table says of a phantom."""
    if isinstance(phantom, Mapping):
        return " + ".join(f"{amount} {name}" for name, amount in phantom.items())
    return water_words(magnitude(phantom, "cm", "phantom"))


def water_words(cm: float) -> str:
    """What a table says of a thickness of water."""
    return f"{cm:g} cm water"
