# SPDX-License-Identifier: Apache-2.0
"""Operators that map one value to another: RELU, RELU6, LOGISTIC, QUANTIZE, and any given TABLE.

On bytes each is compiled to a table of 256 of them, computed here with tflite-runtime's reference
arithmetic. On int16 they are computed value by value, as TF-Lite Micro does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from mcunet_tf.tinyengine import fixed_point
from mcunet_tf.tinyengine.ops import common, tables_s16
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, as_int8, no_attributes, saturated

QUANTISED_TYPES = {
    "float32": ("int8", "int16"),
    "int8": ("int8", "uint8", "int16", "int32"),
    "uint8": ("int8", "uint8"),
    "int16": ("int8", "int16", "int32"),
    "int32": ("int8", "int16"),
}
"""What QUANTIZE makes of each type."""


@dataclasses.dataclass(frozen=True)
class TableAttributes:
    """256 results in the order of the input's bit pattern."""

    table: bytes


def _evaluate_table(view: View, values: Sequence[Array]) -> Array:
    table = np.frombuffer(view.attributes.table, view.output.dtype)
    return table[values[0].view(np.uint8)]


def rescale_parameters(view: View) -> tuple[int, int]:
    """`(multiplier, shift)` from the input's scale to the output's."""
    return fixed_point.quantize_multiplier(view.input(0).scale / view.output.scale)


def _rescale(view: View, values: Array) -> Array:
    """Moves values from the input's scale and zero point to the output's, unclamped."""
    centred = values.astype(np.int64) - view.input(0).zero_point
    return fixed_point.requantize(centred, *rescale_parameters(view)) + view.output.zero_point


def _clamped_rescale(activation: str) -> Callable[[View, Sequence[Array]], Array]:
    def evaluate(view: View, values: Sequence[Array]) -> Array:
        low, high = common.activation_range(activation, view.output)
        return np.clip(_rescale(view, values[0]), low, high).astype(view.output.dtype)

    return evaluate


def _evaluate_logistic(view: View, values: Sequence[Array]) -> Array:
    """1 / (1 + e^-x) in float32, as tflite-runtime's reference kernel fills its own table.

    TF-Lite Micro computes it in fixed point: where the exact result lies within 1e-5 of a tie, as
    for scales that are powers of two, the two differ by one. The oracle is tflite-runtime.
    """
    source = view.input(0)
    if source.dtype == "int16":
        return _evaluate_logistic_s16(view, values)
    with np.errstate(over="ignore"):  # e^-x is infinite there, and the result 0
        real = np.float32(source.scale) * (values[0].astype(np.float32) - source.zero_point)
        exponential = np.exp(-real.astype(np.float64)).astype(np.float32)
    probability = np.float32(1) / (np.float32(1) + exponential)
    return as_int8(np.floor(probability.astype(np.float64) * 256 + 0.5).astype(np.int64) - 128)


def logistic_scale(view: View) -> tuple[int, int]:
    """`(multiplier, shift)` that bring int16 values to the scale of the curve's points."""
    return tables_s16.curve_scale(view.input(0).scale, exact_shifts=1)


def _evaluate_logistic_s16(view: View, values: Sequence[Array]) -> Array:
    """TF-Lite Micro's line between two of 256 points, which end at 10.7."""
    multiplier, shift = logistic_scale(view)
    scaled = tables_s16.curve_input(values[0], multiplier, shift)
    points, size = tables_s16.sigmoid_points(), np.abs(scaled)
    place = np.minimum(size >> 9, 254)
    line = (points[place] << 9) + (size & 0x1FF) * (points[place + 1] - points[place])
    curved = np.where(size >> 9 >= 255, 0x7FFF << 10, line)
    result = np.where(scaled >= 0, curved, (1 << 25) - 1 - curved) + (1 << 9)
    return (result >> 10).astype(np.int16)


def _evaluate_quantize(view: View, values: Sequence[Array]) -> Array:
    if view.input(0).dtype == "float32":
        scale, zero_point = np.float32(view.output.scale), view.output.zero_point
        with np.errstate(over="ignore"):  # infinities saturate like any number that is too large
            real = values[0].astype(np.float32) / scale
        rounded = np.copysign(np.floor(np.abs(real.astype(np.float64)) + 0.5), real)
        steps = np.clip(rounded, -(2.0**31), 2.0**31 - 1).astype(np.int64) + zero_point
        return saturated(steps, view.output.dtype)
    return saturated(_rescale(view, values[0]), view.output.dtype)


def byte_table(
    view: View, evaluate: Callable[[View, Sequence[Array]], Array], position: int = 0
) -> Array:
    """The 256 results in the order of the input's bit pattern, as raw bytes.

    Args:
        view: An operator whose other operands are constants of one value.
        evaluate: Its meaning.
        position: Of the operand that takes all values.
    """
    inputs = np.arange(256, dtype=np.uint8).view(view.input(position).dtype)
    tensors = [*view.inputs]
    tensors[position] = dataclasses.replace(view.input(position), shape=(256,))
    output = dataclasses.replace(view.output, shape=(256,))
    values = []
    for place, tensor in enumerate(tensors):
        known = inputs if place == position else tensor.data if tensor else None
        values += [] if known is None else [known.reshape(-1)]
    return evaluate(View(view.op, tuple(tensors), (output,)), values).view(np.uint8)


def constraint_byte_edges(view: View) -> str | None:
    """Input and output are int8 or uint8, quantised per tensor."""
    source, output = view.input(0), view.output
    if output.dtype not in common.BYTE_TYPES or source.dtype not in common.BYTE_TYPES:
        return f"{source.dtype} to {output.dtype}"
    return common.per_tensor_problem(source) or common.per_tensor_problem(output)


def constraint_quantised_types(view: View) -> str | None:
    """What is float32 becomes int8 or int16; int8, uint8, int16 and int32 one of the others."""
    source, output = view.input(0), view.output
    if output.dtype not in QUANTISED_TYPES.get(source.dtype, ()):
        return f"{source.dtype} to {output.dtype}"
    known = common.per_tensor_problem(output)
    return known if source.dtype == "float32" else common.per_tensor_problem(source) or known


def constraint_logistic_output(view: View) -> str | None:
    """The output's scale is 1/256 and its zero point -128; of int16 2^-15 and 0."""
    output = view.output
    if output.dtype == "int16":
        return constraint_curve_scales(view)
    if output.zero_point != -128 or output.scale != 1 / 256:
        return f"scale {output.scale} and zero point {output.zero_point}"
    return None


def constraint_curve_scales(view: View) -> str | None:
    """Of int16, the output's scale is 2^-15 and the input's below 131072."""
    source, output = view.input(0), view.output
    if not tables_s16.is_unit_scale(output.scale) or source.scale >= 1 << 17:
        return f"scale {source.scale}, and {output.scale} of the output"
    return None


_SAME = (common.constraint_activations, common.constraint_same_shape)

RELU = OpSpec("RELU", no_attributes, _clamped_rescale("RELU"), _SAME)
RELU6 = OpSpec("RELU6", no_attributes, _clamped_rescale("RELU6"), _SAME)
LOGISTIC = OpSpec(
    "LOGISTIC", no_attributes, _evaluate_logistic, (*_SAME, constraint_logistic_output)
)
TABLE = OpSpec(
    "TABLE",
    no_attributes,
    _evaluate_table,
    (constraint_byte_edges, common.constraint_same_shape),
)
QUANTIZE = OpSpec(
    "QUANTIZE",
    no_attributes,
    _evaluate_quantize,
    (constraint_quantised_types, common.constraint_same_shape),
)
