# SPDX-License-Identifier: Apache-2.0
"""Rings of rows: where they lie, what proves them, and models of others."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.benchmark.runner import run_on_board
from mcunet_tf.check.verify import verify, verify_on_host
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate_series
from mcunet_tf.tinyengine.validate import PlanError, validate_plan
from tests.streams.layers import Layers
from tests.streams.networks import ENDLESS, WINDOWS


def stream(name: str, board: str = "qemu-m4", **options):
    network, hop = (WINDOWS | ENDLESS)[name]
    options = {"hop": hop, **options}
    return compile_tflite(network(Layers()), board, name="m", input_mode="stream", **options)


def test_rings_slide_where_they_are_while_rows_are_few():
    model = stream("convolutions")
    kinds = [op.kind for op in model.graph.ops]
    assert kinds.count("SLIDE") == len(model.graph.states) == 3
    assert {"CONCATENATION", "SLICE"}.isdisjoint(kinds)
    for entry, result in zip(model.graph.entries, model.graph.exits, strict=True):
        assert model.plan.storage[entry] == model.plan.storage[result]
    # Where a call brings most of a ring, room for it in each of them would be a waste.
    kinds = [op.kind for op in stream("mean_of_rows", hop=15).graph.ops]
    assert "CONCATENATION" in kinds


@pytest.mark.parametrize(
    ("name", "sums"),
    [
        ("mean_of_rows", 8),
        ("mean_over_time_alone", 8),
        ("average_pool", 5),
        ("padded", 8),
        ("mean_over_frequencies", 0),
        ("greatest_of_rows", 0),
    ],
)
def test_means_over_time_keep_sums(name, sums):
    model = stream(name)
    found = [op for op in model.graph.ops if op.kind == "MOVING_SUMS"]
    assert [model.graph.tensors[op.outputs[0]].elements for op in found] == [sums] * (sums > 0)
    means = [op.kind for op in model.graph.ops if op.kind in ("MEAN", "AVERAGE_POOL_2D")]
    assert means == ["MEAN"] * (name == "mean_over_frequencies")
    # A mean over hardly more rows than are new is made anew.
    long = stream("mean_of_rows", hop=5)
    assert not [op for op in long.graph.ops if op.kind == "MOVING_SUMS"]


def test_rows_are_kept_as_their_sums_where_these_are_smaller():
    """Of three means of rows of 6 columns each keeps sums; a convolution keeps rows besides."""
    model = stream("mean_of_wide_rows")
    kinds = [op.kind for op in model.graph.ops]
    assert (kinds.count("ROW_SUMS"), kinds.count("MOVING_SUMS")) == (3, 3)
    shapes = sorted(state.shape for state in model.graph.states if state.ndim == 4)
    assert shapes == [(1, 2, 6, 6), (1, 3, 8, 2), (1, 16, 1, 5), (1, 17, 1, 6), (1, 17, 1, 6)]


def test_a_convolution_of_one_pixel_is_a_matrix_product():
    model = stream("signals")
    convolutions = [op for op in model.graph.ops if op.kind == "CONV_2D"]
    # Taps apart from each other do not lie behind each other in the ring.
    assert [op.attributes.dilation_height for op in convolutions] == [2, 4]
    products = [op for op in model.graph.ops if op.kind == "FULLY_CONNECTED"]
    shapes = [model.graph.tensors[op.inputs[1]].shape for op in products]
    assert shapes == [(8, 3 * 4), (8, 3 * 8), (3, 8)]


def without(plan, **changes):
    """The plan with other promises of the kernel that slides."""
    stages = []
    for stage in plan.stages:
        nodes = tuple(
            dataclasses.replace(node, kernel=dataclasses.replace(node.kernel, **changes))
            if node.op.kind == "SLIDE"
            else node
            for node in stage.nodes
        )
        events = dataclasses.replace(stage.events, nodes=nodes)
        stages.append(dataclasses.replace(stage, nodes=nodes, events=events))
    return dataclasses.replace(plan, stages=tuple(stages))


def test_a_kernel_that_does_not_work_in_place_is_refused():
    model = stream("convolutions")
    validate_plan(model.graph, without(model.plan))
    with pytest.raises(PlanError, match="over row 0 that it reads"):
        validate_plan(model.graph, without(model.plan, replaces_first=False))


def test_new_rows_in_the_ring_that_they_go_into_are_refused():
    model = stream("convolutions")
    slides = [op for op in model.graph.ops if op.kind == "SLIDE"]
    entry, fresh = slides[1].inputs
    table = dict(model.plan.storage)
    table[entry] = table[slides[1].outputs[0]] = dataclasses.replace(
        table[entry], offset=model.plan.state_base
    )
    with pytest.raises(PlanError):
        validate_plan(model.graph, dataclasses.replace(model.plan, storage=table))
    table = dict(model.plan.storage)
    table[fresh] = dataclasses.replace(table[fresh], offset=table[entry].offset)
    with pytest.raises(PlanError):
        validate_plan(model.graph, dataclasses.replace(model.plan, storage=table))


@pytest.mark.parametrize("optimize", ["sram", "speed"])
def test_the_numpy_twin_and_any_plan_give_the_same(optimize):
    model = stream("branches", "host", optimize=optimize)
    rng = np.random.default_rng(3)
    shape = model.inputs[0].shape
    calls = [(rng.integers(-128, 128, shape).astype(np.int8),) for _ in range(40)]
    wanted = [outputs[0] for outputs in evaluate_series(model.graph, calls)]
    got = [outputs[0] for outputs in run_on_board(model, "host", calls).outputs]
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55"])
@pytest.mark.parametrize("name", ["convolutions", "signals", "padded", "residuals"])
@pytest.mark.sampled(5)
def test_boards_give_the_same(name, board):
    network, _ = (WINDOWS | ENDLESS)[name]
    model = stream(name, board)
    result = verify(
        model, network(Layers()), 20, 5, lambda calls: run_on_board(model, board, calls).outputs
    )
    assert result.values >= 60


def test_memories_and_layouts_of_boards():
    model = stream("residuals", "host", region_bytes=(96, 4000))
    network, _ = ENDLESS["residuals"]
    assert len(model.plan.used_bytes) == 2
    verify_on_host(model, network(Layers()), 10, 1)


def wake_word(shared: Path) -> Path:
    found = sorted((shared.parent / "corpus").glob("*strm_ww_int8.tflite"))
    if not found:
        pytest.skip(f"no streaming wake word beside {shared}")
    return found[0]


def test_a_wake_word_over_a_thousand_frames(shared_models):
    """MLPerf Tiny's streaming wake word, which is computed anew for every frame elsewhere."""
    model = wake_word(shared_models).read_bytes()
    compiled = compile_tflite(model, "host", name="m", input_mode="stream", hop=1)
    result = verify_on_host(compiled, model, 971, 2)
    assert compiled.stream.warm_up + result.inputs == 1000
    for board in ("qemu-m4", "qemu-m55"):
        compiled = compile_tflite(model, board, name="m", input_mode="stream", hop=1)
        assert compiled.macs <= 46_100
        assert compiled.arena_bytes + compiled.state_bytes <= 6_500


def test_a_keyword_spotter_on_a_minute(shared_models):
    """It pads in time; a row is 20 ms."""
    model = (shared_models / "mlperf_kws_dscnn_int8.tflite").read_bytes()
    compiled = compile_tflite(model, "host", name="m", input_mode="stream", hop=2)
    result = verify_on_host(compiled, model, 1500 - compiled.stream.warm_up, 3)
    assert compiled.stream.warm_up + result.inputs >= 1500
    assert "on all of a recording" in result.reference
    whole = compile_tflite(model, "qemu-m4", name="m")
    call = compile_tflite(model, "qemu-m4", name="m", input_mode="stream", hop=2)
    assert call.report.instructions <= 0.08 * whole.report.instructions
