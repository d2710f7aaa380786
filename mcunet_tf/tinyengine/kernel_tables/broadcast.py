# SPDX-License-Identifier: Apache-2.0
"""Kernels of operators on two tensors, one of which may repeat along the other."""

from __future__ import annotations

from collections.abc import Callable

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style, channels_or_everything
from mcunet_tf.tinyengine.ops import broadcast
from mcunet_tf.tinyengine.ops.spec import View


def period(view: View) -> int:
    """Values after which the repeated operand begins anew: one pixel, as kernels count them."""
    period = broadcast.broadcast_period(view)[1]
    return channels_or_everything(view) if period == view.output.elements else period


def operand_order(view: View) -> tuple[int, int]:
    """Positions of the operand of full size and of the one that may repeat."""
    full = broadcast.broadcast_period(view)[0]
    return full, 1 - full


def rejects_unless_same_shape(view: View) -> str | None:
    """Why a kernel for operands of one shape cannot take an operator, or None."""
    same = broadcast.broadcast_period(view)[1] == view.output.elements
    return None if same else "operands of different shapes"


def rejects_unless_second_repeats(view: View) -> str | None:
    """Why a kernel whose second operand repeats cannot take an operator, or None."""
    full, period = broadcast.broadcast_period(view)
    repeats = full == 0 and period < view.output.elements
    return None if repeats else "the second operand does not repeat"


def rejects_unless_first_repeats(view: View) -> str | None:
    """Why a kernel whose first operand repeats cannot take an operator, or None."""
    full, period = broadcast.broadcast_period(view)
    repeats = full == 1 and period < view.output.elements
    return None if repeats else "the first operand does not repeat"


def _accepts(_: View) -> str | None:
    return None


def broadcast_kernels(
    op: str,
    arguments: Callable[[View], Struct],
    *,
    folder: str | None = None,
    isa: str = "portable",
    values: str = "",
    rejects: Callable[[View], str | None] = _accepts,
    dtype: str = "int8",
) -> tuple[Kernel, ...]:
    """Kernels for operands of one shape, for a second one that repeats, and for a first one."""
    suffix = {"int8": "s8", "int16": "s16"}[dtype]

    def kernel(
        name: str, own: Callable[[View], str | None], inputs: tuple[int, int], streamed: int
    ) -> Kernel:
        return Kernel(
            f"{name}_{suffix}{values}_{isa}",
            folder or op,
            isa,
            Style.PIXELS,
            arguments,
            rejects=lambda view: own(view) or rejects(view),
            data_inputs=inputs,
            streamed_inputs=inputs[:streamed],
            reads_ahead=True,
            pixel_values=period,
            takes=(dtype,),
        )

    return (
        kernel(op, rejects_unless_same_shape, (0, 1), 2),
        kernel(f"{op}_broadcast", rejects_unless_second_repeats, (0, 1), 1),
        kernel(f"{op}_broadcast", rejects_unless_first_repeats, (1, 0), 1),
    )
