# SPDX-License-Identifier: Apache-2.0
"""Computes at compile time what does not depend on the input."""

from __future__ import annotations

import dataclasses

from mcunet_tf.errors import ModelError
from mcunet_tf.tinyengine.ir import Graph, Op, Tensor, is_constant
from mcunet_tf.tinyengine.legality import broken_constraint
from mcunet_tf.tinyengine.ops import SPECS
from mcunet_tf.tinyengine.ops.spec import View, view_of

_SHAPE_OPS = ("SHAPE", "STRIDED_SLICE", "PACK")


def fold_constants(graph: Graph) -> Graph:
    """Evaluates operators on constants (and SHAPE), and makes RESHAPE of every pure view.

    What `settle_shapes` computes is gone by then. An operator that breaks a constraint stays, for
    `verify` to name it.

    Raises:
      ModelError: an operator on shapes has operands that it cannot have.
    """
    tensors = list(graph.tensors)
    kept: list[Op] = []
    for op in graph.ops:
        # An edge of the application's: it may want the constant as bytes.
        edge = op.kind == "DEQUANTIZE" and op.outputs[0] in graph.outputs
        known = op.kind in SPECS and len(op.outputs) == 1 and not edge
        if known and _foldable(seen := view_of(tensors, op)):
            tensors[op.outputs[0]] = _folded(graph.name, seen)
        elif op.kind in ("RESHAPE", "SQUEEZE", "EXPAND_DIMS"):
            kept.append(dataclasses.replace(op, kind="RESHAPE", inputs=op.inputs[:1]))
        else:
            kept.append(op)
    return graph.replace(ops=kept, tensors=dict(enumerate(tensors)))


def _foldable(seen: View) -> bool:
    if SPECS[seen.op.kind].evaluate is None:
        return False
    if seen.op.kind == "SHAPE":
        return True
    if not all(tensor is None or is_constant(tensor) for tensor in seen.inputs):
        return False
    if seen.op.kind in _SHAPE_OPS and seen.output.dtype in ("int32", "int64"):
        return True  # shapes may turn out to be other than declared; tensors of values may not
    return broken_constraint(seen) is None


def _folded(name: str, seen: View) -> Tensor:
    """The result of an operator as a constant, in the shape that it turns out to have."""
    values = [t.data for t in seen.inputs if t is not None and t.data is not None]
    try:
        result = SPECS[seen.op.kind].result(seen, values)
    except (ValueError, IndexError, TypeError, AssertionError) as error:
        # The operators on shapes have no constraints of their own.
        assert seen.op.kind in _SHAPE_OPS
        raise ModelError(
            f"{name}: {seen.op.kind} '{seen.op.name}' has impossible operands; export it again"
        ) from error
    return dataclasses.replace(seen.output, data=result, shape=tuple(result.shape))


def drop_unused(graph: Graph) -> Graph:
    """Removes operators whose results nobody reads."""
    needed = set(graph.outputs)
    kept: list[Op] = []
    for op in reversed(graph.ops):
        if needed.intersection(op.outputs):
            kept.append(op)
            needed.update(op.inputs)
    return graph.replace(ops=reversed(kept))
