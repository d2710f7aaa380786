# SPDX-License-Identifier: Apache-2.0
"""An entry of a kernel table: one C or assembler function and what it takes to call it."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.ops.common import MOVED_TYPES
from mcunet_tf.tinyengine.ops.spec import View

# `data_inputs` of a kernel that takes an array of pointers, one for each operand.
ALL_INPUTS: tuple[int, ...] = ()

# `takes` of a kernel.
NOT_INT16 = tuple(dtype for dtype in MOVED_TYPES if dtype != "int16")
ANY_TYPE = MOVED_TYPES


class Style(enum.Enum):
    """How a kernel walks its output; see ARCHITECTURE.md, "Kernels"."""

    WINDOW = "window"  # a band of output rows from pointers to input rows
    PIXELS = "pixels"  # contiguous pixels, input and output in step
    REDUCE = "reduce"  # bands of input rows, one small output at the end
    WHOLE = "whole"  # whole tensors


@dataclasses.dataclass(frozen=True, eq=False)
class Blob:
    """A constant array of the emitted C: weights, tables, streams; of structs, a row for each."""

    ctype: str
    values: npt.NDArray[Any]

    def __post_init__(self) -> None:
        # Numbers in braces of their own are C, but gcc takes quadratic time over them.
        assert self.values.ndim == (2 if self.ctype.startswith("struct ") else 1), self.ctype

    @property
    def size_bytes(self) -> int:
        """Bytes in flash."""
        return int(self.values.nbytes)


Field = int | float | Blob | tuple[Any, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Struct:
    """The initialiser of a kernel's argument struct, field by field in C's order."""

    ctype: str
    fields: Mapping[str, Any]

    def blobs(self) -> dict[str, Blob]:
        """The constant arrays among the fields."""
        return {name: v for name, v in self.fields.items() if isinstance(v, Blob)}


def _accepts_everything(_: View) -> str | None:
    return None


def _no_scratch(_: View, __: int) -> int:
    return 0


def channels_or_everything(view: View) -> int:
    """A pixel is the channels of an image, or the whole tensor for other ranks."""
    shape = view.output.shape
    return shape[-1] if len(shape) == 4 else view.output.elements


@dataclasses.dataclass(frozen=True)
class Kernel:
    """One kernel.

    Attributes:
      name: file stem, C symbol and the name of the entry at once.
      folder: where the file lies under `kernels/`; `<folder>/<folder>.h` declares it.
      isa: instruction set it needs: "portable", "dsp", "mve", "rvv", "scalar", "thumb" or
        "simd".
      style: calling style.
      arguments: prints the argument struct, packed constants included.
      rejects: why the kernel cannot take an operator, or None.
      scratch_bytes: scratch the kernel needs while it makes a number of output rows.
      data_inputs: positions of the operands that are passed as pointers, NULL for absent ones.
      streamed_inputs: those of them that are walked in step with the output (PIXELS).
      reads_ahead: a PIXELS kernel that has read a pixel before it writes there, so that the output
        may lie over the input.
      pixel_values: output values of what a PIXELS kernel counts as one pixel.
      band_rows: the most output rows that a WINDOW kernel gains from making at once.
      chunk_rows: a WINDOW kernel that works through longer calls in chunks of at most so many rows;
        the plan chooses how many, its struct's field of that name carries it, and scratch is for
        one chunk. 0: scratch is for all rows of a call.
      source: its C, where that is the user's; else it is the file of its name.
      in_place_rows: a WINDOW kernel whose output rows may be input rows of the same call.
      replaces_first: a WHOLE kernel whose output may lie exactly over its first operand.
      takes: types of the first operand, as far as the operator has them at all.
    """

    name: str
    folder: str
    isa: str
    style: Style
    arguments: Callable[[View], Struct]
    rejects: Callable[[View], str | None] = _accepts_everything
    scratch_bytes: Callable[[View, int], int] = _no_scratch
    data_inputs: tuple[int, ...] = (0,)
    streamed_inputs: tuple[int, ...] = (0,)
    reads_ahead: bool = False
    pixel_values: Callable[[View], int] = channels_or_everything
    band_rows: int = 1
    chunk_rows: int = 0
    in_place_rows: bool = False
    replaces_first: bool = False
    takes: tuple[str, ...] = NOT_INT16
    source: str | None = None

    def operands(self, inputs: tuple[int, ...]) -> tuple[int, ...]:
        """The tensors that are passed as pointers, of an operator's; -1 for absent ones."""
        positions = self.data_inputs or range(len(inputs))
        return tuple(inputs[p] if p < len(inputs) else -1 for p in positions)


def int8_blob(values: npt.ArrayLike) -> Blob:
    """An `int8_t` array."""
    return Blob("int8_t", np.ascontiguousarray(values, dtype=np.int8).reshape(-1))


def int16_blob(values: npt.ArrayLike) -> Blob:
    """An `int16_t` array."""
    return Blob("int16_t", np.ascontiguousarray(values, dtype=np.int16).reshape(-1))


def int64_blob(values: npt.ArrayLike) -> Blob:
    """An `int64_t` array."""
    return Blob("int64_t", np.ascontiguousarray(values, dtype=np.int64).reshape(-1))


def uint16_blob(values: npt.ArrayLike) -> Blob:
    """A `uint16_t` array."""
    return Blob("uint16_t", np.ascontiguousarray(values, dtype=np.uint16).reshape(-1))


def int32_blob(values: npt.ArrayLike) -> Blob:
    """An `int32_t` array."""
    return Blob("int32_t", np.ascontiguousarray(values, dtype=np.int32).reshape(-1))


def uint8_blob(values: npt.ArrayLike) -> Blob:
    """A `uint8_t` array."""
    return Blob("uint8_t", np.ascontiguousarray(values, dtype=np.uint8).reshape(-1))


def float_blob(values: npt.ArrayLike) -> Blob:
    """A `float` array."""
    return Blob("float", np.ascontiguousarray(values, dtype=np.float32).reshape(-1))


def word_blob(stream: npt.NDArray[np.uint8]) -> Blob:
    """A packed byte stream as 32-bit words, which aligns it."""
    return Blob("uint32_t", np.ascontiguousarray(stream).reshape(-1).view("<u4"))
