# SPDX-License-Identifier: Apache-2.0
"""Whole networks: what the compiled C computes is what the oracle computes, on every core."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.benchmark.runner import run_on_board
from mcunet_tf.boards import load_board
from mcunet_tf.check.edges import inputs_for, outputs_from
from mcunet_tf.check.reference import Reference, random_inputs
from mcunet_tf.errors import UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate
from tests.models.comparison import check_against_oracle, first_difference
from tests.models.keras_models import RECIPES, converter_version
from tests.ops.case import Case
from tests.ops.conv_cases import Conv, conv_model
from tests.ops.programs import run_on_emulator, run_on_host

STOCK = ("mcunet_vww1", "mlperf_kws_dscnn_int8", "mlperf_resnet8_int8", "person_detect_int8")
# What these use is not compiled; the error is tested below.
REFUSED = {"largest_values": r"TOPK_V2 .*not supported"}
# Newer converters quantise SQRT, for a kernel that neither tflite-runtime nor TF-Lite Micro has.
NO_ORACLE = ("square_root",) if converter_version() >= (2, 20) else ()
COMPILED = [name for name in RECIPES if name not in REFUSED and name not in NO_ORACLE]
LARGE = ("mobilenet_v1_025_96", "mobilenet_v2_035_96", "mcunet_like", "resnet_8", "ds_cnn")
SMALL = [name for name in COMPILED if name not in LARGE]
INPUTS = 10
BOARDS = ("qemu-m4", "qemu-m7", "qemu-m55")
BATCH = 12


def batches(names: list[str]) -> list[tuple[str, ...]]:
    """Networks that share a build."""
    return [tuple(names[i : i + BATCH]) for i in range(0, len(names), BATCH)]


@pytest.fixture
def stock(shared_models):
    """Gives a stock model by name as a case."""
    return lambda name: Case("STOCK", name, (shared_models / f"{name}.tflite").read_bytes())


@pytest.fixture
def made(keras_model):
    """Gives a Keras-made network by name as a case."""
    return lambda name: Case("KERAS", name, keras_model(name).read_bytes())


# On this machine, under sanitizers


@pytest.mark.parametrize("board", ["portable", "host"])
@pytest.mark.parametrize("name", STOCK)
@pytest.mark.sampled(6)
def test_stock_models_on_this_machine(stock, name, board):
    check_against_oracle(run_on_host([stock(name)], board, inputs=INPUTS))


@pytest.mark.parametrize("names", batches(SMALL), ids=lambda names: names[0])
@pytest.mark.slow
def test_small_networks_on_this_machine(made, names):
    check_against_oracle(run_on_host([made(name) for name in names], inputs=INPUTS))


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.sampled(2)
def test_large_networks_on_this_machine(made, name):
    check_against_oracle(run_on_host([made(name)], inputs=INPUTS))


@pytest.mark.parametrize("optimize", ["sram", "speed"])
def test_other_aims_compute_the_same(made, optimize):
    names = ("mcunet_like", "squeeze_excite", "pad_kept", "input_is_used_twice", "upsampling")
    check_against_oracle(run_on_host([made(name) for name in names], inputs=2, optimize=optimize))


# On emulated boards


@pytest.mark.qemu
@pytest.mark.parametrize("name", STOCK)
@pytest.mark.sampled(2)
def test_stock_models_on_an_emulated_m4(stock, name):
    check_against_oracle(run_on_emulator([stock(name)], "qemu-m4", inputs=2))


@pytest.mark.qemu
def test_small_networks_on_an_emulated_m55(made):
    names = ("mcunet_like", "squeeze_excite", "depthwise_kernels", "odd_kernels", "negative_scales")
    check_against_oracle(run_on_emulator([made(name) for name in names], "qemu-m55", inputs=2))


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["qemu-m3", "qemu-m33", "qemu-rv32", "qemu-rv32v"])
@pytest.mark.sampled(2)
def test_small_networks_on_other_cores(made, board):
    names = ("squeeze_excite", "depthwise_kernels", "negative_scales")
    check_against_oracle(run_on_emulator([made(name) for name in names], board, inputs=2))


@pytest.mark.qemu
@pytest.mark.parametrize(
    "board",
    ["qemu-m0", "qemu-m33", "qemu-rv32", "qemu-rv32-zbb", "qemu-rv32v", "qemu-xtensa"],
)
@pytest.mark.sampled(2)
def test_a_stock_model_on_other_cores(shared_models, board):
    """Its own image in the true memories of the board; cycles only where a core has a model."""
    model = (shared_models / "mlperf_kws_dscnn_int8.tflite").read_bytes()
    compiled = compile_tflite(model, board, name="m")
    inputs = random_inputs(Reference(model), 1, seed=0)
    result = run_on_board(compiled, board, inputs)
    for raw, wanted in zip(result.outputs, Reference(model).run(inputs), strict=True):
        np.testing.assert_array_equal(raw[0].reshape(-1), wanted[0].reshape(-1))
    known = [*(result.modelled_cycles or [None]), *(n.modelled_cycles for n in result.layers)]
    priced = bool(load_board(board).core.cycle_model)
    assert len(known) > 5 and all((cycles is not None) == priced for cycles in known)


@pytest.mark.qemu
@pytest.mark.slow
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", STOCK)
def test_stock_models_on_every_core(stock, name, board):
    check_against_oracle(run_on_emulator([stock(name)], board, inputs=INPUTS))


@pytest.mark.qemu
@pytest.mark.slow
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("names", [*batches(SMALL), *((n,) for n in LARGE)], ids=lambda n: n[0])
def test_made_networks_on_every_core(made, names, board):
    check_against_oracle(run_on_emulator([made(name) for name in names], board, inputs=INPUTS))


# Edges, and what is refused


@pytest.mark.parametrize("name", ["float_edges", "uint8_edges"])
def test_edges_are_dropped_by_default(keras_model, name):
    """float32 edges become int8 ones with the model's scale; uint8 edges stay."""
    model = keras_model(name).read_bytes()
    compiled = compile_tflite(model, "host", name="m")
    edge = "int8" if name == "float_edges" else "uint8"
    assert {t.dtype for t in (*compiled.inputs, *compiled.outputs)} == {edge}
    reference = Reference(model)
    inputs = random_inputs(reference, INPUTS, seed=0)
    encoded = [inputs_for(compiled.inputs, arrays) for arrays in inputs]
    result = run_on_board(compiled, "host", encoded)
    for raw, wanted in zip(result.outputs, reference.run(inputs), strict=True):
        for a, b in zip(outputs_from(compiled.outputs, raw, wanted), wanted, strict=True):
            np.testing.assert_array_equal(a.reshape(-1), b.reshape(-1))


