"""The twelve questions a designer asks: each one call, its answer checked against a scan made without the solver."""

import itertools
import math

import numpy as np
import pytest

import contrastphys as cp
from contrastphys.cli import main
from contrastphys.mistakes import RecordError
from contrastphys.parameters import changed
from contrastphys.questions import ask, shipped
from contrastphys.study import Study, place
from contrastphys.units import Q

PLASMA = {"temperature": 310.15, "medium": "plasma"}


def only(answer):
    ((_, result),) = answer.results
    return result


def test_there_are_twelve_and_each_says_what_it_asks():
    assert len(shipped()) == 12


def test_1_the_core_of_largest_r2_under_a_ratio():
    best = only(ask("core-for-r2")).best
    found = best.parameters["core.diameter"].magnitude

    def both(diameter):
        core = cp.Formulation(
            id="core", kind="nanoparticle", cores={"material": "magnetite", "diameter": Q(diameter, "nm")}
        )
        return [cp.mri.predict(core, q, {"field": 3.0, **PLASMA}).number for q in ("r1", "r2")]

    scan = np.linspace(3, 30, 1351)
    r1, r2 = np.array([both(float(d)) for d in scan]).T
    allowed = r2 / r1 < 5
    top = scan[allowed][np.argmax(r2[allowed])]
    assert found == pytest.approx(top, abs=0.021)
    assert best.values["mri.r2 at 3 T"].magnitude >= r2[allowed].max()
    assert best.limited_by == ("mri.r2 / mri.r1 at 3 T < 5",)


def test_2_mass_that_equals_iodine():
    answer = ask("mass-for-iodine")
    found = dict(answer.results)
    agents = {"Au": "gold-sphere-10nm", "Bi": "bismuth-74nm", "Ta": "tantalum-oxide-10nm"}
    for kvp, size in itertools.product((80, 140), (10, 40)):
        for metal, agent in agents.items():
            match = cp.xray.match(agent, "iohexol", "300 mg/mL", f"{kvp} kV", f"{size} cm")
            assert found[f"{kvp} kV, {size} cm, {metal}"] == pytest.approx(match.concentration, rel=0.02)


def test_3_bismuth_against_gold():
    found = dict(ask("bismuth-or-gold").results)
    agents = ("bismuth-74nm", "gold-sphere-10nm")
    per_gram, per_mole = (
        [cp.xray.predict(cp.load(a), q, {"kvp": 120.0}).number for a in agents]
        for q in ("enhancement_per_mass", "enhancement_per_mole")
    )
    ratio = per_gram[0] / per_gram[1]
    assert found["enhancement per gram, Bi over Au"] == pytest.approx(ratio, rel=1e-6)
    assert found["enhancement per mole, Bi over Au"] == pytest.approx(per_mole[0] / per_mole[1], rel=1e-6)
    assert found["cost of the smallest concentration seen, Bi over Au"] == pytest.approx(1 / ratio / 100, rel=1e-6)
    assert found["margin at the same dose, Bi over Au"] == pytest.approx(ratio, rel=1e-6)


def test_4_a_nanorod_for_each_laser():
    for (_, best), wavelength in zip(ask("nanorod-for-laser").results, (808.0, 1064.0), strict=True):
        found = best.best.parameters["core.length"].magnitude

        def absorbs(length, wavelength=wavelength):
            core = {"material": "gold", "shape": "rod", "diameter": "10 nm", "length": Q(float(length), "nm")}
            rod = cp.Formulation(id="rod", kind="nanoparticle", cores=core)
            return cp.photoacoustic.predict(rod, "molar_absorption", {"wavelength": wavelength}).number

        scan = np.linspace(15, 120, 421)
        values = [absorbs(x) for x in scan]
        assert found == pytest.approx(scan[np.argmax(values)], abs=0.26)
        assert absorbs(found) >= max(values)


def test_5_a_bubble_for_7_mhz():
    (branch,) = only(ask("bubble-for-7-mhz")).branches
    sonovue = Study((cp.load("sonovue"),))

    def rings(diameter):
        made = changed(sonovue, {"gas.diameter": Q(float(diameter), "um")}).formulations[0]
        return cp.ultrasound.predict(made, "resonance_frequency", {"medium": "blood", "temperature": 310.15}).number

    scan = np.geomspace(0.5, 10, 40)
    values = np.array([rings(d) for d in scan])
    assert (np.diff(values) < 0).all()  # one branch only
    assert np.interp(-7.0, -values, scan) == pytest.approx(branch.low.magnitude, rel=4e-3)
    assert rings(branch.low.magnitude) == pytest.approx(7.0, rel=1e-6)


