# SPDX-License-Identifier: Apache-2.0
"""A graph under construction, for passes that put several operators in the place of one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.ir import Graph, Op, Quantization, Tensor


class Rewriter:
    """Collects the operators and the new tensors of the graph that a pass returns."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.ops: list[Op] = []
        self._added: list[Tensor] = []

    def result(self) -> Graph:
        """The new graph."""
        first = len(self.graph.tensors)
        return self.graph.replace(ops=self.ops, tensors=dict(enumerate(self._added, first)))

    def tensor(self, index: int) -> Tensor:
        """A tensor of the old graph or a new one."""
        first = len(self.graph.tensors)
        return self.graph.tensors[index] if index < first else self._added[index - first]

    def add(self, tensor: Tensor) -> int:
        """A new tensor; returns its index."""
        self._added.append(tensor)
        return len(self.graph.tensors) + len(self._added) - 1

    def like(self, index: int, shape: tuple[int, ...], suffix: str) -> int:
        """A new tensor of another shape, with the type and scale of a known one."""
        known = self.tensor(index)
        made = dataclasses.replace(known, name=f"{known.name}{suffix}", shape=shape, data=None)
        return self.add(made)

    def constant(
        self,
        index: int,
        data: npt.NDArray[Any],
        quantization: Quantization | None,
    ) -> int:
        """A new constant in the place of a known one."""
        whole = np.ascontiguousarray(data)
        known = self.tensor(index)
        return self.add(
            dataclasses.replace(known, shape=whole.shape, data=whole, quantization=quantization)
        )

    def op(
        self, kind: str, name: str, inputs: tuple[int, ...], output: int, attributes: Any = None
    ) -> None:
        """Appends an operator of one result."""
        self.ops.append(Op(kind, name, inputs, (output,), attributes))


def rewrite(graph: Graph, kinds: Collection[str], lower: Callable[[Rewriter, Op], None]) -> Graph:
    """The graph with `lower` in the place of every operator of these kinds."""
    rewriter = Rewriter(graph)
    for op in graph.ops:
        if op.kind in kinds:
            lower(rewriter, op)
        else:
            rewriter.ops.append(op)
    return rewriter.result()
