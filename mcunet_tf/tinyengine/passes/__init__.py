# SPDX-License-Identifier: Apache-2.0
"""Graph to graph, one pass per file; `SIMPLIFY` and `LOWER` are their order.

Print it with `python -m mcunet_tf.tinyengine.passes`; `tflite_to_tinyengine --dump=FOLDER` writes
the graph behind each.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from mcunet_tf.errors import CompilerError, ModelError
from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.legality import check_graph, check_lowered, check_read, check_supported
from mcunet_tf.tinyengine.passes.copy_edges import copy_edges
from mcunet_tf.tinyengine.passes.drop_dead_channels import drop_dead_channels
from mcunet_tf.tinyengine.passes.drop_float_edges import drop_float_edges
from mcunet_tf.tinyengine.passes.drop_views import drop_views
from mcunet_tf.tinyengine.passes.end_in_probabilities import (
    are_probabilities,
    end_in_probabilities,
)
from mcunet_tf.tinyengine.passes.fold_constants import drop_unused, fold_constants
from mcunet_tf.tinyengine.passes.fold_dilations import fold_dilations
from mcunet_tf.tinyengine.passes.fold_pad import fold_pad
from mcunet_tf.tinyengine.passes.fuse_slides import fuse_slides
from mcunet_tf.tinyengine.passes.fuse_tables import fuse_tables
from mcunet_tf.tinyengine.passes.keep_last_steps import keep_last_steps
from mcunet_tf.tinyengine.passes.lower_aliases import lower_aliases
from mcunet_tf.tinyengine.passes.lower_batch_space import lower_batch_space
from mcunet_tf.tinyengine.passes.lower_broadcasts import lower_broadcasts
from mcunet_tf.tinyengine.passes.lower_depthwise import lower_depthwise
from mcunet_tf.tinyengine.passes.lower_detections import lower_detections
from mcunet_tf.tinyengine.passes.lower_groups import lower_groups
from mcunet_tf.tinyengine.passes.lower_lstm import lower_lstm
from mcunet_tf.tinyengine.passes.lower_matmuls import lower_matmuls
from mcunet_tf.tinyengine.passes.lower_picks import lower_picks
from mcunet_tf.tinyengine.passes.lower_pixels import lower_pixels
from mcunet_tf.tinyengine.passes.lower_reductions import lower_reductions
from mcunet_tf.tinyengine.passes.lower_signals import lower_signals
from mcunet_tf.tinyengine.passes.lower_splits import lower_splits
from mcunet_tf.tinyengine.passes.lower_svdf import lower_svdf
from mcunet_tf.tinyengine.passes.lower_tiles import lower_tiles
from mcunet_tf.tinyengine.passes.lower_transpose_conv import lower_transpose_conv
from mcunet_tf.tinyengine.passes.move_bytes import move_bytes
from mcunet_tf.tinyengine.passes.move_transposes import move_transposes
from mcunet_tf.tinyengine.passes.name_forms import name_forms
from mcunet_tf.tinyengine.passes.spell_constant_channels import spell_constant_channels
from mcunet_tf.tinyengine.passes.store_states import store_states

Watch = Callable[[str, Graph], None]
"""Is shown the graph as read, as "read", and behind every pass, by its name."""


@dataclasses.dataclass(frozen=True)
class Pass:
    """One step from graph to graph.

    Attributes:
      run: the step; its docstring's first line says what it does.
      removes: kinds of operators of which none is left behind it.
    """

    run: Callable[[Graph], Graph]
    removes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The function's name, which is the file's but for `drop_unused`."""
        return self.run.__name__


SIMPLIFY = (
    Pass(fold_constants, removes=("SHAPE", "SQUEEZE", "EXPAND_DIMS")),
    Pass(lower_detections),
    Pass(drop_unused),
    Pass(fold_dilations),
    Pass(move_bytes),
    Pass(fuse_tables),
    Pass(name_forms),
)
"""Computes at compile time what needs no input, and what needs one byte of it as a table."""

DROP_FLOAT_EDGES = Pass(drop_float_edges)
"""Left out where the application wants the model's own types at its edges."""

END_IN_PROBABILITIES = Pass(end_in_probabilities)
"""Where the application wants probabilities of a network that gives none."""

