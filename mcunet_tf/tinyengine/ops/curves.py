# SPDX-License-Identifier: Apache-2.0
"""Curves that become tables of 256 bytes: HARD_SWISH, LEAKY_RELU, ABS, RSQRT, SQRT, TANH, EXP, LOG,
ELU, GELU. LEAKY_RELU, ABS and TANH of int16 are computed value by value, as TF-Lite Micro does.

The first four are computed in the integer arithmetic of tflite-runtime's reference kernels, the
others in float32, as these fill their own tables.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine import fixed_point
from mcunet_tf.tinyengine.ops import common, tables_s16
from mcunet_tf.tinyengine.ops.lookup import constraint_curve_scales
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, as_int8, no_attributes, saturated
from mcunet_tf.tinyengine.ops.tabulated import elu

_INT16_MAX = (1 << 15) - 1
_HIGH_RESOLUTION_BITS = 7
_RELUISH_SCALE = 3.0 / (1 << 15)
# RSQRT carries so many bits behind the point.
_RSQRT_SHIFT = 20
IntArray = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class LeakyReluAttributes:
    """Slope of negative values."""

    alpha: float


@dataclasses.dataclass(frozen=True)
class GeluAttributes:
    """Whether the curve is the approximation by a hyperbolic tangent."""

    approximate: bool


def _read_leaky_relu(options: Mapping[str, Any], _: View) -> LeakyReluAttributes:
    return LeakyReluAttributes(float(options["Alpha"]))


def _read_gelu(options: Mapping[str, Any], _: View) -> GeluAttributes:
    return GeluAttributes(bool(options["Approximate"]))


def leaky_relu_parameters(view: View) -> tuple[tuple[int, int], tuple[int, int]]:
    """`(multiplier, shift)` of values from zero up and of those below.

    Slopes are float32 as in TensorFlow Lite, for int16 float64 as in TF-Lite Micro.
    """
    real = np.float64 if view.output.dtype == "int16" else np.float32
    source, output = real(view.input(0).scale), real(view.output.scale)
    slopes = (source / output, source * real(view.attributes.alpha) / output)
    above, below = (fixed_point.quantize_multiplier(float(slope)) for slope in slopes)
    return above, below


def _evaluate_leaky_relu(view: View, values: Sequence[Array]) -> Array:
    centred = values[0].astype(np.int64) - view.input(0).zero_point
    positive, (multiplier, shift) = leaky_relu_parameters(view)
    above = fixed_point.requantize(centred, *positive)
    if view.output.dtype == "int16":
        # TF-Lite Micro takes the sign of alpha out of the rounding.
        below = np.sign(multiplier) * fixed_point.requantize(centred, abs(multiplier), shift)
    else:
        below = fixed_point.requantize(centred, multiplier, shift)
    result = np.where(centred >= 0, above, below) + view.output.zero_point
    return saturated(result, view.output.dtype)


def _evaluate_hard_swish(view: View, values: Sequence[Array]) -> Array:
    """Computes x relu6(x + 3) / 6 in int16: `reluish` is relu6(x + 3) / 6, by saturation."""
    fine = view.input(0).scale / (1 << _HIGH_RESOLUTION_BITS)
    slope, slope_exponent = _int16_multiplier(fine / _RELUISH_SCALE)
    factor, factor_exponent = _int16_multiplier(fine / view.output.scale)
    x = (values[0].astype(np.int64) - view.input(0).zero_point) << _HIGH_RESOLUTION_BITS
    scaled = _rounding_doubling_high_mul(x, factor)
    reluish = x
    if slope_exponent > 0:
        reluish = _saturate(reluish << (slope_exponent - 1))
    reluish = _rounding_doubling_high_mul(reluish, slope)
    if slope_exponent > 0:
        reluish = _saturate(reluish << 1)
    if slope_exponent < 0:
        reluish = fixed_point.rounding_divide_by_power_of_two(reluish, -slope_exponent)
    reluish = (reluish + (1 << 15)) >> 1
    product = _truncating_division(reluish * scaled, 1 << 15)
    result = fixed_point.rounding_divide_by_power_of_two(product, -factor_exponent)
    return as_int8(result + view.output.zero_point)


def _int16_multiplier(real: float) -> tuple[int, int]:
    multiplier, exponent = fixed_point.quantize_multiplier(real)
    return min((multiplier + (1 << 15)) >> 16, _INT16_MAX), exponent


def _saturate(x: IntArray) -> IntArray:
    return np.clip(x, -_INT16_MAX - 1, _INT16_MAX)


def _truncating_division(x: IntArray, divisor: int) -> IntArray:
    quotient: IntArray = np.where(x >= 0, x // divisor, -(-x // divisor))
    return quotient


def _rounding_doubling_high_mul(a: IntArray, b: int) -> IntArray:
    """Rounds a b / 2^15; `b` is positive, so nothing overflows."""
    product = a * b
    nudge = np.where(product >= 0, 1 << 14, 1 - (1 << 14))
    return _truncating_division(product + nudge, 1 << 15)


def _evaluate_tanh(view: View, values: Sequence[Array]) -> Array:
    """Values in float32; the curve in float64, rounded to float32, is as good as exact.

    TF-Lite Micro computes it in fixed point: close to ties the two differ by one.
    """
    source = view.input(0)
    if source.dtype == "int16":
        return _evaluate_tanh_s16(view, values)
    centred = values[0].astype(np.int64) - source.zero_point
    real = np.float32(source.scale) * centred.astype(np.float32)
    curved = np.tanh(real.astype(np.float64)).astype(np.float32)
    scaled = curved.astype(np.float64) * 128
    return as_int8(np.copysign(np.floor(np.abs(scaled) + 0.5), scaled).astype(np.int64))


def tanh_scale(view: View) -> tuple[int, int]:
    """`(multiplier, shift)` that bring int16 values to half the scale of the logistic points."""
    return tables_s16.curve_scale(view.input(0).scale, exact_shifts=2)


def _evaluate_tanh_s16(view: View, values: Sequence[Array]) -> Array:
    """2 sigma(2 x) - 1 by TF-Lite Micro's line between two of 256 points of sigma."""
    multiplier, shift = tanh_scale(view)
    scaled = tables_s16.curve_input(values[0], multiplier, shift)
    points, size = tables_s16.sigmoid_points(), np.abs(scaled)
    place = np.minimum(size >> 8, 254)
    line = (points[place] << 8) + (size & 0xFF) * (points[place + 1] - points[place])
    curved = np.where(size >> 8 >= 255, 0xFFFF << 8, line) - (1 << 23)
    result = np.where(scaled >= 0, curved, -curved - 1) + (1 << 7)
    return (result >> 8).astype(np.int16)


