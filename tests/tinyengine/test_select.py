# SPDX-License-Identifier: Apache-2.0
"""The choice of kernels: the best there is, within its budget, and as exact as any other."""

from __future__ import annotations

import dataclasses
import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcunet_tf.benchmark.runner import run_on_board
from mcunet_tf.boards import load_board
from mcunet_tf.check.reference import Reference, random_inputs
from mcunet_tf.errors import BudgetError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.compiler import CompiledModel, read_graph
from mcunet_tf.tinyengine.cost import cost_model
from mcunet_tf.tinyengine.cost.call_counts import whole_calls
from mcunet_tf.tinyengine.cost.kernel_sets import (
    MAX_KERNELS,
    KernelChoice,
    Selection,
    cheapest_kernels,
    fastest_kernels,
)
from mcunet_tf.tinyengine.kernel_tables import KERNELS
from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.select import select_kernel, select_kernels, usable_kernels
from tests.benchmark.small_net import small_net

# The budget is kept before stages are known; how operators are fed then costs or saves a little.
STAGES_BYTES = 128


def kernel(name: str) -> Kernel:
    """A kernel that is never called."""
    return Kernel(name, "none", "portable", Style.WHOLE, lambda _: Struct("struct none", {}))


# Sets of kernels against all there are


@dataclasses.dataclass(frozen=True)
class Problem:
    """Operators and the kernels that take them; integers, so that sums are exact."""

    choices: list[KernelChoice]
    code_bytes: dict[str, int]


@st.composite
def problems(draw: st.DrawFn, *, own_constants: bool) -> Problem:
    """Up to four operators and six kernels; constants of the operator alone, or of each kernel too.

    Operators draw from either half of the kernels, which makes independent groups, or from all.
    """
    pool = [kernel(f"kernel{index}") for index in range(6)]
    parts = (pool[:3], pool[3:]) if draw(st.booleans()) else (pool,)
    choices = []
    for _ in range(draw(st.integers(1, 4))):
        part = st.sampled_from(draw(st.sampled_from(parts)))
        kernels = draw(st.lists(part, min_size=1, max_size=4, unique_by=lambda r: r.name))
        times = draw(st.lists(st.integers(1, 40), min_size=len(kernels), max_size=len(kernels)))
        if own_constants:
            sizes = draw(st.lists(st.integers(0, 20), min_size=len(kernels), max_size=len(kernels)))
        else:
            sizes = [draw(st.integers(0, 20))] * len(kernels)
        choices.append(KernelChoice(tuple(kernels), tuple(map(float, times)), tuple(sizes)))
    code = {kernel.name: draw(st.integers(0, 30)) for kernel in pool}
    return Problem(choices, code)


def every_selection(problem: Problem) -> list[Selection]:
    """All ways to give each operator one of its kernels."""
    counts = [range(len(choice.kernels)) for choice in problem.choices]
    return [taken(problem, picked) for picked in itertools.product(*counts)]


def taken(problem: Problem, picked: tuple[int, ...]) -> Selection:
    """What a selection takes, from scratch."""
    pairs = list(zip(problem.choices, picked, strict=True))
    kernels = {index: choice.kernels[at] for index, (choice, at) in enumerate(pairs)}
    flash = sum(problem.code_bytes[name] for name in {kernel.name for kernel in kernels.values()})
    flash += sum(choice.constant_bytes[at] for choice, at in pairs)
    return Selection(flash, sum(choice.times[at] for choice, at in pairs), kernels)


def check_figures(problem: Problem, selection: Selection) -> None:
    """The selection gives every operator one of its kernels, and takes what it says."""
    picked = tuple(
        choice.kernels.index(selection.kernels[index])
        for index, choice in enumerate(problem.choices)
    )
    again = taken(problem, picked)
    assert (selection.flash_bytes, selection.time) == (
        again.flash_bytes,
        again.time,
    )


@settings(max_examples=100)
@given(problems(own_constants=False), st.sampled_from([0.0, 0.25, 1.0, 3.5]))
def test_no_selection_is_cheaper(problem, price):
    constants = sum(choice.constant_bytes[0] for choice in problem.choices)

    def total(selection: Selection) -> float:
        return selection.time + price * (selection.flash_bytes - constants)

    chosen = cheapest_kernels(problem.choices, problem.code_bytes, price)
    check_figures(problem, chosen)
    assert total(chosen) == min(map(total, every_selection(problem)))


@settings(max_examples=300)
@given(problems(own_constants=False))
def test_every_budget_gets_the_fastest_that_fits(problem):
    """The front is that of all selections, for constants that do not depend on the kernel."""
    found = fastest_kernels(problem.choices, problem.code_bytes)
    best: list[tuple[float, float]] = []
    for option in sorted((s.time, s.flash_bytes) for s in every_selection(problem)):
        if not best or option[1] < best[-1][1]:
            best.append(option)
    assert [(s.time, s.flash_bytes) for s in found] == best
    for selection in found:
        check_figures(problem, selection)


@settings(max_examples=100)
@given(problems(own_constants=True))
def test_the_front_starts_at_the_fastest_and_falls(problem):
    found = fastest_kernels(problem.choices, problem.code_bytes)
    fastest = min(s.time for s in every_selection(problem))
    assert found[0].time == fastest
    for faster, smaller in itertools.pairwise(found):
        assert faster.time < smaller.time
        assert faster.flash_bytes > smaller.flash_bytes
    for selection in found:
        check_figures(problem, selection)


