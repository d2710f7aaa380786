# SPDX-License-Identifier: Apache-2.0
"""Front ends that are models of Signal operators: as TF-Lite Micro computes them, and as ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.audio import FrontEnd
from mcunet_tf.benchmark.runner import run_on_board
from mcunet_tf.errors import ModelError, UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate_series
from tests.audio.sounds import KINDS, sound
from tests.ops.build_tflite import Net
from tests.ops.oracle import micro_outputs
from tests.ops.signal_cases import NOISE, Signal, gains, mel_banks

FRONT_END = FrontEnd()
SIZE, HOP = FRONT_END.window_samples, FRONT_END.hop_samples
PREPROCESSOR = "*micro_speech-models-audio_preprocessor_int8.tflite"


def chain() -> bytes:
    """The default front end, a window a call."""
    net = Signal()
    x = net.values((SIZE,), "int16")
    windowed = net.made("Window", [x, net.constant(FRONT_END.window)], (SIZE,), "int16", shift=12)
    scaled, bits = net.values((SIZE,), "int16"), net.values((), "int32")
    net.op("CUSTOM SignalFftAutoScale", [windowed], [scaled, bits])
    bins = net.made("Rfft", [scaled], (514,), "int16", T=7, fft_length=512)
    energies = net.made("Energy", [bins], (257,), "uint32", start_index=0, end_index=257)
    sums = net.bank(energies, mel_banks()[1])
    roots = net.made("FilterBankSquareRoot", [sums, bits], (40,), "uint32")
    left, averages = net.values((40,), "uint32"), net.values((40,), "uint32")
    net.op("CUSTOM SignalFilterBankSpectralSubtraction", [roots], [left, averages], **NOISE)
    operands = [left, averages, net.constant(gains().astype(np.int16))]
    loud = net.made("PCAN", operands, (40,), "uint32", snr_shift=FRONT_END.snr_shift)
    options = {"input_correction_bits": FRONT_END.correction_bits, "output_scale": 64}
    return net.build([x], [net.made("FilterBankLog", [loud], (40,), "int16", **options)])


def windows(samples: np.ndarray) -> list[tuple[np.ndarray]]:
    starts = range(0, len(samples) - SIZE + 1, HOP)
    return [(samples[start : start + SIZE],) for start in starts]


@pytest.fixture(scope="module")
def recording() -> np.ndarray:
    return np.concatenate([sound(kind, 3200, seed=2) for kind in KINDS])


def test_the_chain_is_the_front_end(recording):
    model = chain()
    wanted = FRONT_END.features(recording)
    assert len(np.unique(wanted)) > 100
    theirs = np.array([out[0] for out in micro_outputs(model, windows(recording))])
    np.testing.assert_array_equal(theirs, wanted)
    graph = compile_tflite(model, "portable", name="m").graph
    ours = np.array([out[0] for out in evaluate_series(graph, windows(recording))])
    np.testing.assert_array_equal(ours, wanted)


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["host", "qemu-m4", "qemu-m55"])
@pytest.mark.sampled(2)
def test_the_chain_on_a_board(board, recording):
    compiled = compile_tflite(chain(), board, name="m")
    series = windows(recording)[-60:]
    found = run_on_board(compiled, board, series).outputs
    wanted = [out[0] for out in evaluate_series(compiled.graph, series)]
    np.testing.assert_array_equal(np.array([out[0] for out in found]), wanted)


@pytest.mark.qemu
def test_the_preprocessor_of_tflite_micro(shared_models: Path, recording):
    files = sorted((shared_models.parent / "corpus").glob(PREPROCESSOR))
    if not files:
        pytest.skip("the folder of stock models has no audio_preprocessor_int8.tflite")
    model = files[0].read_bytes()
    series = [(window.reshape(1, SIZE),) for (window,) in windows(recording)]
    wanted = np.array([out[0] for out in micro_outputs(model, series)])
    compiled = compile_tflite(model, "qemu-m4", name="m")
    found = run_on_board(compiled, "qemu-m4", series).outputs
    np.testing.assert_array_equal(np.array([out[0] for out in found]).reshape(wanted.shape), wanted)


def refused(model: bytes) -> str:
    with pytest.raises((UnsupportedError, ModelError)) as caught:
        compile_tflite(model, "portable", name="m")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("op", "values", "made", "dtype", "length", "told"),
    [
        ("Rfft", 96, 98, "int16", 96, "a transform of 96 points"),
        ("Irfft", 6, 4, "float32", 4, "a transform of 4 points"),
        ("Rfft", 64, 66, "int8", 64, "int8 [64]"),
        ("Rfft", 65, 66, "int32", 64, "int32 [65]"),
        ("Irfft", 64, 64, "int32", 64, "int32 [64]"),
        ("Irfft", 66, 66, "int16", 64, "int16 [66]"),
    ],
)
def test_transforms_that_cannot_be(op, values, made, dtype, length, told):
    net = Signal()
    x = net.values((values,), dtype)
    bins = net.made(op, [x], (made,), dtype, T=7, fft_length=length)
    assert told in refused(net.build([x], [bins]))


def test_what_no_kernel_computes_is_named():
    net = Signal()
    x, energies = net.words(20)
    banks = [*np.ones((2, 9)), np.array([0, 15]), np.array([0, 3]), np.array([3, 6])]
    bits = net.constant(np.array(0, np.int32))
    roots = net.made("FilterBankSquareRoot", [net.bank(energies, banks), bits], (1,), "uint32")
    assert "a channel that ends at 21 of 20" in refused(net.build([x], [net.integers(roots, 1)]))


def test_options_that_are_missing_or_damaged():
    net = Signal()
    x = net.values((8,), "int16")
    weights = net.constant(np.ones(8, np.int16))
    model = net.build([x], [net.made("Window", [x, weights], (8,), "int16", shift=12)])
    assert "it has options that cannot be read" in refused(model.replace(b"shift", b"s\xfff\xfft"))
    net = Net()
    x, y = (net.tensor((8,), scale=None, dtype="int16") for _ in range(2))
    net.op("CUSTOM SignalWindow", [x, net.constant(np.ones(8, np.int16))], [y])
    assert "it has shift None instead of 0 to 31" in refused(net.build([x], [y]))
