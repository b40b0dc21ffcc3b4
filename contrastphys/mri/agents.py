"""The five doors of MRI: applies, predict, respond, detection_limit, Protocol.

`predict` weighs what was measured against what the model computes; `respond` and `detection_limit` put its numbers
into the signal of a sequence. Noise is one reference: the tissue's signal-to-noise ratio at one field and voxel, with
the best flip angle there; at other fields the equilibrium magnetisation over noise scales as B0 or B0^(7/4), and the
signal with the tissue's own T1, T2 and T2*.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..concentration import Concentration
from ..formulation import Formulation, load
from ..provenance import Cell, Flag, Refusal, Value, choose, merge_flags
from ..remembering import of_last
from . import measured, sequences
from .media import medium_id, surroundings
from .model import Relaxivity, evaluate, relaxing_metal, sources
from .protocol import Protocol, Reference

__all__ = ["Protocol", "Reference", "applies", "detection_limit", "predict", "respond"]

UNIT = "1/(mM*s)"
Rates = tuple[float, float, float]  # of the tissue [1/s] or relaxivities [1/(mM s)]: 1, 2, 2*
QUANTITIES = ("r1", "r2", "r2_star")
BLOOD_POOL_NONLINEAR = ("ferumoxytol",)


def applies(formulation: Formulation) -> bool:
    """Whether anything in a formulation relaxes water, by its composition or by a measurement."""
    return bool(sources(formulation)) or any(m.quantity in QUANTITIES for m in formulation.measured)


def computed(formulation: Formulation, quantity: str, conditions: Mapping[str, Any], anchored: bool = False) -> Value:
    """The model's value of r1, r2 or r2_star with the band of its stated error; Refusal where it does not apply."""
    found = _model(formulation, conditions, anchored)
    number = found.numbers[quantity]
    if number is None:
        found.r2  # noqa: B018  raises the Refusal that says what is missing
    error = found.error[quantity]
    value = Value(float(number), UNIT, source=_model_source(found), status="computed", flags=found.flags)
    return value.with_error(error.relative, error.factor)


def _model(formulation: Formulation, conditions: Mapping[str, Any], anchored: bool = False) -> Relaxivity:
    field, temperature = float(conditions["field"]), float(conditions.get("temperature", 310.15))
    medium = surroundings(str(conditions.get("medium", "water")))
    echo, amount = conditions.get("echo_spacing"), conditions.get("concentration")
    return _evaluated(formulation, field, temperature, medium, echo, amount, anchored)


_evaluated = of_last(evaluate)  # r1, r2 and r2_star of one condition come from one evaluation


def _model_source(found: Relaxivity) -> str:
    if any("moment" in name and "core" not in name for name in found.named):
        return "Roch-Muller-Gillis with static dephasing"
    if any("surface" in name for name in found.named):
        return "core moment and surface ions"
    return "Solomon-Bloembergen-Morgan, Freed, Curie"


def predict(
    formulation: Formulation | str, quantity: str, conditions: Mapping[str, Any], use_measured: bool = True
) -> Value:
    """r1, r2 or r2_star of a formulation: measured, scaled from measured, or computed.

    Parameters
    ----------
    formulation : Formulation or str
    quantity : {"r1", "r2", "r2_star"}
    conditions : mapping
        field [T], and optionally temperature [K], medium, concentration [mmol/L of metal], echo_spacing [s].
    use_measured : bool
        False to ask the model alone.

    Returns
    -------
    Value
        In 1/(mM s) per the formulation's relaxing metal, with letter, source, flags and band.

    Examples
    --------
    >>> predict("gadoterate", "r1", {"field": 3.0, "medium": "plasma"}, use_measured=False).letter
    'C'
    """
    formulation = load(formulation)
    if quantity not in QUANTITIES:
        raise Refusal("quantity", f"mri predicts {', '.join(QUANTITIES)}, not '{quantity}'")
    if "field" not in conditions:
        raise Refusal("field", "mri needs the field: write field = '3 T'")
    why: Refusal | None = None
    own: Value | None = None
    try:
        own = computed(formulation, quantity, conditions)
    except Refusal as refusal:
        why = refusal
    if not use_measured:
        if own is None:
            assert why is not None
            raise why
        return choose(computed=own)
    metal = relaxing_metal(formulation)
    rows = _rows(formulation, metal)
    field = float(conditions["field"])
    temperature = float(conditions.get("temperature", 310.15))
    medium = medium_id(str(conditions.get("medium", "water")))

    def at(b: float, t: float, m: str) -> Value:
        changed = {**conditions, "field": b, "temperature": t, "medium": m}
        return computed(formulation, quantity, changed, anchored=True)

    seen, scaled = measured.candidates(rows, quantity, field, temperature, medium, at if sources(formulation) else None)
    if seen is None and quantity == "r2_star":
        seen, scaled = _star_from_r2(formulation, conditions, own)
    if seen is None and scaled is None and own is None:
        raise why if why is not None else Refusal("no-number", f"{formulation.id}: no {quantity} at {field:g} T")
    value = choose(measured=seen, scaled=scaled, computed=own)
    if formulation.id in BLOOD_POOL_NONLINEAR and medium == "blood":
        message = f"relaxation by {formulation.id} in whole blood is not linear in concentration"
        value = value.with_flags(Flag("nonlinear", message, "warn"))
    return value


