# SPDX-License-Identifier: Apache-2.0
"""Builds, runs and counts compiled models on boards, and compares them with the reference.

The names below load on first use, so that the parts can be imported without the whole.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcunet_tf.benchmark.bench import (
        Outcome,
        Row,
        benchmark,
        format_layers,
        format_table,
        write_rows,
    )
    from mcunet_tf.benchmark.plugin import LayerCount, RegionCount
    from mcunet_tf.benchmark.qemu import ElfRun, run_elf
    from mcunet_tf.benchmark.reference import Reference, random_inputs
    from mcunet_tf.benchmark.runner import RunResult, run_on_board

_HOMES = {
    "ElfRun": "qemu",
    "LayerCount": "plugin",
    "Outcome": "bench",
    "Reference": "reference",
    "RegionCount": "plugin",
    "Row": "bench",
    "RunResult": "runner",
    "benchmark": "bench",
    "format_layers": "bench",
    "format_table": "bench",
    "random_inputs": "reference",
    "run_elf": "qemu",
    "run_on_board": "runner",
    "write_rows": "bench",
}

__all__ = [
    "ElfRun",
    "LayerCount",
    "Outcome",
    "Reference",
    "RegionCount",
    "Row",
    "RunResult",
    "benchmark",
    "format_layers",
    "format_table",
    "random_inputs",
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
