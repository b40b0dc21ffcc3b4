"""python -m contrastphys"""

import sys


def main() -> int:
    """Run one command; Ctrl-C is one line, also while the package is being read, and ends its workers."""
    try:
        from .cli import main as run
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    code = run()
    if code == 130:
        _end_workers()
    return code


def _end_workers() -> None:
    """End what workers are computing, for which the interpreter would wait; its own words on that are not heard."""
    import multiprocessing
    import threading

    threading.excepthook = lambda _: None
    for worker in multiprocessing.active_children():
        worker.kill()


if __name__ == "__main__":
    sys.exit(main())
