# SPDX-License-Identifier: Apache-2.0
"""What several operators share: activations, padding, and the constraints on quantisation."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from mcunet_tf.tinyengine.fixed_point import (
    MAX_WIDE_SHIFT,
    IntArray,
    quantize_multiplier,
    requantize,
    requantize_wide,
    round_half_away,
    wrap_int32,
)
from mcunet_tf.tinyengine.ir import QUANTISED_TYPES, Tensor, constant_values, is_constant
from mcunet_tf.tinyengine.ops.spec import ImpossibleError, View

# The flatbuffer's codes (tflite schema, enum ActivationFunctionType and Padding).
ACTIVATIONS = {0: "NONE", 1: "RELU", 2: "RELU_N1_TO_1", 3: "RELU6", 4: "TANH"}
REAL_RANGE = {
    "NONE": (None, None),
    "RELU": (0.0, None),
    "RELU_N1_TO_1": (-1.0, 1.0),
    "RELU6": (0.0, 6.0),
}
PADDING_SAME, PADDING_VALID = 0, 1
INTEGER_RANGES = {
    "int8": (-128, 127),
    "uint8": (0, 255),
    "int16": (-(1 << 15), (1 << 15) - 1),
    "int32": (-(1 << 31), (1 << 31) - 1),
}
MOVED_TYPES = ("int8", "uint8", "int16", "bool", "int32", "int64", "uint32", "float32")
"""Types whose values may be moved about: kernels know their bytes only."""
BYTE_TYPES = ("int8", "uint8")
ACTIVATION_TYPES = ("int8", "int16")
BIAS_TYPES = {"int8": ("int32",), "int16": ("int64", "int32", "int16")}
# The kernels' structs hold sizes in 16 bits.
MAX_SIZE = (1 << 15) - 1


@dataclasses.dataclass(frozen=True)
class Padding:
    """Rows and columns of input zero points around a spatial input."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0


def front_axis(axis: int, rank: int) -> int:
    """An axis counted from the front; negative ones count from the end.

    Raises:
      ImpossibleError: there is no such axis.
    """
    if not -rank <= axis < rank:
        raise ImpossibleError(f"axis {axis} of {rank} axes")
    return axis + rank if axis < 0 else axis


def activation_name(code: int) -> str:
    """The name of a flatbuffer's activation code."""
    return ACTIVATIONS.get(code, f"activation {code}")


