"""Many bubbles: size distributions, and what a dilute cloud of them does to a wave.

    dilute sum       alpha = 10 log10(e) Sum n sigma_e          [dB/m]
    bubbly liquid    k^2 = w^2/c^2 + 4 pi w^2 Sum n R0 m/D,  alpha = 20 log10(e) |Im k|,  c = w/Re k   [1]_
    backscatter      eta = Sum n sigma_s/(4 pi)                 [1/(m sr)]
    gas              phi = Sum n (4/3) pi R0^3

D is the exact denominator of the linear response, so that the bubbly liquid tends to the dilute sum.

.. [1] K. W. Commander, A. Prosperetti, J. Acoust. Soc. Am. 85, 732 (1989), doi:10.1121/1.397599
"""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..units import Flag, Q, RangeWarning, magnitude, quantities
from ._parameters import Record, decibel_per_cm, parameter, takes_quantities
from .bubble import Bubble, Gas, Liquid, gas, liquid_of
from .linear import Response, bubble_flags, response, sections
from .shells import Free, Shell

Array = NDArray[np.float64]

CLASSES = 300
"""Size classes of a population: with 80 a narrow resonance is already sampled to a few per cent only."""


class Distribution(Record, ABC):
    """Number distribution of rest radii."""

    assumed: ClassVar[bool] = True

    @abstractmethod
    def limits(self) -> tuple[float, float]:
        """Radii between which all that matters lies [m]."""

    @abstractmethod
    def density(self, radius: Array) -> Array:
        """Relative number per unit of ln R (any scale)."""

    def classes(self, count: int = CLASSES) -> tuple[Array, Array]:
        """Radii on a logarithmic grid [m] and the fraction of the number each of them stands for."""
        low, high = self.limits()
        if low == high:
            return np.array([low]), np.array([1.0])
        radius = np.geomspace(low, high, count)
        weight = self.density(radius)
        weight[[0, -1]] *= 0.5
        return radius, weight / weight.sum()

    def moment(self, power: float) -> float:
        """Mean of R^power over the number [m^power]."""
        radius, fraction = self.classes(4 * CLASSES)
        return float(fraction @ radius**power)

    def grid_error(self, change: float) -> float:
        """Error left in a sum over the classes, from its relative change on halving them.

        The rule of equal steps converges geometrically for a smooth density: the square of the change.
        """
        return min(change, change**2)

    @property
    def number_mean_radius(self) -> float:
        """Mean radius over the number [m]."""
        return self.moment(1)

    @property
    def volume_mean_radius(self) -> float:
        """Radius of the bubble of mean volume, <R^3>^(1/3) [m]."""
        return self.moment(3) ** (1 / 3)


@takes_quantities
@dataclass(frozen=True)
class Monodisperse(Distribution):
    """All bubbles of one size.

    Examples
    --------
    >>> Monodisperse("1.5 um").radius
    1.5e-06
    """

    radius: float = parameter("m", 1e-8, 2e-5, "rest radius")
    assumed: ClassVar[bool] = False

    def limits(self) -> tuple[float, float]:
        return self.radius, self.radius

    def density(self, radius: Array) -> Array:
        return np.ones_like(radius)


