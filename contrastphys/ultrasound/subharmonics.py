"""Subharmonic echo against pressure and rest tension, for more than one shell law: a map, never one threshold.

The literature does not agree: lipid bubbles emit f/2 below 30 kPa (arXiv:2102.12532); the threshold depends on
the model and is large without an upper limit on the tension (A. Katiyar, K. Sarkar, J. Acoust. Soc. Am. 130, 3137
(2011), doi:10.1121/1.3641455); emission vanishes and returns as the pressure rises (PMC7803687).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..provenance import Refusal
from ..showing import shows
from ..units import Flag, Q, quantities
from .bubble import Bubble, Liquid, liquid_of
from .dynamics import SUBHARMONIC_CYCLES
from .echo import harmonics
from .pulses import Pulse
from .shells import Gompertz, Marmottant

LAWS: dict[str, type[Marmottant] | type[Gompertz]] = {"marmottant": Marmottant, "gompertz": Gompertz}
ONSET = -30.0  # dB; the echo at f/2 against that at f


@shows("Echo at half the drive, dB against the drive", "pressure", "tension", "laws", "level")
@dataclass(frozen=True)
class SubharmonicMap:
    """Level of the echo at f/2 against that at f [dB], laws x rest tensions x pressures."""

    pressure: Any  # quantity
    tension: Any  # quantity
    laws: tuple[str, ...]
    level: NDArray[np.float64] = field(repr=False)
    flags: tuple[Flag, ...] = ()

    def emitting(self, law: str, onset: float = ONSET) -> NDArray[np.bool_]:
        """Where one law emits at f/2 above a level [dB], rest tensions x pressures."""
        return self.level[self.laws.index(law)] > onset

    def plot(self, ax: Any = None) -> Any:
        """Level at half the drive over pressure and tension; returns the first matplotlib Axes."""
        from ..plots.results import subharmonics

        return subharmonics(self, ax)


@quantities(
    None,
    radius=("m", 1e-7, 1e-5, "rest radius"),
    frequency=("Hz", 1e5, 5e7, "drive frequency"),
    pressure=("Pa", 1, 2e6, "pressure amplitudes"),
    tension=("N/m", 1e-6, 0.08, "tensions at rest"),
)
def subharmonic_map(
    radius: Any,
    frequency: Any,
    pressure: Any,
    tension: Any,
    shell: Marmottant | Gompertz,
    gas: Any,
    medium: Liquid | str = "water",
    laws: tuple[str, ...] = ("marmottant", "gompertz"),
    cycles: int = 60,
    polytropic: float | None = None,
    tolerance: float = 1e-6,
) -> SubharmonicMap:
    """Subharmonic level of one bubble over pressures, rest tensions and shell laws.

    20 log10(|S(f/2)|/|S(f)|) of the source strength over the second half of a long drive.

    Other Parameters
    ----------------
    shell : Marmottant or Gompertz
        Elasticity and friction; its rest tension is replaced by those of the map.
    gas : Gas or str
    medium : Liquid or str
    laws : tuple of {"marmottant", "gompertz"}
        At least two laws make a statement; one alone is flagged.
    cycles : int
        At least 40.
    polytropic : float, optional
    tolerance : float
        The subharmonic converges slower than the harmonics: 1e-6 leaves about 1 %.

    Returns
    -------
    SubharmonicMap

    Notes
    -----
    Constant drive from rest. The onset is not monotone in the pressure, and differs between laws by more than
    any numerical error.

    References
    ----------
    A. Katiyar, K. Sarkar, J. Acoust. Soc. Am. 130, 3137 (2011), doi:10.1121/1.3641455

    Examples
    --------
    >>> from contrastphys.ultrasound import Gas, Liquid, Marmottant
    >>> shell = Marmottant("0.5 N/m", "2e-9 kg/s", "0.01 N/m")
    >>> found = subharmonic_map("2 um", "5.6 MHz", ["50 kPa", "120 kPa"], ["10 mN/m"], shell, Gas(),
    ...                         Liquid(sound_speed="1500 m/s"), polytropic=1.07)
    >>> found.emitting("marmottant")[0].tolist()
    [True, False]
    """
    if cycles < SUBHARMONIC_CYCLES:
        raise Refusal(
            "subharmonic",
            f"a subharmonic from {cycles} cycles is a transient: drive at least {SUBHARMONIC_CYCLES} cycles",
        )
    unknown = [law for law in laws if law not in LAWS]
    if unknown or not laws:
        raise ValueError(f"laws are {' and '.join(LAWS)}, not {', '.join(unknown) or 'none'}")
    pressures, tensions = np.atleast_1d(pressure), np.atleast_1d(tension)
    liquid = liquid_of(medium)
    level = np.empty((len(laws), tensions.size, pressures.size))
    for i, law in enumerate(laws):
        for j, rest in enumerate(tensions):
            coat = LAWS[law].bare(shell.chi, shell.kappa_s, float(rest), shell.sigma_w)
            bubble = Bubble.bare(float(radius), gas, coat, polytropic)
            for k, amplitude in enumerate(pressures):
                drive = Pulse.bare(float(frequency), float(amplitude), float(cycles))
                found = harmonics.bare(
                    [float(radius)], bubble, drive, liquid, (0.5, 1.0), tolerance=tolerance, workers=1
                ).amplitude[0]
                level[i, j, k] = 20 * math.log10(max(abs(found[0]) / abs(found[1]), 1e-12))
    flags = [Flag("subharmonic", "read the map, not one threshold: the onset is not monotone and the laws differ")]
    if len(laws) < 2:
        flags.append(Flag("one law", "one shell law alone: another may emit where this one does not"))
    return SubharmonicMap(Q(pressures, "Pa"), Q(tensions, "N/m"), tuple(laws), level, tuple(flags))
