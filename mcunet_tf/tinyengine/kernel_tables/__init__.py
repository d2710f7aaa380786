# SPDX-License-Identifier: Apache-2.0
"""The kernel tables by operator: the fastest kernel first, the last one portable and unlimited.

A module of this package that has `KERNELS`, tables by TensorFlow Lite's names of operators, is
found by lying here. It is named like its folder of C under `kernels/`.
"""

from __future__ import annotations

import importlib
import pkgutil

from mcunet_tf.tinyengine.ir import Op
from mcunet_tf.tinyengine.kernel_tables.custom import custom_kernel
from mcunet_tf.tinyengine.kernel_tables.table import Kernel
from mcunet_tf.tinyengine.ops.spec import View


def _tables() -> dict[str, tuple[Kernel, ...]]:
    """Every module's tables, in the order of the operators' names."""
    tables: dict[str, tuple[Kernel, ...]] = {}
    for found in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{found.name}")
        own = getattr(module, "KERNELS", {})
        twice = tables.keys() & own.keys()
        assert not twice, f"{module.__name__} has a second table of {', '.join(twice)}"
        tables |= own
    return dict(sorted(tables.items()))


KERNELS = _tables()


def kernels_of(op: Op) -> tuple[Kernel, ...]:
    """The table of an operator; of a custom one it is the user's function alone."""
    return (custom_kernel(op),) if op.kind == "CUSTOM" else KERNELS[op.kind]


def kernels_for(seen: View) -> tuple[Kernel, ...]:
    """The kernels of an operator for operands of its type, in the order of their table."""
    table = kernels_of(seen.op)
    first = seen.inputs[0] if seen.inputs else None
    if first is None or seen.op.kind == "CUSTOM":
        return table
    return tuple(kernel for kernel in table if first.dtype in kernel.takes)
