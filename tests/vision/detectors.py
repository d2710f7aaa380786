# SPDX-License-Identifier: Apache-2.0
"""Public detectors, and what their outputs mean: configured, not written."""

from __future__ import annotations

from mcunet_tf.vision import Decoder, Head

_FACES = ((16.0, 16.0), (32.0, 32.0)), ((64.0, 64.0), (128.0, 128.0)), ((256.0, 256.0),) * 2


def _priors(image: tuple[int, int]) -> Decoder:
    """RetinaFace's: three scales behind each other in every output."""
    heads, first = [], 0
    for step, anchors in zip((8, 16, 32), _FACES, strict=True):
        grid = (-(-image[0] // step), -(-image[1] // step))
        heads.append(
            Head(grid, (1, 0), (2, 0), None, "ssd", anchors, 1, "linear", True, first=first)
        )
        first += heads[-1].candidates
    return Decoder(image, tuple(heads), threshold=0.3, overlap=0.4, max_boxes=20)


_PEOPLE = ((9.4, 21.6), (23.6, 52.8), (45.0, 102.0), (80.0, 130.0), (150.0, 160.0))


def _people(size: int) -> Decoder:
    """Yolo_lc of the STM32 model zoo: one scale, five anchors."""
    grid = (size // 16, size // 16)
    head = Head(grid, (0, 5), (0, 0), (0, 4), "yolo", _PEOPLE)
    return Decoder((size, size), (head,), threshold=0.2, labels=("person",))


DETECTORS = {
    **{f"st_yolo_lc_v1_{size}_int8": _people(size) for size in (192, 224, 256)},
    "examples-retinaface-retinaface": _priors((240, 320)),
    "examples-retinaface_torch-retinaface_torch": _priors((120, 160)),
}
"""By a part of the file's name."""
