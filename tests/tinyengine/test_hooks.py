# SPDX-License-Identifier: Apache-2.0
"""Hooks between layers, the profiler, and what a debug build sees."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.check.toolchain import find_tool
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.compiler import CompiledModel
from mcunet_tf.tinyengine.evaluate import evaluate_all
from tests.ops.programs import write_files
from tests.plan.random_networks import streamed_network
from tests.tinyengine.remembering import remembering
from tests.tinyengine.small_models import small_network

STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Wshadow", "-Werror"]
HEAD = """
#include <stdio.h>
#include <string.h>
#include "m.h"
static union { int8_t bytes[M_ARENA_BYTES + 64]; long double aligned; } memory;
static int8_t *const arena = memory.bytes;
static void give(void) {
  for (int i = 0; i < M_INPUT_0_BYTES; i++) m_input_0(arena)[i] = (int8_t)(i * 37 % 251 - 125);
}
"""


def ran(
    folder: Path, compiled: CompiledModel, program: str, *flags: str, fails: bool = False
) -> str:
    files = {p: t for p, t in compiled.files.items() if p != "main.c"}
    paths = [str(p) for p in write_files(folder, {**files, "run.c": HEAD + program})]
    built = str(folder / "program")
    command = [find_tool("cc"), "-O1", *flags, f"-I{folder}", *paths, "-lm", "-o", built]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:2000]
    done = subprocess.run([built], capture_output=True, text=True)
    assert bool(done.returncode) == fails, done.stderr
    return done.stdout


def inputs(compiled: CompiledModel) -> list[np.ndarray]:
    (info,) = compiled.inputs
    values = np.arange(np.prod(info.shape)) * 37 % 251 - 125
    return [values.astype(np.int8).reshape(info.shape)]


def test_nothing_is_called_by_default():
    files = compile_tflite(small_network(), "portable", name="m").files
    assert "m_profile.h" not in files
    assert not [path for path, text in files.items() if "_hook" in text]


def test_layers_and_yields(tmp_path):
    compiled = compile_tflite(streamed_network(), "portable", name="m", hooks=["layer", "yield"])
    program = """
void m_layer_hook(int32_t layer) { printf("%d ", (int)layer); }
static int yields;
void m_yield_hook(void) { yields++; }
int main(void) { give(); m_invoke(arena); printf("%d", yields); return 0; }
"""
    *layers, end, yields = map(int, ran(tmp_path, compiled, program, *STRICT).split())
    assert end == -1 and int(yields) == len(layers)
    assert set(layers) == {node.index for node in compiled.project.nodes}
    assert len(layers) > len(set(layers)), "a streamed stage is entered several times"


def test_without_functions_of_the_application(tmp_path):
    """The library has some of its own, which do nothing."""
    compiled = compile_tflite(small_network(), "portable", name="m", hooks=["layer"], debug=True)
    ran(tmp_path, compiled, "int main(void) { give(); m_invoke(arena); return 0; }", *STRICT)


def test_the_profiler(tmp_path):
    """A clock of ten ticks per look: the table has every layer, its prediction and its time."""
    compiled = compile_tflite(small_network(), "qemu-m4", name="m", hooks=["layer"])
    portable = compile_tflite(small_network(), "portable", name="m", hooks=["layer"])
    header = compiled.files["m_profile.h"]
    program = """
static uint32_t ticks;
#define M_CLOCK() (ticks += 10)
#include "m_profile.h"
int main(void) {
  give(); m_profile_begin(); m_invoke(arena); m_profile_print(printf);
  return 0;
}
"""
    told = ran(tmp_path, portable, program, *STRICT).splitlines()
    rows = [line.split() for line in told[1:-1]]
    layers = portable.report.layers
    assert [(int(r[0]), r[1], int(r[2])) for r in rows] == [(n.index, n.op, n.macs) for n in layers]
    assert all(int(row[4]) >= 10 and int(row[4]) % 10 == 0 for row in rows)
    assert int(told[-1].split()[-1]) == sum(int(row[4]) for row in rows)
    for layer in compiled.report.layers:
        assert f'"{layer.kernel}", {layer.macs}u, {layer.cycles}u' in header


@pytest.mark.parametrize("model", [small_network, streamed_network], ids=["whole", "streamed"])
def test_every_row_of_every_layer_is_shown(model, tmp_path):
    """Once, and equal to the reference in numpy."""
    compiled = compile_tflite(model(), "portable", name="m", debug=True)
    program = """