def abs_parameters(view: View) -> tuple[int, int]:
    """`(multiplier, shift)` of magnitudes: 1 exactly where the scale stays."""
    ratio = np.float32(view.input(0).scale) / np.float32(view.output.scale)
    return fixed_point.quantize_multiplier(float(ratio))


def _evaluate_abs(view: View, values: Sequence[Array]) -> Array:
    distance = np.abs(values[0].astype(np.int64) - view.input(0).zero_point)
    if view.input(0).scale != view.output.scale:
        distance = fixed_point.requantize(distance, *abs_parameters(view))
    return saturated(distance + view.output.zero_point, view.output.dtype)


def _evaluate_rsqrt(view: View, values: Sequence[Array]) -> Array:
    """1 / sqrt(x); zero gives the largest value, as do negatives, which the reference refuses."""
    centred = values[0].astype(np.int64) - view.input(0).zero_point
    scale = np.float32(1) / (
        np.sqrt(np.float32(view.input(0).scale)) * np.float32(view.output.scale)
    )
    multiplier, shift = fixed_point.quantize_multiplier(float(scale))
    roots = _inverse_roots()[np.maximum(centred, 0)]
    scaled = fixed_point.requantize(roots, multiplier, shift - _RSQRT_SHIFT)
    return as_int8(np.where(centred > 0, scaled + view.output.zero_point, 127))


@functools.cache
def _inverse_roots() -> IntArray:
    """1 / sqrt(x) in units of 2^-20, for every distance x of an int8 from its zero point."""
    roots = np.zeros(256, np.int64)
    for distance in range(1, len(roots)):
        root, shift = fixed_point.inverse_sqrt_multiplier(distance)
        roots[distance] = fixed_point.requantize(1, root, shift + _RSQRT_SHIFT)
    return roots


def _evaluate_sqrt(view: View, values: Sequence[Array]) -> Array:
    """The root in float32, cut off behind the point; nothing below zero has one: it gives zero.

    So does LiteRT, which refuses what lies below zero; tflite-runtime 2.14 has no such form.
    """
    centred = (values[0].astype(np.int64) - view.input(0).zero_point).astype(np.float32)
    real = np.maximum(np.float32(view.input(0).scale) * centred, 0)
    steps = np.sqrt(real).astype(np.float32) / np.float32(view.output.scale)
    return as_int8(np.clip(steps, 0, 1 << 16).astype(np.int64) + view.output.zero_point)


