# SPDX-License-Identifier: Apache-2.0
"""The rows of CONV_2D's table that take int16 activations."""

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
from mcunet_tf.tinyengine.kernel_tables.windows import rejects_unless_pointwise, window_fields
from mcunet_tf.tinyengine.ops.spec import View


def _s16(view: View) -> Struct:
    constants = {"weights": int8_blob(view.constant(1)), **s16_fields(view)}
    return Struct("struct conv2d_s16", {**constants, **window_fields(view), **s16_edges(view)})


def _s16_stream(view: View) -> Struct:
    stream = {"weights": word_blob(dsp_s16.pack_pairs(*s16_factors(view)))}
    constants = {**stream, "bias": None, "scales": None, "wide": 1}
    return Struct("struct conv2d_s16", {**constants, **window_fields(view), **s16_edges(view)})


def _s16_any(view: View) -> Struct:
    words = dsp_s16.pack_groups(s16_constants(view)[0], 2)
    constants = {"weights": word_blob(words), **s16_fields(view)}
    return Struct("struct conv2d_s16", {**constants, **window_fields(view), **s16_edges(view)})


def _rejects_s16(view: View) -> str | None:
    return "one output channel" if view.output.shape[-1] < 2 else rejects_narrow_s16(view)


def _s16_scratch(view: View, _: int) -> int:
    weights = view.input(1)
    return dsp_s16.scratch_bytes_conv2d(weights.elements // weights.shape[0])


CONV_2D_S16 = (
    Kernel(
        "conv2d_s16_1x1_dsp",
        "conv2d",
        "dsp",
        Style.PIXELS,
        _s16_stream,
        rejects=lambda view: rejects_unless_pointwise(view) or _rejects_s16(view),
        scratch_bytes=_s16_scratch,
        reads_ahead=True,
        takes=("int16",),
    ),
    Kernel(
        "conv2d_s16_dsp",
        "conv2d",
        "dsp",
        Style.WINDOW,
        _s16_stream,
        rejects=_rejects_s16,
        scratch_bytes=_s16_scratch,
        takes=("int16",),
    ),
    Kernel(
        "conv2d_s16_1x1_any_dsp",
        "conv2d",
        "dsp",
        Style.PIXELS,
        _s16_any,
        rejects=rejects_unless_pointwise,
        scratch_bytes=_s16_scratch,
        reads_ahead=True,
        takes=("int16",),
    ),
    Kernel(
        "conv2d_s16_any_dsp",
        "conv2d",
        "dsp",
        Style.WINDOW,
        _s16_any,
        scratch_bytes=_s16_scratch,
        takes=("int16",),
    ),
    Kernel(
        "conv2d_s16_1x1_portable",
        "conv2d",
        "portable",
        Style.PIXELS,
        _s16,
        rejects=rejects_unless_pointwise,
        takes=("int16",),
    ),
    Kernel("conv2d_s16_portable", "conv2d", "portable", Style.WINDOW, _s16, takes=("int16",)),
)
