# SPDX-License-Identifier: Apache-2.0
"""Fashion-MNIST: 70,000 grey images of clothes, 28 x 28, ten classes.

Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
Learning Algorithms", arXiv:1708.07747; MIT licence.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mcunet_tf.datasets.idx import read_idx
from mcunet_tf.datasets.image_dataset import ImageDataset
from mcunet_tf.errors import DataError, require_packages

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")

_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def load_fashion_mnist(folder: Path | str | None = None) -> ImageDataset:
    """Returns 60,000 training and 10,000 test images `[n, 28, 28, 1]`.

    Args:
        folder: folder of the four gzipped IDX files. By default the folder of Debian's package
            dataset-fashion-mnist, and failing that `keras.datasets`, which downloads them once.

    Raises:
        DataError: the files are nowhere to be had, or are damaged.
    """
    if folder is None and not DEBIAN_FOLDER.is_dir():
        arrays = _download()
    else:
        arrays = _read_folder(DEBIAN_FOLDER if folder is None else Path(folder))
    train_images, train_labels, test_images, test_labels = arrays
    return ImageDataset(
        name="Fashion-MNIST",
        train_images=train_images[..., np.newaxis],
        train_labels=train_labels.astype(np.int64),
        test_images=test_images[..., np.newaxis],
        test_labels=test_labels.astype(np.int64),
        class_names=CLASS_NAMES,
    )


def _read_folder(folder: Path) -> tuple[NDArray[np.uint8], ...]:
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise DataError(
            f"{folder} lacks {', '.join(missing)}: install Debian's dataset-fashion-mnist, or name "
            "a folder that holds the four files"
        )
    return tuple(read_idx(folder / name) for name in _FILES)


def _download() -> tuple[NDArray[np.uint8], ...]:
    require_packages("the download of Fashion-MNIST", "tensorflow", "keras")
    import keras

    try:
        (train_images, train_labels), (test_images, test_labels) = (
            keras.datasets.fashion_mnist.load_data()
        )
    except Exception as error:
        raise DataError(
            "Fashion-MNIST is neither installed nor downloadable: `sudo apt-get install "
            f"dataset-fashion-mnist`, or connect to the network ({error})"
        ) from error
    return train_images, train_labels, test_images, test_labels
