# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of blocks that begin at computed indices: SLICE and DYNAMIC_UPDATE_SLICE."""

from __future__ import annotations

from mcunet_tf.tinyengine.ir import Tensor
from mcunet_tf.tinyengine.kernel_tables.table import ANY_TYPE, Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.dynamic import BLOCK_AXES
from mcunet_tf.tinyengine.ops.spec import View


def _struct(whole: Tensor, part: Tensor, begin: Tensor) -> Struct:
    fill = BLOCK_AXES - len(whole.shape)

    def sizes(tensor: Tensor) -> tuple[int, ...]:
        return (*(1,) * fill, *tensor.shape[:-1], tensor.shape[-1] * tensor.item_bytes)

    fields = {
        "whole": sizes(whole),
        "part": sizes(part),
        "first": fill,
        "axes": len(whole.shape),
        "item_bytes": whole.item_bytes,
        "index_bytes": begin.item_bytes,
    }
    return Struct("struct block", fields)


def _read(view: View) -> Struct:
    return _struct(view.input(0), view.output, view.input(1))


def _write(view: View) -> Struct:
    return _struct(view.input(0), view.input(1), view.input(2))


KERNELS = {
    "SLICE_AT": (
        Kernel(
            "block_read_portable",
            "block",
            "portable",
            Style.WHOLE,
            _read,
            data_inputs=(0, 1),
            takes=ANY_TYPE,
        ),
    ),
    "DYNAMIC_UPDATE_SLICE": (
        Kernel(
            "block_write_portable",
            "block",
            "portable",
            Style.WHOLE,
            _write,
            data_inputs=(0, 1, 2),
            takes=ANY_TYPE,
        ),
    ),
}
