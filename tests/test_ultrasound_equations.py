"""The equations of motion against their own literal form, and one step of each method against exact solutions."""

import math

import numpy as np
import pytest

from contrastphys.ultrasound import (
    Bubble,
    ChatterjeeSarkar,
    Church,
    DeJong,
    Free,
    Gas,
    Gompertz,
    Liquid,
    Marmottant,
    Pulse,
    Tabulated,
    kernels,
    simulate,
)
from contrastphys.ultrasound.dynamics import bubble_parameters
from contrastphys.units import Q

WATER = Liquid(sound_speed="1500 m/s")
REST = 2e-6
SHELLS = {
    "free": Free(),
    "lipid": Marmottant("0.5 N/m", "5e-9 kg/s", "0.02 N/m"),
    "smooth": Gompertz("0.5 N/m", "5e-9 kg/s", "0.02 N/m"),
    "linear": DeJong("1.1 N/m", "2.7e-7 kg/s", "0.05 N/m"),
    "thick": Church("50 MPa", "15 nm", "0.8 Pa*s", "0.04 N/m"),
    "softening": ChatterjeeSarkar("0.55 N/m", "1.2e-8 kg/s", "0.02 N/m", alpha=1.5),
    "measured": Tabulated.of(np.linspace(0.6, 1.7, 23), Q(0.02 + 0.3 * np.linspace(-0.4, 0.7, 23), "N/m"), "5e-9 kg/s"),
}
STATES = [
    (1.02 * REST, 3.0, 0.11e-6),
    (0.7 * REST, -40.0, 0.31e-6),
    (1.4 * REST, 12.0, 0.77e-6),
    (0.5 * REST, 90.0, 0.2e-6),
]
EQUATIONS = ["rayleigh-plesset", "rayleigh-plesset-radiation", "keller-miksis", "gilmore"]


def wall_pressure(radius, speed, bubble, liquid, core=0.0):
    """Pressure of the liquid at the wall by the shell's own tension and friction: gas - tension - friction."""
    rest, kappa = bubble.radius, bubble.polytropic
    held = liquid.pressure + 2 * float(bubble.shell.rest_tension(rest)) / rest
    gas = held * ((rest**3 - core**3) / (radius**3 - core**3)) ** kappa
    gas -= 4 / 3 * liquid.shear_modulus * (1 - (rest / radius) ** 3)  # of a solid that the wall pulls along
    drag = 4 * liquid.viscosity * speed / radius
    if isinstance(bubble.shell, Church):
        g, m, d = bubble.shell.shear_modulus, bubble.shell.shear_viscosity, bubble.shell.thickness
        solid = 12 * g * d * rest**2 / radius**3 * (1 - rest / radius)
        layer = 12 * m * d * rest**2 * speed / radius**4
        return gas - 2 * float(bubble.shell.tension(radius, rest)) / radius - drag - solid - layer
    friction = 4 * getattr(bubble.shell, "kappa_s", 0.0) * speed / radius**2
    return gas - 2 * float(bubble.shell.tension(radius, rest)) / radius - drag - friction


def miss(model, rate, radius, speed, time, bubble, liquid, pulse, core=0.0):
    """Left minus right side of an equation of motion for a wall acceleration, over the left side's size.

    Rates of the wall pressure are differenced along the motion itself, so that nothing is differentiated by hand.
    """
    rho, c, p0 = liquid.density, liquid.sound_speed, liquid.pressure
    step = 1e-4 * radius / max(abs(speed), 1.0)

    def along(value):
        ends = [value(radius + s * speed + s * s * rate / 2, speed + s * rate, time + s) for s in (-step, step)]
        return (ends[1] - ends[0]) / (2 * step)

    def wall(r, u, t):
        return wall_pressure(r, u, bubble, liquid, core)

    def far(r, u, t):
        return p0 + float(pulse.at(t))

    here, there = wall(radius, speed, time), far(radius, speed, time)
    kinetic = radius * rate + 1.5 * speed**2
    if model == "rayleigh-plesset":
        left, right = kinetic, (here - there) / rho
    elif model == "rayleigh-plesset-radiation":

        def gas(r, u, t):
            held = p0 + 2 * float(bubble.shell.rest_tension(bubble.radius)) / bubble.radius
            return held * (bubble.radius / r) ** (3 * bubble.polytropic)

        left, right = kinetic, (here - there + radius / c * along(gas)) / rho
    elif model == "keller-miksis":
        mach = speed / c
        left = (1 - mach) * radius * rate + 1.5 * (1 - mach / 3) * speed**2
        right = (1 + mach) * (here - there) / rho + radius / (rho * c) * along(lambda *s: wall(*s) - far(*s))
    else:
        n, b = kernels.TAIT_N, kernels.TAIT_B

        def density(p):
            return rho * ((p + b) / (p0 + b)) ** (1 / n)

        def enthalpy(r, u, t):
            from scipy.integrate import quad

            low, high = far(r, u, t), wall(r, u, t)
            return quad(lambda share: (high - low) / density(low + share * (high - low)), 0, 1, epsrel=1e-13)[0]

        sound = math.sqrt(n * (here + b) / density(here))
        mach = speed / sound
        left = (1 - mach) * radius * rate + 1.5 * (1 - mach / 3) * speed**2
        right = (1 + mach) * enthalpy(radius, speed, time) + radius / sound * (1 - mach) * along(enthalpy)
    return (left - right) / (abs(radius * rate) + speed**2)


