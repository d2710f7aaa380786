# SPDX-License-Identifier: Apache-2.0
"""A data set and spaces that a search goes through in seconds."""

from __future__ import annotations

import numpy as np

from mcunet_tf.tinynas.effort import Effort
from mcunet_tf.tinynas.evolve import Evolution
from mcunet_tf.tinynas.space import Space, SpaceStage

SPACES = tuple(
    Space((10, 10, 1), width, 8, 1, 8, (SpaceStage(int(8 * width), 2, (1, 2)),))
    for width in (1.0, 2.0)
)
EFFORT = Effort(
    samples=20,
    plans=2,
    evaluated=6,
    finalists=2,
    evolution=Evolution(6, 3, 2, tries=40),
    calibration_images=60,
    validation_images=100,
    representative_images=40,
    processes=1,
)


def images(count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Noise with a bright bar whose place is the label: 0, 1 or 2."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, count)
    pixels = rng.integers(0, 120, (count, 10, 10, 1), dtype=np.uint8)
    for label in range(3):
        pixels[labels == label, 1 + 3 * label : 3 + 3 * label] += 110
    return pixels, labels
