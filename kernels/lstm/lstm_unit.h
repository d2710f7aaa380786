/* SPDX-License-Identifier: Apache-2.0
 *
 * What the rows of LSTM share: the curves of gates, and a unit's state.
 */
#ifndef KERNELS_LSTM_LSTM_UNIT_H_
#define KERNELS_LSTM_LSTM_UNIT_H_

#include <stddef.h>
#include <string.h>

#include "lstm.h"

static inline int32_t lstm_clamp(int32_t x, int32_t low, int32_t high) {
  const int32_t above = x < low ? low : x;
  return above > high ? high : above;
}

static inline int32_t lstm_clamp_s16(int32_t x) {
  return lstm_clamp(x, INT16_MIN, INT16_MAX);
}

/* A line between two points: `bits` more bits than they have. */
static inline uint32_t lstm_between(const uint16_t *points, uint32_t index, uint32_t fraction,
                                    int32_t bits) {
  const uint32_t low = points[index], high = points[index + 1];
  return (low << bits) + fraction * (high - low);
}

/* Q0.15 of Q3.12; int16 does not reach the last points. */
static inline int32_t lstm_sigmoid(const uint16_t *points, int32_t x) {
  const int32_t scaled = 3 * x;
  const uint32_t magnitude = (uint32_t)(scaled < 0 ? -scaled : scaled);
  const uint32_t curve = lstm_between(points, magnitude >> 9, magnitude & 511, 9);
  return (int32_t)((scaled < 0 ? (1U << 25) + 511 - curve : curve + 512) >> 10);
}

/* Q0.15 of thirds of Q3.12. */
static inline int32_t lstm_tanh(const uint16_t *points, int32_t scaled) {
  const uint32_t magnitude = (uint32_t)(scaled < 0 ? -scaled : scaled);
  const uint32_t index = magnitude >> 8;
  const uint32_t curve =
      index >= 255 ? 0xFFFFU << 8 : lstm_between(points, index, magnitude & 255, 8);
  const int32_t above = (int32_t)curve - (1 << 23);
  return (scaled < 0 ? 127 - above : above + 128) >> 8;
}

/* x / 2^(1 + shift), shift > 0, rounded twice as a requantisation by a power of two is. */
static inline int32_t lstm_divide(int32_t x, int32_t shift) {
  const int32_t half = (x + 1) >> 1;
  return (half + (half >> 31) + (1 << (shift - 1))) >> shift;
}

/* Of a unit with its gates in Q3.12: keeps the new cell state, returns o tanh(c) in Q0.30. */
static inline int32_t lstm_update(const struct lstm *op, const int32_t gates[LSTM_GATES],
                                  int16_t *cell) {
  const int32_t candidate =
      lstm_sigmoid(op->sigmoid, gates[0]) * lstm_tanh(op->sigmoid, 3 * gates[2]);
  const int32_t kept = lstm_sigmoid(op->sigmoid, gates[1]) * *cell;
  /* Beyond int16 where the cell state has a range below one. */
  const int32_t added = lstm_clamp_s16(lstm_divide(candidate, op->cell_shift));
  int32_t state = lstm_clamp_s16(lstm_divide(kept, 14) + added);
  if (op->cell_clip > 0) {
    state = lstm_clamp(state, -op->cell_clip, op->cell_clip);
  }
  *cell = (int16_t)state;
  const int32_t scaled =
      (state * op->tanh_multiplier + ((1 << op->tanh_shift) >> 1)) >> op->tanh_shift;
  return lstm_tanh(op->sigmoid, scaled) * lstm_sigmoid(op->sigmoid, gates[3]);
}

/* Where the hidden state of a step goes, `bytes` of it: the last one into out. */
static inline int8_t *lstm_step_out(const struct lstm *op, int8_t *out, int8_t *other, int32_t step,
                                    int32_t bytes) {
  if (op->every_step) {
    return out + step * bytes;
  }
  return (op->steps - 1 - step) & 1 ? other : out;
}

/* Where the states of a batch are while its steps are made. */
struct lstm_states {
  int16_t *cells;
  const int8_t *hidden; /* before the first step, or NULL */
  int8_t *other;        /* scratch for a hidden state beside that in out */
};

/* The states of batch b, of `bytes` of hidden state: those of the call before, or zeros. */
static inline struct lstm_states lstm_begin(const struct lstm *op, const int8_t *state,
                                            int8_t *first, void *scratch, int32_t b,
                                            int32_t bytes) {
  const int32_t cell_bytes = op->units * (int32_t)sizeof(int16_t);
  struct lstm_states states;
  if (state == NULL) {
    states.cells = scratch;
    states.hidden = NULL;
    states.other = (int8_t *)scratch + cell_bytes;
    memset(states.cells, 0, (size_t)cell_bytes);
    return states;
  }
  states.cells = (int16_t *)(void *)(first + b * cell_bytes);
  states.hidden = state + op->batches * cell_bytes + b * bytes;
  states.other = scratch;
  memcpy(states.cells, state + b * cell_bytes, (size_t)cell_bytes);
  return states;
}

/* Where hidden states go: behind the cell states that a kept state begins with. */
static inline int8_t *lstm_hidden_out(const struct lstm *op, const int8_t *state, int8_t *out) {
  return state == NULL ? out : out + op->batches * op->units * (int32_t)sizeof(int16_t);
}

#endif /* KERNELS_LSTM_LSTM_UNIT_H_ */
