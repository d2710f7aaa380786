# SPDX-License-Identifier: Apache-2.0
"""SLIDE, which only passes make: rows that are held move on, and new ones come in behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    held, new = (array.reshape(-1) for array in values)
    moved: Array = np.concatenate([held[new.size :], new])
    return moved.reshape(view.output.shape)


def constraint_rows(view: View) -> str | None:
    """The result is as large as what is held, and more than what is new."""
    held, new, output = view.input(0), view.input(1), view.output
    if held.shape != output.shape or not 0 < new.elements < held.elements:
        return f"{list(new.shape)} into {list(held.shape)} for {list(output.shape)}"
    return None


SLIDE = OpSpec(
    "SLIDE",
    no_attributes,
    _evaluate,
    (common.constraint_all_one_type, constraint_rows),
    required=(0, 1),
)
