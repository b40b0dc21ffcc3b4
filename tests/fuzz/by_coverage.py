"""Fuzz one reader with atheris, led by coverage: python tests/fuzz/by_coverage.py TARGET [--minutes 10]

Needs `pip install atheris` (Linux, Python 3.11 to 3.13). The first find of every kind is kept and told once; the run
goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

WORDS = {
    "unit": ["mM", "**", "^", "deg", "1/(", "degC", "dB", "µ", "·", "per", "e999", "9**9", "particle", "rad/s", "%"],
    "formula": ["Fe3O4", "(", ")", "[", "·", ".", "H2O", "0.", "₂", "e5"],
    "name": ["gadoterate", "../", "/etc/passwd", "gold", "\\0", ".toml", "media/", "water"],
    "csv": [
        "# source: ",
        "wavelength [nm]",
        "energy [keV]",
        "fluence [1/cm^2]",
        "time [us]",
        "pressure [kPa]",
        "low [um]",
        "high [um]",
        "count",
        "field [T]",
        "r1",
        "r2_sd",
        ",",
        "nan",
        "1e400",
        '\\"',
    ],
    "toml": [
        "[[formulation]]",
        "use = ",
        "kind = ",
        '\\"nanoparticle\\"',
        "core = { ",
        "material = ",
        "diameter = ",
        '\\"10 nm\\"',
        "[scenario]",
        "[protocol.mri]",
        "field = [",
        "measured",
        "value",
        "sd = ",
        "low = ",
        "dose",
        "payload",
        "gas",
        "shell",
        "per_particle",
        "alternatives",
        "density",
        "set",
        "= 1e400",
        "= nan",
        "= [[[",
    ],
}


def seeds(target: str, root: Path) -> list[bytes]:
    """Good and bad inputs that are known, as first material."""
    broken, shipped = root / "tests" / "broken", root / "materials"
    if target == "toml":
        kinds = [
            (0, broken.glob("*.toml")),
            (0, (shipped / "studies").glob("*.toml")),
            (1, (shipped / "agents").glob("*.toml")),
        ]
        kinds += [(3 + k, (shipped / n).glob("*.toml")) for k, n in enumerate(("cores", "chelates", "gases", "media"))]
        return [
            bytes([k]) + p.read_bytes() for k, files in kinds for p in files if p.is_file() and p.stat().st_size < 4000
        ]
    if target == "csv":
        made = [
            "time [us],pressure [kPa]\n0,0\n1,2\n2,-1\n",
            "low [um],high [um],count\n1,2,5\n2,3,4\n",
            "energy [keV],fluence [1/cm^2]\n10,5\n20,7\n",
            "field [T],r1,r1_sd,medium\n1.5,4,0.1,water\n",
            "field [T],r2 [1/(mM*s)],sd\n1.5,4,0.1\n3,5,0.2\n",
            "wavelength [nm],n,k\n400,1,2\n500,1,2\n",
        ]
        return [bytes([k]) + m.encode() for m in made for k in range(7)]
    words = {
        "unit": ["mM", "1/(mM*s)", "mg/mL", "m**9**9**9", "degC", "dB/cm/MHz", "kg m^2 s-1", "mM-1.s-1", "HU*mL/mg"],
        "formula": ["Fe4[Fe(CN)6]3", "CuSO4·5H2O", "Fe2.67O4", "C43H47N2NaO6S2", "Ca5(PO4)3OH"],
        "name": ["gadoterate", "../agents/gadoterate", "media/distribution", "gold-johnson-christy", "water"],
    }
    return [w.encode() for w in words[target]]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("target", choices=sorted(WORDS))
    asked.add_argument("--minutes", type=float, default=10.0)
    asked.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "contrastphys-finds")
    options = asked.parse_args()
    import atheris

    with atheris.instrument_imports(include=["contrastphys", "pint", "tomllib", "flexparser"]):
        import targets
    one = targets.READERS[options.target]
    options.keep.mkdir(parents=True, exist_ok=True)
    finds: dict[str, str] = {}
    ran, began = [0], time.monotonic()

    def test(data: bytes) -> None:
        ran[0] += 1
        try:
            one(data)
        except Exception as error:
            places = traceback.extract_tb(error.__traceback__)
            last = next((p for p in reversed(places) if "contrastphys/" in p.filename), places[-1])
            kind = f"{type(error).__name__} {Path(last.filename).name}:{last.lineno}"
            if kind not in finds:
                finds[kind] = str(error)[:200]
                (options.keep / f"{options.target}-{len(finds)}.bin").write_bytes(data)
                print(f"FIND {options.target} {kind}: {str(error)[:200]!r} {data[:200]!r}", flush=True)
        if ran[0] % 2000 == 0 and time.monotonic() - began > 60 * options.minutes:
            done()

    def done() -> None:
        import os
        import resource

        told = {
            "target": options.target,
            "by": "atheris",
            "minutes": (time.monotonic() - began) / 60,
            "processor minutes": time.process_time() / 60,
            "runs": ran[0],
            "finds": finds,
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        print("DONE " + json.dumps(told), flush=True)
        os._exit(0)

    corpus = Path(tempfile.mkdtemp(prefix="contrastphys-corpus-"))
    for i, data in enumerate(seeds(options.target, Path(__file__).resolve().parents[2])):
        (corpus / f"{i}").write_bytes(data)
    words = corpus.with_suffix(".words")
    words.write_text(
        "\n".join(
            '"' + w.replace('\\"', '"').replace("\\0", "\\x00").replace('"', '\\"') + '"'
            if "\\0" not in w
            else '"\\x00"'
            for w in WORDS[options.target]
            if w.isascii()
        ),
        "utf-8",
    )
    longest = {"unit": 160, "formula": 160, "name": 160}.get(options.target, 4096)
    flags = [
        sys.argv[0],
        str(corpus),
        f"-dict={words}",
        f"-max_len={longest}",
        "-timeout=20",
        "-rss_limit_mb=1500",
        f"-max_total_time={int(60 * options.minutes) + 20}",
        "-print_final_stats=0",
        "-verbosity=0",
        "-seed=1",
    ]
    atheris.Setup(flags, test)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