@pytest.mark.parametrize("name", SHELLS)
@pytest.mark.parametrize("model", EQUATIONS)
def test_the_acceleration_solves_its_equation_as_it_is_written(model, name):
    bubble, pulse = Bubble.bare(REST, Gas(), SHELLS[name], 1.2), Pulse("2 MHz", "400 kPa", 3, "hann")
    par, law = (rows[0] for rows in bubble_parameters(REST, bubble, pulse, WATER, model))
    for radius, speed, time in STATES:
        rate = kernels.acceleration(time, radius, speed, 0.0, par, law, pulse.wave)
        off = miss(model, rate, radius, speed, time, bubble, WATER, pulse)
        assert abs(off) < 3e-6, (radius, speed)
        moved = miss(model, rate * (1 + 1e-3) + 1e6, radius, speed, time, bubble, WATER, pulse)
        assert abs(moved) > 30 * abs(off) or abs(moved) > 1e-4  # the equation does tell accelerations apart


@pytest.mark.parametrize("model", ["rayleigh-plesset", "keller-miksis", "gilmore"])
def test_the_hard_core_and_the_solid_around_push_back(model):
    solid = WATER.changed(shear_modulus=3e5)
    bubble, pulse = Bubble.bare(REST, Gas(), SHELLS["smooth"], 1.2), Pulse("2 MHz", "400 kPa", 3, "hann")
    par, law = (rows[0] for rows in bubble_parameters(REST, bubble, pulse, solid, model))
    par[kernels.CORE] = core = 0.3 * REST
    for radius, speed, time in STATES:
        rate = kernels.acceleration(time, radius, speed, 0.0, par, law, pulse.wave)
        assert abs(miss(model, rate, radius, speed, time, bubble, solid, pulse, core)) < 3e-6, (radius, speed)


def test_a_recorded_drive_is_the_cubic_through_its_samples():
    from scipy.interpolate import CubicHermiteSpline

    step, samples = 2e-8, np.array([1e4, 2e4, 5e4, 1e4, -6e4, -2e4, 3e4, 4e4, -1e4, -3e4, 0.5e4])
    times = step * np.arange(samples.size)
    pulse = Pulse.measured(Q(times * 1e6, "us"), Q(samples, "Pa"))
    slopes = np.gradient(samples, step)  # centred inside, one-sided at both ends
    curve = CubicHermiteSpline(times, samples, slopes)
    par = np.zeros(kernels.PARAMETERS)
    pulse.fill(par)
    at = np.linspace(0, times[-1], 200)
    found = np.array([kernels.drive(t, par, pulse.wave) for t in at])
    assert found[:, 0] == pytest.approx(curve(at), abs=1e-6 * 6e4)
    assert found[1:-1, 1] == pytest.approx(curve(at[1:-1], 1), abs=1e-6 * np.abs(slopes).max())
    assert kernels.drive(-1e-9, par, pulse.wave) == (0.0, 0.0)
    assert kernels.drive(times[-1] + 1e-9, par, pulse.wave) == (0.0, 0.0)


