# SPDX-License-Identifier: Apache-2.0
"""BUILD is read as Starlark (a subset of Python): every path in it exists, no source is left out.

Bazel itself is not needed.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IGNORED = {"__pycache__"}


def rules() -> dict[str, ast.Call]:
    """Returns the targets of BUILD by name."""
    found = {}
    for statement in ast.parse((ROOT / "BUILD").read_text()).body:
        assert isinstance(statement, ast.Expr)
        assert isinstance(statement.value, ast.Call)
        for keyword in statement.value.keywords:
            if keyword.arg == "name":
                found[ast.literal_eval(keyword.value)] = statement.value
    return found


def globs(call: ast.AST) -> list[str]:
    """Returns the patterns of every glob() inside `call`, without what they exclude."""
    patterns = []
    for node in ast.walk(call):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "glob":
            patterns.extend(ast.literal_eval(node.args[0]))
    return patterns


def matched(patterns: list[str]) -> set[Path]:
    return {
        path
        for pattern in patterns
        for path in ROOT.glob(pattern)
        if path.is_file() and not IGNORED & set(path.parts)
    }


def test_every_glob_matches_a_file():
    patterns = [pattern for call in rules().values() for pattern in globs(call)]
    assert patterns
    for pattern in patterns:
        assert matched([pattern]), f"{pattern} matches nothing"


def test_every_label_exists():
    targets = rules()
    for call in targets.values():
        for node in ast.walk(call):
            if isinstance(node, ast.Constant) and str(node.value).startswith(":"):
                assert node.value[1:] in targets


def test_no_kernel_is_left_out():
    calls = [call for name, call in rules().items() if name.startswith("kernels")]
    files = {path for call in calls for path in matched(globs(call))}
    kernels = {path for path in (ROOT / "kernels").rglob("*") if path.suffix in {".c", ".h", ".S"}}
    assert kernels - files == set()


def test_no_package_file_is_left_out():
    files = matched(globs(rules()["mcunet_tf"]))
    package = {
        path
        for path in (ROOT / "mcunet_tf").rglob("*")
        if path.is_file() and not IGNORED & set(path.parts)
    }
    assert package - files == set()
