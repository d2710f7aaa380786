# SPDX-License-Identifier: Apache-2.0
"""Kernel table of BATCH_MATMUL; the pass `lower_matmuls` has put its operands in order."""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.fixed_point import reduce_multiplier
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.batch_matmul import matmul_parameters, matmul_shape
from mcunet_tf.tinyengine.ops.spec import View


def _matrices(view: View) -> dict[str, int]:
    batches, rows, columns, depth = matmul_shape(view)
    first_step, second_step = (
        size if view.input(position).elements > size else 0
        for position, size in enumerate((rows * depth, columns * depth))
    )
    return {
        "batches": batches,
        "first_step": first_step,
        "second_step": second_step,
        "rows": rows,
        "columns": columns,
        "depth": depth,
    }


def _s16_arguments(view: View) -> Struct:
    multiplier, shift = matmul_parameters(view)
    scale = (int(reduce_multiplier(multiplier)), 15 - shift)
    return Struct("struct batch_matmul_s16", {"scale": scale, **_matrices(view)})


def _arguments(view: View) -> Struct:
    multiplier, shift = matmul_parameters(view)
    fields = {
        "multiplier": multiplier,
        **_matrices(view),
        "shift": shift,
        "first_zero_point": view.input(0).zero_point,
        "second_zero_point": view.input(1).zero_point,
        "out_zero_point": view.output.zero_point,
    }
    return Struct("struct batch_matmul_s8", fields)


def _offset_bytes(view: View, _: int) -> int:
    return 4 * matmul_shape(view)[2]


_PORTABLE = Kernel(
    "batch_matmul_s8_portable",
    "batch_matmul",
    "portable",
    Style.WHOLE,
    _arguments,
    scratch_bytes=_offset_bytes,
    data_inputs=(0, 1),
)
BATCH_MATMUL = (
    dataclasses.replace(_PORTABLE, name="batch_matmul_s8_dsp", isa="dsp"),
    _PORTABLE,
    Kernel(
        "batch_matmul_s16_portable",
        "batch_matmul",
        "portable",
        Style.WHOLE,
        _s16_arguments,
        data_inputs=(0, 1),
        takes=("int16",),
    ),
)

KERNELS = {"BATCH_MATMUL": BATCH_MATMUL}
