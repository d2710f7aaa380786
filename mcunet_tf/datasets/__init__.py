# SPDX-License-Identifier: Apache-2.0
"""Real data sets as numpy arrays, read from where they already lie."""

from mcunet_tf.datasets.fashion_mnist import load_fashion_mnist
from mcunet_tf.datasets.image_dataset import ImageDataset

__all__ = ["ImageDataset", "load_fashion_mnist"]
