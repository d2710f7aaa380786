# SPDX-License-Identifier: Apache-2.0
"""SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: pixels of an image dealt out to several, and collected.

Around a convolution they say that it is dilated, which is how converters write one of an open
batch. The pass `fold_dilations` says so in the convolution's own attributes; the pass
`lower_batch_space` moves pixels where there is none.
"""

from __future__ import annotations

import dataclasses
import math
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


def constraint_blocks(view: View) -> str | None:
    """Blocks and edges are constant; blocks cover the image with its padding or crops."""
    attributes: BatchSpaceAttributes = view.attributes
    deals = view.op.kind == "SPACE_TO_BATCH_ND"
    space, batches = (view.input(0), view.output) if deals else (view.output, view.input(0))
    blocks, count = attributes.blocks, len(attributes.blocks)
    if not blocks or min(blocks) < 1 or count >= len(space.shape):
        return f"blocks {list(blocks)} of {list(view.input(0).shape)}"
    if min(number for edge in attributes.edges for number in edge) < 0:
        return f"edges {list(map(list, attributes.edges))}"
    sides = zip(space.shape[1:], blocks, attributes.edges, strict=False)
    wide = [side + sum(edge) for side, _, edge in sides]
    expected = (
        space.shape[0] * math.prod(blocks),
        *(side // block for side, block in zip(wide, blocks, strict=True)),
        *space.shape[1 + count :],
    )
    if any(side % block for side, block in zip(wide, blocks, strict=True)):
        return f"{wide} in blocks of {list(blocks)}"
    return None if batches.shape == expected else f"{list(batches.shape)}, not {list(expected)}"


_CONSTRAINTS = (common.constraint_one_type, constraint_blocks)

SPACE_TO_BATCH_ND = OpSpec(
    "SPACE_TO_BATCH_ND", _read, None, _CONSTRAINTS, becomes=("PAD", "TRANSPOSE")
)
BATCH_TO_SPACE_ND = OpSpec(
    "BATCH_TO_SPACE_ND", _read, None, _CONSTRAINTS, becomes=("TRANSPOSE", "SLICE")
)
