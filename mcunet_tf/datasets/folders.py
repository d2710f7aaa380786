# SPDX-License-Identifier: Apache-2.0
"""Folders of files, one subfolder per class."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mcunet_tf.datasets.image_dataset import ImageDataset
from mcunet_tf.errors import DataError, require_packages

if TYPE_CHECKING:
    from numpy.typing import NDArray

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
TEST_SHARE = 0.1

_Item = tuple[Path, int]


def load_image_folder(folder: Path | str, size: int, channels: int = 3) -> ImageDataset:
    """Reads `<folder>/<class>/*.jpg`, or `<folder>/train/<class>/` and `<folder>/test/<class>/`.

    Without a test folder a tenth of the images, chosen by the hash of their names, is set aside.

    Args:
        folder: folder of the classes; their names, sorted, become labels.
        size: height and width that all images are scaled to.
        channels: 1 for grey, 3 for colour.

    Raises:
        DataError: there are no classes or images, or a file is no image.
    """
    root = Path(folder)
    if (root / "train").is_dir() and (root / "test").is_dir():
        names = class_folders(root / "train")
        train = _items(root / "train", names, IMAGE_SUFFIXES)
        test = _items(root / "test", names, IMAGE_SUFFIXES)
    else:
        names = class_folders(root)
        items = _items(root, names, IMAGE_SUFFIXES)
        train = [item for item in items if not is_set_aside(item[0].name)]
        test = [item for item in items if is_set_aside(item[0].name)]

    def read(path: Path) -> NDArray[np.uint8]:
        return _read_image(path, size, channels)

    return _dataset(root.name, names, train, test, read)


def class_folders(root: Path) -> tuple[str, ...]:
    """Names of the folders of classes, sorted.

    Raises:
        DataError: there are fewer than two.
    """
    if not root.is_dir():
        raise DataError(f"{root} is no folder: name one that holds a subfolder per class")
    names = sorted(p.name for p in root.iterdir() if p.is_dir() and p.name[0].isalnum())
    if len(names) < 2:
        raise DataError(
            f"{root} holds {len(names)} subfolders: there must be one per class, at least two"
        )
    return tuple(names)


def _items(root: Path, names: Sequence[str], suffixes: Sequence[str]) -> list[_Item]:
    found: list[_Item] = []
    for label, name in enumerate(names):
        paths = sorted((root / name).glob("*"))
        paths = [path for path in paths if path.suffix.lower() in suffixes]
        if not paths:
            raise DataError(f"{root / name} holds no {' or '.join(suffixes)} files")
        found += [(path, label) for path in paths]
    return found


def is_set_aside(name: str) -> bool:
    """Whether a name belongs to the tenth that is not trained on."""
    digest = hashlib.sha1(name.encode()).digest()
    return int.from_bytes(digest[:4], "big") < TEST_SHARE * 2**32


def _dataset(
    name: str,
    classes: tuple[str, ...],
    train: Sequence[_Item],
    test: Sequence[_Item],
    read: Callable[[Path], NDArray[np.uint8]],
) -> ImageDataset:
    for part, items in (("training", train), ("test", test)):
        if not items:
            raise DataError(f"{name}: no files are left for the {part} part: add more")

    def arrays(items: Sequence[_Item]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        labels = np.array([label for _, label in items], np.int64)
        return np.stack([read(path) for path, _ in items]), labels

    train_x, train_y = arrays(train)
    test_x, test_y = arrays(test)
    return ImageDataset(name, train_x, train_y, test_x, test_y, classes)


def _read_image(path: Path, size: int, channels: int) -> NDArray[np.uint8]:
    require_packages("reading images", "tensorflow")
    import tensorflow as tf

    try:
        image = tf.io.decode_image(path.read_bytes(), 3, expand_animations=False)
    except (OSError, tf.errors.InvalidArgumentError) as error:
        raise DataError(f"{path} is no image that can be read: remove or replace it") from error
    if channels == 1:
        image = tf.image.rgb_to_grayscale(image)
    scaled = tf.image.resize(image, (size, size), antialias=True).numpy()
    pixels: NDArray[np.uint8] = np.clip(np.round(scaled), 0, 255).astype(np.uint8)
    return pixels
