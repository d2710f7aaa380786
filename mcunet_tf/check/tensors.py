# SPDX-License-Identifier: Apache-2.0
"""What is needed of a compiled model to run it, and its tensors as bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class TensorLike(Protocol):
    """What is needed to know of a model's input or output; shape [n, h, w, c] or shorter."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102

    @property
    def dtype(self) -> Any: ...  # noqa: D102


class Compiled(Protocol):
    """What is needed of a compiled model: any runtime that emits the same contract can be run.

    One with an attribute `external` (`project.External`) links that too.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def files(self) -> Mapping[str, str]: ...  # noqa: D102

    @property
    def inputs(self) -> Sequence[TensorLike]: ...  # noqa: D102

    @property
    def outputs(self) -> Sequence[TensorLike]: ...  # noqa: D102


def tensor_bytes(info: TensorLike) -> int:
    """Bytes of a tensor's values."""
    item_bytes: int = np.dtype(info.dtype).itemsize
    return int(np.prod(info.shape, dtype=int)) * item_bytes


def encode_inputs(compiled: Compiled, arrays: tuple[Array, ...]) -> list[bytes]:
    """Checks the arrays against the model's inputs and returns their bytes.

    Raises:
        ValueError: number, shape or type of the arrays is wrong.
    """
    if len(arrays) != len(compiled.inputs):
        raise ValueError(f"{len(compiled.inputs)} input arrays expected, {len(arrays)} given")
    encoded = []
    for info, array in zip(compiled.inputs, arrays, strict=True):
        if array.dtype != np.dtype(info.dtype) or array.size != np.prod(info.shape, dtype=int):
            raise ValueError(
                f"input {info.name}: {np.dtype(info.dtype)} {tuple(info.shape)} expected, "
                f"{array.dtype} {array.shape} given"
            )
        encoded.append(np.ascontiguousarray(array).tobytes())
    return encoded


def decode_outputs(compiled: Compiled, raw: Sequence[bytes]) -> tuple[Array, ...]:
    """Gives the bytes of the outputs their types and shapes."""
    return tuple(
        np.frombuffer(data, dtype=info.dtype).reshape(info.shape)
        for info, data in zip(compiled.outputs, raw, strict=True)
    )
