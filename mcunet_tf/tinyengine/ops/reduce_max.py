# SPDX-License-Identifier: Apache-2.0
"""REDUCE_MAX, which is what Keras makes of global maximum pooling, and its like.

The pass `lower_reductions` rewrites REDUCE_MAX as MAX_POOL_2D; `lower_aliases` says the others by
it: the least value is the greatest of all complements, and so is a mask of which all must be true.
"""

from __future__ import annotations

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.mean import (
    constraint_axes,
    constraint_output_elements,
    read_axes,
)
from mcunet_tf.tinyengine.ops.pool2d import constraint_same_quantisation
from mcunet_tf.tinyengine.ops.spec import OpSpec, View


def constraint_mask(view: View) -> str | None:
    """Input and output are bool."""
    for tensor in (view.input(0), view.output):
        if tensor.dtype != "bool":
            return common.describe(tensor)
    return None


_REDUCED = (constraint_axes, constraint_output_elements)
_INT8 = (common.constraint_int8_activations, *_REDUCED, constraint_same_quantisation)
_NUMBERS = (common.constraint_activations, *_REDUCED, constraint_same_quantisation)
_MASK = (constraint_mask, *_REDUCED)

REDUCE_MAX = OpSpec("REDUCE_MAX", read_axes, None, _NUMBERS, becomes=("MAX_POOL_2D",))
REDUCE_MIN = OpSpec("REDUCE_MIN", read_axes, None, _INT8, becomes=("TABLE", "MAX_POOL_2D"))
REDUCE_ANY = OpSpec("REDUCE_ANY", read_axes, None, _MASK, becomes=("MAX_POOL_2D",))
REDUCE_ALL = OpSpec("REDUCE_ALL", read_axes, None, _MASK, becomes=("TABLE", "MAX_POOL_2D"))
