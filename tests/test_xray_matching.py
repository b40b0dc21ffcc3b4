"""Matching doses, the best beam, many agents at once."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import references_xray as slow

from contrastphys.provenance import Refusal
from contrastphys.units import Q, UnitError
from contrastphys.xray import absorber, best_beam, enhancement, enhancement_table, match, spectrum
from contrastphys.xray.absorbers import Absorber


def test_a_match_enhances_alike():
    found = match("Au", "I", "10 mg/mL", "100 kV", "20 cm")
    gold, iodine = (enhancement(e, "100 kV", "20 cm") for e in ("Au", "I"))
    assert gold.hu(found.mass).magnitude == pytest.approx(iodine.hu("10 mg/mL").magnitude)
    assert found.amount.magnitude == pytest.approx(found.concentration * 1000 / 196.97)
    assert found.low < found.concentration < found.high


def test_iodine_matches_itself():
    found = match("I")
    assert found.concentration == pytest.approx(300.0) and found.high / found.low < 1.06


@pytest.mark.parametrize("kvp", [80, 140])
def test_300_mg_of_iodine_against_the_literal_sum(kvp):
    beam = spectrum(Q(kvp, "kV"), bin_width="1 keV")
    iodine, gold, bismuth = (
        slow.slope(beam.energies, beam.photons, e, 20.0, "energy-integrating") for e in ("I", "Au", "Bi")
    )
    assert match("Au", kvp=Q(kvp, "kV")).concentration == pytest.approx(300 * iodine / gold, rel=1e-3)
    assert match("Bi", kvp=Q(kvp, "kV")).concentration == pytest.approx(300 * iodine / bismuth, rel=1e-3)


def test_heavy_elements_need_more_mass_than_iodine_at_low_voltage_only():
    for element in ("Au", "Bi", "Ta"):
        assert match(element, kvp="80 kV").low > 300
        assert match(element, kvp="140 kV").high < 320


def test_a_path_makes_equal_numbers():
    found = match("Au", "I", "50 mg/mL", "120 kV", "20 cm", path="2 cm")
    gold, iodine = (enhancement(e, "120 kV", "20 cm") for e in ("Au", "I"))
    assert gold.hu(found.mass, "2 cm").magnitude == pytest.approx(iodine.hu("50 mg/mL", "2 cm").magnitude, rel=1e-9)
    # iodine hardens more than gold, so less gold is needed than by the slopes
    assert found.concentration < match("Au", "I", "50 mg/mL", "120 kV", "20 cm").concentration


def test_best_beam_depends_on_agent_and_size():
    volts = Q([60, 70, 80, 100, 120, 140], "kV")
    thin, _ = best_beam("I", "5 cm", kvp=volts)
    thick, _ = best_beam("I", "40 cm", kvp=volts)
    gold, merits = best_beam("Au", "32 cm", kvp=volts)
    assert thin.kvp < thick.kvp < gold.kvp == 120
    assert merits[0][1] == 1.0 and all(a[1] >= b[1] for a, b in itertools.pairwise(merits))


def test_a_tin_filter_helps_gold():
    _, merits = best_beam("Au", "20 cm", kvp="120 kV", filters=[{"Al": "3 mm"}, {"Al": "3 mm", "Sn": "0.4 mm"}])
    assert len(merits) == 2 and merits[0][0].filters[-1][0] == "Sn"


def test_table_equals_one_by_one():
    agents = ["I", "Gd", absorber("Ta2O5", "8.2 g/cm^3"), absorber("Au", "19.3 g/cm^3")]
    table = enhancement_table(agents, Q([80, 120], "kV"), Q([0, 20, 32], "cm"), "photon-counting")
    for i, agent in enumerate(agents):
        for j, told in enumerate(table.conditions):
            one = enhancement(agent, told["kvp"], told["phantom"].removesuffix(" water"), "photon-counting")
            assert table.slopes[i, j] == pytest.approx(one.slope, rel=1e-10)
            assert table.per_mole.magnitude[i, j] == pytest.approx(one.per_mole.magnitude, rel=1e-10)
    assert np.all(table.relative_noise > 0)


def test_bad_input():
    with pytest.raises(Refusal, match="does not enhance"):
        match(Absorber("C", (("C", 1.0),), 3.0))
    with pytest.raises(ValueError, match="nothing of an agent equals no reference"):
        match("Au", concentration="0 mg/mL")
    with pytest.raises(ValueError, match="path is 0 cm"):
        match("Au", path="0 cm")
    with pytest.raises(UnitError, match="mass or amount of I per volume"):
        match("Au", concentration="300 cm")
    with pytest.raises(ValueError, match="give at least one"):
        enhancement_table([], "120 kV")
    with pytest.raises(ValueError, match="0 or more"):
        enhancement_table(["I"], "120 kV", "-3 cm")
