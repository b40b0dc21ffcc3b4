"""Formulas of single numbers over long arrays, block by block: what one step leaves is still in the cache for the next.

numpy carries out one operation at a time, and each walks through the whole memory, ten times slower than it computes.
A formula marked `elementwise` is written once, for numbers. Short arrays go to it as they are; long ones in blocks,
compiled to one pass where numba is installed. Numba costs half a second to load, so no short array waits for it.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import math
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .compiled import have_numba, of_the_cache

LONG = 100_000
"""Numbers from which on an array goes by blocks."""

CACHE = 131_072
"""Numbers that fit into the cache of one core (1 MB): arguments and result of a block share it."""


def elementwise(body: Callable, result: type = float) -> Callable:
    """Decorator for a formula of real numbers: arithmetic and numpy's functions, without branches.

    It returns one number, real or (with `result`) complex, and may call other such formulas of its file. What it needs
    of other files comes as an argument: the compiled formula is cached on disk, and only a change of its own file
    makes it anew.

    Examples
    --------
    >>> @elementwise
    ... def lorentzian(x, width):
    ...     return width / (width * width + x * x)
    >>> lorentzian(1.0, 2.0), float(lorentzian(np.ones(300_000), 2.0)[-1])
    (0.4, 0.4)
    """
    arguments, defaults = len(inspect.signature(body).parameters), body.__defaults__ or ()
    machine: list[Callable] = []

    @functools.wraps(body)
    def call(*given: Any) -> Any:
        arrays = [one for one in given if isinstance(one, np.ndarray)]
        if not arrays:
            return body(*given)
        shape = arrays[0].shape if len(arrays) == 1 else np.broadcast_shapes(*(one.shape for one in arrays))
        if math.prod(shape) < LONG:
            return body(*given)
        if not machine:
            machine.append(_one_pass(body, arguments, result) if have_numba() else _plain(body))
        left_out = arguments - len(given)
        return _by_blocks(machine[0], given + defaults[len(defaults) - left_out :], np.empty(shape, result))

    call.body = body  # type: ignore[attr-defined]
    return call


def _plain(body: Callable) -> Callable:
    """The formula as numpy runs it, with a place for the result."""
    return lambda *given, out: np.copyto(out, body(*given))


def _one_pass(body: Callable, arguments: int, result: type) -> Callable:
    """The formula compiled; a cache that is torn is made anew, and where none can be written there is none."""
    import numba
    from numba.core.caching import FunctionCache

    kind = numba.from_dtype(np.dtype(result))(*[numba.float64] * arguments)
    formula = _with_compiled_parts(body)
    for _ in range(2):
        try:
            return numba.vectorize([kind], cache=True)(formula)
        except Exception as error:
            if not of_the_cache(error):
                raise
        with contextlib.suppress(Exception):
            FunctionCache(formula).flush()
    return numba.vectorize([kind])(formula)


def _with_compiled_parts(body: Callable) -> Callable:
    """The formula, with those it calls compiled for single numbers."""
    import numba

    called = {name: body.__globals__.get(name) for name in body.__code__.co_names}
    parts = {
        name: numba.njit(error_model="numpy")(_with_compiled_parts(other.body))
        for name, other in called.items()
        if other is not None and hasattr(other, "body")
    }
    if not parts:
        return body
    copy = types.FunctionType(body.__code__, {**body.__globals__, **parts}, body.__name__, body.__defaults__)
    return functools.update_wrapper(copy, body)


def _by_blocks(one_pass: Callable, given: Sequence[Any], result: np.ndarray) -> np.ndarray:
    """Run a formula over all numbers of its arguments, which broadcast to the shape of the result."""
    flat, block = result.reshape(-1), CACHE // (len(given) + 1)
    rows, running = [], []
    for place, one in enumerate(map(np.asarray, given)):
        if any(one.strides):
            rows.append(np.broadcast_to(one, result.shape).reshape(-1))
            running.append(place)
        else:
            # a block of the same number: the compiled loop uses wide registers only where all arguments run along
            rows.append(np.full(block, one.flat[0]))
    pieces = list(rows)
    for start in range(0, flat.size, block):
        part = flat[start : start + block]
        for place in running:
            pieces[place] = rows[place][start : start + block]
        if part.size < block:
            pieces = [piece[: part.size] for piece in pieces]
        one_pass(*pieces, out=part)
    return result
