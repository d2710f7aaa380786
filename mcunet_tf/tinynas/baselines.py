# SPDX-License-Identifier: Apache-2.0
"""Published networks scaled to a budget: what a search has to beat."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from mcunet_tf.errors import BudgetError
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.block import Block
from mcunet_tf.tinynas.layer import pair
from mcunet_tf.tinynas.published import published_arch
from mcunet_tf.tinynas.space import rounded_channels, shortest_side

FAMILIES = {
    "mobilenet_v2": ("mbv2-w0.35", 0.35),
    "proxyless_mobile": ("proxyless-mobile", 1.0),
    "resnet_8": ("resnet-8", 1.0),
    "ds_cnn": ("ds-cnn", 1.0),
    "mobilenet_v1": ("mobilenet-v1-w0.25", 0.25),
    "mcunet": ("mcunet-in0", 1.0),
}
"""(published network, its width) of each family."""

BASELINE_WIDTHS = tuple(round(0.05 * i, 2) for i in range(1, 21))
_WIDTH_SHARES = tuple(round(0.1 * 1.07**i, 3) for i in range(55))
"""From a tenth of the published width to four times."""

BASELINE_RESOLUTIONS = (0.5, 0.625, 0.75, 0.875, 1.0)
_STEM = -1
LAYOUTS = ("early", "late", "ends")
"""Which strides small images do without: the first ones, the last ones, or one at either end."""
_SMALLEST_MAP = 4
_LARGEST_LAST_MAP = 16
"""Networks of few strides get longer ones in the stem while their last map is larger."""


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
    name, full_width = FAMILIES[family]
    published = published_arch(name)
    ratio = width / full_width
    least = shortest_side(image_shape)
    if image_shape[1] == 1:
        published = _of_one_column(published)
    strided = [i for i, block in enumerate(published.blocks) if block.stride == 2]
    stem_stride = published.stem_stride
    if stem_stride == 2:
        strided.insert(0, _STEM)
    strides = 0
    while least >> (strides + 1) >= _SMALLEST_MAP and strides < len(strided):
        strides += 1
    dropped = len(strided) - strides
    first = {"early": dropped, "late": 0, "ends": (dropped + 1) // 2}[layout]
    kept = set(strided[first : first + strides])
    stem_stride = 2 if _STEM in kept else 1
    while least // stem_stride >> (strides - (_STEM in kept)) > _LARGEST_LAST_MAP:
        stem_stride *= 2
    stem = rounded_channels(published.stem_channels * ratio)
    blocks = []
    before, now = published.stem_channels, stem
    for index, block in enumerate(published.blocks):
        channels = rounded_channels(block.channels * ratio)
        stride = 2 if index in kept else 1
        blocks.append(_scaled_block(block, before, now, channels, stride))
        before, now = block.channels, channels
    head = rounded_channels(published.head_channels * ratio) if published.head_channels else 0
    kernel = published.stem_kernel
    return Arch(image_shape, stem, stem_stride, tuple(blocks), head, kernel)


def _of_one_column(arch: Arch) -> Arch:
    """A network whose windows are of one column, for series."""
    height, _, channels = arch.input_shape
    blocks = tuple(
        dataclasses.replace(block, kernel=(pair(block.kernel)[0], 1)) for block in arch.blocks
    )
    return dataclasses.replace(
        arch,
        input_shape=(height, 1, channels),
        blocks=blocks,
        stem_kernel=(pair(arch.stem_kernel)[0], 1),
    )


def _scaled_block(block: Block, before: int, now: int, channels: int, stride: int) -> Block:
    """A block with other channels.

    Args:
        block: the published block.
        before: channels that it reads.
        now: channels that the scaled one reads.
        channels: channels that the scaled one makes.
        stride: its stride.
    """
    changed = dataclasses.replace(block, channels=channels, stride=stride)
    if block.kind == "plain":
        projected = block.residual and (stride != 1 or now != channels)
        return dataclasses.replace(changed, hidden=channels, projected=projected)
    residual = block.residual and now == channels
    return dataclasses.replace(
        changed, hidden=now * round(block.hidden / before), residual=residual
    )


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


def widest_fitting(
    family: str, image_shape: tuple[int, int, int], fits: Callable[[Arch], bool]
) -> Arch | None:
    """The widest network of a family that fits at the images' own size; None where none does.

    The first of `LAYOUTS` that fits at all is taken. Wider networks are taken to need more of
    everything, so that few have to be tried.
    """
    full = FAMILIES[family][1]
    for layout in LAYOUTS:
        # Of equal channels after rounding one is enough.
        archs = list(
            dict.fromkeys(
                scaled(family, image_shape, full * share, layout) for share in _WIDTH_SHARES
            )
        )
        fitting, beyond = -1, len(archs)
        while beyond - fitting > 1:
            middle = (fitting + beyond) // 2
            if fits(archs[middle]):
                fitting = middle
            else:
                beyond = middle
        if fitting >= 0:
            return archs[fitting]
    return None
