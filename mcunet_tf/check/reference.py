# SPDX-License-Identifier: Apache-2.0
"""The oracle: TFLite's reference kernels, and the only module that runs them.

tflite-runtime with `BUILTIN_REF` and TF-Lite Micro agree bit for bit; the default resolver of
TFLite (XNNPACK, optimised kernels) does not agree with them and is never the oracle.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Protocol

import numpy as np

from mcunet_tf.errors import ModelError, ToolError, is_installed, require_packages

Array = np.ndarray[Any, np.dtype[Any]]

_MICRO_ARENA_BYTES = 64 << 20
_REASON_CHARACTERS = 120
_VERSION_SLOT = 8  # of table OperatorCode in TensorFlow Lite's schema


@dataclass(frozen=True)
class TensorSpec:
    """An input or output of the model: shape with a batch of 1 and numpy type name."""

    name: str
    shape: tuple[int, ...]
    dtype: str


class _Engine(Protocol):
    version: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def run(self, arrays: Sequence[Array]) -> tuple[Array, ...]: ...


class Reference:
    """Runs a `.tflite` model exactly as TFLite's reference kernels define it.

    TFLite does not verify what it reads: damaged files may crash the process. Give it models that
    the compiler's own reader has accepted.

    Attributes:
        inputs: the model's inputs, in its order.
        outputs: the model's outputs, in its order.
        version: name and version of the package that runs it.

    Raises:
        ModelError: the reference does not accept the model.
        ToolError: neither tflite-runtime nor tflite-micro can be used.
    """

    def __init__(self, model: bytes) -> None:
        self._engine = _load(model)
        self.inputs = self._engine.inputs
        self.outputs = self._engine.outputs
        self.version = self._engine.version

    def run(self, inputs: Sequence[tuple[Array, ...]]) -> list[tuple[Array, ...]]:
        """Runs every tuple of input arrays; returns a tuple of output arrays for each.

        Raises:
            ModelError: an operator lacks a form that the model asks for.
        """
        try:
            return [self._engine.run(arrays) for arrays in inputs]
        except RuntimeError as error:
            raise ModelError(
                f"the reference interpreter ({self.version}) cannot run the model: "
                f"{str(error).strip()[:_REASON_CHARACTERS]}"
            ) from error


def _load(model: bytes) -> _Engine:
    """Prefers tflite-runtime; TF-Lite Micro also takes old files that it rejects."""
    sound = _runtime_usable() and not _runtime_is_wrong(model)
    engines = (_RuntimeEngine, _MicroEngine) if sound else (_MicroEngine,)
    reasons: list[str] = []
    for engine in engines:
        try:
            return engine(model)
        except ToolError as error:
            if not reasons:
                raise
            reasons.append(str(error))
        except Exception as error:  # damaged bytes raise anything from struct.error to IndexError
            reasons.append(str(error).strip() or type(error).__name__)
    reason = reasons[0].splitlines()[0][:_REASON_CHARACTERS]
    raise ModelError(f"the reference interpreter rejects the model: {reason}")


def require_reference() -> None:
    """Makes sure that there is an oracle, before work that ends with a comparison.

    Raises:
        ToolError: names the command that installs one.
    """
    if not is_installed("tflite_runtime"):
        require_packages("the comparison with TFLite's reference kernels", "tflite_micro")


def random_inputs(model: Reference | Any, count: int, seed: int) -> list[tuple[Array, ...]]:
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


def _runtime_usable() -> bool:
    """Whether tflite-runtime is installed and sound in this process.

    TensorFlow 2.20 and newer, imported into the same process, change its results silently.
    """
    tensorflow = sys.modules.get("tensorflow")
    version = getattr(tensorflow, "__version__", "0.0").split(".")
    if (int(version[0]), int(version[1])) >= (2, 20):
        return False
    try:
        import tflite_runtime.interpreter  # noqa: F401
    except ImportError:
        return False
    return True


def _runtime_is_wrong(model: bytes) -> bool:
    """Whether the model holds what tflite-runtime 2.14 computes wrongly.

    Its FULLY_CONNECTED with a scale per channel takes the output for a matrix: with more than two
    dimensions the result is neither that of TensorFlow Lite since, nor of TF-Lite Micro. Its SUM of
    int8 is wrong where the sum is negative: -1 and 0 give -128. Its LSTM has other curves than
    TF-Lite Micro and CMSIS-NN, and a cell state that wraps around.
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
            if kind != kinds.FULLY_CONNECTED:
                continue
            scales = graph.Tensors(op.Inputs(1)).Quantization()
            per_channel = scales is not None and scales.ScaleLength() > 1
            if per_channel and graph.Tensors(op.Outputs(0)).ShapeLength() > 2:
                return True
    except Exception:  # damaged bytes raise anything; the engines say what is wrong with them
        return False
    return False


