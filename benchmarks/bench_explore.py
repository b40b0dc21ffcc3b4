"""How long the picture of the sliders takes to follow, from the value of a slider to the PNG, in one process.

    python benchmarks/bench_explore.py

Every slider of several agents is moved through its range. Printed are the median and the longest time of a move, wall
and processor time (they differ where the machine is busy with something else), and of that the drawing alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import time

import numpy as np

from contrastphys.exploring import State, knobs
from contrastphys.plots.board import Board

AGENTS = (
    "ferumoxytol", "gadoterate", "iohexol", "gold-sphere-40nm", "gold-nanoshell-140nm", "icg", "sonovue", "definity",
    "magnetite-pfh", "perfluoropentane-droplet",
)  # fmt: skip


def moves(agent: str, name: str, steps: int) -> list[State]:
    """States of one slider through the middle of its range, as a hand would drag it."""
    knob = knobs(agent)[name]
    low, high = knob.low + 0.25 * (knob.high - knob.low), knob.low + 0.75 * (knob.high - knob.low)
    values = np.geomspace(max(knob.start / 2, knob.low), min(knob.start * 2, knob.high), steps) if knob.log else (
        np.linspace(low, high, steps)
    )  # fmt: skip
    return [dataclasses.replace(State(agent), **{name: float(f"{value:.4g}")}) for value in values]


def main() -> None:
    """Print a line for every agent, and the longest move of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=9)
    steps = parser.parse_args().steps
    print(f"{'agent':<26}{'slider':<12}{'median':>8}{'longest':>9}{'median':>9}{'longest':>9}{'drawing':>9}")
    print(f"{'':<38}{'ms wall':>8}{'ms wall':>9}{'ms cpu':>9}{'ms cpu':>9}{'ms cpu':>9}")
    walls: list[float] = []
    cpus: list[float] = []
    for agent in AGENTS:
        board = Board(State(agent))
        board.png()
        for name in knobs(agent):
            wall, cpu, drawn = [], [], []
            for state in moves(agent, name, steps):
                start, used = time.perf_counter(), time.process_time()
                board.update(state)
                middle = time.process_time()
                board.png()
                wall.append(1e3 * (time.perf_counter() - start))
                cpu.append(1e3 * (time.process_time() - used))
                drawn.append(1e3 * (time.process_time() - middle))
            told = (np.median(wall), max(wall), np.median(cpu), max(cpu))
            print(
                f"{agent:<26}{name:<12}{told[0]:8.0f}{told[1]:9.0f}{told[2]:9.0f}{told[3]:9.0f}{np.median(drawn):9.0f}"
            )
            walls += wall
            cpus += cpu
    for kind, held in (("wall", walls), ("processor", cpus)):
        share = np.mean(np.array(held) < 300)
        print(
            f"{kind} time of a move: median {np.median(held):.0f} ms, 95 % below {np.quantile(held, 0.95):.0f} ms, "
            f"longest {max(held):.0f} ms; {share:.0%} of {len(held)} under 300 ms"
        )


if __name__ == "__main__":
    main()
