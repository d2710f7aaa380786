# SPDX-License-Identifier: Apache-2.0
"""What an LSTM remembers: kept where a model is one that remembers, and zero at each call else."""

from __future__ import annotations

import dataclasses
import subprocess
from typing import Any

import numpy as np
import pytest

from mcunet_tf.benchmark.runner import run_on_board
from mcunet_tf.check.engines import MicroEngine, has_variables
from mcunet_tf.check.reference import Reference, random_inputs
from mcunet_tf.check.toolchain import find_tool
from mcunet_tf.check.verify import verify_on_host
from mcunet_tf.errors import McunetError, ModelError, UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate, evaluate_series
from mcunet_tf.tinyengine.ops.lstm import CELL_STATE, HIDDEN_STATE
from mcunet_tf.tinyengine.validate import PlanError, validate_plan
from tests.ops.build_tflite import NONE, Net, build_model
from tests.ops.oracle import assert_equal
from tests.ops.recurrent_cases import (
    float_lstm_net,
    lstm_model,
    lstm_net,
    remembering_model,
    svdf_layer,
)

INVOCATIONS = 200
_SHORTS: dict[str, Any] = {"dtype": "int16", "bias": "int64"}
_WIDE = ((1e-4, 0), (2.0**-15, 0))


def float_model() -> bytes:
    net, x, y = float_lstm_net(1, 9, 7)
    return net.build([x], [y])


def two_layers() -> bytes:
    """One behind the other, as noise suppression has them."""
    net, x, middle = lstm_net(1, 9, 8)
    _, y, z = lstm_net(1, 8, 7, (1 / 128, 5), net=net)
    net.ops[1] = dataclasses.replace(net.ops[1], inputs=[middle, *net.ops[1].inputs[1:]])
    assert y != middle
    return net.build([x], [z])


ONE_STEP = {
    "int8": lambda: lstm_model(1, 9, 7),
    "int8 of quads": lambda: lstm_model(1, 16, 12),
    "int16": lambda: lstm_model(1, 9, 7, *_WIDE, **_SHORTS),
    "float32": float_model,
    "two layers": two_layers,
    "beside a sequence": lambda: remembering_model(5, 9, 7),
}


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["host", "qemu-m4", "qemu-m55"])
@pytest.mark.parametrize("name", ONE_STEP)
@pytest.mark.sampled(5)
def test_a_long_series_equals_the_reference(name, board):
    model = ONE_STEP[name]()
    reference, compiled = Reference(model), compile_tflite(model, board, name="m", edges="model")
    series = random_inputs(reference, INVOCATIONS, 7)
    assert_equal(run_on_board(compiled, board, series).outputs, reference.run(series), series)


@pytest.mark.parametrize("name", ONE_STEP)
def test_a_state_that_is_not_written_back_is_seen(name):
    """Every call from the first states: what the series above would find."""
    model = ONE_STEP[name]()
    reference, graph = Reference(model), compile_tflite(model, "host", name="m").graph
    series = random_inputs(reference, 12, 7)
    fresh = [evaluate(graph, (*arrays, *graph.states))[: len(graph.made)] for arrays in series]
    with pytest.raises(pytest.fail.Exception, match=r"differ for input [1-9]"):
        assert_equal(fresh, reference.run(series), series)


def test_the_state_is_the_models():
    compiled = compile_tflite(lstm_model(1, 9, 7), "qemu-m4", name="m")
    (entry,), (first,) = compiled.graph.entries, compiled.graph.states
    assert compiled.graph.tensors[entry].shape == (2 * 7 + 7,)
    np.testing.assert_array_equal(first, [0] * 14 + [5] * 7)
    assert compiled.plan.state_bytes == 32
    assert "m_reset(" in compiled.files["m.h"]
    validate_plan(compiled.graph, compiled.plan)
    place = compiled.plan.storage[compiled.graph.exits[0]]
    moved = dataclasses.replace(place, offset=place.offset + 16)
    storage = {**compiled.plan.storage, compiled.graph.exits[0]: moved}
    with pytest.raises(PlanError, match="does not become"):
        validate_plan(compiled.graph, dataclasses.replace(compiled.plan, storage=storage))


