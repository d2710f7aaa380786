# SPDX-License-Identifier: Apache-2.0
"""A Conan 2 package: a recipe over the CMake folder, and the program that tries what it packed."""

from __future__ import annotations

import re

from mcunet_tf.tinyengine.emit.example_facts import network_names
from mcunet_tf.tinyengine.emit.formats import cmake
from mcunet_tf.tinyengine.emit.library import Library
from mcunet_tf.tinyengine.emit.render import render

_TEST = "test_package"
EXAMPLES = (
    *cmake.EXAMPLES,
    "conanfile.py",
    *(f"{_TEST}/{name}" for name in ("conanfile.py", "CMakeLists.txt", "main.c")),
)
_NAME = re.compile(r"[a-z0-9_][a-z0-9_+.-]{1,100}")


def project_files(library: Library) -> dict[str, str]:
    """The files for CMake, the recipe, and Conan's `test_package`."""
    facts = {
        "library": library,
        "class_name": library.name.title().replace("_", ""),
        "description": f"{network_names(library)} as interpreter-free C.",
    }
    return {
        **cmake.project_files(library),
        "conanfile.py": render("conan/conanfile.py.j2", facts),
        f"{_TEST}/conanfile.py": render("conan/test_conanfile.py.j2", facts),
        f"{_TEST}/CMakeLists.txt": render("conan/test_CMakeLists.txt.j2", facts),
        f"{_TEST}/main.c": library.example,
    }


def refused_name(name: str) -> str | None:
    """Conan's names are of lower case, two characters at least."""
    if _NAME.fullmatch(name):
        return None
    return "is no name of a Conan package, which has two or more characters of lower case"
