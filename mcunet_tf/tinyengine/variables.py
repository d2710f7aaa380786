# SPDX-License-Identifier: Apache-2.0
"""Variables of a file, as values that go into an inference and come out of it.

A file names a variable by VAR_HANDLE, reads it by READ_VARIABLE, writes it by ASSIGN_VARIABLE, and
gives it its first value in a subgraph that CALL_ONCE runs. Followed in their order, these operators
say which tensor holds the variable at each moment. The graph then has an input for what it holds at
the start of an inference and an output for what it holds at the end, and the operators are gone.

An SVDF has a variable of its own: a tensor that it reads and writes. What it writes becomes its
second result. A spectral subtraction goes on from its second result of the inference before, which
becomes its second operand. Both variables of an LSTM become one operand and one result, in a model
that remembers (`keeps_states`) or where the user says so. The variable of a CIRCULAR_BUFFER is its
result. What cuts sound into frames becomes operators that move values (`signal_frames.py`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.circular_buffers import KIND as CIRCULAR_BUFFER
from mcunet_tf.tinyengine.circular_buffers import wrong_buffer
from mcunet_tf.tinyengine.ir import ITEM_BYTES, Op, Tensor
from mcunet_tf.tinyengine.ops import lstm
from mcunet_tf.tinyengine.ops.spec import Impossible
from mcunet_tf.tinyengine.settle_shapes import Options
from mcunet_tf.tinyengine.signal_frames import FRAMES, frames_of

Values = npt.NDArray[np.generic]
_NAME_FIELDS = ("Container", "SharedName")
OWN_STATES = {"SVDF": 4}
"""Operators with a variable tensor of their own: the operand that it is."""
KEPT_RESULTS = {"SIGNAL_FILTER_BANK_SPECTRAL_SUBTRACTION": 1}
"""Operators that go on from a result of the inference before, zeros at first: which one it is."""
MEMORIES = (
    *("VAR_HANDLE", *OWN_STATES, *KEPT_RESULTS, CIRCULAR_BUFFER),
    *(f"CUSTOM {name}" for name in FRAMES),
)
"""Operators that are there to remember."""
LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"
LSTM_STATES = ("auto", "keep", "reset")
"""LSTMs go on where the inference before ended, or begin at zero; or `keeps_states` says which."""
_LSTM_STATES = (("int8", "int16"), ("int16", "int16"), ("float32", "float32"))


@dataclasses.dataclass(frozen=True, eq=False)
class Unfolded:
    """Operators without variables, and what became of these.

    Attributes:
      tensors: the tensors, and those that own states become.
      ops: the operators that are left, with their options.
      entries: for each variable the tensor that holds it at the start of an inference.
      exits: the tensors that hold them at the end, in the same order.
      initial: what they hold before the first inference.
      outputs: the application's outputs: what a variable held where the file reads it into one.
      names: what the file calls the variables.
    """

    tensors: tuple[Tensor, ...]
    ops: tuple[tuple[Op, Options], ...]
    outputs: tuple[int, ...]
    entries: tuple[int, ...] = ()
    exits: tuple[int, ...] = ()
    initial: tuple[Values, ...] = ()
    names: tuple[str, ...] = ()


def unfold_variables(
    tensors: Sequence[Tensor],
    ops: Iterable[tuple[Op, Options]],
    outputs: Sequence[int],
    first: Mapping[str, Values],
    variables: frozenset[int] = frozenset(),
    lstm_states: str = "auto",
) -> Unfolded:
    """Follows variables through the operators.

    Args:
      tensors: of the file's main subgraph.
      ops: its operators with their options, in the order of execution.
      outputs: its outputs.
      first: the values that the file's other subgraphs assign, by the variables' names.
      variables: variable tensors, whose data is what they begin with.
      lstm_states: one of `LSTM_STATES`.

    Returns:
      What is left. Operators that use variables as none of their kind can stay where they are, and
      say what is wrong in the place of their options.
    """
    pairs = tuple(ops)
    keeps = keeps_states(tensors, pairs) if lstm_states == "auto" else lstm_states == "keep"
    walk = _Walk(tensors, variables, keeps)
    kept = tuple(
        made for pair in pairs if walk.keeps(*pair) for made in walk.written(*walk.updated(*pair))
    )
    return walk.finish(tuple(walk.renamed(*pair) for pair in kept), outputs, first)


def keeps_states(tensors: Sequence[Tensor], ops: Iterable[tuple[Op, Options]]) -> bool:
    """Whether a model remembers: then its LSTMs go on where the inference before ended.

    One does that has an operator for it, or an LSTM of one step in an inference, for which nothing
    else has a meaning. An LSTM of several steps alone gets a whole sequence and begins at zero.
    """
    for op, options in ops:
        if op.kind in MEMORIES:
            return True
        if op.kind != LSTM or isinstance(options, Impossible) or not op.inputs:
            continue
        if takes_one_step(tensors[op.inputs[0]].shape, options["TimeMajor"]):
            return True
    return False


def takes_one_step(shape: Sequence[int], time_major: bool) -> bool:
    """Whether an LSTM's input is one step of a sequence."""
    return len(shape) == 3 and shape[0 if time_major else 1] == 1


