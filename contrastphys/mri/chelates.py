"""From a chelate's parameter set to its relaxivities and their parts.

A set is what one paper fitted together: distances, times, electron parameters and diffusion belong to each other and
are never mixed. A set with activation energies is carried to other temperatures; one without is used within 15 K.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..provenance import Flag, Refusal
from . import paramagnetic as pm
from .motion import arrhenius, eyring

Parts = dict[str, tuple[Any, Any]]  # name -> (r1, r2) in 1/(mM s)

WARN_AWAY, REFUSE_AWAY = 3.0, 15.0  # K from the temperature of a set without activation energies


@dataclass(frozen=True)
class Bundle:
    """One parameter set in SI units, with the angular momenta of its ion."""

    name: str
    reference: float  # K
    q: float
    tau_M: float
    tau_R: float
    r: float
    a: float
    D: float
    delta2: float | None = None
    tau_v: float | None = None
    constant_t1e: float | None = None
    F2: float = 1.0
    tau_local: float | None = None
    dH_M: float | None = None
    E_R: float | None = None
    E_v: float | None = None
    E_D: float | None = None
    S: float = 3.5
    J: float = 3.5
    g_J: float = 2.0
    form: str = "powell"
    hyperfine: float = 0.0
    source: str = ""
    status: str = ""

    @classmethod
    def of(cls, record: Any, ion: Any) -> Bundle:
        """The bundle of a catalogue's parameter set and ion; Refusal where the set is incomplete."""

        def si(key: str, factor: float) -> float | None:
            value = getattr(record, key)
            return None if value is None else value.number * factor

        missing = [key for key in ("tau_M", "tau_R") if getattr(record, key) is None]
        if ion.T1e is None:
            missing += [key for key in ("delta2", "tau_v") if getattr(record, key) is None]
        if missing:
            raise Refusal("incomplete-set", f"parameter set '{record.name}' has no {', '.join(missing)}")
        gadolinium = ion.S == 3.5 and ion.L == 0
        return cls(
            record.name,
            record.reference_temperature.number,
            record.q.number,
            si("tau_M", 1e-9) or 0.0,
            si("tau_R", 1e-12) or 0.0,
            record.r.number * 1e-10,
            record.a.number * 1e-10,
            record.D.number,
            si("delta2", 1.0),
            si("tau_v", 1e-12),
            ion.T1e if record.delta2 is None else None,
            1.0 if record.F2 is None else record.F2.number,
            si("tau_local", 1e-9),
            dH_M=si("dH_M", 1e3),
            E_R=si("E_R", 1e3),
            E_v=si("E_v", 1e3),
            E_D=si("E_D", 1e3),
            S=ion.S,
            J=ion.J,
            g_J=ion.g_J,
            form=record.T2e if gadolinium else "general",
            source=record.source,
            status=record.status,
        )

    @property
    def carries(self) -> bool:
        """Whether the set can be carried to other temperatures."""
        needed = [self.dH_M, self.E_R, self.E_D] + ([self.E_v] if self.tau_v is not None else [])
        return all(value is not None for value in needed)

    def at(self, temperature: float, viscosity: float = 1.0) -> Bundle:
        """The set at another temperature, in a medium of a relative viscosity (tau_R longer, D smaller)."""
        changes: dict[str, Any] = {"tau_R": self.tau_R * viscosity, "D": self.D / viscosity}
        if self.carries and temperature != self.reference:
            t, t0 = temperature, self.reference
            changes["tau_M"] = 1.0 / eyring.bare(1.0 / self.tau_M, self.dH_M, t, t0)
            changes["tau_R"] *= arrhenius.bare(self.E_R, t, t0)
            changes["D"] /= arrhenius.bare(self.E_D, t, t0)
            if self.tau_v is not None:
                changes["tau_v"] = self.tau_v * arrhenius.bare(self.E_v, t, t0)
        return dataclasses.replace(self, **changes)

    def electron(self, field: Any) -> tuple[Any, Any]:
        """T1e and T2e at a field."""
        if self.constant_t1e is not None:
            same = self.constant_t1e + 0.0 * np.asarray(field, dtype=float)
            return same, same
        return pm.electron_relaxation.bare(field, self.delta2, self.tau_v, self.S, self.form)


