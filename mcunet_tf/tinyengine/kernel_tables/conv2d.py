# SPDX-License-Identifier: Apache-2.0
"""Kernel table of CONV_2D."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.kernel_tables.channels import (
    Pack,
    channel_blob,
    channel_constants,
    folded_bias,
    output_fields,
    rejects_any_sums,
    rejects_dsp_sums,
    rejects_scalar_sums,
)
from mcunet_tf.tinyengine.kernel_tables.conv2d_s16 import CONV_2D_S16
from mcunet_tf.tinyengine.kernel_tables.packing import (
    dsp,
    dsp_columns,
    mve,
    rvv,
    scalar,
    simd,
)
from mcunet_tf.tinyengine.kernel_tables.packing.pairs import paired, rejects_pairs
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style, int8_blob, word_blob
from mcunet_tf.tinyengine.kernel_tables.windows import rejects_unless_pointwise, window_fields
from mcunet_tf.tinyengine.ops.conv2d import Conv2dAttributes
from mcunet_tf.tinyengine.ops.spec import View


def _conv2d_portable(view: View) -> Struct:
    constants = {
        "weights": int8_blob(view.constant(1)),
        "channels": channel_blob(view, folded_bias(view, (1, 2, 3))),
    }
    edges = {"in_zero_point": view.input(0).zero_point, **output_fields(view)}
    return Struct("struct conv2d_s8", {**constants, **window_fields(view), **edges})


def _rejects_1x1_shape(view: View) -> str | None:
    if view.output.shape[-1] < 2:
        return "one output channel"
    return rejects_unless_pointwise(view)


def _rejects_1x1_wide(view: View) -> str | None:
    return _rejects_1x1_shape(view) or rejects_dsp_sums(view)


def _rejects_1x1(view: View) -> str | None:
    weights, bias, _, _ = channel_constants(view)
    return _rejects_1x1_wide(view) or dsp.narrow_sum_reason(weights, bias)


def dense_stream(view: View, pack: Pack) -> Struct:
    """The argument struct of a kernel whose weight stream carries its channels' constants."""
    constants = {"weights": word_blob(pack(*channel_constants(view))), "channels": None}
    edges = {"in_zero_point": view.input(0).zero_point, **output_fields(view)}
    return Struct("struct conv2d_s8", {**constants, **window_fields(view), **edges})


def _scratch_1x1(view: View, _: int) -> int:
    return dsp.scratch_bytes_conv2d_1x1(view.input(0).shape[-1])


def _rejects_windows(view: View) -> str | None:
    weights, bias, _, _ = channel_constants(view)
    return _rejects_windows_wide(view) or dsp.narrow_sum_reason(weights, bias)


def _rejects_windows_wide(view: View) -> str | None:
    return rejects_pairs(view) or rejects_dsp_sums(view)


def _scratch_windows(view: View, largest_tile: int) -> int:
    view = paired(view)
    tile_pixels = min(largest_tile, dsp.conv2d_tile_pixels(view.output.shape[2]))
    _, kernel_height, kernel_width, in_channels = view.input(1).shape
    return dsp.scratch_bytes_conv2d(kernel_height, kernel_width, in_channels, tile_pixels)


def _rejects_shared_columns(view: View) -> str | None:
    """Why the columns of a row's windows are not widened once for all that see them."""
    attributes: Conv2dAttributes = view.attributes
    _, _, width, inputs = view.input(1).shape
    if width not in (1, dsp_columns.KERNEL_WIDTH):
        return "only windows of 3 columns or of 1"
    if inputs > dsp.INPUTS_PER_WORD_PAIR and inputs % dsp.INPUTS_PER_WORD_PAIR:
        return "only 1 to 3 inputs or a multiple of 4"
    if width > 1 and (attributes.stride_width > 2 or attributes.dilation_width > 1):
        return "a horizontal stride beyond 2, or dilation"
    if width == 1 and (attributes.padding.left or attributes.padding.right):
        return "windows of 1 column with padding beside rows"
    if min(view.output.shape[2:]) < 2:
        return "one output channel or column"
    return _rejects_windows(view)


def _scratch_shared_columns(view: View, _: int) -> int:
    _, height, width, inputs = view.input(1).shape
    stride, out_width = view.attributes.stride_width, view.output.shape[2]
    return dsp_columns.scratch_bytes_conv2d_columns((height, width), inputs, stride, out_width)


def _shared_columns_stream(view: View) -> Struct:
    shape, stride = tuple(view.input(1).shape), view.attributes.stride_width

    def pack(
        weights: npt.ArrayLike,
        bias: npt.ArrayLike,
        multiplier: npt.ArrayLike,
        shift: npt.ArrayLike,
    ) -> dsp.Bytes:
        kernel = np.asarray(weights).reshape(shape)
        return dsp_columns.pack_conv2d_columns(kernel, bias, multiplier, shift, stride)

    return dense_stream(view, pack)


