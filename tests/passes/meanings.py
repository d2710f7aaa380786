# SPDX-License-Identifier: Apache-2.0
"""What operators mean that only passes take away, said in numpy as TensorFlow defines them.

`evaluate` has no meaning for them: with these it runs a graph as it was before the pass.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.fixed_point import quantize_multiplier, requantize
from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.ops import SPECS, common
from mcunet_tf.tinyengine.ops.conv2d import finish
from mcunet_tf.tinyengine.ops.detection_postprocess import AS_READ, read_options
from mcunet_tf.tinyengine.ops.dynamic import GatherAttributes
from mcunet_tf.tinyengine.ops.spec import View, view
from mcunet_tf.tinyengine.ops.tabulated import evaluate_tabulated, is_tabulated

Array = np.ndarray[Any, Any]


def _split(seen: View, values: Sequence[Array]) -> list[Array]:
    attributes = seen.attributes
    ends = np.cumsum(attributes.lengths)[:-1]
    parts = np.split(values[attributes.operand], ends, attributes.axis)
    return [part.reshape(out.shape) for part, out in zip(parts, seen.outputs, strict=True)]


def _pick(seen: View, values: Sequence[Array]) -> list[Array]:
    if isinstance(seen.attributes, GatherAttributes):
        return [values[0][values[1].clip(0, len(values[0]) - 1)]]
    return [values[0][np.ix_(*seen.attributes.indices)].reshape(seen.output.shape)]


def _reduce_max(seen: View, values: Sequence[Array]) -> list[Array]:
    return [values[0].max(axis=seen.attributes.axes).reshape(seen.output.shape)]


def _transpose_conv(seen: View, values: Sequence[Array]) -> list[Array]:
    """Every input pixel is spread over the output by the weights."""
    a, weights = seen.attributes, np.asarray(seen.constant(1), np.int64)
    pixels = values[2].astype(np.int64)[0] - seen.input(2).zero_point
    _, height, width, channels = seen.output.shape
    total = np.zeros((height, width, channels), np.int64)
    for y, x, i, j in np.ndindex(*pixels.shape[:2], *weights.shape[1:3]):
        row, column = y * a.stride_height + i - a.top, x * a.stride_width + j - a.left
        if 0 <= row < height and 0 <= column < width:
            total[row, column] += weights[:, i, j] @ pixels[y, x]
    turned = View(seen.op, (seen.inputs[2], seen.inputs[1], seen.optional(3)), seen.outputs)
    total += common.bias_values(turned, channels)
    return [finish(turned, total)[None]]


def _svdf(seen: View, values: Sequence[Array]) -> list[Array]:
    """One step, its features clamped before their zero point is added."""
    x, features, times, bias, state = values
    source, held, made = seen.input(0), seen.input(4), seen.output
    centred = x.astype(np.int64) - source.zero_point
    factor = np.float32(source.scale) * np.float32(seen.input(1).scale) / np.float32(held.scale)
    new = requantize(centred @ features.T.astype(np.int64), *quantize_multiplier(float(factor)))
    new = np.clip(new, *common.INTEGER_RANGES[held.dtype]) + held.zero_point
    windows = state.reshape(*new.shape, -1)
    windows = np.concatenate([windows[..., 1:], new[..., None].astype(held.dtype)], axis=-1)
    sums = (windows.astype(np.int64) - held.zero_point) * times
    sums = sums.reshape(*made.shape, -1).sum(axis=-1) + bias
    factor = np.float32(held.scale) * np.float32(seen.input(2).scale) / np.float32(made.scale)
    result = requantize(sums, *quantize_multiplier(float(factor))) + made.zero_point
    return [np.clip(result, -128, 127).astype(np.int8), windows.reshape(state.shape)]


def _lstm(seen: View, values: Sequence[Array]) -> list[Array]:
    """Of an LSTM that remembers one step, which is the end of all that it holds then."""
    if len(seen.outputs) == 1:
        return [SPECS[seen.op.kind].result(seen, values)]
    whole = SPECS[seen.op.kind].result(View(seen.op, seen.inputs, seen.outputs[1:]), values)
    return [whole[-seen.output.elements :].reshape(seen.output.shape), whole]


def _space_to_batch(seen: View, values: Sequence[Array]) -> list[Array]:
    """Every image takes the pixels of one place in each block."""
    a, rest = seen.attributes, len(seen.input(0).shape) - 1 - len(seen.attributes.blocks)
    edges = [(0, 0), *a.edges, *[(0, 0)] * rest]
    padded = np.pad(values[0], edges, constant_values=seen.input(0).zero_point)
    places = np.ndindex(*a.blocks)
    steps = [[slice(p, None, b) for p, b in zip(at, a.blocks, strict=True)] for at in places]
    return [np.concatenate([padded[(slice(None), *step)] for step in steps])]


def _batch_to_space(seen: View, values: Sequence[Array]) -> list[Array]:
    a, shape = seen.attributes, values[0].shape
    images = len(a.blocks) + 1
    sizes = [n * b for n, b in zip(shape[1:images], a.blocks, strict=True)]
    whole = np.zeros((1, *sizes, *shape[images:]), np.int8)
    for image, at in zip(values[0], np.ndindex(*a.blocks), strict=True):
        whole[(0, *(slice(p, None, b) for p, b in zip(at, a.blocks, strict=True)))] = image
    kept = [slice(e[0], n - e[1]) for n, e in zip(sizes, a.edges, strict=True)]
    return [whole[(slice(None), *kept)]]


def _by_image(seen: View, values: Sequence[Array]) -> list[Array]:
    """A convolution of a batch is one of each image."""
    output = dataclasses.replace(seen.output, shape=(1, *seen.output.shape[1:]))
    one = dataclasses.replace(seen, outputs=(output,))
    spec, (images, *rest) = SPECS[seen.op.kind], values
    return [np.concatenate([spec.result(one, [image[None], *rest]) for image in images])]


def _filled(seen: View, values: Sequence[Array]) -> list[Array]:
    return [np.full(values[0], values[1].reshape(-1)[0])]


def _looked_up(seen: View, values: Sequence[Array]) -> list[Array]:
    """Rows of the table, as real numbers where the result is such."""
    table, rows = seen.input(1), values[1][values[0].clip(0, len(values[1]) - 1)]
    if table.dtype == seen.output.dtype:
        return [rows]
    return [(np.float32(table.scale) * (rows.astype(np.float32) - table.zero_point))]


def _reduced(function: Callable[..., Array]) -> Callable[[View, Sequence[Array]], list[Array]]:
    return lambda seen, values: [
        function(values[0], axis=seen.attributes.axes).reshape(seen.output.shape)
    ]


def _block(seen: View, values: Sequence[Array]) -> list[Array]:
    """What lies at computed indices, or as near to them as it can."""
    if len(values) == 1:
        return [SPECS["SLICE"].result(seen, values)]
    sizes = zip(values[0].shape, seen.output.shape, values[1], strict=True)
    return [values[0][tuple(slice(f, f + m) for n, m, b in sizes for f in [np.clip(b, 0, n - m)])]]


def _named_form(seen: View, values: Sequence[Array]) -> list[Array]:
    """An operator on float32 or int32 by its plain name."""
    with np.errstate(over="ignore"):
        made = {"ADD": np.add, "SUB": np.subtract}[seen.op.kind](*values)
    return [np.maximum(made, 0) if seen.attributes.activation == "RELU" else made]


def _detections(seen: View, values: Sequence[Array]) -> list[Array]:
    """The best class of each box, in the order of scores, without what overlaps."""
    options = read_options(seen.attributes)
    encodings, anchors = values[0][0].astype(np.float64), values[2].astype(np.float64)
    y, x, h, w = (encodings[:, k] / options.scales[k] for k in range(4))
    scores, (top, left, height, width) = values[1][0, :, -options.num_classes :], anchors.T
    middle = np.stack([y * height + top, x * width + left]).astype(np.float32)
    half = np.stack([np.exp(h) * height, np.exp(w) * width] / np.float64(2)).astype(np.float32)
    low, high = middle - half, middle + half
    kept: list[int] = []
    for k in np.argsort(-scores.max(axis=1), kind="stable"):
        sides = np.minimum(high[:, [k]], high[:, kept]) - np.maximum(low[:, [k]], low[:, kept])
        shared = np.prod(np.maximum(sides, 0), axis=0)
        whole = np.prod(2 * half[:, k]) + np.prod(2 * half[:, kept], axis=0) - shared
        if not (shared > options.nms_iou_threshold * whole).any():
            kept.append(int(k))
    kept = kept[: options.max_detections]
    assert len(kept) == options.max_detections, "rows of nothing have no meaning"
    found = np.concatenate([low[:, kept], high[:, kept]]).T
    best = [scores[kept].argmax(axis=1), scores[kept].max(axis=1)]
    parts = [np.asarray(part, np.float32)[None] for part in (found, *best)]
    return [*parts, np.array([len(kept)], np.float32)]


def _auto_scale(_: View, values: Sequence[Array]) -> list[Array]:
    """Samples doubled until the largest magnitude would not fit; the least number has none."""
    samples, bits = values[0].astype(np.int64), 0
    most = 0
    for value in samples.tolist():
        if value > most:
            most = value
        elif -value > most:
            most = -value if value > -32768 else value
    while 0 < most << (bits + 1) < 1 << 15:
        bits += 1
    return [(samples << bits).astype(np.int16), np.array(bits, np.int32)]


def _subtraction(seen: View, values: Sequence[Array]) -> list[Array]:
    """In Python's own integers, channel by channel."""
    a, word = seen.attributes, 0xFFFFFFFF
    made: list[list[int]] = [[], []]
    for channel, (value, held) in enumerate(zip(*(v.tolist() for v in values), strict=True)):
        scaled = value << a.smoothing_bits & word
        share, rest = a.smoothing[channel % 2], a.rest[channel % 2]
        noise = (scaled * share + held * rest) >> a.bits & word
        less = min(noise, scaled)
        least = value * a.least >> a.bits & word
        made[0].append(max((scaled - less) >> a.smoothing_bits, least))
        made[1].append(less if a.clamping else noise)
    return [np.array(part, np.uint32) for part in made]


