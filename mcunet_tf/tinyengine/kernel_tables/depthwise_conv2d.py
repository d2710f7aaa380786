# SPDX-License-Identifier: Apache-2.0
"""Kernel table of DEPTHWISE_CONV_2D."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.kernel_tables.channels import (
    Pack,
    channel_blob,
    folded_bias,
    output_fields,
)
from mcunet_tf.tinyengine.kernel_tables.depthwise_conv2d_s16 import DEPTHWISE_CONV_2D_S16
from mcunet_tf.tinyengine.kernel_tables.packing import dsp, mve, rvv, scalar, simd
from mcunet_tf.tinyengine.kernel_tables.table import (
    Blob,
    Kernel,
    Struct,
    Style,
    int8_blob,
    uint8_blob,
    word_blob,
)
from mcunet_tf.tinyengine.kernel_tables.windows import window_fields
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.conv2d import Conv2dAttributes
from mcunet_tf.tinyengine.ops.depthwise_conv2d import depth_multiplier
from mcunet_tf.tinyengine.ops.spec import View

# Rows after which further ones make a channel's set-up no cheaper to speak of.
CHUNK_ROWS = 16


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
    return dsp.depthwise_reason(*_depthwise_taps(view))


def _rejects_depthwise_any_values(view: View) -> str | None:
    return dsp.any_shift_reason(*_depthwise_taps(view))


def depthwise_stream(
    view: View, pack: Pack, blob: Callable[[npt.NDArray[np.uint8]], Blob] = word_blob
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
    """The kernel for one window size and stride, of ordinary channels or of any."""
    chunked = (size, stride) == (3, 1)
    packing = dsp.pack_depthwise_sized_any if any_values else dsp.pack_depthwise
    pack = functools.partial(packing, stride=stride)
    values = _rejects_depthwise_any_values if any_values else _rejects_depthwise_values

    def arguments(view: View) -> Struct:
        struct = depthwise_stream(view, pack, uint8_blob)
        chunk = {"chunk_rows": CHUNK_ROWS} if chunked else {}
        return Struct(struct.ctype, {**struct.fields, **chunk})

    def scratch_bytes(view: View, rows: int) -> int:
        return dsp.scratch_bytes_depthwise(size, stride, view.output.shape[2], rows)

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
    return depthwise_stream(view, dsp.pack_depthwise_any)


def _depthwise_any_scratch(view: View, _: int) -> int:
    _, height, width, channels = view.input(1).shape
    return dsp.scratch_bytes_depthwise_any(height * width, channels)


def _rejects_depthwise_mve(view: View, any_scale: bool) -> str | None:
    if depth_multiplier(view) != 1:
        return "a depth multiplier"
    weights, _, _, shift = _depthwise_constants(view)
    shifts = None if any_scale else mve.shift_reason(shift)
    return shifts or mve.depthwise_reason(weights)


def _depthwise_mve_scratch(view: View, rows: int) -> int:
    attributes: Conv2dAttributes = view.attributes
    kernel_height, kernel_width = view.input(1).shape[1:3]
    return mve.scratch_bytes_depthwise(
        (kernel_height, kernel_width),
        (attributes.stride_height, attributes.stride_width),
        (attributes.dilation_height, attributes.dilation_width),
        view.output.shape[2],
        rows,
    )


def _depthwise_mve(any_scale: bool) -> Kernel:
    """The kernel of scales below one or of any."""
    pack = functools.partial(mve.pack_depthwise, any_scale=any_scale)
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


def _window_and_strides(view: View) -> tuple[tuple[int, int], tuple[int, int]]:
    height, width = view.input(1).shape[1:3]
    attributes: Conv2dAttributes = view.attributes
    return (height, width), (attributes.stride_height, attributes.stride_width)


def _rejects_planes(view: View) -> str | None:
    attributes: Conv2dAttributes = view.attributes
    if depth_multiplier(view) != 1:
        return "a depth multiplier"
    if (attributes.dilation_height, attributes.dilation_width) != (1, 1):
        return "dilation"
    padding = attributes.padding
    reach = (view.output.shape[2] - 1) * attributes.stride_width + view.input(1).shape[2]
    if max(padding.left, reach - padding.left - view.input(0).shape[2]) > mve.PLANES_PADDING:
        return f"more than {mve.PLANES_PADDING} columns of padding"
    if mve.planes_of(*_window_and_strides(view)) is None:
        return "its window or stride is too large"
    return mve.shift_reason(_depthwise_constants(view)[3])


def _planes(view: View) -> Struct:
    _, strides = _window_and_strides(view)
    return depthwise_stream(view, functools.partial(mve.pack_planes, strides=strides), uint8_blob)


def _planes_scratch(view: View, rows: int) -> int:
    return mve.scratch_bytes_planes(*_window_and_strides(view), view.output.shape[2], rows)


def _rejects_3x3(view: View) -> str | None:
    attributes: Conv2dAttributes = view.attributes
    stride, channels = attributes.stride_height, view.output.shape[3]
    reason = _rejects_depthwise_window(view, 3, 2 if stride == 2 else 1)
    if reason or channels % 2:
        return reason or "an odd number of channels"
    if max(view.input(0).shape[2], view.output.shape[2]) * channels > mve.ROW_BYTES_3X3:
        return f"rows of more than {mve.ROW_BYTES_3X3} bytes"
    left, width = attributes.padding.left, view.input(0).shape[2]
    reach = (view.output.shape[2] - 1) * stride + 3
    if max(left, reach - left - width) > 1:
        return "more than a column of padding"
    _, _, multiplier, shift = _depthwise_constants(view)
    return mve.half_scale_reason(multiplier, shift)


def _planes_3x3(view: View) -> Struct:
    _, strides = _window_and_strides(view)
    return depthwise_stream(view, functools.partial(mve.pack_3x3, strides=strides), uint8_blob)


def _scratch_3x3(view: View, rows: int) -> int:
    attributes: Conv2dAttributes = view.attributes
    left, stride = attributes.padding.left, attributes.stride_width
    layout = mve.groups_3x3(stride, left, view.input(0).shape[2], view.output.shape[2])
    return mve.scratch_bytes_3x3(layout, left, rows)


def _rejects_taps(view: View) -> str | None:
    weights, _, _, shift = _depthwise_constants(view)
    attributes: Conv2dAttributes = view.attributes
    if depth_multiplier(view) != 1 or weights.shape[-1] % 8:
        return "a depth multiplier, or channels that are no multiple of 8"
    same = view.input(0).shape == view.output.shape
    if same and (attributes.stride_height, attributes.stride_width) == (1, 1):
        return "an output as large as its input, which may lie over it"
    return mve.shift_reason(shift) or mve.taps_reason(weights)


def _taps_scratch(view: View, _: int) -> int:
    _, height, width, channels = view.input(1).shape
    return 4 * height * width + channels


def _rejects_multiplier(view: View) -> str | None:
    return None if depth_multiplier(view) == 1 else "a depth multiplier"


_NO_ROWS = (1 << 15) - 1


def _is_over_input(view: View) -> bool:
    """Whether output rows may lie over input rows: they are of one size and step."""
    over = view.output.shape[2] == view.input(0).shape[2]
    return over and _window_and_strides(view)[1] == (1, 1)


def _ring_rows(view: View) -> int:
    """Output rows from which on a call of the vectors' row copies what windows share."""
    height = view.output.shape[1]
    return height if _is_over_input(view) and height > 1 else _NO_ROWS


