"""The catalogue: reads and checks every record and table of `materials/`; the only room that opens its files.

Records are TOML, one a file, named by their id; tables are CSV with `# source:`, `# licence:` and `# note:`
lines above a header with units. Folders of the user's own come first (`use_folder`, or the environment
variable CONTRASTPHYS_MATERIALS), the shipped one last.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from .files import Table, read_csv, read_toml, stands
from .mistakes import Mistake, RecordError, near, short
from .provenance import STATUSES, Refusal, Value
from .schema import Reader, build, choice, number, settle, several, text
from .showing import shows
from .unit_conversion import convert
from .units import UnitError

_PACKAGE = Path(__file__).resolve().parent


@functools.cache
def shipped_folder() -> Path:
    """The catalogue that comes with the package: a checkout's own, else the installed copy."""
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "materials").is_dir():
        return checkout / "materials"
    return _PACKAGE / "_materials"


FOLDERS = ("agents", "cores", "chelates", "gases", "media", "optical", "spectra", "published", "studies")
_folders: list[Path] = []


def use_folder(folder: str | os.PathLike[str]) -> None:
    """Look in a folder of the user's own before the shipped catalogue."""
    path = Path(folder)
    _must_hold_records(path, "")
    if path not in _folders:
        _folders.insert(0, path)
        forget()


def _must_hold_records(path: Path, key: str) -> None:
    what, write = "", f"give a folder of records{', or unset ' + key if key else ''}"
    if not (stands(path) and path.is_dir()):
        what = "is not a folder"
    elif not any((path / name).is_dir() for name in FOLDERS):
        what = f"holds none of the folders {', '.join(FOLDERS)}"
    if what:
        raise RecordError([Mistake(path.as_posix(), 0, key, what, write)])


def forget() -> None:
    """Drop what was read, after a file or the folders changed."""
    for reader in (_ids, _material, _chelate, ions, _gas, _medium, table, optical):
        reader.cache_clear()


def folders() -> list[Path]:
    """Every folder of the catalogue, the user's first."""
    own = [Path(p) for p in os.environ.get("CONTRASTPHYS_MATERIALS", "").split(os.pathsep) if p]
    for path in own:
        _must_hold_records(path, "CONTRASTPHYS_MATERIALS")
    return [*_folders, *own, shipped_folder()]


# ------------------------------------------------------------------------------------- kinds of record


@shows("{0.id}: material", line="written")
@dataclass(frozen=True, kw_only=True)
class Material:
    """What a core, shell or droplet is made of."""

    id: str = text(default=..., meaning="name used by formulations")
    label: str = text()
    formula: str = text(meaning="chemical formula")
    density: Value | None = number("kg/m^3", 1, 30000, default=None)
    magnetic_class: str = choice("ferrimagnet", "ferromagnet", "paramagnet", "none", default="none")
    magnetic_ion: str = text(meaning="paramagnetic ion, such as Ho3+")
    metal: str = text(meaning="element symbol relaxivity and dose are counted by")
    saturation_magnetisation: Value | None = number("A/m", 1e3, 3e6, default=None)
    anisotropy: Value | None = number("J/m^3", 1, 1e7, default=None)
    dead_layer: Value | None = number("nm", 0, 5, default=None)
    optical: str = text(meaning="default table of optical constants")
    conductivity: Value | None = number("W/(m*K)", 1e-3, 5000, default=None)
    heat_capacity: Value | None = number("J/(kg*K)", 1, 20000, default=None)
    expansion: Value | None = number("1/K", 0, 1e-2, default=None)
    melting_temperature: Value | None = number("K", 1, 5000, default=None)
    source: str = text()
    status: str = text()
    note: str = text()

    def __post_init__(self) -> None:
        settle(self)


