# SPDX-License-Identifier: Apache-2.0
"""TF-Lite Micro: on the host from its wheel, on a board from the user's own library."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcunet_tf.benchmark.bench import measure
from mcunet_tf.benchmark.runner import run_on_board
from mcunet_tf.benchmark.runtimes import RuntimeOptions
from mcunet_tf.benchmark.runtimes.tflite_facts import read_facts
from mcunet_tf.benchmark.runtimes.tflm_board import ARCHIVE, compile_tflm, find_tflm
from mcunet_tf.benchmark.runtimes.tflm_host import load_tflm_model, smallest_accepted
from mcunet_tf.boards import load_board
from mcunet_tf.check.reference import Reference, random_inputs
from mcunet_tf.check.toolchain import require_cxx_library
from mcunet_tf.errors import BudgetError, ModelError, ToolError, UnsupportedError
from tests.benchmark.small_net import small_net

STAND_IN = Path(__file__).with_name("tflm_stand_in")


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "small-net.tflite"
    path.write_bytes(small_net())
    return path


@given(st.integers(1, 1000), st.integers(0, 3000))
def test_the_search_finds_the_smallest(needed, beyond):
    accepted = needed * 16 + beyond
    assert smallest_accepted(lambda size: size >= needed * 16, accepted) == needed * 16


def test_on_the_host_it_runs_in_its_smallest_arena(model):
    pytest.importorskip("tflite_micro", reason="the tflite-micro wheel is not installed")
    (outcome,) = measure([model], ["host"], runtimes=["tflm"], inputs=3)
    row = outcome.row
    assert row.error is None
    assert row.bit_exact
    assert row.measured_latency_ms > 0
    assert row.arena_bytes % 16 == 0
    assert "tflite-micro" in row.tools
    assert row.macs > 0
    assert row.instructions is None


def test_on_the_host_a_damaged_file_is_refused(tmp_path):
    pytest.importorskip("tflite_micro", reason="the tflite-micro wheel is not installed")
    path = tmp_path / "unknown.tflite"
    path.write_bytes(b"not a model" * 10)
    with pytest.raises(ModelError, match="TF-Lite Micro rejects the model"):
        load_tflm_model(path)


def test_facts_of_a_model_file():
    facts = read_facts(small_net())
    assert [edge.shape for edge in facts.inputs] == [(1, 9, 8, 3)]
    assert [edge.dtype for edge in facts.outputs] == ["int8"]
    assert {"CONV_2D", "ADD", "SOFTMAX"} <= set(facts.operators) == set(facts.int8_operators)
    with pytest.raises(ModelError, match="damaged"):
        read_facts(b"\0" * 64)


def test_without_a_library_the_row_says_what_to_provide(model, tmp_path):
    (outcome,) = measure([model], ["qemu-m4"], runtimes=["tflm"], inputs=1)
    assert "microlite" in outcome.row.error
    assert "--tflm_dir" in outcome.row.error
    with pytest.raises(ToolError, match="holds no headers"):
        find_tflm(tmp_path, load_board("qemu-m4"))


def tree(folder: Path, *archives: str) -> Path:
    """A stand-in of upstream's source tree with empty libraries."""
    shutil.copytree(STAND_IN, folder, dirs_exist_ok=True)
    for name in archives:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"!<arch>\n")
    return folder


def test_the_library_of_the_core_is_chosen(tmp_path):
    m4 = f"gen/cortex_m_generic_cortex-m4+fp_release_gcc/lib/{ARCHIVE}"
    m4_cmsis = f"gen/cortex_m_generic_cortex-m4+fp_release_cmsis_nn_gcc/lib/{ARCHIVE}"
    m55 = f"gen/cortex_m_generic_cortex-m55_release_gcc/lib/{ARCHIVE}"
    found = find_tflm(tree(tmp_path / "both", m4, m4_cmsis, m55), load_board("qemu-m4"))
    assert found.variant == "cortex_m_generic_cortex-m4+fp_release_cmsis_nn_gcc"
    assert "-DCMSIS_NN" in found.external.flags
    found = find_tflm(tree(tmp_path / "plain", m4, m55), load_board("qemu-m55"))
    assert found.variant == "cortex_m_generic_cortex-m55_release_gcc"
    assert "-DCMSIS_NN" not in found.external.flags
    with pytest.raises(ToolError, match=r"no libtensorflow-microlite\.a for cortex-m7"):
        find_tflm(tree(tmp_path / "none", m4), load_board("qemu-m7"))
    single = find_tflm(tree(tmp_path / "single", ARCHIVE), load_board("qemu-m7"))
    assert single.external.archives == (tmp_path / "single" / ARCHIVE,)


