# SPDX-License-Identifier: Apache-2.0
"""The emitted project as a product: its text, its warnings, its header in C++, its CMake build.

The text of two tiny models is kept in `approved/`. After a change that is meant, look at the
difference and renew them: MCUNET_TF_APPROVE=1 python -m pytest tests/tinyengine/test_emitted_c.py
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.boards import load_board
from mcunet_tf.check.toolchain import find_tool
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.compiler import CompiledModel
from mcunet_tf.tinyengine.evaluate import evaluate
from tests.ops.all_cases import ALL_CASES, CASES
from tests.ops.programs import WARNINGS, make_jobs, project_files, write_files
from tests.plan.random_networks import streamed_network
from tests.tinyengine.small_models import small_network

APPROVED = Path(__file__).parent / "approved"
APPROVE = "MCUNET_TF_APPROVE"
STRICT = (*WARNINGS, "-Wshadow", "-Wcast-align", "-Wpedantic")
# Cores to compile for, and the board whose kernels their instruction sets admit.
CORES = {
    "host": "host",
    "cortex-m0plus": "portable",
    "cortex-m4": "qemu-m4",
    "cortex-m7": "qemu-m7",
    "cortex-m55": "qemu-m55",
}

RARER_CORES = ("host", "cortex-m0plus", "cortex-m7")

MODELS = {"classifier": small_network, "streamed": streamed_network}


def compiled_model(name: str, board: str = "portable") -> CompiledModel:
    """What portable kernels are given changes least."""
    return compile_tflite(MODELS[name](), board, name=name, optimize="sram")


def approved_files(compiled: CompiledModel) -> dict[str, str]:
    """The files that belong to the model: no version of the compiler, few of the weights."""
    own = {path: text for path, text in compiled.files.items() if "/" not in path}
    del own["memory.svg"], own["report.txt"], own["sbom.spdx.json"]
    version = re.compile(r"mcunet_tf \d+\.\d+\.\d+\w*")
    files = {path: version.sub("mcunet_tf VERSION", text) for path, text in own.items()}
    weights = f"{compiled.name}_weights.c"
    return {**files, weights: abbreviated(files[weights])}


def abbreviated(text: str) -> str:
    """The first and the last line of each array's values: the others are like them."""
    return re.sub(r"(?m)^(    .*\n)(?:    .*\n)+(    .*\n)", r"\1    ...\n\2", text)


@pytest.mark.parametrize("name", MODELS)
def test_the_text_is_the_approved_one(name):
    files = approved_files(compiled_model(name))
    folder = APPROVED / name
    if os.environ.get(APPROVE):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for path, text in files.items():
            (folder / f"{path}.txt").write_text(text, encoding="utf-8")
    kept = {path.name.removesuffix(".txt"): path.read_text() for path in folder.glob("*.txt")}
    assert sorted(kept) == sorted(files)
    for path, text in files.items():
        assert text.splitlines() == kept[path].splitlines(), f"{path}: see the top of this file"


def test_the_streamed_model_streams():
    """Else its approved text would not show rings."""
    (first, *_) = compiled_model("streamed").plan.stages
    assert len(first.nodes) == 3 and first.rings


def compiler(core: str) -> list[str]:
    """The command that compiles for a core; skips where it is not installed."""
    if core == "host":
        return [find_tool("cc")]
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed: apt install gcc-arm-none-eabi")
    known = load_board(CORES[core])
    flags = known.compiler_flags if known.core.name == core else (f"-mcpu={core}", "-mthumb")
    return [find_tool("arm-none-eabi-gcc"), *flags]


