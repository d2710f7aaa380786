# SPDX-License-Identifier: Apache-2.0
"""Real data sets as numpy arrays, read from where they already lie."""

from mcunet_tf.datasets.cifar10 import load_cifar10
from mcunet_tf.datasets.fashion_mnist import load_fashion_mnist
from mcunet_tf.datasets.folders import load_image_folder
from mcunet_tf.datasets.image_dataset import ImageDataset
from mcunet_tf.datasets.spoken_words import Augmentation, SpokenWords, load_spoken_words

__all__ = [
    "Augmentation",
    "ImageDataset",
    "SpokenWords",
    "load_cifar10",
    "load_fashion_mnist",
    "load_image_folder",
    "load_spoken_words",
]
