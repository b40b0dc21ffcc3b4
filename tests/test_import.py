"""What `import contrastphys` costs: nothing heavy is loaded before it is used."""

import subprocess
import sys

HEAVY = (
    "scipy.optimize",
    "scipy.integrate",
    "scipy.special",
    "scipy.constants",
    "scipy.interpolate",
    "scipy.stats",
    "matplotlib",
    "numba",
    "lmfit",
    "xraylib",
    "jinja2",
    "rich",
    "pandas",
    "xarray",
)


def fresh(code):
    """Standard output of a fresh interpreter."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def heavy(code):
    """Heavy modules that code loads beyond those pint takes along by itself (dask and its friends, if installed)."""
    alone, loaded = (set(fresh(f"{text}\nimport sys; print(*sys.modules)").split()) for text in ("import pint", code))
    return [name for name in HEAVY if name in loaded - alone]


def test_import_loads_nothing_heavy():
    assert heavy("import contrastphys") == []


def test_a_quantity_and_a_record_need_nothing_heavy_either():
    code = """import contrastphys as cp
assert cp.Q(1500, "mT").to("T").magnitude == 1.5
gold = cp.Formulation(id="gold", kind="nanoparticle", cores={"material": "gold", "diameter": "10 nm"})
assert round(gold.atoms("Au"), -2) == 30900"""
    assert heavy(code) == []


def test_every_front_door_is_there_and_stays_itself():
    code = """
import contrastphys as cp
names = [name for name in cp.__all__ if name != "__version__"]
first = [getattr(cp, name) for name in names]
assert all(a is b for a, b in zip(first, [getattr(cp, name) for name in names])), "a name changes on second use"
assert set(names) <= set(dir(cp))
try:
    cp.no_such_door
except AttributeError as error:
    assert "no_such_door" in str(error)
else:
    raise AssertionError("an unknown name is answered")
"""
    fresh(code)


def test_no_module_bears_the_name_of_a_front_door():
    code = """
import pkgutil, contrastphys as cp, types
modules = {m.name for m in pkgutil.iter_modules(cp.__path__)}
print(*[n for n in cp.__all__ if n in modules and not isinstance(getattr(cp, n), types.ModuleType)])
"""
    assert fresh(code).split() == []
