"""How near the array kernels are to the limit: each beside one compiled loop that does the same work.

The loop is the kernel's own formula written out for one number, compiled by numba, over the same array into new ones:
what a user would write who wants this one formula fast. Beside it stands what the bytes in and out alone would take.
"""

from __future__ import annotations

import cmath
import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

COUNT = 1_000_000
GAMMA_I, GAMMA_S = 2.6752218744e8, 1.76085963023e11
MU_B, K_B, N_A = 9.2740100783e-24, 1.380649e-23, 6.02214076e23


class Kernel(NamedTuple):
    """One kernel: its name, the arrays it reads and writes, ours and the single loop."""

    name: str
    arrays: int
    ours: Callable[[], Any]
    loop: Callable[[], Any]


def kernels() -> list[Kernel]:
    """The kernels that users call with long arrays."""
    import numba

    fused = numba.njit(error_model="numpy")
    field = np.geomspace(1e-4, 21, COUNT)
    return [*magnetic(fused, field), *watery(fused), *xray(fused), *acoustic(fused)]


def magnetic(fused: Callable, field: np.ndarray) -> list[Kernel]:
    """Relaxation."""
    from contrastphys.mri import paramagnetic as pm
    from contrastphys.mri.superparamagnetic import roch_muller_gillis

    @fused
    def solomon(field, r, tau_r, tau_m, t1e, t2e, moment2):
        one, two = np.empty(field.size), np.empty(field.size)
        k = 2 / 15 * (1e-7 * GAMMA_I * MU_B) ** 2 * moment2 / r**6
        tc1, tc2 = 1 / (1 / tau_r + 1 / tau_m + 1 / t1e), 1 / (1 / tau_r + 1 / tau_m + 1 / t2e)
        for i in range(field.size):
            low, high = tc1 / (1 + (GAMMA_I * field[i] * tc1) ** 2), tc2 / (1 + (GAMMA_S * field[i] * tc2) ** 2)
            one[i] = k * (3 * low + 7 * high)
            two[i] = 0.5 * k * (4 * tc1 + 3 * low + 13 * high)
        return one, two

    @fused
    def density(w, td, t):
        z = cmath.sqrt(1j * w * td + td / t)
        return ((1 + z / 4) / (1 + z * (1 + z * (4 / 9 + z / 9)))).real  # complex powers would take ten times as long

    @fused
    def still(w, td):
        u = math.sqrt(2 * w * td)
        below = 1 + u * (1 + u * (1 / 2 + u * (1 / 6 + u * (4 / 81 + u * (1 / 81 + u / 648)))))
        return (1 + u * (5 / 8 + u / 8)) / below

    @fused
    def hwang_freed(field, a, d, t1e, t2e, moment2):
        one, two = np.empty(field.size), np.empty(field.size)
        c, td = 32 * math.pi / 405 * (1e-7 * GAMMA_I * MU_B) ** 2 * N_A * moment2 / (a * d), a * a / d
        rest = density(0.0, td, t1e)
        for i in range(field.size):
            proton, electron = density(GAMMA_I * field[i], td, t1e), density(GAMMA_S * field[i], td, t2e)
            one[i] = c * (3 * proton + 7 * electron)
            two[i] = 0.5 * c * (4 * rest + 3 * proton + 13 * electron)
        return one, two

    @fused
    def gueron(field, temperature, a, d, j, g):
        one, two = np.empty(field.size), np.empty(field.size)
        c, td = 32 * math.pi / 135 * (1e-7 * GAMMA_I) ** 2 * N_A / (a * d), a * a / d
        wide, narrow = (2 * j + 1) / (2 * j), 1 / (2 * j)
        for i in range(field.size):
            x = g * MU_B * j * field[i] / (K_B * temperature)
            if x < 1e-3:
                mean = (j + 1) * x / (3 * j)
            else:
                mean = wide / math.tanh(wide * x) - narrow / math.tanh(narrow * x)
            strength, passing = c * (g * MU_B * j * mean) ** 2, still(GAMMA_I * field[i], td)
            one[i] = 3 * strength * passing
            two[i] = 0.5 * strength * (3 * passing + 4)
        return one, two

    @fused
    def roch(field, diameter, ms, vm, temperature, d, tau):
        one, two = np.empty(field.size), np.empty(field.size)
        volume = math.pi / 6 * diameter**3
        td = (diameter / 2) ** 2 / d
        c = 32 * math.pi / 135 * (1e-7 * GAMMA_I * ms * volume) ** 2 * vm / volume / (diameter / 2 * d)
        f0 = density(0.0, td, tau)
        for i in range(field.size):
            al = ms * volume * field[i] / (K_B * temperature)
            la = al / 3 if al < 1e-3 else 1 / math.tanh(al) - 1 / al
            w, wi = 1 - la**2 - 2 * la / al, GAMMA_I * field[i]
            fi, fa = density(wi, td, tau), still(wi, td)
            one[i] = c * (7 * la / al * fi + 3 * w * fi + 3 * la**2 * fa)
            two[i] = c / 2 * (la / al * (7 * fi + 6 * f0) + w * (3 * fi + 4 * f0) + la**2 * (3 * fa + 4))
        return one, two

    bound = (3.1e-10, 77e-12, 1e-7, 1e-8, 1e-8, 63.0)
    passing = (3.6e-10, 3.3e-9, 1e-8, 1e-9, 63.0)
    moment = (310.15, 3.6e-10, 3.3e-9, 3.5, 2.0)
    core = (3.5e5, 1.577e-5, 310.15, 3.037e-9, 1e-9)
    return [
        Kernel(
            "inner-sphere r1 and r2, fields",
            3,
            lambda: pm.inner_sphere_rates.bare(field, *bound),
            lambda: solomon(field, *bound),
        ),
        Kernel(
            "outer-sphere r1 and r2, fields",
            3,
            lambda: pm.outer_sphere.bare(field, *passing),
            lambda: hwang_freed(field, *passing),
        ),
        Kernel(
            "Curie outer-sphere r1 and r2, fields",
            3,
            lambda: pm.curie_outer_sphere.bare(field, *moment),
            lambda: gueron(field, *moment),
        ),
        Kernel(
            "magnetic core r1 and r2, fields",
            3,
            lambda: roch_muller_gillis.bare(field, 7.0, *core, 1.0),
            lambda: roch(field, 7e-9, *core),
        ),
    ]


