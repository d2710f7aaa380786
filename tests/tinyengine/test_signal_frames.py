# SPDX-License-Identifier: Apache-2.0
"""What cuts sound into frames, invocation by invocation, beside TF-Lite Micro."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mcunet_tf.boards import load_board
from mcunet_tf.check import run_on_host
from mcunet_tf.errors import UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate_series
from tests.ops.oracle import assert_equal
from tests.ops.signal_cases import TYPE_CODES, Signal

CALLS = 14


def delay(shape: tuple[int, ...], length: int) -> bytes:
    net = Signal()
    x = net.values(shape, "int16")
    return net.build([x], [net.made("Delay", [x], shape, "int16", delay_length=length)])


def two_results(op: str, shape: tuple[int, ...], made: tuple[int, ...], **options: Any) -> bytes:
    net = Signal()
    x, y, valid = net.values(shape, "int16"), net.values(made, "int16"), net.values((), "bool")
    net.op(f"CUSTOM Signal{op}", [x], [y, valid], **options)
    return net.build([x], [y, valid])


def framer(shape: tuple[int, ...], size: int, step: int, prefill: bool) -> bytes:
    made = (*shape[:-1], shape[-1] // step, size)
    options = {"frame_size": size, "frame_step": step, "prefill": prefill}
    return two_results("Framer", shape, made, **options)


def stacker(channels: int, left: int, right: int, step: int) -> bytes:
    options = {
        "num_channels": channels,
        "stacker_left_context": left,
        "stacker_right_context": right,
        "stacker_step": step,
    }
    made = ((left + right + 1) * channels,)
    return two_results("Stacker", (channels,), made, **options)


def overlap(shape: tuple[int, ...], step: int, dtype: str = "int16") -> bytes:
    net = Signal()
    x, made = net.values(shape, dtype), (*shape[:-2], shape[-2] * step)
    options = {"T": TYPE_CODES[dtype], "frame_step": step}
    return net.build([x], [net.made("OverlapAdd", [x], made, dtype, **options)])


MODELS = {
    "delay": delay((8,), 5),
    "a long delay": delay((6,), 20),
    "no delay": delay((8,), 0),
    "a delay of two channels": delay((2, 7), 3),
    "frames": framer((160,), 400, 160, False),
    "prefilled frames": framer((160,), 400, 160, True),
    "frames of two channels": framer((2, 12), 10, 4, False),
    "several frames a call": framer((30,), 16, 10, True),
    "frames that pass over samples": framer((20,), 6, 10, False),
    "frames behind each other": framer((8,), 8, 8, False),
    "stacked rows": stacker(3, 2, 2, 1),
    "stacked rows of the past": stacker(4, 3, 0, 2),
    "stacked rows that come": stacker(2, 0, 3, 3),
    "a row alone": stacker(5, 0, 0, 1),
    "overlapping frames": overlap((1, 16), 6),
    "several overlapping frames": overlap((3, 10), 4),
    "frames of two channels added up": overlap((2, 2, 8), 4),
    "frames that touch": overlap((2, 5), 5),
    "overlapping frames of float32": overlap((3, 10), 4, "float32"),
}


def through_spectra(dtype: str) -> bytes:
    """Sound, cut into frames, through the spectrum of each and back, and added up again."""
    net, code = Signal(), TYPE_CODES[dtype]
    x, valid = net.values((80,), "int16"), net.values((), "bool")
    frames = net.values((2, 120), "int16")
    options = {"frame_size": 120, "frame_step": 40, "prefill": True}
    net.op("CUSTOM SignalFramer", [x], [frames, valid], **options)
    weights = (4096 * np.sin(np.pi * (np.arange(120) + 0.5) / 120) ** 2).astype(np.int16)
    made = net.made("Window", [frames, net.constant(weights)], (2, 120), "int16", shift=5)
    if dtype != "int16":
        narrow, made = made, net.values((2, 120), dtype)
        net.op("CAST", [narrow], [made])
    bins = net.made("Rfft", [made], (2, 130), dtype, T=code, fft_length=128)
    back = net.made("Irfft", [bins], (2, 128), dtype, T=code, fft_length=128)
    if dtype == "int32":
        wide, back, dtype, code = back, net.values((2, 128), "int16"), "int16", TYPE_CODES["int16"]
        net.op("CAST", [wide], [back])
    added = net.made("OverlapAdd", [back], (80,), dtype, T=code, frame_step=40)
    return net.build([x], [added])


def series(model: bytes, calls: int = CALLS) -> tuple[list[tuple[np.ndarray, ...]], list[Any]]:
    """Inputs, and what TF-Lite Micro makes of them."""
    runtime = pytest.importorskip(
        "tflite_micro.python.tflite_micro.runtime", reason="tflite-micro is not installed"
    )
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=1 << 20)
    shape, dtype = (interpreter.get_input_details(0)[key] for key in ("shape", "dtype"))
    count = len(runtime.convert_bytearray_to_object(model).subgraphs[0].outputs)
    rng, inputs, answers = np.random.default_rng(1), [], []
    for _ in range(calls):
        inputs.append((rng.integers(-32768, 32768, shape).astype(dtype),))
        interpreter.set_input(inputs[-1][0], 0)
        interpreter.invoke()
        answers.append([np.array(interpreter.get_output(k)) for k in range(count)])
    return inputs, answers


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.sampled(3)
def test_a_series_equals_tf_lite_micro(name):
    inputs, wanted = series(MODELS[name])
    compiled = compile_tflite(MODELS[name], "host", name="m")
    data = [[array.tobytes() for array in arrays] for arrays in inputs]
    runs = run_on_host(compiled, load_board("host"), data, sanitize=True)
    meant = list(evaluate_series(compiled.graph, inputs))
    heard = 0
    for run, own, (result, *valid) in zip(runs, meant, wanted, strict=True):
        if valid:
            assert bool(run.outputs[1][0]) == bool(own[1].reshape(-1)[0]) == bool(valid[0])
        if not valid or valid[0]:  # else nothing is written
            heard += 1
            np.testing.assert_array_equal(
                np.frombuffer(run.outputs[0], result.dtype), result.ravel()
            )
            np.testing.assert_array_equal(own[0].ravel(), result.ravel())
    assert heard >= CALLS // 3 - 1


@pytest.mark.parametrize("dtype", TYPE_CODES)
def test_sound_through_its_spectra_equals_tf_lite_micro(dtype):
    model = through_spectra(dtype)
    inputs, wanted = series(model, calls=50)
    compiled = compile_tflite(model, "host", name="m")
    data = [[array.tobytes() for array in arrays] for arrays in inputs]
    runs = run_on_host(compiled, load_board("host"), data, sanitize=True)
    found = [
        [np.frombuffer(run.outputs[0], np.asarray(w[0]).dtype)]
        for run, w in zip(runs, wanted, strict=True)
    ]
    assert_equal(found, wanted, inputs)
    assert_equal(list(evaluate_series(compiled.graph, inputs)), wanted, inputs)
    assert np.ptp(wanted[-1][0]) > 0


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (framer((10,), 8, 4, False), "frames of 8 every 4 of 10"),
        (framer((12,), 3, 4, True), "frames of 3 every 4 into"),
        (stacker(3, 1, 0, 3), "2 rows of 3, every 3"),
        (two_results("Stacker", (3,), (6,), num_channels=4), "options {'num_channels': 4}"),
        (two_results("Framer", (4,), (1, 4)), "frames of None every None of 4"),
        (overlap((2, 4), 5), "[2, 4], a frame every 5, into [10]"),
    ],
)
def test_frames_that_cannot_be_cut(model, told):
    with pytest.raises(UnsupportedError) as caught:
        compile_tflite(model, "host", name="m")
    assert told in str(caught.value) and "\n" not in str(caught.value)