void m_row_hook(int32_t layer, int32_t row, const void *data, int32_t bytes) {
  printf("%d %d", (int)layer, (int)row);
  for (int i = 0; i < bytes; i++) printf(" %d", ((const int8_t *)data)[i]);
  printf("\\n");
}
int main(void) { give(); m_invoke(arena); return 0; }
"""
    shown: dict[tuple[int, int], list[int]] = {}
    for line in ran(tmp_path, compiled, program, *STRICT).splitlines():
        layer, row, *values = map(int, line.split())
        assert (layer, row) not in shown
        shown[layer, row] = values
    values = evaluate_all(compiled.graph, inputs(compiled))
    for node in compiled.project.nodes:
        rows, row_bytes = compiled.graph.tensors[node.output].rows
        expected = values[node.output].reshape(rows, row_bytes)
        for row in range(rows):
            assert shown[node.index, row] == expected[row].tolist(), (node.op.kind, row)


def test_guards(tmp_path):
    """A neighbour that writes behind the arena is noticed, and an arena that is not aligned."""
    compiled = compile_tflite(small_network(), "portable", name="m", hooks=["yield"], debug=True)
    program = """
void m_check_failed(const char *what) { printf("%s", what); }
static int where;
void m_yield_hook(void) { if (where) arena[M_ARENA_BYTES - where] ^= 1; where = 0; }
int main(void) {
  give(); m_invoke(arena); printf("|");
  where = 1; m_invoke(arena); printf("|");
  m_invoke(arena + 4);
  return 0;
}
"""
    sound, behind, odd = ran(tmp_path, compiled, program).split("|")
    assert sound == ""
    size = compiled.arena_bytes
    assert behind == f"m_guard_is_whole(arena, {size})"
    assert odd == "(uintptr_t)arena % M_ARENA_ALIGNMENT == 0"
    assert f"#define M_ARENA_BYTES {size + 16}\n" in compiled.files["m.h"]


def test_a_check_that_fails_stops_a_program_that_does_not_care(tmp_path):
    compiled = compile_tflite(small_network(), "portable", name="m", debug=True)
    ran(tmp_path, compiled, "int main(void) { m_invoke(arena + 4); return 0; }", fails=True)


def test_a_call_before_the_first_reset_is_noticed(tmp_path):
    compiled = compile_tflite(remembering(), "portable", name="m", debug=True)
    program = """
static union { int8_t bytes[M_STATE_BYTES]; long double aligned; } state;
void m_check_failed(const char *what) { printf("%s", what); }
int main(void) {
  give(); m_invoke(arena, &state); printf("|");
  m_reset(&state); m_invoke(arena, &state);
  return 0;
}
"""
    early, late = ran(tmp_path, compiled, program).split("|")
    assert early.startswith("m_guard_is_whole(state, ") and late == ""


def test_states_and_rows_of_a_debug_build(tmp_path):
    """Interfaces of other forms compile and run without a complaint."""
    stateful = compile_tflite(remembering(), "portable", name="m", debug=True, hooks=["layer"])
    program = """
static union { int8_t bytes[M_STATE_BYTES]; long double aligned; } state;
int main(void) {
  m_reset(&state); give(); m_invoke(arena, &state); m_invoke(arena, &state);
  return 0;
}
"""
    ran(tmp_path / "stateful", stateful, program, *STRICT)
    fed = compile_tflite(
        small_network(), "portable", name="m", debug=True, hooks=["layer"], input_mode="rows"
    )
    files = {p: t for p, t in fed.files.items() if "/" in p or p.startswith("m")}
    paths = [str(path) for path in write_files(tmp_path / "fed", files)]
    built = str(tmp_path / "fed" / "program")
    command = [find_tool("cc"), *STRICT, f"-I{tmp_path / 'fed'}", *paths, "-lm", "-o", built]
    subprocess.run(command, check=True)
    subprocess.run([built], check=True, capture_output=True)
