# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of operators on two tensors, and of those that become a table of bytes."""

from __future__ import annotations

import dataclasses
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


def _period(view: View) -> int:
    period = elementwise.broadcast_period(view)[1]
    return channels_or_everything(view) if period == view.output.elements else period


def _operand_order(view: View) -> tuple[int, int]:
    full = elementwise.broadcast_period(view)[0]
    return full, 1 - full


def _sum_fields(view: View) -> dict[str, Any]:
    parameters = elementwise.add_parameters(view)
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
    return Struct("struct add_s8", _sum_fields(view))


def _sub(view: View) -> Struct:
    sign = -1 if _operand_order(view)[0] else 1
    return Struct("struct sub_s8", {"sum": tuple(_sum_fields(view).values()), "sign": sign})


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
    return _rejects_broadcast(view)


def _add_linear(view: View) -> Struct:
    form = _linear_add(view)
    assert form is not None
    fields = {
        "first_factor": form.first_factor,
        "second_factor": form.second_factor,
        "constant": form.constant,
        "period": _period(view),
    }
    return Struct("struct add_linear_s8", fields)


def _rejects_broadcast(view: View) -> str | None:
    if elementwise.broadcast_period(view)[1] != view.output.elements:
        return "operands of different shapes"
    return None


def _rejects_unless_second_repeats(view: View) -> str | None:
    return None if elementwise.broadcast_period(view)[0] == 0 else "the first operand repeats"


def _rows(
    op: str, arguments: Callable[[View], Struct], folder: str | None = None
) -> tuple[Kernel, ...]:
    same = Kernel(
        f"{op}_s8_portable",
        folder or op,
        "portable",
        Style.PIXELS,
        arguments,
        rejects=_rejects_broadcast,
        data_inputs=(0, 1),
        streamed_inputs=(0, 1),
        reads_ahead=True,
        pixel_values=_period,
    )
    second_repeats = dataclasses.replace(
        same,
        name=f"{op}_broadcast_s8_portable",
        rejects=_rejects_unless_second_repeats,
        streamed_inputs=(0,),
    )
    first_repeats = dataclasses.replace(
        same,
        name=f"{op}_broadcast_s8_portable",
        rejects=lambda _: None,
        data_inputs=(1, 0),
        streamed_inputs=(1,),
    )
    return same, second_repeats, first_repeats


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


def _add_linear_row(isa: str) -> Kernel:
    return Kernel(
        f"add_s8_{isa}",
        "add",
        isa,
        Style.PIXELS,
        _add_linear,
        rejects=_rejects_unless_linear,
        data_inputs=(0, 1),
        streamed_inputs=(0, 1),
        reads_ahead=True,
        pixel_values=_period,
    )


_LINEAR = (_add_linear_row("simd"), _add_linear_row("dsp"))
ADD = (*_lookup_beside_constant(elementwise.ADD), *_LINEAR, *_rows("add", _add))
SUB = (*_lookup_beside_constant(elementwise.SUB), *_LINEAR, *_rows("sub", _sub))
MUL = (*_lookup_beside_constant(elementwise.MUL), *_rows("mul", _mul))
MAXIMUM = (
    *_lookup_beside_constant(elementwise.MAXIMUM),
    *_rows("maximum", _maximum_minimum, "maximum_minimum"),
)
MINIMUM = (
    *_lookup_beside_constant(elementwise.MINIMUM),
    *_rows("minimum", _maximum_minimum, "maximum_minimum"),
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
RELU = _lookup(lookup.RELU)
RELU6 = _lookup(lookup.RELU6)
LOGISTIC = _lookup(lookup.LOGISTIC)
HARD_SWISH = _lookup(curves.HARD_SWISH)
LEAKY_RELU = _lookup(curves.LEAKY_RELU)
TANH = _lookup(curves.TANH)
QUANTIZE = (
    *_lookup(lookup.QUANTIZE),
    Kernel("quantize_f32_s8_portable", "quantize", "portable", Style.WHOLE, _quantize_float),
)
