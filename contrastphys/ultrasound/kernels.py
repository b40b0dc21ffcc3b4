"""Compiled equations of bubble motion: wall law, drive, three equations, one integrator, echo sums.

All compiled code of bubbles stands in this file. Everything is in SI units and plain floats; `dynamics` fills the
parameter vector and reads the result. Two methods share one control of the step: Dormand-Prince 5(4), and Radau IIA
of order 5 [1]_ where the wall is stiff, that is where friction or a high resonance and not the tolerance would bound
the step (bubbles of 0.3 um and below). Errors are measured against the radius itself and against w R0 for the wall
velocity, so that a tolerance means the same for every size.

.. [1] E. Hairer, G. Wanner, Solving Ordinary Differential Equations II, Springer (1996), doi:10.1007/978-3-642-05221-7
"""

from __future__ import annotations

import math

import numpy as np

from ..compiled import compiled

# Places in the parameter vector of one bubble and its drive.
MODEL, LAW, RHO, SOUND, MU, P0, KAPPA, REST, GAS0, CORE, SHEAR = range(11)
ENVELOPE, AMPLITUDE, FREQUENCY, LENGTH, CHIRP, PHASE, WIDTH, WAVE_STEP = range(11, 19)
PARAMETERS = 19

RAYLEIGH_PLESSET, RADIATING, KELLER_MIKSIS, GILMORE = range(4)
RECTANGLE, HANN, GAUSS, SAMPLED = range(4)
DONE, BUDGET, LOST = range(3)

TAIT_N, TAIT_B = 7.15, 3.046e8

AT_END = 1e-12  # a drive still acts at its very end, whatever the rounding of the time

# Step times the largest rate of the motion: above STIFF the implicit method takes over, below CALM it hands back;
# looked at every LOOK explicit steps. Dormand-Prince itself is stable up to 3.3.
LOOK, STIFF, CALM = 16, 1.0, 0.4
SHARPER = 0.3  # share of the tolerance an implicit step works at: it costs little and cleans the acceleration
NEWTON = 0.01  # share of that at which Newton's iteration stops

# Radau IIA with three stages: inner nodes, matrix A and its square B, weights of the error, real eigenvalue of 1/A.
ROOT6 = math.sqrt(6.0)
C0, C1 = (4.0 - ROOT6) / 10.0, (4.0 + ROOT6) / 10.0
A00, A01, A02 = (88.0 - 7.0 * ROOT6) / 360.0, (296.0 - 169.0 * ROOT6) / 1800.0, (-2.0 + 3.0 * ROOT6) / 225.0
A10, A11, A12 = (296.0 + 169.0 * ROOT6) / 1800.0, (88.0 + 7.0 * ROOT6) / 360.0, (-2.0 - 3.0 * ROOT6) / 225.0
A20, A21, A22 = (16.0 - ROOT6) / 36.0, (16.0 + ROOT6) / 36.0, 1.0 / 9.0
((B00, B01, B02), (B10, B11, B12), (B20, B21, B22)) = (
    np.array([[A00, A01, A02], [A10, A11, A12], [A20, A21, A22]]) @ [[A00, A01, A02], [A10, A11, A12], [A20, A21, A22]]
).tolist()
E0, E1, E2 = -(13.0 + 7.0 * ROOT6) / 3.0, (-13.0 + 7.0 * ROOT6) / 3.0, -1.0 / 3.0
REAL = 3.0 + 3.0 ** (2.0 / 3.0) - 3.0 ** (1.0 / 3.0)


