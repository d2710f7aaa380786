# SPDX-License-Identifier: Apache-2.0
"""What a test case of an operator is, and the inputs that every case is tried with."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from mcunet_tf.tinyengine.ir import Graph

Arrays = tuple[np.ndarray, ...]
INPUTS_PER_CASE = 3
INPUTS_OF_A_SERIES = 12  # of a model that remembers: more than its windows are long


@dataclass(frozen=True)
class Case:
    """One operator in a file of its own.

    Attributes:
        op: builtin name of the operator under test.
        name: says what is special about it.
        model: the `.tflite` bytes.
    """

    op: str
    name: str
    model: bytes = field(repr=False)

    def __str__(self) -> str:
        return f"{self.op}-{self.name}"


def case_inputs(
    case: Case, graph: Graph, count: int = INPUTS_PER_CASE, *, states: bool = False
) -> list[Arrays]:
    """Inputs of both kinds that find errors: spread over the type, and at its limits only.

    Args:
        case: seeds the draw with its name.
        graph: says the shapes and types of the inputs, in the order of the file.
        count: how many; those after the second are random. More, if the model remembers.
        states: what it remembers is drawn as inputs are, behind them.
    """
    count = max(count, INPUTS_OF_A_SERIES) if graph.states else count
    rng = np.random.default_rng(zlib.crc32(str(case).encode()))
    tensors = [graph.tensors[index] for index in (graph.inputs if states else graph.given)]
    drawn = [
        tuple(_draw(rng, tensor.shape, tensor.dtype, number) for tensor in tensors)
        for number in range(count)
    ]
    return drawn


def _draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: str, number: int) -> np.ndarray:
    if dtype == "float32":
        return rng.normal(0, 3, shape).astype(np.float32)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    limits = np.iinfo(dtype)
    if number == 0 and limits.bits <= 16:
        # Every value of the type in turn, so that 256 elements hold them all.
        count = int(np.prod(shape, dtype=int))
        start = int(rng.integers(256))
        if limits.bits == 8:
            return (start + np.arange(count)).astype(np.uint8).view(dtype).reshape(shape)
        # From the least to the greatest, and some around zero.
        spread = np.linspace(limits.min, limits.max, count).astype(np.int64)
        near = rng.integers(-300, 300, count)
        return np.where(rng.random(count) < 0.2, near, spread).astype(dtype).reshape(shape)
    if number == 1:
        return rng.choice([limits.min, limits.max], shape).astype(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def collect(op: str, models: Iterable[tuple[str, bytes]]) -> tuple[Case, ...]:
    """Cases of one operator; their names are distinct."""
    cases = tuple(Case(op, name, model) for name, model in models)
    assert len({case.name for case in cases}) == len(cases), f"{op}: two cases of one name"
    return cases
