# SPDX-License-Identifier: Apache-2.0
"""Loop counts of kernels on float32, int32 and masks, and of those at computed indices."""

from __future__ import annotations

from collections.abc import Mapping

from mcunet_tf.tinyengine.cost.counts import Counts, Features, Runs, conv2d_columns, total
from mcunet_tf.tinyengine.cost.tiles import columns_inside
from mcunet_tf.tinyengine.kernel_tables.table import channels_or_everything
from mcunet_tf.tinyengine.ops.batch_matmul import matmul_shape
from mcunet_tf.tinyengine.ops.broadcast import broadcast_period
from mcunet_tf.tinyengine.ops.float32_values import MAPS, PAIRS, axis_blocks
from mcunet_tf.tinyengine.ops.spec import View

_BLOCK = 8  # DENSE_BLOCK of kernels/common/real.h


def stepped_values(view: View, calls: Runs) -> Counts:
    """Values of two tensors, pixel by pixel."""
    made, pixels = total(calls)
    period = broadcast_period(view)[1]
    values = channels_or_everything(view) if period == view.output.elements else period
    return {"call": made, "pixel": pixels, "value": pixels * values}


def mapped_values(view: View, calls: Runs) -> Counts:
    """Values one by one."""
    made, pixels = total(calls)
    return {"call": made, "value": pixels * channels_or_everything(view)}


def chosen_values(view: View, calls: Runs) -> Counts:
    """Values by a mask, and their bytes."""
    counts = mapped_values(view, calls)
    return {**counts, "byte": counts["value"] * view.output.item_bytes}


def cast_values(view: View, calls: Runs) -> Counts:
    """Values in another type; reals take their own time."""
    counts = mapped_values(view, calls)
    return {
        **counts,
        "from_real": counts["value"] * (view.input(0).dtype == "float32"),
        "to_real": counts["value"] * (view.output.dtype == "float32"),
    }


def summed_values(view: View, calls: Runs) -> Counts:
    """Values of several tensors."""
    counts = mapped_values(view, calls)
    return {**counts, "operand": counts["value"] * len(view.inputs)}


