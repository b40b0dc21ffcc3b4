"""Mass attenuation of elements, compounds, mixtures and solutions, and the edges that matter.

The cross-sections are Elam's as carried by xraylib (Elam, Radiat Phys Chem 2002, 63:121,
doi:10.1016/S0969-806X(01)00227-4; Schoonjans, Spectrochim Acta B 2011, 66:776, doi:10.1016/j.sab.2011.09.011).
Totals include coherent scattering. Of xraylib's two totals this is `CS_Total`: the Kissel total is 5-7 % off
above the K edges of Ta, Au and Bi and does not know hydrogen.

Mixture rule: mu = sum_i c_i mu_rho_i with c_i the mass of component i per volume, and for a compound
mu_rho = sum_i w_i mu_rho_i with w_i mass fractions (Hubbell and Seltzer, NISTIR 5632).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np

from ..chemistry import ATOMIC_NUMBER, FormulaError, mass_fractions
from ..showing import shows
from ..units import magnitude, quantities
from .compounds import plausible

KINDS = {"total": "CS_Total", "photoelectric": "CS_Photo", "coherent": "CS_Rayl", "incoherent": "CS_Compt"}

# Names a user writes, and the composition they stand for: xraylib's copy of the NIST material list.
# Cortical bone exists in two compositions that differ by 4 % at 20 keV, so the name says which one it is.
NAMED = {
    "water": "Water, Liquid",
    "air": "Air, Dry (near sea level)",
    "soft tissue": "Tissue, Soft (ICRU four-component)",
    "muscle": "Muscle, Skeletal",
    "fat": "Adipose Tissue (ICRP)",
    "adipose": "Adipose Tissue (ICRP)",
    "blood": "Blood (ICRP)",
    "lung": "Lung (ICRP)",
    "brain": "Brain (ICRP)",
    "bone": "Bone, Cortical (ICRP)",
    "cortical bone": "Bone, Cortical (ICRP)",
    "compact bone": "Bone, Compact (ICRU)",
    "pmma": "Polymethyl Methacralate (Lucite, Perspex)",
    "polyethylene": "Polyethylene",
}

ERROR = 0.01  # relative; the choice between published data sets
MANY = 20_000  # values from which sharing a look-up over threads pays


@shows("Absorption edge {0.shell}", "energy [keV]", "jump", line="own")
class Edge(NamedTuple):
    """One absorption edge: shell, energy in keV, ratio of the photoelectric mu_rho above to below."""

    shell: str
    energy: float
    jump: float


@functools.cache
def _listed(name: str) -> tuple[dict[str, float], float]:
    """Mass fractions and density (g/cm3) of a named material."""
    import xraylib

    entry = xraylib.GetCompoundDataNISTByName(NAMED[name])
    symbols = [xraylib.AtomicNumberToSymbol(z) for z in entry["Elements"]]
    total = sum(entry["massFractions"])
    fractions = {s: w / total for s, w in zip(symbols, entry["massFractions"], strict=True)}
    return fractions, float(entry["density"])


def fractions(material: str | Mapping[str, float]) -> dict[str, float]:
    """Mass fractions by element of a material: a name, a formula, or a mixture of these by mass.

    Other Parameters
    ----------------
    material : str or mapping
        A name ("water", "cortical bone"), a formula ("Ta2O5", "CuSO4·5H2O"), or {material: mass fraction}
        whose fractions sum to 1.

    Returns
    -------
    dict of str to float
        Element symbol to mass fraction; they sum to 1.

    Examples
    --------
    >>> {symbol: round(w, 4) for symbol, w in fractions({"water": 0.991, "NaCl": 0.009}).items()}
    {'H': 0.1109, 'O': 0.8801, 'Na': 0.0035, 'Cl': 0.0055}
    """
    if isinstance(material, Mapping):
        if not material:
            raise FormulaError("a mixture without components: write for example {'water': 0.99, 'NaCl': 0.01}")
        for name, share in material.items():
            if not np.isfinite(share) or share < 0:
                raise ValueError(f"mass fraction of '{name}' is {share:g}: it must be 0 or more")
        total = sum(material.values())
        if abs(total - 1) > 1e-3:
            raise ValueError(f"the mass fractions of the mixture sum to {total:g}: they must sum to 1")
        mixed: dict[str, float] = {}
        for name, share in material.items():
            for symbol, w in fractions(name).items():
                mixed[symbol] = mixed.get(symbol, 0.0) + w * share / total
        return mixed
    if not isinstance(material, str):
        raise FormulaError(
            f"a material is a name, a formula or a mixture, not {type(material).__name__}: write 'water' or 'Ta2O5'"
        )
    name = material.strip().lower()
    if name in NAMED:
        return dict(_listed(name)[0])
    plausible(material)
    try:
        return mass_fractions(material)
    except FormulaError as error:
        near = get_close_matches(name, NAMED, n=1, cutoff=0.75)
        if near:
            raise FormulaError(f"unknown material '{material}'; did you mean '{near[0]}'?") from None
        raise error


def density(material: str) -> float:
    """Density in g/cm3 of a named material or an element in its usual solid form; refuses compounds.

    Examples
    --------
    >>> density("water"), round(density("Al"), 3)
    (1.0, 2.699)
    """
    name = material.strip().lower()
    if name in NAMED:
        return _listed(name)[1]
    if material not in ATOMIC_NUMBER:
        fractions(material)  # a misspelt name is told first
        raise ValueError(f"no density known for '{material}': give an areal density such as '0.5 g/cm^2'")
    import xraylib

    return float(xraylib.ElementDensity(ATOMIC_NUMBER[material]))


def element_mu_rho(symbols: Sequence[str], energy: Any, kind: str = "total") -> np.ndarray:
    """Kernel: mu_rho in cm2/g, one row per element symbol, one column per energy in keV."""
    if kind not in KINDS:
        near = get_close_matches(str(kind), KINDS, n=1, cutoff=0.4)
        hint = f"; did you mean '{near[0]}'?" if near else f": one of {', '.join(KINDS)}"
        raise ValueError(f"unknown kind of attenuation '{kind}'{hint}")
    at = np.ascontiguousarray(np.ravel(energy), dtype=float)
    if at.size and (at.min() < 1.0 or at.max() > 800.0):
        worst = at.min() if at.min() < 1.0 else at.max()
        raise ValueError(f"energy {worst:g} keV: cross-sections are known from 1 to 800 keV")
    numbers = []
    for symbol in symbols:
        z = ATOMIC_NUMBER.get(symbol, 0)
        if not 1 <= z <= 92:
            raise ValueError(f"no cross-sections for '{symbol}': elements from H to U have them")
        numbers.append(z)
    return looked_up(KINDS[kind], numbers, at)


def looked_up(function: str, numbers: Sequence[int], *axes: Any) -> np.ndarray:
    """Kernel: a function of xraylib at every atomic number and every value of its further arguments, 0 beyond its data.

    Few values are looked up one by one: xraylib's arrays share any number of them over threads, and where other
    programs keep the cores busy the threads wait a hundred times longer for each other than the work takes.
    """
    import xraylib

    lists = [np.array(numbers, dtype=np.int64), *map(np.ascontiguousarray, axes)]
    shape = tuple(values.size for values in lists)
    if np.prod(shape) >= MANY:
        import xraylib_np

        return np.asarray(getattr(xraylib_np, function)(*lists))
    at = getattr(xraylib, function)

    def value(*point: float) -> float:
        try:
            return at(*point)
        except ValueError:
            return 0.0

    return np.array(list(itertools.starmap(value, itertools.product(*(v.tolist() for v in lists))))).reshape(shape)


def mu_rho(material: str | Mapping[str, float], energy: Any, kind: str = "total") -> np.ndarray:
    """Kernel of `mass_attenuation`: energies in keV as an array, cm2/g out, in the shape of the energies."""
    parts = fractions(material)
    at = np.asarray(energy, dtype=float)
    rows = element_mu_rho(list(parts), at, kind)
    return (np.array(list(parts.values())) @ rows).reshape(at.shape)


@quantities("cm^2/g", energy=("keV", 5, 500, "photon energy"))
def mass_attenuation(formula, energy, kind="total"):
    """Mass attenuation coefficient mu/rho of an element, compound or mixture.

    mu_rho = sum_i w_i mu_rho_i, with w_i the mass fractions of the elements.

    Other Parameters
    ----------------
    formula : str or mapping
        "Au", "Ta2O5", "water", or {material: mass fraction}.
    kind : str
        "total" (coherent scattering included), "photoelectric", "coherent" or "incoherent".

    Returns
    -------
    quantity [cm^2/g]

    Notes
    -----
    Within 0.2 % of the nodes of XCOM for 45 elements from 5 to 500 keV, on both sides of each edge; data exist from
    1 to 800 keV. The choice between published data sets moves an enhancement by 0.7-2.7 %: state 1 %.

    References
    ----------
    Elam, Ravel, Sieber 2002, doi:10.1016/S0969-806X(01)00227-4

    Examples
    --------
    >>> print(f"{mass_attenuation('water', '60 keV'):.4f}")
    0.2059 centimeter ** 2 / gram
    """
    values = mu_rho(formula, energy, kind)
    return float(values) if np.ndim(energy) == 0 else values


@quantities("1/cm", energy=("keV", 5, 500, "photon energy"))
def linear_attenuation(components, energy, kind="total"):
    """Linear attenuation coefficient of a mixture given as mass of each component per volume.

    mu = sum_i c_i mu_rho_i.

    Other Parameters
    ----------------
    components : mapping
        {material: mass per volume}, such as {"water": "0.99 g/mL", "I": "15 mg/mL"}. Nothing is displaced
        silently: give the solvent the mass that is left of it.
    kind : str
        As in `mass_attenuation`.

    Returns
    -------
    quantity [1/cm]

    Notes
    -----
    As good as `mass_attenuation`: state 1 %. Masses per volume are taken as given, no volume change is computed.

    References
    ----------
    W. T. Elam, B. D. Ravel, J. R. Sieber, Radiat. Phys. Chem. 63, 121 (2002), doi:10.1016/S0969-806X(01)00227-4

    Examples
    --------
    >>> print(f"{linear_attenuation({'water': '1 g/mL', 'I': '10 mg/mL'}, '60 keV'):.4f}")
    0.2816 / centimeter
    """
    total: Any = 0.0
    for material, amount in components.items():
        c = magnitude(amount, "g/cm^3", f"concentration of {material}")
        if not np.isfinite(c) or c < 0:
            raise ValueError(f"concentration of {material} is {c:g} g/cm^3: it must be 0 or more")
        total = total + c * mu_rho(material, energy, kind)
    return float(total) if np.ndim(energy) == 0 else total


@functools.cache
def edges(symbol: str) -> tuple[Edge, ...]:
    """K and L edges of an element above 1 keV, highest energy first.

    The step of the cross-sections lies up to 4 eV from the tabulated edge.

    Notes
    -----
    Edges of free atoms; chemistry moves them by a few eV.

    References
    ----------
    T. Schoonjans et al., Spectrochim. Acta B 66, 776 (2011), doi:10.1016/j.sab.2011.09.011

    Examples
    --------
    >>> edges("Au")[0]
    Edge(shell='K', energy=80.7249, jump=4.87...)
    """
    import xraylib

    z = ATOMIC_NUMBER.get(symbol)
    if z is None or z > 92:
        raise ValueError(f"no edges known for '{symbol}'")
    found = []
    for shell in ("K", "L1", "L2", "L3"):
        number = getattr(xraylib, f"{shell}_SHELL")
        try:
            energy = float(xraylib.EdgeEnergy(z, number))
        except ValueError:
            continue
        if energy >= 1.01:
            jump = xraylib.CS_Photo(z, energy + 5e-3) / xraylib.CS_Photo(z, energy - 5e-3)
            found.append(Edge(shell, energy, round(float(jump), 3)))
    return tuple(found)


@functools.cache
def all_edges(low: float, high: float) -> tuple[float, ...]:
    """K and L edges of the elements up to uranium between two energies (keV), ascending: where bins are split."""
    energies = {
        round(e.energy, 5) for s, z in ATOMIC_NUMBER.items() if 3 <= z <= 92 for e in edges(s) if low < e.energy < high
    }
    return tuple(sorted(energies))
