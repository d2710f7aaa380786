# SPDX-License-Identifier: Apache-2.0
"""Tools that do not end are named in one line, whichever of them it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcunet_tf.boards import load_board
from mcunet_tf.check import toolchain
from mcunet_tf.errors import ToolError


@pytest.fixture
def sleeping_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In the place of every tool: a program that answers --version and else sleeps."""
    path = tmp_path / "sleeping-gcc"
    path.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "sleeping 1.0" && exit\nsleep 60\n')
    path.chmod(0o755)
    monkeypatch.setattr(toolchain, "find_tool", lambda _: str(path))
    monkeypatch.setattr(toolchain, "_TIMEOUT_S", 0.3)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    toolchain.tool_version.cache_clear()
    yield path
    toolchain.tool_version.cache_clear()


def test_a_linker_that_does_not_end_is_named(sleeping_compiler: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="sleeping-gcc did not end within 0 s"):
        toolchain.link(load_board("qemu-m4"), [tmp_path / "none.o"])


def test_any_other_tool_is_named_too(sleeping_compiler: Path) -> None:
    with pytest.raises(ToolError, match="sleeping-gcc did not end"):
        toolchain.run_tool([str(sleeping_compiler), "-c"], 0.3)