PROGRAM = """
#include <stdio.h>
#include <string.h>
#include "m.h"
static _Alignas(M_ARENA_ALIGNMENT) int8_t arena[M_ARENA_BYTES];
static _Alignas(M_ARENA_ALIGNMENT) int8_t state[M_STATE_BYTES];
int main(void) {
  int8_t input[M_INPUT_0_BYTES];
  for (int i = 0; fread(input, 1, sizeof input, stdin) == sizeof input; i++) {
    if (i % 10 == 0) {
      m_reset(state);
    }
    memcpy(m_input_0(arena), input, sizeof input);
    m_invoke(arena, state);
    fwrite(m_output_0(arena), 1, M_OUTPUT_0_BYTES, stdout);
  }
  return 0;
}
"""


def test_a_reset_begins_anew(tmp_path):
    model = lstm_model(1, 9, 7)
    compiled = compile_tflite(model, "portable", name="m")
    compiled.write(tmp_path)
    (tmp_path / "main.c").write_text(PROGRAM)
    sources = [str(path) for path in tmp_path.rglob("*.c")]
    command = [find_tool("gcc"), "-std=c11", "-O1", *sources, "-lm", "-o", str(tmp_path / "run")]
    subprocess.run([*command, f"-I{tmp_path}"], check=True)
    series = random_inputs(Reference(model), 20, 3)
    given = b"".join(arrays[0].tobytes() for arrays in series)
    ran = subprocess.run([tmp_path / "run"], input=given, check=True, stdout=subprocess.PIPE)
    made = np.frombuffer(ran.stdout, np.int8).reshape(20, 7)
    wanted = [*Reference(model).run(series[:10]), *Reference(model).run(series[10:])]
    np.testing.assert_array_equal(made, [answer[0].reshape(-1) for answer in wanted])


def test_a_whole_sequence_begins_at_zero_in_every_call():
    """TF-Lite Micro goes on from the call before unless it is reset."""
    model = lstm_model(6, 9, 7)
    compiled = compile_tflite(model, "host", name="m")
    assert not compiled.graph.states and not has_variables(model)
    assert "1 LSTM takes a whole sequence" in compiled.files["report.txt"]
    (arrays,) = random_inputs(Reference(model), 1, 7)
    outputs = run_on_board(compiled, "host", [arrays, arrays]).outputs
    np.testing.assert_array_equal(outputs[0][0], outputs[1][0])
    assert_equal(outputs, Reference(model).run([arrays, arrays]), [arrays, arrays])
    engine = MicroEngine(model)
    engine._remembers = True
    first, second = engine.run(arrays)[0], engine.run(arrays)[0]
    assert not np.array_equal(first, second)


def variable_beside(net: Net, x: int) -> bytes:
    """A sequence, and a variable that has nothing to do with it."""
    net.op("CALL_ONCE", [], [], InitSubgraphIndex=1)
    handle = net.tensor((), dtype="resource", scale=None)
    net.op("VAR_HANDLE", [], [handle], Container="", SharedName="v")
    held, new, out = (net.tensor((1, 4), scale=0.05) for _ in range(3))
    net.op("READ_VARIABLE", [handle], [held])
    net.op("ADD", [held, new], [out], FusedActivationFunction=NONE)
    net.op("ASSIGN_VARIABLE", [handle, new], [])
    y = net.ops[0].outputs[0]
    return build_model([(net, [x, new], [y, out]), (Net(), [], [])])


def svdf_beside(net: Net, x: int) -> bytes:
    new = net.tensor((1, 9), scale=0.05, zero_point=3)
    out = svdf_layer(net, new, 9, 6, 5)
    return net.build([x, new], [net.ops[0].outputs[0], out])


@pytest.mark.parametrize("beside", [variable_beside, svdf_beside])
def test_a_sequence_goes_on_in_a_model_that_remembers(beside):
    """A model that remembers is TensorFlow Lite's in whole."""
    net, x, _ = lstm_net(5, 6, 4)
    model = beside(net, x)
    series = random_inputs(Reference(model), 20, 7)
    compiled = compile_tflite(model, "host", name="m", edges="model")
    assert len(compiled.graph.states) == 2 and has_variables(model)
    assert "whole sequence" not in compiled.files["report.txt"]
    wanted = Reference(model).run(series)
    assert_equal(list(evaluate_series(compiled.graph, series)), wanted, series)
    assert_equal(run_on_board(compiled, "host", series).outputs, wanted, series)


def float_sequence() -> bytes:
    net, x, y = float_lstm_net(6, 9, 7)
    return net.build([x], [y])


