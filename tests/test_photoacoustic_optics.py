"""Mie series: identities, limits, published values, and independent codes."""

import math
import subprocess
import sys

import numpy as np
import pytest
from references_photoacoustic import coated_sphere, exact_sphere, mie_sphere

from contrastphys.photoacoustic.optics import coated_mie, layered_mie, mie

# index, size, Q_ext, Q_sca, g: Bohren and Huffman, Wiscombe, and agreement of independent codes
SPHERES = [
    (1.55, 2 * math.pi * 0.525 / 0.6328, 3.105426, 3.105426, 0.633137),
    (1.5 + 1j, 1.0, 2.336321, 0.6634538, 0.192136),
    (1.5 + 1j, 0.055, 0.1014910, 1.131687e-5, 4.912e-4),
    (1.33, 3.0, 1.753397, 1.753397, 0.783201),
    (1.5, 10.0, 2.881999, 2.881999, 0.742913),
    (1.5 + 0.1j, 10.0, 2.459791, 1.235144, 0.922350),
    (1.33 + 0.001j, 50.0, 1.997376, 1.829108, 0.865008),
    (0.2 + 3.5j, 0.3, 0.1020155, 0.04157695, -0.021097),
    (0.2 + 3.5j, 1.0, 4.292888, 4.032836, -0.015613),
]
COATED = [
    (1.5, 1.33 + 0.1j, 1.0, 2.0, 1.2340473, 0.70834578),
    (1.09, 0.3 + 4j, 0.5, 0.6, 4.4551615, 2.6716945),
    (1.0, 1.5 + 0.1j, 0.3, 1.0, 0.45835821, 0.19367623),
    (0.3 + 3j, 1.09, 0.3, 0.6, 0.083087323, 0.026880618),
]


def cases(count, low, high, seed=11):
    rng = np.random.default_rng(seed)
    x = 10 ** rng.uniform(np.log10(low), np.log10(high), count)
    m = rng.uniform(0.05, 3.0, count) + 1j * rng.uniform(0.0, 7.0, count)
    return m, x, rng


@pytest.mark.parametrize(("m", "x", "ext", "sca", "g"), SPHERES)
def test_published_spheres(m, x, ext, sca, g):
    found = mie(m, x)
    assert found.Qext == pytest.approx(ext, rel=5e-7)
    assert found.Qsca == pytest.approx(sca, rel=5e-7)
    assert found.g == pytest.approx(g, abs=5e-7)


def test_backscattering_of_the_textbook_sphere():
    assert mie(1.55, 2 * math.pi * 0.525 / 0.6328).Qback == pytest.approx(2.925341, rel=2e-7)


@pytest.mark.parametrize(("m1", "m2", "x", "y", "ext", "sca"), COATED)
def test_published_coated_spheres(m1, m2, x, y, ext, sca):
    found = coated_mie(m1, m2, x, y)
    assert found.Qext == pytest.approx(ext, rel=2e-8)
    assert found.Qsca == pytest.approx(sca, rel=2e-8)


def test_literal_series():
    for m, x in [
        (1.5 + 1j, 1.0),
        (0.2 + 3.5j, 0.3),
        (0.2 + 3.5j, 1.0),
        (1.33, 3.0),
        (0.06 + 4.2j, 0.02),
        (2.3 + 0.1j, 2),
    ]:
        ext, sca, g = mie_sphere(m, x)
        found = mie(m, x)
        assert found.Qext == pytest.approx(ext, rel=1e-9)
        assert found.Qsca == pytest.approx(sca, rel=1e-9)
        assert found.g == pytest.approx(g, abs=1e-9)


def test_literal_boundary_conditions_of_a_coat():
    for m1, m2, x, y in [
        (1.09, 0.3 + 4j, 0.5, 0.6),
        (0.2 + 3j, 1.09, 0.2, 0.3),
        (1.5, 1.33 + 0.1j, 1.0, 2.0),
    ]:
        ext, sca = coated_sphere(m1, m2, x, y)
        found = coated_mie(m1, m2, x, y)
        assert found.Qext == pytest.approx(ext, rel=1e-9)
        assert found.Qsca == pytest.approx(sca, rel=1e-9)


def test_optical_theorem():
    m, x, rng = cases(2000, 1e-2, 50)
    for found, size in (
        (mie(m, x), x),
        (coated_mie(m, rng.uniform(0.2, 3, 2000) + 0.3j, x * rng.uniform(0.2, 1, 2000), x), x),
    ):
        assert np.max(np.abs(4 * found.forward.real / size**2 / found.Qext - 1)) < 1e-9
        assert np.array_equal(found.Qext, found.Qsca + found.Qabs)