def test_operators_are_added_by_their_own_names(tmp_path):
    found = find_tflm(tree(tmp_path, ARCHIVE), load_board("qemu-m4"))
    assert found.registration("SOFTMAX", int8=True) == "AddSoftmax();"
    assert found.registration("CONV_2D", int8=True) == "AddConv2D(tflite::Register_CONV_2D_INT8());"
    assert found.registration("CONV_2D", int8=False) == "AddConv2D();"
    assert found.registration("UNHEARD_OF", int8=True) is None


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The stand-in compiled to a library: an interpreter that copies its input to its output."""
    try:
        require_cxx_library(load_board("qemu-m4"))
    except ToolError as error:
        pytest.skip(str(error))
    folder = tree(tmp_path_factory.mktemp("tflm"))
    flags = [*load_board("qemu-m4").compiler_flags, "-Os", "-DTF_LITE_STATIC_MEMORY", f"-I{folder}"]
    flags += ["-std=gnu++17", "-fno-exceptions", "-fno-rtti"]
    source, target = folder / "interpreter.cc", folder / "interpreter.o"
    command = ["arm-none-eabi-g++", *flags, "-c", str(source), "-o", str(target)]
    subprocess.run(command, check=True, timeout=120)
    archive = folder / ARCHIVE
    subprocess.run(["arm-none-eabi-ar", "rcs", str(archive), str(target)], check=True, timeout=60)
    return folder


@pytest.mark.qemu
def test_the_link_path_with_a_stand_in_library(model, built):
    """The stand-in needs 640 bytes of arena and copies input bytes: both must come through."""
    board = load_board("qemu-m4")
    compiled = compile_tflm(model, board, built)
    assert compiled.arena_bytes == 640
    inputs = random_inputs(Reference(model.read_bytes()), 3, seed=0)
    result = run_on_board(compiled, board, inputs)
    for (given_input,), (output,) in zip(inputs, result.outputs, strict=True):
        np.testing.assert_array_equal(output.reshape(-1), given_input.reshape(-1)[:6])
    assert len(set(result.instructions)) == 1
    assert result.sizes.arena_bytes == 640
    assert result.sizes.weights_bytes >= len(model.read_bytes())


@pytest.mark.qemu
def test_a_model_that_the_interpreter_refuses_is_told(built, tmp_path):
    """The stand-in knows MUL by name only."""
    path = tmp_path / "net.tflite"
    path.write_bytes(small_net(last="MUL"))
    with pytest.raises(BudgetError, match="TF-Lite Micro does not take the model"):
        compile_tflm(path, load_board("qemu-m4"), built)


def test_a_compiler_without_a_cxx_library_is_told(model, tmp_path, monkeypatch):
    """A stand-in for a bare compiler: one that finds no header."""
    compiler = tmp_path / "bin" / "arm-none-eabi-gcc"
    compiler.parent.mkdir()
    compiler.write_text("#!/bin/sh\necho 'fatal error: new: No such file' >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", str(compiler.parent), prepend=os.pathsep)
    with pytest.raises(ToolError, match=r"apt install libstdc\+\+-arm-none-eabi-newlib"):
        compile_tflm(model, load_board("qemu-m4"), tree(tmp_path / "tflm", ARCHIVE))


def test_an_operator_it_does_not_know_is_named(tmp_path):
    path = tmp_path / "net.tflite"
    path.write_bytes(small_net(last="LOGISTIC"))
    with pytest.raises(UnsupportedError, match="knows no LOGISTIC"):
        compile_tflm(path, load_board("qemu-m4"), tree(tmp_path / "tflm", ARCHIVE))


@pytest.mark.qemu
@pytest.mark.slow
def test_a_real_library_is_exact(shared_models):
    """With MCUNET_TF_TFLM: a tree of TF-Lite Micro that has its library for the Cortex-M4."""
    folder = os.environ.get("MCUNET_TF_TFLM")
    if not folder:
        pytest.skip("MCUNET_TF_TFLM names no tree of TF-Lite Micro")
    model = shared_models / "mlperf_kws_dscnn_int8.tflite"
    options = RuntimeOptions(tflm_dir=Path(folder))
    (outcome,) = measure([model], ["qemu-m4"], runtimes=["tflm"], inputs=2, options=options)
    assert outcome.error is None
    assert outcome.row.bit_exact
