# SPDX-License-Identifier: Apache-2.0
"""A library for Raspberry Pi's Pico SDK, which builds with CMake, and an example project."""

from __future__ import annotations

import re

from mcunet_tf.tinyengine.emit.example_facts import facts
from mcunet_tf.tinyengine.emit.formats import cmake
from mcunet_tf.tinyengine.emit.library import Library
from mcunet_tf.tinyengine.emit.render import render

_EXAMPLE = "examples/pico"
EXAMPLES = (*cmake.EXAMPLES, f"{_EXAMPLE}/CMakeLists.txt", f"{_EXAMPLE}/main.c")
ANY_CORE = True


def refused_name(name: str) -> str | None:
    """Targets of the SDK's own."""
    if re.match(r"(pico|hardware|boot|cyw43|tinyusb|lwip)_", f"{name.lower()}_"):
        return "is, or may become, the name of a library of the Pico SDK"
    return None


def project_files(library: Library) -> dict[str, str]:
    """The library's own files, those of CMake, and a project that adds the folder."""
    given = facts(library)
    return {
        **cmake.project_files(library),
        f"{_EXAMPLE}/CMakeLists.txt": render("pico/CMakeLists.txt.j2", given),
        f"{_EXAMPLE}/main.c": render("examples/pico.c.j2", given),
    }
