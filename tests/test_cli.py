"""The command line as a user meets it."""

import json
import subprocess
import sys

import pytest

from contrastphys.cli import main


def run(capsys, *words):
    code = main(list(words))
    out, err = capsys.readouterr()
    return code, out, err


def test_compare_writes_its_files_and_prints_the_table(capsys, tmp_path):
    study = tmp_path / "study.toml"
    study.write_text('title = "Two"\n[[formulation]]\nuse = "gadoterate"\n[[formulation]]\nuse = "iohexol"\n', "utf-8")
    code, out, err = run(capsys, "compare", str(study), "-o", str(tmp_path / "out"), "--dpi", "60")
    assert code == 0, err
    assert "Two" in out
    assert "Gadoterate" in out
    assert "report.html" in out
    records = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    assert {r["formulation"] for r in records} == {"gadoterate", "iohexol"}


def test_bad_study_writes_nothing(capsys, tmp_path):
    study = tmp_path / "study.toml"
    study.write_text('[[formulation]]\nuse = "gadotrate"\n', "utf-8")
    code, out, err = run(capsys, "compare", str(study), "-o", str(tmp_path / "out"))
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert "study.toml:2: formulation[1].use: no agent 'gadotrate' in the catalogue; did you mean 'gadoterate'?" in err
    assert not (tmp_path / "out").exists()


def test_list_and_show(capsys):
    code, out, _ = run(capsys, "list", "--kind", "bubble")
    assert code == 0
    assert "sonovue" in out
    assert "gadoterate" not in out
    code, out, _ = run(capsys, "show", "gadoterate")
    assert code == 0
    assert "counted by Gd" in out
    code, _, err = run(capsys, "show", "gadoterat")
    assert code == 2
    assert "did you mean 'gadoterate'?" in err


def test_check_tells_records_studies_and_tables_apart(capsys, tmp_path):
    (tmp_path / "a.toml").write_text('[[formulation]]\nuse = "iohexol"\n', "utf-8")
    (tmp_path / "b.toml").write_text('id = "b"\nkind = "molecule"\nmolecule = { formula = "C6H12O6" }\n', "utf-8")
    (tmp_path / "c.csv").write_text("# source: own\n# licence: own\nwavelength [nm],n\n500,1.5\n", "utf-8")
    code, out, err = run(capsys, "check", *(str(tmp_path / name) for name in ("a.toml", "b.toml", "c.csv")))
    assert (code, err) == (0, "")
    assert out.count("no mistakes") == 3


@pytest.mark.parametrize(
    "amount, to, expected",
    [
        ("1 mM Gd", "mg/mL compound", "0.5586 mg/mL (compound)"),
        ("1 mM Gd", "molecule", "1 mmol/L (molecule)"),
        ("1 mg/mL Gd", "uM Gd", "6359 uM (Gd)"),
    ],
)
def test_convert(capsys, amount, to, expected):
    code, out, err = run(capsys, "convert", amount, "--formulation", "gadoterate", "--to", to)
    assert code == 0, err
    assert out.strip().endswith(expected)


@pytest.mark.parametrize("amount", ["1", "1 mM", "1 mM Fe", "x Gd", "-1 mM Gd", "1 kg Gd"])
def test_convert_says_what_is_wrong(capsys, amount):
    code, _, err = run(capsys, "convert", amount, "--formulation", "gadoterate", "--to", "molecule")
    assert code == 2
    assert err.strip()


def test_explain(capsys):
    code, out, _ = run(capsys, "explain", "gadoterate", "xray")
    assert code == 0
    assert "tissue_concentration" in out
    assert "HU*mL/mg" in out or "HU·mL/mg" in out


def test_user_folder_adds_and_replaces_records(capsys, tmp_path):
    (tmp_path / "agents").mkdir()
    about = 'id = "mine"\nlabel = "Mine"\nkind = "molecule"\nsource = "own"\nstatus = "verified"\n'
    record = about + '[molecule]\nformula = "C6H5I"\nmetal = "I"\n'
    (tmp_path / "agents" / "mine.toml").write_text(record, "utf-8")
    code = subprocess.run(
        [sys.executable, "-m", "contrastphys", "show", "mine", "--materials", str(tmp_path)],
        capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    assert code.returncode == 0, code.stderr
    assert "Mine (mine), molecule, counted by I" in code.stdout


@pytest.mark.slow
def test_c_locale_prints_a_label_that_is_not_ascii(tmp_path):
    study = tmp_path / "étude.toml"
    study.write_text('title = "Übung"\n[[formulation]]\nuse = "gadoterate"\nlabel = "Gadotérate µ"\n', "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "contrastphys", "compare", str(study), "-o", str(tmp_path / "out"), "--dpi", "60"],
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin", "MPLBACKEND": "Agg", "HOME": str(tmp_path)},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    assert b"Gadot" in done.stdout