def test_a_gaussian_pulse_has_six_widths():
    pulse = Pulse("3 MHz", "100 kPa", 9, "gauss")
    at = np.linspace(0, pulse.duration, 400)
    u = (at - 1.5e-6) / 0.5e-6
    carrier = np.exp(-0.5 * u * u) * np.sin(2 * np.pi * 3e6 * at)
    assert pulse.at(at) == pytest.approx(-1e5 * carrier, abs=1e-3)


@pytest.mark.parametrize("name", ["lipid", "smooth", "linear", "softening", "measured"])
def test_the_slope_of_a_tension_is_its_derivative(name):
    law = np.array(SHELLS[name].vector(REST), float)
    for ratio in (0.93, 0.99, 1.003, 1.04):
        step = 1e-5 * REST
        ends = [kernels.tension(float(SHELLS[name].code), law, ratio * REST + s, 0.0)[0] for s in (-step, step)]
        value, slope = kernels.tension(float(SHELLS[name].code), law, ratio * REST, 0.0)
        assert value == pytest.approx(float(SHELLS[name].tension(ratio * REST, REST)), abs=1e-15)
        assert slope == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-6, abs=1e-3)


# ------------------------------------------------------------------------------ one step of each method

STIFFNESS, FRICTION = -3.0e13, -4.0e6  # of a linear wall, 1/s2 and 1/s


@pytest.fixture
def linear(monkeypatch):
    """A wall that is a damped spring in place of a bubble; counts how often it is asked."""
    asked = []

    def acceleration(t, radius, speed, *rest):
        asked.append(t)
        return STIFFNESS * (radius - REST) + FRICTION * speed

    monkeypatch.setattr(kernels, "acceleration", acceleration)
    return asked


def exactly(radius, speed, time):
    from scipy.linalg import expm

    return expm(time * np.array([[0, 1], [STIFFNESS, FRICTION]])) @ [radius - REST, speed] + [REST, 0]


def size(difference):
    """Of a difference in radius and speed, in the units of the spring."""
    return math.hypot(difference[0] * math.sqrt(-STIFFNESS), difference[1])


def explicit(radius, speed, h, par=None):
    par = np.zeros(kernels.PARAMETERS) if par is None else par
    start = STIFFNESS * (radius - REST) + FRICTION * speed
    return kernels.explicit_step.__wrapped__(0.0, radius, speed, start, h, 0.0, par, None, None)


def implicit(radius, speed, h, rtol=1e-9, par=None):
    par = np.zeros(kernels.PARAMETERS) if par is None else par
    start = STIFFNESS * (radius - REST) + FRICTION * speed
    return kernels.implicit_step.__wrapped__(
        0.0, radius, speed, start, h, STIFFNESS, FRICTION, (start, start, start), rtol, 1.0, 0.0, par, None, None
    )


@pytest.mark.parametrize(("radius", "speed"), [(1.1 * REST, 0.0), (REST, 2.0), (0.9 * REST, -3.0)])
def test_an_explicit_step_is_of_fifth_order_and_knows_its_error(linear, radius, speed):
    steps = np.array([8e-8, 4e-8, 2e-8])
    off, said = [], []
    for h in steps:
        fine, rn, un, an, er, eu, *_ = explicit(radius, speed, h)
        assert fine and an == pytest.approx(STIFFNESS * (rn - REST) + FRICTION * un, rel=1e-13)
        off.append(size([rn, un] - exactly(radius, speed, h)))
        said.append(size([er, eu]))
    orders = [np.log2(np.array(errors[:-1]) / errors[1:]) for errors in (off, said)]
    assert orders[0] == pytest.approx([6, 6], abs=0.4)
    assert orders[1] == pytest.approx([5, 5], abs=0.4)
    assert np.all(np.array(said) > off)  # the step's own error is that of the fourth order, the larger one


@pytest.mark.parametrize("x", [0.2, 0.5, 0.85])
def test_between_the_ends_of_an_explicit_step_the_fourth_order_holds(linear, x):
    off = []
    for h in (8e-8, 4e-8):
        _, rn, un, _, _, _, br, cr, qr, bu, cu, qu = explicit(1.1 * REST, 2.0, h)
        y = 1 - x
        r = 1.1 * REST + x * (rn - 1.1 * REST + y * (br + x * (cr + y * qr)))
        u = 2.0 + x * (un - 2.0 + y * (bu + x * (cu + y * qu)))
        off.append(size([r, u] - exactly(1.1 * REST, 2.0, x * h)))
    assert np.log2(off[0] / off[1]) > 4.4
    assert off[0] < 1e-4


