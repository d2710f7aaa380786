# SPDX-License-Identifier: Apache-2.0
"""Every byte of a model's constants is counted, kept once, and is what the linker places."""

from __future__ import annotations

import itertools
import subprocess

import numpy as np
import pytest

from mcunet_tf.benchmark.image import image_sizes
from mcunet_tf.benchmark.runner import build_image
from mcunet_tf.boards import load_board
from mcunet_tf.check.toolchain import find_tool
from mcunet_tf.errors import BudgetError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.compiler import CompiledModel
from mcunet_tf.tinyengine.constant_pool import collect_constants
from mcunet_tf.tinyengine.cost.model import CostModel
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.schedule.nodes import Node
from tests.ops.all_cases import ALL_CASES, CASES
from tests.ops.build_tflite import NONE, Net
from tests.ops.case import Case
from tests.ops.programs import make_jobs, run_on_host, write_files
from tests.tinyengine.small_models import small_network

# Between arrays, and before the first one: the section is aligned from where the code ends.
ALIGNMENT_BYTES, SECTION_BYTES = 4, 16


def sum_with_constant(values: int = 8192) -> bytes:
    """ADD of an image and a constant of its size."""
    net = Net()
    x, y = (net.tensor((1, values // 64, 8, 8), scale=0.1) for _ in range(2))
    data = np.random.default_rng(1).integers(-128, 128, (1, values // 64, 8, 8)).astype(np.int8)
    net.op("ADD", [x, net.constant(data, scale=0.1)], [y], FusedActivationFunction=NONE)
    return net.build([x], [y])


def steps_in_time(width: int = 192, steps: int = 4, dtype: str = "int8") -> bytes:
    """Layers of the same weights whose results have scales of their own, as unrolled networks."""
    rng, net = np.random.default_rng(3), Net()
    weights = net.constant(rng.integers(-127, 128, (width, width)).astype(np.int8), scale=0.002)
    tensors = [net.tensor((1, width), scale=0.1 + 0.01 * n, dtype=dtype) for n in range(steps + 1)]
    for x, y in itertools.pairwise(tensors):
        net.op("FULLY_CONNECTED", [x, weights, -1], [y], FusedActivationFunction=NONE)
    return net.build(tensors[:1], tensors[-1:])


def shared_weights(layers: int = 3) -> bytes:
    """Fully connected layers of one tensor of weights, as an unrolled recurrent network has."""
    net = Net()
    rng = np.random.default_rng(2)
    weights = net.constant(rng.integers(-127, 128, (40, 40)).astype(np.int8), scale=0.02)
    tensors = [net.tensor((1, 40), scale=0.1) for _ in range(layers + 1)]
    for x, y in itertools.pairwise(tensors):
        net.op("FULLY_CONNECTED", [x, weights, -1], [y], FusedActivationFunction=NONE)
    return net.build(tensors[:1], tensors[-1:])


def table_twice() -> bytes:
    """The same curve of two tensors of one scale, and a sum of a constant that both take."""
    net = Net()
    x = net.tensor((1, 4, 4, 8), scale=0.1)
    y, z = (net.tensor((1, 4, 4, 8), scale=1 / 256, zero_point=-128) for _ in range(2))
    middle = net.tensor((1, 4, 4, 8), scale=0.1)
    bias = net.constant(np.arange(8, dtype=np.int8).reshape(1, 1, 1, 8), scale=0.1)
    net.op("LOGISTIC", [x], [y])
    net.op("ADD", [y, bias], [middle], FusedActivationFunction=NONE)
    net.op("LOGISTIC", [middle], [z])
    last = net.tensor((1, 4, 4, 8), scale=0.1)
    net.op("ADD", [z, bias], [last], FusedActivationFunction=NONE)
    return net.build([x], [last])


MODELS = {
    "weights and channel tables": small_network,
    "an operand": sum_with_constant,
    "weights of several layers": shared_weights,
    "tables and operands of several layers": table_twice,
    "gates of an LSTM": lambda: CASES["UNIDIRECTIONAL_SEQUENCE_LSTM"][0].model,
    "rows and columns of a resizing": lambda: CASES["RESIZE_BILINEAR"][0].model,
}


def nodes_of(compiled: CompiledModel) -> list[Node]:
    return [node for stage in compiled.plan.stages for node in stage.nodes]


def symbol_sizes(command: str, path: object) -> dict[str, int]:
    """Bytes of each symbol of an object or an image, as its symbol table says."""
    table = subprocess.run(
        [find_tool(command), "--print-size", str(path)], check=True, capture_output=True, text=True
    ).stdout
    rows = [line.split() for line in table.splitlines()]
    return {row[3]: int(row[1], 16) for row in rows if len(row) == 4}


def test_a_constant_operand_counts():
    compiled = compile_tflite(sum_with_constant(8192), "qemu-m4", name="m")
    assert compiled.report.weights_bytes >= 8192
    with pytest.raises(BudgetError, match=r"over the budget of 4,096 B"):
        compile_tflite(sum_with_constant(8192), "qemu-m4", name="m", flash_budget_bytes=4096)


@pytest.mark.parametrize("board", ["portable", "qemu-m4", "qemu-m55", "host"])
def test_weights_of_several_layers_are_kept_once(board):
    one, three = (
        compile_tflite(shared_weights(n), board, name="m").report.weights_bytes for n in (1, 3)
    )
    assert one == three


@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55", "qemu-m0", "host"])
def test_weights_are_kept_once_where_scales_differ(board):
    """A network of 49 steps in time took 27 times its file's size."""
    width = 192
    compiled = compile_tflite(steps_in_time(width), board=board)
    assert width**2 <= compiled.report.weights_bytes < 1.3 * width**2
    assert len({layer.kernel for layer in compiled.report.layers}) == 1


@pytest.mark.parametrize(
    ("dtype", "width", "alone", "together"),
    [
        ("int8", 40, "fully_connected_s8_dsp", "fully_connected_s8_any_dsp"),
        ("int16", 192, "fully_connected_s16_dsp", "fully_connected_s16_any_dsp"),
    ],
)
def test_a_faster_kernel_is_not_worth_a_copy_for_every_step(
    dtype, width, alone, together, monkeypatch
):
    """One layer of such a size has the kernel whose stream holds the biases; many share.

    So instructions rank them: in cycles the sharing one is the faster one of int8, even alone.
    """
    monkeypatch.setattr(CostModel, "time", lambda _, cost: cost.instructions)
    steps = 24
    one, many = (
        compile_tflite(steps_in_time(width, n, dtype), board="qemu-m4").report for n in (1, steps)
    )
    assert [layer.kernel for layer in one.layers] == [alone]
    assert {layer.kernel for layer in many.layers} == {together}
    assert many.weights_bytes < width**2 + steps * 24 * width


def test_what_several_layers_read_is_counted_where_it_is_read_first():
    report = compile_tflite(shared_weights(3), "portable", name="m").report
    assert [layer.weights_bytes > 0 for layer in report.layers] == [True, False, False]
    for model in MODELS.values():
        report = compile_tflite(model(), "portable", name="m").report
        assert sum(layer.weights_bytes for layer in report.layers) == report.weights_bytes


@pytest.mark.slow
def test_results_are_those_of_separate_constants():
    cases = [Case("", name, model()) for name, model in MODELS.items()]
    for job, outputs in run_on_host(cases, "host"):
        for arrays, got in zip(job.inputs, outputs, strict=True):
            np.testing.assert_array_equal(got[0], evaluate(job.compiled.graph, arrays)[0])


def test_a_budget_counts_shared_constants_once():
    """What is the least for three layers is far less than three times the weights."""
    with pytest.raises(BudgetError) as told:
        compile_tflite(shared_weights(9), "qemu-m4", name="m", flash_budget_bytes=1)
    least = int(str(told.value).split(" take ")[1].split(" B ")[0].replace(",", ""))
    compiled = compile_tflite(shared_weights(9), "qemu-m4", name="m", flash_budget_bytes=least)
    report = compiled.report
    assert report.code_bytes is not None
    assert report.code_bytes + report.weights_bytes <= least < 9 * 40 * 40
    with pytest.raises(BudgetError):
        compile_tflite(shared_weights(9), "qemu-m4", name="m", flash_budget_bytes=least - 1)


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55"])
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.sampled(3)
def test_the_linker_places_what_is_reported(board, model):
    """Every array is in the image with the size that is counted, and nothing else is."""
    compiled = compile_tflite(model(), board, name="m")
    image = build_image(compiled, load_board(board), counter="none")
    arrays = collect_constants("m", nodes_of(compiled)).arrays
    placed = symbol_sizes("arm-none-eabi-nm", image)
    assert {name: placed.get(name) for name in arrays} == {
        name: blob.size_bytes for name, blob in arrays.items()
    }
    section, reported = image_sizes(image).weights_bytes, compiled.report.weights_bytes
    assert 0 <= section - reported < SECTION_BYTES + ALIGNMENT_BYTES * len(arrays)


@pytest.mark.parametrize(
    ("board", "cases"),
    [
        ("qemu-m4", ALL_CASES[::16]),
        pytest.param("qemu-m4", ALL_CASES, marks=pytest.mark.slow),
        pytest.param("qemu-m55", ALL_CASES, marks=pytest.mark.slow),
    ],
    ids=["qemu-m4-some", "qemu-m4", "qemu-m55"],
)
def test_bytes_are_those_of_the_symbols_for_every_operator(board, cases, tmp_path):
    """The C types are as large as the arrays that they are counted by: no board is needed."""
    jobs = make_jobs(cases, board)
    files = {}
    for job in jobs:
        files |= {p: t for p, t in job.compiled.files.items() if p.endswith(".h")}
    weights = {job.compiled.files[f"{job.name}_weights.c"] for job in jobs}
    write_files(tmp_path, {**files, "weights.c": "".join(sorted(weights))})
    made = tmp_path / "weights.o"
    command = [find_tool("cc"), f"-I{tmp_path}", "-c", str(tmp_path / "weights.c"), "-o", str(made)]
    subprocess.run(command, check=True)
    sizes = symbol_sizes("nm", made)
    for job in jobs:
        own = sum(size for name, size in sizes.items() if name.startswith(f"{job.name}_"))
        assert own == job.compiled.report.weights_bytes, str(job.case)
