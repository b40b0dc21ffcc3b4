"""The README keeps its word: its table is what the main job prints, its code runs, its files are there."""

import re
from pathlib import Path

import contrastphys as cp

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_table_is_what_the_main_job_prints():
    shown = [line.strip("| ").split(" | ") for line in README.splitlines() if line.startswith("| ")][2:]
    assert len(shown) == 8
    real = {row[0]: [entry.replace("\n", "<br>") for entry in row] for row in cp.compare().rows()}
    for row in shown:
        assert row == real[row[0]]


def test_code_runs(capsys):
    code = re.search(r"```python\n(.*?)```", README, re.S)[1]
    exec(compile(code, "README.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_files_it_names_are_there():
    for name in re.findall(r"`((?:notebooks|materials|CHANGELOG)[\w./-]*)`|\]\(([\w./-]+)\)", README):
        assert (ROOT / (name[0] or name[1])).exists(), name
