"""A formulation in the beam: which of its elements absorb, what it shows to a CT scanner, and the smallest amount seen.

Every element of core, shell, payload, molecule and liquid counts, per mass of the element the formulation is
counted by; the water it displaces is taken out (solids by their density, molecules by their partial density).
Parts of a hybrid add, with the flag `no interaction modelled`. A measured enhancement at the asked tube voltage
beats one carried over from another voltage by the ratio of the model, which beats the model alone.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import records
from ..chemistry import ATOMIC_NUMBER, ATOMIC_WEIGHT, mass_fractions, molar_mass
from ..constants import AVOGADRO
from ..formulation import Formulation, load
from ..provenance import Cell, Flag, Refusal, Value, choose, merge_flags
from ..schema import choice, mapping, near, number, settle
from .contrast import CLIP, ERROR, FINITE, Absorber, depth, finite_number, phantom_words
from .detection import LIMIT_FACTOR, REFERENCE_KVP, REFERENCE_NOISE, ROSE, relative_noise, smallest_concentration
from .detectors import IDEAL, Detector, detector, seen
from .spectra import CT_FILTRATION, KVP_HIGH, KVP_LOW, Spectrum, remembered, spectrum

QUANTITIES = {
    "enhancement_per_mass": "HU*mL/mg",
    "enhancement_per_mole": "HU/mM",
    "hu": "HU",
    "c_min": "mmol/L",
    "margin": "1",
}
LIGHTEST = 20  # calcium: lighter elements attenuate as tissue does
MOLECULE_DENSITY = 2.0  # g/cm3, partial density of small molecules in water where a record states none
SAME_KVP = 0.5  # kV
SOURCE = "spectrum-weighted mu/rho (doi:10.1016/S0969-806X(01)00227-4; spectra doi:10.1002/mp.14945)"
HYBRID = Flag("no interaction modelled", "parts add: attenuation of each part by itself", "note")
PACKED = Flag("assumed-density", f"water displaced by the molecule: partial density {MOLECULE_DENSITY:g} g/cm3", "note")


# ------------------------------------------------------------------------------------------ what absorbs


def absorbing(formulation: Formulation) -> dict[str, float]:
    """Atoms per entity of the elements from calcium up."""
    return {s: n for s, n in formulation.elements.items() if ATOMIC_NUMBER[s] >= LIGHTEST and n > 0}


def basis_of(formulation: Formulation) -> str:
    """Element an enhancement is counted by: the formulation's own basis, else its strongest absorber."""
    atoms = absorbing(formulation)
    if not atoms:
        raise Refusal("no absorber", f"{formulation.id} holds no element from calcium up: CT does not see it apart")
    if formulation.basis in atoms:
        return formulation.basis
    return max(atoms, key=lambda s: atoms[s] * ATOMIC_NUMBER[s] ** 4)


def _parts(formulation: Formulation) -> tuple[dict[str, float], float, list[Flag], int]:
    """Grams of each element and mL of water displaced per mole of entities, flags, and parts that absorb."""
    grams: dict[str, float] = {}
    displaced, flags, heavy = 0.0, [], 0

    def add(formula: str, mass: float, volume: float) -> None:
        nonlocal displaced, heavy
        shares = mass_fractions(formula)
        for symbol, share in shares.items():
            grams[symbol] = grams.get(symbol, 0.0) + share * mass
        displaced += volume
        heavy += any(ATOMIC_NUMBER[s] >= LIGHTEST for s in shares)

    for name, volume in formulation.layers:
        millilitres = volume * 1e-21 * AVOGADRO
        if name:
            made_of = records.material(name)
            formula, rho = made_of.formula, made_of.density
        else:
            held = records.gas(formulation.liquid.species)  # type: ignore[union-attr]
            formula, rho = held.formula, held.liquid_density
        if not formula or rho is None:
            flags.append(Flag("layer left out", f"{name or 'liquid'}: no formula or density, taken as water", "note"))
            continue
        add(formula, millilitres * rho.number * 1e-3, millilitres)
    if formulation.molecule is not None:
        mass, rho = molar_mass(formulation.molecule.formula), formulation.molecule.density
        if rho is None:
            flags.append(PACKED)
        add(formulation.molecule.formula, mass, mass / (MOLECULE_DENSITY if rho is None else rho.number))
    if formulation.gas is not None:
        displaced += formulation.gas.mean_volume * 1e-12 * AVOGADRO
    for payload in formulation.payloads:
        count = formulation.carried(payload)
        theirs, volume, more, absorbers = _parts(load(payload.agent))
        for symbol, mass in theirs.items():
            grams[symbol] = grams.get(symbol, 0.0) + mass * count
        displaced += volume * count
        flags += more
        heavy += absorbers
    return grams, displaced, flags, heavy