@pytest.mark.parametrize(
    "core",
    # Other tests build for this machine, and operators for emulated cores, with the same warnings.
    [
        pytest.param(core, marks=pytest.mark.slow)
        for core in ("cortex-m4", "cortex-m55", *RARER_CORES)
    ],
)
def test_no_compiler_warns(core, tmp_path):
    """Every case of every operator, so every kernel, and the two models."""
    jobs = make_jobs(ALL_CASES, CORES[core])
    files = project_files(jobs)
    for name in MODELS:
        model = compile_tflite(MODELS[name](), CORES[core], name=name)
        files |= {p: t for p, t in model.files.items() if p.endswith((".c", ".h", ".S", ".inc"))}
        files[f"{name}_main.c"] = files.pop("main.c")
    command = compiler(core)
    for path in write_files(tmp_path, files):
        if core == "cortex-m4" and "kernels" in path.parts and not path.stem.endswith("_dsp"):
            continue  # what any core runs, the Cortex-M55 compiles with the same warnings
        flags = ["-std=gnu11", "-O2", *STRICT, f"-I{tmp_path}", "-c", str(path), "-o", os.devnull]
        done = subprocess.run([*command, *flags], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[:3000]


def test_the_header_is_fit_for_cpp(tmp_path):
    compiler_path = shutil.which("g++") or shutil.which("clang++")
    if compiler_path is None:
        pytest.skip("no C++ compiler is installed: apt install g++")
    compiled = compiled_model("classifier")
    program = """
#include "classifier.h"
#include "classifier.h"  // twice: the guard works
alignas(CLASSIFIER_ARENA_ALIGNMENT) static int8_t arena[CLASSIFIER_ARENA_BYTES];
int main() {
  classifier_input_0(arena)[CLASSIFIER_INPUT_0_BYTES - 1] = 1;
  classifier_invoke(arena);
  return classifier_output_0(arena)[CLASSIFIER_OUTPUT_0_BYTES - 1] == 127;
}
"""
    write_files(tmp_path, {"classifier.h": compiled.files["classifier.h"], "main.cpp": program})
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror", "-c"]
    subprocess.run(
        [compiler_path, *flags, str(tmp_path / "main.cpp"), "-o", str(tmp_path / "main.o")],
        check=True,
    )


@pytest.mark.parametrize(("board", "is_native"), [("portable", False), ("host", True)])
@pytest.mark.sampled(2)
def test_cmake_builds_the_library_and_the_example(tmp_path, board, is_native):
    if shutil.which("cmake") is None:
        pytest.skip("cmake is not installed: apt install cmake")
    compiled = compiled_model("classifier", board)
    compiled.write(tmp_path / "project")
    assert ("-march=native" in compiled.files["CMakeLists.txt"]) == is_native
    build = tmp_path / "build"
    commands = [
        ["cmake", "-S", str(tmp_path / "project"), "-B", str(build), "-DCLASSIFIER_EXAMPLE=ON"],
        ["cmake", "--build", str(build)],
    ]
    for command in commands:
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    assert (build / "libclassifier.a").is_file()
    told = subprocess.run(
        [str(build / "classifier_example")], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    (info,) = compiled.inputs
    zeros = np.full(info.shape, info.zero_point, info.dtype)
    (expected,) = evaluate(compiled.graph, [zeros])
    values, reals = zip(*(line.split() for line in told.splitlines()), strict=True)
    assert list(map(int, values)) == expected.reshape(-1).tolist()
    (out,) = compiled.outputs
    stood_for = out.scale * (expected.reshape(-1).astype(float) - out.zero_point)
    np.testing.assert_allclose(list(map(float, reals)), stood_for, rtol=1e-5)


EXAMPLE_MODES = ({}, {"input_mode": "rows"}, {"region_bytes": (400, 8000)}, {"edges": "model"})


@pytest.mark.parametrize("options", EXAMPLE_MODES, ids=lambda o: ",".join(o) or "plain")
def test_the_example_is_c99(options, tmp_path):
    """Without extensions, whatever the interface; float32 and uint8 edges among them."""
    for number, model in enumerate((MODELS["streamed"](), CASES["DEQUANTIZE"][0].model)):
        if number and options.get("input_mode"):
            continue
        compiled = compile_tflite(model, "portable", name=f"m{number}", **options)
        write_files(tmp_path, compiled.files)
        flags = ["-std=c99", *STRICT, f"-I{tmp_path}", "-fsyntax-only", str(tmp_path / "main.c")]
        done = subprocess.run([find_tool("cc"), *flags], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[:3000]


def test_a_debug_build_stops_at_an_arena_that_is_not_aligned(tmp_path):
    compiled = compiled_model("classifier")
    files = {p: t for p, t in compiled.files.items() if p != "main.c"}
    files["run.c"] = """
#include "classifier.h"
static _Alignas(16) int8_t memory[CLASSIFIER_ARENA_BYTES + 16];
int main(int count, char **arguments) {
  (void)arguments;
  classifier_invoke(memory + (count > 1 ? 4 : 0));
  return 0;
}
"""
    paths = [str(path) for path in write_files(tmp_path, files)]
    program = str(tmp_path / "program")
    command = [find_tool("cc"), "-DTINYENGINE_DEBUG", f"-I{tmp_path}", *paths, "-o", program]
    subprocess.run(command, check=True)
    subprocess.run([program], check=True)
    stopped = subprocess.run([program, "odd"], capture_output=True, text=True)
    assert stopped.returncode and "(uintptr_t)arena % 16 == 0" in stopped.stderr


def test_two_models_as_sources_of_one_program(tmp_path):
    """Nothing but kernels is defined twice, and the kernels that are, are the same files."""
    defined = []
    for name in MODELS:
        compiled = compiled_model(name)
        folder = tmp_path / name
        symbols = set()
        for path in write_files(folder, {p: t for p, t in compiled.files.items() if p != "main.c"}):
            item = path.with_suffix(".o")
            command = [find_tool("cc"), "-c", f"-I{folder}", str(path), "-o", str(item)]
            subprocess.run(command, check=True)
            table = subprocess.run(
                ["nm", "--format=posix", "--defined-only", "--extern-only", str(item)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            own = {line.split()[0] for line in table.splitlines()}
            if "kernels" not in path.parts:
                assert all(symbol.startswith(f"{name}_") for symbol in own)
            elif "common" in path.parts:
                assert all(symbol.startswith("tinyengine_") for symbol in own)
            symbols |= own
        defined.append({s for s in symbols if s.startswith(tuple(f"{n}_" for n in MODELS))})
    assert not defined[0] & defined[1]


def test_weights_are_constant_and_nothing_is_written_outside_the_arena(tmp_path):
    """No symbol of the library is writable data, and no heap is called."""
    compiled = compiled_model("classifier")
    sources = {p: t for p, t in compiled.files.items() if p != "main.c"}
    for path in write_files(tmp_path, sources):
        item = tmp_path / f"{path.stem}.o"
        # Independent of its position, code has even constant pointers written at the start.
        flags = ["-O2", "-fno-pic", "-fno-pie", "-c"]
        subprocess.run([find_tool("cc"), *flags, str(path), "-o", str(item)], check=True)
        table = subprocess.run(
            ["nm", "--format=posix", str(item)], check=True, capture_output=True, text=True
        ).stdout
        symbols = [line.split()[:2] for line in table.splitlines()]
        assert not [name for name, kind in symbols if kind in "bBdDsSC"], path.name
        called = {name for name, kind in symbols if kind == "U"}
        assert not called & {"malloc", "calloc", "realloc", "free"}


@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55"])
def test_an_image_that_comes_at_once_needs_no_sums_in_memory(board):
    """Whereas bands of rows do: those of a convolution before it."""
    (alone,) = (case for case in CASES["AVERAGE_POOL_2D"] if case.name == "global_large")
    (stage,) = compile_tflite(alone.model, board, name="m").plan.stages
    assert stage.is_direct and stage.scratch_bytes == 0
    streamed = compile_tflite(alone.model, board, name="m", input_mode="rows").plan
    assert streamed.stages[0].scratch[-1].size_bytes == (96 if board == "qemu-m55" else 80)


def test_a_stage_of_one_call_is_made_without_rows():
    text = compiled_model("classifier").files["classifier.c"]
    assert "softmax_s8_portable(&classifier_08, arenas[0] + " in text
    assert "classifier_08_until" not in text and "conv2d_s8" in text
