# SPDX-License-Identifier: Apache-2.0
"""DEQUANTIZE: int8 or uint8 to float32, at the edge of a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    source = view.input(0)
    centred = values[0].astype(np.float64) - source.zero_point
    return (centred * np.float32(source.scale).astype(np.float64)).astype(np.float32)


def constraint_types(view: View) -> str | None:
    """The input is int8 or uint8, the output float32."""
    source, output = view.input(0), view.output
    if source.dtype not in ("int8", "uint8") or output.dtype != "float32":
        return f"{source.dtype} to {output.dtype}"
    return common.per_tensor_problem(source)


DEQUANTIZE = OpSpec(
    "DEQUANTIZE", no_attributes, _evaluate, (constraint_types, common.constraint_same_shape)
)
