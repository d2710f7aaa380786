# SPDX-License-Identifier: Apache-2.0
"""Networks that are worth training for a budget of memory and of minutes.

Of every family of blocks networks are drawn whose stages have widths and depths of their own. Two
limits bind: what the board can hold, and what can be trained in the time that there is. Within them
the networks with the most weights in the fewest layers are taken, at several costs of training,
because only training tells what a data set needs. Beside them stand published networks, as wide as
the budget allows.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mcunet_tf.errors import BudgetError
from mcunet_tf.tinynas import space as spaces
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.baselines import FAMILIES, scaled, widest_fitting
from mcunet_tf.tinynas.cost import Budget, candidate_cost, excesses, streamed_bytes
from mcunet_tf.tinynas.layer import ADD, CONV, DEPTHWISE, ArchLayer, Size, pair
from mcunet_tf.tinynas.options import SearchOptions
from mcunet_tf.tinynas.recipe import is_spectrogram
from mcunet_tf.tinynas.space import Skeleton, Space, SpaceStage, make_space, rounded_channels

KNOWN = "known"
"""What stands for the family of a published network."""

_HEADS = (2, 3, 4)
"""Widths of heads: ResNet-8 has 77.3 % of CIFAR-10's test images after four CPU minutes, 79.1 %
with a head of three times its last channels, which costs next to no training."""

SKELETONS = {
    "plain": dataclasses.replace(spaces.PLAIN_SMALL_IMAGES, heads=_HEADS),
    "fused": dataclasses.replace(spaces.FUSED_SMALL_IMAGES, heads=_HEADS),
    "inverted": dataclasses.replace(spaces.SMALL_IMAGES, depths=(1, 2, 3), heads=_HEADS),
    "separable": dataclasses.replace(spaces.SEPARABLE_SMALL_IMAGES, heads=_HEADS),
}
"""What networks are drawn from; where few can be tried, the first ones."""

SPECTROGRAM_SKELETONS = {
    "temporal": spaces.TEMPORAL_SPECTROGRAMS,
    "plain": spaces.PLAIN_SPECTROGRAMS,
    "inverted": spaces.INVERTED_SPECTROGRAMS,
    "separable": spaces.SEPARABLE_SPECTROGRAMS,
    "fused": spaces.FUSED_SPECTROGRAMS,
}
"""The same for spectrograms: of Speech Commands' words of other speakers a temporal network of
1.1 M MACs had 90.7 % after three CPU minutes, DS-CNN of 2.7 M had 90.0; in one round of a search
plain networks had 83.1 %, inverted residuals 79.6, separable ones 79.4, DS-CNN 84.0."""

_DRAWS = 800
_TRIED = 60
"""Networks of each family that are drawn, and of which the compiler is asked."""

_WIDTHS = (0.2, 2.5)
_UNEVEN = 0.12
"""Range of a network's width, and the deviation of its stages' own widths, as a logarithm."""

_LEVELS = (1.0, 0.5, 2.0)
"""Costs of training that are looked at, relative to what the time allows."""

_LEVEL_RANGE = 1.45

# Training on a CPU: seconds go with the MACs of dense windows, but depthwise windows and every
# pass of batch-norm and ReLU over the activations cost more than their MACs. In MACs:
_DEPTHWISE_COST = 6.0
_ACTIVATION_COST = 60.0

_LARGEST_LAST_MAP = 16
_SMALL_IMAGE = 48
_HALVED_SIDE = 24
"""Sides of images from which on a stem may halve them."""

ROUND_SHARES = (0.12, 0.15)
"""Shares of the time for the rounds; the rest is the final training's."""

KEPT = 3
"""Networks that the second round trains."""

_MOST_CONTENDERS = 12
_SECONDS_EACH = 240.0
_ROUND_PASSES = 3.0
"""Time of a whole search for each contender of its first round: so much, or what lets each pass the
images a few times. Few networks that are told apart are better than many that are not."""

FINAL_SHARE = 0.7
"""Share of a search's time that its final training has."""

_COST_FOR_A_PASS = 1000.0
"""`training_cost` of a network for each pass over the images and each of their pixels. Of two such
networks 13 M for 6 passes have 80.2 % of CIFAR-10's test images, 15 M for 5 have 79.4 %."""


