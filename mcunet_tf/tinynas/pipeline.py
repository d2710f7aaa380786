# SPDX-License-Identifier: Apache-2.0
"""Training data that is read anew every epoch: Datasets, PyDatasets and functions.

Only the targets of all samples and one batch of images are in memory at a time. Before training one
pass over the data counts and checks it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from mcunet_tf.errors import DataError
from mcunet_tf.tinynas.augment import augmented
from mcunet_tf.tinynas.checks import shown
from mcunet_tf.tinynas.data import Array, Batch, as_float, resize_images
from mcunet_tf.tinynas.recipe import Recipe
from mcunet_tf.tinynas.targets import read_targets, read_weights

Chunk = tuple[Array, Array, Array | None]
"""Images, targets and weights of some samples, as the user's source gives them."""

_LEAST_FOR_ORDER = 20
"""Samples per class from which on an order by class is told from chance."""
_MOST_VALUES = 1 << 31
"""Values that a source may give before it is taken for an endless one where it is collected."""
_REASON = 200
"""Characters of another's message that are kept."""

_MOST_SAMPLES = 1 << 27
"""Samples that a source may give in one pass before it is taken for an endless one."""


def is_pipeline(given: Any) -> bool:
    """Whether something gives its samples again and again, in place of arrays."""
    if hasattr(given, "element_spec"):
        return True
    if isinstance(given, tuple | list | dict | set | str | bytes | np.ndarray | type):
        return False
    indexed = hasattr(given, "__getitem__") and hasattr(given, "__len__")
    return indexed or (callable(given) and not hasattr(given, "__array__"))


def chunks(part: str, given: Any, series: bool = False) -> Iterator[Chunk]:
    """Goes once through a source; every chunk has a batch, of one sample where the source has none.

    Raises:
        DataError: the source never ends, is a pipeline of something else, or fails.
    """
    if hasattr(given, "element_spec"):
        yield from _of_dataset(part, given, series)
        return
    if hasattr(given, "__getitem__"):
        for index in range(len(given)):
            yield _chunk(part, given[index], series)
        getattr(given, "on_epoch_end", lambda: None)()
        return
    elements = given()
    if not isinstance(elements, Iterable):
        raise DataError(
            f"the {part} function gives {shown(elements)}: it must give an iterator of (image, "
            "label) that begins anew at each call"
        )
    for element in _guarded(part, elements):
        yield _chunk(part, element, series)


def _guarded(part: str, elements: Iterable[Any]) -> Iterator[Any]:
    """Elements of a user's source, whose failure is one line that says so."""
    iterator = iter(elements)
    while True:
        try:
            element = next(iterator)
        except StopIteration:
            return
        except Exception as error:  # a user's code, and TensorFlow's, raise anything
            reason = " ".join(str(error).split())[:_REASON] or type(error).__name__
            raise DataError(f"the {part} data failed: {reason}") from error
        yield element


def _of_dataset(part: str, dataset: Any, series: bool) -> Iterator[Chunk]:
    spec = dataset.element_spec
    right = isinstance(spec, tuple) and len(spec) in (2, 3)
    if not right or not all(hasattr(part_spec, "shape") for part_spec in spec):
        raise DataError(
            f"the {part} dataset must give pairs (image, label), not {shown(spec)}: map it"
        )
    cardinality = getattr(dataset, "cardinality", None)
    if cardinality is not None and int(cardinality()) == -1:  # tf.data.INFINITE_CARDINALITY
        raise DataError(
            f"the {part} dataset repeats for ever: pass it without .repeat(), or with .take(n)"
        )
    batched = _is_batched(part, spec[0], spec[1], series)
    for element in _guarded(part, dataset.as_numpy_iterator()):
        parts = [np.asarray(value) for value in element]
        if not batched:
            parts = [value[np.newaxis] for value in parts]
        yield parts[0], parts[1], parts[2] if len(parts) == 3 else None