@compiled()
def tension(law, v, radius, broken):
    """Tension of the wall and its slope in R, for the law's number and its vector."""
    if law == 0.0:
        return v[0], 0.0
    if law == 1.0:  # chi, buckling, rupture and break-up radius, tension of water
        if radius <= v[1]:
            return 0.0, 0.0
        limit = v[2] if broken > 0.0 else v[3]
        if radius >= limit:
            return v[4], 0.0
        return v[0] * (radius * radius / (v[1] * v[1]) - 1.0), 2.0 * v[0] * radius / (v[1] * v[1])
    if law == 2.0:  # tension of water, c, ln b, buckling radius
        inner = v[2] + v[1] * (1.0 - radius / v[3])
        if inner > 6.7:
            return 0.0, 0.0
        outer = math.exp(inner)
        value = v[0] * math.exp(-outer)
        return value, value * outer * v[1] / v[3]
    if law == 3.0:  # tension at rest, stiffness, rest radius
        return v[0] + v[1] * (radius / v[2] - 1.0), v[1] / v[2]
    if law == 4.0:
        return v[0], 0.0
    if law == 6.0:  # points, first R/R0, step, rest radius; values and slopes from place 9
        points = int(v[0])
        place = (radius / v[3] - v[1]) / v[2]
        if place <= 0.0:
            return v[9], 0.0
        if place >= points - 1:
            return v[8 + points], 0.0
        i = int(place)
        s = place - i
        a, b = v[9 + i], v[10 + i]
        da, db = v[9 + points + i] * v[2], v[10 + points + i] * v[2]
        c2, c3 = 3.0 * (b - a) - 2.0 * da - db, 2.0 * (a - b) + da + db
        rate = (da + s * (2.0 * c2 + 3.0 * s * c3)) / (v[2] * v[3])
        return a + s * (da + s * (c2 + s * c3)), rate
    beta = radius * radius / (v[3] * v[3]) - 1.0  # gamma0, E, alpha, unstrained radius
    decay = math.exp(-v[2] * beta)
    return v[0] + v[1] * beta * decay, v[1] * (1.0 - v[2] * beta) * decay * 2.0 * radius / (v[3] * v[3])


@compiled()
def drive(t, par, wave):
    """Acoustic pressure and its rate. A positive amplitude begins with rarefaction."""
    if par[ENVELOPE] == 3.0:
        x = t / par[WAVE_STEP]
        last = wave.size - 1
        if x < 0.0 or x > last * (1.0 + AT_END):
            return 0.0, 0.0
        i = min(int(x), last - 1)
        s = x - i
        a, b = wave[i], wave[i + 1]
        da = 0.5 * (b - wave[i - 1]) if i > 0 else b - a
        db = 0.5 * (wave[i + 2] - a) if i + 2 <= last else b - a
        c2, c3 = 3.0 * (b - a) - 2.0 * da - db, 2.0 * (a - b) + da + db
        scale = par[AMPLITUDE]
        return scale * (a + s * (da + s * (c2 + s * c3))), scale * (da + s * (2.0 * c2 + 3.0 * s * c3)) / par[WAVE_STEP]
    length = par[LENGTH]
    if t < 0.0 or t > length * (1.0 + AT_END):
        return 0.0, 0.0
    phase = 2.0 * math.pi * (par[FREQUENCY] + 0.5 * par[CHIRP] * t) * t + par[PHASE]
    rate = 2.0 * math.pi * (par[FREQUENCY] + par[CHIRP] * t)
    wave_value, wave_rate = math.sin(phase), rate * math.cos(phase)
    window, window_rate = 1.0, 0.0
    if par[ENVELOPE] == 1.0:
        turn = 2.0 * math.pi / length
        window, window_rate = 0.5 * (1.0 - math.cos(turn * t)), 0.5 * turn * math.sin(turn * t)
    elif par[ENVELOPE] == 2.0:
        u = (t - 0.5 * length) / par[WIDTH]
        window = math.exp(-0.5 * u * u)
        window_rate = -window * u / par[WIDTH]
    return -par[AMPLITUDE] * window * wave_value, -par[AMPLITUDE] * (window * wave_rate + window_rate * wave_value)


