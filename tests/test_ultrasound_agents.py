"""Bubbles and droplets of a formulation behind the five doors."""

import math

import pytest

from contrastphys.formulation import Formulation
from contrastphys.provenance import Refusal
from contrastphys.ultrasound import agents
from contrastphys.ultrasound.agents import Protocol, detection_limit, predict, respond
from contrastphys.ultrasound.assembly import bubbles_of, shell_of, sizes_of
from contrastphys.ultrasound.shells import ChatterjeeSarkar, Church, DeJong, Free, Gompertz

SOFT = {"law": "marmottant", "chi": "0.5 N/m", "kappa_s": "5e-9 kg/s", "sigma0": "0.02 N/m"}


def bubble(name="soft", **gas):
    given = {"species": "C4F10", "diameter": "2.5 um", "sigma_ln": 0.4, "shell": SOFT, **gas}
    return Formulation(id=name, kind="bubble", gas={k: v for k, v in given.items() if v is not None})


def droplet(species, diameter="0.5 um"):
    return Formulation(id=f"{species}-drop", kind="droplet", liquid={"species": species, "diameter": diameter})


@pytest.fixture
def dosed():
    made = bubble(concentration="1e9 1/mL")
    return made.replace(tissue=made.concentration("2e5 1/mL", "particle"))


def codes(value):
    return {flag.code for flag in value.flags}


def test_applies_to_gas_and_liquids_only(dosed):
    gold = Formulation(id="gold", kind="nanoparticle", cores={"material": "gold", "diameter": "10 nm"})
    assert agents.applies(dosed)
    assert agents.applies(droplet("C5F12"))
    assert not agents.applies(gold)
    assert respond(gold, Protocol()) == detection_limit(gold, Protocol()) == []


def test_every_cell_has_a_value_a_band_and_conditions(dosed):
    protocol = Protocol(frequency=["3 MHz", "7 MHz"])
    cells = respond(dosed, protocol) + detection_limit(dosed, protocol)
    assert [c.quantity for c in cells] == [
        "resonance_frequency", "attenuation_peak", "attenuation", "backscatter", "attenuation", "backscatter",
        "c_min", "margin", "c_min", "margin",
    ]  # fmt: skip
    for cell in cells:
        assert cell.low < cell.value < cell.high or cell.quantity == "attenuation_peak"
        assert cell.modality == "ultrasound"
        assert "assumed population" in {f.code for f in cell.flags}
    assert len({(c.quantity, tuple(c.conditions.items())) for c in cells}) == len(cells)
    assert cells[2].conditions["concentration"] == "2e+05 1/mL"


def test_margin_is_the_concentration_over_the_limit(dosed):
    c_min = predict(dosed, "c_min").number
    assert predict(dosed, "margin").number == pytest.approx(2e5 / c_min, rel=1e-12)
    with pytest.raises(Refusal, match="no concentration in the target"):
        predict(bubble(), "margin")


def test_attenuation_is_that_of_the_concentration(dosed):
    at_dose = predict(dosed, "attenuation").number
    assert predict(dosed, "attenuation", {"concentration": 1e5}).number == pytest.approx(at_dose / 2, rel=0.02)
    unknown = predict(bubble(), "attenuation")
    assert "concentration" in codes(unknown)


def test_detection_limit_follows_its_formula(dosed):
    quiet = {"dynamic_range": 200.0}
    one = predict(dosed, "c_min", quiet).number
    assert predict(dosed, "c_min", {**quiet, "rose": 10.0}).number == pytest.approx(2 * one, rel=1e-9)
    assert predict(dosed, "c_min", {**quiet, "looks": 100}).number == pytest.approx(one / 10, rel=1e-9)
    floor = predict(dosed, "c_min", {**quiet, "looks": 10**9, "voxel": 1e-3})
    assert floor.number == pytest.approx(1e6)
    assert "one per voxel" in codes(floor)
    deep = predict(dosed, "c_min", {"depth": 30.0, "frequency": 7.0})
    assert deep.number > 100 * predict(dosed, "c_min", {"frequency": 7.0}).number
    assert "depth" in codes(deep)