SCORES = ("model", "logits", "auto")
"""What the first output is taken for: itself, scores before a softmax, or what it looks like."""

LOWER = (
    Pass(keep_last_steps),
    Pass(lower_lstm),
    Pass(
        lower_aliases,
        removes=(
            *("LOGICAL_AND", "LOGICAL_OR", "LOGICAL_NOT", "REDUCE_ANY", "REDUCE_ALL", "REDUCE_MIN"),
            *("FILL", "EMBEDDING_LOOKUP"),
        ),
    ),
    Pass(lower_svdf, removes=("SVDF",)),
    Pass(
        lower_signals,
        removes=("SIGNAL_FFT_AUTO_SCALE", "SIGNAL_FILTER_BANK_SPECTRAL_SUBTRACTION"),
    ),
    Pass(lower_batch_space, removes=("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND")),
    Pass(lower_splits, removes=("SPLIT", "SPLIT_V", "UNPACK")),
    Pass(lower_picks, removes=("GATHER", "MIRROR_PAD")),
    Pass(lower_transpose_conv, removes=("TRANSPOSE_CONV",)),
    Pass(lower_reductions, removes=("REDUCE_MAX",)),
    Pass(move_transposes),
    Pass(lower_broadcasts),
    Pass(fold_pad),
    Pass(lower_groups),
    Pass(lower_depthwise),
    Pass(lower_tiles),
    Pass(lower_matmuls),
    Pass(drop_views),
    Pass(fuse_slides),
    Pass(copy_edges),
    Pass(store_states),
)
"""Says operators that have no kernels in terms of those that have."""

OWN = (Pass(drop_dead_channels), Pass(spell_constant_channels), Pass(lower_pixels))
"""Left out for the benchmark's other runtimes: they compute layers as the file spells them."""

PASSES = (*SIMPLIFY, DROP_FLOAT_EDGES, END_IN_PROBABILITIES, *LOWER, *OWN)


def unwatched(_: str, __: Graph) -> None:
    """Looks at nothing."""


def apply_passes(graph: Graph, passes: Sequence[Pass], watch: Watch = unwatched) -> Graph:
    """Runs passes in order.

    Raises:
      CompilerError: a pass gave a graph that is out of order.
    """
    for step in passes:
        graph = step.run(graph)
        try:
            check_graph(graph)
        except ModelError as error:
            raise CompilerError(f"pass {step.name} broke the graph ({error})") from error
        watch(step.name, graph)
    return graph


def simplify(graph: Graph) -> Graph:
    """What is left of a graph as read once its constant parts are computed.

    Raises:
      ModelError, UnsupportedError: see `verify`.
    """
    check_graph(graph)
    check_read(graph)
    return apply_passes(graph, SIMPLIFY)


def run_passes(
    graph: Graph,
    *,
    edges: str = "int8",
    scores: str = "model",
    as_spelt: bool = False,
    watch: Watch = unwatched,
) -> Graph:
    """Brings a graph as read into the form that kernels are chosen for.

    Args:
      graph: straight from `read_tflite`.
      edges: "int8" drops float32 conversions at the edges, "model" keeps the model's own types.
      scores: "logits" puts a softmax behind the first output, "auto" does so unless its values go
        from 0 to 1 already, "model" leaves it as it is.
      as_spelt: keeps channels that never change and convolutions of one pixel as the file
        spells them; the benchmark's other runtimes compute them so.
      watch: is shown the graph after each pass.

    Raises:
      ModelError, UnsupportedError: see `verify`.
      CompilerError: the passes left what no kernel computes.
    """
    watch("read", graph)
    check_graph(graph)
    check_read(graph)
    graph = apply_passes(graph, SIMPLIFY, watch)
    check_supported(graph)
    if edges == "int8":
        graph = apply_passes(graph, (DROP_FLOAT_EDGES,), watch)
    known = scores == "auto" and are_probabilities(graph.tensors[graph.outputs[0]])
    if scores != "model" and not known:
        graph = apply_passes(graph, (END_IN_PROBABILITIES,), watch)
    graph = apply_passes(graph, LOWER, watch)
    if not as_spelt:
        graph = apply_passes(graph, OWN, watch)
    check_supported(graph)
    check_lowered(graph)
    return graph