@compiled(uses={"tension": tension, "drive": drive})
def acceleration(t, radius, speed, broken, par, shell, wave):
    """Second derivative of the radius by the equation of motion."""
    p_ac, p_ac_rate = drive(t, par, wave)
    sigma, slope = tension(par[LAW], shell, radius, broken)
    rho, c, rest = par[RHO], par[SOUND], par[REST]
    cube, core = radius * radius * radius, par[CORE] * par[CORE] * par[CORE]
    gas = par[GAS0] * ((rest * rest * rest - core) / (cube - core)) ** par[KAPPA]
    gas_slope = -3.0 * par[KAPPA] * radius * radius * gas / (cube - core)
    ratio = rest / radius
    layer = shell[6] / cube * (1.0 - ratio)
    layer_slope = shell[6] / (cube * radius) * (4.0 * ratio - 3.0)
    solid = 4.0 / 3.0 * par[SHEAR] * (1.0 - ratio * ratio * ratio)
    solid_slope = 4.0 * par[SHEAR] * ratio * ratio * ratio / radius
    static_slope = gas_slope - 2.0 * slope / radius + 2.0 * sigma / (radius * radius) - layer_slope - solid_slope
    # friction of liquid, surface and layer: pressure = loss * speed
    inverse = 1.0 / radius
    liquid_loss, surface_loss = 4.0 * par[MU] * inverse, 4.0 * shell[5] * inverse * inverse
    layer_loss = shell[7] * inverse * inverse * inverse * inverse
    loss = liquid_loss + surface_loss + layer_loss
    wall = gas - 2.0 * sigma * inverse - layer - solid - loss * speed
    far = par[P0] + p_ac
    model = par[MODEL]
    if model < 2.0:
        push = (wall - far) / rho - 1.5 * speed * speed
        if model == 1.0:
            push += radius / (rho * c) * gas_slope * speed
        return push * inverse
    # rate of the wall pressure without the part that goes with the acceleration
    rate = static_slope * speed + (liquid_loss + 2.0 * surface_loss + 4.0 * layer_loss) * speed * speed * inverse
    if model == 2.0:
        mach = speed / c
        push = (1.0 + mach) * (wall - far) / rho + radius / (rho * c) * (rate - p_ac_rate)
        push -= 1.5 * (1.0 - mach / 3.0) * speed * speed
        return push / ((1.0 - mach) * radius + radius * loss / (rho * c))
    power = (TAIT_N - 1.0) / TAIT_N
    scale = (par[P0] + TAIT_B) ** (1.0 / TAIT_N) / rho
    near, out = max(wall + TAIT_B, 1.0), max(far + TAIT_B, 1.0)
    enthalpy = scale / power * (near**power - out**power)
    sound = math.sqrt(TAIT_N * scale * near**power)
    rho_near, rho_out = near ** (1.0 / TAIT_N) / scale, out ** (1.0 / TAIT_N) / scale
    mach = speed / sound
    push = (1.0 + mach) * enthalpy + (1.0 - mach) * radius / sound * (rate / rho_near - p_ac_rate / rho_out)
    push -= 1.5 * (1.0 - mach / 3.0) * speed * speed
    return push / ((1.0 - mach) * radius * (1.0 + loss / (rho_near * sound)))


@compiled(uses={"acceleration": acceleration})
def slopes(t, radius, speed, rate, broken, par, shell, wave):
    """Derivatives of the acceleration in radius and speed, and the spectral radius of the motion [1/s]."""
    dr = 1e-7 * radius
    du = 1e-5 * (abs(speed) + 2.0 * math.pi * par[FREQUENCY] * radius)
    by_radius = (acceleration(t, radius + dr, speed, broken, par, shell, wave) - rate) / dr
    by_speed = (acceleration(t, radius, speed + du, broken, par, shell, wave) - rate) / du
    square = by_speed * by_speed + 4.0 * by_radius
    fastest = 0.5 * (abs(by_speed) + math.sqrt(square)) if square >= 0.0 else math.sqrt(-by_radius)
    return by_radius, by_speed, fastest


