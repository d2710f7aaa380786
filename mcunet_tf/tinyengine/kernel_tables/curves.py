# SPDX-License-Identifier: Apache-2.0
"""Kernels of int16 LOGISTIC and TANH; their tables are among those of the lookups."""

from __future__ import annotations

from collections.abc import Callable

from mcunet_tf.tinyengine.kernel_tables.table import (
    Kernel,
    Struct,
    Style,
    channels_or_everything,
    uint16_blob,
)
from mcunet_tf.tinyengine.ops.curves import tanh_scale
from mcunet_tf.tinyengine.ops.lookup import logistic_scale
from mcunet_tf.tinyengine.ops.spec import View
from mcunet_tf.tinyengine.ops.tables_s16 import sigmoid_points


def _curve(name: str, scale: Callable[[View], tuple[int, int]]) -> tuple[Kernel, ...]:
    def arguments(view: View) -> Struct:
        multiplier, shift = scale(view)
        fields = {
            "points": uint16_blob(sigmoid_points()),
            "multiplier": multiplier,
            "shift": shift,
            "channels": channels_or_everything(view),
        }
        return Struct("struct curve_s16", fields)

    return (
        Kernel(
            f"{name}_s16_portable",
            "curves",
            "portable",
            Style.PIXELS,
            arguments,
            reads_ahead=True,
            takes=("int16",),
        ),
    )


LOGISTIC = _curve("logistic", logistic_scale)

TANH = _curve("tanh", tanh_scale)
