# SPDX-License-Identifier: Apache-2.0
"""The calls of CMSIS-NN's functions for int16 activations, of releases that have them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from mcunet_tf.benchmark.runtimes.cmsis_nn import functions
from mcunet_tf.benchmark.runtimes.cmsis_nn.functions import Call
from mcunet_tf.benchmark.runtimes.cmsis_nn.release import CmsisNn
from mcunet_tf.tinyengine.kernel_tables.table import Blob, int32_blob, int64_blob
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import View

_IN, _OUT = "(const int16_t *)(const void *)({in%d})", "(int16_t *)(void *)({out})"


def make_call(library: CmsisNn, view: View, isa: tuple[str, ...]) -> Call | None:
    """The call for an operator on int16, or None where the release has no function for it."""
    maker = _MAKERS.get(view.op.kind)
    return maker(library, view, isa) if maker else None


def _with_int16(call: Call, *names: tuple[str, str]) -> Call:
    """A call for int8 with tensors of int16 and other functions."""
    places = {"{in0}": _IN % 0, "{in1}": _IN % 1, "{out}": _OUT}
    function, size = call.function, call.buffer_size
    for old, new in names:
        function, size = function.replace(old, new), size.replace(old, new)
    arguments = tuple(places.get(argument, argument) for argument in call.arguments)
    return dataclasses.replace(call, function=function, arguments=arguments, buffer_size=size)


def _bias(view: View, call: Call, *, tagged: bool) -> Call | None:
    """Biases as they are: a struct says which type, or all are int64."""
    narrow = not common.sums_are_wide(view)
    if narrow and not tagged:
        return None
    values = common.bias_values(view, view.output.shape[-1])
    blob: Blob = int32_blob(values) if narrow else int64_blob(values)
    made = dataclasses.replace(call, constants={**call.constants, "bias": blob})
    if not tagged:
        return made
    kind = ("cmsis_nn_bias_data", "bias_data", f"{{{{symbol}}_bias, {str(narrow).lower()}}}")
    arguments = tuple(
        "&{symbol}_bias_data" if argument == "{symbol}_bias" else argument
        for argument in made.arguments
    )
    return dataclasses.replace(made, definitions=(*made.definitions, kind), arguments=arguments)


def _conv2d(library: CmsisNn, view: View, isa: tuple[str, ...]) -> Call | None:
    call = _with_int16(functions.conv2d_call(library, view, isa), ("_s8", "_s16"))
    return _bias(view, call, tagged=True)


def _depthwise_conv2d(library: CmsisNn, view: View, isa: tuple[str, ...]) -> Call | None:
    call = _with_int16(functions.depthwise_conv2d_call(library, view, isa), ("_s8", "_s16"))
    return _bias(view, call, tagged=False)


def _fully_connected(library: CmsisNn, view: View, _: tuple[str, ...]) -> Call | None:
    multiplier, shift = common.channel_multipliers(view, view.input(1).shape[0])
    if not (np.all(multiplier == multiplier[0]) and np.all(shift == shift[0])):
        return None
    # Its sums of weights, for Helium, are those of int8 only.
    call = _with_int16(functions.fully_connected_call(library, view, ()), ("_s8", "_s16"))
    size = "arm_fully_connected_s16_get_buffer_size(&{symbol}_filter)"
    return _bias(view, dataclasses.replace(call, buffer_size=size), tagged=False)


def _from_int8(
    make: Callable[[CmsisNn, View, tuple[str, ...]], Call | None],
) -> Callable[[CmsisNn, View, tuple[str, ...]], Call | None]:
    def make_s16(library: CmsisNn, view: View, isa: tuple[str, ...]) -> Call | None:
        call = make(library, view, isa)
        return call and _with_int16(call, ("_s8", "_s16"))

    return make_s16


_MAKERS: dict[str, Callable[[CmsisNn, View, tuple[str, ...]], Call | None]] = {
    "CONV_2D": _conv2d,
    "DEPTHWISE_CONV_2D": _depthwise_conv2d,
    "FULLY_CONNECTED": _fully_connected,
    "AVERAGE_POOL_2D": _from_int8(functions.pool2d_call("arm_avgpool_s8")),
    "MAX_POOL_2D": _from_int8(functions.pool2d_call("arm_max_pool_s8")),
    "ADD": _from_int8(functions.add_call),
    "MUL": _from_int8(functions.mul_call),
}
