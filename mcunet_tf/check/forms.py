# SPDX-License-Identifier: Apache-2.0
"""What a classifier's answers are worth by windows and on an endless signal, by recordings.

A network that was trained on windows with padding sees other neighbours where the padding was once
it runs on an endless signal. Whether that costs accuracy, or gains some, is a matter of trying.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from mcunet_tf.boards import load_board
from mcunet_tf.check.edges import inputs_for
from mcunet_tf.check.host import run_on_host
from mcunet_tf.check.streams import Recording
from mcunet_tf.check.tensors import Array, decode_outputs, encode_inputs
from mcunet_tf.errors import McunetError
from mcunet_tf.tinyengine import CompiledModel, compile_tflite


@dataclasses.dataclass(frozen=True)
class FormScores:
    """Accuracies on the same recordings.

    Attributes:
        recordings: how many there were.
        windows: share of right answers for the last window of each recording alone.
        endless: share of right answers of the endless form at the same window's end.
        equal: share of recordings that both forms answer alike.
    """

    recordings: int
    windows: float
    endless: float
    equal: float


def compare_forms(
    model: bytes, recordings: Iterable[tuple[Array, int]], hop: int, form: str = "endless"
) -> FormScores:
    """Answers of a model for windows beside those of its stream, on this computer.

    Args:
        model: a `.tflite` classifier of one output.
        recordings: rows of time in the shape of the stream's input but for their number,
            [1, t, f, c] for instance, more than a window by a hop, in the file's type or the
            stream's; and the class. The stream hears all of a recording and then silence, as long
            as its result is late.
        hop: new rows in a call.
        form: of the stream, "endless" or "windows".

    Raises:
        McunetError: the model has no such stream, or a recording is shorter than a window.
    """
    whole = compile_tflite(model, "host", name="window")
    call = compile_tflite(model, "host", name="call", input_mode="stream", hop=hop, stream=form)
    answers = []
    for number, (rows, label) in enumerate(recordings):
        recording = _recording(call, rows, number)
        last = recording.last_window()
        by_window = _answer(whole, [inputs_for(whole.inputs, last)])
        answers.append((by_window, _answer(call, recording.calls(call)), label))
    if not answers:
        raise McunetError("no recordings to compare forms on")
    found = np.array(answers)
    return FormScores(
        len(found),
        float(np.mean(found[:, 0] == found[:, 2])),
        float(np.mean(found[:, 1] == found[:, 2])),
        float(np.mean(found[:, 0] == found[:, 1])),
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _Heard(Recording):
    """A recording and the silence behind it.

    Attributes:
        heard: its own rows.
    """

    heard: int

    def last_window(self) -> tuple[Array, ...]:
        """The last window of the recording itself, as the model file takes it."""
        return self.window_before(self.heard)


def _recording(call: CompiledModel, rows: Array, number: int) -> _Heard:
    """A recording whose end falls together with that of a call."""
    stream = call.stream
    assert stream is not None
    if len(stream.sides) > 1:
        raise McunetError(f"{call.name} has {len(stream.sides)} inputs: give a model of one")
    axis = stream.sides[0].axis
    assert axis is not None
    heard = rows.shape[axis]
    # The first rows are left out: the last call must be as much later as its result is late.
    late = max(stream.delay)
    heard -= (heard + late) % stream.hop
    if heard < stream.window:
        raise McunetError(
            f"recording {number} has {rows.shape[axis]} rows, a window {stream.window} and a call "
            f"{stream.hop}: give longer ones"
        )
    rows = np.take(rows, np.arange(rows.shape[axis] - heard, rows.shape[axis]), axis)
    silence = list(rows.shape)
    silence[axis] = late
    value: Any = 0 if rows.dtype.kind == "f" else call.inputs[0].zero_point
    rows = np.concatenate([rows, np.full(silence, value, rows.dtype)], axis)
    return _Heard((rows,), stream, heard)


def _answer(compiled: CompiledModel, calls: list[tuple[Array, ...]]) -> int:
    """The class of the last result."""
    data = [encode_inputs(compiled, arrays) for arrays in calls]
    runs = run_on_host(compiled, load_board("host"), data)
    (scores,) = decode_outputs(compiled, runs[-1].outputs)
    return int(np.argmax(scores))
