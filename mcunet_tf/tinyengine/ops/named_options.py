# SPDX-License-Identifier: Apache-2.0
"""Options of custom operators, which a file holds by name in a flexbuffer."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from flatbuffers import flexbuffers

from mcunet_tf.tinyengine.ops.spec import Impossible, ImpossibleError

# What the reader of flexbuffers raises on damage.
_DAMAGE = (
    *(struct.error, IndexError, ValueError, TypeError, AttributeError, KeyError),
    *(OverflowError, ArithmeticError, MemoryError, RecursionError, NotImplementedError),
)


def named_options(data: bytes) -> dict[str, Any] | Impossible:
    """Options by name; no bytes are no options."""
    if not data:
        return {}
    try:
        held = flexbuffers.Loads(data)
    except _DAMAGE:
        return Impossible("options that cannot be read")
    if not isinstance(held, dict):
        return Impossible("options that have no names")
    return held


def option(options: Mapping[str, Any], name: str, low: int, high: int) -> int:
    """An integer by its name.

    Raises:
      ImpossibleError: it is missing, or out of range.
    """
    value = options.get(name)
    if not isinstance(value, int) or not low <= value <= high:
        raise ImpossibleError(f"{name} {value} instead of {low} to {high}")
    return int(value)
