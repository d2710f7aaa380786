# SPDX-License-Identifier: Apache-2.0
"""Chooses a row of the kernel table for every operator."""

from __future__ import annotations

from collections.abc import Collection

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.kernels import KERNELS
from mcunet_tf.tinyengine.kernels.table import Kernel
from mcunet_tf.tinyengine.ops.spec import view


def select_kernel(graph: Graph, op: Op, isa: Collection[str]) -> Kernel:
    """The first row that the target can run and that takes the operator.

    The last row of every table is portable and takes everything, so there always is one.
    """
    seen = view(graph, op)
    for kernel in KERNELS[op.kind]:
        if kernel.isa != "portable" and kernel.isa not in isa:
            continue
        if kernel.rejects(seen) is None:
            return kernel
    raise AssertionError(f"no kernel row takes {op.kind} '{op.name}'")
