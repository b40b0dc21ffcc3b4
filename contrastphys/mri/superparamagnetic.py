"""Relaxation of water by magnetic cores that behave as one large moment each.

Roch, Muller and Gillis (1999, doi:10.1063/1.478435) let water diffuse past a moment that is magnetised by the field
(Langevin) and turns over in the Neel time, with or without anisotropy. That is perturbation theory: it needs every
proton to pass the particle before it has dephased. `regimes` says where this ends and what takes over.

Cores enter by diameter [nm] and saturation magnetisation [A/m]; relaxivities are per mol of metal, through
`molar_volume`, the volume of core that holds one mole of metal atoms (1.49e-5 m^3/mol Fe for magnetite).
"""

from __future__ import annotations

import numpy as np

from ..constants import AVOGADRO, BOLTZMANN, GAMMA_ELECTRON, GAMMA_PROTON, MU0, MU0_4PI
from ..elementwise import elementwise
from ..units import quantities
from .spectral import ayant, freed, langevin

FIELD = ("T", 1e-5, 30, "static magnetic field")
DIAMETER = ("nm", 1, 200, "diameter of the magnetic core")
MAGNETISATION = ("A/m", 1e3, 2e6, "saturation magnetisation of the core")
MOLAR_VOLUME = ("m^3/mol", 5e-6, 2e-4, "volume of core per mole of metal")
DIFFUSION = ("m^2/s", 1e-11, 1e-8, "diffusion coefficient of water")
TEMPERATURE = ("K", 273.15, 373.15, "temperature")
NEEL = ("s", 1e-13, 1e40, "correlation time of the moment's own fluctuation (Neel, Brownian)")


@quantities("A/m", diameter=DIAMETER, bulk=MAGNETISATION, dead_layer=("nm", 0, 3, "thickness of the dead layer"))
def core_magnetisation(diameter, bulk, dead_layer=0.0):
    """Saturation magnetisation of a core with a magnetically dead layer, Ms = Ms_bulk (1 - 2t/d)^3.

    Returns
    -------
    Quantity [A/m]

    Notes
    -----
    t of 0.3 to 0.9 nm is quoted for iron oxides. A core that the layer fills (d <= 2t) is refused.

    Examples
    --------
    >>> print(f"{core_magnetisation('3 nm', '480 kA/m', '0.5 nm').to('kA/m'):.1f~C}")
    142.2 kA/m
    """
    if np.any(2.0 * np.asarray(dead_layer) >= np.asarray(diameter)):
        raise ValueError("the dead layer fills the core: diameter must be above 2 dead_layer")
    return bulk * (1.0 - 2.0 * dead_layer / diameter) ** 3


@quantities("1", field=FIELD, diameter=DIAMETER, saturation_magnetisation=MAGNETISATION, temperature=TEMPERATURE)
def langevin_fraction(field, diameter, saturation_magnetisation, temperature):
    """Mean moment along the field over the full moment, L(mu B0/kT) with mu = Ms V.

    Returns
    -------
    Quantity, dimensionless

    Examples
    --------
    >>> print(f"{langevin_fraction('64 mT', '7 nm', '350 kA/m', '37 degC'):.3f~C}")
    0.296
    """
    return langevin(energy_ratio(field, 1e-9 * diameter, saturation_magnetisation, temperature))[0]


def energy_ratio(field, diameter, magnetisation, temperature):
    """al = mu B0/kT of a core (diameter in metres)."""
    return magnetisation * np.pi / 6.0 * diameter**3 * field / (BOLTZMANN * temperature)


@quantities("1", diameter=DIAMETER, molar_volume=MOLAR_VOLUME)
def atoms_per_core(diameter, molar_volume):
    """Metal atoms in a core, N = (pi/6) d^3 N_A/v_mat; a relaxivity per particle is N times that per metal.

    Returns
    -------
    Quantity, dimensionless

    Examples
    --------
    >>> print(f"{atoms_per_core('5 nm', '1.4899e-5 m^3/mol'):.0f~C}")
    2645
    """
    return np.pi / 6.0 * (1e-9 * diameter) ** 3 * AVOGADRO / molar_volume


