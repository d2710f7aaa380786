# SPDX-License-Identifier: Apache-2.0
"""SignalDelay, SignalFramer, SignalStacker and SignalOverlapAdd, said by operators that are there.

They are TF-Lite Micro's for sound that goes on from one invocation to the next. Each holds samples,
or rows of features, of earlier invocations before the new ones. What it gives are parts of both, or
sums; what it holds then is the end of both. A framer and a stacker that have not heard enough say
so by a second result, for which flags are held: where it is false, TF-Lite Micro leaves the first
result as it was, and here it is made of zeros.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.ir import Op, Quantization, Tensor
from mcunet_tf.tinyengine.ops.named_options import named_options
from mcunet_tf.tinyengine.ops.spec import Impossible
from mcunet_tf.tinyengine.settle_shapes import Options

Values = npt.NDArray[np.generic]
_MAX = 1 << 20


@dataclasses.dataclass(frozen=True, eq=False)
class Frames:
    """What an operator becomes.

    Attributes:
      ops: operators that move values, with their options.
      tensors: that are new; they follow those that are there.
      held: (before, after, at first) of each thing that is held from one inference to the next.
      scaled: operands and results that get a scale.
    """

    ops: tuple[tuple[Op, Options], ...]
    tensors: tuple[Tensor, ...]
    held: tuple[tuple[int, int, Values], ...]
    scaled: Mapping[int, Quantization | None]


def frames_of(op: Op, options: Options, tensors: Sequence[Tensor]) -> Frames | Impossible | None:
    """The operators in the place of one that cuts sound into frames; None: it is none.

    Args:
      op: the operator.
      options: what the file says of it.
      tensors: of its subgraph.
    """
    made = _KINDS.get(op.kind)
    if made is None:
        return None
    content = options["CustomOptions"] if isinstance(options, dict) else b""
    given = named_options(content)
    if isinstance(given, Impossible):
        return given
    results = 1 if op.kind in (DELAY, OVERLAP) else 2
    if len(op.inputs) != 1 or len(op.outputs) != results or op.inputs[0] < 0:
        return Impossible(f"other than one operand and {results} results")
    edges = [tensors[index] for index in (op.inputs[0], op.outputs[0])]
    types = ("int16", "float32") if op.kind == OVERLAP else ("int16",)
    same = edges[0].dtype == edges[1].dtype in types
    if not same or not edges[0].shape:
        return Impossible(" and ".join(f"{edge.dtype} {list(edge.shape)}" for edge in edges))
    writer = _Writer(op, tensors)
    wrong = made(writer, given)
    return Impossible(wrong) if wrong else writer.result()


class _Writer:
    """Operators under construction."""

    def __init__(self, op: Op, tensors: Sequence[Tensor]) -> None:
        self.op, self._known = op, len(tensors)
        self.source, self.result_shape = tensors[op.inputs[0]], tensors[op.outputs[0]].shape
        self.quantization = self.source.quantization
        self._tensors: list[Tensor] = []
        self._ops: list[tuple[Op, Options]] = []
        self._held: list[tuple[int, int, Values]] = []

    def result(self) -> Frames:
        edges = (self.op.inputs[0], self.op.outputs[0])
        scaled = dict.fromkeys(edges, self.quantization) if self.summing else {}
        return Frames(tuple(self._ops), tuple(self._tensors), tuple(self._held), scaled)

    @property
    def summing(self) -> bool:
        """Whether samples are added: they get a scale that lets them stand for themselves."""
        return self.quantization is not self.source.quantization

    def tensor(self, shape: Sequence[int], dtype: str = "int16", data: Any = None) -> int:
        name = f"{self.source.name}/frames {len(self._tensors)}"
        quantization = self.quantization if dtype == "int16" else None
        self._tensors.append(Tensor(name, tuple(shape), dtype, quantization, data))
        return self._known + len(self._tensors) - 1

    def hold(self, before: int, after: int, first: Values) -> None:
        self._held.append((before, after, first))

    def constant(self, values: Any, dtype: str = "int32") -> int:
        data = np.array(values, dtype)
        return self.tensor(data.shape, dtype, data)

    def write(self, kind: str, inputs: Sequence[int], made: int, **options: Any) -> int:
        name = f"{self.op.name}/{kind.lower()}"
        self._ops.append((Op(kind, name, tuple(inputs), (made,)), options))
        return made

    def join(self, parts: Sequence[int], made: int, axis: int) -> int:
        return self.write("CONCATENATION", parts, made, Axis=axis, FusedActivationFunction=0)

    def cut(self, source: int, shape: Sequence[int], first: int, made: int) -> int:
        """Values along the last axis, as many as the shape has."""
        begin = self.constant([0] * (len(shape) - 1) + [first])
        return self.write("SLICE", [source, begin, self.constant(shape)], made)

    def show(self, source: int, shape: Sequence[int], made: int) -> int:
        operands = [source, self.constant(shape)]
        return self.write("RESHAPE", operands, made, NewShapeAsNumpy=np.array(shape, np.int32))

    def after(self, held: int) -> int:
        """New samples behind those that are held, the end of which is held then."""
        *outer, new = self.source.shape
        if not held:
            return self.op.inputs[0]
        before, after = self.tensor((*outer, held)), self.tensor((*outer, held))
        joined = self.tensor((*outer, held + new))
        self.join([before, self.op.inputs[0]], joined, len(outer))
        self.cut(joined, (*outer, held), new, after)
        self.hold(before, after, np.zeros((*outer, held), np.int16))
        return joined

    def told(self, flags: Sequence[bool], period: int) -> None:
        """The second result: flags in turn, of which the last `period` come again and again."""
        result, count = self.op.outputs[1], len(flags)
        before, after, first = (self.tensor((n,), "bool") for n in (count, count, 1))
        self.show(self.cut(before, (1,), 0, first), (), result)
        again = self.cut(before, (1,), count - period, self.tensor((1,), "bool"))
        rest = self.tensor((count - 1,), "bool")
        parts = [self.cut(before, (count - 1,), 1, rest), again] if count > 1 else [again]
        self.join(parts, after, 0)
        self.hold(before, after, np.array(flags, bool))


def _number(options: Mapping[str, Any], name: str, low: int) -> int | None:
    value = options.get(name)
    return int(value) if isinstance(value, int) and low <= value <= _MAX else None


def _delay(writer: _Writer, options: Mapping[str, Any]) -> str | None:
    length, shape = _number(options, "delay_length", 0), writer.source.shape
    if length is None or writer.result_shape != shape:
        return f"a delay of {options.get('delay_length')} into {list(writer.result_shape)}"
    writer.cut(writer.after(length), shape, 0, writer.op.outputs[0])
    return None


def _framer(writer: _Writer, options: Mapping[str, Any]) -> str | None:
    size, step = (_number(options, f"frame_{name}", 1) for name in ("size", "step"))
    *outer, new = writer.source.shape
    if size is None or step is None or new % step:
        return f"frames of {options.get('frame_size')} every {options.get('frame_step')} of {new}"
    count, prefilled = new // step, bool(options.get("prefill"))
    if writer.result_shape != (*outer, count, size) or (prefilled and size < step):
        return f"frames of {size} every {step} into {list(writer.result_shape)}"
    steps = -(-size // step)  # until there is a frame
    joined = writer.after(size - step if prefilled else (steps - 1) * step)
    frames = []
    for number in range(count):
        frame = writer.cut(joined, (*outer, size), number * step, writer.tensor((*outer, size)))
        shape = (*outer, 1, size)
        frames.append(writer.show(frame, shape, writer.tensor(shape)))
    writer.join(frames, writer.op.outputs[0], len(outer))
    waiting = 0 if prefilled else -(-(steps - 1) // count)
    writer.told([False] * waiting + [True], 1)
    return None


def _stacker(writer: _Writer, options: Mapping[str, Any]) -> str | None:
    names = ("left_context", "right_context", "step")
    left, right, step = (
        _number(options, f"stacker_{name}", n == 2) for n, name in enumerate(names)
    )
    channels = _number(options, "num_channels", 1)
    if left is None or right is None or step is None or channels is None:
        return f"options {dict(options)}"
    if writer.source.shape != (channels,):
        return f"{options.get('num_channels')} channels of {list(writer.source.shape)}"
    rows = left + right + 1
    if writer.result_shape != (rows * channels,) or step > rows:
        return f"{rows} rows of {channels}, every {step}, into {list(writer.result_shape)}"
    _stack(writer, rows, left > 0)
    writer.told([False] * right + [True] + [False] * (step - 1), step)
    return None


def _stack(writer: _Writer, rows: int, spread: bool) -> None:
    """The last rows; `spread`: the first one stands for those that came before it."""
    (channels,), source, result = writer.source.shape, writer.op.inputs[0], writer.op.outputs[0]
    held = (rows - 1) * channels
    if not held:
        writer.show(source, (channels,), result)
        return
    before, after = writer.tensor((held,)), writer.tensor((held,))
    begun = before
    if spread:
        known, now = writer.tensor((1,), "bool"), writer.constant([True], "bool")
        writer.hold(known, now, np.zeros(1, bool))
        times = writer.constant([rows - 1])
        first = writer.write("TILE", [source, times], writer.tensor((held,)))
        begun = writer.write("SELECT_V2", [known, before, first], writer.tensor((held,)))
    writer.join([begun, source], result, 0)
    writer.cut(result, (held,), channels, after)
    writer.hold(before, after, np.zeros(held, np.int16))


def _overlap(writer: _Writer, options: Mapping[str, Any]) -> str | None:
    """Frames that begin every `frame_step` are added up where they lie over each other."""
    step, shape = _number(options, "frame_step", 1), writer.source.shape
    *outer, count, size = (1, *shape)[-max(len(shape), 2) :]
    made = (*outer, count * (step or 0))
    if len(shape) < 2 or step is None or step > size or writer.result_shape != made:
        every = options.get("frame_step")
        return f"{list(shape)}, a frame every {every}, into {list(writer.result_shape)}"
    if writer.quantization is None and writer.source.dtype == "int16":
        writer.quantization = Quantization((1.0,), (0,))  # a sum that saturates is an ADD then
    dtype, whole, rest = writer.source.dtype, (*outer, size), (*outer, size - step)
    zeros = np.zeros(whole, dtype)
    sums = held = writer.tensor(whole, dtype)
    nothing = writer.constant(np.zeros((*outer, step)), dtype)
    parts = []
    for number in range(count):
        frame = writer.tensor((*outer, 1, size), dtype)
        begin = writer.constant([0] * len(outer) + [number, 0])
        writer.write(
            "SLICE", [writer.op.inputs[0], begin, writer.constant((*outer, 1, size))], frame
        )
        frame = writer.show(frame, whole, writer.tensor(whole, dtype))
        added = writer.write(
            "ADD", [sums, frame], writer.tensor(whole, dtype), FusedActivationFunction=0
        )
        parts.append(writer.cut(added, (*outer, step), 0, writer.tensor((*outer, step), dtype)))
        left = [writer.cut(added, rest, step, writer.tensor(rest, dtype))] if size > step else []
        sums = writer.join([*left, nothing], writer.tensor(whole, dtype), len(outer))
    writer.join(parts, writer.op.outputs[0], len(outer))
    writer.hold(held, sums, zeros)
    return None


DELAY, OVERLAP = "CUSTOM SignalDelay", "CUSTOM SignalOverlapAdd"
_KINDS: dict[str, Callable[[_Writer, Mapping[str, Any]], str | None]] = {
    DELAY: _delay,
    "CUSTOM SignalFramer": _framer,
    "CUSTOM SignalStacker": _stacker,
    OVERLAP: _overlap,
}
FRAMES = tuple(kind.removeprefix("CUSTOM ") for kind in _KINDS)
"""What files call these operators."""
