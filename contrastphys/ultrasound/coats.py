"""What every shell of a bubble answers, and what follows for most laws from tension, slope and friction.

The linear formulas and the nonlinear solver ask the same questions, so that they share one law: the tension sigma(R)
of the wall, its slope at rest seen from below and from above, the friction, and the pressure of a thick elastic
layer. R0 is the rest radius.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._parameters import Record

Array = NDArray[np.float64]

KINK_STRAIN = 1e-4
"""A corner of sigma(R) nearer to the rest radius than this, in units of it, counts as being at rest."""

STIFFEST = 50.0
"""No shell of a bubble is stiffer [N/m]; a larger number was meant in mN/m."""


def check_stiffness(name: str, value: float) -> None:
    """ValueError for a surface elasticity that only another unit explains."""
    if value > STIFFEST:
        raise ValueError(
            f"{name} is {value:g} N/m: shells of bubbles have 0.01 to 5 N/m; was {value:g} mN/m meant? "
            f"Write '{value:g} mN/m'"
        )


def both_sides(below: ArrayLike, above: ArrayLike, like: ArrayLike) -> tuple[Array, Array]:
    """Value of either side as arrays of the shape of the rest radii."""
    shape = np.shape(like)
    return (
        np.broadcast_to(np.asarray(below, float), shape).copy(),
        np.broadcast_to(np.asarray(above, float), shape).copy(),
    )


class Shell(Protocol):
    """What every shell law answers. Radii in metres, all results in SI units."""

    code: ClassVar[int]

    def tension(self, radius: ArrayLike, rest: ArrayLike) -> Array:
        """Tension of the wall at `radius` [N/m]."""

    def elasticity(self, rest: ArrayLike) -> tuple[Array, Array]:
        """Slope (R0/2) d sigma/dR at rest, from below and from above [N/m]. They differ at a kink only."""

    def vector(self, rest: float) -> tuple[float, ...]:
        """Nine numbers for the compiled kernel: see `kernels.tension` for their meaning."""

    def rest_tension(self, rest: ArrayLike) -> Array:
        """Tension at the rest radius [N/m]; it sets the gas pressure at rest, p0 + 2 sigma/R0."""

    def layer(self, radius: ArrayLike, rest: ArrayLike) -> Array:
        """Elastic pressure of a thick layer [Pa]."""

    def stiffness(self, rest: ArrayLike) -> tuple[Array, Array]:
        """Part of the shell in the linear stiffness, 4 chi_eff/R0 + 12 G_s d_s/R0 [Pa], both sides."""

    def friction(self, rest: ArrayLike) -> Array:
        """Part of the shell in the linear friction, 4 kappa_s/R0 + 12 mu_s d_s/R0 [Pa s]."""

    def kink(self, rest: ArrayLike) -> Array:
        """True where the tension has a corner at the rest radius, so that no linear limit exists."""

    def changed(self, **changes: Any) -> Shell:
        """Copy with other plain values."""

    def __hash__(self) -> int: ...


class Coat(Record):
    """What follows for most laws from tension, slope and kappa_s: a thin coat, smooth at rest."""

    def rest_tension(self: Shell, rest: ArrayLike) -> Array:
        return self.tension(rest, rest)

    def layer(self, radius: ArrayLike, rest: ArrayLike) -> Array:
        return np.zeros(np.broadcast(radius, rest).shape)

    def stiffness(self: Shell, rest: ArrayLike) -> tuple[Array, Array]:
        rest = np.asarray(rest, float)
        below, above = self.elasticity(rest)
        return 4 * below / rest, 4 * above / rest

    def friction(self, rest: ArrayLike) -> Array:
        return 4 * getattr(self, "kappa_s", 0.0) / np.asarray(rest, float)

    def kink(self, rest: ArrayLike) -> Array:
        return np.zeros(np.shape(rest), bool)


def describe(shell: Shell) -> str:
    """One line with the law and its parameters, for tables and flags.

    Examples
    --------
    >>> from contrastphys.ultrasound import Free
    >>> describe(Free("0.072 N/m"))
    'Free(tension_of_water = 0.072 N/m)'
    """
    parts = []
    for item in fields(shell):  # type: ignore[arg-type]
        value, unit = getattr(shell, item.name), item.metadata.get("unit", "")
        unit = "" if unit == "1" else " " + unit if unit else ""
        parts.append(f"{item.name} = {value:g}{unit}" if isinstance(value, float) else f"{item.name} = {value}")
    return f"{type(shell).__name__}({', '.join(parts)})"
