# SPDX-License-Identifier: Apache-2.0
"""One Keras network whose parts are all sub-networks of a space.

Weight sharing follows Once-for-All (Cai et al., arXiv:1908.09791) and MCUNet: a smaller kernel is
the middle of the larger one, fewer hidden channels are the first ones after sorting by the L1 norm
of what reads them, a shallower stage runs its first blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.block import BlockLayer, block_layers
from mcunet_tf.tinynas.layer import CONV, DENSE, DEPTHWISE, pair
from mcunet_tf.tinynas.layers import (
    SharedConv,
    SharedDepthwise,
    SharedNorm,
    Statistics,
    convolve_and_norm,
)
from mcunet_tf.tinynas.protocols import KerasModel

Settings = npt.NDArray[np.int32]
"""(runs, kernel, hidden channels) of each block: `[blocks, 3]`; see `Space.settings`."""


class _SharedBlock(keras.layers.Layer):
    """A block of which kernel and hidden channels may be smaller.

    Its convolutions and their norms are attributes that are called as `block_layers` calls them.
    """

    def __init__(self, arch: Arch, index: int, name: str):
        super().__init__(name=name)
        self.block = block = arch.blocks[index]
        in_channels = arch.blocks[index - 1].channels if index else arch.stem_channels
        self.parts = block_layers(block, in_channels)
        for part in self.parts:
            made: SharedConv | SharedDepthwise
            if part.kind == DEPTHWISE:
                made = SharedDepthwise(
                    part.kernel, part.out_channels, part.stride, part.name, arch.padding
                )
            else:
                channels = (part.in_channels, part.out_channels)
                made = SharedConv(part.kernel, *channels, part.stride, part.name, arch.padding)
            setattr(self, part.name, made)
            setattr(self, f"{part.name}_norm", SharedNorm(part.out_channels, f"{part.name}_norm"))
        self.norms = tuple(getattr(self, f"{part.name}_norm") for part in self.parts)
        self.built = True

    def weights_of(self, part: BlockLayer, kernel: Any = None, hidden: Any = None) -> Any:
        """The weights of a convolution, of a smaller window and fewer hidden channels if given."""
        return getattr(self, part.name).part(
            size=None if pair(part.kernel) == (1, 1) else kernel,
            in_channels=hidden if part.reads_hidden else None,
            out_channels=hidden if part.makes_hidden else None,
        )

    def call(
        self,
        x: Any,
        kernel: Any = None,
        hidden: Any = None,
        statistics: Sequence[Statistics] | None = None,
    ) -> tuple[Any, list[Statistics]]:
        """Gives the block's output and the statistics of its norms, in order."""
        used: list[Statistics] = []
        y = shortcut = x
        for index, (part, norm) in enumerate(zip(self.parts, self.norms, strict=True)):
            weights = self.weights_of(part, kernel, hidden)
            given = statistics[index] if statistics is not None else None
            source = x if part.projects else y
            made, found = convolve_and_norm(getattr(self, part.name), norm, source, weights, given)
            made = tf.nn.relu6(made) if part.relu6 else made
            used.append(found)
            if part.projects:
                shortcut = made
            else:
                y = made
        if self.block.residual:
            total = shortcut + y
            y = tf.nn.relu6(total) if self.block.clamps else total
        return y, used

    def no_statistics(self) -> list[Statistics]:
        """What stands for the statistics of a block that does not run."""
        return [(tf.zeros(norm.channels), tf.ones(norm.channels)) for norm in self.norms]

    def sort_channels(self) -> None:
        """Brings the hidden channels that are read with the largest weights to the front.

        The block computes what it computed before.
        """
        if self.parts[0].reads_hidden or not self.parts[0].makes_hidden:
            return  # its hidden channels are those of the block before
        last = [part for part in self.parts if part.reads_hidden][-1]
        reader = getattr(self, last.name).kernel
        weight = np.abs(reader.numpy()).sum(axis=(0, 1, 3))
        order = np.argsort(-weight, kind="stable")
        for part, norm in zip(self.parts, self.norms, strict=True):
            conv = getattr(self, part.name)
            if part.reads_hidden:
                _permute(conv.kernel, order, 2)
            elif part.makes_hidden:
                _permute(conv.kernel, order, 3)
            if part.makes_hidden:
                _permute(norm.gamma, order, 0)
                _permute(norm.beta, order, 0)


