# SPDX-License-Identifier: Apache-2.0
"""Compares compiled C, built for this machine, with the reference kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mcunet_tf.boards import load_board
from mcunet_tf.check.edges import inputs_for, outputs_from
from mcunet_tf.check.host import run_on_host
from mcunet_tf.check.reference import Reference, random_inputs
from mcunet_tf.check.tensors import decode_outputs, encode_inputs
from mcunet_tf.errors import VerificationError


@dataclass(frozen=True)
class Verification:
    """How many inputs and output values were compared, all of them equal."""

    inputs: int
    values: int
    reference: str

    def __str__(self) -> str:
        return f"{self.values} output values of {self.inputs} inputs equal {self.reference}"


def verify_on_host(compiled: Any, model: bytes, count: int, seed: int) -> Verification:
    """Runs random inputs through the host build and the reference.

    Args:
        compiled: the `CompiledModel`; kernels that this machine cannot run are the board's own
            affair and must not be in it (compile it for the board "host").
        model: the `.tflite` file it came from.
        count: number of inputs.
        seed: of the inputs.

    Raises:
        VerificationError: an output differs; names the input, the place and both values.
    """
    reference = Reference(model)
    inputs = random_inputs(reference, count, seed)
    expected = reference.run(inputs)
    data = [encode_inputs(compiled, inputs_for(compiled.inputs, arrays)) for arrays in inputs]
    runs = run_on_host(compiled, load_board("host"), data)
    values = 0
    for number, (run, wanted) in enumerate(zip(runs, expected, strict=True)):
        got = outputs_from(compiled.outputs, decode_outputs(compiled, run.outputs), wanted)
        for index, (a, b) in enumerate(zip(got, wanted, strict=True)):
            left, right = a.reshape(-1), b.reshape(-1)
            different = np.flatnonzero(left != right)
            if len(different):
                at = int(different[0])
                raise VerificationError(
                    f"{compiled.name}: {len(different)} of {len(left)} values of output {index} "
                    f"differ for input {number} (seed {seed}); at {at} C gives {left[at]}, "
                    f"{reference.version} gives {right[at]}; please report this model"
                )
            values += len(left)
    return Verification(count, values, reference.version)
