# SPDX-License-Identifier: Apache-2.0
"""Prints the call of CMSIS-NN's function for an operator: the wrapper that picks its fastest one.

Names and meaning of the arguments follow CMSIS-NN's `arm_nnfunctions.h`; the signatures of these
functions are the same in all releases from 4.0.0 on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from mcunet_tf.benchmark.runtimes.cmsis_nn.release import CmsisNn
from mcunet_tf.tinyengine import fixed_point
from mcunet_tf.tinyengine.kernel_tables.table import Blob, int8_blob, int32_blob
from mcunet_tf.tinyengine.ops import add, common, mul
from mcunet_tf.tinyengine.ops.depthwise_conv2d import depth_multiplier
from mcunet_tf.tinyengine.ops.softmax import SCALED_DIFFERENCE_INTEGER_BITS
from mcunet_tf.tinyengine.ops.spec import Array, View


@dataclass(frozen=True, eq=False)
class Call:
    """One operator as a call of CMSIS-NN.

    Attributes:
        function: which one.
        arguments: C expressions; `{in0}`, `{in1}` and `{out}` stand for the tensors' addresses,
            `{symbol}` for the layer's prefix.
        definitions: (C type, suffix, initialiser) of what the arguments point to.
        constants: arrays in flash by suffix.
        buffer_size: C expression of the scratch the function asks for, or "".
        context: whether the first argument is a `cmsis_nn_context` with that scratch.
        context_constant: suffix of the array that the context holds instead of scratch, or "".
        inputs: positions of the operands that are passed as pointers.
        status: whether the function says if it worked.
    """

    function: str
    arguments: tuple[str, ...]
    definitions: tuple[tuple[str, str, str], ...] = ()
    constants: Mapping[str, Blob] = field(default_factory=dict)
    buffer_size: str = ""
    context: bool = False
    context_constant: str = ""
    inputs: tuple[int, ...] = (0,)
    status: bool = True


def make_call(library: CmsisNn, view: View, isa: tuple[str, ...]) -> Call | None:
    """The call for an operator on int8, or None where this copy has no function for it."""
    maker = _MAKERS.get(view.op.kind) if view.output.dtype == "int8" else None
    call = maker(library, view, isa) if maker else None
    return call if call and library.has(call.function) else None


def _dims(n: int, h: int, w: int, c: int) -> str:
    return f"{{{n}, {h}, {w}, {c}}}"


def _shape(shape: tuple[int, ...]) -> str:
    return _dims(shape[0], shape[1], shape[2], shape[3])


def _clamp(view: View) -> str:
    low, high = common.activation_range(view.attributes.activation, view.output)
    return f"{{{low}, {high}}}"


def _offsets(view: View) -> str:
    return f"{-view.input(0).zero_point}, {view.output.zero_point}"


def _geometry(view: View) -> str:
    a = view.attributes
    stride = f"{{{a.stride_width}, {a.stride_height}}}"
    return f"{stride}, {{{a.padding.left}, {a.padding.top}}}"


def _dilation(view: View) -> str:
    return f"{{{view.attributes.dilation_width}, {view.attributes.dilation_height}}}"


def _channel_constants(view: View, channels: int) -> dict[str, Blob]:
    multiplier, shift = common.channel_multipliers(view, channels)
    return {
        "weights": int8_blob(view.constant(1)),
        "bias": int32_blob(common.bias_values(view, channels)),
        "multiplier": int32_blob(multiplier),
        "shift": int32_blob(shift),
    }


def _definitions(
    kind: str, params: str, input_dims: str, filter_dims: str, output_dims: str, channels: int
) -> tuple[tuple[str, str, str], ...]:
    # The structs point to variables; nothing is ever written through them.
    quant = "{(int32_t *)(uintptr_t){symbol}_multiplier, (int32_t *)(uintptr_t){symbol}_shift}"
    return (
        (kind, "params", params),
        ("cmsis_nn_per_channel_quant_params", "quant", quant),
        ("cmsis_nn_dims", "input", input_dims),
        ("cmsis_nn_dims", "filter", filter_dims),
        ("cmsis_nn_dims", "bias_dims", _dims(1, 1, 1, channels)),
        ("cmsis_nn_dims", "output", output_dims),
    )


_WEIGHTED = (
    "&{symbol}_params",
    "&{symbol}_quant",
    "&{symbol}_input",
    "{in0}",
    "&{symbol}_filter",
    "{symbol}_weights",
    "&{symbol}_bias_dims",
    "{symbol}_bias",
    "&{symbol}_output",
    "{out}",
)


def _size_of(function: str) -> str:
    dims = "&{symbol}_params, &{symbol}_input, &{symbol}_filter, &{symbol}_output"
    return f"{function}_get_buffer_size({dims})"


def conv2d_call(_: CmsisNn, view: View, __: tuple[str, ...]) -> Call:
    """A convolution."""
    channels = view.output.shape[3]
    params = f"{{{_offsets(view)}, {_geometry(view)}, {_dilation(view)}, {_clamp(view)}}}"
    definitions = _definitions(
        "cmsis_nn_conv_params",
        params,
        _shape(view.input(0).shape),
        _shape(view.input(1).shape),
        _shape(view.output.shape),
        channels,
    )
    return Call(
        "arm_convolve_wrapper_s8",
        _WEIGHTED,
        definitions,
        _channel_constants(view, channels),
        _size_of("arm_convolve_wrapper_s8"),
        context=True,
    )


def depthwise_conv2d_call(_: CmsisNn, view: View, __: tuple[str, ...]) -> Call:
    """A depthwise convolution."""
    channels = view.output.shape[3]
    params = (
        f"{{{_offsets(view)}, {depth_multiplier(view)}, {_geometry(view)}, {_dilation(view)}, "
        f"{_clamp(view)}}}"
    )
    definitions = _definitions(
        "cmsis_nn_dw_conv_params",
        params,
        _shape(view.input(0).shape),
        _shape(view.input(1).shape),
        _shape(view.output.shape),
        channels,
    )
    return Call(
        "arm_depthwise_conv_wrapper_s8",
        _WEIGHTED,
        definitions,
        _channel_constants(view, channels),
        _size_of("arm_depthwise_conv_wrapper_s8"),
        context=True,
    )


def fully_connected_call(library: CmsisNn, view: View, isa: tuple[str, ...]) -> Call:
    """A matrix product by constants."""
    out_features, in_features = view.input(1).shape
    multiplier, shift = common.channel_multipliers(view, out_features)
    alike = bool(np.all(multiplier == multiplier[0]) and np.all(shift == shift[0]))
    if not alike and not library.has("arm_fully_connected_per_channel_s8"):
        return _fully_connected_as_conv2d(view)
    constants = _channel_constants(view, out_features)
    params = f"{{{-view.input(0).zero_point}, 0, {view.output.zero_point}, {_clamp(view)}}}"
    rows = view.output.elements // out_features
    definitions = _definitions(
        "cmsis_nn_fc_params",
        params,
        _dims(rows, 1, 1, in_features),
        _dims(in_features, 1, 1, out_features),
        _dims(rows, 1, 1, out_features),
        out_features,
    )
    function = "arm_fully_connected_per_channel_s8"
    if alike:
        function = "arm_fully_connected_s8"
        quant = f"{{{multiplier[0]}, {shift[0]}}}"
        per_tensor = ("cmsis_nn_per_tensor_quant_params", "quant", quant)
        definitions = (definitions[0], per_tensor, *definitions[2:])
        constants = {name: constants[name] for name in ("weights", "bias")}
    sums = _kernel_sums(library, view) if "mve" in isa else None
    if sums is not None:
        constants = {**constants, "sums": int32_blob(sums)}
    return Call(
        function,
        _WEIGHTED,
        definitions,
        constants,
        context=True,
        context_constant="" if sums is None else "sums",
    )


def _kernel_sums(library: CmsisNn, view: View) -> Array | None:
    """The sums of weights that the Helium kernels take, as `arm_vector_sum_s8` would compute them.

    Its parameters tell the release: four sum the weights (5.x), more fold offset and bias in.
    """
    parameters = library.parameters("arm_vector_sum_s8")
    if parameters == 0:
        return None
    sums: Array = np.asarray(view.constant(1), np.int64).sum(axis=1)
    if parameters == 4:
        return sums
    folded: Array = common.bias_values(view, len(sums)) - view.input(0).zero_point * sums
    return folded.astype(np.int32)


def _fully_connected_as_conv2d(view: View) -> Call:
    """A 1 x 1 convolution over the rows: releases before 7 know only one scale for all features."""
    out_features, in_features = view.input(1).shape
    params = f"{{{_offsets(view)}, {{1, 1}}, {{0, 0}}, {{1, 1}}, {_clamp(view)}}}"
    rows = view.output.elements // out_features
    definitions = _definitions(
        "cmsis_nn_conv_params",
        params,
        _dims(1, 1, rows, in_features),
        _dims(out_features, 1, 1, in_features),
        _dims(1, 1, rows, out_features),
        out_features,
    )
    return Call(
        "arm_convolve_wrapper_s8",
        _WEIGHTED,
        definitions,
        _channel_constants(view, out_features),
        _size_of("arm_convolve_wrapper_s8"),
        context=True,
    )


def pool2d_call(function: str) -> Callable[[CmsisNn, View, tuple[str, ...]], Call]:
    """What makes the call of a pooling."""

    def make(_: CmsisNn, view: View, __: tuple[str, ...]) -> Call:
        kernel = (view.attributes.kernel_height, view.attributes.kernel_width)
        definitions = (
            ("cmsis_nn_pool_params", "params", f"{{{_geometry(view)}, {_clamp(view)}}}"),
            ("cmsis_nn_dims", "input", _shape(view.input(0).shape)),
            ("cmsis_nn_dims", "filter", _dims(1, *kernel, 1)),
            ("cmsis_nn_dims", "output", _shape(view.output.shape)),
        )
        arguments = (
            *("&{symbol}_params", "&{symbol}_input", "{in0}"),
            *("&{symbol}_filter", "&{symbol}_output", "{out}"),
        )
        width, channels = view.output.shape[2:]
        size = f"{function}_get_buffer_size({width}, {channels})"
        average = function == "arm_avgpool_s8"
        return Call(
            function, arguments, definitions, buffer_size=size if average else "", context=True
        )

    return make


def _numbers(*values: int) -> tuple[str, ...]:
    return tuple(map(str, values))


def _same_size(view: View) -> bool:
    return all(view.input(i).elements == view.output.elements for i in (0, 1))


def add_call(_: CmsisNn, view: View, __: tuple[str, ...]) -> Call | None:
    """A sum of two tensors of one shape."""
    if not _same_size(view):
        return None
    parameters = add.add_parameters(view)
    low, high = common.activation_range(view.attributes.activation, view.output)
    first, second = (-view.input(i).zero_point for i in (0, 1))
    arguments = (
        *("{in0}", "{in1}"),
        *_numbers(first, *parameters.first),
        *_numbers(second, *parameters.second, add.add_left_shift(view)),
        "{out}",
        *_numbers(view.output.zero_point, *parameters.output, low, high, view.output.elements),
    )
    return Call("arm_elementwise_add_s8", arguments, inputs=(0, 1))


def mul_call(_: CmsisNn, view: View, __: tuple[str, ...]) -> Call | None:
    """A product of two tensors of one shape."""
    if not _same_size(view):
        return None
    low, high = common.activation_range(view.attributes.activation, view.output)
    offsets = _numbers(*(-view.input(i).zero_point for i in (0, 1)))
    scale = mul.mul_parameters(view)
    arguments = (
        *("{in0}", "{in1}", *offsets, "{out}"),
        *_numbers(view.output.zero_point, *scale, low, high, view.output.elements),
    )
    return Call("arm_elementwise_mul_s8", arguments, inputs=(0, 1))


def _softmax(_: CmsisNn, view: View, __: tuple[str, ...]) -> Call:
    bits = 31 - SCALED_DIFFERENCE_INTEGER_BITS
    real = min(view.attributes.beta * view.input(0).scale * (1 << bits), (1 << 31) - 1.0)
    multiplier, shift = fixed_point.quantize_multiplier(real)
    radius = fixed_point.input_radius(SCALED_DIFFERENCE_INTEGER_BITS, shift)
    depth = view.input(0).shape[-1]
    rows = view.input(0).elements // depth
    arguments = ("{in0}", *_numbers(rows, depth, multiplier, shift, -radius), "{out}")
    return Call("arm_softmax_s8", arguments, status=False)


_MAKERS: dict[str, Callable[[CmsisNn, View, tuple[str, ...]], Call | None]] = {
    "CONV_2D": conv2d_call,
    "DEPTHWISE_CONV_2D": depthwise_conv2d_call,
    "FULLY_CONNECTED": fully_connected_call,
    "AVERAGE_POOL_2D": pool2d_call("arm_avgpool_s8"),
    "MAX_POOL_2D": pool2d_call("arm_max_pool_s8"),
    "ADD": add_call,
    "MUL": mul_call,
    "SOFTMAX": _softmax,
}
