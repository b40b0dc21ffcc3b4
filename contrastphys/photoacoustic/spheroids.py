"""Small prolate spheroids in the electrostatic limit, plain or in a confocal coat, the long axis corrected for size.

For semi-axes a > b, e^2 = 1 - (b/a)^2, permittivity eps over that of the medium and wave number k in it::

    alpha_i = V/(4 pi) (eps - 1)/(1 + L_i (eps - 1)),   L_long = (1 - e^2)/e^2 [atanh(e)/e - 1],   L_short =
    (1 - L_long)/2 long axis only: alpha -> alpha/(1 - (k^2/a) D alpha - (2i/3) k^3 alpha),   D = 3/4 [(1 +
    e^2)/(1 - e^2) L_long + 1]

The correction for retardation and radiation belongs to the long axis alone: on the short axes it makes peaks
that are not there.

References: R. Gans, Ann. Phys. 342, 881 (1912), doi:10.1002/andp.19123420503; A. Moroz, J. Opt. Soc. Am. B
26, 517 (2009), doi:10.1364/JOSAB.26.000517; C. F. Bohren and D. R. Huffman, Wiley (1983), chapter 5.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["depolarisation", "spheroid_polarisability"]


def depolarisation(aspect: Any) -> Any:
    """Depolarisation factor along the long axis of a prolate spheroid (1/3 for a sphere)."""
    square = 1.0 - 1.0 / np.asarray(aspect, dtype=float) ** 2
    e = np.sqrt(np.maximum(square, 1e-300))
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = (1.0 - square) / square * (np.arctanh(np.minimum(e, 1 - 1e-16)) / e - 1.0)
    series = (1.0 - square) * (1 / 3 + square * (1 / 5 + square * (1 / 7 + square / 9)))
    return np.where(square < 1e-3, series, exact)


def spheroid_polarisability(eps: Any, length: Any, width: Any, k: Any, coat: Any = None, scale: Any = 1.0) -> Any:
    """Polarisabilities (long axis, one short axis) of a prolate spheroid, plain or in a confocal coat.

    Parameters
    ----------
    eps : complex array
        Permittivity of the core over that of the medium.
    length, width : array
        Axes of the core; `k` in the inverse of their unit.
    k : array
        Wave number in the medium.
    coat : (permittivity over that of the medium, thickness on the sides), optional
    scale : array
        Volume of the real particle over that of the spheroid.

    Returns
    -------
    (long, short) : complex arrays
        In the third power of the unit of length; alpha = p/(4 pi eps_m E).
    """
    a, b = np.asarray(length) / 2, np.asarray(width) / 2
    inner = depolarisation(a / b)
    outer_a, outer_b = a, b
    eps_coat: Any = 1.0
    if coat is not None:
        eps_coat, thickness = coat
        outer_b = b + thickness
        outer_a = np.sqrt(a**2 + outer_b**2 - b**2)
    share = a * b**2 / (outer_a * outer_b**2)
    volume = outer_a * outer_b**2 / 3 * scale
    outer = depolarisation(outer_a / outer_b)
    found = []
    for l_in, l_out in ((inner, outer), ((1 - inner) / 2, (1 - outer) / 2)):
        mixed = eps_coat + (eps - eps_coat) * (l_in - share * l_out)
        top = (eps_coat - 1) * mixed + share * eps_coat * (eps - eps_coat)
        bottom = mixed * (1 + (eps_coat - 1) * l_out) + share * l_out * eps_coat * (eps - eps_coat)
        found.append(volume * top / bottom)
    ratio = (outer_b / outer_a) ** 2  # 1 - e^2
    dynamic = 0.75 * ((2 - ratio) / ratio * outer + 1)
    long = found[0] / (1 - k**2 / outer_a * dynamic * found[0] - 2j / 3 * k**3 * found[0])
    return long, found[1]
