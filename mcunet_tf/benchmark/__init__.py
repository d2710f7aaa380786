# SPDX-License-Identifier: Apache-2.0
"""Builds, runs and counts models on boards, and compares them with the reference and each other.

The names below load on first use, so that the parts can be imported without the whole. The package
itself can be called: `mcunet_tf.benchmark(...)` is `mcunet_tf.benchmark.benchmark(...)`.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcunet_tf.benchmark.bench import Outcome, measure
    from mcunet_tf.benchmark.plugin import LayerCount, RegionCount
    from mcunet_tf.benchmark.qemu import ElfRun, run_elf
    from mcunet_tf.benchmark.rows import LayerRow, Row, write_rows
    from mcunet_tf.benchmark.runner import Connection, RunResult, run_on_board
    from mcunet_tf.benchmark.table import BenchmarkTable, benchmark
    from mcunet_tf.benchmark.text import format_layers, format_table

_HOMES = {
    "BenchmarkTable": "table",
    "Connection": "runner",
    "ElfRun": "qemu",
    "LayerCount": "plugin",
    "LayerRow": "rows",
    "Outcome": "bench",
    "RegionCount": "plugin",
    "Row": "rows",
    "RunResult": "runner",
    "benchmark": "table",
    "format_layers": "text",
    "format_table": "text",
    "measure": "bench",
    "run_elf": "qemu",
    "run_on_board": "runner",
    "write_rows": "rows",
}

__all__ = [
    "BenchmarkTable",
    "Connection",
    "ElfRun",
    "LayerCount",
    "LayerRow",
    "Outcome",
    "RegionCount",
    "Row",
    "RunResult",
    "benchmark",
    "format_layers",
    "format_table",
    "measure",
    "run_elf",
    "run_on_board",
    "write_rows",
]


def __getattr__(name: str) -> object:
    """Imports the public name from its module on first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


class _CallablePackage(types.ModuleType):
    """A package that is also the function it is named for.

    `mcunet_tf.benchmark` must be both, whichever of `import mcunet_tf` and
    `import mcunet_tf.benchmark` comes first: the import system binds the package to that name.
    """

    def __call__(self, *arguments: Any, **options: Any) -> BenchmarkTable:
        from mcunet_tf.benchmark.table import benchmark

        return benchmark(*arguments, **options)


sys.modules[__name__].__class__ = _CallablePackage
