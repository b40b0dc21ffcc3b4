"""From a chelate's parameter set to its relaxivities and their parts.

A set is what one paper fitted together: distances, times, electron parameters and diffusion belong to each other and
are never mixed. A set with activation energies is carried to other temperatures; one without is used within 15 K.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..provenance import Flag, Refusal
from . import paramagnetic as pm
from .motion import arrhenius, eyring

Parts = dict[str, tuple[Any, Any]]  # name -> (r1, r2) in 1/(mM s)

WARN_AWAY, REFUSE_AWAY = 3.0, 15.0  # K from the temperature of a set without activation energies
FADE = 4.0  # K over which a set that stands nearer gives way to one that can be carried


class SecondSphere(NamedTuple):
    """Waters held near the complex without a bond to the ion: they turn with it and leave soon."""

    q: float
    r: float = 3.6e-10  # m
    tau_M: float = 50e-12  # s


class Held(NamedTuple):
    """A complex fixed to a particle: it turns with it, and on its linker about it."""

    tau_R: float  # s, rotation of the particle
    order: float  # squared order parameter: 1 rigid, 0 free
    tau_local: float  # s

    def on(self, bundle: Bundle) -> Bundle:
        """The bundle of the fixed complex; exchange, electron and diffusion stay its own."""
        if self.order <= 0 or self.tau_R <= bundle.tau_R:
            return bundle
        local = min(max(self.tau_local, bundle.tau_R), self.tau_R)
        return dataclasses.replace(bundle, tau_R=self.tau_R, F2=self.order, tau_local=local)


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
            hyperfine=si("hyperfine", 1.0) or 0.0,
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


def blend(bundles: list[Bundle], temperature: float) -> tuple[list[tuple[Bundle, float]], tuple[Flag, ...]]:
    """Sets for a temperature with their weights: the one that was measured there, else one that can be carried.

    A set without activation energies holds within 3 K; where another can be carried, the weight passes to it from 3
    to 7 K, so that nothing jumps. Where none can, the fixed set is used up to 15 K away, with a warning.
    """
    if not bundles:
        raise Refusal("no-set", "no complete parameter set: give one, or a measured relaxivity")

    def away(bundle: Bundle) -> float:
        return abs(bundle.reference - temperature)

    carried = min((b for b in bundles if b.carries), key=away, default=None)
    fixed = min((b for b in bundles if not b.carries), key=away, default=None)
    flags: list[Flag] = []
    if carried is None:
        assert fixed is not None
        far = away(fixed)
        if far > REFUSE_AWAY:
            raise Refusal(
                "temperature",
                f"set '{fixed.name}' holds at {fixed.reference:g} K and has no activation energies: "
                f"{temperature:g} K is {far:.0f} K away",
            )
        if far > WARN_AWAY:
            message = f"set '{fixed.name}' without activation energies used {far:.0f} K from its {fixed.reference:g} K"
            flags.append(Flag("temperature", message, "warn"))
        return [(fixed, 1.0)], tuple(flags)
    weight = 0.0 if fixed is None else float(np.clip(1.0 - (away(fixed) - WARN_AWAY) / FADE, 0.0, 1.0))
    if weight < 1.0 and away(carried) > WARN_AWAY:
        message = f"set '{carried.name}' carried from {carried.reference:g} K by its activation energies"
        flags.append(Flag("carried", message, "note"))
    if fixed is None or weight == 0.0:
        return [(carried, 1.0)], tuple(flags)
    if weight == 1.0:
        return [(fixed, 1.0)], tuple(flags)
    flags.append(Flag("sets-mixed", f"sets '{fixed.name}' and '{carried.name}' mixed between their ranges", "note"))
    return [(fixed, weight), (carried, 1.0 - weight)], tuple(flags)


def choose_set(bundles: list[Bundle], temperature: float) -> tuple[Bundle, tuple[Flag, ...]]:
    """The set that weighs most at a temperature (see `blend`)."""
    sets, flags = blend(bundles, temperature)
    return max(sets, key=lambda pair: pair[1])[0], flags


def parts(
    bundle: Bundle,
    field: Any,
    temperature: float,
    water: float = pm.CONVENTIONAL_WATER,
    second: SecondSphere | None = None,
) -> Parts:
    """Relaxivities of a set at its own temperature and medium, as parts that sum to the whole.

    `inner` and `outer` without the Curie spin; `curie` is what the mean moment adds to both (through exchange);
    `second sphere` where its waters are given.
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
    found = {
        "inner": inner,
        "outer": outer,
        "curie": (both[0] - inner[0] + passing[0], both[1] - inner[1] + passing[1]),
    }
    if second is not None:
        near = pm.inner_sphere_rates.bare(field, second.r, bundle.tau_R, second.tau_M, t1e, t2e, moment2, 0.0, bundle.S)
        found["second sphere"] = pm.exchange.bare(*near, second.tau_M, second.q, 0.0, water)
    return found


def mixed(
    sets: list[tuple[Bundle, float]],
    field: Any,
    temperature: float,
    viscosity: float = 1.0,
    second: SecondSphere | None = None,
    held: Held | None = None,
) -> Parts:
    """Parts of one or more sets at a temperature and viscosity, by their weights; `held` fixes it to a particle."""
    found: Parts = {}
    for bundle, weight in sets:
        here = bundle.at(temperature, viscosity)
        if held is not None:
            here = held.on(here)
        for name, (r1, r2) in parts(here, field, temperature, second=second).items():
            before = found.get(name, (0.0, 0.0))
            found[name] = (before[0] + weight * r1, before[1] + weight * r2)
    return found


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
