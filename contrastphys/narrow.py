"""A comparison on a terminal too narrow for a column a modality: a line a modality, under each formulation's name."""

from __future__ import annotations

import io
from typing import Any

from .study import MODALITIES
from .verdicts import HEADINGS, tone

NARROW = 120  # characters; below it seven columns would break words


def listed(comparison: Any, width: int, colour: bool = False) -> str:
    """A comparison as a text table with a line for each modality that was asked for a formulation.

    Parameters
    ----------
    comparison : Comparison
        The cells of a study.
    width : int
        Characters of the terminal.
    colour : bool
        Write terminal colours.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(show_lines=False)
    shown.add_column("Formulation", overflow="fold")
    shown.add_column("Modality", overflow="fold", min_width=15)
    shown.add_column("Margin", overflow="fold", justify="right", min_width=19)
    shown.add_column("Smallest seen", overflow="fold", justify="right", min_width=13)
    starred = False
    for formulation, row in zip(comparison.formulations, comparison.rows(), strict=True):
        name, target, *entries, _ = row
        limiting = comparison.limiting(formulation.id)
        told = [name, f"in target {' '.join(target.split())}"] if target != "-" else [name]
        asked = [(m, entry) for m, entry in zip(MODALITIES, entries, strict=True) if entry != "-"] or [("", "-")]
        for place, (modality, entry) in enumerate(asked):
            margin, _, seen = entry.partition("\n")
            needed = " *" if modality == limiting and len(comparison.needed(formulation.id)) > 1 else ""
            starred = starred or bool(needed)
            first = "\n".join(told) if len(asked) == 1 else told[place] if place < len(told) else ""
            shown.add_row(
                Text(first),
                Text(f"{HEADINGS.get(modality, '-')}{needed}"),
                Text(margin, tone(margin)),
                Text(seen),
                end_section=place == len(asked) - 1,
            )
    screen = Console(width=width, file=io.StringIO(), force_terminal=colour, highlight=False, legacy_windows=False)
    with screen.capture() as text:
        screen.print(shown)
        if starred:
            screen.print("* limits the formulation, of the modalities it needs")
    return text.get()
