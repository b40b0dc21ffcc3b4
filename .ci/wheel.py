"""What is in the wheel: the package and its catalogue, whole, and nothing else.

python .ci/wheel.py WHEEL
"""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUFFIXES = {".py", ".toml", ".csv", ".md", ".j2", ".css", ".js", ".mplstyle", ".typed", ".svg", ".html", ".json"}
LARGEST = 2_000_000  # bytes of one file
SECRETS = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|pypi-AgEI")


def main(path: str) -> int:
    """Prints what is wrong; 1 where something is."""
    wheel, wrong = Path(path), []
    with zipfile.ZipFile(wheel) as archive:
        held = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    about = next(name.split("/")[0] for name in held if name.endswith(".dist-info/METADATA"))
    for name, content in held.items():
        if not name.startswith(("contrastphys/", f"{about}/")) or ".." in name or name.startswith("/"):
            wrong.append(f"{name} stands outside the package")
        if name.startswith("contrastphys/") and Path(name).suffix not in SUFFIXES:
            wrong.append(f"{name} is of a kind that has no place there")
        if len(content) > LARGEST:
            wrong.append(f"{name} has {len(content) / 1e6:.1f} MB")
        if SECRETS.search(content):
            wrong.append(f"{name} holds what looks like a secret")
        if re.search(rb"(?:/home/|/root/|/Users/)[a-z]", content):
            wrong.append(f"{name} names a folder of somebody's machine")
    for folder, inside in (("materials", "contrastphys/_materials"), ("contrastphys", "contrastphys")):
        for file in (ROOT / folder).rglob("*"):
            here = f"{inside}/{file.relative_to(ROOT / folder).as_posix()}"
            if file.is_file() and "__pycache__" not in file.parts and here not in held:
                wrong.append(f"{here} is missing")
            elif file.is_file() and here in held and held[here] != file.read_bytes():
                wrong.append(f"{here} is not the file of the checkout")
    for line in wrong:
        print(line)
    print(f"{wheel.name}: {len(held)} files, {wheel.stat().st_size / 1e6:.2f} MB, {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