@takes_quantities
@dataclass(frozen=True)
class LogNormal(Distribution):
    """Log-normal number distribution.

    n(ln R) ~ exp(-(ln R - ln R_med)^2/(2 s^2)); number mean R_med exp(s^2/2), mean volume
    R_med^3 exp(4.5 s^2). `largest` cuts it off (a filter, the label's largest bubble); 0 leaves it open.

    Examples
    --------
    >>> sizes = LogNormal.of_means("2.5 um", "3.6 um")
    >>> round(sizes.sigma_ln, 3), round(2e6 * sizes.volume_mean_radius, 3)
    (0.604, 3.6)
    """

    median: float = parameter("m", 1e-8, 2e-5, "median radius")
    sigma_ln: float = parameter("1", 0, 1.2, "standard deviation of ln R")
    largest: float = parameter("m", 0, 5e-5, "largest radius; 0: open", 0.0)

    @staticmethod
    def of_means(number_mean_diameter: Any, volume_mean_diameter: Any) -> LogNormal:
        """From number mean and volume mean DIAMETER (the diameter of the bubble of mean volume)."""
        number = magnitude(number_mean_diameter, "m", "number_mean_diameter")
        volume = magnitude(volume_mean_diameter, "m", "volume_mean_diameter")
        if not 0 < number <= volume:
            raise ValueError(
                f"the volume mean diameter {volume * 1e6:g} um lies below the number mean {number * 1e6:g} um"
            )
        variance = math.log(volume / number)
        return LogNormal.bare(number / 2 * math.exp(-variance / 2), math.sqrt(variance))

    def limits(self) -> tuple[float, float]:
        s = self.sigma_ln
        if s == 0:
            return self.median, self.median
        top = self.median * math.exp(s * (5.5 + 6 * s))  # the weight R^6 sits 6 s above the median
        if self.largest:
            if self.largest <= self.median * math.exp(-4 * s):
                raise ValueError("the largest radius cuts off the whole distribution")
            top = min(top, self.largest)
        return self.median * math.exp(-5.5 * s), top

    def density(self, radius: Array) -> Array:
        return np.exp(-0.5 * (np.log(radius / self.median) / self.sigma_ln) ** 2)


@takes_quantities
@dataclass(frozen=True)
class Gamma(Distribution):
    """Gamma number distribution n(R) ~ R^power exp(-R/scale) between two radii.

    Examples
    --------
    >>> sizes = Gamma(2.0, "0.45662 um", "0.5 um", "6 um")
    >>> round(2e6 * sizes.number_mean_radius, 2)
    2.96
    """

    power: float = parameter("1", 0, 20, "power of R")
    scale: float = parameter("m", 1e-9, 1e-5, "length of the exponential fall")
    smallest: float = parameter("m", 0, 1e-5, "smallest radius; 0: open", 0.0)
    largest: float = parameter("m", 0, 5e-5, "largest radius; 0: open", 0.0)

    def limits(self) -> tuple[float, float]:
        low = self.smallest or self.scale * 1e-3
        high = self.largest or self.scale * (self.power + 45)
        if low >= high:
            raise ValueError("the smallest radius must be below the largest")
        return low, high

    def density(self, radius: Array) -> Array:
        x = radius / self.scale
        return np.exp((self.power + 1) * np.log(x) - x - self.power)


@dataclass(frozen=True)
class Histogram(Distribution):
    """Measured histogram: edges of the classes (radii) and the number counted in each.

    Within a class the number is spread evenly over ln R.

    Examples
    --------
    >>> sizes = Histogram.of_diameters(["1 um", "2 um", "4 um"], [3, 1])
    >>> round(2e6 * sizes.number_mean_radius, 2)
    1.8
    """

    edges: tuple[float, ...]
    counts: tuple[float, ...]
    assumed: ClassVar[bool] = False

    def __post_init__(self) -> None:
        edges, counts = np.asarray(self.edges, float), np.asarray(self.counts, float)
        if edges.size != counts.size + 1:
            raise ValueError(f"{counts.size} counts need {counts.size + 1} edges, not {edges.size}")
        if not np.all(np.isfinite(edges)) or np.any(edges <= 0) or np.any(np.diff(edges) <= 0):
            raise ValueError("the edges of a histogram must be positive and rise from one to the next")
        if not np.all(np.isfinite(counts)) or np.any(counts < 0) or counts.sum() == 0:
            raise ValueError("the counts of a histogram must be 0 or more, and not all 0")

    @staticmethod
    def of_radii(edges: Any, counts: ArrayLike) -> Histogram:
        """From edges given as radii with a unit."""
        return Histogram(tuple(magnitude(edges, "m", "edges")), tuple(np.asarray(counts, float)))

    @staticmethod
    def of_diameters(edges: Any, counts: ArrayLike) -> Histogram:
        """From edges given as diameters with a unit."""
        return Histogram(tuple(magnitude(edges, "m", "edges") / 2), tuple(np.asarray(counts, float)))

    def limits(self) -> tuple[float, float]:
        return self.edges[0], self.edges[-1]

    def density(self, radius: Array) -> Array:
        edges = np.asarray(self.edges)
        heights = np.asarray(self.counts) / np.diff(np.log(edges))
        found = heights[np.clip(np.searchsorted(edges, radius, "right") - 1, 0, heights.size - 1)]
        return np.where((radius < edges[0]) | (radius > edges[-1]), 0.0, found)

    def grid_error(self, change: float) -> float:
        """Error left in a sum over the classes; the density jumps at the edges, so the rule is of second order."""
        return change / 3

    def classes(self, count: int = CLASSES) -> tuple[Array, Array]:
        """Class middles on a grid whose steps fall on the edges, so that no number is lost or moved."""
        logs = np.log(self.edges)
        steps = np.maximum(1, np.round(np.diff(logs) / (logs[-1] - logs[0]) * count)).astype(int)
        radius, fraction = [], []
        for low, high, n, number in zip(logs[:-1], logs[1:], steps, self.counts, strict=True):
            radius.append(np.exp(low + (np.arange(n) + 0.5) * (high - low) / n))
            fraction.append(np.full(n, number / n))
        weight = np.concatenate(fraction)
        return np.concatenate(radius), weight / weight.sum()


