"""Walks around a turning moment: the low-field theory and the crossing law against simulation."""

import numpy as np
import pytest

from contrastphys.compiled import have_numba
from contrastphys.constants import GAMMA_PROTON, MU0
from contrastphys.mri import moment_walk as mw
from contrastphys.mri import regimes
from contrastphys.mri.superparamagnetic import energy_ratio
from contrastphys.provenance import Refusal

V_MAT, D, T, MS = 1.577e-5, 3.037e-9, 310.15, 3.5e5

needs_numba = pytest.mark.skipif(not have_numba(), reason="paths take minutes without a compiler")


def walked(diameter, turning, field, walkers=3000):
    """(r1, r2) with standard errors, and what the regimes give for the same core."""
    tau_d = (0.5e-9 * diameter) ** 2 / D
    shift = GAMMA_PROTON * MU0 * MS / 3 * tau_d
    alignment = float(energy_ratio(field, diameter * 1e-9, MS, T))
    decay = mw.moment_walk(
        shift, turning / tau_d, larmor=GAMMA_PROTON * field * tau_d, alignment=alignment, walkers=walkers
    )
    scale = V_MAT / (decay.fraction * tau_d)
    r1, r2 = decay.rate("along"), decay.rate("across")
    theory = regimes.population(field, diameter, MS, V_MAT, T, D, neel=turning)
    return (r1.value * scale, r1.error * scale), (r2.value * scale, r2.error * scale), theory


@needs_numba
def test_threads_do_not_matter():
    one, three = (mw.moment_walk(2.0, 1.0, walkers=500, length=2.0, step=0.05, threads=threads) for threads in (1, 3))
    assert np.array_equal(one.along, three.along) and np.array_equal(one.across, three.across)


@needs_numba
def test_spins_keep_their_length_and_lose_direction():
    decay = mw.moment_walk(5.0, 3.0, walkers=500, length=20.0, step=0.02)
    assert np.all(np.abs(decay.along) <= 1) and np.all(np.abs(decay.across) <= 1)
    assert decay.along.mean(axis=0)[-1] < decay.along.mean(axis=0)[0] < 1


def test_compiled_and_plain_give_the_same_spins():
    found = np.zeros((2, 2, 3))
    for i, kernel in enumerate((mw._turn, mw._turn.body)):
        generator = np.random.Generator(np.random.PCG64(3))
        kernel(generator, 5.0, 0.01, 3, 4, 5, 2.0, 0.5, 1.0, 0.3, found[i, 0], found[i, 1])
    assert found[0] == pytest.approx(found[1], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("change", [{"shift": 0.0}, {"turning": -1.0}, {"fraction": 0.9}])
def test_bad_input(change):
    with pytest.raises(ValueError, match="above 0"):
        mw.moment_walk(**{"shift": 1.0, "turning": 1.0, "walkers": 10, **change})


def test_door_refuses_what_it_cannot_answer():
    with pytest.raises(Refusal, match="the walk answers"):
        mw.low_field_relaxivity("0.1 mT", "3 nm", "350 kA/m", "1.577e-5 m^3/mol", "1 ns")


@pytest.mark.slow
@needs_numba
def test_rates_meet_at_zero_field():
    """18 nm, x = 1: r1 = r2 within the error, and the bare theory less the deficit of the finite cube."""
    (r1, e1), (r2, e2), theory = walked(18.0, 1e-7, 1e-4)
    assert abs(r1 - r2) < 4 * np.hypot(e1, e2)
    assert r1 == pytest.approx(theory.r1, rel=0.20)


@pytest.mark.slow
@needs_numba
@pytest.mark.parametrize(
    ("diameter", "turning", "field"),
    [(30.0, 1e-7, 1e-4), (30.0, 1e-5, 1e-4), (40.0, 1e-5, 1e-4), (60.0, 1e-4, 1e-4), (18.0, 1e-7, 0.1),
     (30.0, 1e-6, 0.0065)],
)  # fmt: skip
def test_crossing_law_within_a_quarter(diameter, turning, field):
    """r1 and r2 of cores whose bare perturbation rates reach five times the ceiling."""
    (r1, e1), (r2, e2), theory = walked(diameter, turning, field)
    assert theory.r1 == pytest.approx(r1, rel=0.25, abs=3 * e1)
    assert theory.r2 == pytest.approx(r2, rel=0.25, abs=3 * e2)