def rmg_terms(
    field, diameter, saturation_magnetisation, molar_volume, temperature, diffusion, neel, anisotropy_weight, coating
):
    """The two sources of the Roch-Muller-Gillis rates apart: (r1, r2) of the fluctuating and of the mean moment.

    Lengths in metres here (`diameter` of the magnetic core, `coating` the thickness water cannot enter).
    """
    approach = 0.5 * diameter + coating
    volume = np.pi / 6.0 * diameter**3
    mu = saturation_magnetisation * volume
    la, ratio = langevin(mu / (BOLTZMANN * temperature) * field)
    number = molar_volume / volume  # cores per m^3 at 1 mol/m^3 of metal
    c = 32.0 * np.pi / 135.0 * (MU0_4PI * GAMMA_PROTON * mu) ** 2 * number / (approach * diffusion)
    td = approach * approach / diffusion
    q = anisotropy_weight
    p = 1.0 - q
    proton = freed(field, GAMMA_PROTON * td, GAMMA_PROTON * neel)
    rest = freed(0.0, td, neel)
    electron = p * freed(field, GAMMA_ELECTRON * td, GAMMA_ELECTRON * neel) if np.any(p) else 0.0
    mean = ayant(field, GAMMA_PROTON * td)
    return (
        (
            _moving(la, ratio, c, 7.0, electron, 7.0 * q, 3.0, proton, 0.0, 0.0, rest),
            _moving(la, ratio, 0.5 * c, 13.0, electron, 7.0 * q, 3.0, proton, 6.0 * q, 4.0, rest),
        ),
        (_standing(la, c, 0.0, 3.0, mean), _standing(la, 0.5 * c, 4.0, 3.0, mean)),
    )


@elementwise
def _moving(la, ratio, c, turning, electron, tied, spread, proton, tied_rest, spread_rest, rest):
    """Rate from the part of the moment that fluctuates, W = 1 - La^2 - 2 La/al being its spread along the field."""
    w = 1.0 - la * la - 2.0 * ratio
    return c * (
        turning * ratio * electron + (tied * ratio + spread * w) * proton + (tied_rest * ratio + spread_rest * w) * rest
    )


@elementwise
def _standing(la, c, rest, share, density):
    """Rate from the mean moment, c La^2 [rest + share j_A]."""
    return c * la * la * (rest + share * density)


@quantities(
    ("1/(mM*s)", "1/(mM*s)"),
    field=FIELD,
    diameter=DIAMETER,
    saturation_magnetisation=MAGNETISATION,
    molar_volume=MOLAR_VOLUME,
    temperature=TEMPERATURE,
    diffusion=DIFFUSION,
    neel=NEEL,
    anisotropy_weight=("1", 0, 1, "Q: 1 for infinite anisotropy, 0 for none"),
    coating=("nm", 0, 50, "thickness of a coating that keeps water away"),
)
def roch_muller_gillis(
    field,
    diameter,
    saturation_magnetisation,
    molar_volume,
    temperature=310.15,
    diffusion=3.037e-9,
    neel=1e-9,
    anisotropy_weight=1.0,
    coating=0.0,
):
    """Bare motional-averaging relaxivities of a single core, (r1, r2), per metal.

    With al = mu B0/kT, La the Langevin function, P + Q = 1 and W = 1 - La^2 - 2 La/al:
    r1 = C {7P (La/al) J_F(wS) + [7Q La/al + 3W] J_F(wI) + 3 La^2 J_A};
    r2 = (C/2) {13P (La/al) J_F(wS) + 7Q (La/al) J_F(wI) + 6Q (La/al) J_F(0) + W [3 J_F(wI) + 4 J_F(0)]
    + La^2 [3 J_A + 4]}; C = (32 pi/135) (mu0/4pi)^2 gI^2 mu^2 n/(R D).

    Returns
    -------
    tuple of Quantity [1/(mM s)]
        r1, r2 per metal.

    Notes
    -----
    Valid while gI mu0 Ms/3 times the correlation time of the moment's field is below 1 (see `regimes`); outside it
    the numbers exceed what full dephasing allows, and `core_relaxivity` is the function to ask.

    References
    ----------
    Roch, Muller, Gillis, J Chem Phys 1999, 110:5403, doi:10.1063/1.478435.

    Examples
    --------
    >>> r1, r2 = roch_muller_gillis("1.5 T", "7 nm", "350 kA/m", "1.577e-5 m^3/mol")
    >>> print(f"{r1:.2f~C}, {r2:.2f~C}")
    20.77 1/mM/s, 42.70 1/mM/s
    """
    moving, mean = rmg_terms(
        field,
        1e-9 * diameter,
        saturation_magnetisation,
        molar_volume,
        temperature,
        diffusion,
        neel,
        anisotropy_weight,
        1e-9 * coating,
    )
    return moving[0] + mean[0], moving[1] + mean[1]


@quantities("rad/s", magnetisation=("A/m", 0, 2e6, "magnetisation along the field"))
def equatorial_shift(magnetisation):
    """Shift at the equator of a magnetised sphere, dw = gI mu0 M/3 (twice that at the poles).

    Returns
    -------
    Quantity [rad/s]

    Examples
    --------
    >>> print(f"{equatorial_shift('350 kA/m'):.3g~C}")
    3.92e+07 rad/s
    """
    return GAMMA_PROTON * MU0 * magnetisation / 3.0