def absorber_of(formulation: Formulation, basis: str | None = None) -> Absorber:
    """What a formulation brings into the beam, per gram of its basis element."""
    counted = basis_of(formulation) if basis is None else basis
    grams, displaced, flags, heavy = _parts(formulation)
    if not grams.get(counted):
        hold = ", ".join(absorbing(formulation)) or "none"
        raise Refusal("basis", f"{formulation.id} holds no '{counted}' to count by; absorbing elements: {hold}")
    own = grams[counted]
    if heavy > 1 or len(formulation.payloads) > 0:
        flags.append(HYBRID)
    masses = tuple((symbol, mass / own) for symbol, mass in grams.items())
    return Absorber(counted, masses, displaced / own, formulation.id, merge_flags(flags))


# ------------------------------------------------------------------------------------------ the protocol


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A CT protocol: tube voltages, filters, water phantom, detector, and one reference noise.

    The reference noise belongs to the tube voltage written in its `at` (120 kV by default) and to the first
    phantom; at other voltages and sizes it is scaled at equal entrance air kerma. `n_eff` is the number of
    independent voxels averaged; `pixels` is kept apart from it, since CT noise is coloured.
    """

    kvp: tuple[Value, ...] = number("kV", 30, 150, many=True, default=("80 kV", "100 kV", "120 kV", "140 kV"))
    filtration: Mapping[str, Value] | None = mapping("mm", 0, 500, meaning="all filters, the tube's own included")
    anode_angle: Value = number("deg", 7, 20, default=7.0)
    phantom: tuple[Value, ...] = number("cm", 0, 60, many=True, default=20.0, meaning="water around the agent")
    detector: str = choice("energy-integrating", "photon-counting", "CsI", "CZT", "Si", default="energy-integrating")
    threshold: Value | None = number("keV", 0, 150, default=None, meaning="of a photon-counting detector")
    noise: Value = number("HU", 0.1, 1000, default=REFERENCE_NOISE, meaning="of one voxel; at = '120 kV'")
    pixels: Value = number("1", 1, 1e9, default=1.0, meaning="voxels in the region looked at")
    n_eff: Value | None = number("1", 0.1, 1e9, default=None, meaning="independent voxels averaged")
    rose: Value = number("1", 1, 20, default=ROSE, meaning="signal over noise that counts as seen")
    path: Value = number("cm", 1e-3, 50, default=1.0, meaning="way of the rays through the agent")

    def __post_init__(self) -> None:
        settle(self)

    def misfits(self) -> Any:
        """Fields that do not fit each other."""
        if self.threshold is not None:
            if self.detector in ("energy-integrating", "CsI"):
                yield "threshold", f"an {self.detector} detector has none", 'write detector = "photon-counting"'
            elif self.kvp and self.threshold.number >= min(v.number for v in self.kvp):
                yield "threshold", "it is not below the lowest kvp", "lower it or leave out that kvp"
        if self.noise.at and self._noise_kvp() is None:
            yield "noise", f"'{self.noise.at[:30]}' is no tube voltage", 'write at = "120 kV"'
        for name in self.filtration or {}:
            try:
                _layers((("Al", 1.0), (name, 1.0)))
            except ValueError as error:
                yield "filtration", str(error), 'write for example { Al = "3 mm" }'

    def _noise_kvp(self) -> float | None:
        from ..units import UnitError, magnitude

        if not self.noise.at:
            return REFERENCE_KVP
        try:
            found = float(magnitude(self.noise.at, "kV"))
        except UnitError:
            return None
        return found if 30 <= found <= 150 else None

    def conditions(self, kvp: float, phantom: float) -> dict[str, Any]:
        """Conditions of `predict` at one tube voltage and phantom."""
        given: dict[str, Any] = {
            "kvp": kvp,
            "phantom": phantom,
            "detector": self.detector,
            "anode_angle": self.anode_angle.number,
            "noise": self.noise.number,
            "noise_kvp": self._noise_kvp(),
            "noise_phantom": self.phantom[0].number,
            "n_eff": 1.0 if self.n_eff is None else self.n_eff.number,
            "pixels": self.pixels.number,
            "rose": self.rose.number,
            "path": self.path.number,
        }
        if self.filtration is not None:
            given["filtration"] = {name: value.number for name, value in self.filtration.items()}
        if self.threshold is not None:
            given["threshold"] = self.threshold.number
        return given


# ------------------------------------------------------------------------------------------ the scanner


@functools.lru_cache(maxsize=256)
def _layers(filters: tuple[tuple[str, float], ...]) -> Spectrum | None:
    """Nothing; raises where a filter is unknown or has no density."""
    from .spectra import stack

    stack({name: f"{amount} mm" for name, amount in filters})
    return None


@functools.lru_cache(maxsize=256)
def _beam(kvp: float, angle: float, filters: tuple[tuple[str, float], ...] | None) -> Spectrum:
    layers = None if filters is None else {name: f"{amount!r} mm" for name, amount in filters}
    return spectrum(f"{kvp!r} kV", layers, f"{angle!r} deg")


@functools.lru_cache(maxsize=1024)
def _weight(beam: Spectrum, phantom: float, counter: Detector) -> tuple[np.ndarray, float]:
    """Weights behind the phantom, and their sum over water."""
    weight = seen(beam, depth((("water", phantom),), beam.energies), counter)
    return weight, float(weight @ remembered("water", beam.energies))


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
        weight, water = _weight(self.beam, self.phantom, self.counter)
        return float(weight @ what.mu(self.beam.energies)) / water

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
        Band: 5 % for an enhancement with beam, size and detector known; a factor 2 for a detection limit.

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
    scan = _Scan.of(dict(conditions or {}))
    what = absorber_of(formulation, scan.given.get("basis"))
    per_mass = _slope(formulation, scan, what, use_measured)
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
    flags = merge_flags((IDEAL,), what.flags, scan.beam.flags)
    source = f"{SOURCE}; {scan.words()}"
    return Value(
        scan.slope(what), "HU*mL/mg", source=source, status="computed", flags=flags
    ).with_error(relative=ERROR)  # fmt: skip


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
    sigma, n_eff = scan.noise(), float(given.get("n_eff", 1.0))
    mass = smallest_concentration(per_mass.number, sigma, float(given.get("rose", ROSE)), n_eff)
    flags = [
        Flag("equal kerma", f"noise {sigma:.3g} HU at equal entrance air kerma across kvp and size", "note"),
        Flag("white noise", f"{n_eff:g} independent voxel{'s' * (n_eff != 1)}; CT noise is coloured", "note"),
    ]
    if float(given.get("pixels", 1.0)) > 1 and n_eff == 1:
        flags.append(Flag("pixels", f"{given['pixels']:g} pixels do not count as independent; state n_eff", "note"))
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
        "phantom": phantom_words(f"{scan['phantom']} cm"),
        "filtration": " + ".join(f"{amount} {name}" for name, amount in told.items()) or "none",
        "detector": scan["detector"] + (f" > {scan['threshold']:g} keV" if "threshold" in scan else ""),
        "basis": basis,
    }


def _cells(formulation: Formulation, protocol: Protocol, quantities: tuple[str, ...]) -> list[Cell]:
    cells = []
    for phantom in protocol.phantom:
        for kvp in protocol.kvp:
            given = protocol.conditions(kvp.number, phantom.number)
            try:
                basis = basis_of(formulation)
            except Refusal:
                basis = formulation.basis
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


def detection_limit(formulation: Formulation, protocol: Protocol | None = None) -> list[Cell]:
    """Smallest concentration seen by the Rose criterion, and the margin where the dose is known."""
    quantities: tuple[str, ...] = ("c_min",) if formulation.tissue is None else ("c_min", "margin")
    return _cells(formulation, protocol or Protocol(), quantities)
