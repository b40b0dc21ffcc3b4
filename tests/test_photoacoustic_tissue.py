"""Light at depth, the skin limit, limits of detection."""

import math

import numpy as np
import pytest

from contrastphys.photoacoustic import exposure, limits, tissue, water
from contrastphys.photoacoustic.detector import heard_share, thermal_noise_pressure
from contrastphys.provenance import Refusal
from contrastphys.units import Q


def limit(molar, depth, snr=3.0, noise=1.0):
    """The reference case: 800 nm, mu_a 0.2, mu_s' 10 1/cm, 31.7 mJ/cm^2, target of 1 mm radius, 5 MHz, one shot."""
    light = tissue.fluence_at_depth.bare(31.7, depth, 0.2, 10.0)
    heard = tissue.acoustic_transmission.bare(depth, 5.0)
    gamma = water.gruneisen.bare(310.15)
    return limits.noise_limit.bare(molar, light, gamma, 1.0, depth, noise, heard, 1.0, snr)


@pytest.mark.parametrize(("depth", "expected"), [(0.5, 6.3e-12), (1.0, 50e-12), (2.0, 1.6e-9), (3.0, 37e-9)])
def test_smallest_rod_concentration_at_depth(depth, expected):
    assert limit(1.30e9, depth) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize(("depth", "expected"), [(0.5, 68e-9), (1.0, 0.54e-6), (2.0, 17e-6)])
def test_smallest_dye_concentration_at_depth(depth, expected):
    assert limit(1.2e5, depth) == pytest.approx(expected, rel=0.03)


def test_noise_limit_scales_as_stated():
    assert limit(1e9, 1.0, noise=10.0) == pytest.approx(10 * limit(1e9, 1.0))
    assert limit(2e9, 1.0) == pytest.approx(limit(1e9, 1.0) / 2)
    base = limits.noise_limit.bare(1e9, 1.0, 0.2, 1.0, 1.0, 1.0)
    assert limits.noise_limit.bare(1e9, 2.0, 0.2, 1.0, 1.0, 1.0) == pytest.approx(base / 2)
    assert limits.noise_limit.bare(1e9, 1.0, 0.2, 1.0, 1.0, 1.0, averages=100.0) == pytest.approx(base / 10)
    with pytest.raises(Refusal, match="neither expands nor sounds"):
        limits.noise_limit.bare(1e9, 1.0, -0.01, 1.0, 1.0, 1.0)


def test_background_limit():
    found = limits.background_limit("1.3e9 1/(M*cm)", "0.2 1/cm", 0.1, 3)
    assert found.to("mol/L").magnitude == pytest.approx(3 * 0.1 * 0.2 / (math.log(10) * 1.3e9))


def test_blood_equals_rods_or_dye():
    blood = tissue.blood_absorption.bare(800.0, 1.0)
    assert blood == pytest.approx(4.38, rel=0.005)
    assert blood / (math.log(10) * 1.30e9) == pytest.approx(1.5e-9, rel=0.03)
    assert blood / (math.log(10) * 1.2e5) == pytest.approx(16e-6, rel=0.03)


@pytest.mark.parametrize(
    ("wavelength", "oxygenated", "without"), [(750, 518, 1405.24), (800, 816, 761.72), (850, 1058, 691.32)]
)
def test_haemoglobin_values(wavelength, oxygenated, without):
    per = math.log(10) * tissue.HAEMOGLOBIN_IN_BLOOD
    assert tissue.blood_absorption.bare(float(wavelength), 1.0) / per == pytest.approx(oxygenated)
    assert tissue.blood_absorption.bare(float(wavelength), 0.0) / per == pytest.approx(without)


def test_tissue_is_the_sum_of_its_parts():
    wave = 800.0
    whole = tissue.tissue_absorption.bare(wave, 0.04, 0.7, 0.7, 0.01)
    parts = 0.04 * tissue.blood_absorption.bare(wave, 0.7) + 0.7 * tissue.water_absorption.bare(wave)
    assert whole == pytest.approx(parts + 0.01 * 141.0, rel=0.05)
    with pytest.raises(Refusal, match="250 to 1000 nm"):
        tissue.blood_absorption.bare(1064.0)


def test_haemoglobin_beyond_its_table_is_said():
    mu_a, flags = tissue.background_absorption(1064.0)
    assert mu_a > 0
    assert [flag.code for flag in flags] == ["haemoglobin-held"]
    assert not tissue.background_absorption(900.0)[1]


def test_water_absorption_published():
    assert tissue.water_absorption.bare(970.0) == pytest.approx(0.45, rel=0.02)  # Jacques 2013


def test_scattering_table():
    assert tissue.reduced_scattering.bare(500.0, "skin") == pytest.approx(46.0)
    assert tissue.reduced_scattering("1000 nm", tissue="skin").magnitude == pytest.approx(46.0 * 2**-1.421)
    assert set(tissue.scattering_groups()) >= {"skin", "brain", "breast", "bone", "soft tissue", "fat"}
    with pytest.raises(Refusal, match="write one of skin"):
        tissue.reduced_scattering("800 nm", tissue="liver")


def test_light_falls_exponentially():
    mu_eff = tissue.effective_attenuation.bare(0.2, 10.0)
    assert mu_eff == pytest.approx(math.sqrt(3 * 0.2 * 10.2))
    depths = np.array([0.0, 1.0, 2.0])
    found = tissue.fluence_at_depth.bare(20.0, depths, 0.2, 10.0)
    assert found == pytest.approx(20 * np.exp(-mu_eff * depths))


