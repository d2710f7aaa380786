/* SPDX-License-Identifier: Apache-2.0
 *
 * UNIDIRECTIONAL_SEQUENCE_LSTM, int8 or int16 with an int16 cell state, or float32:
 *
 *   i, f, o = sigmoid(W x + b + R h)     g = tanh(W x + b + R h)
 *   c = f c + i g                        h = o tanh(c)
 *
 * Zero points are folded into biases.
 *
 * `state` is what the call before left, or NULL where each call begins at zero: R h is then zero at
 * the first step. It holds the cell states of all batches, then their hidden states. With it `out`
 * is at even addresses, of float32 at words, and holds the new cell states before what it holds
 * without.
 */
#ifndef KERNELS_LSTM_LSTM_H_
#define KERNELS_LSTM_LSTM_H_

#include <stdint.h>

#define LSTM_GATES 4 /* input, forget, cell, output */
#define LSTM_SIDES 2 /* W x, R h */

/* multiplier * 2^(shift - 31); of the gates of int16, multiplier / 2^shift */
struct lstm_scale {
  int32_t multiplier;
  int32_t shift;
};

struct lstm {
  const void *weights;                             /* layout: see each row */
  const void *biases;                              /* layout: see each row */
  const uint16_t *sigmoid;                         /* [256]: sigmoid(i / 24) in Q0.16 */
  struct lstm_scale gates[LSTM_GATES][LSTM_SIDES]; /* to Q3.12 */
  struct lstm_scale hidden;                        /* of o tanh(c), from Q0.30 */
  int16_t batches;
  int16_t steps;
  int16_t inputs;
  int16_t units;
  int16_t every_step; /* out[batches][steps][units]; 0: the last one alone, out[batches][units] */
  int16_t hidden_zero_point;
  int16_t cell_shift;      /* right, of i g, from Q0.29 */
  int16_t tanh_multiplier; /* of c, to thirds of Q3.12 ... */
  int16_t tanh_shift;      /* ... and the right shift behind it */
  int16_t cell_clip;       /* the most that c may be, or 0 */
};

struct lstm_f32 {
  const float *weights; /* [units / 2, rounded up][inputs + units][2 units][LSTM_GATES] */
  const float *biases;  /* [units / 2, rounded up][2 units][LSTM_GATES] */
  float cell_clip;      /* the most that c may be, or 0 */
  int16_t batches;
  int16_t steps;
  int16_t inputs;
  int16_t units;
  int16_t every_step;
};

/* Any shape. weights: int8 [units][LSTM_GATES][inputs + units]; biases: [units][gates][sides].
 * scratch: int16 [units] without a state, and int8 [units] unless every_step or steps = 1. */
void lstm_s8_portable(const struct lstm *op, const int8_t *in, const int8_t *state, int8_t *out,
                      void *scratch);

/* For the Armv7E-M DSP extension; contract in its file. */
void lstm_s8_dsp(const struct lstm *op, const int8_t *in, const int8_t *state, int8_t *out,
                 void *scratch);

/* For Cortex-M55; contract in its file. */
void lstm_s8_mve(const struct lstm *op, const int8_t *in, const int8_t *state, int8_t *out,
                 void *scratch);

/* int16. weights: int8 [units][LSTM_GATES][inputs + units]; biases: int64 [units][gates].
 * scratch: int16 [units] without a state, and int16 [units] unless every_step or steps = 1. */
void lstm_s16_portable(const struct lstm *op, const int8_t *in, const int8_t *state, int8_t *out,
                       void *scratch);

/* For the Armv7E-M DSP extension; contract in its file. */
void lstm_s16_dsp(const struct lstm *op, const int8_t *in, const int8_t *state, int8_t *out,
                  void *scratch);

/* scratch: float [units] without a state, and float [units] unless every_step or steps = 1. */
void lstm_f32_portable(const struct lstm_f32 *op, const int8_t *in, const int8_t *state,
                       int8_t *out, void *scratch);

#endif /* KERNELS_LSTM_LSTM_H_ */
