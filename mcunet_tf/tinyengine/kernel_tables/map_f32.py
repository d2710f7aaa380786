# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of functions of one float32 value."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style, channels_or_everything
from mcunet_tf.tinyengine.ops.float32_values import GREATEST, MAPS, SUFFIX
from mcunet_tf.tinyengine.ops.spec import View

_CLAMPS = {"RELU": (0.0, GREATEST), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0)}


def _arguments(view: View) -> Struct:
    alpha = getattr(view.attributes, "alpha", getattr(view.attributes, "approximate", 0))
    low, high = _CLAMPS.get(view.op.kind.removesuffix(SUFFIX), (0.0, 0.0))
    fields = {
        "channels": channels_or_everything(view),
        "alpha": float(alpha),
        "low": low,
        "high": high,
    }
    return Struct("struct map_f32", fields)


def _kernel(kind: str) -> Kernel:
    name = "relu" if kind in _CLAMPS else kind.lower()
    return Kernel(
        f"{name}_f32_portable", "map_f32", "portable", Style.PIXELS, _arguments, reads_ahead=True
    )


KERNELS = {kind + SUFFIX: (_kernel(kind),) for kind in MAPS}
