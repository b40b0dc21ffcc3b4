"""Small oscillations of one bubble: resonance, damping and cross-sections.

With R = R0 (1 + x e^{i w t}) and a pressure p e^{i w t} the equation of Keller and Miksis [1]_ becomes,
without further approximation,

    x = -p/D,   D = K - m w^2/(1+e^2) + i (w B + m w^2 e/(1+e^2)),   m = rho R0^2,   e = w R0/c
    K = 3 kappa p_g0 - 2 sigma0/R0 + K_shell + 4 G        [Pa]
    B = 4 mu + 4 mu_th + B_shell                          [Pa s]

so that scattering, absorption and extinction are one quotient and balance exactly. The gas exchanges heat
with the liquid after Prosperetti [2]_: kappa and mu_th are real and imaginary part of one function.

.. [1] J. B. Keller, M. Miksis, J. Acoust. Soc. Am. 68, 628 (1980), doi:10.1121/1.384720
.. [2] A. Prosperetti, J. Acoust. Soc. Am. 61, 17 (1977), doi:10.1121/1.381252
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..elementwise import elementwise
from ..showing import shows
from ..units import Flag, Q, quantities
from .bubble import Bubble, Gas, Liquid, liquid_of
from .coats import Shell
from .gas_heat import heat_exchange, heat_over_sizes
from .shells import Marmottant

Array = NDArray[np.float64]

SIDES = ("bilinear", "below", "above")
CONVENTIONS = ("law", "vdMeer")

GAS_TEMPERATURE_RANGE = 5.0
"""Distance from the temperature of a gas's properties beyond which an answer says so [K]."""


# --------------------------------------------------------------------------------------- linear response


class Response(NamedTuple):
    """Coefficients of the linear equation of one bubble or of an array of them [SI]."""

    below: Array  # stiffness K seen from below the rest radius [Pa]
    above: Array  # and from above [Pa]
    viscous: Array  # 4 mu [Pa s]
    thermal: Array  # 4 mu_th [Pa s]
    shell: Array  # [Pa s]
    mass: Array  # rho R0^2 [kg/m]
    eps: Array  # w R0/c
    omega: Array
    kappa: Array  # polytropic exponent

    def stiffness(self, side: str = "bilinear") -> Array:
        """K of one side, or the one of a bilinear oscillator of both: 4 K1 K2/(sqrt K1 + sqrt K2)^2."""
        if side == "below":
            return self.below
        if side == "above":
            return self.above
        corner = self.below is not self.above
        if np.any(self.below < 0) or (corner and np.any(self.above < 0)):
            raise ValueError("the shell softens so much that the bubble has no stable rest radius")
        if not corner:
            return self.below
        with np.errstate(invalid="ignore", divide="ignore"):
            both = 4 * self.below * self.above / (np.sqrt(self.below) + np.sqrt(self.above)) ** 2
        return np.where(self.below == self.above, self.below, np.nan_to_num(both))

    def friction(self) -> Array:
        return self.thermal + (self.viscous + self.shell)

    def denominator(self, side: str = "bilinear") -> NDArray[np.complex128]:
        """D of x = -p/D [Pa]."""
        spread = 1 + self.eps**2
        inertia = self.mass * self.omega**2
        return (self.stiffness(side) - inertia / spread) + 1j * (
            self.omega * self.friction() + inertia * self.eps / spread
        )


def response(
    radius: ArrayLike,
    omega: ArrayLike,
    shell: Shell,
    gas: Gas,
    liquid: Liquid,
    kappa: float | None = None,
    convention: str = "law",
) -> Response:
    """Linear coefficients for arrays of rest radius [m] and angular frequency [rad/s] that broadcast.

    What depends on one of them alone keeps its shape.
    """
    radius, omega = np.asarray(radius, float), np.asarray(omega, float)
    tension = shell.rest_tension(radius)
    rest_pressure = liquid.pressure + 2 * tension / radius
    if kappa is None:
        exponent, mu_th = heat_over_sizes(radius, omega, rest_pressure, gas, liquid.temperature)
    else:
        exponent, mu_th = np.asarray(float(kappa)), np.asarray(0.0)
    gas_part = exponent * (3 * rest_pressure)
    rest = 4 * liquid.shear_modulus - 2 * tension / radius
    below, above = shell.stiffness(radius)
    if convention == "vdMeer" and isinstance(shell, Marmottant):
        less = 4 * shell.sigma0 / radius
        below, above = np.where(below > 0, below - less, below), np.where(above > 0, above - less, above)
    softer = gas_part + (rest + below)
    return Response(
        softer,
        softer if np.array_equal(below, above) else gas_part + (rest + above),
        np.asarray(4 * liquid.viscosity),
        4 * mu_th,
        shell.friction(radius),
        liquid.density * radius**2,
        omega * radius / liquid.sound_speed,
        omega,
        exponent,
    )


