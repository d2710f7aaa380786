# SPDX-License-Identifier: Apache-2.0
"""The validator sees what it is for: plans that were right are spoiled, and it must say so."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator

import pytest

from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernel_tables.table import Style
from mcunet_tf.tinyengine.plan.offsets import Buffer
from mcunet_tf.tinyengine.plan.plan import Group, Plan, plan_stages
from mcunet_tf.tinyengine.validate import PlanError, _Proof, validate_plan
from tests.plan.counted import counted_calls
from tests.plan.random_networks import (
    averaged_network,
    depthwise_network,
    random_network,
    streamed_network,
)

NETWORKS = 16
Spoiled = Iterator[tuple[str, Graph, Plan]]


@functools.cache
def plans() -> tuple[tuple[int, Graph, Plan], ...]:
    """(seed, graph, plan) of networks that stream rows and share memory."""
    made = []
    for seed in range(NETWORKS):
        compiled = compile_tflite(random_network(seed), "qemu-m4", name="m", optimize="sram")
        made.append((seed, compiled.graph, compiled.plan))
    return tuple(made)


def moved(plan: Plan, tensor: int, **changes: int) -> Plan:
    """The plan with one tensor's storage changed."""
    storage = dataclasses.replace(plan.storage[tensor], **changes)
    return dataclasses.replace(plan, storage={**plan.storage, tensor: storage})


def sources(plan: Plan, node) -> list[int]:
    """The tensors in the arena whose memory an operator reads."""
    found = (plan.roots.get(t, t) for t in node.inputs if plan.in_arena(t))
    return list(dict.fromkeys(found))


def rings_one_row_short() -> Spoiled:
    for seed, graph, plan in plans():
        for stage in plan.stages:
            for tensor, ring in stage.rings.items():
                rows = plan.storage[tensor].rows
                if ring.tensor == tensor and rows > 1:
                    spoiled = moved(plan, tensor, rows=rows - 1)
                    yield f"seed {seed}, ring of tensor {tensor}", graph, spoiled


def rows_out_of_step() -> Spoiled:
    """A ring that lies in another operator's ring, shifted by a row."""
    for seed, graph, plan in plans():
        for stage in plan.stages:
            for tensor, ring in stage.rings.items():
                storage = plan.storage[tensor]
                if ring.tensor != tensor and storage.rows > 1:
                    shift = (storage.shift + 1) % storage.rows
                    yield f"seed {seed}, tensor {tensor}", graph, moved(plan, tensor, shift=shift)


def operands_on_top_of_each_other() -> Spoiled:
    for seed, graph, plan in plans():
        for node in (node for stage in plan.stages for node in stage.nodes):
            read = sources(plan, node)
            if len(read) > 1:
                spoiled = moved(plan, read[0], offset=plan.storage[read[1]].offset)
                yield f"seed {seed}, operands of '{node.op.name}'", graph, spoiled


def results_over_what_is_still_read() -> Spoiled:
    """Whole-tensor kernels promise nothing about the order in which they read and write."""
    for seed, graph, plan in plans():
        for node in (node for stage in plan.stages for node in stage.nodes):
            read = sources(plan, node)
            if node.kernel.style is Style.WHOLE and read and node.output in plan.storage:
                spoiled = moved(plan, node.output, offset=plan.storage[read[0]].offset)
                yield f"seed {seed}, result of '{node.op.name}'", graph, spoiled


def scratch_over_the_input() -> Spoiled:
    for seed, graph, plan in plans():
        for number, stage in enumerate(plan.stages):
            read = sources(plan, stage.nodes[0])
            if len(stage.nodes) == 1 and stage.scratch_bytes and read:
                spoiled = scratch_moved(plan, number, plan.storage[read[0]].offset)
                yield f"seed {seed}, scratch of stage {number}", graph, spoiled


def scratch_moved(plan: Plan, number: int, offset: int) -> Plan:
    """The plan with the scratch of one stage elsewhere."""
    offsets = list(plan.scratch_offsets)
    offsets[number] = offset
    return dataclasses.replace(plan, scratch_offsets=tuple(offsets))