def _is_batched(part: str, image: Any, label: Any, series: bool) -> bool:
    """Whether an element of a dataset holds several images, told by its specification.

    An image of rank 4 is a batch; one of rank 3 with a single label is one image. An image of rank
    3 with a row of labels is a batch of grey images where the first size of both is the same, or
    open, and else one image with a row of labels.
    """
    ranks = (image.shape.rank, label.shape.rank)  # None where a rank is unknown
    if series and ranks[0] in (2, 3):
        return bool(ranks[0] == 3)
    if ranks[0] == 4:
        return True
    if ranks in ((2, 0), (3, 0)):
        return False
    if ranks[0] == 3 and ranks[1] == 1:
        return bool(image.shape[0] == label.shape[0] or image.shape[0] is None)
    raise DataError(
        f"an element of the {part} dataset holds an image {image.shape} and a label "
        f"{label.shape}: give [h, w, c] and one whole number, or batches of them"
    )


def _chunk(part: str, element: Any, series: bool) -> Chunk:
    if not isinstance(element, tuple | list) or len(element) not in (2, 3):
        raise DataError(f"the {part} data gives {shown(element)}: give (image, label)")
    try:
        parts = [np.asarray(value) for value in element]
    except (TypeError, ValueError) as error:
        raise DataError(f"the {part} data gives no arrays: {error}") from error
    if parts[0].ndim == (2 if series else 3):
        parts = [value[np.newaxis] for value in parts]
    return parts[0], parts[1], parts[2] if len(parts) == 3 else None


def as_images(x: Array, series: bool = False) -> Array:
    """Grey images `[n, h, w]` as `[n, h, w, 1]`, series `[n, t, c]` as `[n, t, 1, c]`."""
    if x.ndim != 3:
        return x
    return x[:, :, np.newaxis] if series else x[..., np.newaxis]


def checked_chunks(part: str, given: Any, head: str, series: bool = False) -> Iterator[Chunk]:
    """Chunks of a source whose images have one shape and type, and whose targets fit the head."""
    form: tuple[Any, ...] | None = None
    seen = 0
    for x, y, w in chunks(part, given, series):
        x = as_images(x, series)
        found = (x.dtype, *x.shape[1:])
        if form is None:
            form = found
            check_images(part, x)
        if found != form:
            raise DataError(
                f"{part} image {seen} is {x.dtype} {list(x.shape[1:])}, the ones before are "
                f"{form[0]} {list(form[1:])}: bring them to one form"
            )
        check_finite(part, x, seen)
        seen += len(x)
        if seen > _MOST_SAMPLES:
            raise DataError(f"the {part} data does not end: pass .take(n), or end the function")
        weights = None if w is None else read_weights(part, w, len(x))
        yield x, read_targets(part, y, len(x), head), weights


def check_images(part: str, x: Array) -> None:
    """Makes sure that images are of a type and shape that networks take."""
    integers = x.dtype in (np.uint8, np.int8)
    if x.ndim != 4 or not (integers or np.issubdtype(x.dtype, np.floating)):
        raise DataError(
            f"{part} images are {x.dtype} {list(x.shape)}; they must be uint8, int8 or float32 "
            "[n, h, w, c]"
        )
    if not all(x.shape[1:]):
        raise DataError(f"{part} images are {list(x.shape[1:])}: they hold no values")


def check_finite(part: str, x: Array, first: int = 0) -> None:
    """Makes sure that images hold numbers that float32 can hold; `first` is the first's number."""
    if x.dtype in (np.uint8, np.int8):
        return
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(np.asarray(x, np.float32)).all(axis=(1, 2, 3))
    if not finite.all():
        index = first + int(np.argmin(finite))
        raise DataError(f"{part} image {index} holds NaN or infinity: remove or repair it")


def collect(part: str, given: Any, head: str, series: bool = False) -> Chunk:
    """All samples of a source, in memory.

    Raises:
        DataError: there are none, they do not fit each other, or they do not end.
    """
    found: list[Chunk] = []
    values = 0
    for chunk in checked_chunks(part, given, head, series):
        found.append(chunk)
        values += chunk[0].size
        if values > _MOST_VALUES:
            raise DataError(
                f"the {part} dataset gave {values:,} values and goes on: it is held in memory; "
                "pass .take(n), or smaller images"
            )
    if not found:
        raise DataError(f"there are no {part} images: the dataset is empty")
    weights = [w for _, _, w in found if w is not None]
    joined = np.concatenate(weights) if len(weights) == len(found) else None
    xs, ys = [chunk[0] for chunk in found], [chunk[1] for chunk in found]
    return np.concatenate(xs), np.concatenate(ys), joined


