# SPDX-License-Identifier: Apache-2.0
"""Compares what a compiled model gives for random inputs with the reference kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mcunet_tf.boards import load_board
from mcunet_tf.check.compare import FLOAT_TOLERANCE, Answers, steps_allowed
from mcunet_tf.check.detections import written_rows
from mcunet_tf.check.edges import inputs_for
from mcunet_tf.check.host import run_on_host
from mcunet_tf.check.reference import Reference, random_inputs
from mcunet_tf.check.streams import EndlessReference, random_recording
from mcunet_tf.check.tensors import Array, Compiled, decode_outputs, encode_inputs
from mcunet_tf.errors import ModelError, VerificationError
from mcunet_tf.tinyengine.ops.lstm import lstms_remember
from mcunet_tf.tinyengine.streams.steps import ENDLESS

_FLOAT_TOLERANCE = (
    f" (float32 to {FLOAT_TOLERANCE:g} of the output's range, integers behind it to one step)"
)

Outputs = Sequence[tuple[Array, ...]]
"""Per inference one array for each output."""


@dataclass(frozen=True)
class Verification:
    """How many inputs and output values were compared, all of them equal.

    Attributes:
        reference: the one that they are equal to.
        unlike: references that were asked before and give something else.
        tolerance: what "equal" means, of a model that computes in float32.
    """

    inputs: int
    values: int
    reference: str
    unlike: tuple[str, ...] = ()
    tolerance: str = ""

    def __str__(self) -> str:
        text = f"{self.values} output values of {self.inputs} inputs equal {self.reference}"
        text += self.tolerance
        return text + "".join(f", with which {version} does not agree" for version in self.unlike)


def verify_on_host(compiled: Compiled, model: bytes, count: int, seed: int) -> Verification:
    """Runs random inputs through the host build and the reference.

    Args:
        compiled: the `CompiledModel`; kernels that this machine cannot run must not be in it.
        model: the `.tflite` file it came from.
        count: number of inputs.
        seed: the seed of the inputs.

    Raises:
        VerificationError: an output differs; names the input, the place and both values.
    """

    def run(inputs: Sequence[tuple[Array, ...]]) -> Outputs:
        data = [encode_inputs(compiled, arrays) for arrays in inputs]
        runs = run_on_host(compiled, load_board("host"), data)
        return [decode_outputs(compiled, run.outputs) for run in runs]

    return verify(compiled, model, count, seed, run)


def verify(
    compiled: Compiled,
    model: bytes,
    count: int,
    seed: int,
    run: Callable[[Sequence[tuple[Array, ...]]], Outputs],
) -> Verification:
    """Compares a compiled model with the references, wherever it runs.

    Args:
        compiled: the `CompiledModel`.
        model: the `.tflite` file it came from.
        count: number of random inputs.
        seed: the seed of the inputs.
        run: builds the model, runs it, and gives its outputs for inputs of its own types.

    Raises:
        VerificationError: an output differs from all references; names the input, the place and
            both values.
    """
    if getattr(compiled, "stream", None) is not None:
        answers, outputs = _verify_stream(compiled, model, count, seed, run)
    else:
        reference = Reference(model, _remembers(compiled))
        answers = Answers(reference, random_inputs(reference, count, seed))
        outputs = run([inputs_for(compiled.inputs, arrays) for arrays in answers.inputs])
    steps = steps_allowed(compiled)
    differences = answers.differences(
        compiled.outputs, outputs, steps=steps, written=written_rows(compiled)
    )
    *unlike, equal = differences
    if differences[equal]:
        told = "; ".join(found[0].text(version) for version, found in differences.items())
        raise VerificationError(f"{compiled.name} (seed {seed}): {told}; please report this model")
    values = sum(array.size for arrays in outputs for array in arrays)
    return Verification(count, values, equal, tuple(unlike), _FLOAT_TOLERANCE if steps else "")


def _remembers(compiled: Any) -> bool | None:
    """Whether what is held goes from one inference to the next; None: as the file says.

    Raises:
        ModelError: a part of it does, which no reference can be told.
    """
    graph = getattr(compiled, "graph", None)
    if graph is None or not (kept := lstms_remember(graph)):
        return None
    if graph.states and not all(kept):
        raise ModelError(
            f"{compiled.name}: LSTMs begin at zero and other states go on, which TensorFlow Lite, "
            "where a reset is one of all states, cannot be compared with"
        )
    return bool(graph.states)


def _verify_stream(
    compiled: Any,
    model: bytes,
    count: int,
    seed: int,
    run: Callable[[Sequence[tuple[Array, ...]]], Outputs],
) -> tuple[Answers, Outputs]:
    """What the reference makes of a recording behind the warm-up, and what the calls give."""
    reference = Reference(model)
    dtypes = [spec.dtype for spec in reference.inputs]
    recording = random_recording(compiled.stream, dtypes, count, seed)
    if compiled.stream.form == ENDLESS:
        endless: Any = EndlessReference(model, recording)
        answers = Answers(endless, [recording.in_file()])
    else:
        answers = Answers(reference, recording.windows())
    return answers, run(recording.calls(compiled))[compiled.stream.warm_up :]


def run_unreferenced(compiled: Compiled, count: int, seed: int) -> None:
    """Builds a model that no reference computes, and runs it on this computer under sanitizers.

    Args:
        compiled: the `CompiledModel`, of custom operators for instance.
        count: number of random inputs.
        seed: of the inputs.

    Raises:
        ToolError: a file does not compile or link, or a sanitizer finds something.
    """
    inputs = random_inputs(compiled, count, seed)
    data = [encode_inputs(compiled, arrays) for arrays in inputs]
    run_on_host(compiled, load_board("host"), data, sanitize=True)
