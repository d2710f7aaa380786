# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of ADD, MUL and the operators that are compiled to a table of bytes."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

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


def _add(view: View) -> Struct:
    parameters = elementwise.add_parameters(view)
    scales = (parameters.first, parameters.second)
    first, second = (
        (*scales[position], view.input(position).zero_point) for position in _operand_order(view)
    )
    fields = {
        "first": first,
        "second": second,
        "out_multiplier": parameters.output[0],
        "out_shift": parameters.output[1],
        **output_fields(view),
        "period": _period(view),
    }
    return Struct("struct add_s8", fields)


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
    first: Quantization, second: Quantization, output: Quantization, activation: str
) -> LinearAdd | None:
    """The linear form of an ADD; layers of equal scales share one proof."""
    values = np.arange(-128, 128).astype(np.int8)
    tensors = tuple(
        Tensor("operand", (256, 256), "int8", quantization)
        for quantization in (first, second, output)
    )
    op = Op("ADD", "add", (0, 1), (2,), elementwise.ElementwiseAttributes(activation))
    grid = np.broadcast_arrays(values[:, None], values[None, :])
    table = elementwise.ADD.evaluate(View(op, tensors[:2], tensors[2:]), grid)
    scale = output.scale[0]
    return linear_add(table.astype(np.int64), first.scale[0] / scale, second.scale[0] / scale)


def _linear_add(view: View) -> LinearAdd | None:
    quantizations = [t.quantization for t in (view.input(0), view.input(1), view.output)]
    first, second, output = (q for q in quantizations if q is not None)
    return _linear_form(first, second, output, view.attributes.activation)


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


def _rows(op: str, arguments: Callable[[View], Struct]) -> tuple[Kernel, ...]:
    same = Kernel(
        f"{op}_s8_portable",
        op,
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


def _lookup(spec: OpSpec) -> tuple[Kernel, ...]:
    def arguments(view: View) -> Struct:
        table = uint8_blob(lookup.byte_table(view, spec.evaluate))
        return Struct(
            "struct lookup_x8", {"table": table, "channels": channels_or_everything(view)}
        )

    def rejects(view: View) -> str | None:
        return "a float32 input" if view.input(0).dtype == "float32" else None

    row = Kernel(
        "lookup_x8_portable",
        "lookup",
        "portable",
        Style.PIXELS,
        arguments,
        rejects=rejects,
        reads_ahead=True,
    )
    return (row,)


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


ADD = (_add_linear_row("simd"), _add_linear_row("dsp"), *_rows("add", _add))
MUL = _rows("mul", _mul)
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