@compiled(uses={"acceleration": acceleration})
def explicit_step(t, r, u, a1, h, broken, par, shell, wave):
    """Dormand-Prince 5(4): success, radius, speed, acceleration and errors at the end, higher parts of dense output."""
    floor = par[CORE]
    # six stages; k are speeds, a accelerations
    k1 = u
    r2, u2 = r + h * 0.2 * k1, u + h * 0.2 * a1
    bad = r2 <= floor
    a2 = acceleration(t + 0.2 * h, r2, u2, broken, par, shell, wave) if not bad else 0.0
    r3 = r + h * (3.0 / 40.0 * k1 + 9.0 / 40.0 * u2)
    u3 = u + h * (3.0 / 40.0 * a1 + 9.0 / 40.0 * a2)
    bad = bad or r3 <= floor
    a3 = acceleration(t + 0.3 * h, r3, u3, broken, par, shell, wave) if not bad else 0.0
    r4 = r + h * (44.0 / 45.0 * k1 - 56.0 / 15.0 * u2 + 32.0 / 9.0 * u3)
    u4 = u + h * (44.0 / 45.0 * a1 - 56.0 / 15.0 * a2 + 32.0 / 9.0 * a3)
    bad = bad or r4 <= floor
    a4 = acceleration(t + 0.8 * h, r4, u4, broken, par, shell, wave) if not bad else 0.0
    r5 = r + h * (19372.0 / 6561.0 * k1 - 25360.0 / 2187.0 * u2 + 64448.0 / 6561.0 * u3 - 212.0 / 729.0 * u4)
    u5 = u + h * (19372.0 / 6561.0 * a1 - 25360.0 / 2187.0 * a2 + 64448.0 / 6561.0 * a3 - 212.0 / 729.0 * a4)
    bad = bad or r5 <= floor
    a5 = acceleration(t + 8.0 / 9.0 * h, r5, u5, broken, par, shell, wave) if not bad else 0.0
    r6 = r + h * (
        9017.0 / 3168.0 * k1 - 355.0 / 33.0 * u2 + 46732.0 / 5247.0 * u3 + 49.0 / 176.0 * u4 - 5103.0 / 18656.0 * u5
    )
    u6 = u + h * (
        9017.0 / 3168.0 * a1 - 355.0 / 33.0 * a2 + 46732.0 / 5247.0 * a3 + 49.0 / 176.0 * a4 - 5103.0 / 18656.0 * a5
    )
    bad = bad or r6 <= floor
    a6 = acceleration(t + h, r6, u6, broken, par, shell, wave) if not bad else 0.0
    rn = r + h * (
        35.0 / 384.0 * k1 + 500.0 / 1113.0 * u3 + 125.0 / 192.0 * u4 - 2187.0 / 6784.0 * u5 + 11.0 / 84.0 * u6
    )
    un = u + h * (
        35.0 / 384.0 * a1 + 500.0 / 1113.0 * a3 + 125.0 / 192.0 * a4 - 2187.0 / 6784.0 * a5 + 11.0 / 84.0 * a6
    )
    bad = bad or rn <= floor or not (math.isfinite(rn) and math.isfinite(un))
    if bad:
        return False, r, u, a1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    an = acceleration(t + h, rn, un, broken, par, shell, wave)
    er = h * (
        71.0 / 57600.0 * k1 - 71.0 / 16695.0 * u3 + 71.0 / 1920.0 * u4 - 17253.0 / 339200.0 * u5
        + 22.0 / 525.0 * u6 - 1.0 / 40.0 * un
    )  # fmt: skip
    eu = h * (
        71.0 / 57600.0 * a1 - 71.0 / 16695.0 * a3 + 71.0 / 1920.0 * a4 - 17253.0 / 339200.0 * a5
        + 22.0 / 525.0 * a6 - 1.0 / 40.0 * an
    )  # fmt: skip
    dr, du = rn - r, un - u
    br, bu = h * k1 - dr, h * a1 - du
    cr, cu = dr - h * un - br, du - h * an - bu
    qr = h * (
        -12715105075.0 / 11282082432.0 * k1 + 87487479700.0 / 32700410799.0 * u3
        - 10690763975.0 / 1880347072.0 * u4 + 701980252875.0 / 199316789632.0 * u5
        - 1453857185.0 / 822651844.0 * u6 + 69997945.0 / 29380423.0 * un
    )  # fmt: skip
    qu = h * (
        -12715105075.0 / 11282082432.0 * a1 + 87487479700.0 / 32700410799.0 * a3
        - 10690763975.0 / 1880347072.0 * a4 + 701980252875.0 / 199316789632.0 * a5
        - 1453857185.0 / 822651844.0 * a6 + 69997945.0 / 29380423.0 * an
    )  # fmt: skip
    return True, rn, un, an, er, eu, br, cr, qr, bu, cu, qu


