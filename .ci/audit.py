"""Known vulnerabilities of what the package needs at run time: prints all, fails where a release without exists.

    python .ci/audit.py PIP_AUDIT

Looks at the installed versions of the package's own dependencies and theirs, not at the tools of this run. A service
that does not answer is said and does not fail the run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement


def needed(name: str) -> dict[str, str]:
    """Versions of a package's dependencies without extras, and of theirs."""
    found: dict[str, str] = {}
    waiting = [name]
    while waiting:
        try:
            held = distribution(waiting.pop())
        except PackageNotFoundError:
            continue
        for line in held.requires or ():
            asked = Requirement(line)
            if asked.marker is None or asked.marker.evaluate({"extra": ""}):
                key = asked.name.lower().replace("_", "-")
                if key not in found:
                    try:
                        found[key] = distribution(asked.name).version
                    except PackageNotFoundError:
                        continue
                    waiting.append(asked.name)
    return found


def main(pip_audit: str) -> int:
    """0 where nothing with a remedy is known, 1 where something is."""
    versions = needed("contrastphys")
    print("audited: " + ", ".join(f"{name} {version}" for name, version in sorted(versions.items())))
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder) / "requirements.txt"
        pinned.write_text("".join(f"{name}=={version}\n" for name, version in versions.items()), "utf-8")
        words = [pip_audit, "-r", str(pinned), "--no-deps", "--disable-pip", "-f", "json", "--progress-spinner", "off"]
        try:
            done = subprocess.run([*words, "--timeout", "15"], capture_output=True, text=True, timeout=180)
            found = json.loads(done.stdout)["dependencies"]
        except (subprocess.TimeoutExpired, ValueError, KeyError, TypeError, OSError):
            print("the service of advisories did not answer: nothing was audited")
            return 0
    curable = 0
    for package in found:
        for flaw in package.get("vulns", ()):
            remedy = ", ".join(flaw.get("fix_versions") or ())
            curable += bool(remedy)
            said = f"fixed in {remedy}" if remedy else "no fix yet"
            print(f"{package['name']} {package['version']}: {flaw['id']}; {said}")
    print(f"{len(found)} packages, {curable} flaws with a remedy")
    return 1 if curable else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
