/* SPDX-License-Identifier: Apache-2.0
 *
 * LSTM of int16 for the Armv7E-M DSP extension: the four gates of a unit share the values. Any sums
 * and scales.
 *
 * weights: by unit and side (W, then R), for each 4 values k a word of each gate, bytes (w[k],
 * w[k + 2], w[k + 1], w[k + 3]), filled up by zeros. biases: int64 [units][gates].
 *
 * scratch, 4-byte aligned: int16 [units], rounded up to fours, for the hidden state before; as much
 * for inputs, unless their number is a multiple of 4; int16 [units] without a state. What fills up
 * a row is multiplied by zeros.
 */
#include <string.h>

#include "../common/product_sums_s16_dsp.h"
#include "lstm_unit.h"

/* The values of a row, rounded up to words of four weights. */
static inline int32_t filled(int32_t values) {
  return (values + 3) & ~3;
}

/* gates[g] += the scaled sums of one side. */
static inline const int32_t *add_side(const struct lstm *op, int32_t side, const int32_t *weights,
                                      const arena_s16 *values, int32_t count, const int64_t *bias,
                                      int32_t gates[LSTM_GATES]) {
  int64_t sums[LSTM_GATES];
  weights = product_s16_sums(weights, values, filled(count) / 4, sums);
  for (int32_t g = 0; g < LSTM_GATES; g++) {
    const struct lstm_scale *scale = &op->gates[g][side];
    const int64_t sum = bias ? sums[g] + bias[g] : sums[g];
    const int32_t scaled = lstm_clamp_s16(requantize_wide(sum, scale->multiplier, scale->shift));
    gates[g] = lstm_clamp_s16(gates[g] + scaled);
  }
  return weights;
}

void lstm_s16_dsp(const struct lstm *op, const int8_t *in, const int8_t *state, int8_t *out,
                  void *scratch) {
  const int32_t inputs = op->inputs, units = op->units;
  const int32_t copied = inputs % 4 ? filled(inputs) : 0;
  arena_s16 *const hidden = scratch, *const row = hidden + filled(units);
  arena_s16 *next = write_s16(lstm_hidden_out(op, state, out));
  for (int32_t b = 0; b < op->batches; b++) {
    const struct lstm_states states = lstm_begin(op, state, out, row + copied, b, 2 * units);
    memset(scratch, 0, 2 * (size_t)(filled(units) + copied));
    if (states.hidden != NULL) {
      memcpy(hidden, states.hidden, 2 * (size_t)units);
    }
    for (int32_t t = 0; t < op->steps; t++) {
      const arena_s16 *values = read_s16(in);
      if (copied) {
        memcpy(row, values, 2 * (size_t)inputs);
        values = row;
      }
      const int32_t *weights = op->weights;
      const int64_t *bias = op->biases;
      for (int32_t u = 0; u < units; u++) {
        int32_t gates[LSTM_GATES] = {0};
        weights = add_side(op, 0, weights, values, inputs, bias, gates);
        weights = add_side(op, 1, weights, hidden, units, NULL, gates);
        const int32_t shown = lstm_update(op, gates, &states.cells[u]);
        next[u] = clamp_s16(requantize(shown, op->hidden.multiplier, op->hidden.shift), INT16_MIN,
                            INT16_MAX);
        bias += LSTM_GATES;
      }
      memcpy(hidden, next, 2 * (size_t)units);
      in += 2 * inputs;
      next += op->every_step ? units : 0;
    }
    next += op->every_step ? 0 : units;
  }
}
