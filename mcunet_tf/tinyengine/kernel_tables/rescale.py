# SPDX-License-Identifier: Apache-2.0
"""Kernel of int16 RELU, RELU6, LEAKY_RELU and ABS; their tables are among those of the lookups."""

from __future__ import annotations

from collections.abc import Callable

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style, channels_or_everything
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.curves import abs_parameters, leaky_relu_parameters
from mcunet_tf.tinyengine.ops.lookup import rescale_parameters
from mcunet_tf.tinyengine.ops.spec import View

_Scale = tuple[int, int]


def _fields(
    view: View, above: _Scale, below: _Scale, before: int, after: int, activation: str
) -> Struct:
    low, high = common.activation_range(activation, view.output)
    fields = {
        "multiplier": above[0],
        "below_multiplier": below[0],
        "shift": above[1],
        "below_shift": below[1],
        "sign_before": before,
        "sign_after": after,
        "out_min": low,
        "out_max": high,
        "channels": channels_or_everything(view),
    }
    return Struct("struct rescale_s16", fields)


def _relu(view: View) -> Struct:
    scale = rescale_parameters(view)
    return _fields(view, scale, scale, 1, 1, view.op.kind)


def _leaky_relu(view: View) -> Struct:
    above, (multiplier, shift) = leaky_relu_parameters(view)
    sign = -1 if multiplier < 0 else 1
    return _fields(view, above, (sign * multiplier, shift), 1, sign, "NONE")


def _abs(view: View) -> Struct:
    scale = abs_parameters(view)
    return _fields(view, scale, scale, -1, 1, "NONE")


def _kernel(arguments: Callable[[View], Struct]) -> tuple[Kernel, ...]:
    return (
        Kernel(
            "rescale_s16_portable",
            "rescale",
            "portable",
            Style.PIXELS,
            arguments,
            reads_ahead=True,
            takes=("int16",),
        ),
    )


RELU = _kernel(_relu)

LEAKY_RELU = _kernel(_leaky_relu)

ABS = _kernel(_abs)
