# SPDX-License-Identifier: Apache-2.0
"""A CMSIS pack: its description, `mcunet_tf.<name>.pdsc`, and a solution that uses the component.

The folder is the pack's content; a zip file of it, `mcunet_tf.<name>.<version>.pack`, is the pack.
"""

from __future__ import annotations

from mcunet_tf.tinyengine.emit.example_facts import facts
from mcunet_tf.tinyengine.emit.library import Library
from mcunet_tf.tinyengine.emit.render import render

VENDOR = "mcunet_tf"
_EXAMPLE = "examples/cmsis"
EXAMPLES = (f"{_EXAMPLE}/main.c",)
ANY_CORE = True


def project_examples(library: Library) -> tuple[str, ...]:
    """The solution is the user's once it is edited."""
    return tuple(f"{_EXAMPLE}/{library.name}.{kind}.yml" for kind in ("csolution", "cproject"))


def project_files(library: Library) -> dict[str, str]:
    """The library's own files, the pack's description, and a solution."""
    given = facts(library) | {"vendor": VENDOR}
    solution, project = project_examples(library)
    return {
        **library.files,
        f"{VENDOR}.{library.name}.pdsc": render("cmsis/pack.pdsc.j2", given),
        solution: render("cmsis/csolution.yml.j2", given),
        project: render("cmsis/cproject.yml.j2", given),
        f"{_EXAMPLE}/main.c": render("examples/plain.c.j2", given),
    }
