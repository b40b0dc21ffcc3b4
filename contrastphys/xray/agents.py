"""The five doors: what a formulation shows to a CT scanner, and the smallest amount seen.

A measured enhancement at the asked tube voltage
beats one carried over from another voltage by the ratio of the model, which beats the model alone.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..chemistry import ATOMIC_WEIGHT
from ..formulation import Formulation
from ..mistakes import near
from ..provenance import Cell, Flag, Refusal, Value, choose, merge_flags
from ..remembering import of_last
from . import detection
from .absorbers import Absorber, absorber_of, absorbing, basis_of
from .contrast import (
    CLIP,
    ERROR,
    FINITE,
    UNKNOWN_FILTER,
    depth,
    finite_number,
    other_filtrations,
    water_words,
)
from .detection import LIMIT_FACTOR, REFERENCE_KVP, REFERENCE_NOISE, ROSE, relative_noise, smallest_concentration
from .detectors import Detector, detector, seen
from .protocol import Protocol
from .spectra import CT_FILTRATION, KVP_HIGH, KVP_LOW, Spectrum, remembered, spectrum

QUANTITIES = {
    "enhancement_per_mass": "HU*mL/mg",
    "enhancement_per_mole": "HU/mM",
    "hu": "HU",
    "c_min": "mmol/L",
    "margin": "1",
}
SAME_KVP = 0.5  # kV
SOURCE = "spectrum-weighted mu/rho (doi:10.1016/S0969-806X(01)00227-4; spectra doi:10.1002/mp.14945)"


# ------------------------------------------------------------------------------------------ the scanner


@functools.lru_cache(maxsize=256)
def _beam(kvp: float, angle: float, filters: tuple[tuple[str, float], ...] | None) -> Spectrum:
    layers = None if filters is None else {name: f"{amount!r} mm" for name, amount in filters}
    return spectrum(f"{kvp!r} kV", layers, f"{angle!r} deg")


@functools.lru_cache(maxsize=256)
def _others(beam: Spectrum) -> tuple[Spectrum, ...]:
    return tuple(other_filtrations(beam))


@functools.lru_cache(maxsize=1024)
def _weight(beam: Spectrum, phantom: float, counter: Detector) -> tuple[np.ndarray, float]:
    """Weights behind the phantom, and their sum over water."""
    weight = seen(beam, depth((("water", phantom),), beam.energies), counter)
    return weight, float(weight @ remembered("water", beam.energies))


@functools.lru_cache(maxsize=4096)
def _per_gram(symbol: str, beam: Spectrum, phantom: float, counter: Detector) -> float:
    """HU mL/mg of an element that displaces nothing."""
    weight, water = _weight(beam, phantom, counter)
    return float(weight @ remembered(symbol, beam.energies)) / water


@functools.lru_cache(maxsize=1024)
def _noise(beam: Spectrum, phantom: float, counter: Detector) -> float:
    return relative_noise(beam, (("water", phantom),), counter)


@dataclass(frozen=True)
class _Scan:
    """The conditions of one prediction, with their defaults."""

    beam: Spectrum
    reference: Spectrum
    phantom: float
    counter: Detector
    given: Mapping[str, Any]

    @classmethod
    def of(cls, conditions: Mapping[str, Any]) -> _Scan:
        known = (
            "kvp", "filtration", "anode_angle", "phantom", "detector", "threshold", "noise", "noise_kvp", "basis",
            "noise_phantom", "n_eff", "pixels", "rose", "path", "concentration",
        )  # fmt: skip
        for key in conditions:
            if key not in known:
                raise Refusal("condition", f"unknown condition '{key}': {near(key, known) or ', '.join(known)}")
        if "kvp" not in conditions:
            raise Refusal("condition", "a tube voltage is needed: conditions = {'kvp': 120.0}")
        angle = float(conditions.get("anode_angle", 7.0))
        filters = conditions.get("filtration")
        filters = None if filters is None else tuple((str(n), float(mm)) for n, mm in filters.items())
        counter = detector(conditions.get("detector", "energy-integrating"))
        if conditions.get("threshold") is not None:
            counter = detector(counter, threshold=f"{float(conditions['threshold'])!r} keV")
        phantom = float(conditions.get("phantom", 20.0))
        if not phantom >= 0:
            raise ValueError(f"phantom is {phantom:g} cm: it must be 0 or more")
        return cls(
            _beam(float(conditions["kvp"]), angle, filters),
            _beam(float(conditions.get("noise_kvp", REFERENCE_KVP)), angle, filters),
            phantom,
            counter,
            conditions,
        )

    def slope(self, what: Absorber) -> float:
        """HU mL/mg of the basis element: that of each of its elements, less the water it displaces."""
        seen = sum(share * _per_gram(symbol, self.beam, self.phantom, self.counter) for symbol, share in what.masses)
        return seen - what.displaced

    def noise(self) -> float:
        """HU noise of one voxel, at equal entrance air kerma to the reference."""
        there = _noise(self.reference, float(self.given.get("noise_phantom", self.phantom)), self.counter)
        return float(self.given.get("noise", REFERENCE_NOISE)) * _noise(self.beam, self.phantom, self.counter) / there

    def words(self) -> str:
        filters = self.given.get("filtration")
        told = CT_FILTRATION if filters is None else {n: f"{mm:g} mm" for n, mm in filters.items()}
        return " + ".join(f"{amount} {name}" for name, amount in told.items()) or "none"


# ---------------------------------------------------------------------------------------------- the doors


def applies(formulation: Formulation) -> bool:
    """Whether the formulation holds an element that attenuates apart from tissue (calcium and heavier)."""
    try:
        return bool(absorbing(formulation))
    except Refusal:  # a part whose amount is not known: asked again, and said, in predict
        return True


def predict(
    formulation: Formulation,
    quantity: str,
    conditions: Mapping[str, Any] | None = None,
    use_measured: bool = True,
) -> Value:
    """One number a CT scanner shows of a formulation.

    Parameters
    ----------
    formulation : Formulation
    quantity : str
        "enhancement_per_mass" [HU mL/mg], "enhancement_per_mole" [HU/mM], "hu", "c_min" [mmol/L] or "margin".
    conditions : mapping
        kvp [kV]; optional filtration {material: mm}, anode_angle [deg], phantom [cm of water], detector, threshold
        [keV], basis (element), noise [HU], noise_kvp [kV], noise_phantom [cm], n_eff, rose, concentration [mmol/L
        of the basis element] and path [cm] for "hu".
    use_measured : bool
        Whether measured enhancements of the formulation may answer.

    Returns
    -------
    Value
        Band: 5 % for an enhancement with beam, size and detector known, wider where no filtration is stated; a
        factor 2 for a detection limit.

    Examples
    --------
    >>> from contrastphys.formulation import Formulation
    >>> gold = Formulation(id="gold-10", kind="nanoparticle", cores={"material": "gold", "diameter": "10 nm"})
    >>> round(predict(gold, "enhancement_per_mass", {"kvp": 120.0}).number, 1)
    26.8
    """
    if quantity not in QUANTITIES:
        hint = near(quantity, QUANTITIES) or f"one of {', '.join(QUANTITIES)}"
        raise Refusal("quantity", f"unknown quantity '{quantity}': {hint}")
    given = {**(conditions or {})}
    if given.get("filtration") is not None:
        given["filtration"] = tuple(given["filtration"].items())
    scan, what, per_mass = _enhancement(formulation, tuple(given.items()), use_measured)
    if quantity == "enhancement_per_mass":
        return per_mass
    if quantity == "enhancement_per_mole":
        return _scaled(per_mass, ATOMIC_WEIGHT[what.basis] / 1000.0, "HU/mM")
    if quantity == "hu":
        return _number(formulation, scan, what, per_mass)
    limit = _limit(scan, what, per_mass)
    if quantity == "c_min":
        return limit
    held = _tissue(formulation, what.basis)
    ratio = Value(held / limit.number, "1", source=limit.source, letter=limit.letter, flags=limit.flags)
    return ratio.with_error(factor=LIMIT_FACTOR).with_(status=limit.status)


def _scaled(value: Value, factor: float, unit: str) -> Value:
    low, high = value.bounds()
    return value.with_(number=value.number * factor, unit=unit, sd=None, low=low * factor, high=high * factor)


def _computed(scan: _Scan, what: Absorber) -> Value:
    """The model's slope; where no filtration is stated, its band covers what CT filtration can be."""
    unknown = scan.given.get("filtration") is None
    flags = merge_flags((scan.counter.flag,), (UNKNOWN_FILTER,) * unknown, what.flags, scan.beam.flags)
    source = f"{SOURCE}; {scan.words()}"
    number = scan.slope(what)
    band = [number]
    if unknown:
        band += [replace(scan, beam=tube).slope(what) for tube in _others(scan.beam)]
    low, high = min(band) - ERROR * abs(number), max(band) + ERROR * abs(number)
    return Value(number, "HU*mL/mg", low=low, high=high, source=source, status="computed", flags=flags)


