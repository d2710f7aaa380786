# SPDX-License-Identifier: Apache-2.0
"""Turns an explicit PAD in front of a convolution into the convolution's own padding."""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.common import Padding
from mcunet_tf.tinyengine.ops.pad import PadAttributes

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D_F32", "DEPTHWISE_CONV_2D_F32")


def fold_pad(graph: Graph) -> Graph:
    """Adds the paddings of PAD and convolution where PAD fills with the input's zero point.

    The PAD goes away when every reader took it over.
    """
    readers = graph.consumers()
    pads = {
        op.outputs[0]: op
        for op in graph.ops
        if op.kind in ("PAD", "PADV2")
        and op.outputs[0] not in graph.outputs
        and _pads_with_zero_point(graph, op)
        and all(reader.kind in _CONVOLUTIONS for reader in readers.get(op.outputs[0], []))
    }
    kept: list[Op] = []
    for op in graph.ops:
        if op.outputs[0] in pads:
            continue
        if op.kind in _CONVOLUTIONS and op.inputs[0] in pads:
            pad = pads[op.inputs[0]]
            op = _with_padding(op, pad.attributes, pad.inputs[0])
        kept.append(op)
    return graph.replace(ops=kept)


def _pads_with_zero_point(graph: Graph, op: Op) -> bool:
    attributes: PadAttributes = op.attributes
    source = graph.tensors[op.inputs[0]]
    spatial_only = (
        len(attributes.before) == 4
        and attributes.before[0] == attributes.after[0] == 0
        and attributes.before[3] == attributes.after[3] == 0
    )
    return spatial_only and attributes.value == source.padding_value


def _with_padding(op: Op, pad: PadAttributes, source: int) -> Op:
    own: Padding = op.attributes.padding
    padding = Padding(
        own.top + pad.before[1],
        own.bottom + pad.after[1],
        own.left + pad.before[2],
        own.right + pad.after[2],
    )
    attributes = dataclasses.replace(op.attributes, padding=padding)
    return dataclasses.replace(op, inputs=(source, *op.inputs[1:]), attributes=attributes)