def test_too_many_rows_to_weigh_all_sets():
    """Beyond the limit the kernels that are the fastest or smallest somewhere are weighed first."""
    shared = kernel("shared")
    kernels = [kernel(f"own{index}") for index in range(MAX_KERNELS + 2)]
    first = KernelChoice(
        (shared, *kernels), (9.0, *[5.0 + i for i in range(len(kernels))]), (0,) * 19
    )
    second = KernelChoice((shared, kernels[-1]), (2.0, 3.0), (0, 0))
    code = {"shared": 100} | {kernel.name: 10 for kernel in kernels}
    (selection, *_) = fastest_kernels([first, second], code)
    assert [selection.kernels[i].name for i in range(2)] == ["own0", "shared"]
    assert (selection.time, selection.flash_bytes) == (7.0, 110.0)


def test_the_smallest_rows_are_weighed_however_many_there_are():
    kernels = [kernel(f"own{index}") for index in range(MAX_KERNELS + 2)]
    times = tuple(float(i) for i in range(len(kernels)))
    choice = KernelChoice(tuple(kernels), times, (0,) * len(kernels))
    code = {it.name: 100 - index for index, it in enumerate(kernels)}
    found = fastest_kernels([choice], code)
    assert found[0].kernels[0].name == "own0"
    assert found[-1].kernels[0].name == kernels[-1].name


# The kernels of a real model


@pytest.mark.parametrize("name", ["qemu-m4", "qemu-m55", "host"])
def test_usable_rows_run_on_the_board_and_take_the_operator(name):
    board, graph = load_board(name), read_graph(small_net())
    for op in graph.ops:
        if op.kind == "RESHAPE":
            continue
        seen = view(graph, op)
        kernels = usable_kernels(seen, board.isa)
        order = [KERNELS[op.kind].index(kernel) for kernel in kernels]
        assert order == sorted(order)
        assert [kernel.isa == "portable" for kernel in kernels] == [False] * (len(kernels) - 1) + [
            True
        ]
        assert all(kernel.rejects(seen) is None for kernel in kernels)
        assert {kernel.isa for kernel in kernels} <= {"portable", *board.isa}
        assert select_kernel(graph, op, board.isa) in kernels


def test_rows_that_nobody_measured_keep_their_place():
    board, graph = load_board("qemu-m4"), read_graph(small_net())
    ops = [op for op in graph.ops if op.kind != "RESHAPE"]
    model = cost_model(board.core.cost_model)
    assert model is not None
    first = [select_kernel(graph, op, board.isa) for op in ops]
    nothing = dataclasses.replace(model, kernels={})
    assert select_kernels(graph, ops, board.isa, nothing) == first
    assert select_kernels(graph, ops, board.isa, None) == first
    with pytest.raises(BudgetError, match=r"the size of kernel \w+ is not known"):
        select_kernels(graph, ops, board.isa, nothing, 10**6)


# A budget


def compiled_within(budget_bytes: int | None, board: str) -> CompiledModel:
    return compile_tflite(small_net(), board, name="m", flash_budget_bytes=budget_bytes)


def flash_bytes(compiled: CompiledModel) -> int:
    code = compiled.report.code_bytes
    assert code is not None
    return code + compiled.report.weights_bytes


def least_bytes(board: str) -> int:
    """What the error of an impossible budget names."""
    with pytest.raises(BudgetError) as told:
        compiled_within(1, board)
    found = re.search(r"take ([\d,]+) B of flash at the least, over .* of 1 B: ", str(told.value))
    assert found, told.value
    return int(found.group(1).replace(",", ""))


@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55"])
def test_a_tighter_budget_is_slower_and_kept(board):
    least, most = least_bytes(board), flash_bytes(compiled_within(10**7, board))
    assert least < most
    models = []
    budgets = np.linspace(most, least, 6).astype(int).tolist()
    for budget in budgets:
        models.append(compiled_within(budget, board))
        assert flash_bytes(models[-1]) <= budget + STAGES_BYTES
    for loose, tight in itertools.pairwise(models):
        assert kernel_time(tight) >= kernel_time(loose)
    assert kernel_time(models[-1]) > 2 * kernel_time(models[0])
    assert flash_bytes(models[-1]) < flash_bytes(models[0])


def kernel_time(compiled: CompiledModel) -> float:
    """What the kernels take on whole layers: the figure by which the budget is filled."""
    model = cost_model(load_board(compiled.report.board).core.cost_model)
    assert model is not None
    total = 0.0
    for node in (node for stage in compiled.plan.stages for node in stage.nodes):
        cost = model.kernel(node.kernel, node.view, whole_calls(node))
        assert cost is not None
        total += model.time(cost)
    return total


@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55"])
def test_the_least_that_an_error_names_is_enough_and_needed(board):
    least = least_bytes(board)
    compiled_within(least, board)
    with pytest.raises(BudgetError, match="raise it or use a smaller model"):
        compiled_within(least - 1, board)


def test_a_budget_needs_measured_kernels():
    with pytest.raises(BudgetError, match="name a Cortex-M board"):
        compiled_within(10**6, "host")


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55"])
@pytest.mark.sampled(2)
def test_the_smallest_rows_compute_the_same(board):
    """Exact on the board, slower there too, and smaller as linked."""
    data = small_net()
    reference = Reference(data)
    inputs = random_inputs(reference, 3, seed=7)
    wanted = reference.run(inputs)
    runs = []
    for budget in (None, least_bytes(board)):
        run = run_on_board(compiled_within(budget, board), board, inputs)
        for got, expected in zip(run.outputs, wanted, strict=True):
            for a, b in zip(got, expected, strict=True):
                np.testing.assert_array_equal(a.reshape(b.shape), b)
        runs.append(run)
    fast, small = runs
    assert small.instructions[0] > 2 * fast.instructions[0]
    sizes = [run.sizes.code_bytes + run.sizes.weights_bytes for run in runs]
    assert sizes[1] < sizes[0]
