# SPDX-License-Identifier: Apache-2.0
"""From a data set and a board to the best int8 network that fits: the function that users call.

    space -> supernet -> evolution -> final training -> int8

After MCUNet (Lin et al., arXiv:2007.10319), with the compiler's own planner for every budget. The
stages themselves stand in `stages.py`.
"""

from __future__ import annotations

import concurrent.futures
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from mcunet_tf.boards import Board
from mcunet_tf.datasets import SpokenWords
from mcunet_tf.errors import require_packages
from mcunet_tf.quantize.precision import in_float32
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.ear import Ear
from mcunet_tf.tinynas.effort import Effort
from mcunet_tf.tinynas.options import SearchOptions
from mcunet_tf.tinynas.protocols import Callback, Strategy
from mcunet_tf.tinynas.reading import Data, read_images
from mcunet_tf.tinynas.recipe import Recipe
from mcunet_tf.tinynas.result import SearchResult
from mcunet_tf.tinynas.space import Space
from mcunet_tf.tinynas.stages import SearchRun

if TYPE_CHECKING:
    from mcunet_tf.detection import Detection
    from mcunet_tf.tinynas.detector_result import DetectorResult

_OF_DATA = ("train", "validation", "num_classes", "series", "task")
"""Arguments about the data, or what is sought in it; all others are options."""


@overload
def search(
    train: Any, validation: Any = None, *, task: None = None, **options: Any
) -> SearchResult: ...


@overload
def search(
    train: Any, validation: Any = None, *, task: Detection, **options: Any
) -> DetectorResult: ...


