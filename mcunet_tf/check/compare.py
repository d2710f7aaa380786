# SPDX-License-Identifier: Apache-2.0
"""Outputs of a compiled model against what the references make of the same inputs.

Where tflite-runtime and TF-Lite Micro disagree, a model equals one of them: which one is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcunet_tf.check.edges import outputs_from
from mcunet_tf.check.reference import Reference
from mcunet_tf.check.tensors import Array
from mcunet_tf.errors import ModelError

FLOAT_TOLERANCE = 1e-5
"""Of float32 outputs, relative to the range of an output's values."""


@dataclass(frozen=True)
class Difference:
    """The first value that differs from a reference, of `count` in the same output.

    Attributes:
        inference: number of the input.
        output: number of the output.
        at: index into the output's values.
    """

    inference: int
    output: int
    count: int
    size: int
    at: int
    got: Any
    wanted: Any

    def text(self, version: str) -> str:
        """The difference from a reference of that name."""
        return (
            f"{self.count} of {self.size} values of output {self.output} differ for input "
            f"{self.inference}; at {self.at} C gives {self.got}, {version} gives {self.wanted}"
        )


class Answers:
    """What the references make of some inputs: the first one's outputs, others where asked for.

    Attributes:
        inputs: per inference one array for each input, in the model file's types.
    """

    def __init__(self, reference: Reference, inputs: Sequence[tuple[Array, ...]]) -> None:
        self.inputs = inputs
        first = reference.run(inputs)
        self._known = [(reference.version, first)]
        self._next = reference.other()

    @property
    def version(self) -> str:
        """Name and version of the first reference."""
        return self._known[0][0]

    def __iter__(self) -> Iterator[tuple[str, list[tuple[Array, ...]]]]:
        """Gives each reference's version and outputs; one that fails is passed over."""
        index = 0
        while index < len(self._known) or self._ask_another():
            yield self._known[index]
            index += 1

    def _ask_another(self) -> bool:
        if self._next is None:
            return False
        reference, self._next = self._next, None
        try:
            outputs = reference.run(self.inputs)
        except ModelError:
            return False
        self._known.append((reference.version, outputs))
        return True

    def differences(
        self,
        infos: Sequence[Any],
        outputs: Sequence[tuple[Array, ...]],
        steps: int = 0,
        written: Callable[[tuple[Array, ...]], tuple[Array, ...]] = lambda arrays: arrays,
    ) -> dict[str, tuple[Difference, ...]]:
        """What differs from each reference, up to the first that nothing differs from.

        Args:
            infos: the compiled model's outputs: dtype, scale and zero_point.
            outputs: per inference what it gave.
            steps: that integers may be off by, of a model that computes in float32.
            written: clears what references leave unwritten, see `detections.py`.

        Returns:
            By a reference's version the first difference of every inference that has one. The last
            is of the reference that decides: it is empty where the outputs are equal to it.
        """
        found: dict[str, tuple[Difference, ...]] = {}
        outputs = [written(arrays) for arrays in outputs]
        for version, answers in self:
            expected = [written(arrays) for arrays in answers]
            pairs = enumerate(zip(outputs, expected, strict=True))
            extents = [max(map(_extent, arrays)) for arrays in zip(*expected, strict=True)]
            limits = [(steps, extent) for extent in extents]
            different = (_difference(n, infos, got, wanted, limits) for n, (got, wanted) in pairs)
            found[version] = tuple(filter(None, different))
            if not found[version]:
                break
        return found


def steps_allowed(compiled: Any) -> int:
    """Steps that int8 outputs of a compiled model may be off by: 1 where it computes in float32.

    What lies at the edge of two steps before a QUANTIZE falls to one side or to the other.
    """
    graph = getattr(compiled, "graph", None)
    return int(graph is not None and any(op.kind.endswith("_F32") for op in graph.ops))


def _extent(values: Array) -> float:
    """The range of an output's values, from zero on: what float32 is held against."""
    finite = values[np.isfinite(values)].astype(np.float64)
    return max(float(np.ptp(finite)), float(np.abs(finite).max())) if finite.size else 0.0


def unequal(got: Array, wanted: Array, limits: tuple[int, float] | None = None) -> Array:
    """Where values are not what they should be: bool, of the arrays' shape.

    Integers are equal or wrong. float32 may be off by `FLOAT_TOLERANCE` of the output's range:
    sums may run in another order, and each C library has its own exponential.

    Args:
        got: what a model gave.
        wanted: what it should have given, of the same type and shape.
        limits: steps that integers may be off by, as float32 lies before them, and the range of
            the output over several inferences. None: no step, and the range of these values.
    """
    found: Array = got != wanted
    steps, extent = limits or (0, _extent(wanted))
    if wanted.dtype.kind in "iu" and steps:
        far: Array = np.abs(got.astype(np.int64) - wanted.astype(np.int64)) > steps
        return far
    if wanted.dtype.kind != "f" or not found.any():
        return found
    with np.errstate(invalid="ignore"):
        near = np.abs(got.astype(np.float64) - wanted) <= FLOAT_TOLERANCE * extent
    wrong: Array = found & ~near & ~(np.isnan(got) & np.isnan(wanted))
    return wrong


def _difference(
    inference: int,
    infos: Sequence[Any],
    got: Sequence[Array],
    wanted: Sequence[Array],
    limits: Sequence[tuple[int, float]],
) -> Difference | None:
    converted = outputs_from(infos, got, wanted)
    for output, (a, b) in enumerate(zip(converted, wanted, strict=True)):
        left, right = a.reshape(-1), b.reshape(-1)
        if left.dtype != right.dtype or left.size != right.size:
            return Difference(inference, output, right.size, right.size, 0, left.dtype, right.dtype)
        different = np.flatnonzero(unequal(left, right, limits[output]))
        if len(different):
            at = int(different[0])
            count = len(different)
            return Difference(inference, output, count, len(left), at, left[at], right[at])
    return None
