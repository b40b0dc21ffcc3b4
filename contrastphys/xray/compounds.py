"""Slips in the formulas of binary compounds, caught where cross-sections are asked by a formula.

"Ta2O" can be read, and is not what anybody means who looks for tantalum oxide. A user's own compound is not in this
table's way: other pairs of elements, three and more elements, and counts with a decimal point pass unasked.
"""

from __future__ import annotations

import functools
import re

from ..chemistry import FormulaError

# Compounds of two elements that exist, the commonest of each pair first. A formula of a listed pair with other whole
# counts is taken for a slip: "Ta2O" for "Ta2O5" would go unnoticed and raise mu_rho by 16 % at 60 keV.
USUAL = (
    "H2O H2O2 CO2 CO Al2O3 SiO2 SiO CaO CaO2 TiO2 TiO Ti2O3 MnO2 MnO Mn2O3 Mn3O4 Mn2O7 Fe2O3 Fe3O4 FeO Co3O4 CoO Co2O3 "
    "NiO Ni2O3 CuO Cu2O ZnO Y2O3 ZrO2 Nb2O5 NbO2 NbO MoO3 MoO2 Ag2O AgO CdO In2O3 SnO2 SnO BaO BaO2 La2O3 CeO2 Ce2O3 "
    "Pr6O11 Pr2O3 PrO2 Nd2O3 Sm2O3 SmO Eu2O3 EuO Gd2O3 Tb2O3 Tb4O7 TbO2 Dy2O3 Ho2O3 Er2O3 Tm2O3 Yb2O3 YbO Lu2O3 HfO2 "
    "Ta2O5 TaO2 WO3 WO2 W18O49 ReO3 Re2O7 ReO2 OsO4 OsO2 IrO2 Ir2O3 PtO2 PtO Au2O3 HgO Hg2O Tl2O3 Tl2O PbO PbO2 Pb3O4 "
    "Bi2O3 Bi2O5 Bi2S3 BiS Ir2S3 IrS2 IrS MoS2 MoS3 WS2 WS3 FeS2 FeS CuS Cu2S ZnS Ag2S CdS Gd2S3 HfS2 TaS2 TaS3 ReS2 "
    "Re2S7 PtS2 PtS Au2S PbS HgS NaI KI CsI AgI BaI2 LaF3 GdF3 YbF3 CaF2 BaF2 Fe3S4 Fe7S8 Fe2S3 Cu9S5 Cu7S4 Cu31S16 "
    "Cu9S8 Ti3O5 Ti4O7 Mn5O8 Mo4O11 Mo2S3 W5O14 W20O58 W25O73 Sn3O4 ZnO2 CdO2 Eu3O4 Pr7O12 Pb2O3 Bi2O4 IrS3 Ir3S8 "
    "Au2S3 GdS HfS3 KI3 CsI3 NaI3 Tb7O12 Ce7O12 Ag2O3"
)


def _pair(formula: str) -> tuple[tuple[str, str], float] | None:
    """Two elements and the ratio of their whole counts; None for any other kind of formula."""
    found = re.fullmatch(r"([A-Z][a-z]?)(\d*)([A-Z][a-z]?)(\d*)", formula)
    if found is None or found[1] == found[3]:
        return None
    counts = {found[1]: int(found[2] or 1), found[3]: int(found[4] or 1)}
    if not all(counts.values()):
        return None
    first, second = sorted(counts)
    return (first, second), counts[first] / counts[second]


@functools.cache
def _usual() -> dict[tuple[str, str], dict[float, str]]:
    known: dict[tuple[str, str], dict[float, str]] = {}
    for formula in USUAL.split():
        pair = _pair(formula)
        if pair is not None:
            known.setdefault(pair[0], {})[pair[1]] = formula
    return known


def plausible(formula: str) -> str:
    """The formula itself; a FormulaError where its two elements usually form other compounds and not this one.

    Decimal counts are taken as meant, so "Ta2.0O" passes.

    Examples
    --------
    >>> plausible("Ta2O5"), plausible("Ta4O10"), plausible("Fe2.67O4")
    ('Ta2O5', 'Ta4O10', 'Fe2.67O4')
    """
    pair = _pair(formula.strip()) if isinstance(formula, str) else None
    known = _usual().get(pair[0]) if pair else None
    if pair and known and not any(abs(pair[1] - ratio) < 1e-9 for ratio in known):
        meant = next(iter(known.values()))
        raise FormulaError(
            f"'{formula}' is no usual compound of {' and '.join(pair[0])}; did you mean '{meant}'? "
            f"Counts with a decimal point, such as '{_with_point(formula)}', are taken as meant"
        )
    return formula


def _with_point(formula: str) -> str:
    return re.sub(r"([A-Z][a-z]?)(\d*)", lambda m: f"{m[1]}{m[2] or 1}.0", formula.strip(), count=1)