@dataclasses.dataclass(frozen=True)
class Contender:
    """A network that others are held against.

    Attributes:
        name: what it is called in reports, unique among its opponents.
        family: name of its family, or `KNOWN`.
        arch: the network.
    """

    name: str
    family: str
    arch: Arch


def training_cost(arch: Arch, num_classes: int) -> float:
    """What a training step costs for each image, in MACs of a dense window."""
    return sum(_layer_cost(layer) for layer in arch.layers(num_classes))


def _layer_cost(layer: ArchLayer) -> float:
    made = layer.out_height * layer.out_width * layer.out_channels
    factor = _DEPTHWISE_COST if layer.kind == DEPTHWISE else 1.0
    passes = 0.3 if layer.kind == ADD else 1.0
    return factor * layer.macs + passes * _ACTIVATION_COST * made


def balanced_cost(capacity: float, image_shape: tuple[int, int, int]) -> float:
    """`training_cost` of a network for which a time is neither too short nor too long.

    With more time networks grow, and so does the number of passes over the images, each with its
    root (as Hoffmann et al., arXiv:2203.15556, table 2, found of language models).

    Args:
        capacity: product of cost and passes that the time allows.
        image_shape: (height, width, channels).
    """
    return math.sqrt(capacity * _COST_FOR_A_PASS * image_shape[0] * image_shape[1])


def known_contenders(
    image_shape: tuple[int, int, int], fits: Callable[[Arch], bool]
) -> list[Contender]:
    """The published networks, each as it is and as wide as fits.

    Those that fit only when they are narrower stand here once, those that cannot fit never.
    """
    found = []
    for family, (_, width) in FAMILIES.items():
        if family == "ds_cnn" and image_shape[0] == image_shape[1]:
            continue  # its stem's window is a spectrogram's
        widest = widest_fitting(family, image_shape, fits)
        if widest is None:
            continue
        name = family.replace("_", "-")
        published = scaled(family, image_shape, width)
        if published != widest and fits(published):
            # The widest one may be too much to be trained in the time that there is.
            found.append(Contender(name, KNOWN, published))
            name = f"{name} widest"
        found.append(Contender(name, KNOWN, widest))
    return found


def by_promise(
    contenders: Sequence[Contender],
    image_shape: tuple[int, int, int],
    affordable: float,
    num_classes: int,
) -> list[Contender]:
    """Published networks in the order in which a search has time for them.

    Those that were made for such inputs come first, then the others by how near their cost of
    training is to what the time allows.
    """

    def key(contender: Contender) -> tuple[bool, float]:
        distance = abs(math.log(training_cost(contender.arch, num_classes) / affordable))
        return contender.name.split()[0] not in _made_for(image_shape), distance

    return sorted(contenders, key=key)


def _made_for(image_shape: tuple[int, int, int]) -> tuple[str, ...]:
    """Names of the published networks for spectrograms, for small images, or for photographs."""
    height, width, _ = image_shape
    if height != width:
        return ("ds-cnn",)
    return ("resnet-8",) if height <= _SMALL_IMAGE else ("mobilenet-v1", "mcunet")


def smallest_contender(
    image_shape: tuple[int, int, int],
    num_classes: int,
    options: SearchOptions,
    fits: Callable[[Arch], bool],
) -> Contender:
    """The smallest network that is known here.

    Raises:
        BudgetError: not even that one fits; the message says what it needs.
    """
    hop, archs = options.budget.hop, {}
    for family, skeleton in _skeletons(image_shape).items():
        series = skeleton.makes_series(image_shape)
        shallow = spaces.streamable(_shallow(skeleton), hop, series)
        archs[family] = make_space(image_shape, 1.0, _WIDTHS[0], shallow)
    smallest = {family: space.arch(space.smallest()) for family, space in archs.items()}
    for family, arch in smallest.items():
        if fits(arch):
            return Contender(f"{family} smallest", family, arch)
    raise BudgetError(least_needed(smallest, num_classes, options))


def _skeletons(image_shape: tuple[int, int, int]) -> dict[str, Skeleton]:
    return SPECTROGRAM_SKELETONS if is_spectrogram(image_shape) else SKELETONS


def _shallow(skeleton: Skeleton) -> Skeleton:
    return dataclasses.replace(skeleton, stages=skeleton.stages[:2], heads=(0,))