def sections(r: Response, radius: ArrayLike, liquid: Liquid, side: str = "bilinear") -> tuple[Array, Array]:
    """Scattering and absorption cross-section [m^2] of a linear response; extinction is their sum."""
    radius = np.asarray(radius, float)
    rho, c = liquid.density, liquid.sound_speed
    friction = r.friction()
    size = _squared_denominator(r.stiffness(side), friction, r.mass, r.omega, r.eps)
    scattering = _scattered(4 * math.pi * rho**2, r.omega, radius, r.eps, size)
    absorption = _absorbed(4 * math.pi * rho * c, r.omega, radius, friction, size)
    return scattering, absorption


@elementwise
def _squared_denominator(stiffness, friction, mass, omega, eps):
    """|D|^2 of x = -p/D."""
    inertia = mass * (omega * omega) / (1.0 + eps * eps)
    real, imaginary = stiffness - inertia, omega * friction + inertia * eps
    return real * real + imaginary * imaginary


@elementwise
def _scattered(scale, omega, radius, eps, size):
    pushed = (omega * omega) * (radius * radius * radius)
    return scale * pushed * pushed / ((1.0 + eps * eps) * size)


@elementwise
def _absorbed(scale, omega, radius, friction, size):
    return (scale * radius * radius * radius) * (omega * omega) * friction / size


def natural(
    radius: ArrayLike,
    shell: Shell,
    gas: Gas,
    liquid: Liquid,
    kappa: float | None = None,
    side: str = "bilinear",
    convention: str = "law",
) -> Array:
    """Angular frequency with K(w) = m w^2 [rad/s]: the undamped resonance, the heat exchange taken at it.

    K lies between its isothermal and its adiabatic value, and grows slower than w^2: one root, to which
    w = sqrt(K(w)/m) converges from anywhere.
    """
    radius = np.asarray(radius, float)
    mass = liquid.density * radius**2
    at = response(radius, 1.0, shell, gas, liquid, 1.0 if kappa is None else kappa, convention)
    omega = np.sqrt(at.stiffness(side) / mass)
    if kappa is not None:
        return omega
    rest_pressure = liquid.pressure + 2 * shell.rest_tension(radius) / radius
    for _ in range(200):  # a few: heat exchange changes slowly with frequency
        more = 3 * (heat_exchange(radius, omega, rest_pressure, gas, liquid.temperature)[0] - 1) * rest_pressure
        below = at.below + more
        now = at._replace(below=below, above=below if at.above is at.below else at.above + more)
        last, omega = omega, np.sqrt(now.stiffness(side) / mass)
        if np.all(np.abs(omega - last) <= 4e-16 * omega):
            break
    return omega


def _strongest(radius: float, shell: Shell, gas: Gas, liquid: Liquid, kappa: float | None, w0: float,
               what: str, side: str, convention: str) -> float | None:  # fmt: skip
    """Angular frequency at which |x| or the scattering is largest; None where it only grows or falls."""
    low, high = 0.02 * w0, 20 * w0
    for _ in range(4):
        omega = np.geomspace(low, high, 241)
        r = response(radius, omega, shell, gas, liquid, kappa, convention)
        if what == "displacement":
            value = 1 / np.abs(r.denominator(side))
        else:
            value = sections(r, radius, liquid, side)[0]
        top = int(np.argmax(value))
        if top in (0, omega.size - 1):
            return None
        low, high = omega[top - 1], omega[top + 1]
    return float(math.sqrt(low * high))


# ------------------------------------------------------------------------------------------- public doors


@shows(
    "Resonance of a bubble",
    "frequency",
    "below",
    "above",
    "displacement_maximum",
    "scattering_maximum",
    "damping",
    "polytropic",
)
@dataclass(frozen=True)
class Resonance:
    """Resonance of a bubble; frequencies are quantities, damping parts are dimensionless at resonance."""

    frequency: Any  # undamped; bilinear at a kink
    below: Any  # one-sided values; equal to `frequency` where the law is smooth
    above: Any
    displacement_maximum: Any  # None where the bubble is overdamped
    scattering_maximum: Any
    damping: dict[str, float]  # viscous, thermal, shell, radiation, total
    polytropic: float
    flags: tuple[Flag, ...] = ()


@shows("Cross-sections of one bubble", "frequency", "scattering", "absorption", "extinction")
@dataclass(frozen=True)
class CrossSections:
    """Cross-sections of one bubble against frequency, as quantities."""

    frequency: Any
    scattering: Any
    absorption: Any
    extinction: Any
    flags: tuple[Flag, ...] = ()

    def plot(self, ax: Any = None) -> Any:
        """Cross-sections against frequency; returns the matplotlib Axes."""
        from ..plots.results import sections

        return sections(self, ax)


