# SPDX-License-Identifier: Apache-2.0
"""TFLite_Detection_PostProcess, the end of SSD models: boxes by anchors, then suppression.

The pass `lower_detections` rewrites it as DETECTION_POSTPROCESS, whose result is one row of floats:
boxes [rows, 4], classes [rows], scores [rows], and how many there are. What TF-Lite Micro leaves
unwritten is 0 here, and a box without an area, which makes it fail, overlaps with nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ir import Tensor, is_constant
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.named_options import named_options
from mcunet_tf.tinyengine.ops.spec import Array, Impossible, OpSpec, View, no_attributes

AS_READ = "CUSTOM TFLite_Detection_PostProcess"
KIND = "DETECTION_POSTPROCESS"
COORDINATES = 4  # of a box: ymin, xmin, ymax, xmax
MAX_BOXES = 65535  # their numbers are uint16 in the kernel's scratch
MAX_DETECTIONS = 1000
_TYPES = ("float32", "int8", "uint8")
_DETECTIONS_PER_CLASS = 100
_LACKING = (KeyError, OverflowError, ValueError)  # an option, or one that is no such number


@dataclasses.dataclass(frozen=True)
class DetectionAttributes:
    """The options of the operator; names are the file's but for `use_regular_nms`.

    Attributes:
      regular: suppresses class by class; else once, by the best class of each box.
      scales: what encodings of y, x, height and width are divided by.
    """

    max_detections: int
    max_classes_per_detection: int
    detections_per_class: int
    num_classes: int
    regular: bool
    nms_score_threshold: float
    nms_iou_threshold: float
    scales: tuple[float, float, float, float]

    @property
    def rows(self) -> int:
        """Rows of the results, whether there is something in them or not."""
        return self.max_detections * self.max_classes_per_detection


def read_options(options: bytes | None) -> DetectionAttributes | None:
    """The options, or None where the bytes are none of this operator's."""
    held = named_options(options or b"")
    if isinstance(held, Impossible):
        return None
    try:
        number = {
            key: float(value) for key, value in held.items() if isinstance(value, int | float)
        }
        y, x, h, w = (float(np.float32(number[f"{axis}_scale"])) for axis in "yxhw")
        attributes = DetectionAttributes(
            int(number["max_detections"]),
            int(number["max_classes_per_detection"]),
            int(number.get("detections_per_class", _DETECTIONS_PER_CLASS)),
            int(number["num_classes"]),
            bool(number.get("use_regular_nms", 0)),
            float(np.float32(number["nms_score_threshold"])),
            float(np.float32(number["nms_iou_threshold"])),
            (y, x, h, w),
        )
    except _LACKING:
        return None
    real = (attributes.nms_score_threshold, attributes.nms_iou_threshold, *attributes.scales)
    return attributes if np.isfinite(real).all() else None


def _options(view: View) -> DetectionAttributes | None:
    held = view.attributes
    return held if isinstance(held, DetectionAttributes) else read_options(held)


def constraint_options(view: View) -> str | None:
    """The options are its own: 1 to 1000 detections, an overlap above 0 and up to 1, scales."""
    options = _options(view)
    if options is None:
        return "options that are none of it"
    if not (1 <= options.max_detections and 1 <= options.rows <= MAX_DETECTIONS):
        return f"max_detections {options.max_detections}"
    if options.regular and options.detections_per_class < 1:
        return f"detections_per_class {options.detections_per_class}"
    if not 0 < options.nms_iou_threshold <= 1:
        return f"nms_iou_threshold {options.nms_iou_threshold:g}"
    if 0 in options.scales:
        return "a scale of 0"
    return None


def constraint_one_class(view: View) -> str | None:
    """Fast suppression gives one class for each box: TF-Lite Micro writes others out of bounds."""
    options = _options(view)
    if options is None or options.regular:
        return None
    classes = min(options.max_classes_per_detection, options.num_classes)
    return None if classes == 1 else f"max_classes_per_detection {classes}"


def constraint_operands(view: View) -> str | None:
    """Encodings [1, boxes, 4 or more], scores [1, boxes, classes], constant anchors [boxes, 4]."""
    shapes = [None if tensor is None else tensor.shape for tensor in view.inputs]
    if len(shapes) != 3 or None in shapes:
        return f"{len(shapes)} operands"
    boxes, scores, anchors = (shape or () for shape in shapes)
    said = f"{list(boxes)}, {list(scores)}, {list(anchors)}"
    if (len(boxes), len(scores), len(anchors)) != (3, 3, 2) or boxes[0] != 1 or scores[0] != 1:
        return said
    if not boxes[1] == scores[1] == anchors[0] <= MAX_BOXES:
        return said
    if boxes[2] < COORDINATES or anchors[1] != COORDINATES:
        return said
    if not is_constant(view.input(2)):
        return "anchors that are not constant"
    options = _options(view)
    if options is not None and scores[2] - options.num_classes not in (0, 1):
        return f"scores of {scores[2]} classes where the options say {options.num_classes}"
    return None