def _gelu(x: Array) -> Array:
    """The part of x that the normal distribution's share below x takes; every step in float32."""
    scaled = x * -np.float32(math.sqrt(0.5))
    return np.float32(0.5) * x * np.array([math.erfc(v) for v in scaled.tolist()], np.float32)


def _gelu_by_tanh(x: Array) -> Array:
    cubic = x + np.float32(0.044715) * x * x * x
    bent = np.tanh((np.float32(math.sqrt(2 / math.pi)) * cubic).astype(np.float64))
    curved: Array = np.float32(0.5) * x * (np.float32(1) + bent.astype(np.float32))
    return curved


def gelu(x: Array, approximate: bool) -> Array:
    """The curve on real values `[...]`, in float32."""
    flat = x.astype(np.float32).reshape(-1)
    return (_gelu_by_tanh if approximate else _gelu)(flat).reshape(x.shape)


def _exp(x: Array) -> Array:
    return np.exp(x.astype(np.float64))


def _log(x: Array) -> Array:
    """Nothing that is not positive has one: it gives the smallest result, as the reference does."""
    return np.where(x > 0, np.log(np.maximum(x, 1e-38).astype(np.float64)), -np.inf)


def _elu(x: Array) -> Array:
    return elu(x.astype(np.float64))


def _evaluate_gelu(view: View, values: Sequence[Array]) -> Array:
    return _quantised(_gelu_by_tanh if view.attributes.approximate else _gelu)(view, values)


def _quantised(curve: Callable[[Array], Array]) -> Callable[[View, Sequence[Array]], Array]:
    """A curve on the real values of int8 ones, `[n]` in float32."""

    def evaluate(view: View, values: Sequence[Array]) -> Array:
        centred = (values[0].astype(np.int64) - view.input(0).zero_point).astype(np.float32)
        real = np.float32(view.input(0).scale) * centred
        with np.errstate(over="ignore"):
            curved = curve(real.reshape(-1)).astype(np.float32).reshape(real.shape)
            steps = curved * (np.float32(1) / np.float32(view.output.scale))
        rounded = np.copysign(np.floor(np.abs(steps.astype(np.float64)) + 0.5), steps)
        return as_int8(np.clip(rounded + view.output.zero_point, -128, 127))

    return evaluate


def constraint_tanh_output(view: View) -> str | None:
    """The output's scale is 1/128 and its zero point 0; of int16 2^-15."""
    output = view.output
    if output.dtype == "int16":
        return constraint_curve_scales(view)
    if output.zero_point != 0 or output.scale != 1 / 128:
        return f"scale {output.scale} and zero point {output.zero_point}"
    return None


def constraint_hard_swish_scales(view: View) -> str | None:
    """The input's scale is above 0 and at most 127 times the output's."""
    # Beyond it the reference kernel does not shift. Far below, as in networks without training, it
    # shifts int16 by more than its bits: here such a shift leaves 0, as arithmetic has it.
    scale = view.input(0).scale
    if 1e-18 < scale <= 127 * view.output.scale:
        return None
    return f"scales {scale} and {view.output.scale}"


def constraint_finite_alpha(view: View) -> str | None:
    """Alpha is finite."""
    return None if np.isfinite(view.attributes.alpha) else f"alpha {view.attributes.alpha}"


_INT8 = (common.constraint_int8_activations, common.constraint_same_shape)

_SAME = (common.constraint_activations, common.constraint_same_shape)

HARD_SWISH = OpSpec(
    "HARD_SWISH", no_attributes, _evaluate_hard_swish, (*_INT8, constraint_hard_swish_scales)
)
LEAKY_RELU = OpSpec(
    "LEAKY_RELU", _read_leaky_relu, _evaluate_leaky_relu, (*_SAME, constraint_finite_alpha)
)
TANH = OpSpec("TANH", no_attributes, _evaluate_tanh, (*_SAME, constraint_tanh_output))
ABS = OpSpec("ABS", no_attributes, _evaluate_abs, _SAME)
RSQRT = OpSpec("RSQRT", no_attributes, _evaluate_rsqrt, _INT8)
SQRT = OpSpec("SQRT", no_attributes, _evaluate_sqrt, _INT8)
EXP = OpSpec("EXP", no_attributes, _quantised(_exp), _INT8)
LOG = OpSpec("LOG", no_attributes, _quantised(_log), _INT8)
ELU = OpSpec("ELU", no_attributes, _quantised(_elu), _INT8)
GELU = OpSpec("GELU", _read_gelu, _evaluate_gelu, _INT8)
