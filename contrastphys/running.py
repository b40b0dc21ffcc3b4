"""Runs the blocks of a plan: here, in processes of our own, or on any `concurrent.futures` executor.

What is done is written to a file as it comes, so that a run that was interrupted, or whose machine died, goes on
where it stopped. Blocks are pure functions of the plan: it does not matter which worker computes one, or twice.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import math
import os
import pickle
import signal
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import numpy as np

from .answers import compute
from .files import stands
from .folders import locked
from .mistakes import Mistake, RecordError, short
from .points import Block, Column, Plan, Trouble, told
from .progress import Bar

_FORMAT = "contrastphys points 1"
_LONGEST = 1 << 26  # bytes of one line
_REBUILT = 3  # times a broken pool of our own is replaced


class SweepError(RuntimeError):
    """The executor gave up; `partial` holds what was done until then."""

    partial: Any = None


class Stopped(KeyboardInterrupt):
    """Interrupted by the user; `partial` holds what was done until then."""

    partial: Any = None


# ------------------------------------------------------------------------------------------- the file


def _packed(array: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 1)).decode()


def _unpacked(text: str, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    size = math.prod(shape) * np.dtype(dtype).itemsize
    held = zlib.decompressobj().decompress(base64.b64decode(text), size + 1)  # no more than it may hold
    return np.frombuffer(held, dtype).reshape(shape)


def _line(block: Block) -> bytes:
    """One block as a line with its checksum."""
    body = json.dumps(
        [
            block.start, block.stop, block.columns, _packed(block.numbers.astype("<f8")), _packed(block.letters),
            block.trouble,
        ],
        ensure_ascii=True,
    )  # fmt: skip
    return f"{zlib.crc32(body.encode()):08x} {body}\n".encode()


def _block(line: bytes) -> Block | None:
    """The block of a line; None where the line is torn."""
    mark, _, body = line.rstrip(b"\n").partition(b" ")
    try:
        if not line.endswith(b"\n") or int(mark, 16) != zlib.crc32(body):
            return None
        start, stop, columns, numbers, letters, found = json.loads(body)
        made = tuple(Column(*c) for c in columns)
        trouble = tuple(Trouble(*(str(word) for word in words), points=tuple(points)) for *words, points in found)  # type: ignore[misc, arg-type]
        held = stop - start
        return Block(
            start, stop, made, _unpacked(numbers, "<f8", (len(made), 3, held)),
            _unpacked(letters, "u1", (len(made), held)), trouble,
        )  # fmt: skip
    except (ValueError, TypeError, zlib.error):
        return None


class Journal:
    """The file of a run: a line that says what is computed, then a line a block, each written whole."""

    def __init__(self, path: str | os.PathLike[str], plan: Plan) -> None:
        self.path = Path(path)
        self.done: dict[int, Block] = {}
        header = json.dumps({"format": _FORMAT, "plan": plan.identity(), "points": plan.points, "block": plan.block})
        if stands(self.path) and not self.path.is_file():  # a device would take all, a pipe would wait for ever
            raise _unwritable(self.path)
        try:
            self.file = self.path.open("ab")
        except (OSError, ValueError):  # ValueError: a name that no system takes
            raise _unwritable(self.path) from None
        try:
            if not locked(self.file.fileno()):
                what = "another sweep is writing to it"
                raise RecordError(
                    [Mistake(short(self.path), 0, "", what, "wait until it ends, or give a new file name")]
                )
            if self.path.stat().st_size == 0:
                self._write(header.encode() + b"\n")
            else:
                self._read(header, plan)
        except BaseException as error:
            with contextlib.suppress(OSError):  # what a full disk did not take is tried again here
                self.file.close()
            if isinstance(error, OSError):
                raise _unwritable(self.path) from None
            raise

    def _read(self, header: str, plan: Plan) -> None:
        """Take over what another run has done, and cut off a line it could not finish."""
        kept = 0
        bounds = set(plan.blocks())
        with self.path.open("rb") as file:
            first = file.readline(_LONGEST)
            try:
                found = json.loads(first)
                ours = isinstance(found, dict) and found.get("format") == _FORMAT
            except ValueError:
                ours = False
            if not ours:
                what, write = "is not a file of a sweep", "give a new file name"
                raise RecordError([Mistake(short(self.path), 1, "", what, write)])
            if first.decode().strip() != header:
                what = "holds another sweep (other study, grid, catalogue or version)"
                raise RecordError([Mistake(short(self.path), 1, "", what, "give a new file name, or remove it")])
            kept = file.tell()
            for line in iter(lambda: file.readline(_LONGEST), b""):
                block = _block(line)
                if block is None:
                    break
                kept += len(line)
                if (block.start, block.stop) in bounds:
                    self.done[block.start] = block
        if kept < self.path.stat().st_size:
            os.truncate(self.path, kept)

    def _write(self, line: bytes) -> None:
        self.file.write(line)
        self.file.flush()

    def add(self, block: Block) -> None:
        """Write one block."""
        try:
            self._write(_line(block))
        except OSError:
            raise _unwritable(self.path) from None

    def close(self) -> None:
        """Finish the file."""
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
        finally:
            self.file.close()


def _unwritable(path: Path) -> RecordError:
    what = "cannot be written"
    if stands(path) and not path.is_file():
        what = "is a folder" if path.is_dir() else "is a device or a pipe, not a file"
    return RecordError(
        [Mistake(short(path), 0, "", what, "give a file in a folder you may write to, with space in it")]
    )


# ------------------------------------------------------------------------------------------- executors


def _deaf() -> None:
    """A worker leaves Ctrl-C to the process that started it, and ends when that is gone, killed or not."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    import multiprocessing
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _own(workers: int) -> futures.Executor:
    import multiprocessing

    return futures.ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_deaf)


