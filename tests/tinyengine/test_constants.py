# SPDX-License-Identifier: Apache-2.0
"""Constant arrays as C text: the fast way to write numbers gives the same text as the plain one."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.tinyengine.emit.constants import array_definition
from mcunet_tf.tinyengine.kernel_tables.table import Blob, word_blob


def plain(ctype: str, values, per_line: int) -> str:
    """The definition of an array, number by number."""
    suffix = "u" if ctype == "uint32_t" else ""
    least = -(1 << 31)
    items = ["(-2147483647 - 1)" if v == least else f"{v}{suffix}" for v in values.tolist()]
    lines = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
    body = ",\n    ".join(lines)
    return f"const {ctype} symbol[{len(values)}] = {{\n    {body}}};\n"


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 24, 47, 48, 49])
@pytest.mark.parametrize(
    ("dtype", "per_line"),
    [("int8", 24), ("uint8", 24), ("int16", 16), ("uint16", 16), ("int32", 8), ("uint32", 8)],
)
def test_integers_are_wrapped_into_lines(dtype, per_line, length):
    limits = np.iinfo(dtype)
    values = np.random.default_rng(length).integers(
        limits.min, limits.max, length, dtype, endpoint=True
    )
    values[:1], values[-1:] = limits.min, limits.max
    ctype = f"{dtype}_t"
    assert array_definition("symbol", Blob(ctype, values)) == plain(ctype, values, per_line)


def test_numbers_stand_without_braces_of_their_own():
    """C allows them, and gcc took minutes over an LSTM's 50,000 words that had some."""
    for shape in ((4, 1), (2, 2), (2, 1, 4)):
        with pytest.raises(AssertionError, match="uint32_t"):
            Blob("uint32_t", np.zeros(shape, np.uint32))
    words = word_blob(np.arange(24, dtype=np.uint8).reshape(3, 2, 4))
    assert words.values.shape == (6,)
    assert "{" not in array_definition("symbol", words).partition("{")[2]
