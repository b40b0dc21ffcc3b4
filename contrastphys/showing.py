"""How a result shows itself: one small table, as HTML in a notebook and as text in a terminal.

    @shows("Resonance of a bubble", "frequency", "displacement_maximum", "damping")
    @dataclass(frozen=True)
    class Resonance: ...

The decorator names what stands in the table; numbers come with unit, band, letter, status and source where they
have them, flags follow below. Nothing here knows a class by name. Colours are those of the page around, so that a
table reads on light and on dark; every text is escaped.
"""

from __future__ import annotations

import dataclasses
import html
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from .units import Q, container
from .wording import number_text, unit_text

T = TypeVar("T")

MOST = 16
LONGEST = 110  # characters of one entry
SEVERITY = {"note": "note", "warn": "caution", "refuse": "refused"}
_SCALED = ("hertz", "meter", "second", "pascal", "joule")  # units that take the prefix which suits the number


class Page(NamedTuple):
    """What is shown of a result: a title, lines of two or more entries, flags, and a remark."""

    title: str
    lines: Sequence[Sequence[str]]
    head: Sequence[str] = ()
    flags: Sequence[Any] = ()
    note: str = ""
    most: int = MOST  # lines; what is left out is counted


def clip(text: str, length: int = LONGEST) -> str:
    """A text in one line, cut where it is too long.

    Examples
    --------
    >>> clip("a name\\nover two lines", 12)
    'a name over…'
    """
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


# ------------------------------------------------------------------------------------------------- entries


def digits(value: float) -> str:
    """Four digits of a number."""
    return number_text(float(value), 4) if math.isfinite(value) else ("∞" if value > 0 else f"{value:g}")


def quantity(value: Any) -> str:
    """A quantity with its unit; of many numbers how many, and from where to where.

    Examples
    --------
    >>> from contrastphys.units import Q
    >>> quantity(Q(2.5e6, "Hz")), quantity(Q([0.1, 0.2, 0.4, 0.8, 1.6], "1/(mM*s)")), quantity(Q(0.5, ""))
    ('2.5 MHz', '5 numbers, 0.1 to 1.6 mM⁻¹ s⁻¹', '0.5')
    """
    if not getattr(value.magnitude, "shape", ()) and _compact(value):
        value = value.to_compact()
    unit = unit_text(f"{value.units:~C}")
    return f"{entry(value.magnitude)} {unit}".rstrip()


def _compact(value: Any) -> bool:
    """Whether a number far from 1 reads better with another prefix."""
    name = str(value.units)
    return any(name.endswith(base) for base in _SCALED) and " " not in name and not 0.01 <= abs(value.magnitude) < 1e4


