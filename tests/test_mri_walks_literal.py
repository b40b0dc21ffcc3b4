"""Walks taken step by step with known dice: images, fields, moments and spins worked out by hand; rates and errors."""

from types import SimpleNamespace

import numpy as np
import pytest

from contrastphys.mri import moment_walk as mw
from contrastphys.mri import random_walk as rw
from contrastphys.units import Q


class Dice:
    """A generator that gives numbers told beforehand."""

    def __init__(self, seed, size=20000):
        source = np.random.default_rng(seed)
        self.flat, self.normal = iter(source.random(size)), iter(source.standard_normal(size))

    def random(self):
        return next(self.flat)

    def standard_normal(self):
        return next(self.normal)


def nearest(place, centre, box):
    """From a centre or its nearest image, which of 27."""
    images = [centre + box * np.array([i, j, k]) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)]
    return min((place % box - image for image in images), key=np.linalg.norm)


def paths(dice, centres, radii, weights, box, sigma, step, samples, every, walkers):
    """Phases of walkers, as the text of the method has it: unwrapped places, images looked for one by one."""
    found = np.zeros((samples, walkers))

    def shift(place):
        total = 0.0
        for centre, radius, weight in zip(centres, radii, weights, strict=True):
            away = nearest(place, centre, box)
            r = np.linalg.norm(away)
            if r < radius:
                return None
            total += weight * (3 * (away[2] / r) ** 2 - 1) / r**3
        return total

    for w in range(walkers):
        place = box * np.array([dice.random() for _ in range(3)])
        while shift(place) is None:
            place = box * np.array([dice.random() for _ in range(3)])
        phase, before = 0.0, None
        for i in range(samples):
            for _ in range(every):
                there = place + sigma * np.array([dice.standard_normal() for _ in range(3)])
                now = shift(there)
                if now is None:  # the sphere turns the step back
                    now = 0.0 if before is None else before
                else:
                    place = there
                before = now if before is None else before
                phase += step * (before + now) / 2
                before = now
            found[i, w] = phase
    return found


@pytest.mark.parametrize("sigma", [0.15, 2.5])  # short steps, and such that leave the box
def test_a_walk_among_spheres_step_by_step(sigma):
    box = 5.0
    centres = np.array([[2.5, 2.5, 2.5], [0.4, 4.7, 1.0], [4.8, 0.3, 4.6]])
    radii, weights = np.array([1.0, 0.6, 0.5]), np.array([1.0, 0.2, -0.4])
    shape = (box, sigma, 0.01, 4, 6)
    phases = np.zeros((4, 9))
    rw._walk.body(Dice(5), centres, radii, weights, *shape, 9, phases)
    assert phases == pytest.approx(paths(Dice(5), centres, radii, weights, *shape, 9), rel=1e-9, abs=1e-12)


def spins(dice, box, step, samples, every, walkers, shift, larmor, turning, alignment):
    """Spins around a turning moment, with rotations and images of other people's making."""
    from scipy.spatial.transform import Rotation

    along, across = np.zeros(samples), np.zeros(samples)
    centre = np.full(3, box / 2)
    for _ in range(walkers):
        place = centre
        while np.linalg.norm(place - centre) < 1:
            place = box * np.array([dice.random() for _ in range(3)])
        u = dice.random()
        z = 2 * u - 1 if alignment < 1e-6 else 1 + np.log(u + (1 - u) * np.exp(-2 * alignment)) / alignment
        angle = 2 * np.pi * dice.random()
        moment = np.array([np.sqrt(1 - z * z) * np.cos(angle), np.sqrt(1 - z * z) * np.sin(angle), z])
        pair = [np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])]
        for i in range(samples):
            for _ in range(every):
                there = place + np.sqrt(2 * step) * np.array([dice.standard_normal() for _ in range(3)])
                if np.linalg.norm(nearest(there, centre, box)) >= 1:
                    place = there
                kick = np.sqrt(step / turning) * np.array([dice.standard_normal() for _ in range(3)])
                drift = 0.5 * alignment * step / turning * np.array([0, 0, 1])
                moved = moment + (kick - (kick @ moment) * moment) + (drift - (drift @ moment) * moment)
                moment = moved / np.linalg.norm(moved)
                away = nearest(place, centre, box)
                r = np.linalg.norm(away)
                field = shift * (3 * (moment @ away) * away / r**5 - moment / r**3)
                by_dipole = Rotation.from_rotvec(-field * step)  # a spin turns clockwise about its field
                by_main = Rotation.from_rotvec([0, 0, -larmor * step])
                pair = [by_main.apply(by_dipole.apply(spin)) for spin in pair]
            back = Rotation.from_rotvec([0, 0, larmor * step * every * (i + 1)])
            along[i] += pair[0][2]
            across[i] += back.apply(pair[1])[0]
    return along, across


