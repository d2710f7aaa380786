# SPDX-License-Identifier: Apache-2.0
"""Kernels of the operators that bring both operands to one scale: ADD, SUB, SQUARED_DIFFERENCE."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ir import Op, Quantization, Tensor
from mcunet_tf.tinyengine.kernel_tables.broadcast import broadcast_kernels, operand_order, period
from mcunet_tf.tinyengine.kernel_tables.channels import output_fields
from mcunet_tf.tinyengine.kernel_tables.packing.linear_add import LinearAdd, linear_add
from mcunet_tf.tinyengine.kernel_tables.table import Struct
from mcunet_tf.tinyengine.ops import add, broadcast, sub
from mcunet_tf.tinyengine.ops.spec import View

# Shifts for which kernels for the DSP extension round as TFLite does.
ROUNDED_SHIFTS = (-22, -1)


def sum_fields(view: View, parameters: add.AddParameters) -> dict[str, Any]:
    """`struct add_s8`, field by field: the operand of full size comes first."""
    scales = (parameters.first, parameters.second)
    first, second = (
        (*scales[position], view.input(position).zero_point) for position in operand_order(view)
    )
    return {
        "first": first,
        "second": second,
        "out_multiplier": parameters.output[0],
        "out_shift": parameters.output[1],
        **output_fields(view),
        "period": period(view),
    }


@functools.lru_cache(maxsize=256)
def _linear_form(
    kind: str, first: Quantization, second: Quantization, output: Quantization, activation: str
) -> LinearAdd | None:
    """The linear form of an ADD or SUB; layers of equal scales share one proof."""
    values = np.arange(-128, 128).astype(np.int8)
    tensors = tuple(
        Tensor("operand", (256, 256), "int8", quantization)
        for quantization in (first, second, output)
    )
    op = Op(kind, "sum", (0, 1), (2,), broadcast.ElementwiseAttributes(activation))
    grid = (values[:, None], values[None, :])
    spec, sign = (add.ADD, 1) if kind == "ADD" else (sub.SUB, -1)
    table = spec.result(View(op, tensors[:2], tensors[2:]), grid).astype(np.int64)
    scale = output.scale[0]
    return linear_add(table, first.scale[0] / scale, sign * second.scale[0] / scale)


def _linear_add(view: View) -> LinearAdd | None:
    quantizations = [t.quantization for t in (view.input(0), view.input(1), view.output)]
    first, second, output = (q for q in quantizations if q is not None)
    return _linear_form(view.op.kind, first, second, output, view.attributes.activation)


def _rejects_unless_linear(view: View) -> str | None:
    if _linear_add(view) is None:
        return "no linear form equals TFLite's roundings for every pair of values"
    return None


def _add_linear(view: View) -> Struct:
    form = _linear_add(view)
    assert form is not None
    factors = form.first_factor, form.second_factor
    first, second = operand_order(view)
    fields = {
        "first_factor": factors[first],
        "second_factor": factors[second],
        "constant": form.constant,
        "period": period(view),
    }
    return Struct("struct add_linear_s8", fields)


def rejects_sum_scales(view: View) -> str | None:
    """A sum's own scale lies far below those of its operands, as it has 2^20 for one of theirs."""
    shift = add.add_parameters(view).output[1]
    least, greatest = ROUNDED_SHIFTS
    return None if least <= shift <= greatest else f"a shift of {shift}"


LINEAR_RVV = broadcast_kernels("add", _add_linear, isa="rvv", rejects=_rejects_unless_linear)

LINEAR_SCALAR = broadcast_kernels("add", _add_linear, isa="scalar", rejects=_rejects_unless_linear)

LINEAR = (
    *broadcast_kernels("add", _add_linear, isa="simd", rejects=_rejects_unless_linear)[:1],
    *broadcast_kernels("add", _add_linear, isa="mve", rejects=_rejects_unless_linear)[:1],
    *broadcast_kernels("add", _add_linear, isa="dsp", rejects=_rejects_unless_linear),
)
