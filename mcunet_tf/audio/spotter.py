# SPDX-License-Identifier: Apache-2.0
"""From samples to words: a front end, a network, and what is done with its results, joined."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.audio import hear_form
from mcunet_tf.audio.detector import Detector
from mcunet_tf.audio.front_end import FrontEnd
from mcunet_tf.audio.log_mel import LogMel
from mcunet_tf.audio.log_mel_settings import QuantizedOutput
from mcunet_tf.audio.settings import MICRO_FEATURE_SCALE, Int8Output, is_integer
from mcunet_tf.boards import Board, load_board
from mcunet_tf.errors import AudioError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.compiler import CompiledModel
from mcunet_tf.tinyengine.emit.write import write_project

Integers = npt.NDArray[Any]
Ear = FrontEnd | LogMel

_SCORE_TYPES = {"int8": 127, "uint8": 255}
SCORES = {"auto": "auto", "logits": "logits", "probabilities": "model"}
"""What a network's outputs are taken for, and what the compiler calls that."""


@dataclass(frozen=True, eq=False)
class Spotter:
    """A front end, a network and a detector that fit together.

    Make one with `join`. Its C takes any number of samples and says when there is a new result:

        static struct kws_ear ear;
        static union kws_ear_scratch scratch;
        kws_ear_reset(&ear);
        while (kws_hear(&ear, &scratch, &samples, &count)) {
          if (ear.word >= 0) { ... }
        }

    Attributes:
        front_end: gives the network's int8 input.
        network: as it was compiled; its board is the one that the C is for.
        detector: what is done with its results.
        board: what the C is for.
        rows: that the network takes.
        new_rows: of these, those that a call brings.
        warm_up: results after a reset that are made from rows never given.
        delay: rows by which a result is late.
    """

    front_end: Ear
    network: CompiledModel
    detector: Detector
    board: Board
    rows: int
    new_rows: int
    warm_up: int
    delay: int

    @property
    def scale(self) -> float:
        """Of the network's output."""
        return float(self.network.outputs[0].scale or 1.0)

    @property
    def zero_point(self) -> int:
        """Of the network's output."""
        return int(self.network.outputs[0].zero_point or 0)

    def features(self, samples: Integers) -> Integers:
        """Rows of a recording, int8 [rows, values]."""
        return self.front_end.features(samples)

    def inputs(self, samples: Integers) -> list[Integers]:
        """What the network is given, call by call, for a recording."""
        rows, shape = self.features(samples), self.network.inputs[0].shape
        last = len(rows) - self.rows + 1
        return [rows[k : k + self.rows].reshape(shape) for k in range(0, last, self.new_rows)]

    def seconds(self, result: int) -> float:
        """Where in a recording the window of a result ends."""
        rows = self.rows + (result + self.warm_up) * self.new_rows - self.delay
        samples = (rows - 1) * self.front_end.hop_samples + self.front_end.window_samples
        return max(0.0, samples / self.front_end.sample_rate)

    def words(self, scores: Integers) -> Integers:
        """Numbers of the labels that a recording's results complete, -1 where there is none.

        Args:
            scores: the network's outputs behind `warm_up`, [results, labels].
        """
        steps = np.asarray(scores, np.int64) - self.zero_point
        return self.detector.detect(self.detector.begin(), steps, self.scale)[0]

    def source_files(self) -> dict[str, str]:
        """The project: network, front end, and `<name>_hear`, text by relative path."""
        name = self.network.name
        front = self.front_end.source_files(f"{name}_front", self.board)
        added = {**front, **hear_form.source_files(self)}
        files = {**self.network.files, **added, "main.c": hear_form.example(name)}
        own = sorted(path for path in added if path.endswith((".c", ".S")))
        opening = f"add_library({name} STATIC\n"
        listed = opening + "".join(f"  {path}\n" for path in own)
        files["CMakeLists.txt"] = files["CMakeLists.txt"].replace(opening, listed)
        return files

    def emit(self, folder: str | Path) -> None:
        """Writes `source_files` into a folder, over an earlier output.

        Raises:
            OutputError: the folder cannot be written, or holds what is not ours in the way.
        """
        write_project(self.source_files(), Path(folder))


