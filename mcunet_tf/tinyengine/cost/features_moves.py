# SPDX-License-Identifier: Apache-2.0
"""Loop counts of kernels that move values, and of those that take whole tensors."""

from __future__ import annotations

from mcunet_tf.tinyengine.cost.counts import Counts, Runs, total
from mcunet_tf.tinyengine.kernel_tables.strided_copy import values_s16
from mcunet_tf.tinyengine.ops.concatenation import joined_runs
from mcunet_tf.tinyengine.ops.spec import View
from mcunet_tf.tinyengine.ops.strided_copy import StridedCopy
from mcunet_tf.tinyengine.ops.strided_copy import strided_copy as copy_of

_BLOCK_BYTES = 32
"""What copy_bytes.h moves at once."""


def joined_values(view: View, calls: Runs) -> Counts:
    """Runs of every operand, one pixel after the other."""
    made, pixels = total(calls)
    runs = [run * view.output.item_bytes for run in joined_runs(view)]
    return {
        "call": made,
        "pixel": pixels,
        "run": pixels * len(runs),
        "block": pixels * sum(run // _BLOCK_BYTES for run in runs),
        "word": pixels * sum(run % _BLOCK_BYTES // 4 for run in runs),
        "odd_value": pixels * sum(run % 4 for run in runs),
        "unaligned_run": pixels * len(runs) * (max(run % 4 for run in runs) > 0),
        "unaligned_value": pixels * sum(runs) * (max(run % 4 for run in runs) > 0),
    }


def slid_values(view: View, calls: Runs) -> Counts:
    """One run that moves, in words wherever they start, and one that memcpy takes."""
    made, _ = total(calls)
    kept, new = view.input(0).size_bytes - view.input(1).size_bytes, view.input(1).size_bytes
    aligned = new // 4 if kept % 4 == 0 else 0
    return {
        "call": made,
        "block": made * (kept // 16),
        "word": made * (kept % 16 // 4),
        "odd_value": made * (kept % 4),
        "copied_word": made * aligned,
        "copied_value": made * (new - 4 * aligned),
    }


def moved_sums(view: View, calls: Runs) -> Counts:
    """A value that comes and one that leaves for every position of every sum."""
    made, _ = total(calls)
    return {
        "call": made,
        "sum": made * view.input(0).elements,
        "value": made * view.input(2).elements,
    }


def row_sums(view: View, calls: Runs) -> Counts:
    """Every value of some rows, and their sums."""
    made, _ = total(calls)
    return {
        "call": made,
        "row": made * (view.output.elements // view.output.shape[-1]),
        "sum": made * view.output.elements,
        "value": made * view.input(0).elements,
    }


def moving_means(view: View, calls: Runs) -> Counts:
    """Sums that are divided, or requantised."""
    made, _ = total(calls)
    values, divided = made * view.output.elements, view.attributes.count > 0
    return {"call": made, "divided": values * divided, "requantised": values * (not divided)}


def repeated_rows(view: View, calls: Runs) -> Counts:
    """A row pixel by pixel, and its copies."""
    made, groups = total(calls)
    channels, width = view.output.shape[3] * view.output.item_bytes, view.output.shape[2]
    copies = groups * (view.output.shape[1] // view.input(0).shape[1] - 1)
    row = width * channels
    return {
        "call": made,
        "group": groups,
        "pixel": groups * width,
        "word": groups * width * (channels // 4),
        "odd_value": groups * width * (channels % 4),
        "copy": copies,
        "copied_word": copies * (row // 4),
        "copied_value": copies * (row % 4),
        "unaligned_value": copies * row * (row % 4 > 0),
    }


def whole_values(view: View, calls: Runs) -> Counts:
    """Tensors at once: counted by values in and out, and by runs of the last axis."""
    made, _ = total(calls)
    output, source = view.output, view.input(0)
    depth = max(output.shape[-1] if output.shape else 1, 1)
    return {
        "call": made,
        "value": made * output.elements,
        "in_value": made * source.elements,
        "run": made * (output.elements // depth),
        "in_run": made * (source.elements // max(source.shape[-1] if source.shape else 1, 1)),
        "row": made * output.rows[0],
        "word": made * (output.elements // 4) * (depth % 4 == 0),
        "unaligned_value": made * output.elements * (depth % 4 > 0),
        "unaligned_run": made * (output.elements // depth) * (depth % 4 > 0),
    }


def resized_values(view: View, calls: Runs) -> Counts:
    """Pixels, and the words and bytes of each."""
    made, _ = total(calls)
    _, height, width, channels = view.output.shape
    pixels, pixel_bytes = made * height * width, channels * view.output.item_bytes
    return {
        "call": made,
        "row": made * height,
        "pixel": pixels,
        "word": pixels * (pixel_bytes // 4),
        "odd_value": pixels * (pixel_bytes % 4),
        "unaligned_pixel": pixels * (pixel_bytes % 4 > 0),
        "unaligned_value": pixels * pixel_bytes * (pixel_bytes % 4 > 0),
    }


def strided_copy(view: View, calls: Runs) -> Counts:
    """Runs of neighbours, or bytes at strides, in the loops over the outer axes."""
    return _strided(view, calls, copy_of(view), 1)


def strided_copy_s16(view: View, calls: Runs) -> Counts:
    """The same of values of two bytes."""
    return _strided(view, calls, values_s16(copy_of(view)), 2)


def _strided(view: View, calls: Runs, copy: StridedCopy, item_bytes: int) -> Counts:
    made, _ = total(calls)
    length, step = (copy.sizes[-1], copy.strides[-1]) if copy.sizes else (1, 1)
    runs = made * (view.output.size_bytes // item_bytes // length)
    together = step == 1
    run_bytes = length * item_bytes
    return {
        "call": made,
        "run": runs,
        "copied_run": runs * together,
        "block": runs * (run_bytes // _BLOCK_BYTES) * together,
        "word": runs * (run_bytes % _BLOCK_BYTES // 4) * together,
        "odd_value": runs * (run_bytes % 4) * together,
        "value": runs * length * (not together),
        "row": runs // (copy.sizes[-2] if len(copy.sizes) > 1 else 1),
    }
