# SPDX-License-Identifier: Apache-2.0
"""UNIDIRECTIONAL_SEQUENCE_LSTM: int8 or int16 activations, int8 weights, an int16 cell state.

With x the input of a step and h the output of the step before,

    i, f, o = sigmoid(W x + b + R h)     g = tanh(W x + b + R h)     of each gate's own W, b and R
    c = f c + i g                        h = o tanh(c)

Gates are int16: Q3.12 before their curves, Q0.15 behind them (TensorFlow Lite's 8-bit quantisation
specification of LSTM).

The states are variable tensors, which TensorFlow Lite keeps from one invocation to the next. So
does a model that remembers (`variables.keeps_states`): behind the operands of the file it then
reads what it held, the cell states of all batches and then their hidden states, as values of its
own type, and its second result is what it holds next. Behind `lower_lstm` its one result is the new
cell states and, behind them, the output. Elsewhere a call is a whole sequence, and begins at zero.

Of int16 activations sums have 64 bits and a multiplier of 16 bits scales them, as in other layers
of TF-Lite Micro; zero points are 0. The form on float32 is in `lstm_f32`.

The curves are those of TF-Lite Micro and CMSIS-NN: lines between 256 points of the sigmoid.
TensorFlow Lite computes them as a series, which differs by a step now and then.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.fixed_point import (
    MAX_WIDE_SHIFT,
    IntArray,
    quantize_multiplier,
    requantize,
    requantize_wide,
)
from mcunet_tf.tinyengine.ir import Graph, Tensor
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, saturated, view

GATES = ("input", "forget", "cell", "output")
INPUT_WEIGHTS, RECURRENT_WEIGHTS, BIASES = range(1, 5), range(5, 9), range(12, 16)
HIDDEN_STATE, CELL_STATE, OPERANDS = 18, 19, 24
STATE = OPERANDS
_ABSENT = {
    "peepholes": (9, 10, 11),
    "a projection": (16, 17),
    "layer normalisation": (20, 21, 22, 23),
}
_GATE_SCALE, _CURVE_SCALE = 2.0**-12, 2.0**-15
_BIAS_TYPES = {"int8": ("int32",), "int16": ("int64", "int32")}
_CELL_SCALES = tuple(2.0**-power for power in range(9, 21))


@dataclasses.dataclass(frozen=True)
class LstmAttributes:
    """`every_step`: the output holds the hidden state of all steps, not of the last one alone."""

    activation: str
    cell_clip: float
    time_major: bool
    every_step: bool = True


@dataclasses.dataclass(frozen=True)
class LstmScales:
    """Every scale of a layer as `(multiplier, shift)`.

    Attributes:
      gates: for each of `GATES` the scale of W x and that of R h.
      cell_shift: how far i g is shifted to the right, once Q0.30 has become Q0.29.
      hidden: the scale of o tanh(c).
      tanh: multiplier and right shift of the cell state before its curve.
      clip: the most that the cell state may be, or 0.
    """

    gates: tuple[tuple[tuple[int, int], tuple[int, int]], ...]
    cell_shift: int
    hidden: tuple[int, int]
    tanh: tuple[int, int]
    clip: int


def _read(options: Mapping[str, Any], _: View) -> LstmAttributes:
    return LstmAttributes(
        common.activation_name(options["FusedActivationFunction"]),
        float(options["CellClip"]),
        bool(options["TimeMajor"]),
    )


def lstm_shape(view: View) -> tuple[int, int, int, int]:
    """(batches, steps, inputs, units)."""
    first, second, inputs = view.input(0).shape
    batches, steps = (second, first) if view.attributes.time_major else (first, second)
    return batches, steps, inputs, view.input(INPUT_WEIGHTS[1]).shape[0]


def remembers(view: View) -> bool:
    """Whether the states are those of the call before."""
    return view.optional(STATE) is not None


def lstms_remember(graph: Graph) -> tuple[bool, ...]:
    """For each LSTM of a graph, whether it goes on from the call before."""
    kind = "UNIDIRECTIONAL_SEQUENCE_LSTM"
    return tuple(remembers(view(graph, op)) for op in graph.ops if op.kind.startswith(kind))


def state_values(view: View) -> int:
    """Of the result's type, those that a unit's two states are."""
    return 3 if view.output.dtype == "int8" else 2


def held(view: View, values: Sequence[Array], dtype: str) -> tuple[Array, Array]:
    """Cell states, of their own type, and hidden states before the first step: [batches, units]."""
    batches, _, _, units = lstm_shape(view)
    if not remembers(view):
        zero = 0 if view.output.dtype == "float32" else view.output.zero_point
        hidden = np.full((batches, units), zero, view.output.dtype)
        return np.zeros((batches, units), dtype), hidden
    before, count = values[-1].reshape(-1), batches * units
    cells = np.frombuffer(before[:-count].tobytes(), dtype)
    return cells.reshape(batches, units), before[-count:].reshape(batches, units)


def shown(view: View, cells: Array, seen: Array) -> Array:
    """The result: of the hidden states of all steps what is asked for, behind kept cell states."""
    wanted = seen if view.attributes.every_step else seen[:, -1]
    if remembers(view):
        kept = np.frombuffer(cells.tobytes(), seen.dtype)
        wanted = np.concatenate([kept, wanted.reshape(-1)])
    return wanted.reshape(view.output.shape)


def lstm_scales(view: View) -> LstmScales:
    """What the kernel multiplies by, from the scales of the tensors."""
    hidden, cell = view.input(HIDDEN_STATE), view.input(CELL_STATE)

    def gate(position: int, source: Tensor) -> tuple[int, int]:
        return quantize_multiplier(source.scale * view.input(position).scale / _GATE_SCALE)

    power = round(math.log2(cell.scale))
    left = 15 + power - 3
    clip = min(view.attributes.cell_clip / cell.scale, 32767.0)
    return LstmScales(
        gates=tuple(
            (gate(INPUT_WEIGHTS[k], view.input(0)), gate(RECURRENT_WEIGHTS[k], hidden))
            for k in range(len(GATES))
        ),
        cell_shift=29 + power,
        hidden=quantize_multiplier(_CURVE_SCALE * _CURVE_SCALE / hidden.scale),
        tanh=(3 << max(left, 0), max(-left, 0)),
        clip=int(clip),
    )


def lstm_weights(view: View) -> tuple[Array, Array]:
    """W and R: int8 [units, gates, inputs] and [units, gates, units]."""
    inputs, recurrent = (
        np.stack([view.constant(position) for position in side], axis=1)
        for side in (INPUT_WEIGHTS, RECURRENT_WEIGHTS)
    )
    return inputs, recurrent


def lstm_biases(view: View) -> IntArray:
    """[units, gates, 2]: the bias and both zero points, folded into W x and into R h."""
    inputs, recurrent = (weights.astype(np.int64).sum(axis=2) for weights in lstm_weights(view))
    biases = np.stack([view.constant(position).reshape(-1) for position in BIASES], axis=1)
    zero_points = view.input(0).zero_point, view.input(HIDDEN_STATE).zero_point
    return np.stack([biases - inputs * zero_points[0], -recurrent * zero_points[1]], axis=2)


@functools.cache
def sigmoid_points() -> IntArray:
    """[256] uint16: sigmoid(i / 24) in Q0.16 as TF-Lite Micro has it.

    Measured through its TANH of int16, which shows every point: they are those of a curve that is
    steeper by 34e-6, rounded, but for eight that lie a step beside it.
    """
    curve = 65536 / (1 + np.exp(-np.arange(256) * (1 + 34e-6) / 24))
    points: IntArray = np.floor(curve + 0.5).astype(np.int64)
    points[[4, 28, 29, 33, 35, 43, 255]] += 1
    points[174] -= 1
    return points


def _between(magnitude: IntArray, bits: int) -> IntArray:
    """The curve at points and fractions of `bits` bits, which the result has more."""
    points = sigmoid_points()
    index = np.minimum(magnitude >> bits, 254)
    fraction = magnitude & ((1 << bits) - 1)
    curve: IntArray = (points[index] << bits) + fraction * (points[index + 1] - points[index])
    return curve


def sigmoid(x: IntArray) -> IntArray:
    """Q0.15 of Q3.12."""
    scaled = 3 * x
    magnitude = np.abs(scaled)
    curve = np.where(magnitude >> 9 >= 255, 0x7FFF << 10, _between(magnitude, 9))
    return np.where(scaled >= 0, curve + 512, (1 << 25) - curve + 511) >> 10


def tanh(x: IntArray, multiplier: int, right: int) -> IntArray:
    """Q0.15 of values that times 2^-right multiplier / 3 are Q3.12."""
    scaled = (x * multiplier + ((1 << right) >> 1)) >> right
    magnitude = np.abs(scaled)
    curve = np.where(magnitude >> 8 >= 255, 0xFFFF << 8, _between(magnitude, 8)) - (1 << 23)
    return np.where(scaled >= 0, curve + 128, 127 - curve) >> 8


def _as_int16(x: IntArray) -> IntArray:
    return np.clip(x, -32768, 32767)


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    batches, steps, inputs, units = lstm_shape(view)
    scales, biases = lstm_scales(view), lstm_biases(view)
    weights = [side.astype(np.int64) for side in lstm_weights(view)]
    source = values[0].reshape(batches, steps, inputs).astype(np.int64)
    zero_point, dtype = view.input(HIDDEN_STATE).zero_point, view.output.dtype
    scale = requantize if dtype == "int8" else requantize_wide
    cell, hidden = (state.astype(np.int64) for state in held(view, values, "int16"))
    seen = np.empty((batches, steps, units), dtype)
    for step in range(steps):
        gates = []
        for k in range(len(GATES)):
            total: IntArray = np.zeros((), np.int64)
            for side, rows in enumerate((source[:, step], hidden)):
                sums = rows @ weights[side][:, k].T + biases[:, k, side]
                total = _as_int16(total + _as_int16(scale(sums, *scales.gates[k][side])))
            gates.append(tanh(total, 3, 0) if GATES[k] == "cell" else sigmoid(total))
        new, kept, candidate, opened = gates
        remembered = requantize(kept * cell, 1 << 30, -14)
        added = requantize(new * candidate, 1 << 30, -scales.cell_shift)
        cell = _as_int16(_as_int16(remembered) + _as_int16(added))
        if scales.clip > 0:
            cell = np.clip(cell, -scales.clip, scales.clip)
        curve = tanh(cell, *scales.tanh)
        seen[:, step] = saturated(requantize(curve * opened, *scales.hidden) + zero_point, dtype)
        hidden = seen[:, step].astype(np.int64)
    return shown(view, cell.astype(np.int16), seen)


def _macs(view: View) -> int:
    batches, steps, inputs, units = lstm_shape(view)
    return batches * steps * len(GATES) * units * (inputs + units)


def constraint_plain(view: View) -> str | None:
    """There are four gates, and no peepholes, projection or layer normalisation."""
    if len(view.inputs) not in (20, OPERANDS, STATE + 1):
        return f"{len(view.inputs)} operands"
    if len(view.outputs) > 1 and not remembers(view):
        return f"{len(view.outputs)} outputs"
    for what, positions in _ABSENT.items():
        if any(view.optional(position) is not None for position in positions):
            return what
    if view.optional(INPUT_WEIGHTS[0]) is None or view.optional(RECURRENT_WEIGHTS[0]) is None:
        return "an input gate that is coupled to the forget gate"
    return None


def constraint_activations(view: View) -> str | None:
    """Input, output and hidden state are int8, or int16 without zero points; the last two alike."""
    hidden = view.optional(HIDDEN_STATE)
    if hidden is None:
        return "no hidden state"
    problem = common.activations_problem((view.inputs[0], hidden, view.output))
    if problem:
        return problem
    if (hidden.scale, hidden.zero_point) != (view.output.scale, view.output.zero_point):
        return f"scales of {hidden.scale:g} and {view.output.scale:g}"
    return None


def constraint_shapes(view: View) -> str | None:
    """Input and output are sequences [batch, steps, features]; of steps first, the batch is 1."""
    source = view.input(0)
    if len(source.shape) != 3:
        return common.describe(source)
    weights = view.optional(INPUT_WEIGHTS[1])
    if weights is None or len(weights.shape) != 2:
        return "no weights of the forget gate"
    batches, steps, _, units = lstm_shape(view)
    if view.attributes.time_major and batches != 1:
        return f"a batch of {batches} behind the steps"
    expected = batches * units * (steps if view.attributes.every_step else 1)
    if remembers(view) and view.input(STATE).elements != batches * units * state_values(view):
        return common.describe(view.input(HIDDEN_STATE))
    if remembers(view) and len(view.outputs) == 1:
        whole = (view.input(STATE).elements - batches * units + expected,)
        return None if view.output.shape == whole else common.describe(view.output)
    if view.output.elements != expected or view.output.shape[-1:] != (units,):
        return f"an output of {list(view.output.shape)} for {units} units"
    return f"a size beyond {common.MAX_SIZE}" if max(source.shape) > common.MAX_SIZE else None


def constraint_weights(view: View) -> str | None:
    """Weights are constant int8 of one scale each, biases constant int32, or int64 for int16."""
    for tensor in weight_tensors(view):
        if tensor.dtype != "int8":
            return common.describe(tensor)
        problem = common.per_tensor_problem(tensor)
        if problem or tensor.zero_point:
            return problem or f"tensor '{tensor.name}' has a non-zero zero point"
    for tensor in bias_tensors(view):
        if tensor.dtype not in _BIAS_TYPES[view.output.dtype]:
            return common.describe(tensor)
    return None


def weight_tensors(view: View) -> list[Tensor]:
    """Those of the input and of the hidden state, gate by gate; `constraint_constants` holds."""
    return [view.input(position) for position in (*INPUT_WEIGHTS, *RECURRENT_WEIGHTS)]


def bias_tensors(view: View) -> list[Tensor]:
    """Gate by gate; `constraint_constants` holds."""
    return [view.input(position) for position in BIASES]


def constraint_constants(view: View) -> str | None:
    """Weights of all gates are constant [units, inputs] and [units, units], biases [units]."""
    _, _, inputs, units = lstm_shape(view)
    for positions, width in ((INPUT_WEIGHTS, inputs), (RECURRENT_WEIGHTS, units)):
        for position in positions:
            weights = view.optional(position)
            if weights is None or weights.data is None:
                return "weights that are not constant"
            if weights.shape != (units, width):
                return common.describe(weights)
    for position in BIASES:
        bias = view.optional(position)
        if bias is None or bias.data is None:
            return "biases that are not constant"
        if bias.elements != units:
            return common.describe(bias)
    return None


def constraint_wide_sums(view: View) -> str | None:
    """Of int16 activations, factors of gates are at most 128 and sums below 2^47."""
    if view.output.dtype == "int8":
        return None
    scales = [side for gate in lstm_scales(view).gates for side in gate]
    if max(shift for _, shift in scales) > MAX_WIDE_SHIFT:
        return f"a factor of {max(m * 2.0 ** (shift - 31) for m, shift in scales):g}"
    largest = int(np.abs(lstm_biases(view)).max())
    _, _, inputs, units = lstm_shape(view)
    return None if largest + (max(inputs, units) << 22) < 1 << 47 else f"a bias of {largest}"


def constraint_cell_state(view: View) -> str | None:
    """The cell state is int16; its scale is a power of two from 2^-20 to 2^-9."""
    cell = view.optional(CELL_STATE)
    if cell is None or cell.dtype != "int16":
        return "no cell state" if cell is None else common.describe(cell)
    scales = cell.quantization.scale if cell.quantization else ()
    if len(scales) != 1 or scales[0] not in _CELL_SCALES:
        return f"scale {list(scales)}"
    return None


def constraint_tanh(view: View) -> str | None:
    """The activation is TANH, and a clip of the cell state is not negative."""
    attributes: LstmAttributes = view.attributes
    if attributes.activation != "TANH":
        return attributes.activation
    clip = attributes.cell_clip
    return None if math.isfinite(clip) and clip >= 0 else f"a clip of {clip}"


UNIDIRECTIONAL_SEQUENCE_LSTM = OpSpec(
    kind="UNIDIRECTIONAL_SEQUENCE_LSTM",
    read=_read,
    evaluate=_evaluate,
    constraints=(
        constraint_plain,
        constraint_activations,
        constraint_shapes,
        constraint_constants,
        constraint_weights,
        constraint_cell_state,
        constraint_wide_sums,
        constraint_tanh,
    ),
    macs=_macs,
    result_counts=(1, 2),
)