def test_lossless_spheres_absorb_nothing():
    rng = np.random.default_rng(3)
    x, m = 10 ** rng.uniform(-3, 2, 500), rng.uniform(0.3, 3, 500)
    assert not np.any(mie(m, x).Qabs)
    assert not np.any(coated_mie(m, rng.uniform(0.3, 3, 500), x * rng.uniform(0.1, 1, 500), x).Qabs)


def test_no_sphere_emits():
    m, x, rng = cases(3000, 1e-3, 100)
    assert np.all(mie(m, x).Qabs >= 0)
    shell = rng.uniform(0.2, 3, 3000) + 1j * rng.uniform(0, 5, 3000)
    assert np.all(coated_mie(m, shell, x * rng.uniform(0.1, 1, 3000), x).Qabs >= 0)


def test_small_sphere_is_a_dipole():
    m, x = 0.2 + 3.5j, 1e-3
    factor = (m**2 - 1) / (m**2 + 2)
    assert mie(m, x).Qabs == pytest.approx(4 * x * factor.imag, rel=1e-4)
    assert mie(m, x).Qsca == pytest.approx(8 / 3 * x**4 * abs(factor) ** 2, rel=1e-4)


def test_small_coated_sphere_is_a_dipole():
    """Also where the two indices nearly cancel, at sizes where other codes lose digits."""
    m1, m2, x, y = 2.8806 + 0.735j, 0.0587 + 0.0276j, 1.8404e-5, 1.9584e-5
    e1, e2, f = m1**2, m2**2, (x / y) ** 3
    top = (e2 - 1) * (e1 + 2 * e2) + f * (e1 - e2) * (1 + 2 * e2)
    dipole = top / ((e2 + 2) * (e1 + 2 * e2) + f * (2 * e2 - 2) * (e1 - e2))
    assert coated_mie(m1, m2, x, y).Qabs == pytest.approx(4 * y * dipole.imag, rel=1e-7)


def test_large_sphere_casts_twice_its_shadow():
    assert mie(1.5 + 0.5j, 3000.0).Qext == pytest.approx(2.0, rel=0.01)


def test_matched_sphere_is_invisible():
    assert abs(mie(1.0, np.array([0.1, 1.0, 20.0])).Qext).max() < 1e-20


def test_coat_limits():
    core, shell, x, y = 0.2 + 3j, 1.45 + 0.2j, np.array([0.1, 1.0, 12.0]), np.array([0.15, 2.0, 15.0])
    same = coated_mie(shell, shell, x, y)
    assert np.allclose(same.Qext, mie(shell, y).Qext, rtol=1e-11)
    assert np.allclose(coated_mie(core, shell, 1e-4 * y, y).Qext, mie(shell, y).Qext, rtol=1e-9)
    assert np.allclose(coated_mie(core, shell, y, y).Qext, mie(core, y).Qext, rtol=1e-11)
    assert np.allclose(coated_mie(core, shell, y * (1 - 1e-9), y).Qext, mie(core, y).Qext, rtol=1e-7)
    assert np.allclose(coated_mie(core, 1.0, x, y).Qext, mie(core, x).Qext * (x / y) ** 2, rtol=1e-11)


@pytest.mark.parametrize(("low", "high"), [(1e-3, 0.05), (8.0, 200.0)])
def test_coat_limits_where_no_other_code_is_sharp(low, high):
    """No coat, only coat, coat of the medium, and a coat no light passes: each is a plain sphere."""
    core, x, rng = cases(400, low, high, seed=5)
    shell, inner = rng.uniform(0.05, 3, 400) + 1j * rng.uniform(0, 7, 400), x * rng.uniform(0.2, 1, 400)

    def apart(found, wanted, scale=1.0, keep=slice(None)):
        pairs = ((getattr(found, key), getattr(wanted, key) * scale) for key in ("Qext", "Qsca", "Qabs"))
        return max(np.max(np.abs(mine[keep] / theirs[keep] - 1)) for mine, theirs in pairs)

    assert apart(coated_mie(shell, shell, inner, x), mie(shell, x)) < 1e-11
    assert apart(coated_mie(core, 1.0, inner, x), mie(core, inner), (inner / x) ** 2) < 1e-10
    assert apart(coated_mie(core, shell, x * (1 - 1e-12), x), mie(core, x)) < 1e-6
    assert apart(coated_mie(core, shell, 1e-4 * x, x), mie(shell, x)) < 1e-7
    opaque = shell.imag * (x - inner) > 25
    if opaque.any():
        assert apart(coated_mie(core, shell, inner, x), mie(shell, x), 1.0, opaque) < 1e-12


