# SPDX-License-Identifier: Apache-2.0
"""Brings the operands of BATCH_MATMUL into the order that its kernels read."""

from __future__ import annotations

import numpy as np

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.batch_matmul import BatchMatmulAttributes
from mcunet_tf.tinyengine.ops.strided_copy import TransposeAttributes
from mcunet_tf.tinyengine.passes.rewriter import Rewriter, rewrite


def lower_matmuls(graph: Graph) -> Graph:
    """Puts TRANSPOSE before operands of BATCH_MATMUL whose rows do not run along k."""

    def lower(rewriter: Rewriter, op: Op) -> None:
        first, second = op.inputs
        if op.attributes.first_transposed:
            first = _transposed(rewriter, first, op.name)
        if not op.attributes.second_transposed:
            second = _transposed(rewriter, second, op.name)
        attributes = BatchMatmulAttributes(False, True)
        rewriter.op(op.kind, op.name, (first, second), op.outputs[0], attributes)

    return rewrite(graph, ("BATCH_MATMUL", "BATCH_MATMUL_F32"), lower)


def _transposed(rewriter: Rewriter, index: int, name: str) -> int:
    tensor = rewriter.tensor(index)
    if tensor.data is not None:
        return rewriter.constant(index, np.swapaxes(tensor.data, -1, -2), tensor.quantization)
    *leading, rows, columns = tensor.shape
    result = rewriter.like(index, (*leading, columns, rows), " transposed")
    axes = range(len(leading))
    attributes = TransposeAttributes((*axes, len(leading) + 1, len(leading)))
    rewriter.op("TRANSPOSE", name, (index,), result, attributes)
    return result
