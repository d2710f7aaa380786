# SPDX-License-Identifier: Apache-2.0
"""The cost of a candidate is the cost of the compiled model."""

import shutil

import numpy as np
import pytest

from mcunet_tf.boards import load_board
from mcunet_tf.tinyengine import compile_tflite, query
from mcunet_tf.tinyengine.plan.grouping import plan_model
from mcunet_tf.tinyengine.query import chosen_nodes
from mcunet_tf.tinyengine.validate import validate_plan
from mcunet_tf.tinynas.cost import (
    Budget,
    candidate_cost,
    keeps,
    layer_by_layer_bytes,
    pieces,
    streamed_bytes,
)
from mcunet_tf.tinynas.lower import lowered
from mcunet_tf.tinynas.space import FUSED_SMALL_IMAGES, make_space
from tests.tinynas.emitted import object_bytes
from tests.tinynas.networks import quantised

CLASSES = 10
SAMPLES = (
    ((28, 28, 1), 0.6, 0.3),
    ((32, 32, 3), 1.0, 0.5),
    ((49, 10, 1), 1.0, 0.4),
    # Its first block adds the stem's RELU6 to a linear result.
    ((40, 10, 1), 0.6, 0.2),
)


def agree(image_shape, resolution, width, seed, boards, instructions=1e-5):
    """Instructions are those of the same kernels, up to the report's rounding layer by layer."""
    space = make_space(image_shape, resolution, width)
    arch = space.arch(space.sample(np.random.default_rng(seed)))
    model = quantised(arch, CLASSES, seed)
    for name in boards:
        compiled = compile_tflite(model, name)
        cost = candidate_cost(arch, CLASSES, load_board(name))
        assert cost.sram_bytes == compiled.arena_bytes
        assert cost.macs == compiled.macs
        if compiled.report.instructions is not None:
            predicted = pytest.approx(compiled.report.instructions, rel=instructions)
            assert cost.instructions == predicted
        weights = compiled.report.weights_bytes
        assert cost.weights_bytes == pytest.approx(weights, rel=0.01)
        assert 0 <= cost.flash_bytes - weights < 40_000
    return arch


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: "x".join(map(str, s[0])))
@pytest.mark.sampled(3)
def test_predicted_sram_is_the_compiled_models(sample):
    agree(*sample, seed=3, boards=("qemu-m4", "host"))


@pytest.mark.slow
def test_predicted_sram_is_the_compiled_models_200_times():
    rng = np.random.default_rng(7)
    for seed in range(200):
        shape = SAMPLES[seed % len(SAMPLES)][0]
        resolution, width = rng.uniform(0.4, 1.0), rng.uniform(0.2, 1.0)
        # The scales of one ADD in a hundred have ties that only the general row rounds right.
        agree(shape, resolution, width, seed, ("qemu-m4",), instructions=0.1)


@pytest.mark.parametrize("resolution", [0.55, 0.6, 0.9])
@pytest.mark.sampled(2)
def test_plans_of_candidates_whose_stem_is_added_are_valid(resolution):
    """The stem's rows are read by a depthwise layer, and by the ADD behind it."""
    board = load_board("qemu-m4")
    space = make_space((28, 28, 1), resolution, 0.24)
    assert space.arch(space.smallest()).blocks[0].residual
    for seed in range(4):
        arch = space.arch(space.sample(np.random.default_rng(seed)))
        candidate = lowered(arch, CLASSES)
        nodes = chosen_nodes(candidate, board)
        plan = plan_model(candidate.graph, {}, nodes, weighed_as=board.core.schedules_weighed_as)
        validate_plan(candidate.graph, plan)


def test_what_is_said_to_fit_has_a_plan_that_fits():
    """Budgets around the least arena, where the quick answer and the plan have to look hard."""
    board, rng = load_board("qemu-m4"), np.random.default_rng(2)
    space = make_space((32, 32, 3), 1.0, 0.3)
    answers = set()
    for _ in range(4):
        arch = space.arch(space.sample(rng))
        for share in (0.6, 0.7, 0.8, 0.9):
            sram_bytes = int(share * streamed_bytes(arch, CLASSES, board))
            fits = keeps(arch, CLASSES, board, Budget(sram_bytes))
            planned = candidate_cost(arch, CLASSES, board, sram_bytes).sram_bytes
            assert fits == (planned <= sram_bytes), (arch, sram_bytes)
            answers.add(fits)
    assert answers == {True, False}


@pytest.mark.parametrize("name", ["qemu-m4", "qemu-m55"])
def test_what_is_said_to_fit_the_flash_is_what_its_plan_takes(name):
    """Loops take code too, and a plan may choose kernels that are larger than the best alone."""
    board, sram_bytes, beyond = load_board(name), 32 * 1024, 0
    space = make_space((32, 32, 3), 1.0, 0.5, FUSED_SMALL_IMAGES)
    for seed in (0, 1, 3):
        arch = space.arch(space.sample(np.random.default_rng(seed)))
        flash_bytes = candidate_cost(arch, CLASSES, board, sram_bytes).flash_bytes
        alone = query.flash_bytes_alone(pieces(arch, CLASSES), board)
        beyond += flash_bytes > alone
        assert not keeps(arch, CLASSES, board, Budget(sram_bytes, int(flash_bytes) - 1))
        roomy = max(flash_bytes, alone) + 1
        assert keeps(arch, CLASSES, board, Budget(sram_bytes, int(roomy)))
    assert beyond


@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no cross compiler")
def test_predicted_flash_is_that_of_the_objects():
    board = load_board("qemu-m4")
    space = make_space((32, 32, 3), 1.0, 0.4)
    arch = space.arch(space.sample(np.random.default_rng(5)))
    _, sizes = object_bytes(arch, CLASSES, board)
    # 2 % of the whole; kernels that are being worked on may have moved by a little.
    predicted = candidate_cost(arch, CLASSES, board).flash_bytes
    assert predicted == pytest.approx(sum(sizes.values()), rel=0.02)


def test_layer_by_layer_counts_whole_tensors():
    space = make_space((32, 32, 3), 1.0, 0.5)
    arch = space.arch(space.smallest())
    first = 32 * 32 * (3 + 16)
    assert layer_by_layer_bytes(arch, CLASSES) >= first
    cost = candidate_cost(arch, CLASSES, load_board("qemu-m4"))
    assert cost.sram_bytes < layer_by_layer_bytes(arch, CLASSES)


def test_a_boards_budget_leaves_room_for_the_stack():
    board = load_board("stm32f746")
    budget = Budget.of_board(board)
    assert budget.sram_bytes == 320 * 1024 - board.stack_reserve_bytes
    assert budget.flash_bytes == 1 << 20
    assert Budget.of_board(load_board("host")) == Budget()
