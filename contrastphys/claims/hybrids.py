"""Claims about probes of several modalities, and about modalities side by side (C36 to C38).

Limits in the target become doses by the blood pool of an adult, and are weighed against doses on labels.
"""

from __future__ import annotations

import math
from typing import Any

from .. import records, ultrasound, xray
from ..formulation import load
from ..provenance import Refusal
from .claim import FAILS, HOLDS, ONLY_IF, Claim, Numbers, Ruling
from .doses import band, dose_for, entities, label_dose, least

us: Any = ultrasound  # its doors take words such as "1 um"
ct: Any = xray

# ------------------------------------------------------------------------------------------------- C36

BUBBLES: dict[str, Any] = {"vaporised": True, "sequence": "pulse-inversion", "pressure_amplitude": "200 kPa"}


def _trimodal() -> Numbers:
    found = Numbers()
    probe = load("pfh-plga-spio")
    pentane = probe.replace(liquid={"species": "C5F12", "diameter": "0.3 um", "statistic": "number-mean"})
    asked = (
        ("MRI", probe, "mri", None),
        ("photoacoustics", probe, "photoacoustic", None),
        ("ultrasound (liquid)", probe, "ultrasound", None),
        ("ultrasound (vaporised)", probe, "ultrasound", us.Protocol(**BUBBLES)),
        ("ultrasound (perfluoropentane, vaporised)", pentane, "ultrasound", us.Protocol(**BUBBLES)),
    )
    for word, agent, modality, protocol in asked:
        try:
            cell = least(agent, modality, protocol)
        except Refusal as why:
            found.missing[word] = " ".join(str(why).split())
            continue
        dose = dose_for(agent, cell, "Fe")
        found.put(f"dose {word}", dose, "mg/kg", letter=cell.letter, **band(cell, dose))
        found.put(f"particles {word}", entities(agent, cell) * 1e9, "nmol/L")
    found.put("iron of a label", label_dose("ferumoxytol", "Fe"), "mg/kg", status="verified", letter="M",
              source="Feraheme label, 510 mg")  # fmt: skip
    return found


def _trimodal_rule(n: Numbers) -> Ruling:
    doses, label = n.some("dose "), n.of("iron of a label")
    words = ", ".join(f"{word} {dose:.2g}" for word, dose in doses.items())
    words = f"mg Fe/kg to be seen in the blood pool: {words} (a label gives {label:.1f})"
    seen = {word for word, dose in doses.items() if dose <= label}
    first = {"MRI", "photoacoustics"} & set(doses)
    if first and max(doses[w] for w in first) == max(doses.values()):
        words += f"; {max(first, key=lambda w: doses[w])} sets the dose"
    if not {"MRI", "photoacoustics"} <= seen:
        return Ruling(FAILS, words)
    if seen & {"ultrasound (liquid)", "ultrasound (vaporised)"}:
        return Ruling(HOLDS, words)
    if "ultrasound (perfluoropentane, vaporised)" in seen:
        return Ruling(
            ONLY_IF, "its drops are made bubbles and stay so, which perfluorohexane at 37 degC does not: " + words
        )
    return Ruling(ONLY_IF, f"ultrasound is left out: {words}")


C36 = Claim(
    "C36", "least concentration seen by each modality at its default protocol (1 cm deep for light, pulse inversion at "
    "200 kPa for bubbles), as a dose in the blood pool",
    "every number of the record is chosen: no paper with its numbers is held; blood pool of 0.075 L/kg, that of women "
    "and men together",
    _trimodal, _trimodal_rule,
)  # fmt: skip

# ------------------------------------------------------------------------------------------------- C37


def _hybrids() -> Numbers:
    found = Numbers()
    beam = ct.Protocol(kvp="120 kV")
    for word, name, metal in (("Gd-Au 14 nm", "gold-gd-14nm", "Au"), ("Gd-Au 2.4 nm", "gold-gd-2.4nm", "Au"),
                              ("iron oxide", "ferumoxytol", "Fe")):  # fmt: skip
        agent = load(name)
        by_mri, by_ct = least(agent, "mri"), least(agent, "xray", beam)
        found.put(f"CT over MRI {word}", entities(agent, by_ct) / entities(agent, by_mri))
        for modality, cell in (("CT", by_ct), ("MRI", by_mri)):
            dose = dose_for(agent, cell, metal)
            found.put(f"dose for {modality} {word}", dose, "mg/kg", letter=cell.letter, **band(cell, dose))
    found.put("limit Gd-Au", label_dose("iohexol", "I"), "mg/kg", status="unverified", letter="A",
              source="iodine of a body CT, 1.5 mL/kg of 300 mg I/mL")  # fmt: skip
    found.put("limit iron oxide", label_dose("ferumoxytol", "Fe"), "mg/kg", status="verified", letter="M",
              source="Feraheme label, 510 mg")  # fmt: skip
    return found