def dense(view: View, calls: Runs) -> Counts:
    """Blocks of eight outputs."""
    made, pixels = total(calls)
    weights = view.input(1)
    outputs, inputs = weights.shape[0], weights.elements // weights.shape[0]
    blocks = pixels * -(-outputs // _BLOCK)
    return {
        "call": made,
        "pixel": pixels,
        "block": blocks,
        "tap": blocks * inputs,
        "output": pixels * outputs,
    }


def window(view: View, calls: Runs) -> Counts:
    """The same over the taps of windows that lie in the image."""
    made, rows = total(calls)
    _, height, width, inputs = view.input(1).shape
    columns = conv2d_columns(view)
    pixels = rows * columns.out_width
    blocks = -(-view.output.shape[3] // _BLOCK)
    inside = rows * height * columns_inside(columns) * blocks
    return {
        "call": made,
        "row": rows,
        "pixel": pixels,
        "block": pixels * blocks,
        "kernel_row": pixels * blocks * height,
        "tap": pixels * blocks * height * width,
        "inside": inside,
        "mac": inside * inputs,
        "output": pixels * view.output.shape[3],
    }


def depthwise(view: View, calls: Runs) -> Counts:
    """Taps of all channels, added up in the output."""
    made, rows = total(calls)
    height, width = view.input(1).shape[1:3]
    columns = conv2d_columns(view)
    pixels = rows * columns.out_width
    inside = rows * height * columns_inside(columns)
    return {
        "call": made,
        "row": rows,
        "pixel": pixels,
        "tap": pixels * height * width,
        "inside": inside,
        "mac": inside * view.output.shape[3],
        "output": pixels * view.output.shape[3],
    }


def products(view: View, calls: Runs) -> Counts:
    """Dot products of rows."""
    made, _ = total(calls)
    batches, rows, columns, depth = matmul_shape(view)
    outputs = made * batches * rows * columns
    return {
        "call": made,
        "row": made * batches * rows,
        "output": outputs,
        "mac": outputs * depth,
    }


def rows_of_values(view: View, calls: Runs) -> Counts:
    """Rows along the last axis."""
    made, pixels = total(calls)
    return {"call": made, "row": pixels, "value": pixels * view.input(0).shape[-1]}


def runs(view: View, calls: Runs) -> Counts:
    """Runs of bytes at indices, and the bytes that are copied before."""
    made, _ = total(calls)
    last = view.output.shape[-1] if view.output.shape else 1
    return {
        "call": made,
        "run": made * (view.output.elements // max(last, 1)),
        "byte": made * view.output.size_bytes,
        "in_byte": made * view.input(0).size_bytes,
        "index": made * view.input(1).elements,
    }


def running(view: View, calls: Runs) -> Counts:
    """Sums along an axis."""
    made, _ = total(calls)
    outer, count, inner = axis_blocks(view)
    return {"call": made, "sum": made * outer * inner, "value": made * outer * count * inner}


def remembered_features(view: View, calls: Runs) -> Counts:
    """Products of an SVDF's features."""
    made, _ = total(calls)
    outputs = made * view.output.elements
    return {"call": made, "output": outputs, "mac": outputs * view.input(0).shape[1]}


def _row_products(rows: int, length: int, item_bytes: int) -> Counts:
    """The loops of kernels/common/products_dsp.h."""
    if item_bytes == 2:
        return {"two": rows * (length // 2), "one": rows * (length % 2)}
    return {
        "sixteen": rows * (length // 16),
        "four": rows * (length % 16 // 4),
        "one": rows * (length % 4),
    }


def remembered_features_dsp(view: View, calls: Runs) -> Counts:
    """The same, row by row."""
    made, _ = total(calls)
    rows = made * view.output.elements
    return {"call": made, "output": rows, **_row_products(rows, view.input(0).shape[1], 1)}


def summed_state_dsp(view: View, calls: Runs) -> Counts:
    """Sums over time, row by row."""
    made, _ = total(calls)
    rows, state = made * view.output.elements, view.input(0)
    length = state.elements // view.output.elements
    return {"call": made, "output": rows, **_row_products(rows, length, state.item_bytes)}


def moved_state(view: View, calls: Runs) -> Counts:
    """Bytes of a state, and of what is new in it."""
    made, _ = total(calls)
    return {
        "call": made,
        "window": made * view.input(1).elements,
        "new_byte": made * view.input(1).size_bytes,
        "byte": made * view.output.size_bytes,
    }


def detections(view: View, calls: Runs) -> Counts:
    """Scores that are looked at, boxes and rows; what overlaps is only known at run time."""
    made, _ = total(calls)
    boxes, options = view.input(1).shape[1], view.attributes
    suppressions = made * (options.num_classes if options.regular else 1)
    return {
        "call": made,
        "box": suppressions * boxes,
        "score": made * boxes * options.num_classes,
        "row": suppressions * options.rows,
    }


def summed_state(view: View, calls: Runs) -> Counts:
    """Sums over time."""
    made, _ = total(calls)
    return {
        "call": made,
        "output": made * view.output.elements,
        "mac": made * view.input(0).elements,
    }


_COMPARED = ("s8", "x8", "s32", "s64", "f32")
TYPED: Mapping[str, Features] = {
    **{f"{kind.lower()}_f32_portable": stepped_values for kind in PAIRS},
    **{f"compare_{suffix}_portable": stepped_values for suffix in _COMPARED},
    "pairs_s32_portable": stepped_values,
    "div_s8_portable": stepped_values,
    **{f"{kind.lower()}_f32_portable": mapped_values for kind in MAPS},
    "prelu_f32_portable": stepped_values,
    "select_portable": chosen_values,
    "cast_portable": cast_values,
    "add_n_s8_portable": summed_values,
    "fully_connected_f32_portable": dense,
    "conv2d_f32_portable": window,
    "depthwise_conv2d_f32_portable": depthwise,
    "batch_matmul_f32_portable": products,
    "softmax_f32_portable": rows_of_values,
    "log_softmax_f32_portable": rows_of_values,
    "l2_normalization_f32_portable": rows_of_values,
    "detection_postprocess_portable": detections,
    "gather_portable": runs,
    "gather_nd_portable": runs,
    "block_read_portable": runs,
    "block_write_portable": runs,
    "cumsum_s8_portable": running,
    "cumsum_f32_portable": running,
    **{f"quantize_f32_{values}_portable": mapped_values for values in ("s8", "s16")},
    **{f"dequantize_{values}_f32_portable": mapped_values for values in ("s8", "u8", "s16")},
    "svdf_features_s16_portable": remembered_features,
    "svdf_features_s16_dsp": remembered_features_dsp,
    **{f"svdf_time_{suffix}_dsp": summed_state_dsp for suffix in ("s8", "s16")},
    "svdf_push_portable": moved_state,
    **{f"svdf_time_{suffix}_portable": summed_state for suffix in ("s8", "s16", "f32")},
}
"""Feature functions by the kernel's name."""
