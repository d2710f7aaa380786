# SPDX-License-Identifier: Apache-2.0
"""Notebooks hold no results and run from top to bottom."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "colab").glob("*.ipynb"))


def code_cells(path: Path) -> list[str]:
    """Returns the Python of every code cell, without lines for the notebook itself."""
    cells = []
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "code":
            lines = "".join(cell["source"]).splitlines()
            cells.append("\n".join(line for line in lines if not line.startswith(("%", "!"))))
    return cells


def test_there_is_a_quick_start():
    assert NOTEBOOKS[0].name == "01_quickstart.ipynb"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_results_are_stored(path):
    for cell in json.loads(path.read_text())["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_logic_lives_in_the_package(path):
    for cell in code_cells(path):
        compile(cell, path.name, "exec")
        assert "def " not in cell
        assert "class " not in cell


# What makes a notebook short: constants that it names, and their values here.
SHORT = {
    "01_quickstart": {"EPOCHS = 3": "EPOCHS = 1"},
    "02_search": {
        "IMAGES = 10000": "IMAGES = 600",
        "EPOCHS = 4": "EPOCHS = 1",
        "for width in (0.2, 0.3, 0.4)": "for width in (0.2,)",
        "samples=50, plans=2, evaluated=20, finalists=5": "samples=10, plans=1, evaluated=4, "
        "finalists=2, processes=1",  # a script cannot start processes, a notebook can
        "Evolution(30, 8, 5)": "Evolution(6, 3, 2)",
    },
    "03_benchmark": {
        'BOARDS = ["qemu-m4", "qemu-m7", "qemu-m55"]': 'BOARDS = ["qemu-m4"]',
        "INPUTS = 5": "INPUTS = 1",
    },
}
LEFT = {
    "01_quickstart": "fashion_c/fashion.c",
    "02_search": "fashion_search_c/model.c",
    "03_benchmark": "benchmark.html",
}


def short_script(path: Path) -> str:
    """Returns a notebook's code with its constants made small; every one of them must be there."""
    script = "\n".join(code_cells(path))
    for long, short in SHORT[path.stem].items():
        assert long in script
        script = script.replace(long, short)
    return script


def test_every_notebook_is_run():
    assert {path.stem for path in NOTEBOOKS} == set(SHORT) == set(LEFT)


@pytest.mark.qemu
@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path):
    """From top to bottom as the reader runs it, but for its constants."""
    script = tmp_path / "notebook.py"
    script.write_text(short_script(path))
    run = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=1200
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert (tmp_path / LEFT[path.stem]).is_file()
    if path.stem == "01_quickstart":
        assert "0 of 100 outputs differ" in run.stdout
