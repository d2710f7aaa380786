# SPDX-License-Identifier: Apache-2.0
"""ARG_MAX and ARG_MIN: the first index of the greatest or least value along an axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.mean import constraint_axes, constraint_output_elements, read_axes
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View

INDEX_TYPES = ("int32", "int64")


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    axis, array = view.attributes.axes[0], values[0]
    if array.dtype == np.float32:
        # NaN is no better than any; where it comes first, nothing is better than it.
        real = array if view.op.kind == "ARG_MAX" else -array
        ranked = np.where(np.isnan(real), -np.inf, real)
        found = np.where(np.isnan(real.take(0, axis)), 0, np.argmax(ranked, axis=axis))
    else:
        first = np.argmax if view.op.kind == "ARG_MAX" else np.argmin
        found = np.asarray(first(array, axis=axis))
    return found.astype(view.output.dtype).reshape(view.output.shape)


def constraint_types(view: View) -> str | None:
    """The input is float32 or int8, quantised per tensor; the output int32 or int64."""
    source, output = view.input(0), view.output
    if source.dtype not in ("int8", "float32") or output.dtype not in INDEX_TYPES:
        return f"{source.dtype} to {output.dtype}"
    return common.per_tensor_problem(source) if source.dtype == "int8" else None


def constraint_one_axis(view: View) -> str | None:
    """There is one axis."""
    axes = view.attributes.axes
    return None if len(axes) == 1 else f"axes {list(axes)}"


_CONSTRAINTS = (constraint_types, constraint_axes, constraint_one_axis, constraint_output_elements)

ARG_MAX = OpSpec("ARG_MAX", read_axes, _evaluate, _CONSTRAINTS)
ARG_MIN = OpSpec("ARG_MIN", read_axes, _evaluate, _CONSTRAINTS)
