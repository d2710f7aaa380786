# SPDX-License-Identifier: Apache-2.0
"""Files that are damaged, foreign or beyond us give one clear error, whatever is in them."""

from __future__ import annotations

import contextlib
import itertools
import re
import resource
import struct
import time
from collections import Counter

import numpy as np
import pytest
import tflite

from mcunet_tf.errors import McunetError, ModelError, UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.legality import MAX_ACTIVATION_BYTES, MAX_ALL_ACTIVATIONS_BYTES
from mcunet_tf.tinyengine.read_tflite import MAX_TENSOR_BYTES, read_tflite
from tests.ops import build_tflite
from tests.ops.build_tflite import NONE, SAME, Net, build_model
from tests.ops.case import Case
from tests.ops.programs import run_on_host
from tests.tinyengine.damage import read_net, spoil_bytes, spoil_meaning
from tests.tinyengine.small_models import damage_bases, small_network, two_subgraphs

BYTE_MUTATIONS = 1500
MEANING_MUTATIONS = 1500
PARTS = 6
CPU_SECONDS_PER_FILE = 10.0
EXTRA_MEMORY_BYTES = 2 << 30


def message(model: bytes, kind: type[McunetError] = ModelError, **options) -> str:
    """The one line that compiling the bytes ends with."""
    with pytest.raises(kind) as caught:
        compile_tflite(model, "host", **options)
    text = str(caught.value)
    assert "\n" not in text and text == text.strip()
    return text


def relu_net(shape=(1, 4, 4, 2), **more) -> tuple[Net, int, int]:
    """A network of one RELU; `more` describes both tensors."""
    net = Net()
    x, y = (net.tensor(shape, **{"scale": 0.1} | more) for _ in range(2))
    net.op("RELU", [x], [y])
    return net, x, y


# Foreign and damaged files


def test_small_network_compiles():
    """What the damage below is done to is sound."""
    compiled = compile_tflite(small_network(), "host", name="small")
    assert compiled.macs == 6 * 6 * 3 * 9 * (2 + 3) + 24


@pytest.mark.parametrize("size", [0, 1, 7, 8, 15])
def test_a_file_of_few_bytes_is_no_model(size):
    assert "identifier TFL3 missing" in message(small_network()[:size])


def test_another_identifier_is_no_model():
    net, x, y = relu_net()
    model = net.build([x], [y], identifier=b"TFL2")
    assert "identifier TFL3 missing" in message(model)
    assert "export it with tf.lite.TFLiteConverter" in message(model)


def test_another_schema_version_is_refused():
    net, x, y = relu_net()
    assert "schema version 2 instead of 3" in message(net.build([x], [y], version=2))


def test_truncations_are_model_errors():
    """Up to the last bytes of the file, which hold the end of a name."""
    model = small_network()
    for size in range(0, len(model) - 16, 7):
        assert message(model[:size]), f"{size} of {len(model)} bytes"


def vectors(model: bytes) -> dict[str, int]:
    """Where the length of a vector lies in a file, for every kind of vector that is walked.

    Operator codes and buffers are looked up by index, and names are cut: their length is no danger.
    Slots are those of the schema.
    """
    root = tflite.Model.GetRootAsModel(model, 0)
    graph = root.Subgraphs(0)
    weights = next(
        graph.Tensors(i)
        for i in range(graph.TensorsLength())
        if graph.Tensors(i).Quantization() and graph.Tensors(i).Quantization().ScaleLength() > 1
    )
    tables = {
        "subgraphs": (root, 8),
        "tensors": (graph, 4),
        "inputs": (graph, 6),
        "outputs": (graph, 8),
        "operators": (graph, 10),
        "operator inputs": (graph.Operators(0), 6),
        "operator outputs": (graph.Operators(0), 8),
        "shape": (weights, 4),
        "data": (root.Buffers(weights.Buffer()), 4),
        "scales": (weights.Quantization(), 8),
        "zero points": (weights.Quantization(), 10),
    }
    return {
        name: table._tab.Vector(table._tab.Offset(slot)) - 4
        for name, (table, slot) in tables.items()
    }


@pytest.mark.parametrize("vector", vectors(small_network()))
@pytest.mark.parametrize("length", [1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1])
def test_lengths_beyond_the_file_are_not_believed(vector, length):
    model = bytearray(small_network())
    struct.pack_into("<I", model, vectors(bytes(model))[vector], length)
    with memory_limit():
        assert "the file is damaged" in message(bytes(model))


