# SPDX-License-Identifier: Apache-2.0
"""Finds CMSIS-NN where it is installed, and of its files those that a set of functions needs."""

from __future__ import annotations

import functools
import importlib.util
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcunet_tf.errors import ToolError

_HEADER = "Include/arm_nnfunctions.h"
_WHEEL = "backend/cmsis_nn/vendor"
_DEFINITION = re.compile(r"^[A-Za-z_][\w \t*]*?\b(\w+)\s*\([^;{}]*\)\s*\{", re.MULTILINE)
_NAME = re.compile(r"\b(?:arm|bakenn)_\w+")
_PROTOTYPE = r"\b{name}\s*\(([^;]*?)\)\s*;"


@dataclass(frozen=True)
class CmsisNn:
    """A release of CMSIS-NN on this computer.

    Attributes:
        root: holds `Include` and `Source`.
        version: the version of the release, or the folder's name.
        include_dirs: folders of headers; those of CMSIS's core too, where the release needs them.
        homes: the file that defines each function.
    """

    root: Path
    version: str
    include_dirs: tuple[Path, ...]
    homes: Mapping[str, Path]

    def has(self, function: str) -> bool:
        """Whether the function is there: partial copies exist."""
        return function in self.homes

    def sources(self, functions: Iterable[str]) -> tuple[Path, ...]:
        """The files that define the functions, and everything that these call, sorted."""
        found: set[Path] = set()
        queue = [self.homes[function] for function in functions]
        while queue:
            path = queue.pop()
            if path in found:
                continue
            found.add(path)
            names = set(_NAME.findall(_text(path)))
            queue += [self.homes[name] for name in names if name in self.homes]
        return tuple(sorted(found))

    def parameters(self, function: str) -> int:
        """How many parameters the header declares for a function; 0 if it does not know it."""
        pattern = _PROTOTYPE.format(name=function)
        found = re.search(pattern, _text(self.root / _HEADER), re.DOTALL)
        return found.group(1).count(",") + 1 if found else 0


def find_cmsis_nn(folder: Path | None = None) -> CmsisNn:
    """Finds CMSIS-NN in a folder, by default in the `bakenn` wheel of the `bench` extra.

    Args:
        folder: a release's folder: it holds `Include` and `Source`.

    Raises:
        ToolError: it is not there; the message says how to get it.
    """
    wheel = _wheel_folder()
    root = folder or (wheel / "cmsis_nn" if wheel else None)
    if root is None:
        raise ToolError(
            'CMSIS-NN is not installed: pip install "mcunet_tf[bench]", '
            "or give the folder of a release with --cmsis_nn_dir"
        )
    if not (root / _HEADER).is_file():
        raise ToolError(f"{root} holds no CMSIS-NN: there is no {_HEADER} in it")
    # Up to version 6 the compiler's intrinsics come from the CMSIS core headers.
    core = [path for path in (_beside(root), wheel and wheel / "cmsis_core/Include") if path]
    includes = (root / "Include", *(path for path in core[:1] if path.is_dir()))
    return CmsisNn(root, _version(root), includes, _homes(root))


def _beside(root: Path) -> Path | None:
    places = ("CMSIS/Core/Include", "../CMSIS/CMSIS/Core/Include", "../cmsis/CMSIS/Core/Include")
    return next((root / place for place in places if (root / place).is_dir()), None)


def _wheel_folder() -> Path | None:
    found = importlib.util.find_spec("bakenn")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / _WHEEL
    return folder if folder.is_dir() else None


def _version(root: Path) -> str:
    for path in (*sorted(root.glob("*.pdsc")), *sorted(root.glob("*PROVENANCE.md"))):
        # A checkout between two releases says 0.0.0.
        found = re.search(r'<release version="([^"]+)|Release version: (\S+)', _text(path))
        version = found and (found.group(1) or found.group(2))
        if version and version != "0.0.0":
            return str(version)
    return f"in {root.name}"


@functools.lru_cache(maxsize=8)
def _homes(root: Path) -> Mapping[str, Path]:
    homes: dict[str, Path] = {}
    for path in sorted((root / "Source").rglob("*.c")):
        # Half and single precision need a compiler that is set up for them, and are never called.
        if not path.stem.endswith(("_f16", "_f32")):
            homes.update(dict.fromkeys(_DEFINITION.findall(_text(path)), path))
    return homes


@functools.lru_cache(maxsize=512)
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
