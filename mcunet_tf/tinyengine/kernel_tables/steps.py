# SPDX-License-Identifier: Apache-2.0
"""How the operands of an operator on two tensors are walked by kernels that take any of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcunet_tf.tinyengine.kernel_tables.broadcast import (
    operand_order,
    period,
    rejects_unless_first_repeats,
    rejects_unless_same_shape,
    rejects_unless_second_repeats,
)
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.broadcast import broadcast_period
from mcunet_tf.tinyengine.ops.spec import View


def step_fields(view: View) -> dict[str, Any]:
    """`period`, and `other_step` of the operand that may repeat."""
    repeats = broadcast_period(view)[1] < view.output.elements
    return {"period": period(view), "other_step": 0 if repeats else period(view)}


def is_swapped(view: View) -> int:
    """1 where the first operand is the one that repeats."""
    return operand_order(view)[0]


def stepping_kernels(
    name: str,
    folder: str,
    arguments: Callable[[View], Struct],
    *,
    in_place: bool,
    takes: Callable[[View], str | None] = lambda _: None,
) -> tuple[Kernel, ...]:
    """One kernel for operands of one shape, for a second one that repeats, and for a first one.

    Args:
      name: of the kernel.
      folder: of its C.
      arguments: prints its struct.
      in_place: the output may lie over the operand of full size.
      takes: why the kernel cannot take an operator, or None.
    """
    orders = (
        (rejects_unless_same_shape, (0, 1), 2),
        (rejects_unless_second_repeats, (0, 1), 1),
        (rejects_unless_first_repeats, (1, 0), 1),
    )

    def kernel(own: Callable[[View], str | None], inputs: tuple[int, int], streamed: int) -> Kernel:
        return Kernel(
            name,
            folder,
            "portable",
            Style.PIXELS,
            arguments,
            rejects=lambda view: takes(view) or own(view),
            data_inputs=inputs,
            streamed_inputs=inputs[:streamed],
            reads_ahead=in_place,
            pixel_values=period,
        )

    return tuple(kernel(*order) for order in orders)
