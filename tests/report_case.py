"""A comparison made by hand: every kind of verdict, and labels that try to be more than text."""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

from contrastphys import plots
from contrastphys.comparison import Comparison
from contrastphys.formulation import Formulation
from contrastphys.provenance import Cell, Flag, Refusal, Value
from contrastphys.study import Study

HOSTILE = "<script>window.broken=1</script> & $x^{2 'gold' \"10\" nm"
STUDY = """title = "Made by hand"

[[formulation]]
use = "gadoterate"  # </pre><script>window.broken=2</script>
"""

GD = {"formula": "C16H25GdN4O8", "metal": "Gd"}


def formulations() -> tuple[Formulation, ...]:
    """A chelate, an iron oxide, a gold sphere with a hostile label, and an oxide without dose."""
    row = {"quantity": "r1", "value": 3.6, "sd": 0.2, "unit": "1/(mM*s)", "per": "Gd", "field": "1.5 T"}
    oxide = {"material": "magnetite", "diameter": "6 nm", "sigma_ln": 0.2}
    return (
        Formulation(id="gd", label="Gd-DOTA", kind="chelate", molecule=GD, source="doi:10.1000/gd", status="verified",
                    measured=[row, {**row, "field": "3 T", "value": 3.3}, {**row, "quantity": "r2", "value": 4.1}],
                    dose={"value": "0.1 mmol/kg", "basis": "Gd"}),
        Formulation(id="iron", label="Iron oxide, 6 nm", kind="nanoparticle", cores=oxide),
        Formulation(id="gold", label=HOSTILE, kind="nanoparticle", cores={"material": "gold", "diameter": "10 nm"}),
        Formulation(id="bare", label="_oxide without a dose, and with a long name that no picture can hold in full",
                    kind="nanoparticle", cores=oxide),
    )  # fmt: skip


def _answer(id: str, modality: str, where: dict, c_min: float, margin: float, letter: str = "C", **more) -> list[Cell]:
    unit, basis = more.pop("unit", "mmol/L"), more.pop("basis")
    source, flags = more.pop("source", "doi:10.1000/model"), more.pop("flags", ())
    conditions = {**where, "basis": basis}
    limit = Value(
        c_min, unit, low=c_min / 2, high=c_min * 2, source=source, status="computed", letter=letter, flags=flags
    )
    ratio = Value(margin, "1", low=margin / 2, high=margin * 2, source=source, status="computed", letter=letter)
    return [
        Cell.of(id, modality, "c_min", conditions, limit),
        Cell.of(id, modality, "margin", conditions, ratio),
    ]


def cells() -> list[Cell]:
    """What the modalities might answer: margins from 1e-5 to 1e5, refusals, and a limit without a dose."""
    warn = Flag("regime", "outside <motional averaging>: order of magnitude", "warn")
    no_dose = Refusal("no-dose", "no dose; write dose = { value = '0.1 mmol/kg', basis = 'Gd' }")
    tissue = {"species": "human", "from": "0.1 mmol/kg in 0.075 L/kg"}
    found = [
        Cell(
            "gd",
            "dose",
            "tissue_concentration",
            {**tissue, "basis": "Gd"},
            1.4,
            "mmol/L",
            letter="A",
            status="assumed",
            source="0.1 mmol/kg in 0.075 L/kg",
        ),
        Cell(
            "iron",
            "dose",
            "tissue_concentration",
            {**tissue, "basis": "Fe"},
            0.9,
            "mmol/L",
            letter="A",
            status="assumed",
        ),
        Cell(
            "gold",
            "dose",
            "tissue_concentration",
            {**tissue, "basis": "Au"},
            2.0,
            "mmol/L",
            letter="A",
            status="assumed",
        ),
        Cell.refused("bare", "dose", "tissue_concentration", {"species": "human"}, no_dose),
    ]
    for field, c_min in (("1.5 T", 0.05), ("3 T", 0.037), ("7 T", 0.02)):
        found += _answer("gd", "mri", {"field": field}, c_min, 1.4 / c_min, "M", basis="Gd")
        found += _answer("iron", "mri", {"field": field}, c_min / 5, 4.5 / c_min, basis="Fe", flags=(warn,))
    found.append(Cell("gd", "mri", "r1", {"field": "3 T", "temperature": "37 degC"}, 3.3, "1/(mM*s)", 3.1, 3.5, "M",
                      "doi:10.1000/gd", status="verified"))  # fmt: skip
    found += _answer("gd", "xray", {"kvp": "120 kV"}, 7.0, 0.2, basis="Gd")
    found += _answer("iron", "xray", {"kvp": "120 kV"}, 90.0, 1e-2, basis="Fe")
    found += _answer("gold", "xray", {"kvp": "80 kV"}, 5.5, 0.36, "S", basis="Au")
    found += _answer(
        "gold", "photoacoustic", {"wavelength": "532 nm"}, 2e-9, 1.1e5, basis="particle", source="<b>bold</b>"
    )
    refused = Refusal("no-spectrum", "cannot be decided: no absorption of magnetite in <optical/>")
    found.append(Cell.refused("iron", "photoacoustic", "c_min", {}, refused))
    limit = Value(0.01, "mmol/L", low=0.004, high=0.03, source="model", status="computed")
    found.append(Cell.of("bare", "mri", "c_min", {"field": "3 T", "basis": "Fe"}, limit))
    return found


