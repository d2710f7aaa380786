# SPDX-License-Identifier: Apache-2.0
"""Imports go one way: ARCHITECTURE.md's table of packages is what this test enforces."""

import ast
import functools
import graphlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "mcunet_tf"
ROW = re.compile(r"^\| `mcunet_tf\.(\w+)` \|.*\| ([^|]+) \|$", re.MULTILINE)
TENSORFLOW = {"tensorflow", "keras", "tf_keras", "tensorflow_model_optimization"}
# The compiler must start in well under a second, and a board must run without TensorFlow.
FREE_OF_TENSORFLOW = ("errors", "boards", "tinyengine", "check", "benchmark")


def allowed_imports() -> dict[str, set[str]]:
    table = dict(ROW.findall((ROOT / "ARCHITECTURE.md").read_text()))
    everything = set(table)
    words = {"nothing": set(), "all": everything}
    return {
        name: words.get(cell.strip()) or set(re.findall(r"\w+", cell)) - {"nothing"}
        for name, cell in table.items()
    }


@functools.cache
def imported_modules(path: Path) -> set[str]:
    """Returns the full dotted names of all imports in a file, also those inside functions."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *filter(None, [node.module])])
            found.update(f"{module}.{alias.name}" for alias in node.names)
            found.add(module)
    return found


def layer_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "mcunet_tf" and len(parts) > 1 else None


def source_files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)


def test_the_table_covers_every_package():
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages
    assert packages <= set(allowed_imports())


@pytest.mark.parametrize("path", source_files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_imports_upward(path):
    layer = path.relative_to(PACKAGE).parts[0]
    layers = {layer_of(module) for module in imported_modules(path)} & set(allowed_imports())
    assert layers - {layer} <= allowed_imports()[layer]
    assert layer == "cli" or "cli" not in layers


@pytest.mark.parametrize("layer", FREE_OF_TENSORFLOW)
def test_no_tensorflow_below(layer):
    home = PACKAGE / layer
    for path in home.rglob("*.py") if home.is_dir() else [home.with_suffix(".py")]:
        roots = {module.split(".")[0] for module in imported_modules(path)}
        assert not roots & TENSORFLOW, path


def modules() -> dict[str, set[str]]:
    """Each module of the package with the modules that it imports, wherever in its code."""
    paths = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {
        name: {found for found in imported_modules(path) if found in paths and found != name}
        for name, path in paths.items()
    }


def without_packages(edges: dict[str, set[str]]) -> dict[str, set[str]]:
    """A package's `__init__` may name its modules; they are imported for themselves."""
    folders = {name.rpartition(".")[0] for name in edges}
    return {name: imported - folders for name, imported in edges.items() if name not in folders}


def rooms(edges: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same between packages; a module that lies beside packages stands for itself."""
    folders = {name.rpartition(".")[0] for name in edges}
    outer = {name.rpartition(".")[0] for name in folders}

    def room(name: str) -> str:
        parent = name.rpartition(".")[0]
        return name if parent in outer else parent

    found: dict[str, set[str]] = {}
    for name, imported in edges.items():
        found.setdefault(room(name), set()).update(room(other) for other in imported)
    return {name: imported - {name} for name, imported in found.items()}


def circle(edges: dict[str, set[str]]) -> list[str]:
    """Names that import each other in a ring, or nothing."""
    try:
        graphlib.TopologicalSorter(edges).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_no_circle_of_modules():
    assert circle(without_packages(modules())) == []


def test_no_circle_of_packages():
    assert circle(rooms(without_packages(modules()))) == []


def test_circles_are_seen():
    """The check itself: of modules, and of packages whose modules make none."""
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": set()})
    assert not circle({"a": {"b", "c"}, "b": {"c"}, "c": set()})
    edges = {
        **{"m.top": {"m.a.x"}, "m.a.x": {"m.b.y"}, "m.a.z": set()},
        **{"m.b.y": set(), "m.b.w": {"m.a.z"}},
    }
    assert not circle(edges)
    assert set(circle(rooms(edges))) == {"m.a", "m.b"}


def test_no_two_classes_share_a_name():
    """One noun means one thing."""
    homes: dict[str, list[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(str(path.relative_to(PACKAGE)))
    assert len(homes) > 100
    assert not {name: found for name, found in homes.items() if len(found) > 1}


def test_relative_and_local_imports_are_seen(tmp_path, monkeypatch):
    """The reader itself: a violation in any spelling would be found."""
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    path = tmp_path / "mcunet_tf" / "boards" / "board.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "from .. import cli\nfrom ..tinynas import search\n"
        "def f():\n    import mcunet_tf.benchmark\n"
    )
    layers = {layer_of(module) for module in imported_modules(path)}
    assert {"cli", "tinynas", "benchmark"} <= layers


def test_the_compilers_command_needs_the_benchmark_only_where_boards_run():
    """Nothing of it is imported before a flag asks for a board."""
    code = ast.parse((PACKAGE / "cli" / "tflite_to_tinyengine.py").read_text())
    first = [node for node in code.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", None) or node.names[0].name for node in first}
    assert names and not any(layer_of(name) in ("benchmark", "check") for name in names)
    importers = {
        function.name
        for function in code.body
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom) and layer_of(node.module or "") == "benchmark"
    }
    assert importers == {"_tune", "_count", "_verify"}


# What the search may import of the compiler: the compiler itself, its queries, and the words that a
# graph is written in.
DOORS = {
    "mcunet_tf.tinyengine",
    "mcunet_tf.tinyengine.query",
    "mcunet_tf.tinyengine.ir",
    "mcunet_tf.tinyengine.read_tflite",
}


def compiler_modules(path: Path) -> set[str]:
    """Modules of the compiler that a file imports, without the names imported from them."""
    found = set()
    for module in imported_modules(path):
        parts = module.split(".")
        if parts[:2] != ["mcunet_tf", "tinyengine"]:
            continue
        while len(parts) > 2 and not (
            (ROOT / Path(*parts)).is_dir() or (ROOT / Path(*parts)).with_suffix(".py").is_file()
        ):
            parts.pop()
        found.add(".".join(parts))
    return found


def test_the_search_asks_the_compiler_through_one_door():
    seen = set()
    for path in (PACKAGE / "tinynas").glob("*.py"):
        used = compiler_modules(path)
        seen |= used
        inner = {m for m in used - DOORS if not m.startswith("mcunet_tf.tinyengine.ops")}
        assert not inner, f"{path.name} imports {inner}: ask mcunet_tf/tinyengine/query.py"
    assert "mcunet_tf.tinyengine.query" in seen


def test_nothing_of_the_compiler_asks_its_own_door():
    for path in (PACKAGE / "tinyengine").rglob("*.py"):
        assert "mcunet_tf.tinyengine.query" not in imported_modules(path), path
