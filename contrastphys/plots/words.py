"""Numbers, units and names as a reader of a picture or a report sees them."""

from __future__ import annotations

import math
import re

from ..wording import number_text, raised, unit_text

__all__ = [
    "amount_text", "clipped", "condition_text", "decade", "molar_text", "number_text", "quantity_words", "raised",
    "unit_text", "wrapped",
]  # fmt: skip

# Names a reader knows for the quantities of cells.
QUANTITIES = {
    "tissue_concentration": "concentration in the target",
    "c_min": "smallest concentration seen",
    "c_min_mass": "smallest concentration seen, by mass of metal",
    "c_min_particle": "smallest concentration seen, of particles",
    "iron_min": "smallest iron mass seen in a voxel",
    "margin": "margin",
    "r1": "r₁",
    "r2": "r₂",
    "r2_star": "r₂*",
    "c_peak": "concentration of the strongest signal",
    "sign": "sign of the signal change",
    "enhancement_per_mass": "enhancement per mass",
    "enhancement_per_mole": "enhancement per mole",
    "hu": "enhancement in the target",
    "molar_absorption": "molar absorption",
    "mu_a": "absorption coefficient",
    "pressure": "initial pressure",
    "resonance_frequency": "resonance frequency",
    "attenuation": "attenuation",
    "backscatter": "backscatter",
}


def quantity_words(name: str) -> str:
    """A quantity's name for a reader."""
    return QUANTITIES.get(name, name.replace("_", " "))


def decade(value: float) -> str:
    """A tick of a logarithmic axis: plain from 0.01 to 1000, else with a power of ten.

    Examples
    --------
    >>> decade(0.1), decade(1e-6), decade(1000)
    ('0.1', '10⁻⁶', '1000')
    """
    power = math.floor(math.log10(value) + 1e-9)
    if -2 <= power <= 3:
        return f"{value:g}"
    share = value / 10.0**power
    return f"10{raised(power)}" if round(share) == 1 else f"{share:.0f} × 10{raised(power)}"


def molar_text(value: float) -> str:
    """A concentration in mol/L with the prefix that suits it.

    Examples
    --------
    >>> molar_text(3.7e-5), molar_text(2.4e-11), molar_text(3e-17)
    ('37 µM', '24 pM', '0.03 fM')
    """
    for factor, unit in ((1.0, "M"), (1e-3, "mM"), (1e-6, "µM"), (1e-9, "nM"), (1e-12, "pM"), (1e-15, "fM")):
        if value >= 0.9995 * factor or unit == "fM":
            return f"{number_text(value / factor)} {unit}"
    return ""


def amount_text(value: float, unit: str) -> str:
    """A concentration as a reader writes it.

    Examples
    --------
    >>> amount_text(0.0037, "mmol/L"), amount_text(170000.0, "1/mL"), amount_text(0.5, "mg/mL")
    ('3.7 µM', '1.7 × 10⁵ per mL', '0.5 mg/mL')
    """
    if unit == "mmol/L":
        return molar_text(value * 1e-3)
    if unit == "1/mL":
        return f"{number_text(value)} per mL"
    return f"{number_text(value)} {unit_text(unit)}".rstrip()


def condition_text(text: object) -> str:
    """A condition's value as printed: "37 degC" becomes "37 °C"."""
    return re.sub(r"\bdegC\b", "°C", re.sub(r"\bu(m|M|s|L|mol|g)\b", r"µ\1", str(text)))


def wrapped(text: str, length: int = 24, lines: int = 2) -> str:
    """A name over at most so many lines, broken between words.

    Examples
    --------
    >>> wrapped("Tantalum oxide nanocrystal, 9 to 12 nm").splitlines()
    ['Tantalum oxide', 'nanocrystal, 9 to 12 nm']
    """
    import textwrap

    whole = clipped(text, 10_000)
    parts = textwrap.wrap(whole, length, max_lines=lines, placeholder="…", break_long_words=True) or [""]
    return "\n".join(part.replace(" …", "…") for part in parts)


def clipped(text: str, length: int = 30) -> str:
    """A name in one line and not longer than a picture holds."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"
