# SPDX-License-Identifier: Apache-2.0
"""CMSIS-NN's function for one operator, as a program that is counted like our own."""

from __future__ import annotations

from mcunet_tf.benchmark.kernel_programs import WHOLE_BAND, Program
from mcunet_tf.benchmark.runtimes.cmsis_nn import cmsis_row
from mcunet_tf.benchmark.runtimes.cmsis_nn.choose import make_call
from mcunet_tf.benchmark.runtimes.cmsis_nn.emit import CmsisProject, emit_cmsis_project
from mcunet_tf.benchmark.runtimes.cmsis_nn.release import CmsisNn
from mcunet_tf.benchmark.runtimes.cmsis_nn.scratch import scratch_sizes
from mcunet_tf.boards import Board
from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.plan.plan import Group, plan_stages
from mcunet_tf.tinyengine.schedule.nodes import make_node


def cmsis_program(graph: Graph, library: CmsisNn, board: Board, name: str) -> Program | None:
    """A program that calls CMSIS-NN for a graph's one operator, or None where it has no function.

    Args:
        graph: the graph of one operator.
        library: where CMSIS-NN is installed.
        board: an emulated board.
        name: C prefix.
    """
    call = make_call(library, view(graph, graph.ops[0]), board.isa)
    if call is None:
        return None
    scratch_bytes = scratch_sizes(library, board, {0: call})[0]
    node = make_node(graph, 0, graph.ops[0], cmsis_row(call, scratch_bytes))
    plan = plan_stages(graph, {}, [node], [Group(0, 1, WHOLE_BAND)])
    files = emit_cmsis_project(CmsisProject(name, graph, plan, {0: call}))
    sources = library.sources({call.function})
    return Program(name, graph, plan, files, library.include_dirs, sources)