_rows = of_last(measured.rows)


@of_last
def _predicted(formulation: Formulation, quantity: str, conditions: tuple[tuple[str, Any], ...]) -> Value:
    """`predict`, which several cells of one condition rest on."""
    return predict(formulation, quantity, dict(conditions))


def _star_from_r2(
    formulation: Formulation, conditions: Mapping[str, Any], own: Value | None
) -> tuple[Value | None, Value | None]:
    """Where r2_star was not measured: the r2 that was, times the model's r2_star/r2."""
    try:
        r2 = _predicted(formulation, "r2", tuple(conditions.items()))
        if r2.letter == "C":
            return None, None
        ratio = 1.0
        if own is not None:
            alone = computed(formulation, "r2", conditions)
            ratio = own.number / alone.number
    except Refusal:
        return None, None
    spread = [abs(bound / r2.number - 1) for bound in r2.bounds()]
    made = r2.with_(number=r2.number * ratio, sd=None, letter="S").with_error(max(max(spread), 0.15))
    return None, made.with_flags(Flag("r2-star-from-r2", "r2* taken from r2: no r2* was measured", "note"))


# -------------------------------------------------------------------------------------------- signals


class Setting(NamedTuple):
    """One formulation at one field: its relaxivities, the tissue and the best settings."""

    field: float
    r1: Value
    r2: Value
    r2_star: Value
    rates: Rates
    flip: float | None  # rad
    snr: float
    flags: tuple[Flag, ...]

    @property
    def relaxivities(self) -> Rates:
        return self.r1.number, self.r2.number, self.r2_star.number


def _conditions(protocol: Protocol, field: float, concentration: float | None) -> dict[str, Any]:
    return {
        "field": field,
        "temperature": protocol.temperature.number,
        "medium": protocol.medium,
        "echo_spacing": None if protocol.echo_spacing is None else protocol.echo_spacing.number * 1e-3,
        "concentration": concentration,
    }


def _tissue_millimolar(formulation: Formulation, metal: str) -> float | None:
    if formulation.tissue is None:
        return None
    return float(formulation.tissue.molar(metal))


