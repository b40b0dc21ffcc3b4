"""Basis-material decomposition: the bound on each areal density, and the maximum-likelihood estimate.

    lam_k = sum_E W_k(E) exp(-sum_i A_i mu_rho_i(E))        W_k: what bin k would count without the materials
    F_ij  = sum_k (dlam_k/dA_i)(dlam_k/dA_j)/lam_k          cov(A) >= F^-1   (Cramer-Rao, independent Poisson bins)

Alvarez and Macovski, Phys Med Biol 1976, 21:733, doi:10.1088/0031-9155/21/5/002; Roessl and Herrmann, Phys Med Biol
2009, 54:1307, doi:10.1088/0031-9155/54/5/014. Two materials are told apart by photoelectric and incoherent
attenuation alone; every further one needs a K edge inside the spectrum. Where the bound means nothing (a bin expects
fewer than 5 counts, bins fewer than materials, F singular) it is refused and the bin named. Results are bounds: real
detectors are worse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..chemistry import FormulaError
from ..formulation import catalogue
from ..mistakes import near
from ..provenance import Flag, Refusal
from ..showing import Page, entry, shows
from ..units import Q, UnitError, magnitude
from .absorbers import resolve
from .attenuation import NAMED, edges, fractions
from .contrast import beam_of, beam_words, path_length
from .detectors import Detector, detector
from .response import Response, recorded
from .spectra import Spectrum, areal_density, remembered

FEWEST = 5.0  # expected counts in a bin below which the Gaussian bound means nothing
SINGULAR = 1e-12  # reciprocal condition of the scaled information
BOUND = Flag("bound", "Cramer-Rao bound: no estimator without bias does better, real detectors do worse", "note")


# ---------------------------------------------------------------------------------------- basis materials


def basis_mu(name: str, energy: np.ndarray) -> np.ndarray:
    """Kernel: mu per g/cm2 of a material, or of the basis element of an agent of the catalogue."""
    return resolve(name).mu(energy) if name in catalogue() else remembered(name, energy)


def basis_areal(name: str, amount: Any) -> float:
    """Areal density in g/cm2: of the material, or of an agent's basis element."""
    if name not in catalogue():
        return areal_density(name, amount)
    mass = magnitude(amount, "g/cm^2", name)
    if np.ndim(mass) or not np.isfinite(mass) or mass < 0:
        raise ValueError(f"the amount of {name} is {amount}: it must be one value, 0 or more")
    return float(mass)


def areal_densities(materials: Any) -> np.ndarray:
    """Areal densities in g/cm2 of {material: thickness or areal density}; errors say what to write."""
    if not isinstance(materials, Mapping) or not materials:
        raise UnitError("materials are given with their amount: write {'water': '20 cm', 'I': '10 mg/cm^2'}")
    known = [*catalogue(), *NAMED]
    for name in materials:
        if name in catalogue():
            continue
        try:
            fractions(name)
        except FormulaError as wrong:
            hint = near(str(name), known)
            if not hint or "did you mean" in str(wrong):
                raise
            raise FormulaError(f"'{name}' is no material and no agent of the catalogue; {hint}") from wrong
    return np.array([basis_areal(name, amount) for name, amount in materials.items()])


def k_edges(name: str) -> list[float]:
    """K edges (keV) of the elements of a material or agent."""
    symbols = [s for s, _ in resolve(name).masses] if name in catalogue() else list(fractions(name))
    return [edge.energy for symbol in symbols for edge in edges(symbol)[:1] if edge.shell == "K"]


# ------------------------------------------------------------------------------------------------ kernels


def channels(
    beam: Spectrum, bounds: np.ndarray, counter: Detector, response: Response, photons: float
) -> tuple[np.ndarray, np.ndarray]:
    """Kernel: energies and W (bin, energy): counts of each bin per ray of `photons` before the object."""
    fine = beam.split(bounds)
    energies = fine.energies
    incident = photons * fine.photons / fine.photons.sum() * counter.absorbed(energies)
    return energies, incident * recorded(energies, bounds, response, counter.material)


