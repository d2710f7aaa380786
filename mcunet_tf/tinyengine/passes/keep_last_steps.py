# SPDX-License-Identifier: Apache-2.0
"""Keeps no sequence of hidden states where only the last one is read."""

from __future__ import annotations

import dataclasses

import numpy as np

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops import SPECS
from mcunet_tf.tinyengine.ops.lstm import lstm_shape
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.ops.strided_copy import STRIDED_KINDS


def keep_last_steps(graph: Graph) -> Graph:
    """Lets an LSTM whose last step alone is copied on write there and nowhere else."""
    consumers = graph.consumers()
    shorter: dict[int, Op] = {}
    copies = set()
    for op in graph.ops:
        readers = consumers.get(op.outputs[0], [])
        if not op.kind.startswith("UNIDIRECTIONAL_SEQUENCE_LSTM") or len(readers) != 1:
            continue
        copy = readers[0]
        if op.outputs[0] not in graph.outputs and _copies_last_step(graph, op, copy):
            attributes = dataclasses.replace(op.attributes, every_step=False)
            made = (*copy.outputs, *op.outputs[1:])
            shorter[id(op)] = dataclasses.replace(op, outputs=made, attributes=attributes)
            copies.add(id(copy))
    kept = (op for op in graph.ops if id(op) not in copies)
    return graph.replace(ops=[shorter.get(id(op), op) for op in kept])


def _copies_last_step(graph: Graph, op: Op, copy: Op) -> bool:
    if copy.kind not in STRIDED_KINDS:
        return False
    batches, steps, _, units = lstm_shape(view(graph, op))
    places = np.arange(batches * steps * units)
    read = SPECS[copy.kind].result(
        view(graph, copy), [places.reshape(graph.tensors[op.outputs[0]].shape)]
    )
    return np.array_equal(
        read.reshape(-1), places.reshape(batches, steps, units)[:, -1].reshape(-1)
    )
