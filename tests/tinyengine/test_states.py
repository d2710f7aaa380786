# SPDX-License-Identifier: Apache-2.0
"""Models that remember: what they read, what they compute in series, and where it is kept."""

from __future__ import annotations

import dataclasses
import functools
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.benchmark.runner import run_on_board
from mcunet_tf.boards import load_board
from mcunet_tf.check import run_on_host
from mcunet_tf.check.reference import Reference
from mcunet_tf.check.toolchain import find_tool
from mcunet_tf.errors import BudgetError, UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate_series
from mcunet_tf.tinyengine.graph_text import graph_text
from mcunet_tf.tinyengine.validate import PlanError, validate_plan
from tests.ops.build_tflite import NONE, Net, build_model
from tests.ops.oracle import assert_equal, runtime_outputs
from tests.ops.recurrent_cases import svdf_chain, svdf_layer, svdf_model
from tests.tinyengine.remembering import CHANNELS, FRAME, WINDOW, remembering

SERIES = 40


def frames(count: int = SERIES) -> list[tuple[np.ndarray, ...]]:
    rng = np.random.default_rng(1)
    return [
        (rng.integers(-128, 128, (1, FRAME, 1, CHANNELS)).astype(np.int8),) for _ in range(count)
    ]


@functools.cache
def uneven() -> np.ndarray:
    rng = np.random.default_rng(2)
    return rng.integers(-128, 128, (1, WINDOW - FRAME, 1, CHANNELS)).astype(np.int8)


def on_host(compiled, series) -> list[np.ndarray]:
    data = [[array.tobytes() for array in arrays] for arrays in series]
    runs = run_on_host(compiled, load_board("host"), data, sanitize=True)
    return [np.frombuffer(run.outputs[0], np.int8) for run in runs]


def test_what_is_read():
    compiled = compile_tflite(remembering(uneven(), extra=True), "portable", name="m")
    graph = compiled.graph
    names = [graph.tensors[index].name for index in graph.entries]
    assert names == ["window", "last"]
    np.testing.assert_array_equal(graph.states[0], uneven())
    assert np.all(graph.states[1] == 5), "what stands for 0, where the file assigns nothing"
    assert (len(compiled.inputs), len(compiled.outputs)) == (1, 1)
    assert "next state" in graph_text(graph)
    assert compiled.plan.state_bytes == compiled.report.state_bytes == 48
    assert "48 B  what outlasts an inference" in compiled.files["report.txt"]


@pytest.mark.parametrize("optimize", ["sram", "speed"])
@pytest.mark.parametrize("extra", [False, True])
def test_a_series_equals_the_reference(optimize, extra):
    """The reference begins with zeros; other values of the file are the next test's."""
    model = remembering(np.full((1, WINDOW - FRAME, 1, CHANNELS), -3, np.int8), extra)
    compiled = compile_tflite(model, "host", name="m", optimize=optimize)
    wanted = [answer[0].reshape(-1) for answer in Reference(model).run(frames())]
    assert len({bytes(value) for value in wanted}) > SERIES // 2
    np.testing.assert_array_equal(on_host(compiled, frames()), wanted)
    meant = [out[0].reshape(-1) for out in evaluate_series(compiled.graph, frames())]
    np.testing.assert_array_equal(meant, wanted)
    again = [answer[0].reshape(-1) for answer in Reference(model).run(frames())]
    np.testing.assert_array_equal(again, wanted)


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["host", "qemu-m4", "qemu-m55"])
def test_a_series_on_a_board_begins_with_the_files_values(board):
    model = remembering(uneven())
    compiled = compile_tflite(model, board, name="m")
    meant = [out[0].reshape(-1) for out in evaluate_series(compiled.graph, frames())]
    plain = evaluate_series(compile_tflite(remembering(), board, name="m").graph, frames())
    assert not np.array_equal(next(plain)[0].reshape(-1), meant[0])
    outputs = run_on_board(compiled, board, frames()).outputs
    np.testing.assert_array_equal([out[0].reshape(-1) for out in outputs], meant)


# What a next state can be


SMALL = {"scale": 0.05, "zero_point": -3}


