"""One function from a formulation and conditions to r1, r2 and r2*, with parts, regime, error and flags.

A formulation relaxes water by its molecule, by its magnetic cores and by the payloads it carries; rates add per
particle, and the sum is given per mol of one metal. Only the model speaks here; `agents.predict` weighs it against
what was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .. import records
from ..concentration import Concentration
from ..formulation import Formulation, load
from ..provenance import Flag, Refusal, merge_flags
from ..showing import shows
from ..units import Q, UnitError, quantities
from . import chelates, measured, molecules, particles
from .media import Surroundings, per_blood, surroundings
from .molecules import Where
from .motion import rotation_time
from .particles import Answer, Error

UNIT = "1/(mM*s)"
LUMEN = ("water",)  # cores that are a lumen: what they carry tumbles freely inside
# A payload on a particle: the order and local motion of gadofosveset on albumin, the one such set held
ASSUMED_ORDER, ASSUMED_LOCAL = 0.5, 0.5e-9
HELD_ERROR = 5.0  # two gold particles with gadolinium: r1 1.0 and 5 times the published
PARAMAGNETIC = ("Gd", "Mn", "Fe", "Tb", "Dy", "Ho", "Er", "Tm", "Eu", "Cr")


@shows("Rates added", "r1", "r2", "r2_star", line="own")
class Rates(NamedTuple):
    """Relaxation rates an agent adds to its surroundings [1/s]."""

    r1: Any
    r2: Any
    r2_star: Any


@shows(
    "{0.formulation.name}, per mM of {0.basis}",
    "r1",
    "r2",
    "r2_star",
    "field [T]",
    "temperature [K]",
    "medium",
    "regime",
    "error",
    "nearest_measured",
)
@dataclass(frozen=True)
class Relaxivity:
    """Relaxivities of one formulation, per mM of `basis`, as quantities; arrays where the field was an array."""

    formulation: Formulation
    basis: str
    field: Any  # T
    temperature: float  # K
    medium: str
    numbers: Mapping[str, Any]  # r1, r2 (None where an echo spacing is missing), r2_star in 1/(mM s)
    named: Mapping[str, tuple[Any, Any]]
    regime: Any
    error: Mapping[str, Error]
    flags: tuple[Flag, ...] = ()
    rows: tuple[measured.Row, ...] = field(default=(), repr=False)

    @property
    def r1(self) -> Any:
        """Longitudinal relaxivity."""
        return Q(self.numbers["r1"], UNIT)

    @property
    def r2(self) -> Any:
        """Transverse relaxivity (spin echo); a Refusal where it depends on an echo spacing that was not given."""
        if self.numbers["r2"] is None:
            raise Refusal(
                "needs-echo-spacing",
                f"{self.formulation.id}: static dephasing; r2 of a spin echo needs echo_spacing=Q(2, 'ms'), or ask "
                "for r2_star",
            )
        return Q(self.numbers["r2"], UNIT)

    @property
    def r2_star(self) -> Any:
        """Transverse relaxivity of the free signal."""
        return Q(self.numbers["r2_star"], UNIT)

    @property
    def parts(self) -> dict[str, dict[str, Any]]:
        """Each source with its r1 and r2; they sum to the whole (r2 to r2_star where echoes refocus)."""
        return {name: {"r1": Q(pair[0], UNIT), "r2": Q(pair[1], UNIT)} for name, pair in self.named.items()}

    @property
    def nearest_measured(self) -> tuple[measured.Row, ...]:
        """Measurements of this formulation that stand nearest to the conditions, best first."""
        middle = float(np.exp(np.mean(np.log(self.field))))
        return measured.nearest(self.rows, middle, self.temperature, self.medium)

    def rate(self, concentration: Concentration) -> Rates:
        """Rates [1/s] that a concentration of this formulation adds; it must say what it counts.

        Parameters
        ----------
        concentration : Concentration
            From `formulation.concentration(value, basis)`; a bare mM does not say of what.
        """
        if not isinstance(concentration, Concentration):
            raise TypeError(
                f"rate takes a Concentration, which says what it counts: write "
                f"agent.concentration('1 mM', '{self.basis}'); bases: {', '.join(self.formulation.bases())}"
            )
        if concentration.formulation.id != self.formulation.id:
            raise ValueError(
                f"a concentration of {concentration.formulation.id} is not one of {self.formulation.id}: "
                "make it with the same formulation"
            )
        metal = concentration.molar(self.basis)
        return Rates(*(None if r is None else Q(r * metal, "1/s") for r in self.numbers.values()))

    def plot(self, ax: Any = None) -> Any:
        """r1 and r2 against field with their stated error and the measured points; returns the axes."""
        from matplotlib import pyplot as plt

        ax = ax if ax is not None else plt.subplots()[1]
        at = np.atleast_1d(self.field)
        for name, colour in (("r1", "C0"), ("r2", "C3")):
            numbers = self.numbers[name] if self.numbers[name] is not None else self.numbers["r2_star"]
            line = np.broadcast_to(numbers, at.shape)
            error = self.error[name]
            low, high = (
                (line / error.factor, line * error.factor)
                if error.factor
                else (line * (1 - error.size), line * (1 + error.size))
            )
            ax.plot(at, line, color=colour, marker="." if at.size == 1 else None, label=f"{name}, model")
            ax.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
            points = [row for row in self.rows if row.quantity == name]
            if points:
                ax.errorbar(
                    [p.field for p in points], [p.number for p in points], yerr=[p.sd or 0.0 for p in points],
                    fmt="o", color=colour, markersize=4, label=f"{name}, measured",
                )  # fmt: skip
        ax.set(xscale="log", yscale="log", xlabel="field [T]", ylabel=f"relaxivity [1/(mM s)] per {self.basis}")
        ax.set_title(f"{self.formulation.name}, {self.temperature - 273.15:.0f} °C, {self.medium}")
        ax.legend(frameon=False)
        return ax


# ------------------------------------------------------------------------------------------------ sources


def sources(formulation: Formulation) -> list[str]:
    """What relaxes water in a formulation: "molecule", "core 0", "payload 0" ..."""
    found = []
    if formulation.molecule is not None and _paramagnetic(formulation.molecule):
        found.append("molecule")
    for i, core in enumerate(formulation.cores):
        material = records.material(core.material)
        if material.magnetic_class != "none" or material.magnetic_ion:
            found.append(f"core {i}")
    for i, payload in enumerate(formulation.payloads):
        if sources(load(payload.agent)):
            found.append(f"payload {i}")
    return found


def _paramagnetic(molecule: Any) -> bool:
    return bool(molecule.chelate) or molecule.metal in PARAMAGNETIC


def relaxing_metal(formulation: Formulation) -> str:
    """The metal relaxivities are counted by: that of the first source, else the formulation's basis."""
    for name in sources(formulation):
        kind, _, index = name.partition(" ")
        if kind == "molecule" and formulation.molecule is not None:
            return formulation.molecule.metal or formulation.basis
        if kind == "core":
            metal = records.material(formulation.cores[int(index)].material).metal
            if metal:
                return metal
        if kind == "payload":
            return relaxing_metal(load(formulation.payloads[int(index)].agent))
    return formulation.basis


