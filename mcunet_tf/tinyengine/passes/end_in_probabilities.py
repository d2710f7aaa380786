# SPDX-License-Identifier: Apache-2.0
"""Makes probabilities of scores that a network leaves as they are, as its loss does in training.

A pass on request: what holds scores against a threshold asks for probabilities, and many networks
end before their softmax.
"""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.ir import Graph, Quantization, Tensor
from mcunet_tf.tinyengine.ops.softmax import SoftmaxAttributes
from mcunet_tf.tinyengine.passes.rewriter import Rewriter

_LEAST = {"int8": -128, "uint8": 0, "int16": 0}
_UNIT = {"int8": 1 / 256, "uint8": 1 / 256, "int16": 1 / 32768}
_STEPS = {"int8": 255, "uint8": 255, "int16": 32767}


def are_probabilities(tensor: Tensor) -> bool:
    """Whether all that a tensor can hold lies from 0 to 1, as behind a softmax or a sigmoid."""
    least = _LEAST.get(tensor.dtype)
    if least is None or tensor.quantization is None or len(tensor.quantization.scale) != 1:
        return False
    return tensor.zero_point == least and _STEPS[tensor.dtype] * tensor.scale <= 1.0


def end_in_probabilities(graph: Graph) -> Graph:
    """Puts a SOFTMAX behind the scores of the first output, or a LOGISTIC behind a single score."""
    source = graph.outputs[0]
    scores = graph.tensors[source]
    if scores.dtype not in _LEAST or scores.quantization is None:
        return graph
    rewriter = Rewriter(graph)
    rewriter.ops.extend(graph.ops)
    if scores.dtype == "uint8":  # from old converters: the same values, 128 less
        signed = Quantization(scores.quantization.scale, (scores.zero_point - 128,))
        moved = dataclasses.replace(scores, dtype="int8", quantization=signed, data=None)
        source = _then(rewriter, "QUANTIZE", source, moved)
    known = rewriter.tensor(source)
    if known.shape[-1:] != (known.elements,):
        flat = dataclasses.replace(known, shape=(1, known.elements), data=None)
        source = _then(rewriter, "RESHAPE", source, flat)
    known = rewriter.tensor(source)
    unit = Quantization((_UNIT[known.dtype],), (_LEAST[known.dtype],))
    shares = dataclasses.replace(known, quantization=unit, data=None)
    if known.elements == 1:
        made = _then(rewriter, "LOGISTIC", source, shares)
    else:
        made = _then(rewriter, "SOFTMAX", source, shares, SoftmaxAttributes(1.0))
    return dataclasses.replace(rewriter.result(), outputs=(made, *graph.outputs[1:]))


def _then(
    rewriter: Rewriter,
    kind: str,
    source: int,
    made: Tensor,
    attributes: SoftmaxAttributes | None = None,
) -> int:
    """Appends an operator and its result."""
    name = f"{rewriter.tensor(source).name}/{kind.lower()}"
    result = rewriter.add(dataclasses.replace(made, name=name))
    rewriter.op(kind, name, (source,), result, attributes)
    return result