def _permute(variable: Any, order: npt.NDArray[np.int64], axis: int) -> None:
    variable.assign(np.take(variable.numpy(), order, axis=axis))


class Supernet(keras.Model):
    """The network of an architecture, of which any part may compute.

    Calling it takes images `[n, h, w, c]` and gives logits `[n, num_classes]`.

    Attributes:
        arch: the largest sub-network.
        num_classes: number of logits.
        optional: blocks that may be left out; all others always run.
    """

    def __init__(self, arch: Arch, num_classes: int, optional: Sequence[int] = ()):
        super().__init__(name="supernet")
        self.arch = arch
        self.num_classes = num_classes
        self.optional = frozenset(optional)
        channels = arch.input_shape[2]
        stem = (channels, arch.stem_channels, arch.stem_stride)
        self.stem = SharedConv(arch.stem_kernel, *stem, "stem", arch.padding)
        self.stem_norm = SharedNorm(arch.stem_channels, "stem_norm")
        self.blocks = [
            _SharedBlock(arch, index, f"block{index:02d}") for index in range(len(arch.blocks))
        ]
        features = arch.blocks[-1].channels if arch.blocks else arch.stem_channels
        self.head = None
        if arch.head_channels:
            self.head = SharedConv(1, features, arch.head_channels, 1, "head")
            self.head_norm = SharedNorm(arch.head_channels, "head_norm")
            features = arch.head_channels
        self.classifier = keras.layers.Dense(num_classes, name="logits")
        self.classifier.build((None, features))
        self.exporter: Callable[[], KerasModel] | None = None
        self.built = True

    def save(self, filepath: Any, overwrite: bool = True, **options: Any) -> None:
        """Saves the largest sub-network as a plain Keras model, which loads anywhere.

        Raises:
            SearchError: nobody has said how its norms are settled.
        """
        if self.exporter is None:
            raise SearchError("this network is saved only within a training of a search")
        self.exporter().save(filepath, overwrite=overwrite, **options)

    def call(self, images: Any, settings: Any = None) -> Any:
        """Gives logits, with the batch's own statistics in every norm."""
        return self.forward(images, settings)[0]

    def forward(
        self,
        images: Any,
        settings: Any = None,
        statistics: Sequence[Statistics] | None = None,
        collect: bool = False,
    ) -> tuple[Any, list[Statistics]]:
        """Gives logits of a sub-network, and the statistics of its norms where asked.

        Args:
            images: float32 `[n, h, w, c]`.
            settings: int32 `[blocks, 3]`; None runs the largest sub-network.
            statistics: statistics of every norm, as collected before; None takes the batch's own.
            collect: whether statistics are returned.
        """
        given = list(statistics) if statistics is not None else None
        used: list[Statistics] = []

        def taken(count: int) -> list[Statistics] | None:
            if given is None:
                return None
            part, given[:] = given[:count], given[count:]
            return part

        x, found = self._normed(self.stem, self.stem_norm, images, taken(1))
        used += found
        for index, block in enumerate(self.blocks):
            x, found = self._block(index, x, settings, taken(len(block.norms)), collect)
            used += found
        if self.head is not None:
            x, found = self._normed(self.head, self.head_norm, x, taken(1))
            used += found
        return self.classifier(tf.reduce_mean(x, axis=(1, 2))), used if collect else []

    def _normed(
        self, conv: SharedConv, norm: SharedNorm, x: Any, statistics: list[Statistics] | None
    ) -> tuple[Any, list[Statistics]]:
        given = statistics[0] if statistics else None
        y, used = convolve_and_norm(conv, norm, x, conv.part(), given)
        return tf.nn.relu6(y), [used]

    def _block(
        self,
        index: int,
        x: Any,
        settings: Any,
        statistics: list[Statistics] | None,
        collect: bool,
    ) -> tuple[Any, list[Statistics]]:
        block = self.blocks[index]
        if settings is None:
            whole: tuple[Any, list[Statistics]] = block(x, statistics=statistics)
            return whole
        runs, kernel, hidden = settings[index, 0], settings[index, 1], settings[index, 2]

        def run() -> tuple[Any, list[Statistics]]:
            y, used = block(x, kernel=kernel, hidden=hidden, statistics=statistics)
            return y, used if collect else []

        if index not in self.optional:
            return run()
        found: tuple[Any, list[Statistics]] = tf.cond(
            runs > 0, run, lambda: (x, block.no_statistics() if collect else [])
        )
        return found

    def sort_channels(self) -> None:
        """Sorts the hidden channels of all blocks; the largest sub-network stays what it is."""
        for block in self.blocks:
            block.sort_channels()

    def subnet_weights(
        self, settings: Settings, statistics: Sequence[Statistics]
    ) -> dict[str, list[npt.NDArray[np.float32]]]:
        """Weights of a sub-network by the names of the layers of `Arch.to_keras`.

        Args:
            settings: the settings of the sub-network.
            statistics: statistics of its norms, as collected by `forward`.
        """
        given = iter(statistics)
        found: dict[str, list[npt.NDArray[np.float32]]] = {}

        def put(
            name: str, kernel: npt.NDArray[np.float32], norm: SharedNorm, channels: int
        ) -> None:
            mean, variance = (np.asarray(value)[:channels] for value in next(given))
            found[f"{name}_conv"] = [kernel]
            gamma, beta = norm.gamma.numpy()[:channels], norm.beta.numpy()[:channels]
            found[f"{name}_norm"] = [gamma, beta, mean, variance]

        put("stem", self.stem.kernel.numpy(), self.stem_norm, self.arch.stem_channels)
        target = 0
        for block, (runs, size, hidden) in zip(self.blocks, settings.tolist(), strict=True):
            if not runs:
                for _ in block.norms:
                    next(given)
                continue
            name = f"block{target:02d}"
            target += 1
            for part, norm in zip(block.parts, block.norms, strict=True):
                kernel = np.asarray(block.weights_of(part, size, hidden))
                channels = hidden if part.makes_hidden else part.out_channels
                put(f"{name}_{part.name}", kernel, norm, channels)
        if self.head is not None:
            put("head", self.head.kernel.numpy(), self.head_norm, self.arch.head_channels)
        found["logits"] = [value.numpy() for value in self.classifier.weights]
        return found

    def load_subnet(self, weights: dict[str, list[npt.NDArray[np.float32]]]) -> None:
        """Takes over weights that `subnet_weights` gave for exactly this architecture.

        Where there are none of the classifier it stays as it is.
        """
        for layer in self.arch.layers(self.num_classes):
            if layer.kind in (CONV, DEPTHWISE):
                conv, norm = self._parts(layer.name)
                conv.kernel.assign(weights[f"{layer.name}_conv"][0])
                norm.gamma.assign(weights[f"{layer.name}_norm"][0])
                norm.beta.assign(weights[f"{layer.name}_norm"][1])
            elif layer.kind == DENSE and "logits" in weights:
                for variable, value in zip(self.classifier.weights, weights["logits"], strict=True):
                    variable.assign(value)

    def _parts(self, name: str) -> tuple[Any, SharedNorm]:
        owner, part = self, name
        if name.startswith("block"):
            index, part = name.removeprefix("block").split("_")
            owner = self.blocks[int(index)]
        return getattr(owner, part), getattr(owner, f"{part}_norm")


def full_settings(arch: Arch) -> Settings:
    """The settings that run all of an architecture."""
    rows = [(1, pair(block.kernel)[0], block.hidden) for block in arch.blocks]
    return np.array(rows, np.int32).reshape(-1, 3)


def assign_weights(model: Any, weights: dict[str, list[npt.NDArray[np.float32]]]) -> None:
    """Gives a model of `Arch.to_keras` or `build_with` the weights of `subnet_weights`."""
    for name, values in weights.items():
        model.get_layer(name).set_weights(values)
