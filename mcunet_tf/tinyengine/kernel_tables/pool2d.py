# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of AVERAGE_POOL_2D and MAX_POOL_2D."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from mcunet_tf.tinyengine.kernel_tables.over_rows import over_rows, over_rows_s16
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.pool2d import Pool2dAttributes
from mcunet_tf.tinyengine.ops.spec import View

# 255 times -128 are within 16 bits.
_MAX_SUMMED_TAPS = 255
# 5,000 times 5,000 times 129 are within 32 bits.
_MAX_SHARED_PIXELS = 5000


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


def _rejects_many_taps(view: View) -> str | None:
    taps = view.attributes.kernel_height * view.attributes.kernel_width
    return f"a sum of {taps} values beyond 16 bits" if taps > _MAX_SUMMED_TAPS else None


def _rejects_unless_sums_fit(view: View) -> str | None:
    return _rejects_many_taps(view) or _rejects_unless_words(view)


def _rejects_many_pixels(view: View) -> str | None:
    pixels = view.input(0).elements // view.output.shape[-1]
    if pixels > _MAX_SHARED_PIXELS:
        return f"a sum of {pixels} pixels beyond a division by multiplication"
    return _rejects_unless_global(view)


def _rejects_global_or_many_taps(view: View) -> str | None:
    if _rejects_unless_global(view) is None:
        return "one window, which is better taken row by row"
    return _rejects_many_taps(view)


def _sums_scratch(view: View, _: int) -> int:
    return 4 * view.output.shape[3]


def _average_pool_rows(view: View) -> Struct:
    _, height, width, channels = view.input(0).shape
    low, high = common.activation_range(view.attributes.activation, view.output)
    fields = {"height": height, "width": width, "channels": channels}
    return Struct("struct average_pool_rows_s8", {**fields, "out_min": low, "out_max": high})


def _over_windows(name: str, rejects: Callable[[View], str | None]) -> tuple[Kernel, ...]:
    """Kernels of a pooling, for Helium, the DSP extension, RISC-V's vectors, and any target."""
    portable = Kernel(f"{name}_portable", "pool2d", "portable", Style.WINDOW, _pool2d)
    return (
        dataclasses.replace(portable, name=f"{name}_mve", isa="mve"),
        dataclasses.replace(portable, name=f"{name}_dsp", isa="dsp", rejects=rejects),
        dataclasses.replace(portable, name=f"{name}_rvv", isa="rvv"),
        portable,
    )


_GLOBAL_AVERAGE = over_rows(
    "average_pool_rows_s8", "pool2d", _average_pool_rows, _rejects_unless_global
)

_AVERAGE = _over_windows("average_pool_2d_s8", _rejects_unless_sums_fit)

_AVERAGE_SCALAR = dataclasses.replace(
    _AVERAGE[-1],
    name="average_pool_2d_s8_scalar",
    isa="scalar",
    rejects=_rejects_global_or_many_taps,
    scratch_bytes=_sums_scratch,
)

_MAX = _over_windows("max_pool_2d_s8", _rejects_unless_words)

_MAX_SCALAR = dataclasses.replace(_MAX[-1], name="max_pool_2d_s8_scalar", isa="scalar")


def _s16(name: str) -> Kernel:
    return Kernel(f"{name}_s16_portable", "pool2d", "portable", Style.WINDOW, _pool2d, takes=_INT16)


_INT16 = ("int16",)

AVERAGE_POOL_2D = (
    dataclasses.replace(_GLOBAL_AVERAGE[0], rejects=_rejects_many_pixels),
    dataclasses.replace(_AVERAGE[0], rejects=_rejects_many_taps),
    _GLOBAL_AVERAGE[1],
    _AVERAGE[1],
    _GLOBAL_AVERAGE[2],
    _AVERAGE[2],
    _AVERAGE_SCALAR,
    _GLOBAL_AVERAGE[-1],
    _AVERAGE[-1],
    over_rows_s16(_GLOBAL_AVERAGE),
    _s16("average_pool_2d"),
)

MAX_POOL_2D = (*_MAX[:-1], _MAX_SCALAR, _MAX[-1], _s16("max_pool_2d"))

KERNELS = {"AVERAGE_POOL_2D": AVERAGE_POOL_2D, "MAX_POOL_2D": MAX_POOL_2D}