def _depthwise_rvv(view: View) -> Struct:
    stride = view.attributes.stride_width
    packed = functools.partial(rvv.pack_depthwise, *_depthwise_taps(view), stride)
    struct = depthwise_stream(view, lambda *_: packed())
    return Struct(struct.ctype, {**struct.fields, "chunk_rows": _ring_rows(view)})


def _rejects_rvv(view: View) -> str | None:
    return _rejects_multiplier(view) or rvv.depthwise_reason(_depthwise_constants(view)[0])


def _rvv_scratch(view: View, rows: int) -> int:
    attributes: Conv2dAttributes = view.attributes
    _, _, width, channels = view.output.shape
    waiting = min(width, attributes.padding.left + rvv.RUN_PIXELS)
    return rvv.scratch_bytes_depthwise(
        _window_and_strides(view)[0],
        (attributes.dilation_height, attributes.dilation_width),
        channels,
        waiting if _is_over_input(view) else 0,
        width if rows >= _ring_rows(view) else 0,
    )


def _depthwise_scalar(view: View) -> Struct:
    struct = _depthwise_portable(view)
    weights = int8_blob(np.asarray(view.constant(1))[0].transpose(2, 0, 1))
    return Struct(struct.ctype, {**struct.fields, "weights": weights})


def _rejects_scalar_3x3(view: View) -> str | None:
    attributes: Conv2dAttributes = view.attributes
    if tuple(view.input(1).shape[1:3]) != (3, 3):
        return "only 3 x 3 windows"
    if attributes.stride_width > 2:
        return "a stride across of more than 2"
    if (attributes.dilation_height, attributes.dilation_width) != (1, 1):
        return "dilation"
    return _rejects_multiplier(view) or scalar.sum_reason(*_depthwise_taps(view))