@shows("{0.name}: parameter set", line="written")
@dataclass(frozen=True, kw_only=True)
class ParameterSet:
    """Relaxation parameters fitted together: one indivisible bundle at one temperature."""

    name: str = text(default=...)
    reference_temperature: Value = number("K", 200, 400)
    q: Value = number("1", 0, 12, meaning="inner-sphere water molecules")
    tau_M: Value | None = number("ns", 1e-3, 1e7, default=None, meaning="residence time")
    dH_M: Value | None = number("kJ/mol", 0, 200, default=None, meaning="activation enthalpy of exchange")
    tau_R: Value | None = number("ps", 1, 1e7, default=None, meaning="rotation time, rank 2")
    E_R: Value | None = number("kJ/mol", 0, 200, default=None)
    delta2: Value | None = number("1/s^2", 1e16, 1e22, default=None, meaning="trace of the squared ZFS tensor")
    tau_v: Value | None = number("ps", 0.01, 1e4, default=None)
    E_v: Value | None = number("kJ/mol", 0, 200, default=None)
    r: Value = number("angstrom", 2, 6, meaning="ion-proton distance")
    a: Value = number("angstrom", 2, 20, meaning="closest approach of the outer sphere")
    D: Value = number("m^2/s", 1e-11, 1e-8, meaning="sum of the diffusion coefficients")
    E_D: Value | None = number("kJ/mol", 0, 200, default=None)
    F2: Value | None = number("1", 0, 1, default=None, meaning="squared order parameter")
    tau_local: Value | None = number("ns", 1e-4, 1e3, default=None)
    hyperfine: Value | None = number("rad/s", 0, 1e9, default=None, meaning="scalar coupling A/hbar of the protons")
    T2e: str = choice("general", "powell", default="powell", meaning="law of the transverse electron time")
    source: str = text()
    status: str = text()
    note: str = text()

    def __post_init__(self) -> None:
        settle(self)


@shows("{0.id}: complex of {0.ion}", line="written")
@dataclass(frozen=True, kw_only=True)
class Chelate:
    """A paramagnetic complex with its parameter sets."""

    id: str = text(default=...)
    label: str = text()
    ion: str = text(default=..., meaning="such as Gd3+")
    sets: tuple[ParameterSet, ...] = several(ParameterSet, alias="set")
    source: str = text()
    status: str = text()
    note: str = text()

    def __post_init__(self) -> None:
        settle(self)


@shows("{0.symbol}: paramagnetic ion")
@dataclass(frozen=True)
class Ion:
    """Angular momenta of a paramagnetic ion."""

    symbol: str
    S: float
    L: float
    J: float
    g_J: float
    mu_eff: float  # Bohr magnetons
    r: float  # ion-proton distance, angstrom
    T1e: float | None  # s; None where it depends on the field
    source: str
    status: str


@shows("{0.id}: gas or liquid", line="written")
@dataclass(frozen=True, kw_only=True)
class Gas:
    """A gas of bubbles or a liquid of droplets."""

    id: str = text(default=...)
    label: str = text()
    formula: str = text()
    molar_mass: Value | None = number("g/mol", 1, 2000, default=None)
    adiabatic_exponent: Value | None = number("1", 1, 2, default=None)
    conductivity: Value | None = number("W/(m*K)", 1e-4, 1, default=None)
    heat_capacity: Value | None = number("J/(kg*K)", 100, 20000, default=None)
    ostwald: Value | None = number("1", 1e-8, 10, default=None, meaning="Ostwald coefficient in water")
    diffusivity: Value | None = number("m^2/s", 1e-11, 1e-7, default=None, meaning="in water")
    boiling_temperature: Value | None = number("K", 1, 700, default=None)
    liquid_density: Value | None = number("kg/m^3", 100, 5000, default=None)
    liquid_sound_speed: Value | None = number("m/s", 50, 5000, default=None)
    surface_tension: Value | None = number("mN/m", 0.1, 100, default=None, meaning="liquid against vapour")
    vapour_pressure: Value | None = number("kPa", 1e-6, 1e5, default=None)
    source: str = text()
    status: str = text()
    note: str = text()

    def __post_init__(self) -> None:
        settle(self)