def _pointwise_dsp(name: str, pack: Pack, rejects: Callable[[View], str | None]) -> Kernel:
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


def _windows_dsp(
    name: str, pack: Pack, rejects: Callable[[View], str | None], largest_tile: int = 3
) -> Kernel:
    return Kernel(
        name,
        "conv2d",
        "dsp",
        Style.WINDOW,
        lambda view: dense_stream(paired(view), pack),
        rejects=rejects,
        scratch_bytes=lambda view, _: _scratch_windows(view, largest_tile),
        band_rows=2,
    )


def _rejects_mve(view: View, any_scale: bool) -> str | None:
    return None if any_scale else mve.shift_reason(channel_constants(view)[3])


def _mve_pointwise_scratch(view: View, _: int) -> int:
    return mve.scratch_bytes_conv2d_1x1(view.input(0).shape[-1])


def _mve_windows_scratch(view: View, _: int) -> int:
    _, kernel_height, kernel_width, in_channels = view.input(1).shape
    return mve.scratch_bytes_conv2d(kernel_height, kernel_width, in_channels)


def _conv2d_mve(any_scale: bool) -> tuple[Kernel, Kernel]:
    """The kernels for pixels and for windows, of scales below one or of any."""
    pack = functools.partial(mve.pack_conv2d, any_scale=any_scale)
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


def _inputs(view: View) -> int:
    """Inputs of a pixel."""
    weights = view.input(1)
    return weights.elements // weights.shape[0]


def _rejects_fours(view: View, short: bool) -> str | None:
    """Why the tile of four pixels, in its form for many inputs or for few, is not for a layer."""
    inputs = _inputs(view)
    if short != (inputs <= mve.SHORT_INPUTS):
        return f"only {'up to' if short else 'more than'} {mve.SHORT_INPUTS} inputs of a pixel"
    _, _, multiplier, shift = channel_constants(view)
    return mve.half_scale_reason(multiplier, shift)


def _rejects_rows(view: View) -> str | None:
    """Why windows are not copied row by row."""
    _, _, width, channels = view.input(1).shape
    if width * channels > mve.VECTOR_BYTES:
        return f"only up to {mve.VECTOR_BYTES} inputs in a row of a window"
    return _rejects_fours(view, short=False)


def _rejects_columns(view: View) -> str | None:
    """Why windows are not copied column by column."""
    if view.attributes.dilation_width > 1:
        return "a horizontal dilation"
    if view.output.shape[2] == 1 and view.input(1).shape[1] > 1:
        return "an output of one column"  # no neighbours to share with
    return _rejects_fours(view, short=False)


def _columns_stream(view: View) -> Struct:
    """Inputs column by column."""
    shape = tuple(view.input(1).shape)

    def pack(
        weights: npt.ArrayLike,
        bias: npt.ArrayLike,
        multiplier: npt.ArrayLike,
        shift: npt.ArrayLike,
    ) -> mve.Bytes:
        columns = np.asarray(weights).reshape(shape).transpose(0, 2, 1, 3)
        return mve.pack_conv2d_fours(columns, bias, multiplier, shift)

    return dense_stream(view, pack)


def _columns_scratch(view: View, _: int) -> int:
    _, height, width, channels = view.input(1).shape
    stride, out_width = view.attributes.stride_width, view.output.shape[2]
    return mve.scratch_bytes_columns((height, width), channels, stride, out_width)


def _fours_mve(
    form: str,
    rejects: Callable[[View], str | None],
    scratch_bytes: Callable[[View, int], int],
    pack: Pack = mve.pack_conv2d_fours,
) -> Kernel:
    pixels = form.startswith("1x1")
    return Kernel(
        f"conv2d_s8_{form}_mve",
        "conv2d",
        "mve",
        Style.PIXELS if pixels else Style.WINDOW,
        lambda view: dense_stream(view, pack),
        rejects=lambda view: (rejects_unless_pointwise(view) if pixels else None) or rejects(view),
        scratch_bytes=scratch_bytes,
        reads_ahead=pixels,
        band_rows=1 if pixels else 2,
    )


def _conv2d_fours() -> tuple[Kernel, ...]:
    """The kernels that compute four pixels at a time: of few inputs, of many."""
    few, many = (functools.partial(_rejects_fours, short=short) for short in (True, False))
    pack_few = functools.partial(mve.pack_conv2d_fours, short=True)

    def scratch_bytes(view: View, _: int) -> int:
        return mve.scratch_bytes_fours(_inputs(view))

    columns = _fours_mve("columns", _rejects_columns, _columns_scratch)
    return (
        _fours_mve("1x1_short", few, lambda *_: 0, pack_few),
        _fours_mve("short", few, lambda *_: mve.TILE_PIXELS * mve.SHORT_INPUTS, pack_few),
        _fours_mve("1x1_fours", many, scratch_bytes),
        _fours_mve("fours", _rejects_rows, scratch_bytes),
        dataclasses.replace(columns, arguments=_columns_stream),
    )


