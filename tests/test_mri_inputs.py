"""What a user may get wrong with MRI, and the exact words that say how to put it right."""

import numpy as np
import pytest

import contrastphys as cp
from contrastphys import Q, mri
from contrastphys.mri import paramagnetic as pm
from contrastphys.mri import regimes
from contrastphys.provenance import Refusal
from contrastphys.units import UnitError

UNIT = "1/(mM*s)"


def point(quantity, value, **more):
    return {"quantity": quantity, "value": value, "unit": UNIT, "field": "1.5 T", "medium": "water", **more}


def iron_60():
    core = {"material": "magnetite", "diameter": "60 nm", "saturation_magnetisation": "350 kA/m"}
    return cp.Formulation(id="iron", kind="nanoparticle", cores=core)


THREE = ["diameter", "saturation_magnetisation", "sigma_ln"]
WRONG = {
    "a field of 0": (
        lambda: mri.relaxivity("gadoterate", "0 T"), ValueError, "field is 0 T: it must be above 0"),
    "a negative field": (
        lambda: mri.relaxivity("gadoterate", "-1 T"), ValueError, "field is -1 T: it must be above 0"),
    "one field of several": (
        lambda: mri.relaxivity("gadoterate", Q(np.array([1.0, 0.0]), "T")), ValueError,
        "field[1] is 0 T: it must be above 0"),
    "a frequency for a field": (
        lambda: mri.relaxivity("gadoterate", "64 MHz"), UnitError,
        "field takes a unit such as 'T' ('megahertz' does not measure it): write Q(1.5, 'T')"),
    "a bare field": (
        lambda: mri.relaxivity("gadoterate", 3), UnitError, "field needs a unit such as 'T': write Q(1.5, 'T')"),
    "celsius written as kelvin": (
        lambda: mri.relaxivity("gadoterate", "3 T", temperature="37 K"), Refusal,
        "the models hold for one temperature from 0 to 100 degC, not at 37 K: 37 degC is Q(37, 'degC')"),
    "kelvin written as celsius": (
        lambda: mri.relaxivity("gadoterate", "3 T", temperature=Q(310, "degC")), Refusal,
        "the models hold for one temperature from 0 to 100 degC, not at 583.15 K"),
    "a bare temperature": (
        lambda: mri.relaxivity("gadoterate", "3 T", temperature=37), UnitError,
        "temperature needs a unit such as 'K': write Q(310.15, 'K')"),
    "a difference for a temperature": (
        lambda: mri.relaxivity("gadoterate", "3 T", temperature=Q(37, "delta_degC")), UnitError,
        "temperature takes a unit such as 'K' (a temperature difference is not a temperature: write 'degC' or 'K'): "
        "write Q(310.15, 'K')"),
    "delta2 as a wavenumber": (
        lambda: pm.electron_relaxation("1.5 T", "0.02 1/cm", "11 ps"), UnitError,
        "delta2 takes a unit such as '1/s^2' (a wavenumber W is not the square of an angular frequency: give "
        "(2 pi c W)^2): write Q(1, '1/s^2')"),
    "r1 per particle without a size": (
        lambda: mri.calibrate("gadoterate", [point("r1", 273.0, per="particle")]), Refusal,
        "gadoterate: a relaxivity per particle cannot be given per Gd: the size is not known; give the core's "
        "diameter, or the value per metal"),
    "three parameters from two points": (
        lambda: mri.calibrate("ferumoxytol", [point("r1", 20), point("r2", 60)], THREE), Refusal,
        "3 parameters (diameter, saturation_magnetisation, sigma_ln) cannot be told from 2 points: measure more, or "
        "free fewer"),
    "a spin echo in static dephasing": (
        lambda: mri.relaxivity(iron_60(), "3 T").r2, Refusal,
        "iron: static dephasing; r2 of a spin echo needs echo_spacing=Q(2, 'ms'), or ask for r2_star"),
    "a binder without its concentration": (
        lambda: mri.relaxivity("gadofosveset", "1.5 T", medium="plasma"), Refusal,
        "gadofosveset binds to albumin: its relaxivity in plasma depends on concentration; give "
        "concentration=Q(0.1, 'mM')"),
    "a rate of a bare concentration": (
        lambda: mri.relaxivity("gadoterate", "3 T").rate(Q(1, "mM")), TypeError,
        "rate takes a Concentration, which says what it counts: write agent.concentration('1 mM', 'Gd'); bases: "
        "molecule, Gd, compound, suspension"),
    "a core that is all dead layer": (
        lambda: mri.relaxivity(
            cp.Formulation(id="dot", kind="nanoparticle", cores={"material": "magnetite", "diameter": "0.8 nm"}),
            "3 T"), Refusal, None),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_words(name):
    call, kind, words = WRONG[name]
    with pytest.raises(kind) as caught:
        call()
    if words is None:
        assert "give its Ms" in str(caught.value)
    else:
        assert str(caught.value) == words


def test_delta2_as_a_wavenumber_in_a_record(tmp_path, monkeypatch):
    """The same mistake in a file of one's own: the line, and the way out."""
    from contrastphys import records
    from contrastphys.mistakes import RecordError

    folder = tmp_path / "chelates"
    folder.mkdir()
    lines = ['id = "mine"', 'ion = "Gd3+"', "[[set]]", 'name = "own"', 'reference_temperature = "298 K"', "q = 1",
             'tau_M = "1 ns"', 'tau_R = "60 ps"', 'delta2 = "0.02 1/cm"', 'tau_v = "10 ps"', 'r = "3.1 angstrom"',
             'a = "3.6 angstrom"', 'D = "2.3e-9 m^2/s"', 'source = "own"', 'status = "user"']  # fmt: skip
    (folder / "mine.toml").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setenv("CONTRASTPHYS_MATERIALS", str(tmp_path))
    with pytest.raises(RecordError, match=r"mine\.toml:9: set\.delta2: .*give \(2 pi c W\)\^2"):
        records.chelate("mine")


def test_a_row_that_cannot_be_converted_is_told_not_dropped():
    row = point("r1", 273.0, per="particle", source="own", status="user")
    found = mri.relaxivity(cp.load("gadoterate").replace(measured=[row]), "1.5 T")
    flag = next(flag for flag in found.flags if flag.code == "basis")
    assert flag.message.startswith("measured value left out: gadoterate: a relaxivity per particle cannot be given")
    assert not any(flag.code == "basis" for flag in mri.relaxivity("gadoterate", "1.5 T").flags)


def test_every_attribute_of_the_result_answers():
    import matplotlib.pyplot as plt

    agent = cp.load("gadoterate")
    found = mri.relaxivity(agent, "3 T", medium="plasma")
    for name in ("r1", "r2", "r2_star"):
        assert getattr(found, name).check("1/([substance]/[length]**3)/[time]")
        assert found.error[name].size > 0
    assert found.regime == "inner and outer sphere" and set(found.parts["inner"]) == {"r1", "r2"}
    assert {flag.code for flag in found.flags} == {"medium"}
    assert len(found.nearest_measured) == 4 and found.nearest_measured[0].field == 3
    rate = found.rate(agent.concentration("1 mM", "Gd"))
    assert rate.r1.to("1/s").magnitude == pytest.approx(found.r1.magnitude)
    assert found.plot().get_ylabel() == "relaxivity [1/(mM s)] per Gd"
    plt.close("all")


@pytest.mark.parametrize("diameter", [4.0, 12.0, 30.0, 60.0, 120.0])
@pytest.mark.parametrize("spacing", [None, 1e-5, 2e-3])
def test_r2_never_passes_its_ceiling(diameter, spacing):
    """Static dephasing of the whole moment, from 0.01 mT to 21 T, whatever the Neel time or the spread of sizes."""
    field = np.logspace(-5, np.log10(21), 60)
    for neel in (1e-10, 1e-7, 1e-3):
        for sigma in (0.0, 0.3):
            rates = regimes.population(
                field, diameter, 4.5e5, 1.5e-5, 310.15, 3e-9, neel=neel, sigma_ln=sigma, echo_spacing=spacing
            )
            assert np.all(rates.r2 <= rates.r2_star) and np.all(rates.r2_star <= rates.ceiling)
            assert np.all(rates.r1 <= rates.r2_star * (1 + 1e-12))
    bare = regimes.population(1e-5, diameter, 4.5e5, 1.5e-5, 310.15, 3e-9, neel=1e-3)
    assert (bare.broken == 1) == (bare.r2_moving > bare.ceiling)