SEQUENCES = {
    "int8": lambda: lstm_model(6, 9, 7),
    "int16": lambda: lstm_model(4, 9, 7, *_WIDE, **_SHORTS),
    "float32": float_sequence,
}
FORCED = {
    **{f"{name}, kept": (model, "keep") for name, model in SEQUENCES.items()},
    **{f"{name}, one step, reset": (model, "reset") for name, model in ONE_STEP.items()},
}
FORCED.pop("beside a sequence, one step, reset")  # the sequence is another state


@pytest.mark.parametrize("name", FORCED)
def test_the_user_says_whether_lstms_remember(name):
    make, lstm = FORCED[name]
    model = make()
    compiled = compile_tflite(model, "host", name="m", edges="model", lstm=lstm)
    assert bool(compiled.graph.states) == (lstm == "keep")
    reference = Reference(model, remembers=lstm == "keep")
    series = random_inputs(reference, 20, 7)
    wanted = reference.run(series)
    assert_equal(run_on_board(compiled, "host", series).outputs, wanted, series)
    assert_equal(list(evaluate_series(compiled.graph, series)), wanted, series)
    with pytest.raises(pytest.fail.Exception):
        assert_equal(wanted, Reference(model).run(series), series)
    kept = "go on from the inference before"
    fresh = "begin at zero in every inference"
    header = compiled.files["m.h"]
    assert (kept in header, fresh in header) == (lstm == "keep", lstm == "reset")
    assert ("on from the inference before" in compiled.files["report.txt"]) == (lstm == "keep")
    assert "5 inputs" in str(verify_on_host(compiled, model, 5, 0))


def test_lstms_begin_at_zero_beside_what_goes_on():
    """No reference can do so: one reset is that of all states."""
    net, x, _ = lstm_net(5, 6, 4)
    model = svdf_beside(net, x)
    compiled = compile_tflite(model, "host", name="m", edges="model", lstm="reset")
    assert len(compiled.graph.states) == 1
    series = random_inputs(Reference(model), 12, 7)
    alone, beside = lstm_net(5, 6, 4), list(evaluate_series(compiled.graph, series))
    assert_equal(run_on_board(compiled, "host", series).outputs, beside, series)
    halves = [arrays[:1] for arrays in series]
    fresh = Reference(alone[0].build([alone[1]], [alone[2]])).run(halves)
    assert_equal([outputs[:1] for outputs in beside], fresh, halves)
    going_on = [outputs[1:] for outputs in Reference(model).run(series)]
    assert_equal([outputs[1:] for outputs in beside], going_on, series)
    with pytest.raises(ModelError, match="other states go on"):
        verify_on_host(compiled, model, 2, 0)


def test_words_of_lstms_that_say_nothing():
    with pytest.raises(McunetError, match="lstm 'forget' is unknown: use one of auto, keep, reset"):
        compile_tflite(lstm_model(1, 9, 7), "host", name="m", lstm="forget")
    net = Net()
    x, y = net.tensor((1, 8)), net.tensor((1, 8))
    net.op("RELU", [x], [y])
    with pytest.raises(ModelError, match="lstm='keep' speaks of LSTMs") as caught:
        compile_tflite(net.build([x], [y]), "host", name="m", lstm="keep")
    assert "\n" not in str(caught.value)


def test_rows_of_a_stream_are_not_the_models_steps():
    with pytest.raises(UnsupportedError, match="the model remembers by itself"):
        compile_tflite(lstm_model(1, 9, 7), "host", name="m", input_mode="stream", hop=1)


@pytest.mark.parametrize(
    ("positions", "changes", "told"),
    [
        ((HIDDEN_STATE,), {"shape": (1, 8)}, "int8 [1, 8], int16 [1, 7]"),
        ((CELL_STATE,), {"shape": (1, 8)}, "int8 [1, 7], int16 [1, 8]"),
        ((HIDDEN_STATE, CELL_STATE), {"shape": (1, 8)}, "[1, 8]"),
        ((CELL_STATE,), {"dtype": "int8"}, "int8 [1, 7], int8 [1, 7]"),
        ((CELL_STATE,), {"variable": False, "data": bytes(14)}, "states that are no variables"),
    ],
)
def test_other_states_are_refused(positions, changes, told):
    net, x, y = lstm_net(1, 9, 7)
    for position in positions:
        held = net.ops[0].inputs[position]
        net.tensors[held] = dataclasses.replace(net.tensors[held], **changes)
    with pytest.raises(UnsupportedError) as caught:
        compile_tflite(net.build([x], [y]), "host", name="m")
    text = str(caught.value)
    assert told in text and "\n" not in text and text.partition("Remedy: ")[2]
