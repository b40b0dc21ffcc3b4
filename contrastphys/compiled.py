"""Numba where it is installed, the same source uncompiled where it is not.

Numba costs half a second to import, so nothing is compiled before a function is first called. A compiled
function and all it calls stand in one file: the disk cache watches only the file of the function it holds. A cache
that is torn is made anew; where none can be written, kernels are compiled without.
"""

from __future__ import annotations

import contextlib
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

        def build(cache: bool = True) -> Callable:
            if not machine:
                if have_numba():
                    import numba

                    for name, other in uses.items():
                        body.__globals__[name] = other.build(cache)
                    chosen = {**options, "cache": cache and options["cache"]}
                    try:
                        machine.append(numba.njit(**chosen)(body))
                    except RuntimeError:  # no folder for a cache can be written to
                        machine.append(numba.njit(**{**chosen, "cache": False})(body))
                else:
                    machine.append(body)
            return machine[0]

        def forget() -> None:
            """Drop what was compiled, here and in the kernels this one calls, and empty their files."""
            for other in uses.values():
                other.forget()
            if machine:
                with contextlib.suppress(Exception):
                    machine[0]._cache.flush()  # type: ignore[attr-defined]
                machine.clear()

        @functools.wraps(body)
        def call(*args: Any) -> Any:
            try:
                return build()(*args)
            except Exception as error:
                if not of_the_cache(error):
                    raise
            forget()
            try:
                return build()(*args)  # the files were torn: made anew
            except Exception as error:
                if not of_the_cache(error):
                    raise
            forget()
            return build(cache=False)(*args)  # they cannot be written either: a full disk

        call.build = build  # type: ignore[attr-defined]
        call.forget = forget  # type: ignore[attr-defined]
        call.body = body  # type: ignore[attr-defined]
        return call

    return decorate


def of_the_cache(error: BaseException) -> bool:
    """Whether an error arose while numba read or wrote the files of its cache."""
    place = error.__traceback__
    while place is not None:
        file = place.tb_frame.f_code.co_filename.replace("\\", "/")
        if file.endswith("numba/core/caching.py"):
            return True
        place = place.tb_next
    return False
