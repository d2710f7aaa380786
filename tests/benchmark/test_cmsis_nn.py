# SPDX-License-Identifier: Apache-2.0
"""CMSIS-NN runs in our plan, bit exact, with the scratch it asks for itself."""

import dataclasses

import numpy as np
import pytest

from mcunet_tf.benchmark.bench import measure
from mcunet_tf.benchmark.runtimes import cmsis_nn
from mcunet_tf.benchmark.runtimes.cmsis_nn import compile_cmsis_nn, functions
from mcunet_tf.benchmark.runtimes.cmsis_nn import release as release_module
from mcunet_tf.benchmark.runtimes.cmsis_nn.release import find_cmsis_nn
from mcunet_tf.boards import load_board
from mcunet_tf.errors import BoardError, ToolError, UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.passes import run_passes
from mcunet_tf.tinyengine.read_tflite import read_tflite
from tests.benchmark.small_net import small_net
from tests.tinyengine.remembering import CHANNELS, FRAME, WINDOW, remembering

needs_wheel = pytest.mark.skipif(
    release_module._wheel_folder() is None, reason="the bench extra (bakenn) is not installed"
)


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "small-net.tflite"
    path.write_bytes(small_net())
    return path


@pytest.mark.qemu
@needs_wheel
@pytest.mark.parametrize("board", ["qemu-m4", pytest.param("qemu-m55", marks=pytest.mark.slow)])
def test_a_network_is_exact_and_told_layer_by_layer(model, board):
    own, peer = measure([model], [board], runtimes=["tinyengine", "cmsis_nn"], inputs=6)
    assert own.error is None
    assert peer.error is None
    assert own.row.bit_exact
    assert peer.row.bit_exact
    assert peer.row.macs == own.row.macs > 0
    assert peer.row.hashes["model_sha256"] == own.row.hashes["model_sha256"]
    assert peer.row.compiler_flags == own.row.compiler_flags
    kernels = {layer.op: layer.kernel for layer in peer.row.layers}
    assert kernels["CONV_2D"] == "arm_convolve_wrapper_s8"
    assert kernels["DEPTHWISE_CONV_2D"] == "arm_depthwise_conv_wrapper_s8"
    assert kernels["MAX_POOL_2D"] == "arm_max_pool_s8"
    counted = [layer.instructions for layer in peer.row.layers]
    assert sum(counted) == peer.row.instructions_per_input[0]
    assert any("ahead of time" in note for note in peer.row.notes)


@pytest.mark.qemu
@needs_wheel
def test_a_model_that_remembers_is_exact_in_series(tmp_path):
    """States lie behind the peer's arena, in memory that counts as ours does."""
    path = tmp_path / "remembering.tflite"
    path.write_bytes(remembering(np.full((1, WINDOW - FRAME, 1, CHANNELS), -3, np.int8)))
    runtimes = ["tinyengine", "cmsis_nn"]
    own, peer = measure([path], ["qemu-m4"], runtimes=runtimes, inputs=12)
    assert own.row.bit_exact and peer.row.bit_exact
    hosts = list(measure([path], ["host"], runtimes=["tinyengine", "tflm"], inputs=12))
    assert all(outcome.row.bit_exact for outcome in hosts)
    assert hosts[0].row.arena_bytes > compile_tflite(path, "host").arena_bytes


@pytest.mark.qemu
@needs_wheel
def test_counts_do_not_change_between_runs(model):
    rows = [next(iter(measure([model], ["qemu-m4"], runtimes=["cmsis_nn"]))).row for _ in range(2)]
    assert rows[0] == rows[1]


@pytest.mark.qemu
@needs_wheel
@pytest.mark.parametrize("variant", [{"per_channel": False}, {"last": "LOGISTIC"}, {"last": "MUL"}])
@pytest.mark.sampled(2)
def test_other_forms_are_exact_too(tmp_path, variant):
    path = tmp_path / "net.tflite"
    path.write_bytes(small_net(**variant))
    (outcome,) = measure([path], ["qemu-m4"], runtimes=["cmsis_nn"], inputs=4)
    assert outcome.error is None
    assert outcome.row.bit_exact


@pytest.mark.qemu
@needs_wheel
def test_what_it_lacks_is_ours_and_said_so(model):
    compiled = compile_cmsis_nn(model, load_board("qemu-m4"))
    ours = [layer.op for layer in compiled.report.layers if "portable" in layer.kernel]
    (note,) = [note for note in compiled.notes if "portable kernels of mcunet_tf" in note]
    assert ours
    assert all(op in note for op in ours)


