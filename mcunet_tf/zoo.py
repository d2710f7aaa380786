# SPDX-License-Identifier: Apache-2.0
"""Published networks by name, as architectures and as Keras models.

Their layers and their source stand in `mcunet_tf.tinynas.published`.
"""

from __future__ import annotations

import os
import re
from typing import Any

from mcunet_tf.errors import SearchError, require_packages
from mcunet_tf.tinynas.published import classes_of as classes
from mcunet_tf.tinynas.published import published_arch as arch
from mcunet_tf.tinynas.published import published_names as names

__all__ = ["arch", "build", "classes", "names"]


def build(
    name: str,
    num_classes: int | None = None,
    weights: str | os.PathLike[str] | bytes | None = None,
    images: Any = None,
    rounded: bool = True,
) -> Any:
    """Builds a Keras model of a published network that gives logits.

    Example:
        >>> model = zoo.build("mcunet-vww1", weights="mcunet_vww1.tflite")

    Args:
        name: one of `names()`.
        num_classes: number of classes; None takes the published number, or the file's.
        weights: a full-int8 `.tflite` file of this network, or its bytes, whose weights are read
            back into Keras. The model then takes images of the file's size in the real numbers that
            the file's input stands for, scale * (value - zero point), and pads as the file does. Of
            another number of classes the last layer is untrained.
        images: with `weights`: float32 images `[n, h, w, c]` of that kind, some hundred, for
            training on in Keras: the norms get the statistics that these have. The model computes
            the same with and without.
        rounded: with `weights`: whether results of layers are rounded as in the int8 file, so that
            the model says what the file says, and training goes on on its grid. Without, the model
            has Keras's own layers alone.

    Raises:
        SearchError: the name is unknown, or the file is of another network.
        ModelError: the file is no `.tflite`, or damaged.
    """
    network = arch(name)
    keras_name = re.sub(r"\W", "_", name)
    if weights is None:
        if images is not None:
            raise SearchError("images settle the norms of weights that are read: give weights too")
        return network.to_keras(classes(name) if num_classes is None else num_classes, keras_name)
    require_packages("a Keras model", "tensorflow", "keras")
    from mcunet_tf.tinynas.initial import model_of_file

    return model_of_file(weights, network, name, num_classes, keras_name, images, rounded)
