# SPDX-License-Identifier: Apache-2.0
"""Kernel table of MUL."""

from __future__ import annotations

from mcunet_tf.tinyengine.fixed_point import requantize
from mcunet_tf.tinyengine.kernel_tables.broadcast import broadcast_kernels, operand_order, period
from mcunet_tf.tinyengine.kernel_tables.channels import output_fields
from mcunet_tf.tinyengine.kernel_tables.lookup import lookup_beside_constant
from mcunet_tf.tinyengine.kernel_tables.rescaled_sums import ROUNDED_SHIFTS
from mcunet_tf.tinyengine.kernel_tables.table import Struct
from mcunet_tf.tinyengine.ops import mul
from mcunet_tf.tinyengine.ops.spec import View


def _mul(view: View) -> Struct:
    multiplier, shift = mul.mul_parameters(view)
    first, second = operand_order(view)
    fields = {
        "multiplier": multiplier,
        "period": period(view),
        "shift": shift,
        "first_zero_point": view.input(first).zero_point,
        "second_zero_point": view.input(second).zero_point,
        **output_fields(view),
    }
    return Struct("struct mul_s8", fields)


def _rejects_unless_roundings_fit(view: View) -> str | None:
    _, shift = mul.mul_parameters(view)
    if not ROUNDED_SHIFTS[0] <= shift <= ROUNDED_SHIFTS[1]:
        return f"a shift of {shift}"
    fields = output_fields(view)
    if (fields["out_min"], fields["out_max"]) != (-128, 127):
        return "an activation that clamps"
    return None


def _rejects_product_scale(view: View) -> str | None:
    multiplier, shift = mul.mul_parameters(view)
    return None if multiplier and ROUNDED_SHIFTS[0] <= shift <= 12 else f"a shift of {shift}"


def _rejects_s16(view: View) -> str | None:
    multiplier, shift = mul.mul_parameters(view)
    if shift > 0:
        return f"a shift of {shift}"
    # Where doubling saturates, of the product of two least values.
    largest, half = 1 << 30, 1 << -shift >> 1
    high = ((2 * largest - 1) * multiplier + (1 << 31)) >> 32
    exact = int(requantize(largest, multiplier, shift))
    return None if (high + half) >> -shift == exact else "a product of two least values"


MUL = (
    *lookup_beside_constant(mul.MUL),
    *broadcast_kernels("mul", _mul, isa="dsp", rejects=_rejects_unless_roundings_fit),
    *broadcast_kernels("mul", _mul, isa="dsp", values="_any", rejects=_rejects_product_scale),
    *broadcast_kernels("mul", _mul, isa="rvv"),
    *broadcast_kernels("mul", _mul),
    *broadcast_kernels("mul", _mul, isa="dsp", rejects=_rejects_s16, dtype="int16"),
    *broadcast_kernels("mul", _mul, dtype="int16"),
)

KERNELS = {"MUL": MUL}