def test_a_tensor_of_two_gigabytes_is_refused():
    shape = (1, 1 << 15, 1 << 15, 2)
    net, x, y = relu_net(shape)
    with memory_limit():
        assert "beyond any microcontroller" in message(net.build([x], [y]))
    assert 2 * MAX_ACTIVATION_BYTES <= MAX_TENSOR_BYTES


def test_tensors_that_no_microcontroller_holds_are_refused():
    net, x, y = relu_net((1, 3000, 3000, 1))
    assert "tensor 't0': it takes 9000000 B" in message(net.build([x], [y]), UnsupportedError)
    net = Net()
    tensors = [net.tensor((1, 2048, 2048, 1), scale=0.1) for _ in range(20)]
    window = {"Padding": SAME, "FilterHeight": 1, "FilterWidth": 1, "StrideH": 1, "StrideW": 1}
    for x, y in itertools.pairwise(tensors):
        net.op("MAX_POOL_2D", [x], [y], FusedActivationFunction=NONE, **window)
    assert len(tensors) * (1 << 22) > MAX_ALL_ACTIVATIONS_BYTES
    with memory_limit():
        text = message(net.build(tensors[:1], tensors[-1:]), UnsupportedError)
    assert "all tensors together take 83886080 B" in text


# Sound files that cannot be compiled


def float_net() -> bytes:
    net = Net()
    x, w, y, z = (
        net.tensor(shape, dtype="float32", scale=None, data=data)
        for shape, data in [
            ((1, 4), None),
            ((3, 4), np.ones((3, 4), np.float32)),
            ((1, 3), None),
            ((1, 3), None),
        ]
    )
    net.op("FULLY_CONNECTED", [x, w, -1], [y], FusedActivationFunction=NONE)
    net.op("SOFTMAX", [y], [z], Beta=1.0)
    return net.build([x], [z])


def test_a_float_model_compiles_and_its_report_says_what_int8_would_save():
    compiled = compile_tflite(float_net(), "portable", name="m")
    assert [op.kind for op in compiled.graph.ops] == ["FULLY_CONNECTED_F32", "SOFTMAX_F32"]
    assert "2 layers compute in float32" in compiled.report.text()
    quantised = compile_tflite(small_network(), "portable", name="m")
    assert "float32" not in quantised.report.text()


def test_one_error_names_every_operator_layer_and_reason():
    net = Net()
    shape = (1, 4, 4, 2)
    t = [net.tensor(shape, scale=0.1, name=f"layer_{i}") for i in range(6)]
    net.op("RELU", [t[0]], [t[1]])
    net.op("RNN", [t[1]], [t[2]])
    net.op("CUSTOM Detect", [t[2]], [t[3]])
    window = {"Padding": SAME, "FilterHeight": 2, "FilterWidth": 2, "StrideH": 0, "StrideW": 1}
    net.op("MAX_POOL_2D", [t[3]], [t[4]], FusedActivationFunction=NONE, **window)
    net.op("LSTM", [t[4]], [t[5]])
    text = message(net.build([t[0]], [t[5]]), UnsupportedError)
    assert "cannot be compiled in 4 places" in text
    for named in (
        "RNN 'layer_2': the operator is not supported",
        "CUSTOM Detect 'layer_3': the operator is not supported",
        "MAX_POOL_2D 'layer_4': Strides and dilations are at least 1",
        "Found: a value of 0",
        "LSTM 'layer_5': the operator is not supported",
    ):
        assert named in text
    assert "RELU" not in text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"dtype": "int32"}, r"int32 \[1, 4, 4, 2\]"),
        ({"dtype": "int16", "zero_point": 3}, "int16 with a zero point of 3"),
        ({"scale": None}, "has no per-tensor scale and zero point"),
        ({"scale": 0.0}, r"has scale 0\.0"),
        ({"scale": float("nan")}, "has scale nan"),
        ({"zero_point": 128}, "has zero point 128"),
        ({"zero_point": -129}, "has zero point -129"),
    ],
)
def test_unusable_activations_are_described(changes, told):
    net, x, y = relu_net(**changes)
    assert re.search(told, message(net.build([x], [y]), UnsupportedError))


