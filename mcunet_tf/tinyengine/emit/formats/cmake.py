# SPDX-License-Identifier: Apache-2.0
"""A folder for CMake: the library as a target, and an example that is built when asked for."""

from __future__ import annotations

from mcunet_tf.tinyengine.emit.library import Library
from mcunet_tf.tinyengine.emit.render import render

EXAMPLES = ("main.c", "CMakeLists.txt")


def project_files(library: Library) -> dict[str, str]:
    """The library's own files, `main.c` and `CMakeLists.txt`."""
    lists = render("CMakeLists.txt.j2", {"library": library})
    return {**library.files, "main.c": library.example, "CMakeLists.txt": lists}
