"""What vibrates in what: gas, liquid and the bubble made of them.

All attributes are plain numbers in SI units (radius in metres, pressure in pascal); the constructors take
quantities. Named gases and liquids come from the catalogue: `gas("C3F8")`, `liquid("blood")`.
"""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..constants import ATMOSPHERE
from ..units import RangeWarning, magnitude
from ._parameters import Record, parameter, takes_quantities
from .coats import Shell
from .shells import Free

BODY_TEMPERATURE = 310.15  # K
LARGEST = 6e-6
"""Bubbles that pass the lung are hardly larger in radius [m]: beyond it a radius may be a diameter."""


@takes_quantities
@dataclass(frozen=True)
class Gas(Record):
    """Gas of a bubble, with what its heat exchange depends on; `name` is for tables.

    Examples
    --------
    >>> air = Gas("air", "1.40", "0.0262 W/m/K", "1007 J/kg/K", "0.02896 kg/mol")
    >>> air.adiabatic
    1.4
    """

    name: str = "air"
    adiabatic: float = parameter("1", 1.0, 5 / 3, "ratio of heat capacities gamma", 1.40)
    conductivity: float = parameter("W/(m*K)", 1e-3, 1.0, "thermal conductivity", 0.0262)
    heat_capacity: float = parameter("J/(kg*K)", 100, 2e4, "heat capacity at constant pressure", 1007.0)
    molar_mass: float = parameter("kg/mol", 1e-3, 1.0, "molar mass", 0.02896)
    known_at: float | None = parameter("K", 200, 600, "temperature the properties belong to, if known", None)


@takes_quantities
@dataclass(frozen=True)
class Liquid(Record):
    """Liquid or soft tissue around a bubble; `name` is for tables.

    Attenuation is attenuation_1mhz f^attenuation_power, backscatter is backscatter_1mhz f^backscatter_power,
    f in MHz; both are zero where the catalogue knows none.

    Examples
    --------
    >>> Liquid("water", density="998 kg/m^3", viscosity="1 mPa*s").density
    998.0
    """

    name: str = "water"
    density: float = parameter("kg/m^3", 500, 2500, "density", 998.0)
    sound_speed: float = parameter("m/s", 300, 4500, "speed of sound", 1482.0)
    viscosity: float = parameter("Pa*s", 0, 10.0, "shear viscosity", 1e-3)
    pressure: float = parameter("Pa", 1e3, 1e8, "ambient pressure", ATMOSPHERE)
    temperature: float = parameter("K", 263.15, 393.15, "temperature", BODY_TEMPERATURE)
    shear_modulus: float = parameter("Pa", 0, 1e6, "shear modulus of a viscoelastic medium", 0.0)
    attenuation_1mhz: float = parameter("dB/m", 0, 5000, "attenuation at 1 MHz, amplitude", 0.0)
    attenuation_power: float = parameter("1", 0, 3, "power of the frequency in attenuation", 1.0)
    backscatter_1mhz: float = parameter("1/m", 0, 100, "backscatter coefficient at 1 MHz, per sr", 0.0)
    backscatter_power: float = parameter("1", 0, 5, "power of the frequency in backscatter", 1.0)
    nonlinearity: float = parameter("1", 0, 20, "parameter of nonlinearity B/A", 0.0)