MEANINGS = {
    AS_READ: _detections,
    "SIGNAL_FFT_AUTO_SCALE": _auto_scale,
    "SIGNAL_FILTER_BANK_SPECTRAL_SUBTRACTION": _subtraction,
    "FILL": _filled,
    "EMBEDDING_LOOKUP": _looked_up,
    "REDUCE_ANY": _reduced(np.any),
    "REDUCE_ALL": _reduced(np.all),
    "REDUCE_MIN": _reduced(np.min),
    "SLICE": _block,
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D"), _by_image),
    "SVDF": _svdf,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
    "SPACE_TO_BATCH_ND": _space_to_batch,
    "BATCH_TO_SPACE_ND": _batch_to_space,
    **dict.fromkeys(("SPLIT", "SPLIT_V", "UNPACK"), _split),
    **dict.fromkeys(("GATHER", "MIRROR_PAD"), _pick),
    "REDUCE_MAX": _reduce_max,
    "TRANSPOSE_CONV": _transpose_conv,
}


def run_graph(graph: Graph, inputs: Sequence[Array]) -> list[Array]:
    """The outputs of a graph before or after any pass."""
    values = {i: t.data for i, t in enumerate(graph.tensors) if t.data is not None}
    values |= dict(zip(graph.inputs, inputs, strict=True))
    for op in graph.ops:
        seen, operands = view(graph, op), [values[i] for i in op.inputs if i >= 0]
        if op.kind in ("ADD", "SUB") and seen.output.dtype != "int8":
            results = _named_form(seen, operands)
        elif op.kind in MEANINGS:
            results = MEANINGS[op.kind](seen, operands)
        elif is_tabulated(seen):
            results = [evaluate_tabulated(seen, operands)]
        else:
            results = [SPECS[op.kind].result(seen, operands)]
        values |= dict(zip(op.outputs, results, strict=True))
    return [values[i] for i in graph.outputs]
