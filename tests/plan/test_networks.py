# SPDX-License-Identifier: Apache-2.0
"""Random networks: every plan is proved by the validator, and the C that follows it is right."""

from __future__ import annotations

import itertools

import pytest

from mcunet_tf.errors import UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.schedule.stage import lay_out_scratch
from mcunet_tf.tinyengine.validate import validate_plan
from tests.ops.case import Case
from tests.ops.programs import run_on_emulator, run_on_host
from tests.ops.test_compiled import check
from tests.plan.random_networks import (
    averaged_network,
    decoder_network,
    offset_network,
    random_network,
    streamed_network,
    tall_network,
)

# Kernels of each allow other overlaps.
BOARDS = ("portable", "qemu-m4", "qemu-m55", "qemu-m0plus")
AIMS = ("sram", "balanced", "speed")


TYPES = ("int16", "mixed")


def networks(first: int, count: int, dtype: str = "int8") -> list[Case]:
    """Networks by seed; a failure names the seed."""
    seeds = range(first, first + count)
    return [Case("NETWORK", f"{s}_{dtype}", random_network(s, dtype=dtype)) for s in seeds]


def rings_of(case: Case, board: str, optimize: str) -> tuple[int, int]:
    """Rings of a plan that is right, and those among them that lie in another one."""
    compiled = compile_tflite(case.model, board, name="m", optimize=optimize)
    validate_plan(compiled.graph, compiled.plan)
    rings = [item for stage in compiled.plan.stages for item in stage.rings.items()]
    return len(rings), sum(ring.tensor != tensor for tensor, ring in rings)


def assert_streamed(counts: list[tuple[int, int]]) -> None:
    """What streams nothing shows little."""
    rings, shared = map(sum, zip(*counts, strict=True))
    assert rings > len(counts) // 2
    assert shared > 0


def test_plans_are_valid():
    """Each network for another board, and with another aim."""
    settings = itertools.cycle(itertools.product(BOARDS, AIMS))
    assert_streamed([rings_of(case, *next(settings)) for case in networks(0, 24)])


@pytest.mark.parametrize("dtype", TYPES)
def test_plans_of_int16_are_valid(dtype):
    settings = itertools.cycle(itertools.product(BOARDS, AIMS))
    cases = networks(700, 12, dtype)
    assert sum(rings_of(case, *next(settings))[0] for case in cases) > len(cases) // 2


@pytest.mark.parametrize("dtype", TYPES)
def test_c_of_int16_follows_the_plan_on_this_machine(dtype):
    """Rows of values that take two bytes, some of them odd in number."""
    check(run_on_host(networks(720, 3, dtype), optimize="sram"))


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55"])
def test_c_of_int16_follows_the_plan_on_emulated_boards(board):
    cases = [case for dtype in TYPES for case in networks(740, 1, dtype)]
    check(run_on_emulator(cases, board, optimize="sram"))


@pytest.mark.slow
@pytest.mark.parametrize("optimize", AIMS)
@pytest.mark.parametrize("board", BOARDS)
def test_many_more_plans_are_valid(board, optimize):
    counts = [rings_of(case, board, optimize) for case in networks(0, 120)]
    # The fastest plans stream little, and portable kernels have no rows in place.
    if optimize != "speed" and board != "portable":
        assert_streamed(counts)


def less_sram_is_not_more(cases: list[Case]) -> None:
    for case in cases:
        arenas = [
            compile_tflite(case.model, name="m", optimize=optimize).arena_bytes for optimize in AIMS
        ]
        assert arenas == sorted(arenas), case


def test_less_sram_never_takes_more_than_more_speed():
    less_sram_is_not_more(networks(200, 5))


@pytest.mark.slow
def test_less_sram_never_takes_more_in_many_networks():
    less_sram_is_not_more(networks(200, 80))


@pytest.mark.parametrize("optimize", ["sram", "balanced"])
def test_c_follows_the_plan_on_this_machine(optimize):
    """Under the sanitizers; "sram" streams the most rows."""
    check(run_on_host(networks(300, 6), optimize=optimize))


@pytest.mark.parametrize("optimize", AIMS)
def test_constant_images_are_read_in_step(optimize):
    check(run_on_host([Case("NETWORK", "offset", offset_network())], optimize=optimize))


