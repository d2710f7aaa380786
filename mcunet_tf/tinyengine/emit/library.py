# SPDX-License-Identifier: Apache-2.0
"""What there is to say of an emitted library: all that the writer of a project format needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

ARENA_ALIGNMENT_BYTES = 16


@dataclasses.dataclass(frozen=True)
class Arena:
    """A memory that the application provides: C name, macro of its size, and the size in bytes."""

    name: str
    macro: str
    size_bytes: int


@dataclasses.dataclass(frozen=True)
class Edge:
    """An input or an output of the network.

    Attributes:
      role: "Input" or "Output".
      index: number among those of its role.
      label: the model's own name, fit for a comment.
      dtype, ctype: type of its values in numpy and in C.
      shape: NHWC.
      elements: number of values.
      size_bytes: bytes of all values.
      region, offset: the arena that it lies in, and where.
      scale: C literal of the scale, or None where values are not quantised.
      zero_point: the value that stands for 0.
      macro, function: prefix of its macros, and the function that gives its address.
      alias: the same function by the edge's own name; "" where that is no C name.
    """

    role: str
    index: int
    label: str
    dtype: str
    ctype: str
    shape: tuple[int, ...]
    elements: int
    size_bytes: int
    region: int
    offset: int
    scale: str | None
    zero_point: int
    macro: str
    function: str
    alias: str = ""


@dataclasses.dataclass(frozen=True)
class Rows:
    """An image that the application pushes row by row: how many rows, and bytes of each."""

    rows: int
    row_bytes: int


@dataclasses.dataclass(frozen=True, eq=False)
class Library:
    """A network as C, before it is laid out for a build system.

    Attributes:
      name: C prefix; `<name>.h` is the public header.
      macro: prefix of the header's macros.
      source: the model file's name, fit for a comment.
      board: the board's name.
      version: mcunet_tf's version.
      arenas: memories that the application provides, aligned to ARENA_ALIGNMENT_BYTES.
      edges: inputs, then outputs.
      pushed: the input whose rows the application pushes; None where it gives whole frames.
      constant_bytes: bytes of `constants` in flash.
      files: C and assembler text by path; includes are relative to the folder that holds them all.
      sources: paths among them to be compiled.
      constants: the one among them that holds nothing but constants.
      flags: flags for the compiler.
      example: text of a `main.c` that runs the network once, not among the files.
    """

    name: str
    macro: str
    source: str
    board: str
    version: str
    arenas: tuple[Arena, ...]
    edges: tuple[Edge, ...]
    pushed: Rows | None
    constant_bytes: int
    files: Mapping[str, str]
    sources: tuple[str, ...]
    constants: str
    flags: tuple[str, ...]
    example: str

    @property
    def has_assembler(self) -> bool:
        """Whether some sources are assembler."""
        return any(path.endswith(".S") for path in self.sources)