def test_6_the_smallest_dose_and_the_modality_that_sets_it():
    (branch,) = only(ask("smallest-dose")).branches
    base = changed(Study((cp.load("gold-gd-2.4nm"),)), {
        "scenario.target.uptake": "3 %/g", "protocol.mri.field": "3 T", "protocol.xray.kvp": "120 kV",
        "protocol.photoacoustic.wavelength": "808 nm",
    })  # fmt: skip
    margins = cp.compare(changed(base, {"dose": "1 mg/kg"})).margins("gold-gd-2.4nm")
    limiting = min(margins, key=margins.__getitem__)
    assert branch.low_limit == f"{limiting}.margin > 1"
    assert branch.low.magnitude == pytest.approx(1 / margins[limiting], rel=1e-4)  # margins grow with the dose


def test_7_gadolinium_or_iron():
    found = dict(ask("gadolinium-or-iron").results)
    for field in (0.064, 7.0):
        study = changed(Study((cp.load("gadoterate"), cp.load("uspio-3nm"))), {"protocol.mri.field": Q(field, "T")})
        for name in ("gadoterate", "uspio-3nm"):
            cells = cp.mri.detection_limit(next(f for f in study.formulations if f.id == name), study.protocol("mri"))
            own = next(c.value for c in cells if c.quantity == "c_min")
            assert found[f"{field:g} T, {name}: mri.c_min"] == own
    ratio = "gadoterate: mri.c_min / uspio-3nm: mri.c_min"
    assert found[f"0.064 T, {ratio}"] < 1 < found[f"7 T, {ratio}"]


def test_8_t1_or_t2_agent_at_a_concentration():
    found = dict(ask("t1-or-t2").results)
    peak = found["1 mmol/L, mri.c_peak"]
    for concentration in (0.05, 0.2, 1.0, 5.0, 20.0):
        assert found[f"{concentration:g} mmol/L, mri.sign"] == (1 if concentration < peak else -1)


def test_9_gadolinium_per_particle():
    (branch,) = only(ask("gadolinium-per-particle")).branches

    def limit(count):
        made = cp.Formulation(id="carrier", kind="hybrid", cores={"material": "gold", "diameter": "14 nm"},
                              payloads=[{"agent": "gadopentetate", "per_particle": float(count)}])  # fmt: skip
        study = changed(Study((made,)), {"protocol.mri.field": "3 T"})
        cells = cp.mri.detection_limit(study.formulations[0], study.protocol("mri"))
        return next(c.value for c in cells if c.quantity == "c_min") / count  # mmol/L of particles

    scan = np.arange(500, 6000, 50)
    first = scan[next(i for i, n in enumerate(scan) if limit(n) < 5e-6)]
    assert first - 50 <= branch.low.magnitude <= first
    assert (branch.high.magnitude, branch.high_limit) == (1e6, "range")


def test_10_tantalum_from_iodine():
    answer = ask("tantalum-from-iodine")
    (first, best), *others = answer.results
    assert first == "100 kV"
    own = float(best.sd("Ta").magnitude)
    assert all(own <= float(bound.sd("Ta").magnitude) for _, bound in others)
    ray = {"water": "20 cm", "I": "10 mg/cm^2", "Ta": "10 mg/cm^2"}
    grid = itertools.combinations((40, 45, 50, 55, 60, 65, 67.416, 70, 75, 80, 85), 3)
    scan = [float(cp.xray.decompose(ray, "100 kV", Q([25, *edges], "keV")).sd("Ta").magnitude) for edges in grid]
    assert own <= min(scan) * 1.0001
    assert own >= min(scan) * 0.9


def test_11_depth_and_wavelength_against_blood():
    answer = ask("depth-for-nanorod", each={"protocol.photoacoustic.wavelength": ["750 nm", "808 nm"]})
    reach = [result.branches[-1].high.magnitude for _, result in answer.results]
    rod = changed(Study((cp.load("gold-nanorod-41x10nm"),)), {"dose": "20 mg/kg"})
    depths = np.arange(0.1, 4.0, 0.05)
    for wavelength, found in zip((750.0, 808.0), reach, strict=True):
        made = changed(rod, {"protocol.photoacoustic.wavelength": Q(wavelength, "nm"),
                             "protocol.photoacoustic.depth": [Q(float(d), "cm") for d in depths]})  # fmt: skip
        placed, _ = place(made.formulations[0], made.scenario)
        cells = cp.photoacoustic.detection_limit(placed, made.protocol("photoacoustic"))
        seen = [c.conditions["depth"] for c in cells if c.quantity == "margin" and (c.value or 0) > 1]
        last = float(Q(seen[-1]).to("cm").magnitude)
        assert last <= found <= last + 0.051
    assert reach[1] > reach[0]


