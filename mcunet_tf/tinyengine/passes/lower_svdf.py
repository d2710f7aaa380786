# SPDX-License-Identifier: Apache-2.0
"""An SVDF is a matrix product, a state that moves on by its result, and sums over time."""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.ir import Graph, Op, Quantization
from mcunet_tf.tinyengine.ops.fully_connected import FullyConnectedAttributes
from mcunet_tf.tinyengine.ops.svdf import (
    BIAS,
    FEATURE_WEIGHTS,
    STATE,
    TIME_WEIGHTS,
    TimeAttributes,
    features_factor,
)
from mcunet_tf.tinyengine.passes.rewriter import Rewriter, rewrite


def lower_svdf(graph: Graph) -> Graph:
    """Puts three operators in the place of every SVDF."""
    return rewrite(graph, ("SVDF",), _lower)


def _lower(rewriter: Rewriter, op: Op) -> None:
    source, state, next_state = op.inputs[0], op.inputs[STATE], op.outputs[1]
    weights, memory = op.inputs[FEATURE_WEIGHTS], op.inputs[TIME_WEIGHTS]
    shape = (rewriter.tensor(source).shape[0], rewriter.tensor(weights).shape[0])
    dtype = rewriter.tensor(state).dtype
    features = rewriter.like(state, shape, "/features")
    if dtype == "int8":
        scale = Quantization((rewriter.tensor(state).scale,), (0,))
        features = rewriter.add(dataclasses.replace(rewriter.tensor(features), quantization=scale))
    if dtype == "int16":
        rewriter.op("SVDF_FEATURES", op.name, (source, weights), features)
    else:
        if dtype == "int8":
            weights = _exact_weights(rewriter, source, weights, state)
        kind = "FULLY_CONNECTED" if dtype == "int8" else "FULLY_CONNECTED_F32"
        attributes = FullyConnectedAttributes("NONE")
        rewriter.op(kind, op.name, (source, weights, -1), features, attributes)
    rewriter.op("SVDF_PUSH", op.name, (state, features), next_state)
    kind = "SVDF_TIME_F32" if dtype == "float32" else "SVDF_TIME"
    activation = op.attributes.activation if dtype == "float32" else "NONE"
    operands = (next_state, memory, *([op.inputs[BIAS]] if op.inputs[BIAS] >= 0 else []))
    rewriter.op(kind, op.name, operands, op.outputs[0], TimeAttributes(activation))


def _exact_weights(rewriter: Rewriter, source: int, weights: int, state: int) -> int:
    """The weights with the scale that gives a FULLY_CONNECTED the factor of an SVDF.

    One multiplies scales in float64, the other in float32.
    """
    known, held = rewriter.tensor(weights), rewriter.tensor(state)
    factor = features_factor(rewriter.tensor(source), known, held)
    scale = factor * held.scale / rewriter.tensor(source).scale
    return rewriter.add(dataclasses.replace(known, quantization=Quantization((scale,), (0,))))