def activation_range(activation: str, output: Tensor) -> tuple[int, int]:
    """What an activation clamps to within the output's type, as TFLite computes it (float32)."""
    low, high = REAL_RANGE[activation]
    least, greatest = INTEGER_RANGES[output.dtype]
    scale = np.float32(output.scale)

    def quantise(real: float) -> int:
        with np.errstate(over="ignore"):  # a tiny scale: the clamp is at the type's limits
            steps = np.clip(np.float32(real) / scale, -1e9, 1e9)
        return output.zero_point + round_half_away(float(steps))

    return (
        least if low is None else max(least, quantise(low)),
        greatest if high is None else min(greatest, quantise(high)),
    )


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """TensorFlow's SAME padding: (before, after); the odd cell goes after."""
    out_size = -(-size // stride)
    total = max((out_size - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def spatial_padding(
    code: int,
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
) -> Padding:
    """Explicit padding of a flatbuffer's SAME or VALID for (height, width) pairs.

    Raises:
      ImpossibleError: the code is neither.
    """
    if code not in (PADDING_SAME, PADDING_VALID):
        raise ImpossibleError(f"padding code {code} is neither SAME (0) nor VALID (1)")
    if code == PADDING_VALID or 0 in stride:
        return Padding()
    top, bottom = same_padding(size[0], kernel[0], stride[0], dilation[0])
    left, right = same_padding(size[1], kernel[1], stride[1], dilation[1])
    return Padding(top, bottom, left, right)


def window_size(size: int, padding: int, kernel: int, stride: int, dilation: int) -> int:
    """Number of outputs along one axis."""
    return (size + padding - (kernel - 1) * dilation - 1) // stride + 1


def channel_multipliers(view: View, channels: int) -> tuple[IntArray, IntArray]:
    """Per-channel `(multiplier, shift)` of a convolution: in_scale * weight_scale / out_scale.

    Products are taken in double precision from the float32 scales, as TFLite does.
    """
    weights = view.input(1).quantization
    assert weights is not None
    input_scale, output_scale = view.input(0).scale, view.output.scale
    pairs = [quantize_multiplier(input_scale * s / output_scale) for s in weights.scale]
    if len(pairs) == 1:
        pairs = pairs * channels
    table = np.array(pairs, np.int64)
    return table[:, 0], table[:, 1]


def bias_values(view: View, channels: int) -> IntArray:
    """The bias [channels]; an absent or empty one is zero."""
    bias = view.optional(2)
    if bias is None or bias.data is None or bias.data.size == 0:
        return np.zeros(channels, np.int64)
    return np.asarray(bias.data, np.int64).reshape(-1)


def sums_are_wide(view: View) -> bool:
    """Whether TF-Lite Micro adds up in int64 and requantises by a multiplier of 16 bits.

    It does so for int16 activations, except where the bias is int32.
    """
    bias = view.optional(2)
    absent = bias is None or bias.elements == 0
    return view.input(0).dtype == "int16" and (absent or view.input(2).dtype != "int32")


def requantized_sums(view: View, sums: IntArray) -> IntArray:
    """Sums [..., channels] of a convolution or matrix product in steps of the output's scale."""
    multiplier, shift = channel_multipliers(view, sums.shape[-1])
    if sums_are_wide(view):
        return requantize_wide(sums, multiplier, shift)
    return requantize(wrap_int32(sums), multiplier, shift)


def constant_integers(view: View, position: int) -> tuple[int, ...]:
    """The values of a small constant operand (axes, sizes), () where it is not constant."""
    operand = view.optional(position)
    return tuple(constant_values(operand)) if is_constant(operand) else ()


def describe(tensor: Tensor) -> str:
    """Name, type and shape, for messages."""
    return f"tensor '{tensor.name}' is {tensor.dtype} {list(tensor.shape)}"


def constraint_int8_activations(view: View) -> str | None:
    """Activations are int8, quantised per tensor."""
    for tensor in (view.inputs[0], *view.outputs):
        problem = _int8_problem(tensor)
        if problem:
            return problem
    return None


def constraint_activations(view: View) -> str | None:
    """Activations are int8, or int16 with a zero point of 0, quantised per tensor."""
    return activations_problem((view.inputs[0], *view.outputs))


def constraint_all_activations(view: View) -> str | None:
    """All operands and results are int8, or int16 with a zero point of 0, quantised per tensor."""
    return activations_problem((*view.inputs, *view.outputs))


def constraint_all_int8(view: View) -> str | None:
    """All operands and results are int8, quantised per tensor."""
    for tensor in (*view.inputs, *view.outputs):
        problem = _int8_problem(tensor)
        if problem:
            return problem
    return None


def activations_problem(tensors: Sequence[Tensor | None]) -> str | None:
    """Why tensors are not all int8, or all int16 with a zero point of 0; the last one's type."""
    dtype = next((t.dtype for t in reversed(tensors) if t is not None), "")
    for tensor in tensors:
        if tensor is not None and dtype not in ACTIVATION_TYPES:
            return describe(tensor)
        problem = _type_problem(tensor, dtype)
        if problem:
            return problem
        if dtype == "int16" and tensor is not None and tensor.zero_point:
            return f"tensor '{tensor.name}' is int16 with a zero point of {tensor.zero_point}"
    return None


def _int8_problem(tensor: Tensor | None) -> str | None:
    return _type_problem(tensor, "int8")


def _type_problem(tensor: Tensor | None, dtype: str) -> str | None:
    if tensor is None:
        return "an operand is missing"
    if tensor.dtype != dtype:
        return describe(tensor)
    return per_tensor_problem(tensor)


def per_tensor_problem(tensor: Tensor) -> str | None:
    """Why a tensor has no usable per-tensor quantisation, or None."""
    quantization = tensor.quantization
    if quantization is None or len(quantization.scale) != 1 or len(quantization.zero_point) != 1:
        return f"tensor '{tensor.name}' has no per-tensor scale and zero point"
    if not (np.isfinite(quantization.scale[0]) and quantization.scale[0] > 0):
        return f"tensor '{tensor.name}' has scale {quantization.scale[0]}"
    low, high = INTEGER_RANGES.get(tensor.dtype, (0, 0))
    if not low <= quantization.zero_point[0] <= high:
        return f"tensor '{tensor.name}' has zero point {quantization.zero_point[0]}"
    return None


def one_type_problem(tensors: Iterable[Tensor | None]) -> str | None:
    """Why values of tensors cannot be moved from one to another, or None.

    Integers that have a scale keep their meaning only if all have the same.
    """
    first: Tensor | None = None
    for tensor in tensors:
        if tensor is None:
            return "an operand is missing"
        first = first or tensor
        if tensor.dtype not in MOVED_TYPES or tensor.dtype != first.dtype:
            return describe(tensor)
        if tensor.dtype in QUANTISED_TYPES:
            problem = tensor.quantization and per_tensor_problem(tensor)
            if problem:
                return problem
            if _scale(tensor) != _scale(first):
                return f"'{tensor.name}' has {_scale(tensor)}, '{first.name}' {_scale(first)}"
    return None


def _scale(tensor: Tensor) -> str:
    """Scale and zero point, for comparison and for messages."""
    if tensor.quantization is None:
        return "no scale"
    return f"scale {tensor.scale} and zero point {tensor.zero_point}"


def constraint_one_type(view: View) -> str | None:
    """Input and output are of one type (integers, bool or float32) and scale."""
    return one_type_problem((view.inputs[0], *view.outputs))


def constraint_all_one_type(view: View) -> str | None:
    """All are of one type (integers, bool or float32) and scale."""
    return one_type_problem((*view.inputs, *view.outputs))


def constraint_symmetric_weights(view: View) -> str | None:
    """Weights are constant int8 with zero point 0 and one finite scale per tensor or channel."""
    weights = view.optional(1)
    if weights is None or weights.data is None:
        return "the weights are not constant"
    if weights.dtype != "int8":
        return describe(weights)
    quantization = weights.quantization
    if quantization is None or not quantization.scale:
        return f"tensor '{weights.name}' has no scale"
    if any(quantization.zero_point):
        return f"tensor '{weights.name}' has a non-zero zero point"
    if not all(np.isfinite(s) for s in quantization.scale):
        return f"tensor '{weights.name}' has a scale that is not finite"
    return None


def weight_scales_problem(weights: Tensor, channels: int, axis: int) -> str | None:
    """Why the scales of weights are neither one nor one for each channel along `axis`."""
    if weights.dtype == "float32":
        return None
    quantization = weights.quantization
    scales = quantization.scale if quantization else ()
    if len(scales) not in (1, channels):
        return f"{len(scales)} weight scales for {channels} filters"
    if quantization is not None and len(scales) > 1 and quantization.axis != axis:
        return f"weight scales along axis {quantization.axis} instead of {axis}"
    return None


def constraint_bias(view: View) -> str | None:
    """The bias, if any, is constant int32 (int64 too for int16), a value per output channel."""
    bias = view.optional(2)
    if bias is None or (bias.data is not None and bias.data.size == 0):
        return None
    if bias.data is None:
        return "the bias is not constant"
    if bias.dtype not in BIAS_TYPES[view.output.dtype]:
        return describe(bias)
    if bias.elements != view.output.shape[-1]:
        return f"the bias has {bias.elements} values for {view.output.shape[-1]} channels"
    return None


def types_problem(view: View, *types: str) -> str | None:
    """Why the types of operands and then results are not these, or None."""
    tensors = (*view.inputs, *view.outputs)
    if len(tensors) != len(types):
        return f"{len(view.inputs)} operands and {len(view.outputs)} results"
    for tensor, dtype in zip(tensors, types, strict=True):
        if tensor is None or tensor.dtype != dtype:
            return "an operand is missing" if tensor is None else describe(tensor)
    return None


def constraint_float32(view: View) -> str | None:
    """Operands and results are float32."""
    for tensor in (*view.inputs, *view.outputs):
        if tensor is not None and tensor.dtype != "float32":
            return describe(tensor)
    return None


def constraint_float32_values(view: View) -> str | None:
    """The first operand and the result are float32."""
    for tensor in (view.inputs[0], view.output):
        if tensor is None or tensor.dtype != "float32":
            return "an operand is missing" if tensor is None else describe(tensor)
    return None


def constraint_sums(view: View) -> str | None:
    """Of int16 activations, factors are at most 128 and sums below 2^47."""
    if not sums_are_wide(view):
        return None
    weights = np.asarray(view.constant(1), np.int64)
    multiplier, shift = channel_multipliers(view, view.output.shape[-1])
    if shift.max() > MAX_WIDE_SHIFT:
        return f"a factor of {float(np.max(multiplier * 2.0 ** (shift - 31))):g}"
    largest = int(np.abs(bias_values(view, 1)).max()) + weights.size * (1 << 22)
    return None if largest < 1 << 47 else f"a bias of {largest - weights.size * (1 << 22)}"


def constraint_known_activation(view: View) -> str | None:
    """The fused activation is NONE, RELU, RELU_N1_TO_1 or RELU6."""
    activation = view.attributes.activation
    return None if activation in REAL_RANGE else str(activation)


def constraint_optional_activation(view: View) -> str | None:
    """The fused activation, where there is one, is NONE, RELU, RELU_N1_TO_1 or RELU6."""
    activation = getattr(view.attributes, "activation", "NONE")
    return None if activation in REAL_RANGE else str(activation)


def constraint_batch_one(view: View) -> str | None:
    """Spatial tensors are [1, height, width, channels]."""
    for tensor in (view.input(0), view.output):
        if len(tensor.shape) != 4 or tensor.shape[0] != 1:
            return describe(tensor)
    return None


def constraint_same_shape(view: View) -> str | None:
    """Input and output have the same shape."""
    if view.input(0).shape != view.output.shape:
        return f"{list(view.input(0).shape)} and {list(view.output.shape)}"
    return None


def constraint_positive_strides(view: View) -> str | None:
    """Strides and dilations are at least 1 and sizes below 32768."""
    attributes = view.attributes
    numbers = [attributes.stride_height, attributes.stride_width]
    numbers += [getattr(attributes, "dilation_height", 1), getattr(attributes, "dilation_width", 1)]
    sizes = (*numbers, *view.input(0).shape, *view.output.shape)
    bad = [n for n in sizes if not 1 <= n <= MAX_SIZE]
    return f"a value of {bad[0]}" if bad else None