@functools.lru_cache(maxsize=256)
def _scan(given: tuple[tuple[str, Any], ...]) -> _Scan:
    return _Scan.of({k: dict(v) if k == "filtration" and v is not None else v for k, v in given})


@of_last
def _enhancement(
    formulation: Formulation, given: tuple[tuple[str, Any], ...], use_measured: bool
) -> tuple[_Scan, Absorber, Value]:
    """Scan, absorber, and enhancement per mass, which every other number rests on."""
    scan = _scan(given)
    what = absorber_of(formulation, scan.given.get("basis"))
    return scan, what, _slope(formulation, scan, what, use_measured)


def _slope(formulation: Formulation, scan: _Scan, what: Absorber, use_measured: bool) -> Value:
    """Enhancement per mass of the basis element: measured, scaled from measured, or computed."""
    model = _computed(scan, what)
    measured = scaled = None
    asked = float(scan.given["kvp"])
    rows = _measurements(formulation, what.basis) if use_measured else []
    if rows:
        at, value = min(rows, key=lambda pair: abs(pair[0] - asked))
        unknown = Flag("measured beam", "phantom and filtration of the measurement are not in the record", "note")
        if abs(at - asked) <= SAME_KVP:
            measured = value.with_flags(unknown, *what.flags)
        else:
            there = _Scan.of({**scan.given, "kvp": at})
            ratio = scan.slope(what) / there.slope(what)
            note = Flag("scaled", f"measured at {at:g} kV, carried over by the model's ratio {ratio:.3g}", "note")
            moved = _scaled(value, ratio, value.unit)
            low, high = moved.bounds()
            margin = ERROR * abs(moved.number)
            scaled = moved.with_(low=low - margin, high=high + margin).with_flags(unknown, note, *what.flags)
    return choose(measured=measured, scaled=scaled, computed=model)


