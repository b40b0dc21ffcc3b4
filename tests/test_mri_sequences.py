"""Signals, optima and limits of detection."""

import numpy as np
import pytest
import references_mri as literal

from contrastphys import Q
from contrastphys.mri import sequences as seq
from contrastphys.provenance import Refusal

AGENT = {"r1": "3 1/(mM*s)", "r2": "3.9 1/(mM*s)"}


def test_spgr_against_literal():
    ours = seq.signal("spgr", "1.2 s", "80 ms", "50 ms", tr="5 ms", te="2 ms", flip="15 deg").magnitude
    assert ours == pytest.approx(literal.spgr(1 / 1.2, 1 / 0.05, 0.005, 0.002, np.deg2rad(15)), rel=1e-12)


def test_angles():
    assert seq.ernst_angle("5 ms", "1.2 s").magnitude == pytest.approx(5.23, abs=5e-3)
    assert seq.t1_contrast_angle("5 ms", "1.2 s").magnitude == pytest.approx(9.04, abs=5e-3)
    small = seq.t1_contrast_angle.bare(1e-5, 1.0) / seq.ernst_angle.bare(1e-5, 1.0)
    assert small == pytest.approx(np.sqrt(3), rel=1e-4)


@pytest.mark.parametrize("tr", [0.002, 0.01, 0.1, 0.5])
def test_closed_angle_is_the_numerical_optimum(tr):
    best = seq.optimal.bare("spgr", 1.0, 1.0, None, 4.0, 0.0, tr=tr, te=0.0)
    assert best.flip == pytest.approx(seq.t1_contrast_angle.bare(tr, 1.0), rel=1e-3)


def test_c_peak_regression():
    peak = seq.c_peak("spgr", "1.2 s", "1 s", **AGENT, tr="5 ms", te="2 ms", flip="15 deg")
    assert peak.to("mM").magnitude == pytest.approx(15.8, abs=0.05)
    for r1, r2_star, at, gain in ((3.0, 3.9, 15.8, 7.20), (5.0, 200.0, 1.127, 2.87)):
        flip = np.deg2rad(15)
        rates, agent = (1 / 1.2, 0.0, 0.0), (r1, r2_star, r2_star)
        found = seq.peak_concentration("spgr", rates, agent, 0.005, 0.002, flip)
        assert found == pytest.approx(at, rel=3e-3)
        top = literal.spgr(1 / 1.2 + r1 * found, r2_star * found, 0.005, 0.002, flip)
        assert top / literal.spgr(1 / 1.2, 0.0, 0.005, 0.002, flip) == pytest.approx(gain, rel=2e-3)


def test_c_peak_refuses_where_the_signal_only_falls():
    with pytest.raises(Refusal, match="falls with the first agent"):
        seq.c_peak("se", "1.2 s", "60 ms", r1="1 1/(mM*s)", r2="100 1/(mM*s)", tr="3 s", te="60 ms", flip="90 deg")


def test_c_min_regression():
    least = seq.c_min("spgr", "1.2 s", "1 s", r1="3 1/(mM*s)", r2="0 1/(mM*s)", tr="5 ms", te="0 ms", snr=50, rose=5)
    assert least.to("uM").magnitude == pytest.approx(37, abs=0.3)
    assert least.to("mM").magnitude == pytest.approx(5 / (0.75 * 50 * 3 * 1.2), rel=5e-3)


def test_spin_echo_limit():
    """TE = T2, long TR: k e/(SNR0 r2 T2), with the SNR at TE e times lower than at none."""
    t2, r2, snr0 = 0.06, 20.0, 100.0
    least = seq.c_min.bare("se", 1e-3 * 1.0, t2, None, 0.0, r2, None, 100.0, t2, None, None, snr0 / np.e, 5.0)
    assert least == pytest.approx(5 * np.e / (snr0 * r2 * t2), rel=1e-4)
    best = seq.optimal.bare("se", 0.5, t2, None, 0.0, r2, tr=20.0)
    assert best.te == pytest.approx(t2, rel=1e-2)


