# SPDX-License-Identifier: Apache-2.0
"""`python -m mcunet_tf.cli.reading_speed`: what reading images anew costs a training.

One network trains in turns on arrays and on a `tf.data` pipeline of as many images as are asked
for, which would not fit into memory as arrays. Images are random: nothing is learnt, and decoding
files is the user's part.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import resource
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from mcunet_tf.cli.command import run_command
from mcunet_tf.cli.quiet import stderr_to
from mcunet_tf.errors import McunetError, require_packages

CLASSES = 10
_POOL = 2_000
"""Images that the pipeline repeats."""

_MOST_IN_ARRAYS = 50_000
_SHUFFLED = 10_000


def define_flags() -> None:
    """Declares the command's flags."""
    flags.DEFINE_integer("images", 1_000_000, "Of a pass of the pipeline.", _POOL)
    flags.DEFINE_integer("size", 64, "Height and width of the images.", 16)
    flags.DEFINE_string("network", "mobilenet-v1", "A published network, scaled to the images.")
    flags.DEFINE_integer("batch_size", 128, "Images per step.", 2)
    flags.DEFINE_integer("rounds", 7, "Turns that arrays and pipeline get.", 1)
    flags.DEFINE_integer("steps", 20, "Steps per turn.", 1)


def main(arguments: Sequence[str]) -> int:
    """Times both, and prints a row for each, their ratio and the process's peak memory."""
    if len(arguments) > 1:
        raise McunetError(f"'{arguments[1]}' is no flag: see --help")
    require_packages("training", "tensorflow", "keras")
    values = flags.FLAGS
    network = _network()
    with stderr_to(Path(os.devnull)):
        sources = {
            f"arrays of {min(values.images, _MOST_IN_ARRAYS):,} images": _arrays(),
            f"pipeline of {values.images:,} images": _pipeline(),
        }
        rates = _timed(network, sources)
    for name, rate in rates.items():
        print(f"{name:34s} {rate:8,.0f} images/s")
    arrays, pipeline = rates.values()
    print(f"the pipeline gives {pipeline / arrays:.2f} times the images of arrays")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory of both together: {peak:.2f} GiB")
    return 0


def _network() -> Any:
    from mcunet_tf.tinynas.baselines import FAMILIES, scaled

    values = flags.FLAGS
    family = values.network.replace("-", "_")
    if family not in FAMILIES:
        known = ", ".join(name.replace("_", "-") for name in FAMILIES)
        raise McunetError(f"network '{values.network}' is unknown: use one of {known}")
    return scaled(family, (values.size, values.size, 3), FAMILIES[family][1])


def _made(count: int) -> tuple[Any, Any]:
    size = flags.FLAGS.size
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (count, size, size, 3), np.uint8)
    return x, rng.integers(0, CLASSES, count)


def _arrays() -> Any:
    from mcunet_tf.tinynas.reading import read_images

    return read_images(_made(min(flags.FLAGS.images, _MOST_IN_ARRAYS)), _made(_POOL), CLASSES)


def _pipeline() -> Any:
    import tensorflow as tf

    from mcunet_tf.tinynas.reading import read_images

    values = flags.FLAGS
    repeated = tf.data.Dataset.from_tensor_slices(_made(_POOL)).repeat()
    dataset = repeated.take(values.images).shuffle(_SHUFFLED).batch(values.batch_size)
    started = time.perf_counter()
    found = read_images(dataset, _made(_POOL), CLASSES)
    seconds = time.perf_counter() - started
    print(f"first pass over the pipeline, which checks all of it: {seconds:.0f} s", flush=True)
    return found


def _timed(arch: Any, sources: dict[str, Any]) -> dict[str, float]:
    """Images per second of each source: the median of its turns."""
    from mcunet_tf.tinynas.final import make_network
    from mcunet_tf.tinynas.recipe import Recipe
    from mcunet_tf.tinynas.train import Trainer, TrainingPhase

    values = flags.FLAGS
    recipe = Recipe(batch_size=values.batch_size)
    network = make_network(arch, CLASSES, 0)
    trainer = Trainer(network, recipe, name="reading", seed=0)
    phase, rng = TrainingPhase("reading", 1), np.random.default_rng(0)
    seconds: dict[str, list[float]] = {name: [] for name in sources}
    with contextlib.ExitStack() as stack:
        batches = {
            name: stack.enter_context(contextlib.closing(_endless(images, recipe)))
            for name, images in sources.items()
        }
        for turn in range(values.rounds + 1):
            for name, given in batches.items():
                started = time.perf_counter()
                for x, y, w in itertools.islice(given, values.steps):
                    trainer.step(phase, x, y, rng, w)
                # The first turn traces, and fills buffers.
                if turn:
                    seconds[name].append(time.perf_counter() - started)
            print(f"round {turn} of {values.rounds}", flush=True)
    count = values.batch_size * values.steps
    return {name: count / float(np.median(taken)) for name, taken in seconds.items()}


def _endless(images: Any, recipe: Any) -> Generator[Any]:
    """Batches of epoch after epoch, prepared as in a training."""
    from mcunet_tf.tinynas.ahead import ahead

    asked = recipe.of_data(images.image_shape, images.count, 1)
    for seed in itertools.count():
        rng = np.random.default_rng(seed)
        with contextlib.closing(ahead(images.epoch(recipe.batch_size, rng, asked))) as batches:
            yield from batches


def run() -> None:
    """Entry point of `python -m`."""
    define_flags()
    run_command(main, __name__, "reading_speed [flags]")


if __name__ == "__main__":
    run()
