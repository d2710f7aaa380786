# SPDX-License-Identifier: Apache-2.0
"""Operands that state the shape of a result beside its declaration: both must say the same.

An interpreter takes the operand, a compiler the declaration; where they contradict each other, the
file means two networks, and neither is a guess worth making.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mcunet_tf.tinyengine.ops.spec import View

Sizes = tuple[int, ...]


def _reshape(stated: Sizes, shape: Sizes) -> bool:
    """-1 stands for what is left; old converters write the operand as a matrix."""
    elements = math.prod(shape)
    if stated.count(-1) == 1:
        known = -math.prod(stated)
        return elements == known == 0 or (known > 0 and elements % known == 0)
    return any(size < 0 for size in stated) or math.prod(stated) == elements


def _image(stated: Sizes, shape: Sizes) -> bool:
    """Height and width."""
    return len(shape) != 4 or stated == shape[1:3]


def _all_but_batch(stated: Sizes, shape: Sizes) -> bool:
    """The batch of the operand may be open."""
    return stated[1:] == shape[1:] and (stated[:1] == shape[:1] or stated[0] < 1)


def _exactly(stated: Sizes, shape: Sizes) -> bool:
    return stated == shape


_RULES = {
    "RESHAPE": (1, _reshape),
    "RESIZE_BILINEAR": (1, _image),
    "RESIZE_NEAREST_NEIGHBOR": (1, _image),
    "TRANSPOSE_CONV": (0, _all_but_batch),
    "BROADCAST_TO": (1, _exactly),
    "FILL": (0, _exactly),
}


def contradiction(seen: View) -> str | None:
    """What an operator's operand says of the shape of its result, if the declaration differs."""
    if seen.op.kind not in _RULES or not seen.outputs:
        return None
    position, agrees = _RULES[seen.op.kind]
    operand = seen.optional(position)
    if operand is None or operand.data is None or not operand.data.size:
        return None
    stated = _sizes(operand.data.reshape(-1).tolist())
    if agrees(stated, seen.output.shape):
        return None
    return f"an operand that states {list(stated)} for a result of {list(seen.output.shape)}"


def _sizes(values: Sequence[float]) -> Sizes:
    return tuple(int(value) for value in values)