def test_coat_at_the_zeros_of_its_wave():
    """psi_0 vanishes where the size parameter is a multiple of pi, psi_1 and psi_2 at the zeros that follow."""
    core, x = 0.2 + 3j, 0.7
    for y in (math.pi, 2 * math.pi, 4.493409457909064, 5.76345919689455, 7.725251836937707):
        assert coated_mie(core, 1.0, x, y).Qext == pytest.approx(mie(core, x).Qext * (x / y) ** 2, rel=1e-11)


def test_three_layers_reduce_to_two():
    layers = [0.2 + 3j, 1.45, 1.45]
    found = layered_mie(layers, [0.3, 0.5, 0.9])
    assert found.Qext == pytest.approx(coated_mie(0.2 + 3j, 1.45, 0.3, 0.9).Qext, rel=1e-12)


def test_shape_follows_the_input():
    assert np.ndim(mie(1.5, 1.0).Qext) == 0
    assert mie(np.full((4, 1), 1.5 + 0j), np.ones((1, 3))).Qext.shape == (4, 3)
    scattered = mie(np.full(50, 1.5), np.random.default_rng(0).permutation(np.linspace(0.1, 60, 50)))
    assert scattered.Qsca.shape == (50,)


def test_without_a_compiler_the_numbers_are_the_same():
    script = (
        "import sys; sys.modules['numba'] = None\n"
        "from contrastphys.photoacoustic.optics import coated_mie, mie\n"
        "for found in (mie([1.5, 0.2 + 3.5j], [1e-80, 9.0]), coated_mie(0.2 + 3j, 1.45, [0.4, 5.0], [0.5, 7.0])):\n"
        "    print(*found.Qext.tolist(), *found.g.tolist())"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)
    pair = mie([1.5, 0.2 + 3.5j], [1e-80, 9.0]), coated_mie(0.2 + 3j, 1.45, [0.4, 5.0], [0.5, 7.0])
    here = [list(found.Qext) + list(found.g) for found in pair]
    assert np.allclose(np.array(done.stdout.split(), float), np.ravel(here), rtol=1e-13)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mie(1.5 - 0.1j, 1.0), "negative imaginary part"),
        (lambda: mie(1.5, 0.0), "x must be positive"),
        (lambda: mie(1.5, [1.0, 1e9]), "above 100000 at index 1"),
        (lambda: coated_mie(1.5, 1e300, 0.5, 1.0), "above 100000 at index 0"),
        (lambda: mie(1.5, np.array([1.0, np.nan])), "index 1"),
        (lambda: mie(0.0, 1.0), "m must be finite and not zero"),
        (lambda: coated_mie(1.5, 1.4, 2.0, 1.0), "below that of the layer inside"),
        (lambda: layered_mie([1.5], [1.0, 2.0]), "one x for each m"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def together(found):
    return np.array([found.Qext, found.Qsca, found.Qabs])


def exact(rows):
    """Q_ext, Q_sca, Q_abs and g of every row of layers in as many digits as it takes."""
    import mpmath  # noqa: F401  its arithmetic is behind the other code

    plain = [[(complex(m), float(x)) for m, x in row] for row in rows]
    return np.array([exact_sphere(row) for row in plain]).T


@pytest.mark.oracle
def test_spheres_and_coats_in_many_digits():
    """Every size parameter from 1e-3 to 200 by the textbook's functions in up to a thousand digits."""
    rng = np.random.default_rng(5)
    x = np.geomspace(1e-3, 200.0, 80)
    m, shell = (rng.uniform(0.05, 3, x.size) + 1j * rng.uniform(0, 7, x.size) for _ in range(2))
    m[::10], shell[5::10] = m[::10].real, shell[5::10].real  # some without loss
    filled = np.concatenate([rng.uniform(0.2, 1, 60), 1 - np.geomspace(1e-6, 1e-2, 10), np.geomspace(1e-3, 0.1, 10)])
    inner = x * rng.permutation(filled)
    # two sizes of sixteen digits, and a few roundings, know a coat of the share 1e-6 to nine
    known = 1e-12 + 1e-15 / (1 - inner / x)
    for found, wanted, close in (
        (mie(m, x), exact([[(a, b)] for a, b in zip(m, x, strict=True)]), 1e-12),
        (
            coated_mie(m, shell, inner, x),
            exact([[(a, b), (c, d)] for a, b, c, d in zip(m, inner, shell, x, strict=True)]),
            known,
        ),
    ):
        lossless = np.abs(wanted[2]) < 1e-30
        assert not np.any(found.Qabs[lossless])
        wanted[2][lossless] = found.Qabs[lossless] = 1.0
        off = np.abs(together(found) / wanted[:3] - 1)
        assert np.all(off[:2] < close)
        # a speck that absorbs 1e-10 of what its clear coat scatters keeps the digits that leaves it
        assert np.all(off[2] * found.Qabs < close * found.Qext)
        assert np.max(off[2]) < 1e-8
        assert np.all(np.abs(found.g - wanted[3]) < close)


@pytest.mark.oracle
def test_where_other_codes_depart_many_digits_decide():
    """miepython takes a shortcut below |m x| = 0.1 and scattnlay loses digits of small coats; ours keeps them."""
    miepython, scattnlay = pytest.importorskip("miepython"), pytest.importorskip("scattnlay").scattnlay
    m, x = np.array([0.0735 + 0.0684j, 1.2 + 3j]), np.array([0.861, 0.004])
    wanted = exact([[(a, b)] for a, b in zip(m, x, strict=True)])
    off = np.abs(miepython.efficiencies_mx(np.conj(m), x)[0] / wanted[0] - 1)
    assert off[0] > 1e-3
    assert np.max(np.abs(together(mie(m, x)) / wanted[:3] - 1)) < 1e-13
    core, shell, inner, size = 1.8855 + 2.8272j, 0.3766 + 0.0099j, 0.0010774, 0.0011134
    wanted = exact([[(core, inner), (shell, size)]])
    absorbed = scattnlay(np.array([[inner, size]]), np.array([[core, shell]]))[3]
    assert abs(absorbed[0] / wanted[2, 0] - 1) > 1e-7
    assert np.max(np.abs(together(coated_mie(core, shell, inner, size)) / wanted[:3, 0] - 1)) < 1e-13


@pytest.mark.oracle
def test_spheres_against_miepython():
    import miepython

    m, x, _ = cases(300, 1e-3, 200)
    keep = np.abs(m * x) > 0.1  # below this the other code takes a shortcut, up to 6e-3 off (many digits decide, above)
    m, x = m[keep], x[keep]
    ext, sca, _, g = miepython.efficiencies_mx(np.conj(m), x)
    found = mie(m, x)
    assert np.max(np.abs(found.Qext / ext - 1)) < 1e-6
    assert np.max(np.abs(found.Qsca / sca - 1)) < 1e-6
    assert np.max(np.abs(found.g - g)) < 1e-6


@pytest.mark.oracle
def test_spheres_and_coats_against_scattnlay():
    from scattnlay import scattnlay

    m, x, rng = cases(5000, 1e-3, 3)
    _, ext, sca, absorbed, *_ = scattnlay(x[:, None], m[:, None])
    found = mie(m, x)
    for mine, theirs in ((found.Qext, ext), (found.Qsca, sca), (found.Qabs, absorbed)):
        assert np.max(np.abs(mine / theirs - 1)) < 1e-8
    # below 0.05 the other code loses digits (1e-4 at worst; many digits above show whose they are), and above 8 it
    # overflows where the imaginary part of m x is in the hundreds
    m, x, rng = cases(5000, 0.05, 8)
    core, shell = x * rng.uniform(0.2, 1, 5000), rng.uniform(0.2, 3, 5000) + 1j * rng.uniform(0, 7, 5000)
    _, ext, sca, absorbed, *_ = scattnlay(np.c_[core, x], np.c_[m, shell])
    found = coated_mie(m, shell, core, x)
    for mine, theirs in ((found.Qext, ext), (found.Qsca, sca), (found.Qabs, absorbed)):
        assert np.max(np.abs(mine / theirs - 1)) < 1e-8


@pytest.mark.oracle
def test_small_and_large_coats_against_scattnlay():
    from scattnlay import scattnlay

    for low, high, close in ((1e-3, 0.05, 1e-5), (8.0, 200.0, 1e-8)):
        m, x, rng = cases(400, low, high, seed=5)
        shell = rng.uniform(0.3, 3, 400) + 1j * np.minimum(rng.uniform(0, 7, 400), 300 / x)
        m, inner = np.maximum(m.real, 0.3) + 1j * np.minimum(m.imag, 300 / x), x * rng.uniform(0.2, 1, 400)
        _, ext, sca, absorbed, *_ = scattnlay(np.c_[inner, x], np.c_[m, shell])
        found = coated_mie(m, shell, inner, x)
        for mine, theirs in ((found.Qext, ext), (found.Qsca, sca), (found.Qabs, absorbed)):
            assert np.max(np.abs(mine / theirs - 1)) < close


@pytest.mark.oracle
def test_large_spheres_against_scattnlay():
    from scattnlay import scattnlay

    m, x, _ = cases(300, 3, 200)
    m = m.real + 1j * np.minimum(m.imag, 300 / x)
    _, ext, sca, *_ = scattnlay(x[:, None], m[:, None])
    assert np.max(np.abs(mie(m, x).Qext / ext - 1)) < 1e-6
    assert np.max(np.abs(mie(m, x).Qsca / sca - 1)) < 1e-6