class Cell:
    """A network of one input and two variables, of four values each."""

    def __init__(self) -> None:
        self.net = Net()
        self.net.op("CALL_ONCE", [], [], InitSubgraphIndex=1)
        self.x = self.net.tensor((1, 4), **SMALL)
        self.handles = [self._handle(self.net, name) for name in ("a", "b")]

    @staticmethod
    def _handle(net: Net, name: str) -> int:
        handle = net.tensor((), dtype="resource", scale=None)
        net.op("VAR_HANDLE", [], [handle], Container="", SharedName=name)
        return handle

    def read(self, number: int) -> int:
        return self.made("READ_VARIABLE", [self.handles[number]])

    def write(self, number: int, value: int) -> None:
        self.net.op("ASSIGN_VARIABLE", [self.handles[number], value], [])

    def made(self, kind: str, inputs: list[int], shape=(1, 4), **options) -> int:
        result = self.net.tensor(shape, **SMALL)
        self.net.op(kind, inputs, [result], **options)
        return result

    def add(self, first: int, second: int) -> int:
        return self.made("ADD", [first, second], FusedActivationFunction=NONE)

    def numbers(self, *values: int) -> int:
        return self.net.constant(np.array(values, np.int32))

    def build(self, outputs: list[int]) -> bytes:
        start = Net()
        for name in ("a", "b"):
            value = start.tensor((1, 4), data=np.full((1, 4), -3, np.int8), **SMALL)
            start.op("ASSIGN_VARIABLE", [self._handle(start, name), value], [])
        return build_model([(self.net, [self.x], outputs), (start, [], [])])


def delay(cell: Cell, backwards: bool) -> list[int]:
    """b becomes what a was, a the input."""
    read = [cell.read(number) for number in ((1, 0) if backwards else (0, 1))]
    a, b = read[::-1] if backwards else read
    cell.write(1, a)
    cell.write(0, cell.x)
    return [cell.add(a, b)]


def exchange(cell: Cell) -> list[int]:
    a, b = cell.read(0), cell.read(1)
    cell.write(1, cell.add(a, cell.x))
    cell.write(0, b)
    return [cell.add(cell.add(a, b), cell.x)]


def exchange_alone(cell: Cell) -> list[int]:
    a, b = cell.read(0), cell.read(1)
    cell.write(1, a)
    cell.write(0, b)
    cell.write(0, cell.add(b, cell.x))
    cell.write(1, a)
    return [cell.add(a, cell.x)]


def read_again_as_output(cell: Cell) -> list[int]:
    """The output is what was just written: a READ_VARIABLE makes it."""
    a, b = cell.read(0), cell.read(1)
    cell.write(0, cell.add(a, cell.x))
    again = cell.read(0)
    cell.write(1, cell.x)
    return [again, cell.add(b, cell.x)]


def states_as_outputs(cell: Cell) -> list[int]:
    a, b = cell.read(0), cell.read(1)
    cell.write(0, cell.x)
    cell.write(1, cell.add(a, cell.x))
    return [a, b]


def unchanged(cell: Cell) -> list[int]:
    """One is written as it was, the other never."""
    a, b = cell.read(0), cell.read(1)
    cell.write(0, a)
    return [cell.add(cell.add(a, b), cell.x)]


def one_value_for_both(cell: Cell) -> list[int]:
    a, b = cell.read(0), cell.read(1)
    cell.write(0, cell.x)
    cell.write(1, cell.x)
    return [cell.add(a, b)]


def parts_of_states(cell: Cell) -> list[int]:
    """Copies that read a state: they cannot wait until it is written."""
    a, b = cell.read(0), cell.read(1)
    half, new = (
        cell.made("SLICE", [source, cell.numbers(0, first), cell.numbers(1, 2)], (1, 2))
        for source, first in ((a, 2), (cell.x, 0))
    )
    joined = cell.made("CONCATENATION", [half, new], Axis=1, FusedActivationFunction=NONE)
    cell.write(0, joined)
    cell.write(1, cell.made("REVERSE_V2", [a, cell.numbers(1)]))
    return [cell.add(a, b)]


