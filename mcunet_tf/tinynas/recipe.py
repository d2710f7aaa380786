# SPDX-License-Identifier: Apache-2.0
"""How networks are trained: a value that needs no TensorFlow to be made and compared."""

from __future__ import annotations

import dataclasses
import math

from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas.checks import check_real, check_whole, shown

AUGMENTATIONS = ("auto", "flip_and_shift", "flip", "shift", "shift_rows", "none")

QUICK_RATE = 0.4
"""Learning rate where the loss bounds its own gradient: with batches of 128 a network of 8 M MACs
has 77.7 % of CIFAR-10's test images after nine passes; 76.6 % with 0.2, 73.0 % with 0.08."""

CAREFUL_RATE = 0.08
"""Learning rate where a loss may be of any size, or where sub-networks share weights."""

OPTIMIZERS = ("auto", "muon", "sgd")

TURN = 0.05
"""Relative length of a step of Muon where the learning rate is the one that data decides."""

_FEW = 10_000

_LEARNT_BY_HEART = (10, 25)
"""Passes from which on images are shifted too, where there are fewer than `_FEW` and where not. A
network of 8 M MACs has 79.7 % of CIFAR-10's test images after 14 passes, 77.0 % after 13 with
shifts."""

_BLEND = 0.3
_HIDDEN = (0.2, 0.3)
"""DS-CNN has 89.3 % of the words of other speakers after 44 passes over 3,307 words with bands
hidden, 87.7 % after 50 without."""


