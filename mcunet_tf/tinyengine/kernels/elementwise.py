# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of operators on two tensors, and of those that become a table of bytes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ir import Op, Quantization, Tensor
from mcunet_tf.tinyengine.kernels.convolution import output_fields
from mcunet_tf.tinyengine.kernels.linear_add import LinearAdd, linear_add
from mcunet_tf.tinyengine.kernels.table import (
    Kernel,
    Struct,
    Style,
    channels_or_everything,
    uint8_blob,
)
from mcunet_tf.tinyengine.ops import curves, elementwise, lookup
from mcunet_tf.tinyengine.ops.spec import OpSpec, View

# Shifts of MUL for which its rows for the DSP extension round as TFLite does.
_MUL_SHIFTS = (-22, -1)


def _period(view: View) -> int:
    period = elementwise.broadcast_period(view)[1]
    return channels_or_everything(view) if period == view.output.elements else period


def _operand_order(view: View) -> tuple[int, int]:
    full = elementwise.broadcast_period(view)[0]
    return full, 1 - full


def _sum_fields(view: View, parameters: elementwise.AddParameters) -> dict[str, Any]:
    scales = (parameters.first, parameters.second)
    first, second = (
        (*scales[position], view.input(position).zero_point) for position in _operand_order(view)
    )
    return {
        "first": first,
        "second": second,
        "out_multiplier": parameters.output[0],
        "out_shift": parameters.output[1],
        **output_fields(view),
        "period": _period(view),
    }


def _add(view: View) -> Struct:
    return Struct("struct add_s8", _sum_fields(view, elementwise.add_parameters(view)))


def _sub(view: View) -> Struct:
    fields = _sum_fields(view, elementwise.add_parameters(view))
    sign = -1 if _operand_order(view)[0] else 1
    return Struct("struct sub_s8", {"sum": tuple(fields.values()), "sign": sign})


def _squared_difference(view: View) -> Struct:
    fields = _sum_fields(view, elementwise.squared_difference_parameters(view))
    return Struct("struct add_s8", fields)


def _maximum_minimum(view: View) -> Struct:
    return Struct("struct maximum_minimum_s8", {"period": _period(view)})


def _prelu(view: View) -> Struct:
    above, below = elementwise.prelu_parameters(view)
    fields = {
        "multiplier": above[0],
        "alpha_multiplier": below[0],
        "period": elementwise.broadcast_period(view)[1],
        "shift": above[1],
        "alpha_shift": below[1],
        "zero_point": view.input(0).zero_point,
        "alpha_zero_point": view.input(1).zero_point,
        "out_zero_point": view.output.zero_point,
    }
    return Struct("struct prelu_s8", fields)


def _mul(view: View) -> Struct:
    multiplier, shift = elementwise.mul_parameters(view)
    first, second = _operand_order(view)
    fields = {
        "multiplier": multiplier,
        "period": _period(view),
        "shift": shift,
        "first_zero_point": view.input(first).zero_point,
        "second_zero_point": view.input(second).zero_point,
        **output_fields(view),
    }
    return Struct("struct mul_s8", fields)


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
    op = Op(kind, "sum", (0, 1), (2,), elementwise.ElementwiseAttributes(activation))
    grid = np.broadcast_arrays(values[:, None], values[None, :])
    spec, sign = (elementwise.ADD, 1) if kind == "ADD" else (elementwise.SUB, -1)
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
    first, second = _operand_order(view)
    fields = {
        "first_factor": factors[first],
        "second_factor": factors[second],
        "constant": form.constant,
        "period": _period(view),
    }
    return Struct("struct add_linear_s8", fields)


def _rejects_unless_roundings_fit(view: View) -> str | None:
    _, shift = elementwise.mul_parameters(view)
    if not _MUL_SHIFTS[0] <= shift <= _MUL_SHIFTS[1]:
        return f"a shift of {shift}"
    fields = output_fields(view)
    if (fields["out_min"], fields["out_max"]) != (-128, 127):
        return "an activation that clamps"
    return None


def _rejects_sum_scales(view: View) -> str | None:
    """A sum's own scale lies far below those of its operands, as it has 2^20 for one of theirs."""
    shift = elementwise.add_parameters(view).output[1]
    least, greatest = _MUL_SHIFTS
    return None if least <= shift <= greatest else f"a shift of {shift}"


def _rejects_product_scale(view: View) -> str | None:
    multiplier, shift = elementwise.mul_parameters(view)
    return None if multiplier and _MUL_SHIFTS[0] <= shift <= 12 else f"a shift of {shift}"


def _rejects_unless_same_shape(view: View) -> str | None:
    same = elementwise.broadcast_period(view)[1] == view.output.elements
    return None if same else "operands of different shapes"


def _rejects_unless_second_repeats(view: View) -> str | None:
    full, period = elementwise.broadcast_period(view)
    repeats = full == 0 and period < view.output.elements
    return None if repeats else "the second operand does not repeat"


def _rejects_unless_first_repeats(view: View) -> str | None:
    full, period = elementwise.broadcast_period(view)
    repeats = full == 1 and period < view.output.elements
    return None if repeats else "the first operand does not repeat"