def test_sound_attenuation_is_an_amplitude():
    assert tissue.acoustic_transmission("2 cm", "5 MHz", "0.5 dB/cm/MHz").magnitude == pytest.approx(10 ** (-5 / 20))


# ------------------------------------------------------------------------------------------- skin limit


@pytest.mark.parametrize(
    ("wavelength", "pulse", "expected"),
    [
        (532, 10e-9, 20),
        (1064, 10e-9, 100),
        (800, 5e-9, 31.7),
        (700, 5e-9, 20),
        (800, 0.5e-9, 6 * 1.585),
        (532, 1e-12, 2),
        (532, 1e-9, 20),
        (532, 1.5e-7, 1.1e3 * 1.5e-7**0.25),
        (532, 1.0, 1.1e3),
        (1064, 20.0, 0.2e3 * 5 * 20),
    ],
)
def test_single_pulse_limit(wavelength, pulse, expected):
    found = exposure.max_permissible_exposure(Q(wavelength, "nm"), Q(pulse, "s")) if pulse >= 1e-11 else None
    found = found or exposure.max_permissible_exposure.bare(float(wavelength), pulse)
    assert found.fluence.to("mJ/cm^2").magnitude == pytest.approx(expected, rel=2e-3)
    assert found.limited_by == "single pulse"
    assert found.status == "second-hand"


def test_limit_is_continuous_at_a_hundred_nanoseconds():
    short, long = (exposure.max_permissible_exposure.bare(532.0, t).allowed for t in (0.99e-7, 1.01e-7))
    assert long == pytest.approx(short, rel=0.03)


def test_average_power_limits_a_train():
    found = exposure.max_permissible_exposure("532 nm", "5 ns", "20 Hz")
    assert found.limited_by == "average power"
    assert found.fluence.magnitude == pytest.approx(1.1 * 10**0.25 / 200 * 1e3)
    hour = exposure.max_permissible_exposure("532 nm", "5 ns", "20 Hz", "1 hour")
    assert hour.fluence.magnitude == pytest.approx(0.2 / 20 * 1e3)  # 0.2 W/cm^2 shared by 20 pulses a second
    assert exposure.max_permissible_exposure("532 nm", "5 ns", "10 Hz", "1 s").limited_by == "single pulse"


@pytest.mark.parametrize(("wavelength", "pulse"), [(355.0, 5e-9), (1500.0, 5e-9), (800.0, 1e-14)])
def test_no_limit_is_invented(wavelength, pulse):
    with pytest.raises(Refusal, match="no skin limit is held"):
        exposure.max_permissible_exposure.bare(wavelength, pulse)


# ---------------------------------------------------------------------------------------------- validity


def test_confinement():
    assert limits.confinement(5e-9, 1e-3) == ()
    assert [flag.code for flag in limits.confinement(30e-9, 100e-6)] == ["stress-confinement"]
    with pytest.raises(Refusal, match="stress relaxation"):
        limits.confinement(100e-9, 100e-6)


def test_thermal_confinement():
    """4 D tau/d^2, which stress always precedes in matter that carries sound: looked at where none does."""
    size = 1e-4
    time = size**2 / (4 * water.DIFFUSIVITY)
    flags = limits.confinement(0.5 * time, size, 0.0)
    assert [flag.code for flag in flags] == ["thermal-confinement"] and "0.5" in flags[0].message
    assert limits.confinement(0.29 * time, size, 0.0) == ()
    with pytest.raises(Refusal, match="times the thermal relaxation time"):
        limits.confinement(1.1 * time, size, 0.0)


def test_optical_density_over_the_target():
    assert limits.linear_share(0.0) == (1.0, ())
    share, flags = limits.linear_share(0.4)
    assert 0.6 < share < 1 and not flags
    share, flags = limits.linear_share(2.0)
    assert share == pytest.approx((1 - 0.01) / (2 * math.log(10)))
    assert flags[0].code == "optical-density"


# ---------------------------------------------------------------------------------------------- detector


def test_band_of_the_detector():
    """A band far wider than the signal hears all of it; one far above hears only the edges."""
    assert heard_share.bare(1.0, 0.25, 200.0) == pytest.approx(1.0, abs=0.1)
    tuned, above = heard_share.bare(1.0, 0.5, 0.5), heard_share.bare(1.0, 10.0, 0.5)
    assert tuned > 5 * above
    small, large = (heard_share.bare(a, 5.0, 5.0) for a in (0.1, 2.0))
    assert small > large


def test_band_against_a_sampled_signal():
    """The same filter by fast Fourier transform of the sampled N."""
    half, f0, width = 0.2e-3 / 1500.0, 3e6, 2e6
    time = np.arange(-(2**15), 2**15) * 1e-9
    signal = np.where(np.abs(time) < half, time / half, 0.0)
    f = np.fft.rfftfreq(time.size, 1e-9)
    sigma = width / (2 * math.sqrt(math.log(2)))
    heard = np.fft.irfft(np.fft.rfft(signal) * np.exp(-(((f - f0) / sigma) ** 2)))
    assert heard_share.bare(0.2, 3.0, 2.0) == pytest.approx(np.abs(heard).max(), rel=0.01)


def test_heat_of_the_detector():
    found = thermal_noise_pressure("1 mm^2", "5 MHz", noise_factor=0.0).to("Pa").magnitude
    assert found == pytest.approx(math.sqrt(1.380649e-23 * 300 * 1.5e6 * 5e6 / 1e-6))
    assert thermal_noise_pressure.bare(4.0, 5.0) == pytest.approx(thermal_noise_pressure.bare(1.0, 5.0) / 2)
