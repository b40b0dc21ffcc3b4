"""Every published number the catalogue holds, each beside the model that may be asked for it.

Numbers stand in two places: the measured rows of formulations, and the tables of `materials/published/`. A number
held in both is one number. Each becomes a `Published`: the number with its source, the class it belongs to, what had
to be assumed to ask the model, and a question (`ask`) whose answer is the model's own Value with its declared band.
Where no question can be put, `why` says so. A number that a model was fitted to, or reads as its input, carries
`used` and is never evidence. Particles of which one study holds enough points are asked once more after a calibration
on two of them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

from ..formulation import MODALITIES, catalogue
from ..provenance import STATUSES, Refusal
from .beams import beams
from .bubbles import bubbles
from .calibrations import calibrated
from .light import light
from .relaxivities import relaxivities
from .rows import Published, author

__all__ = ["MODALITIES", "Published", "published"]


def published(modality: str | None = None) -> list[Published]:
    """Every published number held, of one modality or of all.

    Examples
    --------
    >>> len(published("xray")) > 30
    True
    """
    known = {"mri": relaxivities, "xray": beams, "photoacoustic": light, "ultrasound": bubbles}
    if modality is not None and modality not in known:
        raise Refusal("modality", f"unknown modality '{modality[:40]}': write one of {', '.join(known)}")
    found = _once(row for name, read in known.items() if modality in (None, name) for row in read())
    return found + list(calibrated(found))


def _once(found: Iterable[Published]) -> list[Published]:
    """A number held in two places counts once, with the better known of its sources and every note of its use."""
    kept: dict[tuple, Published] = {}
    known: dict[tuple, tuple] = {}  # the same particle of the same paper, by whatever name
    key: tuple
    for row in found:
        numbers = None if row.number is None else float(f"{row.number:.4g}")
        paper = re.sub(r"[^a-z]", "", author(row.source))
        key = (row.modality, row.agent, row.quantity, row.conditions, numbers, row.low, row.high, paper)
        paper_doi = re.search(r"10\.\d{4,}/[^\s,;)]+", row.source)
        if paper_doi is not None and row.size:
            alias = (paper_doi[0], row.size, row.quantity, row.conditions, numbers)
            key = known.setdefault(alias, key) if row.agent in catalogue() else known.get(alias, key)
        if numbers is None and row.low is None:
            key = (*key, len(kept))  # statements stay apart
        old = kept.get(key)
        if old is None:
            kept[key] = row
            continue
        better, other = sorted((old, row), key=lambda r: _rank(r.status))
        kept[key] = dataclasses.replace(
            better, used=better.used or other.used, note=better.note or other.note, sd=better.sd or other.sd
        )
    return list(kept.values())


def _rank(status: str) -> int:
    return STATUSES.index(status) if status in STATUSES else len(STATUSES)
