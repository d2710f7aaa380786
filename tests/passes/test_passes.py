# SPDX-License-Identifier: Apache-2.0
"""Each pass on a graph of its own: text in, text out, the same results, and what it removes gone.

The texts lie in `texts/<pass>.txt`, the graph before the pass above the one behind it. After a
change that is meant, look at the difference and renew the second ones:
MCUNET_TF_APPROVE=1 python -m pytest tests/passes
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.tinyengine import graph_text as texts
from mcunet_tf.tinyengine.graph_text import GraphTextError, graph_text, read_graph_text
from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.legality import check_graph
from mcunet_tf.tinyengine.passes import PASSES, Pass, run_passes
from mcunet_tf.tinyengine.read_tflite import read_tflite
from tests.ops.all_cases import ALL_CASES
from tests.ops.case import Case, case_inputs
from tests.passes.meanings import run_graph
from tests.tinyengine.small_models import small_network

TEXTS = Path(__file__).parent / "texts"
APPROVE = "MCUNET_TF_APPROVE"
RULE = "\n----\n\n"
# With these the application's edges, or results that nobody reads, are others behind the pass.
CHANGES_EDGES = ("drop_float_edges", "end_in_probabilities")


def text_pair(step: Pass) -> tuple[str, str]:
    before, _, after = (TEXTS / f"{step.name}.txt").read_text(encoding="utf-8").partition(RULE)
    return before.rstrip("\n") + "\n", after


def graph_inputs(graph: Graph, name: str) -> list[tuple[np.ndarray, ...]]:
    return case_inputs(Case("", name, b""), graph, states=True)


@pytest.mark.parametrize("step", PASSES, ids=lambda step: step.name)
def test_the_pass_on_a_graph_of_its_own(step):
    given, expected = text_pair(step)
    before = read_graph_text(given)
    check_graph(before)
    assert graph_text(before) == given
    after = step.run(before)
    check_graph(after)
    if os.environ.get(APPROVE):
        (TEXTS / f"{step.name}.txt").write_text(f"{given}{RULE}{graph_text(after)}")
        _, expected = text_pair(step)
    assert graph_text(after) == expected
    assert expected != given, "the text shows nothing of what the pass does"
    assert not {op.kind for op in after.ops}.intersection(step.removes)
    if step.removes:
        assert set(step.removes) <= {op.kind for op in before.ops}
    if step.name not in CHANGES_EDGES:
        for inputs in graph_inputs(before, step.name):
            for a, b in zip(run_graph(before, inputs), run_graph(after, inputs), strict=True):
                np.testing.assert_array_equal(a, b)


def test_float_edges_are_all_that_is_dropped():
    """Behind the pass, the application converts as QUANTIZE and DEQUANTIZE did."""
    step = next(step for step in PASSES if step.name == "drop_float_edges")
    before = read_graph_text(text_pair(step)[0])
    after = step.run(before)
    rng = np.random.default_rng(1)
    (source,), (result,) = after.inputs, after.outputs
    tensor, out = after.tensors[source], after.tensors[result]
    values = rng.integers(-128, 128, tensor.shape).astype(np.int8)
    real = ((values.astype(np.float64) - tensor.zero_point) * tensor.scale).astype(np.float32)
    (wanted,) = run_graph(before, [real])
    (got,) = run_graph(after, [values])
    stood_for = ((got.astype(np.float64) - out.zero_point) * out.scale).astype(np.float32)
    np.testing.assert_array_equal(stood_for, wanted)


def test_every_pass_has_a_text_and_every_text_a_pass():
    assert {path.stem for path in TEXTS.glob("*.txt")} == {step.name for step in PASSES}


def test_every_graph_is_read_back_as_it_was_written(monkeypatch):
    """All operators, behind every pass; constants of any length for once."""
    monkeypatch.setattr(texts, "LONGEST_CONSTANT", 1 << 30)
    for case in ALL_CASES[::7]:
        seen: list[Graph] = []
        run_passes(
            read_tflite(case.model), edges="model", watch=lambda _, graph, s=seen: s.append(graph)
        )
        for graph in seen[:: len(seen) - 1]:
            again = read_graph_text(graph_text(graph))
            assert graph_text(again) == graph_text(graph)
            for op, other in zip(graph.ops, again.ops, strict=True):
                assert (op.kind, op.inputs, op.outputs) == (other.kind, other.inputs, other.outputs)
                assert op.attributes == other.attributes and op.name == other.name


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("what %0", "it begins with 'what', not graph, input, state, const, op, output or next"),
        ("input %x", "no tensor: %x"),
        ("op RELU nothing", "no operator: op RELU nothing"),
        ('op RELU %0 -> %1 "y" int8[1] | open("x")', "open('x') is no attribute"),
        ('const %1 "w" int8[999] = #0123abcd of 999 values', "the values of 'w' were left out"),
    ],
)
def test_a_text_that_is_none_names_its_line(line, told):
    with pytest.raises(GraphTextError, match="line 2 of the graph's text: ") as caught:
        read_graph_text(f'graph "m"\n{line}\n')
    assert told in str(caught.value)


def test_long_constants_are_named_by_what_they_hold(monkeypatch):
    text = graph_text(read_tflite(small_network()))
    assert " values" not in text
    monkeypatch.setattr(texts, "LONGEST_CONSTANT", 8)
    short = graph_text(read_tflite(small_network()))
    assert " of 54 values" in short and len(short) < len(text)