def test_blood_is_darker_than_liver(dosed):
    ratio = (
        predict(dosed, "c_min", {"background": "liver"}).number
        / predict(dosed, "c_min", {"background": "blood"}).number
    )
    assert ratio > 20
    with pytest.raises(Refusal, match="backscatter of kidney is not in the catalogue"):
        predict(dosed, "c_min", {"background": "kidney"})


def test_pressures_are_watched(dosed):
    assert "linear" in codes(predict(dosed, "c_min", {"pressure_amplitude": 100.0}))
    assert "linear" not in codes(predict(dosed, "c_min", {"pressure_amplitude": 40.0}))
    assert "mechanical-index" in codes(predict(dosed, "c_min", {"pressure_amplitude": 4000.0}))
    labelled = dosed.replace(limits={"mechanical_index": 0.1})
    assert "mechanical-index" in codes(predict(labelled, "c_min", {"pressure_amplitude": 300.0}))


def test_width_from_number_mean_count_and_gas_volume():
    made = bubble(diameter="2.5 um", sigma_ln=None, concentration="3.5e8 1/mL", gas_volume="8 uL/mL")
    sizes, flags = sizes_of(made.gas)
    assert 2e6 * sizes.number_mean_radius == pytest.approx(2.5, rel=1e-4)
    assert 3.5e8 * 4 / 3 * math.pi * sizes.moment(3) * 1e9 == pytest.approx(8, rel=1e-3)  # uL per mL
    assert [f.code for f in flags] == ["width", "assumed population"]


@pytest.mark.parametrize("diameter", ["1.25 um", "5 um"])
def test_radius_and_diameter_mixed_up_are_noticed(diameter):
    made = bubble(diameter=diameter, sigma_ln=None, concentration="6.5e8 1/mL", gas_volume="8 uL/mL")
    if diameter == "1.25 um":  # a radius in the place of the diameter: an implausibly wide spread
        made = bubble(diameter="0.8 um", sigma_ln=None, concentration="6.5e8 1/mL", gas_volume="16 uL/mL")
    flags = sizes_of(made.gas)[1]
    assert any("mixed up" in f.message for f in flags)
    assert "gas-volume" in codes(predict(made, "attenuation", {"concentration": 1e5}))


def test_shell_laws_of_a_record():
    laws = {
        Church: {"law": "church", "G_s": "50 MPa", "d_s": "15 nm", "mu_s": "1 Pa*s"},
        DeJong: {"law": "dejong", "S_p": "1.1 N/m", "S_f": "2.7e-7 kg/s"},
        Gompertz: {**SOFT, "law": "gompertz"},
        ChatterjeeSarkar: {"law": "chatterjee-sarkar", "E_s": "0.5 N/m", "kappa_s": "1e-8 kg/s", "gamma0": "0.02 N/m"},
    }
    for kind, record in laws.items():
        assert isinstance(shell_of(bubble(shell=record).gas.shell), kind)
    assert shell_of(bubble(shell=laws[Church]).gas.shell, chi=2.0).shear_modulus == 1e8
    assert isinstance(shell_of(None), Free)
    assert "no-shell" in codes(predict(bubble(shell=None), "resonance_frequency"))


def test_bands_use_the_ranges_of_the_record():
    stated = bubble(shell={**SOFT, "chi": {"value": 0.5, "low": 0.1, "high": 2.0, "unit": "N/m"}})
    narrow, wide = (predict(f, "resonance_frequency") for f in (bubble(), stated))
    assert wide.high > narrow.high
    assert narrow.low == pytest.approx(0.85 * narrow.number)


def test_kinked_shells_say_so():
    value = predict(bubble(shell={**SOFT, "sigma0": "0 N/m"}), "resonance_frequency")
    assert "kink" in codes(value)


def test_measured_resonance_wins_unless_the_model_is_asked():
    made = bubble().replace(measured=[{"quantity": "resonance_frequency", "value": "2.1 MHz"}])
    value = predict(made, "resonance_frequency")
    assert (value.number, value.letter) == (2.1, "M")
    assert predict(made, "resonance_frequency", use_measured=False).letter == "C"


