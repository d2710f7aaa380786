# SPDX-License-Identifier: Apache-2.0
"""The reference interpreters as a process of their own, which `reference.py` starts and asks.

They are C++ that was not written for models that nobody has tried: some end the whole process.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Protocol

import numpy as np

from mcunet_tf.child import serve
from mcunet_tf.errors import ToolError, require_packages

Array = np.ndarray[Any, np.dtype[Any]]

TIMEOUT_S = 900
"""Longest time for a model, or for all inputs that are asked for at once."""

_MICRO_ARENA_BYTES = 64 << 20
_VERSION_SLOT = 8  # of table OperatorCode in TensorFlow Lite's schema


@dataclass(frozen=True)
class TensorSpec:
    """An input or output of the model: shape with a batch of 1 and numpy type name."""

    name: str
    shape: tuple[int, ...]
    dtype: str


class Engine(Protocol):
    """A loaded model."""

    version: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def run(self, arrays: Sequence[Array]) -> tuple[Array, ...]: ...  # noqa: D102


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


def has_variables(model: bytes) -> bool:
    """Whether a model keeps variables from one inference to the next: `keeps_states` of a file."""
    import tflite

    from mcunet_tf.tinyengine.ops.signal import CUSTOM_NAMES
    from mcunet_tf.tinyengine.variables import MEMORIES

    kinds = tflite.BuiltinOperator
    builtin = {getattr(kinds, kind) for kind in MEMORIES if hasattr(kinds, kind)}
    named = {name for name, kind in CUSTOM_NAMES.items() if kind in MEMORIES}
    named.update(kind.removeprefix("CUSTOM ") for kind in MEMORIES if not hasattr(kinds, kind))
    root = tflite.Model.GetRootAsModel(model, 0)
    codes = [root.OperatorCodes(i) for i in range(root.OperatorCodesLength())]
    found = {max(code.BuiltinCode(), code.DeprecatedBuiltinCode()) for code in codes}
    custom = {(code.CustomCode() or b"").decode(errors="replace") for code in codes}
    if not found.isdisjoint(builtin) or not custom.isdisjoint(named):
        return True
    lstm = kinds.UNIDIRECTIONAL_SEQUENCE_LSTM
    return lstm in found and any(_lstm_steps_of_one(root.Subgraphs(0), codes))


def _lstm_steps_of_one(graph: Any, codes: Sequence[Any]) -> Iterator[bool]:
    """For each LSTM, whether an inference is one step of it."""
    import tflite

    from mcunet_tf.tinyengine.variables import takes_one_step

    for i in range(graph.OperatorsLength()):
        op = graph.Operators(i)
        code, table = codes[op.OpcodeIndex()], op.BuiltinOptions()
        kind = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if kind == tflite.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM and table is not None:
            options = tflite.UnidirectionalSequenceLSTMOptions()
            options.Init(table.Bytes, table.Pos)
            source = graph.Tensors(op.Inputs(0))
            shape = [source.Shape(k) for k in range(source.ShapeLength())]
            yield takes_one_step(shape, options.TimeMajor())


class RuntimeEngine:
    """tflite-runtime with the reference kernels and a batch of 1."""

    def __init__(self, model: bytes, remembers: bool | None = None) -> None:
        from tflite_runtime.interpreter import Interpreter, OpResolverType

        self._remembers = has_variables(model) if remembers is None else remembers
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
        """Outputs for one array of each input."""
        if not self._remembers:
            self._interpreter.reset_all_variables()  # states begin at zero
        for detail, array in zip(self._in, arrays, strict=True):
            self._interpreter.set_tensor(detail["index"], array)
        self._interpreter.invoke()
        return tuple(self._interpreter.get_tensor(detail["index"]) for detail in self._out)


class MicroEngine:
    """TF-Lite Micro from its wheel: for Pythons that tflite-runtime has no wheel for."""

    def __init__(self, model: bytes, remembers: bool | None = None) -> None:
        require_packages("the comparison with TFLite's reference kernels", "tflite_micro")
        try:
            from tflite_micro.python.tflite_micro import runtime
        except ImportError as error:
            raise ToolError(f"tflite-micro does not load: {error}; install it anew") from error
        self._remembers = has_variables(model) if remembers is None else remembers
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
        """Outputs for one array of each input."""
        if not self._remembers:
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


ENGINES: dict[str, type[RuntimeEngine] | type[MicroEngine]] = {
    "tflite_runtime": RuntimeEngine,
    "tflite_micro": MicroEngine,
}
"""By the package that brings each; the one that is asked first comes first."""


def serve_engine(name: str) -> None:
    """Answers requests on standard input until it ends.

    A request is a model, and whether it remembers (None: as `has_variables` says), which is loaded
    and answered with its version, inputs and outputs; or inputs for the model that was loaded last,
    answered with its outputs. What a model's variables hold goes from one of these inputs to the
    next where it remembers, and not from request to request.

    Args:
        name: one of `ENGINES`.
    """
    engine: Engine | None = None
    loaded: tuple[bytes, bool] = b"", False

    def answer(request: Any) -> Any:
        nonlocal engine, loaded
        if isinstance(request, tuple):
            model, remembers = request
            loaded = model, has_variables(model) if remembers is None else remembers
            engine = ENGINES[name](*loaded)
            return engine.version, engine.inputs, engine.outputs
        assert engine is not None
        if loaded[1]:
            # A series begins with the states that the file gives: only a new interpreter has them.
            engine = ENGINES[name](*loaded)
        return [engine.run(arrays) for arrays in request]

    serve(answer, TIMEOUT_S)
