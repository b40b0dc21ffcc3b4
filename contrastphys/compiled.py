"""Numba where it is installed, the same source uncompiled where it is not.

Numba costs half a second to import, so nothing is compiled before a function is first called. A compiled
function and all it calls stand in one file: the disk cache watches only the file of the function it holds.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


def have_numba() -> bool:
    """Whether compiled kernels are at hand (the plain ones give the same numbers, slower)."""
    try:
        import numba  # noqa: F401
    except ImportError:
        return False
    return True


def compiled(**options: Any) -> Callable[[Callable], Callable]:
    """Decorator: compile at the first call, without the interpreter's lock, cached on disk.

    A kernel that calls other kernels of its file names them in `uses`: a mapping from the name in its body to the
    other `compiled` function.

    Examples
    --------
    >>> @compiled(cache=False)
    ... def twice(x):
    ...     return 2.0 * x
    >>> twice(1.5)
    3.0
    """
    uses: dict[str, Any] = options.pop("uses", {})
    options = {"nogil": True, "cache": True, **options}

    def decorate(body: Callable) -> Callable:
        machine: list[Callable] = []

        def build() -> Callable:
            if not machine:
                if have_numba():
                    import numba

                    for name, other in uses.items():
                        body.__globals__[name] = other.build()
                    machine.append(numba.njit(**options)(body))
                else:
                    machine.append(body)
            return machine[0]

        @functools.wraps(body)
        def call(*args: Any) -> Any:
            return build()(*args)

        call.build = build  # type: ignore[attr-defined]
        call.body = body  # type: ignore[attr-defined]
        return call

    return decorate
