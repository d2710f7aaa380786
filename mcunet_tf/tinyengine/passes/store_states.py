# SPDX-License-Identifier: Apache-2.0
"""The next state takes the place of the last one, once nobody reads the last one any more."""

from __future__ import annotations

import dataclasses

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.strided_copy import STRIDED_KINDS, SliceAttributes

IN_PLACE = ("SVDF_PUSH",)
"""Operators that may write their result over their first operand."""


def store_states(graph: Graph) -> Graph:
    """Puts a SLICE of everything behind the last reader of each state, and what it becomes.

    An inference computes the next state from the last one, which later operators may still read: so
    it is made in the arena and copied. Where it is a part of another tensor, as in models that keep
    a window, that part is copied at once. Where it is another state, as in a delay of several
    steps, that one is set aside first, before any is written. The copy is the graph's output; both
    states then have one place in memory, which the plan gives them. An operator that moves a state
    on writes there itself.
    """
    if not graph.states:
        return graph
    return _Stores(graph).result()


class _Stores:
    """The graph under construction."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.tensors = list(graph.tensors)
        self.readers, self.makers = graph.consumers(), graph.producers()
        self.first: list[Op] = []
        self.behind: list[list[Op]] = [[] for _ in range(len(graph.ops) + 1)]
        self.taken: set[Op] = set()
        # The state that a tensor shows: itself, or as a view.
        self.shown = {entry: entry for entry in graph.entries}
        for op in graph.ops:
            if op.kind == "RESHAPE" and op.inputs[0] in self.shown:
                self.shown[op.outputs[0]] = self.shown[op.inputs[0]]

    def result(self) -> Graph:
        """The graph with its stores."""
        graph = self.graph
        edges = zip(graph.entries, graph.exits, strict=True)
        exits = [self._store(entry, result) for entry, result in edges]
        ops = [*self.first, *self.behind[0]]
        for op, copies in zip(graph.ops, self.behind[1:], strict=True):
            ops += [*([op] if op not in self.taken else []), *copies]
        tensors = dict(enumerate(self.tensors))
        return graph.replace(ops=ops, tensors=tensors, outputs=(*graph.made, *exits))

    def _store(self, entry: int, result: int) -> int:
        """The tensor that holds a state at the end."""
        if self.shown.get(result) == entry:
            return entry  # it stays what it was
        part = self.makers.get(result)
        if part is not None and self._moves_on(part, entry, result):
            return result
        if part is not None and self._can_move(part, result):
            op = dataclasses.replace(part, outputs=(self._like(result, "/next"),))
            self.taken.add(part)
        else:
            op = self._copy(self._set_aside(result), "/next")
        self.behind[self._last_use(entry, result)].append(op)
        return op.outputs[0]

    def _moves_on(self, op: Op, entry: int, result: int) -> bool:
        """Whether an operator makes the next state over the last one, which no later one reads."""
        readers = self.readers.get(entry, [])
        in_place = op.kind in IN_PLACE and op.inputs[0] == entry and readers[-1] is op
        seen = [tensor for tensor in self.shown if self.shown[tensor] == entry]
        alone = seen == [entry] and entry not in self.graph.outputs
        return in_place and alone and self.graph.outputs.count(result) == 1

    def _can_move(self, part: Op, result: int) -> bool:
        """Whether a next state can be taken out of another tensor where it is stored."""
        alone = result not in self.readers and self.graph.outputs.count(result) == 1
        return part.kind in STRIDED_KINDS and alone and part.inputs[0] not in self.shown

    def _set_aside(self, result: int) -> int:
        """A copy of another state, in the shape that is shown of it; other tensors as they are."""
        if result not in self.shown:
            return result
        copy = self._copy(self.shown[result], "/last")
        self.first.append(copy)
        shown = self._like(result, "/last")
        self.first.append(Op("RESHAPE", self.tensors[shown].name, copy.outputs, (shown,)))
        return shown

    def _copy(self, source: int, suffix: str) -> Op:
        shape = self.tensors[source].shape
        copy = self._like(source, suffix)
        whole = SliceAttributes((0,) * len(shape), shape)
        return Op("SLICE", self.tensors[copy].name, (source,), (copy,), whole)

    def _like(self, index: int, suffix: str) -> int:
        known = self.tensors[index]
        made = dataclasses.replace(known, name=f"{known.name}{suffix}", data=None)
        self.tensors.append(made)
        return len(self.tensors) - 1

    def _last_use(self, entry: int, result: int) -> int:
        """The number of operators that must run before a state may be written."""
        last = 0
        for number, op in enumerate(self.graph.ops, 1):
            reads = any(self.shown.get(index) == entry for index in op.inputs)
            if reads or result in op.outputs:
                last = number
        return last
