"""Plasma, whole blood and albumin: binding, the cells of blood, and models against measurements there."""

import itertools

import numpy as np
import pytest

import contrastphys as cp
from contrastphys import mri
from contrastphys.goals import between_studies, goal_lines
from contrastphys.mri import agents, media
from contrastphys.provenance import Refusal
from contrastphys.published import Published
from contrastphys.validation import validate

BLOOD = media.surroundings("whole blood")


@pytest.fixture(scope="module")
def found():
    return validate("mri")


@pytest.fixture(scope="module")
def groups(found):
    return {group.name: group for group in found.groups}


@pytest.mark.parametrize("rate", [1e-3, 1.0, 30.0, 300.0, 1e5])
@pytest.mark.parametrize("share", [0.2, 0.644, 0.95])
def test_two_sites_against_the_matrix(rate, share):
    """The slower eigenvalue of the exchange matrix, written out."""
    residence = 0.0145
    out = 1 / residence
    back = out * (1 - share) / share
    slow = np.min(np.linalg.eigvals(np.array([[rate + back, -out], [-back, out]])).real)
    assert media.through_cells.bare(rate, share, residence) == pytest.approx(slow, rel=1e-9, abs=1e-12)


def test_limits_of_the_cells():
    thin, thick = (media.through_cells.bare(rate, 0.644, 0.0145) for rate in (1e-6, 1e9))
    assert thin == pytest.approx(0.644e-6, rel=1e-4)
    assert thick == pytest.approx(1 / 0.0145, rel=1e-4)  # what is left relaxes as fast as it comes out


def test_thin_agent_in_blood_is_plasma_times_the_ratio_of_water():
    plasma, blood = (mri.relaxivity("gadoterate", "3 T", medium=name) for name in ("plasma", "whole blood"))
    assert (blood.r1 / plasma.r1).magnitude == pytest.approx(1.11, rel=1e-9)
    assert "cells" in {flag.code for flag in blood.flags} and "cells" not in {flag.code for flag in plasma.flags}
    total = sum(part["r1"].magnitude for part in blood.parts.values())
    assert total == pytest.approx(blood.r1.magnitude, rel=1e-12)


def test_thick_agent_in_blood_waits_for_the_membrane():
    r1 = [mri.relaxivity("gadoterate", "3 T", medium="blood", concentration=c).r1.magnitude
          for c in ("1 uM", "1 mM", "10 mM", "100 mM")]  # fmt: skip
    assert all(a > b for a, b in itertools.pairwise(r1))
    assert r1[0] == pytest.approx(mri.relaxivity("gadoterate", "3 T", medium="blood").r1.magnitude, rel=1e-3)
    assert r1[1] > 0.95 * r1[0] and r1[3] < 0.3 * r1[0]


def test_payloads_meet_the_cells_once():
    probe = cp.Formulation(
        id="gold-gd", kind="hybrid", cores={"material": "gold", "diameter": "2.4 nm"},
        payloads={"agent": "gadopentetate", "per_particle": 50},
    )  # fmt: skip
    plasma, blood = (mri.relaxivity(probe, "1.5 T", medium=name).r1.magnitude for name in ("plasma", "blood"))
    assert blood / plasma == pytest.approx(1.11, rel=1e-9)


def test_weak_binders_need_no_concentration_and_gain_in_plasma():
    for agent, share in (("gadobenate", 18), ("gadoxetate", 10)):
        thin = mri.relaxivity(agent, "0.47 T", medium="plasma")
        assert any(f.code == "albumin" and f"{share} % bound" in f.message and "thin" in f.message for f in thin.flags)
        thick = mri.relaxivity(agent, "0.47 T", medium="plasma", concentration="20 mM")
        assert thin.r1 > 1.2 * thick.r1
    with pytest.raises(Refusal, match=r"binds to albumin.*give concentration=Q\(0\.1, 'mM'\)"):
        mri.relaxivity("gadofosveset", "1.5 T", medium="plasma")


def test_binding_falls_with_field():
    """What albumin adds is large at 0.47 and 1.5 T and almost gone at 7 T."""
    gain = [
        agents.predict("gadobenate", "r1", {"field": b, "medium": "plasma"}, use_measured=False).number
        / agents.predict("gadobutrol", "r1", {"field": b, "medium": "plasma"}, use_measured=False).number
        for b in (0.47, 1.5, 3.0, 7.0)
    ]
    assert gain[0] > 1.5 and gain[1:] == sorted(gain[1:], reverse=True) and gain[-1] < 1.4


@pytest.mark.parametrize("medium", ["plasma", "whole blood"])
def test_chelates_where_nothing_was_fitted(groups, medium):
    """Verified r1 at 1.4 T and above: at most 15 % off, or what two studies of one agent differ by."""
    group = groups[f"chelate in {medium}, 1.4 T and above, r1"]
    assert group.shown["verified"].n >= (7 if medium == "plasma" else 26)
    assert group.shown["verified"].error <= max(0.15, group.between or 0.0)
    assert group.covered


def test_no_row_of_blood_was_fitted(found):
    rows = [row for row in found.rows if "in whole blood" in row.published.group and row.model is not None]
    assert not [row for row in rows if row.published.used]


def test_goals_of_verified_rows_are_met(found):
    """Plasma, blood and a particle calibrated on two points; what the others miss is told with its reason."""
    met = {one.goal.name: one for one in found.goals if one.status == "verified" and one.n >= 5}
    assert len(met) == 3 and all(one.met for one in met.values())
    assert met["iron oxide after two of its points"].number < 0.05
    lines = goal_lines(found.goals)
    assert len(lines) == 8
    for line in lines:
        assert ("Where it misses: " in line) == ("missed" in line)


def test_calibrated_rows_leave_their_pair_out(found):
    asked = [row for row in found.rows if row.published.group.startswith("iron oxide after two points")]
    assert len(asked) > 100 and all(row.published.again for row in asked)
    knobloch = [row.published for row in asked if "Knobloch" in row.published.source]
    assert {(p.quantity, p.given["field"]) for p in knobloch} == {
        ("r2_star", 1.5), ("r1", 3.0), ("r2", 3.0), ("r2_star", 3.0),
    }  # fmt: skip


def test_spread_between_studies_by_hand():
    """gadoterate 2.72 and 3.4, gadobutrol 3.47 and 4.5; one paper quoted twice is one study."""

    def row(agent, value, source):
        return Published("mri", "x", agent, "r1", "3 T", value, "1/(mM*s)", source, "verified")

    rows = [row("gadoterate", 2.72, "P. Szomolanyi"), row("gadoterate", 3.4, "Y. Shen"),
            row("gadobutrol", 3.47, "P. Szomolanyi"), row("gadobutrol", 4.5, "Shen 2015"),
            row("gadobutrol", 4.5, "Y. Shen et al."), row("no agent of the catalogue", 1.0, "A. Bcde"),
            row("no agent of the catalogue", 2.0, "F. Ghij")]  # fmt: skip
    spread, pairs = between_studies(rows)
    assert pairs == 2
    assert spread == pytest.approx(0.5 * (0.68 / 3.06 + 1.03 / 3.985))