def a_constant(cell: Cell) -> list[int]:
    a, b = cell.read(0), cell.read(1)
    cell.write(0, cell.net.tensor((1, 4), data=np.array([[1, 2, 3, 4]], np.int8), **SMALL))
    cell.write(1, a)
    return [cell.add(a, b)]


def a_view(cell: Cell) -> list[int]:
    a, b = cell.read(0), cell.read(1)
    cell.write(1, cell.made("RESHAPE", [a, cell.numbers(1, 4)]))
    cell.write(0, cell.x)
    return [cell.add(b, cell.x)]


NEXT_STATES = {
    "delay": functools.partial(delay, backwards=False),
    "delay backwards": functools.partial(delay, backwards=True),
    **{
        made.__name__: made
        for made in (
            *(exchange, exchange_alone, read_again_as_output, states_as_outputs, unchanged),
            *(one_value_for_both, parts_of_states, a_constant, a_view),
        )
    },
}


@pytest.mark.parametrize("name", NEXT_STATES)
@pytest.mark.sampled(3)
def test_whatever_becomes_a_state_equals_the_reference(name):
    cell = Cell()
    model = cell.build(NEXT_STATES[name](cell))
    compiled = compile_tflite(model, "portable", name="m")
    rng = np.random.default_rng(4)
    series = [(rng.integers(-128, 128, (1, 4)).astype(np.int8),) for _ in range(12)]
    data = [[array.tobytes() for array in arrays] for arrays in series]
    runs = run_on_host(compiled, load_board("portable"), data, sanitize=True)
    for run, wanted in zip(runs, Reference(model).run(series), strict=True):
        for raw, array in zip(run.outputs, wanted, strict=True):
            np.testing.assert_array_equal(np.frombuffer(raw, np.int8), array.reshape(-1))


@pytest.mark.parametrize("edges", ["int8", "model"])
@pytest.mark.parametrize("kept", ["input", "output"])
def test_a_float_that_is_also_a_state_stays_one(kept, edges):
    """The application's int8 edges must not round what the model remembers."""
    net, real = Net(), {"scale": None, "dtype": "float32"}
    x = net.tensor((1, 4), **real)
    handle = net.tensor((), dtype="resource", scale=None)
    net.op("VAR_HANDLE", [], [handle], Container="", SharedName="v")
    held, out = net.tensor((1, 4), **real), net.tensor((1, 4), **real)
    net.op("READ_VARIABLE", [handle], [held])
    new, old, both = (net.tensor((1, 4), **SMALL) for _ in range(3))
    net.op("QUANTIZE", [x], [new])
    net.op("QUANTIZE", [held], [old])
    net.op("ADD", [new, old], [both], FusedActivationFunction=NONE)
    net.op("DEQUANTIZE", [both], [out])
    net.op("ASSIGN_VARIABLE", [handle, x if kept == "input" else out], [])
    compiled = compile_tflite(net.build([x], [out]), "portable", name="m", edges=edges)
    (state,) = (compiled.graph.tensors[index].dtype for index in compiled.graph.entries)
    assert state == "float32"
    types = {"input": compiled.inputs[0].dtype, "output": compiled.outputs[0].dtype}
    assert types[kept] == "float32"
    assert set(types.values()) == ({"float32"} if edges == "model" else {"float32", "int8"})


PROGRAM = """
#include <stdio.h>
#include <string.h>
#include "m.h"
static _Alignas(M_ARENA_ALIGNMENT) int8_t arena[M_ARENA_BYTES];
static _Alignas(M_ARENA_ALIGNMENT) int8_t state[2][M_STATE_BYTES];
int main(void) {
  int8_t input[M_INPUT_0_BYTES];
  m_reset(state[0]);
  m_reset(state[1]);
  for (int i = 0; fread(input, 1, sizeof input, stdin) == sizeof input; i++) {
    if (i == 10) {
      m_reset(state[1]);
    }
    for (int stream = 0; stream < 2; stream++) {
      memset(arena, 77 + i, sizeof arena); /* another model has used it */
      memcpy(m_input_0(arena), input, sizeof input);
      m_invoke(arena, state[stream]);
      fwrite(m_output_0(arena), 1, M_OUTPUT_0_BYTES, stdout);
    }
  }
  return 0;
}
"""