def least_needed(smallest: dict[str, Arch], num_classes: int, options: SearchOptions) -> str:
    """Which limit nothing keeps, and the least that some network needs of it."""
    budget, board = options.budget, options.target
    hop = budget.hop
    costs = [candidate_cost(arch, num_classes, board, None, hop) for arch in smallest.values()]
    sram = [
        cost.sram_bytes if hop is not None else streamed_bytes(arch, num_classes, board)
        for arch, cost in zip(smallest.values(), costs, strict=True)
    ]
    latencies = [cost.latency_ms for cost in costs if cost.latency_ms is not None]
    least = dataclasses.replace(
        costs[0],
        sram_bytes=min(sram),
        flash_bytes=min(cost.flash_bytes for cost in costs),
        instructions=min(cost.instructions for cost in costs),
        latency_ms=min(latencies, default=None),
    )
    said = excesses(least, budget)
    needs = " and ".join(said) or "more than all limits together allow"
    return (
        f"nothing fits the budget: the smallest network needs {needs}: raise that limit, or scale "
        "the images down"
    )


def own_contenders(
    image_shape: tuple[int, int, int],
    num_classes: int,
    fits: Callable[[Arch], bool],
    budget: Budget,
    affordable: float,
    rng: np.random.Generator,
    given: Sequence[Space] | None = None,
) -> list[Contender]:
    """Networks of every family, the most promising ones first.

    Args:
        image_shape: (height, width, channels) of the images.
        num_classes: number of outputs.
        fits: whether a network keeps the budget.
        budget: the budget, for what can be said without asking `fits`.
        affordable: `training_cost` of a network that can be trained long enough.
        rng: generator of all randomness.
        given: spaces to draw from; None draws from all families.
    """
    found: dict[float, list[Contender]] = {level: [] for level in _LEVELS}
    for family, draw in _sources(image_shape, given, budget.hop):
        drawn = list(dict.fromkeys(draw(rng) for _ in range(_DRAWS)))
        drawn = [arch for arch in drawn if _may_fit(arch, num_classes, budget)]
        costs = {arch: training_cost(arch, num_classes) for arch in drawn}
        for level in _LEVELS:
            wanted = affordable * level
            near = [a for a in drawn if 1 / _LEVEL_RANGE < costs[a] / wanted < _LEVEL_RANGE]
            ranked = sorted(near, key=lambda arch: -_promise(arch, num_classes))
            best = next((arch for arch in ranked[:_TRIED] if fits(arch)), None)
            if best is None and level == 1.0:
                # The budget ends below what could be trained: the most promising ones that fit,
                # looked for from large to small.
                spread = sorted(drawn, key=lambda arch: -_promise(arch, num_classes))
                step = -(-len(spread) // _TRIED) or 1
                best = next((arch for arch in spread[::step] if fits(arch)), None)
            if best is not None and all(c.arch != best for c in found[level]):
                name = f"{family} {costs[best] / 1e6:.0f}M"
                found[level].append(Contender(name, family, best))
    merged = [contender for level in _LEVELS for contender in found[level]]
    return _named_apart(merged)


def _promise(arch: Arch, num_classes: int) -> float:
    """Of networks that cost alike to train, those with many weights in few layers learn the most.

    After four CPU minutes on CIFAR-10 networks of 92,000 to 103,000 weights have 80.2 % of the test
    images with 8 convolutions, 79.1 with 10, 78.2 with 11, and 78.0 with 14.
    """
    convolutions = sum(layer.kind in (CONV, DEPTHWISE) for layer in arch.layers(num_classes))
    return arch.parameters(num_classes) / math.sqrt(convolutions)


def _named_apart(contenders: Sequence[Contender]) -> list[Contender]:
    """The first of each network, each with a name of its own."""
    found: dict[Arch, Contender] = {}
    names: set[str] = set()
    for contender in contenders:
        if contender.arch in found:
            continue
        name, number = contender.name, 1
        while name in names:
            number += 1
            name = f"{contender.name} #{number}"
        names.add(name)
        found[contender.arch] = dataclasses.replace(contender, name=name)
    return list(found.values())


def _may_fit(arch: Arch, num_classes: int, budget: Budget) -> bool:
    """Whether the weights alone leave room for code; the compiler has the last word."""
    limit = budget.flash_bytes
    return limit is None or arch.parameters(num_classes) <= limit


Draw = Callable[[np.random.Generator], Arch]


def _sources(
    image_shape: tuple[int, int, int], given: Sequence[Space] | None, hop: int | None
) -> Iterator[tuple[str, Draw]]:
    """(family, what draws a network of it)."""
    if given is None:
        for family, skeleton in _skeletons(image_shape).items():
            yield family, functools.partial(_drawn, skeleton, image_shape, hop)
        return
    by_family: dict[str, list[Space]] = {}
    for space in given:
        by_family.setdefault(type(space.family).__name__, []).append(space)
    for family, members in by_family.items():

        def draw(rng: np.random.Generator, members: Sequence[Space] = tuple(members)) -> Arch:
            space = members[int(rng.integers(len(members)))]
            return space.arch(space.sample(rng))

        yield family, draw


def _drawn(
    skeleton: Skeleton,
    image_shape: tuple[int, int, int],
    hop: int | None,
    rng: np.random.Generator,
) -> Arch:
    """A network of a skeleton: some of its stages, or one more, with widths of their own."""
    low, high = map(math.log, _WIDTHS)
    width = rng.uniform(low, high)
    stages = list(skeleton.stages)
    if len(stages) > 2 and pair(stages[0][1]) == (1, 1):
        # Blocks on the stem's map take a third of the time and hold a twentieth of the weights.
        stages = stages[int(rng.integers(2)) :]
    fewest = min(2, len(stages))
    stages.append((2 * stages[-1][0], 2))
    count = int(rng.integers(fewest, len(stages) + 1))
    halved = int(rng.integers(1, 3)) if spaces.shortest_side(image_shape) >= _HALVED_SIDE else 1
    own_strides = [stride for _, stride in stages]
    columns = image_shape[1]
    stem_stride, strides = _strides(skeleton, own_strides, image_shape, hop, halved)
    made = []
    for (channels, _), stride in zip(stages[:count], strides, strict=False):
        own = math.exp(width + rng.normal(0.0, _UNEVEN))
        made.append(SpaceStage(rounded_channels(channels * own), stride, skeleton.depths))
    scale = math.exp(width)
    space = Space(
        input_shape=image_shape,
        width=round(scale, 2),
        stem_channels=rounded_channels(skeleton.stem_channels * scale),
        stem_stride=skeleton.stem_size(stem_stride, columns),
        first_channels=skeleton.first_channels
        and rounded_channels(skeleton.first_channels * scale),
        stages=tuple(made),
        family=skeleton.family,
        stem_kernel=skeleton.stem_size(skeleton.stem_kernel, columns),
        head_channels=int(rng.choice(skeleton.heads)) * made[-1].channels,
    )
    return space.arch(space.sample(rng))


def _strides(
    skeleton: Skeleton,
    strides: Sequence[Size],
    image_shape: tuple[int, int, int],
    hop: int | None,
    halved: int,
) -> tuple[Size, list[Size]]:
    """(stem's stride, those of stages) that leave something of an image, and divide a hop."""
    series = skeleton.makes_series(image_shape)
    size = image_shape[0] if series else spaces.shortest_side(image_shape)
    # Maps of half the size leave time and memory for four times the weights.
    stem = pair(skeleton.stem_stride)[0] * halved
    while size // stem > 4 * _LARGEST_LAST_MAP:
        stem *= 2
    size //= stem
    kept: list[tuple[int, Size]] = []
    for stride in strides:
        step = pair(stride)[0]
        step = step if size // step >= 2 else 1
        size //= step
        kept.append((1, step))
    whole = dataclasses.replace(skeleton, stem_stride=stem, stages=tuple(kept))
    made = spaces.streamable(whole, hop, series)
    return made.stem_stride, [stride for _, stride in made.stages]


def contenders_within(seconds: float, traced: float, passing: float) -> int:
    """How many networks the first round of a search has time for.

    Args:
        seconds: time of the whole search.
        traced: seconds of a first step, which is traced.
        passing: seconds of a pass over the images.
    """
    each = min((traced + _ROUND_PASSES * passing) / ROUND_SHARES[0], _SECONDS_EACH)
    return min(max(int(seconds / each), KEPT), _MOST_CONTENDERS)


def lineup(
    known: Sequence[Contender], own: Sequence[Contender], count: int
) -> tuple[Contender, ...]:
    """The contenders of the first round: a third are published networks, and at least one."""
    published = min(len(known), max(1, count // 3, count - len(own)))
    return (*known[:published], *own[: count - published])