def _measurements(formulation: Formulation, basis: str) -> list[tuple[float, Value]]:
    """Tube voltages (kV) and measured enhancements of a formulation in HU mL/mg of the basis element."""
    found = []
    for row in formulation.measured:
        if row.per not in ("", basis) or row.kvp is None or not KVP_LOW <= row.kvp.number <= KVP_HIGH:
            continue
        value = row.value.with_(source=row.source or row.value.source, status=row.status or row.value.status)
        if row.quantity == "enhancement_per_mass":
            found.append((row.kvp.number, value))
        elif row.quantity == "enhancement_per_mole":
            low_high = value.sd is not None or value.low is not None
            moved = _scaled(value, 1000.0 / ATOMIC_WEIGHT[basis], "HU*mL/mg")
            found.append((row.kvp.number, moved if low_high else moved.with_(low=None, high=None)))
    return found


def _tissue(formulation: Formulation, basis: str) -> float:
    """mmol/L of the basis element in the target."""
    if formulation.tissue is None:
        raise Refusal("no-tissue", f"{formulation.id}: no concentration in the target; give a dose or a concentration")
    return formulation.tissue.molar(basis)


def _number(formulation: Formulation, scan: _Scan, what: Absorber, per_mass: Value) -> Value:
    """CT number above water at a concentration, with the beam hardening of its path."""
    given = scan.given.get("concentration")
    molar = _tissue(formulation, what.basis) if given is None else float(given)
    if not (np.isfinite(molar) and molar >= 0):
        raise ValueError(f"concentration is {molar:g} mmol/L: it must be 0 or more")
    mass = molar * ATOMIC_WEIGHT[what.basis] / 1000.0
    value = _scaled(per_mass, mass, "HU")
    weight, _ = _weight(scan.beam, scan.phantom, scan.counter)
    mu, path = what.mu(scan.beam.energies), float(scan.given.get("path", 1.0))
    opacity = float(weight @ mu / weight.sum()) * mass * 1e-3 * path
    if opacity > FINITE:
        linear = scan.slope(what) * mass
        water = remembered("water", scan.beam.energies)
        share = finite_number(weight, mass * 1e-3 * mu, water, path) / linear
        words = f"{path:g} cm through the agent hardens the beam: {100 * (share - 1):.1f} % against the linear slope"
        value = _scaled(value, share, "HU").with_flags(Flag("finite path", words, "note"))
    if value.number > CLIP:
        value = value.with_flags(Flag("clipped", f"above {CLIP:g} HU, where scanners clip", "warn"))
    return value