def _conv2d_scalar(isa: str) -> tuple[Kernel, Kernel]:
    """The kernels for pixels and for windows of cores that multiply one pair at a time."""

    def scratch_bytes(view: View, _: int) -> int:
        weights = view.input(1)
        return scalar.scratch_bytes_conv2d(isa, weights.elements // weights.shape[0])

    return (
        Kernel(
            f"conv2d_s8_1x1_{isa}",
            "conv2d",
            isa,
            Style.PIXELS,
            _conv2d_portable,
            rejects=lambda view: rejects_unless_pointwise(view) or rejects_scalar_sums(view),
            scratch_bytes=scratch_bytes,
            reads_ahead=True,
        ),
        Kernel(
            f"conv2d_s8_{isa}",
            "conv2d",
            isa,
            Style.WINDOW,
            _conv2d_portable,
            rejects=rejects_scalar_sums,
            scratch_bytes=scratch_bytes,
        ),
    )


def _rvv_scratch(view: View, _: int) -> int:
    return rvv.scratch_bytes_conv2d(_inputs(view))


_CONV2D_RVV = (
    Kernel(
        "conv2d_s8_1x1_rvv",
        "conv2d",
        "rvv",
        Style.PIXELS,
        lambda view: dense_stream(view, rvv.pack_taps),
        rejects=rejects_unless_pointwise,
        scratch_bytes=_rvv_scratch,
        reads_ahead=True,
    ),
    Kernel(
        "conv2d_s8_rvv",
        "conv2d",
        "rvv",
        Style.WINDOW,
        lambda view: dense_stream(view, rvv.pack_taps),
        scratch_bytes=_rvv_scratch,
    ),
)

_MICROCONTROLLERS = (
    *_conv2d_fours(),
    # For little scratch, scales of one half and more, and maps that leave tiles of four half empty.
    *_conv2d_mve(any_scale=False),
    *_conv2d_mve(any_scale=True),
    _pointwise_dsp("conv2d_s8_1x1_dsp", dsp.pack_conv2d_1x1, _rejects_1x1),
    _pointwise_dsp("conv2d_s8_1x1_wide_dsp", dsp.pack_conv2d_1x1_wide, _rejects_1x1_wide),
    _pointwise_dsp(
        "conv2d_s8_1x1_any_dsp",
        dsp.pack_conv2d_1x1_any,
        lambda view: _rejects_1x1_shape(view) or rejects_any_sums(view),
    ),
    Kernel(
        "conv2d_s8_columns_dsp",
        "conv2d",
        "dsp",
        Style.WINDOW,
        _shared_columns_stream,
        rejects=_rejects_shared_columns,
        scratch_bytes=_scratch_shared_columns,
        band_rows=2,
    ),
    _windows_dsp("conv2d_s8_dsp", dsp.pack_conv2d_1x1, _rejects_windows),
    _windows_dsp("conv2d_s8_wide_dsp", dsp.pack_conv2d_1x1_wide, _rejects_windows_wide),
    # For little scratch: where it counts, the plan takes one.
    _windows_dsp("conv2d_s8_twos_dsp", dsp.pack_conv2d_1x1, _rejects_windows, 2),
    _windows_dsp("conv2d_s8_wide_twos_dsp", dsp.pack_conv2d_1x1_wide, _rejects_windows_wide, 2),
    _windows_dsp(
        "conv2d_s8_any_dsp",
        dsp.pack_conv2d_1x1_any,
        lambda view: rejects_pairs(view) or rejects_any_sums(view),
    ),
    *_CONV2D_RVV,
    *_conv2d_scalar("thumb"),
    *_conv2d_scalar("scalar"),
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


def _simd_arguments(view: View) -> Struct:
    return dense_stream(view, simd.pack_conv2d)


def _simd_scratch(view: View, _: int) -> int:
    _, kernel_height, kernel_width, in_channels = view.input(1).shape
    return simd.scratch_bytes_conv2d(kernel_height * kernel_width * in_channels)


_SIMD = (
    Kernel(
        "conv2d_s8_1x1_simd",
        "conv2d",
        "simd",
        Style.PIXELS,
        _simd_arguments,
        rejects=rejects_unless_pointwise,
        scratch_bytes=_simd_scratch,
        reads_ahead=True,
    ),
    Kernel(
        "conv2d_s8_simd",
        "conv2d",
        "simd",
        Style.WINDOW,
        _simd_arguments,
        scratch_bytes=_simd_scratch,
    ),
)


CONV_2D = (*_SIMD, *_MICROCONTROLLERS, *CONV_2D_S16)

KERNELS = {"CONV_2D": CONV_2D}