# ------------------------------------------------------------------------------------------- populations


@dataclass(frozen=True)
class Bulk:
    """What a cloud of bubbles does to a wave, against frequency, as quantities."""

    frequency: Any
    attenuation: Any  # Commander-Prosperetti [dB/cm]
    attenuation_dilute: Any  # sum over bubbles [dB/cm]
    sound_speed: Any
    backscatter: Any  # per length and steradian
    void_fraction: float
    flags: tuple[Flag, ...] = ()


def bulk_kernel(
    radius: Array, density: Array, omega: Array, r: Response, liquid: Liquid, side: str = "bilinear"
) -> tuple[Array, Array, Array, Array]:
    """Attenuation in the bubbly liquid and as dilute sum [dB/m], phase speed [m/s], backscatter [1/(m sr)].

    `density` is the number of bubbles of each class per volume [1/m^3]; `r` has shape (frequency, class).
    """
    scattering, absorption = sections(r, radius, liquid, side)
    to_decibel = 10 * math.log10(math.e)
    dilute = to_decibel * (scattering + absorption) @ density
    wave = (omega / liquid.sound_speed) ** 2 + 4 * math.pi * omega**2 * (
        (r.mass / r.denominator(side)) @ (density * radius)
    )
    k = np.sqrt(wave)
    return 2 * to_decibel * np.abs(k.imag), dilute, omega / k.real, scattering @ density / (4 * math.pi)


@takes_quantities
@dataclass(frozen=True)
class Population(Record):
    """Bubbles of one gas and one shell, spread over sizes.

    `medium` is a Liquid or the name of one; `classes` is the number of size classes that integrals are summed over.

    Examples
    --------
    >>> from contrastphys.ultrasound import Gas, Liquid, LogNormal, Marmottant, Population
    >>> shell = Marmottant(chi="0.5 N/m", kappa_s="5e-9 kg/s", sigma0="0.02 N/m")
    >>> cloud = Population(LogNormal("1 um", 0.4), "1e6 1/mL", Gas(), shell, Liquid())
    >>> found = cloud.bulk("3 MHz")
    >>> print(f"{found.attenuation.magnitude:.2f} dB/cm, gas fraction {found.void_fraction:.1e}")
    20.11 dB/cm, gas fraction 8.6e-06
    """

    sizes: Distribution = field(default_factory=lambda: LogNormal.bare(1e-6, 0.4))
    concentration: float = parameter("1/m^3", 0, 1e19, "number of bubbles per volume", 1e12)
    gas: Any = field(default_factory=Gas)
    shell: Shell = field(default_factory=Free.bare)
    medium: Any = "water"
    polytropic: float | None = parameter("1", 1.0, 5 / 3, "fixed polytropic exponent", None)
    classes: int = CLASSES

    def __post_init__(self) -> None:
        object.__setattr__(self, "medium", liquid_of(self.medium))
        if isinstance(self.gas, str):
            object.__setattr__(self, "gas", gas(self.gas))

    @property
    def void_fraction(self) -> float:
        """Volume of gas per volume of suspension."""
        return self.concentration * 4 / 3 * math.pi * self.sizes.moment(3)

    def grid(self, classes: int | None = None) -> tuple[Array, Array]:
        """Radii [m] and number per volume of each [1/m^3]."""
        radius, fraction = self.sizes.classes(classes or self.classes)
        return radius, fraction * self.concentration

    def spectra(self, frequency: Array, side: str = "bilinear", classes: int | None = None) -> tuple[Array, ...]:
        """`bulk_kernel` over this population for frequencies in Hz."""
        radius, density = self.grid(classes)
        omega = 2 * math.pi * np.atleast_1d(np.asarray(frequency, float))
        r = response(radius[None, :], omega[:, None], self.shell, self.gas, self.medium, self.polytropic)
        return bulk_kernel(radius, density, omega, r, self.medium, side)

    def bulk(self, frequency: Any) -> Bulk:
        """Attenuation, sound speed and backscatter against frequency, with flags.

        Parameters
        ----------
        frequency : quantity
            Frequency or array of them.

        Returns
        -------
        Bulk

        Notes
        -----
        Bubbles are independent and oscillate linearly. Refused above a gas fraction of 1 %.

        References
        ----------
        K. W. Commander, A. Prosperetti, J. Acoust. Soc. Am. 85, 732 (1989), doi:10.1121/1.397599
        """
        return _bulk(self, frequency)

    def attenuation(self, frequency: Any) -> Any:
        """Attenuation in the bubbly liquid [dB/cm]."""
        return _told(self.bulk(frequency)).attenuation

    def sound_speed(self, frequency: Any) -> Any:
        """Phase speed [m/s]."""
        return _told(self.bulk(frequency)).sound_speed

    def backscatter(self, frequency: Any) -> Any:
        """Backscatter coefficient, Sum n sigma_s/(4 pi), per steradian [1/m]."""
        return _told(self.bulk(frequency)).backscatter


