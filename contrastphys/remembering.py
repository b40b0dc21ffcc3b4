"""What was answered of the formulation asked last: several numbers of a comparison rest on one of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from . import records


def of_last(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of a formulation, and of what can be a key, that remembers its answers for the one asked last.

    It may depend on everything of a formulation except the concentration in the target. Refusals are not kept.
    """
    held: list[tuple[Any, Any, Any, dict[Any, Any]]] = [(None, None, None, {})]

    @functools.wraps(function)
    def remembered(formulation: Any, *asked: Any) -> Any:
        owner, changed, folders, known = held[0]
        now = tuple(records.folders())
        if owner is not formulation.made_of or changed is not records.changes() or folders != now:
            known = {}
            held[0] = (formulation.made_of, records.changes(), now, known)
        if asked not in known:
            known[asked] = function(formulation, *asked)
        return known[asked]

    return remembered
