# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of SELECT and SELECT_V2; the pass `lower_broadcasts` has spread their operands."""

from __future__ import annotations

from collections.abc import Callable

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style, channels_or_everything
from mcunet_tf.tinyengine.ops.masks import CHOICES
from mcunet_tf.tinyengine.ops.spec import View


def _arguments(view: View) -> Struct:
    item = view.output.item_bytes
    steps = (item if _is_full(view, position) else 0 for position in (1, 2))
    fields = {
        "period": channels_or_everything(view),
        "item_bytes": item,
        **dict(zip(("first_step", "second_step"), steps, strict=True)),
    }
    return Struct("struct select_bytes", fields)


def _is_full(view: View, position: int) -> bool:
    return view.input(position).elements == view.output.elements


def _rejects_unless(first: bool, second: bool) -> Callable[[View], str | None]:
    def rejects(view: View) -> str | None:
        full = (_is_full(view, 1), _is_full(view, 2))
        return None if full == (first, second) else "choices of another size"

    return rejects


def _kernel(first: bool, second: bool) -> Kernel:
    return Kernel(
        "select_portable",
        "select",
        "portable",
        Style.PIXELS,
        _arguments,
        rejects=_rejects_unless(first, second),
        data_inputs=(0, 1, 2),
        streamed_inputs=(0, *(1,) * first, *(2,) * second),
    )


_ALL = tuple(_kernel(first, second) for first in (True, False) for second in (True, False))
KERNELS = dict.fromkeys(CHOICES, _ALL)
