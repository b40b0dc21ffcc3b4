"""Fit a few parameters of an agent's model to its own measured relaxivities.

A core is fitted by its diameter, magnetisation and size spread, a chelate by its rotation and residence times: what a
measurement at one or two fields can tell. Rows that were fitted are kept with the result and are never scored. Every
parameter is positive and fitted on a logarithmic scale; intervals are the profile of chi squared where points are left
over, and the curvature at the best fit where there are as many points as parameters.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import records
from ..files import read_csv
from ..formulation import Formulation, load
from ..parts import Measured
from ..provenance import Refusal, Value
from ..showing import shows
from . import chelates, measured
from .media import surroundings
from .model import evaluate, relaxing_metal

# free parameter -> (unit shown, lowest, highest)
CORE = {"diameter": ("nm", 1.0, 60.0), "saturation_magnetisation": ("A/m", 1e4, 1e6), "sigma_ln": ("1", 0.01, 0.6)}
CHELATE = {"tau_R": ("ps", 5.0, 1e6), "tau_M": ("ns", 0.1, 1e6), "q": ("1", 0.2, 9.0)}
EXACT = 1e-6  # chi squared below which every point is met and no better fit is looked for
WITHOUT_SD = 0.07  # relative spread taken where a measurement states none: that between studies of one agent


@shows("{0.agent.name}: fitted model", "parameters", "intervals", "used", "chi_squared")
@dataclass(frozen=True)
class Calibration:
    """An agent whose model was fitted to measurements."""

    agent: Formulation
    parameters: Mapping[str, Value]
    intervals: Mapping[str, tuple[float, float]]
    used: tuple[measured.Row, ...]
    chi_squared: float
    model: Callable[[Any, float, str], Mapping[str, Any]]

    def predict(self, quantity: str, conditions: Mapping[str, Any]) -> Value:
        """r1, r2 or r2_star of the fitted model, status "fitted"; 10 % inside the fitted fields, 25 % outside."""
        field = float(conditions["field"])
        numbers = self.model(
            field, float(conditions.get("temperature", 310.15)), str(conditions.get("medium", "water"))
        )
        low, high = min(r.field for r in self.used), max(r.field for r in self.used)
        inside = low * 0.98 <= field <= high * 1.02
        source = f"model fitted to {len(self.used)} measurements at {low:g} to {high:g} T"
        value = Value(float(numbers[quantity]), measured.UNIT, source=source, status="fitted", letter="S")
        return value.with_error(0.10 if inside else 0.25)

    def plot(self, ax: Any = None) -> Any:
        """Fitted r1 and r2 against field with the points they were fitted to; returns the axes."""
        from matplotlib import pyplot as plt

        ax = ax if ax is not None else plt.subplots()[1]
        fields = np.geomspace(min(r.field for r in self.used) / 5, max(r.field for r in self.used) * 5, 80)
        here = self.used[0]
        temperature, medium = here.temperature or 310.15, here.medium or "water"
        for name, colour in (("r1", "C0"), ("r2", "C3")):
            ax.plot(fields, self.model(fields, temperature, medium)[name], color=colour, label=f"{name}, fitted model")
            points = [row for row in self.used if row.quantity == name]
            if points:
                ax.errorbar(
                    [p.field for p in points], [p.number for p in points],
                    yerr=[p.sd or WITHOUT_SD * p.number for p in points], fmt="o", color=colour, label=f"{name}, used",
                )  # fmt: skip
        ax.set(xscale="log", yscale="log", xlabel="field [T]", ylabel="relaxivity [1/(mM s)] per metal")
        ax.legend(frameon=False)
        return ax

    def __str__(self) -> str:
        lines = [f"{self.agent.name}: fitted to {len(self.used)} measurements, chi squared {self.chi_squared:.3g}"]
        for name, value in self.parameters.items():
            low, high = self.intervals[name]
            lines.append(f"  {name} = {value.number:.4g} {value.unit} (95 %: {low:.4g} to {high:.4g})")
        return "\n".join(lines)


def read_measurements(path: str | Path) -> list[Measured]:
    """Measurements of a CSV table: columns field [T], r1 [1/(mM*s)], r1_sd, r2, r2_sd, temperature [degC], medium."""
    table = read_csv(Path(path), needs=("field",))
    found = []
    for row in table.rows():
        for quantity in ("r1", "r2", "r2_star"):
            number = row.get(quantity)
            if number is None or isinstance(number, str) or not np.isfinite(number):
                continue
            value: dict[str, Any] = {"value": float(number), "unit": table.units.get(quantity) or measured.UNIT}
            sd = row.get(f"{quantity}_sd")
            if isinstance(sd, float) and np.isfinite(sd):
                value["sd"] = sd
            entry: dict[str, Any] = {
                "quantity": quantity,
                "value": value,
                "field": f"{float(row['field'])!r} {table.units['field'] or 'T'}",
                "medium": str(row.get("medium") or "water"),
                "per": str(row.get("per") or ""),
                "source": str(path),
                "status": "user",
            }
            warm = row.get("temperature")
            if isinstance(warm, float) and np.isfinite(warm):
                entry["temperature"] = f"{float(warm)!r} {table.units.get('temperature') or 'degC'}"
            found.append(Measured(**entry))
    return found


def calibrate(
    agent: Formulation | str, measurements: str | Path | Iterable[Any] | None = None, free: Sequence[str] | None = None
) -> Calibration:
    """Fit parameters of an agent's model to measured r1 and r2.

    Parameters
    ----------
    agent : Formulation or str
        A chelate or a particle with one magnetic core.
    measurements : path, list of Measured or of mappings, optional
        What to fit; the record's own measurements where not given.
    free : sequence of str, optional
        "diameter", "saturation_magnetisation", "sigma_ln" of a core (the first two by default); "tau_R", "tau_M", "q"
        of a chelate ("tau_R" by default).

    Returns
    -------
    Calibration
        .agent .parameters .intervals .used .predict(quantity, conditions) .plot()

    Examples
    --------
    >>> fitted = calibrate("ferumoxytol", [
    ...     {"quantity": "r1", "value": 19.9, "unit": "1/(mM*s)", "field": "1.5 T", "medium": "saline"},
    ...     {"quantity": "r2", "value": 60.8, "unit": "1/(mM*s)", "field": "1.5 T", "medium": "saline"}])
    >>> print(f"{fitted.parameters['diameter'].number:.1f} nm")
    10.0 nm
    """
    formulation = load(agent)
    if measurements is None:
        given: Iterable[Any] = formulation.measured
    elif isinstance(measurements, str | Path):
        given = read_measurements(measurements)
    else:
        given = measurements
    made = tuple(m if isinstance(m, Measured) else Measured(**Measured.prepared(m)) for m in given)
    metal = relaxing_metal(formulation)
    for row in made:
        measured.per_metal(formulation, row.per, metal)  # a basis that cannot be converted is said, not left out
    used = tuple(r for r in measured.rows(formulation.replace(measured=made), metal) if r.quantity in ("r1", "r2"))
    table, build, start = _parameters(formulation)
    names = tuple(free) if free is not None else tuple(table)[: 2 if table is CORE else 1]
    for name in names:
        if name not in table:
            raise Refusal("calibrate", f"'{name}' is not free in {formulation.id}: write one of {', '.join(table)}")
    if len(used) < len(names) or not names:
        points = "1 point" if len(used) == 1 else f"{len(used)} points"
        what = f"{len(names)} parameter{'' if len(names) == 1 else 's'} ({', '.join(names)})"
        raise Refusal("calibrate", f"{what} cannot be told from {points}: measure more, or free fewer")
    best, intervals, chi = _fit(used, names, table, build, start)
    fitted, model = build(best)
    shown = {
        name: Value(best[name], table[name][0], source="fitted", status="fitted", letter="S",
                    low=intervals[name][0], high=intervals[name][1])
        for name in names
    }  # fmt: skip
    return Calibration(fitted, shown, intervals, used, chi, model)


Build = Callable[[Mapping[str, float]], tuple[Formulation, Callable[[Any, float, str], Mapping[str, Any]]]]


def _parameters(f: Formulation) -> tuple[dict[str, tuple[str, float, float]], Build, dict[str, float]]:
    """What may be free in a formulation, how a model is built from values, and where the search starts."""
    if f.molecule is not None and f.molecule.chelate:
        record = records.chelate(f.molecule.chelate)
        ion = records.ions()[record.ion]
        complete = []
        for entry in record.sets:
            if "bound" in entry.name:
                continue
            try:
                complete.append(chelates.Bundle.of(entry, ion))
            except Refusal:
                continue
        if not complete:
            raise Refusal("calibrate", f"{f.id}: no complete parameter set to start from")

        def chelate(values: Mapping[str, float]) -> Any:
            def model(field: Any, temperature: float, medium: str) -> Mapping[str, Any]:
                around = surroundings(medium)
                base, _ = chelates.choose_set(complete, temperature)
                here = base.at(temperature, around.viscosity)
                scale = {"tau_R": 1e-12, "tau_M": 1e-9, "q": 1.0}
                changes: dict[str, Any] = {name: value * scale[name] for name, value in values.items()}
                changed = dataclasses.replace(here, **changes)
                r1, r2 = chelates.total(chelates.parts(changed, field, temperature))
                return {"r1": r1, "r2": r2, "r2_star": r2}

            return f, model

        first = complete[0]
        return CHELATE, chelate, {"tau_R": first.tau_R * 1e12, "tau_M": first.tau_M * 1e9, "q": first.q}
    if len(f.cores) == 1 and records.material(f.cores[0].material).magnetic_class in ("ferrimagnet", "ferromagnet"):
        own = f.cores[0]

        def core(values: Mapping[str, float]) -> Any:
            changes: dict[str, Any] = {
                name: value if name == "sigma_ln" else f"{value!r} {CORE[name][0]}" for name, value in values.items()
            }
            if "diameter" in values:
                changes["statistic"] = "number-median"
            changed = dataclasses.replace(own, **changes)
            outer = f.hydrodynamic_diameter
            wide = outer is not None and changed.diameter.number > outer.number
            made = f.replace(cores=(changed,), **({"hydrodynamic_diameter": None} if wide else {}))

            def model(field: Any, temperature: float, medium: str) -> Mapping[str, Any]:
                numbers = dict(evaluate(made, field, temperature, surroundings(medium)).numbers)
                if numbers["r2"] is None:
                    numbers["r2"] = numbers["r2_star"]
                return numbers

            return made, model

        ms = own.saturation_magnetisation
        start = {"diameter": own.median_diameter, "sigma_ln": max(own.sigma_ln.number, 0.1)}
        start["saturation_magnetisation"] = ms.number if ms is not None and ms.unit == "A/m" else 3.5e5
        return CORE, core, start
    raise Refusal("calibrate", f"{f.id}: only a chelate or a particle with one ferrimagnetic core is calibrated")


def _fit(
    used: Sequence[measured.Row], names: Sequence[str], table: Mapping[str, tuple[str, float, float]], build: Build,
    start: Mapping[str, float],
) -> tuple[dict[str, float], dict[str, tuple[float, float]], float]:  # fmt: skip
    """Best values, 95 % intervals and chi squared."""
    import lmfit

    parameters = lmfit.Parameters()
    for name in names:
        low, high = table[name][1], table[name][2]
        first = float(np.clip(start[name], low * 1.01, high * 0.99))
        parameters.add(name, value=np.log(first), min=np.log(low), max=np.log(high))

    def misfit(p: Any) -> np.ndarray:
        _, model = build({name: float(np.exp(p[name].value)) for name in names})
        answers: dict[tuple, Any] = {}
        off = []
        for row in used:
            at = (row.field, row.temperature or 310.15, row.medium or "water")
            try:
                number = (answers.get(at) or answers.setdefault(at, model(*at)))[row.quantity]
            except Refusal:
                number = 1e3 * row.number
            spread = (row.sd or WITHOUT_SD * row.number) / row.number
            off.append(np.log(number / row.number) / spread)
        return np.array(off, dtype=float)

    minimiser = lmfit.Minimizer(misfit, parameters, scale_covar=False, nan_policy="raise")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = minimiser.minimize(method="least_squares")
        if found.chisqr > EXACT:  # not met exactly: look whether another valley is deeper
            again = minimiser.minimize(method="nelder", params=found.params)
            if again.chisqr < found.chisqr - 1e-9:
                found = minimiser.minimize(method="least_squares", params=again.params)
    best = {name: float(np.exp(found.params[name].value)) for name in names}
    intervals: dict[str, tuple[float, float]] = {}
    for name in names:
        error = found.params[name].stderr
        low, high = table[name][1], table[name][2]
        if error is None or not np.isfinite(error):
            intervals[name] = (low, high)  # the points do not tell it
            continue
        middle = found.params[name].value
        intervals[name] = (
            max(float(np.exp(middle - 1.96 * error)), low),
            min(float(np.exp(middle + 1.96 * error)), high),
        )
    if len(used) > len(names) and all(found.params[name].stderr for name in names):
        intervals |= _profile(minimiser, found, names)
    return best, intervals, float(found.chisqr)


def _profile(minimiser: Any, found: Any, names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """95 % limits where chi squared has risen by 3.84, by lmfit's profile; nothing where it does not settle."""
    import lmfit

    def rise(_best: Any, here: Any) -> float:
        from scipy.stats import chi2

        return float(chi2.cdf(max(here.chisqr - found.chisqr, 0.0), 1))

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            limits = lmfit.conf_interval(minimiser, found, p_names=list(names), sigmas=[0.95], prob_func=rise)
    except Exception:  # lmfit raises several kinds where a profile has no crossing
        return {}
    told = {}
    for name in names:
        low, high = limits[name][0][1], limits[name][-1][1]
        if np.isfinite(low) and np.isfinite(high):
            told[name] = (float(np.exp(low)), float(np.exp(high)))
    return told
