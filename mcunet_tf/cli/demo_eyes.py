# SPDX-License-Identifier: Apache-2.0
"""`python -m mcunet_tf.cli.demo_eyes`: a camera, two networks and a page with pictures.

A small network always looks at composed scenes, and wakes a larger one that finds clothes and
passes over bags. Both are trained, quantised and compiled; an emulated Cortex-M7 runs them from a
sensor's frames, in RGB565, to boxes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
from absl import flags

from mcunet_tf.cli.command import run_command
from mcunet_tf.cli.quiet import make_folder, stderr_to
from mcunet_tf.errors import McunetError, OutputError, require_packages

FLAGS = flags.FLAGS
Array = npt.NDArray[Any]

CAMERA = "rgb565:320x240"
_GLANCE, _LOOK = "glance", "look"
_ALL_BOXES = 0.05, 40
"""Threshold and bound of boxes for average precision, which wants the unsure ones too."""


def define_flags() -> None:
    """Declares the command's flags."""
    flags.DEFINE_string("output_dir", "out/eyes", "Folder for everything that is made.")
    flags.DEFINE_string("board", "qemu-m7", "Emulated board that runs the whole.")
    flags.DEFINE_string("energy_board", "nrf52840dk", "Board whose currents are known.")
    flags.DEFINE_string("sensor", "hm01b0", "Sensor whose power is known.")
    flags.DEFINE_float("period_s", 5.0, "Seconds from one look to the next.", 0.1)
    flags.DEFINE_integer("scenes", 2000, "Scenes to train on.", 50)
    flags.DEFINE_integer("epochs", 8, "Of both trainings.", 1)
    flags.DEFINE_integer("test_scenes", 200, "Scenes to score.", 10)
    flags.DEFINE_integer("moments", 400, "Moments of the sequence that is watched.", 50)
    flags.DEFINE_integer("board_frames", 6, "Frames that the board sees.", 1, 20)
    flags.DEFINE_integer("seed", 0, "Of everything random.", 0)


@dataclass(frozen=True, eq=False)
class Eye:
    """A trained network of the demonstration.

    Attributes:
        name: C prefix.
        task: what it finds.
        model: float32.
        file: int8.
    """

    name: str
    task: Any
    model: Any
    file: bytes


def main(arguments: Sequence[str]) -> int:
    """Runs the demonstration.

    Raises:
        McunetError: a flag is wrong, a tool is missing, or a stage failed.
    """
    if len(arguments) > 1:
        raise McunetError(f"'{arguments[1]}' is no flag: see --help")
    require_packages("the demonstration", "tensorflow", "keras")
    started, folder = time.monotonic(), Path(FLAGS.output_dir)
    _check_tools()
    make_folder(folder)
    with stderr_to(folder / "tensorflow.log"):
        eyes, test, quantities = _trained(folder)
    made, results = _measured(eyes, test, quantities, folder)
    minutes = (time.monotonic() - started) / 60
    from mcunet_tf.cli.eyes_page import page

    _write(folder / "eyes.html", page(made, results))
    _write(folder / "result.json", json.dumps(results.figures, indent=2) + "\n")
    print("\n" + results.text())
    _say(f"{minutes:.1f} minutes; the page is {folder}/eyes.html, the C is in {folder}/project")
    return 0


def _check_tools() -> None:
    """Finds out now what would otherwise fail after minutes of training."""
    from mcunet_tf.boards import load_board
    from mcunet_tf.check.reference import require_reference
    from mcunet_tf.check.toolchain import require_tools
    from mcunet_tf.vision import load_sensor
    from mcunet_tf.vision.duty_cycle import require_currents

    require_currents(load_board(FLAGS.energy_board))
    load_sensor(FLAGS.sensor)
    require_tools(load_board(FLAGS.board))
    require_reference()


def _trained(folder: Path) -> tuple[tuple[Eye, Eye], Any, dict[str, float]]:
    """The two networks, the scenes that they are scored on, and how long training took."""
    from mcunet_tf.cli.eyes_scenes import scenes
    from mcunet_tf.datasets import load_fashion_mnist
    from mcunet_tf.detection import Detection, quantize_detector, train_detector

    data, seed = load_fashion_mnist(), FLAGS.seed
    train = scenes(data, "train", FLAGS.scenes, 2 * seed)
    test = scenes(data, "test", FLAGS.test_scenes, 2 * seed + 1)
    before, eyes = time.process_time(), []
    for name, task, given, epochs in (
        (
            _GLANCE,
            Detection(1, "centroids", (48, 48, 1), 6, ("clothes",), "dense"),
            train.halved(),
            FLAGS.epochs,
        ),
        (_LOOK, Detection(1, width=12, labels=("clothes",), blocks="dense"), train, FLAGS.epochs),
    ):
        _say(f"training '{name}', {task.kind} in {task.image[0]}x{task.image[1]}: {epochs} epochs")
        model = train_detector(task, given.images, given.boxes, epochs, seed=seed)
        file = quantize_detector(model, given.images)
        (folder / f"{name}.tflite").write_bytes(file)
        eyes.append(Eye(name, task, model, file))
    return (eyes[0], eyes[1]), test, {"training_cpu_s": time.process_time() - before}


def _joined(eyes: Sequence[Eye], board: str) -> Any:
    """The cascade of both, for a board."""
    from mcunet_tf.detection import decoder_for
    from mcunet_tf.tinyengine import compile_tflite
    from mcunet_tf.vision import CascadeStage, cascade

    stages = []
    for eye, wake, sleep, down in zip(eyes, (0.6, 0.6), (0.5, 0.5), (2, 1), strict=True):
        compiled = compile_tflite(eye.file, board, name=eye.name, input_mode="rows")
        decoder = decoder_for(eye.task, [info.shape for info in compiled.outputs])
        stages.append(CascadeStage(compiled, decoder, wake, sleep, down=down))
    return cascade(stages, "eyes", camera=CAMERA)


def _measured(
    eyes: tuple[Eye, Eye], test: Any, figures: dict[str, float], folder: Path
) -> tuple[Any, Any]:
    """Everything that the page says, and the cascade for the emulated board."""
    from mcunet_tf.cli import eyes_scenes as shown
    from mcunet_tf.cli.eyes_results import Results, Seen
    from mcunet_tf.datasets import load_fashion_mnist
    from mcunet_tf.vision import read_camera

    made, camera = _joined(eyes, FLAGS.board), read_camera(CAMERA)
    made.emit(folder / "project")
    _say(f"{len(test.images)} test scenes through the camera and TensorFlow Lite's kernels")
    seen = Seen.of(eyes[1], made.stages[1], camera, shown.frames(camera, test.images), _ALL_BOXES)
    images, present = shown.sequence(load_fashion_mnist(), FLAGS.moments, FLAGS.seed + 10)
    results = Results(eyes, made, camera, test, seen, images, present, figures)
    _say(f"watching {FLAGS.moments} moments")
    results.watch(FLAGS.period_s)
    _say(f"{FLAGS.board} and this computer look at {FLAGS.board_frames} frames")
    results.run(FLAGS.board, _joined(eyes, "portable"), FLAGS.board_frames)
    results.take(_joined(eyes, FLAGS.energy_board), FLAGS.sensor)
    return made, results


def _say(text: str) -> None:
    print(f"demo_eyes: {text}", flush=True)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; use --output_dir") from error


def run() -> None:
    """Entry point of `python -m mcunet_tf.cli.demo_eyes`."""
    define_flags()
    run_command(main, __name__, "demo_eyes [flags]")


if __name__ == "__main__":
    run()
