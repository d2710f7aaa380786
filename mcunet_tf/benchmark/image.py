# SPDX-License-Identifier: Apache-2.0
"""Reads section sizes out of a 32-bit ELF image: what the linker placed, not what was hoped."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from mcunet_tf.errors import ToolError

_ALLOCATED = 0x2
_NO_BITS = 8
_ARM = 40


@dataclass(frozen=True)
class ImageSizes:
    """Bytes of an image by what they are for.

    Attributes:
        code_bytes: all flash but the weights and the harness: model code, kernels, their tables
            and constants, C library, initial values of data.
        weights_bytes: the model's constant tensors.
        harness_bytes: the runner around the model: vectors, protocol, drivers.
        static_bytes: .data and .bss, the harness's own included; neither arena nor stack.
        arena_bytes: the activation arena as linked.
    """

    code_bytes: int
    weights_bytes: int
    harness_bytes: int
    static_bytes: int
    arena_bytes: int


@dataclass(frozen=True)
class Section:
    """One section of an image; `data` is empty where the file holds none (.bss)."""

    size_bytes: int
    allocated: bool
    data: bytes


def read_sections(elf: Path) -> dict[str, Section]:
    """Maps the names of an image's sections to their contents.

    Raises:
        ToolError: the file is not a little-endian 32-bit ELF.
    """
    image = elf.read_bytes()
    if image[:6] != b"\x7fELF\x01\x01":
        raise ToolError(f"{elf.name} is not an image for a 32-bit board")
    (table,) = struct.unpack_from("<I", image, 32)
    entry_bytes, count, names_index = struct.unpack_from("<3H", image, 46)
    # name, type, flags, address, offset, size
    headers = [struct.unpack_from("<6I", image, table + i * entry_bytes) for i in range(count)]
    names_at = headers[names_index][4]
    sections = {}
    for name_at, kind, flags, _, offset, size in headers:
        start = names_at + name_at
        name = image[start : image.index(b"\0", start)].decode()
        data = b"" if kind == _NO_BITS else image[offset : offset + size]
        sections[name] = Section(size, bool(flags & _ALLOCATED), data)
    return sections


def layer_marks(elf: Path) -> list[tuple[int, int]]:
    """The (address, layer) pairs that `mark_layers.h` left beside the code, sorted.

    Of several marks with no instruction between them the last one holds.
    """
    table = read_sections(elf).get(".layer_marks", Section(0, False, b""))
    pairs = struct.iter_unpack("<2I", table.data)
    (machine,) = struct.unpack_from("<H", elf.read_bytes(), 18)
    thumb = int(machine == _ARM)  # the bit by which its addresses say what they are
    return sorted(dict(sorted((address & ~thumb, layer) for address, layer in pairs)).items())


def image_sizes(elf: Path) -> ImageSizes:
    """Sums the sections of an image by purpose."""
    sizes = {name: s.size_bytes for name, s in read_sections(elf).items() if s.allocated}
    data = sizes.get(".data", 0)
    code = sum(sizes.get(name, 0) for name in (".text", ".ARM.extab", ".ARM.exidx"))
    return ImageSizes(
        code_bytes=code + data,
        weights_bytes=sizes.get(".weights", 0),
        harness_bytes=sizes.get(".vectors", 0) + sizes.get(".harness", 0),
        static_bytes=data + sizes.get(".bss", 0),
        arena_bytes=sizes.get(".arena", 0),
    )