def is_spectrogram(image_shape: tuple[int, int, int]) -> bool:
    """Whether `(height, width, channels)` is taken for rows of time and columns of frequency."""
    height, width, channels = image_shape
    return channels == 1 and height != width and width > 1


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes:
        batch_size: images per step, over all replicas.
        learning_rate: learning rate at the start of a cosine that ends at zero; None takes
            `QUICK_RATE` for a network trained alone whose loss is one of ours for classes or
            labels, in proportion less for smaller batches than 128, and `CAREFUL_RATE` for
            supernets, regression and losses of the user's.
        momentum: momentum with Nesterov's look ahead.
        optimizer: "muon" turns the kernels of dense convolutions in all directions alike (see
            `muon`) and moves all else by SGD, "sgd" moves everything so; "auto" is SGD for
            supernets, of which a step may train a part, and Muon for networks trained alone.
        weight_decay: weight decay of the supernet; it is decoupled, and spares batch-norm.
        final_weight_decay: weight decay of a network trained alone, which sees the images often
            enough to learn them by heart.
        clip: largest norm of all gradients of a step together (Pascanu et al., arXiv:1211.5063);
            0: any.
        label_smoothing: share of the label that is spread over all classes.
        elastic_rate: learning rate of the elastic phases, relative to `learning_rate`.
        subnets_per_step: sub-networks whose gradients are averaged in an elastic step.
        distillation: weight of the largest sub-network's prediction in the elastic loss; it costs
            one forward pass more per step. Where there is a teacher, the weight of its prediction
            in every loss, and 0 counts as 1.
        augmentation: what is done to training images, one of `AUGMENTATIONS`; "auto" mirrors, and
            shifts too where a training passes all images 25 times or more, fewer than 10,000
            images ten times; of grey ones that are not square, as spectrograms are, whose
            frequencies mean something, it shifts the rows, which are of time, and leaves series
            alone.
        mixup: both parameters of the Beta distribution that says how much of each image a second
            image of the batch replaces, and of its loss (Zhang et al., arXiv:1710.09412); 0: none;
            None blends where there are fewer than 10,000 images, which are learnt by heart else.
        masks: the largest share of rows, and of columns, that a band over the whole image hides,
            one band of each (SpecAugment, Park et al., arXiv:1904.08779); 0: none; None hides up to
            a fifth of the rows and 0.3 of the columns of spectrograms where there are fewer than
            10,000, and nothing else.
        cutout: side of the rectangle that is hidden in every image, relative to the image's
            (DeVries and Taylor, arXiv:1708.04552); 0: none.
        smallest_side: sides of images, relative to whole ones, with which the final training of a
            search by minutes begins; they grow (see `growth`). 1: whole ones from the beginning,
            which spectrograms and series always have.

    Raises:
        SearchError: a number is out of range, or the augmentation is unknown.
    """

    batch_size: int = 128
    learning_rate: float | None = None
    momentum: float = 0.9
    optimizer: str = "auto"
    weight_decay: float = 5e-5
    final_weight_decay: float = 3e-3
    clip: float = 1.0
    label_smoothing: float = 0.0
    elastic_rate: float = 0.5
    subnets_per_step: int = 1
    distillation: float = 0.0
    augmentation: str = "auto"
    mixup: float | None = None
    masks: tuple[float, float] | None = None
    cutout: float = 0.0
    smallest_side: float = 0.625

    def __post_init__(self) -> None:
        check_whole("batch_size", self.batch_size, 1)
        check_whole("subnets_per_step", self.subnets_per_step, 1)
        for name in ("weight_decay", "final_weight_decay", "clip", "distillation"):
            check_real(name, getattr(self, name), 0.0)
        if self.learning_rate is not None:
            check_real("learning_rate", self.learning_rate, 0.0)
        for name in ("momentum", "label_smoothing", "elastic_rate", "cutout", "smallest_side"):
            check_real(name, getattr(self, name), 0.0, 1.0)
        if self.mixup is not None:
            check_real("mixup", self.mixup, 0.0)
        if self.masks is not None:
            if not isinstance(self.masks, tuple) or len(self.masks) != 2:
                raise SearchError(
                    f"masks = {shown(self.masks)}: it must be two shares, of rows and of columns"
                )
            for share in self.masks:
                check_real("masks", share, 0.0, 1.0)
        for name, known in (("augmentation", AUGMENTATIONS), ("optimizer", OPTIMIZERS)):
            value = getattr(self, name)
            if value not in known:
                raise SearchError(f"{name} {shown(value)} is unknown: use one of {known}")

    def of_supernet(self) -> Recipe:
        """The recipe for a network whose parts train in turns, with weights in common."""
        return dataclasses.replace(
            self,
            learning_rate=CAREFUL_RATE if self.learning_rate is None else self.learning_rate,
            optimizer="sgd" if self.optimizer == "auto" else self.optimizer,
        )

    def of_clips(self) -> Recipe:
        """The recipe where whatever hears the clips has moved them and hidden bands already."""
        return dataclasses.replace(
            self,
            augmentation="none" if self.augmentation == "auto" else self.augmentation,
            masks=(0.0, 0.0) if self.masks is None else self.masks,
        )

    def of_data(
        self, image_shape: tuple[int, int, int], count: int, passes: float = math.inf
    ) -> Recipe:
        """The recipe with what data decides decided.

        Args:
            image_shape: (height, width, channels) of the images.
            count: number of training images.
            passes: how often the training passes all of them.
        """
        # A series too: its one column has nothing to mirror, and its beginning may matter.
        heard = is_spectrogram(image_shape)
        of_time = image_shape[1] == 1 or heard
        # Images that are seen a few times are not learnt by heart: what is shifted is one more
        # thing to learn.
        rare = passes < _LEARNT_BY_HEART[count >= _FEW]
        of_pictures = "flip" if rare else "flip_and_shift"
        chosen = "shift_rows" if heard else "none" if of_time else of_pictures
        hidden = _HIDDEN if heard and count < _FEW else (0.0, 0.0)
        return dataclasses.replace(
            self,
            augmentation=chosen if self.augmentation == "auto" else self.augmentation,
            smallest_side=1.0 if of_time else self.smallest_side,
            masks=hidden if self.masks is None else self.masks,
            mixup=(_BLEND if count < _FEW else 0.0) if self.mixup is None else self.mixup,
        )


PAPER_RECIPE = Recipe(label_smoothing=0.1, subnets_per_step=4, distillation=1.0)
"""Four sub-networks per batch, taught by the largest: about four times the work per step."""