@pytest.mark.qemu
@needs_wheel
def test_scratch_is_what_the_library_asks_for(model):
    """The first convolution's buffer in 4.0: two columns of 3 x 3 x 3 values as int16."""
    compiled = compile_cmsis_nn(model, load_board("qemu-m4"))
    assert compiled.report.layers[0].scratch_bytes == 2 * 27 * 2
    assert compiled.external.sources
    assert all(path.is_file() for path in compiled.external.sources)
    assert not any("arm_convolve" in name for name in compiled.files), "nothing is copied"


def test_the_host_is_refused(model):
    with pytest.raises(BoardError, match="CMSIS-NN is for Cortex-M"):
        compile_cmsis_nn(model, load_board("host"))


def test_a_missing_library_is_named_with_the_remedy(monkeypatch, tmp_path):
    monkeypatch.setattr(release_module, "_wheel_folder", lambda: None)
    with pytest.raises(ToolError, match=r"pip install .*bench.*--cmsis_nn_dir"):
        find_cmsis_nn()
    with pytest.raises(ToolError, match="holds no CMSIS-NN"):
        find_cmsis_nn(tmp_path)


@pytest.fixture
def release(tmp_path, monkeypatch):
    """A stand-in of a release: signatures, a function in two files, a version."""
    monkeypatch.setattr(release_module, "_wheel_folder", lambda: None)
    files = {
        "Include/arm_nnfunctions.h": (
            "void arm_vector_sum_s8(int32_t *sums, int32_t columns, int32_t rows,\n"
            "                       const int8_t *data, int32_t lhs, const int32_t *bias);\n"
        ),
        "Source/A/arm_outer_s8.c": "int arm_outer_s8(int x)\n{\n  return arm_inner_s8(x);\n}\n",
        "Source/B/arm_inner_s8.c": "static int f(void) {}\nint arm_inner_s8(int x) {\n}\n",
        "Source/B/arm_other_s8.c": "int arm_other_s8(void) {\n}\n",
        "Source/B/arm_half_f16.c": "int arm_half_f16(void) {\n}\n",
        "X.pdsc": '<release version="6.1.0" date="">',
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return find_cmsis_nn(tmp_path)


def test_only_the_files_that_are_needed_are_compiled(release):
    names = sorted(path.name for path in release.sources(["arm_outer_s8"]))
    assert names == ["arm_inner_s8.c", "arm_outer_s8.c"]
    assert release.version == "6.1.0"
    assert release.has("arm_other_s8")
    assert not release.has("arm_half_f16")
    assert release.parameters("arm_vector_sum_s8") == 6
    assert release.parameters("arm_unknown_s8") == 0


def dense(per_channel):
    graph = run_passes(read_tflite(small_net(per_channel=per_channel), "net"))
    return next(view(graph, op) for op in graph.ops if op.kind == "FULLY_CONNECTED")


def test_helium_takes_sums_of_weights_from_flash(release):
    """From release 6 on they hold offset and bias: bias + input offset * sum of the weights."""
    seen = dense(per_channel=False)
    known = dataclasses.replace(release, homes={"arm_fully_connected_s8": release.root})
    call = functions.make_call(known, seen, ("dsp", "mve"))
    assert call.context_constant == "sums"
    weights = np.asarray(seen.constant(1), np.int64)
    wanted = seen.constant(2) - seen.input(0).zero_point * weights.sum(axis=1)
    np.testing.assert_array_equal(call.constants["sums"].values, wanted)
    assert functions.make_call(known, seen, ("dsp",)).context_constant == ""


def test_a_scale_per_feature_needs_a_function_or_a_convolution(release):
    seen = dense(per_channel=True)
    newer = {"arm_fully_connected_per_channel_s8": release.root}
    older = {"arm_convolve_wrapper_s8": release.root}
    for homes in (newer, older):
        call = functions.make_call(dataclasses.replace(release, homes=homes), seen, ("dsp",))
        assert call.function in homes
    assert functions.make_call(dataclasses.replace(release, homes={}), seen, ("dsp",)) is None


def test_what_neither_can_run_is_refused(release, model, monkeypatch):
    """Without a function for windows nothing is left: our window kernels need the row planner."""
    monkeypatch.setattr(cmsis_nn, "find_cmsis_nn", lambda folder: release)
    with pytest.raises(UnsupportedError, match="no function for CONV_2D 'stem'"):
        compile_cmsis_nn(model, load_board("qemu-m4"))


@pytest.mark.qemu
@needs_wheel
@pytest.mark.slow
@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m7", "qemu-m55"])
@pytest.mark.parametrize("name", ["mlperf_kws_dscnn_int8", "person_detect_int8", "mcunet_vww1"])
def test_stock_models_are_exact(shared_models, name, board):
    path = shared_models / f"{name}.tflite"
    (outcome,) = measure([path], [board], runtimes=["cmsis_nn"], inputs=2)
    assert outcome.error is None
    assert outcome.row.bit_exact
