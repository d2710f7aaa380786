# SPDX-License-Identifier: Apache-2.0
"""Rules that every tracked file keeps: licence line, lengths, no paths of anyone's machine."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {".py", ".c", ".h", ".S", ".inc"}
LICENCE = "SPDX-License-Identifier: Apache-2.0"
COLUMNS = 100
MODULE_LINES = 500
ROUTINE_LINES = 700
FUNCTION_LINES = 60
HOME_PATHS = re.compile(r"(?<![\w.$}/-])/(?:home|Users|root|work|mnt|workspace)/\w")


def tracked_files() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files belong to the project is unknown")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file()]


def sources() -> list[Path]:
    return [path for path in tracked_files() if path.suffix in SOURCES]


def python_functions(path: Path) -> list[tuple[str, int]]:
    """Returns (name, lines without the docstring) of every function in a file."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            if ast.get_docstring(node):
                lines -= node.body[0].end_lineno - node.body[0].lineno + 1
            found.append((node.name, lines))
    return found


def c_functions(text: str) -> list[tuple[str, int]]:
    """Returns (first line, lines) of every block that ends with a brace in the first column."""
    found, head, start = [], "", 0
    for number, line in enumerate(text.splitlines()):
        if re.match(r"\w.*[^;,]$", line):
            head, start = line, number
        elif line == "}" and head:
            found.append((head, number - start + 1))
            head = ""
    return found


def test_sources_open_with_the_licence():
    assert sources()
    texts = {path: path.read_text() for path in sources()}
    assert [path for path, text in texts.items() if text and LICENCE not in text[:80]] == []


def test_lines_fit_the_page():
    found = [
        f"{path}:{number}"
        for path in sources()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > COLUMNS or line != line.rstrip()
    ]
    assert found == [], "longer than the page, or ending in a blank"


def test_modules_are_short():
    # One routine of assembler has one instruction a line and no smaller part to move out.
    limits = {
        path: ROUTINE_LINES if path.suffix in {".S", ".inc"} else MODULE_LINES for path in sources()
    }
    lengths = {path: len(path.read_text().splitlines()) for path in sources()}
    assert {path: lines for path, lines in lengths.items() if lines > limits[path]} == {}


def function_limit(path: Path, name: str) -> int:
    """Lines that a function may have."""
    if "ASM_FUNCTION" in name:
        # One routine of assembler has one instruction a line.
        return ROUTINE_LINES
    # A test may lay out one case at full length.
    return FUNCTION_LINES + 10 if "tests" in path.parts else FUNCTION_LINES


def test_functions_are_short():
    functions = {path: python_functions(path) for path in sources() if path.suffix == ".py"}
    for path in sources():
        if path.suffix in {".c", ".h"}:
            functions[path] = c_functions(path.read_text())
    found = [
        f"{path}: {name} has {lines} lines"
        for path, pairs in functions.items()
        for name, lines in pairs
        if lines > function_limit(path, name)
    ]
    assert found == []


def test_no_file_names_a_machine():
    for path in tracked_files():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            assert not HOME_PATHS.search(line), f"{path}:{number}: {line.strip()}"


def test_no_binary_files_are_tracked():
    for path in tracked_files():
        assert b"\0" not in path.read_bytes(), f"{path} is binary"


def test_the_checks_see_what_they_are_for(tmp_path):
    long_python = tmp_path / "a.py"
    long_python.write_text("def f():\n" + "    x = 1\n" * 70)
    assert python_functions(long_python) == [("f", 71)]
    body = "  x();\n" * 70
    assert c_functions(f"static int f(int a,\n  int b) {{\n{body}}}\n") == [
        ("static int f(int a,", 73)
    ] or c_functions(f"int f(void) {{\n{body}}}\n") == [("int f(void) {", 72)]
    assert HOME_PATHS.search("open('" + "/ho" + "me/ann/x')")
    assert not HOME_PATHS.search("https://example.org" + "/ho" + "me/ann")