def entry(value: Any) -> str:
    """Anything that a result holds, in one short line."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return clip(value)
    if hasattr(value, "magnitude") and hasattr(value, "units"):
        return quantity(value)
    if hasattr(value, "number") and hasattr(value, "unit") and hasattr(value, "letter"):
        return _valued(value)
    if getattr(value, "shape", ()) and hasattr(value, "dtype"):
        return _many(value)
    if isinstance(value, complex):
        return f"{value:.4g}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) or hasattr(value, "item"):
        return digits(float(value))
    if isinstance(value, Mapping):
        return clip(", ".join(f"{key} {entry(held)}" for key, held in value.items()))
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        if len(value) > 6:
            return f"{len(value)} entries"
        return clip(", ".join(" ".join(map(entry, h)) if type(h) is tuple else entry(h) for h in value))
    told = str(value)
    if "\n" in told and (_is_data(value) or hasattr(value, "_fields")):
        told = f"{type(value).__name__}: " + ", ".join(f"{name} {text}" for name, text, _ in lines(value))
    return clip(told)


def _valued(value: Any) -> str:
    """A number with its unit and spread."""
    text = digits(value.number)
    if value.sd is not None:
        text += f" ± {digits(value.sd)}"
    if value.factor is not None:
        text += f" within a factor {digits(value.factor)}"
    if value.alternatives:
        text = " or ".join(map(digits, value.alternatives))
    if value.low is not None and value.high is not None:
        text += f" ({digits(value.low)} to {digits(value.high)})"
    return f"{text} {unit_text(value.unit)}".rstrip()


def _many(array: Any) -> str:
    kind = getattr(array.dtype, "kind", "")
    shape = " x ".join(map(str, array.shape))
    if kind == "b":
        return f"{shape}, {int(array.sum())} of them true"
    if kind in "UO":
        return clip(", ".join(dict.fromkeys(map(str, array.ravel()))))
    if kind not in "iuf":
        return f"{shape} entries"
    known = array[array == array]
    if not known.size:
        return f"{shape}, no number"
    if array.size <= 4 and array.ndim == 1:
        return ", ".join(digits(float(x)) for x in array)
    return f"{shape} numbers, {digits(float(known.min()))} to {digits(float(known.max()))}"


def origin(value: Any) -> str:
    """Letter, status and source of a number, as far as it states them."""
    letter = getattr(value, "letter", "")
    words = [f"[{letter}]" if letter else "", getattr(value, "status", ""), getattr(value, "source", "")]
    at = getattr(value, "at", "")
    return clip(" ".join(w for w in [f"at {at}" if isinstance(at, str) and at else "", *words] if w))


# -------------------------------------------------------------------------------------------------- a page


def _held(record: Any, name: str) -> Any:
    """What a record holds under a name; a number that a model refuses is the reason."""
    try:
        value = getattr(record, name)
        return value() if callable(value) else value
    except ValueError as refusal:
        return f"refused: {refusal}"


def _default(record: Any, name: str) -> bool:
    """Whether a field holds what it holds unless something is said."""
    known = next((f for f in dataclasses.fields(record) if f.name == name), None) if _is_data(record) else None
    if known is None:
        return False
    if known.default is not dataclasses.MISSING:
        return getattr(record, name) is known.default or (
            isinstance(known.default, str | int | float | tuple) and getattr(record, name) == known.default
        )
    return False


def _is_data(record: Any) -> bool:
    return dataclasses.is_dataclass(record) and not isinstance(record, type)


def _names(record: Any) -> list[str]:
    """Fields of a record that are for a reader."""
    if _is_data(record):
        return [f.name for f in dataclasses.fields(record) if f.repr and not f.name.startswith("_")]
    return list(getattr(record, "_fields", ()))


def lines(record: Any, names: Iterable[str] = ()) -> list[tuple[str, str, str]]:
    """Name, number with unit, and origin of what a record holds under some names (without them: its fields).

    A name may carry the unit of a plain number: "kvp [kV]".
    """
    found: list[tuple[str, str, str]] = []
    given = tuple(names)
    for called in given or _names(record):
        name, _, unit = called.partition(" [")
        if name in ("flags", "source", "status", "note") and not given:
            continue
        value = _held(record, name)
        label = name.replace("_", " ")
        if value is None or (isinstance(value, str | tuple | list) and not value):
            continue
        if isinstance(value, Mapping) and value:
            found += [(f"{label} {key}".replace("_", " "), entry(held), origin(held)) for key, held in value.items()]
        elif isinstance(value, tuple) and value and all(_is_data(held) for held in value):
            several = len(value) > 1
            found += [(f"{label} {i + 1}" if several else label, entry(v), origin(v)) for i, v in enumerate(value)]
        else:
            unit = unit.rstrip("]") or _unit_of(record, name)
            found.append((label, _with_unit(value, unit) if unit else entry(value), origin(value)))
    return found


def _with_unit(value: Any, unit: str) -> str:
    """A plain number in a unit; words as they are."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return quantity(Q(value, container(unit)))
    return f"{entry(value)} {unit_text(unit)}" if not isinstance(value, str) else entry(value)


def _unit_of(record: Any, name: str) -> str:
    """Unit that a field states for its plain number."""
    for known in dataclasses.fields(record) if _is_data(record) else ():
        if known.name == name and isinstance(getattr(record, name), int | float):
            return str(known.metadata.get("unit", ""))
    return ""


def page(record: Any, title: str, names: Iterable[str] = ()) -> Page:
    """The page of a record, with its flags and what it says of itself."""
    flags = getattr(record, "flags", ())
    found = flags() if callable(flags) else flags
    about = [getattr(record, key, "") for key in ("source", "status", "note")]
    note = " · ".join(clip(word, 300) for word in about if isinstance(word, str) and word)
    return Page(title.format(record), lines(record, names), flags=tuple(found), note=note)


