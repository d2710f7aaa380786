# SPDX-License-Identifier: Apache-2.0
"""TF-Lite Micro on this computer, from its own wheel: the smallest arena it accepts, wall time."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from mcunet_tf.benchmark.runner import RunResult
from mcunet_tf.check.engines import TensorSpec, has_variables
from mcunet_tf.errors import ModelError, require_packages

Array = np.ndarray[Any, np.dtype[Any]]

_LARGEST_ARENA_BYTES = 64 << 20
_ALIGNMENT_BYTES = 16
_REPEATS = 5


@dataclass(frozen=True, eq=False)
class TflmHostModel:
    """A model loaded into TF-Lite Micro's interpreter.

    Attributes:
        arena_bytes: the smallest that the interpreter accepts, found by search.
        macs: not known to an interpreter.
    """

    name: str
    model: bytes
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    arena_bytes: int
    tools: dict[str, str]
    notes: tuple[str, ...] = ("interpreter from the tflite-micro wheel, reference kernels",)
    macs: int | None = None

    def run_inputs(self, inputs: Sequence[tuple[Array, ...]]) -> RunResult:
        """Runs every input and takes the best of some repetitions as its wall time."""
        interpreter = _interpreter(self.model, self.arena_bytes)
        # What a model remembers must see each input once.
        remembers = has_variables(self.model)
        outputs, times = [], []
        for arrays in inputs:
            best = float("inf")
            for _ in range(1 if remembers else _REPEATS):
                if not remembers:
                    interpreter.reset()  # states begin at zero
                for index, array in enumerate(arrays):
                    interpreter.set_input(array, index)
                start = time.perf_counter()
                interpreter.invoke()
                best = min(best, time.perf_counter() - start)
            times.append(best)
            results = range(len(self.outputs))
            outputs.append(tuple(np.array(interpreter.get_output(i)) for i in results))
        return RunResult(tuple(outputs), wall_seconds=tuple(times))


def load_tflm_model(path: Path) -> TflmHostModel:
    """Loads a model file and searches the smallest arena for it.

    Raises:
        ToolError: the wheel is missing.
        ModelError: TF-Lite Micro does not take the model.
    """
    model = path.read_bytes()
    require_packages("the runtime tflm on the host", "tflite_micro")
    from tflite_micro.python.tflite_micro import runtime

    def accepts(arena_bytes: int) -> bool:
        try:
            with _quiet():
                _interpreter(model, arena_bytes)
        except RuntimeError:
            return False
        return True

    try:
        accepted = accepts(_LARGEST_ARENA_BYTES)
        graph = runtime.convert_bytearray_to_object(model).subgraphs[0]
    except Exception as error:  # damaged bytes raise anything
        raise ModelError(f"TF-Lite Micro rejects the model: {_first_line(error)}") from error
    if not accepted:
        raise ModelError("TF-Lite Micro rejects the model: it holds operators it does not know")
    arena_bytes = smallest_accepted(accepts, _LARGEST_ARENA_BYTES)
    interpreter = _interpreter(model, arena_bytes)
    version = metadata.version("tflite-micro")
    return TflmHostModel(
        path.stem,
        model,
        tuple(_spec(interpreter.get_input_details(i)) for i in range(len(graph.inputs))),
        tuple(_spec(interpreter.get_output_details(i)) for i in range(len(graph.outputs))),
        arena_bytes,
        {"tflite-micro": version},
    )


def smallest_accepted(accepts: Callable[[int], bool], accepted: int) -> int:
    """Bisects for the smallest multiple of 16 bytes that is accepted.

    Args:
        accepts: whether a size is enough; monotonic.
        accepted: a size that is.
    """
    low, high = 0, -(-accepted // _ALIGNMENT_BYTES)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if accepts(middle * _ALIGNMENT_BYTES) else (middle, high)
    return high * _ALIGNMENT_BYTES


def _interpreter(model: bytes, arena_bytes: int) -> Any:
    from tflite_micro.python.tflite_micro import runtime

    return runtime.Interpreter.from_bytes(model, arena_size=arena_bytes)


def _spec(detail: dict[str, Any]) -> TensorSpec:
    shape = tuple(max(1, int(size)) for size in detail["shape"])
    return TensorSpec("", shape, np.dtype(detail["dtype"]).name)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the interpreter's own complaints, which it writes to file descriptor 2, to itself."""
    saved = os.dup(2)
    with open(os.devnull, "wb") as sink:
        os.dup2(sink.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
