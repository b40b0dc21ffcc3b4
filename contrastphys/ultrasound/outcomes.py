"""Thresholds and lifetimes of an agent, each with its error: what experiments report besides spectra.

    signal_threshold   amplitude at which the bubble of mean size suddenly answers: it first grows by half
    linear_limit       amplitude at which the attenuation leaves its small-amplitude value by a tenth
    gas_half_life      time in which half of the agent's gas has left its bubbles by diffusion

The extinction of a bubble that moves nonlinearly is the power it takes from the wave, -<p dV/dt>, over the
intensity: sigma_e = 4 pi c Re S_1/(p w), S_1 the amplitude of its source strength at the drive [1]_.

.. [1] A. J. Sojahrood et al., Ultrason. Sonochem. 95, 106319 (2023), doi:10.1016/j.ultsonch.2023.106319
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formulation import Formulation
from ..provenance import Flag, Refusal, Value
from .assembly import Agent, bubbles_of
from .bubble import BODY_TEMPERATURE, Bubble, liquid
from .cavitation import inertial_threshold
from .echo import harmonics
from .population import Population
from .pulses import Pulse
from .shells import Free
from .sounding import rungs
from .stability import dissolution, species

SMALL = 2e-7  # m; below, shells are an extrapolation
UNKNOWN_SHELL = 4.0
"""Factor on a threshold at nanobubble size: Marmottant thresholds at 85 nm lie 1.6 to 8 times above the measured."""
CAVITATION = 1.3  # on a threshold by simulation, from the criterion alone
WAKING = 1.5  # R_max/R0 at which a bubble counts as awake
CYCLES = 16
CLASSES = 24
PRESSURES = np.geomspace(4e3, 1e6, 13)
LEAVING = (0.05, 0.1, 0.2)  # relative change of the attenuation that counts: low, central, high
PERMEABILITIES = {"lipid": (1.2e-6, 2.857e-5)}
"""Of a lipid shell for the fluorocarbon and for air [m/s], quoted after K. Sarkar et al., doi:10.1016/
j.ultrasmedbio.2009.04.010; known to a factor of two or three."""
PERMEABILITY_FACTOR = 3.0
MONOLAYER_TENSION = 0.025  # N/m, of a lipid shell at rest; the same paper


def _single(agent: Agent, temperature: float, **off: float) -> Bubble:
    """The bubble of mean radius."""
    cloud = agent.population(1.0, "water", temperature, **off)
    return Bubble.bare(cloud.sizes.number_mean_radius, cloud.gas, cloud.shell)


def _told(agent: Agent, number: float, unit: str, low: float, high: float, *more: Flag) -> Value:
    return Value(
        number, unit, low=low, high=high, status="computed", flags=(*agent.flags, *more),
        source=f"bubble model with the record's numbers ({agent.source})",
    )  # fmt: skip


def signal_threshold(formulation: Formulation, frequency: float = 2.25, temperature: float = BODY_TEMPERATURE) -> Value:
    """Pressure amplitude [MPa] at which the bubble of mean size first grows by half in a burst of `frequency` [MHz].

    A free bubble of 0.1 um grows at its Blake threshold at any frequency.

    Examples
    --------
    >>> from contrastphys.formulation import load
    >>> found = signal_threshold(load("nanobubble-c3f8"))
    >>> print(f"{found.number:.2f} MPa, {found.low:.2f} to {found.high:.1f}")
    0.61 MPa, 0.15 to 2.4
    """
    agent = bubbles_of(formulation, False, temperature)
    medium = liquid("water", temperature)

    def needed(**off: float) -> float:
        found = inertial_threshold.bare(
            frequency * 1e6, medium, _single(agent, temperature, **off), "growth", WAKING, 6.0
        )
        return float(found.pressure.to("MPa").magnitude)

    number = needed()
    ends = [number, *(needed(**off) for off in agent.variants() if "width" not in off)]
    small = _single(agent, temperature).radius < SMALL
    factor = UNKNOWN_SHELL if small else CAVITATION
    flags = [Flag("awake", f"amplitude at which R_max first reaches {WAKING:g} R0, mean size", "note")]
    if small:
        message = f"no shell is known at this size, and published models miss by 1.6 to 8: a factor of {factor:g}"
        flags.append(Flag("nanobubble", message))
    return _told(agent, number, "MPa", min(ends) / factor, max(ends) * factor, *flags)


def extinction(cloud: Population, pulse: Pulse, classes: int = 64, tolerance: float = 1e-6) -> float:
    """Mean extinction cross-section [m^2] of the bubbles of a population at the amplitude of a long drive.

    Examples
    --------
    >>> from contrastphys.ultrasound import Gas, Liquid, Monodisperse
    >>> one = Population.bare(Monodisperse.bare(2e-6), 1.0, Gas(), Free(), Liquid(), 1.4)
    >>> print(f"{extinction(one, Pulse('2.5 MHz', '200 Pa', 80), tolerance=1e-9) * 1e12:.0f} um^2")  # linear: 1700
    1700 um^2
    """
    radius, weight, _ = rungs(cloud, pulse.frequency, classes)
    bubble = Bubble.bare(1e-6, cloud.gas, cloud.shell, cloud.polytropic)
    source = harmonics.bare(radius, bubble, pulse, cloud.medium, (1.0,), tolerance=tolerance).amplitude[:, 0]
    taken = 4 * math.pi * cloud.medium.sound_speed * source.real / (pulse.amplitude * 2 * math.pi * pulse.frequency)
    return float(weight @ taken)


def linear_limit(formulation: Formulation, frequency: float = 3.5, temperature: float = BODY_TEMPERATURE) -> Value:
    """Pressure amplitude [MPa] at which the attenuation at `frequency` [MHz] has changed by a tenth.

    The band runs from a change of 5 % to one of 20 %, within 4 kPa to 1 MPa.

    Examples
    --------
    >>> from contrastphys.formulation import load
    >>> found = linear_limit(load("definity"))
    >>> found.low < found.number < found.high
    True
    """
    agent = bubbles_of(formulation, False, temperature)

    cloud = agent.population(1.0, "water", temperature)
    drives = [Pulse.bare(frequency * 1e6, float(p), float(CYCLES)) for p in PRESSURES]
    values = np.array([extinction(cloud, drive, CLASSES) for drive in drives])
    low, number, high = (_first(np.abs(values / values[0] - 1), share) * 1e-6 for share in LEAVING)
    message = f"a change of a tenth counts; one of 5 % comes at {low:.2g} MPa, of 20 % at {high:.2g} MPa"
    return _told(agent, number, "MPa", low, high, Flag("linear limit", message))


def _first(change: NDArray[np.float64], share: float) -> float:
    """Pressure at which a change first exceeds a share, between the pressures tried."""
    above = np.flatnonzero(change > share)
    if not above.size:
        return float(PRESSURES[-1])
    i = max(1, int(above[0]))
    part = (share - change[i - 1]) / (change[i] - change[i - 1])
    return float(PRESSURES[i - 1] * (PRESSURES[i] / PRESSURES[i - 1]) ** np.clip(part, 0, 1))


def gas_half_life(
    formulation: Formulation, temperature: float = BODY_TEMPERATURE, shell: str = "lipid", classes: int = 8
) -> Value:
    """Time [min] in which half of the gas of an agent leaves its bubbles, in liquid saturated with air.

    The time goes with one over the permeability of the shell, and its error is that of the permeability. Lungs, liver
    and spleen, which clear an agent from the blood, are not modelled.

    Examples
    --------
    >>> from contrastphys.formulation import load
    >>> found = gas_half_life(load("definity"))
    >>> found.low < found.number < found.high
    True
    """
    if shell not in PERMEABILITIES:
        known = ", ".join(PERMEABILITIES)
        raise Refusal("permeability", f"the permeability of a shell of {shell} is not known: {known}")
    agent = bubbles_of(formulation, False, temperature)
    sizes = agent.population(1.0, "water", temperature).sizes
    radius, share = sizes.classes(classes)
    held = share * radius**3 > 1e-4 * np.max(share * radius**3)
    radius, share = radius[held], (share * radius**3)[held] / np.sum((share * radius**3)[held])

    own, air = PERMEABILITIES[shell]
    gases = [species(agent.gas, 0.0, 1.0, own), species("air", 1.0, 0.0, air)]
    times = np.geomspace(1e-1, 1e6, 400)
    left = np.zeros(times.size)
    for r, s in zip(radius, share, strict=True):
        found = dissolution.bare(
            float(r), gases, Free.bare(MONOLAYER_TENSION), 1e6, temperature=temperature, accuracy=1e-3
        )
        left += s * np.interp(times, found.seconds, found.amounts[:, 0] / found.amounts[0, 0], right=0.0)
    number = float(np.interp(-0.5, -left, times)) / 60
    note = Flag("clearance", "diffusion alone: lungs, liver and spleen, which clear an agent, are not modelled")
    return _told(agent, number, "min", number / PERMEABILITY_FACTOR, number * PERMEABILITY_FACTOR, note)


def lifetime(diameter: float, tension: float, own: str = "C3F8", temperature: float = 298.15) -> Any:
    """Lifetime [s] of one lipid-coated bubble of a diameter [um] and a constant tension [N/m] in air-saturated water.

    Examples
    --------
    >>> round(lifetime(2.5, 0.025) / 60)  # 42 min by K. Sarkar et al. (2009)
    42
    """
    first, air = PERMEABILITIES["lipid"]
    gases = [species(own, 0.0, 1.0, first), species("air", 1.0, 0.0, air)]
    found = dissolution.bare(diameter * 0.5e-6, gases, Free.bare(tension), 1e5, temperature=temperature)
    return float(found.seconds[-1])