@takes_quantities
@dataclass(frozen=True)
class Bubble(Record):
    """One bubble: rest radius, gas and shell.

    Notes
    -----
    `polytropic` fixes the polytropic exponent; left out, it follows from the heat exchange of the gas at
    each frequency. The size is a radius: a diameter put in its place moves the resonance by a factor of two
    and the scattering off resonance by 64.

    Examples
    --------
    >>> from contrastphys.ultrasound.shells import Marmottant
    >>> bubble = Bubble("1.5 um", Gas(), Marmottant(chi="0.5 N/m", sigma0="0.02 N/m"))
    >>> round(bubble.radius * 1e6, 3)
    1.5
    """

    radius: float = parameter("m", 1e-8, 2e-4, "rest radius (a radius, not a diameter)")
    gas: Any = field(default_factory=Gas)
    shell: Shell = field(default_factory=Free.bare)
    polytropic: float | None = parameter("1", 1.0, 5 / 3, "fixed polytropic exponent", None)

    def __post_init__(self) -> None:
        if isinstance(self.gas, str):
            object.__setattr__(self, "gas", gas(self.gas))
        if not hasattr(self.gas, "molar_mass") or not hasattr(self.shell, "rest_tension"):
            found = f"{type(self.gas).__name__} and {type(self.shell).__name__}"
            raise TypeError(
                f"a bubble takes a gas and a shell, not {found}: write Bubble('1.5 um', gas='SF6', shell=Marmottant())"
            )
        if self.polytropic is not None and not 1 <= self.polytropic <= 5 / 3:
            raise ValueError(f"polytropic is {self.polytropic:g}: it lies between 1 and 5/3")
        if self.radius > LARGEST:
            warnings.warn(
                f"radius {self.radius * 1e6:g} um: no agent that passes the lung is larger than about "
                "10 um in diameter; was a diameter, or another unit, written as the radius? Take the result "
                "as an order of magnitude",
                RangeWarning,
                stacklevel=4,
            )


def gas(name: str, temperature: float = BODY_TEMPERATURE) -> Gas:
    """Gas of the catalogue; its properties are those near 37 degC, whatever is asked (2-4 % off at 25 degC)."""
    from .. import records
    from ..provenance import Refusal

    record = records.gas(name)
    needed = ("adiabatic_exponent", "conductivity", "heat_capacity", "molar_mass")
    found = {key: getattr(record, key) for key in needed}
    missing = [key for key, value in found.items() if value is None]
    if missing:
        raise Refusal(
            "no-gas-data",
            f"{name} has no {' and '.join(missing)} in the catalogue: it is no gas of bubbles",
        )
    adiabatic, conductivity, heat_capacity, molar_mass = (value.number for value in found.values())
    return Gas.bare(name, adiabatic, conductivity, heat_capacity, molar_mass * 1e-3, BODY_TEMPERATURE)


def liquid_of(medium: Liquid | str) -> Liquid:
    """The liquid itself, or the one of that name in the catalogue at 37 degC."""
    return medium if isinstance(medium, Liquid) else liquid(medium)


_PROPERTIES = {
    "density": "kg/m^3",
    "sound_speed": "m/s",
    "viscosity": "Pa*s",
    "surface_tension": "N/m",
    "attenuation_1mhz": "dB/m",
    "attenuation_power": "1",
    "backscatter_1mhz": "1/m",
    "backscatter_power": "1",
    "nonlinearity": "1",
}


@functools.lru_cache(maxsize=256)
def acoustic(name: str, temperature: float = BODY_TEMPERATURE) -> dict[str, float]:
    """Acoustic properties of a medium of the catalogue in SI units; only those that are known.

    Water is interpolated between its temperatures and refused outside them; tissue is known at 37 degC only.
    """
    from .. import records
    from ..provenance import Refusal

    rows = records.table("media/acoustic.csv").rows()
    known = sorted({row["medium"] for row in rows})
    if name not in known:
        raise Refusal("no-medium", f"no acoustic properties of '{name[:60]}': known are {', '.join(known)}")
    found: dict[str, float] = {}
    for key, unit in _PROPERTIES.items():
        points = sorted(
            (row["temperature"], magnitude(f"{row['value']:.12g} {row['unit']}", unit))
            for row in rows
            if row["medium"] == name and row["quantity"] == key
        )
        if len(points) > 1 and not points[0][0] <= temperature <= points[-1][0]:
            raise Refusal(
                "temperature",
                f"{name} is tabulated from {points[0][0]:g} to {points[-1][0]:g} K, not at {temperature:g} K",
            )
        if points:
            at, value = zip(*points, strict=True)
            found[key] = float(np.interp(temperature, at, value))
    return found


def liquid(name: str, temperature: float = BODY_TEMPERATURE) -> Liquid:
    """Liquid of the catalogue at a temperature [K]; refused where its viscosity is not known."""
    from ..provenance import Refusal

    known = dict(acoustic(name, float(temperature)))
    known.pop("surface_tension", None)
    if "viscosity" not in known:
        raise Refusal(
            "no-medium",
            f"the viscosity of {name} is not known: a bubble vibrates in water or blood, or give a Liquid",
        )
    return Liquid.bare(name=name, temperature=temperature, **known)
