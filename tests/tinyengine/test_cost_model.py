# SPDX-License-Identifier: Apache-2.0
"""What the shipped cost model predicts is what emulated boards count and the linker places."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from mcunet_tf.benchmark.runner import run_on_board
from mcunet_tf.boards import load_board, load_core
from mcunet_tf.check.toolchain import tool_version
from mcunet_tf.errors import BoardError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.cost import CostModel, MeasuredCosts, cost_key, cost_model
from mcunet_tf.tinyengine.cost.call_counts import stage_calls, whole_calls
from mcunet_tf.tinyengine.cost.counts import Run
from mcunet_tf.tinyengine.cost.features import features_of
from mcunet_tf.tinyengine.cost.model import CallCost, weigh
from mcunet_tf.tinyengine.emit.cost_report import make_report
from mcunet_tf.tinyengine.emit.project import Project
from mcunet_tf.tinyengine.emit.sources import kernel_path, shared_implementations
from mcunet_tf.tinyengine.kernel_tables import KERNELS
from mcunet_tf.tinyengine.kernel_tables.table import Style
from tests.benchmark.small_net import small_net
from tests.ops.all_cases import CASES
from tests.tinyengine.small_models import small_network

# Of instructions and cycles. On the M55 single layers of odd sizes are off by more.
LIMITS = {
    "qemu-m4": 0.03,
    "qemu-m55": 0.10,
    "qemu-m0plus": 0.10,
    "qemu-rv32": 0.10,
    "qemu-rv32v": 0.10,
}
# Linked code holds alignment and library functions that no row is charged for. Other compilers than
# the one that the model was fitted with make other code of the same C.
CODE_LIMIT, OTHER_COMPILER_LIMIT, CODE_SLACK_BYTES = 0.03, 0.10, 64
# Cores without long products and divisions call more of the library.
LIBRARY_LIMITS = {"qemu-m0plus": 0.06, "qemu-rv32": 0.06, "qemu-rv32v": 0.06}
WEIGHTS_SLACK_BYTES = 4  # of alignment, for each constant
NETWORKS = ("small_net", "squeeze_excite", "depthwise_kernels")
STOCK = ("mlperf_kws_dscnn_int8", "person_detect_int8")


def is_fitted_compiler(core: str) -> bool:
    """Whether the cross compiler at hand is of the release that the model of a core names."""
    (release,) = re.findall(r"gcc (\d+)\.", cost_model(core).label)
    return f" {release}." in tool_version(load_core(core).architecture.compiler).partition(")")[2]


def check_predictions(model: bytes, board_name: str) -> None:
    """Compiles for a board, counts there, and holds every figure of the report against it."""
    board = load_board(board_name)
    compiled = compile_tflite(model, board, name="m")
    report = compiled.report
    rng = np.random.default_rng(3)
    arrays = tuple(
        rng.integers(-128, 128, info.shape).astype(info.dtype) for info in compiled.inputs
    )
    run = run_on_board(compiled, board, [arrays])
    limit = LIMITS[board_name]
    assert report.instructions == pytest.approx(run.instructions[0], rel=limit)
    if board.core.cycle_model:
        assert report.cycles == pytest.approx(run.modelled_cycles[0], rel=limit)
    else:
        assert report.cycles is None
    code = run.sizes.code_bytes
    limit = LIBRARY_LIMITS.get(board_name, CODE_LIMIT)
    limit = limit if is_fitted_compiler(board.core.cost_model) else OTHER_COMPILER_LIMIT
    assert report.code_bytes == pytest.approx(code, abs=limit * code + CODE_SLACK_BYTES)
    slack = WEIGHTS_SLACK_BYTES * 4 * len(report.layers)
    assert 0 <= run.sizes.weights_bytes - report.weights_bytes <= slack


@pytest.mark.qemu
@pytest.mark.parametrize("board", LIMITS)
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.sampled(5)
def test_predictions_of_small_networks(keras_model, name, board):
    model = small_net() if name == "small_net" else keras_model(name).read_bytes()
    check_predictions(model, board)


@pytest.mark.qemu
@pytest.mark.parametrize("board", LIMITS)
@pytest.mark.parametrize("name", STOCK)
@pytest.mark.sampled(3)
def test_predictions_of_stock_models(shared_models, name, board):
    check_predictions((shared_models / f"{name}.tflite").read_bytes(), board)


@pytest.mark.qemu
@pytest.mark.slow
@pytest.mark.parametrize("board", LIMITS)
@pytest.mark.parametrize("name", ["mcunet_like", "resnet_8", "ds_cnn", "mobilenet_v2_035_96"])
def test_predictions_of_large_networks(keras_model, name, board):
    check_predictions(keras_model(name).read_bytes(), board)


def test_cores_without_coefficients():
    assert load_core("cortex-m33").cost_model == "cortex-m4"
    assert cost_model("") is None
    with pytest.raises(BoardError, match="no costs were fitted on 'cortex-m23'"):
        cost_model("cortex-m23")


def test_the_total_is_the_entry_and_the_layers():
    """Predictions of the kernel and of the code around it, added up by hand."""
    compiled = compile_tflite(small_net(), "qemu-m4")
    model = known_model("cortex-m4")
    total = model.entry
    for stage in compiled.plan.stages:
        for cost in model.stage(stage):
            assert cost is not None
            total = total.plus(cost)
    assert compiled.report.instructions == pytest.approx(total.instructions, abs=8)
    scale = load_board("qemu-m4").calibration.scale
    assert compiled.report.cycles == pytest.approx(scale * total.cycles, abs=8)
    assert compiled.report.cycle_error_percent == load_board("qemu-m4").calibration.error_percent
    (line,) = [n for n in compiled.report.text().splitlines() if n.startswith("  cycles ")]
    assert f"+-{compiled.report.cycle_error_percent:.0f} %, predicted" in line
    assert sum(layer.instructions for layer in compiled.report.layers) == pytest.approx(
        total.instructions - model.entry.instructions, abs=8
    )


def test_counts_without_a_weight_cost_nothing():
    weights = {"call": (10.0, 20.0), "value": (1.5, 2.0)}
    assert weigh(weights, {"call": 2, "value": 4, "unheard_of": 99}) == CallCost(26.0, 48.0)


def test_a_row_that_nobody_fitted_has_no_prediction():
    """One unknown layer leaves the total unknown, not too small."""
    compiled = compile_tflite(small_net(), "qemu-m4", name="m")
    model = known_model("cortex-m4")
    gone = compiled.report.layers[0].kernel
    kernels = {name: known for name, known in model.kernels.items() if name != gone}
    project = Project("m", "m", "qemu-m4", "", (), compiled.graph, compiled.plan)
    report = make_report(project, model=dataclasses.replace(model, kernels=kernels))
    assert report.layers[0].instructions is None
    assert report.layers[1].instructions == compiled.report.layers[1].instructions
    assert (report.instructions, report.cycles, report.code_bytes) == (None, None, None)


def test_a_measured_cost_is_preferred():
    """The table answers for its key alone; other calls of the same kernel are predicted."""
    (stage, *_) = compile_tflite(small_net(), "qemu-m4").plan.stages
    node, model = stage.nodes[0], known_model("cortex-m4")
    calls, fewer = (Run(2, 2, 2), Run(1, 1, 1)), (Run(2, 1, 1),)
    counted = CallCost(1.0, 2.0)
    costs = MeasuredCosts(model, {cost_key(node.kernel, node.view, calls): counted})
    assert costs.kernel(node.kernel, node.view, calls) == counted
    assert costs.kernel(node.kernel, node.view, fewer) == model.kernel(
        node.kernel, node.view, fewer
    )
    assert costs.code_bytes(node.kernel) == model.kernels[node.kernel.name].code_bytes


def test_calls_in_chunks_have_a_key_of_their_own():
    """The same parts in fewer calls set up less: one measurement must not answer for the other."""
    (stage, *_) = compile_tflite(small_net(), "qemu-m4").plan.stages
    node = stage.nodes[0]
    once, often = (Run(4, 3, 1),), (Run(4, 3, 3),)
    assert cost_key(node.kernel, node.view, once) != cost_key(node.kernel, node.view, often)


def known_model(core: str) -> CostModel:
    model = cost_model(core)
    assert model is not None
    return model


@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55"])
@pytest.mark.parametrize("optimize", ["sram", "speed"])
def test_schedules_make_every_row_once(keras_model, board, optimize):
    """However a plan streams, the units of a node's calls are those of the whole layer."""
    for model in (small_net(), small_network(), keras_model("squeeze_excite").read_bytes()):
        plan = compile_tflite(model, board, name="m", optimize=optimize).plan
        for stage in plan.stages:
            for node, calls in zip(stage.nodes, stage_calls(stage), strict=True):
                assert units(calls) == units(whole_calls(node)), node.op.name


