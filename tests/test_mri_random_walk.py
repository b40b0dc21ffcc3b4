"""Random walk of water among spheres: determinism, echoes, limits, and the table of rates it must give."""

import numpy as np
import pytest

from contrastphys.compiled import have_numba
from contrastphys.mri import random_walk as rw
from contrastphys.provenance import Refusal

SHIFTS = (1, 2, 3, 5, 8, 12, 20, 40)
TABLE = {  # rates times tau_D at f = 0.004 of an independent walk (6000 walkers, step 0.004, length 64)
    None: (0.00117, 0.00449, 0.00937, 0.02107, 0.03964, 0.06456, 0.11306, 0.20732),
    2.0: (0.00051, 0.00195, 0.00409, 0.00940, 0.01674, 0.02452, 0.03799, 0.06577),
    8.0: (0.00086, 0.00329, 0.00684, 0.01516, 0.02671, 0.04044, 0.07004, 0.13417),
}
STATIC = 2 * np.pi / (3 * np.sqrt(3))

needs_numba = pytest.mark.skipif(not have_numba(), reason="paths take minutes without a compiler")


@pytest.fixture(scope="module")
def short():
    return rw.random_walk(walkers=600, length=4.0, interval=0.5, step=0.02)


@pytest.fixture(scope="module")
def long():
    return rw.random_walk(walkers=20000, seed=11)


@needs_numba
def test_threads_do_not_matter(short):
    for threads in (1, 3):
        again = rw.random_walk(walkers=600, length=4.0, interval=0.5, step=0.02, threads=threads)
        assert np.array_equal(again.phases, short.phases)
    assert short.phases.shape == (8, 600) and len(np.unique(short.phases[-1])) == 600  # every walker goes its own way
    other = rw.random_walk(walkers=600, length=4.0, interval=0.5, step=0.02, seed=8)
    assert not np.array_equal(other.phases, short.phases)


def test_compiled_and_plain_give_the_same_paths():
    arrays = (np.full((1, 3), 2.0), np.ones(1), np.ones(1), 4.0, 0.2, 0.02, 3, 5, 4)
    phases = np.empty((2, 3, 4))
    for i, kernel in enumerate((rw._walk, rw._walk.body)):
        kernel(np.random.Generator(np.random.PCG64(3)), *arrays, phases[i])
    assert phases[0] == pytest.approx(phases[1], rel=1e-9, abs=1e-12)


@needs_numba
def test_signal_starts_full_and_mean_phase_vanishes(short):
    _, level = short.signal(0.0)
    assert np.all(level == 1.0)
    _, weak = short.signal(0.01)
    assert 1 - weak[0] < 1e-6
    assert abs(short.phases.mean()) < 5 * short.phases.std() / np.sqrt(600)


@needs_numba
def test_echo_refocuses_walkers_that_hardly_move():
    still = rw.random_walk(walkers=500, length=0.02, interval=0.005, step=0.0005)
    x = 1500.0
    assert still.signal(x)[1][-1] < 0.9
    assert still.signal(x, 0.02)[1][-1] > still.signal(x)[1][-1] + 0.05


@needs_numba
def test_echo_phases_by_hand(short):
    """First echo at 1: -(phase to the pulse) + rest; the second inverts again."""
    times, phases = short._paths(1.0)
    p = short.phases
    assert times == pytest.approx([1.0, 2.0, 3.0, 4.0])
    first = p[0] - (p[1] - p[0])
    second = first - ((p[2] - p[1]) - (p[3] - p[2]))
    assert phases[0] == pytest.approx(first) and phases[1] == pytest.approx(second)


@needs_numba
def test_weak_spheres_scale_with_the_square():
    walk = rw.random_walk(walkers=1000, length=16.0, interval=1.0, step=0.02)
    assert walk.rate(0.2).value / walk.rate(0.1).value == pytest.approx(4, rel=0.02)


def test_packed_spheres_do_not_overlap():
    places = rw.packed_spheres(20, 0.25)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)[np.triu_indices(20, 1)]
    assert apart.min() >= 2.0
    assert np.max(np.linalg.norm(places, axis=1)) + 1 <= (20 / 0.25) ** (1 / 3) + 1e-9


