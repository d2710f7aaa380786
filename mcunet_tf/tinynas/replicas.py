# SPDX-License-Identifier: Apache-2.0
"""Keeps every core busy while networks for microcontrollers are trained on a CPU.

The operators of such networks are too short to be worth splitting over threads, and several of
TensorFlow's run on one thread in any case. Whole steps split well: each core takes its share of the
batch through the network, and the gradients are added.
"""

from __future__ import annotations

import os
from typing import Any

import tensorflow as tf

from mcunet_tf.errors import SearchError

LEAST_REPLICA_IMAGES = 32
"""Images of a replica's share, below which the statistics of batch-norm are too uncertain."""


def one_replica_per_core(batch_size: int, cores: int | None = None) -> Any:
    """A `tf.distribute` strategy that trains on each core with its share of every batch.

    Batch-norm takes the statistics of a replica's share, as it does on several GPUs; so there are
    no more replicas than leave each `LEAST_REPLICA_IMAGES` images, and some cores may work in
    pairs. With this strategy a search's evaluations run on every core, too.

    Args:
        batch_size: images per step.
        cores: number of cores to use; None takes all that this process may use.

    Raises:
        SearchError: TensorFlow has computed something before, so that it is too late.
    """
    usable = cores or _usable_cores()
    count = max(1, min(usable, batch_size // LEAST_REPLICA_IMAGES))
    if count == 1:
        return tf.distribute.get_strategy()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(usable // count)
        tf.config.threading.set_inter_op_parallelism_threads(count)
        physical = tf.config.list_physical_devices("CPU")[0]
        logical = [tf.config.LogicalDeviceConfiguration()] * count
        tf.config.set_logical_device_configuration(physical, logical)
    except RuntimeError as error:
        raise SearchError(
            "TensorFlow is at work already: call one_replica_per_core before anything that computes"
        ) from error
    return tf.distribute.MirroredStrategy([f"CPU:{index}" for index in range(count)])


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
