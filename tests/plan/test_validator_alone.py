# SPDX-License-Identifier: Apache-2.0
"""The validator shares nothing with the planner, and what it takes operators to read is true."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from mcunet_tf.boards import load_board
from mcunet_tf.tinyengine import compile_tflite, plan, schedule, validate
from mcunet_tf.tinyengine.compiler import read_graph
from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Style
from mcunet_tf.tinyengine.ops import SPECS
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.plan.plan import Plan
from mcunet_tf.tinyengine.schedule.nodes import make_node
from mcunet_tf.tinyengine.schedule.rings import aligned
from mcunet_tf.tinyengine.select import usable_kernels
from mcunet_tf.tinyengine.validate import PlanError, validate_plan
from mcunet_tf.tinyengine.validate.accesses import access_of
from mcunet_tf.tinyengine.validate.program import Execution
from tests.ops.all_cases import CASES
from tests.ops.case import Case
from tests.plan.random_networks import random_network

FOLDER = Path(validate.__file__).parent
MAY_RUN = (
    "mcunet_tf.tinyengine.ir",
    "mcunet_tf.tinyengine.kernel_tables.table",
    "mcunet_tf.tinyengine.ops.spec",
    "mcunet_tf.tinyengine.validate",
)
# What a plan is made of, for type hints alone.
MAY_NAME = {"Plan", "Storage", "Stage", "Node"}


def imports(tree: ast.Module) -> tuple[list[str], list[str]]:
    """(modules that are imported, names that only type hints see) from this package."""
    hints = [
        node
        for test in tree.body
        if isinstance(test, ast.If) and ast.unparse(test.test) == "TYPE_CHECKING"
        for node in test.body
    ]
    ours = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom) and node not in hints
    ]
    modules: list[str | None] = []
    for node in ours:
        whole = isinstance(node, ast.Import)
        modules += [alias.name for alias in node.names] if whole else [node.module]
    named = [alias.name for node in hints for alias in node.names]
    return [m for m in modules if m and m.startswith("mcunet_tf")], named


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_it_imports_nothing_of_the_planner(path):
    modules, named = imports(ast.parse(path.read_text()))
    assert [m for m in modules if not m.startswith(MAY_RUN)] == []
    assert set(named) <= MAY_NAME


def test_an_import_of_the_planner_would_be_seen():
    text = "def f():\n    from mcunet_tf.tinyengine.schedule.reach import Reach\n"
    assert imports(ast.parse(text))[0] == ["mcunet_tf.tinyengine.schedule.reach"]


def _planner_functions() -> Iterator[tuple[object, str]]:
    """Every function, method and property of the packages `plan` and `schedule`."""
    for package in (plan, schedule):
        for info in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            for name, value in vars(module).items():
                if getattr(value, "__module__", None) != module.__name__:
                    continue
                if inspect.isfunction(value):
                    yield module, name
                elif inspect.isclass(value):
                    for inner, member in vars(value).items():
                        # Sizes of memories are what the caller of the C provides.
                        given = value is Plan and inner in ("used_bytes", "region")
                        if inner.startswith("__") or given:
                            continue
                        if inspect.isfunction(member) or isinstance(member, property):
                            yield value, inner


@contextlib.contextmanager
def planner_gone() -> Iterator[None]:
    """Whoever asks the planner anything fails."""

    def gone(*_: object, **__: object) -> None:
        raise NotImplementedError("the validator asked the planner")

    with contextlib.ExitStack() as stack:
        found = list(_planner_functions())
        assert len(found) > 100
        for owner, name in found:
            property_too = isinstance(inspect.getattr_static(owner, name), property)
            stack.enter_context(
                mock.patch.object(owner, name, property(gone) if property_too else gone)
            )
        # `used_bytes` takes it.
        stack.enter_context(mock.patch.object(plan.plan, "aligned", aligned))
        yield


@pytest.mark.parametrize("input_mode", ["frame", "rows"])
def test_it_works_without_the_planner(input_mode):
    """It accepts what is right and sees what is wrong with every function of the planner gone."""
    seed = 1
    options = {"name": "m", "optimize": "sram", "input_mode": input_mode}
    compiled = compile_tflite(random_network(seed), "qemu-m4", **options)
    assert any(stage.rings for stage in compiled.plan.stages)
    tensor, storage = max(compiled.plan.storage.items())
    moved = dataclasses.replace(storage, offset=compiled.plan.arena_bytes)
    spoiled = dataclasses.replace(compiled.plan, storage={**compiled.plan.storage, tensor: moved})
    with planner_gone():
        validate_plan(compiled.graph, compiled.plan)
        with pytest.raises(PlanError, match="outside"):
            validate_plan(compiled.graph, spoiled)


def single_rows(node) -> Execution:
    """Calls that make as few rows as they can."""
    first = np.arange(0, node.height, node.window.growth)
    end = np.minimum(first + node.window.growth, node.height)
    return Execution(
        0, 0, node, 2 * bool(node.kernel.chunk_rows), np.arange(len(first)), first, end
    )


def unread_rows(case: Case) -> tuple[int, list[str]]:
    """(rows tried, rows of an operand that change a result which is not said to read them)."""
    graph = read_graph(case.model)
    tried, found = 0, []
    for op in graph.ops:
        if op.kind == "RESHAPE":
            continue
        accesses = [
            access_of(graph, single_rows(make_node(graph, 0, op, kernel)))
            for kernel in kernels_of(graph, op)
            if kernel.style in (Style.WINDOW, Style.PIXELS)
        ]
        operands = {read.tensor for access in accesses for read in access.reads}
        operands = {tensor for tensor in operands if graph.tensors[tensor].rows[0] > 1}
        for tensor in operands:
            changes = changed_rows(graph, op, tensor)
            for access in accesses:
                tried += len(changes)
                found += [
                    f"{case} {access.kernel.name}: row {row} changes rows from {first} on"
                    for read in access.reads
                    if read.tensor == tensor
                    for row, changed in enumerate(changes)
                    for first, end, low, high in zip(
                        access.layer.first, access.layer.end, read.low, read.high, strict=True
                    )
                    if not low <= row < high
                    and changed.reshape(access.layer.node.height, -1)[first:end].any()
                ]
    return tried, found


def kernels_of(graph: Graph, op: Op) -> list[Kernel]:
    """Every kernel that may serve an operator somewhere."""
    boards = [load_board(name) for name in ("portable", "qemu-m4", "qemu-m55")]
    found = {k.name: k for board in boards for k in usable_kernels(view(graph, op), board.isa)}
    return list(found.values())


def changed_rows(graph: Graph, op: Op, tensor: int) -> list[np.ndarray]:
    """Which values of the result change with each row of an operand."""
    seen, rng = view(graph, op), np.random.default_rng(0)
    values = [
        None if t is None else t.data if t.data is not None else _random(rng, t)
        for t in seen.inputs
    ]
    before = SPECS[op.kind].result(seen, values)
    changes = []
    for row in range(graph.tensors[tensor].rows[0]):
        position = op.inputs.index(tensor)
        other = values[position].copy()
        other[:, row] = _random(rng, seen.inputs[position])[:, row]
        after = SPECS[op.kind].result(seen, [*values[:position], other, *values[position + 1 :]])
        changes.append(after != before)
    return changes


def _random(rng: np.random.Generator, tensor) -> np.ndarray:
    if tensor.dtype == "float32":
        return rng.normal(0, 3, tensor.shape).astype(np.float32)
    return rng.integers(-128, 128, tensor.shape).astype(tensor.dtype)


SPATIAL = [
    *("CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "MAX_POOL_2D", "ADD", "MUL", "PRELU"),
    *("RELU", "CONCATENATION", "RESIZE_NEAREST_NEIGHBOR", "TRANSPOSE_CONV"),
]


@pytest.mark.parametrize("kind", SPATIAL)
def test_rows_that_are_not_read_change_nothing(kind):
    """Every row of every operand in turn: results change only where it is said to be read."""
    tried = 0
    # Some twenty cases of each operator are enough.
    for case in CASES[kind][:: 1 + len(CASES[kind]) // 20]:
        rows, found = unread_rows(case)
        tried += rows
        assert found == []
    assert tried > 10
