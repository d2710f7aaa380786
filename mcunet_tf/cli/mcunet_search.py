# SPDX-License-Identifier: Apache-2.0
"""`mcunet_search`: from named data or a folder of images to int8 C for a board."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from absl import app, flags

from mcunet_tf.errors import McunetError

if TYPE_CHECKING:
    from mcunet_tf.datasets import ImageDataset

_DATA = flags.DEFINE_string(
    "data", "fashion_mnist", "fashion_mnist, cifar10, a .npz of CIFAR-10, or a folder of images."
)
_SIZE = flags.DEFINE_integer("size", 96, "Height and width that a folder's images are read at.", 8)
_CHANNELS = flags.DEFINE_enum("channels", "3", ["1", "3"], "1 reads a folder's images as grey.")
_SPEECH = flags.DEFINE_boolean("speech", False, "The folder holds words as .wav, not images.")
_BOARD = flags.DEFINE_string("board", "stm32f746", "Target board: a name or a TOML file.")
_SRAM = flags.DEFINE_integer("sram_bytes", None, "Most bytes the arena may take.", 1)
_FLASH = flags.DEFINE_integer("flash_bytes", None, "Most bytes weights and code may take.", 1)
_LATENCY = flags.DEFINE_float("latency_ms", None, "Longest inference, by the cost model.", 0.0)
_EPOCHS = flags.DEFINE_integer("epochs", 40, "Of the final training.", 1)
_SUPERNET_EPOCHS = flags.DEFINE_integer("supernet_epochs", None, "Of the supernet [--epochs].", 1)
_SEED = flags.DEFINE_integer("seed", 0, "Of everything random.", 0)
_QUANTIZATION = flags.DEFINE_enum("quantization", "ptq", ["ptq", "qat"], "How int8 is reached.")
_AUGMENTATION = flags.DEFINE_enum(
    "augmentation", "flip_and_shift", ["flip_and_shift", "shift", "none"], "Of training images."
)
_OUTPUT_DIR = flags.DEFINE_string(
    "output_dir", "out/search", "Folder of checkpoints and results; a killed search goes on there."
)


def main(arguments: Sequence[str]) -> int:
    """Runs a search; 0, or 1 with one line on stderr."""
    try:
        if len(arguments) > 1:
            raise McunetError(f"'{arguments[1]}' is no flag: see mcunet_search --help")
        _search(Path(_OUTPUT_DIR.value))
    except McunetError as error:
        print(f"mcunet_search: {error}", file=sys.stderr)
        return 1
    return 0


def _search(folder: Path) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from mcunet_tf.boards import load_board

    # An unknown board is said before the data is read.
    board = load_board(_BOARD.value)
    data = _load()
    print(
        f"{data.name}: {len(data.train_images):,} training images, {len(data.class_names)} classes"
    )
    from mcunet_tf.tinynas import search
    from mcunet_tf.tinynas.train import Recipe

    result = search(
        (data.train_images, data.train_labels),
        board=board,
        sram_bytes=_SRAM.value,
        flash_bytes=_FLASH.value,
        latency_ms=_LATENCY.value,
        num_classes=len(data.class_names),
        epochs=_EPOCHS.value,
        supernet_epochs=_SUPERNET_EPOCHS.value,
        seed=_SEED.value,
        workdir=folder,
        quantization=_QUANTIZATION.value,
        recipe=Recipe(augmentation=_AUGMENTATION.value),
    )
    result.report(folder / "report.html")
    result.compile(folder / "project")
    cost = result.cost
    print(
        f"{100 * result.accuracy:.2f} % of the validation images; {cost.sram_bytes:,} B SRAM, "
        f"{cost.flash_bytes:,} B flash, {cost.macs / 1e6:.2f} M MACs"
    )
    print(f"in {folder}/: model.keras, model.tflite, project/, report.html")


def _load() -> ImageDataset:
    from mcunet_tf import datasets

    given = _DATA.value
    if given == "fashion_mnist":
        return datasets.load_fashion_mnist()
    if given == "cifar10":
        return datasets.load_cifar10()
    if given.endswith(".npz"):
        return datasets.load_cifar10(given)
    if _SPEECH.value:
        return datasets.load_speech_commands(given)
    return datasets.load_image_folder(given, _SIZE.value, int(_CHANNELS.value))


def run() -> None:
    """Entry point of the console script."""
    app.run(main)


if __name__ == "__main__":
    run()
