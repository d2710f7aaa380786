# SPDX-License-Identifier: Apache-2.0
"""What the compiler knows about an operator: its meaning, its limits and its cost in MACs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.ir import Graph, Op, Tensor

Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class View:
    """An operator together with the tensors it reads and writes."""

    op: Op
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]

    @property
    def attributes(self) -> Any:
        """The operator's own attributes."""
        return self.op.attributes

    @property
    def output(self) -> Tensor:
        """The first result."""
        return self.outputs[0]

    def input(self, position: int) -> Tensor:
        """A required operand; constraints have made sure that it is there."""
        tensor = self.inputs[position]
        assert tensor is not None, f"{self.op.kind} '{self.op.name}' lacks operand {position}"
        return tensor

    def optional(self, position: int) -> Tensor | None:
        """An operand, or None where it is absent."""
        return self.inputs[position] if position < len(self.inputs) else None

    def constant(self, position: int) -> Array:
        """A constant operand's values."""
        data = self.input(position).data
        assert data is not None, f"operand {position} of '{self.op.name}' is not constant"
        return data


def view(graph: Graph, op: Op) -> View:
    """An operator with its tensors."""
    return view_of(graph.tensors, op)


def view_of(tensors: Sequence[Tensor], op: Op) -> View:
    """An operator with its tensors, for those who make a table of tensors anew as they go."""
    operands = tuple(tensors[index] if index >= 0 else None for index in op.inputs)
    return View(op, operands, tuple(tensors[index] for index in op.outputs))


class ImpossibleError(ValueError):
    """An attribute that no operator of its kind can have; the text says what was found."""


@dataclasses.dataclass(frozen=True)
class Impossible:
    """Stands in the place of an operator's attributes until `verify` names what was found."""

    reason: str


# A constraint's docstring is the sentence that users read; it returns the offending value or None.
Constraint = Callable[[View], str | None]


def _no_macs(_: View) -> int:
    return 0


@dataclasses.dataclass(frozen=True)
class OpSpec:
    """One operator.

    Attributes:
      kind: TensorFlow Lite's builtin name.
      read: turns the flatbuffer's option fields and the operands into `Op.attributes`; raises
        `ImpossibleError` for what cannot be. Operands in `required` are there.
      evaluate: exact integer result in numpy, equal to TFLite's reference kernel bit for bit; None
        for what a pass rewrites.
      constraints: what must hold for the operator to be compiled.
      macs: multiply-accumulates of one inference.
      becomes: the operators that a pass puts in its place.
      required: positions of the operands without which the others mean nothing.
      result_counts: how many results it may have; more than one until a pass makes them one.
    """

    kind: str
    read: Callable[[Mapping[str, Any], View], Any]
    evaluate: Callable[[View, Sequence[Array]], Array] | None
    constraints: tuple[Constraint, ...] = ()
    macs: Callable[[View], int] = _no_macs
    becomes: tuple[str, ...] = ()
    required: tuple[int, ...] = (0,)
    result_counts: tuple[int, ...] = (1,)

    def result(self, view: View, values: Sequence[Array]) -> Array:
        """What `evaluate` gives, for an operator that has it."""
        assert self.evaluate is not None, f"a pass should have rewritten {self.kind}"
        return self.evaluate(view, values)


def no_attributes(_: Mapping[str, Any], __: View) -> None:
    """For operators without options."""
    return None


def as_int8(values: npt.ArrayLike) -> Array:
    """Saturates to int8."""
    return saturated(values, "int8")


def saturated(values: npt.ArrayLike, dtype: str) -> Array:
    """Saturates to an integer type."""
    limits = np.iinfo(dtype)
    clipped: Array = np.clip(np.asarray(values), limits.min, limits.max)
    return clipped.astype(dtype)
