"""Shell laws: what a coat does to the tension and the friction of a bubble wall.

What every law answers stands in `coats`. R0 is the rest radius.

=================  ======================================================================  ================
law                tension                                                                 source
=================  ======================================================================  ================
Free               sigma_w                                                                 -
Marmottant         0 below R_b; chi (R^2/R_b^2 - 1) to R_r; sigma_w above                  [1]_
Gompertz           sigma_w exp(-b exp(c (1 - R/R_b))), c = 2 chi e sqrt(1 + sigma_w/2chi)  [2]_
                   / sigma_w: the smooth Marmottant law with the same largest slope
DeJong             sigma0 + S_p (R/R0 - 1), linear; S_p = 2 chi                            [3]_
Church             sigma0, and the layer p = 12 G_s d_s (R0^2/R^3)(1 - R0/R)               [4]_, [5]_
Tabulated          a measured curve of sigma against R/R0, in `tension_curves`             -
ChatterjeeSarkar   gamma0 + E beta [exp(-alpha beta)], beta = R^2/R_E^2 - 1                [6]_, [7]_
=================  ======================================================================  ================

.. [1] P. Marmottant et al., J. Acoust. Soc. Am. 118, 3499 (2005), doi:10.1121/1.2109427
.. [2] J. Gummer, S. Schenke, F. Denner, arXiv:2106.12004
.. [3] N. de Jong, L. Hoff, T. Skotland, N. Bom, Ultrasonics 30, 95 (1992)
.. [4] C. C. Church, J. Acoust. Soc. Am. 97, 1510 (1995), doi:10.1121/1.412091
.. [5] L. Hoff, P. C. Sontum, J. M. Hovem, J. Acoust. Soc. Am. 107, 2272 (2000), doi:10.1121/1.428557
.. [6] D. Chatterjee, K. Sarkar, Ultrasound Med. Biol. 29, 1749 (2003)
.. [7] S. Paul et al., J. Acoust. Soc. Am. 127, 3846 (2010), doi:10.1121/1.3418685
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ._parameters import parameter, takes_quantities
from .coats import KINK_STRAIN, Array, Coat, both_sides, check_stiffness

WATER_TENSION = 0.072
"""Surface tension of clean water against a gas, near 25 degC [N/m]."""


@takes_quantities
@dataclass(frozen=True)
class Free(Coat):
    """Bubble without a shell: constant tension, no friction.

    Notes
    -----
    A clean wall: a bubble that is new, or whose shell is broken and gone.

    References
    ----------
    A. Prosperetti, J. Acoust. Soc. Am. 61, 17 (1977), doi:10.1121/1.381252

    Examples
    --------
    >>> float(Free("0.072 N/m").tension(2e-6, 1e-6))
    0.072
    """

    tension_of_water: float = parameter("N/m", 1e-4, 0.08, "tension of the wall", WATER_TENSION)
    code: ClassVar[int] = 0

    def tension(self, radius: ArrayLike, rest: ArrayLike) -> Array:
        return np.full(np.broadcast(radius, rest).shape, self.tension_of_water)

    def elasticity(self, rest: ArrayLike) -> tuple[Array, Array]:
        return both_sides(0.0, 0.0, rest)

    def vector(self, rest: float) -> tuple[float, ...]:
        return (self.tension_of_water, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@takes_quantities
@dataclass(frozen=True)
class Marmottant(Coat):
    """Buckled, elastic or ruptured lipid monolayer.

    sigma = 0 for R <= R_b, chi (R^2/R_b^2 - 1) between, sigma_w for R >= R_r, with
    R_b = R0/sqrt(1 + sigma0/chi) and R_r = R_b sqrt(1 + sigma_w/chi). With `break_up` above sigma_w an
    intact shell follows the elastic branch up to that tension; once it is passed the shell is broken for
    good and carries sigma_w above R_r. Measured friction grows with the size: kappa_s exp(kappa_growth R0),
    1.5e-9 kg/s and 8e5 1/m for a lipid shell (T. Segers et al., Soft Matter 14, 9550 (2018)).

    Notes
    -----
    The slope at rest is chi + sigma0, not chi. At sigma0 = 0 and at sigma0 = sigma_w the rest radius sits
    on a corner of the law: soft on one side, stiff on the other, at any amplitude.

    References
    ----------
    P. Marmottant et al., J. Acoust. Soc. Am. 118, 3499 (2005), doi:10.1121/1.2109427

    Examples
    --------
    >>> shell = Marmottant(chi="0.5 N/m", kappa_s="5e-9 kg/s", sigma0="0.02 N/m")
    >>> [float(side) for side in shell.elasticity(2e-6)]
    [0.52, 0.52]
    >>> bool(Marmottant(chi="0.5 N/m", sigma0="0 N/m").kink(2e-6))
    True
    """

    chi: float = parameter("N/m", 0.01, 5.0, "shell elasticity")
    kappa_s: float = parameter("kg/s", 0, 2e-7, "surface dilatational viscosity", 0.0)
    sigma0: float = parameter("N/m", 0, 0.08, "tension at the rest radius", 0.0)
    sigma_w: float = parameter("N/m", 1e-4, 0.08, "tension of bare liquid", WATER_TENSION)
    break_up: float = parameter("N/m", 0, 5.0, "tension at which the shell breaks; 0: at sigma_w", 0.0)
    kappa_growth: float = parameter("1/m", -1e7, 1e7, "growth of kappa_s with R0: kappa_s exp(growth R0)", 0.0)
    code: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_stiffness("chi", self.chi)
        if self.sigma0 > self.sigma_w:
            raise ValueError(
                f"sigma0 = {self.sigma0:g} N/m exceeds the tension of bare liquid {self.sigma_w:g} N/m: "
                "such a shell is ruptured at rest; use Free"
            )
        if 0 < self.break_up < self.sigma_w:
            raise ValueError(
                f"break_up = {self.break_up:g} N/m is below sigma_w = {self.sigma_w:g} N/m: "
                "leave it out, or give the tension above sigma_w that the intact shell bears"
            )

    def buckling_radius(self, rest: ArrayLike) -> Array:
        """Radius below which the shell buckles and bears no tension [m]."""
        return np.asarray(rest, float) / math.sqrt(1 + self.sigma0 / self.chi)

    def rupture_radius(self, rest: ArrayLike) -> Array:
        """Radius above which a broken shell carries the tension of bare liquid [m]."""
        return self.buckling_radius(rest) * math.sqrt(1 + self.sigma_w / self.chi)

    def break_up_radius(self, rest: ArrayLike) -> Array:
        """Radius at which an intact shell breaks for good [m]."""
        return self.buckling_radius(rest) * math.sqrt(1 + max(self.break_up, self.sigma_w) / self.chi)

    def tension(self, radius: ArrayLike, rest: ArrayLike, broken: bool = False) -> Array:
        radius, rest = np.asarray(radius, float), np.asarray(rest, float)
        elastic = self.chi * ((radius / rest) ** 2 * (1 + self.sigma0 / self.chi) - 1)
        limit = self.sigma_w if broken else max(self.break_up, self.sigma_w)
        above = elastic > limit
        return np.where(above, self.sigma_w, np.maximum(elastic, 0.0))

    def rest_tension(self, rest: ArrayLike) -> Array:
        return np.full(np.shape(rest), self.sigma0)

    def elasticity(self, rest: ArrayLike) -> tuple[Array, Array]:
        slope = self.chi + self.sigma0
        below = 0.0 if self._at_buckling() else slope
        above = 0.0 if self._at_rupture() else slope
        return both_sides(below, above, rest)

    def kink(self, rest: ArrayLike) -> Array:
        return np.full(np.shape(rest), self._at_buckling() or self._at_rupture())

    def friction(self, rest: ArrayLike) -> Array:
        rest = np.asarray(rest, float)
        return 4 * self.kappa_s * np.exp(self.kappa_growth * rest) / rest

    def _at_buckling(self) -> bool:
        return self.sigma0 / (2 * self.chi) < KINK_STRAIN

    def _at_rupture(self) -> bool:
        if self.break_up > self.sigma_w:
            return False
        return (self.sigma_w - self.sigma0) / (2 * self.chi) < KINK_STRAIN

    def vector(self, rest: float) -> tuple[float, ...]:
        return (
            self.chi,
            float(self.buckling_radius(rest)),
            float(self.rupture_radius(rest)),
            float(self.break_up_radius(rest)),
            self.sigma_w,
            self.kappa_s * math.exp(self.kappa_growth * rest),
            0.0,
            0.0,
            0.0,
        )


@takes_quantities
@dataclass(frozen=True)
class Gompertz(Coat):
    """Smooth lipid monolayer: the Gompertz curve through the Marmottant law.

    sigma = sigma_w exp(-b exp(c (1 - R/R_b))), c = 2 chi e sqrt(1 + sigma_w/(2 chi))/sigma_w,
    b = -ln(sigma0/sigma_w)/exp(c (1 - R0/R_b)), R_b = R0/sqrt(1 + sigma0/chi), e = 2.71828...

    Notes
    -----
    Without the factor e the largest slope is e times too small. sigma0 must lie inside (0, sigma_w).

    References
    ----------
    J. Gummer, S. Schenke, F. Denner, arXiv:2106.12004

    Examples
    --------
    >>> shell = Gompertz(chi="0.5 N/m", sigma0="0.02 N/m")
    >>> round(float(shell.elasticity(2e-6)[0]), 4)
    0.5106
    """

    chi: float = parameter("N/m", 0.01, 5.0, "shell elasticity")
    kappa_s: float = parameter("kg/s", 0, 2e-7, "surface dilatational viscosity", 0.0)
    sigma0: float = parameter("N/m", 1e-6, 0.08, "tension at the rest radius", 0.01)
    sigma_w: float = parameter("N/m", 1e-4, 0.08, "tension of bare liquid", WATER_TENSION)
    code: ClassVar[int] = 2

    def __post_init__(self) -> None:
        check_stiffness("chi", self.chi)
        if not 0 < self.sigma0 < self.sigma_w:
            raise ValueError(
                f"the Gompertz law needs 0 < sigma0 < {self.sigma_w:g} N/m (it takes the logarithm of "
                f"sigma0/sigma_w); got {self.sigma0:g} N/m. Use Marmottant for a buckled shell"
            )

    def _constants(self) -> tuple[float, float]:
        c = 2 * self.chi * math.e * math.sqrt(1 + self.sigma_w / (2 * self.chi)) / self.sigma_w
        stretch = math.sqrt(1 + self.sigma0 / self.chi)
        log_b = math.log(-math.log(self.sigma0 / self.sigma_w)) - c * (1 - stretch)
        return c, log_b

    def tension(self, radius: ArrayLike, rest: ArrayLike) -> Array:
        c, log_b = self._constants()
        ratio = np.asarray(radius, float) / np.asarray(rest, float) * math.sqrt(1 + self.sigma0 / self.chi)
        return self.sigma_w * np.exp(-np.exp(np.minimum(log_b + c * (1 - ratio), 700.0)))

    def elasticity(self, rest: ArrayLike) -> tuple[Array, Array]:
        c, _ = self._constants()
        stretch = math.sqrt(1 + self.sigma0 / self.chi)
        slope = -0.5 * self.sigma0 * math.log(self.sigma0 / self.sigma_w) * c * stretch
        return both_sides(slope, slope, rest)

    def vector(self, rest: float) -> tuple[float, ...]:
        c, log_b = self._constants()
        buckling = rest / math.sqrt(1 + self.sigma0 / self.chi)
        return (self.sigma_w, c, log_b, buckling, 0.0, self.kappa_s, 0.0, 0.0, 0.0)


@takes_quantities
@dataclass(frozen=True)
class DeJong(Coat):
    """Linear shell with the stiffness S_p and the friction S_f of de Jong.

    sigma = sigma0 + S_p (R/R0 - 1), friction S_f R'/(4 pi R^2): S_p = 2 chi and S_f = 16 pi kappa_s.

    Notes
    -----
    S_f is also converted with 12 pi in the literature, which gives a kappa_s one third larger.

    References
    ----------
    N. de Jong, L. Hoff, T. Skotland, N. Bom, Ultrasonics 30, 95 (1992)

    Examples
    --------
    >>> shell = DeJong(shell_stiffness="1.1 N/m", shell_friction="2.7e-7 kg/s")
    >>> round(float(shell.elasticity(2e-6)[0]), 3), round(shell.kappa_s * 1e9, 2)
    (0.55, 5.37)
    """

    shell_stiffness: float = parameter("N/m", 0.02, 50.0, "stiffness parameter S_p")
    shell_friction: float = parameter("kg/s", 0, 1e-5, "friction parameter S_f", 0.0)
    sigma0: float = parameter("N/m", 0, 0.08, "tension at the rest radius", WATER_TENSION)
    code: ClassVar[int] = 3

    @property
    def kappa_s(self) -> float:
        """Surface dilatational viscosity of equal damping, S_f/(16 pi) [kg/s]."""
        return self.shell_friction / (16 * math.pi)

    def tension(self, radius: ArrayLike, rest: ArrayLike) -> Array:
        ratio = np.asarray(radius, float) / np.asarray(rest, float)
        return self.sigma0 + self.shell_stiffness * (ratio - 1)

    def elasticity(self, rest: ArrayLike) -> tuple[Array, Array]:
        return both_sides(self.shell_stiffness / 2, self.shell_stiffness / 2, rest)

    def vector(self, rest: float) -> tuple[float, ...]:
        return (self.sigma0, self.shell_stiffness, rest, 0.0, 0.0, self.kappa_s, 0.0, 0.0, 0.0)


@takes_quantities
@dataclass(frozen=True)
class Church(Coat):
    """Thin layer of an elastic and viscous solid, in the form Hoff gave to the model of Church.

    p_shell = 12 G_s d_s (R0^2/R^3)(1 - R0/R) + 12 mu_s d_s R0^2 R'/R^4, with a constant tension sigma0.

    Notes
    -----
    Volume of the layer is conserved and d_s is much smaller than R0. The factor is 12, not 4.

    References
    ----------
    C. C. Church, J. Acoust. Soc. Am. 97, 1510 (1995), doi:10.1121/1.412091;
    L. Hoff, P. C. Sontum, J. M. Hovem, J. Acoust. Soc. Am. 107, 2272 (2000), doi:10.1121/1.428557

    Examples
    --------
    >>> shell = Church(shear_modulus="50 MPa", thickness="15 nm", shear_viscosity="0.8 Pa*s")
    >>> round(float(shell.stiffness(2e-6)[0]) / 1e6, 3)
    4.5
    """

    shear_modulus: float = parameter("Pa", 1e4, 5e9, "shear modulus G_s of the layer")
    thickness: float = parameter("m", 1e-10, 5e-7, "thickness d_s of the layer at rest")
    shear_viscosity: float = parameter("Pa*s", 0, 50.0, "shear viscosity mu_s of the layer", 0.0)
    sigma0: float = parameter("N/m", 0, 0.08, "sum of the tensions of both faces", 0.04)
    code: ClassVar[int] = 4

    def tension(self, radius: ArrayLike, rest: ArrayLike) -> Array:
        return np.full(np.broadcast(radius, rest).shape, self.sigma0)

    def elasticity(self, rest: ArrayLike) -> tuple[Array, Array]:
        return both_sides(0.0, 0.0, rest)

    def layer(self, radius: ArrayLike, rest: ArrayLike) -> Array:
        radius, rest = np.asarray(radius, float), np.asarray(rest, float)
        return 12 * self.shear_modulus * self.thickness * rest**2 / radius**3 * (1 - rest / radius)

    def stiffness(self, rest: ArrayLike) -> tuple[Array, Array]:
        value = 12 * self.shear_modulus * self.thickness / np.asarray(rest, float)
        return value, value.copy()

    def friction(self, rest: ArrayLike) -> Array:
        return 12 * self.shear_viscosity * self.thickness / np.asarray(rest, float)

    def vector(self, rest: float) -> tuple[float, ...]:
        elastic = 12 * self.shear_modulus * self.thickness * rest**2
        viscous = 12 * self.shear_viscosity * self.thickness * rest**2
        return (self.sigma0, 0.0, 0.0, 0.0, 0.0, 0.0, elastic, viscous, rest)


@takes_quantities
@dataclass(frozen=True)
class ChatterjeeSarkar(Coat):
    """Interface with constant (alpha = 0, CEM) or exponentially falling (EEM) dilatational elasticity.

    sigma = gamma0 + E beta exp(-alpha beta), beta = R^2/R_E^2 - 1.

    Notes
    -----
    `unstressed` says which radius R_E is: "rest" takes R_E = R0, so that sigma(R0) = gamma0; "balanced"
    chooses R_E so that sigma(R0) = 0 (for alpha = 0: R_E = R0/sqrt(1 - gamma0/E)). Parameters fitted with one
    convention are wrong in the other. No floor at zero tension is applied. The published closed form of
    R_E for the exponential law expands the exponential to first order; here the equation is solved exactly.

    References
    ----------
    D. Chatterjee, K. Sarkar, Ultrasound Med. Biol. 29, 1749 (2003);
    S. Paul et al., J. Acoust. Soc. Am. 127, 3846 (2010), doi:10.1121/1.3418685

    Examples
    --------
    >>> shell = ChatterjeeSarkar(elasticity_modulus="0.55 N/m", gamma0="0.02 N/m", alpha=1.5)
    >>> float(shell.tension(2e-6, 2e-6)), round(float(shell.elasticity(2e-6)[0]), 3)
    (0.02, 0.55)
    """

    elasticity_modulus: float = parameter("N/m", 1e-3, 5.0, "dilatational elasticity E_s or E_0")
    kappa_s: float = parameter("kg/s", 0, 2e-7, "surface dilatational viscosity", 0.0)
    gamma0: float = parameter("N/m", 0, 0.08, "tension of the unstrained interface", 0.02)
    alpha: float = parameter("1", 0, 50.0, "exponent of softening; 0: constant elasticity", 0.0)
    unstressed: str = "rest"
    code: ClassVar[int] = 5

    def __post_init__(self) -> None:
        check_stiffness("elasticity_modulus", self.elasticity_modulus)
        if self.unstressed not in ("rest", "balanced"):
            raise ValueError(f"unstressed is 'rest' or 'balanced', not {self.unstressed!r}")
        if self.unstressed == "balanced":
            if self.alpha == 0 and self.gamma0 >= self.elasticity_modulus:
                raise ValueError("no radius balances the tension: gamma0 must be smaller than the elasticity")
            if self._rest_strain() <= -1:
                raise ValueError("no radius balances the tension: gamma0 is too large for this elasticity")

    def _rest_strain(self) -> float:
        """beta at the rest radius: zero, or the root of gamma0 + E beta exp(-alpha beta) = 0."""
        if self.unstressed == "rest":
            return 0.0
        beta = -self.gamma0 / self.elasticity_modulus
        for _ in range(60):
            decay = math.exp(-self.alpha * beta)
            value = self.gamma0 + self.elasticity_modulus * beta * decay
            slope = self.elasticity_modulus * (1 - self.alpha * beta) * decay
            beta -= value / slope
        return beta

    def tension(self, radius: ArrayLike, rest: ArrayLike) -> Array:
        ratio = np.asarray(radius, float) / np.asarray(rest, float)
        beta = ratio**2 * (1 + self._rest_strain()) - 1
        return self.gamma0 + self.elasticity_modulus * beta * np.exp(-self.alpha * beta)

    def elasticity(self, rest: ArrayLike) -> tuple[Array, Array]:
        beta = self._rest_strain()
        slope = self.elasticity_modulus * (1 - self.alpha * beta) * math.exp(-self.alpha * beta) * (1 + beta)
        return both_sides(slope, slope, rest)

    def vector(self, rest: float) -> tuple[float, ...]:
        unstrained = rest / math.sqrt(1 + self._rest_strain())
        return (
            self.gamma0,
            self.elasticity_modulus,
            self.alpha,
            unstrained,
            0.0,
            self.kappa_s,
            0.0,
            0.0,
            0.0,
        )
