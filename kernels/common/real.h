/* SPDX-License-Identifier: Apache-2.0
 *
 * float32 tensors in an arena of bytes. Offsets of such tensors are multiples of four, so a pointer
 * to their bytes is one to their values.
 */
#ifndef KERNELS_COMMON_REAL_H_
#define KERNELS_COMMON_REAL_H_

#include <stdint.h>

static inline const float *reals(const int8_t *bytes) {
  return (const float *)(const void *)bytes;
}

static inline float *reals_out(int8_t *bytes) {
  return (float *)(void *)bytes;
}

/* NaN stays what it is, as in TensorFlow Lite. */
static inline float clamp_f32(float x, float low, float high) {
  const float above = x < low ? low : x;
  return high < above ? high : above;
}

#define DENSE_BLOCK 8 /* outputs that are summed up side by side */

/* sums[o] += sum_i in[i] * weights[i][o], in the order of i for each output. */
static inline void dense_add_f32(float *sums, const float *in, const float *weights,
                                 int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    for (int32_t o = 0; o < DENSE_BLOCK; o++) {
      sums[o] += in[i] * weights[o];
    }
    weights += DENSE_BLOCK;
  }
}

#endif /* KERNELS_COMMON_REAL_H_ */