def assigned_constants(
    tensors: Sequence[Tensor], ops: Iterable[tuple[Op, Options]]
) -> dict[str, Values]:
    """Constants that operators assign to variables, by the variables' names."""
    names: dict[int, str] = {}
    found: dict[str, Values] = {}
    for op, options in ops:
        if op.kind == "VAR_HANDLE" and op.outputs and not isinstance(options, Impossible):
            names[op.outputs[0]] = variable_name(options)
        elif op.kind == "ASSIGN_VARIABLE" and len(op.inputs) == 2:
            name, value = names.get(op.inputs[0]), tensors[op.inputs[1]].data
            if name is not None and value is not None and op.inputs[1] >= 0:
                found[name] = value
    return found


def variable_name(options: Mapping[str, Any]) -> str:
    """What tells a variable from others: the fields of its handle."""
    parts = [(options[field] or b"").decode("utf-8", "replace") for field in _NAME_FIELDS]
    return "/".join(part for part in parts if part)


class _Walk:
    """The state of following variables: which tensor holds each of them now."""

    def __init__(self, tensors: Sequence[Tensor], variables: frozenset[int], keeps: bool) -> None:
        self.tensors = list(tensors)
        self.variables = variables
        self.keeps_states = keeps
        self.names: dict[int, str] = {}  # handles
        self.entries: dict[str, int] = {}
        self.now: dict[str, int] = {}
        self.aliases: dict[int, int] = {}
        self.faults: dict[Op, str] = {}
        self.own: dict[str, Values | None] = {}  # what variable tensors begin with

    def keeps(self, op: Op, options: Options) -> bool:
        """Takes an operator in; False if nothing is left of it."""
        if op.kind == "VAR_HANDLE" and not isinstance(options, Impossible) and op.outputs:
            self.names[op.outputs[0]] = variable_name(options)
            return False
        if op.kind == "READ_VARIABLE" and len(op.inputs) == len(op.outputs) == 1:
            return self._reads(op)
        if op.kind == "ASSIGN_VARIABLE" and len(op.inputs) == 2:
            return self._assigns(op)
        return op.kind != "CALL_ONCE"

    def updated(self, op: Op, options: Options) -> tuple[Op, Options]:
        """An operator that reads its own state as it was before, and makes what it becomes."""
        made = KEPT_RESULTS.get(op.kind)
        if made is not None and made < len(op.outputs) and len(op.inputs) == 1:
            return self._keeping(op, op.outputs[made]), options
        if op.kind == CIRCULAR_BUFFER:
            return self._slid(op, options)
        if op.kind == LSTM:
            return self._going_on(op), options
        position = OWN_STATES.get(op.kind)
        if position is None or position >= len(op.inputs) or not op.outputs:
            return op, options
        variable = op.inputs[position]
        if variable not in self.variables:
            return op, options
        held = self.tensors[variable]
        name = f"{held.name} {variable}"  # names of tensors may be equal
        before = self.now.get(name, variable)
        if name not in self.entries:
            self.entries[name] = variable
            self.own[name] = held.data
            self.tensors[variable] = dataclasses.replace(held, data=None)
        self.now[name] = len(self.tensors)
        self.tensors.append(dataclasses.replace(held, name=f"{held.name}/next", data=None))
        inputs = (*op.inputs[:position], before, *op.inputs[position + 1 :])
        outputs = (*op.outputs, self.now[name])
        return dataclasses.replace(op, inputs=inputs, outputs=outputs), options

    def written(self, op: Op, options: Options) -> tuple[tuple[Op, Options], ...]:
        """An operator that cuts sound into frames as what moves values, any other as it is."""
        frames = frames_of(op, options, self.tensors)
        if frames is None:
            return ((op, options),)
        if isinstance(frames, Impossible):
            return ((op, frames),)
        self.tensors += frames.tensors
        for index, quantization in frames.scaled.items():
            self.tensors[index] = dataclasses.replace(
                self.tensors[index], quantization=quantization
            )
        for before, after, first in frames.held:
            name = f"{op.name} {before}"
            self.entries[name], self.now[name], self.own[name] = before, after, first
        return frames.ops

    def _keeping(self, op: Op, kept: int) -> Op:
        """An operator that reads, as a further operand, the result that it had before."""
        held = self.tensors[kept]
        name = f"{held.name} {kept}"
        self.entries[name], self.now[name], self.own[name] = len(self.tensors), kept, None
        self.tensors.append(dataclasses.replace(held, name=f"{held.name}/before", data=None))
        return dataclasses.replace(op, inputs=(*op.inputs, self.entries[name]))

    def _going_on(self, op: Op) -> Op:
        """An LSTM that reads what it held, as a further operand, and makes what it holds next."""
        states = op.inputs[lstm.HIDDEN_STATE : lstm.CELL_STATE + 1]
        if not self.keeps_states or len(op.outputs) != 1 or len(op.inputs) > lstm.OPERANDS:
            return op
        if len(states) < 2 or not self.variables.issuperset(states):
            self.faults[op] = "states that are no variables"
            return op
        hidden, cell = (self.tensors[index] for index in states)
        if (hidden.dtype, cell.dtype) not in _LSTM_STATES or hidden.shape != cell.shape:
            found = (f"{state.dtype} {list(state.shape)}" for state in (hidden, cell))
            self.faults[op] = f"states that do not go together: {', '.join(found)}"
            return op
        assert hidden.data is not None and cell.data is not None
        bytes_of = cell.data.tobytes() + hidden.data.tobytes()
        first = np.frombuffer(bytes_of, hidden.dtype)
        name = f"{op.name} {states[0]}"
        before = self.now.get(name, len(self.tensors))
        if before == len(self.tensors):
            self.entries[name], self.own[name] = before, first
            self._hold(hidden, first, f"{op.name}/state")
        self.now[name] = len(self.tensors)
        self._hold(hidden, first, f"{op.name}/state/next")
        absent = (-1,) * (lstm.OPERANDS - len(op.inputs))
        inputs, outputs = (*op.inputs, *absent, before), (*op.outputs, self.now[name])
        return dataclasses.replace(op, inputs=inputs, outputs=outputs)

    def _hold(self, like: Tensor, first: Values, name: str) -> None:
        self.tensors.append(dataclasses.replace(like, name=name, shape=first.shape, data=None))

    def _slid(self, op: Op, options: Options) -> tuple[Op, Options]:
        """A CIRCULAR_BUFFER as a SLIDE of what it held before."""
        wrong = wrong_buffer(op, options, self.tensors)
        for made in op.outputs:
            self.tensors[made] = dataclasses.replace(self.tensors[made], data=None)
        if wrong is not None:
            return op, Impossible(wrong)
        (made,) = op.outputs
        held = self.tensors[made]
        name, entry = f"{held.name} {made}", len(self.tensors)
        self.tensors.append(dataclasses.replace(held, name=f"{held.name}/last"))
        self.entries[name], self.now[name], self.own[name] = entry, made, None
        return dataclasses.replace(op, kind="SLIDE", inputs=(entry, op.inputs[0])), {}

    def _reads(self, op: Op) -> bool:
        name = self.names.get(op.inputs[0])
        if name is None:
            return self._fault(op, "no operand that is a variable")
        if name not in self.now:
            self.entries[name] = self.now[name] = op.outputs[0]
        held, read = self.tensors[self.now[name]], self.tensors[op.outputs[0]]
        if not _alike(held, read):
            return self._fault(op, "no output like what the variable holds")
        self.aliases[op.outputs[0]] = self.now[name]
        return False

    def _assigns(self, op: Op) -> bool:
        name, value = self.names.get(op.inputs[0]), self.aliases.get(op.inputs[1], op.inputs[1])
        if name is None or value < 0:
            return self._fault(op, "no operand that is a variable")
        entry = self.entries.get(name)
        if entry is not None and not _alike(self.tensors[entry], self.tensors[value]):
            return self._fault(op, "no operand like what the variable holds")
        self.now[name] = value
        return False

    def _fault(self, op: Op, reason: str) -> bool:
        self.faults[op] = reason
        return True

    def renamed(self, op: Op, options: Options) -> tuple[Op, Options]:
        """An operator that reads tensors instead of variables."""
        if op in self.faults:
            return dataclasses.replace(op, inputs=()), Impossible(self.faults[op])
        inputs = tuple(self.aliases.get(index, index) for index in op.inputs)
        return dataclasses.replace(op, inputs=inputs), options

    def finish(
        self,
        ops: tuple[tuple[Op, Options], ...],
        outputs: Sequence[int],
        first: Mapping[str, Values],
    ) -> Unfolded:
        """The variables that are read before they are written: only these outlast an inference."""
        names = list(self.entries)
        values = {**first, **self.own}
        return Unfolded(
            tuple(self.tensors),
            ops,
            tuple(self.aliases.get(index, index) for index in outputs),
            tuple(self.entries[name] for name in names),
            tuple(self.now[name] for name in names),
            tuple(self._initial(self.tensors[self.entries[n]], values.get(n)) for n in names),
            tuple(self.tensors[self.entries[n]].name if n in self.own else n for n in names),
        )

    @staticmethod
    def _initial(tensor: Tensor, value: Values | None) -> Values:
        """What a variable begins with: what the file assigns, or what stands for 0."""
        dtype = tensor.dtype if tensor.dtype in ITEM_BYTES else "int8"
        if value is not None and (str(value.dtype), value.shape) == (dtype, tensor.shape):
            return value
        return np.full(tensor.shape, tensor.padding_value if _one_zero(tensor) else 0, dtype)


def _one_zero(tensor: Tensor) -> bool:
    return tensor.quantization is not None and len(tensor.quantization.zero_point) == 1


def _alike(held: Tensor, value: Tensor) -> bool:
    """Whether one tensor can hold the other's values as they are."""
    same = held.quantization == value.quantization
    return same and (held.dtype, held.shape) == (value.dtype, value.shape)
