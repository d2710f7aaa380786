# SPDX-License-Identifier: Apache-2.0
"""Compiled C gives what `evaluate` says for every case: on this machine and on emulated boards."""

from __future__ import annotations

import pytest

from mcunet_tf.tinyengine.evaluate import evaluate_series
from tests.ops import (
    detection_cases,
    float_cases,
    index_cases,
    mask_cases,
    signal_cases,
    table_cases,
)
from tests.ops.all_cases import CASES
from tests.ops.oracle import assert_equal
from tests.ops.programs import run_on_emulator, run_on_host

# Several operators share a build; each group is one program.
GROUPS = {
    "dense": ("CONV_2D", "FULLY_CONNECTED", "BATCH_MATMUL"),
    "decoder": ("TRANSPOSE_CONV",),
    "dilated": ("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"),
    "recurrent": ("UNIDIRECTIONAL_SEQUENCE_LSTM", "SVDF"),
    "depthwise": ("DEPTHWISE_CONV_2D",),
    "pairs": ("ADD", "SUB", "MUL", "SQUARED_DIFFERENCE", "MAXIMUM", "MINIMUM", "PRELU"),
    "values": (
        "AVERAGE_POOL_2D",
        "MAX_POOL_2D",
        "MEAN",
        "SUM",
        "REDUCE_MAX",
    ),
    "scores": ("ARG_MAX", "ARG_MIN", "SOFTMAX", "L2_NORMALIZATION"),
    "bytes": (
        *("RELU", "RELU6", "LOGISTIC", "HARD_SWISH", "LEAKY_RELU", "TANH"),
        *("ABS", "RSQRT", "EXP", "LOG", "ELU", "GELU", "QUANTIZE", "DEQUANTIZE"),
        *table_cases.FLOAT32,
        *table_cases.COMPARISONS,
    ),
    "layout": (
        "PAD",
        "PADV2",
        "CONCATENATION",
        "RESIZE_NEAREST_NEIGHBOR",
        "RESIZE_BILINEAR",
        "GATHER",
        "MIRROR_PAD",
        "RESHAPE",
        "SQUEEZE",
        "EXPAND_DIMS",
    ),
    "strided": (
        *("TRANSPOSE", "REVERSE_V2", "SLICE", "STRIDED_SLICE", "TILE", "BROADCAST_TO"),
        *("SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "SPLIT", "SPLIT_V", "UNPACK", "PACK"),
    ),
}
_GROUPED = frozenset(op for group in GROUPS.values() for op in group)
GROUPS["masks"] = tuple(op for op in mask_cases.MASKS if op not in _GROUPED)
GROUPS["indices"] = tuple(op for op in index_cases.INDICES if op not in _GROUPED)
GROUPS["detections"] = tuple(detection_cases.CASES)
GROUPS["floats"] = tuple(
    op for op in float_cases.FLOATS if op not in (*_GROUPED, *index_cases.INDICES)
)
GROUPS["signals"] = tuple(signal_cases.SIGNALS)
# Operators that have other than portable rows, or may get them.
FAST_GROUPS = (
    "dense",
    "decoder",
    "dilated",
    "recurrent",
    "depthwise",
    "pairs",
    "values",
    "signals",
)
SCALAR_GROUPS = ("dense", "depthwise", "pairs", "values")


def check(results) -> None:
    """Every case; the message of a failure names it and the kernels it ran."""
    for job, outputs in results:
        wanted = list(evaluate_series(job.compiled.graph, job.inputs))
        try:
            assert_equal(outputs, wanted, job.inputs)
        except pytest.fail.Exception as failure:
            kernels = [layer.kernel for layer in job.compiled.report.layers]
            pytest.fail(f"{job.case} with {', '.join(kernels)}: {failure}")


def cases_of(group: str, every: int = 1):
    """The cases of a group's operators: all, or the first of so many of each operator."""
    return [case for op in GROUPS[group] for case in CASES[op][::every]]


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.sampled(24)
def test_on_this_machine_under_sanitizers(group):
    check(run_on_host(cases_of(group)))


@pytest.mark.parametrize("group", FAST_GROUPS)
@pytest.mark.sampled(4)
def test_rows_of_this_machine_under_sanitizers(group):
    check(run_on_host(cases_of(group), "host"))


@pytest.mark.qemu
@pytest.mark.parametrize(
    ("board", "group"),
    [
        *((board, group) for board in ("qemu-m4", "qemu-m55") for group in FAST_GROUPS),
        # What these have kernels of their own for.
        *(
            (board, group)
            for board in ("qemu-m0plus", "qemu-rv32", "qemu-rv32v")
            for group in SCALAR_GROUPS
        ),
    ],
)
@pytest.mark.sampled(16)
def test_on_cores_with_rows_of_their_own(board, group):
    check(run_on_emulator(cases_of(group, 3), board))


@pytest.mark.qemu
@pytest.mark.slow
@pytest.mark.parametrize(
    "board",
    ["qemu-m4", "qemu-m55", "qemu-m0plus", "qemu-rv32", "qemu-rv32v", "qemu-m7", "qemu-m3"],
)
@pytest.mark.parametrize("group", GROUPS)
def test_all_cases_on_every_core(board, group):
    check(run_on_emulator(cases_of(group), board))


def test_every_operator_is_in_a_group():
    assert sorted(op for group in GROUPS.values() for op in group) == sorted(CASES)
