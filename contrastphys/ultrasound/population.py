"""Many bubbles: what a dilute cloud of them does to a wave, and how it echoes a strong pulse.

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
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..showing import shows
from ..units import Flag, Q, RangeWarning, quantities
from ._parameters import Record, decibel_per_cm, parameter, takes_quantities
from .bubble import LARGEST, Bubble, Gas, Liquid, gas, liquid_of
from .coats import Shell
from .echo import Harmonics, SequenceEcho, population_harmonics, sequence_echo
from .linear import Response, bubble_flags, response, sections
from .pulses import Pulse
from .shells import Free
from .sizes import CLASSES, Distribution, LogNormal

Array = NDArray[np.float64]


@shows(
    "Wave in a cloud of bubbles",
    "frequency",
    "attenuation",
    "attenuation_dilute",
    "sound_speed",
    "backscatter",
    "void_fraction",
)
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

    def plot(self, ax: Any = None) -> Any:
        """Attenuation against frequency; returns the matplotlib Axes."""
        from ..plots.results import bulk

        return bulk(self, ax)


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

    Notes
    -----
    Bubbles are independent and far apart: refused above a gas fraction of 1 %, flagged from 1e-4.

    References
    ----------
    K. W. Commander, A. Prosperetti, J. Acoust. Soc. Am. 85, 732 (1989), doi:10.1121/1.397599

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

    def simulate(
        self, pulse: Pulse, orders: Any = (1.0, 2.0, 3.0), model: str = "keller-miksis", workers: int | None = None
    ) -> tuple[Harmonics, Any]:
        """Harmonics of every size in a long drive, and their mean cross-section at each order (quantity).

        Parameters
        ----------
        pulse : Pulse
            Constant amplitude over whole cycles.
        orders : sequence of float
            Multiples of the drive; subharmonics need 40 cycles.
        model : str
            Equation of motion.
        workers : int, optional
            Threads.
        """
        return population_harmonics(self, pulse, orders, model, workers)

    def echo(self, pulse: Pulse, sequence: str = "pulse-inversion", model: str = "keller-miksis") -> SequenceEcho:
        """Echo of one pulse and after a sequence of them; see `sequence_echo`."""
        return sequence_echo(self, pulse, sequence, model)

    def attenuation(self, frequency: Any) -> Any:
        """Attenuation in the bubbly liquid [dB/cm]."""
        return _told(self.bulk(frequency)).attenuation

    def sound_speed(self, frequency: Any) -> Any:
        """Phase speed [m/s]."""
        return _told(self.bulk(frequency)).sound_speed

    def backscatter(self, frequency: Any) -> Any:
        """Backscatter coefficient, Sum n sigma_s/(4 pi), per steradian [1/m]."""
        return _told(self.bulk(frequency)).backscatter

    def plot(self, ax: Any = None) -> Any:
        """Number and gas volume against diameter; returns the matplotlib Axes."""
        from ..plots.results import sizes

        return sizes(self, ax)


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
    bubble = Bubble.bare(min(mean, LARGEST), population.gas, population.shell, population.polytropic)
    flags = bubble_flags(bubble, population.medium, eps)
    middle = population.sizes.number_mean_radius
    if middle > LARGEST / 2:
        message = (
            f"number mean radius {middle * 1e6:.3g} um, a diameter of {2e6 * middle:.3g} um: agents have 0.5 to 2 um "
            "radius; was a diameter written as the radius? Take the result as an order of magnitude"
        )
        flags += (Flag("size", message),)
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
