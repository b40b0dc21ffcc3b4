"""Parameters of a formulation from measurements of it, in any modality, with intervals; and the record they make.

    cp.calibrate("spion-18nm", {"field": Q([0.47, 1.41, 3], "T"), "r2": Q([95, 110, 120], "1/(mM*s)"), "sd": ...},
                 free=["core.diameter"])

The model that is fitted is the room's own `predict` with `use_measured=False`: it never sees what it is scored
against. Measured rows of the record that were used are marked, so that no validation counts them.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import records
from . import study as studies
from .files import write_whole
from .formulation import Formulation, load
from .measurements import CONDITIONS, OWN, OWN_UNITS, QUANTITIES, Point, points_of
from .mistakes import near
from .parameters import CATALOGUE, Parameter, changed, find, number, put, wrong
from .parts import Amount
from .points import told
from .provenance import Refusal, Value
from .showing import Page, digits, entry, shows
from .study import Study
from .units import Q, magnitude
from .wording import significant
from .writing import record_text

USED = "used in a fit"


def _fit_page(fit: Calibration) -> Page:
    lines = [(name, entry(value), f"{fit.confidence:.0%} interval") for name, value in fit.parameters.items()]
    kind = "chi squared" if fit.known_sd else "sum of squares"
    lines.append((kind, digits(fit.chi2), f"{fit.freedom} degrees of freedom"))
    return Page(f"{fit.agent.name}: fitted to {len(fit.points)} points", lines, note="\n".join(fit.notes))


@shows("Calibration of {0.agent.name}", of=_fit_page)
@dataclass(frozen=True)
class Calibration:
    """What a fit gave: the calibrated agent, its parameters with intervals, and how well it fits.

    `parameters` holds a Value each, `low` and `high` bounding it at the stated confidence; `intervals` the same
    bounds as quantities; `correlation` is in the order of the parameters.
    """

    agent: Formulation
    parameters: Mapping[str, Value]
    correlation: np.ndarray
    confidence: float
    points: tuple[Point, ...]
    model: np.ndarray
    chi2: float
    known_sd: bool
    notes: tuple[str, ...] = ()
    components: Mapping[tuple[str, str], Any] = field(default_factory=dict)  # calibrated records of the catalogue

    @property
    def study(self) -> Study:
        """The calibrated agent with the calibrated records of the catalogue, ready to compare."""
        return Study((self.agent,), title=self.agent.name, components=self.components)

    @property
    def intervals(self) -> dict[str, tuple[Any, Any]]:
        """Bounds of every parameter at the stated confidence."""
        found = {}
        for name, value in self.parameters.items():
            unit = "" if value.unit == "1" else value.unit
            found[name] = (Q(value.low, unit), Q(value.high, unit))
        return found

    @property
    def residuals(self) -> np.ndarray:
        """Measured less fitted, in the measurement's unit."""
        return np.array([p.value for p in self.points]) - self.model

    @property
    def freedom(self) -> int:
        """Points less parameters."""
        return len(self.points) - len(self.parameters)

    def table(self) -> str:
        """Parameters with intervals, correlations that matter, and the quality of the fit."""
        lines = [f"{self.agent.id}: {len(self.points)} points, {len(self.parameters)} parameters"]
        for name, v in self.parameters.items():
            unit = "" if v.unit == "1" else f" {v.unit}"
            low, high = significant(v.low or 0.0, 4), significant(v.high or 0.0, 4)
            lines.append(f"  {name} = {significant(v.number, 4)}{unit} ({low} to {high} at {self.confidence:.0%})")
        names = list(self.parameters)
        for i in range(len(names)):
            for j in range(i):
                if abs(self.correlation[i, j]) > 0.5:
                    lines.append(f"  correlation of {names[j]} and {names[i]}: {self.correlation[i, j]:.2f}")
        kind = "chi2" if self.known_sd else "sum of squares"
        lines.append(f"  {kind} {self.chi2:.4g} with {self.freedom} degrees of freedom")
        return "\n".join([*lines, *(f"  note: {n}" for n in self.notes)])

    def plot(self, ax: Any = None) -> Any:
        """Residuals, in standard deviations where these are known; returns the matplotlib Axes."""
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(figsize=(6, 3), layout="constrained")
        varied = next((k for k in CONDITIONS if len({dict(p.conditions).get(k) for p in self.points}) > 1), "")
        if not varied and len({dict(p.conditions).get("concentration") for p in self.points}) > 1:
            varied = "concentration"
        x = [dict(p.conditions)[varied] if varied else i for i, p in enumerate(self.points)]
        spread = np.array([p.sd if p.sd is not None else 1.0 for p in self.points])
        ax.axhline(0, color="0.6", linewidth=0.8)
        ax.plot(x, self.residuals / spread, "o")
        ax.set_xlabel(f"{varied} [{CONDITIONS.get(varied, 'mmol/L')}]" if varied else "point")
        quantity = self.points[0].quantity
        unit = "standard deviations" if self.known_sd else QUANTITIES[quantity][1]
        ax.set_ylabel(f"residual of {quantity}\n[{unit}]")
        return ax

    def toml(self) -> str:
        """The calibrated record as TOML, ready for a study."""
        lines = [f"# {line.strip()}" for line in self.table().splitlines()]
        return "\n".join(lines) + "\n" + record_text(self.agent)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the calibrated record; records of the catalogue go into its folders beside it (`--materials`)."""
        write_whole(Path(path), self.toml())
        for (folder, name), record in self.components.items():
            target = Path(path).parent / folder / f"{name}.toml"
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, record_text(record))

    def __str__(self) -> str:
        return self.table()


# --------------------------------------------------------------------------------------------- the model


def answers(agent: Formulation, points: Sequence[Point], own: Mapping[str, float]) -> np.ndarray:
    """What the model says of every point; the radii of one trace come from one simulation."""
    found = np.empty(len(points))
    traced = [i for i, point in enumerate(points) if point.quantity == "radius"]
    for i, point in enumerate(points):
        if point.quantity != "radius":
            found[i] = modelled(agent, point, own)
    if traced:
        from .ultrasound.recordings import radii

        given = {"rest_radius": own["rest_radius"]} if "rest_radius" in own else {}
        moved = radii(agent, [{**dict(points[i].conditions), **given} for i in traced])
        found[traced] = moved * own.get("scale", 1.0) + own.get("offset", 0.0)
    return found


def modelled(agent: Formulation, point: Point, own: Mapping[str, float]) -> float:
    """What the model says of one point; `own` are parameters of the measurement itself."""
    modality = QUANTITIES[point.quantity][0]
    conditions = dict(point.conditions)
    quantity, factor = point.quantity, own.get("scale", 1.0)
    if "echo_spacing" in conditions:
        conditions["echo_spacing"] *= 1e-3
    if quantity == "absorbance":
        amount = own.get("concentration", conditions.pop("concentration", None))
        conditions.pop("concentration", None)
        if amount is None:
            raise wrong("calibrate", "absorbance of which concentration?", "give a column concentration, or free it")
        factor *= agent.concentration(Q(amount, "mmol/L"), agent.basis).entities * conditions.pop("path", 1.0)
        quantity = "molar_extinction"
    elif "concentration" in own:
        conditions["concentration"] = own["concentration"]
    found = studies.room(modality).predict(agent, quantity, conditions, use_measured=False)
    return found.number * factor + own.get("offset", 0.0)


# ----------------------------------------------------------------------------------------------- the door


def calibrate(
    agent: Any,
    measurements: Any = None,
    free: Sequence[str] = (),
    *,
    confidence: float = 0.95,
    profile: bool = False,
    start: Mapping[str, Any] | None = None,
) -> Calibration:
    """Parameters of a formulation from measurements of it.

    Parameters
    ----------
    agent : Formulation or catalogue id
    measurements : dict, CSV path, list of measured rows, or None
        Columns: one measured quantity (r1, r2, hu, absorbance, attenuation, ...), its conditions (field, kvp,
        wavelength, frequency, concentration, ...) and `sd` where it is known. None takes the record's own rows.
        The trace of one bubble is `radius` against `time`, with `rest_radius` and the drive: `frequency`,
        `pressure_amplitude` (positive begins with rarefaction), `cycles` and `envelope`, or a `pulse`; in water
        if no `medium` is given.
    free : list of str
        Paths of the formulation's parameters ("core.diameter", "gas.shell.chi"), and of the measurement:
        "scale", "offset", "concentration" (mmol/L of the formulation's basis; 1/mL for bubbles) and "rest_radius".
    confidence : float
        Of the intervals.
    profile : bool
        Intervals by following chi2, slower, for parameters whose error is not symmetric.
    start : dict
        Where to start, where the record's own value is far off.

    Returns
    -------
    Calibration

    Notes
    -----
    Least squares (Levenberg-Marquardt). With `sd` the errors are taken as known, and intervals are normal; without,
    the scatter of the points sets them, with Student's t.

    Examples
    --------
    >>> iodine = load("iohexol")
    >>> hu = {"kvp": "120 kV", "concentration": Q([1.0, 2.0, 4.0, 8.0], "mg/mL"),
    ...       "hu": Q([24.0, 51.0, 99.0, 201.0], "HU"), "basis": "I"}
    >>> found = calibrate(iodine, hu, free=["scale"])
    >>> 0.8 < found.parameters["scale"].number < 1.2
    True
    """
    import lmfit

    formulation = load(agent)
    points = points_of(measurements, formulation)
    if not free:
        raise wrong("calibrate", "nothing is free", "write free = ['core.diameter']")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}: write a share such as 0.95")
    study = Study((formulation,))
    begin = dict(start or {})
    stated = next((c["rest_radius"] for c in (dict(p.conditions) for p in points) if "rest_radius" in c), None)
    if stated is not None:
        begin.setdefault("rest_radius", Q(stated, "um"))
    freed = _freed(study, free, formulation, begin)
    if not points:
        raise wrong("calibrate", "no point to fit", f"give one of {', '.join(QUANTITIES)}")
    if len(points) < len(freed):
        raise wrong("calibrate", f"{len(points)} points for {len(freed)} parameters", "free fewer, or measure more")
    spreads = [p.sd for p in points]
    known = all(s is not None for s in spreads)
    if not known and any(s is not None for s in spreads):
        raise wrong("calibrate", "sd is given for some points only", "give it for all, or for none")
    measured = np.array([p.value for p in points])
    weight = 1 / np.array([s if s is not None else 1.0 for s in spreads])

    def model(x: Mapping[str, float]) -> np.ndarray:
        own = {n: v for n, v in x.items() if n in OWN}
        values = {p: Value(x[name], p.unit) for name, (p, _, _, _) in freed.items() if p is not None}
        made = changed(study, values, same_probe=True) if values else study
        with records.using(made.components):
            return answers(made.formulations[0], points, own)

    guess = {name: f[1] for name, f in freed.items()}
    try:
        model(guess)
    except Refusal as error:
        raise Refusal(error.flag.code, f"the model gives no number to start from: {error}") from None
    scales = {name: abs(value) or 1.0 for name, value in guess.items()}
    fitted = lmfit.Parameters()
    names = {f"p{i}": name for i, name in enumerate(freed)}
    for short, name in names.items():
        _, value, low, high = freed[name]
        s = scales[name]
        fitted.add(short, value / s, min=low / s, max=high / s)

    def residual(p: Any) -> np.ndarray:
        x = {name: p[short].value * scales[name] for short, name in names.items()}
        try:
            return (model(x) - measured) * weight
        except (Refusal, ValueError, ArithmeticError):
            return np.full(len(points), 1e6)

    fitter = lmfit.Minimizer(residual, fitted, scale_covar=not known, nan_policy="raise")
    rough = any(p.quantity == "radius" for p in points)  # an integrator's error is not smooth: differ by more than it
    result = fitter.minimize(method="leastsq", epsfcn=1e-6 if rough else 1e-10, ftol=1e-12, xtol=1e-12)
    return _calibrated(
        formulation, study, freed, names, scales, result, fitter, points, known, confidence, profile, model
    )  # fmt: skip


def _freed(
    study: Study, free: Sequence[str], formulation: Formulation, start: dict[str, Any]
) -> dict[str, tuple[Parameter | None, float, float, float]]:
    """Every free parameter with its start and bounds."""
    freed: dict[str, tuple[Parameter | None, float, float, float]] = {}
    for name in [free] if isinstance(free, str) else free:
        if name in freed:
            raise wrong("calibrate", f"'{name}' is named twice", "name it once")
        if name in OWN:
            first, low, high = OWN[name]
            unit = OWN_UNITS.get(name, "1")
            if name == "concentration":
                unit, first = _stock(formulation)
            first = float(magnitude(start[name], unit, name)) if name in start and name != "offset" else first
            freed[name] = (None, float(start[name]) if name in start and name == "offset" else first, low, high)
            continue
        try:
            parameter = find(study, name)
        except ValueError as error:
            if near(name, OWN):
                raise wrong("calibrate", f"no parameter '{name[:60]}'", near(name, OWN)) from None
            raise error
        if not parameter.numeric:
            raise wrong("calibrate", f"'{name}' is no number", "free parameters with a unit")
        held_value = parameter.held[0] if isinstance(parameter.held, tuple) else parameter.held
        if name in start:
            value = number(parameter, start[name]).number
        elif isinstance(held_value, Value):
            value = held_value.number
        else:
            raise wrong("calibrate", f"'{name}' has no value to start from", f"write start = {{'{name}': '...'}}")
        freed[name] = (parameter, value, parameter.spec.low, parameter.spec.high)
    return freed


def _stock(formulation: Formulation) -> tuple[str, float]:
    """Unit a free concentration is in, and the stock's as a start."""
    held = None
    if formulation.stock is not None:
        held = formulation.concentration(formulation.stock.value.quantity, formulation.stock.basis)
    if formulation.gas is not None:
        return "1/mL", held.per_millilitre if held is not None else 1e6
    return "mmol/L", held.molar(formulation.basis) if held is not None else 1.0


def _calibrated(
    formulation: Formulation, study: Study, freed: Mapping[str, tuple[Parameter | None, float, float, float]],
    names: Mapping[str, str], scales: Mapping[str, float], result: Any, fitter: Any, points: list[Point], known: bool,
    confidence: float, profile: bool, model: Any,
) -> Calibration:  # fmt: skip
    """The result of a fit with intervals and the record it makes."""
    from scipy.stats import norm, t

    notes = []
    count = len(names)
    reach = norm.ppf(0.5 + confidence / 2) if known else t.ppf(0.5 + confidence / 2, max(1, len(points) - count))
    if not known and len(points) == count:
        notes.append("as many points as parameters: no interval can be given")
    correlation = np.eye(count)
    if result.covar is not None:
        sd = np.sqrt(np.diag(result.covar))
        with np.errstate(all="ignore"):
            correlation = np.where(np.outer(sd, sd) > 0, result.covar / np.outer(sd, sd), np.eye(count))
    else:
        notes.append("the points do not determine every parameter: no interval can be given")
    ranges = _profiled(fitter, result, confidence, known, notes) if profile and result.covar is not None else {}
    parameters: dict[str, Value] = {}
    x: dict[str, float] = {}
    for short, name in names.items():
        found, s = result.params[short], scales[name]
        x[name] = float(found.value * s)
        parameter = freed[name][0]
        unit = parameter.unit if parameter is not None else _own_unit(name, formulation, points)
        spread = None if found.stderr is None or not math.isfinite(found.stderr) else float(found.stderr * s)
        if found.value - found.min < 1e-6 * (1 + abs(found.min)) or found.max - found.value < 1e-6 * (
            1 + abs(found.max)
        ):
            notes.append(f"{name} lies at its bound")
        low, high = (x[name] - reach * spread, x[name] + reach * spread) if spread is not None else (None, None)
        if short in ranges:
            low, high = (b * s for b in ranges[short])
        source = f"fitted to {len(points)} points ({', '.join(dict.fromkeys(p.quantity for p in points))})"
        parameters[name] = Value(x[name], unit, spread, low, high, source=source, status="fitted", letter="C")
    agent, components = _record(formulation, study, freed, parameters, points)
    fitted = model(x)
    chi2 = float(np.sum(result.residual**2))
    return Calibration(agent, parameters, correlation, confidence, tuple(points), fitted, chi2, known, tuple(notes),
                       components)  # fmt: skip


def _profiled(
    fitter: Any, result: Any, confidence: float, known: bool, notes: list[str]
) -> dict[str, tuple[float, float]]:  # fmt: skip
    """Bounds of every parameter from the rise of chi2, with the others fitted anew."""
    import lmfit
    from scipy.stats import chi2

    def share(best: Any, new: Any) -> float:
        return float(chi2.cdf(new.chisqr - best.chisqr, 1))

    try:
        found = lmfit.conf_interval(fitter, result, sigmas=[confidence], prob_func=share if known else None)
    except Exception as error:  # lmfit has no class of its own for a profile that does not close
        notes.append(f"no profile intervals: {told(error)}")
        return {}
    return {short: (rows[0][1], rows[-1][1]) for short, rows in found.items()}


def _own_unit(name: str, formulation: Formulation, points: list[Point]) -> str:
    if name == "concentration":
        return "1/mL" if formulation.gas is not None else "mmol/L"
    return QUANTITIES[points[0].quantity][1] if name == "offset" else OWN_UNITS.get(name, "1")


def _record(
    formulation: Formulation, study: Study, freed: Mapping[str, tuple[Parameter | None, float, float, float]],
    parameters: Mapping[str, Value], points: list[Point],
) -> tuple[Formulation, Mapping[tuple[str, str], Any]]:  # fmt: skip
    """The record with its fitted numbers and the rows that were used marked; and fitted records of the catalogue."""
    made = study
    for name, value in parameters.items():
        parameter = freed[name][0]
        if parameter is not None:
            inside = value.with_(
                low=None if value.low is None else max(value.low, parameter.spec.low),
                high=None if value.high is None else min(value.high, parameter.spec.high),
            )
            made = changed(made, {parameter: inside}, same_probe=True)
            made = _dressed(made, parameter, inside)
    agent = made.formulations[0]
    rows = {p.row for p in points if p.row is not None}
    if rows:
        marked = tuple(
            dataclasses.replace(r, note=f"{r.note}; {USED}".lstrip("; ")) if i in rows else r
            for i, r in enumerate(agent.measured)
        )
        agent = dataclasses.replace(agent, measured=marked)
    if "concentration" in parameters:
        value = parameters["concentration"]
        basis = agent.entity if agent.gas is not None else agent.basis
        if agent.gas is not None:
            agent = dataclasses.replace(
                agent, gas=dataclasses.replace(agent.gas, concentration=value.with_(low=None, high=None))
            )
        else:
            agent = dataclasses.replace(agent, stock=Amount(value=value.with_(low=None, high=None), basis=basis))
    return agent, made.components


def _dressed(study: Study, parameter: Parameter, value: Value) -> Study:
    """A study with a Value as it is, with its spread, source and status, at the end of a parameter's way."""
    head, i, *way = parameter.keys
    if head not in ("formulations", CATALOGUE):
        return study
    kept = value.with_(low=None, high=None) if value.sd is not None else value
    held = (kept,) if parameter.spec.many else kept
    if head == CATALOGUE:
        record = put(study.components[i], tuple(way), held)
        return dataclasses.replace(study, components={**study.components, i: record})
    formulation = put(study.formulations[i], tuple(way), held)
    return dataclasses.replace(study, formulations=(*study.formulations[:i], formulation, *study.formulations[i + 1 :]))