def identity_models() -> dict[str, bytes]:
    """Models whose outputs are inputs, or views of them."""
    net, x, y = relu_net()
    viewed = Net()
    a, b = viewed.tensor((1, 4, 4, 2), scale=0.1), viewed.tensor((1, 32), scale=0.1)
    viewed.op("RESHAPE", [a], [b], NewShape=[1, 32])
    unsigned = Net()
    u = unsigned.tensor((1, 7), scale=0.1, dtype="uint8")
    scalar = Net()
    s = scalar.tensor((), scale=0.1)
    return {
        "the input itself": net.build([x], [x]),
        "the input and a result": net.build([x], [x, y]),
        "a view": viewed.build([a], [b]),
        "a view and the input": viewed.build([a], [b, a]),
        "unsigned": unsigned.build([u], [u]),
        "a scalar": scalar.build([s], [s]),
    }


@pytest.mark.parametrize("name", identity_models())
def test_an_output_that_is_an_input_is_a_copy(name):
    """Whatever runs next may overwrite an input, and a later output one that lies over it."""
    case = Case("", name, identity_models()[name])
    ((job, results),) = run_on_host([case], "host")
    for arrays, got in zip(job.inputs, results, strict=True):
        for a, b in zip(got, evaluate(read_tflite(case.model), arrays), strict=True):
            np.testing.assert_array_equal(a.reshape(-1), b.reshape(-1))
    graph, plan = job.compiled.graph, job.compiled.plan
    assert not set(graph.inputs) & {plan.roots.get(i, i) for i in graph.outputs}


def test_a_constant_output_of_another_type_is_a_copy_too():
    net, x, y = relu_net()
    constant = net.constant(np.array([[3, 250, 7, 0]], np.uint8), scale=0.1, name="always")
    case = Case("", "constant output", net.build([x], [y, constant]))
    ((_, results),) = run_on_host([case], "host")
    for _, always in results:
        np.testing.assert_array_equal(always, [[3, 250, 7, 0]])


def test_operators_out_of_order_are_refused():
    net, x, y = relu_net()
    net.op("RELU", [y], [net.tensor((1, 4, 4, 2), scale=0.1)])
    net.ops.reverse()
    assert "before anything writes it" in message(net.build([x], [2]))


def test_a_tensor_is_written_once():
    net, x, y = relu_net()
    net.op("RELU", [x], [y])
    assert "already has a value" in message(net.build([x], [y]))


def test_names_cannot_break_the_line():
    net = Net()
    x, y = net.tensor((1, 4)), net.tensor((1, 4), name="a\nb\x1b[31m" + "c" * 1000)
    net.op("CUSTOM evil\r\nname", [x], [y])
    text = message(net.build([x], [y]), UnsupportedError)
    assert "CUSTOM evil??name 'a?b?[31mccc" in text
    assert len(text) < 500


# Several subgraphs and signatures, open batches


def project(model):
    """All files but the bill of materials, which names the model's own bytes."""
    files = dict(compile_tflite(model, "host", name="m").files)
    del files["sbom.spdx.json"]
    return files


def test_the_first_subgraph_is_compiled():
    model = two_subgraphs()
    compiled = compile_tflite(model, "host", name="m")
    assert [round(t.scale, 3) for t in compiled.inputs] == [0.1]
    net, x, y = relu_net()
    assert project(net.build([x], [y])) == project(model)


def test_a_batch_of_minus_one_becomes_one():
    for signature in ((-1, 4, 4, 2), (-1, -1, 4, 2)):
        net, x, y = relu_net(signature=signature)
        graph = read_tflite(net.build([x], [y]))
        assert graph.tensors[0].shape[0] == 1


def test_many_signatures_are_read():
    net, x, y = relu_net()
    graphs = [(net, [x], [y])]
    model = build_model(graphs, signatures=[(f"signature_{i}", 0) for i in range(9)])
    assert read_tflite(model).inputs == (x,)


# Mutations