@pytest.mark.parametrize("h", [2e-8, 1e-7, 1e-6])
def test_an_implicit_step_is_the_pade_approximant_and_needs_one_sweep(linear, h):
    radius, speed = 1.001 * REST, 0.01
    fine, rn, un, *_ = implicit(radius, speed, h)
    z, one = h * np.array([[0, 1], [STIFFNESS, FRICTION]]), np.eye(2)
    below = one - 3 / 5 * z + 3 / 20 * z @ z - z @ z @ z / 60
    passed = np.linalg.solve(below, (one + 2 / 5 * z + z @ z / 20) @ [radius - REST, speed])
    assert fine
    assert rn - REST == pytest.approx(passed[0], rel=1e-6, abs=1e-12 * REST)
    assert un == pytest.approx(passed[1], rel=1e-6, abs=1e-9)
    assert len(linear) == 6  # three stages, solved at once; three more to see that they are


def test_the_error_of_an_implicit_step_is_of_third_order(linear):
    said = []
    for h in (4e-9, 2e-9):
        _, _, _, _, er, eu, *_ = implicit(1.1 * REST, 2.0, h)
        said.append(size([er, eu]))
    assert np.log2(said[0] / said[1]) == pytest.approx(4, abs=0.4)


@pytest.mark.parametrize("take", [explicit, implicit])
def test_a_step_through_the_hard_core_is_refused(linear, take):
    par = np.zeros(kernels.PARAMETERS)
    par[kernels.CORE] = 0.9 * REST
    inward = take(0.95 * REST, -50.0, 2e-8, par=par)
    assert not inward[0] and inward[1:4] == (0.95 * REST, -50.0, inward[3])
    assert take(0.95 * REST, 1.0, 1e-9, par=par)[0]
    # a stage alone may not fall through either
    for h in np.geomspace(1e-10, 1e-7, 40):
        step = take(0.95 * REST, -5.0, h, par=par)
        assert not step[0] or step[1] > 0.9 * REST


def test_the_extremes_of_a_motion_lie_between_its_steps():
    bubble, pulse = Bubble.bare(REST, Gas(), SHELLS["lipid"], 1.07), Pulse("2 MHz", "60 kPa", 6)
    found = simulate(bubble, pulse, WATER, tolerance=1e-5, samples_per_cycle=4000)
    par, law = (rows[0] for rows in bubble_parameters(REST, bubble, pulse, WATER, "keller-miksis"))
    count = 6 * 8 + 1
    out = [np.empty(count) for _ in range(3)]
    _, _, smallest, largest, fastest, _ = kernels.trace(par, law, pulse.wave, REST, pulse.duration, 1e-5, 10**6, *out)
    assert largest == pytest.approx(found.metres.max(), rel=5e-5)
    assert smallest == pytest.approx(found.metres.min(), rel=5e-5)
    assert fastest <= np.abs(found.metres_per_second).max() * (1 + 1e-6)
    assert fastest == pytest.approx(np.abs(found.metres_per_second).max(), rel=0.05)


def test_a_drive_that_breaks_off_rings_down_freely():
    """After the last cycle the same motion goes on as from that state without a drive."""
    bubble, pulse = Bubble.bare(REST, Gas(), SHELLS["smooth"], 1.07), Pulse("2 MHz", "50 kPa", 2)
    found = simulate(bubble, pulse, WATER, tolerance=1e-9, duration="2 us", samples_per_cycle=64)
    from scipy.integrate import solve_ivp

    par, law = (rows[0] for rows in bubble_parameters(REST, bubble, pulse.scaled(0.0), WATER, "keller-miksis"))
    first = int(np.searchsorted(found.seconds, pulse.duration - 1e-12))
    solved = solve_ivp(
        lambda t, y: [y[1], kernels.acceleration(t, y[0], y[1], 0.0, par, law, pulse.wave)],
        (found.seconds[first], found.seconds[-1]), [found.metres[first], found.metres_per_second[first]],
        "DOP853", found.seconds[first:], rtol=1e-10, atol=1e-18,
    ).y  # fmt: skip
    assert np.max(np.abs(solved[0] - found.metres[first:])) < 1e-6 * REST