def test_droplets_are_weak_until_vaporised():
    cells = detection_limit(droplet("C5F12"), Protocol())
    assert cells[0].value is None
    assert "only a vaporised drop is an agent" in cells[0].refusal
    assert predict(droplet("C5F12"), "backscatter").number < 1e-9
    value = predict(droplet("C5F12"), "c_min", {"vaporised": True})
    assert value.number < 1e6
    assert "vaporised" in codes(value)
    assert bubbles_of(droplet("C5F12"), True).expansion == pytest.approx(5.2, abs=0.05)


def test_vaporisation_threshold_measured_first():
    rows = [
        {
            "quantity": "vaporisation_threshold",
            "value": 1.5,
            "unit": "MPa",
            "frequency": "3 MHz",
            "temperature": "37 degC",
        },
        {"quantity": "vaporisation_threshold", "value": 1.89, "unit": "MPa", "frequency": "5 MHz", "note": "room"},
    ]
    made = droplet("C5F12", "1 um").replace(measured=rows)
    assert predict(made, "vaporisation_threshold", {"frequency": 3.0}).number == 1.5
    room = predict(made, "vaporisation_threshold", {"frequency": 5.0})
    assert (room.number, room.letter) == (1.89, "M")
    model = predict(made, "vaporisation_threshold", {"frequency": 3.0}, use_measured=False)
    assert (model.letter, model.number) == ("C", pytest.approx(8.36, abs=0.05))
    assert model.low < 0.1 < 8 < model.high
    assert predict(made, "vaporisation_threshold", {"frequency": 8.0}).letter == "C"
    quantities = [cell.quantity for cell in respond(made, Protocol())]
    assert quantities == ["backscatter", "vaporisation_threshold"]
    with pytest.raises(Refusal, match="is no droplet"):
        predict(bubble(), "vaporisation_threshold")


def test_stating_vaporised_below_the_threshold_is_flagged():
    assert "below threshold" in codes(predict(droplet("C5F12"), "c_min", {"vaporised": True}))
    strong = {"vaporised": True, "pressure_amplitude": 12000.0}
    assert "below threshold" not in codes(predict(droplet("C5F12"), "c_min", strong))


def test_perfluorohexane_is_not_superheated():
    with pytest.raises(Refusal, match=r"boils at 57 degC and is not superheated at 37 degC"):
        predict(droplet("C6F14"), "c_min", {"vaporised": True})
    cells = respond(droplet("C6F14"), Protocol(vaporised=True))
    assert all(cell.value is None and "57 degC" in cell.refusal for cell in cells[:-1])
    assert any("boils at 57 degC" in flag.message for flag in cells[-1].flags)


def test_nanobubbles_are_out_of_linear_reach():
    nano = bubble(diameter="0.2 um", sigma_ln=0.2)
    value = predict(nano, "c_min")
    assert {"nanobubble", "out of reach"} <= codes(value)


def test_bad_conditions():
    with pytest.raises(Refusal, match="unknown condition 'freq'"):
        predict(bubble(), "attenuation", {"freq": 3.0})
    with pytest.raises(Refusal, match="ultrasound answers"):
        predict(bubble(), "r1")
    with pytest.raises(Refusal, match="sequence is one of"):
        predict(bubble(), "c_min", {"sequence": "doppler"})
    with pytest.raises(Refusal, match="above 1 %"):
        predict(bubble(), "attenuation", {"concentration": 1e10})
    cell = respond(bubble(), Protocol(medium="honey"))[0]
    assert "known are" in cell.refusal


@pytest.mark.parametrize(("statistic", "shift"), [("number-mean", 0.5), ("volume-mean", 1.5), ("number-median", 0.0)])
def test_an_assumed_spread_respects_what_the_diameter_is(statistic, shift):
    sizes, flags = sizes_of(bubble(sigma_ln=None, statistic=statistic).gas)
    assert "width" in {flag.code for flag in flags}
    assert 2e6 * sizes.median == pytest.approx(2.5 * math.exp(-shift * 0.4**2))