def test_12_what_dominates_the_uncertainty():
    found = only(ask("what-to-measure"))
    shares = dict(zip(found.names, found.total, strict=True))
    assert set(found.names[:2]) == {"model of mri", "protocol.mri.snr.value"}
    # by hand: the margin is proportional to the signal-to-noise ratio and to the dose, and the body mass, which the
    # dose and the volume of distribution are both stated by, cancels
    expected = (0.3 / 5) ** 2 / math.log(1.3) ** 2
    assert shares["formulation.my-core.dose"] / shares["protocol.mri.snr.value"] == pytest.approx(expected, abs=0.03)
    assert shares["scenario.body_mass"] < 1e-9


# ------------------------------------------------------------------------------------------- the command


def test_every_question_is_a_command(capsys, monkeypatch):
    for name in ("core-for-r2", "gadolinium-per-particle"):
        assert main(["design", name]) == 0
        out = capsys.readouterr().out
        assert out.splitlines()[0].endswith("?")
    assert main(["design"]) == 0
    assert capsys.readouterr().out.count("\n") == 12


def test_a_question_of_a_file_and_its_mistakes(tmp_path, capsys):
    file = tmp_path / "question.toml"
    file.write_text('ask = "solve"\nagents = ["iohexol"]\nvary = { dose = ["1 mg/kg", "2000 mg/kg"] }\n'
                    'require = { "xray.margin at 120 kV" = "> 1" }\n')  # fmt: skip
    assert main(["design", str(file)]) == 0
    assert "xray.margin at 120 kV > 1" in capsys.readouterr().out
    for broken, says in (
        ('ask = "solv"', "did you mean 'solve'"),
        ('ask = "solve"', "'vary' is missing"),
        ('ask = "table"\nshow = "mri.r1"\nagent = "x"', "did you mean 'agents'"),
        ('ask = "table"\nshow = "mri.r1"', "0 of agents, study, formulation are given"),
        ('ask = "table"\nshow = "mri.r1 at 3 T"\nagents = "gadoterat"', "did you mean 'gadoterate'"),
    ):
        file.write_text(broken)
        assert main(["design", str(file)]) == 2
        assert says in capsys.readouterr().err
    assert main(["design", "core-for-r1"]) == 2
    assert "did you mean 'core-for-r2'" in capsys.readouterr().err


def test_a_target_no_model_can_reach_shows_the_nearest(capsys):
    answer = ask("core-for-r2", require={"mri.r2 / mri.r1 at 3 T": "< 0.5"})
    assert not only(answer)
    assert "no point meets every demand" in str(answer)
    with pytest.raises(RecordError, match="contradictory"):
        ask("core-for-r2", require={"mri.r1 at 3 T": ["> 9 1/(mM*s)", "< 5 1/(mM*s)"]})


def test_sweep_and_calibrate_as_commands(tmp_path, capsys):
    table = tmp_path / "sweep.csv"
    over = ["--over", "dose=100 mg/kg;200 mg/kg", "--over", "protocol.xray.kvp=80 kV;120 kV"]
    assert main(["sweep", "iohexol", *over, "--modality", "xray", "-o", str(table)]) == 0
    assert len(table.read_text().splitlines()) == 5
    assert main(["sweep", "iohexol", "--over", "dose", "-o", str(table)]) == 2
    assert "--over" in capsys.readouterr().err
    line = tmp_path / "line.csv"
    line.write_text("# source: own\n# licence: own\n# note: none\nkvp [kV],concentration [mg/mL],hu [HU]\n"
                    "120,1,25\n120,2,51\n120,4,99\n")  # fmt: skip
    record = tmp_path / "iohexol.toml"
    assert main(["calibrate", "iohexol", str(line), "--free", "scale", "-o", str(record)]) == 0
    assert "scale = " in capsys.readouterr().out
    assert main(["check", str(record)]) == 0