def join(
    model: bytes | str | Path,
    front_end: Ear,
    detector: Detector,
    board: Board | str = "host",
    *,
    name: str = "kws",
    hop: int | None = None,
    stream: str = "auto",
    new_rows: int | None = None,
    feature_scale: float = MICRO_FEATURE_SCALE,
    scores: str = "auto",
    **options: Any,
) -> Spotter:
    """Compiles a model behind a front end that gives its input.

    Scores are probabilities. Networks that were trained with a loss on logits end in these: they
    get the softmax behind them, of one score the sigmoid, as TensorFlow Lite computes it in int8.

    Args:
        model: a `.tflite` file or its bytes.
        front_end: its features get the scale of the network's input.
        detector: has a label for each output.
        board: a board or its name.
        name: prefix of all symbols.
        hop: rows of time that a call of the streamed network takes; None leaves the network as it
            is: one that remembers takes its rows in turn, another a window of rows.
        stream: "windows", "endless" or "auto", as in `compile_tflite`.
        new_rows: of a network without `hop`: rows from one call to the next; by default all of
            them where it remembers, and one where it takes a window.
        feature_scale: what a `FrontEnd`'s features were multiplied with in training.
        scores: "logits" or "probabilities"; "auto" takes outputs that lie from 0 to 1, whatever
            the input, for probabilities, and others for logits.
        options: others of `compile_tflite`.

    Raises:
        AudioError: front end, model and detector do not fit together.
        McunetError: as `compile_tflite`.
    """
    target = load_board(board) if isinstance(board, str) else board
    if scores not in SCORES:
        raise AudioError(f"scores '{scores}' is unknown: use one of {', '.join(SCORES)}")
    options["scores"] = SCORES[scores]
    if hop is not None:
        options |= {"input_mode": "stream", "hop": hop, "stream": stream}
    network = compile_tflite(model, target, name=name, **options)
    if len(network.inputs) != 1 or network.inputs[0].dtype != "int8":
        given = ", ".join(f"{i.dtype} {list(i.shape)}" for i in network.inputs)
        raise AudioError(f"{name}: takes {given}: give a network of one int8 input")
    _check_scores(network, detector)
    fitted = _fitted(front_end, network, feature_scale)
    values = int(np.prod(network.inputs[0].shape))
    rows, over = divmod(values, fitted.row_values)
    fits = any(size == fitted.row_values for size in network.inputs[0].shape)
    if over or not fits:
        raise AudioError(
            f"{name}: takes {list(network.inputs[0].shape)}, the front end gives rows of "
            f"{fitted.row_values} features: give it as many bands or coefficients as an axis has"
        )
    flow = network.stream
    step = rows if hop is not None or network.state_bytes else 1
    step = step if new_rows is None else new_rows
    if not is_integer(step) or not 1 <= step <= rows:
        raise AudioError(f"{name}: new_rows={new_rows} of {rows}: give 1 to {rows}")
    warm_up, delay = (flow.warm_up, flow.delay[0]) if flow else (0, 0)
    return Spotter(fitted, network, detector, target, rows, step, warm_up, delay)


def _check_scores(network: CompiledModel, detector: Detector) -> None:
    """Raises AudioError unless each label has a score, and one can reach the threshold."""
    scores, labels = network.outputs[0], detector.labels
    if scores.dtype not in _SCORE_TYPES or int(np.prod(scores.shape)) != len(labels):
        raise AudioError(
            f"{network.name}: gives {scores.dtype} {list(scores.shape)} for {len(labels)} labels "
            f"({', '.join(labels)}): name its outputs one by one, of int8 or uint8"
        )
    most = _SCORE_TYPES[scores.dtype] - scores.zero_point
    if detector.limit(scores.scale) > most * detector.average:
        raise AudioError(
            f"{network.name}: threshold={detector.threshold:g} is never reached, as its scores go "
            f"to {most * scores.scale:.4g}: give less"
        )


def _fitted(front_end: Ear, network: CompiledModel, feature_scale: float) -> Ear:
    """The front end with the output that is the network's input."""
    edge = network.inputs[0]
    scale, zero_point = float(edge.scale or 1.0), int(edge.zero_point or 0)
    if isinstance(front_end, LogMel):
        return dataclasses.replace(front_end, output=QuantizedOutput(scale, zero_point))
    output = Int8Output.of_input(scale, zero_point, feature_scale)
    return dataclasses.replace(front_end, output=front_end.output or output)