def _source(name: str, f: Formulation, where: Where) -> tuple[Answer, float]:
    """One source's answer per its own metal, and how many of that metal one particle or molecule holds in it."""
    at, temperature, medium = where.field, where.temperature, where.medium
    kind, _, index = name.partition(" ")
    if kind == "molecule":
        assert f.molecule is not None
        answer = molecules.answer(f, where)
        return answer, f.atoms(answer.metal)
    if kind == "core":
        core = f.cores[int(index)]
        material = records.material(core.material)
        if material.magnetic_class == "paramagnet" or material.magnetic_ion:
            answer = particles.rare_earth(f, core, material, at, temperature, medium.viscosity, where.anchored)
        else:
            spacing, amount = where.echo_spacing, where.concentration or 0.0
            answer = particles.iron(f, core, material, at, temperature, medium.viscosity, spacing, amount)
        atoms = core.mean_volume * core.per_particle.number * 1e-27 / particles.molar_volume(material) * 6.02214076e23
        flags = answer.flags + medium.flags
        if medium.id == "blood":
            message = "relaxation by particles in whole blood is not linear in concentration (ferumoxytol: measured)"
            flags += (Flag("nonlinear", message, "warn"),)
        return answer._replace(flags=flags), atoms
    payload = f.payloads[int(index)]
    carried = load(payload.agent)
    held = _held(f, payload, temperature, medium.viscosity)
    inside = evaluate(carried, *where._replace(held=held))
    count = f.carried(payload)
    if held is None or carried.molecule is None:
        message = (
            f"{payload.agent} relaxes as when dissolved: slower tumbling on the particle and the way of water to it "
            "are not modelled"
        )
        flag, factor = Flag("payload-free", message, "warn"), 3.0
    else:
        guessed = "assumed as for a chelate on albumin" if payload.order is None else "of the record"
        message = (
            f"{payload.agent} turns with the particle in {1e9 * held.tau_R:.3g} ns (squared order {held.order:g}, own "
            f"motion in {1e9 * held.tau_local:.2g} ns, {guessed}); whether water reaches all of it is not known"
        )
        flag, factor = Flag("payload-held", message, "warn"), HELD_ERROR
    loose = {key: Error(factor=factor, why=flag.code) for key in inside.error}
    numbers = inside.numbers
    answer = Answer(
        inside.basis, dict(inside.named), numbers["r1"], numbers["r2"], numbers["r2_star"], inside.regime,
        (*inside.flags, flag), loose,
    )  # fmt: skip
    return answer, count * carried.atoms(inside.basis)


