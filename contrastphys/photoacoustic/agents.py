"""The photoacoustic room's five doors: whether a formulation absorbs, what it shows, the least of it that is seen.

The smallest concentration seen is the larger of two: the one whose signal equals the detector's noise, and
the one that outdoes the variation of the tissue's own absorption.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..concentration import Concentration
from ..constants import ZERO_CELSIUS
from ..formulation import Formulation, load
from ..provenance import Cell, Flag, Refusal, Value, merge_flags
from ..remembering import of_last
from . import limits, tissue, water
from .absorbers import absorbs
from .coefficients import crowded
from .detector import heard_share
from .molar import MEASURED, extinction_peak, molar_absorption, scaled_by
from .protocol import Fluence, Protocol, light_at

__all__ = ["Protocol", "applies", "detection_limit", "predict", "respond"]

NAME = "photoacoustic"
molar_absorption = of_last(molar_absorption)  # every number of a wavelength rests on it
DENSEST = 1000.0  # g/L of an agent: no target holds more


def applies(formulation: Formulation) -> bool:
    """Whether the formulation absorbs light: by a spectrum, a material, a payload or a measurement."""
    return absorbs(formulation) or any(m.quantity in MEASURED for m in formulation.measured)


def predict(formulation: Formulation, quantity: str, conditions: Mapping[str, Any], use_measured: bool = True) -> Value:
    """One quantity of a formulation under stated conditions, with its band, source and letter.

    Parameters
    ----------
    formulation : Formulation
    quantity : str
        "molar_absorption", "molar_extinction", "mu_a", "pressure", "c_min" or "peak_wavelength".
    conditions : mapping
        wavelength [nm]; for pressure also fluence [mJ/cm^2] and temperature [K]; for c_min a `protocol`, a
        depth [cm] and a wavelength; concentration (a Concentration) unless the formulation has one in its
        tissue.
    use_measured : bool
        Whether measured values may answer.

    Returns
    -------
    Value
    """
    formulation = load(formulation)
    medium = conditions.get("medium", "water")
    if quantity == "peak_wavelength":
        return extinction_peak(formulation, medium, use_measured)
    wavelength = float(conditions["wavelength"])
    value, share = molar_absorption(formulation, wavelength, medium, use_measured)
    if quantity == "molar_absorption":
        return value
    if quantity == "molar_extinction":
        return scaled_by(value, share, "1/(M*cm)")
    if quantity == "c_min":
        protocol = conditions.get("protocol") or Protocol()
        return _smallest(formulation, value, protocol, wavelength, float(conditions.get("depth", 1.0)))
    amount = conditions.get("concentration") or formulation.tissue
    if amount is None:
        raise Refusal("no-concentration", f"{formulation.id}: {quantity} needs a concentration")
    mu_a = scaled_by(value, np.log(10.0) * amount.entities, "1/cm")
    if quantity == "mu_a":
        return mu_a
    if quantity == "pressure":
        gamma = float(conditions.get("gruneisen") or water.gruneisen.bare(conditions.get("temperature", 310.15)))
        return scaled_by(mu_a, gamma * float(conditions["fluence"]) * 1e3, "Pa")
    raise Refusal("unknown-quantity", f"photoacoustics knows no '{quantity}'")


# ------------------------------------------------------------------------------------ protocol to cells


def _smallest(formulation: Formulation, molar: Value, protocol: Protocol, wavelength: float, depth: float) -> Value:
    """Smallest concentration seen, mol/L of entities: the larger of the noise and the background limit."""
    light = light_at(protocol, wavelength, depth)
    passed = float(tissue.acoustic_transmission.bare(depth, protocol.frequency.number, protocol.attenuation.number))
    band: tuple[Flag, ...] = ()
    if protocol.bandwidth is not None:
        heard = heard_share.bare(protocol.target_radius.number, protocol.frequency.number, protocol.bandwidth.number)
        passed *= heard
        band = (Flag("band", f"the detector hears {heard:.2g} of the target's peak", "note"),)
    if molar.number <= 0:
        raise Refusal("transparent", f"{formulation.id} absorbs nothing at {wavelength:g} nm")
    noise = limits.noise_limit.bare(
        molar.number,
        light.fluence,
        light.gruneisen,
        protocol.target_radius.number,
        depth,
        protocol.noise_equivalent_pressure.number,
        passed,
        float(protocol.averages),
        protocol.rose.number,
    )
    background = limits.background_limit.bare(
        molar.number, light.mu_a, protocol.background_variation.number, protocol.rose.number
    )
    found = float(max(noise, background))
    if formulation.mass and found * formulation.mass > DENSEST:
        lost = light.surface / light.fluence
        raise Refusal(
            "too-deep",
            f"no concentration of {formulation.id} is seen {depth:g} cm deep at {wavelength:g} nm: light falls by "
            f"a factor of {lost:.2g}, and more than 1 g/mL of it would be needed",
        )
    which = "noise" if noise >= background else "background"
    text_ = f"noise limit {noise * 1e9:.3g} nM, background limit {background * 1e9:.3g} nM of {formulation.entity}s"
    notes = merge_flags(molar.flags, light.flags, band, (Flag(f"{which}-limited", text_, "note"),))
    # one order of magnitude for tissue optics and noise, and the band of the absorption itself
    low, high = molar.bounds()
    spread = 10.0 ** math.hypot(0.5, 0.5 * math.log10(high / low) if low > 0 else 0.5)
    return Value(
        found,
        "mol/L",
        low=found / spread,
        high=found * spread,
        source=molar.source,
        status=molar.status,
        letter=molar.letter,
        flags=notes,
    )


def _changes(formulation: Formulation, fluence: float) -> tuple[Flag, ...]:
    """What the light or the concentration does to the absorber itself."""
    notes = []
    if fluence > 3.0 and any(core.shape == "rod" for core in formulation.cores):
        text_ = f"rods reshape from a few mJ/cm^2 on ({fluence:.2g} here): the next pulse sees another particle"
        notes.append(Flag("reshaping", text_, "warn"))
    if formulation.tissue is not None:
        notes += crowded(formulation, formulation.tissue.entities)
    return tuple(notes)


def _text(value: float, unit: str) -> str:
    return f"{value:g} {unit}"


def _each(protocol: Protocol) -> Any:
    for wave in protocol.wavelength:
        for depth in protocol.depth:
            yield wave.number, depth.number


def respond(formulation: Formulation, protocol: Protocol) -> list[Cell]:
    """Molar absorption at each wavelength; where the tissue's concentration is known, also mu_a and pressure."""
    formulation = load(formulation)
    cells: list[Cell] = []
    for wave in protocol.wavelength:
        where = {"wavelength": _text(wave.number, "nm"), "medium": "water"}
        counted = {**where, "basis": formulation.entity}
        asked = {"wavelength": wave.number}
        try:
            molar = predict(formulation, "molar_absorption", asked)
        except Refusal as why:
            cells.append(Cell.refused(formulation.id, NAME, "molar_absorption", counted, why, "1/(M*cm)"))
            continue
        cells.append(Cell.of(formulation.id, NAME, "molar_absorption", counted, molar))
        if formulation.tissue is None:
            continue
        mu_a = scaled_by(molar, np.log(10.0) * formulation.tissue.entities, "1/cm")
        cells.append(Cell.of(formulation.id, NAME, "mu_a", where, mu_a))
        for depth in protocol.depth:
            here = {
                **where,
                "depth": _text(depth.number, "cm"),
                "temperature": _text(round(protocol.temperature.number - ZERO_CELSIUS, 2), "degC"),
            }
            try:
                light = light_at(protocol, wave.number, depth.number)
            except Refusal as why:
                cells.append(Cell.refused(formulation.id, NAME, "pressure", here, why, "Pa"))
                continue
            # the agent's own shadow over the target, and what the light does to it
            size = 0.2 * protocol.target_radius.number
            share, dense = limits.linear_share(mu_a.number * size / np.log(10.0))
            notes = (*light.flags, *dense, *_changes(formulation, light.fluence))
            start = scaled_by(mu_a, light.gruneisen * light.fluence * 1e3 * (share if dense else 1.0), "Pa")
            start = start.with_flags(*notes)
            cells.append(Cell.of(formulation.id, NAME, "pressure", here, start))
    return cells


