# SPDX-License-Identifier: Apache-2.0
"""Searches a detector's backbone: networks of all families train side by side, the better go on.

Backbones are drawn from the same families as a classifier's, and published ones stand beside them.
Each with its heads is held against the budget by the compiler's own planner. A third goes on from
round to round, each time trained for twice as long, and the best is trained to the end.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.detection import Detection, float_scores, load_pictures
from mcunet_tf.detection.detector import decoder_for
from mcunet_tf.detection.labelled import pictures_of
from mcunet_tf.detection.scoring import METRICS
from mcunet_tf.detection.training import Keeper, check_boxes, quantize_detector, train_detector
from mcunet_tf.errors import BudgetError, DataError, SearchError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.checkpoint import Checkpoints, read_state, write_bytes, write_state
from mcunet_tf.tinynas.contenders import (
    KNOWN,
    Contender,
    known_contenders,
    own_contenders,
)
from mcunet_tf.tinynas.data import VALIDATION_SHARE, Array
from mcunet_tf.tinynas.detector_arch import (
    detector_cost,
    detector_features,
    detector_keeps,
    detector_layers,
    on_grid,
)
from mcunet_tf.tinynas.detector_result import DetectorResult
from mcunet_tf.tinynas.halving import Standing
from mcunet_tf.tinynas.identity import claim_for, detector_identity
from mcunet_tf.tinynas.options import SearchOptions
from mcunet_tf.tinynas.progress_lines import ProgressLines

_MOST = 9
"""Networks of the first round; of these a third goes on."""
_FIRST_SHARE = 8
"""Epochs of the final training for one of the first round."""
_AFFORDABLE = 4e7
"""`training_cost` of a backbone for 96 x 96 pixels that learns within minutes."""
_ROUNDS = "rounds.json"
_UNUSED = {
    "head": "classes",
    "loss": None,
    "class_weight": None,
    "strategy": None,
    "executor": None,
    "callbacks": (),
    "minutes": None,
    "network": None,
    "initial_weights": None,
    "teacher": None,
    "supernet": None,
    "quantization": "ptq",
    "instructions": None,
    "hop": None,
}
"""Options that say nothing to a detector's search, and what they are then."""

Boxes = Sequence[Array]


def read_detection(task: Detection, given: Any, part: str) -> tuple[Array, list[Array]]:
    """Images and boxes of arrays, or of what a reader gave.

    Args:
        task: what is found.
        given: (images, boxes) as `train_detector` takes them; or what `read_coco`, `read_voc` or
            `read_yolo` gave, with or without the names of its classes.
        part: what it is called in messages.

    Raises:
        DataError: it is none of these, or does not fit the task.
    """
    if pictures_of(given) is not None:
        return load_pictures(given, task.image)
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise DataError(
            f"{part} data of a detector: give (images, boxes), or what a reader such as "
            "mcunet_tf.detection.read_coco gave"
        )
    return np.asarray(given[0]), [np.asarray(own) for own in given[1]]


def check_detector_options(task: Any, options: SearchOptions, others: Mapping[str, Any]) -> None:
    """Makes sure that a task is one, and that no option is given that belongs to other tasks.

    Args:
        task: what should be a `Detection`.
        options: those of the search.
        others: arguments by name that are not among them, and must be None.

    Raises:
        SearchError: names the option.
    """
    if not isinstance(task, Detection):
        raise SearchError(
            f"task = {type(task).__name__}: give mcunet_tf.Detection(classes=...), or leave it out "
            "to tell classes apart"
        )
    given = {name: getattr(options, name) for name in _UNUSED} | dict(others)
    for name, value in given.items():
        usual = _UNUSED.get(name)
        if value is not usual and value != usual:
            raise SearchError(f"{name} has no part in a detector's search: leave it out")


def search_detector(
    task: Detection,
    train: Any,
    validation: Any,
    options: SearchOptions,
    metrics: Any = (),
    others: Mapping[str, Any] | None = None,
) -> DetectorResult:
    """Searches, trains and quantises a detector; `mcunet_tf.search` calls it.

    Args:
        task: what is found.
        train: see `read_detection`.
        validation: likewise; None sets a tenth aside.
        options: those of the search.
        metrics: names of `METRICS`; the first one decides.
        others: arguments of the search that are not among its options.

    Raises:
        DataError: images and boxes do not fit together or the task.
        BudgetError: no network keeps the budget.
        SearchError: an option has no part in it, or there is no such metric.
    """
    check_detector_options(task, options, others or {})
    metric = _metric(task, metrics)
    images, boxes = read_detection(task, train, "training")
    check_boxes(task, images, boxes)
    if validation is None:
        images, boxes, aside, truth = _split(images, boxes, options.seed)
    else:
        aside, truth = read_detection(task, validation, "validation")
        check_boxes(task, aside, truth, every_class=False)
    most = options.effort.validation_images
    run = _Run(task, options, metric, (images, boxes), (aside[:most], truth[:most]))
    contenders = run.contenders()
    standings = run.rounds(contenders)
    return run.finished(standings)


def _metric(task: Detection, metrics: Any) -> str:
    """The metric that decides."""
    known = METRICS[task.kind]
    for metric in (metrics,) if isinstance(metrics, str) or callable(metrics) else metrics:
        if metric not in known:
            raise SearchError(f"metric {metric!r} of {task.kind}: use one of {known}")
        return str(metric)
    return known[0]


def _split(images: Array, boxes: Boxes, seed: int) -> Any:
    """A tenth aside."""
    order = np.random.default_rng([seed, 0]).permutation(len(images))
    count = max(1, round(len(images) * VALIDATION_SHARE))
    if count >= len(images):
        raise DataError(f"{len(images)} training images are too few: pass validation images too")
    aside, kept = np.sort(order[:count]), np.sort(order[count:])
    return images[kept], [boxes[k] for k in kept], images[aside], [boxes[k] for k in aside]


