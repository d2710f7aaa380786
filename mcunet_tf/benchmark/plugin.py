# SPDX-License-Identifier: Apache-2.0
"""Builds the counting plugin for the QEMU at hand, and reads what it writes."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from mcunet_tf.check.cache import cached, content_key
from mcunet_tf.check.toolchain import find_tool, run_tool
from mcunet_tf.errors import ToolError

NEWEST_API = 7
"""Newest version of QEMU's plugin interface that the plugin speaks; `abi.h` tells them apart."""

_FOLDER = Path(__file__).parent / "qemu_plugin"
_PROBE_TIMEOUT_S = 60.0
_NEWEST_OF_QEMU = re.compile(r"supports only up to version (\d+)")


@dataclass(frozen=True)
class LayerCount:
    """What one layer executed within a region; index -1 is what comes before the first layer.

    `modelled_cycles` is None where the board's core has no cycle model.
    """

    index: int
    instructions: int
    modelled_cycles: int | None


@dataclass(frozen=True)
class RegionCount:
    """Exact guest instructions between two markers.

    Attributes:
        instructions: executed between the markers, which are not counted themselves.
        modelled_cycles: cycles by the board's static cycle model: an estimate, never a measurement.
        taken_branches: branches taken, as the model prices them.
        classes: instructions by class: alu, mul, mull, div, load, store, ...
        layers: what was counted for each layer, where the code marks layers.
    """

    instructions: int
    modelled_cycles: int
    taken_branches: int
    classes: dict[str, int] = field(default_factory=dict)
    layers: tuple[LayerCount, ...] = ()


def plugin_path(emulator: str) -> Path:
    """Path of the plugin, built by the host's compiler for an emulator on the PATH.

    Raises:
        ToolError: QEMU loads no plugins or none of ours, or there is no host compiler; the message
            says which.
    """
    version, refusal = _agreed_version(find_tool(emulator))
    if version is None:
        raise ToolError(refusal)
    return _build(version)


def plugin_refusal(emulator: str) -> str:
    """Why instructions of an emulator cannot be counted by the plugin here; "" where they can."""
    try:
        plugin_path(emulator)
    except ToolError as error:
        return str(error)
    return ""


def _build(api_version: int) -> Path:
    sources = sorted(_FOLDER.glob("*.[ch]"))
    key = content_key(sys.platform, *(path.read_bytes() for path in sources))

    def make(out: Path) -> None:
        flags = ["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else []
        flags.append(f"-DAPI_VERSION={api_version}")
        command = [find_tool("cc"), "-O2", "-shared", "-fPIC", *flags]
        command += [str(_FOLDER / "count_region.c"), "-o"]
        run_tool([*command, str(out)])

    return cached(f"plugins/count_region-{key}-api{api_version}.so", make)


@functools.cache
def _agreed_version(qemu: str) -> tuple[int | None, str]:
    """The newest version of the plugin interface that a QEMU and the plugin speak.

    QEMU tells its versions to a plugin alone, and only to one of a version that it accepts. It
    refuses a newer one by naming its own newest, which then is tried; where even its oldest is
    newer than ours, nothing can be done.

    Returns:
        The version and "", or None and the reason.
    """
    version = NEWEST_API
    try:
        refusal = _probe(qemu, version)
        limit = _NEWEST_OF_QEMU.search(refusal)
        if limit is not None and 1 <= int(limit.group(1)) < NEWEST_API:
            version = int(limit.group(1))
            refusal = _probe(qemu, version)
    except ToolError as error:
        return None, str(error)
    if refusal:
        return None, f"{Path(qemu).name} loads no counting plugin: {refusal}"
    return version, ""


def _probe(qemu: str, api_version: int) -> str:
    """Why a QEMU does not load the plugin of some version of the interface; "" where it does."""
    library = _build(api_version)
    with tempfile.TemporaryDirectory(prefix="mcunet_tf-") as folder:
        loaded = Path(folder) / "loaded"
        command = [
            qemu, "-M", "none", "-display", "none", "-monitor", "none", "-serial", "none", "-S",
            "-plugin", f"{library},probe={loaded}",
        ]  # fmt: skip
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_PROBE_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            return f"it did not answer within {_PROBE_TIMEOUT_S:.0f} s"
        except OSError as error:
            return f"it does not start: {error.strerror}"
        if loaded.exists():
            return ""
    told = done.stderr.strip().splitlines()
    return told[-1] if told else f"exit status {done.returncode}"


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
