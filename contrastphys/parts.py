"""The parts a formulation is made of: cores, shells, payloads, molecules, gas, measurements, amounts.

Each is a small record with the unit and range of every number; what it means for a modality is decided there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import chemistry
from .provenance import Value
from .schema import choice, nested, number, reference, settle, text
from .showing import shows

# Mean of a log-normal number distribution as median * exp(k sigma^2). The volume mean is the diameter of the
# mean volume, (<d^3>)^(1/3); the z-average is the usual approximation for dynamic light scattering.
STATISTICS = {
    "number-median": 0.0,
    "number-mean": 0.5,
    "volume-mean": 1.5,
    "volume-median": 3.0,
    "z-average": 5.5,
}

_CONCENTRATION = "mmol/L | mg/mL | 1/mL | 1"
_DOSE = "mmol/kg | mg/kg | mL/kg | 1/kg | mmol | mg | mL"
_MEASURED = "1/(mM*s) | HU*mL/mg | HU/mM | 1/(M*cm) | nm | A/m | A*m^2/kg | dB/cm | MHz | MPa | 1/cm | cm^2 | 1/mL | 1"


def number_median(diameter: float, statistic: str, sigma_ln: float) -> float:
    """Number median of a log-normal size spread from any of its means.

    Examples
    --------
    >>> round(number_median(10.0, "volume-mean", 0.2), 3)
    9.418
    """
    return diameter * math.exp(-STATISTICS[statistic] * sigma_ln**2)


@shows("Core", line="written")
@dataclass(frozen=True, kw_only=True)
class Core:
    """A solid core; `per_particle` of them in one particle."""

    material: str = reference("cores", meaning="record in cores/")
    shape: str = choice("sphere", "rod", "shell", "cluster", default="sphere")
    diameter: Value = number("nm", 0.3, 5000, meaning="diameter; width of a rod")
    length: Value | None = number("nm", 0.5, 20000, default=None, meaning="of a rod")
    sigma_ln: Value = number("1", 0, 1.5, default=0.0, meaning="width of the log-normal size spread")
    statistic: str = choice(*STATISTICS, default="number-median", meaning="what the diameter is")
    per_particle: Value = number("1", 1e-3, 1e9, default=1.0)
    saturation_magnetisation: Value | None = number(
        "A/m | A*m^2/kg", 1, 3e6, default=None, meaning="measured; per volume or per mass of core material"
    )

    def __post_init__(self) -> None:
        settle(self)

    def misfits(self) -> Iterator[tuple[str, str, str]]:
        if self.shape == "rod" and self.length is None:
            yield "length", "a rod needs its length", 'write length = "41 nm"'
        if self.length is not None and self.length.number < self.diameter.number:
            yield "length", "a rod is longer than wide", "exchange length and diameter"
        limit = 3e6 if self.saturation_magnetisation and self.saturation_magnetisation.unit == "A/m" else 250
        if self.saturation_magnetisation is not None and self.saturation_magnetisation.number > limit:
            found = f"{self.saturation_magnetisation.number:g} {self.saturation_magnetisation.unit}"
            yield (
                "saturation_magnetisation",
                f"{found} cannot be",
                'write for example "80 emu/g" or "350 kA/m"',
            )

    @property
    def median_diameter(self) -> float:
        """Number-median diameter, nm."""
        return number_median(self.diameter.number, self.statistic, self.sigma_ln.number)

    @property
    def mean_volume(self) -> float:
        """Mean volume of one core over its size spread, nm^3."""
        d = self.median_diameter
        spread = math.exp(4.5 * self.sigma_ln.number**2)
        if self.shape == "rod" and self.length is not None:
            length = self.length.number * d / self.diameter.number
            return math.pi * d**2 / 4 * (length - d / 3) * spread  # capped cylinder
        return math.pi / 6 * d**3 * spread


@shows("Shell", line="written")
@dataclass(frozen=True, kw_only=True)
class Shell:
    """A layer around the core (of all layers before it)."""

    material: str = reference("cores")
    thickness: Value = number("nm", 0.05, 2000)
    permeable: str = choice("yes", "no", "partly", default="yes", meaning="whether water passes")

    def __post_init__(self) -> None:
        settle(self)


@shows("Payload", line="written")
@dataclass(frozen=True, kw_only=True)
class Payload:
    """Another agent carried by the particle: a number each, a share of its mass, or a concentration in stock."""

    agent: str = reference("agents")
    per_particle: Value | None = number("1", 0, 1e9, default=None)
    mass_fraction: Value | None = number("1", 0, 1, default=None, meaning="of the whole particle")
    concentration: Value | None = number("mmol/L", 0, 1e4, default=None, meaning="in the stock")
    order: Value | None = number(
        "1", 0, 1, default=None, meaning="squared order of its hold on the particle, 0 if free"
    )
    tau_local: Value | None = number("ns", 1e-3, 1e3, default=None, meaning="time of its own motion on the particle")

    def __post_init__(self) -> None:
        settle(self)

    def misfits(self) -> Iterator[tuple[str, str, str]]:
        given = [k for k in ("per_particle", "mass_fraction", "concentration") if getattr(self, k) is not None]
        if len(given) != 1:
            what = "has no amount" if not given else f"has {len(given)} amounts ({', '.join(given)})"
            yield "", what, "write one of per_particle, mass_fraction, concentration"


@shows("Molecule", line="written")
@dataclass(frozen=True, kw_only=True)
class Molecule:
    """A dissolved molecule or complex."""

    formula: str = text(default=..., meaning="of the whole molecule")
    metal: str = text(meaning="symbol of the element it is counted by")
    chelate: str = reference("chelates", default="", meaning="record of its relaxation parameters")
    spectrum: str = text(meaning="table of its molar absorption, in optical/")
    density: Value | None = number("g/cm^3", 0.5, 10, default=None, meaning="partial density in solution")
    albumin_affinity: Value | None = number(
        "1/mM", 0, 1e6, default=None, meaning="first stepwise constant of binding to albumin"
    )

    def __post_init__(self) -> None:
        settle(self)

    def misfits(self) -> Iterator[tuple[str, str, str]]:
        try:
            atoms = chemistry.composition(self.formula)
        except chemistry.FormulaError as error:
            what, _, write = str(error).partition("; ")
            yield "formula", what, write or 'write for example "C16H25GdN4O8"'
            return
        if self.metal and self.metal not in atoms:
            yield "metal", f"'{self.metal[:20]}' is not in the formula", f"write one of {', '.join(atoms)}"


@shows("Shell of a bubble", line="written")
@dataclass(frozen=True, kw_only=True)
class BubbleShell:
    """Law and parameters of a bubble's shell."""

    law: str = choice("free", "marmottant", "gompertz", "church", "dejong", "chatterjee-sarkar", default="free")
    chi: Value | None = number("N/m", 0, 20, default=None, meaning="elasticity")
    kappa_s: Value | None = number("kg/s", 0, 1e-5, default=None, meaning="surface dilatational viscosity")
    sigma0: Value | None = number("N/m", 0, 0.08, default=None, meaning="tension at rest")
    sigma_breakup: Value | None = number("N/m", 0, 5, default=None)
    G_s: Value | None = number("MPa", 0, 1e4, default=None, meaning="shear modulus")
    d_s: Value | None = number("nm", 0, 1000, default=None, meaning="thickness")
    mu_s: Value | None = number("Pa*s", 0, 100, default=None, meaning="viscosity")
    S_p: Value | None = number("N/m", 0, 40, default=None, meaning="de Jong stiffness")
    S_f: Value | None = number("kg/s", 0, 1e-3, default=None, meaning="de Jong friction")
    E_s: Value | None = number("N/m", 0, 20, default=None, meaning="interfacial elasticity")
    alpha: Value | None = number("1", 0, 100, default=None, meaning="softening of the elasticity")
    gamma0: Value | None = number("N/m", 0, 0.08, default=None, meaning="interfacial tension")

    def __post_init__(self) -> None:
        settle(self)

    def misfits(self) -> Iterator[tuple[str, str, str]]:
        needs = {
            "free": (),
            "marmottant": ("chi", "kappa_s", "sigma0"),
            "gompertz": ("chi", "kappa_s", "sigma0"),
            "church": ("G_s", "d_s", "mu_s"),
            "dejong": ("S_p", "S_f"),
            "chatterjee-sarkar": ("E_s", "kappa_s", "gamma0"),
        }[self.law]
        for key in needs:
            if getattr(self, key) is None:
                yield "law", f"a {self.law} shell needs {key}", f"write {key} with its unit and source"


