# SPDX-License-Identifier: Apache-2.0
"""Compares whole networks with the oracle, and finds the layer where a difference begins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mcunet_tf.errors import McunetError, is_installed
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.passes import run_passes
from mcunet_tf.tinyengine.read_tflite import read_tflite
from tests.ops.case import Arrays, Case
from tests.ops.oracle import assert_equal, reference_outputs
from tests.ops.programs import Job, run_on_host
from tests.tinyengine.damage import read_net

# Networks of which TF-Lite Micro, the only oracle from Python 3.12 on, is none, and why.
MICRO_IS_NO_ORACLE = {
    "activations": "its RELU6 clamps at the quantised 0 and 6 but does not rescale",
    "curves": "it has no SELECT",
    "mask": "its ARG_MAX gives int32 only",
    "upsampling_by_tile": "it has no TILE",
}


def oracle_outputs(case: Case, inputs: Sequence[Arrays]) -> list[Arrays]:
    """What the oracle says, or our numpy where TF-Lite Micro is the only one and none.

    Our numpy is held against tflite-runtime operator by operator on the Pythons that have it.
    """
    # TF-Lite Micro computes no shapes, as files of an open batch do.
    none = case.name in MICRO_IS_NO_ORACLE or case.name.endswith("_open_batch")
    if none and not is_installed("tflite_runtime"):
        graph = run_passes(read_tflite(case.model), edges="model")
        return [tuple(evaluate(graph, arrays)) for arrays in inputs]
    return reference_outputs(case.model, inputs)


def check_against_oracle(results: Sequence[tuple[Job, list[Arrays]]]) -> None:
    """All outputs of all networks are the oracle's; a failure names the first layer that differs.

    Args:
        results: of `run_on_host` or `run_on_emulator`.
    """
    for job, outputs in results:
        wanted = oracle_outputs(job.case, job.inputs)
        try:
            assert_equal(outputs, wanted, job.inputs)
        except pytest.fail.Exception as failure:
            pytest.fail(f"{job.case}: {failure}; {first_difference(job.case.model, job.inputs)}")


def first_difference(model: bytes, inputs: Sequence[Arrays]) -> str:
    """Says where numpy leaves the oracle, or else where C leaves numpy.

    The network is cut behind each operator in turn. A shorter network has another memory plan, so
    a difference in C that comes from the plan may not show.
    """
    net, net_inputs, _ = read_net(model)
    for op in net.ops:
        cut = net.build(net_inputs, op.outputs[:1])
        try:
            graph = run_passes(read_tflite(cut), edges="model")
        except McunetError:
            continue  # the output is a shape, or a constant
        numpy_outputs = [evaluate(graph, arrays) for arrays in inputs]
        layer = f"{op.kind} '{net.tensors[op.outputs[0]].name}'"
        if _differ(numpy_outputs, reference_outputs(cut, inputs)):
            return f"numpy leaves the oracle at {layer}"
        ((job, c_outputs),) = run_on_host([Case(op.kind, "cut", cut)])
        if _differ(c_outputs, [evaluate(graph, arrays) for arrays in job.inputs]):
            return f"C leaves numpy at {layer}"
    return "no layer differs when the network ends behind it: look at the memory plan"


def _differ(left: Sequence[Arrays], right: Sequence[Arrays]) -> bool:
    return any(
        not np.array_equal(np.asarray(a).reshape(-1), np.asarray(b).reshape(-1))
        for x, y in zip(left, right, strict=True)
        for a, b in zip(x, y, strict=True)
    )
