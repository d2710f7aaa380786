# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.kernels import packing_dsp, packing_mve
from mcunet_tf.tinyengine.kernels.paired import paired, rejects_pairs
from mcunet_tf.tinyengine.kernels.table import (
    Blob,
    Kernel,
    Struct,
    Style,
    int8_blob,
    uint8_blob,
    word_blob,
)
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.conv2d import Conv2dAttributes
from mcunet_tf.tinyengine.ops.depthwise_conv2d import depth_multiplier
from mcunet_tf.tinyengine.ops.spec import View

# Rows after which further ones make a channel's set-up no cheaper to speak of.
CHUNK_ROWS = 16


def folded_bias(view: View, weight_axes: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """The bias - in_zero_point * sum of the weights, per channel, wrapped to int32 as in C."""
    sums = np.asarray(view.constant(1), np.int64).sum(axis=weight_axes)
    bias = common.bias_values(view, len(sums)) - view.input(0).zero_point * sums
    wrapped: npt.NDArray[np.int64] = bias.astype(np.int32).astype(np.int64)
    return wrapped


def channel_blob(view: View, bias: npt.NDArray[np.int64]) -> Blob:
    """`struct channel_s8 [channels]`: bias, multiplier, shift."""
    multiplier, shift = common.channel_multipliers(view, len(bias))
    table = np.stack([bias, multiplier, shift], axis=1).astype(np.int32)
    return Blob("struct channel_s8", table)


def output_fields(view: View) -> dict[str, int]:
    """Zero point and clamp of the output."""
    low, high = common.activation_range(view.attributes.activation, view.output)
    return {"out_zero_point": view.output.zero_point, "out_min": low, "out_max": high}


def window_fields(view: View) -> dict[str, Any]:
    """The geometry fields that the structs of both convolutions share."""
    attributes: Conv2dAttributes = view.attributes
    _, _, in_width, in_channels = view.input(0).shape
    _, _, out_width, out_channels = view.output.shape
    kernel_height, kernel_width = view.input(1).shape[1:3]
    return {
        "in_width": in_width,
        "in_channels": in_channels,
        "out_width": out_width,
        "out_channels": out_channels,
        "kernel_height": kernel_height,
        "kernel_width": kernel_width,
        "stride_height": attributes.stride_height,
        "stride_width": attributes.stride_width,
        "dilation_height": attributes.dilation_height,
        "dilation_width": attributes.dilation_width,
        "pad_left": attributes.padding.left,
    }


def _conv2d_portable(view: View) -> Struct:
    constants = {
        "weights": int8_blob(view.constant(1)),
        "channels": channel_blob(view, folded_bias(view, (1, 2, 3))),
    }
    edges = {"in_zero_point": view.input(0).zero_point, **output_fields(view)}
    return Struct("struct conv2d_s8", {**constants, **window_fields(view), **edges})


def _depthwise_portable(view: View) -> Struct:
    constants = {
        "weights": int8_blob(view.constant(1)),
        "channels": channel_blob(view, folded_bias(view, (0, 1, 2))),
    }
    edges = {
        "depth_multiplier": depth_multiplier(view),
        "in_zero_point": view.input(0).zero_point,
        **output_fields(view),
    }
    return Struct("struct depthwise_conv2d_s8", {**constants, **window_fields(view), **edges})


def _fully_connected_portable(view: View) -> Struct:
    out_features, in_features = view.input(1).shape
    fields = {
        "weights": int8_blob(view.constant(1)),
        "channels": channel_blob(view, folded_bias(view, (1,))),
        "in_features": in_features,
        "rows": view.output.elements // out_features,
        "out_features": out_features,
    }
    return Struct("struct fully_connected_s8", {**fields, **output_fields(view)})


def is_pointwise(view: View) -> bool:
    """A 1 x 1 convolution of stride 1 without padding: a matrix product per pixel."""
    attributes: Conv2dAttributes = view.attributes
    return (
        tuple(view.input(1).shape[1:3]) == (1, 1)
        and attributes.stride_height == attributes.stride_width == 1
        and attributes.padding == common.Padding()
    )


def rejects_unless_pointwise(view: View) -> str | None:
    """Why a row for pixels cannot take a convolution, or None."""
    return None if is_pointwise(view) else "only 1 x 1 convolutions of stride 1"


def _channel_constants(
    view: View,
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Weights [out_channels, taps], folded bias, multiplier and shift of a dense convolution."""
    weights = np.asarray(view.constant(1))
    axes = tuple(range(1, weights.ndim))
    multiplier, shift = common.channel_multipliers(view, weights.shape[0])
    return weights.reshape(weights.shape[0], -1), folded_bias(view, axes), multiplier, shift


def _rejects_dsp_sums(view: View) -> str | None:
    return packing_dsp.fast_requant_reason(*_channel_constants(view))


def _rejects_any_sums(view: View) -> str | None:
    return packing_dsp.any_shift_reason(*_channel_constants(view))


def _rejects_1x1_shape(view: View) -> str | None:
    if view.output.shape[-1] < 2:
        return "one output channel"
    return rejects_unless_pointwise(view)


def _rejects_1x1_wide(view: View) -> str | None:
    return _rejects_1x1_shape(view) or _rejects_dsp_sums(view)


def _rejects_1x1(view: View) -> str | None:
    weights, bias, _, _ = _channel_constants(view)
    return _rejects_1x1_wide(view) or packing_dsp.narrow_sum_reason(weights, bias)


_Pack = Callable[..., npt.NDArray[np.uint8]]


def dense_stream(view: View, pack: _Pack) -> Struct:
    """The argument struct of a row whose weight stream carries its channels' constants."""
    constants = {"weights": word_blob(pack(*_channel_constants(view))), "channels": None}
    edges = {"in_zero_point": view.input(0).zero_point, **output_fields(view)}
    return Struct("struct conv2d_s8", {**constants, **window_fields(view), **edges})


def _scratch_1x1(view: View, _: int) -> int:
    return packing_dsp.scratch_bytes_conv2d_1x1(view.input(0).shape[-1])


def _rejects_windows(view: View) -> str | None:
    weights, bias, _, _ = _channel_constants(view)
    return _rejects_windows_wide(view) or packing_dsp.narrow_sum_reason(weights, bias)


def _rejects_windows_wide(view: View) -> str | None:
    return rejects_pairs(view) or _rejects_dsp_sums(view)


def _scratch_windows(view: View, _: int) -> int:
    _, kernel_height, kernel_width, in_channels = paired(view).input(1).shape
    return packing_dsp.scratch_bytes_conv2d(kernel_height, kernel_width, in_channels)


def _pointwise_dsp(name: str, pack: _Pack, rejects: Callable[[View], str | None]) -> Kernel:
    return Kernel(
        name,
        "conv2d",
        "dsp",
        Style.PIXELS,
        lambda view: dense_stream(view, pack),
        rejects=rejects,
        scratch_bytes=_scratch_1x1,
        reads_ahead=True,
    )


def _windows_dsp(name: str, pack: _Pack, rejects: Callable[[View], str | None]) -> Kernel:
    return Kernel(
        name,
        "conv2d",
        "dsp",
        Style.WINDOW,
        lambda view: dense_stream(paired(view), pack),
        rejects=rejects,
        scratch_bytes=_scratch_windows,
        band_rows=2,
    )


def _rejects_mve(view: View, any_scale: bool) -> str | None:
    return None if any_scale else packing_mve.shift_reason(_channel_constants(view)[3])


def _mve_pointwise_scratch(view: View, _: int) -> int:
    return packing_mve.scratch_bytes_conv2d_1x1(view.input(0).shape[-1])


def _mve_windows_scratch(view: View, _: int) -> int:
    _, kernel_height, kernel_width, in_channels = view.input(1).shape
    return packing_mve.scratch_bytes_conv2d(kernel_height, kernel_width, in_channels)


def _conv2d_mve(any_scale: bool) -> tuple[Kernel, Kernel]:
    """The rows for pixels and for windows, of scales below one or of any."""
    pack = functools.partial(packing_mve.pack_conv2d, any_scale=any_scale)
    middle = "_any" * any_scale
    return (
        Kernel(
            f"conv2d_s8_1x1{middle}_mve",
            "conv2d",
            "mve",
            Style.PIXELS,
            lambda view: dense_stream(view, pack),
            rejects=lambda view: rejects_unless_pointwise(view) or _rejects_mve(view, any_scale),
            scratch_bytes=_mve_pointwise_scratch,
            reads_ahead=True,
        ),
        Kernel(
            f"conv2d_s8{middle}_mve",
            "conv2d",
            "mve",
            Style.WINDOW,
            lambda view: dense_stream(view, pack),
            rejects=lambda view: _rejects_mve(view, any_scale),
            scratch_bytes=_mve_windows_scratch,
            band_rows=2,
        ),
    )


CONV_2D = (
    *_conv2d_mve(any_scale=False),
    *_conv2d_mve(any_scale=True),
    _pointwise_dsp("conv2d_s8_1x1_dsp", packing_dsp.pack_conv2d_1x1, _rejects_1x1),
    _pointwise_dsp("conv2d_s8_1x1_wide_dsp", packing_dsp.pack_conv2d_1x1_wide, _rejects_1x1_wide),
    _pointwise_dsp(
        "conv2d_s8_1x1_any_dsp",
        packing_dsp.pack_conv2d_1x1_any,
        lambda view: _rejects_1x1_shape(view) or _rejects_any_sums(view),
    ),
    _windows_dsp("conv2d_s8_dsp", packing_dsp.pack_conv2d_1x1, _rejects_windows),
    _windows_dsp("conv2d_s8_wide_dsp", packing_dsp.pack_conv2d_1x1_wide, _rejects_windows_wide),
    _windows_dsp(
        "conv2d_s8_any_dsp",
        packing_dsp.pack_conv2d_1x1_any,
        lambda view: rejects_pairs(view) or _rejects_any_sums(view),
    ),
    Kernel(
        "conv2d_s8_1x1_portable",
        "conv2d",
        "portable",
        Style.PIXELS,
        _conv2d_portable,
        rejects=rejects_unless_pointwise,
    ),
    Kernel("conv2d_s8_portable", "conv2d", "portable", Style.WINDOW, _conv2d_portable),
)


def _depthwise_constants(
    view: View,
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Weights [kernel_height, kernel_width, channels], folded bias, multiplier and shift."""
    weights = np.asarray(view.constant(1))[0]
    multiplier, shift = common.channel_multipliers(view, weights.shape[-1])
    return weights, folded_bias(view, (0, 1, 2)), multiplier, shift


def _rejects_depthwise_window(view: View, size: int, stride: int) -> str | None:
    attributes: Conv2dAttributes = view.attributes
    if tuple(view.input(1).shape[1:3]) != (size, size):
        return f"only {size} x {size} windows"
    if (attributes.stride_height, attributes.stride_width) != (stride, stride):
        return f"only stride {stride}"
    if (attributes.dilation_height, attributes.dilation_width) != (1, 1):
        return "dilation"
    return _rejects_depthwise_shape(view)


def _rejects_depthwise_shape(view: View) -> str | None:
    if depth_multiplier(view) != 1 or view.output.shape[-1] < 4:
        return "a depth multiplier, or less than 4 channels"
    return None


def _depthwise_taps(
    view: View,
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Weights [channels, taps], folded bias, multiplier and shift."""
    weights, bias, multiplier, shift = _depthwise_constants(view)
    return weights.reshape(-1, weights.shape[-1]).T, bias, multiplier, shift


def _rejects_depthwise_values(view: View) -> str | None:
    return packing_dsp.depthwise_reason(*_depthwise_taps(view))


def _rejects_depthwise_any_values(view: View) -> str | None:
    return packing_dsp.any_shift_reason(*_depthwise_taps(view))


def depthwise_stream(
    view: View, pack: _Pack, blob: Callable[[npt.NDArray[np.uint8]], Blob] = word_blob
) -> Struct:
    """The same for depthwise convolutions with multiplier 1; `blob` aligns the stream or not."""
    edges = {
        "depth_multiplier": 1,
        "in_zero_point": view.input(0).zero_point,
        **output_fields(view),
    }
    constants = {"weights": blob(pack(*_depthwise_constants(view))), "channels": None}
    return Struct("struct depthwise_conv2d_s8", {**constants, **window_fields(view), **edges})


def _depthwise_dsp(size: int, stride: int, any_values: bool = False) -> Kernel:
    """The row for one window size and stride, of ordinary channels or of any."""
    chunked = (size, stride) == (3, 1)
    packing = packing_dsp.pack_depthwise_sized_any if any_values else packing_dsp.pack_depthwise
    pack = functools.partial(packing, stride=stride)
    values = _rejects_depthwise_any_values if any_values else _rejects_depthwise_values

    def arguments(view: View) -> Struct:
        struct = depthwise_stream(view, pack, uint8_blob)
        chunk = {"chunk_rows": CHUNK_ROWS} if chunked else {}
        return Struct(struct.ctype, {**struct.fields, **chunk})

    def scratch_bytes(view: View, rows: int) -> int:
        return packing_dsp.scratch_bytes_depthwise(size, stride, view.output.shape[2], rows)

    return Kernel(
        f"depthwise_conv2d_s8_{size}x{size}{'s2' * (stride == 2)}{'_any' * any_values}_dsp",
        "depthwise_conv2d",
        "dsp",
        Style.WINDOW,
        arguments,
        rejects=lambda view: _rejects_depthwise_window(view, size, stride) or values(view),
        scratch_bytes=scratch_bytes,
        band_rows=2 * CHUNK_ROWS if chunked else CHUNK_ROWS,
        chunk_rows=CHUNK_ROWS if chunked else 0,
        in_place_rows=True,
    )


def _depthwise_any(view: View) -> Struct:
    return depthwise_stream(view, packing_dsp.pack_depthwise_any)


def _depthwise_any_scratch(view: View, _: int) -> int:
    _, height, width, channels = view.input(1).shape
    return packing_dsp.scratch_bytes_depthwise_any(height * width, channels)


def _rejects_depthwise_mve(view: View, any_scale: bool) -> str | None:
    if depth_multiplier(view) != 1:
        return "a depth multiplier"
    weights, _, _, shift = _depthwise_constants(view)
    shifts = None if any_scale else packing_mve.shift_reason(shift)
    return shifts or packing_mve.depthwise_reason(weights)


def _depthwise_mve_scratch(view: View, rows: int) -> int:
    attributes: Conv2dAttributes = view.attributes
    kernel_height, kernel_width = view.input(1).shape[1:3]
    return packing_mve.scratch_bytes_depthwise(
        (kernel_height, kernel_width),
        (attributes.stride_height, attributes.stride_width),
        (attributes.dilation_height, attributes.dilation_width),
        view.output.shape[2],
        rows,
    )


def _depthwise_mve(any_scale: bool) -> Kernel:
    """The row of scales below one or of any."""
    pack = functools.partial(packing_mve.pack_depthwise, any_scale=any_scale)
    return Kernel(
        f"depthwise_conv2d_s8{'_any' * any_scale}_mve",
        "depthwise_conv2d",
        "mve",
        Style.WINDOW,
        lambda view: depthwise_stream(view, pack),
        rejects=lambda view: _rejects_depthwise_mve(view, any_scale),
        scratch_bytes=_depthwise_mve_scratch,
        band_rows=16,
        in_place_rows=True,
    )


DEPTHWISE_CONV_2D = (
    _depthwise_mve(any_scale=False),
    _depthwise_mve(any_scale=True),
    *(
        _depthwise_dsp(size, stride, any_values)
        for any_values in (False, True)
        for size in (3, 5, 7)
        for stride in (1, 2)
    ),
    Kernel(
        "depthwise_conv2d_s8_dsp",
        "depthwise_conv2d",
        "dsp",
        Style.WINDOW,
        _depthwise_any,
        rejects=lambda view: _rejects_depthwise_shape(view) or _rejects_depthwise_any_values(view),
        scratch_bytes=_depthwise_any_scratch,
    ),
    Kernel(
        "depthwise_conv2d_s8_portable",
        "depthwise_conv2d",
        "portable",
        Style.WINDOW,
        _depthwise_portable,
    ),
)


def _rejects_fully_connected(view: View) -> str | None:
    if view.input(1).shape[0] < 2:
        return "one output"
    weights, bias, _, _ = _channel_constants(view)
    return _rejects_dsp_sums(view) or packing_dsp.narrow_sum_reason(weights, bias)


def _rejects_fully_connected_any(view: View) -> str | None:
    weights = _channel_constants(view)[0]
    return _rejects_any_sums(view) or packing_dsp.shared_halves_reason(weights)


def _fully_connected_stream(view: View, pack: _Pack) -> Struct:
    out_features, in_features = view.input(1).shape
    fields = {
        "weights": word_blob(pack(*_channel_constants(view))),
        "channels": None,
        "in_features": in_features,
        "rows": view.output.elements // out_features,
        "out_features": out_features,
    }
    return Struct("struct fully_connected_s8", {**fields, **output_fields(view)})


FULLY_CONNECTED = (
    Kernel(
        "fully_connected_s8_mve",
        "fully_connected",
        "mve",
        Style.WHOLE,
        lambda view: _fully_connected_stream(view, packing_mve.pack_fully_connected),
    ),
    Kernel(
        "fully_connected_s8_dsp",
        "fully_connected",
        "dsp",
        Style.WHOLE,
        lambda view: _fully_connected_stream(view, packing_dsp.pack_fully_connected),
        rejects=_rejects_fully_connected,
        scratch_bytes=lambda view, _: packing_dsp.scratch_bytes_fully_connected(
            view.input(1).shape[1]
        ),
    ),
    Kernel(
        "fully_connected_s8_any_dsp",
        "fully_connected",
        "dsp",
        Style.WHOLE,
        lambda view: _fully_connected_stream(view, packing_dsp.pack_fully_connected_any),
        rejects=_rejects_fully_connected_any,
    ),
    Kernel(
        "fully_connected_s8_portable",
        "fully_connected",
        "portable",
        Style.WHOLE,
        _fully_connected_portable,
    ),
)
