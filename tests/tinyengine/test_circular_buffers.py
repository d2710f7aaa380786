# SPDX-License-Identifier: Apache-2.0
"""TF-Lite Micro's CIRCULAR_BUFFER: rows that a model keeps from call to call."""

from __future__ import annotations

import numpy as np
import pytest
from flatbuffers import flexbuffers

from mcunet_tf.check.reference import Reference
from mcunet_tf.errors import UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.circular_buffers import KIND, wrong_buffer
from mcunet_tf.tinyengine.evaluate import evaluate_series
from mcunet_tf.tinyengine.ir import Op, Tensor
from tests.ops.build_tflite import Net
from tests.ops.case import Case
from tests.ops.programs import Job, run_on_host

QUANTISED = {"scale": 0.1, "zero_point": -5}
DEPTH, CALLS = 3, 9


def buffered(
    slots: int, cycles: int | None, *, rows: int = 1, dtype: str = "int8", shown: bool = False
) -> bytes:
    """A buffer of `slots` rows behind a table; `shown`: the buffer is an output too."""
    net = Net()
    x = net.tensor((1, rows, 1, DEPTH), **QUANTISED, dtype=dtype)
    y = net.tensor((1, slots, 1, DEPTH), **QUANTISED, dtype=dtype, variable=True)
    options = b"" if cycles is None else bytes(flexbuffers.Dumps({"cycles_max": cycles}))
    net.op("CUSTOM CIRCULAR_BUFFER", [x], [y], CustomOptions=options or None)
    z = net.tensor((1, slots, 1, DEPTH), **QUANTISED, dtype=dtype)
    net.op("RELU", [y], [z])
    return net.build([x], [z, y] if shown else [z])


def frames() -> list[tuple[np.ndarray, ...]]:
    rng = np.random.default_rng(3)
    return [(rng.integers(-128, 128, (1, 1, 1, DEPTH)).astype(np.int8),) for _ in range(CALLS)]


def windows(slots: int) -> list[np.ndarray]:
    """What the buffer holds behind each call, worked out from all rows at once."""
    rows = [np.full((1, 1, 1, DEPTH), QUANTISED["zero_point"], np.int8)] * slots
    rows += [frame for (frame,) in frames()]
    return [np.concatenate(rows[n + 1 : n + 1 + slots], axis=1) for n in range(CALLS)]


@pytest.mark.parametrize(("slots", "cycles"), [(4, 1), (2, 1), (5, None), (13, None)])
def test_what_a_model_sees_is_the_newest_rows(slots, cycles):
    model = buffered(slots, cycles, shown=True)
    compiled = compile_tflite(model, "host", name="m")
    held = windows(slots)
    wanted = [(np.maximum(window, QUANTISED["zero_point"]), window) for window in held]
    for answers in (Reference(model).run(frames()), evaluate_series(compiled.graph, frames())):
        for outputs, expected in zip(answers, wanted, strict=True):
            for output, array in zip(outputs, expected, strict=True):
                np.testing.assert_array_equal(output.reshape(array.shape), array)


def test_the_c_keeps_the_rows_too():
    (job, outputs), *_ = run_on_host([Case("CIRCULAR_BUFFER", "four", buffered(4, 1))])
    assert isinstance(job, Job) and job.compiled.state_bytes == 16
    wanted = evaluate_series(job.compiled.graph, job.inputs)
    for got, expected in zip(outputs, wanted, strict=True):
        np.testing.assert_array_equal(got[0].reshape(-1), expected[0].reshape(-1))


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"slots": 4, "cycles": 2}, "what follows run every 2 calls"),
        ({"slots": 4, "cycles": None}, "what follows run every 2 calls"),
        ({"slots": 4, "cycles": 1, "rows": 2}, "[1, 2, 1, 3] into [1, 4, 1, 3]"),
        ({"slots": 4, "cycles": 1, "dtype": "int16"}, "int16 into int16"),
    ],
)
def test_other_buffers_are_refused_by_what_is_wrong_with_them(how, told):
    with pytest.raises(UnsupportedError) as caught:
        compile_tflite(buffered(**how), "host", name="m")
    assert told in str(caught.value) and "Remedy: keep the window in a variable" in str(
        caught.value
    )


def test_damaged_options_are_none():
    """Whatever the bytes are, it is the buffer's own rule that counts, or a refusal of ours."""
    whole = bytes(flexbuffers.Dumps({"cycles_max": 1}))
    rng = np.random.default_rng(0)
    inputs = (Tensor("x", (1, 1, 1, DEPTH), "int8"), Tensor("y", (1, 4, 1, DEPTH), "int8"))
    op = Op(KIND, "m", (0,), (1,))
    assert wrong_buffer(op, {"CustomOptions": whole}, inputs) is None
    for _ in range(300):
        damaged = bytearray(whole[: rng.integers(len(whole) + 1)])
        for at in rng.integers(0, len(damaged), rng.integers(3)) if damaged else ():
            damaged[at] = rng.integers(256)
        told = wrong_buffer(op, {"CustomOptions": bytes(damaged)}, inputs)
        assert told is None or "calls" in told