def test_saturation_recovery_at_fixed_time():
    """dS/dR1 = TR exp(-TR/T1); per root of time the best TR is T1/2."""
    best = seq.optimal.bare("sr", 1.0, 1.0, None, 4.0, 0.0, te=0.0)
    assert best.tr == pytest.approx(0.5, rel=1e-3)


def test_inversion_recovery_null():
    null = np.log(2) * 1.0
    assert seq.signal.bare("ir", 1.0, 0.1, None, 50.0, 0.0, None, null) == pytest.approx(0.0, abs=1e-12)


def test_bssfp_limits():
    """TR << T2: the signal depends on T1/T2 alone, half of M0 at T1 = T2 and 90 degrees."""
    s = seq.signal.bare("bssfp", 1.0, 1.0, None, 1e-3, 0.0, 90.0)
    assert s == pytest.approx(0.5, rel=1e-3)


def test_snr_scaling():
    assert seq.scale_snr(50, "1.5 T", "3 T").magnitude == pytest.approx(25)
    assert seq.scale_snr.bare(50, 6.0, 3.0, 2.0, 1.0, "B0^(7/4)") == pytest.approx(50 * 2**1.75 * 2)
    with pytest.raises(ValueError, match="'B0' or 'B0"):
        seq.scale_snr.bare(50, 6.0, law="B0^2")


def test_heyn():
    assert seq.iron_mass(Q(0.001, "uL"), 20).magnitude == pytest.approx(5 * 1e-3 / (6.2e-5 * 20))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"sequence": "flash"}, "must be one of"),
        ({"sequence": "spgr"}, "needs a flip angle"),
        ({"sequence": "ir"}, "needs an inversion time"),
        ({"sequence": "spgr", "flip": "15 deg", "te": "6 ms"}, "te is above tr"),
        ({"sequence": "spgr", "flip": 15}, "flip needs a unit"),
        ({"sequence": "spgr", "flip": "15 deg", "t1": "0 s"}, "above 0"),
    ],
)
def test_bad_input(args, words):
    good = {"t1": "1 s", "t2": "0.1 s", "tr": "5 ms", "te": "1 ms"}
    with pytest.raises((TypeError, ValueError), match=words):
        seq.signal(**{**good, **args})


T1, T2, T2_STAR = 0.8, 0.09, 0.05


