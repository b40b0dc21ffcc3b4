"""Noise at equal dose, the Rose limit, and what a scanner needs to see of an agent.

    counting            var(p) = 1/sum S Q exp(-mu L)
    energy-integrating  var(p) = sum S <q^2> exp(-mu L)/(sum S Q exp(-mu L))^2
    back-projection     sigma_mu = pi sigma_p/(tau sqrt(12 M_v))       (Ram-Lak; Kak and Slaney 1988, ch. 5)
    detection           c_min = k_R sigma_HU/(k_el sqrt(n_eff))        k_R 3 to 5 (Rose)

One noise figure for every tube voltage would decide a comparison by fiat. Here one reference noise (value, beam,
phantom) is carried to other beams and phantoms at equal air kerma at the entrance: sigma_HU ~ sqrt(var(p) K)/<mu_w>.
The noise of CT is blue (its power rises with frequency), so averaging n pixels gains more than sqrt(n) for small
regions and the pixels are not independent for large ones: n_eff is stated with every limit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..provenance import Refusal
from ..units import Q, magnitude, quantities
from .absorbers import resolve
from .contrast import PHANTOM, beam_of, depth, object_layers
from .detectors import Detector, detector, seen
from .spectra import Spectrum, remembered

REFERENCE_NOISE = 12.0  # HU: one voxel at 120 kV behind 20 cm of water, an assumption that must be shown
REFERENCE_KVP = 120.0
ROSE = 5.0
LIMIT_FACTOR = 2.0  # error of a detection limit: white noise, ideal detector


def ray_variance(beam: Spectrum, layers: tuple[tuple[str, float], ...], counter: Detector) -> float:
    """Kernel: variance of the log-projection of one ray per cm2 and unit of the beam's fluence."""
    attenuation = depth(layers, beam.energies)
    signal = seen(beam, attenuation, counter).sum()
    square = np.sum(beam.photons * counter.second_moment(beam.energies) * np.exp(-attenuation))
    return float(square / signal**2)


def relative_noise(beam: Spectrum, layers: tuple[tuple[str, float], ...], counter: Detector) -> float:
    """Kernel: HU noise at unit entrance air kerma, up to a constant of the scanner: sqrt(var(p) K)/<mu_w>."""
    weight = seen(beam, depth(layers, beam.energies), counter)
    water = float(weight @ remembered("water", beam.energies) / weight.sum())
    return float(np.sqrt(ray_variance(beam, layers, counter) * beam.kerma_gray()) / water)


def noise(
    spectrum: Any,
    phantom: Any = PHANTOM,
    detector: str | Detector = "energy-integrating",
    reference: Any = "12 HU",
    reference_spectrum: Any = "120 kV",
    reference_phantom: Any = PHANTOM,
    kerma_ratio: float = 1.0,
) -> Any:
    """HU noise of a beam and phantom, scaled from one reference at equal entrance air kerma.

    sigma = sigma_ref sqrt(var K/(var_ref K_ref)) <mu_w>_ref/<mu_w> / sqrt(kerma ratio)

    Other Parameters
    ----------------
    spectrum, reference_spectrum : Spectrum or quantity
        Beams, or tube voltages of the default CT beam.
    phantom, reference_phantom : quantity or mapping
        Water thickness, or {material: thickness}.
    detector : str or Detector
        The same for both.
    reference : quantity [HU]
        Noise of one voxel in the reference.
    kerma_ratio : float
        Entrance air kerma over that of the reference.

    Returns
    -------
    quantity [HU]

    Notes
    -----
    Quantum noise only; electronic noise raises it behind large patients. Slice, pixel and kernel are those of the
    reference.

    References
    ----------
    Kak and Slaney 1988, Principles of Computerized Tomographic Imaging, ch. 5

    Examples
    --------
    >>> print(f"{noise('120 kV'):.1f}, {noise('80 kV'):.1f}")
    12.0 hounsfield, 13.5 hounsfield
    """
    counter = _detector(detector)
    sigma = magnitude(reference, "HU", "reference")
    if not (np.isfinite(sigma) and sigma > 0 and kerma_ratio > 0):
        raise ValueError("reference noise and kerma_ratio must be above 0")
    here = relative_noise(beam_of(spectrum), object_layers(phantom), counter)
    there = relative_noise(beam_of(reference_spectrum), object_layers(reference_phantom), counter)
    return Q(float(sigma) * here / there / np.sqrt(kerma_ratio), "HU")