@functools.lru_cache(maxsize=64)
def best_flip(sequence: str, rates: Rates, relaxivities: Rates, tr: float, te: float, ti: float | None) -> float | None:
    """Flip angle [rad] of the largest |dS/dc|, on a grid refined once."""
    if sequence not in ("spgr", "bssfp"):
        return None
    low, high = 1e-3, np.pi / 2 if sequence == "spgr" else np.pi * 0.99
    angles = np.geomspace(low, high, 400)
    for _ in range(2):
        steep = np.abs(sequences.slope(sequence, rates, relaxivities, tr, te, angles, ti))
        top = int(np.argmax(steep))
        angles = np.linspace(angles[max(top - 1, 0)], angles[min(top + 1, len(angles) - 1)], 400)
    return float(angles[len(angles) // 2])


def setting(formulation: Formulation, protocol: Protocol, field: float) -> Setting:
    """Relaxivities, tissue, flip and signal-to-noise ratio of one formulation at one field."""
    metal = relaxing_metal(formulation)
    conditions = tuple(_conditions(protocol, field, _tissue_millimolar(formulation, metal)).items())
    r1 = _predicted(formulation, "r1", conditions)
    r2_star = _predicted(formulation, "r2_star", conditions)
    try:
        r2 = _predicted(formulation, "r2", conditions)
    except Refusal:
        if protocol.sequence == "spgr":
            r2 = r2_star  # a spoiled gradient echo does not see it
        else:
            raise
    times = protocol.times(field)
    rates = (1 / times.t1.number, 1 / times.t2.number, 1 / times.t2_star.number)
    tr, te = protocol.tr.number * 1e-3, protocol.te.number * 1e-3
    ti = None if protocol.ti is None else protocol.ti.number * 1e-3
    agent = (r1.number, r2.number, r2_star.number)
    if protocol.angle is not None:
        flip: float | None = float(np.deg2rad(protocol.angle))
    else:
        flip = best_flip(protocol.sequence, rates, agent, tr, te, ti)
    snr, more = _snr(protocol, field, rates, flip, tr, te, ti)
    flags = merge_flags(*(value.flags for value in (r1, r2_star, *times)), more)
    return Setting(field, r1, r2, r2_star, rates, flip, snr, flags)


def _snr(
    protocol: Protocol, field: float, rates: Rates, flip: float | None, tr: float, te: float, ti: float | None
) -> tuple[float, tuple[Flag, ...]]:
    """Signal-to-noise ratio of the tissue at a field, from the one reference."""
    at = protocol.reference_field
    there = protocol.times(at)
    reference = (1 / there.t1.number, 1 / there.t2.number, 1 / there.t2_star.number)
    angle = flip
    if protocol.angle is None and protocol.sequence == "spgr":
        # the reference was taken at its own best angle for T1 contrast
        angle = float(np.deg2rad(sequences.t1_contrast_angle.bare(tr, there.t1.number)))
    level = abs(sequences.raw_signal(protocol.sequence, *rates, tr, te, flip, ti))
    base = abs(sequences.raw_signal(protocol.sequence, *reference, tr, te, angle, ti))
    ratio = sequences.scale_snr.bare(
        protocol.snr.value.number, field, at, protocol.voxel.number, protocol.snr.voxel.number, protocol.snr.scales
    )
    message = (
        f"SNR {protocol.snr.value.number:g} at {at:g} T scaled as {protocol.snr.scales} and by the tissue's signal"
    )
    flags = [Flag("snr", message, "note")]
    if level <= 0 or base <= 0:
        raise Refusal("no-signal", f"the tissue gives no signal at {field:g} T with these settings")
    snr = float(ratio * level / base)
    if snr < 3:
        flags.append(Flag("low-snr", f"signal-to-noise ratio {snr:.2g} of the tissue at {field:g} T", "warn"))
    return snr, tuple(flags)


def _worst(*values: Value) -> str:
    return max((value.letter for value in values), key="MSCA".index)


def _shown(protocol: Protocol, field: float) -> dict[str, str]:
    return {
        "field": f"{field:g} T",
        "temperature": f"{protocol.temperature.number - 273.15:g} degC",
        "medium": protocol.medium,
    }


def respond(formulation: Formulation | str, protocol: Protocol | None = None) -> list[Cell]:
    """r1, r2, c_peak and the sign of contrast at every field; a model that does not apply is a refused cell."""
    formulation, protocol = load(formulation), protocol or Protocol()
    found: list[Cell] = []
    if not applies(formulation):
        return found
    metal = relaxing_metal(formulation)
    name = formulation.id
    for value in protocol.field:
        field = value.number
        where = {**_shown(protocol, field), "basis": metal}
        conditions = tuple(_conditions(protocol, field, _tissue_millimolar(formulation, metal)).items())
        for quantity in ("r1", "r2"):
            try:
                found.append(Cell.of(name, "mri", quantity, where, _predicted(formulation, quantity, conditions)))
            except Refusal as why:
                found.append(Cell.refused(name, "mri", quantity, where, why, UNIT))
        seen = {"field": where["field"], "sequence": protocol.sequence, "basis": metal}
        try:
            at = setting(formulation, protocol, field)
        except Refusal as why:
            found.append(Cell.refused(name, "mri", "c_peak", seen, why, "mmol/L"))
            found.append(Cell.refused(name, "mri", "sign", seen, why, "1"))
            continue
        for quantity, unit, door in (("c_peak", "mmol/L", _peak), ("sign", "1", _sign)):
            try:
                found.append(Cell.of(name, "mri", quantity, seen, door(formulation, protocol, at, metal)))
            except Refusal as why:
                found.append(Cell.refused(name, "mri", quantity, seen, why, unit))
    return found


def _times(protocol: Protocol) -> tuple[float, float, float | None]:
    return (
        protocol.tr.number * 1e-3,
        protocol.te.number * 1e-3,
        None if protocol.ti is None else protocol.ti.number * 1e-3,
    )


def _peak(formulation: Formulation, protocol: Protocol, at: Setting, metal: str) -> Value:
    tr, te, ti = _times(protocol)
    number = sequences.peak_concentration(protocol.sequence, at.rates, at.relaxivities, tr, te, at.flip, ti)
    spread = _relative(at.r1) + _relative(at.r2_star)
    made = Value(
        number, "mmol/L", source="signal equation", status="computed", letter=_worst(at.r1, at.r2_star), flags=at.flags
    )
    return made.with_error(factor=1 + spread)


def _sign(formulation: Formulation, protocol: Protocol, at: Setting, metal: str) -> Value:
    """+1 where more agent brightens at the tissue's concentration, -1 where it darkens."""
    tr, te, ti = _times(protocol)
    concentration = _tissue_millimolar(formulation, metal) or 0.0
    rates = tuple(r + concentration * a for r, a in zip(at.rates, at.relaxivities, strict=True))
    steep = sequences.slope(protocol.sequence, rates, at.relaxivities, tr, te, at.flip, ti)
    where = f"at {concentration:.3g} mM of {metal} in the tissue" if concentration else "at the first agent"
    return Value(
        float(np.sign(steep)), "1", source=f"sign of dS/dc {where}", status="computed", letter=_worst(at.r1, at.r2_star)
    )


def _relative(value: Value) -> float:
    low, high = value.bounds()
    if value.number <= 0 or low <= 0:
        return 1.0
    return max(value.number / low, high / value.number) - 1


def _share_of_contrast(at: Setting, protocol: Protocol, tr: float, te: float, ti: float | None) -> float:
    """Relative error of the slope: each relaxivity's own, weighted by what it contributes."""
    shares = []
    for i, value in enumerate((at.r1, at.r2, at.r2_star)):
        one = tuple(a if i == j else 0.0 for j, a in enumerate(at.relaxivities))
        steep = abs(sequences.slope(protocol.sequence, at.rates, one, tr, te, at.flip, ti)) if one[i] > 0 else 0.0
        shares.append((steep, _relative(value)))
    total = sum(steep for steep, _ in shares)
    return sum(steep * spread for steep, spread in shares) / total if total > 0 else 1.0


def detection_limit(formulation: Formulation | str, protocol: Protocol | None = None) -> list[Cell]:
    """Least detectable concentration of the relaxing metal at every field, and the margin of the tissue over it.

    Cells: c_min [mmol/L of metal], c_min_mass [ug/mL of metal], c_min_particle [nmol/L] where there are particles,
    iron_min [pg of iron in one voxel] of iron oxide, and margin where a concentration in the tissue is known.

    Notes
    -----
    The Rose criterion on the steepest change of the signal; tissue times and the ratio of signal to noise are those of
    the protocol. The band is that of the relaxivity; noise that grows with motion or flow is not modelled.

    References
    ----------
    A. Rose, J. Opt. Soc. Am. 38, 196 (1948), doi:10.1364/JOSA.38.000196
    """
    formulation, protocol = load(formulation), protocol or Protocol()
    found: list[Cell] = []
    if not applies(formulation):
        return found
    metal = relaxing_metal(formulation)
    tr, te, ti = _times(protocol)
    for value in protocol.field:
        where = {"field": f"{value.number:g} T", "sequence": protocol.sequence, "basis": metal}
        try:
            at = setting(formulation, protocol, value.number)
            least = least_detectable(at, protocol, tr, te, ti)
        except Refusal as why:
            found.append(Cell.refused(formulation.id, "mri", "c_min", where, why, "mmol/L"))
            found.append(Cell.refused(formulation.id, "mri", "margin", where, why, "1"))
            continue
        found.append(Cell.of(formulation.id, "mri", "c_min", where, least))
        found += _counted_otherwise(formulation, least, where, metal)
        if metal == "Fe" and formulation.cores:
            found.append(Cell.of(formulation.id, "mri", "iron_min", where, _iron_in_voxel(at, protocol)))
        if formulation.tissue is not None:
            number = float(formulation.tissue.molar(metal))
            low, high = least.bounds()
            margin = Value(
                number / least.number, "1", low=number / high, high=number / low, source=least.source,
                status="computed", letter=least.letter, flags=least.flags,
            )  # fmt: skip
            found.append(Cell.of(formulation.id, "mri", "margin", where, margin))
    return found


def _counted_otherwise(formulation: Formulation, least: Value, where: dict[str, str], metal: str) -> list[Cell]:
    """c_min as mass of the metal, and as particles where the formulation has them."""
    one = Concentration(formulation, 1.0, metal)
    amount = one.molar(metal)
    bases = [("c_min_mass", metal, "ug/mL", 1e3 * one.mass(metal) / amount)]
    if "particle" in formulation.bases():
        bases.append(("c_min_particle", "particle", "nmol/L", 1e6 * one.molar("particle") / amount))
    found = []
    for quantity, basis, unit, factor in bases:
        low, high = (bound * factor for bound in least.bounds())
        value = least.with_(number=least.number * factor, unit=unit, sd=None, low=low, high=high)
        found.append(Cell.of(formulation.id, "mri", quantity, {**where, "basis": basis}, value))
    return found


def _iron_in_voxel(at: Setting, protocol: Protocol) -> Value:
    """Smallest mass of iron that darkens one voxel visibly, by the measured law of Heyn et al."""
    number = float(sequences.iron_mass.bare(protocol.voxel.number, at.snr))
    message = (
        "measured for iron oxide in cells with a balanced steady state at 1.5 T; other agents and sequences differ"
    )
    made = Value(
        number, "pg", source="Heyn et al., Magn. Reson. Med. 53, 312 (2005), doi:10.1002/mrm.20356",
        status="computed", letter="A", flags=(Flag("heyn", message, "note"),),
    )  # fmt: skip
    return made.with_error(factor=2)


def least_detectable(at: Setting, protocol: Protocol, tr: float, te: float, ti: float | None) -> Value:
    """c_min [mmol/L of metal] at one field, k sigma/|dS/dc|, with the band of the relaxivity."""
    sequence, rose = protocol.sequence, protocol.rose.number
    level = abs(sequences.raw_signal(sequence, *at.rates, tr, te, at.flip, ti))
    steep = abs(sequences.slope(sequence, at.rates, at.relaxivities, tr, te, at.flip, ti))
    if not steep > 0:
        raise Refusal("no-contrast", "the signal does not change with the agent at these settings")
    noise = level / at.snr
    number = float(rose * noise / steep)
    flags = at.flags
    r1, r2, r2_star = (r + number * a for r, a in zip(at.rates, at.relaxivities, strict=True))
    change = abs(abs(sequences.raw_signal(sequence, r1, r2, r2_star, tr, te, at.flip, ti)) - level)
    if not 0.6 < change / (rose * noise) < 1.4:
        message = f"signal is not linear up to c_min: it changes by {change / noise:.2g} noise there, not {rose:g}"
        flags = (*flags, Flag("nonlinear-signal", message, "warn"))
    spread = _share_of_contrast(at, protocol, tr, te, ti)
    angle = "" if at.flip is None else f", flip {np.rad2deg(at.flip):.1f} deg"
    source = f"{sequence} at TR {tr * 1e3:g} ms, TE {te * 1e3:g} ms{angle}, SNR {at.snr:.3g}, Rose {rose:g}"
    made = Value(number, "mmol/L", source=source, status="computed", letter=_worst(at.r1, at.r2_star), flags=flags)
    return made.with_error(factor=1 + spread)
