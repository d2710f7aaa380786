# SPDX-License-Identifier: Apache-2.0
"""The two reference interpreters agree, and the choice between them is the documented one."""

import sys
import types

import numpy as np
import pytest

from mcunet_tf.check import reference
from mcunet_tf.check.engines import TensorSpec
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


def test_matrix_products_of_int16_are_left_to_tflite_micro():
    """Beside a REDUCE_MAX of int16, which that has not: one line, not a difference of one step."""
    needs("tflite_runtime.interpreter")
    needs("tflite_micro")
    net = Net()
    rng = np.random.default_rng(0)
    x = net.tensor((1, 3, 8), dtype="int16", scale=1e-4)
    most = net.tensor((1, 8), dtype="int16", scale=1e-4)
    weights = net.constant(rng.integers(-127, 128, (4, 8)).astype(np.int8), scale=0.004)
    y = net.tensor((1, 4), dtype="int16", scale=2e-4)
    net.op("REDUCE_MAX", [x, net.constant(np.array([1], np.int32))], [most], KeepDims=False)
    net.op("FULLY_CONNECTED", [most, weights, -1], [y], FusedActivationFunction=NONE)
    with pytest.raises(ModelError, match="the reference interpreter"):
        model = Reference(net.build([x], [y]))
        model.run(random_inputs(model, 2, seed=1))


def five_dimensional() -> bytes:
    """A product of 5-D tensors, one of them repeated, which ends tflite-runtime's process."""
    net = Net()
    left = net.tensor((1, 2, 3, 4, 2), scale=0.1, zero_point=1)
    right = net.tensor((1, 1, 3, 4, 2), scale=0.1, zero_point=-2)
    out = net.tensor((1, 2, 3, 4, 2), scale=1.0, zero_point=3)
    net.op("MUL", [left, right], [out], FusedActivationFunction=NONE)
    return net.build([left, right], [out])


def test_an_interpreter_that_aborts_makes_way_for_the_other():
    needs("tflite_runtime.interpreter")
    needs("tflite_micro")
    model = Reference(five_dimensional())
    inputs = random_inputs(model, 2, seed=1)
    outputs = model.run(inputs)
    assert model.version.startswith("tflite-micro")
    for (left, right), (got,) in zip(inputs, outputs, strict=True):
        real = (left.astype(int) - 1) * (right.astype(int) + 2) * 0.01 + 3
        np.testing.assert_allclose(got, np.clip(real, -128, 127), atol=0.51)


def test_where_all_abort_one_line_says_how(monkeypatch):
    monkeypatch.setattr(reference, "_usable", lambda model: ["tflite_micro"])
    code = "import os, sys; print('so be it', file=sys.stderr); sys.stderr.flush(); os.abort()"
    monkeypatch.setattr(reference, "_CODE", code)
    monkeypatch.setitem(reference._CHILDREN, "tflite_micro", reference._Child("tflite_micro"))
    with pytest.raises(ModelError) as told:
        Reference(five_dimensional())
    assert "\n" not in str(told.value)
    assert str(told.value).endswith(
        "tflite_micro: it died of the model (SIGABRT, its last line: so be it)"
    )


def test_an_interpreter_that_does_not_answer_is_ended(monkeypatch):
    monkeypatch.setattr(reference, "_usable", lambda model: ["tflite_micro"])
    monkeypatch.setattr(reference, "TIMEOUT_S", 0.5)
    monkeypatch.setattr(reference, "_CODE", "import time; time.sleep(60)")
    monkeypatch.setitem(reference._CHILDREN, "tflite_micro", reference._Child("tflite_micro"))
    with pytest.raises(ModelError, match="did not answer within"):
        Reference(five_dimensional())


def test_the_next_model_finds_the_interpreter_alive_again():
    needs("tflite_micro")
    for _ in range(2):
        Reference(five_dimensional()).run([])
        with pytest.raises(ModelError):
            Reference(b"nothing")


def test_models_take_turns():
    """One process serves them all: whichever was asked last, each gives its own outputs."""
    models = [Reference(five_dimensional()), Reference(dense((1, 5), 0)[0])]
    inputs = [random_inputs(model, 1, seed=0) for model in models]
    first = [model.run(given) for model, given in zip(models, inputs, strict=True)]
    again = [model.run(given) for model, given in zip(models, inputs, strict=True)]
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_newer_tensorflow_in_this_process_changes_nothing(monkeypatch, shared_models):
    """In one process with tflite-runtime it would; the interpreter has a process of its own."""
    needs("tflite_runtime.interpreter")
    monkeypatch.setitem(sys.modules, "tensorflow", types.SimpleNamespace(__version__="2.20.0"))
    model = (shared_models / "mlperf_kws_dscnn_int8.tflite").read_bytes()
    assert Reference(model).version.endswith("BUILTIN_REF")


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
    spec = types.SimpleNamespace(inputs=[TensorSpec("x", (1, 50, 50), dtype)])
    ((array,),) = random_inputs(spec, 1, seed=0)
    assert (array.shape, array.dtype.name) == ((1, 50, 50), dtype)
    if dtype.endswith("int8"):
        limits = np.iinfo(dtype)
        assert (array.min(), array.max()) == (limits.min, limits.max)


def dense(shape: tuple[int, ...], seed: int):
    """A dense layer of four channels with scales of their own; (model, weights, bias)."""
    rng = np.random.default_rng(seed)
    net = Net()
    source = net.tensor(shape, scale=0.1, zero_point=3)
    weights = rng.integers(-127, 128, (4, 5)).astype(np.int8)
    bias = rng.integers(-99, 99, 4).astype(np.int32)
    output = net.tensor((*shape[:-1], 4), scale=0.2, zero_point=-5)
    constants = [net.constant(weights, scale=[0.01, 0.02] * 2), net.constant(bias)]
    options = {"FusedActivationFunction": NONE, "KeepNumDims": True}
    net.op("FULLY_CONNECTED", [source, *constants], [output], **options)
    return net.build([source], [output]), weights, bias


@pytest.mark.parametrize("rank", [2, 3, 4])
def test_dense_layers_of_any_rank_are_computed_as_tflite_does(rank):
    """tflite-runtime 2.14 is wrong for a scale per channel and more than two dimensions."""
    shape = (1, 3, 2, 5)[4 - rank :] if rank > 2 else (1, 5)
    model, weights, bias = dense(shape, rank)
    data = np.random.default_rng(rank).integers(-128, 128, shape, np.int8)
    (got,) = Reference(model).run([(data,)])[0]
    sums = (data.astype(np.int64) - 3) @ weights.astype(np.int64).T
    real = (sums + bias) * 0.1 * np.float32([0.01, 0.02] * 2) / 0.2 - 5
    np.testing.assert_allclose(got, np.clip(real, -128, 127), atol=0.51)
