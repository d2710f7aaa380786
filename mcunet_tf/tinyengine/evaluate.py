# SPDX-License-Identifier: Apache-2.0
"""Runs a graph in numpy, operator by operator: the exact model of what the C code computes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.ops import SPECS
from mcunet_tf.tinyengine.ops.spec import view


def evaluate(graph: Graph, inputs: Sequence[npt.NDArray[Any]]) -> tuple[npt.NDArray[Any], ...]:
    """The graph's outputs for one set of inputs, in the graph's own order and types.

    The states of a model that has some are the last inputs and the last outputs: `evaluate_series`
    hands them on.
    """
    values = evaluate_all(graph, inputs)
    return tuple(values[i] for i in graph.outputs)


def evaluate_series(
    graph: Graph, series: Iterable[Sequence[npt.NDArray[Any]]]
) -> Iterator[tuple[npt.NDArray[Any], ...]]:
    """The application's outputs of consecutive inferences, from the first states on."""
    states = graph.states
    for inputs in series:
        outputs = evaluate(graph, (*inputs, *states))
        states = outputs[len(graph.made) :]
        yield outputs[: len(graph.made)]


def evaluate_all(graph: Graph, inputs: Sequence[npt.NDArray[Any]]) -> dict[int, npt.NDArray[Any]]:
    """Every tensor's value, by index: for layer-by-layer comparison."""
    values = {i: t.data for i, t in enumerate(graph.tensors) if t.data is not None}
    for index, value in zip(graph.inputs, inputs, strict=True):
        tensor = graph.tensors[index]
        values[index] = np.asarray(value, tensor.dtype).reshape(tensor.shape)
    for op in graph.ops:
        operands = [values[i] for i in op.inputs if i >= 0]
        values[op.outputs[0]] = SPECS[op.kind].result(view(graph, op), operands)
    return values