def watery(fused: Callable) -> list[Kernel]:
    """Water, with its refusal of what is not liquid."""
    from contrastphys.photoacoustic import water

    kelvin = np.linspace(274.0, 372.0, COUNT)

    @fused
    def kell(kelvin):
        out, outside = np.empty(kelvin.size), 0
        for i in range(kelvin.size):
            t = kelvin[i] - 273.15
            outside += (t < 0.0) | (t > 100.0)
            above = t * (-46.170461e-6 + t * (105.56302e-9 - t * 280.54253e-12)) - 7.9870401e-3
            out[i] = (999.83952 + t * (16.945176 + t * above)) / (1 + 16.879850e-3 * t)
        if outside:
            raise ValueError("not liquid")
        return out

    @fused
    def grueneisen(kelvin):
        out, outside = np.empty(kelvin.size), 0
        for i in range(kelvin.size):
            t = kelvin[i] - 273.15
            outside += (t < 0.0) | (t > 100.0)
            above = t * (-46.170461e-6 + t * (105.56302e-9 - t * 280.54253e-12)) - 7.9870401e-3
            slope = 16.945176 + t * (2 * -7.9870401e-3 + t * (3 * -46.170461e-6 + t * (4 * 105.56302e-9)))
            slope -= 5 * 280.54253e-12 * t * t * t * t
            beta = 16.879850e-3 / (1 + 16.879850e-3 * t) - slope / (999.83952 + t * (16.945176 + t * above))
            tail = 3.287156e-4 + t * (-1.398845e-6 + t * 2.787860e-9)
            speed = 1402.385 + t * (5.038813 + t * (-5.799136e-2 + t * tail))
            tail = 2.276582e-5 + t * (-1.367862e-7 + t * 3.468297e-10)
            out[i] = beta * speed**2 / (4219.287 + t * (-3.3472 + t * (0.1119925 + t * (-2.044269e-3 + t * tail))))
        if outside:
            raise ValueError("not liquid")
        return out

    return [
        Kernel("density of water, temperatures", 2, lambda: water.density.bare(kelvin), lambda: kell(kelvin)),
        Kernel(
            "Grueneisen parameter, temperatures", 2, lambda: water.gruneisen.bare(kelvin), lambda: grueneisen(kelvin)
        ),
    ]