def _hybrids_rule(n: Numbers) -> Ruling:
    ratios, doses = n.some("CT over MRI "), n.some("dose for CT ")
    serves = [w for w, dose in doses.items() if dose <= n.of(f"limit {'Gd-Au' if 'Au' in w else 'iron oxide'}")]
    words = (
        f"CT needs {', '.join(f'{r:.0f} times ({w})' for w, r in ratios.items())} what MRI needs, that is "
        f"{', '.join(f'{dose:.0f} mg/kg of metal ({w})' for w, dose in doses.items())}, beside "
        f"{n.of('limit Gd-Au'):.0f} mg/kg of iodine in a body CT and {n.of('limit iron oxide'):.1f} mg/kg of iron on a "
        "label"
    )
    if len(serves) == len(doses):
        return Ruling(HOLDS, words)
    if serves:
        return Ruling(ONLY_IF, f"the metal is gold and CT sets the dose: {words}"
                      if all("Au" in w for w in serves) else f"{', '.join(serves)} is meant: {words}")  # fmt: skip
    return Ruling(FAILS, words)


C37 = Claim(
    "C37", "least concentration seen by MRI at 3 T and by CT at 120 kV behind 20 cm of water, in one particle's terms",
    "gold weighed against the iodine a body CT gives, iron against a label: yardsticks, not limits of tolerance; r1 "
    "of a chelate held on gold has a wide band (3 to 5 times); one voxel of 12 HU noise, where averaging 50 "
    "voxels lowers the CT limit sevenfold",
    _hybrids, _hybrids_rule,
)  # fmt: skip

# ------------------------------------------------------------------------------------------------- C38

DECADES = 2.0


def _decades() -> Numbers:
    found = Numbers()
    cases = (("MRI", "gadoterate", "mri", None), ("CT", "iohexol", "xray", ct.Protocol(kvp="120 kV")),
             ("photoacoustic", "gold-nanorod-41x10nm", "photoacoustic", None),
             ("photoacoustic dye", "icg", "photoacoustic", None),
             ("ultrasound", "sonovue", "ultrasound", us.Protocol(sequence="pulse-inversion")))  # fmt: skip
    for word, name, modality, protocol in cases:
        agent = load(name)
        cell = least(agent, modality, protocol)
        number = entities(agent, cell)
        found.put(f"computed {word}", number, "mol/L", letter=cell.letter, **band(cell, number))
    for row in records.table("published/reference_lines.csv").rows():
        low, high = row["sensitivity_low"], row["sensitivity_high"]
        if math.isfinite(low) and math.isfinite(high):
            name = f"published {row['modality']}"
            if name in found:
                low, high = min(low, found[name].low or low), max(high, found[name].high or high)
            found.put(name, math.sqrt(low * high), "mol/L", low=low, high=high, status=row["status"], letter="M",
                      source=row["source"])  # fmt: skip
    found.missing["PET, SPECT, optical"] = "not modelled here: the published ranges stand for them"
    return found


def _decades_rule(n: Numbers) -> Ruling:
    own, published = n.some("computed "), n.some("published ")
    spread = math.log10(max(own.values()) / min(own.values()))
    literature = math.log10(max(published.values()) / min(published.values()))
    words = ", ".join(f"{word} {c:.1e}" for word, c in own.items())
    words = f"computed limits span {spread:.0f} decades (mol/L of particles or molecules: {words})"
    words += f", the published ranges {literature:.0f}"
    outside = []
    for word, c in own.items():
        row = n.get(f"published {word}")
        if row is not None and row.low is not None and row.high is not None and not row.low <= c <= row.high:
            outside.append(f"{word} (published {row.low:.0e} to {row.high:.0e})")
    if outside:
        words += f"; computed and published disagree for {', '.join(outside)}"
    if min(spread, literature) >= DECADES:
        return Ruling(HOLDS, words)
    if max(spread, literature) >= DECADES:
        return Ruling(
            ONLY_IF, f"{'the published ranges' if literature > spread else 'our limits'} are believed: {words}"
        )
    return Ruling(FAILS, words)


C38 = Claim(
    "C38", "least concentration seen at the default protocols, per particle or molecule; ranges that reviews state",
    "each limit follows its protocol (voxel, SNR, dose, depth): a factor of 2 to 10; reviews differ by decades "
    "themselves; particles and molecules are not the same mass",
    _decades, _decades_rule,
)  # fmt: skip

CLAIMS = (C36, C37, C38)