@pytest.mark.parametrize("alignment", [0.0, 3.0])
@pytest.mark.parametrize("step", [0.01, 2.0])
def test_spins_around_a_turning_moment_step_by_step(alignment, step):
    shape = (3.0, step, 2, 4, 14, 3.0, 0.7, 0.8, alignment)
    along, across = np.zeros(2), np.zeros(2)
    mw._turn.body(Dice(9), *shape, along, across)
    expected = spins(Dice(9), *shape)
    assert along == pytest.approx(expected[0], rel=1e-8, abs=1e-10)
    assert across == pytest.approx(expected[1], rel=1e-8, abs=1e-10)


def left_out(estimate, parts):
    """Jackknife: the estimate of all parts, and its standard error from leaving each out."""
    n = len(parts)
    without = np.array([estimate([p for j, p in enumerate(parts) if j != i]) for i in range(n)])
    return estimate(parts), np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())


def test_rate_of_a_decay_and_its_error():
    times = np.linspace(0.5, 12, 24)
    rates = [0.18, 0.2, 0.23, 0.21]
    curves = np.exp(-np.outer(rates, times))
    decay = mw.Decay(times, curves, 0.5 * curves, 0.004)

    def estimate(chunks):
        level = np.mean(chunks, axis=0)
        shown = (np.cumsum(np.mean(curves, axis=0) < 0.97) > 0) & (np.cumsum(np.mean(curves, axis=0) < 0.15) == 0)
        return -np.polyfit(times[shown], np.log(level[shown]), 1)[0]

    value, error = left_out(estimate, list(curves))
    found = decay.rate("along")
    assert found == pytest.approx((value, error), rel=1e-9)
    assert found.value == pytest.approx(0.205, rel=0.02)


def test_variance_of_a_diffusing_phase_is_the_rate_and_its_error_is_told():
    z = np.random.default_rng(1).standard_normal(50)
    times = np.arange(1.0, 17.0)
    walk = rw.Walk(times, np.sqrt(times)[:, None] * z[None, :], 0.004, 0.01, 7)
    groups = [list(g) for g in np.array_split(z, 10)]
    value, error = left_out(lambda parts: 0.5 * np.var(np.concatenate(parts)), groups)
    assert walk.second_cumulant() == pytest.approx((value, error), rel=1e-9)


def test_rate_of_a_walk_over_the_part_its_levels_mark():
    """Phases of two signs and equal size: the signal is |cos(x phi)|, whatever is drawn."""
    times = np.arange(1.0, 41.0)
    level = np.exp(-0.1 * times)
    phase = np.arccos(level)[:, None] * np.where(np.arange(40) % 2, 1.0, -1.0)[None, :]
    found = rw.Walk(times, phase, 0.004, 0.01, 7).rate(1.0)
    assert found.value == pytest.approx(0.1, rel=1e-9)
    # a signal that bends: the slope between the levels 0.85 and 0.15 alone
    bent = np.where(times < 10, np.exp(-0.1 * times), np.exp(-1.0 - 0.02 * (times - 10)))
    phase = np.arccos(bent)[:, None] * np.where(np.arange(40) % 2, 1.0, -1.0)[None, :]
    shown = bent < 0.85
    expected = -np.polyfit(times[shown], np.log(bent[shown]), 1)[0]
    assert rw.Walk(times, phase, 0.004, 0.01, 7).rate(1.0).value == pytest.approx(expected, rel=1e-9)
    # hardly any decay: no level is reached, all of the walk is used
    weak = rw.Walk(times, 0.1 * phase, 0.004, 0.01, 7)
    expected = -np.polyfit(times, np.log(np.cos(0.1 * phase[:, 0])), 1)[0]
    assert weak.rate(1.0).value == pytest.approx(expected, rel=1e-9)


