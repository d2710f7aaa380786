# SPDX-License-Identifier: Apache-2.0
"""CIRCULAR_BUFFER, TF-Lite Micro's operator for streams: rows that it holds move on by one."""

from __future__ import annotations

from collections.abc import Sequence

from mcunet_tf.tinyengine.ir import Op, Tensor
from mcunet_tf.tinyengine.ops.named_options import named_options
from mcunet_tf.tinyengine.ops.spec import Impossible
from mcunet_tf.tinyengine.settle_shapes import Options

KIND = "CUSTOM CIRCULAR_BUFFER"
_FIELD = "cycles_max"
_EVERY_CALL = (5, 13, 25)
"""Slots of buffers that wait for no more calls, where their options do not say for how many."""


def wrong_buffer(op: Op, options: Options, tensors: Sequence[Tensor]) -> str | None:
    """Why a CIRCULAR_BUFFER cannot be followed, or None.

    Args:
      op: the operator; its output is the buffer.
      options: what the file says of it.
      tensors: of its subgraph.
    """
    if len(op.inputs) != 1 or len(op.outputs) != 1 or op.inputs[0] < 0:
        return "other than one operand and one result"
    row, held = tensors[op.inputs[0]], tensors[op.outputs[0]]
    shapes = f"{list(row.shape)} into {list(held.shape)}"
    if len(row.shape) != 4 or len(held.shape) != 4 or row.shape[:2] != (1, 1):
        return shapes
    if row.shape[2:] != held.shape[2:] or held.shape[0] != 1 or held.shape[1] < 2:
        return shapes
    if (row.dtype, held.dtype) != ("int8", "int8"):
        return f"{row.dtype} into {held.dtype}"
    cycles = _cycles(options, held.shape[1])
    if cycles != 1:
        return f"a buffer that lets what follows run every {cycles} calls"
    return None


def _cycles(options: Options, slots: int) -> int:
    """Calls after which the buffer's readers run: TF-Lite Micro ends the others early."""
    content = options["CustomOptions"] if isinstance(options, dict) else b""
    held = named_options(content)
    found = 0 if isinstance(held, Impossible) else held.get(_FIELD, 0)
    if not isinstance(found, int):
        found = 0
    if found > 0:
        return found
    return 1 if slots in _EVERY_CALL else 2
