# SPDX-License-Identifier: Apache-2.0
"""The two reference interpreters agree, and the choice between them is the documented one."""

import sys
import types

import numpy as np
import pytest

from mcunet_tf.check import reference
from mcunet_tf.check.reference import Reference, random_inputs
from mcunet_tf.errors import ModelError, ToolError
from tests.ops.build_tflite import NONE, Net

STOCK = ("mlperf_kws_dscnn_int8", "mlperf_resnet8_int8", "person_detect_int8")


def needs(module: str):
    return pytest.importorskip(module, reason=f"{module} has no wheel for this Python")


@pytest.mark.parametrize("name", STOCK)
def test_both_references_agree(shared_models, name, monkeypatch):
    needs("tflite_runtime.interpreter")
    needs("tflite_micro")
    model = (shared_models / f"{name}.tflite").read_bytes()
    first = Reference(model)
    monkeypatch.setattr(reference, "_runtime_usable", lambda: False)
    micro = Reference(model)
    assert micro.version.startswith("tflite-micro")
    assert [(t.shape, t.dtype) for t in first.inputs] == [(t.shape, t.dtype) for t in micro.inputs]
    inputs = random_inputs(first, 2, seed=3)
    for a, b in zip(first.run(inputs), micro.run(inputs), strict=True):
        np.testing.assert_array_equal(a, b)


def test_reference_kernels_not_the_default_ones(shared_models):
    needs("tflite_runtime.interpreter")
    model = (shared_models / "mlperf_kws_dscnn_int8.tflite").read_bytes()
    assert Reference(model).version.endswith("BUILTIN_REF")


def test_old_files_go_to_tflite_micro(shared_models):
    needs("tflite_micro")
    model = (shared_models / "person_detect_int8.tflite").read_bytes()
    assert Reference(model).version.startswith("tflite-micro")


@pytest.mark.parametrize(("version", "usable"), [("2.19.1", True), ("2.20.0", False)])
def test_a_newer_tensorflow_in_the_process_rules_tflite_runtime_out(version, usable, monkeypatch):
    needs("tflite_runtime.interpreter")
    stand_in = types.SimpleNamespace(__version__=version)
    monkeypatch.setitem(sys.modules, "tensorflow", stand_in)
    assert reference._runtime_usable() is usable


def test_an_empty_model_is_a_model_error():
    with pytest.raises(ModelError, match="the reference interpreter rejects the model"):
        Reference(b"")


def test_without_any_interpreter_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr(reference, "_runtime_usable", lambda: False)
    monkeypatch.setitem(sys.modules, "tflite_micro", None)
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    with pytest.raises(
        ToolError,
        match=r"tflite_micro, which is not installed: pip install .mcunet_tf\[reference\]",
    ):
        Reference(b"abc")


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "float32", "bool"])
def test_random_inputs_have_the_tensors_type_and_range(dtype):
    spec = types.SimpleNamespace(inputs=[reference.TensorSpec("x", (1, 50, 50), dtype)])
    ((array,),) = random_inputs(spec, 1, seed=0)
    assert (array.shape, array.dtype.name) == ((1, 50, 50), dtype)
    if dtype.endswith("int8"):
        limits = np.iinfo(dtype)
        assert (array.min(), array.max()) == (limits.min, limits.max)


@pytest.mark.parametrize("rank", [2, 3, 4])
def test_dense_layers_of_any_rank_are_computed_as_tflite_does(rank):
    """tflite-runtime 2.14 is wrong for a scale per channel and more than two dimensions."""
    rng = np.random.default_rng(rank)
    shape = (1, 3, 2, 5)[4 - rank :] if rank > 2 else (1, 5)
    net = Net()
    source = net.tensor(shape, scale=0.1, zero_point=3)
    weights = net.constant(rng.integers(-127, 128, (4, 5)).astype(np.int8), scale=[0.01, 0.02] * 2)
    bias = net.constant(rng.integers(-99, 99, 4).astype(np.int32))
    output = net.tensor((*shape[:-1], 4), scale=0.2, zero_point=-5)
    options = {"FusedActivationFunction": NONE, "KeepNumDims": True}
    net.op("FULLY_CONNECTED", [source, weights, bias], [output], **options)
    model = net.build([source], [output])
    data = rng.integers(-128, 128, shape, np.int8)
    (got,) = Reference(model).run([(data,)])[0]
    sums = (data.astype(np.int64) - 3) @ np.asarray(_weights(net, weights), np.int64).T
    real = (sums + _weights(net, bias)) * 0.1 * np.float32([0.01, 0.02] * 2) / 0.2 - 5
    np.testing.assert_allclose(got, np.clip(real, -128, 127), atol=0.51)


def _weights(net, index):
    tensor = net.tensors[index]
    return np.frombuffer(tensor.data, tensor.dtype).reshape(tensor.shape)
