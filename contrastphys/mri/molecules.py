"""What a dissolved molecule gives: its parameter sets at the conditions, free and on albumin, or held on a particle."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from .. import records
from ..formulation import Formulation
from ..provenance import Flag, Refusal, merge_flags
from . import chelates
from .media import Surroundings, bound_fraction
from .particles import Answer, Error

# K times albumin below which a tenth to a third is bound and 1 mM of agent changes r1 by less than its stated error
WEAK_BINDING = 0.5
THIN = 1e-6  # mmol/L, where no concentration is given


class Where(NamedTuple):
    """The conditions a model is asked for, in plain numbers."""

    field: Any  # T
    temperature: float  # K
    medium: Surroundings
    echo_spacing: float | None = None  # s
    concentration: float | None = None  # mmol/L of the relaxing metal
    anchored: bool = False  # the shape with field is wanted, to scale a measurement
    second_sphere: chelates.SecondSphere | None = None
    held: chelates.Held | None = None  # where the molecule is fixed to a particle


def chelate_error(bundle: chelates.Bundle, at: Any, temperature: float, medium: Surroundings) -> dict[str, Error]:
    """The error to state for a set at fields, a temperature and in a medium."""
    if bundle.status == "fitted":
        one = Error(
            0.25, None, f"set '{bundle.name}' was fitted to published relaxivities: no error claimed, 25 % shown"
        )
        return {"r1": one, "r2": one, "r2_star": one}
    lowest = float(np.min(at))
    near = abs(bundle.reference - temperature) <= chelates.WARN_AWAY and bundle.reference > 305
    size, why = (0.10, "chelates in water at 37 degC, 1.5 T and above") if lowest >= 1.4 and near else (0.25, "")
    if not why:
        why = "chelates below 1.5 T" if near else "chelate sets away from 37 degC"
    if medium.error:
        size, why = max(size, medium.error), f"water model carried to {medium.id} by viscosity"
    return {name: Error(size, None, why) for name in ("r1", "r2", "r2_star")}


def answer(formulation: Formulation, where: Where) -> Answer:
    """Relaxivities of a formulation's molecule: free, on albumin by its isotherm, or held on a particle."""
    at, temperature, medium, agent = where.field, where.temperature, where.medium, where.concentration
    molecule = formulation.molecule
    assert molecule is not None
    if not molecule.chelate:
        raise Refusal("no-parameters", f"{formulation.id}: no relaxation parameters; only measured values answer")
    record = records.chelate(molecule.chelate)
    ion = records.ions().get(record.ion)
    if ion is None:
        raise Refusal("ion", f"{record.id}: no ion '{record.ion}' in the table of ions")
    free: list[chelates.Bundle] = []
    bound: list[chelates.Bundle] = []
    for entry in record.sets:
        try:
            (bound if "bound" in entry.name else free).append(chelates.Bundle.of(entry, ion))
        except Refusal:
            continue
    affinity = molecule.albumin_affinity
    flags: tuple[Flag, ...] = ()
    if not free:
        free, more = _borrowed(record, ion, bound)
        flags += more
    sets, more = chelates.blend(free, temperature)
    flags += more
    bundle = max(sets, key=lambda pair: pair[1])[0]
    here = bundle.at(temperature, medium.viscosity)
    if where.held is not None:
        here = where.held.on(here)
    named = chelates.mixed(sets, at, temperature, medium.viscosity, where.second_sphere, where.held)
    flags += chelates.validity(here, at) + medium.flags
    error = chelate_error(bundle, at, temperature, medium)
    if affinity is not None and medium.albumin and not bound:
        message = f"{formulation.id} binds to albumin and has no bound parameter set: the free complex is shown"
        flags += (Flag("albumin", message, "warn"),)
    if bound and affinity is not None and medium.albumin:
        if agent is None and affinity.number * medium.albumin > WEAK_BINDING:
            raise Refusal(
                "needs-concentration",
                f"{formulation.id} binds to albumin: its relaxivity in {medium.id} depends on concentration; give "
                "concentration=Q(0.1, 'mM')",
            )
        slow, _ = chelates.choose_set(bound, temperature)
        there = slow.at(temperature)
        share = float(bound_fraction.bare(affinity.number, agent or THIN, medium.albumin))
        tight = chelates.parts(there, at, temperature)
        named = {name: ((1 - share) * a, (1 - share) * b) for name, (a, b) in named.items()}
        named |= {f"bound {name}": (share * a, share * b) for name, (a, b) in tight.items()}
        flags += chelates.validity(there, at)
        amount = "while it is thin: no concentration given" if agent is None else f"at {agent:.3g} mM of agent"
        flags += (Flag("albumin", f"{100 * share:.0f} % bound to albumin {amount}", "note"),)
        if slow.status == "fitted":
            error = chelate_error(slow, at, temperature, medium)
    r1, r2 = chelates.total(named)
    return Answer(molecule.metal, named, r1, r2, r2, "inner and outer sphere", merge_flags(flags), error)


def _borrowed(record: Any, ion: Any, bound: list[chelates.Bundle]) -> tuple[list[chelates.Bundle], tuple[Flag, ...]]:
    """A free complex whose set lacks exchange and electron times takes those of its bound form, and says so."""
    for entry in record.sets:
        if "bound" not in entry.name and entry.tau_R is not None and bound:
            other = bound[0]
            made = dataclasses.replace(
                other, name=entry.name, tau_R=entry.tau_R.number * 1e-12, a=entry.a.number * 1e-10, D=entry.D.number,
                F2=1.0, tau_local=None, status="assumed",
            )  # fmt: skip
            message = "exchange and electron times of the bound form taken for the free complex"
            return [made], (Flag("borrowed", message, "warn"),)
    raise Refusal("no-set", f"{record.id}: no complete parameter set; only measured values answer")
