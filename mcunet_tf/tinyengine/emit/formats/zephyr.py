# SPDX-License-Identifier: Apache-2.0
"""A Zephyr module with a sample: `zephyr/module.yml`, CMake and Kconfig, `samples/`.

Names carry a prefix: Zephyr's own targets and options (`app`, `CONFIG_NET`) are short words too.
"""

from __future__ import annotations

import posixpath

from mcunet_tf.tinyengine.emit.example_facts import facts
from mcunet_tf.tinyengine.emit.library import Library
from mcunet_tf.tinyengine.emit.render import render

EXAMPLES: tuple[str, ...] = ()
ANY_CORE = True

# Headers that Zephyr's own sources find by one word; a library's folder is on their path, too.
_HEADERS = frozenset(
    "autoconf boot device exc fatal irq kernel kernel_arch_data kernel_arch_func "
    "kernel_arch_interface kernel_internal kernel_offsets kernel_tls ksched kswap kthread mmu "
    "offsets offsets_short offsets_short_arch sched_priq soc stack timeout_q version wait_q".split()
)


def refused_name(name: str) -> str | None:
    """Its header would be found in the place of one of Zephyr's."""
    return "is the name of a header of Zephyr's" if name.lower() in _HEADERS else None


def _sample(library: Library) -> str:
    return f"samples/{library.name}"


def project_examples(library: Library) -> tuple[str, ...]:
    """The sample is the user's once it is edited."""
    folder = _sample(library)
    names = ("CMakeLists.txt", "prj.conf", "sample.yaml", "src/main.c")
    return tuple(posixpath.join(folder, name) for name in names)


def project_files(library: Library) -> dict[str, str]:
    """The library's own files, the module, and a sample."""
    given = facts(library)
    lists, config, about, main = project_examples(library)
    return {
        **library.files,
        "zephyr/module.yml": render("zephyr/module.yml.j2", given),
        "zephyr/CMakeLists.txt": render("zephyr/CMakeLists.txt.j2", given),
        "zephyr/Kconfig": render("zephyr/Kconfig.j2", given),
        lists: render("zephyr/sample_CMakeLists.txt.j2", given),
        config: render("zephyr/prj.conf.j2", given),
        about: render("zephyr/sample.yaml.j2", given),
        main: render("examples/zephyr.c.j2", given),
    }
