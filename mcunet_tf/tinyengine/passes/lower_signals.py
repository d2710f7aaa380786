# SPDX-License-Identifier: Apache-2.0
"""Signal operators of two results are two operators."""

from __future__ import annotations

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.passes.rewriter import Rewriter, rewrite

_PAIRS = ("SIGNAL_FFT_AUTO_SCALE", "SIGNAL_FILTER_BANK_SPECTRAL_SUBTRACTION")


def lower_signals(graph: Graph) -> Graph:
    """Puts one operator for each result in the place of Signal operators of two."""
    return rewrite(graph, _PAIRS, _lower)


def _lower(rewriter: Rewriter, op: Op) -> None:
    source, (first, second) = op.inputs[0], op.outputs
    if op.kind == "SIGNAL_FFT_AUTO_SCALE":
        rewriter.op("SIGNAL_SCALE_BITS", op.name, (source,), second)
        rewriter.op("SIGNAL_SHIFT", op.name, (source, second), first)
        return
    rewriter.op("SIGNAL_NOISE", op.name, (op.inputs[1], source), second, op.attributes)
    rewriter.op("SIGNAL_WITHOUT_NOISE", op.name, (source, second), first, op.attributes)
