# SPDX-License-Identifier: Apache-2.0
"""`python -m mcunet_tf.cli.training_speed`: what weight sharing costs, in images per second.

Steps on random sub-networks of a supernet are timed in turns with steps of a plain Keras model that
has the mean MACs of these sub-networks, both with the same optimizer, images and cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from absl import flags

from mcunet_tf.cli.command import run_command
from mcunet_tf.errors import McunetError, require_packages

CLASSES = 10
Step = Callable[[Any, Any, Any], Any]
"""Trains on images and labels, with a random generator to draw from."""
_CANDIDATES = 500


def define_flags() -> None:
    """Declares the command's flags."""
    flags.DEFINE_integer("size", 32, "Height and width of the images.", 8)
    flags.DEFINE_float("width", 0.5, "Of the search space at the images' full resolution.", 0.1)
    flags.DEFINE_integer("batch_size", 64, "Images per step.", 2)
    flags.DEFINE_integer("rounds", 5, "Turns that each network gets.", 1)
    flags.DEFINE_integer("steps", 10, "Steps per turn.", 1)
    flags.DEFINE_integer("cores", None, "To train on [all].", 1)
    flags.DEFINE_integer("seed", 0, "Of images and sub-networks.", 0)


def main(arguments: Sequence[str]) -> int:
    """Times both networks and prints a row for each, and the ratio."""
    if len(arguments) > 1:
        raise McunetError(f"'{arguments[1]}' is no flag: see --help")
    require_packages("training", "tensorflow", "keras")
    from mcunet_tf.tinynas.replicas import one_replica_per_core

    values = flags.FLAGS
    strategy = one_replica_per_core(values.batch_size, values.cores)
    space, mean_macs, plain = _space(values.size, values.width, values.seed)
    turns = {
        f"supernet, {mean_macs / 1e6:.1f} M MACs on average": _supernet(space, strategy),
        f"plain Keras, {plain.macs(CLASSES) / 1e6:.1f} M MACs": _plain(plain, strategy),
    }
    rates = _timed(turns)
    for name, rate in rates.items():
        print(f"{name:44s} {rate:8,.0f} images/s")
    ours, theirs = rates.values()
    print(f"{ours / theirs:.2f} times the images of the plain model")
    return 0


def _space(size: int, width: float, seed: int) -> tuple[Any, float, Any]:
    """(space, mean MACs of its sub-networks, the one that is nearest to the mean)."""
    from mcunet_tf.tinynas.space import all_spaces

    shape = (size, size, 3)
    spaces = [s for s in all_spaces(shape) if s.input_shape == shape]
    found = next((s for s in spaces if s.width == width), None)
    if found is None:
        known = ", ".join(str(s.width) for s in spaces)
        raise McunetError(f"there is no search space of width {width}: use one of {known}")
    rng = np.random.default_rng(seed)
    archs = [found.arch(found.sample(rng)) for _ in range(_CANDIDATES)]
    macs = np.array([arch.macs(CLASSES) for arch in archs])
    return found, float(macs.mean()), archs[int(np.abs(macs - macs.mean()).argmin())]


def _supernet(space: Any, strategy: Any) -> Step:
    from mcunet_tf.tinynas.final import make_network
    from mcunet_tf.tinynas.recipe import Recipe
    from mcunet_tf.tinynas.train import Trainer, TrainingPhase

    largest = space.arch(space.largest())
    network = make_network(largest, CLASSES, 0, strategy, space.optional_blocks())
    recipe = Recipe(batch_size=flags.FLAGS.batch_size)
    trainer = Trainer(network, recipe, name="speed", seed=0, strategy=strategy)
    phase = TrainingPhase("elastic", 1, lambda rng: space.settings(space.sample(rng)))
    return lambda x, y, rng: trainer.step(phase, x, y, rng)


def _plain(arch: Any, strategy: Any) -> Step:
    """Steps of a model of standard Keras layers, in the custom loop that every strategy takes."""
    import keras
    import tensorflow as tf

    with strategy.scope():
        model = arch.to_keras(CLASSES)
        optimizer = keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True)
        optimizer.build(model.trainable_variables)
    replicas = strategy.num_replicas_in_sync

    def local(x: Any, y: Any, count: Any) -> None:
        with tf.GradientTape() as tape:
            loss = keras.ops.sum(
                keras.losses.sparse_categorical_crossentropy(
                    y, model(x, training=True), from_logits=True
                )
            )
            loss /= count
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

    step = tf.function(lambda x, y, count: strategy.run(local, args=(x, y, count)))

    def share(values: Any) -> Any:
        return strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(values[context.replica_id_in_sync_group :: replicas])
        )

    def run(x: Any, y: Any, rng: Any) -> None:
        del rng
        step(share(x), share(y), tf.constant(float(len(x))))

    return run


def _timed(turns: dict[str, Step]) -> dict[str, float]:
    """Images per second of each: the median of its turns."""
    values = flags.FLAGS
    rng = np.random.default_rng(values.seed)
    x = rng.random((values.batch_size, values.size, values.size, 3), np.float32)
    y = rng.integers(0, CLASSES, values.batch_size)
    seconds: dict[str, list[float]] = {name: [] for name in turns}
    for turn in range(values.rounds + 1):
        for name, step in turns.items():
            started = time.perf_counter()
            for _ in range(values.steps):
                step(x, y, rng)
            # The first turn traces.
            if turn:
                seconds[name].append(time.perf_counter() - started)
        print(f"round {turn} of {values.rounds}", flush=True)
    images = values.batch_size * values.steps
    return {name: images / float(np.median(taken)) for name, taken in seconds.items()}


def run() -> None:
    """Entry point of `python -m`."""
    define_flags()
    run_command(main, __name__, "training_speed [flags]")


if __name__ == "__main__":
    run()
