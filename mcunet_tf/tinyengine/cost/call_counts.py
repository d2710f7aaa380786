# SPDX-License-Identifier: Apache-2.0
"""Which kernel calls a plan makes, and what the emitted code does around them."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Sequence

import numpy as np

from mcunet_tf.tinyengine.cost.counts import Counts, Run, Runs
from mcunet_tf.tinyengine.kernel_tables.table import Style
from mcunet_tf.tinyengine.schedule.calls import calls_alone
from mcunet_tf.tinyengine.schedule.nodes import Node, is_row_source, pixels_of
from mcunet_tf.tinyengine.schedule.stage import NodeCalls, Stage


def node_calls(node: Node, calls: Iterable[tuple[Sequence[int], int]]) -> Runs:
    """The calls of a node's kernel in the units of its features.

    Args:
      node: the operator.
      calls: rows of the parts that the kernel makes of a call, and how often it is called so.
    """
    counted: collections.Counter[int] = collections.Counter()
    begun: collections.Counter[int] = collections.Counter()
    for parts, times in calls:
        begun[parts[0]] += times
        for rows in parts:
            counted[rows] += times
    return tuple(Run(_units(node, rows), count, begun[rows]) for rows, count in counted.items())


def _units(node: Node, rows: int) -> int:
    return pixels_of(node, rows) if node.kernel.style is Style.PIXELS else rows


def whole_calls(node: Node) -> Runs:
    """The calls where a node runs on its own, as many rows at once as its kernel likes."""
    calls = calls_alone(node, node.height)
    whole, rest = divmod(node.height, calls.band)
    bands = [(calls.band, whole), (rest, 1)]
    return node_calls(node, [(calls.parts(rows), times) for rows, times in bands if rows * times])


def stage_calls(stage: Stage) -> list[Runs]:
    """The calls of each node of a stage."""
    found = []
    for node, calls in zip(stage.nodes, stage.calls, strict=True):
        made = collections.Counter(
            (stage.node_calls[node].end - stage.node_calls[node].first).tolist()
        )
        found.append(node_calls(node, [(calls.parts(rows), n) for rows, n in made.items()]))
    return found


def feed_counts(stage: Stage, position: int) -> Counts:
    """What the emitted code does around the calls of one node: pointers, padding, pulls."""
    node = stage.nodes[position]
    calls = stage.node_calls[node]
    count = len(calls.times)
    if is_row_source(node):
        words = count * (node.view.output.rows[1] // 4)
        return {"push": count, "push_word": words}
    if stage.is_direct:
        return {"direct_call": 1, "direct_operand": len(node.inputs) - 1}
    alone = "_alone" if len(stage.nodes) == 1 else ""  # the compiler knows where it ends
    counts: Counts = {
        f"{node.kernel.style.value}{alone}_call": count,
        "operand": count * (len(node.inputs) - 1),
    }
    if is_row_source(stage.nodes[0]):
        counts["offer"] = offers(stage, node)
    else:
        inside = {other.output for other in stage.nodes if other is not node}
        pulls = sum(source in inside for source in dict.fromkeys(node.inputs))
        readers = sum(node.output in other.inputs for other in stage.nodes)
        counts |= {"pull": count * pulls, "pulled": 1 if readers else 0}
    if node.kernel.style is Style.WINDOW:
        made = int((calls.end - calls.first).sum())
        padding = _padding_rows(node, calls)
        pointers = "pointer_in" if node.pad_row_bytes else "plain_pointer_in"
        counts[pointers] = (made - count) * node.window.stride + count * node.window.extent
        counts["pointer_out"] = made
        if node.pad_row_bytes:
            counts["padding_row"] = padding
            counts["padding_word"] = padding * (node.pad_row_bytes // 4)
        else:
            counts["absent_row"] = padding
    return counts


def offers(stage: Stage, node: Node) -> int:
    """How often a node is told of new rows, in a stage that runs as rows come in."""
    makers = (other for other in stage.nodes if other.output in node.inputs)
    return sum(len(stage.node_calls[maker].times) for maker in makers)


def _padding_rows(node: Node, calls: NodeCalls) -> int:
    """Pointers to rows outside the image, over all calls."""
    reach, height = node.reach(node.inputs[0]), node.view.input(0).rows[0]
    low, high = reach.low(calls.first), reach.high(calls.end)
    above = np.maximum(np.minimum(high, 0) - low, 0)
    below = np.maximum(high - np.maximum(low, height), 0)
    return int((above + below).sum())


def code_counts(nodes: Sequence[Node]) -> Counts:
    """What the size of a stage's emitted code depends on."""
    if len(nodes) == 1 and nodes[0].kernel.style is not Style.WINDOW:
        return {"direct": 1, "direct_operand": len(nodes[0].inputs) - 1}
    counts: Counts = {"stage": 1}
    made = {node.output for node in nodes}
    for node in nodes:
        padded = "_padded" if node.pad_row_bytes else ""
        pulls = sum(source in made for source in dict.fromkeys(node.inputs))
        for name, count in (
            (f"{node.kernel.style.value}{padded}", 1),
            ("operand", len(node.inputs) - 1),
            ("pull", pulls),
        ):
            counts[name] = counts.get(name, 0) + count
    return counts
