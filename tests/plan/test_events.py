# SPDX-License-Identifier: Apache-2.0
"""The calls of a stage: those of an operator alone are those of the emitted loop, in one step."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.schedule.calls import Calls
from mcunet_tf.tinyengine.schedule.stage import make_stage
from mcunet_tf.tinyengine.schedule.trace import trace_alone
from tests.passes.test_linear import lines
from tests.plan.test_networks import tall_network


@pytest.fixture(scope="module")
def tall():
    """A compiled network whose first operator makes 16,000 rows."""
    return compile_tflite(tall_network(), "qemu-m4", name="m")


def looped(height: int, calls: Calls) -> list[tuple[int, int, int]]:
    """The emitted loop: bands until all rows are done."""
    done, found = 0, []
    while done < height:
        end = min(calls.end(done), height)
        found.append((0, done, end))
        done = end
    return found


@pytest.mark.parametrize("height", [1, 2, 3, 7, 8, 9, 16_000])
@pytest.mark.parametrize("calls", [(1, 1), (2, 1), (2, 2), (4, 3), (5, 5), (16_000, 16_000)])
def test_an_operator_alone_is_called_as_the_c_calls_it(tall, height, calls):
    node = dataclasses.replace(tall.plan.stages[0].nodes[0], height=height)
    events = trace_alone(node, Calls(*calls))
    assert list(events.calls()) == looped(height, Calls(*calls))
    assert [tuple(event) for event in events] == [
        (node, first, end) for _, first, end in events.calls()
    ]
    assert list(events.backwards()) == list(events)[::-1]


def test_calls_of_each_operator_are_its_events(tall):
    for stage in tall.plan.stages:
        for node, calls in stage.node_calls.items():
            own = [(k, e.first, e.end) for k, e in enumerate(stage.events) if e.node is node]
            np.testing.assert_array_equal(np.array(own), np.stack(calls, axis=1))


def test_scheduling_an_operator_looks_at_no_row(tall):
    """As many lines for 16,000 rows as for 16."""
    nodes = [node for stage in tall.plan.stages for node in stage.nodes]
    banded = max(nodes, key=lambda n: len(make_stage(tall.graph, [n], frozenset()).events))

    def work(height: int) -> int:
        node = dataclasses.replace(banded, height=height)

        class Step:
            @staticmethod
            def run(graph):
                stage = make_stage(graph, [node], frozenset())
                assert len(stage.node_calls[node].times) == len(stage.events) >= height // 8
                return graph

        return lines(Step, tall.graph)[0]

    work(16)
    assert work(16_000) == work(16)
