"""Stiff walls, small bubbles held by friction: the implicit method against SciPy's, its steps, its clean echo."""

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
    cross_sections,
    kernels,
    simulate,
)
from contrastphys.ultrasound.dynamics import bubble_parameters

WATER = Liquid(sound_speed="1500 m/s")
LIPID = Marmottant("0.5 N/m", "5e-9 kg/s", "0.01 N/m")
SMOOTH = Gompertz("0.5 N/m", "1e-9 kg/s", "0.01 N/m")
THICK = Church("50 MPa", "15 nm", "0.8 Pa*s", "0.04 N/m")
SHELLS = {
    "free": Free(),
    "lipid": LIPID,
    "buckled": Marmottant("0.55 N/m", "5.4e-9 kg/s"),
    "stiff": Marmottant("2.5 N/m", "1e-7 kg/s", "0.02 N/m"),
    "smooth": SMOOTH,
    "linear": DeJong("1.1 N/m", "2.7e-7 kg/s", "0.05 N/m"),
    "thick": THICK,
    "softening": ChatterjeeSarkar("0.55 N/m", "1.2e-8 kg/s", "0.02 N/m", alpha=1.5),
}


@pytest.mark.parametrize(
    ("radius", "shell", "model", "cycles"),
    [(5e-8, LIPID, "keller-miksis", 0.5), (1e-7, SMOOTH, "gilmore", 0.5), (2e-7, THICK, "rayleigh-plesset", 1.0)],
)
def test_against_the_radau_method_of_scipy(radius, shell, model, cycles):
    from scipy.integrate import solve_ivp

    bubble, pulse = Bubble.bare(radius, Gas(), shell, 1.07), Pulse("2 MHz", "300 kPa", cycles)
    par, law = (rows[0] for rows in bubble_parameters(radius, bubble, pulse, WATER, model))
    times = np.linspace(0, pulse.duration, round(64 * cycles) + 1)

    def rhs(t, y):
        return [y[1], kernels.acceleration(t, y[0], y[1], 0.0, par, law, pulse.wave)]

    scale = np.array([radius, radius * 2 * np.pi * pulse.frequency])
    solved = solve_ivp(
        rhs, (0, pulse.duration), [radius, 0.0], "Radau", times, rtol=1e-8, atol=1e-11 * scale, first_step=1e-13
    ).y
    rate = np.array([rhs(t, y)[1] for t, y in zip(times, solved.T, strict=True)])
    source = WATER.density * (solved[0] ** 2 * rate + 2 * solved[0] * solved[1] ** 2)
    found = simulate(bubble, pulse, WATER, model, tolerance=1e-8)
    assert found.steps < 1000  # an explicit method takes tens of thousands
    assert np.max(np.abs(found.metres - solved[0])) < 1e-9 * radius
    assert np.max(np.abs(found.metres_per_second - solved[1])) < 2e-6 * np.max(np.abs(solved[1]))
    assert np.max(np.abs(found.source - source)[1:]) < 5e-5 * np.max(np.abs(source))


@pytest.mark.parametrize("radius", [2e-8, 5e-8, 2e-7])
@pytest.mark.parametrize("name", ["free", "lipid", "smooth", "linear", "thick", "softening"])
def test_small_motion_of_a_stiff_wall_is_the_linear_one(name, radius):
    bubble, pulse = Bubble.bare(radius, Gas(), SHELLS[name], 1.07), Pulse("2.5 MHz", "50 Pa", 20)
    found = simulate(bubble, pulse, WATER, tolerance=1e-10)
    eps = 2 * np.pi * 2.5e6 * radius / WATER.sound_speed
    linear = cross_sections(bubble, "2.5 MHz", WATER).scattering.magnitude
    assert 4 * np.pi * abs(found.harmonic(1)) ** 2 / 50**2 / (1 + eps**2) == pytest.approx(linear, rel=1e-4)


@pytest.mark.filterwarnings("ignore:radius")
@pytest.mark.parametrize("name", SHELLS)
@pytest.mark.parametrize("gas", [Gas(), Gas.bare("C3F8", 1.06, 0.0125, 790, 0.18802)], ids=lambda g: g.name)
def test_no_radius_takes_many_steps(name, gas):
    pulse = Pulse("2 MHz", "100 kPa", 20)
    for radius in np.geomspace(2e-8, 1e-4, 20):
        found = simulate(Bubble.bare(float(radius), gas, SHELLS[name]), pulse, WATER)
        assert found.steps < 2500  # about a microsecond each


@pytest.mark.parametrize("name", ["free", "lipid", "smooth", "stiff", "thick"])
@pytest.mark.parametrize("radius", [2e-8, 5e-8, 1e-7, 2e-7])
def test_the_echo_of_a_nanobubble_is_no_noise(name, radius):
    bubble, pulse = Bubble.bare(radius, Gas(), SHELLS[name], 1.07), Pulse("2 MHz", "100 kPa", 8)
    found, exact = (simulate(bubble, pulse, WATER, tolerance=t) for t in (1e-6, 1e-9))
    off = (found.source - exact.source)[2:]
    assert np.sqrt(np.mean(off**2)) < 0.01 * np.sqrt(np.mean(exact.source[2:] ** 2))
    assert "resolution" not in [f.code for f in found.flags]


def test_a_wall_that_hardly_moves_says_which_tolerance_resolves_it():
    bubble, pulse = Bubble.bare(5e-8, Gas(), LIPID, 1.07), Pulse("2 MHz", "1 kPa", 8)
    found = simulate(bubble, pulse, WATER)
    (flag,) = [f for f in found.flags if f.code == "resolution"]
    assert flag.message == (
        "the wall moves by 5e-05 of R0: at a tolerance of 1e-06 its waveform is noisy; give tolerance = 1e-08"
    )
    better, exact = (simulate(bubble, pulse, WATER, tolerance=t) for t in (1e-8, 1e-11))
    assert "resolution" not in [f.code for f in better.flags]
    assert np.max(np.abs(better.source - exact.source)[2:]) < 0.02 * np.max(np.abs(exact.source))
    still = simulate(bubble, pulse.scaled(0.0), WATER)
    assert "resolution" not in [f.code for f in still.flags]


def test_a_pulse_that_breaks_off_leaves_a_clean_ring():
    """The step ends where the drive does, in either method."""
    for radius in (1e-7, 2e-6):
        bubble, pulse = Bubble.bare(radius, Gas(), SMOOTH, 1.07), Pulse("2 MHz", "100 kPa", 2.25)
        found, exact = (simulate(bubble, pulse, WATER, duration="2 us", tolerance=t) for t in (1e-6, 1e-10))
        assert np.max(np.abs(found.metres - exact.metres)) < 5e-5 * radius
        after = exact.seconds > pulse.duration
        assert np.ptp(exact.metres[after][-32:]) < np.ptp(exact.metres[~after])
