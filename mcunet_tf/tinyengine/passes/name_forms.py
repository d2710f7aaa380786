# SPDX-License-Identifier: Apache-2.0
"""Operators in other forms than int8's have kinds of their own, with their own meaning and kernels.

TensorFlow Lite has one name for an operator on any type. What passes and kernels know of an
operator's int8 form, zero points and weights' scales, is thus never applied to another one.
"""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops import SPECS, float32_values, integers
from mcunet_tf.tinyengine.ops.dynamic import GatherAttributes

_SUFFIXES = {"float32": float32_values.SUFFIX, "int32": integers.SUFFIX}


def name_forms(graph: Graph) -> Graph:
    """Names operators by their form: ADD on float32 is ADD_F32."""
    return graph.replace(ops=[_named(graph, op) for op in graph.ops])


def _named(graph: Graph, op: Op) -> Op:
    if not op.outputs:
        return op
    kind = op.kind + _SUFFIXES.get(graph.tensors[op.outputs[0]].dtype, "")
    if kind != op.kind and kind in SPECS:
        return dataclasses.replace(op, kind=kind)
    computed = len(op.inputs) > 1 and graph.tensors[op.inputs[1]].data is None
    if op.kind == "SLICE" and computed:
        return dataclasses.replace(op, kind="SLICE_AT", attributes=None)
    if op.kind == "GATHER" and isinstance(op.attributes, GatherAttributes):
        return dataclasses.replace(op, kind="GATHER_AT")
    return op
