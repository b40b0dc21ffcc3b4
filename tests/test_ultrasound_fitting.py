"""Shell parameters from synthetic measurements, and what the fit says when they cannot be had."""

import numpy as np
import pytest

from contrastphys.calibration import calibrate
from contrastphys.formulation import load
from contrastphys.provenance import Refusal
from contrastphys.ultrasound import Bubble, Church, Gas, Liquid, LogNormal, Marmottant, Population, Pulse, simulate
from contrastphys.ultrasound.agents import predict
from contrastphys.ultrasound.fitting import fit_attenuation, fit_trace
from contrastphys.units import Q

WATER = Liquid()
TRUE = Marmottant("0.6 N/m", "8e-9 kg/s", "0.02 N/m")
START = TRUE.changed(chi=0.25, kappa_s=2e-9)
CLOUD = Population(LogNormal("1.2 um", 0.3), "1e5 1/mL", Gas(), TRUE, WATER)
FREQUENCY = Q(np.linspace(1, 10, 37), "MHz")


def spectrum(cloud, noise=0.0):
    values = cloud.bulk(FREQUENCY).attenuation
    return values * (1 + noise * np.random.default_rng(3).standard_normal(values.magnitude.size))


def test_a_spectrum_gives_back_its_shell():
    found = fit_attenuation(CLOUD.changed(shell=START), FREQUENCY, spectrum(CLOUD))
    assert found.parameters["chi"].to("N/m").magnitude == pytest.approx(0.6, rel=1e-4)
    assert found.parameters["kappa_s"].to("kg/s").magnitude == pytest.approx(8e-9, rel=1e-3)
    assert found.misfit < 1e-5


def test_intervals_hold_the_truth_under_noise():
    found = fit_attenuation(CLOUD.changed(shell=START), FREQUENCY, spectrum(CLOUD, 0.05))
    low, high = (v.to("N/m").magnitude for v in found.intervals["chi"])
    assert low - (high - low) < 0.6 < high + (high - low)
    assert high / low < 1.1
    assert "misfit" not in [flag.code for flag in found.flags]


def test_a_wrong_law_shows_as_misfit():
    thick = CLOUD.changed(shell=Church("50 MPa", "15 nm", "0.5 Pa*s"))
    wrong = spectrum(CLOUD) * np.where(FREQUENCY.magnitude > 5, 3.0, 0.3)
    found = fit_attenuation(thick, FREQUENCY, wrong, ("shear_modulus",))
    assert "misfit" in [flag.code for flag in found.flags]


def test_a_trace_gives_back_its_shell():
    bubble = Bubble("2 um", Gas(), TRUE, 1.07)
    pulse = Pulse("2 MHz", "40 kPa", 6, "hann")
    moved = simulate(bubble, pulse, WATER, tolerance=1e-9)
    noise = 2e-9 * np.random.default_rng(5).standard_normal(moved.metres.size)
    found = fit_trace(bubble.changed(shell=START), pulse, moved.time, Q(moved.metres + noise, "m"), WATER)
    assert found.parameters["chi"].to("N/m").magnitude == pytest.approx(0.6, rel=0.01)
    assert found.parameters["kappa_s"].to("kg/s").magnitude == pytest.approx(8e-9, rel=0.03)


def test_what_cannot_be_fitted_is_refused():
    start = CLOUD.changed(shell=START)
    with pytest.raises(Refusal, match="Marmottant has no parameter 'stiffness'"):
        fit_attenuation(start, FREQUENCY, spectrum(CLOUD), ("stiffness",))
    with pytest.raises(Refusal, match="2 points cannot fix 2 parameters"):
        fit_attenuation(start, Q([1, 2], "MHz"), Q([1.0, 2.0], "dB_amplitude/m"))
    with pytest.raises(Refusal, match="3 frequencies and 2 attenuations"):
        fit_attenuation(start, Q([1, 2, 3], "MHz"), Q([1.0, 2.0], "dB_amplitude/m"))
    with pytest.raises(TypeError, match="attenuation needs a unit"):
        fit_attenuation(start, FREQUENCY, np.ones(37))
    with pytest.raises(Refusal, match="starts at 0"):
        fit_attenuation(CLOUD.changed(shell=TRUE.changed(kappa_s=0.0)), FREQUENCY, spectrum(CLOUD))


def test_the_front_door_calibrates_a_shell_from_its_attenuation():
    true = load("definity")
    asked = {"concentration": 1e5, "medium": "water"}
    frequency = np.linspace(1, 12, 12)
    seen = [
        predict(true, "attenuation", {"frequency": float(f), **asked}, use_measured=False).number for f in frequency
    ]
    table = {
        "frequency": Q(frequency, "MHz"), "attenuation": Q(np.array(seen), "dB_amplitude/cm"),
        "concentration": Q(np.full(12, 1e5), "1/mL"), "medium": ["water"] * 12,
    }  # fmt: skip
    begin = {"gas.shell.chi": Q(0.3, "N/m"), "gas.shell.kappa_s": Q(4e-9, "kg/s")}
    found = calibrate(true, table, list(begin), start=begin)
    assert found.parameters["gas.shell.chi"].number == pytest.approx(0.44, rel=1e-3)
    assert found.parameters["gas.shell.kappa_s"].number == pytest.approx(2e-9, rel=1e-3)
