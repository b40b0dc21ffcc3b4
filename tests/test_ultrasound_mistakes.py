"""The mistakes a user of bubbles makes, each with the whole answer it gets."""

import re
import warnings

import pytest

from contrastphys.provenance import Refusal
from contrastphys.ultrasound import (
    Bubble,
    Free,
    Gas,
    Histogram,
    Liquid,
    LogNormal,
    Marmottant,
    Population,
    Pulse,
    blake_threshold,
    contrast,
    harmonics,
    simulate,
    subharmonic_map,
)
from contrastphys.units import RangeWarning, UnitError

WATER = Liquid()
BUBBLE = Bubble("2 um", Gas(), Free(), 1.07)
SHORT = Pulse("2 MHz", "50 kPa", 5)
LIPID = Marmottant("0.5 N/m", "5e-9 kg/s", "0.01 N/m")


def cloud(median, concentration="1e5 1/mL"):
    return Population(LogNormal(median, 0.4), concentration, Gas(), Free(), WATER)


REFUSED = {
    "pressure without unit": (
        lambda: Pulse("2 MHz", 5e4), UnitError, "amplitude needs a unit such as 'Pa': write Q(1, 'Pa')",
    ),
    "pressure of a contrast without unit": (
        lambda: contrast(cloud("1 um"), "3 MHz", "pulse-inversion", 2e5), UnitError,
        "pressure needs a unit such as 'Pa': write Q(1, 'Pa')",
    ),
    "pressure as a mass": (
        lambda: Pulse("2 MHz", "50 kg"), UnitError,
        "amplitude takes a unit such as 'Pa' ('kilogram' does not measure it): write Q(1, 'Pa')",
    ),
    "shell in the place of the gas": (
        lambda: Bubble("2 um", Free()), TypeError,
        "a bubble takes a gas and a shell, not Free and Free: write Bubble('1.5 um', gas='SF6', shell=Marmottant())",
    ),
    "radius without unit": (
        lambda: blake_threshold(1e-6), UnitError, "radius needs a unit such as 'm': write Q(1, 'm')",
    ),
    "chi in mN/m": (
        lambda: Marmottant("550 N/m"), ValueError,
        "chi is 550 N/m: shells of bubbles have 0.01 to 5 N/m; was 550 mN/m meant? Write '550 mN/m'",
    ),
    "histogram unsorted": (
        lambda: Histogram.of_diameters(["2 um", "1 um", "3 um"], [1, 2]), ValueError,
        "the edges of a histogram must be positive and rise from one to the next",
    ),
    "histogram of nothing": (
        lambda: Histogram.of_diameters(["1 um", "2 um", "3 um"], [0, 0]), ValueError,
        "the counts of a histogram must be 0 or more, and not all 0",
    ),
    "histogram with a hole": (
        lambda: Histogram.of_diameters(["1 um", "2 um", "3 um"], [1, float("nan")]), ValueError,
        "the counts of a histogram must be 0 or more, and not all 0",
    ),
    "subharmonic from five cycles": (
        lambda: simulate(BUBBLE, SHORT, WATER).harmonic(0.5), Refusal,
        "a subharmonic from 5 cycles is a transient: drive at least 40 cycles",
    ),
    "subharmonics of many from five cycles": (
        lambda: harmonics(["1 um"], BUBBLE, SHORT, WATER, (0.5, 1.0)), Refusal,
        "a subharmonic from 5 cycles is a transient: drive at least 40 cycles",
    ),
    "subharmonic map of five cycles": (
        lambda: subharmonic_map("2 um", "4 MHz", ["50 kPa"], ["10 mN/m"], LIPID, Gas(), WATER, cycles=5), Refusal,
        "a subharmonic from 5 cycles is a transient: drive at least 40 cycles",
    ),
    "diameter as radius, too much gas": (
        lambda: cloud("2.5 um", "1e10 1/mL").bulk("3 MHz"), ValueError,
        "gas fraction 1.3 is above 1 %: bubbles interact strongly, no dilute model applies; check whether a diameter "
        "was given as a radius, or a concentration per mL as per uL",
    ),
    "volume mean below number mean": (
        lambda: LogNormal.of_means("1 um", "0.5 um"), ValueError,
        "the volume mean diameter 0.5 um lies below the number mean 1 um",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_these_words(case):
    make, error, words = REFUSED[case]
    with pytest.raises(error, match=f"^{re.escape(words)}$"):
        make()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: Bubble("20 um", Gas()),
            "radius 20 um: no agent that passes the lung is larger than about 10 um in diameter; was a diameter, or "
            "another unit, written as the radius? Take the result as an order of magnitude",
        ),
        (lambda: Marmottant("0.55 mN/m"), "chi 0.00055 N/m is outside the checked range 0.01 to 5 N/m"),
    ],
)
def test_warned_of_with_these_words(make, words):
    with pytest.warns(RangeWarning, match=f"^{re.escape(words)}$"):
        make()


def test_a_population_of_diameters_written_as_radii_is_an_order_of_magnitude():
    (told,) = [f.message for f in cloud("5 um", "1e3 1/mL").bulk("3 MHz").flags if f.code == "size"]
    assert told == (
        "number mean radius 5.42 um, a diameter of 10.8 um: agents have 0.5 to 2 um radius; was a diameter written as "
        "the radius? Take the result as an order of magnitude"
    )


def test_counts_that_do_not_sum_to_one_mean_the_same():
    edges = ["1 um", "2 um", "3 um"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        some, many = (Histogram.of_diameters(edges, counts) for counts in ([0.3, 0.5], [3, 5]))
    assert some.number_mean_radius == pytest.approx(many.number_mean_radius, rel=1e-12)