def comparison() -> Comparison:
    """The comparison."""
    study = Study(formulations(), title="By hand <i>and</i> bold", text=STUDY)
    return Comparison(study, tuple(cells()), run="0123456789ab", made="2026-01-02T03:04:05+00:00")


# ------------------------------------------------------------------------------------- pictures of record


def room_by_hand(modality: str) -> SimpleNamespace:
    """A modality whose numbers are plain curves, so that pictures of record do not move with the physics."""

    def predict(formulation: Formulation, quantity: str, conditions: Mapping, use_measured: bool = True) -> Value:
        place = [*(f.id for f in formulations()), "foam"].index(formulation.id) + 1
        size = formulation.cores[0].diameter.number / 6 if formulation.cores else 1.0
        if (modality, quantity) == ("mri", "r1"):
            number, unit = 10 / place / (1 + conditions["field"] / place), "1/(mM*s)"
        elif (modality, quantity) == ("mri", "r2") and formulation.id != "bare":
            number, unit = 10 * place * size**2 * (1 + conditions["field"] / 3), "1/(mM*s)"
        elif modality == "xray":
            number, unit = 20.0 + 2000 / conditions["kvp"] * place ** (formulation.id != "bare"), "HU*mL/mg"
            number *= 20 / (20 + conditions["phantom"])
        elif quantity == "c_min":
            number, unit = 1e-9 / place * math.exp(2 * conditions["depth"]), "mol/L"
        elif modality == "photoacoustic" and conditions["wavelength"] < 900:
            number, unit = 1e8 * place * math.exp(-(((conditions["wavelength"] - 700) / 80) ** 2)), "1/(M*cm)"
        elif modality == "ultrasound":
            number, unit = place * conditions["frequency"] / (1 + conditions["frequency"] ** 2 / 9), "dB/cm"
        else:
            raise Refusal("none", "no answer")
        return Value(number, unit, low=number / 1.3, high=number * 1.3)

    def setting(formulation: Formulation, protocol: object, field: float) -> SimpleNamespace:
        rates = {"gd": (4.0, 5.0, 5.0), "iron": (8.0, 40.0, 60.0)}
        if formulation.id not in rates:
            raise Refusal("none", "no answer")
        r1, r2, star = (Value(v, "1/(mM*s)", low=0.8 * v, high=1.2 * v) for v in rates[formulation.id])
        return SimpleNamespace(r1=r1, r2=r2, r2_star=star, rates=(0.8, 5.0, 20.0), relaxivities=rates[formulation.id],
                               flip=0.2618)  # fmt: skip

    def detection_limit(formulation: Formulation, protocol: object) -> list[Cell]:
        given = formulation.dose.value.number if formulation.dose is not None else 0.1
        size = formulation.cores[0].diameter.number if formulation.cores else 6.0
        number = 300 * given * size
        ratio = Value(number, "1", low=number / 2, high=number * 2, letter="C")
        return [Cell.of(formulation.id, modality, "margin", {}, ratio)]

    own = importlib.import_module(f"contrastphys.{modality}.agents")
    return SimpleNamespace(predict=predict, setting=setting, detection_limit=detection_limit, Protocol=own.Protocol)


def foam() -> Formulation:
    """Bubbles, for the picture of them."""
    shell = {"law": "marmottant", "chi": "0.5 N/m", "kappa_s": "5e-9 kg/s", "sigma0": "0.01 N/m"}
    gas = {"species": "SF6", "diameter": "2.5 um", "sigma_ln": 0.4, "statistic": "number-mean", "shell": shell}
    return Formulation(id="foam", label="Bubbles, 2.5 um", kind="bubble", gas=gas)


RECORDED = tuple(plots.PICTURES)
FOLDER = Path(__file__).parent / "pictures"


def drawn(name: str) -> bytes:
    """A picture of the comparison made by hand, small, as it is kept in tests/pictures."""
    from unittest import mock

    from contrastphys import study

    case = comparison()
    if name == "bubbles":
        made = dataclasses.replace(case.study, formulations=(*formulations(), foam()))
        case = Comparison(made, (*case.cells, Cell("foam", "ultrasound", "c_min", {}, 1e5, "1/mL")), run=case.run)
    with mock.patch.object(study, "room", room_by_hand):
        return plots.draw(name, case, dpi=60)["png"]


if __name__ == "__main__":  # python tests/report_case.py: draw the pictures of record anew, then look at them
    FOLDER.mkdir(exist_ok=True)
    for each in RECORDED:
        (FOLDER / f"{each}.png").write_bytes(drawn(each))
