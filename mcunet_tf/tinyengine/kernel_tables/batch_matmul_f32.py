# SPDX-License-Identifier: Apache-2.0
"""Kernel table of BATCH_MATMUL on float32."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.batch_matmul import matmul_shape
from mcunet_tf.tinyengine.ops.spec import View


def _arguments(view: View) -> Struct:
    batches, rows, columns, depth = matmul_shape(view)
    first_step, second_step = (
        size if view.input(position).elements > size else 0
        for position, size in enumerate((rows * depth, columns * depth))
    )
    fields = {
        "batches": batches,
        "first_step": first_step,
        "second_step": second_step,
        "rows": rows,
        "columns": columns,
        "depth": depth,
    }
    return Struct("struct batch_matmul_f32", fields)


KERNELS = {
    "BATCH_MATMUL_F32": (
        Kernel(
            "batch_matmul_f32_portable",
            "batch_matmul_f32",
            "portable",
            Style.WHOLE,
            _arguments,
            data_inputs=(0, 1),
        ),
    )
}
