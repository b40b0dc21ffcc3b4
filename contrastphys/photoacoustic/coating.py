"""What a silica coat does to the photoacoustic signal of gold: our model's answer beside both published ones.

One side reports about three times the signal of coated rods at equal optical density and blames the
interface; the other finds, in theory and experiment on spheres, that a coat lowers the signal, the more the
thicker, and that the interface does not matter for nanosecond pulses. The model here has both mechanisms that
are known to be there: a higher index around the metal (more light absorbed) and a slow layer between metal
and water (less sound per absorbed energy). It has no hidden factor; a reported enhancement is only ever an
option that carries its citation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..provenance import Flag, Value
from ..showing import shows
from ..units import quantities
from .particles import Particle, sphere
from .sections import cross_sections
from .single_particle import emission

__all__ = ["CoatingEffect", "Published", "silica_effect"]


@shows("Published effect of a coat")
@dataclass(frozen=True)
class Published:
    """One published finding on silica-coated gold."""

    finding: str
    factor: float | None
    source: str
    status: str


PUBLISHED = (
    Published(
        "gold rods, equal optical density: about three times the signal",
        3.0,
        "Y.-S. Chen et al., Nano Lett. 11, 348 (2011), doi:10.1021/nl1042006",
        "verified",
    ),
    Published(
        "gold spheres, 532 nm, nanosecond pulses: lower signal, the more the thicker; interface negligible",
        None,
        "arXiv:1905.06227",
        "verified",
    ),
    Published(
        "thin dense silica heats the water faster (model)",
        None,
        "arXiv:2506.04835",
        "verified",
    ),
    Published(
        "rods in hydrophobic mesoporous silica, vapour in the pores, 21 mJ/cm^2: more than twelve times",
        12.0,
        "E. N. Mueller et al., ACS Appl. Nano Mater. 4, 12073 (2021), doi:10.1021/acsanm.1c02623",
        "verified",
    ),
    Published(
        "a coat quenches the nonlinear signal",
        None,
        "G. A. Pang et al., Nanoscale Adv. (2020), doi:10.1039/d0na00205d",
        "verified",
    ),
)


@shows(
    "Signal of the coated over the bare particle",
    "model",
    "optical",
    "thermal",
    "interface",
    "nonlinear",
    "reported",
    "published",
)
@dataclass(frozen=True)
class CoatingEffect:
    """Signal of a coated particle over that of the bare one.

    Attributes
    ----------
    model : Value
        At equal particle concentration and fluence: `optical` times `thermal`.
    optical : float
        Absorption of the coated over the bare particle.
    thermal : float
        Linear sound per absorbed energy of the coated over the bare particle: the answer at equal absorbed
        energy.
    interface : float
        The same as `thermal` if the metal meets silica without any interface resistance while the bare
        particle keeps it: the most the interface can do.
    nonlinear : float
        Critical absorbed energy of the coated over the bare particle.
    published : tuple of Published
        What the literature says, for and against.
    reported : Value or None
        A reported factor, where it was asked for by name; never part of the model.
    """

    model: Value
    optical: float
    thermal: float
    interface: float
    nonlinear: float
    published: tuple[Published, ...]
    reported: Value | None = None
    flags: tuple[Flag, ...] = ()


@quantities(
    None,
    diameter=("nm", 5, 150, "diameter of the gold sphere"),
    thickness=("nm", 1, 100, "thickness of the silica"),
    pulse=("ns", 0.5, 1000, "full width of the pulse at half maximum"),
    temperature=("K", 273.15, 373.15, "temperature of the water before the pulse"),
    wavelength=("nm", 400, 1100, "vacuum wavelength"),
    conductance=("MW/(m^2*K)", 10, 1e4, "conductance of gold to water and of gold to silica"),
)
def silica_effect(
    diameter: Any,
    thickness: Any,
    pulse: Any = 5.0,
    temperature: Any = 293.15,
    wavelength: Any = 532.0,
    conductance: Any = 105.0,
    enhancement: str = "model",
) -> CoatingEffect:
    """Signal of a silica-coated gold sphere over the bare one: the model's answer and the published ones.

    Other Parameters
    ----------------
    enhancement : str
        "model", or "reported x3" to carry the factor of Chen et al. along as a reported value with its
        citation.

    Returns
    -------
    CoatingEffect
        ``.model .optical .thermal .interface .nonlinear .published .reported``.

    Notes
    -----
    Dense silica, spheres, dispersed. Porous or hydrophobic silica that holds vapour is outside the model.
    Nothing of the literature is resolved here: the findings disagree and are shown side by side.

    References
    ----------
    Y.-S. Chen et al., Nano Lett. 11, 348 (2011), doi:10.1021/nl1042006 (three times more).
    arXiv:1905.06227 (less, the more the thicker).

    Examples
    --------
    >>> found = silica_effect("40 nm", "20 nm")
    >>> print(f"{found.optical:.2f} {found.thermal:.2f} {found.model.number:.2f}")
    1.33 0.90 1.20
    """
    if enhancement not in ("model", "reported x3"):
        raise ValueError(f"enhancement '{enhancement}' is neither 'model' nor 'reported x3'")
    bare = sphere.bare(float(diameter))
    coated = sphere.bare(float(diameter), coating=float(thickness))
    shared = {"pulse": float(pulse), "temperature": float(temperature), "wavelength": float(wavelength)}

    def loudness(particle: Particle, through: float) -> tuple[float, float, float]:
        sigma = float(cross_sections.bare(particle, float(wavelength)).sigma_abs)
        heard = emission.bare(particle, 1e-3, conductance=through, **shared)
        return sigma, heard.values["linear"] / sigma, heard.values["critical"] * sigma

    sigma0, sound0, critical0 = loudness(bare, float(conductance))
    sigma1, sound1, critical1 = loudness(coated, float(conductance))
    _, free, _ = loudness(coated, 1e6)
    optical, thermal = sigma1 / sigma0, sound1 / sound0
    note = Flag(
        "silica-disputed", "reported from three times more to less: both are cited, neither is resolved", "note"
    )
    model = Value(
        optical * thermal,
        "1",
        source="Mie and heat flow with a dense shell",
        status="computed",
        flags=(note,),
    ).with_error(0.2)
    reported = None
    if enhancement == "reported x3":
        first = PUBLISHED[0]
        reported = Value(3.0, "1", source=first.source, status=first.status, letter="A", note=first.finding)
    return CoatingEffect(
        model, optical, thermal, free / sound0, critical1 / critical0, PUBLISHED, reported, flags=(note,)
    )