_detector = detector  # the argument bears the same name


def smallest_concentration(k: float, sigma: float, rose: float = ROSE, n_eff: float = 1.0) -> float:
    """Kernel: c_min in mg/mL from a slope in HU mL/mg and a noise in HU."""
    if k <= 0:
        raise Refusal("no contrast", f"the enhancement is {k:.3g} HU mL/mg: nothing rises above water")
    return rose * sigma / (k * np.sqrt(n_eff))


def detection_limit(
    agent: Any,
    spectrum: Any = "120 kV",
    phantom: Any = PHANTOM,
    detector: str | Detector = "energy-integrating",
    noise: Any = "12 HU",
    rose: float = ROSE,
    n_eff: float = 1.0,
) -> Any:
    """Smallest concentration of the basis element seen by the Rose criterion.

    c_min = k_R sigma_HU/(k_el sqrt(n_eff)).

    Other Parameters
    ----------------
    agent : str, Formulation or Absorber
    spectrum : Spectrum or quantity
    phantom : quantity or mapping
    detector : str or Detector
    noise : quantity [HU]
        Noise of one voxel in this beam and phantom; `contrastphys.xray.noise` scales it between beams.
    rose : float
        Signal over noise asked for, 3 to 5.
    n_eff : float
        Independent voxels averaged; not a pixel count, since CT noise is coloured.

    Returns
    -------
    quantity [mg/mL]

    Notes
    -----
    A factor 2: white noise and an ideal detector are assumed.

    References
    ----------
    Rose 1948, doi:10.1364/JOSA.38.000196

    Examples
    --------
    >>> print(f"{detection_limit('I'):.2f}")
    2.2... milligram / milliliter
    """
    sigma = magnitude(noise, "HU", "noise")
    if not (np.isfinite(sigma) and sigma > 0 and rose > 0 and n_eff > 0):
        raise ValueError("noise, rose and n_eff must be above 0")
    counter, beam, what = _detector(detector), beam_of(spectrum), resolve(agent)
    weight = seen(beam, depth(object_layers(phantom), beam.energies), counter)
    k = float(weight @ what.mu(beam.energies) / (weight @ remembered("water", beam.energies)))
    return Q(float(smallest_concentration(k, float(sigma), rose, n_eff)), "mg/mL")


@quantities(
    "1/cm",
    sampling=("cm", 1e-4, 1, "distance between rays of a projection"),
    views=("1", 1, 1e5, "number of projections over pi"),
    ray_noise=("1", 1e-6, 10, "standard deviation of one log-projection"),
)
def backprojection_noise(ray_noise, sampling, views):
    """Noise of mu in one pixel of a filtered back-projection with the Ram-Lak filter.

    sigma_mu = pi sigma_p/(tau sqrt(12 M_v)).

    Returns
    -------
    quantity [1/cm]

    Notes
    -----
    White, independent rays; agrees with a Monte Carlo within 1 %. Smoother kernels give less. sigma falls as
    dose^-1/2 and rises as tau^-3/2 at equal dose per area.

    References
    ----------
    Kak and Slaney 1988, ch. 5; Brooks and Di Chiro, Med Phys 1976, 3:237

    Examples
    --------
    >>> print(f"{backprojection_noise(0.02, '0.1 cm', 360):.5f}")
    0.00956 / centimeter
    """
    return np.pi * ray_noise / (sampling * np.sqrt(12.0 * views))


def figure_of_merit(agent: Any, spectrum: Any, phantom: Any = PHANTOM, detector: Any = "energy-integrating") -> float:
    """Contrast-to-noise squared per entrance air kerma, k^2/(sigma^2 K), relative: compare beams and filters by it.

    Notes
    -----
    Quantum noise alone: no electronic noise, scatter or dose inside the patient. Compare beams on one scanner only.

    References
    ----------
    A. Rose, J. Opt. Soc. Am. 38, 196 (1948), doi:10.1364/JOSA.38.000196

    Examples
    --------
    >>> figure_of_merit("I", "80 kV") > figure_of_merit("I", "140 kV")
    True
    """
    counter, beam, what = _detector(detector), beam_of(spectrum), resolve(agent)
    layers = object_layers(phantom)
    weight = seen(beam, depth(layers, beam.energies), counter)
    k = float(weight @ what.mu(beam.energies) / (weight @ remembered("water", beam.energies)))
    return (k / relative_noise(beam, layers, counter)) ** 2
