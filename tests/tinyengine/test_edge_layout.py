# SPDX-License-Identifier: Apache-2.0
"""Networks of other frameworks, channels first, take and give images with channels last."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.check.verify import verify_on_host
from mcunet_tf.errors import McunetError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate
from tests.ops.build_tflite import NONE, SAME, Net

_FIRST, _LAST = (0, 3, 1, 2), (0, 2, 3, 1)


def channels_first(*, twice: bool = False, dtype: str = "int8") -> bytes:
    """A convolution between transposes; `twice`: the input is read in its own order too."""
    rng = np.random.default_rng(0)
    net = Net()
    scaled = {"scale": 0.1} if dtype == "int8" else {"scale": None, "dtype": dtype}
    x, y = net.tensor((1, 3, 8, 6), **scaled), net.tensor((1, 4, 8, 6), **scaled)
    turned, made = net.tensor((1, 8, 6, 3), **scaled), net.tensor((1, 8, 6, 4), **scaled)
    if dtype == "int8":
        weights = rng.integers(-99, 99, (4, 3, 3, 3)).astype(np.int8)
        filters = net.tensor(weights.shape, scale=0.01, data=weights)
    else:
        filters = net.constant(rng.normal(0, 1, (4, 3, 3, 3)).astype(np.float32))
    window = {"StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1}
    net.op("TRANSPOSE", [x, net.constant(np.array(_LAST, np.int32))], [turned])
    net.op("CONV_2D", [turned, filters, -1], [made], Padding=SAME,
           FusedActivationFunction=NONE, **window)  # fmt: skip
    net.op("TRANSPOSE", [made, net.constant(np.array(_FIRST, np.int32))], [y])
    outputs = [y]
    if twice:
        outputs.append(net.tensor((1, 3, 8, 6), **scaled))
        net.op("RELU", [x], [outputs[1]])
    return net.build([x], outputs)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_transposes_of_the_edges_are_left_to_the_application(dtype):
    model = channels_first(dtype=dtype)
    plain = compile_tflite(model, "host", name="m")
    compiled = compile_tflite(model, "host", name="m", layout="nhwc")
    assert [op.kind.removesuffix("_F32") for op in compiled.graph.ops] == ["CONV_2D"]
    (given,), (made,) = compiled.inputs, compiled.outputs
    assert (given.shape, given.axes) == ((1, 8, 6, 3), _LAST)
    assert (made.shape, made.axes) == ((1, 8, 6, 4), _LAST)
    assert plain.inputs[0].shape == (1, 3, 8, 6) and plain.inputs[0].axes == ()
    assert compiled.arena_bytes <= plain.arena_bytes
    assert verify_on_host(compiled, model, 3, 0).inputs == 3


def test_values_are_those_of_the_other_order():
    model = channels_first()
    plain = compile_tflite(model, "host", name="m").graph
    turned = compile_tflite(model, "host", name="m", layout="nhwc").graph
    image = np.random.default_rng(1).integers(-128, 128, (1, 3, 8, 6)).astype(np.int8)
    (wanted,) = evaluate(plain, (image,))
    (got,) = evaluate(turned, (image.transpose(_LAST),))
    np.testing.assert_array_equal(got, wanted.transpose(_LAST))


def test_an_input_that_is_read_in_its_own_order_stays():
    compiled = compile_tflite(channels_first(twice=True), "host", name="m", layout="nhwc")
    assert compiled.inputs[0].axes == () and compiled.outputs[0].axes == _LAST
    assert verify_on_host(compiled, channels_first(twice=True), 2, 0).inputs == 2


def test_rows_of_such_an_image_can_be_pushed():
    """In the model's order each row would be one of a channel."""
    compiled = compile_tflite(channels_first(), "host", name="m", layout="nhwc", input_mode="rows")
    assert "#define M_INPUT_0_ROWS 8" in compiled.files["m.h"]


def test_an_unknown_layout_is_named():
    with pytest.raises(McunetError, match="layout 'nchw' is unknown: use one of model, nhwc"):
        compile_tflite(channels_first(), "host", layout="nchw")
