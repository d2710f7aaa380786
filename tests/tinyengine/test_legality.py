# SPDX-License-Identifier: Apache-2.0
"""What a file may say, what kernels may be given, and whose fault it is where either is broken."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import pytest

from mcunet_tf.errors import CompilerError, McunetError, ModelError, UnsupportedError
from mcunet_tf.tinyengine import compile_tflite, legality, passes, read_tflite
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.ops import MADE_BY_PASSES, SPECS, signal
from mcunet_tf.tinyengine.passes import run_passes
from tests.ops.all_cases import ALL_CASES, CASES
from tests.ops.build_tflite import NONE, SAME, VALID, Net
from tests.tinyengine.damage import read_net
from tests.tinyengine.small_models import small_network

SHAPE = (1, 4, 3, 2)
WINDOW = {"Padding": VALID, "StrideH": 1, "StrideW": 1, "FusedActivationFunction": NONE}


def refused(model: bytes) -> str:
    """The one line of a refusal, which says what to do."""
    with pytest.raises(UnsupportedError) as caught:
        compile_tflite(model, "portable", name="m")
    text = str(caught.value)
    assert "\n" not in text and "damaged" not in text
    assert text.partition(". Remedy: ")[2]
    return text


# Axes


def reduction(kind: str, axis: int) -> bytes:
    net = Net()
    kept = tuple(n for i, n in enumerate(SHAPE) if i != axis % 4)
    dtype = "int32" if kind.startswith("ARG") else "int8"
    x = net.tensor(SHAPE, scale=0.1)
    y = net.tensor(kept, scale=None if dtype == "int32" else 0.1, dtype=dtype)
    net.op(kind, [x, net.constant(np.array([axis], np.int32))], [y])
    return net.build([x], [y])


def joined(kind: str, axis: int) -> bytes:
    net = Net()
    x, z = net.tensor(SHAPE, scale=0.1), net.tensor(SHAPE, scale=0.1)
    if kind == "PACK":
        shape = list(SHAPE)
        shape.insert(axis % 5, 2)
    else:
        shape = [2 * n if i == axis % 4 else n for i, n in enumerate(SHAPE)]
    y = net.tensor(shape, scale=0.1)
    net.op(kind, [x, z], [y], Axis=axis)
    return net.build([x, z], [y])


def split(kind: str, axis: int) -> bytes:
    net = Net()
    parts = SHAPE[axis % 4] if kind == "UNPACK" else 1
    left = tuple(n for i, n in enumerate(SHAPE) if i != axis % 4) if kind == "UNPACK" else SHAPE
    x, number = net.tensor(SHAPE, scale=0.1), net.constant(np.array([axis], np.int32))
    outputs = [net.tensor(left, scale=0.1) for _ in range(parts)]
    if kind == "UNPACK":
        net.op(kind, [x], outputs, Num=parts, Axis=axis)
    elif kind == "SPLIT":
        net.op(kind, [number, x], outputs, NumSplits=1)
    else:
        lengths = net.constant(np.array([SHAPE[axis % 4]], np.int32))
        net.op(kind, [x, lengths, number], outputs, NumSplits=1)
    return net.build([x], outputs)


def moved(kind: str, axis: int) -> bytes:
    net = Net()
    x, y = net.tensor(SHAPE, scale=0.1), net.tensor(SHAPE, scale=0.1)
    if kind == "REVERSE_V2":
        net.op(kind, [x, net.constant(np.array([axis], np.int32))], [y])
    else:
        indices = net.constant(np.arange(SHAPE[axis % 4], dtype=np.int32)[::-1].copy())
        net.op(kind, [x, indices], [y], Axis=axis)
    return net.build([x], [y])


AXES = {
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "ARG_MAX", "ARG_MIN"), reduction),
    **dict.fromkeys(("CONCATENATION", "PACK"), joined),
    **dict.fromkeys(("SPLIT", "SPLIT_V", "UNPACK"), split),
    **dict.fromkeys(("REVERSE_V2", "GATHER"), moved),
}


@pytest.mark.parametrize("kind", AXES)
def test_axes_out_of_range_are_refused_and_named(kind):
    rank = 5 if kind == "PACK" else 4
    for axis in (rank, rank + 2, -rank - 1):
        assert f"axis {axis} of {rank} axes" in refused(AXES[kind](kind, axis))


@pytest.mark.parametrize("kind", AXES)
def test_negative_axes_count_from_the_end(kind):
    rank = 5 if kind == "PACK" else 4
    rng = np.random.default_rng(5)
    values = [rng.integers(-128, 128, SHAPE).astype(np.int8) for _ in range(2)]
    for axis in range(1, rank):
        results = []
        for given in (axis, axis - rank):
            compiled = compile_tflite(AXES[kind](kind, given), "portable", name="m")
            inputs = values[: len(compiled.inputs)]
            results.append(evaluate(compiled.graph, inputs))
        for a, b in zip(*results, strict=True):
            np.testing.assert_array_equal(a, b)


# Numbers, flags and operands that cannot be


def pool(**options) -> bytes:
    net = Net()
    x, y = net.tensor((1, 4, 4, 2), scale=0.1), net.tensor((1, 3, 3, 2), scale=0.1)
    net.op("MAX_POOL_2D", [x], [y], **{**WINDOW, "FilterHeight": 2, "FilterWidth": 2, **options})
    return net.build([x], [y])


def test_padding_is_same_or_valid():
    compile_tflite(pool(), "portable", name="m")
    assert "padding code 7 is neither SAME (0) nor VALID (1)" in refused(pool(Padding=7))


def test_strides_that_would_make_endless_work_are_refused():
    net = Net()
    x, y = net.tensor((1, 1, 1, 1), scale=0.1), net.tensor((1, 32767, 32, 1), scale=0.1)
    weights = net.constant(np.ones((1, 1, 1, 1), np.int8), scale=0.1)
    shape = net.constant(np.array([1, 32767, 32, 1], np.int32))
    options = {"Padding": VALID, "StrideH": 32767, "StrideW": 32}
    net.op("TRANSPOSE_CONV", [shape, weights, x], [y], **options)
    assert "at most 1024 phases" in refused(net.build([x], [y]))


def test_a_scalar_is_not_padded():
    net = Net()
    x, y = net.tensor((), scale=0.1), net.tensor((), scale=0.1)
    net.op("PAD", [x, net.constant(np.zeros((0, 2), np.int32))], [y])
    assert "paddings for 0 axes of []" in refused(net.build([x], [y]))


def test_a_slice_of_a_scalar_reads_it():
    net = Net()
    x, y = net.tensor((), scale=0.1), net.tensor((), scale=0.1)
    nothing = net.constant(np.zeros(0, np.int32))
    net.op("SLICE", [x, nothing, nothing], [y])
    compiled = compile_tflite(net.build([x], [y]), "portable", name="m")
    assert ".offset = 0," in compiled.files["m.c"]


def test_corners_and_half_pixels_exclude_each_other():
    net = Net()
    x, y = net.tensor((1, 4, 4, 2), scale=0.1), net.tensor((1, 8, 8, 2), scale=0.1)
    size = net.constant(np.array([8, 8], np.int32))
    net.op("RESIZE_BILINEAR", [x, size], [y], AlignCorners=True, HalfPixelCenters=True)
    assert "both align_corners and half_pixel_centers" in refused(net.build([x], [y]))


def test_a_scale_needs_a_zero_point():
    net, inputs, outputs = read_net(small_network())
    net.tensors[inputs[0]] = dataclasses.replace(net.tensors[inputs[0]], zero_points=())
    assert "has no per-tensor scale and zero point" in refused(net.build(inputs, outputs))


def test_an_edge_has_one_scale_behind_a_view_too():
    net = Net()
    x = net.tensor((1, 4), scale=0.1)
    y = net.tensor((4,), scale=(0.1, 0.2), name="of two scales")
    net.op("RESHAPE", [x], [y], NewShape=[4])
    assert "output 'of two scales'" in refused(net.build([x], [y]))


@pytest.mark.parametrize("kind", sorted(set(SPECS) - set(MADE_BY_PASSES)))
@pytest.mark.parametrize("change", ["no operands", "one operand", "absent operands", "no output"])
def test_operands_and_outputs_that_are_missing_are_named(kind, change):
    """Whatever an operator lacks, there is one line, and the file is not called damaged."""
    case = next((c for c in ALL_CASES if c.op == kind), None)
    if case is None:
        pytest.skip(f"no minimal model of {kind} alone")
    net, inputs, outputs = read_net(case.model)
    names = {kind, *(f"CUSTOM {a}" for a, b in signal.CUSTOM_NAMES.items() if b == kind)}
    place = next(i for i, op in enumerate(net.ops) if op.kind in names)
    op = net.ops[place]
    changed = {
        "no operands": {"inputs": ()},
        "one operand": {"inputs": op.inputs[:1]},
        "absent operands": {"inputs": (-1,) * len(op.inputs)},
        "no output": {"outputs": ()},
    }[change]
    net.ops[place] = dataclasses.replace(op, **changed)
    try:
        compile_tflite(net.build(inputs, outputs), "portable", name="m")
    except McunetError as error:
        assert "damaged" not in str(error) and not isinstance(error, CompilerError)
    else:
        assert change == "one operand"


def test_dimensions_of_zero_are_no_damage():
    net = Net()
    x, middle, y = (net.tensor((1, n), scale=0.1, name=f"of {n}") for n in (4, 0, 4))
    net.op("RELU", [x], [middle])
    net.op("RELU", [middle], [y])
    assert "'of 0' is empty: its shape is [1, 0]" in refused(net.build([x], [y]))


# Options that are not there


def test_missing_options_have_the_defaults_of_the_schema():
    net = Net()
    x, z, y = (net.tensor(SHAPE, scale=0.1) for _ in range(3))
    net.op("ADD", [x, z], [y])
    assert net.ops[0].options == {}
    compiled = compile_tflite(net.build([x, z], [y]), "portable", name="m")
    assert compiled.graph.ops[0].attributes.activation == "NONE"
    net = Net()
    x, y = net.tensor((1, 4, 4, 2), scale=0.1), net.tensor((1, 4, 4, 2), scale=0.1)
    net.op("MAX_POOL_2D", [x], [y])
    assert "Strides and dilations are at least 1" in refused(net.build([x], [y]))


def test_options_of_another_operator_are_not_read():
    model = bytearray(pool())
    graph = read_tflite.tflite.Model.GetRootAsModel(model, 0).Subgraphs(0)
    table = graph.Operators(0)._tab
    model[table.Pos + table.Offset(10)] = read_tflite.tflite.BuiltinOptions.PadOptions
    assert "options of another operator (PadOptions)" in refused(bytes(model))


# Operators with an effect instead of a result


def test_an_operator_without_results_is_not_dropped():
    net = Net()
    x, y = net.tensor(SHAPE, scale=0.1), net.tensor(SHAPE, scale=0.1)
    handle = net.tensor((), dtype="resource", scale=None)
    net.op("ASSIGN_VARIABLE", [handle, x], [])
    net.op("RELU", [x], [y])
    text = refused(net.build([x], [y]))
    assert "ASSIGN_VARIABLE 'operator 0': it has no operand that is a variable" in text


# Whose fault it is


def test_a_fault_of_ours_is_no_damage_of_the_file(monkeypatch):
    def read(*_):
        raise KeyError("a mistake in our own code")

    monkeypatch.setitem(SPECS, "RELU", dataclasses.replace(SPECS["RELU"], read=read))
    with pytest.raises(KeyError):
        read_tflite.read_tflite(CASES["RELU"][0].model)


def test_an_operator_that_no_pass_took_is_named(monkeypatch):
    left = tuple(step for step in passes.LOWER if "SPLIT" not in step.removes)
    monkeypatch.setattr(passes, "LOWER", left)
    with pytest.raises(CompilerError, match=r"compiler error: no pass took SPLIT '.*'.*report it"):
        compile_tflite(CASES["SPLIT"][0].model, "portable", name="m")


def test_a_pass_that_breaks_the_graph_is_named(monkeypatch):
    def reverse_all(graph):
        """Puts the operators out of order."""
        return graph.replace(ops=reversed(graph.ops))

    monkeypatch.setattr(passes, "LOWER", (passes.Pass(reverse_all),))
    with pytest.raises(CompilerError, match="pass reverse_all broke the graph"):
        compile_tflite(small_network(), "portable", name="m")


def test_what_kernels_take_and_what_files_hold_are_two_lists():
    assert {"SPLIT", "FILL", "SHAPE", "POW"} <= legality.LEGAL_AS_READ - legality.LEGAL_FOR_KERNELS
    left = {kind for kind in MADE_BY_PASSES if not SPECS[kind].becomes}
    assert left <= legality.LEGAL_FOR_KERNELS - legality.LEGAL_AS_READ
    for case in ALL_CASES:
        graph = run_passes(read_tflite.read_tflite(case.model), edges="model")
        assert {op.kind for op in graph.ops} <= legality.LEGAL_FOR_KERNELS, str(case)


# What is given


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_model_may_be_any_bytes(kind):
    compiled = compile_tflite(kind(small_network()), "portable", name="m")
    assert compiled.files == compile_tflite(small_network(), "portable", name="m").files


def test_a_model_may_lie_at_any_address():
    for shift in range(1, 4):
        moved_bytes = memoryview(bytes(shift) + small_network())[shift:]
        assert compile_tflite(moved_bytes, "portable", name="m").macs


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_and_a_device_are_no_models(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(ModelError, match="no plain file; give the path of a "):
            compile_tflite(path, "portable")


@pytest.mark.parametrize("sizes", [(-5,), (0,), (4096, -1)])
def test_regions_have_a_size(sizes):
    with pytest.raises(McunetError, match="give sizes of 1 byte or more"):
        compile_tflite(small_network(), "portable", region_bytes=sizes)


@pytest.mark.parametrize("folder", ["corpus", "reports"])
@pytest.mark.slow
def test_refusals_of_models_at_large_say_what_to_do(shared_models, folder):
    """Files of other projects, none of which is damaged."""
    files = sorted((shared_models.parent / folder).glob("*.tflite"))
    if not files:
        pytest.skip(f"there is no folder {folder} beside the stock models")
    said = 0
    for file in files:
        try:
            run_passes(read_tflite.read_tflite(file.read_bytes(), file.name))
        except UnsupportedError as error:
            said += 1
            assert str(error).partition(". Remedy: ")[2], str(error)
    assert said


# Operands that state a shape


def stated(kind: str, operand: list[int], out: tuple[int, ...]) -> bytes:
    """One operator whose result is declared as `out`, and stated by an operand."""
    net = Net()
    sizes = net.constant(np.array(operand, np.int32))
    x, y = net.tensor((1, 4, 4, 2), scale=0.1), net.tensor(out, scale=0.1)
    if kind == "TRANSPOSE_CONV":
        weights = net.tensor((2, 3, 3, 2), scale=0.1, data=np.ones((2, 3, 3, 2), np.int8))
        net.op(kind, [sizes, weights, x], [y], Padding=SAME, StrideH=2, StrideW=2)
    else:
        net.op(kind, [x, sizes], [y])
    return net.build([x], [y])


@pytest.mark.parametrize(
    ("kind", "operand", "out", "agrees"),
    [
        ("RESHAPE", [1, 32], (1, 32), True),
        ("RESHAPE", [-1, 8], (4, 8), True),
        ("RESHAPE", [2, 16], (1, 32), True),  # the same bytes
        ("RESHAPE", [1, 31], (1, 32), False),
        ("RESHAPE", [-1, 7], (1, 32), False),
        ("RESIZE_BILINEAR", [8, 8], (1, 8, 8, 2), True),
        ("RESIZE_BILINEAR", [8, 8], (1, 6, 6, 2), False),
        ("RESIZE_NEAREST_NEIGHBOR", [8, 9], (1, 8, 8, 2), False),
        ("TRANSPOSE_CONV", [1, 8, 8, 2], (1, 8, 8, 2), True),
        ("TRANSPOSE_CONV", [-1, 8, 8, 2], (1, 8, 8, 2), True),
        ("TRANSPOSE_CONV", [1, 9, 9, 2], (1, 8, 8, 2), False),
        ("BROADCAST_TO", [3, 4, 4, 2], (3, 4, 4, 2), True),
        ("BROADCAST_TO", [2, 4, 4, 2], (3, 4, 4, 2), False),
    ],
)
def test_an_operand_that_states_another_shape_is_refused(kind, operand, out, agrees):
    model = stated(kind, operand, out)
    if agrees:
        assert compile_tflite(model, "portable", name="m").outputs[0].shape == out
        return
    text = refused(model)
    assert f"an operand that states {operand} for a result of {list(out)}" in text
    assert "the file contradicts itself" in text
