"""Settings of all tests: hypothesis without chance and without clocks, no screen, and tolerances that are relative."""

import os

os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")

_approx = pytest.approx


def approx(expected, rel=None, abs=None, nan_ok=False):
    """pytest's, without its least tolerance of 1e-12: a cross-section of 1e-16 m^2 would equal any other."""
    if abs is None:
        rel = 1e-6 if rel is None else rel
        try:
            size = float(
                np.max(np.abs(np.asarray(list(expected.values()) if isinstance(expected, dict) else expected)))
            )
        except (TypeError, ValueError):
            return _approx(expected, rel=rel, nan_ok=nan_ok)
        abs = 1e-12 * size if np.isfinite(size) and size > 0 else None
    return _approx(expected, rel=rel, abs=abs, nan_ok=nan_ok)


pytest.approx = approx