def test_error_of_the_crossing_law_is_the_walk_over_the_law():
    """The law is the Pythagorean crossing: 1/R^2 = 1/averaged^2 + 1/static^2."""
    f = 0.003

    def law(x):
        averaged, static = 16 / 45 * f * x**2, 2 * np.pi * f * x / np.sqrt(27)
        return (averaged**-2 + static**-2) ** -0.5

    walk = SimpleNamespace(fraction=f, rate=lambda x: rw.Rate(1.1 * law(x), 0.02 * law(x)))
    for ratio in rw.crossing_error(walk).values():
        assert ratio == pytest.approx((1.1, 0.02), rel=1e-12)


@pytest.mark.parametrize("diameter", ["66 nm", "100 nm", "150 nm"])
@pytest.mark.parametrize("spacing", [None, 0.3, 3.0, 30.0])
def test_a_walk_is_set_up_to_hold_its_echoes(monkeypatch, diameter, spacing):
    """Half a spacing is whole intervals, eight echoes fit, a step turns the phase by a tenth at most."""
    asked = {}

    def walk(**options):
        asked.update(options)
        return SimpleNamespace(fraction=0.004, rate=lambda x, *echo: asked.update(x=x, echo=echo) or rw.Rate(0.02, 0.0))

    monkeypatch.setattr(rw, "random_walk", walk)
    tau_d = (Q(diameter).to("m").magnitude / 2) ** 2 / 3.037e-9
    r2, star = rw.simulated_relaxivity(
        diameter, "350 kA/m", "1.577e-5 m^3/mol", echo_spacing=None if spacing is None else Q(spacing * tau_d, "s")
    )
    assert star.magnitude == pytest.approx(0.02 * 1.577e-5 / (0.004 * tau_d), rel=1e-9)
    assert asked["step"] * asked["x"] <= 0.1 * (1 + 1e-12) and asked["step"] <= asked["interval"]
    assert asked["length"] >= 4.0 and asked["length"] / asked["interval"] >= 100
    if spacing is None:
        assert r2 is None
    else:
        intervals = 0.5 * spacing / asked["interval"]
        assert intervals == pytest.approx(round(intervals), abs=1e-9) and intervals > 0.5
        assert asked["length"] >= 8 * spacing
        assert asked["interval"] <= 0.75 and r2.magnitude == star.magnitude


def test_error_of_a_rate_is_that_of_leaving_tenths_out():
    """Walkers of unlike spread: the standard error by the jackknife over tenths, literally."""
    times = np.arange(1.0, 13.0)
    spread = np.random.default_rng(4).normal(1.0, 0.3, 60)
    phases = np.sqrt(times)[:, None] * (spread * np.where(np.arange(60) % 2, 1.0, -1.0))[None, :]
    walk = rw.Walk(times, phases, 0.004, 0.01, 7)
    level = np.abs(np.exp(0.4j * phases).mean(axis=1))
    shown = (level < 0.85) & (np.cumsum(level < 0.15) == 0)

    def estimate(parts):
        columns = np.concatenate(parts)
        return -np.polyfit(times[shown], np.log(np.abs(np.exp(0.4j * phases[shown][:, columns]).mean(axis=1))), 1)[0]

    expected = left_out(estimate, list(np.array_split(np.arange(60), 10)))
    assert walk.rate(0.4) == pytest.approx(expected, rel=1e-9)


def test_one_sample_alone_gives_the_mean_rate_up_to_it():
    phases = np.array([[0.5, -0.5] * 10])
    found = rw.Walk(np.array([2.0]), phases, 0.004, 0.01, 7).rate(1.0)
    assert found.value == pytest.approx(-np.log(np.cos(0.5)) / 2.0, rel=1e-12)


def test_a_larger_sphere_has_the_field_of_its_moment():
    """Twice the radius in a box of the same fraction is the same walk in other units: dw tau_D goes with the square."""
    one = rw.random_walk(0.02, walkers=200, length=2.0, interval=0.5, step=0.02, seed=3)
    two = rw.random_walk(0.02, radii=2.0, walkers=200, length=8.0, interval=2.0, step=0.08, seed=3)
    assert two.phases == pytest.approx(4.0 * one.phases, rel=1e-9)
