"""A concentration of a formulation: a number of entities, shown by whatever is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .constants import AVOGADRO
from .showing import shows
from .units import Q, UnitError, container, magnitude


@shows("Concentration of {0.formulation.name}", "quantity", "basis", "per_millilitre [1/mL]")
@dataclass(frozen=True)
class Concentration:
    """A concentration of one formulation: a number of entities, shown by a basis.

    Made by `Formulation.concentration`; `.to` shows the same concentration by another basis.
    """

    formulation: Any  # the Formulation it is of
    entities: float  # mol of entities per litre
    basis: str
    unit: str = ""

    @property
    def shown(self) -> tuple[float, str]:
        """Number and unit for the basis: the asked unit, else the usual one."""
        factors = self.formulation.per_entity(self.basis)
        usual = {"mol/L": "mmol/L", "g/L": "mg/mL", "1/L": "1/mL", "1": "uL/mL"}
        if not self.unit:
            unit = next(iter(factors))
            return self.entities * factors[unit] * {"mmol/L": 1e3, "uL/mL": 1e3}.get(usual[unit], 1.0), usual[unit]
        for unit, factor in factors.items():
            try:
                return self.entities * factor * float(
                    magnitude(f"1 {unit}" if unit != "1" else Q(1.0, ""), self.unit)
                ), self.unit
            except UnitError:
                continue
        container(self.unit)  # says what is wrong with the unit itself
        ask = " or ".join(f"'{usual[unit]}'" for unit in factors)
        raise UnitError(f"a concentration counted by {self.basis} is not shown in '{self.unit}': ask for {ask}")

    @property
    def number(self) -> float:
        """The number in the unit shown."""
        return self.shown[0]

    @property
    def quantity(self) -> Any:
        """The concentration as a pint quantity."""
        value, unit = self.shown
        return Q(value, unit)

    def to(self, basis: str, unit: str | None = None) -> Concentration:
        """The same concentration counted by another basis, in a unit of its kind."""
        other = Concentration(self.formulation, self.entities, basis, unit or "")
        other.shown  # noqa: B018  an unknown basis or unit is said here, not later
        return other

    def molar(self, basis: str) -> float:
        """mmol/L of an element, payload, compound or of the entities themselves."""
        return self._in(basis, "mol/L") * 1e3

    def mass(self, basis: str) -> float:
        """mg/mL of an element or of the compound."""
        return self._in(basis, "g/L")

    def _in(self, basis: str, unit: str) -> float:
        factors = self.formulation.per_entity(basis)
        if unit not in factors:
            raise UnitError(f"a concentration counted by {basis} is not shown in {unit}")
        return self.entities * factors[unit]

    @property
    def per_millilitre(self) -> float:
        """Entities per mL."""
        return self.entities * AVOGADRO * 1e-3

    def __str__(self) -> str:
        value, unit = self.shown
        return f"{value:.4g} {unit} ({self.basis})"
