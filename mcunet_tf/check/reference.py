# SPDX-License-Identifier: Apache-2.0
"""The oracle: TFLite's reference kernels, asked in a process of their own.

tflite-runtime with `BUILTIN_REF` and TF-Lite Micro agree bit for bit with few exceptions; the
default resolver of TFLite (XNNPACK, optimised kernels) does not agree with them and is never the
oracle. They are foreign C++ that may abort: what ends is a child of this process, and one clear
line says so. In a process of its own, no other package can change what tflite-runtime computes, as
TensorFlow 2.20 and newer do.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from mcunet_tf.check.engines import ENGINES, TIMEOUT_S, Array, TensorSpec
from mcunet_tf.child import Child, ChildError, first_line
from mcunet_tf.errors import ModelError, is_installed, require_packages

_REASON_CHARACTERS = 120
_CODE = "from mcunet_tf.check.engines import serve_engine; serve_engine({name!r})"


_Loaded = tuple[bytes, bool | None]  # a model, and whether it remembers


class _Refused(Exception):
    """An interpreter does not run a model; the message says why."""


class _Child:
    """An interpreter in a process, for one model after the other."""

    def __init__(self, name: str) -> None:
        self._process = Child(_CODE.format(name=name))
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None

    def load(self, model: _Loaded) -> Any:
        """Version, inputs and outputs of a model."""
        with self._lock:
            return self._load(model)

    def run(self, model: _Loaded, inputs: Sequence[tuple[Array, ...]]) -> Any:
        """Outputs for each input of a model."""
        with self._lock:
            if self._loaded != model or not self._process.running:
                self._load(model)
            return self._ask(list(inputs))

    def stop(self) -> None:
        """Ends the process, if there is one of ours."""
        self._loaded = None
        self._process.stop()

    def _load(self, model: _Loaded) -> Any:
        self._loaded = None
        answer = self._ask(model)
        self._loaded = model
        return answer

    def _ask(self, request: object) -> Any:
        try:
            return self._process.ask(request, TIMEOUT_S)
        except ChildError as error:
            reason = first_line(str(error))[:_REASON_CHARACTERS]
            slow = reason.startswith("it did not answer")
            died = f"it died of the model ({reason})" if error.died and not slow else reason
            raise _Refused(died) from error


_CHILDREN = {name: _Child(name) for name in ENGINES}


class Reference:
    """Runs a `.tflite` model exactly as TFLite's reference kernels define it.

    TFLite does not verify what it reads: damaged files may crash the interpreter's process. An
    interpreter that does not run the model makes way for the next one.

    Attributes:
        inputs: the model's inputs, in its order.
        outputs: the model's outputs, in its order.
        version: name and version of the package that runs it.

    Raises:
        ModelError: no reference accepts the model.
        ToolError: neither tflite-runtime nor tflite-micro can be used.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    version: str

    def __init__(self, model: bytes, remembers: bool | None = None) -> None:
        """`remembers`: what is held goes from one input to the next; None: as the file says."""
        self._model = (bytes(model), remembers)
        self._left = _usable(bytes(model))
        self._reasons: list[str] = []
        self._next("rejects")

    def run(self, inputs: Sequence[tuple[Array, ...]]) -> list[tuple[Array, ...]]:
        """Runs every tuple of input arrays; returns a tuple of output arrays for each.

        Raises:
            ModelError: an operator lacks a form that the model asks for.
        """
        while True:
            try:
                answers: list[tuple[Array, ...]] = self._child.run(self._model, inputs)
                return answers
            except _Refused as reason:
                self._reasons.append(f"{self.version}: {reason}")
            self._next("cannot run")

    def other(self) -> Reference | None:
        """A reference that computes the model with another package, where one does."""
        found = Reference.__new__(Reference)
        found._model, found._left, found._reasons = self._model, list(self._left), []
        try:
            found._next("rejects")
        except ModelError:
            return None
        return found

    def _next(self, verb: str) -> None:
        """Goes on to the next interpreter that loads the model."""
        while self._left:
            name = self._left.pop(0)
            self._child = _CHILDREN[name]
            try:
                self.version, self.inputs, self.outputs = self._child.load(self._model)
                return
            except _Refused as reason:
                self._reasons.append(f"{name}: {reason}")
        raise ModelError(f"the reference interpreter {verb} the model: {'; '.join(self._reasons)}")


