# SPDX-License-Identifier: Apache-2.0
"""The compiler's graph: frozen tensors and operators, nothing else.

A graph is legal when `verify.check_graph` says so. Passes return new graphs; nothing is changed in
place. Tensors are referred to by index into `Graph.tensors`, so that a pass can replace a tensor
without touching the operators that use it.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

ITEM_BYTES = {
    "int8": 1,
    "uint8": 1,
    "bool": 1,
    "int16": 2,
    "float16": 2,
    "int32": 4,
    "float32": 4,
    "int64": 8,
    "uint32": 4,
    "uint64": 8,
    "float64": 8,
}

QUANTISED_TYPES = ("int8", "uint8", "int16")
"""Types whose scale says what their values stand for."""


@dataclasses.dataclass(frozen=True)
class Quantization:
    """real = scale * (quantised - zero_point), per tensor (length 1) or along `axis`."""

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int = 0


@dataclasses.dataclass(frozen=True, eq=False)
class Tensor:
    """One value of the graph; `data` is set for constants."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: Quantization | None = None
    data: npt.NDArray[Any] | None = None

    @functools.cached_property
    def elements(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def item_bytes(self) -> int:
        """Bytes of one value."""
        return ITEM_BYTES[self.dtype]

    @functools.cached_property
    def size_bytes(self) -> int:
        """Bytes of all values."""
        return self.elements * ITEM_BYTES[self.dtype]

    @functools.cached_property
    def rows(self) -> tuple[int, int]:
        """(rows, bytes of a row): rows of [1, h, w, c], else one row of everything."""
        if len(self.shape) == 4 and self.shape[0] == 1 and self.size_bytes:
            return self.shape[1], self.shape[2] * self.shape[3] * ITEM_BYTES[self.dtype]
        return 1, self.size_bytes

    @property
    def scale(self) -> float:
        """The per-tensor scale. The compiler's checks make sure that there is one."""
        assert self.quantization is not None and len(self.quantization.scale) == 1
        return self.quantization.scale[0]

    @property
    def zero_point(self) -> int:
        """The per-tensor zero point."""
        assert self.quantization is not None and len(self.quantization.zero_point) == 1
        return self.quantization.zero_point[0]

    @property
    def padding_value(self) -> int:
        """What stands for zero around an image: the zero point, or 0 where there is none."""
        return self.zero_point if self.quantization is not None else 0


@dataclasses.dataclass(frozen=True, eq=False)
class Op:
    """One operator. `attributes` is the frozen dataclass that the operator's module defines.

    `kind` is the TensorFlow Lite builtin name; `name` is the layer as the user knows it;
    an absent optional input is -1.
    """

    kind: str
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attributes: Any = None


@dataclasses.dataclass(frozen=True, eq=False)
class Graph:
    """Operators in execution order over a table of tensors.

    What a model remembers from one inference to the next is an input and an output like others:
    the last inputs and the last outputs, in the same order, one for each array of `states`.

    Attributes:
      name: the model file's name.
      tensors: all tensors; operators refer to them by index.
      ops: the operators in execution order.
      inputs: what is given: by the application, then by the inference before.
      outputs: what is made: for the application, then for the next inference.
      states: what the states hold before the first inference.
      kept: places among the application's inputs of those that it sets once, and that stay: the
        first states.
      input_names, output_names: what the file calls the application's edges, in their order: by its
        signature, where it has one. They stay where passes put other tensors there.
    """

    name: str
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    input_names: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()
    states: tuple[npt.NDArray[Any], ...] = ()
    kept: tuple[int, ...] = ()

    @property
    def edges(self) -> tuple[int, ...]:
        """The inputs of the application in its order: those that it gives, and those it sets."""
        found = list(self.given)
        for place, entry in zip(self.kept, self.entries, strict=False):
            found.insert(place, entry)
        return tuple(found)

    @property
    def given(self) -> tuple[int, ...]:
        """The inputs that the application gives."""
        return self.inputs[: len(self.inputs) - len(self.states)]

    @property
    def made(self) -> tuple[int, ...]:
        """The outputs that the application reads."""
        return self.outputs[: len(self.outputs) - len(self.states)]

    @property
    def entries(self) -> tuple[int, ...]:
        """The inputs that hold states at the start of an inference."""
        return self.inputs[len(self.inputs) - len(self.states) :]

    @property
    def exits(self) -> tuple[int, ...]:
        """The outputs that hold states at its end."""
        return self.outputs[len(self.outputs) - len(self.states) :]

    def operands(self, op: Op) -> tuple[Tensor | None, ...]:
        """The input tensors of an operator, None where an optional one is absent."""
        return tuple(self.tensors[i] if i >= 0 else None for i in op.inputs)

    def results(self, op: Op) -> tuple[Tensor, ...]:
        """The output tensors of an operator."""
        return tuple(self.tensors[i] for i in op.outputs)

    def consumers(self) -> dict[int, list[Op]]:
        """Operators that read each tensor, in execution order."""
        readers: dict[int, list[Op]] = {}
        for op in self.ops:
            for index in dict.fromkeys(op.inputs):
                readers.setdefault(index, []).append(op)
        return readers

    def producers(self) -> dict[int, Op]:
        """The operator that writes each tensor."""
        return {index: op for op in self.ops for index in op.outputs}

    def replace(
        self,
        *,
        ops: Iterable[Op] | None = None,
        tensors: Mapping[int, Tensor] | None = None,
        inputs: Iterable[int] | None = None,
        outputs: Iterable[int] | None = None,
    ) -> Graph:
        """A copy with other operators, some tensors exchanged or appended, or other edges."""
        table = list(self.tensors)
        for index, tensor in sorted((tensors or {}).items()):
            if index == len(table):
                table.append(tensor)
            else:
                table[index] = tensor
        return Graph(
            self.name,
            tuple(table),
            self.ops if ops is None else tuple(ops),
            self.inputs if inputs is None else tuple(inputs),
            self.outputs if outputs is None else tuple(outputs),
            self.input_names,
            self.output_names,
            self.states,
            self.kept,
        )


def is_constant(tensor: Tensor | None) -> bool:
    """Whether a tensor's values are known at compile time."""
    return tensor is not None and tensor.data is not None


def constant_values(tensor: Tensor | None) -> list[int]:
    """The entries of a small constant integer tensor (axes, paddings, shapes)."""
    assert tensor is not None and tensor.data is not None
    return [int(v) for v in np.asarray(tensor.data).reshape(-1)]
