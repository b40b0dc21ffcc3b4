"""Motion in a pulse: reference traces, linear limit, conservation, refusals, nothing hangs."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import references_ultrasound as ref
from hypothesis import given, settings
from hypothesis import strategies as st

from contrastphys import ultrasound
from contrastphys.provenance import Refusal
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
    cross_sections,
    kernels,
    resonance,
    simulate,
)
from contrastphys.units import Q

DATA = Path(__file__).parent / "data" / "ultrasound"
WATER = Liquid(sound_speed="1500 m/s")
AIR = Gas("air", "1.40", "0.0262 W/m/K", "1007 J/kg/K", "0.02896 kg/mol")
CASES = {  # file, bubble, pulse, R_max/R0, R_min/R0
    "A": ("Rt_A_free_10kPa", Bubble("2 um", AIR, Free(), 1.4), Pulse("2 MHz", "10 kPa", 10), 1.15614, 0.85437),
    "C": (
        "Rt_C_marmottant_50kPa",
        Bubble("2 um", AIR, Marmottant("0.5 N/m", "5e-9 kg/s", "0.01 N/m"), 1.07),
        Pulse("2 MHz", "50 kPa", 20), 1.20242, 0.70851,
    ),
    "D": (
        "Rt_D_marmottant_buckled_100kPa",
        Bubble("1.7 um", AIR, Marmottant("0.5 N/m", "5e-9 kg/s", "1e-9 N/m"), 1.07),
        Pulse("2 MHz", "100 kPa", 20), 1.25584, 0.59382,
    ),
    "G": (
        "Rt_G_gompertz_100kPa",
        Bubble("2 um", AIR, Gompertz("0.5 N/m", "5e-9 kg/s", "0.02 N/m"), 1.07),
        Pulse("2 MHz", "100 kPa", 20), 1.44089, 0.53477,
    ),
    "H": (
        "Rt_H_subharmonic_60kPa",
        Bubble("2 um", AIR, Marmottant("0.5 N/m", "2e-9 kg/s", "1e-6 N/m"), 1.07),
        Pulse("4.4 MHz", "60 kPa", 40), 1.05258, 0.89660,
    ),
}  # fmt: skip
SMOOTH = [
    Free(),
    Marmottant("0.5 N/m", "5e-9 kg/s", "0.02 N/m"),
    Gompertz("0.5 N/m", "5e-9 kg/s", "0.02 N/m"),
    DeJong("1.1 N/m", "2.7e-7 kg/s", "0.05 N/m"),
    Church("50 MPa", "15 nm", "0.8 Pa*s", "0.04 N/m"),
    ChatterjeeSarkar("0.55 N/m", "1.2e-8 kg/s", "0.02 N/m", alpha=1.5),
    Tabulated.of(np.linspace(0.7, 1.5, 81), Q(0.02 + 0.3 * np.linspace(-0.3, 0.5, 81), "N/m"), "5e-9 kg/s"),
]


@pytest.mark.parametrize("case", CASES)
def test_reference_traces(case):
    name, bubble, pulse, largest, smallest = CASES[case]
    lines = (DATA / f"{name}.csv").read_text("utf-8").splitlines()
    data = np.genfromtxt([line for line in lines if line[0].isdigit()], delimiter=",")
    per_cycle = round((len(data) - 1) / pulse.cycles)
    found = simulate(bubble, pulse, WATER, tolerance=1e-11, samples_per_cycle=per_cycle)
    assert found.seconds == pytest.approx(data[:, 0], abs=1e-14)
    assert np.max(np.abs(found.metres - data[:, 1])) < 1e-7 * bubble.radius
    assert np.max(np.abs(found.metres_per_second - data[:, 2])) < 1e-6 * np.max(np.abs(data[:, 2]))
    off = np.abs(found.source - data[:, 3]) / np.max(np.abs(data[:, 3]))
    assert np.sort(off)[-2] < 1e-6  # one sample of H stands on the corner, where the acceleration jumps
    assert found.largest == pytest.approx(largest, abs=1.5e-5)
    assert found.smallest == pytest.approx(smallest, abs=1e-5)
    loose = simulate(bubble, pulse, WATER, samples_per_cycle=per_cycle)
    assert np.max(np.abs(loose.metres - data[:, 1])) < 4e-4 * bubble.radius  # the stated error of the default


def test_subharmonic_of_case_h():
    _, bubble, pulse, _, _ = CASES["H"]
    found = simulate(bubble, pulse, WATER, tolerance=1e-9)
    level = 20 * math.log10(abs(found.harmonic(0.5)) / abs(found.harmonic(1)))
    assert level == pytest.approx(-14, abs=1)
    short = simulate(bubble, pulse.changed(cycles=5.0), WATER)
    with pytest.raises(Refusal, match="a subharmonic from 5 cycles is a transient"):
        short.harmonic(0.5)


@pytest.mark.parametrize("shell", SMOOTH, ids=lambda s: type(s).__name__)
def test_small_amplitudes_follow_the_linear_formulas(shell):
    bubble = Bubble("2 um", AIR, shell, 1.4)
    pulse = Pulse("2.5 MHz", "20 Pa", 100)
    found = simulate(bubble, pulse, WATER, tolerance=1e-12)
    measured = 4 * math.pi * abs(found.harmonic(1)) ** 2 / 20**2
    eps = 2 * math.pi * 2.5e6 * 2e-6 / 1500
    linear = cross_sections(bubble, "2.5 MHz", WATER).scattering.magnitude
    assert measured / (1 + eps**2) == pytest.approx(linear, rel=1e-4)


def test_thermal_damping_enters_both_alike():
    bubble = Bubble("2 um", AIR, Free())
    found = simulate(bubble, Pulse("2.5 MHz", "20 Pa", 100), WATER, tolerance=1e-12)
    eps = 2 * math.pi * 2.5e6 * 2e-6 / 1500
    linear = cross_sections(bubble, "2.5 MHz", WATER).scattering.magnitude
    assert 4 * math.pi * abs(found.harmonic(1)) ** 2 / 400 / (1 + eps**2) == pytest.approx(linear, rel=1e-4)
    assert "thermal" in [f.code for f in found.flags]


def test_at_a_kink_the_bubble_rings_at_the_bilinear_frequency():
    bubble = Bubble("1.5 um", AIR, Marmottant("0.5 N/m", "2e-10 kg/s"), 1.07)
    thin = Liquid(viscosity="1e-5 Pa*s", sound_speed="1500 m/s")
    found = simulate(
        bubble, Pulse("2 MHz", "1e-9 Pa", 40), thin, initial_radius="1.5003 um", tolerance=1e-11,
        samples_per_cycle=400,
    )  # fmt: skip
    x = found.metres - 1.5e-6
    up = np.flatnonzero((x[:-1] < 0) & (x[1:] >= 0))
    crossing = found.seconds[up] - x[up] * (found.seconds[up + 1] - found.seconds[up]) / (x[up + 1] - x[up])
    measured = 1 / np.mean(np.diff(crossing[:10]))
    assert measured == pytest.approx(resonance(bubble, thin).frequency.magnitude, rel=0.02)


def test_a_kinked_bubble_scatters_like_the_bilinear_one():
    bubble = Bubble("1.5 um", AIR, Marmottant("0.5 N/m", "5e-9 kg/s"), 1.07)
    off = {}
    for f in (1.0, 2.0, 2.5, 3.0, 4.0, 6.0):
        found = simulate(bubble, Pulse(Q(f, "MHz"), "100 Pa", 120), WATER, tolerance=1e-9)
        eps = 2 * math.pi * f * 1e6 * 1.5e-6 / 1500
        solved = 4 * math.pi * abs(found.harmonic(1)) ** 2 / 100**2 / (1 + eps**2)
        for side in ("bilinear", "below", "above"):
            linear = cross_sections(bubble, Q(f, "MHz"), WATER, side=side).scattering.magnitude
            off.setdefault(side, []).append(abs(math.log(linear / solved)))
    assert max(off["bilinear"]) < math.log(1.35)  # within a third at any frequency
    assert max(off["bilinear"][3:]) < math.log(1.1)  # and above the resonance within a tenth
    assert min(max(off["below"]), max(off["above"])) > math.log(3)


@pytest.mark.parametrize("model", ["keller-miksis", "gilmore", "rayleigh-plesset", "rayleigh-plesset-radiation"])
@pytest.mark.parametrize("shell", [*SMOOTH, Marmottant("0.5 N/m", sigma0="0.01 N/m")], ids=lambda s: type(s).__name__)
def test_no_sound_no_motion(model, shell):
    bubble = Bubble("1.3 um", AIR, shell, 1.07)
    found = simulate(bubble, Pulse("2 MHz", "0 Pa", 20), WATER, model, tolerance=1e-12)
    assert found.metres == pytest.approx(bubble.radius, rel=1e-10)


@pytest.mark.parametrize("shell", SMOOTH, ids=lambda s: type(s).__name__)
def test_compiled_tension_is_the_stated_law(shell):
    radii = np.linspace(0.5, 2, 151) * 1.3e-6
    vector = np.array(shell.vector(1.3e-6))
    found = np.array([kernels.tension(float(shell.code), vector, r, 0.0) for r in radii])
    assert np.allclose(found[:, 0], shell.tension(radii, 1.3e-6), rtol=1e-12, atol=1e-15)
    h = 1e-7 * radii
    slope = (shell.tension(radii + h, 1.3e-6) - shell.tension(radii - h, 1.3e-6)) / (2 * h)
    smooth = np.abs(found[:, 1] - slope) < 1e-5 * np.max(np.abs(slope)) + 1e-6
    assert np.mean(smooth) > 0.98  # all but the steps across a corner


def test_against_a_literal_right_side():
    from scipy.integrate import solve_ivp

    _, bubble, pulse, _, _ = CASES["G"]
    omega = 2 * math.pi * 2e6
    pressure = pulse.amplitude
    solved = solve_ivp(
        ref.keller_miksis_rhs_of(
            rest=2e-6, kappa=1.07, rest_tension=0.02, shell_friction=5e-9,
            tension=lambda r: ref.gompertz_tension(r, 2e-6, 0.5, 0.02, 0.072),
            drive=lambda t: -pressure * math.sin(omega * t),
            drive_rate=lambda t: -pressure * omega * math.cos(omega * t),
        ),
        (0, 2e-6), [2e-6, 0.0], method="DOP853", rtol=1e-9, atol=[1e-16, 1e-9], t_eval=np.linspace(0, 2e-6, 257),
        first_step=1e-11, max_step=2e-8,
    )  # fmt: skip
    found = simulate(bubble, pulse.changed(cycles=4.0), WATER, tolerance=1e-10)
    assert np.max(np.abs(found.metres - solved.y[0])) < 1e-5 * 2e-6


def test_free_bubble_without_losses_keeps_its_energy():
    calm = Liquid(viscosity="0 Pa*s")
    bubble = Bubble("2 um", AIR, Free(), 1.4)
    found = simulate(
        bubble, Pulse("1 MHz", "0 Pa", 20), calm, "rayleigh-plesset", initial_radius="3 um", tolerance=1e-11
    )
    r, u = found.metres, found.metres_per_second
    gas = 101325 + 2 * 0.072 / 2e-6
    kinetic = 2 * math.pi * calm.density * r**3 * u**2
    stored = 4 / 3 * math.pi * r**3 * 101325 + 4 * math.pi * r**2 * 0.072
    inner = gas * 4 / 3 * math.pi * (2e-6) ** (3 * 1.4) * r ** (3 - 3 * 1.4) / 0.4
    total = kinetic + stored + inner
    assert np.ptp(total) < 1e-8 * np.mean(total)


def test_equations_agree_where_they_must():
    bubble = CASES["C"][1]
    pulse = Pulse("2 MHz", "50 kPa", 6)
    hard = Liquid(sound_speed="1500 m/s").changed(sound_speed=1.5e8)
    one = simulate(bubble, pulse, hard, "keller-miksis", tolerance=1e-9)
    other = simulate(bubble, pulse, hard, "rayleigh-plesset", tolerance=1e-9)
    assert np.max(np.abs(one.metres - other.metres)) < 2e-5 * bubble.radius
    gentle = Pulse("2 MHz", "10 kPa", 6)
    models = ["keller-miksis", "gilmore", "rayleigh-plesset-radiation"]
    swings = [np.ptp(simulate(bubble, gentle, WATER, m).metres) for m in models]
    assert swings == pytest.approx([swings[0]] * 3, rel=0.04)


def test_tighter_tolerance_changes_little():
    _, bubble, pulse, _, _ = CASES["C"]
    loose, tight = (simulate(bubble, pulse, WATER, tolerance=t) for t in (1e-6, 1e-8))
    assert np.max(np.abs(loose.metres - tight.metres)) < 3.5e-4 * bubble.radius


def test_radiated_pressure_is_the_source_over_the_distance():
    found = simulate(*CASES["G"][1:3], WATER, samples_per_cycle=2000, tolerance=1e-10)
    volume = 4 / 3 * math.pi * found.metres**3
    step = found.seconds[1]
    differenced = 998 * (volume[2:] - 2 * volume[1:-1] + volume[:-2]) / step**2 / (4 * math.pi * 0.01)
    radiated = found.radiated("1 cm").magnitude[1:-1]
    assert np.max(np.abs(differenced - radiated)) < 2e-3 * np.max(np.abs(radiated))
    with pytest.raises(TypeError, match="distance needs a unit"):
        found.radiated(0.01)


def test_measured_waveform_moves_like_the_formula():
    _, bubble, _, _, _ = CASES["C"]
    pulse = Pulse("2 MHz", "50 kPa", 5, "hann")
    time = np.linspace(0, pulse.duration, 401)
    copy = Pulse.measured(Q(time * 1e6, "us"), Q(pulse.at(time), "Pa"))
    assert copy.frequency == pytest.approx(2e6, rel=0.1)
    assert copy.peak == pytest.approx(pulse.peak, rel=0.05)
    both = [simulate(bubble, p, WATER, duration="4 us", samples_per_cycle=s) for p, s in ((pulse, 64), (copy, 64))]
    values = np.interp(both[0].seconds, both[1].seconds, both[1].metres)
    assert np.max(np.abs(values - both[0].metres)) < 5e-4 * bubble.radius


def test_waveform_of_a_file(tmp_path):
    file = tmp_path / "wave.csv"
    pulse = Pulse("2 MHz", "50 kPa", 5, "hann")
    time = np.linspace(0, pulse.duration, 201)
    rows = "\n".join(f"{t * 1e6},{p / 1e3}" for t, p in zip(time, pulse.at(time), strict=True))
    file.write_text(f"# source: test\ntime [us],pressure [kPa]\n{rows}\n", "utf-8")
    read = Pulse.read(file)
    assert read.duration == pytest.approx(pulse.duration)
    assert read.energy() == pytest.approx(pulse.energy(), rel=1e-3)
    assert read.scaled(-0.5).at(1.1e-6) == pytest.approx(-0.5 * pulse.at(1.1e-6), rel=1e-3)


def test_break_up_is_for_good():
    shell = Marmottant("0.5 N/m", "5e-9 kg/s", "0.01 N/m", break_up="0.2 N/m")
    bubble = Bubble("2 um", AIR, shell, 1.07)
    assert not simulate(bubble, Pulse("2 MHz", "20 kPa", 5), WATER).broken
    found = simulate(bubble, Pulse("2 MHz", "200 kPa", 5), WATER)
    assert found.broken
    assert found.largest > 1.17


def test_flags_of_violent_motion():
    found = simulate(Bubble("2 um", AIR, Marmottant("0.5 N/m", sigma0="0.01 N/m"), 1.07), Pulse("1 MHz", "400 kPa", 3))
    codes = [f.code for f in found.flags]
    assert "break-up" in codes
    assert "mach" in codes
    heavy = Gas("C4F10", "1.05", "0.0136 W/m/K", "883 J/kg/K", "0.23803 kg/mol")
    found = simulate(Bubble("2 um", heavy, Free(), 1.05), Pulse("1 MHz", "250 kPa", 3), WATER)
    assert {"shape", "gas density"} <= {f.code for f in found.flags}
    calm = simulate(Bubble("2 um", heavy, Free(), 1.05), Pulse("1 MHz", "10 kPa", 3), WATER)
    assert calm.flags == ()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Pulse(2e6, "50 kPa"), "frequency needs a unit"),
        (lambda: Pulse("2 MHz", 5e4), "amplitude needs a unit"),
        (lambda: Pulse("2 MHz", "50 kPa", 5, "gaussian"), "envelope is one of"),
        (lambda: Pulse.measured(Q([0, 1, 3, 4, 5, 6, 7, 8], "us"), Q(np.ones(8), "Pa")), "equal steps"),
        (lambda: simulate(CASES["A"][1], Pulse("2 MHz", "1 kPa"), WATER, "keller"), "model is one of"),
        (lambda: simulate(CASES["A"][1], Pulse("2 MHz", "1 kPa"), WATER, tolerance=0.5), "tolerance is 0.5"),
        (lambda: simulate(CASES["A"][1], Pulse("2 MHz", "1 kPa"), WATER, budget=3), "3 steps did not reach the end"),
    ],
)
def test_bad_input(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()


@pytest.mark.filterwarnings("ignore:radius")
@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    st.floats(math.log(2e-8), math.log(1e-4)),
    st.floats(math.log(1e5), math.log(5e7)),
    st.floats(0, 5e6),
    st.sampled_from([*SMOOTH, Marmottant("0.5 N/m"), Marmottant("2.5 N/m", "1e-7 kg/s", break_up="1 N/m")]),
    st.sampled_from(["keller-miksis", "gilmore", "rayleigh-plesset", "rayleigh-plesset-radiation"]),
)
def test_nothing_hangs(log_radius, log_frequency, pressure, shell, model):
    bubble = Bubble.bare(math.exp(log_radius), AIR, shell, 1.07)
    pulse = Pulse.bare(math.exp(log_frequency), pressure, 3.0)
    try:
        found = simulate(bubble, pulse, WATER, model, samples_per_cycle=16, budget=30_000)
    except Refusal as why:
        assert why.flag.code == "collapse"  # the step budget is never spent
    else:
        assert np.all(np.isfinite(found.metres))
        assert np.all(found.metres > 0)
        assert np.all(np.isfinite(found.source))


def test_without_a_compiler_the_numbers_are_the_same():
    import subprocess
    import sys

    script = (
        "import sys; sys.modules['numba'] = None\n"
        "from contrastphys.ultrasound import *\n"
        "bubble = Bubble('2 um', Gas(), Gompertz('0.5 N/m', '5e-9 kg/s', '0.02 N/m'), 1.07)\n"
        "print(repr(float(simulate(bubble, Pulse('2 MHz', '60 kPa', 2), Liquid()).metres[-1])))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    bubble = Bubble("2 um", Gas(), Gompertz("0.5 N/m", "5e-9 kg/s", "0.02 N/m"), 1.07)
    here = simulate(bubble, Pulse("2 MHz", "60 kPa", 2), Liquid()).metres[-1]
    assert float(done.stdout) == pytest.approx(here, rel=1e-9)


@pytest.mark.parametrize("medium", ["blood", Liquid("gel", viscosity="15 mPa*s", shear_modulus="50 kPa")])
def test_blood_and_soft_tissue_follow_the_linear_formulas(medium):
    bubble = Bubble("1.5 um", Gas(), Marmottant("0.5 N/m", "5e-9 kg/s", "0.02 N/m"), 1.07)
    pulse = Pulse("3 MHz", "20 Pa", cycles=80)
    run = simulate(bubble, pulse, medium, tolerance=1e-10)
    linear = cross_sections(bubble, "3 MHz", medium).scattering.magnitude
    eps = 2 * math.pi * 3e6 * 1.5e-6 / run.medium.sound_speed
    assert 4 * math.pi * abs(run.harmonic()) ** 2 / 20**2 / (1 + eps**2) == pytest.approx(linear, rel=1e-4)


def test_rooms_of_bubbles_import_downwards():
    """No two files of the room import each other, directly or around a corner, not even for types."""
    room = Path(ultrasound.__file__).parent
    names = {path.stem for path in room.glob("*.py")} - {"__init__"}
    arrows = {name: set(re.findall(r"from \.(\w+) import", (room / f"{name}.py").read_text("utf-8"))) for name in names}
    for name in names:
        for other in set(re.findall(r"^from \. import ([\w, ]+)", (room / f"{name}.py").read_text("utf-8"), re.M)):
            arrows[name] |= set(other.split(", "))
    left = dict(arrows)
    while free := [name for name, below in left.items() if not below & left.keys()]:
        for name in free:
            del left[name]
    assert not left