def _held(f: Formulation, payload: Any, temperature: float, viscosity: float) -> chelates.Held | None:
    """How a payload is fixed: as its record says, else to any solid core; free in a lumen of water."""
    if payload.order is None and (not f.cores or f.cores[0].material in LUMEN):
        return None
    order = ASSUMED_ORDER if payload.order is None else payload.order.number
    if order <= 0 or not (f.cores or f.hydrodynamic_diameter):
        return None
    if f.hydrodynamic_diameter is not None:
        size = f.hydrodynamic_diameter.number
    else:
        walls = sum(shell.thickness.number for shell in f.shells if shell.thickness is not None)
        size = particles.equivalent_diameter(f.cores[0])[0] + 2.0 * walls
    local = ASSUMED_LOCAL if payload.tau_local is None else payload.tau_local.number * 1e-9
    return chelates.Held(float(rotation_time.bare(size, temperature, viscosity)), order, local)


def evaluate(
    f: Formulation, at: Any, temperature: float, medium: Surroundings, echo: float | None = None,
    agent: float | None = None, anchored: bool = False, second: chelates.SecondSphere | None = None,
    held: chelates.Held | None = None,
) -> Relaxivity:  # fmt: skip
    """The model's answer in plain numbers: field(s) in T, temperature in K, echo spacing in s, agent in mmol/L."""
    numbers: dict[str, Any]
    names = sources(f)
    if not names:
        raise Refusal("not-magnetic", f"{f.id} holds nothing that relaxes water: no chelate, magnetic core or payload")
    cells = medium.cells
    inside = agent if agent is None or cells is None else agent / (1.0 - cells.haematocrit)
    where = Where(at, temperature, medium._replace(cells=None), echo, inside, anchored, second, held)
    answers = [_source(name, f, where) for name in names]
    basis = answers[0][0].metal
    atoms = sum(count for answer, count in answers if answer.metal == basis)
    if len(answers) == 1:
        answer = answers[0][0]
        numbers = {"r1": answer.r1, "r2": answer.r2, "r2_star": answer.r2_star}
        named: dict[str, tuple[Any, Any]] = answer.parts
        regime, error, flags = answer.regime, answer.error, answer.flags
    else:
        numbers, named = {"r1": 0.0, "r2": 0.0, "r2_star": 0.0}, {}
        for name, (answer, count) in zip(names, answers, strict=True):
            share = count / atoms
            for key, value in (("r1", answer.r1), ("r2", answer.r2), ("r2_star", answer.r2_star)):
                missing = numbers[key] is None or value is None
                numbers[key] = None if missing else numbers[key] + share * np.asarray(value)
            named |= {f"{name}: {part}": (share * a, share * b) for part, (a, b) in answer.parts.items()}
        worst = max((answer for answer, _ in answers), key=lambda a: a.error["r1"].size)
        error, regime = worst.error, answers[0][0].regime
        message = "no interaction modelled: rates of the parts add"
        flags = merge_flags(*(a.flags for a, _ in answers), (Flag("no-interaction", message, "warn"),))
    if cells is not None:
        numbers, named = _in_blood(numbers, named, cells, temperature, agent)
    rows = measured.rows(f, basis)
    flags = (*flags, *measured.doubts(f, basis))
    return Relaxivity(f, basis, at, temperature, medium.id, numbers, named, regime, error, merge_flags(flags), rows)