def choose_set(bundles: list[Bundle], temperature: float) -> tuple[Bundle, tuple[Flag, ...]]:
    """The set that stands nearest to a temperature: measured there, else carried, else used as it is with a warning."""
    if not bundles:
        raise Refusal("no-set", "no complete parameter set: give one, or a measured relaxivity")
    nearest = min(bundles, key=lambda b: abs(b.reference - temperature))
    away = abs(nearest.reference - temperature)
    if away <= WARN_AWAY:
        return nearest, ()
    carried = [b for b in bundles if b.carries]
    if carried:
        best = min(carried, key=lambda b: abs(b.reference - temperature))
        message = f"set '{best.name}' carried from {best.reference:g} K by its activation energies"
        return best, (Flag("carried", message, "note"),)
    if away > REFUSE_AWAY:
        raise Refusal(
            "temperature",
            f"set '{nearest.name}' holds at {nearest.reference:g} K and has no activation energies: "
            f"{temperature:g} K is {away:.0f} K away",
        )
    message = f"set '{nearest.name}' without activation energies used {away:.0f} K from its {nearest.reference:g} K"
    return nearest, (Flag("temperature", message, "warn"),)


def parts(bundle: Bundle, field: Any, temperature: float, water: float = pm.CONVENTIONAL_WATER) -> Parts:
    """Relaxivities of a set at its own temperature and medium, as parts that sum to the whole.

    `inner` and `outer` without the Curie spin; `curie` is what the mean moment adds to both (through exchange).
    """
    t1e, t2e = bundle.electron(field)
    moment2 = pm.spin_moment2(bundle.J, bundle.g_J)

    def dipolar(tau: Any) -> tuple[Any, Any]:
        return pm.inner_sphere_rates.bare(
            field, bundle.r, tau, bundle.tau_M, t1e, t2e, moment2, bundle.hyperfine, bundle.S
        )

    def curie(tau: Any) -> tuple[Any, Any]:
        joint = 1.0 / (1.0 / tau + 1.0 / bundle.tau_M)
        return pm.curie_inner_sphere_rates.bare(field, temperature, bundle.r, joint, bundle.J, bundle.g_J)

    if bundle.tau_local is not None and bundle.F2 < 1.0:
        electron = pm.two_motions(dipolar, bundle.tau_R, bundle.F2, bundle.tau_local)
        mean = pm.two_motions(curie, bundle.tau_R, bundle.F2, bundle.tau_local)
    else:
        electron, mean = dipolar(bundle.tau_R), curie(bundle.tau_R)
    inner = pm.exchange.bare(*electron, bundle.tau_M, bundle.q, 0.0, water)
    both = pm.exchange.bare(electron[0] + mean[0], electron[1] + mean[1], bundle.tau_M, bundle.q, 0.0, water)
    outer = pm.outer_sphere.bare(field, bundle.a, bundle.D, t1e, t2e, moment2)
    passing = pm.curie_outer_sphere.bare(field, temperature, bundle.a, bundle.D, bundle.J, bundle.g_J)
    return {
        "inner": inner,
        "outer": outer,
        "curie": (both[0] - inner[0] + passing[0], both[1] - inner[1] + passing[1]),
    }


def total(named: Mapping[str, tuple[Any, Any]]) -> tuple[Any, Any]:
    """Sum of the parts, (r1, r2)."""
    r1, r2 = zip(*named.values(), strict=True)
    return sum(r1), sum(r2)


def validity(bundle: Bundle, field: Any) -> tuple[Flag, ...]:
    """What a reader must know of the theory at these fields."""
    found = []
    if bundle.delta2 is not None and bundle.tau_v is not None:
        number = pm.redfield_number(bundle.delta2, bundle.tau_v)
        if number > 0.3:
            message = f"sqrt(delta2) tau_v is {number:.2f}: beyond the Redfield limit of the electron (0.3)"
            found.append(Flag("electron-redfield", message, "warn"))
    lowest = float(np.min(field))
    if lowest < 0.1 and bundle.tau_R > 1e-9:
        message = "below 0.1 T the static zero-field splitting rules the electron of a slow tumbler: SBM is unreliable"
        found.append(Flag("slow-low-field", message, "warn"))
    elif lowest < 0.5:
        message = "below 0.5 T electron relaxation is least certain: the error is wider"
        found.append(Flag("low-field", message, "note"))
    return tuple(found)
