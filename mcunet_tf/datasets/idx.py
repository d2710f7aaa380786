# SPDX-License-Identifier: Apache-2.0
"""Reads IDX files, the format of MNIST and its successors.

Layout, big endian: two zero bytes, the element type (8 is uint8), the number of dimensions, one
uint32 per dimension, then the elements. Source: http://yann.lecun.com/exdb/mnist/.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mcunet_tf.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UINT8 = 8


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Returns the array of uint8 that a gzipped IDX file holds.

    Raises:
        DataError: the file is missing, damaged, or holds another type.
    """
    try:
        with gzip.open(path, "rb") as file:
            content = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read as a gzip file: {error}") from error
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _UINT8:
        raise DataError(f"{path} is not an IDX file of uint8: fetch the data again")
    header_bytes = 4 + 4 * content[3]
    shape = tuple(
        int.from_bytes(content[offset : offset + 4], "big") for offset in range(4, header_bytes, 4)
    )
    found_bytes = len(content) - header_bytes
    if found_bytes != math.prod(shape):
        raise DataError(
            f"{path} promises {list(shape)} elements but holds {max(found_bytes, 0)} bytes of "
            "them: fetch the data again"
        )
    return np.frombuffer(content, np.uint8, offset=header_bytes).reshape(shape)
