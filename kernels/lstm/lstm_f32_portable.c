/* SPDX-License-Identifier: Apache-2.0
 *
 * The gates of two units are one block of sums.
 */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "../common/real.h"
#include "lstm.h"

#define UNITS (DENSE_BLOCK / LSTM_GATES)

static inline float sigmoid(float x) {
  return 1.0f / (1.0f + expf(-x));
}

/* Of a unit: keeps the new cell state, returns the hidden one. */
static inline float update(const float gates[LSTM_GATES], float *cell, float clip) {
  float state = sigmoid(gates[1]) * *cell + sigmoid(gates[0]) * tanhf(gates[2]);
  if (clip > 0) {
    state = clamp_f32(state, -clip, clip);
  }
  *cell = state;
  return sigmoid(gates[3]) * tanhf(state);
}

/* One step; `hidden` is NULL before the first. */
static void step(const struct lstm_f32 *op, const float *in, const float *hidden, float *cells,
                 float *next) {
  const float *weights = op->weights, *biases = op->biases;
  for (int32_t u = 0; u < op->units; u += UNITS) {
    float sums[DENSE_BLOCK];
    memcpy(sums, biases, sizeof sums);
    biases += DENSE_BLOCK;
    dense_add_f32(sums, in, weights, op->inputs);
    weights += op->inputs * DENSE_BLOCK;
    if (hidden != NULL) {
      dense_add_f32(sums, hidden, weights, op->units);
    }
    weights += op->units * DENSE_BLOCK;
    for (int32_t k = 0; k < UNITS && u + k < op->units; k++) {
      next[u + k] = update(sums + k * LSTM_GATES, &cells[u + k], op->cell_clip);
    }
  }
}

void lstm_f32_portable(const struct lstm_f32 *op, const int8_t *in, const int8_t *state,
                       int8_t *out, void *scratch) {
  const int32_t units = op->units;
  const float *values = reals(in);
  const int32_t all_units = op->batches * units;
  float *results = reals_out(out) + (state == NULL ? 0 : all_units);
  float *const other = (float *)scratch + (state == NULL ? units : 0);
  for (int32_t b = 0; b < op->batches; b++) {
    const float *hidden = NULL;
    float *cells = scratch;
    if (state != NULL) {
      hidden = reals(state) + all_units + b * units;
      cells = reals_out(out) + b * units;
      memcpy(cells, reals(state) + b * units, (size_t)units * sizeof(*cells));
    } else {
      memset(cells, 0, (size_t)units * sizeof(*cells));
    }
    for (int32_t t = 0; t < op->steps; t++) {
      float *next = results;
      if (!op->every_step && (op->steps - 1 - t) & 1) {
        next = other;
      }
      step(op, values, hidden, cells, next);
      hidden = next;
      values += op->inputs;
      results += op->every_step ? units : 0;
    }
    results += op->every_step ? 0 : units;
  }
}
