# SPDX-License-Identifier: Apache-2.0
"""CUSTOM operators: what they mean is a C function of the user's, bound by `custom_ops.py`."""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import OpSpec, View, no_attributes

CUSTOM_AXES = 6


@dataclasses.dataclass(frozen=True)
class CustomAttributes:
    """A function and what it needs.

    Attributes:
      name: of the operator, as the model calls it.
      function: the C symbol.
      source: the C text.
      scratch_bytes: what a call needs.
      options: the operator's own, as the model holds them.
    """

    name: str
    function: str
    source: str = dataclasses.field(repr=False)
    scratch_bytes: int
    options: bytes


def constraint_bound(view: View) -> str | None:
    """It is bound to a C function, which takes all operands and makes one result."""
    if not isinstance(view.attributes, CustomAttributes):
        return "no function"
    if len(view.outputs) != 1:
        return f"{len(view.outputs)} results"
    if any(tensor is None for tensor in view.inputs):
        return "an operand that is left out"
    return None


def constraint_custom_tensors(view: View) -> str | None:
    """Tensors are int8, uint8, bool, int32, int64 or float32, of at most 6 axes."""
    for tensor in (*view.inputs, *view.outputs):
        if tensor is not None and (
            tensor.dtype not in common.MOVED_TYPES or len(tensor.shape) > CUSTOM_AXES
        ):
            return common.describe(tensor)
    return None


CUSTOM = OpSpec("CUSTOM", no_attributes, None, (constraint_bound, constraint_custom_tensors))
