# SPDX-License-Identifier: Apache-2.0
"""Inputs and outputs keep the names of the file, in the header, in its functions and in Python."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.emit.names import function_names
from tests.ops.build_tflite import NONE, Net, build_model
from tests.ops.case import Case
from tests.ops.programs import run_on_host


def mixer(dtype: str = "int8") -> tuple[Net, list[int], int]:
    """A minus B, in the order that a converter happened to give: B first."""
    net = Net()
    scale = 0.1 if dtype == "int8" else None
    b = net.tensor((1, 4), scale=scale, dtype=dtype, name="serving_default_keras_tensor_7:0")
    a = net.tensor((1, 4), scale=scale, dtype=dtype, name="serving_default_keras_tensor_3:0")
    y = net.tensor((1, 4), scale=scale, dtype=dtype, name="StatefulPartitionedCall:0")
    net.op("SUB", [a, b], [y], FusedActivationFunction=NONE)
    return net, [b, a], y


def signed(dtype: str = "int8") -> bytes:
    net, inputs, y = mixer(dtype)
    names = ({"background": inputs[0], "image": inputs[1]}, {"mask": y})
    return build_model([(net, inputs, [y])], signatures=[("serving_default", 0, names)])


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_the_signature_names_edges(dtype):
    compiled = compile_tflite(signed(dtype), "host", name="m")
    assert [info.name for info in compiled.inputs] == ["background", "image"]
    assert [info.name for info in compiled.outputs] == ["mask"]
    header = compiled.files["m.h"]
    for text in ("/* Input 1: image, ", "*m_input_image(void *arena)", "*m_output_mask(const void"):
        assert text in header


def test_without_a_signature_the_tensors_do():
    net, inputs, y = mixer()
    compiled = compile_tflite(net.build(inputs, [y]), "host", name="m")
    assert compiled.inputs[1].name == "serving_default_keras_tensor_3:0"
    assert "*m_input_keras_tensor_3(void *arena)" in compiled.files["m.h"]
    assert "m_output_Stateful" not in compiled.files["m.h"]


def test_float_edges_that_are_left_to_the_application_keep_their_names():
    net = Net()
    x, y = (net.tensor((1, 4), scale=None, dtype="float32") for _ in range(2))
    a, b = net.tensor((1, 4), scale=0.1), net.tensor((1, 4), scale=0.1)
    net.op("QUANTIZE", [x], [a])
    net.op("RELU", [a], [b])
    net.op("DEQUANTIZE", [b], [y])
    names = ({"sound": x}, {"words": y})
    model = build_model([(net, [x], [y])], signatures=[("serving_default", 0, names)])
    compiled = compile_tflite(model, "host", name="m")
    (given,), (made,) = compiled.inputs, compiled.outputs
    assert (given.name, given.dtype, made.name, made.dtype) == ("sound", "int8", "words", "int8")


def test_the_named_functions_are_the_numbered_ones():
    """The emitted header compiles, and both functions give one address."""
    case = Case("", "named", signed())
    ((job, outputs),) = run_on_host([case], "host")
    b, a = job.inputs[0]
    np.testing.assert_array_equal(outputs[0][0], np.clip(a.astype(int) - b, -128, 127))


def test_what_is_no_name_in_c_has_none():
    names = ("a b", "a_b", "0", "input_1", "Identity", "", "größe", "x" * 60, "Left", "left", "t7")
    assert function_names(names) == ("", "", "", "", "", "", "gr_e", "", "", "", "")