@quantities(
    "1/(mM*s)",
    diameter=DIAMETER,
    magnetisation=("A/m", 0, 2e6, "magnetisation along the field (a cluster's mean)"),
    molar_volume=MOLAR_VOLUME,
    diffusion=DIFFUSION,
    packing=("1", 1e-4, 1, "magnetic volume fraction of the cluster, 1 for a single core"),
)
def motional_averaging_r2(diameter, magnetisation, molar_volume, diffusion=3.037e-9, packing=1.0, law="theory"):
    """Transverse relaxivity of a saturated sphere or cluster under fast diffusion, per metal.

    r2 = (4/405) gI^2 mu0^2 v_mat M^2 d^2/(D phi), the secular part (16/45) f tau_D dw^2.

    Other Parameters
    ----------------
    law : {"theory", "empirical"}
        "empirical" is the universal fit of Vuong 2012, 11.6e-12 per nm^2 and (A/m)^2, about twice the theory.

    Returns
    -------
    Quantity [1/(mM s)]

    Notes
    -----
    Valid for dw d^2/(4 D) below 1 (dw = gI mu0 M/3).

    References
    ----------
    Vuong, Berret, Fresnais, Gossuin, Sandre, Adv Healthc Mater 2012, 1:502, doi:10.1002/adhm.201200078.

    Examples
    --------
    >>> print(f"{motional_averaging_r2('7 nm', '350 kA/m', '1.57e-5 m^3/mol', '3e-9 m^2/s'):.1f~C}")
    35.1 1/mM/s
    """
    if law not in ("theory", "empirical"):
        raise ValueError(f"law is '{law}': it must be 'theory' or 'empirical'")
    if law == "empirical":
        return 11.6e-12 * (molar_volume / 1.57e-5) * (3e-9 / diffusion) * magnetisation**2 * diameter**2 / packing
    return (
        4.0 / 405.0 * (GAMMA_PROTON * MU0 * magnetisation * 1e-9 * diameter) ** 2 * molar_volume / (diffusion * packing)
    )


@quantities("1/(mM*s)", magnetisation=("A/m", 0, 2e6, "magnetisation along the field"), molar_volume=MOLAR_VOLUME)
def static_dephasing_r2_star(magnetisation, molar_volume):
    """R2* relaxivity where water does not move while it dephases, 2 pi/(3 sqrt 3) v_mat dw, per metal.

    Returns
    -------
    Quantity [1/(mM s)]

    Notes
    -----
    The most any sphere of this magnetisation can reach; the same for a cluster as for its cores.

    References
    ----------
    Yablonskiy, Haacke, Magn Reson Med 1994, 32:749, doi:10.1002/mrm.1910320610.

    Examples
    --------
    >>> print(f"{static_dephasing_r2_star('350 kA/m', '1.577e-5 m^3/mol'):.0f~C}")
    748 1/mM/s
    """
    return 2.0 * np.pi / (3.0 * np.sqrt(3.0)) * molar_volume * GAMMA_PROTON * MU0 * magnetisation / 3.0


@quantities(
    "1/(mM*s)",
    diameter=("nm", 1, 1e5, "diameter of the sphere"),
    magnetisation=("A/m", 0, 2e6, "magnetisation along the field"),
    molar_volume=MOLAR_VOLUME,
    echo_spacing=("s", 1e-6, 10, "time between two echoes (twice tau_CP)"),
    diffusion=DIFFUSION,
    concentration=("mmol/L", 0, 100, "metal concentration; 0 for the dilute limit"),
)
def echo_limited_r2(diameter, magnetisation, molar_volume, echo_spacing, diffusion=3.037e-9, concentration=0.0):
    """Spin-echo relaxivity of strongly magnetised large spheres, per metal.

    r2 = 1.8 v_mat y^(1/3) (1.52 + f y)^(5/3)/tau_D, y = sqrt(4/5) dw tau_CP, f = v_mat C, tau_CP half the spacing.

    Returns
    -------
    Quantity [1/(mM s)]

    Notes
    -----
    Derived for x = dw tau_D above 20, where it is within 20 % of a random walk; 1.1 to 2.7 times too high at 5 to 20.

    References
    ----------
    Gillis, Moiny, Brooks, Magn Reson Med 2002, 47:257, doi:10.1002/mrm.10059.

    Examples
    --------
    >>> print(f"{echo_limited_r2('200 nm', '350 kA/m', '1.577e-5 m^3/mol', '2 ms'):.0f~C}")
    567 1/mM/s
    """
    tau_d = (0.5e-9 * diameter) ** 2 / diffusion
    dw = GAMMA_PROTON * MU0 * magnetisation / 3.0
    y = np.sqrt(0.8) * dw * 0.5 * echo_spacing
    f = molar_volume * concentration
    return 1.8 * molar_volume * np.cbrt(y) * (1.52 + f * y) ** (5.0 / 3.0) / tau_d
