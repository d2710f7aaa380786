# SPDX-License-Identifier: Apache-2.0
"""Project formats, one per file: the file's name is the format's, "_" read as "-".

A format is a module with

    EXAMPLES: paths that the project is begun with and that are the user's once edited
    project_files(library) -> {path: text}

and, where they say something,

    ANY_CORE = True          the core is chosen where the library is built, not where it is emitted:
                             sources lie in `src/`, and beside kernels for one core's instructions
                             there is a form of the library that any core runs
    project_examples(library) -> paths, like EXAMPLES, that hold the library's name
    refused_name(name) -> why the platform cannot have a library of that name, or None
    cmake_head(library) -> text that comes first in `CMakeLists.txt`, which all formats share

It is found by its place: adding one takes a file in this folder and nothing else. One folder serves
several formats at once: what two of them say of one path must be the same text.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from mcunet_tf.errors import CompilerError, McunetError, ModelError
from mcunet_tf.tinyengine.emit.library import Library

DEFAULT_FORMATS = ("cmake",)
SOURCE_FOLDER = "src"
_CMAKE_LISTS = "CMakeLists.txt"


class ProjectFormat(Protocol):
    """What a module of this folder offers."""

    EXAMPLES: tuple[str, ...]

    def project_files(self, library: Library) -> Mapping[str, str]:
        """All files of the project by relative path."""


@dataclasses.dataclass(frozen=True)
class LaidOut:
    """A library as its formats have it.

    Attributes:
      files: text by relative path.
      examples: paths that are the user's once edited.
    """

    files: dict[str, str]
    examples: tuple[str, ...]


def format_names() -> tuple[str, ...]:
    """The names of all formats, sorted."""
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__)))


def find_format(name: str) -> ProjectFormat:
    """The format of a name.

    Raises:
      McunetError: there is none.
    """
    if name not in format_names():
        known = ", ".join(format_names())
        raise McunetError(f"project format '{name}' is unknown: use one of {known}")
    module = name.replace("-", "_")
    return cast(ProjectFormat, importlib.import_module(f"{__name__}.{module}"))


def checked_formats(formats: str | Sequence[str]) -> tuple[str, ...]:
    """The formats of a list, or of a text with commas, each once.

    Raises:
      McunetError: one is unknown, or there is none.
    """
    given = formats.split(",") if isinstance(formats, str) else list(formats)
    names = tuple(dict.fromkeys(name.strip() for name in given if name.strip()))
    if not names:
        raise McunetError(f"no project format: use one or more of {', '.join(format_names())}")
    for name in names:
        find_format(name)
    return names


def check_library_name(name: str, formats: Sequence[str]) -> None:
    """Holds a name against what the platforms forbid.

    Raises:
      ModelError: one of them cannot have a library of that name.
    """
    for found in formats:
        refused = getattr(find_format(found), "refused_name", None)
        problem = refused(name) if refused else None
        if problem:
            raise ModelError(f"'{name}' {problem} ({found}): choose another --name")


def any_core(formats: Sequence[str]) -> bool:
    """Whether the core is chosen where the library is built."""
    return any(getattr(find_format(name), "ANY_CORE", False) for name in formats)


def lay_out(formats: Sequence[str], library: Library) -> LaidOut:
    """The files of all formats, which share one folder."""
    if any_core(formats):
        library = library.below(SOURCE_FOLDER)
    files: dict[str, str] = {}
    examples: list[str] = []
    heads = []
    for name in formats:
        found = find_format(name)
        more = library.examples.get(name, {})
        examples += more
        for path, text in {**found.project_files(library), **more}.items():
            if files.setdefault(path, text) != text:
                raise CompilerError(f"formats {', '.join(formats)} have two texts of {path}")
        examples += found.EXAMPLES
        examples += getattr(found, "project_examples", lambda _: ())(library)
        if hasattr(found, "cmake_head"):
            heads.append(found.cmake_head(library))
    if heads:
        # Behind the licence and the version: a component's folder ends there.
        *first, rest = files[_CMAKE_LISTS].split("\n", 2)
        files[_CMAKE_LISTS] = "\n".join([*first, "", *heads, rest])
    return LaidOut(files, tuple(dict.fromkeys(examples)))
