# SPDX-License-Identifier: Apache-2.0
"""RESHAPE, SQUEEZE and EXPAND_DIMS: other names for the same bytes."""

from __future__ import annotations

from collections.abc import Sequence

from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes


def _evaluate_reshape(view: View, values: Sequence[Array]) -> Array:
    return values[0].reshape(view.output.shape).view(view.output.dtype)


def constraint_same_bytes(view: View) -> str | None:
    """Input and output have the same type and number of values."""
    source, output = view.input(0), view.output
    mask = {source.dtype, output.dtype} == {"bool", "int8"}  # which passes see as bytes
    if (source.dtype != output.dtype and not mask) or source.elements != output.elements:
        return f"{source.dtype} {list(source.shape)} to {output.dtype} {list(output.shape)}"
    return None


RESHAPE = OpSpec("RESHAPE", no_attributes, _evaluate_reshape, (constraint_same_bytes,))

SQUEEZE = OpSpec("SQUEEZE", no_attributes, _evaluate_reshape, (constraint_same_bytes,))

EXPAND_DIMS = OpSpec("EXPAND_DIMS", no_attributes, _evaluate_reshape, (constraint_same_bytes,))
