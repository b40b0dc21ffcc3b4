"""How an MRI comparison is made: fields, sequence, tissue, and the one reference of its signal-to-noise ratio."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .. import records
from ..mistakes import near
from ..provenance import Flag, Refusal, Value
from ..remembering import of_last
from ..schema import choice, mapping, nested, number, settle, text
from ..showing import shows
from ..units import UnitError, magnitude
from . import tissue as tissues
from .sequences import SEQUENCES


@shows("Reference of signal over noise", line="written")
@dataclass(frozen=True, kw_only=True)
class Reference:
    """Signal-to-noise ratio of the tissue without agent, at one field and voxel; scaled to every other."""

    value: Value = number("1", 1, 1e6, default=50.0, meaning="signal-to-noise ratio")
    at: Value = number("T", 1e-4, 30, default=3.0, meaning="field of the reference")
    voxel: Value = number("mm^3", 1e-6, 1e4, default=1.0)
    scales: str = choice("B0", "B0^(7/4)", default="B0", meaning="how signal over noise grows with field")

    @staticmethod
    def prepared(table: Any) -> Any:
        """A number alone is the ratio at the default field."""
        return table if isinstance(table, Mapping) else {"value": table}

    def __post_init__(self) -> None:
        settle(self)


@shows("MRI protocol", line="written")
@dataclass(frozen=True, kw_only=True)
class Protocol:
    """Conditions of an MRI comparison."""

    field: tuple[Value, ...] = number("T", 1e-5, 30, many=True, default=3.0, meaning="static magnetic field")
    temperature: Value = number("K", 273.15, 323.15, default=310.15)
    rose: Value = number("1", 1, 20, default=5.0, meaning="signal over noise that counts as seen")
    medium: str = text(default="plasma", meaning="medium of the agent: water, plasma, blood, ...")
    tissue: str = text(default="blood", meaning="tissue whose T1 and T2 are taken from the table")
    sequence: str = choice(*SEQUENCES, default="spgr")
    tr: Value = number("ms", 0.5, 60000, default=5.0, meaning="repetition time")
    te: Value = number("ms", 0, 1000, default=2.0, meaning="echo time")
    ti: Value | None = number("ms", 1, 10000, default=None, meaning="inversion time")
    flip: str = text(default="optimal", meaning='flip angle such as "15 deg", or "optimal"')
    voxel: Value = number("mm^3", 1e-6, 1e4, default=1.0)
    snr: Reference = nested(Reference, default=Reference())
    echo_spacing: Value | None = number("ms", 1e-3, 1e4, default=None, meaning="between two spin echoes")
    t1: Mapping[str, Value] | None = mapping("s", 1e-4, 20, meaning="T1 of the tissue by field")
    t2: Mapping[str, Value] | None = mapping("s", 1e-5, 20, meaning="T2 of the tissue by field")
    t2_star: Mapping[str, Value] | None = mapping("s", 1e-5, 20, meaning="T2* of the tissue by field")

    def __post_init__(self) -> None:
        if hasattr(self.flip, "units"):
            object.__setattr__(self, "flip", f"{magnitude(self.flip, 'deg', 'flip'):g} deg")
        settle(self)

    @property
    def angle(self) -> float | None:
        """Flip angle, deg; None for the best one."""
        return None if self.flip == "optimal" else float(magnitude(self.flip, "deg", "flip"))

    def misfits(self) -> Iterator[tuple[str, str, str]]:
        for key in ("t1", "t2", "t2_star"):
            for word in getattr(self, key) or {}:
                try:
                    magnitude(word, "T", key)
                except (UnitError, ValueError):
                    yield key, f"'{word[:20]}' is not a field", 'write for example t1 = { "3 T" = "1.2 s" }'
        try:
            turned = self.angle
        except (UnitError, ValueError):
            turned = -1.0
        if turned is not None and not 0.1 <= turned <= 180:
            yield "flip", f"'{self.flip[:20]}' is no flip angle", 'write for example "15 deg" or "optimal"'
        if self.sequence == "ir" and self.ti is None:
            yield "ti", "inversion recovery needs its inversion time", 'write ti = "400 ms"'
        if self.sequence == "ir" and self.ti is not None and self.te.number + self.ti.number > self.tr.number:
            spent = f"ti {self.ti.number:g} ms and te {self.te.number:g} ms together are above tr {self.tr.number:g} ms"
            yield "ti", spent, "raise tr: inversion and echo come before the next inversion"
        elif self.sequence != "sr" and self.te.number > self.tr.number:
            yield "te", f"te {self.te.number:g} ms is above tr {self.tr.number:g} ms", "exchange or correct them"
        known = tissues.tissues()
        if self.tissue not in known:
            hint = near(self.tissue, known) or f"write one of {', '.join(known[:8])}"
            yield "tissue", f"no tissue '{self.tissue[:40]}' in the table", hint
        try:
            records.medium(self.medium)
        except Refusal:
            media = records.ids("media")
            hint = near(self.medium, media) or f"write one of {', '.join(media)}"
            yield "medium", f"no medium '{self.medium[:40]}'", hint

    # ------------------------------------------------------------------------------------ at one field

    def stated(self, key: str, field: float) -> Value | None:
        """A relaxation time the protocol states for a field (matched by value)."""
        for word, value in (getattr(self, key) or {}).items():
            if abs(magnitude(word, "T") / field - 1) < 1e-3:
                return value
        return None

    @of_last
    def times(self, field: float) -> tissues.Times:
        """T1, T2, T2* of the tissue at a field: stated, else from the table."""
        t1, t2, star = (self.stated(key, field) for key in ("t1", "t2", "t2_star"))
        if t1 is None:
            t1 = tissues.time(self.tissue, "T1", field)
            if self.t1:
                message = f"no T1 stated at {field:g} T: {t1.number:.3g} s of {self.tissue} taken"
                t1 = t1.with_(letter="A").with_flags(Flag("t1-assumed", message, "note"))
        if t2 is None:
            t2 = tissues.time(self.tissue, "T2", field)
            if t2.number > t1.number:
                message = f"T2 of {self.tissue} held to its T1 at {field:g} T"
                t2 = t2.with_(number=t1.number).with_flags(Flag("t2-held", message, "note"))
        if star is None:
            try:
                star = tissues.time(self.tissue, "T2_star", field) if self.t2 is None else t2
            except Refusal:
                message = f"no T2* of {self.tissue} in the table: T2 taken, its upper bound"
                star = t2.with_flags(Flag("t2-star", message, "note"))
            if star.number > t2.number:
                star = star.with_(number=t2.number)
        return tissues.Times(t1, t2, star)

    @property
    def reference_field(self) -> float:
        """Field of the signal-to-noise reference, T."""
        return self.snr.at.number
