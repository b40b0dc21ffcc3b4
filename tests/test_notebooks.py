"""Every notebook runs from top to bottom, and the one kept in the repository carries its outputs."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import contrastphys

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


@pytest.mark.filterwarnings("ignore")  # the kernel's own transport warns; what runs in it is checked below
@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=() if p.stem.startswith("01") else pytest.mark.slow) for p in NOTEBOOKS],
    ids=lambda p: p.stem,
)
def test_notebook_runs(path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(contrastphys.__file__).parent.parent))  # the tree under test
    monkeypatch.setenv("PYTHONWARNINGS", "error::UserWarning:contrastphys")
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    ).execute()
    pictures = [
        output for cell in notebook.cells for output in cell.get("outputs", []) if "image/png" in output.get("data", {})
    ]
    assert pictures, "a notebook shows at least one picture"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_is_kept_with_its_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    ran = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in ran)


def test_quickstart_is_short():
    notebook = nbformat.read(NOTEBOOKS[0], as_version=4)
    lines = [
        line for cell in notebook.cells if cell.cell_type == "code" for line in cell.source.splitlines() if line.strip()
    ]
    assert len(lines) < 20


def test_xray_notebook_gives_every_claim_a_verdict():
    path = next(p for p in NOTEBOOKS if p.stem == "03_xray")
    last = nbformat.read(path, as_version=4).cells[-1].outputs[0].text
    words = ("holds", "holds only if", "does not hold", "cannot be decided")
    for claim in range(14, 22):
        line = next(line for line in last.splitlines() if line.startswith(f"C{claim} "))
        assert line.split(None, 1)[1].startswith(words)
