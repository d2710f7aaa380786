# SPDX-License-Identifier: Apache-2.0
"""Float32 weights as the dense kernels read them, in blocks of outputs."""

from __future__ import annotations

import numpy as np

from mcunet_tf.tinyengine.kernel_tables.table import Blob, float_blob
from mcunet_tf.tinyengine.ops.float32_layers import bias_values
from mcunet_tf.tinyengine.ops.spec import Array, View

_BLOCK = 8  # DENSE_BLOCK of kernels/common/real.h


def _blocks(values: Array) -> Array:
    """[outputs, ...] filled up with zeros to [blocks, 8, ...]."""
    missing = -len(values) % _BLOCK
    filled = np.pad(values, [(0, missing)] + [(0, 0)] * (values.ndim - 1))
    return filled.reshape(-1, _BLOCK, *values.shape[1:])


def blocked_weights(view: View) -> dict[str, Blob]:
    """The fields `weights` [blocks][taps][8] and `bias` [blocks][8]."""
    weights = np.asarray(view.constant(1), np.float32)
    taps = _blocks(weights.reshape(len(weights), -1))
    return {
        "weights": float_blob(taps.transpose(0, 2, 1)),
        "bias": float_blob(_blocks(bias_values(view))),
    }
