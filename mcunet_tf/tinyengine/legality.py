# SPDX-License-Identifier: Apache-2.0
"""What a legal graph is, stage by stage.

    as read       `check_graph`, `check_read`: operators in order, options and operands that can be
    simplified    `check_supported`: every operator keeps the constraints of `ops/`
    for kernels   `check_supported` again, and `check_lowered`: kernels compute all that is left

All but the last one speak of the model and end with a remedy; `check_lowered` speaks of us.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from mcunet_tf.errors import CompilerError, ModelError, UnsupportedError
from mcunet_tf.tinyengine.ir import ITEM_BYTES, QUANTISED_TYPES, Graph, Op
from mcunet_tf.tinyengine.kernel_tables import KERNELS
from mcunet_tf.tinyengine.ops import MADE_BY_PASSES, SPECS
from mcunet_tf.tinyengine.ops.common import MOVED_TYPES, per_tensor_problem
from mcunet_tf.tinyengine.ops.spec import Impossible, View, view
from mcunet_tf.tinyengine.remedies import remedies
from mcunet_tf.tinyengine.shape_operands import contradiction

LEGAL_AS_READ = frozenset(SPECS) - frozenset(MADE_BY_PASSES)
"""The operators that a file may hold."""
LEGAL_FOR_KERNELS = frozenset(KERNELS) | {"RESHAPE", "CUSTOM"}
"""The operators that the passes may leave; a RESHAPE is a view and needs no kernel."""

EDGE_TYPES = MOVED_TYPES
"""Of inputs and outputs."""
# Far beyond what microcontrollers have; the planner's own memory stays bounded.
MAX_ACTIVATION_BYTES = 8 << 20
MAX_ALL_ACTIVATIONS_BYTES = 64 << 20
MAX_IMAGE_SIZE = (1 << 15) - 1
_NOT_SUPPORTED = "the operator is not supported"


@dataclasses.dataclass(frozen=True)
class _Problem:
    """Why an operator or an edge cannot be compiled."""

    kind: str
    layer: str
    reason: str


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


def check_read(graph: Graph) -> None:
    """Options and operands are such as an operator of the kind can have.

    What nobody reads is not compiled and may be anything, unless it is there for its effect.

    Raises:
      UnsupportedError: names every operator that is not so, or has no form here, and the reason.
    """
    effects = [op for op in graph.ops if not op.outputs]
    if effects or any(_impossible(graph, op) for op in graph.ops):
        raise UnsupportedError(_refusal(graph, [*_reading_problems(graph)]))


def check_lowered(graph: Graph) -> None:
    """Every operator is one that a kernel computes.

    Raises:
      CompilerError: a pass is missing, or made something that no kernel takes.
    """
    for op in graph.ops:
        if op.kind not in LEGAL_FOR_KERNELS:
            raise CompilerError(f"no pass took {op.kind} '{op.name}', and no kernel computes it")
        if len(op.outputs) != 1:
            raise CompilerError(f"{op.kind} '{op.name}' is left with {len(op.outputs)} outputs")


def check_supported(graph: Graph) -> None:
    """Every operator keeps its constraints, and the edges have types the C code can hold.

    Raises:
      UnsupportedError: names every operator that does not, its layer and the reason.
    """
    problems = [*_op_problems(graph), *_edge_problems(graph), *_size_problems(graph)]
    if problems:
        raise UnsupportedError(_refusal(graph, problems))


def _refusal(graph: Graph, problems: Sequence[_Problem]) -> str:
    """One line that names every problem, and behind them what can be done about them."""
    listed = "; ".join(f"{p.kind} '{p.layer}': {p.reason.rstrip('.')}" for p in problems)
    places = "1 place" if len(problems) == 1 else f"{len(problems)} places"
    advice = "; ".join(remedies([(p.kind, p.reason) for p in problems]))
    return f"{graph.name}: cannot be compiled in {places}: {listed}. Remedy: {advice}"


def broken_constraint(seen: View) -> str | None:
    """The first constraint that an operator does not keep, and what was found instead."""
    for tensor in (seen.input(0), seen.output):
        if tensor.elements == 0:
            return f"'{tensor.name}' is empty: its shape is {list(tensor.shape)}."
    for constraint in SPECS[seen.op.kind].constraints:
        found = constraint(seen)
        if found is not None:
            sentence = (constraint.__doc__ or "").strip().split("\n")[0]
            return f"{sentence} Found: {found}."
    return None


def _op_problems(graph: Graph) -> Iterator[_Problem]:
    for op in graph.ops:
        reason = _op_reason(graph, op)
        if reason is not None:
            yield _Problem(op.kind, op.name, reason)


def _reading_problems(graph: Graph) -> Iterator[_Problem]:
    for op in graph.ops:
        impossible = _impossible(graph, op)
        if impossible:
            yield _Problem(op.kind, op.name, f"it has {impossible}")
        elif op.kind not in LEGAL_AS_READ:
            yield _Problem(op.kind, op.name, _NOT_SUPPORTED)


def _impossible(graph: Graph, op: Op) -> str | None:
    """What no operator of the kind can have, or None."""
    if isinstance(op.attributes, Impossible):
        return op.attributes.reason
    return contradiction(view(graph, op))


def _op_reason(graph: Graph, op: Op) -> str | None:
    if op.kind not in SPECS:
        return _NOT_SUPPORTED
    counts = SPECS[op.kind].result_counts
    if len(op.outputs) not in counts and SPECS[op.kind].evaluate is not None:
        return f"it has {len(op.outputs)} outputs instead of 1"
    return broken_constraint(view(graph, op))


def _edge_problems(graph: Graph) -> Iterator[_Problem]:
    for role, indices in (("input", graph.given), ("output", graph.made)):
        for position, index in enumerate(indices):
            tensor = graph.tensors[index]
            if tensor.dtype not in EDGE_TYPES:
                yield _Problem(role, tensor.name, f"its type is {tensor.dtype}, not int8 or int16")
            elif tensor.elements == 0:
                yield _Problem(role, tensor.name, f"its shape is {list(tensor.shape)}")
            elif tensor.data is not None and role == "input":
                yield _Problem(role, tensor.name, "it is a constant")
            elif tensor.dtype in QUANTISED_TYPES and tensor.quantization is not None:
                problem = per_tensor_problem(tensor)
                if problem is not None:
                    yield _Problem(role, tensor.name, problem)
            if role == "input" and index in indices[:position]:
                yield _Problem(role, tensor.name, "it is an input twice")


def _size_problems(graph: Graph) -> Iterator[_Problem]:
    total_bytes = 0
    used = {i for op in graph.ops for i in (*op.inputs, *op.outputs) if i >= 0}
    for index in sorted(used.union(graph.inputs)):
        tensor = graph.tensors[index]
        if tensor.data is not None or tensor.dtype not in ITEM_BYTES:
            continue
        total_bytes += tensor.size_bytes
        if tensor.size_bytes > MAX_ACTIVATION_BYTES:
            reason = f"it takes {tensor.size_bytes} B; no microcontroller holds that"
            yield _Problem("tensor", tensor.name, reason)
        elif len(tensor.shape) == 4 and max(tensor.shape) > MAX_IMAGE_SIZE:
            reason = f"its shape is {list(tensor.shape)}; at most {MAX_IMAGE_SIZE} along an axis"
            yield _Problem("tensor", tensor.name, reason)
    if total_bytes > MAX_ALL_ACTIVATIONS_BYTES:
        reason = f"all tensors together take {total_bytes} B; no microcontroller computes that"
        yield _Problem("model", graph.name, reason)
