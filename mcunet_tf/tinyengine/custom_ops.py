# SPDX-License-Identifier: Apache-2.0
"""Binds C functions of the user's to the CUSTOM operators of a model.

Beside `FILE.c` lies `FILE.toml`, where the function needs more than its name:

    function = "my_operator"       # the C symbol; the file's name by default
    scratch_bytes = 256            # what a call needs; 0 by default
    output_shape = [1, 10]         # the result's; as the model declares it by default

The function's type is in `kernels/custom/custom.h`, which the emitted project holds.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import sys
from collections.abc import Mapping
from typing import Any

from mcunet_tf.errors import McunetError
from mcunet_tf.tinyengine.ir import Graph, Op, Tensor
from mcunet_tf.tinyengine.ops.custom import CustomAttributes

if sys.version_info >= (3, 11):
    import tomllib
else:  # Python 3.10: the package metadata asks for tomli there
    import tomli as tomllib

PREFIX = "CUSTOM "
MAX_SCRATCH_BYTES = 8 << 20
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_KEYS = ("function", "scratch_bytes", "output_shape")

CustomOps = Mapping[str, str | os.PathLike[str]]
"""C files by the names of operators."""


@dataclasses.dataclass(frozen=True)
class Binding:
    """One function: its symbol, its C, and what the file beside it says."""

    function: str
    source: str
    scratch_bytes: int = 0
    output_shape: tuple[int, ...] | None = None


def bind_custom_ops(graph: Graph, custom_ops: CustomOps) -> Graph:
    """The graph as read, in which operators of these names have functions.

    Raises:
      McunetError: a file cannot be read or says what cannot be, or the model has no such operator.
    """
    present = sorted({op.kind.removeprefix(PREFIX) for op in graph.ops if _is_custom(op)})
    bindings = {}
    for name, path in custom_ops.items():
        if name not in present:
            known = f"it has {', '.join(present)}" if present else "it has none"
            raise McunetError(f"{graph.name}: no custom operator '{name}': {known}")
        bindings[PREFIX + name] = read_binding(pathlib.Path(path))
    tensors: dict[int, Tensor] = {}
    ops = []
    for op in graph.ops:
        binding = bindings.get(op.kind)
        if binding is None:
            ops.append(op)
            continue
        ops.append(_bound(op, binding))
        if binding.output_shape is not None and op.outputs:
            known_tensor = graph.tensors[op.outputs[0]]
            tensors[op.outputs[0]] = dataclasses.replace(known_tensor, shape=binding.output_shape)
    return graph.replace(ops=ops, tensors=tensors)


def _is_custom(op: Op) -> bool:
    return op.kind.startswith(PREFIX)


def _bound(op: Op, binding: Binding) -> Op:
    options = op.attributes if isinstance(op.attributes, bytes) else b""
    attributes = CustomAttributes(
        op.kind.removeprefix(PREFIX),
        binding.function,
        binding.source,
        binding.scratch_bytes,
        options,
    )
    return dataclasses.replace(op, kind="CUSTOM", attributes=attributes)


def read_binding(path: pathlib.Path) -> Binding:
    """What a C file and the one beside it say.

    Raises:
      McunetError: names the file and what is wrong with it.
    """
    if path.suffix != ".c":
        raise McunetError(f"{path}: name a C file, FILE.c, for a custom operator")
    source = _text(path)
    stated = _stated(path.with_suffix(".toml"))
    function = stated.get("function", path.stem)
    if not isinstance(function, str) or not _IDENTIFIER.match(function):
        raise McunetError(
            f"{path}: '{function}' is no C name: say function = \"...\" in {path.stem}.toml"
        )
    if not re.search(rf"\b{function}\s*\([^;{{}}]*\)\s*{{", source):
        raise McunetError(
            f"{path}: no function '{function}' in it: define it, or say function = \"...\" in "
            f"{path.stem}.toml"
        )
    scratch = stated.get("scratch_bytes", 0)
    if not _is_size(scratch, 0, MAX_SCRATCH_BYTES):
        raise McunetError(
            f"{path.with_suffix('.toml')}: scratch_bytes = {scratch!r}: give a number of bytes up "
            f"to {MAX_SCRATCH_BYTES}"
        )
    # The compiler holds the function against what the project calls.
    declared = f'{source.rstrip()}\n\n#include "custom.h"\ncustom_function {function};\n'
    return Binding(function, declared, scratch, _shape(path, stated.get("output_shape")))


def _is_size(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _shape(path: pathlib.Path, value: object) -> tuple[int, ...] | None:
    if value is None:
        return None
    sizes = value if isinstance(value, list) else []
    if not sizes or not all(_is_size(size, 1, MAX_SCRATCH_BYTES) for size in sizes):
        raise McunetError(
            f"{path.with_suffix('.toml')}: output_shape = {value!r}: give sizes of 1 and more, as "
            "[1, 10]"
        )
    return tuple(sizes)


def _stated(path: pathlib.Path) -> dict[str, Any]:
    """The file beside the C; none says nothing."""
    if not path.exists():
        return {}
    try:
        stated: dict[str, Any] = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise McunetError(f"{path}: no TOML: {error}") from error
    unknown = sorted(set(stated) - set(_KEYS))
    if unknown:
        raise McunetError(f"{path}: '{unknown[0]}' is unknown: use {', '.join(_KEYS)}")
    return stated


def _text(path: pathlib.Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise McunetError(f"{path}: {reason}: give the C of the custom operator") from error
    except UnicodeDecodeError as error:
        raise McunetError(f"{path}: no UTF-8 text: give the C of the custom operator") from error
