# SPDX-License-Identifier: Apache-2.0
"""`python -m mcunet_tf.cli.detector_scenes`: trains a small detector on composed scenes.

Scenes are pieces of Fashion-MNIST on a larger ground; those that are scored hold test images alone.
The float network and the int8 file go through the decoder that the board has.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from mcunet_tf.cli.command import run_command
from mcunet_tf.errors import McunetError, require_packages


def define_flags() -> None:
    """Declares the command's flags."""
    flags.DEFINE_enum("kind", "boxes", ["boxes", "centroids"], "What is found.")
    flags.DEFINE_integer("classes", 1, "1: any piece; 10: kinds told apart.", 1, 10)
    flags.DEFINE_integer("width", 16, "Channels of the network's first layer.", 4)
    flags.DEFINE_enum("blocks", "separable", ["separable", "dense"], "Windows of the network.")
    flags.DEFINE_integer("scenes", 2000, "Scenes to train on.", 50)
    flags.DEFINE_integer("test_scenes", 300, "Scenes to score.", 10)
    flags.DEFINE_integer("epochs", 10, "Passes over the scenes.", 1)
    flags.DEFINE_string("board", "stm32f746", "What the C is for.")
    flags.DEFINE_integer("seed", 0, "Seed of scenes and training.", 0)
    flags.DEFINE_string("output_dir", "out/detector", "Folder of the .tflite file and the C.")


def main(arguments: Sequence[str]) -> int:
    """Trains, quantises, compiles, and prints a line for each form."""
    if len(arguments) > 1:
        raise McunetError(f"'{arguments[1]}' is no flag: see --help")
    require_packages("training a detector", "tensorflow", "keras")
    from mcunet_tf.detection import Detection, float_scores, quantize_detector, train_detector
    from mcunet_tf.tinyengine import compile_tflite

    values = flags.FLAGS
    task = Detection(values.classes, values.kind, width=values.width, blocks=values.blocks)
    (images, boxes), (test_images, truth) = _scenes(values)
    before = time.process_time()
    model = train_detector(task, images, boxes, values.epochs, seed=values.seed)
    minutes = (time.process_time() - before) / 60
    file = quantize_detector(model, images)
    folder = Path(values.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "detector.tflite").write_bytes(file)
    compiled = compile_tflite(
        file, values.board, name="detector", input_mode="rows", output_dir=folder / "detector_c"
    )
    print(
        f"{values.kind}, {values.classes} classes, {values.blocks}, width {values.width}: "
        f"{values.scenes} scenes, "
        f"{values.epochs} epochs, seed {values.seed}, {minutes:.1f} CPU minutes"
    )
    for form, scores in (
        ("float", float_scores(task, model, test_images, truth)),
        ("int8", _int8_scores(task, file, compiled, test_images, truth)),
    ):
        said = ", ".join(f"{name} {value:.3f}" for name, value in scores.items())
        print(f"{form:6s} {said}")
    print(
        f"{values.board}, rows pushed: arena {compiled.arena_bytes:,} B, weights "
        f"{compiled.report.weights_bytes:,} B, {compiled.macs:,} MACs"
    )
    return 0


def _scenes(values: Any) -> tuple[Any, Any]:
    """((images, boxes) to train on, the same to score)."""
    from mcunet_tf.datasets import load_fashion_mnist
    from mcunet_tf.detection import compose_scenes

    data = load_fashion_mnist()
    made = [
        compose_scenes(pieces, labels, count, seed=2 * values.seed + part)
        for part, (pieces, labels, count) in enumerate(
            (
                (data.train_images, data.train_labels, values.scenes),
                (data.test_images, data.test_labels, values.test_scenes),
            )
        )
    ]
    for _, boxes in made:
        for rows in boxes:
            rows[:, 4] = np.minimum(rows[:, 4], values.classes - 1)
    return made[0], made[1]


def _int8_scores(
    task: Any, file: bytes, compiled: Any, images: Any, truth: Any
) -> dict[str, float]:
    from mcunet_tf.check.edges import inputs_for
    from mcunet_tf.check.reference import Reference
    from mcunet_tf.detection import decoder_for, inputs_of, output_scores

    given = [
        inputs_for(compiled.inputs, (inputs_of(images[k : k + 1]),)) for k in range(len(images))
    ]
    each = Reference(file).run(given)
    decoder = decoder_for(task, [output.shape for output in compiled.outputs])
    return output_scores(task, decoder, each, compiled.outputs, truth)


def run() -> None:
    """Entry point of `python -m mcunet_tf.cli.detector_scenes`."""
    define_flags()
    run_command(main, __name__, "detector_scenes [flags]")


if __name__ == "__main__":
    run()
