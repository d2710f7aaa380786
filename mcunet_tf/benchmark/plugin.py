# SPDX-License-Identifier: Apache-2.0
"""Builds the counting plugin on first use, and reads what it writes."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

from mcunet_tf.benchmark.cache import cached, content_key
from mcunet_tf.benchmark.toolchain import find_tool, run_tool
from mcunet_tf.errors import ToolError

_FOLDER = Path(__file__).parent / "qemu_plugin"


@dataclass(frozen=True)
class LayerCount:
    """What one layer executed within a region; index -1 is what comes before the first layer."""

    index: int
    instructions: int
    modelled_cycles: int


@dataclass(frozen=True)
class RegionCount:
    """Exact guest instructions between two markers.

    Attributes:
        instructions: executed between the markers, which are not counted themselves.
        modelled_cycles: by the board's static cycle model: an estimate, never a measurement.
        taken_branches: as the model prices them.
        classes: instructions by class: alu, mul, mull, div, load, store, ...
        layers: the same by layer, where the code marks layers.
    """

    instructions: int
    modelled_cycles: int
    taken_branches: int
    classes: dict[str, int] = field(default_factory=dict)
    layers: tuple[LayerCount, ...] = ()


def plugin_path() -> Path:
    """Path of the plugin's shared library, compiled by the host's compiler if need be.

    Raises:
        ToolError: there is no host compiler, or it fails.
    """
    sources = [_FOLDER / "abi.h", _FOLDER / "count_region.c"]
    key = content_key(sys.platform, *(path.read_bytes() for path in sources))

    def make(out: Path) -> None:
        flags = ["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else []
        command = [find_tool("cc"), "-O2", "-shared", "-fPIC", *flags, str(sources[1]), "-o"]
        run_tool([*command, str(out)])

    return cached(f"plugins/count_region-{key}.so", make)


def read_regions(text: str) -> list[RegionCount]:
    """Parses the plugin's output; a region that was cut off by the emulator's end is left out.

    Raises:
        ToolError: the text is not what the plugin writes.
    """
    regions: list[RegionCount] = []
    fields: dict[str, int] = {}
    layers: list[LayerCount] = []
    try:
        for line in text.splitlines():
            word, *rest = line.split()
            if word == "region":
                fields, layers = _fields(rest), []
            elif word == "layer":
                counts = _fields(rest[1:])
                layers.append(LayerCount(int(rest[0]), counts["instructions"], counts["cycles"]))
            elif word == "end":
                regions.append(_region(dict(fields), tuple(layers)))
    except (ValueError, KeyError) as error:
        raise ToolError(
            f"the counting plugin wrote a line that is not understood: {line!r}"
        ) from error
    return regions


def _fields(words: list[str]) -> dict[str, int]:
    return {name: int(value) for name, value in (word.split("=") for word in words)}


def _region(fields: dict[str, int], layers: tuple[LayerCount, ...]) -> RegionCount:
    return RegionCount(
        instructions=fields.pop("instructions"),
        modelled_cycles=fields.pop("cycles"),
        taken_branches=fields.pop("taken"),
        classes=fields,
        layers=layers,
    )
