"""Echoes of populations: harmonics, pulse sequences, any distribution from one grid."""

import math

import numpy as np
import pytest

from contrastphys.formulation import Formulation
from contrastphys.provenance import Refusal
from contrastphys.ultrasound import (
    Bubble,
    Free,
    Gas,
    Liquid,
    LogNormal,
    Marmottant,
    Monodisperse,
    Population,
    Pulse,
    cross_sections,
    simulate,
)
from contrastphys.ultrasound.agents import predict
from contrastphys.ultrasound.echo import echo_table, harmonics, sequence_echo
from contrastphys.ultrasound.imaging import tissue_left
from contrastphys.ultrasound.subharmonics import subharmonic_map

WATER = Liquid()
GAS = Gas()
SHELL = Marmottant("0.5 N/m", "2.4e-9 kg/s", "0.01 N/m")
ONE = Bubble("1.5 um", GAS, SHELL, polytropic=1.07)
PULSE = Pulse("2 MHz", "60 kPa", 4, "hann")


def single(radius="1.5 um", shell=SHELL):
    return Population(Monodisperse(radius), "1e6 1/mL", GAS, shell, WATER, polytropic=1.07)


@pytest.mark.parametrize(("sequence", "level"), [("pulse-inversion", -5.9), ("amplitude-modulation", -1.3)])
def test_residuals_of_a_lipid_bubble(sequence, level):
    found = sequence_echo(single(), PULSE, sequence, tolerance=1e-7)
    assert found.residual_db == pytest.approx(level, abs=0.05)


@pytest.mark.parametrize("sequence", ["pulse-inversion", "amplitude-modulation", "combined"])
def test_linear_bubbles_vanish(sequence):
    found = sequence_echo(single(shell=Free()), PULSE.changed(amplitude=10.0), sequence, tolerance=1e-10)
    assert found.residual_db < -70


def test_gentle_echo_is_the_linear_cross_section():
    long = Pulse("3 MHz", "100 Pa", 60, "hann")
    found = sequence_echo(single(), long, "linear", tolerance=1e-9)
    linear = cross_sections(ONE, "3 MHz", WATER).scattering.magnitude
    assert found.single == pytest.approx(linear, rel=5e-3)


def test_harmonics_of_many_are_those_of_each():
    drive = Pulse("2 MHz", "80 kPa", 20)
    radii = np.array([0.8e-6, 1.5e-6, 2.5e-6])
    found = harmonics.bare(radii, ONE, drive, WATER, (1, 2, 3), tolerance=1e-8)
    for radius, row in zip(radii, found.amplitude, strict=True):
        trace = simulate(ONE.changed(radius=radius), drive, WATER, tolerance=1e-8)
        each = [abs(trace.harmonic(k)) for k in (1, 2, 3)]
        assert np.abs(row) == pytest.approx(each, rel=1e-6)
    assert found.power() == pytest.approx(np.sum(np.abs(found.amplitude) ** 2, axis=0))


def test_workers_do_not_change_the_answer():
    radii = np.geomspace(0.5e-6, 4e-6, 150)
    drive = Pulse("2 MHz", "80 kPa", 8)
    both = [harmonics.bare(radii, ONE, drive, WATER, workers=n).amplitude for n in (1, 3)]
    assert np.array_equal(*both)


def test_power_of_a_population_at_the_default_tolerance():
    radii = np.random.default_rng(7).lognormal(math.log(1.2e-6), 0.4, 200)
    drive = Pulse("2 MHz", "100 kPa", 20)
    power = [harmonics.bare(radii, ONE, drive, WATER, tolerance=t).power() for t in (1e-5, 1e-8)]
    assert power[0] == pytest.approx(power[1], rel=2e-3)


def test_one_grid_serves_every_distribution():
    grid = np.geomspace(0.4e-6, 6e-6, 160)
    table = echo_table(grid, ONE, PULSE, WATER, "pulse-inversion")
    each = table.cross_sections()[1]
    for median, sigma in ((1.0e-6, 0.3), (1.6e-6, 0.25)):
        sizes = LogNormal.bare(median, sigma)
        weight = sizes.density(grid)
        mean = float(weight @ each / weight.sum())
        cloud = Population(sizes, "1e6 1/mL", GAS, SHELL, WATER, polytropic=1.07)
        assert sequence_echo(cloud, PULSE).residual == pytest.approx(mean, rel=0.02)