@compiled(uses={"acceleration": acceleration})
def implicit_step(t, r, u, a1, h, by_radius, by_speed, guess, rtol, scale, broken, par, shell, wave):
    """Radau IIA of order 5: success, radius, speed, acceleration and errors at the end, accelerations at inner nodes.

    Unknown are the accelerations k at the three nodes; speeds and radii there follow with the matrix A. Newton's
    matrix 1 - h A da/du - h^2 A^2 da/dR is 3 by 3 and inverted in closed form. As k solves the equation of motion and
    is not read from it, errors of the speed do not reach it magnified by the friction.
    """
    floor = par[CORE]
    w = h * by_speed
    v = h * h * by_radius
    m00, m01, m02 = 1.0 - w * A00 - v * B00, -w * A01 - v * B01, -w * A02 - v * B02
    m10, m11, m12 = -w * A10 - v * B10, 1.0 - w * A11 - v * B11, -w * A12 - v * B12
    m20, m21, m22 = -w * A20 - v * B20, -w * A21 - v * B21, 1.0 - w * A22 - v * B22
    i00, i01, i02 = m11 * m22 - m12 * m21, m02 * m21 - m01 * m22, m01 * m12 - m02 * m11
    i10, i11, i12 = m12 * m20 - m10 * m22, m00 * m22 - m02 * m20, m02 * m10 - m00 * m12
    i20, i21, i22 = m10 * m21 - m11 * m20, m01 * m20 - m00 * m21, m00 * m11 - m01 * m10
    inverse = 1.0 / (m00 * i00 + m01 * i10 + m02 * i20)
    k1, k2, k3 = guess
    size_r, size_u = rtol * r, rtol * (abs(u) + scale)
    before, settled = math.inf, False
    r1 = r2 = r3 = r
    u1 = u2 = u3 = u
    for sweep in range(10):
        u1 = u + h * (A00 * k1 + A01 * k2 + A02 * k3)
        u2 = u + h * (A10 * k1 + A11 * k2 + A12 * k3)
        u3 = u + h * (A20 * k1 + A21 * k2 + A22 * k3)
        r1 = r + h * (A00 * u1 + A01 * u2 + A02 * u3)
        r2 = r + h * (A10 * u1 + A11 * u2 + A12 * u3)
        r3 = r + h * (A20 * u1 + A21 * u2 + A22 * u3)
        if settled or not (r1 > floor and r2 > floor and r3 > floor):
            break
        g1 = acceleration(t + C0 * h, r1, u1, broken, par, shell, wave) - k1
        g2 = acceleration(t + C1 * h, r2, u2, broken, par, shell, wave) - k2
        g3 = acceleration(t + h, r3, u3, broken, par, shell, wave) - k3
        d1 = (i00 * g1 + i01 * g2 + i02 * g3) * inverse
        d2 = (i10 * g1 + i11 * g2 + i12 * g3) * inverse
        d3 = (i20 * g1 + i21 * g2 + i22 * g3) * inverse
        k1, k2, k3 = k1 + d1, k2 + d2, k3 + d3
        change = h * max(abs(d1), abs(d2), abs(d3))
        change = max(change / size_u, h * change / size_r)
        settled = change < NEWTON
        if not math.isfinite(change) or (sweep > 1 and change > 2.0 * before):
            break
        before = change
    if not (settled and r1 > floor and r2 > floor and r3 > floor):
        return False, r, u, a1, 0.0, 0.0, 0.0, 0.0
    # embedded formula of third order, filtered by the real eigenvalue of the method
    z1r, z2r, z3r = r1 - r, r2 - r, r3 - r
    z1u, z2u, z3u = u1 - u, u2 - u, u3 - u
    g = REAL / h
    p = u + (E0 * z1r + E1 * z2r + E2 * z3r) / h
    q = a1 + (E0 * z1u + E1 * z2u + E2 * z3u) / h
    det = g * (g - by_speed) - by_radius
    er, eu = ((g - by_speed) * p + q) / det, (by_radius * p + g * q) / det
    return True, r3, u3, k3, er, eu, k1, k2