def detection_limit(formulation: Any, protocol: Any = None, depth: Any = None, **changes: Any) -> list[Cell]:
    """Smallest concentration seen at each wavelength and depth, and the margin where the tissue's is known.

    Parameters
    ----------
    formulation : Formulation or str
    protocol : Protocol, or a wavelength such as "800 nm"
    depth : quantity or str
        With a wavelength in place of the protocol.
    **changes
        Further fields of `Protocol`, such as fluence="10 mJ/cm^2".

    Returns
    -------
    list of Cell
        c_min in mmol/L of the formulation's basis (and of particles), margin without unit.

    Notes
    -----
    The larger of the noise limit and the background limit; tissue optics and the detector make it one order of
    magnitude, as `noise_limit` says.

    References
    ----------
    A. M. Winkler, K. Maslov, L. V. Wang, J. Biomed. Opt. 18, 097003 (2013), doi:10.1117/1.JBO.18.9.097003;
    S. L. Jacques, Phys. Med. Biol. 58, R37 (2013), doi:10.1088/0031-9155/58/11/R37

    Examples
    --------
    >>> from contrastphys.formulation import Formulation
    >>> gold = Formulation(id="gold-40", kind="nanoparticle", cores={"material": "gold", "diameter": "40 nm"})
    >>> [cell.quantity for cell in detection_limit(gold, "700 nm", "1 cm")]
    ['c_min', 'c_min']
    """
    formulation = load(formulation)
    if not isinstance(protocol, Protocol):
        given = {"wavelength": protocol, "depth": depth, **changes}
        given = {key: value for key, value in given.items() if value is not None}
        if "fluence" in given and not isinstance(given["fluence"], Fluence):
            light = given["fluence"]
            given["fluence"] = Fluence() if light == "mpe" else Fluence(rule="given", value=light)
        protocol = Protocol(**given)
    cells: list[Cell] = []
    bases = list(dict.fromkeys((_basis(formulation), formulation.entity)))
    for wave, deep in _each(protocol):
        where = {"wavelength": _text(wave, "nm"), "depth": _text(deep, "cm"), "basis": bases[0]}
        try:
            molar, _ = molar_absorption(formulation, wave)
            found = _smallest(formulation, molar, protocol, wave, deep)
        except Refusal as why:
            cells.append(Cell.refused(formulation.id, NAME, "c_min", where, why, "mmol/L"))
            continue
        for basis in bases:
            amount = Concentration(formulation, found.number, basis).molar(basis)
            shown = scaled_by(found, amount / found.number, "mmol/L")
            cells.append(Cell.of(formulation.id, NAME, "c_min", {**where, "basis": basis}, shown))
        if formulation.tissue is not None:
            low, high = found.bounds()
            there = formulation.tissue.entities
            margin = found.with_(number=there / found.number, unit="1", low=there / high, high=there / low)
            cells.append(Cell.of(formulation.id, NAME, "margin", where, margin))
    return cells


def _basis(formulation: Formulation) -> str:
    """What concentrations of it are counted by, as far as they are molar."""
    return formulation.basis if formulation.basis in formulation.bases() else formulation.entity