def xray(fused: Callable) -> list[Kernel]:
    """Cross-sections: Elam's are three cubic splines in logarithms, which xraylib evaluates one after the other."""
    from scipy.interpolate import CubicSpline

    from contrastphys.xray.attenuation import KINDS, edges, mu_rho

    energy = np.linspace(10.0, 150.0, COUNT)
    steps = [9.0, *sorted(edge.energy for edge in edges("Au") if edge.energy > 9), 160.0]
    pieces = [np.geomspace(low + 0.005, high - 0.005, 20) for low, high in itertools.pairwise(steps)]
    logs = np.log(np.concatenate(pieces))  # each piece between two edges has a spline of its own
    values, bends = np.empty((3, logs.size)), np.empty((3, logs.size))
    for row, kind in enumerate(kind for kind in KINDS if kind != "total"):
        drawn = [(np.log(piece), np.log(mu_rho("Au", piece, kind))) for piece in pieces]
        values[row] = np.concatenate([y for _, y in drawn])
        bends[row] = np.concatenate([CubicSpline(x, y)(x, 2) for x, y in drawn])

    @fused
    def splines(energy, x, values, bends):
        out = np.empty(energy.size)
        for i in range(energy.size):
            at, total = math.log(energy[i]), 0.0
            for p in range(values.shape[0]):
                k = np.searchsorted(x, at)
                h = x[k] - x[k - 1]
                a, b = (x[k] - at) / h, (at - x[k - 1]) / h
                bent = (a**3 - a) * bends[p, k - 1] + (b**3 - b) * bends[p, k]
                total += math.exp(a * values[p, k - 1] + b * values[p, k] + bent * h * h / 6)
            out[i] = total
        return out

    return [
        Kernel(
            "mu/rho of gold, energies", 2, lambda: mu_rho("Au", energy), lambda: splines(energy, logs, values, bends)
        )
    ]


def acoustic(fused: Callable) -> list[Kernel]:
    """Cross-sections of a bubble with heat exchange."""
    from contrastphys.ultrasound import Bubble, Gas, Liquid
    from contrastphys.ultrasound.linear import response, sections

    bubble, liquid = Bubble("2 um", Gas()), Liquid()
    omega, gas = 2 * math.pi * np.geomspace(1e5, 5e7, COUNT), bubble.gas
    tension = float(bubble.shell.rest_tension(bubble.radius))

    @fused
    def keller(omega, radius, tension, p0, viscosity, rho, c, diffusivity, gamma):
        scattered, absorbed = np.empty(omega.size), np.empty(omega.size)
        rest, mass = p0 + 2 * tension / radius, rho * radius**2
        for i in range(omega.size):
            w = omega[i]
            x = diffusivity / (w * radius**2)
            z = cmath.sqrt(1j / x)
            coth = z if abs(z) > 30 else z / cmath.tanh(z)
            phi = 3 * gamma / (1 - 3 * (gamma - 1) * 1j * x * (coth - 1))
            stiff, eps = phi.real * rest - 2 * tension / radius, w * radius / c
            friction = 4 * viscosity + rest * phi.imag / w
            inertia = mass * w * w / (1 + eps * eps)
            size = (stiff - inertia) ** 2 + (w * friction + inertia * eps) ** 2
            scattered[i] = 4 * math.pi * (rho * w**2 * radius**3) ** 2 / ((1 + eps * eps) * size)
            absorbed[i] = 4 * math.pi * rho * c * radius**3 * w**2 * friction / size
        return scattered, absorbed

    rest = liquid.pressure + 2 * tension / bubble.radius
    spread = gas.conductivity / (rest * gas.molar_mass / (8.314462618 * liquid.temperature) * gas.heat_capacity)
    given = (bubble.radius, tension, liquid.pressure, liquid.viscosity, liquid.density, liquid.sound_speed, spread)

    def ours() -> Any:
        r = response(bubble.radius, omega, bubble.shell, gas, liquid)
        return sections(r, bubble.radius, liquid)

    return [
        Kernel("cross-sections of a free bubble, frequencies", 3, ours, lambda: keller(omega, *given, gas.adiabatic))
    ]


def bandwidth(taken: Callable) -> float:
    """Bytes a second of reading one array and writing another, both too large for any cache."""
    given, taken_up = np.ones(12_000_000), np.empty(12_000_000)
    least = min(taken(lambda: np.copyto(taken_up, given)) for _ in range(5))
    return 2 * given.nbytes / least


def lines(taken: Callable, seconds: Callable, turns: int) -> list[str]:
    """The table as lines of Markdown; ours and the loop take turns, and have to give the same numbers."""
    speed = bandwidth(taken)
    found = [
        f"| kernel, {COUNT:.0e} numbers | ours | one compiled loop | ours over the loop | share of memory bandwidth |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kernel in kernels():
        for mine, single in zip(np.atleast_2d(kernel.ours()), np.atleast_2d(kernel.loop()), strict=True):
            apart = float(np.quantile(np.abs(mine / single - 1), 0.99))  # within 5 eV of an edge the splines differ
            if apart > 2e-3:
                raise AssertionError(f"{kernel.name}: the loop gives other numbers, {apart:.1e} apart")
        pairs = [(taken(kernel.ours), taken(kernel.loop)) for _ in range(turns)]
        ours, single = (min(column) for column in zip(*pairs, strict=True))
        share = kernel.arrays * 8 * COUNT / speed / ours
        found.append(
            f"| {kernel.name} | {seconds(ours)} | {seconds(single)} | {ours / single:.2g} | {100 * share:.2g} % |"
        )
    return found
