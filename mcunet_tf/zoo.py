# SPDX-License-Identifier: Apache-2.0
"""Published networks by name, as architectures and as untrained Keras models.

Their layers and their source stand in `mcunet_tf.tinynas.published`.
"""

from __future__ import annotations

import re
from typing import Any

from mcunet_tf.tinynas.published import classes_of as classes
from mcunet_tf.tinynas.published import published_arch as arch
from mcunet_tf.tinynas.published import published_names as names

__all__ = ["arch", "build", "classes", "names"]


def build(name: str, num_classes: int | None = None) -> Any:
    """Builds an untrained Keras model of a published network that gives logits.

    Args:
        name: one of `names()`.
        num_classes: number of classes; None takes the published number.

    Raises:
        SearchError: the name is unknown.
    """
    found = arch(name)
    keras_name = re.sub(r"\W", "_", name)
    return found.to_keras(classes(name) if num_classes is None else num_classes, keras_name)
