# SPDX-License-Identifier: Apache-2.0
"""Passes take time in proportion to the network: twice the operators, twice the lines executed."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.passes import PASSES, Pass
from mcunet_tf.tinyengine.read_tflite import read_tflite
from tests.ops.build_tflite import NONE, SAME, Net

BLOCKS = 24
# Twice the work and what does not grow, with room for tables that are filled once.
LIMIT = 2.3


def chain(blocks: int) -> Graph:
    """Convolutions, sums, curves, copies and constants, over and over."""
    net = Net()
    x = last = net.tensor((1, 4, 4, 4), scale=0.1)
    weights = np.arange(16).reshape(4, 1, 1, 4).astype(np.int8)
    for number in range(blocks):
        one = net.tensor((1, 1, 1, 4), data=weights[:1] + np.int8(number % 7), scale=0.1)
        kernel = net.tensor(weights.shape, data=weights, scale=0.01)
        made = [net.tensor((1, 4, 4, 4), scale=0.1) for _ in range(5)]
        net.op("CONV_2D", [last, kernel], [made[0]], Padding=SAME, StrideH=1, StrideW=1)
        net.op("TANH" if number % 2 else "ABS", [made[0]], [made[1]])
        net.op("ADD", [made[1], last], [made[2]], FusedActivationFunction=NONE)
        net.op("MUL", [made[2], one], [made[3]], FusedActivationFunction=NONE)
        net.op("RESHAPE", [made[3]], [made[4]], NewShape=[1, 4, 4, 4])
        last = made[4]
    return read_tflite(net.build([x], [last]), "chain")


def lines(step: Pass, graph: Graph) -> tuple[int, Graph]:
    """Lines of Python that a pass executes, and its result."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        result = step.run(graph)
    finally:
        sys.settrace(before)
    return count, result


@pytest.fixture(scope="module")
def counts() -> dict[str, list[int]]:
    """Lines by pass, for the network and for one that is twice as long."""
    found: dict[str, list[int]] = {}
    lines(PASSES[0], chain(1))  # fills the tables that are made once
    for blocks in (BLOCKS, 2 * BLOCKS):
        graph = chain(blocks)
        for step in PASSES:
            count, graph = lines(step, graph)
            found.setdefault(step.name, []).append(count)
    return found


@pytest.mark.parametrize("name", dict.fromkeys(step.name for step in PASSES))
def test_twice_the_network_takes_twice_the_work(counts, name):
    runs = len(counts[name]) // 2  # of a pass that stands in the order more than once
    short, long = sum(counts[name][:runs]), sum(counts[name][runs:])
    assert long <= LIMIT * short + 200


def test_quadratic_work_is_seen():
    """The count itself: a pass that looks at every tensor for every operator."""

    def slow(graph: Graph) -> Graph:
        for _ in graph.ops:
            for _ in graph.tensors:
                pass
        return graph

    short, long = (lines(Pass(slow), chain(blocks))[0] for blocks in (BLOCKS, 2 * BLOCKS))
    assert long > 3 * short
