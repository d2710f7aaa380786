# SPDX-License-Identifier: Apache-2.0
"""What the `_scalar` and `_thumb` rows need to know of a layer, and the proof that they may serve.

Weights stay as TFLite has them; only what the shorter requantisation cannot hold is refused.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SUM_LIMIT = 1 << 29
"""Sums, shifted left where scales are one half and more, that `requant_thumb.h` takes."""

TILE_PIXELS = {"scalar": 4, "thumb": 2}
"""Pixels of a tile of a dense convolution, by instruction set."""


def sum_reason(
    weights: npt.ArrayLike, bias: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> str | None:
    """Says why sums are too large for the shorter requantisation, or None.

    Args:
        weights: int8 [channels, taps].
        bias: folded, [channels].
        multiplier: Q31 [channels]; any will do.
        shift: TFLite's [channels]: negative means right.
    """
    del multiplier
    rows = np.abs(np.asarray(weights, np.int64))
    largest = np.abs(np.asarray(bias, np.int64)) + 128 * rows.reshape(len(rows), -1).sum(axis=1)
    lefts = np.maximum(np.asarray(shift, np.int64), 0)
    if (largest >= SUM_LIMIT >> lefts).any():
        return "sums that may reach 2^29"
    return None


def scratch_bytes_conv2d(isa: str, taps: int) -> int:
    """Scratch of the dense rows: the inputs of a tile.

    Args:
        isa: "scalar" or "thumb".
        taps: inputs of a window.
    """
    return TILE_PIXELS[isa] * taps
