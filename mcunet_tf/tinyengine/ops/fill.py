# SPDX-License-Identifier: Apache-2.0
"""FILL, ZEROS_LIKE and BROADCAST_ARGS: shapes and fills, mostly known at compile time."""

from __future__ import annotations

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.shape import constraint_compile_time
from mcunet_tf.tinyengine.ops.spec import OpSpec, View, no_attributes


def constraint_fill(view: View) -> str | None:
    """The shape is constant, and the value one of the output's type and scale."""
    shape, value = common.constant_integers(view, 0), view.optional(1)
    if value is None or value.elements != 1:
        return "no value"
    if shape != view.output.shape:
        return f"a shape of {list(shape)} for {list(view.output.shape)}"
    return common.one_type_problem((value, view.output))


FILL = OpSpec(
    "FILL", no_attributes, None, (constraint_fill,), becomes=("BROADCAST_TO",), required=(0, 1)
)
ZEROS_LIKE = OpSpec("ZEROS_LIKE", no_attributes, None, (constraint_compile_time,))
BROADCAST_ARGS = OpSpec("BROADCAST_ARGS", no_attributes, None, (constraint_compile_time,))