def bubble_flags(bubble: Bubble, liquid: Liquid, eps: float = 0.0) -> tuple[Flag, ...]:
    """What limits the linear answer for this bubble."""
    found = []
    if bool(np.any(bubble.shell.kink(bubble.radius))):
        found.append(
            Flag(
                "kink",
                "the tension has a corner at the rest radius: soft on one side, stiff on the other at any "
                "amplitude; the bilinear frequency is given, no linear limit exists",
            )
        )
    if bubble.radius < 2e-7:
        found.append(
            Flag("nanobubble", "radius below 0.2 um: shell parameters extrapolated, Laplace pressure dominates")
        )
    found += gas_flags(bubble.gas, liquid)
    if eps > 0.3:
        found.append(Flag("ka", f"w R0/c reaches {eps:.2g} (limit 0.3): the bubble is not small against the wave"))
    return tuple(found)


def gas_flags(gas: Gas, liquid: Liquid) -> list[Flag]:
    """A flag where the properties of the gas belong to another temperature than that of the liquid."""
    if gas.known_at is None or abs(gas.known_at - liquid.temperature) <= GAS_TEMPERATURE_RANGE:
        return []
    message = (
        f"the properties of {gas.name} are those at {gas.known_at - 273.15:.0f} degC, the liquid is at "
        f"{liquid.temperature - 273.15:.0f} degC: heat exchange is off by a few per cent"
    )
    return [Flag("gas temperature", message)]


def _check(side: str, convention: str) -> None:
    if side not in SIDES:
        raise ValueError(f"side is one of {', '.join(SIDES)}, not {side!r}")
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is one of {', '.join(CONVENTIONS)}, not {convention!r}")


def resonance(bubble: Bubble, medium: Liquid | str = "water", convention: str = "law") -> Resonance:
    """Resonance frequency and damping of a bubble.

    w0 = sqrt(K/m); at a corner of the shell law the bilinear value 2 f1 f2/(f1 + f2) of the one-sided ones.

    Parameters
    ----------
    bubble : Bubble
    medium : Liquid or str
        Liquid, or the name of one in the catalogue (taken at 37 degC).
    convention : {"law", "vdMeer"}
        Stiffness of a Marmottant shell: the slope of its law, chi + sigma0, or chi alone.

    Returns
    -------
    Resonance

    Notes
    -----
    Small spherical oscillations. Shell parameters leave 10-20 % in the frequency of a coated bubble.

    References
    ----------
    S. M. van der Meer et al., J. Acoust. Soc. Am. 121, 648 (2007), doi:10.1121/1.2390673

    Examples
    --------
    >>> from contrastphys.ultrasound import Bubble, Gas, Liquid
    >>> air = Bubble("1 um", Gas())
    >>> print(f"{resonance(air, Liquid(temperature='25 degC')).frequency.to('MHz'):.3f~P}")
    3.900 MHz
    """
    _check("bilinear", convention)
    fluid = liquid_of(medium)
    gas, shell, radius, kappa = bubble.gas, bubble.shell, bubble.radius, bubble.polytropic
    w = {s: float(natural(radius, shell, gas, fluid, kappa, s, convention)) for s in ("below", "above")}
    w0 = 2 * w["below"] * w["above"] / (w["below"] + w["above"])
    r = response(radius, w0, shell, gas, fluid, kappa, convention)
    unit = float(r.mass) * w0
    damping = {
        "viscous": float(r.viscous) / unit,
        "thermal": float(r.thermal) / unit,
        "shell": float(r.shell) / unit,
        "radiation": float(r.eps / (1 + r.eps**2)),
    }
    damping["total"] = sum(damping.values())
    tops = [
        _strongest(radius, shell, gas, fluid, kappa, w0, what, "bilinear", convention)
        for what in ("displacement", "scattering")
    ]
    flags = bubble_flags(bubble, fluid, float(r.eps))
    if tops[0] is None:
        flags += (Flag("overdamped", "friction exceeds stiffness: no maximum of the oscillation", "note"),)

    def hertz(omega: float | None) -> Any:
        return None if omega is None else Q(omega / (2 * math.pi), "Hz")

    return Resonance(
        hertz(w0), hertz(w["below"]), hertz(w["above"]), hertz(tops[0]), hertz(tops[1]), damping,
        float(r.kappa), flags,
    )  # fmt: skip


