# SPDX-License-Identifier: Apache-2.0
"""A board's plan on this computer: it is that plan, outputs are exact, and faults in it show."""

import dataclasses
import re

import numpy as np
import pytest

from mcunet_tf.boards import load_board
from mcunet_tf.check.host import run_on_host
from mcunet_tf.check.tensors import decode_outputs, encode_inputs
from mcunet_tf.check.twin import host_twin
from mcunet_tf.check.verify import verify_on_host
from mcunet_tf.errors import McunetError, VerificationError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.kernel_tables import KERNELS
from tests.ops.case import Case, case_inputs
from tests.plan.random_networks import depthwise_network, random_network, streamed_network

BOARDS = ("qemu-m4", "qemu-m55")
STREAMED = streamed_network()


def exact(compiled, model):
    """Whether the twin gives what the graph gives."""
    inputs = case_inputs(Case("NETWORK", "twin", model), compiled.graph, 2)
    twin = host_twin(compiled).compiled
    data = [encode_inputs(twin, arrays) for arrays in inputs]
    # A fault may write anywhere: the sanitizers end it where it is not merely wrong.
    runs = run_on_host(twin, load_board("host"), data, sanitize=True)
    return all(
        np.array_equal(got, wanted)
        for run, arrays in zip(runs, inputs, strict=True)
        for got, wanted in zip(
            decode_outputs(twin, run.outputs), evaluate(compiled.graph, arrays), strict=True
        )
    )


def layout(compiled):
    """What the emitted C says of the plan: memory, order, pulls and bands; kernels left out."""
    text = compiled.files[f"{compiled.name}.c"]
    kept = r"^static const struct tensor_rows .*|_until\(.*|^ *const int32_t rows = .*|arenas\[.*"
    header = compiled.files[f"{compiled.name}.h"]
    return re.findall(kept, text, re.MULTILINE), re.findall(r"^#define .*", header, re.MULTILINE)


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("optimize", ["sram", "balanced", "speed"])
def test_the_twin_has_the_boards_plan(board, optimize):
    compiled = compile_tflite(STREAMED, board, name="net", optimize=optimize)
    twin = host_twin(compiled)
    assert twin.kernels > 0
    lines, macros = layout(compiled)
    assert len(lines) >= 8 and len(macros) > 5
    assert layout(twin.compiled) == (lines, macros)
    assert "_dsp" not in twin.compiled.files["net.c"] and "_mve" not in twin.compiled.files["net.c"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.sampled(3)
def test_twins_of_random_networks_are_exact(board, seed):
    model = random_network(seed)
    assert exact(compile_tflite(model, board, name="net", optimize="sram"), model)


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize(
    "options",
    [{"input_mode": "rows"}, {"sram_budget_bytes": 60000}, {"region_bytes": [2048, 60000]}],
    ids=lambda options: next(iter(options)),
)
@pytest.mark.sampled(2)
def test_twins_keep_every_option(board, options):
    assert exact(compile_tflite(STREAMED, board, name="net", **options), STREAMED)


def test_a_depthwise_layer_in_place_is_exact():
    """The board's kernel writes over its input; the portable one could not."""
    model = depthwise_network()
    compiled = compile_tflite(model, "qemu-m4", name="net", optimize="sram")
    assert exact(compiled, model)


def test_a_project_for_any_core_needs_no_twin():
    compiled = compile_tflite(STREAMED, "portable", name="net")
    twin = host_twin(compiled)
    assert twin.kernels == 0
    assert twin.compiled.files["net.c"] == compiled.files["net.c"]


def moved(compiled, change):
    """The same project under a plan with one number changed."""
    return dataclasses.replace(compiled, plan=change(compiled.plan))


def shift_tensor(plan, tensor):
    store = plan.storage[tensor]
    wrong = dataclasses.replace(store, offset=max(store.offset - store.row_bytes, 0))
    return dataclasses.replace(plan, storage={**plan.storage, tensor: wrong})


def test_a_tensor_in_a_wrong_place_is_seen():
    """Every tensor of a small arena has a neighbour: most shifts by a row hit something alive."""
    compiled = compile_tflite(STREAMED, "qemu-m4", name="net", optimize="sram")
    tensors = [t for t, s in compiled.plan.storage.items() if s.offset >= s.row_bytes]
    seen = 0
    for tensor in tensors[:6]:
        wrong = moved(compiled, lambda plan, tensor=tensor: shift_tensor(plan, tensor))
        try:
            seen += not exact(wrong, STREAMED)
        except McunetError:
            seen += 1
    assert seen > 0


def test_scratch_over_an_input_is_seen():
    """The portable kernels need none, but what the board's may overwrite is overwritten."""
    compiled = compile_tflite(STREAMED, "qemu-m4", name="net")
    stage = next(i for i, stage in enumerate(compiled.plan.stages) if stage.scratch_bytes)
    read = (t for node in compiled.plan.stages[stage].nodes for t in node.inputs)
    first = next(compiled.plan.storage[t] for t in read if t in compiled.plan.storage)
    assert exact(compiled, STREAMED)
    offsets = list(compiled.plan.scratch_offsets)
    offsets[stage] = first.offset
    wrong = moved(compiled, lambda p: dataclasses.replace(p, scratch_offsets=tuple(offsets)))
    assert not exact(wrong, STREAMED)


def test_a_wrong_constant_is_seen():
    compiled = compile_tflite(STREAMED, "qemu-m4", name="net")
    twin = host_twin(compiled).compiled
    assert verify_on_host(twin, STREAMED, 2, seed=0).inputs == 2
    head, brace, rest = twin.files["net_weights.c"].partition("= {\n    ")
    first, comma, rest = rest.partition(",")
    wrong = int(first) + (60 if int(first) < 0 else -60)
    files = {**twin.files, "net_weights.c": f"{head}{brace}{wrong}{comma}{rest}"}
    with pytest.raises(VerificationError, match="differ for input 0; at"):
        verify_on_host(dataclasses.replace(twin, files=files), STREAMED, 2, seed=0)


def test_every_kernel_of_a_board_has_one_that_stands_for_it():
    """A row without a portable one of its calling style would make --verify refuse its models."""
    for kind, table in KERNELS.items():
        portable = {stands(kernel) for kernel in table if kernel.isa == "portable"}
        for kernel in table:
            assert stands(kernel) in portable, (kind, kernel.name)


def stands(kernel):
    return kernel.style, kernel.data_inputs, kernel.streamed_inputs
