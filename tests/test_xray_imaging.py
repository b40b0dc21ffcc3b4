"""From dose to image noise, lesions in blue noise, projections, presets, spectra from files."""

from __future__ import annotations

import numpy as np
import pytest

from contrastphys.formulation import Formulation
from contrastphys.mistakes import RecordError
from contrastphys.provenance import Refusal
from contrastphys.units import Q, UnitError
from contrastphys.xray import (
    contrast_to_noise,
    detection_limit,
    effective_voxels,
    enhancement,
    monochromatic,
    noise,
    preset,
    projection_limit,
    quantum_noise,
    read_spectrum,
    respond,
    spectrum,
)

GOLD = Formulation(id="gold-10", kind="nanoparticle", cores={"material": "gold", "diameter": "10 nm"})


def test_noise_follows_dose_voxel_and_slice():
    one = quantum_noise("120 kV").magnitude
    # sigma ~ dose^-1/2 tau^-3/2 h^-1/2, whatever the number of views
    assert quantum_noise("120 kV", "40 mGy").magnitude == pytest.approx(one / 2)
    assert quantum_noise("120 kV", sampling="0.5 mm").magnitude == pytest.approx(one * 2**1.5)
    assert quantum_noise("120 kV", slice_thickness="4 mm").magnitude == pytest.approx(one / 2)
    assert quantum_noise("120 kV", views=500).magnitude == pytest.approx(one, rel=1e-9)
    assert 3 < one < 300


def test_absolute_and_relative_noise_agree():
    for kvp, size in (("80 kV", "20 cm"), ("140 kV", "32 cm")):
        ratio = quantum_noise(kvp, phantom=size) / quantum_noise("120 kV")
        assert (noise(kvp, size) / noise("120 kV")).magnitude == pytest.approx(ratio.magnitude, rel=1e-9)


def test_effective_voxels_against_a_blue_noise_simulation():
    rng = np.random.default_rng(2)
    n, tau, diameter = 128, 0.5, 10.0
    f = np.fft.fftfreq(n, tau)
    radial = np.hypot(*np.meshgrid(f, f))
    shape = np.sqrt(radial) * (radial < 0.5 / tau)
    y, x = np.mgrid[:n, :n] - n // 2
    disc = (np.hypot(x, y) * tau <= diameter / 2).astype(float)
    voxels, means = [], []
    for _ in range(100):
        image = np.fft.ifft2(np.fft.fft2(rng.standard_normal((n, n))) * shape).real
        voxels.append(image.var())
        smooth = np.fft.ifft2(np.fft.fft2(image) * np.conj(np.fft.fft2(disc / disc.sum()))).real
        means.append(smooth.var())
    found = effective_voxels(Q(diameter, "mm"), Q(tau, "mm")).magnitude
    assert np.mean(voxels) / np.mean(means) == pytest.approx(found, rel=0.10)
    assert found > disc.sum()  # more than as many white voxels


def test_effective_voxels_tend_to_one_and_grow_as_the_cube():
    assert effective_voxels("0.02 mm", "1 mm").magnitude == pytest.approx(1.0, abs=1e-3)
    small, large = (effective_voxels(Q(d, "mm"), "0.5 mm").magnitude for d in (5.0, 20.0))
    assert 2.5 < np.log(large / small) / np.log(4) < 3.2


def test_iodine_in_a_small_lesion():
    # a 3 mm lesion at a few mGy: milligrams per millilitre, as published (1.4 to 11 mg/mL, 3 mm, CTDIvol 3.7 mGy)
    sigma = quantum_noise("120 kV", "8 mGy", "25 cm", sampling="0.7 mm", slice_thickness="1 mm")
    n_eff = effective_voxels("3 mm", "0.7 mm").magnitude
    limit = detection_limit("I", "120 kV", phantom="25 cm", noise=sigma, n_eff=n_eff)
    assert 0.2 < limit.magnitude < 11
    ratio = contrast_to_noise("I", limit, "120 kV", sigma, "25 cm", n_eff=n_eff)
    assert ratio == pytest.approx(5.0)


