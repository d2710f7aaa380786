# SPDX-License-Identifier: Apache-2.0
"""TFLite_Detection_PostProcess has four results, a kernel one: they become its slices."""

from __future__ import annotations

import dataclasses

import numpy as np

from mcunet_tf.tinyengine.ir import Graph, Op, Tensor
from mcunet_tf.tinyengine.ops import SPECS
from mcunet_tf.tinyengine.ops.common import per_tensor_problem
from mcunet_tf.tinyengine.ops.detection_postprocess import (
    AS_READ,
    COORDINATES,
    KIND,
    DetectionAttributes,
    read_options,
)
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.ops.strided_copy import SliceAttributes
from mcunet_tf.tinyengine.passes.rewriter import Rewriter

_BYTES = ("int8", "uint8")


def lower_detections(graph: Graph) -> Graph:
    """Rewrites TFLite_Detection_PostProcess, which then reads bytes where it read their reals."""
    rewriter, shapes = Rewriter(graph), {}
    producers = graph.producers()
    for op in graph.ops:
        broken = op.kind == AS_READ and any(c(view(graph, op)) for c in SPECS[AS_READ].constraints)
        options = read_options(op.attributes) if op.kind == AS_READ and not broken else None
        if options is None:
            rewriter.ops.append(op)
            continue
        inputs = tuple(_before(graph, producers, index) for index in op.inputs)
        shapes.update(_lower(rewriter, op, inputs, options))
    return rewriter.result().replace(tensors=shapes)


def _before(graph: Graph, producers: dict[int, Op], index: int) -> int:
    """What a tensor is dequantised from, as far as the kernel reads it."""
    op = producers.get(index)
    if op is None or op.kind != "DEQUANTIZE":
        return index
    source = graph.tensors[op.inputs[0]]
    known = source.dtype in _BYTES and per_tensor_problem(source) is None
    return op.inputs[0] if known else index


def _lower(
    rewriter: Rewriter, op: Op, inputs: tuple[int, ...], options: DetectionAttributes
) -> dict[int, Tensor]:
    """Adds the operators; returns the results, whose shapes files often leave open."""
    rows = options.rows
    whole = rewriter.add(
        Tensor(f"{op.name} detections", ((COORDINATES + 2) * rows + 1,), "float32")
    )
    rewriter.op(KIND, op.name, inputs, whole, options)
    shapes, first = {}, 0
    for index, shape in zip(
        op.outputs, ((1, rows, COORDINATES), (1, rows), (1, rows), (1,)), strict=True
    ):
        made = dataclasses.replace(rewriter.tensor(index), shape=shape)
        size = int(np.prod(shape))
        part = rewriter.add(dataclasses.replace(made, name=f"{made.name} part", shape=(size,)))
        rewriter.op("SLICE", made.name, (whole,), part, SliceAttributes((first,), (size,)))
        rewriter.op("RESHAPE", made.name, (part,), index)
        shapes[index] = made
        first += size
    return shapes
