"""Slow literal implementations of the relaxation theories, one number at a time: oracles for the tests.

Written from the formulas alone, with the sums spelled out; nothing here is shared with the package but numpy.
"""

from __future__ import annotations

import cmath
import math

MU0_4PI = 1e-7
GAMMA_I = 2.6752218744e8
GAMMA_S = 1.76085963e11
MU_B = 9.2740100783e-24
K_B = 1.380649e-23
N_A = 6.02214076e23


def freed(w, td, t=math.inf):
    """Re[(1 + z/4)/(1 + z + 4z^2/9 + z^3/9)] with the complex root."""
    z = cmath.sqrt(1j * w * td + td / t)
    return ((1 + z / 4) / (1 + z + 4 * z**2 / 9 + z**3 / 9)).real


def ayant(w, td):
    """The seven-term rational function of u = sqrt(2 w td)."""
    u = math.sqrt(2 * w * td)
    top = 1 + 5 * u / 8 + u**2 / 8
    return top / (1 + u + u**2 / 2 + u**3 / 6 + 4 * u**4 / 81 + u**5 / 81 + u**6 / 648)


def langevin(al):
    return 1 / math.tanh(al) - 1 / al


def brillouin(j, x):
    a, b = (2 * j + 1) / (2 * j), 1 / (2 * j)
    return a / math.tanh(a * x) - b / math.tanh(b * x)


def electron_times(field, delta2, tau_v, spin=3.5, powell=False):
    x = GAMMA_S * field * tau_v
    c = 4 * spin * (spin + 1) - 3
    r1 = c / 25 * delta2 * tau_v * (1 / (1 + x * x) + 4 / (1 + 4 * x * x))
    r2 = c / 50 * delta2 * tau_v * (3 + 5 / (1 + x * x) + 2 / (1 + 4 * x * x))
    if powell:
        r2 = delta2 * tau_v * (5.26 / (1 + 0.372 * x * x) + 7.18 / (1 + 1.24 * x))
    return 1 / r1, 1 / r2


def spectral(w, t):
    return t / (1 + w * w * t * t)


def solomon(field, r, tau_r, tau_m, t1e, t2e, moment2):
    k = 2 / 15 * (MU0_4PI * GAMMA_I * MU_B) ** 2 * moment2 / r**6
    tc1 = 1 / (1 / tau_r + 1 / tau_m + 1 / t1e)
    tc2 = 1 / (1 / tau_r + 1 / tau_m + 1 / t2e)
    wi, ws = GAMMA_I * field, GAMMA_S * field
    r1 = k * (3 * spectral(wi, tc1) + 7 * spectral(ws, tc2))
    r2 = k / 2 * (4 * tc1 + 3 * spectral(wi, tc1) + 13 * spectral(ws, tc2))
    return r1, r2


def chelate(field, temperature, q, r, a, d, tau_m, tau_r, delta2, tau_v, water=55.5e3, j=3.5, g=2.0, powell=True):
    """Relaxivities of a Gd chelate: {"inner": (r1, r2), "outer": (r1, r2)}, Curie spin in both."""
    t1e, t2e = electron_times(field, delta2, tau_v, 3.5, powell)
    moment2 = g * g * j * (j + 1)
    x = g * MU_B * j * field / (K_B * temperature)
    m = g * MU_B * j * brillouin(j, x)
    wi, ws = GAMMA_I * field, GAMMA_S * field
    r1m, r2m = solomon(field, r, tau_r, tau_m, t1e, t2e, moment2)
    t = 1 / (1 / tau_r + 1 / tau_m)
    curie = (MU0_4PI * GAMMA_I * m) ** 2 / r**6
    r1m += 6 / 5 * curie * spectral(wi, t)
    r2m += 1 / 5 * curie * (4 * t + 3 * spectral(wi, t))
    inner = (q / water / (1 / r1m + tau_m), q / water / (1 / r2m + tau_m))
    td = a * a / d
    c = 32 * math.pi / 405 * (MU0_4PI * GAMMA_I * MU_B) ** 2 * moment2 * N_A / (a * d)
    o1 = c * (3 * freed(wi, td, t1e) + 7 * freed(ws, td, t2e))
    o2 = c / 2 * (4 * freed(0, td, t1e) + 3 * freed(wi, td, t1e) + 13 * freed(ws, td, t2e))
    cc = 32 * math.pi / 135 * (MU0_4PI * GAMMA_I * m) ** 2 * N_A / (a * d)
    o1 += 3 * cc * ayant(wi, td)
    o2 += cc / 2 * (3 * ayant(wi, td) + 4)
    return {"inner": inner, "outer": (o1, o2)}


def roch_muller_gillis(field, d, ms, v_mat, temperature, diffusion, tau_n, p=0.0):
    """The printed r1 and r2, term by term."""
    q = 1 - p
    radius, volume = d / 2, math.pi / 6 * d**3
    mu = ms * volume
    al = mu * field / (K_B * temperature)
    la = langevin(al)
    wi, ws, td = GAMMA_I * field, GAMMA_S * field, radius**2 / diffusion
    c = 32 * math.pi / 135 * (MU0_4PI * GAMMA_I * mu) ** 2 * (v_mat / volume) / (radius * diffusion)
    w = 1 - la**2 - 2 * la / al
    f_i, f_s, f_0 = freed(wi, td, tau_n), freed(ws, td, tau_n), freed(0, td, tau_n)
    r1 = c * (7 * p * la / al * f_s + (7 * q * la / al + 3 * w) * f_i + 3 * la**2 * ayant(wi, td))
    r2 = (
        c
        / 2
        * (
            13 * p * la / al * f_s
            + 7 * q * la / al * f_i
            + 6 * q * la / al * f_0
            + w * (3 * f_i + 4 * f_0)
            + la**2 * (3 * ayant(wi, td) + 4)
        )
    )
    return r1, r2


def spgr(r1, r2_star, tr, te, flip):
    e1 = math.exp(-tr * r1)
    return math.sin(flip) * (1 - e1) / (1 - e1 * math.cos(flip)) * math.exp(-te * r2_star)
