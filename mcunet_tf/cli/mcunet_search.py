# SPDX-License-Identifier: Apache-2.0
"""`mcunet_search`: from named data or a folder of images to int8 C for a board."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from absl import flags

from mcunet_tf.boards import LIST, board_list
from mcunet_tf.cli.command import run_command
from mcunet_tf.cli.quiet import make_folder, stderr_to
from mcunet_tf.errors import McunetError, require_packages

if TYPE_CHECKING:
    from mcunet_tf.boards import Board
    from mcunet_tf.datasets import ImageDataset, SpokenWords
    from mcunet_tf.tinynas import SearchResult
    from mcunet_tf.tinynas.recipe import Recipe

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Declares the command's flags: by call, as several commands of one package share names."""
    known = "fashion_mnist, cifar10, a .npz of CIFAR-10, or a folder of images."
    flags.DEFINE_string("data", "fashion_mnist", known)
    flags.DEFINE_integer("size", 96, "Height and width that a folder's images are read at.", 8)
    flags.DEFINE_enum("channels", "3", ["1", "3"], "1 reads a folder's images as grey.")
    flags.DEFINE_boolean("speech", False, "The folder holds words as .wav, not images.")
    flags.DEFINE_list("words", None, "With --speech: the words to tell apart [all folders].")
    flags.DEFINE_integer("hop", None, "Rows of time of a call: limits are the stream's.", 1)
    flags.DEFINE_integer("instructions", None, "Most instructions, by the cost model.", 1)
    flags.DEFINE_string("board", "stm32f746", "Target board: a name, a TOML file, or list.")
    flags.DEFINE_integer("sram_bytes", None, "Most bytes the arena may take.", 1)
    flags.DEFINE_integer("flash_bytes", None, "Most bytes weights and code may take.", 1)
    flags.DEFINE_float("latency_ms", None, "Longest inference, by the cost model.", 0.0)
    flags.DEFINE_float("minutes", None, "Time for everything; without it --epochs count.", 0.2)
    flags.DEFINE_integer("epochs", 40, "Epochs of the final training.", 1)
    flags.DEFINE_integer("supernet_epochs", None, "Epochs of the supernet; 0: none [--epochs].", 0)
    flags.DEFINE_integer("seed", 0, "Seed of all randomness.", 0)
    flags.DEFINE_enum("quantization", "ptq", ["ptq", "qat"], "How int8 is reached.")
    augmentations = ["auto", "flip_and_shift", "flip", "shift", "none"]
    flags.DEFINE_enum("augmentation", augmentations[0], augmentations, "What is done to images.")
    flags.DEFINE_integer("train_images", None, "Take only so many of the training images.", 10)
    flags.DEFINE_boolean("quick", False, "Look at few sub-networks: tries a data set in minutes.")
    folder = "Folder of checkpoints and results; a killed search goes on there."
    flags.DEFINE_string("output_dir", "out/search", folder)


def main(arguments: Sequence[str]) -> int:
    """Runs a search.

    Raises:
        McunetError: Data, budget, board or folder are wrong.
    """
    if len(arguments) > 1:
        raise McunetError(f"'{arguments[1]}' is no flag: see mcunet_search --help")
    if FLAGS.board == LIST:
        print(board_list())
        return 0
    require_packages("the search", "tensorflow", "keras")
    _search(Path(FLAGS.output_dir))
    return 0


def _search(folder: Path) -> None:
    from mcunet_tf.boards import load_board
    from mcunet_tf.datasets import SpokenWords
    from mcunet_tf.tinynas.progress_lines import ProgressLines

    # An unknown board and a folder that cannot be made are said before the data is read.
    board = load_board(FLAGS.board)
    make_folder(folder)
    with stderr_to(folder / "tensorflow.log"):
        # A wrong folder is said before TensorFlow takes its seconds.
        data = _load()
        recipe, strategy = _recipe_and_strategy()
        lines = ProgressLines()
        given = {"workdir": folder, "recipe": recipe, "strategy": strategy}
        if isinstance(data, SpokenWords):
            clips = len(data.clips["train"])
            lines.say(f"{FLAGS.data}: {clips:,} training clips, {len(data.labels)} words")
            result = _searched(data, board, **given)
        else:
            count = min(FLAGS.train_images or len(data.train_images), len(data.train_images))
            lines.say(f"{data.name}: {count:,} training images, {len(data.class_names)} classes")
            result = _found(board, data, count, **given)
        result.report(folder / "report.html")
        result.compile(folder / "project")
    cost = result.cost
    lines.say(
        f"{100 * result.accuracy:.2f} % of the validation images; {cost.sram_bytes:,} B SRAM, "
        f"{cost.flash_bytes:,} B flash, {cost.macs / 1e6:.2f} M MACs"
    )
    lines.say(f"in {folder}/: model.keras, model.tflite, project/, report.html")


def _recipe_and_strategy() -> tuple[Recipe, Any]:
    from mcunet_tf.tinynas.recipe import Recipe
    from mcunet_tf.tinynas.replicas import one_replica_per_core

    recipe = Recipe(augmentation=FLAGS.augmentation)
    return recipe, one_replica_per_core(recipe.batch_size)


def _found(board: Board, data: ImageDataset, count: int, **given: Any) -> SearchResult:
    # Folders come class by class: what is taken is taken evenly.
    taken = np.linspace(0, len(data.train_images) - 1, count).astype(int)
    images = (data.train_images[taken], data.train_labels[taken])
    quick = _quick(data.train_images.shape[1:]) if FLAGS.quick and not FLAGS.minutes else {}
    return _searched(images, board, num_classes=len(data.class_names), **given, **quick)


def _searched(train: Any, board: Board, **given: Any) -> SearchResult:
    from mcunet_tf.tinynas import search

    found: SearchResult = search(
        train,
        board=board,
        sram_bytes=FLAGS.sram_bytes,
        flash_bytes=FLAGS.flash_bytes,
        latency_ms=FLAGS.latency_ms,
        instructions=FLAGS.instructions,
        hop=FLAGS.hop,
        minutes=FLAGS.minutes,
        epochs=FLAGS.epochs,
        supernet_epochs=FLAGS.supernet_epochs,
        seed=FLAGS.seed,
        quantization=FLAGS.quantization,
        **given,
    )
    return found


def _quick(image_shape: tuple[int, ...]) -> dict[str, Any]:
    """Few sub-networks of every other resolution and width."""
    from mcunet_tf.tinynas import Effort, all_spaces
    from mcunet_tf.tinynas.space import RESOLUTIONS, WIDTHS

    height, width, channels = image_shape
    spaces = all_spaces((height, width, channels), RESOLUTIONS[1::2], WIDTHS[::2])
    return {"effort": Effort.quick(), "spaces": spaces}


def _load() -> ImageDataset | SpokenWords:
    from mcunet_tf import datasets

    given = FLAGS.data
    if given == "fashion_mnist":
        return datasets.load_fashion_mnist()
    if given == "cifar10":
        return datasets.load_cifar10()
    if given.endswith(".npz"):
        return datasets.load_cifar10(given)
    if FLAGS.speech:
        return datasets.load_spoken_words(given, FLAGS.words)
    return datasets.load_image_folder(given, FLAGS.size, int(FLAGS.channels))


def run() -> None:
    """Entry point of the console script."""
    define_flags()
    run_command(main, __name__, "mcunet_search [flags]")


if __name__ == "__main__":
    run()
