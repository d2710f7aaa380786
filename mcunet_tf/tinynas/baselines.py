# SPDX-License-Identifier: Apache-2.0
"""Published networks scaled to a budget: what a search has to beat."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from mcunet_tf.errors import BudgetError
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.block import Block
from mcunet_tf.tinynas.published import published_arch
from mcunet_tf.tinynas.space import rounded_channels

FAMILIES = {"mobilenet_v2": "mbv2-w0.35", "proxyless_mobile": "proxyless-mobile"}
_FAMILY_WIDTHS = {"mobilenet_v2": 0.35, "proxyless_mobile": 1.0}
BASELINE_WIDTHS = tuple(round(0.05 * i, 2) for i in range(1, 21))
BASELINE_RESOLUTIONS = (0.5, 0.625, 0.75, 0.875, 1.0)
LAYOUTS = ("early", "late", "ends")
"""Which strides small images do without: the first ones, the last ones, or one at either end."""
_SMALLEST_MAP = 4


def scaled(
    family: str, image_shape: tuple[int, int, int], width: float, layout: str = "early"
) -> Arch:
    """A published network with other channels, for images of another size.

    ImageNet's five strides leave nothing of small images: as many are left out, as `layout` says,
    as keep the last map at four pixels or more.

    Args:
        family: one of `FAMILIES`.
        image_shape: (height, width, channels).
        width: width relative to the family's full width.
        layout: one of `LAYOUTS`.
    """
    published = published_arch(FAMILIES[family])
    ratio = width / _FAMILY_WIDTHS[family]
    strided = [-1, *(i for i, block in enumerate(published.blocks) if block.stride == 2)]
    strides = 0
    while min(image_shape[:2]) >> (strides + 1) >= _SMALLEST_MAP and strides < len(strided):
        strides += 1
    dropped = len(strided) - strides
    first = {"early": dropped, "late": 0, "ends": (dropped + 1) // 2}[layout]
    kept = set(strided[first : first + strides])
    stem = rounded_channels(published.stem_channels * ratio)
    blocks = []
    before, now = published.stem_channels, stem
    for index, block in enumerate(published.blocks):
        channels = rounded_channels(block.channels * ratio)
        stride = 2 if index in kept else 1
        residual = block.residual and now == channels
        hidden = now * round(block.hidden / before)
        blocks.append(Block(block.kernel, hidden, channels, stride, residual))
        before, now = block.channels, channels
    head = rounded_channels(published.head_channels * ratio) if published.head_channels else 0
    return Arch(image_shape, stem, 2 if -1 in kept else 1, tuple(blocks), head)


def best_fitting(
    family: str, image_shape: tuple[int, int, int], num_classes: int, fits: Callable[[Arch], bool]
) -> dict[str, Arch]:
    """The scaled network with the most MACs that fits, by layout.

    Raises:
        BudgetError: not even the smallest one fits.
    """
    found: dict[str, Arch] = {}
    for layout in LAYOUTS:
        candidates = sorted(
            _scales(family, image_shape, layout), key=lambda arch: -arch.macs(num_classes)
        )
        fitting = next((arch for arch in candidates if fits(arch)), None)
        if fitting is not None:
            found[layout] = fitting
    if not found:
        raise BudgetError(f"no scaled {family} fits the budget: raise it")
    return found


def _scales(family: str, image_shape: tuple[int, int, int], layout: str) -> Iterator[Arch]:
    height, width, channels = image_shape
    seen = set()
    for resolution in BASELINE_RESOLUTIONS:
        for scale in BASELINE_WIDTHS:
            arch = scaled(family, image_shape, scale, layout)
            shape = (round(height * resolution), round(width * resolution), channels)
            arch = dataclasses.replace(arch, input_shape=shape)
            if arch not in seen:
                seen.add(arch)
                yield arch
