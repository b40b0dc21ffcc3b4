"""Every comparison with an independent code that the page of agreement shows; a missing code fails its test."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def made():
    """The script that makes the page, as a module."""
    about = importlib.util.spec_from_file_location("agreement", ROOT / "benchmarks" / "agreement.py")
    module = sys.modules["agreement"] = importlib.util.module_from_spec(about)
    about.loader.exec_module(module)
    return module


agreement = made()


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", agreement.ROWS, ids=lambda row: f"{row.code}: {row.quantity}"[:60])
def test_agrees(row):
    assert agreement.measured(row) <= row.allowed


def test_every_code_is_compared():
    codes = {row.code for row in agreement.ROWS}
    assert codes >= {"paramagpy", "xraydb", "spekpy", "miepython", "scattnlay", "CoolProp", "scipy", "shipped traces"}


def test_the_page_marks_what_lies_outside(monkeypatch):
    monkeypatch.setattr(agreement, "version", lambda code: "1.0")
    rows = agreement.ROWS[:2]
    text = agreement.page({rows[0]: 0.5 * rows[0].allowed, rows[1]: 2 * rows[1].allowed})
    assert text.count("**outside**") == 1 and "1 of 2 comparisons lie within" in text
    assert {line.count("|") for line in text.splitlines() if line.startswith("|")} == {7}


def test_no_oracle_is_skipped():
    """A missing code fails its test: under the marker nobody asks whether it is there."""
    group = re.search(r"oracle = \[(.*?)\]", (ROOT / "pyproject.toml").read_text("utf-8"), re.S)[1]
    names = {re.split(r"[>=<]", name)[0].lower() for name in re.findall(r'"([^"]+)"', group)} - {"pandas", "xarray"}
    for path in (ROOT / "tests").glob("test_*.py"):
        for module in re.findall(r"importorskip\(\"([\w.]+)\"", path.read_text("utf-8")):
            assert module.split(".")[0].lower() not in names, f"{path.name} skips {module}"
