/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "../common/requant.h"
#include "lstm_unit.h"

static inline int32_t dot(const int8_t *weights, const int8_t *values, int32_t count, int32_t sum) {
  for (int32_t k = 0; k < count; k++) {
    sum += (int32_t)weights[k] * (int32_t)values[k];
  }
  return sum;
}

static inline int32_t scaled(int32_t sum, const struct lstm_scale *scale) {
  return lstm_clamp_s16(requantize(sum, scale->multiplier, scale->shift));
}

void lstm_s8_portable(const struct lstm *op, const int8_t *in, const int8_t *state, int8_t *out,
                      void *scratch) {
  const int32_t inputs = op->inputs, units = op->units;
  int8_t *const first = out;
  out = lstm_hidden_out(op, state, out);
  for (int32_t b = 0; b < op->batches; b++) {
    const struct lstm_states states = lstm_begin(op, state, first, scratch, b, units);
    const int8_t *hidden = states.hidden;
    for (int32_t t = 0; t < op->steps; t++) {
      int8_t *next = lstm_step_out(op, out, states.other, t, units);
      const int8_t *weights = op->weights;
      const int32_t *bias = op->biases;
      for (int32_t u = 0; u < units; u++) {
        int32_t gates[LSTM_GATES];
        for (int32_t g = 0; g < LSTM_GATES; g++) {
          int32_t gate = scaled(dot(weights, in, inputs, bias[0]), &op->gates[g][0]);
          if (hidden != NULL) {
            const int32_t sum = dot(weights + inputs, hidden, units, bias[1]);
            gate = lstm_clamp_s16(gate + scaled(sum, &op->gates[g][1]));
          }
          gates[g] = gate;
          weights += inputs + units;
          bias += LSTM_SIDES;
        }
        const int32_t shown = lstm_update(op, gates, &states.cells[u]);
        const int32_t hidden_unit = requantize(shown, op->hidden.multiplier, op->hidden.shift);
        next[u] = clamp_s8(hidden_unit + op->hidden_zero_point, INT8_MIN, INT8_MAX);
      }
      hidden = next;
      in += inputs;
    }
    out += op->every_step ? op->steps * units : units;
  }
}