class _Run:
    """One search under way."""

    def __init__(
        self, task: Detection, options: SearchOptions, metric: str, train: Any, aside: Any
    ) -> None:
        self.task = task
        self.options = options
        self.images, self.boxes = train
        self.aside, self.truth = aside
        self.metric = metric
        self.progress = ProgressLines(quiet=not options.verbose)
        self.folder = None if options.workdir is None else Path(options.workdir)
        self.known: dict[str, float] = {}
        if self.folder is not None:
            data = {"training": (self.images, self.boxes), "validation": (self.aside, self.truth)}
            claim_for(self.folder, detector_identity(options, task, metric, data))
            self.known = read_state(self.folder / _ROUNDS) or {}

    def contenders(self) -> list[Contender]:
        """Networks that keep the budget, published ones among them."""
        task, options = self.task, self.options

        def fits(arch: Arch) -> bool:
            made = on_grid(arch, task.strides)
            return made is not None and detector_keeps(made, task, options.target, options.budget)

        pixels = task.image[0] * task.image[1]
        rng = np.random.default_rng([options.seed, 1])
        own = own_contenders(
            task.image,
            task.classes,
            fits,
            options.budget,
            _AFFORDABLE * pixels / 96**2,
            rng,
            options.spaces,
        )
        known = known_contenders(task.image, fits) if options.spaces is None else []
        count = min(options.effort.finalists, _MOST)
        shared = min(len(known), count // 3)
        found: dict[Arch, Contender] = {}
        for contender in (*known[:shared], *own[: count - shared]):
            arch = on_grid(contender.arch, task.strides)
            if arch is not None and arch not in found:
                found[arch] = dataclasses.replace(contender, arch=arch)
        if not found:
            raise BudgetError(
                "no detector keeps the budget: raise sram_bytes, flash_bytes or latency_ms, or "
                "give a smaller image"
            )
        return list(found.values())

    def rounds(self, contenders: Sequence[Contender]) -> tuple[Standing, ...]:
        """Trains them side by side; the best first."""
        alive = list(contenders)
        scores: dict[str, list[float]] = {c.name: [] for c in contenders}
        epochs = self.options.supernet_epochs or max(1, self.options.epochs // _FIRST_SHARE)
        number = 0
        while len(alive) > 1:
            number += 1
            for contender in alive:
                found = self._scored(f"round {number}, {contender.name}", contender.arch, epochs)
                scores[contender.name].append(found)
            alive.sort(key=lambda c: -scores[c.name][-1])
            alive, epochs = alive[: -(-len(alive) // 3)], 2 * epochs
        made = [self._standing(c, tuple(scores[c.name])) for c in contenders]
        return tuple(sorted(made, key=lambda s: (s.name != alive[0].name, -len(s.scores))))

    def _scored(self, what: str, arch: Arch, epochs: int) -> float:
        """What a training brings, or brought before the search was killed."""
        if what not in self.known:
            self.known[what] = self._trained(arch, epochs)[1][self.metric]
            if self.folder is not None:
                write_state(self.folder / _ROUNDS, self.known)
        self.progress.say(f"{what}: {self.metric} {self.known[what]:.3f}")
        return self.known[what]

    def _standing(self, contender: Contender, scores: tuple[float, ...]) -> Standing:
        layers = detector_layers(contender.arch, self.task)
        macs, parameters = (
            sum(getattr(layer, name) for layer in layers) for name in ("macs", "parameters")
        )
        family = KNOWN if contender.family == KNOWN else contender.family
        return Standing(contender.name, family, contender.arch, macs, parameters, scores)

    def _trained(
        self, arch: Arch, epochs: int, keeper: Keeper | None = None
    ) -> tuple[Any, dict[str, float]]:
        model = train_detector(
            self.task,
            self.images,
            self.boxes,
            epochs,
            self.options.seed,
            features=detector_features(arch, self.task),
            keeper=keeper,
        )
        return model, float_scores(self.task, model, self.aside, self.truth)

    def finished(self, standings: tuple[Standing, ...]) -> DetectorResult:
        """Trains the best to the end, quantises and compiles it."""
        task, options, arch = self.task, self.options, standings[0].arch
        self.progress.say(f"{standings[0].name} is trained for {options.epochs} epochs")
        keeper = None if self.folder is None else Checkpoints(self.folder, "detector")
        model, scores = self._trained(arch, options.epochs, keeper)
        file = quantize_detector(model, self.images)
        limit = options.budget.sram_bytes
        compiled = compile_tflite(
            file,
            options.target,
            name="model",
            sram_budget_bytes=limit,
            flash_budget_bytes=options.budget.flash_bytes,
        )
        planned = detector_cost(arch, task, options.target, limit)
        weights = compiled.report.weights_bytes
        cost = dataclasses.replace(
            planned,
            sram_bytes=compiled.arena_bytes,
            flash_bytes=planned.flash_bytes - planned.weights_bytes + weights,
            weights_bytes=weights,
        )
        decoder = decoder_for(task, [info.shape for info in compiled.outputs])
        result = DetectorResult(
            task=task,
            arch=arch,
            model=model,
            scores=scores,
            cost=cost,
            budget=options.budget,
            board=options.target,
            flatbuffer=file,
            decoder=decoder,
            standings=standings,
        )
        self.progress.say(f"final network: {result.said()} on the validation images")
        if self.folder is not None:
            write_bytes(self.folder / "arch.json", arch.to_json().encode())
            write_bytes(self.folder / "scores.json", json.dumps(scores).encode())
            result.save(self.folder)
        return result