def _limit(scan: _Scan, what: Absorber, per_mass: Value) -> Value:
    """Smallest concentration seen, mmol/L of the basis element."""
    given = scan.given
    sigma, pixels = scan.noise(), float(given.get("pixels", 1.0))
    n_eff = float(given["n_eff"]) if given.get("n_eff") is not None else pixels
    mass = smallest_concentration(per_mass.number, sigma, float(given.get("rose", ROSE)), n_eff)
    flags = [Flag("equal kerma", f"noise {sigma:.3g} HU at equal entrance air kerma across kvp and size", "note")]
    if given.get("n_eff") is None and pixels > 1:
        words = f"{pixels:g} pixels counted as independent; CT noise is coloured: state n_eff where it is known"
        flags.append(Flag("white noise", words, "warn"))
    else:
        flags.append(Flag("n_eff", f"{n_eff:g} independent voxel{'s' * (n_eff != 1)}", "note"))
    value = Value(
        mass * 1000.0 / ATOMIC_WEIGHT[what.basis], "mmol/L", source=f"Rose limit; {per_mass.source}",
        status=per_mass.status, letter=per_mass.letter, flags=merge_flags(per_mass.flags, flags),
    )  # fmt: skip
    return value.with_error(factor=LIMIT_FACTOR)


def _shown(formulation: Formulation, scan: dict[str, Any], basis: str) -> dict[str, str]:
    """Conditions of a cell, as text with units."""
    filters = scan.get("filtration")
    told = CT_FILTRATION if filters is None else {n: f"{mm:g} mm" for n, mm in filters.items()}
    return {
        "kvp": f"{scan['kvp']:g} kV",
        "phantom": water_words(scan["phantom"]),
        "filtration": " + ".join(f"{amount} {name}" for name, amount in told.items()) or "none",
        "detector": scan["detector"] + (f" > {scan['threshold']:g} keV" if "threshold" in scan else ""),
        "basis": basis,
    }


def _cells(formulation: Formulation, protocol: Protocol, quantities: tuple[str, ...]) -> list[Cell]:
    cells = []
    try:
        basis = basis_of(formulation)
    except Refusal:
        basis = formulation.basis
    for phantom in protocol.phantom:
        for kvp in protocol.kvp:
            given = protocol.conditions(kvp.number, phantom.number)
            shown = _shown(formulation, given, basis)
            for quantity in quantities:
                try:
                    value = predict(formulation, quantity, given)
                except Refusal as why:
                    cells.append(Cell.refused(formulation.id, "xray", quantity, shown, why, QUANTITIES[quantity]))
                else:
                    cells.append(Cell.of(formulation.id, "xray", quantity, shown, value))
    return cells


def respond(formulation: Formulation, protocol: Protocol | None = None) -> list[Cell]:
    """Enhancement per mass and per mole at every tube voltage and phantom, and HU where the dose is known."""
    quantities: tuple[str, ...] = ("enhancement_per_mass", "enhancement_per_mole")
    if formulation.tissue is not None:
        quantities = (*quantities, "hu")
    return _cells(formulation, protocol or Protocol(), quantities)


def detection_limit(formulation: Any, protocol: Any = None, **conditions: Any) -> Any:
    """Smallest concentration seen by the Rose criterion, and the margin where the dose is known.

    A formulation with a Protocol (or none) gives the cells of a comparison. An element, a formula, or a beam in the
    place of the protocol gives one quantity, as `contrastphys.xray.detection.detection_limit` describes.

    Notes
    -----
    Noise scales with the beam at equal entrance kerma; the band is that of the enhancement and of the noise stated.

    References
    ----------
    A. Rose, J. Opt. Soc. Am. 38, 196 (1948), doi:10.1364/JOSA.38.000196
    """
    if not isinstance(formulation, Formulation) or conditions or not isinstance(protocol, Protocol | None):
        beam = {} if protocol is None else {"spectrum": protocol}
        return detection.detection_limit(formulation, **beam, **conditions)
    quantities: tuple[str, ...] = ("c_min",) if formulation.tissue is None else ("c_min", "margin")
    return _cells(formulation, protocol or Protocol(), quantities)
