"""Molar absorption and peak of a formulation, chosen between what was measured and what the model says.

A measured coefficient beats one carried along the model's spectrum, which beats the model. Extinction is kept
apart from absorption: a measured extinction goes through the ratio of the two.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import records
from ..formulation import Formulation
from ..parts import Measured
from ..provenance import Flag, Refusal, Value, choose
from .absorbers import Absorber, absorber, particle_of
from .permittivity import METALS
from .sections import MOLAR
from .tuning import peak_of

__all__ = ["extinction_peak", "molar_absorption"]

MEASURED = ("molar_absorption", "molar_extinction")
REACH = 60.0  # nm over which a measured absorption is carried along the model's spectrum


def per_entity(formulation: Formulation, row: Measured) -> float:
    """A measured coefficient carried from what it counts to one entity, 1/(M cm)."""
    basis = row.per or formulation.entity
    return row.value.number * formulation.per_entity(basis)["mol/L"]


def _computed(formulation: Formulation, wavelength: float, medium: Any) -> tuple[Value, Absorber]:
    found = absorber(formulation, wavelength, medium)
    value = Value(
        found.molar,
        "1/(M*cm)",
        low=found.low * MOLAR,
        high=found.high * MOLAR,
        source=found.source,
        status=found.status,
        flags=found.flags,
    )
    return value, found


def _from_measured(
    formulation: Formulation, wavelength: float, model: Absorber | None, medium: Any
) -> tuple[Value | None, Value | None]:
    """Absorption from the nearest measurement: at the wavelength itself, or carried along the model's spectrum."""
    rows = [
        (abs(m.wavelength.number - wavelength), m.quantity != "molar_absorption", m.wavelength.number, m)
        for m in formulation.measured
        if m.quantity in MEASURED and m.wavelength is not None and abs(m.wavelength.number - wavelength) <= REACH
    ]
    if not rows:
        return None, None
    away, _, at, row = min(rows, key=lambda entry: entry[:2])
    coefficient = per_entity(formulation, row)
    error = (row.value.sd / row.value.number) if row.value.sd else 0.15
    source, status = row.source or formulation.source, row.status or formulation.status
    if away <= 2.0 and row.quantity == "molar_absorption":
        value = Value(coefficient, "1/(M*cm)", source=source, status=status)
        return value.with_error(2 * error), None
    if model is None:
        return None, None
    try:
        there = absorber(formulation, at, medium)
    except Refusal:
        return None, None
    base = there.sigma_abs if row.quantity == "molar_absorption" else there.sigma_ext
    ratio = coefficient / (base * MOLAR)
    text_ = f"measured {row.quantity.replace('_', ' ')} at {at:g} nm times the model's ratio"
    flags = (*model.flags, Flag("scaled", text_, "note"))
    value = Value(model.molar * ratio, "1/(M*cm)", source=source, status=status, flags=flags)
    return None, value.with_error(0.3)


def molar_absorption(
    formulation: Formulation, wavelength: float, medium: Any = "water", use_measured: bool = True
) -> tuple[Value, float]:
    """Decadic molar absorption per entity, chosen between measured and model, and extinction over absorption."""
    model: Absorber | None = None
    computed: Value | None = None
    why: Refusal | None = None
    try:
        computed, model = _computed(formulation, wavelength, medium)
    except Refusal as refusal:
        why = refusal
    measured = scaled = None
    if use_measured:
        measured, scaled = _from_measured(formulation, wavelength, model, medium)
    if why is not None and measured is None:
        raise why
    share = model.sigma_ext / model.sigma_abs if model is not None and model.sigma_abs > 0 else 1.0
    value = choose(measured=measured, scaled=scaled, computed=computed)
    if value.letter in "MS" and computed is not None and formulation.cores and computed.number > 0:
        value = value.with_flags(*_size_doubt(value.number / computed.number))
    return value, share


def _size_doubt(ratio: float) -> tuple[Flag, ...]:
    """Absorption goes with the cube of the size: a factor near eight is a radius taken for a diameter."""
    if 5.5 < ratio < 11:
        text = f"measured absorption is {ratio:.1f} times the model's: was a radius given for the diameter?"
    elif 1 / 11 < ratio < 1 / 5.5:
        text = f"measured absorption is 1/{1 / ratio:.1f} of the model's: was twice the diameter given?"
    else:
        return ()
    return (Flag("size-doubt", text, "warn"),)


def scaled_by(value: Value, factor: float, unit: str) -> Value:
    """The same Value times an exact factor."""
    low, high = sorted(bound * factor for bound in value.bounds())
    return value.with_(number=value.number * factor, unit=unit, sd=None, low=low, high=high)


def extinction_peak(formulation: Formulation, medium: Any = "water", use_measured: bool = True) -> Value:
    """Wavelength of the highest extinction of a formulation of one kind of core, or of one dye, nm."""
    measured = computed = None
    row = next((m for m in formulation.measured if m.quantity == "peak_wavelength"), None)
    if use_measured and row is not None:
        source, status = row.source or formulation.source, row.status or formulation.status
        half = 2 * row.value.sd if row.value.sd else 5.0
        at = row.value.number
        measured = Value(at, "nm", low=at - half, high=at + half, source=source, status=status)
    try:
        computed = _model_peak(formulation, medium)
    except Refusal:
        if measured is None:
            raise
    return choose(measured=measured, computed=computed)


def _model_peak(formulation: Formulation, medium: Any) -> Value:
    dye = formulation.spectrum or (formulation.molecule.spectrum if formulation.molecule is not None else "")
    if dye:
        table = records.optical(dye)
        if len(table.columns) != 1:
            raise Refusal("spectrum-columns", f"the table '{dye}' has several columns: no one peak")
        column = next(iter(table.columns.values()))
        at = float(table.wavelength[int(np.argmax(column))])
        return Value(at, "nm", low=at - 10, high=at + 10, source=table.source, status="second-hand")
    if len(formulation.cores) != 1:
        raise Refusal("no-particle", f"{formulation.id} has not one kind of core: no one peak")
    particle = particle_of(formulation, formulation.cores[0])
    if not any(name.startswith(tuple(METALS)) for name in (particle.material, *(coat for coat, _ in particle.coats))):
        raise Refusal("no-peak", f"{formulation.id} absorbs broadly: no peak to name")
    at = peak_of(particle, medium, "extinction", 540.0 if particle.shape == "rod" else None)
    below, above = (10.0, 50.0) if particle.shape == "rod" else (8.0, 8.0)
    return Value(
        at, "nm", low=at - below, high=at + above, source=f"spectrum with {particle.material}", status="computed"
    )
