"""Published X-ray numbers: coefficients, half-value layers, ratios of enhancement."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..formulation import Formulation, load
from ..provenance import Value
from .rows import Published, made, measured_of, numeric, rows_of

WATER_SIZES = (20.0, 32.0)  # cm of water around an agent, where a phantom is not stated
ANODES = (12.0, 7.0, 20.0)  # deg, where the anode of a tube is not stated: the middle, and the ends of the band
RESTING = ("NS100", "NS120", "NS150")  # beams on which the error of narrow beams rests


def beams() -> Iterator[Published]:
    """Rows of the X-ray table, and measured enhancements of the catalogue."""
    rows = rows_of("xray_measured")
    layers = {row["condition"]: float(row["value"]) for row in rows if row["quantity"] == "hvl1"}
    for row in rows:
        group, ask, why, used, assumed = _xray_question(row, layers)
        number, high = numeric(row["value"]), numeric(row["value_high"])
        where = ", ".join(part for part in (f"{row['kvp']} kV" if row["kvp"] else "", row["condition"]) if part)
        yield Published(
            "xray", group, row["agent"] or "tungsten tube", row["quantity"], where,
            None if high is not None else number, row["unit"], row["source"], row["status"],
            low=number if high is not None else None, high=high, note=row["note"], assumed=assumed, used=used,
            why=why, ask=ask,
        )  # fmt: skip
    yield from measured_of("xray", ("enhancement_per_mass", "enhancement_per_mole"), "enhancement per amount")


Question = tuple[str, Callable[[], Value] | None, str, str, str]


def _xray_question(row: Mapping[str, Any], layers: Mapping[str, float]) -> Question:
    """Class, question, why none, what it was used for, and what is assumed, of a row of the X-ray table."""
    quantity, agent, kvp = row["quantity"], row["agent"], str(row["kvp"])
    if quantity in ("mu_rho", "mu_en_rho"):
        energy = f"{row['condition']}"
        group = "mass attenuation" if quantity == "mu_rho" else "mass energy absorption"
        return group, functools.partial(_coefficient, quantity, agent, energy), "", "", ""
    if quantity == "hvl1" and row["condition"].startswith("RQR"):
        used = "the aluminium of the beam quality is set so that this layer comes out"
        return (
            "half-value layer",
            functools.partial(_layer, "hvl1", float(kvp), layers[row["condition"]], ""),
            "",
            (used),
            "",
        )
    if quantity in ("hvl1_hardened", "homogeneity"):
        base, _, filters = row["condition"].partition(" + ")
        if base not in layers:
            return "half-value layer", None, f"no RQR half-value layer of {base} is held", "", ""
        kind = "hvl1" if quantity == "hvl1_hardened" else quantity
        asked = functools.partial(_layer, kind, float(kvp), layers[base], filters)
        group = "half-value layer of hardened beams" if filters else "homogeneity of beams"
        return group, asked, "", "", "7 deg anode; aluminium set by HVL1 of the RQR quality"
    if quantity in ("hvl1_filtered", "hvl2_filtered"):
        beam, _, filters = row["condition"].partition(": ")
        if "inherent filtration not read" in row["note"]:
            return (
                "half-value layer of calibration beams",
                None,
                "the inherent filtration of the tube is not known",
                "",
                "",
            )
        behind = tuple((name, f"{thick} mm") for thick, name in (part.split(" mm ") for part in filters.split(" + ")))
        asked = functools.partial(_filtered, 1 if quantity == "hvl1_filtered" else 2, float(kvp), behind)
        used = "the declared error of narrow beams rests on it" if beam in RESTING else ""
        return (
            "half-value layer of calibration beams",
            asked,
            "",
            used,
            "anode angle of 7 to 20 deg, no inherent filter",
        )
    if quantity == "enhancement_per_mass":
        words = "in the middle of 20 to 32 cm of water"
        return "CT enhancement per mass", functools.partial(_per_mass, agent, float(kvp)), "", "", words
    if "doubtful input" in row["note"]:
        return "CT enhancement ratio", None, "the tube voltages of the source are in doubt", "", ""
    if quantity == "enhancement_ratio" and "/" in kvp:
        words = "water phantom of 20 to 32 cm"
        return "CT enhancement ratio", functools.partial(_ratio, agent, *map(float, kvp.split("/"))), "", "", words
    if quantity == "enhancement_ratio_mono":
        why = "a scanner's image made from two energies, of a sample whose composition is not stated"
        return "virtual monochromatic ratio", None, why, "", ""
    if numeric(row["value"]) is None or "qualitative" in row["note"]:
        return "statements", None, "a statement or an order, not a number a model gives", "", ""
    return "statements", None, "the protocol is not complete enough to ask the model", "", ""


def _coefficient(quantity: str, agent: str, energy: str) -> Value:
    from ..xray import absorption, attenuation

    name = "air" if agent == "dry air" else agent
    if quantity == "mu_rho":
        number, error = attenuation.mass_attenuation(name, energy), attenuation.ERROR
    else:
        number, error = absorption.mass_energy_absorption(name, energy), absorption.ERROR
    return Value(float(number.to("cm^2/g").magnitude), "cm^2/g").with_error(error)


@functools.lru_cache(maxsize=64)
def _quality(kvp: float, layer: float) -> Any:
    """The beam at a tube voltage whose aluminium gives a first half-value layer (mm)."""
    from scipy.optimize import brentq

    from ..xray import spectrum

    def off(thickness: float) -> float:
        return float(spectrum(f"{kvp} kV", {"Al": f"{thickness!r} mm"}).hvl().to("mm").magnitude) - layer

    return spectrum(f"{kvp} kV", {"Al": f"{brentq(off, 0.05, 40.0, xtol=1e-4)!r} mm"})


def _layer(kind: str, kvp: float, layer: float, filters: str) -> Value:
    from ..xray import spectra

    beam = _quality(kvp, layer)
    if filters:
        amount, _, material = filters.partition(" mm ")
        beam = beam.filtered({material.strip(): f"{amount} mm"})
    if kind == "homogeneity":
        return Value(float(beam.homogeneity()), "1").with_error(spectra.ERROR)
    return Value(float(beam.hvl().to("mm").magnitude), "mm Al").with_error(spectra.ERROR)


def _filtered(order: int, kvp: float, filters: tuple[tuple[str, str], ...]) -> Value:
    """A half-value layer of copper behind known filters; the band is that of the anode angles and of the beam."""
    from ..xray import spectrum

    beams_ = [spectrum(f"{kvp} kV", dict(filters), f"{angle} deg") for angle in ANODES]
    layers = [float(beam.hvl(order, "Cu").to("mm").magnitude) for beam in beams_]
    error = beams_[0].layer_error
    return Value(layers[0], "mm Cu", low=min(layers) * (1 - error), high=max(layers) * (1 + error))


def _element(symbol: str) -> Formulation:
    formulas = {"I": "iohexol", "Gd": "gadoterate"}
    if symbol in formulas:
        return load(formulas[symbol])
    return made(id=f"element-{symbol}", kind="molecule", molecule={"formula": symbol, "metal": symbol})


def _ratio(agent: str, first: float, second: float) -> Value:
    """Enhancement at one tube voltage over another; the band is that of the sizes, the model's own error cancels."""
    pairs = [[_enhanced(agent, kvp, size) for kvp in (first, second)] for size in WATER_SIZES]
    found = [one.number / other.number for one, other in pairs]
    return Value(
        math.sqrt(min(found) * max(found)), "1", low=min(found), high=max(found), source=pairs[0][0].source
    )  # fmt: skip


def _per_mass(agent: str, kvp: float) -> Value:
    """Enhancement per mass between the sizes of phantoms, with the model's own error at either."""
    found = [_enhanced(agent, kvp, size) for size in WATER_SIZES]
    bounds = [end for value in found for end in value.bounds()]
    middle = math.sqrt(math.prod(value.number for value in found))
    return Value(middle, found[0].unit, low=min(bounds), high=max(bounds), source=found[0].source)


def _enhanced(agent: str, kvp: float, size: float) -> Value:
    from .. import xray

    given = {"kvp": kvp, "phantom": size}
    return xray.predict(_element(agent), "enhancement_per_mass", given, use_measured=False)