def stages_with_scratch() -> Iterator[tuple[str, Graph, Plan, int]]:
    for seed, graph, plan in plans():
        for number, stage in enumerate(plan.stages):
            # Else there is but one row of padding, which may lie anywhere.
            if any(n.scratch_bytes(b) for n, b in zip(stage.nodes, stage.bands, strict=True)):
                yield f"seed {seed}, scratch of stage {number}", graph, plan, number


def scratch_over_the_result() -> Spoiled:
    for what, graph, plan, number in stages_with_scratch():
        stage = plan.stages[number]
        if len(stage.nodes) == 1:
            offset = plan.locate(graph, stage.nodes[0].output).offset
            yield what, graph, scratch_moved(plan, number, offset)


def scratch_between_words() -> Spoiled:
    """The first byte of words at an odd address, or at an even one that is no multiple of 4."""
    for what, graph, plan, number in stages_with_scratch():
        for step in (1, 2):
            offset = plan.scratch_offsets[number] - step
            if offset >= 0:
                yield what, graph, scratch_moved(plan, number, offset)


def scratch_beyond_the_arena() -> Spoiled:
    for what, graph, plan, number in stages_with_scratch():
        stage = plan.stages[number]
        if stage.shared_bytes in (0, stage.scratch_bytes):
            offset = plan.arena_bytes - stage.scratch_bytes + 4
            yield what, graph, scratch_moved(plan, number, max(offset, plan.arena_bytes))


def outputs_given_up_too_early() -> Spoiled:
    """The last stage's result on top of another output that the caller still wants."""
    for seed, graph, plan in plans():
        outputs = list(dict.fromkeys(plan.roots.get(t, t) for t in graph.outputs))
        if len(outputs) > 1:
            spoiled = moved(plan, outputs[0], offset=plan.storage[outputs[1]].offset)
            yield f"seed {seed}, outputs {outputs[:2]}", graph, spoiled


def tensors_beyond_the_arena() -> Spoiled:
    for seed, graph, plan in plans():
        for tensor, storage in plan.storage.items():
            offset = plan.arena_bytes - storage.size_bytes + 4
            yield f"seed {seed}, tensor {tensor}", graph, moved(plan, tensor, offset=offset)


