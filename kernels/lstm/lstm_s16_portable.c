/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "../common/values_s16.h"
#include "lstm_unit.h"

static inline int32_t scaled_dot(const int8_t *weights, const arena_s16 *values, int32_t count,
                                 int64_t sum, const struct lstm_scale *scale) {
  for (int32_t k = 0; k < count; k++) {
    sum += (int32_t)weights[k] * (int32_t)values[k];
  }
  return lstm_clamp_s16(requantize_wide(sum, scale->multiplier, scale->shift));
}

void lstm_s16_portable(const struct lstm *op, const int8_t *in, const int8_t *state, int8_t *out,
                       void *scratch) {
  const int32_t inputs = op->inputs, units = op->units;
  const int32_t bytes = units * (int32_t)sizeof(int16_t);
  int8_t *const first = out;
  out = lstm_hidden_out(op, state, out);
  for (int32_t b = 0; b < op->batches; b++) {
    const struct lstm_states states = lstm_begin(op, state, first, scratch, b, bytes);
    const arena_s16 *hidden = states.hidden == NULL ? NULL : read_s16(states.hidden);
    for (int32_t t = 0; t < op->steps; t++) {
      arena_s16 *next = write_s16(lstm_step_out(op, out, states.other, t, bytes));
      const int8_t *weights = op->weights;
      const int64_t *bias = op->biases;
      for (int32_t u = 0; u < units; u++) {
        int32_t gates[LSTM_GATES];
        for (int32_t g = 0; g < LSTM_GATES; g++) {
          gates[g] = scaled_dot(weights, read_s16(in), inputs, *bias++, &op->gates[g][0]);
          if (hidden != NULL) {
            gates[g] += scaled_dot(weights + inputs, hidden, units, 0, &op->gates[g][1]);
            gates[g] = lstm_clamp_s16(gates[g]);
          }
          weights += inputs + units;
        }
        const int32_t shown = lstm_update(op, gates, &states.cells[u]);
        next[u] = clamp_s16(requantize(shown, op->hidden.multiplier, op->hidden.shift), INT16_MIN,
                            INT16_MAX);
      }
      hidden = next;
      in += inputs * (int32_t)sizeof(int16_t);
    }
    out += op->every_step ? op->steps * bytes : bytes;
  }
}