@dataclasses.dataclass(frozen=True, eq=False)
class Pipeline:
    """Training samples that are read anew every epoch, and validation samples in memory.

    The fields that `Images` has too mean what they mean there.

    Attributes:
        source: gives checked chunks of the training part, from the beginning at each call.
        own_shape: (height, width, channels) of the images as the source gives them.
        dtype: type of the images as the source gives them.
        shape: (height, width, channels) that they are scaled to.
        train_y: targets of all training samples, in the order of the first pass.
    """

    source: Callable[[], Iterator[Chunk]]
    own_shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    shape: tuple[int, int, int]
    train_y: Array
    validation_x: Array
    validation_y: Array
    num_classes: int
    validation_w: Array | None = None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the images as they are trained on."""
        return self.shape

    @property
    def count(self) -> int:
        """Number of training samples of a pass."""
        return len(self.train_y)

    def resized(self, shape: tuple[int, int, int]) -> Pipeline:
        """The same samples, whose images are scaled to (height, width, channels)."""
        if shape == self.shape:
            return self
        scaled = resize_images(self.validation_x, shape)
        return dataclasses.replace(self, shape=shape, validation_x=scaled)

    def epoch(self, size: int, rng: np.random.Generator, recipe: Recipe) -> Iterator[Batch]:
        """Goes once through the source, in its order; what does not fill a batch is left out.

        Raises:
            DataError: the source ends before as many samples as it had in its first pass.
        """
        wanted = self.count // size
        given = 0
        for x, y, w in self._batches(size):
            given += 1
            yield augmented(as_float(x), rng, recipe), y, w
            if given == wanted:
                return
        raise DataError(
            f"the training data ended after {given * size:,} of {self.count:,} samples: it must "
            "give all of them again in every epoch; a generator function must begin anew"
        )

    def _batches(self, size: int) -> Iterator[Chunk]:
        """The samples of a pass in batches of one size, scaled."""
        held: list[Chunk] = []
        count = 0
        for chunk in self.source():
            held.append((resize_images(chunk[0], self.shape), chunk[1], chunk[2]))
            count += len(chunk[0])
            if count < size:
                continue
            x, y, w = _joined(held)
            for start in range(0, count - size + 1, size):
                part = slice(start, start + size)
                yield x[part], y[part], None if w is None else w[part]
            rest = slice(count - count % size, count)
            count %= size
            held = [(x[rest], y[rest], None if w is None else w[rest])] if count else []

    def training_sample(self, count: int, rng: np.random.Generator) -> Array:
        """The first training images of a pass; their order is the user's business."""
        return self.training_part(count)[0]

    def training_part(self, most: int) -> tuple[Array, Array]:
        """(images, targets) of the first samples of a pass."""
        held: list[Chunk] = []
        count = 0
        for chunk in self.source():
            held.append((resize_images(chunk[0], self.shape), chunk[1], chunk[2]))
            count += len(chunk[0])
            if count >= most:
                break
        x, y, _ = _joined(held)
        return x[:most], y[:most]


def _joined(held: list[Chunk]) -> Chunk:
    weights = [w for _, _, w in held if w is not None]
    return (
        np.concatenate([x for x, _, _ in held]),
        np.concatenate([y for _, y, _ in held]),
        np.concatenate(weights) if len(weights) == len(held) else None,
    )


def first_pass(
    given: Any, head: str, series: bool = False
) -> tuple[Array, tuple[int, int, int], np.dtype[Any]]:
    """Targets, and shape and type of the images of a source, all of it checked.

    Raises:
        DataError: the source is empty, damaged, or ordered by class.
    """
    targets: list[Array] = []
    first: Array | None = None
    for x, y, _ in checked_chunks("training", given, head, series):
        first = x if first is None else first
        targets.append(y)
    if first is None:
        raise DataError("there are no training images: the dataset is empty")
    y = np.concatenate(targets)
    height, width, channels = first.shape[1:]
    if y.ndim == 1:
        _check_order(y)
    return y, (height, width, channels), first.dtype


def _check_order(y: Array) -> None:
    """Makes sure that classes come mixed: steps on one class alone teach nothing."""
    classes = len(np.unique(y))
    changes = int(np.count_nonzero(np.diff(y)))
    if len(y) >= _LEAST_FOR_ORDER * classes and 1 < classes and changes <= 2 * classes:
        raise DataError(
            "the training data comes class by class: shuffle it, such as by .shuffle(10_000) in "
            "front of .batch()"
        )
