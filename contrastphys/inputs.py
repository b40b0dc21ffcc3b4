"""What of a study is not known exactly: numbers with a spread or alternatives, and what the caller adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .parameters import Parameter, find, uncertain, wrong
from .sampling import Distribution, Uniform, checked, of_value
from .showing import shows
from .study import Study


@shows("{0.path}: uncertain input", "distribution", line="own")
class Input(NamedTuple):
    """One thing that is not known exactly."""

    parameter: Parameter
    distribution: Distribution

    @property
    def path(self) -> str:
        """Path of the parameter."""
        return self.parameter.path


def inputs_of(study: Study, extra: Mapping[str, Any] | None = None) -> list[Input]:
    """Everything of a study that is not known exactly; what the caller states replaces what the records say."""
    found = {p.keys: Input(p, d) for p in uncertain(study) if (d := of_value(p.held, p.spec)) is not None}
    for path, given in (extra or {}).items():
        parameter = find(study, path)
        if not parameter.numeric:
            raise wrong("inputs", f"'{path}' is no number", "give distributions of numbers only")
        if isinstance(given, tuple) and len(given) == 2:
            given = Uniform(*given)
        if not isinstance(given, Distribution):
            raise wrong("inputs", f"'{path}' is no distribution", "write for example Normal('5 nm', '1 nm')")
        found[parameter.keys] = Input(parameter, checked(given.plain(parameter.unit, path), path))
    return list(found.values())