@contextlib.contextmanager
def _born_deaf() -> Iterator[None]:
    """Processes started inside ignore Ctrl-C from birth: one that is reading its modules would tell all its calls."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if hasattr(signal, "pthread_sigmask"):  # handed on to what is started; our own Ctrl-C waits and is not lost
        held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _checked(executor: Any) -> Any:
    if executor is None or callable(getattr(executor, "submit", None)):
        return executor
    if isinstance(executor, int) and not isinstance(executor, bool) and 1 <= executor <= 4096:
        return executor
    raise TypeError(
        f"executor is {str(executor)[:60]!r}: give None, a number of processes, or an object of concurrent.futures "
        "such as ProcessPoolExecutor() or a Dask client.get_executor()"
    )


def run(
    plan: Plan, executor: Any = None, progress: bool = False, file: str | os.PathLike[str] | None = None
) -> tuple[list[Block], int]:
    """Every block of a plan in order, and how many points were computed now.

    Parameters
    ----------
    plan : Plan
    executor : None, int or Executor
        None computes here; a number starts that many processes; anything else needs a `submit`.
    progress : bool
        Show a progress bar with the time left.
    file : path
        Written as the run goes; what it already holds is not computed again.
    """
    executor = _checked(executor)
    journal = Journal(file, plan) if file is not None else None
    done = dict(journal.done) if journal is not None else {}
    todo = [bounds for bounds in plan.blocks() if bounds[0] not in done]
    computed = 0
    try:
        with Bar(len(todo), progress) as step:
            try:
                for block in _computed(plan, todo, executor):
                    done[block.start] = block
                    computed += block.stop - block.start
                    if journal is not None:
                        journal.add(block)
                    step(f"{sum(b.stop - b.start for b in done.values())} of {plan.points} points")
            except KeyboardInterrupt:
                raise _ended(Stopped, "interrupted", done, plan, file, computed) from None
            except _Gone as gone:
                raise _ended(SweepError, f"the executor gave up ({gone})", done, plan, file, computed) from None
    finally:
        if journal is not None:
            journal.close()
    return [done[start] for start in sorted(done)], computed


class _Gone(Exception):
    """An executor that will not answer any more."""


def _ended(kind: type, why: str, done: dict[int, Block], plan: Plan, file: Any, computed: int) -> BaseException:
    held = sum(b.stop - b.start for b in done.values())
    kept = f"; they are kept in {os.fspath(file)}: run again to go on" if file is not None else ""
    error = kind(f"{why} after {held} of {plan.points} points{kept}; .partial holds them")
    error.partial = ([done[start] for start in sorted(done)], computed)
    return error


def _computed(plan: Plan, todo: list[tuple[int, int]], executor: Any) -> Iterator[Block]:
    """Blocks as they are done, in any order."""
    if not todo:
        return
    packed = pickle.dumps(plan)
    digest = hashlib.sha256(packed).hexdigest()
    for _, block in spread(compute, lambda bounds: (digest, packed, *bounds), todo, executor):
        yield block


def spread(
    function: Callable[..., Any], arguments: Callable[[Any], tuple[Any, ...]], todo: list[Any], executor: Any
) -> Iterator[tuple[Any, Any]]:
    """Every task with its result as it is done, in any order; a task is what `arguments` makes arguments of."""
    executor = _checked(executor)
    if executor is None:
        for task in todo:
            yield task, function(*arguments(task))
        return
    if not isinstance(executor, int):
        yield from _submitted(executor, function, arguments, todo, lambda left: None)
        return
    left = list(todo)
    for attempt in range(_REBUILT + 1):
        pool = _own(executor)
        try:
            remaining: list[Any] = []
            yield from _submitted(pool, function, arguments, left, remaining.extend, _born_deaf())
            return
        except _Gone:
            left = remaining  # a worker was killed: the blocks it held are computed again
            if attempt == _REBUILT:
                raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _submitted(
    executor: Any,
    function: Callable[..., Any],
    arguments: Callable[[Any], tuple[Any, ...]],
    todo: list[Any],
    leave: Callable[[list[Any]], None],
    starting: contextlib.AbstractContextManager[None] = contextlib.nullcontext(),  # workers start as tasks come
) -> Iterator[tuple[Any, Any]]:
    """Tasks and results from an executor; `leave` is told what is left when it breaks."""
    waiting: dict[Any, Any] = {}
    finished: set[Any] = set()
    broken = ""
    try:
        with starting:
            for task in todo:
                waiting[executor.submit(function, *arguments(task))] = task
    except KeyboardInterrupt:
        raise
    except Exception as error:  # an executor that is shut down or broken says so in its own words
        broken = told(error)
    try:
        for future in futures.as_completed(list(waiting)):
            try:
                result = future.result()
            except (Exception, futures.CancelledError) as error:
                broken = broken or f"{type(error).__name__}: {told(error)}"
                continue
            finished.add(waiting[future])
            yield waiting[future], result
    finally:
        for future in waiting:
            future.cancel()
    if broken:
        leave([task for task in todo if task not in finished])
        raise _Gone(broken)