def _accepts(_: View) -> str | None:
    return None


def _rows(
    op: str,
    arguments: Callable[[View], Struct],
    *,
    folder: str | None = None,
    isa: str = "portable",
    values: str = "",
    rejects: Callable[[View], str | None] = _accepts,
) -> tuple[Kernel, ...]:
    """Rows for operands of one shape, for a second one that repeats, and for a first one."""

    def row(
        name: str, own: Callable[[View], str | None], inputs: tuple[int, int], streamed: int
    ) -> Kernel:
        return Kernel(
            f"{name}_s8{values}_{isa}",
            folder or op,
            isa,
            Style.PIXELS,
            arguments,
            rejects=lambda view: own(view) or rejects(view),
            data_inputs=inputs,
            streamed_inputs=inputs[:streamed],
            reads_ahead=True,
            pixel_values=_period,
        )

    return (
        row(op, _rejects_unless_same_shape, (0, 1), 2),
        row(f"{op}_broadcast", _rejects_unless_second_repeats, (0, 1), 1),
        row(f"{op}_broadcast", _rejects_unless_first_repeats, (1, 0), 1),
    )


def _lookup_row(spec: OpSpec, rejects: Callable[[View], str | None], position: int = 0) -> Kernel:
    def arguments(view: View) -> Struct:
        table = uint8_blob(lookup.byte_table(view, spec.result, position))
        return Struct(
            "struct lookup_x8", {"table": table, "channels": channels_or_everything(view)}
        )

    return Kernel(
        "lookup_x8_portable",
        "lookup",
        "portable",
        Style.PIXELS,
        arguments,
        rejects=rejects,
        data_inputs=(position,),
        streamed_inputs=(position,),
        reads_ahead=True,
    )


def _lookup(spec: OpSpec) -> tuple[Kernel, ...]:
    def rejects(view: View) -> str | None:
        return "a float32 input" if view.input(0).dtype == "float32" else None

    return (_lookup_row(spec, rejects),)


def _lookup_beside_constant(spec: OpSpec) -> tuple[Kernel, ...]:
    """Rows for an operator one of whose operands is a constant of one value."""

    def rejects_unless(position: int) -> Callable[[View], str | None]:
        def rejects(view: View) -> str | None:
            other = view.input(1 - position)
            known = other.elements == 1 and other.data is not None
            return None if known else "no operand is a constant of one value"

        return rejects

    return tuple(_lookup_row(spec, rejects_unless(p), p) for p in (0, 1))


def _quantize_float(view: View) -> Struct:
    fields = {
        "scale": view.output.scale,
        "zero_point": view.output.zero_point,
        "count": view.output.elements,
    }
    return Struct("struct quantize_f32_s8", fields)


_LINEAR = (
    *_rows("add", _add_linear, isa="simd", rejects=_rejects_unless_linear)[:1],
    *_rows("add", _add_linear, isa="dsp", rejects=_rejects_unless_linear),
)
ADD = (
    *_lookup_beside_constant(elementwise.ADD),
    *_LINEAR,
    *_rows("add", _add, isa="dsp", values="_any", rejects=_rejects_sum_scales),
    *_rows("add", _add),
)
SUB = (
    *_lookup_beside_constant(elementwise.SUB),
    *_LINEAR,
    *_rows("sub", _sub, isa="dsp", values="_any", rejects=_rejects_sum_scales),
    *_rows("sub", _sub),
)
MUL = (
    *_lookup_beside_constant(elementwise.MUL),
    *_rows("mul", _mul, isa="dsp", rejects=_rejects_unless_roundings_fit),
    *_rows("mul", _mul, isa="dsp", values="_any", rejects=_rejects_product_scale),
    *_rows("mul", _mul),
)
SQUARED_DIFFERENCE = (
    *_lookup_beside_constant(elementwise.SQUARED_DIFFERENCE),
    *_rows("squared_difference", _squared_difference),
)
MAXIMUM = (
    *_lookup_beside_constant(elementwise.MAXIMUM),
    *_rows("maximum", _maximum_minimum, folder="maximum_minimum"),
)
MINIMUM = (
    *_lookup_beside_constant(elementwise.MINIMUM),
    *_rows("minimum", _maximum_minimum, folder="maximum_minimum"),
)
PRELU = (
    Kernel(
        "prelu_s8_portable",
        "prelu",
        "portable",
        Style.PIXELS,
        _prelu,
        data_inputs=(0, 1),
        reads_ahead=True,
        pixel_values=lambda view: elementwise.broadcast_period(view)[1],
    ),
)
LOOKUPS = {
    spec.kind: _lookup(spec)
    for spec in (
        lookup.RELU,
        lookup.RELU6,
        lookup.LOGISTIC,
        curves.HARD_SWISH,
        curves.LEAKY_RELU,
        curves.TANH,
        curves.ABS,
        curves.RSQRT,
        curves.EXP,
        curves.LOG,
        curves.ELU,
        curves.GELU,
        lookup.TABLE,
    )
}
QUANTIZE = (
    *_lookup(lookup.QUANTIZE),
    Kernel("quantize_f32_s8_portable", "quantize", "portable", Style.WHOLE, _quantize_float),
)
