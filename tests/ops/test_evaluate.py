# SPDX-License-Identifier: Apache-2.0
"""The numpy meaning of every operator equals the reference kernels, value for value."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.tinyengine.evaluate import evaluate_series
from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.ops import MADE_BY_PASSES, SPECS, lstm
from mcunet_tf.tinyengine.passes import run_passes
from mcunet_tf.tinyengine.read_tflite import read_tflite
from tests.ops.all_cases import ALL_CASES, CASES, MICRO_DIFFERS, RUNTIME_FAILS
from tests.ops.build_tflite import Net
from tests.ops.case import Case, case_inputs
from tests.ops.oracle import assert_equal, micro_outputs, runtime_outputs

# Computed at compile time, without a kernel; the open-batch cases hold it.
COMPILE_TIME = {"SHAPE", "BROADCAST_ARGS"}

# Cases whose result is one or two values, which is their point: a multiplier that takes everything
# to zero, one class alone, probabilities that hardly differ, a zero point that RELU clamps at.
CONSTANT = {
    *(f"{op}-vanishing" for op in CASES),
    "CONV_2D-1x1_vanishing",
    "SOFTMAX-depth_1",
    "SOFTMAX-scale_0.0001",
    "RELU-zero_points_high",
    "RELU6-zero_points_high",
    "REDUCE_MAX-axes_1_2_3",
    "SUB-same_twice",
    "PRELU-zero_points_apart",
    "SQUARED_DIFFERENCE-zero_points_apart",
    "ABS-zero_points_high",
    "EXP-zero_points_high",
    "GELU-approximate_vanishing",
    "RSQRT-scale_0.0001_to_0.01_-128",
    "RSQRT-scale_30_to_1_-100",
    "REDUCE_MAX-axes_0_1_2_3",
    "MAX_POOL_2D-global_of_many_pixels",
    *(f"CAST-{source}_to_bool" for source in ("int16", "int32", "int64", "float32")),
    *(f"LOGISTIC-scale_1e-05_zero_point_{z}" for z in (-128, -1, 127)),
}


def graph_of(case: Case) -> Graph:
    """The graph that kernels are chosen for."""
    return run_passes(read_tflite(case.model), edges="model")


def evaluated(case: Case):
    graph = graph_of(case)
    inputs = case_inputs(case, graph)
    return inputs, list(evaluate_series(graph, inputs))


def cases_outside(*names):
    return [case for case in ALL_CASES if not any(str(case) in group for group in names)]


@pytest.mark.parametrize("case", cases_outside(RUNTIME_FAILS), ids=str)
@pytest.mark.sampled(5)
def test_equals_tflite_runtime(case):
    inputs, outputs = evaluated(case)
    assert_equal(outputs, runtime_outputs(case.model, inputs), inputs)


@pytest.mark.parametrize("case", cases_outside(MICRO_DIFFERS), ids=str)
@pytest.mark.sampled(5)
def test_equals_tflite_micro(case):
    inputs, outputs = evaluated(case)
    assert_equal(outputs, micro_outputs(case.model, inputs), inputs)


def test_every_operator_has_cases():
    assert set(CASES) == set(SPECS) - COMPILE_TIME - set(MADE_BY_PASSES)


def test_no_case_is_excused_twice():
    assert not set(RUNTIME_FAILS) & set(MICRO_DIFFERS)
    assert set(RUNTIME_FAILS) | set(MICRO_DIFFERS) <= set(map(str, ALL_CASES))


@pytest.mark.parametrize("case", cases_outside(CONSTANT), ids=str)
@pytest.mark.sampled(5)
def test_results_vary(case):
    """A case whose results are all alike would show little."""
    _, outputs = evaluated(case)
    values = np.concatenate([array.reshape(-1) for arrays in outputs for array in arrays])
    two = case.name == "saturating" or set(np.unique(values)) <= {0, 1}  # masks
    assert len(np.unique(values)) >= (2 if two else 3)


@pytest.mark.parametrize("name", RUNTIME_FAILS)
def test_tflite_runtime_still_fails_where_we_say_so(name):
    """If a new version is right, the exception above can go."""
    (case,) = (case for case in ALL_CASES if str(case) == name)
    inputs, outputs = evaluated(case)
    try:
        theirs = runtime_outputs(case.model, inputs)
    except (RuntimeError, ValueError):
        return  # it refuses the file
    assert any(
        not np.array_equal(a, b)
        for left, right in zip(outputs, theirs, strict=True)
        for a, b in zip(left, right, strict=True)
    )


@pytest.mark.parametrize("name", MICRO_DIFFERS)
def test_tflite_micro_still_differs_where_we_say_so(name):
    (case,) = (case for case in ALL_CASES if str(case) == name)
    inputs, outputs = evaluated(case)
    try:
        theirs = micro_outputs(case.model, inputs)
    except RuntimeError:
        return  # it refuses the file
    assert any(
        not np.array_equal(a.reshape(-1), b.reshape(-1))
        for left, right in zip(outputs, theirs, strict=True)
        for a, b in zip(left, right, strict=True)
    )


def test_curves_of_gates_are_those_of_tflite_micro():
    """Its TANH of int16 shows every point of the table that LSTM uses, on all 65,536 inputs."""
    net = Net()
    values = np.arange(-32768, 32768)
    x = net.tensor((1, len(values)), scale=2.0**-12, dtype="int16")
    y = net.tensor((1, len(values)), scale=2.0**-15, dtype="int16")
    net.op("TANH", [x], [y])
    ((found,),) = micro_outputs(net.build([x], [y]), [(values.astype(np.int16)[np.newaxis],)])
    np.testing.assert_array_equal(found.reshape(-1), lstm.tanh(values, 3, 0))
