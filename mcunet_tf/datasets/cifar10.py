# SPDX-License-Identifier: Apache-2.0
"""CIFAR-10: 60,000 colour images, 32 x 32, ten classes.

Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.datasets.image_dataset import ImageDataset
from mcunet_tf.errors import DataError, require_packages

CLASS_NAMES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
_ARRAYS = ("x_train", "y_train", "x_test", "y_test")


def load_cifar10(path: Path | str | None = None) -> ImageDataset:
    """Returns 50,000 training and 10,000 test images `[n, 32, 32, 3]`.

    Args:
        path: a `.npz` file with `x_train`, `y_train`, `x_test` and `y_test`; by default
            `keras.datasets` downloads the data once.

    Raises:
        DataError: the file or the network is missing, or the arrays are not CIFAR-10.
    """
    arrays = _download() if path is None else _read(Path(path))
    train_x, train_y, test_x, test_y = arrays
    if train_x.shape[1:] != (32, 32, 3):
        raise DataError(f"images of CIFAR-10 are 32 x 32 x 3, these are {train_x.shape[1:]}")
    return ImageDataset(
        name="CIFAR-10",
        train_images=train_x,
        train_labels=train_y.reshape(-1).astype(np.int64),
        test_images=test_x,
        test_labels=test_y.reshape(-1).astype(np.int64),
        class_names=CLASS_NAMES,
    )


def _read(path: Path) -> tuple[Any, ...]:
    try:
        with np.load(path) as archive:
            missing = [name for name in _ARRAYS if name not in archive.files]
            if missing:
                raise DataError(f"{path} lacks the arrays {', '.join(missing)}")
            return tuple(archive[name] for name in _ARRAYS)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read as a .npz file: {error}") from error


def _download() -> tuple[Any, ...]:
    require_packages("the download of CIFAR-10", "tensorflow", "keras")
    import keras

    try:
        (train_x, train_y), (test_x, test_y) = keras.datasets.cifar10.load_data()
    except Exception as error:
        raise DataError(
            "CIFAR-10 cannot be downloaded: connect to the network, or pass the path of a .npz "
            f"with {', '.join(_ARRAYS)} ({error})"
        ) from error
    return train_x, train_y, test_x, test_y
