# SPDX-License-Identifier: Apache-2.0
"""IF and WHILE, as the operators that they run.

What runs is known where a condition or a number of rounds follows from constants: the operators of
the chosen branch, or of all rounds, take the place of the one that chooses. Where a condition is
computed, both branches run and a SELECT_V2 takes the results of one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from mcunet_tf.tinyengine.ir import Op, Tensor
from mcunet_tf.tinyengine.ops.spec import Impossible, view_of
from mcunet_tf.tinyengine.settle_shapes import Options, known_constants

MAX_STEPS = 8192
"""Operators and rounds that are gone through: a loop of more is left as it is, and refused."""
_MAX_DEPTH = 8
CHOOSES = ("IF", "WHILE")
# What must not run unless it is chosen.
_EFFECTS = ("ASSIGN_VARIABLE", "CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "SVDF")


@dataclasses.dataclass(frozen=True, eq=False)
class Subgraph:
    """A subgraph as it stands in the file; `unsettled` tensors are declared with an open size."""

    tensors: tuple[Tensor, ...]
    ops: tuple[tuple[Op, Options], ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    unsettled: frozenset[int] = frozenset()


class _TooManyError(Exception):
    """There are more operators than anybody would deploy."""


def inline_subgraphs(subgraphs: Sequence[Subgraph]) -> Subgraph:
    """Puts the operators of other subgraphs in the place of IF and WHILE.

    Args:
      subgraphs: of the file; the first one is what an inference runs.

    Returns:
      The first subgraph with more tensors and other operators. What cannot be inlined is left.
    """
    main = subgraphs[0]
    if not any(op.kind in CHOOSES for op, _ in main.ops):
        return main
    inliner = _Inliner(subgraphs)
    inliner.walk(main.ops, {}, 0)
    return Subgraph(
        tuple(inliner.tensors),
        tuple(inliner.ops),
        main.inputs,
        tuple(inliner.meant(index, {}) for index in main.outputs),
        frozenset(inliner.unsettled),
    )


class _Inliner:
    """The main subgraph as it grows.

    Attributes:
      tensors, ops: of the main subgraph.
      known: the same tensors, with the values that follow from constants.
      aliases: what stands for a tensor of the main subgraph that no operator makes any more.
      steps: what was gone through; within: operators that choose around the current one.
    """

    def __init__(self, subgraphs: Sequence[Subgraph]) -> None:
        self.subgraphs = subgraphs
        self.tensors = list(subgraphs[0].tensors)
        self.known = list(self.tensors)
        self.unsettled = set(subgraphs[0].unsettled)
        self.ops: list[tuple[Op, Options]] = []
        self.aliases: dict[int, int] = {}
        self.steps = self.within = 0

    def meant(self, index: int, places: dict[int, int]) -> int:
        """The tensor of the main subgraph that an index of a subgraph stands for."""
        index = places.get(index, index)
        return self.aliases.get(index, index)

    def walk(self, ops: Sequence[tuple[Op, Options]], places: dict[int, int], depth: int) -> None:
        """Appends operators, with those that they choose in their place."""
        for op, options in ops:
            inputs = tuple(index if index < 0 else self.meant(index, places) for index in op.inputs)
            outputs = tuple(self.meant(index, places) for index in op.outputs)
            here = dataclasses.replace(op, inputs=inputs, outputs=outputs)
            if isinstance(options, Impossible) or op.kind not in CHOOSES:
                self.append(here, options)
            elif depth >= _MAX_DEPTH or not self.chosen(here, options, depth + 1):
                self.append(here, options)

    def step(self) -> None:
        """Counts what is gone through."""
        self.steps += 1
        if self.steps > MAX_STEPS and self.within:
            raise _TooManyError

    def append(self, op: Op, options: Options) -> None:
        """Appends one operator, and notes what it makes if that is known."""
        self.step()
        self.ops.append((op, options))
        if isinstance(options, Impossible) or not op.outputs or op.kind in CHOOSES:
            return
        for index, value in zip(
            op.outputs, known_constants(view_of(self.known, op), options) or (), strict=False
        ):
            self.known[index] = dataclasses.replace(
                self.known[index], data=value, shape=value.shape
            )

    def chosen(self, op: Op, options: Any, depth: int) -> bool:
        """Inlines an operator that chooses; False, with nothing changed, where that cannot be."""
        before = len(self.tensors), len(self.ops), dict(self.aliases)
        self.within += 1
        try:
            if op.kind == "IF":
                results = self.branch(op, options, depth)
            else:
                results = self.rounds(op, options, depth)
        except _TooManyError:
            if depth > 1:
                raise
            results = None
        finally:
            self.within -= 1
        if results is None or len(results) != len(op.outputs):
            del self.tensors[before[0] :], self.known[before[0] :], self.ops[before[1] :]
            self.aliases = before[2]
            return False
        self.aliases.update(zip(op.outputs, results, strict=True))
        return True

    def call(self, number: int, arguments: Sequence[int], depth: int) -> list[int] | None:
        """Runs a subgraph on tensors; returns those that it makes, None if it is not as called."""
        if not 0 < number < len(self.subgraphs):
            return None
        part = self.subgraphs[number]
        if len(part.inputs) != len(arguments) or any(index < 0 for index in arguments):
            return None
        places = dict(zip(part.inputs, arguments, strict=True))
        for index, tensor in enumerate(part.tensors):
            if index not in places:
                places[index] = len(self.tensors)
                if index in part.unsettled:
                    self.unsettled.add(places[index])
                self.tensors.append(tensor)
                self.known.append(tensor)
        self.walk(part.ops, places, depth)
        return [self.meant(index, places) for index in part.outputs]

    def decided(self, condition: int) -> bool | None:
        """The value of a condition, None where it is computed."""
        data = self.known[condition].data
        return None if data is None or data.size != 1 else bool(data.reshape(-1)[0])

    def branch(self, op: Op, options: Any, depth: int) -> list[int] | None:
        """The results of an IF."""
        condition, *arguments = op.inputs
        numbers = options["ThenSubgraphIndex"], options["ElseSubgraphIndex"]
        taken = self.decided(condition)
        if taken is not None:
            return self.call(numbers[0 if taken else 1], arguments, depth)
        first = len(self.ops)
        both = [self.call(number, arguments, depth) for number in numbers]
        effects = any(made.kind in (*_EFFECTS, *CHOOSES) for made, _ in self.ops[first:])
        if both[0] is None or both[1] is None or effects or self.tensors[condition].elements != 1:
            return None
        for result, pair in zip(op.outputs, zip(*both, strict=False), strict=False):
            if any(_kind(self.tensors[index]) != _kind(self.tensors[result]) for index in pair):
                return None
            self.append(Op("SELECT_V2", op.name, (condition, *pair), (result,)), {})
        return list(op.outputs)

    def rounds(self, op: Op, options: Any, depth: int) -> list[int] | None:
        """The results of a WHILE."""
        values: list[int] | None = list(op.inputs)
        while values is not None:
            self.step()
            kept = len(self.ops)
            condition = self.call(options["CondSubgraphIndex"], values, depth)
            if condition is None or len(condition) != 1:
                return None
            goes_on = self.decided(condition[0])
            del self.ops[kept:]  # a condition has no effects
            if goes_on is None:
                return None
            if not goes_on:
                return values
            values = self.call(options["BodySubgraphIndex"], values, depth)
        return None


def _kind(tensor: Tensor) -> tuple[Any, ...]:
    return tensor.dtype, tensor.shape, tensor.quantization