@pytest.mark.parametrize(
    ("spoil", "least"),
    [
        (rings_one_row_short, 10),
        (rows_out_of_step, 1),
        (operands_on_top_of_each_other, 10),
        (results_over_what_is_still_read, 10),
        (scratch_over_the_input, 10),
        (scratch_over_the_result, 10),
        (scratch_between_words, 10),
        (scratch_beyond_the_arena, 10),
        (outputs_given_up_too_early, 1),
        (tensors_beyond_the_arena, 100),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
@pytest.mark.sampled(4)
def test_spoiled_plans_are_refused(spoil, least):
    """Every single one; `least` makes sure that there are enough of them to tell."""
    tried = 0
    for what, graph, plan in spoil():
        tried += 1
        with pytest.raises(PlanError):
            validate_plan(graph, plan)
            pytest.fail(f"{what}: not noticed")
    assert tried >= least


def test_sound_plans_are_accepted():
    for _, graph, plan in plans():
        validate_plan(graph, plan)


def test_every_byte_of_the_arena_is_needed():
    """Sixteen bytes less, which is the step of its size, and something lies outside."""
    for seed, graph, plan in plans():
        smaller = dataclasses.replace(plan, arena_bytes=plan.arena_bytes - 16)
        with pytest.raises(PlanError):
            validate_plan(graph, smaller)
            pytest.fail(f"seed {seed}: not noticed")


def with_sums_at(plan: Plan, start: int) -> Plan:
    """The plan of one stage whose last operator keeps its sums elsewhere in the scratch."""
    (stage,) = plan.stages
    scratch = (*stage.scratch[:-1], stage.scratch[-1]._replace(start=start))
    return dataclasses.replace(plan, stages=(dataclasses.replace(stage, scratch=scratch),))


def test_sums_behind_rows_of_padding_start_at_whole_words():
    """They lay three words and three bytes behind the start, where rows have 15 bytes."""
    compiled = compile_tflite(averaged_network(), "host", name="m", optimize="sram")
    (stage,) = compiled.plan.stages
    convolution, _ = stage.nodes
    assert convolution.pad_row_bytes == 15 and not stage.padded_in_ring[0]
    assert (compiled.plan.scratch_offsets[0] + stage.scratch[1].start) % 4 == 0
    with pytest.raises(PlanError, match="no multiple of 4"):
        validate_plan(compiled.graph, with_sums_at(compiled.plan, 15))


def test_sums_that_do_not_last_are_refused():
    """Sums in the scratch that every call may overwrite: the next row of padding would."""
    compiled = compile_tflite(averaged_network(), "host", name="m", optimize="sram")
    with pytest.raises(PlanError, match="overwritten"):
        validate_plan(compiled.graph, with_sums_at(compiled.plan, 0))


def with_room(plan: Plan, size_bytes: int) -> Plan:
    """The plan in an arena of so many bytes."""
    room = Buffer("room", size_bytes, 0, len(plan.stages), "scratch")
    return dataclasses.replace(
        plan,
        arena_bytes=size_bytes,
        buffers=(*plan.buffers, room),
        offsets=(*plan.offsets, 0),
    )


def test_chunks_keep_one_row_of_those_that_are_read_again():
    """Results exactly over their input are sound; one row further and a later chunk reads them."""
    compiled = compile_tflite(depthwise_network(), "qemu-m4", name="m")
    graph, roots = compiled.graph, compiled.plan.roots
    nodes = [node for stage in compiled.plan.stages for node in stage.nodes]
    plan = plan_stages(graph, roots, nodes, [Group(i, i + 1, 4) for i in range(len(nodes))])
    (node,), (calls,) = plan.stages[1].nodes, plan.stages[1].calls
    assert calls.chunk < node.height == calls.band
    source, result = plan.storage[node.inputs[0]], plan.storage[node.output]
    assert source.offset == result.offset
    validate_plan(graph, plan)
    larger = with_room(plan, 3 * plan.arena_bytes)
    lifted = moved(larger, node.output, offset=result.offset + result.row_bytes)
    with pytest.raises(PlanError, match="over row"):
        validate_plan(graph, scratch_moved(lifted, 1, 2 * plan.arena_bytes))


@pytest.mark.parametrize("spoiled", ["overwritten", "multiple of 4", "outside"])
def test_row_counters_that_do_not_last_are_refused(spoiled):
    """The application pushes rows: what was done must outlive each call."""
    model = streamed_network()
    compiled = compile_tflite(model, name="m", optimize="sram", input_mode="rows")
    plan = compiled.plan
    first_row = plan.locate(compiled.graph, compiled.graph.inputs[0]).offset
    places = {
        "overwritten": first_row,
        "multiple of 4": plan.state_offset + 2,
        "outside": plan.arena_bytes,
    }
    with pytest.raises(PlanError, match=f"row counters.*{spoiled}"):
        validate_plan(compiled.graph, dataclasses.replace(plan, state_offset=places[spoiled]))


def test_a_tensor_in_two_memories_is_refused():
    compiled = compile_tflite(streamed_network(), name="m", optimize="speed")
    storage = compiled.plan.locate(compiled.graph, compiled.graph.inputs[0])
    border = storage.offset + storage.size_bytes // 2
    regions = (border, compiled.plan.arena_bytes - border)
    with pytest.raises(PlanError, match="two memories"):
        validate_plan(compiled.graph, dataclasses.replace(compiled.plan, region_bytes=regions))


def test_what_is_apart_is_told_apart_without_a_look_at_its_rows():
    """Of all pairs of rows and scratch, only those that share bytes and time are looked into."""
    for _, graph, plan in plans():
        with counted_calls(_Proof, "check_area", "check_pair") as calls:
            validate_plan(graph, plan)
        assert calls.total() <= 3 * len(graph.ops)