def _in_blood(
    numbers: dict[str, Any], named: dict[str, tuple[Any, Any]], cells: Any, temperature: float, agent: float | None
) -> tuple[dict[str, Any], dict[str, tuple[Any, Any]]]:
    """Relaxivities of the plasma per litre of blood: all parts by the factor their sum takes."""

    def share(name: str) -> Any:
        whole = numbers[name] if numbers[name] is not None else numbers["r2_star"]
        return per_blood(whole, cells, temperature, agent) / whole

    factor = {name: share(name) for name in numbers}
    changed = {name: None if value is None else value * factor[name] for name, value in numbers.items()}
    return changed, {name: (r1 * factor["r1"], r2 * factor["r2"]) for name, (r1, r2) in named.items()}


@quantities(
    None,
    field=("T", 1e-5, 30, "static magnetic field"),
    temperature=("K", 273.15, 373.15, "temperature"),
    concentration=("mmol/L", 0, 1000, "of the relaxing metal; needed by albumin binders and echoes of large particles"),
    echo_spacing=("s", 1e-6, 10, "time between two spin echoes"),
)
def relaxivity(
    agent, field, temperature=310.15, medium="water", concentration=None, echo_spacing=None, second_sphere=None
):
    """Relaxivities of a formulation by its model, per mM of its relaxing metal.

    Chelates: Solomon-Bloembergen-Morgan inner sphere with exchange, Freed outer sphere, Curie spin. Iron oxide:
    Roch-Muller-Gillis with the transverse regimes. Lanthanide particles: induced core moment and surface ions.

    Other Parameters
    ----------------
    agent : Formulation or str
        A formulation or the id of one in the catalogue.
    medium : str
        "water", "plasma", "blood", ... (a record of the catalogue, or one of its other names).
    second_sphere : chelates.SecondSphere, optional
        Waters held near a chelate without a bond to its ion: number, distance [m] and residence time [s].

    Returns
    -------
    Relaxivity
        .r1 .r2 .r2_star .parts .regime .flags .error .nearest_measured .rate(c) .plot()

    Raises
    ------
    Refusal
        The model does not apply, or lacks what it needs; the message says what to give.

    Notes
    -----
    Each answer declares its error: 10 % for chelates in water near 37 degC from 1.4 T, 25 % elsewhere; factors for
    iron oxide and lanthanide particles, by class (`.error` says why). A dilute agent; static dephasing and payloads
    are flagged.

    References
    ----------
    I. Solomon, Phys. Rev. 99, 559 (1955), doi:10.1103/PhysRev.99.559; A. Roch, R. N. Muller, P. Gillis,
    J. Chem. Phys. 110, 5403 (1999), doi:10.1063/1.478435; L.-P. Hwang, J. H. Freed, J. Chem. Phys. 63, 4017 (1975),
    doi:10.1063/1.431841

    Examples
    --------
    >>> found = relaxivity("gadoterate", "1.5 T")
    >>> print(f"{found.r1:.2f~C}, {found.r2:.2f~C}")
    3.23 1/mM/s, 3.72 1/mM/s
    """
    if not np.all((np.asarray(field) >= 0.999e-5) & (np.asarray(field) <= 30)):
        raise Refusal("field", "the models hold from 1e-5 T (0.01 mT) to 30 T")
    if np.ndim(temperature) or not 273.15 <= temperature <= 373.15:
        given = f", not at {temperature:.5g} K" if not np.ndim(temperature) else ""
        hint = (
            f": {temperature:g} degC is Q({temperature:g}, 'degC')"
            if not np.ndim(temperature) and 0 <= temperature <= 100
            else ""
        )
        raise Refusal("temperature", f"the models hold for one temperature from 0 to 100 degC{given}{hint}")
    if not isinstance(medium, str):
        raise UnitError("medium is a name such as 'water' or 'plasma'")
    return evaluate(
        load(agent), field, temperature, surroundings(medium), echo_spacing, concentration, False, second_sphere
    )
