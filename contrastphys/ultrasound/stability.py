"""How long a bubble lives: dissolution of its gases through the shell into the liquid.

    dn_i/dt = -4 pi R^2 k_i L_i (p_i - f_i p0)/(R_g T),   1/k_i = R/D_i + 1/h_i                         [1]_, [2]_
    p0 + 2 sigma(R)/R = Sum n_i R_g T/V

L is the Ostwald coefficient (a ratio of concentrations, not Henry's constant), f the saturation of the liquid
with that gas against the ambient pressure, h the permeability of the shell for the concentration in the
water: the resistance of the shell is 1/h, not L/h. A perfluorocarbon bubble in water that holds air first takes up
air and grows, then dissolves: two gases are the rule.

.. [1] P. S. Epstein, M. S. Plesset, J. Chem. Phys. 18, 1505 (1950), doi:10.1063/1.1747520
.. [2] K. Sarkar, A. Katiyar, P. Jain, Ultrasound Med. Biol. 35, 1385 (2009)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import records
from ..constants import ATMOSPHERE, GAS_CONSTANT
from ..provenance import Refusal
from ..showing import shows
from ..units import Flag, Q, quantities
from ._parameters import Record, parameter, takes_quantities
from .bubble import BODY_TEMPERATURE
from .coats import Shell
from .shells import Free

Array = NDArray[np.float64]

MOST_STEPS = 400_000


@takes_quantities
@dataclass(frozen=True)
class Species(Record):
    """One gas of a dissolving bubble: how it dissolves, passes the shell, and how much is in the liquid.

    The `name` is free text, for tables.

    Examples
    --------
    >>> air = Species("air", "0.02", "2e-9 m^2/s", saturation=1.0, share=0.0)
    >>> air.permeability == math.inf
    True
    """

    name: str = "gas"
    ostwald: float = parameter("1", 1e-6, 5.0, "Ostwald coefficient", 0.02)
    diffusivity: float = parameter("m^2/s", 1e-11, 1e-8, "diffusivity in the liquid", 2e-9)
    saturation: float = parameter("1", 0, 5, "partial pressure in the liquid over the ambient pressure", 0.0)
    share: float = parameter("1", 0, 1, "share of the bubble's gas at the start", 1.0)
    shell_permeability: float | None = parameter("m/s", 0, 1.0, "permeability of the shell; none: no shell", None)

    @property
    def permeability(self) -> float:
        """Permeability of the shell [m/s]; infinite without a shell."""
        return math.inf if self.shell_permeability is None else self.shell_permeability


def species(name: str, saturation: float = 0.0, share: float = 1.0, permeability: float | None = None) -> Species:
    """A gas of the catalogue; `permeability` of the shell in m/s.

    Examples
    --------
    >>> species("C3F8").ostwald
    0.00052
    """
    record = records.gas(name)
    if record.ostwald is None or record.diffusivity is None:
        raise Refusal("no-gas-data", f"solubility or diffusivity of {name} is not in the catalogue")
    return Species.bare(name, record.ostwald.number, record.diffusivity.number, saturation, share, permeability)


@shows("Dissolution of a bubble", "lifetime", "growth", "dissolved", "time", "radius", "names")
@dataclass(frozen=True)
class Dissolution:
    """Radius of a dissolving bubble against time."""

    seconds: Array = field(repr=False)
    metres: Array = field(repr=False)
    amounts: Array = field(repr=False)  # times x gases, relative to all gas at the start
    names: tuple[str, ...] = ()
    dissolved: bool = True
    flags: tuple[Flag, ...] = ()

    @property
    def time(self) -> Any:
        """Times, as a quantity."""
        return Q(self.seconds, "s")

    @property
    def radius(self) -> Any:
        """Radius at these times, as a quantity."""
        return Q(self.metres, "m")

    @property
    def lifetime(self) -> Any:
        """Time until the bubble is gone; None where it outlives the time asked for."""
        return Q(float(self.seconds[-1]), "s") if self.dissolved else None

    @property
    def growth(self) -> float:
        """Largest radius over the one at the start."""
        return float(np.max(self.metres) / self.metres[0])

    def plot(self, ax: Any = None) -> Any:
        """Radius against time; returns the matplotlib Axes."""
        from ..plots.results import dissolution

        return dissolution(self, ax)


def _radius(total: float, guess: float, rest: float, shell: Shell, pressure: float, thermal: float) -> float:
    """Radius that balances the gas: p0 + 2 sigma(R)/R = n R_g T/V, by Newton from a near guess."""
    r = guess
    for _ in range(60):
        tension = float(shell.tension(r, rest))
        volume = 4 / 3 * math.pi * r**3
        slope = (float(shell.tension(r * (1 + 1e-6), rest)) - tension) / (r * 1e-6)
        value = pressure * volume + 8 / 3 * math.pi * r**2 * tension - total * thermal
        rate = 4 * math.pi * r**2 * pressure + 16 / 3 * math.pi * r * tension + 8 / 3 * math.pi * r**2 * slope
        step = value / rate
        r = max(r - step, 0.3 * r)
        if abs(step) < 1e-13 * r:
            break
    return r


@quantities(
    None,
    radius=("m", 2e-8, 1e-4, "radius at the start"),
    longest=("s", 1e-6, 1e7, "time after which the calculation ends"),
    pressure=("Pa", 1e3, 1e7, "ambient pressure"),
    temperature=("K", 273.15, 333.15, "temperature"),
)
def dissolution(
    radius: Any,
    gases: tuple[Species, ...] | list[Species],
    shell: Shell | None = None,
    longest: Any = 3600.0,
    pressure: Any = ATMOSPHERE,
    temperature: Any = BODY_TEMPERATURE,
    until: float = 0.01,
    accuracy: float = 1e-5,
) -> Dissolution:
    """Dissolution of a bubble of one or several gases, with or without a shell.

    dn_i/dt = -4 pi R^2 k_i L_i (p_i - f_i p0)/(R_g T), 1/k_i = R/D_i + 1/h_i; R from the balance of pressure.

    Other Parameters
    ----------------
    gases : sequence of Species
        Shares at the start must sum to 1; gases of the liquid that are not in the bubble have share 0.
    shell : Shell, optional
        Gives the tension; left out, that of clean water.
    until : float
        Radius over the first at which the bubble counts as gone.
    accuracy : float
        Relative error of the gas amounts in one step.

    Returns
    -------
    Dissolution

    Notes
    -----
    Quasi-static diffusion layer, ideal gas, still liquid, constant permeability. Permeabilities of shells are
    known to a factor of two or three only, and so is the lifetime.

    References
    ----------
    P. S. Epstein, M. S. Plesset, J. Chem. Phys. 18, 1505 (1950), doi:10.1063/1.1747520

    Examples
    --------
    >>> air = Species("air", "0.02", "2e-9 m^2/s", saturation=1.0)
    >>> print(f"{dissolution('1 um', [air], temperature='298.15 K').lifetime.to('ms'):.1f~P}")
    14.2 ms
    """
    law = Free.bare() if shell is None else shell
    shares = np.array([g.share for g in gases], float)
    if not len(gases) or abs(shares.sum() - 1) > 1e-6:
        raise ValueError(f"the shares of the gases sum to {shares.sum():g}: they must sum to 1")
    if not 0 < until < 1:
        raise ValueError(f"until is {until:g}: take a share of the first radius between 0 and 1")
    thermal = GAS_CONSTANT * temperature
    ostwald, diffusivity = (np.array([getattr(g, k) for g in gases]) for k in ("ostwald", "diffusivity"))
    outside = np.array([g.saturation for g in gases]) * pressure
    resistance = np.array([0.0 if math.isinf(g.permeability) else _inverse(g.permeability) for g in gases])
    rest = float(radius)
    volume = 4 / 3 * math.pi * rest**3
    total = (pressure + 2 * float(law.rest_tension(rest)) / rest) * volume / thermal
    present = shares * total

    def rates(n: Array, r: float) -> tuple[Array, float]:
        r = _radius(float(n.sum()), r, rest, law, pressure, thermal)
        partial = n * thermal / (4 / 3 * math.pi * r**3)
        with np.errstate(divide="ignore"):
            k = 1 / (r / diffusivity + resistance)
        return -4 * math.pi * r**2 * k * ostwald * (partial - outside) / thermal, r

    times, radii, amounts = [0.0], [rest], [present / total]
    t, r, n = 0.0, rest, present
    flow, r = rates(n, r)
    h = 1e-6 * total / max(float(np.max(np.abs(flow))), 1e-300)
    h = min(h, longest)
    dissolved = False
    for _ in range(MOST_STEPS):
        if t >= longest:
            break
        h = min(h, longest - t)
        # Bogacki-Shampine 3(2): smooth, a few hundred steps
        k2, r2 = rates(n + 0.5 * h * flow, r)
        k3, r3 = rates(n + 0.75 * h * k2, r2)
        new = n + h * (2 * flow + 3 * k2 + 4 * k3) / 9
        if new.sum() <= 0:
            h *= 0.3
            continue
        k4, r4 = rates(new, r3)
        off = h * (-5 * flow / 72 + k2 / 12 + k3 / 9 - k4 / 8)
        error = float(np.max(np.abs(off))) / (accuracy * float(new.sum()))
        if error > 1 or r4 < 0.5 * r:
            h *= max(0.2, 0.9 * error ** (-1 / 3)) if error > 1 else 0.5
            continue
        t, n, r, flow = t + h, new, r4, k4
        times.append(t)
        radii.append(r)
        amounts.append(n / total)
        if r <= until * rest:
            dissolved = True
            break
        h *= min(4.0, 0.9 * max(error, 1e-6) ** (-1 / 3))
    else:
        raise Refusal("budget", f"the dissolution did not end within {MOST_STEPS} steps")
    flags: list[Flag] = []
    if any(not math.isinf(g.permeability) for g in gases):
        flags.append(Flag("permeability", "permeability of the shell known to a factor of 2 to 3: so is the lifetime"))
    if max(radii) > 1.01 * rest:
        flags.append(
            Flag("growth", f"takes up gas and grows to {max(radii) / rest:.2f} R0 before it dissolves", "note")
        )
    if not dissolved:
        flags.append(Flag("alive", f"still {radii[-1] / rest:.2f} R0 when the time asked for ends", "note"))
    return Dissolution(
        np.array(times), np.array(radii), np.array(amounts), tuple(g.name for g in gases), dissolved, tuple(flags)
    )


def _inverse(permeability: float) -> float:
    return 1 / permeability if permeability > 0 else math.inf


def tensionless_lifetime(
    radius: float, ostwald: float, diffusivity: float, saturation: float, permeability: float = math.inf
) -> float:
    """Exact lifetime of one gas without surface tension [s]: t = [R0^2/(2 D) + R0/h]/(L (1 - f)).

    Examples
    --------
    >>> round(tensionless_lifetime(1e-6, 5.2e-4, 7.45e-10, 0.0), 3)
    1.291
    """
    if saturation >= 1:
        raise Refusal("saturated", "a bubble without tension does not dissolve in a saturated liquid")
    return (radius**2 / (2 * diffusivity) + radius / permeability) / (ostwald * (1 - saturation))
