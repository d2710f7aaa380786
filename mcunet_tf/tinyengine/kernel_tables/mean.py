# SPDX-License-Identifier: Apache-2.0
"""Kernel table of MEAN and SUM."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.over_rows import over_rows, over_rows_s16
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.mean import mean_parameters, outer_inner, reduced_count
from mcunet_tf.tinyengine.ops.spec import View


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


def rejects_unless_height_and_width(view: View) -> str | None:
    """Why a kernel that takes an image as it comes cannot take a reduction, or None."""
    shape = view.input(0).shape
    if len(shape) != 4 or shape[0] != 1 or view.attributes.axes != (1, 2):
        return "only over height and width of an image"
    return None


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


_IMAGES = over_rows("mean_rows_s8", "mean", _mean_rows, rejects_unless_height_and_width)

MEAN = (
    *_IMAGES,
    Kernel("mean_s8_portable", "mean", "portable", Style.WHOLE, _mean),
    over_rows_s16(_IMAGES),
    Kernel("mean_s16_portable", "mean", "portable", Style.WHOLE, _mean, takes=("int16",)),
)

KERNELS = {"MEAN": MEAN, "SUM": MEAN}