def constraint_types(view: View) -> str | None:
    """Encodings and scores are float32, int8 or uint8, of one scale; anchors are float32."""
    for tensor in (view.input(0), view.optional(1)):
        if tensor is None or tensor.dtype not in _TYPES:
            return "no operand" if tensor is None else common.describe(tensor)
        if tensor.dtype != "float32" and common.per_tensor_problem(tensor):
            return common.describe(tensor)
    anchors = view.optional(2)
    if anchors is not None and anchors.dtype != "float32":
        return common.describe(anchors)
    return None


def constraint_results(view: View) -> str | None:
    """Results are float32: boxes, classes, scores and their count."""
    wrong = [tensor for tensor in view.outputs if tensor.dtype != "float32"]
    if wrong:
        return common.describe(wrong[0])
    return None if len(view.outputs) in (1, 4) else f"{len(view.outputs)} results"


def real_values(tensor: Tensor, values: Array) -> Array:
    """Values as float32, each rounded once."""
    if tensor.dtype == "float32":
        return values.astype(np.float32)
    integers = values.astype(np.int32) - tensor.zero_point
    found: Array = (integers * np.float64(np.float32(tensor.scale))).astype(np.float32)
    return found


def _decoded(encoding: Array, anchor: Array, scales: Sequence[float]) -> Array:
    """ymin, xmin, ymax, xmax of one box: computed in float64, sides rounded before the corners."""
    y, x, h, w = encoding[:COORDINATES].astype(np.float64) / np.array(scales)
    above, left, height, width = anchor.astype(np.float64)
    middle = np.array([y * height + above, x * width + left]).astype(np.float32)
    with np.errstate(over="ignore"):
        half = (0.5 * np.exp([h, w]) * np.array([height, width])).astype(np.float32)
    corners: Array = np.concatenate([middle - half, middle + half]).astype(np.float32)
    return corners


def _overlap(first: Array, second: Array) -> np.float32:
    """Intersection over union, in float32."""
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    if areas[0] <= 0 or areas[1] <= 0:
        return np.float32(0)
    low, high = np.maximum(first[:2], second[:2]), np.minimum(first[2:], second[2:])
    sides = np.maximum(high - low, np.float32(0))
    both = sides[0] * sides[1]
    return np.float32(both / (areas[0] + areas[1] - both))


def _suppressed(options: DetectionAttributes, scores: Array, boxes: Array, most: int) -> list[int]:
    """The boxes that stay, best first; the first of equal scores is the better one."""
    kept: list[int] = []
    good = np.flatnonzero(scores >= np.float32(options.nms_score_threshold))
    for index in good[np.argsort(-scores[good], kind="stable")]:
        if len(kept) == most:
            break
        threshold = np.float32(options.nms_iou_threshold)
        if not any(_overlap(boxes[other], boxes[index]) > threshold for other in kept):
            kept.append(int(index))
    return kept


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    options: DetectionAttributes = view.attributes
    encodings = real_values(view.input(0), values[0])[0]
    scores = real_values(view.input(1), values[1])[0]
    scores = scores[:, scores.shape[1] - options.num_classes :]
    pairs = zip(encodings, view.constant(2), strict=True)
    with np.errstate(all="ignore"):
        boxes = np.stack([_decoded(box, anchor, options.scales) for box, anchor in pairs])
        if options.regular:
            found: list[tuple[int, int]] = []
            for label, own in enumerate(scores.T):
                most = options.detections_per_class
                found += [(k, label) for k in _suppressed(options, own, boxes, most)]
                found = sorted(found, key=lambda it: -scores[it])[: options.max_detections]
        else:
            best = np.argmax(np.where(np.isnan(scores), -np.inf, scores), axis=1)
            own = scores[np.arange(len(scores)), best]
            kept = _suppressed(options, own, boxes, options.max_detections)
            found = [(k, int(best[k])) for k in kept]
    rows = options.rows
    result = np.zeros((COORDINATES + 2) * rows + 1, np.float32)
    for place, (index, label) in enumerate(found):
        result[COORDINATES * place : COORDINATES * (place + 1)] = boxes[index]
        result[COORDINATES * rows + place] = label
        result[(COORDINATES + 1) * rows + place] = scores[index, label]
    result[-1] = len(found)
    return result


def _held(options: Mapping[str, Any], _: View) -> bytes:
    return bytes(options.get("CustomOptions") or b"")


_CONSTRAINTS = (constraint_options, constraint_operands, constraint_types, constraint_results)

DETECTIONS = OpSpec(AS_READ, _held, None, (*_CONSTRAINTS, constraint_one_class), becomes=(KIND,))
DETECTION_POSTPROCESS = OpSpec(KIND, no_attributes, _evaluate, _CONSTRAINTS)