def _scalar_3x3_scratch(view: View, rows: int) -> int:
    kept = rows > 1 and view.attributes.stride_height == 1
    return 2 * view.input(0).shape[2] if kept else 0


def _thumb_3x3_scratch(view: View, rows: int) -> int:
    copies = 3 * view.input(0).shape[2] if rows > 1 else 0
    return 4 * (view.output.shape[2] + 2) + copies


def _depthwise_3x3_scalar(isa: str) -> Kernel:
    """The kernel of cores that multiply one pair at a time."""
    return Kernel(
        f"depthwise_conv2d_s8_3x3_{isa}",
        "depthwise_conv2d",
        isa,
        Style.WINDOW,
        _depthwise_scalar,
        rejects=_rejects_scalar_3x3,
        scratch_bytes=_scalar_3x3_scratch if isa == "scalar" else _thumb_3x3_scratch,
        band_rows=2 * CHUNK_ROWS,
        in_place_rows=True,
    )


_MICROCONTROLLERS = (
    Kernel(
        "depthwise_conv2d_s8_taps_mve",
        "depthwise_conv2d",
        "mve",
        Style.WINDOW,
        lambda view: depthwise_stream(view, mve.pack_depthwise),
        rejects=_rejects_taps,
        scratch_bytes=_taps_scratch,
    ),
    Kernel(
        "depthwise_conv2d_s8_3x3_mve",
        "depthwise_conv2d",
        "mve",
        Style.WINDOW,
        _planes_3x3,
        rejects=_rejects_3x3,
        scratch_bytes=_scratch_3x3,
        band_rows=32,
        in_place_rows=True,
    ),
    Kernel(
        "depthwise_conv2d_s8_planes_mve",
        "depthwise_conv2d",
        "mve",
        Style.WINDOW,
        _planes,
        rejects=_rejects_planes,
        scratch_bytes=_planes_scratch,
        band_rows=16,
        in_place_rows=True,
    ),
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
        "depthwise_conv2d_s8_rvv",
        "depthwise_conv2d",
        "rvv",
        Style.WINDOW,
        _depthwise_rvv,
        rejects=_rejects_rvv,
        scratch_bytes=_rvv_scratch,
        band_rows=2 * CHUNK_ROWS,
        in_place_rows=True,
    ),
    _depthwise_3x3_scalar("thumb"),
    _depthwise_3x3_scalar("scalar"),
    Kernel(
        "depthwise_conv2d_s8_portable",
        "depthwise_conv2d",
        "portable",
        Style.WINDOW,
        _depthwise_portable,
    ),
)


def _simd_arguments(view: View) -> Struct:
    return depthwise_stream(view, simd.pack_depthwise)


def _simd_scratch(view: View, _: int) -> int:
    _, _, in_width, channels = view.input(0).shape
    kernel_height, kernel_width = view.input(1).shape[1:3]
    return simd.scratch_bytes_depthwise((kernel_height, kernel_width), in_width, channels)


_SIMD = (
    Kernel(
        "depthwise_conv2d_s8_simd",
        "depthwise_conv2d",
        "simd",
        Style.WINDOW,
        _simd_arguments,
        rejects=_rejects_multiplier,
        scratch_bytes=_simd_scratch,
    ),
)


DEPTHWISE_CONV_2D = (*_SIMD, *_MICROCONTROLLERS, *DEPTHWISE_CONV_2D_S16)

KERNELS = {"DEPTHWISE_CONV_2D": DEPTHWISE_CONV_2D}
