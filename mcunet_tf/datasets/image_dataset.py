# SPDX-License-Identifier: Apache-2.0
"""The value that every image loader returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mcunet_tf.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ImageDataset:
    """Labelled images in two disjoint parts.

    Attributes:
        name: name of the data set, for messages.
        train_images: training images, `[n, h, w, c]` uint8.
        train_labels: their labels, `[n]` int64, indices into `class_names`.
        test_images: test images, `[m, h, w, c]` uint8.
        test_labels: their labels, `[m]` int64.
        class_names: one name per class.

    Raises:
        DataError: the arrays contradict each other.
    """

    name: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        parts = (
            ("train", self.train_images, self.train_labels),
            ("test", self.test_images, self.test_labels),
        )
        for part, images, labels in parts:
            if images.ndim != 4 or images.dtype != np.uint8:
                raise DataError(
                    f"{self.name}: {part} images are {images.dtype} {list(images.shape)}; "
                    "they must be uint8 [n, h, w, c]"
                )
            if len(images) != len(labels) or not len(images):
                raise DataError(
                    f"{self.name}: {len(images)} {part} images come with {len(labels)} labels; "
                    "fetch the data again"
                )
            if labels.min() < 0 or labels.max() >= len(self.class_names):
                raise DataError(
                    f"{self.name}: {part} labels run from {labels.min()} to {labels.max()}, but "
                    f"there are {len(self.class_names)} classes; fetch the data again"
                )
