# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of GATHER and GATHER_ND with indices that are computed."""

from __future__ import annotations

import math

from mcunet_tf.tinyengine.kernel_tables.table import ANY_TYPE, Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.dynamic import GATHERED_AXES, gather_shape, gathered_axes
from mcunet_tf.tinyengine.ops.spec import View


def _gather(view: View) -> Struct:
    batches, outer, size, inner, count = gather_shape(view)
    fields = {
        "batches": batches,
        "outer": outer,
        "size": size,
        "run_bytes": inner * view.output.item_bytes,
        "count": count,
        "index_bytes": view.input(1).item_bytes,
    }
    return Struct("struct gather", fields)


def _gather_nd(view: View) -> Struct:
    sizes = gathered_axes(view)
    run = math.prod(view.input(0).shape[len(sizes) :])
    fields = {
        "count": view.input(1).elements // len(sizes),
        "axes": len(sizes),
        "run_bytes": run * view.output.item_bytes,
        "size": sizes + (1,) * (GATHERED_AXES - len(sizes)),
        "index_bytes": view.input(1).item_bytes,
    }
    return Struct("struct gather_nd", fields)


KERNELS = {
    "GATHER_AT": (
        Kernel(
            "gather_portable",
            "gather",
            "portable",
            Style.WHOLE,
            _gather,
            data_inputs=(0, 1),
            takes=ANY_TYPE,
        ),
    ),
    "GATHER_ND": (
        Kernel(
            "gather_nd_portable",
            "gather",
            "portable",
            Style.WHOLE,
            _gather_nd,
            data_inputs=(0, 1),
            takes=ANY_TYPE,
        ),
    ),
}