@shows("Gas of a bubble", line="written")
@dataclass(frozen=True, kw_only=True)
class GasCore:
    """The gas of a bubble population."""

    species: str = reference("gases")
    diameter: Value = number("um", 0.02, 100, meaning="bubble diameter")
    statistic: str = choice(*STATISTICS, default="number-mean")
    sigma_ln: Value = number("1", 0, 1.5, default=0.0)
    concentration: Value | None = number("1/mL", 1, 1e14, default=None, meaning="bubbles in the stock")
    gas_volume: Value | None = number("uL/mL", 1e-6, 1000, default=None, meaning="gas in the stock")
    shell: BubbleShell | None = nested(BubbleShell)

    def __post_init__(self) -> None:
        settle(self)

    @property
    def median_diameter(self) -> float:
        """Number-median diameter, um."""
        return number_median(self.diameter.number, self.statistic, self.sigma_ln.number)

    @property
    def mean_volume(self) -> float:
        """Mean gas volume of one bubble, um^3: from volume and count of the stock where both are stated."""
        if self.gas_volume is not None and self.concentration is not None:
            return self.gas_volume.number * 1e9 / self.concentration.number
        return self.mean_volume_of_sizes

    @property
    def mean_volume_of_sizes(self) -> float:
        """Mean volume of one bubble by the stated sizes, um^3."""
        return math.pi / 6 * self.median_diameter**3 * math.exp(4.5 * self.sigma_ln.number**2)


