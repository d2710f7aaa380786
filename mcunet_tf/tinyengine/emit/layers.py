# SPDX-License-Identifier: Apache-2.0
"""The table of layers that a profiler on the device knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcunet_tf.tinyengine.emit.render import comment
from mcunet_tf.tinyengine.schedule.nodes import Node, node_macs


def layer_table(nodes: Sequence[Node], cycles: Mapping[int, int]) -> list[dict[str, Any]]:
    """What a profiler says of each layer, in the order of execution."""
    return [
        {
            "index": node.index,
            "op": node.op.kind,
            "name": comment(node.op.name).replace("\\", "/").replace('"', "'"),
            "kernel": node.kernel.name,
            "macs": node_macs(node),
            "cycles": cycles.get(node.index, 0),
        }
        for node in nodes
    ]
