# SPDX-License-Identifier: Apache-2.0
"""What a legal graph is: checked after reading and after every pass."""

from __future__ import annotations

from mcunet_tf.errors import ModelError, UnsupportedError
from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.ops import SPECS
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.read_tflite import describe_problems, make_problem

EDGE_TYPES = ("int8", "uint8", "float32")


def check_graph(graph: Graph) -> None:
    """Every tensor is written once, before it is read; inputs and constants are never written.

    Raises:
      ModelError: the graph is not in execution order or writes a tensor twice.
    """
    known = {i for i, tensor in enumerate(graph.tensors) if tensor.data is not None}
    known.update(graph.inputs)
    for op in graph.ops:
        for index in op.inputs:
            if index >= 0 and index not in known:
                name = graph.tensors[index].name
                raise ModelError(
                    f"{graph.name}: '{op.name}' reads '{name}' before anything writes it; "
                    "export the model again"
                )
        for index in op.outputs:
            if index in known:
                raise ModelError(
                    f"{graph.name}: '{op.name}' writes '{graph.tensors[index].name}', which "
                    "already has a value; export the model again"
                )
            known.add(index)
    missing = [graph.tensors[i].name for i in graph.outputs if i not in known]
    if missing:
        raise ModelError(f"{graph.name}: nothing writes output '{missing[0]}'; export it again")


def check_supported(graph: Graph) -> None:
    """Every operator keeps its constraints, and the edges have types the C code can hold.

    Raises:
      UnsupportedError: names every operator that does not, its layer and the reason.
    """
    problems = []
    for op in graph.ops:
        for constraint in SPECS[op.kind].constraints:
            found = constraint(view(graph, op))
            if found is not None:
                sentence = (constraint.__doc__ or "").strip().split("\n")[0]
                problems.append(make_problem(op.kind, op.name, f"{sentence} Found: {found}."))
                break
    for index in (*graph.inputs, *graph.outputs):
        tensor = graph.tensors[index]
        if tensor.dtype not in EDGE_TYPES:
            problems.append(
                make_problem("edge", tensor.name, f"its type is {tensor.dtype}, not int8")
            )
        elif tensor.elements == 0:
            problems.append(make_problem("edge", tensor.name, f"shape {list(tensor.shape)}"))
    if problems:
        raise UnsupportedError(describe_problems(graph.name, problems))