def html_of(page: Page) -> str:
    """A page as HTML that stands on a light and on a dark ground."""

    def cells(line: Sequence[str], tag: str = "td") -> str:
        out = []
        for i, text in enumerate(line):
            quiet = ";opacity:.7" if i > 1 and not page.head else ""
            style = f' style="text-align:left{quiet}"'
            kind = "th" if tag == "th" or (i == 0 and not page.head) else "td"
            out.append(f"<{kind}{style}>{html.escape(text).replace(chr(10), '<br>')}</{kind}>")
        return f"<tr>{''.join(out)}</tr>"

    kept, left = page.lines[: page.most], len(page.lines) - page.most
    wide = max((len(line) for line in kept), default=0)
    kept = [line[:2] if wide == 3 and not any(each[2] for each in kept) and not page.head else line for line in kept]
    head = f"<thead>{cells(page.head, 'th')}</thead>" if page.head else ""
    body = "".join(map(cells, kept))
    parts = [f"<div><strong>{html.escape(page.title)}</strong></div>"] if page.title else []
    parts += [f"<table>{head}<tbody>{body}</tbody></table>"] if kept else []
    parts += [f"<div><small>and {left} more</small></div>"] if left > 0 else []
    if page.flags:
        worded = ((SEVERITY.get(f.severity, f.severity), clip(f.message, 300)) for f in page.flags)
        each = (f"<li><em>{html.escape(kind)}</em>: {html.escape(message)}</li>" for kind, message in worded)
        parts.append(f"<ul>{''.join(each)}</ul>")
    parts += [f"<div><small>{html.escape(page.note).replace(chr(10), '<br>')}</small></div>"] if page.note else []
    return "".join(parts)


def text_of(page: Page) -> str:
    """A page as plain lines."""
    kept, left = page.lines[: page.most], len(page.lines) - page.most
    rows = [[clip(text) for text in line] for line in ([page.head] if page.head else []) + list(kept)]
    widths = [
        max((len(row[i]) for row in rows if i < len(row)), default=0) for i in range(max(map(len, rows), default=0))
    ]
    out = [page.title] if page.title else []
    out += [
        "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=False)).rstrip() for row in rows
    ]
    out += [f"  and {left} more"] if left > 0 else []
    out += [f"  {SEVERITY.get(flag.severity, flag.severity)}: {flag.message}" for flag in page.flags]
    out += [f"  {line}" for line in page.note.splitlines()]
    return "\n".join(out)


def brief(page: Page, length: int = 160) -> str:
    """A page in one line, for a list of results."""
    told = "; ".join(f"{line[0]} {line[1]}" for line in page.lines[:6] if len(line) > 1)
    count = len(page.flags)
    flags = f" ({count} flag{'s' if count != 1 else ''})" if count else ""
    return f"<{clip(f'{page.title}: {told}' if told else page.title, length)}{flags}>"


def written(record: Any) -> str:
    """A record as it would be called: exact, without the fields that hold their default."""
    held = {f.name: f for f in dataclasses.fields(record) if f.repr}
    said = ", ".join(f"{name}={getattr(record, name)!r}" for name in held if not _default(record, name))
    return f"{type(record).__qualname__}({said})"


def shows(
    title: str, *names: str, of: Callable[[Any], Page] | None = None, line: str = "brief"
) -> Callable[[type[T]], type[T]]:
    """Let a class show itself in a notebook and in a terminal.

    Parameters
    ----------
    title : str
        Heading; ``{0.name}`` in it is an attribute of the result.
    *names : str
        Attributes, properties and methods without arguments that stand in the table, with the unit of a plain number
        ("kvp [kV]"); without them every field that holds something.
    of : callable, optional
        Makes the page of a result that is more than one list of numbers.
    line : {"brief", "written", "own"}
        `repr`: the page in one line, the call that makes it (exact), or what the class has already.

    Returns
    -------
    callable
        The decorator; `__str__` is left to a class that writes its own.
    """

    def made(self: Any) -> Page:
        return of(self) if of is not None else page(self, title, names)

    def decorate(cls: type[T]) -> type[T]:
        set_ = {"_repr_html_": lambda self: html_of(made(self))}
        if "__str__" not in vars(cls):
            set_["__str__"] = lambda self: text_of(made(self))
        if line == "brief":
            set_["__repr__"] = lambda self: brief(made(self))
        elif line == "written":
            set_["__repr__"] = written
        for name, function in set_.items():
            setattr(cls, name, function)
        return cls

    return decorate
