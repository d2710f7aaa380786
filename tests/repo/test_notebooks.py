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


@pytest.mark.slow
def test_the_quick_start_runs(tmp_path):
    """One epoch instead of three; everything else as the reader runs it."""
    script = "\n".join(code_cells(NOTEBOOKS[0]))
    assert "EPOCHS = 3" in script
    path = tmp_path / "notebook.py"
    path.write_text(script.replace("EPOCHS = 3", "EPOCHS = 1"))
    run = subprocess.run(
        [sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert "0 of 100 outputs differ" in run.stdout
    assert (tmp_path / "fashion_c" / "fashion.c").is_file()
