# SPDX-License-Identifier: Apache-2.0
"""How good a detector's outputs are, float32's or int8's, through the decoder of the board."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.detection.detector import Detection, inputs_of
from mcunet_tf.detection.metrics import box_scores, centroid_scores
from mcunet_tf.tinyengine.compiler import TensorInfo
from mcunet_tf.vision import Decoder, detect
from mcunet_tf.vision.decoder import with_threshold

Array = npt.NDArray[Any]

METRICS = {"boxes": ("ap50", "ap50_95"), "centroids": ("f1", "precision", "recall")}
"""Names of what is measured, by kind; the first one decides."""
_ALL_THRESHOLD, _ALL_BOXES = 0.05, 40
"""Average precision wants boxes of little confidence too."""


def output_scores(
    task: Detection,
    decoder: Decoder,
    each: Sequence[Sequence[Array]],
    infos: Sequence[Any],
    truth: Sequence[Array],
) -> dict[str, float]:
    """The metrics of outputs, by `METRICS`.

    Args:
        task: what is found.
        decoder: for these outputs.
        each: the outputs of each image.
        infos: name, shape, dtype, scale and zero_point of each output.
        truth: real boxes of each image.
    """
    if task.kind == "centroids":
        found = [detect(decoder, outputs, infos) for outputs in each]
        return centroid_scores(found, truth, 1.5 * task.strides[0])
    every = with_threshold(decoder, _ALL_THRESHOLD, _ALL_BOXES)
    found = [detect(every, outputs, infos) for outputs in each]
    return box_scores(found, truth, task.classes)


def float_scores(
    task: Detection, model: Any, images: Array, truth: Sequence[Array]
) -> dict[str, float]:
    """The metrics of a float32 network on images of brightness 0 to 255."""
    outputs = float_outputs(model, images)
    infos = [
        TensorInfo(str(k), (1, *o.shape[1:]), "float32", 1.0, 0) for k, o in enumerate(outputs)
    ]
    each = [[output[k : k + 1] for output in outputs] for k in range(len(images))]
    return output_scores(task, task.decoder, each, infos, truth)


def float_outputs(model: Any, images: Array) -> list[Array]:
    """The outputs of a float32 network, [n, rows, columns, values] each."""
    found = model.predict(inputs_of(images), verbose=0)
    return [np.asarray(part) for part in (found if isinstance(found, list) else [found])]