def _with_known_versions(model: bytes) -> bytes:
    """The model with the operators' versions that tflite-runtime 2.14 knows.

    Today's converters number the int8 forms of these higher; its reference kernels compute them.
    """
    import tflite

    kinds = tflite.BuiltinOperator
    known = {kinds.TILE: 1, kinds.DEPTH_TO_SPACE: 1, kinds.REVERSE_V2: 1}
    renumbered = bytearray(model)
    root = tflite.Model.GetRootAsModel(model, 0)
    for i in range(root.OperatorCodesLength()):
        code = root.OperatorCodes(i)
        kind = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        offset = code._tab.Offset(_VERSION_SLOT)
        if kind in known and offset:
            struct.pack_into("<i", renumbered, code._tab.Pos + offset, known[kind])
    return bytes(renumbered)


class _RuntimeEngine:
    """tflite-runtime with the reference kernels and a batch of 1."""

    def __init__(self, model: bytes) -> None:
        from tflite_runtime.interpreter import Interpreter, OpResolverType

        self.version = f"tflite-runtime {metadata.version('tflite-runtime')} BUILTIN_REF"
        self._interpreter = Interpreter(
            model_content=_with_known_versions(model),
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
            num_threads=1,
        )
        for detail in self._interpreter.get_input_details():
            if any(size < 0 for size in detail["shape_signature"]):
                shape = [max(1, int(size)) for size in detail["shape_signature"]]
                self._interpreter.resize_tensor_input(detail["index"], shape)
        self._interpreter.allocate_tensors()
        self._in = self._interpreter.get_input_details()
        self._out = self._interpreter.get_output_details()
        self.inputs = tuple(_spec(detail) for detail in self._in)
        self.outputs = tuple(_spec(detail) for detail in self._out)

    def run(self, arrays: Sequence[Array]) -> tuple[Array, ...]:
        self._interpreter.reset_all_variables()  # states begin at zero
        for detail, array in zip(self._in, arrays, strict=True):
            self._interpreter.set_tensor(detail["index"], array)
        self._interpreter.invoke()
        return tuple(self._interpreter.get_tensor(detail["index"]) for detail in self._out)


class _MicroEngine:
    """TF-Lite Micro from its wheel: for Pythons that tflite-runtime has no wheel for."""

    def __init__(self, model: bytes) -> None:
        require_packages("the comparison with TFLite's reference kernels", "tflite_micro")
        try:
            from tflite_micro.python.tflite_micro import runtime
        except ImportError as error:
            raise ToolError(f"tflite-micro does not load: {error}; install it anew") from error
        self.version = f"tflite-micro {metadata.version('tflite-micro')}"
        graph = runtime.convert_bytearray_to_object(model).subgraphs[0]
        self._interpreter = runtime.Interpreter.from_bytes(model, arena_size=_MICRO_ARENA_BYTES)
        self.inputs = tuple(
            _spec(self._interpreter.get_input_details(i)) for i in range(len(graph.inputs))
        )
        self.outputs = tuple(
            _spec(self._interpreter.get_output_details(i)) for i in range(len(graph.outputs))
        )

    def run(self, arrays: Sequence[Array]) -> tuple[Array, ...]:
        self._interpreter.reset()  # states begin at zero
        for index, array in enumerate(arrays):
            self._interpreter.set_input(array, index)
        self._interpreter.invoke()
        return tuple(np.array(self._interpreter.get_output(i)) for i in range(len(self.outputs)))


def _spec(detail: dict[str, Any]) -> TensorSpec:
    return TensorSpec(
        name=str(detail.get("name", "")),
        shape=tuple(max(1, int(size)) for size in detail["shape"]),
        dtype=np.dtype(detail["dtype"]).name,
    )