@shows("{0.id}: medium", line="written")
@dataclass(frozen=True, kw_only=True)
class Medium:
    """What surrounds an agent, as far as it changes relaxivity."""

    id: str = text(default=...)
    label: str = text()
    relative_viscosity: Value | None = number("1", 0.5, 20, default=None, meaning="against water")
    albumin: Value | None = number("mmol/L", 0, 5, default=None)
    model_error: Value | None = number("1", 0, 2, default=None, meaning="relative error of a scaled relaxivity")
    haematocrit: Value | None = number("1", 0.05, 0.8, default=None, meaning="volume share of cells agents stay out of")
    plasma_water: Value | None = number("1", 1, 1.5, default=None, meaning="water per volume of plasma over whole")
    cell_residence: Value | None = number("ms", 0.1, 1e4, default=None, meaning="residence of a water in a cell")
    cell_energy: Value | None = number("kJ/mol", 0, 200, default=None, meaning="activation energy of that residence")
    aliases: tuple[str, ...] = text(default=(), many=True, meaning="names in published tables")
    source: str = text()
    status: str = text()
    note: str = text()

    def __post_init__(self) -> None:
        settle(self)


@shows("{0.name}: optical table", "wavelength", "columns", "units", "licence")
@dataclass(frozen=True)
class OpticalTable:
    """Optical constants or absorption against wavelength."""

    name: str
    wavelength: np.ndarray  # nm, rising
    columns: dict[str, np.ndarray]
    units: dict[str, str]
    source: str
    licence: str
    note: str


# Folders of a catalogue with the kind of their records; agents are read a floor above.
KINDS: dict[str, Any] = {"cores": Material, "chelates": Chelate, "gases": Gas, "media": Medium}


# ------------------------------------------------------------------------------------------- the catalogue


# Records of the catalogue that a study changes, while it is asked: (folder, id) to record. Nothing shared is touched.
_changed: ContextVar[Mapping[tuple[str, str], Any]] = ContextVar("changed", default=MappingProxyType({}))


@contextmanager
def using(changed: Mapping[tuple[str, str], Any]) -> Iterator[None]:
    """Answer with changed records inside the block, in this thread or task alone."""
    token = _changed.set(changed)
    try:
        yield
    finally:
        _changed.reset(token)


def changes() -> Mapping[tuple[str, str], Any] | None:
    """The changed records in use, to tell by identity whether something remembered still holds; None for none."""
    return _changed.get() or None


def component(folder: str, name: str) -> Any:
    """A record of cores/, chelates/, gases/ or media/ by its folder."""
    return {"cores": material, "chelates": chelate, "gases": gas, "media": medium}[folder](name)


@functools.cache
def _ids(folder: str) -> tuple[str, ...]:
    found = (p.stem for root in folders() for p in sorted((root / folder).glob("*.toml")))
    return tuple(dict.fromkeys(found))


def ids(folder: str) -> list[str]:
    """Ids of the records in one folder of the catalogue, the user's own included."""
    return list(_ids(folder))


def find(folder: str, name: str, ending: str = ".toml") -> Path:
    """File of a record or table; a Refusal with the nearest name where there is none."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,99}", name or ""):
        for root in folders():
            path = root / folder / f"{name}{ending}"
            if path.is_file():
                return path
    known = ids(folder) if ending == ".toml" else [p.stem for r in folders() for p in (r / folder).glob(f"*{ending}")]
    hint = near(name, known) or f"known: {', '.join(sorted(known)[:8])}{', ...' if len(known) > 8 else ''}"
    raise Refusal("unknown", f"no record '{str(name)[:60]}' in {folder}: {hint}")


def reader_of(path: Path, lines: dict[tuple, int], table: dict[str, Any], sourced: bool = True) -> Reader:
    """Reader of one record file, with the record's own source and status as those of its numbers."""
    words = {key: table.get(key) for key in ("source", "status")}
    source, status = (word if isinstance(word, str) else "" for word in words.values())
    status = status if status in STATUSES else ""  # said when the record is built
    return Reader(short(path), lines, ids, sourced, source, status)


def load_record(cls: Any, path: Path) -> Any:
    """A checked record of a TOML file; RecordError with every mistake in it."""
    content, lines = read_toml(path)
    reader = reader_of(path, lines, content)
    if isinstance(content.get("id"), str) and content["id"] != path.stem:
        reader.wrong(("id",), f"id '{content['id'][:60]}' is not the file's name", f'write id = "{path.stem}"')
    made = build(cls, content, reader)
    if reader.mistakes:
        raise RecordError(reader.mistakes)
    return made