@contextlib.contextmanager
def memory_limit():
    """Lets the process grow by a bounded amount; beyond it there is a MemoryError."""
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(
        resource.RLIMIT_AS, (pages * resource.getpagesize() + EXTRA_MEMORY_BYTES, hard)
    )
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def try_to_compile(model: bytes, seed: int) -> str:
    """The kind of what happened; anything but an error of ours fails the test with the seed."""
    start = time.process_time()
    try:
        edges = "model" if seed % 3 else "int8"
        compiled = compile_tflite(model, "qemu-m4", name="m", edges=edges)
        tensors = compiled.graph.tensors
        inputs = [np.zeros(tensors[i].shape, tensors[i].dtype) for i in compiled.graph.inputs]
        outputs = evaluate(compiled.graph, inputs)
        wanted = [tensors[i].shape for i in compiled.graph.outputs]
        assert [array.shape for array in outputs] == wanted, f"seed {seed}"
        kind = "compiled"
    except McunetError as error:
        assert "\n" not in str(error), f"seed {seed}"
        kind = type(error).__name__
    except Exception as error:
        raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
    assert time.process_time() - start < CPU_SECONDS_PER_FILE, f"seed {seed}"
    return kind


def base_for(seed: int) -> bytes:
    """Half of the time the small network, which holds most of the format."""
    bases = list(damage_bases().values())
    return bases[seed // 2 % len(bases)] if seed % 2 else bases[0]


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(i, marks=pytest.mark.slow) for i in range(1, PARTS))]
)
def test_mutated_bytes_give_a_model_or_an_error_of_ours(part):
    others = list(damage_bases().values())
    kinds = Counter()
    with memory_limit():
        for seed in range(part, BYTE_MUTATIONS, PARTS):
            model = spoil_bytes(base_for(seed), others, np.random.default_rng(seed))
            kinds[try_to_compile(model, seed)] += 1
    assert set(kinds) == {"compiled", "ModelError", "UnsupportedError"}


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(i, marks=pytest.mark.slow) for i in range(1, PARTS))]
)
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")  # scales of 1e38
def test_mutated_meanings_give_a_model_or_an_error_of_ours(part):
    kinds = Counter()
    with memory_limit():
        for seed in range(part, MEANING_MUTATIONS, PARTS):
            model = spoil_meaning(base_for(seed), np.random.default_rng(seed))
            kinds[try_to_compile(model, seed)] += 1
    assert set(kinds) == {"compiled", "ModelError", "UnsupportedError"}


def test_a_network_survives_being_read_and_built_again():
    """What the mutation of meanings starts from says the same as the file."""
    net, inputs, outputs = read_net(small_network())
    assert project(net.build(inputs, outputs)) == project(small_network())


def with_tensor_field(field: str, value: object) -> bytes:
    """A small network whose second tensor has another field in its table."""
    net, x, y = relu_net()
    writer_tensor = build_tflite._Writer.tensor

    def tensor(self, definition):
        made = sparse = None
        if field == "Sparsity" and definition.name == "t1":
            tflite.SparsityParametersStart(self.builder)
            sparse = tflite.SparsityParametersEnd(self.builder)
        start = tflite.TensorStart

        def starting(builder):
            start(builder)
            if sparse is not None:
                tflite.TensorAddSparsity(builder, sparse)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tflite, "TensorStart", starting)
            if field == "Type" and definition.name == "t1":
                patch.setattr(tflite.TensorType, "INT8", value)
            made = writer_tensor(self, definition)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_tflite._Writer, "tensor", tensor)
        return net.build([x], [y])


def custom_net(name: str) -> bytes:
    net = Net()
    x, y = (net.tensor((1, 4), scale=0.1) for _ in range(2))
    net.op(f"CUSTOM {name}", [x], [y])
    return net.build([x], [y])


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (with_tensor_field("Type", tflite.TensorType.INT4), "'t1' has 4 bits a value: quantise"),
        (with_tensor_field("Sparsity", None), "'t1' is stored sparse, as pruning can be: export"),
        (custom_net("edgetpu-custom-op"), "Coral Edge TPU: give what edgetpu_compiler was given"),
        (custom_net("ethos-u"), "compiled by Vela for an Arm Ethos-U: give the file from before V"),
    ],
    ids=["int4", "sparse", "edge_tpu", "vela"],
)
def test_files_for_other_machines_are_told_what_they_are(model, told):
    text = message(model, UnsupportedError)
    assert told in text and "damaged" not in text


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("TFLM_DECODE", "give the file from before tflite-micro's compression of weights"),
        ("CIRCULAR_BUFFER", "keep the window in a variable"),
        ("Mine", "--custom_op=Mine=FILE.c"),
    ],
)
def test_custom_operators_have_remedies_of_their_own(name, told):
    assert told in message(custom_net(name), UnsupportedError).partition("Remedy: ")[2]
