# SPDX-License-Identifier: Apache-2.0
"""`python -m mcunet_tf.cli.detector_pictures`: trains a small detector on pictures with boxes.

Of files in COCO's, Pascal's or YOLO's form. Every n-th picture, in the order of the files, is
scored and not trained on. The float network and the int8 file go through the decoder that the
board has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from mcunet_tf.cli.command import run_command
from mcunet_tf.cli.detector_report import train_and_tell
from mcunet_tf.errors import DataError, McunetError, require_packages


def define_flags() -> None:
    """Declares the command's flags."""
    flags.DEFINE_enum("form", "voc", ["coco", "voc", "yolo", "yolo-yaml"], "Of the boxes' files.")
    flags.DEFINE_string("boxes", None, "Their folder; of coco and yolo-yaml the file.")
    flags.DEFINE_string("pictures", None, "Folder of the pictures; yolo-yaml says it itself.")
    flags.DEFINE_string(
        "labels", "", "Names of the classes in order, with commas, where all count."
    )
    flags.DEFINE_string("one_class", "", "A name, where all classes are one.")
    flags.DEFINE_enum("kind", "boxes", ["boxes", "centroids"], "What is found.")
    flags.DEFINE_string("image", "96x96x3", "Width, height and channels of the network's input.")
    flags.DEFINE_list("cells", ["8"], "Pixels of a cell: 8, 16 or 32, or two of them.")
    flags.DEFINE_integer("width", 16, "Channels of the network's first layer.", 4)
    flags.DEFINE_enum("blocks", "separable", ["separable", "dense"], "Windows of the network.")
    flags.DEFINE_float("zoom", 1.6, "Things become larger or smaller by up to this factor.", 1)
    flags.DEFINE_integer("test_every", 4, "Every n-th picture is scored.", 2)
    flags.DEFINE_integer("epochs", 100, "Passes over the pictures.", 1)
    flags.DEFINE_string("board", "stm32f746", "What the C is for.")
    flags.DEFINE_integer("seed", 0, "Seed of the training.", 0)
    flags.DEFINE_string("output_dir", "out/detector", "Folder of the .tflite file and the C.")
    flags.mark_flags_as_required(["boxes"])


def main(arguments: Sequence[str]) -> int:
    """Trains, quantises, compiles, and prints a line for each form."""
    if len(arguments) > 1:
        raise McunetError(f"'{arguments[1]}' is no flag: see --help")
    require_packages("training a detector", "tensorflow", "keras")
    from mcunet_tf.detection import Detection, Variation, load_pictures

    values = flags.FLAGS
    size = re.fullmatch(r"(\d+)x(\d+)x([13])", values.image)
    if size is None:
        raise McunetError(f"--image={values.image}: say width, height and channels, as 160x128x3")
    if not all(re.fullmatch(r"\d+", cell) for cell in values.cells):
        raise McunetError(f"--cells={','.join(values.cells)}: say pixels, as 16 or 8,16")
    width, height, channels = (int(part) for part in size.groups())
    read, names = _read(values)
    if values.one_class:
        names = (values.one_class,)
        for one in read:
            one.boxes[:, 4] = 0
    task = Detection(
        len(names),
        values.kind,
        (height, width, channels),
        width=values.width,
        labels=names,
        blocks=values.blocks,
        strides=tuple(int(cell) for cell in values.cells),
        variation=Variation(
            shift=3 * min(height, width) // 16, zoom=values.zoom, colour=0.3 * (channels == 3)
        ),
    )
    every = values.test_every
    parts = [
        [one for n, one in enumerate(read) if (n % every == every - 1) == tested]
        for tested in (False, True)
    ]
    if not all(parts):
        raise DataError(f"{len(read)} pictures are too few to score every {every}th: give more")
    train, test = (load_pictures(part, task.image) for part in parts)
    train_and_tell(
        task, train, test, epochs=values.epochs, seed=values.seed, board=values.board,
        folder=Path(values.output_dir),
    )  # fmt: skip
    return 0


def _read(values: Any) -> tuple[Any, tuple[str, ...]]:
    """What the reader of the form gives, and the names of the classes."""
    from mcunet_tf.detection import read_coco, read_voc, read_yolo, read_yolo_yaml

    labels = tuple(label for label in values.labels.split(",") if label)
    if values.form == "yolo-yaml":
        return read_yolo_yaml(values.boxes)
    if values.pictures is None:
        raise McunetError(f"--form={values.form}: say --pictures, the folder of the pictures")
    if values.form == "yolo":
        read = read_yolo(values.boxes, values.pictures)
        found = max((int(np.max(one.boxes[:, 4], initial=-1)) for one in read), default=-1)
        return read, labels or tuple(str(n) for n in range(max(found + 1, 1)))
    reader = read_coco if values.form == "coco" else read_voc
    return reader(values.boxes, values.pictures, labels)


def run() -> None:
    """Entry point of `python -m mcunet_tf.cli.detector_pictures`."""
    define_flags()
    run_command(main, __name__, "detector_pictures [flags]")


if __name__ == "__main__":
    run()
