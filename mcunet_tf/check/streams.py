# SPDX-License-Identifier: Apache-2.0
"""Models that take rows of time, held against the reference: a recording, call by call."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from mcunet_tf.check.edges import inputs_for
from mcunet_tf.check.reference import random_inputs
from mcunet_tf.check.tensors import Array


@dataclasses.dataclass(frozen=True)
class _Spec:
    """What `random_inputs` draws."""

    shape: tuple[int, ...]
    dtype: str


@dataclasses.dataclass(frozen=True)
class _Inputs:
    inputs: Sequence[_Spec]


@dataclasses.dataclass(frozen=True, eq=False)
class Recording:
    """Rows of time, in the model file's type and in the stream's shape.

    Attributes:
        rows: [1, ..., rows, ...].
        stream: the `Stream` of a compiled model.
    """

    rows: Array
    stream: Any

    def calls(self, compiled: Any) -> list[tuple[Array, ...]]:
        """What the compiled model is given, call by call."""
        hop = self.stream.hop
        count = self.rows.shape[self.stream.axis] // hop
        parts = (self._part(k * hop, (k + 1) * hop) for k in range(count))
        return [inputs_for(compiled.inputs, (part,)) for part in parts]

    def windows(self) -> list[tuple[Array, ...]]:
        """The window that ends with each call behind the warm-up, as the model file takes it."""
        hop, window = self.stream.hop, self.stream.window
        count = self.rows.shape[self.stream.axis] // hop
        ends = [(k + 1) * hop for k in range(self.stream.warm_up, count)]
        return [(self._as_in_file(self._part(end - window, end)),) for end in ends]

    def _part(self, start: int, end: int) -> Array:
        part: Array = np.take(self.rows, np.arange(start, end), self.stream.axis)
        return part

    def _as_in_file(self, window: Array) -> Array:
        for view in reversed(self.stream.edge):
            if view.op.kind == "TRANSPOSE":
                window = window.transpose(np.argsort(view.attributes.permutation))
            window = window.reshape(view.input(0).shape)
        return np.ascontiguousarray(window)


def random_recording(stream: Any, dtype: str, results: int, seed: int) -> Recording:
    """A recording of random rows that is long enough for so many results behind the warm-up.

    Args:
        stream: of a compiled model.
        dtype: of the model file's input.
        results: how many.
        seed: equal seeds give equal rows.
    """
    (tensor,) = (stream.whole.tensors[index] for index in stream.whole.given)
    shape = list(tensor.shape)
    shape[stream.axis] = (stream.warm_up + results) * stream.hop
    spec = _Spec(tuple(shape), dtype)
    ((rows,),) = random_inputs(_Inputs((spec,)), 1, seed)
    return Recording(rows, stream)


