"""A progress bar that shows itself only where something takes longer than a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


class Bar:
    """Context in which each call of the returned function is one step done.

    Parameters
    ----------
    steps : int
        How many steps there are.
    wanted : bool
        False keeps quiet whatever it takes.

    Examples
    --------
    >>> with Bar(2, wanted=False) as step:
    ...     step("one")
    ...     step("two")
    """

    def __init__(self, steps: int, wanted: bool) -> None:
        self.steps, self.wanted, self.done = steps, wanted, 0
        self.shown: Any = None
        self.task: Any = None

    def __enter__(self) -> Callable[[str], None]:
        self.began = time.monotonic()
        return self.step

    def step(self, what: str) -> None:
        """One step is done; `what` names it."""
        self.done += 1
        if not self.wanted or time.monotonic() - self.began < 1.0:
            return
        if self.shown is None:
            from rich.console import Console
            from rich.progress import Progress

            screen = Console(stderr=True)
            if not screen.is_terminal:  # a file or a pipe gets no bar
                self.wanted = False
                return
            self.shown = Progress(console=screen, transient=True)
            self.shown.start()
            self.task = self.shown.add_task("", total=self.steps)
        self.shown.update(self.task, completed=self.done, description=what)

    def __exit__(self, *_: Any) -> None:
        if self.shown is not None:
            self.shown.stop()
