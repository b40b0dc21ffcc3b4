"""Signals of the common sequences, their best settings, and the least agent they can show.

Each signal is the fraction of the equilibrium magnetisation that reaches the receiver; relaxation of the agent adds
to the tissue's, 1/T = 1/T0 + r c. An agent that shortens T1 and T2* brightens and darkens at once: the signal of a
spoiled gradient echo rises to c_peak and falls beyond it, so "T1 agent" is a result at a concentration, not a label.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..provenance import Refusal
from ..showing import shows
from ..units import quantities

SEQUENCES = ("spgr", "se", "bssfp", "ir", "sr")

_T1 = ("s", 1e-4, 20, "longitudinal relaxation time")
_T2 = ("s", 1e-5, 20, "transverse relaxation time (spin echo)")
_T2S = ("s", 1e-5, 20, "transverse relaxation time of the free signal; T2 where not given")
_TR = ("s", 1e-3, 20, "repetition time")
_TE = ("s", 0, 1, "echo time")
_FLIP = ("deg", 0.1, 180, "flip angle")
_TI = ("s", 1e-3, 10, "inversion time")
_R = ("1/(mM*s)", 0, 1e4, "relaxivity per metal")


def raw_signal(sequence, r1, r2, r2_star, tr, te, flip=None, ti=None):
    """Signal from relaxation rates [1/s], flip in radians; no checks.

    SE    (1 - 2 exp(-(TR - TE/2)/T1) + exp(-TR/T1)) exp(-TE/T2)
    SPGR  sin A (1 - E1)/(1 - E1 cos A) exp(-TE/T2*)
    bSSFP sin A (1 - E1)/(1 - (E1 - E2) cos A - E1 E2) exp(-TE/T2)
    IR    (1 - 2 exp(-TI/T1) + exp(-TR/T1)) exp(-TE/T2),  SR  (1 - exp(-TR/T1)) exp(-TE/T2)
    """
    e1 = np.exp(-tr * r1)
    if sequence == "spgr":
        return np.sin(flip) * -np.expm1(-tr * r1) / (1.0 - e1 * np.cos(flip)) * np.exp(-te * r2_star)
    if sequence == "se":
        return (1.0 - 2.0 * np.exp(-(tr - 0.5 * te) * r1) + e1) * np.exp(-te * r2)
    if sequence == "bssfp":
        e2 = np.exp(-tr * r2)
        return np.sin(flip) * -np.expm1(-tr * r1) / (1.0 - (e1 - e2) * np.cos(flip) - e1 * e2) * np.exp(-te * r2)
    if sequence == "ir":
        return (1.0 - 2.0 * np.exp(-ti * r1) + e1) * np.exp(-te * r2)
    if sequence == "sr":
        return -np.expm1(-tr * r1) * np.exp(-te * r2)
    raise ValueError(f"sequence is '{sequence}': it must be one of {', '.join(SEQUENCES)}")


def _complete(sequence, tr, te, flip, ti):
    if sequence not in SEQUENCES:
        raise ValueError(f"sequence is '{sequence}': it must be one of {', '.join(SEQUENCES)}")
    if sequence in ("spgr", "bssfp") and flip is None:
        raise ValueError(f"the sequence '{sequence}' needs a flip angle: write flip=Q(15, 'deg')")
    if sequence == "ir" and ti is None:
        raise ValueError("the sequence 'ir' needs an inversion time: write ti=Q(400, 'ms')")
    if sequence != "sr" and np.any(np.asarray(te) > np.asarray(tr)):
        raise ValueError("te is above tr: the echo comes before the next excitation")
    if sequence == "ir" and np.any(np.asarray(ti) + np.asarray(te) > np.asarray(tr)):
        raise ValueError("ti and te together are above tr: inversion and echo come before the next inversion; raise tr")


@quantities("1", t1=_T1, t2=_T2, t2_star=_T2S, tr=_TR, te=_TE, flip=_FLIP, ti=_TI)
def signal(sequence, t1, t2, t2_star=None, tr=0.005, te=0.0, flip=None, ti=None):
    """Signal of a sequence in units of the equilibrium magnetisation.

    SE (1 - 2 exp(-(TR - TE/2)/T1) + exp(-TR/T1)) exp(-TE/T2); SPGR sin A (1 - E1)/(1 - E1 cos A) exp(-TE/T2*);
    bSSFP sin A (1 - E1)/(1 - (E1 - E2) cos A - E1 E2) exp(-TE/T2); IR (1 - 2 exp(-TI/T1) + exp(-TR/T1)) exp(-TE/T2);
    SR (1 - exp(-TR/T1)) exp(-TE/T2). E1 = exp(-TR/T1), E2 = exp(-TR/T2), A the flip angle.

    Other Parameters
    ----------------
    sequence : {"spgr", "se", "bssfp", "ir", "sr"}

    Returns
    -------
    Quantity, dimensionless
        Negative for an inverted magnetisation (IR).

    Notes
    -----
    Steady state, perfect spoiling and refocusing, uniform flip; bSSFP on resonance.

    References
    ----------
    Ernst, Anderson, Rev Sci Instrum 1966, 37:93, doi:10.1063/1.1719961. Bernstein, King, Zhou, Handbook of MRI Pulse
    Sequences, 2004.

    Examples
    --------
    >>> print(f"{signal('spgr', '1.2 s', '60 ms', tr='5 ms', te='2 ms', flip='9.04 deg'):.4f~C}")
    0.0382
    """
    _complete(sequence, tr, te, flip, ti)
    star = t2 if t2_star is None else t2_star
    angle = None if flip is None else np.deg2rad(flip)
    return raw_signal(sequence, 1.0 / t1, 1.0 / t2, 1.0 / star, tr, te, angle, ti)


@quantities("deg", tr=_TR, t1=_T1)
def ernst_angle(tr, t1):
    """Flip angle of the largest spoiled gradient-echo signal, cos A = exp(-TR/T1).

    Returns
    -------
    Quantity [deg]

    Examples
    --------
    >>> print(f"{ernst_angle('5 ms', '1.2 s'):.2f~C}")
    5.23 deg
    """
    return np.rad2deg(np.arccos(np.exp(-tr / t1)))


@quantities("deg", tr=_TR, t1=_T1)
def t1_contrast_angle(tr, t1):
    """Flip angle at which a spoiled gradient echo changes most with T1, cos A = (2 E1 - 1)/(2 - E1).

    Returns
    -------
    Quantity [deg]

    Notes
    -----
    sqrt(3) times the Ernst angle at small angles, where dlnS/dlnR1 = 3/4; above TR = 1.1 T1 the best angle is 90 deg
    or more and the formula still holds.

    References
    ----------
    Dathe, Helms, Phys Med Biol 2010, 55:4231, doi:10.1088/0031-9155/55/15/003.

    Examples
    --------
    >>> print(f"{t1_contrast_angle('5 ms', '1.2 s'):.2f~C}")
    9.04 deg
    """
    e1 = np.exp(-np.asarray(tr) / t1)
    return np.rad2deg(np.arccos((2.0 * e1 - 1.0) / (2.0 - e1)))


def slope(sequence, rates, relaxivity, tr, te, flip, ti):
    """dS/dc [1/mM] at given rates (1, 2, 2*), by a central difference of the exact signal; flip in radians."""
    r1, r2, r2_star = rates
    a1, a2, a3 = relaxivity
    step = 1e-4 / max(a1 / r1, a2 / r2, a3 / r2_star, 1e-12)
    up, down = (
        raw_signal(sequence, r1 + s * a1, r2 + s * a2, r2_star + s * a3, tr, te, flip, ti) for s in (step, -step)
    )
    return (up - down) / (2.0 * step)


@shows("Best setting", "flip [deg]", "tr [s]", "te [s]", "ti [s]", "signal", "slope [1/mM]", line="own")
class Optimum(NamedTuple):
    """Best settings of a sequence for one agent in one tissue."""

    flip: float | None  #: deg
    tr: float  #: s
    te: float  #: s
    ti: float | None  #: s
    signal: float
    slope: float  #: dS/dc per mM


@quantities(None, t1=_T1, t2=_T2, t2_star=_T2S, r1=_R, r2=_R, r2_star=_R, tr=_TR, te=_TE, flip=_FLIP, ti=_TI)
def optimal(sequence, t1, t2, t2_star=None, r1=4.0, r2=5.0, r2_star=None, tr=None, te=None, flip=None, ti=None):
    """Settings that show an agent best: the largest |dS/dc|, searched over every setting that is not given.

    Other Parameters
    ----------------
    sequence : {"spgr", "se", "bssfp", "ir", "sr"}

    Returns
    -------
    Optimum
        flip [deg], tr, te, ti [s], signal, slope [1/mM].

    Notes
    -----
    Where TR is free the slope is per square root of scan time, |dS/dc|/sqrt(TR), so that a long TR has its price;
    saturation recovery then gives TR near T1/2 for a fixed-time difference. TE searched up to 3 T2, TI up to 3 T1,
    both within TR.

    References
    ----------
    R. R. Ernst, W. A. Anderson, Rev. Sci. Instrum. 37, 93 (1966), doi:10.1063/1.1719961

    Examples
    --------
    >>> best = optimal("spgr", "1.2 s", "1 s", r1="3 1/(mM*s)", r2="0 1/(mM*s)", tr="5 ms", te="0 ms")
    >>> print(f"{best.flip:.2f}")
    9.04
    """
    _complete(sequence, tr or np.inf, te or 0.0, flip or 90.0, ti or 0.0)
    from scipy.optimize import minimize

    star = t2 if t2_star is None else t2_star
    star_r = r2 if r2_star is None else r2_star
    rates, relaxivity = (1 / t1, 1 / t2, 1 / star), (r1, r2, star_r)
    fade = star if sequence == "spgr" else t2
    start: dict[str, tuple[float, float]] = {}
    if flip is None and sequence in ("spgr", "bssfp"):
        start["flip"] = (1e-3, np.pi / 2 if sequence == "spgr" else np.pi * 0.999)
    if tr is None:
        before = (te or 0.0) + (ti or 0.0) if sequence != "sr" else 0.0
        start["tr"] = (max(2e-3, before), max(5.0 * t1, 2.0 * before))
    longest = np.inf if tr is None or sequence == "sr" else tr
    if te is None:
        start["te"] = (0.0, min(3.0 * fade, longest))
    if ti is None and sequence == "ir":
        start["ti"] = (min(1e-3, 0.1 * longest), min(3.0 * t1, longest))
    given = {"flip": None if flip is None else np.deg2rad(flip), "tr": tr, "te": te, "ti": ti}
    names = list(start)

    def settings(point):
        chosen = dict(given)
        for name, share in zip(names, point, strict=True):
            low, high = start[name]
            chosen[name] = low + (high - low) * min(max(share, 0.0), 1.0)
        return chosen

    def loss(point):
        at = settings(point)
        before = 0.0 if sequence == "sr" else at["te"] + (at["ti"] if sequence == "ir" else 0.0)
        if before > at["tr"]:
            return before / at["tr"]
        price = np.sqrt(at["tr"]) if tr is None else 1.0
        return -abs(slope(sequence, rates, relaxivity, at["tr"], at["te"], at["flip"], at["ti"])) / price

    if not names:
        best = given
    else:
        grid = np.stack(np.meshgrid(*[np.linspace(0.02, 0.98, 13)] * len(names), indexing="ij"), -1)
        coarse = min((tuple(p) for p in grid.reshape(-1, len(names))), key=loss)
        found = minimize(loss, coarse, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-13, "maxiter": 4000})
        best = settings(found.x if found.fun <= loss(coarse) else coarse)
    steep = slope(sequence, rates, relaxivity, best["tr"], best["te"], best["flip"], best["ti"])
    level = raw_signal(sequence, *rates, best["tr"], best["te"], best["flip"], best["ti"])
    angle = None if best["flip"] is None else float(np.rad2deg(best["flip"]))
    return Optimum(angle, float(best["tr"]), float(best["te"]), best["ti"], float(level), float(steep))


def peak_concentration(sequence, rates, relaxivity, tr, te, flip=None, ti=None, highest=1e4) -> float:
    """Concentration [mM] of the largest signal magnitude; Refusal where the signal falls from the start.

    Rates [1/s] of the tissue and relaxivities [1/(mM s)] as (1, 2, 2*); flip in radians.
    """
    from scipy.optimize import minimize_scalar

    def level(c):
        total = [r + c * a for r, a in zip(rates, relaxivity, strict=True)]
        return np.abs(raw_signal(sequence, *total, tr, te, flip, ti))

    grid = np.concatenate([[0.0], np.logspace(-6, np.log10(highest), 1201)])
    values = level(grid)
    top = int(np.argmax(values))
    if top == 0:
        raise Refusal("no-peak", "the signal falls with the first agent: there is no concentration of a maximum")
    if top == len(grid) - 1:
        raise Refusal("no-peak", f"the signal still rises at {highest:g} mM: there is no peak below it")
    found = minimize_scalar(
        lambda c: -level(c), bounds=(grid[top - 1], grid[top + 1]), method="bounded", options={"xatol": 1e-9}
    )
    return float(found.x)


@quantities("mmol/L", t1=_T1, t2=_T2, t2_star=_T2S, r1=_R, r2=_R, r2_star=_R, tr=_TR, te=_TE, flip=_FLIP, ti=_TI)
def c_peak(sequence, t1, t2, t2_star=None, r1=4.0, r2=5.0, r2_star=None, tr=0.005, te=0.002, flip=15.0, ti=None):
    """Metal concentration of the largest signal; more agent than this darkens.

    Other Parameters
    ----------------
    sequence : {"spgr", "se", "bssfp", "ir", "sr"}

    Returns
    -------
    Quantity [mmol/L]

    Raises
    ------
    Refusal
        The signal falls with the first agent.

    Notes
    -----
    Relaxation rates are linear in concentration and the flip angle is held; searched up to 10 mol/L.

    References
    ----------
    R. R. Ernst, W. A. Anderson, Rev. Sci. Instrum. 37, 93 (1966), doi:10.1063/1.1719961

    Examples
    --------
    >>> peak = c_peak("spgr", "1.2 s", "1 s", r1="3 1/(mM*s)", r2="3.9 1/(mM*s)", tr="5 ms", te="2 ms", flip="15 deg")
    >>> print(f"{peak.to('mM'):.1f~C}")
    15.8 mM
    """
    _complete(sequence, tr, te, flip, ti)
    star = t2 if t2_star is None else t2_star
    agent = (r1, r2, r2 if r2_star is None else r2_star)
    return peak_concentration(sequence, (1 / t1, 1 / t2, 1 / star), agent, tr, te, np.deg2rad(flip), ti)


@quantities(
    "mmol/L",
    t1=_T1, t2=_T2, t2_star=_T2S, r1=_R, r2=_R, r2_star=_R, tr=_TR, te=_TE, flip=_FLIP, ti=_TI,
    snr=("1", 1, 1e5, "signal-to-noise ratio of the tissue without agent, at these settings"),
    rose=("1", 1, 10, "Rose factor: how many times the noise a change must have"),
)  # fmt: skip
def c_min(
    sequence, t1, t2, t2_star=None, r1=4.0, r2=5.0, r2_star=None, tr=0.005, te=0.002, flip=None, ti=None,
    snr=50.0, rose=5.0,
):  # fmt: skip
    """Least detectable metal concentration, k sigma/|dS/dc|.

    With SPGR at its best flip this is k/(0.75 SNR r1 T1); with a spin echo at TE = T2, k e/(SNR0 r2 T2), SNR0 at no
    echo time.

    Other Parameters
    ----------------
    sequence : {"spgr", "se", "bssfp", "ir", "sr"}
        A flip that is not given is the one of largest T1 contrast (SPGR).

    Returns
    -------
    Quantity [mmol/L]

    Notes
    -----
    Holds for little agent, where the signal is a straight line in concentration; white noise of one voxel.

    References
    ----------
    Rose, J Opt Soc Am 1948, 38:196, doi:10.1364/JOSA.38.000196.

    Examples
    --------
    >>> least = c_min("spgr", "1.2 s", "1 s", r1="3 1/(mM*s)", r2="0 1/(mM*s)", tr="5 ms", te="0 ms")
    >>> print(f"{least.to('uM').magnitude:.0f} uM")
    37 uM
    """
    if flip is None and sequence == "spgr":
        flip = t1_contrast_angle.bare(tr, t1)
    _complete(sequence, tr, te, flip, ti)
    star = t2 if t2_star is None else t2_star
    agent = (r1, r2, r2 if r2_star is None else r2_star)
    rates = (1 / t1, 1 / t2, 1 / star)
    angle = None if flip is None else np.deg2rad(flip)
    steep = slope(sequence, rates, agent, tr, te, angle, ti)
    if steep == 0:
        raise Refusal("no-contrast", "the signal does not change with the agent at these settings")
    return rose * abs(raw_signal(sequence, *rates, tr, te, angle, ti)) / snr / abs(steep)


@quantities(
    "1",
    snr=("1", 1, 1e6, "signal-to-noise ratio at the reference"),
    field=("T", 1e-5, 30, "field asked for"),
    reference=("T", 1e-4, 30, "field of the reference"),
    voxel=("mm^3", 1e-6, 1e4, "voxel asked for"),
    reference_voxel=("mm^3", 1e-6, 1e4, "voxel of the reference"),
)
def scale_snr(snr, field, reference=3.0, voxel=1.0, reference_voxel=1.0, law="B0"):
    """SNR at another field and voxel, as B0 (sample noise) or B0^(7/4) (coil noise), before relaxation.

    Other Parameters
    ----------------
    law : {"B0", "B0^(7/4)"}
        Sample noise rules in the body above about 0.1 T, coil noise in small samples and at low field.

    Returns
    -------
    Quantity, dimensionless

    Notes
    -----
    A rule between coils of one kind; relaxation times change with the field as well.

    References
    ----------
    Hoult, Richards, J Magn Reson 1976, 24:71.

    Examples
    --------
    >>> print(f"{scale_snr(50, '7 T', '3 T', law='B0^(7/4)'):.1f~C}")
    220.3
    """
    powers: dict[str, Any] = {"B0": 1.0, "B0^(7/4)": 1.75}
    if law not in powers:
        raise ValueError(f"law is '{law}': it must be 'B0' or 'B0^(7/4)'")
    return snr * (field / reference) ** powers[law] * voxel / reference_voxel


@quantities("pg", voxel=("uL", 1e-6, 1e4, "voxel volume"), snr=("1", 1, 1e6, "signal-to-noise ratio of the voxel"))
def iron_mass(voxel, snr):
    """Smallest iron mass seen in a voxel, m = 5 v/(K SNR) with K = 6.2e-5 uL/pg.

    Returns
    -------
    Quantity [pg]

    Notes
    -----
    Measured with bSSFP at 1.5 T on iron-labelled cells; another sequence or field has another K.

    References
    ----------
    Heyn, Bowen, Rutt, Foster, Magn Reson Med 2005, 53:312, doi:10.1002/mrm.20356.

    Examples
    --------
    >>> print(f"{iron_mass('0.001 uL', 20):.2f~C}")
    4.03 pg
    """
    return 5.0 * voxel / (6.2e-5 * snr)
