# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every test folder may use."""

from __future__ import annotations

import functools
import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

from mcunet_tf.boards import list_boards, load_board
from tests.models import keras_models

# Examples follow from the code of the tests and of what they import, not from chance.
hypothesis.settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("repeatable")

# Read by the sanitizer runtime of host builds that tests load or start; leaks of the interpreter
# itself are not ours to find.
os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = Path(__file__).resolve().parents[1]
_BOARDS = frozenset(list_boards())


@functools.cache
def _missing_tools_of(boards: tuple[str, ...]) -> tuple[str, ...]:
    architectures = {load_board(name).core.architecture for name in boards}
    tools = sorted({t for a in architectures for t in (a.compiler, a.emulator) if t})
    return tuple(tool for tool in tools if shutil.which(tool) is None)


def _missing_tools(item: pytest.Item) -> tuple[str, ...]:
    """The tools that a `qemu` test lacks: its boards', or where it names none, the default's."""
    callspec = getattr(item, "callspec", None)
    values = callspec.params.values() if callspec else ()
    named = tuple(v for v in values if isinstance(v, str) and v in _BOARDS)
    return _missing_tools_of(named or ("qemu-m4",))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Thins out `sampled` tests, and skips `qemu` tests where their tools are missing."""
    for item in items:
        sampled = item.get_closest_marker("sampled")
        if sampled and zlib.crc32(item.nodeid.encode()) % sampled.args[0]:
            item.add_marker(pytest.mark.slow)
    for item in items:
        missing = _missing_tools(item) if item.get_closest_marker("qemu") else ()
        if missing:
            item.add_marker(pytest.mark.skip(reason=f"{' and '.join(missing)} not found"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """A folder with stock `.tflite` files, from MCUNET_TF_SHARED or beside the checkout."""
    given = os.environ.get("MCUNET_TF_SHARED")
    folder = Path(given) if given else ROOT.parent / "shared" / "models"
    if not folder.is_dir():
        pytest.skip(f"no stock models: MCUNET_TF_SHARED is not set and {folder} does not exist")
    return folder


@pytest.fixture(scope="session")
def keras_model() -> Callable[[str], Path]:
    """Gives the `.tflite` file of a recipe in tests/models/keras_models.py by name."""
    return keras_models.model_path