def test_streams_keep_apart_and_the_arena_holds_nothing(tmp_path):
    compiled = compile_tflite(remembering(uneven()), "portable", name="m")
    compiled.write(tmp_path)
    (tmp_path / "main.c").write_text(PROGRAM)
    sources = [str(path) for path in tmp_path.rglob("*.c")]
    program = tmp_path / "program"
    command = [find_tool("cc"), "-std=c11", f"-I{tmp_path}", *sources, "-lm", "-o", str(program)]
    subprocess.run(command, check=True, timeout=120)
    stream = b"".join(arrays[0].tobytes() for arrays in frames())
    told = subprocess.run([program], input=stream, capture_output=True, check=True).stdout
    outputs = np.frombuffer(told, np.int8).reshape(SERIES, 2, CHANNELS)
    meant = [out[0].reshape(-1) for out in evaluate_series(compiled.graph, frames())]
    np.testing.assert_array_equal(outputs[:, 0], meant)
    anew = [out[0].reshape(-1) for out in evaluate_series(compiled.graph, frames()[10:])]
    np.testing.assert_array_equal(outputs[10:, 1], anew)


def spoiled(plan, graph):
    """Plans that lose a state, each with what it is refused for."""
    entry, exit_ = graph.entries[0], graph.exits[0]

    def moved(tensors, change: int):
        table = dict(plan.storage)
        for tensor in tensors:
            held = table[tensor]
            table[tensor] = dataclasses.replace(held, offset=held.offset + change)
        return dataclasses.replace(plan, storage=table)

    yield "does not become", moved([exit_], 4)
    yield "does not become", moved([entry], 4)
    yield "outside the memory of states", moved([entry, exit_], plan.state_bytes)
    yield "outside the memory of states", moved([entry, exit_], -plan.state_base)
    yield "no multiple of 4", moved([entry, exit_], 2)
    yield "share memory", moved([graph.entries[1], graph.exits[1]], -40)
    yield "outside the memory of states", dataclasses.replace(plan, state_bytes=16)
    other = next(tensor for tensor in plan.storage if tensor not in graph.entries + graph.exits)
    yield "outside the arena", moved([other], plan.state_base - plan.storage[other].offset)


def test_plans_that_lose_a_state_are_refused():
    compiled = compile_tflite(remembering(), "qemu-m4", name="m")
    validate_plan(compiled.graph, compiled.plan)
    for reason, plan in spoiled(compiled.plan, compiled.graph):
        with pytest.raises(PlanError, match=reason):
            validate_plan(compiled.graph, plan)


def test_a_state_that_is_written_too_early_is_refused():
    """The copy into a state's place, before the last reader of what was there."""
    compiled = compile_tflite(remembering(), "qemu-m4", name="m", optimize="speed")
    graph, plan = compiled.graph, compiled.plan
    (writer,) = [n for n, s in enumerate(plan.stages) if s.nodes[-1].output == graph.exits[1]]
    (reader,) = [n for n, s in enumerate(plan.stages) if graph.entries[1] in s.nodes[-1].inputs]
    assert reader < writer
    order = list(range(len(plan.stages)))
    order.insert(reader, order.pop(writer))
    stages = tuple(plan.stages[n] for n in order)
    scratch = tuple(plan.scratch_offsets[n] for n in order)
    early = dataclasses.replace(plan, stages=stages, scratch_offsets=scratch)
    with pytest.raises(PlanError, match="which is not there"):
        validate_plan(graph, early)


def test_a_budget_counts_states():
    arena = compile_tflite(remembering(), "qemu-m4", name="m", optimize="sram").plan.arena_bytes
    compile_tflite(remembering(), "qemu-m4", name="m", sram_budget_bytes=arena + 48)
    with pytest.raises(BudgetError, match="and its states 48 B"):
        compile_tflite(remembering(), "qemu-m4", name="m", sram_budget_bytes=arena + 47)