def expected(weights: np.ndarray, mu: np.ndarray, areal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kernel: counts lam (..., bin) and derivatives (..., bin, material) at areal densities (..., material)."""
    through = np.exp(-areal @ mu)
    lam = through @ weights.T
    slopes = np.stack([-(through * row) @ weights.T for row in mu], axis=-1)
    return lam, slopes


def information(weights: np.ndarray, mu: np.ndarray, areal: np.ndarray) -> np.ndarray:
    """Kernel: Fisher information of the areal densities (per (g/cm2)^2)."""
    lam, slopes = expected(weights, mu, areal)
    return slopes.T @ (slopes / lam[:, None])


def estimate(
    counts: np.ndarray, weights: np.ndarray, mu: np.ndarray, start: np.ndarray, positive: bool = False
) -> np.ndarray:
    """Kernel: maximum-likelihood areal densities of many measurements (draw, bin), by damped Fisher scoring.

    A step that lowers the likelihood is halved and damped; with `positive` no areal density falls below 0.
    """
    counts = np.atleast_2d(np.asarray(counts, dtype=float))
    areal = np.tile(np.asarray(start, dtype=float), (counts.shape[0], 1))
    damping = np.zeros(counts.shape[0])
    lam, slopes = expected(weights, mu, areal)
    likelihood = _likelihood(counts, lam)
    active = np.arange(counts.shape[0])
    for _ in range(200):
        gradient = np.einsum("dk,dkm->dm", counts[active] / lam[active] - 1, slopes[active])
        fisher = np.einsum("dki,dkj->dij", slopes[active] / lam[active, :, None], slopes[active])
        diagonal = np.einsum("dii->di", fisher)
        damped = fisher + damping[active, None, None] * diagonal[:, :, None] * np.eye(mu.shape[0])
        step = np.linalg.solve(damped, gradient[:, :, None])[:, :, 0]
        trial = areal[active] + step
        if positive:
            trial = np.maximum(trial, 0.0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            new_lam, new_slopes = expected(weights, mu, trial)
            new = _likelihood(counts[active], new_lam)
        better = np.isfinite(new) & (new >= likelihood[active] - 1e-12 * np.abs(likelihood[active]))
        good, bad = active[better], active[~better]
        moved = np.abs(trial - areal[active]) * np.sqrt(diagonal)  # in standard deviations
        areal[good], lam[good], slopes[good] = trial[better], new_lam[better], new_slopes[better]
        likelihood[good] = new[better]
        damping[good] *= 0.1
        damping[bad] = np.maximum(10 * damping[bad], 1e-3)
        done = (better & (moved.max(axis=1) < 1e-4)) | (damping[active] > 1e12)
        active = active[~done]
        if not active.size:
            break
    return areal


def _likelihood(counts: np.ndarray, lam: np.ndarray) -> np.ndarray:
    return np.sum(counts * np.log(lam) - lam, axis=-1)


# ---------------------------------------------------------------------------------------------- the result


def _bound_page(found: Decomposition) -> Page:
    lines = [
        (name, f"± {entry(found.sd(name))}", f"of {entry(Q(1e3 * float(areal), 'mg/cm^2'))} in the ray")
        for name, areal in zip(found.materials, found.areal, strict=True)
    ]
    lines += [(key, str(text), "") for key, text in found.conditions.items()]
    return Page("Smallest standard deviation of each material, one ray", lines, flags=found.flags)


@shows("Bound of a decomposition, one ray", of=_bound_page)
@dataclass(frozen=True, eq=False)
class Decomposition:
    """Bound of one decomposition: covariance of areal densities per ray, with what it holds for."""

    materials: tuple[str, ...]
    areal: np.ndarray  # g/cm2
    covariance: np.ndarray  # (g/cm2)^2
    counts: np.ndarray
    thresholds: np.ndarray  # keV, lower edges and the top; none of two beams
    conditions: Mapping[str, str]
    flags: tuple[Flag, ...]
    _weights: np.ndarray
    _mu: np.ndarray
    _energies: np.ndarray
    _made: Mapping[str, Any] = field(default_factory=dict)

    def _row(self, material: str) -> int:
        if material not in self.materials:
            raise ValueError(f"'{material}' is no basis material: {', '.join(self.materials)}")
        return self.materials.index(material)

    def sd(self, material: str) -> Any:
        """Smallest standard deviation of the areal density of a material in one ray."""
        row = self._row(material)
        return Q(1e3 * float(np.sqrt(self.covariance[row, row])), "mg/cm^2")

    def sd_concentration(self, material: str, path: Any) -> Any:
        """The same as a concentration, over the way of one ray through the agent."""
        return Q(self.sd(material).magnitude / path_length(path), "mg/mL")

    def pixel_noise(self, material: str, sampling: Any, views: int) -> Any:
        """Noise of the material's concentration in a voxel of a back-projection (Ram-Lak, white rays)."""
        from .detection import backprojection_noise

        per_ray = float(self.sd(material).magnitude) * 1e-3
        return Q(1e3 * float(backprojection_noise(per_ray, sampling, float(views)).magnitude), "mg/mL")

    def smallest_concentration(
        self, material: str, sampling: Any, views: int, rose: float = 5.0, n_eff: float = 1.0
    ) -> Any:
        """Smallest concentration seen in the material's image by the Rose criterion."""
        if not (rose > 0 and n_eff > 0):
            raise ValueError("rose and n_eff must be above 0")
        return self.pixel_noise(material, sampling, views) * (rose / float(np.sqrt(n_eff)))

    def correlation(self) -> np.ndarray:
        """Correlation of the errors of the materials."""
        sd = np.sqrt(np.diag(self.covariance))
        return self.covariance / np.outer(sd, sd)

    def estimate(self, counts: Any, positive: bool = True) -> Any:
        """Maximum-likelihood areal densities of measured counts, (bin) or (measurement, bin)."""
        measured = np.asarray(counts, dtype=float)
        if measured.ndim not in (1, 2) or measured.shape[-1] != self.counts.size:
            bins = measured.shape[-1] if measured.ndim else 1
            raise ValueError(f"counts of {bins} bins, where there are {self.counts.size}: (bin) or (measurement, bin)")
        if not np.isfinite(measured).all() or (measured < 0).any():
            raise ValueError("counts must be finite and 0 or more")
        if (empty := np.atleast_2d(measured).sum(axis=1) == 0).any():
            raise Refusal("no counts", f"measurement {int(np.argmax(empty)) + 1} holds no count: it bounds no material")
        found = estimate(measured, self._weights, self._mu, self.areal, positive)
        return Q(1e3 * (found if measured.ndim > 1 else found[0]), "mg/cm^2")

    def interval(self, counts: Any, positive: bool = True) -> Any:
        """Low and high of each material, 2 standard deviations about the estimate of one measurement.

        With `positive` the low end is 0 or more. Refused where a bin expects fewer than 5 counts at the estimate.
        """
        if np.ndim(counts) != 1:
            raise ValueError("interval takes the counts of one measurement, one number for each bin")
        found = self.estimate(counts, positive).magnitude * 1e-3
        lam, _ = expected(self._weights, self._mu, found)
        enough_counts(lam, self.thresholds)
        sd = np.sqrt(np.diag(inverse(information(self._weights, self._mu, found), self.materials)))
        low = np.maximum(found - 2 * sd, 0.0) if positive else found - 2 * sd
        return Q(1e3 * np.stack([low, found + 2 * sd], axis=-1), "mg/cm^2")

    def simulate(self, draws: int, seed: int) -> np.ndarray:
        """Poisson counts of `draws` rays, (draw, bin)."""
        return np.random.default_rng(seed).poisson(self.counts, size=(draws, self.counts.size))

    def monochromatic_weights(self, energy: Any) -> Any:
        """What each material's image is multiplied by to make the virtual image at one energy, (material[, energy])."""
        at = magnitude(energy, "keV", "energy")
        m = np.stack([basis_mu(name, np.atleast_1d(at)) for name in self.materials])
        return Q(m[:, 0] if np.ndim(at) == 0 else m, "cm^2/g")

    def monochromatic_noise(self, energy: Any) -> Any:
        """Noise of the line integral (dimensionless) of the virtual image at one energy: m^T cov m."""
        m = self.monochromatic_weights(energy).magnitude
        noise = np.sqrt(np.einsum("i...,ij,j...->...", m, self.covariance, m))
        return Q(float(noise) if np.ndim(noise) == 0 else noise, "")

    def plot(self, goal: str, **options: Any) -> Any:
        """The bounds against the threshold near the goal's K edge and against bins; options as `plots.xray.bounds`."""
        from ..plots.xray import bounds

        if not self._made:
            raise Refusal("no thresholds", "two beams have no thresholds to move")
        self._row(goal)
        return bounds(**{**self._made, "goal": goal, **options})

    def __str__(self) -> str:
        told = ", ".join(f"{m} {self.sd(m).magnitude:.3g} mg/cm^2" for m in self.materials)
        return f"bound on one ray: {told}; {', '.join(f'{k} {v}' for k, v in self.conditions.items())}"


def inverse(fisher: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Kernel: inverse of an information matrix; a Refusal where it is singular."""
    scale = np.sqrt(np.diag(fisher))
    if not np.isfinite(fisher).all() or (scale <= 0).any():
        raise Refusal("singular", "the bins tell nothing of the materials: information is zero")
    scaled = fisher / np.outer(scale, scale)
    values = np.linalg.eigvalsh(scaled)
    if values[0] < SINGULAR * values[-1]:
        raise Refusal("singular", f"{', '.join(names)} cannot be told apart in these bins: information is singular")
    found = np.linalg.inv(scaled) / np.outer(scale, scale)
    return 0.5 * (found + found.T)


def decompose(
    materials: Mapping[str, Any],
    spectrum: Any = "120 kV",
    thresholds: Any = None,
    detector: str | Detector = "photon-counting",
    photons: float = 1e6,
    energy_resolution: Any = None,
    charge_sharing: float | None = None,
    k_escape: bool | None = None,
) -> Decomposition:
    """Bound on the areal density of each material in a ray of a photon-counting scan.

    cov(A) >= F^-1, F_ij = sum_k (dlam_k/dA_i)(dlam_k/dA_j)/lam_k.

    Other Parameters
    ----------------
    materials : mapping
        All that the ray crosses: {"water": "20 cm", "I": "10 mg/cm^2", "Ta": "10 mg/cm^2"}. Every one is unknown. An
        agent of the catalogue is given by the mass of its basis element per area, and displaces its water.
    spectrum : Spectrum or quantity
        Beam, or tube voltage of the default CT beam.
    thresholds : quantity [keV]
        Ascending lower edges of the bins, all below the tube voltage; the last bin reaches up to it.
    detector : str or Detector
        A counting layer; its own threshold is replaced by `thresholds`.
    photons : float
        Photons per ray before the object.
    energy_resolution : quantity [keV]
        FWHM of the recorded energy; this and the next two replace what the detector itself states.
    charge_sharing : float
        Probability that a photon is recorded anywhere between 0 and its energy.
    k_escape : bool
        Whether fluorescence may leave the layer through its entrance.

    Returns
    -------
    Decomposition
        `.sd(material)`, `.covariance`, `.estimate(counts)`, `.simulate(draws, seed)`.

    Notes
    -----
    Within 1 % of maximum-likelihood simulations at 1e5 photons per ray and more. Labelled "bound".

    References
    ----------
    Alvarez and Macovski 1976, doi:10.1088/0031-9155/21/5/002; Roessl and Herrmann 2009, doi:10.1088/0031-9155/54/5/014

    Examples
    --------
    >>> ray = {"water": "20 cm", "I": "10 mg/cm^2", "Ta": "10 mg/cm^2"}
    >>> ideal = decompose(ray, "120 kV", Q([25, 51, 67.416, 90], "keV"))
    >>> blurred = decompose(ray, "120 kV", Q([25, 51, 67.416, 90], "keV"), energy_resolution="8 keV")
    >>> bool(ideal.sd("Ta") < blurred.sd("Ta"))
    True
    """
    beam, counter = beam_of(spectrum), _detector(detector)
    areal = areal_densities(materials)
    if counter.mode != "photon-counting":
        raise ValueError("detector: bins need a photon-counting layer such as 'CdTe'; see dual_voltage for two beams")
    if not (np.isfinite(photons) and photons > 0):
        raise ValueError(f"photons is {photons:g}: it must be above 0")
    counter = _detector(counter, None, None, energy_resolution, charge_sharing, k_escape)
    response = counter.blur
    bounds = bin_bounds(thresholds, beam, response)
    names = tuple(materials)
    energies, weights = channels(beam, bounds, counter, response, photons)
    _identifiable(names, bounds, energies)
    mu = np.stack([basis_mu(name, energies) for name in names])
    said = ", ".join(f"{b:g}" for b in bounds[:-1])
    conditions = {**beam_words(beam), "bins": f"{said} keV", "response": response.said(), "photons": f"{photons:g}"}
    made = {
        "materials": dict(materials), "spectrum": beam, "thresholds": Q(bounds[:-1], "keV"), "detector": counter,
        "photons": photons, "responses": {response.said(): {}},
    }  # fmt: skip
    return replace(bound(names, areal, weights, mu, energies, bounds, conditions), _made=made)


_detector = detector


def bound(
    names: tuple[str, ...],
    areal: np.ndarray,
    weights: np.ndarray,
    mu: np.ndarray,
    energies: np.ndarray,
    bounds: np.ndarray,
    conditions: Mapping[str, str],
) -> Decomposition:
    """The bound of any set of channels with Poisson signals; refused where it means nothing."""
    lam, _ = expected(weights, mu, areal)
    enough_counts(lam, bounds)
    covariance = inverse(information(weights, mu, areal), names)
    flags: tuple[Flag, ...] = (BOUND,)
    if lam.min() < 100:
        flags += (Flag("low counts", f"a bin expects {lam.min():.0f} counts: estimates spread more", "warn"),)
    return Decomposition(names, areal, covariance, lam, bounds, conditions, flags, weights, mu, energies)


def enough_counts(lam: np.ndarray, bounds: np.ndarray) -> None:
    """Kernel: a Refusal that names the first bin, or beam where there are no bins, that expects fewer than 5 counts."""
    for k, count in enumerate(lam):
        if count < FEWEST:
            where = f"bin {k + 1} ({bounds[k]:g} to {bounds[k + 1]:g} keV)" if bounds.size else f"beam {k + 1}"
            raise Refusal("empty bin", f"{where} expects {count:.2g} counts: fewer than {FEWEST:g}, no bound")


def highest_energy(beam: Spectrum) -> float:
    """End of the uppermost bin of a beam, or its uppermost line, in keV."""
    return float((beam.energies + beam.widths / 2).max())


def above_all(beam: Spectrum, response: Response) -> float:
    """An energy in keV above which nothing is recorded: bins hold their lower edge and not their upper one."""
    return highest_energy(beam) + 5 * response.fwhm + 1.0


def bin_bounds(thresholds: Any, beam: Spectrum, response: Response) -> np.ndarray:
    """Edges of the bins in keV from ascending thresholds; errors name what is out of order or out of reach."""
    if thresholds is None:
        raise UnitError("thresholds are needed: write Q([25, 51, 65, 90], 'keV')")
    at = np.atleast_1d(magnitude(thresholds, "keV", "thresholds"))
    if at.ndim != 1 or not np.isfinite(at).all() or (at <= 0).any():
        raise ValueError("thresholds must be one list of energies above 0")
    if (np.diff(at) <= 0).any():
        where = int(np.argmax(np.diff(at) <= 0)) + 1
        raise ValueError(f"thresholds[{where}] is {at[where]:g} keV: it must be above {at[where - 1]:g}")
    highest = highest_energy(beam)
    if at[-1] >= highest:
        beyond = ", ".join(f"{e:g}" for e in at[at >= highest])
        raise ValueError(
            f"threshold {beyond} keV is not below the highest energy of the beam, {highest:g} keV: leave it out, "
            "the last bin reaches to the top by itself"
        )
    return np.append(at, above_all(beam, response))


def _identifiable(names: tuple[str, ...], bounds: np.ndarray, energies: np.ndarray) -> None:
    if bounds.size - 1 < len(names):
        raise Refusal("bins", f"{bounds.size - 1} bins for {len(names)} materials: at least as many bins are needed")
    inside = [n for n in names if k_edge_inside(n, float(bounds[0]), float(energies.max()))]
    if len(names) > 2 + len(inside):
        raise Refusal(
            "no K edge",
            f"{len(names)} materials, but a K edge between {bounds[0]:g} and {energies.max():.4g} keV in "
            f"{len(inside)} of them: only {2 + len(inside)} can be told apart",
        )


def k_edge_inside(material: str, low: float, high: float) -> bool:
    """Whether an element of the material has its K edge between two energies (keV)."""
    return any(low < energy < high for energy in k_edges(material))
