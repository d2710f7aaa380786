# SPDX-License-Identifier: Apache-2.0
"""The kernel of a CUSTOM operator: the function that the user bound to it."""

from __future__ import annotations

from mcunet_tf.tinyengine.ir import QUANTISED_TYPES, Op, Tensor
from mcunet_tf.tinyengine.kernel_tables.table import (
    ALL_INPUTS,
    Kernel,
    Struct,
    Style,
    float_blob,
    int32_blob,
    uint8_blob,
)
from mcunet_tf.tinyengine.ops.custom import CUSTOM_AXES, CustomAttributes
from mcunet_tf.tinyengine.ops.spec import View


def _quantisation(tensor: Tensor) -> tuple[float, int]:
    quantization = tensor.quantization
    plain = tensor.dtype in QUANTISED_TYPES and quantization is not None
    if not plain or quantization is None or len(quantization.scale) != 1:
        return 0.0, 0
    return quantization.scale[0], [*quantization.zero_point, 0][0]


def _arguments(view: View) -> Struct:
    attributes: CustomAttributes = view.attributes
    tensors = [view.input(position) for position in range(len(view.inputs))] + [view.output]
    shapes = [(1,) * (CUSTOM_AXES - len(t.shape)) + t.shape for t in tensors]
    scales, zero_points = zip(*map(_quantisation, tensors), strict=True)
    options = list(attributes.options)
    fields = {
        "options": uint8_blob(options) if options else None,
        "shapes": int32_blob([size for shape in shapes for size in shape]),
        "scales": float_blob(scales),
        "zero_points": int32_blob(zero_points),
        "options_bytes": len(options),
        "inputs": len(view.inputs),
    }
    return Struct("struct custom_op", fields)


def custom_kernel(op: Op) -> Kernel:
    """The kernel of one operator."""
    attributes: CustomAttributes = op.attributes
    return Kernel(
        attributes.function,
        "custom",
        "portable",
        Style.WHOLE,
        _arguments,
        scratch_bytes=lambda _, __: attributes.scratch_bytes,
        data_inputs=ALL_INPUTS,
        source=attributes.source,
    )