@compiled(
    uses={
        "acceleration": acceleration, "slopes": slopes, "explicit_step": explicit_step, "implicit_step": implicit_step,
    }
)  # fmt: skip
def trace(par, shell, wave, start_radius, end, rtol, budget, out_radius, out_speed, out_acceleration):
    """Integrate one bubble from rest; fill the outputs at equal times from 0 to `end`.

    Returns status, steps taken, smallest and largest radius, largest wall speed, whether the shell broke.
    """
    count = out_radius.size
    rest = par[REST]
    f = par[FREQUENCY]
    speed_scale = 2.0 * math.pi * f * rest
    h = min(1e-3 / f, 1e-3 * rest * math.sqrt(par[RHO] / par[P0]))
    longest = 0.25 / f
    length = par[LENGTH] if par[LENGTH] < end * (1.0 - 2.0 * AT_END) else 2.0 * end
    t, r, u, broken = 0.0, start_radius, 0.0, 0.0
    a1 = acceleration(t, r, u, broken, par, shell, wave)
    out_radius[0], out_speed[0], out_acceleration[0] = r, u, a1
    filled = 1
    between = end / (count - 1)
    smallest, largest, fastest = r, r, 0.0
    previous = 1e-4
    rejected, stiff, looked = False, False, 0
    by_radius, by_speed, rate = 0.0, 0.0, 0.0
    # acceleration along an implicit step, a polynomial of the share of the step, and the step it belongs to
    q0, q1, q2, q3, old = a1, 0.0, 0.0, 0.0, h
    br, cr, qr, bu, cu, qu, k1, k2, miss = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for step in range(budget):
        if t >= end * (1.0 - 1e-14):
            return DONE, step, smallest, largest, fastest, broken
        h = min(h, longest, end - t) if end - t > 1e-14 * end else end - t
        if t < length:
            h = min(h, length - t)
        if not rejected:
            looked += 1
            if stiff or looked % LOOK == 0:
                by_radius, by_speed, rate = slopes(t, r, u, a1, broken, par, shell, wave)
                if not stiff:
                    q0, q1, q2, q3, old = a1, 0.0, 0.0, 0.0, h
                stiff = h * rate > (CALM if stiff else STIFF)
        wanted = max(SHARPER * rtol, 1e-13) if stiff else rtol
        if stiff:  # begun from the last step's accelerations, continued
            x1, x2, x3 = 1.0 + C0 * h / old, 1.0 + C1 * h / old, 1.0 + h / old
            guess = (
                q0 + x1 * (q1 + x1 * (q2 + x1 * q3)),
                q0 + x2 * (q1 + x2 * (q2 + x2 * q3)),
                q0 + x3 * (q1 + x3 * (q2 + x3 * q3)),
            )
            fine, rn, un, an, er, eu, k1, k2 = implicit_step(
                t, r, u, a1, h, by_radius, by_speed, guess, wanted, speed_scale, broken, par, shell, wave
            )
        else:
            fine, rn, un, an, er, eu, br, cr, qr, bu, cu, qu = explicit_step(t, r, u, a1, h, broken, par, shell, wave)
        power = 0.25 if stiff else 0.2
        error = math.inf
        if fine:
            er /= wanted * max(r, rn)
            eu /= wanted * (max(abs(u), abs(un)) + speed_scale)
            error = math.sqrt(0.5 * (er * er + eu * eu))
        if not error <= 1.0:
            h *= max(0.2, 0.9 * error**-power) if math.isfinite(error) else 0.2
            rejected = True
            if h < 1e-15 / f:
                return LOST, step, smallest, largest, fastest, broken
            continue
        if stiff:
            d1, rise, fall = (k1 - a1) / C0, (k2 - k1) / (C1 - C0), (an - k2) / (1.0 - C1)
            d2 = (rise - d1) / C1
            d3 = (fall - rise) / (1.0 - C0) - d2
            q0, q1, q2, q3, old = a1, d1 - C0 * d2 + C0 * C1 * d3, d2 - (C0 + C1) * d3, d3, h
            miss = rn - r - h * u - h * h * (q0 / 2.0 + q1 / 6.0 + q2 / 12.0 + q3 / 20.0)
        while filled < count and filled * between <= t + h + 1e-9 * between:
            x = min((filled * between - t) / h, 1.0)
            y = 1.0 - x
            if stiff:
                ri = r + h * x * (u + h * x * (q0 / 2.0 + x * (q1 / 6.0 + x * (q2 / 12.0 + x * q3 / 20.0))))
                out_radius[filled] = ri + miss * x * x * x
                out_speed[filled] = u + h * x * (q0 + x * (q1 / 2.0 + x * (q2 / 3.0 + x * q3 / 4.0)))
                out_acceleration[filled] = q0 + x * (q1 + x * (q2 + x * q3))
            else:
                ri = r + x * (rn - r + y * (br + x * (cr + y * qr)))
                ui = u + x * (un - u + y * (bu + x * (cu + y * qu)))
                out_radius[filled], out_speed[filled] = ri, ui
                out_acceleration[filled] = acceleration(filled * between, ri, ui, broken, par, shell, wave)
            filled += 1
        if u * un < 0.0:  # an extremum inside the step: that of the cubic through both ends
            d = rn - r
            c2, c3 = 3.0 * d - h * (2.0 * u + un), h * (u + un) - 2.0 * d
            root = math.sqrt(max(c2 * c2 - 3.0 * c3 * h * u, 0.0))
            x = -h * u / (c2 + root) if c2 + root != 0.0 else -1.0
            if not 0.0 <= x <= 1.0:
                x = -h * u / (c2 - root) if c2 - root != 0.0 else 0.0
            if 0.0 <= x <= 1.0:
                extreme = r + x * (h * u + x * (c2 + x * c3))
                smallest, largest = min(smallest, extreme), max(largest, extreme)
        t, r, u, a1 = t + h, rn, un, an
        smallest, largest, fastest = min(smallest, r), max(largest, r), max(fastest, abs(u))
        if par[LAW] == 1.0 and broken == 0.0 and shell[3] > shell[2] and r >= shell[3]:
            broken = 1.0
            a1 = acceleration(t, r, u, broken, par, shell, wave)
        if length * (1.0 - AT_END) <= t <= length * (1.0 + AT_END):  # the drive may break off here
            t = length * (1.0 + 2.0 * AT_END)
            a1 = acceleration(t, r, u, broken, par, shell, wave)
            h, stiff, length = 1e-3 / f, False, 2.0 * end
        error = max(error, 1e-8)
        grow = 0.9 * error ** -(0.85 * power) * previous ** (0.2 * power)
        h *= min(1.0 if rejected else 5.0, max(0.2, grow))
        previous = error
        rejected = False
    return BUDGET, budget, smallest, largest, fastest, broken


