# SPDX-License-Identifier: Apache-2.0
"""`python -m mcunet_tf.cli.detector_scenes`: trains a small detector on composed scenes.

Scenes are pieces of Fashion-MNIST on a larger ground; those that are scored hold test images alone.
The float network and the int8 file go through the decoder that the board has.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from mcunet_tf.cli.command import run_command
from mcunet_tf.cli.detector_report import train_and_tell
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
    from mcunet_tf.detection import Detection

    values = flags.FLAGS
    task = Detection(values.classes, values.kind, width=values.width, blocks=values.blocks)
    train_and_tell(
        task, *_scenes(values), epochs=values.epochs, seed=values.seed, board=values.board,
        folder=Path(values.output_dir),
    )  # fmt: skip
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


def run() -> None:
    """Entry point of `python -m mcunet_tf.cli.detector_scenes`."""
    define_flags()
    run_command(main, __name__, "detector_scenes [flags]")


if __name__ == "__main__":
    run()
