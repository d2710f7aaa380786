# SPDX-License-Identifier: Apache-2.0
"""Kernel table of PAD and PADV2."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.pad import PAD_AXES, pad_bits, pad_byte, padded_runs
from mcunet_tf.tinyengine.ops.spec import View


def _struct(runs: list[tuple[int, int, int]], value: int | None) -> Struct:
    runs = [(0, 1, 0)] * (PAD_AXES - len(runs)) + runs
    fields = {
        "size": tuple(size for _, size, _ in runs),
        "before": tuple(before for before, _, _ in runs),
        "after": tuple(after for _, _, after in runs),
        "value": value,
    }
    return Struct("struct pad_s8", fields)


def _pad(view: View) -> Struct:
    return _struct(padded_runs(view), pad_byte(view))


def _of_values(view: View, value: int) -> Struct:
    """The last axis counts values, not bytes."""
    item = view.output.item_bytes
    *outer, last = padded_runs(view)
    before, size, after = (count // item for count in last)
    return _struct([*outer, (before, size, after)], value)


def _pad_s16(view: View) -> Struct:
    return _of_values(view, view.attributes.value)


def _pad_s32(view: View) -> Struct:
    return _of_values(view, pad_bits(view))


def _rejects_one_byte(view: View) -> str | None:
    return None if pad_byte(view) is None else "a fill of one byte"


PAD = (
    Kernel(
        "pad_s32_portable",
        "pad",
        "portable",
        Style.WHOLE,
        _pad_s32,
        takes=("int32", "uint32", "float32"),
        rejects=_rejects_one_byte,
    ),
    Kernel("pad_s8_portable", "pad", "portable", Style.WHOLE, _pad),
    Kernel("pad_s16_portable", "pad", "portable", Style.WHOLE, _pad_s16, takes=("int16",)),
)

KERNELS = {"PAD": PAD, "PADV2": PAD}