@compiled(uses={"trace": trace})
def echoes(pars, shells, wave, ends, rtol, budget, sources, summary):
    """Source strength rho (R^2 R'' + 2 R R'^2) [Pa m] of many bubbles at equal times, one row each."""
    count = sources.shape[1]
    radius, speed, rate = np.empty(count), np.empty(count), np.empty(count)
    for i in range(pars.shape[0]):
        radius[:] = 0.0
        status, steps, smallest, largest, fastest, broken = trace(
            pars[i],
            shells[i],
            wave,
            pars[i, REST],
            ends[i],
            rtol,
            budget,
            radius,
            speed,
            rate,
        )
        for j in range(count):
            sources[i, j] = pars[i, RHO] * (radius[j] ** 2 * rate[j] + 2.0 * radius[j] * speed[j] ** 2)
        summary[i, 0], summary[i, 1], summary[i, 2] = status, smallest, largest
        summary[i, 3], summary[i, 4], summary[i, 5] = fastest, broken, steps


@compiled(uses={"trace": trace})
def harmonics(pars, shells, wave, cycles, skip, per_cycle, orders, rtol, budget, amplitudes, summary):
    """Complex amplitude of the source strength [Pa m] at multiples of the drive over the last whole cycles."""
    count = cycles * per_cycle + 1
    radius, speed, rate = np.empty(count), np.empty(count), np.empty(count)
    begin = skip * per_cycle
    used = count - 1 - begin
    for i in range(pars.shape[0]):
        status, steps, smallest, largest, fastest, broken = trace(
            pars[i], shells[i], wave, pars[i, REST], cycles / pars[i, FREQUENCY], rtol, budget, radius, speed, rate
        )
        summary[i, 0], summary[i, 1], summary[i, 2] = status, smallest, largest
        summary[i, 3], summary[i, 4], summary[i, 5] = fastest, broken, steps
        for k in range(orders.size):
            turn = 2.0 * math.pi * orders[k] / per_cycle
            step_c, step_s = math.cos(turn), math.sin(turn)
            cosine, sine = math.cos(turn * begin), math.sin(turn * begin)
            # by parts, from (R^3 - R0^3)/3 and its rate: friction magnifies the errors of an acceleration
            real, imaginary = 0.0, 0.0
            cube = pars[i, REST] ** 3
            for j in range(begin, count - 1):
                value = (radius[j] ** 3 - cube) / 3.0
                real += value * cosine
                imaginary -= value * sine
                cosine, sine = cosine * step_c - sine * step_s, sine * step_c + cosine * step_s
            omega = 2.0 * math.pi * orders[k] * pars[i, FREQUENCY]
            between = 1.0 / (per_cycle * pars[i, FREQUENCY])
            first, last = complex(math.cos(turn * begin), -math.sin(turn * begin)), complex(cosine, -sine)
            end = count - 1
            rise = (radius[end] ** 3 - cube) / 3.0 * last - (radius[begin] ** 3 - cube) / 3.0 * first
            kick = radius[end] ** 2 * speed[end] * last - radius[begin] ** 2 * speed[begin] * first
            whole = (complex(real, imaginary) + 0.5 * rise) * between
            scale = 2.0 * pars[i, RHO] / (used * between)
            amplitudes[i, k] = scale * (kick + 1j * omega * rise - omega * omega * whole)
