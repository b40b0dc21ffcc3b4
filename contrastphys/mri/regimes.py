"""Which law holds for a magnetic core, and what a population of cores or clusters gives.

Perturbation theory (`superparamagnetic`) ends where a proton dephases before it has left the particle. Two numbers
tell: x = dw tau_D from the mean magnetisation along the field, and x_full from the whole moment and the time over
which its field at the proton keeps its direction (diffusion, Neel, Brown). At low field the first goes to zero while
the second does not. Between motional averaging (x < 1) and static dephasing (x > 5) the rate is
(MAR^-2 + SDR^-2)^(-1/2): a smooth crossing of our own, within -14 % and +19 % of a random walk at x = 1 to 40. With
SDR taken for the whole moment it also keeps r1 and r2 below the ceiling at any field, and r2 at or above r1. A moment
that turns slowly at low field, where the bare theory exceeds the ceiling, comes out 9, 17 and 22 % below the walk of
`moment_walk` at x = 3, 5 and 12: there the whole dipole field counts, and the ceiling of its secular part is low.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..constants import GAMMA_PROTON, MU0
from ..units import quantities
from .motion import brownian_time, neel_time
from .spectral import ayant, langevin
from .superparamagnetic import (
    DIAMETER,
    DIFFUSION,
    FIELD,
    MAGNETISATION,
    MOLAR_VOLUME,
    TEMPERATURE,
    echo_limited_r2,
    energy_ratio,
    motional_averaging_r2,
    rmg_terms,
    static_dephasing_r2_star,
)

NODES = 24  # of the Gauss-Hermite rule over log-normal sizes


class CoreRates(NamedTuple):
    """What a core does to water, per metal in 1/(mM s), with the numbers that judge it (floats or arrays)."""

    r1: Any  #: longitudinal, below the full-moment ceiling
    r2: Any  #: transverse, spin echo where an echo spacing was given
    r2_star: Any  #: transverse, free induction
    r1_bare: Any  #: perturbation theory alone
    r2_bare: Any
    r1_moving: Any  #: the part of r1_bare that the fluctuation of the moment makes
    r2_moving: Any
    ceiling: Any  #: static dephasing by the whole moment
    x: Any  #: mean shift times diffusion time
    x_full: Any  #: full shift times correlation time
    broken: Any  #: share of r2 from cores whose fluctuating moment alone would exceed the ceiling


def crossing(fast, ceiling):
    """(fast^-2 + ceiling^-2)^(-1/2), the crossing from motional averaging to static dephasing.

    Examples
    --------
    >>> round(float(crossing(3.0, 4.0)), 9), float(crossing(0.0, 0.0))
    (2.4, 0.0)
    """
    total = np.hypot(fast, ceiling)
    return np.asarray(fast) * ceiling / np.where(total > 0, total, 1.0)


def single_size(
    field,
    diameter,
    magnetisation,
    molar_volume,
    temperature,
    diffusion,
    neel,
    anisotropy_weight=1.0,
    coating=0.0,
    cluster_diameter=None,
    packing=1.0,
    echo_spacing=None,
    concentration=0.0,
) -> CoreRates:
    """Rates of cores of one size [m], alone or packed at a volume fraction into clusters.

    In a cluster the fluctuations of the cores stay their own (r1 is an upper bound), while their mean moments add:
    water sees a sphere of the cluster's diameter with the magnetisation packing * M.
    """
    moving, mean = rmg_terms(
        field, diameter, magnetisation, molar_volume, temperature, diffusion, neel, anisotropy_weight, coating
    )
    la = langevin_of(field, diameter, magnetisation, temperature)
    size = diameter if cluster_diameter is None else cluster_diameter
    full = GAMMA_PROTON * MU0 * magnetisation / 3.0
    approach = 0.5 * size + coating
    tau_d = approach * approach / diffusion
    surface = packing * full * (0.5 * size / approach) ** 3
    mean_r2 = mean[1]
    if cluster_diameter is not None:
        # the same law for the cluster as a whole: its mean moment scales the single core's term
        scale = packing * (size / diameter) ** 3
        core_approach = 0.5 * diameter + coating
        w_td = GAMMA_PROTON * field * tau_d
        w_td_core = GAMMA_PROTON * field * core_approach**2 / diffusion
        whole = mean_r2 * scale * (core_approach / approach) * (_secular(w_td) / _secular(w_td_core))
        mean_r2 = np.maximum(mean_r2, whole)  # few loosely packed cores are not less than their sum
    r1_bare, r2_bare = moving[0] + mean[0], moving[1] + mean_r2
    ceiling = static_dephasing_r2_star.bare(magnetisation, molar_volume)
    r2_star = crossing(r2_bare, ceiling)
    x = surface * la * tau_d
    r2 = r2_star
    if echo_spacing is not None:
        safe = np.where(x > 0, la, 1.0) * packing * magnetisation
        echo = echo_limited_r2.bare(
            1e9 * 2.0 * approach, safe, molar_volume / packing, echo_spacing, diffusion, concentration
        )
        r2 = np.where(x > 0, crossing(r2_star, echo), r2_star)
    correlation = 1.0 / (1.0 / tau_d + 1.0 / neel)
    broken = np.where(moving[1] > ceiling, 1.0, 0.0)
    return CoreRates(
        crossing(r1_bare, ceiling),
        r2,
        r2_star,
        r1_bare,
        r2_bare,
        moving[0],
        moving[1],
        ceiling + 0.0 * r2_star,
        x,
        surface * correlation + 0.0 * x,
        broken,
    )


def _secular(w_td):
    return 4.0 + 3.0 * ayant(w_td, 1.0)


def langevin_of(field, diameter, magnetisation, temperature):
    """Mean over full moment of a core (lengths in metres)."""
    return langevin(energy_ratio(field, diameter, magnetisation, temperature))[0]


def population(
    field,
    diameter,
    magnetisation,
    molar_volume,
    temperature,
    diffusion,
    *,
    sigma_ln=0.0,
    dead_layer=0.0,
    neel=None,
    anisotropy=None,
    attempt_time=1e-9,
    hydrodynamic_diameter=None,
    relative_viscosity=1.0,
    nodes=NODES,
    **single,
) -> CoreRates:
    """Rates of log-normal cores (median `diameter` [nm], number-weighted), averaged per metal, so by volume.

    The Neel time is `neel` where given, else tau_0 exp(K V/kT) of each size with the anisotropy [J/m^3]; rotation of
    the particle in the liquid (hydrodynamic diameter [nm]) adds its rate. Weighting by d^3 shifts the median of a
    log-normal distribution by exp(3 sigma^2) and leaves its width.
    """
    field = np.asarray(field, dtype=float)
    if sigma_ln > 0:
        h, w = np.polynomial.hermite.hermgauss(nodes)
        sizes = diameter * np.exp(3.0 * sigma_ln**2 + np.sqrt(2.0) * sigma_ln * h)
        weights = w / w.sum()
    else:
        sizes, weights = np.array([diameter], dtype=float), np.array([1.0])
    shape = (len(sizes),) + (1,) * field.ndim
    sizes, weights = sizes.reshape(shape), weights.reshape(shape)
    alive = sizes > 2.0 * dead_layer
    ms = np.where(alive, magnetisation * np.where(alive, 1.0 - 2.0 * dead_layer / sizes, 0.0) ** 3, 0.0)
    if neel is None:
        if anisotropy is None:
            raise ValueError("give the Neel time or the anisotropy: one of neel and anisotropy is needed")
        neel = neel_time.bare(np.pi / 6.0 * sizes**3, anisotropy, temperature, attempt_time)
    turning = np.asarray(neel, dtype=float)
    if hydrodynamic_diameter is not None:
        slow = brownian_time.bare(hydrodynamic_diameter * sizes / diameter, temperature, relative_viscosity)
        turning = 1.0 / (1.0 / turning + 1.0 / slow)
    rates = single_size(field, 1e-9 * sizes, ms, molar_volume, temperature, diffusion, turning, **single)
    if len(weights) == 1:
        return CoreRates(*(np.broadcast_to(part, shape[:1] + field.shape)[0] for part in rates))
    mean = {
        name: np.sum(weights * part, axis=0)
        for name, part in rates._asdict().items()
        if name not in ("x", "x_full", "broken")
    }
    share = weights * rates.r2 / np.where(mean["r2"] > 0, mean["r2"], 1.0)
    judged = {name: np.sum(share * getattr(rates, name), axis=0) for name in ("x", "x_full", "broken")}
    return CoreRates(**mean, **judged)


@quantities(
    ("1/(mM*s)", "1/(mM*s)", "1/(mM*s)"),
    field=FIELD,
    diameter=DIAMETER,
    saturation_magnetisation=MAGNETISATION,
    molar_volume=MOLAR_VOLUME,
    temperature=TEMPERATURE,
    diffusion=DIFFUSION,
    sigma_ln=("1", 0, 0.6, "width of the log-normal size distribution (number-weighted)"),
    dead_layer=("nm", 0, 2, "thickness of the magnetically dead layer"),
    neel=("s", 1e-13, 1e40, "Neel time; None to compute it from the anisotropy"),
    anisotropy=("J/m^3", 0, 1e6, "effective anisotropy constant"),
    attempt_time=("s", 1e-13, 1e-7, "attempt time of the Neel process"),
    anisotropy_weight=("1", 0, 1, "Q: 1 for infinite anisotropy, 0 for none"),
    coating=("nm", 0, 50, "thickness of a coating that keeps water away"),
    hydrodynamic_diameter=("nm", 1, 1e4, "hydrodynamic diameter, for Brownian rotation"),
    relative_viscosity=("1", 0.5, 1000, "viscosity of the medium relative to water"),
    cluster_diameter=("nm", 2, 1e5, "diameter of the cluster the cores sit in"),
    packing=("1", 1e-4, 1, "volume fraction of core in the cluster"),
    echo_spacing=("s", 1e-6, 10, "time between two spin echoes"),
    concentration=("mmol/L", 0, 100, "metal concentration (echo-limited regime)"),
)
def core_relaxivity(
    field,
    diameter,
    saturation_magnetisation,
    molar_volume,
    temperature=310.15,
    diffusion=3.037e-9,
    sigma_ln=0.0,
    dead_layer=0.0,
    neel=None,
    anisotropy=None,
    attempt_time=1e-9,
    anisotropy_weight=1.0,
    coating=0.0,
    hydrodynamic_diameter=None,
    relative_viscosity=1.0,
    cluster_diameter=None,
    packing=1.0,
    echo_spacing=None,
    concentration=0.0,
):
    """Relaxivities of magnetic cores or clusters in every regime, (r1, r2, r2_star), per metal.

    Roch-Muller-Gillis rates, volume-weighted over log-normal sizes, crossed with static dephasing by the full moment
    as (MAR^-2 + SDR^-2)^(-1/2); with an echo spacing r2 is crossed in the same way with the echo-limited law.

    Returns
    -------
    tuple of Quantity [1/(mM s)]
        r1, r2, r2_star.

    Notes
    -----
    Error: 35 % (r1) and 40 % (r2) for 5 to 20 nm with a measured magnetisation, a factor of 3 to 50 below 5 nm, where
    surface iron and size spread decide. Clusters: r1 is an upper bound.

    References
    ----------
    Roch, Muller, Gillis, J Chem Phys 1999, 110:5403, doi:10.1063/1.478435. Yablonskiy, Haacke, Magn Reson Med 1994,
    32:749, doi:10.1002/mrm.1910320610. Gillis, Moiny, Brooks, Magn Reson Med 2002, 47:257, doi:10.1002/mrm.10059.

    Examples
    --------
    >>> r1, r2, r2_star = core_relaxivity("1.5 T", "7 nm", "350 kA/m", "1.577e-5 m^3/mol", neel="1 ns")
    >>> print(f"{r1:.2f~C}, {r2:.2f~C}, {r2_star:.2f~C}")
    20.76 1/mM/s, 42.63 1/mM/s, 42.63 1/mM/s
    """
    if neel is None and anisotropy is None:
        neel = 1e-9
    core = {
        "diameter": diameter, "magnetisation": saturation_magnetisation, "molar_volume": molar_volume,
        "temperature": temperature, "diffusion": diffusion, "sigma_ln": sigma_ln, "dead_layer": dead_layer,
        "neel": neel, "anisotropy": anisotropy, "attempt_time": attempt_time, "anisotropy_weight": anisotropy_weight,
        "coating": 1e-9 * coating, "hydrodynamic_diameter": hydrodynamic_diameter,
        "relative_viscosity": relative_viscosity, "packing": packing, "echo_spacing": echo_spacing,
        "concentration": concentration,
        "cluster_diameter": None if cluster_diameter is None else 1e-9 * cluster_diameter,
    }  # fmt: skip
    several = {name: value for name, value in core.items() if np.ndim(value)}
    if not several:
        rates = population(field, **core)
        return rates.r1, rates.r2, rates.r2_star
    field, *columns = np.broadcast_arrays(field, *several.values())  # a core at a time: each has sizes of its own
    found = np.empty((3, *field.shape))
    for place in np.ndindex(field.shape):
        one = {name: float(column[place]) for name, column in zip(several, columns, strict=True)}
        rates = population(float(field[place]), **{**core, **one})
        found[(slice(None), *place)] = rates.r1, rates.r2, rates.r2_star
    return tuple(found)


def regime_name(x, x_full, echo=False) -> str:
    """The regime of one field point, in words."""
    if x > 20 and echo:
        return "echo-limited"
    if x > 5:
        return "static dephasing"
    if x > 1:
        return "between motional averaging and static dephasing"
    if x_full > 1:
        return "slow fluctuation of the full moment"
    return "motional averaging"


def quadrature_crossing_diameter(saturation_magnetisation, diffusion, molar_volume=1.577e-5):
    """Core diameter [nm] at which motional averaging and static dephasing would give the same r2 (x = 3.4).

    Examples
    --------
    >>> round(float(quadrature_crossing_diameter(3.5e5, 3.037e-9)), 1)
    32.5
    """
    per_square = motional_averaging_r2.bare(1.0, saturation_magnetisation, molar_volume, diffusion)
    return np.sqrt(static_dephasing_r2_star.bare(saturation_magnetisation, molar_volume) / per_square)
