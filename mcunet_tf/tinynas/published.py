# SPDX-License-Identifier: Apache-2.0
"""Published networks as `Arch` values, so that nothing is ever downloaded.

Source: the network descriptions that MIT's Han Lab published with MCUNet (Lin et al.,
arXiv:2007.10319, https://github.com/mit-han-lab/mcunet, MIT licence); `mcunet-vww1` is read from
the `.tflite` file that comes with TinyEngine. Only the facts are taken: sizes of layers. Weights
are untrained; padding is TensorFlow's SAME, where the originals pad both sides alike, which changes
neither MACs nor parameters.

"resnet-8", "ds-cnn" and "mobilenet-v1-w0.25" are MLPerf Tiny's (Banbury et al., arXiv:2106.07597),
with ReLU6 for ReLU and a batch-norm behind each convolution.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.block import Block

# name: (resolution, stem channels, head channels or 0, classes, blocks). A block is
# kernel x hidden channels - output channels, "/2" for stride 2, "+" for a residual.
# fmt: off
_NETWORKS: dict[str, tuple[int, int, int, int, str]] = {
    "mcunet-in0": (
        48, 24, 0, 1000,
        "3x24-16 5x64-16/2 3x48-16+ 3x64-16+ 7x80-24/2 5x96-24+ 5x120-24+ 7x120-48/2 "
        "5x192-48+ 3x240-56 5x224-56+ 3x280-56+ 3x336-112/2 5x448-112+ 3x672-192",
    ),
    "mcunet-in1": (
        96, 16, 0, 1000,
        "3x16-8 3x32-16/2 3x48-16+ 7x48-24/2 3x120-24+ 3x120-40/2 7x160-40+ 5x160-48 "
        "3x144-48+ 3x192-48+ 7x240-96/2 5x384-96+ 5x384-96+ 3x576-160",
    ),
    "mcunet-in2": (
        160, 16, 0, 1000,
        "3x16-8 5x24-16/2 7x96-16+ 3x80-16+ 5x80-16+ 3x80-24/2 7x144-24+ 5x144-24+ 7x96-40/2 "
        "5x200-40+ 3x200-48 5x240-48+ 3x192-48+ 5x288-96/2 5x384-96+ 5x288-96+ 3x384-96+ "
        "5x480-160",
    ),
    "mcunet-in3": (
        176, 16, 0, 1000,
        "3x16-8 7x24-16/2 3x80-16+ 7x80-16+ 5x64-16+ 5x80-24/2 5x120-24+ 5x120-24+ 3x120-40/2 "
        "7x240-40+ 5x160-40+ 5x200-48 7x240-48+ 3x240-48+ 3x288-96/2 7x480-96+ 3x384-96+ "
        "7x480-160",
    ),
    "mcunet-in4": (
        160, 32, 0, 1000,
        "3x32-16 7x48-24/2 3x120-24+ 5x96-24+ 7x120-40/2 3x160-40+ 7x160-40+ 7x120-80/2 "
        "3x240-80+ 7x240-80+ 3x320-96 5x288-96+ 5x288-96+ 7x384-192/2 7x576-192+ 5x576-192+ "
        "5x768-320",
    ),
    "mcunet-vww1": (
        80, 16, 0, 2,
        "3x16-8 3x48-16/2 3x48-16+ 3x48-16+ 7x48-24/2 3x144-24+ 5x120-24+ 7x144-40/2 "
        "7x240-40+ 3x240-48 3x192-48+ 5x240-96/2 3x480-96+ 3x384-96+ 7x288-160",
    ),
    "mbv2-w0.3-r80": (
        80, 16, 384, 1000,
        "3x16-8 3x48-8/2 3x48-8+ 3x48-16/2 3x96-16+ 3x96-16+ 3x96-24/2 3x144-24+ 3x144-24+ "
        "3x144-24+ 3x144-32 3x192-32+ 3x192-32+ 3x192-48/2 3x288-48+ 3x288-48+ 3x288-96",
    ),
    "mbv2-w0.35": (
        144, 16, 448, 1000,
        "3x16-8 3x48-8/2 3x48-8+ 3x48-16/2 3x96-16+ 3x96-16+ 3x96-24/2 3x144-24+ 3x144-24+ "
        "3x144-24+ 3x144-32 3x192-32+ 3x192-32+ 3x192-56/2 3x336-56+ 3x336-56+ 3x336-112",
    ),
    "mcunet-256kb-1mb-int4": (
        160, 32, 0, 1000,
        "3x32-16 7x48-24/2 3x144-24+ 5x120-24+ 7x72-24+ 7x120-40/2 5x120-40+ 7x160-40+ "
        "3x200-72/2 7x288-72+ 5x432-88 5x352-88+ 7x264-88+ 3x440-176/2 5x704-176+ 5x704-288",
    ),
    "mcunet-320kb-1mb-int4": (
        176, 32, 0, 1000,
        "3x32-16 7x48-24/2 5x144-24+ 5x144-24+ 7x96-40/2 3x160-40+ 7x160-40+ 5x160-40+ "
        "7x160-72/2 7x432-72+ 5x288-72+ 5x216-88 5x264-88+ 7x352-88+ 3x440-176/2 3x528-176+ "
        "7x704-288",
    ),
    "mcunet-512kb-2mb-int4": (
        192, 48, 0, 1000,
        "3x48-24 7x72-40/2 3x200-40+ 3x200-40+ 3x200-40+ 5x240-64/2 7x256-64+ 5x320-64+ "
        "7x320-120/2 7x480-120+ 3x480-120+ 5x480-144 3x576-144+ 7x432-144+ 3x720-288/2 "
        "7x864-288+ 5x1152-480",
    ),
    "proxyless-mobile": (
        224, 32, 1280, 1000,
        "3x32-16 5x48-32/2 3x96-32+ 7x96-40/2 3x120-40+ 5x120-40+ 5x120-40+ 7x240-80/2 "
        "5x240-80+ 5x240-80+ 5x240-80+ 5x480-96 5x288-96+ 5x288-96+ 5x288-96+ 7x576-192/2 "
        "7x1152-192+ 7x576-192+ 7x576-192+ 7x1152-320",
    ),
    "proxyless-w0.25-r112": (
        112, 8, 320, 1000,
        "3x8-8 5x24-8/2 3x24-8+ 7x24-16/2 3x48-16+ 5x48-16+ 5x48-16+ 7x96-24/2 5x72-24+ "
        "5x72-24+ 5x72-24+ 5x144-24 5x72-24+ 5x72-24+ 5x72-24+ 7x144-48/2 7x288-48+ 7x144-48+ "
        "7x144-48+ 7x288-80",
    ),
    "proxyless-w0.3": (
        176, 16, 384, 1000,
        "3x16-8 5x24-16/2 3x48-16+ 7x48-16/2 3x48-16+ 5x48-16+ 5x48-16+ 7x96-24/2 5x72-24+ "
        "5x72-24+ 5x72-24+ 5x144-32 5x96-32+ 5x96-32+ 5x96-32+ 7x192-64/2 7x384-64+ 7x192-64+ "
        "7x192-64+ 7x384-96",
    ),
}
# fmt: on
_BLOCK = re.compile(r"(\d+)x(\d+)-(\d+)(?:/(\d))?(\+?)")


_SEPARABLE = "8-16 16-32/2 32-32 32-64/2 64-64 64-128/2" + " 128-128" * 5 + " 128-256/2 256-256"


def _resnet_8() -> Arch:
    blocks = (
        Block(3, 16, 16, 1, True, "plain"),
        Block(3, 32, 32, 2, True, "plain", projected=True),
        Block(3, 64, 64, 2, True, "plain", projected=True),
    )
    return Arch((32, 32, 3), 16, 1, blocks)


def _ds_cnn() -> Arch:
    blocks = (Block(3, 64, 64, 1, False, "separable"),) * 4
    return Arch((49, 10, 1), 64, 2, blocks, stem_kernel=(10, 4))


def _mobilenet_v1() -> Arch:
    pairs = (re.split("[-/]", text) for text in _SEPARABLE.split())
    blocks = (
        Block(3, int(read), int(made), int(*stride or "1"), False, "separable")
        for read, made, *stride in pairs
    )
    return Arch((96, 96, 3), 8, 2, tuple(blocks))


_OTHERS: dict[str, tuple[Callable[[], Arch], int]] = {
    "resnet-8": (_resnet_8, 10),
    "ds-cnn": (_ds_cnn, 12),
    "mobilenet-v1-w0.25": (_mobilenet_v1, 2),
}


def published_names() -> tuple[str, ...]:
    """Names of the published networks."""
    return (*_NETWORKS, *_OTHERS)


def published_arch(name: str) -> Arch:
    """The architecture of a published network, with its own resolution and channels.

    Raises:
        SearchError: the name is unknown.
    """
    if name in _OTHERS:
        return _OTHERS[name][0]()
    resolution, stem, head, _, text = _entry(name)
    blocks = []
    for token in text.split():
        match = _BLOCK.fullmatch(token)
        assert match is not None, token
        kernel, hidden, channels = map(int, match.group(1, 2, 3))
        stride = int(match.group(4) or 1)
        blocks.append(Block(kernel, hidden, channels, stride, bool(match.group(5))))
    return Arch((resolution, resolution, 3), stem, 2, tuple(blocks), head)


def classes_of(name: str) -> int:
    """Number of classes that a published network was trained for."""
    if name in _OTHERS:
        return _OTHERS[name][1]
    return _entry(name)[3]


def _entry(name: str) -> tuple[int, int, int, int, str]:
    if name not in _NETWORKS:
        raise SearchError(f"unknown network '{name}': choose one of {', '.join(published_names())}")
    return _NETWORKS[name]
