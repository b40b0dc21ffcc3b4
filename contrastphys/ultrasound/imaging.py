"""What an image shows: echo against tissue, the smallest concentration seen, and the mechanical index.

    eta = n <sigma_s>/(4 pi)                      backscatter of bubbles          [1/(m sr)]
    CTR = 10 log10(eta/BSC)                       linear contrast to tissue       [dB]
    n_min = max(k (L BSC + noise)/(sqrt(N) q <sigma_s>/4 pi), 1/V)

The echo of tissue is fully developed speckle: its energy scatters by 100 % from place to place and by
1/sqrt(N) over N independent looks, so a difference of k standard deviations is seen (Rose). A pulse sequence
leaves the share L of the echo of tissue and the share q of that of the bubbles. Nothing is seen below one
bubble in a voxel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..provenance import Refusal
from ..showing import shows
from ..units import Flag, Q, quantities
from .bubble import BODY_TEMPERATURE, acoustic
from .echo import HARMONIC, SEQUENCES
from .population import Population, population_flags
from .pulses import Pulse

LABEL_LIMIT = 1.9
"""Mechanical index that diagnostic scanners may not exceed."""


@quantities(
    "1",
    pressure=("MPa", 0, 50, "peak negative pressure in water"),
    frequency=("MHz", 0.02, 50, "centre frequency"),
    depth=("cm", 0, 30, "depth in tissue over which the pressure is derated"),
    derating=("dB/cm/MHz", 0, 3, "attenuation used for derating"),
)
def mechanical_index(pressure: Any, frequency: Any, depth: Any = 0.0, derating: Any = 0.3) -> Any:
    """Mechanical index of a pulse: its derated peak negative pressure over the root of the frequency.

    MI = PNP[MPa] 10^(-a f z/20)/sqrt(f[MHz]); a is 0.3 dB/cm/MHz.

    Returns
    -------
    Quantity
        Dimensionless by convention; the formula hides MPa/sqrt(MHz).

    Notes
    -----
    The peak negative pressure of a real pulse is not the amplitude of its sine. Regulation allows 1.9.

    References
    ----------
    C. K. Holland, R. E. Apfel, IEEE Trans. Ultrason. 36, 204 (1989), doi:10.1109/58.19152

    Examples
    --------
    >>> print(f"{mechanical_index('0.2 MPa', '4 MHz').magnitude:.2f}")
    0.10
    """
    return pressure * 10 ** (-derating * frequency * depth / 20) / np.sqrt(frequency)


def background(name: str, frequency: float, temperature: float = BODY_TEMPERATURE) -> float:
    """Backscatter coefficient of a tissue or of blood at a frequency [Hz], in 1/(m sr).

    Examples
    --------
    >>> round(background("liver", 3e6), 3)
    0.05
    """
    known = acoustic(name, temperature)
    if "backscatter_1mhz" not in known:
        raise Refusal(
            "no-backscatter",
            f"the backscatter of {name} is not in the catalogue: the contrast against it cannot be decided",
        )
    return known["backscatter_1mhz"] * (frequency / 1e6) ** known["backscatter_power"]


def path_loss(name: str, frequency: float, depth: float, temperature: float = BODY_TEMPERATURE) -> float:
    """Loss of an echo on its way down to `depth` [m] and back, in dB; frequency in Hz."""
    known = acoustic(name, temperature)
    if "attenuation_1mhz" not in known:
        raise Refusal("no-attenuation", f"the attenuation of {name} is not in the catalogue")
    return 2 * depth * known["attenuation_1mhz"] * (frequency / 1e6) ** known["attenuation_power"]


def tissue_left(
    name: str,
    sequence: str,
    pressure: float,
    frequency: float,
    depth: float,
    suppression: float,
    temperature: float = BODY_TEMPERATURE,
) -> float:
    """Echo energy of tissue after a pulse sequence over that of one pulse.

    Two parts: what imperfect cancellation leaves (`suppression`, dB), and the second harmonic that the wave
    itself makes on its way, p2/p1 = (1 + B/2A) w p1 (1 - exp(-a z))/(2 rho c^3 a) with a = a(2f) - 2 a(f)
    (plane wave, in-place pressure p1 [Pa]), scattered and attenuated at 2 f.

    Examples
    --------
    >>> round(10 * math.log10(tissue_left("liver", "pulse-inversion", 2e5, 3e6, 0.03, 30.0)), 1)
    -24.1
    """
    left = 10 ** (-suppression / 10)
    known = acoustic(name, temperature)
    if "nonlinearity" not in known or "attenuation_1mhz" not in known:
        return left

    def neper(f: float) -> float:
        return path_loss(name, f, 0.5, temperature) * math.log(10) / 20

    excess = neper(2 * frequency) - 2 * neper(frequency)
    way = depth if abs(excess * depth) < 1e-6 else (1 - math.exp(-excess * depth)) / excess
    beta = 1 + known["nonlinearity"] / 2
    omega = 2 * math.pi * frequency
    ratio = beta * omega * pressure * way / (2 * known["density"] * known["sound_speed"] ** 3)
    back = math.exp(-2 * depth * (neper(2 * frequency) - neper(frequency)))
    brighter = background(name, 2 * frequency, temperature) / background(name, frequency, temperature)
    return left + (HARMONIC[sequence] * ratio) ** 2 * brighter * back


def detectable(
    scattering: float,
    tissue: float,
    voxel: float,
    rose: float = 5.0,
    looks: float = 1.0,
    tissue_left: float = 1.0,
    bubble_kept: float = 1.0,
    noise: float = 0.0,
) -> tuple[float, bool]:
    """Smallest number of bubbles per m^3 that is seen, and whether one bubble per voxel is what limits it.

    `scattering` is the mean cross-section [m^2], `tissue` and `noise` backscatter coefficients [1/(m sr)],
    `voxel` a volume [m^3]; the shares are of echo energy.

    Examples
    --------
    >>> n, floor = detectable(1e-11, 0.05, 1e-9)
    >>> f"{n * 1e-6:.1e} per mL", floor
    ('3.1e+05 per mL', False)
    """
    spread = (tissue * tissue_left + noise) / math.sqrt(looks)
    if scattering * bubble_kept <= 0:
        raise Refusal("no-echo", "the bubbles leave no echo in this sequence: nothing can be detected")
    wanted = rose * spread * 4 * math.pi / (scattering * bubble_kept)
    floor = 1 / voxel
    return max(wanted, floor), wanted < floor


@shows("Contrast to tissue, {0.sequence}", "frequency", "ratio_db", "bubbles", "tissue")
@dataclass(frozen=True)
class Contrast:
    """Echo of a population against that of tissue."""

    frequency: Any
    ratio_db: Any  # contrast to tissue, 10 log10 of echo energies
    bubbles: Any  # backscatter coefficient after the sequence, per steradian
    tissue: Any  # the same of tissue
    sequence: str = "linear"
    flags: tuple[Flag, ...] = ()

    def plot(self, ax: Any = None) -> Any:
        """Contrast to tissue against frequency; returns the matplotlib Axes."""
        from ..plots.results import contrast as draw

        return draw(self, ax)


@quantities(
    None,
    frequency=("Hz", 1e4, 1e8, "frequency"),
    pressure=("Pa", 1, 1e7, "pressure amplitude in place, for a pulse sequence"),
    depth=("m", 0, 0.4, "depth of tissue the pulse has passed"),
)
def contrast(
    population: Population,
    frequency: Any,
    sequence: str = "linear",
    pressure: Any = 1e5,
    against: str = "liver",
    depth: Any = 0.03,
    cycles: float = 4.0,
    suppression: float = 30.0,
) -> Contrast:
    """Contrast of a population against the speckle of tissue or blood, plain or after a pulse sequence.

    CTR = 10 log10(eta q/(BSC L)), eta = n <sigma_s>/(4 pi); q and L are the shares of the energy of bubbles and
    tissue that the sequence leaves.

    Other Parameters
    ----------------
    population : Population
    sequence : {"linear", "pulse-inversion", "amplitude-modulation", "combined"}
    against : str
        Tissue of the catalogue whose backscatter is known.
    cycles : float
        Length of the Hann pulse of a sequence.
    suppression : float
        dB by which a sequence cancels the linear echo of tissue at best.

    Returns
    -------
    Contrast

    Notes
    -----
    "linear" is the limit of small pressure; a sequence is simulated. Equal pulses, the same depth, no
    saturation, no motion; the wave's own second harmonic as a plane wave. At clinical doses the linear contrast
    is small or negative against bright tissue.

    References
    ----------
    Z. F. Lu, J. A. Zagzebski, F. T. Lee, Ultrasound Med. Biol. 25, 1047 (1999),
    doi:10.1016/s0301-5629(99)00055-1

    Examples
    --------
    >>> from contrastphys.ultrasound import LogNormal, Marmottant
    >>> shell = Marmottant(chi="0.5 N/m", kappa_s="5e-9 kg/s", sigma0="0.02 N/m")
    >>> cloud = Population(LogNormal("1 um", 0.4), "1e5 1/mL", "C4F10", shell, "blood")
    >>> print(f"{contrast(cloud, '3 MHz').ratio_db:.1f} dB")
    6.1 dB
    >>> contrast(cloud, "3 MHz", "pulse-inversion", "200 kPa").ratio_db > 20
    True
    """
    if sequence not in SEQUENCES:
        raise ValueError(f"sequence is one of {', '.join(SEQUENCES)}, not {sequence!r}")
    scalar = np.ndim(frequency) == 0
    each = np.atleast_1d(np.asarray(frequency, float))
    flags = population_flags(population, float(each.max()))
    tissue = np.array([background(against, float(f)) for f in each])
    if sequence == "linear":
        eta = population.spectra(each)[3]
    else:
        found = [population.echo(Pulse.bare(float(f), float(pressure), cycles, "hann"), sequence) for f in each]
        eta = population.concentration * np.array([one.residual for one in found]) / (4 * math.pi)
        left = [tissue_left(against, sequence, float(pressure), float(f), float(depth), suppression) for f in each]
        tissue = tissue * np.array(left)
        flags += tuple(dict.fromkeys(flag for one in found for flag in one.flags))
        flags += (Flag("suppression", f"assumes that {suppression:g} dB of linear tissue echo cancel", "note"),)
    ratio = 10 * np.log10(eta / tissue)
    shown = [v[0].item() if scalar else v for v in (ratio, eta, tissue)]
    return Contrast(Q(frequency, "Hz"), shown[0], Q(shown[1], "1/m"), Q(shown[2], "1/m"), sequence, flags)


def droplet_backscatter(radius: Any, frequency: float, density: float, sound_speed: float, host: Any) -> Any:
    """Backscattering cross-section per steradian of a small liquid drop [m^2/sr].

    k^4 a^6 [(kappa_e - kappa)/(3 kappa) - (rho_e - rho)/(2 rho_e + rho)]^2 (Rayleigh), k a << 1.

    Examples
    --------
    >>> from contrastphys.ultrasound import Liquid
    >>> f"{droplet_backscatter(0.5e-6, 3e6, 1564.0, 436.0, Liquid()):.1e}"
    '1.6e-21'
    """
    k = 2 * math.pi * frequency / host.sound_speed
    compressibility = host.density * host.sound_speed**2 / (density * sound_speed**2)
    monopole = (compressibility - 1) / 3
    dipole = (density - host.density) / (2 * density + host.density)
    return k**4 * np.asarray(radius, float) ** 6 * (monopole - dipole) ** 2
