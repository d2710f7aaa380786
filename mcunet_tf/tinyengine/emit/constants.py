# SPDX-License-Identifier: Apache-2.0
"""Prints constant arrays and struct initialisers as C."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.kernel_tables.table import Blob, Struct

_VALUES_PER_LINE = {"int8_t": 24, "uint8_t": 24, "int16_t": 16, "uint16_t": 16}
INT32_MIN = -(1 << 31)


def array_declaration(symbol: str, blob: Blob) -> str:
    """Declares a constant array."""
    return f"extern const {blob.ctype} {symbol}[{len(blob.values)}];"


def array_definition(symbol: str, blob: Blob) -> str:
    """A constant array, wrapped into lines."""
    per_line = _VALUES_PER_LINE.get(blob.ctype, 8)
    if blob.values.ndim == 2:
        items = ["{" + ", ".join(_integers(row)) + "}" for row in blob.values]
        per_line = 3
    else:
        items = _numbers(blob.values)
    lines = (", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line))
    body = ",\n    ".join(lines)
    return f"const {blob.ctype} {symbol}[{len(blob.values)}] = {{\n    {body}}};\n"


def _numbers(values: Any) -> list[str]:
    array = np.asarray(values)
    if array.dtype == np.float32:
        return list(map(real, array.tolist()))
    if array.dtype == np.int64:
        # C has no literal for the most negative one.
        least = -(1 << 63)
        return ["INT64_MIN" if v == least else f"INT64_C({v})" for v in array.tolist()]
    return _integers(array)


def _integers(values: Iterable[Any]) -> list[str]:
    array = np.asarray(values)
    suffix = "u" if array.dtype == np.uint32 else ""
    numbers = array.tolist()
    if suffix or (array.size and int(array.min()) == INT32_MIN):
        return [integer(number) + suffix for number in numbers]
    return list(map(str, numbers))


def raw_bytes(values: npt.NDArray[Any]) -> list[int]:
    """An array's bytes in memory."""
    raw: list[int] = np.ascontiguousarray(values).reshape(-1).view(np.uint8).tolist()
    return raw


def uniform_byte(values: npt.NDArray[Any]) -> int | None:
    """The byte that fills an array, or None where there are several."""
    found = set(raw_bytes(values))
    return found.pop() if len(found) == 1 else None


def integer(value: int) -> str:
    """A literal of type int."""
    # C has no literal for the most negative int.
    return "(-2147483647 - 1)" if value == INT32_MIN else str(value)


def real(value: float) -> str:
    """A float32 expression that reads back as the same number; masks hold infinities."""
    if not np.isfinite(value):
        return "NAN" if np.isnan(value) else ("INFINITY" if value > 0 else "-INFINITY")
    text = repr(float(np.float32(value)))
    return (text if any(c in text for c in ".en") else f"{text}.0") + "f"


def field_values(struct: Struct, symbols: Mapping[str, str]) -> list[tuple[str, str]]:
    """`(field, C text)` of an initialiser; `symbols` names the array of each field that has one."""
    return [
        (name, symbols[name] if isinstance(value, Blob) else _field(value))
        for name, value in struct.fields.items()
    ]


def _field(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return real(value)
    if isinstance(value, tuple):
        return "{" + ", ".join(map(_field, value)) + "}"
    return integer(int(value))
