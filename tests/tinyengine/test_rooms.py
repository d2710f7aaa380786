# SPDX-License-Identifier: Apache-2.0
"""Arrows between the rooms of the compiler point one way: schedule, then cost, then plan."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mcunet_tf import tinyengine

HOME = Path(tinyengine.__file__).parent
ABOVE = {
    "schedule": ("cost", "plan", "validate", "emit"),
    "cost": ("plan", "validate", "emit"),
    "plan": ("validate", "emit"),
}


def imported(path: Path) -> set[str]:
    """Full names of the modules that a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize("room", ABOVE)
def test_no_room_imports_what_stands_above_it(room):
    files = sorted((HOME / room).glob("*.py"))
    assert files
    for path in files:
        for above in ABOVE[room]:
            name = f"mcunet_tf.tinyengine.{above}"
            wrong = [m for m in imported(path) if m == name or m.startswith(f"{name}.")]
            assert wrong == [], path