def test_projection_limit_by_hand():
    beam = monochromatic("60 keV")
    found = projection_limit("I", beam, "0.1 mGy", "0 cm", "ideal", "1 mm", rose=3.0).magnitude
    photons = beam.photons.sum() / beam.kerma_gray() * 1e-4 * 0.01
    assert found == pytest.approx(1e3 * 3 / np.sqrt(photons) / 7.579, rel=1e-3)


def test_micro_ct_preset():
    cells = respond(GOLD, preset("micro-CT"))
    assert {c.conditions["kvp"] for c in cells} == {"50 kV", "70 kV", "90 kV"}
    assert all(c.conditions["phantom"] == "3 cm water" for c in cells)
    low = next(c for c in cells if c.quantity == "enhancement_per_mass")
    assert low.value > 30  # soft beams: above the 26 of a patient
    with pytest.raises(ValueError, match="did you mean 'micro-CT'"):
        preset("microCT")


def test_unstated_filtration_widens_the_band():
    stated = enhancement("I", spectrum("120 kV"), "20 cm")
    assumed = enhancement("I", "120 kV", "20 cm")
    assert assumed.slope == pytest.approx(stated.slope)
    assert assumed.low < stated.low and assumed.high > stated.high
    assert "filtration assumed" in [f.code for f in assumed.flags]
    assert "filtration assumed" not in [f.code for f in stated.flags]


def test_per_particle():
    found = enhancement(GOLD, "120 kV", "20 cm")
    # 30,900 atoms of gold in a 10 nm sphere
    assert found.per_particle.magnitude == pytest.approx(found.per_mole.magnitude * 30.9e3 * 1e-6, rel=2e-3)
    with pytest.raises(Refusal, match="give a formulation"):
        _ = enhancement("Au", "120 kV", "20 cm").per_particle


def test_water_precorrection():
    found = enhancement("I", "120 kV", "20 cm")
    small = found.hu("0.01 mg/mL", "1 cm", precorrected=True).magnitude
    assert small == pytest.approx(found.hu("0.01 mg/mL").magnitude, rel=1e-3)
    plain, corrected = (found.hu("20 mg/mL", "2 cm", precorrected=p).magnitude for p in (False, True))
    assert plain < corrected < found.hu("20 mg/mL").magnitude
    one = enhancement("I", monochromatic("60 keV"), "20 cm")
    assert one.hu("20 mg/mL", "2 cm", precorrected=True).magnitude == pytest.approx(one.hu("20 mg/mL").magnitude)


def test_own_spectrum_from_a_file(tmp_path):
    path = tmp_path / "beam.csv"
    path.write_text("# source: own\nenergy [keV],fluence [1/cm^2]\n40,1e5\n41,2e5\n42,1e5\n", encoding="utf-8")
    assert read_spectrum(path).mean_energy().magnitude == pytest.approx(41.0, rel=1e-6)
    path.write_text("energy [keV],photons [1/cm^2]\n40,1\n41,2\n", encoding="utf-8")
    with pytest.raises(RecordError, match="column 'fluence' is missing"):
        read_spectrum(path)
    path.write_text("energy,fluence [1/cm^2]\n40,1\n41,2\n", encoding="utf-8")
    with pytest.raises(UnitError, match="column 'energy' has no unit"):
        read_spectrum(path)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: quantum_noise("120 kV", 10), UnitError, "kerma needs a unit"),
        (lambda: quantum_noise("120 kV", "10 mSv"), UnitError, "no air kerma; write for example '10 mGy'"),
        (lambda: projection_limit("I", kerma=Q(0.1, "mSv")), UnitError, "no air kerma"),
        (lambda: quantum_noise("120 keV"), UnitError, "kvp takes a unit such as 'kV'"),
        (lambda: contrast_to_noise("I", "-5 mg/mL", "120 kV", "12 HU"), ValueError, "concentration is -5 mg/mL"),
        (lambda: quantum_noise("120 kV", "0 mGy"), ValueError, "kerma is 0 Gy"),
        (lambda: quantum_noise("120 kV", views=0), ValueError, "views is 0"),
        (lambda: projection_limit("I", pixels=0), ValueError, "above 0"),
        (lambda: contrast_to_noise("I", "5 mg/mL", "120 kV", "12 HU", n_eff=0), ValueError, "n_eff is 0"),
        (lambda: effective_voxels("-3 mm", "1 mm"), ValueError, "it must be above 0"),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call()
