# SPDX-License-Identifier: Apache-2.0
"""Loop counts of matrix products: FULLY_CONNECTED, BATCH_MATMUL and the gates of an LSTM."""

from __future__ import annotations

from collections.abc import Mapping

from mcunet_tf.tinyengine.cost.counts import Counts, Features, Runs, total
from mcunet_tf.tinyengine.ops.batch_matmul import matmul_shape
from mcunet_tf.tinyengine.ops.lstm import lstm_shape, remembers
from mcunet_tf.tinyengine.ops.spec import View


def fully_connected(view: View, calls: Runs) -> Counts:
    """Dot products over the input features, outputs in the loop around them."""
    made, _ = total(calls)
    outputs, inputs = view.input(1).shape
    rows = view.output.elements // outputs * made
    return {
        "call": made,
        "row": rows,
        "output": rows * outputs,
        "pair": rows * -(-outputs // 2),
        "output4": rows * -(-outputs // 4),
        "mac": rows * outputs * inputs,
        "quad": rows * -(-outputs // 2) * -(-inputs // 4),
        "quad4": rows * -(-outputs // 4) * -(-inputs // 4),
        "input": rows * inputs,
        "lane16": rows * -(-outputs // 4) * -(-inputs // 16),
        "input_tail": rows * -(-outputs // 2) * (inputs % 4),
        "odd_output": rows * (outputs % 2),
    }


_SEGMENT_WORDS = 64  # inputs that fully_connected_s8_any_dsp.S adds up before it keeps the sums


def fully_connected_any_dsp(view: View, calls: Runs) -> Counts:
    """Passes over the inputs with one pair of outputs or three."""
    made, _ = total(calls)
    outputs, inputs = view.input(1).shape
    rows = view.output.elements // outputs * made
    lead = outputs % 2
    alone = lead + outputs // 2 % 3
    threes = outputs // 6
    words = -(-inputs // 4)
    folds = max(-(-(inputs // 4) // _SEGMENT_WORDS) - 1, 0)
    return {
        "call": made,
        "row": rows,
        "one": rows * alone,
        "three": rows * threes,
        "one_block": rows * alone * words,
        "one_turn": rows * alone * -(-words // 2),
        "three_block": rows * threes * words,
        "three_turn": rows * threes * -(-words // 8),
        "one_fold": rows * alone * folds,
        "three_fold": rows * threes * folds,
        "odd_output": rows * lead,
    }


def batch_matmul(view: View, calls: Runs) -> Counts:
    """Products of all rows with all columns, in blocks of 2 x 2 for the DSP extension."""
    made, _ = total(calls)
    batches, rows, columns, depth = matmul_shape(view)
    batches *= made
    row_pairs = -(-rows // 2)
    blocks = batches * row_pairs * -(-columns // 2)
    return {
        "call": made,
        "batch": batches,
        "column": batches * columns,
        "column_value": batches * columns * depth,
        "row": batches * rows,
        "row_value": batches * rows * depth,
        "row_pair": batches * row_pairs,
        "row_pair_value": batches * row_pairs * depth,
        "output": batches * rows * columns,
        "mac": batches * rows * columns * depth,
        "block": blocks,
        "block_quad": blocks * (depth // 4),
        "block_tail": blocks * (depth % 4),
    }


def _lstm_loops(view: View, calls: Runs) -> tuple[int, int, int, int, int]:
    """(calls, steps of all sequences, those that have a hidden state, inputs, units)."""
    first = 0 if remembers(view) else 1
    made = total(calls)[0]
    batches, steps, inputs, units = lstm_shape(view)
    return made, made * batches * steps, made * batches * (steps - first), inputs, units


def lstm(view: View, calls: Runs) -> Counts:
    """Gates of every unit, and the values that each gate multiplies."""
    made, rows, later, inputs, units = _lstm_loops(view, calls)
    return {
        "call": made,
        "unit": rows * units,
        "later_unit": later * units,
        "input_value": rows * units * inputs,
        "state_value": later * units * units,
    }


def lstm_dsp(view: View, calls: Runs) -> Counts:
    """Units by four values; the state before the first step is left out."""
    made, rows, later, inputs, units = _lstm_loops(view, calls)
    return {
        "call": made,
        "step": rows,
        "unit": rows * units,
        "later_unit": later * units,
        "quad": units * (rows * -(-inputs // 4) + later * -(-units // 4)),
        "tail": units * (rows * (inputs % 4 > 0) + later * (units % 4 > 0)),
    }


def lstm_s16_dsp(view: View, calls: Runs) -> Counts:
    """The same, but for the state before the first step, which is zero."""
    made, rows, _, inputs, units = _lstm_loops(view, calls)
    return {
        "call": made,
        "step": rows,
        "unit": rows * units,
        "quad": rows * units * (-(-inputs // 4) + -(-units // 4)),
    }


def lstm_mve(view: View, calls: Runs) -> Counts:
    """Four units at a time, by vectors of 16 values."""
    made, rows, _, inputs, units = _lstm_loops(view, calls)
    fours = rows * -(-units // 4)
    return {
        "call": made,
        "step": rows,
        "four": fours,
        "vector": fours * (-(-inputs // 16) + -(-units // 16)),
    }


def lstm_f32(view: View, calls: Runs) -> Counts:
    """Pairs of units by values, and the curves of each unit."""
    made, rows, later, inputs, units = _lstm_loops(view, calls)
    pairs = -(-units // 2)
    return {
        "call": made,
        "step": rows,
        "pair": rows * pairs,
        "unit": rows * units,
        "value": pairs * (rows * inputs + later * units),
    }


LSTMS: Mapping[str, Features] = {
    "lstm_s8_portable": lstm,
    "lstm_s8_dsp": lstm_dsp,
    "lstm_s8_mve": lstm_mve,
    "lstm_s16_portable": lstm,
    "lstm_s16_dsp": lstm_s16_dsp,
    "lstm_f32_portable": lstm_f32,
}
"""Feature functions of LSTM by the kernel's name."""
