# SPDX-License-Identifier: Apache-2.0
"""Streams of several inputs: rows of each that has time, and what the application keeps."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from mcunet_tf.benchmark.runner import run_on_board
from mcunet_tf.check.reference import Reference
from mcunet_tf.check.streams import random_recording
from mcunet_tf.check.toolchain import find_tool
from mcunet_tf.errors import McunetError, UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from tests.streams.layers import Layers
from tests.streams.several import SEVERAL, speaker, two_features, two_rates
from tests.streams.test_streams import verified


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.sampled(6)
def test_several_inputs_equal_the_reference(name, dtype):
    """A call makes the new rows alone, whatever else they are made of."""
    network, hop = SEVERAL[name]
    model, timed = network(Layers(dtype))
    compiled = verified(model, hop=hop, timed=timed)
    assert compiled.stream.form == ("endless" if name == "padded" else "windows")
    assert name == "mask" or 2 * compiled.macs < compiled.report.stream.window_macs
    verified(model, "portable", hop=3 * hop, timed=timed)


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55"])
def test_boards_give_the_same(board):
    for network in (speaker, two_rates):
        model, timed = network(Layers())
        compiled = compile_tflite(model, board, name="m", input_mode="stream", hop=2, timed=timed)
        recording = random_recording(compiled.stream, ["int8", "int8"], 12, 3)
        outputs = run_on_board(compiled, board, recording.calls(compiled)).outputs
        wanted = Reference(model).run(recording.windows())
        for found, meant in zip(outputs[compiled.stream.warm_up :], wanted, strict=True):
            np.testing.assert_array_equal(found[0], meant[0])


PROGRAM = """
#include <stdio.h>
#include <string.h>
#include "m.h"
static _Alignas(M_ARENA_ALIGNMENT) int8_t arena[M_ARENA_BYTES];
static _Alignas(M_ARENA_ALIGNMENT) int8_t state[M_STATE_BYTES];
int main(void) {
  int8_t rows[M_INPUT_0_BYTES];
  m_reset(state);
  if (fread(m_input_1(state), 1, M_INPUT_1_BYTES, stdin) != M_INPUT_1_BYTES) {
    return 1;
  }
  while (fread(rows, 1, sizeof rows, stdin) == sizeof rows) {
    memset(arena, 77, sizeof arena); /* another model has used it */
    memcpy(m_input_0(arena), rows, sizeof rows);
    m_invoke(arena, state);
    fwrite(m_output_0(arena), 1, M_OUTPUT_0_BYTES, stdout);
  }
  return 0;
}
"""


def test_what_is_kept_is_set_once(tmp_path):
    """It lies in the state, so the arena may serve others."""
    model, _ = speaker(Layers())
    compiled = compile_tflite(model, "portable", name="m", input_mode="stream", hop=2)
    assert [list(it.shape) for it in compiled.inputs] == [[1, 2, 6, 2], [1, 8]]
    compiled.write(tmp_path)
    (tmp_path / "main.c").write_text(PROGRAM)
    sources = [str(path) for path in tmp_path.rglob("*.c")]
    program = tmp_path / "program"
    warnings = "-Wall -Wextra -Wpedantic -Wconversion -Werror".split()
    command = [find_tool("cc"), "-std=c11", *warnings, f"-I{tmp_path}", *sources, "-lm", "-o"]
    subprocess.run([*command, str(program)], check=True, timeout=120)
    recording = random_recording(compiled.stream, ["int8", "int8"], 20, 5)
    calls = recording.calls(compiled)
    given = calls[0][1].tobytes() + b"".join(call[0].tobytes() for call in calls)
    told = subprocess.run([program], input=given, capture_output=True, check=True).stdout
    results = np.frombuffer(told, np.int8).reshape(len(calls), -1)[compiled.stream.warm_up :]
    wanted = [answer[0].reshape(-1) for answer in Reference(model).run(recording.windows())]
    np.testing.assert_array_equal(results, wanted)
    assert "kept from call to call" in compiled.files["m.h"]


def test_what_has_no_time_is_said():
    model, _ = two_features(Layers())
    options = {"name": "m", "input_mode": "stream", "hop": 1}
    with pytest.raises(McunetError, match="there is no input 'pitch': it has"):
        compile_tflite(model, "portable", timed="pitch", **options)
    with pytest.raises(McunetError, match="timed=t0 goes with input=stream"):
        compile_tflite(model, "portable", name="m", timed="t0")
    layers = Layers()
    x, y = layers.tensor(1, 9, 2), layers.tensor(1, 8)
    with pytest.raises(UnsupportedError, match="no output is made of the rows of t0"):
        compile_tflite(layers.net.build([x, y], [layers.dense(y, 3)]), "portable", **options)
    layers = Layers()
    x, y = layers.tensor(1, 1, 1, 1), layers.tensor(1, 1)
    z = layers.two("ADD", layers.reshape(x, 1, 1), y)
    with pytest.raises(UnsupportedError, match="no axis of time: the input is"):
        compile_tflite(layers.net.build([x, y], [z]), "portable", **options)
