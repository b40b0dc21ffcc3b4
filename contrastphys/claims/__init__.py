"""The reviews recomputed: each claim with the numbers the models give, and a verdict that a rule reaches on them.

    import contrastphys as cp

    cp.claims.finding("C25")            one claim, with its numbers
    cp.claims.findings().table()        all of them
    cp.claims.of("C20")(uptake="5 mg/mL")   what only a user can know goes in by name

A claim lives with its modality: `mri`, `mri_limits`, `xray`, `photoacoustic`, `ultrasound`; `several` and `hybrids`
hold those that take more than one. What reviews state is in `materials/published/claims.csv`; no verdict is written
anywhere.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from ..mistakes import Mistake, RecordError
from .claim import FAILS, HOLDS, ONLY_IF, OPEN, VERDICTS, Claim, Finding, Numbers, Ruling, statements, unknown
from .page import Findings

__all__ = [
    "FAILS", "HOLDS", "ONLY_IF", "OPEN", "VERDICTS", "Claim", "Finding", "Findings", "Numbers", "Ruling", "claims",
    "finding", "findings", "of", "statements",
]  # fmt: skip

_ROOMS = ("mri", "mri_limits", "xray", "photoacoustic", "ultrasound", "several", "hybrids")


def claims() -> dict[str, Claim]:
    """Every claim that has a rule, by its id and in the order of the table.

    Examples
    --------
    >>> list(claims())[:2], len(claims())
    (['C01', 'C02'], 40)
    """
    rooms = [importlib.import_module(f".{name}", __name__) for name in _ROOMS]
    held = {claim.id: claim for room in rooms for claim in room.CLAIMS}
    return {name: held[name] for name in statements() if name in held}


def of(name: str) -> Claim:
    """The claim of an id; RecordError with the nearest one where there is none.

    Parameters
    ----------
    name : str
        Id such as "C25", in either case.
    """
    key = name.strip().upper()
    known = statements()
    if key not in known:
        raise unknown(name, known)
    found = claims()
    if key not in found:
        what = f"{key} asks for {known[key].modality}, beyond the physics modelled here"
        raise RecordError([Mistake("claims", 0, "id", what, "`contrastphys claims` lists those that are")])
    return found[key]


def finding(name: str) -> Finding:
    """What the models say of one claim.

    Examples
    --------
    >>> print(finding("C03").verdict)
    does not hold
    """
    return of(name)()


def findings(names: Iterable[str] = ()) -> Findings:
    """Findings on the claims named, or of all, in the order of the table.

    Returns
    -------
    Findings
        .findings .table() .to_csv() .to_markdown() .write(folder)
    """
    wanted = [of(name) for name in names] or list(claims().values())
    return Findings(tuple(claim() for claim in wanted))
