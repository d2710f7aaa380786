# SPDX-License-Identifier: Apache-2.0
"""SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: pixels of an image dealt out to several, and collected.

Around a convolution they say that it is dilated, which is how converters write one of an open
batch. The pass `fold_dilations` says so in the convolution's own attributes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import OpSpec, View


@dataclasses.dataclass(frozen=True)
class BatchSpaceAttributes:
    """Steps along the axes behind the batch, and (before, after) of padding or of crops on each."""

    blocks: tuple[int, ...]
    edges: tuple[tuple[int, int], ...]


def _read(_: Mapping[str, Any], view: View) -> BatchSpaceAttributes:
    blocks, edges = common.constant_integers(view, 1), common.constant_integers(view, 2)
    if len(edges) != 2 * len(blocks):
        return BatchSpaceAttributes((), ())
    return BatchSpaceAttributes(blocks, tuple(zip(edges[::2], edges[1::2], strict=True)))


def constraint_around_a_convolution(view: View) -> str | None:
    """The two stand before and behind one convolution of stride 1, and say that it is dilated."""
    shapes = [list(tensor.shape) for tensor in (view.input(0), view.output)]
    return f"blocks of {list(view.attributes.blocks)}, {shapes[0]} to {shapes[1]}"


_CONSTRAINTS = (constraint_around_a_convolution,)
_BECOMES = ("CONV_2D", "DEPTHWISE_CONV_2D")

SPACE_TO_BATCH_ND = OpSpec("SPACE_TO_BATCH_ND", _read, None, _CONSTRAINTS, becomes=_BECOMES)
BATCH_TO_SPACE_ND = OpSpec("BATCH_TO_SPACE_ND", _read, None, _CONSTRAINTS, becomes=_BECOMES)