@pytest.mark.parametrize(("name", "told"), REFUSED.items(), ids=REFUSED)
def test_what_is_not_supported_is_named(keras_model, name, told):
    with pytest.raises(UnsupportedError, match=told):
        compile_tflite(keras_model(name), "host")


def test_open_batches_cost_nothing(keras_model):
    """SHAPE, STRIDED_SLICE and PACK leave no trace: the same C as with a fixed batch."""
    fixed = compile_tflite(keras_model("flatten_dense"), name="m")
    opened = compile_tflite(keras_model("flatten_dense_open_batch"), name="m")
    assert [layer.op for layer in opened.report.layers] == [
        layer.op for layer in fixed.report.layers
    ]
    assert opened.arena_bytes == fixed.arena_bytes


# The helper that explains failures


def test_the_first_layer_that_differs_is_found(monkeypatch):
    """An evaluate that is wrong by one in CONV_2D is caught, and a right one is not."""
    case = Case("CONV_2D", "explained", conv_model(Conv()))
    inputs = [(np.zeros((1, 7, 6, 3), np.int8),)]
    assert "no layer differs" in first_difference(case.model, inputs)
    monkeypatch.setattr(
        "tests.models.comparison.evaluate",
        lambda graph, arrays: tuple(a ^ 1 for a in evaluate(graph, arrays)),
    )
    assert "numpy leaves the oracle at CONV_2D 't3'" in first_difference(case.model, inputs)
