# SPDX-License-Identifier: Apache-2.0
"""Chooses which operators run together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.plan.nodes import Node
from mcunet_tf.tinyengine.plan.plan import Plan, plan_stages


def plan_model(graph: Graph, roots: Mapping[int, int], nodes: Sequence[Node]) -> Plan:
    """Plans layer-by-layer execution: every operator is a stage of its own."""
    return plan_stages(graph, roots, nodes, [[i] for i in range(len(nodes))])
