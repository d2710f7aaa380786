# SPDX-License-Identifier: Apache-2.0
"""What becomes of a trained network: int8, and what that costs on the board."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.errors import BudgetError, McunetError, SearchError
from mcunet_tf.quantize import quantize_ptq, quantize_qat
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.cost import Cost, candidate_cost
from mcunet_tf.tinynas.data import Images, as_float
from mcunet_tf.tinynas.objective import Objective
from mcunet_tf.tinynas.options import SearchOptions
from mcunet_tf.tinynas.progress_lines import ProgressLines
from mcunet_tf.tinynas.protocols import KerasModel
from mcunet_tf.tinynas.reading import Data

QAT_SHARE = 0.1
"""Epochs of quantisation-aware training, relative to the final training."""

LEARNING_RATE = 1e-4
"""Of Adam: the weights only settle."""

_MOST_OF_PIPELINE = 20_000
"""Samples of a pipeline that are held in memory for it."""


def train_quantised(
    model: KerasModel,
    images: Data,
    epochs: int,
    seed: int,
    objective: Objective | None = None,
) -> bytes:
    """Trains a trained Keras model on with simulated rounding; gives its int8 `.tflite` file.

    Args:
        model: a trained Keras 3 model.
        images: the data, of which the training part is used, not augmented; of a pipeline its first
            samples.
        epochs: epochs of the training in int8.
        seed: seed of the order of the images.
        objective: what is learnt; None tells classes apart.
    """
    learnt = objective or Objective(images.num_classes)
    most = images.count if isinstance(images, Images) else _MOST_OF_PIPELINE
    x, y = images.training_part(most)
    given = images.train_w if isinstance(images, Images) else None
    weights = learnt.sample_weights(y, given)

    def loss(targets: Any, outputs: Any) -> Any:
        return learnt.losses(targets, outputs)

    return quantize_qat(
        model,
        (as_float(x), y, weights),
        loss=loss,
        epochs=epochs,
        learning_rate=LEARNING_RATE,
        seed=seed,
    )


def quantised(
    model: KerasModel,
    images: Data,
    options: SearchOptions,
    epochs: int,
    objective: Objective,
    folder: Path,
    progress: ProgressLines,
) -> bytes:
    """The full-int8 `.tflite` file of a trained network.

    Args:
        model: the network.
        images: the data at its size.
        options: what the search was asked.
        epochs: epochs that it was trained for.
        objective: what is learnt.
        folder: where the trained network lies, for messages.
        progress: where progress is reported.

    Raises:
        SearchError: it cannot be quantised.
    """
    try:
        if options.quantization == "qat":
            short = max(1, round(epochs * QAT_SHARE))
            progress.say(f"training in int8 for {short} epochs")
            return train_quantised(model, images, short, options.seed, objective)
        rng = np.random.default_rng([options.seed, 3])
        sample = images.training_sample(options.effort.representative_images, rng)
        return quantize_ptq(model, as_float(sample))
    except McunetError as error:
        raise SearchError(
            f"quantisation failed: {error}; the trained network is {folder / 'model.keras'}"
        ) from error


def compiled_cost(
    arch: Arch, num_classes: int, flatbuffer: bytes, options: SearchOptions, folder: Path
) -> Cost:
    """What the compiled model costs; its arena is counted, not predicted.

    Raises:
        BudgetError: it does not keep the budget.
        SearchError: it does not compile.
    """
    budget, board = options.budget, options.target
    limit, hop = budget.sram_bytes, budget.hop
    limits = {"sram_budget_bytes": limit, "flash_budget_bytes": budget.flash_bytes}
    mode = {} if hop is None else {"input_mode": "stream", "hop": hop}
    given: dict[str, Any] = {"name": "model", **limits, **mode}
    try:
        compiled = compile_tflite(flatbuffer, board, **given)
    except BudgetError:
        raise
    except McunetError as error:
        raise SearchError(
            f"the int8 network does not compile: {error}; it is {folder / 'model.tflite'}"
        ) from error
    predicted = candidate_cost(arch, num_classes, board, limit, hop)
    weights = compiled.report.weights_bytes
    return dataclasses.replace(
        predicted,
        sram_bytes=compiled.arena_bytes + compiled.state_bytes,
        flash_bytes=predicted.flash_bytes - predicted.weights_bytes + weights,
        weights_bytes=weights,
    )
