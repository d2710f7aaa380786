# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of the pools, MEAN and SUM, ARG_MAX, SOFTMAX and DEQUANTIZE."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from mcunet_tf.tinyengine.ir import ITEM_BYTES
from mcunet_tf.tinyengine.kernels.table import Kernel, Struct, Style, int32_blob
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.mean import mean_parameters, outer_inner, reduced_count
from mcunet_tf.tinyengine.ops.pool2d import Pool2dAttributes
from mcunet_tf.tinyengine.ops.softmax import exponentials
from mcunet_tf.tinyengine.ops.spec import View

# 255 times -128 are within 16 bits.
_MAX_SUMMED_TAPS = 255


def _pool2d(view: View) -> Struct:
    attributes: Pool2dAttributes = view.attributes
    low, high = common.activation_range(attributes.activation, view.output)
    fields = {
        "in_width": view.input(0).shape[2],
        "out_width": view.output.shape[2],
        "channels": view.output.shape[3],
        "kernel_height": attributes.kernel_height,
        "kernel_width": attributes.kernel_width,
        "stride_height": attributes.stride_height,
        "stride_width": attributes.stride_width,
        "pad_left": attributes.padding.left,
        "out_min": low,
        "out_max": high,
    }
    return Struct("struct pool2d_s8", fields)


def _mean(view: View) -> Struct:
    blocks = outer_inner(view)
    assert blocks is not None
    multiplier, shift = mean_parameters(view)
    fields = {
        "outer": blocks[0],
        "count": blocks[1],
        "inner": blocks[2],
        "offset": -reduced_count(view) * view.input(0).zero_point,
        "multiplier": multiplier,
        "shift": shift,
        "out_zero_point": view.output.zero_point,
    }
    return Struct("struct mean_s8", fields)


def _arg_max(view: View) -> Struct:
    blocks = outer_inner(view)
    assert blocks is not None
    fields = {
        "outer": blocks[0],
        "count": blocks[1],
        "inner": blocks[2],
        "flip": 0 if view.op.kind == "ARG_MAX" else -1,
        "out_bytes": ITEM_BYTES[view.output.dtype],
    }
    return Struct("struct arg_max_s8", fields)


def _softmax(view: View) -> Struct:
    table = exponentials(view)
    depth = view.input(0).shape[-1]
    fields = {
        "exponentials": int32_blob(table),
        "entries": len(table),
        "rows": view.input(0).elements // depth,
        "depth": depth,
    }
    return Struct("struct softmax_s8", fields)


def _l2_normalization(view: View) -> Struct:
    source = view.input(0)
    depth = source.shape[-1]
    fields = {"rows": source.elements // depth, "depth": depth, "zero_point": source.zero_point}
    return Struct("struct l2_normalization_s8", fields)


def _dequantize(view: View) -> Struct:
    source = view.input(0)
    fields = {"scale": source.scale, "zero_point": source.zero_point, "count": source.elements}
    return Struct("struct dequantize_f32", fields)


def _rejects_unless_global(view: View) -> str | None:
    attributes: Pool2dAttributes = view.attributes
    if view.output.shape[1:3] != (1, 1) or attributes.padding != common.Padding():
        return "only one window without padding"
    if (attributes.kernel_height, attributes.kernel_width) != view.input(0).shape[1:3]:
        return "only a window of the whole image"
    return None


def _rejects_unless_words(view: View) -> str | None:
    if view.output.shape[-1] < 4:
        return "fewer than four channels"
    if common.activation_range(view.attributes.activation, view.output) != (-128, 127):
        return "an activation that clamps"
    return None


def _rejects_unless_sums_fit(view: View) -> str | None:
    taps = view.attributes.kernel_height * view.attributes.kernel_width
    if taps > _MAX_SUMMED_TAPS:
        return f"a sum of {taps} values beyond 16 bits"
    return _rejects_unless_words(view)


def _rejects_unless_height_and_width(view: View) -> str | None:
    shape = view.input(0).shape
    if len(shape) != 4 or shape[0] != 1 or view.attributes.axes != (1, 2):
        return "only over height and width of an image"
    return None


def _average_pool_rows(view: View) -> Struct:
    _, height, width, channels = view.input(0).shape
    low, high = common.activation_range(view.attributes.activation, view.output)
    fields = {"height": height, "width": width, "channels": channels}
    return Struct("struct average_pool_rows_s8", {**fields, "out_min": low, "out_max": high})


def _mean_rows(view: View) -> Struct:
    _, height, width, channels = view.input(0).shape
    multiplier, shift = mean_parameters(view)
    fields = {
        "height": height,
        "width": width,
        "channels": channels,
        "shift": shift,
        "offset": -height * width * view.input(0).zero_point,
        "multiplier": multiplier,
        "out_zero_point": view.output.zero_point,
    }
    return Struct("struct mean_rows_s8", fields)


def _sums_bytes(view: View, _: int) -> int:
    return 4 * view.output.shape[-1]


def _rejects_uint8(view: View) -> str | None:
    return "a uint8 input" if view.input(0).dtype == "uint8" else None


def _over_rows(
    name: str,
    folder: str,
    arguments: Callable[[View], Struct],
    rejects: Callable[[View], str | None],
) -> tuple[Kernel, ...]:
    """Rows that take an image as it comes, for the DSP extension and for any target."""
    portable = Kernel(
        f"{name}_portable",
        folder,
        "portable",
        Style.REDUCE,
        arguments,
        rejects=rejects,
        scratch_bytes=_sums_bytes,
    )
    return dataclasses.replace(portable, name=f"{name}_dsp", isa="dsp"), portable


def _over_windows(name: str, rejects: Callable[[View], str | None]) -> tuple[Kernel, ...]:
    """Rows of a pooling, for the DSP extension and for any target."""
    portable = Kernel(f"{name}_portable", "pool2d", "portable", Style.WINDOW, _pool2d)
    return dataclasses.replace(portable, name=f"{name}_dsp", isa="dsp", rejects=rejects), portable


_GLOBAL_AVERAGE = _over_rows(
    "average_pool_rows_s8", "pool2d", _average_pool_rows, _rejects_unless_global
)
_AVERAGE = _over_windows("average_pool_2d_s8", _rejects_unless_sums_fit)
AVERAGE_POOL_2D = (_GLOBAL_AVERAGE[0], _AVERAGE[0], _GLOBAL_AVERAGE[1], _AVERAGE[1])
MAX_POOL_2D = _over_windows("max_pool_2d_s8", _rejects_unless_words)
MEAN = (
    *_over_rows("mean_rows_s8", "mean", _mean_rows, _rejects_unless_height_and_width),
    Kernel("mean_s8_portable", "mean", "portable", Style.WHOLE, _mean),
)
ARG_MAX = (Kernel("arg_max_s8_portable", "arg_max", "portable", Style.WHOLE, _arg_max),)
SOFTMAX = (Kernel("softmax_s8_portable", "softmax", "portable", Style.WHOLE, _softmax),)
L2_NORMALIZATION = (
    Kernel(
        "l2_normalization_s8_portable",
        "l2_normalization",
        "portable",
        Style.WHOLE,
        _l2_normalization,
    ),
)
DEQUANTIZE = (
    Kernel(
        "dequantize_s8_f32_portable",
        "dequantize",
        "portable",
        Style.WHOLE,
        _dequantize,
        rejects=_rejects_uint8,
    ),
    Kernel("dequantize_u8_f32_portable", "dequantize", "portable", Style.WHOLE, _dequantize),
)
