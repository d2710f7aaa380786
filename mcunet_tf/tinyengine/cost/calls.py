# SPDX-License-Identifier: Apache-2.0
"""Which kernel calls a plan makes, and what the emitted code does around them."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Sequence

from mcunet_tf.tinyengine.cost.counts import Calls, Counts, Run
from mcunet_tf.tinyengine.kernels.table import Style
from mcunet_tf.tinyengine.plan.nodes import Node, is_row_source, pixels_of
from mcunet_tf.tinyengine.plan.schedule import Stage, calls_alone


def node_calls(node: Node, calls: Iterable[Sequence[int]]) -> Calls:
    """The calls of a node's kernel, each in one or several parts, in the units of its features."""
    calls = list(calls)
    counted = collections.Counter(rows for parts in calls for rows in parts)
    begun = collections.Counter(parts[0] for parts in calls)
    return tuple(Run(_units(node, rows), count, begun[rows]) for rows, count in counted.items())


def _units(node: Node, rows: int) -> int:
    return pixels_of(node, rows) if node.kernel.style is Style.PIXELS else rows


def whole_calls(node: Node) -> Calls:
    """The calls where a node runs on its own, as many rows at once as its kernel likes."""
    calls = calls_alone(node, node.height)
    whole, rest = divmod(node.height, calls.band)
    bands = [calls.band] * whole + [rest] * (rest > 0)
    return node_calls(node, [calls.parts(band) for band in bands])


def stage_calls(stage: Stage) -> list[Calls]:
    """The calls of each node of a stage."""
    calls = dict(zip(stage.nodes, stage.calls, strict=True))
    made: dict[Node, list[list[int]]] = {node: [] for node in stage.nodes}
    for event in stage.events:
        made[event.node].append(calls[event.node].parts(event.end - event.first))
    return [node_calls(node, made[node]) for node in stage.nodes]


def feed_counts(stage: Stage, position: int) -> Counts:
    """What the emitted code does around the calls of one node: pointers, padding, pulls."""
    node = stage.nodes[position]
    events = [event for event in stage.events if event.node is node]
    if is_row_source(node):
        words = len(events) * (node.view.output.rows[1] // 4)
        return {"push": len(events), "push_word": words}
    counts: Counts = {
        f"{node.kernel.style.value}_call": len(events),
        "operand": len(events) * (len(node.inputs) - 1),
    }
    if is_row_source(stage.nodes[0]):
        counts["offer"] = offers(stage, node)
    else:
        made = {other.output for other in stage.nodes if other is not node}
        pulls = sum(source in made for source in dict.fromkeys(node.inputs))
        readers = sum(node.output in other.inputs for other in stage.nodes)
        counts |= {"pull": len(events) * pulls, "pulled": 1 if readers else 0}
    if node.kernel.style is Style.WINDOW:
        height = node.view.input(0).rows[0]
        rows = [(event.first, event.end) for event in events]
        padding = _padding_rows(node, rows, height)
        counts["pointer_in"] = sum(node.window.count(end - first) for first, end in rows)
        counts["pointer_out"] = sum(end - first for first, end in rows)
        if node.pad_row_bytes:
            counts["padding_row"] = padding
            counts["padding_word"] = padding * (node.pad_row_bytes // 4)
        else:
            counts["absent_row"] = padding
    return counts


def offers(stage: Stage, node: Node) -> int:
    """How often a node is told of new rows, in a stage that runs as rows come in."""
    return sum(event.node.output in node.inputs for event in stage.events)


def _padding_rows(node: Node, rows: Sequence[tuple[int, int]], height: int) -> int:
    """Pointers to rows outside the image, over all calls."""
    window = node.window
    total = 0
    for first, end in rows:
        low = first * window.stride - window.pad_top
        high = low + window.count(end - first)
        total += max(min(high, 0) - low, 0) + max(high - max(low, height), 0)
    return total


def code_counts(nodes: Sequence[Node]) -> Counts:
    """What the size of a stage's emitted code depends on."""
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
