# SPDX-License-Identifier: Apache-2.0
"""CAST: every value in another type."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes

_BEYOND = 9.2e18  # no int64


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    source, target = values[0], np.dtype(view.output.dtype)
    if target.kind != "f" and target.kind != "b" and source.dtype.kind == "f":
        # What has no integer gives 0; narrower types keep the low bits.
        held = np.where(np.abs(source) < _BEYOND, source, 0)
        return held.astype(np.int64).astype(target).reshape(view.output.shape)
    return source.astype(target).reshape(view.output.shape)


def constraint_types(view: View) -> str | None:
    """Input and output are int8, uint8, int16, bool, int32, int64, uint32 or float32."""
    types = [tensor.dtype for tensor in (view.input(0), view.output)]
    known = all(dtype in common.MOVED_TYPES for dtype in types)
    return None if known else f"{types[0]} to {types[1]}"


CAST = OpSpec("CAST", no_attributes, _evaluate, (constraint_types, common.constraint_same_shape))
