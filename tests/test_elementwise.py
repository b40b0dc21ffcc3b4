"""Formulas over long arrays: the same numbers as over short ones, compiled or not, whatever shape is asked for."""

import numpy as np
import pytest

from contrastphys import elementwise as module
from contrastphys.compiled import have_numba
from contrastphys.elementwise import elementwise
from contrastphys.mri import spectral
from contrastphys.mri.superparamagnetic import roch_muller_gillis
from contrastphys.photoacoustic import water
from contrastphys.ultrasound.gas_heat import _phi

MANY = module.LONG + 12_345  # the last block is a part of one


@elementwise
def hyperbola(x, width, height=2.0):
    return height * width / (width * width + x * x)


@pytest.fixture(params=["compiled", "plain"])
def long_arrays(request, monkeypatch):
    """Long arrays with a compiler and without."""
    if request.param == "compiled" and not have_numba():
        pytest.skip("nothing is compiled without numba")
    monkeypatch.setattr(module, "have_numba", lambda: request.param == "compiled")

    def fresh(formula):
        return elementwise(formula.body, result=complex if formula is _phi else float)

    return fresh


def by_pieces(formula, *given):
    """The same through short arrays alone."""
    size = np.broadcast(*given).size
    rows = [np.broadcast_to(one, size) for one in given]
    return np.concatenate([formula(*(row[k : k + 999] for row in rows)) for k in range(0, size, 999)])


@pytest.mark.parametrize(
    ("formula", "rest"),
    [
        (spectral.lorentz, (2e-9,)),
        (spectral.freed, (4e-11, 3e-9)),
        (spectral.ayant, (4e-11,)),
        (spectral._langevin_ratio, (0.9,)),
        (water._density_at, (-5.0,)),
        (water._gruneisen_at, (-5.0,)),
        (_phi, (1.4,)),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_a_long_array_gives_the_numbers_of_its_pieces(long_arrays, formula, rest):
    x = np.geomspace(1e-3, 90.0, MANY)
    given = (x, *rest)
    whole = long_arrays(formula)(*given)
    assert whole.shape == x.shape and whole.dtype == (complex if formula is _phi else float)
    assert np.max(np.abs(whole / by_pieces(formula, *given) - 1)) < 1e-13


def test_shapes_strides_and_defaults_are_those_of_numpy(long_arrays):
    law = long_arrays(hyperbola)
    x, width = np.linspace(0, 5, 700), np.linspace(1, 2, 300)
    grid = law(x[:, None], width[None, :])
    assert grid.shape == (700, 300)
    assert np.array_equal(grid, hyperbola.body(x[:, None], width[None, :]))
    assert np.array_equal(law(grid.T[::-1], 1.5, 3.0), hyperbola.body(grid.T[::-1], 1.5, 3.0))
    assert np.array_equal(law(np.arange(MANY), 2), hyperbola.body(np.arange(MANY), 2.0))
    same = np.broadcast_to(np.float64(3.0), (MANY,))
    assert np.array_equal(law(same, 1.0), np.full(MANY, 0.2))


def test_few_numbers_are_not_compiled():
    def refused(*given, **named):
        raise AssertionError("a short array went by blocks")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_by_blocks", refused)
        assert hyperbola(1.0, 1.0) == 1.0
        assert hyperbola(np.ones(module.LONG - 1), 1.0).size == module.LONG - 1


def test_kernels_give_long_arrays_what_they_give_each_number():
    field, kelvin = np.geomspace(1e-3, 20, MANY), np.linspace(273.15, 373.15, MANY)
    one = roch_muller_gillis.bare(field, 7.0, 3.5e5, 1.577e-5, anisotropy_weight=0.4)
    for k in (0, 777, MANY - 1):
        alone = roch_muller_gillis.bare(float(field[k]), 7.0, 3.5e5, 1.577e-5, anisotropy_weight=0.4)
        assert [part[k] for part in one] == pytest.approx(alone, rel=1e-12)
        assert water.gruneisen.bare(kelvin)[k] == pytest.approx(water.gruneisen.bare(float(kelvin[k])), rel=1e-12)


def test_one_number_that_is_not_liquid_is_named_in_a_long_array():
    kelvin = np.full(MANY, 300.0)
    kelvin[70_000] = 374.0
    with pytest.raises(ValueError, match="temperature 374 K"):
        water.density.bare(kelvin)
    kelvin[70_000] = np.nan
    with pytest.raises(ValueError, match="temperature nan K"):
        water.density.bare(kelvin)