def test_a_sweep_over_distributions_simulates_each_radius_once(monkeypatch):
    """Populations that share shell, gas and pulse share their radii; the answer is that of a fresh start."""
    from contrastphys.ultrasound import echo
    from contrastphys.ultrasound.sounding import Memory

    clouds = [
        Population(LogNormal.bare(median, sigma), "1e6 1/mL", GAS, SHELL, WATER, polytropic=1.07)
        for median in np.linspace(0.8e-6, 1.6e-6, 9) for sigma in (0.3, 0.4)
    ]  # fmt: skip
    simulated = []
    plain = echo.echo_table
    monkeypatch.setattr(echo, "_MEMORY", Memory())
    monkeypatch.setattr(echo, "echo_table", lambda radii, *a: simulated.append(len(radii)) or plain(radii, *a))
    swept = [echo.sequence_echo(cloud, PULSE).residual for cloud in clouds]
    assert simulated[0] >= 64
    assert sum(simulated) < 5 * simulated[0]  # for eighteen populations
    assert len(simulated) < len(clouds)  # some needed nothing new
    monkeypatch.setattr(echo, "_MEMORY", Memory())
    assert echo.sequence_echo(clouds[-1], PULSE).residual == swept[-1]
    simulated.clear()
    other = clouds[-1].changed(shell=SHELL.changed(chi=0.6))
    assert echo.sequence_echo(other, PULSE).residual != swept[-1]
    assert simulated[0] >= 64  # another shell starts anew


def test_memory_forgets_the_oldest():
    from contrastphys.ultrasound.sounding import Memory, Rungs

    memory, at = Memory(keys=2), Rungs(np.array([1.0, 2.0]), np.ones(2), (0, 1))
    made = []
    for key in ("a", "b", "c", "c", "a"):
        rows = memory.get(key, at, lambda radii, key=key: made.append(key) or np.column_stack([radii, radii**2]))
        assert rows.tolist() == [[1, 1], [2, 4]]
    assert made == ["a", "b", "c", "a"]


def test_enough_radii_are_simulated():
    cloud = Population(LogNormal("1.2 um", 0.4), "1e6 1/mL", GAS, SHELL, WATER, polytropic=1.07)
    strong = Pulse("3 MHz", "200 kPa", 4, "hann")
    found = [sequence_echo(cloud, strong, classes=n).residual for n in (64, 150)]
    assert found[0] == pytest.approx(found[1], rel=0.01)


def test_refusals():
    with pytest.raises(Refusal, match="a subharmonic from 20 cycles"):
        harmonics(["1 um"], ONE, Pulse("2 MHz", "50 kPa", 20), WATER, (0.5,))
    with pytest.raises(Refusal, match="at least 4 whole cycles"):
        harmonics(["1 um"], ONE, Pulse("2 MHz", "50 kPa", 3), WATER)
    with pytest.raises(ValueError, match="sequence is one of"):
        sequence_echo(single(), PULSE, "doppler")


def test_tissue_keeps_its_own_harmonic():
    calm = tissue_left("liver", "pulse-inversion", 1.0, 3e6, 0.03, 30.0)
    assert calm == pytest.approx(1e-3, rel=1e-6)
    loud = [tissue_left("liver", s, 2e5, 3e6, 0.03, 30.0) for s in ("pulse-inversion", "amplitude-modulation")]
    assert loud[0] > loud[1] > calm
    doubled = tissue_left("liver", "pulse-inversion", 4e5, 3e6, 0.03, 30.0) - calm
    assert doubled == pytest.approx(4 * (loud[0] - calm))


def test_a_sequence_lowers_the_detection_limit():
    shell = {"law": "marmottant", "chi": "0.5 N/m", "kappa_s": "5e-9 kg/s", "sigma0": "0.01 N/m"}
    made = Formulation(
        id="soft", kind="bubble", gas={"species": "C4F10", "diameter": "2.5 um", "sigma_ln": 0.4, "shell": shell}
    )
    plain = predict(made, "c_min", {"pressure_amplitude": 200.0})
    for sequence in ("pulse-inversion", "amplitude-modulation", "combined"):
        found = predict(made, "c_min", {"pressure_amplitude": 200.0, "sequence": sequence})
        assert found.number < plain.number / 10
        assert {"residual", "suppression"} <= {flag.code for flag in found.flags}
        assert found.low <= found.number < found.high


