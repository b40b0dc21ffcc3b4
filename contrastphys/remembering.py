"""What was answered of the formulation or protocol asked last: several numbers of a comparison rest on one of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from . import records


def of_last(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of a formulation or protocol that remembers its answers for the one asked last.

    What else it takes can be a key. It may depend on everything of a formulation except the concentration in the
    target. Refusals are not kept.
    """
    held: list[tuple[Any, Any, Any, dict[Any, Any]]] = [(None, None, None, {})]

    @functools.wraps(function)
    def remembered(of: Any, *asked: Any) -> Any:
        owner, changed, folders, known = held[0]
        now, mark = tuple(records.folders()), getattr(of, "made_of", of)
        if owner is not mark or changed is not records.changes() or folders != now:
            known = {}
            held[0] = (mark, records.changes(), now, known)
        if asked not in known:
            known[asked] = function(of, *asked)
        return known[asked]

    return remembered
