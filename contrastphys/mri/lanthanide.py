"""Particles of paramagnetic lanthanide compounds: the core's moment and the ions at the surface.

Ions inside share no water. Together they carry the moment N m(B0, T) that the field induces (Brillouin function), and
water that diffuses past it relaxes as past a magnetised core; it grows with B0^2 and with the square of the diameter.
Ions at the surface bind water and relax it by their own mean moment, which turns with the whole particle, and a
little by the electron (2e-13 s in Tb, Dy, Ho, Er, Tm). For Gd the electron time in the solid decides everything and
is not known: its absolute relaxivity is only given relative to a measured one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..constants import AVOGADRO, GAMMA_PROTON, MU0
from ..units import quantities
from . import paramagnetic as pm
from .motion import rotation_time
from .regimes import crossing
from .spectral import ayant, curie_moment
from .superparamagnetic import MOLAR_VOLUME, static_dephasing_r2_star

SURFACE_LAYER = 0.3  # nm, thickness of the layer whose ions bind water
SURFACE_RESIDENCE = 1e-8  # s, assumed residence of a water at a surface ion (aqua ions: 1e-9 to 1e-8)


@quantities(
    "1",
    diameter=("nm", 0.7, 1000, "core diameter"),
    layer=("nm", 0.05, 2, "thickness of the layer that counts as surface"),
)
def surface_fraction(diameter, layer=SURFACE_LAYER):
    """Share of the metal that stands at the surface, 1 - (1 - 2t/d)^3.

    Returns
    -------
    Quantity, dimensionless

    Examples
    --------
    >>> ratio = surface_fraction("2.5 nm") / surface_fraction("8 nm")
    >>> print(f"{ratio.magnitude:.2f}")
    2.69
    """
    inner = np.maximum(1.0 - 2.0 * layer / np.asarray(diameter, dtype=float), 0.0)
    return 1.0 - inner**3


class Surface(NamedTuple):
    """How water sits at a surface ion (assumed where not measured)."""

    q: float = 1.0
    r: float = 3.1e-10  # m
    tau_M: float = SURFACE_RESIDENCE  # s
    layer: float = SURFACE_LAYER  # nm


def surface_rates(field, temperature, diameter, hydrodynamic, t1e, t2e, j, g_j, viscosity=1.0, at=Surface(), spin=3.5):
    """Relaxivities that surface ions pass on, per mol of all metal, as (electron part, Curie part).

    f_s (q/cw)/(1/Rim + tau_M), Rim with the rotation time of the hydrodynamic sphere.
    """
    turning = rotation_time.bare(hydrodynamic, temperature, viscosity)
    share = surface_fraction.bare(diameter, at.layer)
    moment2 = pm.spin_moment2(j, g_j)
    electron = pm.inner_sphere_rates.bare(field, at.r, turning, at.tau_M, t1e, t2e, moment2, 0.0, spin)
    joint = 1.0 / (1.0 / turning + 1.0 / at.tau_M)
    mean = pm.curie_inner_sphere_rates.bare(field, temperature, at.r, joint, j, g_j)
    alone = pm.exchange.bare(*electron, at.tau_M, at.q * share)
    both = pm.exchange.bare(electron[0] + mean[0], electron[1] + mean[1], at.tau_M, at.q * share)
    return alone, (both[0] - alone[0], both[1] - alone[1])


def core_rates(field, temperature, diameter, molar_volume, diffusion, j, g_j, coating=0.0):
    """Relaxivities from the induced moment of the whole core, (r1, r2, r2_star), per mol of metal.

    The saturated form of Roch-Muller-Gillis with M = (N_A/v_mat) m(B0, T), crossed with its static dephasing.
    """
    magnetisation = AVOGADRO / molar_volume * curie_moment(field, temperature, j, g_j)
    approach = 0.5e-9 * diameter + coating
    tau_d = approach * approach / diffusion
    dw = GAMMA_PROTON * MU0 * magnetisation / 3.0 * (0.5e-9 * diameter / approach) ** 3
    dispersive = 3.0 * ayant(GAMMA_PROTON * field, tau_d)
    volume = molar_volume * (approach / (0.5e-9 * diameter)) ** 3
    scale = 4.0 / 45.0 * volume * tau_d * dw * dw
    ceiling = static_dephasing_r2_star.bare(magnetisation, molar_volume)
    return crossing(2.0 * scale * dispersive, ceiling), crossing(scale * (4.0 + dispersive), ceiling), dw * tau_d


@quantities(
    ("1/(mM*s)", "1/(mM*s)"),
    field=("T", 1e-5, 30, "static magnetic field"),
    temperature=("K", 273.15, 373.15, "temperature"),
    diameter=("nm", 1, 200, "core diameter"),
    molar_volume=MOLAR_VOLUME,
    hydrodynamic_diameter=("nm", 1, 1000, "hydrodynamic diameter; the core's where not given"),
    t1e=("s", 1e-14, 1e-6, "electron relaxation time of the ion"),
    diffusion=("m^2/s", 1e-11, 1e-8, "diffusion coefficient of water"),
    j=("1", 0.5, 8, "total angular momentum quantum number"),
    g_j=("1", 0.5, 2.1, "Lande factor"),
)
def particle_relaxivity(
    field, temperature, diameter, molar_volume, hydrodynamic_diameter=None, t1e=2.4e-13, diffusion=3.037e-9,
    j=7.5, g_j=4 / 3,
):  # fmt: skip
    """Relaxivities of a lanthanide particle, core moment and surface ions together, (r1, r2), per metal.

    Returns
    -------
    tuple of Quantity [1/(mM s)]
        r1, r2.

    Notes
    -----
    Right within a factor of about 2 at 20 nm, of 3 to 50 below 3 nm, where the surface rules r2: one water at each
    surface ion, residing 10 ns, are assumed.

    References
    ----------
    Norek, Pereira, Geraldes, Denkova, Zhou, Peters, J Phys Chem C 2007, 111:10240, doi:10.1021/jp072288l.

    Examples
    --------
    >>> r1, r2 = particle_relaxivity("7 T", "25 degC", "29 nm", "4.37e-5 m^3/mol")
    >>> bool(r2 > 10 * r1)
    True
    """
    outer = diameter if hydrodynamic_diameter is None else hydrodynamic_diameter
    core = core_rates(field, temperature, diameter, molar_volume, diffusion, j, g_j)
    electron, mean = surface_rates(field, temperature, diameter, outer, t1e, t1e, j, g_j)
    return core[0] + electron[0] + mean[0], core[1] + electron[1] + mean[1]
