# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of the operators that only move values."""

from __future__ import annotations

import math

from mcunet_tf.tinyengine.kernels.table import (
    ALL_INPUTS,
    Kernel,
    Struct,
    Style,
    int16_blob,
    int32_blob,
)
from mcunet_tf.tinyengine.ops.layout import (
    ConcatenationAttributes,
    PadAttributes,
    ResizeAttributes,
    TransposeAttributes,
)
from mcunet_tf.tinyengine.ops.spec import View

_TRANSPOSE_AXES = 6
_PAD_AXES = 4


def _transpose(view: View) -> Struct:
    attributes: TransposeAttributes = view.attributes
    shape = view.input(0).shape
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    fill = _TRANSPOSE_AXES - len(shape)
    fields = {
        "size": (1,) * fill + tuple(shape[p] for p in attributes.permutation),
        "stride": (0,) * fill + tuple(strides[p] for p in attributes.permutation),
    }
    return Struct("struct transpose_s8", fields)


def _pad(view: View) -> Struct:
    attributes: PadAttributes = view.attributes
    fill = _PAD_AXES - len(view.input(0).shape)
    fields = {
        "size": (1,) * fill + view.input(0).shape,
        "before": (0,) * fill + attributes.before,
        "after": (0,) * fill + attributes.after,
        "value": attributes.value,
    }
    return Struct("struct pad_s8", fields)


def _concatenation(view: View) -> Struct:
    attributes: ConcatenationAttributes = view.attributes
    runs = [math.prod(view.input(i).shape[attributes.axis :]) for i in range(len(view.inputs))]
    fields = {
        "outer": math.prod(view.output.shape[: attributes.axis]),
        "operands": len(runs),
        "run_bytes": int32_blob(runs),
    }
    return Struct("struct concatenation_s8", fields)


def _resize(view: View) -> Struct:
    attributes: ResizeAttributes = view.attributes
    fields = {
        "rows": int16_blob(attributes.rows),
        "columns": int16_blob(attributes.columns),
        "in_width": view.input(0).shape[2],
        "out_height": view.output.shape[1],
        "out_width": view.output.shape[2],
        "channels": view.output.shape[3],
    }
    return Struct("struct resize_nearest_neighbor_s8", fields)


TRANSPOSE = (Kernel("transpose_s8_portable", "transpose", "portable", Style.WHOLE, _transpose),)
PAD = (Kernel("pad_s8_portable", "pad", "portable", Style.WHOLE, _pad),)
CONCATENATION = (
    Kernel(
        "concatenation_s8_portable",
        "concatenation",
        "portable",
        Style.WHOLE,
        _concatenation,
        data_inputs=ALL_INPUTS,
    ),
)
RESIZE_NEAREST_NEIGHBOR = (
    Kernel(
        "resize_nearest_neighbor_s8_portable",
        "resize_nearest_neighbor",
        "portable",
        Style.WHOLE,
        _resize,
    ),
)
