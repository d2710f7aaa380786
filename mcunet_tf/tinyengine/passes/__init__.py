# SPDX-License-Identifier: Apache-2.0
"""Graph to graph, one pass per file; `run_passes` is their order."""

from __future__ import annotations

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.passes.drop_dead_channels import drop_dead_channels
from mcunet_tf.tinyengine.passes.drop_float_edges import drop_float_edges
from mcunet_tf.tinyengine.passes.drop_views import drop_views
from mcunet_tf.tinyengine.passes.fold_constants import drop_unused, fold_constants
from mcunet_tf.tinyengine.passes.fold_pad import fold_pad
from mcunet_tf.tinyengine.passes.fuse_tables import fuse_tables
from mcunet_tf.tinyengine.passes.keep_last_steps import keep_last_steps
from mcunet_tf.tinyengine.passes.lower_broadcasts import lower_broadcasts
from mcunet_tf.tinyengine.passes.lower_depthwise import lower_depthwise
from mcunet_tf.tinyengine.passes.lower_groups import lower_groups
from mcunet_tf.tinyengine.passes.lower_matmuls import lower_matmuls
from mcunet_tf.tinyengine.passes.lower_picks import lower_picks
from mcunet_tf.tinyengine.passes.lower_reductions import lower_reductions
from mcunet_tf.tinyengine.passes.lower_splits import lower_splits
from mcunet_tf.tinyengine.passes.lower_tiles import lower_tiles
from mcunet_tf.tinyengine.passes.lower_transpose_conv import lower_transpose_conv
from mcunet_tf.tinyengine.passes.move_bytes import move_bytes
from mcunet_tf.tinyengine.passes.spell_constant_channels import spell_constant_channels
from mcunet_tf.tinyengine.verify import check_graph, check_supported


def simplify(graph: Graph) -> Graph:
    """Computes at compile time what needs no input, and what needs one byte of it as a table."""
    return fuse_tables(move_bytes(drop_unused(fold_constants(graph))))


def run_passes(graph: Graph, *, edges: str = "int8", dead_channels: bool = False) -> Graph:
    """Brings a graph as read into the form that kernels are chosen for.

    Args:
      graph: straight from `read_tflite`.
      edges: "int8" drops float32 conversions at the edges, "model" keeps the model's own types.
      dead_channels: keeps channels that never change as the file spells them; the benchmark's
        other runtimes compute them.

    Raises:
      ModelError, UnsupportedError: see `verify`.
    """
    check_graph(graph)
    graph = simplify(graph)
    check_supported(graph)
    if edges == "int8":
        graph = drop_float_edges(graph)
    for lower in (
        keep_last_steps, lower_splits, lower_picks, lower_transpose_conv, lower_reductions,
        lower_broadcasts, fold_pad, lower_groups, lower_depthwise, lower_tiles, lower_matmuls,
        drop_views,
    ):  # fmt: skip
        graph = lower(graph)
    if not dead_channels:
        graph = spell_constant_channels(drop_dead_channels(graph))
    check_graph(graph)
    check_supported(graph)
    return graph