@pytest.mark.parametrize(
    ("change", "words"),
    [({"fraction": 0.9}, "below 0.6"), ({"radii": -1.0}, "above 0"), ({"walkers": 1}, "10 or more"),
     ({"interval": 1e-4}, "a step or more")],
)  # fmt: skip
def test_bad_input(change, words):
    with pytest.raises(ValueError, match=words):
        rw.random_walk(**{"walkers": 20, **change})


def test_refuses_what_it_cannot_answer():
    with pytest.raises(Refusal, match=r"from 0\.05 to 200"):
        rw.simulated_relaxivity("2 nm", "100 kA/m", "1.5e-5 m^3/mol")
    with pytest.raises(Refusal, match="diffusion times"):
        rw.simulated_relaxivity("40 nm", "350 kA/m", "1.5e-5 m^3/mol", echo_spacing="10 ms")
    with pytest.raises(ValueError, match="whole number of intervals"):
        rw.random_walk(walkers=20, length=2.0, interval=0.5, step=0.1).signal(1.0, 0.3)


@pytest.mark.slow
@needs_numba
def test_table_of_rates(long):
    """Free induction and two CPMG spacings, x from 1 to 40, within 10 %."""
    for spacing, rates in TABLE.items():
        for x, expected in zip(SHIFTS, rates, strict=True):
            assert long.rate(x, spacing).value == pytest.approx(expected, rel=0.10), (spacing, x)


@pytest.mark.slow
@needs_numba
def test_crossing_law_is_within_its_stated_error(long):
    ratios = rw.crossing_error(long)
    assert all(0.80 < ratio < 1.20 for ratio, _ in ratios.values())


@pytest.mark.slow
@needs_numba
def test_fast_diffusion_limit():
    """Second cumulant against 16/45 f x^2, less the stated deficit of the finite cube and the finite walk."""
    walk = rw.random_walk(walkers=20000, length=128.0, interval=2.0, step=0.01, seed=5)
    rate = walk.second_cumulant()
    law = 16 / 45 * walk.fraction
    deficit = 0.75 * walk.fraction ** (1 / 3) + 0.42 / np.sqrt(0.75 * 128)
    assert abs(rate.value / law + deficit - 1) < 3 * rate.error / law + 0.02


@pytest.mark.slow
@needs_numba
@pytest.mark.parametrize(("x", "length", "step"), [(100, 6.0, 5e-4), (300, 2.0, 2e-4)])
def test_static_dephasing_limit(x, length, step):
    walk = rw.random_walk(walkers=20000, length=length, interval=length / 100, step=step, seed=5)
    rate, law = walk.rate(x), STATIC * walk.fraction * x
    assert abs(rate.value / law - 1) < 3 * rate.error / law + 0.03


@pytest.mark.slow
@needs_numba
def test_cluster_of_spheres_is_the_sphere_of_its_mean():
    """27 spheres in a ball at 20 %: at small x the rate of a homogeneous ball of the same mean magnetisation."""
    places = rw.packed_spheres(27, 0.2)
    outer = (27 / 0.2) ** (1 / 3)
    walk = rw.random_walk(0.004 * 0.2, centres=places, walkers=4000, length=400.0, interval=10.0, step=0.05)
    ball = 16 / 45 * 0.004 * 0.2**2 * outer**2
    deficit = 0.75 * 0.004 ** (1 / 3) + 0.42 / np.sqrt(0.75 * 400 / outer**2)
    assert walk.second_cumulant().value / ball == pytest.approx(1 - deficit, rel=0.35)


@pytest.mark.slow
@needs_numba
def test_echo_crossing_against_the_walk():
    """r2 of echoes, crossed from r2* and the echo-limited law: within 30 % from x = 12, a factor of 2.7 below."""
    from contrastphys.mri.regimes import crossing

    for spacing, rates in TABLE.items():
        if spacing is None:
            continue
        for x, walked in zip(SHIFTS, rates, strict=True):
            f, y = 0.004, np.sqrt(0.8) * x * 0.5 * spacing
            star = crossing(16 / 45 * f * x * x, STATIC * f * x)
            law = crossing(star, 1.8 * f * np.cbrt(y) * (1.52 + f * y) ** (5 / 3))
            assert 1 / 1.3 < law / walked < (1.3 if x >= 12 else 2.7), (spacing, x, law / walked)
