"""Many small cores in one particle: an effective medium, and how far it can be trusted.

Cores of permittivity eps that fill a share f of a matrix act together as a sphere of permittivity (Maxwell
Garnett)::

    eps_eff = eps_m (1 + 2 f b)/(1 - f b),   b = (eps - eps_m)/(eps + 2 eps_m)

For absorbers of small contrast (iron oxide) the cluster absorbs nearly as its cores do apart; for metals the
cores couple, the resonance moves to the red and widens, and beyond f = 0.3 neither this formula nor its
relatives hold.

Reference: C. F. Bohren and D. R. Huffman, Absorption and Scattering of Light by Small Particles, Wiley
(1983), 8.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..provenance import Flag, Refusal
from ..units import quantities
from .optics import mie
from .permittivity import METALS, refractive_index, size_corrected
from .sections import CrossSections, medium_index

__all__ = ["cluster_cross_sections", "maxwell_garnett"]


def maxwell_garnett(inside: Any, matrix: Any, share: Any) -> Any:
    """Permittivity of a matrix that holds a volume share of small spheres.

    Parameters
    ----------
    inside, matrix : array-like of complex
        Permittivities.
    share : array-like of float
        Volume share of the spheres, 0 to 1.

    Notes
    -----
    Spheres far smaller than the wavelength, and far apart against their size.

    References
    ----------
    J. C. Maxwell Garnett, Philos. Trans. R. Soc. A 203, 385 (1904), doi:10.1098/rsta.1904.0024

    Examples
    --------
    >>> maxwell_garnett(4.0, 2.0, 0.0), maxwell_garnett(4.0, 2.0, 1.0)
    (2.0, 4.0)
    """
    factor = share * (inside - matrix) / (inside + 2 * matrix)
    return matrix * (1 + 2 * factor) / (1 - factor)


@quantities(
    None,
    wavelength=("nm", 300, 1700, "vacuum wavelength"),
    diameter=("nm", 5, 1000, "diameter of the cluster"),
    core=("nm", 2, 100, "diameter of one core"),
    share=("1", 0, 0.3, "volume share of the cores in the cluster"),
)
def cluster_cross_sections(
    wavelength: Any, diameter: Any, core: Any, share: Any, material: str = "magnetite", medium: Any = "water"
) -> CrossSections:
    """Cross-sections of a ball of many small cores with the medium between them.

    Other Parameters
    ----------------
    material : str
        Of the cores.
    medium : str or number
        Around and inside the cluster: "water", "tissue" or an index.

    Returns
    -------
    CrossSections
        Of the whole cluster; it holds share (diameter/core)^3 cores.

    Notes
    -----
    Maxwell Garnett in the Mie series. Flagged beyond a share of 0.1 for metals, whose cores couple pairwise,
    and where fewer than ten cores make no medium; above 0.5 it is refused.

    References
    ----------
    C. F. Bohren and D. R. Huffman, Absorption and Scattering of Light by Small Particles, Wiley (1983),
    section 8.5.

    Examples
    --------
    >>> found = cluster_cross_sections("800 nm", "80 nm", "8 nm", 0.2)
    >>> print(f"{found.absorbed_share:.2f}")
    0.97
    """
    if np.any(np.asarray(core) >= np.asarray(diameter)):
        raise ValueError("a core is as large as its cluster: exchange diameter and core")
    if np.any(np.asarray(share) > 0.5):
        raise Refusal("dense-cluster", "cores fill more than half of the cluster: no effective medium holds there")
    wave = np.asarray(wavelength, dtype=float)
    around = medium_index(medium, wave)
    eps = refractive_index.bare(wave, material) ** 2
    metal = next((name for name in METALS if material.startswith(name)), None)
    notes = []
    if metal is not None:
        eps = size_corrected.bare(eps, wave, core / 2, metal)
        if np.any(np.asarray(share) > 0.1):
            notes.append(
                Flag("coupled-metal", "metal cores above a share of 0.1 couple pairwise: peak not known", "warn")
            )
    if np.any(share * (np.asarray(diameter) / core) ** 3 < 10):
        notes.append(Flag("few-cores", "fewer than ten cores make no medium", "warn"))
    index = np.sqrt(maxwell_garnett(eps, around**2, share)) / around
    radius = np.asarray(diameter) / 2
    found = mie(index, 2 * np.pi * around * radius / wave)
    area = np.pi * radius**2 * 1e-18
    return CrossSections(wavelength, found.Qabs * area, found.Qsca * area, tuple(notes))
