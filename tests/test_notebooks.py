"""Every notebook runs from top to bottom, and the one kept in the repository carries its outputs."""

import re
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


def test_reviews_notebook_shows_every_claim_with_its_verdict():
    """What is kept in the notebook is what the page of verdicts says."""
    path = next(p for p in NOTEBOOKS if p.stem == "07_reviews")
    page = (path.parent.parent / "materials" / "published" / "CLAIMS.md").read_text("utf-8")
    said = dict(re.findall(r"^\| \[(C\d\d)\].*?\| ([^|(]+?)(?: \(.*?\))? \| [^|]+ \|$", page, re.M))
    shown = {}
    for cell in nbformat.read(path, as_version=4).cells:
        found = re.fullmatch(r'cp\.claims\.finding\("(C\d\d)"\)', cell.source)
        if found:
            shown[found[1]] = re.search(r"<th[^>]*>(.*?)</th>", cell.outputs[0].data["text/html"])[1]
    assert len(said) == 40 and shown == said