def check_record(path: Path) -> None:
    """Read one file of a catalogue folder by the rules of that folder; RecordError with every mistake in it."""
    folder = path.absolute().parent.name
    if path.suffix.lower() != ".csv":
        load_record(KINDS[folder], path)
    elif folder == "optical":
        optical_table(path)
    else:
        read_csv(path)


def material(name: str) -> Material:
    """What a core, shell or droplet is made of."""
    changed = _changed.get()
    return changed.get(("cores", name)) or _material(name)


@functools.cache
def _material(name: str) -> Material:
    return load_record(Material, find("cores", name))


def chelate(name: str) -> Chelate:
    """A paramagnetic complex with its parameter sets."""
    changed = _changed.get()
    return changed.get(("chelates", name)) or _chelate(name)


@functools.cache
def _chelate(name: str) -> Chelate:
    return load_record(Chelate, find("chelates", name))


def gas(name: str) -> Gas:
    """A gas of bubbles or a liquid of droplets."""
    changed = _changed.get()
    return changed.get(("gases", name)) or _gas(name)


@functools.cache
def _gas(name: str) -> Gas:
    return load_record(Gas, find("gases", name))


def medium(name: str) -> Medium:
    """What surrounds an agent; known by its id or one of its aliases."""
    changed = _changed.get()
    if not changed:
        return _medium(name)
    found = _medium(name)
    return changed.get(("media", found.id)) or found


@functools.cache
def _medium(name: str) -> Medium:
    for known in ids("media"):
        if name == known or name in load_record(Medium, find("media", known)).aliases:
            return load_record(Medium, find("media", known))
    raise Refusal(
        "unknown",
        f"no medium '{name[:60]}': {near(name, ids('media')) or 'known: ' + ', '.join(ids('media'))}",
    )


@functools.cache
def table(name: str) -> Table:
    """A CSV table by its path in the catalogue, such as "media/tissue_relaxation.csv"."""
    folder, _, stem = name.removesuffix(".csv").rpartition("/")
    return read_csv(find(folder, stem, ".csv"))


@functools.cache
def ions() -> dict[str, Ion]:
    """Every paramagnetic ion by its symbol."""
    known = {}
    for row in table("chelates/ions.csv").rows():
        T1e = row["T1e"] if np.isfinite(row["T1e"]) else None
        known[row["ion"]] = Ion(
            row["ion"],
            row["S"],
            row["L"],
            row["J"],
            row["g_J"],
            row["mu_eff"],
            row["r"],
            T1e,
            row["source"],
            row["status"],
        )
    return known


@functools.cache
def optical(name: str) -> OpticalTable:
    """Optical constants (n, k) or absorption of a material, by the table's name."""
    return optical_table(find("optical", name, ".csv"))


def optical_table(path: Path) -> OpticalTable:
    """Optical constants of a CSV file, checked, with wavelengths in nm."""
    name, read = path.stem, read_csv(path, needs=("wavelength",))

    def wrong(column: str, what: str, write: str) -> RecordError:
        return RecordError([Mistake(read.name, 0, column, what, write)])

    try:
        scale = convert(1.0, read.units["wavelength"], "nm")
    except UnitError:
        unit = read.units["wavelength"]
        raise wrong("wavelength", f"'{unit}' is no unit of length", "write 'wavelength [nm]' in the header") from None
    wavelength = np.asarray(read["wavelength"]) * scale
    if np.any(np.isnan(wavelength)) or np.any(np.diff(wavelength) <= 0):
        raise wrong("wavelength", "does not rise from row to row", "sort the rows and leave none empty")
    for column, held in read.columns.items():
        if not isinstance(held, np.ndarray):
            raise wrong(column, "holds no numbers", "write a number in every row")
        if np.isnan(held).any():
            raise wrong(column, "has empty entries", "write a number in every row, or leave the row out")
    columns = {key: column for key, column in read.columns.items() if key != "wavelength"}
    return OpticalTable(name, wavelength, columns, read.units, read.source, read.licence, read.note)
