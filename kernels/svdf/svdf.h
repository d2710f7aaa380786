/* SPDX-License-Identifier: Apache-2.0
 *
 * SVDF, in steps: a state [windows][memory] moves on by one value, and units are sums over time.
 *
 *   features   f[n, w] = clamp(requantize(bias[w] + sum_c F[w, c] * in[n, c]))
 *   push       state[w] = state[w, 1:], f[w] + offset
 *   time       out[n, u] = clamp(requantize(bias[u] + sum_k T[u, k] * state[n, u, k]) + zero point)
 *
 * Zero points are folded into biases.
 */
#ifndef KERNELS_SVDF_SVDF_H_
#define KERNELS_SVDF_SVDF_H_

#include <stdint.h>

struct svdf_features {
  const int8_t *weights; /* [windows][inputs] */
  const int32_t *bias;   /* [windows] */
  int32_t multiplier;
  int16_t shift;
  int16_t batches;
  int16_t inputs;
  int16_t windows;
};

/* int8 to int16. No scratch. */
void svdf_features_s16_portable(const struct svdf_features *op, const int8_t *in, int8_t *out,
                                void *scratch);

/* For the Armv7E-M DSP extension. */
void svdf_features_s16_dsp(const struct svdf_features *op, const int8_t *in, int8_t *out,
                           void *scratch);

struct svdf_push {
  int32_t windows;
  int32_t memory;
  int32_t item_bytes;
  int32_t offset; /* of int8, modulo 256; else 0 */
};

/* Values of 1, 2 or 4 bytes. `out` may be `state`. `pixels` is 1. */
void svdf_push_portable(const struct svdf_push *op, const int8_t *state, const int8_t *features,
                        int8_t *out, int32_t pixels, void *scratch);

struct svdf_time {
  const void *weights; /* [units][length], of the state's type */
  const int32_t *bias; /* [units] */
  int32_t multiplier;
  int16_t shift;
  int16_t batches;
  int16_t units;
  int16_t zero_point;
  int32_t length; /* of a unit's windows */
};

/* A state of int8. No scratch. */
void svdf_time_s8_portable(const struct svdf_time *op, const int8_t *state, int8_t *out,
                           void *scratch);

/* A state of int16. No scratch. */
void svdf_time_s16_portable(const struct svdf_time *op, const int8_t *state, int8_t *out,
                            void *scratch);

/* For the Armv7E-M DSP extension. */
void svdf_time_s8_dsp(const struct svdf_time *op, const int8_t *state, int8_t *out, void *scratch);
void svdf_time_s16_dsp(const struct svdf_time *op, const int8_t *state, int8_t *out, void *scratch);

struct svdf_time_f32 {
  const float *weights; /* [units][length] */
  const float *bias;    /* [units] */
  float out_min;
  float out_max;
  int32_t batches;
  int32_t units;
  int32_t length;
};

/* float32. No scratch. */
void svdf_time_f32_portable(const struct svdf_time_f32 *op, const int8_t *state, int8_t *out,
                            void *scratch);

#endif /* KERNELS_SVDF_SVDF_H_ */
