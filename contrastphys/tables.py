"""Answers in tables: what a modality says along one sampled number, checked to a tolerance between its nodes.

A modality that sees one number of a sample besides the dose answers along a curve, however many the points are. The
curve is cut into pieces that are polynomials through Chebyshev nodes. A piece stands only where answers that were
left out of it are met to the tolerance, where every node gives the same numbers with the same letters, and where
nothing is refused at some of them only; it is halved until it stands, and where it never does (a jump, an edge)
points are computed one by one. The dose only scales a margin, which is checked too, at both ends of its samples.

Pieces are cut by the samples alone, so that every worker makes the same table.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

LARGE = 2000  # samples from which a table is worth its nodes
PIECES = 16  # to begin with
_NARROWEST = 2.0**-14  # of the whole, below which points are computed one by one
_NODES = {n: -np.cos(np.pi * np.arange(n + 1) / n) for n in (2, 4, 8)}
_FITS = {n: np.linalg.inv(np.polynomial.chebyshev.chebvander(x, n)) for n, x in _NODES.items()}
_ORDER = 8


class Reply(NamedTuple):
    """One answer as numbers: what they are, (keys, 3) of them, their letters, and what was refused."""

    keys: tuple[Any, ...]
    about: tuple[Any, ...]
    numbers: np.ndarray
    letters: np.ndarray
    refusals: tuple[Any, ...]
    error: str

    @property
    def kind(self) -> tuple[Any, ...]:
        """What must be alike for two of them to lie on one curve."""
        return self.keys, self.about, self.letters.tobytes(), self.refusals, self.error


class _Piece(NamedTuple):
    low: float
    high: float
    reply: Reply | None  # what its numbers are; None where points are computed one by one
    logs: np.ndarray  # (keys, 3): whether the curve is of the logarithm
    curve: np.ndarray  # (keys, 3, order + 1): Chebyshev coefficients


class Table:
    """Curves of one modality along one number.

    Parameters
    ----------
    ask : callable
        Answer at a value of the number and a concentration in the target.
    low, high : float
        Ends of the samples; alike where nothing but the dose is sampled.
    amounts : (float, float, float) or None
        A concentration in the target (mol of entities per litre), and the ends of the sampled ones.
    scaled : callable
        Which keys go with the concentration.
    edges : iterable of float
        Where the curve may jump or bend, such as conditions of a measurement.
    """

    def __init__(
        self,
        ask: Callable[[float, float | None], Reply],
        low: float,
        high: float,
        amounts: tuple[float, float, float] | None,
        scaled: Callable[[Any], bool],
        tolerance: float,
        edges: Iterable[float] = (),
        budget: int = 10_000,
    ) -> None:
        self.ask, self.tolerance, self.scaled, self.budget = ask, tolerance, scaled, budget
        self.amount = None if amounts is None else amounts[0]
        self.known: dict[float, Reply] = {}
        self.narrow = _NARROWEST * (high - low)
        self.separable = amounts is None or self._goes_with(amounts, low, high)
        pieces: list[_Piece] = []
        if not self.separable:
            pieces.append(_direct(low, high))
        elif low == high:
            pieces.append(self._constant(low))
        else:
            inside = [e for e in edges if low < e < high]
            ends = np.unique(np.concatenate([np.linspace(low, high, PIECES + 1), inside]))
            for a, b in itertools.pairwise(ends):
                pieces += self._cut(float(a), float(b))
        self.pieces = pieces
        self.starts = np.array([p.low for p in pieces])
        self.ends = np.array([p.high for p in pieces])
        kinds: dict[Any, int] = {}  # pieces of one kind are read together
        of = [-1 if p.reply is None else kinds.setdefault(p.reply.kind, len(kinds)) for p in pieces]
        self.kind = np.array(of)
        self.place = np.array([of[:n].count(k) for n, k in enumerate(of)])  # of a piece among its kind
        alike = [[p for p, o in zip(pieces, of, strict=True) if o == k] for k in range(len(kinds))]
        self.replies = [same[0].reply for same in alike]
        self.logs = [np.array([p.logs for p in same]) for same in alike]
        self.curves = [np.array([p.curve for p in same]) for same in alike]

    # -------------------------------------------------------------------------------------------- making

    def _at(self, x: float) -> Reply:
        found = self.known.get(x)
        if found is None:
            found = self.known[x] = self.ask(x, self.amount)
        return found

    def _goes_with(self, amounts: tuple[float, float, float], low: float, high: float) -> bool:
        """Whether the dose only scales what it is said to scale."""
        first, *others = amounts
        for x in dict.fromkeys((low, (low + high) / 2, high)):
            one = self._at(x)
            factor = np.array([self.scaled(k) for k in one.keys], bool)[:, None]
            for other in others:
                two = self.ask(x, other)
                if two.kind[:3] != one.kind[:3] or len(two.refusals) != len(one.refusals) or one.error or two.error:
                    return False
                wanted = one.numbers * np.where(factor, other / first, 1.0)
                if one.keys and not np.allclose(two.numbers, wanted, rtol=self.tolerance, atol=0.0):
                    return False
        return True

    def _constant(self, x: float) -> _Piece:
        reply = self._at(x)
        if reply.error:
            return _direct(x, x)
        curve = np.zeros((*reply.numbers.shape, _ORDER + 1))
        curve[..., 0] = reply.numbers
        return _Piece(x, x, reply, np.zeros(reply.numbers.shape, bool), curve)

    def _cut(self, low: float, high: float) -> list[_Piece]:
        made = self._fitted(low, high)
        if made is not None:
            return [made]
        if high - low < 2 * self.narrow or len(self.known) > self.budget:
            return [_direct(low, high)]
        middle = (low + high) / 2
        return [*self._cut(low, middle), *self._cut(middle, high)]

    def _fitted(self, low: float, high: float) -> _Piece | None:
        """The piece between two values if it stands: nodes left out of one fit are the test of it."""
        replies: list[Reply] = []
        for order in _NODES:
            xs = [low, *((low + high) / 2 + (high - low) / 2 * _NODES[order][1:-1]), high]
            replies = []
            for x in xs:
                reply = self._at(float(x))
                if reply.error or (replies and reply.kind != replies[0].kind):
                    return None
                replies.append(reply)
            if not replies[0].keys:
                return _Piece(low, high, replies[0], np.empty((0, 3), bool), np.empty((0, 3, _ORDER + 1)))
            held = np.array([r.numbers for r in replies])  # (nodes, keys, 3)
            if not np.isfinite(held).all():
                return None
            logs = np.asarray((held > 0).all(axis=0))
            lines = np.where(logs, np.log(np.where(held > 0, held, 1.0)), held)
            if order > 2:
                rough = _coefficients(lines[::2], order // 2)  # every other node is one of the coarser fit
                missed = np.abs(_curve(rough, _NODES[order][1::2]) - lines[1::2])
                allowed = self.tolerance * np.where(logs, 1.0, np.abs(held).max(axis=0))
                if (missed <= allowed).all():
                    curve = np.zeros((*logs.shape, _ORDER + 1))
                    curve[..., : order + 1] = np.moveaxis(_coefficients(lines, order), 0, -1)
                    return _Piece(low, high, replies[0], logs, curve)
        return None

    # ------------------------------------------------------------------------------------------- reading

    def read(self, x: np.ndarray, amounts: np.ndarray | None) -> Iterable[tuple[np.ndarray, Reply | None, np.ndarray]]:
        """Points that share a piece, with what it answers and their numbers (keys, 3, points).

        Where a piece does not stand the answer is None: these points are computed one by one.
        """
        where = np.clip(np.searchsorted(self.starts, x, side="right") - 1, 0, len(self.pieces) - 1)
        kind = self.kind[where]
        for k in np.unique(kind):
            there = np.flatnonzero(kind == k)
            reply = self.replies[k] if k >= 0 else None
            if reply is None:
                yield there, None, np.empty(0)
                continue
            low, high = self.starts[where[there]], self.ends[where[there]]
            width = np.where(high > low, high - low, 1.0)
            u = np.where(high > low, (2 * x[there] - low - high) / width, 0.0)
            powers = np.polynomial.chebyshev.chebvander(u, _ORDER)
            mine = self.place[where[there]]
            found = np.einsum("pkbn,pn->kbp", self.curves[k][mine], powers)
            logs = np.moveaxis(self.logs[k][mine], 0, -1)
            found = np.where(logs, np.exp(np.where(logs, found, 0.0)), found)
            if amounts is not None and self.amount:
                factor = np.array([self.scaled(key) for key in reply.keys], bool)[:, None, None]
                found = np.where(factor, found * (amounts[there] / self.amount), found)
            yield there, reply, found

    @property
    def nodes(self) -> int:
        """Answers it was made of."""
        return len(self.known)


def _direct(low: float, high: float) -> _Piece:
    return _Piece(low, high, None, np.empty((0, 3), bool), np.empty((0, 3, 0)))


def _coefficients(values: np.ndarray, order: int) -> np.ndarray:
    """Chebyshev coefficients of the polynomial through values at the nodes, along the first axis."""
    return np.tensordot(_FITS[order], values, axes=(1, 0))


def _curve(coefficients: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Polynomials at points: (points, ...) from coefficients along the first axis."""
    return np.tensordot(np.polynomial.chebyshev.chebvander(u, len(coefficients) - 1), coefficients, axes=(1, 0))