@pytest.mark.parametrize("stride", [2, 3])
@pytest.mark.parametrize("grow", ["TRANSPOSE_CONV", "RESIZE_NEAREST_NEIGHBOR"])
def test_images_grow_row_by_row(grow, stride):
    """Neither the larger image nor what it is joined to is ever there as a whole."""
    case = Case("NETWORK", f"{grow}_{stride}", decoder_network(grow, stride))
    ((job, outputs),) = run_on_host([case], optimize="sram")
    grown = [
        (stage.rings[node.output].rows, node.view.output.shape[1])
        for stage in job.compiled.plan.stages
        for node in stage.nodes
        if node.window.growth > 1 or node.op.kind == "CONCATENATION"
    ]
    assert len(grown) == 2 and all(rows < height for rows, height in grown)
    check([(job, outputs)])


def test_images_of_many_rows_compile():
    """Time goes by calls: a validator that looks at every row takes ten times as long here."""
    compiled = compile_tflite(tall_network(), "qemu-m4", name="m")
    assert compiled.plan.stages[0].nodes[0].height == 16_000
    assert sum(len(stage.events) for stage in compiled.plan.stages) > 10_000


def test_results_in_place_keep_their_own_height():
    """A window without padding makes fewer rows than the ring that it writes them into has seen."""
    compiled = compile_tflite(random_network(7), "qemu-m55", name="m", optimize="sram")
    graph, plan = compiled.graph, compiled.plan
    shorter = [
        tensor
        for stage in plan.stages
        for tensor, ring in stage.rings.items()
        if graph.tensors[tensor].rows[0] < graph.tensors[ring.tensor].rows[0]
    ]
    assert shorter
    for tensor, storage in plan.storage.items():
        assert (storage.height, storage.row_bytes) == graph.tensors[tensor].rows


def test_reductions_of_one_stage_keep_their_sums_apart():
    compiled = compile_tflite(averaged_network(), "host", name="m", optimize="sram")
    (stage,) = compiled.plan.stages
    mean, calls = stage.nodes[1], stage.calls[1]
    (first, second), shared = lay_out_scratch([mean, mean], [calls, calls], [False, False])
    assert first.size_bytes > 0
    assert shared <= first.start and first.start + first.size_bytes <= second.start


def pushed_networks(first: int, count: int, dtype: str = "int8") -> list[Case]:
    """Those that can take their input row by row."""
    pushed = []
    for case in networks(first, count, dtype):
        try:
            compile_tflite(case.model, name="m", input_mode="rows")
        except UnsupportedError:
            continue  # two inputs, or one that is read again later
        pushed.append(case)
    assert len(pushed) > count // 3
    return pushed


def test_c_follows_the_plan_where_rows_are_pushed():
    check(run_on_host(pushed_networks(400, 6), input_mode="rows", optimize="sram"))


def test_c_of_int16_follows_the_plan_where_rows_are_pushed():
    check(run_on_host(pushed_networks(760, 5, "int16"), input_mode="rows", optimize="sram"))


def test_nothing_is_left_to_do_after_the_last_row():
    """All layers run as rows come in: `finish` is empty, and does not warn of what it lacks."""
    case = Case("NETWORK", "streamed", streamed_network())
    ((job, outputs),) = run_on_host([case], input_mode="rows", optimize="sram")
    assert len(job.compiled.plan.stages) == 1
    check([(job, outputs)])


def test_rows_of_odd_length_leave_sums_at_whole_words():
    """The sanitizers of this machine report words at other addresses; many cores fault."""
    check(run_on_host([Case("NETWORK", "averaged", averaged_network())], optimize="sram"))


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55", "qemu-m0plus"])
def test_c_follows_the_plan_on_emulated_boards(board):
    check(run_on_emulator(networks(500, 2), board, optimize="sram"))


@pytest.mark.qemu
@pytest.mark.slow
@pytest.mark.parametrize("first", range(510, 600, 15))  # more at once do not fit
@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55", "qemu-m0plus"])
def test_many_more_networks_on_emulated_boards(board, first):
    check(run_on_emulator(networks(first, 15), board, optimize="sram"))


@pytest.mark.slow
def test_many_more_networks_where_rows_are_pushed():
    check(run_on_host(pushed_networks(410, 66), input_mode="rows", optimize="sram"))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(10_000, 10_600, 100))
def test_many_more_networks(first):
    check(run_on_host(networks(first, 100), optimize="sram"))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", TYPES)
def test_many_more_networks_of_int16(dtype):
    check(run_on_host(networks(11_000, 60, dtype), optimize="sram"))