@shows("Liquid of a droplet", line="written")
@dataclass(frozen=True, kw_only=True)
class LiquidCore:
    """The liquid of a droplet."""

    species: str = reference("gases")
    diameter: Value = number("um", 0.02, 100)
    statistic: str = choice(*STATISTICS, default="number-mean")
    sigma_ln: Value = number("1", 0, 1.5, default=0.0)

    def __post_init__(self) -> None:
        settle(self)

    @property
    def median_diameter(self) -> float:
        """Number-median diameter, um."""
        return number_median(self.diameter.number, self.statistic, self.sigma_ln.number)

    @property
    def mean_volume(self) -> float:
        """Mean volume of one droplet, um^3."""
        return math.pi / 6 * self.median_diameter**3 * math.exp(4.5 * self.sigma_ln.number**2)


_QUANTITY_UNITS = {
    "r1": "1/(mM*s)",
    "r2": "1/(mM*s)",
    "r2_star": "1/(mM*s)",
    "enhancement_per_mass": "HU*mL/mg",
    "enhancement_per_mole": "HU/mM",
    "molar_absorption": "1/(M*cm)",
    "molar_extinction": "1/(M*cm)",
    "peak_wavelength": "nm",
    "attenuation": "dB/cm",
    "resonance_frequency": "MHz",
    "vaporisation_threshold": "MPa",
}


@shows("Measurement of {0.quantity}", line="written")
@dataclass(frozen=True, kw_only=True)
class Measured:
    """A published or own measurement with its conditions."""

    quantity: str = choice(*_QUANTITY_UNITS)
    value: Value = number(_MEASURED, 0, 1e16)
    per: str = text(meaning="basis: an element, particle, molecule or compound")
    field: Value | None = number("T", 1e-6, 50, default=None, example='"1.5 T"')
    temperature: Value | None = number("K", 200, 400, default=None)
    medium: str = text()
    echo_spacing: Value | None = number("ms", 1e-3, 1e4, default=None)
    kvp: Value | None = number("kV", 10, 500, default=None)
    wavelength: Value | None = number("nm", 150, 3000, default=None)
    frequency: Value | None = number("MHz", 1e-3, 1000, default=None)
    source: str = text()
    status: str = text()
    note: str = text()

    @staticmethod
    def prepared(table: Any) -> Any:
        """A row with `value` and `unit` side by side, as one number with its unit and source."""
        if not isinstance(table, Mapping):
            return table
        row = dict(table)
        if not isinstance(row.get("value"), dict | Value) and "value" in row:
            parts = {k: row.pop(k) for k in ("unit", "sd", "low", "high") if k in row}
            row["value"] = {"value": row["value"], **parts}
        return row

    def __post_init__(self) -> None:
        settle(self)

    def misfits(self) -> Iterator[tuple[str, str, str]]:
        unit = _QUANTITY_UNITS[self.quantity]
        if self.value.unit != unit:
            yield "value", f"{self.quantity} in {self.value.unit}", f'write unit = "{unit}"'


@shows("Amount of {0.basis}", line="written")
@dataclass(frozen=True, kw_only=True)
class Amount:
    """A concentration counted by a basis."""

    value: Value = number(_CONCENTRATION, 0, 1e18)
    basis: str = text(default=..., meaning="element, compound, particle, molecule, gas or suspension")
    source: str = text()
    status: str = text()

    def __post_init__(self) -> None:
        settle(self)


@shows("Dose of {0.basis}", line="written")
@dataclass(frozen=True, kw_only=True)
class Dose:
    """An amount given, per body mass or in all, counted by a basis."""

    value: Value = number(_DOSE, 0, 1e18)
    basis: str = text(default=..., meaning="element, compound, particle, molecule, gas or suspension")
    route: str = text(default="intravenous")
    species: str = text()
    source: str = text()
    status: str = text()

    def __post_init__(self) -> None:
        settle(self)


@shows("Limits", line="written")
@dataclass(frozen=True, kw_only=True)
class Limits:
    """Hard limits, each an input with its source."""

    maximum_dose: Dose | None = nested(Dose)
    mechanical_index: Value | None = number("1", 0.01, 10, default=None)
    price_per_gram: Value | None = number("1", 0, 1e9, default=None, meaning="of the basis metal or compound")
    maximum_cost: Value | None = number("1", 0, 1e12, default=None, meaning="of one dose, in the currency")
    currency: str = text()

    def __post_init__(self) -> None:
        settle(self)
