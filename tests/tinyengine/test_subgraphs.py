# SPDX-License-Identifier: Apache-2.0
"""IF and WHILE: what they choose takes their place, and the rest is refused in one line."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from mcunet_tf.errors import UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate
from tests.ops.build_tflite import NONE, Net, build_model
from tests.ops.oracle import assert_equal, micro_outputs, runtime_outputs

SHAPE = (1, 6)
VALUES = {"scale": 0.05, "zero_point": -3}


def value(net: Net) -> int:
    return net.tensor(SHAPE, **VALUES)


def scalar(net: Net, number: int | bool | None, dtype: str = "int32") -> int:
    data = None if number is None else np.array(number, dtype)
    return net.tensor((), dtype=dtype, scale=None, data=data)


def added(net: Net, x: int, amount: float) -> int:
    """x + amount, saturated."""
    step = net.tensor(
        SHAPE, data=np.full(SHAPE, round(amount / 0.05) - 3, np.int8), scale=0.05, zero_point=-3
    )
    y = value(net)
    net.op("ADD", [x, step], [y], FusedActivationFunction=NONE)
    return y


def branch(amount: float) -> tuple[Net, list[int], list[int]]:
    net = Net()
    x = value(net)
    return net, [x], [added(net, x, amount)]


def unchanged() -> tuple[Net, list[int], list[int]]:
    net = Net()
    x = value(net)
    return net, [x], [x]


def chosen(condition: bool, other: Callable[[], tuple] = unchanged) -> bytes:
    """An IF on a constant."""
    net = Net()
    x, y = value(net), value(net)
    net.op("IF", [scalar(net, condition, "bool"), x], [y], ThenSubgraphIndex=1, ElseSubgraphIndex=2)
    return build_model([(net, [x], [added(net, y, 0.5)]), branch(2.0), other()])


def below(limit: int) -> tuple[Net, list[int], list[int]]:
    """The condition of a loop: its counter is below a limit."""
    net = Net()
    i, x, goes_on = scalar(net, None), value(net), scalar(net, None, "bool")
    net.op("LESS", [i, scalar(net, limit)], [goes_on])
    return net, [i, x], [goes_on]


def one_round(nested: bool = False) -> tuple[Net, list[int], list[int]]:
    """The body of a loop; `nested`: what it adds depends on the counter."""
    net = Net()
    i, x, after = scalar(net, None), value(net), scalar(net, None)
    net.op("ADD", [i, scalar(net, 1)], [after], FusedActivationFunction=NONE)
    if not nested:
        return net, [i, x], [after, added(net, x, 0.3)]
    even, y = scalar(net, None, "bool"), value(net)
    net.op("LESS", [i, scalar(net, 2)], [even])
    net.op("IF", [even, x], [y], ThenSubgraphIndex=3, ElseSubgraphIndex=4)
    return net, [i, x], [after, y]


def loop(rounds: int, nested: bool = False) -> bytes:
    net = Net()
    x, last, y = value(net), scalar(net, None), value(net)
    net.op("WHILE", [scalar(net, 0), x], [last, y], CondSubgraphIndex=1, BodySubgraphIndex=2)
    return build_model(
        [
            (net, [x], [added(net, y, -0.2)]),
            *(below(rounds), one_round(nested)),
            *(branch(1.0), branch(-0.7)),
        ]
    )


def choice() -> bytes:
    """An IF on what is computed: the first value is above 0."""
    net = Net()
    x = value(net)
    begin, size = (net.constant(np.array(v, np.int32)) for v in ((0, 0), (1, 1)))
    first = net.tensor((1, 1), **VALUES)
    net.op("SLICE", [x, begin, size], [first])
    flat = net.tensor((1,), **VALUES)
    net.op("RESHAPE", [first, net.constant(np.array([1], np.int32))], [flat], NewShape=[1])
    zero = net.tensor((1,), data=np.array([-3], np.int8), **VALUES)
    above, y = net.tensor((1,), dtype="bool", scale=None), value(net)
    net.op("GREATER", [flat, zero], [above])
    net.op("IF", [above, x], [y], ThenSubgraphIndex=1, ElseSubgraphIndex=2)
    return build_model([(net, [x], [added(net, y, 0.1)]), branch(1.5), branch(-1.0)])


MODELS = {
    "then": chosen(True),
    "else": chosen(False),
    "else computes": chosen(False, lambda: branch(-1.0)),
    "no rounds": loop(0),
    "one round": loop(1),
    "rounds": loop(5),
    "nested": loop(4, nested=True),
    "computed": choice(),
}


@pytest.mark.parametrize("outputs", [runtime_outputs, micro_outputs])
@pytest.mark.parametrize("name", MODELS)
def test_equals_the_references(name, outputs):
    compiled = compile_tflite(MODELS[name], "portable", name="m")
    assert not {"IF", "WHILE"}.intersection(op.kind for op in compiled.graph.ops)
    rng = np.random.default_rng(0)
    inputs = [(rng.integers(-128, 128, SHAPE).astype(np.int8),) for _ in range(8)]
    found = [evaluate(compiled.graph, arrays) for arrays in inputs]
    assert_equal(found, outputs(MODELS[name], inputs), inputs)


def test_only_what_is_chosen_is_compiled():
    kinds = [op.kind for op in compile_tflite(MODELS["then"], "portable", name="m").graph.ops]
    assert len(kinds) == 2
    assert len(compile_tflite(MODELS["rounds"], "portable", name="m").graph.ops) == 6


def depends_on_the_input() -> bytes:
    net = Net()
    i, x, last, y = scalar(net, None), value(net), scalar(net, None), value(net)
    net.op("WHILE", [i, x], [last, y], CondSubgraphIndex=1, BodySubgraphIndex=2)
    return build_model([(net, [i, x], [y]), below(3), one_round()])


def endless() -> bytes:
    net, inputs, _ = below(3)
    return build_model(
        [
            (_loop := Net(), *_called(_loop)),
            (net, inputs, [scalar(net, True, "bool")]),
            one_round(),
        ]
    )


def _called(net: Net) -> tuple[list[int], list[int]]:
    x, last, y = value(net), scalar(net, None), value(net)
    net.op("WHILE", [scalar(net, 0), x], [last, y], CondSubgraphIndex=1, BodySubgraphIndex=2)
    return [x], [y]


def endless_and_idle() -> bytes:
    """Every round leaves everything as it is."""
    net, inputs, _ = below(3)
    idle = Net()
    i, x = scalar(idle, None), value(idle)
    return build_model(
        [
            (_loop := Net(), *_called(_loop)),
            (net, inputs, [scalar(net, True, "bool")]),
            (idle, [i, x], [i, x]),
        ]
    )


def recursive() -> bytes:
    """A branch that calls itself."""
    net = Net()
    x, y = value(net), value(net)
    net.op("IF", [scalar(net, True, "bool"), x], [y], ThenSubgraphIndex=1, ElseSubgraphIndex=1)
    inner = Net()
    u, v = value(inner), value(inner)
    inner.op("IF", [scalar(inner, True, "bool"), u], [v], ThenSubgraphIndex=1, ElseSubgraphIndex=1)
    return build_model([(net, [x], [y]), (inner, [u], [v])])


def no_such_subgraph() -> bytes:
    net = Net()
    x, y = value(net), value(net)
    net.op("IF", [scalar(net, True, "bool"), x], [y], ThenSubgraphIndex=7, ElseSubgraphIndex=1)
    return build_model([(net, [x], [y]), branch(1.0)])


@pytest.mark.parametrize(
    "made",
    [depends_on_the_input, endless, endless_and_idle, recursive, no_such_subgraph],
    ids=lambda made: made.__name__,
)
def test_what_cannot_be_unrolled_is_refused_in_one_line(made):
    begin = time.monotonic()
    with pytest.raises(UnsupportedError, match=r"Remedy: .*constants") as error:
        compile_tflite(made(), "portable", name="m")
    assert "\n" not in str(error.value)
    assert time.monotonic() - begin < 10
