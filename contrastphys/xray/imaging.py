"""From dose to image: quantum noise of a voxel, what averaging over a lesion gains, projection imaging.

    photons per ray   n = (fluence per kerma) (K/M_v) tau h
    voxel             sigma_HU = 1000/<mu_w> pi sigma_p/(tau sqrt(12 M_v)),  sigma_p^2 = var(p)/n
    lesion            n_eff = int f^2 df / int f^2 [2 J1(pi D f)/(pi D f)]^2 df,  0 < f < 1/(2 tau)
    projection        (A)_min = k_R sqrt(var(p)/n)/<mu_rho>

K is the air kerma at the entrance of the phantom over all M_v views, tau the sampling, h the slice. The noise power of
a Ram-Lak reconstruction rises as f (it is blue), so the mean over a disc of diameter D is quieter than that of as many
independent voxels: n_eff grows about as D^3, not as the D^2 of a pixel count (Hanson 1979, Med Phys 6:441).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..units import Q, UnitError, magnitude, quantities
from .absorbers import resolve
from .contrast import PHANTOM, beam_of, depth, mass_concentration, object_layers
from .detection import ROSE, backprojection_noise, ray_variance
from .detectors import Detector, detector, seen
from .spectra import Spectrum, remembered

_detector = detector


def _positive(value: Any, unit: str, name: str) -> float:
    number = float(magnitude(value, unit, name))
    if not (np.isfinite(number) and number > 0):
        raise ValueError(f"{name} is {number:g} {unit}: it must be above 0")
    return number


def _gray(kerma: Any) -> float:
    if "sievert" in str(getattr(kerma, "units", "")) or str(kerma).strip().endswith("Sv"):
        raise UnitError(f"kerma is {kerma}: an effective dose is no air kerma; write for example '10 mGy'")
    return _positive(kerma, "Gy", "kerma")


def photons_per_kerma(beam: Spectrum) -> float:
    """Kernel: photons per cm2 and gray of air kerma of a beam."""
    return float(beam.photons.sum() / beam.kerma_gray())


def quantum_noise(
    spectrum: Any,
    kerma: Any = "10 mGy",
    phantom: Any = PHANTOM,
    detector: str | Detector = "energy-integrating",
    sampling: Any = "1 mm",
    slice_thickness: Any = "1 mm",
    views: int = 1000,
) -> Any:
    """HU noise of one voxel from the photons of a stated entrance air kerma.

    sigma_HU = 1000/<mu_w> pi sigma_p/(tau sqrt(12 M_v)).

    Other Parameters
    ----------------
    spectrum : Spectrum or quantity
        Beam, or tube voltage of the default CT beam.
    kerma : quantity
        Air kerma at the phantom's entrance over all views; CTDIvol is another quantity and needs transport.
    phantom : quantity or mapping
    detector : str or Detector
    sampling, slice_thickness : quantity
        Distance between rays and slice, both at the axis; one voxel has this size.
    views : int
        Projections over the scan.

    Returns
    -------
    quantity [HU]

    Notes
    -----
    Ram-Lak filter, parallel rays, the centre of the phantom, no electronic noise or scatter: real kernels are
    smoother and give less, electronics and scatter more. Order of magnitude.

    References
    ----------
    Kak and Slaney 1988, ch. 5; Brooks and Di Chiro, Med Phys 1976, 3:237

    Examples
    --------
    >>> one, four = quantum_noise("120 kV", "5 mGy"), quantum_noise("120 kV", "20 mGy")
    >>> print(f"{one / four:.3f}")
    2.000 dimensionless
    """
    counter, beam, layers = _detector(detector), beam_of(spectrum), object_layers(phantom)
    tau, height = _positive(sampling, "cm", "sampling"), _positive(slice_thickness, "cm", "slice_thickness")
    if not views > 0:
        raise ValueError(f"views is {views}: it must be above 0")
    per_ray = photons_per_kerma(beam) * _gray(kerma) / views * tau * height
    variance = ray_variance(beam, layers, counter) * beam.photons.sum() / per_ray
    weight = seen(beam, depth(layers, beam.energies), counter)
    water = float(weight @ remembered("water", beam.energies) / weight.sum())
    sigma = backprojection_noise(float(np.sqrt(variance)), Q(tau, "cm"), float(views)).magnitude
    return Q(1000.0 * float(sigma) / water, "HU")


@quantities(
    "1",
    diameter=("mm", 0.01, 200, "diameter of the lesion, a disc in the slice"),
    sampling=("mm", 0.001, 5, "distance between rays"),
    slices=("1", 1, 1000, "independent slices it covers"),
)
def effective_voxels(diameter, sampling, slices=1.0):
    """Independent voxels that the mean over a lesion is worth, in the blue noise of CT.

    n_eff = slices int f^2 df / int f^2 [2 J1(pi D f)/(pi D f)]^2 df over 0 < f < 1/(2 tau).

    Returns
    -------
    quantity [1]

    Notes
    -----
    For the Ram-Lak filter and no apodisation; 1 for a lesion far below the sampling. An observer who averages needs
    the background to be uniform.

    References
    ----------
    Hanson 1979, Med Phys 6:441; Kak and Slaney 1988, ch. 5

    Examples
    --------
    >>> print(f"{effective_voxels('3 mm', '0.5 mm'):.0f}")
    74 dimensionless
    """
    from scipy.special import j1

    top = 0.5 / np.asarray(sampling, dtype=float)
    share = np.linspace(0.0, 1.0, 4001)[1:]
    f = share * top[..., None]
    x = np.pi * np.asarray(diameter, dtype=float)[..., None] * f
    seen_ = (2 * j1(x) / x) ** 2
    result = np.asarray(slices) * (share**2).sum() / (share**2 * seen_).sum(axis=-1)
    return float(result) if np.ndim(result) == 0 else result


def contrast_to_noise(
    agent: Any,
    concentration: Any,
    spectrum: Any,
    noise: Any,
    phantom: Any = PHANTOM,
    detector: str | Detector = "energy-integrating",
    n_eff: float = 1.0,
) -> float:
    """Contrast-to-noise ratio of an agent at a concentration: k c sqrt(n_eff)/sigma.

    Other Parameters
    ----------------
    agent : str, Formulation or Absorber
    concentration : quantity
        Of its basis element.
    spectrum, phantom, detector
        As in `enhancement`.
    noise : quantity [HU]
        Of one voxel, such as `quantum_noise` gives.
    n_eff : float
        Independent voxels averaged, such as `effective_voxels` gives.

    Returns
    -------
    float

    Notes
    -----
    Linear in concentration, so for little agent; noise of neighbouring voxels is correlated, which `n_eff` must tell.

    References
    ----------
    A. Rose, J. Opt. Soc. Am. 38, 196 (1948), doi:10.1364/JOSA.38.000196

    Examples
    --------
    >>> round(contrast_to_noise("I", "5 mg/mL", "120 kV", "12 HU"), 1)
    11.1
    """
    counter, beam, what = _detector(detector), beam_of(spectrum), resolve(agent)
    weight = seen(beam, depth(object_layers(phantom), beam.energies), counter)
    k = float(weight @ what.mu(beam.energies) / (weight @ remembered("water", beam.energies)))
    c = mass_concentration(concentration, what.basis)
    if not n_eff > 0:
        raise ValueError(f"n_eff is {n_eff:g}: it must be above 0")
    return k * c * float(np.sqrt(n_eff)) / _positive(noise, "HU", "noise")


def projection_limit(
    agent: Any,
    spectrum: Any = "70 kV",
    kerma: Any = "0.1 mGy",
    phantom: Any = PHANTOM,
    detector: str | Detector = "CsI",
    pixel: Any = "0.2 mm",
    pixels: float = 1.0,
    rose: float = ROSE,
) -> Any:
    """Smallest areal density of the basis element seen in one projection image.

    A_min = k_R sqrt(var(p)/(n pixels))/<mu_rho>_w, n the photons on one pixel of the entrance.

    Other Parameters
    ----------------
    agent : str, Formulation or Absorber
    spectrum, phantom, detector
        As in `enhancement`; a projection has white noise.
    kerma : quantity
        Entrance air kerma of the image.
    pixel : quantity
        Size of a pixel at the object.
    pixels : float
        Pixels of the region looked at; they are independent in a projection.
    rose : float

    Returns
    -------
    quantity [mg/cm^2]

    Notes
    -----
    Quantum noise only: anatomical structure hides more than it in most projections. Order of magnitude.

    References
    ----------
    Rose 1948, doi:10.1364/JOSA.38.000196

    Examples
    --------
    >>> fine, coarse = projection_limit("I", pixel="0.1 mm"), projection_limit("I", pixel="0.2 mm")
    >>> print(f"{fine / coarse:.3f}")
    2.000 dimensionless
    """
    counter, beam, what, layers = _detector(detector), beam_of(spectrum), resolve(agent), object_layers(phantom)
    side = _positive(pixel, "cm", "pixel")
    if not (pixels > 0 and rose > 0):
        raise ValueError("pixels and rose must be above 0")
    photons = photons_per_kerma(beam) * _gray(kerma) * side**2 * pixels
    variance = ray_variance(beam, layers, counter) * beam.photons.sum() / photons
    weight = seen(beam, depth(layers, beam.energies), counter)
    mean = float(weight @ what.mu(beam.energies) / weight.sum())
    if mean <= 0:
        from ..provenance import Refusal

        raise Refusal("no contrast", f"{what.label or what.basis} attenuates no more than the water it displaces")
    return Q(1e3 * rose * float(np.sqrt(variance)) / mean, "mg/cm^2")
