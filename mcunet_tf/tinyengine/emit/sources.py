# SPDX-License-Identifier: Apache-2.0
"""Finds the kernel files that a project needs: its kernels, and whatever they include."""

from __future__ import annotations

import functools
import importlib.resources
import posixpath
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_INCLUDE = re.compile(r'^\s*(?:#|\.)include\s+"([^"]+)"', re.MULTILINE)
# Headers that are declared in one file and defined in another.
_IMPLEMENTATIONS = {
    "common/rows.h": "common/rows.c",
    "line_rvv/line_rvv.h": "line_rvv/line_rvv.S",
    "pixels_rvv/pixels_rvv.h": "pixels_rvv/pixels_rvv.S",
    "tile_fours/tile_fours.h": "tile_fours/tile_fours_mve.c",
    "tile_rvv/tile_rvv.h": "tile_rvv/tile_rvv.S",
    "tile_short/tile_short.h": "tile_short/tile_short_mve.c",
}


@functools.cache
def kernel_text(path: str) -> str | None:
    """The text of a file under `kernels/`, or None if there is no such file."""
    file = _kernels_folder().joinpath(*path.split("/"))
    return file.read_text(encoding="utf-8") if file.is_file() else None


@functools.cache
def _kernels_folder() -> Traversable:
    """The folder of the kernels: beside the package in a checkout, within it in a wheel.

    The checkout's own comes first, so that it needs no installation, and is not mixed with that of
    another checkout that happens to be installed.
    """
    beside = Path(__file__).resolve().parents[3] / "kernels"
    if (beside / "common" / "requant.h").is_file():
        return beside
    return importlib.resources.files("mcunet_tf._kernels")


def kernel_path(folder: str, name: str) -> str:
    """Where the kernel `name` is defined: a C or an assembler file."""
    for suffix in (".c", ".S"):
        path = f"{folder}/{name}{suffix}"
        if kernel_text(path) is not None:
            return path
    raise AssertionError(f"kernel {name} has no file in kernels/{folder}")


@functools.cache
def kernel_names(folder: str) -> tuple[str, ...]:
    """The kernels that a folder defines, sorted: the stems of its C and assembler files."""
    place = _kernels_folder().joinpath(*folder.split("/"))
    names = (posixpath.splitext(file.name) for file in place.iterdir())
    return tuple(sorted(stem for stem, suffix in names if suffix in (".c", ".S")))


def shared_implementations(paths: Iterable[str]) -> list[str]:
    """What the given files call that is defined in files of its own, by path."""
    implementations = _IMPLEMENTATIONS.values()
    return [path for path in collect_sources(paths) if path in implementations]


def collect_sources(paths: Iterable[str]) -> dict[str, str]:
    """The given files and everything they include, by path under `kernels/`."""
    found: dict[str, str] = {}
    queue = list(paths)
    while queue:
        path = queue.pop(0)
        if path in found:
            continue
        text = kernel_text(path)
        assert text is not None, f"kernels/{path} is missing"
        found[path] = text
        folder = posixpath.dirname(path)
        for include in _INCLUDE.findall(text):
            queue.append(posixpath.normpath(posixpath.join(folder, include)))
        if path in _IMPLEMENTATIONS:
            queue.append(_IMPLEMENTATIONS[path])
    return dict(sorted(found.items()))
