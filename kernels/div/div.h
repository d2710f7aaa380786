/* SPDX-License-Identifier: Apache-2.0
 *
 * DIV, int8, with the reciprocals of TensorFlow Lite:
 *
 *   out[i] = clamp(requantize(q, multiplier, shift - reciprocal shift - headroom) + out_zero_point)
 *        q = (first[i] - first_zero_point) * 2^headroom * reciprocal of (second[i] - zero point)
 *
 * A divisor of zero, which TensorFlow Lite does not define, gives the clamp's end of the dividend's
 * sign.
 */
#ifndef KERNELS_DIV_DIV_H_
#define KERNELS_DIV_DIV_H_

#include <stdint.h>

struct div_s8 {
  const int32_t *reciprocals; /* [256], by the divisor's bit pattern, in Q0.31; 0 for zero */
  const int8_t *exponents;    /* [256] */
  int32_t multiplier;
  int32_t period;     /* values of a "pixel" */
  int32_t other_step; /* values from pixel to pixel of `other`: period, or 0 where it repeats */
  int32_t swapped;    /* `full` is the divisor */
  int16_t shift;
  int16_t first_zero_point;
  int16_t second_zero_point;
  int16_t out_zero_point;
  int16_t out_min;
  int16_t out_max;
};

/* Any shape. No scratch; `out` may be `full`, which has the output's size. */
void div_s8_portable(const struct div_s8 *op, const int8_t *full, const int8_t *other, int8_t *out,
                     int32_t pixels, void *scratch);

#endif /* KERNELS_DIV_DIV_H_ */
