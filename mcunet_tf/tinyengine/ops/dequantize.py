# SPDX-License-Identifier: Apache-2.0
"""DEQUANTIZE: int8, uint8 or int16 to float32, and weights that a file keeps narrow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcunet_tf.tinyengine.ir import QUANTISED_TYPES, Tensor
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    source = view.input(0)
    if source.dtype == "float16":
        return values[0].astype(np.float32)
    quantization = source.quantization
    assert quantization is not None
    along = [1] * len(source.shape)
    if len(quantization.scale) > 1:
        along[quantization.axis] = len(quantization.scale)
    scale = np.array(quantization.scale, np.float32).astype(np.float64).reshape(along)
    zero_point = np.array([*quantization.zero_point[: scale.size]]).reshape(along)
    real: Array = ((values[0].astype(np.float64) - zero_point) * scale).astype(np.float32)
    return real


def constraint_types(view: View) -> str | None:
    """The input is int8, uint8 or int16 of one scale, or constant weights; the output float32."""
    source, output = view.input(0), view.output
    if output.dtype != "float32":
        return f"{source.dtype} to {output.dtype}"
    if source.data is not None:
        return _constant_problem(source)
    if source.dtype not in QUANTISED_TYPES:
        return f"{source.dtype} to {output.dtype}"
    return common.per_tensor_problem(source)


def _constant_problem(source: Tensor) -> str | None:
    """Why weights that a file keeps narrow cannot be widened at compile time, or None."""
    if source.dtype == "float16":
        return None
    quantization = source.quantization
    if source.dtype not in common.INTEGER_RANGES or quantization is None:
        return common.describe(source)
    count = len(quantization.scale)
    if count == 1:
        return common.per_tensor_problem(source)
    axis = quantization.axis
    if not 0 <= axis < len(source.shape) or source.shape[axis] != count:
        return f"{count} scales for {list(source.shape)}"
    fits = len(quantization.zero_point) == count and np.isfinite(quantization.scale).all()
    return None if fits else f"scales of '{source.name}' that are no numbers"


DEQUANTIZE = OpSpec(
    "DEQUANTIZE", no_attributes, _evaluate, (constraint_types, common.constraint_same_shape)
)
