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
      kept: an input that lies in the state, and stays until it is set anew.
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
    kept: bool = False


@dataclasses.dataclass(frozen=True)
class Rows:
    """An image that the application pushes row by row: how many rows, and bytes of each."""

    rows: int
    row_bytes: int


@dataclasses.dataclass(frozen=True)
class Network:
    """One model of a library, as an application calls it.

    Attributes:
      name: C prefix of its functions; `<name>.h` declares them.
      macro: prefix of the header's macros.
      source: the model file's name, fit for a comment.
      arenas: the memories that its functions take; a state is the last one.
      places: a C expression for each of them, made of the names of the library's arenas.
      edges: inputs, then outputs.
      pushed: the input whose rows the application pushes; None where it gives whole frames.
      has_state: whether it remembers, and is reset before the first inference.
      sha256: digest of the model file; "" where it is not known.
    """

    name: str
    macro: str
    source: str
    arenas: tuple[Arena, ...]
    places: tuple[str, ...]
    edges: tuple[Edge, ...]
    pushed: Rows | None
    has_state: bool
    sha256: str = ""

    @property
    def inputs(self) -> tuple[Edge, ...]:
        """What the application gives."""
        return tuple(edge for edge in self.edges if edge.role == "Input")

    @property
    def outputs(self) -> tuple[Edge, ...]:
        """What it gets."""
        return tuple(edge for edge in self.edges if edge.role == "Output")


@dataclasses.dataclass(frozen=True, eq=False)
class Library:
    """Networks as C, before they are laid out for a build system.

    Attributes:
      name: C prefix; `<name>.h` is the public header.
      macro: prefix of the header's macros.
      source: the model files' names, fit for a comment.
      board: the board's name.
      version: mcunet_tf's version.
      arenas: memories that the application provides, aligned to ARENA_ALIGNMENT_BYTES.
      networks: the models, in the order in which they were given.
      constant_bytes: bytes of `constants` in flash.
      files: C and assembler text by path.
      sources: paths among them to be compiled.
      headers: paths among them that an application includes, the library's own first.
      constants: the one among them that holds nothing but constants.
      flags: flags for the compiler.
      example: text of a `main.c` that runs the networks once, not among the files.
      condition: what the preprocessor must know of the core; "" where any will do.
      folder: the folder of `files`, to which their includes are relative; "" for the project's own.
      notes: sentences on what was decided for all models together.
      examples: further programs by format and path, of what lies beside a model.
    """

    name: str
    macro: str
    source: str
    board: str
    version: str
    arenas: tuple[Arena, ...]
    networks: tuple[Network, ...]
    constant_bytes: int
    files: Mapping[str, str]
    sources: tuple[str, ...]
    headers: tuple[str, ...]
    constants: str
    flags: tuple[str, ...]
    example: str
    condition: str = ""
    folder: str = ""
    notes: tuple[str, ...] = ()
    examples: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)

    @property
    def has_assembler(self) -> bool:
        """Whether some sources are assembler."""
        return any(path.endswith(".S") for path in self.sources)

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Inputs and outputs of the first model."""
        return self.networks[0].edges

    @property
    def pushed(self) -> Rows | None:
        """What the application pushes to the first model."""
        return self.networks[0].pushed

    @property
    def public_headers(self) -> tuple[str, ...]:
        """All headers that an application's include lines lead to."""
        forms = ("", "_fast", "_any")
        paths = (f"{path[:-2]}{form}.h" for path in self.headers for form in forms)
        return tuple(path for path in paths if path in self.files)

    def below(self, folder: str) -> Library:
        """The same with all files in a folder."""
        return dataclasses.replace(
            self,
            files={f"{folder}/{path}": text for path, text in self.files.items()},
            sources=tuple(f"{folder}/{path}" for path in self.sources),
            headers=tuple(f"{folder}/{path}" for path in self.headers),
            constants=f"{folder}/{self.constants}",
            folder=folder,
        )
