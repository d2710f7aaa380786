# SPDX-License-Identifier: Apache-2.0
"""Libraries that were emitted one by one in one program: as sources, as archives, in C and C++."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.boards import feature_test
from mcunet_tf.check.toolchain import find_tool
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.compiler import CompiledModel
from mcunet_tf.tinyengine.emit import symbols
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.kernel_tables import KERNELS
from tests.ops.programs import write_files
from tests.tinyengine.small_models import small_network

# The same network twice: every kernel and every layer's name is there twice.
MODELS = {"first": small_network, "second": small_network}
PROGRAM = """
#include <stdio.h>
#include <string.h>
#include "first.h"
#include "second.h"
#define LARGEST (FIRST_ARENA_BYTES > SECOND_ARENA_BYTES ? FIRST_ARENA_BYTES : SECOND_ARENA_BYTES)
static union { int8_t bytes[LARGEST]; long double aligned; } arena;
#define RUN(name, NAME) \\
  memset(name##_input_0(&arena), NAME##_INPUT_0_ZERO_POINT, NAME##_INPUT_0_BYTES); \\
  name##_invoke(&arena); \\
  for (int i = 0; i < NAME##_OUTPUT_0_BYTES; i++) printf("%d ", name##_output_0(&arena)[i]);
int main(void) {
  RUN(first, FIRST)
  RUN(second, SECOND)
  RUN(first, FIRST)
  return 0;
}
"""


def expected() -> list[int]:
    values = []
    for name in ("first", "second", "first"):
        compiled = compile_tflite(MODELS[name](), "portable", name=name)
        inputs = [np.full(i.shape, i.zero_point, i.dtype) for i in compiled.inputs]
        values += evaluate(compiled.graph, inputs)[0].reshape(-1).tolist()
    return values


def objects(compiled: CompiledModel, folder: Path, command: list[str]) -> list[str]:
    files = {p: t for p, t in compiled.files.items() if p != "main.c"}
    made, paths = [], []
    for path in write_files(folder, files):
        made.append(f"{path.stem}.o")
        paths.append(str(path))
    assert len(made) == len(set(made)), "objects of one name in a folder"
    flags = ["-O1", "-ffunction-sections", f"-I{folder}", "-c", *paths]
    subprocess.run([*command, *flags], check=True, cwd=folder)
    return [str(folder / name) for name in made]


def program(tmp_path: Path, language: str, linked: list[str]) -> str:
    compiler = find_tool("cc") if language == "c" else shutil.which("c++")
    if compiler is None:
        pytest.skip("no C++ compiler is installed: apt install g++")
    source = tmp_path / f"main.{language}"
    source.write_text(PROGRAM)
    built = str(tmp_path / "program")
    includes = [f"-I{tmp_path / name}" for name in MODELS]
    command = [compiler, *includes, str(source), *linked, "-Wl,--gc-sections", "-o", built]
    subprocess.run(command, check=True)
    return built


def kernels_of(image: str) -> list[str]:
    """The addresses' names of all kernels in a program."""
    listed = subprocess.run(["nm", image], check=True, capture_output=True, text=True).stdout
    names = [line.split()[-1] for line in listed.splitlines()]
    plain = {k.name for rows in KERNELS.values() for k in rows}
    return [n for n in names if n.rpartition("_")[0] in plain]


@pytest.mark.parametrize("language", ["c", "cpp"])
@pytest.mark.parametrize("form", ["sources", "archives"])
@pytest.mark.sampled(2)
def test_two_libraries_in_one_program(form, language, tmp_path):
    linked = []
    for name in MODELS:
        compiled = compile_tflite(MODELS[name](), "portable", name=name)
        made = objects(compiled, tmp_path / name, [find_tool("cc")])
        if form == "archives":
            archive = str(tmp_path / f"lib{name}.a")
            subprocess.run(["ar", "rcs", archive, *made], check=True)
            made = [archive]
        linked += made
    built = program(tmp_path, language, linked)
    told = subprocess.run([built], check=True, capture_output=True, text=True).stdout
    assert list(map(int, told.split())) == expected()
    names = kernels_of(built)
    assert names and len(names) == len(set(names))


def test_libraries_of_different_versions_link(tmp_path, monkeypatch):
    """A kernel whose text changed has another symbol, so each library runs its own."""
    linked = []
    for name in MODELS:
        if name == "second":
            _change_kernels(monkeypatch)
        compiled = compile_tflite(MODELS[name](), "portable", name=name)
        linked += objects(compiled, tmp_path / name, [find_tool("cc")])
    built = program(tmp_path, "c", linked)
    told = subprocess.run([built], check=True, capture_output=True, text=True).stdout
    assert list(map(int, told.split())) == expected()
    plain = [name.rpartition("_")[0] for name in kernels_of(built)]
    assert "conv2d_s8_portable" in plain and plain.count("conv2d_s8_portable") == 2


def _change_kernels(monkeypatch):
    """What another version's kernels would be: other text of the same meaning."""
    collect = symbols.collect_sources
    monkeypatch.setattr(
        symbols,
        "collect_sources",
        lambda paths: {p: f"{t}/* newer */\n" for p, t in collect(paths).items()},
    )
    caches = (symbols._digest, symbols._symbols, symbols._emitted)
    for cache in caches:
        monkeypatch.setattr(symbols, cache.__name__, cache.__wrapped__)


def test_kernels_for_a_core_are_empty_on_others(tmp_path):
    """Else a build system that compiles whatever lies in a folder would stop at them."""
    rows = {k.name: k for table in KERNELS.values() for k in table if feature_test(k.isa)}
    assert rows
    for name, kernel in rows.items():
        assert name.endswith(f"_{kernel.isa}"), "the guard goes by the name's end"
    compiled = compile_tflite(small_network(), "qemu-m4", name="m")
    paths = write_files(tmp_path, compiled.files)
    fast = [path for path in paths if path.stem.endswith("_dsp")]
    assert {".S", ".c"} == {path.suffix for path in fast}
    for path in fast:
        item = path.with_suffix(".o")
        subprocess.run([find_tool("cc"), "-c", str(path), "-o", str(item)], check=True)
        listed = subprocess.run(["nm", str(item)], check=True, capture_output=True, text=True)
        assert not listed.stdout.strip(), path
