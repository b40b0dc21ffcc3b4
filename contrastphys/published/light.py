"""Published photoacoustic numbers: extinction, Grueneisen parameters, exposure limits, tissue."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

from ..formulation import Formulation, catalogue, load
from ..provenance import Value
from .rows import Published, made, measured_of, numeric, rows_of, worded


def light() -> Iterator[Published]:
    """Rows of the photoacoustic tables and of tissue optics, and measured absorption of the catalogue."""
    for name in ("pa_measured", "pa_optics", "pa_exposure_and_signal"):
        for row in rows_of(name):
            what = str(row.get("material", ""))
            number, sd, low, high = worded(str(row["value"]))
            if sd is None and row.get("spread"):
                sd = worded(str(row["spread"]))[0]
            group, ask, why, used = _light_question(str(row["quantity"]), what, str(row["conditions"]), number)
            if ask is None and not why:
                why = "a statement or a relation, not a number a model gives"
            if row["status"] == "computed":
                used, ask = "a computed value, not a published measurement", None
            yield Published(
                "photoacoustic", group, what or _substance(str(row["quantity"])), str(row["quantity"]),
                str(row["conditions"]), number, str(row["unit"]), str(row["source"]), str(row["status"]), sd=sd,
                low=low, high=high, used=used, why="" if ask or used else why, ask=ask,
            )  # fmt: skip
    for row in rows_of("pa_tissue_scattering"):
        yield Published(
            "photoacoustic", "tissue optics", row["tissue"], "reduced scattering at 500 nm", row["group"],
            float(row["a"]), "1/cm", "S. L. Jacques, Phys. Med. Biol. 58, R37 (2013), table 1", "verified",
            used="the model reads the mean of these rows",
        )  # fmt: skip
    for row in rows_of("pa_tissue_composition"):
        yield Published(
            "photoacoustic", "tissue optics", row["tissue"], "haemoglobin", "tissue", numeric(row["haemoglobin"]),
            "umol/L", "S. L. Jacques, Phys. Med. Biol. 58, R37 (2013), table 3", "verified",
            why="no model predicts the composition of a tissue",
        )  # fmt: skip
    yield from measured_of("photoacoustic", ("molar_absorption", "molar_extinction"), "absorption of agents")
    for name in catalogue():
        for m in load(name).measured:
            if m.quantity == "peak_wavelength":
                yield Published(
                    "photoacoustic", "peak wavelength", name, m.quantity, m.medium, m.value.number, "nm", m.source,
                    m.status or m.value.status, note=m.note, why="no table of its spectrum is held",
                )  # fmt: skip


def _substance(quantity: str) -> str:
    words = ("gold nanorod", "gold", "oxyhaemoglobin", "deoxyhaemoglobin", "ICG", "melanosome", "fat", "lipid", "serum")
    return next((word for word in words if word.lower() in quantity.lower()), "")


def _light_question(
    quantity: str, material: str, conditions: str, number: float | None
) -> tuple[str, Callable[[], Value] | None, str, str]:
    """Class, question, why none, and what it was used for, of a row of the photoacoustic tables."""
    size = re.search(r"(?:diameter|\bd)\s+(\d+\.?\d*) nm", conditions) or re.search(r"sphere (\d+) nm", material)
    low = quantity.lower()
    if "molar extinction" in low and ("gold sphere" in low or "gold sphere" in material) and size:
        if "450 nm" in quantity:
            return "gold sphere extinction", functools.partial(_sphere, float(size[1]), 450.0), "", ""
        return "gold sphere extinction", None, "a spectrum's peak, not a wavelength", ""
    if "absorbance ratio a(peak)/a(450 nm)" in low and size:
        return "gold sphere extinction", functools.partial(_shape, float(size[1])), "", ""
    if "per gold atom" in low:
        if size:
            return "gold sphere extinction", functools.partial(_per_atom, float(size[1]), 400.0), "", ""
        return "gold rod extinction", functools.partial(_per_atom, None, 400.0), "", ""
    if "extinction peak wavelength" in low and size:
        return "gold sphere peak", functools.partial(_peak, float(size[1])), "", ""
    if "gold nanorod" in low and "extinction of a" in low:
        return "gold rod extinction", _rod, "", ""
    if "grueneisen" in low or "grueneisen" in material.lower():
        found = re.search(r"(\d+\.?\d*) C", conditions)
        liquid = next((word for word in ("fat", "lipid", "serum") if word in f"{quantity} {material}".lower()), "")
        if liquid and number is not None:
            return "Grueneisen parameter", None, "", f"the model reads its value of {liquid} here"
        if "water" in low and found and number is not None:
            return "Grueneisen parameter", functools.partial(_gruneisen, float(found[1])), "", ""
        return "Grueneisen parameter", None, "", ""
    if any(word in low for word in ("haemoglobin", "extinction of icg", "melanosome")) and number is not None:
        return "dye absorption", None, "", "the model reads this table"
    if "exposure limit" in low:
        return "skin exposure limit", None, "", "a rule, which the model encodes"
    return "statements", None, "", ""


def _sphere(diameter: float, wavelength: float) -> Value:
    return _extinction(_gold(diameter), wavelength)


def _gold(diameter: float | None) -> Formulation:
    """A gold sphere of a diameter in nm, or the catalogue's rod."""
    if diameter is None:
        return load("gold-nanorod-41x10nm")
    return made(id="gold-sphere", kind="nanoparticle", cores={"material": "gold", "diameter": f"{diameter!r} nm"})


def _extinction(particle: Formulation, wavelength: float) -> Value:
    from .. import photoacoustic

    return photoacoustic.predict(particle, "molar_extinction", {"wavelength": wavelength}, use_measured=False)


def _per_atom(diameter: float | None, wavelength: float) -> Value:
    particle = _gold(diameter)
    value, atoms = _extinction(particle, wavelength), particle.atoms("Au")
    low, high = value.bounds()
    return value.with_(number=value.number / atoms, low=low / atoms, high=high / atoms)


def _spectra(diameter: float) -> Iterator[tuple[float, float]]:
    """Peak wavelength, and extinction there over that at 450 nm, of a sphere by each table of gold."""
    import numpy as np

    from ..photoacoustic import particles, sections
    from ..photoacoustic.permittivity import GOLD_TABLES

    waves = np.append(np.arange(505.0, 600.0, 0.5), 450.0)
    for table in GOLD_TABLES:
        areas = sections.cross_sections.bare(particles.sphere.bare(diameter, table=table), waves, "water").sigma_ext
        at = int(np.argmax(areas[:-1]))
        yield float(waves[at]), float(areas[at] / areas[-1])


def _peak(diameter: float) -> Value:
    found = [peak for peak, _ in _spectra(diameter)]
    return Value(found[0], "nm", low=min(found), high=max(found))  # the band is that between tables of gold


def _shape(diameter: float) -> Value:
    found = [ratio for _, ratio in _spectra(diameter)]
    return Value(found[0], "1", low=min(found), high=max(found))


def _rod() -> Value:
    return _extinction(_gold(None), 800.0)


def _gruneisen(celsius: float) -> Value:
    from ..photoacoustic import water

    number = float(water.gruneisen.bare(celsius + 273.15))
    return Value(number, "1", low=number - water.GRUNEISEN_ERROR, high=number + water.GRUNEISEN_ERROR)
