# SPDX-License-Identifier: Apache-2.0
"""REDUCE_MAX, which is what Keras makes of global maximum pooling.

The pass `lower_reductions` rewrites it as MAX_POOL_2D.
"""

from __future__ import annotations

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.mean import (
    constraint_axes,
    constraint_output_elements,
    read_axes,
)
from mcunet_tf.tinyengine.ops.pool2d import constraint_same_quantisation
from mcunet_tf.tinyengine.ops.spec import OpSpec

REDUCE_MAX = OpSpec(
    "REDUCE_MAX",
    read_axes,
    None,
    (
        common.constraint_int8_activations,
        constraint_axes,
        constraint_output_elements,
        constraint_same_quantisation,
    ),
    becomes=("MAX_POOL_2D",),
)
