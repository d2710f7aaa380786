# SPDX-License-Identifier: Apache-2.0
"""The rows of DEPTHWISE_CONV_2D's table that take int16 activations."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.channels import (
    rejects_narrow_s16,
    s16_constants,
    s16_edges,
    s16_factors,
    s16_fields,
)
from mcunet_tf.tinyengine.kernel_tables.packing import dsp_s16
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style, int8_blob, word_blob
from mcunet_tf.tinyengine.kernel_tables.windows import window_fields
from mcunet_tf.tinyengine.ops.depthwise_conv2d import depth_multiplier
from mcunet_tf.tinyengine.ops.spec import View


def _s16(view: View) -> Struct:
    constants = {"weights": int8_blob(view.constant(1)), **s16_fields(view)}
    edges = {"depth_multiplier": depth_multiplier(view), **s16_edges(view)}
    return Struct("struct depthwise_conv2d_s16", {**constants, **window_fields(view), **edges})


def _s16_stream(view: View) -> Struct:
    stream = {"weights": word_blob(dsp_s16.pack_depthwise(*s16_factors(view, weight_axis=3)))}
    constants = {**stream, "bias": None, "scales": None, "wide": 1}
    edges = {"depth_multiplier": 1, **s16_edges(view)}
    return Struct("struct depthwise_conv2d_s16", {**constants, **window_fields(view), **edges})


def _s16_any(view: View) -> Struct:
    words = dsp_s16.pack_taps(s16_constants(view, weight_axis=3)[0])
    constants = {"weights": word_blob(words), **s16_fields(view)}
    edges = {"depth_multiplier": 1, **s16_edges(view)}
    return Struct("struct depthwise_conv2d_s16", {**constants, **window_fields(view), **edges})


def _rejects_s16_any(view: View) -> str | None:
    if depth_multiplier(view) != 1 or view.output.shape[-1] < 2:
        return "a depth multiplier, or one channel"
    _, height, width, _ = view.input(1).shape
    if height * width > dsp_s16.MOST_TAPS:
        return f"{height} x {width} taps, whose sum may be beyond 32 bits"
    return None


def _rejects_s16(view: View) -> str | None:
    return _rejects_s16_any(view) or rejects_narrow_s16(view, weight_axis=3)


def _s16_scratch(view: View, _: int) -> int:
    _, height, width, channels = view.input(1).shape
    return dsp_s16.scratch_bytes_depthwise(height * width, channels)


DEPTHWISE_CONV_2D_S16 = (
    Kernel(
        "depthwise_conv2d_s16_dsp",
        "depthwise_conv2d",
        "dsp",
        Style.WINDOW,
        _s16_stream,
        rejects=_rejects_s16,
        scratch_bytes=_s16_scratch,
        takes=("int16",),
    ),
    Kernel(
        "depthwise_conv2d_s16_any_dsp",
        "depthwise_conv2d",
        "dsp",
        Style.WINDOW,
        _s16_any,
        rejects=_rejects_s16_any,
        scratch_bytes=_s16_scratch,
        takes=("int16",),
    ),
    Kernel(
        "depthwise_conv2d_s16_portable",
        "depthwise_conv2d",
        "portable",
        Style.WINDOW,
        _s16,
        takes=("int16",),
    ),
)
