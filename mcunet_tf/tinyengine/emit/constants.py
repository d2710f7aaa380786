# SPDX-License-Identifier: Apache-2.0
"""Prints constant arrays and struct initialisers as C."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.kernel_tables.table import Blob, Struct

_VALUES_PER_LINE = {"int8_t": 24, "uint8_t": 24, "int16_t": 16, "uint16_t": 16}
INT32_MIN = -(1 << 31)
_PLAIN_TYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32")


def array_declaration(symbol: str, blob: Blob) -> str:
    """Declares a constant array."""
    return f"extern const {blob.ctype} {symbol}[{len(blob.values)}];"


def array_definition(symbol: str, blob: Blob) -> str:
    """A constant array, wrapped into lines."""
    per_line = _VALUES_PER_LINE.get(blob.ctype, 8)
    if blob.values.ndim == 2:
        items = ["{" + ", ".join(_integers(row)) + "}" for row in blob.values]
        body = _wrapped(items, 3)
    elif blob.values.dtype in _PLAIN_TYPES:
        body = _wrapped_integers(blob.values, per_line)
    else:
        body = _wrapped(_numbers(blob.values), per_line)
    return f"const {blob.ctype} {symbol}[{len(blob.values)}] = {{\n    {body}}};\n"


def _wrapped(items: Sequence[str], per_line: int) -> str:
    lines = (", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line))
    return ",\n    ".join(lines)


def _wrapped_integers(values: npt.NDArray[Any], per_line: int) -> str:
    """`_wrapped(_integers(values), per_line)`, from the text that Python has for lists.

    Weights are most of what is emitted, some of them millions of numbers.
    """
    whole = len(values) // per_line * per_line
    lines = str(values[:whole].reshape(-1, per_line).tolist())[2:-2].split("], [")
    if whole < len(values):
        lines += [str(values[whole:].tolist())[1:-1]]
    text = ",\n    ".join(line for line in lines if line)
    if values.dtype == np.uint32:
        text = text.replace(",", "u,") + "u" * bool(text)
    return text.replace(str(INT32_MIN), integer(INT32_MIN))


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