def test_subharmonic_comes_and_goes_with_the_pressure():
    coat = Marmottant("0.5 N/m", "2e-9 kg/s", "0.01 N/m")
    found = subharmonic_map(
        "2 um", "5.6 MHz", ["20 kPa", "50 kPa", "120 kPa"], ["10 mN/m", "60 mN/m"], coat, GAS,
        Liquid(sound_speed="1500 m/s"), polytropic=1.07,
    )  # fmt: skip
    assert found.emitting("marmottant").tolist() == [[False, True, False], [False, True, True]]
    marmottant = Bubble("2 um", GAS, Marmottant.bare(coat.chi, coat.kappa_s, 0.01, coat.sigma_w), 1.07)
    drive = Pulse("5.6 MHz", "50 kPa", 60)
    half, whole = np.abs(
        harmonics("2 um", marmottant, drive, Liquid(sound_speed="1500 m/s"), (0.5, 1.0), tolerance=1e-8).amplitude[0]
    )
    assert found.level[0, 0, 1] == pytest.approx(20 * math.log10(half / whole), abs=1.0)
    assert not found.emitting("gompertz")[0].any()  # the smooth law stays silent there
    with pytest.raises(Refusal, match="at least 40 cycles"):
        subharmonic_map("2 um", "5.6 MHz", "50 kPa", "10 mN/m", coat, GAS, WATER, cycles=10)
    with pytest.raises(ValueError, match="laws are marmottant and gompertz, not free"):
        subharmonic_map("2 um", "5.6 MHz", "50 kPa", "10 mN/m", coat, GAS, WATER, ("free",))
    alone = subharmonic_map("2 um", "5.6 MHz", "50 kPa", "10 mN/m", coat, GAS, WATER, ("gompertz",))
    assert "one law" in [flag.code for flag in alone.flags]


@pytest.mark.parametrize(("radius", "pressure"), [("50 nm", "100 kPa"), ("100 nm", "500 kPa"), ("200 nm", "100 kPa")])
def test_harmonics_of_stiff_nanobubbles_are_no_noise(radius, pressure):
    """Friction magnifies errors of the speed in the acceleration, which the harmonics must not see."""
    tiny = Bubble(radius, GAS, Marmottant("0.5 N/m", "5e-9 kg/s", "0.01 N/m"), 1.07)
    drive = Pulse("2 MHz", pressure, 20)
    exact = simulate(tiny, drive, WATER, tolerance=1e-10)
    found = harmonics(radius, tiny, drive, WATER, (1.0, 2.0)).amplitude[0]
    for order in (1, 2):
        assert abs(found[order - 1] / exact.harmonic(order) - 1) < 0.02
    pulse = Pulse("2 MHz", pressure, 4, "hann")
    cloud = Population(Monodisperse(radius), "1e6 1/mL", GAS, tiny.shell, WATER, polytropic=1.07)
    loose, tight = (sequence_echo(cloud, pulse, tolerance=t).single for t in (1e-5, 1e-9))
    assert loose == pytest.approx(tight, rel=0.02)


def test_a_table_of_echoes_keeps_the_extremes_of_each_bubble():
    radii = np.array([1.0e-6, 1.6e-6])
    table = echo_table(radii, ONE, PULSE, WATER, "pulse-inversion", tolerance=1e-7)
    for radius, (smallest, largest, mach) in zip(radii, table.extremes, strict=True):
        one = Bubble.bare(radius, GAS, SHELL, 1.07)
        both = [simulate(one, PULSE.scaled(s), WATER, duration="6 us", tolerance=1e-7, samples_per_cycle=2000)
                for s in (1.0, -1.0)]  # fmt: skip
        assert smallest == pytest.approx(min(m.metres.min() for m in both) / radius, rel=1e-5)
        assert largest == pytest.approx(max(m.metres.max() for m in both) / radius, rel=1e-5)
        speed = max(np.abs(m.metres_per_second).max() for m in both) / WATER.sound_speed
        assert mach == pytest.approx(speed, rel=0.02)


def test_a_bubble_that_cannot_be_followed_is_told_by_its_row():
    from contrastphys.ultrasound import kernels
    from contrastphys.ultrasound.dynamics import bubble_parameters

    par, shell = bubble_parameters(np.array([1e-6, 2e-6]), ONE, PULSE, WATER, "keller-miksis")
    sources, summary = np.zeros((2, 50)), np.zeros((2, 6))
    kernels.echoes(par, shell, PULSE.wave, np.full(2, 2e-6), 1e-6, 3, sources, summary)
    assert summary[:, 0].tolist() == [kernels.BUDGET] * 2
    assert summary[:, 5].tolist() == [3, 3]
    kernels.echoes(par, shell, PULSE.wave, np.full(2, 2e-6), 1e-6, 10**6, sources, summary)
    assert summary[:, 0].tolist() == [kernels.DONE] * 2
    assert np.all(summary[:, 1] < [1e-6, 2e-6]) and np.all(summary[:, 2] > [1e-6, 2e-6])
