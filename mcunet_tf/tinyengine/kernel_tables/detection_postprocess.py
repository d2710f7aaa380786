# SPDX-License-Identifier: Apache-2.0
"""Kernel table of DETECTION_POSTPROCESS."""

from __future__ import annotations

from mcunet_tf.tinyengine.ir import Tensor
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style, float_blob
from mcunet_tf.tinyengine.ops.detection_postprocess import COORDINATES, KIND, DetectionAttributes
from mcunet_tf.tinyengine.ops.spec import View

_TYPES = ("float32", "int8", "uint8")
_REAL, _NUMBER = 4, 2  # bytes of a score, and of a box's number


def _values(tensor: Tensor) -> tuple[float | int, ...]:
    real = tensor.dtype == "float32"
    scale, zero_point = (1.0, 0) if real else (tensor.scale, tensor.zero_point)
    return scale, zero_point, _TYPES.index(tensor.dtype), tensor.shape[2]


def _per_class(view: View) -> int:
    """The most detections of one class; 0 where classes are not apart."""
    options: DetectionAttributes = view.attributes
    return min(options.detections_per_class, view.input(0).shape[1]) if options.regular else 0


def _arguments(view: View) -> Struct:
    options: DetectionAttributes = view.attributes
    fields = {
        "anchors": float_blob(view.constant(2)),
        "boxes": _values(view.input(0)),
        "scores": _values(view.input(1)),
        "scales": tuple(options.scales),
        "score_threshold": options.nms_score_threshold,
        "overlap_threshold": options.nms_iou_threshold,
        "count": view.input(0).shape[1],
        "classes": options.num_classes,
        "background": view.input(1).shape[2] - options.num_classes,
        "rows": options.rows,
        "detections": options.max_detections,
        "per_class": _per_class(view),
    }
    return Struct("struct detection_postprocess", fields)


def _scratch_bytes(view: View, _: int) -> int:
    boxes = view.input(0).shape[1]
    return boxes * (_REAL + _NUMBER) + _per_class(view) * COORDINATES * _REAL


KERNELS = {
    KIND: (
        Kernel(
            "detection_postprocess_portable",
            "detection_postprocess",
            "portable",
            Style.WHOLE,
            _arguments,
            scratch_bytes=_scratch_bytes,
            data_inputs=(0, 1),
        ),
    )
}