@quantities(None, frequency=("Hz", 1e4, 1e8, "frequency"))
def _bulk(population: Population, frequency: Any) -> Bulk:
    values = population.spectra(frequency)
    coarse = population.spectra(frequency, classes=max(2, population.classes // 2))
    scalar = np.ndim(frequency) == 0
    full, dilute, speed, backscatter = (v[0].item() if scalar else v for v in values)
    flags = population_flags(population, float(np.max(frequency)))
    with np.errstate(invalid="ignore", divide="ignore"):
        differ = float(np.nan_to_num(np.max(np.abs(values[0] / values[1] - 1)), nan=0.0))
        error = float(np.nan_to_num(np.max(np.abs(coarse[1] / values[1] - 1)), nan=0.0))
    if differ > 0.1:
        flags += (Flag("interaction", f"bubbly liquid and sum over bubbles differ by up to {differ:.0%}"),)
    error = population.sizes.grid_error(error)
    if error > 0.01:
        flags += (Flag("grid", f"{population.classes} size classes leave about {error:.0%} error: use more"),)
    return Bulk(
        Q(frequency, "Hz"), decibel_per_cm(full), decibel_per_cm(dilute), Q(speed, "m/s"),
        Q(backscatter, "1/m"), population.void_fraction, flags,
    )  # fmt: skip


def population_flags(population: Population, highest_frequency: float) -> tuple[Flag, ...]:
    """What limits the answer for a population; ValueError above a gas fraction of 1 %."""
    fraction = population.void_fraction
    if fraction > 1e-2:
        raise ValueError(
            f"gas fraction {fraction:.2g} is above 1 %: bubbles interact strongly, no dilute model applies; "
            "check whether a diameter was given as a radius, or a concentration per mL as per uL"
        )
    radius, density = population.grid()
    weight = density * radius**3
    mean = float((weight @ radius) / weight.sum())
    eps = 2 * math.pi * highest_frequency * mean / population.medium.sound_speed
    bubble = Bubble.bare(min(mean, 1e-5), population.gas, population.shell, population.polytropic)
    flags = bubble_flags(bubble, population.medium, eps)
    if fraction > 1e-4:
        flags += (Flag("void", f"gas fraction {fraction:.1e} is above 1e-4: bubbles begin to interact"),)
    if population.sizes.assumed:
        flags += (Flag("assumed population", "the size distribution is assumed, not measured on this agent", "note"),)
    return flags


def _told(found: Bulk) -> Bulk:
    for flag in found.flags:
        if flag.severity == "warn":
            warnings.warn(flag.message, RangeWarning, stacklevel=3)
    return found