def turned(spin, angle):
    """About x."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([spin[0], c * spin[1] + s * spin[2], -s * spin[1] + c * spin[2]])


def relaxed(spin, time, t2):
    fade = np.exp(-time / t2)
    return np.array([spin[0] * fade, spin[1] * fade, 1 + (spin[2] - 1) * np.exp(-time / T1)])


def shot(sequence, spin, tr, te, flip, ti, sign):
    """(signal, spin at the end) of one repetition, pulse by pulse; what is spoiled is set to nothing."""
    spoil = np.array([0.0, 0.0, 1.0])
    if sequence in ("ir", "sr"):
        if sequence == "ir":
            spin = relaxed(turned(spin, np.pi) * spoil, ti, T2)
        spin = turned(spin, np.pi / 2)
        heard = np.hypot(*relaxed(spin, te, T2)[:2]) * np.sign(spin[1])
        return heard, relaxed(spin * spoil, tr - (ti if sequence == "ir" else 0.0), T2)
    if sequence == "se":
        spin = turned(spin, np.pi / 2)
        heard = spin[1] * np.exp(-te / T2)
        spin = relaxed(turned(relaxed(spin, te / 2, T2), np.pi) * spoil, tr - te / 2, T2)
        return heard, spin * spoil
    fade = T2_STAR if sequence == "spgr" else T2
    spin = turned(spin, sign * flip)
    heard = np.hypot(*relaxed(spin, te, fade)[:2])
    end = relaxed(spin, tr, fade)
    return heard, end * spoil if sequence == "spgr" else end


@pytest.mark.parametrize(
    ("sequence", "tr", "te", "flip", "ti"),
    [("spgr", 0.02, 0.004, 0.5, None), ("bssfp", 0.006, 0.003, 0.9, None), ("se", 0.5, 0.03, np.pi / 2, None),
     ("ir", 1.2, 0.02, np.pi / 2, 0.4), ("sr", 0.6, 0.03, np.pi / 2, None)],
)  # fmt: skip
def test_signals_are_the_steady_states_of_the_bloch_equations(sequence, tr, te, flip, ti):
    spin, heard = np.array([0.0, 0.0, 1.0]), 0.0
    for number in range(2000):
        heard, spin = shot(sequence, spin, tr, te, flip, ti, (-1) ** number)
    ours = seq.signal.bare(sequence, T1, T2, T2_STAR, tr, te, np.rad2deg(flip), ti)
    assert ours == pytest.approx(heard, rel=1e-9)


@pytest.mark.parametrize(
    ("sequence", "given"),
    [
        ("spgr", {"te": 0.002}),
        ("se", {}),
        ("bssfp", {"tr": 0.006, "te": 0.003}),
        ("ir", {"te": 0.01}),
        ("sr", {"te": 0.01}),
    ],
)
def test_no_setting_nearby_shows_the_agent_better(sequence, given):
    """Each setting that was searched, moved either way, loses contrast for the time it takes."""
    at = {"t1": T1, "t2": T2, "t2_star": T2_STAR, "r1": 4.0, "r2": 6.0, "r2_star": 9.0}
    best = seq.optimal.bare(sequence, **at, **given)
    found = {name: getattr(best, name) for name in ("tr", "te", "flip", "ti") if getattr(best, name) is not None}

    def worth(**settings):
        s = {"flip": 90.0, "ti": None, **found, **settings}
        step = 1e-4
        ends = [
            seq.raw_signal(sequence, 1 / T1 + c * 4, 1 / T2 + c * 6, 1 / T2_STAR + c * 9, s["tr"], s["te"],
                           np.deg2rad(s["flip"]), s["ti"]) for c in (step, -step)
        ]  # fmt: skip
        gain = abs(ends[0] - ends[1]) / (2 * step)
        return gain / np.sqrt(s["tr"]) if "tr" not in given else gain

    assert abs(best.slope) == pytest.approx(worth() * (1 if "tr" in given else np.sqrt(best.tr)), rel=1e-4)
    for name in set(found) - set(given):
        for factor in (0.93, 1.07):
            moved = found[name] * factor
            s = {**found, name: moved}
            fits = s["te"] + (s.get("ti") or 0.0) <= s["tr"] or sequence == "sr"
            if fits and s["tr"] > 2e-3 and (name != "flip" or moved < 90 or sequence == "bssfp"):
                assert worth(**{name: moved}) <= worth() * (1 + 1e-6), name


def test_the_peak_is_asked_at_fifteen_degrees_unless_said():
    rest = ("spgr", "1.2 s", "1 s")
    assert seq.c_peak(*rest, **AGENT) == seq.c_peak(*rest, **AGENT, tr="5 ms", te="2 ms", flip="15 deg")


def test_an_inversion_and_its_echo_fit_in_a_repetition():
    with pytest.raises(ValueError, match="ti and te together are above tr"):
        seq.signal("ir", "0.8 s", "90 ms", tr="0.5 s", te="20 ms", ti="0.5 s")
    for given in ({}, {"tr": 0.05}, {"te": 0.01}, {"ti": 0.3}, {"tr": 0.4, "te": 0.02}, {"ti": 0.3, "te": 0.02}):
        best = seq.optimal.bare("ir", T1, T2, **given)
        assert best.ti + best.te <= best.tr * (1 + 1e-12)
        for name, value in given.items():
            assert getattr(best, name) == value