@quantities(None, frequency=("Hz", 1e4, 1e8, "frequency"))
def cross_sections(
    bubble: Bubble,
    frequency: Any,
    medium: Liquid | str = "water",
    side: str = "bilinear",
    convention: str = "law",
) -> CrossSections:
    """Scattering, absorption and extinction cross-section of a bubble.

    sigma_s = 4 pi (rho w^2 R0^3)^2/((1+e^2)|D|^2), sigma_a = 4 pi rho c R0^3 w^2 B/|D|^2,
    sigma_e = sigma_s + sigma_a.

    Other Parameters
    ----------------
    bubble : Bubble
    medium : Liquid or str
        Liquid, or the name of one in the catalogue (taken at 37 degC).
    side : {"bilinear", "below", "above"}
        Which stiffness to take at a corner of the shell law.
    convention : {"law", "vdMeer"}
        Stiffness of a Marmottant shell: the slope of its law, chi + sigma0, or chi alone.

    Returns
    -------
    CrossSections

    Notes
    -----
    Pressure amplitudes well below the nonlinearity of the shell (tens of kPa), w R0/c < 0.3.

    References
    ----------
    J. B. Keller, M. Miksis, J. Acoust. Soc. Am. 68, 628 (1980), doi:10.1121/1.384720

    Examples
    --------
    >>> from contrastphys.ultrasound import Bubble, Gas, Liquid
    >>> found = cross_sections(Bubble("2 um", Gas(), polytropic=1.4), "2.5 MHz", Liquid())
    >>> print(f"{found.scattering.to('um^2').magnitude:.1f} of {found.extinction.to('um^2').magnitude:.1f}")
    424.0 of 1700.4
    """
    _check(side, convention)
    fluid = liquid_of(medium)
    omega = 2 * math.pi * np.asarray(frequency, float)
    r = response(bubble.radius, omega, bubble.shell, bubble.gas, fluid, bubble.polytropic, convention)
    scattering, absorption = sections(r, bubble.radius, fluid, side)
    flags = bubble_flags(bubble, fluid, float(np.max(r.eps)))
    scattered, absorbed, lost = (
        Q(v.item() if v.ndim == 0 else v, "m^2") for v in (scattering, absorption, scattering + absorption)
    )
    return CrossSections(Q(frequency, "Hz"), scattered, absorbed, lost, flags)


@quantities("m", frequency=("Hz", 1e4, 1e8, "resonance frequency wanted"))
def resonant_radius(
    frequency: Any,
    gas: Gas,
    shell: Shell,
    medium: Liquid | str = "water",
    polytropic: float | None = None,
    side: str = "bilinear",
    convention: str = "law",
) -> Any:
    """Rest radius of the bubble that resonates at a frequency.

    Root of w0(R0) = 2 pi f between 10 nm and 1 mm.

    Other Parameters
    ----------------
    gas : Gas
    shell : Shell
    medium : Liquid or str
    polytropic : float, optional
        Fixed polytropic exponent; left out, from the heat exchange of the gas.
    side : {"bilinear", "below", "above"}
    convention : {"law", "vdMeer"}

    Returns
    -------
    Quantity
        Rest radius.

    Notes
    -----
    Undamped resonance. A frequency outside the reach of 10 nm to 1 mm is refused.

    References
    ----------
    N. de Jong et al., Ultrasonics 30, 95 (1992)

    Examples
    --------
    >>> from contrastphys.ultrasound import Free, Gas, Liquid
    >>> radius = resonant_radius("7 MHz", Gas(), Free(), Liquid(), polytropic=1.07)
    >>> print(f"{radius.to('um'):.3f~P}")
    0.650 µm
    """
    _check(side, convention)
    gas = Bubble.bare(1e-6, gas, shell, polytropic).gas  # named, or exchanged with the shell
    fluid = liquid_of(medium)
    wanted = 2 * math.pi * np.asarray(frequency, float)
    low, high = np.full(wanted.shape, math.log(1e-8)), np.full(wanted.shape, math.log(1e-3))

    def reached(log_radius: Array) -> Array:
        return natural(np.exp(log_radius), shell, gas, fluid, polytropic, side, convention)

    fastest, slowest = reached(low), reached(high)
    if np.any(wanted > fastest) or np.any(wanted < slowest):
        raise ValueError(
            f"no radius from 10 nm to 1 mm resonates there: this shell reaches "
            f"{np.max(slowest) / 2e6 / math.pi:.3g} to {np.min(fastest) / 2e6 / math.pi:.3g} MHz"
        )
    for _ in range(44):
        middle = 0.5 * (low + high)
        too_fast = reached(middle) > wanted
        low, high = np.where(too_fast, middle, low), np.where(too_fast, high, middle)
    radius = np.exp(0.5 * (low + high))
    return radius.item() if radius.ndim == 0 else radius