def test_a_variable_of_two_shapes_is_refused():
    net = Net()
    x, y = net.tensor((1, 4), scale=0.1), net.tensor((1, 4), scale=0.1)
    handle = net.tensor((), dtype="resource", scale=None)
    net.op("VAR_HANDLE", [], [handle], Container="", SharedName="v")
    held = net.tensor((1, 5), scale=0.1)
    net.op("READ_VARIABLE", [handle], [held])
    net.op("ASSIGN_VARIABLE", [handle, x], [])
    net.op("RELU", [x], [y])
    with pytest.raises(UnsupportedError) as caught:
        compile_tflite(net.build([x], [y]), "portable", name="m")
    text = str(caught.value)
    assert "ASSIGN_VARIABLE" in text and "no operand like what the variable holds" in text
    assert "_experimental_variable_quantization" in text and "\n" not in text


def wake_words(shared: Path) -> list[Path]:
    found = sorted((shared.parent / "corpus").glob("micro-wake-word-models*.tflite"))
    if not found:
        pytest.skip(f"no wake words beside {shared}")
    return found


@pytest.mark.qemu
def test_wake_words_equal_the_reference_in_series(shared_models):
    """Files that listen in homes: a window of features, some inferences behind each other."""
    for path in wake_words(shared_models)[::4]:
        model = path.read_bytes()
        compiled = compile_tflite(model, "qemu-m4", name="m")
        rng = np.random.default_rng(3)
        shape = compiled.inputs[0].shape
        series = [(rng.integers(-128, 128, shape).astype(np.int8),) for _ in range(SERIES)]
        wanted = [answer[0].reshape(-1) for answer in Reference(model).run(series)]
        outputs = run_on_board(compiled, "qemu-m4", series).outputs
        np.testing.assert_array_equal([out[0].reshape(-1) for out in outputs], wanted)


# SVDF


@pytest.mark.parametrize("state", ["int8", "int16"])
def test_a_state_moves_on_in_its_place(state):
    """Nothing of its size is in the arena."""
    compiled = compile_tflite(svdf_chain(state), "qemu-m4", name="m")
    item_bytes = 1 if state == "int8" else 2
    kinds = [op.kind for op in compiled.graph.ops]
    assert kinds.count("SVDF_PUSH") == 2 and "SLICE" not in kinds
    assert compiled.plan.state_bytes == -(-(24 + 15) * item_bytes // 16) * 16
    assert compiled.plan.arena_bytes < 16 * 3


@pytest.mark.parametrize("state", ["int8", "int16", "float32"])
def test_an_svdf_without_bias(state):
    """TF-Lite Micro dies of it."""
    model = svdf_model(9, 6, 5, state=state, biased=False, state_scale=0.01)
    dtype = "float32" if state == "float32" else "int8"
    rng = np.random.default_rng(3)
    series = [(rng.integers(-128, 128, (1, 9)).astype(dtype),) for _ in range(12)]
    graph = compile_tflite(model, "portable", name="m").graph
    found = list(evaluate_series(graph, series))
    if state != "int8":
        assert_equal(found, runtime_outputs(model, series), series)
    zeros = svdf_model(9, 6, 5, state=state, biased=False, state_scale=0.01, zeros=True)
    again = list(evaluate_series(compile_tflite(zeros, "portable", name="m").graph, series))
    assert_equal(found, again, series)


def other_state(model: Net, **changes) -> None:
    held = model.ops[0].inputs[-1]
    model.tensors[held] = dataclasses.replace(model.tensors[held], **changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"variable": False, "data": bytes(60)}, "is no variable"),
        ({"shape": (1, 29)}, "is int16 \\[1, 29\\]"),
        ({"dtype": "int32"}, "is int32"),
        ({"scales": ()}, "no per-tensor scale"),
        ({"zero_points": (3,)}, "non-zero zero point"),
    ],
)
def test_svdf_of_another_state_is_refused(changes, told):
    net = Net()
    x = net.tensor((1, 9), scale=0.05)
    y = svdf_layer(net, x, 9, 6, 5)
    other_state(net, **changes)
    with pytest.raises(UnsupportedError, match=told) as error:
        compile_tflite(net.build([x], [y]), "portable", name="m")
    assert "Remedy: " in str(error.value) and "\n" not in str(error.value)
