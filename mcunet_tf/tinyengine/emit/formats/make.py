# SPDX-License-Identifier: Apache-2.0
"""A plain Makefile: the library as an archive, and an example."""

from __future__ import annotations

from mcunet_tf.tinyengine.emit.library import Library
from mcunet_tf.tinyengine.emit.render import render

EXAMPLES = ("main.c", "Makefile")


def refused_name(name: str) -> str | None:
    """A target of the Makefile's own would be the library's."""
    return "is a target of the Makefile" if name.lower() in ("clean", "all", "example") else None


def project_files(library: Library) -> dict[str, str]:
    """The library's own files, `main.c` and `Makefile`."""
    makefile = render("Makefile.j2", {"library": library})
    return {**library.files, "main.c": library.example, "Makefile": makefile}
