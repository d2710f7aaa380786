# SPDX-License-Identifier: Apache-2.0
"""Project formats, one per file: the file's name is the format's.

A format is a module with

    EXAMPLES: paths that the project is begun with and that are the user's once edited
    project_files(library) -> {path: text}

It is found by its place: adding one takes a file in this folder and nothing else.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Protocol, cast

from mcunet_tf.errors import McunetError
from mcunet_tf.tinyengine.emit.library import Library

DEFAULT_FORMAT = "cmake"


class ProjectFormat(Protocol):
    """What a module of this folder offers."""

    EXAMPLES: tuple[str, ...]

    def project_files(self, library: Library) -> Mapping[str, str]:
        """All files of the project by relative path."""


def format_names() -> tuple[str, ...]:
    """The names of all formats, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def find_format(name: str) -> ProjectFormat:
    """The format of a name.

    Raises:
      McunetError: there is none.
    """
    if name not in format_names():
        known = ", ".join(format_names())
        raise McunetError(f"project format '{name}' is unknown: use one of {known}")
    return cast(ProjectFormat, importlib.import_module(f"{__name__}.{name}"))