def search(  # type: ignore[misc]  # the overloads above say only what differs
    train: Any,
    validation: Any = None,
    *,
    board: str | Board = "stm32f746",
    sram_bytes: int | None = None,
    flash_bytes: int | None = None,
    latency_ms: float | None = None,
    num_classes: int | None = None,
    minutes: float | None = None,
    epochs: int = 40,
    supernet_epochs: int | None = None,
    seed: int = 0,
    workdir: str | os.PathLike[str] | None = None,
    callbacks: Sequence[Callback] | Mapping[str, Sequence[Callback]] = (),
    strategy: Strategy | None = None,
    executor: concurrent.futures.Executor | None = None,
    quantization: str = "ptq",
    recipe: Recipe | None = None,
    effort: Effort | None = None,
    spaces: Sequence[Space] | None = None,
    verbose: bool = True,
    head: str = "classes",
    loss: str | Callable[..., Any] | None = None,
    metrics: Sequence[str | Callable[..., float]] = (),
    class_weight: Mapping[int, float] | str | None = None,
    network: Arch | str | None = None,
    initial_weights: Any = None,
    teacher: Any = None,
    supernet: str | os.PathLike[str] | None = None,
    instructions: int | None = None,
    hop: int | None = None,
    series: bool = False,
    task: Detection | None = None,
) -> SearchResult | DetectorResult:
    """Searches, trains and quantises the best network that fits a board.

    Args:
        train: arrays `(images, targets)` or `(images, targets, weights)`, images uint8, int8 or
            float32 `[n, h, w, c]`; or a `tf.data.Dataset`, a Keras PyDataset, or a function that
            gives an iterator, of such samples, batched or not. These are read anew every epoch, in
            their own order, so that what they do to images at random is new each time. Or words
            (`mcunet_tf.datasets.load_spoken_words`): their clips are changed and heard by their
            front end, which the result keeps.
        validation: data of the same forms, held in memory; None sets a tenth of the arrays aside.
        board: name or description of the target.
        sram_bytes: the most bytes that the arena may take, if less than the board has.
        flash_bytes: the most bytes that weights and code may take, if less than the board has.
        latency_ms: the longest that one inference may take, by the compiler's cost model.
        num_classes: number of classes; by default one more than the greatest label.
        minutes: time for everything, by the wall clock. Networks of all families of blocks and
            published ones, as large as the budget allows, train side by side; the better ones go
            on, and the best is trained to the end, for most of the time. What the time was divided
            into is kept in the working folder, so that an interrupted search ends as it would have.
            None searches as the paper does, by `epochs`.
        epochs: epochs of the final training, where there are no `minutes`.
        supernet_epochs: epochs of the supernet, a fifth of them for the largest sub-network; by
            default as many as `epochs`. With 0 there is no supernet to rank by: of the fitting
            sub-networks the one that evolution finds to compute the most is trained from scratch.
        seed: seed of all randomness; the same seed gives the same result.
        workdir: folder of checkpoints and logs, to go on from after an interruption; by default a
            temporary folder, which is removed when the search has ended.
        callbacks: Keras callbacks of supernet and final training, or a dictionary of those of each
            stage: "supernet", "rounds" (of networks side by side), "final". They work as in `fit`;
            epochs end with `val_loss` and `val_<metric>` of the largest sub-network, or of the
            network in training; in rounds with the loss alone. A learning rate that they set scales
            the schedule; what they save is a plain Keras model.
        strategy: a `tf.distribute` strategy for both trainings.
        executor: a `concurrent.futures.Executor` whose workers see `workdir`, for evaluations.
        quantization: "ptq", or "qat" for quantisation-aware training after the final one.
        recipe: how to train; by default `Recipe()`, of which the data decides what is "auto".
        effort: how much to look at; by default `Effort()`.
        spaces: search spaces to choose from; by default all that the data set's size gives, or
            with `minutes` networks of all families with stages of their own widths.
        verbose: whether progress is printed.
        head: "classes": targets are whole numbers `[n]` or one-hot rows; "multilabel": rows of
            zeros and ones `[n, k]`; "regression": real values `[n]` or `[n, k]`.
        loss: name of a loss ("crossentropy", "focal"; "binary_crossentropy", "focal"; "mse",
            "mae", "huber"), a function (targets, outputs) of tensors that gives the loss of each
            sample, or a `keras.losses.Loss`. Outputs are logits. Of a regression the network learns
            (value - mean) / deviation of each target, and losses see that. By default the head's
            first name.
        metrics: names ("accuracy", "balanced_accuracy", "macro_f1", "auc"; "macro_f1", "auc",
            "binary_accuracy"; "r2", "mae", "mse", "rmse"), or functions (targets, predictions) of
            arrays that give a number, better where greater. Predictions are probabilities, or real
            values. The first one is what the search improves; by default the head's first name.
        class_weight: weight of each class in the loss, by its number; or "balanced".
        network: a network that is trained and quantised, and nothing searched: an `Arch`, or the
            name of a published one (`mcunet_tf.zoo.names()`). The budget must hold it.
        initial_weights: what the training of `network` begins with: a Keras model of it
            (`result.model`, `zoo.build`), the path of one, or of a full-int8 `.tflite` file of it.
            A classifier of another number of classes begins at random.
        teacher: a trained Keras model for the same targets, whose predictions are learnt beside
            them, as `recipe.distillation` weighs them; 0 counts as 1. It gets the images as the
            network does, uint8 divided by 255, int8 by 128, scaled to its own size, and gives
            logits or probabilities, or of a regression values in the targets' own units.
        supernet: working folder of an earlier search by epochs for such data: its supernet is
            taken, not trained again, to find the best network of its space for another board or
            budget. Give this search a `workdir` of its own, or none.
        instructions: the most instructions of one inference, by the compiler's cost model.
        hop: new rows of time that each call brings to the streamed network (`--input=stream`).
            All limits are then about a call: the arena and the rows that are kept, and what is
            computed anew. Strides in time divide the hop.
        series: whether data are signals `[n, t, c]`, not grey images `[n, h, w]`. Networks then
            have windows and strides along time alone, and take `[t, 1, c]`.
        task: a `mcunet_tf.Detection`, to find things instead of telling classes apart: data is
            (images, boxes) as `mcunet_tf.detection.train_detector` takes it, or what a reader of
            COCO, Pascal VOC or YOLO files gave. Networks with heads for scores and boxes are
            trained side by side for `supernet_epochs`, by default an eighth of `epochs`, and
            `effort.finalists` says how many, nine at most; `metrics` may name "ap50" or "ap50_95",
            or of centroids "f1", "precision" or "recall".

    Raises:
        DataError: the data set is empty, mislabelled, or holds NaN.
        BudgetError: a budget is no number above 0, or nothing fits.
        BoardError: the board is unknown.
        SearchError: an argument is wrong, or the working folder is another search's, or damaged.
        OutputError: the working folder cannot be written.
        ToolError: TensorFlow is not installed, or for "qat" what that needs.
    """
    asked: dict[str, Any] = {k: v for k, v in locals().items() if k not in _OF_DATA}
    require_packages("the search", "tensorflow", "keras")
    asked["recipe"] = Recipe() if recipe is None else recipe
    asked["effort"] = Effort() if effort is None else effort
    if task is not None:
        from mcunet_tf.tinynas.detector_search import search_detector

        others = {"num_classes": num_classes, "recipe": recipe, "series": series or None}
        options = SearchOptions(**asked | {"metrics": ()})
        with in_float32():
            return search_detector(task, train, validation, options, metrics, others)
    if isinstance(train, SpokenWords) and isinstance(asked["recipe"], Recipe):
        asked["recipe"] = asked["recipe"].of_clips()
    options = SearchOptions(**asked)
    ear = None
    if isinstance(train, SpokenWords):
        ear = Ear(train.front_end, train.labels)
        num_classes = num_classes or len(train.labels)
        validation = train.arrays("validation") if validation is None else validation
        train = train.training_arrays(seed)
    images = read_images(train, validation, num_classes, seed, head, series)
    with in_float32():
        return _run(options, images, ear)


def _run(options: SearchOptions, images: Data, ear: Ear | None) -> SearchResult:
    """Runs a search in its working folder, or in a temporary one."""
    if options.workdir is not None:
        return SearchRun(options, images, Path(options.workdir), ear).run()
    folder = Path(tempfile.mkdtemp(prefix="mcunet_search_"))
    run = SearchRun(options, images, folder, ear)
    try:
        return run.run()
    finally:
        run.remove_unless_needed()