def units(calls) -> int:
    return sum(run.units * run.times for run in calls)


@pytest.mark.parametrize("op", ["ADD", "MUL", "RELU", "RELU6", "LOGISTIC", "QUANTIZE"])
def test_values_are_counted_once_whatever_a_pixel_is(op):
    """Operands that repeat make pixels of one value, of a channel vector, or of everything."""
    checked = 0
    for case in CASES[op]:
        compiled = compile_tflite(case.model, "qemu-m4", name="m", edges="model")
        for node in (node for stage in compiled.plan.stages for node in stage.nodes):
            kernel = node.kernel
            if kernel.style is not Style.PIXELS or node.op.kind != op:
                continue
            features = features_of(kernel.name, op, kernel.isa, kernel.style)
            counts = features(node.view, whole_calls(node))
            assert counts["value"] == node.view.output.elements, case
            if "fourth" in counts:
                assert 4 * counts["fourth"] + counts["odd_value"] == counts["value"], case
            checked += 1
    assert checked


def test_code_that_kernels_share_counts_once():
    model = cost_model("cortex-m55")
    for code in model.shared:
        assert len(code.kernels) > 1
        one = next(iter(code.kernels))
        assert model.shared_code_bytes([one]) == model.shared_code_bytes(code.kernels)
    assert model.shared_code_bytes(["add_s8_mve"]) == 0
    both = [next(iter(code.kernels)) for code in model.shared]
    assert model.shared_code_bytes(both) == sum(code.code_bytes for code in model.shared) > 0


def test_coefficients_know_which_kernels_share_code():
    named = {}
    for table in KERNELS.values():
        for kernel in table:
            if kernel.isa == "mve":
                for path in shared_implementations([kernel_path(kernel.folder, kernel.name)]):
                    named.setdefault(path, set()).add(kernel.name)
    known = {code.kernels for code in cost_model("cortex-m55").shared}
    assert known == set(map(frozenset, named.values()))