def _usable(model: bytes) -> list[str]:
    """The interpreters to ask, in order; TF-Lite Micro also takes old files."""
    sound = _runtime_usable() and not _runtime_is_wrong(model)
    found = ["tflite_runtime"] if sound else []
    if is_installed("tflite_micro"):
        # int16 activations are what TF-Lite Micro makes of them; TensorFlow Lite's scales that are
        # powers of two have an arithmetic of their own.
        return ["tflite_micro", *found] if _has_int16(model) else [*found, "tflite_micro"]
    if not found:
        require_packages("the comparison with TFLite's reference kernels", "tflite_micro")
    return found


def require_reference() -> None:
    """Makes sure that there is an oracle, before work that ends with a comparison.

    Raises:
        ToolError: names the command that installs one.
    """
    if not is_installed("tflite_runtime"):
        require_packages("the comparison with TFLite's reference kernels", "tflite_micro")


def _runtime_usable() -> bool:
    """Whether tflite-runtime is installed."""
    return is_installed("tflite_runtime")


def _runtime_is_wrong(model: bytes) -> bool:
    """Whether the model holds what tflite-runtime 2.14 computes wrongly.

    Its FULLY_CONNECTED with a scale per channel takes the output for a matrix: with more than two
    dimensions the result is neither that of TensorFlow Lite since, nor of TF-Lite Micro. Of int16 a
    tenth of its results is one step off TF-Lite Micro's. Its SUM of int8 is wrong where the sum is
    negative: -1 and 0 give -128. Its LSTM has other curves than TF-Lite Micro and CMSIS-NN, and a
    cell state that wraps around. It takes every SVDF's state for one of int16.
    """
    import tflite

    kinds = tflite.BuiltinOperator
    try:
        root = tflite.Model.GetRootAsModel(model, 0)
        graph = root.Subgraphs(0)
        for i in range(graph.OperatorsLength()):
            op = graph.Operators(i)
            code = root.OperatorCodes(op.OpcodeIndex())
            kind = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
            if kind in (kinds.SUM, kinds.UNIDIRECTIONAL_SEQUENCE_LSTM):
                return True
            if kind == kinds.SVDF and graph.Tensors(op.Inputs(4)).Type() == tflite.TensorType.INT8:
                return True
            if kind != kinds.FULLY_CONNECTED:
                continue
            if graph.Tensors(op.Inputs(0)).Type() == tflite.TensorType.INT16:
                return True
            scales = graph.Tensors(op.Inputs(1)).Quantization()
            per_channel = scales is not None and scales.ScaleLength() > 1
            if per_channel and graph.Tensors(op.Outputs(0)).ShapeLength() > 2:
                return True
    except Exception:  # damaged bytes raise anything; the engines say what is wrong with them
        return False
    return False


def _has_int16(model: bytes) -> bool:
    """Whether a computed tensor of the model is int16."""
    import tflite

    try:
        root = tflite.Model.GetRootAsModel(model, 0)
        graph = root.Subgraphs(0)
        tensors = [graph.Tensors(i) for i in range(graph.TensorsLength())]
        return any(
            t.Type() == tflite.TensorType.INT16 and not root.Buffers(t.Buffer()).DataLength()
            for t in tensors
        )
    except Exception:  # damaged bytes raise anything; the engines say what is wrong with them
        return False


def random_inputs(model: Any, count: int, seed: int) -> list[tuple[Array, ...]]:
    """Draws inputs: integers over their whole range, floats from a standard normal distribution.

    Args:
        model: anything with `inputs` that have a shape and a dtype.
        count: how many.
        seed: equal seeds give equal inputs.
    """
    generator = np.random.default_rng(seed)
    return [tuple(_random(generator, info) for info in model.inputs) for _ in range(count)]


def _random(generator: np.random.Generator, info: Any) -> Array:
    dtype: np.dtype[Any] = np.dtype(info.dtype)
    if dtype.kind == "f":
        return np.asarray(generator.standard_normal(info.shape), dtype)
    if dtype.kind == "b":
        return np.asarray(generator.integers(0, 2, info.shape), dtype)
    limits = np.iinfo(dtype)
    drawn = generator.integers(limits.min, limits.max, info.shape, dtype, endpoint=True)
    return np.asarray(drawn)
