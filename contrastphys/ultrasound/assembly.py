"""From a record to a population: shell law, sizes, and the ranges within which both may lie.

Commercial agents are not log-normal and not published as such; a spread that is not stated is taken from number
mean, count and gas volume, or assumed, and the answer says which.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .. import records
from ..constants import ATMOSPHERE, GAS_CONSTANT
from ..formulation import Formulation, load
from ..parts import BubbleShell, GasCore, number_median
from ..provenance import Flag, Refusal, Value
from ..remembering import of_last
from ..units import magnitude
from .bubble import BODY_TEMPERATURE, gas, liquid
from .coats import Shell
from .population import Population
from .shells import ChatterjeeSarkar, Church, DeJong, Free, Gompertz, Marmottant
from .sizes import LogNormal

ASSUMED_WIDTH = 0.4  # sigma of ln R where a record states none: common for agents that are not sorted
ASSUMED_RANGE = 1.25  # factor of chi and width either way where a record states no range
ASSUMED_FRICTION_RANGE = 2.0  # the same for kappa_s, whose conventions alone differ by a third


def shell_of(record: BubbleShell | None, chi: float = 1.0, friction: float = 1.0) -> Shell:
    """Shell law of a record; `chi` and `friction` scale its stiffness and its friction."""
    if record is None or record.law == "free":
        return Free.bare()

    def of(key: str, default: float = 0.0) -> float:
        value = getattr(record, key)
        return default if value is None else value.number

    if record.law == "church":
        return Church.bare(of("G_s") * 1e6 * chi, of("d_s") * 1e-9, of("mu_s") * friction, of("sigma0", 0.04))
    if record.law == "dejong":
        return DeJong.bare(of("S_p") * chi, of("S_f") * friction, of("sigma0", 0.072))
    if record.law == "chatterjee-sarkar":
        return ChatterjeeSarkar.bare(of("E_s") * chi, of("kappa_s") * friction, of("gamma0"), of("alpha"))
    if record.law == "gompertz":
        return Gompertz.bare(of("chi") * chi, of("kappa_s") * friction, of("sigma0", 0.01))
    return Marmottant.bare(of("chi") * chi, of("kappa_s") * friction, of("sigma0"), break_up=of("sigma_breakup"))


def sizes_of(core: GasCore | Any, width: float = 1.0) -> tuple[LogNormal, tuple[Flag, ...]]:
    """Assumed log-normal radii of a record, and what was assumed; `width` scales the spread.

    The spread is the stated one; else what number mean, count and gas volume imply; else a common value.
    """
    flags: list[Flag] = []
    stated = core.sigma_ln.source != "default" or core.sigma_ln.number > 0
    volume, count = getattr(core, "gas_volume", None), getattr(core, "concentration", None)
    diameter = core.diameter.number * 1e-6
    if stated:
        sigma = core.sigma_ln.number
        median = core.median_diameter * 1e-6
    elif volume is not None and count is not None and core.statistic == "number-mean":
        mean = (6 / math.pi * volume.number * 1e-9 / count.number) ** (1 / 3)
        sigma = math.sqrt(math.log(mean / diameter)) if mean > diameter else 0.0
        flags.append(Flag("width", f"spread of sizes {sigma:.2f} from number mean, count and gas volume", "note"))
        if not 0 < sigma < 0.9:
            flags[-1] = Flag(
                "width",
                f"number mean {diameter * 1e6:.3g} um and mean volume (diameter {mean * 1e6:.3g} um) make no "
                f"plausible spread; {ASSUMED_WIDTH} is assumed. Radius and diameter, or two statistics, mixed up?",
            )
            sigma = ASSUMED_WIDTH
        median = diameter * math.exp(-(sigma**2) / 2)
    else:
        sigma = ASSUMED_WIDTH
        flags.append(Flag("width", f"no spread of sizes is known: {ASSUMED_WIDTH} assumed", "warn"))
        median = number_median(diameter, core.statistic, sigma)
    mean = median * math.exp(sigma**2 / 2)
    sigma *= width
    flags.append(Flag("assumed population", "log-normal sizes assumed, not this agent's measured ones", "note"))
    return LogNormal.bare(mean / 2 * math.exp(-(sigma**2) / 2), sigma), tuple(flags)


@dataclass(frozen=True)
class Agent:
    """A population without its number, and how far its parameters may be off."""

    gas: str
    shell: BubbleShell | None
    core: Any
    expansion: float = 1.0  # bubble over droplet diameter
    flags: tuple[Flag, ...] = ()
    source: str = ""
    status: str = "assumed"

    def population(self, concentration: float, medium: str, temperature: float, **off: float) -> Population:
        """Population at a number per m^3; `off` scales chi, friction, width or size."""
        asked = (concentration, medium, temperature, *off.items())
        if asked not in self._made:
            sizes, _ = sizes_of(self.core, off.get("width", 1.0))
            sizes = LogNormal.bare(sizes.median * self.expansion * off.get("size", 1.0), sizes.sigma_ln)
            shell = shell_of(self.shell, off.get("chi", 1.0), off.get("friction", 1.0))
            if "rest" in off:
                shell = shell.changed(sigma0=off["rest"])
            inside, host = gas(self.gas, temperature), liquid(medium, temperature)
            self._made[asked] = Population.bare(sizes, concentration, inside, shell, host)
        return self._made[asked]

    @functools.cached_property
    def _made(self) -> dict[tuple[Any, ...], Population]:
        """Populations it was asked for: every number rests on the same few."""
        return {}

    def variants(self) -> Iterator[dict[str, float]]:
        """One parameter at a time at either end of its range."""

        def ends(value: Value | None, factor: float) -> tuple[float, float]:
            if value is not None and value.number > 0:
                low, high = value.bounds()
                if low < high:
                    return max(low, 1e-3 * value.number) / value.number, high / value.number
            return 1 / factor, factor

        if self.shell is not None and self.shell.law != "free":
            stiff = next((getattr(self.shell, k) for k in ("chi", "G_s", "S_p", "E_s") if getattr(self.shell, k)), None)
            loss = next((getattr(self.shell, k) for k in ("kappa_s", "mu_s", "S_f") if getattr(self.shell, k)), None)
            for end in ends(stiff, ASSUMED_RANGE):
                yield {"chi": end}
            for end in ends(loss, ASSUMED_FRICTION_RANGE):
                yield {"friction": end}
            if self.shell.sigma0 is not None and self.shell.law in ("marmottant", "gompertz"):
                low, high = self.shell.sigma0.bounds()
                if low < high:
                    yield {"rest": max(low, 1e-4)}
                    yield {"rest": high}
        for end in ends(self.core.sigma_ln if self.core.sigma_ln.number else None, ASSUMED_RANGE):
            yield {"width": end}
        if len(set(self.core.diameter.bounds())) == 2:
            for end in ends(self.core.diameter, 1.0):
                yield {"size": end}


@of_last
def bubbles_of(formulation: Formulation, vaporised: bool = False, temperature: float = BODY_TEMPERATURE) -> Agent:
    """The bubbles of a formulation, or a Refusal that says why there are none."""
    if formulation.gas is not None:
        core = formulation.gas
        flags = sizes_of(core)[1] + formulation.flags()
        if core.shell is None:
            flags += (Flag("no-shell", "no shell parameters are known: the bubbles are taken as free", "warn"),)
        worst = _standing(core)
        return Agent(core.species, core.shell, core, 1.0, flags, formulation.source, worst)
    if formulation.liquid is None:
        raise Refusal("no-gas", f"{formulation.id} holds neither gas nor a liquid that becomes gas")
    drop = formulation.liquid
    record = records.gas(drop.species)
    boiling = record.boiling_temperature
    if not vaporised:
        raise Refusal(
            "liquid",
            f"{formulation.id} is a liquid drop, no resonant bubble: state vaporised = true in the protocol to "
            "see the bubble it would become",
        )
    if boiling is None or record.liquid_density is None or record.molar_mass is None:
        raise Refusal("no-liquid-data", f"boiling point or density of {drop.species} is not in the catalogue")
    if boiling.number > temperature:
        raise Refusal(
            "not-superheated",
            f"{record.label or drop.species} boils at {boiling.number - 273.15:.0f} degC and is not superheated at "
            f"{temperature - 273.15:.0f} degC: a bubble made of it collapses again",
        )
    expansion = (
        record.liquid_density.number * GAS_CONSTANT * temperature / (record.molar_mass.number * 1e-3 * ATMOSPHERE)
    ) ** (1 / 3)
    flags = (
        Flag("vaporised", f"assumes that every droplet became a bubble {expansion:.1f} times its diameter"),
        *sizes_of(drop)[1],
    )
    return Agent(drop.species, None, drop, expansion, flags, formulation.source, "assumed")


def _standing(core: GasCore) -> str:
    """The weakest status of the numbers an answer rests on."""
    order = ("verified", "user", "second-hand", "computed", "fitted", "unverified", "assumed")
    values = [core.diameter, core.sigma_ln]
    if core.shell is not None:
        values += [getattr(core.shell, k) for k in ("chi", "kappa_s", "sigma0", "G_s", "S_p", "S_f", "E_s")]
    found = [v.status for v in values if v is not None and v.status in order and v.source != "default"]
    return max(found, key=order.index, default="assumed")


def population_of(
    agent: Formulation | str, concentration: Any, medium: str = "blood", temperature: Any = BODY_TEMPERATURE
) -> Population:
    """Population of a bubble agent of the catalogue, or of a formulation, at a concentration.

    Parameters
    ----------
    agent : Formulation or str
        A formulation with gas, or the id of one.
    concentration : quantity
        Bubbles per volume.
    medium : str
        Liquid of the catalogue.
    temperature : quantity
        37 degC if left out.

    Returns
    -------
    Population

    Examples
    --------
    >>> cloud = population_of("optison", "1e5 1/mL", "water")
    >>> print(f"{cloud.bulk('3 MHz').attenuation.magnitude:.1f} dB/cm")
    4.2 dB/cm
    """
    made = bubbles_of(load(agent))
    kelvin = temperature if isinstance(temperature, float) else magnitude(temperature, "K", "temperature")
    return made.population(magnitude(concentration, "1/m^3", "concentration"), medium, float(kelvin))
